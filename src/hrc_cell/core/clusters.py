"""From beams that see something new to things of the size of legs.

Units: metres, radians; frame: the cell. Neighbouring foreground beams whose ends lie close together
are one cluster. A scanner sees only the near side of a leg, so the centre of a cluster is pushed
away from the scanner by the radius of a leg.

What goes by beams is done in arrays, what goes by things one by one: there are few.
"""

from __future__ import annotations

import math
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from hrc_cell.core.scan import Bools, Floats, Scan
from hrc_cell.settings.sensing import Scanner, TrackerSettings

Places: TypeAlias = npt.NDArray[np.intp]


class Cluster(NamedTuple):
    """A thing seen in one scan."""

    x_m: float  # its centre in the cell frame
    y_m: float
    width_m: float  # from its first to its last beam
    beams: int
    reach_m: float  # from the centre to the farthest point seen


NOTHING: tuple[Cluster, ...] = ()


class Runs(NamedTuple):
    """The k beams of a scan that see something new, in n runs: each sees one thing."""

    new: Bools  # [beams] which they are
    beam: Places  # [k] where they are among all
    end_m: Floats  # [2, k] where they end: x and y in the scanner's frame
    spacing_m: Floats  # [k] how far apart beams are there
    first: Places  # [n] at which of the k beams a run begins
    beams: Places  # [n] how many it has
    width_m: Floats  # [n] from its first to its last beam


def runs_of(settings: TrackerSettings, scan: Scan, echoes: Floats, new: Bools) -> Runs:
    """Return the runs of the beams marked `new` [beams], whose ranges are `echoes` [beams].

    Beams belong together when their ends are within cluster_gap_m, or within two beam spacings
    where beams lie farther apart than that. Here even one beam is a thing.
    """
    (beam,) = new.nonzero()
    ranges, bearing_rad = echoes[beam], scan.angle_min_rad + beam * scan.angle_increment_rad
    end_m = np.empty((2, len(beam)))
    end_m[0], end_m[1] = ranges * np.cos(bearing_rad), ranges * np.sin(bearing_rad)
    spacing_m = np.maximum(ranges * abs(scan.angle_increment_rad), 1e-6)
    gap_m = np.maximum(settings.cluster_gap_m, 2.0 * spacing_m[1:])
    begins: Bools = np.ones(len(beam) + 1, dtype=bool)  # the last ends the last run
    begins[1:-1] = np.hypot(*(end_m[:, 1:] - end_m[:, :-1])) > gap_m
    (edges,) = begins.nonzero()
    first, last = edges[:-1], edges[1:] - 1
    width_m = np.hypot(*(end_m[:, last] - end_m[:, first])) + spacing_m[first]
    return Runs(new, beam, end_m, spacing_m, first, last - first + 1, width_m)


def widths_m(runs: Runs) -> Floats:
    """Return how wide the thing is that each beam [beams] sees; 0 for those that see none."""
    width: Floats = np.zeros(len(runs.new))
    width[runs.beam] = runs.width_m.repeat(runs.beams)
    return width


def find_clusters(settings: TrackerSettings, scanner: Scanner, runs: Runs) -> tuple[Cluster, ...]:
    """Return the runs as clusters in the cell frame, in their order.

    A run of fewer beams than half of those that a leg would fill at its range, or than
    cluster_beams_min if that is less, is noise.
    """
    leg_m = settings.leg_radius_m
    cos, sin = math.cos(scanner.yaw_rad), math.sin(scanner.yaw_rad)
    x_m, y_m = runs.end_m.tolist()
    clusters = []
    for first, beams, width_m, x_sum_m, y_sum_m, spacing_sum_m in zip(
        runs.first.tolist(),
        runs.beams.tolist(),
        runs.width_m.tolist(),
        *np.add.reduceat(runs.end_m, runs.first, axis=1).tolist(),
        np.add.reduceat(runs.spacing_m, runs.first).tolist(),
        strict=True,
    ):
        expected = 2.0 * leg_m / (spacing_sum_m / beams)
        if beams < min(max(math.floor(0.5 * expected), 1), settings.cluster_beams_min):
            continue
        x, y = x_sum_m / beams, y_sum_m / beams
        away = 1.0 + leg_m / max(math.hypot(x, y), leg_m)
        x, y = x * away, y * away
        own = slice(first, first + beams)
        off_m = max(math.hypot(px - x, py - y) for px, py in zip(x_m[own], y_m[own], strict=True))
        clusters.append(
            Cluster(
                x_m=scanner.x_m + cos * x - sin * y,
                y_m=scanner.y_m + sin * x + cos * y,
                width_m=width_m,
                beams=beams,
                reach_m=max(off_m, leg_m),
            )
        )
    return tuple(clusters)
