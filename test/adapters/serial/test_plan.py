"""Joints and counts are each other's inverse; what the wire cannot carry is refused in figures."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
from emulated import plan_for
from feetech import feetech_plan
from hypothesis import given
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.adapters.serial import registers
from hrc_cell.adapters.serial.feetech_registers import TABLES
from hrc_cell.adapters.serial.plan import BusPlan, MotorPlan, make_plan

HALF_COUNT_RAD = math.pi / 4096


@given(st.booleans(), st.integers(0, 4095), st.floats(-3.1, 3.1))
def test_radians_and_counts_are_each_others_inverse(reversed_, zero_counts, joint_rad):
    motor = MotorPlan(
        joint="j", motor_id=1, reversed=reversed_, zero_counts=zero_counts, lower_rad=-3.0,
        upper_rad=3.0, velocity_max_radps=1.0, planned_max_radps=1.0, current_max_a=None,
        squeeze_max_rad=0.0,
    )  # fmt: skip
    assert motor.radians(motor.counts(joint_rad)) == pytest.approx(joint_rad, abs=HALF_COUNT_RAD)
    assert motor.radians(zero_counts) == 0.0
    assert (motor.radians(zero_counts + 1) > 0.0) is not reversed_
    assert motor.signed(2.0) == (-2.0 if reversed_ else 2.0)


def test_a_plan_travels_as_text():
    plan = plan_for(Path("/dev/x"))
    assert BusPlan.from_json(plan.to_json()) == plan


def test_only_the_gripper_has_a_current_of_its_own_and_its_own_speed():
    motors = plan_for(Path("/dev/x")).motors
    assert [motor.current_max_a for motor in motors] == [None] * 6 + [0.4]
    assert [motor.velocity_max_radps for motor in motors] == [3.0] * 6 + [2.0]


def test_a_rate_that_the_wire_cannot_carry_is_refused_with_the_limit():
    plan = plan_for(Path("/dev/x"))
    # 14 + 7 x 5 goals, 14 + 7 asked, 7 x 27 answered, 14 + 18 for a slow one: 291 bytes of 10 bits
    assert plan.wire_limit_hz() == pytest.approx(1e6 / 2910)
    # in one frame: 8 + 7 x 20 answered
    assert plan.wire_limit_hz(fast=True) == pytest.approx(1e6 / 2500)
    plan_for(Path("/dev/x"), rate_hz=274.0).check_rate()
    with pytest.raises(ValueError, match="the wire carries 344 Hz, and 80% of that, 275 Hz"):
        plan_for(Path("/dev/x"), rate_hz=276.0).check_rate()


def test_the_wire_limit_is_that_of_the_protocol():
    # 8 + 7 x 3 goals, 8 + 7 asked, 7 x (6 + 31 + 3) answered: 324 bytes of 10 bits
    assert feetech_plan(Path("/dev/x")).wire_limit_hz() == pytest.approx(1e6 / 3240)
    # 29 goals, 7 x 8 asked, 7 x (6 + 27 + 3) answered
    scs = feetech_plan(Path("/dev/x"), protocol="feetech_scs")
    assert scs.wire_limit_hz() == pytest.approx(1e6 / 3370)
    with pytest.raises(ValueError, match="the wire carries 309 Hz, and 80% of that, 247 Hz"):
        feetech_plan(Path("/dev/x"), rate_hz=250.0).check_rate()


def test_a_cell_s_file_names_the_protocol():
    file = default_cell().file
    named = replace(file, bus=replace(file.bus, protocol="feetech_sts"))
    limits = {key: [4.0] * 7 for key in ("upper_rad", "velocity_max_radps")}
    plan = make_plan(named, port="/dev/x", lower_rad=[-3.0] * 7, **limits)
    assert (plan.protocol, plan.has_watchdog) == ("feetech_sts", False)
    assert {motor.rad_per_count for motor in plan.motors} == {TABLES["feetech_sts"].rad_per_count}
    assert BusPlan.from_json(plan.to_json()) == plan


@pytest.mark.parametrize(
    ("seconds", "steps"), [(0.02, 1), (0.1, 5), (0.119, 5), (0.001, 1), (9.0, 127)]
)
def test_a_watchdog_is_never_longer_than_asked_for_but_for_the_shortest(seconds, steps):
    assert registers.watchdog_steps(seconds) == steps


def test_a_register_knows_its_size_and_unit():
    assert registers.PRESENT_POSITION.size == 4
    assert registers.PROFILE_VELOCITY.unpack(bytes([100, 0, 0, 0])) == pytest.approx(
        2.398, abs=1e-3
    )
    assert registers.GOAL_CURRENT.pack(-1) == b"\xff\xff"
    with pytest.raises(ValueError, match="2 bytes for 4"):
        registers.GOAL_POSITION.unpack(b"\0\0")
    with pytest.raises(ValueError, match="does not fit"):
        registers.TORQUE_ENABLE.pack(256)
