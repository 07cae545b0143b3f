#!/usr/bin/python3
"""Messages and invalidations: who does not read is cut off, and they find their way by id."""
import os
import tempfile
import unittest

from harness import REDUCED, Server, ServerTest, Wire, encode, wait_until

CHANNEL = "__redis__:invalidate"


class Subscribers(unittest.TestCase):
    def test_who_does_not_read_is_cut_off_and_nobody_else(self):
        with Server("--client-output-buffer-limit", "pubsub", "1mb", "0", "0",
                    "--io-threads", 2) as server:
            with server.wire() as deaf, server.wire() as reader, server.wire() as publisher:
                for wire in (deaf, reader):
                    wire.call("SUBSCRIBE", "news")
                before = server.rss()
                message = b"x" * 10000
                for _ in range(2000):
                    publisher.call("PUBLISH", "news", message)
                    self.assertEqual(reader.reply(), [b"message", b"news", message])
                wait_until(lambda: server.call("PUBSUB", "NUMSUB", "news")[1] == 1,
                           "the end of the deaf subscriber")
                self.assertEqual(int(server.info("client_output_buffer_limit_disconnections")), 1)
                if not REDUCED:
                    self.assertLess(server.rss() - before, 32 << 20)

    def test_a_large_message_is_not_copied_for_each(self):
        with Server() as server:
            wires = [server.wire() for _ in range(100)]
            for wire in wires:
                wire.call("SUBSCRIBE", "news")
            before = server.rss()
            self.assertEqual(server.call("PUBLISH", "news", b"x" * (8 << 20)), 100)
            grown = server.rss() - before
            print("a message of 8 MB to 100 subscribers costs %d MB" % (grown >> 20))
            if not REDUCED:
                self.assertLess(grown, 128 << 20)
            for wire in wires:
                self.assertEqual(len(wire.reply()[2]), 8 << 20)
                wire.socket.close()


class Redirection(ServerTest):
    def test_invalidations_go_to_a_subscriber_in_resp2(self):
        with self.server.wire() as cache, self.server.wire() as ear:
            ear_id = ear.call("CLIENT", "ID")
            ear.call("SUBSCRIBE", CHANNEL)
            self.assertEqual(cache.call("CLIENT", "TRACKING", "ON", "REDIRECT", ear_id), b"OK")
            self.assertEqual(cache.call("CLIENT", "GETREDIR"), ear_id)
            cache.call("GET", "k")
            self.server.call("SET", "k", "v")
            self.assertEqual(ear.reply(), [b"message", CHANNEL.encode(), [b"k"]])
            self.server.call("FLUSHALL")
            self.assertEqual(ear.reply(), [b"message", CHANNEL.encode(), None])
            self.assertEqual(
                cache.call("CLIENT", "TRACKING", "ON", "REDIRECT", ear_id, "REDIRECT", ear_id),
                b"-ERR A client can only redirect to a single other client")

    def test_a_client_is_told_that_its_redirection_is_broken(self):
        with self.server.wire() as cache:
            with self.server.wire() as ear:
                ear_id = ear.call("CLIENT", "ID")
                cache.call("CLIENT", "TRACKING", "ON", "REDIRECT", ear_id)
                cache.call("GET", "k")
            wait_until(lambda: self.server.clients() == 1, "the end of the other connection")
            cache.send(encode("HELLO", 3))
            cache._line()  # a map of seven
            for _ in range(14):
                cache.reply()
            self.server.call("SET", "k", "v")
            self.assertEqual(cache._line(), b">2")
            self.assertEqual([cache.reply(), cache.reply()], [b"tracking-redir-broken", ear_id])
            self.assertIn(b" flags=tR ", self.server.call("CLIENT", "LIST"))


class Monitors(ServerTest):
    def test_a_client_of_the_unix_socket_is_shown_by_its_path(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "larder.sock")
            with Server("--unixsocket", path) as server, server.wire() as monitor, \
                    Wire(path) as wire:
                self.assertEqual(monitor.call("MONITOR"), b"OK")
                wire.call("SET", "k", "v")
                line = monitor.reply().decode()
                self.assertEqual(line.split(" ", 1)[1], '[0 unix:%s] "SET" "k" "v"' % path)

    def test_who_wants_no_replies_hears_nothing(self):
        with self.server.wire() as monitor:
            self.assertEqual(monitor.call("MONITOR"), b"OK")
            monitor.send(encode("CLIENT", "REPLY", "OFF"))
            wait_until(lambda: b"cmd=client|reply" in self.server.call("CLIENT", "LIST"), "OFF")
            self.server.call("SET", "k", "v")
            monitor.send(encode("CLIENT", "REPLY", "ON"))
            heard = []
            while b"OK" not in heard:
                heard.append(monitor.reply())
            self.assertFalse([line for line in heard if b'"SET"' in line])


class Broadcasts(ServerTest):
    options = ("--io-threads", "1", "--enable-debug-command", "yes")

    def test_who_wants_no_loop_hears_of_the_others_in_a_round(self):
        with self.server.wire() as busy, self.server.wire() as other, \
                self.server.wire() as own, self.server.wire() as ear:
            ear_id = ear.call("CLIENT", "ID")
            ear.call("SUBSCRIBE", CHANNEL)
            own.call("CLIENT", "TRACKING", "ON", "REDIRECT", ear_id, "BCAST", "NOLOOP")
            other.call("PING")
            for first, second in ((other, own), (own, other)):
                busy.send(encode("DEBUG", "SLEEP", "0.1"))  # until both have come
                first.send(encode("HSET", "h", "a", 1))
                second.send(encode("HSET", "h", "b", 1))
                for wire in (busy, first, second):
                    wire.reply()
                self.assertEqual(ear.reply(), [b"message", CHANNEL.encode(), [b"h"]])


class OnAReplica(unittest.TestCase):
    def test_a_prefix_hears_of_what_the_stream_changes(self):
        with Server() as primary, Server("--replicaof", "127.0.0.1", primary.port) as replica:
            wait_until(lambda: replica.info("master_link_status") == "up", "the link")
            with replica.wire() as cache, replica.wire() as ear:
                ear_id = ear.call("CLIENT", "ID")
                ear.call("SUBSCRIBE", CHANNEL)
                cache.call("CLIENT", "TRACKING", "ON", "REDIRECT", ear_id, "BCAST", "PREFIX", "k")
                for key in (b"k1", b"k2"):
                    primary.call("SET", key, 1)
                    self.assertEqual(ear.reply(), [b"message", CHANNEL.encode(), [key]])


if __name__ == "__main__":
    unittest.main()
