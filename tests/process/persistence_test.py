#!/usr/bin/python3
"""Snapshots on disk: what is saved comes back, other programs can read it, and nothing that goes
wrong costs the file that is there."""
import os
import re
import resource
import signal
import struct
import subprocess
import threading
import time
import unittest

from aof_test import fill as fill_all_kinds
from faults import EIO, ENOSPC, EROFS, Disk, DiskTest
from harness import (REDUCED, Server, ServerTest, encode, redis_server, wait_for_end,
                     wait_until)

FILE = "dump.rdb"


def fill(server, keys=2000):
    with server.wire() as wire:
        for i in range(keys):
            wire.send(encode("SET", "key:%d" % i, "value %d" % i))
        for words in (("HSET", "h", "f", "1"), ("RPUSH", "l", "a", "b"), ("SADD", "s", "1", "2"),
                      ("SADD", "t", "x", "y"), ("ZADD", "z", "1.5", "a"),
                      ("SET", "big", "z" * 100000), ("SET", "expires", "v", "EX", "1000")):
            wire.send(encode(*words))
        for _ in range(keys + 7):
            wire.reply()


def path(server):
    return os.path.join(server.folder, FILE)


def digest(server):
    return server.call("DEBUG", "DIGEST")


def saved(server):
    """Waits for the end of a background save and tells how it ended."""
    wait_until(lambda: server.info("rdb_bgsave_in_progress") == "0", "the end of the save")
    return server.info("rdb_last_bgsave_status")


def restart(server, *options, **more):
    """Another server in the same folder, whose own goes when this one does."""
    return Server("--dir", server.folder, *options, **more)


class Start(unittest.TestCase):
    """Starts on a file that is damaged in some way: refused, with a reason, and left alone."""

    def refused(self, content, reason):
        with Server() as server:
            server.stop()
            with open(path(server), "wb") as file:
                file.write(content)
            with Server("--dir", server.folder, wait=False) as other:
                self.assertEqual(wait_for_end(other.process), 1)
                other.await_log(reason)
            with open(path(server), "rb") as file:
                self.assertEqual(file.read(), content)

    def test_no_file_is_an_empty_data_set(self):
        with Server() as server:
            self.assertEqual(server.call("DBSIZE"), 0)

    def test_files_that_are_refused(self):
        with Server() as server:
            fill(server, 10)
            self.assertEqual(server.call("SAVE"), b"OK")
            with open(path(server), "rb") as file:
                good = file.read()
        self.refused(good[:-100], "the input ends too early")
        self.refused(good[:100], "offset 100")
        self.refused(good[:60] + bytes([good[60] ^ 1]) + good[61:], "Internal error in RDB")
        self.refused(b"REDIS0099" + good[9:], "Can't handle RDB format version 99")
        self.refused(b"", "the input ends too early")
        self.refused(b"something else", "Wrong signature")
        huge = b"REDIS0010\xfe\x00\x00\x01k\x81" + struct.pack(">Q", 1 << 62) + b"abc"
        self.refused(huge, "the input ends too early")

    def test_clients_are_told_while_it_loads(self):
        with Server() as server:
            fill(server, 200)
            self.assertEqual(server.call("SAVE"), b"OK")
            server.stop()
            with Server("--dir", server.folder, "--key-load-delay", "10000", wait=False) as other:
                wait_until(lambda: self._says(other, b"-LOADING"), "-LOADING")
                told = dict(re.findall(r"(\w+):(\S+)", other.call("INFO").decode()))
                self.assertEqual(told["loading"], "1")
                self.assertLess(float(told["loading_loaded_perc"].rstrip("%")), 100)
                self.assertGreaterEqual(int(told["loading_eta_seconds"]), 0)
                wait_until(lambda: self._says(other, b"value 1"), "the end of loading")
                self.assertEqual(other.info("loading"), "0")
                other.await_log("keys loaded: 207")

    def test_a_stop_while_it_loads_keeps_the_file(self):
        with Server() as server:
            fill(server, 200)
            self.assertEqual(server.call("SAVE"), b"OK")
            server.stop()
            with open(path(server), "rb") as file:
                good = file.read()
            with Server("--dir", server.folder, "--key-load-delay", "1000000", "--save", "1 1",
                        wait=False) as other:
                wait_until(lambda: self._says(other, b"-LOADING"), "-LOADING")
                self.assertEqual(other.stop(), 0)
            with open(path(server), "rb") as file:
                self.assertEqual(file.read(), good)

    def _says(self, server, what):
        try:
            reply = server.call("GET", "key:1")
        except OSError:
            return False
        return reply is not None and reply.startswith(what)


class Save(ServerTest):
    def test_what_was_saved_comes_back(self):
        fill(self.server)
        before = digest(self.server)
        self.assertEqual(self.server.call("BGSAVE"), b"Background saving started")
        self.assertEqual(saved(self.server), "ok")
        self.server.call("FLUSHALL")
        with restart(self.server) as other:
            self.assertEqual(digest(other), before)
            other.await_log("DB loaded from disk")

    def test_other_programs_read_it(self):
        fill(self.server)
        for i in range(2000):  # beyond what is kept small
            self.server.call("ZADD", "large", i, "m%d" % i) if i % 100 == 0 else None
        self.assertEqual(self.server.call("SAVE"), b"OK")
        checked = subprocess.run(["redis-check-rdb", path(self.server)], capture_output=True,
                                 text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        self.assertIn("Checksum OK", checked.stdout)

    def test_redis_loads_it_and_its_file_is_loaded(self):
        fill(self.server)
        self.assertEqual(self.server.call("SAVE"), b"OK")
        before = digest(self.server)
        redis = redis_server()
        port = self.server.port
        self.assertEqual(self.server.stop(), 0)
        judge = subprocess.Popen([redis, "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                                  "--dir", self.server.folder], stdout=subprocess.DEVNULL)
        try:
            wait_until(lambda: self._answers(), "the first PONG of redis-server")
            self.assertEqual(self.server.call("DBSIZE"), 2007)
            self.assertEqual(self.server.call("HGET", "h", "f"), b"1")
            self.assertEqual(self.server.call("STRLEN", "big"), 100000)
            self.assertEqual(self.server.call("SAVE"), b"OK")
        finally:
            judge.terminate()
            judge.wait()
        with restart(self.server) as other:
            self.assertEqual(digest(other), before)

    def test_redis_has_the_same_data_of_every_type_from_it(self):
        fill_all_kinds(self.server)
        self.assertEqual(self.server.call("SAVE"), b"OK")
        checked = subprocess.run(["redis-check-rdb", path(self.server)], capture_output=True,
                                 text=True)
        self.assertEqual(checked.returncode, 0, checked.stdout)
        with restart(self.server, program=redis_server()) as judge:
            self.assertEqual(digest(judge), digest(self.server))
            # What the digest does not see.
            self.assertEqual(judge.call("XPENDING", "stream", "group"),
                             self.server.call("XPENDING", "stream", "group"))
            self.assertEqual(judge.call("XINFO", "GROUPS", "stream"),
                             self.server.call("XINFO", "GROUPS", "stream"))
            self.assertEqual(judge.call("FCALL", "f", 0), 1)

    def test_without_rdbchecksum_none_is_written_and_none_is_checked(self):
        fill(self.server, 10)
        self.assertEqual(self.server.call("SAVE"), b"OK")
        os.truncate(path(self.server), os.path.getsize(path(self.server)) - 8)
        with open(path(self.server), "ab") as file:
            file.write(b"nonsense")
        with restart(self.server, "--rdbchecksum", "no") as other:
            self.assertEqual(digest(other), digest(self.server))
            self.assertEqual(other.call("SAVE"), b"OK")
        with open(path(self.server), "rb") as file:
            self.assertTrue(file.read().endswith(b"\xff" + bytes(8)))
        with restart(self.server) as other:
            self.assertEqual(digest(other), digest(self.server))

    def test_whoever_saves_in_the_background_leaves_the_cores_to_others(self):
        def niceness():
            """Of each thread."""
            tasks, found = "/proc/%d/task" % self.server.process.pid, {}
            for task in os.listdir(tasks):
                with open("%s/%s/stat" % (tasks, task)) as stat:
                    found[int(task)] = int(stat.read().rsplit(")", 1)[1].split()[16])
            return found

        fill(self.server, 100)
        before = niceness()
        self.assertEqual(before[self.server.process.pid], os.nice(0))
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", 10000000)
        self.server.call("BGSAVE")
        wait_until(lambda: 10 in [nice for task, nice in niceness().items() if task not in before],
                   "a new thread that steps back")
        now = niceness()
        self.assertEqual({task: now[task] for task in before}, before)
        self.server.call("CONFIG", "SET", "save", "")
        self.server.call("FLUSHALL")  # ends it

    def _answers(self):
        try:
            return self.server.call("PING") == b"PONG"
        except OSError:
            return False

    def test_databases_that_are_left_out(self):
        self.server.call("CONFIG", "SET", "database-persist", "1 no")
        with self.server.wire() as wire:
            for db in range(3):
                wire.call("SELECT", db)
                wire.call("SET", "k", db)
        self.server.call("SAVE")
        with restart(self.server) as other, other.wire() as wire:
            sizes = []
            for db in range(3):
                wire.call("SELECT", db)
                sizes.append(wire.call("DBSIZE"))
            self.assertEqual(sizes, [1, 0, 1])


class Consistency(ServerTest):
    options = ("--io-threads", "4")

    def test_a_snapshot_under_load_is_one_moment(self):
        """Writers keep pairs of keys equal with MULTI, and a sum constant; so must the snapshot."""
        pairs, seconds = 500, 0.3 if REDUCED else 1.0
        with self.server.wire() as wire:
            for i in range(pairs):
                wire.call("MSET", "{%d}a" % i, 0, "{%d}b" % i, 0, "x:%d" % i, "v" * 300)
            wire.call("HSET", "bank", "a", 1000, "b", 1000)
            wire.call("RPUSH", "queue", *range(1000))
        stop = threading.Event()

        def write(number):
            with self.server.wire() as wire:
                n = number
                while not stop.is_set():
                    i = n * 7919 % pairs
                    n += 4
                    wire.send(encode("MULTI") + encode("INCR", "{%d}a" % i) +
                              encode("SADD", "set:%d" % i, n) + encode("INCR", "{%d}b" % i) +
                              encode("HINCRBY", "bank", "a", -1) +
                              encode("HINCRBY", "bank", "b", 1) +
                              encode("RPOPLPUSH", "queue", "queue") + encode("EXEC") +
                              encode("DEL", "x:%d" % i) + encode("SETEX", "x:%d" % i, 100, n))
                    for _ in range(10):
                        wire.reply()

        writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
        for writer in writers:
            writer.start()
        try:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                self.assertEqual(self.server.call("BGSAVE"), b"Background saving started")
                self.assertEqual(saved(self.server), "ok")
                self.check(pairs)
        finally:
            stop.set()
            for writer in writers:
                writer.join()

    def check(self, pairs):
        with restart(self.server) as other, other.wire() as wire:
            for i in range(pairs):
                a, b = wire.call("MGET", "{%d}a" % i, "{%d}b" % i)
                self.assertEqual(a, b)
            a, b = wire.call("HMGET", "bank", "a", "b")
            self.assertEqual(int(a) + int(b), 2000)
            self.assertEqual(sorted(map(int, wire.call("LRANGE", "queue", 0, -1))),
                             list(range(1000)))

    def test_flushes_and_swaps_while_it_is_written(self):
        with self.server.wire() as wire:
            wire.call("DEBUG", "POPULATE", 3000)
            wire.call("SELECT", 1)
            wire.call("SET", "one", 1)
            wire.call("CONFIG", "SET", "rdb-key-save-delay", 100)
            wire.call("BGSAVE")
            wire.call("SWAPDB", 0, 1)
            wire.call("FLUSHDB")
            wire.call("SET", "new", 1)
            self.assertEqual(saved(self.server), "ok")
        with restart(self.server) as other, other.wire() as wire:
            self.assertEqual(wire.call("DBSIZE"), 3000)
            self.assertEqual(wire.call("GET", "key:2999"), b"value:2999")
            wire.call("SELECT", 1)
            self.assertEqual(wire.call("KEYS", "*"), [b"one"])


class SavePoints(unittest.TestCase):
    def test_changes_are_saved_after_their_time(self):
        with Server("--save", "1 2") as server:
            server.call("MSET", "a", 1, "b", 2)
            server.call("SET", "c", 3)
            wait_until(lambda: os.path.exists(path(server)), "a file")
            wait_until(lambda: server.info("rdb_changes_since_last_save") == "0", "no changes left")
            server.await_log("changes in 1 seconds. Saving...")

    def test_sigterm_saves_where_there_are_save_points(self):
        with Server("--save", "1000 1000") as server:
            fill(server, 10)
            self.assertEqual(server.stop(), 0)
            with restart(server) as other:
                self.assertEqual(other.call("DBSIZE"), 17)

    def test_shutdown_save_and_nosave(self):
        for word, exists in (("SAVE", True), ("NOSAVE", False)):
            with Server("--save", "" if word == "SAVE" else "1000 1000") as server:
                server.call("SET", "k", "v")
                with server.wire() as wire:
                    wire.send(encode("SHUTDOWN", word))
                    self.assertEqual(wire.rest(), b"")
                self.assertEqual(wait_for_end(server.process), 0)
                self.assertEqual(os.path.exists(path(server)), exists)

    def test_shutdown_on_sigterm_says_what_the_signal_means(self):
        with Server("--save", "1000 1000", "--shutdown-on-sigterm", "nosave") as server:
            server.call("SET", "k", "v")
            self.assertEqual(server.stop(), 0)
            self.assertFalse(os.path.exists(path(server)))


class Trouble(ServerTest):
    options = ("--save", "1000 1000000", "--enable-protected-configs", "local")

    def setUp(self):
        super().setUp()
        fill(self.server, 100)
        self.assertEqual(self.server.call("SAVE"), b"OK")
        with open(path(self.server), "rb") as file:
            self.good = file.read()
        self.server.call("SET", "more", os.urandom(300000))

    def intact(self):
        with open(path(self.server), "rb") as file:
            self.assertEqual(file.read(), self.good)
        left = [name for name in os.listdir(self.server.folder) if name.startswith("temp-")]
        self.assertEqual(left, [])

    def limit_file_size(self, size):
        """What a full disk does, too; the log must still fit."""
        resource.prlimit(self.server.process.pid, resource.RLIMIT_FSIZE,
                         (size, resource.RLIM_INFINITY))

    def fails(self):
        """A background save that fails: told by INFO and to writers, and the old file stays."""
        self.server.call("BGSAVE")
        self.assertEqual(saved(self.server), "err")
        self.intact()
        script = "return redis.call('set','a','b')"
        for words in (("SET", "k", "v"), ("PING",), ("EVAL", script, 0)):
            self.assertIn(b"MISCONF", self.server.call(*words))
        self.assertEqual(self.server.call("GET", "key:1"), b"value 1")
        self.server.await_log("Background saving error")
        self.a_cache_goes_on(script)
        self.assertEqual(self.server.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"),
                         b"OK")
        self.assertEqual(self.server.call("SET", "k", "v"), b"OK")

    def a_cache_goes_on(self, script):
        """Whose database no snapshot holds."""
        self.server.call("CONFIG", "SET", "database-persist", "0 no")
        with self.server.wire() as wire:
            for words in (("SET", "k", "v"), ("EVAL", script, 0), ("MULTI",), ("SET", "k", "v"),
                          ("EXEC",)):
                self.assertNotIn(b"MISCONF", b"%r" % wire.call(*words), words)
            for words in (("COPY", "k", "k2", "DB", 1), ("FLUSHALL",),
                          ("EVAL", "redis.call('SELECT',1) " + script, 0)):
                self.assertIn(b"MISCONF", wire.call(*words), words)
            for words in (("MULTI",), ("SELECT", 1), ("SET", "k", "v")):
                reply = wire.call(*words)
            self.assertEqual(reply, b"QUEUED")
            self.assertIn(b"MISCONF", wire.call("EXEC"))
        self.server.call("CONFIG", "SET", "database-persist", "0 yes")

    def recovers(self):
        self.server.call("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes")
        self.server.call("BGSAVE")
        self.assertEqual(saved(self.server), "ok")
        self.assertEqual(self.server.call("SET", "k", "v"), b"OK")

    def test_a_full_disk(self):
        self.limit_file_size(100000)
        self.fails()
        self.limit_file_size(resource.RLIM_INFINITY)
        self.recovers()

    def full_sync_is(self, status):
        """It is told so a moment after it has ended."""
        wait_until(lambda: self.server.info("larder_last_full_sync_status") == status, status)

    def test_a_full_disk_at_a_full_sync_through_a_file(self):
        self.server.call("CONFIG", "SET", "repl-diskless-sync", "no")
        self.limit_file_size(100000)
        with Server("--replicaof", "127.0.0.1 %d" % self.server.port) as replica:
            line = "the snapshot could not be written: File too large"
            self.server.await_log(line)
            self.full_sync_is("err")
            self.intact()
            self.limit_file_size(resource.RLIM_INFINITY)
            wait_until(lambda: replica.info("master_link_status") == "up", "the link")
            self.full_sync_is("ok")
            self.assertEqual(self.server.info("rdb_changes_since_last_save"), "0")  # it is a save
            os.unlink(path(self.server))
            os.mkdir(path(self.server))
            replica.call("REPLICAOF", "NO", "ONE")
            replica.call("REPLICAOF", "127.0.0.1", self.server.port)
            self.server.await_log("its file could not become dump.rdb")
            wait_until(lambda: replica.info("master_link_status") == "up", "the link")
            self.assertEqual(self.server.info("rdb_last_bgsave_status"), "ok")
            os.rmdir(path(self.server))

    def test_shutdown_fails_when_it_can_not_save_and_force_ends_it(self):
        self.limit_file_size(100000)
        self.assertEqual(self.server.call("SHUTDOWN"),
                         b"-ERR Errors trying to SHUTDOWN. Check logs.")
        self.server.process.send_signal(signal.SIGTERM)
        wait_until(lambda: self.server.log().count("can't exit") == 2, "a refused SIGTERM")
        self.assertEqual(self.server.call("SET", "still", "here"), b"OK")
        with self.server.wire() as wire:
            wire.send(encode("SHUTDOWN", "FORCE"))
            self.assertEqual(wire.rest(), b"")
        self.assertEqual(wait_for_end(self.server.process), 0)
        self.intact()

    def test_flushall_stops_a_save_that_is_of_no_use(self):
        self.server.call("CONFIG", "SET", "save", "")
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", 10000000)
        self.server.call("BGSAVE")
        self.server.call("FLUSHALL")
        self.assertEqual(saved(self.server), "ok")
        self.server.await_log("not wanted any more")
        self.intact()

    def test_another_folder_and_name_while_it_saves_are_for_the_next(self):
        other = os.path.join(self.server.folder, "other")
        os.mkdir(other)
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", 10000)
        self.server.call("BGSAVE")
        self.assertEqual(self.server.call("CONFIG", "SET", "dir", other, "dbfilename", "next.rdb"),
                         b"OK")
        self.assertEqual(saved(self.server), "ok")
        self.assertEqual(self.server.call("SET", "k", "v"), b"OK")
        self.assertEqual(os.listdir(other), [])
        before = self.good
        with open(path(self.server), "rb") as file:
            self.good = file.read()
        self.assertNotEqual(self.good, before)
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", 0)
        self.server.call("BGSAVE")
        self.assertEqual(saved(self.server), "ok")
        self.assertEqual(os.listdir(other), ["next.rdb"])
        self.intact()

    def test_a_kill_while_it_saves_keeps_the_old_file(self):
        with Server() as server:
            fill(server, 100)
            server.call("SAVE")
            with open(path(server), "rb") as file:
                good = file.read()
            server.call("CONFIG", "SET", "rdb-key-save-delay", 10000000)
            server.call("BGSAVE")
            server.process.kill()
            server.process.wait()
            with open(path(server), "rb") as file:
                self.assertEqual(file.read(), good)


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class Refusing(unittest.TestCase):
    """A disk that takes nothing, in one of the ways that disks have."""

    def refused(self, call, error):
        with Server() as place:
            place.stop()
            with Disk(place.folder) as disk, \
                    restart(place, "--save", "1000 1000", environment=disk.environment) as server:
                fill(server, 100)
                self.assertEqual(server.call("SAVE"), b"OK")
                with open(path(place), "rb") as file:
                    good = file.read()
                self.assertEqual(server.call("SET", "more", "v"), b"OK")
                disk.fail(call, error)
                self.assertEqual(server.call("SAVE"), b"-ERR")
                server.call("BGSAVE")
                self.assertEqual(saved(server), "err")
                with open(path(place), "rb") as file:
                    self.assertEqual(file.read(), good)
                self.assertEqual(sorted(os.listdir(place.folder)), [FILE, "output"])
                server.await_log(os.strerror(error))
                self.assertTrue(server.call("SET", "refused", "v").startswith(b"-MISCONF"))
                self.assertEqual(server.call("GET", "more"), b"v")
                disk.work()
                server.call("BGSAVE")
                self.assertEqual(saved(server), "ok")
                self.assertEqual(server.call("SET", "after", "v"), b"OK")
                server.stop(signal.SIGKILL)
            with restart(place) as again:
                self.assertEqual(again.call("GET", "more"), b"v")

    def test_what_can_not_be_read_is_not_taken_for_the_end(self):
        with Server() as place:
            fill(place, 1000)
            before = digest(place)
            place.call("SAVE")
            place.stop()
            with Disk(place.folder) as disk:
                disk.fail("read", EIO)
                with Server("--dir", place.folder, "--save", "1 1", wait=False,
                            environment=disk.environment) as server:
                    self.assertEqual(wait_for_end(server.process), 1)
                    self.assertIn("Input/output error", server.log())
            with restart(place) as again:
                self.assertEqual(digest(again), before)

    def test_that_is_full(self):
        self.refused("write", ENOSPC)

    def test_that_fails_to_write(self):
        self.refused("write", EIO)

    def test_that_fails_to_sync(self):
        self.refused("fsync", EIO)

    def test_that_may_only_be_read(self):
        self.refused("open", EROFS)


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class Slow(DiskTest):
    """A disk that takes its time for a snapshot, while a later one is written."""

    def setUp(self):
        super().setUp()
        self.server = restart(self.place, "--save", "1000 1", "--rdbchecksum", "no",
                              environment=self.disk.environment)
        self.addCleanup(self.server.__exit__)
        fill(self.server, 100)
        self.disk.fail("fsync", 0, "bg.rdb")
        temporary = os.path.join(self.place.folder, "temp-%d.bg.rdb" % self.server.process.pid)
        with open(temporary, "w+b") as file:
            self.server.call("BGSAVE")
            wait_until(lambda: file.seek(0) == 0 and
                       file.read().endswith(b"\xff" + bytes(8)), "all of the file")

    def test_flushall_is_not_undone_by_an_older_one(self):
        self.assertEqual(self.server.call("FLUSHALL"), b"OK")
        self.disk.work()
        self.server.await_log("not wanted any more")
        self.server.stop(signal.SIGKILL)
        with restart(self.place) as again:
            self.assertEqual(again.call("DBSIZE"), 0)

    def test_the_last_save_is_not_undone_by_an_older_one(self):
        self.server.call("SET", "new", "1")
        self.server.process.send_signal(signal.SIGTERM)
        self.server.await_log("DB saved on disk")
        self.disk.work()
        self.server.await_log("not wanted any more")
        with restart(self.place) as again:
            self.assertEqual(again.call("GET", "new"), b"1")


if __name__ == "__main__":
    unittest.main()
