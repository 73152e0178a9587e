"""What stands in the room anyway: for each beam the ranges at which it is used to see something.

Units: metres, seconds. A background is a table [beams, bins] of ranges that are known; an echo at
any other range, nearer or farther, is something new. Several ranges of one beam can be known, as an
edge is seen half of the time and the wall behind it the other half.

Learning. Time is cut into windows. In each window a range was seen (an echo there, and not from
something passing by), or seen through (no echo there and the beam went farther), or hidden (the
beam ended before). A range that was seen in most of the windows that could tell is background: a
wall hidden by people now and then stays one, and a person who walks or stands for a while does not
become one. Nobody can tell a person who stands still all the time, or always turns back at the same
spot and lets no beam past, from a post.

Watching. A learned range that is seen through for long enough was no wall (a person who stood there
during learning and left): it is struck off, and what was seen behind it all the while takes its
place. Nothing else is ever added, so a person who stands still is never swallowed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hrc_cell.core.scan import Bools, Floats

BIN_M = 0.05
NOISE_RATIO = 0.01
"""Noise of a range grows with the range; 1 % of it for common scanners beyond 1 m."""
SEEN_RATIO_MIN = 0.2
"""However often a range is hidden, it must be seen in this part of all windows."""
STEADY_RATIO = 1 / 3
NEAR_M = 0.5
"""What passes by spreads its echoes: of those within NEAR_M, so many must lie at the range."""
WINDOWS_MIN = 6
TABLE_MAX_M = 100.0
"""No table reaches farther; what is seen beyond is new."""
BEYOND_M = 2.0 * TABLE_MAX_M
"""Beyond every table."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Background:
    """Known ranges: known[i, k] tells of beam i and ranges from k to k + 1 times BIN_M."""

    known: Bools  # [beams, bins]
    margin_m: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch:
    """A background, and what was seen of it lately."""

    background: Background
    window: tuple[Floats, ...] = ()  # echoes since `began_s`
    began_s: float = 0.0
    missed_s: Floats | float = 0.0  # [beams, bins] for how long a known range was seen through
    steady_s: Floats | float = 0.0  # [beams, bins] for how long anything was seen there


def learn(
    echoes: Floats,
    stamps_s: Floats,
    *,
    range_max_m: float,
    margin_m: float,
    window_s: float,
    present_ratio: float,
) -> Background:
    """Return the background of echoes [scans, beams] (NaN: no echo) taken at stamps [scans].

    The table reaches to `range_max_m`, for what may be revealed later. Windows last `window_s`, or
    less so that there are at least six. A range is background when it was seen in more than
    `present_ratio` of the windows in which it was not hidden.
    """
    farthest_m = min(range_max_m, TABLE_MAX_M) if range_max_m > 0.0 else TABLE_MAX_M
    bins = 1 + int(farthest_m / BIN_M) + _reach_bins(margin_m)
    span_s = float(stamps_s[-1] - stamps_s[0])
    step_s = min(window_s, span_s / WINDOWS_MIN)
    place = np.zeros(len(stamps_s), dtype=int)
    if step_s > 0.0:
        place = ((stamps_s - stamps_s[0]) / step_s).astype(int)
    seen = np.zeros((echoes.shape[1], bins), dtype=int)
    through = np.zeros_like(seen)
    windows = np.unique(place)
    for window in windows:
        here = echoes[place == window]
        hit, past = _judge(here, bins, margin_m)
        seen += hit & _steady(here, bins, margin_m)
        through += past
    often = seen > present_ratio * (seen + through)
    return Background(known=often & (seen >= SEEN_RATIO_MIN * len(windows)), margin_m=margin_m)


def foreground(background: Background, echoes: Floats) -> Bools:
    """Return which beams [beams] see something that is not background.

    A beam without an echo is none of both. A range beyond the table is new.
    """
    beam = np.arange(len(background.known))
    new: Bools = ~(np.isnan(echoes) | is_known(background, beam, echoes))
    return new


def is_known(background: Background, beam: npt.NDArray[np.int_], range_m: Floats) -> Bools:
    """Return whether these beams have these ranges [m] for a background; not so NaN."""
    bins = background.known.shape[1]
    place = _bins_of(range_m)
    known: Bools = background.known[beam, np.minimum(place, bins - 1)] & (place < bins)
    return known


def watch(seen: Watch, echoes: Floats, now_s: float, *, window_s: float, unlearn_s: float) -> Watch:
    """Return the watch after one more scan; ranges seen through for `unlearn_s` are struck off."""
    if seen.window and 0.0 <= now_s - seen.began_s < window_s:
        return Watch(
            background=seen.background, window=(*seen.window, echoes), began_s=seen.began_s,
            missed_s=seen.missed_s, steady_s=seen.steady_s,
        )  # fmt: skip
    if not seen.window:
        return replace(seen, window=(echoes,), began_s=now_s)
    return replace(
        _settle(seen, window_s=window_s, unlearn_s=unlearn_s), window=(echoes,), began_s=now_s
    )


def _settle(seen: Watch, *, window_s: float, unlearn_s: float) -> Watch:
    """Return the watch with its full window taken into account."""
    background = seen.background
    known = background.known
    hit, past = _judge(np.stack(seen.window), known.shape[1], background.margin_m)
    missed_s = np.where(hit, 0.0, seen.missed_s + window_s * (past & known))
    steady_s = np.where(hit, seen.steady_s + window_s, np.where(past, 0.0, seen.steady_s))
    struck = known & (missed_s >= unlearn_s)
    if struck.any():
        behind = np.logical_or.accumulate(struck, axis=1)
        known = (known & ~struck) | (behind & (steady_s >= unlearn_s))
        missed_s = np.where(known, missed_s, 0.0)
    return replace(
        seen,
        background=replace(background, known=known),
        missed_s=missed_s,
        steady_s=steady_s,
    )


def _judge(echoes: Floats, bins: int, margin_m: float) -> tuple[Bools, Bools]:
    """Return which ranges [beams, bins] were seen, and which were seen through, in one window.

    Seen: an echo that may as well come from there, by the margin and the noise at its range, in
    this beam or one beside it (a beam at an edge sees now this, now that). Seen through: the
    nearest end of the beam lay beyond.
    """
    beam, place = np.nonzero(_count(echoes, bins))
    reach = _reach_bins(margin_m) + (place * NOISE_RATIO).astype(int)
    ends = np.zeros((echoes.shape[1], bins + 1), dtype=int)
    np.add.at(ends, (beam, np.maximum(place - reach, 0)), 1)
    np.add.at(ends, (beam, np.minimum(place + reach + 1, bins)), -1)
    hit = ends.cumsum(axis=1)[:, :bins] > 0
    past = ~hit & (_bins_of(echoes).min(axis=0)[:, None] > np.arange(bins))
    return hit, past


def _steady(echoes: Floats, bins: int, margin_m: float) -> Bools:
    """Return where [beams, bins] the echoes of one window do not come from something moving."""
    total = np.pad(_count(echoes, bins).cumsum(axis=1), ((0, 0), (1, 0)))
    centres = np.arange(bins)
    noise = (centres * NOISE_RATIO).astype(int)

    def within(reach: npt.NDArray[np.int_]) -> npt.NDArray[np.int_]:
        after, first = np.minimum(centres + reach + 1, bins), np.maximum(centres - reach, 0)
        sums: npt.NDArray[np.int_] = total[:, after] - total[:, first]
        return sums

    here, near = within(_reach_bins(margin_m) + noise), within(int(NEAR_M / BIN_M) + noise)
    steady: Bools = here >= STEADY_RATIO * near
    return steady


def _count(echoes: Floats, bins: int) -> npt.NDArray[np.int_]:
    """Return how many echoes [beams, bins] a beam and those beside it have at each range."""
    place = _bins_of(echoes)
    scan, beam = np.nonzero(place < bins)
    count = np.zeros((echoes.shape[1] + 2, bins), dtype=int)
    np.add.at(count, (beam + 1, place[scan, beam]), 1)
    beside: npt.NDArray[np.int_] = count[:-2] + count[1:-1] + count[2:]
    return beside


def _bins_of(echoes: Floats) -> npt.NDArray[np.int_]:
    """Return the bin of each echo; beyond every table where there is none."""
    return (np.fmin(echoes, BEYOND_M) / BIN_M).astype(int)


def _reach_bins(margin_m: float) -> int:
    return max(1, round(margin_m / BIN_M))
