#!/usr/bin/python3
"""Daily backups: one is taken when it is due, loads, and pushes the oldest out; not where there is
nothing to make it of. Save points, too, whatever the clock has been."""
import os
import shutil
import tempfile
import unittest

from fake_primary import FakePrimary, full
from harness import REDUCED, Server, wait_until
from persistence_test import digest, fill, path, restart

CLOCK = os.environ.get("LARDER_CLOCK", "")


class Backups(unittest.TestCase):
    def test_one_that_was_missed_is_taken_and_loads(self):
        with Server() as server:
            folder = os.path.join(server.folder, "backups")
            os.mkdir(folder)
            open(os.path.join(folder, "dump-2020-01-01-0330.rdb"), "wb").close()
            fill(server)
            before = digest(server)
            self.assertEqual(server.call("SAVE"), b"OK")
            server.stop()
            with restart(server, "--backup-retention", "1") as other:
                self.assertEqual(other.call("CONFIG", "SET", "backup-schedule", "00:00"), b"OK")
                other.await_log("Daily backup taken")
                wait_until(lambda: int(other.info("larder_last_backup_time")) > 1_700_000_000,
                           "its time")
                self.assertEqual(other.info("larder_last_backup_status"), "ok")
                (name,) = os.listdir(folder)  # the old one is gone
                other.stop()
                os.replace(os.path.join(folder, name), path(server))
            with restart(server) as other:
                self.assertEqual(digest(other), before)

    def test_what_is_no_time_of_day_is_refused(self):
        with Server() as server:
            reply = server.call("CONFIG", "SET", "backup-schedule", "25:00")
            self.assertIn(b"argument must be a time of day like 03:30, or empty", reply)


class WithoutData(unittest.TestCase):
    """A server that has lost its data, and has one good backup, which is some days old."""
    OLD = "dump-2020-01-01-0330.rdb"

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(os.path.join(self.folder, "backups"))
        open(os.path.join(self.folder, "backups", self.OLD), "wb").close()

    def start(self, *options):
        """At its end it would save, too."""
        return Server("--dir", self.folder, "--backup-schedule", "00:00", "--backup-retention", "1",
                      "--shutdown-on-sigterm", "save", *options)

    def save(self, server):
        """A backup that is due is one more name of what is written now."""
        self.assertEqual(server.call("BGSAVE"), b"Background saving started")
        server.await_log("Background saving terminated with success")

    def assert_nothing_is_written(self, server):
        self.assertEqual(server.call("BGSAVE"), b"Background saving scheduled")
        self.assertEqual(server.call("SAVE"), b"-ERR")
        self.assertEqual(server.stop(), 0)
        self.assertNotIn("dump.rdb", os.listdir(self.folder))
        self.assert_old_one_stays()

    def assert_old_one_stays(self):
        self.assertEqual(os.listdir(os.path.join(self.folder, "backups")), [self.OLD])

    def test_what_comes_in_is_not_what_was_missed(self):
        with self.start() as server:
            server.call("SET", "k", "v")
            self.save(server)
            server.stop()
            self.assert_old_one_stays()

    def test_nor_is_it_behind_a_wait_in_vain(self):
        with open(os.path.join(self.folder, ".larder-restart"), "w") as file:
            file.write("served\n")
        with self.start("--protected-restart", "yes", "--protected-restart-timeout", "1") as server:
            server.await_log("nobody has said who is primary")
            server.call("SET", "k", "v")
            self.save(server)
            server.stop()
            self.assert_old_one_stays()

    def test_no_keys_are_no_backup(self):
        with Server("--dir", self.folder) as server:
            server.call("SET", "k", "v")
            server.call("SAVE")
        with self.start("--backup-schedule", "") as server:
            server.call("FLUSHALL")
            server.call("CONFIG", "SET", "backup-schedule", "00:00")
            server.await_log("No daily backup: there are no keys")
            server.call("SET", "k", "v")
            self.save(server)
            server.stop()
            self.assert_old_one_stays()

    def test_a_replica_waits_for_its_primary(self):
        with FakePrimary(full(head=b"$1000000\r\n")) as primary:
            with self.start("--replicaof", "127.0.0.1 %d" % primary.port) as server:
                self.assert_nothing_is_written(server)

    def test_so_does_who_had_nothing_as_a_primary(self):
        with FakePrimary(full(head=b"$1000000\r\n")) as primary, self.start() as server:
            server.call("REPLICAOF", "127.0.0.1", primary.port)
            self.assert_nothing_is_written(server)

    def test_who_has_its_primarys_data_saves_them(self):
        with Server("--repl-diskless-sync-delay", "0") as primary, self.start() as server:
            primary.call("SET", "k", "v")
            server.call("REPLICAOF", "127.0.0.1", primary.port)
            wait_until(lambda: server.info("master_link_status") == "up", "the link")
            self.save(server)

    def test_who_has_changed_places_with_nothing_saves_what_comes(self):
        with Server("--repl-diskless-sync-delay", "0") as other, self.start() as server:
            other.call("REPLICAOF", "127.0.0.1", server.port)
            wait_until(lambda: other.info("master_link_status") == "up", "the link")
            self.assertEqual(server.call("FAILOVER"), b"OK")
            wait_until(lambda: server.info("role") == "slave" and
                       server.info("master_link_status") == "up", "the link back")
            other.call("SET", "k", "v")
            self.save(server)


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
@unittest.skipUnless(os.path.exists(CLOCK), "no library of clocks")
class WrongClock(unittest.TestCase):
    def test_one_that_was_ahead_stops_no_save_point(self):
        with tempfile.TemporaryDirectory() as folder:
            shift = os.path.join(folder, "shift")

            def set_ahead(days):
                with open(shift + ".new", "w") as file:
                    file.write(str(days * 24 * 60 * 60))
                os.rename(shift + ".new", shift)

            set_ahead(400)
            clock = {"LD_PRELOAD": CLOCK, "CLOCK_SHIFT_FILE": shift}
            with Server("--save", "1 1", environment=clock) as server:
                for saves, days in ((1, 400), (2, 0)):
                    set_ahead(days)
                    server.call("SET", "k", saves)
                    wait_until(lambda: int(server.info("rdb_saves")) == saves, "a save point")


if __name__ == "__main__":
    unittest.main()
