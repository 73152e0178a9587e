"""The floor in squares: what a scanner sees empty, and what it cannot know."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_room import LEG_RADIUS_M, Room, scanner

from hrc_cell.core.background import BIN_M, Background, learn
from hrc_cell.core.floor import (
    background_reach_m,
    background_squares,
    make_floor,
    reach_m,
    seen_empty,
    sight_of,
    spread,
    walls_between,
)
from hrc_cell.core.scan import Beams, beams_of, echoes_m

SQUARE = [(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)]
FLOOR = make_floor(SQUARE, cell_m=0.1)
PLACE = scanner()
NONE = np.zeros(541, dtype=bool)


def square(x_m, y_m, floor=FLOOR):
    """Return the index of the square with this point."""
    off = np.hypot(floor.middles_m[..., 0] - x_m, floor.middles_m[..., 1] - y_m)
    return np.unravel_index(int(off.argmin()), off.shape)


def sight(room, place=PLACE, floor=FLOOR):
    return sight_of(floor, place, beams_of(room.scan(place)), leg_radius_m=LEG_RADIUS_M)


def empty(room, posts=(), place=PLACE):
    scan = room.scan(place, posts)
    return seen_empty(sight(room, place), reach_m(echoes_m(scan), NONE, scan.range_max_m))


# The same once more, plainly: square by square and beam by beam.

EIGHTHS = make_floor(
    [(-0.875, -1.125), (2.125, -1.125), (2.125, 1.625), (-0.875, 1.625)], cell_m=0.25,
    filled_m=[(0.75, 1.0, 0.5, 1.5)],
)  # fmt: skip
"""Its middles are multiples of a quarter, exactly."""
BEAMS = (
    Beams(count=9, angle_min_rad=-0.5625, angle_increment_rad=0.125),
    Beams(count=50, angle_min_rad=-1.0, angle_increment_rad=0.05),
    Beams(count=40, angle_min_rad=2.0, angle_increment_rad=-0.1),
    Beams(count=72, angle_min_rad=-3.0, angle_increment_rad=math.tau / 72),
    Beams(count=71, angle_min_rad=-3.0, angle_increment_rad=math.tau / 72),
    Beams(count=15, angle_min_rad=-3.0, angle_increment_rad=math.tau / 15.5),
)
SITES = (scanner(), scanner(x_m=0.1), scanner(x_m=0.4, y_m=-0.3, yaw_rad=1.0))


def looked(site, beams, x_m, y_m, radius_m):
    """Return of a square its distance, the nearest beam, and the beams through a leg or None."""
    dx, dy = x_m - site.x_m, y_m - site.y_m
    away_m, step_rad = math.hypot(dx, dy), abs(beams.angle_increment_rad)
    bearing = math.atan2(dy, dx) - site.yaw_rad - beams.angle_min_rad
    place = (math.copysign(1.0, beams.angle_increment_rad) * bearing) % math.tau / step_rad
    half = radius_m / max(away_m, 0.1) / step_rad
    through = [round(place + (2.0 * (i + 0.5) / 8 - 1.0) * half) for i in range(8)]
    around = (beams.count + 0.5) * step_rad >= math.tau
    good = abs(round(place) - place) <= half and away_m > 0.1
    if not around:
        good = good and all(0 <= beam < beams.count for beam in through)
    through = [beam % beams.count for beam in through]
    return away_m, round(place) % beams.count, through if good else None


@pytest.mark.req("S2")
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("beams", BEAMS)
@pytest.mark.parametrize("radius_m", [0.0625, 0.02])
def test_each_square_is_seen_empty_and_holds_background_as_its_beams_say(site, beams, radius_m):
    rng = np.random.default_rng(3)
    sight = sight_of(EIGHTHS, site, beams, leg_radius_m=radius_m)
    known = rng.random((beams.count, 30)) < 0.4
    stands = background_squares(sight, Background(known=known, margin_m=0.1))
    reach = rng.choice(np.append(sight.distance_m.ravel(), [0.0, 9.0]), beams.count)
    reach = np.where(rng.random(beams.count) < 0.5, 9.0, reach)
    empty = seen_empty(sight, reach)
    for at in np.ndindex(empty.shape):
        away_m, nearest, through = looked(site, beams, *EIGHTHS.middles_m[at], radius_m)
        assert sight.looks[at] == (through is not None)
        seen = through is not None and sum(reach[beam] >= away_m for beam in through) >= 5
        assert empty[at] == seen
        place = int(away_m / BIN_M)
        wall = through is not None and place < 30 and known[nearest, place]
        assert stands[at] == (wall or away_m <= 0.1)


@pytest.mark.req("S2")
@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("beams", BEAMS[1:])
def test_between_the_ends_of_neighbouring_beams_there_is_wall_where_no_body_passes(site, beams):
    rng = np.random.default_rng(6)
    near = rng.integers(0, 30, beams.count) // 8 * 4
    known = np.zeros((beams.count, 34), dtype=bool)
    for row, first in zip(known, near, strict=True):
        row[first : first + rng.integers(0, 4)] = True
        row[first + 5 : first + rng.integers(5, 9)] = True
    walls, told = set(), walls_between(EIGHTHS, site, beams, Background(known=known, margin_m=0.1))
    ends = []
    for beam, row in enumerate(known.tolist()):
        if True not in row:
            ends.append(None)
            continue
        first = row.index(True)
        last = row.index(False, first) if False in row[first:] else len(row)
        reach = 0.5 * (first + last) * BIN_M
        bearing = site.yaw_rad + beams.angle_min_rad + beams.angle_increment_rad * beam
        ends.append((site.x_m + math.cos(bearing) * reach, site.y_m + math.sin(bearing) * reach))
    for here, there in zip(ends, [*ends[1:], ends[0]], strict=True):
        if here is None or there is None or math.dist(here, there) > 0.18:
            continue
        for part in (0.0, 0.25, 0.5, 0.75, 1.0):
            x, y = (a + part * (b - a) for a, b in zip(here, there, strict=True))
            walls.add((math.floor((x + 0.875) / 0.25), math.floor((y + 1.125) / 0.25)))
    nx, ny = told.shape
    inside = {(x, y) for x, y in walls if 0 <= x < nx and 0 <= y < ny}
    assert {(int(x), int(y)) for x, y in np.argwhere(told)} == inside
    assert inside


@pytest.mark.req("S2")
@given(st.integers(0, 2**20 - 1), st.integers(0, 2**20 - 1))
def test_a_step_goes_to_a_side_or_round_a_corner_that_is_not_closed(some, others):
    place = np.array([some >> i & 1 for i in range(20)], dtype=bool).reshape(4, 5)
    room = np.array([others >> i & 1 for i in range(20)], dtype=bool).reshape(4, 5)
    reached = np.zeros((4, 5), dtype=bool)
    for (x, y), (i, j) in itertools.product(np.argwhere(place), np.ndindex(4, 5)):
        dx, dy = abs(i - x), abs(j - y)
        corner = (dx, dy) == (1, 1) and (room[x, j] or room[i, y])
        reached[i, j] |= room[i, j] and (dx + dy <= 1 or corner)
    np.testing.assert_array_equal(spread(place, room), reached)


def test_squares_whose_middles_lie_on_the_side_of_a_box_are_filled():
    closed = {tuple(EIGHTHS.middles_m[tuple(at)].tolist()) for at in np.argwhere(~EIGHTHS.open)}
    assert closed == {(x, y) for x in (0.5, 0.75) for y in (1.0, 1.25, 1.5)}
    assert EIGHTHS.middles_m[0, 0].tolist() == [-0.75, -1.0]
    assert EIGHTHS.middles_m[-1, -1].tolist() == [2.0, 1.5]


def test_the_floor_is_cut_into_squares_of_its_outline():
    floor = make_floor([(0.0, 0.0), (1.0, 0.0), (1.0, 0.5)], cell_m=0.25)
    assert floor.open.shape == (4, 2)
    assert floor.middles_m[0, 0] == pytest.approx((0.125, 0.125))
    assert floor.middles_m[3, 1] == pytest.approx((0.875, 0.375))
    assert floor.open[3, 1]
    assert not floor.open[0, 1]


def test_the_margin_widens_the_floor_and_what_is_filled_is_none_of_it():
    wide = make_floor(SQUARE, cell_m=0.5, margin_m=1.0, filled_m=[(1.0, 1.0, -1.0, -1.0)])
    assert wide.open.shape == (20, 20)
    assert not wide.open[0, 0]  # the corner is farther than 1 m from the outline's
    assert wide.open[0, 10]
    inside = np.abs(wide.middles_m).max(axis=-1) <= 1.0
    assert inside.sum() == 16
    assert not wide.open[inside].any()
    assert wide.open[square(1.25, 0.25, wide)]


def test_an_outline_smaller_than_a_square_is_one_square():
    assert make_floor([(0.0, 0.0), (0.04, 0.0), (0.04, 0.04)], cell_m=0.1).open.shape == (1, 1)


def test_an_empty_room_is_seen_empty_wherever_beams_run():
    seen = empty(Room())
    away = np.hypot(FLOOR.middles_m[..., 0], FLOOR.middles_m[..., 1])
    bearing = np.abs(np.arctan2(FLOOR.middles_m[..., 1], FLOOR.middles_m[..., 0]))
    clear = (np.abs(FLOOR.middles_m).max(axis=-1) < 3.8) & (away > 0.3)
    assert seen[clear & (bearing < 2.0)].all()
    assert not seen[bearing > 2.36].any()  # 2.3562 rad to each side


def test_a_square_that_the_scanner_stands_in_is_not_seen():
    assert not empty(Room())[square(0.05, 0.05)]


@pytest.mark.req("S2")
def test_behind_a_leg_nothing_is_seen_empty_and_beside_it_all_is():
    seen = empty(Room(), [(2.05, 0.05)])
    shadow = [square(x, x * 0.05 / 2.05) for x in (2.05, 2.35, 3.05, 3.85)]
    assert not any(seen[at] for at in shadow)
    assert seen[square(1.75, 0.05)]
    assert all(seen[square(3.05, y)] for y in (0.45, -0.35))


@pytest.mark.req("S2")
@given(st.floats(0.5, 3.8), st.floats(-1.9, 1.9), st.integers(0, 20))
def test_a_square_with_a_leg_in_its_middle_is_never_seen_empty(away_m, bearing_rad, seed):
    x_m, y_m = away_m * math.cos(bearing_rad), away_m * math.sin(bearing_rad)
    at = square(x_m, y_m)
    leg = tuple(FLOOR.middles_m[at])
    assert not empty(Room(seed=seed), [leg])[at]


@pytest.mark.req("S2")
@given(st.integers(0, 540), st.integers(1, 60))
def test_a_beam_without_an_echo_proves_nothing(first, count):
    room = Room()
    scan = room.scan(PLACE)
    before = seen_empty(sight(room), reach_m(echoes_m(scan), NONE, 10.0))
    scan.ranges[first : first + count] = math.inf
    after = seen_empty(sight(room), reach_m(echoes_m(scan), NONE, 10.0))
    assert not (after & ~before).any()
    assert not after[np.isin(sight(room).nearest, np.arange(first + 12, first + count - 12))].any()


def test_a_single_missing_echo_is_no_hiding_place_near_by():
    room = Room()
    scan = room.scan(PLACE)
    scan.ranges[270] = math.inf
    assert seen_empty(sight(room), reach_m(echoes_m(scan), NONE, 10.0))[square(1.05, 0.0)]


def test_an_echo_is_how_far_a_beam_reaches():
    echoes = np.array([2.0, np.nan, np.nan])
    nothing = np.array([False, False, True])
    assert reach_m(echoes, nothing, 9.0).tolist() == [2.0, 0.0, 9.0]
    assert reach_m(echoes, nothing, 0.5).tolist() == [2.0, 0.0, 0.5]


@pytest.mark.req("S2")
@pytest.mark.parametrize("range_max_m", [math.nan, math.inf, -1.0, 0.0])
def test_a_range_that_makes_no_sense_proves_nothing(range_max_m):
    assert reach_m(np.array([np.nan]), np.array([True]), range_max_m).tolist() == [0.0]


@pytest.mark.parametrize("turn", [1.0, -1.0])
def test_a_scanner_that_looks_all_around_has_no_seam(turn):
    step_rad = turn * math.tau / 720
    beams = Beams(count=720, angle_min_rad=-turn * math.pi, angle_increment_rad=step_rad)
    floor = make_floor([(-2.0, -2.0), (2.0, -2.0), (2.0, 2.0), (-2.0, 2.0)], cell_m=0.1)
    around = sight_of(floor, scanner(yaw_rad=1.0), beams, leg_radius_m=LEG_RADIUS_M)
    reach = np.full(720, 5.0)
    away = np.hypot(floor.middles_m[..., 0], floor.middles_m[..., 1])
    assert seen_empty(around, reach)[away > 0.1].all()
    reach[100:140] = 0.0
    dark = ~seen_empty(around, reach) & (away > 1.0)
    bearing = np.arctan2(floor.middles_m[..., 1], floor.middles_m[..., 0])[dark] - 1.0
    middle_rad = -turn * math.pi + 119.5 * step_rad
    off = np.abs(np.remainder(bearing - middle_rad + math.pi, math.tau) - math.pi)
    assert dark.any()
    assert off.max() < 0.5 * 40 * abs(step_rad) + 0.06


def test_beams_that_end_at_a_side_do_not_see_half_a_leg_there():
    beams = Beams(count=181, angle_min_rad=0.02, angle_increment_rad=math.pi / 180)
    half = sight_of(FLOOR, PLACE, beams, leg_radius_m=LEG_RADIUS_M)
    assert not half.looks[square(2.05, 0.05)]
    assert half.looks[square(2.05, 0.25)]
    assert not half.looks[square(-2.05, -0.05)]


@pytest.mark.req("S2")
def test_beams_farther_apart_than_a_leg_is_wide_do_not_see_between_them():
    beams = Beams(count=10, angle_min_rad=-0.45, angle_increment_rad=0.1)
    coarse = sight_of(FLOOR, PLACE, beams, leg_radius_m=LEG_RADIUS_M)
    bearing = np.arctan2(FLOOR.middles_m[..., 1], FLOOR.middles_m[..., 0])
    off = np.abs(np.remainder(bearing, 0.1) - 0.05)
    away = np.hypot(FLOOR.middles_m[..., 0], FLOOR.middles_m[..., 1])
    assert coarse.looks.any()
    assert not coarse.looks[(off * away > 1.01 * LEG_RADIUS_M) & (away > 0.2)].any()


def learned(room, range_max_m=10.0, place=PLACE):
    echoes = np.stack([echoes_m(room.scan(place)) for _ in range(50)])
    return learn(
        echoes, np.arange(50) * 0.04, range_max_m=range_max_m, margin_m=0.1, window_s=2.0,
        present_ratio=0.7,
    )  # fmt: skip


def test_nobody_stands_where_the_wall_is_and_where_the_scanner_is():
    room = Room()
    big = make_floor([(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)], cell_m=0.1)
    stands = background_squares(sight(room, floor=big), learned(room))
    assert stands[square(4.05, 0.05, big)]
    assert stands[square(0.05, 3.95, big)]
    assert stands[square(0.05, 0.05, big)]
    assert not stands[square(3.75, 0.05, big)]
    assert not stands[square(4.35, 0.05, big)]
    assert not stands[square(-4.05, 0.05, big)]  # behind the scanner it knows nothing


def test_the_wall_lies_within_the_table_only():
    room = Room()
    big = make_floor([(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)], cell_m=0.1)
    known = np.zeros((541, 80), dtype=bool)
    known[:, 79] = True
    stands = background_squares(sight(room, floor=big), Background(known=known, margin_m=0.1))
    away = np.hypot(big.middles_m[..., 0], big.middles_m[..., 1])
    assert stands[away > 0.2].any()
    assert (np.abs(away[stands & (away > 0.2)] - 3.975) < 0.026).all()


def test_the_empty_cell_is_seen_up_to_its_nearest_background():
    known = np.zeros((3, 100), dtype=bool)
    known[0, 40:44] = known[1, 20] = known[1, 60] = True
    reach = background_reach_m(Background(known=known, margin_m=0.1), 7.0)
    assert reach == pytest.approx([40 * BIN_M, 20 * BIN_M, 7.0])


BIG = make_floor([(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)], cell_m=0.1)


def flood(start, walls, floor=BIG):
    """Return where somebody comes to who walks on and on."""
    place, before = start & ~walls, None
    while before is None or (place != before).any():
        before, place = place, spread(place, floor.open & ~walls)
    return place


@pytest.mark.req("S2")
@pytest.mark.parametrize("yaw_rad", [0.0, 0.5, 0.9])
def test_nobody_walks_through_the_wall_that_the_beams_end_on(yaw_rad):
    """The beams lie so far apart that no beam runs through some squares of the wall."""
    room, place = Room(beams=300, angle_rad=math.tau * 299 / 300), scanner(yaw_rad=yaw_rad)
    floor = make_floor([(-5.0, -5.0), (5.0, -5.0), (5.0, 5.0), (-5.0, 5.0)], cell_m=0.05)
    beams, half = beams_of(room.scan(place)), 0.5 * LEG_RADIUS_M
    known = learned(room, place=place)
    stands = background_squares(sight_of(floor, place, beams, leg_radius_m=half), known)
    between = walls_between(floor, place, beams, known)
    away = np.abs(floor.middles_m).max(axis=-1)
    assert (np.abs(away[between] - 4.0) < 0.15).all()
    start = np.zeros(stands.shape, dtype=bool)
    start[square(2.02, 0.02, floor)] = True
    inside = flood(start, stands | between, floor)
    assert inside[(away < 3.7) & ~stands].all()
    assert not inside[away > 4.2].any()
    assert flood(start, stands, floor)[away > 4.2].any()


def ends_at(*reach_m, step_rad=0.1):
    """Return beams and a background at these ranges; 0 stands for none."""
    known = np.zeros((len(reach_m), 100), dtype=bool)
    for beam, each_m in enumerate(reach_m):
        if each_m:
            known[beam, round(each_m / BIN_M) - 1 : round(each_m / BIN_M) + 1] = True
    beams = Beams(count=len(reach_m), angle_min_rad=0.0, angle_increment_rad=step_rad)
    return beams, Background(known=known, margin_m=0.1)


@pytest.mark.req("S2")
def test_a_wall_is_drawn_only_where_no_body_passes_between_the_ends():
    narrow = walls_between(BIG, PLACE, *ends_at(1.6, 1.6))
    assert narrow[square(1.58, 0.08, BIG)]
    assert narrow.sum() in (2, 3)
    for beams in (ends_at(2.0, 2.0), ends_at(1.6, 1.9), ends_at(1.6, 0.0), ends_at(0.1, 0.0),
                  ends_at(0.0, 0.1), ends_at(0.0, 0.0)):  # fmt: skip
        assert not walls_between(BIG, PLACE, *beams).any()


def test_a_wall_out_of_the_floor_and_one_at_the_end_of_the_table_are_no_error():
    small = make_floor([(0.0, 0.0), (1.0, 0.0), (1.0, 1.0)], cell_m=0.1)
    assert not walls_between(small, PLACE, *ends_at(1.6, 1.6)).any()
    assert walls_between(BIG, PLACE, *ends_at(5.0, 5.0, step_rad=0.02)).sum() in (1, 2, 3)


@pytest.mark.req("S2")
def test_a_step_goes_to_all_eight_sides_but_not_between_two_walls_that_meet_at_a_corner():
    place = np.zeros((5, 5), dtype=bool)
    place[2, 2] = True
    room = np.ones((5, 5), dtype=bool)
    assert spread(place, room).sum() == 9
    room[2, 3] = False
    assert spread(place, room)[3, 3]  # round the corner of one wall
    room[3, 2] = False
    wide = spread(place, room)
    assert not wide[3, 3]
    assert wide.sum() == 6


@pytest.mark.req("S2")
@given(st.integers(0, 2**25 - 1), st.integers(0, 2**25 - 1))
def test_a_step_stays_in_the_room_and_leaves_out_no_square_beside(some, others):
    place = np.array([some >> i & 1 for i in range(25)], dtype=bool).reshape(5, 5)
    room = np.array([others >> i & 1 for i in range(25)], dtype=bool).reshape(5, 5)
    wide = spread(place & room, room)
    assert not (wide & ~room).any()
    assert not (place & room & ~wide).any()
    for x, y in np.argwhere(place & room):
        for i, j in ((x - 1, y), (x + 1, y), (x, y - 1), (x, y + 1)):
            if 0 <= i < 5 and 0 <= j < 5 and room[i, j]:
                assert wide[i, j]
