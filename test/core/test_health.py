"""A scanner's health: people never count against it, what covers or moves it does."""

import math
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_room import Room, legs, scanner
from strategies import default_cell

from hrc_cell.core.background import Background, foreground, learn
from hrc_cell.core.clusters import runs_of, widths_m
from hrc_cell.core.health import examine, first_health
from hrc_cell.core.scan import Scan, echoes_m

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
            runs = runs_of(self.tracker, scan, echoes, foreground(self.background, echoes))
            self.health = examine(
                self.tracker, self.health, self.background, scan, echoes, runs, self.now_s
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
@settings(max_examples=25)
@given(st.integers(0, 500), st.integers(0, 541), st.sampled_from([math.inf, 0.06, 0.2, 1.0, 9.0]))
def test_the_ratio_is_one_and_loss_never_improves_it(first, count, range_m):
    seen = Watched().see(LOST_SCANS + 2, spoil=sector(first, first + count, range_m))
    assert 0.0 <= seen.health.ratio <= 1.0
    if math.isinf(range_m) and count * math.radians(0.5) > TRACKER.background_gap_rad + 0.4:
        lost = min(count, 541 - first)
        assert seen.health.blocked is (lost * 4.7124 / 540 > TRACKER.background_gap_rad)


@pytest.mark.req("S2")
def test_what_sticks_to_the_window_is_no_move_where_there_was_no_background():
    seen = Watched()
    seen.background.known[:500] = False
    seen.health = first_health(seen.background, seen.now_s)
    seen.see(40, spoil=sector(0, 541, 0.06))
    assert seen.health.blocked
    assert not seen.health.moved


def test_a_dense_scanner_tries_turns_as_wide():
    seen = Watched(beams=2161).see(40, place=scanner(yaw_rad=0.25))
    assert seen.health.moved


STEP_RAD = 0.125
BIN_M = 0.05


def table(*ranges_m, bins=200):
    """Return a background with one range for each beam, NaN for none."""
    known = np.zeros((len(ranges_m), bins), dtype=bool)
    for beam, range_m in enumerate(ranges_m):
        if not math.isnan(range_m):
            known[beam, int(range_m / BIN_M)] = True
    return Background(known=known, margin_m=0.1)


def after(tracker, background, scans, times_s, step_rad=STEP_RAD):
    """Return the health after each of these scans."""
    health = first_health(background, times_s[0])
    for echoes, now_s in zip(scans, times_s, strict=True):
        echoes = np.asarray(echoes, dtype=float)
        scan = Scan(
            stamp_s=now_s, frame="left", angle_min_rad=0.0, angle_increment_rad=step_rad,
            range_min_m=0.05, range_max_m=20.0, ranges=echoes,
        )  # fmt: skip
        new = foreground(background, echoes)
        runs = runs_of(tracker, scan, echoes, new)
        health = examine(tracker, health, background, scan, echoes, runs, now_s)
        yield scan, new, health


class Plain:
    """The health as the words of the file say it, beam by beam, but for the turns."""

    def __init__(self, tracker, background, now_s):
        self.tracker = tracker
        self.end_m = [max(np.flatnonzero(row), default=-1) * BIN_M + BIN_M for row in background]
        self.told_s = [now_s] * len(background)

    def see(self, scan, new, now_s):
        """Say which beams have lost their background, and what that means."""
        wide_m = widths_m(runs_of(self.tracker, scan, scan.ranges, new))
        lost, can, sticking, through = [], [], 0, 0
        for i, range_m in enumerate(scan.ranges):
            had, stuck = self.end_m[i] > 0.0, bool(range_m < self.tracker.window_near_m)
            before = bool(range_m < self.end_m[i])
            a_person = wide_m[i] <= 2.0 * self.tracker.person_radius_m
            person = new[i] and before and a_person and not stuck
            kept = range_m > 0.0 and not new[i]
            if (kept or person or not had) and not stuck:
                self.told_s[i] = now_s
            gone = now_s - self.told_s[i] >= self.tracker.background_lost_s
            lost.append(gone)
            if gone or (had and not person):
                can.append(gone)
            sticking += gone and stuck
            through += gone and had and range_m > 0.0 and not before
        ratio = self.ratio(can, sum(end_m > 0.0 for end_m in self.end_m))
        widest = max((len(list(run)) for gone, run in groupby(can) if gone), default=0)
        blocked = (
            ratio < self.tracker.background_min_ratio
            or widest * STEP_RAD > self.tracker.background_gap_rad
            or sticking >= self.tracker.cluster_beams_min
        )
        return lost, ratio, blocked, blocked and 4 * through >= sum(lost)

    @staticmethod
    def ratio(can, had):
        if not can and not had:
            return math.nan
        return 0.0 if 10 * len(can) < had else 1.0 - sum(can) / len(can)


AS_LEARNED = -1.0
SIGHT_M = st.sampled_from(
    [AS_LEARNED, AS_LEARNED, math.nan, 0.0625, TRACKER.window_near_m, 1.0, 2.0, 2.5, 4.0, 5.0, 30.0]
)
BEAMS = 16


@pytest.mark.req("S2")
@given(
    st.lists(st.sampled_from([math.nan, 0.03, 3.975, 4.975]), min_size=BEAMS, max_size=BEAMS),
    st.lists(st.lists(SIGHT_M, min_size=BEAMS, max_size=BEAMS), min_size=1, max_size=3),
    st.sampled_from([0.0625, 0.25, 0.375, 9.0]),
    st.sampled_from([0.0, 0.5, 0.75]),
    st.integers(1, 9),
)
def test_each_beam_loses_its_background_and_they_block_as_told(
    learned_m, sights_m, gap_rad, min_ratio, sticking
):
    """What is seen stays for half a second each time; a beam at 2 m is just as wide as a person."""
    tracker = replace(
        TRACKER, background_lost_s=0.5, background_gap_rad=gap_rad, background_min_ratio=min_ratio,
        cluster_beams_min=sticking, person_radius_m=0.125, moved_gain_ratio=9.0,
    )  # fmt: skip
    background = table(*learned_m)
    scans = [np.where(np.equal(sight_m, AS_LEARNED), learned_m, sight_m) for sight_m in sights_m]
    scans, times_s = np.repeat(scans, 3, axis=0), 8.0 + 0.25 * np.arange(3 * len(scans))
    plain = Plain(tracker, background.known, times_s[0])
    for scan, new, health in after(tracker, background, scans, times_s):
        lost, ratio, blocked, moved = plain.see(scan, new, scan.stamp_s)
        assert health.lost.tolist() == lost
        assert health.ratio == pytest.approx(ratio, nan_ok=True)
        assert (health.blocked, health.moved) == (blocked, moved)
        assert health.good is not (blocked or moved)


def test_at_first_nothing_is_known_against_a_scanner():
    health = first_health(table(4.0, math.nan), 3.0)
    assert health.good
    assert (health.blocked, health.moved, health.ratio) == (False, False, 1.0)
    assert not health.lost.any()


@pytest.mark.parametrize(("free", "ratio"), [(0, 0.0), (1, 0.0), (2, 1.0), (3, 1.0)])
def test_a_tenth_of_the_beams_is_enough_to_tell(free, ratio):
    """In the others, people stand in the way."""
    echoes = [3.975] * free + [1.0] * (20 - free)
    tracker = replace(TRACKER, person_radius_m=2.0)
    *_, (_, _, health) = after(tracker, table(*[3.975] * 20), [echoes] * 2, [1.0, 1.25])
    assert health.ratio == ratio


def test_people_before_all_beams_tell_nothing_and_no_background_has_no_part_kept():
    tracker = replace(TRACKER, person_radius_m=2.0)
    *_, (_, _, hidden) = after(tracker, table(4.0, 4.0), [[1.0, 1.0]], [1.0])
    assert hidden.ratio == 0.0
    *_, (_, _, nothing) = after(tracker, table(math.nan, math.nan), [[1.0, 1.0]], [1.0])
    assert math.isnan(nothing.ratio)
    stuck = [[0.06, 1.0]] * 2
    *_, (_, _, covered) = after(tracker, table(math.nan, math.nan), stuck, [1.0, 2.0])
    assert covered.ratio == 0.0


NEVER_BLOCKED = replace(
    TRACKER, background_min_ratio=0.0, background_gap_rad=99.0, cluster_beams_min=9999,
    person_radius_m=0.0, background_lost_s=0.5, moved_gain_ratio=0.25,
)  # fmt: skip
"""Nothing but a turn is told, and nothing new is a person."""


def pattern(count, seed=0):
    """Return a range for each beam, no two alike in the same sector."""
    return (np.random.default_rng(seed).permutation(max(count, 180))[:count] + 6.5) * BIN_M


def turned(ranges_m, turn):
    """Return what a scanner sees that was turned by so many beams; beyond the ends nothing."""
    seen = np.full(len(ranges_m), np.nan)
    if turn > 0:
        seen[:-turn] = ranges_m[turn:]
    else:
        seen[-turn:] = ranges_m[: len(ranges_m) + turn]
    return seen


def explained(background, echoes, tracker=NEVER_BLOCKED, step_rad=STEP_RAD):
    """Return whether at the first sight a turn explains the echoes much better."""
    *_, (_, _, health) = after(tracker, background, [echoes], [7.0], step_rad)
    assert health.turned_since_s in (7.0, math.inf)
    return health.turned_since_s == 7.0


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize(
    ("step_rad", "turns"),
    [
        (0.0625, {1: True, 2: True, 29: True, 30: True, 31: False}),
        (-0.0625, {1: True, 30: True, 31: False}),
        (1 / 256, {3: True, 87: True, 90: True, 88: False, 93: False}),
        (1 / 512, {6: True, 174: True, 180: True, 177: False, 3: False, 186: False}),
    ],
)
def test_thirty_turns_are_tried_to_each_side_up_to_a_third_of_a_radian(step_rad, turns, side):
    """Each by a beam, or by as many as it takes to get so far."""
    ranges_m = np.resize(pattern(180), 400)
    ranges_m[180:] = ranges_m[180:][::-1]
    background = table(*ranges_m)
    for turn, told in turns.items():
        echoes = turned(ranges_m, side * turn)
        assert explained(background, echoes, step_rad=step_rad) is told


@pytest.mark.parametrize(
    ("kept", "gone", "told"), [(60, 40, True), (59, 41, False), (61, 39, True), (100, 0, True)]
)
def test_a_turn_explains_the_scan_from_three_fifths_of_its_echoes_on(kept, gone, told):
    ranges_m = pattern(110)
    echoes = turned(ranges_m, 10)
    assert (kept + gone) == np.count_nonzero(~np.isnan(echoes))
    echoes[kept : kept + gone] = 19.0
    assert explained(table(*ranges_m), echoes) is told


@pytest.mark.parametrize(("faces", "told"), [(30, True), (29, False)])
def test_a_turn_by_which_less_than_half_still_faces_the_background_explains_nothing(faces, told):
    ranges_m = pattern(60)
    echoes = turned(ranges_m, 30)
    echoes[30:] = 19.0
    echoes[: 30 - faces] = np.nan
    assert explained(table(*ranges_m), echoes) is told


def test_one_echo_is_explained_by_a_turn_and_none_by_nothing():
    background = table(2.0, math.nan, math.nan)
    assert explained(background, [math.nan, 2.0, math.nan])
    assert not explained(background, [math.nan] * 3)


def test_an_echo_beyond_the_table_is_explained_by_no_turn():
    background = table(math.nan, 9.975, math.nan)
    assert explained(background, [9.975, math.nan, math.nan])
    assert not explained(background, [10.0, math.nan, math.nan])
    assert not explained(background, [1e300, math.nan, math.nan])


def test_people_before_the_background_speak_neither_for_a_turn_nor_against_it():
    ranges_m = pattern(60)
    echoes = turned(ranges_m + 1.0, 5)
    echoes[:50] = 0.5  # narrow as it is so near, unlike the rest
    people = replace(NEVER_BLOCKED, person_radius_m=99.0)
    background = table(*(ranges_m + 1.0), bins=240)
    assert explained(background, echoes, people)
    assert not explained(background, echoes)


def test_what_is_seen_where_there_was_no_background_speaks_for_a_turn():
    ranges_m = np.where(np.arange(40) < 20, 0.3 + pattern(40) / 20, np.nan)
    people = replace(NEVER_BLOCKED, person_radius_m=99.0)
    assert explained(table(*ranges_m), turned(ranges_m, -20), people)


@given(st.integers(0, 10**6), st.integers(1, 45), st.integers(-32, 32), st.floats(0.0, 1.0))
def test_the_best_turn_must_explain_more_than_none_by_the_gain(seed, count, turn, kept):
    """Held against every beam of every turn, with a gain that the best one just has."""
    rng = np.random.default_rng(seed)
    background = Background(known=rng.random((count, 60)) < 0.2, margin_m=0.1)
    there = rng.random(count) < 0.9
    echoes = np.where(there, rng.integers(0, 60, count) + 0.5, np.nan) * BIN_M
    for beam in range(count):  # mostly what the beam that looks there now was used to see
        used = np.flatnonzero(background.known[beam + turn]) if 0 <= beam + turn < count else []
        if there[beam] and len(used) and rng.random() < kept:
            echoes[beam] = (rng.choice(used) + 0.5) * BIN_M
    table_m = background.known.tolist()
    place = [int(range_m / BIN_M) if range_m > 0.0 else -1 for range_m in echoes]
    fits = {}
    for by in range(-30, 31):
        inside = [i for i in range(count) if there[i] and 0 <= i + by < count]
        known = [table_m[i + by][place[i]] for i in inside]
        enough = inside and 2 * len(inside) >= np.count_nonzero(there)
        fits[by] = sum(known) / len(inside) if enough else 0.0
    best = max(fits.values())
    gain = best - fits[0]
    for wanted, enough in [(gain, True), (math.nextafter(gain, 2.0), False)]:
        tracker = replace(NEVER_BLOCKED, moved_gain_ratio=wanted)
        assert explained(background, echoes, tracker) is (enough and best >= 0.6)


ROOM_M = pattern(40)
TURNED_M = turned(ROOM_M, 3)


def moves(scans, times_s):
    """Return whether the scanner has moved after each scan."""
    return [
        health.moved and not health.good and not health.blocked
        for _, _, health in after(NEVER_BLOCKED, table(*ROOM_M), scans, times_s)
    ]


def test_a_turn_that_lasts_for_the_time_of_a_loss_is_a_move_and_no_shorter_one():
    times_s = [8.0, 8.25, 8.375, 8.5, 8.75]
    assert moves([TURNED_M] * 5, times_s) == [False, False, False, True, True]
    back = [TURNED_M, TURNED_M, ROOM_M, TURNED_M, TURNED_M, TURNED_M, ROOM_M]
    assert moves(back, 8.0 + 0.25 * np.arange(7)) == [False] * 5 + [True, False]


def test_turns_are_tried_four_times_a_second():
    times_s = [8.0, 8.125, 8.25, 8.375, 8.625, 8.75]
    assert moves([ROOM_M] + [TURNED_M] * 5, times_s) == [False] * 5 + [True]
