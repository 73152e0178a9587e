"""A trajectory that somebody else has planned: checked, and made a path in time.

Nothing of it is mended. What the cell's limits do not allow, or what cannot be told apart, is
refused with the point, the joint, the value and the bound. Radians, seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core.curve import Curve, Knots, through
from hrc_cell.core.path import PointSpeed
from hrc_cell.core.timed import TimedPath, instants_s, timed_path
from hrc_cell.settings.robot import MotionSettings

Array = npt.NDArray[np.float64]
DURATION_MAX_S = 60.0
POINTS_MAX = 3000
LINES_MAX = 400
"""Of the path announced; every judgement looks at all of them."""
ROUNDING = 1e-6
"""Of a limit, by which a planner that keeps it exactly may seem to exceed it."""


class Point(NamedTuple):
    """One point, its values in the order of the trajectory's joint names."""

    time_s: float  # from the start
    position_rad: Sequence[float]
    velocity_radps: Sequence[float] = ()
    acceleration_radps2: Sequence[float] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bounds:
    """What a trajectory must keep. Arrays (n,) over the joints of the arm, base first."""

    joints: tuple[str, ...]
    lower_rad: Array
    upper_rad: Array
    velocity_max_radps: Array
    motion: MotionSettings
    point_speed: PointSpeed
    start_rad: Array  # where the arm is
    start_tolerance_rad: float


def trajectory(
    path_id: str, names: Sequence[str], points: Sequence[Point], bounds: Bounds
) -> TimedPath:
    """Return the path of a trajectory.

    A first point at time 0 must be where the arm is, within the tolerance; the path then begins
    exactly where the arm is. With a later first point the arm goes there from rest where it is.
    Raises ValueError with what is wrong.
    """
    order = _order(names, bounds.joints)
    curve = through(_knots(points, order, bounds))
    _check(curve, bounds)
    motion = bounds.motion
    path = timed_path(path_id, curve, motion=motion, slack_radps=0.5 * motion.rejoin_velocity_radps)
    if len(path.lines) > LINES_MAX:
        raise ValueError(
            f"the trajectory bends so much that {len(path.lines)} straight lines are needed for "
            f"it, {LINES_MAX} are the most; send it in parts"
        )
    return path


def _order(names: Sequence[str], joints: Sequence[str]) -> list[int]:
    """Return where each joint of the arm stands in the names."""
    double = sorted({name for name in names if names.count(name) > 1})
    unknown = sorted(set(names) - set(joints))
    missing = [name for name in joints if name not in names]
    for what, which in (("twice", double), ("not of the arm", unknown), ("missing", missing)):
        if which:
            raise ValueError(
                f"joint_names: {', '.join(which)} {what}; name {', '.join(joints)}, in any order"
            )
    return [list(names).index(name) for name in joints]


def _knots(points: Sequence[Point], order: list[int], bounds: Bounds) -> Knots:
    """Return the points as arrays, from where the arm is."""
    if not 0 < len(points) <= POINTS_MAX:
        raise ValueError(f"{len(points)} points; 1 to {POINTS_MAX} make a trajectory")
    times = [point.time_s for point in points]
    if not times[0] >= 0.0:
        raise ValueError(f"point 0: time_from_start = {times[0]:g} s is before the start")
    for index in range(1, len(times)):
        if not times[index] > times[index - 1]:
            raise ValueError(
                f"point {index}: time_from_start = {times[index]:g} s is not later than "
                f"{times[index - 1]:g} s of the point before"
            )
    if times[-1] > DURATION_MAX_S:
        raise ValueError(
            f"it takes {times[-1]:g} s, {DURATION_MAX_S:g} s are the most; send it in parts"
        )
    position = _rows("positions", [point.position_rad for point in points], order)
    velocity = _rows("velocities", [point.velocity_radps for point in points], order)
    acceleration = _rows("accelerations", [point.acceleration_radps2 for point in points], order)
    if position is None:
        raise ValueError("point 0: no positions")
    if acceleration is not None and velocity is None:
        raise ValueError("accelerations without velocities; give both, or positions alone")
    if times[0] == 0.0:
        _begins(position[0], bounds)
        position[0] = bounds.start_rad
    else:
        times = [0.0, *times]
        position = np.vstack([bounds.start_rad, position])
        velocity = _from_rest(velocity)
        acceleration = _from_rest(acceleration)
    if len(times) == 1:
        raise ValueError("one point at time 0 is no motion; an empty trajectory stops the arm")
    return Knots(np.array(times), position, velocity, acceleration)


def _rows(what: str, rows: Sequence[Sequence[float]], order: list[int]) -> Array | None:
    """Return values (m, n) in the order of the arm's joints, None where no point has any."""
    if not any(len(row) for row in rows):
        return None
    for index, row in enumerate(rows):
        if len(row) != len(order):
            raise ValueError(f"point {index}: {len(row)} {what} for {len(order)} joints")
        if not all(map(math.isfinite, row)):
            raise ValueError(f"point {index}: {what} are not all finite: {list(row)}")
    return np.array(rows, dtype=np.float64)[:, order]


def _from_rest(rows: Array | None) -> Array | None:
    return None if rows is None else np.vstack([np.zeros_like(rows[:1]), rows])


def _begins(position_rad: Array, bounds: Bounds) -> None:
    """Raise ValueError unless the first point is where the arm is."""
    away = np.abs(position_rad - bounds.start_rad)
    worst = int(away.argmax())
    if away[worst] > bounds.start_tolerance_rad:
        raise ValueError(
            f"point 0: {bounds.joints[worst]} = {position_rad[worst]:.4f} rad at time 0, the arm "
            f"is at {bounds.start_rad[worst]:.4f} rad, and {bounds.start_tolerance_rad:g} rad are "
            "tolerated; begin where the arm is, or leave out time 0: the arm then goes to the "
            "first point from where it is"
        )


def _check(curve: Curve, bounds: Bounds) -> None:
    """Raise ValueError where the curve leaves a limit, at the worst place."""
    times = instants_s(curve)
    moment, motion = curve.at(times), bounds.motion
    outside = np.maximum(
        bounds.lower_rad - moment.position_rad, moment.position_rad - bounds.upper_rad
    )
    when, joint = np.unravel_index(int(outside.argmax()), outside.shape)
    if outside[when, joint] > ROUNDING:
        raise ValueError(
            f"{bounds.joints[joint]} = {moment.position_rad[when, joint]:.4f} rad at "
            f"{times[when]:.2f} s, outside {bounds.lower_rad[joint]:.4f} to "
            f"{bounds.upper_rad[joint]:.4f} rad"
        )
    for what, values, most, unit in (
        ("moves at", moment.velocity_radps,
         np.minimum(motion.velocity_max_radps, bounds.velocity_max_radps), "rad/s"),
        ("accelerates with", moment.acceleration_radps2,
         np.array(motion.acceleration_max_radps2), "rad/s2"),
    ):  # fmt: skip
        share = np.abs(values) / most
        when, joint = np.unravel_index(int(share.argmax()), share.shape)
        if share[when, joint] > 1.0 + ROUNDING:
            raise ValueError(
                f"{bounds.joints[joint]} {what} {abs(values[when, joint]):.4g} {unit} at "
                f"{times[when]:.2f} s, the cell allows {most[joint]:g} {unit}; take more time"
            )
    speed = bounds.point_speed(moment.position_rad, moment.velocity_radps)
    at = int(speed.argmax())
    if speed[at] > motion.tcp_speed_max_mps * (1.0 + ROUNDING):
        raise ValueError(
            f"a point of the arm moves at {speed[at]:.4g} m/s at {times[at]:.2f} s, the cell "
            f"allows {motion.tcp_speed_max_mps:g} m/s; take more time"
        )
