"""What really is: how much room people leave the arm to come to rest, and who touches it.

The law. S_p is such that the arm, given a permit and hearing nothing more, is at rest before
anybody can reach it. So whatever a monitor permits, at every instant t at which the arm moves:

    the arm goes on under the permit that it holds until that runs out, then brakes as it really
    does, and for each instant u from t until it is at rest

        margin = | E(t), arm(u) | - v_h (u - t) - C  >=  0

with E(t) the true envelope of each person at t and arm(u) the true capsules of the arm; v_h is the
greater speed near the arm for as long as the person is near. Derivation: a permit rests on samples
of t0; braking begins at t0 + T_r at the latest, the gate sees to that, and takes T_s(r). The arm's
way in that time is S_r + S_s at most, along its path, so every pose arm(u) was among those judged,
and the person was reported at most Z_d from the truth, the arm at most Z_r:

    | E(t0), arm(u) | >= S_p - S_r - S_s - Z_d - Z_r = v_h (T_r + T_s) + C
    | E(t), arm(u) |  >= | E(t0), arm(u) | - v_h (t - t0) >= v_h (t0 + T_r + T_s - t) + C

and u <= t0 + T_r + T_s. Where the margin is not negative nobody touches a moving arm, wherever they
go and however they reach; where it is, somebody who went for the arm would. Hence a monitor that
keeps the law has no negative margin, and one that does not is found without the person having to
play the one game that ends in a collision. Contacts of a moving arm are counted beside it; people
who touch an arm at rest break no law.

TOLERANCE_M pays for the arm's interpolated places (`paths`). The geometry is its own: it shares
nothing with `hrc_cell.core.geometry` that it could be wrong with.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

TOLERANCE_M = 2e-3
HAND_RADIUS_M = 0.05


class Nearest(NamedTuple):
    """The nearest link of each person (b, p)."""

    distance_m: Array  # between surfaces, negative inside
    link: Ints  # (b, p) index of the capsule
    point_m: Array  # (b, p, 3) of its axis


def nearest(
    place_m: Array, radius_m: Array, top_m: Array, capsules_m: Array, link_radius_m: Array
) -> Nearest:
    """Return the nearest link of upright people at (b, p, 2), capsules (b, 2, 3, k).

    A person is a vertical segment up to `top_m` (b, p) with radius (b, p). Below the top only the
    horizontal distance counts, from the top on the distance to the top; both are quadratic along
    the link, so the least is at the foot of one of them, at an end, or where the link passes the
    top's height.
    """
    start = capsules_m[:, None, 0]  # (b, 1, 3, k)
    way = capsules_m[:, None, 1] - start
    x, y = (start[:, :, i] - place_m[..., i, None] for i in (0, 1))  # (b, p, k)
    z = start[:, :, 2] - top_m[..., None]
    vx, vy, vz = way[:, :, 0], way[:, :, 1], way[:, :, 2]
    flat = vx * vx + vy * vy
    along = x * vx + y * vy
    whole = np.maximum(flat + vz * vz, 1e-12)
    tries = (
        -along / np.maximum(flat, 1e-12),
        -(along + z * vz) / whole,
        -z / np.where(np.abs(vz) > 1e-9, vz, 1e-9),
    )
    least, at = np.full(x.shape, np.inf), np.zeros(x.shape)
    ends = (np.zeros(()), np.ones(()))
    for part in (*(np.clip(t, 0.0, 1.0) for t in tries), *ends):
        dx, dy, dz = x + part * vx, y + part * vy, np.maximum(z + part * vz, 0.0)
        square = dx * dx + dy * dy + dz * dz
        at = np.where(square < least, part, at)
        least = np.minimum(least, square)
    gap = np.sqrt(least) - link_radius_m
    link = gap.argmin(axis=-1)
    chosen = link[..., None]
    part = np.take_along_axis(at, chosen, axis=-1)[..., 0]
    rows = np.arange(len(link))[:, None]
    first = capsules_m[rows, 0, :, link]
    point = first + part[..., None] * (capsules_m[rows, 1, :, link] - first)
    return Nearest(np.take_along_axis(gap, chosen, axis=-1)[..., 0] - radius_m, link, point)


def left_m(
    distance_m: Array, seconds: Array, *, far_mps: Array, near_mps: Array, near_m: float
) -> Array:
    """Return what somebody who comes as fast as declared leaves of a distance in so many seconds.

    `far_mps` down to `near_m`, from there `near_mps`.
    """
    far_s = np.clip((distance_m - near_m) / far_mps, 0.0, seconds)
    left: Array = distance_m - far_mps * far_s - near_mps * (seconds - far_s)
    return left


def touches(
    near: Nearest, place_m: Array, radius_m: Array, top_m: Array, reach_m: Array
) -> npt.NDArray[np.bool_]:
    """Return (b, p) whether the body touches its nearest link: the trunk, or the arm reached out.

    The arm is a capsule from the envelope's axis towards the nearest point of the link, its hand
    `reach_m` beyond the envelope (0: none reached out).
    """
    axis = np.concatenate([place_m, np.clip(near.point_m[..., 2], 0.0, top_m)[..., None]], axis=-1)
    gap = near.point_m - axis
    length = np.sqrt((gap * gap).sum(axis=-1))
    link_radius = length - near.distance_m - radius_m
    hand = radius_m + reach_m
    short = np.maximum(length - np.maximum(hand - HAND_RADIUS_M, 0.0), 0.0) - HAND_RADIUS_M
    limb: npt.NDArray[np.bool_] = (reach_m > 0.0) & (short - link_radius <= 0.0)
    return limb | (near.distance_m <= 0.0)
