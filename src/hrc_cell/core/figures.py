"""What a record says of the work, in figures: how long cycles, steps, waits and stops took.

By step and by shift, never by person: a span names none. A figure says of how many it is and how
many more there were whose time is unknown. The median is told of MEDIAN_MIN and more, the time
that nine of ten do not exceed (p90) of P90_MIN and more; of fewer there is only their number. There
is no mean: one long wait would stand in it for all. Both are times that occurred (nearest rank).

Seconds; instants are seconds since 1970. A span belongs to the instant at which it began. Whatever
the order of the spans, the figures are the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from hrc_cell.core.spans import Cycle, Span, Stop, Use, Visit

MEDIAN_MIN, P90_MIN = 5, 10
RECENT = 5
"""So many of the last cycles of a recipe tell how long one usually takes."""
WAITS = (Use.FOR_PERSON, Use.FOR_ROBOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Of `n` known times their sum, median and p90; `unknown` more were not measured."""

    n: int
    unknown: int
    total_s: float
    median_s: float | None
    p90_s: float | None


def figure(times_s: Iterable[float | None]) -> Figure:
    """Return the figure of these times; None is an unknown one.

    >>> figure([3.0, 1.0, None, 2.0, 9.0, 4.0])
    Figure(n=5, unknown=1, total_s=19.0, median_s=3.0, p90_s=None)
    """
    times = list(times_s)
    known = sorted(time_s for time_s in times if time_s is not None)
    n = len(known)
    return Figure(
        n=n,
        unknown=len(times) - n,
        total_s=math.fsum(known),
        median_s=_rank(known, 50) if n >= MEDIAN_MIN else None,
        p90_s=_rank(known, 90) if n >= P90_MIN else None,
    )


def usual_s(spans: Iterable[Span], recipe: str) -> float | None:
    """Return how long the last cycles of a recipe took, None where no time of one is known.

    The lower median of RECENT of them, fewer where there are no more.
    """
    cycles = (one for one in spans if isinstance(one, Cycle) and one.recipe == recipe)
    known = [(one.begun_s, one.lasted_s) for one in cycles if one.lasted_s is not None]
    recent = sorted(lasted_s for _, lasted_s in sorted(known)[-RECENT:])
    return _rank(recent, 50) if recent else None


def _rank(known: Sequence[float], percent: int) -> float:
    """Return the least known time that so many percent do not exceed."""
    return known[-(-percent * len(known) // 100) - 1]


def within(spans: Iterable[Span], from_s: float, to_s: float) -> list[Span]:
    """Return the spans that began in a range; its end is not in it."""
    return [span for span in spans if from_s <= span.begun_s < to_s]


def shifts(taken_s: Iterable[float], from_s: float, to_s: float) -> list[tuple[float, float]]:
    """Return the shifts of a range: they change where somebody took the shift over.

    >>> shifts([30.0, 10.0, 99.0], 0.0, 50.0)
    [(0.0, 10.0), (10.0, 30.0), (30.0, 50.0)]
    """
    ends = [from_s, *sorted({at_s for at_s in taken_s if from_s < at_s < to_s}), to_s]
    return list(itertools.pairwise(ends))


def of_all(spans: Iterable[Span], from_s: float, to_s: float, taken_s: Iterable[float]) -> Any:
    """Return all figures of a range as plain JSON data."""
    there = within(spans, from_s, to_s)
    return {
        "cycles": asdict(_cycles(there)),
        "steps": _steps([one for one in there if isinstance(one, Visit)]),
        "stops": _stops([one for one in there if isinstance(one, Stop)]),
        "shifts": [
            {"from_s": begin_s, "to_s": end_s, **_shift(within(there, begin_s, end_s))}
            for begin_s, end_s in shifts(taken_s, from_s, to_s)
        ],
    }


def _cycles(spans: Iterable[Span]) -> Figure:
    return figure(one.lasted_s for one in spans if isinstance(one, Cycle))


def _steps(visits: Sequence[Visit]) -> list[dict[str, Any]]:
    """Return the figures of each step, the one that took most time first."""
    found = []
    for recipe, step in sorted({(one.recipe, one.step) for one in visits}):
        mine = [one for one in visits if (one.recipe, one.step) == (recipe, step)]
        used = _used(mine)
        found.append(
            {
                "recipe": recipe, "step": step,
                "lasted": asdict(figure(one.lasted_s for one in mine)),
                "uses_s": {use.value: math.fsum(used.get(use, ())) for use in Use},
                "waits": {use.value: asdict(figure(used.get(use, ()))) for use in WAITS},
            }
        )  # fmt: skip
    return sorted(found, key=lambda one: -float(one["lasted"]["total_s"]))


def _used(visits: Iterable[Visit]) -> dict[Use, tuple[float, ...]]:
    """Return for each use the seconds of every visit whose time is known; nothing for none."""
    known = [one.uses for one in visits if one.uses is not None]
    return dict(zip(Use, zip(*known, strict=True), strict=True)) if known else {}


def _stops(stops: Sequence[Stop]) -> list[dict[str, Any]]:
    """Return the figures of each cause of stops, the most frequent first."""
    found = []
    for cause in sorted({one.cause for one in stops}):
        mine = [one for one in stops if one.cause == cause]
        steps = sorted({(one.recipe, one.step) for one in mine})
        counts = [sum((one.recipe, one.step) == step for one in mine) for step in steps]
        found.append(
            {
                "cause": cause, "count": len(mine),
                "lasted": asdict(figure(one.lasted_s for one in mine)),
                "steps": [
                    {"recipe": recipe, "step": step, "count": count}
                    for (recipe, step), count in zip(steps, counts, strict=True)
                ],
            }
        )  # fmt: skip
    return sorted(found, key=lambda one: -one["count"])


def _shift(spans: Sequence[Span]) -> dict[str, Any]:
    """Return what a shift had of cycles, waits and stops."""
    used = _used(one for one in spans if isinstance(one, Visit))
    return {
        "cycles": asdict(_cycles(spans)),
        "waits_s": {use.value: math.fsum(used.get(use, ())) for use in WAITS},
        "stops": sum(isinstance(one, Stop) for one in spans),
    }
