"""What room people leave the arm: each pair of a person and a moving capsule of the arm is judged.

Two questions are asked of each pair.

1. Does S_p hold now? With the measured joint velocities: v_r is the directed speed of the link's
   fastest end, the braking terms are those of the measured part of full speed. Where the distance
   is not more than this S_p, the arm must stop. These are the numbers that the permit states.
2. How fast may it go? The greatest ratio r with S_p(r) <= d. The path may turn towards the person
   within the reaction time, so v_r at ratio 1 is not where the path leads now but the greatest
   planned speed of any point, motion.tcp_speed_max_mps, in the person's direction; or the directed
   nominal speed of the executor, should that be more. A permit may be used until its lease ends
   and a falling ratio is followed with some lag, so T_r is counted longer by one lease here.

T_r begins at the sample, so the sample's age lies within it and the age limit keeps it there.
A person stands upright, from the floor to person_height_m; whoever bends or reaches stays within C.

Somebody whom the newest scan did not show is older than T_r counts. The track stands where that
person would have walked in the time t since, v t from the last place seen; the person may as well
have turned and walked max(v, v_h) t the other way. So the envelope grows to all sides by

    (v + max(v, v_h)) t

and its axis stays as it is: a person who has gone elsewhere is not shorter there. What the place is
uncertain by, Z_d, is counted in S_p and where a zone asks who touches it.

Cell frame; metres, seconds, radians. All arrays take leading batch axes, so that the same code
judges one live cell and any number of simulated ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core import separation, stopping
from hrc_cell.core.geometry import nearest_points
from hrc_cell.core.kinematics import Chain, capsule_motion
from hrc_cell.core.separation import Terms
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


class People(NamedTuple):
    """People as upright capsules."""

    start_m: Array  # (..., p, 3) on the floor
    end_m: Array  # (..., p, 3)
    radius_m: Array  # (..., p) NaN where unknown
    speed_mps: Array  # (..., p)
    position_std_m: Array  # (..., p)
    present: npt.NDArray[np.bool_]  # (..., p) false where there is nobody, whatever stands there


class Clearance(NamedTuple):
    """What the separation allows, and the numbers behind it for each pair."""

    ratio: Array  # (...) greatest permitted speed ratio
    spare_m: Array  # (..., p, k) distance minus required; -inf where unknown, inf for nobody
    distance_m: Array  # (..., p, k)
    terms: Terms  # (..., p, k) each


def upright(
    position_m: Like,
    *,
    speed_mps: Like,
    position_std_m: Like,
    radius_m: Like,
    unseen_s: Like,
    safety: SafetySettings,
    present: npt.ArrayLike = True,
) -> People:
    """Return people at (..., p, 2), grown by what they may be away from there since last seen.

    Cells of one batch may hold different numbers of people: the rest are not `present` (..., p).
    A speed, radius, time or deviation that is negative or not finite makes its result NaN.
    """
    at = np.asarray(position_m, dtype=np.float64)
    speed, radius, unseen, std = (
        np.asarray(value, dtype=np.float64)
        for value in (speed_mps, radius_m, unseen_s, position_std_m)
    )
    speed = np.where((speed >= 0.0) & np.isfinite(speed), speed, np.nan)
    grown = radius + (speed + np.maximum(speed, safety.human_speed_mps)) * unseen
    grown = np.where((radius >= 0.0) & (unseen >= 0.0) & np.isfinite(grown), grown, np.nan)
    top = np.maximum(safety.person_height_m - radius, 0.0)
    return People(
        start_m=np.concatenate([at, np.zeros_like(at[..., :1])], axis=-1),
        end_m=np.concatenate([at, top[..., None]], axis=-1),
        radius_m=grown,
        speed_mps=speed,
        position_std_m=np.where((std >= 0.0) & np.isfinite(std), std, np.nan),
        present=np.broadcast_to(np.asarray(present, dtype=np.bool_), at.shape[:-1]),
    )


def uncertainty_m(people: People, safety: SafetySettings) -> Array:
    """Return Z_d (..., p): how far people may be from where they are tracked. NaN where unknown."""
    return safety.human_uncertainty_m + safety.human_sigmas * people.position_std_m


def clearance(
    people: People,
    *,
    chain: Chain,
    safety: SafetySettings,
    motion: MotionSettings,
    position_rad: Like,
    velocity_radps: Like,
    nominal_radps: Like | None,
    held_back_m: Like,
) -> Clearance:
    """Return what people leave an arm with joint positions (..., n); nobody leaves it everything.

    `velocity_radps` are measured, `nominal_radps` those at ratio 1 (None: unknown), both (..., n).
    `held_back_m` (...) is taken from every distance before a ratio is allowed: hysteresis of a
    restart.
    """
    measured = np.asarray(velocity_radps, dtype=np.float64)
    nominal = np.zeros_like(measured) if nominal_radps is None else nominal_radps
    both = np.stack([measured, np.asarray(nominal, dtype=np.float64)])
    start, end, v_start, v_end = capsule_motion(chain, position_rad, both)
    near = nearest_points(
        people.start_m[..., :, None, :], people.end_m[..., :, None, :],
        start[..., None, :, :], end[..., None, :, :],
    )  # fmt: skip
    radii = people.radius_m[..., None] + chain.capsule_radius_m
    distance = np.maximum(near.distance_m - radii, 0.0)
    now_mps, nominal_mps = directed_speed(near.a_m - near.b_m, near.distance_m, v_start, v_end)
    v_h = separation.human_speed_mps(
        people.speed_mps[..., None],
        distance,
        assumed_mps=safety.human_speed_mps,
        near_mps=safety.human_speed_near_mps,
        near_m=safety.near_distance_m,
    )
    z_d = uncertainty_m(people, safety)[..., None]
    part = stopping.ratio_of(measured, motion.velocity_max_radps)[..., None, None]
    terms = separation.protective_distance(
        human_speed_mps=v_h,
        robot_speed_mps=now_mps,
        reaction_s=safety.reaction_time_s,
        stopping_s=stopping.stopping_time_s(safety.stopping_time_s, part),
        stopping_m=stopping.stopping_distance_m(safety.stopping_distance_m, part),
        intrusion_m=safety.intrusion_m,
        human_uncertainty_m=z_d,
        robot_uncertainty_m=safety.robot_uncertainty_m,
    )
    spare = distance - terms.required_m
    present = people.present[..., None]
    spare = np.where(present, np.where(np.isfinite(spare), spare, -np.inf), np.inf)
    allowed = separation.greatest_ratio(
        distance - np.asarray(held_back_m, dtype=np.float64)[..., None, None],
        human_speed_mps=v_h,
        robot_speed_mps=np.maximum(nominal_mps, motion.tcp_speed_max_mps),
        reaction_s=safety.reaction_time_s + safety.lease_s,
        stopping_s=safety.stopping_time_s,
        stopping_m=safety.stopping_distance_m,
        still_m=safety.intrusion_m + z_d + safety.robot_uncertainty_m,
    )
    allowed = np.where(present, np.where(spare > 0.0, allowed, 0.0), 1.0)
    ratio: Array = allowed.min(axis=(-2, -1), initial=1.0)
    return Clearance(ratio, spare, distance, terms)


def directed_speed(way: Array, length_m: Array, v_start: Array, v_end: Array) -> Array:
    """Return (m, ..., p, k) the greatest speed of k links along their ways (..., p, k, 3).

    `v_start` and `v_end` (m, ..., k, 3) hold m motions of the links' ends. A rigid link's speed in
    one direction is greatest at one of its ends. Where a way has no length it has no direction
    either, and any speed counts.
    """
    unit = way / np.where(length_m > 0.0, length_m, 1.0)[..., None]
    along = [
        np.where(
            length_m == 0.0,
            np.sqrt((v * v).sum(axis=-1))[..., None, :],
            (unit * v[..., None, :, :]).sum(axis=-1),
        )
        for v in (v_start, v_end)
    ]
    greatest: Array = np.maximum(*along)
    return greatest
