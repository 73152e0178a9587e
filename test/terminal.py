"""A program in a terminal of its own, and the person before it, played by a test."""

import os
import re
import select
import subprocess
import sys
import time

LIMIT_S = 60.0


class Terminal:
    """A program in a terminal of its own, and the person before it."""

    def __init__(self, *words):
        self._master, slave = os.openpty()
        command = [sys.executable, "-m", "hrc_cell.cli.main", *map(str, words)]
        self.child = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        )
        os.close(slave)
        self.shown = ""
        self._at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        os.close(self._master)

    def read(self):
        try:
            came = os.read(self._master, 4096).decode()
        except OSError:  # the program has ended
            came = ""
        self.shown += came
        return bool(came)

    def wait(self, pattern):
        """Return the match once the program has shown this, after what was waited for before."""
        end_s = time.monotonic() + LIMIT_S
        while not (found := re.compile(pattern).search(self.shown, self._at)):
            ready, _, _ = select.select([self._master], [], [], end_s - time.monotonic())
            assert ready and self.read(), f"no {pattern!r} in: {self.shown}"
        self._at = found.end()
        return found

    def type(self, text):
        os.write(self._master, f"{text}\n".encode())

    def end(self):
        while self.read():
            pass
        return self.child.wait(LIMIT_S)
