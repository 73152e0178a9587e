"""A path in time: on its curve always, in time at ratio 1, never more than it was announced as."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from strategies import default_cell

from hrc_cell.core import executor
from hrc_cell.core.ahead import Ahead, poses
from hrc_cell.core.corridor import TOLERANCE_RAD
from hrc_cell.core.curve import Knots, through
from hrc_cell.core.executor import Leave, Motion, Phase
from hrc_cell.core.timed import (
    DEVIATION_RAD,
    FASTER_MAX,
    GRID_S,
    LINE_MAX_S,
    instants_s,
    timed_path,
)

FILE = default_cell().file
MOTION = FILE.motion
DT_S = 1.0 / MOTION.rate_hz
SLACK_RADPS = 0.5 * MOTION.rejoin_velocity_radps
FASTEST, MOST = np.array(MOTION.velocity_max_radps), np.array(MOTION.acceleration_max_radps2)
BRAKE = np.array(MOTION.stop_deceleration_radps2)
GO, STAY = Leave(holds=True, speed_ratio=1.0), Leave(holds=True, speed_ratio=0.0)

shares = arrays(np.float64, (3, 6), elements=st.floats(-1.0, 1.0))
gaps = arrays(np.float64, 3, elements=st.floats(0.2, 0.8))


def smooth(gap, way, *, quintic=False):
    """Return a curve from rest to rest that keeps the cell's limits, its way made of shares."""
    times = np.concatenate([[0.0], np.cumsum(gap)])
    position = np.concatenate([np.zeros((1, 6)), np.cumsum(way * gap[:, None], axis=0)])
    speed = np.zeros_like(position)
    speed[1:-1] = 0.5 * (way[1:] + way[:-1])
    curve = through(Knots(times, position, speed, np.zeros_like(speed) if quintic else None))
    moment = curve.at(np.linspace(0.0, curve.end_s, 2000))
    over = max(
        (np.abs(moment.velocity_radps) / FASTEST).max(),
        np.sqrt((np.abs(moment.acceleration_radps2) / MOST).max()), 1e-3,
    )  # fmt: skip
    return through(Knots(times * over, position, speed / over, np.zeros_like(speed) if quintic
                         else None))  # fmt: skip


def straight(gap, way):
    """Return a curve with corners, no joint faster than the cell allows."""
    times = np.concatenate([[0.0], np.cumsum(gap)])
    steps = way * FASTEST * gap[:, None]
    return through(Knots(times, np.concatenate([np.zeros((1, 6)), np.cumsum(steps, axis=0)])))


curves = st.one_of(
    st.builds(smooth, gaps, shares), st.builds(smooth, gaps, shares, quintic=st.just(True)),
    st.builds(straight, gaps, shares),
)  # fmt: skip


def path_of(curve):
    return timed_path("t", curve, motion=MOTION, slack_radps=SLACK_RADPS)


def step(motion, leave):
    return executor.step(
        motion, settings=MOTION, leave=leave, measured_rad=motion.goal_rad,
        rejoin_rad=FILE.bus.rejoin_rad, dt_s=DT_S,
    )  # fmt: skip


def drive(path, leaves=(), then=GO, most=3000):
    """Return every step along a path, with these leaves first."""
    motion, steps = executor.begin(Motion(), path), []
    while not steps or (steps[-1].ended is None and len(steps) < most):
        leave = leaves[len(steps)] if len(steps) < len(leaves) else then
        steps.append(step(motion, leave))
        motion = steps[-1].motion
    return steps


@settings(max_examples=25)
@given(curves)
def test_it_is_announced_as_lines_that_the_curve_stays_near_and_is_not_faster_than(curve):
    path = path_of(curve)
    ends = [path.lines[0].start_rad, *(line.start_rad + line.way_rad for line in path.lines)]
    np.testing.assert_allclose(ends[0], curve.at(np.zeros(1)).position_rad[0])
    np.testing.assert_allclose(ends[-1], curve.at(np.array([curve.end_s])).position_rad[0])
    for line, after in zip(path.lines, [*path.begins_s[1:], curve.end_s], strict=True):
        assert line.begin_s + line.took_s == pytest.approx(after)
        done = np.linspace(0.0, 0.999, 40)
        moment = curve.at(line.begin_s + done * line.took_s)
        chord = line.start_rad + done[:, None] * line.way_rad
        assert np.abs(moment.position_rad - chord).max() <= DEVIATION_RAD * 1.2
        np.testing.assert_allclose(line.position_rad(done[7]), moment.position_rad[7])
        planned = line.planned.speed_max_ratio_ps * np.abs(line.way_rad) + SLACK_RADPS
        assert (np.abs(moment.velocity_radps) <= planned + 0.02).all()
        assert line.planned.speed_max_ratio_ps >= (1.0 - 1e-9) / line.took_s


def seen(curve, begin_s, end_s):
    """Return when a line from `begin_s` to `end_s` is looked at, and position and velocity then.

    A corner at the end is seen as it comes.
    """
    times = instants_s(curve)
    times = times[(times >= begin_s - 1e-9) & (times <= end_s + 1e-9)]
    position, leaving, _ = curve.at(times)
    coming = curve.at(times - 1e-9).velocity_radps
    return times, position, np.maximum(np.abs(leaving[:-1]), np.abs(coming[1:])).max(axis=0)


def faster(curve, begin_s, end_s):
    """Return how much faster than it is long such a line has to be planned."""
    times, position, fastest = seen(curve, begin_s, end_s)
    mean = np.maximum(np.abs(position[-1] - position[0]) / (times[-1] - times[0]), 1e-12)
    return max(((fastest - SLACK_RADPS) / mean).max(), 1.0)


@settings(max_examples=25)
@given(curves)
def test_no_line_is_shorter_nor_planned_faster_than_the_curve_makes_it(curve):
    path = path_of(curve)
    times = instants_s(curve)
    for line in path.lines:
        end_s = line.begin_s + line.took_s
        most = max(faster(curve, line.begin_s, end_s), 1.0) / line.took_s
        assert line.planned.speed_max_ratio_ps <= most * (1.0 + 1e-4)
        after = times[times > end_s + 1e-9]
        if not len(after) or after[0] - line.begin_s > LINE_MAX_S + 1e-9:
            continue
        at, position, _ = seen(curve, line.begin_s, after[0])
        part = ((at - at[0]) / (at[-1] - at[0]))[:, None]
        off = np.abs(position - position[0] - part * (position[-1] - position[0])).max()
        too_fast = faster(curve, line.begin_s, after[0]) > FASTER_MAX * (1.0 - 1e-4)
        assert off > DEVIATION_RAD * (1.0 - 1e-4) or too_fast


def test_a_joint_at_one_speed_is_announced_as_lines_of_the_greatest_length():
    position = np.zeros((2, 6))
    position[1, 0] = 1.0
    path = path_of(through(Knots(np.array([0.0, 3.5]), position)))
    assert [line.took_s for line in path.lines] == pytest.approx([1.0, 1.0, 1.0, 0.5])


@pytest.mark.req("S1")
@settings(max_examples=25)
@given(curves, st.floats(0.3, 1.0))
def test_the_arm_is_never_farther_along_than_the_ratio_allows(curve, ratio):
    """What the monitor counts on: at ratio r at most r t further on the announced path."""
    path = path_of(curve)
    waypoints = [path.lines[0].start_rad] + [x.start_rad + x.way_rad for x in path.lines]
    ahead = Ahead(
        waypoints_rad=np.array(waypoints), line=np.array(0), line_ratio=np.array(0.0),
        line_speed_ratio_ps=np.array([x.planned.speed_max_ratio_ps for x in path.lines]),
        age_s=np.array(0.0), followed=np.array(True),
    )  # fmt: skip
    way_s = [0.0]
    for done in drive(path, then=Leave(holds=True, speed_ratio=ratio))[:-1]:
        line, part = done.motion.line, done.motion.along.done_ratio
        way_s.append(float(ahead.begins_s[line] + part * ahead.lines_s[line]))
        told, _, _ = poses(ahead, np.array([way_s[-1]]))
        assert np.abs(told[0] - done.motion.goal_rad).max() <= TOLERANCE_RAD
        assert executor.speed_ratio(done.motion) <= ratio + 1e-9
    assert (np.diff(way_s) <= ratio * DT_S + 1e-9).all()
    assert (np.diff(way_s) >= 0.0).all()


@settings(max_examples=25)
@given(gaps, shares, st.booleans())
def test_at_full_ratio_a_smooth_curve_is_followed_in_time(gap, way, quintic):
    curve = smooth(gap, way, quintic=quintic)
    steps = drive(path_of(curve))
    assert steps[-1].ended == ""
    assert len(steps) * DT_S == pytest.approx(curve.end_s, abs=6 * DT_S)
    np.testing.assert_allclose(
        steps[-1].motion.goal_rad, curve.at(np.array([curve.end_s])).position_rad[0]
    )
    assert steps[-1].motion.phase is Phase.IDLE and steps[-1].motion.path is None
    assert {one.motion.phase for one in steps[:-1]} == {Phase.MOVING}


@settings(max_examples=25)
@given(curves, st.lists(st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0]), min_size=1, max_size=8))
def test_whatever_the_permit_says_goals_stay_on_the_curve_and_within_every_limit(curve, ratios):
    path = path_of(curve)
    leaves = [Leave(holds=True, speed_ratio=ratio) for ratio in ratios for _ in range(15)]
    steps = drive(path, leaves)
    assert steps[-1].ended == ""
    places, before = np.arange(0.0, curve.end_s + 1e-3, 1e-3), np.zeros(6)
    on_curve = curve.at(np.minimum(places, curve.end_s)).position_rad
    for done in steps[:-1]:
        velocity, goal = done.velocity_radps, done.motion.goal_rad
        assert np.abs(on_curve - goal).max(axis=1).min() <= 3e-3
        assert (np.abs(velocity) <= FASTEST * (1.0 + 1e-3)).all()
        assert (np.abs(velocity - before) <= (1.2 * MOST + BRAKE) * DT_S + 1e-6).all()
        before = velocity


@pytest.mark.req("S1")
@settings(max_examples=25)
@given(curves, st.integers(1, 200))
def test_without_leave_it_rests_no_later_than_its_braking_takes(curve, at):
    path = path_of(curve)
    begun = [s for s in drive(path, [GO] * at, then=STAY, most=at + 400) if s.ended is None]
    assert begun[-1].motion.phase is Phase.HELD or len(begun) < at
    if len(begun) <= at:
        return  # it was over before
    fastest = np.abs(begun[at - 1].velocity_radps)
    # Half of the deceleration where the curve itself brakes that joint; that helps it to rest.
    limit_s = (fastest / (0.5 * BRAKE)).max() + 3 * DT_S
    stopping = [s for s in begun[at:] if s.motion.phase is not Phase.HELD]
    assert len(stopping) * DT_S <= limit_s
    held = begun[-1].motion
    np.testing.assert_array_equal(begun[-1].velocity_radps, np.zeros(6))
    gone_on = step(step(held, GO).motion, GO)
    assert np.abs(gone_on.motion.goal_rad - held.goal_rad).max() <= FASTEST.max() * DT_S


def test_a_corner_is_taken_slowly_and_on_the_path():
    times, way = np.array([0.0, 1.0, 2.0]), 0.8
    position = np.zeros((3, 6))
    position[1:, 0], position[2, 1] = way, way
    path = path_of(through(Knots(times, position)))
    steps = drive(path)
    goals = np.array([s.motion.goal_rad for s in steps])
    first = goals[:, 1] == 0.0
    assert np.abs(goals[~first, 0] - way).max() <= 1e-9  # a corner that was not cut
    assert goals[first, 0].max() <= way
    change = np.abs(np.diff([s.velocity_radps for s in steps], axis=0)) / DT_S
    assert (change <= 1.1 * MOST + 1e-6).all()
    assert 2.0 < len(steps) * DT_S < 3.5


def ends_at_speed(share):
    """Return a curve of one joint that gains speed all the way, with a share of what it may."""
    own, speed = share * MOST[0], 0.9 * FASTEST[0]
    times = np.array([0.0, speed / own])
    position, velocity = np.zeros((2, 6)), np.zeros((2, 6))
    position[1, 0], velocity[1, 0] = 0.5 * own * times[1] ** 2, speed
    return through(Knots(times, position, velocity))


@pytest.mark.parametrize(("share", "left"), [(0.7, 0.3), (0.95, 0.2)])
def test_before_a_corner_time_slows_with_what_the_curve_leaves_of_the_acceleration(share, left):
    steps = drive(path_of(ends_at_speed(share)))
    change = np.diff([s.velocity_radps[0] for s in steps]) / DT_S / MOST[0]
    assert np.abs(change[:-1]).max() <= 1.05  # but for the step to rest, which is the corner
    assert -change[-12:-3].min() == pytest.approx(left, abs=0.05)


def test_before_a_corner_between_straight_lines_all_of_the_acceleration_is_used():
    position = np.zeros((2, 6))
    position[1, 0] = FASTEST[0]
    steps = drive(path_of(through(Knots(np.array([0.0, 1.0]), position))))
    change = np.diff([s.velocity_radps[0] for s in steps]) / DT_S
    assert -change[-12:-3].min() == pytest.approx(MOST[0], rel=0.05)


def test_a_corner_behind_a_short_piece_is_slowed_for_before_it():
    position = np.zeros((3, 6))
    position[1:, 0] = FASTEST[0] * np.array([1.0, 1.02])
    steps = drive(path_of(through(Knots(np.array([0.0, 1.0, 1.02]), position))))
    change = np.diff([s.velocity_radps[0] for s in steps]) / DT_S
    assert np.abs(change).max() <= 1.1 * MOST[0]


dwell = np.zeros((3, 6))
dwell[[0, 2], 0] = 1.0


@settings(max_examples=50)
@given(arrays(np.float64, 3, elements=st.floats(0.003, 0.4)), shares)
@example(np.full(3, 0.375), dwell)  # time gains at once where all stands, just before a corner
def test_a_step_over_corners_however_close_is_one_of_a_corner_and_one_of_slowing(gap, way):
    steps = drive(path_of(straight(gap, way)))
    velocity = np.array([np.zeros(6), *(s.velocity_radps for s in steps)])
    of_goals = np.diff([np.zeros(6), *(s.motion.goal_rad for s in steps)], axis=0) / DT_S
    for each in (velocity, of_goals):
        assert (np.abs(np.diff(each, axis=0)) <= 2.05 * MOST * DT_S + 1e-6).all()


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_time_gains_with_no_more_than_the_curve_leaves_of_the_acceleration(share):
    half = Leave(holds=True, speed_ratio=0.5)
    curve = ends_at_speed(share)
    steps = drive(path_of(curve), [half] * round(curve.end_s / DT_S))
    speed = np.array([s.velocity_radps[0] for s in steps])
    gaining = np.diff(speed)[: int(speed.argmax())] / DT_S
    assert gaining.max() <= 1.03 * MOST[0]


@pytest.mark.req("S1")
def test_without_leave_an_even_motion_brakes_with_what_is_declared_and_no_more():
    position = np.zeros((2, 6))
    position[1, 0] = 2.0 * FASTEST[0]
    path = path_of(through(Knots(np.array([0.0, 2.0]), position)))
    steps = drive(path, [GO] * 120, then=STAY, most=400)
    speed = np.array([s.velocity_radps[0] for s in steps])
    braking = -np.diff(speed[119:]) / DT_S
    assert speed[119] == pytest.approx(FASTEST[0])
    assert braking.max() == pytest.approx(BRAKE[0], rel=0.02)


@given(arrays(np.float64, 3, elements=st.sampled_from([0.004, 0.01, 0.02, 0.1, 0.3, 1.0 / 3.0])))
def test_the_instants_begin_and_end_with_the_curve_and_hold_its_points(gap):
    curve = through(Knots(np.concatenate([[0.0], np.cumsum(gap)]), np.zeros((4, 6))))
    times = instants_s(curve)
    assert times[0] == 0.0 and times[-1] == curve.end_s
    assert (np.diff(times) > 1e-9).all() and (np.diff(times) <= GRID_S + 1e-9).all()
    assert np.abs(times[:, None] - curve.times_s).min(axis=0).max() <= 1e-9


def test_a_pause_of_the_curve_is_kept():
    times = np.array([0.0, 1.0, 4.0, 5.0])
    position, speed = np.zeros((4, 6)), np.zeros((4, 6))
    position[1:3, 0], position[3, 0] = 0.3, 0.6
    steps = drive(path_of(through(Knots(times, position, speed))))
    still = sum(1 for s in steps if not s.velocity_radps.any())
    assert still * DT_S == pytest.approx(3.0, abs=0.1)
    assert len(steps) * DT_S == pytest.approx(5.0, abs=0.05)
