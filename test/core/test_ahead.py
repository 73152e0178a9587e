"""The way ahead: where the arm is on its path, what comes next, how fast each joint will be."""

import numpy as np
import plain
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core import ahead as way
from hrc_cell.core.ahead import Ahead

POINTS = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, -0.5]])
SPEED = np.array([0.5, 2.0])  # 2 s and 0.5 s


def path(line=0, line_ratio=0.0, points=POINTS, speed=SPEED, **known):
    rest = {"age_s": np.array(0.0), "followed": np.array(True)}
    return Ahead(
        waypoints_rad=points, line_speed_ratio_ps=speed, line=np.array(line),
        line_ratio=np.array(line_ratio), **(rest | known),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("line", "ratio", "told"),
    [(0, 0.0, 0.0), (0, 0.25, 0.5), (0, 1.0, 2.0), (1, 0.0, 2.0), (1, 0.5, 2.25), (1, 1.0, 2.5)],
)
def test_the_way_is_counted_in_seconds_at_full_planned_speed(line, ratio, told):
    assert way.told_s(path(line, ratio)) == told


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("line", "ratio"), [(-1, 0.0), (2, 0.0), (0, -0.1), (0, 1.1), (0, np.nan), (1, np.inf)]
)
def test_a_place_that_cannot_be_is_unknown(line, ratio):
    assert np.isnan(way.told_s(path(line, ratio)))


def test_the_arm_is_found_where_it_is_nearest_and_how_far_off():
    at_s, point, off = way.nearest_s(path(0, 0.3), np.array([0.4, 0.03]))
    assert (at_s, point.tolist()) == (pytest.approx(0.8), pytest.approx([0.4, 0.0]))
    assert off.tolist() == pytest.approx([0.0, 0.03])
    at_s, point, _ = way.nearest_s(path(0, 0.3), np.array([-0.2, 0.0]))
    assert (at_s, point.tolist()) == (0.0, [0.0, 0.0])


def test_an_arm_that_lags_behind_a_waypoint_is_found_on_the_line_before():
    at_s, point, off = way.nearest_s(path(1, 0.0), np.array([0.9, 0.0]))
    assert (at_s, point.tolist(), off.max()) == (pytest.approx(1.8), [0.9, 0.0], 0.0)


def test_as_near_to_both_lines_the_arm_is_on_the_one_told():
    corner = path(1, 0.0, points=np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]))
    _, point, off = way.nearest_s(corner, np.array([0.75, 0.25]))
    assert (point.tolist(), off.tolist()) == ([1.0, 0.25], [0.25, 0.0])


def test_a_line_of_no_length_is_its_point():
    still = path(points=np.zeros((2, 2)), speed=np.ones(1))
    at_s, point, off = way.nearest_s(still, np.array([0.1, -0.2]))
    assert (at_s, point.tolist(), off.tolist()) == (0.0, [0.0, 0.0], [0.1, 0.2])


def test_poses_follow_the_lines_and_rest_at_the_end():
    q, qd, _ = way.poses(path(), np.array([-1.0, 0.0, 1.0, 2.0, 2.25, 9.0]))
    assert q.tolist() == [[0, 0], [0, 0], [0.5, 0], [1, 0], [1, -0.25], [1, -0.5]]
    assert qd.tolist() == [[0.5, 0], [0.5, 0], [0.5, 0], [0, -1], [0, -1], [0, -1]]


def test_only_the_lines_between_two_ways_tell_how_fast_a_joint_will_be():
    def speed(a, b):
        return way.speed_max_radps(path(), np.array(a), np.array(b)).tolist()

    assert speed(0.0, 1.9) == [0.5, 0.0]
    assert speed(2.1, 9.0) == [0.0, 1.0]
    assert speed(1.9, 2.1) == [0.5, 1.0]
    assert speed(2.0, 2.0) == [0.5, 1.0]  # at the waypoint both count


def test_a_corridor_holds_its_ends_and_what_lies_between():
    assert way.corridor(path(), 1.0, 0.0, 2.25, 8).tolist() == [[0.5, 0], [1, 0], [1, -0.25]]
    assert way.corridor(path(), 0.8, 0.3, 1.0, 8).tolist() == [[0.25, 0], [0.5, 0]]
    assert way.corridor(path(), 0.1, 1.1, 9.0, 2).tolist() == [[0, 0], [1, 0]]


def test_many_short_lines_behind_leave_room_for_those_ahead():
    points = np.arange(20.0)[:, None] * [[0.01, 0.0]]
    dense = path(points=points, speed=np.full(19, 100.0))
    rows = way.corridor(dense, 0.105, 0.3, 0.19, 8)
    assert len(rows) == 8
    assert rows[0, 0] == pytest.approx(0.09)
    assert rows[:, 0].max() > 0.105


def test_a_line_without_a_speed_is_never_done():
    stuck = path(speed=np.array([0.0, 1.0]))
    q, qd, _ = way.poses(stuck, np.array([100.0]))
    assert np.abs(q - POINTS[0]).max() < 1e-3
    assert np.abs(qd).max() < 1e-5


ratios = st.floats(0.0, 1.0)


@given(st.lists(st.lists(st.floats(-2, 2), min_size=3, max_size=3), min_size=2, max_size=5), ratios)
def test_a_pose_lies_on_the_path_where_it_is_found_again(points, part):
    points = np.array(points)
    speed = np.full(len(points) - 1, 1.0)
    at = part * len(speed)
    q, _, _ = way.poses(path(points=points, speed=speed), np.array([at]))
    line = min(int(at), len(speed) - 1)
    _, _, off = way.nearest_s(path(line, at - line, points=points, speed=speed), q[0])
    assert off.max() < 1e-9


def test_a_batch_is_its_parts_also_with_paths_of_different_length():
    long = path(1, 0.2)
    short_points = np.array([[0.3, 0.1], [-0.4, 0.2]])
    short = path(0, 0.5, points=short_points, speed=np.array([1.5]))
    both = Ahead(
        waypoints_rad=np.stack([POINTS, np.vstack([short_points, short_points[-1:]])]),
        line_speed_ratio_ps=np.array([[0.5, 2.0], [1.5, 0.0]]), line=np.array([1, 0]),
        line_ratio=np.array([0.2, 0.5]), age_s=np.zeros(2), followed=np.ones(2, dtype=bool),
    )  # fmt: skip
    ways = np.array([0.0, 0.4, 2.2, 5.0])
    q, qd, _ = way.poses(both, np.stack([ways, ways]))
    for i, one in enumerate((long, short)):
        q_one, qd_one, _ = way.poses(one, ways)
        np.testing.assert_allclose(q[i], q_one, atol=1e-4)
        assert way.told_s(both)[i] == way.told_s(one)
        here = way.nearest_s(one, np.array([0.2, 0.1]))
        for got, alone in zip(way.nearest_s(both, np.full((2, 2), [0.2, 0.1])), here, strict=True):
            np.testing.assert_allclose(got[i], alone)
        moving = ways < way.told_s(one) + 0.3
        np.testing.assert_allclose(qd[i][moving], qd_one[moving])


def test_cells_in_rows_and_columns_are_each_what_it_is_alone():
    draw = np.random.default_rng(5)
    shape, points, joints = (2, 3), 4, 3
    many = Ahead(
        waypoints_rad=draw.uniform(-1.0, 1.0, (*shape, points, joints)),
        line_speed_ratio_ps=draw.uniform(0.5, 2.0, (*shape, points - 1)),
        line=np.array([[0, 1, 2], [2, 1, 0]]), line_ratio=draw.uniform(0.0, 1.0, shape),
        age_s=np.zeros(shape), followed=np.ones(shape, dtype=bool),
    )  # fmt: skip
    position = draw.uniform(-1.0, 1.0, (*shape, joints))
    ways = draw.uniform(0.0, 4.0, (*shape, 5))
    together = (way.told_s(many), *way.nearest_s(many, position), *way.poses(many, ways))
    for at in np.ndindex(shape):
        one = Ahead(
            waypoints_rad=many.waypoints_rad[at], line_speed_ratio_ps=many.line_speed_ratio_ps[at],
            line=many.line[at], line_ratio=many.line_ratio[at], age_s=many.age_s[at],
            followed=many.followed[at],
        )  # fmt: skip
        alone = (way.told_s(one), *way.nearest_s(one, position[at]), *way.poses(one, ways[at]))
        for got, wanted in zip(together, alone, strict=True):
            np.testing.assert_allclose(got[at], wanted, rtol=1e-12)


eighths = st.integers(-16, 16).map(lambda i: i / 8.0)
lines = st.lists(st.sampled_from([0.0, 5e-7, 1.5e-6, 0.25, 0.5, 1.0, 4.0]), min_size=1, max_size=4)


@pytest.mark.req("S1")
@given(st.data(), lines)
def test_a_path_is_what_its_lines_are_one_by_one(data, speeds):
    """Against the plain judgement of test/plain.py, waypoints and bounds met to the digit."""
    points = data.draw(
        st.lists(st.tuples(eighths, eighths), min_size=len(speeds) + 1, max_size=len(speeds) + 1)
    )
    line = data.draw(st.integers(-1, len(speeds)))
    ratio = data.draw(st.sampled_from([-0.125, 0.0, 0.25, 0.5, 1.0, 1.125]))
    ahead = path(line, ratio, points=np.array(points), speed=np.array(speeds))
    told = plain.told(ahead)
    assert way.told_s(ahead) == (told if told is not None else pytest.approx(np.nan, nan_ok=True))
    q = np.array(data.draw(st.tuples(eighths, eighths)))
    for got, alone in zip(way.nearest_s(ahead, q), plain.nearest(ahead, q), strict=True):
        np.testing.assert_allclose(got, alone, rtol=1e-12, atol=1e-12)
    ways = data.draw(st.lists(st.integers(-4, 160).map(lambda i: i / 8.0), min_size=2, max_size=4))
    for got, alone in zip(
        way.poses(ahead, np.array(ways)),
        zip(*(plain.pose(ahead, at) for at in ways), strict=True), strict=True,
    ):  # fmt: skip
        np.testing.assert_allclose(got, alone, rtol=1e-12, atol=1e-12)
    low, high = sorted(ways[:2])
    np.testing.assert_allclose(
        way.speed_max_radps(ahead, np.array(low), np.array(high)),
        plain.fastest(ahead, low, high), rtol=1e-12,
    )  # fmt: skip


def test_a_corridor_begins_at_the_first_waypoint_and_ends_at_the_last():
    assert way.corridor(path(), 1.0, 2.0, 9.0, 8).tolist() == POINTS.tolist()
    assert way.corridor(path(), 1.0, 1.0, 2.5, 8).tolist() == POINTS.tolist()
    assert way.corridor(path(), 2.0, 0.0, 2.0, 8).tolist() == [[1, 0], [1, 0]]


def test_of_the_waypoints_passed_the_last_two_are_told():
    """One that the arm is at counts as passed; one where the stretch begins is its end."""
    points = np.arange(6.0)[:, None] * [[1.0, 0.0]]
    even = path(points=points, speed=np.ones(5))
    assert way.corridor(even, 3.0, 3.0, 3.5, 8)[:, 0].tolist() == [2.0, 3.0, 3.5]
    assert way.corridor(even, 2.0, 2.0, 2.5, 8)[:, 0].tolist() == [0.0, 1.0, 2.0, 2.5]
    assert way.corridor(even, 2.5, 0.5, 2.5, 8)[:, 0].tolist() == [2.0, 2.5]
    assert way.corridor(even, 3.9, 2.0, 4.0, 8)[:, 0].tolist() == [1.9, 2.0, 3.0, 4.0]
