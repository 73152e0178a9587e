"""An action server for what takes its time: a goal begins with one call and ends with another.

rclpy's own executes a coroutine for each goal, and asks it in every turn of the executor whether it
is done. Here nothing runs while a goal is under way.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.node import Node


class LongAction(ActionServer):
    """Takes goals while `free` says so, hands each to `begin`, and lets all be cancelled."""

    def __init__(
        self,
        node: Node,
        kind: Any,
        name: str,
        *,
        begin: Callable[[Any], None],
        free: Callable[[], bool],
    ) -> None:
        """`kind` is the action type; `begin` takes rclpy's goal handle."""
        self._begin = begin
        super().__init__(
            node, kind, name, begin,
            goal_callback=lambda _: GoalResponse.ACCEPT if free() else GoalResponse.REJECT,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
        )  # fmt: skip

    def notify_execute(self, goal_handle: Any, execute_callback: Any) -> None:
        """Begin an accepted goal. Called by rclpy."""
        self._begin(goal_handle)

    def end(self, goal_handle: Any, result: Any) -> None:
        """Send the result of a goal that was set to succeeded, aborted or canceled."""
        super().notify_execute(goal_handle, lambda _: result)
