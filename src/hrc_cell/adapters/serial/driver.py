"""The motors as the bus process sees them: brought up without a jump, written and read each cycle.

Bringing up: every motor answers and is a known model; nothing but what differs is written; each
motor's goal is its present position before its torque comes on, one motor after the other; one that
moves then by more than `DRIFT_MAX_RAD` ends it. Torque that is on already stays on, so an arm that
was held does not fall when its driver is started anew, and a gripper that presses on something (its
goal lies off its position, but within `squeeze_max_rad`) keeps its goal, so it drops nothing. Where
a motor under torque would have to lose it for a setting, it is refused: no joint has a brake.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from hrc_cell.adapters.serial import codec, registers
from hrc_cell.adapters.serial.master import Freshness, Master, NoReply, Refused, StatusError
from hrc_cell.adapters.serial.models import MODELS, model_name, unfit
from hrc_cell.adapters.serial.plan import SLOW_SIZE, BusPlan, MotorPlan
from hrc_cell.adapters.serial.registers import (
    BUS_WATCHDOG,
    GOAL_CURRENT,
    GOAL_POSITION,
    HARDWARE_ERROR,
    OPERATING_MODE,
    POSITION_MAX,
    POSITION_MIN,
    PRESENT_POSITION,
    PROFILE_ACCELERATION,
    PROFILE_VELOCITY,
    RAD_PER_COUNT,
    RETURN_DELAY,
    STATUS_RETURN_LEVEL,
    TORQUE_ENABLE,
)
from hrc_cell.adapters.serial.shared import MotorRecord

DRIFT_MAX_RAD = 0.0175  # 1 degree
SETTLE_S = 0.03
READINGS_APART_MAX = 20  # counts, of two readings of a joint at rest
PROFILE_VELOCITY_RATIO = 1.2
"""The motor's own speed limit stands this much over the gate's, as a backstop that does not lag."""
PROFILE_ACCELERATION_RATIO = 5.0
"""And its acceleration over the gate's deceleration."""

_SLOW = (registers.INPUT_VOLTAGE.address, TORQUE_ENABLE.address, BUS_WATCHDOG.address)
_SLOW_SIZES = (3, SLOW_SIZE, 1)
HARDWARE_ERRORS = {
    0x01: "input voltage",
    0x04: "overheating",
    0x08: "encoder",
    0x10: "electrical shock",
    0x20: "overload",
}


def hardware_error_text(bits: int) -> str:
    """Return the names of the bits of Hardware Error Status.

    >>> hardware_error_text(0x24)
    'overheating, overload'
    """
    return ", ".join(name for bit, name in HARDWARE_ERRORS.items() if bits & bit) or f"{bits:#x}"


class Driver:
    """The motors of one plan behind one master."""

    def __init__(self, plan: BusPlan, master: Master) -> None:
        self.plan = plan
        self.motors = [MotorRecord() for _ in plan.motors]
        self.silent_cycles = [0] * len(plan.motors)
        self.tripped = [False] * len(plan.motors)
        self.windows_rad = [(motor.lower_rad, motor.upper_rad) for motor in plan.motors]
        self._master = master
        age_max_s = plan.reply_margin_s + 2.0 * plan.period_s
        self._fresh = [Freshness(age_max_s) for _ in plan.motors]
        self._slow_at = 0
        self._alerted: int | None = None  # index of a motor whose alert is not explained yet
        self._current_unit_a = [math.nan] * len(plan.motors)  # of a step; NaN: has none

    # Bringing up.

    def bring_up(self, after_read: Callable[[], None] = lambda: None) -> list[float]:
        """Bring every motor under torque where it stands; return the goals that hold it there.

        `after_read` is called whenever all motors were read on the way, every few milliseconds.
        Raises NoReply or Refused; the motors then have the torque they had.
        """
        # Without a status level of 2 nobody would answer; this order needs no answer.
        self._master.write_all(STATUS_RETURN_LEVEL, dict.fromkeys(self.plan.motor_ids, 2))
        self._greet()
        for fresh in self._fresh:
            fresh.reset()
        for index, motor in enumerate(self.plan.motors):
            try:
                self._configure(index, motor)
            except (NoReply, StatusError) as error:
                raise type(error)(f"{motor.joint}: {error}") from error
            self.read_all()  # keeps the watchdogs of the others quiet
            after_read()
        switched: list[MotorPlan] = []
        goals_rad: list[float] = []
        try:
            for index, motor in enumerate(self.plan.motors):
                if not self._master.read(motor.motor_id, TORQUE_ENABLE):
                    switched.append(motor)
                goals_rad.append(self._energise(index, motor, after_read))
        except (NoReply, Refused):
            self._torque_off(switched)
            raise
        self.silent_cycles = [0] * len(self.plan.motors)
        self.tripped = [False] * len(self.plan.motors)
        return goals_rad

    def _greet(self) -> None:
        """Ping every motor; refuse with everything that is wrong."""
        wrong = []
        for index, motor in enumerate(self.plan.motors):
            try:
                status = self._master.one(codec.ping(motor.motor_id), motor.motor_id, 3)
            except (NoReply, StatusError) as error:
                wrong.append(f"{motor.joint}: {error}")
                continue
            number, firmware = struct.unpack("<HB", status.data)
            model = MODELS.get(number)
            unit_a = None if model is None else model.current_unit_a
            self._current_unit_a[index] = math.nan if unit_a is None else unit_a
            grips = motor.current_max_a is not None
            who, name = f"motor {motor.motor_id}", model_name(number)
            for why, advice in unfit(who, name, firmware, grips=grips):
                wrong.append(f"{motor.joint}: {why}; {advice}")
        if wrong:
            raise Refused("\n".join(wrong))

    def _configure(self, index: int, motor: MotorPlan) -> None:
        """Set everything but torque and watchdog. Writes to the EEPROM only what differs."""
        master, motor_id = self._master, motor.motor_id
        error = int(master.read(motor_id, HARDWARE_ERROR))
        if error:
            raise Refused(
                f"{motor.joint}: motor {motor_id} reports {hardware_error_text(error)}; "
                "find the cause, then switch its power off and on"
            )
        if master.read(motor_id, BUS_WATCHDOG):
            master.write(motor_id, BUS_WATCHDOG, 0)
        hand = motor.current_max_a is not None
        mode = registers.CURRENT_BASED_POSITION_MODE if hand else registers.POSITION_MODE
        for register, value in ((RETURN_DELAY, 0), (OPERATING_MODE, mode)):
            had = master.read(motor_id, register)
            if had == value:
                continue
            if master.read(motor_id, TORQUE_ENABLE):  # which locks it, and keeps the joint up
                raise Refused(
                    f"{motor.joint}: {register.name} of motor {motor_id} is {had:g}, not {value}, "
                    "and its torque is on; support the arm, switch the torque off, start again"
                )
            master.write(motor_id, register, value)
        window = [
            motor.radians(master.read(motor_id, limit)) for limit in (POSITION_MIN, POSITION_MAX)
        ]
        self.windows_rad[index] = (
            max(motor.lower_rad, min(window)),
            min(motor.upper_rad, max(window)),
        )
        # Profile first: after a watchdog trip it is unlimited.
        fastest = PROFILE_VELOCITY_RATIO * motor.velocity_max_radps
        master.write(motor_id, PROFILE_VELOCITY, fastest)
        acceleration = PROFILE_ACCELERATION_RATIO * self.plan.stop_deceleration_radps2
        master.write(motor_id, PROFILE_ACCELERATION, acceleration)
        if motor.current_max_a is not None:
            steps = motor.current_max_a / self._current_unit_a[index]
            master.write(motor_id, GOAL_CURRENT, steps)
        self._aim(motor)

    def _aim(self, motor: MotorPlan) -> tuple[float, float]:
        """Set the goal to the present position, unless it presses; return both, position first."""
        master, motor_id = self._master, motor.motor_id
        first = master.read(motor_id, PRESENT_POSITION)
        present = master.read(motor_id, PRESENT_POSITION)
        if abs(present - first) > READINGS_APART_MAX:
            raise Refused(f"{motor.joint} moves; it must rest when it is brought up")
        goal = present
        if master.read(motor_id, TORQUE_ENABLE):
            had = master.read(motor_id, GOAL_POSITION)
            if abs(had - present) * RAD_PER_COUNT <= motor.squeeze_max_rad:
                goal = had
        master.write(motor_id, GOAL_POSITION, goal)
        if master.read(motor_id, GOAL_POSITION) != goal:
            raise Refused(f"{motor.joint}: motor {motor_id} did not take its goal")
        return motor.radians(present), motor.radians(goal)

    def _energise(self, index: int, motor: MotorPlan, after_read: Callable[[], None]) -> float:
        """Switch watchdog and torque on, see that the joint stays where it is; return its goal."""
        master, motor_id = self._master, motor.motor_id
        present_rad, goal_rad = self._aim(motor)
        steps = registers.watchdog_steps(self.plan.watchdog_s)
        master.write(motor_id, BUS_WATCHDOG, steps)
        if master.read(motor_id, BUS_WATCHDOG) != steps:
            raise Refused(f"{motor.joint}: motor {motor_id} did not take its Bus Watchdog")
        master.write(motor_id, TORQUE_ENABLE, 1)
        self.motors[index] = replace(self.motors[index], torque_on=True, hardware_error=0)
        end_s = time.monotonic() + SETTLE_S
        while time.monotonic() < end_s:
            self.read_all()
            after_read()
            time.sleep(self.plan.period_s)
        drift = abs(self.motors[index].position_rad - present_rad)
        if not drift <= DRIFT_MAX_RAD:
            raise Refused(
                f"{motor.joint} moved by {drift:.3f} rad when its torque came on; "
                "is the arm held or loaded?"
            )
        return goal_rad

    # The cycle.

    def read_all(self, goals_rad: Sequence[float] | None = None) -> None:
        """Read tick, current, velocity and position of all motors in one request.

        Goals for the joints go out before it, in the same writing. A motor that did not answer, or
        answered with an old sample, keeps its values and their instant, and counts one more silent
        cycle.
        """
        ids = self.plan.motor_ids
        frame = codec.sync_read(ids, registers.SAMPLE_ADDRESS, registers.SAMPLE_SIZE)
        if goals_rad is not None:
            goals = {
                motor.motor_id: GOAL_POSITION.pack(motor.counts(goal))
                for motor, goal in zip(self.plan.motors, goals_rad, strict=True)
            }
            frame = codec.sync_write(GOAL_POSITION.address, goals) + frame
        replies = self._master.ask(frame, ids, registers.SAMPLE_SIZE)
        for index, motor in enumerate(self.plan.motors):
            self.silent_cycles[index] += 1
            if motor.motor_id not in replies:
                continue
            status, reply_s = replies[motor.motor_id]
            if status.error or len(status.data) != registers.SAMPLE_SIZE:
                continue
            sample = registers.sample(status.data)
            if not self._fresh[index].fresh(sample.tick_s, reply_s):
                continue
            self.silent_cycles[index] = 0
            error = self.motors[index].hardware_error if status.alert else 0
            if status.alert and not error:
                self._alerted = index
            self.motors[index] = replace(
                self.motors[index],
                reply_s=reply_s,
                position_rad=motor.radians(sample.position_counts),
                velocity_radps=motor.signed(sample.velocity_radps),
                current_a=motor.signed(sample.current_steps * self._current_unit_a[index]),
                hardware_error=error,
            )

    def read_slow(self) -> None:
        """Read one slow register of one motor: the next in turn, or what an alert points to."""
        if self._alerted is None:
            which, index = divmod(self._slow_at, len(self.plan.motors))
            self._slow_at = (self._slow_at + 1) % (len(_SLOW) * len(self.plan.motors))
        else:
            which, index, self._alerted = 1, self._alerted, None
        motor_id, size = self.plan.motors[index].motor_id, _SLOW_SIZES[which]
        replies = self._master.ask(codec.read(motor_id, _SLOW[which], size), (motor_id,), size)
        if motor_id not in replies:
            return
        status = replies[motor_id][0]
        data = status.data
        if status.error or len(data) != size:
            return
        known = self.motors[index]
        if which == 0:
            self.motors[index] = replace(
                known,
                voltage_v=registers.INPUT_VOLTAGE.unpack(data[:2]),
                temperature_c=registers.TEMPERATURE.unpack(data[2:]),
            )
        elif which == 1:
            self.motors[index] = replace(known, torque_on=data[0] == 1, hardware_error=data[-1])
        else:
            self.tripped[index] = data[0] == registers.WATCHDOG_TRIPPED

    # The end.

    def torque_off(self) -> list[str]:
        """Switch every motor off, each tried even if others fail; return what failed."""
        self.motors = [replace(motor, torque_on=False) for motor in self.motors]
        return self._torque_off(self.plan.motors)

    def _torque_off(self, motors: Iterable[MotorPlan]) -> list[str]:
        failed = []
        for motor in motors:
            try:
                self._master.write(motor.motor_id, TORQUE_ENABLE, 0)
                self._master.write(motor.motor_id, BUS_WATCHDOG, 0)
            except (NoReply, StatusError) as error:
                failed.append(f"{motor.joint}: {error}")
        return failed
