"""The handoff of one part to one person, as a state table. Every rule of it is in the tables below.

A part is let go only after a person has confirmed, and only once for each confirmation. Time,
failures and restarts do not take a confirmation back. It ends in a release, in a person's later
decision, or with a stop that a person must undo: whoever starts the cell again cannot know who
still holds the part, so the offer is withdrawn, the arm comes anew and asks again. A part that the
gripper's sensor misses before anybody confirmed was dropped: a person decides. An event that means
nothing in a state changes nothing: a second confirmation, a late refusal or a timeout after the
release are heard and ignored.

States that end a handoff are left only by beginning the next one.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple


class Handoff(Enum):
    """How far a handoff is."""

    NONE = "none"
    APPROACHING = "approaching"  # the arm brings the part to the handover place
    OFFERED = "offered"  # at rest there, a person is asked
    CONFIRMED = "confirmed"  # a person holds the part and said so
    RELEASED = "released"  # the gripper is open
    TAKEN = "taken"  # the part is gone from gripper and handover place
    DONE = "done"
    REFUSED = "refused"  # a person said no; a person decides how to go on
    TIMED_OUT = "timed_out"  # nobody answered; a person decides how to go on
    WITHDRAWN = "withdrawn"  # what was asked is not asked any more; the arm comes again
    DROPPED = "dropped"  # the part left the gripper unconfirmed; a person decides how to go on
    ABORTED = "aborted"  # a person gave it up


class HandoffEvent(Enum):
    """What can happen to a handoff."""

    BEGIN = "begin"
    ARRIVE = "arrive"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    EXPIRE = "expire"
    OFFER_AGAIN = "offer_again"
    WITHDRAW = "withdraw"  # the arm may have left its place, the person the part
    DROP = "drop"  # the gripper's sensor sees the part no more
    OPENED = "opened"
    GONE = "gone"
    CLOSE = "close"
    ABORT = "abort"


class Leave(NamedTuple):
    """What a state allows the robot to do."""

    arm_may_move: bool
    gripper_may_open: bool


LEAVE: dict[Handoff, Leave] = {
    Handoff.NONE: Leave(True, True),
    Handoff.APPROACHING: Leave(True, False),
    Handoff.OFFERED: Leave(False, False),
    Handoff.CONFIRMED: Leave(False, True),
    Handoff.RELEASED: Leave(False, True),
    Handoff.TAKEN: Leave(False, True),
    Handoff.DONE: Leave(True, True),
    Handoff.REFUSED: Leave(False, False),
    Handoff.TIMED_OUT: Leave(False, False),
    Handoff.WITHDRAWN: Leave(False, False),
    Handoff.DROPPED: Leave(False, False),
    Handoff.ABORTED: Leave(True, True),
}
"""NONE, DONE and ABORTED bind nothing: there the recipe's other steps decide."""

_CHANGES: dict[HandoffEvent, dict[Handoff, Handoff]] = {
    HandoffEvent.BEGIN: {
        Handoff.NONE: Handoff.APPROACHING,
        Handoff.DONE: Handoff.APPROACHING,
        Handoff.WITHDRAWN: Handoff.APPROACHING,
        Handoff.DROPPED: Handoff.APPROACHING,
        Handoff.ABORTED: Handoff.APPROACHING,
    },
    HandoffEvent.ARRIVE: {Handoff.APPROACHING: Handoff.OFFERED},
    HandoffEvent.CONFIRM: {Handoff.OFFERED: Handoff.CONFIRMED},
    HandoffEvent.REFUSE: {Handoff.OFFERED: Handoff.REFUSED},
    HandoffEvent.EXPIRE: {Handoff.OFFERED: Handoff.TIMED_OUT},
    HandoffEvent.OFFER_AGAIN: {
        Handoff.REFUSED: Handoff.OFFERED,
        Handoff.TIMED_OUT: Handoff.OFFERED,
        Handoff.CONFIRMED: Handoff.OFFERED,
    },
    HandoffEvent.WITHDRAW: {
        Handoff.OFFERED: Handoff.WITHDRAWN,
        Handoff.REFUSED: Handoff.WITHDRAWN,
        Handoff.TIMED_OUT: Handoff.WITHDRAWN,
        Handoff.CONFIRMED: Handoff.WITHDRAWN,
    },
    HandoffEvent.DROP: {Handoff.OFFERED: Handoff.DROPPED},
    HandoffEvent.OPENED: {Handoff.CONFIRMED: Handoff.RELEASED},
    HandoffEvent.GONE: {Handoff.RELEASED: Handoff.TAKEN},
    HandoffEvent.CLOSE: {Handoff.TAKEN: Handoff.DONE},
    HandoffEvent.ABORT: {
        Handoff.APPROACHING: Handoff.ABORTED,
        Handoff.OFFERED: Handoff.ABORTED,
        Handoff.CONFIRMED: Handoff.ABORTED,
        Handoff.RELEASED: Handoff.ABORTED,
        Handoff.REFUSED: Handoff.ABORTED,
        Handoff.TIMED_OUT: Handoff.ABORTED,
        Handoff.WITHDRAWN: Handoff.ABORTED,
        Handoff.DROPPED: Handoff.ABORTED,
    },
}

NEXT: dict[tuple[Handoff, HandoffEvent], Handoff] = {
    (state, event): _CHANGES[event].get(state, state) for state in Handoff for event in HandoffEvent
}


def step(state: Handoff, event: HandoffEvent) -> Handoff:
    """Return the state after `event`; the same state where the event means nothing. Total.

    >>> step(Handoff.OFFERED, HandoffEvent.CONFIRM)
    <Handoff.CONFIRMED: 'confirmed'>
    """
    return NEXT[state, event]


def mermaid() -> str:
    """Return the table as a Mermaid diagram, for the docs."""
    lines = [
        f"    {state.value} --> {target.value}: {event.value}"
        for (state, event), target in NEXT.items()
        if state is not target
    ]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {Handoff.NONE.value}", *lines])
