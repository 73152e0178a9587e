"""The pull: learned at rest, felt beyond it, and never made of what is not known."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.pull import BACK_RATIO, Feeling, PullLimits, felt

LIMITS = PullLimits(least_a=0.1, spread_sigmas=5.0, drift_a=0.01, learn_samples=10, pull_samples=2)
currents = st.floats(-3.0, 3.0)
noise = st.floats(-0.01, 0.01)
unknown = st.sampled_from([math.nan, math.inf, -math.inf])


def learned(rest=(0.5, -0.2), noises=(0.0,) * 10):
    feeling = Feeling()
    for wobble in noises:
        feeling = felt(feeling, [a + wobble for a in rest], LIMITS, learning=True)
    assert feeling.learned == LIMITS.learn_samples
    return feeling


def after(feeling, *samples):
    for sample in samples:
        feeling = felt(feeling, sample, LIMITS, learning=False)
    return feeling


def test_a_pull_is_a_current_beyond_its_limit_some_samples_in_a_row():
    rest = learned()
    once = after(rest, (0.65, -0.2))
    assert not once.pulled
    assert after(once, (0.65, -0.2)).pulled
    assert after(rest, (0.5, -0.4), (0.5, -0.4)).pulled, "any motor, either way"
    assert not after(once, (0.5, -0.2), (0.65, -0.2)).pulled, "not in a row"


def test_a_pull_lasts_until_all_is_well_back():
    pulled = after(learned(), *[(0.65, -0.2)] * 2)
    inside = 0.5 + LIMITS.least_a * (1.0 + BACK_RATIO) / 2
    assert after(pulled, (inside, -0.2)).pulled
    back = after(pulled, (0.5 + 0.4 * LIMITS.least_a, -0.2))
    assert not back.pulled
    assert not after(back, (inside, -0.2), (inside, -0.2)).pulled


def test_who_trembles_at_rest_must_pull_harder():
    calm, rough = learned(), learned(noises=(0.1, -0.1) * 5)
    sample = [(0.75, -0.2)] * 2
    assert after(calm, *sample).pulled
    assert not after(rough, *sample).pulled
    assert after(rough, *[(1.1, -0.2)] * 2).pulled


@given(st.lists(noise, min_size=10, max_size=10), st.lists(st.tuples(noise, noise), max_size=30))
def test_what_stays_near_its_rest_is_no_pull(noises, samples):
    feeling = learned(noises=noises)
    for one, other in samples:
        feeling = after(feeling, (0.5 + one, -0.2 + other))
        assert not feeling.pulled


@given(st.lists(st.floats(-0.01, 0.01), min_size=1, max_size=200))
def test_a_rest_that_settles_is_no_pull_however_far_and_a_pull_from_there_is_one(steps):
    feeling, now = learned(), 0.5
    for step in steps:
        now += step
        feeling = after(feeling, (now, -0.2))
        assert not feeling.pulled
    assert after(feeling, *[(now + 0.15, -0.2)] * 2).pulled


@pytest.mark.req("S2")
@given(st.lists(st.one_of(st.tuples(currents, currents), st.tuples(currents, unknown),
                          st.just(()), st.tuples(currents)), max_size=30))  # fmt: skip
def test_an_unknown_current_is_never_a_pull_and_ends_one(samples):
    feeling = learned()
    for sample in samples:
        feeling = after(feeling, sample)
        if len(sample) != 2 or not all(map(math.isfinite, sample)):
            assert not feeling.pulled
            assert feeling.beyond == 0


@pytest.mark.req("S2")
@given(st.lists(st.tuples(currents, currents), max_size=9),
       st.lists(st.tuples(currents, currents), max_size=10))  # fmt: skip
def test_without_a_baseline_nothing_is_a_pull(some, samples):
    feeling = Feeling()
    for sample in some:
        feeling = felt(feeling, sample, LIMITS, learning=True)
    assert not after(feeling, *samples).pulled


@pytest.mark.req("S2")
@given(st.lists(st.tuples(currents, st.one_of(currents, unknown)), min_size=2, max_size=30))
def test_a_motor_that_measures_none_is_left_out_and_alone_feels_nothing(samples):
    feeling = learned(rest=(0.5, math.nan))
    assert after(feeling, *[(0.7, math.nan)] * 2).pulled
    alone = learned(rest=(math.nan, math.nan))
    assert not after(alone, *samples).pulled


def test_another_number_of_motors_is_learned_anew():
    feeling = Feeling()
    for count in (2, 2, 3):
        feeling = felt(feeling, (0.5,) * count, LIMITS, learning=True)
    assert (feeling.learned, len(feeling.mean_a)) == (1, 3)


@given(st.lists(currents, min_size=10, max_size=10))
def test_mean_and_spread_are_those_of_all_samples(values):
    feeling = Feeling()
    for value in values:
        feeling = felt(feeling, (value,), LIMITS, learning=True)
    mean = sum(values) / 10
    assert feeling.mean_a[0] == pytest.approx(mean, abs=1e-9)
    squares = sum((value - mean) ** 2 for value in values)
    assert feeling.squares_a2[0] == pytest.approx(squares, abs=1e-9)
