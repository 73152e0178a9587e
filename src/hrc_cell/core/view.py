"""One scanner's view of the room: it learns the background, then tells what is new in front of it.

Units: metres, seconds; time: monotonic. A view is a value: the node keeps one for each scanner.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass, replace

import numpy as np

from hrc_cell.core.background import Background, Watch, foreground, learn, watch
from hrc_cell.core.clusters import NOTHING, Clusters, find_clusters
from hrc_cell.core.scan import Beams, Floats, Scan, beams_of, echoes_m, same_beams
from hrc_cell.settings.sensing import Scanner, TrackerSettings

WATCH_WINDOW_S = 0.5


class ScannerState(enum.IntEnum):
    """What is known of a scanner; numbers as in ScannerStatus.msg."""

    LEARNING = 0
    OK = 1
    SILENT = 2
    BLIND = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class View:
    """What one scanner has shown so far. `watch` is None while the background is being learned."""

    watch: Watch | None = None
    learning: tuple[tuple[float, Floats], ...] = ()  # time and echoes of each scan
    beams: Beams | None = None  # what background or learning hold for; None before the first scan
    seen_s: float = math.nan  # time of its newest scan
    newest: Floats | None = None  # echoes of its newest scan
    beams_valid: int = 0  # of them with an echo


def known_view(background: Background, beams: Beams) -> View:
    """Return the view of a scanner whose background is known before its first scan."""
    return View(watch=Watch(background=background), beams=beams)


def look(
    settings: TrackerSettings, scanner: Scanner, view: View, scan: Scan, now_s: float
) -> tuple[View, Clusters]:
    """Return the view after one more scan taken at `now_s`, and the new things in it.

    Nothing is seen while the background is learned. A scan with other beams than before makes the
    background void: it is learned again.

    The same view comes back for what is no scan: beams without a direction, or the very ranges of
    the scan before. Noise sees to it that no working scanner measures the same twice, so one that
    repeats itself has frozen and falls silent.
    """
    beams = beams_of(scan)
    echoes = echoes_m(scan)
    valid = int(np.count_nonzero(~np.isnan(echoes)))
    if beams is None or (valid and _same(view.newest, echoes)):
        return view, NOTHING
    if view.beams is not None and not same_beams(view.beams, beams):
        view = View()
    view = replace(view, beams=beams, seen_s=now_s, newest=echoes, beams_valid=valid)
    if view.watch is None:
        return _learn(settings, view, scan, now_s), NOTHING
    new = foreground(view.watch.background, echoes)
    watched = watch(
        view.watch,
        echoes,
        now_s,
        window_s=WATCH_WINDOW_S,
        unlearn_s=settings.background_unlearn_s,
    )
    return replace(view, watch=watched), find_clusters(settings, scanner, scan, echoes, new)


def _same(before: Floats | None, echoes: Floats) -> bool:
    return before is not None and np.array_equal(before, echoes, equal_nan=True)


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
    return replace(view, learning=(), watch=Watch(background=background))


def scanner_state(scanner: Scanner, view: View, now_s: float) -> ScannerState:
    """Return the scanner's state at `now_s`: the worst that holds, and unknown is silent."""
    if view.beams is None or not 0.0 <= now_s - view.seen_s <= scanner.timeout_s:
        return ScannerState.SILENT
    if view.beams_valid < scanner.beams_valid_min_ratio * view.beams.count:
        return ScannerState.BLIND
    return ScannerState.LEARNING if view.watch is None else ScannerState.OK
