"""Emulated Feetech motors that turn nothing, served until interrupted: for trying a driver."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from hrc_cell.adapters.serial.emulated_feetech import BAUD, FEETECH_KINDS, RPM
from hrc_cell.adapters.serial.emulator import EmulatorPort
from hrc_cell.adapters.serial.emulator_feetech import BAUDS, FeetechEmulator
from hrc_cell.adapters.serial.free import serve_once
from hrc_cell.adapters.serial.plant import FreeMotors


def serve_feetech(link: Path, motor_ids: Sequence[int], *, model: str, baud: int | None) -> None:
    """Serve motors at the middle of their range.

    With `baud` they are set to that rate, and what passes takes its time; None: at once. Raises
    ValueError for a rate that they do not have.
    """
    kind = FEETECH_KINDS[model]
    plant = FreeMotors([0.0] * len(motor_ids), speed_max_radps=kind.speed_rpm * RPM)
    emulator = FeetechEmulator(motor_ids, plant, model=model)
    if baud is not None and baud not in BAUDS:
        raise ValueError(f"{baud} baud is none of {', '.join(map(str, BAUDS))}")
    for motor in emulator.motors.values() if baud is not None else ():
        motor.write(BAUD, bytes([BAUDS.index(baud)]))
    then_s = time.monotonic()
    with EmulatorPort(emulator, link, baud=baud) as port:
        while True:
            then_s = serve_once(port, plant, then_s)
