#!/usr/bin/env python3
"""Plays the same loads on larder and on other servers, in alternating runs, and compares them.

    compare.py --build build \\
        --server 'redis=redis-server --port {port} --dir {dir} --unixsocket {unix} --save ""' \\
        --server 'larder=build/larder-server --port {port} --dir {dir} --unixsocket {unix}'

The first server is the base of every ratio. README.md says how to read the table.
"""
import argparse
import fnmatch
import json
import os
import signal
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from comparison import table  # noqa: E402
from comparison.server import Server  # noqa: E402
from comparison.workloads import WORKLOADS, Tools  # noqa: E402


def measure(name, servers, tools, rounds):
    """The results of each server, in rounds A B, B A, A B ...: {server name: [result]}"""
    prepare, run = WORKLOADS[name]
    for server in servers:
        server.restart()
        if prepare:
            prepare(tools, server)
    runs = {server.name: [] for server in servers}
    for i in range(rounds):
        for server in servers if i % 2 == 0 else servers[::-1]:
            runs[server.name].append(run(tools, server))
    return runs


def parse_options():
    options = argparse.ArgumentParser(description=__doc__,
                                      formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--server", action="append", required=True, metavar="NAME=COMMAND")
    options.add_argument("--build", default="build", help="where bench_magento and bench_probe are")
    options.add_argument("--only", default="*", help="workloads, as patterns with commas between")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--scale", type=float, default=1.0, help="of the length of every run")
    options.add_argument("--port", type=int, default=7300, help="the first server's; then counting")
    options.add_argument("--json", help="the rows, for other programs")
    return options.parse_args()


def main():
    given = parse_options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    patterns = given.only.split(",")
    chosen = [w for w in WORKLOADS if any(fnmatch.fnmatchcase(w, p) for p in patterns)]
    if not chosen:
        sys.exit("workloads are: " + ", ".join('"%s"' % name for name in WORKLOADS))
    tools = Tools(given.build, given.scale)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        servers = [Server(*text.split("=", 1), given.port + i, folder)
                   for i, text in enumerate(given.server)]
        try:
            print(table.HEADING, flush=True)
            for name in chosen:
                for row in table.rows(name, measure(name, servers, tools, given.rounds)):
                    found.append(row)
                    print(table.line(row), flush=True)
        finally:
            for server in servers:
                server.stop()
    if given.json:
        with open(given.json, "w") as file:
            json.dump(found, file, indent=1)
    verdicts = [row["verdict"] for row in found if row["verdict"]]
    print("%d of %d musts fall short" % (verdicts.count("short"), len(verdicts)))


if __name__ == "__main__":
    main()
