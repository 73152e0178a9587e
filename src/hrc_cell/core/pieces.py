"""Of which pieces the steps of a recipe are made, and what each wants done."""

from __future__ import annotations

from hrc_cell.core.handoff import LEAVE
from hrc_cell.core.task import Command, Grip, MovePath, Op, Phase, TaskState, Wait
from hrc_cell.settings.canonical import sha256_of, without_texts
from hrc_cell.settings.recipe import SENSE_S, Recipe, Step

OPEN_RATIO, CLOSED_RATIO = 1.0, 0.0
ASKED = {Op.GO, Op.OFFER, Op.ASK, Op.WORK}
"""Pieces that begin with a question."""
PERSONS = {*ASKED, Op.PULL, Op.AWAIT, Op.SENSE, Op.CLEAR, Op.CHECK}
"""Pieces in which the robot waits for a person, or for what sensors are to say."""
GRIPS = {
    Op.OPEN: OPEN_RATIO, Op.SET_DOWN: OPEN_RATIO, Op.RELEASE: OPEN_RATIO, Op.GRASP: CLOSED_RATIO,
    Op.CLOSE: CLOSED_RATIO,
}  # fmt: skip
"""Pieces of the gripper, and how far it is open at their end."""
_PROGRAMS = {
    "move": (Op.MOVE,),
    "pick": (Op.OPEN, Op.MOVE, Op.GRASP),
    "place": (Op.MOVE, Op.SET_DOWN),
    "handover": (Op.MOVE, Op.OFFER, Op.RELEASE, Op.AWAIT),
    "receive": (Op.OPEN, Op.MOVE, Op.ASK, Op.CLOSE, Op.SENSE, Op.CLEAR),
    "wait": (Op.WAIT,),
}
_LATER = {
    "next": "", "answers": [], "requires": [], "sense_s": SENSE_S,
    "release": "on_confirm",
}  # fmt: skip


def program(step: Step) -> tuple[Op, ...]:
    """Return the pieces of a step, in order. What only a person does is asked for when done."""
    checks = (Op.CHECK,) if step.requires else ()
    if step.is_persons:
        return (*checks, Op.WORK)
    pieces = _PROGRAMS[step.act]
    if step.release == "on_pull":
        pieces = (Op.MOVE, Op.OFFER, Op.PULL, Op.RELEASE, Op.AWAIT)
    asks_later = step.hands and step.automation == "confirm"
    asks = () if step.automation == "auto" or asks_later else (Op.GO,)
    return (*checks, *asks, *pieces)


def digest(recipe: Recipe) -> str:
    """Return the canonical hash of what a recipe does; its texts may change under a run.

    What earlier versions did not know stands in it only where a recipe uses it, so that a run that
    one of them began goes on.
    """
    values = without_texts(recipe)
    steps = [
        {"text_key": "", **{k: v for k, v in step.items() if k not in _LATER or v != _LATER[k]}}
        for step in values["steps"]
    ]
    whole = {"steps": steps, "repeats": values["repeats"]} if values["repeats"] else steps
    return sha256_of(whole)


def wanted(recipe: Recipe, state: TaskState) -> Command | None:
    """Return what is to be done in a state, None if nothing is.

    The handoff's table has the last word: what it does not allow is not wanted.
    """
    if state.phase not in (Phase.RUNNING, Phase.WAITING):
        return None
    step, may = recipe.steps[state.step_index], LEAVE[state.handoff]
    if state.op is Op.MOVE and may.arm_may_move:
        return MovePath(
            command=state.command, poses=step.poses, speed_ratio=step.speed_ratio, step=step.id,
            tool=step.tool, contact_region=step.contact_region,
        )  # fmt: skip
    if state.op in GRIPS:
        opening = GRIPS[state.op]
        allowed = may.gripper_may_open if opening == OPEN_RATIO else may.gripper_may_close
        return Grip(command=state.command, opening_ratio=opening) if allowed else None
    if state.op is Op.WAIT:
        return Wait(command=state.command, time_s=step.time_s)
    if state.op is Op.SENSE:
        return Wait(command=state.command, time_s=step.sense_s)
    if state.op in PERSONS:
        return Wait(command=state.command, time_s=step.timeout_s)
    return None
