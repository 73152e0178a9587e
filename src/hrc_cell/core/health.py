"""Whether a scanner still sees its learned background: covered, dirty, or moved from its place.

Units: metres, radians, seconds; time: monotonic. A beam that had a background when it was learned
should see it. It cannot tell while something nearer of the size of a person is before it, so people
who stand around never count against the scanner, however many. What is wider than a person, nearer
than window_near_m, beyond the background, or no echo at all, explains nothing: a beam for which
this lasts longer than background_lost_s has lost its background.

Blocked: of the beams that can tell too few have kept it, or a sector wider than background_gap_rad
has lost it, or something sticks to the window. Dirt, fog, a covering hand or a parked trolley: the
room behind is not watched any more.

Moved: seen as if turned by some angle, the background explains the scan much better; or much of
what is lost is seen through, which no cover brings about. A room that was rebuilt looks the same.

While either holds nothing is unlearned: what hides the background must not become the new one, nor
must a scanner that was moved get used to its new place.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from hrc_cell.core.background import BIN_M, Background, is_known
from hrc_cell.core.clusters import Runs, widths_m
from hrc_cell.core.scan import Bools, Floats, Scan
from hrc_cell.settings.sensing import TrackerSettings

CAN_TELL_RATIO = 0.1
"""If fewer of the beams that had a background can tell, nothing is known of the scanner."""
THROUGH_RATIO = 0.25
"""Seen through in so many of the lost beams: not covered."""
TURN_MAX_RAD = 0.35
TURNS = 30
"""To each side so many turns are tried, up to TURN_MAX_RAD, and each at least one beam."""
TURN_FIT_RATIO = 0.6
"""A turn explains a scan when it explains so many of its echoes."""
TURN_EVERY_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Health:
    """What one scanner shows of its background."""

    had: Bools  # [beams] which had a background when it was learned
    farthest_m: Floats  # [beams] its far end, 0 for none
    told_s: Floats  # [beams] when each beam last saw it, or could not tell
    lost: Bools  # [beams] which have lost it
    ratio: float = 1.0  # of the beams that can tell, those that have kept it; NaN: there are none
    blocked: bool = False
    moved: bool = False
    turn_tried_s: float = -np.inf
    turned_since_s: float = np.inf  # since when a turn explains much more

    @property
    def good(self) -> bool:
        """Return whether the scanner sees what it should."""
        return not (self.blocked or self.moved)


def first_health(background: Background, now_s: float) -> Health:
    """Return the health at the first scan after the background was learned or loaded."""
    beams, bins = background.known.shape
    had = np.any(background.known, axis=1)
    last = bins - np.argmax(background.known[:, ::-1], axis=1)
    return Health(
        had=had, farthest_m=np.where(had, last * BIN_M, 0.0), told_s=np.full(beams, now_s),
        lost=np.zeros(beams, dtype=bool),
    )  # fmt: skip


def examine(
    settings: TrackerSettings,
    health: Health,
    background: Background,
    scan: Scan,
    echoes: Floats,
    runs: Runs,
    now_s: float,
) -> Health:
    """Return the health after one more scan, whose `echoes` [beams] are partly new, in `runs`."""
    with np.errstate(invalid="ignore"):  # no echo is neither stuck nor nearer nor beyond
        stuck = echoes < settings.window_near_m
        nearer = echoes < health.farthest_m
    small = widths_m(runs) <= 2.0 * settings.person_radius_m
    person = runs.new & nearer & small & ~stuck
    kept = ~(np.isnan(echoes) | runs.new)
    told = (kept | person | ~health.had) & ~stuck
    told_s = np.where(told, now_s, health.told_s)
    lost: Bools = now_s - told_s >= settings.background_lost_s
    can = (health.had & ~person) | lost
    ratio = _ratio(health.had, can, lost)
    blocked = bool(
        ratio < settings.background_min_ratio
        or _widest_rad(can, lost, abs(scan.angle_increment_rad)) > settings.background_gap_rad
        or np.count_nonzero(lost & stuck) >= settings.cluster_beams_min
    )
    tried_s, since_s = health.turn_tried_s, health.turned_since_s
    if not now_s - tried_s < TURN_EVERY_S:
        unexplained = np.where(person, np.nan, echoes)
        better = _turned(settings, background, scan, unexplained)
        tried_s, since_s = now_s, min(since_s, now_s) if better else np.inf
    return Health(
        had=health.had, farthest_m=health.farthest_m, told_s=told_s, lost=lost, ratio=ratio,
        blocked=blocked,
        moved=now_s - since_s >= settings.background_lost_s
        or (blocked and _rebuilt(health, lost, echoes, nearer)),
        turn_tried_s=tried_s, turned_since_s=since_s,
    )  # fmt: skip


def _rebuilt(health: Health, lost: Bools, echoes: Floats, nearer: Bools) -> bool:
    """Return whether much of what is lost is seen through."""
    through = np.count_nonzero(lost & health.had & ~np.isnan(echoes) & ~nearer)
    return bool(through >= THROUGH_RATIO * np.count_nonzero(lost))


def _ratio(had: Bools, can: Bools, lost: Bools) -> float:
    """Return the part of the beams that can tell and have not lost their background."""
    count = np.count_nonzero(can)
    if not count and not had.any():
        return float("nan")
    if count < CAN_TELL_RATIO * np.count_nonzero(had):
        return 0.0
    return 1.0 - np.count_nonzero(lost) / count


def _widest_rad(can: Bools, lost: Bools, step_rad: float) -> float:
    """Return the widest run of beams that have lost it, all that can tell in between included.

    Beams that cannot tell neither end a run nor make it wider.
    """
    if not lost.any():  # as good as always
        return 0.0
    row = np.concatenate(([False], lost[can], [False]))
    ends = np.flatnonzero(row[1:] != row[:-1])
    return float((ends[1::2] - ends[::2]).max(initial=0)) * step_rad


def _turned(settings: TrackerSettings, background: Background, scan: Scan, echoes: Floats) -> bool:
    """Return whether some turn explains the echoes much better."""
    step = max(1, round(TURN_MAX_RAD / abs(scan.angle_increment_rad) / TURNS))
    turns = np.arange(-TURNS, TURNS + 1) * step
    beams = len(echoes)
    seen = np.flatnonzero(~np.isnan(echoes))
    beam = seen + turns[:, None]
    inside = (beam >= 0) & (beam < beams)
    fits = inside & is_known(background, np.clip(beam, 0, beams - 1), echoes[seen])
    count = inside.sum(axis=1)
    enough = 2 * count >= len(seen)  # not so a turn by which few beams still face the background
    fit = np.where(enough, fits.sum(axis=1) / np.maximum(count, 1), 0.0)
    best = float(fit.max())
    return bool(best >= TURN_FIT_RATIO and best - fit[TURNS] >= settings.moved_gain_ratio)
