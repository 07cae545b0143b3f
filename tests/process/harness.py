"""What the process tests share: a server process, a raw connection, measurements from /proc.

The server under test is the environment's LARDER_SERVER. LARDER_SANITIZED=1 says that it is a
sanitizer build: slower and fatter, so counts are smaller and memory is not measured. LARDER_SLOW
names tests/faults/slow_machine.cc as a library: servers without other faults run on such a machine,
where counts are smaller and nothing is measured either.
"""
import os
import random
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

SERVER = os.environ.get("LARDER_SERVER", "build/larder-server")
BUILD = os.path.dirname(os.path.abspath(SERVER))  # the build folder: what tests fetch is kept here
SLOW_MACHINE = os.environ.get("LARDER_SLOW", "")
REDUCED = os.environ.get("LARDER_SANITIZED") == "1" or SLOW_MACHINE != ""
DEADLINE_S = 20


def free_port():
    """A port that nobody has, below those that outgoing connections are given: between our look and
    the server's bind they would take it now and then."""
    while True:
        port = random.randrange(10000, 32768)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


def wait_until(condition, what, seconds=DEADLINE_S):
    """Polls until the condition holds; fails naming `what` when it never does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("never happened: " + what)
        time.sleep(0.005)


def wait_for_end(process, seconds=DEADLINE_S):
    """Its exit status. Where it does not end: what its threads are at, and kills it."""
    try:
        wait_until(lambda: process.poll() is not None, "the end of the process", seconds)
    except AssertionError:
        threads = threads_of(process.pid)
        process.kill()
        process.wait()
        raise AssertionError("the process does not end; its threads:\n" + threads)
    return process.returncode


def threads_of(pid):
    """A line for each thread: its name, and what it asks of the kernel."""
    lines = []
    for task in sorted(os.listdir("/proc/%d/task" % pid), key=int):
        parts = [task]
        for name in ("comm", "wchan", "syscall"):
            with open("/proc/%d/task/%s/%s" % (pid, task, name)) as file:
                parts.append(file.read().strip())
        lines.append(" ".join(parts))
    return "\n".join(lines)


class Wire:
    """A blocking connection that sends bytes and reads replies; it hides nothing."""

    def __init__(self, address, source=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        if not isinstance(address, str) and ":" in address[0]:
            family = socket.AF_INET6
        self.socket = socket.socket(family, socket.SOCK_STREAM)
        self.socket.settimeout(DEADLINE_S)
        self.buffer = b""
        try:
            if source:
                self.socket.bind(source)
            self.socket.connect(address)
        except OSError:
            self.socket.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def call(self, *words):
        self.send(encode(*words))
        return self.reply()

    def _more(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise EOFError
        self.buffer += data

    def _line(self):
        while b"\r\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def _bytes(self, count):
        parts = [self.buffer]
        have = len(self.buffer)
        while have < count:
            parts.append(self.socket.recv(1 << 16))
            if not parts[-1]:
                raise EOFError
            have += len(parts[-1])
        data = b"".join(parts)
        self.buffer = data[count:]
        return data[:count]

    def reply(self):
        """One RESP2 reply: bytes for statuses, errors (with their -) and bulks, int, list, None."""
        line = self._line()
        kind, rest = line[:1], line[1:]
        if kind == b"+":
            return rest
        if kind == b"-":
            return line
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if rest == b"-1" else self._bytes(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.reply() for _ in range(int(rest))]
        raise AssertionError("not a RESP2 reply: %r" % line)

    def rest(self):
        """Everything until the server closes the connection."""
        try:
            while True:
                self._more()
        except (EOFError, ConnectionResetError):
            data, self.buffer = self.buffer, b""
            return data

    def reset(self):
        """Closes with RST instead of FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()


def accepts(address):
    """Whether somebody listens there. A socket's file is there before that."""
    try:
        with Wire(address):
            return True
    except OSError:
        return False


def encode(*words):
    out = [b"*%d\r\n" % len(words)]
    for word in words:
        word = word if isinstance(word, bytes) else str(word).encode()
        out.append(b"$%d\r\n%s\r\n" % (len(word), word))
    return b"".join(out)


class Server:
    """A server process in a folder of its own, on a free loopback port."""

    def __init__(self, *options, files=None, environment=None, address="127.0.0.1", wait=True,
                 program=SERVER, port=None):
        self.port = port or free_port()
        self.address = (address, self.port)
        self.folder = tempfile.mkdtemp(prefix="larder-test-")
        self.log_path = os.path.join(self.folder, "output")
        options = list(options)
        file = [options.pop(0)] if options and str(options[0]).endswith(".conf") else []
        command = [os.path.abspath(program), *file, "--port", str(self.port), "--save", "",
                   "--enable-debug-command", "yes"]
        if "--bind" not in options:
            command += ["--bind", "127.0.0.1"]
        if SLOW_MACHINE and program == SERVER and environment is None:
            environment = {"LD_PRELOAD": os.path.abspath(SLOW_MACHINE)}
            command += [] if "--io-uring" in options else ["--io-uring", "no"]

        def limit_files():
            if files:
                resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(command + [str(word) for word in options],
                                            cwd=self.folder, stdout=log, stderr=log,
                                            preexec_fn=limit_files if files else None,
                                            env=dict(os.environ, **(environment or {})))
        if wait:
            try:
                wait_until(self.answers, "the first PONG")
            except BaseException:
                self.process.kill()
                self.process.wait()
                raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.stop()
        log = self.log() if REDUCED else ""
        subprocess.run(["rm", "-rf", self.folder], check=True)
        if "Sanitizer: " in log:
            raise AssertionError("a sanitizer found something:\n" + log)

    def answers(self):
        if self.process.poll() is not None:
            status = self.process.returncode
            raise AssertionError("the server ended with %s:\n%s" % (status, self.log()))
        try:
            with self.wire() as wire:
                return wire.call("PING") in (b"PONG", b"-NOAUTH Authentication required.")
        except OSError:
            return False

    def wire(self, **options):
        return Wire(self.address, **options)

    def call(self, *words):
        with self.wire() as wire:
            return wire.call(*words)

    def stop(self, how=signal.SIGTERM):
        """Ends it and returns its exit status; a sanitizer's finding shows there."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            return wait_for_end(self.process)
        except AssertionError as error:
            raise AssertionError("%s\n%s" % (error, self.log()))  # with what failed before it

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return log.read()

    def await_log(self, text):
        """What a server logs of a thing may come a moment after what else shows it."""
        wait_until(lambda: text in self.log(), "%r in the log" % text)

    def info(self, field):
        for line in self.call("INFO", "everything").decode().split("\r\n"):
            if line.startswith(field + ":"):
                return line.split(":", 1)[1]
        raise AssertionError("INFO has no " + field)

    def clients(self):
        """Connections beside the one that asks."""
        return int(self.info("connected_clients")) - 1

    def rss(self):
        """Resident bytes."""
        with open("/proc/%d/statm" % self.process.pid) as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def peak_rss(self):
        """The most that it ever was."""
        with open("/proc/%d/status" % self.process.pid) as status:
            return int(status.read().split("VmHWM:")[1].split()[0]) * 1024

    def cpu(self):
        """Seconds of CPU used so far, by all threads."""
        with open("/proc/%d/stat" % self.process.pid) as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def open_files(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))


NOT_FETCHED = {}  # why, by name: asking once takes long enough


def fetch(name, command, result):
    """A folder build/NAME that `command` fills, once, as a test's first need of it; the test is
    skipped where that fails, since not every machine reaches the package registries."""
    folder = os.path.join(BUILD, name)
    if name in NOT_FETCHED:
        raise unittest.SkipTest(NOT_FETCHED[name])
    if not os.path.exists(os.path.join(folder, result)):
        os.makedirs(folder, exist_ok=True)
        try:
            done = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, timeout=300,
                                  capture_output=True, text=True, shell=True)
            problem = (done.stderr or done.stdout).strip()[-500:] if done.returncode else ""
        except subprocess.TimeoutExpired:
            problem = "no answer"
        if not os.path.exists(os.path.join(folder, result)):
            why = "%s can not be had: %s" % (name, problem or "no " + result)
            NOT_FETCHED[name] = why
            raise unittest.SkipTest(why)
    return folder


def find_redis():
    """The path of redis-server, which some tests ask what is right; None where there is none. Under
    its own name, or under the one that tests/run.sh gives to redis-check-rdb."""
    for path in (shutil.which("redis-server"), os.path.join(BUILD, "redis-server"),
                 os.path.join(os.path.dirname(BUILD), "redis-server")):
        if path and os.path.exists(path):
            return path
    return None


def redis_server():
    """The same; skips the test where there is none."""
    path = find_redis()
    if not path:
        raise unittest.SkipTest("no redis-server")
    return path


class ServerTest(unittest.TestCase):
    """A test with one server for each test method, started with the class's options."""
    options = ()

    def setUp(self):
        self.server = Server(*self.options)
        self.addCleanup(self._stop)

    def _stop(self):
        status = self.server.stop()
        log = self.server.log()
        self.server.__exit__()
        self.assertEqual(status, 0, log)
