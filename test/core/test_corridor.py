"""The corridor: goals on the path that was judged count, all others do not."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.corridor import ROWS_MAX, TOLERANCE_RAD, Corridor, stays_on

ROWS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])


def corridor(rows=ROWS):
    return Corridor(rows_rad=np.array(rows, dtype=float), speed_radps=np.ones(2))


@given(st.floats(0.0, 1.0), st.sampled_from([0, 1]), st.floats(-1, 1), st.floats(-1, 1))
def test_what_is_within_the_tolerance_of_a_line_stays_on_it(part, line, dx, dy):
    on = ROWS[line] + part * (ROWS[line + 1] - ROWS[line])
    assert stays_on(corridor(), on + 0.99 * TOLERANCE_RAD * np.array([dx, dy]))


@given(st.floats(1.01, 300.0), st.sampled_from([-1.0, 1.0]), st.floats(0.1, 0.9))
def test_what_is_farther_off_does_not(tolerances, side, part):
    assert not stays_on(corridor(ROWS[:2]), np.array([part, side * tolerances * TOLERANCE_RAD]))


@pytest.mark.parametrize("off", [(-0.1, 0.0), (1.0, 2.1), (0.5, 1.0)])
def test_it_ends_at_its_ends_and_cuts_no_corner(off):
    assert not stays_on(corridor(), np.array(off))


def test_one_row_is_a_place():
    assert stays_on(corridor([[0.3, 0.4]]), np.array([0.3, 0.4]))
    assert not stays_on(corridor([[0.3, 0.4]]), np.array([0.31, 0.4]))
    assert stays_on(corridor([[0.3, 0.4], [0.3, 0.4]]), np.array([0.3, 0.4]))


@pytest.mark.req("S2")
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nothing_unknown_stays_on_anything(value):
    assert not stays_on(corridor(), np.array([value, 0.0]))
    assert not stays_on(corridor([[value, 0.0], [0.0, 0.0]]), np.array([1.0, 0.0]))


@pytest.mark.req("S2")
@pytest.mark.parametrize("speed", [math.nan, math.inf, -0.1])
def test_nothing_stays_on_a_corridor_with_a_speed_that_cannot_be(speed):
    odd = Corridor(rows_rad=ROWS, speed_radps=np.array([1.0, speed]))
    assert not stays_on(odd, ROWS[0])


@pytest.mark.parametrize(
    ("rows", "speed"),
    [(np.zeros((0, 2)), np.ones(2)), (np.zeros((ROWS_MAX + 1, 2)), np.ones(2)),
     (np.zeros((2, 2)), np.ones(3))],
)  # fmt: skip
def test_a_corridor_of_another_shape_is_refused(rows, speed):
    with pytest.raises(ValueError, match="rows of 2 joints"):
        Corridor(rows_rad=rows, speed_radps=speed)
