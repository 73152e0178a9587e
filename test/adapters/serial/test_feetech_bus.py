"""The bus process with Feetech motors, as a real child on a real pseudo-terminal.

They have no watchdog and no clock, and a goal brings their torque on.
"""

import os
import signal
import time

import numpy as np
import pytest
from emulated import JOINTS, fed, get_moving
from feetech import feetech_motors, feetech_plan

from hrc_cell.adapters.serial.child import BusChild
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.core.gate import Phase

START = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)
HALF_A_DEGREE = 0.0087
OPEN, HOLD, CLOSED = Phase.OPEN, Phase.HOLD, Phase.CLOSED
# What a machine shared with others may keep a process waiting for is no fault in these stories.
PATIENT = {"watchdog_s": 0.5, "lost_cycles_max": 40, "reply_margin_s": 0.02}
FAMILIES = ("feetech_sts", "feetech_scs")


class Gripping(FreeMotors):
    """Motors of which the gripper's cannot close any farther."""

    def _step(self, dt_s):
        super()._step(dt_s)
        if self.positions[6] < START[6]:
            self.positions[6], self.velocities[6] = START[6], 0.0


@pytest.fixture
def motors(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=START) as running:
        yield running


def brought_up(motors, **changes):
    """Return a feeder of a bus process, once its motors are up."""
    return fed(feetech_plan(motors.link, **{**PATIENT, **changes}), START)


def latch(motors, feeder):
    """Let the monitor act on the fault."""
    feeder.wait("the fault", lambda bus: bus.latched)
    feeder.speed_radps = 0.0
    feeder.stop(state=0)
    feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
    feeder.wait("hold", lambda bus: bus.gate in (HOLD, CLOSED))
    motors.wait("rest", lambda: motors.resting)


@pytest.mark.req("S3")
@pytest.mark.parametrize("protocol", FAMILIES)
def test_the_motors_come_up_where_they_stand_whatever_goals_they_had(tmp_path, protocol):
    with feetech_motors(tmp_path / "motors", protocol=protocol, start_rad=START) as motors:
        with motors.lock:
            for motor in motors.emulator.motors.values():
                motor._put(42, 2, 900)  # from when it last had power
        with brought_up(motors, protocol=protocol) as feeder:
            feeder.wait_cycles(25)
            assert all(motors.torque)
            assert motors.moved_rad.max() < HALF_A_DEGREE
            feeder.wait("samples", lambda bus: bus.motors[-1].voltage_v > 0.0)
            for seen, at in zip(feeder.bus.motors, START, strict=True):
                assert seen.position_rad == pytest.approx(at, abs=HALF_A_DEGREE)
                assert (seen.temperature_c, seen.torque_on, seen.hardware_error) == (32, True, 0)


@pytest.mark.req("S1")
@pytest.mark.req("S3")
@pytest.mark.parametrize("protocol", FAMILIES)
def test_motion_needs_a_living_permit_and_goes_on_without_a_jump(tmp_path, protocol):
    with (
        feetech_motors(tmp_path / "motors", protocol=protocol, start_rad=START) as motors,
        brought_up(motors, protocol=protocol) as feeder,
    ):
        feeder.speed_radps = 0.3
        feeder.stop()
        feeder.wait_cycles(20)
        assert motors.moved_rad.max() < HALF_A_DEGREE
        feeder.speed_radps, feeder.goal_rad[:] = 0.0, START
        get_moving(motors, feeder)
        feeder.permit = False  # the monitor is gone
        feeder.wait("hold", lambda bus: bus.gate == HOLD and bus.reason == "permit_expired")
        motors.wait("rest", lambda: motors.resting)
        held = motors.plant.positions.copy()
        feeder.permit = True
        feeder.wait("a goal that is far", lambda bus: bus.reason.startswith("rejoin"))
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)


@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_a_lost_motor_is_named_and_stops_all_until_it_is_back_and_a_person_has_reset(motors):
    with brought_up(motors, lost_cycles_max=5) as feeder:
        get_moving(motors, feeder)
        motors.emulator.silent.add(3)
        latch(motors, feeder)
        assert feeder.bus.reason == "motor_lost:joint_3"
        assert all(motors.torque)
        motors.emulator.silent.clear()
        held = motors.plant.positions.copy()
        feeder.stop(state=1)
        feeder.wait("a clear bus", lambda bus: not bus.latched)
        feeder.wait("hold", lambda bus: bus.gate == HOLD)
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)
        assert [line["kind"] for line in feeder.told][:3] == ["ready", "fault", "fault_cleared"]


@pytest.mark.req("S3")
def test_motors_whose_power_was_cut_and_came_back_stay_limp_until_they_are_brought_up(motors):
    """The goals of a running bus would bring their torque on, and them to where they were."""
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        with motors.lock:
            for motor in motors.emulator.motors.values():
                motor.lose_power()
            motors.emulator.silent = set(motors.emulator.motors)
        latch(motors, feeder)
        with motors.lock:
            motors.plant.positions += 0.2  # the arm has sunk
            sunk = motors.plant.positions.copy()
            for motor in motors.emulator.motors.values():
                motor.reboot(0.0)
            motors.emulator.silent = set()
        feeder.wait_cycles(60)
        assert not any(motors.torque)
        feeder.stop(state=1)
        feeder.wait("a clear bus", lambda bus: not bus.latched and bus.gate == HOLD)
        assert all(motors.torque)
        assert np.allclose(motors.plant.positions, sunk, atol=HALF_A_DEGREE)


@pytest.mark.req("S2")
def test_an_overloaded_motor_stops_the_others_and_stays_a_fault_after_reset(motors):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        with motors.lock:
            motors.emulator.motors[2].fail(0x20)
        latch(motors, feeder)
        assert feeder.bus.reason == "hardware_error:joint_2"
        feeder.stop(state=1)
        assert "overload" in feeder.wait_told("fault_stays")["text"]
        assert feeder.bus.latched


@pytest.mark.req("S2")
def test_a_motor_that_began_anew_gets_no_goal_that_would_bring_its_torque_on(motors):
    with brought_up(motors, lost_cycles_max=100) as feeder:
        get_moving(motors, feeder)
        with motors.lock:
            motors.emulator.motors[4].lose_power()
            motors.emulator.silent.add(4)
        feeder.wait_cycles(3)
        with motors.lock:
            motors.emulator.motors[4].reboot(0.0)
            motors.emulator.silent.clear()
        latch(motors, feeder)
        assert feeder.bus.reason == "torque_off:joint_4"
        feeder.wait_cycles(20)
        assert motors.torque == [True, True, True, False, True, True, True]


@pytest.mark.req("S1")
def test_a_killed_bus_process_leaves_the_motors_at_their_last_goal_for_nobody_stops_them(motors):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        os.kill(feeder.child.pid, signal.SIGKILL)
        feeder.child.wait(10.0)
        time.sleep(0.01)  # what it wrote has arrived
        with motors.lock:
            at = motors.plant.positions[0]
        motors.wait("rest", lambda: motors.resting)
        # Its last goal was no farther ahead than the lag of the motor and a cycle.
        assert motors.plant.positions[0] - at < 0.05
        assert all(motors.torque)
        held = motors.plant.positions.copy()
    with brought_up(motors) as feeder:
        feeder.wait_cycles(20)
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)


@pytest.mark.req("S3")
def test_a_part_stays_gripped_when_the_bus_process_is_started_anew(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=START, plant=Gripping) as motors:
        with brought_up(motors) as feeder:
            feeder.goal_rad[6] -= 0.15
            feeder.wait_cycles(60)
            assert motors.plant.goals[6] == pytest.approx(START[6] - 0.15, abs=0.002)
            os.kill(feeder.child.pid, signal.SIGKILL)
        child = BusChild(feetech_plan(motors.link, **PATIENT))
        child.wait_ready(40.0)
        assert motors.plant.goals[6] == pytest.approx(START[6] - 0.15, abs=0.002)
        child.close()


def test_told_to_end_it_rests_and_switches_every_torque_off(motors):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        motors.emulator.silent.add(4)
        os.kill(feeder.child.pid, signal.SIGTERM)
        assert feeder.child.wait(10.0)
        assert feeder.child.exit_code == 0
        assert motors.torque == [False, False, False, True, False, False, False]
        [failed] = feeder.wait_told("ended")["failed"]
        assert failed.startswith("joint_4: ")
        assert feeder.bus.gate == CLOSED


def test_what_cannot_be_brought_up_is_refused_with_everything_that_is_wrong(motors):
    motors.emulator.silent.add(2)
    motors.emulator.motors[5]._put(3, 1, 77)
    with pytest.raises(ValueError, match="joint_2: motor 2 does not answer") as refusal:
        brought_up(motors).__enter__()
    assert "motor 5 is Feetech model 77.3, not STS3215, " in str(refusal.value)
    assert motors.torque == [False] * JOINTS
