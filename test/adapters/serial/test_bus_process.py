"""The bus process as a real child on a real pseudo-terminal, through everything that goes wrong."""

import os
import signal
import struct
import time

import numpy as np
import pytest
from emulated import JOINTS, PATIENT, RunningMotors, fed, get_moving, plan_for

from hrc_cell.adapters.serial import bus_loop
from hrc_cell.adapters.serial.bus_loop import BusLoop
from hrc_cell.adapters.serial.child import BusChild
from hrc_cell.adapters.serial.drives import make_drive
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.shared import Command, GoalRecord, PermitRecord, Shared
from hrc_cell.core.gate import Phase

START = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)
HALF_A_DEGREE = 0.0087
OPEN, HOLD, CLOSED = Phase.OPEN, Phase.HOLD, Phase.CLOSED
PING_STATUS_SIZE = 14


class Taciturn(Emulator):
    """Motors of which some answer to a ping and say nothing else."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.only_greet = set()

    def feed(self, data, now_s):
        replies = super().feed(data, now_s)
        return [
            reply for reply in replies
            if getattr(reply, "motor_id", reply[4]) not in self.only_greet
            or len(reply) == PING_STATUS_SIZE
        ]  # fmt: skip


class Gripping(FreeMotors):
    """Motors of which the gripper's cannot close any farther."""

    def _step(self, dt_s):
        super()._step(dt_s)
        if self.positions[6] < START[6]:
            self.positions[6], self.velocities[6] = START[6], 0.0


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=START, emulator=Taciturn) as running:
        yield running


def brought_up(motors, **changes):
    """Return a feeder of a bus process, once its motors are up."""
    return fed(plan_for(motors.link, **{**PATIENT, **changes}), START)


@pytest.mark.req("S3")
def test_the_motors_come_up_where_they_stand_whatever_goals_they_had(motors):
    with motors.lock:
        for motor in motors.emulator.motors.values():
            assert motor.write(116, struct.pack("<i", 3500)) == 0
    with brought_up(motors) as feeder:
        feeder.wait_cycles(25)
        assert all(motors.torque)
        assert motors.moved_rad.max() < HALF_A_DEGREE
        for motor in motors.emulator.motors.values():
            assert (motor.value(9), motor.value(98), motor.value(11)) == (
                0, 25, 5 if motor.motor_id == JOINTS else 3,
            )  # fmt: skip
        feeder.wait("every slow register", lambda bus: bus.motors[-1].voltage_v == 12.0)
        for seen, at in zip(feeder.bus.motors, START, strict=True):
            assert seen.position_rad == pytest.approx(at, abs=HALF_A_DEGREE)
            assert (seen.temperature_c, seen.torque_on, seen.hardware_error) == (32.0, True, 0)
        assert feeder.told[0]["fast_read"]
        assert feeder.told[0]["wire_limit_hz"] == pytest.approx(400.0, abs=0.1)


@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_motion_needs_a_living_permit_and_goes_on_without_a_jump(motors):
    with brought_up(motors) as feeder:
        feeder.speed_radps = 0.3
        feeder.stop()
        feeder.wait_cycles(20)
        assert motors.moved_rad.max() < HALF_A_DEGREE
        feeder.speed_radps, feeder.goal_rad[:] = 0.0, START
        get_moving(motors, feeder)
        feeder.wait("an open gate", lambda bus: bus.gate == OPEN)
        feeder.permit = False  # the monitor is gone
        feeder.wait("hold", lambda bus: bus.gate == HOLD and bus.reason == "permit_expired")
        motors.wait("rest", lambda: motors.resting)
        feeder.wait_cycles(20)
        held = motors.plant.positions.copy()
        feeder.permit = True
        feeder.wait("a goal that is far away now", lambda bus: bus.reason.startswith("rejoin"))
        assert np.allclose(motors.plant.positions, held, atol=0.002)
        feeder.speed_radps, feeder.goal_rad[:] = 0.0, held
        feeder.wait("an open gate", lambda bus: bus.gate == OPEN)
        feeder.goals = False  # the executor is gone
        feeder.wait("hold", lambda bus: bus.gate == HOLD and bus.reason == "goal_expired")
        assert np.allclose(motors.plant.positions, held, atol=0.005)


@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_a_lost_motor_stops_all_until_it_is_back_and_a_person_has_reset(motors):
    with brought_up(motors, lost_cycles_max=5) as feeder:
        get_moving(motors, feeder)
        motors.emulator.silent.add(3)
        feeder.wait("the fault", lambda bus: bus.latched)
        assert feeder.bus.reason == "motor_lost:joint_3"
        feeder.wait("hold", lambda bus: bus.gate == HOLD)
        motors.wait("rest", lambda: motors.resting)
        assert all(motors.torque)
        motors.emulator.silent.clear()
        feeder.wait_cycles(20)
        assert feeder.bus.latched
        assert not feeder.bus.latch_seen
        feeder.stop(state=0)
        feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
        held = motors.plant.positions.copy()
        feeder.stop(state=1)
        feeder.wait("a clear bus", lambda bus: not bus.latched)
        feeder.wait("hold", lambda bus: bus.gate == HOLD)
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)
        kinds = [line["kind"] for line in feeder.told]
        assert kinds[:4] == ["ready", "fast_read_off", "fault", "fault_cleared"]


def test_a_motor_silent_for_a_while_costs_the_common_frame_and_no_fault(motors):
    with brought_up(motors) as feeder:
        assert feeder.told[0]["fast_read"]
        get_moving(motors, feeder)
        with motors.lock:
            motors.emulator.silent.add(3)
        assert feeder.wait_told("fast_read_off")["wire_limit_hz"] == pytest.approx(343.6, abs=0.1)
        with motors.lock:
            motors.emulator.silent.clear()
        feeder.wait_cycles(50)
        assert feeder.told[-1]["kind"] == "fast_read_off"  # once, and nothing else
        assert not feeder.bus.latched
        assert feeder.bus.gate == OPEN


def lose_and_latch(motors, feeder):
    """Lose joint 3 in motion, and let the monitor act on it."""
    get_moving(motors, feeder)
    motors.emulator.silent.add(3)
    feeder.wait("the fault", lambda bus: bus.latched)
    feeder.speed_radps = 0.0
    feeder.stop(state=0)
    feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
    feeder.wait("hold", lambda bus: bus.gate in (HOLD, CLOSED))
    motors.wait("rest", lambda: motors.resting)
    motors.emulator.silent.clear()


def assert_only_another_reset_clears(motors, feeder):
    """The motors are sound again; that frees nothing, until a person resets once more."""
    held = motors.plant.positions.copy()
    for permit in (lambda: feeder.stop(state=1), feeder.free):
        permit()
        feeder.speed_radps, feeder.rejoins = 0.2, True
        feeder.wait_cycles(100)
        assert (feeder.bus.latched, feeder.bus.latch_seen) == (True, False)
        assert np.allclose(motors.plant.positions, held, atol=0.002)
    feeder.speed_radps, feeder.rejoins = 0.0, False
    feeder.stop(state=0)
    feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
    feeder.stop(state=1)
    feeder.wait("a clear bus", lambda bus: not bus.latched and bus.gate == HOLD)
    assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)


@pytest.mark.req("S3")
def test_a_reset_is_used_up_when_a_motor_does_not_answer_for_a_while(motors):
    with brought_up(motors) as feeder:
        lose_and_latch(motors, feeder)
        motors.emulator.only_greet.add(3)
        feeder.stop(state=1)
        assert "motor 3 does not answer" in feeder.wait_told("fault_stays")["text"]
        motors.emulator.only_greet.clear()
        assert_only_another_reset_clears(motors, feeder)


@pytest.mark.req("S3")
def test_a_reset_is_used_up_at_once_when_a_motor_answers_with_an_error(motors):
    with brought_up(motors) as feeder:
        lose_and_latch(motors, feeder)
        with motors.lock:
            motors.emulator.motors[7]._put(38, 2, 50)  # Current Limit, below the goal
        feeder.stop(state=1)
        stays = feeder.wait_told("fault_stays")["text"]
        assert stays.startswith("gripper: writing Goal Current")
        with motors.lock:
            motors.emulator.motors[7]._put(38, 2, 1193)
        assert_only_another_reset_clears(motors, feeder)


@pytest.mark.req("S3")
def test_a_fault_is_never_cleared_once_the_cell_is_started(motors):
    with brought_up(motors) as feeder:
        lose_and_latch(motors, feeder)
        feeder.free()
        assert "started before" in feeder.wait_told("fault_stays")["text"]
        assert_only_another_reset_clears(motors, feeder)


@pytest.mark.req("S3")
def test_a_motor_that_answers_again_soon_after_the_reset_is_brought_up_by_it(motors):
    with brought_up(motors) as feeder:
        lose_and_latch(motors, feeder)
        motors.emulator.only_greet.add(3)
        feeder.stop(state=1)
        feeder.wait("a try that failed", lambda bus: bus.gate == CLOSED)
        assert feeder.bus.latch_seen
        motors.emulator.only_greet.clear()
        feeder.wait("a clear bus", lambda bus: not bus.latched and bus.gate == HOLD)


@pytest.mark.req("S1")
def test_what_was_said_before_the_motors_were_brought_up_moves_nothing_after(motors):
    plan, shared = plan_for(motors.link, **PATIENT), Shared(JOINTS)
    port = Port(plan.port, plan.baud)
    loop = BusLoop(plan, shared, make_drive(plan, port))
    loop.bring_up()
    motors.emulator.motors[2].reboot(time.monotonic())  # its torque is gone
    for _ in range(100):
        loop._run_cycle(time.monotonic(), plan.period_s)
    assert loop.fault == "motor_reset:joint_2"
    opening = (*START[:6], START[6] + 0.2)
    for state in (bus_loop.LATCHED, bus_loop.READY):
        now_s = time.monotonic()
        permit = PermitRecord(
            seq=1, stamp_s=now_s, lease_s=0.06, speed_ratio=0.0, oldest_sample_age_s=0.05,
            reaction_time_s=0.2, gripper_permitted=True, state=state,
            same_config=True,
        )  # fmt: skip
        goal = GoalRecord(
            seq=1, stamp_s=now_s, lifetime_s=0.1, positions_rad=opening,
            velocities_radps=(0.0,) * JOINTS,
        )  # fmt: skip
        shared.write_command(Command(permit=permit, goal=goal))
        loop._run_cycle(now_s, plan.period_s)
    assert time.monotonic() - now_s > goal.lifetime_s  # bringing up takes longer than it lives
    assert (loop.fault, shared.read_state().reason) == ("", "started")
    assert loop.gate.commanded_rad[6] == pytest.approx(START[6], abs=0.002)
    port.close()
    shared.close()


@pytest.mark.req("S3")
@pytest.mark.parametrize(("squeeze_rad", "kept_rad"), [(0.15, 0.15), (0.25, 0.0)])
def test_a_part_stays_gripped_when_the_bus_process_is_started_anew(tmp_path, squeeze_rad, kept_rad):
    with RunningMotors(tmp_path / "motors", start_rad=START, plant=Gripping) as motors:
        with brought_up(motors) as feeder:
            feeder.goal_rad[6] -= squeeze_rad
            feeder.wait_cycles(60)
            assert motors.plant.goals[6] == pytest.approx(START[6] - squeeze_rad, abs=0.002)
            os.kill(feeder.child.pid, signal.SIGKILL)
            motors.wait(
                "tripped watchdogs",
                lambda: all(motor.watchdog_tripped for motor in motors.emulator.motors.values()),
            )
        child = BusChild(plan_for(motors.link, **PATIENT))
        child.wait_ready(20.0)
        assert motors.plant.goals[6] == pytest.approx(START[6] - kept_rad, abs=0.002)
        assert motors.moved_rad.max() < HALF_A_DEGREE
        child.close()


@pytest.mark.req("S1")
def test_a_killed_bus_process_leaves_the_motors_to_their_watchdog_and_a_new_one_takes_over(motors):
    with brought_up(motors, watchdog_s=0.1) as feeder:
        get_moving(motors, feeder)
        os.kill(feeder.child.pid, signal.SIGKILL)
        motors.wait(
            "tripped watchdogs",
            lambda: all(motor.watchdog_tripped for motor in motors.emulator.motors.values()),
        )
        motors.wait("rest", lambda: motors.resting)
        assert all(motors.torque)
    held = motors.plant.positions.copy()
    with brought_up(motors) as feeder:
        feeder.wait_cycles(20)
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)
        assert not any(motor.watchdog_tripped for motor in motors.emulator.motors.values())
        assert all(motor.value(112) for motor in motors.emulator.motors.values())


@pytest.mark.req("S3")
def test_after_a_pause_longer_than_the_watchdog_it_comes_up_anew_once_reset(motors):
    with brought_up(motors, watchdog_s=0.1) as feeder:
        get_moving(motors, feeder)
        os.kill(feeder.child.pid, signal.SIGSTOP)
        motors.wait(
            "tripped watchdogs",
            lambda: all(motor.watchdog_tripped for motor in motors.emulator.motors.values()),
        )
        motors.wait("rest", lambda: motors.resting)
        held = motors.plant.positions.copy()
        os.kill(feeder.child.pid, signal.SIGCONT)
        feeder.wait("the fault", lambda bus: bus.latched)
        assert feeder.bus.reason == "bus_stalled"
        feeder.stop(state=0)
        feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
        feeder.stop(state=1)
        feeder.wait("a clear bus", lambda bus: not bus.latched and bus.gate == HOLD)
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)
        assert not any(motor.watchdog_tripped for motor in motors.emulator.motors.values())


@pytest.mark.req("S2")
def test_an_overloaded_motor_stops_the_others_and_stays_a_fault_after_reset(motors):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        with motors.lock:
            motors.emulator.motors[2].fail(0x20)
        feeder.wait("the fault", lambda bus: bus.latched)
        assert feeder.bus.reason == "hardware_error:joint_2"
        feeder.stop(state=0)
        feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
        feeder.stop(state=1)
        assert "overload" in feeder.wait_told("fault_stays")["text"]
        assert feeder.bus.latched
        assert motors.torque == [True, False, True, True, True, True, True]


def test_told_to_end_it_rests_and_switches_every_torque_off(motors):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder, 1.0)
        motors.emulator.silent.add(4)
        os.kill(feeder.child.pid, signal.SIGTERM)
        assert feeder.child.wait(10.0)
        assert feeder.child.exit_code == 0
        assert motors.torque == [False, False, False, True, False, False, False]
        [failed] = feeder.wait_told("ended")["failed"]
        assert failed.startswith("joint_4: ")
        assert feeder.bus.gate == CLOSED


def test_the_node_can_ask_for_the_end_through_the_memory(motors):
    with brought_up(motors) as feeder:
        feeder.__exit__()
        feeder.child.shared.write_command(Command(end=True))
        assert feeder.child.wait(10.0)
        assert motors.torque == [False] * JOINTS


def test_what_cannot_be_brought_up_is_refused_with_everything_that_is_wrong(motors):
    motors.emulator.silent.add(2)
    motors.emulator.motors[5]._put(0, 2, 350)
    motors.emulator.motors[6]._put(6, 1, 37)
    with pytest.raises(ValueError, match="joint_2: motor 2 does not answer") as refusal:
        brought_up(motors).__enter__()
    assert "motor 5 is model 350, not XM430-W350, " in str(refusal.value)
    assert "firmware 37 of motor 6" in str(refusal.value)
    assert not any(motors.torque)


def test_a_port_that_another_has_open_is_refused(motors):
    with brought_up(motors), pytest.raises(ValueError, match="another program has it open"):
        brought_up(motors).__enter__()


@pytest.mark.parametrize(
    ("address", "value", "named"), [(9, 250, "Return Delay"), (11, 5, "Operating Mode")]
)
def test_a_motor_under_torque_is_not_dropped_for_the_sake_of_a_setting(
    motors, address, value, named
):
    with motors.lock:
        motors.emulator.motors[2].write(9, bytes([0]))
        motors.emulator.motors[2].write(address, bytes([value]))
        motors.emulator.motors[2].write(64, bytes([1]))
    with pytest.raises(ValueError, match=f"joint_2: {named}.* support the arm, switch"):
        brought_up(motors).__enter__()
    assert motors.torque == [False, True] + [False] * 5


def test_a_motor_with_a_hardware_error_is_not_switched_on(motors):
    motors.emulator.motors[2].fail(0x24)
    with pytest.raises(ValueError, match="motor 2 reports overheating, overload"):
        brought_up(motors).__enter__()
    assert not any(motors.torque)
