#!/usr/bin/python3
"""maxmemory: the limit holds while clients write at full speed; what is counted is what is used."""
import contextlib
import itertools
import os
import random
import signal
import threading
import time
import unittest

from harness import DEADLINE_S, REDUCED, SLOW_MACHINE, Server, encode, wait_until

MB = 1 << 20
LIMIT = (16 if REDUCED else 64) * MB
# What one batch of a loop may hold besides the data (input, replies, a value on its way), and what
# the threads may add before they look again. The tests' own writers have 256 KiB in flight.
MARGIN = 2 * MB
# Gross: a stall of the machine is no failure of the server. bench/compare.py measures.
SLOWEST_S = 0.5


def mixed_writes(seed, expiry):
    """Pipelines of about 128 KiB: strings of all sizes, and some hashes and lists."""
    rng = random.Random(seed)
    payload = b"x" * 70000
    while True:
        commands, size = [], 0
        while size < 128 * 1024:
            key = "key:%d" % rng.randrange(10 ** 9)
            value = payload[:rng.choice((10, 100, 100, 1000, 4000, 20000, 65000))]
            kind = rng.randrange(10)
            if kind == 0:
                commands.append(encode("HSET", key, "a", value, "b", value[:200]))
            elif kind == 1:
                commands.append(encode("RPUSH", key, value, value[:300], "z"))
            else:
                commands.append(encode("SET", key, value))
            if expiry:
                commands.append(encode("EXPIRE", key, rng.randrange(1000, 9000)))
            size += sum(map(len, commands[-2:]))
        yield b"".join(commands), len(commands)


class Watcher(threading.Thread):
    """Asks for the memory in use all the time, and notes the most and the slowest answer."""

    def __init__(self, server):
        super().__init__()
        self.server, self.stopping = server, False
        self.most, self.slowest_s = 0, 0.0

    def run(self):
        with self.server.wire() as wire:
            while not self.stopping:
                begin = time.monotonic()
                info = wire.call("INFO", "memory").decode()
                self.slowest_s = max(self.slowest_s, time.monotonic() - begin)
                used = int(info.split("used_memory:")[1].split("\r")[0])
                self.most = max(self.most, used)


def used(server):
    return int(server.info("used_memory"))


def steady(server):
    """The same once nothing is on its way: what is in use is counted ten times a second."""
    last, now = 0, used(server)
    while abs(now - last) > MB // 16:
        time.sleep(0.3)
        last, now = now, used(server)
    return now


@unittest.skipIf(REDUCED, "memory is not measured")
class Refused(unittest.TestCase):
    def test_lcs_of_long_strings_copies_neither(self):
        with Server() as server:
            for key in "ab":
                server.call("SETRANGE", key, 30 * MB, "x")
            before = server.peak_rss()
            self.assertIn(b"-ERR Insufficient memory", server.call("LCS", "a", "b"))
            self.assertLess(server.peak_rss() - before, 4 * MB)


class Waiting(unittest.TestCase):
    def test_whoever_waits_in_vain_for_replicas_leaves_nothing(self):
        with Server() as server, contextlib.ExitStack() as stack:
            wires = [stack.enter_context(server.wire()) for _ in range(100)]

            def wait(times):
                for wire in wires:
                    wire.send(encode("WAIT", 1, 1) * times)
                for wire in wires:
                    self.assertEqual([wire.reply() for _ in range(times)], [0] * times)

            wait(200)  # what the tables of waits keep for the next time
            before = steady(server)
            wait(200)
            wait_until(lambda: used(server) < before + 4 * MB, "that 20000 waits are forgotten")


@unittest.skipIf(REDUCED, "memory is not measured")
class Bursts(unittest.TestCase):
    def test_what_many_needed_at_once_is_given_back(self):
        with Server("--io-threads", 1) as server:
            before = steady(server)
            wires = [server.wire() for _ in range(200)]
            for wire in wires:
                wire.call("PING")
            server.process.send_signal(signal.SIGSTOP)
            os.waitid(os.P_PID, server.process.pid, os.WSTOPPED)
            for wire in wires:
                wire.send(encode("PING"))
            server.process.send_signal(signal.SIGCONT)
            for wire in wires:
                self.assertEqual(wire.reply(), b"PONG")
            wait_until(lambda: used(server) > before + 3 * MB, "the buffers of a whole batch")
            for wire in wires:
                wire.socket.close()
            wait_until(lambda: used(server) < before + MB, "that they are freed")


class Maxmemory(unittest.TestCase):
    def write(self, server, total, expiry):
        """Writes so many bytes as fast as one client can; how many commands were refused."""
        refused = sent = 0
        with server.wire() as wire:
            for pipeline, count in mixed_writes(7, expiry):
                wire.send(pipeline)
                for _ in range(count):
                    reply = wire.reply()
                    refused += isinstance(reply, bytes) and reply.startswith(b"-OOM")
                sent += len(pipeline)
                if sent > total:
                    return refused
        return refused

    def play(self, policy, threads=1):
        volatile = policy.startswith("volatile")
        with Server("--maxmemory", LIMIT, "--maxmemory-policy", policy,
                    "--io-threads", threads) as server:
            for i in range(500):
                server_keep = encode("SET", "keep:%d" % i, "v" * 100)
                with server.wire() as wire:
                    wire.send(server_keep)
                    self.assertEqual(wire.reply(), b"OK")
            watcher = Watcher(server)
            watcher.start()
            try:
                refused = self.write(server, 3 * LIMIT, volatile)
            finally:
                watcher.stopping = True
                watcher.join()
            self.assertLess(watcher.most, LIMIT + MARGIN, policy)
            self.assertLess(watcher.slowest_s, SLOWEST_S, policy)
            if policy == "noeviction":
                self.assertGreater(refused, 100)
                self.assertEqual(int(server.info("evicted_keys")), 0)
            else:
                self.assertEqual(refused, 0, policy)
                self.assertGreater(int(server.info("evicted_keys")), 100)
            if volatile or policy == "noeviction":
                kept = server.call("EXISTS", *["keep:%d" % i for i in range(500)])
                self.assertEqual(kept, 500, policy + " must leave keys without an expiry alone")
            self.assertEqual(server.call("DEBUG", "ACCOUNTING"), b"OK")
            self.assertEqual(server.stop(), 0)

    def test_the_limit_holds_with_every_policy(self):
        for policy in ("noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
                       "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"):
            with self.subTest(policy):
                self.play(policy)

    def test_the_limit_holds_with_several_threads(self):
        self.play("allkeys-lru", threads=4)

    def test_what_is_used_stays(self):
        """LRU: keys that are read every second outlive ten times their number of others."""
        # Room for some seconds of writing, since the clock of the policy counts seconds.
        with Server("--maxmemory", 16 * MB, "--maxmemory-policy", "allkeys-lru",
                    "--maxmemory-samples", 10) as server, server.wire() as wire:
            hot = ["hot:%d" % i for i in range(200)]
            for key in hot:
                wire.call("SET", key, "v" * 1000)
            number = 0
            while number < 36000:
                wire.send(b"".join(encode("GET", key) for key in hot))
                for _ in hot:
                    wire.reply()
                wire.send(b"".join(encode("SET", "cold:%d" % (number + i), "v" * 1000)
                                   for i in range(2000)))
                number += 2000
                for _ in range(2000):
                    self.assertEqual(wire.reply(), b"OK")
                time.sleep(0.3)  # no wait: the policy tells keys apart by the seconds between
            # By chance about one in five would be there.
            self.assertGreater(wire.call("EXISTS", *hot), 150)

    def test_a_lower_limit_evicts_without_commands(self):
        with Server("--maxmemory-policy", "allkeys-random") as server:
            server.call("DEBUG", "POPULATE", 20000, "key", 1000)
            server.call("CONFIG", "SET", "maxmemory", 10 * MB)
            wait_until(lambda: used(server) < 10 * MB + 65536, "room")
            wait_until(lambda: server.info("current_eviction_exceeded_time") == "0",
                       "that it is said")

    @unittest.skipIf(SLOW_MACHINE, "some ten thousand locks in one command")
    def test_a_write_that_waited_for_room_is_noted(self):
        # One command evicts it all, some ten milliseconds of work.
        with Server("--maxmemory-policy", "allkeys-random", "--maxmemory-eviction-tenacity", 100,
                    "--latency-monitor-threshold", 1) as server:
            server.call("DEBUG", "POPULATE", 100000, "key", 100)
            server.call("CONFIG", "SET", "maxmemory", 4 * MB)
            wait_until(lambda: used(server) < 4 * MB + 65536, "room")
            wait_until(lambda: b"eviction-cycle" in
                       [event[0] for event in server.call("LATENCY", "LATEST")], "the event")

    def test_what_another_thread_took_is_heeded(self):
        with Server("--maxmemory", 16 * MB, "--io-threads", 4) as server, \
                contextlib.ExitStack() as stack:
            wires = [stack.enter_context(server.wire()) for _ in range(40)]
            for wire in wires:  # each of their threads may grow a little before it looks again
                self.assertEqual(wire.call("SET", "key", "v" * 500), b"OK")
            wires[0].call("DEBUG", "POPULATE", 20000, "key", 1000)
            wait_until(lambda: server.info("current_eviction_exceeded_time") != "0",
                       "that it is noticed")
            for wire in wires:
                self.assertIn(b"-OOM", wire.call("SET", "key", "w" * 500))

    def test_a_promoted_replica_evicts_without_commands(self):
        with Server("--repl-diskless-sync-delay", 0) as primary, \
                Server("--maxmemory", 10 * MB, "--maxmemory-policy", "allkeys-random",
                       "--notify-keyspace-events", "Ee") as replica, \
                replica.wire() as subscriber:
            # Its keeper has looked at the limit as a primary's, and found room.
            replica.call("SET", "key", "value", "PX", 1)
            wait_until(lambda: replica.call("DBSIZE") == 0, "a round of the keeper")
            primary.call("DEBUG", "POPULATE", 20000, "key", 1000)
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            # Who writes a snapshot leaves the cores to others: on a busy machine that takes long.
            wait_until(lambda: replica.call("DBSIZE") == 20000, "the copy", 120)
            self.assertGreater(used(replica), 15 * MB)
            subscriber.call("SUBSCRIBE", "__keyevent@0__:evicted")
            replica.call("REPLICAOF", "NO", "ONE")
            self.assertEqual(subscriber.reply()[0], b"message")


@unittest.skipIf(REDUCED, "the sanitizer's heap is not the allocator's")
class Accounting(unittest.TestCase):
    """Bytes counted per database against what the allocator gave, within 3 %."""

    def fill(self, name, commands):
        with Server() as server, server.wire() as wire:
            wire.call("MEMORY", "STATS")  # what a first call makes is no data
            before = int(server.info("used_memory"))
            pending = 0
            for command in commands:
                wire.send(command)
                pending += 1
                if pending == 500:
                    for _ in range(pending):
                        self.assertFalse(str(wire.reply()).startswith("b'-"))
                    pending = 0
            for _ in range(pending):
                wire.reply()
            wait_until(lambda: int(server.info("lazyfree_pending_objects")) == 0, "nothing to free")
            end = time.monotonic() + DEADLINE_S
            while True:
                counted, in_use = self.counted(wire), used(server) - before
                self.assertGreater(in_use, 5 * MB, name)
                if abs(counted - in_use) / in_use < 0.03:
                    break
                # Arrays left by resizes are freed within a round of the keeper.
                self.assertLess(time.monotonic(), end, "%s: %d counted, %d used" %
                                (name, counted, in_use))
            self.assertEqual(wire.call("DEBUG", "ACCOUNTING"), b"OK")

    def counted(self, wire):
        stats = wire.call("MEMORY", "STATS")
        pairs = dict(zip(stats[::2], stats[1::2]))[b"db.0"]
        return sum(value for field, value in zip(pairs[::2], pairs[1::2]))

    def test_of_what_one_thread_reads_and_others_keep(self):
        # A replica's thread takes the bytes in that its builders make entries of, and free.
        with Server("--rdbcompression", "no", "--repl-diskless-sync-delay", 0) as primary, \
                Server() as replica:
            primary.call("DEBUG", "POPULATE", 100000, "key", 1000)
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            most = 0
            while replica.call("DBSIZE") != 100000:
                used = int(replica.info("used_memory"))
                self.assertGreater(used, most - 4 * MB, "it only grows")
                most = max(most, used)
            loaded = int(replica.info("used_memory"))
            self.assertGreater(loaded, 100 * MB)

    def test_of_every_type_small_and_large(self):
        v = b"v" * 100000
        n = range(30000)
        self.fill("small strings", (encode("SET", "k%d" % i, v[:i % 300]) for i in range(100000)))
        self.fill("large strings", (encode("SET", "k%d" % i, v[:i * 77 % 60000])
                                    for i in range(700)))
        self.fill("expiring", (encode("SET", "k%d" % i, v[:200], "EX", 1000 + i)
                               for i in range(60000)))
        self.fill("small hashes", (encode("HSET", "k%d" % (i % 9000), i, v[:i % 900]) for i in n))
        self.fill("large hash", (encode("HSET", "k", "f%d" % i, v[:i % 700]) for i in n))
        self.fill("small lists", (encode("RPUSH", "k%d" % (i % 5000), v[:i % 900]) for i in n))
        self.fill("large list", (encode("LPUSH", "k", v[:i % 4000]) for i in range(10000)))
        self.fill("small sets", (encode("SADD", "k%d" % (i % 9000), v[:i % 170] + b"%d" % i, i)
                                 for i in range(90000)))
        self.fill("large set", (encode("SADD", "k", "member:%d" % i) for i in range(900000)))
        self.fill("integers", (encode("SADD", "k%d" % (i % 3000), i * 7919)
                               for i in range(1800000)))
        self.fill("small sorted sets", (encode("ZADD", "k%d" % (i % 9000), i, "member:%d" % i)
                                        for i in range(600000)))
        self.fill("large sorted set", (encode("ZADD", "k", i * 7919 % 100003, "member:%d" % i)
                                       for i in range(400000)))
        self.fill("small streams", (encode("XADD", "k%d" % (i % 20000), "*", "field", i)
                                    for i in range(100000)))
        self.fill("large stream", (encode("XADD", "k", "*", "f%d" % (i % 7), v[:i % 700])
                                   for i in n))
        self.fill("streams with a group", (
            encode(*command) for i in range(20000) for command in (
                ("XADD", "k%d" % i, "1-1", "field", "value"),
                ("XGROUP", "CREATE", "k%d" % i, "group", 0),
                ("XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "k%d" % i, ">"))))
        self.fill("much that is pending", itertools.chain(
            (encode("XADD", "k", "*", "field", i) for i in range(200000)),
            (encode("XGROUP", "CREATE", "k", "group", 0),),
            (encode("XREADGROUP", "GROUP", "group", "consumer:%d" % (i % 9), "COUNT", 100,
                    "STREAMS", "k", ">") for i in range(2000))))

    def test_after_random_commands(self):
        rng = random.Random(7)
        v = b"v" * 30000

        def some():
            key, field = "k%d" % rng.randrange(200), "f%d" % rng.randrange(500)
            value = v[:rng.choice((1, 10, 100, 600, 3000, 20000))]
            return encode(*rng.choice((
                ("HSET", "h" + key, field, value), ("HDEL", "h" + key, field),
                ("RPUSH", "l" + key, value), ("LPUSH", "l" + key, value, value),
                ("LTRIM", "l" + key, 0, 40), ("LREM", "l" + key, 1, value), ("RPOP", "l" + key),
                ("LSET", "l" + key, 0, value), ("LPOP", "l" + key, 2),
                ("SADD", "s" + key, field, rng.randrange(900)), ("SREM", "s" + key, field),
                ("SPOP", "s" + key), ("SMOVE", "s" + key, "s" + field, field),
                ("ZADD", "z" + key, rng.random(), field + "x" * rng.choice((1, 700))),
                ("ZREM", "z" + key, field), ("ZREMRANGEBYRANK", "z" + key, 0, 3),
                ("ZPOPMIN", "z" + key), ("ZUNIONSTORE", "z" + key, 2, "z" + key, "s" + key),
                ("SUNIONSTORE", "s" + key, "s" + key, "s" + field),
                ("EXPIRE", "h" + key, 1000), ("PERSIST", "h" + key),
                ("RENAME", "h" + key, "h" + field), ("LINSERT", "l" + key, "BEFORE", value, "y"),
                ("COPY", "h" + key, "h" + field, "REPLACE"), ("DEL", "z" + key),
                ("COPY", "l" + key, "l" + field, "DB", 3), ("UNLINK", "l" + key),
                ("SET", key, value), ("APPEND", key, value[:50]), ("SETRANGE", key, 100, "abc"),
                ("SET", key, value, "PX", 30), ("GETDEL", key), ("LMOVE", "l" + key, "l" + field,
                                                                  "LEFT", "RIGHT"),
                ("XADD", "x" + key, "*", field, value), ("XTRIM", "x" + key, "MAXLEN", 5),
                ("XADD", "x" + key, "MAXLEN", "~", 200, "*", "a", field),
                ("XGROUP", "CREATE", "x" + key, "g", 0), ("XGROUP", "DESTROY", "x" + key, "g"),
                ("XREADGROUP", "GROUP", "g", field, "COUNT", 7, "STREAMS", "x" + key, ">"),
                ("XAUTOCLAIM", "x" + key, "g", "other", 0, 0, "COUNT", 5),
                ("XGROUP", "DELCONSUMER", "x" + key, "g", "other"),
                ("COPY", "x" + key, "x" + field, "REPLACE"), ("UNLINK", "x" + key),
                ("EVAL", "redis.call('hset', KEYS[1], 'a', ARGV[1]) "
                 "redis.call('hdel', KEYS[1], 'a', 'f1')", 1, "h" + key, value))))

        with Server("--io-threads", 2) as server, server.wire() as wire:
            for _ in range(60):
                wire.send(b"".join(some() for _ in range(500)))
                for _ in range(500):
                    wire.reply()
                self.assertEqual(wire.call("DEBUG", "ACCOUNTING"), b"OK")
            wire.call("SWAPDB", 0, 3)
            self.assertEqual(wire.call("DEBUG", "ACCOUNTING"), b"OK")
            wire.call("FLUSHALL")
            self.assertEqual(wire.call("DEBUG", "ACCOUNTING"), b"OK")


if __name__ == "__main__":
    unittest.main()
