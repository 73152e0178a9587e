"""The plan of a cell, to scale: floor, zones, scanners, arm, handover place, grid and scale bar.

Drawn in millimetres on paper, x of the cell to the right and y up, at a round scale that fits A4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import count

import numpy as np

from hrc_cell.adapters.report.markup import Markup, joined, tag
from hrc_cell.core.kinematics import Array, Chain
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.zones import Corners, Zone

PAPER_MM = (172.0, 165.0)
MARGIN_MM = 9.0
SCALES = (10, 20, 25, 50, 100, 200, 250, 500, 1000)
BAR_MM = 8.0  # at the foot, for the scale bar
GRID_MM = 6.0  # lines of the grid are not nearer to each other
ARROW_MM = 9.0

Point = tuple[float, float]


def reach_m(chain: Chain) -> float:
    """Return how far from its base's middle, seen from above, any point of the arm can come.

    A bound from above: the lengths from joint to joint add up. What lies on the first joint's axis
    adds nothing where that axis is upright.
    """
    ways = np.linalg.norm(chain.origin[:, :3, 3], axis=-1)
    axis = chain.base[:3, :3] @ chain.origin[0, :3, :3] @ chain.axis[0]
    upright = abs(float(axis[2])) > 1.0 - 1e-9
    if upright:
        ways[0] = _beside(chain.origin[0, :3, 3], np.array([0.0, 0.0, 1.0]))
        ways[1] = _beside(chain.origin[1, :3, 3], chain.axis[0])
    to_link = np.concatenate([[0.0], np.cumsum(ways)])
    farthest = np.maximum(
        np.linalg.norm(chain.capsule_start, axis=-1), np.linalg.norm(chain.capsule_end, axis=-1)
    )
    if upright:
        first = chain.capsule_link == 1
        ends = (chain.capsule_start, chain.capsule_end)
        beside = [[_beside(end, chain.axis[0]) for end in side] for side in ends]
        farthest = np.where(first, np.max(beside, axis=0), farthest)
    return float(np.max(to_link[chain.capsule_link] + farthest + chain.capsule_radius_m))


def _beside(point: Array, axis: Array) -> float:
    """Return how far a point lies from a line through the origin."""
    return float(np.linalg.norm(np.cross(point, axis)))


def plan(cell: Cell, chain: Chain) -> tuple[Markup, int]:
    """Return the drawing, and the scale 1 : n that it has when printed at its own size."""
    reach = reach_m(chain)
    mount = cell.file.robot.mount
    paper = _Paper(cell, (mount.x_m, mount.y_m), reach)
    zones = sorted(cell.zones.zones, key=lambda zone: -_area(zone.outline_m))
    outline = tag("polygon", points=paper.points(cell.zones.outline_m), class_="floor")
    edge = tag("polygon", points=paper.points(cell.zones.outline_m), class_="outline")
    drawn = [
        outline, *(_zone(zone, paper) for zone in zones), _grid(paper), edge,
        *(_zone_name(zone, paper) for zone in zones), _arm(cell, reach, paper),
        _handover(cell, paper), *(_scanner(s.name, s.x_m, s.y_m, s.yaw_rad, paper)
                                  for s in cell.file.scanners),
        _bar(paper),
    ]  # fmt: skip
    svg = tag(
        "svg", tag("title", f"Plan of the cell {cell.file.name}"),
        joined(*drawn),
        width=f"{paper.width:.2f}mm", height=f"{paper.height:.2f}mm",
        viewBox=f"0 0 {paper.width:.2f} {paper.height:.2f}", class_="plan", role="img",
    )  # fmt: skip
    return svg, paper.scale


class _Paper:
    """Where a point of the floor lies on the paper."""

    def __init__(self, cell: Cell, base: Point, reach: float) -> None:
        self.outline = cell.zones.outline_m
        corners = [*self.outline, cell.zones.handover_m]
        corners += [corner for zone in cell.zones.zones for corner in zone.outline_m]
        corners += [(s.x_m, s.y_m) for s in cell.file.scanners]
        corners += [
            (base[0] + dx, base[1] + dy) for dx in (-reach, reach) for dy in (-reach, reach)
        ]
        self.low = [min(c[i] for c in corners) for i in (0, 1)]
        self.high = [max(c[i] for c in corners) for i in (0, 1)]
        span = [high - low for low, high in zip(self.low, self.high, strict=True)]
        room = [
            paper - 2 * MARGIN_MM - extra for paper, extra in zip(PAPER_MM, (0, 8), strict=True)
        ]
        self.scale = next(
            (n for n in SCALES if all(1000 * s / n <= r for s, r in zip(span, room, strict=True))),
            SCALES[-1],
        )
        self.mm_per_m = 1000.0 / self.scale
        self.width = span[0] * self.mm_per_m + 2 * MARGIN_MM
        self.height = span[1] * self.mm_per_m + 2 * MARGIN_MM + BAR_MM

    def at(self, point: Sequence[float]) -> Point:
        return (
            MARGIN_MM + (point[0] - self.low[0]) * self.mm_per_m,
            MARGIN_MM + (self.high[1] - point[1]) * self.mm_per_m,
        )

    def points(self, corners: Sequence[Sequence[float]]) -> str:
        return " ".join(f"{x:.2f},{y:.2f}" for x, y in map(self.at, corners))


def _area(corners: Corners) -> float:
    turned = [*corners[1:], *corners[:1]]
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(corners, turned, strict=True))) / 2.0


def _zone(zone: Zone, paper: _Paper) -> Markup:
    return tag("polygon", points=paper.points(zone.outline_m), class_=f"zone {zone.kind}")


def _zone_name(zone: Zone, paper: _Paper) -> Markup:
    corners = zone.outline_m
    if not corners:
        return Markup("")
    inside = min(corner[0] for corner in paper.outline)
    x, y = paper.at((max(min(c[0] for c in corners), inside), max(c[1] for c in corners)))
    text = f"{zone.name}: {zone.kind}" + "".join(
        (
            f", ratio {zone.speed_ratio:g}" if zone.speed_ratio else "",
            f", {zone.limit_mps:g} m/s" if zone.limit_mps else "",
            f", from {zone.time_to_reach_s:g} s" if zone.time_to_reach_s else "",
            ", until reset" if zone.restart == "manual" else "",
            f", {zone.band_m[0]:g} to {zone.band_m[1]:g} m high" if zone.band_m else "",
        )
    )
    return tag("text", text, x=f"{x + 2:.2f}", y=f"{y + 4.2:.2f}", class_="zone-name")


def _grid(paper: _Paper) -> Markup:
    step = next(s for s in (1, 2, 5, 10, 20, 50, 100) if s * paper.mm_per_m >= GRID_MM)
    marks = []
    (left, top), (right, floor) = (
        paper.at((paper.low[0], paper.high[1])),
        paper.at((paper.high[0], paper.low[1])),
    )
    for value in _within(paper.low[0], paper.high[0], step):
        x, _ = paper.at((value, 0.0))
        marks.append(tag("line", x1=_mm(x), x2=_mm(x), y1=_mm(top), y2=_mm(floor), class_="grid"))
        marks.append(tag("text", value, x=_mm(x), y=_mm(floor + 4), class_="tick mid"))
    for value in _within(paper.low[1], paper.high[1], step):
        _, y = paper.at((0.0, value))
        marks.append(tag("line", x1=_mm(left), x2=_mm(right), y1=_mm(y), y2=_mm(y), class_="grid"))
        marks.append(tag("text", value, x=_mm(left - 1.5), y=_mm(y + 1), class_="tick end"))
    marks.append(tag("text", "x [m]", x=_mm(right), y=_mm(floor + 7.5), class_="tick end"))
    marks.append(tag("text", "y [m]", x=_mm(left - 1.5), y=_mm(top - 3), class_="tick end"))
    return joined(*marks)


def _within(low: float, high: float, step: int) -> list[int]:
    first = math.ceil(low / step - 1e-9)
    values: list[int] = []
    for k in count(first):
        if k * step > high + 1e-9:
            return values
        values.append(k * step)
    return values


def _arm(cell: Cell, reach: float, paper: _Paper) -> Markup:
    mount = cell.file.robot.mount
    x, y = paper.at((mount.x_m, mount.y_m))
    ahead = paper.mm_per_m * 0.25
    tip = (x + ahead * math.cos(mount.yaw_rad), y - ahead * math.sin(mount.yaw_rad))
    r = reach * paper.mm_per_m
    return joined(
        tag("circle", cx=_mm(x), cy=_mm(y), r=_mm(r), class_="reach"),
        tag("circle", cx=_mm(x), cy=_mm(y), r=1.8, class_="base"),
        tag("path", d=f"M{_mm(x)} {_mm(y)}L{_mm(tip[0])} {_mm(tip[1])}", class_="heading"),
        tag("text", "arm", x=_mm(x), y=_mm(y - 3), class_="thing mid"),
        tag("text", f"reach {reach:.2f} m", x=_mm(x), y=_mm(y - r - 1), class_="thing mid"),
    )


def _handover(cell: Cell, paper: _Paper) -> Markup:
    x, y = paper.at(cell.zones.handover_m)
    cross = f"M{_mm(x - 1.2)} {_mm(y)}H{_mm(x + 1.2)}M{_mm(x)} {_mm(y - 1.2)}V{_mm(y + 1.2)}"
    return joined(
        tag("circle", cx=_mm(x), cy=_mm(y), r=2.4, class_="handover"),
        tag("path", d=cross, class_="heading"),
        tag("text", "handover", x=_mm(x + 3.4), y=_mm(y + 1), class_="thing"),
    )  # fmt: skip


def _scanner(name: str, x_m: float, y_m: float, yaw_rad: float, paper: _Paper) -> Markup:
    x, y = paper.at((x_m, y_m))
    dx, dy = math.cos(yaw_rad), -math.sin(yaw_rad)
    tip = (x + ARROW_MM * dx, y + ARROW_MM * dy)
    wings = " ".join(
        f"{_mm(tip[0] - 2.2 * dx + side * dy)},{_mm(tip[1] - 2.2 * dy - side * dx)}"
        for side in (-0.9, 0.9)
    )
    return joined(
        tag("path", d=f"M{_mm(x)} {_mm(y)}L{_mm(tip[0])} {_mm(tip[1])}", class_="heading"),
        tag("polygon", points=f"{_mm(tip[0])},{_mm(tip[1])} {wings}", class_="scanner"),
        tag("rect", x=_mm(x - 1.4), y=_mm(y - 1.4), width=2.8, height=2.8, class_="scanner"),
        tag("text", f"scanner {name}", x=_mm(tip[0] + 1.2), y=_mm(tip[1] + 1), class_="thing"),
    )


def _bar(paper: _Paper) -> Markup:
    long = paper.mm_per_m * next(s for s in (1, 2, 5, 10, 20, 50) if s * paper.mm_per_m >= 10.0)
    y, x = paper.height - 2.0, MARGIN_MM
    text = f"{long / paper.mm_per_m:g} m, scale 1 : {paper.scale} where printed at 100 %"
    return joined(
        tag("path", d=f"M{_mm(x)} {_mm(y - 2)}V{_mm(y)}H{_mm(x + long)}V{_mm(y - 2)}",
            class_="heading"),
        tag("text", text, x=_mm(x + long + 2), y=_mm(y), class_="tick"),
    )  # fmt: skip


def _mm(value: float) -> str:
    return f"{value:.2f}"
