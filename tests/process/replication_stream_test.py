#!/usr/bin/python3
"""What commands put into the replication stream, as tests/replication/effects.txt says it: played
against larder, and against redis-server where there is one, which is the judge of the file.

  replication_stream_test.py --record > effects.txt     lets redis-server fill in the stream
"""
import os
import re
import selectors
import sys
import time
import unittest

import harness
from harness import REDUCED, Server, encode, find_redis, wait_until

EFFECTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../replication/effects.txt")
STEP = re.compile(r"^(\w*)> (.*)$")


def split_words(line):
    """Words as redis-cli cuts them; of the escapes only \\n."""
    return [match[1].replace("\\n", "\n") if match[1] is not None else match[2]
            for match in re.finditer(r'"([^"]*)"|(\S+)', line)]


def shown(words):
    texts = [word.decode().replace("\n", "\\n") for word in words]
    return " ".join(text or '""' for text in texts)


class ReplicaLink:
    """A replica that only collects the stream, and says where it listens."""

    def __init__(self, server, port=0):
        self.wire = server.wire()
        assert self.wire.call("REPLCONF", "listening-port", port, "capa", "eof",
                              "capa", "psync2") == b"OK"
        self.wire.send(encode("PSYNC", "?", "-1"))
        reply = self._line().split()
        assert reply[0] == b"+FULLRESYNC", reply
        self.offset = int(reply[2])
        snapshot = self._line()
        if snapshot.startswith(b"$EOF:"):
            while snapshot[5:] not in self.wire.buffer:
                self.wire._more()
            self.wire.buffer = self.wire.buffer.split(snapshot[5:], 1)[1]
        else:
            self.wire._bytes(int(snapshot[1:]))
        wait_until(lambda: self._acknowledged(server), "a replica that is online")

    def _acknowledged(self, server):
        self.wire.send(encode("REPLCONF", "ACK", self.offset))
        return "state=online" in server.info("slave0")

    def _line(self):
        line = b""
        while not line:
            line = self.wire._line().lstrip(b"\n")
        return line

    def until(self, offset):
        """The commands up to this offset of the stream, but for pings: a redis-server that has just
        started may send one, whatever its period."""
        commands = []
        while self.offset < offset:
            words = self.wire.reply()
            self.offset += len(encode(*words))
            if words != [b"ping"]:
                commands.append(words)
        assert self.offset == offset, (self.offset, offset)
        return commands


class Stream:
    """Runs the steps of the file on a server and says what came out of its stream for each."""

    def __init__(self, server):
        self.server = server
        self.clients = {}
        server.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
        server.call("CONFIG", "SET", "repl-diskless-sync-delay", "0",
                    "repl-ping-replica-period", "3600", "repl-timeout", "3600")
        self.link = ReplicaLink(server)

    def wait(self, milliseconds):
        time.sleep(milliseconds / 1000)

    def play(self, client, words):
        if client not in self.clients:
            self.clients[client] = self.server.wire()
        wire = self.clients[client]
        wire.send(encode(*words))
        if client:
            wait_until(lambda: self.server.info("blocked_clients") == "1", "a client that waits")
        else:
            wire.reply()
        return self.link.until(int(self.server.info("master_repl_offset")))


def play_file(stream):
    """Yields each line of the file with the lines below it and those that belong there."""
    step, wanted, got = None, [], []
    with open(EFFECTS) as file:
        lines = file.read().splitlines()
    for line in lines:
        if line.startswith("  "):
            wanted.append(line[2:])
            continue
        if step is not None:
            yield step, wanted, got
        step, wanted, got = line, [], []
        if line.startswith("wait "):
            stream.wait(int(line[5:]))
        match = STEP.match(line)
        if match:
            got = [shown(words) for words in stream.play(match[1], split_words(match[2]))]
    yield step, wanted, got


def matches(wanted, got):
    if len(wanted) != len(got):
        return False
    return all(re.fullmatch(re.escape(want).replace(r"\{ms\}", r"\d+"), text, re.I)
               for want, text in zip(wanted, got))


class ReplicationStream(unittest.TestCase):
    QUIET = ("--repl-ping-replica-period", "3600")

    def check(self, server, without=None):
        """Plays the file; what differs in the section `without` is forgiven."""
        wrong, section = [], ""
        for step, wanted, got in play_file(Stream(server)):
            if step.startswith("# "):
                section = step
            if not matches(wanted, got) and not (without and section.startswith(without)):
                wrong.append("%s\n  wanted %s\n  got    %s" % (step, wanted, got))
        self.assertEqual(wrong, [], "\n" + "\n".join(wrong))

    def test_larder_says_what_the_file_says(self):
        with Server(*self.QUIET) as server:
            self.check(server)

    @unittest.skipUnless(find_redis(), "no redis-server")
    def test_redis_says_what_the_file_says(self):
        with Server(*self.QUIET, program=find_redis()) as server:
            self.check(server, without="# Streams")  # says where Redis differs


class Killed(unittest.TestCase):
    """What one network thread has answered is on its way to the replicas, whatever becomes of the
    process."""
    CLIENTS, ANSWERS, KILLS = 30, 1000, 10 if REDUCED else 50

    def answered(self, server):
        """Serial clients write until so many answers have come, and the server is killed between
        two of them. The highest number that each has an answer for."""
        wires = [server.wire() for _ in range(self.CLIENTS)]
        numbers = [0] * self.CLIENTS
        with selectors.DefaultSelector() as selector:
            for i, wire in enumerate(wires):
                selector.register(wire.socket, selectors.EVENT_READ, i)
                wire.send(encode("SET", "client%d" % i, 1))
            while sum(numbers) < self.ANSWERS:
                for key, _ in selector.select():
                    i = key.data
                    self.assertEqual(wires[i].reply(), b"OK")
                    numbers[i] += 1
                    wires[i].send(encode("SET", "client%d" % i, numbers[i] + 1))
        server.process.kill()
        server.process.wait()
        for i, wire in enumerate(wires):
            numbers[i] += wire.rest().count(b"+OK\r\n")
            wire.socket.close()
        return numbers

    def test_no_answered_write_is_lost(self):
        for _ in range(self.KILLS):
            with Server("--repl-diskless-sync-delay", "0", "--io-threads", "1") as server:
                replica = ReplicaLink(server)
                numbers = self.answered(server)
                written = re.findall(rb"client(\d+)\r\n\$\d+\r\n(\d+)\r\n", replica.wire.rest())
                replica.wire.socket.close()
            last = {int(client): int(number) for client, number in written}
            lost = [i for i, number in enumerate(numbers) if last.get(i, 0) < number]
            self.assertEqual(lost, [])


class SentByTheLoop(unittest.TestCase):
    """What the loop that made them sends of short news."""

    def test_a_replica_that_reads_late_gets_all_of_it(self):
        with Server("--repl-diskless-sync-delay", "0") as server, server.wire() as wire:
            replica = ReplicaLink(server)
            for _ in range(2000):  # 20 MB in short pieces: more than sockets hold
                wire.send(encode("SET", "key", b"x" * 1000) * 10)
                for _ in range(10):
                    self.assertEqual(wire.reply(), b"OK")
            replica.until(int(server.info("master_repl_offset")))
            replica.wire.socket.close()

    def test_nothing_of_another_history(self):
        with Server("--repl-diskless-sync-delay", "0") as primary, \
                Server("--repl-diskless-sync-delay", "0") as server:
            for _ in range(10):
                server.call("REPLICAOF", "127.0.0.1", primary.port)
                wait_until(lambda: server.info("master_link_status") == "up", "the link")
                replica = ReplicaLink(server)
                with server.wire() as wire:
                    wire.send(encode("REPLICAOF", "NO", "ONE") + encode("SET", "key", "mine"))
                    self.assertEqual([wire.reply(), wire.reply()], [b"OK", b"OK"])
                # It is closed, to ask again.
                self.assertNotIn(b"mine", replica.wire.rest())
                replica.wire.socket.close()


def record():
    with Server(program=find_redis()) as server:
        for step, _, got in play_file(Stream(server)):
            print(step)
            for text in got:
                print("  " + re.sub(r"\b1\d{12}\b", "{ms}", text))


if __name__ == "__main__":
    record() if "--record" in sys.argv else unittest.main()
