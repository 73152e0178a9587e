"""Which zones count now, and how fast the arm may then go.

Zone sets switch with the task step, the tool and the speed. For each speed the set that counts is
the first whose conditions hold. A set may be for slow motion alone (`speed_max_ratio`): it answers
for ratios up to that, the next one that matches for those above it. The ratio asked for is the
greatest that the zones of its own set allow, and at which those of every slower one allow theirs.
So the answer does not depend on how fast the arm happens to be, and cannot swing to and fro.

Where step or tool is unknown and a set asks for it, the last set alone counts, and that holds every
zone: to lose the context never frees anything.

When step or tool change, the sets that counted before go on counting until their zones have had
time to change, that is for as many scans as the slowest of their zones takes to become free. The
lower answer counts. So a switch never raises anything at once, and a step that flickers frees
nothing. All zones are watched all the time, those that do not count as well; one that comes to
count knows who is in it.

Array functions, leading batch axes first; the context is one for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.settings.zones import Zone, ZoneSet, ZoneSettings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int_]
Counts = int | np.int_ | Ints
Group = tuple[int, ...]  # the sets that count, slowest first, by their place in the settings


class Context(NamedTuple):
    """What the arm is at. Empty: unknown."""

    step: str = ""  # id of the task step
    tool: str = ""


class Held(NamedTuple):
    """A group that counts, and for how many scans (...) more if it is not in force any more."""

    group: Group
    scans: Counts


class Answer(NamedTuple):
    """How fast the zones let the arm go, and which of them binds."""

    ratio: Array  # (...)
    zone_index: Ints  # (...) the zone that binds, -1 where none slows the arm
    set_index: Ints  # (...) the set that counts at that ratio
    limit_mps: Array  # (...) strictest limit of that set on any point of the arm, inf: none


def matching(settings: ZoneSettings, context: Context) -> Group:
    """Return the sets that count in a context, slowest first; without sets one of all zones."""
    sets = settings.sets
    unknown = (not context.step and any(one.steps for one in sets)) or (
        not context.tool and any(one.tools for one in sets)
    )
    found: list[int] = []
    fastest_ratio = 0.0
    for index, one in enumerate(_sets(settings)):
        fits = (
            (not one.steps or context.step in one.steps)
            and (not one.tools or context.tool in one.tools)
            and (one.is_fallback or not unknown)
        )
        if fits and one.speed_max_ratio > fastest_ratio:
            found.append(index)
            fastest_ratio = one.speed_max_ratio
    return tuple(found)


def after_tick(
    settings: ZoneSettings, held: Sequence[Held], context: Context, scanned: npt.ArrayLike
) -> tuple[Held, ...]:
    """Return what counts after a tick, the group in force first.

    `scanned` (...) is true where a new scan was judged.
    """
    now = matching(settings, context)
    fresh = np.asarray(scanned, dtype=np.int_)
    counts: dict[Group, Counts] = {one.group: one.scans - fresh for one in held[1:]}
    counts.update((one.group, one.scans) for one in held[:1])
    counts.pop(now, None)
    old = (Held(group, scans) for group, scans in counts.items() if np.any(scans > 0))
    same = bool(held) and held[0].group == now
    return Held(now, held[0].scans if same else _scans(settings, now)), *old


def _scans(settings: ZoneSettings, group: Group) -> int:
    """Return how many scans the slowest zone of a group takes to change."""
    sets = _sets(settings)
    names = {name for index in group for name in sets[index].zones}
    return max(
        (max(z.release_scans, z.trigger_scans) for z in settings.zones if z.name in names),
        default=1,
    )


def answer(
    settings: ZoneSettings, held: Sequence[Held], ratio_of: Array, limit_of_mps: Array
) -> Answer:
    """Return what the groups that count allow, of ratios and limits (..., z) of all zones.

    The limits bear on `ratio_of` already; here they are only named.
    """
    found = _of_group(settings, held[0].group, ratio_of, limit_of_mps)
    for one in held[1:]:
        other = _of_group(settings, one.group, ratio_of, limit_of_mps)
        manual = np.array([*(zone.restart == "manual" for zone in settings.zones), False])
        same = (other.ratio == found.ratio) & manual[other.zone_index] & ~manual[found.zone_index]
        lower = (np.asarray(one.scans) > 0) & ((other.ratio < found.ratio) | same)
        found = Answer(*(np.where(lower, a, b) for a, b in zip(other, found, strict=True)))
    return found


def _of_group(settings: ZoneSettings, group: Group, ratio_of: Array, limits: Array) -> Answer:
    sets, shape = _sets(settings), ratio_of.shape[:-1]
    for place in group:
        one = sets[place]
        chosen = [i for i, zone in enumerate(settings.zones) if zone.name in one.zones]
        allowed, binding = strictest(settings.zones, ratio_of, chosen)
        strict = limits[..., chosen].min(axis=-1, initial=np.inf)
        own, stays = np.minimum(allowed, one.speed_max_ratio), allowed < one.speed_max_ratio
        if place == group[0]:
            ratio, limit_mps, set_index = own, strict, np.full(shape, place)
            zone_index = np.where(stays, binding, -1)
            through = ~stays  # all slower sets allow all that they answer for
            continue
        takes, stays = through & (allowed > ratio), through & stays
        ratio = np.where(takes, own, ratio)
        set_index = np.where(takes, place, set_index)
        limit_mps = np.where(takes, strict, limit_mps)
        zone_index = np.where(stays, binding, zone_index)
        through = through & ~stays
    return Answer(ratio, zone_index, set_index, limit_mps)


def strictest(zones: Sequence[Zone], ratio_of: Array, chosen: Sequence[int]) -> tuple[Array, Ints]:
    """Return (...) the lowest ratio of some of the zones and which it is; 1.0 and -1: none slows.

    Where two ask for the same, one that a person must reset comes before one that clears by itself,
    then the earlier one.
    """
    if not chosen:
        return np.ones(ratio_of.shape[:-1]), np.full(ratio_of.shape[:-1], -1)
    order = _order(tuple(zones[i].restart == "manual" for i in chosen), tuple(chosen))
    ratios = ratio_of.take(order, axis=-1)
    lowest = ratios.min(axis=-1, initial=1.0)
    return lowest, np.where(lowest >= 1.0, -1, order[ratios.argmin(axis=-1)])


@lru_cache(maxsize=64)
def _order(manual: tuple[bool, ...], chosen: tuple[int, ...]) -> Ints:
    """Return the zones chosen, those first that a person must reset."""
    return np.array(
        [
            i
            for wanted in (True, False)
            for i, is_so in zip(chosen, manual, strict=True)
            if is_so is wanted
        ]
    )


def _sets(settings: ZoneSettings) -> tuple[ZoneSet, ...]:
    """Return the sets; without any, one of all zones."""
    if settings.sets:
        return settings.sets
    return (_of_all(tuple(zone.name for zone in settings.zones)),)


@lru_cache(maxsize=8)
def _of_all(names: tuple[str, ...]) -> ZoneSet:
    return ZoneSet(name="all", zones=names)
