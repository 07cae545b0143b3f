<?php

declare(strict_types=1);

/**
 * Magento's cache back end from 2.4.9 on: an item is a string; a set of ids for each tag, a set of
 * tags for each id, and a set of all ids, kept by scripts that declare no keys.
 */
final class SymfonyCache
{
    private const TAGS = 'cache:tags:';
    private const ID_TAGS = 'cache:id_tags:';
    private const ALL = 'cache:all_ids';
    private const LOCK = 'cache:regen_lock:';
    private const UNLOCK = <<<'LUA'
        if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
        return redis.call('DEL', KEYS[1])
        LUA;

    public function __construct(private Client $client, private string $space)
    {
        foreach (['save', 'prune', 'clean', 'clear_indices'] as $name) {
            $text = Scripts::text("symfony_$name");
            Check::same("SHA1 of $name", sha1($text), $this->client->call('SCRIPT', 'LOAD', $text));
        }
    }

    /**
     * @param list<string> $ids
     * @return list<?string>
     */
    public function fetch(array $ids): array
    {
        return $this->client->call('MGET', ...array_map($this->key(...), $ids));
    }

    /** @param array<string, array{data: string, tags: list<string>, lifetime: ?int}> $items */
    public function save(array $items): void
    {
        $commands = [];
        foreach ($items as $id => ['data' => $data, 'lifetime' => $lifetime]) {
            $commands[] = $lifetime === null
                ? ['SET', $this->key($id), $data]
                : ['SETEX', $this->key($id), (string) $lifetime, $data];
        }
        foreach ($this->client->pipeline($commands) as $reply) {
            Check::same('reply of a save', 'OK', $reply);
        }
        foreach ($items as $id => ['tags' => $tags]) {
            $kept = Scripts::run($this->client, 'symfony_save', [], [$this->key($id), $id,
                self::ALL, self::TAGS, $this->space, self::ID_TAGS . $this->space . $id, ...$tags]);
            Check::same("index of $id", 1, $kept);
        }
    }

    /** @param list<string> $ids */
    public function delete(array $ids): int
    {
        return $this->client->call('UNLINK', ...array_map($this->key(...), $ids));
    }

    public function has(string $id): bool
    {
        return $this->client->call('EXISTS', $this->key($id)) === 1;
    }

    /** Removes what carries any of the tags and, if there is a scope, that one too; how many. */
    public function clean(array $tags, string $scope = ''): int
    {
        return Scripts::run($this->client, 'symfony_clean', $tags, ["$this->space:",
            self::ID_TAGS . $this->space, self::TAGS . $this->space, self::ALL, $scope]);
    }

    /** Forgets the indices of items that are gone; how many. */
    public function prune(): int
    {
        $cursor = '0';
        $pruned = 0;
        do {
            [$cursor, $ids] = $this->client->call('SSCAN', self::ALL, $cursor, 'MATCH', '*',
                'COUNT', '1000');
            if ($ids !== []) {
                $pruned += Scripts::run($this->client, 'symfony_prune', [], ["$this->space:",
                    self::ID_TAGS . $this->space, self::TAGS . $this->space, self::ALL, ...$ids]);
            }
        } while ($cursor !== '0');
        return $pruned;
    }

    /** Deletes the items by SCAN and UNLINK, and the indices by a script. */
    public function clear(): void
    {
        $cursor = '0';
        do {
            [$cursor, $keys] = $this->client->call('SCAN', $cursor, 'MATCH', "$this->space:*",
                'COUNT', '1000');
            if ($keys !== []) {
                $this->client->call('UNLINK', ...$keys);
            }
        } while ($cursor !== '0');
        Scripts::run($this->client, 'symfony_clear_indices', [],
            [self::TAGS . $this->space . '*', self::ID_TAGS . $this->space . '*', self::ALL]);
    }

    public function lock(string $id, string $token): bool
    {
        $key = self::LOCK . $this->space . $id;
        return $this->client->call('SET', $key, $token, 'NX', 'EX', '10') === 'OK';
    }

    public function unlock(string $id, string $token): bool
    {
        $key = self::LOCK . $this->space . $id;
        return $this->client->call('EVAL', self::UNLOCK, '1', $key, $token) === 1;
    }

    private function key(string $id): string
    {
        return "$this->space:$id";
    }
}
