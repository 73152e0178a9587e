"""The monitor's translators: messages to what the judgement observes, its verdict to messages."""

from __future__ import annotations

import math
from collections.abc import Sequence

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import Humans, MotionPermit
from sensor_msgs.msg import JointState

from hrc_cell.core.cell import Eye, Person, Verdict

NO_CATEGORY = MotionPermit.CATEGORY_NONE


def people(message: Humans) -> tuple[Person, ...]:
    """Return everybody in a message, confirmed or not."""
    return tuple(
        Person(
            id=human.id,
            x_m=human.position.x,
            y_m=human.position.y,
            speed_mps=math.hypot(human.velocity.x, human.velocity.y),
            position_std_m=human.position_std_m,
            radius_m=human.radius_m,
            unseen_s=human.age_s,
        )
        for human in message.humans
    )


def eyes(message: Humans) -> dict[str, tuple[Eye, TimeMsg]]:
    """Return the state and newest stamp of each scanner; an unheard-of state counts as silent."""
    known = {int(eye): eye for eye in Eye}
    return {s.name: (known.get(s.state, Eye.SILENT), s.stamp) for s in message.scanners}


def arm_joints(
    message: JointState, joints: Sequence[str]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return position [rad] and velocity [rad/s] of the named joints, NaN where there is none."""
    place = {name: index for index, name in enumerate(message.name)}

    def pick(values: Sequence[float]) -> tuple[float, ...]:
        found = (place.get(name, len(values)) for name in joints)
        return tuple(float(values[i]) if i < len(values) else math.nan for i in found)

    return pick(message.position), pick(message.velocity)


def permit(verdict: Verdict) -> MotionPermit:
    """Return the permit of a verdict. Stamp, number, lease and configuration are the node's."""
    terms = verdict.terms
    category = verdict.stop_category
    return MotionPermit(
        speed_ratio=verdict.speed_ratio,
        stop_category=NO_CATEGORY if category is None else category,
        gripper_permitted=verdict.gripper_permitted,
        oldest_sample_age_s=verdict.oldest_sample_age_s,
        state=int(verdict.state),
        event=verdict.event.value,
        cause=verdict.cause,
        reset_possible=verdict.reset_possible,
        zone=verdict.zone,
        human_id=verdict.human_id,
        link=verdict.link,
        distance_m=verdict.distance_m,
        required_m=float(terms.required_m),
        s_h_m=float(terms.s_h_m),
        s_r_m=float(terms.s_r_m),
        s_s_m=float(terms.s_s_m),
        c_m=float(terms.c_m),
        z_d_m=float(terms.z_d_m),
        z_r_m=float(terms.z_r_m),
    )
