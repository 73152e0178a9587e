"""The stops of a cell, read from its record: what began each, what came while it lasted, its end.

A stop is every permit in a row that lets the arm stand: from the first one at monitored standstill
or below to the first that lets it move again. A record that begins anew ends what went before: what
happened in between nobody wrote down. Lines are those of `hrc_cell.adapters.record.events`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hrc_cell.adapters.record.events import read_lines, record_files
from hrc_cell.core.safety import State

Line = Mapping[str, Any]
PERMITS = frozenset({"permit", "permit_sample"})
BOUNDS = frozenset({"record_begun", "record_ended"})
KINDS = PERMITS | BOUNDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """One stop. `permits` are its lines, the one that began it first."""

    permits: tuple[Line, ...]
    before: Line | None  # the last permit that let the arm move; None: it stands since the start
    ended: Line | None  # the first that let it move again; None: it still stood
    about: Mapping[str, Any]  # what the record says it is a record of
    last: Line  # the newest line of this part of the record

    @property
    def first(self) -> Line:
        """Return the permit that began it."""
        return self.permits[0]

    @property
    def lasted_s(self) -> float:
        """Return how long it lasted, or had lasted when the record ended [s]."""
        end = self.last if self.ended is None else self.ended
        return max(0.0, _mono_s(end) - _mono_s(self.first))

    def was_at(self, state: State) -> bool:
        """Return whether the permit was at this state at any time of the stop."""
        return any(_state(line) == state for line in self.permits)


def find_stops(lines: Iterable[Line]) -> list[Stop]:
    """Return every stop in these lines, the oldest first."""
    return [stop for part in _parts(lines) for stop in _stops_of(*part)]


def last_stops(folder: Path, count: int) -> list[Stop]:
    """Return the last `count` stops of the record in a folder, the oldest of them first.

    Reads no more files than it needs. Raises OSError where one cannot be read.
    """
    lines: list[Line] = []
    for path in reversed(record_files(folder)):
        lines = [*read_lines(path, KINDS), *lines]
        stops = find_stops(lines)
        # One more: the oldest found may have begun in the file before.
        if len(stops) > count:
            return stops[-count:]
    return find_stops(lines)[-count:]


def _parts(lines: Iterable[Line]) -> Iterator[tuple[Mapping[str, Any], list[Line], Line]]:
    """Yield the permits of each unbroken part of the record, what it is of, and its last line."""
    about: Mapping[str, Any] = {}
    permits: list[Line] = []
    last: Line | None = None
    for line in lines:
        kind, data = line.get("kind"), line.get("data")
        if not isinstance(data, Mapping):
            continue
        if kind == "record_begun":
            if last is not None:
                yield about, permits, last
            about, permits = data, []
        elif kind in PERMITS and _state(line) is not None:
            permits.append(line)
        last = line
    if last is not None:
        yield about, permits, last


def _stops_of(about: Mapping[str, Any], permits: list[Line], last: Line) -> Iterator[Stop]:
    before: Line | None = None
    held: list[Line] = []
    for line in permits:
        state = _state(line)
        if state is not None and state <= State.STANDSTILL:
            held.append(line)
            continue
        if held:
            yield Stop(permits=tuple(held), before=before, ended=line, about=about, last=last)
        before, held = line, []
    if held:
        yield Stop(permits=tuple(held), before=before, ended=None, about=about, last=last)


def _state(line: Line) -> State | None:
    """Return the state of a permit's line, None where it has none that is known."""
    try:
        return State(line["data"]["state"])
    except (KeyError, ValueError, TypeError):
        return None


def _mono_s(line: Line) -> float:
    value = line.get("mono_s")
    return float(value) if isinstance(value, int | float) else 0.0
