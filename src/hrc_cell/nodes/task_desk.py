"""The task manager's services: what is asked of it from outside, and what it replies.

Each act of a person that is accepted is in the journal before the reply goes out.
"""

from __future__ import annotations

import collections
import functools
from typing import Any, Protocol

from hrc_cell_interfaces.srv import AnswerQuestion, ControlRun, RunRecipe, SetAutomation

from hrc_cell.core import recipe as core
from hrc_cell.core.answers import refusal, repeated
from hrc_cell.core.given import Given
from hrc_cell.core.levels import level_refusal
from hrc_cell.core.task import (
    Answered,
    AutomationSet,
    Control,
    Controlled,
    Event,
    TaskState,
    as_data,
)
from hrc_cell.nodes import task_wire as wire
from hrc_cell.nodes.base import CellNode
from hrc_cell.settings.recipe import Recipe

REPLIES_KEPT = 256
CONTROLS = {
    "pause_run": Control.PAUSE, "resume_run": Control.RESUME, "cancel_run": Control.CANCEL,
    "skip_step": Control.SKIP, "repeat_step": Control.REPEAT,
}  # fmt: skip
"""Services that control the run under way."""


class Task(Protocol):
    """What the desk needs of the task manager."""

    @property
    def state(self) -> TaskState:
        """Return the task as it is."""

    @property
    def acting(self) -> bool:
        """Return whether anything is taken in at all."""

    @property
    def broken(self) -> bool:
        """Return whether the journal cannot be written."""

    def given(self, name: str) -> Given:
        """Return a recipe and what sensors and monitor say."""

    def known(self, name: str) -> Recipe | None:
        """Return a recipe by name."""

    def request(self, name: str, *, repeat: bool, cycles: int = 1) -> str:
        """Begin a recipe. Return "" or why not."""

    def feed(self, event: Event, *, recipe: str = "") -> bool:
        """Take an event in. Return whether it is decided and in the journal."""


class Desk:
    """The services."""

    def __init__(self, node: CellNode, task: Task) -> None:
        self._node, self._task = node, task
        self._replies: collections.OrderedDict[str, tuple[bool, str, int]] = (
            collections.OrderedDict()
        )
        node.create_service(AnswerQuestion, "answer_question", self._answer)
        node.create_service(RunRecipe, "run_recipe", self._run_recipe)
        node.create_service(SetAutomation, "set_automation", self._set_automation)
        for name, control in CONTROLS.items():
            node.create_service(ControlRun, name, functools.partial(self._control, control))

    def _run_recipe(
        self, request: RunRecipe.Request, response: RunRecipe.Response
    ) -> RunRecipe.Response:
        response.reason = self._task.request(request.recipe, repeat=request.repeat)
        response.accepted = not response.reason
        return response

    def _set_automation(
        self, request: SetAutomation.Request, response: SetAutomation.Response
    ) -> SetAutomation.Response:
        name = request.recipe or self._task.state.recipe
        event = AutomationSet(
            recipe=name,
            step=request.step,
            automation=request.automation,
            by=request.operator_alias,
            device=request.device,
        )
        recipe = self._task.known(name)
        if recipe is None:
            response.reason = "unknown_recipe"
        elif not self._task.acting:
            response.reason = "inactive"
        else:
            response.reason = level_refusal(recipe, self._task.state, event)
        if not response.reason and not self._take(event, recipe=name):
            response.reason = "journal"
        response.accepted, response.state_version = not response.reason, self._task.state.version
        said = {"accepted": response.accepted, "reason": response.reason}
        self._node.tell("automation", {**said, **as_data(event)})
        return response

    def _control(
        self, control: Control, request: ControlRun.Request, response: ControlRun.Response
    ) -> ControlRun.Response:
        event = Controlled(control=control, by=request.operator_alias, device=request.device)
        task = self._task
        reason = "inactive"
        if task.acting:
            reason = core.control_refused(task.given(task.state.recipe), task.state, control)
        if not reason and not self._take(event):
            reason = "journal"
        response.accepted, response.reason = not reason, reason
        response.state_version = task.state.version
        said = {"accepted": response.accepted, "reason": reason}
        self._node.tell("control", {**said, **as_data(event)})
        return response

    def _take(self, event: Event, *, recipe: str = "") -> bool:
        return not self._task.broken and self._task.feed(event, recipe=recipe)

    def _answer(
        self, request: AnswerQuestion.Request, response: AnswerQuestion.Response
    ) -> AnswerQuestion.Response:
        key = request.idempotency_key
        accepted, reason, version = self._replies.get(key) or self._judge(request)
        response.accepted, response.reason, response.state_version = accepted, reason, version
        return response

    def _judge(self, request: Any) -> tuple[bool, str, int]:
        key, task = request.idempotency_key, self._task
        if (answer := repeated(task.state, key)) is not None:
            return True, "", answer.state_version
        event = Answered(
            question_id=request.question_id,
            state_version=request.state_version,
            answer=request.answer,
            by=request.operator_alias,
            key=key,
        )
        reason = "unknown_question"
        if task.acting:
            reason = refusal(task.given(task.state.recipe), task.state, event)
        if not reason and not self._take(event):
            reason = "journal"
        version = task.state.version
        if not reason:
            version = next(
                a.state_version
                for a in reversed(task.state.answers)
                if a.question_id == event.question_id
            )
        reply = (not reason, reason, version)
        if key and reason != "journal":  # nothing was decided: the person may try again
            self._replies[key] = reply
            while len(self._replies) > REPLIES_KEPT:
                self._replies.popitem(last=False)
        self._node.tell("answer", wire.answered(request, reason))
        return reply
