#!/usr/bin/python3
"""`import`: a data set taken over at the start, from a file or from a real redis-server, which must
not notice more than a replica that came and went."""
import os
import signal
import socket
import threading
import unittest

from harness import DEADLINE_S, Server, redis_server, wait_for_end, wait_until

KEYS = 3000


def fill(server, db=0, prefix="key"):
    with server.wire() as wire:
        wire.call("SELECT", db)
        for i in range(KEYS):
            wire.call("SET", "%s:%d" % (prefix, i), "a value that is worth packing, packing " * 2)
        wire.call("HSET", prefix + ":hash", "field", "value")
        wire.call("XADD", prefix + ":stream", "1-1", "field", "value")


def size(server, db):
    with server.wire() as wire:
        wire.call("SELECT", db)
        return wire.call("DBSIZE")


class FromFile(unittest.TestCase):
    def test_it_is_in_a_file_at_once_and_comes_once(self):
        with Server() as first:
            fill(first)
            first.call("SAVE")
            file = os.path.join(first.folder, "dump.rdb")
            for options in (("--save", "1000 100000"), ("--appendonly", "yes")):
                with self.subTest(options=options), \
                        Server("--import", file, *options) as own:
                    self.assertEqual(size(own, 0), KEYS + 2)
                    if "--save" in options:
                        wait_until(lambda: os.path.exists(os.path.join(own.folder, "dump.rdb")),
                                   "a snapshot")
                    own.process.kill()
                    own.process.wait()
                    with Server("--dir", own.folder, "--import", file, *options) as again:
                        self.assertEqual(size(again, 0), KEYS + 2)
                        again.call("SET", "key:1", "newer")
                        again.call("DEL", "key:2")
                    with Server("--dir", own.folder, "--import", file, *options) as later:
                        self.assertEqual(later.call("MGET", "key:1", "key:2"), [b"newer", None])
                        later.await_log("Nothing is imported")

    def test_a_snapshot_that_is_not_loaded_stays_as_it_is(self):
        with Server() as first, Server() as own:
            for server, key in ((first, "theirs"), (own, "ours")):
                server.call("SET", key, "value")
                server.call("SAVE")
            own.stop()
            with Server("--dir", own.folder, "--import", os.path.join(first.folder, "dump.rdb"),
                        "--appendonly", "yes", "--save", "3600 1") as other:
                self.assertEqual(other.call("KEYS", "*"), [])
                other.await_log("Nothing is imported")
                other.process.kill()
                other.process.wait()
            with Server("--dir", own.folder) as again:
                self.assertEqual(again.call("KEYS", "*"), [b"ours"])

    def test_its_keys_count_as_changes(self):
        with Server() as first:
            fill(first)
            first.call("SAVE")
            with Server("--import", os.path.join(first.folder, "dump.rdb")) as own:
                self.assertEqual(own.info("rdb_changes_since_last_save"), str(KEYS + 2))

    def test_without_files_it_comes_with_every_start(self):
        with Server() as first:
            fill(first)
            first.call("SAVE")
            file = os.path.join(first.folder, "dump.rdb")
            for _ in range(2):
                with Server("--import", file) as own:
                    self.assertEqual(size(own, 0), KEYS + 2)

    def test_what_is_no_data_set_stops_the_start(self):
        for name, content, reason in (("none.rdb", None, "No such file"),
                                      ("bad.rdb", b"REDIS0010\xfe", "offset 10")):
            with Server() as first:
                path = os.path.join(first.folder, name)
                if content is not None:
                    with open(path, "wb") as file:
                        file.write(content)
                with Server("--import", path, wait=False) as server:
                    self.assertEqual(wait_for_end(server.process), 1)
                    server.await_log("import from " + path)
                    server.await_log(reason)


class FromServer(unittest.TestCase):
    def setUp(self):
        redis = Server(program=redis_server())
        self.addCleanup(redis.__exit__)
        redis.call("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        fill(redis)
        fill(redis, 3, "other")
        self.redis = redis

    def address(self, rest="", login=""):
        return "redis://%s127.0.0.1:%d%s" % (login, self.redis.port, rest)

    def test_all_of_a_redis(self):
        for diskless in ("yes", "no"):
            self.redis.call("CONFIG", "SET", "repl-diskless-sync", diskless)
            with Server("--import", self.address()) as server:
                self.assertEqual(server.call("DEBUG", "DIGEST"),
                                 self.redis.call("DEBUG", "DIGEST"))
                self.assertEqual(server.call("ROLE")[0], b"master")

    def test_one_database_with_a_password(self):
        self.redis.call("CONFIG", "SET", "requirepass", "a b%")
        with Server("--import", self.address("/3", ":a%20b%25@")) as server:
            self.assertEqual((size(server, 0), size(server, 3)), (0, KEYS + 2))

    def test_a_database_that_holds_nothing_stops_the_start(self):
        """Else the empty data set would be saved, and the next import refused because of that."""
        for db, reason in (("5", "its database 5 has no keys"),
                           ("16", "there is no database 16 here, only 16")):
            with self.subTest(db=db), \
                    Server("--import", self.address("/" + db), "--save", "300 1",
                           wait=False) as server:
                self.assertEqual(wait_for_end(server.process), 1)
                server.await_log(reason)
                self.assertFalse(os.path.exists(os.path.join(server.folder, "dump.rdb")))

    def test_a_wrong_password_is_not_shown(self):
        self.redis.call("CONFIG", "SET", "requirepass", "right")
        with Server("--import", self.address("", ":secret@"), wait=False) as server:
            self.assertEqual(wait_for_end(server.process), 1)
            server.await_log("the server answers: -WRONGPASS")
            self.assertNotIn("secret", server.log())


class FromNobody(unittest.TestCase):
    def refused(self, address, reason):
        with Server("--import", address, wait=False) as server:
            self.assertEqual(wait_for_end(server.process), 1)
            server.await_log(reason)

    def test_addresses_that_make_no_sense(self):
        for address in ("redis://", "redis://h:99999", "redis://h/x", "redis://%zz@h"):
            self.refused(address, "write it as redis://")

    def test_no_address_is_taken_for_a_file(self):
        for scheme in ("rediss", "REDISS", "unix", "valkey"):
            with self.subTest(scheme=scheme), \
                    Server("--import", scheme + "://:secret@127.0.0.1:1", wait=False) as server:
                self.assertEqual(wait_for_end(server.process), 1)
                server.await_log("write it as redis://")
                self.assertNotIn("secret", server.log())
        self.refused("REDIS://127.0.0.1:1", "no connection to")

    def test_a_port_where_nobody_listens(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.refused("redis://127.0.0.1:%d" % probe.getsockname()[1], "no connection to")

    def test_a_server_that_hangs_up_in_the_middle(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def answer():
                peer = listener.accept()[0]
                with peer:
                    peer.recv(1000)
                    peer.sendall(b"+OK\r\n")
                    peer.recv(1000)
                    peer.sendall(b"+FULLRESYNC %s 0\r\n$1000\r\nREDIS0010\xfe\x00" % (b"a" * 40))
            thread = threading.Thread(target=answer)
            thread.start()
            self.refused("redis://127.0.0.1:%d" % listener.getsockname()[1],
                         "the input ends too early")
            thread.join()


class FromOneWhoLetsItWait(unittest.TestCase):
    """A server that takes long to make its snapshot, or has no room for a connection."""

    def setUp(self):
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=0)
        self.addCleanup(self.listener.close)
        self.listener.settimeout(DEADLINE_S)
        self.port = self.listener.getsockname()[1]

    def importing(self):
        return Server("--import", "redis://127.0.0.1:%d" % self.port, wait=False)

    def end(self, server):
        server.process.send_signal(signal.SIGTERM)
        self.assertEqual(wait_for_end(server.process), 0)

    def end_behind(self, begin_of_snapshot):
        with self.importing() as server, self.listener.accept()[0] as peer:
            peer.recv(1000)
            peer.sendall(b"+OK\r\n")
            peer.recv(1000)
            peer.sendall(b"+FULLRESYNC %s 0\r\n" % (b"a" * 40) + begin_of_snapshot)
            self.end(server)

    def test_a_stop_does_not_wait_for_the_snapshot(self):
        self.end_behind(b"\n")

    def test_a_stop_does_not_wait_for_the_rest_of_a_value(self):
        self.end_behind(b"$1000\r\nREDIS0010\x00\x01k\x20v")

    def test_a_stop_does_not_wait_for_the_connection(self):
        with socket.create_connection(("127.0.0.1", self.port)), self.importing() as server:
            server.await_log("Importing from another server")
            self.end(server)


if __name__ == "__main__":
    unittest.main()
