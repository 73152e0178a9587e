"""The path that lies ahead of the arm, as the executor has announced it.

Straight lines in joint space from waypoint to waypoint, each with the speed planned along it. The
way along the path is counted in seconds at that planned speed (speed ratio 1), as if the arm never
had to gain or lose speed: the arm at ratio r is at most r t further after t seconds. At the last
waypoint the way ends.

Radians, seconds. All arrays take leading batch axes (...), one for each cell that is judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
LINE_MAX_S = 1e6
"""No line takes longer; one without a speed counts so."""
PASSED_MAX = 2
_THIS_AND_BEFORE = np.array([0, 1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Ahead:
    """A path and where the executor says that it is on it. Paths of a batch are padded at the end
    with waypoints that repeat the last one."""

    waypoints_rad: Array  # (..., m, n), m at least 2
    line_speed_ratio_ps: Array  # (..., m - 1) lines per second at speed ratio 1
    line: Ints  # (...) from 0
    line_ratio: Array  # (...) of that line done
    age_s: Array  # (...) of these two
    followed: npt.NDArray[np.bool_]  # (...) false: off the path, on the way back to it, or none

    @cached_property
    def lines_s(self) -> Array:
        """How long each line takes (..., m - 1) at ratio 1."""
        speed = self.line_speed_ratio_ps
        known = speed > 1.0 / LINE_MAX_S
        return np.where(known, 1.0 / np.where(known, speed, 1.0), LINE_MAX_S)

    @cached_property
    def begins_s(self) -> Array:
        """When each waypoint is reached (..., m), counted from the first."""
        nothing = np.zeros_like(self.lines_s[..., :1])
        return np.concatenate([nothing, np.cumsum(self.lines_s, axis=-1)], axis=-1)


def told_s(ahead: Ahead) -> Array:
    """Return (...) the way from the first waypoint to where the executor says that the arm is.

    NaN where the line or the ratio cannot be.
    """
    lines_s = ahead.lines_s
    count = lines_s.shape[-1]
    line = np.minimum(np.maximum(ahead.line, 0), count - 1)
    good = (ahead.line >= 0) & (ahead.line < count)
    good &= (ahead.line_ratio >= 0.0) & (ahead.line_ratio <= 1.0)
    at = _one(ahead.begins_s, line) + ahead.line_ratio * _one(lines_s, line)
    return np.where(good, at, np.nan)


def nearest_s(ahead: Ahead, position_rad: Array) -> tuple[Array, Array, Array]:
    """Return the way (...) to the point of the path that an arm at (..., n) is nearest to, that
    point (..., n), and how far each joint is from it (..., n).

    Only the line told and the one before it are looked at: a path may cross itself.
    """
    lines_s, begins_s = ahead.lines_s, ahead.begins_s
    line = np.maximum(np.asarray(ahead.line)[..., None] - _THIS_AND_BEFORE, 0)
    line = np.minimum(line, lines_s.shape[-1] - 1)
    start, end = (_rows(ahead.waypoints_rad, line + i) for i in (0, 1))
    way, position = end - start, position_rad[..., None, :]
    size = (way * way).sum(axis=-1)
    along = ((position - start) * way).sum(axis=-1) / np.where(size > 0.0, size, 1.0)
    along = np.minimum(np.maximum(along, 0.0), 1.0)
    point = start + along[..., None] * way
    way_s = _some(begins_s, line) + along * _some(lines_s, line)
    off = np.abs(position - point)
    farthest = off.max(axis=-1)
    before = farthest[..., 1] < farthest[..., 0]
    return (
        np.where(before, way_s[..., 1], way_s[..., 0]),
        np.where(before[..., None], point[..., 1, :], point[..., 0, :]),
        np.where(before[..., None], off[..., 1, :], off[..., 0, :]),
    )


def poses(ahead: Ahead, way_s: Array) -> tuple[Array, Array, Ints]:
    """Return where the arm is (..., k, n) at ways (..., k) from the first waypoint, its joint
    velocities there at ratio 1, and the line (..., k). Beyond the last waypoint it rests on it."""
    lines_s, begins_s = ahead.lines_s, ahead.begins_s
    at = np.minimum(np.maximum(way_s, 0.0), begins_s[..., -1:])
    line = (at[..., None] >= begins_s[..., None, 1:-1]).sum(axis=-1)
    start, end = (_rows(ahead.waypoints_rad, line + i) for i in (0, 1))
    begin, length = _some(begins_s, line), _some(lines_s, line)
    part = np.minimum(np.maximum((at - begin) / length, 0.0), 1.0)[..., None]
    way = end - start
    return start + part * way, way / length[..., None], line


def speed_max_radps(ahead: Ahead, from_s: Array, to_s: Array) -> Array:
    """Return the greatest planned speed (..., n) of each joint between two ways (...)."""
    lines_s, begins_s = ahead.lines_s, ahead.begins_s
    touched = (begins_s[..., 1:] >= from_s[..., None]) & (begins_s[..., :-1] <= to_s[..., None])
    way = ahead.waypoints_rad[..., 1:, :] - ahead.waypoints_rad[..., :-1, :]
    speed = np.abs(way) / lines_s[..., None]
    greatest: Array = np.where(touched[..., None], speed, 0.0).max(axis=-2)
    return greatest


def corridor(ahead: Ahead, at_s: float, behind_s: float, to_s: float, rows_max: int) -> Array:
    """Return the waypoints (rows, n) of one cell's path from `behind_s` before a way to another,
    ends included.

    No more than `rows_max`: what lies farther is told by a later permit. Of those passed no more
    than PASSED_MAX, so that many short lines behind do not use up the rows.
    """
    begins_s = ahead.begins_s
    from_s, to_s = max(at_s - behind_s, 0.0), min(to_s, float(begins_s[-1]))
    passed = begins_s[(begins_s > from_s) & (begins_s <= at_s)]
    if len(passed) > PASSED_MAX:
        from_s = float(passed[-PASSED_MAX])
    inner = (begins_s > from_s) & (begins_s < to_s)
    ends, _, _ = poses(ahead, np.array([from_s, to_s]))
    rows: Array = np.concatenate([ends[:1], ahead.waypoints_rad[inner], ends[1:]])
    return rows[:rows_max]


def _one(values: Array, index: Ints) -> Array:
    """Return of values (..., m) that at index (...)."""
    if values.ndim == 1:  # of one cell: the same, only quicker
        return values[index]
    return np.take_along_axis(values, index[..., None], axis=-1)[..., 0]


def _some(values: Array, index: Ints) -> Array:
    """Return of values (..., m) those at indices (..., k)."""
    return values.take(index) if values.ndim == 1 else np.take_along_axis(values, index, axis=-1)


def _rows(rows: Array, index: Ints) -> Array:
    """Return rows (..., m, n) at indices (..., k): (..., k, n)."""
    if rows.ndim == 2:  # of one cell: the same, only quicker
        return rows.take(index, axis=0)
    return np.take_along_axis(rows, index[..., None], axis=-2)
