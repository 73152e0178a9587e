"""The plan of a cell's motors: its settings and the limits of its robot's description."""

from __future__ import annotations

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.serial.plan import BusPlan, make_plan
from hrc_cell.settings.cell import Cell


def motor_plan(cell: Cell, port: str) -> BusPlan:
    """Return the plan for the motors of a cell behind a port.

    Raises ValueError when rate or limits cannot be kept, or the description is wrong.
    """
    description = load_description(cell)
    chain = description.chain
    return make_plan(
        cell.file,
        port=port,
        lower_rad=[*chain.lower_rad, description.hand_lower_rad],
        upper_rad=[*chain.upper_rad, description.hand_upper_rad],
        velocity_max_radps=[*chain.velocity_max_radps, description.hand_velocity_max_radps],
    )
