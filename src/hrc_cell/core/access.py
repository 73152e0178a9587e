"""Who may do what on the operator page. One table of acts; everything else follows from it.

Each act has a risk class, which says what it needs, and a least role:

    C0  nothing: one tap, also by somebody who is not signed in (a stop request)
    C1  a tap by somebody who is signed in
    C2  armed, then held, by somebody who was there in the last minutes
    C3  and the PIN once more
    C4  and the PIN of a second person

Roles stand on a ladder; each may do what those below may. A trainer counts as a supervisor in a
simulated cell and as an operator elsewhere. Names after IEC 62443-3-3: SR 1.11 unsuccessful login
attempts, SR 2.1 authorization enforcement (RE 4 dual approval), SR 2.5 session lock (check against
a licensed copy). Time is an argument: seconds of the monotonic clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from itertools import pairwise
from typing import NamedTuple


class Role(Enum):
    """What a person is in this cell."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    TRAINER = "trainer"
    SUPERVISOR = "supervisor"
    ENGINEER = "engineer"


RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.TRAINER: 1, Role.SUPERVISOR: 2, Role.ENGINEER: 3}


class Risk(IntEnum):
    """The risk class of an act."""

    C0 = 0
    C1 = 1
    C2 = 2
    C3 = 3
    C4 = 4


class Needs(NamedTuple):
    """What an act needs besides the role."""

    signed_in: bool
    unlocked: bool
    held: bool
    pin: bool
    second: bool
    audited: bool
    """It is refused where the audit trail cannot be written."""


NEEDS: dict[Risk, Needs] = {
    Risk.C0: Needs(False, False, False, False, False, False),
    Risk.C1: Needs(True, False, False, False, False, False),
    Risk.C2: Needs(True, True, True, False, False, True),
    Risk.C3: Needs(True, True, True, True, False, True),
    Risk.C4: Needs(True, True, True, True, True, True),
}


class Act(Enum):
    """What can be done on the page."""

    STOP_REQUEST = "stop_request"
    ANSWER = "answer"
    PRESS = "press"
    CONFIRM = "confirm"
    CONFIRM_CHANGE = "confirm_change"
    CONFIRM_SAFETY = "confirm_safety"
    PAIR = "pair"
    UNPAIR = "unpair"
    START_RUN = "start_run"
    PAUSE_RUN = "pause_run"
    RESUME_RUN = "resume_run"
    REPEAT_STEP = "repeat_step"
    SKIP_STEP = "skip_step"
    CANCEL_RUN = "cancel_run"
    LEVEL_DOWN = "level_down"
    LEVEL_UP = "level_up"
    ANDON_CALL = "andon_call"
    ANDON_TAKE = "andon_take"
    ANDON_RESOLVE = "andon_resolve"
    HANDOVER_WRITE = "handover_write"
    HANDOVER_WITHDRAW = "handover_withdraw"
    HANDOVER_READ = "handover_read"
    HANDOVER_TAKE = "handover_take"
    KAIZEN_WRITE = "kaizen_write"
    KAIZEN_FINISH = "kaizen_finish"


class Rule(NamedTuple):
    """A row of the table."""

    risk: Risk
    least: Role


ACTS: dict[Act, Rule] = {
    Act.STOP_REQUEST: Rule(Risk.C0, Role.VIEWER),
    Act.ANSWER: Rule(Risk.C1, Role.OPERATOR),  # a tap at a question: go, done, retry, refuse
    Act.PRESS: Rule(Risk.C1, Role.OPERATOR),  # the simulated operator box
    Act.CONFIRM: Rule(Risk.C2, Role.OPERATOR),  # a question of risk class 2: a handoff
    Act.CONFIRM_CHANGE: Rule(Risk.C3, Role.SUPERVISOR),  # of class 3: a change of how it works
    Act.CONFIRM_SAFETY: Rule(Risk.C4, Role.SUPERVISOR),  # of class 4: of what keeps people safe
    Act.PAIR: Rule(Risk.C3, Role.SUPERVISOR),  # let a further tablet in
    Act.UNPAIR: Rule(Risk.C3, Role.SUPERVISOR),  # and out
    Act.START_RUN: Rule(Risk.C2, Role.OPERATOR),  # in a started cell the arm may move at once
    Act.PAUSE_RUN: Rule(Risk.C1, Role.OPERATOR),  # begins nothing
    Act.RESUME_RUN: Rule(Risk.C1, Role.OPERATOR),  # as the answers "go" and "retry" let it go on
    Act.REPEAT_STEP: Rule(Risk.C1, Role.OPERATOR),
    Act.SKIP_STEP: Rule(Risk.C2, Role.SUPERVISOR),  # leaves what the recipe says
    Act.CANCEL_RUN: Rule(Risk.C2, Role.OPERATOR),  # cannot be undone
    Act.LEVEL_DOWN: Rule(Risk.C2, Role.SUPERVISOR),  # the robot asks more
    Act.LEVEL_UP: Rule(Risk.C3, Role.SUPERVISOR),  # the robot acts more by itself
    Act.ANDON_CALL: Rule(Risk.C0, Role.VIEWER),  # for a person to come, and to make it urgent
    Act.ANDON_TAKE: Rule(Risk.C1, Role.OPERATOR),  # say that one comes
    Act.ANDON_RESOLVE: Rule(Risk.C1, Role.OPERATOR),
    Act.HANDOVER_WRITE: Rule(Risk.C1, Role.OPERATOR),
    Act.HANDOVER_WITHDRAW: Rule(Risk.C1, Role.OPERATOR),
    Act.HANDOVER_READ: Rule(Risk.C1, Role.OPERATOR),  # confirm one item
    Act.HANDOVER_TAKE: Rule(Risk.C2, Role.OPERATOR),  # take the shift over
    Act.KAIZEN_WRITE: Rule(Risk.C1, Role.OPERATOR),  # a note on how the work could be better
    Act.KAIZEN_FINISH: Rule(Risk.C1, Role.OPERATOR),  # and that it is done, or open again
}

REASONS = (
    "not_signed_in", "role_too_low", "session_locked", "needs_pin", "needs_second", "same_person",
    "second_role_too_low",
)  # fmt: skip
"""Why an act is not allowed."""

OF_THE_RUN = {"skip": Act.SKIP_STEP, "abort": Act.CANCEL_RUN}
"""Answers to a question that do with the run what can be done without a question, too."""

PIN_DIGITS = 6
TRIES = 5
"""So many wrong PINs in a row lock a person on a device."""
FIRST_LOCK_S = 30.0
LOCK_MAX_S = 3600.0
"""Each further wrong PIN locks twice as long as the one before, up to this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody who is signed in on a device."""

    alias: str
    role: Role
    active_s: float
    """When they were last seen to be there."""
    training: bool = False
    """Signed in by the simulated cell itself; has no PIN and is never locked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What somebody brings besides their session, checked already."""

    pin: bool = False
    """Their own PIN, right."""
    second: str = ""
    """Alias of the second person, whose PIN was right; "" if nobody."""
    second_role: Role = Role.VIEWER


NO_PROOF = Proof()


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Wrong PINs of one person on one device since the last right one."""

    wrong: int = 0
    locked_until_s: float = 0.0


def act_of(risk_class: int) -> Act:
    """Return the act that affirms a question of this class; beyond the table it is the strictest.

    >>> act_of(2)
    <Act.CONFIRM: 'confirm'>
    """
    by_class = (Act.ANSWER, Act.ANSWER, Act.CONFIRM, Act.CONFIRM_CHANGE)
    return by_class[risk_class] if 0 <= risk_class < len(by_class) else Act.CONFIRM_SAFETY


def act_for(answer: str, risk_class: int) -> Act:
    """Return the act that an answer to a question of this class is.

    To skip a step or to give the run up needs the same at a question as without one.

    >>> act_for("skip", 1), act_for("refuse", 2)
    (<Act.SKIP_STEP: 'skip_step'>, <Act.ANSWER: 'answer'>)
    """
    if answer == "refuse":
        return Act.ANSWER
    return OF_THE_RUN.get(answer) or act_of(risk_class)


def rank(role: Role, *, simulated: bool) -> int:
    """Return how high a role stands."""
    return RANK[Role.SUPERVISOR] if role is Role.TRAINER and simulated else RANK[role]


def leads(session: Session | None, *, simulated: bool) -> bool:
    """Return whether this is a supervisor or more: one to mend what is wrong with a recipe."""
    least = RANK[Role.SUPERVISOR]
    return session is not None and rank(session.role, simulated=simulated) >= least


def is_locked(session: Session, now_s: float, *, idle_lock_s: float) -> bool:
    """Return whether nobody was seen for too long; an instant that cannot be counts as too long."""
    return not session.training and not 0.0 <= now_s - session.active_s <= idle_lock_s


def seen(session: Session, now_s: float, *, idle_lock_s: float) -> Session:
    """Return the session of somebody who is there now. A locked one stays locked."""
    if is_locked(session, now_s, idle_lock_s=idle_lock_s):
        return session
    return replace(session, active_s=now_s)


def refusal(
    act: Act,
    session: Session | None,
    now_s: float,
    *,
    idle_lock_s: float,
    simulated: bool,
    proof: Proof = NO_PROOF,
) -> str:
    """Return "" if the act is allowed to whoever this is, else one of REASONS.

    That it was held, and that the audit trail can be written, others must see to.
    """
    rule = ACTS[act]
    needs = NEEDS[rule.risk]
    least = rank(rule.least, simulated=simulated)
    if not needs.signed_in:
        return ""
    if session is None:
        return "not_signed_in"
    if rank(session.role, simulated=simulated) < least:
        return "role_too_low"
    if needs.unlocked and is_locked(session, now_s, idle_lock_s=idle_lock_s):
        return "session_locked"
    if needs.pin and not proof.pin:
        return "needs_pin"
    if not needs.second:
        return ""
    if not proof.second:
        return "needs_second"
    if proof.second == session.alias:
        return "same_person"
    return "" if rank(proof.second_role, simulated=simulated) >= least else "second_role_too_low"


def after_wrong(attempts: Attempts, now_s: float) -> Attempts:
    """Return the attempts after one more wrong PIN."""
    wrong = attempts.wrong + 1
    if wrong < TRIES:
        return replace(attempts, wrong=wrong)
    doublings = min(wrong - TRIES, 64)
    lock_s = min(FIRST_LOCK_S * 2.0**doublings, LOCK_MAX_S)
    return Attempts(wrong=wrong, locked_until_s=now_s + lock_s)


def locked_for_s(attempts: Attempts, now_s: float) -> float:
    """Return for how long no PIN is looked at any more [s], 0 if it is."""
    return max(0.0, attempts.locked_until_s - now_s) if attempts.wrong >= TRIES else 0.0


def pin_problem(pin: str) -> str:
    """Return what is wrong with a PIN that somebody chose, "" if nothing is.

    >>> pin_problem("123456")
    'it counts up or down'
    """
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdigit()):
        return f"it must be {PIN_DIGITS} digits"
    steps = {int(b) - int(a) for a, b in pairwise(pin)}
    if steps == {0}:
        return "it is the same digit again and again"
    return "it counts up or down" if steps in ({1}, {-1}) else ""


def keeps_a_supervisor(before: Mapping[str, Role], after: Mapping[str, Role]) -> bool:
    """Return whether a change of the people leaves a supervisor where there was one."""
    return Role.SUPERVISOR not in before.values() or Role.SUPERVISOR in after.values()
