<?php

declare(strict_types=1);

/** Too many requests wait for one session already: the shop answers 503. */
final class TooManyWaiting extends RuntimeException
{
}

/**
 * Magento's session handler. Whoever turns `lock` from 0 to 1 holds the session; the others count
 * themselves in `wait` and ask again. Every try raises `lock`; the holder's write sets it to 0.
 */
final class ShopSession
{
    private const MOST_WAITING = 6;
    private const TRIES_PER_LIFE_CHECK = 20;
    private const LOCKED_LIFETIME = '21600';

    private bool $holds = false;

    /**
     * @param int $retryUs microseconds between two tries, half a second in a shop
     * @param int $breakAfter tries after which a lock whose holder did not change is taken by force
     */
    public function __construct(
        private Client $client,
        private string $pid,
        private int $retryUs,
        private int $breakAfter,
    ) {
    }

    public function read(string $id): string
    {
        $key = "sess_$id";
        $this->select();
        $this->holds = $this->acquire($key);
        [$data] = $this->client->call('HMGET', $key, 'data', 'writes');
        if ($this->holds) {
            $this->client->pipeline([
                ['HMSET', $key, 'pid', $this->pid, 'lock', '1', 'req', 'GET /checkout/cart/'],
                ['EXPIRE', $key, self::LOCKED_LIFETIME],
            ]);
        }
        return $data ?? '';
    }

    /** False when the lock was lost to somebody else, and nothing was written. */
    public function write(string $id, string $data, int $lifetime): bool
    {
        $key = "sess_$id";
        $this->select();
        if (!$this->holds || $this->client->call('HGET', $key, 'pid') !== $this->pid) {
            return false;
        }
        $this->client->pipeline([
            ['SELECT', (string) Connections::SESSIONS],
            ['HMSET', $key, 'data', $data, 'lock', '0'],
            ['HINCRBY', $key, 'writes', '1'],
            ['EXPIRE', $key, (string) $lifetime],
        ]);
        $this->holds = false;
        return true;
    }

    public function destroy(string $id): void
    {
        $this->client->pipeline([
            ['SELECT', (string) Connections::SESSIONS],
            ['UNLINK', "sess_$id"],
        ]);
        $this->holds = false;
    }

    /** Whether the lock is ours; false after too long a wait: then the session is read only. */
    private function acquire(string $key): bool
    {
        $waits = false;
        $former = null;
        $mine = false;
        for ($try = 1; $try <= 3 * $this->breakAfter; ++$try) {
            if ($this->client->call('HINCRBY', $key, 'lock', '1') === 1) {
                $mine = true;
                break;
            }
            if (!$waits) {
                $waits = true;
                $this->queue($key);
            }
            if ($try >= $this->breakAfter) {
                $holder = $this->client->call('HGET', $key, 'pid');
                if ($holder === $former) {
                    $mine = true;
                    break;
                }
                $former = $holder;
            }
            if ($try % self::TRIES_PER_LIFE_CHECK === 0) {
                $this->releaseIfHolderDied($key);
            }
            usleep($this->retryUs);
        }
        if ($waits) {
            $this->client->call('HINCRBY', $key, 'wait', '-1');
        }
        return $mine;
    }

    private function queue(string $key): void
    {
        do {
            $waiting = $this->client->call('HINCRBY', $key, 'wait', '1');
        } while ($waiting < 1);
        if ($waiting >= self::MOST_WAITING) {
            $this->client->call('HINCRBY', $key, 'wait', '-1');
            [$writes] = $this->client->call('HMGET', $key, 'writes', 'req');
            throw new TooManyWaiting("$key has $waiting waiting and $writes writes");
        }
    }

    private function releaseIfHolderDied(string $key): void
    {
        $holder = explode('|', $this->client->call('HGET', $key, 'pid') ?? '');
        [$host] = explode('|', $this->pid);
        if (count($holder) === 2 && $holder[0] === $host && !is_dir("/proc/$holder[1]")) {
            $this->client->call('HSET', $key, 'lock', '0');
        }
    }

    private function select(): void
    {
        $this->client->call('SELECT', (string) Connections::SESSIONS);
    }
}
