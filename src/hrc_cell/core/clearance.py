"""What room people leave the arm: each pair of a person's capsule and a link's is judged.

Two questions are asked of each pair, both about a stop that can be relied on
(`hrc_cell.core.sweep` says which poses count for a speed ratio; D is the least distance in them).

1. Does a stop begun now keep clear? With the measured velocities:

       D(u) > v_h (T_r + T_s) + C + Z_d + Z_r            u: the present speed

   Where it does not, the arm must stop. Written as a protective separation distance,

       S_p = S_h + S_r + S_s + C + Z_d + Z_r,   S_r + S_s = d - D(u)

   with d the distance now: S_r is how much nearer the path leads to this person in T_r, S_s while
   stopping. An arm that leads away gets nothing for it, and neither term is below 0. These are the
   numbers that the permit states.

2. How fast may it go? The greatest ratio r of `RATIOS` with

       D(r) > v_h (T_r + lease + T_s(r)) + C + Z_d + Z_r

   and so for every smaller one. T_r is longer by one lease here: a permit may be used until its
   lease ends, and the executor follows a falling ratio with some lag.

Suppose that a permit of ratio r was given and no other comes: the arm goes on at r at most for what
is left of T_r and the lease, and stops in T_s(r), on the poses that D(r) covers. A person who then
walks at v_h to where the arm is comes there when it stands. Of every later permit the same holds.

T_r begins at the sample, so the sample's age lies within it and the age limit keeps it there.

Where a person will be if they walk on (`hrc_cell.core.people.foreseen`) is asked the second
question as well: it may lower the ratio earlier, and can neither raise it nor stop the arm late.

In a step in which contact is allowed, a link may go on at the speed that power and force limiting
leaves it for that part of the body (`hrc_cell.core.contact`), however near the person is.

Cell frame; metres, seconds, radians. All arrays take leading batch axes (...), so that the same
code judges one live cell and any number of simulated ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core import separation, stopping
from hrc_cell.core.flags import anywhere, everywhere
from hrc_cell.core.geometry import dot, nearest_ratios
from hrc_cell.core.people import People, foreseen, together, uncertainty_m
from hrc_cell.core.separation import Terms
from hrc_cell.core.sweep import RATIOS, Sweep
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike
STEPS = np.concatenate([[0.0], RATIOS])
"""What is permitted where so many of RATIOS are, in order."""


TERMS_AT = 3
PAIR_NUMBERS = TERMS_AT + len(Terms._fields)
"""What is known of a pair of person and link: distance, v_h, v_r and from TERMS_AT on the terms."""


class Clearance(NamedTuple):
    """What the separation allows, and the numbers behind it for each pair."""

    ratio: Array  # (...) greatest permitted speed ratio
    touching: npt.NDArray[np.bool_]  # (...) the ratio is that of a contact limit
    spare_m: Array  # (..., p, k) distance minus required; -inf where unknown, inf for nobody
    pairs: Array  # (..., p, k, PAIR_NUMBERS) distance, v_h, v_r and the terms of S_p

    @property
    def distance_m(self) -> Array:
        """How far each link is from each person (..., p, k)."""
        return self.pairs[..., 0]

    @property
    def human_speed_mps(self) -> Array:
        """The v_h counted with (..., p, k)."""
        return self.pairs[..., 1]

    @property
    def robot_speed_mps(self) -> Array:
        """The directed speed v_r (..., p, k), negative where the link retreats."""
        return self.pairs[..., 2]

    @property
    def terms(self) -> Terms:
        """The terms of S_p, (..., p, k) each."""
        return terms_of(self.pairs)


def terms_of(pairs: Array) -> Terms:
    """Return the terms (...) of pairs (..., PAIR_NUMBERS)."""
    return Terms(*(pairs[..., place] for place in range(TERMS_AT, PAIR_NUMBERS)))


def clearance(
    people: People,
    swept: Sweep,
    *,
    radius_m: Array,
    safety: SafetySettings,
    motion: MotionSettings,
    velocity_radps: Array,
    held_back_m: Like,
    contact_mps: Like,
) -> Clearance:
    """Return what people leave an arm; nobody leaves it everything.

    `radius_m` (k,) is that of the links, `velocity_radps` (..., n) what was measured.
    `held_back_m` (...) is taken from every distance before a ratio is allowed: hysteresis of a
    restart. `contact_mps` (..., p, k) is the speed at which a link may touch that part of a person,
    0: it may not.
    """
    counted = people
    if safety.foresight_s > 0.0:
        counted = together(people, foreseen(people, safety.foresight_s))
    own = people.radius_m.shape[-1]
    on_person, on_link, axes_m = _near(counted, swept)
    gap = axes_m - (counted.radius_m[..., None] + radius_m)[..., None]
    least = _least(swept, gap, motion)
    distance = np.maximum(gap[..., :own, :, 0], 0.0)
    way = _way(people, swept, on_person[..., :own, :, 0, None], on_link[..., :own, :, 0, None])
    v_r = directed_speed(way, axes_m[..., :own, :, 0], swept.v_start_mps, swept.v_end_mps)

    v_h = _human_speed(people.speed_mps[..., None], distance, safety)
    z_d = uncertainty_m(people, safety)[..., None]
    still = people.intrusion_m[..., None] + z_d + safety.robot_uncertainty_m
    to_brake, to_rest = _now(
        swept, least[..., :own, :, :], distance, v_r, motion, safety, velocity_radps
    )
    t_s = swept.now_stopping_s[..., None, None]
    s_r, s_s = distance - to_brake, to_brake - to_rest
    s_h = v_h * (safety.reaction_time_s + t_s)
    required = s_h + s_r + s_s + still
    pairs = np.empty((*required.shape, PAIR_NUMBERS))
    for place, number in enumerate((
        distance, v_h, v_r,
        s_h, s_r, s_s, people.intrusion_m[..., None], z_d, safety.robot_uncertainty_m, required,
    )):  # fmt: skip
        pairs[..., place] = number
    terms = pairs[..., TERMS_AT:]
    terms[~np.isfinite(terms)] = np.inf
    spare = distance - pairs[..., -1]
    present = people.present[..., None]
    spare = np.where(present, np.where(np.isfinite(spare), spare, -np.inf), np.inf)

    back = np.asarray(held_back_m, dtype=np.float64)[..., None, None]
    allowed = _allowed(counted, least, swept, safety, back)
    touch = np.asarray(contact_mps, dtype=np.float64)
    softly = np.zeros(())
    if anywhere(touch > 0.0):
        known = ~np.isneginf(spare)  # what is not known is not to be touched
        softly = np.where(known, _softly(touch, swept), 0.0)
    apart = np.where(spare > 0.0, allowed[..., :own, :], 0.0)
    allowed_own = np.where(present, np.maximum(apart, softly), 1.0)
    ratio_own: Array = allowed_own.min(axis=(-2, -1), initial=1.0)
    ratio = ratio_own
    if least.shape[-3] > own:  # those foreseen; a contact limit holds there, too
        later = np.maximum(allowed[..., own:, :], softly)
        later = np.where(counted.present[..., own:, None], later, 1.0)
        ratio = np.minimum(ratio, later.min(axis=(-2, -1), initial=1.0))
    binding = present & (allowed_own == ratio_own[..., None, None])
    touching = (binding & (softly > apart)).any(axis=(-2, -1))
    return Clearance(ratio, touching, spare, pairs)


def _near(people: People, swept: Sweep) -> tuple[Array, Array, Array]:
    """Return where the axes of people and links come nearest, on both, and how far they are apart.

    Each (..., p, k, l + 2): at present first, then at the poses ahead.
    """
    links = (
        np.swapaxes(np.concatenate([now[..., None, :, :], ahead], axis=-3), -3, -2)
        for now, ahead in (
            (swept.start_m, swept.ahead_start_m), (swept.end_m, swept.ahead_end_m),
        )
    )  # fmt: skip
    return nearest_ratios(
        people.start_m[..., :, None, None, :], people.end_m[..., :, None, None, :],
        *(ends[..., None, :, :, :] for ends in links),
    )  # fmt: skip


def _way(people: People, swept: Sweep, on_person: Array, on_link: Array) -> Array:
    """Return the way (..., p, k, 3) from links to people now, between the points nearest."""
    start, end = people.start_m[..., :, None, :], people.end_m[..., :, None, :]
    a, b = swept.start_m[..., None, :, :], swept.end_m[..., None, :, :]
    way: Array = start + on_person * (end - start) - (a + on_link * (b - a))
    return way


def _least(swept: Sweep, gap_m: Array, motion: MotionSettings) -> Array:
    """Return D (..., p, k, l + 1): the least distance until rest, for ratio 0 and each of RATIOS.

    `gap_m` (..., p, k, l + 2) is the distance at present and at the poses ahead, below 0 where
    capsules overlap.

    Along the path from pose to pose: a link that is d_a away at one and d_b at the next, and moves
    by no more than c between them, is at least (d_a + d_b - c) / 2 away in between.
    """
    now, gap = gap_m[..., :1], gap_m[..., 1:]
    arc = np.swapaxes(swept.arc_m, -2, -1)[..., None, :, :]
    between = np.minimum(0.5 * (gap[..., :-1] + gap[..., 1:] - arc), gap[..., 1:])
    along = np.concatenate([gap[..., :1], between], axis=-1) - swept.off_m[..., None, :, None]
    along = np.minimum.accumulate(along, axis=-1)
    least = np.minimum(along, now)
    if not everywhere(swept.followed):
        straight = now - (motion.tcp_speed_max_mps * swept.way_s)[..., None, None, :]
        least = np.where(swept.followed[..., None, None, None], least, straight)
    stays: Array = np.where(np.isfinite(swept.way_s)[..., None, None, :], least, -np.inf)
    return np.maximum(stays, 0.0)


def _now(
    swept: Sweep,
    least: Array,
    distance: Array,
    v_r: Array,
    motion: MotionSettings,
    safety: SafetySettings,
    velocity_radps: Array,
) -> tuple[Array, Array]:
    """Return the least distance (..., p, k) until braking begins and until rest, from the present
    speed: never more than `distance`."""
    t_r, way = safety.reaction_time_s, swept.now_way_s
    astray = swept.astray_mps[..., None, :]
    part = swept.now_part
    brake = _reached(least, swept.way_s, part * t_r) - astray * t_r
    rest = _reached(least, swept.way_s, part * (t_r + way)) - astray * (t_r + way[..., None, None])
    if everywhere(swept.followed):
        return brake, rest
    share = stopping.ratio_of(velocity_radps, motion.velocity_max_radps)
    off_brake = distance - np.maximum(v_r, 0.0) * t_r
    off_rest = off_brake - (share * motion.tcp_speed_max_mps * way)[..., None, None]
    followed = swept.followed[..., None, None]
    return np.where(followed, brake, off_brake), np.where(followed, rest, off_rest)


def _reached(least: Array, way_s: Array, reach_s: Array) -> Array:
    """Return D (..., p, k) over a way (...), that of the next longer one looked at.

    -inf where none is as long: that speed is more than was planned.
    """
    index = (way_s < reach_s[..., None]).sum(axis=-1)
    known = (index < way_s.shape[-1]) & np.isfinite(reach_s)
    place = np.minimum(index, way_s.shape[-1] - 1)
    if place.ndim == 0:  # of one cell: the same, only quicker
        found = least[..., place]
    else:
        found = np.take_along_axis(least, place[..., None, None, None], axis=-1)[..., 0]
    return np.where(known[..., None, None], found, -np.inf)


def _allowed(
    people: People, least: Array, swept: Sweep, safety: SafetySettings, back_m: Array
) -> Array:
    """Return the greatest ratio (..., p, k) that answers the second question with yes."""
    room = least[..., 1:] - back_m[..., None]
    v_h = _human_speed(people.speed_mps[..., None, None], room, safety)
    still = people.intrusion_m + uncertainty_m(people, safety) + safety.robot_uncertainty_m
    seconds = safety.reaction_time_s + safety.lease_s + swept.stopping_s
    needed = v_h * seconds[..., None, None, :] + still[..., None, None]
    clear = np.logical_and.accumulate(room > needed, axis=-1)  # false where anything is unknown
    allowed: Array = STEPS[clear.sum(axis=-1)]
    return allowed


def _softly(touch_mps: Array, swept: Sweep) -> Array:
    """Return the greatest of RATIOS at which no point ahead is faster than a contact allows."""
    fastest = np.maximum(swept.point_speed_mps, 1e-9)[..., None, None]
    softly: Array = STEPS[((touch_mps / fastest)[..., None] >= RATIOS).sum(axis=-1)]
    return softly


def _human_speed(measured_mps: Array, distance_m: Array, safety: SafetySettings) -> Array:
    return separation.human_speed_mps(
        measured_mps, distance_m, assumed_mps=safety.human_speed_mps,
        near_mps=safety.human_speed_near_mps, near_m=safety.near_distance_m,
    )  # fmt: skip


def directed_speed(way: Array, length_m: Array, v_start: Array, v_end: Array) -> Array:
    """Return the greatest speed of k links along their ways (..., p, k, 3).

    `v_start` and `v_end` (..., k, 3) are the velocities of the links' ends. A rigid link's speed in
    one direction is greatest at one of its ends. Where a way has no length it has no direction
    either, and any speed counts.
    """
    ends = v_start, v_end
    along = np.maximum(*(dot(way, v[..., None, :, :]) for v in ends))
    none = length_m == 0.0
    if not none.any():
        return along / length_m
    anyhow = np.maximum(*(dot(v, v) for v in ends))
    return np.where(none, np.sqrt(anyhow)[..., None, :], along / np.where(none, 1.0, length_m))
