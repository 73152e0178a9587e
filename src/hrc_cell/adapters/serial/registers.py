"""The control table of the X series as far as the cell uses it, with units.

The addresses are the same in all models (`models`); steps of current are not. Source: ROBOTIS
e-Manual, XM430-W350, XM540-W270, XL430-W250 and XL330-M288.
"""

from __future__ import annotations

import math
import struct
from typing import NamedTuple

COUNTS_PER_TURN = 4096
RAD_PER_COUNT = 2.0 * math.pi / COUNTS_PER_TURN
RPM = 2.0 * math.pi / 60.0


class Register(NamedTuple):
    """One entry: where it stands, how it is packed, what one step means."""

    name: str
    address: int
    layout: str  # of struct, one value
    unit: float = 1.0  # SI units for one step

    @property
    def size(self) -> int:
        """Return the bytes it takes."""
        return struct.calcsize("<" + self.layout)

    def pack(self, value: float) -> bytes:
        """Return the bytes of a value in SI units. Raises ValueError when it does not fit.

        >>> PROFILE_VELOCITY.pack(2.4).hex()
        '64000000'
        """
        try:
            return struct.pack("<" + self.layout, round(value / self.unit))
        except (struct.error, ValueError, OverflowError) as error:
            raise ValueError(f"{self.name}: {value} does not fit the register") from error

    def unpack(self, data: bytes) -> float:
        """Return the value in SI units. Raises ValueError for the wrong number of bytes."""
        if len(data) != self.size:
            raise ValueError(f"{self.name}: {len(data)} bytes for {self.size}")
        return float(struct.unpack("<" + self.layout, data)[0] * self.unit)


MODEL_NUMBER = Register("Model Number", 0, "H")
FIRMWARE = Register("Firmware Version", 6, "B")
RETURN_DELAY = Register("Return Delay Time", 9, "B", 2e-6)
DRIVE_MODE = Register("Drive Mode", 10, "B")  # bits
OPERATING_MODE = Register("Operating Mode", 11, "B")
HOMING_OFFSET = Register("Homing Offset", 20, "i")  # counts
TEMPERATURE_LIMIT = Register("Temperature Limit", 31, "B")  # degree Celsius
VOLTAGE_MAX = Register("Max Voltage Limit", 32, "H", 0.1)
VOLTAGE_MIN = Register("Min Voltage Limit", 34, "H", 0.1)
PWM_LIMIT = Register("PWM Limit", 36, "H")  # 885: all
POSITION_MAX = Register("Max Position Limit", 48, "I")  # counts
POSITION_MIN = Register("Min Position Limit", 52, "I")  # counts
STARTUP_CONFIGURATION = Register("Startup Configuration", 60, "B")  # bits; 0: torque on
TORQUE_ENABLE = Register("Torque Enable", 64, "B")
STATUS_RETURN_LEVEL = Register("Status Return Level", 68, "B")
HARDWARE_ERROR = Register("Hardware Error Status", 70, "B")
BUS_WATCHDOG = Register("Bus Watchdog", 98, "B")  # in WATCHDOG_STEP_S, see watchdog_steps
GOAL_PWM = Register("Goal PWM", 100, "h")  # in position mode the most it may use
GOAL_CURRENT = Register("Goal Current", 102, "h")  # steps of the model
PROFILE_ACCELERATION = Register("Profile Acceleration", 108, "I", 214.577 * RPM / 60.0)
PROFILE_VELOCITY = Register("Profile Velocity", 112, "I", 0.229 * RPM)
GOAL_POSITION = Register("Goal Position", 116, "i")  # counts
REALTIME_TICK = Register("Realtime Tick", 120, "H", 1e-3)
PRESENT_VELOCITY = Register("Present Velocity", 128, "i", 0.229 * RPM)
PRESENT_POSITION = Register("Present Position", 132, "i")  # counts
INPUT_VOLTAGE = Register("Present Input Voltage", 144, "H", 0.1)
TEMPERATURE = Register("Present Temperature", 146, "B")

POSITION_MODE = 3
CURRENT_BASED_POSITION_MODE = 5
WATCHDOG_STEP_S = 0.02
WATCHDOG_TRIPPED = 0xFF
TICK_WRAP_S = 32.768

_SAMPLE = struct.Struct("<Hxxxxhii")
SAMPLE_ADDRESS, SAMPLE_SIZE = REALTIME_TICK.address, _SAMPLE.size


class Sample(NamedTuple):
    """What one cycle reads of a motor: registers 120 to 135 in one piece."""

    tick_s: float
    current_steps: int  # of the model; of one without current: 0.1 % of load
    velocity_radps: float  # of the shaft
    position_counts: int


def sample(data: bytes) -> Sample:
    """Return a sample from its bytes. Raises struct.error for the wrong number of bytes."""
    tick, current, velocity, position = _SAMPLE.unpack(data)
    return Sample(
        tick * REALTIME_TICK.unit,
        current,
        velocity * PRESENT_VELOCITY.unit,
        position,
    )


def watchdog_steps(seconds: float) -> int:
    """Return the register value for a Bus Watchdog of at most `seconds`, at least one step."""
    return min(max(int(seconds / WATCHDOG_STEP_S + 1e-9), 1), 127)
