"""Plots as SVG: a line or stacked areas over one axis, labelled where they end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.report.markup import Markup, joined, tag

Array = npt.NDArray[np.float64]

WIDE, HALF = 680.0, 330.0  # width of a drawing, in its own units
HEIGHT = 280.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 52.0, 14.0, 44.0
LABEL_APART = 15.0
SHADES = ("#33506b", "#6f8fae", "#9db4c9", "#d8dfe6", "#b8a07a", "#7d6a4a")
TICKS = 6
SERIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One axis from 0 to a round number, and where it lies in the drawing."""

    text: str
    top: float
    begin: float
    length: float  # negative: upwards

    @property
    def step(self) -> float:
        """Return the way from one tick to the next, 1, 2 or 5 times a power of ten."""
        return nice_step(self.top / TICKS)

    @property
    def end(self) -> float:
        """Return where the axis ends, at the first tick from `top` on."""
        return self.step * max(1, math.ceil(self.top / self.step - 1e-9))

    def at(self, value: float) -> float:
        """Return where a value lies."""
        return self.begin + self.length * value / self.end

    @property
    def ticks(self) -> list[float]:
        """Return the values that are marked."""
        return [k * self.step for k in range(round(self.end / self.step) + 1)]


def nice_step(least: float) -> float:
    """Return the least 1, 2 or 5 times a power of ten that is not below `least`.

    >>> nice_step(0.3)
    0.5
    """
    if not least > 0.0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * m for m in (1.0, 2.0, 5.0, 10.0) if power * m >= least * (1.0 - 1e-9))


def stacked(
    x: Array, layers: Sequence[tuple[str, Array]], *, x_text: str, y_text: str, title: str
) -> Markup:
    """Return areas that stand on each other over x, lowest first, and the line of their sum."""
    heights = np.cumsum([height for _, height in layers], axis=0)
    across, up = _axes(WIDE, x, float(heights.max()), x_text, y_text)
    below = np.zeros_like(x)
    drawn, labels = [], []
    for (name, _), above, shade in zip(layers, heights, SHADES, strict=False):
        edge = [*zip(x, above, strict=True), *reversed([*zip(x, below, strict=True)])]
        drawn.append(tag("polygon", points=_points(edge, across, up), fill=shade, class_="layer"))
        labels.append((name, float(above[-1] + below[-1]) / 2.0))
        below = above
    sum_line = [*zip(x, heights[-1], strict=True)]
    drawn.append(tag("polyline", points=_points(sum_line, across, up), class_="line"))
    return _framed(WIDE, title, across, up, joined(*drawn), labels)


def line(x: Array, y: Array, *, name: str, x_text: str, y_text: str, title: str) -> Markup:
    """Return one curve over x, half as wide as a page."""
    across, up = _axes(HALF, x, float(y.max()), x_text, y_text)
    drawn = tag("polyline", points=_points([*zip(x, y, strict=True)], across, up), class_="line")
    return _framed(HALF, title, across, up, drawn, [(name, float(y[-1]))])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Marked:
    """What is counted, in steps that end at x, and what was seen: place, value, spread."""

    name: str
    x: Array
    y: Array
    marks: tuple[tuple[float, float, float], ...]


def marked(curves: Sequence[Marked], *, x_text: str, y_text: str, title: str) -> Markup:
    """Return steps with marks and their spread, half as wide as a page."""
    x = np.array([0.0, max(float(curve.x[-1]) for curve in curves)])
    seen = [value + spread for curve in curves for _, value, spread in curve.marks]
    top = max([*(float(curve.y.max()) for curve in curves), *seen])
    across, up = _axes(HALF, x, top, x_text, y_text)
    drawn, labels = [], []
    for at, curve in enumerate(curves):
        steps = np.concatenate([[0.0], np.repeat(curve.x, 2)[:-1]])
        points = [*zip(steps, np.repeat(curve.y, 2), strict=True)]
        drawn.append(
            tag("polyline", points=_points(points, across, up), class_=f"line of-{at % SERIES}")
        )
        for place, value, spread in curve.marks:
            where = across.at(place)
            low, high = up.at(max(value - spread, 0.0)), up.at(value + spread)
            drawn.append(tag("path", d=f"M{where:.2f} {low:.2f}V{high:.2f}", class_="spread"))
            drawn.append(
                tag("circle", cx=f"{where:.2f}", cy=f"{up.at(value):.2f}", r=3,
                    class_=f"mark of-{at % SERIES}")
            )  # fmt: skip
        labels.append((curve.name, float(curve.y[-1])))
    return _framed(HALF, title, across, up, joined(*drawn), labels)


def _axes(width: float, x: Array, top: float, x_text: str, y_text: str) -> tuple[Axis, Axis]:
    floor = HEIGHT - BOTTOM
    across = Axis(text=x_text, top=float(x[-1]), begin=LEFT, length=width - LEFT - RIGHT)
    return across, Axis(text=y_text, top=top, begin=floor, length=TOP - floor)


def _framed(
    width: float, title: str, across: Axis, up: Axis, inside: Markup,
    labels: Sequence[tuple[str, float]],
) -> Markup:  # fmt: skip
    """Return the drawing with axes, grid below it and labels at its right end."""
    right, floor = width - RIGHT, HEIGHT - BOTTOM
    below, above = [], []
    for value in up.ticks:
        y = up.at(value)
        below.append(tag("line", x1=LEFT, x2=right, y1=y, y2=y, class_="grid"))
        above.append(tag("text", f"{value:.6g}", x=LEFT - 8, y=y + 4, class_="tick end"))
    for value in across.ticks:
        x = across.at(value)
        above.append(tag("line", x1=x, x2=x, y1=floor, y2=floor + 5, class_="axis"))
        above.append(tag("text", f"{value:.6g}", x=x, y=floor + 18, class_="tick mid"))
    middle = (TOP + floor) / 2
    turned = f"rotate(-90 12 {middle:g})"
    above += [
        tag("line", x1=LEFT, x2=right, y1=floor, y2=floor, class_="axis"),
        tag("text", across.text, x=(LEFT + right) / 2, y=HEIGHT - 6, class_="mid"),
        tag("text", up.text, x=12, y=middle, transform=turned, class_="mid"),
    ]
    end = across.at(across.top)
    wanted = sorted((up.at(value), name) for name, value in labels)
    for (y, name), free in zip(wanted, _apart([y for y, _ in wanted]), strict=True):
        lead = f"M{end + 2:.1f} {y:.1f}L{right + 10:.1f} {free:.1f}"
        above.append(tag("path", d=lead, class_="lead"))
        above.append(tag("text", name, x=right + 14, y=free + 4))
    return tag(
        "svg", tag("title", title), *below, inside, *above,
        viewBox=f"0 0 {width:g} {HEIGHT:g}", class_="plot", role="img",
    )  # fmt: skip


def _points(points: Sequence[tuple[float, float]], across: Axis, up: Axis) -> str:
    return " ".join(f"{across.at(float(x)):.2f},{up.at(float(y)):.2f}" for x, y in points)


def _apart(wanted: list[float]) -> list[float]:
    """Return places for labels, from the top: near where they belong, none over another."""
    free: list[float] = []
    for y in wanted:
        free.append(max([y, *(other + LABEL_APART for other in free[-1:])]))
    lowest = HEIGHT - BOTTOM
    for k in range(len(free) - 1, -1, -1):
        free[k] = min(free[k], lowest)
        lowest = free[k] - LABEL_APART
    return free
