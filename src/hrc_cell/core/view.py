"""One scanner's view of the room: it learns the background, then tells what is new in front of it.

Units: metres, seconds; time: monotonic. A view is a value: the node keeps one for each scanner.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

import numpy as np

from hrc_cell.core.background import Background, Watch, foreground, learn, watch
from hrc_cell.core.clusters import NOTHING, Clusters, find_clusters
from hrc_cell.core.scan import Floats, Scan, echoes_m
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
    seen_s: float = float("nan")  # time of its newest scan
    beams: int = 0
    beams_valid: int = 0
    angle_min_rad: float = float("nan")
    angle_increment_rad: float = float("nan")


def known_view(background: Background) -> View:
    """Return the view of a scanner whose background is known before its first scan."""
    return View(watch=Watch(background=background))


def look(
    settings: TrackerSettings, scanner: Scanner, view: View, scan: Scan, now_s: float
) -> tuple[View, Clusters]:
    """Return the view after one more scan taken at `now_s`, and the new things in it.

    Nothing is seen while the background is learned. A scan with other beams than those of the
    background makes it void: it is learned again.
    """
    echoes = echoes_m(scan)
    beams, valid = len(echoes), int(np.count_nonzero(~np.isnan(echoes)))
    same = (view.watch is None or len(view.watch.background.known) == beams) and _alike(view, scan)
    if not same:
        view = View()
    view = replace(
        view,
        seen_s=now_s,
        beams=beams,
        beams_valid=valid,
        angle_min_rad=scan.angle_min_rad,
        angle_increment_rad=scan.angle_increment_rad,
    )
    if view.watch is None:
        return _learn(settings, view, echoes, now_s), NOTHING
    new = foreground(view.watch.background, echoes)
    watched = watch(
        view.watch,
        echoes,
        now_s,
        window_s=WATCH_WINDOW_S,
        unlearn_s=settings.background_unlearn_s,
    )
    return replace(view, watch=watched), find_clusters(settings, scanner, scan, echoes, new)


def _alike(view: View, scan: Scan) -> bool:
    """Return whether the beams look where they looked before; nothing before is like anything."""
    if np.isnan(view.angle_min_rad):
        return True
    return (
        view.beams == len(scan.ranges)
        and abs(view.angle_min_rad - scan.angle_min_rad) < 1e-4
        and abs(view.angle_increment_rad - scan.angle_increment_rad) < 1e-6
    )


def _learn(settings: TrackerSettings, view: View, echoes: Floats, now_s: float) -> View:
    """Return the view after a scan of the learning time; at its end the background is known."""
    learning = (*view.learning, (now_s, echoes))
    if now_s - learning[0][0] < settings.background_s:
        return replace(view, learning=learning)
    background = learn(
        np.stack([ranges for _, ranges in learning]),
        np.array([time_s for time_s, _ in learning]),
        margin_m=settings.background_margin_m,
        window_s=settings.background_window_s,
        present_ratio=settings.background_present_ratio,
    )
    return replace(view, learning=(), watch=Watch(background=background))


def scanner_state(scanner: Scanner, view: View, now_s: float) -> ScannerState:
    """Return what is known of the scanner at `now_s`. The worst that holds; unknown is silent."""
    if not 0.0 <= now_s - view.seen_s <= scanner.timeout_s:
        return ScannerState.SILENT
    if not view.beams_valid >= scanner.beams_valid_min_ratio * view.beams > 0.0:
        return ScannerState.BLIND
    return ScannerState.LEARNING if view.watch is None else ScannerState.OK
