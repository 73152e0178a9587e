"""Feetech's motors brought up without a jump: as `bring_up` does, with what is theirs.

A goal that is written may bring the torque on, so everything else is set and read back before, and
the goal is where the shaft stands. What differs in the EEPROM is written with Lock open, which is
closed again. Motors of one bus are of one family; one that counts more than a turn, or steps of
speed that are 50 times as much, is refused: the maker's tool sets that.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.bring_up import (
    DRIFT_MAX_RAD,
    PROFILE_ACCELERATION_RATIO,
    PROFILE_VELOCITY_RATIO,
    SETTLE_S,
)
from hrc_cell.adapters.serial.feetech_codec import error_text
from hrc_cell.adapters.serial.feetech_driver import FeetechDriver
from hrc_cell.adapters.serial.feetech_registers import (
    GOAL_POSITION,
    MODELS,
    POSITION_MAX,
    POSITION_MIN,
    PRESENT_POSITION,
    RETURN_DELAY,
    STATUS_LEVEL,
    TORQUE_ENABLE,
    Model,
    Register,
    model_name,
)
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.plan import MotorPlan
from hrc_cell.adapters.serial.rest import wait_for_rest


def unfit(who: str, number: bytes, table: registers.Table, *, grips: bool) -> Iterator[str]:
    """Yield why a motor of this model cannot serve on a bus of this family; nothing where it can.

    `grips` is whether it has to limit its current.
    """
    model = MODELS.get(number)
    if model is None:
        yield f"{who} is {model_name(number)}, not {', '.join(registers.BY_NAME)}"
    elif model.table is not table:
        yield f"{who} is {model.name}, which is of another family; see bus.protocol"
    elif grips and (table.torque_limit is None or model.stall_a is None):
        yield (
            f"{who} is {model.name}, whose current cannot be limited, so it would grip with all "
            "its force; a gripper needs a model that can, such as STS3215"
        )


def phase_fault(table: registers.Table, phase: int) -> str:
    """Return what is wrong with a motor's Phase; nothing where a family has no such bits."""
    counts_ok = phase & registers.FINE_SPEED and not phase & registers.MANY_TURNS
    if table.mode is None or counts_ok:
        return ""
    return (
        f"Phase {phase}, of which bit 2 (speed in single counts) must be set and bit 4 (counts "
        "beyond a turn) clear"
    )


def bring_up(driver: FeetechDriver, after_read: Callable[[], None] = lambda: None) -> list[float]:
    """Bring every motor under torque where it stands; return the goals that hold it there.

    `after_read` is called whenever all motors were read on the way, every few milliseconds.
    Raises NoReply or Refused; the motors then have the torque they had.
    """
    return _BringUp(driver, after_read).run()


class _BringUp:
    """One bringing up of all motors of a driver."""

    def __init__(self, driver: FeetechDriver, after_read: Callable[[], None]) -> None:
        self._driver, self._after_read = driver, after_read
        self._master, self._table = driver.master, driver.table
        self._told = [b""] * len(driver.plan.motors)  # the whole table of each

    def run(self) -> list[float]:
        motors = self._driver.plan.motors
        self._greet()
        self._driver.begin_anew()
        wait_for_rest(self._driver, self._read)
        for index, motor in enumerate(motors):
            try:
                self._configure(index, motor)
            except (NoReply, Refused) as error:
                raise type(error)(f"{motor.joint}: {error}") from error
            self._read()
        switched: list[MotorPlan] = []
        goals_rad: list[float] = []
        try:
            for index, motor in enumerate(motors):
                if not self._get(motor, TORQUE_ENABLE):
                    switched.append(motor)
                goals_rad.append(self._energise(index, motor))
        except (NoReply, Refused):
            self._driver.switch_off(switched)
            raise
        self._driver.count_anew()
        return goals_rad

    def _greet(self) -> None:
        """Ask every motor which it is and how it is set; refuse with everything that is wrong."""
        wrong = []
        size = sum(self._table.block)
        for index, motor in enumerate(self._driver.plan.motors):
            try:
                told = self._master.read_block(motor.motor_id, 0, size)
            except NoReply as error:
                wrong.append(f"{motor.joint}: {error}")
                continue
            grips = motor.current_max_a is not None
            who = f"motor {motor.motor_id}"
            wrong += [
                f"{motor.joint}: {why}" for why in unfit(who, told[3:5], self._table, grips=grips)
            ]
            self._told[index], self._driver.models[index] = told, MODELS.get(told[3:5])
        if wrong:
            raise Refused("\n".join(wrong))

    def _configure(self, index: int, motor: MotorPlan) -> None:
        """Set everything but goal and torque. Writes to the EEPROM only what differs."""
        table, model = self._table, self._driver.models[index]
        error = int(self._had(index, registers.STATUS))
        if error:
            raise Refused(
                f"motor {motor.motor_id} reports {error_text(error)}; "
                "find the cause, then switch its power off and on"
            )
        phase = phase_fault(table, int(self._had(index, registers.PHASE)))
        if phase:
            raise Refused(f"motor {motor.motor_id} has {phase}; use the maker's tool")
        if not self._had(index, STATUS_LEVEL):
            # It would answer to no writing. Behind Lock, this lasts until its power is gone.
            self._master.write_all(table, STATUS_LEVEL, {motor.motor_id: 1})
        if table.mode is not None:
            self._keep(index, table.mode, registers.POSITION_MODE)
        self._keep(index, RETURN_DELAY, 0)
        low, high = self._had(index, POSITION_MIN), self._had(index, POSITION_MAX)
        if not low < high:
            raise Refused(
                f"motor {motor.motor_id} has no window: {POSITION_MIN.name} is {low:g}, "
                f"{POSITION_MAX.name} {high:g}; set them with the maker's tool"
            )
        window = sorted((motor.radians(low), motor.radians(high)))
        self._driver.windows_rad[index] = (
            max(motor.lower_rad, window[0]),
            min(motor.upper_rad, window[1]),
        )
        self._set(motor, table.goal_speed, PROFILE_VELOCITY_RATIO * motor.velocity_max_radps)
        if table.acceleration is not None:
            most = 254 * table.acceleration.unit
            wanted = PROFILE_ACCELERATION_RATIO * self._driver.plan.stop_deceleration_radps2
            self._set(motor, table.acceleration, min(wanted, most))
        if motor.current_max_a is not None:
            self._limit_torque(motor, model, motor.current_max_a)

    def _limit_torque(self, motor: MotorPlan, model: Model | None, most_a: float) -> None:
        """Set the share of its torque that takes this current at most; 1 where it may all."""
        limit = self._table.torque_limit
        if limit is None or model is None or model.stall_a is None:
            raise Refused(f"motor {motor.motor_id} cannot limit its current")
        steps = int(min(most_a / model.stall_a, 1.0) / limit.unit)
        self._set(motor, limit, steps * limit.unit)

    def _had(self, index: int, register: Register) -> float:
        """Return what a motor had in a register when it was greeted."""
        data = self._told[index][register.address : register.address + register.size]
        return self._table.unpack(register, data)

    def _get(self, motor: MotorPlan, register: Register) -> float:
        return self._master.read(self._table, motor.motor_id, register)

    def _set(self, motor: MotorPlan, register: Register, value: float) -> None:
        self._master.write(self._table, motor.motor_id, register, value)

    def _keep(self, index: int, register: Register, value: float) -> None:
        """Have a register of the EEPROM at this value. Raises Refused where torque is on."""
        motor, had = self._driver.plan.motors[index], self._had(index, register)
        if had == value:
            return
        if self._get(motor, TORQUE_ENABLE):
            raise Refused(
                f"{register.name} of motor {motor.motor_id} is {had:g}, not {value:g}, "
                "and its torque is on; support the arm, switch the torque off, start again"
            )
        self._set(motor, self._table.lock, 0)
        self._set(motor, register, value)
        self._set(motor, self._table.lock, 1)

    def _aim(self, motor: MotorPlan) -> tuple[float, float]:
        """Set the goal to the present position, unless it presses; return both, position first."""
        goal = present = self._get(motor, PRESENT_POSITION)
        if self._get(motor, TORQUE_ENABLE):
            had = self._get(motor, GOAL_POSITION)
            if abs(had - present) * motor.rad_per_count <= motor.squeeze_max_rad:
                goal = had
        self._set(motor, GOAL_POSITION, goal)
        return motor.radians(present), motor.radians(goal)

    def _energise(self, index: int, motor: MotorPlan) -> float:
        """Switch the torque on, see that the joint stays where it is; return its goal."""
        driver = self._driver
        present_rad, goal_rad = self._aim(motor)
        self._set(motor, TORQUE_ENABLE, 1)
        self._settle(index)
        known = driver.motors[index]
        drift = abs(known.position_rad - present_rad)
        if not drift <= DRIFT_MAX_RAD:
            raise Refused(
                f"{motor.joint} moved by {drift:.3f} rad when its torque came on; "
                "is the arm held or loaded?"
            )
        return goal_rad

    def _settle(self, index: int) -> None:
        """Read until the motor has told where it is some time after its torque came on.

        Raises NoReply, naming who keeps silent.
        """
        driver = self._driver
        end_s = time.monotonic() + SETTLE_S
        while not driver.motors[index].reply_s >= end_s:
            self._read()
            silent = [
                motor.joint
                for motor, cycles in zip(driver.plan.motors, driver.silent_cycles, strict=True)
                if cycles >= driver.plan.lost_cycles_max
            ]
            if silent:
                raise NoReply(f"{', '.join(silent)} fell silent while torque came on")
            time.sleep(driver.plan.period_s)

    def _read(self) -> None:
        self._driver.read_all()
        self._after_read()
