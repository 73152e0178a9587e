"""Who was seen and is seen no more: where that person may be, until the place is seen empty.

Units: metres, seconds; frame: the cell; time: monotonic. A lost person is a set of squares of the
floor. It begins with all squares that the person can have reached since last seen, and with every
scan it grows by the way that a person can walk meanwhile, and loses the squares that the scan sees
empty. So nobody walks through a place that is seen empty, unless between two scans. An empty set:
the person has left, or was none. Squares outside of the floor are not kept: who went there has left
the cell. A set is cut by what one scanner sees now, never by what it saw a while ago.

A square that no scanner ever sees (a dead corner) is reached by walking only, through squares that
are not seen empty and not through a wall. So who leaves in view of a scanner leaves nothing there;
but who was lost beside such a corner stays in it until a person has looked and has the empty cell
learned anew.

A person has two legs, and they do not stand in one square: a square with no other of the set within
person_radius_m is dropped (unless squares are wider than a leg). Else a single square that happens
never to be seen empty would keep somebody for ever, who walks about in every later shadow.

The set begins hide_s after the last sight, while the track is still foreseen as walking on, so that
it knows where nobody can have gone; it counts as soon as the track is given up (forget_s).

A track that was never confirmed counts as well, but not everywhere and not for ever. Who walks over
open floor into a place that no scanner ever sees has been confirmed on the way; what flickers at
the edge of such a place has not, and would haunt it. So the set of the unconfirmed keeps only
squares that the scanners see in the empty cell, and for hidden_unconfirmed_s at most; what was seen
in fewer than confirm_scans scans leaves none.

Who comes out of the set, or out from right beside it, is perhaps the lost person. Once confirmed,
that track takes over the number of the one lost person from whose set it came, the nearest, and
this set alone is dropped: one person who comes out ends one hidden person and no more.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from hrc_cell.core.floor import Floor, spread
from hrc_cell.core.scan import Bools, Floats
from hrc_cell.core.tracking import People, Track
from hrc_cell.settings.sensing import TrackerSettings

BESIDE_M = 0.3
"""Who is first seen this close to the set (and the person's own radius) may have come out of it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lost:
    """A person not seen for a while."""

    id: int
    seen_s: float
    confirmed: bool
    place: Bools  # [nx, ny] squares in which a leg of the person may stand
    owed_m: float = 0.0  # walked, and not yet grown; never positive after a step
    heirs: tuple[int, ...] = ()  # tracks that came out of the set


@dataclass(frozen=True, slots=True, kw_only=True)
class Hidden:
    """All lost people at one instant, also those whose tracks are still foreseen."""

    time_s: float = -math.inf
    lost: tuple[Lost, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """Holds everywhere that a hidden person may be."""

    id: int
    x_m: float
    y_m: float
    radius_m: float
    confirmed: bool


def unseen(settings: TrackerSettings, people: People) -> tuple[Track, ...]:
    """Return the tracks that have not been seen for longer than hide_s."""
    return tuple(t for t in people.tracks if people.time_s - t.seen_s > settings.hide_s)


def search(
    settings: TrackerSettings,
    floor: Floor,
    hidden: Hidden,
    before: People,
    people: People,
    *,
    walls: Bools,
    empty: Bools,
    watched: Bools,
    speed_mps: float,
) -> tuple[People, Hidden]:
    """Return people and hidden people after one more scan, which made `before` into `people`.

    `walls` [nx, ny] are the squares in which something stands, `empty` those that this scan sees
    empty, `watched` those that the scanners see in the empty cell. `speed_mps` is how fast people
    may walk unseen.
    """
    now_s = people.time_s
    walked_m = speed_mps * max(0.0, now_s - hidden.time_s) if hidden.lost else 0.0
    away = {track.id for track in unseen(settings, people)}
    seen = {track.id for track in people.tracks} - away
    floor = replace(floor, open=floor.open & ~walls)
    lost = [_grow(floor, one, walked_m) for one in hidden.lost if one.id not in seen]
    known = {one.id for one in lost} | seen
    for then in (people, before):  # who was given up at once is known from before
        for track in then.tracks:
            if track.id not in known and _counts(settings, track):
                lost.append(_begin(settings, floor, track, then.time_s, now_s, speed_mps))
                known.add(track.id)
    born = {track.id for track in people.tracks} - {track.id for track in before.tracks}
    for track in people.tracks:
        if track.id in born:
            lost = _come_out(floor, lost, track)
    room = floor.open & ~empty
    lost = [
        _standing(settings, floor, one, room if one.confirmed else room & watched) for one in lost
    ]
    tracks, kept = people.tracks, []
    for one in lost:
        heir = _heir([track for track in tracks if track.id in seen], one)
        if heir is not None:
            tracks = tuple(_renamed(t, one) if t is heir else t for t in tracks if t.id != one.id)
        elif one.id in away or _remains(settings, one, now_s):
            kept.append(one)
    return replace(people, tracks=tracks), Hidden(time_s=now_s, lost=tuple(kept))


def circles(floor: Floor, hidden: Hidden, people: People, *, leg_radius_m: float) -> list[Circle]:
    """Return a circle around each set, with room for the legs, for those who are no track any more.

    Whoever still is a track is published as such.
    """
    followed = {track.id for track in people.tracks}
    return [
        _circle(floor, one, leg_radius_m)
        for one in hidden.lost
        if one.id not in followed and one.place.any()
    ]


def _grow(floor: Floor, lost: Lost, walked_m: float) -> Lost:
    """Return the set grown by `walked_m` or more, in whole squares and all eight directions.

    Nobody walks through a wall, however long the way.
    """
    owed_m, place = lost.owed_m + walked_m, lost.place
    while owed_m > 0.0 and place.any():
        place = spread(place, floor.open)
        owed_m -= floor.cell_m
    return replace(lost, owed_m=min(owed_m, 0.0), place=place)


def _standing(settings: TrackerSettings, floor: Floor, lost: Lost, room: Bools) -> Lost:
    """Return the lost person with only the squares within the room where two legs can stand."""
    place = lost.place & room
    if floor.cell_m <= 2.0 * settings.leg_radius_m and place.any():
        reach = math.ceil(settings.person_radius_m / floor.cell_m)
        wide = np.zeros((place.shape[0] + 2 * reach + 1, place.shape[1] + 2 * reach + 1), dtype=int)
        wide[reach + 1 : -reach, reach + 1 : -reach] = place
        total = wide.cumsum(0).cumsum(1)
        span = 2 * reach + 1
        count = total[span:, span:] - total[:-span, span:] - total[span:, :-span]
        place &= count + total[:-span, :-span] > 1
    return replace(lost, place=place)


def _counts(settings: TrackerSettings, track: Track) -> bool:
    """Return whether the track was seen often enough to be kept."""
    return track.confirmed or track.evidence.scans >= settings.confirm_scans


def _begin(
    settings: TrackerSettings,
    floor: Floor,
    track: Track,
    then_s: float,
    now_s: float,
    speed_mps: float,
) -> Lost:
    """Return the set of all squares within reach since the track, foreseen to `then_s`, was seen.

    Beside what was seen of a person there may be the rest of one: person_radius at least. Who was
    seen against a wall or outside of the floor begins at the floor that is nearest.
    """
    foreseen_s = then_s - track.seen_s
    there = (track.x_m - track.vx_mps * foreseen_s, track.y_m - track.vy_mps * foreseen_s)
    reach_m = max(track.radius_m, settings.person_radius_m) + speed_mps * (now_s - track.seen_s)
    half_m = floor.cell_m * math.sqrt(0.5)
    off = _off_m(floor, *there)
    nearest_m = float(off[floor.open].min(initial=math.inf))
    lost = Lost(
        id=track.id,
        seen_s=track.seen_s,
        confirmed=track.confirmed,
        place=floor.open & (off <= min(max(nearest_m, half_m), reach_m)),
    )
    return _grow(floor, lost, reach_m - max(0.0, nearest_m - half_m))


def _off_m(floor: Floor, x_m: float, y_m: float) -> Floats:
    """Return the distances [nx, ny] of the squares from a point."""
    return np.hypot(floor.middles_m[..., 0] - x_m, floor.middles_m[..., 1] - y_m)


def _come_out(floor: Floor, lost: list[Lost], track: Track) -> list[Lost]:
    """Return the lost with the new track noted as heir of the nearest set that it is beside."""
    off = _off_m(floor, track.x_m, track.y_m)
    nearest = [float(off[one.place].min(initial=np.inf)) for one in lost]
    at = int(np.argmin(nearest)) if lost else -1
    if at < 0 or nearest[at] > track.radius_m + BESIDE_M:
        return lost
    noted = replace(lost[at], heirs=(*lost[at].heirs, track.id))
    return [*lost[:at], noted, *lost[at + 1 :]]


def _heir(tracks: list[Track], lost: Lost) -> Track | None:
    """Return the track that is the lost person: confirmed, or the set is empty behind it."""
    came = [track for track in tracks if track.id in lost.heirs]
    sure = [track for track in came if track.confirmed]
    if sure:
        return sure[0]
    return came[0] if came and not lost.place.any() else None


def _renamed(track: Track, lost: Lost) -> Track:
    """Return the track as that of the lost person."""
    sure = track.confirmed or lost.confirmed
    return track._replace(id=lost.id, evidence=track.evidence._replace(confirmed=sure))


def _remains(settings: TrackerSettings, lost: Lost, now_s: float) -> bool:
    """Return whether somebody may still be hidden there."""
    noise = not lost.confirmed and now_s - lost.seen_s > settings.hidden_unconfirmed_s
    return bool(lost.place.any()) and not noise


def _circle(floor: Floor, lost: Lost, leg_radius_m: float) -> Circle:
    at = floor.middles_m[lost.place]
    middle = (at.min(axis=0) + at.max(axis=0)) / 2.0
    farthest_m = float(np.hypot(*(at - middle).T).max())
    return Circle(
        id=lost.id,
        x_m=float(middle[0]),
        y_m=float(middle[1]),
        radius_m=farthest_m + floor.cell_m * math.sqrt(0.5) + leg_radius_m,
        confirmed=lost.confirmed,
    )
