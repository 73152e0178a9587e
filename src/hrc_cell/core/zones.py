"""Which areas of the floor count as occupied, and what they allow.

A person is a point with a radius that holds all that the person may cover, the uncertainty of the
place included, and touches a zone when nearer to it than the radius. A free zone becomes occupied
after `trigger_scans` scans in a row with somebody touching it; an occupied one becomes free after
`release_scans` in a row with nobody nearer than the radius and `margin_m`. Before the first scan
every zone counts as occupied. A position that is not finite touches everything. Metres, cell frame.
Pure: the memory goes in and comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.core.geometry import polygon_distance
from hrc_cell.settings.safety import Zone

Like = npt.ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMemory:
    """One zone between two scans."""

    occupied: bool = True
    scans: int = 0  # in a row that speak for the other state


def touches(
    zone: Zone, position_m: Like, radius_m: Like, margin_m: float = 0.0
) -> npt.NDArray[np.bool_]:
    """Return whether people (..., 2) with radius (...) touch the zone grown by a margin."""
    radius = np.asarray(radius_m, dtype=np.float64)
    reach = np.where(radius >= 0.0, radius, np.inf) + margin_m
    clear = polygon_distance(position_m, zone.polygon_m) > reach
    touching: npt.NDArray[np.bool_] = ~clear  # so that NaN touches
    return touching


def after_scan(zone: Zone, memory: ZoneMemory, position_m: Like, radius_m: Like) -> ZoneMemory:
    """Return the zone's memory after one scan that shows people at (p, 2) with radius (p,)."""
    if memory.occupied:
        against = not touches(zone, position_m, radius_m, zone.margin_m).any()
        needed = zone.release_scans
    else:
        against = bool(touches(zone, position_m, radius_m).any())
        needed = zone.trigger_scans
    scans = memory.scans + 1 if against else 0
    if scans >= needed:
        return ZoneMemory(occupied=not memory.occupied)
    return ZoneMemory(occupied=memory.occupied, scans=scans)


def most_restrictive(zones: Sequence[Zone], memories: Sequence[ZoneMemory]) -> Zone | None:
    """Return the occupied zone that allows least, None if all are free.

    Where two allow the same, one that a person must reset comes before one that clears by itself.
    """
    occupied = [z for z, memory in zip(zones, memories, strict=True) if memory.occupied]
    return min(occupied, key=lambda z: (z.speed_ratio, z.restart == "automatic"), default=None)


def needs_reset(zone: Zone | None) -> bool:
    """Return whether the zone stops the arm until a person resets it."""
    return zone is not None and zone.speed_ratio == 0.0 and zone.restart == "manual"
