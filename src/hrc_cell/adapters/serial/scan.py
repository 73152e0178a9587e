"""Who answers on a bus, and how each motor is. Reads only."""

from __future__ import annotations

import struct
import time
from typing import NamedTuple

from hrc_cell.adapters.serial import codec, registers
from hrc_cell.adapters.serial.driver import hardware_error_text
from hrc_cell.adapters.serial.master import Master, NoReply, StatusError, wire_s
from hrc_cell.adapters.serial.models import model_name
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.registers import Register

BAUDS = (57600, 115200, 1_000_000, 2_000_000, 3_000_000, 4_000_000)
PING_SIZE = 3  # model and firmware
SLOT_S = 0.001
"""What each ID may take besides the wire until it answers a ping to all: return delay and more."""
ADAPTER_S = 0.04
"""What an adapter may hold bytes back, in each direction."""


class Found(NamedTuple):
    """One motor that answered. None: it did not tell."""

    baud: int
    motor_id: int
    model: str
    firmware: int
    voltage_v: float | None
    temperature_c: float | None
    torque_on: bool | None
    hardware_error: str | None  # in words, "" for none


def scan(path: str, baud: int) -> tuple[list[Found], int]:
    """Return who answers at this baud rate, by ID, and how many replies were broken.

    Two motors with one ID speak at once, which breaks their replies. Raises PortLost.
    """
    port = Port(path, baud)
    try:
        answers, broken = _greet(port)
        master = Master(port, reply_margin_s=ADAPTER_S)
        return [_look(master, baud, status) for status in answers], broken + master.broken
    finally:
        port.close()


def _greet(port: Port) -> tuple[list[codec.Status], int]:
    """Return the answers to a ping to all; each ID has its turn, so all of their time is waited."""
    while port.read(time.monotonic() + ADAPTER_S):
        continue
    parser, found = codec.Parser(), {}
    port.write(codec.ping(codec.BROADCAST))
    turn_s = SLOT_S + wire_s(codec.status_length(PING_SIZE), port.baud)
    end_s = time.monotonic() + ADAPTER_S + (codec.ID_MAX + 1) * turn_s
    while time.monotonic() < end_s:
        for status in parser.feed(port.read(end_s), codec.stuffed_length_max(PING_SIZE)):
            if len(status.data) == PING_SIZE:
                found[status.motor_id] = status
    return [found[motor_id] for motor_id in sorted(found)], parser.broken


def _look(master: Master, baud: int, status: codec.Status) -> Found:
    number, firmware = struct.unpack("<HB", status.data)
    voltage, temperature, torque, error = (
        _read(master, status.motor_id, register)
        for register in (
            registers.INPUT_VOLTAGE, registers.TEMPERATURE, registers.TORQUE_ENABLE,
            registers.HARDWARE_ERROR,
        )
    )  # fmt: skip
    return Found(
        baud=baud, motor_id=status.motor_id, model=model_name(number), firmware=firmware,
        voltage_v=voltage, temperature_c=temperature,
        torque_on=None if torque is None else torque == 1,
        hardware_error=None if error is None else hardware_error_text(int(error)) if error else "",
    )  # fmt: skip


def _read(master: Master, motor_id: int, register: Register) -> float | None:
    try:
        return master.read(motor_id, register)
    except (NoReply, StatusError):
        return None
