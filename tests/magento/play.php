#!/usr/bin/env php
<?php

/*
 * Plays a Magento shop against a server that speaks the Redis protocol, and checks every reply.
 *
 *   php tests/magento/play.php --port N [--host H] [--seed N] [--client KIND] [--only PLAY,...]
 *                              [--dump FILE] [--lie KIND]
 *
 * Empties the databases 0, 1 and 2 of that server. Ends with status 1 when something was wrong.
 */

declare(strict_types=1);

spl_autoload_register(fn (string $class) => require __DIR__ . "/$class.php");
error_reporting(E_ALL);
set_error_handler(
    fn (int $level, string $message, string $file, int $line)
        => throw new ErrorException($message, 0, $level, $file, $line),
);

$given = getopt('', ['host:', 'port:', 'seed:', 'client:', 'only:', 'dump:', 'lie:', 'worker:']);
exit((new Program($given))->run());
