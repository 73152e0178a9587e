"""Simulated people: what each one does, step by step.

A person follows a behaviour (scripted: loops a path with rests; random: wanders, seeded, within
the cell and clear of the table; waiting: stands) until directed; then does what it was told and
stands. Directions: walk along waypoints, take the offered part, give the part that it carries to
the gripper that waits for it, leave the cell.

Speeds change by 1.5 m/s2 at most, so nobody starts or stops at once. Metres, seconds, cell frame;
time advances only by `update`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.sim import body
from hrc_cell.settings.operation import SimPerson

Array = npt.NDArray[np.float64]

ACCELERATION_MPS2 = 1.5
TURN_RADPS = 3.0
HAND_MPS = 0.8
ARRIVED_M = 0.02
PASSED_M = 0.25  # a waypoint on the way counts as passed this close
TAKE_FROM_M = 0.45  # a person stands this far from the part it takes
GRASP_M = 0.12  # hand to part, near enough to take it
HELD_IN_M = 0.01  # hand to the middle between the pads, near enough to be gripped
ACTS = ("walk", "take", "give", "leave")


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a person knows of the cell."""

    outline_m: Array  # (n, 2)
    table_m: Array  # (2, 2) lower and upper corner, seen from above
    handover_m: Array  # (2,) where one stands to take a part
    exit_m: Array  # (n, 2) way out
    clear_m: float = 0.5  # kept from table and fence when wandering


class Person:
    """One person."""

    def __init__(
        self, number: int, settings: SimPerson, around: Surroundings, rng: np.random.Generator
    ) -> None:
        self.number, self.settings = number, settings
        self._around, self._rng = around, rng
        self.position_m = np.array(settings.path_m[0], dtype=np.float64)
        self.velocity_mps = np.zeros(2)
        self.heading_rad = math.pi
        self.hand_m: Array | None = None
        self.act = "behave"
        self.carrying = False
        self._phase = 0.0
        self._way: deque[Array] = deque()
        self._speed_mps = settings.speed_mps
        self._rest_s = settings.pause_s
        self._next = 0

    # What it is told.

    def direct(self, act: str, waypoints_m: Sequence[Sequence[float]], speed_mps: float) -> float:
        """Do this from now on; return about how long it takes [s].

        A speed of 0 means the person's own. Raises ValueError with what is wrong.
        """
        if act not in ACTS:
            raise ValueError(f"act {act!r} is not known; known: {', '.join(ACTS)}")
        way = [np.array(point[:2], dtype=np.float64) for point in waypoints_m]
        if any(not np.isfinite(point).all() for point in way):
            raise ValueError("a waypoint is not finite")
        if not 0.0 <= speed_mps <= 2.5:
            raise ValueError(f"speed_mps = {speed_mps} m/s (allowed: 0 to 2.5 m/s)")
        if act == "walk" and not way:
            raise ValueError("walk needs waypoints")
        if act == "give" and not self.carrying:
            raise ValueError("give needs a part in the hand; let the person take one first")
        if act in ("take", "give"):
            way = [self._around.handover_m]
        if act == "leave":
            way = list(self._around.exit_m)
        self._speed_mps = speed_mps if speed_mps > 0.0 else self.settings.speed_mps
        self._go(act, way)
        points = np.array([self.position_m, *way])
        length = float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum())
        reach_s = 1.0 if act in ("take", "give") else 0.0
        return length / self._speed_mps + self._speed_mps / ACCELERATION_MPS2 + reach_s

    def _go(self, act: str, way: Sequence[Array]) -> None:
        self.act = act
        self._way = deque(way)

    def notice_offer(self) -> None:
        """Come and take a part that is offered, if it is this person's habit."""
        if self.act == "behave" and self.settings.takes_parts:
            self._speed_mps = self.settings.speed_mps
            self._go("fetch", [self._around.handover_m])

    def notice_want(self) -> None:
        """Bring the part back that the gripper waits for, if it is this person's habit."""
        if self.act == "behave" and self.carrying and self.settings.gives_parts:
            self._speed_mps = self.settings.speed_mps
            self._go("bring", [self._around.handover_m])

    def gave(self) -> None:
        """The gripper has closed on the part: this person lets it go."""
        self.carrying = False
        if self.act == "bring":
            self._go("behave", [])
            self._rest_s = 1.0
        else:
            self._go("stand", [])

    def received(self) -> None:
        """The part is in this person's hand now."""
        self.carrying = True
        if self.act == "fetch":
            self._go("behave", [])
            self._rest_s = 1.0
        elif self.act == "take":
            self._go("stand", [])

    def gave_up(self) -> None:
        """The part that this person carried is no longer with it."""
        self.carrying = False

    # What it looks like.

    @property
    def stance(self) -> body.Stance:
        """Return what the body's shape follows from."""
        return body.Stance(
            position_m=self.position_m, heading_rad=self.heading_rad,
            speed_mps=float(np.linalg.norm(self.velocity_mps)), phase=self._phase,
            hand_m=self.hand_m,
        )  # fmt: skip

    @property
    def walking(self) -> bool:
        """Return whether it is on its way."""
        return bool(np.linalg.norm(self.velocity_mps) > 0.05)

    @property
    def reaching(self) -> bool:
        """Return whether it would take a part."""
        return self.act in ("take", "fetch") and not self.carrying

    @property
    def giving(self) -> bool:
        """Return whether it would give the part that it carries."""
        return self.act in ("give", "bring") and self.carrying

    def holds_in(self, between_m: Array) -> bool:
        """Return whether its hand holds the part between the pads."""
        if not self.giving or self.hand_m is None:
            return False
        hand = body.hand_m(self.settings.height_m, self.stance)
        return float(np.linalg.norm(hand - between_m)) < HELD_IN_M

    def near(self, part_m: Array) -> bool:
        """Return whether its hand is at a part that it wants."""
        if not self.reaching or self.hand_m is None:
            return False
        hand = body.hand_m(self.settings.height_m, self.stance)
        return float(np.linalg.norm(hand - part_m)) < GRASP_M

    # What it does.

    def update(
        self, step_s: float, offer_m: Array | None, wanted_m: Array | None = None
    ) -> None:  # fmt: skip
        """Go on for `step_s`: a part is offered, or wanted, at these places; None: none is."""
        target_m = offer_m if self.reaching else wanted_m if self.giving else None
        if self.act == "behave":
            self._behave(step_s)
        elif self.reaching or self.giving:
            self._approach(target_m)
        self._walk(step_s)
        self._move_hand(step_s, target_m)

    def _behave(self, step_s: float) -> None:
        if self._way or self.settings.behaviour == "waiting":
            return
        if self._rest_s > 0.0:
            self._rest_s -= step_s
            return
        self._rest_s = self.settings.pause_s
        self._speed_mps = self.settings.speed_mps
        if self.settings.behaviour == "scripted":
            self._next = (self._next + 1) % len(self.settings.path_m)
            self._way.append(np.array(self.settings.path_m[self._next], dtype=np.float64))
        else:
            self._way.append(self._somewhere())

    def _somewhere(self) -> Array:
        """Return a place to wander to, such that the straight way there is clear."""
        low = self._around.outline_m.min(axis=0) + self._around.clear_m
        high = self._around.outline_m.max(axis=0) - self._around.clear_m
        for _ in range(200):
            place = self._rng.uniform(low, high)
            way = self.position_m + np.linspace(0.0, 1.0, 60)[:, None] * (place - self.position_m)
            if _inside(place, self._around.outline_m) and self._clear(way):
                return place
        return self.position_m.copy()

    def _clear(self, points: Array) -> bool:
        low, high = self._around.table_m
        margin = self._around.clear_m
        return not np.any(((points > low - margin) & (points < high + margin)).all(axis=1))

    def _approach(self, target_m: Array | None) -> None:
        """Stand so that part or gripper can be reached; at the handover place before that."""
        place = self._around.handover_m
        if target_m is not None:
            away = place - target_m[:2]
            distance = float(np.linalg.norm(away))
            if distance > TAKE_FROM_M:
                place = target_m[:2] + away * (TAKE_FROM_M / distance)
        self._way = deque([place])

    def _walk(self, step_s: float) -> None:
        """Move towards the next waypoint with bounded acceleration; stop at the last one."""
        wanted = np.zeros(2)
        while self._way:
            away = self._way[0] - self.position_m
            distance = float(np.linalg.norm(away))
            if len(self._way) > 1 and distance < PASSED_M:
                self._way.popleft()
                continue
            if len(self._way) == 1 and distance < ARRIVED_M:
                self._way.popleft()
                break
            # To the end of the way: braking there needs v^2 / 2a.
            left = distance + _length(self._way)
            speed = min(self._speed_mps, math.sqrt(2.0 * 0.8 * ACCELERATION_MPS2 * left))
            wanted = away / distance * speed
            break
        change = wanted - self.velocity_mps
        size = float(np.linalg.norm(change))
        most = ACCELERATION_MPS2 * step_s
        self.velocity_mps = self.velocity_mps + (change * (most / size) if size > most else change)
        self.position_m = self.position_m + self.velocity_mps * step_s
        speed = float(np.linalg.norm(self.velocity_mps))
        self._phase += body.phase_per_s(speed) * step_s
        if speed > 0.1:
            self._turn(math.atan2(self.velocity_mps[1], self.velocity_mps[0]), step_s)

    def _turn(self, towards_rad: float, step_s: float) -> None:
        error = math.remainder(towards_rad - self.heading_rad, math.tau)
        most = TURN_RADPS * step_s
        self.heading_rad += min(max(error, -most), most)

    def _move_hand(self, step_s: float, target_m: Array | None) -> None:
        """Bring the hand to the offered part or the gripper, before the belly with a part, else to
        the side."""
        height, stance = self.settings.height_m, self.stance
        target = body.hand_rest_m(height, stance)
        if self.carrying:
            target = body.carry_m(height, stance)
        if target_m is not None and not self.walking:
            away = target_m[:2] - self.position_m
            self._turn(math.atan2(away[1], away[0]), step_s)
            if body.reach_m(height, stance, target_m) < GRASP_M / 2.0:
                target = target_m
        if self.hand_m is None:
            self.hand_m = target
            return
        # The hand goes with the body, and moves against it at its own speed.
        here = self.hand_m + np.append(self.velocity_mps, 0.0) * step_s
        away = target - here
        distance = float(np.linalg.norm(away))
        most = HAND_MPS * step_s
        self.hand_m = here + (away * (most / distance) if distance > most else away)


def _length(way: Sequence[Array]) -> float:
    return float(sum(np.linalg.norm(b - a) for a, b in zip(way, list(way)[1:], strict=False)))


def _inside(point: Array, polygon: Array) -> bool:
    """Return whether a point lies in a polygon, by counting crossings."""
    x, y = point
    inside = False
    for (x1, y1), (x2, y2) in zip(polygon, np.roll(polygon, -1, axis=0), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) / (y2 - y1) * (x2 - x1):
            inside = not inside
    return inside
