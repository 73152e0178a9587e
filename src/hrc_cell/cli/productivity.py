"""What monitors cost: the same people, the same arm, the same hours, side by side.

`core` is the monitor of the cell, `fixed_zone` and `constant_speed` what is usual
(`hrc_cell.adapters.falsify.monitors`), `unguarded` an arm that nobody stops, for the scale.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from hrc_cell.adapters.falsify.core_monitor import CoreMonitor
from hrc_cell.adapters.falsify.encounter import Timing
from hrc_cell.adapters.falsify.loop import run
from hrc_cell.adapters.falsify.monitors import (
    ConstantSpeed,
    FixedZone,
    Judged,
    Monitor,
    Seen,
)
from hrc_cell.adapters.falsify.working_day import draw_day
from hrc_cell.cli.encounters import POOL_OF_DAY, context, pool_of

CELL_S = 120.0
"""So long each cell is watched; as many cells as make up the hours asked for."""


class Unguarded:
    """Permits everything, always."""

    causes: tuple[str, ...] = ("",)

    def judge(self, seen: Seen) -> Judged:
        """Return full speed."""
        count = len(seen.at)
        return Judged(
            np.ones(count), np.zeros(count), np.full(count, -1), np.zeros(count, np.int64)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one monitor made of the hours."""

    monitor: str
    cycle_s: float  # mean time of a round of the path; inf: none was done
    cycle_ratio: float  # of the cycle time of the cell's own monitor
    stops_per_h: float
    moving_ratio: float  # part of the time in motion
    least_margin_m: float  # of the law, see adapters.falsify.truth


def costs(cell: str, seed: int, hours: float) -> list[dict[str, float | str]]:
    """Return the costs of each monitor, the cell's own first."""
    here = context(cell)
    timing = Timing(seconds=CELL_S)
    count = max(1, math.ceil(hours * 3600.0 / CELL_S))
    pool = pool_of(cell, seed, POOL_OF_DAY)
    drawn = draw_day(here.bounds, pool, timing, np.random.default_rng([seed, 2]), count)
    radius = pool.radius_m
    monitors: dict[str, Monitor] = {
        "core": CoreMonitor(here.rules, count),
        "fixed_zone": FixedZone(
            here.bounds, radius, count,
            base_m=here.rules.chain.base[:2, 3], reach_m=here.reach_m,
        ),
        "constant_speed": ConstantSpeed(here.bounds, radius, count),
        "unguarded": Unguarded(),
    }  # fmt: skip
    whole_s = count * timing.ticks * timing.tick_s
    found: list[Cost] = []
    for name, monitor in monitors.items():
        outcome = run(drawn, pool, monitor, here.bounds, timing)
        rounds = float(outcome.rounds.sum())
        cycle_s = whole_s / rounds if rounds > 0.0 else math.inf
        found.append(
            Cost(
                monitor=name,
                cycle_s=cycle_s,
                cycle_ratio=cycle_s / (found[0].cycle_s if found else cycle_s),
                stops_per_h=float(outcome.stops.sum()) * 3600.0 / whole_s,
                moving_ratio=float(outcome.moved_s.sum()) / whole_s,
                least_margin_m=float(outcome.margin_m.min()),
            )
        )
    return [asdict(cost) for cost in found]
