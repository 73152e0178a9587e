"""The journal of the task: what was decided is on disk before it is acted on.

One line for each transition: CRC-32 of the rest as eight hex digits, a space, one JSON object.
`append` returns only after fsync. The last line says how things stand.

Why not SQLite: the journal needs one writer, one kind of record and its last line only. A file
that is only appended to can be read with any editor beside the cell, has no pages, locks or
write-ahead log of its own to repair, and its few ways to break are all named here:

- A line without its end was torn by a crash while being written. It was never acted on; it is cut
  off when the journal is opened.
- A whole line with a wrong checksum is damage. What it said cannot be known, so nothing is
  guessed: JournalError names file and line and what to do.
- A full or failing disk: `append` raises OSError and leaves the file as it was.
- A second process: the lock beside the file is taken, OSError.

`compact` keeps the last record only. It replaces the file whole or not at all.
"""

from __future__ import annotations

import fcntl
import json
import os
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hrc_cell.adapters.record.disk import sync_folder, write_at

Record = dict[str, Any]


class JournalError(ValueError):
    """The journal is damaged and says nothing that may be relied on."""


def encode(record: Mapping[str, Any]) -> bytes:
    """Return the line of a record."""
    text = json.dumps(record, separators=(",", ":"), allow_nan=False).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def decode(line: bytes) -> Record:
    """Return the record of a line without its end. Raises ValueError if it is damaged."""
    text = line[9:]
    if line[:9] != b"%08x " % zlib.crc32(text):
        raise ValueError("wrong checksum")
    record = json.loads(text)
    if not isinstance(record, dict):
        raise ValueError("not an object")
    return record


class Journal:
    """The journal, opened for appending by one process at a time."""

    def __init__(self, path: Path) -> None:
        """Open or begin the journal. Raises JournalError if it is damaged, OSError."""
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(path.with_name(path.name + ".lock"))
        self._file = -1
        try:
            self._open()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        data = self.path.read_bytes()
        self._size = data.rfind(b"\n") + 1
        self._last = self._read(data[: self._size])
        self._trim()
        sync_folder(self.path.parent)

    @property
    def last(self) -> Record | None:
        """Return the last record, None if there is none."""
        return self._last

    def append(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Write records behind the last one and return when they are on disk.

        Raises OSError if they could not be written; then nothing counts as written. A crash in the
        middle may leave the first of them, each whole: every record must be one to go on from.
        """
        data = b"".join(map(encode, records))
        try:
            self._trim()  # what an attempt before this one may have left
            write_at(self._file, data, self._size)
            os.fsync(self._file)
        except OSError:
            self._forget()
            raise
        self._size += len(data)
        self._last = dict(records[-1])

    def compact(self) -> None:
        """Keep the last record only. Raises OSError, then nothing has changed."""
        if self._last is None:
            return
        data = encode(self._last)
        part = self.path.with_name(self.path.name + ".part")
        file = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            write_at(file, data, 0)
            os.fsync(file)
            part.replace(self.path)
        except OSError:
            os.close(file)
            raise
        os.close(self._file)
        self._file, self._size = file, len(data)
        sync_folder(self.path.parent)

    def close(self) -> None:
        """Let another process have it."""
        for file in (self._file, self._lock):
            if file >= 0:
                os.close(file)
        self._file = self._lock = -1

    def _read(self, data: bytes) -> Record | None:
        last = None
        for number, line in enumerate(data.split(b"\n")[:-1], start=1):
            try:
                last = decode(line)
            except ValueError as error:
                raise JournalError(
                    f"{self.path}: line {number} is damaged ({error}); what was confirmed cannot "
                    "be known from it. See that nobody holds a part and the gripper is empty, "
                    "then move the file away (keep it) and start again"
                ) from error
        return last

    def _trim(self) -> None:
        """Cut off what stands behind the last whole record."""
        if os.fstat(self._file).st_size != self._size:
            os.ftruncate(self._file, self._size)
            os.fsync(self._file)

    def _forget(self) -> None:
        """Try to cut off what a failed attempt left; the next attempt tries again."""
        try:
            os.ftruncate(self._file, self._size)
        except OSError:
            return


def put_aside(path: Path) -> None:
    """Keep a journal under the name *.before, so that the next one begins empty.

    Raises OSError if a task manager works with it.
    """
    if path.exists():
        lock = _lock(path.with_name(path.name + ".lock"))
        try:
            path.replace(path.with_suffix(".before"))
        finally:
            os.close(lock)


def _lock(path: Path) -> int:
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(file)
        raise OSError(
            error.errno, f"another task manager works with this journal, end it first: {path}"
        ) from error
    return file
