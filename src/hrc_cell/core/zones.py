"""Which areas of the floor count as occupied, and what they allow.

A person is a point with a radius that holds all that the person may cover, the uncertainty of the
place included, and touches a zone when nearer to it than the radius. A free zone becomes occupied
after `trigger_scans` scans in a row with somebody touching it; an occupied one becomes free after
`release_scans` in a row with nobody nearer than the radius and `margin_m`. Before the first scan
every zone counts as occupied. A position that is not finite touches everything. Metres, cell frame.
Pure: the memory goes in and comes out. Everything takes leading batch axes, one for each cell that
is judged; a memory of one cell holds plain numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.core.geometry import polygon_distance
from hrc_cell.settings.safety import Zone

Like = npt.ArrayLike
Flags = bool | np.bool_ | npt.NDArray[np.bool_]
Counts = int | np.int_ | npt.NDArray[np.int_]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMemory:
    """One zone between two scans; of many cells (...) at once, or of one."""

    occupied: Flags = True
    scans: Counts = 0  # in a row that speak for the other state


def touches(
    zone: Zone, position_m: Like, radius_m: Like, margin_m: float = 0.0
) -> npt.NDArray[np.bool_]:
    """Return whether people (..., 2) with radius (...) touch the zone grown by a margin."""
    radius = np.asarray(radius_m, dtype=np.float64)
    reach = np.where(radius >= 0.0, radius, np.inf) + margin_m
    clear = polygon_distance(position_m, zone.polygon_m) > reach
    touching: npt.NDArray[np.bool_] = ~clear  # so that NaN touches
    return touching


def after_scan(
    zone: Zone,
    memory: ZoneMemory,
    position_m: Like,
    radius_m: Like,
    present: Flags = True,
) -> ZoneMemory:
    """Return the zone's memory after one scan that shows people at (..., p, 2), radius (..., p).

    Where `present` (..., p) is false there is nobody, whatever stands there.
    """
    inside, near = (
        (touches(zone, position_m, radius_m, margin_m) & np.asarray(present)).any(axis=-1)
        for margin_m in (0.0, zone.margin_m)
    )
    occupied = np.asarray(memory.occupied)
    against = np.where(occupied, ~near, inside)
    scans = np.where(against, memory.scans + 1, 0)
    turned = scans >= np.where(occupied, zone.release_scans, zone.trigger_scans)
    return ZoneMemory(  # [()]: of one cell a number, not an array
        occupied=(occupied ^ turned)[()], scans=np.where(turned, 0, scans)[()]
    )


def most_restrictive(zones: Sequence[Zone], memories: Sequence[ZoneMemory]) -> npt.NDArray[np.int_]:
    """Return (...) the index of the occupied zone that allows least, -1 where all are free.

    Where two allow the same, one that a person must reset comes before one that clears by itself.
    """
    found = np.array(-1)
    for index in sorted(range(len(zones)), key=lambda i: _leniency(zones[i]), reverse=True):
        found = np.where(memories[index].occupied, index, found)
    return found


def _leniency(zone: Zone) -> tuple[float, bool]:
    return zone.speed_ratio, zone.restart == "automatic"


def needs_reset(zone: Zone) -> bool:
    """Return whether the zone stops the arm until a person resets it."""
    return zone.speed_ratio == 0.0 and zone.restart == "manual"
