"""Programs that read and command the motors of one bus: our driver, and two libraries of others.

A cycle is the same for all: goal positions to all motors in one Sync Write, then registers 120 to
135 of all in one Sync Read or Fast Sync Read. So the same bytes are on the wire. The libraries hand
over raw bytes, of which the position is taken; the driver does all that it does in a cell.
"""

from __future__ import annotations

import importlib
import struct
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.driver import Driver
from hrc_cell.adapters.serial.master import Master, reply_length, wire_s
from hrc_cell.adapters.serial.plan import BusPlan
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.registers import (
    GOAL_POSITION,
    RETURN_DELAY,
    SAMPLE_ADDRESS,
    SAMPLE_SIZE,
)

OURS, SDK, RUSTYPOT = "hrc_cell", "dynamixel-sdk", "rustypot"
MODULES = {SDK: "dynamixel_sdk", RUSTYPOT: "rustypot"}
PATIENT_S = 0.05
"""Other processes may keep the motors' one for so long; a lost reply is counted."""
CENTRE = 2048
AT = slice(12, 16)  # of the position, in what is read


class Client(Protocol):
    """One of them, on an open port."""

    def cycle(self) -> bool:
        """Write and read once; return whether every motor answered."""

    def close(self) -> None:
        """Give the port back."""


def cycle_wire_s(plan: BusPlan, *, fast: bool) -> float:
    """Return how long the bytes of one cycle take on the wire."""
    goals = dict.fromkeys(plan.motor_ids, bytes(GOAL_POSITION.size))
    size = (
        len(codec.sync_write(GOAL_POSITION.address, goals))
        + len(codec.sync_read(plan.motor_ids, SAMPLE_ADDRESS, SAMPLE_SIZE))
        + reply_length(len(plan.motors), SAMPLE_SIZE, fast=fast)
    )
    return wire_s(size, plan.baud)


def answer_at_once(plan: BusPlan) -> None:
    """Set the return delay of all motors to 0, as a cell does. Raises PortLost or NoReply."""
    port = Port(plan.port, plan.baud)
    try:
        master = Master(port, reply_margin_s=PATIENT_S)
        for motor_id in plan.motor_ids:
            master.write(motor_id, RETURN_DELAY, 0)
    finally:
        port.close()


def installed() -> dict[str, str]:
    """Return the version of each library of others that is there."""
    found = {}
    for name in MODULES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def connect(name: str, plan: BusPlan, *, fast: bool) -> Client:
    """Open the port of a plan with one of them."""
    kinds: dict[str, Callable[..., Client]] = {OURS: Ours, SDK: Sdk, RUSTYPOT: Rustypot}
    return kinds[name](plan, fast=fast)


class Ours:
    """The driver of the bus process."""

    def __init__(self, plan: BusPlan, *, fast: bool) -> None:
        self._port = Port(plan.port, plan.baud)
        self._driver = Driver(plan, Master(self._port, reply_margin_s=PATIENT_S))
        self._fast = fast
        self._goals_rad = [motor.radians(CENTRE) for motor in plan.motors]

    def cycle(self) -> bool:
        """Write and read once."""
        self._driver.fast = self._fast
        self._driver.read_all(self._goals_rad)
        return not any(self._driver.silent_cycles)

    def close(self) -> None:
        """Give the port back."""
        self._port.close()


class Sdk:
    """The maker's own library."""

    def __init__(self, plan: BusPlan, *, fast: bool) -> None:
        sdk: Any = importlib.import_module(MODULES[SDK])
        self._ids, self._good = plan.motor_ids, sdk.COMM_SUCCESS
        self._port = sdk.PortHandler(plan.port)
        self._port.setBaudRate(plan.baud)
        packet = sdk.PacketHandler(2.0)
        self._reads = sdk.GroupSyncRead(self._port, packet, SAMPLE_ADDRESS, SAMPLE_SIZE)
        self._writes = sdk.GroupSyncWrite(
            self._port, packet, GOAL_POSITION.address, GOAL_POSITION.size
        )
        self._goal = list(GOAL_POSITION.pack(CENTRE))
        for motor_id in self._ids:
            self._reads.addParam(motor_id)
            self._writes.addParam(motor_id, self._goal)
        self._read = self._reads.fastSyncRead if fast else self._reads.txRxPacket

    def cycle(self) -> bool:
        """Write and read once."""
        for motor_id in self._ids:
            self._writes.changeParam(motor_id, self._goal)
        self._writes.txPacket()
        if self._read() != self._good:
            return False
        address, size = SAMPLE_ADDRESS + AT.start, AT.stop - AT.start
        return all(self._reads.getData(motor_id, address, size) for motor_id in self._ids)

    def close(self) -> None:
        """Give the port back."""
        self._port.closePort()


class Rustypot:
    """A library in Rust with a face for Python."""

    def __init__(self, plan: BusPlan, *, fast: bool) -> None:
        library: Any = importlib.import_module(MODULES[RUSTYPOT])
        self._ids = list(plan.motor_ids)
        self._motors = library.Xl330PyController(plan.port, plan.baud, PATIENT_S)
        self._motors.set_fast_sync_read(fast)
        self._goals = [list(GOAL_POSITION.pack(CENTRE))] * len(self._ids)

    def cycle(self) -> bool:
        """Write and read once."""
        self._motors.sync_write_raw_data(self._ids, GOAL_POSITION.address, self._goals)
        try:
            rows = self._motors.sync_read_raw_data(self._ids, SAMPLE_ADDRESS, SAMPLE_SIZE)
        except RuntimeError:
            return False
        return all(struct.unpack("<i", bytes(row[AT])) for row in rows)

    def close(self) -> None:
        """Give the port back: it does so when it is gone."""
        del self._motors
