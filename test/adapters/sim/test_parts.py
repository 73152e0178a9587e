"""A part's way: out of the tray, held out, into a person's hand; and what becomes of the others."""

import numpy as np
import pytest

from hrc_cell.core.pull import Feeling, PullLimits, felt

OPEN, CLOSED = 0.7, 0.0


def fetch(world):
    """Pick the part at the feeder's end and hold it out."""
    world.move("home", OPEN, 0.5)
    world.move("above_tray", OPEN)
    world.move("at_tray", OPEN, 0.8)
    world.move("at_tray", CLOSED, 0.4)
    world.move("above_tray", CLOSED, 0.8)
    world.move("offer", CLOSED)


def test_the_robot_picks_the_part_and_feels_it_between_the_pads(world):
    fetch(world)
    assert world.places()["part_1"] == "gripper"
    places, occupied = world.parts.sensors()
    assert dict(zip(places, occupied, strict=True))["gripper"]
    # The goal is closed, and the part keeps the pads its own width apart.
    assert world.motors.position_rad(6) == pytest.approx(world.scene.hold_rad, abs=0.02)


def test_closing_beside_a_part_picks_nothing(world):
    world.move("above_tray", OPEN)
    world.move("above_tray", CLOSED, 0.5)
    assert world.parts.held is None
    assert world.motors.position_rad(6) == pytest.approx(0.0, abs=0.02)


def test_a_part_held_out_is_sensed_there_and_the_next_one_moves_up(world):
    fetch(world)
    world.run(1.5)
    sensed = dict(zip(*world.parts.sensors(), strict=True))
    assert sensed == {
        "gripper": True, "handover": True,
        "tray_1": True, "tray_2": True, "tray_3": True, "tray_4": False,
    }  # fmt: skip
    assert world.places()["part_2"] == "tray_1"


def test_a_person_who_takes_gets_the_part_when_the_gripper_opens(make_world, make_person):
    world = make_world(people=(make_person(path_m=((3.0, 0.5),)),))
    world.power()
    fetch(world)
    world.direct(1, "take", [], 1.2)
    part = world.parts.held
    world.until(lambda: world.people[0].near(part.position_m), 6.0)
    assert world.places()["part_1"] == "gripper"  # it waits for the release
    world.move("offer", OPEN, 0.3)
    assert world.places()["part_1"] == "person_1"
    world.run(world.direct(1, "leave", [], 1.5) + 2.0)
    taken = next(p for p in world.parts.parts if p.name == "part_1")
    assert np.linalg.norm(taken.position_m[:2] - world.people[0].position_m) < 0.7
    assert world.people[0].position_m[0] > 6.0


def test_a_person_with_that_habit_comes_by_itself_and_goes_on_with_its_way(make_world, make_person):
    way = ((4.0, 1.0), (4.0, -1.0))
    habit = make_person(behaviour="scripted", path_m=way, takes_parts=True)
    world = make_world(people=(habit,))
    world.power()
    fetch(world)
    part = world.parts.held
    world.until(lambda: world.people[0].near(part.position_m), 10.0)
    world.move("offer", OPEN, 0.3)
    assert world.places()["part_1"] == "person_1"
    world.until(lambda: world.people[0].position_m[0] > 3.9, 10.0)


LIMITS = PullLimits(least_a=0.15, spread_sigmas=6.0, drift_a=0.01, learn_samples=10, pull_samples=2)


@pytest.mark.parametrize("pull_n", [0.0, 12.0])
def test_a_person_who_pulls_is_felt_in_the_currents_and_one_who_only_holds_is_not(
    make_world, make_person, pull_n
):
    world = make_world(people=(make_person(path_m=((3.0, 0.5),), pull_n=pull_n),))
    world.power()
    fetch(world)

    def sample(feeling, *, learning):
        world.run(0.1)
        currents = [world.motors.current_a(index) for index in range(world.joints)]
        return felt(feeling, currents, LIMITS, learning=learning)

    feeling = Feeling()
    for _ in range(10):
        feeling = sample(feeling, learning=True)
    rest_rad = world.truth().position_rad
    world.direct(1, "take", [], 1.2)
    part, pulled = world.parts.held, []
    for _ in range(60):
        feeling = sample(feeling, learning=False)
        pulled.append((world.people[0].near(part.position_m), feeling.pulled))
    assert pulled[-1] == (True, pull_n > 0.0)
    assert not any(feels for near, feels in pulled if not near)
    assert np.abs(world.truth().position_rad - rest_rad).max() < 0.02, "the arm stands"
    world.move("offer", OPEN, 0.3)
    assert world.places()["part_1"] == "person_1"


def hand_over(world):
    """Have the first person take the part, and the arm go away."""
    fetch(world)
    world.direct(1, "take", [], 1.2)
    part = world.parts.held
    world.until(lambda: world.people[0].near(part.position_m), 8.0)
    world.move("offer", OPEN, 0.3)
    assert world.places()["part_1"] == "person_1"


def test_a_person_who_gives_holds_the_part_in_and_lets_go_when_the_gripper_closes(
    make_world, make_person
):
    world = make_world(people=(make_person(path_m=((3.0, 0.5),)),))
    world.power()
    with pytest.raises(ValueError, match="give needs a part in the hand"):
        world.direct(1, "give", [], 1.2)
    hand_over(world)
    world.run(1.0)
    assert world.parts.wanted_m(world.hand()) is None, "open and empty, but it did not come so"
    world.move("home", OPEN)
    world.direct(1, "give", [], 1.2)
    world.run(2.0)
    assert world.people[0].giving
    assert not any(part.held_in for part in world.parts.parts), "nothing to hold it into yet"
    world.move("offer", OPEN)
    world.until(lambda: any(part.held_in for part in world.parts.parts), 4.0)
    world.run(1.0)
    assert world.places()["part_1"] == "person_1", "the gripper is open"
    world.move("offer", CLOSED, 0.4)
    assert world.places()["part_1"] == "gripper"
    assert not world.people[0].carrying
    assert world.motors.position_rad(6) == pytest.approx(world.scene.hold_rad, abs=0.02)
    world.run(1.0)
    assert dict(zip(*world.parts.sensors(), strict=True))["gripper"]
    world.move("above_done", CLOSED)
    world.move("at_done", CLOSED, 0.8)
    world.move("at_done", OPEN, 0.4)
    world.run(0.5)
    part = next(p for p in world.parts.parts if p.name == "part_1")
    assert part.place == "table"
    assert part.position_m == pytest.approx([0.30, -0.24, 0.75 + 0.04], abs=0.01)


def test_a_gripper_that_closes_before_the_person_is_there_holds_nothing(make_world, make_person):
    world = make_world(people=(make_person(path_m=((3.0, 0.5),)),))
    world.power()
    hand_over(world)
    world.move("home", OPEN)
    world.direct(1, "leave", [], 1.5)
    world.move("offer", OPEN)
    world.move("offer", CLOSED, 0.4)
    assert world.parts.held is None
    assert world.places()["part_1"] == "person_1"


def test_a_person_with_that_habit_brings_it_back_and_goes_on_with_its_way(make_world, make_person):
    habit = make_person(
        behaviour="scripted", path_m=((4.0, 1.0), (4.0, -1.0)), takes_parts=True, gives_parts=True
    )
    world = make_world(people=(habit,))
    world.power()
    fetch(world)
    part = world.parts.held
    world.until(lambda: world.people[0].near(part.position_m), 10.0)
    world.move("offer", OPEN, 0.3)
    world.until(lambda: world.people[0].position_m[0] > 3.9, 10.0)
    assert world.people[0].carrying, "it keeps the part as long as nobody asks for it"
    world.move("home", OPEN)
    world.move("offer", OPEN)
    world.until(lambda: part.held_in, 10.0)
    world.move("offer", CLOSED, 0.4)
    assert world.places()["part_1"] == "gripper"
    world.until(lambda: world.people[0].position_m[0] > 3.9, 10.0)


def test_a_part_let_go_with_nobody_there_falls(world):
    fetch(world)
    world.move("offer", OPEN, 0.3)
    world.run(1.0)
    part = next(p for p in world.parts.parts if p.name == "part_1")
    assert part.place == "table"
    assert part.position_m[2] == pytest.approx(0.75 + 0.04, abs=1e-6)


def test_a_part_set_down_in_the_tray_is_back_in_the_tray(world):
    world.move("above_tray", OPEN)
    world.move("at_tray", OPEN, 0.8)
    world.move("at_tray", CLOSED, 0.4)
    assert world.places()["part_1"] == "gripper"
    world.move("at_tray", OPEN, 0.4)
    assert world.places()["part_1"] == "tray_1"


def test_an_empty_tray_is_filled_again_so_that_the_cell_can_go_on(make_world):
    world = make_world(parts=1, refill_s=5.0)
    world.power()
    fetch(world)
    world.run(6.0)
    assert world.places() == {"part_1": "gripper"}  # what is held is not taken away
    world.move("offer", OPEN, 0.3)
    world.run(3.0)
    assert world.places() == {"part_1": "table"}
    world.run(3.0)
    assert world.places() == {"part_1": "tray_1"}
