"""Geometry: known distances by hand, brute force everywhere else."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import length_m, unknown

from hrc_cell.core.geometry import (
    capsule_distance,
    in_polygon,
    nearest_points,
    nearest_ratios,
    polygon_distance,
    segment_distance,
    segment_polygon_distance,
)

point = st.tuples(length_m, length_m, length_m)
flat = st.tuples(length_m, length_m)
SQUARE = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)]
HOOK = [(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (0, 1)]  # not convex


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (((0, 0, 0), (1, 0, 0)), ((0, 1, 0), (1, 1, 0)), 1.0),  # parallel
        (((0, 0, 0), (1, 0, 0)), ((3, 0, 0), (5, 0, 0)), 2.0),  # in one line
        (((0, 0, 0), (1, 0, 0)), ((3, 1, 0), (2, 1, 0)), math.sqrt(2)),  # parallel, apart
        (((0, 0, 0), (2, 0, 0)), ((1, -1, 1), (1, 1, 1)), 1.0),  # crossing over each other
        (((0, 0, 0), (2, 0, 0)), ((1, 1, 0), (1, -1, 0)), 0.0),  # crossing
        (((0, 0, 0), (2, 0, 0)), ((3, 1, 0), (3, 5, 0)), math.sqrt(2)),  # end to end
        (((0, 0, 0), (2, 0, 0)), ((1, 5, 0), (1, 3, 0)), 3.0),  # end to middle
        (((0, 0, 0), (0, 0, 0)), ((0, 3, 0), (4, 3, 0)), 3.0),  # a point and a segment
        (((0, 3, 0), (4, 3, 0)), ((2, 0, 0), (2, 0, 0)), 3.0),  # a segment and a point
        (((1, 1, 1), (1, 1, 1)), ((1, 1, 4), (1, 1, 4)), 3.0),  # two points
    ],
)
def test_distances_by_hand_in_either_order_and_direction(a, b, expected):
    for p, q in (a, a[::-1]):
        for r, s in (b, b[::-1]):
            assert nearest_points(p, q, r, s).distance_m == pytest.approx(expected)
            assert nearest_points(r, s, p, q).distance_m == pytest.approx(expected)


@given(point, point, point, point)
def test_no_other_two_points_are_nearer(a, b, c, d):
    near = nearest_points(a, b, c, d)
    a, b, c, d = map(np.array, (a, b, c, d))
    grid = np.linspace(0.0, 1.0, 21)
    on_a = a + grid[:, None, None] * (b - a)
    on_b = c + grid[None, :, None] * (d - c)
    assert near.distance_m <= np.linalg.norm(on_a - on_b, axis=-1).min() + 1e-7
    np.testing.assert_allclose(near.a_m, a + near.a_ratio * (b - a), atol=1e-12)
    np.testing.assert_allclose(near.b_m, c + near.b_ratio * (d - c), atol=1e-12)
    assert near.distance_m == pytest.approx(np.linalg.norm(near.a_m - near.b_m), abs=1e-12)
    assert 0.0 <= near.a_ratio <= 1.0
    assert 0.0 <= near.b_ratio <= 1.0


@given(point, point, st.floats(1e-9, 1.0), point)
def test_nearly_parallel_segments_are_no_trouble(a, along, tilt, away):
    a, along, away = map(np.array, (a, along, away))
    near = nearest_points(a, a + along, a + away, a + away + along + tilt * 1e-9)
    grid = np.linspace(0.0, 1.0, 21)
    points = a + grid[:, None, None] * along - (a + away + grid[None, :, None] * along)
    assert near.distance_m <= np.linalg.norm(points, axis=-1).min() + 1e-7


def test_a_batch_is_its_parts():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, 5, 1, 3))
    c, d = rng.normal(size=(2, 1, 7, 3))
    whole = nearest_points(a, b, c, d)
    assert whole.distance_m.shape == (5, 7)
    for i in range(5):
        for j in range(7):
            one = nearest_points(a[i, 0], b[i, 0], c[0, j], d[0, j])
            assert whole.distance_m[i, j] == pytest.approx(float(one.distance_m))


@pytest.mark.req("S2")
@given(point, point, point, st.integers(0, 2), unknown)
def test_an_unknown_coordinate_makes_the_distance_unknown(a, b, c, axis, value):
    with np.errstate(all="ignore"):
        d = list(a)
        d[axis] = value
        assert not np.isfinite(nearest_points(a, b, c, d).distance_m)
        assert not np.isfinite(nearest_points(d, b, a, c).distance_m)


def test_capsules_that_overlap_are_not_apart():
    a = ((0, 0, 0), (1, 0, 0), 0.2)
    assert capsule_distance(*a, (0, 1, 0), (1, 1, 0), 0.3) == pytest.approx(0.5)
    assert capsule_distance(*a, (0, 0.4, 0), (1, 0.4, 0), 0.3) == 0.0


@pytest.mark.parametrize(
    ("at", "polygon", "inside", "distance"),
    [
        ((1, 1), SQUARE, True, 0.0),
        ((3, 1), SQUARE, False, 1.0),
        ((-1, 1), SQUARE, False, 1.0),
        ((1, -2), SQUARE, False, 2.0),
        ((3, 3), SQUARE, False, math.sqrt(2)),
        ((1, 2), HOOK, False, 1.0),
        ((1.5, 2.5), HOOK, False, 0.5),
        ((2.5, 2.5), HOOK, True, 0.0),
        ((1, 0.5), HOOK, True, 0.0),
        ((-1, 3), HOOK, False, math.sqrt(5)),
    ],
)
def test_polygons_by_hand_in_either_sense(at, polygon, inside, distance):
    for corners in (polygon, polygon[::-1], polygon[2:] + polygon[:2]):
        assert bool(in_polygon(at, corners)) is inside
        assert polygon_distance(at, corners) == pytest.approx(distance)


@given(flat)
def test_who_is_far_from_the_edge_is_in_or_out_as_the_square_says(at):
    at = (2.5 * at[0], 2.5 * at[1])
    x, y = max(abs(at[0] - 1) - 1, 0), max(abs(at[1] - 1) - 1, 0)
    assert polygon_distance(at, SQUARE) == pytest.approx(math.hypot(x, y), abs=1e-12)


@pytest.mark.req("S2")
@given(flat, st.integers(0, 1), unknown)
def test_an_unknown_place_has_no_known_distance_to_a_polygon(at, axis, value):
    at = list(at)
    at[axis] = value
    with np.errstate(all="ignore"):
        assert not np.isfinite(polygon_distance(at, SQUARE))


def test_polygon_distances_of_many_points_at_once():
    many = polygon_distance([[(1, 1), (3, 1)], [(-1, 1), (1, -2)]], SQUARE)
    np.testing.assert_allclose(many, [[0, 1], [1, 2]])


@given(flat, st.floats(-math.pi, math.pi), flat)
def test_turning_and_moving_everything_changes_no_distance(at, angle, shift):
    turn = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    at = 4.0 * np.array(at)
    corners = np.array(HOOK) @ turn.T + shift
    before, after = polygon_distance(at, HOOK), polygon_distance(turn @ at + shift, corners)
    assert after == pytest.approx(float(before), abs=1e-9)


@pytest.mark.parametrize(
    ("start", "end", "distance"),
    [
        ((-1.0, 2.0), (1.0, 2.0), 1.0),  # over the hook's step, which is not convex
        ((1.0, 2.5), (1.5, 1.5), 0.5),
        ((1.0, 1.1), (1.9, 1.1), 0.1),
        ((1.9, 1.2), (1.9, 2.9), 0.1),
        ((-1.0, 0.5), (4.0, 0.6), 0.0),  # through it, both ends outside
        ((1.0, 4.0), (4.0, 1.0), 0.0),  # over a corner
        ((2.5, 2.5), (2.5, 5.0), 0.0),  # one end inside
        ((0.5, 0.4), (0.6, 0.5), 0.0),  # all inside
        ((5.0, 0.0), (4.0, 0.0), 1.0),  # on one line with a side
        ((1.0, 0.0), (5.0, 0.0), 0.0),
        ((-2.0, 0.0), (6.0, 0.0), 0.0),  # and longer than that side
        ((3.0, 3.0), (4.0, 4.0), 0.0),  # touching at a corner
        ((4.0, 2.0), (2.0, 4.0), 0.0),
        ((4.1, 2.0), (2.1, 4.0), math.sqrt(0.005)),  # passing that corner
        ((3.0, -1.0), (3.0, -0.4), 0.4),  # towards a side, not to it
        ((1.0, 1.5), (1.0, 1.5), 0.5),  # of no length
    ],
)
def test_segments_and_a_polygon_by_hand_in_either_sense(start, end, distance):
    for a, b in ((start, end), (end, start)):
        for corners in (HOOK, HOOK[::-1], HOOK[2:] + HOOK[:2]):
            assert segment_polygon_distance(a, b, corners) == pytest.approx(distance)
            both = segment_polygon_distance([a, (9.0, 9.0)], [b, (9.0, 8.0)], corners)
            assert both[0] == pytest.approx(distance)


@given(flat, flat)
def test_a_segment_is_as_far_from_a_polygon_as_its_nearest_point(start, end):
    start, end = 4.0 * np.array(start), 4.0 * np.array(end)
    found = float(segment_polygon_distance(start, end, HOOK))
    tried = start + np.linspace(0.0, 1.0, 401)[:, None] * (end - start)
    nearest = float(polygon_distance(tried, HOOK).min())
    step = float(np.linalg.norm(end - start)) / 400
    assert nearest - step - 1e-9 <= found <= nearest + 1e-9


@given(point, point, point)
def test_a_segment_is_as_far_from_a_point_as_a_segment_of_no_length(a, b, at):
    whole = nearest_points(a, b, at, at).distance_m
    assert segment_distance(a, b, at) == pytest.approx(float(whole), abs=1e-9)


@pytest.mark.req("S2")
@given(flat, flat, st.integers(0, 3), unknown)
def test_an_unknown_end_has_no_known_distance_to_a_polygon(start, end, which, value):
    numbers = [*start, *end]
    numbers[which] = value
    with np.errstate(all="ignore"):
        assert not np.isfinite(segment_polygon_distance(numbers[:2], numbers[2:], SQUARE))


# On a grid, where all is exact: what is met and what lies inside is told by whole numbers alone.


def turn(a, b, c):
    """Return 1 where c is left of the line from a to b, -1 where it is right, 0 on it."""
    area = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (area > 0) - (area < 0)


def meet(a, b, c, d):
    """Return whether two segments have a point in common."""

    def holds(p, q, r):
        """Return whether r, on the line through p and q, lies between them."""
        return all(min(p[i], q[i]) <= r[i] <= max(p[i], q[i]) for i in (0, 1))

    if turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0:
        return True
    ends = ((a, b, c), (a, b, d), (c, d, a), (c, d, b))
    return any(turn(p, q, r) == 0 and holds(p, q, r) for p, q, r in ends)


on_grid = st.tuples(st.integers(-3, 3), st.integers(-3, 3))
triangles = st.tuples(on_grid, on_grid, on_grid).filter(lambda corners: turn(*corners) != 0)


@settings(max_examples=400)
@given(on_grid, on_grid, triangles, st.sampled_from([1.0, 2.0**-4, 2.0**10]))
def test_a_segment_and_a_triangle_meet_or_are_apart_to_the_digit(a, b, corners, scale):
    sides = [(corners[i], corners[i - 1]) for i in range(3)]
    left = [turn(corners[i], corners[(i + 1) % 3], a) * turn(*corners) for i in range(3)]
    strictly = all(side > 0 for side in left)
    met = strictly or any(meet(a, b, c, d) for c, d in sides)
    of_a, of_b, of_corners = (scale * np.array(one) for one in (a, b, corners))
    assert (segment_polygon_distance(of_a, of_b, of_corners) == 0.0) == met
    if strictly or min(left) < 0:
        assert bool(in_polygon(of_a, of_corners)) == strictly


@given(st.lists(st.floats(-2.0, 2.0), min_size=12, max_size=12))
def test_the_distance_alone_is_that_of_the_nearest_points(numbers):
    ends = np.reshape(numbers, (4, 3))
    near = nearest_points(*ends)
    assert nearest_ratios(*ends) == (near.a_ratio, near.b_ratio, near.distance_m)


def test_one_segment_is_held_against_many():
    rng = np.random.default_rng(7)
    one, many = rng.normal(size=(2, 3)), rng.normal(size=(2, 4, 5, 3))
    for first, second in ((one, many), (many, one)):
        distance = nearest_points(*first, *second).distance_m
        alone = nearest_points(*np.broadcast_arrays(*first, *second)).distance_m
        assert distance.shape == (4, 5)
        assert np.array_equal(distance, alone)
