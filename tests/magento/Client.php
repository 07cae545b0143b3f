<?php

declare(strict_types=1);

/** An error reply of the server; the message is the reply without its '-'. */
final class ServerError extends RuntimeException
{
}

/**
 * One connection. Replies have one shape, whichever library carries them: status and bulk are
 * strings, integers int, null null, arrays lists; an error is thrown, or in a pipeline returned.
 */
interface Client
{
    public function call(string $name, string ...$words): mixed;

    /**
     * Sends all commands at once and returns one reply each.
     *
     * @param list<list<string>> $commands
     */
    public function pipeline(array $commands): array;

    public function close(): void;
}
