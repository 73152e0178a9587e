"""The audit trail: who signed in, was locked out, paired a tablet, confirmed what and when.

Lines of `chain`, only appended to, on disk (fsync) when `append` returns. Files are named
`audit-<number>.jsonl`; a new one begins when one has grown to its bound, and goes on with the
chain. None is ever deleted: that is a person's decision. `audit.head` beside them holds number and
hash of the last line, so that lines taken off the end are missed.

Several processes may write (the page, and commands on the terminal): each append holds a lock and
looks first where the trail has got to.

What can go wrong, and what follows:

- A crash tore the last line. It was never acted on. It stays where it is; the next line, of kind
  TORN, names its length and hash, so that `verify` can tell it from a line that was changed.
- The trail does not end as the head says, or its last line is damaged: a line of kind DAMAGED says
  so and the trail goes on behind it. `verify` reports it for ever.
- A full or failing disk: `append` raises OSError, the file is as it was, nothing counts as written.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hrc_cell.adapters.record.chain import Link, decode, encode
from hrc_cell.adapters.record.disk import sync_folder, write_at
from hrc_cell.adapters.record.events import finite, rfc3339

FOLDER = "audit"
PREFIX, SUFFIX, HEAD, LOCK = "audit-", ".jsonl", "audit.head", "audit.lock"
TORN, DAMAGED = "audit_torn", "audit_damaged"
LOCK_S, LOCK_POLL_S = 1.0, 0.01
MODE_FILE, MODE_FOLDER = 0o600, 0o700


class Audit:
    """The trail in one folder."""

    def __init__(self, folder: Path, *, size_max_mb: float) -> None:
        self.folder = folder
        self._size_max = int(size_max_mb * 1e6)
        self._at: tuple[Path, int] | None = None  # the file written last, and its size then
        self._link = Link()  # its last line

    def append(self, kind: str, data: Mapping[str, Any], *, stamp_ns: int | None = None) -> int:
        """Write one line, wait until it is on disk, and return its number. Raises OSError."""
        stamp = rfc3339(time.time_ns() if stamp_ns is None else stamp_ns)
        self.folder.mkdir(parents=True, exist_ok=True, mode=MODE_FOLDER)
        with _locked(self.folder / LOCK, fcntl.LOCK_EX):
            path, size, link, before = self._catch_up(stamp)
            line, link = encode(link, stamp=stamp, kind=kind, data=finite(data))
            self._put(path, size, before + line, link)
        return link.seq

    def _catch_up(self, stamp: str) -> tuple[Path, int, Link, bytes]:
        """Return the newest file, its size, the last link, and what to write before a new line.

        That says what is wrong with the end.
        """
        files = audit_files(self.folder)
        newest = files[-1] if files else self.folder / _name(1)
        size = newest.stat().st_size if files else 0
        if self._at == (newest, size):
            return newest, size, self._link, b""
        end = read_end(files)
        link, before = end.link, b"\n" if end.unended else b""
        if end.torn:
            told = {"bytes": len(end.torn), "sha256": hashlib.sha256(end.torn).hexdigest()}
            line, link = encode(link, stamp=stamp, kind=TORN, data=told)
            before += line
        if why := end.why or missing(end.link, read_head(self.folder)):
            line, link = encode(link, stamp=stamp, kind=DAMAGED, data={"why": why})
            before += line
        return newest, size, link, before

    def _put(self, path: Path, size: int, data: bytes, link: Link) -> None:
        """Write behind the end; on a failure nothing has changed. Raises OSError."""
        self._at = None  # until it is on disk
        begins = size == 0
        if size and size + len(data) > self._size_max:
            if data.startswith(b"\n"):  # the end of a line without one stays with it
                _write(path, size, data[:1])
                data = data[1:]
            path, size, begins = path.with_name(_name(_number(path) + 1)), 0, True
        _write(path, size, data)
        if begins:
            sync_folder(self.folder)
        self._at, self._link = (path, size + len(data)), link
        with contextlib.suppress(OSError):  # the line is on disk; the head may lag behind
            _write_head(self.folder, link)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a trail ends."""

    link: Link
    """The last sound line."""
    unended: bool = False
    """The file ends without the end of a line."""
    torn: bytes = b""
    """The part of a line that a crash left there."""
    why: str = ""
    """What is wrong with the last whole line."""


def read_end(files: list[Path]) -> End:
    """Return how the trail in these files ends. Raises OSError."""
    torn, why, unended = b"", "", False
    for path in reversed(files):
        whole, _, rest = path.read_bytes().rpartition(b"\n")
        if path == files[-1] and rest:
            unended = True
            try:  # all of it is there but its end
                return End(link=decode(rest).link, unended=True)
            except ValueError:
                torn = rest
        while whole:
            before, _, line = whole.rpartition(b"\n")
            try:
                return End(link=decode(line).link, unended=unended, torn=torn, why=why)
            except ValueError as error:
                number = before.count(b"\n") + 1 + bool(before)
                why = f"{path.name}: line {number} {error}"
            whole = before
    return End(link=Link(), unended=unended, torn=torn, why=why)


def audit_files(folder: Path) -> list[Path]:
    """Return the files of a trail in order."""
    return sorted(folder.glob(f"{PREFIX}*{SUFFIX}"), key=lambda path: (_number(path), path.name))


def read_head(folder: Path) -> Link | None:
    """Return what the head says, None if there is none or it cannot be read."""
    try:
        seq, sha256 = (folder / HEAD).read_text(encoding="ascii").split()
        return Link(seq=int(seq), sha256=sha256)
    except (OSError, ValueError):
        return None


def missing(link: Link, head: Link | None) -> str:
    """Return what is missing at the end of a trail that ends with `link`, "" if nothing is.

    The head may lag behind, by the line that a crash came after.
    """
    if head is None:
        return "" if link.seq <= 1 else "audit.head is missing or cannot be read"
    if head.seq > link.seq or (head.seq == link.seq and head.sha256 != link.sha256):
        return f"the trail ended with line {head.seq}, hash {head.sha256}; that is gone"
    return ""


def _name(number: int) -> str:
    return f"{PREFIX}{number:06d}{SUFFIX}"


def _write(path: Path, size: int, data: bytes) -> None:
    """Write `data` at the end of a file of this size, onto the disk; or leave it as it was."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, MODE_FILE)
    try:
        write_at(file, data, size)
        os.fsync(file)
    except OSError:
        with contextlib.suppress(OSError):
            os.ftruncate(file, size)
        raise
    finally:
        os.close(file)


def _write_head(folder: Path, link: Link) -> None:
    file = os.open(folder / HEAD, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, MODE_FILE)
    try:
        os.pwrite(file, f"{link.seq:020d} {link.sha256}\n".encode("ascii"), 0)
    finally:
        os.close(file)


@contextlib.contextmanager
def reading(folder: Path) -> Iterator[None]:
    """Keep writers waiting, where the trail has a lock. Raises OSError."""
    if not (folder / LOCK).exists():  # a copy
        yield
        return
    with _locked(folder / LOCK, fcntl.LOCK_SH):
        yield


@contextlib.contextmanager
def _locked(path: Path, how: int) -> Iterator[None]:
    """Hold the lock of a trail. Raises OSError if another process does not give it back."""
    flags = os.O_RDONLY if how == fcntl.LOCK_SH else os.O_RDWR | os.O_CREAT
    file = os.open(path, flags | os.O_CLOEXEC, MODE_FILE)
    try:
        end_s = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(file, how | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end_s:
                    raise OSError(error.errno, f"another process keeps {path} locked") from error
                time.sleep(LOCK_POLL_S)
        yield
    finally:
        os.close(file)


def _number(path: Path) -> int:
    digits = path.stem.removeprefix(PREFIX)
    return int(digits) if digits.isdecimal() else 0
