"""The truth that the law is checked with, by a geometry that is not the monitor's."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.falsify.truth import left_m, nearest, touches
from hrc_cell.core.geometry import nearest_points

point = st.tuples(*[st.floats(-2.0, 2.0)] * 2, st.floats(0.0, 2.5))


def one(person, radius, top, start, end, link_radius=0.0):
    capsules = np.stack([np.array(start), np.array(end)])[None, :, :, None]
    return nearest(
        np.array([[person]]), np.array([[radius]]), np.array([[top]]), capsules,
        np.array([link_radius]),
    )  # fmt: skip


@given(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), st.floats(0.5, 2.0), point, point)
def test_the_distance_is_that_of_the_monitors_geometry(person, top, start, end):
    found = one(person, 0.3, top, start, end, 0.05)
    expected = nearest_points((*person, 0.0), (*person, top), start, end)
    assert found.distance_m[0, 0] + 0.35 == pytest.approx(float(expected.distance_m), abs=1e-5)
    near = np.array([*person, min(found.point_m[0, 0, 2], top)])
    assert np.linalg.norm(found.point_m[0, 0] - near) == pytest.approx(
        float(expected.distance_m), abs=1e-5
    )


def test_the_nearest_of_several_links_counts():
    capsules = np.zeros((1, 2, 3, 3))
    capsules[0, :, 0, :] = [3.0, 1.0, 2.0]
    capsules[0, 1, 2, :] = 1.0
    found = nearest(
        np.zeros((1, 1, 2)), np.zeros((1, 1)), np.full((1, 1), 1.7), capsules, np.full(3, 0.1)
    )
    assert found.link[0, 0] == 1
    assert found.distance_m[0, 0] == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("distance", "seconds", "left"),
    [
        (2.0, 0.5, 2.0 - 0.8),  # far all the time
        (0.4, 0.1, 0.4 - 0.2),  # near all the time
        (0.5 + 1.6 * 0.3, 0.5, 0.5 - 2.0 * 0.2),  # first far, then near
        (2.0, 0.0, 2.0),
    ],
)
def test_people_come_at_the_far_speed_until_they_are_near(distance, seconds, left):
    found = left_m(
        np.array(distance), np.array(seconds), far_mps=np.array(1.6), near_mps=np.array(2.0),
        near_m=0.5,
    )  # fmt: skip
    assert float(found) == pytest.approx(left)


@pytest.mark.parametrize(
    ("away", "reach", "touching"),
    [
        (0.34, 0.0, True),  # the trunk: 0.3 m and the link's 0.05 m
        (0.36, 0.0, False),
        (1.34, 1.0, True),  # the hand
        (1.36, 1.0, False),
        (math.hypot(1.0, 1.0), 0.2, False),
    ],
)
def test_the_trunk_or_an_arm_reached_out_touches(away, reach, touching):
    near = one((0.0, 0.0), 0.3, 1.7, (away, 0.0, 1.0), (away + 0.2, 0.0, 1.2), 0.05)
    assert touches(
        near, np.zeros((1, 1, 2)), np.full((1, 1), 0.3), np.full((1, 1), 1.7),
        np.full((1, 1), reach),
    )[0, 0] == touching  # fmt: skip
