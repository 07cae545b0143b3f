#!/usr/bin/python3
"""Builds the image and runs docker/compose.ha.yaml with podman: a visitor of the shop, who finds
the primary through the Sentinels, goes on when it is killed, and the killed one, which is back at
once and without its data, becomes replica.

    pair_test.py [FOLDER]

Needs root, debootstrap, podman (with runc and podman-compose), php, and Debian's packages; says
what is missing and passes as skipped where they can not be had. FOLDER keeps the base system and
the images for the next time. Takes some ten minutes.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
COMPOSE = os.path.join(ROOT, "docker/compose.ha.yaml")
NODES = ("primary", "replica")
SENTINELS = ("sentinel-1", "sentinel-2", "sentinel-3")
NEEDED = ("debootstrap", "podman", "runc", "podman-compose", "php")
# Of a failover, with room for a busy machine, where Sentinels vote for themselves at one moment:
# the next vote is twice failover-timeout, 20 s, later.
MOST_S = 120


def skip(why):
    print("skipped: " + why)
    sys.exit(0)


class Engine:
    """podman with a storage of its own, inside what this process itself is allowed."""

    def __init__(self, folder):
        self.folder = folder
        config = os.path.join(folder, "containers.conf")
        limits = ['"nofile=1024:1024"', '"nproc=1024:1024"']  # no more than any machine allows
        with open(config, "w") as file:
            file.write('[containers]\ndefault_ulimits = [%s]\n' % ", ".join(limits) +
                       '[engine]\nruntime = "runc"\ncgroup_manager = "cgroupfs"\n'
                       'events_logger = "file"\n')
        storage = os.path.join(folder, "storage.conf")
        with open(storage, "w") as file:
            file.write('[storage]\ndriver = "overlay"\ngraphroot = "%s/images"\n'
                       'runroot = "%s/run"\n' % (folder, folder))
        self.environment = dict(os.environ, CONTAINERS_CONF=config, CONTAINERS_STORAGE_CONF=storage)

    def run(self, *words, check=True, **options):
        return subprocess.run(words, env=self.environment, check=check, text=True, **options)

    def output(self, *words, check=True):
        return self.run(*words, check=check, stdout=subprocess.PIPE).stdout.strip()

    def compose(self, *words, check=True):
        return self.run("podman-compose", "-f", COMPOSE, *words, check=check)

    def has(self, image):
        return self.run("podman", "image", "exists", image, check=False).returncode == 0

    def base(self):
        """A Debian of debootstrap as image "base"."""
        if self.has("base"):
            return
        root = os.path.join(self.folder, "base")
        if not os.path.exists(os.path.join(root, "etc/debian_version")):
            done = self.run("debootstrap", "--variant=minbase", "bookworm", root, check=False)
            if done.returncode:
                skip("debootstrap reaches no Debian")
        for name in os.listdir("/etc/apt/apt.conf.d"):  # how this machine reaches the packages
            if name.startswith("99"):
                shutil.copy(os.path.join("/etc/apt/apt.conf.d", name),
                            os.path.join(root, "etc/apt/apt.conf.d"))
        tar = subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE)
        self.run("podman", "import", "-", "base", stdin=tar.stdout)

    def build(self):
        self.run("podman", "build", "--network=host", "--build-arg", "DEBIAN=localhost/base",
                 "-f", os.path.join(ROOT, "docker/Dockerfile"), "-t", "larder", ROOT)

    def container(self, service):
        ids = self.output("podman", "ps", "-aq", "--filter",
                          "label=com.docker.compose.service=" + service).split()
        return ids[0] if ids else None

    def address(self, service):
        facts = json.loads(self.output("podman", "inspect", self.container(service)))[0]
        return next(iter(facts["NetworkSettings"]["Networks"].values()))["IPAddress"]

    def cli(self, service, *words):
        return self.output("podman", "exec", self.container(service), "redis-cli", *words,
                           check=False)


class Visitor:
    """visitor.php, and what it said last."""

    def __init__(self, engine, addresses):
        sentinels = ",".join(engine.address(name) + ":26379" for name in SENTINELS)
        self.process = subprocess.Popen(
            ["php", os.path.join(HERE, "visitor.php"), sentinels] +
            ["%s=%s" % pair for pair in addresses.items()],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def until(self, wanted, what):
        end = time.monotonic() + MOST_S
        for line in self.process.stdout:
            if wanted(line):
                return line.split()
            if time.monotonic() > end:
                break
        raise AssertionError("never happened: " + what)

    def close(self):
        self.process.stdin.close()
        self.process.kill()
        self.process.wait()


def wait_for(condition, what):
    end = time.monotonic() + MOST_S
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never happened: " + what)
        time.sleep(0.2)


def play(engine):
    addresses = {name: engine.address(name) for name in NODES}
    wait_for(lambda: "master_link_status:up" in engine.cli("replica", "INFO", "replication"),
             "the replica follows")
    for name in SENTINELS:
        wait_for(lambda: "slaves=1,sentinels=3" in engine.cli(name, "-p", "26379", "INFO"),
                 name + " knows the pair and the others")
    visitor = Visitor(engine, addresses)
    try:
        visitor.until(lambda line: line.startswith("ok 5 "), "five visits")
        engine.run("podman", "kill", "--signal", "KILL", engine.container("primary"))
        killed = time.monotonic()
        # Perhaps before the Sentinels notice: it must not pass for the primary that it was.
        engine.run("podman", "start", engine.container("primary"))
        new = addresses["replica"] + ":6379"
        count = visitor.until(lambda line: line.startswith("ok ") and line.split()[2] == new,
                              "a visit to the promoted replica")[1]
        print("the shop went on after %.1f s, at visit %s" % (time.monotonic() - killed, count))
        assert int(count) >= 5, "the session was lost"
        wait_for(lambda: all(word in engine.cli("primary", "INFO", "replication") for word in
                             ("role:slave", "master_link_status:up")), "it comes back as replica")
        visitor.until(lambda line: line.startswith("ok "), "a visit after its return")
    finally:
        visitor.close()


def main():
    missing = [name for name in NEEDED if not shutil.which(name)]
    if missing or os.geteuid() != 0:
        skip("needs " + (", ".join(missing) or "root"))
    folder = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else tempfile.mkdtemp()
    os.makedirs(folder, exist_ok=True)
    engine = Engine(folder)
    engine.base()
    probe = engine.run("podman", "run", "--rm", "base", "true", check=False)
    if probe.returncode:
        skip("podman runs no container here")
    engine.build()
    try:
        engine.compose("up", "-d")
        play(engine)
    except BaseException:
        for name in NODES + SENTINELS:
            if engine.container(name):
                print("== " + name, flush=True)
                engine.run("podman", "logs", "--tail", "40", engine.container(name), check=False)
        raise
    finally:
        engine.compose("down", "-v", check=False)
        if len(sys.argv) < 2:
            shutil.rmtree(folder, ignore_errors=True)
    print("passed")


if __name__ == "__main__":
    main()
