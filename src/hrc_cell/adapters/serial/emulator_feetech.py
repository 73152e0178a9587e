"""Emulated Feetech motors on one bus, to be put behind an `emulator.EmulatorPort`."""

from __future__ import annotations

from collections.abc import Sequence

from hrc_cell.adapters.serial.emulated_bus import EmulatedBus
from hrc_cell.adapters.serial.emulated_feetech import (
    BAUD,
    FEETECH_KINDS,
    ID,
    RETURN_DELAY,
    STATUS_LEVEL,
    FeetechMotor,
)
from hrc_cell.adapters.serial.emulator_feetech_codec import Order, Receiver, status_frame
from hrc_cell.adapters.serial.plant import Plant

TO_ALL = 0xFE
PING, READ, WRITE, REG_WRITE, ACTION = 0x01, 0x02, 0x03, 0x04, 0x05
SYNC_READ, SYNC_WRITE = 0x82, 0x83
BAUDS = (1_000_000, 500_000, 250_000, 128_000, 115_200, 76_800, 57_600, 38_400)
RETURN_DELAY_STEP_S = 2e-6


class FeetechEmulator(EmulatedBus[FeetechMotor, Order]):
    """Feetech motors of one model on one bus."""

    def __init__(self, motor_ids: Sequence[int], plant: Plant, *, model: str = "STS3215") -> None:
        self._kind = FEETECH_KINDS[model]
        motors = {
            motor_id: FeetechMotor(motor_id, index, plant, kind=self._kind)
            for index, motor_id in enumerate(motor_ids)
        }
        super().__init__(motors, Receiver())

    def delay_s(self, status: bytes) -> float:
        """Return the return delay of the motor that sends a status; of nobody, the longest."""
        motors = list(self.motors.values())
        alone = [motor for motor in motors if status[2:3] == bytes((motor.motor_id,))]
        return max(m.value(RETURN_DELAY) for m in alone or motors) * RETURN_DELAY_STEP_S

    def _hears(self, motor_id: int) -> bool:
        rate = BAUDS[min(self.motors[motor_id].value(BAUD), len(BAUDS) - 1)]
        return motor_id not in self.silent and self.line_baud in (None, rate)

    def _obey(self, order: Order, now_s: float) -> list[bytes]:
        hearing = [
            motor
            for motor_id, motor in self.motors.items()
            if order.motor_id in (motor_id, TO_ALL) and self._hears(motor_id)
        ]
        for motor in hearing:
            motor.heard_s = now_s
        to_all = order.motor_id == TO_ALL
        if order.code == SYNC_READ:
            return self._sync_read(order.payload) if to_all and self._kind.magnetic else []
        if order.code == SYNC_WRITE:
            self._sync_write(order.payload)
            return []
        replies = []
        for motor in hearing:
            data = self._one(motor, order)
            speaks = not to_all or (order.code == PING and self._kind.magnetic)
            if data is not None and speaks:
                replies.append(status_frame(motor.motor_id, motor.hardware_error, data))
        if any(motor.value(ID) != motor.motor_id for motor in hearing):
            self._renumber(ID)
        return replies

    def _one(self, motor: FeetechMotor, order: Order) -> bytes | None:
        """Do what is asked and return the data of the answer; None: there is none."""
        payload = order.payload
        if order.code == PING:
            return b""
        if order.code == READ and len(payload) == 2:
            return motor.read(payload[0], payload[1])
        speaks = motor.value(STATUS_LEVEL) > 0
        if order.code == WRITE and len(payload) > 1:
            motor.write(payload[0], payload[1:])
        elif order.code == REG_WRITE and len(payload) > 1:
            self._kept[motor.motor_id] = payload
        elif order.code == ACTION:
            kept = self._kept.pop(motor.motor_id, b"")
            if kept:
                motor.write(kept[0], kept[1:])
        else:
            return None
        return b"" if speaks else None

    def _sync_read(self, payload: bytes) -> list[bytes]:
        replies = []
        for motor_id in payload[2:]:
            motor = self.motors.get(motor_id)
            if motor is None or not self._hears(motor_id):
                continue
            data = motor.read(payload[0], payload[1])
            if data is not None:
                replies.append(status_frame(motor_id, motor.hardware_error, data))
        return replies

    def _sync_write(self, payload: bytes) -> None:
        if len(payload) < 2:
            return
        address, size, rows = payload[0], payload[1], payload[2:]
        if size == 0 or len(rows) % (size + 1):
            return
        for at in range(0, len(rows), size + 1):
            motor = self.motors.get(rows[at])
            if motor is not None and self._hears(rows[at]):
                motor.write(address, rows[at + 1 : at + 1 + size])
