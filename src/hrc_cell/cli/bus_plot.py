"""Rates of a bus as an SVG file that needs nothing else: a bar for each client, the wire a line."""

from __future__ import annotations

from typing import Any

from hrc_cell.adapters.report.markup import Markup, joined, tag

LEFT, RIGHT, TOP, ROW, GAP = 230.0, 110.0, 44.0, 24.0, 26.0
LENGTH = 420.0  # of 100 % of the wire's rate
SHADES = ("#33506b", "#9db4c9", "#d8dfe6")
INK, SOFT, MARK = "#1b2126", "#48525a", "#b3261e"
FONT = "system-ui, Noto Sans, DejaVu Sans, sans-serif"


def plot(rows: list[dict[str, Any]]) -> str:
    """Return the drawing of the rows of `bench bus`, grouped by baud rate and read."""
    clients = list(dict.fromkeys(row["client"] for row in rows))
    shade = dict(zip(clients, SHADES, strict=False))
    drawn: list[Markup] = []
    y, group = TOP, None
    for row in rows:
        if group not in (None, (row["baud"], row["read"])):
            y += GAP
        group = row["baud"], row["read"]
        if row["client"] == clients[0]:
            name = f"{row['baud'] / 1e6:g} Mbps, {row['read']} read, wire {row['wire_hz']:.0f} Hz"
            drawn.append(_text(name, LEFT, y - 6, weight="bold"))
        width = LENGTH * row["of_wire"]
        figures = f"{row['hz']:.0f} Hz, {row['cpu_us']:.0f} us CPU"
        beyond = LEFT + max(width, LENGTH) + 8
        drawn += [
            _text(row["client"], LEFT - 8, y + ROW - 9, anchor="end"),
            tag("rect", x=LEFT, y=y, width=width, height=ROW - 4, fill=shade[row["client"]]),
            _text(figures, beyond, y + ROW - 9, fill=SOFT),
        ]  # fmt: skip
        y += ROW
    wire = LEFT + LENGTH
    drawn += [
        tag("line", x1=wire, x2=wire, y1=TOP - 22, y2=y, stroke=MARK, stroke_width=2),
        _text("what the wire carries", wire, TOP - 28, anchor="middle", fill=MARK),
    ]
    width, height = LEFT + LENGTH + RIGHT + 60.0, y + 12.0
    back = tag("rect", x=0, y=0, width=width, height=height, fill="#ffffff")
    return tag(
        "svg", tag("title", "Cycles per second of a bus of seven motors"), back, joined(*drawn),
        xmlns="http://www.w3.org/2000/svg", width=width, height=height,
        viewBox=f"0 0 {width:g} {height:g}", font_family=FONT, font_size=13,
    )  # fmt: skip


def _text(said: str, x: float, y: float, *, anchor: str = "start", weight: str | None = None,
          fill: str = INK) -> Markup:  # fmt: skip
    return tag("text", said, x=x, y=y, text_anchor=anchor, font_weight=weight, fill=fill)
