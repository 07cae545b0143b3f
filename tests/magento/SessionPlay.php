<?php

declare(strict_types=1);

/** One request after the other: the session's fields after each step of the lock protocol. */
final class SessionPlay
{
    private const NEVER = 1_000_000;
    private const DEAD = 'web1|4194305';  // above the largest process number of Linux

    private Client $client;

    public function __construct(private Connections $connections, private Dice $dice)
    {
        $this->client = $connections->open(Connections::SESSIONS);
        $this->client->call('FLUSHDB');
    }

    public function run(): void
    {
        $this->requestsFollowEachOther();
        $this->lockIsHeldUntilTheWrite();
        $this->seventhIsTurnedAway();
        $this->deadHolderLosesTheLock();
        $this->stuckLockIsBroken();
        $this->client->close();
    }

    private function requestsFollowEachOther(): void
    {
        $last = '';
        foreach ([600, 1200, 3600] as $n => $lifetime) {
            $handler = $this->handler('web1|1', self::NEVER);
            Check::same("data before request $n", $last, $handler->read('one'));
            Check::same("fields in request $n", ['1', 'web1|1'],
                $this->fields('one', 'lock', 'pid'));
            $last = "visits|i:$n;cart|" . $this->dice->data();
            Check::that("write in request $n", $handler->write('one', $last, $lifetime));
            Check::same("fields after request $n", [$last, '0', (string) ($n + 1)],
                $this->fields('one', 'data', 'lock', 'writes'));
            $left = $this->client->call('TTL', 'sess_one');
            Check::that("lifetime $left of $lifetime", $left <= $lifetime && $left > $lifetime - 5);
        }
        $handler->destroy('one');
        Check::same('destroyed', 0, $this->client->call('EXISTS', 'sess_one'));
    }

    private function lockIsHeldUntilTheWrite(): void
    {
        $this->handler('web1|1', self::NEVER)->read('two');
        foreach ([2, 3] as $try) {
            Check::same("try $try", $try, $this->client->call('HINCRBY', 'sess_two', 'lock', '1'));
        }
        $other = $this->handler('web1|2', self::NEVER);
        Check::that('no write without the lock', !$other->write('two', 'stolen', 60));
        Check::same('and no data', [null, 'web1|1'], $this->fields('two', 'data', 'pid'));
        $this->client->call('UNLINK', 'sess_two');
    }

    private function seventhIsTurnedAway(): void
    {
        $this->handler('web1|1', self::NEVER)->read('busy');
        $this->client->call('HINCRBY', 'sess_busy', 'wait', '5');
        try {
            $this->handler('web1|2', self::NEVER)->read('busy');
            Check::that('one too many must not wait', false);
        } catch (TooManyWaiting $refused) {
            Check::same('refusal', 'sess_busy has 6 waiting and  writes', $refused->getMessage());
        }
        Check::same('wait is as before', ['5', '2'], $this->fields('busy', 'wait', 'lock'));
        $this->client->call('UNLINK', 'sess_busy');
    }

    private function deadHolderLosesTheLock(): void
    {
        $this->handler(self::DEAD, self::NEVER)->read('dead');
        $next = $this->handler('web1|' . getmypid(), 1000);
        $next->read('dead');
        Check::that('the next one writes', $next->write('dead', 'alive', 60));
        Check::same('fields', ['alive', '0', '0', '1'],
            $this->fields('dead', 'data', 'lock', 'wait', 'writes'));
        $this->client->call('UNLINK', 'sess_dead');  // it has our process number in it
    }

    private function stuckLockIsBroken(): void
    {
        $stuck = $this->handler('web2|1', self::NEVER);
        $stuck->read('stuck');
        $next = $this->handler('web1|2', 4);
        $next->read('stuck');
        Check::same('taken by force', ['1', 'web1|2'], $this->fields('stuck', 'lock', 'pid'));
        Check::that('the former holder is refused', !$stuck->write('stuck', 'late', 60));
        Check::that('the new one is not', $next->write('stuck', 'new', 60));
        Check::same('its data', ['new', '0'], $this->fields('stuck', 'data', 'wait'));
    }

    private function handler(string $pid, int $breakAfter): ShopSession
    {
        return new ShopSession($this->client, $pid, 100, $breakAfter);
    }

    /** @return list<?string> */
    private function fields(string $id, string ...$fields): array
    {
        return $this->client->call('HMGET', "sess_$id", ...$fields);
    }
}
