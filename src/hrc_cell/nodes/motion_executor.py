"""motion_executor: moves the arm along paths, and the gripper, under the permit.

Publishes goals only while something is to be moved or brought to rest; when it is silent the last
gate holds arm and gripper where they are. One path and one grip at a time. Until a grip was asked
for, goals leave the gripper out: a process that came up anew does not know how hard it grips.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
from hrc_cell_interfaces.action import FollowPath, MoveGripper
from hrc_cell_interfaces.msg import (
    JointGoals,
    MotionPermit,
    MotionProgress,
    MotorStates,
    PlannedPath,
)
from sensor_msgs.msg import JointState

from hrc_cell.adapters.description import load_description
from hrc_cell.core import executor, grip
from hrc_cell.core.executor import Leave, Motion, Phase
from hrc_cell.core.kinematics import capsule_velocities
from hrc_cell.core.path import Path, plan
from hrc_cell.core.permit import PermitView, permit_holds
from hrc_cell.core.timed import TimedPath
from hrc_cell.core.trajectory import Bounds
from hrc_cell.nodes import motion_wire as wire
from hrc_cell.nodes.base import KEPT, NEWEST, CellNode, run
from hrc_cell.nodes.joint_trajectory import Standing, TrajectoryTopic
from hrc_cell.nodes.long_action import LongAction
from hrc_cell.nodes.parameters import declare_settings

PROGRESS_PERIOD_S = 0.025
UNDER_WAY = (Phase.MOVING, Phase.STOPPING, Phase.REJOINING)
GATE_PATIENCE_S = 0.2
"""So long after setting off the gate may still be on its way out of its hold."""
NOT_YET = Leave(holds=False, speed_ratio=0.0, reason="not_yet")
"""Before the instant that a trajectory begins at."""


class MotionExecutor(CellNode):
    """Follows paths."""

    urgent = True

    def __init__(self) -> None:
        super().__init__("motion_executor")

    def setup(self) -> None:
        """Read the description of the arm; make topics and actions."""
        file = self.cell.file
        declare_settings(self, "motion", file.motion)
        self._chain = load_description(self.cell).chain
        self._joints = file.robot.joints
        self._motion = Motion()
        self._grip: grip.Grip | None = None
        self._gripper_rad: float | None = None  # last commanded by this process
        self._path_goal: Any = None  # the goal handle of the path under way
        self._grip_goal: Any = None
        self._start_s = -math.inf  # the path under way does not begin before
        self._permit: tuple[MotionPermit, float] | None = None  # and its instant
        self._measured: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], float] | None = None
        self._seq = 0
        self._moving_since_s = math.inf
        self._told_phase: Phase | None = None
        self._told_s = -math.inf
        self._goals = self.create_publisher(JointGoals, "joint_goals", NEWEST)
        self._progress = self.create_publisher(MotionProgress, "motion_progress", NEWEST)
        self._paths = self.create_publisher(PlannedPath, "planned_path", KEPT)
        self.create_subscription(MotionPermit, "motion_permit", self._on_permit, NEWEST)
        self.create_subscription(JointState, "joint_states", self._on_joints, NEWEST)
        self.create_subscription(MotorStates, "motor_states", self._on_motors, NEWEST)
        self._timer = self.create_timer(1.0 / file.motion.rate_hz, self._tick, autostart=False)
        self._active = False
        self._follow = LongAction(
            self, FollowPath, "follow_path", begin=self._begin_path,
            free=lambda: self._active and self._motion.path is None,
        )  # fmt: skip
        self._move_gripper = LongAction(
            self, MoveGripper, "move_gripper", begin=self._begin_grip,
            free=lambda: self._active and self._grip_goal is None,
        )  # fmt: skip
        self._servers = [self._follow, self._move_gripper]
        self._trajectories = TrajectoryTopic(
            self, self._bounds, standing=self._standing, begin=self._begin_trajectory,
            cancel=self._cancel,
        )  # fmt: skip

    def start(self) -> None:
        """Begin to act."""
        self._active = True
        self._last_s = time.monotonic()
        self._timer.reset()

    def stop(self) -> None:
        """Cease to act; the gate then brings the arm to rest, so a path goes on from rest."""
        self._active = False
        self._interrupt("deactivated")
        self._timer.cancel()

    def close(self) -> None:
        """Take the actions away."""
        for server in getattr(self, "_servers", ()):
            server.destroy()
        self._servers = []

    # What is heard.

    def _on_permit(self, msg: MotionPermit) -> None:
        self._permit = (msg, self.instant_s(msg.header.stamp))

    def _on_joints(self, msg: JointState) -> None:
        try:
            at = dict(zip(msg.name, zip(msg.position, msg.velocity, strict=True), strict=True))
            values = np.array([at[name] for name in self._joints])
        except (KeyError, ValueError):
            return  # a message without all joints is none: what is known grows old
        self._measured = (values[:, 0], values[:, 1], self.instant_s(msg.header.stamp))

    def _on_motors(self, msg: MotorStates) -> None:
        since_s = time.monotonic() - self._moving_since_s
        if msg.gate == MotorStates.GATE_HOLD and since_s > GATE_PATIENCE_S:
            self._interrupt(f"gate:{msg.gate_reason}")

    def _interrupt(self, reason: str) -> None:
        """Take the arm for being at rest, and say so: no step will see this change."""
        before = self._motion
        self._motion = executor.interrupt(before, reason)
        self._tell_changes(before, time.monotonic())

    def _leave(self, now_s: float) -> tuple[Leave, PermitView | None]:
        """Return what the newest permit allows now."""
        if self._permit is None:
            return Leave(holds=False, speed_ratio=0.0, reason="no_permit"), None
        msg, judged_s = self._permit
        same = self.same_config(msg.config_sha256)
        view = wire.permit_view(msg, now_s - judged_s, same_config=same)
        holds, why = permit_holds(view)
        path = self._motion.path
        if holds and path is not None and msg.path_id not in ("", path.id):
            holds, why = False, "path_unknown"
        return Leave(holds=holds, speed_ratio=msg.speed_ratio, reason=why or msg.cause), view

    def _position(self, now_s: float) -> np.ndarray[Any, Any] | None:
        """Return the measured joints, or None where they are unknown or too old."""
        if self._measured is None:
            return None
        position, _, sampled_s = self._measured
        if not 0.0 <= now_s - sampled_s <= self.cell.file.safety.joints_timeout_s:
            return None
        return position

    # Actions.

    def _begin_path(self, handle: Any) -> None:
        """Take a path."""
        request, arm = handle.request, len(self._chain.joints)
        measured = self._position(time.monotonic())
        try:
            if request.joints != arm or len(request.waypoints) % arm:
                raise ValueError(f"waypoints need rows of {arm} joints")
            if measured is None:
                raise ValueError("the present position is not known")
            start = executor.start_position(
                self._motion, measured[:arm], self.cell.file.bus.rejoin_rad
            )
            path = plan(
                request.path_id, start, list(np.reshape(request.waypoints, (-1, arm))),
                motion=self.cell.file.motion, speed_ratio=request.speed_ratio,
                lower_rad=self._chain.lower_rad, upper_rad=self._chain.upper_rad,
                velocity_max_radps=self._chain.velocity_max_radps, point_speed=self._point_speed,
            )  # fmt: skip
        except ValueError as error:
            handle.abort()
            known = [] if measured is None else measured[:arm].tolist()
            self._follow.end(handle, FollowPath.Result(reason=f"rejected: {error}", position=known))
            return
        self._path_goal = handle
        self._begin(
            path, -math.inf, step=request.step, tool=request.tool,
            payload_kg=request.payload_kg, contact_region=request.contact_region,
        )  # fmt: skip

    def _begin(self, path: Path, start_s: float, **serves: Any) -> None:
        """Take a path, announced before it is moved on: it is judged first."""
        self._start_s = start_s
        self._motion = executor.begin(self._motion, path)
        message = wire.planned_path(path, **serves)
        message.header.stamp = self.stamp()
        self._paths.publish(message)
        self.tell("path_started", {"path": path.id, "lines": len(path.lines)})

    def _end_path(self, path_id: str, reason: str) -> None:
        """Say how a path ended; "" for at its end."""
        handle, self._path_goal = self._path_goal, None
        self.tell("path_done", {"path": path_id, "reason": reason})
        if handle is None:  # a trajectory: nobody waits
            return
        {"": handle.succeed, "canceled": handle.canceled}.get(reason, handle.abort)()
        measured = self._position(time.monotonic())
        known = [] if measured is None else measured[:-1].tolist()
        result = FollowPath.Result(reached=reason == "", reason=reason, position=known)
        self._follow.end(handle, result)

    # Trajectories.

    def _bounds(self, start_rad: np.ndarray[Any, Any]) -> Bounds:
        """Return what a trajectory that begins here must keep."""
        chain = self._chain
        return Bounds(
            joints=tuple(chain.joints), lower_rad=chain.lower_rad, upper_rad=chain.upper_rad,
            velocity_max_radps=chain.velocity_max_radps, motion=self.cell.file.motion,
            point_speed=self._point_speed, start_rad=start_rad,
            start_tolerance_rad=self.cell.file.bus.rejoin_rad,
        )  # fmt: skip

    def _standing(self) -> Standing:
        """Return what a trajectory finds here."""
        now_s = time.monotonic()
        measured, path = self._position(now_s), self._motion.path
        leave, permit = self._leave(now_s)
        start = None
        if measured is not None:
            tolerance_rad = self.cell.file.bus.rejoin_rad
            start = executor.start_position(self._motion, measured[:-1], tolerance_rad)
        return Standing(
            active=self._active, path_id=path.id if path else "", by_topic=self._by_topic,
            gripping=self._grip_goal is not None, leave=leave,
            state=MotionPermit.LATCHED if permit is None else permit.state, start_rad=start,
        )  # fmt: skip

    @property
    def _by_topic(self) -> bool:
        return self._motion.path is not None and self._path_goal is None

    def _begin_trajectory(self, path: TimedPath, start_s: float) -> None:
        self._begin(path, start_s)

    def _cancel(self) -> None:
        self._motion = executor.cancel(self._motion)

    def _point_speed(self, q: np.ndarray[Any, Any], qd: np.ndarray[Any, Any]) -> Any:
        ends = capsule_velocities(self._chain, q, qd)
        return np.max([np.linalg.norm(v, axis=-1).max(axis=-1) for v in ends], axis=0)

    def _begin_grip(self, handle: Any) -> None:
        """Take a grip."""
        request, settings = handle.request, self.cell.file.robot.gripper
        measured = self._position(time.monotonic())
        wrong = (
            "rejected: opening_ratio must be 0 to 1" if not 0.0 <= request.opening_ratio <= 1.0
            else "rejected: effort_ratio must be above 0 and at most 1"
            if not 0.0 < request.effort_ratio <= 1.0
            else "rejected: the present position is not known" if measured is None
            else ""
        )  # fmt: skip
        if wrong or measured is None:
            handle.abort()
            refused = MoveGripper.Result(reason=wrong, opening_ratio=math.nan)
            self._move_gripper.end(handle, refused)
            return
        span = settings.open_rad - settings.closed_rad
        held = self._gripper_rad
        self._grip = grip.Grip(
            target_rad=settings.closed_rad + request.opening_ratio * span,
            goal_rad=float(measured[-1]) if held is None else held,
            squeeze_rad=request.effort_ratio * settings.squeeze_max_rad,
        )
        if self._motion.goal_rad is None:
            self._motion = Motion(goal_rad=measured[:-1])
        self._grip_goal = handle

    def _end_grip(self, ended: str) -> None:
        """Say how a grip ended."""
        handle, settings = self._grip_goal, self.cell.file.robot.gripper
        self._grip_goal = self._grip = None
        known = ended in ("reached", "holding")
        {True: handle.succeed, False: handle.canceled}[known]()
        now, span = self._position(time.monotonic()), settings.open_rad - settings.closed_rad
        result = MoveGripper.Result(
            reached=ended == "reached",
            holding=ended == "holding",
            opening_ratio=math.nan if now is None else (now[-1] - settings.closed_rad) / span,
            reason="" if known else ended,
        )
        self._move_gripper.end(handle, result)

    # One step.

    def _tick(self) -> None:
        now_s = time.monotonic()
        dt_s = min(now_s - self._last_s, 2.0 / self.cell.file.motion.rate_hz)
        self._last_s = now_s
        leave, permit = self._leave(now_s)
        measured = self._position(now_s)
        if self._path_goal and self._path_goal.is_cancel_requested:
            self._cancel()
        if self._by_topic and permit is not None and permit.state < MotionPermit.STANDSTILL:
            self._trajectories.give_up(leave.reason)
        before = self._motion
        step = executor.step(
            before, settings=self.cell.file.motion,
            leave=leave if now_s >= self._start_s else NOT_YET,
            measured_rad=None if measured is None else measured[:-1],
            rejoin_rad=self.cell.file.bus.rejoin_rad, dt_s=dt_s,
        )  # fmt: skip
        self._motion = step.motion
        gripping = self._step_grip(permit, leave.holds and measured is not None, dt_s)
        # The step into rest is sent too: it is the goal without speed that the gate then holds.
        moving = before.phase in UNDER_WAY or self._motion.phase in UNDER_WAY
        if moving or gripping or step.ended is not None:
            self._publish_goals(step.velocity_radps, permit)
        self._tell_changes(before, now_s)
        if step.ended is not None and before.path is not None:
            self._end_path(before.path.id, step.ended)
        self._publish_progress(now_s, permit)

    def _step_grip(self, permit: PermitView | None, holds: bool, dt_s: float) -> bool:
        """Move the gripper's goal if that is permitted. Return whether it is under way."""
        if self._grip is None or self._grip_goal is None or self._measured is None:
            return False
        if self._grip_goal.is_cancel_requested:
            self._end_grip("canceled")
            return False
        if not holds or permit is None or not permit.gripper_permitted:
            return False
        position, velocity, _ = self._measured
        self._grip = grip.step(
            self._grip, measured_rad=float(position[-1]), measured_radps=float(velocity[-1]),
            speed_radps=self.cell.file.robot.gripper.velocity_radps, dt_s=dt_s,
        )  # fmt: skip
        self._gripper_rad = self._grip.goal_rad
        if self._grip.ended is not None:
            self._end_grip(self._grip.ended)
        return True

    def _publish_goals(self, velocity: Any, permit: PermitView | None) -> None:
        if self._motion.goal_rad is None:
            return
        goals = list(zip(self._motion.goal_rad.tolist(), velocity.tolist(), strict=True))
        if self._gripper_rad is not None:
            goals.append((self._gripper_rad, 0.0))
        self._seq += 1
        msg = JointGoals(
            seq=self._seq,
            permit_seq=0 if permit is None else permit.seq,
            lifetime_s=self.cell.file.bus.goal_lifetime_s,
            name=self._joints[: len(goals)],
            position=[position for position, _ in goals],
            velocity=[speed for _, speed in goals],
        )
        msg.header.stamp = self.stamp()
        self._goals.publish(msg)

    def _tell_changes(self, before: Motion, now_s: float) -> None:
        """Note when the arm set off, was held, went on."""
        was, now = before.phase, self._motion.phase
        if now is Phase.MOVING and was is not Phase.MOVING:
            self._moving_since_s = now_s
        elif now is not Phase.MOVING:
            self._moving_since_s = math.inf
        path = self._motion.path.id if self._motion.path else ""
        if was is not Phase.HELD and now is Phase.HELD:
            self.tell("path_held", {"path": path, "reason": self._motion.reason})
        if was is Phase.HELD and now in (Phase.MOVING, Phase.REJOINING):
            resumed = {
                "path": path,
                "rejoining": now is Phase.REJOINING,
                "position_error_rad": self._motion.resume_error_rad,
            }
            self.tell("path_resumed", resumed)

    def _publish_progress(self, now_s: float, permit: PermitView | None) -> None:
        phase = self._motion.phase
        if phase is self._told_phase and now_s - self._told_s < PROGRESS_PERIOD_S:
            return
        self._told_phase, self._told_s = phase, now_s
        msg = wire.progress(self._motion, 0 if permit is None else permit.seq)
        msg.header.stamp = self.stamp()
        self._progress.publish(msg)
        if self._path_goal:
            self._path_goal.publish_feedback(
                FollowPath.Feedback(phase=int(phase), path_ratio=self._motion.path_ratio)
            )


def main() -> None:
    """Run motion_executor."""
    run(MotionExecutor)


if __name__ == "__main__":
    main()
