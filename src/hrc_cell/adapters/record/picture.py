"""The plan of a cell at one instant, as an SVG file that needs nothing else.

From above, the cell frame's x to the right and its y up; metres times SCALE are pixels. Colours say
the same as on the operator page, and never alone: the binding zone and person have a thick edge,
who is hidden is hatched. The ring lies as far around the binding point of the arm as the person
must at least be away; the bar below adds up the same distance from its terms.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

SCALE = 110.0  # pixels for each metre
EDGE_M = 0.1
MARGIN_PX, TEXT_PX, LINE_PX = 28.0, 17.0, 25.0
COLUMNS = 2  # of the terms' names below their bar
WIDTH_MIN_PX, WIDTH_MAX_PX = 720.0, 1600.0
BAR_PX, SUM_PX = 30.0, 150.0
INK, SOFT, FLOOR, YELLOW, RED = "#1b2126", "#48525a", "#ffffff", "#b57b00", "#b3261e"
ZONES = {"stop": "#d6dade", "slow": "#ebedef", "limit": "#e3e9ee", "approach": "#f1f1ea"}
TERMS = ("#1f4e79", "#3f7cac", "#7fb0d3", "#b0673a", "#8a8f94", "#c3c8cc")
"""Person, arm before it brakes, arm braking; reach; the two uncertainties."""
HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
    'viewBox="0 0 {width} {height}" font-family="system-ui, Noto Sans, DejaVu Sans, sans-serif">'
)
HATCH = (
    '<defs><pattern id="hidden" width="0.1" height="0.1" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="0.04" height="0.1" fill="#8b959d"/>'
    "</pattern></defs>"
)
Point = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A zone."""

    name: str
    kind: str
    outline_m: Sequence[Sequence[float]]
    binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A person, or a part of one: a capsule seen from above."""

    label: str
    start_m: Point
    end_m: Point
    radius_m: float
    velocity_mps: Point = (0.0, 0.0)
    binding: bool = False
    hidden: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A capsule of the arm."""

    name: str
    start_m: Point
    end_m: Point
    radius_m: float
    binding: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """From a point of the arm to the person, and how much it must be. None: not known."""

    from_m: Point
    to_m: Point
    link_radius_m: float
    text: str
    required_m: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """The distance there is, and the terms that add up to the one required."""

    title: str
    terms: Sequence[tuple[str, float]]
    distance_m: float | None
    distance_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that the picture shows."""

    title: Sequence[str]  # lines
    outline_m: Sequence[Sequence[float]] = ()
    areas: Sequence[Area] = ()
    scanners: Sequence[tuple[str, float, float, float]] = ()  # name, x, y, yaw
    arm: Sequence[Link] = ()
    base_m: Point | None = None
    people: Sequence[Figure] = ()
    distance: Distance | None = None
    sum: Sum | None = None
    notes: Sequence[str] = ()


def draw(plan: Plan) -> str:
    """Return the picture as SVG."""
    left, bottom, right, top = _bounds(plan)
    wide, high = SCALE * (right - left), SCALE * (top - bottom)
    width = min(max(wide + 2 * MARGIN_PX, WIDTH_MIN_PX), WIDTH_MAX_PX)
    zoom = min(1.0, (width - 2 * MARGIN_PX) / wide)
    title = [
        (line, text is plan.title[0])
        for text in plan.title
        for line in _wrapped(text, width - 2 * MARGIN_PX)
    ]
    head = MARGIN_PX + LINE_PX * len(title) + 8.0
    foot = head + zoom * high + 26.0
    parts = list(_below(plan, width, foot))
    height = foot + 40.0 + (SUM_PX if plan.sum else 0.0) + LINE_PX * len(plan.notes)
    x0 = (width - zoom * wide) / 2.0
    place = f"translate({x0:.1f} {head:.1f}) scale({zoom * SCALE:.3f}) translate({-left} {top})"
    return "\n".join(
        [
            HEAD.format(width=f"{width:.0f}", height=f"{height:.0f}"),
            f"<title>{escape(' '.join(plan.title))}</title>",
            HATCH,
            f'<rect width="{width:.0f}" height="{height:.0f}" fill="#f7f8f8"/>',
            *(
                _text(MARGIN_PX, MARGIN_PX + LINE_PX * (i + 0.5), line, bold)
                for i, (line, bold) in enumerate(title)
            ),
            f'<g transform="{place}" stroke-linejoin="round" stroke-linecap="round">',
            *_floor(plan),
            "</g>",
            # Words keep their size whatever the scale, so they lie in a layer of their own.
            *_words(plan, zoom * SCALE, x0 - zoom * SCALE * left, head + zoom * SCALE * top),
            *parts,
            "</svg>\n",
        ]
    )


def _bounds(plan: Plan) -> tuple[float, float, float, float]:
    """Return left, bottom, right and top of what must be in the picture [m]."""
    points: list[Sequence[float]] = [*plan.outline_m]
    shapes = [(one.start_m, one.end_m, one.radius_m) for one in plan.people]
    shapes += [(one.start_m, one.end_m, one.radius_m) for one in plan.arm]
    for start, end, r in shapes:
        for x, y in (start, end):
            points += [(x - r, y - r), (x + r, y + r)]
    if plan.distance is not None and plan.distance.required_m is not None:
        (x, y), r = plan.distance.from_m, plan.distance.required_m + plan.distance.link_radius_m
        points += [(x - r, y - r), (x + r, y + r)]
    if not points:
        points = [(-1.0, -1.0), (1.0, 1.0)]
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    return min(xs) - EDGE_M, min(ys) - EDGE_M, max(xs) + EDGE_M, max(ys) + EDGE_M


def _floor(plan: Plan) -> Iterator[str]:
    """Yield the shapes, in metres with y upwards turned down, the lowest layer first."""
    if plan.outline_m:
        clip = _points(plan.outline_m)
        yield f'<clipPath id="floor"><polygon points="{clip}"/></clipPath>'
        yield f'<polygon points="{clip}" fill="{FLOOR}"/>'
        for area in sorted(plan.areas, key=lambda area: -_size(area.outline_m)):
            edge = f'stroke="{YELLOW}" stroke-width="0.06"' if area.binding else (
                f'stroke="{SOFT}" stroke-width="0.02"'
            )  # fmt: skip
            yield (
                f'<polygon clip-path="url(#floor)" points="{_points(area.outline_m)}" '
                f'fill="{ZONES.get(area.kind, "#eee")}" {edge}/>'
            )
        yield f'<polygon points="{clip}" fill="none" stroke="{SOFT}" stroke-width="0.04"/>'
    for _, x, y, yaw in plan.scanners:
        yield (
            f'<g transform="translate({x} {-y}) rotate({-math.degrees(yaw):.1f})" fill="{SOFT}">'
            '<rect x="-0.08" y="-0.08" width="0.16" height="0.16"/>'
            '<path d="M0.08 -0.08 0.2 -0.16V0.16L0.08 0.08Z"/></g>'
        )
    gap = plan.distance
    if gap is not None:
        colour = YELLOW
        if gap.required_m is not None:
            yield (
                f'<circle cx="{gap.from_m[0]}" cy="{-gap.from_m[1]}" '
                f'r="{gap.required_m + gap.link_radius_m:.3f}" fill="{YELLOW}" fill-opacity="0.07" '
                f'stroke="{colour}" stroke-width="0.035" stroke-dasharray="0.09 0.09"/>'
            )
    if plan.base_m is not None:
        yield f'<circle cx="{plan.base_m[0]}" cy="{-plan.base_m[1]}" r="0.16" fill="#8b959d"/>'
    for link in sorted(plan.arm, key=lambda link: link.binding):
        colour = RED if link.binding else INK
        yield _line(link.start_m, link.end_m, colour, 2.0 * link.radius_m, "0.85")
    for person in plan.people:
        yield from _person(person)
    if gap is not None:
        yield _line(gap.from_m, gap.to_m, YELLOW, 0.05)
        for x, y in (gap.from_m, gap.to_m):
            yield f'<circle cx="{x:.3f}" cy="{-y:.3f}" r="0.05" fill="{YELLOW}"/>'


def _person(person: Figure) -> Iterator[str]:
    (x, y), (x2, y2), r = person.start_m, person.end_m, person.radius_m
    edge = (f'stroke="{YELLOW}" stroke-width="0.06"' if person.binding
            else f'stroke="{INK}" stroke-width="0.03"')  # fmt: skip
    fill = 'fill="url(#hidden)"' if person.hidden else 'fill="#8b959d" fill-opacity="0.45"'
    if (x, y) == (x2, y2):
        yield f'<circle cx="{x:.3f}" cy="{-y:.3f}" r="{r:.3f}" {fill} {edge}/>'
        yield f'<circle cx="{x:.3f}" cy="{-y:.3f}" r="0.09" fill="{INK}"/>'
    else:
        yield _line((x, y), (x2, y2), YELLOW if person.binding else "#8b959d", 2.0 * r, "0.6")
    vx, vy = person.velocity_mps
    if math.hypot(vx, vy) > 0.15:
        yield _line((x, y), (x + vx, y + vy), INK, 0.035)
        yield (
            f'<path transform="translate({x + vx:.3f} {-(y + vy):.3f}) '
            f'rotate({-math.degrees(math.atan2(vy, vx)):.1f})" '
            f'd="M-0.06 -0.09 0.12 0 -0.06 0.09Z" fill="{INK}"/>'
        )


def _words(plan: Plan, scale: float, x0: float, y0: float) -> Iterator[str]:
    """Yield the names on the plan, in pixels."""

    def at(x: float, y: float) -> Point:
        return x0 + scale * x, y0 - scale * y

    if plan.outline_m:
        least = [min(p[i] for p in plan.outline_m) for i in (0, 1)]
        most = [max(p[i] for p in plan.outline_m) for i in (0, 1)]
        for area in plan.areas:
            x, y = at(
                max(least[0], min(p[0] for p in area.outline_m)) + 0.08,
                min(most[1], max(p[1] for p in area.outline_m)),
            )
            yield _text(x, y + 20.0, f"{area.name} ({area.kind})", area.binding, size=14.0)
    for name, x, y, _ in plan.scanners:
        yield _text(at(x, y)[0] + 0.14 * scale, at(x, y)[1] + 22.0, name, size=13.0, fill=SOFT)
    named = [*((one.label, one) for one in plan.people if one.label)]
    for label, one in named:
        x, y = at(*one.start_m)
        yield _text(x, y - scale * one.radius_m - 8.0, label, True, anchor="middle")
    gap = plan.distance
    if gap is not None:
        (x1, y1), (x2, y2) = at(*gap.from_m), at(*gap.to_m)
        # Beside the line, so that the line stays seen.
        yield _text((x1 + x2) / 2.0, (y1 + y2) / 2.0 - 12.0, gap.text, True, anchor="middle")
    left, bottom = _bounds(plan)[:2]
    x, y = at(left + 0.1, bottom)
    yield _text(x + scale + 8.0, y + 18.0, "1 m", size=14.0)
    yield (
        f'<path d="M{x:.1f} {y + 8:.1f}v10M{x:.1f} {y + 13:.1f}h{scale:.1f}'
        f'M{x + scale:.1f} {y + 8:.1f}v10" stroke="{INK}" stroke-width="2" fill="none"/>'
    )


def _below(plan: Plan, width: float, top: float) -> Iterator[str]:
    """Yield the bar of the terms and the notes."""
    y = top + 22.0
    if plan.sum is not None:
        yield from _bar(plan.sum, width, y + 18.0)
        y += SUM_PX
    for note in plan.notes:
        yield _text(MARGIN_PX, y + 12.0, note, size=14.0, fill=SOFT)
        y += LINE_PX


def _bar(sum_: Sum, width: float, top: float) -> Iterator[str]:
    total = sum(value for _, value in sum_.terms)
    longest = max(total, sum_.distance_m or 0.0, 1e-6)
    scale = (width - 2 * MARGIN_PX) / longest
    yield _text(MARGIN_PX, top - 4.0, sum_.title, True, size=15.0)
    x, top = MARGIN_PX, top + 4.0
    for (_, value), colour in zip(sum_.terms, TERMS, strict=False):
        yield (
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{scale * value:.1f}" height="{BAR_PX}" '
            f'fill="{colour}"/>'
        )
        x += scale * value
    x, legend_y = MARGIN_PX, top + BAR_PX + 36.0
    room = (width - 2 * MARGIN_PX) / COLUMNS
    for i, ((name, value), colour) in enumerate(zip(sum_.terms, TERMS, strict=False)):
        at_x, at_y = x + room * (i % COLUMNS), legend_y + 22.0 * (i // COLUMNS)
        yield f'<rect x="{at_x:.1f}" y="{at_y - 12:.1f}" width="14" height="14" fill="{colour}"/>'
        yield _text(at_x + 20.0, at_y, f"{value:.2f} m  {name}", size=14.0)
    if sum_.distance_m is not None:
        mark = MARGIN_PX + scale * sum_.distance_m
        yield (
            f'<path d="M{mark:.1f} {top - 5:.1f}V{top + BAR_PX + 5:.1f}" stroke="{YELLOW}" '
            'stroke-width="4"/>'
        )
        anchor = "end" if mark > width / 2.0 else "start"
        yield _text(mark, top + BAR_PX + 18.0, sum_.distance_text, anchor=anchor, size=14.0)


def _size(outline: Sequence[Sequence[float]]) -> float:
    """Return the extent of an outline, so that small areas are drawn over large ones."""
    xs, ys = [p[0] for p in outline], [p[1] for p in outline]
    return (max(xs) - min(xs)) * (max(ys) - min(ys))


def _points(outline: Sequence[Sequence[float]]) -> str:
    return " ".join(f"{x:.3f},{-y:.3f}" for x, y in outline)


def _line(a: Point, b: Point, colour: str, width_m: float, opacity: str = "1") -> str:
    return (
        f'<line x1="{a[0]:.3f}" y1="{-a[1]:.3f}" x2="{b[0]:.3f}" y2="{-b[1]:.3f}" '
        f'stroke="{colour}" stroke-width="{width_m:.3f}" stroke-opacity="{opacity}"/>'
    )


def _text(
    x: float,
    y: float,
    text: str,
    bold: bool = False,
    *,
    anchor: str = "start",
    size: float = TEXT_PX,
    fill: str = INK,
) -> str:
    weight = ' font-weight="700"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" text-anchor="{anchor}" fill="{fill}"'
        f'{weight} paint-order="stroke" stroke="#f7f8f8" stroke-width="4" '
        f'stroke-linejoin="round">{escape(text)}</text>'
    )


def _wrapped(text: str, width_px: float) -> Iterator[str]:
    """Yield a text in lines of about this width."""
    room = int(width_px / (0.58 * TEXT_PX))
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > room:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    if line:
        yield line
