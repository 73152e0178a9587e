"""Who judges: monitors that are fed with the same reports, and what each permits.

`FixedZone` and `ConstantSpeed` are what is usual, sized by the same worst case as S_p:

- a fixed zone: nobody may be nearer to the axis of the arm than its reach and S_p at full speed;
- constant-speed SSM: full speed where the present distance is more than S_p at full speed, else
  rest.

Both wait before they go on, and gain speed, as the monitor does: only the judgement differs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.people import Reports
from hrc_cell.adapters.falsify.truth import nearest

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Seen(NamedTuple):
    """What a monitor is told at one tick, of b encounters."""

    now_s: float
    people: Reports
    joints_rad: Array  # (b, n)
    joints_radps: Array
    joints_age_s: Array  # (b,)
    waypoints_rad: Array  # (b, m, n) of the path
    cruise_ratio_ps: Array  # (b, m-1)
    at: Array  # (b,) line + part of the line, as old as the joints
    round: Ints  # (b,)
    path_known: Flags  # (b,)
    capsules_m: Array  # (b, 2, 3, k) at the reported joints; for the usual monitors


class Judged(NamedTuple):
    """What a monitor permits (b,)."""

    ratio: Array
    oldest_s: Array  # age of the oldest sample
    round: Ints  # that the judgement is for; -1: any way
    cause: Ints  # index into the monitor's causes


class Monitor(Protocol):
    """Something that judges, tick after tick."""

    causes: tuple[str, ...]

    def judge(self, seen: Seen) -> Judged:
        """Return what is permitted; remembers what it needs for the next tick."""
        ...


def worst_distance_m(bounds: Bounds, std_m: Array, speed_mps: Array, intrusion_m: Array) -> Array:
    """Return S_p at full speed towards the person."""
    safety = bounds.safety
    v_h = np.maximum(speed_mps, safety.human_speed_mps)
    react_s = safety.reaction_time_s + safety.lease_s
    distance: Array = (
        v_h * (react_s + safety.stopping_time_s)
        + bounds.motion.tcp_speed_max_mps * react_s
        + safety.stopping_distance_m
        + intrusion_m
        + bounds.noise_m(std_m)
        + safety.robot_uncertainty_m
    )
    return distance


class _Usual(ABC):
    """Full speed or rest, and how it goes on."""

    causes: tuple[str, ...] = ("", "separation", "old")

    def __init__(self, bounds: Bounds, link_radius_m: Array, encounters: int) -> None:
        self.bounds = bounds
        self.link_radius_m = link_radius_m
        self.ratio = np.ones(encounters)
        self.room_s = np.full(encounters, -np.inf)  # since when there is room
        self.now_s = 0.0

    def judge(self, seen: Seen) -> Judged:
        """Return full speed where everybody is far enough off, else rest."""
        safety, people = self.bounds.safety, seen.people
        oldest = np.maximum(people.age_s, seen.joints_age_s)
        fresh = oldest <= safety.reaction_time_s + 1e-9
        margin = np.where(self.ratio == 0.0, safety.resume_margin_m, 0.0)[:, None]
        spare = np.where(people.present, self.spare_m(seen) - margin, np.inf)
        room = fresh & (spare > 0.0).all(axis=-1)
        begins = room & ~np.isfinite(self.room_s)
        self.room_s = np.where(room, np.where(begins, seen.now_s, self.room_s), np.inf)
        waits = (self.ratio == 0.0) & (seen.now_s - self.room_s < safety.resume_after_s)
        rise = safety.ratio_rise_per_s * (seen.now_s - self.now_s)
        most = np.minimum(np.maximum(self.ratio, safety.ratio_min) + rise, 1.0)
        self.ratio = np.where(room & ~waits, most, 0.0)
        self.now_s = seen.now_s
        cause = np.where(fresh, np.where(room, 0, 1), 2)
        return Judged(self.ratio, oldest, np.full(cause.shape, -1), cause)

    @abstractmethod
    def spare_m(self, seen: Seen) -> Array:
        """Return (b, p) what each person is farther off than needed."""

    def _grown_m(self, people: Reports) -> Array:
        """Return the radius of people with what they may have gone unseen."""
        v_h = np.maximum(people.speed_mps, self.bounds.safety.human_speed_mps)
        grown: Array = people.radius_m + (people.speed_mps + v_h) * people.unseen_s
        return grown


class ConstantSpeed(_Usual):
    """Constant-speed SSM: S_p at full speed, from the present distance to the nearest link."""

    def spare_m(self, seen: Seen) -> Array:
        """Return the distance minus S_p."""
        people = seen.people
        radius = self._grown_m(people)
        top = np.maximum(self.bounds.safety.person_height_m - people.radius_m, 0.0)
        near = nearest(people.place_m, radius, top, seen.capsules_m, self.link_radius_m)
        return near.distance_m - worst_distance_m(
            self.bounds, people.std_m, people.speed_mps, people.intrusion_m
        )


class FixedZone(_Usual):
    """A round zone about the arm's base, as a scanner's protective field is set up."""

    def __init__(
        self,
        bounds: Bounds,
        link_radius_m: Array,
        encounters: int,
        *,
        base_m: Array,
        reach_m: float,
    ) -> None:
        super().__init__(bounds, link_radius_m, encounters)
        self.base_m = base_m
        # The arm cannot leave its reach, so S_r and S_s are within it.
        self.within_m = (
            bounds.motion.tcp_speed_max_mps
            * (bounds.safety.reaction_time_s + bounds.safety.lease_s)
            + bounds.safety.stopping_distance_m
        )
        self.reach_m = reach_m

    def spare_m(self, seen: Seen) -> Array:
        """Return how far outside of the zone people are seen."""
        people = seen.people
        away = people.place_m - self.base_m
        far = np.sqrt((away * away).sum(axis=-1)) - self._grown_m(people)
        needed = worst_distance_m(self.bounds, people.std_m, people.speed_mps, people.intrusion_m)
        spare: Array = far - self.reach_m - (needed - self.within_m)
        return spare
