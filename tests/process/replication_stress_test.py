#!/usr/bin/python3
"""What a link between two servers goes through and leaves no trace of: cuts, at any byte, again and
again; clocks that are an hour apart; a full sync under full load.

    LARDER_CUTS=10000 LARDER_SYNC_S=60 replication_stress_test.py    long tier, a quarter hour
"""
import os
import random
import threading
import time
import unittest

from harness import REDUCED, Server, encode, wait_until
from replication_test import Proxy, QUICK, REDIS, fill, follow, in_step, larder, redis

CUTS = int(os.environ.get("LARDER_CUTS", "40"))
SYNC_S = float(os.environ.get("LARDER_SYNC_S", "3"))
CLOCK = os.environ.get("LARDER_CLOCK", "")
HOUR_S = 3600


class Cuts(unittest.TestCase):
    """Replicas whose links are cut at random bytes of handshake, snapshot and stream, each once a
    second, while random commands of all kinds run. A backlog that is short makes some of them need
    a full sync again."""
    BACKLOG = ("--repl-backlog-size", "4mb")
    # Most ends are within the handshake or the stream, the others leave time for a snapshot.
    BYTES = (300, 300, 30000, 30000, 30000, 30000, 30000, 3000000)

    def check(self, primary, replica, count, cuts):
        dice = random.Random(5)
        with primary(*self.BACKLOG) as a:
            replicas = [replica(*self.BACKLOG) for _ in range(count)]
            for each in replicas:
                self.addCleanup(each.__exit__)
            proxies = [Proxy(a) for _ in replicas]
            for each, proxy in zip(replicas, proxies):
                follow(each, a, proxy.port)
            done, seed = 0, 0
            while done < cuts:
                done += self.cut_for_a_while(a, proxies, dice, min(cuts - done, 1000), seed)
                seed += 1
                for each in replicas:
                    self.assertEqual(self.differences(a, each), [], "after %d cuts" % done)
                print("%d cuts: %s full syncs, %s partial ones, no difference" %
                      (done, a.info("sync_full"), a.info("sync_partial_ok")), flush=True)
            for proxy in proxies:
                proxy.close()

    def differences(self, primary, replica):
        """Keys of the first three databases that are not the same there. Digests are compared more
        than once, since a key may expire between the two."""
        for _ in range(50):
            wait_until(lambda: replica.info("master_link_status") == "up" and
                       replica.info("master_repl_offset") == primary.info("master_repl_offset"),
                       "a replica that has everything", 120)
            if primary.call("DEBUG", "DIGEST") == replica.call("DEBUG", "DIGEST"):
                return []
        found = []
        for db in range(3):
            with primary.wire() as here, replica.wire() as there:
                here.call("SELECT", db)
                there.call("SELECT", db)
                for key in sorted(set(here.call("KEYS", "*")) | set(there.call("KEYS", "*"))):
                    both = [(wire.call("DEBUG", "DIGEST-VALUE", key), wire.call("PEXPIRETIME", key))
                            for wire in (here, there)]
                    if both[0] != both[1]:
                        found.append((db, key, both))
        return found[:5] or ["a digest"]

    def cut_for_a_while(self, server, proxies, dice, cuts, seed):
        stopped = threading.Event()

        def load():
            for round_number in range(1000000):
                if stopped.is_set():
                    return
                fill(server, seed * 1000000 + round_number, 150)
                stopped.wait(0.1)

        loader = threading.Thread(target=load)
        loader.start()
        done = -len(proxies)
        while done < cuts:
            for proxy in proxies:
                if proxy.left is None:
                    done += 1
                    proxy.left = dice.randrange(1, dice.choice(self.BYTES))
            time.sleep(0.005)
        stopped.set()
        loader.join()
        for proxy in proxies:
            proxy.left = None
        return done

    def test_larder_with_larder(self):
        count = max(2, min(16, CUTS // 20))
        self.check(larder, larder, count, CUTS)

    @unittest.skipUnless(REDIS, "no redis-server")
    def test_larder_follows_redis(self):
        self.check(redis, larder, 4, max(8, CUTS // 100))

    @unittest.skipUnless(REDIS, "no redis-server")
    def test_redis_follows_larder(self):
        self.check(larder, redis, 4, max(8, CUTS // 100))


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
@unittest.skipUnless(os.path.exists(CLOCK), "no library of clocks")
class Clocks(unittest.TestCase):
    """Keys expire by the primary's clock and no other, also in the middle of a full sync."""

    def shifted(self, seconds, program=None):
        options = {"program": program} if program else {}
        return Server(*QUICK, environment={"LD_PRELOAD": CLOCK, "CLOCK_SHIFT_S": str(seconds)},
                      **options)

    def size(self, server):
        return server.call("DBSIZE")

    def check(self, shift_s, primary=None, replica=None):
        with self.shifted(0, primary) as a, self.shifted(shift_s, replica) as b:
            ahead_s = int(b.call("TIME")[0]) - int(a.call("TIME")[0])
            self.assertAlmostEqual(ahead_s, shift_s, delta=5)
            with a.wire() as wire:
                for i in range(300):
                    wire.call("SET", "short:%d" % i, "v", "PX", 300 + 5 * i)
                    wire.call("SET", "long:%d" % i, "v", "EX", HOUR_S // 2)
                    wire.call("SET", "ever:%d" % i, "v")
            follow(b, a)
            wait_until(lambda: b.info("master_link_status") == "up", "a full sync")
            # What goes now goes because the primary says so, and nothing else goes.
            a.call("SETEX", "later", HOUR_S // 2, "v")
            wait_until(lambda: self.size(a) == 601, "the end of the short ones")
            same = in_step(a, b)  # a digest is without what has expired by the own clock
            self.assertTrue(same or shift_s > 0)
            self.assertEqual(self.size(b), 601)
            # A primary goes by its own clock.
            self.assertEqual(b.call("REPLICAOF", "NO", "ONE"), b"OK")
            left = 300 if shift_s > 0 else 601
            wait_until(lambda: self.size(b) == left, "a primary's clock")
            self.assertEqual(b.call("EXISTS", "long:1", "ever:1"), 1 if shift_s > 0 else 2)

    def test_larder_with_larder(self):
        for shift_s in (HOUR_S, -HOUR_S):
            self.check(shift_s)

    @unittest.skipUnless(REDIS, "no redis-server")
    def test_larder_with_redis(self):
        for shift_s in (HOUR_S, -HOUR_S):
            self.check(shift_s, primary=REDIS)
            self.check(shift_s, replica=REDIS)


class FullSyncUnderLoad(unittest.TestCase):
    """Clients write as fast as they can from the first byte of a full sync to its last."""
    KEYS = 5000

    def test_the_replica_ends_with_the_same_data(self):
        delay_us = int(SYNC_S * 1e6 / self.KEYS)
        patient = ("--repl-timeout", 600)  # so slow a snapshot is silent for long
        with larder("--rdb-key-save-delay", delay_us, *patient,
                    "--client-output-buffer-limit", "replica 0 0 0") as a, larder(*patient) as b:
            a.call("DEBUG", "POPULATE", self.KEYS, "key", 100)
            stopped, written = threading.Event(), [0, 0]

            def write(number):
                dice = random.Random(number)
                with a.wire() as wire:
                    while not stopped.is_set():
                        wire.send(b"".join(
                            encode(*dice.choice((("SET", "key:%d" % n, "x" * (n % 300)),
                                                 ("DEL", "key:%d" % n),
                                                 ("HINCRBY", "h%d" % (n % 500), n, 1),
                                                 ("LPUSH", "list%d" % (n % 50), n))))
                            for n in (dice.randrange(self.KEYS) for _ in range(200))))
                        for _ in range(200):
                            wire.reply()
                        written[number] += 200

            begun = time.monotonic()
            follow(b, a)
            threads = [threading.Thread(target=write, args=(i,)) for i in range(2)]
            for thread in threads:
                thread.start()
            try:
                wait_until(lambda: b.info("master_link_status") == "up", "a full sync",
                           10 * SYNC_S + 60)
                lasted_s = time.monotonic() - begun
            finally:
                stopped.set()
                for thread in threads:
                    thread.join()
            self.assertGreater(lasted_s, SYNC_S / 2)
            self.assertTrue(in_step(a, b))
            self.assertEqual(a.info("sync_full"), "1")
            print("a full sync of %.1f s, %d writes meanwhile, no difference" %
                  (lasted_s, sum(written)))


if __name__ == "__main__":
    unittest.main()
