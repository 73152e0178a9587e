"""One scanner's view of the room: it learns the background, then tells what is new in front of it.

Units: metres, seconds; time: monotonic. A view is a value: the node keeps one for each scanner.

What cannot be is not taken, and told: a stamp that is not later than the one before or lies in the
future (somebody set a clock, or two drivers talk on one topic), beams without a direction, or other
beams than the background was learned with. Nor is a scan that repeats the ranges of the one before:
noise sees to it that no working scanner measures the same twice.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

import numpy as np

from hrc_cell.core.background import Background, Watch, foreground, learn, watch
from hrc_cell.core.clusters import NOTHING, Cluster, find_clusters, runs_of
from hrc_cell.core.health import Health, examine, first_health
from hrc_cell.core.scan import Beams, Floats, Scan, beams_of, echoes_m, same_beams
from hrc_cell.settings.sensing import Scanner, TrackerSettings

WATCH_WINDOW_S = 0.5
REPEATS_MAX = 2
"""A scan may be delivered twice; a scanner that goes on repeating itself has frozen."""
STRANGE_S = 1.0
"""How long one impossible scan is told of, so that nobody who judges can miss it."""


class ScannerState(enum.IntEnum):
    """What is known of a scanner; numbers as in ScannerStatus.msg."""

    LEARNING = 0
    OK = 1
    SILENT = 2
    BLIND = 3
    BLOCKED = 4
    MOVED = 5
    FROZEN = 6
    STRANGE = 7


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What one scanner has shown so far. `watch` is None while the background is being learned."""

    watch: Watch | None = None
    health: Health | None = None  # None before the first scan with a background
    learning: tuple[tuple[float, Floats], ...] = ()  # time and echoes of each scan
    beams: Beams | None = None  # what background or learning hold for; None before the first scan
    scans: int = 0  # taken so far
    seen_s: float = math.nan  # time of the newest scan that was taken
    newest: Floats | None = None  # its echoes
    range_max_m: float = 0.0  # its range
    beams_valid: int = 0  # beams with an echo
    heard_s: float = math.nan  # when anything was last heard, taken or not
    stamp_s: float = -math.inf  # its header stamp
    repeats: int = 0  # scans in a row with the ranges of the one before
    strange_s: float = -math.inf  # when the last impossible scan was heard

    @property
    def background_ratio(self) -> float:
        """Return how many of the beams that can tell see the background; NaN if none is known."""
        return math.nan if self.health is None else self.health.ratio


def known_view(background: Background, beams: Beams) -> View:
    """Return the view of a scanner whose background is known before its first scan."""
    return View(watch=Watch(background=background), beams=beams)


def forgotten(view: View) -> View:
    """Return the view without its background: it is to be learned anew."""
    return replace(view, watch=None, health=None, learning=())


def look(
    settings: TrackerSettings,
    scanner: Scanner,
    view: View,
    scan: Scan,
    seen_s: float,
    *,
    heard_s: float | None = None,
    may_learn: bool = True,
) -> tuple[View, tuple[Cluster, ...]]:
    """Return the view after one more scan taken at `seen_s`, and the new things in it.

    `heard_s` is when the scan arrived (None: at once). Later than timeout_s after `seen_s`, it says
    nothing any more and the same view comes back. A scan that is not taken leaves `scans` as it is.

    Nothing is seen while the background is learned, and it is learned only if it `may_learn`.
    """
    heard_s = seen_s if heard_s is None else heard_s
    beams = beams_of(scan)
    fits = view.beams is None or (beams is not None and same_beams(view.beams, beams))
    later = scan.stamp_s > view.stamp_s and seen_s <= heard_s
    stamp_s = scan.stamp_s if math.isfinite(scan.stamp_s) else -math.inf
    if beams is None or not later or not (fits or view.watch is None):
        return replace(view, heard_s=heard_s, stamp_s=stamp_s, strange_s=heard_s), NOTHING
    if not heard_s - seen_s <= scanner.timeout_s:
        return replace(view, stamp_s=stamp_s), NOTHING
    echoes = echoes_m(scan)
    valid = int(np.count_nonzero(~np.isnan(echoes)))
    if valid and _same(view.newest, echoes):
        repeats = view.repeats + 1
        return replace(view, heard_s=heard_s, stamp_s=stamp_s, repeats=repeats), NOTHING
    watched, health, things = view.watch, view.health, NOTHING
    if watched is not None:
        background = watched.background
        runs = runs_of(settings, scan, echoes, foreground(background, echoes))
        health = health or first_health(background, seen_s)
        health = examine(settings, health, background, scan, echoes, runs, seen_s)
        if health.good:
            watched = watch(
                watched, echoes, seen_s,
                window_s=WATCH_WINDOW_S, unlearn_s=settings.background_unlearn_s,
            )  # fmt: skip
        things = find_clusters(settings, scanner, runs)
    view = replace(
        view, watch=watched, health=health, learning=view.learning if fits else (), beams=beams,
        scans=view.scans + 1, seen_s=seen_s, newest=echoes, range_max_m=scan.range_max_m,
        beams_valid=valid, heard_s=heard_s, stamp_s=stamp_s, repeats=0,
    )  # fmt: skip
    if watched is None and may_learn:
        view = _learn(settings, view, scan, seen_s)
    return view, things


def _same(before: Floats | None, echoes: Floats) -> bool:
    """Return whether the echoes are those of before; no echo is alike to no echo."""
    return before is not None and before.tobytes() == echoes.tobytes()


def _learn(settings: TrackerSettings, view: View, scan: Scan, now_s: float) -> View:
    """Return the view after a scan of the learning time; at its end the background is known."""
    learning = (*view.learning, (now_s, echoes_m(scan)))
    if now_s - learning[0][0] < settings.background_s:
        return replace(view, learning=learning)
    background = learn(
        np.stack([ranges for _, ranges in learning]),
        np.array([time_s for time_s, _ in learning]),
        range_max_m=scan.range_max_m,
        margin_m=settings.background_margin_m,
        window_s=settings.background_window_s,
        present_ratio=settings.background_present_ratio,
    )
    return replace(
        view, learning=(), watch=Watch(background=background),
        health=first_health(background, now_s),
    )  # fmt: skip


def scanner_state(scanner: Scanner, view: View, now_s: float) -> ScannerState:
    """Return the scanner's state at `now_s`: the first that holds, and unknown is silent."""
    if not 0.0 <= now_s - view.heard_s <= scanner.timeout_s:
        return ScannerState.SILENT
    if now_s - view.strange_s <= STRANGE_S:
        return ScannerState.STRANGE
    if view.repeats > REPEATS_MAX:
        return ScannerState.FROZEN
    if view.beams is None or not 0.0 <= now_s - view.seen_s <= scanner.timeout_s:
        return ScannerState.SILENT
    if view.beams_valid < scanner.beams_valid_min_ratio * view.beams.count:
        return ScannerState.BLIND
    if view.health is None:
        return ScannerState.LEARNING
    if view.health.moved:
        return ScannerState.MOVED
    return ScannerState.BLOCKED if view.health.blocked else ScannerState.OK
