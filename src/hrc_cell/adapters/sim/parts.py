"""The parts: in the tray, in the gripper, with a person, or dropped.

Parts are moved, not simulated: a part in the gripper keeps its place in the hand, a part with a
person goes with the person, a part that nobody holds falls straight down and lies. What the
gripper feels is kept: a part between its pads stops them a part's width apart.

A part is picked when the pads have closed on it, and let go when they open. A person who reaches
for it with the hand at the part gets it then; closing pads also pick the part that a person holds
between them, and the person lets it go. The tray is a feeder: place tray_1 is where the
robot picks; when it has been empty for a while and the hand is away, every part moves up one
place. When tray and gripper have been empty for a while, somebody fills the tray again.

Metres, seconds, cell frame; time advances only by `update`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.sim import body
from hrc_cell.adapters.sim.people import Person
from hrc_cell.adapters.sim.scene import PART_HALF_M, Scene

Array = npt.NDArray[np.float64]

GRAVITY_MPS2 = 9.81
OFFER_M = 0.15  # a part this near the handover place is offered
AWAY_M = 0.12  # the hand this far from tray_1 is out of the feeder's way
SLOT_M = 0.05  # a part set down this near a tray place stands on it
BETWEEN_M = (0.012, 0.02, 0.03)  # part's centre from tool0 along the tool's axes: between the pads
CLOSED_ON_RAD, OPENED_RAD, NEAR_RAD = 0.04, 0.08, 0.3  # above the angle at which the pads touch it
TABLE_M = 0.5  # what lies lower than this lies on the floor


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """The gripper as the parts meet it."""

    position_m: Array  # (3,) of tool0
    turn: Array  # (3, 3) tool axes in the cell frame, as columns
    angle_rad: float


@dataclass(slots=True, kw_only=True)
class Part:
    """One part; `place` is tray_<n>, gripper, person_<n>, table or floor."""

    name: str
    place: str
    position_m: Array
    turn: Array = field(default_factory=lambda: np.eye(3))
    grip: tuple[Array, Array] | None = None  # pose in the tool's frame, while held
    fall_mps: float | None = None  # speed downwards; None: it lies
    held_in: bool = False  # a person holds it between the pads


class Parts:
    """All parts of the cell."""

    def __init__(
        self, scene: Scene, *, feed_s: float, refill_s: float,
        support_m: Callable[[Array], float],
    ) -> None:  # fmt: skip
        """`support_m` returns the height of what is straight below a point."""
        self._scene, self._support_m = scene, support_m
        self._feed_s, self._refill_s = feed_s, refill_s
        self._empty_s = self._out_s = 0.0
        self._came_full = False  # the hand to the handover place, with a part
        self.parts = [
            Part(name=name, place="", position_m=np.zeros(3)) for name in scene.part_names
        ]
        self._fill()

    @property
    def held(self) -> Part | None:
        """Return the part in the gripper."""
        return next((part for part in self.parts if part.place == "gripper"), None)

    def offer_m(self) -> Array | None:
        """Return where a part that was brought is held out at the handover place, None: none is."""
        part = self.held
        if part is None or not self._came_full:
            return None
        away = np.linalg.norm(part.position_m - self._scene.handover_m)
        return part.position_m if away < OFFER_M else None

    def wanted_m(self, hand: Hand) -> Array | None:
        """Return where a part is to be held in, None if the gripper did not come open and empty.

        Until the pads have closed: whoever holds the part in waits for them.
        """
        room = self.held is None and hand.angle_rad > self._scene.hold_rad - CLOSED_ON_RAD
        wanted = room and not self._came_full and self._at_handover(hand)
        return hand.position_m if wanted else None

    def _at_handover(self, hand: Hand) -> bool:
        return bool(np.linalg.norm(hand.position_m - self._scene.handover_m) < OFFER_M)

    def sensors(self) -> tuple[tuple[str, ...], tuple[bool, ...]]:
        """Return the sensed places and whether each is occupied."""
        tray = tuple(f"tray_{number + 1}" for number in range(len(self.parts)))
        places = {part.place for part in self.parts}
        at_handover = any(
            np.linalg.norm(part.position_m - self._scene.handover_m) < OFFER_M
            for part in self.parts
        )
        return (
            ("gripper", "handover", *tray),
            ("gripper" in places, bool(at_handover), *(slot in places for slot in tray)),
        )

    def between_pads(self, hand: Hand) -> Part | None:
        """Return the part that closing pads would meet."""
        for part in self.parts:
            if part.place.startswith("person_") and not part.held_in:
                continue
            offset = hand.turn.T @ (part.position_m - hand.position_m)
            along = abs(float(part.turn[:, 2] @ hand.turn[:, 2]))
            if np.all(np.abs(offset) <= BETWEEN_M) and along > 0.95:
                return part
        return None

    def stop_rad(self, hand: Hand) -> float | None:
        """Return the angle at which a part stops the closing pads, None: none is between them."""
        hold = self._scene.hold_rad
        near = hold - CLOSED_ON_RAD <= hand.angle_rad <= hold + NEAR_RAD
        if self.held is not None or (near and self.between_pads(hand) is not None):
            return hold
        return None

    def update(self, step_s: float, hand: Hand, people: Sequence[Person]) -> None:
        """Go on for `step_s`."""
        self._grasp(hand, people)
        for part in self.parts:
            if part.fall_mps is not None:
                self._fall(part, part.fall_mps + GRAVITY_MPS2 * step_s, step_s)
        self._follow_people(people, hand)
        if not self._at_handover(hand):
            self._came_full = self.held is not None
        self._feed(step_s, hand)
        self._refill(step_s, people)

    def _grasp(self, hand: Hand, people: Sequence[Person]) -> None:
        hold, part = self._scene.hold_rad, self.held
        if part is None:
            part = self.between_pads(hand)
            if part is None or abs(hand.angle_rad - hold) > CLOSED_ON_RAD:
                return
            offset = hand.turn.T @ (part.position_m - hand.position_m)
            offset[1] = 0.0  # the pads centre it
            part.grip = (offset, hand.turn.T @ part.turn)
            giver = next((p for p in people if part.place == f"person_{p.number}"), None)
            if giver is not None:
                giver.gave()
            part.place, part.fall_mps, part.held_in = "gripper", None, False
        offset, turn = part.grip or (np.zeros(3), np.eye(3))
        part.position_m = hand.position_m + hand.turn @ offset
        part.turn = hand.turn @ turn
        if hand.angle_rad > hold + OPENED_RAD:
            self._let_go(part, people)

    def _let_go(self, part: Part, people: Sequence[Person]) -> None:
        part.grip = None
        taker = next((person for person in people if person.near(part.position_m)), None)
        if taker is not None:
            # The newest part stands last: that is the one in the hand.
            self.parts.remove(part)
            self.parts.append(part)
            part.place = f"person_{taker.number}"
            taker.received()
        else:
            part.place, part.fall_mps = self._below(part), 0.0

    def _below(self, part: Part) -> str:
        """Return the name of the place that a part let go here comes to lie on."""
        support = self._support_m(part.position_m)
        for number, slot in enumerate(self._scene.tray_m[: len(self.parts)]):
            near = float(np.linalg.norm(part.position_m[:2] - slot[:2])) < SLOT_M
            taken = any(p.place == f"tray_{number + 1}" for p in self.parts if p is not part)
            if near and not taken and abs(support - slot[2]) < 0.01:
                return f"tray_{number + 1}"
        return "table" if support > TABLE_M else "floor"

    def _fall(self, part: Part, speed_mps: float, step_s: float) -> None:
        lowest = self._support_m(part.position_m) + PART_HALF_M[2]
        part.position_m = part.position_m - np.array([0.0, 0.0, speed_mps * step_s])
        part.fall_mps = speed_mps
        if part.position_m[2] <= lowest:
            part.position_m[2] = lowest
            part.turn, part.fall_mps = np.eye(3), None

    def _follow_people(self, people: Sequence[Person], hand: Hand) -> None:
        for person in people:
            mine = [part for part in self.parts if part.place == f"person_{person.number}"]
            for part in mine:
                part.turn = np.eye(3)
                part.held_in = part is mine[-1] and person.holds_in(hand.position_m)
                if part.held_in:  # as the pads want it
                    part.turn = hand.turn
                if person.carrying and part is mine[-1]:
                    part.position_m = body.hand_m(person.settings.height_m, person.stance)
                else:  # earlier ones are in a bag
                    x, y = person.position_m
                    part.position_m = np.array([x, y, 0.5 * person.settings.height_m])

    def _feed(self, step_s: float, hand: Hand) -> None:
        """Move the parts up, once the first place has been empty long enough."""
        waiting = self._waiting()
        clear = np.linalg.norm(hand.position_m - self._first_m()) > AWAY_M
        if not waiting or waiting[0][0] == 1 or not clear:
            self._empty_s = 0.0
            return
        self._empty_s += step_s
        if self._empty_s >= self._feed_s:
            self._empty_s = 0.0
            for number, (_, part) in enumerate(waiting):
                self._stand(part, number)

    def _waiting(self) -> list[tuple[int, Part]]:
        """Return (number of the place, part) of all in the tray, first place first."""
        found = [
            (int(part.place.removeprefix("tray_")), part)
            for part in self.parts
            if part.place.startswith("tray_")
        ]
        return sorted(found, key=lambda entry: entry[0])

    def _refill(self, step_s: float, people: Sequence[Person]) -> None:
        if self.held is not None or self._waiting():
            self._out_s = 0.0
            return
        self._out_s += step_s
        if self._out_s >= self._refill_s:
            self._out_s = 0.0
            self._fill()
            for person in people:
                person.gave_up()

    def _fill(self) -> None:
        self.parts.sort(key=lambda part: self._scene.part_names.index(part.name))
        for number, part in enumerate(self.parts):
            self._stand(part, number)

    def _stand(self, part: Part, number: int) -> None:
        part.place = f"tray_{number + 1}"
        part.position_m = self._scene.tray_m[number] + np.array([0.0, 0.0, PART_HALF_M[2]])
        part.turn, part.fall_mps, part.grip = np.eye(3), None, None

    def _first_m(self) -> Array:
        first: Array = self._scene.tray_m[0] + np.array([0.0, 0.0, PART_HALF_M[2]])
        return first
