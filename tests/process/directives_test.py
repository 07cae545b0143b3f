#!/usr/bin/python3
"""Directives against those of Redis 7.2: a configuration made for it starts this server too."""
import os
import tempfile
import unittest

from faults import EIO, DiskTest
from harness import REDUCED, Server

PARAMETERS = os.path.join(os.path.dirname(__file__), "..", "config", "parameters.txt")

# What CONFIG GET * shows here beside those of Redis.
OWN = {"backup-retention", "backup-schedule", "busy-poll-usec", "close-on-replica-write",
       "database-persist", "elasticache", "gather-usec", "io-uring", "protected-restart",
       "protected-restart-timeout", "replica-full-sync"}


def redis_parameters():
    with open(PARAMETERS) as file:
        return [line.strip() for line in file if not line.startswith("#")]


def parameters_of(server):
    pairs = [word.decode() for word in server.call("CONFIG", "GET", "*")]
    return dict(zip(pairs[::2], pairs[1::2]))


class Parameters(unittest.TestCase):
    def test_config_get_shows_those_of_redis(self):
        with Server() as server:
            shown = set(parameters_of(server))
        self.assertEqual(set(redis_parameters()) - shown, set())
        self.assertEqual(shown - set(redis_parameters()), OWN)

    def test_a_file_that_names_every_one_of_redis_starts_it(self):
        with Server() as server:
            values = parameters_of(server)
        values["replicaof"] = values["slaveof"] = "no one"  # of none there is no other line
        with tempfile.TemporaryDirectory() as folder:
            values["dir"] = folder
            path = os.path.join(folder, "redis.conf")
            with open(path, "w") as file:
                for name in redis_parameters():
                    file.write('%s "%s"\n' % (name, values.get(name, "")))
            with Server(path) as server:
                again = parameters_of(server)
        for name in redis_parameters():
            if name not in ("port", "replicaof", "slaveof"):
                self.assertEqual(again[name], values[name], name)


class Renamed(unittest.TestCase):
    def test_help_names_the_command_as_it_is_called(self):
        renamed = [["--rename-command", name, "x" + name] for name in ("config", "acl", "debug")]
        with Server(*sum(renamed, [])) as server:
            for name in ("xconfig", "xacl", "xdebug"):
                capitals = name.upper().encode()
                title = server.call(name, "HELP")[0]
                self.assertTrue(title.startswith(capitals + b" <subcommand> "), title)
                refusal = server.call(name, "nothing")
                self.assertTrue(refusal.endswith(b"Try " + capitals + b" HELP."), refusal)
            self.assertEqual(server.call("xacl", "CAT", "a", "b"),
                             b"-ERR unknown subcommand or wrong number of arguments for 'CAT'. "
                             b"Try XACL HELP.")


class Includes(unittest.TestCase):
    def test_a_password_in_the_folder_of_the_data(self):
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(os.path.join(folder, "data"))
            with open(os.path.join(folder, "data", "auth.conf"), "w") as file:
                file.write("requirepass secret\n")
            path = os.path.join(folder, "larder.conf")
            with open(path, "w") as file:
                file.write("dir %s/data\ninclude a*.conf\n" % folder)
            with Server(path) as server:
                self.assertEqual(server.call("PING"), b"-NOAUTH Authentication required.")


@unittest.skipIf(REDUCED, "a sanitizer's runtime wants to be loaded first")
class Unreadable(DiskTest):
    def test_a_file_that_can_not_be_read_is_not_written_anew(self):
        path = os.path.join(self.place.folder, "redis.conf")
        text = "# by hand\nmaxclients 100\n" + "# by hand\n" * 1000
        with open(path, "w") as file:
            file.write(text)
        with Server(path, environment=self.disk.environment) as server:
            self.disk.fail("read", EIO, "redis.conf")
            self.assertEqual(server.call("CONFIG", "REWRITE"),
                             b"-ERR Rewriting config file: Input/output error")
            self.disk.work()
            with open(path) as file:
                self.assertEqual(file.read(), text)
            self.assertEqual(server.call("CONFIG", "REWRITE"), b"OK")


if __name__ == "__main__":
    unittest.main()
