<?php

declare(strict_types=1);

/** What must be in the database after the operations of CacheBackend, in plain arrays. */
final class CacheModel
{
    /** @var array<string, array<string, string>> id to the fields of its hash */
    private array $entries = [];
    /** @var array<string, int> id to the lifetime that it was given last, in seconds */
    private array $lifetimes = [];
    /** @var array<string, array<string, true>> tag to ids */
    private array $members = [];
    /** @var array<string, true> */
    private array $tags = [];
    /** @var array<string, true> */
    private array $ids = [];

    public function __construct(private bool $keepIds, private int $now)
    {
    }

    public function load(string $id): ?string
    {
        return $this->entries[$id]['d'] ?? null;
    }

    public function test(string $id): ?string
    {
        return $this->entries[$id]['m'] ?? null;
    }

    public function save(string $data, string $id, array $tags, ?int $lifetime): void
    {
        foreach (array_diff($this->tagsOf($id), $tags) as $dropped) {
            unset($this->members[$dropped][$id]);
        }
        $this->entries[$id] = ['d' => $data, 't' => implode(',', $tags),
            'm' => (string) $this->now, 'i' => $lifetime === null ? '1' : '0'];
        if ($lifetime !== null) {  // an infinite save leaves an older lifetime as it is
            $this->lifetimes[$id] = $lifetime;
        }
        foreach ($tags as $tag) {
            $this->members[$tag][$id] = $this->tags[$tag] = true;
        }
        if ($this->keepIds) {
            $this->ids[$id] = true;
        }
    }

    public function remove(string $id): bool
    {
        $existed = isset($this->entries[$id]);
        foreach ($this->tagsOf($id) as $tag) {
            unset($this->members[$tag][$id]);
        }
        $this->drop($id);
        return $existed;
    }

    public function cleanAll(): void
    {
        $this->entries = $this->lifetimes = $this->members = $this->tags = $this->ids = [];
    }

    public function cleanMatching(array $tags): void
    {
        $sets = array_map(fn (string $tag) => $this->members[$tag] ?? [], $tags);
        array_map($this->drop(...), array_keys(array_intersect_key(...$sets)));
    }

    public function cleanInScope(string $scope, array $tags): void
    {
        foreach ($tags as $tag) {
            $this->cleanMatching([$tag, $scope]);
        }
    }

    public function cleanMatchingAny(array $tags): void
    {
        foreach ($tags as $tag) {
            array_map($this->drop(...), array_keys($this->members[$tag] ?? []));
        }
        foreach ($tags as $tag) {
            unset($this->members[$tag], $this->tags[$tag]);
        }
    }

    public function cleanNotMatching(array $tags): void
    {
        $sets = array_map(fn (string $tag) => $this->members[$tag] ?? [], $tags);
        array_map($this->drop(...), array_keys(array_diff_key($this->ids, ...$sets)));
    }

    /** The entry's time is over: it goes, and nobody tells the sets. */
    public function expire(string $id): void
    {
        unset($this->entries[$id], $this->lifetimes[$id]);
    }

    public function cleanOld(): void
    {
        foreach (array_keys($this->tags) as $tag) {
            foreach (array_keys($this->members[$tag] ?? []) as $id) {
                if (!isset($this->entries[$id])) {
                    unset($this->members[$tag][$id], $this->ids[$id]);
                }
            }
            if (($this->members[$tag] ?? []) === []) {
                unset($this->tags[$tag], $this->members[$tag]);
            }
        }
    }

    public function touch(string $id, int $lifetime): bool
    {
        if (($this->entries[$id]['i'] ?? '1') === '1') {
            return false;
        }
        $this->lifetimes[$id] = $lifetime;
        return true;
    }

    /** @return list<string> */
    public function ids(): array
    {
        return array_keys($this->keepIds ? $this->ids : $this->entries);
    }

    /** @return list<string> */
    public function tagsOf(string $id): array
    {
        $tags = $this->entries[$id]['t'] ?? '';
        return $tags === '' ? [] : explode(',', $tags);
    }

    public function infinite(string $id): ?bool
    {
        return isset($this->entries[$id]) ? $this->entries[$id]['i'] === '1' : null;
    }

    /** @return array<string, int> key to seconds */
    public function lifetimes(): array
    {
        $keys = array_map(fn (string $id) => CacheBackend::ENTRY . $id,
            array_keys($this->lifetimes));
        return array_combine($keys, $this->lifetimes);
    }

    /** @return array<string, mixed> the whole database, in the shape of Keyspace::values */
    public function keys(): array
    {
        $keys = [];
        foreach ($this->entries as $id => $fields) {
            ksort($fields, SORT_STRING);
            $keys[CacheBackend::ENTRY . $id] = $fields;
        }
        foreach ($this->members as $tag => $ids) {
            $keys[CacheBackend::TAG . $tag] = $ids;
        }
        $keys[CacheBackend::TAGS] = $this->tags;
        $keys[CacheBackend::IDS] = $this->ids;
        foreach ($keys as $key => $value) {
            if (!str_starts_with($key, CacheBackend::ENTRY)) {
                $names = array_map('strval', array_keys($value));
                sort($names, SORT_STRING);
                $keys[$key] = $names;
            }
        }
        return array_filter($keys, fn (array $value) => $value !== []);
    }

    private function drop(string $id): void
    {
        unset($this->entries[$id], $this->lifetimes[$id], $this->ids[$id]);
    }
}
