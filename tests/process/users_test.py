#!/usr/bin/python3
"""Users from the configuration and from an ACL file, and back into them."""
import os
import re
import subprocess
import tempfile
import unittest

import harness
from harness import Server, wait_for_end, wait_until

NOPERM = b"-NOPERM this user has no permissions to run the 'flushdb' command"


class Users(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as stream:
            stream.write(text)
        return path

    def read(self, path):
        with open(path) as stream:
            return stream.read()

    def fails(self, *options):
        """What the server says when it does not start."""
        done = subprocess.run([harness.SERVER, *options, "--port", str(harness.free_port())],
                              capture_output=True, text=True, timeout=harness.DEADLINE_S)
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_users_of_the_configuration(self):
        with Server("--user", "default", "on", "nopass", "~*", "+@all", "-flushdb",
                    "--user", "alice on >secret +@all") as server:
            self.assertEqual(server.call("FLUSHDB"), NOPERM)
            self.assertEqual(server.call("AUTH", "alice", "secret"), b"OK")
            self.assertEqual(server.call("ACL", "USERS"), [b"alice", b"default"])

    def test_a_user_is_defined_once(self):
        self.assertIn("Duplicate user found", self.fails("--user", "foo", "--user", "foo"))
        self.assertIn("Duplicate user found", self.fails("--user", "default", "--user", "default"))
        self.assertIn("Unknown command", self.fails("--user", "foo", "+nothing"))

    def test_config_rewrite_writes_the_users(self):
        path = self.write("larder.conf", "# kept\nuser alice on nopass +get\nmaxclients 100\n"
                          "user bob off\nbind 127.0.0.1\nport 0\nunixsocket %s/s\n" % self.folder)
        socket = os.path.join(self.folder, "s")

        def start():
            process = subprocess.Popen([harness.SERVER, path], cwd=self.folder,
                                       stdout=subprocess.DEVNULL)
            self.addCleanup(process.kill)
            wait_until(lambda: harness.accepts(socket), "the socket")
            return process

        process = start()
        with harness.Wire(socket) as wire:
            self.assertEqual(wire.call("ACL", "DELUSER", "bob"), 1)
            self.assertEqual(wire.call("ACL", "SETUSER", "carl", "on", ">x y", "(+get", "~a)"),
                             b"OK")
            quoted = '("~a\\"b" "~c)" +get)'
            self.assertEqual(wire.call("ACL", "SETUSER", "dora", quoted), b"OK")
            self.assertEqual(wire.call("ACL", "SETUSER", "default", "-flushdb"), b"OK")
            self.assertEqual(wire.call("CONFIG", "REWRITE"), b"OK")
            before = wire.call("ACL", "LIST")
        process.terminate()
        self.assertEqual(wait_for_end(process), 0)
        text = self.read(path)
        self.assertTrue(text.startswith("# kept\nuser alice on nopass resetchannels -@all +get\n"))
        self.assertEqual(len(re.findall("^user ", text, re.M)), 4)
        process = start()
        with harness.Wire(socket) as wire:
            # Who comes from the file has begun with "reset", if he is the default user.
            after = [line.replace(b" sanitize-payload", b"") for line in wire.call("ACL", "LIST")]
            self.assertEqual(after, before)
            self.assertEqual(wire.call("AUTH", "carl", "x y"), b"OK")
        process.terminate()
        self.assertEqual(wait_for_end(process), 0)

    def test_acl_file(self):
        path = self.write("users.acl", "user alice on nopass ~* +@all\n\nuser bob on >x +get\n")
        names = [b"alice", b"bob", b"carl", b"default"]
        with Server("--aclfile", path) as server:
            with server.wire() as alice, server.wire() as other:
                self.assertEqual(alice.call("AUTH", "alice", ""), b"OK")
                self.assertEqual(alice.call("ACL", "SETUSER", "carl", "on", "+@set"), b"OK")
                self.assertEqual(alice.call("ACL", "SAVE"), b"OK")
                self.assertEqual(alice.call("ACL", "SETUSER", "dora"), b"OK")
                self.assertEqual(alice.call("ACL", "LOAD"), b"OK")
                self.assertEqual(alice.rest(), b"", "those who are replaced are cut off")
                self.assertEqual(other.call("ACL", "USERS"), names)
                self.write("users.acl", "user alice on\nuser alice off\nuser eve +nothing\nwhat\n")
                self.assertEqual(
                    other.call("ACL", "LOAD").decode(),
                    "-ERR WARNING: Duplicate user 'alice' found on line 2. "
                    "%s:3: Error in applying operation '+nothing': Unknown command or category "
                    "name in ACL. %s:4 should start with user keyword followed by the username. "
                    "WARNING: ACL errors detected, no change to the previously active ACL rules "
                    "was performed" % (path, path))
                self.assertEqual(other.call("ACL", "USERS"), names)
        self.assertIn("Duplicate user 'alice'", self.fails("--aclfile", path))
        self.assertIn("not both", self.fails("--aclfile", path, "--user", "x on"))
        self.assertIn("opening file", self.fails("--aclfile", path + ".not"))

    def test_a_refused_requirepass_leaves_the_passwords_of_acl_setuser(self):
        with Server() as other, Server() as server, server.wire() as wire:
            wire.call("ACL", "SETUSER", "default", ">one", ">two")
            refusal = wire.call("CONFIG", "SET", "requirepass", "zzz", "port", other.port)
            self.assertIn(b"Unable to listen on this port", refusal)
            self.assertEqual(server.call("SET", "k", "v"), b"-NOAUTH Authentication required.")
            self.assertTrue(wire.call("AUTH", "zzz").startswith(b"-WRONGPASS"))
            for password in ("one", "two"):
                self.assertEqual(wire.call("AUTH", password), b"OK")

    def test_a_password_of_the_default_user(self):
        with Server("--requirepass", "secret") as server:
            with server.wire() as wire:
                self.assertEqual(wire.call("PING"), b"-NOAUTH Authentication required.")
                self.assertEqual(wire.call("AUTH", "secret"), b"OK")
                self.assertEqual(wire.call("ACL", "SETUSER", "default", ">second"), b"OK")
                self.assertEqual(wire.call("AUTH", "second"), b"OK")
                self.assertEqual(wire.call("CONFIG", "SET", "requirepass", "third"), b"OK")
                self.assertEqual(wire.call("PING"), b"PONG")
                self.assertTrue(wire.call("AUTH", "secret").startswith(b"-WRONGPASS"))
                self.assertEqual(wire.call("AUTH", "default", "third"), b"OK")
                self.assertEqual(wire.call("SLOWLOG", "RESET"), b"OK")
                self.assertEqual(wire.call("CONFIG", "SET", "slowlog-log-slower-than", "0"), b"OK")
                wire.call("ACL", "SETUSER", "alice", ">hidden")
                wire.call("AUTH", "alice", "hidden")
                self.assertNotIn(b"hidden", repr(wire.call("SLOWLOG", "GET")).encode())


if __name__ == "__main__":
    unittest.main()
