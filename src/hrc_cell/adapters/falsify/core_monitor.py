"""The judgement that runs live, `hrc_cell.core.cell.judge`, in the place of a monitor of a batch.

It is handed the same rules as live, and observations made of the same kind of data. An operator
presses reset and start in turn, all the time, so that no stop lasts longer than its cause. A
weakened monitor is the same judgement with other rules, or told other things:

    human-way   v_h is 0, and everybody is told to stand: S_h is dropped
    stale       every sample is told to be of now, however old it is
    stopping    T_s and the way of a stop are halved
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.falsify.monitors import Judged, Seen
from hrc_cell.adapters.falsify.paths import LINES
from hrc_cell.core.ahead import Ahead
from hrc_cell.core.cell import Memory, judge
from hrc_cell.core.interlock import COLLABORATING, InterlockMemory
from hrc_cell.core.observed import Eye, Observation, Sight
from hrc_cell.core.people import upright
from hrc_cell.core.rules import Rules
from hrc_cell.core.safety import State
from hrc_cell.core.stopping import StopModel

Array = npt.NDArray[np.float64]

WEAKNESSES = ("human-way", "stale", "stopping")


class HalvedStops:
    """A stop model that believes in half the time and half the way of another."""

    def __init__(self, whole: StopModel) -> None:
        self.whole = whole

    def time_and_way_s(
        self, speed_radps: npt.ArrayLike, load_kg: npt.ArrayLike
    ) -> tuple[Array, Array]:
        """Return half of T_s and half of E."""
        time, way = self.whole.time_and_way_s(speed_radps, load_kg)
        return 0.5 * time, 0.5 * way


def weakened(rules: Rules, weakness: str) -> Rules:
    """Return the rules of a monitor that is weakened so. Raises ValueError for another word."""
    safety = rules.safety
    if weakness == "human-way":
        return replace(rules, safety=replace(safety, human_speed_mps=0.0, human_speed_near_mps=0.0))
    if weakness == "stopping":
        halved = replace(
            safety,
            stopping_time_s=0.5 * safety.stopping_time_s,
            stopping_distance_m=0.5 * safety.stopping_distance_m,
        )
        return replace(rules, safety=halved, stops=cast(StopModel, HalvedStops(rules.stops)))
    if weakness != "stale":
        raise ValueError(f"{weakness!r} is none of {', '.join(WEAKNESSES)}")
    return rules


class CoreMonitor:
    """The judgement of the live cell over b encounters, in motion when they begin."""

    def __init__(
        self, rules: Rules, encounters: int, *, weakness: str = "", contact_region: str = ""
    ) -> None:
        self.rules = weakened(rules, weakness) if weakness else rules
        self.causes = rules.causes
        self.weakness = weakness
        self.contact_region = contact_region
        whole = np.zeros(encounters)
        self.memory = Memory(
            state=np.full(encounters, State.FREE),
            cause=np.zeros(encounters, np.int64),
            category=np.full(encounters, 2),
            ratio=whole + 1.0,
            now_s=whole + np.nan,
            room_since_s=whole + np.nan,
            people_seq=np.zeros(encounters, np.int64),
            box=InterlockMemory(),
        )
        self.ticks = 0

    def judge(self, seen: Seen) -> Judged:
        """Return what the live judgement permits."""
        self.memory, verdict = judge(self.rules, self.memory, self._observation(seen))
        self.ticks += 1
        return Judged(
            ratio=verdict.speed_ratio,
            oldest_s=verdict.oldest_sample_age_s,
            round=np.where(verdict.room.followed, seen.round, -1),
            cause=verdict.cause,
        )

    def _observation(self, seen: Seen) -> Observation:
        rules, people = self.rules, seen.people
        believed = 0.0 if self.weakness == "stale" else 1.0
        people_age, joints_age = believed * people.age_s, believed * seen.joints_age_s
        still = self.weakness == "human-way"
        speed = np.zeros_like(people.speed_mps) if still else people.speed_mps
        whole = np.zeros(len(people_age))
        line = np.minimum(seen.at.astype(np.int64), LINES - 1)
        return Observation(
            now_s=whole + seen.now_s,
            people=upright(
                people.place_m, speed_mps=speed, position_std_m=people.std_m,
                radius_m=people.radius_m, unseen_s=people.unseen_s, safety=rules.safety,
                velocity_mps=0.0 if still else people.velocity_mps,
                owner=np.arange(1, speed.shape[-1] + 1), present=people.present,
            )._replace(intrusion_m=people.intrusion_m),
            people_age_s=people_age,
            people_seq=people.seq,
            scanners={name: Sight(whole + Eye.OK, people_age) for name, _ in rules.scanners},
            position_rad=seen.joints_rad,
            velocity_radps=seen.joints_radps,
            joints_age_s=joints_age,
            ahead=Ahead(
                waypoints_rad=seen.waypoints_rad, line_speed_ratio_ps=seen.cruise_ratio_ps,
                line=line, line_ratio=seen.at - line, age_s=joints_age, followed=seen.path_known,
            ),
            contact_region=self.contact_region,
            nodes=dict.fromkeys(rules.nodes, 0.0),
            box=replace(
                COLLABORATING, reset=self.ticks % 2 == 0, start=self.ticks % 2 == 1
            ),
        )  # fmt: skip
