"""The gripper: opens, closes, holds; never presses harder than asked."""

import itertools
import math
from math import nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.grip import Grip, step

DT_S = 0.01


def close(stops_at_rad, *, target=0.0, start=1.0, squeeze=0.1, seconds=3.0):
    """Return the grips of fingers that follow their goal until something stops them."""
    grip, at = Grip(target_rad=target, goal_rad=start, squeeze_rad=squeeze), start
    seen, speed = [grip], 0.0
    for _ in range(int(seconds / DT_S)):
        grip = step(grip, measured_rad=at, measured_radps=speed, speed_radps=2.0, dt_s=DT_S)
        speed = (max(grip.goal_rad, stops_at_rad) - at) / DT_S
        at += speed * DT_S
        seen.append(grip)
        if grip.ended:
            break
    return seen


def test_free_fingers_reach_their_target():
    for squeeze in (0.03, 0.1, 0.5):
        grips = close(-1.0, squeeze=squeeze)
        assert (grips[-1].ended, grips[-1].goal_rad) == ("reached", 0.0)


def test_fingers_that_something_stops_hold_it():
    assert close(0.4)[-1].ended == "holding"


@given(st.floats(0.021, 0.049), st.floats(0.005, 0.02))
def test_a_part_that_is_hardly_there_is_held_when_it_is_pressed_no_harder(part_rad, squeeze):
    assert close(part_rad, squeeze=squeeze)[-1].ended == "holding"


@given(st.floats(0.0, 0.9), st.floats(0.005, 0.5))
def test_the_goal_never_lies_farther_beyond_the_part_than_the_squeeze(part_rad, squeeze):
    for grip in close(part_rad, squeeze=squeeze):
        assert grip.goal_rad >= part_rad - squeeze - 1e-9


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_the_goal_moves_no_faster_than_asked(start, target):
    seen = close(-9.0, start=start, target=target)
    ramp = [g for g in seen if g.ended is None]
    for a, b in itertools.pairwise(ramp):
        assert abs(b.goal_rad - a.goal_rad) <= 2.0 * DT_S + 1e-9


@pytest.mark.req("S2")
def test_an_unknown_position_moves_nothing():
    grip = Grip(target_rad=0.0, goal_rad=1.0, squeeze_rad=0.1)
    assert step(grip, measured_rad=nan, measured_radps=0.0, speed_radps=2.0, dt_s=DT_S) == grip


def test_fingers_under_way_are_not_holding():
    grip = Grip(target_rad=0.0, goal_rad=0.5, squeeze_rad=0.1)
    for _ in range(100):
        grip = step(grip, measured_rad=0.5, measured_radps=-1.0, speed_radps=2.0, dt_s=DT_S)
    assert grip.ended is None


def pressed(goal, measured, *, squeeze=0.5, radps=0.0, target=-5.0, steps=60):
    """Return how a grip ends whose fingers and goal both stay where they are."""
    grip = Grip(target_rad=target, goal_rad=goal, squeeze_rad=squeeze)
    for _ in range(steps):
        grip = step(grip, measured_rad=measured, measured_radps=radps, speed_radps=0.0, dt_s=DT_S)
    return grip.ended


ABOVE = math.nextafter(0.05, 1.0)


@pytest.mark.parametrize(
    ("measured", "ended"), [(0.05, "reached"), (ABOVE, None), (-0.05, "reached")]
)
def test_a_target_is_reached_by_fingers_that_are_near_to_it(measured, ended):
    assert pressed(0.0, measured, target=0.0, steps=1) == ended
    assert pressed(0.5, 0.5, target=0.5, steps=1) == "reached"


def test_fingers_that_stand_off_a_target_which_the_goal_has_met_are_holding():
    assert pressed(0.0, 0.2, target=0.0) == "holding"


@pytest.mark.parametrize(("goal", "measured"), [(-0.45, 0.0), (-0.25, 0.2), (0.45, 0.0)])
def test_nine_tenths_of_the_squeeze_are_pressing_and_less_is_not(goal, measured):
    assert pressed(goal, measured) == "holding"
    assert pressed(goal * 0.9, measured) is None


@pytest.mark.parametrize(
    ("radps", "ended"), [(0.05, "holding"), (-0.05, "holding"), (ABOVE, None), (-ABOVE, None)]
)
def test_fingers_that_hardly_move_are_still_and_faster_ones_are_not(radps, ended):
    assert pressed(-0.5, 0.0, radps=radps) == ended


def test_what_is_still_for_three_tenths_of_a_second_is_held_and_not_before():
    grip, ended = Grip(target_rad=-5.0, goal_rad=-0.5, squeeze_rad=0.5), []
    for _ in range(2):
        grip = step(grip, measured_rad=0.0, measured_radps=0.0, speed_radps=0.0, dt_s=0.15)
        ended.append(grip.ended)
    assert ended == [None, "holding"]


def test_with_no_squeeze_the_goal_stays_with_the_fingers():
    grip = Grip(target_rad=0.0, goal_rad=0.5, squeeze_rad=0.0)
    after = step(grip, measured_rad=0.4, measured_radps=0.0, speed_radps=2.0, dt_s=DT_S)
    assert after.goal_rad == 0.4
