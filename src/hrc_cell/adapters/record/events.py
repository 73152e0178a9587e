"""The event log: one JSON line for each event and decision.

Each line is {"stamp": RFC 3339 in UTC with nanoseconds, "mono_s": seconds of the monotonic clock
when it was written, "source": node, "kind": what it is, "data": {...}}. A new file begins with each
start and when one has grown to `size_max_mb`; the oldest beyond `files_max` are deleted.

The record never harms anyone else: a disk that is full or fails stops the writing, not the writer.
`write` then returns False, counts what is lost and tries to begin a new file `RETRY_S` later; the
first line of that file says how many were lost.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

RETRY_S = 5.0
PREFIX, SUFFIX = "events-", ".jsonl"


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


class EventLog:
    """Writes lines to the newest of a bounded number of files."""

    def __init__(self, folder: Path, *, size_max_mb: float, files_max: int) -> None:
        self._folder = folder
        self._size_max = int(size_max_mb * 1e6)
        self._files_max = files_max
        self._file: Any = None
        self._size = 0
        self._retry_at_s = -math.inf
        self.path: Path | None = None
        self.lost = 0
        self.error = ""

    def write(
        self, *, stamp_ns: int, mono_s: float, source: str, kind: str, data: Mapping[str, Any]
    ) -> bool:
        """Write one line and flush it. Return False, with `error` set, where it is lost."""
        line = {
            "stamp": rfc3339(stamp_ns), "mono_s": round(mono_s, 6), "source": source,
            "kind": kind, "data": finite(data),
        }  # fmt: skip
        text = json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        try:
            if self._file is None or self._size + len(text) > self._size_max:
                self._begin(stamp_ns, mono_s)
            self._put(text)
        except OSError as error:
            self._give_up(error, mono_s)
            return False
        self.error = ""
        return True

    def close(self) -> None:
        """End the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _begin(self, stamp_ns: int, mono_s: float) -> None:
        if mono_s < self._retry_at_s:
            raise OSError(self.error)
        self.close()
        self._folder.mkdir(parents=True, exist_ok=True)
        old = sorted(self._folder.glob(f"{PREFIX}*{SUFFIX}"))
        for path in old[: max(0, len(old) - self._files_max + 1)]:
            path.unlink(missing_ok=True)
        name = rfc3339(stamp_ns).replace(":", "").replace(".", "-")
        path = self._folder / f"{PREFIX}{name}{SUFFIX}"
        self._file = path.open("ab", buffering=0)
        self.path, self._size = path, path.stat().st_size
        if self.lost:
            lost = {"lost": self.lost, "reason": self.error}
            line = {
                "stamp": rfc3339(stamp_ns), "mono_s": round(mono_s, 6), "source": "recorder",
                "kind": "record_gap", "data": lost,
            }  # fmt: skip
            self._put(json.dumps(line, separators=(",", ":")).encode() + b"\n")
            self.lost = 0

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
        try:
            self.close()
        except OSError:
            self._file = None
