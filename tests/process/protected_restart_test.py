#!/usr/bin/python3
"""protected-restart: a server that came back without its data neither serves nor counts as alive
before it knows who is primary, and makes no file of what it has not."""
import os
import shutil
import signal
import unittest

from fake_primary import FakePrimary, full
from harness import wait_for_end, wait_until
from replication_test import follow, in_step, larder


def ping(server):
    try:
        return server.call("PING")
    except OSError:
        return b""


class ProtectedRestart(unittest.TestCase):
    """A pair whose primary comes back without its data before anybody notices."""
    ON = ("--protected-restart", "yes")

    def again(self, server, *options, **more):
        """The same server after it was stopped, with what is in its folder."""
        more.setdefault("port", server.port)
        again = larder(*self.ON, "--dir", server.folder, *options, wait=False, **more)
        self.addCleanup(again.__exit__)
        return again

    def joining(self, server):
        wait_until(lambda: ping(server).startswith(b"-HAJOINING"), "a server that joins")
        return server

    def serving(self, server):
        wait_until(lambda: ping(server) == b"PONG", "a server that serves")
        return server

    def served(self, *options):
        """One that has served before."""
        server = larder(*self.ON, *options)
        self.addCleanup(server.__exit__)
        server.call("SET", "k", "v")
        return server

    def past(self, server):
        with open(server.folder + "/.larder-restart") as file:
            return file.read()

    def test_the_first_start_waits_for_nobody_and_the_next_does(self):
        first = self.served()
        self.assertEqual(first.call("GET", "k"), b"v")
        first.stop(signal.SIGKILL)
        lost = self.joining(self.again(first))
        for words in (("GET", "k"), ("SET", "k", "v"), ("EVAL", "return 1", 0), ("SYNC",),
                      ("PSYNC", "?", -1), ("FAILOVER",), ("BGSAVE",)):
            self.assertTrue(lost.call(*words).startswith(b"-LOADING"), words)
        self.assertEqual(lost.info("role"), "master")
        self.assertGreater(int(lost.info("larder_joining_seconds_left")), 1)
        self.assertEqual(lost.call("ROLE")[0], b"master")
        self.assertEqual(lost.call("CONFIG", "GET", "protected-restart")[1], b"yes")
        self.assertEqual(lost.call("CLIENT", "SETNAME", "x"), b"OK")
        self.assertEqual(lost.call("HELLO", 2)[0], b"server")
        self.assertEqual(lost.call("SUBSCRIBE", "__sentinel__:hello")[0], b"subscribe")
        lost.await_log("has come back without its data")

    def test_it_serves_when_a_sentinel_makes_it_the_primary(self):
        first = self.served()
        first.stop(signal.SIGKILL)
        lost = self.joining(self.again(first))
        with lost.wire() as wire:
            for words in (("MULTI",), ("SLAVEOF", "NO", "ONE"), ("CONFIG", "REWRITE"),
                          ("CLIENT", "KILL", "TYPE", "normal"),
                          ("CLIENT", "KILL", "TYPE", "pubsub")):
                wire.call(*words)
            self.assertEqual(wire.call("EXEC")[0], b"OK")
        self.serving(lost)
        self.assertNotIn(b"larder_joining", lost.call("INFO", "replication"))

    def test_its_replica_keeps_the_data_and_gives_them_back(self):
        primary, replica = self.served(), larder()
        self.addCleanup(replica.__exit__)
        follow(replica, primary)
        in_step(primary, replica)
        primary.stop(signal.SIGKILL)
        lost = self.joining(self.again(primary))
        replica.await_log("-HAJOINING")
        self.assertEqual(replica.call("GET", "k"), b"v")
        replica.call("REPLICAOF", "NO", "ONE")
        follow(lost, replica)
        self.assertTrue(in_step(replica, lost))
        self.assertEqual(lost.call("GET", "k"), b"v")

    def test_it_serves_when_nobody_says_anything(self):
        first = self.served()
        first.stop(signal.SIGKILL)
        lost = self.serving(self.again(first, "--protected-restart-timeout", 1))
        # It serves a moment before it says so.
        lost.await_log("nobody has said who is primary")
        self.assertEqual(lost.call("GET", "k"), None)

    def test_who_knows_his_primary_or_finds_a_file_does_not_wait(self):
        first = self.served()
        first.call("DEL", "k")
        first.call("SAVE")  # a data set without keys is one
        first.stop(signal.SIGKILL)
        with larder() as primary:
            for options in ((), ("--dbfilename", "none.rdb",
                                 "--replicaof", "127.0.0.1 %d" % primary.port)):
                again = self.serving(self.again(first, *options))
                self.assertNotIn("without its data", again.log())
                again.stop(signal.SIGKILL)
        self.joining(self.again(first, "--dbfilename", "never.rdb"))

    def test_what_it_writes_while_it_waits_is_not_its_data(self):
        on = ("--appendonly", "yes")
        first = self.served(*on)
        first.stop(signal.SIGKILL)
        shutil.rmtree(first.folder + "/appendonlydir")
        for _ in range(2):
            lost = self.joining(self.again(first, *on))
            self.assertEqual(lost.stop(), 0)
        lost = self.joining(self.again(first, *on))
        lost.call("REPLICAOF", "NO", "ONE")
        self.serving(lost)
        wait_until(lambda: self.past(first) == "served\n", "a note of it")
        lost.stop(signal.SIGKILL)
        self.serving(self.again(first, *on))

    def test_who_was_told_but_has_no_data_yet_waits_again(self):
        on = ("--appendonly", "yes")
        first = self.served(*on)
        first.stop(signal.SIGKILL)
        shutil.rmtree(first.folder + "/appendonlydir")
        lost = self.joining(self.again(first, *on))
        with FakePrimary(full(head=b"$1000000\r\n")) as primary:
            follow(lost, primary)
            wait_until(lambda: lost.info("master_sync_in_progress") == "1", "a full sync")
            self.assertEqual(lost.stop(), 0)
        lost = self.joining(self.again(first, *on))
        with larder() as primary:
            primary.call("SET", "k", "w")
            follow(lost, primary)
            wait_until(lambda: self.past(first) == "served\n", "a note of it")
            lost.stop(signal.SIGKILL)
        again = self.serving(self.again(first, *on))
        self.assertEqual(again.call("GET", "k"), b"w")

    def test_nothing_is_written_over_what_could_be_gone_on_with(self):
        on = ("--appendonly", "yes")
        first = self.served(*on)
        self.assertEqual(first.call("SAVE"), b"OK")
        first.stop(signal.SIGKILL)
        shutil.rmtree(first.folder + "/appendonlydir")
        lost = self.joining(self.again(first, *on))
        for words in (("RELOAD",), ("RELOAD", "NOSAVE"), ("LOADAOF",)):
            self.assertTrue(lost.call("DEBUG", *words).startswith(b"-LOADING"), words)
        lost.stop(signal.SIGKILL)
        self.assertEqual(self.serving(self.again(first)).call("GET", "k"), b"v")

    def test_no_file_is_made_of_a_data_set_that_is_not_whole(self):
        on, saves = ("--appendonly", "yes"), ("--save", "1000 1")
        first = self.served(*on)
        self.assertEqual(first.call("SAVE"), b"OK")
        first.stop(signal.SIGKILL)
        shutil.rmtree(first.folder + "/appendonlydir")
        lost = self.joining(self.again(first, *on, *saves))
        self.assertEqual(lost.stop(), 0)
        lost = self.joining(self.again(first, *on, *saves))
        with FakePrimary(full(head=b"$1000000\r\n")) as primary:
            follow(lost, primary)
            wait_until(lambda: lost.info("master_sync_in_progress") == "1", "a full sync")
            self.assertEqual(lost.call("SAVE"), b"-ERR")
            self.assertEqual(lost.call("DEBUG", "RELOAD"), b"-ERR")
            self.assertEqual(lost.call("BGSAVE"), b"Background saving scheduled")
            self.assertIn(b"scheduled", lost.call("BGREWRITEAOF"))
            self.assertEqual(lost.stop(), 0)
        self.assertEqual(self.serving(self.again(first)).call("GET", "k"), b"v")

    def test_who_serves_after_a_wait_in_vain_saves_what_comes(self):
        saves = ("--save", "1000 1")
        first = self.served()
        first.stop(signal.SIGKILL)
        lost = self.serving(self.again(first, *saves, "--protected-restart-timeout", 1))
        lost.call("SET", "k", "w")
        follow(lost, lost)  # without success
        self.assertEqual(lost.stop(), 0)
        self.assertEqual(self.serving(self.again(first)).call("GET", "k"), b"w")

    def test_it_is_remembered_where_dir_leads(self):
        first = self.served("--enable-protected-configs", "yes")
        other = first.folder + "/other"
        os.mkdir(other)
        self.assertEqual(first.call("CONFIG", "SET", "dir", other), b"OK")
        first.stop(signal.SIGKILL)
        self.joining(self.again(first, "--dir", other))

    def test_sentinel_is_told_to_promote_no_replica_in_its_first_full_sync(self):
        for options, priority in ((self.ON, "0"), ((), "100")):
            with larder(*options) as replica, larder() as primary:
                self.assertEqual(replica.info("role"), "master")
                with FakePrimary(full(head=b"$1000000\r\n")) as half:
                    replica.call("REPLICAOF", "127.0.0.1", half.port)
                    wait_until(lambda: replica.info("master_sync_in_progress") == "1", "a sync")
                    self.assertEqual(replica.info("slave_priority"), priority)
                wait_until(lambda: replica.info("slave_priority") == "100", "the sync's end")
                follow(replica, primary)
                in_step(primary, replica)
                self.assertEqual(replica.info("slave_priority"), "100")

    def test_a_folder_that_can_not_be_written_is_told(self):
        with larder(*self.ON, "--dir", "/proc", wait=False) as server:
            self.assertEqual(wait_for_end(server.process), 1)
            server.await_log("protected-restart can't remember")


if __name__ == "__main__":
    unittest.main()
