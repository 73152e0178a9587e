"""Times one judgement of the monitor: four people, twelve capsules of the arm, a path ahead.

The cell is the default one with its zones, asked as the live monitor asks: operator box read at
every tick, reset and started, a new scan every fourth tick. As machines differ, the same run times
a thousand additions of small arrays, in turn with the ticks.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from hrc_cell.adapters.description import load_description
from hrc_cell.core.ahead import Ahead
from hrc_cell.core.cell import Memory, judge
from hrc_cell.core.interlock import Mode, Reading
from hrc_cell.core.kinematics import Chain
from hrc_cell.core.observed import Eye, Observation, Sight
from hrc_cell.core.people import upright
from hrc_cell.core.rules import Rules
from hrc_cell.settings.cell import Cell

PEOPLE, CAPSULES = 4, 12
SCAN_EVERY = 4
REFERENCE_OPERATIONS = 1000
REFERENCE_EVERY = 50
BEGIN_TICKS = 20
PLACES_M = ((3.4, 0.6), (4.0, -1.2), (4.6, 1.5), (5.2, -0.4))
"""One of them in the slow zone, all of them far enough for the arm to move."""


def with_capsules(chain: Chain, count: int) -> Chain:
    """Return the same arm with so many capsules: the longest one is halved again and again."""
    names, links = list(chain.capsule_names), list(chain.capsule_link)
    ends = [[s, e] for s, e in zip(chain.capsule_start, chain.capsule_end, strict=True)]
    radii = list(chain.capsule_radius_m)
    while len(names) < count:
        at = int(np.argmax([np.linalg.norm(e - s) for s, e in ends]))
        start, end = ends[at]
        middle = 0.5 * (start + end)
        ends[at] = [start, middle]
        ends.append([middle, end])
        names.append(f"{names[at]}_{len(names)}")
        links.append(links[at])
        radii.append(radii[at])
    return replace(
        chain, capsule_names=tuple(names), capsule_link=np.array(links),
        capsule_start=np.array([s for s, _ in ends]), capsule_end=np.array([e for _, e in ends]),
        capsule_radius_m=np.array(radii),
    )  # fmt: skip


def question(cell: Cell) -> tuple[Rules, Observation]:
    """Return what is judged by and what is seen: people ahead of an arm on its way."""
    chain = with_capsules(load_description(cell).chain, CAPSULES)
    rules = Rules.of(cell, chain, ("motor_bus",))
    everybody = upright(
        np.array(PLACES_M), speed_mps=np.full(PEOPLE, 1.0), position_std_m=np.full(PEOPLE, 0.02),
        radius_m=np.full(PEOPLE, 0.2), unseen_s=np.zeros(PEOPLE),
        velocity_mps=np.array([(-1.0, 0.2)] * PEOPLE), owner=np.arange(1, PEOPLE + 1),
        safety=cell.file.safety,
    )  # fmt: skip
    home = np.array(cell.file.robot.poses["home"])
    ahead = Ahead(
        waypoints_rad=np.stack([home, home + 0.5, home - 0.3]),
        line_speed_ratio_ps=np.array([1.2, 1.2]), line=np.array(0), line_ratio=np.array(0.1),
        age_s=np.array(0.01), followed=np.array(True),
    )  # fmt: skip
    reading = Reading(
        mode=Mode.COLLABORATIVE, reset=False, start=False, enabling_switch=(0, 0),
        emergency_stop_input=(False, False), guards_closed=(False, False),
    )  # fmt: skip
    return rules, Observation(
        now_s=0.0, people=everybody, people_age_s=0.03,
        scanners={scanner.name: Sight(Eye.OK, 0.03) for scanner in cell.file.scanners},
        position_rad=tuple(home + 0.05), velocity_radps=(0.3,) * len(home), joints_age_s=0.01,
        ahead=ahead, load_kg=0.1, nodes={"motor_bus": 0.1}, inputs_age_s=0.02, readings=(reading,),
    )  # fmt: skip


def reference_s() -> float:
    """Return how long a thousand additions of small arrays take."""
    a, b = np.ones((PEOPLE, CAPSULES)), np.ones((PEOPLE, CAPSULES))
    began_s = time.perf_counter()
    for _ in range(REFERENCE_OPERATIONS):
        np.add(a, b)
    return time.perf_counter() - began_s


def measure(cell: Cell, ticks: int) -> dict[str, float]:
    """Return the figures over so many ticks, those of the start left out."""
    rules, seen = question(cell)
    reading, period_s = seen.readings[0], 1.0 / cell.file.safety.rate_hz
    memory, spent_s, references_s, moving = Memory(), [], [], 0
    for tick in range(BEGIN_TICKS + ticks):
        pressed = replace(reading, reset=5 <= tick < 10, start=10 <= tick < 15)
        now = replace(
            seen, now_s=100.0 + tick * period_s, people_seq=1 + tick // SCAN_EVERY,
            readings=(pressed,),
        )  # fmt: skip
        began_s = time.perf_counter()
        memory, verdict = judge(rules, memory, now)
        took_s = time.perf_counter() - began_s
        if tick < BEGIN_TICKS:
            continue
        spent_s.append(took_s)
        moving += float(verdict.speed_ratio) > 0.0
        if tick % REFERENCE_EVERY == 0:
            references_s.append(reference_s())
    median_s, reference = float(np.median(spent_s)), float(np.median(references_s))
    return {
        "ticks": ticks,
        "people": PEOPLE,
        "capsules": CAPSULES,
        "moving_share": moving / ticks,
        "median_ms": median_s * 1e3,
        "p99_ms": float(np.percentile(spent_s, 99)) * 1e3,
        "period_ms": period_s * 1e3,
        "of_period": median_s / period_s,
        "p99_of_period": float(np.percentile(spent_s, 99)) / period_s,
        "reference_operations": REFERENCE_OPERATIONS,
        "reference_ms": reference * 1e3,
        "of_reference": median_s / reference,
    }
