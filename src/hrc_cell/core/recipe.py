"""What happens next in a recipe: a pure function from state and event to the states that follow.

Each step is a short program of pieces (`program`). The state says which piece is under way;
`wanted` says what is to be done in a state, so a new process that read the state from the journal
knows what to do without knowing what its predecessor had begun. `advance` returns the states that
an event leads through, in order; each is journaled before what it wants is done.

- `auto` steps begin by themselves, `confirm` steps are asked for first, `manual` steps wait for a
  person's go. A handover or receive with `confirm` asks once, at the release or the closing; with
  `manual` the person also says when the robot is to come. Those are always confirmed.
- Waiting for a person ends at the step's timeout: the step is held and a person is called.
  Nothing confirms by itself.
- A failed movement is tried again `retry_max` times, then the step is held.
- A held step is left only by a person's answer.
- A part is offered only while the gripper's sensor sees one, and a pick or receive opens the
  gripper only while it sees none; where the sensor says nothing, a person is called.
- A stop that a person must undo and a new process ask nothing that was asked at the handover place
  before: the arm may have left it, so it comes again. What was confirmed is asked again after such
  a stop, and goes on without asking in a new process.
- Where a step leads is the recipe's (core.routes); it begins once what it requires is so
  (core.conditions). How far the robot acts by itself may be turned down in the middle of it
  (core.levels), and who leads the task from outside may pause and skip (core.control).
- A run whose steps were changed meanwhile is held until a person gives it up.
- How a handoff goes on by itself is said by sensors and permit (core.noticed).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hrc_cell.core import handoff
from hrc_cell.core.answers import refusal
from hrc_cell.core.asking import asked, held
from hrc_cell.core.conditions import unmet
from hrc_cell.core.control import CARRIED_THROUGH, at_rest, control_refusal, rests
from hrc_cell.core.given import Given
from hrc_cell.core.handoff import RECEIVING, Handoff, HandoffEvent
from hrc_cell.core.levels import as_set, level_refusal, with_levels
from hrc_cell.core.noticed import hindrance, noticed
from hrc_cell.core.pieces import ASKED, GRIPS, PERSONS, digest, program
from hrc_cell.core.routes import following
from hrc_cell.core.task import (
    ANSWERS_KEPT,
    Answer,
    Answered,
    AutomationSet,
    CommandFailed,
    Control,
    Controlled,
    Event,
    GripDone,
    MoveDone,
    Op,
    PartsChanged,
    Phase,
    Restarted,
    RunRequested,
    Stopped,
    TaskState,
    TimeReached,
)
from hrc_cell.settings.recipe import Step

BEGINS = {
    ("handover", Op.MOVE): HandoffEvent.BEGIN, ("receive", Op.OPEN): HandoffEvent.COME,
}  # fmt: skip
"""Pieces with which a handoff begins, or comes anew."""
LATE = {
    Op.AWAIT: "not_taken", Op.PULL: "not_pulled", Op.SENSE: "part_missing", Op.CLEAR: "not_clear",
}  # fmt: skip
"""Why a step is held whose wait has ended, apart from those in which a person is asked."""


def control_refused(given: Given, state: TaskState, control: Control) -> str:
    """Return why a run cannot be controlled so, "" if it can: the reasons of ControlRun.srv."""
    known = state.active and not _changed(given, state)
    return control_refusal(_step(given, state) if known else None, state, control)


def advance(given: Given, state: TaskState, event: Event) -> tuple[TaskState, ...]:
    """Return the states that an event leads through, in order; none if it changes nothing."""
    passed: list[TaskState] = []
    now = _react(given, state, event)
    while now is not None:
        passed.append(now)
        # A level may be set in another recipe than the one that runs: nothing follows from it here.
        now = None if isinstance(event, AutomationSet) else _settle(given, now)
    return tuple(passed)


def _react(given: Given, state: TaskState, event: Event) -> TaskState | None:
    if isinstance(event, RunRequested):
        return None if state.active else _begin(given, state, event)
    if isinstance(event, AutomationSet):
        if level_refusal(given.recipe, state, event):
            return None
        return _next(with_levels(given.recipe, state, event))
    if not state.active:
        return None
    if isinstance(event, Restarted):
        return _resume(given, state)
    if isinstance(event, Answered):
        return None if refusal(given, state, event) else _answered(given, state, event)
    if isinstance(event, Stopped):
        away = _away(state)
        return None if away.handoff is state.handoff else _anew(given, state, away)
    if isinstance(event, Controlled):
        refused = control_refused(given, state, event.control)
        return None if refused else _controlled(given, state, event.control)
    if state.phase in (Phase.HELD, Phase.PAUSED):
        return None
    if isinstance(event, PartsChanged):
        return _settle(given, state)
    return None if event.command != state.command else _ended(given, state, event)


def _settle(given: Given, state: TaskState) -> TaskState | None:
    """Return the state that follows by itself."""
    if state.handoff is Handoff.ABORTED and state.active:
        return _next_step(given, state, skipped=True)
    if state.handoff in (Handoff.WITHDRAWN, Handoff.RECALLED) and state.phase is Phase.RUNNING:
        return _enter(given, state, _coming(state))
    if state.phase is not Phase.WAITING:
        return None
    if state.op in (Op.OFFER, Op.ASK, Op.PULL):
        hindered, pulled = _hindered(given, state, state.op), state.op is Op.PULL and given.pulled
        return _next_piece(given, state) if pulled and hindered is None else hindered
    if state.op is Op.CHECK:
        return None if _unmet(given, state) else _next_piece(given, state)
    if state.handoff is Handoff.LOST:
        return _hold(given, state, "part_lost", op=Op.OPEN)
    ended = Handoff.RECEIVED if state.op is Op.SENSE else Handoff.DONE
    if state.handoff is ended:
        return _next_piece(given, state)
    event = noticed(given, state.op, state.handoff)
    return None if event is None else _next(state, handoff=handoff.step(state.handoff, event))


# A run, a step, a piece begins.


def _next(state: TaskState, **changes: Any) -> TaskState:
    return replace(state, version=state.version + 1, **changes)


def _step(given: Given, state: TaskState) -> Step:
    """Return the present step, with the level of automation that is in force."""
    return as_set(state.levels, given.recipe.name, given.recipe.steps[state.step_index])


def _unmet(given: Given, state: TaskState) -> str:
    return unmet(_step(given, state), given.parts, given.signals)


def _begin(given: Given, state: TaskState, event: RunRequested) -> TaskState:
    fresh = TaskState(
        version=state.version,
        recipe=given.recipe.name,
        recipe_sha256=digest(given.recipe),
        run_id=event.run_id,
        repeat=event.repeat,
        cycles=event.cycles,
        cycle=1,
        command=state.command,
        answers=state.answers,
        levels=state.levels,
    )
    return _enter(given, fresh, program(_step(given, fresh))[0])


def _next_step(
    given: Given, state: TaskState, answer: str = "", *, skipped: bool = False
) -> TaskState:
    clear = replace(
        state, tries=0, handoff=Handoff.NONE, handoff_id="", turned_down=False, after=Op.NONE,
        done=state.done if skipped else (*state.done, state.step_index),
    )  # fmt: skip
    index, rounds = following(given.recipe, state.rounds, state.step_index, answer)
    if index == len(given.recipe.steps):
        if not state.repeat and state.cycle >= state.cycles:
            return _next(
                clear, phase=Phase.DONE, op=Op.NONE, question=None, reason="", rounds=(),
                pausing=False,
            )  # fmt: skip
        clear, index, rounds = replace(clear, cycle=state.cycle + 1), 0, ()
    done = tuple(one for one in clear.done if one < index)  # those behind it come again
    there = replace(clear, step_index=index, rounds=rounds, done=done)
    return _enter(given, there, program(_step(given, there))[0])


def _next_piece(given: Given, state: TaskState) -> TaskState:
    if state.op is Op.GO and state.after is not Op.NONE:
        return _enter(given, replace(state, turned_down=False, after=Op.NONE), state.after)
    pieces = program(_step(given, state))
    index = pieces.index(state.op) + 1
    if index == len(pieces):
        return _next_step(given, state)
    skips = state.by_hand and pieces[index] is Op.PULL
    return _enter(given, state, pieces[index + skips])


def _enter(given: Given, state: TaskState, op: Op) -> TaskState:
    if state.turned_down and op not in PERSONS and op not in CARRIED_THROUGH:
        state, op = replace(state, after=op), Op.GO
    if rests(state, op):
        away = _away(state)
        return _next(at_rest(away, op if away.handoff is state.handoff else _coming(away)))
    if op is Op.OPEN and state.handoff is Handoff.UNSURE and given.parts.get("gripper"):
        state, op = replace(state, handoff=handoff.step(state.handoff, HandoffEvent.KEEP)), Op.ASK
    if (hindered := _hindered(given, state, op)) is not None:
        return hindered
    step = _step(given, state)
    entered = _next(
        state,
        op=op,
        phase=Phase.WAITING if op in PERSONS else Phase.RUNNING,
        command=state.command + 1,
        question=None,
        reason="",
    )
    if (begins := BEGINS.get((step.act, op))) is not None:
        begun = handoff.step(entered.handoff, begins)
        name = entered.handoff_id or f"{entered.run_id}.{entered.version}"
        return replace(entered, handoff=begun, handoff_id=name, by_hand=False)
    return asked(step, entered) if op in ASKED else entered


def _hindered(given: Given, state: TaskState, op: Op) -> TaskState | None:
    """Return the held state if what the gripper holds forbids a piece, None if nothing does."""
    if not (reason := hindrance(given.parts, op)):
        return None
    if op is Op.OPEN:
        return _hold(given, state, reason, op=op)
    event = HandoffEvent.DROP if reason == "part_lost" else HandoffEvent.WITHDRAW
    gone = replace(state, handoff=handoff.step(state.handoff, event))
    return _hold(given, gone, reason, op=_coming(gone))


def _coming(state: TaskState) -> Op:
    """Return the piece with which the arm comes again to the handover place."""
    return Op.OPEN if state.handoff in RECEIVING else Op.MOVE


def _away(state: TaskState) -> TaskState:
    """Return the state in which what was asked at the handover place is not asked any more."""
    return replace(state, handoff=handoff.step(state.handoff, HandoffEvent.WITHDRAW))


# A piece ends, or does not.


def _ended(
    given: Given, state: TaskState, event: CommandFailed | MoveDone | GripDone | TimeReached
) -> TaskState | None:
    op = state.op
    if isinstance(event, CommandFailed):
        code = "move_failed" if op is Op.MOVE else "grip_failed"
        return _failed(given, state, f"{code}: {event.reason}")
    if isinstance(event, MoveDone) and op is Op.MOVE:
        arrived = replace(state, handoff=handoff.step(state.handoff, HandoffEvent.ARRIVE))
        return _next_piece(given, arrived)
    if isinstance(event, GripDone) and op in GRIPS:
        return _gripped(given, state, event)
    return _expired(given, state) if isinstance(event, TimeReached) else None


def _gripped(given: Given, state: TaskState, event: GripDone) -> TaskState:
    if state.op is Op.GRASP:
        held = event.holding or given.parts.get("gripper", False)
        return _next_piece(given, state) if held else _failed(given, state, "no_part")
    closes = state.op is Op.CLOSE
    if not (event.reached or (closes and event.holding)):
        return _failed(given, state, f"grip_failed: did not {'close' if closes else 'open'}")
    done = handoff.step(state.handoff, HandoffEvent.SHUT if closes else HandoffEvent.OPENED)
    return _next_piece(given, replace(state, handoff=done))


def _expired(given: Given, state: TaskState) -> TaskState:
    if state.op is Op.WAIT:
        return _next_piece(given, state)
    event = HandoffEvent.MISS if state.op is Op.SENSE else HandoffEvent.EXPIRE
    late = replace(state, handoff=handoff.step(state.handoff, event))
    if state.op is Op.CHECK:
        return _hold(given, late, f"precondition: {_unmet(given, state)}")
    return _hold(given, late, LATE.get(state.op, "timed_out"))


def _failed(given: Given, state: TaskState, reason: str) -> TaskState:
    tries = state.tries + 1
    if tries > given.retry_max:
        return _hold(given, _away(state) if state.op is Op.CLOSE else state, reason)
    return _enter(given, replace(state, tries=tries), _again(given, state))


def _again(given: Given, state: TaskState) -> Op:
    """Return the piece to try again from: the step's first movement, or where a person is."""
    if state.op in PERSONS or state.op in CARRIED_THROUGH or state.handoff is Handoff.UNSURE:
        return state.op
    return next(op for op in program(_step(given, state)) if op is not Op.GO)


def _hold(given: Given, state: TaskState, reason: str, op: Op | None = None) -> TaskState:
    unsure = state.handoff is Handoff.UNSURE
    stopped = _next(state, op=Op.OPEN if unsure else op or state.op)
    if _changed(given, state):
        return held(stopped, None, "recipe_changed")
    return held(stopped, _step(given, state), reason)


# A person has answered; a new process goes on.


def _answered(given: Given, state: TaskState, event: Answered) -> TaskState:
    told = Answer(
        question_id=event.question_id,
        answer=event.answer,
        by=event.by,
        key=event.key,
        state_version=state.version + 1,
    )
    kept = replace(state, answers=(*state.answers, told)[-ANSWERS_KEPT:])
    if event.answer == "abort":
        return _given_up(kept, "aborted")
    if event.answer == "skip":
        return _skipped(given, kept)
    if event.answer == "refuse":
        refused = handoff.step(state.handoff, HandoffEvent.REFUSE)
        return _hold(given, replace(kept, handoff=refused), "refused")
    if event.answer == "retry":
        return _enter(given, replace(kept, tries=0, turned_down=False), _again(given, state))
    if event.answer in ("offer_again", "by_hand"):
        offered = handoff.step(state.handoff, HandoffEvent.OFFER_AGAIN)
        kept = replace(kept, by_hand=event.answer == "by_hand")
        again = Op.ASK if state.op is Op.ASK else Op.OFFER
        return _enter(given, replace(kept, tries=0, handoff=offered), again)
    if state.op is Op.WORK:
        return _next_step(given, kept, event.answer)
    if state.op is Op.GO and state.after is Op.NONE and _unmet(given, state):
        return _enter(given, kept, Op.CHECK)  # it was so when the question was asked
    confirmed = handoff.step(state.handoff, HandoffEvent.CONFIRM)
    return _next_piece(given, replace(kept, handoff=confirmed))


def _given_up(state: TaskState, reason: str) -> TaskState:
    ended = handoff.step(state.handoff, HandoffEvent.ABORT)
    return _next(
        state, phase=Phase.ABORTED, reason=reason, question=None, handoff=ended, pausing=False
    )


def _skipped(given: Given, state: TaskState) -> TaskState:
    ended = handoff.step(state.handoff, HandoffEvent.ABORT)
    if ended is not state.handoff:
        return _next(state, phase=Phase.RUNNING, reason="", question=None, handoff=ended)
    return _next_step(given, state, skipped=True)


def _controlled(given: Given, state: TaskState, control: Control) -> TaskState:
    paused = state.phase is Phase.PAUSED
    if control is Control.CANCEL:
        return _given_up(state, "canceled")
    if control is Control.RESUME:
        on = replace(state, pausing=False)
        return _enter(given, on, state.op) if paused else _next(on)
    if control is Control.PAUSE:
        waits = state.phase is Phase.WAITING and rests(replace(state, pausing=True), state.op)
        pausing = replace(state, pausing=True)
        return _enter(given, pausing, state.op) if waits else _next(pausing)
    still = replace(state, pausing=state.pausing or paused, tries=0)  # a paused run stays so
    if control is Control.SKIP:
        return _skipped(given, still)
    anew = replace(_away(still), turned_down=False, after=Op.NONE)
    return _enter(given, anew, program(_step(given, anew))[0])


def _resume(given: Given, state: TaskState) -> TaskState:
    """Return the state of the new process: what was under way begins anew, as far as it was."""
    confirmed = state.op in (Op.RELEASE, Op.CLOSE) and state.phase is Phase.RUNNING
    return _anew(given, state, state if confirmed else _away(state))


def _anew(given: Given, state: TaskState, away: TaskState) -> TaskState:
    """Return the state whose piece begins anew; with the approach if the handoff has gone back."""
    stays = away.handoff is state.handoff
    op = state.op if stays else _coming(away)
    if away.handoff is Handoff.UNSURE and not stays:
        return _hold(given, away, "grip_interrupted")
    if state.phase is Phase.HELD or _changed(given, state):
        return _hold(given, away, state.reason, op=op)
    if state.phase is Phase.PAUSED:
        return _next(at_rest(away, op))
    if not stays:
        return _next(away, op=op, phase=Phase.RUNNING, question=None, reason="")  # then it comes
    return _enter(given, away, op)


def _changed(given: Given, state: TaskState) -> bool:
    return state.recipe_sha256 != digest(given.recipe)
