"""One tick of judgement: what was observed goes in, what is allowed comes out.

Same rules, memory and observation, same verdict, for ever: live, in simulation and in replay. Time
is the observation's, in seconds of the monotonic clock; ages are in seconds at that time. Whatever
is missing, late, of the future or not finite is a fault or counts as the worst case.

What the separation allows is asked of `hrc_cell.core.clearance`, what the zones allow of
`hrc_cell.core.zones`; the lowest ratio counts. It falls at once and rises slowly.

Everything is an array with the same leading axes (...), one for each cell: () for the live one,
thousands for the simulated ones that try to find a hole in it. Rules are the same for all of a
batch. A cause is a number: its place in `Rules.causes`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core import zones
from hrc_cell.core.ahead import Ahead
from hrc_cell.core.clearance import clearance
from hrc_cell.core.kinematics import Chain
from hrc_cell.core.people import People, uncertainty_m, upright
from hrc_cell.core.safety import NEXT, RULES, Clears, Event, State
from hrc_cell.core.separation import Terms
from hrc_cell.core.stopping import StopModel
from hrc_cell.core.sweep import sweep
from hrc_cell.core.zones import ZoneMemory
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings, Zone

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Like = npt.ArrayLike
NEVER = math.inf  # the age of what was never heard
NO_CATEGORY = -1

EVENTS = tuple(Event)
"""In order of urgency; an event's number is its place."""
_NEXT = np.array([[NEXT[state, event] for event in EVENTS] for state in State])
_CATEGORY = np.array(
    [NO_CATEGORY if (c := RULES[event].category) is None else c for event in EVENTS]
)
_CLEARS = np.array([tuple(Clears).index(RULES[event].clears) for event in EVENTS])
_ITSELF, _START = (tuple(Clears).index(c) for c in (Clears.ITSELF, Clears.START))


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
    BLOCKED = 4
    MOVED = 5
    FROZEN = 6
    STRANGE = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """What the judgement goes by: the cell's settings and the arm."""

    safety: SafetySettings
    motion: MotionSettings
    zones: tuple[Zone, ...]
    scanners: tuple[tuple[str, float], ...]  # name, timeout [s]
    nodes: tuple[str, ...]  # whose silence stops the arm
    chain: Chain
    stops: StopModel
    causes: tuple[str, ...] = field(init=False)  # every cause there can be
    _codes: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        causes = (
            "", "clock", "tracker_silent", "joints_stale", "joints_unknown", "inputs_silent",
            "sample_too_old", "emergency_stop_input", "mode", "stop_request", "not_reset",
            "not_started", "separation", "contact", "resume_wait", "resuming",
            *(f"scanner_{eye}:{name}" for name, _ in self.scanners for eye in
              ("missing", *(eye.name.lower() for eye in Eye if eye is not Eye.OK))),
            *(f"node_silent:{name}" for name in self.nodes),
            *(f"zone:{zone.name}" for zone in self.zones),
        )  # fmt: skip
        object.__setattr__(self, "causes", causes)
        object.__setattr__(self, "_codes", {cause: code for code, cause in enumerate(causes)})

    def code(self, cause: str) -> int:
        """Return the number of a cause."""
        return self._codes[cause]

    @classmethod
    def of(cls, cell: Cell, chain: Chain, nodes: tuple[str, ...]) -> Rules:
        """Return the rules of a cell."""
        file = cell.file
        return cls(
            safety=file.safety,
            motion=file.motion,
            zones=cell.zones.zones,
            scanners=tuple((s.name, s.timeout_s) for s in file.scanners),
            nodes=nodes,
            chain=chain,
            stops=StopModel(
                full_s=file.safety.stopping_time_s,
                full_way_s=file.safety.stopping_distance_m / file.motion.tcp_speed_max_mps,
                velocity_max_radps=file.motion.velocity_max_radps,
            ),
        )


class Sight(NamedTuple):
    """What the tracker says of one scanner."""

    eye: Like  # (...) an Eye
    age_s: Like  # (...) of its newest scan


def nobody(safety: SafetySettings, shape: tuple[int, ...] = ()) -> People:
    """Return the people of cells in which nobody is."""
    none = np.zeros((*shape, 0))
    return upright(
        np.zeros((*shape, 0, 2)), speed_mps=none, position_std_m=none, radius_m=none,
        unseen_s=none, safety=safety,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """What the cells know at one instant. The defaults are: nothing, never heard."""

    now_s: Like  # (...)
    people: People | None = None  # None: nobody
    people_age_s: Like = NEVER  # of the newest scan behind `people`
    people_seq: Like = 0  # another number for each new list of people
    scanners: dict[str, Sight] = field(default_factory=dict)
    position_rad: Like = ()  # (..., n) joints of the arm, base first
    velocity_radps: Like = ()
    joints_age_s: Like = NEVER
    ahead: Ahead | None = None  # the path announced
    load_kg: Like = math.nan  # NaN: unknown, the heaviest counts
    nodes: dict[str, Like] = field(default_factory=dict)  # age of the last heartbeat [s]
    inputs_age_s: Like = NEVER
    mode: Like = Mode.UNKNOWN
    reset: Like = False  # button held
    start: Like = False
    emergency_stop_input: Like = False
    stop_requested: Like = False  # since the last tick


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """All that one tick remembers for the next. Starts latched, with both buttons held."""

    state: Like = State.LATCHED
    cause: Like = -1  # of the last stop; -1: just switched on
    category: Like = 2
    ratio: Like = 0.0
    now_s: Like = math.nan  # NaN: before the first tick
    room_since_s: Like = math.nan  # while at standstill: since when there is room again
    people_seq: Like = 0
    zones: tuple[ZoneMemory, ...] = ()
    reset_held: Like = True  # so that a button stuck at start-up is not a press
    start_held: Like = True


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Verdict:
    """What the arms may do until the next tick, and why. All (...)."""

    state: Ints  # a State
    event: Ints  # place in EVENTS
    cause: Ints  # place in Rules.causes
    speed_ratio: Array
    stop_category: Ints  # NO_CATEGORY where there is no stop
    gripper_permitted: Flags
    reset_possible: Flags
    oldest_sample_age_s: Array
    zone: Ints  # place in Rules.zones, -1: none
    human_id: Ints
    region: Ints  # of the body part
    link: Ints  # place in the chain's capsules, -1: none
    distance_m: Array
    human_speed_mps: Array
    robot_speed_mps: Array
    point_speed_mps: Array  # greatest of any point ahead at ratio 1
    stopping_s: Array  # T_s from the present speed
    joint_speed_radps: Array  # (..., n) greatest planned ahead at ratio 1
    from_s: Array  # stretch of the path that was judged, as way from its first waypoint
    to_s: Array
    followed: Flags  # judged along the path announced
    terms: Terms


class Room(NamedTuple):
    """What the separation allows, and the pair that binds. All (...)."""

    ratio: Array
    touching: Flags
    human_id: Ints
    region: Ints
    link: Ints
    distance_m: Array
    human_speed_mps: Array
    robot_speed_mps: Array
    point_speed_mps: Array
    stopping_s: Array
    joint_speed_radps: Array
    from_s: Array
    to_s: Array
    followed: Flags
    terms: Terms


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def judge(rules: Rules, memory: Memory, seen: Observation) -> tuple[Memory, Verdict]:
    """Return the memories for the next tick and the verdicts of this one."""
    shape = np.shape(seen.now_s)
    if seen.people is None:
        seen = replace(seen, people=nobody(rules.safety, shape))
    faults = list(_faults(rules, memory, seen))
    zone_memories = _zones(rules, memory, seen)
    zone = zones.most_restrictive(rules.zones, zone_memories)
    room = _room(rules, memory, seen, shape)
    ratio, limit, room_since_s = _ratio(rules, memory, seen, room, zone)

    event, cause = _urgent(rules, memory, seen, faults, zone, ratio, limit, shape)
    state = _NEXT[np.asarray(memory.state), event]
    clears = _CLEARS[event]
    latched, ready = state == State.LATCHED, state <= State.READY
    stays = (clears == _ITSELF) & ready  # a stop stays named until a person has cleared it
    asked = np.where(_CATEGORY[event] == NO_CATEGORY, memory.category, _CATEGORY[event])
    category = np.where(stays, memory.category, asked)
    before = np.where(np.equal(memory.cause, -1), rules.code("not_reset"), memory.cause)
    cause = np.where(stays & (event != EVENTS.index(Event.RESET)), before, cause)
    permitted = np.where(state >= State.REDUCED, ratio, 0.0)
    verdict = Verdict(
        state=state,
        event=event,
        cause=cause,
        speed_ratio=permitted,
        stop_category=np.where(permitted == 0.0, category, NO_CATEGORY),
        gripper_permitted=state >= State.STANDSTILL,
        reset_possible=latched & (clears == _ITSELF),
        oldest_sample_age_s=_oldest_s(rules, seen),
        zone=zone,
        **{name: getattr(room, name) for name in Room._fields if name not in ("ratio", "touching")},
    )
    heard = _in_time(seen.inputs_age_s, rules.safety.inputs_timeout_s)
    kept = latched & (clears == _START)  # of no weight while latched
    return Memory(
        state=state,
        cause=np.where(kept, memory.cause, cause),
        category=np.where(kept, memory.category, category),
        ratio=permitted,
        now_s=np.asarray(seen.now_s),
        room_since_s=np.where(state == State.STANDSTILL, room_since_s, np.nan),
        people_seq=np.asarray(seen.people_seq),
        zones=zone_memories,
        reset_held=np.asarray(seen.reset) | ~heard,
        start_held=np.asarray(seen.start) | ~heard,
    ), verdict


def _urgent(
    rules: Rules,
    memory: Memory,
    seen: Observation,
    faults: list[tuple[str, Flags]],
    zone: Ints,
    ratio: Array,
    limit: Ints,
    shape: tuple[int, ...],
) -> tuple[Ints, Ints]:
    """Return the most urgent event and its cause."""
    event = np.where(ratio == 1.0, EVENTS.index(Event.CLEAR), EVENTS.index(Event.NEAR))
    event = np.where(ratio > 0.0, event, EVENTS.index(Event.INTRUSION))
    cause = np.broadcast_to(limit, shape)
    found: list[tuple[Event, int | Ints, Like]] = [
        (Event.FAULT, rules.code(name), flag) for name, flag in reversed(faults)
    ]
    manual = np.array([zones.needs_reset(z) for z in rules.zones] + [False])[zone]
    in_zone = np.array([rules.code(f"zone:{z.name}") for z in rules.zones] + [0])[zone]
    starting = np.where(limit == 0, rules.code("resume_wait"), limit)
    found += [
        (Event.EMERGENCY_STOP_INPUT, rules.code("emergency_stop_input"), seen.emergency_stop_input),
        (Event.INTRUSION_MANUAL, in_zone, manual),
        (Event.WRONG_MODE, rules.code("mode"), np.not_equal(seen.mode, Mode.COLLABORATIVE)),
        (Event.STOP_REQUEST, rules.code("stop_request"), seen.stop_requested),
        (Event.RESET, rules.code("not_started"),
         np.equal(memory.state, State.LATCHED) & seen.reset & ~np.asarray(memory.reset_held)),
        (Event.START, starting,
         np.equal(memory.state, State.READY) & seen.start & ~np.asarray(memory.start_held)),
    ]  # fmt: skip
    for what, why, flag in sorted(found, key=lambda item: -EVENTS.index(item[0])):
        event = np.where(flag, EVENTS.index(what), event)
        cause = np.where(flag, why, cause)
    return event, cause


def _faults(rules: Rules, memory: Memory, seen: Observation) -> Iterator[tuple[str, Flags]]:
    """Yield every fault there can be and where it is one, the most telling first."""
    first = np.isnan(memory.now_s)
    yield "clock", ~(np.isfinite(seen.now_s) & (first | np.greater(seen.now_s, memory.now_s)))
    yield from _blind_spots(rules, seen)
    fresh = _in_time(seen.joints_age_s, rules.safety.joints_timeout_s)
    yield "joints_stale", ~fresh
    yield "joints_unknown", fresh & ~_joints_known(rules, seen)
    yield "inputs_silent", ~_in_time(seen.inputs_age_s, rules.safety.inputs_timeout_s)
    for name in rules.nodes:
        age_s = seen.nodes.get(name, NEVER)
        yield f"node_silent:{name}", ~_in_time(age_s, rules.safety.node_timeout_s)
    yield "sample_too_old", ~(_oldest_s(rules, seen) <= rules.safety.reaction_time_s)


def _blind_spots(rules: Rules, seen: Observation) -> Iterator[tuple[str, Flags]]:
    """Yield why people may stand in the cell and not be in the list."""
    never = np.equal(seen.people_age_s, NEVER)
    yield "tracker_silent", never
    for name, timeout_s in rules.scanners:
        sight = seen.scanners.get(name)
        if sight is None:
            yield f"scanner_missing:{name}", ~never
            continue
        for eye in Eye:
            if eye is not Eye.OK:
                yield f"scanner_{eye.name.lower()}:{name}", np.equal(sight.eye, eye)
        yield "tracker_silent", ~_in_time(seen.people_age_s, timeout_s)
        yield f"scanner_silent:{name}", ~_in_time(sight.age_s, timeout_s)


def _in_time(age_s: Like, limit_s: float) -> Flags:
    """Return whether an age is known, not of the future, and within its limit."""
    return np.greater_equal(age_s, 0.0) & np.less_equal(age_s, limit_s)


def _oldest_s(rules: Rules, seen: Observation) -> Array:
    """Return the age [s] of the oldest sample judged on; inf if one is missing or unknown."""
    ages = [seen.joints_age_s, seen.people_age_s]
    ages += [seen.scanners[n].age_s if n in seen.scanners else NEVER for n, _ in rules.scanners]
    if seen.ahead is not None:
        ages.append(np.where(seen.ahead.followed, seen.ahead.age_s, 0.0))
    oldest = np.asarray(ages[0], dtype=np.float64)
    for age in ages:
        oldest = np.where(np.greater_equal(age, 0.0), np.maximum(oldest, age), np.inf)
    return oldest


def _joints_known(rules: Rules, seen: Observation) -> Flags:
    count = len(rules.chain.joints)
    known = np.True_
    for values in (np.asarray(seen.position_rad), np.asarray(seen.velocity_radps)):
        if values.shape[-1] != count:
            return np.zeros(np.shape(seen.now_s), dtype=np.bool_)
        known = known & np.isfinite(values).all(axis=-1)
    return np.asarray(known)


def _zones(rules: Rules, memory: Memory, seen: Observation) -> tuple[ZoneMemory, ...]:
    """Return the zones after this tick. While people may go unseen all zones are occupied."""
    assert seen.people is not None  # noqa: S101 judge saw to it
    people = seen.people
    blind = np.logical_or.reduce([flag for _, flag in _blind_spots(rules, seen)])
    same = np.equal(seen.people_seq, memory.people_seq)
    reach = people.radius_m + uncertainty_m(people, rules.safety)
    place = people.start_m[..., :2]
    after = []
    kept_all = memory.zones or (ZoneMemory(),) * len(rules.zones)
    for zone, kept in zip(rules.zones, kept_all, strict=True):
        new = zones.after_scan(zone, kept, place, reach, people.present)
        after.append(
            ZoneMemory(
                occupied=np.where(blind, True, np.where(same, kept.occupied, new.occupied)),
                scans=np.where(blind, 0, np.where(same, kept.scans, new.scans)),
            )
        )
    return tuple(after)


def _room(rules: Rules, memory: Memory, seen: Observation, shape: tuple[int, ...]) -> Room:
    """Return the greatest speed ratio that all pairs allow, and the pair with least to spare."""
    assert seen.people is not None  # noqa: S101 judge saw to it
    people, count = seen.people, len(rules.chain.joints)
    known = _joints_known(rules, seen)
    q, qd = (
        np.where(known[..., None], values, 0.0)
        if values.shape[-1] == count
        else np.zeros((*shape, count))
        for values in (np.asarray(seen.position_rad), np.asarray(seen.velocity_radps))
    )
    q, qd = (np.broadcast_to(values, (*shape, count)) for values in (q, qd))
    swept = sweep(
        rules.chain, rules.stops, safety=rules.safety, motion=rules.motion, position_rad=q,
        velocity_radps=qd, ahead=seen.ahead, load_kg=np.broadcast_to(seen.load_kg, shape),
        ratio_before=np.broadcast_to(memory.ratio, shape),
    )  # fmt: skip
    found = clearance(
        people, swept, radius_m=rules.chain.capsule_radius_m, safety=rules.safety,
        motion=rules.motion, velocity_radps=qd,
        held_back_m=np.where(np.equal(memory.ratio, 0.0), rules.safety.resume_margin_m, 0.0),
    )  # fmt: skip
    pairs = (*shape, -1)
    spare = np.broadcast_to(found.spare_m, found.spare_m.shape).reshape(pairs)
    anybody = known & people.present.any(axis=-1)
    if spare.shape[-1] == 0:
        spare = np.full((*shape, 1), np.inf)
    place = spare.argmin(axis=-1)
    links = len(rules.chain.capsule_names)

    def of_pair(values: Array, otherwise: float) -> Array:
        flat = values.reshape(pairs)
        if flat.shape[-1] == 0:
            return np.full(shape, otherwise)
        picked = np.take_along_axis(flat, place[..., None], axis=-1)[..., 0]
        return np.where(anybody, picked, np.where(known, otherwise, np.inf))

    def of_person(values: Ints, otherwise: int) -> Ints:
        if values.shape[-1] == 0:
            return np.full(shape, otherwise)
        picked = np.take_along_axis(values, (place // links)[..., None], axis=-1)[..., 0]
        return np.where(anybody, picked, otherwise)

    distance = of_pair(found.distance_m, np.inf)
    return Room(
        ratio=np.where(known, found.ratio, 0.0),
        touching=found.touching & known,
        human_id=of_person(people.owner, 0),
        region=of_person(people.region, -1),
        link=np.where(anybody, place % links, -1),
        distance_m=np.where(known & ~np.isnan(distance), distance, 0.0),
        human_speed_mps=of_pair(found.human_speed_mps, 0.0),
        robot_speed_mps=of_pair(found.robot_speed_mps, 0.0),
        point_speed_mps=np.where(known, swept.point_speed_mps, np.inf),
        stopping_s=np.where(known, swept.now_stopping_s, np.inf),
        joint_speed_radps=swept.joint_speed_radps,
        from_s=swept.from_s,
        to_s=swept.to_s,
        followed=swept.followed & known,
        terms=Terms(*(of_pair(term, 0.0) for term in found.terms)),
    )


def _ratio(
    rules: Rules, memory: Memory, seen: Observation, room: Room, zone: Ints
) -> tuple[Array, Ints, Array]:
    """Return the permitted ratio, what limits it, and since when there is room again [s]."""
    safety = rules.safety
    now_s = np.asarray(seen.now_s, dtype=np.float64)
    slow = np.array([z.speed_ratio for z in rules.zones] + [1.0])[zone]
    in_zone = np.array([rules.code(f"zone:{z.name}") for z in rules.zones] + [0])[zone]
    by_room = np.where(room.touching, rules.code("contact"), rules.code("separation"))
    wanted, limit = np.ones_like(room.ratio), np.zeros(room.ratio.shape, dtype=np.int64)
    for ratio, why in ((slow, in_zone), (room.ratio, by_room)):
        limit = np.where(ratio < wanted, why, limit)
        wanted = np.minimum(ratio, wanted)
    wanted = np.where(wanted < safety.ratio_min, 0.0, wanted)
    waits = (wanted > 0.0) & np.greater_equal(memory.state, State.STANDSTILL)
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
