"""What the cell knows, as markers for RViz and Foxglove. Metres, in the cell frame alone.

Each namespace can be switched on and off there: zones, people, arm, separation, scans, status.
Markers live LIFETIME_S, so that none stays when the node that sends them has gone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from builtin_interfaces.msg import Duration
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from hrc_cell_interfaces.msg import Human, Humans, MotionPermit, MotorStates
from sensor_msgs.msg import LaserScan
from std_msgs.msg import ColorRGBA
from visualization_msgs.msg import Marker

from hrc_cell.adapters.triangles import triangles
from hrc_cell.core.geometry import nearest_points, polygon_distance
from hrc_cell.core.kinematics import Array, Chain, capsules_at
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.sensing import Scanner

LIFETIME_S = 1.0
LINE_M, RING_CORNERS, ABOVE_M = 0.03, 72, 0.01
Rgb = tuple[float, float, float]
KINDS: dict[str, Rgb] = {
    "stop": (0.70, 0.15, 0.12), "slow": (0.85, 0.60, 0.05),
    "limit": (0.10, 0.45, 0.75), "approach": (0.45, 0.35, 0.70),
}  # fmt: skip
OTHER, GREY, PERSON, ARM = (0.4, 0.4, 0.4), (0.5, 0.5, 0.5), (0.25, 0.5, 0.8), (0.3, 0.34, 0.38)
BINDING, ENOUGH, SCAN, WORDS = (0.95, 0.65, 0.0), (0.2, 0.6, 0.3), (0.0, 0.7, 0.7), (1.0, 1.0, 1.0)


def zones(cell: Cell, permit: MotionPermit | None, humans: Humans | None) -> Iterator[Marker]:
    """Yield area and outline of each zone: brighter where somebody is, grey where it is muted."""
    for index, zone in enumerate(cell.zones.zones):
        corners = zone.outline_m
        muted = permit is not None and zone.name in permit.muted
        rgb = GREY if muted else KINDS.get(zone.kind, OTHER)
        taken = (
            not muted and humans is not None and any(_touches(h, corners) for h in humans.humans)
        )
        binds = permit is not None and permit.zone == zone.name
        height_m = ABOVE_M * (1 + index)  # so that none lies within another
        at = [Point(x=float(x), y=float(y), z=height_m) for x, y in corners]
        area = _marker("zones", 2 * index, Marker.TRIANGLE_LIST, rgb, 0.45 if taken else 0.15)
        area.scale = Vector3(x=1.0, y=1.0, z=1.0)
        area.points = [at[k] for three in triangles(corners) for k in three]
        edge = _marker("zones", 2 * index + 1, Marker.LINE_STRIP, rgb, 1.0 if taken else 0.7)
        edge.scale.x = (3.0 if binds else 1.0) * LINE_M
        edge.points = [*at, at[0]]
        yield from (area, edge)


def people(humans: Humans, permit: MotionPermit | None, height_m: float) -> Iterator[Marker]:
    """Yield everybody: an upright cylinder, or the parts of the body where they are told."""
    binding = permit.human_id if permit is not None else 0
    number = 0
    for human in humans.humans:
        place = (human.position.x, human.position.y, human.radius_m)
        if not all(map(math.isfinite, place)):
            continue  # status says that somebody is at an unknown place
        rgb = BINDING if human.id and human.id == binding else PERSON
        alpha = 0.2 if human.hidden else 0.55 if human.confirmed else 0.35
        if human.parts:
            for part in human.parts:
                start, end = _array(part.start), _array(part.end)
                for marker in _capsule("people", number, start, end, part.radius_m, rgb, alpha):
                    number += 1
                    yield marker
        else:
            body = _marker("people", number, Marker.CYLINDER, rgb, alpha)
            body.pose.position = Point(x=place[0], y=place[1], z=height_m / 2.0)
            body.scale = Vector3(x=2.0 * place[2], y=2.0 * place[2], z=height_m)
            number += 1
            yield body
        sign = " (hidden)" if human.hidden else "" if human.confirmed else " ?"
        at = (place[0], place[1], height_m + 0.15)
        yield _text("people", number, f"{human.id}{sign}", at)
        number += 1


def arm(chain: Chain, position_rad: Array, permit: MotionPermit | None) -> Iterator[Marker]:
    """Yield the capsules around the arm's links, the binding one in colour."""
    link = permit.link if permit is not None else ""
    ends = capsules_at(chain, position_rad)
    number = 0
    for name, start, end, radius_m in zip(
        chain.capsule_names, *ends, chain.capsule_radius_m, strict=True
    ):
        rgb = BINDING if name == link else ARM
        for marker in _capsule("arm", number, start, end, float(radius_m), rgb, 0.9):
            number += 1
            yield marker


def separation(
    permit: MotionPermit, humans: Humans, chain: Chain, position_rad: Array, height_m: float
) -> Iterator[Marker]:
    """Yield the line between the binding pair, its numbers, and the ring of what is needed.

    The ring lies on the floor, as far around the link as the person's edge must at least be.
    """
    bound = [h for h in humans.humans if h.id == permit.human_id and h.id]
    if not bound or permit.link not in chain.capsule_names:
        return
    k = chain.capsule_names.index(permit.link)
    start, end = (ends[k] for ends in capsules_at(chain, position_rad))
    link_m = float(chain.capsule_radius_m[k])
    a, b, radius_m = _axis_of(bound[0], permit.body_part, height_m)
    near = nearest_points(start, end, a, b)
    way = near.b_m - near.a_m
    apart_m = float(np.linalg.norm(way))
    if not (math.isfinite(apart_m) and math.isfinite(radius_m)):
        return
    unit = way / apart_m if apart_m > 0.0 else way
    inside_m = min(apart_m, radius_m)
    close = not permit.distance_m > permit.required_m
    rgb = BINDING if close else ENOUGH
    line = _marker("separation", 0, Marker.LINE_LIST, rgb, 1.0)
    line.scale.x = LINE_M
    line.points = [_point(near.a_m), _point(near.b_m - inside_m * unit)]
    text = f"{_metres(permit.distance_m)} / {_metres(permit.required_m)}"
    middle = (near.a_m + near.b_m) / 2.0
    yield line
    yield _text("separation", 1, text, (middle[0], middle[1], middle[2] + 0.2))
    if math.isfinite(permit.required_m):
        ring_m = permit.required_m + link_m
        ring = _marker("separation", 2, Marker.LINE_STRIP, rgb, 0.9)
        ring.scale.x = LINE_M
        turns = (2.0 * math.pi * i / RING_CORNERS for i in range(RING_CORNERS + 1))
        x, y = float(near.a_m[0]), float(near.a_m[1])
        ring.points = [
            Point(x=x + ring_m * math.cos(turn), y=y + ring_m * math.sin(turn), z=10 * ABOVE_M)
            for turn in turns
        ]
        yield ring


def scan(index: int, scanner: Scanner, heard: LaserScan) -> Marker:
    """Return the echoes of one scan as points of the cell frame: no transforms are needed."""
    ranges = np.asarray(heard.ranges, dtype=np.float64)
    angle = scanner.yaw_rad + heard.angle_min + heard.angle_increment * np.arange(len(ranges))
    seen = np.isfinite(ranges) & (ranges >= heard.range_min) & (ranges <= heard.range_max)
    x = scanner.x_m + ranges[seen] * np.cos(angle[seen])
    y = scanner.y_m + ranges[seen] * np.sin(angle[seen])
    marker = _marker("scans", index, Marker.POINTS, SCAN, 1.0)
    marker.scale = Vector3(x=LINE_M, y=LINE_M, z=0.0)
    marker.points = [
        Point(x=px, y=py, z=scanner.z_m) for px, py in zip(x.tolist(), y.tolist(), strict=True)
    ]
    return marker


def status(missing: Sequence[str], humans: Humans | None, at: Sequence[float]) -> Iterator[Marker]:
    """Yield words on what is not drawn, because it is old or nowhere."""
    lines = [f"no {what}" for what in missing]
    for human in [] if humans is None else humans.humans:
        if not all(map(math.isfinite, (human.position.x, human.position.y, human.radius_m))):
            lines.append(f"person {human.id} at an unknown place")
    if lines:
        yield _text("status", 0, "\n".join(lines), at)


def joints_of(motors: MotorStates, chain: Chain) -> Array | None:
    """Return the joint positions (n,) of the arm, None where one is not known."""
    heard = {motor.joint: motor.position_rad for motor in motors.motors}
    found = np.array([heard.get(name, math.nan) for name in chain.joints], dtype=np.float64)
    return found if np.isfinite(found).all() else None


def clear() -> Marker:
    """Return the marker that takes all others away: it comes first in each array."""
    return Marker(action=Marker.DELETEALL)


def _touches(human: Human, corners: Any) -> bool:
    """Return whether somebody touches a zone; who is at an unknown place does."""
    apart = polygon_distance([human.position.x, human.position.y], corners)
    return not bool(apart > human.radius_m)


def _axis_of(human: Human, part: str, height_m: float) -> tuple[Array, Array, float]:
    """Return axis and radius of the binding part of a person, of the upright envelope without."""
    for one in human.parts:
        if one.region == part:
            return _array(one.start), _array(one.end), one.radius_m
    foot = np.array([human.position.x, human.position.y, 0.0])
    top = np.array([foot[0], foot[1], max(0.0, height_m - human.radius_m)])
    return foot, top, human.radius_m


def _capsule(
    ns: str, number: int, start: Array, end: Array, radius_m: float, rgb: Rgb, alpha: float
) -> Iterator[Marker]:
    """Yield a capsule as two balls and the cylinder between them."""
    balls = _marker(ns, number, Marker.SPHERE_LIST, rgb, alpha)
    balls.scale = Vector3(x=2.0 * radius_m, y=2.0 * radius_m, z=2.0 * radius_m)
    balls.points = [_point(start), _point(end)]
    yield balls
    way = end - start
    length_m = float(np.linalg.norm(way))
    if length_m > 1e-6:
        rod = _marker(ns, number + 1, Marker.CYLINDER, rgb, alpha)
        rod.pose = Pose(position=_point((start + end) / 2.0), orientation=_upright_to(way))
        rod.scale = Vector3(x=2.0 * radius_m, y=2.0 * radius_m, z=length_m)
        yield rod


def _upright_to(way: Array) -> Quaternion:
    """Return the shortest turn that brings the z axis along a way."""
    x, y, z = (float(v) for v in way / np.linalg.norm(way))
    if z < -1.0 + 1e-9:
        return Quaternion(x=1.0, y=0.0, z=0.0, w=0.0)
    w = math.sqrt((1.0 + z) / 2.0)
    return Quaternion(x=-y / (2.0 * w), y=x / (2.0 * w), z=0.0, w=w)


def _marker(ns: str, number: int, kind: int, rgb: Rgb, alpha: float) -> Marker:
    marker = Marker(ns=ns, id=number, type=kind, action=Marker.ADD)
    marker.pose.orientation.w = 1.0
    marker.color = ColorRGBA(r=rgb[0], g=rgb[1], b=rgb[2], a=alpha)
    whole = int(LIFETIME_S)
    marker.lifetime = Duration(sec=whole, nanosec=int((LIFETIME_S - whole) * 1e9))
    return marker


def _text(ns: str, number: int, text: str, at: Sequence[float]) -> Marker:
    marker = _marker(ns, number, Marker.TEXT_VIEW_FACING, WORDS, 1.0)
    marker.text, marker.scale.z = text, 0.22
    marker.pose.position = Point(x=float(at[0]), y=float(at[1]), z=float(at[2]))
    return marker


def _metres(value: float) -> str:
    return f"{value:.2f} m" if math.isfinite(value) else "?"


def _point(at: Array) -> Point:
    return Point(x=float(at[0]), y=float(at[1]), z=float(at[2]))


def _array(at: Point) -> Array:
    return np.array([at.x, at.y, at.z], dtype=np.float64)
