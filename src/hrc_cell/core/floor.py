"""The floor of the cell in squares, and which of them a scanner sees empty.

Units: metres, radians; frame: the cell. A square is judged for its middle: would a leg that stands
there be found? Of the beams that run through a leg's width there, enough must reach as far as the
middle or farther: a leg would have thrown them back on its near side, and as many as that make a
leg for find_clusters. A square through which no beam runs proves nothing.

How far a beam reaches: to its echo. Without an echo it proves nothing, but where the empty cell has
no background within range: there no echo is what an empty direction looks like.

Where the background stands, or furniture that the cell's file names, nobody can be. And nobody
walks through a wall: where neighbouring beams end on the background so close together that no body
passes between them, what lies between the ends is wall as well, however flat the beams meet it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.core.background import BIN_M, Background, is_known
from hrc_cell.core.geometry import polygon_distance
from hrc_cell.core.scan import Beams, Bools, Floats
from hrc_cell.settings.sensing import Scanner

NEAR_M = 0.1
"""Nearer to a scanner than this stands the scanner itself."""
SAMPLES = 8
ENOUGH = 5
"""Of SAMPLES beams across a leg so many must reach the square. Half of a leg is still found."""

GAP_M = 0.18
"""No whole body passes a gap this wide (ISO 13857:2019: slots of up to 180 mm)."""
GAP_POINTS = 5
"""So many points of such a gap are looked at; the smallest squares are wider than what lies between
them."""

Ints = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Floor:
    """Squares of `cell_m`, [nx, ny] of them."""

    cell_m: float
    middles_m: Floats  # [nx, ny, 2]
    open: Bools  # [nx, ny] within the outline, and not filled


def make_floor(
    outline_m: Sequence[Sequence[float]],
    *,
    cell_m: float,
    margin_m: float = 0.0,
    filled_m: Sequence[Sequence[float]] = (),
) -> Floor:
    """Return the floor within an outline of corners (x, y) and up to `margin_m` around it.

    `filled_m` are boxes (x, y, x, y of opposite corners) in which nobody can be. A square belongs
    to what its middle lies in.
    """
    corners = np.asarray(outline_m, dtype=np.float64)
    low, high = corners.min(axis=0) - margin_m, corners.max(axis=0) + margin_m
    nx, ny = np.maximum(np.ceil((high - low) / cell_m - 1e-9).astype(int), 1)
    x = low[0] + (np.arange(nx) + 0.5) * cell_m
    y = low[1] + (np.arange(ny) + 0.5) * cell_m
    middles = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)
    rows = [polygon_distance(row, corners) <= margin_m for row in middles]  # all at once: too much
    inside: Bools = np.stack(rows)
    for x1, y1, x2, y2 in filled_m:
        box = np.array([[min(x1, x2), min(y1, y2)], [max(x1, x2), max(y1, y2)]])
        inside &= ~((middles >= box[0]) & (middles <= box[1])).all(axis=-1)
    return Floor(cell_m=cell_m, middles_m=middles, open=inside)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """Which beams of one scanner run past each square."""

    beams: Beams
    distance_m: Floats  # [nx, ny] from the scanner to the middle
    nearest: Ints  # [nx, ny] the beam closest to the middle
    looks: Bools  # [nx, ny] whether beams run through a leg there
    through: Ints  # [SAMPLES, n] which ones, for the n squares with `looks`


def sight_of(floor: Floor, scanner: Scanner, beams: Beams, *, leg_radius_m: float) -> Sight:
    """Return which beams run past the squares. Made once: it depends on no scan."""
    away = floor.middles_m - (scanner.x_m, scanner.y_m)
    distance_m = np.hypot(away[..., 0], away[..., 1])
    step_rad = abs(beams.angle_increment_rad)
    bearing = np.arctan2(away[..., 1], away[..., 0]) - scanner.yaw_rad - beams.angle_min_rad
    place = np.mod(math.copysign(1.0, beams.angle_increment_rad) * bearing, math.tau) / step_rad
    half = leg_radius_m / np.maximum(distance_m, NEAR_M) / step_rad
    across = 2.0 * (np.arange(SAMPLES) + 0.5) / SAMPLES - 1.0
    through = np.rint(place[..., None] + across * half[..., None]).astype(int)
    looks = (np.abs(np.rint(place) - place) <= half) & (distance_m > NEAR_M)
    if (beams.count + 0.5) * step_rad < math.tau:  # the beams do not go all around
        looks &= (through.min(axis=-1) >= 0) & (through.max(axis=-1) < beams.count)
    return Sight(
        beams=beams, distance_m=distance_m, looks=looks,
        nearest=np.rint(place).astype(int) % beams.count,
        through=np.ascontiguousarray(through[looks].T) % beams.count,
    )  # fmt: skip


def reach_m(echoes: Floats, nothing_there: Bools, range_max_m: float) -> Floats:
    """Return how far each beam [beams] surely met nothing; 0 where that is not known.

    `nothing_there` tells which beams see no background in the empty cell. A range limit that is
    not finite is none.
    """
    limit_m = range_max_m if 0.0 < range_max_m < np.inf else 0.0
    return np.where(np.isnan(echoes), np.where(nothing_there, limit_m, 0.0), echoes)


def seen_empty(sight: Sight, reach: Floats) -> Bools:
    """Return which squares [nx, ny] are surely empty, for beams that reach so far [beams]."""
    far = sight.distance_m[sight.looks]
    past = np.zeros(far.shape, dtype=np.int8)
    for beam in sight.through:  # row by row: three times as fast as all at once
        past += reach.take(beam) >= far
    empty: Bools = np.zeros(sight.looks.shape, dtype=bool)
    empty[sight.looks] = past >= ENOUGH
    return empty


def background_squares(sight: Sight, background: Background) -> Bools:
    """Return in which squares [nx, ny] the learned background stands, and the scanner itself."""
    known = is_known(background, sight.nearest, sight.distance_m)
    stands: Bools = (known & sight.looks) | (sight.distance_m <= NEAR_M)
    return stands


def walls_between(floor: Floor, scanner: Scanner, beams: Beams, background: Background) -> Bools:
    """Return which squares [nx, ny] lie between the ends of neighbouring beams on a background.

    A beam ends in the middle of the nearest range that it knows.
    """
    known = background.known
    bins = np.arange(known.shape[1])
    first = np.argmax(known, axis=1)
    over = ~known & (bins > first[:, None])
    last = np.where(over.any(axis=1), np.argmax(over, axis=1), len(bins))
    reach = 0.5 * (first + last) * BIN_M
    bearing = (
        scanner.yaw_rad + beams.angle_min_rad + beams.angle_increment_rad * np.arange(len(known))
    )
    ends = np.column_stack((np.cos(bearing), np.sin(bearing))) * reach[:, None]
    ends += (scanner.x_m, scanner.y_m)
    beside = np.roll(ends, -1, axis=0) - ends
    had = known.any(axis=1)
    joined = had & np.roll(had, -1) & (np.hypot(beside[:, 0], beside[:, 1]) <= GAP_M)
    part = np.linspace(0.0, 1.0, GAP_POINTS)[:, None]
    points = (ends[joined][:, None] + part * beside[joined][:, None]).reshape(-1, 2)
    corner = floor.middles_m[0, 0] - 0.5 * floor.cell_m
    at = np.floor((points - corner) / floor.cell_m).astype(int)
    at = at[((at >= 0) & (at < floor.open.shape)).all(axis=1)]
    stands: Bools = np.zeros(floor.open.shape, dtype=bool)
    stands[at[:, 0], at[:, 1]] = True
    return stands


def spread(place: Bools, room: Bools) -> Bools:
    """Return the squares [nx, ny] of the room within one step of `place`, in all eight directions.

    Nobody steps between two squares out of the room that meet at a corner.
    """
    along, across = place.copy(), place.copy()
    along[1:] |= place[:-1]
    along[:-1] |= place[1:]
    across[:, 1:] |= place[:, :-1]
    across[:, :-1] |= place[:, 1:]
    along &= room
    across &= room
    wide: Bools = along | across
    wide[:, 1:] |= along[:, :-1]
    wide[:, :-1] |= along[:, 1:]
    wide[1:] |= across[:-1]
    wide[:-1] |= across[1:]
    wide &= room
    return wide


def background_reach_m(background: Background, range_max_m: float) -> Floats:
    """Return how far each beam [beams] goes in the empty cell whenever it comes back: to the near
    side of its nearest background; to its range where nothing stands.
    """
    known = background.known
    return np.where(known.any(axis=1), np.argmax(known, axis=1) * BIN_M, range_max_m)
