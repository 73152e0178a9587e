"""Stopping: the bound holds for every stop that deceleration and jerk limit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unknown

from hrc_cell.core.stopping import ratio_of, stopping_distance_m, stopping_time_s

ratio = st.floats(0.0, 1.0)


def stop(speed, deceleration, jerk):
    """Return time and way of the quickest stop from a speed, limited by both."""
    if speed >= deceleration**2 / jerk:
        time = speed / deceleration + deceleration / jerk
    else:
        time = 2.0 * math.sqrt(speed / jerk)
    return time, speed * time / 2.0


@given(st.floats(0.01, 3.0), st.floats(0.1, 20.0), st.floats(1.0, 500.0), st.floats(1e-6, 1.0))
def test_no_stop_from_part_of_the_speed_takes_longer_or_goes_farther(speed, slowing, jerk, part):
    full_s, full_m = stop(speed, slowing, jerk)
    part_s, part_m = stop(part * speed, slowing, jerk)
    assert part_s <= stopping_time_s(full_s, part) * (1 + 1e-9)
    assert part_m <= stopping_distance_m(full_m, part) * (1 + 1e-9)


@given(ratio, ratio)
def test_faster_is_never_better(one, other):
    slow, fast = sorted((one, other))
    assert stopping_time_s(0.4, slow) <= stopping_time_s(0.4, fast)
    assert stopping_distance_m(0.2, slow) <= stopping_distance_m(0.2, fast)


def test_at_full_speed_they_are_what_was_measured_and_at_rest_nothing():
    assert stopping_time_s(0.4, 1.0) == 0.4
    assert stopping_distance_m(0.2, 1.0) == 0.2
    assert stopping_time_s(0.4, 0.0) == stopping_distance_m(0.2, 0.0) == 0.0


@pytest.mark.req("S2")
@given(st.one_of(unknown, st.floats(-5.0, -1e-9)))
def test_an_unknown_ratio_never_stops(value):
    assert stopping_time_s(0.4, value) == math.inf
    assert stopping_distance_m(0.2, value) == math.inf


def test_the_joint_nearest_to_its_maximum_counts():
    assert ratio_of([0.6, -1.0, 0.1], [1.2, 1.25, 1.0]) == pytest.approx(0.8)
    np.testing.assert_allclose(ratio_of([[0.0, 0.0], [3.0, 0.0]], [1.0, 1.0]), [0.0, 3.0])


@pytest.mark.req("S2")
@given(unknown)
def test_one_unknown_joint_makes_the_ratio_unknown(value):
    assert ratio_of([0.1, value], [1.0, 1.0]) == math.inf
