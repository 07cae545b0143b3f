"""A disk that misbehaves, for servers that are started with `Disk.environment`: it loses what was
not synced when the power is cut, or refuses calls. See tests/faults/disk_faults.cc."""
import errno
import os
import shutil
import tempfile
import unittest

from harness import Server, wait_until

LIBRARY = os.environ.get("LARDER_FAULTS", "")


class Disk:
    def __init__(self, folder):
        """For everything under the folder."""
        if not os.path.exists(LIBRARY):
            raise unittest.SkipTest("no library of disk faults")
        self.folder = os.path.realpath(folder)
        self.aside = tempfile.mkdtemp(prefix="larder-disk-", dir=os.path.dirname(self.folder))
        self.journal = os.path.join(self.aside, "journal")
        self.switch = os.path.join(self.aside, "switch")
        open(self.journal, "w").close()
        self.environment = {"LD_PRELOAD": LIBRARY, "FAULTS_DIR": self.folder,
                            "FAULTS_JOURNAL": self.journal, "FAULTS_SWITCH": self.switch}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.aside)

    def fail(self, call, error, part=""):
        """Such calls fail, of all files or of those with this part in their paths."""
        with open(self.switch + ".new", "w") as switch:
            switch.write("%s %d %s" % (call, error, part))
        os.rename(self.switch + ".new", self.switch)

    def hold(self, call, part=""):
        """Such calls wait until the disk works again."""
        if os.path.exists(self.switch + ".held"):
            os.unlink(self.switch + ".held")
        self.fail(call, 0, part)

    def await_held(self):
        """Until one waits."""
        wait_until(lambda: os.path.exists(self.switch + ".held"), "a call that is held")

    def work(self):
        if os.path.exists(self.switch):
            os.unlink(self.switch)

    def cut_power(self):
        """Takes back what was not on disk. REQUIRES: the server has been killed."""
        with open(self.journal) as journal:
            lines = [line.rstrip("\n").split(" ") for line in journal]
        # Names: back to what they were at the last sync of their folder.
        synced, kept_lines = set(), []
        for line in reversed(lines):
            if line[0] == "names":
                synced.add(line[1])
            elif line[0] != "size" and os.path.dirname(line[-1]) not in synced:
                self._undo(line)
                continue
            kept_lines.append(line)
        # Contents: what the last sync of each file has seen; a file goes by its names.
        sizes = {}
        for line in reversed(kept_lines):
            if line[0] == "size":
                sizes[line[2]] = int(line[1])
            elif line[0] == "made":
                sizes[line[1]] = 0
            elif line[0] == "moved" and line[2] in sizes:
                sizes[line[3]] = sizes.pop(line[2])
        for path, size in sizes.items():
            if os.path.exists(path) and os.path.getsize(path) > size:
                os.truncate(path, size)
        os.truncate(self.journal, 0)

    @staticmethod
    def _undo(line):
        if line[0] == "made":
            if os.path.exists(line[1]):
                os.unlink(line[1])
        elif line[0] == "gone":
            os.replace(line[1], line[2])
        else:
            _, kept, before, now = line
            if os.path.exists(now):
                os.replace(now, before)
            if kept != "-":
                os.replace(kept, now)


ENOSPC, EIO, EROFS = errno.ENOSPC, errno.EIO, errno.EROFS


class DiskTest(unittest.TestCase):
    """A test with a folder, which no server has at the beginning, on such a disk."""

    def setUp(self):
        self.place = Server()
        self.addCleanup(self.place.__exit__)
        self.place.stop()
        self.disk = Disk(self.place.folder)
        self.addCleanup(self.disk.__exit__)
