<?php

declare(strict_types=1);

/** Falsifies what a server answers or does, to prove that the plays notice. */
final class LyingClient implements Client
{
    public const LIES = ['value', 'clean', 'lock', 'count', 'lost-update'];

    private int $calls = 0;

    public function __construct(private Client $client, private string $lie)
    {
    }

    public function call(string $name, string ...$words): mixed
    {
        if ($this->lie === 'clean' && str_starts_with($name, 'EVAL') && $this->nth(20)) {
            return 'OK';  // says it ran, and did nothing
        }
        return $this->falsify($name, $this->client->call($name, ...$words));
    }

    public function pipeline(array $commands): array
    {
        if ($this->lie === 'clean' && $commands[0][0] === 'UNLINK' && $this->nth(5)) {
            unset($commands[0][count($commands[0]) - 1]);  // keeps one key
            $commands[0] = count($commands[0]) > 1 ? $commands[0] : ['UNLINK', 'absent'];
        }
        if ($this->lie === 'lost-update' && ($commands[1][2] ?? '') === 'data' && $this->nth(20)) {
            $commands[1] = ['HSET', $commands[1][1], 'lock', '0'];  // a write without its data
        }
        return $this->client->pipeline($commands);
    }

    public function close(): void
    {
        $this->client->close();
    }

    private function falsify(string $name, mixed $reply): mixed
    {
        return match (true) {
            $this->lie === 'value' && is_string($reply) && $reply !== '' && $name === 'HGET'
                && $this->nth(50) => substr($reply, 0, -1) . chr(ord($reply[-1]) ^ 1),
            $this->lie === 'lock' && $name === 'HINCRBY' && $reply === 2 && $this->nth(3) => 1,
            $this->lie === 'count' && is_int($reply) && $this->nth(30) => $reply + 1,
            default => $reply,
        };
    }

    private function nth(int $n): bool
    {
        return ++$this->calls % $n === 0;
    }
}
