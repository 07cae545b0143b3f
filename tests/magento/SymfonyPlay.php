<?php

declare(strict_types=1);

/** Random work on the back end of 2.4.9, all keys compared with plain arrays after each step. */
final class SymfonyPlay
{
    private const STEPS = 150;
    private const SPACE = '069_';

    private Client $client;
    private SymfonyCache $cache;
    /** @var array<string, array{data: string, tags: list<string>, lifetime: ?int}> */
    private array $items = [];
    /** @var array<string, list<string>> id to the tags in the indices, items gone included */
    private array $indexed = [];
    /** @var list<string> */
    private array $ids;
    /** @var list<string> */
    private array $tags;

    public function __construct(private Connections $connections, private Dice $dice)
    {
        $this->client = $connections->open(Connections::CACHE);
        $this->client->call('FLUSHDB');
        $this->client->call('CLIENT', 'SETNAME', 'larder-play');
        $this->cache = new SymfonyCache($this->client, self::SPACE);
        $this->ids = array_map(fn (int $i) => "ENTRY_$i", range(1, 60));
        $this->tags = ['FPC', 'MAGE', ...array_map(fn (int $i) => "CAT_P_$i", range(1, 15))];
    }

    public function run(): void
    {
        for ($step = 0; $step < self::STEPS; ++$step) {
            Check::$step = "{$this->connections->kind} symfony step $step";
            $roll = $this->dice->between(1, 100);
            match (true) {
                $roll <= 35 => $this->fetch(),
                $roll <= 70 => $this->save(),
                $roll <= 80 => $this->delete(),
                $roll <= 95 => $this->clean($roll),
                $roll <= 98 => $this->prune(),
                default => $this->clear(),
            };
            $this->compare();
        }
        $this->lock();
        $this->client->close();
        if ($this->connections->kind === 'phpredis') {
            $this->persist();
        }
    }

    private function fetch(): void
    {
        $ids = $this->dice->some($this->ids, $this->dice->between(1, 20));
        $expected = array_map(fn (string $id) => $this->items[$id]['data'] ?? null, $ids);
        Check::same('MGET ' . implode(' ', $ids), $expected, $this->cache->fetch($ids));
        Check::same("EXISTS $ids[0]", isset($this->items[$ids[0]]), $this->cache->has($ids[0]));
    }

    private function save(): void
    {
        $items = [];
        foreach ($this->dice->some($this->ids, $this->dice->between(1, 6)) as $id) {
            $tags = $this->dice->some($this->tags, $this->dice->one([0, 1, 4, 8]));
            $items[$id] = ['data' => $this->dice->data(), 'tags' => $tags,
                'lifetime' => $this->dice->one([null, 7200])];
            $this->indexed[$id] = $tags;
        }
        $this->cache->save($items);
        $this->items = $items + $this->items;
    }

    private function delete(): void
    {
        $ids = $this->dice->some($this->ids, $this->dice->between(1, 10));
        $there = array_intersect_key($this->items, array_flip($ids));
        Check::same('UNLINK counts', count($there), $this->cache->delete($ids));
        $this->items = array_diff_key($this->items, $there);
    }

    private function clean(int $roll): void
    {
        $tags = $this->dice->some($this->tags, $this->dice->between(1, 3));
        $scope = $roll % 2 === 0 ? 'FPC' : '';
        $hit = array_filter($this->indexed, fn (array $of) => array_intersect($of, $tags) !== []
            && ($scope === '' || in_array($scope, $of, true)));
        Check::same('removed by clean', count($hit), $this->cache->clean($tags, $scope));
        $this->items = array_diff_key($this->items, $hit);
        $this->indexed = array_diff_key($this->indexed, $hit);
    }

    private function prune(): void
    {
        $dead = array_diff_key($this->indexed, $this->items);
        Check::same('pruned', count($dead), $this->cache->prune());
        $this->indexed = array_diff_key($this->indexed, $dead);
    }

    private function clear(): void
    {
        $this->cache->clear();
        $this->items = $this->indexed = [];
    }

    private function lock(): void
    {
        Check::that('first lock', $this->cache->lock('ENTRY', 'mine'));
        Check::that('no second lock', !$this->cache->lock('ENTRY', 'theirs'));
        Check::that('not opened by others', !$this->cache->unlock('ENTRY', 'theirs'));
        Check::that('opened by its owner', $this->cache->unlock('ENTRY', 'mine'));
        Check::that('free again', $this->cache->lock('ENTRY', 'theirs'));
        $this->client->call('DEL', 'cache:regen_lock:' . self::SPACE . 'ENTRY');
    }

    /** A persistent connection comes out of the pool again, asked by ECHO whether it lives. */
    private function persist(): void
    {
        ini_set('redis.pconnect.pooling_enabled', '1');
        ini_set('redis.pconnect.echo_check_liveness', '1');
        $name = 'default:0:' . getmypid();
        $first = $this->connections->open(0, $name);
        $id = $first->call('CLIENT', 'ID');
        $echoes = $this->echoes($first);
        unset($first);
        $second = $this->connections->open(0, $name);
        Check::same('the same connection', $id, $second->call('CLIENT', 'ID'));
        Check::same('and one ECHO more', $echoes + 1, $this->echoes($second));
        $second->close();
    }

    private function echoes(Client $client): int
    {
        $stats = $client->call('INFO', 'commandstats');
        return preg_match('/^cmdstat_echo:calls=(\d+)/m', $stats, $found) === 1
            ? (int) $found[1] : 0;
    }

    private function compare(): void
    {
        $expected = [];
        foreach ($this->items as $id => $item) {
            $expected[self::SPACE . ":$id"] = $item['data'];
        }
        foreach ($this->indexed as $id => $tags) {
            $expected['cache:all_ids'][] = $id;
            foreach ($tags as $tag) {
                $expected['cache:tags:' . self::SPACE . $tag][] = $id;
                $expected['cache:id_tags:' . self::SPACE . $id][] = $tag;
            }
        }
        foreach ($expected as &$value) {
            if (is_array($value)) {
                sort($value, SORT_STRING);
            }
        }
        Check::sameKeys($expected, Keyspace::values($this->client));
    }
}
