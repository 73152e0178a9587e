"""Torque taken in stops of category 0 and 1, where a joint may lose it; brought back by a reset."""

from dataclasses import replace

import numpy as np
import pytest
from emulated import JOINTS, PATIENT, RunningMotors, fed, get_moving, plan_for

from hrc_cell.core.gate import Phase

START = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)
HALF_A_DEGREE = 0.0087
FREE = (0, 5)  # joints that may lose their torque, where a test names none


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=START) as running:
        yield running


def brought_up(motors, may_lose=FREE):
    plan = plan_for(motors.link, **PATIENT)
    marked = tuple(
        replace(motor, release_on_stop=index in may_lose) for index, motor in enumerate(plan.motors)
    )
    return fed(replace(plan, motors=marked), START)


def torque_without(joints):
    return [index not in joints for index in range(JOINTS)]


@pytest.mark.req("S3")
@pytest.mark.parametrize("category", [0, 1])
def test_the_joints_that_may_lose_their_torque_do_and_a_reset_brings_it_back(motors, category):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        feeder.category = category
        feeder.stop(state=0)
        feeder.wait("the stop", lambda bus: bus.reason == f"stop_category_{category}")
        taken = feeder.wait_told("torque_taken")
        assert taken == {"kind": "torque_taken", "category": category,
                         "joints": ["joint_1", "joint_6"]}  # fmt: skip
        motors.wait("torque gone", lambda: motors.torque == torque_without(FREE))
        feeder.wait("hold", lambda bus: bus.gate == Phase.HOLD)
        motors.wait("rest", lambda: motors.resting)
        feeder.category, feeder.speed_radps = 255, 0.0
        feeder.wait_cycles(30)
        assert motors.torque == torque_without(FREE)
        with motors.lock:
            held = motors.plant.positions.copy()
        feeder.stop(state=1)
        feeder.wait("a clear bus", lambda bus: not bus.latched, 30.0)
        assert all(motors.torque)
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)


@pytest.mark.req("S3")
def test_category_1_comes_to_rest_first_and_category_0_does_not_wait(motors):
    speeds = {}
    for category in (0, 1):
        with brought_up(motors) as feeder:
            get_moving(motors, feeder)
            feeder.category = category
            watched = Watched(motors)
            feeder.stop(state=0)
            motors.wait("torque gone", lambda watched=watched: watched.gone())
            speeds[category] = watched.speed_radps
            feeder.wait("hold", lambda bus: bus.gate == Phase.HOLD)
            feeder.speed_radps = 0.0
    assert speeds[1] < 0.05 < speeds[0]


class Watched:
    """The speed that joint 1 had when its torque went."""

    def __init__(self, motors):
        self._motors, self.speed_radps = motors, 0.0

    def gone(self):
        if self._motors.emulator.motors[1].torque_on:
            self.speed_radps = abs(self._motors.plant.velocities[0])
            return False
        return True


@pytest.mark.parametrize("category", [0, 1, 2, 255])
def test_joints_that_would_fall_are_held_in_every_category(motors, category):
    with brought_up(motors, may_lose=()) as feeder:
        get_moving(motors, feeder)
        feeder.category = category
        feeder.stop(state=0)
        feeder.wait("hold", lambda bus: bus.gate == Phase.HOLD)
        motors.wait("rest", lambda: motors.resting)
        feeder.wait_cycles(20)
        assert all(motors.torque)
        assert not feeder.bus.latched


@pytest.mark.req("S2")
def test_a_permit_that_is_void_takes_no_torque(motors):
    with brought_up(motors) as feeder:
        feeder.stop(state=0)
        feeder.wait_cycles(10)
        feeder.category, feeder.oldest_s = 0, 9.0
        feeder.wait("a void permit", lambda bus: bus.reason == "sample_too_old")
        feeder.wait_cycles(20)
        assert all(motors.torque)
        feeder.category, feeder.oldest_s = 2, 0.05
        feeder.wait("a good permit", lambda bus: bus.reason != "sample_too_old")
        feeder.wait_cycles(20)
        assert all(motors.torque)


def test_all_torque_goes_where_every_joint_may_lose_it_and_a_silent_motor_is_told(motors):
    with brought_up(motors, may_lose=range(JOINTS)) as feeder:
        feeder.stop(state=0)
        feeder.wait_cycles(10)
        motors.emulator.silent.add(3)
        feeder.category = 0
        feeder.wait("a closed gate", lambda bus: bus.gate == Phase.CLOSED)
        motors.wait("torque gone", lambda: motors.torque == [i == 2 for i in range(JOINTS)])
        feeder.wait("a word", lambda _: any(line["kind"] == "torque_stays" for line in feeder.told))
        [stays] = [line for line in feeder.told if line["kind"] == "torque_stays"]
        assert stays["joints"] == ["joint_3"]
        motors.emulator.silent.clear()
        motors.wait("the last torque gone", lambda: not any(motors.torque))
