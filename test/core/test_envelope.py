"""What is let through of a stop: its way, its time, and a ratio that falls no later than a stop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.envelope import Leave, grace_s, left_ratio, slowed

TIME_S, GRACE_S = 0.4, 0.1
ratio = st.floats(0.0, 1.0)


@pytest.mark.req("S1")
@given(st.floats(0.05, 2.0), st.floats(0.05, 2.0), st.floats(1.001, 3.0))
def test_a_stop_that_uses_all_it_may_keeps_within_time_and_distance(time_s, speed_mps, more):
    distance_m = 0.5 * speed_mps * time_s * more
    grace = grace_s(stopping_time_s=time_s, stopping_distance_m=distance_m, speed_max_mps=speed_mps)
    dt_s = time_s / 1000.0
    lefts = [left_ratio(n * dt_s, time_s=time_s, grace_s=grace) for n in range(1002)]
    assert 0.0 < grace <= 0.25 * time_s
    assert lefts == sorted(lefts, reverse=True)
    assert lefts[int(grace / dt_s)] == 1.0
    assert lefts[-1] == 0.0
    assert sum(lefts[1:]) * dt_s * speed_mps <= distance_m * (1 + 1e-9)


def test_a_distance_too_short_for_the_time_is_refused_in_figures():
    with pytest.raises(ValueError, match=r"0\.4 s from .* 0\.8 m/s takes more than 0\.16 m, but"):
        grace_s(stopping_time_s=0.4, stopping_distance_m=0.16, speed_max_mps=0.8)


@pytest.mark.req("S1")
@given(st.lists(st.tuples(ratio, st.floats(0.0, 0.05)), max_size=60))
def test_what_counts_was_permitted_within_the_last_stopping_time(said):
    leave, at_s, past = Leave(), 0.0, []
    for now, dt_s in said:
        at_s += dt_s
        past.append((at_s, now))
        leave = slowed(leave, now, time_s=TIME_S, grace_s=GRACE_S, dt_s=dt_s)
        reach_s = at_s - TIME_S - dt_s - 1e-9
        assert now <= leave.ratio <= max(r for t, r in past if t >= reach_s)


@given(ratio, ratio)
def test_a_ratio_rises_at_once_and_is_kept_for_a_grace_when_it_falls(first, second):
    leave = slowed(Leave(), first, time_s=TIME_S, grace_s=GRACE_S, dt_s=0.01)
    assert leave.ratio == first
    for _ in range(9):
        leave = slowed(leave, second, time_s=TIME_S, grace_s=GRACE_S, dt_s=0.01)
        assert leave.ratio == max(first, second)


def test_after_the_grace_a_ratio_falls_to_0_with_the_stopping_time():
    leave = Leave(ratio=1.0)
    seen = []
    for _ in range(5):
        leave = slowed(leave, 0.0, time_s=TIME_S, grace_s=GRACE_S, dt_s=0.1)
        seen.append(leave.ratio)
    assert seen == pytest.approx([1.0, 2 / 3, 1 / 3, 0.0, 0.0])


@pytest.mark.req("S1")
def test_a_distance_that_leaves_no_grace_at_all_is_refused_and_one_that_leaves_some_is_not():
    with pytest.raises(ValueError, match="measure the three anew"):
        grace_s(stopping_time_s=0.5, stopping_distance_m=0.25, speed_max_mps=1.0)
    left = grace_s(stopping_time_s=0.5, stopping_distance_m=0.25 + 2.0**-10, speed_max_mps=1.0)
    assert left == 2.0**-9


def test_a_ratio_that_stays_is_not_lowered_however_long():
    leave = Leave(ratio=0.5)
    for _ in range(3):
        leave = slowed(leave, 0.5, time_s=0.5, grace_s=0.25, dt_s=0.125)
        assert (leave.ratio, leave.lowered_s) == (0.5, 0.0)
    for _ in range(2):  # the whole grace is still ahead
        leave = slowed(leave, 0.0, time_s=0.5, grace_s=0.25, dt_s=0.125)
        assert leave.ratio == 0.5
    assert slowed(leave, 0.0, time_s=0.5, grace_s=0.25, dt_s=0.125).ratio == 0.0
