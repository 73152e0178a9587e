"""Which zones of the cell are occupied, and what they allow.

A zone is free or occupied. A free one becomes occupied after `trigger_scans` scans in a row with
somebody touching it; an occupied one becomes free after `release_scans` in a row with nobody nearer
than `margin_m`. Before the first scan, and while people may go unseen, every zone counts as
occupied. Who touches a zone is asked of `hrc_cell.core.areas`; unknown touches everything.

What a zone asks for, as a ratio of the planned speed:

    stop      occupied: 0
    slow      occupied: speed_ratio
    limit     occupied: limit_mps over the greatest planned speed of any point of the arm
    approach  occupied: speed_ratio; free: t / time_to_reach_s, not less than speed_ratio, for the
              shortest time t in which a person outside may be in it

    t = gap / max(v_h, v) - age

with v_h assumed and v measured, and the age of the people's newest sample: the way that the person
may have come since is counted. So it falls as people come nearer or move faster, down to what holds
inside. The most restrictive zone counts (`hrc_cell.core.zone_sets` says which count at all).

A muted zone does not see the people whom its muting hides. It is watched with everybody as well,
and by that it goes as soon as the muting ends (`hrc_cell.core.muting` says when it does).

One tick of a judgement:

    mutings = tuple(map(muting.after_tick, settings.muting, mutings, repeat(signals), repeat(now)))
    hidden = who_is_hidden(settings, mutings, source, sources)
    watch, answer = after_tick(
        settings, watch, bodies, context, scanned=seq != seq_before, blind=any_blind_spot,
        hidden=hidden, human_speed_mps=v_h, people_age_s=age, fastest_mps=fastest_ahead,
    )

Nothing here hides an area: what stands in the cell for good is kept out by the learned background.

Metres, seconds, cell frame. Pure: the memory goes in and comes out. Everything takes leading batch
axes, one for each cell that is judged; a memory of one cell holds plain numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core import muting, zone_sets
from hrc_cell.core.areas import gap_m
from hrc_cell.core.zone_sets import Context, Held
from hrc_cell.settings.zones import Zone, ZoneSettings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]
Bools = npt.NDArray[np.bool_]
Like = npt.ArrayLike
Flags = bool | np.bool_ | Bools
Counts = int | np.int_ | Ints


class Bodies(NamedTuple):
    """People as capsules, one or several each."""

    start_m: Array  # (..., p, 3)
    end_m: Array  # (..., p, 3)
    reach_m: Array  # (..., p) radius, and all that the place is uncertain by
    speed_mps: Array  # (..., p) measured
    present: Bools  # (..., p) false where there is nobody, whatever stands there


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneMemory:
    """One zone between two scans; of many cells (...) at once, or of one."""

    occupied: Flags = True
    scans: Counts = 0  # in a row that speak for the other state


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """All zones between two ticks."""

    everybody: tuple[ZoneMemory, ...]
    counted: tuple[ZoneMemory, ...]  # without whom the mutings hide
    held: tuple[Held, ...] = ()

    @classmethod
    def fresh(cls, settings: ZoneSettings) -> Watch:
        """Return what is known before the first scan: every zone may be occupied."""
        unknown = (ZoneMemory(),) * len(settings.zones)
        return cls(everybody=unknown, counted=unknown)


class Answer(NamedTuple):
    """What the zones allow."""

    ratio: Array  # (...) permitted by all that count
    zone_index: Ints  # (...) the zone that binds, by its place in the settings; -1 where none does
    needs_reset: Bools  # (...) true where that one stops the arm until a person resets it
    set_index: Ints  # (...) the set that counts, by its place in the settings
    limit_mps: Array  # (...) strictest limit on the speed of any point of the arm, inf: none
    ratio_of: Array  # (..., z) of all zones, those that do not count as well
    limit_of_mps: Array  # (..., z)


def after_scan(
    zone: Zone, memory: ZoneMemory, gap_m: Like, present: npt.ArrayLike = True
) -> ZoneMemory:
    """Return the zone's memory after one scan that shows people with gaps (..., p) to it.

    Where `present` (..., p) is false there is nobody, whatever stands there.
    """
    inside, near = (
        (~(np.asarray(gap_m) > limit_m) & np.asarray(present)).any(axis=-1)  # so that NaN touches
        for limit_m in (0.0, zone.margin_m)
    )
    occupied = np.asarray(memory.occupied)
    against = np.where(occupied, ~near, inside)
    scans = np.where(against, memory.scans + 1, 0)
    turned = scans >= np.where(occupied, zone.release_scans, zone.trigger_scans)
    return ZoneMemory(  # [()]: of one cell a number, not an array
        occupied=(occupied ^ turned)[()], scans=np.where(turned, 0, scans)[()]
    )


def who_is_hidden(
    settings: ZoneSettings,
    mutings: Sequence[muting.MutingMemory],
    source: npt.ArrayLike,
    sources: Sequence[str],
) -> dict[int, Bools]:
    """Return whom (..., p) each muted zone does not see, by the zone's place in the settings.

    `source` (..., p) says by which of `sources` each capsule was seen; another number is by none of
    them, and is hidden by nothing. Somebody seen by two, "a+b", is hidden where both are muted.
    """
    muted = muting.muted_zones(settings.muting, mutings)
    if not muted:
        return {}
    by = np.asarray(source)
    return {
        index: np.isin(
            by,
            [
                code
                for code, name in enumerate(sources)
                if all(
                    muting.hides(settings.muting, mutings, zone.name, one)
                    for one in name.split("+")
                )
            ],
        )
        for index, zone in enumerate(settings.zones)
        if zone.name in muted
    }


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def after_tick(
    settings: ZoneSettings,
    watch: Watch,
    bodies: Bodies,
    context: Context,
    *,
    scanned: npt.ArrayLike,
    blind: npt.ArrayLike,
    hidden: dict[int, Bools],
    human_speed_mps: float,
    people_age_s: Like,
    fastest_mps: Like,
) -> tuple[Watch, Answer]:
    """Return the memory for the next tick and what the zones allow at this one.

    `scanned` (...): the bodies are those of a new scan. `blind` (...): people may be in the cell
    and not be among them. `people_age_s` (...): of the newest sample behind them. `fastest_mps`
    (...): greatest speed of any point of the arm at ratio 1. An age or speed that is negative or
    not finite is the worst.
    """
    unseen, fresh = np.asarray(blind), np.asarray(scanned)
    shape = np.broadcast_shapes(
        unseen.shape, fresh.shape, np.shape(fastest_mps), np.shape(people_age_s),
        bodies.present.shape[:-1],
    )  # fmt: skip
    ratio_of = np.ones((*shape, len(settings.zones)))
    limit_of_mps = np.full(ratio_of.shape, np.inf)
    any_fresh = bool(fresh.any())
    changes = any_fresh or bool(unseen.any())
    everybody, counted = [], []
    for index, zone in enumerate(settings.zones):
        seen = bodies.present
        if zone.kind == "approach" or any_fresh:
            gap = gap_m(zone, bodies.start_m, bodies.end_m, bodies.reach_m)
        else:
            gap = np.zeros(())  # nobody asks
        whole = part = watch.everybody[index]
        if changes:
            whole = part = _after(zone, whole, gap, seen, fresh, unseen)
        if index in hidden:
            seen = seen & ~hidden[index]
            part = watch.counted[index]
            if changes:
                part = _after(zone, part, gap, seen, fresh, unseen)
        if zone.kind == "approach":
            soonest_s = _soonest_s(gap, seen, bodies.speed_mps, human_speed_mps, people_age_s)
            ratio_of[..., index] = _approached(zone, part.occupied, soonest_s)
        else:
            ratio_of[..., index] = _ratio(zone, part.occupied, fastest_mps)
        if zone.kind == "limit":
            limit_of_mps[..., index] = np.where(part.occupied, zone.limit_mps, np.inf)
        everybody.append(whole)
        counted.append(part)
    held = zone_sets.after_tick(settings, watch.held, context, fresh & ~unseen)
    found = zone_sets.answer(settings, held, ratio_of, limit_of_mps)
    manual = np.array([*(zone.restart == "manual" for zone in settings.zones), False])
    return Watch(everybody=tuple(everybody), counted=tuple(counted), held=held), Answer(
        ratio=found.ratio,
        zone_index=found.zone_index,
        needs_reset=manual[found.zone_index] & (found.ratio == 0.0),
        set_index=found.set_index,
        limit_mps=found.limit_mps,
        ratio_of=ratio_of,
        limit_of_mps=limit_of_mps,
    )


def _after(
    zone: Zone, memory: ZoneMemory, gap: Array, present: Bools, fresh: Bools, blind: Bools
) -> ZoneMemory:
    """Return the zone's memory after a tick: counted where there was a scan, lost where blind."""
    scan = after_scan(zone, memory, gap, present) if fresh.any() else memory
    occupied = np.where(fresh, scan.occupied, memory.occupied) | blind
    scans = np.where(blind, 0, np.where(fresh, scan.scans, memory.scans))
    return ZoneMemory(occupied=occupied[()], scans=scans[()])


def _soonest_s(gap: Array, present: Bools, speed_mps: Like, least_mps: float, age_s: Like) -> Array:
    """Return (...) the shortest time in which anybody may be in the zone; inf for nobody."""
    speed, age = (
        np.where(np.isfinite(value) & (value >= 0.0), value, np.inf)
        for value in (np.asarray(speed_mps), np.asarray(age_s))
    )
    time = gap / np.maximum(speed, least_mps)
    time = np.where(np.isnan(time), -np.inf, time)  # anywhere, at any speed
    soonest: Array = np.where(present, time, np.inf).min(axis=-1, initial=np.inf) - age
    return np.where(np.isnan(soonest), -np.inf, soonest)


def _approached(zone: Zone, occupied: Flags, soonest_s: Array) -> Array:
    """Return (...) the ratio that an approach zone asks for."""
    free = np.minimum(np.maximum(soonest_s / zone.time_to_reach_s, zone.speed_ratio), 1.0)
    return np.where(occupied, zone.speed_ratio, free)


def _ratio(zone: Zone, occupied: Flags, fastest_mps: Like) -> Array:
    """Return (...) the ratio that a zone of another kind asks for."""
    held = np.asarray(zone.speed_ratio)
    if zone.kind == "limit":
        fastest = np.asarray(fastest_mps, dtype=np.float64)
        known = np.isfinite(fastest) & (fastest >= 0.0)
        held = np.where(known, zone.limit_mps / np.maximum(fastest, zone.limit_mps), 0.0)
    return np.where(occupied, held, 1.0)
