"""The last gate: nothing moves without leave, nothing moves too fast, nothing jumps."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import motion, unknown

from hrc_cell.core import gate
from hrc_cell.core.corridor import Corridor
from hrc_cell.core.gate import GateLimits, GoalView, Phase
from hrc_cell.core.permit import FUTURE_MAX_S, PermitView, permit_holds
from hrc_cell.core.scaling import Along, LineLimits, track

DT_S = 0.005
LIMITS = GateLimits(
    joints=("joint_1", "joint_2", "gripper"),
    lower_rad=np.array([-2.0, -1.0, 0.0]),
    upper_rad=np.array([2.0, 1.5, 0.7]),
    velocity_max_radps=np.array([3.0, 2.0, 2.0]),
    planned_max_radps=np.array([3.0, 2.0, 2.0]),
    stop_deceleration_radps2=8.0,
    stopping_time_s=0.4,
    stop_grace_s=0.1,
    rejoin_rad=0.02,
    rejoin_velocity_radps=0.1,
    goal_lifetime_s=0.1,
    extrapolate_s=0.02,
    cycle_max_s=0.01,
)
PERMIT = PermitView(
    seq=1, age_s=0.01, lease_s=0.06, speed_ratio=1.0, oldest_sample_age_s=0.05,
    reaction_time_s=0.2, gripper_permitted=True, state=4, same_config=True,
)  # fmt: skip
STANDSTILL = replace(PERMIT, speed_ratio=0.0, state=2)
HOME = np.array([0.1, -0.2, 0.3])
ULP = 1e-9


def goal(positions=HOME, velocities=(0.0, 0.0, 0.0), age_s=0.0, lifetime_s=0.1):
    return GoalView(
        seq=1, age_s=age_s, lifetime_s=lifetime_s,
        positions_rad=np.array(positions, dtype=float),
        velocities_radps=np.array(velocities, dtype=float),
    )  # fmt: skip


def run(state, goals, permit=PERMIT, measured=None, dt_s=DT_S, fault="", limits=LIMITS):
    """Return the state after one step for each goal."""
    for one in goals:
        at = state.commanded_rad if measured is None else measured
        state = gate.step(
            limits, state, goal=one, permit=permit, measured_rad=at, dt_s=dt_s, fault=fault
        )
    return state


def off(positions, joint, by_rad):
    """Return the positions with one of them changed."""
    changed = positions.copy()
    changed[joint] += by_rad
    return changed


def moving(speed=1.0, at=HOME):
    """Return a gate that follows joint 1 at this speed, and the position its goals have reached."""
    position = np.array(at, dtype=float)
    state = gate.held(position)
    for _ in range(60):
        position[0] += speed * DT_S
        state = run(state, [goal(position, (speed, 0.0, 0.0))])
    assert state.phase is Phase.OPEN
    return state, position


GAIN_RADPS = 8.0 * 0.01
CATCH_UP_RADPS = 0.1 + GAIN_RADPS
WAY_S = (0.4 + 0.1) / 2.0
"""A stop from 1 rad/s takes no more radians."""


def most_at_stop(speed, ratio=1.0):
    """Return how fast joint 1 may be at most when it stops, having run at this speed."""
    return max(abs(speed), min(abs(speed) + GAIN_RADPS, ratio * LIMITS.planned_max_radps[0]))


# The permit.


@pytest.mark.req("S1")
@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, ""),
        ({"age_s": 0.06}, ""),
        ({"age_s": 0.0601}, "permit_expired"),
        ({"lease_s": 0.0}, "permit_expired"),
        ({"age_s": -0.001}, ""),
        ({"age_s": -0.01}, "permit_from_future"),
        ({"age_s": -math.inf}, "permit_from_future"),
        ({"age_s": math.inf}, "permit_expired"),
        ({"oldest_sample_age_s": 0.19}, ""),
        ({"oldest_sample_age_s": 0.191}, "sample_too_old"),
        ({"oldest_sample_age_s": math.inf}, "sample_too_old"),
        ({"oldest_sample_age_s": -0.01}, "sample_from_future"),
        ({"reaction_time_s": 0.0}, "sample_too_old"),
        ({"speed_ratio": 1.01}, "permit_invalid"),
        ({"speed_ratio": -0.01}, "permit_invalid"),
        ({"speed_ratio": 0.0, "state": 0}, ""),
        ({"state": 2}, "permit_invalid"),
        ({"same_config": False}, "config_differs"),
    ],
)
def test_a_permit_holds_within_lease_and_reaction_time(changes, why):
    assert permit_holds(replace(PERMIT, **changes)) == (not why, why)


@pytest.mark.req("S2")
@given(
    st.sampled_from(["age_s", "lease_s", "speed_ratio", "oldest_sample_age_s", "reaction_time_s"])
)
def test_a_permit_with_a_number_missing_does_not_hold(name):
    assert permit_holds(replace(PERMIT, **{name: math.nan})) == (False, "permit_invalid")
    assert permit_holds(None) == (False, "no_permit")


# Properties over anything that may come.

finite = st.floats(-5.0, 5.0)
number = finite | unknown | st.floats(-1e308, 1e308)
age = st.floats(-0.02, 0.3) | unknown
permits = st.none() | st.builds(
    PermitView,
    seq=st.just(1), age_s=age, lease_s=st.floats(0.0, 0.2) | unknown,
    speed_ratio=st.floats(-0.1, 1.1) | st.just(1.0) | unknown, oldest_sample_age_s=age,
    reaction_time_s=st.just(0.2) | unknown, gripper_permitted=st.booleans(),
    state=st.integers(0, 4), same_config=st.booleans(),
)  # fmt: skip
goals = st.none() | st.builds(
    GoalView,
    seq=st.just(1), age_s=age, lifetime_s=st.floats(0.0, 1.0) | unknown,
    positions_rad=st.lists(number, min_size=2, max_size=4).map(np.array)
    | st.lists(st.floats(0.0, 0.3), min_size=3, max_size=3).map(np.array),
    velocities_radps=st.lists(number, min_size=3, max_size=3).map(np.array),
)  # fmt: skip
steps = st.lists(
    st.tuples(
        permits | st.just(PERMIT),
        goals,
        st.sampled_from([0.0, 0.001, 0.005, 0.02, 9.0, math.nan, math.inf]),
    ),
    max_size=30,
)


@pytest.mark.req("S1")
@given(steps)
def test_no_joint_ever_moves_faster_than_its_limit_or_out_of_its_window(sequence):
    state = gate.held(HOME)
    for permit, one, dt_s in sequence:
        before = state.commanded_rad
        state = run(state, [one], permit, dt_s=dt_s, measured=np.full(3, math.nan))
        elapsed_s = min(dt_s, LIMITS.cycle_max_s) if dt_s > 0.0 else 0.0
        assert np.all(np.isfinite(state.lately_radps))
        most = LIMITS.velocity_max_radps * elapsed_s + ULP
        assert np.all(np.abs(state.commanded_rad - before) <= most)
        assert np.all(LIMITS.lower_rad <= state.commanded_rad)
        assert np.all(state.commanded_rad <= LIMITS.upper_rad)


@pytest.mark.req("S1")
@given(st.lists(st.tuples(permits, goals), max_size=20))
def test_what_is_never_permitted_never_moves(sequence):
    state = gate.held(HOME)
    for permit, one in sequence:
        if permit is not None:
            permit = replace(permit, speed_ratio=0.0, gripper_permitted=False)
        state = run(state, [one], permit)
        assert state.phase is Phase.HOLD
        assert np.array_equal(state.commanded_rad, HOME)


@pytest.mark.req("S1")
@settings(max_examples=50)
@given(
    speed=st.floats(-3.0, 3.0),
    after=st.lists(st.none() | st.floats(-3.0, 3.0), min_size=100, max_size=100),
    permit=permits,
)
def test_without_leave_an_arm_rests_after_the_stopping_time_whatever_the_goals_say(
    speed, after, permit
):
    if permit is not None:
        permit = replace(permit, speed_ratio=0.0)
    state, position = moving(speed, (0.0, 0.0, 0.3))
    began, fastest = state.commanded_rad.copy(), state.speed_radps[0]
    for count, velocity in enumerate(after):
        one = None
        if velocity is not None:
            position[0] += velocity * DT_S
            one = goal(position, (velocity, 0.0, 0.0))
        before = state.commanded_rad
        state = run(state, [one], permit)
        most = most_at_stop(fastest)
        assert abs(state.commanded_rad[0] - before[0]) <= most * DT_S + ULP
        if (count + 1) * DT_S >= LIMITS.stopping_time_s:
            assert state.phase is Phase.HOLD
            assert state.commanded_rad[0] == pytest.approx(before[0], abs=1e-9)
    assert abs(state.commanded_rad[0] - began[0]) <= most * WAY_S + ULP


@pytest.mark.req("S1")
@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.05, 0.3, 1.0]), st.integers(1, 60), st.floats(-9.0, 9.0)),
        max_size=8,
    )
)
def test_no_joint_is_ever_faster_than_what_was_permitted_in_the_last_stopping_time(
    said,
):
    state, recent = gate.held(HOME), [0.0] * round(LIMITS.stopping_time_s / DT_S)
    limits = replace(LIMITS, planned_max_radps=np.array([1.2, 1.0, 2.0]))
    for ratio, speed in [(ratio, speed) for ratio, cycles, speed in said for _ in range(cycles)]:
        recent = [*recent[1:], ratio]
        permit = replace(PERMIT, speed_ratio=ratio, state=4) if ratio else STANDSTILL
        at = state.commanded_rad + np.array([speed, -speed, 0.0]) * DT_S
        before = state.commanded_rad
        state = run(state, [goal(at, (speed, -speed, 0.0))], permit, limits=limits)
        most = max(recent) * limits.planned_max_radps[:-1] + CATCH_UP_RADPS
        assert np.all(np.abs(state.commanded_rad - before)[:-1] <= most * DT_S + ULP)


@pytest.mark.req("S1")
@given(st.floats(0.0, 1.0), st.floats(-9.0, 9.0))
def test_from_slow_motion_no_executor_makes_a_long_stop(ratio, asked):
    limits = replace(LIMITS, planned_max_radps=np.array([1.2, 1.2, 2.0]))
    permit = replace(PERMIT, speed_ratio=ratio, state=4 if ratio else 2)
    state, position, speed = gate.held(HOME), HOME.copy(), 1.2 * ratio
    for _ in range(60):
        position[0] += speed * DT_S
        state = run(state, [goal(position, (speed, 0.0, 0.0))], permit, limits=limits)
    began = state.commanded_rad[0]
    for _ in range(100):  # the goals run away at the very instant of the stop
        at = off(state.commanded_rad, 0, asked * DT_S)
        state = run(state, [goal(at, (asked, 0.0, 0.0))], STANDSTILL, limits=limits)
    assert state.phase is Phase.HOLD
    assert abs(state.commanded_rad[0] - began) <= speed * WAY_S + ULP


# The executor's own stops, with the limits of the default cell, at 100 Hz and as late as it may be.

MOTION = motion()
LINE_RAD = 20.0
late_s = st.sampled_from([0.0, 0.01, 0.02, 0.03])
joints = st.integers(0, 5)


def line_limits(joint, acceleration, jerk):
    rates = (MOTION.velocity_max_radps[joint], acceleration[joint], jerk[joint])
    names = ("speed_max_ratio_ps", "acceleration_ratio_ps2", "jerk_ratio_ps3")
    return LineLimits(**{n: rate / LINE_RAD for n, rate in zip(names, rates, strict=True)})


def driven(joint, ratios, late_s):
    """Yield goal, gate and a gate that limits nothing, for each cycle of an executor's motion."""
    planned = line_limits(joint, MOTION.acceleration_max_radps2, MOTION.jerk_max_radps3)
    stopping = line_limits(joint, MOTION.stop_deceleration_radps2, MOTION.stop_jerk_radps3)
    most = MOTION.velocity_max_radps[joint]
    wide = {"lower_rad": np.full(3, -99.0), "upper_rad": np.full(3, 99.0)}
    limits = replace(LIMITS, planned_max_radps=np.array([most, 1.0, 2.0]), **wide)
    along, start, late = Along(), np.zeros(3), round(late_s / DT_S)
    state = free = gate.held(start)
    heard = [ratios[0]] * late + ratios
    for cycle, ratio in enumerate(ratios):
        if cycle % 2 == 0:
            target = heard[cycle] * planned.speed_max_ratio_ps
            own = stopping if target < along.speed_ratio_ps else planned
            along = track(along, target_ratio_ps=target, limits=own, dt_s=2 * DT_S)
        one = goal(
            off(start, 0, along.done_ratio * LINE_RAD),
            (along.speed_ratio_ps * LINE_RAD, 0.0, 0.0), age_s=0.002 + cycle % 2 * DT_S,
        )  # fmt: skip
        permit = replace(PERMIT, speed_ratio=ratio, state=4) if ratio else STANDSTILL
        state = run(state, [one], permit, limits=limits)
        free = run(free, [one], limits=replace(limits, planned_max_radps=np.full(3, 99.0)))
        yield one, state, free


@pytest.mark.req("S1")
@settings(max_examples=15)
@given(joints, st.floats(0.05, 1.0), st.just(0.0) | st.floats(0.05, 1.0), late_s)
def test_a_stop_or_a_slow_down_of_the_executor_passes_whole(joint, first, second, late_s):
    for _, state, free in driven(joint, [first] * 240 + [second] * 160, late_s):
        np.testing.assert_allclose(state.commanded_rad, free.commanded_rad, atol=1e-4)
    assert state.phase is (Phase.OPEN if second else Phase.HOLD)


@pytest.mark.req("S1")
@settings(max_examples=8)
@given(joints, st.floats(0.5, 4.0), late_s)
def test_so_does_one_that_follows_a_falling_ratio(joint, slope_per_s, late_s):
    ratios = [max(0.05, 1.0 - slope_per_s * DT_S * max(0, n)) for n in range(-240, 400)]
    for _, state, free in driven(joint, ratios, late_s):
        np.testing.assert_allclose(state.commanded_rad, free.commanded_rad, atol=1e-4)


@pytest.mark.req("S3")
@settings(max_examples=15)
@given(joints, st.integers(2, 240), late_s)
def test_a_stop_out_of_acceleration_ends_where_the_executor_ends(joint, cycles, late_s):
    for one, state, _ in driven(joint, [1.0] * cycles + [0.0] * 160, late_s):
        assert abs(state.commanded_rad[0] - one.positions_rad[0]) < 0.06  # less than a goal's life
    assert state.phase is Phase.HOLD
    np.testing.assert_allclose(state.commanded_rad, one.positions_rad, atol=1e-3)


@pytest.mark.req("S1")
@given(
    speed=st.floats(-3.0, 3.0),
    cycles_s=st.lists(st.floats(0.005, 0.06), min_size=80, max_size=80),
    goals_come=st.booleans(),
)
def test_an_arm_rests_after_the_stopping_time_however_long_the_cycles_of_the_bus_are(
    speed, cycles_s, goals_come
):
    state, position = moving(speed, (0.0, 0.0, 0.3))
    began, fastest, elapsed_s = state.commanded_rad[0], abs(state.speed_radps[0]), 0.0
    for dt_s in cycles_s:
        position[0] = state.commanded_rad[0] + speed * dt_s
        one = goal(position, (speed, 0.0, 0.0)) if goals_come else None
        state = run(state, [one], permit=None, dt_s=dt_s)
        elapsed_s += dt_s
        limit_s = LIMITS.stopping_time_s if goals_come else fastest / 8.0
        if elapsed_s > limit_s + ULP:
            break
    assert state.phase is Phase.HOLD
    assert abs(state.commanded_rad[0] - began) <= max(fastest, abs(speed)) * elapsed_s + ULP


@pytest.mark.req("S1")
@given(st.floats(-3.0, 3.0), st.sampled_from(["", "motor_lost:joint_2"]))
def test_without_goals_each_joint_is_ramped_to_rest_at_once(speed, fault):
    state, position = moving(speed, (0.0, 0.0, 0.3))
    began = state.commanded_rad[0]
    one = goal(position, (speed, 0.0, 0.0)) if fault else None
    speed = state.speed_radps[0]  # may still catch up a little
    ramp_s = abs(speed) / LIMITS.stop_deceleration_radps2
    state = run(state, [one] * (math.ceil(ramp_s / DT_S) + 1), fault=fault)
    assert state.phase is Phase.HOLD
    assert state.reason == (fault or "no_goal")
    assert abs(state.commanded_rad[0] - began) <= 0.5 * abs(speed) * ramp_s + ULP


# Stories.


def test_closed_stays_closed_and_says_nothing():
    state = run(gate.closed(3), [goal()])
    assert (state.phase, state.reason) == (Phase.CLOSED, "torque_off")
    assert np.all(np.isnan(state.commanded_rad))


@pytest.mark.req("S2")
def test_a_position_that_is_not_known_cannot_be_held():
    with pytest.raises(ValueError, match="not known"):
        gate.held(np.array([0.0, math.nan, 0.0]))


def test_limits_that_cannot_stop_in_time_are_refused():
    with pytest.raises(ValueError, match="does not come to rest"):
        replace(LIMITS, stopping_time_s=0.3)
    with pytest.raises(ValueError, match="does not come to rest"):
        replace(LIMITS, velocity_max_radps=np.array([2.0, 3.3, 2.0]))


def test_an_open_gate_follows_goals_and_runs_on_between_them():
    state, position = moving(1.0)
    assert state.commanded_rad[0] == pytest.approx(position[0])
    state = run(state, [goal(position, (1.0, 0.0, 0.0), age_s=DT_S)])
    assert (state.phase, state.reason) == (Phase.OPEN, "")
    assert state.commanded_rad[0] == pytest.approx(position[0] + DT_S)


def test_goals_that_are_late_are_continued_as_if_braking():
    state, position = moving(1.0)
    ages = [DT_S * count for count in range(1, 20)]
    state = run(state, [goal(position, (1.0, 0.0, 0.0), age_s=age_s) for age_s in ages])
    assert state.phase is Phase.OPEN
    assert state.speed_radps[0] == pytest.approx(1.0 - 8.0 * (0.095 - 0.02), abs=0.03)
    state = run(state, [goal(position, (1.0, 0.0, 0.0), age_s=0.101)])
    assert (state.phase, state.reason) == (Phase.STOPPING, "goal_expired")


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("one", "why"),
    [
        (None, "no_goal"),
        (goal(age_s=math.nan), "goal_invalid"),
        (goal(lifetime_s=math.nan), "goal_invalid"),
        (goal(age_s=-0.01), "goal_from_future"),
        (goal(age_s=0.05, lifetime_s=0.04), "goal_expired"),
        (goal(age_s=0.11, lifetime_s=9.0), "goal_expired"),
        (goal(positions=(0.0, math.nan, 0.0)), "goal_invalid"),
        (goal(velocities=(0.0, math.inf, 0.0)), "goal_invalid"),
        (goal(positions=(0.0, 0.0)), "goal_invalid"),
        (goal(positions=(0.0,), velocities=(0.0,)), "goal_invalid"),
        (goal(velocities=(0.0, 0.0, 0.0, 0.0)), "goal_invalid"),
    ],
)
def test_a_goal_that_is_not_whole_or_not_of_now_is_none(one, why):
    state = run(gate.held(HOME), [one] * 3)
    assert (state.phase, state.reason) == (Phase.HOLD, why)
    assert np.array_equal(state.commanded_rad, HOME)


def test_a_goal_far_from_the_last_is_refused_and_stops_the_arm():
    state, position = moving(1.0)
    began = state.commanded_rad[0]
    far = goal(off(position, 1, 0.5), (1.0, 0.0, 0.0))
    state = run(state, [far])
    assert (state.phase, state.reason) == (Phase.STOPPING, "goal_jump:joint_2")
    state = run(state, [far] * 40)
    assert state.phase is Phase.HOLD
    assert state.reason.startswith("rejoin:")
    assert state.commanded_rad[0] - began < 0.07
    assert state.commanded_rad[1] == HOME[1]


def test_a_goal_outside_of_the_window_is_cut_and_named():
    at = np.array([0.0, 1.49, 0.3])
    state = run(gate.held(at), [goal(off(at, 1, 0.019), (0.0, 0.2, 0.0))] * 30)
    assert (state.phase, state.reason) == (Phase.OPEN, "limit:joint_2")
    assert state.commanded_rad[1] == 1.5


def test_a_joint_that_stands_outside_of_its_window_may_come_back_but_not_go_on():
    at = np.array([0.0, 1.6, 0.3])
    state = gate.held(at)
    assert np.array_equal(run(state, [goal(at)] * 3).commanded_rad, at)
    assert run(state, [goal(off(at, 1, 0.019))] * 30).commanded_rad[1] == 1.6
    assert run(state, [goal(off(at, 1, -0.019))] * 60).commanded_rad[1] == pytest.approx(1.581)


@pytest.mark.req("S3")
def test_after_a_hold_goals_must_begin_where_the_arm_stands():
    state = run(gate.held(HOME), [goal(off(HOME, 0, 0.05))] * 10)
    assert (state.phase, state.reason) == (Phase.HOLD, "rejoin:joint_1")
    near = off(HOME, 0, 0.019)
    state = run(state, [goal(near)])
    assert state.phase is Phase.OPEN
    assert 0.0 < state.commanded_rad[0] - HOME[0] <= 0.1 * DT_S + ULP  # slowly
    assert run(state, [goal(near)] * 60).commanded_rad[0] == pytest.approx(near[0])


@pytest.mark.req("S3")
@pytest.mark.parametrize("joint", [0, 1])
def test_a_joint_pushed_away_while_held_may_go_on_from_where_it_is(joint):
    pushed = off(HOME, joint, 0.4)
    once = run(gate.held(HOME), [goal(pushed)], measured=pushed)
    assert once.offset_rad[joint] == 0.0  # nothing to take away: it goes all the way
    state = run(once, [goal(pushed)] * 160, measured=pushed)
    assert state.phase is Phase.OPEN
    assert state.commanded_rad[joint] == pytest.approx(pushed[joint])


def test_while_it_stops_goals_must_begin_where_it_was_commanded_not_where_it_was_pushed():
    state, _ = moving()
    stopping = run(state, [None])
    assert stopping.phase is Phase.STOPPING
    pushed = off(stopping.commanded_rad, 0, 0.1)
    still = run(stopping, [goal(pushed)], measured=pushed)
    assert (still.phase, still.reason) == (Phase.STOPPING, "rejoin:joint_1")


@pytest.mark.parametrize("joint", [0, 1])
def test_each_joint_is_ramped_down_from_the_speed_it_really_had(joint):
    velocities = np.array([0.4, 0.2, 0.0])
    at, state = HOME.copy(), gate.held(HOME)
    for _ in range(60):
        at = at + velocities * DT_S
        state = run(state, [goal(at, velocities)])
    stopping = run(state, [goal(at, velocities + 2.0)], permit=None)
    had = velocities[joint]
    assert stopping.stop_speed_radps[joint] == pytest.approx(had + GAIN_RADPS, rel=1e-6)


def test_a_single_cycle_does_not_make_the_speed_that_a_stop_begins_with():
    state, position = moving(0.4)
    state = run(state, [goal(off(position, 0, 3.0 * DT_S), (3.0, 0.0, 0.0))])
    assert state.speed_radps[0] == pytest.approx(3.0)
    stopping = run(state, [goal(state.commanded_rad, (3.0, 0.0, 0.0))], permit=None)
    assert 0.4 < stopping.stop_speed_radps[0] < 0.4 + 2.6 / 3.0 + GAIN_RADPS + ULP


def test_how_far_a_goal_may_be_off_counts_from_where_the_arm_stands():
    most = LIMITS.rejoin_rad + LIMITS.velocity_max_radps[1] * LIMITS.goal_lifetime_s
    for at in (-0.9, 0.0, 1.2):  # whatever the joint's own number
        state = run(gate.held(off(HOME * 0.0, 1, at)), [goal(off(HOME * 0.0, 1, at))])
        assert state.phase is Phase.OPEN
        near = run(state, [goal(off(state.commanded_rad, 1, 0.99 * most))])
        assert not near.reason.startswith("goal_jump")
        far = run(state, [goal(off(state.commanded_rad, 1, 1.01 * most))])
        assert far.reason == "goal_jump:joint_2"


def test_a_permit_that_comes_back_before_the_arm_rests_lets_it_go_on():
    state, position = moving(1.0)
    for permit, phase in ((None, Phase.STOPPING), (STANDSTILL, Phase.STOPPING)):
        position[0] += DT_S
        state = run(state, [goal(position, (1.0, 0.0, 0.0))], permit)
        assert state.phase is phase
        assert state.commanded_rad[0] == pytest.approx(position[0])
    position[0] += DT_S
    state = run(state, [goal(position, (1.0, 0.0, 0.0))])
    assert state.phase is Phase.OPEN


@pytest.mark.req("S1")
def test_the_executors_own_stop_on_the_path_is_let_through_whole():
    state, position = moving(1.2, (0.0, 0.0, 0.3))
    speed = 1.2
    while speed > 0.0:
        speed = max(0.0, speed - 4.0 * DT_S)
        position[0] += speed * DT_S
        state = run(state, [goal(position, (speed, 0.0, 0.0))], STANDSTILL)
    assert state.commanded_rad[0] == pytest.approx(position[0])
    assert (state.phase, state.reason) == (Phase.HOLD, "standstill")
    assert run(state, [goal(position)]).phase is Phase.OPEN


@pytest.mark.req("S1")
@pytest.mark.parametrize("void", [{"age_s": 9.0}, {"speed_ratio": math.nan}, {"speed_ratio": 9.0}])
def test_a_permit_that_does_not_hold_adds_nothing_to_what_is_permitted(void):
    slow = replace(PERMIT, speed_ratio=0.1, state=3)
    state = run(gate.held(HOME), [goal()] * 5, slow)
    state = run(state, [goal()], replace(PERMIT, **void))
    assert state.leave.ratio == 0.1
    assert state.stop_speed_radps[0] <= GAIN_RADPS


def test_in_a_long_cycle_each_joint_moves_no_farther_than_it_can_in_a_short_one():
    state = run(gate.held(HOME), [goal()] * 5)
    after = run(state, [goal(HOME + 0.15)], dt_s=0.04)
    np.testing.assert_allclose((after.commanded_rad - HOME)[:2], [3.0 * 0.01, 2.0 * 0.01])
    assert after.speed_radps[0] == pytest.approx(3.0 * 0.01 / 0.04)


@pytest.mark.req("S3")
def test_a_stop_that_ended_early_is_over():
    state, _ = moving(1.0)
    state = run(state, [goal(state.commanded_rad)] * 3, STANDSTILL)  # at rest long before it must
    assert state.phase is Phase.HOLD
    held = state.commanded_rad
    state = run(state, [goal(off(held, 0, 0.01), (1.0, 0.0, 0.0))] * 3, STANDSTILL)
    assert state.phase is Phase.HOLD
    assert np.array_equal(state.commanded_rad, held)


def test_a_cycle_without_duration_moves_nothing_and_ends_no_stop():
    state, position = moving(1.0)
    for permit in (PERMIT, None):
        after = run(state, [goal(position + 0.01, (1.0, 0.0, 0.0))], permit, dt_s=0.0)
        assert np.array_equal(after.commanded_rad, state.commanded_rad)
    assert after.phase is Phase.STOPPING


@pytest.mark.req("S3")
def test_goals_that_leave_the_gripper_out_let_it_keep_its_goal():
    state = run(gate.held(HOME), [goal(off(HOME, 2, -0.1))] * 60)
    assert state.commanded_rad[2] == pytest.approx(HOME[2] - 0.1)  # presses on something
    held = state.commanded_rad[2]
    arm = goal(HOME[:2] + 0.01, (0.0, 0.0))
    state = run(state, [arm] * 60, measured=HOME)
    assert (state.phase, state.commanded_rad[2]) == (Phase.OPEN, held)
    np.testing.assert_allclose(state.commanded_rad[:2], arm.positions_rad)


def test_the_gripper_follows_at_standstill_when_it_may_and_within_its_speed():
    state = gate.held(HOME)
    opening = goal([*HOME[:2], 5.0])
    once = run(state, [opening], STANDSTILL)
    assert once.commanded_rad[2] - HOME[2] == pytest.approx(2.0 * DT_S)
    assert (once.phase, once.reason) == (Phase.HOLD, "standstill")
    assert run(state, [opening] * 60, STANDSTILL).commanded_rad[2] == 0.7
    for permit in (None, replace(STANDSTILL, gripper_permitted=False)):
        assert np.array_equal(run(state, [opening] * 5, permit).commanded_rad, HOME)
    assert np.array_equal(run(state, [opening], STANDSTILL, fault="x").commanded_rad, HOME)


# The corridor of a permit.


def along(speed=(3.0, 2.0), end=(1.1, -0.2)):
    """Return a permit that was judged on the line from HOME to `end`."""
    rows = np.array([HOME[:2], end])
    return replace(PERMIT, corridor=Corridor(rows_rad=rows, speed_radps=np.array(speed)))


@pytest.mark.req("S1")
def test_goals_on_the_path_that_was_judged_are_followed_and_others_are_none():
    on = gate.step(
        LIMITS, gate.held(HOME), goal=goal(off(HOME, 0, 0.015)), permit=along(), measured_rad=HOME,
        dt_s=DT_S,
    )  # fmt: skip
    assert (on.phase, on.reason) == (Phase.OPEN, "")
    aside = gate.step(
        LIMITS, gate.held(HOME), goal=goal(off(HOME, 1, 0.015)), permit=along(), measured_rad=HOME,
        dt_s=DT_S,
    )  # fmt: skip
    assert (aside.phase, aside.reason) == (Phase.HOLD, "off_path")
    assert aside.commanded_rad.tolist() == HOME.tolist()


@pytest.mark.req("S1")
def test_a_motion_that_leaves_the_path_comes_to_rest_straight_on():
    state, position = moving(1.0)
    aside = off(position, 1, 0.03)
    permit = along(end=(3.0, -0.2))
    left = gate.step(
        LIMITS, state, goal=goal(aside), permit=permit, measured_rad=position, dt_s=DT_S
    )
    assert (left.phase, left.reason) == (Phase.STOPPING, "off_path")
    assert left.commanded_rad[1] == state.commanded_rad[1]
    assert left.speed_radps[0] < state.speed_radps[0]


@pytest.mark.req("S1")
def test_on_a_path_no_joint_is_faster_than_was_planned_there():
    """The goals of joint 1 run at 1 rad/s; the path was judged with 0.3."""
    slow, position = along(speed=(0.3, 0.0), end=(9.0, -0.2)), HOME.copy()
    state = gate.held(HOME)
    for _ in range(40):
        position = off(position, 0, DT_S)
        state = gate.step(
            LIMITS, state, goal=goal(position, (1.0, 0.0, 0.0)), permit=slow,
            measured_rad=state.commanded_rad, dt_s=DT_S,
        )  # fmt: skip
        assert state.speed_radps[0] <= 0.3 + CATCH_UP_RADPS + ULP


@pytest.mark.req("S1")
def test_the_corridor_of_a_permit_that_ran_out_still_holds():
    state, position = moving(1.0)
    permit = along(end=(3.0, -0.2))
    on = off(position, 0, DT_S)
    state = gate.step(
        LIMITS, state, goal=goal(on, (1.0, 0.0, 0.0)), permit=permit, measured_rad=position,
        dt_s=DT_S,
    )  # fmt: skip
    assert state.phase is Phase.OPEN
    late = replace(permit, age_s=0.1)
    stopping = gate.step(
        LIMITS, state, goal=goal(off(on, 1, 0.03)), permit=late, measured_rad=on, dt_s=DT_S
    )
    assert (stopping.phase, stopping.reason) == (Phase.STOPPING, "permit_expired")
    assert stopping.commanded_rad[1] == state.commanded_rad[1]


@pytest.mark.req("S2")
@pytest.mark.parametrize("speed", [math.nan, -1.0])
def test_a_corridor_with_odd_speeds_moves_nothing_and_leaves_every_number_known(speed):
    odd = along(speed=(speed, 1.0))
    new = gate.step(
        LIMITS, gate.held(HOME), goal=goal(off(HOME, 0, 0.01), (0.5, 0.0, 0.0)), permit=odd,
        measured_rad=HOME, dt_s=DT_S,
    )  # fmt: skip
    assert (new.phase, new.reason) == (Phase.HOLD, "off_path")
    state, position = moving(1.0)
    stopped = gate.step(LIMITS, state, goal=None, permit=odd, measured_rad=position, dt_s=DT_S)
    assert np.isfinite(stopped.commanded_rad).all()
    assert np.isfinite(stopped.stop_speed_radps).all()


def test_without_goals_all_joints_come_to_rest_together_and_straight_on():
    state = replace(
        gate.held(HOME), phase=Phase.OPEN, speed_radps=np.array([1.0, -0.5, 0.0]),
        lately_radps=np.array([1.0, 0.5]),
    )  # fmt: skip
    ways = []
    while state.phase is not Phase.HOLD:
        before = state.commanded_rad
        state = gate.step(LIMITS, state, goal=None, permit=PERMIT, measured_rad=HOME, dt_s=DT_S)
        ways.append(state.commanded_rad - before)
    for way in ways[:-1]:
        assert way[1] == pytest.approx(-0.5 * way[0])


# At the bounds; all is exact.

EXACT = replace(LIMITS, rejoin_rad=0.03125, goal_lifetime_s=0.125)
ZERO = np.zeros(3)
FARTHEST_RAD = 0.03125 + 3.0 * 0.125
"""No goal of joint 1 is farther off than this."""


def first(one, state=None, limits=EXACT, **more):
    """Return the reason after one step from rest at 0."""
    return run(state or gate.held(ZERO), [one], limits=limits, **more).reason


def test_phases_are_numbered_as_the_message_of_the_motors_numbers_them():
    assert [phase.name for phase in sorted(Phase)] == ["CLOSED", "HOLD", "STOPPING", "OPEN"]
    assert [phase.value for phase in sorted(Phase)] == [0, 1, 2, 3]


@pytest.mark.req("S1")
def test_a_goal_counts_up_to_each_bound_and_no_farther():
    def reason(*, at=0.0, **known):
        return first(goal((at, 0.0, 0.0), **{"lifetime_s": 0.125, **known}))

    assert (reason(at=999.0), reason(at=1000.0)) == ("rejoin:joint_1", "goal_invalid")
    assert (reason(age_s=0.125), reason(age_s=np.nextafter(0.125, 1.0))) == ("", "goal_expired")
    assert reason(age_s=-FUTURE_MAX_S) == ""
    assert reason(age_s=np.nextafter(-FUTURE_MAX_S, -1.0)) == "goal_from_future"
    assert (reason(at=0.03125), reason(at=0.0312500001)) == ("", "rejoin:joint_1")


@pytest.mark.req("S1")
def test_a_goal_as_far_off_as_goals_can_be_is_followed_and_a_farther_one_is_a_jump():
    opened = run(gate.held(ZERO), [goal(ZERO)], limits=EXACT)
    assert opened.phase is Phase.OPEN
    assert not first(goal((FARTHEST_RAD, 0.0, 0.0)), opened).startswith("goal_jump")
    farther = np.nextafter(FARTHEST_RAD, 1.0)
    assert first(goal((farther, 0.0, 0.0)), opened) == "goal_jump:joint_1"


@pytest.mark.req("S1")
@pytest.mark.parametrize("dt_s", [0.0, -0.005, math.nan, math.inf, -math.inf])
def test_in_a_time_that_cannot_be_nothing_moves(dt_s):
    state, position = moving()
    for one in (goal(position + 0.01, (1.0, 0.0, 0.0)), None):
        after = run(state, [one], dt_s=dt_s)
        assert after.commanded_rad.tolist() == state.commanded_rad.tolist()
        assert np.isfinite(after.speed_radps).all()
        assert np.isfinite(after.lately_radps).all()


@pytest.mark.req("S1")
def test_a_permit_that_does_not_hold_tells_no_corridor():
    here, elsewhere = (
        Corridor(rows_rad=np.full((1, 2), at), speed_radps=np.ones(2)) for at in (0.0, 1.0)
    )
    opened = run(gate.held(ZERO), [goal(ZERO)], replace(PERMIT, corridor=here))
    late = replace(PERMIT, corridor=elsewhere, age_s=1.0)
    assert run(opened, [goal(ZERO)], late).corridor is here
    assert run(opened, [goal(ZERO)], None).corridor is here


def test_the_goal_of_a_slow_joint_stands_once_it_would_have_braked():
    """0.02 s at 0.4 rad/s, then 0.05 s of braking with 8 rad/s2; the rest of its age it stands."""
    opened = run(gate.held(ZERO), [goal(ZERO)])
    late = goal(ZERO, (0.4, 0.0, 0.0), age_s=0.1)
    assert run(opened, [late], dt_s=0.01).commanded_rad[0] == pytest.approx(0.008 + 0.01)


def test_in_no_time_nothing_has_come_to_rest():
    opened = run(gate.held(ZERO), [goal(ZERO)])
    assert run(opened, [None], dt_s=0.0).phase is Phase.STOPPING
    assert run(opened, [None]).phase is Phase.HOLD
