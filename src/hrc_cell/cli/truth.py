"""Figures from what is true in the simulated cell: motion, standstill, separation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hrc_cell.core import separation, stopping
from hrc_cell.core.geometry import nearest_points
from hrc_cell.core.kinematics import Chain, capsules_at
from hrc_cell.core.people import upright
from hrc_cell.settings.cell import Cell

STILL_RADPS = 0.02
"""A joint slower than this stands."""

LEGS_RADIUS_M = 0.2
"""Holds both legs of a standing or walking person at shin height."""

Samples = Sequence[tuple[float, Any]]
"""Pairs of instant [s, monotonic] and SimTruth, oldest first."""


def moving(truth: Any, still_radps: float = STILL_RADPS) -> bool:
    """Return whether a joint of the arm moves. The gripper, last in the list, does not count."""
    return truth is not None and max(map(abs, truth.velocity[:-1])) > still_radps


def standstill_after_s(samples: Samples, start_s: float) -> float:
    """Return how long after `start_s` the arm last moved before its first second of standstill.

    inf if it never stood still for a second.
    """
    last_moving_s = start_s
    for instant_s, truth in samples:
        if moving(truth):
            last_moving_s = instant_s
        elif instant_s - last_moving_s >= 1.0:
            break
    else:
        return (
            float("inf") if not samples or moving(samples[-1][1]) else _left(last_moving_s, start_s)
        )
    return _left(last_moving_s, start_s)


def _left(last_s: float, start_s: float) -> float:
    return max(0.0, last_s - start_s)


def top_speed_ratio(samples: Samples, most_radps: Mapping[str, float]) -> float:
    """Return the greatest speed of a joint over its own limit [rad/s], of the joints that have one.

    Raises ValueError without samples.
    """
    return max(
        abs(v) / most_radps[name]
        for _, truth in samples
        for name, v in zip(truth.joint, truth.velocity, strict=True)
        if name in most_radps
    )


def least_margin_m(samples: Samples, settings: Cell, chain: Chain) -> float:
    """Return the least distance minus required separation while the arm moved; inf if it did not.

    Person: where the simulated person truly was, as the upright envelope of the monitor around the
    legs. Required: S_p at the speed that the arm truly had, with the reaction time already spent.
    """
    safety, motion = settings.file.safety, settings.file.motion
    joints = len(chain.joints)
    least_m = np.inf
    for _, truth in samples:
        if not moving(truth) or not truth.person_id:
            continue
        q = np.asarray(truth.position[:joints])
        qd = np.asarray(truth.velocity[:joints])
        part = stopping.ratio_of(qd, motion.velocity_max_radps)
        required_m = separation.protective_distance(
            human_speed_mps=safety.human_speed_mps,
            robot_speed_mps=0.0,
            reaction_s=0.0,
            stopping_s=stopping.stopping_time_s(safety.stopping_time_s, part),
            stopping_m=stopping.stopping_distance_m(safety.stopping_distance_m, part),
            intrusion_m=safety.intrusion_m,
            human_uncertainty_m=safety.human_uncertainty_m,
            robot_uncertainty_m=safety.robot_uncertainty_m,
        ).required_m
        at = np.array([[p.x, p.y] for p in truth.person_position])
        speed = np.array([np.hypot(v.x, v.y) for v in truth.person_velocity])
        people = upright(
            at,
            speed_mps=speed,
            position_std_m=np.zeros(len(at)),
            radius_m=np.full(len(at), LEGS_RADIUS_M),
            unseen_s=np.zeros(len(at)),
            safety=safety,
        )
        start, end = capsules_at(chain, q)
        near = nearest_points(people.start_m[:, None], people.end_m[:, None], start, end)
        gap_m = near.distance_m - people.radius_m[:, None] - chain.capsule_radius_m
        least_m = min(least_m, float(gap_m.min() - required_m))
    return float(least_m)
