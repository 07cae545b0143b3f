#!/usr/bin/env python3
"""Starts a server and plays a Magento shop against it (see play.php), then proves that the play
notices a server that lies.

    run.py SERVER [--io-threads N] [--seed N] [--against REDIS_SERVER]

With --against, the same play runs on a second server, and both data sets must be the same.
"""
import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
LIMIT_S = 120  # of one play; it takes a few seconds
# What a server might do wrong, the play that must notice, and a word of what it must say.
LIES = [("value", "cache", "load"), ("clean", "cache", "key zc:"), ("lock", "crowd", "held twice"),
        ("lost-update", "crowd", "updates in data"), ("count", "symfony", "index of")]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server in a folder of its own."""

    def __init__(self, path, *options):
        self.port = free_port()
        self.folder = tempfile.TemporaryDirectory()
        self.log = open(os.path.join(self.folder.name, "log"), "w+b")
        command = [path, "--port", str(self.port), "--dir", self.folder.name, "--save", ""]
        self.process = subprocess.Popen(command + list(options), stdout=self.log, stderr=self.log)

    def __enter__(self):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                time.sleep(0.01)
        self.show_log()
        sys.exit("the server does not accept connections")

    def __exit__(self, *_):
        if self.process.poll() is not None:
            self.show_log()
            sys.exit("the server ended with %d in the middle of the play" % self.process.returncode)
        self.process.terminate()
        self.process.wait(10)
        self.log.close()
        self.folder.cleanup()

    def show_log(self):
        self.log.seek(0)
        sys.stdout.write(self.log.read().decode(errors="replace")[-4000:])

    def play(self, *options):
        command = ["php", os.path.join(HERE, "play.php"), "--port", str(self.port), *options]
        return subprocess.run(command, timeout=LIMIT_S, stdout=subprocess.PIPE, text=True)


def noticed(server, seed):
    """Whether every lie makes the play fail, for the right reason."""
    good = True
    for lie, play, word in LIES:
        done = server.play("--seed", seed, "--client", "phpredis", "--only", play, "--lie", lie)
        found = done.returncode == 1 and any(
            line.startswith("FAILED") and word in line for line in done.stdout.splitlines())
        print("lie %-12s %s" % (lie, "noticed" if found else "NOT NOTICED\n" + done.stdout[-1000:]))
        good = good and found
    return good


def differences(first, second):
    """The keys that two dumps do not agree on."""
    left, right = (json.load(open(path)) for path in (first, second))
    return ["%s: %s: %s or %s" % (play, key, left[play].get(key), right[play].get(key))
            for play in left for key in sorted(left[play].keys() | right[play].keys())
            if left[play].get(key) != right[play].get(key)]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("server")
    options.add_argument("--io-threads", default="1")
    options.add_argument("--seed", default="1")
    options.add_argument("--against")
    given = options.parse_args()
    with Server(given.server, "--io-threads", given.io_threads) as server:
        dump = os.path.join(server.folder.name, "dump")
        done = server.play("--seed", given.seed, "--dump", dump)
        print(done.stdout, end="")
        good = done.returncode == 0 and noticed(server, given.seed)
        if good and given.against:
            with Server(given.against) as other:
                done = other.play("--seed", given.seed, "--dump", dump + ".other")
                found = [done.stdout]
                if done.returncode == 0:
                    found = differences(dump, dump + ".other")
            print("%d differences to the other server" % len(found), *found[:20], sep="\n")
            good = not found
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
