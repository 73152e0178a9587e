"""Speed along a line: bounds hold, the end is met at rest, a stop stays on the line."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.scaling import Along, LineLimits, track, way_to_rest

DT_S = 0.01
limits = st.builds(
    LineLimits,
    speed_max_ratio_ps=st.floats(0.05, 2.0),
    acceleration_ratio_ps2=st.floats(0.5, 20.0),
    jerk_ratio_ps3=st.floats(20.0, 500.0),
)
wishes = st.lists(st.tuples(st.integers(1, 60), st.floats(0.0, 1.0)), min_size=1, max_size=6)


def walk(limits, wishes):
    """Return every state of a walk under changing wishes, then at full wish to the end."""
    states = [Along()]
    for steps, ratio in [*wishes, (20_000, 1.0)]:
        for _ in range(steps):
            target = ratio * limits.speed_max_ratio_ps
            states.append(track(states[-1], target_ratio_ps=target, limits=limits, dt_s=DT_S))
            if states[-1].done_ratio == 1.0:
                return states
    raise AssertionError("never arrived")


@given(limits, wishes)
@pytest.mark.req("S3")
def test_s_never_runs_backwards_nor_beyond_its_end_and_arrives_at_rest(limits, wishes):
    states = walk(limits, wishes)
    done = [state.done_ratio for state in states]
    assert done == sorted(done)
    assert states[-1] == Along(done_ratio=1.0)


@given(limits, wishes)
def test_speed_and_acceleration_stay_within_their_limits(limits, wishes):
    for state in walk(limits, wishes):
        over = limits.jerk_ratio_ps3 * DT_S**2  # what one step of jerk adds
        assert 0.0 <= state.speed_ratio_ps <= limits.speed_max_ratio_ps + over
        assert abs(state.acceleration_ratio_ps2) <= limits.acceleration_ratio_ps2 * (1 + 1e-9)


@given(limits, wishes)
def test_the_last_step_to_the_end_is_no_larger_than_a_slow_one(limits, wishes):
    before = walk(limits, wishes)[-2]
    slow = 2.0 * limits.jerk_ratio_ps3 * DT_S**2 + 0.02 * limits.speed_max_ratio_ps
    assert before.speed_ratio_ps <= slow + 2.0 * limits.acceleration_ratio_ps2 * DT_S


@given(limits, wishes)
def test_the_jerk_stays_within_its_limit_until_the_step_into_rest(limits, wishes):
    states = walk(limits, wishes)
    for a, b in itertools.pairwise(states):
        if b.speed_ratio_ps > 0.0:
            change = abs(b.acceleration_ratio_ps2 - a.acceleration_ratio_ps2)
            assert change <= limits.jerk_ratio_ps3 * DT_S * (1 + 1e-6) + 1e-9


@given(limits, st.floats(0.0, 1.0), st.floats(-1.0, 1.0))
def test_the_way_to_rest_is_what_braking_really_takes(limits, speed, acceleration):
    state = Along(
        speed_ratio_ps=speed * limits.speed_max_ratio_ps,
        acceleration_ratio_ps2=acceleration * limits.acceleration_ratio_ps2,
    )
    told, dt_s, done = way_to_rest(state, limits), 1e-4, 0.0
    v, a = state.speed_ratio_ps, state.acceleration_ratio_ps2
    while v > 0.0 or a > 0.0:  # brake as hard as the jerk allows, easing so that both end together
        ease = -min(limits.acceleration_ratio_ps2, (2.0 * limits.jerk_ratio_ps3 * v) ** 0.5)
        a = min(max(ease, a - limits.jerk_ratio_ps3 * dt_s), a + limits.jerk_ratio_ps3 * dt_s)
        after = max(0.0, v + a * dt_s)
        done += 0.5 * (v + after) * dt_s
        v = after
    assert done <= told * 1.02 + 1e-4
    reached = (limits.jerk_ratio_ps3 * v_of_cruise(state, limits)) ** 0.5
    peak = min(limits.acceleration_ratio_ps2, reached)
    if -state.acceleration_ratio_ps2 <= 0.9 * peak:  # not braking harder than rest needs
        assert told <= done * 1.02 + 1e-4


def v_of_cruise(state, limits):
    """Return the speed before this acceleration began, or after it is taken back."""
    return state.speed_ratio_ps + state.acceleration_ratio_ps2**2 / (2.0 * limits.jerk_ratio_ps3)


def test_a_wish_of_nothing_stops_and_stays():
    quick = LineLimits(speed_max_ratio_ps=1.0, acceleration_ratio_ps2=5.0, jerk_ratio_ps3=80.0)
    state = Along(done_ratio=0.2, speed_ratio_ps=1.0)
    for _ in range(40):
        state = track(state, target_ratio_ps=0.0, limits=quick, dt_s=DT_S)
    assert state.speed_ratio_ps == 0.0
    still = track(state, target_ratio_ps=0.0, limits=quick, dt_s=DT_S)
    assert still == state
    assert track(still, target_ratio_ps=1.0, limits=quick, dt_s=DT_S).done_ratio > still.done_ratio


def test_braking_harder_than_rest_needs_is_not_taken_for_a_longer_way():
    calm = LineLimits(speed_max_ratio_ps=1.0, acceleration_ratio_ps2=2.0, jerk_ratio_ps3=8.0)
    hard = Along(speed_ratio_ps=0.1, acceleration_ratio_ps2=-4.0)
    assert way_to_rest(hard, calm) == pytest.approx(0.1 * 0.1 / 4.0)


def test_so_near_to_the_end_it_is_the_end():
    calm = LineLimits(speed_max_ratio_ps=1.0, acceleration_ratio_ps2=2.0, jerk_ratio_ps3=8.0)
    near = Along(done_ratio=1.0 - 1e-6, speed_ratio_ps=0.001)
    assert track(near, target_ratio_ps=1.0, limits=calm, dt_s=DT_S) == Along(done_ratio=1.0)


# Steps by hand: with these limits and a cycle of 1/8 s every number is exact.
EXACT = LineLimits(speed_max_ratio_ps=1.0, acceleration_ratio_ps2=4.0, jerk_ratio_ps3=8.0)
CALM = LineLimits(speed_max_ratio_ps=1.0, acceleration_ratio_ps2=2.0, jerk_ratio_ps3=8.0)


def test_a_line_begins_at_its_beginning_and_at_rest():
    at_rest = Along(done_ratio=0.0, speed_ratio_ps=0.0, acceleration_ratio_ps2=0.0)
    assert track(Along(), target_ratio_ps=0.0, limits=EXACT, dt_s=DT_S) == at_rest


def test_an_acceleration_is_taken_back_step_by_step_to_meet_the_target_exactly():
    state, seen = Along(speed_ratio_ps=0.5, acceleration_ratio_ps2=2.0), []
    for _ in range(3):
        state = track(state, target_ratio_ps=0.875, limits=EXACT, dt_s=0.125)
        seen.append((state.speed_ratio_ps, state.acceleration_ratio_ps2))
    assert seen == [(0.75, 2.0), (0.875, 1.0), (0.875, 0.0)]


def test_the_step_that_meets_rest_leaves_no_acceleration():
    brisk = LineLimits(speed_max_ratio_ps=1.0, acceleration_ratio_ps2=20.0, jerk_ratio_ps3=1024.0)
    rest = track(Along(speed_ratio_ps=0.25), target_ratio_ps=0.0, limits=brisk, dt_s=0.25)
    assert rest == Along(done_ratio=0.03125)


def test_full_speed_is_kept_up_to_the_very_point_from_which_the_end_is_still_met():
    late = Along(done_ratio=0.5, speed_ratio_ps=1.0)
    kept = track(late, target_ratio_ps=1.0, limits=CALM, dt_s=0.125)
    assert kept == Along(done_ratio=0.625, speed_ratio_ps=1.0)  # 0.375 are left, and needed
    late = Along(done_ratio=0.5 + 2.0**-20, speed_ratio_ps=1.0)
    assert track(late, target_ratio_ps=1.0, limits=CALM, dt_s=0.125).speed_ratio_ps < 1.0


@pytest.mark.parametrize(
    ("acceleration", "way"),
    [
        (-2.0, (1.0 - 0.25**2) / 4.0 + 8.0 * 0.25**3 / 6.0),  # as hard as it may, then eased
        (-2.5, 0.4),  # harder: v v / a
    ],
)
def test_the_way_that_is_left_while_it_brakes_already(acceleration, way):
    braking = Along(speed_ratio_ps=1.0, acceleration_ratio_ps2=acceleration)
    assert way_to_rest(braking, CALM) == pytest.approx(way)


def test_a_hundred_thousandth_before_its_end_a_line_is_done_and_not_before():
    for done, told in ((1.0 - 1e-5, 1.0), (1.0 - 1.01e-5, 1.0 - 1.01e-5)):
        state = track(Along(done_ratio=done), target_ratio_ps=0.0, limits=CALM, dt_s=DT_S)
        assert state == Along(done_ratio=told)
