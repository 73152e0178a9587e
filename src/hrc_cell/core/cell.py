"""One tick of judgement: what was observed goes in, what is allowed comes out.

Same rules, memory and observation, same verdict, for ever: live, in simulation and in replay. Time
is the observation's, in seconds of the monotonic clock. Whatever is missing, late, of the future or
not finite is a fault or counts as the worst case (`hrc_cell.core.faults`).

What the separation allows is asked of `hrc_cell.core.room`, what the zones allow of
`hrc_cell.core.zones`, what mode and operator allow of `hrc_cell.core.interlock`; the lowest ratio
counts. It falls at once and rises slowly.

Everything is an array with the same leading axes (...), one for each cell: () for the live one,
thousands for the simulated ones that try to find a hole in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from itertools import repeat
from operator import or_

import numpy as np
import numpy.typing as npt

from hrc_cell.core import muting, zones
from hrc_cell.core.faults import Faults, blind_spots, faults, oldest_sample_s
from hrc_cell.core.flags import anywhere
from hrc_cell.core.geometry import segment_polygon_distance
from hrc_cell.core.interlock import Interlock, InterlockMemory, Mode, interlock
from hrc_cell.core.muting import MutingMemory
from hrc_cell.core.observed import Observation, nobody
from hrc_cell.core.people import People, uncertainty_m
from hrc_cell.core.room import Room, look
from hrc_cell.core.rules import Rules
from hrc_cell.core.safety import (
    CATEGORY_CODE,
    CLEARS,
    CLEARS_CODE,
    CODE,
    NEXT_CODE,
    Clears,
    Event,
    State,
)
from hrc_cell.core.zone_sets import Context
from hrc_cell.core.zones import Answer, Bodies, Watch, who_is_hidden

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Like = npt.ArrayLike
NO_CATEGORY = -1
JUST_ON = -1
"""Cause of a cell that was switched on and not judged yet."""
_ITSELF, _RESET = CLEARS.index(Clears.ITSELF), CLEARS.index(Clears.RESET)
_LATCHED, _READY, _STANDSTILL, _REDUCED, _ = map(int, State)
"""Plain numbers: an array is compared with a member of an enumeration ten times slower."""
_CLEAR, _NEAR, _INTRUSION = CODE[Event.CLEAR], CODE[Event.NEAR], CODE[Event.INTRUSION]
_FAULT, _RESET_PRESSED = CODE[Event.FAULT], CODE[Event.RESET]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """All that one tick remembers for the next (...). Starts latched."""

    state: Like = State.LATCHED
    cause: Like = JUST_ON  # of the last stop
    category: Like = 2
    ratio: Like = 0.0
    now_s: Like = math.nan  # NaN: before the first tick
    room_since_s: Like = math.nan  # while at standstill: since when there is room again
    people_seq: Like = 0
    watch: Watch | None = None  # of the zones; None: no scan yet
    mutings: tuple[MutingMemory, ...] = ()
    box: InterlockMemory = InterlockMemory()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What the arms may do until the next tick, and why. All (...)."""

    state: Ints  # a State
    event: Ints  # its number in hrc_cell.core.safety
    cause: Ints  # place in Rules.causes
    speed_ratio: Array
    stop_category: Ints  # NO_CATEGORY where there is no stop
    gripper_permitted: Flags
    reset_possible: Flags
    oldest_sample_age_s: Array
    mode: Mode
    limit_mps: Array  # strictest on any point of the arm, by zone or mode; inf: none
    zone: Ints  # place in the zones, -1: none
    zone_set: Ints  # place in their sets
    muted: tuple[str, ...]
    room: Room


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def judge(rules: Rules, memory: Memory, seen: Observation) -> tuple[Memory, Verdict]:
    """Return the memories for the next tick and the verdicts of this one."""
    people = seen.people or nobody(rules.safety, np.shape(seen.now_s))
    blind = blind_spots(rules, seen)
    room = look(rules, memory.ratio, seen, people)
    box_memory, box = _box(rules, memory, seen, people, room)
    watch, answer, mutings = _zones(rules, memory, seen, people, room, blind)
    oldest_s = oldest_sample_s(rules, seen)
    wrong = list(faults(rules, memory.now_s, seen, blind, oldest_s))
    ratio, limit, room_since_s = _ratio(rules, memory, seen, room, answer, box)

    event, cause = _urgent(rules, memory, seen, wrong, answer, box, ratio, limit)
    state = NEXT_CODE[np.asarray(memory.state), event]
    clears, asked = CLEARS_CODE[event], CATEGORY_CODE[event]
    lasting = (clears != _ITSELF) & ((state == _READY) | (clears == _RESET))
    names = lasting | (state > _READY) | (event == _RESET_PRESSED)
    before = np.where(np.equal(memory.cause, JUST_ON), rules.code("not_reset"), memory.cause)
    cause = np.where(names, cause, before)  # a stop stays named until a person has cleared it
    named = (lasting | (state > _READY)) & (asked != NO_CATEGORY)
    category = np.where(named, asked, memory.category)
    permitted = np.where(state >= _REDUCED, ratio, 0.0)
    verdict = Verdict(
        state=state,
        event=event,
        cause=cause,
        speed_ratio=permitted,
        stop_category=np.where(permitted == 0.0, category, NO_CATEGORY),
        gripper_permitted=state >= _STANDSTILL,
        reset_possible=(state == _LATCHED) & (clears != _RESET),
        oldest_sample_age_s=oldest_s,
        mode=box.mode,
        limit_mps=np.minimum(answer.limit_mps, box.speed_limit_mps),
        zone=answer.zone_index,
        zone_set=answer.set_index,
        muted=muting.muted_zones(rules.zones.muting, mutings),
        room=room,
    )
    return Memory(
        state=state,
        cause=cause,
        category=category,
        ratio=permitted,
        now_s=np.asarray(seen.now_s),
        room_since_s=np.where(state == _STANDSTILL, room_since_s, np.nan),
        people_seq=np.asarray(seen.people_seq),
        watch=watch,
        mutings=mutings,
        box=box_memory,
    ), verdict


def _box(
    rules: Rules, memory: Memory, seen: Observation, people: People, room: Room
) -> tuple[InterlockMemory, Interlock]:
    """Return what mode and operator allow. Of many cells the box must be known already."""
    if seen.box is not None:
        return memory.box, seen.box
    matters = Mode.AUTOMATIC in (memory.box.mode, *(reading.mode for reading in seen.readings))
    return interlock(
        rules.safety, memory.box, now_s=float(np.asarray(seen.now_s)), readings=seen.readings,
        age_s=seen.inputs_age_s, point_speed_mps=float(room.measured_mps),
        person_inside=matters and _anybody_inside(rules, people),
    )  # fmt: skip


def _anybody_inside(rules: Rules, people: People) -> bool:
    """Return whether somebody may be within the cell's outline; unknown is inside."""
    away = segment_polygon_distance(
        people.start_m[..., :2], people.end_m[..., :2], rules.zones.outline_m
    )
    reach = people.radius_m + uncertainty_m(people, rules.safety)
    inside = ~(away > reach) & people.present
    return bool(inside.any())


def _zones(
    rules: Rules, memory: Memory, seen: Observation, people: People, room: Room, blind: Faults
) -> tuple[Watch, Answer, tuple[MutingMemory, ...]]:
    """Return what the zones allow. While people may go unseen all of them are occupied."""
    settings, safety = rules.zones, rules.safety
    mutings = memory.mutings or (MutingMemory(),) * len(settings.muting)
    if settings.muting:
        now_s = float(np.max(seen.now_s))
        mutings = tuple(
            map(muting.after_tick, settings.muting, mutings, repeat(seen.signals), repeat(now_s))
        )
    watch, answer = zones.after_tick(
        settings, memory.watch or Watch.fresh(settings),
        Bodies(
            people.start_m, people.end_m, people.radius_m + uncertainty_m(people, safety),
            people.speed_mps, people.present,
        ),
        Context(seen.step, seen.tool),
        scanned=np.not_equal(seen.people_seq, memory.people_seq),
        blind=reduce(or_, (flag for _, flag in blind)),
        hidden=who_is_hidden(settings, mutings, people.source, rules.sources),
        human_speed_mps=safety.human_speed_mps, people_age_s=seen.people_age_s,
        fastest_mps=room.point_speed_mps,
    )  # fmt: skip
    return watch, answer, mutings


def _urgent(
    rules: Rules,
    memory: Memory,
    seen: Observation,
    wrong: Faults,
    answer: Answer,
    box: Interlock,
    ratio: Array,
    limit: Ints,
) -> tuple[Ints, Ints]:
    """Return the most urgent event (...) and its cause."""
    event = np.where(ratio == 1.0, _CLEAR, _NEAR)
    event = np.where(ratio > 0.0, event, _INTRUSION)
    cause = limit
    ready, latched = np.equal(memory.state, _READY), np.equal(memory.state, _LATCHED)
    starting = np.where(limit == 0, rules.code("resume_wait"), limit)
    manual = answer.needs_reset & box.ssm_applies
    found: list[tuple[int, int | Ints, Like]] = [
        *((CODE[what], rules.code(name), True) for what, name in reversed(box.findings)),
        *((_FAULT, rules.code(name), flag) for name, flag in reversed(wrong)),
        (CODE[Event.INTRUSION_MANUAL], rules.zone_causes[answer.zone_index], manual),
        (CODE[Event.STOP_REQUEST], rules.code("stop_request"), seen.stop_requested),
        (_RESET_PRESSED, rules.code("not_started"), latched & box.reset),
        (CODE[Event.START], starting, ready & box.start),
    ]
    holds = (one for one in found if anywhere(one[2]))
    for what, why, flag in sorted(holds, key=lambda item: -item[0]):
        event = np.where(flag, what, event)
        cause = np.where(flag, why, cause)
    return event, cause


def _ratio(
    rules: Rules, memory: Memory, seen: Observation, room: Room, answer: Answer, box: Interlock
) -> tuple[Array, Ints, Array]:
    """Return the permitted ratio, what limits it, and since when there is room again [s]."""
    safety = rules.safety
    now_s = np.asarray(seen.now_s, dtype=np.float64)
    by_room = np.where(room.touching, rules.code("contact"), rules.code("separation"))
    wanted, limit = np.ones(room.ratio.shape), np.zeros(room.ratio.shape, dtype=np.int64)
    limits: list[tuple[Array, Like]] = []
    if box.speed_limit_mps != math.inf:
        by_mode = box.speed_limit_mps / np.maximum(room.point_speed_mps, 1e-9)
        limits.append((by_mode, rules.code("manual_speed")))
    if box.ssm_applies:
        limits += [(answer.ratio, rules.zone_causes[answer.zone_index]), (room.ratio, by_room)]
    for ratio, why in limits:
        limit = np.where(ratio < wanted, why, limit)
        wanted = np.minimum(ratio, wanted)
    wanted = np.where(wanted < safety.ratio_min, 0.0, wanted)
    waits = (wanted > 0.0) & np.greater_equal(memory.state, _STANDSTILL)
    at_rest = waits & np.equal(memory.ratio, 0.0)
    since_s = np.where(np.isnan(memory.room_since_s), now_s, memory.room_since_s)
    waiting = at_rest & (now_s - since_s < safety.resume_after_s)
    since_last_s = np.where(np.isnan(memory.now_s), 0.0, now_s - np.asarray(memory.now_s))
    rise = safety.ratio_rise_per_s * np.minimum(since_last_s, safety.lease_s)
    highest = np.maximum(memory.ratio, safety.ratio_min) + rise
    rising = waits & ~waiting & (highest < wanted)
    ratio = np.where(waiting, 0.0, np.where(rising, highest, wanted))
    limit = np.where(
        waiting, rules.code("resume_wait"), np.where(rising, rules.code("resuming"), limit)
    )
    return ratio, limit, np.where(waiting, since_s, np.nan)
