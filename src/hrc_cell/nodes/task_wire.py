"""The task manager's translators: the state of the task to its message and to its journal."""

from __future__ import annotations

from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import LocalText
from hrc_cell_interfaces.msg import Question as QuestionMsg
from hrc_cell_interfaces.msg import TaskState as TaskStateMsg
from hrc_cell_interfaces.srv import AnswerQuestion

from hrc_cell.adapters.record.journal import Journal
from hrc_cell.core.levels import as_set
from hrc_cell.core.task import Event, Phase, Question, TaskState, as_data, state_from
from hrc_cell.settings.recipe import Recipe, Step


def message(
    state: TaskState, recipe: Recipe | None, asked: TimeMsg, *, journal_broken: bool
) -> TaskStateMsg:
    """Return the state as everybody may see it. Stamp and frame are the node's."""
    told = TaskStateMsg(
        state_version=state.version,
        phase=int(state.phase),
        pausing=state.pausing,
        recipe=state.recipe,
        title_key=state.recipe if recipe is None else recipe.title_key,
        run_id=state.run_id,
        cycle=state.cycle,
        step_index=state.step_index,
        handoff_id=state.handoff_id,
        handoff_state=state.handoff.value,
        reason=state.reason,
    )
    if recipe is not None and state.step_index < len(recipe.steps):
        step = recipe.steps[state.step_index]
        told.step_count, told.step_id = len(recipe.steps), step.id
        told.actor, told.text_key, told.texts = step.actor, step.text_key, texts(step)
        levels = [as_set(state.levels, recipe.name, one).automation for one in recipe.steps]
        told.automation = levels[state.step_index]
        told.step_ids, told.step_automations = [one.id for one in recipe.steps], levels
        told.step_limits = [one.automation for one in recipe.steps]
        told.step_actors = [one.actor for one in recipe.steps]
        told.step_text_keys = [one.text_key for one in recipe.steps]
        told.step_done = [index in state.done for index in range(len(recipe.steps))]
    if journal_broken:
        told.phase, told.reason = int(Phase.HELD), "journal"
    elif state.question is not None:
        told.question = question(state.question, asked)
    return told


def texts(step: Step) -> list[LocalText]:
    """Return the step's own instructions, and what its answers are called."""
    instructions = [
        LocalText(language=language, text=one.text, picture=one.picture)
        for language, one in (step.instructions or {}).items()
    ]
    answers = [
        LocalText(key=choice.name, language=language, text=text)
        for choice in step.answers
        for language, text in (choice.texts or {}).items()
    ]
    return instructions + answers


def question(asked: Question, at: TimeMsg) -> QuestionMsg:
    """Return a question as a message."""
    return QuestionMsg(
        id=asked.id,
        kind=asked.kind,
        risk_class=asked.risk_class,
        text_key=asked.text_key,
        args=list(asked.args),
        options=list(asked.options),
        state_version=asked.state_version,
        asked=at,
    )


def record(state: TaskState, event: Event, stamp_ns: int) -> dict[str, Any]:
    """Return the journal's record of a transition."""
    cause = {"kind": type(event).__name__, **as_data(event)}
    return {"stamp_ns": stamp_ns, "event": cause, "state": as_data(state)}


def state_in(journal: Journal) -> TaskState:
    """Return the state that stands last in a journal. Raises ValueError with what to do."""
    try:
        return state_from((journal.last or {}).get("state", {}))
    except ValueError as error:
        raise ValueError(
            f"{journal.path}: written by another version ({error}); see that nobody holds a part "
            "and the gripper is empty, then move the file away (keep it) and start again"
        ) from error


def answered(request: AnswerQuestion.Request, reason: str) -> dict[str, Any]:
    """Return what the record says of an answer."""
    return {
        "accepted": not reason,
        "reason": reason,
        "question_id": request.question_id,
        "answer": request.answer,
        "operator_alias": request.operator_alias,
        "device": request.device,
    }


def told(state: TaskState, recipe: Recipe) -> dict[str, Any]:
    """Return what the record says of a transition."""
    return {
        "version": state.version,
        "phase": state.phase.name,
        "recipe": state.recipe,
        "run_id": state.run_id,
        "cycle": state.cycle,
        "step": recipe.steps[state.step_index].id if state.step_index < len(recipe.steps) else "",
        "op": state.op.value,
        "handoff": state.handoff.value,
        "reason": state.reason,
        "question_id": state.question.id if state.question else "",
    }
