"""What a moving joint does when its program falls silent: its own watchdog has to stop it.

Only of motors that have one: any other would go on to its goal, and show nothing.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from hrc_cell.adapters.serial.drives import DynamixelDrive
from hrc_cell.adapters.serial.registers import (
    BUS_WATCHDOG,
    PRESENT_POSITION,
    PRESENT_VELOCITY,
    PROFILE_VELOCITY,
    WATCHDOG_TRIPPED,
)
from hrc_cell.adapters.serial.trial import SPEED_RADPS, Trial

SILENCE_WATCHDOGS = 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The program fell silent while the joint moved by itself."""

    asked_s: float  # the Bus Watchdog that was set
    tripped: bool
    after_s: float  # from the way that it still went
    moving_radps: float  # when it was asked again


class WatchedTrial(Trial):
    """A trial of motors with a Bus Watchdog."""

    def __init__(self, drive: DynamixelDrive) -> None:
        super().__init__(drive)
        self.drive: DynamixelDrive = drive

    def silence(self, joint: int) -> Silence:
        """Return when a moving joint stops by its own watchdog, then bring all up again.

        Raises NoRoom, NoReply or Refused.
        """
        drive, motor = self.drive, self.drive.plan.motors[joint]
        start_rad, way_rad = self.goals_rad[joint], self.way(joint)
        drive.master.write(motor.motor_id, PROFILE_VELOCITY, SPEED_RADPS)
        goals = list(self.goals_rad)
        goals[joint] = start_rad + way_rad
        self.run(0.2 * abs(way_rad) / SPEED_RADPS, lambda after_s: goals, lambda: None)
        from_rad, from_radps = self._at(joint)
        time.sleep(SILENCE_WATCHDOGS * drive.plan.watchdog_s)
        end_rad, end_radps = self._at(joint)
        tripped = drive.master.read(motor.motor_id, BUS_WATCHDOG) == WATCHDOG_TRIPPED
        moved_s = abs(end_rad - from_rad) / abs(from_radps) if from_radps else math.nan
        self.begin()
        self.back(joint, start_rad)
        return Silence(
            asked_s=drive.plan.watchdog_s, tripped=tripped, after_s=moved_s,
            moving_radps=end_radps,
        )  # fmt: skip

    def _at(self, joint: int) -> tuple[float, float]:
        motor = self.drive.plan.motors[joint]
        counts = self.drive.master.read(motor.motor_id, PRESENT_POSITION)
        velocity = self.drive.master.read(motor.motor_id, PRESENT_VELOCITY)
        return motor.radians(counts), motor.signed(velocity)
