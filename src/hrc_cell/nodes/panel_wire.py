"""Messages to the JSON that the page shows. Metres in the cell frame; what is unknown is null.

A number that a message should not hold becomes "unknown": the page then says so, and goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from hrc_cell.core.kinematics import Array, Chain, capsules_at, forward, tool_pose
from hrc_cell.core.safety import State
from hrc_cell.core.task import Phase as TaskPhase
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.signature import standing

MODES = ("unknown", "manual", "collaborative", "automatic")
SWITCH = ("released", "middle", "pressed")
DIFFERING = "differing"
MOTION = ("idle", "moving", "stopping", "held", "rejoining")
GATE = ("closed", "hold", "stopping", "open")
STATES = tuple(state.name.lower() for state in State)
PHASES = tuple(phase.name.lower() for phase in TaskPhase)
CATEGORIES = (0, 1, 2)
TERMS = ("s_h", "s_r", "s_s", "c", "z_d", "z_r")
"""Of the required distance, in the order in which they add up."""
CLEARS = {State.LATCHED: "reset", State.READY: "start", State.STANDSTILL: "itself"}
"""What ends a stop in this state, where a permit does not tell."""
UNKNOWN = "unknown"


def about(cell: Cell) -> dict[str, Any]:
    """Return what does not change while a cell runs."""
    signed = standing(cell)
    return {
        "name": cell.file.name,
        "simulated": cell.file.simulated,
        "outline": cell.zones.outline_m,
        "handover": cell.zones.handover_m,
        "zones": [
            {
                "name": zone.name, "kind": zone.kind, "polygon": zone.corners_m,
                "circle": zone.circle and [*zone.circle.centre_m, zone.circle.radius_m],
                "box": zone.box and zone.box.centre_m,
                "ratio": zone.speed_ratio, "limit": zone.limit_mps, "band": zone.band_m,
            }
            for zone in cell.zones.zones
        ],
        "scanners": [
            {"name": s.name, "x": s.x_m, "y": s.y_m, "yaw": s.yaw_rad} for s in cell.file.scanners
        ],
        "sha256": cell.safety_sha256,
        "signature": {
            "state": signed.state,
            "by": signed.signature.by if signed.signature else "",
            "when": signed.signature.when if signed.signature else "",
        },
    }  # fmt: skip


def permit(msg: Any) -> dict[str, Any] | None:
    """Return a permit."""
    if msg is None:
        return None
    cause, _, culprit = msg.cause.partition(":")
    return {
        "seq": msg.seq,
        "state": _named(STATES, msg.state),
        "cause": cause,
        "culprit": culprit,
        "ratio": _number(msg.speed_ratio),
        "gripper": msg.gripper_permitted,
        "category": msg.stop_category if msg.stop_category in CATEGORIES else None,
        "reset_possible": msg.reset_possible,
        "zone": msg.zone,
        "zone_set": msg.zone_set,
        "muted": list(msg.muted),
        "human": msg.human_id,
        "link": msg.link,
        "distance": _number(msg.distance_m),
        "required": _number(msg.required_m),
        "age": _number(msg.oldest_sample_age_s),
        "source": msg.oldest_source,
        "part": msg.body_part,
        "terms": {name: _number(getattr(msg, f"{name}_m")) for name in TERMS},
        "clears": msg.clears or CLEARS.get(msg.state, ""),
        "limit": _number(msg.limit_mps),
        "region": msg.contact_region,
    }


def humans(msg: Any) -> list[dict[str, Any]] | None:
    """Return everybody who is seen."""
    if msg is None:
        return None
    return [
        {
            "id": h.id, "x": _number(h.position.x), "y": _number(h.position.y),
            "vx": _number(h.velocity.x), "vy": _number(h.velocity.y),
            "r": _number(h.radius_m), "confirmed": h.confirmed,
        }
        for h in msg.humans
    ]  # fmt: skip


def arm(msg: Any, chain: Chain) -> list[list[float]] | None:
    """Return the arm from above: the joints and the tool as [x, y], base first."""
    q = _joints(msg, chain)
    if q is None:
        return None
    points = [*forward(chain, q)[:, :2, 3], tool_pose(chain, q)[:2, 3]]
    return [[round(float(v), 3) for v in point] for point in points]


def separation(
    permit_msg: Any, humans_msg: Any, motors_msg: Any, chain: Chain
) -> dict[str, float] | None:
    """Return the point of the binding link nearest to the binding person, from above.

    x, y: on the middle line of the link's capsule; r: its radius. None while nobody binds.
    """
    q = _joints(motors_msg, chain)
    if permit_msg is None or humans_msg is None or q is None:
        return None
    if permit_msg.link not in chain.capsule_names:
        return None
    k = chain.capsule_names.index(permit_msg.link)
    start, end = (ends[k, :2] for ends in capsules_at(chain, q))
    for human in humans_msg.humans:
        if human.id == permit_msg.human_id:
            person = np.array([human.position.x, human.position.y])
            way = end - start
            part = float(np.clip((person - start) @ way / max(float(way @ way), 1e-9), 0.0, 1.0))
            x, y = start + part * way
            shown = {"x": x, "y": y, "r": chain.capsule_radius_m[k]}
            if all(map(math.isfinite, shown.values())):
                return {name: round(float(v), 3) for name, v in shown.items()}
    return None


def _joints(msg: Any, chain: Chain) -> Array | None:
    """Return the joint positions of the arm, or None where one is not known."""
    if msg is None:
        return None
    at = {motor.joint: motor.position_rad for motor in msg.motors}
    if not all(name in at for name in chain.joints):
        return None
    q = np.array([at[name] for name in chain.joints])
    return q if np.isfinite(q).all() else None


def inputs(msg: Any) -> dict[str, Any] | None:
    """Return the operator box."""
    if msg is None:
        return None
    return {
        "mode": _named(MODES, msg.mode),
        "reset": msg.reset,
        "start": msg.start,
        "enabling_switch": _agreed(_named(SWITCH, int(s)) for s in msg.enabling_switch),
        "emergency_stop_input": any(msg.emergency_stop_input),
        "guards": _agreed("closed" if closed else "open" for closed in msg.guards_closed),
        "simulated": msg.simulated,
    }


def motion(msg: Any) -> dict[str, Any] | None:
    """Return what the executor does."""
    if msg is None:
        return None
    return {
        "phase": _named(MOTION, msg.phase),
        "path": _number(msg.path_ratio),
        "ratio": _number(msg.speed_ratio),
    }


def motors(msg: Any) -> dict[str, Any] | None:
    """Return the last gate."""
    return None if msg is None else {"gate": _named(GATE, msg.gate), "reason": msg.gate_reason}


def task(msg: Any) -> dict[str, Any] | None:
    """Return the task and the question of the moment."""
    if msg is None:
        return None
    asked = msg.question
    return {
        "phase": _named(PHASES, msg.phase),
        "pausing": msg.pausing,
        "recipe": msg.recipe,
        "title_key": msg.title_key or msg.recipe,
        "run_id": msg.run_id,
        "cycle": msg.cycle,
        "step": msg.step_index,
        "steps": msg.step_count,
        "step_id": msg.step_id,
        "actor": msg.actor,
        "automation": msg.automation,
        "text_key": msg.text_key,
        "texts": [
            {"key": one.key, "language": one.language, "text": one.text, "picture": one.picture}
            for one in msg.texts
        ],
        "plan": plan(msg),
        "handoff": msg.handoff_state,
        "reason": msg.reason,
        "question": {
            "id": asked.id,
            "kind": asked.kind,
            "risk_class": asked.risk_class,
            "text_key": asked.text_key,
            "args": dict(arg.partition("=")[::2] for arg in asked.args),
            "options": list(asked.options),
            "state_version": asked.state_version,
        },
    }


def plan(msg: Any) -> list[dict[str, Any]]:
    """Return every step of the recipe: whose, how far the robot acts by itself, whether done."""
    rows = zip(
        msg.step_ids, msg.step_actors, msg.step_text_keys, msg.step_automations, msg.step_limits,
        msg.step_done, strict=False,
    )  # fmt: skip
    names = ("id", "actor", "text_key", "level", "limit", "done")
    return [dict(zip(names, row, strict=True)) for row in rows]


def recipes(msg: Any) -> dict[str, Any] | None:
    """Return which recipe was refused, and all that is wrong with it; None: none was."""
    if msg is None or not msg.refused_recipe:
        return None
    return {"refused": msg.refused_recipe, "problems": list(msg.recipe_problems)}


def _agreed(channels: Iterable[str]) -> str:
    """Return what both channels of an input say, or that they differ."""
    said = {*channels}
    return said.pop() if len(said) == 1 else DIFFERING


def _number(value: float) -> float | None:
    """Return a rounded number, or None where there is none."""
    return round(float(value), 3) if math.isfinite(value) else None


def _named(names: Sequence[str], number: int) -> str:
    """Return the name of a number, or "unknown"."""
    return names[number] if 0 <= number < len(names) else UNKNOWN
