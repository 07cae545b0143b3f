<?php

declare(strict_types=1);

/**
 * A client in plain PHP, as Credis (atomic: a pipeline is MULTI ... EXEC in one packet) or as
 * Predis (a pipeline is just that). Sends lower-case names, as Credis does.
 */
final class PlainClient implements Client
{
    /** @var resource */
    private $stream;

    public function __construct(string $address, private bool $atomic)
    {
        $stream = stream_socket_client($address, $code, $message, 2.5);
        if ($stream === false) {
            throw new RuntimeException("connect to $address: $message");
        }
        stream_set_timeout($stream, 10);
        $this->stream = $stream;
    }

    public function call(string $name, string ...$words): mixed
    {
        $this->send(self::encode([$name, ...$words]));
        $reply = $this->read();
        return $reply instanceof ServerError ? throw $reply : $reply;
    }

    public function pipeline(array $commands): array
    {
        if ($commands === []) {
            return [];
        }
        if ($this->atomic) {
            $commands = [['MULTI'], ...$commands, ['EXEC']];
        }
        $this->send(implode('', array_map(self::encode(...), $commands)));
        $replies = array_map(fn () => $this->read(), $commands);
        if (!$this->atomic) {
            return $replies;
        }
        foreach (array_slice($replies, 1, -1) as $queued) {
            if ($queued !== 'QUEUED') {
                throw new RuntimeException('not queued: ' . json_encode((string) $queued));
            }
        }
        $executed = end($replies);
        return $executed instanceof ServerError ? throw $executed : $executed;
    }

    public function close(): void
    {
        fclose($this->stream);
    }

    /** @param list<string> $words */
    private static function encode(array $words): string
    {
        $words[0] = strtolower($words[0]);
        $bytes = '*' . count($words) . "\r\n";
        foreach ($words as $word) {
            $bytes .= '$' . strlen($word) . "\r\n$word\r\n";
        }
        return $bytes;
    }

    private function send(string $bytes): void
    {
        for ($sent = 0; $sent < strlen($bytes); $sent += $written) {
            $written = fwrite($this->stream, substr($bytes, $sent));
            if ($written === false || $written === 0) {
                throw new RuntimeException('connection lost while sending');
            }
        }
    }

    private function read(): mixed
    {
        $line = fgets($this->stream);
        if ($line === false || !str_ends_with($line, "\r\n")) {
            throw new RuntimeException('connection lost while reading');
        }
        $rest = substr($line, 1, -2);
        return match ($line[0]) {
            '+' => $rest,
            '-' => new ServerError($rest),
            ':' => (int) $rest,
            '$' => $rest === '-1' ? null : $this->bulk((int) $rest),
            '*' => $rest === '-1' ? null : $this->list((int) $rest),
            default => throw new RuntimeException('not a reply: ' . json_encode($line)),
        };
    }

    private function list(int $count): array
    {
        $replies = [];
        while ($count-- > 0) {
            $replies[] = $this->read();
        }
        return $replies;
    }

    private function bulk(int $length): string
    {
        $bytes = '';
        while (strlen($bytes) < $length + 2) {
            $more = fread($this->stream, $length + 2 - strlen($bytes));
            if ($more === false || $more === '') {
                throw new RuntimeException('connection lost in a bulk reply');
            }
            $bytes .= $more;
        }
        return substr($bytes, 0, -2);
    }
}
