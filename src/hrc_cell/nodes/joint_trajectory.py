"""The topic joint_trajectory: motions of another planner, taken by the executor or refused.

A name of the cell, not of the node, like all others: which process moves the arm is nobody else's
business. A trajectory is taken only from rest, one at a time, and only while a person has started
the cell, nothing else moves and no task runs; everything else is refused and said: an event, the
log, and a WARN in the diagnostics until one is taken. An empty trajectory brings the one under way
to rest on its path and ends it. So does a stop that a person must undo: whoever sent it may be gone
by then.
"""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from hrc_cell_interfaces.msg import MotionPermit, TaskState
from rclpy.clock import Clock, ClockType
from rclpy.qos import QoSProfile
from trajectory_msgs.msg import JointTrajectory

from hrc_cell.core.executor import Leave
from hrc_cell.core.timed import TimedPath
from hrc_cell.core.trajectory import Bounds, trajectory
from hrc_cell.nodes import motion_wire as wire
from hrc_cell.nodes.base import KEPT, CellNode
from hrc_cell.nodes.diagnostics import PERIOD_S, Diagnostics

TOPIC = "joint_trajectory"
QUEUE = QoSProfile(depth=10)
"""Each is answered. Volatile: a planner's last word is not for an executor that starts later."""
PAST_MAX_S = 0.5
FUTURE_MAX_S = 30.0
OK, WARN = 0, 1
BUSY = (TaskState.RUNNING, TaskState.WAITING, TaskState.HELD, TaskState.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a trajectory finds at the executor."""

    active: bool
    path_id: str  # under way, "" none
    by_topic: bool  # and it is a trajectory
    gripping: bool
    leave: Leave
    state: int  # of the permit
    start_rad: npt.NDArray[np.float64] | None  # where a path would begin; None: not known


class Status(NamedTuple):
    """As diagnostics take it."""

    name: str
    hardware_id: str
    level: int
    message: str
    values: tuple[tuple[str, str], ...]


class TrajectoryTopic:
    """Hears trajectories for the executor."""

    def __init__(
        self,
        node: CellNode,
        bounds: Callable[[npt.NDArray[np.float64]], Bounds],
        *,
        standing: Callable[[], Standing],
        begin: Callable[[TimedPath, float], None],
        cancel: Callable[[], None],
    ) -> None:
        """`begin` takes a path and the monotonic instant before which it must not begin."""
        self._node, self._bounds = node, bounds
        self._standing, self._begin, self._cancel = standing, begin, cancel
        self._task: TaskState | None = None
        self._taken = self._refused = 0
        self._reason = ""  # of the last refusal, "" once one was taken
        self._ending = ""  # the path that is being ended
        node.create_subscription(JointTrajectory, TOPIC, self._hear, QUEUE)
        node.create_subscription(TaskState, "task_state", self._hear_task, KEPT)
        self._diagnostics = Diagnostics(node)
        steady: Any = Clock(clock_type=ClockType.STEADY_TIME)
        node.create_timer(PERIOD_S, self._diagnose, clock=steady)

    def give_up(self, why: str) -> None:
        """Bring the trajectory under way to rest and end it."""
        path_id = self._standing().path_id
        if path_id == self._ending:
            return
        self._ending = path_id
        self._node.tell("trajectory_ended", {"path": path_id, "reason": why})
        self._node.get_logger().info(f"trajectory {path_id} ends: {why}")
        self._cancel()

    def _hear_task(self, message: TaskState) -> None:
        self._task = message

    def _hear(self, message: JointTrajectory) -> None:
        standing = self._standing()
        try:
            if message.points:
                self._take(message, standing)
            elif standing.path_id and not standing.by_topic:
                raise ValueError(
                    "an empty trajectory does not stop the motion of a task; call request_stop"
                )
            elif standing.path_id:
                self.give_up("an empty trajectory came")
        except ValueError as error:
            self._reason = str(error)
            self._refused += 1
            self._node.tell("trajectory_rejected", {"reason": self._reason})
            self._node.get_logger().error(f"{TOPIC} rejected: {self._reason}")
        self._diagnose()

    def _take(self, message: JointTrajectory, standing: Standing) -> None:
        """Begin a trajectory. Raises ValueError with what speaks against it."""
        if why := self._why_not(standing):
            raise ValueError(why)
        if standing.start_rad is None:
            raise ValueError("the present position is not known")
        start_s = self._start_s(message)
        path = trajectory(
            f"trajectory_{uuid.uuid4().hex[:12]}", list(message.joint_names),
            wire.points(message), self._bounds(standing.start_rad),
        )  # fmt: skip
        self._taken += 1
        self._reason = ""
        self._begin(path, start_s)

    def _why_not(self, standing: Standing) -> str:
        """Return why no trajectory can be taken now, "" if one can."""
        if not standing.active:
            return "motion_executor is not active"
        if standing.path_id:
            end = "; end it with an empty one first" if standing.by_topic else ""
            return f"{standing.path_id} is under way{end}"
        if standing.gripping:
            return "the gripper moves"
        if self._task is None:
            return "nothing was heard from task_manager yet"
        if self._task.phase in BUSY:
            return f"the task runs ({self._task.recipe}); see task.autorun, or wait for its end"
        if standing.state < MotionPermit.STANDSTILL:
            return f"the cell is not started ({standing.leave.reason}); reset and start come first"
        return "" if standing.leave.holds else f"no permit in force ({standing.leave.reason})"

    def _start_s(self, message: JointTrajectory) -> float:
        """Return when to begin: at the stamp, or at once without one."""
        stamp = message.header.stamp
        if stamp.sec == 0 and stamp.nanosec == 0:
            return -math.inf
        age_s = self._node.age_s(stamp)
        if age_s > PAST_MAX_S:
            raise ValueError(
                f"its stamp is {age_s:.1f} s ago, {PAST_MAX_S:g} s are tolerated; a stamp of 0 "
                "means at once. Do the clocks agree?"
            )
        if age_s < -FUTURE_MAX_S:
            raise ValueError(f"its stamp is {-age_s:.1f} s ahead, {FUTURE_MAX_S:g} s are the most")
        return time.monotonic() - age_s

    def _diagnose(self) -> None:
        path_id = self._standing().path_id
        status = Status(
            name=TOPIC, hardware_id="", level=WARN if self._reason else OK,
            message=f"rejected: {self._reason}" if self._reason else "OK",
            values=(
                ("path under way", path_id or "none"),
                ("trajectories taken", str(self._taken)),
                ("trajectories rejected", str(self._refused)),
            ),
        )  # fmt: skip
        self._diagnostics.tell([status], time.monotonic())
