<?php

declare(strict_types=1);

/** Where the server is and which client library to play. */
final class Connections
{
    public const CACHE = 0;
    public const PAGE_CACHE = 1;
    public const SESSIONS = 2;
    public const KINDS = ['phpredis', 'credis', 'predis'];

    public function __construct(
        public readonly string $host,
        public readonly int $port,
        public readonly string $kind,
        private string $lie = '',
    ) {
    }

    /** A new connection; like the libraries it sends SELECT only for another database than 0. */
    public function open(int $db, string $persistentId = ''): Client
    {
        $client = match ($this->kind) {
            'phpredis' => new ExtensionClient($this->host, $this->port, $persistentId),
            'credis' => new PlainClient("tcp://$this->host:$this->port", true),
            'predis' => new PlainClient("tcp://$this->host:$this->port", false),
        };
        if ($db !== 0 || $persistentId !== '') {
            $client->call('SELECT', (string) $db);
        }
        return $this->lie === '' ? $client : new LyingClient($client, $this->lie);
    }
}
