"""What the separation allows in each cell, and the pair of person and link that binds.

Brings together where the arm may go (`hrc_cell.core.sweep`), what people leave it
(`hrc_cell.core.clearance`) and where a step allows contact (`hrc_cell.core.contact`).
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from hrc_cell.core.clearance import PAIR_NUMBERS, clearance, terms_of
from hrc_cell.core.contact import UNKNOWN, contact_speed_mps, region_code
from hrc_cell.core.faults import joints_known
from hrc_cell.core.observed import Observation
from hrc_cell.core.people import People
from hrc_cell.core.rules import Rules
from hrc_cell.core.separation import Terms
from hrc_cell.core.sweep import Sweep, sweep

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
T = TypeVar("T", bound=np.generic)
_NOBODY = np.array([np.inf] + [0.0] * (PAIR_NUMBERS - 1))
"""Distance, both speeds and the terms of the pair that binds where nobody is."""


class Room(NamedTuple):
    """Of each cell (...); the numbers are those of the pair with least to spare."""

    ratio: Array  # greatest permitted
    touching: Flags  # a contact limit governs it
    human_id: Ints
    region: Ints  # of the body part, UNKNOWN for an upright envelope
    link: Ints  # place in the chain's capsules, -1: nobody
    distance_m: Array  # inf: nobody
    human_speed_mps: Array
    robot_speed_mps: Array
    point_speed_mps: Array  # greatest of any point ahead at ratio 1, inf: unknown
    measured_mps: Array  # of the fastest point now, inf: unknown
    stopping_s: Array  # T_s from the present speed, inf: unknown
    joint_speed_radps: Array  # (..., n) greatest planned ahead at ratio 1
    from_s: Array  # stretch of the path that was judged, as way from its first waypoint
    to_s: Array
    followed: Flags  # judged along the path announced
    terms: Terms


def look(rules: Rules, ratio_before: npt.ArrayLike, seen: Observation, people: People) -> Room:
    """Return the room of each cell. With unknown joints there is none."""
    shape, count = np.shape(seen.now_s), len(rules.chain.joints)
    known = joints_known(rules, seen)
    q, qd = (
        np.where(known[..., None], values, 0.0)
        if values.shape[-1] == count
        else np.zeros((*shape, count))
        for values in (np.asarray(seen.position_rad), np.asarray(seen.velocity_radps))
    )
    swept = sweep(
        rules.chain, rules.stops, safety=rules.safety, motion=rules.motion, position_rad=q,
        velocity_radps=qd, ahead=seen.ahead, load_kg=seen.load_kg, ratio_before=ratio_before,
    )  # fmt: skip
    found = clearance(
        people, swept, radius_m=rules.chain.capsule_radius_m, safety=rules.safety,
        motion=rules.motion, velocity_radps=qd, contact_mps=_contact(rules, seen, people, swept),
        held_back_m=np.where(np.equal(ratio_before, 0.0), rules.safety.resume_margin_m, 0.0),
    )  # fmt: skip
    links = len(rules.chain.capsule_names)
    anybody = known & people.present.any(axis=-1)
    spare = found.spare_m.reshape((*shape, -1))
    place = spare.argmin(axis=-1) if spare.shape[-1] else np.zeros(shape, dtype=np.int64)
    picked = _row(found.pairs.reshape((*shape, -1, PAIR_NUMBERS)), place)
    picked = np.where(anybody[..., None], picked, np.where(known[..., None], _NOBODY, np.inf))
    distance = picked[..., 0]
    return Room(
        ratio=np.where(known, found.ratio, 0.0),
        touching=found.touching & known,
        human_id=np.where(anybody, _row(people.owner[..., None], place // links)[..., 0], 0),
        region=np.where(anybody, _row(people.region[..., None], place // links)[..., 0], UNKNOWN),
        link=np.where(anybody, place % links, -1),
        distance_m=np.where(known & ~np.isnan(distance), distance, 0.0),
        human_speed_mps=picked[..., 1],
        robot_speed_mps=picked[..., 2],
        point_speed_mps=np.where(known, swept.point_speed_mps, np.inf),
        measured_mps=np.where(known, swept.measured_mps, np.inf),
        stopping_s=np.where(known, swept.now_stopping_s, np.inf),
        joint_speed_radps=swept.joint_speed_radps,
        from_s=swept.from_s,
        to_s=swept.to_s,
        followed=swept.followed & known,
        terms=terms_of(picked),
    )


def _row(rows: npt.NDArray[T], place: Ints) -> npt.NDArray[T]:
    """Return of rows (..., m, n) those at place (...); 0 where there are none."""
    if rows.shape[-2] == 0:
        return np.zeros((*place.shape, rows.shape[-1]), dtype=rows.dtype)
    if place.ndim == 0:  # of one cell: the same, only quicker
        return rows[place]
    return np.take_along_axis(rows, place[..., None, None], axis=-2)[..., 0, :]


def _contact(rules: Rules, seen: Observation, people: People, swept: Sweep) -> Array:
    """Return the speed (..., p, k) at which a link may touch each part of people; 0: it may not.

    Only in a step that names a region, for that region, or for one that is not known: that bears
    the least of all. Never where a head may be: a link that comes above contact.head_low_m.
    """
    if rules.contact is None or not seen.contact_region:
        return np.zeros(())
    code = region_code(seen.contact_region)
    speed_mps = partial(
        contact_speed_mps, effective_mass_kg=rules.contact.effective_mass_kg,
        quasi_static=rules.contact.kind == "quasi_static", area_cm2=rules.contact.area_cm2,
    )  # fmt: skip
    limit = speed_mps(people.region)
    if code == UNKNOWN:  # any part may be touched: the least of all holds for each
        limit = np.minimum(limit, speed_mps(UNKNOWN))
    allowed = (people.region == UNKNOWN) | (people.region == code) | (code == UNKNOWN)
    tops = [
        ends[..., 2].max(axis=-2) for ends in (swept.ahead_start_m, swept.ahead_end_m)
    ]  # along the way
    # Between two poses, and beside the path, a link may be higher by half of its way there.
    higher = 0.5 * swept.arc_m.max(axis=-2) + swept.off_m + rules.chain.capsule_radius_m
    low = np.maximum(*tops) + higher < rules.contact.head_low_m
    touch: Array = np.where(
        allowed[..., :, None] & (low & swept.followed[..., None])[..., None, :],
        limit[..., :, None], 0.0,
    )  # fmt: skip
    return touch
