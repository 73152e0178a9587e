"""A scanner's health: people never count against it, what covers or moves it does."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_room import Room, legs, scanner
from strategies import default_cell

from hrc_cell.core.background import Background, foreground, learn
from hrc_cell.core.health import examine, first_health
from hrc_cell.core.scan import echoes_m

TRACKER = default_cell().file.tracker
PLACE = scanner()
PERIOD_S = 0.04
LOST_SCANS = round(TRACKER.background_lost_s / PERIOD_S)


def learned(room, posts=()) -> Background:
    echoes = np.stack([echoes_m(room.scan(PLACE, posts)) for _ in range(50)])
    return learn(
        echoes, np.arange(50) * PERIOD_S, range_max_m=10.0, margin_m=0.1, window_s=2.0,
        present_ratio=0.7,
    )  # fmt: skip


class Watched:
    """A scanner in its room, from the moment its background is known."""

    def __init__(self, tracker=TRACKER, **room):
        self.tracker, self.room, self.now_s = tracker, Room(**room), 10.0
        self.background = learned(self.room)
        self.health = first_health(self.background, self.now_s)

    def see(self, scans=1, posts=lambda i: (), spoil=lambda ranges: None, place=PLACE):
        """Let it see the room; `spoil` changes the ranges."""
        for i in range(scans):
            self.now_s += PERIOD_S
            scan = self.room.scan(place, posts(i))
            spoil(scan.ranges)
            echoes = echoes_m(scan)
            new = foreground(self.background, echoes)
            self.health = examine(
                self.tracker, self.health, self.background, scan, echoes, new, self.now_s
            )
        return self


def sector(first, last, range_m=math.inf):
    """Return a change of the ranges of these beams."""

    def spoil(ranges):
        ranges[first:last] = range_m

    return spoil


def test_a_scanner_in_its_room_is_well():
    seen = Watched().see(100)
    assert seen.health.good
    assert seen.health.ratio == 1.0
    assert not seen.health.lost.any()


@pytest.mark.req("S2")
def test_four_people_who_stand_around_do_not_count_against_the_scanner():
    at = [*legs(0.5, 0.3), *legs(0.6, -0.5), *legs(1.2, 0.9), *legs(0.4, 1.0)]
    seen = Watched().see(200, posts=lambda i: at)
    assert seen.health.good
    assert seen.health.ratio == 1.0


def test_people_who_walk_by_do_not_either():
    seen = Watched()
    for _ in range(3):
        seen.see(60, posts=lambda i: legs(1.0, -2.0 + 0.06 * i, 0.06 * i))
        assert seen.health.good


@pytest.mark.req("S2")
@pytest.mark.parametrize("range_m", [math.inf, math.nan, 0.0, 2.0])
def test_a_covered_sector_is_blocked_in_its_time_and_no_earlier(range_m):
    seen = Watched().see(LOST_SCANS - 2, spoil=sector(200, 400, range_m))
    assert seen.health.good
    seen.see(3, spoil=sector(200, 400, range_m))
    assert seen.health.blocked
    assert not seen.health.moved
    assert seen.health.ratio == pytest.approx(341 / 541)
    seen.see(1)
    assert seen.health.good
    assert seen.health.ratio == 1.0


def test_a_glimpse_begins_the_time_anew():
    seen = Watched()
    for _ in range(5):
        seen.see(LOST_SCANS - 2, spoil=sector(200, 400)).see(1)
    assert seen.health.good


@pytest.mark.parametrize(("beams", "blocked"), [(56, False), (60, True)])
def test_a_sector_as_wide_as_the_setting_is_blocked(beams, blocked):
    """0.5 rad are 57.3 beams."""
    seen = Watched().see(40, spoil=sector(200, 200 + beams))
    assert seen.health.blocked is blocked


def test_a_person_in_the_middle_does_not_make_two_sectors_of_one():
    def spoil(ranges):
        ranges[200:230] = ranges[236:266] = math.inf
        ranges[230:236] = 1.0

    assert Watched().see(40, spoil=spoil).health.blocked


def test_seen_background_in_the_middle_does():
    def spoil(ranges):
        ranges[200:230] = ranges[236:266] = math.inf

    assert not Watched().see(40, spoil=spoil).health.blocked


@pytest.mark.req("S2")
def test_many_small_losses_are_as_bad():
    def every_third(ranges):
        ranges[::3] = math.inf

    seen = Watched().see(40, spoil=every_third)
    assert seen.health.ratio == pytest.approx(2 / 3, abs=0.01)
    assert seen.health.blocked


def test_few_small_losses_are_not():
    def every_fifth(ranges):
        ranges[::5] = math.inf

    seen = Watched().see(40, spoil=every_fifth)
    assert seen.health.ratio == pytest.approx(0.8, abs=0.01)
    assert seen.health.good


@pytest.mark.req("S2")
@pytest.mark.parametrize(("beams", "blocked"), [(2, False), (3, True)])
def test_what_sticks_to_the_window_blocks_however_small(beams, blocked):
    seen = Watched().see(40, spoil=sector(100, 100 + beams, 0.06))
    assert seen.health.blocked is blocked
    assert not Watched().see(40, spoil=sector(100, 103, 0.09)).health.blocked


@pytest.mark.req("S2")
def test_what_sticks_to_the_window_blocks_where_there_is_no_background_either():
    seen = Watched()
    nothing = np.zeros_like(seen.background.known)
    seen.background = replace(seen.background, known=nothing)
    seen.health = first_health(seen.background, seen.now_s)
    seen.see(40)
    assert math.isnan(seen.health.ratio)
    assert seen.health.good
    seen.see(40, spoil=sector(100, 103, 0.06))
    assert seen.health.blocked


@pytest.mark.req("S2")
def test_something_wider_than_a_person_explains_nothing():
    wide = [(1.5, y) for y in np.arange(-0.7, 0.71, 0.05)]
    assert Watched().see(40, posts=lambda i: wide).health.blocked
    narrow = [(1.5, y) for y in np.arange(-0.3, 0.31, 0.05)]
    assert Watched().see(40, posts=lambda i: narrow).health.good


@pytest.mark.req("S2")
def test_a_scanner_of_which_nothing_is_known_because_of_people_is_blocked():
    def crowd(ranges):
        """Many things of the size of a person, one beside the other, all around."""
        free = ranges[::40].copy()
        ranges[:] = np.where(np.arange(len(ranges)) // 20 % 2 == 0, 0.5, 1.5)
        ranges[::40] = free

    seen = Watched().see(5, spoil=crowd)
    assert seen.health.ratio == 0.0
    assert seen.health.blocked


@pytest.mark.req("S2")
@pytest.mark.parametrize("turn_rad", [-0.25, -0.12, -0.07, 0.07, 0.12, 0.25])
def test_a_scanner_that_was_turned_has_moved(turn_rad):
    seen = Watched().see(LOST_SCANS // 2, place=scanner(yaw_rad=turn_rad))
    assert not seen.health.moved
    seen.see(LOST_SCANS, place=scanner(yaw_rad=turn_rad))
    assert seen.health.moved
    seen.see(10)
    assert seen.health.good


@pytest.mark.req("S2")
@pytest.mark.parametrize("x_m", [-0.8, 0.8])
def test_a_scanner_that_was_carried_elsewhere_has_moved(x_m):
    seen = Watched().see(40, place=scanner(x_m=x_m, y_m=-0.5))
    assert seen.health.moved


@pytest.mark.req("S2")
def test_a_turn_is_told_also_while_people_stand_around():
    at = [*legs(1.0, 0.3), *legs(1.5, -0.9), *legs(1.2, 1.5), *legs(0.4, 1.2)]
    seen = Watched().see(60, posts=lambda i: at, place=scanner(yaw_rad=0.12))
    assert seen.health.moved


def test_a_shiver_is_no_move():
    assert Watched().see(60, place=scanner(yaw_rad=0.01, x_m=0.02)).health.good


@pytest.mark.req("S2")
@given(st.integers(0, 500), st.integers(0, 541), st.sampled_from([math.inf, 0.06, 0.2, 1.0, 9.0]))
def test_the_ratio_is_one_and_loss_never_improves_it(first, count, range_m):
    seen = Watched().see(LOST_SCANS + 2, spoil=sector(first, first + count, range_m))
    assert 0.0 <= seen.health.ratio <= 1.0
    if math.isinf(range_m) and count * math.radians(0.5) > TRACKER.background_gap_rad + 0.4:
        lost = min(count, 541 - first)
        assert seen.health.blocked is (lost * 4.7124 / 540 > TRACKER.background_gap_rad)


def test_a_dense_scanner_tries_turns_as_wide():
    seen = Watched(beams=2161).see(40, place=scanner(yaw_rad=0.25))
    assert seen.health.moved
