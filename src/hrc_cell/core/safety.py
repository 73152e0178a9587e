"""The safety state table. Every rule of it is in the tables below.

States are rungs, safest lowest. A step may fall any number of rungs and climbs at most one. One
tick of judgement names one event, the most urgent that holds. LATCHED is left only by a person
pressing reset, and then only once the cause is gone; reset moves nothing. READY is left only by a
second act, start; start moves nothing either, it only leads to monitored standstill, from where the
arm goes on by itself when there is room.

Stop categories (IEC 60204-1): 1, controlled stop and then no power; 2, controlled stop with power
kept. The arm has no brakes and would fall without power, so the monitor asks for 2; it asks for 1
only where the emergency stop circuit takes the power away by itself. Category 0 is that circuit's
business alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum
from typing import NamedTuple


class State(IntEnum):
    """How freely the arm may move; the values are those of MotionPermit."""

    LATCHED = 0
    READY = 1
    STANDSTILL = 2
    REDUCED = 3
    FREE = 4


class Event(Enum):
    """What one tick found, most urgent first."""

    FAULT = "fault"
    EMERGENCY_STOP_INPUT = "emergency_stop_input"
    INTRUSION_MANUAL = "intrusion_manual"
    WRONG_MODE = "wrong_mode"
    STOP_REQUEST = "stop_request"
    RESET = "reset"
    START = "start"
    INTRUSION = "intrusion"
    NEAR = "near"
    CLEAR = "clear"


class Clears(Enum):
    """What ends a stop."""

    ITSELF = "itself"  # the arm goes on when the cause is gone
    START = "start"  # a person presses start once the cause is gone
    RESET = "reset"  # a person presses reset once the cause is gone, and then start


class Rule(NamedTuple):
    """What an event means."""

    text: str
    category: int | None  # of the stop it asks for; None: it stops nothing
    clears: Clears


RULES: dict[Event, Rule] = {
    Event.FAULT: Rule("something the judgement needs is missing or late", 2, Clears.RESET),
    Event.EMERGENCY_STOP_INPUT: Rule("the emergency stop is pressed", 1, Clears.RESET),
    Event.INTRUSION_MANUAL: Rule("somebody is in a zone that a person resets", 2, Clears.RESET),
    Event.WRONG_MODE: Rule("the key switch is not at collaborative", 2, Clears.START),
    Event.STOP_REQUEST: Rule("somebody asked for a stop", 2, Clears.START),
    Event.RESET: Rule("reset pressed while latched, the cause being gone", None, Clears.ITSELF),
    Event.START: Rule("start pressed while ready", None, Clears.ITSELF),
    Event.INTRUSION: Rule("no room to move, or not yet again", 2, Clears.ITSELF),
    Event.NEAR: Rule("room to move slowly", None, Clears.ITSELF),
    Event.CLEAR: Rule("room to move as asked", None, Clears.ITSELF),
}

LATCHED, READY, STANDSTILL, REDUCED, FREE = State

# fmt: off
_COLUMNS = {
    # event                     LATCHED  READY       STANDSTILL  REDUCED     FREE
    Event.FAULT:                (LATCHED, LATCHED,    LATCHED,    LATCHED,    LATCHED),
    Event.EMERGENCY_STOP_INPUT: (LATCHED, LATCHED,    LATCHED,    LATCHED,    LATCHED),
    Event.INTRUSION_MANUAL:     (LATCHED, LATCHED,    LATCHED,    LATCHED,    LATCHED),
    Event.WRONG_MODE:           (LATCHED, READY,      READY,      READY,      READY),
    Event.STOP_REQUEST:         (LATCHED, READY,      READY,      READY,      READY),
    Event.RESET:                (READY,   READY,      STANDSTILL, REDUCED,    FREE),
    Event.START:                (LATCHED, STANDSTILL, STANDSTILL, REDUCED,    FREE),
    Event.INTRUSION:            (LATCHED, READY,      STANDSTILL, STANDSTILL, STANDSTILL),
    Event.NEAR:                 (LATCHED, READY,      REDUCED,    REDUCED,    REDUCED),
    Event.CLEAR:                (LATCHED, READY,      REDUCED,    FREE,       FREE),
}
# fmt: on

NEXT: dict[tuple[State, Event], State] = {
    (state, event): target
    for event, targets in _COLUMNS.items()
    for state, target in zip(State, targets, strict=True)
}

CAUSES: dict[str, str] = {
    "clock": "time stood still or ran backwards between two judgements",
    "tracker_silent": "nothing heard from the tracker of people",
    "scanner_silent": "no scan from this scanner within its timeout (:scanner)",
    "scanner_blind": "this scanner sees too few echoes (:scanner)",
    "scanner_learning": "this scanner still learns the empty cell (:scanner)",
    "scanner_missing": "the tracker does not report this scanner (:scanner)",
    "joints_stale": "joint states are missing or too old",
    "joints_unknown": "a joint position or velocity is not a number",
    "inputs_silent": "the operator box is silent",
    "node_silent": "no heartbeat from this node (:node)",
    "sample_too_old": "the oldest sample is older than the reaction time allows",
    "emergency_stop_input": "the emergency stop is pressed",
    "zone": "somebody is in this zone (:zone)",
    "mode": "the key switch is not at collaborative",
    "stop_request": "somebody asked for a stop",
    "not_reset": "just switched on, not reset yet",
    "not_started": "reset done, waiting for start",
    "separation": "a person is nearer than the protective separation distance allows",
    "resume_wait": "there is room again; waiting whether it stays",
    "resuming": "speed rises step by step after a stop or a slow-down",
    "": "nothing: the arm may move as asked",
}
"""Every cause that a permit names, and its meaning. What follows a colon names the culprit."""


def most_urgent(found: Iterable[Event]) -> Event:
    """Return the most urgent of the events found. Raises ValueError if there is none."""
    events = set(found)
    for event in Event:
        if event in events:
            return event
    raise ValueError("a tick must find an event")


def step(state: State, event: Event) -> State:
    """Return the state after `event`. Total: no pair is missing."""
    return NEXT[state, event]


def mermaid() -> str:
    """Return the table as a Mermaid diagram, for the docs."""
    edges: dict[tuple[State, State], list[str]] = {}
    for (state, event), target in NEXT.items():
        if state is not target:
            edges.setdefault((state, target), []).append(event.value)
    lines = [
        f"    {a.name} --> {b.name}: {', '.join(why)}" for (a, b), why in sorted(edges.items())
    ]
    return "\n".join(["stateDiagram-v2", "    [*] --> LATCHED", *lines])
