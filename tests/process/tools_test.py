#!/usr/bin/python3
"""The tools of every day, unmodified: redis-cli, redis-benchmark, redis-py."""
import fcntl
import os
import pty
import select
import struct
import subprocess
import tempfile
import termios
import threading
import unittest

import redis

from harness import DEADLINE_S, REDUCED, ServerTest, encode

BENCHMARKS = ["PING_INLINE", "PING_MBULK", "SET", "GET", "INCR", "LPUSH", "RPUSH", "LPOP", "RPOP",
              "SADD", "HSET", "SPOP", "ZADD", "ZPOPMIN", "LRANGE_100", "LRANGE_300", "LRANGE_500",
              "LRANGE_600", "MSET"]


class Cli(ServerTest):
    def cli(self, *words, stdin="", timeout=60):
        return subprocess.run(["redis-cli", "-p", str(self.server.port), *words], input=stdin,
                              capture_output=True, text=True, timeout=timeout).stdout

    def test_a_conversation_on_stdin(self):
        said = self.cli(stdin="SET k 'a b'\nGET k\nHSET h f 1\nHGETALL h\nSELECT 3\nGET k\n")
        self.assertEqual(said.split("\n"), ["OK", "a b", "1", "f", "1", "OK", "", ""])

    def test_resp3(self):
        self.cli("HSET", "h", "f", "1")
        self.assertEqual(self.cli("-3", "--no-raw", "HGETALL", "h"), '1# "f" => "1"\n')

    def test_eval_of_a_file(self):
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write("return {KEYS[1], ARGV[1], redis.call('PING')}")
            script.flush()
            self.assertEqual(self.cli("--eval", script.name, "k", ",", "a"), "k\na\nPONG\n")

    def test_scan_and_bigkeys(self):
        self.cli(stdin="".join("SET key:%d x\n" % i for i in range(200)) + "LPUSH list a b c\n")
        found = self.cli("--scan", "--pattern", "key:*").split()
        self.assertEqual(sorted(found), sorted("key:%d" % i for i in range(200)))
        self.assertIn("201 keys in the keyspace", self.cli("--bigkeys"))
        self.assertIn("Sampled 201 keys", self.cli("--memkeys"))

    def test_stat(self):
        said = self._first_lines()
        self.assertIn("keys", said)

    def _first_lines(self):
        with subprocess.Popen(["redis-cli", "-p", str(self.server.port), "-i", "0.05", "--stat"],
                              stdout=subprocess.PIPE, text=True) as stat:
            lines = [stat.stdout.readline() for _ in range(4)]
            stat.terminate()
        return "".join(lines)

    def test_pipe(self):
        requests = b"".join(encode("SET", "key:%d" % i, i) for i in range(5000))
        done = subprocess.run(["redis-cli", "-p", str(self.server.port), "--pipe"], input=requests,
                              capture_output=True, timeout=60)
        self.assertIn(b"errors: 0, replies: 5000", done.stdout)

    def test_monitor_and_latency(self):
        with subprocess.Popen(["redis-cli", "-p", str(self.server.port), "MONITOR"],
                              stdout=subprocess.PIPE, text=True) as monitor:
            self.assertEqual(monitor.stdout.readline(), "OK\n")
            self.cli("SET", "k", "a b")
            seen = ""
            while '"SET" "k" "a b"' not in seen:
                seen = monitor.stdout.readline()
                self.assertTrue(seen)
            monitor.terminate()


    def test_latency(self):
        least, most, average, samples = self.cli("-i", "0.2", "--latency").split()
        self.assertGreater(int(samples), 0)
        self.assertLessEqual(int(least), int(most))

    def test_help_comes_from_the_server(self):
        said = self.cli("HELP", "PFADD")
        self.assertIn("key [element [element ...]]", said)
        self.assertIn("Adds elements to a HyperLogLog", said)

    def test_hints_come_from_the_server(self):
        # Debian's redis-cli is older than WAITAOF: by itself it would have no hint.
        self._typed(b"waitaof ", until=b"numlocal numreplicas timeout")
        self._typed(b"set ", until=b"key value [NX|XX] [GET] [EX seconds|PX milliseconds|")
        self._typed(b"hset ", until=b"key field value [field value ...]")

    def _typed(self, keys, until):
        """Presses keys in redis-cli until it shows the text, in a terminal of 200 columns."""
        terminal, its_end = pty.openpty()
        fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
        env = dict(os.environ, TERM="xterm", REDISCLI_HISTFILE="/dev/null")
        with subprocess.Popen(["redis-cli", "-p", str(self.server.port)], stdin=its_end,
                              stdout=its_end, stderr=its_end, env=env) as cli:
            self._read_until(terminal, b"> ")  # what is typed before the prompt is lost
            os.write(terminal, keys)
            shown = self._read_until(terminal, until)
            cli.kill()
        os.close(terminal)
        os.close(its_end)
        self.assertIn(until, shown)

    def _read_until(self, terminal, text):
        shown = b""
        while text not in shown and select.select([terminal], [], [], DEADLINE_S)[0]:
            shown += os.read(terminal, 65536)
        return shown

    def test_the_script_debugger_is_refused(self):
        self.assertIn("There is no debugger", self.cli("SCRIPT", "DEBUG", "YES"))
        # redis-cli does not look at that answer: it shows what the script returned.
        with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
            script.write("return 'done'")
            script.flush()
            self.assertIn("done", self.cli("--ldb", "--eval", script.name, stdin="quit\n"))
        self.assertEqual(self.server.call("PING"), b"PONG")


class HotKeys(ServerTest):
    options = ("--maxmemory-policy", "allkeys-lfu")

    def test_hotkeys(self):
        with self.server.wire() as wire:
            wire.call("MSET", "hot", 1, "cold", 1)
            for _ in range(200):
                wire.call("GET", "hot")
        said = subprocess.run(["redis-cli", "-p", str(self.server.port), "--hotkeys"],
                              capture_output=True, text=True, timeout=60).stdout
        self.assertIn("Sampled 2 keys", said)
        self.assertRegex(said, 'hot key found with counter: [0-9]+\\s+keyname: "?hot"?')


class Benchmark(ServerTest):
    def benchmark(self, *options):
        done = subprocess.run(["redis-benchmark", "-p", str(self.server.port), "--csv", "-n",
                               "500" if REDUCED else "3000", "-c", "10", *options],
                              capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertNotIn("Error", done.stdout + done.stderr)
        return done.stdout

    def test_all_default_tests(self):
        done = self.benchmark()
        for name in BENCHMARKS:
            self.assertIn('"%s' % name, done)

    def test_pipelined(self):
        self.assertIn('"MSET', self.benchmark("-P", "16"))

    def test_resp3(self):
        self.assertIn('"MSET', self.benchmark("-3", "-P", "4"))

    def test_random_keys(self):
        self.benchmark("-t", "set,get", "-r", "1000", "-P", "16")


class RedisPy(ServerTest):
    def setUp(self):
        super().setUp()
        self.redis = redis.Redis(host="127.0.0.1", port=self.server.port)

    def test_types(self):
        self.redis.set("k", "v", ex=100)
        self.assertEqual(self.redis.get("k"), b"v")
        self.assertTrue(90 < self.redis.ttl("k") <= 100)
        self.redis.hset("h", mapping={"a": 1, "b": 2})
        self.assertEqual(self.redis.hgetall("h"), {b"a": b"1", b"b": b"2"})
        self.redis.zadd("z", {"x": 1.5, "y": 2})
        self.assertEqual(self.redis.zrange("z", 0, -1, withscores=True), [(b"x", 1.5), (b"y", 2.0)])
        self.assertEqual(self.redis.info()["redis_version"], "7.2.4")

    def test_pipeline_and_watch(self):
        with self.redis.pipeline() as pipe:
            pipe.watch("n")
            pipe.multi()
            pipe.incr("n")
            pipe.incr("n")
            self.assertEqual(pipe.execute(), [1, 2])
            pipe.watch("n")
            self.redis.set("n", 10)
            pipe.multi()
            pipe.incr("n")
            with self.assertRaises(redis.WatchError):
                pipe.execute()

    def test_scripts(self):
        script = self.redis.register_script("return redis.call('INCRBY', KEYS[1], ARGV[1])")
        self.assertEqual(script(keys=["n"], args=[5]), 5)
        self.redis.script_flush()
        self.assertEqual(script(keys=["n"], args=[5]), 10)

    def test_scan(self):
        self.redis.mset({"key:%d" % i: i for i in range(500)})
        self.assertEqual(len(set(self.redis.scan_iter("key:*"))), 500)

    def test_bits_places_and_estimates(self):
        self.redis.setbit("bits", 7, 1)
        self.assertEqual(self.redis.bitcount("bits"), 1)
        field = self.redis.bitfield("bits").incrby("u8", 8, 200).set("u8", 16, 1)
        self.assertEqual(field.execute(), [200, 0])
        self.redis.geoadd("Sicily", (13.361389, 38.115556, "Palermo", 15.087269, 37.502669,
                                     "Catania"))
        self.assertEqual(self.redis.geosearch("Sicily", longitude=15, latitude=37, radius=100,
                                              unit="km", withdist=True), [[b"Catania", 56.4413]])
        self.redis.pfadd("hll", *range(1000))
        self.assertAlmostEqual(self.redis.pfcount("hll"), 1000, delta=50)

    def test_blocking_pops(self):
        worker = redis.Redis(host="127.0.0.1", port=self.server.port)
        popped = []
        thread = threading.Thread(target=lambda: popped.append(worker.blpop(["a", "b"], 10)))
        thread.start()
        self.redis.rpush("b", "job")
        thread.join()
        self.assertEqual(popped, [(b"b", b"job")])
        worker.close()

    def test_publish_and_subscribe(self):
        subscriber = self.redis.pubsub(ignore_subscribe_messages=True)
        subscriber.subscribe("news")
        subscriber.psubscribe("n*")
        while self.redis.publish("news", "hello") < 2:
            pass
        heard = set()
        for message in subscriber.listen():
            heard.add(message["type"])
            if heard == {"message", "pmessage"}:
                break
        subscriber.close()

    def test_streams(self):
        added = self.redis.xadd("events", {"event": "added"}, maxlen=100)
        self.redis.xgroup_create("events", "workers", id="0")
        read = self.redis.xreadgroup("workers", "me", {"events": ">"})
        self.assertEqual(read, [[b"events", [(added, {b"event": b"added"})]]])
        self.assertEqual(self.redis.xpending("events", "workers")["pending"], 1)
        self.assertEqual(self.redis.xack("events", "workers", added), 1)

    def test_locks(self):
        counter = [0]

        def work():
            client = redis.Redis(host="127.0.0.1", port=self.server.port)
            for _ in range(5):
                with client.lock("lock", timeout=10, sleep=0.001):
                    value = counter[0]
                    counter[0] = value + 1
            client.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(counter[0], 20)


if __name__ == "__main__":
    unittest.main()
