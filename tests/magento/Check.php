<?php

declare(strict_types=1);

/** Counts what was checked and says what was wrong; a play goes on until too much is. */
final class Check
{
    private const MOST_FAILURES = 20;

    public static int $checked = 0;
    public static int $failed = 0;
    /** Where the play is; part of every message. */
    public static string $step = '';

    public static function same(string $what, mixed $expected, mixed $actual): void
    {
        ++self::$checked;
        if ($expected === $actual) {
            return;
        }
        printf("FAILED %s: %s\n  expected %s\n  got      %s\n", self::$step, $what,
            self::show($expected), self::show($actual));
        if (++self::$failed >= self::MOST_FAILURES) {
            throw new RuntimeException('too many failures, giving up');
        }
    }

    public static function that(string $what, bool $holds): void
    {
        self::same($what, true, $holds);
    }

    /** The same, whatever the order. */
    public static function sameMembers(string $what, array $expected, array $actual): void
    {
        sort($expected, SORT_STRING);
        sort($actual, SORT_STRING);
        self::same($what, array_map('strval', $expected), array_map('strval', $actual));
    }

    /** Whole key spaces: names every key that is missing, too many or different. */
    public static function sameKeys(array $expected, array $actual): void
    {
        ++self::$checked;
        foreach ($expected as $key => $value) {
            self::same("key $key", $value, $actual[$key] ?? null);
        }
        foreach (array_diff_key($actual, $expected) as $key => $value) {
            self::same("key $key", null, $value);
        }
    }

    /** All bytes visible, and not more than a screenful. */
    private static function show(mixed $value): string
    {
        if (is_string($value)) {
            $text = '"' . addcslashes($value, "\0..\37\"\\\177..\377") . '"';
            return strlen($text) <= 200 ? $text
                : substr($text, 0, 200) . '... ' . strlen($value) . ' bytes, sha1 ' . sha1($value);
        }
        if (!is_array($value)) {
            return json_encode($value);
        }
        $shown = [];
        foreach (array_slice($value, 0, 12, true) as $key => $one) {
            $shown[] = (is_int($key) ? '' : "$key: ") . self::show($one);
        }
        return '[' . implode(', ', $shown) . (count($value) > 12 ? ', ...' : '') . ']';
    }
}
