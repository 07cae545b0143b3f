#!/usr/bin/python3
"""Does what README.md says: its commands are run, its conversations compared. (Its C++ is compiled
and run by tests/CMakeLists.txt.)"""
import os
import re
import signal
import subprocess
import tempfile
import unittest

from harness import SERVER, Server, Wire, free_port, wait_until

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

with open(os.path.join(ROOT, "README.md")) as readme:
    BLOCKS = re.findall(r"^```bash\n(.*?)^```", readme.read(), re.M | re.S)


class Readme(unittest.TestCase):
    def test_the_two_commands_come_first(self):
        self.assertEqual(BLOCKS[0], "server/start.sh\n")
        self.assertEqual(BLOCKS[1], "tests/run.sh\n")
        self.assertTrue(os.access(os.path.join(ROOT, "tests/run.sh"), os.X_OK))

    def start(self, port, *arguments, answer=b"PONG"):
        """What server/start.sh says until its server, which answers PING so, is stopped."""
        # In the build under test, which is up to date: nothing is installed or built.
        environment = dict(os.environ, LARDER_BUILD=os.path.dirname(os.path.abspath(SERVER)))
        with subprocess.Popen([os.path.join(ROOT, "server/start.sh"), *arguments],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              env=environment, start_new_session=True) as start:
            try:
                wait_until(lambda: self._pings(port, answer), "a server of server/start.sh", 120)
            finally:
                os.killpg(start.pid, signal.SIGTERM)
            said = start.stdout.read()
        self.assertEqual(start.returncode, 0, said)
        return said

    def _pings(self, port, answer):
        try:
            with Wire(("127.0.0.1", port)) as wire:
                return wire.call("PING").startswith(answer)
        except OSError:
            return False

    def test_start_serves_and_says_so(self):
        port = free_port()
        said = self.start(port, "--port", str(port))
        self.assertIn("--cache-backend-redis-port=%d" % port, said)
        self.assertIn("--cache-backend-valkey-port=%d" % port, said)
        self.assertIn("'port' => '%d'" % port, said)
        self.assertNotIn("password", said)

    def test_start_reads_the_configuration_too(self):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "larder.conf")
            with open(path, "w") as file:
                file.write("port %d\nrequirepass hidden\nsave \"\"\n" % port)
            said = self.start(port, path, answer=b"-NOAUTH")
        self.assertIn("--session-save-redis-port=%d" % port, said)
        self.assertIn("--session-save-redis-password=PASSWORD", said)
        self.assertIn("'password' => 'PASSWORD'", said)
        self.assertNotIn("hidden", said)

    def test_start_takes_a_directive_in_one_word(self):
        port = free_port()
        said = self.start(port, "--port %d" % port, "--save", "")
        self.assertIn("--session-save-redis-port=%d" % port, said)

    def test_start_builds_no_other_tree(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(os.path.join(folder, "CMakeCache.txt"), "w") as cache:
                cache.write("CMAKE_HOME_DIRECTORY:INTERNAL=/where/it/came/from\n"
                            "CMAKE_CACHEFILE_DIR:INTERNAL=%s\n" % folder)
            # With CDPATH cd says where it goes, which is no part of a path.
            environment = dict(os.environ, LARDER_BUILD=folder, CDPATH=ROOT)
            start = subprocess.run(["server/start.sh", "--port", str(free_port())], cwd=ROOT,
                                   env=environment, capture_output=True, text=True, timeout=60)
        self.assertEqual(start.returncode, 1)
        self.assertIn("%s builds the sources in /where/it/came/from" % folder, start.stderr)
        self.assertIn("rm -r %s" % folder, start.stderr)

    def test_install_names_a_section_that_there_is_not(self):
        install = subprocess.run([os.path.join(ROOT, "server/install.sh"), "nosuch"],
                                 capture_output=True, text=True, timeout=60)
        self.assertEqual(install.returncode, 2)
        self.assertIn("no section [nosuch]", install.stderr)

    def test_start_names_a_taken_port(self):
        with Server() as server:
            command = [os.path.join(ROOT, "server/start.sh"), "--port", str(server.port)]
            start = subprocess.run(command, capture_output=True, text=True, timeout=60)
            self.assertEqual(start.returncode, 1)
            self.assertIn("listens on 127.0.0.1:%d already" % server.port, start.stderr)

    def test_magento_is_told_what_start_prints(self):
        said = subprocess.run([os.path.join(ROOT, "server/magento.sh")], capture_output=True,
                              text=True, timeout=60).stdout
        lines = [block for block in BLOCKS if block.startswith("bin/magento")]
        self.assertEqual(len(lines), 1)
        self.assertIn(lines[0], said)

    def test_conversations(self):
        conversations = [block for block in BLOCKS if block.startswith("$ ")]
        self.assertTrue(conversations)
        with Server() as server:
            for block in conversations:
                for command, said in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", block, re.M):
                    command = command.replace("redis-cli", "redis-cli -p %d" % server.port)
                    done = subprocess.run(command, shell=True, capture_output=True, text=True,
                                          timeout=60)
                    self.assertEqual(done.stdout.replace("\r", ""), said, command)


if __name__ == "__main__":
    unittest.main()
