<?php

/*
 * A visitor who keeps coming: every visit asks the Sentinels for the primary, reads the session,
 * adds one to its count and writes it, with the lock protocol of a shop. One line a visit:
 * "ok COUNT ADDRESS" or "failed REASON". Ends with its standard input.
 *
 *   php tests/docker/visitor.php HOST:PORT,HOST:PORT,... NAME=ADDRESS ...
 *
 * The first argument are the Sentinels; the others say where the names that they give are.
 */

declare(strict_types=1);

spl_autoload_register(fn (string $class) => require __DIR__ . "/../magento/$class.php");
set_error_handler(
    fn (int $level, string $message, string $file, int $line)
        => throw new ErrorException($message, 0, $level, $file, $line),
);

/** Where the primary is now, as the first Sentinel that answers knows it. */
function primary(array $sentinels, array $addresses): string
{
    foreach ($sentinels as $sentinel) {
        try {
            $client = new PlainClient("tcp://$sentinel", false);
            [$name, $port] = $client->call('SENTINEL', 'get-master-addr-by-name', 'shop');
            return ($addresses[$name] ?? $name) . ":$port";
        } catch (Throwable) {
            continue;
        }
    }
    throw new RuntimeException('no Sentinel answers');
}

$sentinels = explode(',', $argv[1]);
parse_str(implode('&', array_slice($argv, 2)), $addresses);
stream_set_blocking(STDIN, false);
while (!feof(STDIN)) {
    fread(STDIN, 1);
    try {
        $address = primary($sentinels, $addresses);
        $session = new ShopSession(new PlainClient("tcp://$address", true), 'web|1', 100_000, 5);
        $count = (int) $session->read('visitor') + 1;
        if (!$session->write('visitor', (string) $count, 3600)) {
            throw new RuntimeException('the session was lost');
        }
        echo "ok $count $address\n";
    } catch (Throwable $e) {
        echo 'failed ' . strtok($e->getMessage(), "\n") . "\n";
    }
    usleep(100_000);
}
