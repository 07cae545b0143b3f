#!/usr/bin/python3
"""How servers change places, stop and come back without losing what was written: FAILOVER,
SHUTDOWN with replicas, restarts, and a shop's chain of redis-server and larder under load."""
import os
import random
import shutil
import signal
import threading
import time
import unittest

from fake_primary import FakePrimary, full
from harness import encode, wait_for_end, wait_until
from replication_stream_test import ReplicaLink
from replication_test import Proxy, fill, follow, in_step, larder, redis, REDIS


class Load:
    """A client that counts up one key until it is told to stop or refused."""

    def __init__(self, server):
        self.server, self.written, self.stopped = server, 0, False
        self.thread = threading.Thread(target=self._run)
        self.thread.start()
        wait_until(lambda: self.written > 100, "the load")

    def stop(self):
        self.stopped = True
        self.thread.join()
        return self.written

    def _run(self):
        try:
            with self.server.wire() as wire:
                while not self.stopped:
                    reply = wire.call("INCR", "count")
                    if not isinstance(reply, int):
                        return  # the server is a replica now
                    self.written = reply
        except (EOFError, OSError):
            pass


def freeze(server):
    """Stops its process; a thread that is asleep can answer once more before it notices."""
    tasks = "/proc/%d/task" % server.process.pid
    server.process.send_signal(signal.SIGSTOP)

    def stopped(task):
        with open("%s/%s/stat" % (tasks, task)) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "T"

    wait_until(lambda: all(stopped(task) for task in os.listdir(tasks)), "threads that stand still")


def state(server):
    return server.info("master_failover_state")


class Failover(unittest.TestCase):
    def test_it_loses_no_write_and_needs_no_full_sync(self):
        with larder() as a, larder() as b, larder() as c:
            follow(b, a)
            follow(c, a)
            in_step(a, b, c)
            load = Load(a)
            self.assertEqual(a.call("FAILOVER", "TO", "127.0.0.1", b.port), b"OK")
            wait_until(lambda: state(a) == "no-failover", "the end of it")
            follow(c, b)
            self.assertTrue(in_step(b, a, c))
            self.assertEqual(int(b.call("GET", "count")), load.stop())
            self.assertEqual(b.call("ROLE")[0], b"master")
            self.assertEqual(b.info("sync_full"), "0")
            self.assertEqual(b.info("sync_partial_ok"), "2")

    def test_what_is_written_while_it_begins_is_not_lost(self):
        slow = ("local function now() local t = redis.call('TIME') return t[1] * 1e6 + t[2] end "
                "local over = now() + 500000 while now() < over do end "
                "for i = 1, 40 do redis.call('SET', i, string.rep('x', 1000000)) end return 'OK'")
        patient = "--busy-reply-threshold", 100_000
        for queue in ((), (("MULTI",), ("FAILOVER",))):  # who comes meanwhile; a part of it
            with larder(*patient) as a, larder() as b, a.wire() as wire:
                follow(b, a)
                in_step(a, b)
                for words in queue:
                    wire.call(*words)
                wire.send(encode("EVAL", slow, 0))
                if queue:
                    self.assertEqual(wire.reply(), b"QUEUED")
                    self.assertEqual(wire.call("EXEC"), [b"OK", b"OK"])
                else:
                    wait_until(lambda: b"cmd=eval" in a.call("CLIENT", "LIST"), "the script")
                    self.assertEqual(a.call("FAILOVER"), b"OK")
                    self.assertEqual(wire.reply(), b"OK")
                wait_until(lambda: state(a) == "no-failover", "the end of it")
                self.assertEqual(b.call("ROLE")[0], b"master")
                self.assertEqual(b.call("DBSIZE"), 40)
                self.assertEqual(b.info("sync_full"), "0")

    def test_it_ends_when_its_time_is_over_when_it_is_aborted_and_when_the_target_refuses(self):
        with larder() as a, larder() as b:
            follow(b, a)
            in_step(a, b)
            to_b = ("FAILOVER", "TO", "127.0.0.1", b.port)
            freeze(b)
            a.call("SET", "k", 1)
            self.assertEqual(a.call(*to_b, "TIMEOUT", 100), b"OK")
            wait_until(lambda: state(a) == "no-failover", "a time-out")
            self.assertEqual(a.call("SET", "k", 2), b"OK")
            self.assertEqual(a.call(*to_b), b"OK")
            self.assertEqual(state(a), "waiting-for-sync")
            self.assertEqual(a.call("FAILOVER", "ABORT"), b"OK")
            self.assertEqual(state(a), "no-failover")
            b.process.send_signal(signal.SIGCONT)
            in_step(a, b)
            b.call("ACL", "SETUSER", "default", "-psync")
            self.assertEqual(a.call(*to_b), b"OK")
            a.await_log("rejected psync request")
            wait_until(lambda: a.call("SET", "k", 3) == b"OK", "a primary again")

    def test_a_no_is_not_asked_about_again(self):
        """A yes to a second question would make two primaries: here it could be put, since whoever
        decides waits behind a script."""
        slow = ("local function now() local t = redis.call('TIME') return t[1] * 1e6 + t[2] end "
                "local over = now() + 2500000 while now() < over do end return 'OK'")
        refuse = threading.Event()

        def answer(link):
            refuse.wait()
            link.sendall(b"-ERR not now\r\n")

        patient = "--busy-reply-threshold", 100_000, "--repl-ping-replica-period", 3600
        with FakePrimary(answer) as target, larder(*patient) as a, a.wire() as wire:
            self.addCleanup(refuse.set)
            link = ReplicaLink(a, target.port)
            self.addCleanup(link.wire.socket.close)
            self.assertEqual(a.call("FAILOVER", "TO", "127.0.0.1", target.port), b"OK")
            wait_until(lambda: target.asked, "the question")
            wire.send(encode("EVAL_RO", slow, 0))
            wait_until(lambda: b"cmd=eval_ro" in a.call("CLIENT", "LIST"), "the script")
            refuse.set()
            self.assertEqual(wire.reply(), b"OK")
            a.await_log("rejected psync request")
            wait_until(lambda: state(a) == "no-failover", "the end of it")
            self.assertEqual(a.call("ROLE")[0], b"master")
            self.assertEqual(len(target.asked), 1)

    def test_its_steps_wait_for_no_tick(self):
        for refused in (False, True):
            with larder() as a, larder() as b:
                follow(b, a)
                in_step(a, b)
                if refused:
                    b.call("ACL", "SETUSER", "default", "-psync")
                a.call("DEBUG", "PAUSE-CRON", 1)
                self.assertEqual(a.call("FAILOVER"), b"OK")
                try:  # an acknowledgement, which comes every second, may begin it, but ends nothing
                    wait_until(lambda: state(a) == "no-failover", "the end of it")
                finally:
                    a.call("DEBUG", "PAUSE-CRON", 0)  # a shutdown needs ticks
                self.assertEqual(a.call("ROLE")[0], b"master" if refused else b"slave")
                self.assertEqual(b.call("ROLE")[0], b"slave" if refused else b"master")

    def test_force_makes_a_replica_the_primary_that_has_not_everything(self):
        with larder() as a, larder() as b:
            follow(b, a)
            in_step(a, b)
            freeze(b)
            a.call("SET", "k", 1)
            begin = time.monotonic()
            self.assertEqual(a.call("FAILOVER", "TO", "127.0.0.1", b.port, "TIMEOUT", 100, "FORCE"),
                             b"OK")
            wait_until(lambda: state(a) == "failover-in-progress", "the end of its time")
            self.assertGreaterEqual(time.monotonic() - begin, 0.1)
            a.await_log("time out exceeded, failing over")
            self.assertEqual(a.call("ROLE")[0], b"slave")
            b.process.send_signal(signal.SIGCONT)
            wait_until(lambda: state(a) == "no-failover", "the end of it")
            self.assertEqual(b.call("ROLE")[0], b"master")
            self.assertEqual(b.call("SET", "k", 2), b"OK")
            self.assertTrue(in_step(b, a))
            self.assertEqual(a.call("GET", "k"), b"2")

    def test_what_has_reached_the_new_primary_is_not_lost_by_force(self):
        with larder() as a, larder() as b:
            follow(b, a)
            in_step(a, b)
            freeze(b)
            with a.wire() as wire:
                wire.send(b"".join(encode("SET", "k:%d" % i, i) for i in range(10_000)))
                for _ in range(10_000):
                    wire.reply()
            wait_until(lambda: b" omem=0 " in a.call("CLIENT", "LIST", "TYPE", "replica"),
                       "that all of it is sent")
            self.assertEqual(a.call("FAILOVER", "TO", "127.0.0.1", b.port, "TIMEOUT", 1, "FORCE"),
                             b"OK")
            wait_until(lambda: state(a) == "failover-in-progress", "the end of its time")
            b.process.send_signal(signal.SIGCONT)
            wait_until(lambda: state(a) == "no-failover", "the end of it")
            self.assertTrue(in_step(b, a))
            self.assertEqual((b.call("DBSIZE"), b.info("sync_full")), (10_000, "0"))

    def test_a_full_sync_that_follows_is_no_part_of_it(self):
        with larder() as a, FakePrimary(full(head=b"$1000000\r\n")) as b, a.wire() as link:
            link.call("REPLCONF", "listening-port", b.port)
            link.send(encode("PSYNC", "?", -1))
            wait_until(lambda: b"state=online" in a.call("INFO", "replication"), "a replica")
            a.call("SET", "k", 1)
            self.assertEqual(a.call("FAILOVER", "TO", "127.0.0.1", b.port, "FORCE", "TIMEOUT", 1),
                             b"OK")
            wait_until(lambda: a.info("role") == "slave" and
                       a.info("master_sync_in_progress") == "1", "a full sync")
            self.assertIn("FAILOVER", b.asked[0])
            self.assertEqual(a.call("FAILOVER", "ABORT"), b"-ERR No failover in progress.")
            self.assertEqual((state(a), a.call("ROLE")[0]), ("no-failover", b"slave"))
            a.await_log("Failover completed")
            self.assertEqual(a.call("REPLICAOF", "NO", "ONE"), b"OK")

    def test_who_asks_to_take_over_must_know_the_history_and_ask_a_replica(self):
        with larder() as a, larder() as b:
            follow(b, a)
            in_step(a, b)
            ids = b.info("master_replid"), "0" * 40
            for server, history, error in (
                    (b, ids[1], b"-ERR PSYNC FAILOVER replid must match my replid."),
                    (a, ids[0], b"-ERR PSYNC FAILOVER can't be sent to a master.")):
                with server.wire() as wire:
                    self.assertEqual(wire.call("PSYNC", history, 1, "FAILOVER"), error)
                    self.assertEqual(wire.call("PING"), b"PONG")
            self.assertEqual((a.call("ROLE")[0], b.call("ROLE")[0]), (b"master", b"slave"))
            a.call("SET", "k", 1)
            self.assertTrue(in_step(a, b))
            self.assertEqual((a.info("master_replid"), a.info("sync_full")), (ids[0], "1"))


class Shutdown(unittest.TestCase):
    def pair(self, *options):
        primary, replica = larder("--shutdown-timeout", 20, *options), larder()
        self.addCleanup(primary.__exit__)
        self.addCleanup(replica.__exit__)
        follow(replica, primary)
        in_step(primary, replica)
        freeze(replica)
        self.addCleanup(replica.process.send_signal, signal.SIGCONT)
        primary.call("SET", "k", "v")
        return primary, replica

    def call_off(self, server, line):
        """A shutdown that has come to this line of the log."""
        with server.wire() as wire:
            wire.send(encode("SHUTDOWN"))
            server.await_log(line)
            self.assertEqual(server.call("SHUTDOWN", "ABORT"), b"OK")
            self.assertEqual(wire.reply(), b"-ERR Errors trying to SHUTDOWN. Check logs.")
        self.assertEqual(server.call("SET", "k", "w"), b"OK")

    def test_it_waits_until_replicas_have_everything(self):
        primary, replica = self.pair()
        with primary.wire() as wire, primary.wire() as writer:
            wire.send(encode("SHUTDOWN"))
            wait_until(lambda: "shutdown_in_milliseconds" in primary.call("INFO").decode(),
                       "a shutdown that waits")
            writer.send(encode("SET", "k", "late"))  # is not run any more
            replica.process.send_signal(signal.SIGCONT)
            self.assertEqual(wire.rest(), b"")
            self.assertEqual(writer.rest(), b"")
        self.assertEqual(wait_for_end(primary.process), 0)
        primary.await_log("1 of 1 replicas are in sync")
        self.assertEqual(replica.call("GET", "k"), b"v")

    def test_calling_it_off_holds_for_all_who_asked(self):
        primary, _ = self.pair()
        with primary.wire() as first, primary.wire() as second:
            first.send(encode("SHUTDOWN"))
            primary.await_log("Waiting for replicas")
            second.send(encode("SHUTDOWN"))
            wait_until(lambda: primary.call("CLIENT", "LIST").count(b"cmd=shutdown") == 2,
                       "a second one")
            self.assertEqual(primary.call("SHUTDOWN", "ABORT"), b"OK")
            for wire in (first, second):
                self.assertEqual(wire.reply(), b"-ERR Errors trying to SHUTDOWN. Check logs.")
        with primary.wire() as wire:
            self.assertEqual(wire.call("SET", "k", "w"), b"OK")
            self.assertEqual(wire.call("WAIT", 1, 100), 0)  # time for another one to begin
            self.assertEqual(wire.call("SHUTDOWN", "ABORT"), b"-ERR No shutdown in progress.")
        self.assertEqual(primary.log().count("Waiting for replicas"), 1)

    def test_who_waits_for_it_can_be_unblocked(self):
        primary, _ = self.pair()
        with primary.wire() as first, primary.wire() as second:
            ids = [wire.call("CLIENT", "ID") for wire in (first, second)]
            for wire in (first, second):
                wire.send(encode("SHUTDOWN"))
            wait_until(lambda: primary.call("CLIENT", "LIST").count(b" flags=b ") == 2, "both")
            for wire, number, how in zip((first, second), ids, ("ERROR", "TIMEOUT")):
                self.assertEqual(primary.call("CLIENT", "UNBLOCK", number, how), 1)
                self.assertEqual(wire.reply(), b"-UNBLOCKED client unblocked via CLIENT UNBLOCK")
                self.assertEqual(wire.call("PING"), b"PONG")
        self.assertEqual(primary.call("SHUTDOWN", "ABORT"), b"OK")  # it went on all the same
        self.assertEqual(primary.call("SET", "k", "w"), b"OK")

    def test_it_can_be_called_off_while_it_saves(self):
        with larder("--save", "1000 1000", "--rdb-key-save-delay", 6000) as server:
            server.call("DEBUG", "POPULATE", 500)
            self.call_off(server, "Saving the final RDB")
            server.call("CONFIG", "SET", "rdb-key-save-delay", 0)

    def test_it_can_be_called_off(self):
        primary, replica = self.pair()
        self.call_off(primary, "Waiting for replicas")
        replica.process.send_signal(signal.SIGCONT)
        self.assertTrue(in_step(primary, replica))

    def test_now_and_the_end_of_the_time_do_not_wait(self):
        for words in (("SHUTDOWN", "NOW"), ("SHUTDOWN",)):
            primary, _ = self.pair("--shutdown-timeout", 1)
            with primary.wire() as wire:
                wire.send(encode(*words))
                self.assertEqual(wire.rest(), b"")
            self.assertEqual(wait_for_end(primary.process), 0)
            primary.await_log("Lagging replica")


class Restart(unittest.TestCase):
    def test_replicas_of_a_restarted_primary_hear_what_expired_meanwhile(self):
        with larder() as replica, larder("--save", "1000 1") as first:
            follow(replica, first)
            in_step(first, replica)
            first.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")
            for i in range(50):
                first.call("SET", "k%d" % i, "v", "PX", 20)
            in_step(first, replica)
            time.sleep(0.03)  # their time passes
            self.assertEqual(replica.call("DBSIZE"), 50)
            first.stop()
            shutil.copy(first.folder + "/dump.rdb", replica.folder + "/saved.rdb")
            with larder("--dir", replica.folder, "--dbfilename", "saved.rdb",
                        port=first.port) as second:
                in_step(second, replica)
                self.assertEqual(second.info("rdb_last_load_keys_expired"), "50")
                self.assertEqual(replica.call("DBSIZE"), 0)
                self.assertEqual(second.info("sync_full"), "0")

    def test_a_snapshot_without_the_cache_is_no_point_of_a_history(self):
        no = ("--database-persist", "0 no")
        with larder() as primary, larder(*no) as replica:
            with primary.wire() as wire:
                for words in (("SET", "cache", "1"), ("SELECT", 2), ("SET", "session", "1")):
                    wire.call(*words)
            follow(replica, primary)
            in_step(primary, replica)
            self.assertFalse(os.path.exists(replica.folder + "/dump.rdb"))
            replica.call("SAVE")
            replica.stop()
            with larder("--dir", replica.folder, *no,
                        "--replicaof", "127.0.0.1 %d" % primary.port) as again:
                self.assertTrue(in_step(primary, again))

    def test_keys_of_a_writable_replica_expire_there(self):
        with larder() as primary, larder("--replica-read-only", "no") as replica:
            follow(replica, primary)
            in_step(primary, replica)
            replica.call("SET", "own", "v", "PX", 30)
            wait_until(lambda: replica.call("DBSIZE") == 0, "the end of a key")


class ReplicaWrites(unittest.TestCase):
    def test_who_writes_to_a_replica_is_closed_where_that_is_wanted(self):
        writes = (("SET", "k", "v"), ("EVAL", "return redis.call('SET','k','v')", 1, "k"))
        with larder() as primary, larder() as replica:
            follow(replica, primary)
            in_step(primary, replica)
            for words in writes:
                with replica.wire() as wire:
                    self.assertIn(b"READONLY", wire.call(*words))
                    self.assertEqual(wire.call("PING"), b"PONG")
            replica.call("CONFIG", "SET", "close-on-replica-write", "yes")
            for words in writes:
                with replica.wire() as wire:
                    wire.send(encode(*words) + encode("PING"))
                    rest = wire.rest()
                    self.assertIn(b"READONLY", rest)
                    self.assertNotIn(b"PONG", rest)


@unittest.skipUnless(REDIS, "no redis-server")
class CutLinks(unittest.TestCase):
    """A chain of both kinds under load, its links cut at random bytes again and again."""

    def check(self, first, second, third):
        dice = random.Random(11)
        with first() as a, second() as b, third() as c:
            proxies = [Proxy(a), Proxy(b)]
            follow(b, a, proxies[0].port)
            follow(c, b, proxies[1].port)
            for round_number in range(8):
                proxies[round_number % 2].left = dice.randrange(1, 300000)
                fill(a, round_number, 1000)
                if dice.randrange(3) == 0:
                    proxies[round_number % 2].cut()
            for proxy in proxies:
                proxy.left = None
            self.assertTrue(in_step(a, b, c))
            for proxy in proxies:
                proxy.close()

    def test_redis_larder_redis(self):
        self.check(redis, larder, redis)

    def test_larder_redis_larder(self):
        self.check(larder, redis, larder)


if __name__ == "__main__":
    unittest.main()
