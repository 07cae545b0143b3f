"""A primary that says what a test wants it to say."""
import socket
import threading

ID = "a" * 40
EMPTY = b"REDIS0010\xff" + bytes(8)  # a data set without keys; zeros: no checksum


def read_request(stream):
    """The bytes of one request, in however many pieces they come; none at the end."""
    data = stream.readline()
    for _ in range(int(data[1:]) if data else 0):
        size = stream.readline()
        data += size + stream.read(int(size[1:]) + 2)
    return data


class FakePrimary:
    """Shakes hands as a primary does, answers PSYNC with `answers`, one for each link, and then
    leaves the link as it is. An answer is what is sent, or does the sending. `asked` are the
    PSYNCs."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = []
        self.links = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for link in self.links:
            link.close()

    def _accept(self):
        while True:
            try:
                link = self.listener.accept()[0]
            except OSError:
                return
            self.links.append(link)
            threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link):
        try:
            stream = link.makefile("rb")
            while b"PSYNC" not in (data := read_request(stream)):
                if not data:
                    return
                link.sendall(b"+PONG\r\n" if b"PING" in data else b"+OK\r\n")
            self.asked.append(data.decode().split("\r\n"))
            if self.answers:
                answer = self.answers.pop(0)
                answer(link) if callable(answer) else link.sendall(answer)
        except OSError:
            pass


def full(snapshot=EMPTY, offset=0, head=None):
    """FULLRESYNC and a snapshot with its length, or with another head."""
    head = b"$%d\r\n" % len(snapshot) if head is None else head
    return b"+FULLRESYNC %s %d\r\n%s%s" % (ID.encode(), offset, head, snapshot)
