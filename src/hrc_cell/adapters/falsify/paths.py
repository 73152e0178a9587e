"""Random paths of the cell's arm, planned as the executor plans them, and where the arm is on them.

A path is a closed round of `LINES` straight lines in joint space. Where the arm is on it is one
number, `at` = line + part of the line, 0 to LINES. The capsules of the arm are computed once at
`CELLS` places of each line and interpolated between them: with 0.08 rad from place to place and a
reach of 1 m the chord lies less than 1 mm beside the arc. Metres, radians, cell frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.core.kinematics import Chain, capsule_velocities, capsules_at
from hrc_cell.core.path import plan
from hrc_cell.core.stopping import StopModel
from hrc_cell.settings.robot import MotionSettings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LINES = 3
CELLS = 32
STOP_RATIOS = np.linspace(0.0, 1.0, 21)
SPANS_RAD = (0.3, 0.8, 1.5, 2.5, 2.5)
"""How far a joint moves at most along one line: small work, and work all around."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """Paths to choose from; P paths, n joints, k capsules."""

    waypoints_rad: Array  # (P, LINES + 1, n)
    cruise_ratio_ps: Array  # (P, LINES) planned speed
    rise_ratio_ps2: Array  # (P, LINES) planned acceleration
    stop_s: Array  # (P, LINES, 21) declared T_s from STOP_RATIOS of the planned speed
    stop_way_s: Array  # (P, LINES, 21) declared E, the way of a stop over the speed before
    capsules_m: Array  # (P, LINES * CELLS + 1, 2, 3, k) start and end
    radius_m: Array  # (k,)

    @property
    def count(self) -> int:
        """Return the number of paths."""
        return len(self.waypoints_rad)

    def only(self, path: int) -> Pool:
        """Return the pool of this one path."""
        one = slice(path, path + 1)
        return Pool(
            waypoints_rad=self.waypoints_rad[one],
            cruise_ratio_ps=self.cruise_ratio_ps[one],
            rise_ratio_ps2=self.rise_ratio_ps2[one],
            stop_s=self.stop_s[one],
            stop_way_s=self.stop_way_s[one],
            capsules_m=self.capsules_m[one],
            radius_m=self.radius_m,
        )


def make_pool(
    chain: Chain,
    motion: MotionSettings,
    stops: StopModel,
    rng: np.random.Generator,
    count: int,
) -> Pool:
    """Return `count` random paths within the joint limits."""

    def point_speed(q: Array, qd: Array) -> Array:
        ends = capsule_velocities(chain, q, qd)
        fastest: Array = np.max([np.linalg.norm(v, axis=-1).max(axis=-1) for v in ends], axis=0)
        return fastest

    lower, upper = chain.lower_rad, chain.upper_rad
    points = np.empty((count, LINES + 1, len(lower)))
    cruise, rise = np.empty((count, LINES)), np.empty((count, LINES))
    for p in range(count):
        span = rng.choice(SPANS_RAD)
        points[p, 0] = rng.uniform(lower, upper)
        for m in range(1, LINES):
            points[p, m] = np.clip(
                points[p, m - 1] + rng.uniform(-span, span, len(lower)), lower, upper
            )
        points[p, LINES] = points[p, 0]
        lines = plan(
            "", points[p, 0], list(points[p, 1:]), motion=motion, speed_ratio=1.0,
            lower_rad=lower, upper_rad=upper, velocity_max_radps=chain.velocity_max_radps,
            point_speed=point_speed,
        ).lines  # fmt: skip
        cruise[p] = [line.planned.speed_max_ratio_ps for line in lines]
        rise[p] = [line.planned.acceleration_ratio_ps2 for line in lines]
    full = np.abs(np.diff(points, axis=1)) * cruise[..., None]
    speeds = STOP_RATIOS[:, None] * full[..., None, :]  # (P, LINES, 21, n)
    heaviest = np.full(speeds.shape[:-1], np.nan)
    return Pool(
        waypoints_rad=points,
        cruise_ratio_ps=cruise,
        rise_ratio_ps2=rise,
        stop_s=stops.time_s(speeds, heaviest),
        stop_way_s=stops.way_s(speeds, heaviest),
        capsules_m=_capsules(chain, points),
        radius_m=chain.capsule_radius_m,
    )


def _capsules(chain: Chain, points: Array) -> Array:
    at = np.linspace(0.0, LINES, LINES * CELLS + 1)
    line = np.minimum(at.astype(int), LINES - 1)
    part = (at - line)[:, None]
    joints = points[:, line] + part * (points[:, line + 1] - points[:, line])
    ends = np.stack(capsules_at(chain, joints), axis=2)  # (P, G, 2, k, 3)
    return np.ascontiguousarray(np.swapaxes(ends, -1, -2))


def joints_rad(pool: Pool, path: Ints, at: Array) -> Array:
    """Return the joints (b, n) of paths (b,) at (b,)."""
    line = np.minimum(at.astype(np.int64), LINES - 1)
    start, end = pool.waypoints_rad[path, line], pool.waypoints_rad[path, line + 1]
    joints: Array = start + (at - line)[:, None] * (end - start)
    return joints


def joints_radps(pool: Pool, path: Ints, at: Array, ratio: Array) -> Array:
    """Return the joint velocities (b, n) at this part (b,) of the planned speed."""
    line = np.minimum(at.astype(np.int64), LINES - 1)
    way = pool.waypoints_rad[path, line + 1] - pool.waypoints_rad[path, line]
    speeds: Array = (ratio * pool.cruise_ratio_ps[path, line])[:, None] * way
    return speeds


def capsules_m(pool: Pool, path: Ints, at: Array) -> Array:
    """Return the ends of all capsules (b, 2, 3, k) of paths (b,) at (b,)."""
    place = at * CELLS
    cell = np.minimum(place.astype(np.int64), LINES * CELLS - 1)
    part = (place - cell)[:, None, None, None]
    before, after = pool.capsules_m[path, cell], pool.capsules_m[path, cell + 1]
    between: Array = before + part * (after - before)
    return between
