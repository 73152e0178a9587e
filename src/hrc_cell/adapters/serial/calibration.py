"""Where a joint is at zero, and how far it goes, from positions read while a person holds it. Pure.

    joint [rad] = sign (counts - zero_counts) rad_per_count

The person shows the zero pose, then the lower and the upper end. Which way counts grow follows from
the two ends.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

SPREAD_MAX_RAD = 0.0093
"""Half a degree: more, and the joint was not held still."""
REACH_MIN_RAD = 0.077
"""Least way between the two ends; less, and the joint was not moved."""
MARGIN_RAD = 0.03
"""The motor's own limits stand this far before the ends that were felt."""


class Unclear(ValueError):
    """The readings do not say what they should. Says what to do."""


class Scale(NamedTuple):
    """What a motor's positions are counted in."""

    counts: int  # they run from 0 to counts - 1
    rad_per_count: float

    def away(self, rad: float) -> int:
        """Return so many radians in counts, the nearest there is."""
        return round(rad / self.rad_per_count)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One joint as it was shown."""

    scale: Scale
    zero_counts: int
    reversed: bool
    lower_rad: float
    upper_rad: float

    def counts(self, joint_rad: float) -> int:
        """Return the register value of a joint position."""
        away = -joint_rad if self.reversed else joint_rad
        return self.zero_counts + self.scale.away(away)

    def window_counts(self, lower_rad: float, upper_rad: float) -> tuple[int, int]:
        """Return the motor's limits, least first: within the ends and within the description's."""
        lower_rad = max(lower_rad, self.lower_rad + MARGIN_RAD)
        upper_rad = min(upper_rad, self.upper_rad - MARGIN_RAD)
        first, last = sorted((self.counts(lower_rad), self.counts(upper_rad)))
        return max(first, 0), min(last, self.scale.counts - 1)


def at_rest(scale: Scale, readings: Sequence[float]) -> int:
    """Return the middle of several readings. Raises Unclear when the joint moved meanwhile."""
    spread, most = max(readings) - min(readings), scale.away(SPREAD_MAX_RAD)
    if spread > most:
        raise Unclear(f"it moved by {spread:g} counts, {most} at most; hold it still")
    middle = round(statistics.median(readings))
    if not 0 <= middle < scale.counts:
        raise Unclear(
            f"{middle} counts are beyond what the motor tells apart (0 to {scale.counts - 1}); "
            "mount its horn so that the joint's whole range lies within"
        )
    return middle


def calibrate(scale: Scale, zero: int, lower: int, upper: int) -> Calibration:
    """Return what counts at zero, lower and upper end say of a joint. Raises Unclear."""
    if abs(upper - lower) < scale.away(REACH_MIN_RAD):
        raise Unclear(f"the two ends are {abs(upper - lower)} counts apart; move it to each")
    turned = upper < lower
    sign = -1 if turned else 1
    found = Calibration(
        scale=scale,
        zero_counts=zero,
        reversed=turned,
        lower_rad=sign * (lower - zero) * scale.rad_per_count,
        upper_rad=sign * (upper - zero) * scale.rad_per_count,
    )
    if not found.lower_rad <= 0.0 <= found.upper_rad:
        raise Unclear(f"zero ({zero}) does not lie between the ends ({lower} and {upper})")
    return found
