#!/usr/bin/python3
"""Start and stop: what a process manager, an operator and a client in mid-request see."""
import os
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from harness import (DEADLINE_S, REDUCED, SERVER, SLOW_MACHINE, Server, ServerTest, encode,
                     wait_for_end, wait_until)


class Start(unittest.TestCase):
    def test_the_first_pong_comes_at_once(self):
        # Not after a timer of any kind. How fast it is on an idle machine tells bench/compare.py.
        took = []
        for _ in range(10):
            begin = time.monotonic()
            with Server(wait=False) as server:
                while True:
                    try:
                        server.call("PING")
                        break
                    except OSError:
                        pass
                took.append(time.monotonic() - begin)
        print("first PONG after %.1f ms" % (min(took) * 1000))
        self.assertLess(min(took), 2 if REDUCED else 0.1)

    @unittest.skipIf(REDUCED, "measures memory")
    def test_it_takes_less_than_8_mb_at_rest(self):
        with Server() as server:
            wait_until(lambda: server.rss() < 8 << 20, "that what a start needs is given back")

    def test_a_taken_port_is_named_and_ends_the_start(self):
        with Server() as first:
            with Server("--port", first.port, wait=False) as second:
                self.assertEqual(wait_for_end(second.process), 1)
                second.await_log("Failed listening on port %d" % first.port)

    def test_who_waits_for_the_pid_in_the_log_may_connect(self):
        # Before the data are loaded, which takes twenty seconds here.
        with Server() as server:
            server.call("DEBUG", "POPULATE", "20")
            server.call("SAVE")
            with Server("--dir", server.folder, "--key-load-delay", "1000000",
                        wait=False) as second:
                line = ", PID: %d\n" % second.process.pid
                second.await_log(line)
                self.assertTrue(second.call("GET", "key:1").startswith(b"-LOADING"))

    def test_a_file_with_every_directive_starts_it(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "larder.conf")
            with open(path, "w") as file:
                file.write("# mine\nmaxmemory 64mb\n")
            with Server(path, "--dir", folder) as server:
                self.assertEqual(server.call("DEBUG", "CONFIG-REWRITE-FORCE-ALL"), b"OK")
                before, port = server.call("CONFIG", "GET", "*"), server.port
            with open(path) as file:
                text = file.read()
            self.assertIn("# mine\nmaxmemory 64mb\n", text)
            self.assertIn("\nhash-max-listpack-value 64\n", text)
            with Server(path, port=port) as server:
                self.assertEqual(server.call("CONFIG", "GET", "*"), before)

    def test_a_question_ends_with_its_answer(self):
        for word, answer in (("--version", "larder-server "), ("--help", "Usage: ")):
            for more in ([], ["--port", "1"]):
                done = subprocess.run([SERVER, word, *more], capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stdout[:len(answer)]), (0, answer))

    def test_an_unknown_directive_ends_the_start(self):
        with Server("--maxmemoryy", "1gb", wait=False) as server:
            self.assertEqual(wait_for_end(server.process), 1)
            server.await_log("maxmemoryy")

    def test_pidfile_holds_the_pid_and_goes_with_the_server(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pid")
            with Server("--pidfile", path) as server:
                with open(path) as pidfile:
                    self.assertEqual(int(pidfile.read()), server.process.pid)
                server.stop()
                self.assertFalse(os.path.exists(path))

    def test_a_start_that_fails_leaves_the_pid_file_of_who_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pid")
            with Server("--pidfile", path) as first:
                with Server("--pidfile", path, port=first.port, wait=False) as second:
                    self.assertEqual(wait_for_end(second.process), 1)
                with open(path) as pidfile:
                    self.assertEqual(int(pidfile.read()), first.process.pid)

    def test_a_pid_file_that_another_has_written_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pid")
            with Server("--pidfile", path) as first, Server("--pidfile", path) as second:
                first.stop()
                with open(path) as pidfile:
                    self.assertEqual(int(pidfile.read()), second.process.pid)

    def test_a_log_that_was_moved_away_begins_anew(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            with Server("--logfile", path) as server:
                for how in (lambda: None, lambda: server.process.send_signal(signal.SIGHUP)):
                    os.rename(path, path + ".1")
                    how()
                    wait_until(lambda: self._logs(server, path), "a line in another file")

    def test_a_log_in_no_folder_ends_the_start(self):
        with Server("--logfile", "typo/log", wait=False) as server:
            self.assertEqual(wait_for_end(server.process), 1)
            server.await_log("Can't open the log file: No such file or directory")
            self.assertFalse(os.path.exists(server.folder + "/typo"))

    def test_logfile_takes_the_log(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            with Server("--logfile", path):
                wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 0, "a log line")

    def test_a_log_of_nothing_stays_empty(self):
        with Server("--loglevel", "nothing") as server:
            self.assertEqual(server.call("DEBUG", "LOG", "something"), b"OK")
            self.assertEqual(server.stop(), 0)
            self.assertEqual(server.log(), "")

    def test_daemonize_returns_and_serves(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pid")
            with Server("--daemonize", "yes", "--pidfile", path, "--logfile",
                        os.path.join(folder, "log"), wait=False) as server:
                self.assertEqual(wait_for_end(server.process), 0)
                wait_until(lambda: os.path.exists(path) and os.path.getsize(path) > 0, "a pidfile")
                with open(path) as pidfile:
                    pid = int(pidfile.read())
                try:
                    wait_until(lambda: self._pong(server), "a PONG of the daemon")
                finally:
                    os.kill(pid, signal.SIGTERM)
                wait_until(lambda: not os.path.exists("/proc/%d" % pid), "the end of the daemon")

    def _logs(self, server, path):
        server.call("DEBUG", "LOG", "after the move")
        if not os.path.exists(path):
            return False
        with open(path) as log:
            return "after the move" in log.read()

    def _pong(self, server):
        try:
            return server.call("PING") == b"PONG"
        except OSError:
            return False



class Supervised(unittest.TestCase):
    """As systemd does, which starts it and waits for what it says."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = os.path.join(folder.name, "notify")
        self.manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.manager.close)
        self.manager.bind(self.path)
        self.manager.settimeout(DEADLINE_S)

    def start(self, *options, **more):
        return Server("--supervised", "systemd", *options,
                      environment={"NOTIFY_SOCKET": self.path}, **more)

    def said(self, until):
        """What it says, up to that."""
        said = b""
        while until not in said:
            said += self.manager.recv(4096) + b"\n"
        return said

    def test_it_says_when_it_is_ready(self):
        with self.start():
            said = self.said(until=b"READY=1")
        self.assertLess(said.index(b"STATUS=Loading the data set\n"), said.index(b"READY=1\n"))
        self.assertIn(b"STATUS=Ready to accept connections\n", said)

    def test_it_stays_in_the_foreground(self):
        with self.start("--daemonize", "yes") as server:
            self.said(until=b"READY=1")
            self.assertEqual(int(server.info("process_id")), server.process.pid)
            self.assertEqual(server.stop(), 0)

    def test_who_ends_while_it_loads_was_never_ready(self):
        for file in ((), ("--appendonly", "yes")):
            with Server(*file) as first:
                for i in range(20):
                    first.call("SET", i, "v")
                self.assertEqual(first.call("SAVE"), b"OK")
                first.stop()
                with self.start("--dir", first.folder, "--key-load-delay", "1000000", *file,
                                wait=False) as server:
                    self.said(until=b"STATUS=Loading the data set")
                    server.await_log("Listening on port")
                    self.assertEqual(server.stop(), 0)
                    self.assertNotIn(b"READY=1", self.said(until=b"STOPPING=1"))
                    self.assertIn("Loading was stopped", server.log())
                    self.assertNotIn("Internal error in RDB", server.log())
                    self.assertNotIn("Ready to accept", server.log())


class Stop(ServerTest):
    def test_sigterm_ends_with_status_0(self):
        self.assertEqual(self.server.stop(signal.SIGTERM), 0)

    def test_sigint_ends_with_status_0(self):
        self.assertEqual(self.server.stop(signal.SIGINT), 0)

    def test_shutdown_on_sigint_says_what_the_signal_means(self):
        for points, word, exists in (("1000 1000", "nosave", False), ("", "save", True)):
            with Server("--save", points, "--shutdown-on-sigint", word) as server:
                server.call("SET", "k", "v")
                self.assertEqual(server.stop(signal.SIGINT), 0)
                self.assertEqual(os.path.exists(server.folder + "/dump.rdb"), exists, word)

    def test_shutdown_ends_it_and_closes_without_a_reply(self):
        with self.server.wire() as wire:
            wire.send(encode("SHUTDOWN", "NOSAVE"))
            self.assertEqual(wire.rest(), b"")
        self.assertEqual(wait_for_end(self.server.process), 0)

    def test_idle_clients_are_closed(self):
        with self.server.wire() as wire:
            wire.call("PING")
            self.server.stop()
            self.assertEqual(wire.rest(), b"")

    def test_sigterm_answers_a_pipeline_that_was_read(self):
        for _ in range(20):
            with Server() as server, server.wire() as wire:
                wire.send(encode("INCR", "n") * 200)
                self.assertEqual(wire.reply(), 1)
                server.process.send_signal(signal.SIGTERM)
                self.assertEqual(wire.rest(), b"".join(b":%d\r\n" % n for n in range(2, 201)))
                self.assertEqual(wait_for_end(server.process), 0)

    def test_sigterm_finishes_a_large_reply(self):
        size = 32 << 20
        with self.server.wire() as wire:
            wire.call("SET", "page", b"x" * size)
            wire.send(encode("GET", "page"))
            wire._bytes(1000)
            self.server.process.send_signal(signal.SIGTERM)
            for _ in range(25):
                time.sleep(0.06)  # a slow reader, not a wait for anything
                size -= len(wire._bytes(1 << 20))
            self.assertEqual(len(wire.rest()), len("$33554432\r\n") + size + 2 - 1000)
            wait_for_end(self.server.process)  # another signal would end it at once

    def test_who_does_not_read_is_not_waited_for(self):
        with Server("--shutdown-timeout", 1000) as server, server.wire() as wire:
            wire.call("SET", "page", b"x" * (32 << 20))
            wire.send(encode("GET", "page"))
            wire._bytes(1000)
            self.assertEqual(server.stop(), 0)

    def test_shutdown_now_waits_for_nobody(self):
        with Server("--shutdown-timeout", 1000) as server, server.wire() as wire:
            wire.call("SET", "page", b"x" * (64 << 20))
            wire.send(encode("GET", "page"))
            wire._bytes(1000)
            with server.wire() as other:
                other.send(encode("SHUTDOWN", "NOSAVE", "NOW"))
                end = time.monotonic() + DEADLINE_S
                while server.process.poll() is None and time.monotonic() < end:
                    wire.socket.recv(50000)
                    time.sleep(0.05)  # a reader who takes a minute
            self.assertEqual(server.process.poll(), 0)

    def test_sigterm_closes_between_requests(self):
        # Eight clients that ask one thing after the other: whole replies, then the end.
        with Server() as server:
            wires = [server.wire() for _ in range(8)]
            for wire in wires:
                wire.call("SET", "page", b"y" * 100000)
            end = time.monotonic() + 0.2
            torn = 0
            stopped = False
            while wires:
                if not stopped and time.monotonic() > end:
                    server.process.send_signal(signal.SIGTERM)
                    stopped = True
                for wire in list(wires):
                    try:
                        wire.call("GET", "page")
                    except (EOFError, OSError):
                        torn += bool(wire.buffer)
                        wires.remove(wire)
                        wire.socket.close()
            self.assertEqual(torn, 0)
            self.assertEqual(wait_for_end(server.process), 0)


class Rounds(unittest.TestCase):
    def test_info_counts_those_of_the_loops(self):
        with Server() as server, server.wire() as wire:
            for _ in range(100):
                wire.call("PING")
            info = wire.call("INFO", "stats").decode().split("\r\n")
            fields = dict(line.split(":", 1) for line in info if ":" in line)
            self.assertGreaterEqual(int(fields["eventloop_cycles"]), 100)
            self.assertGreater(int(fields["eventloop_duration_sum"]),
                               int(fields["eventloop_duration_cmd_sum"]))
            wait_until(lambda: server.info("instantaneous_eventloop_cycles_per_sec") != "0",
                       "a rate")
            server.call("CONFIG", "RESETSTAT")
            self.assertLess(int(server.info("eventloop_cycles")), 100)


class Idle(ServerTest):
    def _wakeups(self):
        total = 0
        for task in os.listdir("/proc/%d/task" % self.server.process.pid):
            with open("/proc/%d/task/%s/status" % (self.server.process.pid, task)) as status:
                total += int(status.read().split("\nvoluntary_ctxt_switches:")[1].split()[0])
        return total

    @unittest.skipIf(SLOW_MACHINE, "each delay is a wake-up")
    def test_a_server_without_work_wakes_up_for_the_keeper_and_for_little_else(self):
        # Ten times a second for what expires, once for saves and once for replicas.
        seconds = 3
        wait_until(lambda: self.server.clients() == 0, "the end of the first connection")

        def sleeps():
            before = self._wakeups()
            time.sleep(seconds)  # is what is measured
            return self._wakeups() - before < 16 * seconds

        wait_until(sleeps, "that loops look no more for what may come")


@unittest.skipIf(REDUCED, "the sanitizer has its own report")
class Crash(unittest.TestCase):
    def crash(self, server):
        with server.wire() as wire:
            wire.send(encode("DEBUG", "SEGFAULT"))
            wire.rest()
        self.assertEqual(wait_for_end(server.process), -signal.SIGSEGV)

    def test_it_leaves_a_report_with_a_stack(self):
        with Server() as server:
            self.crash(server)
            server.await_log("STACK TRACE")
            server.await_log("crashed by signal: 11")

    def test_crash_log_enabled_holds_from_when_it_is_set(self):
        for before, after in (("no", "yes"), ("yes", "no")):
            with Server("--crash-log-enabled", before) as server:
                self.assertEqual(server.call("CONFIG", "SET", "crash-log-enabled", after), b"OK")
                self.crash(server)
                self.assertEqual("STACK TRACE" in server.log(), after == "yes")


if __name__ == "__main__":
    unittest.main()
