"""One tick of judgement: what was observed goes in, what is allowed comes out.

Same rules, memory and observation, same verdict, for ever: live, in simulation and in replay. Time
is the observation's, in seconds of the monotonic clock; ages are in seconds at that time. Whatever
is missing, late, of the future or not finite is a fault or counts as the worst case.

What the separation allows is asked of `hrc_cell.core.clearance`, what the zones allow of
`hrc_cell.core.zones`; the lowest ratio counts. It falls at once and rises slowly.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from hrc_cell.core import zones
from hrc_cell.core.clearance import People, clearance, uncertainty_m, upright
from hrc_cell.core.kinematics import Chain
from hrc_cell.core.safety import RULES, Clears, Event, State, most_urgent, step
from hrc_cell.core.separation import Terms
from hrc_cell.core.zones import ZoneMemory
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings, Zone

NEVER = math.inf  # the age of what was never heard


class Mode(IntEnum):
    """The key switch; the values are those of OperatorInputs."""

    UNKNOWN = 0
    MANUAL = 1
    COLLABORATIVE = 2
    AUTOMATIC = 3


class Eye(IntEnum):
    """State of a scanner; the values are those of ScannerStatus."""

    LEARNING = 0
    OK = 1
    SILENT = 2
    BLIND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the judgement goes by: the cell's settings and the arm."""

    safety: SafetySettings
    motion: MotionSettings
    zones: tuple[Zone, ...]
    scanners: tuple[tuple[str, float], ...]  # name, timeout [s]
    nodes: tuple[str, ...]  # whose silence stops the arm
    chain: Chain

    @classmethod
    def of(cls, cell: Cell, chain: Chain, nodes: tuple[str, ...]) -> Rules:
        """Return the rules of a cell."""
        return cls(
            safety=cell.file.safety,
            motion=cell.file.motion,
            zones=cell.zones.zones,
            scanners=tuple((s.name, s.timeout_s) for s in cell.file.scanners),
            nodes=nodes,
            chain=chain,
        )


class Person(NamedTuple):
    """One tracked person, cell frame."""

    id: int
    x_m: float
    y_m: float
    speed_mps: float
    position_std_m: float
    radius_m: float
    unseen_s: float  # from the last beam on this person to the newest scan


class Sight(NamedTuple):
    """What the tracker says of one scanner."""

    eye: Eye
    age_s: float  # of its newest scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the cell knows at one instant. The defaults are: nothing, never heard."""

    now_s: float
    people: tuple[Person, ...] = ()
    people_age_s: float = NEVER  # of the newest scan behind `people`
    people_seq: int = 0  # another number for each new list of people
    scanners: dict[str, Sight] = field(default_factory=dict)
    position_rad: tuple[float, ...] = ()  # joints of the arm, base first
    velocity_radps: tuple[float, ...] = ()
    joints_age_s: float = NEVER
    nominal_radps: tuple[float, ...] | None = None  # joint velocities at ratio 1, None if unknown
    nodes: dict[str, float] = field(default_factory=dict)  # age of the last heartbeat [s]
    inputs_age_s: float = NEVER
    mode: int = Mode.UNKNOWN
    reset: bool = False  # button held
    start: bool = False
    emergency_stop_input: bool = False
    stop_requested: bool = False  # since the last tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All that one tick remembers for the next. Starts latched, with both buttons held."""

    state: State = State.LATCHED
    cause: str = "not_reset"  # of the last stop
    category: int = 2
    ratio: float = 0.0
    now_s: float | None = None
    room_since_s: float | None = None  # while at standstill: since when there is room again
    people_seq: int = 0
    zones: tuple[ZoneMemory, ...] = ()
    reset_held: bool = True  # so that a button stuck at start-up is not a press
    start_held: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the arm may do until the next tick, and why."""

    state: State
    event: Event
    cause: str
    speed_ratio: float
    stop_category: int | None
    gripper_permitted: bool
    reset_possible: bool
    oldest_sample_age_s: float
    zone: str
    human_id: int
    link: str
    distance_m: float
    terms: Terms


class Room(NamedTuple):
    """What the separation allows, and the pair that binds."""

    ratio: float
    human_id: int
    link: str
    distance_m: float
    terms: Terms


NOBODY = Room(1.0, 0, "", math.inf, Terms(*(np.zeros(()),) * 7))
UNKNOWN = Room(0.0, 0, "", 0.0, Terms(*(np.full((), np.inf),) * 7))


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def judge(rules: Rules, memory: Memory, seen: Observation) -> tuple[Memory, Verdict]:
    """Return the memory for the next tick and the verdict of this one."""
    faults = list(_faults(rules, memory, seen))
    zone_memories = _zones(rules, memory, seen)
    binding = int(zones.most_restrictive(rules.zones, zone_memories))
    zone = rules.zones[binding] if binding >= 0 else None
    room = _room(rules, memory, seen)
    ratio, limit, room_since_s = _ratio(rules, memory, seen, room, zone)

    causes = dict(_findings(memory, seen, faults, zone, ratio, limit))
    event = most_urgent(causes)
    state = step(memory.state, event)
    rule = RULES[event]
    cause, category = causes[event], memory.category
    if rule.clears is not Clears.ITSELF or state > State.READY:
        category = memory.category if rule.category is None else rule.category
    elif event is not Event.RESET:
        cause = memory.cause  # stays named until a person has cleared it
    permitted = ratio if state >= State.REDUCED else 0.0
    verdict = Verdict(
        state=state,
        event=event,
        cause=cause,
        speed_ratio=permitted,
        stop_category=category if permitted == 0.0 else None,
        gripper_permitted=state >= State.STANDSTILL,
        reset_possible=state is State.LATCHED and rule.clears is Clears.ITSELF,
        oldest_sample_age_s=_oldest_s(rules, seen),
        zone=zone.name if zone else "",
        human_id=room.human_id,
        link=room.link,
        distance_m=room.distance_m,
        terms=room.terms,
    )
    heard = _in_time(seen.inputs_age_s, rules.safety.inputs_timeout_s)
    kept = state is State.LATCHED and rule.clears is Clears.START  # of no weight while latched
    return Memory(
        state=state,
        cause=memory.cause if kept else cause,
        category=memory.category if kept else category,
        ratio=permitted,
        now_s=seen.now_s,
        room_since_s=room_since_s if state is State.STANDSTILL else None,
        people_seq=seen.people_seq,
        zones=zone_memories,
        reset_held=seen.reset or not heard,
        start_held=seen.start or not heard,
    ), verdict


def _findings(
    memory: Memory,
    seen: Observation,
    faults: list[str],
    zone: Zone | None,
    ratio: float,
    limit: str,
) -> Iterator[tuple[Event, str]]:
    """Yield every event that holds, with its cause."""
    yield (Event.CLEAR if ratio == 1.0 else Event.NEAR if ratio > 0.0 else Event.INTRUSION), limit
    if faults:
        yield Event.FAULT, faults[0]
    if seen.emergency_stop_input:
        yield Event.EMERGENCY_STOP_INPUT, "emergency_stop_input"
    if zone is not None and zones.needs_reset(zone):
        yield Event.INTRUSION_MANUAL, f"zone:{zone.name}"
    if seen.mode != Mode.COLLABORATIVE:
        yield Event.WRONG_MODE, "mode"
    if seen.stop_requested:
        yield Event.STOP_REQUEST, "stop_request"
    if memory.state is State.LATCHED and seen.reset and not memory.reset_held:
        yield Event.RESET, "not_started"
    if memory.state is State.READY and seen.start and not memory.start_held:
        yield Event.START, limit or "resume_wait"


def _faults(rules: Rules, memory: Memory, seen: Observation) -> Iterator[str]:
    """Yield the cause of every fault, the most telling first."""
    if not math.isfinite(seen.now_s) or (
        memory.now_s is not None and not seen.now_s > memory.now_s
    ):
        yield "clock"
    yield from _blind_spots(rules, seen)
    if not _in_time(seen.joints_age_s, rules.safety.joints_timeout_s):
        yield "joints_stale"
    elif not _joints_known(rules, seen):
        yield "joints_unknown"
    if not _in_time(seen.inputs_age_s, rules.safety.inputs_timeout_s):
        yield "inputs_silent"
    for name in rules.nodes:
        if not _in_time(seen.nodes.get(name, NEVER), rules.safety.node_timeout_s):
            yield f"node_silent:{name}"
    if not _oldest_s(rules, seen) <= rules.safety.reaction_time_s:
        yield "sample_too_old"


def _blind_spots(rules: Rules, seen: Observation) -> Iterator[str]:
    """Yield why people may stand in the cell and not be in the list."""
    if seen.people_age_s == NEVER:
        yield "tracker_silent"
        return
    for name, timeout_s in rules.scanners:
        sight = seen.scanners.get(name)
        if sight is None:
            yield f"scanner_missing:{name}"
        elif sight.eye is not Eye.OK:
            yield f"scanner_{sight.eye.name.lower()}:{name}"
        elif not _in_time(seen.people_age_s, timeout_s):
            yield "tracker_silent"
        elif not _in_time(sight.age_s, timeout_s):
            yield f"scanner_silent:{name}"


def _in_time(age_s: float, limit_s: float) -> bool:
    """Return whether an age is known, not of the future, and within its limit."""
    return 0.0 <= age_s <= limit_s


def _oldest_s(rules: Rules, seen: Observation) -> float:
    """Return the age [s] of the oldest sample judged on; inf if one is missing or unknown."""
    ages = [seen.joints_age_s, seen.people_age_s]
    ages += [seen.scanners[n].age_s if n in seen.scanners else NEVER for n, _ in rules.scanners]
    return max(ages) if all(_in_time(age, NEVER) for age in ages) else NEVER


def _joints_known(rules: Rules, seen: Observation) -> bool:
    numbers = (*seen.position_rad, *seen.velocity_radps)
    count = len(rules.chain.joints)
    return len(seen.position_rad) == len(seen.velocity_radps) == count and all(
        map(math.isfinite, numbers)
    )


def _zones(rules: Rules, memory: Memory, seen: Observation) -> tuple[ZoneMemory, ...]:
    """Return the zones after this tick. While people may go unseen all zones are occupied."""
    before = memory.zones or (ZoneMemory(),) * len(rules.zones)
    if any(_blind_spots(rules, seen)):
        return (ZoneMemory(),) * len(rules.zones)
    if seen.people_seq == memory.people_seq:
        return before
    people = _people(rules, seen)
    reach = people.radius_m + uncertainty_m(people, rules.safety)
    return tuple(
        zones.after_scan(zone, kept, people.start_m[:, :2], reach)
        for zone, kept in zip(rules.zones, before, strict=True)
    )


def _people(rules: Rules, seen: Observation) -> People:
    x, y, speed, std, radius, unseen = np.array(seen.people, dtype=np.float64).reshape(-1, 7).T[1:]
    return upright(
        np.stack([x, y], axis=-1),
        speed_mps=speed,
        position_std_m=std,
        radius_m=radius,
        unseen_s=unseen,
        safety=rules.safety,
    )


def _room(rules: Rules, memory: Memory, seen: Observation) -> Room:
    """Return the greatest speed ratio that all pairs allow, and the pair with least to spare."""
    if not _joints_known(rules, seen):
        return UNKNOWN
    if not seen.people:
        return NOBODY
    found = clearance(
        _people(rules, seen),
        chain=rules.chain,
        safety=rules.safety,
        motion=rules.motion,
        position_rad=seen.position_rad,
        velocity_radps=seen.velocity_radps,
        nominal_radps=seen.nominal_radps,
        held_back_m=rules.safety.resume_margin_m if memory.ratio == 0.0 else 0.0,
    )
    at = np.unravel_index(int(np.argmin(found.spare_m)), found.spare_m.shape)
    distance_m = float(found.distance_m[at])
    return Room(
        ratio=float(found.ratio),
        human_id=seen.people[at[0]].id,
        link=rules.chain.capsule_names[at[1]],
        distance_m=distance_m if math.isfinite(distance_m) else 0.0,
        terms=Terms(*(term[at] for term in found.terms)),
    )


def _ratio(
    rules: Rules, memory: Memory, seen: Observation, room: Room, zone: Zone | None
) -> tuple[float, str, float | None]:
    """Return the permitted ratio, what limits it, and since when there is room again [s]."""
    safety = rules.safety
    limits = [(1.0, ""), (room.ratio, "separation")]
    if zone is not None:
        limits.insert(1, (zone.speed_ratio, f"zone:{zone.name}"))
    wanted, limit = min(limits, key=lambda item: item[0])
    if wanted < safety.ratio_min:
        wanted = 0.0
    if wanted == 0.0 or memory.state < State.STANDSTILL:
        return wanted, limit, None
    if memory.ratio == 0.0:
        since_s = seen.now_s if memory.room_since_s is None else memory.room_since_s
        if seen.now_s - since_s < safety.resume_after_s:
            return 0.0, "resume_wait", since_s
    since_last_s = seen.now_s - (seen.now_s if memory.now_s is None else memory.now_s)
    rise = safety.ratio_rise_per_s * min(since_last_s, safety.lease_s)
    highest = max(memory.ratio, safety.ratio_min) + rise
    if highest < wanted:
        return highest, "resuming", None
    return wanted, limit, None
