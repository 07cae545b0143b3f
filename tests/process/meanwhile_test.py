#!/usr/bin/python3
"""What goes on beside a save or a rewrite: directives that change, messages, full syncs. Each ends
as if it were alone."""
import threading
import time
import unittest

from aof_test import ON, digest, rewritten
from harness import Server, encode, wait_until


class Turning(unittest.TestCase):
    """The append-only file, on and off."""

    def publish(self, server, db, stop):
        with server.wire() as wire:
            wire.call("SELECT", db)
            while not stop.is_set():
                wire.send(encode("PUBLISH", "c", "x") * 400 + encode("INCR", "counter"))
                for _ in range(401):
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


if __name__ == "__main__":
    unittest.main()
