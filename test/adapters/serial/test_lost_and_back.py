"""Adapter pulled out, power cut, a motor reset: told by name, and only a person's reset ends it."""

import contextlib
import os
import signal
import struct
from pathlib import Path

import numpy as np
import pytest
from emulated import JOINTS, PATIENT, RunningMotors, fed, get_moving, plan_for
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.serial.master import Freshness
from hrc_cell.adapters.serial.port import AGAIN_MAX_S, Again, PortLost
from hrc_cell.core.gate import Phase

START = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)
HALF_A_DEGREE = 0.0087


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=START) as running:
        yield running


def brought_up(motors, **changes):
    """Return a feeder of a bus process, once its motors are up."""
    return fed(plan_for(motors.link, **{**PATIENT, **changes}), START)


def stop_all(feeder):
    """Let the monitor act on the fault."""
    feeder.speed_radps = 0.0
    feeder.stop(state=0)
    feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)


def reset(motors, feeder):
    """Let a person reset; the motors come up where they are."""
    with motors.lock:
        held = motors.plant.positions.copy()
    feeder.stop(state=1)
    feeder.wait("a clear bus", lambda bus: not bus.latched and bus.gate == Phase.HOLD, 30.0)
    assert all(motors.torque)
    assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)
    feeder.goal_rad[:] = held


def newest_s(bus):
    return max(motor.reply_s for motor in bus.motors)


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_a_port_that_is_pulled_stops_all_and_is_back_only_with_a_reset(motors):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        motors.unplug()
        feeder.wait("the fault", lambda bus: bus.latched)
        assert (feeder.bus.reason, feeder.bus.gate) == ("port_lost", Phase.CLOSED)
        motors.wait("rest", lambda: motors.resting)  # by the motors' own watchdogs
        assert "is gone" in feeder.wait_told("fault")["text"]
        last_s = newest_s(feeder.bus)
        feeder.wait_cycles(50)
        assert newest_s(feeder.bus) == last_s  # nothing old is told as new
        stop_all(feeder)
        feeder.stop(state=1)  # a person resets too early
        assert feeder.wait_told("fault_stays")["text"]
        with motors.lock:  # and meanwhile somebody switches the torque of one off
            motors.emulator.motors[2].write(64, b"\0")
        motors.plug()
        feeder.wait_told("port_back")
        feeder.wait("samples", lambda bus: min(m.reply_s for m in bus.motors) > last_s)
        feeder.wait_cycles(50)
        assert feeder.bus.latched
        assert motors.torque == [True, False, True, True, True, True, True]
        with motors.lock:
            powered = [m for m in motors.emulator.motors.values() if m.torque_on]
            assert all(motor.watchdog_tripped for motor in powered)
        stop_all(feeder)
        reset(motors, feeder)
        assert feeder.told[-1] == {"kind": "fault_cleared", "fault": "port_lost"}
        get_moving(motors, feeder)


@pytest.mark.req("S3")
def test_fifty_replugs_leave_no_descriptor_and_switch_no_torque_on(motors):
    with brought_up(motors) as feeder:
        had = descriptors(feeder.child.pid)
        with motors.lock:
            for motor in motors.emulator.motors.values():
                motor.write(64, b"\0")
        for count in range(50):
            motors.unplug()
            feeder.wait("the loss", lambda _: not has_port(feeder))
            motors.plug()
            feeder.wait("the port", lambda _, count=count: times_back(feeder) == count + 1)
            assert feeder.bus.latched
            assert not any(motors.torque)
        feeder.wait_cycles(5)
        assert descriptors(feeder.child.pid) == had
        stop_all(feeder)
        reset(motors, feeder)
        assert descriptors(feeder.child.pid) == had


def times_back(feeder):
    return sum(line["kind"] == "port_back" for line in feeder.told)


def has_port(feeder):
    """Return whether the bus process has a terminal open."""
    for fd in Path(f"/proc/{feeder.child.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if "/pts/" in os.readlink(fd):
                return True
    return False


def test_told_to_end_without_its_port_it_ends_and_says_what_was_not_switched_off(motors):
    with brought_up(motors) as feeder:
        motors.unplug()
        feeder.wait("the fault", lambda bus: bus.latched)
        os.kill(feeder.child.pid, signal.SIGTERM)
        assert feeder.child.wait(10.0)
        assert feeder.child.exit_code == 0
        assert len(feeder.wait_told("ended")["failed"]) == JOINTS


def test_a_lost_port_is_tried_again_ever_more_rarely():
    again, times = Again(100.0), []
    now_s = 100.0
    for _ in range(2000):
        now_s += 0.01
        if again.due(now_s):
            times.append(round(now_s - 100.0, 2))
            again.failed(now_s, PortLost(2, "no such device"))
    assert times[:4] == [0.1, 0.3, 0.7, 1.5]
    assert np.allclose(np.diff(times[5:]), AGAIN_MAX_S, atol=0.02)
    assert again.why == "no such device"


class Supply:
    """The supply of emulated motors: cut, they are limp and silent; back, they begin anew."""

    def __init__(self, motors):
        self._motors = motors

    def cut(self, *ids):
        with self._motors.lock:
            for motor_id in ids or self._motors.emulator.motors:
                self._motors.emulator.motors[motor_id].lose_power()
                self._motors.emulator.silent.add(motor_id)

    def back(self, now_s, *ids):
        with self._motors.lock:
            for motor_id in ids or self._motors.emulator.motors:
                self._motors.emulator.motors[motor_id].reboot(now_s)
                self._motors.emulator.silent.discard(motor_id)


@pytest.mark.req("S2")
@pytest.mark.req("S3")
@pytest.mark.parametrize("for_cycles", [3, 100])
def test_a_power_cut_is_told_as_such_and_all_that_was_in_ram_is_written_anew(motors, for_cycles):
    supply = Supply(motors)
    with brought_up(motors) as feeder:
        before = ram(motors)
        get_moving(motors, feeder)
        supply.cut()
        feeder.wait_cycles(for_cycles)
        supply.back(feeder.now_s())
        feeder.wait("the fault", lambda bus: bus.latched)
        assert (feeder.bus.reason, feeder.bus.gate) == ("power_cut", Phase.CLOSED)
        stop_all(feeder)
        back_s = feeder.now_s()
        feeder.wait("samples", lambda bus: min(m.reply_s for m in bus.motors) > back_s)
        feeder.wait_cycles(20)
        assert not any(motors.torque)
        reset(motors, feeder)
        assert ram(motors) == before
        get_moving(motors, feeder)


def ram(motors):
    """Return the registers in RAM that the driver sets, of all motors."""
    places = ((64, 1), (98, 1), (102, 2), (108, 4), (112, 4))
    with motors.lock:
        return [
            [bytes(motor._table[at : at + size]) for at, size in places]
            for motor in motors.emulator.motors.values()
        ]


def test_a_motor_that_begins_anew_alone_is_named(motors):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        with motors.lock:
            motors.emulator.motors[3].reboot(feeder.now_s())
        feeder.wait("the fault", lambda bus: bus.latched)
        assert feeder.bus.reason == "motor_reset:joint_3"
        feeder.wait("hold", lambda bus: bus.gate == Phase.HOLD)
        assert motors.torque == [True, True, False, True, True, True, True]
        stop_all(feeder)
        reset(motors, feeder)


@pytest.mark.req("S2")
@given(
    uptime_s=st.floats(1.0, 30.0), away_s=st.floats(0.05, 1.0), share=st.floats(0.0, 1.0),
    late_s=st.floats(0.05, 10.0),
)  # fmt: skip
def test_a_reset_motor_is_told_from_a_late_reply(uptime_s, away_s, share, late_s):
    def heard():
        fresh = Freshness(0.013)
        assert fresh.fresh(uptime_s - 0.5, 99.5)
        assert fresh.fresh(uptime_s, 100.0)
        return fresh

    fresh, now_s = heard(), 100.0 + away_s
    since_boot_s = share * away_s
    if not fresh.fresh(since_boot_s, now_s):
        assert fresh.began_anew(since_boot_s, now_s)
    fresh, now_s = heard(), 100.0 + away_s + late_s
    late_tick_s = uptime_s + away_s
    assert not fresh.fresh(late_tick_s, now_s)
    if late_tick_s > away_s + late_s + 0.013:
        assert not fresh.began_anew(late_tick_s, now_s)


def test_power_that_stays_away_is_told_once_and_a_reset_does_not_help(motors):
    supply = Supply(motors)
    with brought_up(motors) as feeder:
        supply.cut()
        feeder.wait("the fault", lambda bus: bus.latched)
        assert feeder.bus.reason == "power_cut"
        stop_all(feeder)
        feeder.stop(state=1)
        assert "motor 1 does not answer" in feeder.wait_told("fault_stays")["text"]
        assert [line["kind"] for line in feeder.told].count("fault") == 1


@pytest.mark.req("S3")
@pytest.mark.parametrize("bits", [1, 2])
def test_a_motor_that_brings_its_torque_up_with_its_power_is_refused(motors, bits):
    with motors.lock:
        motors.emulator.motors[4]._put(60, 1, bits)
    with pytest.raises(ValueError, match=r"joint_4: .*Startup Configuration \(60\)"):
        brought_up(motors).__enter__()
    assert not any(motors.torque)
    with motors.lock:
        assert struct.unpack("<B", motors.emulator.motors[4]._table[60:61]) == (bits,)
