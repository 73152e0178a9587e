"""Calls for a person to come (andon): state table, escalation by time, and what a day had of them.

Somebody calls for one kind of help; somebody comes and says so; somebody says that it is done:
called -> taken -> resolved, each with its time. One call of a kind is open at a time: calling again
says nothing new, or makes it urgent. The cell calls by itself where a run waits for a person's
decision, and takes that back when it is over; nobody has to.

Escalation is the system's own and nobody's reproach: it follows from time alone.

No name stands in a call. Who takes it is told to those who wait (`taken_by`) and to nobody else; it
is not in `Lamp`, `Tally` or anything else that leaves this page.

Time is an argument: seconds since 1970 on a clock that does not run backwards, so that a call is as
old after a restart as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from enum import Enum, IntEnum
from statistics import median
from typing import Any, NamedTuple

from hrc_cell.core.diagram import state_diagram


class Kind(Enum):
    """What is called for."""

    MATERIAL = "material"
    QUALITY = "quality"
    MACHINE = "machine"
    HELP = "help"
    HOLD = "hold"  # by the cell itself: a run waits for a person's decision


BY_PEOPLE = (Kind.MATERIAL, Kind.QUALITY, Kind.MACHINE, Kind.HELP)
"""What a person can call for."""


class Urgency(IntEnum):
    """How much waits for it."""

    YELLOW = 1  # the work goes on meanwhile
    RED = 2  # it does not


class Phase(Enum):
    """How far a call is."""

    NONE = "none"
    CALLED = "called"
    TAKEN = "taken"  # somebody comes
    RESOLVED = "resolved"


class Event(Enum):
    """What can happen to a call."""

    CALL = "call"
    TAKE = "take"
    RESOLVE = "resolve"
    OVER = "over"  # what the cell called for is over by itself


_CHANGES: dict[Event, dict[Phase, Phase]] = {
    Event.CALL: {Phase.NONE: Phase.CALLED},
    Event.TAKE: {Phase.CALLED: Phase.TAKEN},
    Event.RESOLVE: {Phase.TAKEN: Phase.RESOLVED},
    Event.OVER: {Phase.CALLED: Phase.RESOLVED, Phase.TAKEN: Phase.RESOLVED},
}

NEXT: dict[tuple[Phase, Event], Phase] = {
    (phase, event): _CHANGES[event].get(phase, phase) for phase in Phase for event in Event
}

REASONS = ("andon_unknown", "andon_taken", "andon_not_taken", "andon_resolved")
"""Why an event is not taken for a call."""
_REFUSED: dict[tuple[Phase, Event], str] = {
    (Phase.NONE, Event.TAKE): "andon_unknown",
    (Phase.NONE, Event.RESOLVE): "andon_unknown",
    (Phase.CALLED, Event.RESOLVE): "andon_not_taken",
    (Phase.TAKEN, Event.TAKE): "andon_taken",
    (Phase.RESOLVED, Event.TAKE): "andon_resolved",
    (Phase.RESOLVED, Event.RESOLVE): "andon_resolved",
}
WAITS = (Phase.CALLED, Phase.TAKEN)
DECIDED = ("refused",)
"""Reasons of a held run that call nobody: a person who is there has just decided so."""


class Limits(NamedTuple):
    """When a call escalates [s]."""

    acknowledge_s: float
    """Not taken for so long."""
    second_s: float
    """Called so long ago and not resolved."""
    third_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call, as it is kept."""

    id: str
    kind: Kind
    urgency: Urgency
    phase: Phase
    called_s: float
    taken_s: float | None = None
    resolved_s: float | None = None
    taken_by: str = ""
    about: str = ""
    """What the cell itself calls for: the id of the question that waits."""

    @property
    def waits(self) -> bool:
        """Return whether it is open."""
        return self.phase in WAITS


@dataclass(frozen=True, slots=True, kw_only=True)
class Lamp:
    """All open calls in a few numbers, for a lamp or another program."""

    open: int = 0
    urgency: int = 0
    """0 none, else the highest."""
    escalation: int = 0
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What there was of one kind."""

    kind: Kind
    count: int
    taken_s: float | None
    """Median from called to taken; None where none was."""
    resolved_s: float | None
    """Median from called to resolved."""


def step(phase: Phase, event: Event) -> Phase:
    """Return the phase after `event`; the same where the event means nothing. Total.

    >>> step(Phase.CALLED, Event.TAKE)
    <Phase.TAKEN: 'taken'>
    """
    return NEXT[phase, event]


def refusal(call: Call | None, event: Event) -> str:
    """Return "" if a person may do this to a call, else one of REASONS."""
    return _REFUSED.get((Phase.NONE if call is None else call.phase, event), "")


def open_of(calls: Iterable[Call], kind: Kind) -> Call | None:
    """Return the open call of a kind."""
    return next((call for call in calls if call.waits and call.kind is kind), None)


def called(
    before: Call | None, kind: Kind, urgency: Urgency, now_s: float, *, id: str, about: str = ""
) -> Call:
    """Return the call after somebody calls; the open one of this kind (`before`) goes on.

    It may become more urgent, never less.
    """
    if before is not None:
        return replace(before, urgency=max(before.urgency, urgency))
    phase = step(Phase.NONE, Event.CALL)
    return Call(id=id, kind=kind, urgency=urgency, phase=phase, called_s=now_s, about=about)


def changed(call: Call, event: Event, now_s: float, *, by: str = "") -> Call:
    """Return the call after an event, with its time; the same where it means nothing."""
    phase = step(call.phase, event)
    if phase is call.phase:
        return call
    if phase is Phase.TAKEN:
        return replace(call, phase=phase, taken_s=max(now_s, call.called_s), taken_by=by)
    earliest_s = call.called_s if call.taken_s is None else call.taken_s
    return replace(call, phase=phase, resolved_s=max(now_s, earliest_s), taken_by="")


def by_itself(calls: Iterable[Call], held: str, reason: str) -> tuple[tuple[Call, ...], bool]:
    """Return the cell's own calls that are over, and whether it must call now.

    `held`: id of the question with which a run waits for a person's decision, "" for none; `reason`
    why. One question calls once, also after a restart and however its call ended.
    """
    own = [call for call in calls if call.kind is Kind.HOLD]
    over = tuple(call for call in own if call.waits and call.about != held)
    wanted = held != "" and reason.partition(":")[0] not in DECIDED
    return over, wanted and all(call.about != held for call in own)


def escalation(call: Call, now_s: float, limits: Limits) -> int:
    """Return how far an open call has escalated: 0 not, 1 nobody took it, 2 and 3 not resolved."""
    if not call.waits:
        return 0
    waited_s = now_s - call.called_s
    if waited_s >= limits.third_s:
        return 3
    if waited_s >= limits.second_s:
        return 2
    return int(call.phase is Phase.CALLED and waited_s >= limits.acknowledge_s)


def lamp(calls: Iterable[Call], now_s: float, limits: Limits) -> Lamp:
    """Return the open calls in a few numbers."""
    waiting = [call for call in calls if call.waits]
    return Lamp(
        open=len(waiting),
        urgency=max((int(call.urgency) for call in waiting), default=0),
        escalation=max((escalation(call, now_s, limits) for call in waiting), default=0),
        kinds=tuple(sorted({call.kind.value for call in waiting})),
    )


def tally(calls: Iterable[Call]) -> tuple[Tally, ...]:
    """Return for each kind that occurs how many there were, and the median times."""
    listed = list(calls)
    return tuple(
        Tally(
            kind=kind,
            count=len(those),
            taken_s=_median_s(c.taken_s - c.called_s for c in those if c.taken_s is not None),
            resolved_s=_median_s(
                c.resolved_s - c.called_s for c in those if c.resolved_s is not None
            ),
        )
        for kind in Kind
        if (those := [call for call in listed if call.kind is kind])
    )


def as_data(call: Call) -> dict[str, Any]:
    """Return a call as plain JSON data."""
    plain = asdict(call)
    return {**plain, "kind": call.kind.value, "urgency": int(call.urgency),
            "phase": call.phase.value}  # fmt: skip


def call_from(data: Mapping[str, Any]) -> Call:
    """Return the call that `as_data` was given. Raises ValueError if it is not one."""
    try:
        call = Call(
            **{
                **data, "kind": Kind(data["kind"]), "urgency": Urgency(data["urgency"]),
                "phase": Phase(data["phase"]),
            }
        )  # fmt: skip
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"not a call: {error}") from error
    times = (call.called_s, call.taken_s, call.resolved_s)
    if not all(time_s is None or isinstance(time_s, float | int) for time_s in times):
        raise ValueError("not a call: a time is none")
    return call


def mermaid() -> str:
    """Return the table as a Mermaid diagram, for the docs."""
    return state_diagram(Phase.NONE, NEXT)


def _median_s(times_s: Iterable[float]) -> float | None:
    listed = list(times_s)
    return median(listed) if listed else None
