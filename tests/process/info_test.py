#!/usr/bin/python3
"""What INFO says of data that nobody asks for: it comes with time."""
import re
import unittest

from harness import Server, ServerTest, wait_until


class AverageTtl(ServerTest):
    def ttl(self, db):
        found = re.search(r"db%d:keys=\d+,expires=\d+,avg_ttl=(\d+)" % db,
                          self.server.call("INFO", "keyspace").decode())
        return int(found.group(1))

    def test_is_of_the_keys_that_expire(self):
        with self.server.wire() as wire:
            wire.call("SET", "stays", "v")
            wire.call("SET", "stranger", "v", "PX", "500000")
            wire.call("SELECT", "1")
            for i in range(1000):
                wire.call("SET", "key:%d" % i, "v", "PX", (100000, 300000)[i % 2])
            wait_until(lambda: 490000 < self.ttl(0) <= 500000, "the average of one key")
            wait_until(lambda: 150000 < self.ttl(1) < 250000, "the average of many")
            wire.call("SELECT", "0")
            wire.call("PERSIST", "stranger")
            wait_until(lambda: self.ttl(0) == 0, "no key that expires")

    def test_a_far_expiry_counts_too(self):
        self.server.call("SET", "k", "v", "PXAT", str(2 ** 47))
        wait_until(lambda: self.ttl(0) > 2 ** 46, "the average")


class Memory(unittest.TestCase):
    def test_of_the_stream_is_the_same_in_memory_stats(self):
        names = {b"replication.backlog": "mem_replication_backlog", b"aof.buffer": "mem_aof_buffer",
                 b"clients.slaves": "mem_clients_slaves"}
        with Server() as primary, \
                Server("--replicaof", "127.0.0.1 %d" % primary.port) as replica:
            wait_until(lambda: replica.info("master_link_status") == "up", "the link")

            def same():
                words = primary.call("MEMORY", "STATS")
                stats = dict(zip(words[::2], words[1::2]))
                info = dict(re.findall(r"(\w+):(\d+)\r", primary.call("INFO", "memory").decode()))
                self.assertGreaterEqual(stats[b"overhead.total"], stats[b"replication.backlog"])
                return (stats[b"replication.backlog"] > 0 and
                        all(stats[name] == int(info[names[name]]) for name in names))
            wait_until(same, "what INFO tells")


if __name__ == "__main__":
    unittest.main()
