"""The triangles that fill the outlines of zones."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.triangles import triangles

LEVER = ((0.0, 0.0), (3.0, 0.0), (3.0, 1.0), (1.0, 1.0), (1.0, 3.0), (0.0, 3.0))


def area(corners):
    xs, ys = np.array(corners).T
    return 0.5 * abs(float(xs @ np.roll(ys, -1) - ys @ np.roll(xs, -1)))


def filled(corners):
    return [area([corners[i] for i in three]) for three in triangles(corners)]


@pytest.mark.parametrize("corners", [LEVER, LEVER[::-1]], ids=["left turns", "right turns"])
def test_a_polygon_with_a_nook_is_filled_exactly(corners):
    assert len(triangles(corners)) == len(corners) - 2
    assert sum(filled(corners)) == pytest.approx(area(corners)) == pytest.approx(5.0)


@given(
    st.lists(st.floats(0.2, 5.0), min_size=3, max_size=24),
    st.floats(-10.0, 10.0), st.floats(-10.0, 10.0),
)  # fmt: skip
def test_every_star_around_a_point_is_filled_exactly(radii, x, y):
    turns = [2.0 * math.pi * i / len(radii) for i in range(len(radii))]
    star = tuple(
        (x + r * math.cos(turn), y + r * math.sin(turn))
        for r, turn in zip(radii, turns, strict=True)
    )
    assert sum(filled(star)) == pytest.approx(area(star), rel=1e-6)


def test_what_has_no_area_is_not_filled_and_does_not_hang():
    assert triangles(((0.0, 0.0), (1.0, 1.0), (2.0, 2.0))) == []
