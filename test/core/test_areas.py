"""Areas: who is how far from a zone, seen from above and in height."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import area, shapes, unknown

from hrc_cell.core.areas import gap_m
from hrc_cell.core.geometry import in_polygon
from hrc_cell.settings.zones import Box, Circle

SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
RNG = np.random.default_rng(5)

coordinate = st.floats(-4.0, 4.0)
point = st.tuples(coordinate, coordinate, st.floats(0.0, 2.5))
reach_m = st.floats(0.0, 1.0)


def upright(x, y, top=1.7):
    return (x, y, 0.0), (x, y, top)


def test_whoever_stands_upright_is_as_far_as_from_above():
    zone = area(polygon_m=SQUARE)
    assert gap_m(zone, *upright(2.5, 1.0), 0.3) == pytest.approx(0.2)
    assert gap_m(zone, *upright(5.0, 6.0), 0.3) == pytest.approx(4.7)
    assert gap_m(zone, *upright(1.0, 1.0), 0.3) == pytest.approx(-0.3)
    assert gap_m(zone, *upright(2.0, 1.0), 0.0) == 0.0


def test_a_circle_is_as_far_as_its_edge():
    zone = area(circle=Circle(centre_m=(1.0, 0.0), radius_m=0.5))
    assert gap_m(zone, *upright(3.0, 0.0), 0.3) == pytest.approx(1.2)
    assert gap_m(zone, *upright(1.1, 0.0), 0.3) == pytest.approx(-0.3)
    assert gap_m(zone, (-1.0, 2.0, 1.0), (3.0, 2.0, 1.0), 0.25) == pytest.approx(1.25)


def test_a_box_is_turned_about_its_centre():
    box = Box(centre_m=(1.0, 1.0), size_m=(4.0, 2.0), yaw_rad=math.pi / 2)
    assert np.allclose(box.corners_m, [(2.0, -1.0), (2.0, 3.0), (0.0, 3.0), (0.0, -1.0)])
    straight = Box(centre_m=(1.0, 1.0), size_m=(4.0, 2.0))
    assert np.allclose(straight.corners_m, [(-1.0, 0.0), (3.0, 0.0), (3.0, 2.0), (-1.0, 2.0)])
    leaning = replace(straight, yaw_rad=math.pi / 6)
    assert gap_m(area(box=leaning), *upright(1.0, 4.0), 0.0) == pytest.approx(
        3.0 * math.cos(math.pi / 6) - 1.0
    )


def test_a_limb_that_reaches_across_touches_though_neither_end_is_in():
    zone = area(polygon_m=SQUARE)
    assert gap_m(zone, (-1.0, 1.0, 1.0), (3.0, 1.2, 1.0), 0.05) == pytest.approx(-0.05)
    assert gap_m(zone, (-1.0, 1.5, 1.0), (0.5, 3.0, 1.0), 0.05) == pytest.approx(
        math.sqrt(0.125) - 0.05
    )


@pytest.mark.parametrize(
    ("low", "high", "gap"),
    [(0.5, 1.0, -0.1), (0.0, 0.5, 0.4), (1.6, 2.0, 0.2), (1.5, 2.0, 0.1), (0.0, 0.9, 0.0)],
)
def test_a_band_counts_between_its_heights_alone(low, high, gap):
    zone = area(polygon_m=SQUARE, band_m=(low, high))
    assert gap_m(zone, (1.0, 1.0, 1.0), (1.0, 1.0, 1.3), 0.1) == pytest.approx(gap)


def test_beside_a_band_the_farther_of_both_counts():
    zone = area(polygon_m=SQUARE, band_m=(1.0, 2.0))
    assert gap_m(zone, (3.0, 1.0, 0.2), (3.0, 1.0, 0.4), 0.1) == pytest.approx(0.9)
    assert gap_m(zone, (2.2, 1.0, 0.2), (2.2, 1.0, 0.4), 0.1) == pytest.approx(0.5)


@pytest.mark.req("S2")
@pytest.mark.parametrize("shape", [
    {"polygon_m": ((0.0, 0.0), (2.0, 0.5), (1.0, 2.0))},
    {"polygon_m": SQUARE, "band_m": (0.2, 0.4)},
    {"circle": Circle(centre_m=(0.0, 0.0), radius_m=1.0)},
])  # fmt: skip
@given(unknown, st.integers(0, 6))
def test_an_unknown_place_or_reach_touches_everything(shape, value, where):
    numbers = [9.0, 9.0, 1.0, 9.0, 8.0, 1.0, 0.1]
    numbers[where] = value
    assert gap_m(area(**shape), numbers[:3], numbers[3:6], numbers[6]) == -np.inf


@pytest.mark.req("S2")
def test_a_reach_of_less_than_nothing_is_unknown_and_none_is_known():
    zone = area(polygon_m=SQUARE)
    assert gap_m(zone, *upright(9.0, 9.0), -0.1) == -np.inf
    assert gap_m(zone, *upright(9.0, 2.0), 0.0) == 7.0


@given(shapes, point, point, reach_m)
def test_no_point_of_a_body_is_nearer_to_a_zone_than_its_gap(zone, start, end, reach):
    """Points of the axis and of the area, at a height of the band, tried by chance."""
    gap = float(gap_m(zone, start, end, reach))
    low, high = zone.band_m or (-1.0, 4.0)
    if zone.circle is not None:
        turn, out = RNG.uniform(0, 2 * math.pi, 80), RNG.uniform(0, 1, 80)
        way = zone.circle.radius_m * out[:, None] * np.stack([np.cos(turn), np.sin(turn)], -1)
        floor = zone.circle.centre_m + way
    else:
        corners = np.array(zone.corners_m)
        floor = RNG.uniform(corners.min(0), corners.max(0), (80, 2))
        floor = np.concatenate([floor[in_polygon(floor, corners)], corners])
    height = RNG.uniform(low, high, len(floor))
    inside = np.concatenate([floor, height[:, None]], axis=-1)
    axis = np.array(start) + RNG.uniform(0, 1, (60, 1)) * (np.array(end) - start)
    apart = np.linalg.norm(axis[:, None] - inside, axis=-1).min()
    assert apart - reach >= gap - 1e-9


@given(point, point, reach_m, st.floats(0.2, 2.0))
def test_a_circle_is_a_polygon_of_very_many_corners(start, end, reach, radius):
    turns = np.arange(96) * 2 * math.pi / 96
    corners = [(0.5 + radius * math.cos(a), radius * math.sin(a)) for a in turns]
    circle = area(circle=Circle(centre_m=(0.5, 0.0), radius_m=radius))
    round_gap = gap_m(circle, start, end, reach)
    many = gap_m(area(polygon_m=tuple(corners)), start, end, reach)
    assert round_gap - 1e-9 <= many <= round_gap + radius * (1.0 - math.cos(math.pi / 96)) + 1e-9


@given(shapes, point, point, reach_m, st.floats(0.0, 1.0))
def test_the_more_reach_the_less_gap(zone, start, end, reach, more):
    assert gap_m(zone, start, end, reach + more) <= gap_m(zone, start, end, reach)


@given(shapes, point, point, reach_m)
def test_a_band_never_widens_a_zone_and_turning_a_limb_round_changes_nothing(
    zone, start, end, reach
):
    gap = gap_m(zone, start, end, reach)
    assert gap >= gap_m(replace(zone, band_m=()), start, end, reach)
    assert gap == pytest.approx(float(gap_m(zone, end, start, reach)), abs=1e-12)


def test_many_cells_and_people_are_each_judged_as_alone():
    for zone in (
        area(polygon_m=SQUARE, band_m=(0.5, 1.5)),
        area(circle=Circle(centre_m=(0.0, 1.0), radius_m=0.7)),
        area(box=Box(centre_m=(0.0, 1.0), size_m=(0.7, 2.0), yaw_rad=0.4)),
    ):
        start, end = RNG.uniform(-3, 3, (2, 4, 5, 3))
        end[0] = start[0]  # some of no length
        start[1, 2, 0] = np.nan
        reach = RNG.uniform(0, 0.5, (4, 5))
        whole = gap_m(zone, start, end, reach)
        assert whole.shape == (4, 5)
        for at in np.ndindex(4, 5):
            assert whole[at] == pytest.approx(float(gap_m(zone, start[at], end[at], reach[at])))
