"""Speed along a line, online: tracks a target speed with bounded acceleration and jerk.

One number s runs from 0 to 1 along a straight line in joint space. Because the line is straight,
joint velocity, acceleration and jerk are those of s times the line's difference: bounds on the
joints are bounds on s. Units: 1/s, 1/s2, 1/s3, seconds.

From cruising at speed v, with deceleration A and jerk J, rest takes T = v/A + A/J seconds if
v >= A^2/J and 2 sqrt(v/J) below that, and the way v T / 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LineLimits:
    """How s may move. All above 0."""

    speed_max_ratio_ps: float  # [1/s]
    acceleration_ratio_ps2: float  # [1/s2]
    jerk_ratio_ps3: float  # [1/s3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Along:
    """Where s is and how it moves."""

    done_ratio: float = 0.0  # s, 0 to 1
    speed_ratio_ps: float = 0.0
    acceleration_ratio_ps2: float = 0.0


ARRIVED_RATIO = 1e-5
"""So near to its end a line is done."""
HALVINGS = 20


def way_to_rest(along: Along, limits: LineLimits) -> float:
    """Return how far s still runs when braking begins now, from any speed and acceleration.

    >>> limits = LineLimits(speed_max_ratio_ps=1, acceleration_ratio_ps2=2, jerk_ratio_ps3=8)
    >>> way_to_rest(Along(speed_ratio_ps=1.0), limits)
    0.375
    """
    v, a, j = along.speed_ratio_ps, along.acceleration_ratio_ps2, limits.jerk_ratio_ps3
    ramp_s = abs(a) / j
    if a >= 0.0:  # first the acceleration is taken back, then the speed
        gained = v * ramp_s + a * ramp_s**2 / 2.0 - j * ramp_s**3 / 6.0
        return gained + _way_from_cruise(v + a * ramp_s / 2.0, limits)
    cruise = v - a * ramp_s / 2.0  # the speed at which this braking would have begun
    if -a > min(limits.acceleration_ratio_ps2, math.sqrt(j * cruise)) * (1.0 + 1e-9):
        return v * v / -a  # braking harder than rest needs
    return _way_from_cruise(cruise, limits) - (cruise * ramp_s - j * ramp_s**3 / 6.0)


def _way_from_cruise(speed: float, limits: LineLimits) -> float:
    a, j = limits.acceleration_ratio_ps2, limits.jerk_ratio_ps3
    time_s = speed / a + a / j if speed >= a * a / j else 2.0 * math.sqrt(speed / j)
    return speed * time_s / 2.0


def track(along: Along, *, target_ratio_ps: float, limits: LineLimits, dt_s: float) -> Along:
    """Return the motion one step later, its speed led towards `target_ratio_ps`.

    Never beyond s = 1, never backwards, at rest when s = 1. The acceleration is the greatest that
    the target, the jerk and the way left to the end allow. In the step in which rest is reached
    the acceleration may end a little faster than the jerk limit says; the greatest speed may be
    exceeded by what one step of jerk adds, jerk times dt_s squared.
    """
    target = min(target_ratio_ps, limits.speed_max_ratio_ps)
    wanted = _acceleration(target - along.speed_ratio_ps, limits, dt_s)
    change = limits.jerk_ratio_ps3 * dt_s
    bound = limits.acceleration_ratio_ps2
    low = max(along.acceleration_ratio_ps2 - change, -bound)
    high = min(along.acceleration_ratio_ps2 + change, bound)
    best = _moved(along, min(max(wanted, low), high), dt_s)
    if not _stops_in_time(best, limits):
        best = _brake(along, low, best.acceleration_ratio_ps2, limits, dt_s)
    if best.done_ratio >= 1.0 - ARRIVED_RATIO:
        return Along(done_ratio=1.0)
    return best


def _moved(along: Along, acceleration: float, dt_s: float) -> Along:
    """Return the motion after a step with this acceleration; speed never below 0."""
    speed = along.speed_ratio_ps + acceleration * dt_s
    if speed <= 0.0:
        speed, acceleration = 0.0, 0.0
    done = along.done_ratio + 0.5 * (along.speed_ratio_ps + speed) * dt_s
    return Along(done_ratio=done, speed_ratio_ps=speed, acceleration_ratio_ps2=acceleration)


def _stops_in_time(along: Along, limits: LineLimits) -> bool:
    return way_to_rest(along, limits) <= 1.0 - along.done_ratio


def _brake(along: Along, low: float, high: float, limits: LineLimits, dt_s: float) -> Along:
    """Return the step with the greatest acceleration from which the end is not overrun."""
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        if _stops_in_time(_moved(along, middle, dt_s), limits):
            low = middle
        else:
            high = middle
    return _moved(along, low, dt_s)


def _acceleration(change: float, limits: LineLimits, dt_s: float) -> float:
    """Return the acceleration that leads to a change of speed and can be taken back in time."""
    size = abs(change)
    j, a = limits.jerk_ratio_ps3, limits.acceleration_ratio_ps2
    # One step of jerk is already under way: sqrt(2 j size) less half a step of it.
    turn = math.sqrt(2.0 * j * size + 0.25 * (j * dt_s) ** 2) - 0.5 * j * dt_s
    return math.copysign(min(a, turn, size / dt_s), change)
