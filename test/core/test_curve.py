"""Curves pass what they are given, and what they say of speed and acceleration is true."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrc_cell.core.curve import Knots, through

values = arrays(np.float64, (4, 2), elements=st.floats(-3.0, 3.0))
gaps = arrays(np.float64, 3, elements=st.floats(0.1, 2.0))
kinds = st.integers(0, 2)


def times_of(gap):
    return np.concatenate([[0.0], np.cumsum(gap)])


@given(gaps, values, values, values, kinds)
def test_a_curve_passes_every_point_as_it_was_given(gap, position, velocity, acceleration, kind):
    times = times_of(gap)
    curve = through(Knots(times, position, *[velocity, acceleration][:kind]))
    for pieces, since in ((np.arange(3), np.zeros(3)), (np.arange(3), np.diff(times))):
        at = pieces if not since.any() else pieces + 1
        moment = curve.of_piece(pieces, since)
        np.testing.assert_allclose(moment.position_rad, position[at], atol=1e-6)
        if kind > 0:
            np.testing.assert_allclose(moment.velocity_radps, velocity[at], atol=1e-5)
        if kind > 1:
            np.testing.assert_allclose(moment.acceleration_radps2, acceleration[at], atol=1e-3)


@given(gaps, values, values, values, kinds, st.floats(0.05, 0.95), st.integers(0, 2))
def test_speed_and_acceleration_are_those_of_the_position(
    gap, position, velocity, acceleration, kind, part, piece
):
    times, small = times_of(gap), 1e-4
    curve = through(Knots(times, position, *[velocity, acceleration][:kind]))
    middle = times[piece] + part * gap[piece]
    before, here, after = (curve.at(np.array([middle + d])) for d in (-small, 0.0, small))
    slope = (after.position_rad - before.position_rad) / (2.0 * small)
    np.testing.assert_allclose(here.velocity_radps, slope, atol=1e-3, rtol=1e-4)
    bend = (after.velocity_radps - before.velocity_radps) / (2.0 * small)
    np.testing.assert_allclose(here.acceleration_radps2, bend, atol=1e-1, rtol=1e-3)


def test_positions_alone_are_joined_by_straight_lines_with_corners():
    curve = through(Knots(np.array([0.0, 1.0, 3.0]), np.array([[0.0], [1.0], [-1.0]])))
    assert curve.at(np.array([0.25, 2.0])).position_rad[:, 0] == pytest.approx([0.25, 0.0])
    assert curve.steps_radps()[:, 0] == pytest.approx([1.0, -2.0, 1.0])
    assert curve.end_s == 3.0


def test_with_velocities_there_are_no_corners_and_a_point_belongs_to_what_follows():
    position, velocity = np.array([[0.0], [1.0], [1.5]]), np.array([[0.0], [0.5], [0.0]])
    curve = through(Knots(np.array([0.0, 1.0, 3.0]), position, velocity))
    assert curve.steps_radps() == pytest.approx(np.zeros((3, 1)), abs=1e-12)
    assert curve.piece(np.array([-1.0, 0.0, 1.0, 3.0, 9.0])).tolist() == [0, 0, 1, 1, 1]
