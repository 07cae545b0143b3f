#!/usr/bin/python3
"""Users that change while something of theirs runs: a script and a transaction run whole, and who
subscribes meanwhile hears nothing that he may not."""
import select
import unittest

from harness import REDUCED, Server, encode, wait_until

WRITES = 5_000 if REDUCED else 50_000
TAGS = "for i = 1, %d do redis.call('SADD', 'a', i) end " % WRITES + \
       "for i = 1, %d do redis.call('SADD', 'b', i) end return 'whole'" % WRITES


class UserChanges(unittest.TestCase):
    def user(self, server, *rules):
        self.assertEqual(server.call("ACL", "SETUSER", "shop", "on", "nopass", "~*", "+@all",
                                     *rules), b"OK")
        wire = server.wire()
        self.addCleanup(wire.socket.close)
        self.assertEqual(wire.call("AUTH", "shop", "any"), b"OK")
        return wire

    def test_a_script_runs_as_who_began_it(self):
        with Server() as server, server.wire() as admin:
            shop = self.user(server)
            for _ in range(5):
                shop.send(encode("EVAL", TAGS, 0))
                wait_until(lambda: b"-BUSY" == admin.call("FUNCTION", "STATS")[:5] or
                           select.select([shop.socket], [], [], 0)[0], "a script that runs")
                admin.call("ACL", "SETUSER", "shop", "-sadd")
                self.assertEqual(shop.reply(), b"whole")
                self.assertEqual(shop.call("SADD", "a", 1)[:7], b"-NOPERM")
                admin.call("ACL", "SETUSER", "shop", "+sadd")
            self.assertEqual(shop.call("SCARD", "b"), WRITES)

    def test_who_removes_himself_in_a_transaction_finishes_it(self):
        with Server() as server:
            shop = self.user(server)
            for words in (("MULTI",), ("INCR", "x"), ("ACL", "DELUSER", "shop"), ("INCR", "y")):
                shop.call(*words)
            self.assertEqual(shop.call("EXEC"), [1, 1, 1])
            self.assertEqual(shop.rest(), b"")  # and is let go
            self.assertEqual(server.call("MGET", "x", "y"), [b"1", b"1"])

    def test_who_changes_himself_in_a_transaction_is_changed_at_once(self):
        with Server() as server:
            shop = self.user(server)
            for words in (("MULTI",), ("ACL", "SETUSER", "shop", "-incr"), ("INCR", "x")):
                shop.call(*words)
            self.assertEqual(shop.call("EXEC")[1][:7], b"-NOPERM")
            self.assertIsNone(server.call("GET", "x"))

    # The transaction stands still between the check of its SUBSCRIBE and that itself until the
    # channel is taken away: as if it were another loop that happens to be slow there.
    def test_who_loses_a_channel_while_he_subscribes_is_let_go(self):
        wait = "repeat until redis.call('PUBSUB', 'NUMSUB', 'taken')[2] == 1"
        for subscribe, name in (("SUBSCRIBE", "secret"), ("PSUBSCRIBE", "secret*")):
            with self.subTest(subscribe), Server("--busy-reply-threshold", 1_000_000) as server, \
                    server.wire() as begun, server.wire() as taken:
                shop = self.user(server, "allchannels")
                begun.call("SUBSCRIBE", "begun")
                for words in (("MULTI",), ("PUBLISH", "begun", ""), ("EVAL", wait, 0),
                              (subscribe, name)):
                    shop.call(*words)
                shop.send(encode("EXEC"))
                begun.reply()
                server.call("ACL", "SETUSER", "shop", "resetchannels")
                taken.call("SUBSCRIBE", "taken")
                shop.rest()  # is let go
                wait_until(lambda: server.call("PUBLISH", "secret", "") == 0, "no listener")


if __name__ == "__main__":
    unittest.main()
