"""Which beams came back, and where they look."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_room import Room, scanner

from hrc_cell.core.scan import Beams, Scan, beams_of, echoes_m, same_beams


def scan(measured, **changes) -> Scan:
    values = {
        "stamp_s": 0.0, "frame": "left", "angle_min_rad": -0.1, "angle_increment_rad": 0.1,
        "range_min_m": 0.05, "range_max_m": 10.0, "ranges": np.array(measured, dtype=np.float32),
    }  # fmt: skip
    return Scan(**{**values, **changes})


@pytest.mark.req("S2")
@pytest.mark.parametrize("nothing", [math.inf, -math.inf, math.nan, 0.0, 0.006, 10.0, 11.0, -1.0])
def test_every_way_to_say_no_echo_is_none(nothing):
    assert np.isnan(echoes_m(scan([nothing]))).all()


def test_an_echo_is_a_range_within_the_limits_the_least_included():
    assert echoes_m(scan([0.0625, 5.0, 9.5])).tolist() == [0.0625, 5.0, 9.5]
    assert echoes_m(scan([0.5, 0.625], range_min_m=0.5)).tolist() == [0.5, 0.625]


def test_zero_is_no_echo_even_where_the_least_range_is_zero_or_less():
    assert np.isnan(echoes_m(scan([0.0, -0.5], range_min_m=-1.0))).all()


@pytest.mark.req("S2")
@pytest.mark.parametrize("limits", [(0.05, math.nan), (0.05, math.inf), (math.nan, 10.0)])
def test_limits_that_are_not_finite_leave_no_echo(limits):
    low, high = limits
    assert np.isnan(echoes_m(scan([1.0, 2.0], range_min_m=low, range_max_m=high))).all()


@given(st.lists(st.floats(width=32), min_size=1, max_size=50))
def test_echoes_are_finite_positive_or_missing_whatever_was_sent(ranges):
    echoes = echoes_m(scan(ranges))
    assert echoes.shape == (len(ranges),)
    assert ((echoes > 0.0) & (echoes < 10.0) | np.isnan(echoes)).all()


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "changes",
    [
        {"angle_min_rad": math.nan},
        {"angle_increment_rad": math.inf},
        {"angle_increment_rad": 0.0},
        {"ranges": np.zeros(0)},
    ],
)
def test_beams_without_a_direction_are_not_known(changes):
    assert beams_of(scan([1.0, 1.0], **changes)) is None


def test_beams_are_known_by_their_number_first_angle_and_increment():
    assert beams_of(scan([1.0, 2.0, math.nan])) == Beams(
        count=3, angle_min_rad=-0.1, angle_increment_rad=0.1
    )


def test_beams_are_the_same_up_to_half_a_beam():
    beams = beams_of(Room().scan(scanner()))
    turned = replace(beams, angle_min_rad=beams.angle_min_rad + 0.6 * beams.angle_increment_rad)
    fewer = replace(beams, count=beams.count - 1)
    wider = replace(beams, angle_increment_rad=1.01 * beams.angle_increment_rad)
    assert same_beams(beams, beams)
    assert not any(same_beams(beams, other) for other in (turned, fewer, wider))


@pytest.mark.parametrize("clockwise", [1.0, -1.0])
@pytest.mark.parametrize(
    ("first_rad", "increment_rad", "same"),
    [
        (0.1875, 0.5, True), (0.25, 0.5, False), (-0.1875, 0.5, True), (-0.25, 0.5, False),
        (0.0, 0.515625, True), (0.0, 0.53125, False), (0.0, 0.46875, False),
        (0.0625, 0.515625, True), (0.125, 0.515625, False), (-0.125, 0.515625, False),
    ],
)  # fmt: skip
def test_a_turn_and_what_the_increments_add_up_to_count_together(
    first_rad, increment_rad, same, clockwise
):
    """Half a beam is 0.25 rad here; 1/64 rad more in each of eight beams is half of that."""
    beams = Beams(count=8, angle_min_rad=0.0, angle_increment_rad=0.5 * clockwise)
    other = Beams(count=8, angle_min_rad=first_rad, angle_increment_rad=increment_rad * clockwise)
    assert same_beams(beams, other) is same
