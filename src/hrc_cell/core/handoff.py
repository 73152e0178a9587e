"""The handoff of one part between robot and one person, as a state table in two halves.

Robot to person: a part is let go only after a person has confirmed, and only once for each
confirmation. Time, failures and restarts do not take a confirmation back. It ends in a release, in
a person's later decision, or with a stop that a person must undo: whoever starts the cell again
cannot know who still holds the part, so the offer is withdrawn, the arm comes anew and asks again.
A part that the gripper's sensor misses before it is let go was dropped: a person decides.

Person to robot: the gripper comes open and closes only after a person has confirmed, once for each
confirmation. From that confirmation on it may hold something whatever its sensor says. So nothing
but a person's answer leads from there to a gripper that may open, until its sensor has sensed the
part: a stop while it closes, or a part that is not sensed, ends in `unsure`.

An event that means nothing in a state changes nothing: a second confirmation, a late refusal or a
timeout after the release are heard and ignored. The halves meet only in `none`, `done` and
`aborted`, which bind nothing and are left only by beginning the next handoff.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from hrc_cell.core.diagram import state_diagram


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
    DROPPED = "dropped"  # the part left the closed gripper; a person decides how to go on
    ABORTED = "aborted"  # a person gave it up
    COMING = "coming"  # the gripper is opened, empty, and comes to the handover place
    AWAITED = "awaited"  # at rest there, a person is asked for the part
    GIVEN = "given"  # a person holds the part between the fingers and said so
    CLOSED = "closed"  # the gripper is closed; its sensor is to sense the part
    RECEIVED = "received"  # sensed; the person lets go and makes room
    UNSURE = "unsure"  # closed or closing, and nothing sensed; a person decides how to go on
    KEPT = "kept"  # it sensed a part then: not opened, a person is asked to confirm anew
    NOT_GIVEN = "not_given"  # a person said no; a person decides how to go on
    UNANSWERED = "unanswered"  # nobody answered; a person decides how to go on
    RECALLED = "recalled"  # what was asked is not asked any more; the arm comes again
    LOST = "lost"  # the part left the gripper after it was sensed; a person decides


RECEIVING = frozenset({
    Handoff.COMING, Handoff.AWAITED, Handoff.GIVEN, Handoff.CLOSED, Handoff.RECEIVED,
    Handoff.UNSURE, Handoff.KEPT, Handoff.NOT_GIVEN, Handoff.UNANSWERED, Handoff.RECALLED,
    Handoff.LOST,
})  # fmt: skip
"""States of a part's way from person to robot."""
FREE = frozenset({Handoff.NONE, Handoff.DONE, Handoff.ABORTED})
"""States that bind nothing; both ways begin and end in them."""


class HandoffEvent(Enum):
    """What can happen to a handoff."""

    BEGIN = "begin"
    COME = "come"  # begin, from person to robot
    ARRIVE = "arrive"
    CONFIRM = "confirm"
    REFUSE = "refuse"
    EXPIRE = "expire"
    OFFER_AGAIN = "offer_again"
    WITHDRAW = "withdraw"  # the arm may have left its place, the person the part
    DROP = "drop"  # the gripper's sensor sees the part no more
    OPENED = "opened"
    SHUT = "shut"  # the gripper has closed, as far as it goes
    SENSE = "sense"  # its sensor sees the part
    MISS = "miss"  # its sensor has seen none
    KEEP = "keep"  # a person wants it anew, and a part is sensed
    GONE = "gone"  # the part is; from person to robot: the person
    CLOSE = "close"
    ABORT = "abort"


class Leave(NamedTuple):
    """What a state allows the robot to do."""

    arm_may_move: bool
    gripper_may_open: bool
    gripper_may_close: bool = False


LEAVE: dict[Handoff, Leave] = {
    Handoff.NONE: Leave(True, True, True),
    Handoff.APPROACHING: Leave(True, False),
    Handoff.OFFERED: Leave(False, False),
    Handoff.CONFIRMED: Leave(False, True),
    Handoff.RELEASED: Leave(False, True),
    Handoff.TAKEN: Leave(False, True),
    Handoff.DONE: Leave(True, True, True),
    Handoff.REFUSED: Leave(False, False),
    Handoff.TIMED_OUT: Leave(False, False),
    Handoff.WITHDRAWN: Leave(False, False),
    Handoff.DROPPED: Leave(False, False),
    Handoff.ABORTED: Leave(True, True, True),
    Handoff.COMING: Leave(True, True),
    Handoff.AWAITED: Leave(False, False),
    Handoff.GIVEN: Leave(False, False, True),
    Handoff.CLOSED: Leave(False, False),
    Handoff.RECEIVED: Leave(False, False),
    Handoff.UNSURE: Leave(False, False),
    Handoff.KEPT: Leave(False, False),
    Handoff.NOT_GIVEN: Leave(False, False),
    Handoff.UNANSWERED: Leave(False, False),
    Handoff.RECALLED: Leave(False, False),
    Handoff.LOST: Leave(False, False),
}
"""In FREE the recipe's other steps decide."""

_CHANGES: dict[HandoffEvent, dict[Handoff, Handoff]] = {
    HandoffEvent.BEGIN: dict.fromkeys(
        FREE | {Handoff.WITHDRAWN, Handoff.DROPPED}, Handoff.APPROACHING
    ),
    HandoffEvent.COME: dict.fromkeys(
        FREE | {Handoff.RECALLED, Handoff.LOST, Handoff.UNSURE}, Handoff.COMING
    ),
    HandoffEvent.ARRIVE: {
        Handoff.APPROACHING: Handoff.OFFERED,
        Handoff.COMING: Handoff.AWAITED,
    },
    HandoffEvent.CONFIRM: {
        Handoff.OFFERED: Handoff.CONFIRMED,
        Handoff.AWAITED: Handoff.GIVEN,
        Handoff.KEPT: Handoff.GIVEN,
    },
    HandoffEvent.REFUSE: {
        Handoff.OFFERED: Handoff.REFUSED,
        Handoff.AWAITED: Handoff.NOT_GIVEN,
        Handoff.KEPT: Handoff.UNSURE,
    },
    HandoffEvent.EXPIRE: {
        Handoff.OFFERED: Handoff.TIMED_OUT,
        Handoff.AWAITED: Handoff.UNANSWERED,
        Handoff.KEPT: Handoff.UNSURE,
    },
    HandoffEvent.OFFER_AGAIN: {
        Handoff.REFUSED: Handoff.OFFERED,
        Handoff.TIMED_OUT: Handoff.OFFERED,
        Handoff.CONFIRMED: Handoff.OFFERED,
        Handoff.NOT_GIVEN: Handoff.AWAITED,
        Handoff.UNANSWERED: Handoff.AWAITED,
    },
    HandoffEvent.WITHDRAW: {
        Handoff.OFFERED: Handoff.WITHDRAWN,
        Handoff.REFUSED: Handoff.WITHDRAWN,
        Handoff.TIMED_OUT: Handoff.WITHDRAWN,
        Handoff.CONFIRMED: Handoff.WITHDRAWN,
        Handoff.AWAITED: Handoff.RECALLED,
        Handoff.NOT_GIVEN: Handoff.RECALLED,
        Handoff.UNANSWERED: Handoff.RECALLED,
        Handoff.GIVEN: Handoff.UNSURE,
        Handoff.KEPT: Handoff.UNSURE,
    },
    HandoffEvent.DROP: {
        Handoff.OFFERED: Handoff.DROPPED,
        Handoff.CONFIRMED: Handoff.DROPPED,
        Handoff.RECEIVED: Handoff.LOST,
    },
    HandoffEvent.OPENED: {Handoff.CONFIRMED: Handoff.RELEASED},
    HandoffEvent.SHUT: {Handoff.GIVEN: Handoff.CLOSED},
    HandoffEvent.SENSE: {Handoff.CLOSED: Handoff.RECEIVED},
    HandoffEvent.MISS: {Handoff.CLOSED: Handoff.UNSURE},
    HandoffEvent.KEEP: {Handoff.UNSURE: Handoff.KEPT},
    HandoffEvent.GONE: {
        Handoff.RELEASED: Handoff.TAKEN,
        Handoff.RECEIVED: Handoff.DONE,
    },
    HandoffEvent.CLOSE: {Handoff.TAKEN: Handoff.DONE},
    HandoffEvent.ABORT: dict.fromkeys({*Handoff} - FREE - {Handoff.TAKEN}, Handoff.ABORTED),
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


def mermaid(*, receiving: bool = False) -> str:
    """Return the half from robot to person, or the other one, as a Mermaid diagram."""
    half = RECEIVING if receiving else {*Handoff} - RECEIVING - FREE
    drawn = {
        (state, event): target for (state, event), target in NEXT.items() if half & {state, target}
    }
    return state_diagram(Handoff.NONE, drawn)
