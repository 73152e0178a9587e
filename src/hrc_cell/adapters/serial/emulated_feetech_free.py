"""Emulated Feetech motors that turn nothing, to be served by `free.serve_free`."""

from __future__ import annotations

from collections.abc import Sequence

from hrc_cell.adapters.serial.emulated_feetech import BAUD, FEETECH_KINDS, RPM
from hrc_cell.adapters.serial.emulator_feetech import BAUDS
from hrc_cell.adapters.serial.faulty_feetech import FaultyFeetech
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.settings.bus_faults import BusFaults


def free_feetech(
    motor_ids: Sequence[int], script: BusFaults, *, model: str, baud: int | None
) -> tuple[FaultyFeetech, FreeMotors]:
    """Return emulated motors at the middle of their range, and what they turn.

    With `baud` they are set to that rate. Raises ValueError for a rate that they do not have, or a
    fault that cannot happen to them.
    """
    kind = FEETECH_KINDS[model]
    plant = FreeMotors([0.0] * len(motor_ids), speed_max_radps=kind.speed_rpm * RPM)
    emulator = FaultyFeetech(motor_ids, plant, model=model, script=script)
    if baud is not None and baud not in BAUDS:
        raise ValueError(f"{baud} baud is none of {', '.join(map(str, BAUDS))}")
    for motor in emulator.motors.values() if baud is not None else ():
        motor.preset(BAUD, BAUDS.index(baud))
    return emulator, plant
