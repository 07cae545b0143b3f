#!/usr/bin/python3
"""What goes into the image, without an engine that builds it: the entrypoint's conventions, the
health check, the configuration, the packages. tests/docker builds it and runs the pair."""
import json
import os
import re
import stat
import subprocess
import tempfile
import unittest

from harness import REDUCED, SERVER, Server, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DOCKER = os.path.join(ROOT, "docker")
ALWAYS_THERE = {"libc6", "libgcc-s1", "gcc-12-base"}


class Entrypoint(unittest.TestCase):
    """Runs entrypoint.sh with programs that only print how they were called."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        for name in ("larder-server", "redis-sentinel", "redis-cli"):
            self.program(name, 'echo "${0##*/}" "$@"')

    def program(self, name, line):
        path = os.path.join(self.folder, name)
        with open(path, "w") as program:
            program.write("#!/bin/sh\n%s\n" % line)
        os.chmod(path, 0o755)

    def start(self, *words, first_config=""):
        environment = dict(os.environ, PATH=self.folder + ":" + os.environ["PATH"],
                           LARDER_ETC=DOCKER, LARDER_FIRST_CONFIG=first_config)
        return subprocess.run([os.path.join(DOCKER, "entrypoint.sh"), *words], cwd=self.folder,
                              env=environment, capture_output=True, text=True, timeout=30)

    def test_a_server_gets_the_images_configuration(self):
        expected = "larder-server %s/larder.conf" % DOCKER
        for words in (["larder-server"], ["redis-server"]):
            self.assertEqual(self.start(*words).stdout.strip(), expected)

    def test_options_alone_mean_the_server(self):
        expected = "larder-server %s/larder.conf --maxmemory 1gb" % DOCKER
        for words in ([], ["larder-server"], ["redis-server"]):
            self.assertEqual(self.start(*words, "--maxmemory", "1gb").stdout.strip(), expected)

    def test_a_file_of_ones_own_stays_as_it_is(self):
        own = os.path.join(self.folder, "own.conf")
        with open(own, "w") as file:
            file.write("maxmemory 1gb\n")
        self.assertEqual(self.start(own, "--port", "1").stdout.strip(),
                         "larder-server %s --port 1" % own)
        with open(own) as file:
            self.assertEqual(file.read(), "maxmemory 1gb\n")

    def test_a_file_that_is_missing_is_made_once(self):
        made = os.path.join(self.folder, "made.conf")
        for line in ("replicaof primary 6379", "replicaof other 6379"):
            self.start(made, first_config=line)
        with open(made) as file:
            text = file.read()
        self.assertIn("protected-mode no\n", text)
        self.assertTrue(text.endswith("replicaof primary 6379\n"), text)

    def test_what_is_made_is_nobody_elses(self):
        self.start("made.conf", first_config="requirepass secret")
        made = os.stat(os.path.join(self.folder, "made.conf"))
        self.assertEqual(stat.S_IMODE(made.st_mode), 0o600)

    def test_half_a_file_is_none(self):
        # As on a full disk: the next start must not take for the configuration what fitted.
        self.program("cat", 'head -c 10 "$1"; exit 1')
        before = os.listdir(self.folder)
        self.assertEqual(self.start("made.conf", first_config="requirepass secret").returncode, 1)
        self.assertCountEqual(os.listdir(self.folder), before)

    def test_a_question_to_the_program_is_passed_through(self):
        for program in ("larder-server", "redis-sentinel"):
            for word in ("--version", "-v", "--help", "-h"):
                self.assertEqual(self.start(program, word).stdout.strip(), program + " " + word)
        self.assertEqual(self.start("redis-server", "-v").stdout.strip(), "larder-server -v")

    def test_a_sentinel_gets_a_file_that_it_may_write(self):
        done = self.start("redis-sentinel", first_config="sentinel announce-ip sentinel-1")
        self.assertEqual(done.stdout.strip(), "redis-sentinel sentinel.conf")
        with open(os.path.join(self.folder, "sentinel.conf")) as file:
            self.assertIn("sentinel monitor shop primary 6379 2\n", file.read())

    def test_any_other_program_runs_as_it_is(self):
        self.assertEqual(self.start("redis-cli", "-h", "x").stdout.strip(), "redis-cli -h x")

    def test_a_folder_that_is_not_ours_is_named(self):
        done = self.start("/proc/larder.conf")
        self.assertEqual(done.returncode, 1)
        self.assertIn("/proc/larder.conf can't be written by user", done.stderr)

    def test_a_folder_that_is_not_there_is_named(self):
        done = self.start("/nowhere/larder.conf")
        self.assertEqual(done.returncode, 1)
        self.assertIn("there is no folder /nowhere for /nowhere/larder.conf", done.stderr)

    def test_the_health_check_asks_the_port_of_the_program(self):
        self.program("redis-cli", 'echo PONG; echo "$*" > asked')
        for words, port in (("larder-server /data/larder.conf", 6379),
                            ("/usr/local/bin/larder-server --masteruser sentinel", 6379),
                            ("docker-init -- larder-server --masteruser redis-sentinel", 6379),
                            ("redis-sentinel *:26379 [sentinel]", 26379),
                            ("docker-init -- entrypoint.sh redis-sentinel", 26379)):
            self.program("cat", "printf '%%s\\0' %s" % words.replace("*", r"\*"))
            environment = dict(os.environ, PATH=self.folder + ":" + os.environ["PATH"])
            environment.pop("LARDER_PORT", None)
            subprocess.run([os.path.join(DOCKER, "healthcheck.sh")], cwd=self.folder, check=True,
                           env=environment, timeout=30)
            with open(os.path.join(self.folder, "asked")) as asked:
                self.assertEqual(asked.read(), "-p %d PING\n" % port, words)


class Image(unittest.TestCase):
    def test_every_file_that_is_copied_exists(self):
        with open(os.path.join(DOCKER, "Dockerfile")) as dockerfile:
            copies = re.findall(r"^COPY (?!--from)(.*)$", dockerfile.read(), re.M)
        for words in copies:
            for name in words.split()[:-1]:
                self.assertTrue(os.path.exists(os.path.join(ROOT, name)), name)

    def test_the_server_starts_with_its_configuration(self):
        # The address is the test's own here; everything else is the file's.
        with Server(os.path.join(DOCKER, "larder.conf"), "--bind", "127.0.0.1") as up:
            self.assertEqual(up.call("CONFIG", "GET", "protected-mode")[1], b"no")
            self.healthy(up, 0)
            self.healthy(up, 0, REDISCLI_AUTH="of another server")
            up.call("CONFIG", "SET", "requirepass", "secret")
            self.healthy(up, 0)
            self.healthy(up, 0, REDISCLI_AUTH="secret")
            up.stop()
            self.healthy(up, 1)

    def test_whatever_it_answers_it_is_alive(self):
        with Server("--dbfilename", "folder") as up:
            up.call("ACL", "SETUSER", "default", "-ping")
            self.healthy(up, 0)
            up.call("ACL", "SETUSER", "default", "+ping")
            os.mkdir(os.path.join(up.folder, "folder"))
            up.call("CONFIG", "SET", "save", "3600 1")
            self.assertEqual(up.call("BGSAVE"), b"Background saving started")
            wait_until(lambda: up.call("PING").startswith(b"-MISCONF"), "a failed save")
            self.healthy(up, 0)
            with up.wire() as wire:
                wire.call("CONFIG", "SET", "maxclients", "1", "save", "")
                self.healthy(up, 0)

    def test_one_server_keeps_its_data(self):
        with open(os.path.join(DOCKER, "compose.yaml")) as file:
            options = re.search(r"command: (\[.*?\])", file.read(), re.S).group(1)
        with Server(*json.loads(options)) as up:
            up.call("SET", "key", "value")
            up.stop()
            self.assertTrue(os.path.exists(os.path.join(up.folder, "dump.rdb")))

    def healthy(self, server, status, **environment):
        done = subprocess.run([os.path.join(DOCKER, "healthcheck.sh")], timeout=30,
                              env=dict(os.environ, LARDER_PORT=str(server.port), **environment))
        self.assertEqual(done.returncode, status)

    @unittest.skipIf(REDUCED, "links the sanitizers' libraries too")
    def test_the_packages_bring_every_library_of_the_server(self):
        with open(os.path.join(ROOT, "server/packages.txt")) as packages:
            listed = set(re.findall(r"^[\w.+-]+", packages.read().split("[run]")[1], re.M))
        linked = subprocess.run(["ldd", SERVER], capture_output=True, text=True).stdout
        for path in re.findall(r"=> (/\S+)", linked):
            found = subprocess.run(["dpkg", "-S", os.path.realpath(path), path],
                                   capture_output=True, text=True).stdout
            owners = set(re.findall(r"^([\w.+-]+?)(?::\w+)?: ", found, re.M))
            self.assertTrue(owners & (listed | ALWAYS_THERE), "%s is of %s" % (path, owners))


if __name__ == "__main__":
    unittest.main()
