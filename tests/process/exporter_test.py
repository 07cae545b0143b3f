#!/usr/bin/python3
"""Prometheus' redis_exporter, as Debian packages it: it finds in larder what it finds in Redis."""
import os
import re
import subprocess
import unittest
import urllib.error
import urllib.request

from harness import Server, fetch, free_port, redis_server, wait_until

# The package starts a service where it is installed, so it is only unpacked.
PACKAGE = "prometheus-redis-exporter"
UNPACK = "apt-get download %s && dpkg -x %s_*.deb ." % (PACKAGE, PACKAGE)


class Exporter:
    """One that watches a server."""

    def __init__(self, server):
        folder = fetch("redis_exporter", UNPACK, "usr/bin/" + PACKAGE)
        self.url = "http://127.0.0.1:%d/metrics" % free_port()
        self.process = subprocess.Popen(
            [os.path.join(folder, "usr/bin", PACKAGE), "-redis.addr",
             "redis://127.0.0.1:%d" % server.port, "-web.listen-address", self.url.split("/")[2],
             "-check-keys", "k*", "-check-single-keys", "db0=hash", "-export-client-list",
             "-include-system-metrics"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def scrape(self):
        """Samples by name, labels included: 'redis_db_keys{db="db0"}' -> 2.0."""
        def answers():
            try:
                with urllib.request.urlopen(self.url, timeout=10) as page:
                    self.text = page.read().decode()
                return True
            except urllib.error.URLError:
                return False
        wait_until(answers, "the exporter's first page")
        samples = re.findall(r"^(redis_[^ {]+(?:{.*})?) (\S+)$", self.text, re.M)
        return {name: float(value) for name, value in samples}


def names(samples):
    return {name.split("{")[0] for name in samples}


class Metrics(unittest.TestCase):
    def watch(self, program=None):
        with Server(**({"program": program} if program else {})) as server:
            server.call("SET", "k1", "a", "EX", 1000)
            server.call("HSET", "hash", "f", "v")
            server.call("GET", "k1")
            server.call("GET", "nothing")
            server.call("LPUSH", "k1", "x")
            with Exporter(server) as exporter:
                exporter.scrape()
                return exporter.scrape()  # the second page counts what the first one asked

    def test_every_metric_of_redis_is_there(self):
        redis = self.watch(redis_server())
        larder = self.watch()
        self.assertEqual(names(redis) - names(larder), set())
        self.assertGreaterEqual(len(larder), 186)

    def test_they_say_what_happened(self):
        samples = self.watch()
        self.assertEqual(samples["redis_up"], 1)
        self.assertEqual(samples['redis_db_keys{db="db0"}'], 2)
        self.assertEqual(samples['redis_db_keys_expiring{db="db0"}'], 1)
        self.assertEqual(samples['redis_commands_total{cmd="hset"}'], 1)
        self.assertEqual(samples['redis_commands_failed_calls_total{cmd="lpush"}'], 1)
        self.assertEqual(samples["redis_keyspace_misses_total"], 1)
        self.assertEqual(samples['redis_key_size{db="db0",key="hash"}'], 1)
        self.assertGreater(samples["redis_memory_used_bytes"], 0)
        self.assertGreater(samples["redis_connected_clients"], 0)


if __name__ == "__main__":
    unittest.main()
