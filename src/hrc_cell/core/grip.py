"""Opening and closing the gripper: a ramp of its goal, and what came of it.

The goal runs at the gripper's speed to where it is wanted, but never farther beyond the measured
position than `squeeze_rad`: the servo's force grows with that distance, so it bounds the force. A
target is reached when the goal is there and the fingers are near; so a part too thin to be told
from none by its size is still held with no more force, and is known where the goal cannot get past.
Radians, seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

REACHED_RAD = 0.05
STILL_RADPS = 0.05
HOLDING_AFTER_S = 0.3
"""Still for so long short of the goal: something is held."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grip:
    """A gripper under way."""

    target_rad: float
    goal_rad: float
    squeeze_rad: float
    still_s: float = 0.0
    ended: str | None = None  # "reached", "holding"


def step(
    grip: Grip, *, measured_rad: float, measured_radps: float, speed_radps: float, dt_s: float
) -> Grip:
    """Return the grip after `dt_s`. Ends when the target is reached or something stops it.

    A measured value that is not a number moves nothing: the comparison with it fails.
    """
    way = grip.target_rad - grip.goal_rad
    size = speed_radps * dt_s
    goal = grip.goal_rad + max(-size, min(size, way))
    near, far = measured_rad - grip.squeeze_rad, measured_rad + grip.squeeze_rad
    if not near <= far:
        return grip
    goal = max(near, min(far, goal))
    if goal == grip.target_rad and abs(grip.target_rad - measured_rad) <= REACHED_RAD:
        return replace(grip, goal_rad=goal, ended="reached")
    pressing = abs(goal - measured_rad) >= 0.9 * grip.squeeze_rad or goal == grip.target_rad
    still_s = grip.still_s + dt_s if pressing and abs(measured_radps) <= STILL_RADPS else 0.0
    ended = "holding" if still_s >= HOLDING_AFTER_S else None
    return replace(grip, goal_rad=goal, still_s=still_s, ended=ended)
