#!/usr/bin/env python3
"""Measures pairs of a primary and a replica, one pair after the other in every round.

    replication.py --server 'redis=redis-server --port {port} --dir {dir} --save ""' \\
                   --server 'larder=build/larder-server --port {port} --dir {dir}' [--rounds 3]

  link cost     CPU of the primary for each write with a replica that only drains, against without:
                one connection's pipeline of 1 (fifty connections) and of 64
  apply         CPU of a replica for each write it applies, against the primary's for that write
  lag           from the primary's reply to the replica's subscriber, at 50,000 writes a second
  full sync     megabytes of snapshot a second, from REPLICAOF to the link that is up
  wait          WAIT 1 after a write on an idle pair, in round trips of PING

Needs redis-benchmark. Values are medians of the rounds; ratios are what to compare.
"""
import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from comparison.server import Server, encode  # noqa: E402

WRITES = 400_000
KEYS = 100_000
LINKED_IN_TURN = (False, True, True, False) * 2  # as a machine gets faster or slower meanwhile
RATE = 50_000  # writes a second, in bursts of
BURST = 500
LAG_S = 6
SYNC_KEYS = 300_000
DEADLINE_S = 60


class Wire:
    """A blocking connection; replies are read just far enough to be told apart."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), DEADLINE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")

    def call(self, *words):
        self.socket.sendall(encode(*words))
        return self.reply()

    def reply(self):
        line = self.file.readline().rstrip(b"\r\n")
        if line[:1] == b"$" and line != b"$-1":
            return self.file.read(int(line[1:]) + 2)[:-2]
        if line[:1] == b"*":
            return [self.reply() for _ in range(int(line[1:]))]
        return line

    def info(self, section, field):
        for line in self.call("INFO", section).decode().splitlines():
            if line.startswith(field + ":"):
                return line.split(":", 1)[1]
        return ""


def until(condition, what):
    end = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > end:
            raise SystemExit("never happened: " + what)
        time.sleep(0.01)


class Node(Server):
    """A started server, with a connection for questions."""

    def __init__(self, command, port, folder, role):
        super().__init__(role, command, port, folder)
        self.start()
        self.wire = Wire(port)
        self.wire.call("CONFIG", "SET", "repl-diskless-sync-delay", 0)

    def follow(self, primary):
        self.wire.call("REPLICAOF", "127.0.0.1", primary.port)
        self.wait_for_link()

    def wait_for_link(self):
        until(lambda: self.wire.info("replication", "master_link_status") == "up", "the link")

    def offset(self):
        return int(self.wire.info("replication", "master_repl_offset") or 0)


class Drain:
    """A replica that reads everything and does nothing with it."""

    def __init__(self, primary):
        self.wire = Wire(primary.port)
        self.wire.call("REPLCONF", "capa", "eof", "capa", "psync2")
        self.wire.socket.sendall(encode("PSYNC", "?", "-1"))
        self.closing = False
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        until(lambda: "state=online" in primary.wire.info("replication", "slave0"), "the drain")

    def run(self):
        sock = self.wire.socket
        sock.settimeout(0.3)
        asked = 0
        while not self.closing:
            try:
                if not sock.recv(1 << 20):
                    return
            except socket.timeout:
                pass
            if time.monotonic() - asked > 0.5:  # what makes a primary call it online
                asked = time.monotonic()
                sock.sendall(encode("REPLCONF", "ACK", 0))

    def close(self):
        self.closing = True
        self.thread.join()
        self.wire.socket.close()


def write(primary, pipeline, count=WRITES):
    """CPU microseconds of the primary for each of so many SETs."""
    before = primary.cpu_seconds()
    subprocess.run(["redis-benchmark", "-p", str(primary.port), "-t", "set", "-n", str(count),
                    "-r", str(KEYS), "-d", "64", "-P", str(pipeline), "-c", "50", "-q"],
                   stdout=subprocess.DEVNULL, check=True)
    return (primary.cpu_seconds() - before) * 1e6 / count


def link_cost(pair, results):
    primary = pair.start("primary")
    write(primary, 64)  # the keys
    for pipeline, count in ((1, WRITES // 8), (64, WRITES)):
        costs = {False: [], True: []}
        for linked in LINKED_IN_TURN:
            drain = Drain(primary) if linked else None
            costs[linked].append(write(primary, pipeline, count))
            if drain:
                drain.close()
        ratio = statistics.median(costs[True]) / statistics.median(costs[False])
        results["link cost P%d" % pipeline].append(ratio)
    pair.stop()


def apply(pair, results):
    primary, replica = pair.start("primary"), pair.start("replica")
    replica.follow(primary)
    for pipeline in (1, 64):
        count = WRITES if pipeline > 1 else WRITES // 4
        before = replica.cpu_seconds()
        written = write(primary, pipeline, count)
        until(lambda: replica.offset() >= primary.offset(), "the end of the stream")
        applied = (replica.cpu_seconds() - before) * 1e6 / count
        results["apply P%d" % pipeline].append(applied / written)
    pair.stop()


def lag(pair, results):
    primary, replica = pair.start("primary"), pair.start("replica")
    replica.follow(primary)
    subscriber = Wire(replica.port)
    subscriber.call("SUBSCRIBE", "lag")
    sent, lags = {}, []

    def listen():
        while True:
            message = subscriber.reply()
            arrived = time.perf_counter()
            if message[2] == b"end":
                return
            lags.append((arrived, int(message[2])))

    thread = threading.Thread(target=listen)
    thread.start()
    bursts = [b"".join(encode("SET", "key:%d" % ((i * BURST + j) % KEYS), "v" * 64)
                       for j in range(BURST)) for i in range(KEYS // BURST)]
    wire, begin = Wire(primary.port), time.monotonic()
    for i in range(LAG_S * RATE // BURST):
        wire.socket.sendall(bursts[i % len(bursts)] + encode("PUBLISH", "lag", i))
        for _ in range(BURST + 1):
            wire.file.readline()
        sent[i] = time.perf_counter()
        time.sleep(max(0, begin + (i + 1) * BURST / RATE - time.monotonic()))
    wire.call("PUBLISH", "lag", "end")
    thread.join()
    ms = sorted(max(0, arrived - sent[i]) * 1e3 for arrived, i in lags)
    results["lag p50 ms"].append(ms[len(ms) // 2])
    results["lag p99 ms"].append(ms[len(ms) * 99 // 100])
    pair.stop()


def full_sync(pair, results):
    primary, replica = pair.start("primary"), pair.start("replica")
    wire, value = Wire(primary.port), os.urandom(200).hex()
    for begin in range(0, SYNC_KEYS, 1000):
        wire.socket.sendall(b"".join(encode("HSET", "zc:%d" % i, "d", value[i % 99:] + str(i),
                                            "m", i) for i in range(begin, begin + 1000)))
        for _ in range(1000):
            wire.file.readline()
    primary.wire.call("SAVE")
    size = os.path.getsize(os.path.join(pair.folder, "primary", "dump.rdb"))
    begin = time.monotonic()
    replica.follow(primary)
    results["full sync MB/s"].append(size / 1e6 / (time.monotonic() - begin))
    pair.stop()


def wait(pair, results):
    primary, replica = pair.start("primary"), pair.start("replica")
    replica.follow(primary)
    pings, waits = [], []
    for i in range(300):
        begin = time.perf_counter()
        primary.wire.call("PING")
        pings.append(time.perf_counter() - begin)
        primary.wire.call("SET", "k", i)
        begin = time.perf_counter()
        assert primary.wire.call("WAIT", 1, 1000) == b":1"
        waits.append(time.perf_counter() - begin)
    results["WAIT, in PINGs"].append(statistics.median(waits) / statistics.median(pings))
    pair.stop()


class Pair:
    """The servers of one kind, started for each measurement."""

    def __init__(self, name, command, port):
        self.name, self.command, self.port = name, command, port
        self.servers, self.temporary = [], None

    def start(self, role):
        if not self.servers:
            self.temporary = tempfile.TemporaryDirectory()
            self.folder = self.temporary.name
        server = Node(self.command, self.port + len(self.servers), self.folder, role)
        self.servers.append(server)
        return server

    def stop(self):
        for server in self.servers:
            server.stop()
        if self.temporary:
            self.temporary.cleanup()
        self.servers = []


class Results(dict):
    def __missing__(self, key):
        return self.setdefault(key, [])


MEASUREMENTS = {"link": link_cost, "apply": apply, "lag": lag, "sync": full_sync, "wait": wait}


def main():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--server", action="append", required=True, metavar="NAME=COMMAND")
    options.add_argument("--only", default=",".join(MEASUREMENTS))
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--port", type=int, default=7400)
    given = options.parse_args()
    pairs = [Pair(*text.split("=", 1), given.port + 10 * i) for i, text in enumerate(given.server)]
    results = {pair.name: Results() for pair in pairs}
    try:
        for number in range(given.rounds):
            for only in given.only.split(","):
                for pair in pairs if number % 2 == 0 else pairs[::-1]:
                    MEASUREMENTS[only](pair, results[pair.name])
    finally:
        for pair in pairs:
            pair.stop()
    print("| measured | " + " | ".join(results) + " |")
    print("|---|" + "---|" * len(results))
    for key in next(iter(results.values())):
        values = [statistics.median(found[key]) for found in results.values()]
        print("| %s | %s |" % (key, " | ".join("%.2f" % value for value in values)))


if __name__ == "__main__":
    main()
