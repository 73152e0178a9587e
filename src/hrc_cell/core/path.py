"""A path of the arm: straight lines in joint space, at rest at every waypoint.

Each line is walked by one number s from 0 to 1 (`hrc_cell.core.scaling`), so where the arm is does
not depend on how fast it came there, and slowing down or stopping never leaves the path. Joint
limits hold between two waypoints that hold them, because lines are straight. Radians, seconds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.core.scaling import LineLimits
from hrc_cell.settings.robot import MotionSettings

Array = npt.NDArray[np.float64]
SAMPLES = 65
"""Points of a line at which the speed of the arm's points is looked at. Between two of them, on
lines as long as joint limits allow, a point is less than 0.5 % faster than at the faster one."""
SAME_RAD = 1e-6
"""Waypoints nearer than this are one."""

PointSpeed = Callable[[Array, Array], Array]
"""(positions (m, n), velocities (m, n)) -> greatest speed of any point of the arm (m,) in m/s."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Line:
    """One straight line, and how s may move on it at speed ratio 1 and when stopping."""

    start_rad: Array  # (n,)
    way_rad: Array  # (n,) end minus start
    planned: LineLimits
    stopping: LineLimits

    def position_rad(self, done_ratio: float) -> Array:
        """Return the joints (n,) at s."""
        return self.start_rad + done_ratio * self.way_rad


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Path:
    """Lines one after the other."""

    id: str
    lines: tuple[Line, ...]

    @property
    def end_rad(self) -> Array:
        """Return the last waypoint (n,)."""
        return self.lines[-1].position_rad(1.0)


def plan(
    path_id: str,
    start_rad: Array,
    waypoints_rad: Sequence[Array],
    *,
    motion: MotionSettings,
    speed_ratio: float,
    lower_rad: Array,
    upper_rad: Array,
    velocity_max_radps: Array,
    point_speed: PointSpeed,
) -> Path:
    """Return the path from `start_rad` through the waypoints.

    Speeds are bounded by motion.velocity_max_radps, by the joints' own `velocity_max_radps` and by
    motion.tcp_speed_max_mps for every point of the arm, all times `speed_ratio`. Raises ValueError
    naming what is wrong: numbers that are not finite, joints outside their limits, no waypoint.
    """
    if not 0.0 < speed_ratio <= 1.0:
        raise ValueError(f"speed_ratio = {speed_ratio} is not above 0 and at most 1")
    if len(waypoints_rad) == 0:
        raise ValueError("no waypoints")
    for index, waypoint in enumerate(waypoints_rad):
        _check(f"waypoint {index}", waypoint, lower_rad, upper_rad)
    if not np.isfinite(start_rad).all():
        raise ValueError("the present position is not known")
    points = [np.asarray(start_rad, dtype=np.float64)]
    for waypoint in waypoints_rad:
        if np.abs(waypoint - points[-1]).max() > SAME_RAD:
            points.append(np.asarray(waypoint, dtype=np.float64))
    if len(points) == 1:
        points.append(points[0])
    fastest = np.minimum(motion.velocity_max_radps, velocity_max_radps)
    lines = []
    for start, end in itertools.pairwise(points):
        way = end - start
        along = np.linspace(0.0, 1.0, SAMPLES)[:, None]
        metres = float(
            point_speed(start + along * way, np.broadcast_to(way, (SAMPLES, len(way))).copy()).max()
        )
        speed = speed_ratio * min(
            _least(fastest, way), motion.tcp_speed_max_mps / max(metres, 1e-9)
        )
        planned, stopping = limits_of(way, speed, motion)
        lines.append(Line(start_rad=start, way_rad=way, planned=planned, stopping=stopping))
    return Path(id=path_id, lines=tuple(lines))


def limits_of(
    way_rad: Array, speed_ratio_ps: float, motion: MotionSettings
) -> tuple[LineLimits, LineLimits]:
    """Return how s may move on a line of this way: as planned at this speed, and when stopping."""
    return (
        LineLimits(
            speed_max_ratio_ps=speed_ratio_ps,
            acceleration_ratio_ps2=_least(motion.acceleration_max_radps2, way_rad),
            jerk_ratio_ps3=_least(motion.jerk_max_radps3, way_rad),
        ),
        LineLimits(
            speed_max_ratio_ps=speed_ratio_ps,
            acceleration_ratio_ps2=_least(motion.stop_deceleration_radps2, way_rad),
            jerk_ratio_ps3=_least(motion.stop_jerk_radps3, way_rad),
        ),
    )


def _least(limits: npt.ArrayLike, way: Array) -> float:
    """Return the greatest rate of s that keeps every joint within its limit."""
    return float(np.min(np.asarray(limits) / np.maximum(np.abs(way), SAME_RAD)))


def _check(name: str, joints: Array, lower_rad: Array, upper_rad: Array) -> None:
    if joints.shape != lower_rad.shape:
        raise ValueError(f"{name} has {joints.size} joints, the arm {lower_rad.size}")
    if not np.isfinite(joints).all():
        raise ValueError(f"{name} is not finite: {joints.tolist()}")
    outside = np.flatnonzero((joints < lower_rad) | (joints > upper_rad))
    if outside.size:
        i = int(outside[0])
        raise ValueError(
            f"{name}: joint {i + 1} = {joints[i]:.4g} rad is outside "
            f"{lower_rad[i]:.4g} to {upper_rad[i]:.4g} rad"
        )
