"""Who answers on a bus of Feetech motors, and how each motor is. Reads only."""

from __future__ import annotations

import time
from typing import NamedTuple

from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.feetech_codec import error_text
from hrc_cell.adapters.serial.feetech_master import FeetechMaster
from hrc_cell.adapters.serial.feetech_registers import IDENTITY, MODELS, model_name
from hrc_cell.adapters.serial.master import NoReply
from hrc_cell.adapters.serial.port import Port

FEETECH_BAUDS = (115200, 500_000, 1_000_000)
PING_MARGIN_S = 0.008
"""What a reply to a ping may take beyond the wire: return delay, and an adapter's 1 ms twice."""


class FeetechFound(NamedTuple):
    """One motor that answered. None: it did not tell."""

    baud: int
    motor_id: int
    model: str
    firmware: str
    voltage_v: float | None
    temperature_c: float | None
    torque_on: bool | None
    hardware_error: str | None  # in words, "" for none


def scan_feetech(path: str, baud: int) -> tuple[list[FeetechFound], int]:
    """Return who answers at this baud rate, by ID, and how many replies were broken.

    Every ID is asked, twice if need be: not all families answer a ping to all. Raises PortLost.
    """
    port = Port(path, baud)
    try:
        while port.read(time.monotonic() + PING_MARGIN_S):
            continue
        master = FeetechMaster(port, reply_margin_s=PING_MARGIN_S)
        there = [i for i in range(codec.ID_MAX + 1) if _answers(master, i)]
        return [_look(master, baud, motor_id) for motor_id in there], master.broken
    finally:
        port.close()


def _answers(master: FeetechMaster, motor_id: int) -> bool:
    broken = master.broken
    if master.ask(codec.ping(motor_id), (motor_id,), 0).replies:
        return True
    # What was broken may be of two motors with this ID; nothing at all is nobody.
    return master.broken > broken and bool(master.ask(codec.ping(motor_id), (motor_id,), 0).replies)


def _look(master: FeetechMaster, baud: int, motor_id: int) -> FeetechFound:
    unknown = FeetechFound(baud, motor_id, "?", "?", None, None, None, None)
    try:
        told = master.read_block(motor_id, *IDENTITY)
        found = unknown._replace(model=model_name(told[3:]), firmware=f"{told[0]}.{told[1]}")
        model = MODELS.get(told[3:])
        if model is None:
            return found  # its registers may mean something else
        table = model.table
        error = int(master.read(table, motor_id, registers.STATUS))
        return found._replace(
            voltage_v=master.read(table, motor_id, registers.PRESENT_VOLTAGE),
            temperature_c=master.read(table, motor_id, registers.PRESENT_TEMPERATURE),
            torque_on=master.read(table, motor_id, registers.TORQUE_ENABLE) == 1,
            hardware_error=error_text(error),
        )
    except NoReply:
        return unknown
