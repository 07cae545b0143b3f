#!/usr/bin/python3
"""What goes on beside a save or a rewrite: directives that change, messages, full syncs. Each ends
as if it were alone."""
import os
import shutil
import threading
import time
import unittest

from aof_test import ON, aof, digest, rewritten
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
            self.assertGreater(server.log().count("rewrite terminated with error"), 100)
            shutil.rmtree(base)
            server.call("SET", "k", "v")
            wait_until(lambda: server.call("BGREWRITEAOF") and rewritten(server) == "ok", "a base")
            self.assertEqual(server.call("WAITAOF", "1", "0", "20000"), [1, 0])


if __name__ == "__main__":
    unittest.main()
