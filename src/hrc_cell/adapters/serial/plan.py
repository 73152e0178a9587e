"""What the bus process is told when it starts: port, motors, limits. It travels as one JSON text.

Joint radians and register counts are turned into each other here, and nowhere else:
joint = sign (counts - zero_counts) rad_per_count.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from hrc_cell.adapters.serial import codec, registers
from hrc_cell.adapters.serial.feetech_registers import TABLES
from hrc_cell.adapters.serial.feetech_samples import cycle_bytes
from hrc_cell.adapters.serial.master import (
    AWAKE_S,
    PATIENT_S,
    reply_length,
    wire_s,
)
from hrc_cell.adapters.serial.port_owner import DRAIN_MAX_S
from hrc_cell.adapters.serial.registers import (
    COUNTS_PER_TURN,
    RAD_PER_COUNT,
    WATCHDOG_STEP_S,
    watchdog_steps,
)
from hrc_cell.core.envelope import grace_s
from hrc_cell.core.gate import GateLimits
from hrc_cell.settings.cell import CellFile

DYNAMIXEL = "dynamixel"
"""What bus.protocol calls DYNAMIXEL Protocol 2.0."""
WITHOUT_WATCHDOG = (
    "these motors have no Bus Watchdog: when this program or its cable fails they hold their last "
    "goal with all their force, and nothing but the emergency stop, which cuts their power, ends it"
)
"""What the cell and the doctor say of such motors."""
WITHOUT_REBOOT = (
    "its motor knows no reboot; find the cause, support the arm, switch the motors' power off and "
    "on, then reset and start"
)
"""What is said to somebody who asks for one."""
WIRE_SHARE_MAX = 0.8
"""Of the rate that the wire alone would allow; the rest is for lost replies and this machine."""
GOALS_BRIDGED = 2
"""Missing goals in a row that extrapolation bridges without braking."""
SLOW_SIZE = 7
"""Most bytes of the one slow register read in each cycle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MotorPlan:
    """One motor and its joint. Radians of the joint."""

    joint: str
    motor_id: int
    reversed: bool
    zero_counts: int
    lower_rad: float
    upper_rad: float
    velocity_max_radps: float
    planned_max_radps: float  # at speed ratio 1
    current_max_a: float | None  # None: as the motor has it
    squeeze_max_rad: float  # a goal this far off is one that holds a part; 0: never
    rad_per_count: float = RAD_PER_COUNT
    release_on_stop: bool = False  # torque is taken in stops of category 0 and 1

    def radians(self, counts: float) -> float:
        """Return the joint position of a register value."""
        away = (counts - self.zero_counts) * self.rad_per_count
        return -away if self.reversed else away

    def counts(self, joint_rad: float) -> int:
        """Return the register value of a joint position."""
        away = -joint_rad if self.reversed else joint_rad
        return round(self.zero_counts + away / self.rad_per_count)

    def signed(self, value: float) -> float:
        """Return a velocity or current of the shaft as that of the joint."""
        return -value if self.reversed else value


@dataclass(frozen=True, slots=True, kw_only=True)
class BusPlan:
    """All that the bus process needs to know. Motors: the arm base first, then the gripper."""

    port: str
    baud: int
    rate_hz: float
    reply_margin_s: float
    watchdog_s: float
    lost_cycles_max: int
    stop_deceleration_radps2: float
    stopping_time_s: float
    stop_grace_s: float
    rejoin_rad: float
    rejoin_velocity_radps: float
    goal_lifetime_s: float
    extrapolate_s: float
    motors: tuple[MotorPlan, ...]
    protocol: str = DYNAMIXEL  # or one of feetech_registers.TABLES

    @property
    def has_watchdog(self) -> bool:
        """Return whether the motors themselves notice that the bus is silent."""
        return self.protocol not in TABLES

    @property
    def has_reboot(self) -> bool:
        """Return whether a motor can be told to begin anew."""
        return self.protocol not in TABLES

    @property
    def counts(self) -> int:
        """Return how many positions a motor tells apart: 0 and up."""
        return TABLES[self.protocol].counts if self.protocol in TABLES else COUNTS_PER_TURN

    @property
    def period_s(self) -> float:
        """Return the length of a cycle."""
        return 1.0 / self.rate_hz

    @property
    def motor_ids(self) -> tuple[int, ...]:
        """Return the IDs in the order of the joints."""
        return tuple(motor.motor_id for motor in self.motors)

    def to_json(self) -> str:
        """Return it as text."""
        return json.dumps(asdict(self), allow_nan=False)

    @staticmethod
    def from_json(text: str) -> BusPlan:
        """Return the plan of a text made by `to_json`."""
        values = json.loads(text)
        values["motors"] = tuple(MotorPlan(**motor) for motor in values["motors"])
        return BusPlan(**values)

    def gate_limits(self, windows_rad: Sequence[tuple[float, float]] = ()) -> GateLimits:
        """Return the limits of the last gate, with these windows instead of the description's.

        Raises ValueError when they contradict each other.
        """
        windows = windows_rad or [(motor.lower_rad, motor.upper_rad) for motor in self.motors]
        return GateLimits(
            joints=tuple(motor.joint for motor in self.motors),
            lower_rad=np.array([lower for lower, _ in windows]),
            upper_rad=np.array([upper for _, upper in windows]),
            velocity_max_radps=np.array([motor.velocity_max_radps for motor in self.motors]),
            planned_max_radps=np.array([motor.planned_max_radps for motor in self.motors]),
            stop_deceleration_radps2=self.stop_deceleration_radps2,
            stopping_time_s=self.stopping_time_s,
            stop_grace_s=self.stop_grace_s,
            rejoin_rad=self.rejoin_rad,
            rejoin_velocity_radps=self.rejoin_velocity_radps,
            goal_lifetime_s=self.goal_lifetime_s,
            extrapolate_s=self.extrapolate_s,
            cycle_max_s=2.0 * self.period_s,
        )

    def wire_limit_hz(self, *, fast: bool = False) -> float:
        """Return how many cycles the wire could carry at most, replies coming without delay.

        Motors are read one by one, as they always can be, or `fast`, all in one frame.
        """
        if self.protocol in TABLES:
            size = cycle_bytes(TABLES[self.protocol], self.motor_ids)
            return 1.0 / wire_s(size, self.baud)
        goals = dict.fromkeys(self.motor_ids, b"\0\0\0\0")
        size = (
            len(codec.sync_write(registers.GOAL_POSITION.address, goals))
            + len(codec.sync_read(self.motor_ids, 0, registers.SAMPLE_SIZE))
            + reply_length(len(self.motors), registers.SAMPLE_SIZE, fast=fast)
            + len(codec.read(1, 0, SLOW_SIZE))
            + codec.status_length(SLOW_SIZE)
        )
        return 1.0 / wire_s(size, self.baud)

    def check_rate(self) -> None:
        """Raise ValueError when the wire cannot carry the rate, motors being read one by one."""
        limit_hz = self.wire_limit_hz()
        if self.rate_hz > WIRE_SHARE_MAX * limit_hz:
            raise ValueError(
                f"bus.rate_hz = {self.rate_hz:g} Hz is too much for {len(self.motors)} motors at "
                f"{self.baud} baud: the wire carries {limit_hz:.0f} Hz, and "
                f"{WIRE_SHARE_MAX:.0%} of that, {WIRE_SHARE_MAX * limit_hz:.0f} Hz, may be used; "
                "lower the rate or raise the baud rate"
            )

    def check_watchdog(self) -> None:
        """Raise ValueError when the watchdogs could trip while motors are brought up."""
        if self.protocol != DYNAMIXEL:
            return  # those have none
        needs_s = max(PATIENT_S, self.reply_margin_s) + DRAIN_MAX_S + AWAKE_S
        if watchdog_steps(self.watchdog_s) * WATCHDOG_STEP_S < needs_s - 1e-9:
            raise ValueError(
                f"bus.watchdog_s = {self.watchdog_s:g} s is too short: while motors are brought up "
                f"up to {needs_s:g} s pass until all have heard something; raise it (it counts in "
                f"steps of {WATCHDOG_STEP_S:g} s)"
            )


def make_plan(
    file: CellFile,
    *,
    port: str,
    lower_rad: Sequence[float],
    upper_rad: Sequence[float],
    velocity_max_radps: Sequence[float],
) -> BusPlan:
    """Return the plan for a cell. Limits of the joints come from the description, arm then gripper.

    Raises ValueError when rate or limits cannot be kept.
    """
    bus, robot, safety = file.bus, file.robot, file.safety
    gripper_radps = robot.gripper.velocity_radps
    asked = [bus.velocity_max_radps] * len(robot.arm) + [gripper_radps]
    planned = [*file.motion.velocity_max_radps, gripper_radps]
    table = TABLES.get(bus.protocol)
    motors = tuple(
        MotorPlan(
            joint=motor.joint,
            motor_id=motor.motor_id,
            reversed=motor.reversed,
            zero_counts=motor.zero_counts,
            lower_rad=float(lower),
            upper_rad=float(upper),
            velocity_max_radps=min(most, float(able)),
            planned_max_radps=min(at_full_speed, most, float(able)),
            current_max_a=robot.gripper.current_max_a if motor is robot.hand else None,
            squeeze_max_rad=robot.gripper.squeeze_max_rad if motor is robot.hand else 0.0,
            rad_per_count=RAD_PER_COUNT if table is None else table.rad_per_count,
            release_on_stop=motor.release_on_stop,
        )
        for motor, lower, upper, most, at_full_speed, able in zip(
            (*robot.arm, robot.hand),
            lower_rad,
            upper_rad,
            asked,
            planned,
            velocity_max_radps,
            strict=True,
        )
    )
    plan = BusPlan(
        port=port,
        baud=bus.baud,
        rate_hz=bus.rate_hz,
        reply_margin_s=bus.reply_margin_s,
        watchdog_s=bus.watchdog_s,
        lost_cycles_max=bus.lost_cycles_max,
        stop_deceleration_radps2=bus.stop_deceleration_radps2,
        stopping_time_s=safety.stopping_time_s,
        stop_grace_s=grace_s(
            stopping_time_s=safety.stopping_time_s,
            stopping_distance_m=safety.stopping_distance_m,
            speed_max_mps=file.motion.tcp_speed_max_mps,
        ),
        rejoin_rad=bus.rejoin_rad,
        rejoin_velocity_radps=file.motion.rejoin_velocity_radps,
        goal_lifetime_s=bus.goal_lifetime_s,
        extrapolate_s=GOALS_BRIDGED / file.motion.rate_hz,
        motors=motors,
        protocol=bus.protocol,
    )
    plan.check_rate()
    plan.check_watchdog()
    plan.gate_limits()
    return plan
