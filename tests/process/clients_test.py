#!/usr/bin/python3
"""Client libraries, unmodified, as applications use them: phpredis, ioredis, node-redis. What they
do is in the folder clients; each program prints a line for each part that held."""
import os
import shutil
import subprocess
import unittest

from harness import ServerTest, fetch

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
PACKAGES = "ioredis@5 redis@5"


class Clients(ServerTest):
    def play(self, *command):
        """Runs a program; the parts that held."""
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True,
                              timeout=120)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout.splitlines()

    def test_phpredis(self):
        held = self.play("php", os.path.join(CLIENTS, "phpredis.php"), self.server.port)
        self.assertIn("streams", held)
        self.assertEqual(held[-1], "the server")

    def node(self, program, *words):
        for needed in ("node", "npm"):
            if shutil.which(needed) is None:
                self.skipTest("no " + needed)
        install = ("npm install --no-audit --no-fund --no-save --fetch-retries 1 "
                   "--fetch-retry-mintimeout 1000 --fetch-timeout 30000 --prefix . " + PACKAGES)
        folder = fetch("node", install, "node_modules/redis")
        return self.play("node", os.path.join(CLIENTS, program), folder, self.server.port, *words)

    def test_ioredis(self):
        self.assertEqual(self.node("ioredis.js")[-1], "queue")

    def test_node_redis(self):
        self.assertEqual(self.node("node_redis.js", 2)[-1], "streams")

    def test_node_redis_in_resp3(self):
        self.assertEqual(self.node("node_redis.js", 3)[-1], "streams")


if __name__ == "__main__":
    unittest.main()
