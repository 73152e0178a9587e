"""The event log: one JSON line for each event and decision.

Each line is {"stamp": RFC 3339 in UTC with nanoseconds, "mono_s": seconds of the monotonic clock
when it was written, "source": node, "kind": what it is, "data": {...}}. A new file begins when one
has grown to `size_max_mb`; the oldest beyond `files_max` are deleted.

Files are named `events-<number>-<time>.jsonl` and in order by number: a clock that was set back
does not make the newest one the oldest. A start goes on with the newest file, so that a writer that
starts again and again does not push out what is old; a line that a crash left without its end is
cut off.

The record never harms anyone else: a disk that is full or fails stops the writing, not the writer.
`write` then returns False, counts what is lost and tries again `RETRY_S` later; the line before the
first one that is written again says how many were lost. Nothing old is deleted before a new file
has a line, and a file that got none is taken away again: tries cost no history.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

RETRY_S = 5.0
BLOCK, TAIL = 1 << 16, 1 << 22
PREFIX, SUFFIX = "events-", ".jsonl"
RECORDS = "records"
"""The folder of the files, beside the journal."""


def rfc3339(stamp_ns: int) -> str:
    """Return nanoseconds since 1970 as a UTC time.

    >>> rfc3339(1_700_000_000_000_000_001)
    '2023-11-14T22:13:20.000000001Z'
    """
    seconds, ns = divmod(stamp_ns, 1_000_000_000)
    moment = datetime.fromtimestamp(seconds, tz=timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{ns:09d}Z"


def finite(value: Any) -> Any:
    """Return the value with None in the place of every number that JSON cannot carry."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def record_files(folder: Path) -> list[Path]:
    """Return the files of a record, the oldest first."""
    found = folder.glob(f"{PREFIX}*{SUFFIX}")
    return sorted(found, key=lambda path: (_number(path), path.name))


def read_lines(path: Path, kinds: frozenset[str]) -> Iterator[dict[str, Any]]:
    """Yield the lines of these kinds. What is cut off or no line is passed over. Raises OSError."""
    marks = [f'"kind":"{kind}"'.encode() for kind in kinds]
    with path.open("rb") as file:
        for line in file:
            if any(mark in line for mark in marks):  # most need not be parsed
                data = _parsed(line)
                if data is not None and data.get("kind") in kinds:
                    yield data


class EventLog:
    """Writes lines to the newest of a bounded number of files."""

    def __init__(self, folder: Path, *, size_max_mb: float, files_max: int) -> None:
        self._folder = folder
        self._size_max = int(size_max_mb * 1e6)
        self._files_max = files_max
        self._file: Any = None
        self._size = 0
        self._retry_at_s = -math.inf
        self._is_new = False  # a file without a line yet
        self.path: Path | None = None
        self.lost = 0
        self.error = ""

    def write(
        self, *, stamp_ns: int, mono_s: float, source: str, kind: str, data: Mapping[str, Any]
    ) -> bool:
        """Write one line and flush it. Return False, with `error` set, where it is lost."""
        text = _line(stamp_ns, mono_s, source, kind, data)
        if self.lost:
            gap = {"lost": self.lost, "reason": self.error}
            text = _line(stamp_ns, mono_s, "recorder", "record_gap", gap) + text
        try:
            if self._file is None or self._size + len(text) > self._size_max:
                self._begin(stamp_ns, mono_s, len(text))
            self._put(text)
        except OSError as error:
            self._give_up(error, mono_s)
            return False
        if self._is_new:
            self._delete_oldest()
        self._is_new, self.lost, self.error = False, 0, ""
        return True

    def newest_lines(self) -> list[dict[str, Any]]:
        """Return the last lines of the record, about TAIL bytes of each of the two newest files."""
        found: list[dict[str, Any]] = []
        with contextlib.suppress(OSError):
            for path in record_files(self._folder)[-2:]:
                with path.open("rb") as file:
                    file.seek(max(0, path.stat().st_size - TAIL))
                    found += filter(None, map(_parsed, file.read().splitlines()))
        return found

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, stamp_ns: int, mono_s: float, room: int) -> None:
        """Open the file that the next `room` bytes go to."""
        if mono_s < self._retry_at_s:
            raise OSError(self.error)
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        files = record_files(self._folder)
        if files and (size := _cut(files[-1])) + room <= self._size_max:
            self.path, self._size = files[-1], size
            self._file = self.path.open("ab", buffering=0)
            return
        number = _number(files[-1]) + 1 if files else 1
        name = rfc3339(stamp_ns).replace(":", "").replace(".", "-")
        self.path, self._size = self._folder / f"{PREFIX}{number:06d}-{name}{SUFFIX}", 0
        self._file, self._is_new = self.path.open("xb", buffering=0), True

    def _delete_oldest(self) -> None:
        """Delete what is too much. What cannot be deleted now is tried with the next file."""
        for path in record_files(self._folder)[: -self._files_max]:
            with contextlib.suppress(OSError):
                path.unlink()

    def _put(self, text: bytes) -> None:
        written = self._file.write(text)
        self._size += written
        if written < len(text):
            raise OSError("the disk took only a part of the line")

    def _give_up(self, error: OSError, mono_s: float) -> None:
        self.lost += 1
        if mono_s >= self._retry_at_s:
            self._retry_at_s = mono_s + RETRY_S
            self.error = str(error)
        if self._is_new and self.path is not None:
            with contextlib.suppress(OSError):
                self.path.unlink()
        self._is_new = False
        try:
            self.close()
        except OSError:
            self._file = None


def _line(stamp_ns: int, mono_s: float, source: str, kind: str, data: Mapping[str, Any]) -> bytes:
    line = {
        "stamp": rfc3339(stamp_ns), "mono_s": round(mono_s, 6), "source": source,
        "kind": kind, "data": finite(data),
    }  # fmt: skip
    return json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def _parsed(line: bytes) -> dict[str, Any] | None:
    """Return a line as data, None for what is only a part of one."""
    try:
        data = json.loads(line)
    except ValueError:
        return None
    return data if isinstance(data, dict) else None


def _number(path: Path) -> int:
    """Return the number in the name of a file, 0 for a name of another kind."""
    digits = path.name.removeprefix(PREFIX).partition("-")[0]
    return int(digits) if digits.isdecimal() else 0


def _cut(path: Path) -> int:
    """Cut off what follows the last whole line and return the size that is left."""
    end = size = path.stat().st_size
    with path.open("rb") as file:
        while end > 0:
            begin = max(0, end - BLOCK)
            file.seek(begin)
            if (found := file.read(end - begin).rfind(b"\n")) >= 0:
                end = begin + found + 1
                break
            end = begin
    if end < size:
        os.truncate(path, end)
    return end
