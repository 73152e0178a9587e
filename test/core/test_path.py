"""Paths: through every waypoint, within every limit; what cannot be driven is refused by name."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import default_cell

from hrc_cell.adapters.description import load_description
from hrc_cell.core.kinematics import capsule_velocities
from hrc_cell.core.path import plan

MOTION = default_cell().file.motion
LOWER, UPPER = np.full(6, -2.0), np.full(6, 2.0)
points = arrays(np.float64, 6, elements=st.floats(-2.0, 2.0))


def one_metre_arm(q, qd):
    """Return the speed of a point one metre from every axis."""
    return np.abs(qd).sum(axis=-1)


def make(start, waypoints, *, ratio=1.0, motion=MOTION, point_speed=one_metre_arm):
    return plan(
        "p", start, waypoints, motion=motion, speed_ratio=ratio, lower_rad=LOWER,
        upper_rad=UPPER, velocity_max_radps=np.full(6, 3.0), point_speed=point_speed,
    )  # fmt: skip


@given(points, st.lists(points, min_size=1, max_size=4))
def test_a_path_passes_every_waypoint_and_ends_at_the_last(start, waypoints):
    path = make(start, waypoints)
    passed = [path.lines[0].start_rad, *(line.position_rad(1.0) for line in path.lines)]
    for waypoint in [start, *waypoints]:
        assert min(np.abs(waypoint - p).max() for p in passed) <= 2e-6
    np.testing.assert_allclose(path.end_rad, waypoints[-1], atol=5e-6)


@given(points, points, st.floats(0.05, 1.0))
def test_no_joint_and_no_point_is_planned_faster_than_its_limit(start, end, ratio):
    for line in make(start, [end], ratio=ratio).lines:
        for limits in (line.planned, line.stopping):
            velocity = limits.speed_max_ratio_ps * line.way_rad
            assert (np.abs(velocity) <= ratio * np.array(MOTION.velocity_max_radps) + 1e-9).all()
            assert np.abs(velocity).sum() <= ratio * MOTION.tcp_speed_max_mps * (1 + 1e-9)
        assert (
            np.abs(line.planned.acceleration_ratio_ps2 * line.way_rad)
            <= np.array(MOTION.acceleration_max_radps2) + 1e-9
        ).all()
        assert (
            np.abs(line.stopping.jerk_ratio_ps3 * line.way_rad)
            <= np.array(MOTION.stop_jerk_radps3) + 1e-9
        ).all()


def test_no_point_of_the_arm_is_faster_between_the_samples_either():
    chain = load_description(default_cell()).chain
    dice = np.random.default_rng(2)

    def point_speed(q, qd):
        ends = capsule_velocities(chain, q, qd)
        return np.max([np.linalg.norm(v, axis=-1).max(axis=-1) for v in ends], axis=0)

    for _ in range(100):
        start, end = dice.uniform(chain.lower_rad, chain.upper_rad, (2, 6))
        [line] = plan(
            "p", start, [end], motion=MOTION, speed_ratio=1.0, lower_rad=chain.lower_rad,
            upper_rad=chain.upper_rad, velocity_max_radps=chain.velocity_max_radps,
            point_speed=point_speed,
        ).lines  # fmt: skip
        along = start + np.linspace(0.0, 1.0, 500)[:, None] * (end - start)
        velocity = np.tile(line.planned.speed_max_ratio_ps * line.way_rad, (500, 1))
        assert point_speed(along, velocity).max() <= MOTION.tcp_speed_max_mps * 1.005


def test_a_path_to_where_the_arm_is_has_one_line_and_goes_nowhere():
    [line] = make(np.zeros(6), [np.zeros(6)]).lines
    assert not line.way_rad.any()


@pytest.mark.parametrize(("planned", "least"), [(9.0, 3.0), (1.5, 1.5)])
def test_of_the_joints_own_limit_and_the_planned_one_the_lower_counts(planned, least):
    fast = replace(MOTION, velocity_max_radps=(planned,) * 6, tcp_speed_max_mps=9.0)
    [line] = make(np.zeros(6), [np.eye(6)[0]], motion=fast).lines
    assert line.planned.speed_max_ratio_ps == pytest.approx(least)


def test_waypoints_that_are_the_same_make_no_line():
    here, there = np.full(6, 1.0), np.full(6, -1.0)
    path = make(here, [here, there, there + 1e-7, here])
    assert len(path.lines) == 2
    assert [line.way_rad[0] for line in path.lines] == pytest.approx([-2.0, 2.0])


@pytest.mark.parametrize(
    ("start", "waypoints", "ratio", "named"),
    [
        (np.zeros(6), [], 1.0, "no waypoints"),
        (np.zeros(6), [np.zeros(5)], 1.0, "waypoint 0 has 5 joints, the arm 6"),
        (np.zeros(6), [np.zeros(6), np.full(6, np.nan)], 1.0, "waypoint 1 is not finite"),
        (np.zeros(6), [2.5 * np.eye(6)[2]], 1.0, "joint 3 = 2.5 rad is outside -2 to 2 rad"),
        (np.full(6, np.inf), [np.zeros(6)], 1.0, "present position is not known"),
        (np.zeros(6), [np.zeros(6)], 0.0, "speed_ratio = 0.0"),
        (np.zeros(6), [np.zeros(6)], 1.001, "speed_ratio = 1.001"),
        (np.zeros(6), [np.zeros(6)], float("nan"), "speed_ratio = nan"),
    ],
)
@pytest.mark.req("S2")
def test_what_cannot_be_driven_is_refused_by_name(start, waypoints, ratio, named):
    with pytest.raises(ValueError, match=named):
        make(start, waypoints, ratio=ratio)


def test_waypoints_a_millionth_apart_are_one_and_just_beyond_it_are_two():
    [stays] = make(np.zeros(6), [1e-6 * np.eye(6)[1]]).lines
    assert not stays.way_rad.any()
    [goes] = make(np.zeros(6), [np.nextafter(1e-6, 1.0) * np.eye(6)[1]]).lines
    assert goes.way_rad[1] > 1e-6


@pytest.mark.req("S1")
@pytest.mark.parametrize("at", [0, 1, 31, 32, 63, 64])
def test_a_line_is_looked_at_at_both_ends_and_at_every_64th_of_it(at):
    def fast_in_one_place(q, qd):
        return np.where(q[:, 0] == at / 64.0, 4.0, 0.5)

    [line] = make(np.zeros(6), [np.eye(6)[0]], point_speed=fast_in_one_place).lines
    assert line.planned.speed_max_ratio_ps == pytest.approx(MOTION.tcp_speed_max_mps / 4.0)
