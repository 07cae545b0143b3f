<?php

declare(strict_types=1);

/** The pages of pages.txt, one after the other, each with two connections of its own. */
final class PagesPlay
{
    private const NOW = 1700000000;
    private const LARGE = 10;  // entries of home that every page reads
    private const VISITOR = 'visitor';

    /** @var array<string, string> what was saved last */
    private array $saved = [];
    private string $session = '';
    private int $requests = 0;

    public function __construct(
        private Connections $connections,
        private Dice $dice,
        private bool $lua,
    ) {
        foreach ([Connections::CACHE, Connections::SESSIONS] as $db) {
            $client = $connections->open($db);
            $client->call('FLUSHDB');
            $client->close();
        }
    }

    public function run(): void
    {
        foreach (file(__DIR__ . '/pages.txt', FILE_IGNORE_NEW_LINES) as $line) {
            if ($line[0] !== '#') {
                $this->page(...preg_split('/ +/', $line));
            }
        }
    }

    private function page(
        string $page,
        string $of,
        string $hget,
        string $saves,
        string $finite,
        string $long,
        string $cleans,
    ): void {
        Check::$step = "{$this->connections->kind} pages " . ($this->lua ? 'lua ' : '') . $page;
        $client = $this->connections->open(Connections::CACHE);
        $client->call('CONFIG', 'RESETSTAT');
        $cache = new CacheBackend($client, $this->lua, false, self::NOW);
        $session = $this->startSession();
        $this->build($cache, $of, (int) $saves, (int) $finite, (int) $long);
        $this->show($cache, $of, (int) $hget - 2 * (int) $saves);
        for ($i = 0; $i < (int) $cleans; ++$i) {
            $cache->cleanMatchingAny(["069_CAT_P_NONE_$i", "069_CAT_C_NONE_$i"]);
        }
        $this->closeSession(...$session);
        if (!$this->lua) {
            $tagged = 2 * ((int) $saves - (int) $long) + 12 * (int) $long;
            $this->counted($client, ['hget' => (int) $hget + 1, 'hmset' => (int) $saves + 2,
                'sadd' => $tagged, 'sunion' => (int) $cleans, 'hincrby' => 2]);
        }
        $client->close();
    }

    /** Asks for each entry that the page needs, misses it, makes it and saves it. */
    private function build(
        CacheBackend $cache,
        string $of,
        int $saves,
        int $finite,
        int $long,
    ): void {
        for ($i = 0; $i < $saves; ++$i) {
            $id = '069_' . strtoupper($of) . "_$i";
            Check::same("load $id before", $this->saved[$id] ?? null, $cache->load($id));
            $large = $of === 'home' && $i < self::LARGE;
            $data = $large ? str_repeat("$id\r\n", 200 + 300 * $i) : $this->dice->data();
            $tags = ['069_MAGE'];
            for ($tag = 0; $i < $long && $tag < 10; ++$tag) {
                $tags[] = '069_' . strtoupper($of) . "_TAG_$tag";
            }
            $cache->save($data, $id, $tags, $i < $finite ? 7200 : null);
            $this->saved[$id] = $data;
        }
    }

    private function show(CacheBackend $cache, string $of, int $reads): void
    {
        for ($i = 0; $i < $reads; ++$i) {
            $id = $i < self::LARGE ? "069_HOME_$i"
                : '069_' . strtoupper($of) . '_' . ($i - self::LARGE);
            Check::same("load $id", $this->saved[$id] ?? null, $cache->load($id));
        }
    }

    /** @return array{ShopSession, Client} */
    private function startSession(): array
    {
        $client = $this->connections->open(Connections::SESSIONS);
        $session = new ShopSession($client, 'web1|' . (100 + $this->requests), 500, 1000);
        Check::same('session data', $this->session, $session->read(self::VISITOR));
        return [$session, $client];
    }

    private function closeSession(ShopSession $session, Client $client): void
    {
        $this->session = 'visitor_data|' . str_repeat(chr(97 + $this->requests % 26), 1700);
        Check::that('session is written', $session->write(self::VISITOR, $this->session, 3600));
        Check::same('session writes', (string) ++$this->requests,
            $client->call('HMGET', 'sess_' . self::VISITOR, 'writes')[0]);
        $client->close();
    }

    /** The server's own statistics agree with what was sent. */
    private function counted(Client $client, array $expected): void
    {
        $stats = $client->call('INFO', 'commandstats');
        foreach ($expected as $command => $calls) {
            $found = preg_match("/^cmdstat_$command:calls=(\d+)/m", $stats, $m) === 1 ? $m[1] : 0;
            Check::same("calls of $command", $calls, (int) $found);
        }
    }
}
