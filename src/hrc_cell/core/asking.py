"""What a person is asked: for each piece of a step its question, and one for what went wrong."""

from __future__ import annotations

from dataclasses import replace

from hrc_cell.core.handoff import Handoff
from hrc_cell.core.task import Op, Phase, Question, TaskState
from hrc_cell.settings.recipe import RESERVED, Step
from hrc_cell.settings.recipe_routes import falls_through

TEXT_KEYS = (
    "question.step_go", "question.work_done", "question.work_result", "question.release_part",
    "question.release_on_pull", "question.grip_part", "question.recover",
)  # fmt: skip
"""Every message id that a question can carry; the work instructions stand in the recipes."""

OPTIONS = RESERVED
"""Every answer that a question can allow, but those that a recipe names itself."""

REASONS: dict[str, str] = {
    "move_failed": "the arm did not reach the end of its path (detail: the executor's reason)",
    "grip_failed": "the gripper did not do what was asked",
    "no_part": "the gripper closed on nothing",
    "part_in_gripper": "a pick or a receive cannot begin: the gripper holds a part",
    "part_lost": "a part is to be offered, or was received, and the gripper holds none",
    "not_pulled": "the part is to be released once it is pulled, and no pull was felt",
    "part_missing": "the gripper closed for a person's part and its sensor senses none",
    "grip_interrupted": "the gripper was closing for a person's part when it was stopped",
    "not_clear": "the part was received and the arm still may not move: a person is near",
    "gripper_unknown": "the gripper's part sensor says nothing, so nobody knows what it holds",
    "precondition": "what the step requires is not so (detail: what)",
    "refused": "a person said no",
    "timed_out": "nobody answered in time",
    "not_taken": "the part was released and is still sensed",
    "recipe_changed": "the recipe is not the one that was begun",
    "aborted": "a person gave the run up",
    "canceled": "whoever leads the task from outside gave the run up",
    "journal": "the journal cannot be written; nothing is done until it can",
}
"""Every reason of a held or aborted task, and its meaning. A detail follows after a colon."""


def asked(step: Step, state: TaskState) -> TaskState:
    """Return the state with the question of its piece."""
    about = (f"step={step.text_key}",)
    told: tuple[str, int, str, tuple[str, ...], tuple[str, ...]]
    if state.op is Op.OFFER:
        pulls = step.release == "on_pull" and not state.by_hand
        text = "question.release_on_pull" if pulls else "question.release_part"
        told = ("handoff", 2, text, about, ("confirm", "refuse"))
    elif state.op is Op.ASK:
        told = ("handoff", 2, "question.grip_part", about, ("confirm", "refuse"))
    elif state.op is Op.WORK and step.answers:
        names = tuple(choice.name for choice in step.answers)
        told = ("step", 1, "question.work_result", about, (*names, "refuse"))
    elif state.op is Op.WORK:
        told = ("step", 1, "question.work_done", about, ("done", "refuse"))
    elif step.automation == "manual":
        told = ("step", 1, "question.step_go", about, ("go", "skip"))
    else:
        told = ("confirm", 1, "question.step_go", about, ("confirm", "refuse"))
    return replace(state, question=_question(state, *told))


def held(state: TaskState, step: Step | None, reason: str) -> TaskState:
    """Return the state in which a person is asked how to go on; without a step only to give up."""
    code = reason.partition(":")[0]
    options: tuple[str, ...] = ("abort",)
    if step is not None and state.handoff is Handoff.UNSURE:
        options = ("retry", "abort")  # nor is what the gripper may hold
    elif step is not None and state.op in (Op.OFFER, Op.ASK):
        options = ("offer_again", "skip", "abort")
    elif step is not None and state.op is Op.PULL:
        options = ("offer_again", "by_hand", "abort")
    elif step is not None and state.op is Op.RELEASE:
        options = ("offer_again", "abort")  # what was confirmed is not skipped
    elif step is not None:
        # Where every answer leads elsewhere, nothing follows without one.
        options = ("retry", "skip", "abort") if falls_through(step) else ("retry", "abort")
    args = (f"step={step.text_key if step is not None else ''}", f"reason={code}")
    stopped = replace(state, phase=Phase.HELD, reason=reason)
    question = _question(stopped, "recover", 1, "question.recover", args, options)
    return replace(stopped, question=question)


def _question(
    state: TaskState,
    kind: str,
    risk_class: int,
    text_key: str,
    args: tuple[str, ...],
    options: tuple[str, ...],
) -> Question:
    return Question(
        id=f"{state.run_id}.{state.version}",
        kind=kind,
        risk_class=risk_class,
        text_key=text_key,
        args=args,
        options=options,
        state_version=state.version,
    )
