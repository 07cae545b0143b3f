<?php

declare(strict_types=1);

/** The scripts of scripts/*.lua: sent by their SHA1, and in full only when the server asks. */
final class Scripts
{
    /** @var array<string, string> */
    private static array $texts = [];

    public static function text(string $name): string
    {
        return self::$texts[$name] ??= file_get_contents(__DIR__ . "/scripts/$name.lua");
    }

    /**
     * @param list<string> $keys
     * @param list<string> $args
     */
    public static function run(Client $client, string $name, array $keys, array $args): mixed
    {
        $words = [(string) count($keys), ...$keys, ...$args];
        try {
            return $client->call('EVALSHA', sha1(self::text($name)), ...$words);
        } catch (ServerError $error) {
            if (!str_starts_with($error->getMessage(), 'NOSCRIPT')) {
                throw $error;
            }
            return $client->call('EVAL', self::text($name), ...$words);
        }
    }
}
