#!/usr/bin/python3
"""A full sync of a replica that has data: they are served until the new ones are whole, what is the
same in both is not kept twice, and where two do not fit the old ones go first."""
import os
import random
import signal
import threading
import time
import unittest

from fake_primary import FakePrimary, full
from faults import DiskTest, ENOSPC
from harness import REDUCED, Server, encode, wait_until

KEYS = 2000 if REDUCED else 8000


def fill(server, seed, keys=KEYS):
    """Keys of every type in two databases, of which a few differ from one seed to the next."""
    dice = random.Random(seed)
    with server.wire() as wire:
        for db in (0, 3):
            wire.call("SELECT", db)
            requests = []
            for i in range(keys):
                value = "seed %d" % seed if dice.random() < 0.03 else "the same"
                requests.append(("SET", "s:%d" % i, value + " " * 100))
            for i in range(keys // 20):
                value = str(seed) if dice.random() < 0.03 else "0"
                requests += [("HSET", "h:%d" % i, "a", value, "b", "y" * 70),
                             ("SADD", "set:%d" % i, value, "x", "y"),
                             ("RPUSH", "l:%d" % i, "x", value, "z"),
                             ("ZADD", "z:%d" % i, 1, "x", 2, value),
                             ("XADD", "x:%d" % i, "1-%d" % (1 + int(value)), "f", "v"),
                             ("PEXPIREAT", "h:%d" % i, 4_000_000_000_000 + int(value))]
            requests.append(("SET", "only:%d" % seed, "1"))
            for request in requests:
                wire.send(encode(*request))
            for _ in requests:
                wire.reply()


def snapshot_of(server):
    """What it would send."""
    server.call("SAVE")
    with open(server.folder + "/dump.rdb", "rb") as file:
        return file.read()


def follow(replica, primary):
    replica.call("REPLICAOF", "127.0.0.1", primary.port)
    wait_until(lambda: replica.info("master_link_status") == "up", "the link", 60)


class FullSync(unittest.TestCase):
    def pair(self, *options, keys=KEYS):
        """A primary, and a server with data of its own that are nearly the same."""
        primary, replica = Server("--repl-diskless-sync-delay", "0"), Server(*options)
        self.addCleanup(primary.__exit__)
        self.addCleanup(replica.__exit__)
        fill(primary, 1, keys)
        fill(replica, 2, keys)
        self.assertNotEqual(replica.call("DEBUG", "DIGEST"), primary.call("DEBUG", "DIGEST"))
        return primary, replica

    def assert_same(self, primary, replica):
        wait_until(lambda: replica.info("master_repl_offset") ==
                   primary.info("master_repl_offset"), "the stream's end")
        self.assertEqual(replica.call("DEBUG", "DIGEST"), primary.call("DEBUG", "DIGEST"))
        primary.call("SET", "after", "1")
        wait_until(lambda: replica.call("GET", "after") == b"1", "the stream goes on")

    def test_what_is_the_same_stays(self):
        primary, replica = self.pair()
        follow(replica, primary)
        self.assert_same(primary, replica)
        kept = int(replica.log().split(" keys were the same")[0].rsplit(" ", 1)[1])
        self.assertGreater(kept, 2 * 0.9 * KEYS)
        with replica.wire() as wire:
            self.assertIsNone(wire.call("GET", "only:2"))
            self.assertEqual(wire.call("GET", "only:1"), b"1")

    def test_a_second_one_finds_all_the_same(self):
        primary, replica = self.pair()
        for _ in range(2):
            follow(replica, primary)
            replica.call("REPLICAOF", "NO", "ONE")
            replica.call("SET", "only:2", "1")
        follow(replica, primary)
        self.assert_same(primary, replica)

    def test_reads_go_on_and_see_one_data_set_or_the_other(self):
        primary, replica = self.pair()
        replica.call("CONFIG", "SET", "key-load-delay", "20")
        seen, done = set(), threading.Event()

        def read():
            with replica.wire() as wire:
                while not done.is_set():
                    seen.add(tuple(wire.call("MGET", "only:1", "only:2")))

        reader = threading.Thread(target=read)
        reader.start()
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: replica.info("async_loading") == "1", "loading beside", 60)
        self.assertEqual(replica.call("GET", "only:2"), b"1")
        replica.call("CONFIG", "SET", "key-load-delay", "0")
        wait_until(lambda: replica.info("master_link_status") == "up", "the link", 60)
        done.set()
        reader.join()
        self.assertEqual(seen, {(None, b"1"), (b"1", None)})
        self.assert_same(primary, replica)

    def test_a_promotion_in_the_middle_leaves_the_old_data(self):
        primary, replica = self.pair()
        before = replica.call("DEBUG", "DIGEST")
        replica.call("CONFIG", "SET", "key-load-delay", "1000")
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: replica.info("async_loading") == "1", "loading beside", 60)
        replica.call("REPLICAOF", "NO", "ONE")
        wait_until(lambda: replica.info("async_loading") == "0", "the end of it")
        self.assertEqual(replica.call("DEBUG", "DIGEST"), before)
        self.assertEqual(replica.call("SET", "mine", "1"), b"OK")
        replica.call("CONFIG", "SET", "key-load-delay", "0")
        follow(replica, primary)
        self.assert_same(primary, replica)

    def test_a_snapshot_of_the_old_data_ends_with_them(self):
        for how in ("swap", "flush"):
            with self.subTest(how):
                # By itself it would take many minutes.
                primary, replica = self.pair("--replica-full-sync", how,
                                             "--rdb-key-save-delay", "200000", keys=1000)
                replica.call("BGSAVE")
                follow(replica, primary)
                wait_until(lambda: replica.info("rdb_bgsave_in_progress") == "0", "its end", 60)
                replica.await_log("Background saving terminated: it was not wanted any more")
                new = primary.call("DEBUG", "DIGEST")
                self.assert_same(primary, replica)
                with Server("--dir", replica.folder) as restored:
                    self.assertEqual(restored.call("DEBUG", "DIGEST"), new)

    def test_a_write_meanwhile_has_the_old_data_flushed_and_a_read_has_not(self):
        def half(link):
            link.sendall(whole[:-100])
            goes_on.wait()
            link.sendall(whole[-100:])

        # PFCOUNT keeps its result in the value.
        for words, reply in ((("PFCOUNT", "visitors"), 2), (("SET", "mine", "1"), b"OK")):
            with self.subTest(words), Server() as source, Server(
                    "--replica-read-only", "no", "--repl-diskless-load", "swapdb") as replica:
                for server, seed in ((source, 1), (replica, 2)):
                    fill(server, seed, 20)
                    server.call("PFADD", "visitors", "a", "b")
                whole, goes_on = full(snapshot_of(source)), threading.Event()
                with FakePrimary(half) as primary:
                    replica.call("REPLICAOF", "127.0.0.1", primary.port)
                    wait_until(lambda: replica.info("async_loading") == "1", "loading beside")
                    self.assertEqual(replica.call(*words), reply)
                    goes_on.set()
                    wait_until(lambda: replica.info("master_link_status") == "up", "the link")
                    flushed = "The old data set was changed meanwhile: it is flushed first"
                    self.assertEqual(flushed in replica.log(), words[0] == "SET")
                    self.assertEqual(replica.call("DEBUG", "DIGEST"),
                                     source.call("DEBUG", "DIGEST"))

    def test_where_two_do_not_fit_the_old_one_goes_first(self):
        primary, replica = Server("--repl-diskless-sync-delay", "0"), Server()
        self.addCleanup(primary.__exit__)
        self.addCleanup(replica.__exit__)
        for server, letter in ((primary, "p"), (replica, "r")):
            with server.wire() as wire:
                for i in range(2000):
                    wire.call("SET", i, letter * 5000)
        used = int(replica.info("used_memory"))
        replica.call("CONFIG", "SET", "maxmemory", used + (4 << 20))
        follow(replica, primary)
        replica.await_log("Two data sets do not fit into memory together")
        self.assert_same(primary, replica)

    def test_nothing_is_evicted_meanwhile(self):
        primary, replica = Server("--repl-diskless-sync-delay", "0"), Server(
            "--replica-ignore-maxmemory", "no", "--replica-full-sync", "swap",
            "--maxmemory-policy", "allkeys-lru")
        self.addCleanup(primary.__exit__)
        self.addCleanup(replica.__exit__)
        for server, letter in ((primary, "p"), (replica, "r")):
            with server.wire() as wire:
                for i in range(2000):
                    wire.call("SET", "same:%d" % i, "v" * 1000)
                    wire.call("SET", i, letter * 5000)
        replica.call("CONFIG", "SET", "maxmemory", int(replica.info("used_memory")) + (4 << 20))
        replica.call("CONFIG", "SET", "key-load-delay", "100")  # so that the limit is looked at
        follow(replica, primary)
        self.assertEqual(replica.info("evicted_keys"), "0")
        self.assert_same(primary, replica)

    def test_who_waits_for_what_it_brings_is_woken(self):
        for how, line in (("swap", "beside the old data"), ("flush", "Flushing old data")):
            with self.subTest(how), Server("--repl-diskless-sync-delay", "0") as primary, Server(
                    "--replica-full-sync", how) as replica:
                primary.call("XADD", "s", "1-1", "f", "v")
                follow(replica, primary)
                before = replica.log().count(line)
                with replica.wire() as old, replica.wire() as new, primary.wire() as wire:
                    old.send(encode("XREAD", "BLOCK", 0, "STREAMS", "s", "1-1"))
                    new.send(encode("XREAD", "BLOCK", 0, "STREAMS", "new", "0"))
                    wait_until(lambda: replica.info("blocked_clients") == "2", "who wait")
                    # At once a primary whose history continues none, and whose replicas have to ask
                    # again.
                    words = (("MULTI",), ("REPLICAOF", "127.0.0.1", replica.port),
                             ("REPLICAOF", "NO", "ONE"), ("DEBUG", "CHANGE-REPL-ID"),
                             ("XADD", "s", "2-1", "f", "v"), ("XADD", "new", "3-1", "f", "v"),
                             ("EXEC",))
                    for each in words:
                        reply = wire.call(*each)
                    self.assertEqual(reply[-2:], [b"2-1", b"3-1"])
                    self.assertEqual(old.reply(), [[b"s", [[b"2-1", [b"f", b"v"]]]]])
                    self.assertEqual(new.reply(), [[b"new", [[b"3-1", [b"f", b"v"]]]]])
                self.assertEqual(primary.info("sync_full"), "2")
                self.assertEqual(replica.log().count(line), before + 1)

    def test_flush_asks_for_the_old_way(self):
        primary, replica = self.pair("--replica-full-sync", "flush")
        follow(replica, primary)
        replica.await_log("Flushing old data")
        self.assert_same(primary, replica)

    def test_files_keep_what_was_flushed_for_one_that_failed(self):
        for files in (("--save", "1000 1"), ("--appendonly", "yes")):
            with self.subTest(files), Server(*files, "--replica-full-sync", "flush") as server:
                fill(server, 2, 20)
                before = server.call("DEBUG", "DIGEST")
                if files[0] == "--save":
                    self.assertEqual(server.call("SAVE"), b"OK")
                with FakePrimary(full(b"nonsense")) as primary:
                    server.call("REPLICAOF", "127.0.0.1", primary.port)
                    server.await_log("Failed trying to load the MASTER synchronization DB")
                    self.assertEqual(server.call("DBSIZE"), 0)
                    self.assertEqual(server.stop(), 0)
                with Server("--dir", server.folder, *files) as again:
                    self.assertEqual(again.call("DEBUG", "DIGEST"), before)

    def test_of_one_that_failed_nothing_stays(self):
        library = "#!lua name=lib\nredis.register_function('f', function() return 1 end)"
        with Server() as source:
            source.call("FUNCTION", "LOAD", library)
            fill(source, 1, 20)
            snapshot = snapshot_of(source)
        broken = snapshot[:-100] + b"\xee" * 100  # behind the functions, and some keys
        with Server("--replica-full-sync", "flush") as server:
            server.call("FUNCTION", "LOAD", library.replace("lib", "old"))
            fill(server, 2, 20)
            with FakePrimary(full(broken)) as primary:
                server.call("REPLICAOF", "127.0.0.1", primary.port)
                server.await_log("Failed trying to load the MASTER synchronization DB")
                self.assertEqual((server.call("DBSIZE"), server.call("FUNCTION", "LIST")), (0, []))

    def test_who_becomes_a_primary_after_one_that_failed_saves_again(self):
        with Server("--save", "1000 1", "--replica-full-sync", "flush") as server:
            fill(server, 2, 20)
            with FakePrimary(full(b"nonsense")) as primary:
                server.call("REPLICAOF", "127.0.0.1", primary.port)
                server.await_log("Failed trying to load the MASTER synchronization DB")
                server.call("REPLICAOF", "NO", "ONE")
            server.call("SET", "mine", "1")
            self.assertEqual(server.stop(), 0)
            with Server("--dir", server.folder) as again:
                self.assertEqual(again.call("KEYS", "*"), [b"mine"])

    def test_a_replica_that_was_killed_needs_no_second_one(self):
        primary, replica = self.pair()
        follow(replica, primary)
        replica.stop(signal.SIGKILL)
        primary.call("SET", "meanwhile", "1")
        with Server("--dir", replica.folder, "--replicaof",
                    "127.0.0.1 %d" % primary.port) as again:
            wait_until(lambda: again.info("master_link_status") == "up", "the link", 60)
            self.assertEqual(again.call("GET", "meanwhile"), b"1")
            self.assert_same(primary, again)
        self.assertEqual(primary.info("sync_full"), "1")

    def test_who_comes_while_a_file_is_written_shares_it(self):
        primary = Server("--repl-diskless-sync", "no", "--rdb-key-save-delay", "10000")
        first, second = (Server("--repl-timeout", "2") for _ in range(2))
        for server in (primary, first, second):
            self.addCleanup(server.__exit__)
        for i in range(400):
            primary.call("SET", i, "v")
        first.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: primary.info("rdb_bgsave_in_progress") == "1", "the file")
        with primary.wire() as wire:
            wire.call("SELECT", 5)
            wire.call("SET", "behind the cut", "1")
        second.call("REPLICAOF", "127.0.0.1", primary.port)
        for replica in (first, second):
            wait_until(lambda: replica.info("master_link_status") == "up", "the link", 60)
        self.assertEqual(primary.log().count("into a file"), 1)
        primary.await_log("Waiting for end of BGSAVE for SYNC")
        for replica in (first, second):
            # It took longer than their patience: newlines told them that the primary is alive.
            self.assertNotIn("imeout", replica.log())
            self.assertEqual(replica.info("master_replid"), primary.info("master_replid"))
            self.assert_same(primary, replica)

    def test_who_has_just_come_shares_it_though_the_first_one_goes(self):
        with Server("--repl-diskless-sync", "no", "--rdb-key-save-delay", "10000") as primary:
            for i in range(100):
                primary.call("SET", i, "v")
            with primary.wire() as second:
                with primary.wire() as first:
                    first.send(encode("SYNC"))
                    wait_until(lambda: primary.info("rdb_bgsave_in_progress") == "1", "the file")
                    second.send(encode("SYNC"))
                    wait_until(lambda: primary.info("connected_slaves") == "2", "both")
                wait_until(lambda: second._line().lstrip(b"\n").startswith(b"$"), "it")
            self.assertEqual(primary.log().count("into a file"), 1)

    @unittest.skipIf(REDUCED, "measures memory")
    def test_its_peak_is_a_quarter_above_what_is_served(self):
        primary, replica = self.pair(keys=4 * KEYS)
        used = int(replica.info("used_memory"))
        most, done = [0], threading.Event()

        def watch():
            while not done.is_set():
                most[0] = max(most[0], int(replica.info("used_memory")))
                time.sleep(0.002)

        watcher = threading.Thread(target=watch)
        watcher.start()
        follow(replica, primary)
        done.set()
        watcher.join()
        # Buffers and empty tables, whatever the size: some 3 MB.
        self.assertLess(most[0], 1.25 * used + (4 << 20))


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class Files(DiskTest):
    """What a full sync leaves on a slow disk for the next start."""
    HIDDEN = "#"  # of its file's name as long as it has none

    def test_loading_at_once_needs_no_room_on_the_disk(self):
        for how in ("on-empty-db", "swapdb"):
            with self.subTest(how), Server("--repl-diskless-sync-delay", "0") as primary, Server(
                    "--dir", self.place.folder, "--repl-diskless-load", how,
                    environment=self.disk.environment) as replica:
                fill(primary, 1, 1000)
                if how == "swapdb":
                    fill(replica, 2, 1000)
                self.disk.fail("write", ENOSPC, self.HIDDEN)
                follow(replica, primary)
                self.disk.work()
                replica.await_log("it is loaded as it comes, and not kept")
                wait_until(lambda: replica.info("master_repl_offset") ==
                           primary.info("master_repl_offset"), "the stream's end")
                self.assertEqual(replica.call("DEBUG", "DIGEST"), primary.call("DEBUG", "DIGEST"))
                self.assertEqual(primary.info("sync_full"), "1")
                self.assertFalse(os.path.exists(self.place.folder + "/dump.rdb"))

    def test_what_would_be_read_twice_needs_it(self):
        with Server("--repl-diskless-sync-delay", "0") as primary, Server(
                "--dir", self.place.folder, "--repl-diskless-load", "swapdb",
                environment=self.disk.environment) as replica:
            for server, letter in ((primary, "p"), (replica, "r")):
                with server.wire() as wire:
                    for i in range(2000):
                        wire.call("SET", i, letter * 5000)
            replica.call("CONFIG", "SET", "maxmemory", int(replica.info("used_memory")) + (4 << 20))
            self.disk.fail("write", ENOSPC, self.HIDDEN)
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            replica.await_log("would be needed from its beginning")
            self.assertEqual(replica.call("GET", "0"), b"r" * 5000)
            self.disk.work()
            wait_until(lambda: replica.info("master_link_status") == "up", "another try", 60)

    def test_an_older_one_does_not_replace_a_newer_one(self):
        primary = Server("--dir", self.place.folder, "--save", "3600 1",
                         "--repl-diskless-sync", "no", environment=self.disk.environment)
        self.addCleanup(primary.__exit__)
        primary.call("SET", "old", "1")
        self.disk.hold("fsync", self.HIDDEN)
        with Server() as replica:
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            primary.await_log("into a file")
            wait_until(lambda: primary.info("rdb_bgsave_in_progress") == "0", "it to be written")
            primary.call("FLUSHALL")  # saves
            primary.call("SET", "new", "1")
            primary.call("SAVE")
            self.disk.work()
            wait_until(lambda: replica.call("EXISTS", "new") == 1, "the stream")
        primary.stop(signal.SIGKILL)
        with Server("--dir", self.place.folder) as again:
            self.assertEqual(again.call("KEYS", "*"), [b"new"])


if __name__ == "__main__":
    unittest.main()
