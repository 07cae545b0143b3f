#!/usr/bin/python3
"""Primaries and replicas that lie, stutter or stall: the link is dropped with a line that says why,
the data stay, and memory stays bounded."""
import contextlib
import socket
import threading
import unittest

from harness import Server, ServerTest, encode, wait_until

ID = b"5" * 40
MARK = b"0123456789abcdef0123456789abcdef01234567"
HALF_A_MARK = MARK[:39]  # and then something else
NO_KEYS = b"REDIS0010\xff" + bytes(8)  # a checksum of zeros is none


def snapshot(**keys):
    """What a server with these keys sends to a replica."""
    with Server() as server:
        for key, value in keys.items():
            server.call("SET", key, value)
        with server.wire() as wire:
            wire.send(encode("SYNC"))
            while not wire.buffer.lstrip(b"\n"):
                wire._more()
            wire.buffer = wire.buffer.lstrip(b"\n")
            return wire._bytes(int(wire._line()[1:]))


class FakePrimary:
    """Shakes hands as a primary does, then leaves PSYNC's connection to `answer`."""

    def __init__(self, answer, pong=b"+PONG\r\n"):
        self.answer, self.pong = answer, pong
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.listener.accept()
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.open.append(link)
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        with contextlib.suppress(OSError), link.makefile("rb") as lines:
            while line := lines.readline():
                if b"PING" in line:
                    link.sendall(self.pong)
                elif b"REPLCONF" in line:
                    link.sendall(b"+OK\r\n")
                elif b"PSYNC" in line:
                    break
            if self.answer and self.answer(link) == "stay":
                while lines.readline():
                    pass
            link.shutdown(socket.SHUT_RDWR)


def says(*parts):
    return lambda link: link.sendall(b"".join(parts))


def full(data, *more):
    """A full sync with this snapshot, and what follows it in the stream."""
    def answer(link):
        link.sendall(b"+FULLRESYNC %s 1000\r\n$%d\r\n%s" % (ID, len(data), data))
        link.sendall(b"".join(more))
        return "stay"
    return answer


class BadPrimaries(ServerTest):
    options = ("--repl-timeout", 5)

    def setUp(self):
        super().setUp()
        self.server.call("SET", "k", "v")

    def follow(self, primary, line):
        """Follows it until the log says the line."""
        self.server.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: line in self.server.log(), "the line " + line)

    def refused(self, answer, line, **more):
        with FakePrimary(answer, **more) as primary:
            self.follow(primary, line)
            self.assertEqual(self.server.call("GET", "k"), b"v")
            self.assertEqual(self.server.info("master_link_status"), "down")

    def test_handshakes_that_are_none(self):
        self.refused(None, "Error reply to PING from master: '\ufffd'", pong=b"\xff\r\n")
        self.refused(None, "a line without an end", pong=b"x" * 20000)
        self.refused(says(b"+FULLRESYNC " + ID + b" over there\r\n"), "wrong +FULLRESYNC syntax")
        self.refused(says(b"+FULLRESYNC 555 0\r\n"), "wrong +FULLRESYNC syntax")

    def test_snapshots_that_are_none(self):
        begin = b"+FULLRESYNC " + ID + b" 0\r\n"
        self.refused(says(begin, b"hello\r\n"), "instead of a snapshot it sent: hello")
        self.refused(says(begin, b"$-12\r\n"), "instead of a snapshot it sent: $-12")
        self.refused(says(begin, b"$EOF:", MARK[:20], b"\r\n"),
                     "instead of a snapshot it sent: $EOF")
        self.refused(says(begin, b"$4\r\nabcd"), "synchronization DB: ")
        self.refused(says(begin, b"$1000\r\n", NO_KEYS), "I/O error trying to sync with MASTER")

    def test_snapshots_that_are_not_whole(self):
        good = snapshot(new="data")
        begin = b"+FULLRESYNC " + ID + b" 0\r\n"
        flipped = good[:-9] + b"\xff" + bytes(7) + b"\x01"
        self.refused(full(flipped), "RDB CRC error")
        self.refused(full(good[:-20]), "synchronization DB: ")
        self.refused(says(begin, b"$EOF:", MARK, b"\r\n", good, HALF_A_MARK),
                     "I/O error trying to sync with MASTER")

    def received(self):
        info = self.server.call("INFO", "replication").split(b"master_sync_read_bytes:")
        return int(info[1].split(b"\r\n")[0]) if len(info) > 1 else 0

    def test_a_mark_that_comes_in_two_pieces(self):
        """The value holds nearly a mark, which is none, wherever the pieces end."""
        data = snapshot(new=HALF_A_MARK + b"!")
        for sent in range(1, len(MARK), 6):
            def answer(link):
                link.sendall(b"+FULLRESYNC %s 0\r\n$EOF:%s\r\n" % (ID, MARK))
                link.sendall(data + MARK[:sent])
                # All that can not be the mark's begin.
                least = len(data) + sent - len(MARK) + 1
                wait_until(lambda: self.received() >= least, "the first piece")
                link.sendall(MARK[sent:])
                return "stay"

            with FakePrimary(answer) as primary:
                self.server.call("REPLICAOF", "127.0.0.1", primary.port)
                wait_until(lambda: self.server.info("master_link_status") == "up", "a link")
                self.assertEqual(self.server.call("GET", "new"), HALF_A_MARK + b"!")
                self.server.call("REPLICAOF", "NO", "ONE")
                self.server.call("FLUSHALL")

    def test_streams_that_are_none(self):
        good = snapshot(new="data")
        for stream, line in ((b"*1\r\n$-5\r\n", "Protocol error from the primary: "),
                             (b"*1\r\n$5000000000\r\n", "invalid bulk length"),
                             (b"*9999999999\r\n", "invalid multibulk length"),
                             (encode("SELECT", 77) + encode("SET", "lost", "here"),
                              "The primary uses database 77 of 16: the directive databases")):
            with FakePrimary(full(good, encode("SET", "sent", "before"), stream)) as primary:
                self.follow(primary, line)
                self.assertEqual(self.server.call("GET", "sent"), b"before")
                self.assertIsNone(self.server.call("GET", "lost"))

    def test_what_the_stream_gets_wrong_is_told_and_passed_over(self):
        stream = encode("NOSUCH", "command") + encode("INCR", "new") + encode("SET", "k", "last")
        with FakePrimary(full(snapshot(new="data"), stream)) as primary:
            self.follow(primary, "after processing the command 'INCR'")
            self.assertIn("after processing the command 'NOSUCH'", self.server.log())
            wait_until(lambda: self.server.call("GET", "k") == b"last", "the end of the stream")
            self.assertEqual(self.server.info("master_link_status"), "up")

    def test_a_snapshot_of_a_database_that_is_not_here(self):
        facts = b"\xfa\x0erepl-stream-db\x02" + b"77"
        data = b"REDIS0010" + facts + b"\xff" + bytes(8)
        with FakePrimary(full(data, encode("SET", "k", "v"))) as primary:
            self.follow(primary, "The primary uses database 77 of 16")
            self.assertIsNone(self.server.call("GET", "k"))

    def test_one_that_says_nothing_more(self):
        self.server.call("CONFIG", "SET", "repl-timeout", 1)
        with FakePrimary(full(snapshot(new="data"))) as primary:
            self.follow(primary, "MASTER timeout: no data nor PING received...")
            self.assertEqual(self.server.call("GET", "new"), b"data")


class BadReplicas(ServerTest):
    options = ("--repl-diskless-sync-delay", 0, "--repl-backlog-size", "1mb",
               "--client-output-buffer-limit", "replica 4mb 0 0")

    def link(self, history=b"?", offset=-1):
        wire = self.server.wire()
        self.addCleanup(wire.socket.close)
        wire.call("REPLCONF", "listening-port", 1, "capa", "eof", "capa", "psync2")
        wire.send(encode("PSYNC", history, offset))
        return wire

    def synced(self):
        """One whose snapshot has ended."""
        wire = self.link()
        while b"+FULLRESYNC" not in wire.buffer:
            wire._more()
        while b"$EOF:" not in wire.buffer:
            wire._more()
        mark = wire.buffer.split(b"$EOF:")[1][:40]
        while wire.buffer.count(mark) < 2:
            wire._more()
        wire.send(encode("REPLCONF", "ACK", 0))
        wait_until(lambda: "state=online" in self.server.info("slave0"), "a replica that is online")
        return wire

    def dropped(self, wire, line):
        wait_until(lambda: line in self.server.log(), "the line " + line)
        wire.rest()
        wait_until(lambda: self.server.info("connected_slaves") == "0", "no replica")

    def test_claims_from_the_future(self):
        wire = self.synced()
        history = self.server.info("master_replid")
        full_syncs = int(self.server.info("sync_full"))
        wire.send(encode("REPLCONF", "ACK", 10 ** 15))
        self.dropped(wire, "lost: it acknowledges what it was never sent.")
        ahead = self.link(history, 10 ** 15)
        wait_until(lambda: int(self.server.info("sync_full")) == full_syncs + 1, "a full sync")
        ahead.socket.close()
        foreign = self.link(ID, 1)
        wait_until(lambda: int(self.server.info("sync_full")) == full_syncs + 2, "a full sync")
        foreign.socket.close()

    def test_garbage(self):
        wire = self.synced()
        wire.send(b"*1\r\n$-5\r\n")
        self.dropped(wire, "lost: it broke the protocol.")
        wire = self.synced()
        wire.send(b"*1\r\n$500000\r\n" + b"x" * 100000)
        self.dropped(wire, "lost: it sent too much.")

    def test_one_that_never_acknowledges(self):
        self.server.call("CONFIG", "SET", "repl-timeout", 1)
        self.dropped(self.synced(), "lost: it has been silent for repl-timeout.")

    def test_one_that_hardly_reads(self):
        wire = self.synced()
        before = int(self.server.info("used_memory"))
        most = 0
        with self.server.wire() as writer:
            while int(self.server.info("connected_slaves")) > 0:
                writer.call("SET", "k", "x" * 500000)
                most = max(most, int(self.server.info("used_memory")))
                wire.socket.recv(1)
        self.assertLess(most - before, 12 << 20)  # the limit, a step beyond it, and the value
        self.assertIn("scheduled to be closed ASAP for overcoming of output buffer limits.",
                      self.server.log())


if __name__ == "__main__":
    unittest.main()
