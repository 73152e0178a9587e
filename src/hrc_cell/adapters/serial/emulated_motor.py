"""One emulated motor of the X series: its control table, what may be written when, what that does.

What is kept to: EEPROM locked while the torque is on; range, length, limit and access errors; the
goal stays what it was when the torque comes on (a driver must set it before); Bus Watchdog with all
it does; Shutdown by a hardware error until Reboot; Realtime Tick. Operating modes are 3 (position)
and 5 (current-based position); every register that is not emulated refuses to be written. Of
Startup Configuration the bits are kept, and nothing comes of them.
Models differ as `emulated_models` says. Source: ROBOTIS e-Manual, XM430-W350.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from hrc_cell.adapters.serial.emulated_models import Kind
from hrc_cell.adapters.serial.plant import CENTRE_COUNTS, COUNTS_PER_TURN, Plant

SIZE = 147
RAM = 64
RPM = math.tau / 60.0
VELOCITY_UNIT = 0.229 * RPM
ACCELERATION_UNIT = 214.577 * RPM / 60.0
COUNT_RAD = math.tau / COUNTS_PER_TURN

# Error numbers of a status.
RESULT, INSTRUCTION, CRC, RANGE, LENGTH, LIMIT, ACCESS = range(1, 8)
OK = 0

TRIPPED = 0xFF
WATCHDOG_STEP_S = 0.02
POSITION_MODE, CURRENT_BASED_POSITION_MODE = 3, 5
CURRENT_LIMIT, GOAL_CURRENT, HOMING_OFFSET = 38, 102, 20
PWM_LIMIT, GOAL_PWM, PWM_FULL = 36, 100, 885
LOAD_FULL_A = 2.0
"""The current at which a motor that knows only its load tells 100 %."""
GOALS = (100, 102, 104, 116)


class Cell(NamedTuple):
    """A register that may be written: size, start value, least and greatest value, sign."""

    size: int
    start: int
    low: int
    high: int
    signed: bool = False


COMMON: dict[int, Cell] = {
    7: Cell(1, 1, 0, 252),
    8: Cell(1, 3, 0, 7),
    9: Cell(1, 250, 0, 254),
    11: Cell(1, 3, 3, 5),
    20: Cell(4, 0, -1044479, 1044479, True),
    36: Cell(2, 885, 0, 885),
    48: Cell(4, 4095, 0, 4095),
    52: Cell(4, 0, 0, 4095),
    60: Cell(1, 0, 0, 3),
    64: Cell(1, 0, 0, 1),
    65: Cell(1, 0, 0, 1),
    68: Cell(1, 2, 0, 2),
    98: Cell(1, 0, 0, 127),
    100: Cell(2, 885, -885, 885, True),
    108: Cell(4, 0, 0, 32767),
    112: Cell(4, 0, 0, 32767),
    116: Cell(4, 0, 0, 4095, True),
}

NAMES = {
    "Baud Rate": 8, "Return Delay Time": 9, "Operating Mode": 11, "Homing Offset": 20,
    "Temperature Limit": 31, "Max Voltage Limit": 32, "Min Voltage Limit": 34, "PWM Limit": 36,
    "Current Limit": 38, "Velocity Limit": 44, "Max Position Limit": 48, "Min Position Limit": 52,
    "Startup Configuration": 60, "Shutdown": 63,
}  # fmt: skip
"""The EEPROM by the names of the manual: what can be set before a motor starts."""


def writable(kind: Kind) -> dict[int, Cell]:
    """Return the registers of a model that may be written, by address."""
    low, high = kind.voltage_limits
    cells = COMMON | {
        31: Cell(1, kind.temperature_limit, 0, 100),
        32: Cell(2, high, *kind.voltage_range),
        34: Cell(2, low, *kind.voltage_range),
        44: Cell(4, kind.velocity_limit, 0, kind.velocity_limit_max),
        63: Cell(1, kind.shutdown, 0, 0xFF),
    }
    if kind.current_limit:
        most = kind.current_limit
        cells[CURRENT_LIMIT] = Cell(2, most, 0, most)
        cells[GOAL_CURRENT] = Cell(2, most, -most, most, True)
    return cells


class EmulatedMotor:
    """One motor, number `index` of a plant."""

    def __init__(self, motor_id: int, index: int, plant: Plant, *, kind: Kind) -> None:
        self.motor_id = motor_id
        self._kind, self._cells = kind, writable(kind)
        self.hardware_error = 0
        self.heard_s = 0.0  # last instruction to this motor or to all
        self._index, self._plant = index, plant
        self._table = bytearray(SIZE)
        self._put(0, 2, kind.number)
        self._put(6, 1, kind.firmware)
        for address, cell in self._cells.items():
            self._put(address, cell.size, cell.start)
        self._put(7, 1, motor_id)
        self._booted_s: float | None = None
        self._start_ram()

    def preset(self, registers: Mapping[str, int]) -> None:
        """Set registers by name, as they were when the power came on.

        Raises ValueError that names a register that cannot be set, or its bounds.
        """
        for name, value in registers.items():
            address = NAMES.get(name)
            cell = self._cells.get(-1 if address is None else address)
            if address is None or cell is None:
                known = [text for text, where in NAMES.items() if where in self._cells]
                raise ValueError(f"{name!r} is no register of it to preset: {', '.join(known)}")
            if not cell.low <= value <= cell.high:
                raise ValueError(f"{name} = {value}: must be {cell.low} to {cell.high}")
            self._put(address, cell.size, value)
        self._start_ram()

    def _start_ram(self) -> None:
        for address, cell in self._cells.items():
            if address >= RAM:
                self._put(address, cell.size, cell.start)
        self._put(GOAL_PWM, 2, self.value(PWM_LIMIT))
        if self._kind.current_limit:
            self._put(GOAL_CURRENT, 2, self.value(CURRENT_LIMIT))
        self._put(116, 4, self._counts())
        self._plant.power(self._index, on=False)
        self._apply_limits()

    def value(self, address: int) -> int:
        """Return a writable register as a number."""
        cell = self._cells[address]
        raw = self._table[address : address + cell.size]
        return int.from_bytes(raw, "little", signed=cell.signed)

    def _put(self, address: int, size: int, value: int) -> None:
        self._table[address : address + size] = (value % (1 << 8 * size)).to_bytes(size, "little")

    @property
    def torque_on(self) -> bool:
        """Return whether the torque is on."""
        return self._table[64] == 1

    @property
    def reads_fast(self) -> bool:
        """Return whether its firmware has Fast Sync Read."""
        return self._table[6] >= self._kind.fast_firmware

    @property
    def watchdog_tripped(self) -> bool:
        """Return whether Bus Watchdog has stopped the motor."""
        return self._table[98] == TRIPPED

    @property
    def alert(self) -> int:
        """Return bit 7 of a status."""
        return 0x80 if self.hardware_error else 0

    def _counts(self) -> int:
        shaft = CENTRE_COUNTS + self._plant.position_rad(self._index) / COUNT_RAD
        return round(shaft + self.value(HOMING_OFFSET))

    def read(self, address: int, size: int, now_s: float) -> tuple[int, bytes]:
        """Return error and bytes of the table."""
        if address + size > SIZE or size == 0:
            return RANGE, b""
        if address + size > 70:
            self._measure(now_s)
        return OK, bytes(self._table[address : address + size])

    def _measure(self, now_s: float) -> None:
        """Write what the motor measures into its table."""
        if self._booted_s is None:
            self._booted_s = now_s
        velocity_radps = self._plant.velocity_radps(self._index)
        current_a = self._plant.current_a(self._index) if self.torque_on else 0.0
        self._put(70, 1, self.hardware_error)
        self._put(120, 2, int((now_s - self._booted_s) * 1e3) % 32768)
        self._put(122, 1, int(abs(velocity_radps) > 10 * VELOCITY_UNIT))
        unit_a = self._kind.current_unit_a if self._kind.current_limit else LOAD_FULL_A / 1000
        self._put(126, 2, round(current_a / unit_a))
        self._put(128, 4, round(velocity_radps / VELOCITY_UNIT))
        self._put(132, 4, self._counts())
        self._put(144, 2, round(self._kind.voltage - 2 * abs(current_a)))
        self._put(146, 1, 32)

    def write(self, address: int, data: bytes) -> int:
        """Write registers, all or none. Return the error."""
        values: dict[int, int] = {}
        at, end = address, address + len(data)
        if not data:
            return LENGTH
        while at < end:
            cell = self._cells.get(at)
            if cell is None:
                return ACCESS
            raw = data[at - address : at - address + cell.size]
            if len(raw) < cell.size:
                return LENGTH
            values[at] = int.from_bytes(raw, "little", signed=cell.signed)
            at += cell.size
        for where, value in values.items():
            error = self._refusal(where, value)
            if error:
                return error
        for where, value in values.items():
            self._put(where, self._cells[where].size, value)
            self._act(where, value)
        return OK

    def _refusal(self, address: int, value: int) -> int:
        """Return why a value may not be written now."""
        cell = self._cells[address]
        if address < RAM and self.torque_on:
            return ACCESS
        if self.watchdog_tripped and (address in GOALS or (address == 98 and value)):
            return RANGE
        if not cell.low <= value <= cell.high or (address == 11 and value not in self._modes()):
            return RANGE
        if address == 116 and not self.value(52) <= value <= self.value(48):
            return LIMIT
        if address == GOAL_PWM and abs(value) > self.value(PWM_LIMIT):
            return LIMIT
        if address == GOAL_CURRENT and abs(value) > self.value(CURRENT_LIMIT):
            return LIMIT
        if address == 64 and value and self.hardware_error & self._table[63]:
            return ACCESS
        return OK

    def _modes(self) -> tuple[int, ...]:
        if self._kind.current_limit:
            return POSITION_MODE, CURRENT_BASED_POSITION_MODE
        return (POSITION_MODE,)

    def _act(self, address: int, value: int) -> None:
        """Do what a written register does."""
        if address == 64:
            self._plant.power(self._index, on=bool(value))
        if address in (38, GOAL_PWM, 102, 108, 112, 11):
            self._apply_limits()
        if address in (64, 116) and self.torque_on and not self.watchdog_tripped:
            counts = self.value(116) - self.value(HOMING_OFFSET) - CENTRE_COUNTS
            self._plant.set_goal(self._index, counts * COUNT_RAD)

    def _apply_limits(self) -> None:
        velocity, acceleration = self.value(112), self.value(108)
        current_a = math.inf
        if self._kind.current_limit:
            steps = self.value(CURRENT_LIMIT)
            if self._table[11] == CURRENT_BASED_POSITION_MODE:
                steps = min(steps, abs(self.value(GOAL_CURRENT)))
            current_a = steps * self._kind.current_unit_a
        pwm = abs(self.value(GOAL_PWM))
        if pwm < PWM_FULL:  # a motor at rest draws in proportion
            current_a = min(current_a, pwm / PWM_FULL * self._kind.stall_a)
        self._plant.limit(
            self._index,
            velocity_radps=velocity * VELOCITY_UNIT if velocity else math.inf,
            acceleration_radps2=acceleration * ACCELERATION_UNIT if acceleration else math.inf,
            current_a=current_a,
        )

    def watch(self, now_s: float) -> None:
        """Trip Bus Watchdog when the bus has been silent for longer than it allows."""
        steps = self._table[98]
        if not self.torque_on or steps in (0, TRIPPED):
            self.heard_s = max(self.heard_s, now_s) if not self.torque_on else self.heard_s
            return
        if now_s - self.heard_s > steps * WATCHDOG_STEP_S:
            self.trip()

    def trip(self) -> None:
        """Stop as Bus Watchdog does: profiles gone, goals refused until it is cleared."""
        self._plant.set_goal(self._index, self._plant.position_rad(self._index))
        self._table[98] = TRIPPED
        self._put(108, 4, 0)
        self._put(112, 4, 0)
        self._apply_limits()

    def lose_power(self) -> None:
        """Go limp; what it held in RAM is gone once it starts again."""
        self._put(64, 1, 0)
        self._plant.power(self._index, on=False)

    def fail(self, bits: int) -> None:
        """Raise a hardware error, as if measured; Shutdown takes the torque where so set."""
        self.hardware_error |= bits
        if bits & self._table[63]:
            self._put(64, 1, 0)
            self._plant.power(self._index, on=False)

    def reboot(self, now_s: float) -> None:
        """Begin anew: EEPROM stays, RAM does not."""
        self.hardware_error = 0
        self._booted_s = now_s
        self._start_ram()
