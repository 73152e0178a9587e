"""The corridor: goals on the path that was judged count, all others do not."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hrc_cell.core.corridor import TOLERANCE_RAD, Corridor, stays_on

ROWS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 2.0]])


def corridor(rows=ROWS):
    rows_rad = np.array(rows, dtype=float)
    return Corridor(rows_rad=rows_rad, speed_radps=np.full(rows_rad.shape[1], 0.5))


def off_rad(rows, goal):
    """Return how far a goal is off straight lines in the joint that is farthest off, by loops."""
    found = []
    for a, b in zip(rows, [*rows[1:], rows[-1]], strict=True):
        way = [y - x for x, y in zip(a, b, strict=True)]
        size = sum(w * w for w in way)
        top = sum((g - x) * w for g, x, w in zip(goal, a, way, strict=True))
        along = min(max(top / size, 0.0), 1.0) if size else 0.0
        found.append(max(abs(x + along * w - g) for g, x, w in zip(goal, a, way, strict=True)))
    return min(found)


few_rows = st.integers(1, 8).flatmap(
    lambda count: arrays(np.float64, (count, 3), elements=st.floats(-1.0, 1.0, width=16))
)
near_enough = st.floats(-2.0 * TOLERANCE_RAD, 2.0 * TOLERANCE_RAD)


@given(few_rows, st.integers(0, 6), st.floats(-0.1, 1.1), st.tuples(*[near_enough] * 3))
def test_a_goal_stays_on_it_if_it_is_near_to_any_of_its_lines(rows, line, part, off):
    start, end = rows[min(line, len(rows) - 1)], rows[min(line + 1, len(rows) - 1)]
    goal = start + part * (end - start) + np.array(off)
    told = off_rad(rows.tolist(), goal.tolist())
    assume(abs(told - TOLERANCE_RAD) > 1e-9)
    assert stays_on(corridor(rows), goal) is (told < TOLERANCE_RAD)


def test_a_goal_at_the_very_tolerance_stays_on_it_and_the_next_number_does_not():
    place = corridor([[0.0, 0.0]])
    assert stays_on(place, np.array([0.0, -TOLERANCE_RAD]))
    assert not stays_on(place, np.array([0.0, -np.nextafter(TOLERANCE_RAD, 1.0)]))


@given(st.floats(0.0, 1.0), st.sampled_from([0, 1]), st.floats(-1, 1), st.floats(-1, 1))
def test_what_is_within_the_tolerance_of_a_line_stays_on_it(part, line, dx, dy):
    on = ROWS[line] + part * (ROWS[line + 1] - ROWS[line])
    assert stays_on(corridor(), on + 0.99 * TOLERANCE_RAD * np.array([dx, dy]))


@given(st.floats(1.01, 300.0), st.sampled_from([-1.0, 1.0]), st.floats(0.1, 0.9))
def test_what_is_farther_off_does_not(tolerances, side, part):
    assert not stays_on(corridor(ROWS[:2]), np.array([part, side * tolerances * TOLERANCE_RAD]))
    assert stays_on(corridor(ROWS[:2]), np.array([part, 0.0]))


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


def test_a_joint_that_stands_on_the_whole_path_may_have_no_speed_at_all():
    stands = Corridor(rows_rad=ROWS[:2], speed_radps=np.array([1.0, 0.0]))
    assert stays_on(stands, ROWS[0])


@pytest.mark.parametrize(
    ("rows", "speed"),
    [(np.zeros((0, 2)), np.ones(2)), (np.zeros((9, 2)), np.ones(2)),
     (np.zeros((2, 2)), np.ones(3))],
)  # fmt: skip
def test_a_corridor_of_another_shape_is_refused(rows, speed):
    with pytest.raises(ValueError, match="rows of 2 joints"):
        Corridor(rows_rad=rows, speed_radps=speed)


def test_eight_rows_are_the_most_that_a_corridor_has():
    assert stays_on(corridor(np.zeros((8, 2))), np.zeros(2))
