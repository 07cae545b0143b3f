"""The workloads. Each takes a running server and returns what it measured, by the names of
table.METRICS; `prepare` functions run once for each server before the rounds."""
import csv
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time

from .server import encode

KEYS = 1_000_000
TAGGED = 100_000
RUN_LIMIT_S = 300


def output_of(command):
    """What a program prints. One that fails ends the comparison, with what it said."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=RUN_LIMIT_S, check=False)
    if done.returncode != 0:
        sys.exit("%s ended with %d: %s" % (" ".join(command), done.returncode,
                                           (done.stderr or done.stdout)[-1000:]))
    return done.stdout


class Tools:
    """The programs that make the load."""

    def __init__(self, build, scale):
        self.probe_path = os.path.join(build, "bench", "bench_probe")
        self.magento_path = os.path.join(build, "bench", "bench_magento")
        self.scale = scale

    def benchmark(self, server, test, *options, requests):
        """redis-benchmark, one test; its CSV line."""
        requests = int(requests * self.scale)
        command = ["redis-benchmark", "-p", str(server.port), "-t", test, "-n", str(requests),
                   "--csv", *options]
        before = server.cpu_seconds()
        printed = output_of(command)
        cpu = server.cpu_seconds() - before
        row = list(csv.DictReader(io.StringIO(printed)))[-1]
        return {"rate": float(row["rps"]), "cpu": cpu / requests * 1e6,
                "p50": float(row["p50_latency_ms"]) * 1e3,
                "p99": float(row["p99_latency_ms"]) * 1e3}

    def tail(self, server, test, *options, requests):
        """redis-benchmark, one test; its p99.9 in ms, which the CSV has not."""
        printed = output_of(["redis-benchmark", "-p", str(server.port), "-t", test,
                             "-n", str(int(requests * self.scale)), "--precision", "3", *options])
        shares = re.findall(r"([\d.]+)% <= ([\d.]+) milliseconds", printed)
        return next(float(ms) for percent, ms in shares if float(percent) >= 99.9)

    def floor(self, seconds=3.0):
        found = json.loads(output_of(
            [self.probe_path, "floor", "--seconds", str(seconds * self.scale)]))
        return {"p50": found["p50"], "p99": found["p99"]}

    def probe(self, server, mode, *options, unix=False, seconds=3.0):
        where = ["--unix", server.unix] if unix else ["--port", str(server.port)]
        command = [self.probe_path, mode, *where, "--seconds", str(seconds * self.scale), *options]
        before = server.cpu_seconds()
        found = json.loads(output_of(command))
        cpu = server.cpu_seconds() - before
        return {"rate": found["requests"] / found["seconds"], "cpu": cpu / found["requests"] * 1e6,
                "core": 100 * cpu / found["seconds"], "p50": found["p50"], "p99": found["p99"],
                "longest": found["max"] / 1e3}

    def pages(self, server, *options, pages):
        with tempfile.NamedTemporaryFile("r") as result:
            command = [self.magento_path, "--port", str(server.port), "--json", result.name,
                       *options, "--fill", "no", "--pages", str(int(pages * self.scale))]
            before = server.cpu_seconds()
            output_of(command)
            cpu = server.cpu_seconds() - before
            found = json.load(result)
        return {"rate": found["requests"] / found["seconds"], "cpu": cpu / found["requests"] * 1e6,
                "p50": found["latency_us"]["page"]["p50"],
                "p99": found["latency_us"]["page"]["p99"]}

    def longest_wait(self, server, seconds, act):
        """How long another connection waited at most while `act` ran, and how long `act` took."""
        result = {}
        prober = threading.Thread(target=lambda: result.update(self.probe(
            server, "paced", "--interval-us", "500", seconds=seconds / self.scale)))
        prober.start()
        time.sleep(0.3)
        since = time.perf_counter()
        act()
        took = time.perf_counter() - since
        prober.join()
        return {"longest": result["longest"], "call": took * 1e3}


def both(tools, server, *options, requests):
    """GET and SET, half of the requests each."""
    runs = [tools.benchmark(server, test, *options, requests=requests // 2)
            for test in ("set", "get")]
    return {name: sum(run[name] for run in runs) / 2 for name in runs[0]}


def only(metrics, measured):
    return {metric: measured[metric] for metric in metrics.split()}


def million_keys(_, server):
    server.ask("FLUSHALL")
    server.fill(encode("SET", "key:%012d" % i, "v" * 32) for i in range(KEYS))


def idle(tools, server):
    before = server.cpu_seconds()
    time.sleep(5 * tools.scale)
    return {"core": 100 * (server.cpu_seconds() - before) / (5 * tools.scale)}


def startup(_, server):
    first_pong = server.restart()
    time.sleep(0.2)
    return {"pong": first_pong * 1e3, "rss": server.rss_bytes() / 1e6}


def fill_shop(*saves):
    def fill(tools, server):
        server.ask("FLUSHALL")
        command = [tools.magento_path, "--port", str(server.port), "--pages", "1", *saves]
        output_of(command)
    return fill


def clean(lua):
    """Cleans a tag that 100,000 entries carry, while another connection asks on."""
    def run(tools, server):
        server.ask("FLUSHALL")
        ids = ["069_ENTRY_%032d" % i for i in range(TAGGED)]
        server.fill(encode("HMSET", "zc:k:" + i, "d", "d" * 1000, "t", "FPC") for i in ids)
        server.fill(encode("SADD", "zc:ti:FPC", *ids[i:i + 100]) for i in range(0, TAGGED, 100))
        server.ask("SADD", "zc:tags", "FPC")
        return tools.longest_wait(server, 3, lambda: clean_now(server, ids, lua))
    return run


def clean_now(server, ids, lua):
    shop = os.path.join(os.path.dirname(__file__), "..", "..", "tests", "magento", "scripts")
    with server.connect() as connection:
        def ask(*words, until=b"\r\n"):
            connection.sendall(encode(*words))
            got = b""
            while not got.endswith(until):
                got += connection.recv(1 << 20)
        if lua:
            with open(os.path.join(shop, "clean.lua")) as file:
                ask("EVAL", file.read(), 1, "FPC", "zc:ti:", "zc:k:", "zc:tags", "zc:ids", "",
                    "5000")
            return
        connection.sendall(encode("SUNION", "zc:ti:FPC"))
        lines = 0
        while lines < 2 * len(ids) + 1:  # a head, then two lines for each id
            lines += connection.recv(1 << 20).count(b"\n")
        for i in range(0, len(ids), 10_000):
            ask("UNLINK", *["zc:k:" + one for one in ids[i:i + 10_000]])
        ask("UNLINK", "zc:ti:FPC")
        ask("SREM", "zc:tags", "FPC")


def flush(tools, server):
    """FLUSHDB of a million keys, while another connection asks on; what memory is left then."""
    server.restart()
    empty = server.rss_bytes()
    million_keys(tools, server)
    full = server.rss_bytes()
    found = tools.longest_wait(server, 2, lambda: server.ask("FLUSHDB"))
    time.sleep(10)
    return {**found, "left": 100 * (server.rss_bytes() - empty) / (full - empty)}


def expire(tools, server):
    """100,000 keys whose last moments lie in one second, while another connection asks on: how long
    after the last was due the database is empty."""
    server.ask("FLUSHALL")
    due_ms = int(time.time() * 1000) + 3000
    server.fill(encode("SET", "key:%012d" % i, "v" * 100, "PXAT", due_ms + i % 1000)
                for i in range(TAGGED))
    found = {}

    def wait():
        while server.ask("DBSIZE") != b":1\r\n":  # the probe's own key
            time.sleep(0.01)
        found["gone"] = time.time() * 1000 - due_ms - 1000

    waited = tools.longest_wait(server, 4, wait)
    return {**found, "longest": waited["longest"]}


def evict(policy):
    """Writes 256 MB into 64 as fast as one client can, while another connection asks on; how far
    the memory in use is ever above the limit."""
    limit = 64 << 20

    def run(tools, server):
        server.restart()
        server.ask("CONFIG", "SET", "maxmemory", str(limit), "maxmemory-policy", policy)
        most, stopping = [0], threading.Event()

        def watch():
            with server.connect() as connection:
                while not stopping.is_set():
                    connection.sendall(encode("INFO", "memory"))
                    info = b""
                    while b"lazyfreed_objects" not in info:
                        info += connection.recv(1 << 16)
                    used = int(info.split(b"used_memory:")[1].split(b"\r")[0])
                    most[0] = max(most[0], used)
                    time.sleep(0.002)

        watcher = threading.Thread(target=watch)
        watcher.start()
        sizes = (10, 100, 100, 300, 1000, 4000)
        found = tools.longest_wait(server, 6, lambda: server.fill(
            encode("SET", "key:%012d" % i, "v" * sizes[i % len(sizes)]) for i in range(250_000)))
        stopping.set()
        watcher.join()
        return {**found, "over": max(most[0] - limit, 0) / 1024}
    return run


def fill_to_save(_, server):
    """Strings, cache entries and tags."""
    server.restart()
    server.fill(encode("SET", "key:%012d" % i, "v" * 100) for i in range(KEYS))
    server.fill(map(cache_entry(40), range(200_000)))
    server.fill(map(tag_member, range(400_000)))


def save_and_load(_, server):
    since = time.perf_counter()
    server.ask("SAVE")
    saved = time.perf_counter() - since
    return {"save": saved, "load": server.reload()}


def save_under_load(tools, server):
    """BGSAVE of a million keys: p99.9 of a load beside it, and the memory. The load comes twice, as
    reading a process' PSS makes that process wait for milliseconds."""
    def load():
        return tools.tail(server, "set", "-r", str(KEYS), "-d", "32", requests=400_000)

    def saving():
        return b"rdb_bgsave_in_progress:1" in server.ask("INFO", "persistence")

    quiet = load()
    server.ask("BGSAVE")
    busy = load()
    while saving():
        time.sleep(0.05)
    before = peak = server.pss_bytes()
    loader = threading.Thread(target=load)
    loader.start()
    server.ask("BGSAVE")
    while saving():
        peak = max(peak, server.pss_bytes())
        time.sleep(0.05)
    loader.join()
    return {"tail": busy / quiet, "peak": peak / before}


def memory(count, request):
    """RSS of an item; request(i) saves the i-th."""
    def run(_, server):
        server.restart()
        empty = server.rss_bytes()
        server.fill(request(i) for i in range(count))
        time.sleep(1)
        return {"bytes": (server.rss_bytes() - empty) / count}
    return run


def cache_entry(size):
    tags = ",".join("069_TAG_%02d" % i for i in range(10))  # Redis needs 472 B for 40 B of data
    return lambda i: encode("HMSET", "zc:k:069_ENTRY_%012d" % i, "d", "d" * size, "t", tags,
                            "m", "1700000000", "i", "0")


def tag_member(i):
    return encode("SADD", "zc:ti:TAG%d" % (i % 4), "%036d" % i)


def session(i):
    return encode("HMSET", "sess_%026d" % i, "data", "s" * 1024, "lock", "0", "writes", str(i),
                  "pid", "web1|%d" % i, "req", "GET /")


WORKLOADS = {
    "plain": (None, lambda t, s: both(t, s, "-c", "50", "-r", "100000", requests=200_000)),
    "500 connections": (
        None, lambda t, s: both(t, s, "-c", "500", "-r", "100000", requests=200_000)),
    "pipeline 16": (None, lambda t, s: both(
        t, s, "-c", "50", "-P", "16", "-r", "100000", requests=1_600_000)),
    "pipeline 64": (None, lambda t, s: both(
        t, s, "-c", "50", "-P", "64", "-r", "100000", requests=3_200_000)),
    "pipeline 16 on 1M keys": (million_keys, lambda t, s: both(
        t, s, "-c", "50", "-P", "16", "-r", str(KEYS), "-d", "32", requests=1_600_000)),
    "8 KiB values": (None, lambda t, s: both(
        t, s, "-c", "50", "-d", "8192", "-r", "5000", requests=100_000)),
    "16 KiB values": (None, lambda t, s: both(
        t, s, "-c", "50", "-d", "16384", "-r", "5000", requests=60_000)),
    "serial TCP": (None, lambda t, s: only("cpu p50 p99", t.probe(s, "serial"))),
    "serial Unix": (None, lambda t, s: only("cpu p50 p99", t.probe(s, "serial", unix=True))),
    "serial TCP, no server": (None, lambda t, _: t.floor()),
    "one a millisecond": (None, lambda t, s: only("core p50", t.probe(s, "paced", seconds=5))),
    "churn": (None, lambda t, s: only("cpu rate p50", t.probe(s, "churn"))),
    "idle": (None, idle),
    "a wait without load": (None, lambda t, s: only("longest", t.probe(
        s, "paced", "--interval-us", "500", seconds=4))),
    "shop with plain saves": (
        fill_shop("--saves", "plain"), lambda t, s: t.pages(s, "--parallel", "4", pages=3000)),
    "shop with Lua saves": (
        fill_shop("--saves", "lua"),
        lambda t, s: t.pages(s, "--parallel", "4", "--saves", "lua", pages=3000)),
    "clean 100k": (None, clean(lua=False)),
    "clean 100k with Lua": (None, clean(lua=True)),
    "flush 1M": (None, flush),
    "expire 100k": (None, expire),
    "64 MB of memory, LRU": (None, evict("allkeys-lru")),
    "64 MB of memory, LFU": (None, evict("allkeys-lfu")),
    "64 MB of memory, random": (None, evict("allkeys-random")),
    "string 20+32 B": (None, memory(KEYS, lambda i: encode("SET", "key:%016d" % i, "v" * 32))),
    "cache entry 1 KiB": (None, memory(200_000, cache_entry(1024))),
    "cache entry 40 B": (None, memory(400_000, cache_entry(40))),
    "session 1 KiB": (None, memory(200_000, session)),
    "tag member 36 B": (None, memory(400_000, tag_member)),
    "save and load": (fill_to_save, save_and_load),
    "BGSAVE of 1M keys": (million_keys, save_under_load),
    "start": (None, startup),
}
