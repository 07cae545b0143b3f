<?php

declare(strict_types=1);

/** The command line of play.php. */
final class Program
{
    private const PLAYS = ['cache', 'limits', 'symfony', 'sessions', 'crowd', 'pages'];

    private int $seed;
    /** @var list<string> */
    private array $kinds;
    /** @var list<string> */
    private array $only;

    /** @param array<string, string> $given */
    public function __construct(private array $given)
    {
        $this->seed = (int) ($given['seed'] ?? 1);
        $this->kinds = explode(',', $given['client'] ?? implode(',', Connections::KINDS));
        $this->only = explode(',', $given['only'] ?? implode(',', self::PLAYS));
    }

    /** Returns the exit status. */
    public function run(): int
    {
        if (isset($this->given['worker'])) {
            [$directory, $number] = explode(':', $this->given['worker']);
            return (new CrowdWorker($this->connections($this->kinds[0]), $directory))
                ->run((int) $number, new Dice($this->seed * 100 + (int) $number));
        }
        $dump = [];
        try {
            foreach ($this->kinds as $kind) {
                foreach ($this->only as $play) {
                    $started = microtime(true);
                    $checked = Check::$checked;
                    Check::$step = "$kind $play";
                    $this->{$play}($this->connections($kind));
                    printf("%-9s %-9s %6d checks  %5.2f s\n", $kind, $play,
                        Check::$checked - $checked, microtime(true) - $started);
                    $dump["$kind $play"] = $this->databases($kind);
                }
            }
        } catch (Throwable $e) {
            printf("FAILED %s: %s\n%s\n", Check::$step, $e->getMessage(), $e->getTraceAsString());
            return 1;
        }
        if (isset($this->given['dump'])) {
            $flags = JSON_INVALID_UTF8_SUBSTITUTE | JSON_PRETTY_PRINT;
            file_put_contents($this->given['dump'], json_encode($dump, $flags));
        }
        printf("%d checks, %d failed\n", Check::$checked, Check::$failed);
        return Check::$failed === 0 ? 0 : 1;
    }

    private function cache(Connections $connections): void
    {
        foreach ([false, true] as $lua) {
            foreach ([false, true] as $keepIds) {
                Check::$step = "$connections->kind cache" . ($lua ? ' lua' : '')
                    . ($keepIds ? ' ids' : '');
                (new CachePlay($connections, new Dice($this->seed), $lua, $keepIds))->run($keepIds);
            }
        }
    }

    private function limits(Connections $connections): void
    {
        (new LimitsPlay($connections))->run();
    }

    private function symfony(Connections $connections): void
    {
        (new SymfonyPlay($connections, new Dice($this->seed)))->run();
    }

    private function sessions(Connections $connections): void
    {
        (new SessionPlay($connections, new Dice($this->seed)))->run();
    }

    private function crowd(Connections $connections): void
    {
        (new CrowdPlay($connections, $this->seed, $this->given['lie'] ?? ''))->run();
    }

    private function pages(Connections $connections): void
    {
        foreach ([false, true] as $lua) {
            (new PagesPlay($connections, new Dice($this->seed), $lua))->run();
        }
    }

    private function connections(string $kind): Connections
    {
        return new Connections($this->given['host'] ?? '127.0.0.1', (int) $this->given['port'],
            $kind, $this->given['lie'] ?? '');
    }

    /** What the play left behind, as hashes of the values, for a comparison of two servers. */
    private function databases(string $kind): object
    {
        if (!isset($this->given['dump'])) {
            return new stdClass();
        }
        $found = [];
        foreach ([Connections::CACHE, Connections::PAGE_CACHE, Connections::SESSIONS] as $db) {
            $client = $this->connections($kind)->open($db);
            $expiring = Keyspace::lifetimes($client);
            foreach (Keyspace::values($client) as $key => $value) {
                $found["$db $key"] = sha1(serialize($value))
                    . (isset($expiring[$key]) ? ' expires' : '');
            }
            $client->close();
        }
        return (object) $found;
    }
}
