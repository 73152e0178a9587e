"""What the picture of a stop shows: the cell's plan, and people, arm and distance as recorded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard

import numpy as np

from hrc_cell.adapters.record.picture import Area, Distance, Figure, Link, Plan, Sum
from hrc_cell.adapters.record.stops import Stop
from hrc_cell.cli.reasons import TERMS, Texts, known, metres, split
from hrc_cell.core.geometry import nearest_points
from hrc_cell.core.kinematics import Chain, capsules_at
from hrc_cell.settings.cell import Cell

Data = Mapping[str, Any]
STANDING_M = 0.3


def plan_of(
    stop: Stop, cell: Cell | None, chain: Chain | None, title: Sequence[str], texts: Texts
) -> Plan:
    """Return the picture's content at the beginning of a stop.

    Without the cell's files there is no floor and no arm, only who was where. What a line of the
    record should not hold is left out.
    """
    data = stop.first["data"]
    cause, culprit = split(stop.first)
    binding = data.get("human_id") or None if cause == "separation" else None
    people = [*_people(data, binding)]
    notes = [*_notes(stop, cell)]
    terms = [(texts[name], float(data[key])) for key, name in TERMS.items() if known(data.get(key))]
    distance = data.get("distance_m")
    sum_ = None
    if data.get("human_id") and len(terms) == len(TERMS):
        gone = metres(distance) if known(distance) else "?"
        sum_ = Sum(
            title=f"Needed: {metres(data.get('required_m'))}", terms=terms,
            distance_m=distance if known(distance) else None, distance_text=f"there: {gone}",
        )  # fmt: skip
    if cell is None or chain is None:
        return Plan(title=title, people=people, sum=sum_, notes=notes)
    arm = [*_arm(data, chain)]
    gap = _distance(data, chain, people) if binding else None
    zone = culprit if cause == "zone" else str(data.get("zone") or "")
    return Plan(
        title=title,
        outline_m=cell.zones.outline_m,
        areas=[
            Area(
                name=one.name, kind=one.kind, outline_m=one.outline_m,
                binding=cause == "zone" and one.name == zone,
            )
            for one in cell.zones.zones
        ],
        scanners=[(s.name, s.x_m, s.y_m, s.yaw_rad) for s in cell.file.scanners],
        arm=arm,
        base_m=(float(chain.base[0, 3]), float(chain.base[1, 3])),
        people=people,
        distance=gap,
        sum=sum_,
        notes=notes,
    )  # fmt: skip


def _people(data: Data, binding: Any) -> Iterator[Figure]:
    """Yield the recorded people, the binding one last and so on top."""
    people = [one for one in _mappings(data.get("people")) if _numbers(one.get("at_m"), 2)]
    for one in sorted(people, key=lambda one: one.get("id") == binding):
        (x, y), radius = one["at_m"], one.get("radius_m")
        hidden = bool(one.get("hidden"))
        number = one.get("id", 0)
        velocity = one.get("velocity_mps")
        yield Figure(
            label=f"person {number}{' (hidden)' if hidden else ''}",
            start_m=(x, y),
            end_m=(x, y),
            radius_m=_size(radius),
            velocity_mps=(velocity[0], velocity[1]) if _numbers(velocity, 2) else (0.0, 0.0),
            binding=number == binding,
            hidden=hidden,
        )
        for part in _mappings(one.get("parts")):
            start, end = part.get("start_m"), part.get("end_m")
            if _numbers(start, 3) and _numbers(end, 3):
                bound = number == binding and part.get("region") == data.get("body_part")
                yield Figure(
                    label="", start_m=(start[0], start[1]), end_m=(end[0] + 1e-6, end[1]),
                    radius_m=_size(part.get("radius_m")), binding=bound,
                )  # fmt: skip


def _arm(data: Data, chain: Chain) -> Iterator[Link]:
    """Yield the arm's capsules, where its joints were recorded."""
    position_rad = joints(data, chain)
    if position_rad is None:
        return
    for name, a, b, radius_m in zip(
        chain.capsule_names, *capsules_at(chain, position_rad), chain.capsule_radius_m, strict=True
    ):
        yield Link(
            name=name, start_m=(float(a[0]), float(a[1])), end_m=(float(b[0]), float(b[1])),
            radius_m=float(radius_m), binding=name == data.get("link"),
        )  # fmt: skip


def joints(data: Data, chain: Chain) -> list[float] | None:
    """Return the recorded joint positions of the arm, None where one is missing."""
    heard = data.get("joints_rad")
    if not isinstance(heard, Mapping) or not all(known(heard.get(j)) for j in chain.joints):
        return None
    return [float(heard[name]) for name in chain.joints]


def _distance(data: Data, chain: Chain, people: Sequence[Figure]) -> Distance | None:
    """Return the line from the binding link to the binding person's edge, seen from above."""
    position_rad = joints(data, chain)
    bound = [one for one in people if one.binding]
    if position_rad is None or not bound or data.get("link") not in chain.capsule_names:
        return None
    k = chain.capsule_names.index(data["link"])
    start, end = (ends[k] * (1.0, 1.0, 0.0) for ends in capsules_at(chain, position_rad))
    person = bound[-1]
    near = nearest_points(start, end, [*person.start_m, 0.0], [*person.end_m, 0.0])
    way = near.b_m - near.a_m
    length_m = float(np.hypot(way[0], way[1]))
    left = max(0.0, length_m - person.radius_m) / length_m if length_m > 0.0 else 0.0
    to = near.a_m + left * way
    needed, there = data.get("required_m"), data.get("distance_m")
    link_m = float(chain.capsule_radius_m[k])
    if not math.isfinite(length_m):
        return None
    return Distance(
        from_m=(float(near.a_m[0]), float(near.a_m[1])), to_m=(float(to[0]), float(to[1])),
        link_radius_m=link_m, text=f"{metres(there)}, needed {metres(needed)}",
        required_m=needed if known(needed) else None,
    )  # fmt: skip


def _notes(stop: Stop, cell: Cell | None) -> Iterator[str]:
    """Yield what must be known to read the picture rightly."""
    if cell is None:
        yield "The cell's own files are not here, so that its floor, zones and arm are not drawn."
    elif stop.about.get("safety_sha256") not in (None, cell.safety_sha256):
        yield "The cell's files have changed since: floor, zones and arm are those of now."
    if not stop.first["data"].get("people"):
        yield "The record does not say that anybody was seen."


def _mappings(values: Any) -> list[Data]:
    return [one for one in values if isinstance(one, Mapping)] if isinstance(values, list) else []


def _size(radius_m: Any) -> float:
    """Return a recorded radius, that of a standing person where there is none."""
    return float(radius_m) if known(radius_m) and radius_m >= 0.0 else STANDING_M


def _numbers(values: Any, count: int) -> TypeGuard[list[float]]:
    return isinstance(values, list) and len(values) == count and all(map(known, values))
