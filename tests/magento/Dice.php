<?php

declare(strict_types=1);

use Random\Engine\Mt19937;
use Random\Randomizer;

/** Everything random in a play comes from here, so that a seed gives the same play again. */
final class Dice
{
    private Randomizer $randomizer;

    public function __construct(int $seed)
    {
        $this->randomizer = new Randomizer(new Mt19937($seed));
    }

    public function between(int $least, int $most): int
    {
        return $this->randomizer->getInt($least, $most);
    }

    public function chance(int $percent): bool
    {
        return $this->between(1, 100) <= $percent;
    }

    public function one(array $from): mixed
    {
        return $from[$this->between(0, count($from) - 1)];
    }

    /** @return list<mixed> $count different ones */
    public function some(array $from, int $count): array
    {
        return $count === 0 ? [] : array_map(
            fn (int|string $key) => $from[$key],
            $this->randomizer->pickArrayKeys($from, $count),
        );
    }

    /** An entry's data as a shop has it: mostly some 40 bytes, sometimes up to 46 kB, all bytes. */
    public function data(): string
    {
        $size = match (true) {
            $this->chance(50) => $this->between(0, 40),
            $this->chance(80) => $this->between(41, 1500),
            $this->chance(90) => $this->between(1501, 19000),
            default => $this->between(19001, 46000),
        };
        return $size === 0 ? '' : $this->randomizer->getBytes($size);
    }
}
