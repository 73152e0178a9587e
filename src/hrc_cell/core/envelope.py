"""How fast a joint may still be while the arm slows: what the last gate lets through of a stop.

The executor brakes on its path; the gate sees to it that it does. From the instant at which less
is permitted a joint may keep its speed v for a grace g, in which the executor hears of it and its
jerk builds up, and from there its speed falls linearly, to 0 at T = safety.stopping_time_s:

    e(t) = min(1, (T - t) / (T - g)),    0 from T on;    way <= v (T + g) / 2

with equality for an executor that uses all of it. The protective separation was computed with the
way S_s = safety.stopping_distance_m of a point that moves at most at v_max =
motion.tcp_speed_max_mps, so the grace is what S_s leaves:

    v_max (T + g) / 2 <= S_s    <=>    g <= 2 S_s / v_max - T

From a part r of full speed the way is r times as long, as S_s(r) = r S_s says (core.stopping).

The executor's own stop passes under it. With deceleration A and jerk J it is S-shaped: it takes
v/A + A/J <= T - d where it begins d late, keeps the speed v at first, and lies under the straight
line from (g, v) to (T, 0): its convex end does because both ends of that end do, its straight
middle because A >= v / (T - g), and its concave beginning while d + A/J is about g.

The same shape bounds how fast a permitted ratio falls: one that is lowered counts in full after T
(`slowed`). So a joint never moves faster than the greatest ratio permitted in the last T allows.
Seconds, metres; ratios are of the planned speed.
"""

from __future__ import annotations

from dataclasses import dataclass

GRACE_MAX_RATIO = 0.25
"""The grace is no greater part of the stopping time, however much S_s would leave."""


def grace_s(*, stopping_time_s: float, stopping_distance_m: float, speed_max_mps: float) -> float:
    """Return the grace g. Raises ValueError when the distance leaves none.

    >>> round(grace_s(stopping_time_s=0.4, stopping_distance_m=0.2, speed_max_mps=0.8), 3)
    0.1
    """
    left_s = 2.0 * stopping_distance_m / speed_max_mps - stopping_time_s
    if left_s <= 0.0:
        least_m = 0.5 * speed_max_mps * stopping_time_s
        raise ValueError(
            f"a stop of safety.stopping_time_s = {stopping_time_s:g} s from "
            f"motion.tcp_speed_max_mps = {speed_max_mps:g} m/s takes more than {least_m:g} m, but "
            f"safety.stopping_distance_m = {stopping_distance_m:g} m; measure the three anew"
        )
    return min(left_s, GRACE_MAX_RATIO * stopping_time_s)


def left_ratio(elapsed_s: float, *, time_s: float, grace_s: float) -> float:
    """Return e: how much of its speed a joint may have this long after a stop began.

    >>> [left_ratio(t, time_s=0.5, grace_s=0.1) for t in (0.1, 0.3, 0.5)]
    [1.0, 0.5, 0.0]
    """
    return min(1.0, max(time_s - elapsed_s, 0.0) / (time_s - grace_s))


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The ratio that still counts as permitted, and for how long a lower one has been said."""

    ratio: float = 0.0
    lowered_s: float = 0.0


def slowed(leave: Leave, ratio: float, *, time_s: float, grace_s: float, dt_s: float) -> Leave:
    """Return the leave `dt_s` later, `ratio` being permitted now: it rises at once, falls like e.

    >>> slowed(Leave(ratio=0.3), 0.8, time_s=0.4, grace_s=0.1, dt_s=0.005).ratio
    0.8
    """
    lowered_s = leave.lowered_s + dt_s
    falling_s = min(dt_s, max(lowered_s - grace_s, 0.0))
    least = leave.ratio - falling_s / (time_s - grace_s)
    if ratio >= least:
        return Leave(ratio=ratio)
    return Leave(ratio=least, lowered_s=lowered_s)
