"""A motor rebooted because a person asked, and never for another reason."""

import numpy as np
import pytest
from emulated import PATIENT, Feeder, RunningMotors, fed, plan_for
from feetech import DirectMotors, feetech_plan

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.driver import Driver
from hrc_cell.adapters.serial.drives import FeetechDrive
from hrc_cell.adapters.serial.emulator import REBOOT, Emulator
from hrc_cell.adapters.serial.feetech_master import FeetechMaster
from hrc_cell.adapters.serial.master import Master, NoReply, Refused
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.reboot import REBOOTS_MAX, WITHIN_S, Reboots
from hrc_cell.adapters.serial.shared import MotorRecord
from hrc_cell.core.gate import Phase

START = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)
HALF_A_DEGREE = 0.0087
OVERLOAD = 0x20


class Counting(Emulator):
    """Motors whose reboots are counted; some keep their error, some do not come back."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.reboots, self.stubborn, self.gone = [], False, False

    def _obey(self, order, now_s):
        replies = super()._obey(order, now_s)
        if order.code == REBOOT:
            self.reboots.append(order.motor_id)
            if self.stubborn:
                self.motors[order.motor_id].fail(OVERLOAD)
            if self.gone:
                self.silent.add(order.motor_id)
        return replies


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=START, emulator=Counting) as running:
        yield running


def brought_up(motors):
    return fed(plan_for(motors.link, **PATIENT), START)


@pytest.mark.req("S3")
def test_an_overloaded_motor_is_rebooted_when_asked_and_comes_up_with_a_reset(motors):
    with brought_up(motors) as feeder:
        with motors.lock:
            motors.emulator.motors[2].fail(OVERLOAD)
        feeder.wait("the fault", lambda bus: bus.latched and bus.gate == Phase.HOLD)
        feeder.stop(state=0)
        feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
        assert motors.emulator.reboots == []
        feeder.reboot = (1, 1)
        assert feeder.wait_told("rebooted") == {"kind": "rebooted", "joint": "joint_2"}
        feeder.wait_cycles(30)
        assert motors.emulator.reboots == [2]  # once for each request
        assert feeder.bus.latched
        assert motors.torque == [True, False, True, True, True, True, True]
        feeder.stop(state=1)
        feeder.wait("a clear bus", lambda bus: not bus.latched and bus.gate == Phase.HOLD, 30.0)
        assert all(motors.torque)
        assert np.allclose(motors.plant.positions, START, atol=HALF_A_DEGREE)
        with motors.lock:
            profiles = [motor.value(112) for motor in motors.emulator.motors.values()]
            watchdogs = [motor.value(98) for motor in motors.emulator.motors.values()]
        assert profiles[1] == profiles[0] > 0
        assert watchdogs == [25] * 7


@pytest.mark.req("S3")
def test_a_sound_motor_and_a_moving_arm_are_not_rebooted(motors):
    with brought_up(motors) as feeder:
        feeder.reboot = (1, 1)
        assert "joint_2: its motor reports no hardware" in feeder.wait_told("reboot_failed")["text"]
        feeder.free()
        feeder.wait("an open gate", lambda bus: bus.gate == Phase.OPEN)
        feeder.told.clear()
        feeder.told.append({"kind": "moving"})
        feeder.reboot = (2, 1)
        assert "joint_2: the arm moves" in feeder.wait_told("reboot_failed")["text"]
        feeder.reboot = (3, 99)
        feeder.wait("a word", lambda _: "there is no motor 99" in str(feeder.told))
        assert motors.emulator.reboots == []


@pytest.fixture
def driver(motors):
    port = Port(str(motors.link), 1_000_000)
    yield Driver(plan_for(motors.link), Master(port, reply_margin_s=0.05))
    port.close()


def test_the_fourth_reboot_within_five_minutes_is_refused(motors, driver):
    reboots, now_s = Reboots(driver), motors_now_s()
    for _ in range(REBOOTS_MAX):
        driver.motors[1] = MotorRecord(hardware_error=OVERLOAD)
        assert reboots.refusal(1, Phase.CLOSED, motors_now_s()) == ""
        reboots.reboot(1, lambda: None)
        assert driver.motors[1].hardware_error == 0
    driver.motors[1] = driver.motors[2] = MotorRecord(hardware_error=OVERLOAD)
    assert "joint_2: rebooted 3 times within 5 minutes" in reboots.refusal(
        1, Phase.HOLD, motors_now_s()
    )
    assert reboots.refusal(2, Phase.HOLD, now_s) == ""
    assert reboots.refusal(1, Phase.HOLD, motors_now_s() + WITHIN_S) == ""
    assert motors.emulator.reboots == [2] * REBOOTS_MAX


def test_a_motor_that_knows_no_reboot_is_not_asked_and_it_is_said_what_to_do():
    drive = FeetechDrive(feetech_plan("none"), FeetechMaster(DirectMotors(), reply_margin_s=0.05))
    drive.motors[1] = MotorRecord(hardware_error=OVERLOAD)
    said = Reboots(drive).refusal(1, Phase.HOLD, motors_now_s())
    assert "joint_2: its motor knows no reboot" in said
    assert "switch the motors' power off and on" in said
    with pytest.raises(Refused, match="knows no reboot"):
        drive.order_reboot(1)


def motors_now_s():
    return Feeder.now_s()


def test_a_motor_that_keeps_its_error_or_does_not_come_back_is_told(motors, driver, monkeypatch):
    monkeypatch.setattr("hrc_cell.adapters.serial.reboot.BACK_WITHIN_S", 0.3)
    reboots = Reboots(driver)
    motors.emulator.stubborn = True
    with pytest.raises(Refused, match="joint_2: it still reports overload"):
        reboots.reboot(1, lambda: None)
    assert driver.motors[1].hardware_error == OVERLOAD
    motors.emulator.gone = True
    with pytest.raises(NoReply, match=r"joint_2: not back 0\.3 s after it"):
        reboots.reboot(1, lambda: None)


def test_the_order_is_that_of_the_manual():
    assert codec.reboot(1) == bytes.fromhex("FFFFFD00010300082F4E")
