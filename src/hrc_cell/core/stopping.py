"""How long and how far the arm runs on after braking begins, at a part of its full speed.

Two numbers are measured on the arm at its full planned speed (ratio 1): the time T_s and the
farthest way S_s of any point. For a ratio r of that speed:

    T_s(r) = T_s sqrt(r)        S_s(r) = S_s r

Both are bounds, not fits. A stop limited by deceleration a and jerk j takes T(v) = v/a + a/j
seconds from v >= a^2/j and 2 sqrt(v/j) from less, and covers v T(v) / 2. Hence
T(r v) <= sqrt(r) T(v) with equality where jerk alone limits, and the way is at most
r^1.5 S_s <= r S_s. (Proportional time, T_s r, would be too short at low speed.) Both rise with r.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


def stopping_time_s(full_s: Like, ratio: Like) -> Array:
    """Return T_s(ratio) [s]. A ratio that is negative or not finite gives inf.

    >>> float(stopping_time_s(0.4, 0.25))
    0.2
    """
    part = _known(ratio)
    return np.where(np.isinf(part), np.inf, np.asarray(full_s) * np.sqrt(part))


def stopping_distance_m(full_m: Like, ratio: Like) -> Array:
    """Return S_s(ratio) [m]. A ratio that is negative or not finite gives inf.

    >>> float(stopping_distance_m(0.2, 0.25))
    0.05
    """
    part = _known(ratio)
    return np.where(np.isinf(part), np.inf, np.asarray(full_m) * part)


def ratio_of(velocity_radps: Like, velocity_max_radps: Like) -> Array:
    """Return (...) how much of full speed joint velocities (..., n) are: that of the fastest joint.

    Each joint brakes from its own speed, so the one nearest to its maximum takes longest. May
    exceed 1. A velocity that is not finite gives inf.
    """
    part = np.max(np.abs(velocity_radps) / np.asarray(velocity_max_radps), axis=-1)
    return np.where(np.isfinite(part), part, np.inf)


def _known(ratio: Like) -> Array:
    part = np.asarray(ratio, dtype=np.float64)
    return np.where(np.isfinite(part) & (part >= 0.0), part, np.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class StopModel:
    """How long and how far the arm runs on."""

    full_s: float
    full_way_s: float
    velocity_max_radps: tuple[float, ...]

    def time_s(self, speed_radps: Like, load_kg: Like) -> Array:
        return stopping_time_s(self.full_s, ratio_of(speed_radps, self.velocity_max_radps))

    def way_s(self, speed_radps: Like, load_kg: Like) -> Array:
        return np.minimum(self.full_way_s, self.time_s(speed_radps, load_kg))
