"""Notes on how the work could be better (kaizen), as a state table: open, done, open again.

A note is a text, perhaps a place on the floor and a photo. It names nobody and has no score: what
counts is whether it was done. Time is an argument: seconds since 1970.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from hrc_cell.core.diagram import state_diagram

OPEN_MAX = 100
"""So many notes are open at most; more than that are a heap and no list."""


class Phase(Enum):
    """How far a note is."""

    NONE = "none"
    OPEN = "open"
    DONE = "done"


class Event(Enum):
    """What can happen to it."""

    WRITE = "write"
    FINISH = "finish"
    REOPEN = "reopen"


_CHANGES: dict[Event, dict[Phase, Phase]] = {
    Event.WRITE: {Phase.NONE: Phase.OPEN},
    Event.FINISH: {Phase.OPEN: Phase.DONE},
    Event.REOPEN: {Phase.DONE: Phase.OPEN},
}

NEXT: dict[tuple[Phase, Event], Phase] = {
    (phase, event): _CHANGES[event].get(phase, phase) for phase in Phase for event in Event
}

REASONS = ("kaizen_empty", "kaizen_full", "kaizen_place", "kaizen_unknown", "kaizen_already")
"""Why an event is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note, as it is kept."""

    id: str
    phase: Phase
    text: str
    written_s: float
    done_s: float | None = None
    place_m: tuple[float, float] | None = None
    """x, y in the cell frame."""
    photo: str = ""
    """Name of its file, "" for none."""


def step(phase: Phase, event: Event) -> Phase:
    """Return the phase after `event`; the same where the event means nothing. Total.

    >>> step(Phase.OPEN, Event.FINISH)
    <Phase.DONE: 'done'>
    """
    return NEXT[phase, event]


def write_refusal(
    notes: Iterable[Note],
    text: str,
    place_m: tuple[float, float] | None,
    outline_m: Iterable[tuple[float, ...]],
) -> str:
    """Return "" if a note may be written, else one of REASONS. A place lies around the floor."""
    if not text.strip():
        return "kaizen_empty"
    if sum(note.phase is Phase.OPEN for note in notes) >= OPEN_MAX:
        return "kaizen_full"
    if place_m is not None:
        for axis, value_m in enumerate(place_m):
            ends_m = [corner[axis] for corner in outline_m]
            if not (math.isfinite(value_m) and min(ends_m) <= value_m <= max(ends_m)):
                return "kaizen_place"
    return ""


def written(
    *, id: str, text: str, now_s: float, place_m: tuple[float, float] | None, photo: str
) -> Note:
    """Return a new note."""
    phase = step(Phase.NONE, Event.WRITE)
    return Note(
        id=id, phase=phase, text=text.strip(), written_s=now_s, place_m=place_m, photo=photo
    )


def refusal(note: Note | None, event: Event) -> str:
    """Return "" if this may happen to a note, else one of REASONS."""
    if note is None:
        return "kaizen_unknown"
    return "" if step(note.phase, event) is not note.phase else "kaizen_already"


def changed(note: Note, event: Event, now_s: float) -> Note:
    """Return the note after an event; the same where it means nothing."""
    phase = step(note.phase, event)
    if phase is note.phase:
        return note
    done_s = max(now_s, note.written_s) if phase is Phase.DONE else None
    return replace(note, phase=phase, done_s=done_s)


def as_data(note: Note) -> dict[str, Any]:
    """Return a note as plain JSON data."""
    place = None if note.place_m is None else list(note.place_m)
    return {**asdict(note), "phase": note.phase.value, "place_m": place}


def note_from(data: Mapping[str, Any]) -> Note:
    """Return the note that `as_data` was given. Raises ValueError if it is not one."""
    try:
        place = data["place_m"]
        if place is not None:
            x, y = place
            place = (float(x), float(y))
        note = Note(**{**data, "phase": Phase(data["phase"]), "place_m": place})
        float(note.written_s)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"not a note: {error}") from error
    return note


def mermaid() -> str:
    """Return the table as a Mermaid diagram, for the docs."""
    return state_diagram(Phase.NONE, NEXT)
