"""One scan of a laser scanner, and which of its beams came back.

Units: metres, radians, seconds. Frame: the scanner's own, x along the zero beam, y to its left.

Scanners say "no echo" in different ways: inf (REP 117), NaN, 0, an error code below range_min
(Hokuyo sends 0.006, 0.008 ... there), or range_max itself. All of them mean that nothing usable
came back: the beam saw nothing up to its range, which is no proof that nothing dark stands there. A
thing held against the window reads the same, so it counts against the scanner: see scanner_state.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scan:
    """What a scanner measured in one turn. Beam i looks along angle_min + i * angle_increment."""

    stamp_s: float  # of the first beam
    frame: str
    angle_min_rad: float
    angle_increment_rad: float
    range_min_m: float
    range_max_m: float
    ranges: npt.NDArray[Any]  # [m] one for each beam, as sent


def echoes_m(scan: Scan) -> Floats:
    """Return the usable range of each beam, NaN where there is none.

    Usable is a finite range in [range_min, range_max). Limits that are not finite leave no beam.
    """
    ranges = np.asarray(scan.ranges, dtype=np.float64)
    low, high = max(scan.range_min_m, 0.0), scan.range_max_m
    if not high < np.inf:
        return np.full(ranges.shape, np.nan)
    with np.errstate(invalid="ignore"):
        usable = (ranges >= low) & (ranges > 0.0) & (ranges < high)
    return np.where(usable, ranges, np.nan)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beams:
    """Where the beams of a scan look. A background holds only for the beams it was learned with."""

    count: int
    angle_min_rad: float
    angle_increment_rad: float


def beams_of(scan: Scan) -> Beams | None:
    """Return where the beams look, None if that is not known (no beams, or angles not finite)."""
    angles = (scan.angle_min_rad, scan.angle_increment_rad)
    if not len(scan.ranges) or not all(map(math.isfinite, angles)) or angles[1] == 0.0:
        return None
    return Beams(count=len(scan.ranges), angle_min_rad=angles[0], angle_increment_rad=angles[1])


def same_beams(one: Beams, other: Beams) -> bool:
    """Return whether no beam of the two differs by half a beam or more."""
    drift_rad = abs(one.angle_increment_rad - other.angle_increment_rad) * one.count
    off_rad = abs(one.angle_min_rad - other.angle_min_rad) + drift_rad
    return one.count == other.count and off_rad < 0.5 * abs(one.angle_increment_rad)
