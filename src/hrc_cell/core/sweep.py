"""What the arm will have swept, for each speed ratio, by the time it can have come to rest.

A permit of ratio r is used for no longer than its lease, and T_r passes from the sample that it is
judged on to the start of braking; then the arm stops within T_s. All the while it stays on the path
that was announced, because the last gate lets it go nowhere else. So the poses that count are those
between where it is and

    w(r) = r (T_r + lease + E(r)) + max(r_before - r, 0) age

further along the path, in seconds of way at ratio 1: E(r) is the way of the stop in seconds of the
speed braked from (`hrc_cell.core.stopping`), r_before the ratio permitted until now, with which the
arm may have gone on since the age of what the executor told.

Between two poses that are looked at, the ends of a link cannot be farther off than the way between
them. On one line, where the joints turn by TURN_MAX_RAD at most in all, that way is at most `ARC`
times its chord; elsewhere, as where the arm turns back at a waypoint, it is what the greatest
planned speed v_max covers in that time.

Where no path is known or the arm is off it, nothing is known of where it goes: then every point of
it may go straight towards everybody, at r times the greatest speed v_max that is planned anywhere.

Cell frame; metres, seconds, radians; leading batch axes (...).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core.ahead import Ahead, nearest_s, poses, speed_max_radps, told_s
from hrc_cell.core.kinematics import Chain, ends_motion
from hrc_cell.core.stopping import StopModel
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike
RATIOS = np.array([0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
"""The speed ratios that are tried; no other is ever permitted by the separation."""
ARC = 1.02
TURN_MAX_RAD = 0.3
SPEED_SLACK = 1.01
"""Between two poses of one line a point may be faster than at both by this much,"""
CORNER_SLACK = 1.2
"""and by this much where a waypoint lies between them."""


class Sweep(NamedTuple):
    """The arm now, and what it may sweep. l counts RATIOS, k the capsules of the arm."""

    start_m: Array  # (..., k, 3) of the capsules now, as measured
    end_m: Array
    v_start_mps: Array  # (..., k, 3) as measured
    v_end_mps: Array
    measured_mps: Array  # (...) of the fastest point now
    ahead_start_m: Array  # (..., l + 1, k, 3) along the path, the nearest first
    ahead_end_m: Array
    arc_m: Array  # (..., l, k) greatest way of a point between two of them
    off_m: Array  # (..., k) how far the arm is from its path
    way_s: Array  # (..., l + 1) of way at ratio 1 until rest, for ratio 0 and RATIOS
    stopping_s: Array  # (..., l) T_s from each ratio
    now_part: Array  # (...) present speed along the path, of that at ratio 1
    now_stopping_s: Array  # (...) T_s from the present speed
    now_way_s: Array  # (...) E from it
    astray_mps: Array  # (..., k) speed that does not lead along the path
    point_speed_mps: Array  # (...) greatest of any point ahead, at ratio 1
    joint_speed_radps: Array  # (..., n) greatest planned ahead, at ratio 1
    from_s: Array  # (...) where on the path the sweep begins, way from its first waypoint
    to_s: Array  # (...) and where it ends at ratio 1
    followed: npt.NDArray[np.bool_]  # (...)


def sweep(
    chain: Chain,
    stops: StopModel,
    *,
    safety: SafetySettings,
    motion: MotionSettings,
    position_rad: Array,
    velocity_radps: Array,
    ahead: Ahead | None,
    load_kg: Like,
    ratio_before: Like,
) -> Sweep:
    """Return the sweep of an arm at (..., n) with velocities (..., n).

    A path counts as followed where it says so, was told within joints_timeout_s, is finite, and no
    joint is farther off it than motion.corridor_rad.
    """
    shape = position_rad.shape[:-1]
    if ahead is None:
        nothing = np.zeros((*shape, 2, position_rad.shape[-1]))
        ahead = Ahead(
            waypoints_rad=nothing, line_speed_ratio_ps=np.ones((*shape, 1)),
            line=np.zeros(shape, dtype=np.int64), line_ratio=np.zeros(shape),
            age_s=np.zeros(shape), followed=np.zeros(shape, dtype=np.bool_),
        )  # fmt: skip
    told = told_s(ahead)
    near, on_path, off_rad = nearest_s(ahead, position_rad)
    followed = ahead.followed & (ahead.age_s >= 0.0) & (ahead.age_s <= safety.joints_timeout_s)
    followed &= (off_rad.max(axis=-1) <= motion.corridor_rad) & np.isfinite(told)
    told = np.where(followed, told, 0.0)
    first_s = np.where(followed, np.minimum(near, told), 0.0)

    horizon_s = safety.reaction_time_s + safety.lease_s + safety.stopping_time_s
    planned = speed_max_radps(ahead, first_s, told + horizon_s)
    full = np.where(followed[..., None], planned, np.asarray(motion.velocity_max_radps))
    load = np.asarray(load_kg, dtype=np.float64)[..., None]
    speeds = np.concatenate(
        [RATIOS[:, None] * full[..., None, :], np.abs(velocity_radps)[..., None, :]], axis=-2
    )
    stopping_s, runs_on_s = stops.time_and_way_s(speeds, load)
    age_s = np.where(followed, ahead.age_s, 0.0)[..., None]
    late_s = np.maximum(np.asarray(ratio_before)[..., None] - RATIOS, 0.0) * age_s
    reach_s = RATIOS * (safety.reaction_time_s + safety.lease_s + runs_on_s[..., :-1])
    way_s = np.concatenate([np.zeros((*shape, 1)), reach_s + late_s], axis=-1)
    way_s = np.maximum.accumulate(way_s, axis=-1)

    looked_s = told[..., None] + np.where(np.isfinite(way_s), way_s, horizon_s)
    looked_s[..., 0] = first_s
    q_ahead, qd_ahead, line = poses(ahead, looked_s)
    q_all = np.concatenate([position_rad[..., None, :], on_path[..., None, :], q_ahead], axis=-2)
    qd_all = np.concatenate([velocity_radps[..., None, :], qd_ahead[..., :1, :], qd_ahead], axis=-2)
    ends, velocity = ends_motion(chain, q_all, qd_all)

    moved = _greater(_size(ends[..., 3:, :, :] - ends[..., 2:-1, :, :]))
    turned = np.abs(q_ahead[..., 1:, :] - q_ahead[..., :-1, :]).sum(axis=-1)
    lines_on = line[..., 1:] - line[..., :-1]
    straight = (lines_on == 0) & (turned <= TURN_MAX_RAD)
    most = SPEED_SLACK * motion.tcp_speed_max_mps * (looked_s[..., 1:] - looked_s[..., :-1])
    arc = np.where(straight[..., None], ARC * moved, most[..., None])
    off = _greater(_size(ends[..., 0, :, :] - ends[..., 1, :, :]))
    nominal = qd_ahead[..., 0, :]
    square = (nominal * nominal).sum(axis=-1)
    part = (velocity_radps * nominal).sum(axis=-1) / np.where(square > 0.0, square, 1.0)
    part = np.where(followed, np.maximum(part, 0.0), 0.0)
    along = part[..., None, None]
    astray = _greater(_size(velocity[..., 0, :, :] - along * velocity[..., 1, :, :]))
    speed = _size(velocity)
    fastest = speed[..., 2:, :].max(axis=(-2, -1))
    most_on = lines_on.max(axis=-1)
    slack = np.where(most_on > 0, CORNER_SLACK, SPEED_SLACK)
    # Where a whole line lies between two poses, nothing is known of how fast it is.
    followed_throughout = followed & (most_on <= 1)
    links = off.shape[-1]
    return Sweep(
        start_m=ends[..., 0, :links, :],
        end_m=ends[..., 0, links:, :],
        v_start_mps=velocity[..., 0, :links, :],
        v_end_mps=velocity[..., 0, links:, :],
        measured_mps=speed[..., 0, :].max(axis=-1),
        ahead_start_m=ends[..., 2:, :links, :],
        ahead_end_m=ends[..., 2:, links:, :],
        arc_m=arc,
        off_m=off,
        way_s=way_s,
        stopping_s=stopping_s[..., :-1],
        now_part=part,
        now_stopping_s=stopping_s[..., -1],
        now_way_s=runs_on_s[..., -1],
        astray_mps=astray,
        point_speed_mps=np.where(
            followed_throughout,
            np.minimum(slack * fastest, motion.tcp_speed_max_mps),
            motion.tcp_speed_max_mps,
        ),
        joint_speed_radps=full,
        from_s=looked_s[..., 0],
        to_s=looked_s[..., -1],
        followed=followed,
    )


def _greater(of_ends: Array) -> Array:
    """Return of starts and ends (..., 2 k) the greater of each capsule's two."""
    links = of_ends.shape[-1] // 2
    return np.maximum(of_ends[..., :links], of_ends[..., links:])


def _size(vector: Array) -> Array:
    x, y, z = vector[..., 0], vector[..., 1], vector[..., 2]
    size: Array = np.sqrt(x * x + y * y + z * z)
    return size
