#!/usr/bin/python3
"""A long script on one network thread: others go on being answered, and are told BUSY in time."""
import time
import unittest

from harness import SANITIZED, ServerTest, encode, wait_until

LOOP = ("local e = redis.call('TIME')[1] + ARGV[1] "
        "repeat until redis.call('TIME')[1] + 0 >= e + 0 return 7")
SPIN = "while true do end"
BUSY = (b"-BUSY Redis is busy running a script. "
        b"You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")


class LongScript(ServerTest):
    options = ("--io-threads", "1", "--busy-reply-threshold", "500")

    def start(self, script, *arguments):
        wire = self.server.wire()
        self.addCleanup(wire.socket.close)
        wire.send(encode("EVAL", script, 0, *arguments))
        return wire

    def test_ping_stays_fast_and_then_says_busy(self):
        with self.server.wire() as other:
            other.call("PING")
            running = self.start(SPIN)
            took, replies = [], set()
            end = time.monotonic() + 2
            while time.monotonic() < end:
                begin = time.monotonic()
                replies.add(other.call("PING"))
                took.append(time.monotonic() - begin)
                time.sleep(0.001)
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            self.assertIn(b"Script killed by user with SCRIPT KILL", running.reply())
            self.assertIn(BUSY, replies)
            took.sort()
            p99 = took[len(took) * 99 // 100]
            print("PING beside a script: median %.2f ms, 99 %% %.2f ms" %
                  (took[len(took) // 2] * 1000, p99 * 1000))
            if not SANITIZED:
                self.assertLess(p99, 0.02)
            wait_until(lambda: other.call("PING") == b"PONG", "the end of the killed script")

    def test_a_command_that_waited_is_told_busy_too(self):
        with self.server.wire() as other:
            other.call("PING")
            self.start(SPIN)
            time.sleep(0.1)
            self.assertEqual(other.call("SET", "k", "v"), BUSY)
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            wait_until(lambda: other.call("SET", "k", "v") == b"OK", "the end of the killed script")

    def test_a_script_that_wrote_is_not_killed(self):
        with self.server.wire() as other:
            other.call("PING")
            running = self.start("redis.call('SET', 'k', 'v') " + LOOP, 2)
            time.sleep(0.7)
            self.assertTrue(other.call("SCRIPT", "KILL").startswith(b"-UNKILLABLE "))
            self.assertEqual(running.reply(), 7)
            self.assertEqual(other.call("GET", "k"), b"v")

    def test_commands_that_waited_for_a_short_script_run_after_it(self):
        with self.server.wire() as other:
            other.call("CONFIG", "SET", "busy-reply-threshold", "5000")
            running = self.start(LOOP, 1)
            time.sleep(0.05)
            self.assertEqual(other.call("INCR", "n"), 1)
            self.assertEqual(running.reply(), 7)


if __name__ == "__main__":
    unittest.main()
