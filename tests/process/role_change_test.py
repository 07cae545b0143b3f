#!/usr/bin/python3
"""What happens at the moment at which a server changes its role, or its clients are paused: nothing
of the old role runs in the new one, and what a node has is what its log says."""
import time
import unittest

from fake_primary import FakePrimary, full
from harness import REDUCED, Server, encode, wait_until

QUICK = ("--repl-diskless-sync-delay", 0, "--repl-timeout", 10)
# Keeps the gate closed for so many milliseconds.
BUSY = ("local t = redis.call('TIME') local since = t[1] * 1000 + t[2] / 1000 "
        "repeat t = redis.call('TIME') until t[1] * 1000 + t[2] / 1000 - since > %d return 1")
BUSY_MS = 100
MANY = 60  # keys in more shards than a command locks


def follow(replica, primary):
    replica.call("REPLICAOF", "127.0.0.1", primary.port)
    wait_until(lambda: replica.info("master_link_status") == "up", "a link")


def in_step(replica, primary):
    wait_until(lambda: replica.info("master_link_status") == "up" and
               replica.info("master_repl_offset") == primary.info("master_repl_offset"),
               "a replica that has everything")


class Restarts(unittest.TestCase):
    def test_a_replica_goes_on_in_the_database_of_the_stream(self):
        with Server(*QUICK) as primary:
            replica = Server(*QUICK, "--replicaof", "127.0.0.1 %d" % primary.port,
                             "--save", "3600 1")
            with replica, primary.wire() as wire:
                wait_until(lambda: replica.info("master_link_status") == "up", "a link")
                wire.call("SELECT", 5)
                wire.call("SET", "before", 1)
                in_step(replica, primary)
                replica.call("SAVE")
                replica.stop()
                wire.call("SET", "after", 1)
                again = Server(*QUICK, "--replicaof", "127.0.0.1 %d" % primary.port,
                               "--dir", replica.folder)
                with again:
                    in_step(again, primary)
                    self.assertEqual(primary.info("sync_full"), "1")
                    self.assertEqual(again.call("DEBUG", "DIGEST"), primary.call("DEBUG", "DIGEST"))
                    with again.wire() as reader:
                        reader.call("SELECT", 5)
                        self.assertEqual(reader.call("GET", "after"), b"1")


class Promotion(unittest.TestCase):
    def test_nothing_of_the_stream_runs_behind_it(self):
        """A passage of the stream waits for its turn at the gate, and the promotion comes first."""
        burst = encode("SELECT", 5) + (encode("INCR", "c") + encode("SWAPDB", 8, 9)) * 300
        links = []
        answers = [lambda link: (link.sendall(full()), links.append(link))] * 5
        with FakePrimary(*answers) as primary, \
                Server(*QUICK, "--appendonly", "yes", "--appendfsync", "always") as node, \
                Server(*QUICK) as replica:
            follow(replica, node)
            for _ in range(5):
                links.clear()
                follow(node, primary)
                in_step(replica, node)
                with node.wire() as script, node.wire() as admin, node.wire() as client:
                    client.call("SELECT", 3)
                    script.send(encode("EVAL", BUSY % BUSY_MS, 0))
                    links[0].sendall(burst)
                    admin.send(encode("REPLICAOF", "NO", "ONE"))
                    client.send(encode("SET", "own", 1))
                    for wire in (script, admin, client):
                        wire.reply()
                    client.call("SET", "more", 1)
                    # The file of the new history is there, which begins with a base of its own.
                    self.assertEqual(client.call("WAITAOF", 1, 0, 0)[0], 1)
                in_step(replica, node)
                digest = node.call("DEBUG", "DIGEST")
                self.assertEqual(replica.call("DEBUG", "DIGEST"), digest)
                self.assertEqual(node.call("DEBUG", "LOADAOF"), b"OK")
                self.assertEqual(node.call("DEBUG", "DIGEST"), digest)


class Demotion(unittest.TestCase):
    def test_no_write_that_waits_for_the_gate_runs_behind_it(self):
        rounds = 5 if REDUCED else 15
        words = [word for i in range(MANY) for word in ("m%d" % i, "v")]
        with Server(*QUICK, "--io-threads", 4) as node, Server(*QUICK) as other:
            for number in range(rounds):
                node.call("REPLICAOF", "NO", "ONE")
                follow(other, node)
                node.call("DEL", *words[::2])
                node.call("SET", "round", number)
                in_step(other, node)
                other.call("REPLICAOF", "NO", "ONE")
                wires = [node.wire() for _ in range(14)]
                script, admin, transaction, *writers = wires
                transaction.call("MULTI")
                for i in range(MANY):
                    transaction.call("SET", "m%d" % i, "exec")
                script.send(encode("EVAL", BUSY % 30, 0))
                for writer in writers[:5]:
                    writer.send(encode("MSET", *words))
                admin.send(encode("REPLICAOF", "127.0.0.1", other.port))
                for writer in writers[5:]:
                    writer.send(encode("MSET", *words))
                transaction.send(encode("EXEC"))
                for wire in wires:
                    wire.reply()
                    wire.socket.close()
                in_step(node, other)
                self.assertEqual(node.call("DEBUG", "DIGEST"), other.call("DEBUG", "DIGEST"))


class Expiry(unittest.TestCase):
    def wave(self, server):
        """Keys that expire in one moment; returns when the first have gone."""
        keys = 20_000 if REDUCED else 200_000
        due = int(time.time() * 1000) + (8000 if REDUCED else 4000)
        with server.wire() as wire:
            for first in range(0, keys, 1000):
                wire.send(b"".join(encode("SET", "k%d" % i, "v", "PXAT", due)
                                   for i in range(first, first + 1000)))
                for _ in range(1000):
                    wire.reply()
        wait_until(lambda: int(server.info("expired_keys")) > 0, "a key that expires")

    def stands_still(self, server):
        before = int(server.info("expired_keys"))
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            # The passage that was under way: a few dozen keys.
            self.assertLess(int(server.info("expired_keys")) - before, 100)

    def test_it_stops_with_a_pause(self):
        with Server() as server:
            self.wave(server)
            server.call("CLIENT", "PAUSE", 10_000, "WRITE")
            self.stands_still(server)
            server.call("CLIENT", "UNPAUSE")
            wait_until(lambda: server.call("DBSIZE") == 0, "an empty database")

    def test_it_stops_with_the_role(self):
        with Server() as server:
            self.wave(server)
            server.call("REPLICAOF", "127.0.0.1", 1)
            self.stands_still(server)
            server.call("REPLICAOF", "NO", "ONE")
            wait_until(lambda: server.call("DBSIZE") == 0, "an empty database")


class LargeValues(unittest.TestCase):
    def test_they_leave_no_buffers_behind(self):
        megabytes = 8 if REDUCED else 32
        with Server(*QUICK) as primary, Server(*QUICK) as replica:
            follow(replica, primary)
            empty = int(primary.info("used_memory"))
            value = b"x" * (megabytes << 20)
            primary.call("SET", "plain", value)
            with primary.wire() as wire:
                wire.call("MULTI")
                wire.call("SET", "queued", value)
                wire.call("EXEC")
            in_step(replica, primary)
            most = empty + (2 * megabytes + 6) * (1 << 20)
            for server in (primary, replica):
                wait_until(lambda server=server: int(server.info("used_memory")) < most,
                           "the values alone")


if __name__ == "__main__":
    unittest.main()
