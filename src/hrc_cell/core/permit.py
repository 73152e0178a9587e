"""A motion permit as those see it who move by it: a lease, and what it is good for.

Whatever is missing, not finite, from the future or too old makes it void.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from hrc_cell.core.corridor import Corridor

FUTURE_MAX_S = 0.002
"""An age may be negative by this much: two processes read one clock at different instants."""
MOVING_STATE_MIN = 3
"""MotionPermit.REDUCED: a permit in a lower state that has a speed ratio contradicts itself."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PermitView:
    """A permit as it is at this instant."""

    seq: int
    age_s: float  # since the judgement
    lease_s: float
    speed_ratio: float
    oldest_sample_age_s: float  # at the judgement
    reaction_time_s: float
    gripper_permitted: bool
    state: int  # as in MotionPermit
    same_config: bool  # judged with the safety settings that this process runs with
    path_id: str = ""  # the path that was judged; "": any motion was
    corridor: Corridor | None = None  # the stretch of it; None: any motion was judged


def permit_holds(permit: PermitView | None) -> tuple[bool, str]:
    """Return whether a permit is in force, and if not why.

    It is when it is complete and consistent, within its lease, and sample age plus permit age stay
    within the reaction time. A permit that holds may still have speed ratio 0.

    >>> permit_holds(None)
    (False, 'no_permit')
    """
    if permit is None:
        return False, "no_permit"
    if not permit.same_config:
        return False, "config_differs"
    numbers = (
        permit.age_s,
        permit.lease_s,
        permit.speed_ratio,
        permit.oldest_sample_age_s,
        permit.reaction_time_s,
    )
    if any(math.isnan(number) for number in numbers) or not 0.0 <= permit.speed_ratio <= 1.0:
        return False, "permit_invalid"
    if permit.speed_ratio > 0.0 and permit.state < MOVING_STATE_MIN:
        return False, "permit_invalid"
    if permit.age_s < -FUTURE_MAX_S:
        return False, "permit_from_future"
    if permit.age_s > permit.lease_s:
        return False, "permit_expired"
    if permit.oldest_sample_age_s < -FUTURE_MAX_S:
        return False, "sample_from_future"
    if permit.oldest_sample_age_s + max(permit.age_s, 0.0) > permit.reaction_time_s:
        return False, "sample_too_old"
    return True, ""
