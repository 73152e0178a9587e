"""The handover of a shift, as a state table: written by who goes, read back and taken by who comes.

One handover waits at a time. It is a list of items: what the outgoing person wrote, and what the
cell itself knows to be open. Who comes confirms each of them and then takes all over; marks of
another reader do not count. Who wrote it does not take it, but may withdraw it.

Nothing of the robot waits for a handover. Time is an argument: seconds since 1970.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any

from hrc_cell.core.diagram import state_diagram


class Phase(Enum):
    """How far a handover is."""

    NONE = "none"
    WRITTEN = "written"  # shown to everybody until it is taken
    TAKEN = "taken"
    WITHDRAWN = "withdrawn"


class Event(Enum):
    """What can happen to it."""

    WRITE = "write"
    READ = "read"  # one item
    TAKE = "take"
    WITHDRAW = "withdraw"


_CHANGES: dict[Event, dict[Phase, Phase]] = {
    Event.WRITE: {
        Phase.NONE: Phase.WRITTEN,
        Phase.TAKEN: Phase.WRITTEN,
        Phase.WITHDRAWN: Phase.WRITTEN,
    },
    Event.READ: {},
    Event.TAKE: {Phase.WRITTEN: Phase.TAKEN},
    Event.WITHDRAW: {Phase.WRITTEN: Phase.WITHDRAWN},
}

NEXT: dict[tuple[Phase, Event], Phase] = {
    (phase, event): _CHANGES[event].get(phase, phase) for phase in Phase for event in Event
}

REASONS = (
    "handover_waits", "handover_unknown", "handover_own", "handover_not_yours", "handover_unread",
)  # fmt: skip
"""Why an event is refused."""


class Topic(Enum):
    """What an item is about."""

    TEXT = "text"  # what the outgoing person wrote
    CALL = "call"  # an open call: kind, urgency, phase
    HELD = "held"  # a held run: reason, step
    NOTES = "notes"  # open notes on how the work could be better: how many
    NOTHING = "nothing"  # nothing was written and nothing is open


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing that the next shift must know."""

    topic: Topic
    about: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handover:
    """A handover, as it is kept."""

    id: str
    phase: Phase
    by: str
    written_s: float
    items: tuple[Item, ...]
    reader: str = ""
    """Who reads it; their marks are `read`."""
    read: tuple[int, ...] = ()
    taken_by: str = ""
    taken_s: float | None = None


def step(phase: Phase, event: Event) -> Phase:
    """Return the phase after `event`; the same where the event means nothing. Total.

    >>> step(Phase.WRITTEN, Event.TAKE)
    <Phase.TAKEN: 'taken'>
    """
    return NEXT[phase, event]


def written(*, id: str, by: str, now_s: float, text: str, opened: Iterable[Item]) -> Handover:
    """Return a new handover: the text if there is one, then what is open."""
    told = [Item(topic=Topic.TEXT, about=(text.strip(),))] if text.strip() else []
    items = (*told, *opened) or (Item(topic=Topic.NOTHING),)
    phase = step(Phase.NONE, Event.WRITE)
    return Handover(id=id, phase=phase, by=by, written_s=now_s, items=items)


def refusal(
    last: Handover | None,
    event: Event,
    by: str,
    *,
    id: str = "",
    item: int = 0,
    alone: bool = False,
) -> str:
    """Return "" if somebody may do this with the last handover, else one of REASONS.

    `id` names the handover that is meant; `alone`: one who trains plays both people.
    """
    waits = last is not None and last.phase is Phase.WRITTEN
    if event is Event.WRITE:
        return "handover_waits" if waits else ""
    if last is None or not waits or last.id != id:
        return "handover_unknown"
    if event is Event.WITHDRAW:
        return "" if last.by == by else "handover_not_yours"
    if last.by == by and not alone:
        return "handover_own"
    if event is Event.READ:
        return "" if 0 <= item < len(last.items) else "handover_unknown"
    return "" if last.reader == by and len(last.read) == len(last.items) else "handover_unread"


def read(last: Handover, item: int, by: str) -> Handover:
    """Return the handover with one more item confirmed; who begins to read begins at none."""
    before = last.read if last.reader == by else ()
    return replace(last, reader=by, read=tuple(sorted({*before, item})))


def taken(last: Handover, by: str, now_s: float) -> Handover:
    """Return the handover once it is taken over."""
    at_s = max(now_s, last.written_s)
    return replace(last, phase=step(last.phase, Event.TAKE), taken_by=by, taken_s=at_s)


def withdrawn(last: Handover) -> Handover:
    """Return the handover once it is taken back."""
    return replace(last, phase=step(last.phase, Event.WITHDRAW))


def as_data(handover: Handover) -> dict[str, Any]:
    """Return a handover as plain JSON data."""
    items = [[item.topic.value, *item.about] for item in handover.items]
    return {**asdict(handover), "phase": handover.phase.value, "items": items}


def handover_from(data: Mapping[str, Any]) -> Handover:
    """Return the handover that `as_data` was given. Raises ValueError if it is not one."""
    try:
        items = tuple(
            Item(topic=Topic(topic), about=tuple(map(str, about)))
            for topic, *about in data["items"]
        )
        last = Handover(
            **{**data, "phase": Phase(data["phase"]), "items": items, "read": tuple(data["read"])}
        )
        float(last.written_s)
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"not a handover: {error}") from error
    return last


def mermaid() -> str:
    """Return the table as a Mermaid diagram, for the docs."""
    return state_diagram(Phase.NONE, NEXT)
