"""The background: what stands there is known, who walks or stands for a while is not."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrc_cell.core.background import Background, Watch, foreground, learn, watch

RULE = {"range_max_m": 10.0, "margin_m": 0.1, "window_s": 2.0, "present_ratio": 0.6}
NONE = math.nan


def learned(column, rate_hz: float = 10.0, **changes):
    """Return the background of a scanner with three beams that all see `column` over time."""
    echoes = np.repeat(np.array(column, dtype=float)[:, None], 3, axis=1)
    return learn(echoes, np.arange(len(column)) / rate_hz, **{**RULE, **changes})


def is_new(background, range_m: float) -> bool:
    """Return whether the middle beam sees something new."""
    return bool(foreground(background, np.full(3, range_m))[1])


def watched(background, column, rate_hz: float = 10.0, start_s: float = 0.0) -> Watch:
    seen = Watch(background=background)
    for i, range_m in enumerate(column):
        seen = watch(seen, np.full(3, range_m), start_s + i / rate_hz, window_s=0.5, unlearn_s=3.0)
    return seen


# The same once more, plainly: bin by bin and beam by beam.

BIN_M, NEAR_BINS = 0.05, 10


def judged(scans, bins, margin_m):
    """Return of one window what was seen, seen through and steady, {(beam, bin)} each."""
    beams, reach = len(scans[0]), max(1, round(margin_m / BIN_M))
    found = [
        [int(scan[at] / BIN_M) for scan in scans for at in (beam - 1, beam, beam + 1)
         if 0 <= at < beams and scan[at] / BIN_M < bins]
        for beam in range(beams)
    ]  # fmt: skip
    seen, through, steady = set(), set(), set()
    for beam, k in np.ndindex(beams, bins):
        echoes, noise = found[beam], int(k * 0.01)
        if any(abs(k - at) <= reach + int(at * 0.01) for at in echoes):
            seen.add((beam, k))
        elif all(not scan[beam] <= (k + 1) * BIN_M for scan in scans):
            through.add((beam, k))
        here = sum(abs(k - at) <= reach + noise for at in echoes)
        if here >= sum(abs(k - at) <= NEAR_BINS + noise for at in echoes) / 3:
            steady.add((beam, k))
    return seen, through, steady


def plainly_learned(scans, stamps_s, *, range_max_m, margin_m, window_s, present_ratio):
    """Return what is known, {(beam, bin)}."""
    bins = 1 + int(range_max_m / BIN_M) + max(1, round(margin_m / BIN_M))
    step_s = min(window_s, (stamps_s[-1] - stamps_s[0]) / 6)
    windows = {}
    for scan, stamp_s in zip(scans, stamps_s, strict=True):
        windows.setdefault(int((stamp_s - stamps_s[0]) / step_s), []).append(scan)
    all_of = [judged(window, bins, margin_m) for window in windows.values()]
    known = set()
    for at in np.ndindex(len(scans[0]), bins):
        seen = sum(at in seen and at in steady for seen, _, steady in all_of)
        through = sum(at in through for _, through, _ in all_of)
        if seen > present_ratio * (seen + through) and seen >= 0.2 * len(windows):
            known.add(at)
    return known


def table(places, shape):
    made = np.zeros(shape, dtype=bool)
    for at in places:
        made[at] = True
    return made


def room(rng, scans, far_bins):
    """Return scans of 4 beams: walls, an edge, somebody who passes; some at the edge of a bin."""
    wall = rng.integers(far_bins // 2, far_bins, 4)
    place = np.where(rng.random((scans, 4)) < 0.5, wall, rng.integers(5, far_bins, 4))
    passing = (np.arange(scans) // rng.integers(1, 4))[:, None] % far_bins + [0, 0, 1, 1]
    place = np.where(rng.random((scans, 1)) < 0.4, passing, place)
    place = place + np.where(rng.random((scans, 4)) < 0.3, rng.integers(-12, 13, (scans, 4)), 0)
    echoes = np.abs(place) * BIN_M + np.where(rng.random((scans, 4)) < 0.5, 0.0, 0.02)
    return np.where(rng.random((scans, 4)) < 0.2, [[NONE, NONE, 1e300, 10.0]], echoes)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_learned_is_what_each_bin_of_each_beam_says(seed):
    rng = np.random.default_rng(seed)
    far_bins, count = (210, 30) if seed % 3 == 0 else (40, 66)
    rule = {
        "range_max_m": far_bins * BIN_M, "margin_m": [0.01, 0.1, 0.15][seed % 3],
        "window_s": [0.5, 2.0][seed % 2], "present_ratio": 0.5,
    }  # fmt: skip
    echoes = room(rng, count, far_bins)
    stamps_s = 5.0 + np.arange(count) / 8.0
    found = learn(echoes, stamps_s, **rule)
    known = plainly_learned(echoes.tolist(), stamps_s.tolist(), **rule)
    np.testing.assert_array_equal(found.known, table(known, found.known.shape))
    assert 0 < len(known) < found.known.size
    for scan in (echoes[-1], *np.repeat(np.arange(0.02, 11.0, BIN_M)[:, None], 4, axis=1)):
        new = [
            not math.isnan(range_m) and (beam, int(min(range_m, 1e9) / BIN_M)) not in known
            for beam, range_m in enumerate(scan)
        ]
        assert foreground(found, scan).tolist() == new


@pytest.mark.parametrize("seed", range(6))
def test_what_is_watched_is_struck_off_and_revealed_bin_by_bin(seed):
    rng = np.random.default_rng(seed)
    echoes = room(rng, 120, 40)
    background = learn(echoes[:40], np.arange(40.0), **{**RULE, "range_max_m": 2.0})
    seen, window, began_s = Watch(background=background), [], None
    shape = background.known.shape
    known = {(int(beam), int(k)) for beam, k in zip(*np.nonzero(background.known), strict=True)}
    missed_s, steady_s = (
        dict.fromkeys(np.ndindex(shape), 0.0),
        dict.fromkeys(np.ndindex(shape), 0.0),
    )
    for now_s, scan in zip(np.arange(80) / 8.0, np.roll(echoes[40:], 1, axis=1), strict=True):
        seen = watch(seen, scan, now_s, window_s=0.5, unlearn_s=1.0)
        if began_s is not None and now_s - began_s >= 0.5:
            hit, past, _ = judged(window, shape[1], 0.1)
            struck = set()
            for at in np.ndindex(shape):
                missed_s[at] = (
                    0.0 if at in hit else missed_s[at] + 0.5 * (at in past and at in known)
                )
                steady_s[at] = (
                    steady_s[at] + 0.5 if at in hit else 0.0 if at in past else steady_s[at]
                )
                if at in known and missed_s[at] >= 1.0:
                    struck.add(at)
            for beam, k in np.ndindex(shape):
                if (beam, k) in struck:
                    known.discard((beam, k))
                if steady_s[beam, k] >= 1.0 and any((beam, at) in struck for at in range(k + 1)):
                    known.add((beam, k))
                if (beam, k) not in known:
                    missed_s[beam, k] = 0.0
            began_s, window = None, []
        began_s, window = now_s if began_s is None else began_s, [*window, scan.tolist()]
        np.testing.assert_array_equal(seen.background.known, table(known, shape))
    np.testing.assert_array_equal(seen.missed_s, np.reshape(list(missed_s.values()), shape))
    assert not np.array_equal(seen.background.known, background.known)


def test_a_wall_is_known_and_what_stands_before_or_behind_it_is_new():
    background = learned([4.0] * 100)
    assert not is_new(background, 4.0)
    assert not is_new(background, 3.92)
    assert is_new(background, 3.7)
    assert is_new(background, 4.4)


def test_a_beam_without_an_echo_sees_nothing_new_and_an_empty_room_knows_nothing():
    background = learned([NONE] * 100)
    assert not is_new(background, NONE)
    assert is_new(background, 2.0)


def test_a_wall_that_people_hide_most_of_the_time_stays_a_wall():
    hidden = ([2.0, 1.5, 2.5, 1.0] * 20 + [4.0] * 20) * 3
    background = learned(hidden)
    assert not is_new(background, 4.0)


@pytest.mark.req("S2")
def test_a_person_who_stands_for_a_while_is_not_background():
    background = learned([2.0] * 50 + [4.0] * 50)
    assert is_new(background, 2.0)
    assert not is_new(background, 4.0)


@pytest.mark.req("S2")
def test_a_person_who_stands_for_a_while_before_nothing_is_not_background():
    assert is_new(learned([2.0] * 50 + [NONE] * 50), 2.0)


@pytest.mark.req("S2")
@pytest.mark.parametrize("seed", range(5))
def test_who_walks_to_and_fro_before_the_wall_is_not_background(seed):
    turns_m = np.random.default_rng(seed).uniform(1.0, 3.5, 40)
    ways = [np.arange(min(pair), max(pair), 0.1) for pair in pairwise(turns_m)]
    steps = [part for way in ways for part in (way, np.full(50, 4.0))]  # and out of sight
    background = learned(np.concatenate(steps))
    assert all(is_new(background, range_m) for range_m in np.arange(1.0, 3.5, 0.1))
    assert not is_new(background, 4.0)


def test_an_edge_that_is_seen_every_now_and_then_is_background_at_both_ranges():
    background = learned(([2.0] + [4.0] * 9) * 10)
    assert not is_new(background, 2.0)
    assert not is_new(background, 4.0)


def test_who_is_seen_once_in_front_of_a_wall_is_not_background():
    hidden = [3.0] * 1 + [1.0] * 399
    assert is_new(learned(hidden), 3.0)


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_scans_and_scans_of_one_instant_are_enough_to_learn(count):
    assert not is_new(learned([4.0] * count), 4.0)
    echoes = np.full((count, 3), 4.0)
    assert not is_new(learn(echoes, np.zeros(count), **RULE), 4.0)


@pytest.mark.req("S2")
def test_an_echo_beyond_the_table_is_new_however_far():
    background = learned([4.0] * 20 + [1e9] * 80)
    assert is_new(background, 20.0)
    assert is_new(background, 1e9)
    assert is_new(background, 1e300)


@pytest.mark.req("S2")
def test_an_echo_beyond_the_table_is_new_even_where_its_last_range_is_known():
    background = Background(known=np.ones((3, 20), dtype=bool), margin_m=0.1)
    assert not is_new(background, 0.99)
    assert is_new(background, 1.0)
    assert is_new(background, 1e300)


@pytest.mark.req("S2")
@pytest.mark.parametrize("range_max_m", [NONE, math.inf, -1.0, 0.0, 1e9])
def test_a_range_limit_that_makes_no_sense_leaves_a_table_of_sense(range_max_m):
    background = learned([4.0] * 20, range_max_m=range_max_m)
    assert not is_new(background, 4.0)
    assert is_new(background, 2.0)


def test_a_table_reaches_as_far_as_the_scanner_and_no_farther_than_a_hundred_metres():
    assert not is_new(learned([99.9] * 20, range_max_m=200.0), 99.9)
    assert is_new(learned([100.5] * 20, range_max_m=200.0), 100.5)
    assert not is_new(learned([0.45] * 20, range_max_m=0.5), 0.45)
    assert is_new(learned([2.0] * 20, range_max_m=0.5), 2.0)


def test_a_wall_right_before_the_scanner_is_known():
    assert not is_new(learned([0.02] * 20), 0.02)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 30.0), st.floats(0.0, 0.02), st.integers(0, 100))
def test_a_still_room_holds_nothing_new(range_m, noise_m, seed):
    noise = np.random.default_rng(seed).normal(0.0, noise_m, (60, 3))
    echoes = range_m + np.clip(noise, -0.04, 0.04)
    background = learn(echoes[:50], np.arange(50) / 10.0, **{**RULE, "range_max_m": 40.0})
    assert not foreground(background, echoes[50:].min(axis=0)).any()


def test_whoever_was_learned_and_left_is_struck_off_and_the_wall_behind_is_learned():
    background = learned([2.0] * 50)
    seen = watched(background, [4.0] * 50)
    assert is_new(seen.background, 2.0)
    assert not is_new(seen.background, 4.0)


def test_whoever_was_learned_before_nothing_and_left_is_struck_off():
    seen = watched(learned([2.0] * 50), [NONE] * 50)
    assert is_new(seen.background, 2.0)


@pytest.mark.req("S2")
def test_what_is_revealed_is_new_until_it_has_stood_there_for_long():
    background = learned([2.0] * 50)
    assert is_new(watched(background, [4.0] * 25).background, 4.0)
    moving = watched(background, np.linspace(5.0, 2.5, 60)).background
    assert is_new(moving, 2.5)
    assert is_new(moving, 4.0)


@pytest.mark.req("S2")
def test_who_stands_still_before_the_wall_is_never_swallowed():
    seen = watched(learned([4.0] * 50), [2.0] * 600)
    assert is_new(seen.background, 2.0)
    assert not is_new(seen.background, 4.0)


def test_a_range_seen_again_in_time_is_not_struck_off():
    seen = watched(learned([2.0] * 50), ([4.0] * 20 + [2.0] * 5) * 4)
    assert not is_new(seen.background, 2.0)


def test_two_scans_of_one_instant_are_of_one_window():
    seen = watched(learned([2.0] * 50), [4.0])
    assert len(watch(seen, np.full(3, 4.0), 0.0, window_s=0.5, unlearn_s=3.0).window) == 2


def test_time_that_jumps_ends_the_window():
    seen = watched(learned([2.0] * 50), [4.0, 4.0])
    later = watch(seen, np.full(3, 4.0), 100.0, window_s=0.5, unlearn_s=3.0)
    back = watch(later, np.full(3, 4.0), 50.0, window_s=0.5, unlearn_s=3.0)
    assert (later.began_s, back.began_s) == (100.0, 50.0)
    assert len(back.window) == 1
