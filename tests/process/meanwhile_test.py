#!/usr/bin/python3
"""What goes on beside a save or a rewrite: directives that change, messages, full syncs. Each ends
as if it were alone."""
import os
import shutil
import signal
import threading
import time
import unittest

from aof_test import DIRECTORY, ON, aof, digest, fill, rewritten
from faults import DiskTest
from harness import REDUCED, Server, encode, wait_until
from persistence_test import restart, saved


class Turning(unittest.TestCase):
    """The append-only file, on and off."""

    def publish(self, server, db, stop):
        with server.wire() as wire:
            wire.call("SELECT", db)
            while not stop.is_set():
                wire.send(encode("PUBLISH", "c", "x") * 400 + encode("INCR", "counter"))
                for _ in range(401):
                    wire.reply()

    def rewrite(self, server, seconds):
        end = time.monotonic() + seconds
        with server.wire() as wire:
            while time.monotonic() < end:
                wire.send(encode("BGREWRITEAOF") * 3)
                for _ in range(3):
                    wire.reply()

    def test_on_and_off_while_messages_are_published(self):
        """They enter the log outside the gate: also where a file begins."""
        with Server("--io-threads", "2", "--repl-diskless-sync-delay", "0") as server, \
                Server("--replicaof", "127.0.0.1 %d" % server.port) as replica:
            wait_until(lambda: replica.info("master_link_status") == "up", "the link")
            stop = threading.Event()
            publishers = [threading.Thread(target=self.publish, args=(server, db, stop))
                          for db in (1, 2)]
            for publisher in publishers:
                publisher.start()
            try:
                end = time.monotonic() + 4
                while time.monotonic() < end:
                    self.assertEqual(server.call("CONFIG", "SET", "appendonly", "no"), b"OK")
                    self.assertEqual(server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
                    self.assertEqual(rewritten(server), "ok")
            finally:
                stop.set()
                for publisher in publishers:
                    publisher.join()
            before = digest(server)
            server.stop()
            with Server("--dir", server.folder, *ON) as again:
                self.assertEqual(digest(again), before)

    def test_a_rewrite_right_after_the_first_base_has_failed(self):
        with Server() as server:
            base = aof(server, "appendonly.aof.1.base.rdb")
            os.makedirs(os.path.join(base, "in the way"))
            server.call("CONFIG", "SET", "appendonly", "yes")
            clients = [threading.Thread(target=self.rewrite, args=(server, 2)) for _ in range(4)]
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            self.assertGreater(server.log().count("rewrite terminated with error"), 5)
            # The last of theirs may be about to fail. After it none begins by itself for a minute.
            wait_until(lambda: server.info("aof_current_rewrite_time_sec") == "-1", "its end")
            wait_until(lambda: server.info("aof_rewrite_scheduled") == "1", "the next one's minute")
            shutil.rmtree(base)
            server.call("SET", "k", "v")
            wait_until(lambda: server.call("BGREWRITEAOF") and rewritten(server) == "ok", "a base")
            self.assertEqual(server.call("WAITAOF", "1", "0", "20000"), [1, 0])

    def test_off_refuses_who_waits_for_the_file(self):
        error = b"-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
        with Server("--appendfsync", "no", "--rdb-key-save-delay", "10000000") as server, \
                server.wire() as wire:
            wire.call("SET", "takes", "its time")
            for what in ("the first base", "the disk"):
                with self.subTest(waiting_for=what):
                    server.call("CONFIG", "SET", "appendonly", "yes")
                    if what == "the disk":
                        self.assertEqual(rewritten(server), "ok")
                    wire.call("SET", "k", "v")
                    wire.send(encode("WAITAOF", "1", "0", "0"))
                    wait_until(lambda: server.info("blocked_clients") == "1", "the wait")
                    server.call("CONFIG", "SET", "rdb-key-save-delay", "0", "appendonly", "no")
                    self.assertEqual(wire.reply(), error)

    def test_to_another_folder_while_it_is_rewritten(self):
        with Server(*ON, "--enable-protected-configs", "local") as server:
            fill(server)
            other = os.path.join(server.folder, "other")
            os.mkdir(other)
            server.call("CONFIG", "SET", "rdb-key-save-delay", "10000000")
            server.call("BGREWRITEAOF")
            server.call("CONFIG", "SET", "rdb-key-save-delay", "0", "dir", other)
            wait_until(lambda: os.path.exists(
                os.path.join(other, DIRECTORY, "appendonly.aof.manifest")), "the files")
            self.assertEqual(rewritten(server), "ok")
            server.call("SET", "after", "1")
            before = digest(server)
            server.stop()
            self.assertEqual([name for name in os.listdir(server.folder) if "temp" in name], [])
            with Server("--dir", other, *ON) as again:
                self.assertEqual(digest(again), before)


@unittest.skipIf(REDUCED, "what a sanitizer keeps back counts as used")
class Full(unittest.TestCase):
    """A cache that is full, as caches are, while a snapshot keeps what is changed and removed."""
    KEYS, WRITES, MB = 20000, 3000, 1 << 20

    def write(self, server, policy, key):
        server.call("DEBUG", "POPULATE", self.KEYS, "key", 1000)
        server.call("CONFIG", "SET", "rdb-key-save-delay", 1000, "maxmemory-policy", policy,
                    "maxmemory", int(server.info("used_memory")) + self.MB)
        self.assertEqual(server.call("BGSAVE"), b"Background saving started")
        with server.wire() as wire:
            for i in range(self.WRITES):
                self.assertEqual(wire.call("SET", key % i, "x" * 1000), b"OK")
        self.assertEqual(server.info("rdb_bgsave_in_progress"), "1")

    def test_no_more_goes_than_what_comes_needs(self):
        with Server() as server:
            self.write(server, "allkeys-random", "new:%d")
            # As many, and what the snapshot's own buffers are more than we take them for.
            self.assertLess(int(server.info("evicted_keys")), 2 * self.WRITES)

    def test_what_is_overwritten_needs_no_room(self):
        with Server() as server:
            for _ in range(3):
                self.write(server, "noeviction", "key:%d")
                server.call("FLUSHALL")
                wait_until(lambda: server.info("rdb_bgsave_in_progress") == "0", "its end as well")

    def test_a_collection_that_changes_is_no_room(self):
        """Its blocks are shared: what is not there twice must not be taken for free."""
        with Server() as server:
            for i in range(100):
                server.call("HSET", "h", *(word for j in range(1000)
                                           for word in ("field:%d:%d" % (i, j), "x" * 90)))
            used = int(server.info("used_memory"))
            server.call("CONFIG", "SET", "rdb-key-save-delay", 10000000,
                        "maxmemory", used + self.MB)
            self.assertEqual(server.call("SET", "another", "value"), b"OK")
            server.call("BGSAVE")
            server.call("HSET", "h", "field:0:0", "changed")
            self.assertLess(int(server.info("mem_not_counted_for_evict")), 3 * self.MB)

    def test_flushed_over_and_over(self):
        with Server() as server:
            self.write(server, "noeviction", "key:%d")
            before = int(server.info("used_memory"))
            server.call("CONFIG", "SET", "maxmemory", 0)
            for _ in range(5):
                server.call("FLUSHDB")
                server.call("DEBUG", "POPULATE", self.KEYS, "key", 1000)
            most = before + self.KEYS * 1000 + self.MB
            wait_until(lambda: int(server.info("used_memory")) < most,
                       "that what came since the cut is freed")


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class Slow(DiskTest):
    """A disk that keeps a file waiting after its snapshot, while a full sync has the next one."""

    def setUp(self):
        super().setUp()
        self.server = restart(self.place, "--repl-diskless-sync-delay", "0",
                              environment=self.disk.environment)
        self.addCleanup(self.server.__exit__)
        self.addCleanup(self.release)
        os.mkdir(os.path.join(self.place.folder, "appendonlydir"))  # else that waits for its sync
        self.server.call("DEBUG", "POPULATE", 100)

    def release(self):
        if os.path.exists(self.disk.switch):
            self.disk.work()

    def replica(self):
        replica = Server("--replicaof", "127.0.0.1 %d" % self.server.port)
        self.addCleanup(replica.__exit__)
        return replica

    def rewrite_is_synced_while_a_replica_is_sent_all(self, key_delay_us):
        self.disk.hold("fsync")
        self.server.call("BGREWRITEAOF")
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", key_delay_us)
        replica = self.replica()
        self.server.await_log("Background RDB transfer started")
        return replica

    def test_a_save_that_was_ended_has_not_failed(self):
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", 10000000, "save", "1000 1000000")
        self.server.call("BGSAVE")
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", 0)
        replica = self.replica()
        self.server.await_log("Full resync requested")
        self.disk.hold("unlink")
        self.server.call("FLUSHALL")
        wait_until(lambda: replica.info("master_link_status") == "up", "the link")
        self.disk.work()
        self.assertEqual(saved(self.server), "ok")
        self.assertEqual(self.server.call("SET", "k", "v"), b"OK")
        self.server.await_log("not wanted any more")

    def test_a_base_stays_where_the_full_sync_behind_it_ends(self):
        replica = self.rewrite_is_synced_while_a_replica_is_sent_all(10000000)
        replica.stop(signal.SIGKILL)
        self.server.await_log("Synchronization with replica failed")
        self.disk.work()
        self.assertEqual(rewritten(self.server), "ok")
        self.server.await_log("AOF rewrite finished successfully")

    def test_a_rewrite_that_is_not_wanted_does_not_end_the_full_sync_behind_it(self):
        replica = self.rewrite_is_synced_while_a_replica_is_sent_all(10000)
        self.assertEqual(self.server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
        self.disk.work()
        wait_until(lambda: replica.info("master_link_status") == "up", "the link")
        self.assertEqual(self.server.info("sync_full"), "1")
        self.server.call("CONFIG", "SET", "rdb-key-save-delay", 0)
        self.assertEqual(rewritten(self.server), "ok")


if __name__ == "__main__":
    unittest.main()
