<?php

declare(strict_types=1);

/** Eight processes on a few sessions at once: no lock is held twice, no update is lost. */
final class CrowdPlay
{
    private const PROCESSES = 8;
    public const SESSIONS = 3;
    public const ROUNDS = 200;

    public function __construct(
        private Connections $connections,
        private int $seed,
        private string $lie,
    ) {
    }

    public function run(): void
    {
        $client = $this->connections->open(Connections::SESSIONS);
        $client->call('FLUSHDB');
        $directory = sys_get_temp_dir() . '/crowd-' . bin2hex(random_bytes(8));
        mkdir($directory);
        $updates = [];
        foreach ($this->reports($directory) as $number => $report) {
            foreach ($report['failures'] ?? ['ended without a report' => 1] as $what => $times) {
                Check::same("process $number: $what", 0, $times);
            }
            foreach ($report['updates'] ?? [] as $id => $count) {
                $updates[$id] = ($updates[$id] ?? 0) + $count;
            }
        }
        array_map(unlink(...), glob("$directory/*"));
        rmdir($directory);
        $rounds = self::PROCESSES * self::ROUNDS;
        Check::same('rounds of all', $rounds, array_sum($updates));
        foreach ($updates as $id => $count) {
            [$data, $lock, $wait, $writes]
                = $client->call('HMGET', "sess_$id", 'data', 'lock', 'wait', 'writes');
            Check::same("sess_$id: updates in data", $count, CrowdWorker::count((string) $data));
            Check::same("sess_$id: lock wait writes", ['0', (string) $count],
                [$lock, $writes]);
            Check::that("sess_$id: nobody waits ($wait)", $wait === null || $wait === '0');
        }
        $client->call('FLUSHDB');  // who waited how often differs from run to run
        $client->close();
    }

    /** @return list<array{updates: array<string, int>, failures: array<string, int>}> */
    private function reports(string $directory): array
    {
        $running = [];
        for ($number = 0; $number < self::PROCESSES; ++$number) {
            $command = [PHP_BINARY, __DIR__ . '/play.php', '--host', $this->connections->host,
                '--port', (string) $this->connections->port, '--seed', (string) $this->seed,
                '--client', $this->connections->kind, '--worker', "$directory:$number"];
            if ($this->lie !== '') {
                array_push($command, '--lie', $this->lie);
            }
            $running[] = [proc_open($command, [1 => ['pipe', 'w']], $pipes), $pipes[1]];
        }
        return array_map(function (array $process): array {
            $report = json_decode(stream_get_contents($process[1]), true) ?? [];
            proc_close($process[0]);
            return $report;
        }, $running);
    }
}
