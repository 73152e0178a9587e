"""Stopping: the bound holds for every stop that deceleration and jerk limit."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SAFETY, motion, stop_row, unknown

from hrc_cell.core.stopping import StopModel, ratio_of, stopping_distance_m, stopping_time_s
from hrc_cell.settings.stopping_table import JointStops, StoppingTable

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


@given(st.floats(0.01, 3.0), st.floats(0.1, 20.0), st.floats(1.0, 500.0), st.floats(1.0, 5.0))
def test_nor_does_one_from_more_than_planned(speed, slowing, jerk, part):
    full_s, full_m = stop(speed, slowing, jerk)
    part_s, part_m = stop(part * speed, slowing, jerk)
    assert part_s <= stopping_time_s(full_s, part) * (1 + 1e-9)
    assert part_m <= stopping_distance_m(full_m, part) * (1 + 1e-9)


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


# The model of the whole arm.

ARM = ("joint_1", "joint_2", "joint_3", "joint_4", "joint_5", "joint_6")
SPEEDS, LOADS = (0.3, 0.6, 1.26), (0.0, 0.25)


def joint_stops(name="joint_1", *, speeds=SPEEDS, loads=LOADS, time=lambda v, m: 0.1 + 0.1 * v + m,
                way=lambda v, m: 0.05 + 0.1 * v + m):  # fmt: skip
    """Rows of one joint: time and way [s] are functions of speed and load."""
    return JointStops(
        joint=name,
        rows=tuple(
            stop_row(v, m, time_s=time(v, m), angle_rad=v * way(v, m))
            for m in loads
            for v in speeds
        ),
    )


def table(*joints):
    return StoppingTable(
        arm="an arm", date="2030-01-01", software="0", simulated=True, measured=True, joints=joints
    )


def model(*joints):
    names = tuple(joint.joint for joint in joints)
    return StopModel.of(joints=names, motion=motion(), safety=SAFETY, table=table(*joints))


def declared():
    return StopModel.of(joints=ARM, motion=motion(), safety=SAFETY, table=None)


FAST = joint_stops("joint_2", speeds=(0.5, 2.0), time=lambda v, m: 0.12 + 0.1 * v + m)
TWO = model(joint_stops(), FAST)


def test_the_next_row_that_is_not_less_counts_and_nothing_between():
    one = model(joint_stops())
    for speed, row in ((0.01, 0.3), (0.3, 0.3), (0.31, 0.6), (0.6, 0.6), (1.26, 1.26)):
        for load, at in ((0.0, 0.0), (0.1, 0.25), (0.25, 0.25)):
            assert one.time_s([speed], load) == pytest.approx(0.1 + 0.1 * row + at)
            assert one.way_s([speed], load) == pytest.approx(0.05 + 0.1 * row + at)


def test_an_arm_that_stands_has_nothing_to_brake():
    for arm in (TWO, declared()):
        still = np.zeros(len(arm.velocity_max_radps) if arm.rows is None else 2)
        assert arm.time_s(still) == arm.way_s(still) == 0.0
        assert arm.time_s(-still) == 0.0


def test_the_slowest_joint_counts():
    assert TWO.time_s([0.3, 0.5], 0.0) == pytest.approx(max(0.13, 0.17))
    assert TWO.time_s([1.26, 0.5], 0.0) == pytest.approx(max(0.226, 0.17))
    assert TWO.way_s([0.6, 0.5], 0.0) == pytest.approx(max(0.11, 0.10))


def test_a_load_that_is_not_known_counts_as_the_heaviest():
    heavy = TWO.time_s([0.3, 0.5], 0.25)
    assert TWO.time_s([0.3, 0.5]) == TWO.time_s([0.3, 0.5], math.nan) == heavy
    assert TWO.way_s([0.3, 0.5]) == TWO.way_s([0.3, 0.5], math.nan) == TWO.way_s([0.3, 0.5], 0.25)
    assert heavy > TWO.time_s([0.3, 0.5], 0.0)
    both = TWO.time_s([[0.3, 0.5]] * 3, [0.0, math.nan, 0.25])
    np.testing.assert_allclose(both, [TWO.time_s([0.3, 0.5], 0.0), heavy, heavy])


@pytest.mark.req("S2")
@given(st.one_of(unknown, st.floats(-5.0, -1e-9)), st.integers(0, 1), st.booleans())
def test_what_is_unknown_or_cannot_be_never_stops(value, joint, known):
    speed = [0.3, 0.4]
    speed[joint] = value
    arm = TWO if known else declared()
    full = speed if known else speed + [0.0] * 4
    assert arm.time_s(full, 0.0) == arm.way_s(full, 0.0) == math.inf
    assert arm.distance_m(full, 0.0, point_speed_mps=0.5) == math.inf
    assert TWO.distance_m([0.3, 0.4], 0.0, point_speed_mps=value) == math.inf
    assert TWO.distance_m([0.0, 0.0], 0.0, point_speed_mps=value) == math.inf


@pytest.mark.req("S2")
@given(st.one_of(st.just(math.inf), st.just(-math.inf), st.floats(-5.0, -1e-9)))
def test_a_load_that_cannot_be_never_stops(load):
    for arm, speed in ((TWO, [0.3, 0.4]), (declared(), [0.1] * 6)):
        assert arm.time_s(speed, load) == arm.way_s(speed, load) == math.inf
    np.testing.assert_array_equal(np.isinf(TWO.time_s([0.3, 0.4], [load, 0.1])), [True, False])


@pytest.mark.req("S2")
@pytest.mark.parametrize(("speed", "load"), [((1.27, 0.5), 0.0), ((0.3, 2.01), 0.0),
                                             ((0.3, 0.5), 0.26)])  # fmt: skip
def test_beyond_the_last_row_there_is_no_stop_to_count_on(speed, load):
    assert TWO.time_s(speed, load) == TWO.way_s(speed, load) == math.inf


@given(st.lists(st.floats(0.0, 1.26), min_size=4, max_size=4), st.floats(0.0, 0.25),
       st.floats(0.0, 0.25))  # fmt: skip
def test_more_speed_or_load_never_counts_for_less_and_no_way_for_longer_than_the_time(
    speeds, load, other
):
    a, b, c, d = speeds
    light, heavy = sorted((load, other))
    slow, fast = [min(a, b), min(c, d)], [max(a, b), max(c, d)]
    for arm in (TWO, declared()):
        pad = [0.0] * (0 if arm is TWO else 4)
        for of in (arm.time_s, arm.way_s):
            assert of(slow + pad, light) <= of(fast + pad, heavy)
        assert arm.way_s(fast + pad, light) <= arm.time_s(fast + pad, light)


def test_a_way_in_seconds_that_falls_with_speed_is_held_up():
    """With a dead time alone the seconds do not rise; with friction they may even fall."""
    one = model(joint_stops(speeds=(0.3, 0.6), way=lambda v, m: 0.1 - 0.1 * v + m))
    assert one.way_s([0.6], 0.0) == one.way_s([0.2], 0.0) == pytest.approx(0.07)
    assert one.way_s([0.6], 0.25) == pytest.approx(0.32)


def test_the_rows_are_those_of_the_joints_asked_for_in_their_order():
    turned = StopModel.of(
        joints=("joint_2", "joint_1"), motion=motion(), safety=SAFETY,
        table=table(joint_stops(), FAST),
    )  # fmt: skip
    assert turned.time_s([0.5, 1.26], 0.0) == TWO.time_s([1.26, 0.5], 0.0)
    with pytest.raises(KeyError):
        StopModel.of(joints=("joint_9",), motion=motion(), safety=SAFETY, table=table(FAST))


def test_a_batch_is_judged_as_each_of_it_alone():
    rng = np.random.default_rng(3)
    speed, load = rng.uniform(0.0, 1.4, (4, 5, 2)), rng.uniform(0.0, 0.3, (4, 1))
    time = TWO.time_s(speed, load)
    assert time.shape == (4, 5)
    for i in range(4):
        for k in range(5):
            assert time[i, k] == TWO.time_s(speed[i, k], load[i, 0])


def test_without_a_table_the_declared_bounds_count():
    arm = declared()
    full = np.array(motion().velocity_max_radps)
    assert arm.time_s(full) == pytest.approx(SAFETY.stopping_time_s)
    assert arm.way_s(full) == pytest.approx(0.2 / 0.8)
    assert arm.time_s(full / 4, 0.1) == pytest.approx(SAFETY.stopping_time_s / 2)
    assert arm.way_s(full / 4) == pytest.approx(0.2)  # T_s(1/4) is less than S_s / v_tcp
    assert arm.time_s(full * 2) == pytest.approx(0.8)
    assert arm.way_s(full * 2) == pytest.approx(0.5)
    assert arm.distance_m(full, point_speed_mps=0.8) == pytest.approx(SAFETY.stopping_distance_m)
    assert TWO.distance_m([0.6, 0.0], 0.0, point_speed_mps=0.5) == pytest.approx(0.11 * 0.5)
