<?php

declare(strict_types=1);

/** Reads a whole database, to compare it with a model or with another server's. */
final class Keyspace
{
    private const READ = ['hash' => 'HGETALL', 'set' => 'SMEMBERS', 'string' => 'GET'];
    private const AT_ONCE = 1000;

    /** @return array<string, mixed> key to value; hashes and sets sorted */
    public static function values(Client $client): array
    {
        $values = [];
        $keys = $client->call('KEYS', '*');
        sort($keys, SORT_STRING);
        foreach (array_chunk($keys, self::AT_ONCE) as $some) {
            $types = $client->pipeline(array_map(fn ($key) => ['TYPE', $key], $some));
            $types = array_map(self::typeName(...), $types);
            $replies = $client->pipeline(array_map(
                fn (string $key, string $type) => [self::READ[$type], $key],
                $some,
                $types,
            ));
            foreach ($some as $i => $key) {
                $values[$key] = self::sorted($types[$i], $replies[$i]);
            }
        }
        return $values;
    }

    /** @return array<string, int> seconds left of every key that expires */
    public static function lifetimes(Client $client): array
    {
        $left = [];
        $keys = $client->call('KEYS', '*');
        sort($keys, SORT_STRING);
        foreach (array_chunk($keys, self::AT_ONCE) as $some) {
            $replies = $client->pipeline(array_map(fn ($key) => ['TTL', $key], $some));
            foreach ($some as $i => $key) {
                if ($replies[$i] !== -1) {
                    $left[$key] = $replies[$i];
                }
            }
        }
        return $left;
    }

    private static function sorted(string $type, mixed $reply): mixed
    {
        if ($type === 'set') {
            sort($reply, SORT_STRING);
        } elseif ($type === 'hash') {
            $fields = array_column(array_chunk($reply, 2), 1, 0);
            ksort($fields, SORT_STRING);
            return $fields;
        }
        return $reply;
    }

    /** phpredis gives the type as a number in some calls, as a word in others. */
    private static function typeName(mixed $type): string
    {
        return is_string($type) ? $type : match ($type) {
            Redis::REDIS_STRING => 'string',
            Redis::REDIS_SET => 'set',
            Redis::REDIS_HASH => 'hash',
            default => throw new RuntimeException("unexpected type $type"),
        };
    }
}
