"""What one cycle reads of a Feetech motor, and whether it can be true.

A sum of eight bits lets one broken reply in 256 through, so a sample counts only where everything
in it may stand there, and where the shaft can have come to its position since the last sample.
There is no clock in it: an old sample looks like a new one. So each cycle asks for another number
of bytes than the `LENGTHS` - 1 before it, and a reply of the wrong length is of another cycle; and
the driver drops all samples of a cycle in which anything is missing or out of turn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.feetech_registers import Model, Table

LENGTHS = 4
"""How many lengths of a cycle's reply there are, each a byte longer than the one before."""
VOLTAGE_V = 3.0, 25.0
"""What a motor that answers can be supplied with."""
TEMPERATURE_MAX_C = 120.0
STEP_SLACK_COUNTS = 8
"""What two readings of a shaft may differ by besides its speed: noise, and the instants of both."""


class Sample(NamedTuple):
    """One motor in one cycle. The shaft's radians grow with the counts."""

    torque_on: bool
    position_counts: int
    velocity_radps: float
    current_a: float  # NaN: it measures none
    voltage_v: float
    temperature_c: float
    hardware_error: int


def cycle_bytes(table: Table, motor_ids: Sequence[int]) -> int:
    """Return the most bytes of a cycle: goals for all, and what all are asked and answer."""
    address, size = table.block
    size += LENGTHS - 1
    goals = codec.sync_write(0, dict.fromkeys(motor_ids, bytes(registers.GOAL_POSITION.size)))
    one_by_one = len(motor_ids) * len(codec.read(1, address, size))
    asked = len(codec.sync_read(motor_ids, address, size)) if table.sync_read else one_by_one
    return len(goals) + asked + len(motor_ids) * codec.status_length(size)


def sample(table: Table, block: bytes) -> Sample | None:
    """Return the sample of a block, or of one that is longer; None where something cannot be."""
    if len(block) < table.block[1]:
        return None
    torque = table.take(registers.TORQUE_ENABLE, block)
    goal = table.take(registers.GOAL_POSITION, block)
    position = table.take(registers.PRESENT_POSITION, block)
    volts = table.take(registers.PRESENT_VOLTAGE, block)
    degrees = table.take(registers.PRESENT_TEMPERATURE, block)
    flags = {torque, table.take(table.lock, block), table.take(registers.MOVING, block)}
    if not flags <= {0.0, 1.0} or max(goal, position) >= table.counts:
        return None
    if not VOLTAGE_V[0] <= volts <= VOLTAGE_V[1] or degrees > TEMPERATURE_MAX_C:
        return None
    current = table.present_current
    return Sample(
        torque_on=torque == 1.0,
        position_counts=int(position),
        velocity_radps=table.take(table.present_speed, block),
        current_a=math.nan if current is None else table.take(current, block),
        voltage_v=volts,
        temperature_c=degrees,
        hardware_error=int(table.take(registers.STATUS, block)),
    )


def can_follow(model: Model, new: Sample, *, before_counts: int, after_s: float) -> bool:
    """Return whether the shaft can have come from `before_counts` to the sample in this time.

    >>> model = registers.BY_NAME["STS3215"]
    >>> new = Sample(True, 2100, 0.0, 0.0, 12.0, 30.0, 0)
    >>> can_follow(model, new, before_counts=2080, after_s=0.005)
    True
    >>> can_follow(model, new, before_counts=2000, after_s=0.005)
    False
    """
    table = model.table
    most = model.speed_max_radps * after_s / table.rad_per_count + STEP_SLACK_COUNTS
    return (
        abs(new.position_counts - before_counts) <= most
        and abs(new.velocity_radps) <= 1.5 * model.speed_max_radps
    )
