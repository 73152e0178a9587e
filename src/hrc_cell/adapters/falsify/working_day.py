"""People who come and go for hours, for the comparison of what monitors cost.

One or two people in each cell: they come in from outside, stop here and there, at times at the arm,
and leave again for a while. Nobody is out to catch the arm; data are as good as in a sound cell.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.encounter import Act, Encounters, Kind, Timing, draw
from hrc_cell.adapters.falsify.paths import Pool

OUTSIDE_M = (6.0, 9.0)
INSIDE_M = (0.8, 5.0)
WALK_MPS = (0.7, 1.4)
STAND_S = (1.0, 15.0)
AWAY_S = (10.0, 60.0)
STOPS = 4
"""Places that somebody goes to before leaving again; the last one is outside."""
PEOPLE = 2


def draw_day(
    bounds: Bounds, pool: Pool, timing: Timing, rng: np.random.Generator, count: int
) -> Encounters:
    """Return `count` cells with one or two people for timing.seconds."""
    drawn = draw(bounds, pool, timing, rng, count, people=PEOPLE)
    b, p, t = count, PEOPLE, timing.ticks
    rounds = 2 + int(timing.seconds / (STAND_S[0] * STOPS + AWAY_S[0]))
    places = np.stack([_places(rng, b, p, j % STOPS == STOPS - 1) for j in range(rounds * STOPS)])
    start = _places(rng, b, p, True)
    act, until, heading = [], [], []
    at, now = start, rng.uniform(0.0, AWAY_S[1], (b, p))
    act.append(np.full((b, p), Act.STAND))
    until.append(now)
    heading.append(np.zeros((b, p)))
    speed = rng.uniform(*WALK_MPS, (b, p))
    for j, place in enumerate(places):
        way = place - at
        heading.append(np.arctan2(way[..., 1], way[..., 0]))
        now = now + np.sqrt((way * way).sum(axis=-1)) / speed
        act.append(np.full((b, p), Act.STRAIGHT))
        until.append(now)
        now = now + rng.uniform(*(AWAY_S if j % STOPS == STOPS - 1 else STAND_S), (b, p))
        act.append(np.full((b, p), Act.STAND))
        until.append(now)
        heading.append(np.zeros((b, p)))
        at = place
    acts = np.stack(act, axis=-1)
    return replace(
        drawn,
        path_known=np.ones(b, bool),
        permit_steps=rng.integers(0, 2, size=(b, t)),
        permit_lost=np.zeros((b, t), bool),
        people_steps=rng.integers(2, 6, size=(b, t)),
        joints_steps=rng.integers(1, 3, size=(b, t)),
        silent_s=np.full((b, 2), np.inf),
        kind=np.full((b, p), Kind.WORKS),
        present=np.arange(p) < rng.integers(1, PEOPLE + 1, size=(b, 1)),
        start_m=start,
        speed_max_mps=speed,
        act=acts,
        until_s=np.stack(until, axis=-1),
        heading_rad=np.stack(heading, axis=-1),
        pace=np.ones(acts.shape),
        unseen_s=np.full((b, p, 2), np.inf),
        std_m=np.full((b, p), 0.03),
        noise=rng.random((b, t, p)) * 0.5,
        noise_rad=rng.uniform(-np.pi, np.pi, (b, t, p)),
        speed_less=np.zeros((b, t, p)),
    )


def _places(
    rng: np.random.Generator, b: int, p: int, outside: bool
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    far = rng.uniform(*(OUTSIDE_M if outside else INSIDE_M), (b, p))
    around = rng.uniform(-np.pi, np.pi, (b, p))
    return np.stack([far * np.cos(around), far * np.sin(around)], axis=-1)
