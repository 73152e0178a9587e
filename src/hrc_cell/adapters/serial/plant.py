"""What the emulated motors turn: the face of a plant, and free-running motors for tests.

Shaft radians: 0 at register value 2048, 4096 counts to a turn, positive as the counts grow. Mapping
a joint to its shaft (zero_counts, reversed) is the business of whoever puts an arm behind the
motors. Indices run over the motors in the emulator's order. SI units; time advances only where the
plant itself is stepped.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np

COUNTS_PER_TURN = 4096
CENTRE_COUNTS = 2048


class Plant(Protocol):
    """What turns when the emulated motors are commanded, and what they measure."""

    def position_rad(self, index: int) -> float:
        """Return the measured shaft position [rad]."""

    def velocity_radps(self, index: int) -> float:
        """Return the measured shaft velocity [rad/s]."""

    def current_a(self, index: int) -> float:
        """Return the motor current [A], signed as the torque."""

    def power(self, index: int, *, on: bool) -> None:
        """Switch the torque. Off: the shaft is limp."""

    def set_goal(self, index: int, position_rad: float) -> None:
        """Take a shaft position to go to [rad]; only called while the torque is on."""

    def limit(
        self, index: int, *, velocity_radps: float, acceleration_radps2: float, current_a: float
    ) -> None:
        """Take the profile and the current limit; inf means no limit but the motor's own."""


class FreeMotors:
    """Unloaded motors: second order, critically damped, within profile limits. Step them yourself.

    Without torque a shaft coasts to rest within a few hundredths of a second.
    """

    ACCELERATION_MAX_RADPS2 = 100.0
    SPEED_MAX_RADPS = 4.8
    """XM430-W350 at 12 V without load: 46 rev/min; source: the manufacturer's data sheet."""
    BANDWIDTH_RADPS = 60.0
    CURRENT_PER_ACCELERATION = 0.01  # [A s2/rad] inertia over torque constant

    def __init__(
        self,
        positions_rad: Sequence[float],
        *,
        speed_max_radps: float | Sequence[float] = SPEED_MAX_RADPS,
        load_a: float | Sequence[float] = 0.0,
        inertia_ratio: float | Sequence[float] = 1.0,
    ) -> None:
        """For each motor or for all: the current that its load takes, whatever it does, and its
        inertia as a multiple of the unloaded motor's. A load does not turn a limp shaft.
        """
        count = len(positions_rad)
        self._speed_max_radps = np.broadcast_to(speed_max_radps, count)
        self._load_a = np.broadcast_to(load_a, count)
        self._per_acceleration = self.CURRENT_PER_ACCELERATION * np.broadcast_to(
            inertia_ratio, count
        )
        self.positions = np.array(positions_rad, dtype=float)
        self.velocities = np.zeros(count)
        self.accelerations = np.zeros(count)
        self.goals = self.positions.copy()
        self.powered = np.zeros(count, dtype=bool)
        self._velocity_max = self._speed_max_radps.astype(float)
        self._acceleration_max = np.full(count, self.ACCELERATION_MAX_RADPS2)

    def position_rad(self, index: int) -> float:
        """Return the shaft position [rad]."""
        return float(self.positions[index])

    def velocity_radps(self, index: int) -> float:
        """Return the shaft velocity [rad/s]."""
        return float(self.velocities[index])

    def current_a(self, index: int) -> float:
        """Return the current [A] that load and acceleration take."""
        inertia_a = self.accelerations[index] * self._per_acceleration[index]
        return float(self._load_a[index] + inertia_a)

    def power(self, index: int, *, on: bool) -> None:
        """Switch the torque; it begins at the present position."""
        if on and not self.powered[index]:
            self.goals[index] = self.positions[index]
        self.powered[index] = on

    def set_goal(self, index: int, position_rad: float) -> None:
        """Take a goal [rad]."""
        self.goals[index] = position_rad

    def limit(
        self, index: int, *, velocity_radps: float, acceleration_radps2: float, current_a: float
    ) -> None:
        """Take the profile; what the load leaves of the current limit bounds the acceleration."""
        self._velocity_max[index] = min(velocity_radps, self._speed_max_radps[index])
        left_a = max(current_a - abs(self._load_a[index]), 0.0)
        self._acceleration_max[index] = min(
            acceleration_radps2,
            self.ACCELERATION_MAX_RADPS2,
            left_a / self._per_acceleration[index],
        )

    def step(self, dt_s: float) -> None:
        """Let time pass, in steps short enough for the motors' own loop."""
        count = max(1, math.ceil(dt_s / 0.002))
        for _ in range(count):
            self._step(dt_s / count)

    def _step(self, dt_s: float) -> None:
        w = self.BANDWIDTH_RADPS
        away = self.goals - self.positions
        braking = np.sqrt(2.0 * self._acceleration_max * np.abs(away))
        wanted = np.sign(away) * np.minimum(
            np.minimum(0.5 * w * np.abs(away), braking), self._velocity_max
        )
        wanted = np.where(self.powered, wanted, 0.0)
        most = self._acceleration_max * dt_s
        change = np.clip((wanted - self.velocities) * min(1.0, 2.0 * w * dt_s), -most, most)
        self.accelerations = change / dt_s if dt_s > 0.0 else np.zeros_like(change)
        self.velocities = self.velocities + change
        self.positions = self.positions + self.velocities * dt_s
