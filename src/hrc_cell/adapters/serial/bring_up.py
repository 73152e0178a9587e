"""Motors brought up without a jump.

Every motor answers and is a known model; nothing but what differs is written; each motor's goal is
its present position before its torque comes on, one motor after the other. The torque rises from
nothing within `RAMP_S` (in position mode Goal PWM limits it, for the gripper Goal Current) and is
watched meanwhile: a motor that moves by more than `DRIFT_MAX_RAD` ends it, and those switched on
are switched off again. Torque that is on already stays on, so an arm that was held does
not fall when its driver is started anew, and a gripper that presses on something (its goal lies off
its position, but within `squeeze_max_rad`) keeps its goal, so it drops nothing. Where a motor under
torque would have to lose it for a setting, it is refused: no joint has a brake.

All motors are read at least every `AWAKE_S` and a reply's `PATIENT_S`, so that the watchdogs of
those that are up stay quiet, whatever one of them does not answer.
"""

from __future__ import annotations

import contextlib
import math
import struct
import time
from collections.abc import Callable

from hrc_cell.adapters.serial import codec, registers
from hrc_cell.adapters.serial.driver import Driver, hardware_error_text
from hrc_cell.adapters.serial.master import AWAKE_S, NoReply, Refused, StatusError
from hrc_cell.adapters.serial.models import MODELS, model_name, reads_fast, unfit
from hrc_cell.adapters.serial.plan import MotorPlan
from hrc_cell.adapters.serial.registers import (
    BUS_WATCHDOG,
    GOAL_CURRENT,
    GOAL_POSITION,
    GOAL_PWM,
    HARDWARE_ERROR,
    OPERATING_MODE,
    POSITION_MAX,
    POSITION_MIN,
    PRESENT_POSITION,
    PROFILE_ACCELERATION,
    PROFILE_VELOCITY,
    PWM_LIMIT,
    RAD_PER_COUNT,
    RETURN_DELAY,
    STATUS_RETURN_LEVEL,
    TORQUE_ENABLE,
    Register,
)
from hrc_cell.adapters.serial.rest import wait_for_rest
from hrc_cell.adapters.serial.set_up import ill_set_up

DRIFT_MAX_RAD = 0.0175  # 1 degree
SETTLE_S = 0.03
RAMP_S, RAMP_STEPS = 0.2, 10
TRIES = 3
"""So often motors are brought up whose watchdog trips on the way."""
PROFILE_VELOCITY_RATIO = 1.2
"""The motor's own speed limit stands this much over the gate's, as a backstop that does not lag."""
PROFILE_ACCELERATION_RATIO = 5.0
"""And its acceleration over the gate's deceleration."""


class Tripped(Refused):
    """A motor's watchdog stopped it on the way; what has torque keeps it."""


def bring_up(driver: Driver, after_read: Callable[[], None] = lambda: None) -> list[float]:
    """Bring every motor under torque where it stands; return the goals that hold it there.

    `after_read` is called whenever all motors were read on the way, every few milliseconds.
    Raises NoReply or Refused; the motors then have the torque they had.
    """
    return BringUp(driver, after_read).run()


class BringUp:
    """One bringing up of all motors of a driver."""

    def __init__(self, driver: Driver, after_read: Callable[[], None]) -> None:
        self._driver, self._after_read = driver, after_read
        self._read_s = -math.inf  # when all were read last

    def run(self) -> list[float]:
        """See `bring_up`."""
        master = self._driver.master
        master.between = self._keep_awake
        try:
            for _ in range(TRIES - 1):
                with contextlib.suppress(Tripped):
                    return self._run()
            return self._run()
        finally:
            master.between = lambda: None

    def _run(self) -> list[float]:
        # Without a status level of 2 nobody would answer; this order needs no answer.
        self._driver.master.write_all(
            STATUS_RETURN_LEVEL, dict.fromkeys(self._driver.plan.motor_ids, 2)
        )
        self._driver.begin_anew()
        self._greet()
        wait_for_rest(self._driver, self._read)
        for index, motor in enumerate(self._driver.plan.motors):
            try:
                self._configure(index, motor)
            except (NoReply, StatusError) as error:
                raise type(error)(f"{motor.joint}: {error}") from error
            self._read()
        switched: list[MotorPlan] = []
        goals_rad: list[float] = []
        try:
            for index, motor in enumerate(self._driver.plan.motors):
                limp = not self._driver.master.read(motor.motor_id, TORQUE_ENABLE)
                if limp:
                    switched.append(motor)
                goals_rad.append(self._energise(index, motor, limp=limp))
        except (NoReply, Refused) as error:
            if isinstance(error, StatusError) and self._tripped(motor):
                raise Tripped(
                    f"{motor.joint}: its Bus Watchdog tripped while it was brought up: this "
                    f"machine was busy for longer than {self._driver.plan.watchdog_s:g} s"
                ) from error
            self._driver.switch_off(switched)
            raise
        self._driver.count_anew()
        return goals_rad

    def _tripped(self, motor: MotorPlan) -> bool:
        state = self._driver.master.read(motor.motor_id, BUS_WATCHDOG)
        return state == registers.WATCHDOG_TRIPPED

    def _greet(self) -> None:
        """Ping every motor; refuse with everything that is wrong."""
        wrong, able = [], True
        for index, motor in enumerate(self._driver.plan.motors):
            try:
                status = self._driver.master.one(codec.ping(motor.motor_id), motor.motor_id, 3)
            except (NoReply, StatusError) as error:
                wrong.append(f"{motor.joint}: {error}")
                continue
            number, firmware = struct.unpack("<HB", status.data)
            model = MODELS.get(number)
            unit_a = None if model is None else model.current_unit_a
            self._driver.current_unit_a[index] = math.nan if unit_a is None else unit_a
            able = able and reads_fast(model_name(number), firmware)
            grips = motor.current_max_a is not None
            who, name = f"motor {motor.motor_id}", model_name(number)
            for why, advice in unfit(who, name, firmware, grips=grips):
                wrong.append(f"{motor.joint}: {why}; {advice}")
        if wrong:
            raise Refused("\n".join(wrong))
        self._driver.read_fast(able)

    def _configure(self, index: int, motor: MotorPlan) -> None:
        """Set everything but torque and watchdog. Writes to the EEPROM only what differs."""
        master, motor_id = self._driver.master, motor.motor_id
        error = int(master.read(motor_id, HARDWARE_ERROR))
        if error:
            raise Refused(
                f"{motor.joint}: motor {motor_id} reports {hardware_error_text(error)}; "
                "find the cause, then switch its power off and on"
            )
        for why, advice in ill_set_up(master, motor_id):
            raise Refused(f"{motor.joint}: motor {motor_id} {why}; {advice}")
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
        self._driver.windows_rad[index] = (
            max(motor.lower_rad, min(window)),
            min(motor.upper_rad, max(window)),
        )
        # Profile first: after a watchdog trip it is unlimited.
        fastest = PROFILE_VELOCITY_RATIO * motor.velocity_max_radps
        master.write(motor_id, PROFILE_VELOCITY, fastest)
        acceleration = PROFILE_ACCELERATION_RATIO * self._driver.plan.stop_deceleration_radps2
        master.write(motor_id, PROFILE_ACCELERATION, acceleration)
        if master.read(motor_id, TORQUE_ENABLE):  # else it rises when it is switched on
            register, full = self._strength(index, motor)
            master.write(motor_id, register, full)
        self._aim(motor)

    def _strength(self, index: int, motor: MotorPlan) -> tuple[Register, float]:
        """Return the register that limits a motor's torque, and its value in work."""
        if motor.current_max_a is not None:
            return GOAL_CURRENT, round(motor.current_max_a / self._driver.current_unit_a[index])
        return GOAL_PWM, self._driver.master.read(motor.motor_id, PWM_LIMIT)

    def _aim(self, motor: MotorPlan) -> tuple[float, float]:
        """Set the goal to the present position, unless it presses; return both, position first."""
        master, motor_id = self._driver.master, motor.motor_id
        goal = present = master.read(motor_id, PRESENT_POSITION)
        if master.read(motor_id, TORQUE_ENABLE):
            had = master.read(motor_id, GOAL_POSITION)
            if abs(had - present) * RAD_PER_COUNT <= motor.squeeze_max_rad:
                goal = had
        master.write(motor_id, GOAL_POSITION, goal)
        if master.read(motor_id, GOAL_POSITION) != goal:
            raise Refused(f"{motor.joint}: motor {motor_id} did not take its goal")
        return motor.radians(present), motor.radians(goal)

    def _energise(self, index: int, motor: MotorPlan, *, limp: bool) -> float:
        """Switch watchdog and torque on, see that the joint stays where it is; return its goal."""
        master, motor_id = self._driver.master, motor.motor_id
        present_rad, goal_rad = self._aim(motor)
        steps = registers.watchdog_steps(self._driver.plan.watchdog_s)
        master.write(motor_id, BUS_WATCHDOG, steps)
        if master.read(motor_id, BUS_WATCHDOG) != steps:
            raise Refused(f"{motor.joint}: motor {motor_id} did not take its Bus Watchdog")
        register, full = self._strength(index, motor)
        if limp:
            master.write(motor_id, register, 0)
        master.write(motor_id, TORQUE_ENABLE, 1)
        driver = self._driver
        driver.motors[index] = driver.motors[index]._replace(torque_on=True, hardware_error=0)
        for step in range(1, RAMP_STEPS + 1) if limp else ():
            master.write(motor_id, register, round(full * step / RAMP_STEPS))
            self._watch(index, present_rad, RAMP_S / RAMP_STEPS)
        if master.read(motor_id, register) != full:
            raise Refused(f"{motor.joint}: motor {motor_id} did not take its {register.name}")
        self._watch(index, present_rad, SETTLE_S)
        return goal_rad

    def _watch(self, index: int, present_rad: float, for_s: float) -> None:
        """See for so long that a joint stays where it is. Raises Refused where it does not."""
        end_s = time.monotonic() + for_s
        while True:
            self._read()
            drift = abs(self._driver.motors[index].position_rad - present_rad)
            if not drift <= DRIFT_MAX_RAD:
                raise Refused(
                    f"{self._driver.plan.motors[index].joint} moved by {drift:.3f} rad when its "
                    "torque came on; is the arm held or loaded?"
                )
            if time.monotonic() >= end_s:
                return
            time.sleep(self._driver.plan.period_s)

    def _keep_awake(self) -> None:
        if time.monotonic() - self._read_s >= AWAKE_S:
            self._read()

    def _read(self) -> None:
        self._driver.read_all()
        self._read_s = time.monotonic()
        self._after_read()
