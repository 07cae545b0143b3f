"""A server under test: started from a command line, watched through /proc."""
import contextlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time

START_LIMIT_S = 30
FILL_BYTES = 1 << 18  # of requests in one send while filling


def encode(*words):
    """One request in RESP."""
    parts = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%s\r\n" % (len(p), p) for p in parts)


class Server:
    """`command` may hold {port}, {dir} (an empty folder) and {unix} (a path for its socket)."""

    def __init__(self, name, command, port, folder):
        self.name, self.command, self.port = name, command, port
        self.folder = os.path.join(folder, name)
        self.unix = os.path.join(self.folder, "socket")
        self.process = None

    def start(self):
        """In an empty folder. Returns the seconds until the first PONG."""
        with contextlib.suppress(OSError):
            self.connect().close()
            sys.exit("port %d is in use: does another comparison run?" % self.port)
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        return self.start_here(look_every_s=0.0005)

    def start_here(self, look_every_s):
        text = self.command.format(port=self.port, dir=self.folder, unix=self.unix)
        since = time.perf_counter()
        self.process = subprocess.Popen(shlex.split(text), stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        while time.perf_counter() - since < START_LIMIT_S and self.process.poll() is None:
            try:
                if self.ask("PING").startswith(b"+PONG"):
                    return time.perf_counter() - since
            except OSError:
                pass
            time.sleep(look_every_s)
        sys.exit("%s does not answer; its command was: %s" % (self.name, text))

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def restart(self):
        self.stop()
        return self.start()

    def reload(self):
        """Kills it and starts it with what it has saved; the seconds until it has loaded that."""
        self.stop()
        return self.start_here(look_every_s=0.01)

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.port), timeout=120)

    def ask(self, *words):
        """The first bytes of the reply; enough for all but large ones."""
        with self.connect() as connection:
            connection.sendall(encode(*words))
            return connection.recv(1 << 16)

    def fill(self, requests):
        """Sends many requests whose replies are one line each."""
        with self.connect() as connection:
            batch, size, count = [], 0, 0
            for request in requests:
                batch.append(request)
                size += len(request)
                count += 1
                if size >= FILL_BYTES:
                    self.exchange(connection, b"".join(batch), count)
                    batch, size, count = [], 0, 0
            self.exchange(connection, b"".join(batch), count)

    @staticmethod
    def exchange(connection, data, count):
        connection.sendall(data)
        while count > 0:
            got = connection.recv(1 << 18)
            if not got or b"-ERR" in got:
                sys.exit("fill: %r" % got[:200])
            count -= got.count(b"\n")

    def cpu_seconds(self):
        """What all threads that live now have run, in nanosecond steps."""
        tasks = "/proc/%d/task" % self.process.pid
        total = 0
        for task in os.listdir(tasks):
            with contextlib.suppress(FileNotFoundError):  # it has ended since
                with open("%s/%s/schedstat" % (tasks, task)) as file:
                    total += int(file.read().split()[0])
        return total / 1e9

    def rss_bytes(self):
        with open("/proc/%d/statm" % self.process.pid) as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def pss_bytes(self):
        """With its children. Whoever asks makes the process wait for milliseconds."""
        pid = self.process.pid
        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
            pids = [pid, *map(int, file.read().split())]
        total = 0
        for each in pids:
            with contextlib.suppress(OSError):  # it has ended since
                with open("/proc/%d/smaps_rollup" % each) as file:
                    total += 1024 * int(re.search(r"^Pss: +(\d+)", file.read(), re.M)[1])
        return total
