"""What the emulated motors are by model. Kept apart from what the driver knows of them.

Source: ROBOTIS e-Manual, control table and data sheet of each model.
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """One model, in its own units."""

    number: int
    firmware: int
    current_limit: int  # greatest and start value, in steps; 0: has no current registers
    current_unit_a: float  # one step of a current
    voltage_limits: tuple[int, int]  # start values, 0.1 V
    voltage_range: tuple[int, int]
    voltage: int  # of its supply, 0.1 V
    temperature_limit: int  # degrees
    velocity_limit: int  # start value, 0.229 rev/min
    velocity_limit_max: int
    shutdown: int  # bits of hardware errors that take the torque
    speed_rpm: float  # without load at its supply
    stall_a: float  # current at stall at its supply
    fast_firmware: int  # from which on it takes part in a Fast Sync Read


# fmt: off
KINDS = {
    "XM430-W350": Kind(1020, 45, 1193, 2.69e-3, (95, 160), (95, 160),
                       120, 80, 350, 1023, 0x34, 46, 2.3, 45),
    "XM430-W210": Kind(1030, 45, 1193, 2.69e-3, (95, 160), (95, 160),
                       120, 80, 330, 1023, 0x34, 77, 2.3, 45),
    "XM540-W270": Kind(1120, 45, 2047, 2.69e-3, (95, 160), (95, 160),
                       120, 80, 128, 1023, 0x34, 30, 4.4, 45),
    "XM540-W150": Kind(1130, 45, 2047, 2.69e-3, (95, 160), (95, 160),
                       120, 80, 230, 1023, 0x34, 53, 4.4, 45),
    "XL430-W250": Kind(1060, 45, 0, 0.0, (60, 140), (60, 140),
                       120, 72, 265, 1023, 0x34, 61, 1.4, 45),
    "XL330-M077": Kind(1190, 46, 1750, 1e-3, (35, 70), (31, 70),
                       50, 70, 1620, 2047, 0x35, 383, 1.47, 46),
    "XL330-M288": Kind(1200, 46, 1750, 1e-3, (35, 70), (31, 70),
                       50, 70, 445, 2047, 0x35, 103, 1.47, 46),
}
# fmt: on
