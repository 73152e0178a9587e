"""The control tables of Feetech's STS and SMS motors and of its SCS motors, as the cell uses them.

Signs are not two's complement: one bit says negative, the bits below it how much. Speeds are read
as counts in a second, which STS and SMS tell so only while bit 2 of their Phase is set (as it
leaves the factory); else a step is 50 times as much. Source: Feetech's memory tables of the STS and
the SCSCL series, and the tables of LeRobot and rustypot.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple


class Register(NamedTuple):
    """One entry of a table: where it stands, how many bytes, what one step means."""

    name: str
    address: int
    size: int = 1
    unit: float = 1.0  # SI units for one step
    sign_bit: int | None = None


class Table(NamedTuple):
    """The registers of one family. None: the family has no such thing."""

    order: Literal["little", "big"]
    counts: int  # positions run from 0 to counts - 1
    rad_per_count: float
    sync_read: bool
    block: tuple[int, int]
    """Address and size of what a cycle reads: from Torque Enable to the last that is measured."""
    goal_speed: Register  # how fast it may go to its goal; 0: as fast as it can
    present_speed: Register
    acceleration: Register | None = None  # towards its goal; 0: as much as it can
    torque_limit: Register | None = None
    present_current: Register | None = None
    mode: Register | None = None  # of operation; 0: to positions
    lock: Register = Register("Lock", 55)

    def pack(self, register: Register, value: float) -> bytes:
        """Return the bytes of a value in SI units. Raises ValueError when it does not fit.

        >>> STS.pack(STS.goal_speed, -0.1).hex()
        '4180'
        """
        try:
            steps = round(value / register.unit)
        except (ValueError, OverflowError) as error:
            raise ValueError(f"{register.name}: {value} does not fit the register") from error
        bits = 8 * register.size if register.sign_bit is None else register.sign_bit
        if abs(steps) >= 1 << bits or (steps < 0 and register.sign_bit is None):
            raise ValueError(f"{register.name}: {value} does not fit the register")
        raw = abs(steps) | (1 << bits if steps < 0 else 0)
        return raw.to_bytes(register.size, self.order)

    def unpack(self, register: Register, data: bytes) -> float:
        """Return the value in SI units. Raises ValueError for the wrong number of bytes."""
        if len(data) != register.size:
            raise ValueError(f"{register.name}: {len(data)} bytes for {register.size}")
        raw = int.from_bytes(data, self.order)
        if register.sign_bit is not None:
            sign = 1 << register.sign_bit
            raw = -(raw & (sign - 1)) if raw & sign else raw & (sign - 1)
        return raw * register.unit

    def take(self, register: Register, block: bytes) -> float:
        """Return a register's value out of a block."""
        at = register.address - self.block[0]
        return self.unpack(register, block[at : at + register.size])


# The same in all families.
IDENTITY = 0, 5  # firmware, its second part, order of bytes, the model in two bytes
RETURN_DELAY = Register("Return Delay Time", 7, 1, 2e-6)
STATUS_LEVEL = Register("Response Status Level", 8)  # 1: answers everything
POSITION_MIN = Register("Min Position Limit", 9, 2)  # counts
POSITION_MAX = Register("Max Position Limit", 11, 2)  # counts
TEMPERATURE_LIMIT = Register("Max Temperature Limit", 13)  # degree Celsius
VOLTAGE_MAX = Register("Max Voltage Limit", 14, 1, 0.1)
VOLTAGE_MIN = Register("Min Voltage Limit", 15, 1, 0.1)
PHASE = Register("Phase", 18)
TORQUE_ENABLE = Register("Torque Enable", 40)
GOAL_POSITION = Register("Goal Position", 42, 2)  # counts; writing it may bring the torque on
GOAL_TIME = Register("Goal Time", 44, 2, 1e-3)
PRESENT_POSITION = Register("Present Position", 56, 2)  # counts
PRESENT_LOAD = Register("Present Load", 60, 2, 1e-3, 10)  # of the torque it can
PRESENT_VOLTAGE = Register("Present Voltage", 62, 1, 0.1)
PRESENT_TEMPERATURE = Register("Present Temperature", 63)  # degree Celsius
STATUS = Register("Status", 65)  # bits of feetech_codec.ERRORS
MOVING = Register("Moving", 66)

FINE_SPEED = 0x04
"""Bit of Phase of STS and SMS: a step of speed is a count in a second."""
MANY_TURNS = 0x10
"""And: positions are counted beyond one turn."""
POSITION_MODE = 0
CURRENT_STEP_A = 6.5e-3

_STS_COUNT = math.tau / 4096
_SCS_COUNT = math.radians(300.0) / 1024

STS = Table(
    order="little",
    counts=4096,
    rad_per_count=_STS_COUNT,
    sync_read=True,
    block=(40, 31),
    goal_speed=Register("Goal Velocity", 46, 2, _STS_COUNT, 15),
    present_speed=Register("Present Velocity", 58, 2, _STS_COUNT, 15),
    acceleration=Register("Acceleration", 41, 1, 100.0 * _STS_COUNT),
    torque_limit=Register("Torque Limit", 48, 2, 1e-3),
    present_current=Register("Present Current", 69, 2, CURRENT_STEP_A, 15),
    mode=Register("Operating Mode", 33),
)
SCS = Table(
    order="big",
    counts=1024,
    rad_per_count=_SCS_COUNT,
    sync_read=False,
    block=(40, 27),
    goal_speed=Register("Goal Velocity", 46, 2, _SCS_COUNT, 15),
    present_speed=Register("Present Velocity", 58, 2, _SCS_COUNT, 15),
    lock=Register("Lock", 48),
)
TABLES = {"feetech_sts": STS, "feetech_scs": SCS}
"""By what bus.protocol calls the family."""


class Model(NamedTuple):
    """One model."""

    name: str
    number: bytes  # registers 3 and 4 as they stand
    table: Table
    speed_max_radps: float
    """More than it turns without load, whatever its gear and voltage."""
    stall_a: float | None = None
    """The greatest current it takes, at Torque Limit 1; None: not known, or it limits none."""


RPM = math.tau / 60.0
MODELS = {
    model.number: model
    for model in (
        Model("STS3215", bytes([9, 3]), STS, 120 * RPM, 2.7),
        Model("STS3250", bytes([9, 11]), STS, 120 * RPM),
        Model("SM8512BL", bytes([8, 44]), STS, 120 * RPM),
        Model("SCS0009", bytes([5, 4]), SCS, 160 * RPM),
    )
}
BY_NAME = {model.name: model for model in MODELS.values()}


def model_name(number: bytes) -> str:
    """Return how a model is called.

    >>> model_name(bytes([9, 3])), model_name(bytes([1, 2]))
    ('STS3215', 'Feetech model 1.2')
    """
    return MODELS[number].name if number in MODELS else f"Feetech model {number[0]}.{number[1]}"
