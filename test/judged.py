"""One cell judged, with its verdict in words: for tests that tell a story."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from hrc_cell.core import cell, observed
from hrc_cell.core.cell import Memory
from hrc_cell.core.interlock import InterlockMemory, Mode, Reading
from hrc_cell.core.observed import NEVER
from hrc_cell.core.people import upright
from hrc_cell.core.rules import Rules
from hrc_cell.core.safety import EVENTS, Event, State
from hrc_cell.core.separation import Terms


class Person(NamedTuple):
    """Somebody seen by the legs."""

    id: int
    x_m: float
    y_m: float
    speed_mps: float
    position_std_m: float
    radius_m: float
    unseen_s: float


def person(x_m, y_m=0.0, **known):
    """Return somebody with number 7 who stands at (x, y)."""
    rest = {"speed_mps": 0.0, "position_std_m": 0.02, "radius_m": 0.3, "unseen_s": 0.0}
    return Person(id=7, x_m=x_m, y_m=y_m, **(rest | known))


def crowd(persons, safety):
    """Return the capsules of these persons."""
    rows = np.array(persons, dtype=float).reshape(-1, 7)
    return upright(
        rows[:, 1:3], speed_mps=rows[:, 3], position_std_m=rows[:, 4], radius_m=rows[:, 5],
        unseen_s=rows[:, 6], owner=rows[:, 0].astype(np.int64), safety=safety,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Observation:
    """What one cell sees, with people as persons and the operator box in plain words."""

    now_s: float
    people: tuple[Person, ...] = ()
    people_age_s: float = NEVER
    people_seq: int = 0
    scanners: dict = field(default_factory=dict)
    position_rad: tuple[float, ...] = ()
    velocity_radps: tuple[float, ...] = ()
    joints_age_s: float = NEVER
    ahead: object = None
    nodes: dict = field(default_factory=dict)
    inputs_age_s: float = NEVER
    mode: int = Mode.UNKNOWN
    reset: bool = False
    start: bool = False
    switch: int = 0
    guards: bool = False
    emergency_stop_input: bool = False
    stop_requested: bool = False
    stop_fault: str = ""

    def plain(self, safety):
        """Return it as the judgement takes it."""
        box = {"mode", "reset", "start", "switch", "guards", "emergency_stop_input", "people"}
        names = [name for name in self.__dataclass_fields__ if name not in box]
        return observed.Observation(
            **{name: getattr(self, name) for name in names},
            people=crowd(self.people, safety), readings=(self.reading(),),
        )  # fmt: skip

    def reading(self):
        """Return the operator box."""
        return Reading(
            mode=self.mode, reset=self.reset, start=self.start, enabling_switch=(self.switch,) * 2,
            emergency_stop_input=(self.emergency_stop_input,) * 2, guards_closed=(self.guards,) * 2,
        )  # fmt: skip


def collaborating(mode=Mode.COLLABORATIVE):
    """Return the memory of a box at which nobody does anything."""
    return InterlockMemory(mode=mode, reset_held=False, start_held=False)


@dataclass(frozen=True)
class Told:
    """A verdict of one cell."""

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
    followed: bool
    terms: Terms


def judge(rules: Rules, memory: Memory, seen: Observation) -> tuple[Memory, Told]:
    """Judge one cell."""
    memory, said = cell.judge(rules, memory, seen.plain(rules.safety))
    room = said.room
    zone, link, category = int(said.zone), int(room.link), int(said.stop_category)
    return memory, Told(
        state=State(int(said.state)),
        event=EVENTS[int(said.event)],
        cause=rules.causes[int(said.cause)],
        speed_ratio=float(said.speed_ratio),
        stop_category=None if category < 0 else category,
        gripper_permitted=bool(said.gripper_permitted),
        reset_possible=bool(said.reset_possible),
        oldest_sample_age_s=float(said.oldest_sample_age_s),
        zone=rules.zones.zones[zone].name if zone >= 0 else "",
        human_id=int(room.human_id),
        link=rules.chain.capsule_names[link] if link >= 0 else "",
        distance_m=float(room.distance_m),
        followed=bool(room.followed),
        terms=Terms(*(float(term) for term in room.terms)),
    )
