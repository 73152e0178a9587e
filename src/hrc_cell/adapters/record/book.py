"""A book of what people told each other: only appended to, on disk before anybody is shown it.

Lines as in the journal: CRC-32 of the rest, a space, one JSON object. Every record says all of its
subject as it stands, so the last sound one of each counts. What can go wrong, and what follows:

- A crash tore the last line: nobody was shown it. It is cut off when the book is opened.
- A whole line is damaged: it is skipped, counted in `damaged` and stays where it is. Its subject
  stands as it stood before that line, which is further from being done: it is shown once more.
- A full or failing disk: `append` raises OSError, the file is as it was.
- A second process: the lock beside the file is taken, OSError.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hrc_cell.adapters.record.disk import sync_folder, write_at
from hrc_cell.adapters.record.journal import decode, encode

MODE_FILE, MODE_FOLDER = 0o600, 0o700


class Book:
    """A book, opened by one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open or begin the book. Raises OSError."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True, mode=MODE_FOLDER)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE_FILE)
        try:
            self._lock()
            data = path.read_bytes()
            self._size = data.rfind(b"\n") + 1
            self.records: list[dict[str, Any]] = []
            """What stood in it when it was opened, in order."""
            self.damaged = 0
            """Lines that were skipped."""
            for line in data[: self._size].split(b"\n")[:-1]:
                try:
                    self.records.append(decode(line))
                except ValueError:
                    self.damaged += 1
            self._trim()
            sync_folder(path.parent)
        except BaseException:
            self.close()
            raise

    def append(self, record: Mapping[str, Any]) -> None:
        """Write a record and return when it is on disk. Raises OSError, then nothing was written.

        Thread-safe only by being called from one thread at a time.
        """
        data = encode(record)
        try:
            self._trim()  # what an attempt before this one may have left
            write_at(self._file, data, self._size)
            os.fsync(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def close(self) -> None:
        """Let another process have it."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OSError(
                error.errno,
                f"another operator page works with this book, end it first: {self.path}",
            ) from error

    def _trim(self) -> None:
        """Cut off what stands behind the last whole line."""
        if os.fstat(self._file).st_size != self._size:
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)
