"""Messages to the JSON that the page shows. Metres in the cell frame; what is unknown is null."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from hrc_cell.core.kinematics import Chain, forward, tool_pose
from hrc_cell.core.safety import State
from hrc_cell.core.task import Phase as TaskPhase
from hrc_cell.settings.cell import Cell

MODES = ("unknown", "manual", "collaborative", "automatic")
MOTION = ("idle", "moving", "stopping", "held", "rejoining")
GATE = ("closed", "hold", "stopping", "open")


def about(cell: Cell) -> dict[str, Any]:
    """Return what does not change while a cell runs."""
    return {
        "name": cell.file.name,
        "simulated": cell.file.simulated,
        "outline": cell.zones.outline_m,
        "handover": cell.zones.handover_m,
        "zones": [
            {
                "name": zone.name, "kind": zone.kind, "polygon": zone.polygon_m,
                "ratio": zone.speed_ratio,
            }
            for zone in cell.zones.zones
        ],
        "scanners": [
            {"name": s.name, "x": s.x_m, "y": s.y_m, "yaw": s.yaw_rad} for s in cell.file.scanners
        ],
        "sha256": cell.safety_sha256,
    }  # fmt: skip


def permit(msg: Any) -> dict[str, Any] | None:
    """Return a permit."""
    if msg is None:
        return None
    cause, _, culprit = msg.cause.partition(":")
    return {
        "seq": msg.seq,
        "state": State(msg.state).name.lower(),
        "cause": cause,
        "culprit": culprit,
        "ratio": _number(msg.speed_ratio),
        "category": None if msg.stop_category > 2 else msg.stop_category,
        "reset_possible": msg.reset_possible,
        "zone": msg.zone,
        "human": msg.human_id,
        "link": msg.link,
        "distance": _number(msg.distance_m),
        "required": _number(msg.required_m),
        "age": _number(msg.oldest_sample_age_s),
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
    if msg is None:
        return None
    at = {motor.joint: motor.position_rad for motor in msg.motors}
    if not all(name in at for name in chain.joints):
        return None
    q = np.array([at[name] for name in chain.joints])
    if not np.isfinite(q).all():
        return None
    points = [*forward(chain, q)[:, :2, 3], tool_pose(chain, q)[:2, 3]]
    return [[round(float(v), 3) for v in point] for point in points]


def inputs(msg: Any) -> dict[str, Any] | None:
    """Return the operator box."""
    if msg is None:
        return None
    return {
        "mode": MODES[msg.mode] if msg.mode < len(MODES) else MODES[0],
        "reset": msg.reset,
        "start": msg.start,
        "enabling_switch": msg.enabling_switch,
        "emergency_stop_input": msg.emergency_stop_input,
        "simulated": msg.simulated,
    }


def motion(msg: Any) -> dict[str, Any] | None:
    """Return what the executor does."""
    if msg is None:
        return None
    return {
        "phase": MOTION[msg.phase],
        "path": _number(msg.path_ratio),
        "ratio": _number(msg.speed_ratio),
    }


def motors(msg: Any) -> dict[str, Any] | None:
    """Return the last gate."""
    return None if msg is None else {"gate": GATE[msg.gate], "reason": msg.gate_reason}


def task(msg: Any) -> dict[str, Any] | None:
    """Return the task and the question of the moment."""
    if msg is None:
        return None
    asked = msg.question
    return {
        "phase": TaskPhase(msg.phase).name.lower(),
        "recipe": msg.recipe,
        "cycle": msg.cycle,
        "step": msg.step_index,
        "steps": msg.step_count,
        "step_id": msg.step_id,
        "actor": msg.actor,
        "automation": msg.automation,
        "text_key": msg.text_key,
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


def _number(value: float) -> float | None:
    """Return a rounded number, or None where there is none."""
    return round(float(value), 3) if math.isfinite(value) else None
