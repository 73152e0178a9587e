"""The monitor's translators: messages to what the judgement observes, its verdict to messages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import (
    Humans,
    MotionPermit,
    MotionProgress,
    OperatorInputs,
    PlannedPath,
)
from sensor_msgs.msg import JointState

from hrc_cell.core.ahead import Ahead, corridor
from hrc_cell.core.bodies import Bodies, Parts
from hrc_cell.core.cell import Verdict
from hrc_cell.core.contact import BY_FORCE, region_code
from hrc_cell.core.corridor import ROWS_MAX
from hrc_cell.core.interlock import Reading
from hrc_cell.core.observed import Eye, Observation
from hrc_cell.core.people import People, upright
from hrc_cell.core.rules import Rules
from hrc_cell.core.safety import EVENTS, RULES
from hrc_cell.settings.contact import REGIONS
from hrc_cell.settings.safety import SafetySettings

NO_CATEGORY = MotionPermit.CATEGORY_NONE
FOLLOWING = (MotionProgress.MOVING, MotionProgress.STOPPING, MotionProgress.HELD)
EYES = {int(eye): eye for eye in Eye}
BEHIND_S = 0.3
"""Goals under way may be this much behind on the path."""


def people(message: Humans, safety: SafetySettings) -> People:
    """Return everybody in a message, confirmed or not."""
    humans = message.humans
    numbers = np.array(
        [
            (h.position.x, h.position.y, h.velocity.x, h.velocity.y,
             h.position_std_m, h.radius_m, h.age_s)
            for h in humans
        ]
    ).reshape(-1, 7)  # fmt: skip
    vx, vy, std, radius, age = numbers.T[2:]
    return upright(
        numbers[:, :2],
        speed_mps=np.hypot(vx, vy),
        velocity_mps=numbers[:, 2:4],
        position_std_m=std,
        radius_m=radius,
        unseen_s=age,
        owner=np.array([h.id for h in humans], dtype=np.int64),
        safety=safety,
    )


def hidden(message: Humans) -> npt.NDArray[np.bool_]:
    """Return who in a message is not seen."""
    return np.array([h.hidden for h in message.humans], dtype=np.bool_)


def bodies(message: Humans) -> Bodies:
    """Return the bodies in a message of a body tracker, with their parts."""
    humans = message.humans
    parts = [(index, part) for index, h in enumerate(humans) for part in h.parts]
    return Bodies(
        id=np.array([h.id for h in humans], dtype=np.int64),
        place_m=np.array([(h.position.x, h.position.y) for h in humans]).reshape(-1, 2),
        radius_m=np.array([h.radius_m for h in humans]),
        velocity_mps=np.array([(h.velocity.x, h.velocity.y) for h in humans]).reshape(-1, 2),
        position_std_m=np.array([h.position_std_m for h in humans]),
        unseen_s=np.array([h.age_s for h in humans]),
        hidden=hidden(message),
        parts=Parts(
            body=np.array([index for index, _ in parts], dtype=np.int64),
            start_m=_points([part.start for _, part in parts]),
            end_m=_points([part.end for _, part in parts]),
            radius_m=np.array([part.radius_m for _, part in parts]),
            velocity_mps=_points([part.velocity for _, part in parts]),
            position_std_m=np.array([part.position_std_m for _, part in parts]),
            region=np.array([region_code(part.region) for _, part in parts], dtype=np.int64),
        ),
    )


def _points(points: Sequence[Any]) -> npt.NDArray[np.float64]:
    return np.array([(p.x, p.y, p.z) for p in points], dtype=np.float64).reshape(-1, 3)


def eyes(message: Humans) -> dict[str, tuple[Eye, TimeMsg]]:
    """Return the state and newest stamp of each scanner; an unheard-of state counts as silent."""
    return {s.name: (EYES.get(s.state, Eye.SILENT), s.stamp) for s in message.scanners}


def arm_joints(
    message: JointState, joints: Sequence[str]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return position [rad] and velocity [rad/s] of the named joints, NaN where there is none."""
    place = {name: index for index, name in enumerate(message.name)}

    def pick(values: Sequence[float]) -> tuple[float, ...]:
        found = (place.get(name, len(values)) for name in joints)
        return tuple(float(values[i]) if i < len(values) else math.nan for i in found)

    return pick(message.position), pick(message.velocity)


def ahead(
    path: PlannedPath | None, progress: MotionProgress, age_s: float, joints: int
) -> Ahead | None:
    """Return the path that the executor follows, None where nothing of it can be used.

    It is followed while the executor moves along it, stops or waits on it; the way back to it after
    a push is not on it.
    """
    if path is None or path.joints != joints or path.path_id != progress.path_id:
        return None
    rows, speed = len(path.waypoints) // joints, len(path.line_speed)
    if not path.path_id or rows < 2 or len(path.waypoints) != rows * joints or speed != rows - 1:
        return None
    numbers = np.array([*path.waypoints, *path.line_speed])
    if not np.isfinite(numbers).all():
        return None
    return Ahead(
        waypoints_rad=numbers[: rows * joints].reshape(rows, joints),
        line_speed_ratio_ps=numbers[rows * joints :],
        line=np.array(int(progress.line)),
        line_ratio=np.array(float(progress.line_ratio)),
        age_s=np.array(age_s),
        followed=np.array(progress.phase in FOLLOWING),
    )


def reading(message: OperatorInputs) -> Reading:
    """Return the operator box of a message."""
    switch, stop, guards = (
        message.enabling_switch, message.emergency_stop_input, message.guards_closed,
    )  # fmt: skip
    return Reading(
        mode=message.mode,
        reset=message.reset,
        start=message.start,
        enabling_switch=(int(switch[0]), int(switch[1])),
        emergency_stop_input=(bool(stop[0]), bool(stop[1])),
        guards_closed=(bool(guards[0]), bool(guards[1])),
    )


def context(path: PlannedPath | None) -> dict[str, Any]:
    """Return what the path that is followed serves, as an Observation takes it; nothing of none."""
    if path is None:
        return {}
    return {
        "step": path.step, "tool": path.tool, "contact_region": path.contact_region,
        "load_kg": path.payload_kg,
    }  # fmt: skip


def permit(rules: Rules, verdict: Verdict, seen: Observation, path_id: str) -> MotionPermit:
    """Return the permit of a verdict. Stamp, number, lease and configuration are the node's."""
    room, zones = verdict.room, rules.zones
    category, link, zone = (int(v) for v in (verdict.stop_category, room.link, verdict.zone))
    event, moves = EVENTS[int(verdict.event)], float(verdict.speed_ratio) > 0.0
    touching = bool(room.touching)
    terms = {f"{name}": float(term) for name, term in room.terms._asdict().items()}
    message = MotionPermit(
        speed_ratio=float(verdict.speed_ratio),
        stop_category=NO_CATEGORY if category < 0 else category,
        gripper_permitted=bool(verdict.gripper_permitted),
        oldest_sample_age_s=float(verdict.oldest_sample_age_s),
        oldest_source=oldest_source(rules, seen),
        state=int(verdict.state),
        event=event.value,
        cause=rules.causes[int(verdict.cause)],
        clears="" if moves else RULES[event].clears.value,
        mode=int(verdict.mode),
        reset_possible=bool(verdict.reset_possible),
        limit_mps=float(verdict.limit_mps),
        zone=zones.zones[zone].name if zone >= 0 else "",
        zone_set=zones.sets[int(verdict.zone_set)].name if zones.sets else "",
        muted=list(verdict.muted),
        contact_region=seen.contact_region if touching else "",
        contact_table=BY_FORCE if touching else "",
        human_id=int(room.human_id),
        body_part=REGIONS[int(room.region)] if int(room.region) >= 0 else "",
        link=rules.chain.capsule_names[link] if link >= 0 else "",
        human_speed_mps=float(room.human_speed_mps),
        robot_speed_mps=float(room.robot_speed_mps),
        point_speed_mps=float(room.point_speed_mps),
        stopping_time_s=float(room.stopping_s),
        distance_m=float(room.distance_m),
        **terms,
    )
    if bool(room.followed) and seen.ahead is not None:
        rows = corridor(seen.ahead, float(room.from_s), BEHIND_S, float(room.to_s), ROWS_MAX)
        message.path_id, message.joints = path_id, rows.shape[1]
        message.corridor = rows.ravel().tolist()
        message.corridor_speed = room.joint_speed_radps.tolist()
    return message


def oldest_source(rules: Rules, seen: Observation) -> str:
    """Return whose sample is the oldest of those judged on, "" where one is missing."""
    ages = {"joints": float(np.asarray(seen.joints_age_s))}
    for name, _ in rules.scanners:
        sight = seen.scanners.get(name)
        ages[f"scanner:{name}"] = math.inf if sight is None else float(np.asarray(sight.age_s))
    if seen.ahead is not None and bool(seen.ahead.followed):
        ages["path"] = float(seen.ahead.age_s)
    if not all(0.0 <= age < math.inf for age in ages.values()):
        return ""
    return max(ages, key=lambda name: ages[name])
