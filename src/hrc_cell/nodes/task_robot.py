"""The task's way to the robot: one command at a time, sent as an action goal, seen through.

A goal is sent only while the cell is started and the executor lives: its action server is there
and `motion_progress` is heard. A goal whose executor fell silent is lost with it; it is sent again
when the executor is back. Sending twice is harmless, the executor begins from where the arm is. An
executor that takes no goal, because it still works on one of another process or is not active, is
asked again with the next tick.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any

from hrc_cell_interfaces.action import FollowPath, MoveGripper
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

from hrc_cell.core.task import CommandFailed, Grip, GripDone, MoveDone, MovePath

RESPONSE_S = 2.0
"""Without a word to a goal for so long it counts as lost on the way."""
EFFORT_RATIO = 1.0

SILENT_TICKS = 2
"""Ticks in a row without progress heard: the executor is gone."""

Report = Callable[[MoveDone | GripDone | CommandFailed], object]


class RobotActions:
    """Keeps the robot at the one command that is wanted."""

    def __init__(
        self,
        node: Node,
        poses: Mapping[str, tuple[float, ...]],
        *,
        silent_s: float,
        report: Report,
        payload_kg: Callable[[], float],
    ) -> None:
        self._poses, self._silent_s, self._report = poses, silent_s, report
        self._payload_kg = payload_kg
        self._follow = ActionClient(node, FollowPath, "follow_path")
        self._grip = ActionClient(node, MoveGripper, "move_gripper")
        self._command: MovePath | Grip | None = None
        self._run_id = ""
        self._attempt = 0  # callbacks of an earlier one are not heard
        self._sent_s: float | None = None
        self._goal: Any = None
        self._progress_s = math.nan  # stamp of the newest progress
        self._silent_ticks = SILENT_TICKS + 1
        self._started = self._closed = False
        self._refused = False  # not to be sent before the next tick

    def close(self) -> None:
        """Give the clients back. What is still answered is not heard."""
        self._closed = True
        self._forget()
        self._follow.destroy()
        self._grip.destroy()

    def want(self, command: MovePath | Grip | None, run_id: str) -> None:
        """Do this and nothing else. A command other than the one under way takes its place."""
        if command == self._command and run_id == self._run_id:
            return
        if self._goal is not None:
            self._goal.cancel_goal_async()
        self._forget()
        self._command, self._run_id, self._refused = command, run_id, False
        self._send()

    def cell_started(self, started: bool) -> None:
        """Hear whether a person has started the cell."""
        self._started = started
        self._send()

    def heard(self, stamp_s: float) -> None:
        """Hear progress of this stamp. A gap before it: another executor, or none in between."""
        if not 0.0 <= stamp_s - self._progress_s <= self._silent_s:
            self._forget()
        self._progress_s, self._silent_ticks = stamp_s, 0
        self._send()

    def tick(self) -> None:
        """Send what is not sent yet, forget what was lost. To be called a few times a second."""
        self._silent_ticks += 1
        self._refused = False
        unanswered_s = time.monotonic() - (math.inf if self._sent_s is None else self._sent_s)
        if not self._alive() or (self._goal is None and unanswered_s > RESPONSE_S):
            self._forget()
        self._send()

    def _alive(self) -> bool:
        return self._silent_ticks <= SILENT_TICKS and self._client().server_is_ready()

    def _client(self) -> ActionClient:
        return self._grip if isinstance(self._command, Grip) else self._follow

    def _send(self) -> None:
        due = self._sent_s is None and self._started and not self._refused
        if self._command is None or not due or not self._alive():
            return
        self._sent_s = time.monotonic()
        attempt = self._attempt
        self._client().send_goal_async(self._request(self._command)).add_done_callback(
            lambda future: self._answered(future, attempt)
        )

    def _forget(self) -> None:
        self._attempt += 1
        self._sent_s = self._goal = None

    def _request(self, command: MovePath | Grip) -> FollowPath.Goal | MoveGripper.Goal:
        if isinstance(command, Grip):
            return MoveGripper.Goal(opening_ratio=command.opening_ratio, effort_ratio=EFFORT_RATIO)
        rows = [self._poses[name] for name in command.poses]
        return FollowPath.Goal(
            path_id=f"{self._run_id}.{command.command}",
            joints=len(rows[0]),
            waypoints=[value for row in rows for value in row],
            speed_ratio=command.speed_ratio,
            step=command.step,
            tool=command.tool,
            payload_kg=self._payload_kg(),
            contact_region=command.contact_region,
        )

    def _answered(self, future: Future, attempt: int) -> None:
        goal = future.result()
        if attempt != self._attempt:
            if goal.accepted and not self._closed:  # not wanted any more
                goal.cancel_goal_async()
            return
        if not goal.accepted:
            self._forget()
            self._refused = True
            return
        self._goal = goal
        goal.get_result_async().add_done_callback(lambda done: self._result(done, attempt))

    def _result(self, future: Future, attempt: int) -> None:
        if attempt != self._attempt:
            return
        result, number = future.result().result, self._number()
        if isinstance(self._command, Grip):
            if result.reached or result.holding:
                done = GripDone(command=number, reached=result.reached, holding=result.holding)
                self._ended(done)
                return
        elif result.reached:
            self._ended(MoveDone(command=number))
            return
        self._ended(CommandFailed(command=number, reason=result.reason or "no reason given"))

    def _number(self) -> int:
        return self._command.command if self._command is not None else 0

    def _ended(self, event: MoveDone | GripDone | CommandFailed) -> None:
        """Tell how it ended. The command stays, as done, until another is wanted."""
        self._attempt += 1
        self._goal = None
        self._sent_s = math.inf  # not to be sent again
        self._report(event)
