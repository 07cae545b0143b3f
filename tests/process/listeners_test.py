#!/usr/bin/python3
"""Where it listens, and whom it answers."""
import os
import socket
import stat
import tempfile
import unittest

from harness import Server, Wire, accepts, free_port, wait_for_end, wait_until


class Listeners(unittest.TestCase):
    def test_unix_socket_with_its_mode(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "larder.sock")
            with Server("--unixsocket", path, "--unixsocketperm", "770") as server:
                self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o770)
                with Wire(path) as wire:
                    self.assertEqual(wire.call("PING"), b"PONG")
                server.stop()
                self.assertFalse(os.path.exists(path))

    def test_only_a_unix_socket(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "larder.sock")
            with Server("--port", 0, "--unixsocket", path, wait=False) as server:
                wait_until(lambda: accepts(path), "the socket")
                with Wire(path) as wire:
                    self.assertEqual(wire.call("PING"), b"PONG")
                    listener = ("listener0:name=unix,bind=%s\r\n" % path).encode()
                    self.assertIn(listener, wire.call("INFO", "server"))
                self.assertEqual(server.stop(), 0)

    def test_nowhere_to_listen_ends_the_start(self):
        for options in (["--port", 0], ["--bind", ""]):
            with Server(*options, wait=False) as server:
                self.assertEqual(wait_for_end(server.process), 1)
                server.await_log("Configured to not listen anywhere, exiting.")

    def test_ipv6(self):
        with Server("--bind", "::1", address="::1") as server:
            self.assertEqual(server.call("PING"), b"PONG")

    def test_several_addresses(self):
        with Server("--bind", "127.0.0.1", "127.0.0.2", "::1") as server:
            for address in ("127.0.0.1", "127.0.0.2", "::1"):
                with Wire((address, server.port)) as wire:
                    self.assertEqual(wire.call("PING"), b"PONG")
            binds = "bind=127.0.0.1,bind=127.0.0.2,bind=::1"
            self.assertEqual(server.info("listener0"), "name=tcp,%s,port=%d" % (binds, server.port))

    def test_a_port_that_is_set_is_the_one_it_tells(self):
        with Server("--repl-diskless-sync-delay", "0") as primary, Server() as replica:
            replica.port = free_port()
            with replica.wire() as wire:
                wire.call("CONFIG", "SET", "port", replica.port)
            replica.address = (replica.address[0], replica.port)
            self.assertIn("port=%d" % replica.port, replica.info("listener0"))
            replica.call("REPLICAOF", *primary.address)
            wait_until(lambda: primary.info("connected_slaves") == "1", "the replica")
            self.assertIn("port=%d," % replica.port, primary.info("slave0"))
            # And one that can't be had changes nothing.
            refusal = replica.call("CONFIG", "SET", "port", primary.port)
            self.assertIn(b"Unable to listen on this port", refusal)
            self.assertIn("port=%d" % replica.port, replica.info("listener0"))

    def test_an_address_with_a_minus_may_be_absent(self):
        with Server("--bind", "127.0.0.1", "-192.0.2.1") as server:
            self.assertEqual(server.call("PING"), b"PONG")

    def test_an_absent_address_ends_the_start(self):
        with Server("--bind", "192.0.2.1", wait=False) as server:
            self.assertEqual(wait_for_end(server.process), 1)

    def test_protected_mode_answers_only_this_machine(self):
        own = self._own_address()
        with Server("--bind", "127.0.0.1", own) as server:
            with Wire((own, server.port)) as wire:
                self.assertTrue(wire.rest().startswith(b"-DENIED "))
            server.call("CONFIG", "SET", "protected-mode", "no")
            with Wire((own, server.port)) as wire:
                self.assertEqual(wire.call("PING"), b"PONG")

    def test_protected_mode_ends_with_a_password(self):
        own = self._own_address()
        with Server("--bind", "127.0.0.1", own, "--requirepass", "secret") as server:
            with Wire((own, server.port)) as wire:
                self.assertEqual(wire.call("PING"), b"-NOAUTH Authentication required.")
                self.assertEqual(wire.call("AUTH", "secret"), b"OK")

    def _own_address(self):
        """An address of this machine that is not a loopback; connecting UDP sends nothing."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))
            except OSError:
                self.skipTest("this machine has only loopback addresses")
            return probe.getsockname()[0]


if __name__ == "__main__":
    unittest.main()
