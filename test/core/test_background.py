"""The background: what stands there is known, who walks or stands for a while is not."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hrc_cell.core.background import Watch, foreground, learn, watch

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
@pytest.mark.parametrize("range_max_m", [NONE, math.inf, -1.0, 0.0, 1e9])
def test_a_range_limit_that_makes_no_sense_leaves_a_table_of_sense(range_max_m):
    background = learned([4.0] * 20, range_max_m=range_max_m)
    assert not is_new(background, 4.0)
    assert is_new(background, 2.0)


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


def test_time_that_jumps_ends_the_window():
    seen = watched(learned([2.0] * 50), [4.0, 4.0])
    later = watch(seen, np.full(3, 4.0), 100.0, window_s=0.5, unlearn_s=3.0)
    back = watch(later, np.full(3, 4.0), 50.0, window_s=0.5, unlearn_s=3.0)
    assert (later.began_s, back.began_s) == (100.0, 50.0)
    assert len(back.window) == 1
