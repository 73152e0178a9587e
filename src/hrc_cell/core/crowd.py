"""Everybody in the cell: who is seen and who is hidden, after each scan of each scanner.

Units: metres, seconds; frame: the cell; time: monotonic. The people come from
`hrc_cell.core.tracking`, those lost from sight from `hrc_cell.core.hidden`; here both meet with
what each scanner sees of the floor. While nobody is lost nothing of the floor is looked at.

A scanner proves a place empty only while its state is OK. What it proves holds for the instant of
its scan; a scan that arrives after a newer one of another scanner proves less, by the way that
people have walked since.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

import numpy as np

from hrc_cell.core.clusters import Cluster
from hrc_cell.core.floor import (
    Floor,
    Sight,
    background_reach_m,
    background_squares,
    reach_m,
    seen_empty,
    sight_of,
    spread,
    walls_between,
)
from hrc_cell.core.hidden import Hidden, search, unseen
from hrc_cell.core.scan import Bools
from hrc_cell.core.tracking import People, observe
from hrc_cell.core.view import ScannerState, View, scanner_state
from hrc_cell.settings.sensing import Scanner, TrackerSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ground:
    """The floor as one scanner looks at it."""

    sight: Sight
    known: Bools  # the background that the rest was made of,
    lost: Bools  # [beams] and which beams had lost it
    stands: Bools  # [nx, ny] where it stands
    watched: Bools  # [nx, ny] what the scanner sees of the empty cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Everybody at one instant."""

    people: People = People()
    hidden: Hidden = Hidden()
    grounds: Mapping[str, Ground] = field(default_factory=dict)  # by the scanner's name


def attend(
    settings: TrackerSettings,
    floor: Floor,
    scanner: Scanner,
    crowd: Crowd,
    view: View,
    things: Sequence[Cluster],
    *,
    speed_mps: float,
) -> Crowd:
    """Return the crowd after the scan that `view` took last and the new `things` in it.

    `speed_mps` is how fast people may walk where nobody sees them.
    """
    before = crowd.people
    people = observe(settings, before, things, view.seen_s)
    kept = {track.id for track in people.tracks}
    lost = crowd.hidden.lost or unseen(settings, people)
    if not lost and all(track.id in kept for track in before.tracks):
        return replace(crowd, people=people)
    grounds = {**crowd.grounds, **_ground(settings, floor, scanner, crowd, view)}
    none: Bools = np.zeros(floor.open.shape, dtype=bool)
    walls = reduce(np.logical_or, (each.stands for each in grounds.values()), none)
    watched = reduce(np.logical_or, (each.watched for each in grounds.values()), none)
    empty = none
    if scanner_state(scanner, view, view.heard_s) is ScannerState.OK:
        late_m = speed_mps * (people.time_s - view.seen_s)
        empty = _seen_empty(grounds[scanner.name].sight, view, round(late_m / floor.cell_m))
    people, hidden = search(
        settings, floor, crowd.hidden, before, people,
        walls=walls, empty=empty, watched=watched, speed_mps=speed_mps,
    )  # fmt: skip
    return Crowd(people=people, hidden=hidden, grounds=grounds)


def _ground(
    settings: TrackerSettings, floor: Floor, scanner: Scanner, crowd: Crowd, view: View
) -> dict[str, Ground]:
    """Return the ground of this scanner by its name, none before its background is known."""
    if view.watch is None or view.beams is None or view.health is None:
        return {}
    background, lost = view.watch.background, view.health.lost
    ground = crowd.grounds.get(scanner.name)
    if ground is None or ground.sight.beams != view.beams:
        sight = sight_of(floor, scanner, view.beams, leg_radius_m=settings.leg_radius_m)
    elif ground.known is background.known and np.array_equal(ground.lost, lost):
        return {}
    else:
        sight = ground.sight
    if ground is None or ground.sight is not sight or ground.known is not background.known:
        stands = background_squares(sight, background)
        stands |= walls_between(floor, scanner, view.beams, background)
    else:
        stands = ground.stands
    reach = np.where(lost, 0.0, background_reach_m(background, view.range_max_m))
    watched = seen_empty(sight, reach)
    ground = Ground(sight=sight, known=background.known, lost=lost, stands=stands, watched=watched)
    return {scanner.name: ground}


def _seen_empty(sight: Sight, view: View, late: int) -> Bools:
    """Return which squares [nx, ny] the newest scan of this view sees empty, with all squares
    around them as far as `late` squares.
    """
    assert view.newest is not None and view.health is not None  # noqa: S101, PT018 it is OK
    empty = seen_empty(sight, reach_m(view.newest, ~view.health.had, view.range_max_m))
    everywhere = np.ones_like(empty)
    for _ in range(late):
        empty = ~spread(~empty, everywhere)
    return empty
