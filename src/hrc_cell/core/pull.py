"""Whether a person pulls at the part that the gripper holds out, felt in the motors' currents.

While the arm rests at the offer each motor's current has a mean and a spread; they are learned from
the first samples after it has come, when nobody is at it yet. A pull is a current that leaves its
mean by `least_a` and by `spread_sigmas` of its spread, some samples in a row, and lasts until all
are back within half of that. A servo at rest settles for a while, so the mean follows by `drift_a`
with each sample that is no beginning of a pull; a pull that grows more slowly than that is not
felt.

What is not known is no pull: before the baseline is learned, without any current that was known all
the while it was, and with one that is not known now. Amperes; samples as they come.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

BACK_RATIO = 0.5
"""A pull is over where every current is back within this part of its limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PullLimits:
    """What counts as a pull."""

    least_a: float  # change of a current
    spread_sigmas: float  # and so many standard deviations of its rest
    drift_a: float  # that a rest may change from sample to sample
    learn_samples: int  # that make a baseline
    pull_samples: int  # in a row that make a pull


@dataclass(frozen=True, slots=True, kw_only=True)
class Feeling:
    """What was learned at this offer, and what is felt."""

    learned: int = 0  # samples
    mean_a: tuple[float, ...] = ()
    squares_a2: tuple[float, ...] = ()  # sum of squared distances from the mean
    beyond: int = 0  # samples in a row
    pulled: bool = False


def felt(
    before: Feeling, currents_a: Sequence[float], limits: PullLimits, *, learning: bool
) -> Feeling:
    """Return what is felt after one more sample; it is learned from while `learning`, if needed."""
    if before.learned < limits.learn_samples:
        return _learned(before, currents_a) if learning else before
    excess = _excess(before, currents_a, limits)
    if before.pulled:
        stays = excess >= BACK_RATIO
        return replace(before, pulled=stays, beyond=before.beyond if stays else 0)
    if excess >= 1.0:
        beyond = before.beyond + 1
        return replace(before, beyond=beyond, pulled=beyond >= limits.pull_samples)
    return _followed(before, currents_a, limits.drift_a)


def _followed(before: Feeling, currents_a: Sequence[float], drift_a: float) -> Feeling:
    """Return the baseline a little nearer to what is there; what is not known moves nothing."""
    if len(currents_a) != len(before.mean_a):
        return replace(before, beyond=0)
    ways = [now - mean for now, mean in zip(currents_a, before.mean_a, strict=True)]
    mean_a = tuple(
        mean + max(-drift_a, min(drift_a, way)) if math.isfinite(way) else mean
        for mean, way in zip(before.mean_a, ways, strict=True)
    )
    return replace(before, beyond=0, mean_a=mean_a)


def _learned(before: Feeling, currents_a: Sequence[float]) -> Feeling:
    """Return the baseline with one sample more (Welford); another number of motors begins anew."""
    if len(currents_a) != len(before.mean_a):
        zeros = (0.0,) * len(currents_a)
        before = Feeling(mean_a=zeros, squares_a2=zeros)
    count = before.learned + 1
    pairs = list(zip(currents_a, before.mean_a, before.squares_a2, strict=True))
    return Feeling(
        learned=count,
        mean_a=tuple(mean + (now - mean) / count for now, mean, _ in pairs),
        squares_a2=tuple(
            square + (now - mean) * (now - mean - (now - mean) / count)
            for now, mean, square in pairs
        ),
    )


def _excess(feeling: Feeling, currents_a: Sequence[float], limits: PullLimits) -> float:
    """Return the greatest change over its limit, 0 where that is not known."""
    if len(currents_a) != len(feeling.mean_a):
        return 0.0
    most = 0.0
    for now, mean, squares in zip(
        currents_a, feeling.mean_a, feeling.squares_a2, strict=True
    ):  # fmt: skip
        if not math.isfinite(mean):
            continue  # this motor measures none
        spread_a = math.sqrt(squares / feeling.learned)
        change = abs(now - mean) / max(limits.least_a, limits.spread_sigmas * spread_a)
        if not math.isfinite(change):
            return 0.0
        most = max(most, change)
    return most
