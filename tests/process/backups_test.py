#!/usr/bin/python3
"""Daily backups: one is taken when it is due, loads, and pushes the oldest out."""
import os
import unittest

from harness import Server, wait_until
from persistence_test import digest, fill, path, restart


class Backups(unittest.TestCase):
    def test_one_that_was_missed_is_taken_and_loads(self):
        with Server() as server:
            folder = os.path.join(server.folder, "backups")
            os.mkdir(folder)
            open(os.path.join(folder, "dump-2020-01-01-0330.rdb"), "wb").close()
            with restart(server, "--backup-retention", "1") as other:
                fill(other)
                before = digest(other)
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


if __name__ == "__main__":
    unittest.main()
