<?php

declare(strict_types=1);

/**
 * The phpredis extension, through the methods that the cache libraries call. A pipeline is only
 * that: the extension sends no MULTI and EXEC for it.
 */
final class ExtensionClient implements Client
{
    /** Commands whose reply the extension turns from 1 and 0 into true and false. */
    private const BOOLEAN = ['EXPIRE', 'EXPIREAT', 'PEXPIRE', 'SISMEMBER', 'HEXISTS', 'PERSIST'];

    private Redis $redis;

    public function __construct(string $host, int $port, string $persistentId = '')
    {
        $this->redis = new Redis();
        $connected = $persistentId === ''
            ? $this->redis->connect($host, $port, 2.5)
            : $this->redis->pconnect($host, $port, 2.5, $persistentId);
        if (!$connected) {
            throw new RuntimeException("connect to $host:$port failed");
        }
        $this->redis->setOption(Redis::OPT_READ_TIMEOUT, '10');
    }

    public function call(string $name, string ...$words): mixed
    {
        $this->redis->clearLastError();
        try {
            $reply = $this->send($name, $words);
        } catch (RedisException $error) {  // thrown for all prefixes but a few
            throw new ServerError($error->getMessage());
        }
        $error = $this->redis->getLastError();
        return $error === null ? self::normal($name, $reply) : throw new ServerError($error);
    }

    public function pipeline(array $commands): array
    {
        if ($commands === []) {
            return [];
        }
        $this->redis->multi(Redis::PIPELINE);
        foreach ($commands as $words) {
            $this->send($words[0], array_slice($words, 1));
        }
        $replies = $this->redis->exec();
        return array_map(
            fn (array $words, mixed $reply) => self::normal($words[0], $reply),
            $commands,
            $replies,
        );
    }

    public function close(): void
    {
        $this->redis->close();
    }

    /** @param list<string> $words */
    private function send(string $name, array $words): mixed
    {
        return match ($name) {
            'SELECT' => $this->redis->select((int) $words[0]),
            'HMSET' => $this->redis->hMSet($words[0], self::pairs(array_slice($words, 1))),
            'HMGET' => $this->redis->hMGet($words[0], array_slice($words, 1)),
            'HINCRBY' => $this->redis->hIncrBy($words[0], $words[1], (int) $words[2]),
            'EXPIRE' => $this->redis->expire($words[0], (int) $words[1]),
            'PEXPIRE' => $this->redis->pExpire($words[0], (int) $words[1]),
            'EXPIREAT' => $this->redis->expireAt($words[0], (int) $words[1]),
            'SETEX' => $this->redis->setex($words[0], (int) $words[1], $words[2]),
            'SET' => $this->redis->set($words[0], $words[1], self::options($words)),
            'MGET' => $this->redis->mget($words),
            'EVAL' => $this->redis->eval($words[0], array_slice($words, 2), (int) $words[1]),
            'EVALSHA' => $this->redis->evalSha($words[0], array_slice($words, 2), (int) $words[1]),
            'SCAN' => $this->scan(null, $words),
            'SSCAN' => $this->scan($words[0], array_slice($words, 1)),
            'INFO', 'CONFIG', 'CLIENT' => $this->redis->rawCommand($name, ...$words),
            default => method_exists($this->redis, $name)
                ? $this->redis->{$name}(...$words)
                : $this->redis->rawCommand($name, ...$words),
        };
    }

    /** @param list<string> $words cursor MATCH pattern COUNT count */
    private function scan(?string $key, array $words): array
    {
        $cursor = $words[0] === '0' ? null : (int) $words[0];
        $found = $key === null
            ? $this->redis->scan($cursor, $words[2], (int) $words[4])
            : $this->redis->sScan($key, $cursor, $words[2], (int) $words[4]);
        return [(string) $cursor, $found === false ? [] : $found];
    }

    /** @param list<string> $words key value [NX] [EX seconds] */
    private static function options(array $words): ?array
    {
        return count($words) === 2 ? null : [strtolower($words[2]), 'ex' => (int) $words[4]];
    }

    private static function pairs(array $flat): array
    {
        $pairs = [];
        foreach (array_chunk($flat, 2) as [$field, $value]) {
            $pairs[$field] = $value;
        }
        return $pairs;
    }

    private static function normal(string $name, mixed $reply): mixed
    {
        if ($name === 'HGETALL' && is_array($reply)) {
            $flat = [];
            foreach ($reply as $field => $value) {
                array_push($flat, (string) $field, $value);
            }
            return $flat;
        }
        if (is_array($reply)) {
            return array_map(fn (mixed $one) => self::normal('', $one), array_values($reply));
        }
        if (is_bool($reply)) {
            return in_array($name, self::BOOLEAN, true) ? (int) $reply : ($reply ? 'OK' : null);
        }
        return $reply;
    }
}
