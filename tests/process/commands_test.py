#!/usr/bin/python3
"""Commands that are not what their rows say: renamed ones, and those ElastiCache hides."""
import resource
import subprocess
import unittest

import harness
from harness import Server, wait_until

# Where the system allows as many files; elsewhere maxclients is reduced.
MOST_FILES = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
PLENTY = [("maxclients", "65000")] if MOST_FILES > 66000 else []


def unknown(name, *arguments):
    words = "".join("'%s' " % word for word in arguments)
    return ("-ERR unknown command '%s', with args beginning with: %s" % (name, words)).encode()


class Renamed(unittest.TestCase):
    options = ("--rename-command", "FLUSHALL", "", "--rename-command", "CONFIG", "secret-config",
               "--rename-command", "get", "fetch")

    def test_the_new_name_is_the_only_one(self):
        with Server(*self.options) as server:
            with server.wire() as wire:
                self.assertEqual(wire.call("FLUSHALL"), unknown("FLUSHALL"))
                self.assertEqual(wire.call("CONFIG", "GET", "x"), unknown("CONFIG", "GET", "x"))
                self.assertEqual(wire.call("secret-config", "GET", "maxmemory"),
                                 [b"maxmemory", b"0"])
                self.assertEqual(wire.call("SECRET-CONFIG", "NOTHING"),
                                 b"-ERR unknown subcommand 'NOTHING'. Try SECRET-CONFIG HELP.")
                self.assertEqual(wire.call("SET", "k", "v"), b"OK")
                self.assertEqual(wire.call("FETCH", "k"), b"v")
                self.assertEqual(wire.call("EVAL", "return redis.call('fetch', 'k')", 0), b"v")
                self.assertEqual(wire.call("COMMAND", "INFO", "get"), [None])
                self.assertEqual(wire.call("COMMAND", "INFO", "fetch")[0][0], b"get")

    def test_what_was_removed_is_listed_nowhere(self):
        # A renamed one is listed, under the name of its row; so it is in Redis.
        with Server() as whole, Server(*self.options) as server, server.wire() as wire:
            self.assertEqual(wire.call("COMMAND", "COUNT"), whole.call("COMMAND", "COUNT") - 1)
            listed = set(wire.call("COMMAND", "LIST"))
            self.assertEqual(set(whole.call("COMMAND", "LIST")) - listed, {b"flushall"})
            self.assertEqual(len(wire.call("COMMAND")), wire.call("COMMAND", "COUNT"))
            self.assertNotIn(b"flushall", [row[0] for row in wire.call("COMMAND")])
            documented = wire.call("COMMAND", "DOCS")[::2]
            self.assertNotIn(b"flushall", documented)
            self.assertIn(b"config", documented)
            filtered = ("COMMAND", "LIST", "FILTERBY")
            self.assertEqual(wire.call(*filtered, "PATTERN", "flush*"), [b"flushdb"])
            self.assertNotIn(b"flushall", wire.call(*filtered, "ACLCAT", "dangerous"))
            # Permissions are given to rows, whatever they are called.
            self.assertIn(b"flushall", wire.call("ACL", "CAT", "dangerous"))

    def test_permissions_name_the_command_as_it_was(self):
        with Server(*self.options) as server:
            with server.wire() as wire:
                self.assertEqual(wire.call("ACL", "SETUSER", "alice", "on", "nopass", "+get", "~*"),
                                 b"OK")
                self.assertIn(b"Unknown command", wire.call("ACL", "SETUSER", "alice", "+fetch"))
                self.assertEqual(wire.call("AUTH", "alice", ""), b"OK")
                self.assertIsNone(wire.call("FETCH", "k"))
                self.assertEqual(
                    wire.call("SET", "k", "v"),
                    b"-NOPERM this user has no permissions to run the 'set' command")

    def test_a_wrong_line_stops_the_start(self):
        for words, reason in ((("nothing", "x"), "No such command in rename-command"),
                              (("get", "set"), "Target command name already exists"),
                              (("get",), "wrong number of arguments")):
            done = subprocess.run([harness.SERVER, "--rename-command", *words, "--port", "0"],
                                  capture_output=True, text=True, timeout=harness.DEADLINE_S)
            self.assertEqual(done.returncode, 1)
            self.assertIn(reason, done.stderr)


def unknown_to_aws(name, *arguments):
    words = "".join("`%s`, " % word for word in arguments)
    return ("-ERR unknown command `%s`, with args beginning with: %s" % (name, words)).encode()


class ElastiCache(unittest.TestCase):
    def test_hides_what_aws_keeps_to_itself(self):
        with Server("--elasticache", "yes") as server:
            with server.wire() as wire:
                self.assertEqual(wire.call("CONFIG", "GET", "*"),
                                 unknown_to_aws("CONFIG", "GET", "*"))
                for name in ("BGREWRITEAOF", "BGSAVE", "DEBUG", "MIGRATE", "REPLICAOF", "SAVE",
                             "SLAVEOF", "SHUTDOWN", "SYNC", "PSYNC", "nothing"):
                    self.assertEqual(wire.call(name), unknown_to_aws(name))
                self.assertEqual(wire.call("ACL", "WHOAMI"), b"default")
                self.assertEqual(wire.call("COMMAND", "INFO", "config"), [None])
                self.assertEqual(wire.call("COMMAND", "LIST", "FILTERBY", "PATTERN", "conf*"), [])

    def test_info_tells_nothing_of_the_machine(self):
        with Server("--elasticache", "yes") as server:
            for field, value in (("os", "Amazon ElastiCache"), ("executable", "-"),
                                 ("config_file", "-"), ("process_id", "1"),
                                 ("gcc_version", "0.0.0"), ("maxmemory_policy", "volatile-lru"),
                                 ("redis_git_sha1", "0"), ("redis_build_id", "0"),
                                 *PLENTY):
                self.assertEqual(server.info(field), value, field)

    def test_who_writes_to_a_replica_is_closed(self):
        with Server() as primary:
            with Server("--elasticache", "yes", "--replicaof",
                        "127.0.0.1 %d" % primary.port) as replica, replica.wire() as wire:
                wait_until(lambda: replica.info("master_link_status") == "up", "a link")
                wire.send(harness.encode("SET", "k", "v"))
                self.assertTrue(wire.rest().startswith(b"-READONLY "))

    def test_what_is_said_stands(self):
        with Server("--elasticache", "yes", "--maxclients", 100) as server:
            self.assertEqual(server.info("maxclients"), "100")


if __name__ == "__main__":
    unittest.main()
