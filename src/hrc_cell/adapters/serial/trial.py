"""Small, slow movements of one joint at a time, and what they tell of a real arm.

The motors are under torque by `bring_up`. Goals go out in every cycle; what is measured is what the
motors themselves tell. The largest movement is `STEP_RAD`, the fastest `SPEED_RADPS`. Radians of
the joint.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hrc_cell.adapters.serial.drives import Drive

STEP_RAD = 0.1
SPEED_RADPS = 0.1
REST_RADPS = 0.02
REST_MAX_S = 2.0


class NoRoom(ValueError):
    """The joint stands too close to a limit to be moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycles:
    """How a number of cycles went."""

    count: int
    rate_hz: float
    late_p99_s: float  # of a cycle, over its period
    lost: int  # replies


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """There and back."""

    reached_rad: float
    error_max_rad: float  # goal minus measured
    current_max_a: float
    cycles: Cycles


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The goal stood still while the joint moved."""

    from_radps: float
    time_s: float  # until slower than REST_RADPS
    ran_on_rad: float


class Trial:
    """The arm of one drive, held at `goals_rad` unless a joint is moved."""

    def __init__(self, drive: Drive) -> None:
        self.drive = drive
        self.drift_rad: list[float] = []
        """How far each joint went when the torque came on."""
        self.goals_rad: list[float] = []

    def begin(self) -> None:
        """Bring the motors up; until that is done no goal is sent. Raises NoReply or Refused."""
        self.goals_rad = []
        self.goals_rad = self.drive.bring_up(lambda: None)
        self.drive.read_all()
        self.drift_rad = [
            motor.position_rad - goal
            for motor, goal in zip(self.drive.motors, self.goals_rad, strict=True)
        ]

    def hold(self) -> None:
        """Keep the watchdogs quiet while a person thinks."""
        self.drive.read_all(self.goals_rad or None)

    def end(self) -> list[str]:
        """Switch the torque off; return what failed."""
        return self.drive.torque_off()

    def steady(self, seconds: float) -> Cycles:
        """Return how cycles go while nothing moves."""
        return self.run(seconds, lambda after_s: self.goals_rad, lambda: None)

    def move(self, joint: int) -> Move:
        """Return how a joint follows a slow movement out and back. Raises NoRoom."""
        start_rad, way_rad = self.goals_rad[joint], self.way(joint)
        # A raised cosine: its greatest speed is pi / 2 times its mean speed.
        seconds = math.pi * abs(way_rad) / SPEED_RADPS
        far, error, current = [0.0], [0.0], [0.0]
        goals = list(self.goals_rad)

        def goal(after_s: float) -> Sequence[float]:
            share = (1.0 - math.cos(math.tau * min(after_s / seconds, 1.0))) / 2.0
            goals[joint] = start_rad + way_rad * share
            return goals

        def look() -> None:
            motor = self.drive.motors[joint]
            far.append(abs(motor.position_rad - start_rad))
            error.append(abs(goals[joint] - motor.position_rad))
            current.append(abs(motor.current_a))

        cycles = self.run(seconds, goal, look)
        return Move(
            reached_rad=max(far),
            error_max_rad=max(error),
            current_max_a=float(np.max(current)),
            cycles=cycles,
        )

    def stop(self, joint: int) -> Stop:
        """Return how a joint comes to rest when its goal stands still. Raises NoRoom."""
        start_rad, way_rad = self.goals_rad[joint], self.way(joint)
        goals, motors = list(self.goals_rad), self.drive.motors
        sign = math.copysign(1.0, way_rad)

        def goal(after_s: float) -> Sequence[float]:
            goals[joint] = start_rad + sign * SPEED_RADPS * after_s
            return goals

        self.run(0.7 * abs(way_rad) / SPEED_RADPS, goal, lambda: None)
        self.goals_rad[joint] = motors[joint].position_rad
        from_radps, from_rad = motors[joint].velocity_radps, motors[joint].position_rad
        began_s, resting = time.monotonic(), [math.inf]

        def look() -> None:
            now_s = motors[joint].reply_s - began_s
            if abs(motors[joint].velocity_radps) >= REST_RADPS:
                resting[0] = math.inf
            elif math.isinf(resting[0]):
                resting[0] = max(now_s, 0.0)

        self.run(REST_MAX_S / 2.0, lambda after_s: self.goals_rad, look)
        stop = Stop(
            from_radps=from_radps,
            time_s=resting[0],
            ran_on_rad=abs(motors[joint].position_rad - from_rad),
        )
        self.back(joint, start_rad)
        return stop

    def way(self, joint: int) -> float:
        """Return how far a joint is to go: towards the farther limit."""
        lower, upper = self.drive.windows_rad[joint]
        here = self.goals_rad[joint]
        way = STEP_RAD if upper - here > here - lower else -STEP_RAD
        if max(upper - here, here - lower) < 2.0 * STEP_RAD:
            raise NoRoom(f"{here:.3f} rad lies too close to its limits {lower:.3f}, {upper:.3f}")
        return way

    def back(self, joint: int, to_rad: float) -> None:
        """Bring a joint slowly to where it was."""
        goals = list(self.goals_rad)
        from_rad = goals[joint]
        seconds = max(abs(to_rad - from_rad) / SPEED_RADPS, 1e-3)

        def goal(after_s: float) -> Sequence[float]:
            goals[joint] = from_rad + (to_rad - from_rad) * min(after_s / seconds, 1.0)
            return goals

        self.run(seconds + 0.1, goal, lambda: None)
        self.goals_rad[joint] = to_rad

    def run(
        self,
        seconds: float,
        goals: Callable[[float], Sequence[float]],
        look: Callable[[], None],
    ) -> Cycles:
        """Keep the plan's rate for so long, or for one cycle; return how that went."""
        period_s = self.drive.plan.period_s
        began_s = time.monotonic()
        next_s, lost, now_s = began_s, 0, began_s
        late_s: list[float] = []
        while now_s - began_s < seconds or not late_s:
            time.sleep(max(0.0, next_s - time.monotonic()))
            now_s = time.monotonic()
            late_s.append(now_s - next_s)
            next_s = max(next_s, now_s - period_s) + period_s  # never hurries to catch up
            self.drive.read_all(goals(now_s - began_s))
            lost += sum(silent > 0 for silent in self.drive.silent_cycles)
            look()
        took_s = max(time.monotonic() - began_s, period_s)
        return Cycles(
            count=len(late_s), rate_hz=len(late_s) / took_s,
            late_p99_s=float(np.percentile(late_s, 99)), lost=lost,
        )  # fmt: skip
