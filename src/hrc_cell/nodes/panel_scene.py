"""What the page draws in space: the motors' angles, people as the monitor judges them, the pair
that binds. Metres in the cell frame, radians; what is unknown is null.

People are made from the same messages by the same functions as in the monitor (`safety_wire`,
`core.bodies`): upright capsules as high as a person may be, the parts of a body where they stand in
for one. The line runs from surface to surface of the pair that the permit names, where the newest
messages have it; its numbers are those of the permit.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from hrc_cell.core.bodies import Sighting, fuse, sources_of
from hrc_cell.core.geometry import nearest_points
from hrc_cell.core.kinematics import Array, Chain, capsules_at
from hrc_cell.core.observed import nobody
from hrc_cell.core.people import People
from hrc_cell.nodes import safety_wire
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.contact import REGIONS

Heard = tuple[Any, float]
"""A message, and when it came in seconds of the monotonic clock."""


class Scene:
    """Turns the newest messages into what is drawn. `age_s` gives the age of a stamp."""

    def __init__(self, cell: Cell, chain: Chain, age_s: Callable[[Any], float]) -> None:
        self._cell, self._chain, self._age_s = cell, chain, age_s
        self._sources = sources_of(tuple(source.name for source in cell.file.bodies))

    def section(self, newest: dict[str, Heard], now_s: float) -> dict[str, Any]:
        """Return the section of the state; `newest` holds messages by topic."""
        motors = newest["motor_states"][0] if "motor_states" in newest else None
        permit = newest["safety_state"][0] if "safety_state" in newest else None
        people = self._people(newest, now_s)
        angles = {} if motors is None else {m.joint: _number(m.position_rad) for m in motors.motors}
        return {
            "angles": angles,
            "people": None if people is None else _capsules(people),
            "pair": _pair(permit, people, self._chain, angles),
        }

    def _people(self, newest: dict[str, Heard], now_s: float) -> People | None:
        """Return everybody as the monitor counts them, None where nobody told of people."""
        safety, humans = self._cell.file.safety, self._in_frame(newest, "humans")
        sightings = []
        for source in self._cell.file.bodies:
            topic = f"bodies/{source.name}"
            message = self._in_frame(newest, topic)
            if message is not None:
                bodies, heard_s = safety_wire.bodies(message), now_s - newest[topic][1]
                age_s = self._age_s(message.header.stamp)
                sightings.append(Sighting(source, age_s, heard_s, bodies))
        if humans is None and not sightings:
            return None
        seen = nobody(safety) if humans is None else safety_wire.people(humans, safety)
        return fuse(
            seen,
            () if humans is None else safety_wire.hidden(humans),
            sightings,
            people_age_s=math.inf if humans is None else self._age_s(humans.header.stamp),
            sources=self._sources,
            safety=safety,
        )

    def _in_frame(self, newest: dict[str, Heard], topic: str) -> Any:
        """Return the newest message of people, None where there is none in the cell frame."""
        message = newest[topic][0] if topic in newest else None
        frame = self._cell.file.frame
        return message if message is not None and message.header.frame_id == frame else None


def _capsules(people: People) -> list[dict[str, Any]]:
    """Return each capsule with the number of its person."""
    return [
        {"id": int(owner), "from": _point(start), "to": _point(end), "r": _number(radius)}
        for owner, start, end, radius, present in zip(
            people.owner, people.start_m, people.end_m, people.radius_m, people.present,
            strict=True,
        )
        if present
    ]  # fmt: skip


def _pair(
    permit: Any, people: People | None, chain: Chain, angles: dict[str, float | None]
) -> dict[str, Any] | None:
    """Return the line between the binding person and link, from surface to surface.

    `from` and `to` are its ends, `way` points from the link to the person. None while nobody binds.
    """
    q = np.array([angles.get(name) for name in chain.joints], dtype=np.float64)
    if permit is None or people is None or permit.link not in chain.capsule_names:
        return None
    mine = people.present & (people.owner == permit.human_id)
    if permit.body_part in REGIONS:
        mine &= people.region == REGIONS.index(permit.body_part)
    k = chain.capsule_names.index(permit.link)
    start, end = (ends[k] for ends in capsules_at(chain, q))
    near = nearest_points(start, end, people.start_m[mine], people.end_m[mine])
    gap_m = near.distance_m - people.radius_m[mine]
    if not permit.human_id or not np.isfinite(gap_m).any():
        return None
    which = int(np.nanargmin(gap_m))
    a, b = near.a_m[which], near.b_m[which]
    apart_m = float(near.distance_m[which])
    way = (b - a) / apart_m if apart_m > 0.0 else np.zeros(3)
    link_m = float(chain.capsule_radius_m[k])
    reach_m = max(0.0, float(gap_m[which]))
    return {
        "from": _point(a + min(link_m, reach_m) * way), "to": _point(a + reach_m * way),
        "way": _point(way),
    }  # fmt: skip


def _point(at: Array) -> list[float | None]:
    return [_number(value) for value in at]


def _number(value: float) -> float | None:
    return round(float(value), 4) if math.isfinite(value) else None
