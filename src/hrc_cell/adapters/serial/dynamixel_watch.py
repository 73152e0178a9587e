"""DYNAMIXEL motors looked at again and again. Reads only."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import replace

from hrc_cell.adapters.serial import codec, registers
from hrc_cell.adapters.serial.driver import hardware_error_text
from hrc_cell.adapters.serial.master import Master
from hrc_cell.adapters.serial.models import BY_NAME
from hrc_cell.adapters.serial.registers import INPUT_VOLTAGE, RAD_PER_COUNT, TORQUE_ENABLE
from hrc_cell.adapters.serial.watch import Seen, Watch, Watched, with_loss

CENTRE_COUNTS = 2048
LOAD_STEP = 1e-3
SUPPLY_SIZE, STATE_SIZE = 3, 7  # voltage and temperature; torque to hardware error


class DynamixelWatch(Watch):
    """DYNAMIXEL motors of a bus. Shaft radians, 0 at register value 2048."""

    def __init__(self, master: Master, found: Sequence[Seen]) -> None:
        super().__init__([Watched(name=one.model, motor_id=one.motor_id) for one in found])
        self._master = master
        self._ids = tuple(one.motor_id for one in found)
        units = [BY_NAME[one.model].current_unit_a for one in found]
        # Where others tell a current, a model without one tells its load.
        self._current_unit_a = [math.nan if unit is None else unit for unit in units]
        self._load_unit = [LOAD_STEP if unit is None else math.nan for unit in units]
        self._slow_at = 0

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
                self.motors[index] = with_loss(motor)
                continue
            self.motors[index] = replace(
                motor,
                reply_s=reply_s,
                position_rad=(sample.position_counts - CENTRE_COUNTS) * RAD_PER_COUNT,
                velocity_radps=sample.velocity_radps,
                current_a=sample.current_steps * self._current_unit_a[index],
                load_ratio=sample.current_steps * self._load_unit[index],
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
            self.motors[index] = with_loss(motor)
        elif which == 0:
            self.motors[index] = replace(
                motor,
                voltage_v=INPUT_VOLTAGE.unpack(status.data[:2]),
                temperature_c=registers.TEMPERATURE.unpack(status.data[2:]),
            )
        else:
            self.motors[index] = replace(
                motor,
                torque_on=status.data[0] == 1,
                hardware_error=status.data[-1],
                error=hardware_error_text(status.data[-1]) if status.data[-1] else "",
            )
