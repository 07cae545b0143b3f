#!/usr/bin/python3
"""A long script on one network thread: others go on being answered, and are told BUSY in time; and
what a stop of the server does to it."""
import signal
import time
import unittest

from harness import (REDUCED, SERVER, Server, ServerTest, encode, redis_server, wait_for_end,
                     wait_until)

LOOP = ("local e = redis.call('TIME')[1] + ARGV[1] "
        "repeat until redis.call('TIME')[1] + 0 >= e + 0 return 7")
SPIN = "while true do end"
LIBRARY = """#!lua name=lib
redis.register_function('spin', function() while true do end end)
redis.register_function('write', function(keys, args)
  redis.call('SET', keys[1], 'v') %s
end)
""" % LOOP.replace("ARGV", "args")
BUSY = (b"-BUSY Redis is busy running a script. "
        b"You can only call SCRIPT KILL or SHUTDOWN NOSAVE.")
BUSY_FUNCTION = BUSY.replace(b"SCRIPT KILL", b"FUNCTION KILL")


def running_script(server, text, *arguments):
    """Sends a script; returns its connection when it runs."""
    wire = server.wire()
    text = "redis.log(redis.LOG_NOTICE, 'the script runs') " + text
    wire.send(encode("EVAL", text, 0, *arguments))
    server.await_log("the script runs")
    return wire


class LongScript(ServerTest):
    options = ("--io-threads", "1", "--busy-reply-threshold", "500")

    def start(self, script, *arguments):
        wire = running_script(self.server, script, *arguments)
        self.addCleanup(wire.socket.close)
        return wire

    def send(self, *words):
        wire = self.server.wire()
        self.addCleanup(wire.socket.close)
        wire.send(encode(*words))
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
            if not REDUCED:
                self.assertLess(p99, 0.02)
            wait_until(lambda: other.call("PING") == b"PONG", "the end of the killed script")

    def test_what_touches_no_key_is_answered(self):
        with self.server.wire() as other:
            other.call("PING")
            self.start(SPIN)
            wait_until(lambda: other.call("PING") == BUSY, "BUSY")
            self.assertEqual(other.call("DISCARD"), b"-ERR DISCARD without MULTI")
            self.assertEqual(other.call("UNWATCH"), b"OK")
            self.assertEqual(other.call("RESET"), b"RESET")
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            wait_until(lambda: other.call("PING") == b"PONG", "the end of the killed script")

    def test_who_watches_a_key_is_answered_too(self):
        ways = {(("EXEC",),): b"-EXECABORT Transaction discarded because of: " + BUSY[1:],
                (("DISCARD",), ("UNWATCH",)): b"OK",
                (("DISCARD",),): b"OK",
                (("RESET",),): b"RESET"}
        wires = {}
        for way in ways:
            wires[way] = self.server.wire()
            self.addCleanup(wires[way].socket.close)
            for words in (("WATCH", "k"), ("MULTI",), ("SET", "k", 1)):
                wires[way].call(*words)
        with self.server.wire() as other:
            self.start(SPIN)
            wait_until(lambda: other.call("PING") == BUSY, "BUSY")
            for way, reply in ways.items():
                for words in way:
                    self.assertEqual(wires[way].call(*words), reply, words)
            self.assertEqual(other.call("WATCH", "k"), BUSY)  # rather than wait; Redis says OK
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            wait_until(lambda: other.call("GET", "k") is None, "the end of the killed script")
            # What was left in the shards marks nobody, and goes.
            other.call("SET", "k", "v")
            for wire in wires.values():
                for words, reply in ((("WATCH", "j"), b"OK"), (("MULTI",), b"OK"),
                                     (("PING",), b"QUEUED"), (("EXEC",), [b"PONG"])):
                    self.assertEqual(wire.call(*words), reply)

    def test_a_command_that_waited_is_told_busy_too(self):
        with self.server.wire() as other:
            other.call("PING")
            self.start(SPIN)
            self.assertEqual(other.call("SET", "k", "v"), BUSY)
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            wait_until(lambda: other.call("SET", "k", "v") == b"OK", "the end of the killed script")

    def has_ended_when_killed(self, kill, other_kill, busy, *words):
        not_busy = b"-NOTBUSY No scripts in execution right now."
        with self.server.wire() as other:
            running = self.send(*words)
            wait_until(lambda: other.call("GET", "k") == busy, "BUSY")
            # In one piece, so that the later ones come before the interpreter looks.
            other.send(encode(kill, "KILL") + encode(kill, "KILL") +
                       encode(other_kill, "KILL") + encode("GET", "k"))
            self.assertEqual([other.reply() for _ in range(4)],
                             [b"OK", not_busy, not_busy, None])
            self.assertIn(b"Script killed by user with SCRIPT KILL", running.reply())

    def test_what_was_killed_has_ended_for_whoever_comes_next(self):
        self.assertEqual(self.server.call("FUNCTION", "LOAD", LIBRARY), b"lib")
        self.has_ended_when_killed("SCRIPT", "FUNCTION", BUSY, "EVAL", SPIN, 0)
        self.has_ended_when_killed("FUNCTION", "SCRIPT", BUSY_FUNCTION, "FCALL", "spin", 0)

    def test_a_script_that_wrote_is_not_killed(self):
        with self.server.wire() as other:
            other.call("PING")
            running = self.start("redis.call('SET', 'k', 'v') " + LOOP, 3)
            wait_until(lambda: other.call("PING") == BUSY, "BUSY")
            self.assertTrue(other.call("SCRIPT", "KILL").startswith(b"-UNKILLABLE "))
            self.assertEqual(running.reply(), 7)
            self.assertEqual(other.call("GET", "k"), b"v")

    def test_commands_that_waited_for_a_short_script_run_after_it(self):
        with self.server.wire() as other:
            other.call("CONFIG", "SET", "busy-reply-threshold", "5000")
            running = self.start(LOOP, 1)
            self.assertEqual(other.call("INCR", "n"), 1)
            self.assertEqual(running.reply(), 7)

    def test_who_is_killed_meanwhile_is_gone_behind_it(self):
        with self.server.wire() as other, self.server.wire() as watching, \
                self.server.wire() as waiting:
            other.call("CONFIG", "SET", "busy-reply-threshold", "5000")
            ids = [wire.call("CLIENT", "ID") for wire in (watching, waiting)]
            watching.call("WATCH", "k")
            watching.call("SUBSCRIBE", "news")
            waiting.send(encode("BLPOP", "list", 0))
            wait_until(lambda: self.server.info("blocked_clients") == "1", "one that waits")
            running = self.start("redis.call('RPUSH', 'list', 'a') " + LOOP, 3)
            wait_until(lambda: b" cmd=eval " in other.call("CLIENT", "LIST"), "the script")
            for id in ids:
                self.assertEqual(other.call("CLIENT", "KILL", "ID", id), 1)
            self.assertEqual([watching.rest(), waiting.rest()], [b"", b""])
            # Neither can leave its keys alone before the script ends; and both get something more.
            other.call("PUBLISH", "news", "x")
            self.assertEqual(running.reply(), 7)
            wait_until(lambda: self.server.clients() == 2, "their end")

    def test_a_function_has_a_kill_of_its_own(self):
        with self.server.wire() as other:
            self.assertEqual(other.call("FUNCTION", "LOAD", LIBRARY), b"lib")
            running = self.send("FCALL", "spin", 1, "k")
            wait_until(lambda: other.call("PING") == BUSY_FUNCTION, "BUSY")
            self.assertEqual(other.call("SCRIPT", "KILL"), BUSY_FUNCTION)
            (_, state, _, engines) = other.call("FUNCTION", "STATS")
            self.assertEqual(state[:4], [b"name", b"spin", b"command",
                                         [b"FCALL", b"spin", b"1", b"k"]])
            self.assertEqual(state[4], b"duration_ms")
            self.assertGreaterEqual(state[5], 500)
            self.assertEqual(engines, [b"LUA", [b"libraries_count", 1, b"functions_count", 2]])
            self.server.await_log("FUNCTION KILL ends it")
            self.assertEqual(other.call("FUNCTION", "KILL"), b"OK")
            self.assertIn(b"Script killed by user with SCRIPT KILL", running.reply())
            wait_until(lambda: other.call("SET", "k", "v") == b"OK", "the end of the function")

    def test_function_kill_ends_no_script(self):
        with self.server.wire() as other:
            running = self.start(SPIN)
            wait_until(lambda: other.call("PING") == BUSY, "BUSY")
            self.assertEqual(other.call("FUNCTION", "KILL"), BUSY)
            self.assertEqual(other.call("FUNCTION", "STATS"), BUSY)
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            self.assertIn(b"Script killed by user with SCRIPT KILL", running.reply())

    def test_a_function_that_wrote_is_not_killed(self):
        with self.server.wire() as other:
            self.assertEqual(other.call("FUNCTION", "LOAD", LIBRARY), b"lib")
            running = self.send("FCALL", "write", 1, "k", 3)
            wait_until(lambda: other.call("PING") == BUSY_FUNCTION, "BUSY")
            self.assertTrue(other.call("FUNCTION", "KILL").startswith(b"-UNKILLABLE "))
            self.assertEqual(running.reply(), 7)
            self.assertEqual(other.call("GET", "k"), b"v")

    def test_a_pause_of_writes_lets_scripts_run_that_promise_none(self):
        with self.server.wire() as other:
            other.call("FUNCTION", "LOAD", LIBRARY.replace("'spin', function() while true do end",
                                                           "'one', function() return 1"))
            other.call("FUNCTION", "LOAD", "#!lua name=reader\nredis.register_function{"
                       "function_name='two', callback=function() return 2 end, "
                       "flags={'no-writes'}}")
            other.call("CLIENT", "PAUSE", 100000, "WRITE")
            self.assertEqual(other.call("FCALL", "two", 0), 2)
            self.assertEqual(other.call("EVAL", "#!lua flags=no-writes\nreturn 3", 0), 3)
            self.assertEqual(other.call("EVAL_RO", "return 4", 0), 4)
            paused = [self.send("FCALL", "one", 0), self.send("EVAL", "return 1", 0)]
            wait_until(lambda: self.server.info("blocked_clients") == "2", "two paused clients")
            other.call("CLIENT", "UNPAUSE")
            self.assertEqual([wire.reply() for wire in paused], [1, 1])


class AtAStop(unittest.TestCase):
    """Between two writes of a script, with redis-server as the judge."""
    WRITES = "redis.call('SET', 'a', 1) %s redis.call('SET', 'b', 2) return 7"
    OPTIONS = ("--appendonly", "yes")

    def script(self, server, text, *arguments):
        wire = running_script(server, text, *arguments)
        self.addCleanup(wire.socket.close)
        return wire

    def busy(self, server, text, *arguments):
        """The same; returns when it is busy."""
        server.call("CONFIG", "SET", "busy-reply-threshold", 100)
        wire = self.script(server, text, *arguments)
        wait_until(lambda: server.call("PING") == BUSY, "BUSY")
        return wire

    def left(self, server, program):
        """What the files of a server that has ended hold of a and b."""
        self.assertEqual(wait_for_end(server.process), 0, server.log())
        with Server("--dir", server.folder, *self.OPTIONS, program=program) as other:
            wait_until(lambda: isinstance(other.call("MGET", "a", "b"), list), "the data")
            return other.call("MGET", "a", "b")

    def test_a_script_that_is_not_busy_is_let_to_its_end(self):
        loop = self.WRITES % LOOP.replace("return 7", "")
        for program in (SERVER, redis_server()):
            for how in (("SHUTDOWN",), ("SHUTDOWN", "SAVE"), ("SHUTDOWN", "NOSAVE"), ()):
                with self.subTest(program=program, how=how), \
                        Server(*self.OPTIONS, program=program) as server:
                    running = self.script(server, loop, 1)
                    if how:
                        with server.wire() as wire:
                            wire.send(encode(*how))
                            self.assertEqual(wire.rest(), b"")
                    else:
                        server.process.send_signal(signal.SIGTERM)
                    if program == SERVER:
                        self.assertEqual(running.rest(), b":7\r\n")
                    self.assertEqual(self.left(server, program), [b"1", b"2"])

    def test_shutdown_of_another_name_lets_it_come_to_its_end_too(self):
        loop = self.WRITES % LOOP.replace("return 7", "")
        renamed = ("--rename-command", "SHUTDOWN", "LEAVE")
        for program in (SERVER, redis_server()):
            with self.subTest(program=program), \
                    Server(*self.OPTIONS, *renamed, program=program) as server:
                self.script(server, loop, 1)
                with server.wire() as wire:
                    wire.send(encode("LEAVE", "NOSAVE"))
                    self.assertEqual(wire.rest(), b"")
                self.assertEqual(self.left(server, program), [b"1", b"2"])

    def test_shutdown_is_told_that_it_is_busy(self):
        for program in (SERVER, redis_server()):
            with self.subTest(program=program), Server(program=program) as server:
                server.call("CONFIG", "SET", "busy-reply-threshold", 500)
                begin = time.monotonic()
                self.script(server, SPIN)
                self.assertEqual(server.call("SHUTDOWN"), BUSY)
                self.assertGreater(time.monotonic() - begin, 0.45)  # not before the threshold
                self.assertEqual(server.call("SHUTDOWN", "SAVE"), BUSY)
                self.assertEqual(server.call("SCRIPT", "KILL"), b"OK")

    def test_shutdown_nosave_ends_one_that_is_busy_and_nothing_of_it_stays(self):
        for program in (SERVER, redis_server()):
            with self.subTest(program=program), \
                    Server("--repl-diskless-sync-delay", "0", *self.OPTIONS,
                           program=program) as server:
                with Server("--replicaof", "127.0.0.1 %d" % server.port) as replica:
                    wait_until(lambda: b"state=online" in server.call("INFO"), "a replica")
                    self.busy(server, self.WRITES % SPIN)
                    with server.wire() as wire:
                        wire.send(encode("SHUTDOWN", "NOSAVE", "NOW"))
                        wire.rest()
                    self.assertEqual(self.left(server, program), [None, None])
                    wait_until(lambda: replica.info("master_link_status") == "down", "its end")
                    self.assertEqual(replica.call("MGET", "a", "b"), [None, None])

    def test_sigterm_waits_for_the_kill(self):
        for program in (SERVER, redis_server()):
            with self.subTest(program=program), Server(program=program) as server:
                self.busy(server, SPIN)
                for _ in range(2):
                    seen = server.log().count("SIGTERM")
                    server.process.send_signal(signal.SIGTERM)
                    wait_until(lambda: server.log().count("SIGTERM") > seen, "a line of the log")
                self.assertEqual(server.call("SET", "k", "v"), BUSY)
                with server.wire() as wire:
                    wire.send(encode("SCRIPT", "KILL"))  # redis-server may end before it answers
                    wire.rest()
                self.assertEqual(wait_for_end(server.process), 0)

    def test_shutdown_nosave_overtakes_a_sigterm(self):
        for program in (SERVER, redis_server()):
            with self.subTest(program=program), \
                    Server(*self.OPTIONS, program=program) as server:
                self.busy(server, self.WRITES % SPIN)
                server.process.send_signal(signal.SIGTERM)
                server.await_log("SIGTERM")
                with server.wire() as wire:
                    wire.send(encode("SHUTDOWN", "NOSAVE"))
                    wire.rest()
                self.assertEqual(self.left(server, program), [None, None])

    def test_shutdown_abort_calls_off_a_sigterm(self):
        for program in (SERVER, redis_server()):
            with self.subTest(program=program), Server(program=program) as server:
                self.busy(server, SPIN)
                server.process.send_signal(signal.SIGTERM)
                wait_until(lambda: server.call("SHUTDOWN", "ABORT") == b"OK", "that it has begun")
                self.assertEqual(server.call("SCRIPT", "KILL"), b"OK")
                wait_until(lambda: server.call("SET", "k", "v") == b"OK", "the end of the script")

    def test_ctrl_c_twice_waits_for_nothing(self):
        for program in (SERVER, redis_server()):
            with self.subTest(program=program), Server(program=program) as server:
                self.busy(server, SPIN)
                server.process.send_signal(signal.SIGINT)
                server.await_log("scheduling shutdown")
                # Signals that come before the first is heeded are one with it.
                wait_until(lambda: server.process.send_signal(signal.SIGINT) or
                           server.process.poll() is not None, "its end")
                self.assertEqual(server.process.returncode, 1)


if __name__ == "__main__":
    unittest.main()
