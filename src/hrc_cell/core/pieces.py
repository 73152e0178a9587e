"""Of which pieces the steps of a recipe are made, and what each wants done."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from hrc_cell.core.handoff import LEAVE
from hrc_cell.core.task import Command, Grip, MovePath, Op, Phase, TaskState, Wait
from hrc_cell.settings.recipe import Recipe, Step

OPEN_RATIO, CLOSED_RATIO = 1.0, 0.0
ASKED = {Op.GO, Op.OFFER, Op.WORK}
"""Pieces that begin with a question."""
PERSONS = {*ASKED, Op.AWAIT}
"""Pieces in which it is a person's turn."""
GRIPS = {
    Op.OPEN: OPEN_RATIO, Op.SET_DOWN: OPEN_RATIO, Op.RELEASE: OPEN_RATIO, Op.GRASP: CLOSED_RATIO,
}  # fmt: skip
"""Pieces of the gripper, and how far it is open at their end."""
_PROGRAMS = {
    "move": (Op.MOVE,),
    "pick": (Op.OPEN, Op.MOVE, Op.GRASP),
    "place": (Op.MOVE, Op.SET_DOWN),
    "handover": (Op.MOVE, Op.OFFER, Op.RELEASE, Op.AWAIT),
    "wait": (Op.WAIT,),
    "work": (Op.WORK,),
}


def program(step: Step) -> tuple[Op, ...]:
    """Return the pieces of a step, in order. What only a person does is asked for when done."""
    if step.actor == "person" and step.act != "wait":
        return (Op.WORK,)
    pieces = _PROGRAMS[step.act]
    asks_later = step.act == "work" or (step.act == "handover" and step.automation == "confirm")
    return pieces if step.automation == "auto" or asks_later else (Op.GO, *pieces)


def digest(recipe: Recipe) -> str:
    """Return the canonical hash of what a recipe does; its texts may change under a run."""
    steps = [{**asdict(step), "text_key": ""} for step in recipe.steps]
    text = json.dumps(steps, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


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
    if state.op in GRIPS and (may.gripper_may_open or state.op is Op.GRASP):
        return Grip(command=state.command, opening_ratio=GRIPS[state.op])
    if state.op is Op.WAIT:
        return Wait(command=state.command, time_s=step.time_s)
    if state.op in PERSONS:
        return Wait(command=state.command, time_s=step.timeout_s)
    return None
