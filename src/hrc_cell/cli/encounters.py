"""Batches of encounters, in worker processes: what `hrc-cell bench safety` counts.

A batch is a function of the cell, the seed and its number, so any of them can be run again alone.
`BLOCK` batches share a pool of paths.
"""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.falsify.bounds import Bounds
from hrc_cell.adapters.falsify.contact import ASSUMED, Contact
from hrc_cell.adapters.falsify.core_monitor import CoreMonitor
from hrc_cell.adapters.falsify.encounter import Encounters, Kind, Timing, draw, save
from hrc_cell.adapters.falsify.loop import Outcome, run
from hrc_cell.adapters.falsify.paths import Pool, make_pool
from hrc_cell.cli.checked import checked_cell
from hrc_cell.core.kinematics import capsules_at
from hrc_cell.core.rules import Rules
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.contact import ANY, ContactSettings

BATCH = 500
BLOCK = 40
PATHS = 200
POSES = 5000
"""Random ones, of which the farthest is the arm's reach."""
FORESIGHT_EVERY = 2
"""In the batches between, the foresight is left out: it may only add to what is safe without."""
CONTACT_EVERY = 8
"""One batch in so many is of a step that allows contact with any region."""
POOL_OF_DAY = 10**6
"""Number of the pool for the productivity."""
NODES = ("watched",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One batch."""

    cell: str
    seed: int
    batch: int
    count: int
    weakness: str = ""
    folder: str | None = None  # where violations are saved; None: nowhere
    save_max: int = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a batch gives."""

    batch: int
    encounters: int
    violations: tuple[int, ...]  # numbers of the encounters
    files: tuple[str, ...]
    hits: int  # a moving arm touched somebody
    touched: int  # somebody touched a standing arm
    least_margin_m: float
    least_at: int
    simulated_s: float
    moved_s: float
    stops: int
    kinds: dict[str, int]
    unseen: int
    silenced: int
    contact_allowed: int  # encounters in a step that allows contact


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Context:
    """A cell, ready to be tried."""

    cell: Cell
    rules: Rules
    bounds: Bounds
    contact: ContactSettings
    reach_m: float  # of the arm from its base's axis


@lru_cache(maxsize=2)
def context(named: str) -> Context:
    """Return the cell of this name. Its zones are left out: they would hide the separation."""
    cell = checked_cell(named)
    chain = load_description(cell).chain
    whole = Rules.of(cell, chain, NODES)
    rules = replace(whole, zones=replace(whole.zones, zones=(), sets=(), muting=()))
    anyhow = np.random.default_rng(0).uniform(
        chain.lower_rad, chain.upper_rad, (POSES, len(chain.joints))
    )
    away = np.stack(capsules_at(chain, anyhow))[..., :2] - chain.base[:2, 3]
    far = np.sqrt((away * away).sum(axis=-1)) + chain.capsule_radius_m
    contact = whole.contact or ASSUMED
    return Context(
        cell=cell, rules=replace(rules, contact=contact), bounds=Bounds.of(cell), contact=contact,
        reach_m=float(far.max()),
    )  # fmt: skip


@lru_cache(maxsize=2)
def pool_of(named: str, seed: int, block: int) -> Pool:
    """Return the paths of a block of batches."""
    rules = context(named).rules
    rng = np.random.default_rng([seed, 1, block])
    return make_pool(rules.chain, rules.motion, rules.stops, rng, PATHS)


def drawn_batch(job: Job) -> tuple[Encounters, Pool]:
    """Return the encounters of a batch, and their paths."""
    pool = pool_of(job.cell, job.seed, job.batch // BLOCK)
    rng = np.random.default_rng([job.seed, 0, job.batch])
    return draw(context(job.cell).bounds, pool, Timing(), rng, job.count), pool


def run_batch(job: Job) -> Result:
    """Return what comes of a batch."""
    about = context(job.cell)
    drawn, pool = drawn_batch(job)
    found = _run(about, drawn, pool, job.batch, job.weakness)
    bad = np.flatnonzero(found.violated)
    files = []
    if job.folder is not None:
        for row in bad[: job.save_max]:
            files.append(_saved(job, drawn, pool, int(row)))
    least = int(found.margin_m.argmin())
    kinds = Counter(Kind(k).name.lower() for k in drawn.kind[drawn.present])
    timing = Timing()
    return Result(
        batch=job.batch,
        encounters=len(drawn),
        violations=tuple(int(row) + job.batch * BATCH for row in bad),
        files=tuple(files),
        hits=int(found.hit.sum()),
        touched=int(found.touched.sum()),
        least_margin_m=float(found.margin_m[least]),
        least_at=least + job.batch * BATCH,
        simulated_s=len(drawn) * timing.ticks * timing.tick_s,
        moved_s=float(found.moved_s.sum()),
        stops=int(found.stops.sum()),
        kinds=dict(kinds),
        unseen=int((np.isfinite(drawn.unseen_s[..., 0]) & drawn.present).sum()),
        silenced=int(np.isfinite(drawn.silent_s[:, 0]).sum()),
        contact_allowed=len(drawn) if allows_contact(job.batch) else 0,
    )


def _run(
    about: Context, drawn: Encounters, pool: Pool, batch: int, weakness: str, *, trace: bool = False
) -> Outcome:
    """Return the outcome of encounters as they run in this batch."""
    rules = about.rules
    if batch % FORESIGHT_EVERY:
        rules = replace(rules, safety=replace(rules.safety, foresight_s=0.0))
    touches = allows_contact(batch)
    monitor = CoreMonitor(
        rules, len(drawn), weakness=weakness, contact_region=ANY if touches else ""
    )
    contact = Contact.of(about.contact) if touches else None
    return run(drawn, pool, monitor, about.bounds, Timing(), contact=contact, trace=trace)


def allows_contact(batch: int) -> bool:
    """Return whether the step of this batch allows contact."""
    return batch % CONTACT_EVERY == CONTACT_EVERY - 1


def _saved(job: Job, drawn: Encounters, pool: Pool, row: int) -> str:
    number = row + job.batch * BATCH
    weak = f"_{job.weakness}" if job.weakness else ""
    file = Path(job.folder or ".") / f"violation{weak}_seed{job.seed}_encounter{number}.npz"
    about = {
        "cell": job.cell, "seed": str(job.seed), "encounter": str(number),
        "weakness": job.weakness, "batch": str(job.batch),
        "safety": context(job.cell).cell.safety_sha256,
    }  # fmt: skip
    save(file, drawn.rows(np.array([row])), pool, about)
    return str(file)


def jobs(
    cell: str, seed: int, encounters: int, *, weakness: str = "", folder: str | None = None
) -> Iterator[Job]:
    """Yield the batches that make up so many encounters."""
    for batch in range(math.ceil(encounters / BATCH)):
        yield Job(
            cell=cell, seed=seed, batch=batch, count=min(BATCH, encounters - batch * BATCH),
            weakness=weakness, folder=folder,
        )  # fmt: skip


def results(todo: list[Job], workers: int) -> Iterator[Result]:
    """Yield the results of the batches in order, run by so many processes."""
    if workers == 1:
        yield from map(run_batch, todo)
        return
    # One thread each: the workers are the parallelism.
    os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=spawn) as pool:
        waiting = {}
        try:
            begun = 0
            for number in range(len(todo)):
                while begun < min(number + 3 * workers, len(todo)):
                    waiting[begun] = pool.submit(run_batch, todo[begun])
                    begun += 1
                yield waiting.pop(number).result()
        finally:
            for future in waiting.values():
                future.cancel()


def replayed(drawn: Encounters, pool: Pool, about: dict[str, str], cell: str) -> Outcome:
    """Return the outcome of a saved encounter with the ticks kept."""
    here = context(cell)
    batch = int(about.get("batch", "0"))
    return _run(here, drawn, pool, batch, about.get("weakness", ""), trace=True)


class Clock:
    """How long it takes."""

    def __init__(self) -> None:
        self.begin_s = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Return the time since the beginning."""
        return time.perf_counter() - self.begin_s
