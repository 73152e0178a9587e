"""Why a motor cannot serve as it is set up and supplied. Reads only; for driver and doctor alike.

Nothing of it is mended by the cell: each of these is somebody's decision, or a wrong motor in the
place of the calibrated one, and changing it moves where the joint seems to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from hrc_cell.adapters.serial.master import Master
from hrc_cell.adapters.serial.registers import (
    DRIVE_MODE,
    HOMING_OFFSET,
    INPUT_VOLTAGE,
    STARTUP_CONFIGURATION,
    VOLTAGE_MAX,
    VOLTAGE_MIN,
)

STARTS_BY_ITSELF = 0x03
"""Bits of Startup Configuration: torque on, RAM as it was."""
DRIVE_MODES = {
    0x01: "turns the other way round",
    0x04: "takes its profile for times instead of speeds",
    0x08: "switches its torque on with every goal",
}


def ill_set_up(master: Master, motor_id: int) -> Iterator[tuple[str, str]]:
    """Yield what is wrong, and what to do; nothing where the motor can serve.

    Raises NoReply or StatusError.
    """
    if int(master.read(motor_id, STARTUP_CONFIGURATION)) & STARTS_BY_ITSELF:
        yield (
            "takes torque or old goals up with its power",
            "clear bits 0 and 1 of its Startup Configuration (60)",
        )
    drive = int(master.read(motor_id, DRIVE_MODE))
    if drive:
        what = [text for bit, text in DRIVE_MODES.items() if drive & bit]
        yield (
            f"{' and '.join(what) or 'is driven in a way not known'} (Drive Mode {drive})",
            "set Drive Mode (10) to 0, then calibrate",
        )
    offset = int(master.read(motor_id, HOMING_OFFSET))
    if offset:
        yield (
            f"tells positions {offset} counts off (Homing Offset)",
            "set Homing Offset (20) to 0, then calibrate: zero_counts of cell.yaml is for that",
        )
    volts = master.read(motor_id, INPUT_VOLTAGE)
    low, high = master.read(motor_id, VOLTAGE_MIN), master.read(motor_id, VOLTAGE_MAX)
    if not low <= volts <= high:
        yield (
            f"has {volts:.1f} V, and works with {low:.1f} to {high:.1f} V",
            "check the supply and the length and gauge of its cable",
        )
