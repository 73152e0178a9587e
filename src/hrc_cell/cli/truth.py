"""Figures from what is true in the simulated cell: motion, standstill, separation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from hrc_cell.core.kinematics import Chain, capsule_velocities

STILL_RADPS = 0.02
"""A joint slower than this stands."""

Samples = Sequence[tuple[float, Any]]
"""Pairs of arrival [s, monotonic] and SimTruth, oldest first."""


def moving(truth: Any, still_radps: float = STILL_RADPS) -> bool:
    """Return whether a joint of the arm moves. The gripper, last in the list, does not count."""
    return truth is not None and max(map(abs, truth.velocity[:-1])) > still_radps


def standstill_after_s(samples: Samples, start_s: float) -> float:
    """Return how long after `start_s` the arm last moved before its first second of standstill.

    inf if it never stood still for a second.
    """
    last_moving_s = start_s
    for arrival_s, truth in samples:
        if moving(truth):
            last_moving_s = arrival_s
        elif arrival_s - last_moving_s >= 1.0:
            break
    else:
        return (
            float("inf") if not samples or moving(samples[-1][1]) else _left(last_moving_s, start_s)
        )
    return _left(last_moving_s, start_s)


def _left(last_s: float, start_s: float) -> float:
    return max(0.0, last_s - start_s)


def top_speed_radps(samples: Samples, arm: Sequence[str]) -> float:
    """Return the greatest joint speed of the arm over the samples."""
    return max(
        abs(v)
        for _, truth in samples
        for name, v in zip(truth.joint, truth.velocity, strict=True)
        if name in arm
    )


def top_point_speed_mps(truth: Any, chain: Chain) -> float:
    """Return the speed of the fastest point of the arm's capsules."""
    joints = len(chain.joints)
    q = np.asarray(truth.position[:joints])
    qd = np.asarray(truth.velocity[:joints])
    start, end = capsule_velocities(chain, q, qd)
    return float(np.linalg.norm(np.concatenate([start, end]), axis=-1).max())
