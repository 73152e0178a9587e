"""What whoever leads the task from outside may do with the run under way.

Pause: what is under way is ended first; the run rests at the next safe place, which is the end of a
movement or of a grip, or a question, which is withdrawn and asked anew. A part that is offered is
then not offered any more, the arm comes again. What was confirmed is carried through before the run
rests: the part is released and taken, or received and the person gone. Nothing that was confirmed
is skipped, repeated or, while the gripper opens or closes for it, canceled. What the gripper holds
without its being sensed is decided by a person's answer alone.
"""

from __future__ import annotations

from dataclasses import replace

from hrc_cell.core.handoff import Handoff
from hrc_cell.core.task import Control, Op, Phase, TaskState
from hrc_cell.settings.recipe import Step
from hrc_cell.settings.recipe_routes import falls_through

CARRIED_THROUGH = (Op.PULL, Op.RELEASE, Op.AWAIT, Op.CLOSE, Op.SENSE, Op.CLEAR)
"""Pieces of a handoff that was confirmed."""
CONFIRMED = (Handoff.CONFIRMED, Handoff.RELEASED, Handoff.GIVEN, Handoff.CLOSED, Handoff.RECEIVED)
UNKNOWN = (Handoff.UNSURE, Handoff.KEPT)
"""The gripper may hold a part that its sensor has not told of."""


def control_refusal(step: Step | None, state: TaskState, control: Control) -> str:
    """Return why it cannot be done now, "" if it can: the reasons of ControlRun.srv.

    Without a step, because the recipe was changed, the run can only be given up.
    """
    if not state.active:
        return "no_run"
    if step is None and control is not Control.CANCEL:
        return "held"
    if control is Control.RESUME:
        return "" if state.pausing or state.phase is Phase.PAUSED else "not_paused"
    if control is Control.PAUSE:
        if state.phase is Phase.HELD:
            return "held"
        return "paused" if state.pausing or state.phase is Phase.PAUSED else ""
    if control is Control.CANCEL:
        acts = state.op in (Op.RELEASE, Op.CLOSE) and state.phase is Phase.RUNNING
        return "handoff" if acts else ""
    if state.handoff in UNKNOWN:
        return "handoff"
    if state.phase is Phase.HELD:
        allowed = state.question.options if state.question is not None else ()
        return "" if {Control.SKIP: "skip", Control.REPEAT: "retry"}[control] in allowed else "held"
    if state.handoff in CONFIRMED:
        return "handoff"
    unsaid = control is Control.SKIP and step is not None and not falls_through(step)
    return "needs_answer" if unsaid else ""


def rests(state: TaskState, op: Op) -> bool:
    """Return whether the run rests instead of beginning a piece."""
    return state.pausing and op not in CARRIED_THROUGH and state.handoff not in UNKNOWN


def at_rest(state: TaskState, op: Op) -> TaskState:
    """Return the paused state that goes on with `op`. Version as it was."""
    return replace(state, phase=Phase.PAUSED, op=op, pausing=False, question=None, reason="")
