#!/usr/bin/python3
"""The append-only file on a disk that refuses: what was written stays, nothing more is taken, and
who waits is told."""
import os
import signal
import time
import unittest

from aof_test import ALWAYS, ON, aof, digest, fill, manifest, rewritten
from faults import EIO, ENOSPC, DiskTest
from harness import DEADLINE_S, REDUCED, Server, encode, wait_for_end, wait_until


class AofDiskTest(DiskTest):
    def server(self, *options):
        server = Server("--dir", self.place.folder, *options, environment=self.disk.environment)
        self.addCleanup(server.__exit__)
        self.addCleanup(self.disk.work)  # first: it must be able to stop
        server.await_log("Ready to accept connections")
        return server

    def no_reply(self, wire):
        wire.socket.settimeout(0.2)
        self.assertRaises(OSError, wire.reply)
        wire.socket.settimeout(DEADLINE_S)


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class Slow(AofDiskTest):
    """A disk that takes its time, and a server that is killed meanwhile."""

    def there_after_a_kill(self, server, *keys):
        server.stop(signal.SIGKILL)
        self.disk.work()
        with Server("--dir", self.place.folder, *ON) as again:
            self.assertEqual(again.call("MGET", *keys), [b"1"] * len(keys))
            again.call("FLUSHALL")

    def test_what_is_answered_during_a_sync_is_in_the_kernel_s_hands(self):
        server = self.server(*ON)
        self.disk.hold("fsync", ".incr.")
        self.assertEqual(server.call("SET", "before", "1"), b"OK")
        self.disk.await_held()
        self.assertEqual(server.call("SET", "during", "1"), b"OK")
        self.there_after_a_kill(server, "before", "during")

    def test_what_comes_during_a_sync_is_synced_with_the_next(self):
        server = self.server(*ON)
        self.disk.hold("fsync", ".incr.")
        server.call("SET", "before", "1")
        self.disk.await_held()
        server.call("SET", "during", "1")
        self.disk.work()
        self.assertEqual(server.stop(), 0)
        self.disk.cut_power()
        with Server("--dir", self.place.folder, *ON) as again:
            self.assertEqual(again.call("MGET", "before", "during"), [b"1", b"1"])

    def test_what_is_answered_while_a_rewrite_begins_is_in_the_kernel_s_hands(self):
        for policy in ("everysec", "no", "always"):
            for call, part in (("fsync", ".incr."), ("open", ".incr."), ("fsync", ".manifest")):
                if (policy, call, part) == ("always", "fsync", ".incr."):
                    continue  # what was answered is synced, so the switch has nothing to wait for
                with self.subTest(policy=policy, call=call, part=part):
                    server = self.server(*ON, "--appendfsync", policy,
                                         "--no-appendfsync-on-rewrite", "yes")
                    server.call("SET", "before", "1")
                    self.disk.hold(call, part)
                    server.call("BGREWRITEAOF")
                    self.disk.await_held()
                    with server.wire() as wire:
                        wire.send(encode("SET", "during", "1"))
                        self.no_reply(wire)
                        self.assertEqual(server.call("GET", "during"), b"1")  # nobody waits but it
                        self.disk.work()
                        self.assertEqual(wire.reply(), b"OK")
                    self.disk.hold(call, part)  # also what is to come, if it has not come yet
                    self.there_after_a_kill(server, "before", "during")

    def test_a_rewrite_that_waits_for_a_sync_keeps_no_save_from_its_time(self):
        server = self.server(*ON)
        self.disk.hold("fsync", ".incr.")
        server.call("SET", "k", "1")
        self.disk.await_held()
        server.call("CONFIG", "SET", "auto-aof-rewrite-min-size", "1",
                    "auto-aof-rewrite-percentage", "1")
        server.await_log("Starting automatic rewriting of AOF")
        server.call("CONFIG", "SET", "save", "1 1")
        wait_until(lambda: server.info("rdb_saves") == "1", "a save")
        self.assertEqual(server.info("aof_rewrites"), "0")
        self.disk.work()
        wait_until(lambda: server.info("aof_rewrites") == "1", "the rewrite")
        self.assertEqual(rewritten(server), "ok")

    def test_with_always_replies_wait_again_when_a_rewrite_without_syncs_is_over(self):
        server = self.server(*ALWAYS, "--no-appendfsync-on-rewrite", "yes")
        server.call("BGREWRITEAOF")
        self.assertEqual(rewritten(server), "ok")
        self.disk.hold("fsync", ".incr.")
        with server.wire() as wire:
            wire.send(encode("SET", "k", "1"))
            self.no_reply(wire)
            self.disk.work()
            self.assertEqual(wire.reply(), b"OK")


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class Refusing(AofDiskTest):
    """A disk that takes nothing."""

    def recovers(self, server, call, error, rewrites=0):
        server.call("SET", "before", "1")
        self.disk.fail(call, error)
        with server.wire() as waiting:
            waiting.send(encode("SET", "during", "1"))
            wait_until(lambda: server.info("aof_last_write_status") == "err", "the error")
            several_tries = time.monotonic() + 0.5
            while time.monotonic() < several_tries:
                self.assertTrue(server.call("SET", "refused", "1").startswith(
                    b"-MISCONF Errors writing to the AOF file: "))
            self.assertEqual(server.call("GET", "before"), b"1")
            server.await_log("Error writing to the AOF file")
            self.disk.work()
            wait_until(lambda: server.info("aof_last_write_status") == "ok", "the recovery")
            self.assertEqual(waiting.reply(), b"OK")
        self.assertEqual(server.call("SET", "after", "1"), b"OK")
        wait_until(lambda: server.info("aof_buffer_length") == "0", "the write")
        wait_until(lambda: server.info("aof_rewrites") == str(rewrites), "as many rewrites")
        before = digest(server)
        server.stop(signal.SIGKILL)
        with Server("--dir", self.place.folder, *ALWAYS) as again:
            self.assertEqual(digest(again), before)
            self.assertEqual(again.call("DBSIZE"), 3)

    def test_full_then_not(self):
        self.recovers(self.server(*ALWAYS), "write", ENOSPC)

    def test_failing_to_sync_then_not(self):
        self.recovers(self.server(*ALWAYS), "fsync", EIO)

    def test_failing_to_sync_once_a_second_then_not(self):
        self.recovers(self.server(*ON), "fsync", EIO, rewrites=1)

    def test_no_reply_leaves_before_its_write_is_safe(self):
        server = self.server(*ALWAYS)
        self.disk.fail("fsync", EIO)
        with server.wire() as wire:
            wire.send(encode("SET", "k", "1") + encode("GET", "k") + encode("PING"))
            wait_until(lambda: server.info("aof_last_write_status") == "err", "the error")
            self.assertEqual(server.call("GET", "k"), b"1")  # it has run
            self.no_reply(wire)
            self.disk.work()
            self.assertEqual([wire.reply() for _ in range(3)], [b"OK", b"1", b"PONG"])

    def test_a_start_that_fails_acknowledges_nothing(self):
        self.disk.hold("fsync")
        server = Server("--dir", self.place.folder, *ALWAYS, wait=False,
                        environment=self.disk.environment)
        self.addCleanup(server.__exit__)
        server.await_log("Listening on port")
        with server.wire() as wire:
            wire.send(encode("SET", "k", "v") * 100)
            self.disk.fail("fsync", EIO)
            self.assertNotIn(b"+OK", wire.rest())
        self.assertEqual(wait_for_end(server.process), 1)

    def test_what_can_not_be_read_is_not_taken_for_the_end(self):
        """Else half of it would be cut off, or left out."""
        server = self.server(*ON)
        fill(server)
        server.call("BGREWRITEAOF")
        self.assertEqual(rewritten(server), "ok")
        server.call("MSET", *(word for i in range(1000) for word in ("after:%d" % i, "x" * i)))
        for i in range(1000):
            server.call("SET", "one by one:%d" % i, "1")
        before = digest(server)
        server.stop()
        paths = [aof(self.place, name) for name in os.listdir(aof(self.place))]
        sizes = [os.path.getsize(path) for path in paths]
        for part in (".manifest", ".base.rdb", ".incr.aof"):
            with self.subTest(file=part):
                self.disk.fail("read", EIO, part)
                broken = Server("--dir", self.place.folder, *ON, wait=False,
                                environment=self.disk.environment)
                self.addCleanup(broken.__exit__)
                self.assertEqual(wait_for_end(broken.process), 1)
                self.assertIn("Input/output error", broken.log())
                self.assertEqual([os.path.getsize(path) for path in paths], sizes)
        self.disk.work()
        self.assertEqual(digest(self.server(*ON)), before)

    def test_a_rewrite_that_can_not_be_written_leaves_the_files_alone(self):
        server = self.server(*ON)
        server.call("SET", "k", "1")
        before = manifest(self.place)
        self.disk.fail("open", ENOSPC)
        server.call("BGREWRITEAOF")
        self.assertEqual(rewritten(server), "err")
        self.assertEqual(manifest(self.place), before)
        self.disk.work()
        server.call("SET", "k", "2")
        server.call("BGREWRITEAOF")
        self.assertEqual(rewritten(server), "ok")
        self.assertNotEqual(manifest(self.place), before)
        server.stop(signal.SIGKILL)
        with Server("--dir", self.place.folder, *ON) as again:
            self.assertEqual(again.call("GET", "k"), b"2")

    def test_a_stop_by_signal_waits_for_the_first_base(self):
        server = self.server()
        fill(server)
        before = digest(server)
        self.disk.hold("open")
        self.assertEqual(server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
        self.assertEqual(server.call("SHUTDOWN"), b"-ERR Errors trying to SHUTDOWN. Check logs.")
        server.process.send_signal(signal.SIGTERM)
        server.await_log("Writing initial AOF, the server ends")
        self.disk.work()
        self.assertEqual(wait_for_end(server.process), 0)
        with Server("--dir", self.place.folder, *ON) as again:
            self.assertEqual(digest(again), before)

    def test_a_stop_by_signal_is_refused_where_the_first_base_fails(self):
        server = self.server()
        self.disk.fail("open", ENOSPC)
        self.assertEqual(server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
        server.process.send_signal(signal.SIGTERM)
        server.await_log("Writing initial AOF, can't exit.")
        self.assertEqual(server.call("SET", "k", "v"), b"OK")  # nothing is paused
        self.assertEqual(server.call("CONFIG", "SET", "appendonly", "no"), b"OK")
        self.disk.work()

    def stuck(self, server, call, error):
        """A write that the increment can't take."""
        self.disk.fail(call, error, ".incr.")
        waiting = server.wire()
        self.addCleanup(waiting.socket.close)
        waiting.send(encode("SET", "during", "1"))
        wait_until(lambda: server.info("aof_last_write_status") == "err", "the error")
        return waiting

    def test_a_rewrite_makes_room_where_the_file_has_filled_the_disk(self):
        for call, error in (("write", ENOSPC), ("fsync", EIO)):
            with self.subTest(call=call):
                server = self.server(*ALWAYS)
                server.call("SET", "before", "1")
                waiting = self.stuck(server, call, error)
                server.call("BGREWRITEAOF")
                self.assertEqual(rewritten(server), "ok")
                self.assertEqual(waiting.reply(), b"OK")  # it is in the base
                self.disk.work()
                wait_until(lambda: server.info("aof_last_write_status") == "ok", "the recovery")
                self.assertEqual(server.call("SET", "after", "1"), b"OK")
                before = digest(server)
                server.stop(signal.SIGKILL)
                with Server("--dir", self.place.folder, *ALWAYS) as again:
                    self.assertEqual(digest(again), before)
                    self.assertEqual(again.call("EXISTS", "before", "during", "after"), 3)
                    again.call("FLUSHALL")

    def test_a_rewrite_that_fails_too_leaves_what_waits_for_the_disk(self):
        server = self.server(*ALWAYS)
        waiting = self.stuck(server, "write", ENOSPC)
        before = manifest(self.place)
        self.disk.fail("write", ENOSPC)
        server.call("BGREWRITEAOF")
        self.assertEqual(rewritten(server), "err")
        self.assertEqual(manifest(self.place), before)
        self.disk.work()
        self.assertEqual(waiting.reply(), b"OK")
        server.stop(signal.SIGKILL)
        with Server("--dir", self.place.folder, *ALWAYS) as again:
            self.assertEqual(again.call("GET", "during"), b"1")

    def failed_thrice(self, server):
        wait_until(lambda: server.info("aof_rewrite_in_progress") == "0" and
                   int(server.info("aof_rewrites_consecutive_failures")) >= 3, "three failures")

    def test_failures_of_before_do_not_hold_back_who_turns_it_on(self):
        server = self.server(*ON)
        self.disk.fail("open", ENOSPC, "bg.aof")
        for _ in range(3):
            server.call("BGREWRITEAOF")
            self.assertEqual(rewritten(server), "err")
        self.failed_thrice(server)
        self.disk.work()
        server.call("CONFIG", "SET", "appendonly", "no")
        self.assertEqual(server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
        server.call("SET", "after", "1")
        wait_until(lambda: server.info("aof_last_bgrewrite_status") == "ok", "a base")
        self.assertEqual(server.stop(), 0)
        with Server("--dir", self.place.folder, *ON) as again:
            self.assertEqual(again.call("GET", "after"), b"1")

    def test_failures_of_before_do_not_hold_back_a_stop_by_signal(self):
        server = self.server()
        self.disk.fail("open", ENOSPC, "bg.aof")
        self.assertEqual(server.call("CONFIG", "SET", "appendonly", "yes"), b"OK")
        server.call("SET", "k", "1")
        self.failed_thrice(server)
        server.await_log("triggered the limit")
        self.disk.work()
        self.assertEqual(server.stop(), 0)
        with Server("--dir", self.place.folder, *ON) as again:
            self.assertEqual(again.call("GET", "k"), b"1")

    def test_a_folder_that_can_not_be_written_is_told(self):
        server = self.server()
        with open(aof(self.place)[:-1], "w"):
            pass  # a file in the directory's place
        self.assertIn(b"Unable to turn on AOF", server.call("CONFIG", "SET", "appendonly", "yes"))
        self.assertEqual(server.info("aof_enabled"), "0")


if __name__ == "__main__":
    unittest.main()
