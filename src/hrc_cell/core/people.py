"""People as the judgement counts them: capsules, each with what may be wrong about it.

Of somebody seen by the legs alone an upright capsule stands for the whole body, from the floor to
person_height_m whatever its radius: a circle that holds everywhere that somebody may be must not
get lower as it gets wider. Whoever bends or reaches stays within C, the reach past what is seen. Of
somebody seen by a body tracker each part is a capsule of its own, with a C of its own.

Somebody whom the newest scan did not show is older than T_r counts. The track stands where that
person would have walked in the time t since, v t from the last place seen; the person may as well
have turned and walked max(v, v_h) t the other way. So the capsule grows to all sides by

    (v + max(v, v_h)) t

and its axis stays as it is: a person who has gone elsewhere is not shorter there. What the place is
uncertain by, Z_d, is counted in S_p and where a zone asks who touches it.

Cell frame; metres, seconds. All arrays take leading batch axes, one for each cell that is judged;
cells of one batch may hold different numbers of capsules: the rest are not `present`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core.contact import UNKNOWN
from hrc_cell.settings.safety import SafetySettings

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


class People(NamedTuple):
    """p capsules of people; several may be of one person."""

    start_m: Array  # (..., p, 3)
    end_m: Array  # (..., p, 3)
    radius_m: Array  # (..., p) NaN where unknown
    velocity_mps: Array  # (..., p, 3) as measured
    speed_mps: Array  # (..., p) NaN where unknown
    position_std_m: Array  # (..., p) NaN where unknown
    intrusion_m: Array  # (..., p) C
    region: npt.NDArray[np.int64]  # (..., p) of the body, by hrc_cell.core.contact
    owner: npt.NDArray[np.int64]  # (..., p) number of the person
    source: npt.NDArray[np.int64]  # (..., p) place in Rules.sources
    present: npt.NDArray[np.bool_]  # (..., p) false where there is nobody, whatever stands there


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def upright(
    position_m: Like,
    *,
    speed_mps: Like,
    position_std_m: Like,
    radius_m: Like,
    unseen_s: Like,
    safety: SafetySettings,
    velocity_mps: Like = 0.0,
    owner: Like = 0,
    source: Like = 0,
    present: npt.ArrayLike = True,
) -> People:
    """Return people at (..., p, 2), grown by what they may be away from there since last seen.

    `velocity_mps` is (..., p, 2), only its direction and size are foreseen with it; what is judged
    by is `speed_mps` (..., p). A speed, radius, time or deviation that is negative or not finite
    makes its result NaN.
    """
    at = np.asarray(position_m, dtype=np.float64)
    shape = at.shape[:-1]
    speed, unseen, std, radius = (
        _spread(np.asarray(value, dtype=np.float64), shape)
        for value in (speed_mps, unseen_s, position_std_m, radius_m)
    )
    speed = _known(speed)
    start, velocity = np.zeros((*shape, 3)), np.zeros((*shape, 3))
    start[..., :2], velocity[..., :2] = at, velocity_mps
    end = start.copy()
    end[..., 2] = safety.person_height_m
    return People(
        start_m=start,
        end_m=end,
        radius_m=_grown(radius, speed, unseen, safety),
        velocity_mps=velocity,
        speed_mps=speed,
        position_std_m=_known(std),
        intrusion_m=np.full(shape, safety.intrusion_m),
        region=np.full(shape, UNKNOWN),
        owner=_spread(np.asarray(owner), shape),
        source=_spread(np.asarray(source), shape),
        present=_spread(np.asarray(present, dtype=np.bool_), shape),
    )


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def body_parts(
    start_m: Like,
    end_m: Like,
    *,
    velocity_mps: Like,
    position_std_m: Like,
    radius_m: Like,
    unseen_s: Like,
    region: Like,
    owner: Like,
    source: Like,
    safety: SafetySettings,
) -> People:
    """Return parts of bodies with axes from (..., p, 3) to (..., p, 3), grown like `upright`.

    Their C is safety.body_intrusion_m: what the body tracker does not see of them.
    """
    start = np.asarray(start_m, dtype=np.float64)
    shape = start.shape[:-1]
    velocity = np.broadcast_to(np.asarray(velocity_mps, dtype=np.float64), start.shape)
    unseen, std, radius = (
        np.broadcast_to(np.asarray(value, dtype=np.float64), shape)
        for value in (unseen_s, position_std_m, radius_m)
    )
    speed = _known(np.sqrt((velocity * velocity).sum(axis=-1)))
    return People(
        start_m=start,
        end_m=np.asarray(end_m, dtype=np.float64),
        radius_m=_grown(radius, speed, unseen, safety),
        velocity_mps=velocity,
        speed_mps=speed,
        position_std_m=_known(std),
        intrusion_m=np.full(shape, safety.body_intrusion_m),
        region=np.broadcast_to(np.asarray(region), shape),
        owner=np.broadcast_to(np.asarray(owner), shape),
        source=np.broadcast_to(np.asarray(source), shape),
        present=np.ones(shape, dtype=np.bool_),
    )


def together(*groups: People) -> People:
    """Return the capsules of several groups as one, in order."""
    return People(
        *(
            np.concatenate(fields, axis=-2 if fields[0].ndim > groups[0].radius_m.ndim else -1)
            for fields in zip(*groups, strict=True)
        )
    )


@np.errstate(all="ignore")  # the unknown is no reason to warn, it is judged
def foreseen(people: People, ahead_s: float) -> People:
    """Return the people where they will be if they walk on for so long.

    For giving way earlier only: what is judged by the people as they are stays as it is.
    """
    way = np.where(np.isfinite(people.velocity_mps), people.velocity_mps, 0.0) * ahead_s
    return people._replace(start_m=people.start_m + way, end_m=people.end_m + way)


def uncertainty_m(people: People, safety: SafetySettings) -> Array:
    """Return Z_d (..., p): how far people may be from where they are tracked. NaN where unknown."""
    return safety.human_uncertainty_m + safety.human_sigmas * people.position_std_m


def _spread(value: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    """Return the value broadcast to the shape; one that has it already needs no slow call."""
    return value if value.shape == shape else np.broadcast_to(value, shape)


def _known(value: Array) -> Array:
    """Return the value, NaN where it is negative or not finite."""
    return np.where((value >= 0.0) & np.isfinite(value), value, np.nan)


def _grown(radius: Array, speed: Array, unseen: Array, safety: SafetySettings) -> Array:
    grown = radius + (speed + np.maximum(speed, safety.human_speed_mps)) * unseen
    return np.where((radius >= 0.0) & (unseen >= 0.0) & np.isfinite(grown), grown, np.nan)
