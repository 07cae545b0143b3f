<?php

declare(strict_types=1);

/** One of the processes of CrowdPlay: reads a session, adds one to its count, writes it. */
final class CrowdWorker
{
    private const RETRY_US = 1500;
    private const NEVER = 20_000;  // tries; 30 s, far more than the play may take

    /** @var array<string, int> */
    private array $updates = [];
    /** @var array<string, int> what went wrong, how often */
    private array $failures = [];

    public function __construct(private Connections $connections, private string $directory)
    {
    }

    public function run(int $number, Dice $dice): int
    {
        $client = $this->connections->open(Connections::SESSIONS);
        $pid = 'web1|' . getmypid();
        for ($round = 0; $round < CrowdPlay::ROUNDS; ++$round) {
            $id = 'crowd' . $dice->between(1, CrowdPlay::SESSIONS);
            $handler = new ShopSession($client, $pid, self::RETRY_US, self::NEVER);
            try {
                $this->update($handler, $id, $dice);
            } catch (TooManyWaiting) {
                --$round;  // a 503: the visitor comes again
                usleep(self::RETRY_US);
            } catch (Throwable $e) {
                $this->fail("$id: " . $e->getMessage());
                break;
            }
        }
        echo json_encode(['updates' => $this->updates, 'failures' => $this->failures]);
        return 0;
    }

    public static function count(string $data): int
    {
        return $data === '' ? 0 : (int) explode('|', $data)[1];
    }

    private function update(ShopSession $handler, string $id, Dice $dice): void
    {
        $data = $handler->read($id);
        // The operating system is the witness: nobody else may hold this file now.
        $witness = fopen("$this->directory/$id", 'c');
        if (!flock($witness, LOCK_EX | LOCK_NB)) {
            $this->fail("lock of $id is held twice");
        }
        $count = self::count($data) + 1;
        usleep($dice->between(0, 300));
        flock($witness, LOCK_UN);
        fclose($witness);
        if (!$handler->write($id, "count|$count|" . str_repeat('cart', 375), 3600)) {
            $this->fail("lock of $id was lost");
            return;
        }
        $this->updates[$id] = ($this->updates[$id] ?? 0) + 1;
    }

    private function fail(string $what): void
    {
        $this->failures[$what] = ($this->failures[$what] ?? 0) + 1;
    }
}
