"""One emulated Feetech motor: its table, what writing into it does, and how it protects itself.

Where the maker's documents leave open what a motor does, this one does what is least convenient to
a driver: it takes every value without a word and cuts it to what it can; a goal that is written
brings the torque on; a motor that protects itself keeps Torque Enable at 1; the EEPROM takes what
is written while Lock is 1 and forgets it without power; nothing stops it when the bus falls silent.

Registers are those of the position mode of STS and SMS (words little endian, signs apart from the
amount) or of SCS (big endian, 10 bits). Source: Feetech's memory tables.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

from hrc_cell.adapters.serial.plant import Plant

RPM = math.tau / 60.0
RAM = 40
ID, BAUD, RETURN_DELAY, STATUS_LEVEL = 5, 6, 7, 8
MIN, MAX, MAX_TORQUE, PHASE, UNLOADING = 9, 11, 16, 18, 19
TORQUE, ACCELERATION, GOAL, SPEED, TORQUE_LIMIT = 40, 41, 42, 46, 48
POSITION, VELOCITY, LOAD, VOLTAGE, TEMPERATURE, STATUS, MOVING, CURRENT = (
    56, 58, 60, 62, 63, 65, 66, 69,
)  # fmt: skip
OVERLOAD, CUTS_POWER = 0x20, 0x0E
"""Bits of Status: too much load reduces the torque, encoder, heat and current cut it."""
OVERLOADED_S = 2.0
"""Protection Time as it leaves the factory."""
OVERLOAD_SHARE, PROTECTED_SHARE = 0.8, 0.2
"""Of the greatest torque: where it is too much, and what is left then."""
CURRENT_STEP_A = 6.5e-3


class FeetechKind(NamedTuple):
    """One model."""

    number: tuple[int, int]  # registers 3 and 4
    order: Literal["little", "big"]
    counts: int
    count_rad: float
    centre: int
    lock: int  # address
    size: int  # of the table
    stall_a: float
    volts: int  # 0.1 V
    speed_rpm: float

    @property
    def magnetic(self) -> bool:
        """Return whether it is of the STS and SMS families."""
        return self.order == "little"


FEETECH_KINDS = {
    "STS3215": FeetechKind(
        (9, 3), "little", 4096, math.tau / 4096, 2048, 55, 87, 2.7, 120, 45.0
    ),
    "SCS0009": FeetechKind(
        (5, 4), "big", 1024, math.radians(300) / 1024, 511, 48, 84, 0.8, 60, 100.0
    ),
}  # fmt: skip

_STS_START = {
    RETURN_DELAY: (1, 250), STATUS_LEVEL: (1, 1), MIN: (2, 0), MAX: (2, 4095), 13: (1, 70),
    14: (1, 140), 15: (1, 40), MAX_TORQUE: (2, 1000), PHASE: (1, 12), UNLOADING: (1, 44),
    20: (1, 47), 21: (1, 32), 22: (1, 32), 23: (1, 0), 24: (2, 16), 26: (1, 1), 27: (1, 1),
    28: (2, 500), 30: (1, 1), 31: (2, 0), 33: (1, 0), 34: (1, 20), 35: (1, 200), 36: (1, 80),
    37: (1, 10), 38: (1, 200), 39: (1, 10),
    TORQUE: (1, 0), ACCELERATION: (1, 0), GOAL: (2, 0), 44: (2, 0), SPEED: (2, 0),
    TORQUE_LIMIT: (2, 1000), 55: (1, 1),
}  # fmt: skip
_SCS_START = {
    RETURN_DELAY: (1, 250), STATUS_LEVEL: (1, 1), MIN: (2, 0), MAX: (2, 1023), 13: (1, 70),
    14: (1, 90), 15: (1, 45), MAX_TORQUE: (2, 1000), PHASE: (1, 0), UNLOADING: (1, 37),
    20: (1, 37), 21: (1, 15), 22: (1, 0), 23: (1, 0), 24: (2, 16), 26: (1, 2), 27: (1, 2),
    37: (1, 20), 38: (1, 200),
    TORQUE: (1, 0), GOAL: (2, 0), 44: (2, 0), SPEED: (2, 0), 48: (1, 1),
}  # fmt: skip
_MOST = {RETURN_DELAY: 254, STATUS_LEVEL: 1, MAX_TORQUE: 1000, TORQUE: 1, ACCELERATION: 254}
_MAY_WRITE_ID = {ID: (1, 0), BAUD: (1, 0)}


class FeetechMotor:
    """One motor, number `index` of a plant."""

    def __init__(self, motor_id: int, index: int, plant: Plant, *, kind: FeetechKind) -> None:
        self.motor_id = motor_id
        self.hardware_error = 0
        self.heard_s = 0.0
        self.load_ratio = 0.0  # what a test puts on the shaft, of the greatest torque
        self._kind, self._index, self._plant = kind, index, plant
        self._start = _MAY_WRITE_ID | (_STS_START if kind.magnetic else _SCS_START)
        self._table = bytearray(kind.size)
        self._loaded_since_s: float | None = None
        self._table[0:5] = bytes([3, 9, 0 if kind.magnetic else 1, *kind.number])
        for address, (size, value) in self._start.items():
            self._put(address, size, value)
        self._put(ID, 1, motor_id)
        self._kept = bytes(self._table[:RAM])  # what the EEPROM really holds
        self._begin()

    def _begin(self) -> None:
        self._table[:RAM] = self._kept
        for address, (size, value) in self._start.items():
            if address >= RAM:
                self._put(address, size, value)
        if self._kind.magnetic:
            self._put(TORQUE_LIMIT, 2, self.value(MAX_TORQUE))
        self.hardware_error = 0
        self._loaded_since_s = None
        self._plant.power(self._index, on=False)
        self._apply_limits()

    # The table.

    def _put(self, address: int, size: int, value: int) -> None:
        self._table[address : address + size] = value.to_bytes(size, self._kind.order)

    def _put_signed(self, address: int, value: int, sign_bit: int) -> None:
        amount = min(abs(value), (1 << sign_bit) - 1)
        self._put(address, 2, amount | (1 << sign_bit) * (value < 0))

    def preset(self, address: int, value: int) -> None:
        """Have a register of the EEPROM at a value from the start, as if somebody had set it."""
        self._put(address, self._start[address][0], value)
        self._kept = bytes(self._table[:RAM])

    def value(self, address: int) -> int:
        """Return a register that may be written as a number."""
        size = self._start[address][0]
        return int.from_bytes(self._table[address : address + size], self._kind.order)

    @property
    def torque_on(self) -> bool:
        """Return whether Torque Enable is 1."""
        return self._table[TORQUE] == 1

    def _counts(self) -> int:
        kind = self._kind
        away = self._plant.position_rad(self._index) / kind.count_rad
        return round(kind.centre + away) % kind.counts

    def read(self, address: int, size: int) -> bytes | None:
        """Return bytes of the table, None past its end."""
        if not 0 < size <= len(self._table) - address:
            return None
        self._measure()
        return bytes(self._table[address : address + size])

    def _measure(self) -> None:
        kind = self._kind
        amps = self._plant.current_a(self._index) if self.torque_on else 0.0
        speed = round(self._plant.velocity_radps(self._index) / kind.count_rad)
        self._put(POSITION, 2, self._counts())
        self._put_signed(VELOCITY, speed, 15)
        self._put_signed(LOAD, round(1000 * max(-1.0, min(1.0, amps / kind.stall_a))), 10)
        self._put(VOLTAGE, 1, round(kind.volts - abs(amps)))
        self._put(TEMPERATURE, 1, 32)
        self._put(STATUS, 1, self.hardware_error)
        self._put(MOVING, 1, int(abs(speed) > 50))
        if kind.magnetic:
            self._put_signed(CURRENT, round(amps / CURRENT_STEP_A), 15)

    def write(self, address: int, data: bytes) -> None:
        """Write what may be written of it, each value cut to what it can be."""
        at, end = address, address + len(data)
        while at < end:
            size = self._start.get(at, (0, 0))[0]
            if size == 0 or at + size > end:
                at += 1  # no such register, or half of one
                continue
            raw = int.from_bytes(data[at - address : at - address + size], self._kind.order)
            self._put(at, size, min(raw, _MOST.get(at, raw)))
            if at < RAM and not self._table[self._kind.lock]:
                self._kept = self._kept[:at] + self._table[at : at + size] + self._kept[at + size :]
            self._act(at)
            at += size

    def _act(self, address: int) -> None:
        if address == TORQUE:
            if not self.torque_on:
                self.hardware_error &= ~OVERLOAD
            self._power()
        if address == GOAL:
            self._put(TORQUE, 1, 1)
            self._power()
        if address in (ACCELERATION, SPEED, TORQUE_LIMIT, TORQUE):
            self._apply_limits()
        if address in (GOAL, TORQUE) and self.torque_on:
            kind = self._kind
            goal = min(max(self.value(GOAL), self.value(MIN)), self.value(MAX))
            self._plant.set_goal(self._index, (goal - kind.centre) * kind.count_rad)

    def _power(self) -> None:
        cut = self.hardware_error & CUTS_POWER & self.value(UNLOADING)
        self._plant.power(self._index, on=self.torque_on and not cut)

    def _apply_limits(self) -> None:
        kind = self._kind
        speed = self.value(SPEED) & 0x7FFF
        acceleration = self.value(ACCELERATION) if kind.magnetic else 0
        share = self.value(TORQUE_LIMIT if kind.magnetic else MAX_TORQUE) / 1000
        if self.hardware_error & OVERLOAD:
            share = min(share, PROTECTED_SHARE)
        self._plant.limit(
            self._index,
            velocity_radps=speed * kind.count_rad if speed else math.inf,
            acceleration_radps2=100 * acceleration * kind.count_rad if acceleration else math.inf,
            current_a=share * kind.stall_a,
        )

    # Time, and what happens to it.

    def watch(self, now_s: float) -> None:
        """Protect itself from too much load for too long."""
        amps = abs(self._plant.current_a(self._index)) if self.torque_on else 0.0
        if max(amps / self._kind.stall_a, self.load_ratio) < OVERLOAD_SHARE:
            self._loaded_since_s = None
        elif self._loaded_since_s is None:
            self._loaded_since_s = now_s
        elif now_s - self._loaded_since_s > OVERLOADED_S:
            self.fail(OVERLOAD)

    def fail(self, bits: int) -> None:
        """Raise bits of Status, as if measured; protection follows where so set."""
        self.hardware_error |= bits
        self._power()
        self._apply_limits()

    def lose_power(self) -> None:
        """Go limp."""
        self._put(TORQUE, 1, 0)
        self._plant.power(self._index, on=False)

    def reboot(self, now_s: float) -> None:
        """Begin anew after its power was gone."""
        self._begin()
