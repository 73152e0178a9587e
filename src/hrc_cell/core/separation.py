"""How far apart a moving robot and a walking person must stay, and how fast the robot may go.

    S_p = S_h + S_r + S_s + C + Z_d + Z_r
    S_h = v_h (T_r + T_s)   the person's way until the robot stands
    S_r = v_r T_r           the robot's way until it begins to brake
    S_s                     the robot's way while braking
    C                       reach past what the sensor sees
    Z_d, Z_r                uncertainty of the person's and the robot's position

Source: ISO/TS 15066:2016, 5.5.4.2.3, in the constant-speed form; check against a licensed copy.
Metres, seconds, metres per second. v_r is directed: the speed of the robot's point along the line
to the person. A retreating robot (negative) counts as standing. S_h runs over T_r and T_s both.
The braking terms of a speed ratio are those of `hrc_cell.core.stopping`.

Every function takes arrays with any leading axes. An input that is not finite, or negative where
that makes no sense, needs infinite distance and allows no speed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


class Terms(NamedTuple):
    """The six terms of the protective separation distance [m], and their sum."""

    s_h_m: Array
    s_r_m: Array
    s_s_m: Array
    c_m: Array
    z_d_m: Array
    z_r_m: Array
    required_m: Array


def protective_distance(
    *,
    human_speed_mps: Like,
    robot_speed_mps: Like,
    reaction_s: Like,
    stopping_s: Like,
    stopping_m: Like,
    intrusion_m: Like,
    human_uncertainty_m: Like,
    robot_uncertainty_m: Like,
) -> Terms:
    """Return the terms of S_p, each in the common shape of the inputs.

    `robot_speed_mps` may be negative (retreat, no credit); everything else must be 0 or more.
    Where an input is unknown the sum is inf, and so is each term that it enters.

    >>> terms = protective_distance(human_speed_mps=1.6, robot_speed_mps=0.5, reaction_s=0.1,
    ...     stopping_s=0.2, stopping_m=0.05, intrusion_m=0.85, human_uncertainty_m=0.05,
    ...     robot_uncertainty_m=0.02)
    >>> round(float(terms.required_m), 9)
    1.5
    """
    v_r = np.asarray(robot_speed_mps, dtype=np.float64)
    v_h, t_r, t_s, s_s, c, z_d, z_r = map(
        _worst,
        (
            human_speed_mps, reaction_s, stopping_s, stopping_m, intrusion_m,
            human_uncertainty_m, robot_uncertainty_m,
        ),
    )  # fmt: skip
    s_h = _times(v_h, t_r + t_s)
    s_r = _times(np.where(np.isfinite(v_r), np.maximum(v_r, 0.0), np.inf), t_r)
    total = s_h + s_r + s_s + c + z_d + z_r
    return Terms(*np.broadcast_arrays(s_h, s_r, s_s, c, z_d, z_r, total))


def greatest_ratio(
    distance_m: Like,
    *,
    human_speed_mps: Like,
    robot_speed_mps: Like,
    reaction_s: Like,
    stopping_s: Like,
    stopping_m: Like,
    still_m: Like,
) -> Array:
    """Return the greatest speed ratio r, 0 to 1, with S_p(r) <= distance.

    At ratio r the robot's point moves with r `robot_speed_mps` and brakes as
    `hrc_cell.core.stopping` says from the full `stopping_s` and `stopping_m`; `still_m` is
    C + Z_d + Z_r. With u = sqrt(r), S_p(r) = d is the quadratic

        (v_r T_r + S_s) u^2 + v_h T_s u - (d - v_h T_r - C - Z_d - Z_r) = 0.

    0 where the bracket is not positive, whatever the speed, and where anything is unknown.
    """
    v_r = np.asarray(robot_speed_mps, dtype=np.float64)
    d, v_h, t_r, t_s, s_s, still = (
        np.asarray(value, dtype=np.float64)
        for value in (distance_m, human_speed_mps, reaction_s, stopping_s, stopping_m, still_m)
    )
    known = np.isfinite(v_r) & (d >= 0.0)
    for value in (v_h, t_r, t_s, s_s, still):
        known = known & np.isfinite(value) & (value >= 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        at_rest = v_h * t_r + still
        room = d - at_rest
        a, b = np.maximum(v_r, 0.0) * t_r + s_s, v_h * t_s
        # The root in the form that loses no digits and needs no division by a.
        root = b + np.sqrt(b * b + 4.0 * a * np.maximum(room, 0.0))
        part = 2.0 * room / np.where(root > 0.0, root, 1.0)
        ratio = np.where(root > 0.0, np.minimum(part, 1.0) ** 2, 1.0)
    ratio = np.where(np.isinf(d), 1.0, ratio)
    allowed: Array = np.where(known & (d > at_rest), ratio, 0.0)
    return allowed


def greatest_speed_mps(
    distance_m: Like,
    *,
    human_speed_mps: Like,
    reaction_s: Like,
    deceleration_mps2: Like,
    still_m: Like,
) -> Array:
    """Return the greatest robot speed v with S_p(v) <= distance at constant deceleration a.

    With C' = C + Z_d + Z_r, T_s = v / a and S_s = v^2 / 2a:

        v = sqrt(v_h^2 + (a T_r)^2 - 2 a (C' - d)) - a T_r - v_h

    and 0 where d <= v_h T_r + C' or the root is not real.

    >>> round(float(greatest_speed_mps(1.0, human_speed_mps=1.6, reaction_s=0.1,
    ...                                deceleration_mps2=2.5, still_m=0.3)), 6)
    0.624369
    """
    d, v_h, t_r, a, still = (
        np.asarray(value, dtype=np.float64)
        for value in (distance_m, human_speed_mps, reaction_s, deceleration_mps2, still_m)
    )
    known = np.isfinite(d) & (d >= 0.0) & (a > 0.0)
    for value in (v_h, t_r, a, still):
        known = known & np.isfinite(value) & (value >= 0.0)
    with np.errstate(invalid="ignore", over="ignore"):
        square = v_h**2 + (a * t_r) ** 2 - 2.0 * a * (still - d)
        speed = np.sqrt(np.maximum(square, 0.0)) - a * t_r - v_h
        room = d > v_h * t_r + still
    allowed: Array = np.where(known & room, np.maximum(speed, 0.0), 0.0)
    return allowed


def human_speed_mps(
    measured_mps: Like, distance_m: Like, *, assumed_mps: float, near_mps: float, near_m: float
) -> Array:
    """Return v_h: at least what is assumed at this distance, more where more is measured.

    A measured speed that is not finite or negative is inf; the functions above then allow nothing.
    A distance that is not finite counts as near.
    """
    assumed = np.where(np.asarray(distance_m) >= near_m, assumed_mps, max(assumed_mps, near_mps))
    speed: Array = np.maximum(_worst(measured_mps), assumed)
    return speed


def _worst(value: Like) -> Array:
    """Return the value, inf where it is negative or not finite."""
    number = np.asarray(value, dtype=np.float64)
    return np.where(np.isfinite(number) & (number >= 0.0), number, np.inf)


def _times(a: Array, b: Array) -> Array:
    """Return a * b for values from 0 to inf; inf where either is inf, also where one is 0."""
    unknown = np.isinf(a) | np.isinf(b)
    return np.where(unknown, np.inf, np.where(unknown, 0.0, a) * np.where(unknown, 0.0, b))
