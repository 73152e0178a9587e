"""From beams that see something new to things of the size of legs.

Units: metres, radians; frame: the cell. Neighbouring foreground beams whose ends lie close together
are one cluster. A scanner sees only the near side of a leg, so the centre of a cluster is pushed
away from the scanner by the radius of a leg.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.core.scan import Bools, Floats, Scan, bearings_rad
from hrc_cell.settings.sensing import Scanner, TrackerSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clusters:
    """Things seen in one scan; every array has one row for each thing."""

    centre_m: Floats  # [n, 2] in the cell frame
    width_m: Floats  # [n] from its first to its last beam
    beams: npt.NDArray[np.int_]  # [n]
    reach_m: Floats  # [n] from the centre to the farthest point seen

    def __len__(self) -> int:
        return len(self.width_m)


NOTHING = Clusters(
    centre_m=np.zeros((0, 2)),
    width_m=np.zeros(0),
    beams=np.zeros(0, dtype=int),
    reach_m=np.zeros(0),
)


def find_clusters(
    settings: TrackerSettings, scanner: Scanner, scan: Scan, echoes: Floats, new: Bools
) -> Clusters:
    """Return the clusters of the beams marked `new` [beams], whose ranges are `echoes` [beams].

    Beams belong together when their ends are within cluster_gap_m, or within two beam spacings
    where beams lie farther apart than that. A cluster of fewer beams than half of those that a leg
    would fill at its range, or than cluster_beams_min if that is less, is noise.
    """
    beam = np.flatnonzero(new)
    if not len(beam):
        return NOTHING
    x, y, spacing_m, first = _part(settings, scan, echoes, beam)
    beams, last = _ends(first, len(beam))

    expected = 2.0 * settings.leg_radius_m / (np.add.reduceat(spacing_m, first) / beams)
    enough = beams >= np.clip(np.floor(0.5 * expected), 1, settings.cluster_beams_min)
    cx, cy = np.add.reduceat(x, first) / beams, np.add.reduceat(y, first) / beams
    away = 1.0 + settings.leg_radius_m / np.maximum(np.hypot(cx, cy), settings.leg_radius_m)
    cx, cy = cx * away, cy * away
    off = np.hypot(x - np.repeat(cx, beams), y - np.repeat(cy, beams))
    reach = np.maximum(np.maximum.reduceat(off, first), settings.leg_radius_m)
    width = np.hypot(x[last] - x[first], y[last] - y[first]) + spacing_m[first]

    cos, sin = math.cos(scanner.yaw_rad), math.sin(scanner.yaw_rad)
    centre = np.column_stack((scanner.x_m + cos * cx - sin * cy, scanner.y_m + sin * cx + cos * cy))
    return Clusters(
        centre_m=centre[enough], width_m=width[enough], beams=beams[enough], reach_m=reach[enough]
    )


def widths_m(settings: TrackerSettings, scan: Scan, echoes: Floats, new: Bools) -> Floats:
    """Return how wide the thing is that each beam [beams] marked `new` sees; 0 for the others.

    Here even one beam is a thing.
    """
    width: Floats = np.zeros(len(echoes))
    beam = np.flatnonzero(new)
    if len(beam):
        x, y, spacing_m, first = _part(settings, scan, echoes, beam)
        beams, last = _ends(first, len(beam))
        each = np.hypot(x[last] - x[first], y[last] - y[first]) + spacing_m[first]
        width[beam] = np.repeat(each, beams)
    return width


def _part(
    settings: TrackerSettings, scan: Scan, echoes: Floats, beam: npt.NDArray[np.intp]
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.intp]]:
    """Return where these beams end (x and y in the scanner's frame) and how far apart beams are
    there, and at which of them a new thing begins.
    """
    ranges, bearing = echoes[beam], bearings_rad(scan)[beam]
    x, y = ranges * np.cos(bearing), ranges * np.sin(bearing)
    spacing_m = np.maximum(ranges * abs(scan.angle_increment_rad), 1e-6)
    gap_m = np.maximum(settings.cluster_gap_m, 2.0 * spacing_m[1:])
    begins: Bools = np.ones(len(beam), dtype=bool)
    begins[1:] = np.hypot(x[1:] - x[:-1], y[1:] - y[:-1]) > gap_m
    return x, y, spacing_m, np.flatnonzero(begins)


def _ends(
    first: npt.NDArray[np.intp], count: int
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return of things [n] that begin at these of `count` beams how many each has, and its last."""
    last = np.concatenate([first[1:], [count]]) - 1
    return last - first + 1, last
