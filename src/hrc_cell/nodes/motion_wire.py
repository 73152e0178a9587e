"""The executor's messages: paths, progress and permits as the core has them."""

from __future__ import annotations

import math

import numpy as np
from builtin_interfaces.msg import Duration
from hrc_cell_interfaces.msg import MotionPermit, MotionProgress, PlannedPath
from trajectory_msgs.msg import JointTrajectory

from hrc_cell.core import executor
from hrc_cell.core.executor import Motion, Phase
from hrc_cell.core.path import Path
from hrc_cell.core.permit import PermitView
from hrc_cell.core.trajectory import Point


def permit_view(message: MotionPermit, age_s: float, *, same_config: bool) -> PermitView:
    """Return a permit as it is at this age."""
    return PermitView(
        seq=message.seq,
        age_s=age_s,
        lease_s=message.lease_s,
        speed_ratio=message.speed_ratio,
        oldest_sample_age_s=message.oldest_sample_age_s,
        reaction_time_s=message.reaction_time_s,
        gripper_permitted=message.gripper_permitted,
        state=message.state,
        same_config=same_config,
        path_id=message.path_id,
    )


def planned_path(
    path: Path,
    *,
    step: str = "",
    tool: str = "",
    payload_kg: float = math.nan,
    contact_region: str = "",
) -> PlannedPath:
    """Return the announcement of a path and what it serves; unknown unless told. Not stamped."""
    ends = [line.start_rad + line.way_rad for line in path.lines]
    rows = [line.start_rad for line in path.lines] + ends[-1:]
    return PlannedPath(
        path_id=path.id,
        joints=len(rows[0]),
        waypoints=np.concatenate(rows).tolist(),
        line_speed=[line.planned.speed_max_ratio_ps for line in path.lines],
        step=step,
        tool=tool,
        payload_kg=payload_kg,
        contact_region=contact_region,
    )


def progress(motion: Motion, permit_seq: int) -> MotionProgress:
    """Return what the executor does. Not stamped."""
    return MotionProgress(
        path_id=motion.path.id if motion.path else "",
        phase=int(motion.phase),
        path_ratio=motion.path_ratio,
        line=motion.line,
        line_ratio=_line_ratio(motion),
        speed_ratio=executor.speed_ratio(motion),
        permit_seq=permit_seq,
    )


def _line_ratio(motion: Motion) -> float:
    """Return how much of the line is done; NaN while held beside the path, to be rejoined."""
    if motion.phase is Phase.HELD and motion.path is not None and motion.goal_rad is not None:
        on_path = motion.path.lines[motion.line].position_rad(motion.along.done_ratio)
        if np.abs(motion.goal_rad - on_path).max() > 0.0:
            return math.nan
    return motion.along.done_ratio


def points(message: JointTrajectory) -> list[Point]:
    """Return the points of a trajectory. Raises ValueError for efforts, which nothing follows."""
    if any(len(point.effort) for point in message.points):
        raise ValueError("effort is given; the arm follows positions, leave effort empty")
    return [
        Point(
            seconds(point.time_from_start),
            list(point.positions),
            list(point.velocities),
            list(point.accelerations),
        )
        for point in message.points
    ]


def seconds(duration: Duration) -> float:
    """Return a duration in seconds."""
    return float(duration.sec + duration.nanosec * 1e-9)
