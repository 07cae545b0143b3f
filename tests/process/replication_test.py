#!/usr/bin/python3
"""Replication between real processes: larder with larder, and with redis-server in either role."""
import random
import shutil
import socket
import threading
import time
import unittest

from harness import Server, encode, find_redis, wait_until

REDIS = find_redis()
# Backlogs that hold what a test writes while a link is down.
QUICK = ("--repl-diskless-sync-delay", 0, "--repl-timeout", 10, "--repl-backlog-size", "10mb")
STREAMS = 5  # for each database, of fill()


def larder(*options, **more):
    return Server(*QUICK, *options, **more)


def redis(*options):
    return Server(*QUICK, *options, program=REDIS)


def follow(replica, primary, port=None):
    assert replica.call("REPLICAOF", "127.0.0.1", port or primary.port) in (
        b"OK", b"OK Already connected to specified master")


def in_step(*servers):
    """Waits until all have the same history and offset, then says that their data are the same."""
    first = servers[0]

    def same():
        return all(server.info("master_link_status") == "up" and
                   server.info("master_replid") == first.info("master_replid") and
                   server.info("master_repl_offset") == first.info("master_repl_offset")
                   for server in servers[1:])

    wait_until(same, "replicas that have everything")
    data = first.call("DEBUG", "DIGEST"), groups(first)
    return all((server.call("DEBUG", "DIGEST"), groups(server)) == data for server in servers[1:])


def groups(server):
    """What DEBUG DIGEST does not see of the streams that fill() writes: where their groups are, and
    who has not acknowledged what. No replica, of Redis or larder, knows consumers without entries,
    or how many entries were read once some were deleted."""
    with server.wire() as wire:
        seen = []
        for db in range(3):
            wire.call("SELECT", db)
            for i in range(STREAMS):
                found = wire.call("XINFO", "GROUPS", "x%d" % i)
                for group in found if isinstance(found, list) else ():
                    fields = dict(zip(group[::2], group[1::2]))
                    seen.append((db, i, fields[b"last-delivered-id"],
                                 wire.call("XPENDING", "x%d" % i, "g")))
        return seen


def fill(server, seed, commands=3000):
    """Random commands of all kinds, in one pipeline."""
    dice = random.Random(seed)
    out = []
    for i in range(commands):
        key, n = "k%d" % dice.randrange(200), dice.randrange(1000)
        stream, consumer = "x%d" % (n % STREAMS), "c%d" % (n % 7)
        # The numbers of two entries that may be there.
        ids = "%d-%d" % (seed, n % 30), "%d-%d" % (seed, n % 29)
        out.append(dice.choice([
            ("SET", "s" + key, n), ("SET", "s" + key, "x" * n, "EX", 1000),
            ("APPEND", "s" + key, n),
            ("INCRBYFLOAT", "f" + key, "0.%d" % n), ("DEL", "s" + key), ("EXPIRE", "s" + key, 900),
            ("HSET", "h" + key, n, n, n + 1, n), ("HINCRBYFLOAT", "h" + key, n, 1.5),
            ("HDEL", "h" + key, n), ("SADD", "m" + key, n, "m%d" % n), ("SPOP", "m" + key),
            ("SPOP", "m" + key, 2), ("RPUSH", "l" + key, n, "y" * n), ("LPOP", "l" + key),
            ("LMOVE", "l" + key, "l%d" % n, "LEFT", "RIGHT"), ("ZADD", "z" + key, n, n, 1, "one"),
            ("ZPOPMIN", "z" + key), ("RENAME", "s" + key, "s%d" % n), ("SELECT", dice.randrange(3)),
            ("SET", "big" + key, "b" * 20000), ("SETRANGE", "s" + key, n, "q"),
            ("GETEX", "s" + key, "EX", 500), ("LTRIM", "l" + key, 0, 10), ("MULTI",), ("EXEC",),
            ("EVAL", "redis.call('SET',KEYS[1],1) return redis.call('INCR',KEYS[1])", 1, "s" + key),
            ("SUNIONSTORE", "m%d" % n, "m" + key), ("COPY", "h" + key, "h%d" % n, "REPLACE"),
            ("XADD", stream, "%d-*" % seed, n, "v" * (n % 50)),
            ("XADD", stream, "MAXLEN", "~", 50, "%d-*" % seed, "f", n), ("XDEL", stream, *ids),
            ("XTRIM", stream, "MAXLEN", n % 100), ("XTRIM", stream, "MINID", ids[0]),
            ("XGROUP", "CREATE", stream, "g", ids[0], "MKSTREAM"), ("XACK", stream, "g", *ids),
            ("XREADGROUP", "GROUP", "g", consumer, "COUNT", 5, "STREAMS", stream, ">"),
            ("XREADGROUP", "GROUP", "g", consumer, "NOACK", "STREAMS", stream, ">"),
            ("XAUTOCLAIM", stream, "g", consumer, 0, "-", "COUNT", 3),
            ("PFADD", "p%d" % (n % 9), *range(n, 100 * n, n + 1)), ("PFCOUNT", "p%d" % (n % 9)),
            ("SETBIT", "b" + key, n, 1),
            ("PFMERGE", "p%d" % (n % 8), "p%d" % (n % 9), "p" + key),
            ("BITFIELD", "b" + key, "INCRBY", "u5", n, 7, "OVERFLOW", "FAIL", "SET", "i9", 3, n),
            ("BITOP", "XOR", "b%d" % n, "b" + key, "s" + key),
            ("GEOADD", "g" + key, n / 7, n / 13, n), ("ZREM", "g" + key, n),
            ("GEORADIUS", "g" + key, 10, 10, 2000, "km", "STORE", "g%d" % n),
        ]))
    with server.wire() as wire:
        sender = threading.Thread(target=wire.send, args=(b"".join(encode(*c) for c in out),))
        sender.start()
        for _ in out:
            wire.reply()
        sender.join()


class Proxy:
    """Forwards connections to a server and cuts them when it is told to, or after some bytes."""

    def __init__(self, server):
        self.server = server
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = []
        self.left = None  # bytes from the server until the next cut
        self.closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        sockets, self.sockets = self.sockets, []
        self._end(sockets)

    def close(self):
        self.closed = True
        self.listener.close()
        self.cut()

    def _accept(self):
        while not self.closed:
            try:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.server.address)
            except OSError:
                continue
            self.sockets += [near, far]
            threading.Thread(target=self._copy, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._copy, args=(far, near, True), daemon=True).start()

    def _copy(self, source, target, counted):
        try:
            while True:
                data = source.recv(1 << 16)
                if not data:
                    break
                if counted and self.left is not None and len(data) > self.left:
                    target.sendall(data[:self.left])
                    self.left = None
                    break
                if counted and self.left is not None:
                    self.left -= len(data)
                target.sendall(data)
        except OSError:
            pass
        self._end((source, target))

    # Open ones with bytes that nobody reads, thousands of them, use up the kernel's memory for TCP.
    @staticmethod
    def _end(sockets):
        for each in sockets:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            each.close()


class Pairs:
    """What must hold for any two servers; the classes below say which."""

    def test_a_full_sync_and_the_stream_give_the_same_data(self):
        with self.primary() as primary, self.replica() as replica:
            fill(primary, 1)
            replica.call("SET", "old", "data")
            follow(replica, primary)
            fill(primary, 2)
            self.assertTrue(in_step(primary, replica))
            fill(primary, 3)
            self.assertTrue(in_step(primary, replica))
            self.assertEqual(primary.info("sync_full"), "1")
            self.assertEqual(primary.info("connected_slaves"), "1")

    def test_a_link_that_breaks_anywhere_is_taken_up_again(self):
        with self.primary() as primary, self.replica() as replica:
            proxy = Proxy(primary)
            fill(primary, 1, 500)
            follow(replica, primary, proxy.port)
            dice = random.Random(7)
            for round_number in range(6):
                proxy.left = dice.randrange(1, 200000)
                fill(primary, round_number, 1000)
            proxy.left = None
            self.assertTrue(in_step(primary, replica))
            proxy.cut()
            fill(primary, 99, 100)
            self.assertTrue(in_step(primary, replica))
            self.assertGreater(int(primary.info("sync_partial_ok")), 0)
            proxy.close()

    def test_a_demoted_primary_goes_on_without_a_full_sync(self):
        with self.primary() as primary, self.replica() as replica:
            fill(primary, 1)
            follow(replica, primary)
            self.assertTrue(in_step(primary, replica))
            offset = int(replica.info("master_repl_offset"))
            old = primary.info("master_replid")
            self.assertEqual(replica.call("REPLICAOF", "NO", "ONE"), b"OK")
            self.assertEqual(replica.info("master_replid2"), old)
            self.assertGreaterEqual(int(replica.info("second_repl_offset")), offset + 1)
            follow(primary, replica)
            fill(replica, 2)
            self.assertTrue(in_step(replica, primary))
            self.assertEqual(replica.info("sync_full"), "0")
            self.assertEqual(replica.info("sync_partial_ok"), "1")

    def test_function_libraries_come_in_the_stream_and_in_a_full_sync(self):
        def library(server, name):
            code = "#!lua name=%s\nredis.register_function('%s', function(keys) " \
                   "return redis.call('INCR', keys[1]) end)" % (name, name + "_f")
            self.assertEqual(server.call("FUNCTION", "LOAD", code), name.encode())

        with self.primary() as primary, self.replica() as replica:
            library(primary, "before")
            library(replica, "gone")
            follow(replica, primary)
            in_step(primary, replica)
            library(primary, "after")
            self.assertEqual(primary.call("FCALL", "after_f", 1, "k"), 1)
            self.assertTrue(in_step(primary, replica))
            libraries = sorted(library[1] for library in replica.call("FUNCTION", "LIST"))
            self.assertEqual(libraries, [b"after", b"before"])
            primary.call("FUNCTION", "DELETE", "before")
            self.assertTrue(in_step(primary, replica))
            self.assertEqual(len(replica.call("FUNCTION", "LIST")), 1)
            replica.call("REPLICAOF", "NO", "ONE")
            self.assertEqual(replica.call("FCALL", "after_f", 1, "k"), 2)

    def test_trimming_goes_as_far_on_the_replica(self):
        with self.primary() as primary, self.replica() as replica:
            # Its nodes are so small that what goes is more than it would trim of itself.
            replica.call("CONFIG", "SET", "stream-node-max-entries", 1)
            follow(replica, primary)
            add = "for i = 1, 450 do redis.call('XADD', KEYS[1], '*', 'f', i) end"
            for words in (("XTRIM", "x0", "MAXLEN", "~", 10, "LIMIT", 0),
                          ("XTRIM", "x0", "MAXLEN", 10),
                          ("XTRIM", "x0", "MINID", "9999999999999"),
                          ("XADD", "x0", "MAXLEN", "~", 10, "LIMIT", 0, "*", "f", "v"),
                          ("XADD", "x0", "MAXLEN", 10, "*", "f", "v")):
                with self.subTest(words):
                    primary.call("EVAL", add, 1, "x0")
                    primary.call(*words)
                    self.assertLess(primary.call("XLEN", "x0"), 150)
                    self.assertTrue(in_step(primary, replica))

    def test_wait_counts_acknowledgements(self):
        with self.primary() as primary, self.replica() as replica:
            follow(replica, primary)
            in_step(primary, replica)
            with primary.wire() as wire:
                self.assertEqual(wire.call("SET", "k", "v"), b"OK")
                self.assertEqual(wire.call("WAIT", 1, 0), 1)
                self.assertEqual(replica.call("GET", "k"), b"v")
                self.assertEqual(wire.call("WAIT", 2, 20), 1)

    def test_keys_expire_when_the_primary_says_so(self):
        with self.primary() as primary, self.replica() as replica:
            follow(replica, primary)
            in_step(primary, replica)
            primary.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            primary.call("SET", "k", "v", "PX", 30)
            in_step(primary, replica)
            time.sleep(0.05)  # its time passes
            self.assertIsNone(replica.call("GET", "k"))
            self.assertEqual(replica.call("DBSIZE"), 1)
            self.assertIsNone(primary.call("GET", "k"))
            in_step(primary, replica)
            self.assertEqual(replica.call("DBSIZE"), 0)


class LarderWithLarder(Pairs, unittest.TestCase):
    primary = staticmethod(larder)
    replica = staticmethod(larder)

    def test_snapshots_through_a_file(self):
        with larder("--repl-diskless-sync", "no") as primary, larder() as replica:
            fill(primary, 1)
            follow(replica, primary)
            self.assertTrue(in_step(primary, replica))

    def test_a_replica_refuses_writes_and_says_what_it_is(self):
        with larder() as primary, larder("--replica-serve-stale-data", "no") as replica:
            follow(replica, primary)
            in_step(primary, replica)
            self.assertEqual(replica.call("SET", "k", "v"),
                             b"-READONLY You can't write against a read only replica.")
            self.assertEqual(replica.call("ROLE")[:4],
                             [b"slave", b"127.0.0.1", primary.port, b"connected"])
            self.assertEqual(primary.call("ROLE")[2][0][:2],
                             [b"127.0.0.1", str(replica.port).encode()])
            self.assertEqual(replica.call("WAIT", 0, 0)[:26], b"-ERR WAIT cannot be used w")
            with replica.wire() as early:
                self.assertEqual(early.call("MULTI"), b"OK")
                self.assertEqual(early.call("GET", "k"), b"QUEUED")
                primary.stop()
                wait_until(lambda: replica.info("master_link_status") == "down", "a lost link")
                self.assertTrue(replica.call("GET", "k").startswith(b"-MASTERDOWN"))
                self.assertEqual(replica.call("PING")[:11], b"-MASTERDOWN")
                aborted = b"-EXECABORT Transaction discarded because of: MASTERDOWN"
                self.assertEqual(early.call("EXEC")[:len(aborted)], aborted)
            script = "#!lua flags=allow-stale,no-writes\nreturn redis.call('GET', 'k')"
            self.assertIn(b"ERR Can not execute the command on a stale replica",
                          replica.call("EVAL", script, 0))
            reply = replica.call("EVAL", "#!lua flags=no-writes\nreturn 1", 0)
            self.assertTrue(reply.startswith(b"-MASTERDOWN"))

    def test_a_replica_without_capabilities_gets_a_length(self):
        with larder() as primary, primary.wire() as wire:
            primary.call("SET", "k", "v")
            wire.send(encode("SYNC"))
            while not wire.buffer.lstrip(b"\n"):  # newlines say that the primary is alive
                wire._more()
            wire.buffer = wire.buffer.lstrip(b"\n")
            snapshot = wire._bytes(int(wire._line()[1:]))
            self.assertTrue(snapshot.startswith(b"REDIS0010"))

    def test_a_restarted_primary_continues_its_history(self):
        with larder() as replica:
            with larder() as primary:
                fill(primary, 1, 300)
                follow(replica, primary)
                self.assertTrue(in_step(primary, replica))
                folder = primary.folder
                primary.call("SAVE")
                shutil.copy(folder + "/dump.rdb", replica.folder + "/saved.rdb")
                port = primary.port
                primary.stop()
            with larder("--dir", replica.folder, "--dbfilename", "saved.rdb",
                        port=port) as primary:
                self.assertTrue(in_step(primary, replica))
                self.assertEqual(primary.info("sync_full"), "0")

    def test_min_replicas_to_write(self):
        with larder("--min-replicas-to-write", 1) as primary, larder() as replica:
            self.assertTrue(primary.call("SET", "k", "v").startswith(b"-NOREPLICAS"))
            follow(replica, primary)
            in_step(primary, replica)
            wait_until(lambda: primary.call("SET", "k", "v") == b"OK", "a good replica")


@unittest.skipUnless(REDIS, "no redis-server")
class LarderFollowsRedis(Pairs, unittest.TestCase):
    primary = staticmethod(redis)
    replica = staticmethod(larder)

    def test_a_stream_set_back_below_what_was_deleted(self):
        """Redis 7.0 lets XSETID do that. It comes in a full sync, in the stream, and back from the
        replica's file of commands."""
        file = ("--appendonly", "yes", "--aof-use-rdb-preamble", "no")

        def set_back(key):
            for words in (("XADD", key, "5-1", "a", "b"), ("XADD", key, "9-1", "a", "b"),
                          ("XDEL", key, "9-1"), ("XSETID", key, "5-1")):
                primary.call(*words)

        def ids(server):
            found = [server.call("XINFO", "STREAM", key) for key in ("x0", "x1")]
            return [stream[6:10] for stream in found]  # the last id and the highest deleted one

        with redis() as primary, larder(*file) as replica:
            set_back("x0")
            follow(replica, primary)
            self.assertTrue(in_step(primary, replica))
            set_back("x1")
            self.assertTrue(in_step(primary, replica))
            self.assertEqual(ids(replica), ids(primary))
            primary.call("XADD", "x1", "6-1", "c", "d")
            self.assertTrue(in_step(primary, replica))
            replica.call("BGREWRITEAOF")
            wait_until(lambda: replica.info("aof_rewrite_in_progress") == "0" and
                       replica.info("aof_rewrite_scheduled") == "0", "the end of the rewrite")
            self.assertEqual(replica.stop(), 0)
            with larder("--dir", replica.folder, *file) as again:
                self.assertEqual(ids(again), ids(primary))
                self.assertEqual(again.call("DEBUG", "DIGEST"), primary.call("DEBUG", "DIGEST"))


@unittest.skipUnless(REDIS, "no redis-server")
class RedisFollowsLarder(Pairs, unittest.TestCase):
    primary = staticmethod(larder)
    replica = staticmethod(redis)


class ScriptsWithoutPrimary:
    """What a replica that may not serve stale data runs of scripts while its primary is gone. The
    classes below say which server."""
    GONE = b"MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
    ABORTED = b"-EXECABORT Transaction discarded because of: "
    SCRIPTS = {  # and whether they run
        "return 1": False,
        "return redis.call('GET', 'k')": False,
        "#!lua flags=no-writes\nreturn 1": False,
        "#!lua flags=no-writes,allow-stale\nreturn 1": True,
    }
    FUNCTIONS = ("#!lua name=lib\n"
                 "local function one() return 1 end\n"
                 "redis.register_function{function_name='fresh', callback=one, "
                 "flags={'no-writes'}}\n"
                 "redis.register_function{function_name='stale', callback=one, "
                 "flags={'no-writes', 'allow-stale'}}")

    def setUp(self):
        self.server = self.kind("--replica-serve-stale-data", "no")
        self.addCleanup(self.server.__exit__)

    def lose(self):
        """Where nobody is."""
        self.assertEqual(self.server.call("REPLICAOF", "127.0.0.1", 1), b"OK")

    def test_those_that_say_that_they_may(self):
        known = {script: self.server.call("SCRIPT", "LOAD", script) for script in self.SCRIPTS}
        self.assertEqual(self.server.call("FUNCTION", "LOAD", self.FUNCTIONS), b"lib")
        self.lose()
        calls = [(words, runs) for script, runs in self.SCRIPTS.items()
                 for words in (("EVAL", script), ("EVAL_RO", script),
                               ("EVALSHA", known[script]), ("EVALSHA_RO", known[script]))]
        calls += [(("FCALL", "fresh"), False), (("FCALL", "stale"), True)]
        for words, runs in calls:
            with self.subTest(words=words):
                self.assertEqual(self.server.call(*words, 0), 1 if runs else b"-" + self.GONE)

    def test_what_is_no_script_is_told_so(self):
        self.lose()
        self.assertEqual(self.server.call("EVALSHA", "0" * 40, 0),
                         b"-NOSCRIPT No matching script. Please use EVAL.")
        self.assertTrue(self.server.call("EVAL", "return (", 0).startswith(
            b"-ERR Error compiling script (new function): "))

    def test_exec_looks_into_the_scripts_that_it_will_run(self):
        refusals = {
            "#!lua flags=no-writes\nreturn 1": self.ABORTED + self.GONE,
            "#!lua flags=allow-stale\nreturn 1":
                self.ABORTED + b"READONLY You can't write against a read only replica.",
            "#!lua flags=no-writes,allow-stale\nreturn 1": [1],
            "return 1": [b"-" + self.GONE],
        }
        wires = {}
        for script in refusals:
            wires[script] = wire = self.server.wire()
            self.addCleanup(wire.socket.close)
            self.assertEqual(wire.call("MULTI"), b"OK")
            self.assertEqual(wire.call("EVAL", script, 0), b"QUEUED")
        self.lose()
        for script, refusal in refusals.items():
            with self.subTest(script=script):
                self.assertEqual(wires[script].call("EXEC"), refusal)


class LarderWithoutPrimary(ScriptsWithoutPrimary, unittest.TestCase):
    kind = staticmethod(larder)


@unittest.skipUnless(REDIS, "no redis-server")
class RedisWithoutPrimary(ScriptsWithoutPrimary, unittest.TestCase):
    kind = staticmethod(redis)


@unittest.skipUnless(REDIS, "no redis-server")
class Chains(unittest.TestCase):
    def check(self, first, second, third):
        with first() as a, second() as b, third() as c:
            fill(a, 1)
            follow(b, a)
            self.assertTrue(in_step(a, b))
            follow(c, b)
            self.assertTrue(in_step(a, b, c))
            fill(a, 2)
            self.assertTrue(in_step(a, b, c))
            # The one in the middle becomes primary: the last one keeps what it has.
            full = b.info("sync_full")
            self.assertEqual(b.call("REPLICAOF", "NO", "ONE"), b"OK")
            fill(b, 3)
            self.assertTrue(in_step(b, c))
            self.assertEqual(b.info("sync_full"), full)

    def test_redis_larder_redis(self):
        self.check(redis, larder, redis)

    def test_larder_redis_larder(self):
        self.check(larder, redis, larder)

    def test_larder_larder_larder(self):
        self.check(larder, larder, larder)


if __name__ == "__main__":
    unittest.main()
