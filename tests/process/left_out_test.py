#!/usr/bin/python3
"""database-persist and the append-only file: what is left out is in no file and comes back from
none, whatever crosses the border; replicas have everything."""
import os
import shutil
import signal
import unittest

from aof_test import DIRECTORY, ON, aof, digest, last_file, rewritten
from harness import Server, wait_until


class LeftOut(unittest.TestCase):
    """database-persist: the cache, database 0, is in no file; sessions, in 2, are. A replica has
    everything."""
    NO = ON + ("--database-persist", "0 no", "--repl-diskless-sync-delay", "0")

    def start(self, *options):
        server, replica = Server(*(options or self.NO)), Server()
        self.addCleanup(server.__exit__)
        self.addCleanup(replica.__exit__)
        replica.call("REPLICAOF", "127.0.0.1", server.port)
        wait_until(lambda: replica.info("master_link_status") == "up", "a link")
        return server, replica

    def in_step(self, server, replica):
        wait_until(lambda: server.info("master_repl_offset") == replica.info("master_repl_offset"),
                   "a replica that has everything")
        self.assertEqual(digest(server), digest(replica))

    def databases(self, server):
        """What is in each of the first four: key, value, and whether it has an expiry."""
        result = []
        with server.wire() as wire:
            for db in range(4):
                wire.call("SELECT", db)
                result.append(sorted((key, wire.call("DUMP", key), wire.call("PEXPIRETIME", key))
                                     for key in wire.call("KEYS", "*")))
        return result

    def play(self, server, *conversation):
        with server.wire() as wire:
            for words in conversation:
                reply = wire.call(*words)
                assert not (isinstance(reply, bytes) and reply.startswith(b"-")), (words, reply)

    def after_restart(self, server, *options):
        """Its databases when it comes back from what a kill leaves of it."""
        server.stop(signal.SIGKILL)
        with Server("--dir", server.folder, *(options or self.NO)) as again:
            return self.databases(again)

    def check(self, server, replica):
        """All but the cache is there after a restart, and everything at the replica."""
        self.in_step(server, replica)
        before = self.databases(server)
        self.assertEqual(self.databases(replica), before)
        self.assertTrue(before[2])
        self.assertEqual(self.after_restart(server), [[]] + before[1:])

    def test_writes_of_all_kinds_are_in_the_file_or_not(self):
        server, replica = self.start()
        script = ("redis.call('SELECT', 0) redis.call('SET', 'c', 1) redis.call('SELECT', 2) "
                  "redis.call('HSET', 'h', 'f', 1) redis.call('SELECT', 0) redis.call('DEL', 'x')")
        self.play(server, ("SET", "a", "1"), ("SELECT", 2), ("SET", "a", "2"), ("EVAL", script, 0),
                  ("SELECT", 0), ("MULTI",), ("SET", "b", "0"), ("SELECT", 2), ("SET", "b", "2"),
                  ("SELECT", 0), ("INCR", "n"), ("EXEC",), ("MULTI",), ("SET", "d", 1),
                  ("INCR", "d"), ("EXEC",), ("SELECT", 3), ("SET", "e", "3", "EX", "1000"))
        with open(last_file(server), "rb") as file:
            self.assertNotIn(b"INCR", file.read())
        self.check(server, replica)

    def test_a_rewrite_leaves_it_out_and_goes_on_leaving_it_out(self):
        for preamble in ("yes", "no"):
            server, replica = self.start(*self.NO, "--aof-use-rdb-preamble", preamble)
            self.play(server, ("SET", "cache", "1"), ("SELECT", 2), ("SET", "session", "1"))
            server.call("BGREWRITEAOF")
            self.assertEqual(rewritten(server), "ok")
            self.play(server, ("SET", "cache", "2"), ("SELECT", 2), ("APPEND", "session", "2"))
            self.check(server, replica)

    def test_what_copy_and_move_take_over_the_border(self):
        server, replica = self.start()
        self.play(server, ("HSET", "h", "f", "v"), ("EXPIRE", "h", "1000"), ("SET", "m", "moved"),
                  ("SET", "x", "1"), ("COPY", "h", "h2", "DB", 2), ("MOVE", "m", 2),
                  ("COPY", "x", "h3", "DB", 2), ("COPY", "h", "h3", "REPLACE", "DB", 2),
                  ("MULTI",), ("SET", "y", "1"), ("MOVE", "y", 2), ("EXEC",), ("MOVE", "h", 2),
                  ("SELECT", 2), ("SET", "out", "1"), ("MOVE", "out", 0), ("SET", "stays", "1"),
                  ("COPY", "stays", "out", "DB", 0), ("COPY", "stays", "too", "DB", 3))
        self.assertEqual(len(self.databases(server)[2]), 6)
        self.check(server, replica)

    def test_flushall_and_swapdb(self):
        server, replica = self.start()
        self.play(server, ("SELECT", 2), ("SET", "old", "1"), ("SELECT", 0), ("SET", "old", "1"),
                  ("FLUSHALL",), ("SET", "cache", "1"), ("SELECT", 2), ("SET", "new", "1"),
                  ("SELECT", 3), ("SET", "three", "3"), ("SELECT", 0), ("SWAPDB", 2, 3))
        for pair in ((0, 2), (3, 0)):
            self.assertEqual(server.call("SWAPDB", *pair),
                             b"-ERR SWAPDB can't exchange a database that is persisted and one "
                             b"that is not (database-persist)")
        self.check(server, replica)

    def test_acknowledged_with_always_though_nothing_is_written(self):
        server, replica = self.start(*self.NO, "--appendfsync", "always")
        self.play(server, *[("INCR", "n")] * 20, ("SELECT", 2), *[("INCR", "n")] * 20)
        self.assertEqual(server.call("WAITAOF", 1, 0, 1000)[0], 1)
        self.check(server, replica)

    def test_the_directive_changes_while_it_runs(self):
        server, replica = self.start(*ON, "--repl-diskless-sync-delay", "0")
        self.play(server, ("SET", "cache", "1"), ("SELECT", 2), ("SET", "session", "1"))
        rewrites = int(server.info("aof_rewrites"))
        for value, kept in (("0 no", False), ("0 yes", True), ("0 no", False)):
            server.call("CONFIG", "SET", "database-persist", value)
            rewrites += 1
            wait_until(lambda: int(server.info("aof_rewrites")) == rewrites, "a rewrite")
            self.assertEqual(rewritten(server), "ok")
            self.play(server, ("INCR", "cache"), ("SELECT", 2), ("INCR", "session"))
            before = self.databases(server)
            copy = os.path.join(server.folder, "copy")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(aof(server), os.path.join(copy, DIRECTORY))
            with Server("--dir", copy, *ON) as other:  # takes whatever is in the files
                self.assertEqual(self.databases(other), before if kept else [[]] + before[1:])
        self.check(server, replica)

    def test_what_an_older_file_has_of_it_is_not_loaded(self):
        with Server(*ON) as server:
            self.play(server, ("SET", "cache", "1"), ("SELECT", 2), ("SET", "session", "1"))
            before = self.databases(server)
            self.assertEqual(self.after_restart(server), [[]] + before[1:])

    def test_a_replica_s_own_file_follows_what_its_primary_takes_over_the_border(self):
        with Server("--repl-diskless-sync-delay", "0") as primary:
            server = Server(*self.NO)
            self.addCleanup(server.__exit__)
            self.play(primary, ("SET", "m", "moved"), ("SELECT", 2), ("SET", "session", "1"))
            server.call("REPLICAOF", "127.0.0.1", primary.port)
            wait_until(lambda: server.info("master_link_status") == "up", "a link")
            # The full sync's own rewrite, which begins a moment after the link is up.
            wait_until(lambda: server.info("aof_rewrites") == "1", "a file of the new data")
            self.assertEqual(rewritten(server), "ok")
            self.play(primary, ("MOVE", "m", 2), ("SET", "cache", "1"), ("SELECT", 2),
                      ("APPEND", "session", "2"))
            self.in_step(primary, server)
            wait_until(lambda: server.info("aof_rewrites") == "2", "a rewrite")
            self.assertEqual(rewritten(server), "ok")
            before = self.databases(server)
            self.assertEqual(len(before[2]), 2)
            self.assertEqual(self.after_restart(server), [[]] + before[1:])


if __name__ == "__main__":
    unittest.main()
