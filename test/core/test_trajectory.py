"""Trajectories of others: taken as they are, or refused with what is wrong."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.core import trajectory as tried
from hrc_cell.core.timed import timed_path
from hrc_cell.core.trajectory import Bounds, Point, trajectory

MOTION = default_cell().file.motion
JOINTS = tuple("abcdef")
START = np.array([0.1, 0.2, 0.3, 0.0, -0.1, -0.2])
BOUNDS = Bounds(
    joints=JOINTS, lower_rad=np.full(6, -2.0), upper_rad=np.full(6, 2.0),
    velocity_max_radps=np.full(6, 1.8), motion=MOTION,
    point_speed=lambda q, qd: 0.3 * np.abs(qd).sum(axis=-1), start_rad=START,
    start_tolerance_rad=0.02,
)  # fmt: skip
STILL = (0.0,) * 6


def way(*shares):
    return tuple(START + np.array([*shares, *[0.0] * (6 - len(shares))]))


def take(*points, names=JOINTS, bounds=BOUNDS):
    return trajectory("t", names, points, bounds)


def ends(path):
    return path.curve.at(np.array([0.0, path.curve.end_s])).position_rad


def test_from_a_first_point_at_time_0_and_from_where_the_arm_is():
    at_once = take(Point(0.0, way(0.01), STILL), Point(2.0, way(0.5), STILL))
    from_here = take(Point(2.0, way(0.5), STILL))
    for path in (at_once, from_here):
        np.testing.assert_allclose(ends(path), [START, way(0.5)])
        assert path.curve.end_s == 2.0
        moment = path.curve.at(np.array([0.0, 1.0]))
        assert moment.velocity_radps[0] == pytest.approx(np.zeros(6))
        assert moment.velocity_radps[1, 0] == pytest.approx(1.5 * 0.5 / 2.0)


def test_what_the_points_give_says_how_they_are_joined():
    peak = [
        take(Point(2.0, way(0.5), *rest)).curve.at(np.array([1.0])).velocity_radps[0, 0]
        for rest in ((), (STILL,), (STILL, STILL))
    ]
    assert peak == pytest.approx([0.25, 0.375, 0.25 * 1.875])


@given(st.permutations(range(6)))
def test_joints_may_be_named_in_any_order(order):
    target = np.array(way(0.5, 0.3, -0.2, 0.1, 0.2, -0.3))
    path = take(Point(3.0, tuple(target[order]), STILL), names=[JOINTS[index] for index in order])
    np.testing.assert_allclose(ends(path), [START, target])


GOOD = Point(2.0, way(0.5), STILL)
LATER = Point(3.0, way(0.6), STILL)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("points", "names", "words"),
    [
        ([GOOD], "abcde", "f missing"),
        ([GOOD], "abcdeff", "f twice"),
        ([GOOD], "abcdefg", "g not of the arm"),
        ([], "abcdef", "0 points; 1 to 3000"),
        ([GOOD] * 3001, "abcdef", "3001 points"),
        ([GOOD._replace(time_s=-0.1)], "abcdef", "-0.1 s is before the start"),
        ([GOOD._replace(time_s=float("nan"))], "abcdef", "before the start"),
        ([GOOD, GOOD], "abcdef", "point 1: time_from_start = 2 s is not later than 2 s"),
        ([LATER, GOOD], "abcdef", "point 1: time_from_start = 2 s is not later than 3 s"),
        ([GOOD._replace(time_s=61.0)], "abcdef", "it takes 61 s, 60 s are the most"),
        ([GOOD._replace(position_rad=())], "abcdef", "no positions"),
        ([GOOD._replace(position_rad=STILL[1:])], "abcdef", "5 positions for 6 joints"),
        ([GOOD, LATER._replace(velocity_radps=())], "abcdef", "point 1: 0 velocities for 6"),
        ([GOOD._replace(velocity_radps=(), acceleration_radps2=STILL)], "abcdef",
         "accelerations without velocities"),
        ([GOOD._replace(position_rad=way(float("nan")))], "abcdef", "not all finite"),
        ([GOOD._replace(velocity_radps=(float("inf"),) * 6)], "abcdef", "velocities are not all"),
        ([Point(0.0, way(0.021), STILL), GOOD], "abcdef", "a = 0.1210 rad at time 0, the arm is"),
        ([Point(0.0, way(), STILL)], "abcdef", "one point at time 0 is no motion"),
        ([Point(9.0, way(0.5, 1.9), STILL)], "abcdef", "b = 2.1000 rad at 9.00 s, outside"),
        ([Point(9.0, way(-2.2), STILL)], "abcdef", "a = -2.1000 rad at 9.00 s, outside -2.0000"),
        ([Point(0.5, way(0.5), STILL)], "abcdef",
         "a moves at 1.5 rad/s at 0.25 s, the cell allows 1.2 rad/s"),
        ([Point(1.0, way(0, 0, 0, 1.3), STILL)], "abcdef", "the cell allows 1.8 rad/s"),
        ([Point(0.3, way(0.1, 0.0), STILL)], "abcdef",
         "a accelerates with 6.667 rad/s2 at 0."),
        ([Point(1.5, way(*[0.7] * 6), STILL)], "abcdef",
         "a point of the arm moves at 1.26 m/s at 0.75 s, the cell allows 0.8 m/s"),
    ],
)  # fmt: skip
def test_what_cannot_be_followed_is_refused_by_name(points, names, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        take(*points, names=names)


def test_what_needs_too_many_lines_is_refused(monkeypatch):
    monkeypatch.setattr(tried, "LINES_MAX", 3)
    with pytest.raises(ValueError, match="straight lines are needed for it, 3 are the most"):
        take(GOOD)


def test_as_many_lines_as_may_be_are_taken(monkeypatch):
    monkeypatch.setattr(tried, "LINES_MAX", len(take(GOOD).lines))
    assert len(take(GOOD).lines) == tried.LINES_MAX


def test_the_longest_time_and_the_farthest_start_are_taken():
    assert take(GOOD._replace(time_s=60.0)).curve.end_s == 60.0
    bounds = replace(BOUNDS, start_rad=np.zeros(6), start_tolerance_rad=0.25)
    path = take(Point(0.0, (0.25, *STILL[1:]), STILL), Point(2.0, STILL, STILL), bounds=bounds)
    np.testing.assert_allclose(ends(path), np.zeros((2, 6)))


def test_as_many_points_as_may_be_are_taken():
    points = [Point(0.02 * (i + 1), way(1e-4 * (i + 1)), ()) for i in range(3000)]
    assert take(*points).curve.end_s == pytest.approx(60.0)


def test_from_here_each_point_keeps_the_velocity_given_with_it():
    moving = (0.1, *STILL[1:])
    path = take(GOOD._replace(velocity_radps=moving), LATER)
    moment = path.curve.at(np.array([0.0, 2.0, 3.0]))
    np.testing.assert_allclose(moment.velocity_radps, [STILL, moving, STILL], atol=1e-12)


def test_a_joint_may_be_faster_than_announced_by_half_of_what_leads_back_to_a_path():
    path = take(Point(0.9, way(0.5), STILL))
    announced = timed_path(
        "t", path.curve, motion=MOTION, slack_radps=0.5 * MOTION.rejoin_velocity_radps
    )
    assert [one.planned for one in path.lines] == [one.planned for one in announced.lines]


def test_a_point_of_the_arm_may_be_as_fast_as_the_cell_allows():
    fast = replace(BOUNDS, point_speed=lambda q, qd: np.full(len(q), MOTION.tcp_speed_max_mps))
    assert take(GOOD, bounds=fast).curve.end_s == 2.0


def test_a_limit_that_is_met_exactly_is_met():
    limit = 1.2 * 2.0 / 1.5  # a cubic of 2 s has its greatest speed of 1.5 times the mean
    bounds = replace(BOUNDS, point_speed=lambda q, qd: np.zeros(len(q)))
    path = take(Point(2.0, way(limit), STILL), bounds=bounds)
    np.testing.assert_allclose(ends(path)[1], way(limit))
