#!/usr/bin/python3
"""Malformed requests: the exact words of Redis, then the end of that connection and of no other."""
import os
import unittest

from harness import ServerTest, encode

ERROR = b"-ERR Protocol error: %s\r\n"

# What is sent, and what the connection then says before it ends.
CLOSING = [
    (b"*x\r\n", b"invalid multibulk length"),
    (b"*2147483648\r\n", b"invalid multibulk length"),
    (b"*1\r\n+PING\r\n", b"expected '$', got '+'"),
    (b"*1\r\n$x\r\n", b"invalid bulk length"),
    (b"*1\r\n$-1\r\n", b"invalid bulk length"),
    (b"*1\r\n$536870913\r\n", b"invalid bulk length"),
    (b"*" + b"1" * 70000, b"too big mbulk count string"),
    (b"*1\r\n$" + b"1" * 70000, b"too big bulk count string"),
    (b"SET k \"unbalanced\r\n", b"unbalanced quotes in request"),
    (b"x" * 70000, b"too big inline request"),
]
# Who has not given the password may send ten arguments of 16 KiB.
NOT_AUTHENTICATED = [
    (b"*11\r\n", b"unauthenticated multibulk length"),
    (b"*1\r\n$16385\r\n", b"unauthenticated bulk length"),
]


class Malformed(ServerTest):
    def test_each_is_answered_and_closed(self):
        with self.server.wire() as bystander:
            for sent, error in CLOSING:
                with self.subTest(sent=sent[:40]), self.server.wire() as wire:
                    wire.send(sent)
                    self.assertEqual(wire.rest(), ERROR % error)
                self.assertEqual(bystander.call("PING"), b"PONG")

    def test_requests_before_it_are_answered_first(self):
        with self.server.wire() as wire:
            wire.send(encode("INCR", "n") * 3 + b"*1\r\n$x\r\n" + encode("INCR", "n"))
            self.assertEqual(wire.rest(), b":1\r\n:2\r\n:3\r\n" + ERROR % b"invalid bulk length")
        self.assertEqual(self.server.call("GET", "n"), b"3")

    def test_empty_requests_are_passed_over(self):
        with self.server.wire() as wire:
            wire.send(b"\r\n*0\r\n*-5\r\n\r\nPING\r\n")
            self.assertEqual(wire.reply(), b"PONG")

    def test_inline_commands_know_quotes(self):
        with self.server.wire() as wire:
            wire.send(b"SET k \"a b\\x00\"\nGET k\r\n")
            self.assertEqual(wire.reply(), b"OK")
            self.assertEqual(wire.reply(), b"a b\0")

    def test_a_request_in_single_bytes(self):
        with self.server.wire() as wire:
            for byte in encode("SET", "k", "v\r\n"):
                wire.send(bytes([byte]))
            self.assertEqual(wire.reply(), b"OK")
            self.assertEqual(wire.call("GET", "k"), b"v\r\n")

    def test_http_is_shown_the_door(self):
        for first in (b"POST / HTTP/1.1\r\n", b"Host: localhost\r\n"):
            with self.server.wire() as wire:
                wire.send(first + b"\r\n")
                self.assertEqual(wire.rest(), b"")


class NotAuthenticated(ServerTest):
    options = ("--requirepass", "secret")

    def test_requests_are_small(self):
        for sent, error in NOT_AUTHENTICATED:
            with self.subTest(sent=sent), self.server.wire() as wire:
                wire.send(sent)
                self.assertEqual(wire.rest(), ERROR % error)

    def test_with_a_password_they_are_not(self):
        with self.server.wire() as wire:
            self.assertEqual(wire.call("AUTH", "secret"), b"OK")
            self.assertEqual(wire.call("SET", "k", "x" * 20000), b"OK")
            self.assertEqual(wire.call("DEL", *range(20)), 0)


class QueryBuffer(ServerTest):
    options = ("--client-query-buffer-limit", "1mb")

    def test_a_request_over_the_limit_ends_the_connection(self):
        with self.server.wire() as wire:
            try:
                wire.send(b"*2\r\n$3\r\nGET\r\n$8388608\r\n" + b"x" * (4 << 20))
            except OSError:
                pass
            self.assertEqual(wire.rest(), b"")


class Payload(ServerTest):
    options = ("--loglevel", "verbose")

    def test_why_it_is_refused_is_in_the_log_before_the_answer(self):
        with self.server.wire() as wire:
            wire.call("RPUSH", "list", "a", "b")
            payload = bytearray(wire.call("DUMP", "list"))
            payload[0] = 15  # a stream
            wire.call("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", 1)
            restore = encode("RESTORE", "key", 0, bytes(payload))
            for _ in range(500):
                size = os.path.getsize(self.server.log_path)
                wire.send(restore)
                answer = wire.socket.recv(100)
                self.assertGreater(os.path.getsize(self.server.log_path), size)
                while not answer.endswith(b"\n"):
                    answer += wire.socket.recv(100)
                self.assertEqual(answer, b"-ERR Bad data format\r\n")


if __name__ == "__main__":
    unittest.main()
