"""Shafts and joints: what a motor counts, whichever way it is built in."""

import math

import pytest

from hrc_cell.adapters.sim.plant import ArmPlant
from hrc_cell.settings.robot import Motor


def plant_of(world, reversed_, zero_counts):
    motors = [
        Motor(joint=name, motor_id=index, reversed=reversed_, zero_counts=zero_counts)
        for index, name in enumerate(world.scene.joint_names)
    ]
    return ArmPlant(world.motors, motors)


def test_a_plain_motor_turns_as_its_joint(world):
    plant = plant_of(world, False, 2048)
    plant.set_goal(0, 0.5)
    world.run(1.0)
    assert world.motors.position_rad(0) == pytest.approx(0.5, abs=0.003)
    assert plant.position_rad(0) == pytest.approx(world.motors.position_rad(0))
    assert plant.current_a(1) == pytest.approx(world.motors.current_a(1))


def test_a_reversed_motor_with_a_shifted_zero_turns_the_other_way_from_there(world):
    plant = plant_of(world, True, 1024)
    assert plant.position_rad(0) == pytest.approx(-math.pi / 2, abs=1e-3)
    plant.set_goal(0, -math.pi / 2 - 0.5)
    world.run(0.1)
    assert world.motors.velocity_radps(0) > 0.1
    assert plant.velocity_radps(0) == pytest.approx(-world.motors.velocity_radps(0))
    world.run(1.0)
    assert world.motors.position_rad(0) == pytest.approx(0.5, abs=0.003)
    assert plant.current_a(1) == pytest.approx(-world.motors.current_a(1))


def test_a_current_limit_is_a_torque_limit(world):
    plant = plant_of(world, False, 2048)
    none = math.inf
    plant.limit(6, velocity_radps=none, acceleration_radps2=none, current_a=0.4)
    plant.set_goal(6, 5.0)
    for _ in range(300):
        world.step()
        assert abs(plant.current_a(6)) <= 0.4 + 1e-9


def test_power_off_leaves_the_shaft_to_the_gears(world):
    plant = plant_of(world, False, 2048)
    plant.power(0, on=False)
    plant.set_goal(0, 1.0)
    world.run(0.5)
    assert plant.position_rad(0) == pytest.approx(0.0, abs=0.01)
    assert plant.current_a(0) == 0.0
