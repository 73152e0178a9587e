"""Motors looked at again and again, whoever they belong to. Reads only."""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hrc_cell.adapters.serial import codec, registers
from hrc_cell.adapters.serial.master import Master
from hrc_cell.adapters.serial.models import BY_NAME
from hrc_cell.adapters.serial.registers import INPUT_VOLTAGE, RAD_PER_COUNT, TORQUE_ENABLE
from hrc_cell.adapters.serial.scan import Found

CENTRE_COUNTS = 2048
SUPPLY_SIZE, STATE_SIZE = 3, 7  # voltage and temperature; torque to hardware error


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One motor as last read; NaN and None: not known."""

    name: str
    motor_id: int
    reply_s: float = -math.inf  # monotonic instant
    lost: int | None = 0  # replies that did not come
    position_rad: float = math.nan
    velocity_radps: float = math.nan
    current_a: float = math.nan
    voltage_v: float = math.nan
    temperature_c: float = math.nan
    torque_on: bool | None = None
    hardware_error: int | None = None


def _with_loss(motor: Watched) -> Watched:
    return replace(motor, lost=(motor.lost or 0) + 1)


class Watch:
    """The motors of a bus, read in turn. Shaft radians, 0 at register value 2048."""

    def __init__(self, master: Master, found: Sequence[Found]) -> None:
        self._master = master
        self.motors = [Watched(name=one.model, motor_id=one.motor_id) for one in found]
        self._ids = tuple(one.motor_id for one in found)
        units = (BY_NAME[one.model].current_unit_a for one in found)
        self._current_unit_a = [math.nan if unit is None else unit for unit in units]
        self._slow_at = 0
        self.cycles = 0

    @property
    def whole(self) -> bool:
        """Return whether everything was asked for once."""
        return self.cycles >= 2 * len(self.motors)

    def cycle(self) -> None:
        """Read position, velocity and current of all, and of one what changes slowly.

        Raises PortLost.
        """
        frame = codec.sync_read(self._ids, registers.SAMPLE_ADDRESS, registers.SAMPLE_SIZE)
        replies = self._master.ask(frame, self._ids, registers.SAMPLE_SIZE)
        for index, motor in enumerate(self.motors):
            status, reply_s = replies.get(motor.motor_id, (None, 0.0))
            try:
                sample = registers.sample(b"" if status is None or status.error else status.data)
            except struct.error:
                self.motors[index] = _with_loss(motor)
                continue
            self.motors[index] = replace(
                motor,
                reply_s=reply_s,
                position_rad=(sample.position_counts - CENTRE_COUNTS) * RAD_PER_COUNT,
                velocity_radps=sample.velocity_radps,
                current_a=sample.current_steps * self._current_unit_a[index],
            )
        self._slow()
        self.cycles += 1

    def _slow(self) -> None:
        which, index = divmod(self._slow_at, len(self.motors))
        self._slow_at = (self._slow_at + 1) % (2 * len(self.motors))
        motor = self.motors[index]
        address = (INPUT_VOLTAGE.address, TORQUE_ENABLE.address)[which]
        size = (SUPPLY_SIZE, STATE_SIZE)[which]
        frame = codec.read(motor.motor_id, address, size)
        status, _ = self._master.ask(frame, (motor.motor_id,), size).get(
            motor.motor_id, (None, 0.0)
        )
        if status is None or status.error or len(status.data) != size:
            self.motors[index] = _with_loss(motor)
        elif which == 0:
            self.motors[index] = replace(
                motor,
                voltage_v=INPUT_VOLTAGE.unpack(status.data[:2]),
                temperature_c=registers.TEMPERATURE.unpack(status.data[2:]),
            )
        else:
            self.motors[index] = replace(
                motor, torque_on=status.data[0] == 1, hardware_error=status.data[-1]
            )

    def run(self, until_s: float) -> None:
        """Read on until a monotonic instant. Raises PortLost."""
        while time.monotonic() < until_s:
            self.cycle()
