<?php

declare(strict_types=1);

/** The largest and the oddest that the libraries send, and the error texts that they match. */
final class LimitsPlay
{
    private const MANY_TAGS = 5000;  // one save may carry so many
    private const TOO_MANY = 8001;   // Lua 5.1 can not unpack so many
    private const NOW = 1700000000;

    private Client $client;

    public function __construct(private Connections $connections)
    {
        $this->client = $connections->open(Connections::CACHE);
        $this->client->call('FLUSHDB');
    }

    public function run(): void
    {
        $this->saveWithManyTags();
        $this->cleanManyEntries();
        $this->flushLeavesOtherDatabases();
        $this->scriptsAreKnownOnceSent();
        $this->errorsReadAsExpected();
        $this->describesItself();
        $this->client->call('FLUSHDB');
        $this->client->close();
    }

    private function saveWithManyTags(): void
    {
        $tags = array_map(fn (int $i) => "069_TAG_$i", range(1, self::MANY_TAGS));
        foreach ([true, false] as $lua) {
            $cache = new CacheBackend($this->client, $lua, false, self::NOW);
            $config = str_repeat("<config>\r\n\0", 1_000_000);
            $cache->save($config, '069_SYSTEM', $tags, 7200);
            Check::that('a value of 11 MB comes back', $cache->load('069_SYSTEM') === $config);
            Check::same('all tags are stored', self::MANY_TAGS,
                $this->client->call('SCARD', CacheBackend::TAGS));
            $cache->cleanMatchingAny(array_slice($tags, 0, 1200));
            Check::same('the entry is gone', null, $cache->load('069_SYSTEM'));
            Check::same('its cleaned tags too', self::MANY_TAGS - 1200,
                $this->client->call('SCARD', CacheBackend::TAGS));
            $this->client->call('FLUSHDB');
        }
    }

    private function cleanManyEntries(): void
    {
        foreach ([true, false] as $lua) {
            $cache = new CacheBackend($this->client, $lua, false, self::NOW);
            $commands = [['SET', 'bystander', 'stays']];
            for ($i = 0; $i < 25000; ++$i) {
                $entry = CacheBackend::ENTRY . "069_$i";
                $commands[] = ['HMSET', $entry, 'd', "data $i", 't', '069_FPC'];
                $commands[] = ['SADD', CacheBackend::TAG . '069_FPC', "069_$i"];
            }
            $this->client->pipeline($commands);
            $cache->cleanMatchingAny(['069_FPC']);
            Check::same('what is left', ['bystander'], $this->client->call('KEYS', '*'));
        }
    }

    private function flushLeavesOtherDatabases(): void
    {
        $pages = $this->connections->open(Connections::PAGE_CACHE);
        $pages->call('SET', 'page', 'stays');
        $this->client->call('SET', 'entry', 'goes');
        $this->client->call('FLUSHDB');
        Check::same('the flushed database is empty', [], $this->client->call('KEYS', '*'));
        Check::same('the other is not', 'stays', $pages->call('GET', 'page'));
        $pages->call('FLUSHDB');
        $pages->close();
    }

    private function scriptsAreKnownOnceSent(): void
    {
        $text = "return {KEYS[1], ARGV[1]} -- {$this->connections->kind}";
        $sha = sha1($text);
        Check::same('unknown before', [0, 0],
            $this->client->call('SCRIPT', 'EXISTS', $sha, str_repeat('f', 40)));
        $this->fails('NOSCRIPT No matching script. Please use EVAL.',
            fn () => $this->client->call('EVALSHA', $sha, '1', 'k', 'a'));
        Check::same('EVAL', ['k', 'a'], $this->client->call('EVAL', $text, '1', 'k', 'a'));
        Check::same('EVALSHA after EVAL', ['k', 'a'],
            $this->client->call('EVALSHA', $sha, '1', 'k', 'a'));
        Check::same('SCRIPT LOAD names it', $sha, $this->client->call('SCRIPT', 'LOAD', $text));
        Check::same('probe', 1, $this->client->call('EVAL', 'return 1', '0'));
        $this->client->call('SCRIPT', 'FLUSH');
        Check::same('unknown again', [0], $this->client->call('SCRIPT', 'EXISTS', $sha));
        $this->fails('too many results to unpack', fn () => $this->client->call('EVAL',
            'local t = {} for i = 1, tonumber(ARGV[1]) do t[i] = i end return {unpack(t)}', '0',
            (string) self::TOO_MANY));
    }

    private function errorsReadAsExpected(): void
    {
        $this->client->call('SET', 'text', 'x');
        $this->fails('WRONGTYPE Operation against a key holding the wrong kind of value',
            fn () => $this->client->call('HGET', 'text', 'd'));
        $this->fails('ERR AUTH <password> called without any password configured for the'
            . ' default user. Are you sure your configuration is correct?',
            fn () => $this->client->call('AUTH', 'secret'));
        $this->fails('ERR unknown command', fn () => $this->client->call('NOSUCHCOMMAND', 'a'));
        Check::same('TTL of a key without', -1, $this->client->call('TTL', 'text'));
        Check::same('TTL of no key', -2, $this->client->call('TTL', 'absent'));
        Check::same('as many replies as fields', [null, null],
            $this->client->call('HMGET', 'absent', 'data', 'writes'));
        Check::same('ECHO is exact', "a\r\nb\0", $this->client->call('ECHO', "a\r\nb\0"));
        Check::same('a pipeline goes on behind an error', 'x', $this->client->pipeline(
            [['HGET', 'text', 'd'], ['GET', 'text']],
        )[1]);
    }

    private function describesItself(): void
    {
        $info = $this->client->call('INFO', 'server');
        preg_match('/^redis_version:(\S+)\r$/m', $info, $found);
        Check::that('redis_version has MGET, UNLINK and SCAN: ' . ($found[1] ?? 'none'),
            version_compare($found[1] ?? '0', '7.0.0', '>='));
        $stats = $this->client->call('INFO');
        foreach (['used_memory', 'keyspace_hits', 'keyspace_misses'] as $field) {
            Check::same("INFO has $field", 1, preg_match("/^$field:\d+\r$/m", $stats));
        }
        Check::same('CONFIG GET maxmemory', ['maxmemory', '0'],
            $this->client->call('CONFIG', 'GET', 'maxmemory'));
    }

    private function fails(string $text, Closure $call): void
    {
        try {
            $call();
            $got = 'no error';
        } catch (ServerError $error) {
            $got = $error->getMessage();
        }
        Check::that("an error with '$text', got '$got'", str_contains($got, $text));
    }
}
