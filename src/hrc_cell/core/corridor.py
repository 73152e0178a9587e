"""The stretch of path that a permit was judged on, and whether goals stay on it.

The monitor gives leave to move along one path; nothing else was judged. The last gate therefore
takes no goal that lies off it. Radians, radians per second; n joints of the arm.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
TOLERANCE_RAD = 0.005
"""Goals are extrapolated between two of them, beyond a waypoint by no more than this."""
ROWS_MAX = 8
"""Waypoints of one corridor. A longer path is told piece by piece, with every permit."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Corridor:
    """Straight lines in joint space, and how fast each joint may be on them."""

    rows_rad: Array  # (r, n) r from 1 to ROWS_MAX
    speed_radps: Array  # (n,) at speed ratio 1

    def __post_init__(self) -> None:
        rows, joints = self.rows_rad.shape
        if not 1 <= rows <= ROWS_MAX or self.speed_radps.shape != (joints,):
            raise ValueError(f"a corridor of {rows} rows of {joints} joints, and speeds of "
                             f"{self.speed_radps.shape}")  # fmt: skip


def stays_on(corridor: Corridor, goal_rad: Array) -> bool:
    """Return whether a goal (n,) lies on the corridor: no joint off it by more than the tolerance.

    A corridor or goal that is not finite holds nothing, nor does one with a speed below 0.
    """
    numbers = (goal_rad, corridor.rows_rad, corridor.speed_radps)
    if not all(np.isfinite(values).all() for values in numbers) or corridor.speed_radps.min() < 0.0:
        return False
    rows = corridor.rows_rad
    start, end = (rows[:-1], rows[1:]) if len(rows) > 1 else (rows, rows)
    way = end - start
    size = (way * way).sum(axis=1)
    along = ((goal_rad - start) * way).sum(axis=1) / np.where(size > 0.0, size, 1.0)
    off = np.abs(start + np.clip(along, 0.0, 1.0)[:, None] * way - goal_rad).max(axis=1)
    return bool((off <= TOLERANCE_RAD).any())
