#!/usr/bin/python3
"""Many, slow and vanishing clients: nothing grows, nothing spins, nobody else notices."""
import os
import re
import select
import signal
import socket
import subprocess
import sys
import time
import unittest

from harness import DEADLINE_S, REDUCED, Server, ServerTest, encode, wait_until

MANY = 1000 if REDUCED else 10000
# A script that runs for some milliseconds, and then returns something.
TAKES_MS = ("local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 "
            "end local over = now() + %d repeat until now() > over return %s")


class Clients(unittest.TestCase):
    def test_one_too_many_is_told_so(self):
        with Server("--maxclients", 10) as server:
            wires = []
            wait_until(lambda: self._admit(server, wires) == 10, "ten clients")
            with server.wire() as wire:
                self.assertEqual(wire.rest(), b"-ERR max number of clients reached\r\n")
            wires.pop().socket.close()
            wait_until(server.answers, "a free place")
            for wire in wires:
                wire.socket.close()

    def _admit(self, server, wires):
        """One client more, unless the place of one that has gone is not free yet."""
        wire = server.wire()
        if wire.call("PING") == b"PONG":
            wires.append(wire)
        else:
            wire.socket.close()
        return len(wires)

    def test_idle_clients_time_out(self):
        with Server("--timeout", 1) as server, server.wire() as wire:
            self.assertEqual(wire.rest(), b"")

    def test_who_has_waited_is_not_idle_when_it_is_answered(self):
        with Server("--io-threads", 1) as server, server.wire() as idle, \
                server.wire() as popper, server.wire() as unblocked, server.wire() as writer:
            self.assertEqual(idle.call("PING"), b"PONG")
            unblocked_id = unblocked.call("CLIENT", "ID")
            popper.send(encode("BLPOP", "q", 0))
            unblocked.send(encode("BLPOP", "nothing", 0))
            wait_until(lambda: server.info("blocked_clients") == "2", "two that wait for a key")
            server.call("CLIENT", "PAUSE", 100000, "WRITE")
            writer.send(encode("SET", "k", "v"))
            wait_until(lambda: server.info("blocked_clients") == "3", "one that is paused")
            timeout_s = 5
            wait_until(lambda: all(seconds > timeout_s for seconds in self._idle_s(server)[:4]),
                       "that all four have been idle for longer")
            server.call("CLIENT", "UNPAUSE")
            server.call("RPUSH", "q", "job")
            server.call("CLIENT", "UNBLOCK", unblocked_id)
            self.assertEqual(popper.reply(), [b"q", b"job"])
            self.assertEqual(unblocked.reply(), None)
            self.assertEqual(writer.reply(), b"OK")
            server.call("CONFIG", "SET", "timeout", timeout_s)
            self.assertEqual(idle.rest(), b"")  # whoever is idle has gone by now
            for wire in (popper, unblocked, writer):
                self.assertEqual(wire.call("PING"), b"PONG")

    def _idle_s(self, server):
        """Of all clients, in the order in which they came."""
        clients = re.findall(rb"^id=(\d+) .* idle=(\d+) ", server.call("CLIENT", "LIST"), re.M)
        return [seconds for _, seconds in sorted((int(id), int(idle)) for id, idle in clients)]

    def test_who_reads_is_not_idle(self):
        size = 48 << 20
        with Server("--timeout", 2) as server:
            server.call("SET", "large", b"x" * size)
            with server.wire() as wire:
                wire.send(encode("GET", "large"))
                taken, end = bytearray(), time.monotonic() + 4
                while time.monotonic() < end:  # at most 10 MB/s
                    taken += wire.socket.recv(100000)
                    time.sleep(0.01)
                wire.buffer = bytes(taken)
                self.assertEqual(len(wire.reply()), size)

    def test_who_hears_messages_is_not_idle(self):
        with Server() as server, server.wire() as ear:
            ear.call("SUBSCRIBE", "news")
            wait_until(lambda: self._idle_s(server)[0] > 0, "an idle subscriber")

            def active():
                server.call("PUBLISH", "news", "x")
                self.assertEqual(ear.reply(), [b"message", b"news", b"x"])
                return self._idle_s(server)[0] == 0

            wait_until(active, "a subscriber that is not")

    def test_few_file_descriptors_lower_maxclients_and_do_not_spin(self):
        with Server("--maxclients", 1000, files=100) as server:
            self.assertLess(int(server.call("CONFIG", "GET", "maxclients")[1]), 100)
            wires = []
            for _ in range(150):
                try:
                    wires.append(server.wire())
                except OSError:
                    break

            def rests():
                before = server.cpu()
                time.sleep(0.5)  # is what is measured
                return server.cpu() - before < 0.2

            wait_until(rests, "that it does not spin")
            for wire in wires:
                wire.socket.close()
            wait_until(server.answers, "an answer after the flood")

    def test_connections_opened_and_dropped_leave_nothing(self):
        with Server() as server:
            self._open_and_drop(server, MANY)
            files, rss = server.open_files(), server.rss()
            self._open_and_drop(server, MANY)
            self.assertLessEqual(server.open_files(), files + 2)
            if not REDUCED:
                self.assertLess(server.rss() - rss, 2 << 20)
            self.assertEqual(server.stop(), 0)

    def _open_and_drop(self, server, count):
        for i in range(count):
            wire = server.wire()
            if i % 3 == 0:
                wire.send(encode("PING"))
            if i % 3 == 1:
                wire.send(b"*2\r\n$3\r\nGE")
            if i % 2:
                wire.reset()
            else:
                wire.socket.close()
        wait_until(lambda: server.clients() == 0, "the end of the dropped clients")

    def test_many_at_the_same_time(self):
        count = 200 if REDUCED else 900  # a shell's limit of 1024 files
        with Server() as server:
            wires = [server.wire() for _ in range(count)]
            for wire in wires:
                wire.send(encode("INCR", "n"))
            self.assertEqual(sorted(wire.reply() for wire in wires), list(range(1, count + 1)))
            self.assertEqual(server.clients(), count)
            for wire in wires:
                wire.socket.close()
            wait_until(lambda: server.clients() == 0, "their end")

    def test_killed_clients_leave_nothing(self):
        script = ("import sys; sys.path.insert(0, %r); from harness import *; wire = Wire(%r)\n"
                  "batch = encode('SET', 'k', 'x' * 5000) * 20 + encode('GET', 'k') * 20\n"
                  "while True: wire.send(batch)")
        with Server() as server:
            with server.wire() as bystander:
                command = [sys.executable, "-c",
                           script % (os.path.dirname(os.path.abspath(__file__)), server.address)]
                children = [subprocess.Popen(command) for _ in range(4)]
                wait_until(lambda: server.clients() >= 5, "four busy clients")
                for child in children:
                    child.send_signal(signal.SIGKILL)
                    child.wait()
                self.assertEqual(bystander.call("PING"), b"PONG")
            wait_until(lambda: server.clients() == 0, "their end")
            self.assertEqual(server.stop(), 0)

    def test_who_is_killed_does_not_stay_for_what_it_does_not_read(self):
        # The end comes before more than the socket takes: to who waits, and to who runs a script.
        large = b"x" * (16 << 20)
        script = TAKES_MS % (500, "redis.call('GET', 'large')")
        with Server("--io-threads", 1) as server, server.wire() as other:
            server.call("SET", "large", large)
            for request in (("BLPOP", "q", 0), ("EVAL", script, 0)):
                with server.wire() as deaf:
                    deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                    number = deaf.call("CLIENT", "ID")
                    deaf.send(encode(*request))
                    name = b" cmd=" + request[0].lower().encode()
                    wait_until(lambda: name in other.call("CLIENT", "LIST", "ID", number),
                               "its command")
                    if request[0] == "BLPOP":
                        other.send(encode("MULTI") + encode("RPUSH", "q", large) +
                                   encode("CLIENT", "KILL", "ID", number) + encode("EXEC"))
                        self.assertEqual([other.reply() for _ in range(4)][-1], [1, 1])
                    else:
                        self.assertEqual(other.call("CLIENT", "KILL", "ID", number), 1)
                    wait_until(lambda: other.call("CLIENT", "LIST", "ID", number) == b"",
                               "its end")

    def test_who_is_killed_gets_the_replies_that_were_there(self):
        with Server() as server, server.wire() as ear, server.wire() as other:
            ear.call("SUBSCRIBE", "news")
            other.send(encode("MULTI") + encode("PUBLISH", "news", "last") +
                       encode("CLIENT", "KILL", "TYPE", "pubsub") + encode("EXEC"))
            self.assertEqual([other.reply() for _ in range(4)][-1], [1, 1])
            self.assertEqual(ear.reply(), [b"message", b"news", b"last"])
            self.assertEqual(ear.rest(), b"")

    def test_a_reset_in_the_middle_of_a_pipeline(self):
        with Server() as server:
            for _ in range(50):
                wire = server.wire()
                wire.send(encode("INCR", "n") * 500 + b"*2\r\n$3\r\nGET\r\n$1")
                wire.reset()
            wait_until(lambda: server.clients() == 0, "their end")
            self.assertEqual(server.call("PING"), b"PONG")
            self.assertEqual(server.stop(), 0)


class Memory(ServerTest):
    def test_half_a_request_costs_little(self):
        count = 100 if REDUCED else 800
        idle = [self.server.wire() for _ in range(count)]
        for wire in idle:
            wire.call("PING")

        def read():
            """Of how many there is half a request."""
            return len(re.findall(rb" qbuf=[1-9]\d* [^\n]* cmd=ping ",
                                  self.server.call("CLIENT", "LIST")))

        self.assertEqual(read(), 0)
        before = self.server.rss()
        for wire in idle:
            wire.send(b"*3\r\n$3\r\nSET\r\n$7\r\nsession\r\n$1000000\r\nabcdefgh")
        wait_until(lambda: read() == count, "that every loop has read them")
        each = (self.server.rss() - before) / count
        print("half a request costs %d bytes" % each)
        for wire in idle:
            wire.socket.close()
        if not REDUCED:
            self.assertLess(each, 2048)

    def test_a_reader_over_the_output_limit_is_closed(self):
        self.server.call("CONFIG", "SET", "client-output-buffer-limit", "normal 8mb 0 0")
        self.server.call("RPUSH", "list", *["x" * 1000] * 30000)
        with self.server.wire() as wire:
            wire.send(encode("LRANGE", "list", 0, -1))
            wait_until(lambda: self.server.clients() == 0, "the end of the slow reader")

    def test_what_waits_for_a_client_whose_script_runs_is_limited_too(self):
        self.server.call("CONFIG", "SET", "client-output-buffer-limit", "pubsub 4mb 0 0",
                         "busy-reply-threshold", 1000000)
        with self.server.wire() as reader, self.server.wire() as other:
            reader.send(encode("HELLO", 3) + encode("SUBSCRIBE", "news") +
                        encode("EVAL", "while true do end", 0))

            def held():
                clients = other.call("CLIENT", "LIST")
                found = re.search(rb" omem=(\d+) [^\n]* cmd=eval ", clients)
                return int(found[1]) if found else None

            wait_until(lambda: held() is not None, "the script")
            message = b"x" * (1 << 20)
            for size in (1, 2):
                other.call("PUBLISH", "news", message)
                wait_until(lambda: held() > size << 20, "a message that waits")
            wait_until(lambda: int(self.server.info("mem_clients_normal")) > 2 << 20, "its count")
            for _ in range(3):
                other.call("PUBLISH", "news", message)
            wait_until(lambda: held() == 0, "messages that are dropped")
            self.assertEqual(other.call("SCRIPT", "KILL"), b"OK")
            self.assertNotIn(message, reader.rest())
            self.assertEqual(int(self.server.info("client_output_buffer_limit_disconnections")), 1)

    def test_the_client_that_takes_most_is_closed(self):
        self.server.call("CONFIG", "SET", "maxmemory-clients", "16mb")
        self.addCleanup(self.server.call, "CONFIG", "SET", "maxmemory-clients", 0)
        evicted = int(self.server.info("evicted_clients"))
        few = [self.server.wire() for _ in range(2)]
        for wire in few:  # what they have sent of a word that is longer
            wire.send(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (2 << 20) + b"x" * (1 << 20))
        with self.server.wire() as most:
            try:
                most.send(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (40 << 20) + b"x" * (30 << 20))
            except ConnectionError:
                pass  # closed before it has sent all
            wait_until(lambda: int(self.server.info("evicted_clients")) > evicted, "one to go")
        for wire in few:
            wire.send(b"x" * (1 << 20) + b"\r\n")
            self.assertEqual(len(wire.reply()), 2 << 20)
            wire.socket.close()
        self.assertEqual(int(self.server.info("evicted_clients")), evicted + 1)

    def test_what_a_closed_client_still_gets_is_nobody_elses_fault(self):
        # It is closed while its script runs, and its reply is larger than all of the others.
        self.server.call("CONFIG", "SET", "maxmemory-clients", "16mb")
        self.addCleanup(self.server.call, "CONFIG", "SET", "maxmemory-clients", 0)
        # INFO is asked while it runs, however long that takes on a busy machine.
        self.server.call("CONFIG", "SET", "busy-reply-threshold", 600000)
        self.addCleanup(self.server.call, "CONFIG", "SET", "busy-reply-threshold", 5000)
        script = TAKES_MS % (1000, "string.rep('x', 64 * 1024 * 1024)")
        few = [self.server.wire() for _ in range(3)]
        with self.server.wire() as most:
            most.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            most.send(encode("EVAL", script, 0, b"x" * (12 << 20)))
            wait_until(lambda: b" cmd=eval " in self.server.call("CLIENT", "LIST") or
                       self.server.info("evicted_clients") == "1", "the script")
            for wire in few:
                wire.send(b"*2\r\n$4\r\nECHO\r\n$%d\r\n" % (3 << 20) + b"x" * (2 << 20))
            wait_until(lambda: int(self.server.info("evicted_clients")) > 0, "one to go")
            wait_until(lambda: self.server.clients() == len(few), "its end")
        for wire in few:
            wire.send(b"x" * (1 << 20) + b"\r\n")
            self.assertEqual(len(wire.reply()), 3 << 20)
            wire.socket.close()
        self.assertEqual(int(self.server.info("evicted_clients")), 1)

    def test_replies_wait_until_all_requests_are_sent(self):
        # More in both directions than the sockets hold.
        count, text = 40000, b"x" * 1000
        with self.server.wire() as wire:
            for _ in range(count // 100):
                wire.send(encode("ECHO", text) * 100)
            for _ in range(count):
                self.assertEqual(wire.reply(), text)
            self.assertEqual(wire.call("PING"), b"PONG")

    def test_who_found_no_room_goes_on_when_there_is(self):
        # Replies may take an eighth of it.
        self.server.call("CONFIG", "SET", "maxmemory", 1 << 20)
        self.addCleanup(self.server.call, "CONFIG", "SET", "maxmemory", 0)
        count, text = 60000, b"x" * 1000
        requests = encode("ECHO", text) * count
        with self.server.wire() as wire:
            wire.socket.setblocking(False)
            sent = 0
            while select.select([], [wire.socket], [], 0.5)[1]:
                sent += wire.socket.send(requests[sent:sent + (1 << 20)])
            self.assertLess(sent, len(requests) // 2)
            self.server.call("CONFIG", "SET", "maxmemory", 0)
            wire.socket.settimeout(DEADLINE_S)
            wire.send(requests[sent:])
            for _ in range(count):
                self.assertEqual(wire.reply(), text)

    def test_a_slow_reader_without_a_limit_does_not_take_all_memory(self):
        # It asks for 1 GB and reads none of it.
        self.server.call("CONFIG", "SET", "maxmemory", 512 << 20)
        self.addCleanup(self.server.call, "CONFIG", "SET", "maxmemory", 0)
        self.server.call("RPUSH", "list", *["x" * 100] * 10000)
        before = self.server.rss()
        with self.server.wire() as wire, self.server.wire() as bystander:
            wire.send(encode("LRANGE", "list", 0, -1) * 1000)
            end = time.monotonic() + 1
            while time.monotonic() < end:
                self.assertEqual(bystander.call("PING"), b"PONG")
            grown = self.server.rss() - before
            print("a slow reader costs %d MB" % (grown >> 20))
            if not REDUCED:
                self.assertLess(grown, 256 << 20)
            for _ in range(3):
                self.assertEqual(len(wire.reply()), 10000)


if __name__ == "__main__":
    unittest.main()
