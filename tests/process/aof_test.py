#!/usr/bin/python3
"""The append-only file: what was acknowledged is there after any end, and the files are Redis'."""
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time
import unittest

from faults import Disk
from harness import (REDUCED, SERVER, Server, accepts, encode, redis_server, wait_for_end,
                     wait_until)

DIRECTORY = "appendonlydir"
ON = ("--appendonly", "yes")
ALWAYS = ON + ("--appendfsync", "always")


def aof(server, name=""):
    return os.path.join(server.folder, DIRECTORY, name)


def manifest(server):
    with open(aof(server, "appendonly.aof.manifest")) as file:
        return file.read()


def last_file(server):
    return aof(server, re.findall(r"file (\S+) ", manifest(server))[-1])


def digest(server):
    return server.call("DEBUG", "DIGEST")


def rewritten(server):
    """Waits for the end of a rewrite and tells how it ended."""
    wait_until(lambda: server.info("aof_rewrite_in_progress") == "0" and
               server.info("aof_rewrite_scheduled") == "0", "the end of the rewrite")
    return server.info("aof_last_bgrewrite_status")


def fill(server):
    with server.wire() as wire:
        wire.send(b"".join(encode(*words) for words in KINDS))
        for words in KINDS:
            reply = wire.reply()
            assert not (isinstance(reply, bytes) and reply.startswith(b"-")), (words, reply)


KINDS = (
    [("SET", "s:%d" % i, "value %d" % i) for i in range(500)] +
    [("RPUSH", "list", *range(i, i + 50)) for i in range(0, 500, 50)] +
    [("SADD", "set", *range(300)), ("SADD", "words", "a", "b\r\n", "c")] +
    [("HSET", "hash", "f%d" % i, "v" * i) for i in range(200)] +
    [("ZADD", "zset", i / 7, "m%d" % i) for i in range(200)] +
    [("ZADD", "zset", "inf", "top", "-inf", "bottom")] +
    [("XADD", "stream", "%d-1" % i, "f", i, "g", "x") for i in range(1, 150)] +
    [("XDEL", "stream", "7-1"), ("XGROUP", "CREATE", "stream", "group", "5"),
     ("XREADGROUP", "GROUP", "group", "me", "COUNT", "9", "STREAMS", "stream", ">"),
     ("XGROUP", "CREATECONSUMER", "stream", "group", "idle"),
     ("XADD", "gone", "9-9", "a", "b"), ("XDEL", "gone", "9-9"),
     ("PFADD", "hyperloglog", *range(500)), ("BITFIELD", "bits", "SET", "u9", "77", "300"),
     ("GEOADD", "geo", "13.4", "52.5", "a", "2.3", "48.9", "b"),
     ("SET", "large", "z" * 200000), ("SET", "later", "v", "EX", "1000"), ("SET", "n", "17"),
     ("FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('f', function() return 1 end)"),
     ("SELECT", "3"), ("SET", "other", "database"), ("SELECT", "0")])


class Writers:
    """Clients that count, each in a key of its own; what they were told counts as kept."""

    def __init__(self, server, count=4, pipeline=8):
        self.server, self.pipeline = server, pipeline
        self.acknowledged = [0] * count
        self.threads = [threading.Thread(target=self._run, args=(i,)) for i in range(count)]
        for thread in self.threads:
            thread.start()

    def _run(self, i):
        try:
            with self.server.wire() as wire:
                while True:
                    wire.send(encode("INCR", "counter:%d" % i) * self.pipeline)
                    for _ in range(self.pipeline):
                        reply = wire.reply()
                        if not isinstance(reply, int):
                            return
                        self.acknowledged[i] = reply
        except (OSError, EOFError):
            pass

    def go_on(self, least_s, most_s):
        """Until each has an answer, and then for a time that is chance: the end may come at any."""
        wait_until(lambda: all(self.acknowledged), "an answer for each")
        time.sleep(random.uniform(least_s, most_s))

    def join(self):
        for thread in self.threads:
            thread.join()

    def missing(self, server):
        """Counters that are below what was acknowledged."""
        found = [int(server.call("GET", "counter:%d" % i) or 0)
                 for i in range(len(self.acknowledged))]
        return [(a, f) for a, f in zip(self.acknowledged, found) if f < a]


class Restart(unittest.TestCase):
    def same_after_restart(self, *options):
        with Server(*ON, *options) as server:
            fill(server)
            before = digest(server)
            self.assertEqual(server.stop(), 0)
            with Server("--dir", server.folder, *ON, *options) as again:
                self.assertEqual(digest(again), before)
                self.assertEqual(again.call("FCALL", "f", "0"), 1)
                again.call("BGREWRITEAOF")
                self.assertEqual(rewritten(again), "ok")
                self.assertEqual(digest(again), before)
                again.call("SET", "after", "rewrite")
                before = digest(again)
                again.stop(signal.SIGKILL)
            with Server("--dir", server.folder, *ON, *options) as again:
                self.assertEqual(digest(again), before)
                self.assertEqual(again.call("XPENDING", "stream", "group")[0], 9)

    def test_gives_the_same_data_with_a_base_as_snapshot(self):
        self.same_after_restart()

    def test_gives_the_same_data_with_a_base_as_commands(self):
        self.same_after_restart("--aof-use-rdb-preamble", "no", "--aof-timestamp-enabled", "yes")

    def test_transactions_and_scripts_come_back_whole(self):
        with Server(*ON) as server:
            with server.wire() as wire:
                for words in (("MULTI",), ("SET", "a", "1"), ("SELECT", "2"), ("SET", "b", "2"),
                              ("EXEC",), ("SELECT", "0"),
                              ("EVAL", "redis.call('SET','c',1) redis.call('INCR','c')", "0"),
                              ("SET", "d", "x", "PX", "1"), ("SPOP", "nothing")):
                    wire.call(*words)
            time.sleep(0.01)  # d's time passes
            before = digest(server)
            server.stop()
            with Server("--dir", server.folder, *ON) as again:
                self.assertEqual(digest(again), before)
                self.assertEqual(again.call("GET", "c"), b"2")

    def test_trims_streams_as_far_as_they_were_trimmed(self):
        add = "for i = 1, 12000 do redis.call('XADD', KEYS[1], i .. '-1', 'f', 'v') end"
        trims = (("MAXLEN", "=", 10), ("MAXLEN", "~", 10, "LIMIT", 0), ("MINID", "11991-1"))
        with Server(*ON) as server:
            for i, trim in enumerate(trims):
                server.call("EVAL", add, 1, "x%d" % i)
                self.assertGreater(server.call("XTRIM", "x%d" % i, *trim), 10_000)
            server.call("EVAL", add, 1, "redis")
            before = digest(server)
            server.stop(signal.SIGKILL)
            with Server("--dir", server.folder, *ON) as again:
                self.assertEqual(digest(again), before)
                again.stop(signal.SIGKILL)
            with open(last_file(server), "ab") as file:  # Redis keeps a LIMIT beside exact words
                file.write(encode("XTRIM", "redis", "MAXLEN", "=", 10, "LIMIT", 5))
            with Server("--dir", server.folder, *ON) as again:
                self.assertEqual(again.call("XLEN", "redis"), 10)

    def test_a_stop_does_not_wait_for_what_makes_loading_slow(self):
        with Server(*ON) as server:
            server.call("SET", "k", "v")
            server.stop()
            with Server("--dir", server.folder, *ON, "--key-load-delay", "1000000000",
                        wait=False) as again:
                wait_until(lambda: accepts(again.address), "a listener")
                self.assertEqual(again.info("loading"), "1")
                self.assertEqual(again.stop(), 0)

    def test_turned_on_and_off_while_it_runs(self):
        with Server() as server:
            fill(server)
            self.assertEqual(server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
            self.assertEqual(rewritten(server), "ok")
            server.call("SET", "later", "on")
            before = digest(server)
            self.assertEqual(server.call("CONFIG", "SET", "appendonly", "no"), b"OK")
            self.assertEqual(server.info("aof_enabled"), "0")
            server.call("SET", "later", "off")
            server.stop()
            with Server("--dir", server.folder, *ON) as again:
                self.assertEqual(digest(again), before)

    def test_a_name_that_the_manifest_could_not_hold_is_refused(self):
        for directive in ("appendfilename", "appenddirname", "dbfilename"):
            for name in ("a\\b", "a/b"):
                with Server("--" + directive, name, wait=False) as server:
                    self.assertEqual(wait_for_end(server.process), 1)
                    kind = "dirname" if directive == "appenddirname" else "filename"
                    server.await_log("%s can't be a path, just a %s" % (directive, kind))

    def test_from_the_directory_and_the_names_that_are_wanted(self):
        names = ON + ("--appenddirname", "elsewhere", "--appendfilename", "other.aof")
        with Server(*names) as server:
            server.call("SET", "k", "v")
            server.stop()
            self.assertFalse(os.path.exists(aof(server)))
            self.assertEqual(sorted(os.listdir(os.path.join(server.folder, "elsewhere"))),
                             ["other.aof.1.base.rdb", "other.aof.1.incr.aof", "other.aof.manifest"])
            with Server("--dir", server.folder, *names) as again:
                self.assertEqual(again.call("GET", "k"), b"v")


class LeftOutForAWhile(unittest.TestCase):
    """A database that database-persist leaves out and takes in again."""
    OUT = ("--database-persist", "0 no")

    def test_over_a_restart_does_not_bring_the_old_data_back(self):
        with Server(*ON) as server:
            server.call("MSET", "k", "old", "gone", "x")
            server.stop()
            with Server("--dir", server.folder, *ON, *self.OUT) as other:
                self.assertEqual(other.call("DBSIZE"), 0)
                other.call("SET", "k", "new")
                wait_until(lambda: other.info("aof_rewrites") == "1", "a rewrite")
                self.assertEqual(rewritten(other), "ok")
                other.stop()
            with Server("--dir", server.folder, *ON) as again:
                self.assertEqual(again.call("DBSIZE"), 0)

    def test_a_rewrite_while_the_file_is_off_says_nothing_about_it(self):
        with Server(*self.OUT) as server:
            server.call("BGREWRITEAOF")
            self.assertEqual(rewritten(server), "ok")
            self.assertEqual(server.call("CONFIG", "SET", "database-persist", ""), b"OK")
            self.assertEqual(server.call("SWAPDB", 0, 1), b"OK")


class FirstStart(unittest.TestCase):
    def test_nobody_is_told_that_it_is_loading(self):
        # The first clients come before the file is open: what they change is in it all the same.
        for _ in range(10):
            with Server("--appendonly", "yes", "--appendfsync", "always", wait=False) as server:
                wait_until(lambda: accepts(server.address), "a listener")
                self.assertEqual(server.call("SET", "k", "v"), b"OK")
                server.process.kill()
                server.process.wait()
                with Server("--dir", server.folder, "--appendonly", "yes") as other:
                    wait_until(lambda: other.call("GET", "k") == b"v", "the data")


class Growth(unittest.TestCase):
    def test_rewrites_the_file_beyond_a_percentage_and_a_size(self):
        percentage, size = "auto-aof-rewrite-percentage", "auto-aof-rewrite-min-size"
        with Server(*ON, "--" + percentage, "1000000000", "--" + size, "20kb") as first, \
                Server(*ON, "--" + percentage, "100", "--" + size, "1mb") as second:
            for server in (first, second):
                for _ in range(40):
                    server.call("SET", "k", "v" * 1000)
                wait_until(lambda: int(server.info("aof_current_size")) > 40000, "the file")
            later = int(first.info("uptime_in_seconds")) + 2
            wait_until(lambda: int(first.info("uptime_in_seconds")) >= later, "ten looks at it")
            for server, directive, value in ((first, percentage, "100"), (second, size, "20kb")):
                self.assertEqual(server.info("aof_rewrites"), "0")
                server.call("CONFIG", "SET", directive, value)
                wait_until(lambda: server.info("aof_rewrites") == "1", "a rewrite")
                self.assertEqual(rewritten(server), "ok")
                server.await_log("Starting automatic rewriting of AOF on")
                self.assertLess(int(server.info("aof_current_size")), 20000)


class Killed(unittest.TestCase):
    def test_loses_nothing_that_was_acknowledged(self):
        with Server() as place:
            place.stop()
            for _ in range(3):
                with Server("--dir", place.folder, *ALWAYS) as server:
                    writers = Writers(server)
                    writers.go_on(0.1, 0.5)
                    server.stop(signal.SIGKILL)
                    writers.join()
                with Server("--dir", place.folder, *ALWAYS) as again:
                    self.assertEqual(writers.missing(again), [])

    def test_while_it_is_rewritten_loses_nothing(self):
        with Server(*ALWAYS) as server:
            fill(server)
            writers = Writers(server)
            for _ in range(3):
                server.call("BGREWRITEAOF")
                self.assertEqual(rewritten(server), "ok")
            server.call("BGREWRITEAOF")
            server.stop(signal.SIGKILL)
            writers.join()
            with Server("--dir", server.folder, *ALWAYS) as again:
                self.assertEqual(writers.missing(again), [])
                self.assertEqual(again.call("HLEN", "hash"), 200)

    def test_with_everysec_what_was_answered_is_in_the_kernel_s_hands(self):
        with Server(*ON) as server:
            server.call("SET", "k", "v")
            server.stop(signal.SIGKILL)
            with Server("--dir", server.folder, *ON) as again:
                self.assertEqual(again.call("GET", "k"), b"v")


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class PowerCut(unittest.TestCase):
    def test_loses_nothing_that_was_acknowledged(self):
        with Server() as place:
            place.stop()
            with Disk(place.folder) as disk:
                for round_number in range(6):
                    with Server("--dir", place.folder, *ALWAYS, "--auto-aof-rewrite-min-size",
                                "20kb", environment=disk.environment) as server:
                        writers = Writers(server)
                        writers.go_on(0, 0.6)
                        if round_number % 2:
                            server.call("BGREWRITEAOF")
                            time.sleep(random.uniform(0, 0.02))
                        server.stop(signal.SIGKILL)
                        writers.join()
                    disk.cut_power()
                    with Server("--dir", place.folder, *ALWAYS,
                                environment=disk.environment) as again:
                        self.assertEqual(writers.missing(again), [], manifest(place))

    def test_with_everysec_takes_what_was_not_synced_and_no_more(self):
        """Also shows that the cut of power is one."""
        with Server() as place:
            place.stop()
            with Disk(place.folder) as disk:
                options = ("--dir", place.folder, *ON, "--appendfsync", "no")
                with Server(*options, environment=disk.environment) as server:
                    server.call("SET", "k", "v")
                    self.assertEqual(server.stop(), 0)
                with Server(*options, environment=disk.environment) as server:
                    synced = os.path.getsize(last_file(place))
                    server.call("SET", "unsynced", "v")
                    wait_until(lambda: os.path.getsize(last_file(place)) > synced, "the write")
                    server.stop(signal.SIGKILL)
                disk.cut_power()
                with Server(*options) as again:
                    self.assertEqual(again.call("GET", "k"), b"v")
                    self.assertEqual(again.call("GET", "unsynced"), None)


class Damaged(unittest.TestCase):
    def setUp(self):
        self.server = Server(*ON)
        self.addCleanup(self.server.__exit__)
        self.server.call("SET", "k", "1")
        self.server.call("INCR", "k")
        self.server.stop()

    def damage(self, bytes_more=b"", cut=0):
        path = last_file(self.server)
        if cut:
            os.truncate(path, os.path.getsize(path) - cut)
        with open(path, "ab") as file:
            file.write(bytes_more)
        with open(path, "rb") as file:
            return path, file.read()

    def refused(self, reason, *options):
        with Server("--dir", self.server.folder, *ON, *options, wait=False) as other:
            self.assertEqual(wait_for_end(other.process), 1)
            other.await_log(reason)

    def test_a_truncated_tail_is_cut_off(self):
        path, before = self.damage(cut=3)
        with Server("--dir", self.server.folder, *ON) as again:
            self.assertEqual(again.call("GET", "k"), b"1")
            self.assertLess(os.path.getsize(path), len(before))
            again.call("INCR", "k")
            again.stop()
        with Server("--dir", self.server.folder, *ON) as again:
            self.assertEqual(again.call("GET", "k"), b"2")

    def test_a_truncated_tail_is_refused_where_that_is_wanted(self):
        path, before = self.damage(cut=3)
        whole = before[:before.rindex(b"*")]
        self.refused("Unexpected end of file reading the append only file "
                     "%s at offset %d" % (os.path.realpath(path), len(whole)),
                     "--aof-load-truncated", "no")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)

    def test_half_a_transaction_is_none(self):
        self.damage(encode("MULTI") + encode("SET", "k", "half"))
        with Server("--dir", self.server.folder, *ON) as again:
            self.assertEqual(again.call("GET", "k"), b"2")

    def test_what_is_no_command_is_refused(self):
        path, before = self.damage(b"!!!")
        self.refused("Bad file format reading the append only file")
        with open(path, "rb") as file:
            self.assertEqual(file.read(), before)
        os.truncate(path, len(before) - 3)
        self.damage(encode("nonsense", "x"))
        self.refused("Unknown command 'nonsense' reading the append only file")

    def test_lines_that_an_editor_has_ended_are_refused(self):
        path, before = self.damage()
        with open(path, "wb") as file:
            file.write(before.replace(b"\r\n", b"\n"))
        self.refused("Bad file format reading the append only file")
        self.assertEqual(os.path.getsize(path), len(before) - before.count(b"\r\n"))

    def test_what_no_such_file_holds_is_passed_over(self):
        self.damage(encode("SHUTDOWN") + encode("CONFIG", "SET", "maxmemory", "1") +
                    encode("SUBSCRIBE", "c") + encode("BLPOP", "list", "0") + encode("PING") +
                    encode("REPLCONF", "GETACK", "*") + encode("SET", "end", "reached"))
        with Server("--dir", self.server.folder, *ON) as again:
            self.assertEqual(again.call("GET", "end"), b"reached")
            self.assertEqual(again.call("CONFIG", "GET", "maxmemory")[1], b"0")

    def test_a_file_that_is_missing_is_told(self):
        os.unlink(last_file(self.server))
        self.refused("No such file or directory")

    def test_a_manifest_that_is_none_is_refused(self):
        with open(aof(self.server, "appendonly.aof.manifest"), "w") as file:
            file.write("file x seq 1 type y\n")
        self.refused("Unknown AOF file type")

    def test_a_manifest_that_names_history_alone_names_nothing(self):
        history = os.path.basename(last_file(self.server))
        with open(aof(self.server, "appendonly.aof.manifest"), "w") as file:
            file.write("file %s seq 1 type h\n" % history)
        with Server("--dir", self.server.folder, *ON) as again:
            self.assertEqual(again.call("DBSIZE"), 0)
            again.call("SET", "k", "new")
            self.assertFalse(os.path.exists(aof(self.server, history)))
            again.stop()
        with Server("--dir", self.server.folder, *ON) as again:
            self.assertEqual(again.call("GET", "k"), b"new")

    def test_a_single_file_as_before_redis_7_moves_in(self):
        shutil.rmtree(aof(self.server))
        old = os.path.join(self.server.folder, "appendonly.aof")
        with open(old, "wb") as file:
            file.write(encode("SELECT", "0") + encode("SET", "old", "style"))
        with Server("--dir", self.server.folder, *ON) as again:
            self.assertEqual(again.call("GET", "old"), b"style")
            self.assertFalse(os.path.exists(old))
            again.call("SET", "new", "too")
            again.call("BGREWRITEAOF")
            self.assertEqual(rewritten(again), "ok")
        self.assertEqual(manifest(self.server),
                         "file appendonly.aof.2.base.rdb seq 2 type b\n"
                         "file appendonly.aof.2.incr.aof seq 2 type i\n")


class Replica(unittest.TestCase):
    def test_has_the_primary_s_data_in_its_own_file(self):
        with Server(*ALWAYS) as primary, Server(*ALWAYS) as replica:
            fill(primary)
            replica.call("SET", "its own", "is not the primary's")
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            with primary.wire() as wire:
                wire.call("SELECT", "3")
                wire.call("SET", "selected", "before")
                wait_until(lambda: replica.info("master_link_status") == "up", "the link")
                wait_until(lambda: replica.info("aof_rewrites") != "0", "a new base")
                self.assertEqual(rewritten(replica), "ok")
                wire.call("SET", "after", "the sync")
                self.assertEqual(wire.call("WAITAOF", "1", "1", "20000"), [1, 1])
            before = digest(primary)
            replica.stop(signal.SIGKILL)
            with Server("--dir", replica.folder, *ALWAYS) as again:
                self.assertEqual(digest(again), before)

    def test_a_full_sync_ends_a_rewrite_of_the_old_data_and_begins_another(self):
        with Server("--repl-diskless-sync-delay", "0") as primary:
            primary.call("SET", "new", "1")
            for on in ("no", "yes"):
                with self.subTest(on), Server("--appendonly", on) as replica:
                    replica.call("SET", "old", "1")
                    # By itself the rewrite does not end before the test.
                    replica.call("CONFIG", "SET", "rdb-key-save-delay", "100000000")
                    replica.call("BGREWRITEAOF")
                    replica.await_log("Background append only file rewriting started")
                    replica.call("CONFIG", "SET", "rdb-key-save-delay", "0")
                    replica.call("REPLICAOF", "127.0.0.1", primary.port)
                    replica.await_log("it was not wanted any more")
                    replica.await_log("Background AOF rewrite finished successfully")
                    self.assertEqual(rewritten(replica), "ok")
                    replica.stop(signal.SIGKILL)
                    with Server("--dir", replica.folder, *ON) as again:
                        self.assertEqual(again.call("KEYS", "*"), [b"new"])


class Redis(unittest.TestCase):
    def check(self, server):
        program = shutil.which("redis-check-aof")
        if program is None:
            self.skipTest("no redis-check-aof")
        done = subprocess.run([program, aof(server, "appendonly.aof.manifest")],
                              capture_output=True, text=True)
        self.assertIn("All AOF files and manifest are valid", done.stdout, done.stdout)

    def names_after_each_step(self, program):
        seen = []

        def step(server, *words):
            seen.append((words, server.call(*words)))

        def settle(server):
            rewritten(server)
            wait_until(lambda: " h" not in manifest(server) or
                       server.call("CONFIG", "GET", "aof-disable-auto-gc")[1] == b"yes",
                       "the history's end")
            seen.append(manifest(server))

        with Server(program=program) as server:
            step(server, "SET", "a", "1")
            step(server, "CONFIG", "SET", "appendonly", "yes")
            settle(server)
            step(server, "BGREWRITEAOF")
            settle(server)
            step(server, "CONFIG", "SET", "appendonly", "no")
            step(server, "BGREWRITEAOF")  # a base alone
            settle(server)
            step(server, "DEBUG", "LOADAOF")
            step(server, "CONFIG", "SET", "appendonly", "yes")
            settle(server)
            step(server, "CONFIG", "SET", "aof-disable-auto-gc", "yes")
            for _ in range(2):
                step(server, "BGREWRITEAOF")
                settle(server)
            step(server, "CONFIG", "SET", "aof-disable-auto-gc", "no")
            settle(server)
            step(server, "CONFIG", "SET", "appendonly", "no", "rdb-key-save-delay", "10000000")
            step(server, "BGSAVE")
            step(server, "CONFIG", "SET", "appendonly", "yes")  # has to wait
            seen.append([server.info("aof_" + field) for field in
                         ("enabled", "rewrite_in_progress", "rewrite_scheduled")])
            step(server, "SET", "k", "v")
            step(server, "DEBUG", "LOADAOF")
            step(server, "EXISTS", "k")
            server.stop(signal.SIGKILL)
        return seen

    def test_names_its_files_as_we_do(self):
        expected = self.names_after_each_step(redis_server())
        self.assertEqual(self.names_after_each_step(SERVER), expected)

    def test_reads_our_files_and_we_read_its(self):
        program = redis_server()
        for preamble in ("yes", "no"):
            with self.subTest(preamble=preamble):
                options = ON + ("--aof-use-rdb-preamble", preamble)
                with Server(*options) as server:
                    fill(server)
                    server.call("BGREWRITEAOF")
                    self.assertEqual(rewritten(server), "ok")
                    server.call("RPUSH", "list", "after")
                    before = digest(server)
                    server.stop()
                    self.check(server)
                    with Server("--dir", server.folder, *options, program=program) as redis:
                        self.assertEqual(digest(redis), before)
                        redis.call("LPUSH", "list", "by", "redis")
                        redis.call("BGREWRITEAOF")
                        self.assertEqual(rewritten(redis), "ok")
                        redis.call("SET", "after", "the rewrite")
                        before = digest(redis)
                        redis.stop()
                    with Server("--dir", server.folder, *options) as again:
                        self.assertEqual(digest(again), before)
                    self.check(server)


if __name__ == "__main__":
    unittest.main()
