"""The action `run_task`: a run of a recipe as one goal, for a sequencer of somebody's own.

A goal that cannot be begun is accepted and ends at once with the reason, because a rejected one
cannot say any. Canceling it cancels the run, as soon as no gripper opens for a confirmation. A goal
does not outlive this process; the run does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from hrc_cell_interfaces.action import RunTask

from hrc_cell.core.task import Control, Controlled, Event, Phase, TaskState
from hrc_cell.nodes.base import CellNode
from hrc_cell.nodes.long_action import LongAction

CANCELED_BY = "run_task"


class Task(Protocol):
    """What the action needs of the task manager."""

    @property
    def state(self) -> TaskState:
        """Return the task as it is."""

    def request(self, name: str, *, repeat: bool, cycles: int = 1) -> str:
        """Begin a recipe. Return "" or why not."""

    def feed(self, event: Event, *, recipe: str = "") -> bool:
        """Take an event in. Return whether it is decided and in the journal."""


class RunAction:
    """Follows one run for one goal."""

    def __init__(self, node: CellNode, task: Task, step_id: Callable[[TaskState], str]) -> None:
        """`step_id` names the present step of a state."""
        self._task, self._step_id = task, step_id
        self._goal: Any = None
        self._run_id, self._told = "", -1
        self._server = LongAction(
            node, RunTask, "run_task", begin=self._begin, free=lambda: True
        )  # fmt: skip

    def _begin(self, handle: Any) -> None:
        goal = handle.request
        reason = "busy" if self._goal is not None else ""
        reason = reason or self._task.request(
            goal.recipe, repeat=goal.cycles == 0, cycles=max(goal.cycles, 1)
        )
        if reason:
            handle.abort()
            self._server.end(handle, RunTask.Result(reason=reason))
            return
        self._goal, self._run_id, self._told = handle, self._task.state.run_id, -1
        self.look()

    def look(self) -> None:
        """Tell what is new, end what has ended. To be called after each change and in between."""
        state = self._task.state
        if self._goal is None:
            return
        if state.run_id != self._run_id or not state.active:
            self._end(state)
            return
        if self._told != state.version:
            self._told = state.version
            self._goal.publish_feedback(RunTask.Feedback(
                state_version=state.version,
                phase=int(state.phase),
                cycle=state.cycle,
                step_id=self._step_id(state),
                handoff_state=state.handoff.value,
                question_id=state.question.id if state.question else "",
            ))  # fmt: skip
        if self._goal.is_cancel_requested:
            wish = Controlled(control=Control.CANCEL, by=CANCELED_BY, device="")
            self._task.feed(wish)  # comes back here once it is done

    def _end(self, state: TaskState) -> None:
        handle, self._goal = self._goal, None
        done = state.run_id == self._run_id and state.phase is Phase.DONE
        result = RunTask.Result(
            done=done,
            reason="" if done else state.reason,
            run_id=self._run_id,
            cycles=state.cycle if done else max(state.cycle - 1, 0),
        )
        if done:
            handle.succeed()
        elif handle.is_cancel_requested:
            handle.canceled()
        else:
            handle.abort()
        self._server.end(handle, result)

    def close(self) -> None:
        """Give the server back."""
        self._server.destroy()
