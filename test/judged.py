"""One cell judged, with its verdict in words: for tests that tell a story."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from hrc_cell.core import cell
from hrc_cell.core.cell import EVENTS, Memory, Observation, Rules
from hrc_cell.core.people import upright
from hrc_cell.core.safety import Event, State
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
    """Judge one cell; people may be given as persons."""
    if isinstance(seen.people, tuple) and not hasattr(seen.people, "start_m"):
        seen = replace(seen, people=crowd(seen.people, rules.safety))
    memory, said = cell.judge(rules, memory, seen)
    zone, link, category = int(said.zone), int(said.link), int(said.stop_category)
    return memory, Told(
        state=State(int(said.state)),
        event=EVENTS[int(said.event)],
        cause=rules.causes[int(said.cause)],
        speed_ratio=float(said.speed_ratio),
        stop_category=None if category < 0 else category,
        gripper_permitted=bool(said.gripper_permitted),
        reset_possible=bool(said.reset_possible),
        oldest_sample_age_s=float(said.oldest_sample_age_s),
        zone=rules.zones[zone].name if zone >= 0 else "",
        human_id=int(said.human_id),
        link=rules.chain.capsule_names[link] if link >= 0 else "",
        distance_m=float(said.distance_m),
        followed=bool(said.followed),
        terms=Terms(*(float(term) for term in said.terms)),
    )
