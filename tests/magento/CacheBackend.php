<?php

declare(strict_types=1);

/**
 * Magento's cache back end up to 2.4.8, as it shows on the wire: an entry is a hash with its data
 * (d), its tags (t), its time (m) and whether it never expires (i); a set of ids for each tag.
 */
final class CacheBackend
{
    public const ENTRY = 'zc:k:';
    public const TAG = 'zc:ti:';
    public const TAGS = 'zc:tags';
    public const IDS = 'zc:ids';

    private const TAGS_PER_CLEAN = 500;
    private const KEYS_PER_UNLINK = 10000;
    private const CLEAN_CHUNK = '5000';
    private const MAX_LIFETIME = 2592000;

    public function __construct(
        private Client $client,
        private bool $lua,
        private bool $keepIds,
        private int $now,
    ) {
    }

    public function load(string $id): ?string
    {
        return $this->client->call('HGET', self::ENTRY . $id, 'd');
    }

    public function test(string $id): ?string
    {
        return $this->client->call('HGET', self::ENTRY . $id, 'm');
    }

    /** @param list<string> $tags */
    public function save(string $data, string $id, array $tags, ?int $lifetime): void
    {
        $tags = array_values(array_unique($tags));
        $lifetime = $lifetime === null ? null : min($lifetime, self::MAX_LIFETIME);
        $former = $this->lua
            ? $this->saveByScript($data, $id, $tags, $lifetime)
            : $this->saveByCommands($data, $id, $tags, $lifetime);
        if ($this->lua) {
            foreach (array_diff($former, $tags) as $dropped) {
                $this->client->call('SREM', self::TAG . $dropped, $id);
            }
        }
    }

    public function remove(string $id): bool
    {
        $tags = $this->client->call('HGET', self::ENTRY . $id, 't');
        $commands = [['UNLINK', self::ENTRY . $id]];
        if ($this->keepIds) {
            $commands[] = ['SREM', self::IDS, $id];
        }
        foreach (self::words($tags) as $tag) {
            $commands[] = ['SREM', self::TAG . $tag, $id];
        }
        return $this->client->pipeline($commands)[0] !== 0;
    }

    public function cleanAll(): void
    {
        $this->client->call('FLUSHDB');
    }

    /**
     * Removes what carries all of the tags; the tag sets stay as they are.
     *
     * @param list<string> $tags
     */
    public function cleanMatching(array $tags): void
    {
        $this->unlink($this->client->call('SINTER', ...self::prefixed(self::TAG, $tags)));
    }

    /** What the page cache does: one SINTER with its own tag for each tag of the clean. */
    public function cleanInScope(string $scope, array $tags): void
    {
        foreach ($tags as $tag) {
            $this->cleanMatching([$tag, $scope]);
        }
    }

    /** @param list<string> $tags */
    public function cleanMatchingAny(array $tags): void
    {
        foreach (array_chunk($tags, self::TAGS_PER_CLEAN) as $some) {
            if ($this->lua) {
                $this->script('clean', $some, [self::TAG, self::ENTRY, self::TAGS, self::IDS,
                    $this->keepIds ? '1' : '', self::CLEAN_CHUNK]);
                continue;
            }
            $sets = self::prefixed(self::TAG, $some);
            $this->unlink($this->client->call('SUNION', ...$sets));
            $this->client->pipeline([['UNLINK', ...$sets], ['SREM', self::TAGS, ...$some]]);
        }
    }

    /** @param list<string> $tags */
    public function cleanNotMatching(array $tags): void
    {
        $sets = self::prefixed(self::TAG, $tags);
        $this->unlink($this->client->call('SDIFF', self::IDS, ...$sets));
    }

    /** Forgets ids whose entry has expired, and tags that no entry carries any more. */
    public function cleanOld(): void
    {
        if ($this->lua) {
            $text = Scripts::text('safe_delete');
            if ($this->client->call('SCRIPT', 'EXISTS', sha1($text)) !== [1]) {
                $this->client->call('SCRIPT', 'LOAD', $text);
            }
        }
        foreach ($this->client->call('SMEMBERS', self::TAGS) as $tag) {
            $alive = $this->lua ? $this->sweepByScript($tag) : $this->sweepByCommands($tag);
            if ($alive === 0) {
                $this->client->pipeline([['UNLINK', self::TAG . $tag], ['SREM', self::TAGS, $tag]]);
            }
        }
    }

    /** The older releases' garbage collection: one script for a batch of tags. */
    public function collectGarbage(): void
    {
        foreach (array_chunk($this->client->call('SMEMBERS', self::TAGS), 100) as $tags) {
            $this->script('gc', $tags, [self::ENTRY, self::TAGS, self::IDS, self::TAG,
                $this->keepIds ? '1' : '']);
        }
    }

    /** @return list<string> */
    public function ids(): array
    {
        if ($this->keepIds) {
            return $this->client->call('SMEMBERS', self::IDS);
        }
        return array_map(
            fn (string $key) => substr($key, strlen(self::ENTRY)),
            $this->client->call('KEYS', self::ENTRY . '*'),
        );
    }

    /** @return array{tags: list<string>, mtime: string, infinite: bool, ttl: int}|null */
    public function metadata(string $id): ?array
    {
        [$tags, $mtime, $infinite] = $this->client->call('HMGET', self::ENTRY . $id, 't', 'm', 'i');
        if ($mtime === null) {
            return null;
        }
        $ttl = $this->client->call('TTL', self::ENTRY . $id);
        return ['tags' => self::words($tags), 'mtime' => $mtime, 'infinite' => $infinite === '1',
            'ttl' => $ttl];
    }

    /** Gives a finite entry more time; false when it is absent or never expires. */
    public function touch(string $id, int $until): bool
    {
        return $this->client->call('HGET', self::ENTRY . $id, 'i') === '0'
            && $this->client->call('EXPIREAT', self::ENTRY . $id, (string) $until) === 1;
    }

    /** Percent of maxmemory in use; 1 when there is no limit. */
    public function filling(): int
    {
        [, $limit] = $this->client->call('CONFIG', 'GET', 'maxmemory');
        if ($limit === '0') {
            return 1;
        }
        preg_match('/^used_memory:(\d+)\r$/m', $this->client->call('INFO'), $found);
        return (int) round(100 * (int) $found[1] / (int) $limit);
    }

    private function saveByScript(string $data, string $id, array $tags, ?int $lifetime): array
    {
        return self::words($this->script('save', $tags, [self::ENTRY, 'd', 't', 'm', 'i',
            self::TAGS, self::TAG, self::IDS, $id, $data, implode(',', $tags), (string) $this->now,
            $lifetime === null ? '1' : '0', (string) $lifetime, $this->keepIds ? '1' : '']));
    }

    private function saveByCommands(string $data, string $id, array $tags, ?int $lifetime): array
    {
        $entry = self::ENTRY . $id;
        $former = self::words($this->client->call('HGET', $entry, 't'));
        $commands = [['HMSET', $entry, 'd', $data, 't', implode(',', $tags), 'm',
            (string) $this->now, 'i', $lifetime === null ? '1' : '0']];
        if ($lifetime !== null) {
            $commands[] = ['EXPIRE', $entry, (string) $lifetime];
        }
        if ($tags !== []) {
            $commands[] = ['SADD', self::TAGS, ...$tags];
        }
        foreach ($tags as $tag) {
            $commands[] = ['SADD', self::TAG . $tag, $id];
        }
        foreach (array_diff($former, $tags) as $dropped) {
            $commands[] = ['SREM', self::TAG . $dropped, $id];
        }
        if ($this->keepIds) {
            $commands[] = ['SADD', self::IDS, $id];
        }
        $this->client->pipeline($commands);
        return $former;
    }

    /** Returns the number of entries that live. */
    private function sweepByScript(string $tag): int
    {
        $alive = 0;
        $cursor = '0';
        do {
            [$cursor, $ids] = $this->client->call('SSCAN', self::TAG . $tag, $cursor, 'MATCH', '*',
                'COUNT', '500');
            $known = $this->client->pipeline(
                array_map(fn (string $id) => ['EXISTS', self::ENTRY . $id], $ids),
            );
            $alive += array_sum($known);
            foreach (array_chunk(array_keys($known, 0, true), 100) as $dead) {
                $this->client->pipeline(array_map(
                    fn (int $i) => ['EVAL', Scripts::text('safe_delete'), '3',
                        self::ENTRY . $ids[$i], self::TAG . $tag, self::IDS, $ids[$i],
                        $this->keepIds ? '1' : ''],
                    $dead,
                ));
            }
        } while ($cursor !== '0');
        return $alive;
    }

    private function sweepByCommands(string $tag): int
    {
        $ids = $this->client->call('SMEMBERS', self::TAG . $tag);
        $gone = array_values(array_filter(
            $ids,
            fn (string $id) => $this->client->call('EXISTS', self::ENTRY . $id) === 0,
        ));
        foreach (array_chunk($gone, 100) as $some) {
            $this->client->call('SREM', self::TAG . $tag, ...$some);
            if ($this->keepIds) {
                $this->client->call('SREM', self::IDS, ...$some);
            }
        }
        return count($ids) - count($gone);
    }

    /** @param list<string> $ids */
    private function unlink(array $ids): void
    {
        foreach (array_chunk($ids, self::KEYS_PER_UNLINK) as $some) {
            $commands = [['UNLINK', ...self::prefixed(self::ENTRY, $some)]];
            if ($this->keepIds) {
                $commands[] = ['SREM', self::IDS, ...$some];
            }
            $this->client->pipeline($commands);
        }
    }

    private function script(string $name, array $keys, array $args): mixed
    {
        return Scripts::run($this->client, $name, $keys, $args);
    }

    private static function prefixed(string $prefix, array $names): array
    {
        return array_map(fn (string $name) => $prefix . $name, $names);
    }

    /** @return list<string> */
    private static function words(?string $list): array
    {
        return $list === null || $list === '' ? [] : explode(',', $list);
    }
}
