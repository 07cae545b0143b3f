<?php

declare(strict_types=1);

/** Random work on a cache back end, every reply and after every clean every key compared. */
final class CachePlay
{
    private const STEPS = 250;
    private const NOW = 1700000000;
    private const SCOPE = '069_FPC';

    private Client $client;
    private CacheBackend $cache;
    private CacheModel $model;
    /** @var list<string> */
    private array $ids = [];
    /** @var list<string> */
    private array $tags = [];

    public function __construct(
        Connections $connections,
        private Dice $dice,
        bool $lua,
        bool $keepIds,
    ) {
        $this->client = $connections->open(Connections::CACHE);
        $this->client->call('FLUSHDB');
        $this->cache = new CacheBackend($this->client, $lua, $keepIds, self::NOW);
        $this->model = new CacheModel($keepIds, self::NOW);
        for ($i = 0; $i < 80; ++$i) {
            $this->ids[] = '069_ENTRY_' . $i;
        }
        $this->tags = [self::SCOPE, '069_MAGE', '069_BLOCK_HTML'];
        for ($i = 0; $i < 20; ++$i) {
            $this->tags[] = '069_CAT_P_' . $i;
        }
    }

    public function run(bool $keepIds): void
    {
        for ($step = 0; $step < self::STEPS; ++$step) {
            Check::$step = preg_replace('/ step .*/', '', Check::$step) . " step $step";
            $this->step($keepIds);
            if ($step % 50 === 49) {
                $this->compare();
            }
        }
        $this->compare();
        $this->client->close();
    }

    private function step(bool $keepIds): void
    {
        $roll = $this->dice->between(1, 100);
        match (true) {
            $roll <= 40 => $this->load(),
            $roll <= 75 => $this->save(),
            $roll <= 80 => $this->remove(),
            $roll <= 84 => $this->describe(),
            $roll <= 88 => $this->touch(),
            $roll <= 90 => $this->expire(),
            default => $this->clean($roll, $keepIds),
        };
    }

    private function load(): void
    {
        $id = $this->dice->one($this->ids);
        Check::same("load $id", $this->model->load($id), $this->cache->load($id));
        Check::same("test $id", $this->model->test($id), $this->cache->test($id));
    }

    private function save(): void
    {
        $id = $this->dice->one($this->ids);
        $tags = $this->dice->some($this->tags, $this->dice->one([0, 1, 1, 3, 11]));
        $lifetime = $this->dice->one([null, 7200, 86400, 86400000]);
        $data = $this->dice->data();
        $this->cache->save($data, $id, $tags, $lifetime);
        $this->model->save($data, $id, $tags, $lifetime === null ? null : min($lifetime, 2592000));
        Check::same("load $id after save", $data, $this->cache->load($id));
    }

    private function remove(): void
    {
        $id = $this->dice->one($this->ids);
        Check::same("remove $id", $this->model->remove($id), $this->cache->remove($id));
    }

    private function describe(): void
    {
        $id = $this->dice->one($this->ids);
        $found = $this->cache->metadata($id);
        Check::same("infinite $id", $this->model->infinite($id), $found['infinite'] ?? null);
        Check::same("tags $id", $this->model->tagsOf($id), $found['tags'] ?? []);
        Check::sameMembers('ids', $this->model->ids(), $this->cache->ids());
        Check::that('filling is a percentage', $this->cache->filling() <= 100);
    }

    private function touch(): void
    {
        $id = $this->dice->one($this->ids);
        $expected = $this->model->touch($id, 5000);
        Check::same("touch $id", $expected, $this->cache->touch($id, time() + 5000));
    }

    private function expire(): void
    {
        foreach ($this->dice->some($this->ids, 8) as $id) {
            $this->client->call('PEXPIRE', CacheBackend::ENTRY . $id, '1');
            $this->model->expire($id);
        }
        usleep(5000);
    }

    private function clean(int $roll, bool $keepIds): void
    {
        $tags = $this->dice->some($this->tags, $this->dice->between(1, 3));
        [$mode, $args] = match (true) {
            $roll === 91 => ['cleanAll', []],
            $roll <= 93 => ['cleanMatching', [$tags]],
            $roll <= 95 => ['cleanMatchingAny', [$tags]],
            $roll === 96 => ['cleanMatchingAny', [['069_ABSENT', '069_MISSING']]],
            $roll === 97 && $keepIds => ['cleanNotMatching', [$tags]],
            $roll <= 98 => ['cleanInScope', [self::SCOPE, $tags]],
            $roll === 99 => ['collectGarbage', []],
            default => ['cleanOld', []],
        };
        Check::$step .= " $mode";
        $this->cache->$mode(...$args);
        $mode === 'collectGarbage' ? $this->model->cleanOld() : $this->model->$mode(...$args);
        $this->compare();
    }

    private function compare(): void
    {
        Check::sameKeys($this->model->keys(), Keyspace::values($this->client));
        $lifetimes = Keyspace::lifetimes($this->client);
        $expected = $this->model->lifetimes();
        Check::sameMembers('keys that expire', array_keys($expected), array_keys($lifetimes));
        foreach ($expected as $key => $seconds) {
            $left = $lifetimes[$key] ?? -1;
            Check::that("lifetime of $key: $left of $seconds s left",
                $left <= $seconds && $left > $seconds - 60);
        }
    }
}
