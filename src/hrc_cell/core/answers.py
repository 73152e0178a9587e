"""Which answers of people are accepted, and how a repeated one is known again."""

from __future__ import annotations

from hrc_cell.core.given import Given
from hrc_cell.core.task import Answer, Answered, Op, TaskState


def repeated(state: TaskState, key: str) -> Answer | None:
    """Return the accepted answer that carried this idempotency key, None if there is none."""
    return next((answer for answer in state.answers if key and answer.key == key), None)


def refusal(given: Given, state: TaskState, event: Answered) -> str:
    """Return why an answer is not accepted, "" if it is: the reasons of AnswerQuestion.srv."""
    if any(answer.question_id == event.question_id for answer in state.answers):
        return "already_answered"
    if state.question is None or state.question.id != event.question_id:
        return "unknown_question"
    if state.question.state_version != event.state_version:
        return "stale_version"
    if event.answer not in state.question.options:
        return "bad_option"
    grips = state.op in (Op.OFFER, Op.ASK) and event.answer == "confirm"
    return "not_permitted" if grips and not given.gripper_permitted else ""
