"""An arm that must stand and does not is told, once."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.standstill import MOVED_RAD, stay
from hrc_cell.core.stopwatch import STILL_RADPS

HERE, STILL = np.array([0.1, -0.4]), np.zeros(2)


def at(rest, position=HERE, velocity=STILL, must_stand=True):
    return stay(rest, must_stand=must_stand, position_rad=position, velocity_radps=velocity)


def test_the_place_is_taken_at_the_first_rest_and_given_up_with_leave_to_move():
    moving = np.array([0.0, 0.5])
    assert at(None, velocity=moving) == (None, None)
    rest, joint = at(None)
    assert (rest.tolist(), joint) == (HERE.tolist(), None)
    assert at(rest, must_stand=False) == (None, None)


@pytest.mark.req("S1")
@given(st.sampled_from([0, 1]), st.floats(1.01, 50.0), st.sampled_from([-1.0, 1.0]))
def test_a_joint_that_leaves_its_place_is_named_once(joint, times, side):
    away = HERE.copy()
    away[joint] += side * times * MOVED_RAD
    rest, told = at(HERE, away)
    assert told == joint
    assert at(rest, away)[1] is None


@given(st.floats(-0.99, 0.99), st.floats(-0.99, 0.99))
def test_one_that_stays_is_not_and_slow_drift_adds_up(a, b):
    near = HERE + MOVED_RAD * np.array([a, b])
    rest, told = at(HERE, near)
    assert told is None
    assert rest.tolist() == HERE.tolist()


@pytest.mark.req("S2")
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_what_is_not_known_shows_nothing_and_takes_no_place(value):
    assert at(None, np.array([value, 0.0])) == (None, None)
    rest, told = at(HERE, velocity=np.array([value, 0.0]))
    assert (rest.tolist(), told) == (HERE.tolist(), None)


@pytest.mark.req("S1")
def test_three_degrees_about_are_the_farthest_that_a_joint_may_drift():
    place = np.zeros(2)
    assert at(place, np.array([0.0, -0.05]))[1] is None
    assert at(place, np.array([0.0, -np.nextafter(0.05, 1.0)]))[1] == 1


def test_at_the_speed_that_counts_as_still_a_joint_rests_and_just_above_it_does_not():
    assert at(None, velocity=np.array([0.0, -STILL_RADPS]))[0] is not None
    assert at(None, velocity=np.array([0.0, -np.nextafter(STILL_RADPS, 1.0)]))[0] is None
