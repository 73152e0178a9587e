"""People as the scanners and body trackers see them together.

The scanners see everybody, by the legs alone: an upright envelope with the reach C stands for each.
A body tracker sees limbs. Where its body surely is a person's, the limbs, each with the smaller C
of a body seen in parts, stand in place of the envelope. In all other cases nothing shrinks.

Bodies of one source and people are paired one to one, the nearest first, within match_m from
centre to centre. A person's envelope gives way to the body paired with it only if

- the body is fresh (no older than timeout_s, not of the future) and whole: every region that the
  source has to see is there, all numbers are finite, every radius is above 0, the parts are where
  the body is said to be, and no other body of the message has its number;
- the person is not hidden and nothing about them is unknown;
- the same holds for everybody else whose envelope, widened by match_m, the body is in, and for
  everybody whom their bodies could be of, and so on: where somebody is without a body of their own,
  whose body is whose stays open, and nobody nearby is replaced.

So there are never fewer people than the scanners see, nor fewer than any one body tracker sees:

| body | paired with a person | with nobody |
|---|---|---|
| fresh and whole | its parts, if the envelope gives way | a further person, by its parts |
| else | nothing, the person counts | a further person, upright where last seen, until forget_s |

Parts of several sources for one person are all counted. All of a body is as of its own sample: it
grows by (v + max(v, v_h)) t like anybody unseen (`hrc_cell.core.people`), t by how much its sample
is older than the newest scan, which T_r is counted from. A body of a time that is not known and
that is with nobody has no known size: it may be anywhere.

A part for which a person's envelope gave way was seen by two sources: zones hide it where both are
muted (`hrc_cell.core.zones`). Cell frame; metres, seconds. Of one cell: no batch axes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core.contact import region_code
from hrc_cell.core.people import People, body_parts, together, upright
from hrc_cell.settings.cell import SCANNERS
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.sensing import BodySource

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

FURTHER = 1 << 31
"""Numbers of people whom only a body tracker sees begin here; those of the scanners count from 1
up."""
_ID_BITS = 24
NOBODY = -1


class Parts(NamedTuple):
    """m parts of bodies, in any order."""

    body: Ints  # (m,) whose, by place in the message
    start_m: Array  # (m, 3)
    end_m: Array  # (m, 3)
    radius_m: Array  # (m,)
    velocity_mps: Array  # (m, 3)
    position_std_m: Array  # (m,)
    region: Ints  # (m,) by hrc_cell.core.contact


class Bodies(NamedTuple):
    """n bodies of one message."""

    id: Ints  # (n,)
    place_m: Array  # (n, 2) on the floor
    radius_m: Array  # (n,) around the place, holds all that was seen
    velocity_mps: Array  # (n, 2)
    position_std_m: Array  # (n,)
    unseen_s: Array  # (n,) before the sample of the message
    hidden: Flags  # (n,) not seen
    parts: Parts


class Sighting(NamedTuple):
    """The newest message of a body tracker."""

    source: BodySource
    age_s: float  # of its sample; NaN, negative or infinite: unknown
    heard_s: float  # since it came
    bodies: Bodies


class _Judged(NamedTuple):
    """A sighting, with what becomes of each body (n,)."""

    sighting: Sighting
    age_s: Array  # NaN where unknown
    sure: Flags  # fresh and whole
    person: Ints  # paired with, by place in the people; NOBODY
    replaced: Flags  # (p,) people whose envelope gives way


def sources_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return Rules.sources of a cell with body trackers of these names.

    >>> sources_of(["camera"])
    ('scanners', 'camera', 'scanners+camera')
    """
    return (SCANNERS, *names, *(_both(name) for name in names))


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def fuse(
    people: People,
    hidden: npt.ArrayLike,
    sightings: Sequence[Sighting],
    *,
    people_age_s: float,
    sources: Sequence[str],
    safety: SafetySettings,
) -> People:
    """Return everybody: those of the scanners (p,), one capsule each, and those of body trackers.

    `hidden` (p,) says who of the people is not seen. `people_age_s` is the age of the newest scan,
    `sources` is Rules.sources. Without a body the people come back as they are.
    """
    sightings = [one for one in sightings if one.bodies.id.size]
    if not sightings:
        return people
    settled = people.present & ~np.asarray(hidden, dtype=np.bool_) & _known(people)
    judged = [_judge(people, settled, one, safety) for one in sightings]
    replaced = np.logical_or.reduce([one.replaced for one in judged])
    since_s = people_age_s if 0.0 <= people_age_s < np.inf else 0.0
    groups = [People(*(field[~replaced] for field in people))]
    for one in judged:
        groups += _added(people, replaced, one, since_s, sources, safety)
    return together(*groups)


def whole(bodies: Bodies, source: BodySource, safety: SafetySettings) -> Flags:
    """Return which bodies (n,) may stand for a person, as far as their message tells."""
    parts, count = bodies.parts, len(bodies.id)

    def none(flag: Flags) -> Flags:
        lacking: Flags = np.bincount(parts.body[flag], minlength=count) == 0
        return lacking

    reach, nearest = _reach(bodies)
    numbers = (parts.start_m, parts.end_m, parts.velocity_mps)
    fine = np.logical_and.reduce([np.isfinite(value).all(axis=-1) for value in numbers])
    fine &= np.isfinite(parts.radius_m) & (parts.radius_m > 0.0)
    fine &= np.isfinite(parts.position_std_m) & (parts.position_std_m >= 0.0)
    found = ~bodies.hidden & none(~fine) & none(~(reach <= safety.person_height_m))
    found &= ~none(nearest <= source.match_m) & np.isfinite(bodies.place_m).all(axis=-1)
    for region, times in Counter(source.regions).items():
        seen = parts.body[parts.region == region_code(region)]
        found &= np.bincount(seen, minlength=count) >= times
    numbers_seen = Counter(bodies.id.tolist())
    once: Flags = np.array([numbers_seen[number] == 1 for number in bodies.id.tolist()])
    return found & once


def _judge(people: People, settled: Flags, sighting: Sighting, safety: SafetySettings) -> _Judged:
    source, bodies = sighting.source, sighting.bodies
    age_s = np.where(bodies.unseen_s >= 0.0, sighting.age_s + bodies.unseen_s, np.nan)
    age_s = np.where((sighting.age_s >= 0.0) & np.isfinite(age_s), age_s, np.nan)
    sure = whole(bodies, source, safety) & (age_s <= source.timeout_s)
    gap = people.start_m[:, None, :2] - bodies.place_m
    away = np.where(people.present[:, None], np.hypot(gap[..., 0], gap[..., 1]), np.inf)
    person = np.full(len(bodies.id), NOBODY)
    body = np.full(len(people.owner), NOBODY)
    for i, j in _nearest_first(people, bodies, away, source.match_m):
        if person[j] == body[i] == NOBODY:
            person[j], body[i] = i, j
    in_reach = ~(away > source.match_m + people.radius_m[:, None])  # unknown is in reach
    in_reach &= people.present[:, None]
    replaced = settled & (body != NOBODY) & sure[body]
    for _ in people.owner:  # each round that changes something takes somebody out
        unclear = (in_reach & ~replaced[:, None]).any(axis=0)
        replaced = replaced & ~unclear[body]
    return _Judged(sighting, age_s, sure, person, replaced)


def _nearest_first(
    people: People, bodies: Bodies, away: Array, match_m: float
) -> list[tuple[int, int]]:
    """Return all pairs within reach; the order in which people and bodies stand changes nothing."""
    pairs = [(int(i), int(j)) for i, j in np.argwhere(away <= match_m)]
    return sorted(pairs, key=lambda ij: (away[ij], people.owner[ij[0]], bodies.id[ij[1]]))


def _added(
    people: People,
    replaced: Flags,
    judged: _Judged,
    since_s: float,
    sources: Sequence[str],
    safety: SafetySettings,
) -> list[People]:
    """Return the capsules that a sighting adds: parts, and upright ones."""
    (source, _, heard_s, bodies), age_s = judged.sighting, judged.age_s
    alone = judged.person == NOBODY
    place, both = sources.index(source.name), sources.index(_both(source.name))
    owner = FURTHER + (place << _ID_BITS) + (bodies.id & ((1 << _ID_BITS) - 1))
    stands_for = ~alone & np.append(replaced, False)[judged.person]
    owner = np.where(stands_for, np.append(people.owner, 0)[judged.person], owner)
    unseen_s = np.maximum(age_s - since_s, 0.0)
    parts = Parts(
        *(v[(judged.sure & (alone | stands_for))[bodies.parts.body]] for v in bodies.parts)
    )
    found = body_parts(
        parts.start_m, parts.end_m, velocity_mps=parts.velocity_mps,
        position_std_m=parts.position_std_m, radius_m=parts.radius_m,
        unseen_s=unseen_s[parts.body], region=parts.region, owner=owner[parts.body],
        source=np.where(stands_for, both, place)[parts.body], safety=safety,
    )  # fmt: skip
    gone = (age_s > source.forget_s) | (heard_s > source.forget_s)
    left = alone & ~judged.sure & ~gone
    radius = np.where(bodies.radius_m > 0.0, bodies.radius_m, np.nan)
    reach, _ = _reach(bodies)
    np.fmax.at(
        radius, bodies.parts.body, np.where(np.isnan(radius[bodies.parts.body]), np.nan, reach)
    )
    standing = upright(
        bodies.place_m[left], velocity_mps=bodies.velocity_mps[left],
        speed_mps=np.hypot(*bodies.velocity_mps[left].T),
        position_std_m=bodies.position_std_m[left], radius_m=radius[left],
        unseen_s=unseen_s[left], owner=owner[left], source=place, safety=safety,
    )  # fmt: skip
    return [found, standing]


def _reach(bodies: Bodies) -> tuple[Array, Array]:
    """Return how far each part (m,) reaches from its body's place, and how near it comes, in plan.

    Both are those of its ends, NaN where unknown.
    """
    place = bodies.place_m[bodies.parts.body]
    ends = np.stack([bodies.parts.start_m[:, :2], bodies.parts.end_m[:, :2]]) - place
    away = np.hypot(ends[..., 0], ends[..., 1])
    radius = bodies.parts.radius_m
    return away.max(axis=0) + radius, away.min(axis=0) - radius


def _known(people: People) -> Flags:
    place = people.start_m.sum(axis=-1)
    known: Flags = np.isfinite(place + people.radius_m + people.speed_mps + people.position_std_m)
    return known


def _both(name: str) -> str:
    return f"{SCANNERS}+{name}"
