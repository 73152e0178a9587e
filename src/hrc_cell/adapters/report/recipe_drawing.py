"""A recipe as an SVG drawing: its steps from top to bottom, ways that jump beside them.

Who acts is told by the shape: pointed sides for the robot, round ones for the person, one of each
for both. How far the robot acts by itself is a number of filled squares out of three and a word.
Ways forward run on the right, ways back on the left; a repeated group has a dashed frame. Nothing
is told by colour alone. Units are CSS pixels.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from hrc_cell.adapters.report.markup import Markup, joined, tag
from hrc_cell.adapters.report.recipe_ways import Edge, Say, condition, described, edges
from hrc_cell.settings.recipe import Recipe, Step
from hrc_cell.settings.recipe_routes import extent

WIDTH, POINT, GAP, LANE = 360.0, 16.0, 46.0, 26.0
TOP, LINE, PAD = 74.0, 17.0, 12.0
LETTER = 6.8  # width of one, as wide as most are
CHARACTERS = 46
LEGEND = 540.0
LEVELS = ("manual", "confirm", "auto")
STYLE = (
    "text{font:13px 'DejaVu Sans',Arial,sans-serif;fill:#111}.title{font-size:17px;font-weight:700}"
    ".id{font-weight:700}.small{font-size:11px;fill:#333}.shape{stroke:#111;stroke-width:1.6}"
    ".robot{fill:#e3ecf7}.person{fill:#fbeed5}.both{fill:#e9f3e4}.way{fill:none;stroke:#111;"
    "stroke-width:1.4}.again{stroke-dasharray:2 3}.frame{fill:none;stroke:#555;"
    "stroke-dasharray:7 4}.label{font-size:11px;paint-order:stroke;stroke:#fff;stroke-width:4px}"
    ".empty{fill:#fff;stroke:#111}.full{fill:#111;stroke:#111}"
)


class Box:
    """One step, placed."""

    def __init__(self, step: Step, say: Say, top: float) -> None:
        texts = {language: one.text for language, one in (step.instructions or {}).items()}
        self.step, self.top = step, top
        self.begun = 0.0  # below its middle begins its next way that jumps
        self.words = textwrap.wrap(say(texts, step.text_key), CHARACTERS, max_lines=3)
        self.required = [f"requires {condition(one)}" for one in step.requires]
        self.height = 2 * PAD + LINE * (1 + len(self.words) + len(self.required))

    @property
    def middle(self) -> float:
        """Return the height of its middle."""
        return self.top + self.height / 2


def drawing(recipe: Recipe, title: str, say: Say) -> Markup:
    """Return the drawing as an SVG document."""
    boxes: list[Box] = []
    top = TOP + GAP
    for step in recipe.steps:
        boxes.append(Box(step, say, top))
        top += boxes[-1].height + GAP
    ways = list(edges(recipe, say))
    forward = _lanes([e for e in ways if e.target > e.source + 1])
    back = _lanes([e for e in ways if e.target <= e.source])
    frames = max((_depth(recipe, k) for k in range(len(recipe.repeats))), default=0)
    words = max((len(edge.label) for edge in ways), default=0) * LETTER
    left = PAD + LANE * (len({*back.values()}) + 1) + frames * 10.0 + (words if back else 0.0)
    right = left + WIDTH + PAD + frames * 10.0 + LANE * (len({*forward.values()}) + 1) + words
    end = top + 10.0
    drawn = [
        *_frames(recipe, boxes, left),
        *(_way(e, boxes, left, end, forward.get(e), back.get(e), frames) for e in ways),
        _arrow(left + WIDTH / 2, TOP + 8.0, boxes[0].top),
        *(_box(box, left) for box in boxes),
        *_ends(left + WIDTH / 2, end),
    ]
    width, height = max(right, left + 7.0 * len(title) + PAD, LEGEND + left), end + 40.0
    return tag(
        "svg", tag("title", title), tag("style", Markup(STYLE)), _marker(),
        tag("rect", width=width, height=height, fill="#fff"),
        tag("text", title, x=left, y=28.0, class_="title"), _legend(left),
        *drawn,
        xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {width:.0f} {height:.0f}",
        width=f"{width:.0f}", height=f"{height:.0f}", role="img",
    )  # fmt: skip


def _lanes(jumps: Sequence[Edge]) -> dict[Edge, int]:
    """Return a lane for each jump: short ones inside, none beside another on the same one."""
    lanes: dict[Edge, int] = {}
    for edge in sorted(jumps, key=lambda e: abs(e.target - e.source)):
        span = sorted((edge.source, edge.target))
        taken = {
            lane for other, lane in lanes.items()
            if min(other[:2]) <= span[1] and span[0] <= max(other[:2])
        }  # fmt: skip
        lanes[edge] = next(lane for lane in range(len(jumps)) if lane not in taken)
    return lanes


def _depth(recipe: Recipe, k: int) -> int:
    """Return how many groups lie within one, itself counted."""
    own = extent(recipe.steps, recipe.repeats[k])
    inner = (extent(recipe.steps, other) for other in recipe.repeats)
    return sum({*one} <= {*own} for one in inner)


def _frames(recipe: Recipe, boxes: Sequence[Box], left: float) -> Iterator[Markup]:
    for k, group in enumerate(recipe.repeats):
        own, out = extent(recipe.steps, group), 10.0 * _depth(recipe, k)
        first, last = boxes[own.start], boxes[own.stop - 1]
        top, bottom = first.top - out, last.top + last.height + out
        yield tag(
            "rect", x=left - out, y=top, width=WIDTH + 2 * out, height=bottom - top, rx=4.0,
            class_="frame",
        )  # fmt: skip
        said = f"repeat {described(group)}"
        yield tag("text", said, x=left + 4.0 + 190.0 * (_depth(recipe, k) - 1), y=top - 4.0,
                  class_="label")  # fmt: skip


def _way(
    edge: Edge, boxes: Sequence[Box], left: float, end: float,
    forward: int | None, back: int | None, frames: int,
) -> Markup:  # fmt: skip
    """Return one way with its word at its beginning."""
    source = boxes[edge.source]
    x = left + WIDTH / 2
    target_top = boxes[edge.target].top if edge.target < len(boxes) else end
    if forward is None and back is None:
        y = source.top + source.height
        label = _label(edge, x + 6.0, y + 18.0, "start")
        return joined(_arrow(x, y, target_top), label)
    aside = edge.target < len(boxes)
    target = boxes[edge.target].middle - 8.0 if aside else end + 12.0
    away = frames * 10.0 + PAD
    if forward is not None:
        side, sign, lane = left + WIDTH, 1.0, forward
    else:
        side, sign, lane = left, -1.0, back or 0
    y = source.middle + source.begun
    source.begun += min(LINE, source.height / 8)
    far = side + sign * (away + LANE * lane + 6.0)
    stop = side if aside else x + 13.0
    path = f"M{side:.1f} {y:.1f}H{far:.1f}V{target:.1f}H{stop + sign * 2.0:.1f}"
    again = " again" if edge.again else ""
    line = tag("path", d=path, class_=f"way{again}", marker_end="url(#to)")
    anchor = "start" if sign > 0 else "end"
    return joined(line, _label(edge, far + sign * 4.0, y - 4.0, anchor))


def _label(edge: Edge, x: float, y: float, anchor: str) -> Markup:
    if not edge.label:
        return Markup("")
    return tag("text", edge.label, x=x, y=y, text_anchor=anchor, class_="label")


def _arrow(x: float, top: float, bottom: float) -> Markup:
    return tag("path", d=f"M{x:.1f} {top:.1f}V{bottom - 2.0:.1f}", class_="way",
               marker_end="url(#to)")  # fmt: skip


def _marker() -> Markup:
    head = tag("path", d="M0 0L8 4L0 8Z", fill="#111")
    return tag("defs", tag(
        "marker", head, id="to", markerWidth="8", markerHeight="8", refX="7", refY="4",
        orient="auto",
    ))  # fmt: skip


def _ends(x: float, end: float) -> Iterator[Markup]:
    yield tag("circle", cx=x, cy=TOP, r=8.0, class_="full")
    yield tag("circle", cx=x, cy=end + 12.0, r=12.0, class_="empty")
    yield tag("circle", cx=x, cy=end + 12.0, r=7.0, class_="full")


def _box(box: Box, left: float) -> Markup:
    step, y = box.step, box.top + PAD + 12.0
    x = left + POINT + 8.0
    lines = [tag("text", tag("tspan", step.id, class_="id"), f"  {step.act}, {step.actor}",
                 x=x, y=y)]  # fmt: skip
    for text, class_ in [*((w, None) for w in box.words), *((r, "small") for r in box.required)]:
        y += LINE
        lines.append(tag("text", text, x=x, y=y, class_=class_))
    shape = _shape(step.actor, left, box.top, WIDTH, box.height)
    level = _level(step.automation, left + WIDTH - POINT - 92.0, box.top + PAD + 2.0)
    return tag("g", shape, *lines, level)


def _shape(actor: str, x: float, y: float, width: float, height: float) -> Markup:
    """Return the outline: pointed where the robot acts, round where the person does."""
    right, bottom, middle = x + width, y + height, y + height / 2
    pointed = {"robot": (True, True), "person": (False, False), "both": (True, False)}[actor]
    way = f"M{x + POINT:.1f} {y:.1f}H{right - POINT:.1f}"
    way += (
        f"L{right:.1f} {middle:.1f}L{right - POINT:.1f} {bottom:.1f}"
        if pointed[1]
        else f"A{POINT} {height / 2:.1f} 0 0 1 {right - POINT:.1f} {bottom:.1f}"
    )
    way += f"H{x + POINT:.1f}"
    way += (
        f"L{x:.1f} {middle:.1f}Z"
        if pointed[0]
        else f"A{POINT} {height / 2:.1f} 0 0 1 {x + POINT:.1f} {y:.1f}Z"
    )
    return tag("path", d=way, class_=f"shape {actor}")


def _level(automation: str, x: float, y: float) -> Markup:
    filled = LEVELS.index(automation) + 1
    squares = [
        tag("rect", x=x + 12.0 * k, y=y, width=9.0, height=9.0,
            class_="full" if k < filled else "empty")
        for k in range(len(LEVELS))
    ]  # fmt: skip
    return joined(*squares, tag("text", automation, x=x + 40.0, y=y + 9.0, class_="small"))


def _legend(left: float) -> Markup:
    parts, x = [], left
    for actor in ("robot", "person", "both"):
        parts.append(_shape(actor, x, 40.0, 46.0, 14.0))
        parts.append(tag("text", actor, x=x + 52.0, y=51.0, class_="small"))
        x += 104.0
    return joined(
        *parts, tag("text", "■ manual  ■■ confirm  ■■■ auto", x=x, y=51.0, class_="small")
    )
