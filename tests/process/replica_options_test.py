#!/usr/bin/python3
"""What the directives of replication do: how a replica comes to its primary and what it says of
itself, and what each of the two keeps, waits for and refuses."""
import ctypes
import os
import signal
import socket
import unittest

from failover_test import freeze
from harness import Server, wait_until

NOW = ("--repl-diskless-sync-delay", "0")


def borrowed(server, client):
    """The server's own socket of a client, by the line that CLIENT LIST has of it."""
    number = int(client.decode().split(" fd=")[1].split(" ")[0])
    pidfd_getfd = 438
    process = os.pidfd_open(server.process.pid)
    try:
        fd = ctypes.CDLL(None, use_errno=True).syscall(pidfd_getfd, process, number, 0)
    finally:
        os.close(process)
    if fd < 0:
        raise unittest.SkipTest("may not look into a process: " + os.strerror(ctypes.get_errno()))
    return socket.socket(fileno=fd)


class Options(unittest.TestCase):
    def server(self, *options):
        server = Server(*options)
        self.addCleanup(server.__exit__)
        return server

    def follow(self, replica, primary):
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        self.up(replica)

    def up(self, replica):
        wait_until(lambda: replica.info("master_link_status") == "up", "the link")

    def pair(self, *options, primary=NOW):
        """A primary, and a replica with these options."""
        primary, replica = self.server(*primary), self.server(*options)
        self.follow(replica, primary)
        return primary, replica


class Coming(Options):
    """Who comes to the primary, and from where."""

    def test_masterauth_alone_is_the_password_of_the_default_user(self):
        primary = self.server(*NOW, "--requirepass", "secret")
        replica = self.server("--masterauth", "secret")
        self.follow(replica, primary)

    def test_masteruser_comes_as_that_user_and_with_its_password_only(self):
        primary = self.server(*NOW)
        primary.call("ACL", "SETUSER", "default", "-psync", "-sync")
        primary.call("ACL", "SETUSER", "follower", "on", ">secret", "+psync", "+replconf", "+ping")
        replica = self.server("--masteruser", "follower", "--masterauth", "wrong")
        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        replica.await_log("Unable to AUTH to MASTER: -WRONGPASS")
        self.assertEqual(replica.info("master_link_status"), "down")
        replica.call("CONFIG", "SET", "masterauth", "secret")
        self.up(replica)
        # The link is that user's, and ends with it.
        self.assertEqual(primary.call("ACL", "DELUSER", "follower"), 1)
        wait_until(lambda: replica.info("master_link_status") == "down", "the link's end")

    def test_bind_source_addr_is_where_it_comes_from(self):
        primary, _ = self.pair("--bind-source-addr", "127.0.0.2")
        self.assertIn("ip=127.0.0.2,", primary.info("slave0"))


class Announced(Options):
    """What is told of a replica, to its primary and to Sentinels, who ask it by INFO."""

    def test_its_address_and_port(self):
        primary, _ = self.pair("--replica-announce-ip", "replica.example",
                               "--replica-announce-port", 1234)
        self.assertIn("ip=replica.example,port=1234,", primary.info("slave0"))
        self.assertEqual(primary.call("ROLE")[2][0][:2], [b"replica.example", b"1234"])

    def test_a_backlog_begins_when_a_primary_is_reached_and_stays(self):
        nowhere = ("REPLICAOF", "127.0.0.1", 1)
        primary, replica = self.server(*NOW), self.server()

        def told():
            self.assertEqual(replica.info("master_link_status"), "down")
            return (int(replica.info("master_link_down_since_seconds")),
                    replica.info("repl_backlog_active"))

        replica.call(*nowhere)
        self.assertEqual(told(), (-1, "0"))
        self.assertEqual(replica.call("REPLICAOF", "NO", "ONE"), b"OK")
        replica.call("SET", "k", "v")
        self.assertEqual([replica.info(field) for field in (
            "repl_backlog_active", "repl_backlog_first_byte_offset", "repl_backlog_histlen",
            "master_repl_offset")], ["0"] * 4)
        self.follow(replica, primary)
        self.assertEqual(replica.info("repl_backlog_active"), "1")
        replica.call(*nowhere)
        since, active = told()
        self.assertGreaterEqual(since, 0)
        self.assertEqual(active, "1")
        primary.call(*nowhere)  # a primary that had replicas keeps what it has
        self.assertEqual(primary.info("repl_backlog_active"), "1")
        replica.call("REPLICAOF", "NO", "ONE")
        replica.call(*nowhere)
        self.assertEqual(told(), (-1, "1"))

    def test_what_it_has_said_last(self):
        primary = self.server("--repl-diskless-sync-delay", 1000)
        replica = self.server()

        def listed():
            line = primary.call("CLIENT", "LIST", "TYPE", "replica").decode()
            return dict(word.split("=", 1) for word in line.split())

        replica.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: listed().get("cmd") == "psync", "who asks for the stream")
        primary.call("CONFIG", "SET", "repl-diskless-sync-delay", 0)
        wait_until(lambda: listed()["cmd"] == "replconf", "an acknowledgement")
        self.assertLessEqual(int(listed()["idle"]), int(listed()["age"]))

    def test_its_priority_and_that_it_is_not_to_be_seen(self):
        _, replica = self.pair()
        self.assertEqual((replica.info("slave_priority"), replica.info("replica_announced")),
                         ("100", "1"))
        _, replica = self.pair("--replica-priority", 7, "--replica-announced", "no")
        self.assertEqual((replica.info("slave_priority"), replica.info("replica_announced")),
                         ("7", "0"))


class Role(Options):
    def test_oom_score_adj_values_has_one_for_each_role(self):
        server = self.server("--oom-score-adj", "absolute", "--oom-score-adj-values", "10 200 800")
        self.assertEqual(self.score(server), 10)
        server.call("REPLICAOF", "127.0.0.1", "1")
        self.assertEqual(self.score(server), 200)
        server.call("CONFIG", "SET", "oom-score-adj-values", "10 300 800")
        self.assertEqual(self.score(server), 300)

    def test_a_promoted_replica_has_the_score_of_a_primary(self):
        # Upwards, which needs no privilege.
        server = self.server("--oom-score-adj", "absolute", "--oom-score-adj-values", "300 20 800",
                             "--replicaof", "127.0.0.1", "1")
        self.assertEqual(self.score(server), 20)
        server.call("REPLICAOF", "NO", "ONE")
        self.assertEqual(self.score(server), 300)

    def score(self, server):
        with open("/proc/%d/oom_score_adj" % server.process.pid) as score:
            return int(score.read())


class Kept(Options):
    def test_expired_keys_until_the_primary_says_that_they_go(self):
        primary, replica = self.pair()
        primary.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
        primary.call("SET", "k", "v", "PX", 1)
        wait_until(lambda: replica.call("DBSIZE") == 1 and replica.call("GET", "k") is None,
                   "a key that has expired")
        self.assertEqual(replica.call("RANDOMKEY"), b"k")  # rather than a search without an end
        self.assertEqual(replica.call("KEYS", "*"), [])
        with replica.wire() as wire:
            for words, reply in ((("WATCH", "k"), b"OK"), (("MULTI",), b"OK"),
                                 (("DBSIZE",), b"QUEUED"), (("EXEC",), [1])):
                self.assertEqual(wire.call(*words), reply)

    def test_a_watched_key_that_expires_and_is_flushed_or_swapped_fails_the_transaction(self):
        for words in (("FLUSHDB",), ("FLUSHALL",), ("SWAPDB", 0, 1)):
            primary, replica = self.pair()
            primary.call("DEBUG", "SET-ACTIVE-EXPIRE", 0)
            primary.call("SET", "k", "v", "PX", 2000)
            with self.subTest(words=words), replica.wire() as wire:
                wait_until(lambda: wire.call("GET", "k") == b"v", "the key on the replica")
                wire.call("WATCH", "k")
                self.assertEqual(wire.call("GET", "k"), b"v", "it was there to be watched")
                wait_until(lambda: wire.call("GET", "k") is None, "its expiry")
                primary.call(*words)
                wait_until(lambda: wire.call("DBSIZE") == 0, "the command on the replica")
                for call, reply in (("MULTI", b"OK"), ("PING", b"QUEUED"), ("EXEC", None)):
                    self.assertEqual(wire.call(call), reply)

    def test_repl_backlog_ttl_ends_the_backlog_and_with_it_the_history(self):
        primary, replica = self.pair()
        replica.call("REPLICAOF", "127.0.0.1", 1)  # where nobody is
        self.follow(replica, primary)
        self.assertEqual(primary.info("sync_full"), "1")
        primary.call("CONFIG", "SET", "repl-backlog-ttl", 1)
        replica.call("REPLICAOF", "127.0.0.1", 1)
        wait_until(lambda: primary.info("repl_backlog_active") == "0", "a backlog that goes")
        primary.await_log("Replication backlog freed after 1 seconds")
        self.follow(replica, primary)
        self.assertEqual(primary.info("sync_full"), "2")

    def test_what_clients_write_to_a_replica_is_not_in_its_append_only_file_and_that_is_said(self):
        said = "what clients write to this server while it is a replica is not appended"
        both = ("--appendonly", "yes"), ("--replica-read-only", "no")
        self.assertIn(said, self.server(*both[0], *both[1]).log())
        for first, second in (both, both[::-1]):
            server = self.server(*first)
            self.assertNotIn(said, server.log())
            self.assertEqual(server.call("CONFIG", "SET", second[0][2:], second[1]), b"OK")
            self.assertEqual(server.log().count(said), 1)

    def test_rdb_del_sync_files_leaves_no_file(self):
        for word, kept in (("no", True), ("yes", False)):
            _, replica = self.pair("--rdb-del-sync-files", word)
            wait_until(lambda: os.path.exists(replica.folder + "/dump.rdb") == kept, word)

    def test_replica_ignore_maxmemory_says_who_evicts(self):
        for word in ("yes", "no"):
            primary, replica = self.pair("--maxmemory", "1", "--maxmemory-policy", "allkeys-lru",
                                         "--replica-ignore-maxmemory", word)
            for i in range(20):
                primary.call("SET", i, "v")
            wait_until(lambda: replica.info("slave_repl_offset") ==
                       primary.info("master_repl_offset"), "the stream")
            if word == "yes":
                self.assertEqual(replica.call("DBSIZE"), 20)
            else:
                wait_until(lambda: replica.call("DBSIZE") == 0, "eviction")


class Waiting(Options):
    def test_repl_disable_tcp_nodelay_is_of_the_links_socket(self):
        for value, nodelay in (("no", 1), ("yes", 0)):
            primary, _ = self.pair(primary=(*NOW, "--repl-disable-tcp-nodelay", value))
            replica = primary.call("CLIENT", "LIST", "TYPE", "replica")
            with borrowed(primary, replica) as link:
                self.assertEqual(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY), nodelay)

    def test_as_many_as_repl_diskless_sync_max_replicas_end_the_wait(self):
        primary = self.server("--repl-diskless-sync-delay", 1000,
                              "--repl-diskless-sync-max-replicas", 2)
        first, second = self.server(), self.server()
        first.call("REPLICAOF", "127.0.0.1", primary.port)
        wait_until(lambda: "state=wait_bgsave" in primary.call("INFO").decode(), "who waits")
        self.assertNotIn("Background RDB transfer started", primary.log())
        self.follow(second, primary)
        self.up(first)
        primary.await_log(": 2 replica(s)")

    def test_who_is_silent_for_min_replicas_max_lag_does_not_count(self):
        primary, replica = self.pair(primary=NOW + ("--min-replicas-to-write", "1",
                                                    "--min-replicas-max-lag", "2"))

        def written():
            return primary.call("SET", "k", "v") == b"OK"

        wait_until(written, "a good replica")
        freeze(replica)
        self.addCleanup(replica.process.send_signal, signal.SIGCONT)
        # Before the ten seconds of the default.
        wait_until(lambda: not written(), "too few replicas", 7)
        self.assertTrue(primary.call("SET", "k", "v").startswith(b"-NOREPLICAS"))
        self.assertEqual(primary.info("connected_slaves"), "1")
        self.assertEqual(primary.info("min_slaves_good_slaves"), "0")
        replica.process.send_signal(signal.SIGCONT)
        wait_until(written, "a good replica again")


if __name__ == "__main__":
    unittest.main()
