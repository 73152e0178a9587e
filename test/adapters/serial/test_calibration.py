"""What counts that a person shows say of a joint."""

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hrc_cell.adapters.serial.calibration import MARGIN_RAD, Scale, Unclear, at_rest, calibrate

COUNT = 2.0 * math.pi / 4096
TURN = Scale(4096, COUNT)
SCS = Scale(1024, math.radians(300.0) / 1024)
counts = st.integers(0, 4095)


def test_zero_and_ends_give_radians_of_the_joint():
    found = calibrate(TURN, 2048, 1024, 4095)
    assert (found.zero_counts, found.reversed) == (2048, False)
    assert (found.lower_rad, found.upper_rad) == pytest.approx((-math.pi / 2, 2047 * COUNT))


def test_counts_that_fall_towards_the_upper_end_mean_a_reversed_motor():
    found = calibrate(TURN, 2000, 3000, 1000)
    assert found.reversed
    assert found.lower_rad == pytest.approx(-1000 * COUNT)
    assert found.upper_rad == pytest.approx(1000 * COUNT)


@given(counts, counts, counts)
def test_the_ends_come_back_to_their_counts_and_the_motors_window_lies_within(zero, lower, upper):
    assume(abs(upper - lower) >= 100 and min(lower, upper) <= zero <= max(lower, upper))
    found = calibrate(TURN, zero, lower, upper)
    assert found.counts(0.0) == zero
    assert (found.counts(found.lower_rad), found.counts(found.upper_rad)) == (lower, upper)
    first, last = found.window_counts(-10.0, 10.0)
    margin = MARGIN_RAD / COUNT - 1
    assert min(lower, upper) + margin <= first <= last <= max(lower, upper) - margin


def test_the_motors_window_lies_within_the_description_too():
    found = calibrate(TURN, 2048, 0, 4095)
    assert found.window_counts(-1.0, 0.5) == (2048 - round(1 / COUNT), 2048 + round(0.5 / COUNT))


@pytest.mark.parametrize(
    ("zero", "lower", "upper", "said"),
    [(2048, 2048, 2060, "move it to each"), (500, 1000, 2000, "does not lie between")],
)
def test_what_cannot_be_a_joint_is_told(zero, lower, upper, said):
    with pytest.raises(Unclear, match=said):
        calibrate(TURN, zero, lower, upper)


def test_what_is_still_and_what_was_moved_are_angles_whatever_a_motor_counts():
    assert at_rest(SCS, [500, 502]) == 501
    with pytest.raises(Unclear, match="moved by 3 counts, 2 at most"):
        at_rest(SCS, [500, 503])
    with pytest.raises(Unclear, match="0 to 1023"):
        at_rest(SCS, [1024])
    found = calibrate(SCS, 512, 412, 532)
    assert found.upper_rad == pytest.approx(20 * math.radians(300.0) / 1024)
    assert found.window_counts(-1.0, 1.0) == (412 + 6, 532 - 6)
    with pytest.raises(Unclear, match="move it to each"):
        calibrate(SCS, 512, 510, 524)


def test_a_joint_is_read_only_while_it_is_still():
    assert at_rest(TURN, [2046, 2048, 2049, 2047, 2048]) == 2048
    with pytest.raises(Unclear, match="moved by 7 counts"):
        at_rest(TURN, [2048, 2055])
    with pytest.raises(Unclear, match="beyond what the motor tells apart"):
        at_rest(TURN, [4096, 4097])
