"""The safety state table. Every rule of it is in the tables below.

States are rungs, safest lowest. A step may fall any number of rungs and climbs at most one. One
tick of judgement names one event, the most urgent that holds. LATCHED is left only by a person
pressing reset, and then only once what latched is gone; reset moves nothing. READY is left only by
a second act, start; start moves nothing either, it only leads to monitored standstill, from where
the arm goes on by itself when there is room. RESET comes before every event that stops as far as
READY: it leads no higher, so nothing is lost, and a person may reset without holding the enabling
switch. START comes after all of them.

Stop categories (IEC 60204-1): 0, power off at once; 1, controlled stop and then no power; 2,
controlled stop with power kept, and the standstill monitored. The arm has no brakes and would fall
on whoever stands beside it, so the monitor asks for 2, also when the enabling switch is let go; it
asks for 1 only where the emergency stop circuit takes the power away by itself. Category 0 is that
circuit's business alone.

The tables stand twice: by name, and by number for arrays (`NEXT_CODE` and its like), made from the
first. A state's number is its value, an event's its place in `Event`, the most urgent 0.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Codes = npt.NDArray[np.int_]


class State(IntEnum):
    """How freely the arm may move; the values are those of MotionPermit."""

    LATCHED = 0
    READY = 1
    STANDSTILL = 2
    REDUCED = 3
    FREE = 4


class Event(Enum):
    """What one tick found, most urgent first."""

    EMERGENCY_STOP_INPUT = "emergency_stop_input"
    FAULT = "fault"
    GUARDS_OPEN = "guards_open"
    INTRUSION_MANUAL = "intrusion_manual"
    RESET = "reset"
    WRONG_MODE = "wrong_mode"
    MODE_CHANGED = "mode_changed"
    OVERSPEED = "overspeed"
    ENABLING_LOST = "enabling_lost"
    STOP_REQUEST = "stop_request"
    START = "start"
    INTRUSION = "intrusion"
    NEAR = "near"
    CLEAR = "clear"


class Clears(Enum):
    """What ends a stop."""

    ITSELF = "itself"  # the arm goes on when the cause is gone
    RELEASE_AND_PRESS = "release_and_press"  # a person holds the enabling switch anew, then start
    START = "start"  # a person presses start once the cause is gone
    RESET = "reset"  # a person presses reset once the cause is gone, and then start


class Rule(NamedTuple):
    """What an event means."""

    text: str
    category: int | None  # of the stop it asks for; None: it stops nothing
    clears: Clears


RULES: dict[Event, Rule] = {
    Event.EMERGENCY_STOP_INPUT: Rule("the emergency stop is pressed", 1, Clears.RESET),
    Event.FAULT: Rule("something the judgement needs is missing, late or wrong", 2, Clears.RESET),
    Event.GUARDS_OPEN: Rule("a guard is open in automatic mode", 2, Clears.RESET),
    Event.INTRUSION_MANUAL: Rule("somebody is where a person must look first", 2, Clears.RESET),
    Event.RESET: Rule("reset pressed while latched, what latched being gone", None, Clears.ITSELF),
    Event.WRONG_MODE: Rule("the key switch stands at no known mode", 2, Clears.START),
    Event.MODE_CHANGED: Rule("the key switch was turned", 2, Clears.START),
    Event.OVERSPEED: Rule("faster than manual mode allows", 2, Clears.RELEASE_AND_PRESS),
    Event.ENABLING_LOST: Rule(
        "manual mode without the enabling switch held", 2, Clears.RELEASE_AND_PRESS
    ),
    Event.STOP_REQUEST: Rule("somebody asked for a stop", 2, Clears.START),
    Event.START: Rule("start pressed while ready", None, Clears.ITSELF),
    Event.INTRUSION: Rule("no room to move, or not yet again", 2, Clears.ITSELF),
    Event.NEAR: Rule("room to move slowly", None, Clears.ITSELF),
    Event.CLEAR: Rule("room to move as asked", None, Clears.ITSELF),
}

LATCHED, READY, STANDSTILL, REDUCED, FREE = State

# fmt: off
_COLUMNS = {
    # event                     LATCHED  READY       STANDSTILL  REDUCED     FREE
    Event.EMERGENCY_STOP_INPUT: (LATCHED, LATCHED,    LATCHED,    LATCHED,    LATCHED),
    Event.FAULT:                (LATCHED, LATCHED,    LATCHED,    LATCHED,    LATCHED),
    Event.GUARDS_OPEN:          (LATCHED, LATCHED,    LATCHED,    LATCHED,    LATCHED),
    Event.INTRUSION_MANUAL:     (LATCHED, LATCHED,    LATCHED,    LATCHED,    LATCHED),
    Event.RESET:                (READY,   READY,      STANDSTILL, REDUCED,    FREE),
    Event.WRONG_MODE:           (LATCHED, READY,      READY,      READY,      READY),
    Event.MODE_CHANGED:         (LATCHED, READY,      READY,      READY,      READY),
    Event.OVERSPEED:            (LATCHED, READY,      READY,      READY,      READY),
    Event.ENABLING_LOST:        (LATCHED, READY,      READY,      READY,      READY),
    Event.STOP_REQUEST:         (LATCHED, READY,      READY,      READY,      READY),
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

EVENTS = tuple(Event)
CODE: dict[Event, int] = {event: code for code, event in enumerate(EVENTS)}
"""An event's number; the lowest of those that hold is the most urgent."""
CLEARS = tuple(Clears)
NEXT_CODE: Codes = np.array([[NEXT[state, event] for event in EVENTS] for state in State])
"""State after [state, event]."""
CATEGORY_CODE: Codes = np.array(
    [-1 if (rule := RULES[event]).category is None else rule.category for event in EVENTS]
)
"""Stop category of [event], -1 where it stops nothing."""
CLEARS_CODE: Codes = np.array([CLEARS.index(RULES[event].clears) for event in EVENTS])
"""Place in CLEARS of what ends the stop of [event]."""


class Stop(NamedTuple):
    """How the arm stops, and what ends that."""

    category: int  # IEC 60204-1
    clears: Clears


PASSING = Stop(2, Clears.ITSELF)
ENABLING = Stop(2, Clears.RELEASE_AND_PRESS)
HELD = Stop(2, Clears.START)
LATCHING = Stop(2, Clears.RESET)
CIRCUIT = Stop(1, Clears.RESET)


class Cause(NamedTuple):
    """What a permit names as its cause. What follows a colon there names the culprit."""

    text: str
    stops: tuple[Stop, ...]  # that it may lead to; none: it only slows, or nothing is wrong


CAUSES: dict[str, Cause] = {
    "clock": Cause("time stood still or ran backwards between two judgements", (LATCHING,)),
    "tracker_silent": Cause("nothing heard from the tracker of people", (LATCHING,)),
    "scanner_silent": Cause("no scan from this scanner in its timeout (:scanner)", (LATCHING,)),
    "scanner_blind": Cause("this scanner sees too few echoes (:scanner)", (LATCHING,)),
    "scanner_learning": Cause("this scanner learns the empty cell (:scanner)", (LATCHING,)),
    "scanner_missing": Cause("the tracker tells nothing of this scanner (:scanner)", (LATCHING,)),
    "scanner_blocked": Cause("something stands close before this scanner (:scanner)", (LATCHING,)),
    "scanner_moved": Cause("this scanner is not where it was set up (:scanner)", (LATCHING,)),
    "scanner_frozen": Cause("this scanner repeats one scan (:scanner)", (LATCHING,)),
    "scanner_strange": Cause("this scanner sends what cannot be (:scanner)", (LATCHING,)),
    "joints_stale": Cause("joint states are missing or too old", (LATCHING,)),
    "joints_unknown": Cause("a joint position or velocity is not a number", (LATCHING,)),
    "inputs_silent": Cause("the operator box is silent", (LATCHING,)),
    "inputs_discrepancy": Cause("this input's two channels disagree (:input)", (LATCHING,)),
    "node_silent": Cause("no heartbeat from this node (:node)", (LATCHING,)),
    "sample_too_old": Cause("the oldest sample exceeds the reaction time", (LATCHING,)),
    "stop_too_long": Cause("a stop took longer than the stop model says (:joint)", (LATCHING,)),
    "moved_at_standstill": Cause("this joint left its place at standstill (:joint)", (LATCHING,)),
    "emergency_stop_input": Cause("the emergency stop is pressed", (CIRCUIT,)),
    "guards_open": Cause("automatic mode, and a guard is open", (LATCHING,)),
    "person_behind_guards": Cause("automatic mode, and a person is inside", (LATCHING,)),
    "zone": Cause(
        "somebody is in this zone (:zone); reset where its restart is manual", (PASSING, LATCHING)
    ),
    "mode": Cause("the key switch stands at no known mode", (HELD,)),
    "mode_changed": Cause("the key switch was turned", (HELD,)),
    "overspeed": Cause("a point of the arm was faster than manual mode allows", (ENABLING,)),
    "enabling_switch": Cause(
        "manual mode, and the enabling switch is not held in the middle", (ENABLING,)
    ),
    "stop_request": Cause("somebody asked for a stop", (HELD,)),
    "not_reset": Cause("just switched on, not reset yet", (LATCHING,)),
    "not_started": Cause("reset done, waiting for start", (HELD,)),
    "separation": Cause(
        "a person is nearer than the protective separation distance allows", (PASSING,)
    ),
    "contact": Cause("a contact limit binds", (PASSING,)),
    "resume_wait": Cause("there is room again; waiting whether it stays", (PASSING,)),
    "resuming": Cause("speed rises step by step after a stop or a slow-down", ()),
    "manual_speed": Cause("the speed limit of manual mode binds", ()),
    "": Cause("nothing: the arm may move as asked", ()),
}
"""Every cause that a permit names."""


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


def causes_table() -> str:
    """Return the causes as a Markdown table, for the docs; the empty one as two quotes."""
    lines = ["| cause | meaning | stop category | ends by |", "|---|---|---|---|"]
    for name, cause in CAUSES.items():
        categories = ", ".join(sorted({str(stop.category) for stop in cause.stops})) or "none"
        ends = ", ".join(stop.clears.value.replace("_", " ") for stop in cause.stops) or "itself"
        shown = name or '""'
        lines.append(f"| `{shown}` | {cause.text} | {categories} | {ends} |")
    return "\n".join(lines)
