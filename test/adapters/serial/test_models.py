"""Every model is brought up and tells its current in amperes, or that it has none."""

import math
from functools import partial

import pytest
from emulated import RunningMotors, plan_for

from hrc_cell.adapters.serial.bring_up import bring_up
from hrc_cell.adapters.serial.driver import Driver
from hrc_cell.adapters.serial.emulated_models import KINDS
from hrc_cell.adapters.serial.emulated_motor import EmulatedMotor
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.master import Master, Refused
from hrc_cell.adapters.serial.models import MODELS, reads_fast
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.registers import GOAL_CURRENT, OPERATING_MODE

HAND = 7
LOAD_A = 0.5
WITHOUT_CURRENT = "XL430-W250"


class Loaded(FreeMotors):
    """Motors that take the same current whatever they do."""

    def current_a(self, index):
        return LOAD_A


class Mixed(Emulator):
    """An arm of one model with a hand of the usual one."""

    def __init__(self, motor_ids, plant, *, model):
        super().__init__(motor_ids, plant, model=model)
        self.motors[HAND] = EmulatedMotor(HAND, HAND - 1, plant, kind=KINDS["XM430-W350"])


def driver_of(motors):
    port = Port(str(motors.link), 1_000_000)
    return port, Driver(plan_for(motors.link), Master(port, reply_margin_s=0.05))


def test_driver_and_emulator_know_the_same_models():
    assert {m.name: m.number for m in MODELS.values()} == {n: k.number for n, k in KINDS.items()}


def test_driver_and_emulator_agree_on_who_reads_fast():
    for number, model in MODELS.items():
        kind = KINDS[model.name]
        assert kind.number == number
        for firmware in range(40, 50):
            motor = EmulatedMotor(1, 0, FreeMotors([0.0]), kind=kind._replace(firmware=firmware))
            assert motor.reads_fast == reads_fast(model.name, firmware)


@pytest.mark.parametrize("model", KINDS)
def test_every_model_is_brought_up_and_tells_its_current(tmp_path, model):
    emulator = partial(Mixed, model=model)
    with RunningMotors(tmp_path / "motors", emulator=emulator, plant=Loaded) as motors:
        port, driver = driver_of(motors)
        try:
            bring_up(driver)
            driver.read_all()
        finally:
            port.close()
        assert all(motors.torque)
    arm, hand = driver.motors[0].current_a, driver.motors[HAND - 1].current_a
    assert hand == pytest.approx(LOAD_A, abs=2.69e-3)
    if model == WITHOUT_CURRENT:
        assert math.isnan(arm)
    else:
        assert arm == pytest.approx(LOAD_A, abs=2.69e-3)


@pytest.mark.parametrize("model", [name for name in KINDS if name != WITHOUT_CURRENT])
def test_the_hand_grips_with_no_more_than_the_current_asked(tmp_path, model):
    emulator = partial(Emulator, model=model)
    with RunningMotors(tmp_path / "motors", emulator=emulator) as motors:
        port, driver = driver_of(motors)
        try:
            bring_up(driver)
        finally:
            port.close()
        hand = motors.emulator.motors[HAND]
        assert hand.value(OPERATING_MODE.address) == 5
        steps = hand.value(GOAL_CURRENT.address)
        asked_a = driver.plan.motors[HAND - 1].current_max_a
    assert steps * KINDS[model].current_unit_a == pytest.approx(asked_a, abs=2.69e-3)


def test_a_hand_that_cannot_limit_its_force_is_refused(tmp_path):
    emulator = partial(Emulator, model=WITHOUT_CURRENT)
    with RunningMotors(tmp_path / "motors", emulator=emulator) as motors:
        port, driver = driver_of(motors)
        try:
            with pytest.raises(Refused, match="gripper: motor 7 is XL430-W250, which limits no"):
                bring_up(driver)
        finally:
            port.close()
        assert not any(motors.torque)


def test_a_motor_without_current_has_no_register_for_it():
    motor = EmulatedMotor(1, 0, FreeMotors([0.0]), kind=KINDS[WITHOUT_CURRENT])
    access, range_error = 7, 4
    assert motor.write(102, b"\1\0") == motor.write(38, b"\1\0") == access
    assert motor.write(11, b"\5") == range_error
