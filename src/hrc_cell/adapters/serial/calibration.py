"""Where a joint is at zero, and how far it goes, from positions read while a person holds it. Pure.

    joint [rad] = sign (counts - zero_counts) 2 pi / 4096

The person shows the zero pose, then the lower and the upper end. Which way counts grow follows from
the two ends.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from hrc_cell.adapters.serial.registers import COUNTS_PER_TURN, RAD_PER_COUNT

SPREAD_MAX_COUNTS = 6
"""Half a degree: more, and the joint was not held still."""
REACH_MIN_COUNTS = 50
"""Least way between the two ends; less, and the joint was not moved."""
MARGIN_RAD = 0.03
"""The motor's own limits stand this far before the ends that were felt."""


class Unclear(ValueError):
    """The readings do not say what they should. Says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """One joint as it was shown."""

    zero_counts: int
    reversed: bool
    lower_rad: float
    upper_rad: float

    def counts(self, joint_rad: float) -> int:
        """Return the register value of a joint position."""
        away = -joint_rad if self.reversed else joint_rad
        return round(self.zero_counts + away / RAD_PER_COUNT)

    def window_counts(self, lower_rad: float, upper_rad: float) -> tuple[int, int]:
        """Return the motor's limits, least first: within the ends and within the description's."""
        lower_rad = max(lower_rad, self.lower_rad + MARGIN_RAD)
        upper_rad = min(upper_rad, self.upper_rad - MARGIN_RAD)
        first, last = sorted((self.counts(lower_rad), self.counts(upper_rad)))
        return max(first, 0), min(last, COUNTS_PER_TURN - 1)


def at_rest(readings: Sequence[float]) -> int:
    """Return the middle of several readings. Raises Unclear when the joint moved meanwhile."""
    spread = max(readings) - min(readings)
    if spread > SPREAD_MAX_COUNTS:
        raise Unclear(f"it moved by {spread:g} counts, {SPREAD_MAX_COUNTS} at most; hold it still")
    middle = round(statistics.median(readings))
    if not 0 <= middle < COUNTS_PER_TURN:
        raise Unclear(
            f"{middle} counts are beyond one turn of the motor (0 to {COUNTS_PER_TURN - 1}); "
            "mount its horn so that the joint's whole range lies within"
        )
    return middle


def calibrate(zero: int, lower: int, upper: int) -> Calibration:
    """Return what counts at zero, lower and upper end say of a joint. Raises Unclear."""
    if abs(upper - lower) < REACH_MIN_COUNTS:
        raise Unclear(f"the two ends are {abs(upper - lower)} counts apart; move it to each")
    turned = upper < lower
    sign = -1 if turned else 1
    found = Calibration(
        zero_counts=zero,
        reversed=turned,
        lower_rad=sign * (lower - zero) * RAD_PER_COUNT,
        upper_rad=sign * (upper - zero) * RAD_PER_COUNT,
    )
    if not found.lower_rad <= 0.0 <= found.upper_rad:
        raise Unclear(f"zero ({zero}) does not lie between the ends ({lower} and {upper})")
    return found
