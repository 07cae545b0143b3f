<?php
// phpredis, as PHP applications use it. Argument: the port. Prints a line for each part that held;
// fails on the first that did not.
declare(strict_types=1);
error_reporting(E_ALL);
set_error_handler(function (int $level, string $message, string $file, int $line): bool {
    throw new ErrorException($message, 0, $level, $file, $line);
});

function same(mixed $expected, mixed $actual): void
{
    if ($expected !== $actual) {
        throw new Exception('expected ' . var_export($expected, true) . ', got '
            . var_export($actual, true));
    }
}

function connect(): Redis
{
    $redis = new Redis();
    $redis->connect('127.0.0.1', (int) $GLOBALS['argv'][1], 5.0);
    return $redis;
}

$parts = [
    'values' => function (Redis $redis): void {
        same(true, $redis->set('k', 'v', ['nx', 'ex' => 100]));
        same(false, $redis->set('k', 'w', ['nx']));
        same('v', $redis->get('k'));
        same(false, $redis->get('nothing'));
        same(true, $redis->ttl('k') > 90);
        same(['v', false], $redis->mget(['k', 'nothing']));
        same(true, $redis->hMSet('h', ['a' => '1', 'b' => 'two']));
        same(['a' => '1', 'b' => 'two'], $redis->hGetAll('h'));
        same(2, $redis->sAdd('s', 'x', 'y'));
        same(true, $redis->sIsMember('s', 'x'));
        same(1, $redis->zAdd('z', 1.5, 'x'));
        same(['x' => 1.5], $redis->zRange('z', 0, -1, true));
        same(Redis::REDIS_HASH, $redis->type('h'));
        same(1, $redis->unlink('k'));
        $large = random_bytes(300000);
        same(true, $redis->setex('large', 100, $large));
        same($large, $redis->get('large'));
    },
    'bits, places and estimates' => function (Redis $redis): void {
        same(0, $redis->setBit('bits', 7, true));
        same(1, $redis->bitCount('bits'));
        same(7, $redis->bitPos('bits', 1));
        same(1, $redis->bitOp('NOT', 'turned', 'bits'));
        same(1, $redis->geoAdd('Sicily', 13.361389, 38.115556, 'Palermo'));
        same(1, $redis->geoAdd('Sicily', 15.087269, 37.502669, 'Catania'));
        same(166.2742, $redis->geoDist('Sicily', 'Palermo', 'Catania', 'km'));
        same(['Catania'], $redis->geoRadius('Sicily', 15, 37, 100, 'km'));
        same(['sqc8b49rny0'], $redis->geoHash('Sicily', 'Palermo'));
        same(true, (bool) $redis->pfAdd('hll', ['a', 'b', 'c']));
        same(3, $redis->pfCount('hll'));
    },
    'a pipeline that fills both sockets' => function (Redis $redis): void {
        // phpredis sends all of it before it reads a reply.
        $text = str_repeat('x', 1000);
        $pipeline = $redis->pipeline();
        for ($i = 0; $i < 40000; ++$i) {
            $pipeline->echo($text);
        }
        same(array_fill(0, 40000, $text), $pipeline->exec());
    },
    'pipelines and transactions' => function (Redis $redis): void {
        same([1, 2, '2'], $redis->pipeline()->incr('n')->incr('n')->get('n')->exec());
        same([true, 'x'], $redis->multi()->set('m', 'x')->get('m')->exec());
        $other = connect();
        $redis->watch('m');
        $other->set('m', 'y');
        same(false, $redis->multi()->set('m', 'z')->exec());
        same('y', $redis->get('m'));
    },
    'scripts' => function (Redis $redis): void {
        $script = "return redis.call('INCRBY', KEYS[1], ARGV[1])";
        same(5, $redis->eval($script, ['sum', 5], 1));
        same(10, $redis->evalSha(sha1($script), ['sum', 5], 1));
        same(false, $redis->evalSha(sha1('nothing'), [], 0));
        same(0, strpos($redis->getLastError(), 'NOSCRIPT'));
    },
    'serializers and prefixes' => function (Redis $redis): void {
        $redis->setOption(Redis::OPT_SERIALIZER, (string) Redis::SERIALIZER_PHP);
        $redis->setOption(Redis::OPT_PREFIX, 'shop:');
        $redis->set('cart', ['sku' => 'A', 'qty' => 2]);
        same(['sku' => 'A', 'qty' => 2], $redis->get('cart'));
        same(1, connect()->exists('shop:cart'));
        $redis->setOption(Redis::OPT_SERIALIZER, (string) Redis::SERIALIZER_NONE);
        $redis->setOption(Redis::OPT_PREFIX, '');
    },
    'scans' => function (Redis $redis): void {
        $redis->setOption(Redis::OPT_SCAN, (string) Redis::SCAN_RETRY);
        $redis->mset(array_fill_keys(array_map(fn ($i) => "scan:$i", range(1, 300)), '1'));
        $seen = [];
        $cursor = null;
        while (($keys = $redis->scan($cursor, 'scan:*', 50)) !== false) {
            $seen += array_fill_keys($keys, true);
        }
        same(300, count($seen));
    },
    'blocking' => function (Redis $redis): void {
        $redis->rPush('queue', 'job');
        same(['queue', 'job'], $redis->blPop(['queue'], 1));
        same([], $redis->blPop(['queue'], 1));
    },
    'streams' => function (Redis $redis): void {
        $id = $redis->xAdd('s', '*', ['field' => 'value']);
        same(true, $redis->xGroup('CREATE', 's', 'group', '0'));
        same(['s' => [$id => ['field' => 'value']]],
            $redis->xReadGroup('group', 'me', ['s' => '>'], 10));
        same(1, $redis->xAck('s', 'group', [$id]));
    },
    'the server' => function (Redis $redis): void {
        same(true, $redis->ping());
        same('text', $redis->rawCommand('ECHO', 'text'));
        same(true, isset($redis->info()['redis_version']));
        same(true, isset($redis->config('GET', 'maxmemory')['maxmemory']));
        same(true, $redis->select(1));
        same(0, $redis->dbSize());
        same(true, $redis->select(0));
    },
];

$redis = connect();
foreach ($parts as $name => $part) {
    $redis->flushAll();
    $part($redis);
    echo $name, "\n";
}
