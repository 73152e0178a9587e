"""Everything that chance decides in an encounter, drawn before it begins.

So an encounter is data: the same arrays, the same encounter, alone or among thousands, and a file
of them is a replay. All arrays lead with the encounters (b,); people are (b, p), what people do one
after the other (b, p, c), what changes from judgement to judgement (b, t).

Chance stays within what the cell declares. Nobody is faster than v_h; who runs faster than v_h far
from the arm is reported with that speed all the time, as S_h takes a measured speed that is more.
A reported place is off by Z_d at most, often by all of it; the reported radius holds the person.
Some people are seen in parts by a body tracker and reach less far past what is seen. More than half
of the encounters are keen: there the arm stops as late, people walk as fast, and data are as old
and as wrong as declared. Delays are whole steps.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.paths import LINES, Pool

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PEOPLE_CHANCE = (0.6, 0.25, 0.15)
"""Of one, two and three people: of all the encounters of one draw the same number."""
ACTS = 4


class Act(IntEnum):
    """What a person does for a while."""

    STAND = 0
    STRAIGHT = 1  # ahead, on a heading
    LINK = 2  # for the nearest link
    AIM = 3  # for where the arm will come by
    AWAY = 4  # from the arm


class Kind(IntEnum):
    """Sorts of people."""

    WALKS = 0  # past the arm
    TURNS = 1  # and then turns to it
    RUNS = 2  # at up to the speed near the arm, measured as such
    SEEKS = 3  # the nearest link, from the beginning
    WAITS = 4  # at the arm, and dashes
    HIDES = 5  # goes unseen and comes on
    REACHES = 6  # stands and reaches out
    FOLLOWS = 7  # comes as one of a pair
    WORKS = 8  # comes and goes the whole day; for the productivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Steps and ticks of a run."""

    dt_s: float = 0.02
    tick_steps: int = 4
    seconds: float = 2.0

    @property
    def tick_s(self) -> float:
        """Return the time between judgements."""
        return self.dt_s * self.tick_steps

    @property
    def ticks(self) -> int:
        """Return the number of judgements."""
        return max(1, round(self.seconds / self.tick_s))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encounters:
    """Draws of b encounters."""

    path: Ints  # (b,) index into the pool
    at: Array  # (b,) where on it the arm begins, at rest
    time_share: Array  # (b,) of T_s that a stop takes
    way_share: Array  # (b,) of S_s
    path_known: Flags  # (b,) the monitor is told the path
    permit_steps: Ints  # (b, t) from judgement to gate
    permit_lost: Flags  # (b, t)
    people_steps: Ints  # (b, t) age of the newest scan
    joints_steps: Ints  # (b, t)
    silent_s: Array  # (b, 2) no scan from then on, and for how long
    kind: Ints  # (b, p)
    present: Flags  # (b, p)
    start_m: Array  # (b, p, 2)
    radius_m: Array  # (b, p) of the person
    radius_more_m: Array  # (b, p) that the report adds
    speed_max_mps: Array  # (b, p) v_h of this person
    act: Ints  # (b, p, c)
    until_s: Array  # (b, p, c) end of each act
    heading_rad: Array  # (b, p, c)
    pace: Array  # (b, p, c) of speed_max_mps
    aim: Array  # (b, p) where on the path AIM aims at
    reach_s: Array  # (b, p) reaches out from then on; inf: never
    reach_m: Array  # (b, p) how far, within C
    intrusion_m: Array  # (b, p) C
    unseen_s: Array  # (b, p, 2) not seen from then on, and for how long
    as_circle: Flags  # (b, p) reported while unseen as a circle around the place last seen
    std_m: Array  # (b, p) reported deviation of the place
    noise: Array  # (b, t, p) of Z_d
    noise_rad: Array  # (b, t, p) its direction; NaN: away from the arm
    speed_less: Array  # (b, t, p) part of the speed that goes unreported, unless it must not
    joint_noise: Array  # (b, t, n) -1 to 1

    def __len__(self) -> int:
        return len(self.path)

    def rows(self, which: npt.NDArray[np.int64]) -> Encounters:
        """Return some of the encounters."""
        return Encounters(**{f.name: getattr(self, f.name)[which] for f in fields(self)})


def save(file: Path, encounters: Encounters, pool: Pool, about: dict[str, str]) -> None:
    """Write one encounter, its path and what else a replay needs."""
    one = pool.only(int(encounters.path[0]))
    arrays = {f"encounter_{f.name}": getattr(encounters, f.name) for f in fields(encounters)}
    arrays |= {f"pool_{f.name}": getattr(one, f.name) for f in fields(one)}
    arrays["encounter_path"] = np.zeros(1, np.int64)
    arrays |= {f"about_{k}": np.array(v) for k, v in about.items()}
    np.savez_compressed(file, allow_pickle=False, **arrays)


def load(file: Path) -> tuple[Encounters, Pool, dict[str, str]]:
    """Return what `save` wrote. Raises ValueError if the file is no replay."""
    try:
        with np.load(file, allow_pickle=False) as data:
            parts: dict[str, dict[str, npt.NDArray[np.generic]]] = {}
            for name in data.files:
                part, _, field = name.partition("_")
                parts.setdefault(part, {})[field] = data[name]
        about = {k: str(v) for k, v in parts["about"].items()}
        return Encounters(**parts["encounter"]), Pool(**parts["pool"]), about  # type: ignore[arg-type]
    except (KeyError, TypeError, ValueError, EOFError) as error:
        raise ValueError(
            f"{file} is no replay of an encounter ({error}); "
            "name a file that hrc-cell bench safety has written"
        ) from error


def draw(
    bounds: Bounds,
    pool: Pool,
    timing: Timing,
    rng: np.random.Generator,
    count: int,
    *,
    people: int | None = None,
) -> Encounters:
    """Return `count` encounters with so many people each, or as many as chance says."""
    p = people or 1 + int(rng.choice(len(PEOPLE_CHANCE), p=PEOPLE_CHANCE))
    b, t = count, timing.ticks
    joints = pool.waypoints_rad.shape[-1]
    path = rng.integers(pool.count, size=b)
    keen = rng.random(b) < 0.6
    kind = rng.integers(Kind.FOLLOWS, size=(b, p))
    pair = (rng.random(b) < 0.5) & (p > 1)
    kind[pair, 1:2] = Kind.FOLLOWS
    runs = kind == Kind.RUNS
    near_mps = max(bounds.safety.human_speed_near_mps, bounds.safety.human_speed_mps)
    far_mps = bounds.safety.human_speed_mps
    speed = np.where(
        runs, rng.uniform(far_mps, near_mps, (b, p)),
        far_mps * np.where(
            keen[:, None] | (rng.random((b, p)) < 0.3), 1.0, rng.uniform(0.3, 1.0, (b, p))
        ),
    )  # fmt: skip
    speed[pair, 1:2] = speed[pair, 0:1]
    start = _starts(rng, kind, b, p)
    start[pair, 1:2] = start[pair, 0:1] + rng.uniform(-0.6, 0.6, start[pair, 1:2].shape)
    act, until, heading, pace = _acts(rng, kind, start, timing, keen)
    for whole in (act, until, heading, pace):
        whole[pair, 1:2] = whole[pair, 0:1]
    silent = np.stack(
        [
            np.where(rng.random(b) < 0.2, rng.uniform(0.0, 0.7 * timing.seconds, b), np.inf),
            rng.choice([0.1, 0.2, 0.4, 1.5], size=b),
        ],
        axis=-1,
    )
    hides = (kind == Kind.HIDES) | (rng.random((b, p)) < 0.1)
    unseen = np.stack(
        [
            np.where(hides, rng.uniform(0.0, 0.6 * timing.seconds, (b, p)), np.inf),
            rng.uniform(0.1, 2.0, (b, p)),
        ],
        axis=-1,
    )
    reaches = (kind == Kind.REACHES) | (rng.random((b, p)) < 0.5)
    intrusion = np.where(
        rng.random((b, p)) < 0.25, bounds.safety.body_intrusion_m, bounds.safety.intrusion_m
    )
    people_most, joints_most = ages_most(bounds, timing)
    return Encounters(
        path=path,
        at=rng.uniform(0.0, LINES, b),
        time_share=np.where(keen, 1.0, rng.uniform(0.3, 1.0, b)),
        way_share=np.where(keen, 1.0, rng.uniform(0.3, 1.0, b)),
        path_known=rng.random(b) < 0.8,
        permit_steps=rng.choice(3, size=(b, t), p=(0.55, 0.35, 0.1)),
        permit_lost=rng.random((b, t)) < 0.03,
        people_steps=_ages(rng, b, t, people_most, keen),
        joints_steps=_ages(rng, b, t, joints_most, keen),
        silent_s=silent,
        kind=kind,
        present=np.ones((b, p), bool),
        start_m=start,
        radius_m=rng.uniform(0.1, 0.45, (b, p)),
        radius_more_m=np.where(
            keen[:, None] | (rng.random((b, p)) < 0.3), 0.0, rng.uniform(0.0, 0.1, (b, p))
        ),
        speed_max_mps=speed,
        act=act,
        until_s=until,
        heading_rad=heading,
        pace=pace,
        aim=rng.uniform(0.0, LINES, (b, p)),
        reach_s=np.where(reaches, rng.uniform(0.0, timing.seconds, (b, p)), np.inf),
        reach_m=intrusion * np.sqrt(rng.random((b, p))),
        intrusion_m=intrusion,
        unseen_s=unseen,
        as_circle=rng.random((b, p)) < 0.5,
        std_m=np.where(rng.random((b, p)) < 0.3, 0.0, rng.uniform(0.0, 0.1, (b, p))),
        noise=np.where(keen[:, None, None], 1.0, rng.random((b, t, p))),
        noise_rad=np.where(
            rng.random((b, t, p)) < np.where(keen, 0.7, 0.3)[:, None, None],
            np.nan,
            rng.uniform(-np.pi, np.pi, (b, t, p)),
        ),
        speed_less=np.where(rng.random((b, 1, p)) < 0.5, rng.random((b, t, p)), 0.0),
        joint_noise=rng.uniform(-1.0, 1.0, (b, t, joints)),
    )


def ages_most(bounds: Bounds, timing: Timing) -> tuple[int, int]:
    """Return how many steps old scans and joint states may be before somebody must notice."""
    react_s = bounds.safety.reaction_time_s
    limits_s = (bounds.scanners_s, bounds.safety.joints_timeout_s)
    people, joints = (int(min(limit_s, react_s) / timing.dt_s + 1e-9) for limit_s in limits_s)
    return people, joints


def _ages(rng: np.random.Generator, b: int, t: int, most: int, keen: Flags) -> Ints:
    """Return ages in steps: of some cells small, of others all that is allowed, mostly between."""
    usual = rng.integers(1, most + 1, size=(b, 1))
    usual = np.where(keen[:, None], np.maximum(usual, 3 * most // 4), usual)
    spread = rng.integers(0, 4, size=(b, t))
    return np.minimum(usual + np.where(rng.random((b, 1)) < 0.5, spread, 0), most)


def _starts(rng: np.random.Generator, kind: Ints, b: int, p: int) -> Array:
    far = np.where(
        (kind == Kind.WAITS) | (kind == Kind.REACHES),
        rng.uniform(0.3, 4.2, (b, p)),
        np.where(
            rng.random((b, p)) < 0.5, rng.uniform(2.5, 4.3, (b, p)), rng.uniform(1.2, 5.0, (b, p))
        ),
    )
    around = rng.uniform(-np.pi, np.pi, (b, p))
    return np.stack([far * np.cos(around), far * np.sin(around)], axis=-1)


def _acts(
    rng: np.random.Generator, kind: Ints, start: Array, timing: Timing, keen: Flags
) -> tuple[Ints, Array, Array, Array]:
    """Return what people do, until when, on which heading and with which part of their speed."""
    b, p = kind.shape
    shape = (b, p, ACTS)
    lasting = rng.uniform(0.1, 0.6, shape) * timing.seconds
    towards = np.arctan2(-start[..., 1], -start[..., 0])[..., None]
    heading = towards + rng.normal(0.0, 0.6, shape)
    pace = np.where(
        keen[:, None, None] | (rng.random(shape) < 0.4), 1.0, rng.uniform(0.2, 1.0, shape)
    )
    seek = np.where(rng.random(shape) < 0.7, Act.LINK, Act.AIM)
    act = rng.choice(
        [Act.STAND, Act.STRAIGHT, Act.LINK, Act.AIM, Act.AWAY],
        size=shape, p=(0.15, 0.3, 0.3, 0.15, 0.1),
    )  # fmt: skip
    for which, begin in (
        ((Kind.WALKS,), (Act.STRAIGHT, Act.STRAIGHT)),
        ((Kind.TURNS,), (Act.STRAIGHT, None)),
        ((Kind.RUNS,), (Act.STRAIGHT, None)),
        ((Kind.SEEKS,), (None, None)),
        ((Kind.WAITS,), (Act.STAND, None)),
        ((Kind.HIDES,), (Act.STRAIGHT, None)),
        ((Kind.REACHES,), (Act.STAND, Act.STAND)),
    ):
        mine = np.isin(kind, which)
        for c, what in enumerate(begin):
            act[mine, c] = seek[mine, c] if what is None else what
    runs = (kind == Kind.RUNS)[..., None]
    act = np.where(runs & (act == Act.STAND), Act.STRAIGHT, act)
    pace = np.where(runs, 1.0, pace)  # measured as fast as this, so never slower
    return act, np.cumsum(lasting, axis=-1), heading, pace
