"""Torque that comes on: from nothing, one joint at a time, and no joint moves by it."""

import contextlib
import itertools
import random
import struct
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from emulated import JOINTS, PATIENT, RunningMotors, plan_for

from hrc_cell.adapters.serial.bring_up import bring_up
from hrc_cell.adapters.serial.driver import Driver
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.master import Master, NoReply, Refused
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.registers import TORQUE_ENABLE

HALF_A_DEGREE = 0.0087
START = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)


class Noted(Emulator):
    """Motors of which every written torque and limit is noted: instant, motor, address, value."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.noted = []

    def _one(self, motor, code, payload, now_s):
        if code == 3 and payload[0] in (64, 100, 102):
            value = int.from_bytes(payload[2:], "little")
            self.noted.append((now_s, motor.motor_id, payload[0], value))
        return super()._one(motor, code, payload, now_s)


class Loaded(FreeMotors):
    """Motors with a load on their shafts. What gears and motor do not bear turns the shaft."""

    LOAD_RADPS2 = 30.0
    FRICTION_RADPS2 = 35.0

    def _step(self, dt_s):
        super()._step(dt_s)
        bears = self.FRICTION_RADPS2 + np.where(self.powered, self._acceleration_max, 0.0)
        falls = np.maximum(self.LOAD_RADPS2 - bears, 0.0)
        self.velocities = self.velocities + falls * dt_s


class Pushed(Loaded):
    """And one that somebody pushes as soon as it has torque, harder than it can bear."""

    def _step(self, dt_s):
        super()._step(dt_s)
        self.velocities[2] += 60.0 * dt_s if self.powered[2] else 0.0


@contextlib.contextmanager
def behind(motors, **changes):
    port = Port(str(motors.link), 1_000_000)
    try:
        plan = plan_for(motors.link, **{**PATIENT, **changes})
        yield Driver(plan, Master(port, reply_margin_s=plan.reply_margin_s))
    finally:
        port.close()


@pytest.mark.req("S3")
def test_torque_rises_from_nothing_on_one_joint_after_the_other_and_then_has_all(tmp_path):
    with (
        RunningMotors(tmp_path / "motors", start_rad=START, emulator=Noted, plant=Loaded) as motors,
        behind(motors) as driver,
    ):
        bring_up(driver)
        with motors.lock:
            noted = list(motors.emulator.noted)
            limits = [motor.value(100) for motor in motors.emulator.motors.values()]
            gripper = motors.emulator.motors[JOINTS].value(102)
        assert motors.moved_rad.max() < HALF_A_DEGREE
    assert limits == [885] * JOINTS
    assert gripper == round(0.4 / 2.69e-3)
    assert [i for _, i, address, value in noted if (address, value) == (64, 1)] == [
        *range(1, JOINTS + 1)
    ]
    for motor_id in range(1, JOINTS + 1):
        limit = 102 if motor_id == JOINTS else 100
        mine = [(address, value) for _, i, address, value in noted if i == motor_id]
        on = mine.index((64, 1))
        before = [value for address, value in mine[:on] if address == limit]
        after = [value for address, value in mine[on:] if address == limit]
        assert before[-1] == 0
        assert after == sorted(after)
        assert after[0] <= 0.11 * after[-1]


@pytest.mark.req("S3")
def test_a_joint_that_moves_when_its_torque_comes_on_ends_it_and_none_keeps_its_torque(tmp_path):
    with (
        RunningMotors(tmp_path / "motors", start_rad=START, plant=Pushed) as motors,
        behind(motors) as driver,
    ):
        with pytest.raises(Refused, match=r"joint_3 moved by .* is the arm held or loaded"):
            bring_up(driver)
        assert not any(motors.torque)


@pytest.mark.req("S3")
def test_a_motor_that_had_torque_keeps_all_of_it(tmp_path):
    with (
        RunningMotors(tmp_path / "motors", start_rad=START, emulator=Noted) as motors,
        behind(motors) as driver,
    ):
        bring_up(driver)
        with motors.lock:
            motors.emulator.noted.clear()
            motors.emulator.motors[2].write(100, struct.pack("<h", 300))  # a ramp that was cut off
        bring_up(driver)
        with motors.lock:
            assert all(value for _, _, _, value in motors.emulator.noted)
            assert motors.emulator.motors[2].value(100) == 885


class Heard(Emulator):
    """Motors that note whom each order was for."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.asked = []

    def _obey(self, order, now_s):
        self.asked.append(order.motor_id)
        return super()._obey(order, now_s)


def tries_in_a_row(asked, motor_id):
    """Return the longest row of orders for one motor, the others hearing nothing between them."""
    return max(len(list(row)) for whom, row in itertools.groupby(asked) if whom == motor_id)


@pytest.mark.req("S3")
def test_motors_that_are_up_hear_something_after_each_try_to_reach_one_that_is_silent(tmp_path):
    """So none of them waits for longer than one try: the plan's watchdogs allow that."""
    with (
        RunningMotors(tmp_path / "motors", start_rad=START, emulator=Heard) as motors,
        behind(motors) as driver,
    ):
        bring_up(driver)
        motors.emulator.silent.add(4)
        with motors.lock:
            motors.emulator.asked.clear()
        with pytest.raises(Refused, match="joint_4: motor 4 does not answer"):
            bring_up(driver)
        with motors.lock:
            assert tries_in_a_row(motors.emulator.asked, 4) == 1
            motors.emulator.asked.clear()
        with pytest.raises(NoReply):
            driver.master.read(4, TORQUE_ENABLE)  # afterwards nobody is kept awake by it
        with motors.lock:
            assert tries_in_a_row(motors.emulator.asked, 4) == 5
        assert not any(motor.watchdog_tripped for motor in motors.emulator.motors.values())


@pytest.mark.parametrize(("margin_s", "needed_s"), [(0.003, 0.08), (0.1, 0.14)])
def test_a_watchdog_too_short_for_bringing_up_is_refused(margin_s, needed_s):
    plan = plan_for(Path("port"), reply_margin_s=margin_s, watchdog_s=needed_s)
    plan.check_watchdog()
    with pytest.raises(ValueError, match=rf"bus.watchdog_s = .* up to {needed_s:g} s pass"):
        replace(plan, watchdog_s=needed_s - 0.01).check_watchdog()


@pytest.mark.req("S3")
def test_from_a_hundred_poses_and_stale_goals_no_joint_moves_half_a_degree(tmp_path, monkeypatch):
    monkeypatch.setattr("hrc_cell.adapters.serial.bring_up.RAMP_S", 0.01)
    monkeypatch.setattr("hrc_cell.adapters.serial.bring_up.SETTLE_S", 0.01)
    dice, worst = random.Random(4), 0.0
    plant = FreeMotors((0.0,) * JOINTS)
    with (
        RunningMotors(tmp_path / "motors", plant=lambda _: plant) as motors,
        behind(motors) as driver,
    ):
        for _ in range(100):
            with motors.lock:
                for index, motor in enumerate(motors.emulator.motors.values()):
                    motor.reboot(time.monotonic())
                    plant.positions[index] = dice.uniform(-2.9, 2.9)
                    plant.velocities[index] = 0.0
                    motor.write(116, struct.pack("<i", dice.randrange(4096)))
                motors._start, motors.moved_rad = plant.positions.copy(), np.zeros(JOINTS)
            bring_up(driver)
            assert all(motors.torque)
            worst = max(worst, motors.moved_rad.max())
    assert worst < HALF_A_DEGREE


class Tripping(Emulator):
    """Motors of which the third's watchdog trips when its torque rises for the first time."""

    trips = 1

    def _one(self, motor, code, payload, now_s):
        rises = code == 3 and payload[0] == 100 and motor.torque_on
        if motor.motor_id == 3 and rises and self.trips:
            self.trips -= 1
            motor.trip()
        return super()._one(motor, code, payload, now_s)


@pytest.mark.req("S3")
def test_a_watchdog_that_trips_on_the_way_is_tried_again_and_no_joint_is_dropped(tmp_path):
    with (
        RunningMotors(tmp_path / "motors", start_rad=START, emulator=Tripping) as motors,
        behind(motors) as driver,
    ):
        torque = []
        bring_up(driver, lambda: torque.append(tuple(motors.torque)))
        assert motors.emulator.trips == 0
        on = [t[0] for t in torque]
        assert all(on[on.index(True) :])
        assert all(motors.torque)
        assert motors.moved_rad.max() < HALF_A_DEGREE


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("address", "size", "value", "said"),
    [
        (60, 1, 1, "takes torque or old goals up with its power"),
        (60, 1, 2, "takes torque or old goals up with its power"),
        (10, 1, 1, r"turns the other way round \(Drive Mode 1\)"),
        (10, 1, 12, "profile for times instead of speeds and switches its torque on with every"),
        (10, 1, 2, r"driven in a way not known \(Drive Mode 2\)"),
        (20, 4, -512, "tells positions -512 counts off"),
        (34, 2, 125, "has 12.0 V, and works with 12.5 to 16.0 V"),
        (32, 2, 115, "has 12.0 V, and works with 9.5 to 11.5 V"),
    ],
)
def test_a_motor_that_is_set_up_otherwise_than_when_it_was_calibrated_is_refused(
    tmp_path, address, size, value, said
):
    with (
        RunningMotors(tmp_path / "motors", start_rad=START, emulator=Heard) as motors,
        behind(motors) as driver,
    ):
        with motors.lock:
            motors.emulator.motors[3]._put(address, size, value)
        with pytest.raises(Refused, match=f"joint_3: motor 3 .*{said}"):
            bring_up(driver)
        assert not any(motors.torque)
