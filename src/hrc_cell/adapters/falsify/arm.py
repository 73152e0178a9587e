"""The arm, its executor and the last gate in batches: as bad as what is declared allows.

The arm follows the newest permit that has reached it for as long as that permit holds: within its
lease, and its oldest sample not older than T_r (`hrc_cell.core.gate.permit_holds`). Without one it
brakes to rest. Where less is permitted than it moves with it brakes until it is as slow as
permitted. A stop from ratio r takes its part of T_s(r) and of the way r E(r), often all of it:

    q(t) = r                      for t <= h
    q(t) = r (T - t) / (T - h)    for h < t <= T,      h = 2 E - T,   0 <= h <= T

so the way is r (T + h) / 2 = r E. T_s and E are those declared for the joint speeds that the line
has at r. Braking that goes on as the permitted ratio falls further stays one braking. Permitted
more, the arm gains speed as planned. It is at rest at every waypoint, and a round is a path of its
own: the next one needs a permit that was judged with it.

Ratios are of the planned speed. Times that matter (sample, permit, lease, T_r) are multiples of the
step, so the arm never moves a step longer than it may.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.paths import LINES, STOP_RATIOS, Pool

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

ARRIVED = 1e-4
SLACK_S = 1e-9  # of times that are equal but for rounding


class Arm(NamedTuple):
    """Where arms (b,) are and how they move."""

    at: Array  # line + part of the line
    ratio: Array  # speed, of the planned one of the line
    slowing: Flags
    slow_from: Array  # ratio at which the braking under way began
    slow_s: Array  # and for how long it has lasted
    round: Ints


class Permit(NamedTuple):
    """The newest permit at the gate of each arm (b,)."""

    ratio: Array
    judged_s: Array  # -inf: none has come
    oldest_s: Array  # age of the oldest sample at the judgement
    round: Ints  # that it was judged for; -1: any

    def until_s(self, bounds: Bounds) -> Array:
        """Return until when each holds."""
        left_s = bounds.safety.reaction_time_s - self.oldest_s
        until: Array = self.judged_s + np.minimum(bounds.safety.lease_s, left_s)
        return until


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """What does not change: which path, and how much of what is declared a stop takes."""

    pool: Pool
    path: Ints  # (b,)
    time_share: Array  # (b,) of T_s
    way_share: Array  # (b,) of E

    def cruise_ratio_ps(self, at: Array) -> Array:
        """Return the planned speed (b,) of the lines that the arms are on."""
        speed: Array = self.pool.cruise_ratio_ps[self.path, _line(at)]
        return speed


def at_rest(at: Array) -> Arm:
    """Return arms that stand at (b,)."""
    zero = np.zeros_like(at)
    return Arm(at, zero, np.zeros(at.shape, bool), zero, zero, np.zeros(at.shape, np.int64))


def permitted(arm: Arm, permit: Permit, bounds: Bounds, until_s: float) -> Array:
    """Return the ratio (b,) that counts in a step that ends then."""
    holds = (until_s <= permit.until_s(bounds) + SLACK_S) & (
        (permit.round == arm.round) | (permit.round < 0)
    )
    return np.where(holds, permit.ratio, 0.0)


def advance(body: Body, arm: Arm, target: Array, dt_s: float) -> Arm:
    """Return the arms one step later, `target` (b,) being permitted in it."""
    line = _line(arm.at)
    cruise = body.pool.cruise_ratio_ps[body.path, line]
    rise = body.pool.rise_ratio_ps2[body.path, line]
    slowing = target < arm.ratio
    begins = slowing & ~arm.slowing
    slow_from = np.where(begins, arm.ratio, arm.slow_from)
    slow_s = np.where(begins, 0.0, arm.slow_s) + dt_s
    braked = np.maximum(_left(body, line, slow_from, slow_s, dt_s), target)
    faster = np.minimum(target, arm.ratio + rise / cruise * dt_s)
    left = line + 1.0 - arm.at
    at_end = np.sqrt(2.0 * rise * left) / cruise  # to be at rest at the waypoint
    ratio = np.minimum(np.where(slowing, np.minimum(braked, arm.ratio), faster), at_end)
    at = arm.at + 0.5 * (arm.ratio + ratio) * cruise * dt_s
    arrived = line + 1.0 - at <= ARRIVED
    at = np.where(arrived, line + 1.0, at)
    ratio = np.where(arrived, 0.0, ratio)
    over = at >= LINES
    return Arm(
        at=np.where(over, 0.0, at),
        ratio=ratio,
        slowing=slowing & (ratio > target),
        slow_from=slow_from,
        slow_s=slow_s,
        round=arm.round + over,
    )


def _line(at: Array) -> Ints:
    return np.minimum(at.astype(np.int64), LINES - 1)


def _left(body: Body, line: Ints, slow_from: Array, slow_s: Array, dt_s: float) -> Array:
    """Return the speed that a stop from `slow_from` has after `slow_s`."""
    # The next lower ratio that is in the table: what is declared is never exceeded.
    entry = (slow_from * (len(STOP_RATIOS) - 1) + 1e-6).astype(np.int64)
    most_s = body.pool.stop_way_s[body.path, line, entry]
    time_s = body.pool.stop_s[body.path, line, entry] * body.time_share
    time_s = np.minimum(time_s, 2.0 * most_s)
    time_s = np.floor(time_s / dt_s + 1e-6) * dt_s  # so that it ends with a step, never later
    way_s = most_s * body.way_share
    hold_s = np.clip(2.0 * way_s - time_s, 0.0, time_s)
    ramp_s = np.maximum(time_s - hold_s, 1e-9)
    left: Array = slow_from * np.clip((time_s - slow_s - SLACK_S) / ramp_s, 0.0, 1.0)
    return left
