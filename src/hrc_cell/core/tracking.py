"""From things of the size of legs to people: who is where, how fast, how surely.

Units: metres, seconds; frame: the cell; time: monotonic. A person is a point that walks with nearly
constant velocity (Kalman filter, the same uncertainty along both axes, acceleration as white noise
of density acceleration_std^2 * acceleration_held). What a scan shows of the person are one or two
legs or a body; their mean is the measurement, the surer the more legs are seen.

Conservative by construction: whatever is new in the room is a track from its first scan (confirmed
comes later and serves the eye), an unseen person stays where they would have walked, with growing
uncertainty, for forget_s, and the radius holds every point seen: it follows outward at once,
shrinks with radius_fall_mps at most, and only when less of the person is seen, not when nothing is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from hrc_cell.core.clusters import Cluster
from hrc_cell.core.evidence import Evidence, Sight, first_evidence, weigh
from hrc_cell.settings.sensing import TrackerSettings


class Track(NamedTuple):
    """One person, or what may be one."""

    id: int
    x_m: float
    y_m: float
    vx_mps: float
    vy_mps: float
    position_var_m2: float  # per axis
    covariance_m2ps: float  # between position and velocity along the same axis
    velocity_var_m2ps2: float  # per axis
    radius_m: float  # holds all that was seen of the person, lately
    seen_s: float
    evidence: Evidence  # of its being a person

    @property
    def confirmed(self) -> bool:
        """Return whether it is surely a person."""
        return self.evidence.confirmed

    @property
    def position_std_m(self) -> float:
        """Return the uncertainty of the position per axis."""
        return math.sqrt(self.position_var_m2)

    @property
    def velocity_std_mps(self) -> float:
        """Return the uncertainty of the velocity per axis."""
        return math.sqrt(self.velocity_var_m2ps2)


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Everybody known at one instant."""

    time_s: float = -math.inf
    tracks: tuple[Track, ...] = ()
    next_id: int = 1


def advance(settings: TrackerSettings, people: People, now_s: float) -> People:
    """Return the people as foreseen at `now_s`, without those unseen for longer than forget_s.

    Time never runs backward: a scan that comes late is taken as one of now.
    """
    step_s = now_s - people.time_s if people.tracks else 0.0
    now_s = max(now_s, people.time_s)
    if step_s <= 0.0:
        return replace(people, time_s=now_s)
    tracks = tuple(
        _foresee(settings, track, step_s)
        for track in people.tracks
        if now_s - track.seen_s <= settings.forget_s
    )
    return replace(people, time_s=now_s, tracks=tracks)


def observe(
    settings: TrackerSettings, people: People, seen: Sequence[Cluster], now_s: float
) -> People:
    """Return the people after the clusters `seen` in one scan of one scanner at `now_s`.

    Each cluster goes to the likeliest person whose legs it may be; the rest are grouped into new
    people.
    """
    people = advance(settings, people, now_s)
    now_s = people.time_s
    legs, loose = _assign(settings, people.tracks, seen)
    tracks = [
        _update(settings, track, own, now_s) for track, own in zip(people.tracks, legs, strict=True)
    ]
    next_id = people.next_id
    for group in _group(settings, loose):
        tracks.append(_begin(settings, next_id, group, now_s))
        next_id += 1
    return People(time_s=now_s, tracks=tuple(tracks), next_id=next_id)


def _foresee(settings: TrackerSettings, track: Track, step_s: float) -> Track:
    """Return the track after `step_s` of walking on."""
    density = settings.acceleration_std_mps2**2 * settings.acceleration_held_s
    return track._replace(
        x_m=track.x_m + track.vx_mps * step_s,
        y_m=track.y_m + track.vy_mps * step_s,
        position_var_m2=track.position_var_m2
        + 2.0 * step_s * track.covariance_m2ps
        + step_s**2 * track.velocity_var_m2ps2
        + density * step_s**3 / 3.0,
        covariance_m2ps=track.covariance_m2ps
        + step_s * track.velocity_var_m2ps2
        + density * step_s**2 / 2.0,
        velocity_var_m2ps2=track.velocity_var_m2ps2 + density * step_s,
    )


def _assign(
    settings: TrackerSettings, tracks: Sequence[Track], seen: Sequence[Cluster]
) -> tuple[list[list[Cluster]], list[Cluster]]:
    """Return the clusters of each track, and those that belong to nobody.

    The likeliest pair first (Gaussian: distance in sigmas, and a sure track before an unsure one).
    A cluster belongs to nobody who is farther than person_radius plus gate_sigmas; and the legs
    of one person lie within one person's width of the first, likeliest one.
    """
    pairs = []
    for index, track in enumerate(tracks):
        var = track.position_var_m2
        gate_m = min(settings.gate_sigmas * math.sqrt(var), settings.person_radius_m)
        reach_m = settings.person_radius_m + gate_m
        spread = var + settings.range_std_m**2 + settings.stride_std_m**2
        unsure = 2.0 * math.log(spread)
        for leg, cluster in enumerate(seen):
            off_m = math.hypot(cluster.x_m - track.x_m, cluster.y_m - track.y_m)
            if off_m <= reach_m:
                pairs.append((off_m**2 / spread + unsure, leg, index))
    owner: dict[int, int] = {}
    first: dict[int, Cluster] = {}
    for _, leg, index in sorted(pairs):
        if leg in owner:
            continue
        anchor = first.setdefault(index, seen[leg])
        if _apart_m(anchor, seen[leg]) <= 2.0 * settings.person_radius_m:
            owner[leg] = index
    legs: list[list[Cluster]] = [[] for _ in tracks]
    for leg in sorted(owner):
        legs[owner[leg]].append(seen[leg])
    return legs, [cluster for leg, cluster in enumerate(seen) if leg not in owner]


def _apart_m(one: Cluster, other: Cluster) -> float:
    return math.hypot(one.x_m - other.x_m, one.y_m - other.y_m)


def _group(settings: TrackerSettings, loose: list[Cluster]) -> list[list[Cluster]]:
    """Return the clusters `loose` grouped into people: nearest first, within one person's reach."""
    groups: list[list[Cluster]] = []
    while loose:
        one, *rest = loose
        near = min(rest, key=lambda other: _apart_m(one, other), default=one)
        together = near is not one and _apart_m(one, near) <= 1.5 * settings.person_radius_m
        groups.append([one, near] if together else [one])
        loose = [other for other in rest if not (together and other is near)]
    return groups


def _sight(settings: TrackerSettings, legs: list[Cluster]) -> tuple[Sight, float]:
    """Return what these clusters show of a person, and the variance per axis of its place."""
    count = len(legs)
    x_m, y_m = sum(leg.x_m for leg in legs) / count, sum(leg.y_m for leg in legs) / count
    like_legs = all(
        leg.width_m <= settings.leg_width_max_m and leg.beams >= settings.cluster_beams_min
        for leg in legs
    )
    stride_m = settings.stride_std_m if count == 1 else settings.stride_std_m / 2.0
    sight = Sight(
        x_m=x_m,
        y_m=y_m,
        reach_m=_reach(legs, x_m, y_m),
        legs=count if like_legs else 0,
        beams=sum(leg.beams for leg in legs),
    )
    return sight, settings.range_std_m**2 + stride_m**2


def _reach(legs: list[Cluster], x_m: float, y_m: float) -> float:
    """Return the distance from (x, y) to the farthest point seen of these clusters."""
    return max(math.hypot(leg.x_m - x_m, leg.y_m - y_m) + leg.reach_m for leg in legs)


def _begin(settings: TrackerSettings, id_: int, legs: list[Cluster], now_s: float) -> Track:
    """Return a new track: it may go anywhere, with a person's speed."""
    sight, var = _sight(settings, legs)
    return Track(
        id=id_,
        x_m=sight.x_m,
        y_m=sight.y_m,
        vx_mps=0.0,
        vy_mps=0.0,
        position_var_m2=var,
        covariance_m2ps=0.0,
        velocity_var_m2ps2=settings.speed_std_mps**2,
        radius_m=sight.reach_m,
        seen_s=now_s,
        evidence=first_evidence(sight, now_s),
    )


def _update(settings: TrackerSettings, track: Track, legs: list[Cluster], now_s: float) -> Track:
    """Return the track (already foreseen to `now_s`) corrected by its clusters, if it has any."""
    if not legs:
        return track
    sight, var = _sight(settings, legs)
    fallen_m = settings.radius_fall_mps * (now_s - track.seen_s)
    total = track.position_var_m2 + var
    gain, gain_v = track.position_var_m2 / total, track.covariance_m2ps / total
    dx, dy = sight.x_m - track.x_m, sight.y_m - track.y_m
    x_m, y_m = track.x_m + gain * dx, track.y_m + gain * dy
    return track._replace(
        x_m=x_m,
        y_m=y_m,
        vx_mps=track.vx_mps + gain_v * dx,
        vy_mps=track.vy_mps + gain_v * dy,
        position_var_m2=(1.0 - gain) * track.position_var_m2,
        covariance_m2ps=(1.0 - gain) * track.covariance_m2ps,
        velocity_var_m2ps2=track.velocity_var_m2ps2 - gain_v * track.covariance_m2ps,
        radius_m=max(settings.leg_radius_m, track.radius_m - fallen_m, _reach(legs, x_m, y_m)),
        seen_s=now_s,
        evidence=weigh(
            settings,
            track.evidence,
            sight,
            now_s,
            gap_s=now_s - track.seen_s,
            jumped=math.hypot(dx, dy) > settings.gate_sigmas * math.sqrt(total),
        ),
    )
