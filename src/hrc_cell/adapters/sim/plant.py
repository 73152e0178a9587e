"""The simulated arm as the emulated motors turn it: shafts instead of joints.

A motor counts from its own zero and perhaps the other way round than its joint: joint = +-(shaft -
zero), where the shaft is at 0 at register value 2048 and a turn has 4096 counts. Indices run over
the joints in the scene's order, the arm's motors first, then the gripper's. Radians, amperes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from hrc_cell.adapters.sim.motors import Motors
from hrc_cell.settings.robot import Motor

RAD_PER_COUNT = math.tau / 4096
CENTRE_COUNTS = 2048


class ArmPlant:
    """The motors of a simulated arm, seen from their shafts."""

    def __init__(self, motors: Motors, settings: Sequence[Motor]) -> None:
        self._motors = motors
        self._sign = [-1.0 if motor.reversed else 1.0 for motor in settings]
        self._zero_rad = [(m.zero_counts - CENTRE_COUNTS) * RAD_PER_COUNT for m in settings]

    def position_rad(self, index: int) -> float:
        """Return the measured shaft position."""
        return self._sign[index] * self._motors.position_rad(index) + self._zero_rad[index]

    def velocity_radps(self, index: int) -> float:
        """Return the measured shaft velocity."""
        return self._sign[index] * self._motors.velocity_radps(index)

    def current_a(self, index: int) -> float:
        """Return the motor's current, signed as the torque on its shaft."""
        return self._sign[index] * self._motors.current_a(index)

    def power(self, index: int, *, on: bool) -> None:
        """Switch the torque. Off: only the gears hold the shaft."""
        self._motors.power(index, on=on)

    def set_goal(self, index: int, position_rad: float) -> None:
        """Take a shaft position to go to."""
        self._motors.set_goal(index, self._sign[index] * (position_rad - self._zero_rad[index]))

    def limit(
        self, index: int, *, velocity_radps: float, acceleration_radps2: float, current_a: float
    ) -> None:
        """Take the profile and the current limit; inf means no limit but the motor's own."""
        self._motors.limit(
            index,
            velocity_radps=velocity_radps,
            acceleration_radps2=acceleration_radps2,
            torque_nm=current_a * self._motors.torque_per_ampere[index],
        )
