#!/usr/bin/python3
"""The link between primary and replica when the other side breaks the rules, hangs, or is slow; and
what the words that steer it do at once."""
import os
import signal
import socket
import subprocess
import unittest

from failover_test import freeze
from fake_primary import EMPTY, ID, FakePrimary, full
from harness import REDUCED, Server, encode, wait_until
from replication_stream_test import ReplicaLink

QUICK = ("--repl-diskless-sync-delay", "0")
MARK = "e" * 40


def snapshot_of(**keys):
    """What a server with these keys sends to a replica."""
    with Server() as server, server.wire() as wire:
        for key, value in keys.items():
            wire.call("SET", key, value)
        wire.send(encode("SYNC"))
        while not wire.buffer.lstrip(b"\n"):
            wire._more()
        wire.buffer = wire.buffer.lstrip(b"\n")
        return wire._bytes(int(wire._line()[1:]))


class BadPrimary(unittest.TestCase):
    """A replica with data of its own, which it keeps whatever the primary sends."""

    def refused(self, answer, line, *options, close=False):
        with FakePrimary(answer) as primary, Server("--repl-timeout", "2", *options) as replica:
            replica.call("SET", "kept", "1")
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            if close:
                wait_until(lambda: primary.asked and not primary.answers, "the answer")
                primary.links[0].shutdown(socket.SHUT_WR)
            replica.await_log(line)
            wait_until(lambda: len(primary.asked) > 1, "another try")
            self.assertEqual(replica.call("GET", "kept"), b"1")
            self.assertEqual(replica.info("master_link_status"), "down")

    def test_garbage_for_an_answer(self):
        self.refused(b"\x00\xff\x13garbage\r\nmore\r\n", "Bad protocol from MASTER")

    def test_a_line_without_an_end(self):
        self.refused(b"+" + b"x" * 100_000, "a line without an end")

    def test_full_resync_without_an_offset(self):
        self.refused(b"+FULLRESYNC " + ID.encode() + b"\r\n", "wrong +FULLRESYNC syntax")

    def test_full_resync_at_an_offset_that_no_stream_has(self):
        self.refused(full(offset=2**63), "wrong +FULLRESYNC syntax")

    def test_a_length_that_is_none(self):
        self.refused(full(head=b"$-1\r\n"), "Bad protocol from MASTER")
        self.refused(full(head=b"$18446744073709551616\r\n"), "Bad protocol from MASTER")
        self.refused(full(head=b"$EOF:abc\r\n"), "Bad protocol from MASTER")

    def test_a_bulk_that_never_comes(self):
        self.refused(full(b"REDIS0010", head=b"$99999999999\r\n"), "silent for repl-timeout")

    def test_a_snapshot_that_is_garbage(self):
        for mode in ("disabled", "swapdb"):
            self.refused(full(b"REDIS0010\xfe\x00\xee garbage"), "Internal error in RDB",
                         "--repl-diskless-load", mode)

    def test_a_wrong_checksum(self):
        for mode in ("disabled", "swapdb"):
            self.refused(full(b"REDIS0010\xff12345678"), "RDB CRC error",
                         "--repl-diskless-load", mode)

    def test_half_an_end_mark(self):
        head = b"$EOF:" + MARK.encode() + b"\r\n"
        for mode in ("disabled", "swapdb"):
            self.refused(full(EMPTY + MARK[:20].encode(), head=head), "I/O error trying to sync",
                         "--repl-diskless-load", mode, close=True)
            self.refused(full(EMPTY + MARK[:20].encode(), head=head), "silent for repl-timeout",
                         "--repl-diskless-load", mode)

    def test_another_history_means_a_full_sync(self):
        # Lower than what the replica has had, under a foreign name: the snapshot says what holds.
        with FakePrimary(full(offset=7)) as primary, Server() as replica:
            for i in range(100):
                replica.call("SET", "k%d" % i, "v")
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            wait_until(lambda: replica.info("master_link_status") == "up", "the link")
            self.assertEqual(replica.info("master_replid"), ID)
            self.assertEqual(replica.info("master_repl_offset"), "7")
            self.assertEqual(replica.call("DBSIZE"), 0)

    def test_the_disk_has_nothing_of_another_history(self):
        for options in ((), ("--replica-full-sync", "flush")):
            with FakePrimary(full(offset=1000000)) as primary, \
                    Server("--appendonly", "yes", *options) as replica, replica.wire() as wire:
                wire.call("SET", "k", "v")
                self.assertEqual(wire.call("WAITAOF", 1, 0, 0), [1, 0])
                replica.call("REPLICAOF", "127.0.0.1", primary.port)
                wait_until(lambda: primary.asked and not primary.answers, "the full sync")
                heard = b""
                while b"\r\n1000000\r\n" not in heard:
                    heard += primary.links[0].recv(4096)
                self.assertIn(b"ACK", heard)
                self.assertNotIn(b"FACK", heard)

    def test_a_mark_that_comes_in_two_pieces(self):
        # The value holds nearly a mark, which is none, wherever the pieces end.
        value = MARK[:-1] + "!"
        data = snapshot_of(k=value)

        def received(replica):
            info = replica.call("INFO", "replication").split(b"master_sync_read_bytes:")
            return int(info[1].split(b"\r\n")[0]) if len(info) > 1 else 0

        with Server() as replica:
            for sent in range(1, len(MARK), 6):
                def answer(link, sent=sent):
                    link.sendall(full(data + MARK[:sent].encode(),
                                      head=b"$EOF:%s\r\n" % MARK.encode()))
                    # All that can not be the mark's begin.
                    least = len(data) + sent - len(MARK) + 1
                    wait_until(lambda: received(replica) >= least, "the first piece")
                    link.sendall(MARK[sent:].encode())

                with FakePrimary(answer) as primary:
                    replica.call("REPLICAOF", "127.0.0.1", primary.port)
                    wait_until(lambda: replica.info("master_link_status") == "up", "the link")
                    self.assertEqual(replica.call("GET", "k"), value.encode())
                    replica.call("REPLICAOF", "NO", "ONE")
                    replica.call("FLUSHALL")

    def given_up(self, stream, line):
        """A stream that is of no use; what came before it counts."""
        with FakePrimary(full() + encode("SET", "before", "1") + stream) as primary, \
                Server() as replica:
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            replica.await_log(line)
            wait_until(lambda: len(primary.asked) > 1, "another try")
            self.assertEqual(replica.call("GET", "before"), b"1")
            self.assertIsNone(replica.call("GET", "lost"))

    def test_garbage_in_the_stream(self):
        self.given_up(b"*1\r\n$4\r\nPI\xff\xff\r\n*not a number\r\n", "Protocol error from")
        self.given_up(b"*1\r\n$-5\r\n", "invalid bulk length")
        self.given_up(b"*1\r\n$5000000000\r\n", "invalid bulk length")
        self.given_up(b"*9999999999\r\n", "invalid multibulk length")

    def test_a_database_that_is_not_here(self):
        line = "The primary uses database 77 of 16: the directive databases must be larger"
        self.given_up(encode("SELECT", 77) + encode("SET", "lost", "here"), line)
        said = b"REDIS0010\xfa\x0erepl-stream-db\x0277\xff" + bytes(8)
        with FakePrimary(full(said) + encode("SET", "lost", "here")) as primary, \
                Server() as replica:
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            replica.await_log(line)
            self.assertIsNone(replica.call("GET", "lost"))

    def test_what_the_stream_gets_wrong_is_told_and_passed_over(self):
        stream = (encode("NOSUCH", "command") + encode("SET", "k", "text") + encode("INCR", "k") +
                  encode("SET", "last", "1"))
        with FakePrimary(full() + stream) as primary, Server() as replica:
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            wait_until(lambda: replica.call("GET", "last") == b"1", "the end of the stream")
            replica.await_log("after processing the command 'NOSUCH'")
            replica.await_log("after processing the command 'INCR'")

    def test_what_is_about_the_primary_s_own_connection_is_told_and_passed_over(self):
        """So that nothing of it stays when the link has gone."""
        odd = (("SUBSCRIBE", "c"), ("PSUBSCRIBE", "p*"), ("SSUBSCRIBE", "s"), ("MONITOR",),
               ("CLIENT", "REPLY", "OFF"), ("CLIENT", "TRACKING", "ON", "BCAST"), ("WATCH", "k"),
               ("AUTH", "user", "password"), ("HELLO", 3), ("RESET",), ("QUIT",), ("SHUTDOWN",),
               ("REPLICAOF", "NO", "ONE"), ("FAILOVER",), ("PSYNC", "?", -1), ("WAIT", 1, 0),
               ("CONFIG", "SET", "maxmemory", 1), ("CLIENT", "PAUSE", 100_000), ("POST", "/"),
               ("DEBUG", "SLEEP", 100), ("EXEC",), ("DISCARD",))
        silent = (("BLPOP", "k", 0), ("XREAD", "BLOCK", 0, "STREAMS", "k", "$"), ("GET", "k"))
        nothing = (("MULTI",), ("SET", "lost", 1), ("DISCARD",))
        whole = b"".join(encode(*words) for words in odd + silent + nothing + (("SET", "k", 1),))
        begun = encode("MULTI") + encode("SET", "lost", 1)
        with FakePrimary(full() + whole + begun, b"+CONTINUE\r\n" + encode("SET", "last", 1)) \
                as primary, Server() as replica:
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            wait_until(lambda: replica.info("master_repl_offset") == str(len(whole)), "the stream")
            log = replica.log()
            for words in odd:
                name = "|".join(words[:2] if words[0] in ("CLIENT", "CONFIG") else words[:1])
                self.assertIn("after processing the command '%s'" % words[0], log, name)
            self.assertEqual(log.count("sending an error to its master"), len(odd), log)
            self.assertEqual(replica.call("PUBSUB", "CHANNELS"), [])
            self.assertEqual(replica.call("PUBSUB", "NUMPAT"), 0)
            self.assertEqual(replica.call("PUBLISH", "c", "m"), 0)
            self.assertEqual(replica.info("master_link_status"), "up")
            self.assertEqual(replica.call("GET", "k"), b"1")
            primary.links[0].shutdown(socket.SHUT_RDWR)
            wait_until(lambda: replica.call("GET", "last") == b"1", "the next link")
            self.assertEqual(primary.asked[1][6], str(len(whole) + 1))
            self.assertIsNone(replica.call("GET", "lost"))


class BadReplica(unittest.TestCase):
    # Of 100 KB each; sockets hold some MB.
    SNAPSHOT_KEYS = 120 if REDUCED else 300

    def primary(self, *options):
        server = Server(*QUICK, *options)
        self.addCleanup(server.__exit__)
        return server

    def full_sync(self, primary):
        """A connection that has been sent a snapshot."""
        wire = primary.wire()
        self.addCleanup(wire.socket.close)
        wire.send(encode("PSYNC", "?", "-1"))
        self.assertTrue(self.line(wire).startswith(b"+FULLRESYNC"))
        wire._bytes(int(self.line(wire)[1:]))
        return wire

    def line(self, wire):
        """The next one that says more than that the primary is alive."""
        while not wire.buffer.lstrip(b"\n"):
            wire._more()
        wire.buffer = wire.buffer.lstrip(b"\n")
        return wire._line()

    def test_who_is_killed_gets_nothing_more(self):
        primary = self.primary()
        words = (("MULTI",), ("CLIENT", "KILL", "TYPE", "replica"), ("SET", "k", "v"), ("EXEC",))
        for _ in range(20):  # whose thread is quicker is chance
            wire = self.full_sync(primary)
            wire.send(encode("REPLCONF", "ACK", 0))
            wait_until(lambda: "state=online" in primary.info("slave0"), "who gets the stream")
            with primary.wire() as client:
                client.send(b"".join(encode(*w) for w in words))
                self.assertEqual([client.reply() for _ in words][-1], [1, b"OK"])
            self.assertNotIn(b"SET", wire.rest())
            wait_until(lambda: primary.info("connected_slaves") == "0", "the end of the link")

    def test_whoever_talks_on_the_link_is_dropped(self):
        primary = self.primary()
        for words, name in ((("PING",), "ping"), (("XINFO", "HELP"), "xinfo|help"),
                            (("REPLCONF", "ACK"), "replconf"), (("GET", "k"), "get")):
            wire = self.full_sync(primary)
            wire.send(encode(*words))
            wire.rest()
            line = "Replica generated a reply to command '%s', disconnecting it: id=" % name
            primary.await_log(line)
        primary.await_log("== CRITICAL == This master is sending an error to its replica: "
                          "'-ERR Replica can't interact with the keyspace' after processing the "
                          "command 'get'")

    def test_what_comes_with_sync_is_heard(self):
        primary = self.primary("--repl-diskless-sync-delay", "1000")
        with primary.wire() as wire:
            wire.send(encode("PSYNC", "?", "-1") + encode("PING"))
            self.assertEqual(wire.rest().strip(b"\n"), b"")
        primary.await_log("Replica generated a reply to command 'ping'")

    def test_an_offset_that_is_no_number(self):
        primary = self.primary()
        self.assertEqual(primary.call("PSYNC", ID, "soon"),
                         b"-ERR value is not an integer or out of range")
        primary.await_log("asks for synchronization but with a wrong offset")

    def test_an_offset_from_the_future_is_a_full_sync(self):
        primary = self.primary()
        self.full_sync(primary)
        own = primary.info("master_replid")
        for history in (own, ID):
            with primary.wire() as wire:
                wire.send(encode("PSYNC", history, "1000000000"))
                self.assertTrue(self.line(wire).startswith(b"+FULLRESYNC " + own.encode()))

    def lost(self, primary, wire, line):
        wire.rest()
        wait_until(lambda: primary.info("connected_slaves") == "0", "its end")
        primary.await_log(line)

    def test_acknowledging_the_future_ends_the_link(self):
        primary = self.primary()
        wire = self.full_sync(primary)
        wire.send(encode("REPLCONF", "ACK", "1000000000"))
        self.lost(primary, wire, "lost: it acknowledges what it was never sent.")
        self.assertEqual(primary.call("WAIT", "1", "1"), 0)

    def test_what_its_disk_has_of_another_history_does_not_count(self):
        primary = self.primary()
        link = ReplicaLink(primary)
        self.addCleanup(link.wire.socket.close)
        with primary.wire() as wire:
            wire.call("SET", "k", "v")
            end = int(primary.info("master_repl_offset"))
            link.wire.send(encode("REPLCONF", "ACK", end, "FACK", end + 1))
            self.assertEqual(wire.call("WAIT", 1, 0), 1)
            self.assertEqual(wire.call("WAITAOF", 0, 1, 1), [0, 0])
            link.wire.send(encode("REPLCONF", "ACK", end, "FACK", end))
            self.assertEqual(wire.call("WAITAOF", 0, 1, 0), [0, 1])

    def test_only_acknowledgements_and_newlines_count_as_life(self):
        primary = self.primary("--repl-timeout", "1", "--repl-ping-replica-period", "1")
        wire = self.full_sync(primary)
        wire.send(encode("REPLCONF", "listening-port", "1"))
        self.lost(primary, wire, "Replica generated a reply to command 'replconf'")
        wire = self.full_sync(primary)
        begin = int(primary.info("master_repl_offset"))

        def three_pings_later():
            wire.send(b"\n")
            return int(primary.info("master_repl_offset")) >= begin + 3 * len(encode("PING"))

        wait_until(three_pings_later, "three times repl-timeout")
        self.assertEqual(primary.info("connected_slaves"), "1")

    def test_garbage_ends_the_link(self):
        primary = self.primary()
        wire = self.full_sync(primary)
        wire.send(b"*1\r\n$-5\r\n")
        self.lost(primary, wire, "lost: it broke the protocol.")
        wire = self.full_sync(primary)
        wire.send(b"*1\r\n$500000\r\n" + b"x" * 100_000)
        self.lost(primary, wire, "lost: it sent too much.")

    def test_one_that_never_acknowledges_is_dropped_after_repl_timeout(self):
        primary = self.primary("--repl-timeout", "1", "--repl-ping-replica-period", "1")
        wire = self.full_sync(primary)
        wire.rest()
        wait_until(lambda: primary.info("connected_slaves") == "0", "its end")
        primary.await_log("has been silent for repl-timeout")

    def slow(self, primary):
        """Asks for a full sync, and reads nothing of it."""
        wire = primary.wire()
        self.addCleanup(wire.socket.close)
        wire.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        wire.call("REPLCONF", "capa", "eof")
        wire.send(encode("PSYNC", "?", "-1"))
        return wire

    def takes_no_snapshot(self, *options):
        """Two are dropped, of which one reads a byte now and then; who came with them is not."""
        primary = self.primary("--repl-timeout", "2", "--rdbcompression", "no", *options)
        primary.call("DEBUG", "POPULATE", self.SNAPSHOT_KEYS, "k", 100_000)
        _, reader = self.slow(primary), self.slow(primary)
        replica = Server()
        self.addCleanup(replica.__exit__)
        replica.call("REPLICAOF", "127.0.0.1", primary.port)

        def dropped():
            reader.socket.recv(1)
            return primary.log().count("Disconnecting timedout replica (full sync)") == 2

        wait_until(dropped, "their end")
        wait_until(lambda: replica.info("master_link_status") == "up", "the link of the third")
        self.assertEqual(replica.call("DBSIZE"), self.SNAPSHOT_KEYS)
        wait_until(lambda: primary.info("connected_slaves") == "1", "the end of their links")
        self.assertEqual(primary.info("sync_full"), "3")

    def test_who_takes_no_snapshot_is_dropped_after_repl_timeout(self):
        self.takes_no_snapshot("--repl-diskless-sync-delay", "1000",
                               "--repl-diskless-sync-max-replicas", "3")

    def test_who_takes_no_file_is_dropped_after_repl_timeout(self):
        self.takes_no_snapshot("--repl-diskless-sync", "no")

    def test_rdb_only_gets_a_snapshot_and_then_the_connection_ends(self):
        for words in (("SYNC",), ("PSYNC", "?", "-1")):
            primary = self.primary()
            primary.call("SET", "k", "v")
            other = ReplicaLink(primary)
            with other.wire, primary.wire() as wire:
                self.assertEqual(wire.call("REPLCONF", "rdb-only", "1"), b"OK")
                wire.send(encode(*words))
                if words[0] == "PSYNC":
                    self.assertTrue(self.line(wire).startswith(b"+FULLRESYNC"))
                snapshot = wire._bytes(int(self.line(wire)[1:]))
                path = os.path.join(primary.folder, "arrived.rdb")
                with open(path, "wb") as file:
                    file.write(snapshot)
                checked = subprocess.run(["redis-check-rdb", path], capture_output=True, text=True)
                self.assertIn("Checksum OK", checked.stdout)
                self.assertIn("[info] 1 keys read", checked.stdout)
                self.assertEqual(wire.rest(), b"")
                wait_until(lambda: primary.info("connected_slaves") == "1", "its end")
                primary.await_log("RDB transfer completed, rdb only replica")
                # Another one goes on.
                primary.call("SET", "after", "1")
                other.until(int(primary.info("master_repl_offset")))

    def test_rdb_only_ends_behind_the_mark_of_a_snapshot_without_a_length(self):
        primary = self.primary("--rdbcompression", "no")
        primary.call("DEBUG", "POPULATE", 100, "k", 100_000)
        with primary.wire() as wire:
            self.assertEqual(wire.call("REPLCONF", "capa", "eof", "rdb-only", "1"), b"OK")
            wire.send(encode("SYNC"))
            head = self.line(wire)
            self.assertTrue(head.startswith(b"$EOF:"), head)
            wire.send(encode("REPLCONF", "ACK", 0))  # is no reason to cut off the end
            snapshot = wire.rest()
            self.assertEqual(snapshot[-40:], head[5:])
            self.assertGreater(len(snapshot), 100 * 100_000)
        wait_until(lambda: primary.info("connected_slaves") == "0", "its end")

    def test_redis_cli_takes_a_snapshot(self):
        primary = self.primary()
        primary.call("SET", "k", "v")
        path = os.path.join(primary.folder, "taken.rdb")
        done = subprocess.run(["redis-cli", "-p", str(primary.port), "--rdb", path],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        checked = subprocess.run(["redis-check-rdb", path], capture_output=True, text=True)
        self.assertIn("[info] 1 keys read", checked.stdout)
        wait_until(lambda: primary.info("connected_slaves") == "0", "its end")

    @unittest.skipIf(REDUCED, "memory is not measured")
    def test_a_slow_reader_is_cut_off_and_costs_no_more_than_its_limit(self):
        primary = self.primary("--client-output-buffer-limit", "replica 8mb 0 0",
                               "--repl-backlog-size", "1mb")
        wire = self.full_sync(primary)
        before = primary.rss()
        value = b"x" * 100_000
        with primary.wire() as writer:
            for _ in range(400):  # 40 MB, of which it reads a byte now and then
                writer.call("SET", "k", value)
                if wire is not None and primary.info("connected_slaves") == "0":
                    break
                wire._bytes(1)
        wait_until(lambda: primary.info("connected_slaves") == "0", "its end")
        primary.await_log("overcoming of output buffer limits")
        self.assertLess(primary.rss() - before, 24 << 20)


class AtOnce(unittest.TestCase):
    def pair(self, *options):
        servers = [Server(*QUICK, *options) for _ in range(2)]
        for server in servers:
            self.addCleanup(server.__exit__)
        return servers

    def follow(self, replica, primary):
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: replica.info("master_link_status") == "up", "the link")

    def test_a_smaller_backlog_holds_for_who_comes_back_behind_it(self):
        primary, replica = self.pair()
        self.follow(replica, primary)
        freeze(replica)  # it comes back behind what follows
        self.assertEqual(primary.call("CLIENT", "KILL", "TYPE", "replica"), 1)
        wait_until(lambda: primary.info("connected_slaves") == "0", "the end of the link")
        primary.call("CONFIG", "SET", "repl-backlog-size", "16384")
        for i in range(10):
            primary.call("SET", "k%d" % i, "A" * 16384)
        replica.process.send_signal(signal.SIGCONT)
        wait_until(lambda: replica.call("DBSIZE") == 10, "what was written")
        self.assertEqual(primary.info("sync_full"), "2")
        self.assertEqual(primary.info("sync_partial_ok"), "0")

    def test_another_replication_id_begins_a_history(self):
        primary, replica = self.pair()
        self.follow(replica, primary)
        before = primary.info("master_replid")
        self.assertEqual(primary.call("DEBUG", "CHANGE-REPL-ID"), b"OK")
        self.assertNotEqual(primary.info("master_replid"), before)
        self.assertEqual(primary.info("master_replid2"), "0" * 40)
        primary.call("SET", "k", "v")  # who follows goes on
        wait_until(lambda: replica.call("GET", "k") == b"v", "the stream")
        self.assertEqual(primary.info("sync_full"), "1")
        primary.call("CLIENT", "KILL", "TYPE", "replica")
        wait_until(lambda: primary.info("sync_full") == "2", "a full sync")

    def test_a_primary_that_stands_still_is_given_up(self):
        primary, replica = self.pair("--repl-timeout", "2")
        primary.call("CONFIG", "SET", "repl-diskless-sync-delay", "1000")
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: replica.call("ROLE")[3] == b"handshake", "the handshake")
        with primary.wire() as wire:
            wire.send(encode("DEBUG", "SLEEP", "4"))
            replica.await_log("Timeout connecting to the MASTER")
            self.assertEqual(wire.reply(), b"OK")

    def test_replicas_of_a_replica_stay_until_the_history_changes(self):
        first, middle = self.pair("--rdb-key-save-delay", "1000000")
        last, second = self.pair("--rdb-key-save-delay", "1000000")
        self.follow(middle, first)
        self.follow(last, middle)
        second.call("DEBUG", "POPULATE", "10")
        middle.call("REPLICAOF", "127.0.0.1", second.port)
        wait_until(lambda: second.info("rdb_bgsave_in_progress") == "1", "a full sync")
        middle.call("REPLICAOF", "127.0.0.1", first.port)
        wait_until(lambda: middle.info("master_link_status") == "up", "the link")
        first.call("SET", "k", "v")
        wait_until(lambda: last.call("GET", "k") == b"v", "the stream")
        self.assertEqual(first.info("sync_full"), "1")
        self.assertEqual(middle.info("sync_partial_ok"), "0")
        self.assertNotIn("Connection with master lost", last.log())

    def test_client_pause_holds_the_stream(self):
        primary, replica = self.pair("--repl-ping-replica-period", "3600")
        self.follow(replica, primary)
        primary.call("SET", "k", "before")
        held = primary.info("master_repl_offset")
        wait_until(lambda: replica.info("slave_repl_offset") == held, "the stream")
        replica.call("CLIENT", "PAUSE", "100000", "WRITE")
        primary.call("SET", "k", "after")
        came = primary.info("master_repl_offset")
        wait_until(lambda: replica.info("slave_read_repl_offset") == came, "what was written")
        self.assertEqual(replica.info("slave_repl_offset"), held)
        self.assertEqual(replica.call("GET", "k"), b"before")
        replica.call("CLIENT", "UNPAUSE")
        wait_until(lambda: replica.info("slave_repl_offset") == came, "the rest of it")
        self.assertEqual(replica.call("GET", "k"), b"after")

    def test_client_pause_holds_no_pings(self):
        primary, _ = self.pair("--repl-ping-replica-period", "1")
        primary.call("CLIENT", "PAUSE", "100000", "WRITE")
        link = ReplicaLink(primary)
        self.addCleanup(link.wire.socket.close)
        self.assertEqual(link.wire.reply(), [b"PING"])

    def test_a_full_sync_through_a_file_is_a_save_where_there_are_save_points(self):
        primary, replica = self.pair("--repl-diskless-sync", "no", "--rdb-key-save-delay", "300000")
        primary.call("DEBUG", "POPULATE", "10")
        for points in ("", "900 100"):
            primary.call("CONFIG", "SET", "save", points)
            replica.call("REPLICAOF", "127.0.0.1", primary.port)
            wait_until(lambda: primary.info("rdb_bgsave_in_progress") == "1", "the snapshot")
            wait_until(lambda: "state=wait_bgsave" in primary.info("slave0"), "who waits for it")
            replica.call("REPLICAOF", "NO", "ONE")
            wait_until(lambda: primary.info("rdb_bgsave_in_progress") == "0", "its end")
            if not points:
                self.assertEqual(primary.info("rdb_changes_since_last_save"), "10")
        wait_until(lambda: primary.info("rdb_changes_since_last_save") == "0", "a save")
        with Server("--dir", primary.folder) as restored:
            self.assertEqual(restored.call("DBSIZE"), 10)

    def test_a_shutdown_that_a_signal_asked_for_is_called_off(self):
        primary, _ = self.pair()
        primary.call("DEBUG", "PAUSE-CRON", "1")
        primary.process.send_signal(signal.SIGTERM)
        wait_until(lambda: primary.call("SHUTDOWN", "ABORT") == b"OK", "a shutdown")
        primary.await_log("Shutdown manually aborted")
        primary.call("DEBUG", "PAUSE-CRON", "0")
        self.assertEqual(primary.call("SET", "k", "v"), b"OK")


class WhileItArrives(unittest.TestCase):
    """repl-diskless-load: a snapshot is loaded while the primary still writes it."""

    def slow_pair(self, mode):
        primary = Server(*QUICK)
        replica = Server("--repl-diskless-load", mode, "--repl-timeout", "60")
        for server in (primary, replica):
            self.addCleanup(server.__exit__)
        primary.call("DEBUG", "POPULATE", "300", "new", "20000")
        primary.call("CONFIG", "SET", "rdbcompression", "no")
        primary.call("CONFIG", "SET", "rdb-key-save-delay", "200000")
        return primary, replica

    def test_beside_the_old_data(self):
        primary, replica = self.slow_pair("swapdb")
        replica.call("SET", "old", "1")
        replica.call("CONFIG", "SET", "replica-read-only", "no")
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: replica.info("async_loading") == "1", "loading beside")
        self.assertEqual(primary.info("rdb_bgsave_in_progress"), "1")
        self.assertEqual(replica.info("loading"), "0")
        self.assertEqual(replica.call("GET", "old"), b"1")
        loading = b"-LOADING"
        self.assertTrue(replica.call("CONFIG", "SET", "appendonly", "no").startswith(loading))
        self.assertTrue(replica.call("REPLICAOF", "NO", "ONE").startswith(loading))
        # A link that breaks leaves what there was.
        primary.call("CONFIG", "SET", "repl-diskless-sync-delay", "1000")
        primary.call("CLIENT", "KILL", "TYPE", "replica")
        wait_until(lambda: replica.info("async_loading") == "0", "the end of it")
        replica.await_log("Internal error in RDB reading offset")
        self.assertEqual(replica.call("GET", "old"), b"1")
        self.assertEqual(replica.call("DBSIZE"), 1)
        primary.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        primary.call("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        wait_until(lambda: replica.info("master_link_status") == "up", "the link")
        self.assertEqual(replica.call("DEBUG", "DIGEST"), primary.call("DEBUG", "DIGEST"))

    def test_where_there_are_no_data(self):
        primary, replica = self.slow_pair("on-empty-db")
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: replica.info("loading") == "1", "loading")
        self.assertEqual(primary.info("rdb_bgsave_in_progress"), "1")
        self.assertTrue(replica.call("GET", "k").startswith(b"-LOADING"))
        primary.call("CONFIG", "SET", "repl-diskless-sync-delay", "1000")
        primary.call("CLIENT", "KILL", "TYPE", "replica")
        wait_until(lambda: replica.info("loading") == "0", "the end of it")
        self.assertEqual(replica.call("DBSIZE"), 0)
        primary.call("CONFIG", "SET", "rdb-key-save-delay", "0")
        primary.call("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        wait_until(lambda: replica.info("master_link_status") == "up", "the link")
        self.assertEqual(replica.call("DEBUG", "DIGEST"), primary.call("DEBUG", "DIGEST"))


if __name__ == "__main__":
    unittest.main()
