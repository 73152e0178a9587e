"""What a record says of the work, read from its files: `hrc_cell.core.spans` over their lines.

Files are read once, the first time back to the one in which the time that is kept began, and from
then on only what was added; a file is never read twice and no file before that is opened, however
long the record is. Of what was read only spans stay, those of the last `keep_s` seconds and at most
SPANS_MAX. `read` takes a bounded piece at a time, so that whoever asks need not hold others up.

What cannot be read is a gap: a torn or damaged line, a file that is gone. The newest file may end
in a part of a line: it is left for the next time.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

from hrc_cell.adapters.record.events import record_files
from hrc_cell.core.safety import State
from hrc_cell.core.spans import Gap, Mark, Open, PermitMark, Span, TaskMark, fold
from hrc_cell.core.task import Op, Phase

PIECE = 1 << 22
LINE_MAX = 1 << 20
"""Bytes; a longer line is none."""
SPANS_MAX = 200_000
KINDS = (b'"kind":"task"', b'"kind":"permit"', b'"kind":"record_')
"""Marks of the lines that are looked into; most are samples, which say nothing new."""


class Spans:
    """The spans of a record. `folder`: that of its files."""

    def __init__(self, folder: Path, *, keep_s: float) -> None:
        self._folder, self._keep_s = folder, keep_s
        self._open = Open()
        self._file: Path | None = None
        self._offset = 0
        self.spans: deque[Span] = deque(maxlen=SPANS_MAX)
        self.since_s: float | None = None
        """Of the first line that was read, None while there is none."""
        self.damaged = 0
        """Lines that could not be read."""

    def read(self, now_s: float) -> bool:
        """Read on for about PIECE bytes; return whether all is read. Raises OSError."""
        files = record_files(self._folder)
        if self._file is None:
            self._file = _first(files, now_s - self._keep_s)
            if self._file is None:
                return True
        elif self._file not in files:  # deleted under way: what stood in the rest nobody knows
            later = [path for path in files if path.name > self._file.name]
            self._take(_gap_after(self._open))
            if not later:
                return True
            self._file, self._offset = later[0], 0
        try:
            at_end = self._piece(self._file, is_newest=self._file == files[-1])
        except FileNotFoundError:  # deleted just now
            return False
        self._forget(now_s - self._keep_s)
        if at_end and self._file != files[-1]:
            self._file, self._offset = files[files.index(self._file) + 1], 0
            at_end = False
        return at_end

    def _piece(self, path: Path, *, is_newest: bool) -> bool:
        """Read a piece of a file; return whether it ends there."""
        left = PIECE
        with path.open("rb") as file:
            if file.seek(0, 2) < self._offset:  # what a crash left without an end was cut off
                self._offset = file.tell()
            file.seek(self._offset)
            for line in _lines(file):
                if line.endswith(b"\n") or len(line) > LINE_MAX:
                    self._offset += len(line)
                    self._hear(line)
                elif not is_newest:
                    self._offset += len(line)
                    self._damage()
                else:
                    return True
                left -= len(line)
                if left <= 0:
                    return False
        return True

    def _hear(self, line: bytes) -> None:
        if len(line) > LINE_MAX:
            self._damage()
        elif any(kind in line for kind in KINDS):
            try:
                mark = mark_of(json.loads(line))
            except (ValueError, KeyError, TypeError):
                self._damage()
            else:
                self.since_s = mark.at_s if self.since_s is None else self.since_s
                self._take(mark)
        elif not line.endswith(b"}\n"):
            self._damage()

    def _damage(self) -> None:
        self.damaged += 1
        self._take(_gap_after(self._open))

    def _take(self, mark: Mark) -> None:
        self._open, spans = fold(self._open, mark)
        self.spans.extend(spans)

    def _forget(self, before_s: float) -> None:
        """Forget what began too long ago; spans stand about in the order of their ends."""
        while self.spans and self.spans[0].begun_s < before_s:
            self.spans.popleft()


def mark_of(line: Any) -> Mark:
    """Return what a line says. Raises ValueError, KeyError or TypeError if it is none."""
    data = line["data"]
    at_s, mono_s = seconds(line["stamp"]), float(line["mono_s"])
    if line["kind"] == "task":
        return TaskMark(
            at_s=at_s, mono_s=mono_s, phase=Phase[data["phase"]], recipe=str(data["recipe"]),
            run_id=str(data["run_id"]), cycle=int(data["cycle"]), step=str(data["step"]),
            op=Op(data["op"]),
        )  # fmt: skip
    if line["kind"] == "permit":
        cause = str(data["cause"]).partition(":")[0]
        return PermitMark(at_s=at_s, mono_s=mono_s, state=State(data["state"]), cause=cause)
    return Gap(at_s=at_s, mono_s=mono_s)


def seconds(stamp: str) -> float:
    """Return the seconds since 1970 of a stamp of the record. Raises ValueError.

    >>> seconds("2023-11-14T22:13:20.500000000Z")
    1700000000.5
    """
    whole = datetime.fromisoformat(stamp[:19]).replace(tzinfo=timezone.utc)
    return whole.timestamp() + int(stamp[20:29]) * 1e-9


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, one without an end in parts."""
    while line := file.readline(LINE_MAX + 1):
        yield line


def _first(files: list[Path], from_s: float) -> Path | None:
    """Return the file to begin with: the newest one that was begun before an instant."""
    for path in reversed(files):
        if _begun_s(path) <= from_s:
            return path
    return files[0] if files else None


def _begun_s(path: Path) -> float:
    """Return when a file was begun, by its name; one of another kind counts as new."""
    date, _, time = path.stem.partition("-")[2].partition("-")[2].partition("T")
    try:
        return seconds(f"{date}T{time[:2]}:{time[2:4]}:{time[4:6]}.{time[7:16]}Z")
    except ValueError:
        return float("inf")


def _gap_after(now: Open) -> Gap:
    """Return a gap at the last mark."""
    last = now.last
    return Gap(at_s=0.0, mono_s=0.0) if last is None else Gap(at_s=last.at_s, mono_s=last.mono_s)
