"""The executor: to rest on the path, on again without a jump, whatever happens on the way."""

from dataclasses import replace
from math import nan

import numpy as np
import pytest
from hrc_cell_interfaces.msg import MotionProgress
from hypothesis import given
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.adapters.description import load_description
from hrc_cell.core import executor
from hrc_cell.core.executor import Leave, Motion, Phase
from hrc_cell.core.kinematics import capsule_motion, capsule_velocities
from hrc_cell.core.path import plan

CELL = default_cell().file
MOTION = CELL.motion
DT_S = 1.0 / MOTION.rate_hz
REJOIN_RAD = CELL.bus.rejoin_rad
GO = Leave(holds=True, speed_ratio=1.0)
STAY = Leave(holds=True, speed_ratio=0.0, reason="separation")
VOID = Leave(holds=False, speed_ratio=1.0, reason="permit_expired")
A, B = np.zeros(6), np.array([1.0, -0.5, 0.3, 0.0, 0.2, 0.0])


def path(*waypoints, start=A):
    return plan(
        "p", start, waypoints or (B,), motion=MOTION, speed_ratio=1.0,
        lower_rad=np.full(6, -3.0), upper_rad=np.full(6, 3.0),
        velocity_max_radps=np.full(6, 3.0),
        point_speed=lambda q, qd: 0.5 * np.abs(qd).sum(axis=-1),
    )  # fmt: skip


def step(motion, leave, measured="follows"):
    at = motion.goal_rad if isinstance(measured, str) else measured
    return executor.step(
        motion, settings=MOTION, leave=leave, measured_rad=at, rejoin_rad=REJOIN_RAD, dt_s=DT_S
    )


def run(motion, leave, steps, measured="follows"):
    for _ in range(steps):
        motion = step(motion, leave, measured).motion
    return motion


def moving(steps=60):
    return run(executor.begin(Motion(), path()), GO, steps)


def test_with_leave_a_path_is_followed_to_its_end():
    motion, ended, lines = executor.begin(Motion(), path(B, A, -B)), None, set()
    while ended is None:
        lines.add(motion.line)
        done = step(motion, GO)
        motion, ended = done.motion, done.ended
    assert (ended, motion.phase) == ("", Phase.IDLE)
    assert lines == {0, 1, 2}
    np.testing.assert_allclose(motion.goal_rad, -B, atol=1e-6)


@pytest.mark.req("S1")
@pytest.mark.parametrize(
    "leave", [STAY, VOID, Leave(holds=True, speed_ratio=nan), Leave(holds=True, speed_ratio=2.0)]
)
def test_without_leave_the_arm_comes_to_rest_and_stays(leave):
    held = run(moving(), leave, 60)
    stays = held
    for _ in range(200):
        stays = step(stays, leave).motion
        assert stays.phase is Phase.HELD
        assert stays.reason == (leave.reason or "no leave to move")
        np.testing.assert_array_equal(stays.goal_rad, held.goal_rad)


@pytest.mark.req("S1")
def test_a_stop_from_full_speed_takes_no_longer_than_the_stop_model_says():
    motion, steps = moving(), 0
    assert executor.speed_ratio(motion) > 0.99
    while motion.phase is not Phase.HELD:
        motion, steps = step(motion, VOID).motion, steps + 1
    assert steps * DT_S <= CELL.safety.stopping_time_s - 0.05  # the rest is the motors' own lag


@pytest.mark.req("S2")
@pytest.mark.parametrize("measured", [None, np.full(6, nan)])
def test_a_position_that_is_not_known_stops_the_arm(measured):
    assert run(moving(), GO, 60, measured).phase is Phase.HELD


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60)), max_size=12), st.floats(0.05, 1.0))
@pytest.mark.req("S3")
def test_no_goal_ever_jumps_however_the_permit_toggles(toggles, ratio):
    motion = executor.begin(Motion(), path(B, A))
    most = np.array(MOTION.velocity_max_radps) * DT_S * 1.01
    for leave, steps in toggles:
        for _ in range(steps):
            before = motion.goal_rad
            motion = step(motion, replace(GO, speed_ratio=ratio) if leave else VOID).motion
            assert (np.abs(motion.goal_rad - before) <= most).all()


@given(st.lists(st.floats(-0.4, 0.4), min_size=6, max_size=6))
@pytest.mark.req("S3")
def test_after_a_push_the_first_goal_is_where_the_arm_is_and_the_way_back_is_slow(push):
    held = run(moving(), VOID, 60)
    pushed = held.goal_rad + np.array(push)
    first = step(held, GO, pushed).motion
    if np.abs(push).max() > REJOIN_RAD:
        assert first.phase is Phase.REJOINING
        np.testing.assert_array_equal(first.goal_rad, pushed)
    else:
        assert first.phase is Phase.MOVING
        np.testing.assert_array_equal(first.goal_rad, held.goal_rad)
    assert first.resume_error_rad <= REJOIN_RAD
    motion = first
    while motion.phase is Phase.REJOINING:
        before = motion.goal_rad
        motion = step(motion, GO).motion
        way = np.abs(motion.goal_rad - before).max()
        assert way <= MOTION.rejoin_velocity_radps * DT_S * (1 + 1e-9)
    assert motion.phase is Phase.MOVING
    np.testing.assert_array_equal(motion.goal_rad, held.goal_rad)


@given(st.lists(st.floats(0.05, 1.0), min_size=1, max_size=40))
@pytest.mark.req("S1")
def test_the_way_back_is_no_faster_than_the_permitted_part_of_its_speed(ratios):
    """Pushed away on one joint; the ratio changes at every step, up and down."""
    held = run(moving(), VOID, 60)
    motion = step(held, GO, held.goal_rad + 0.4 * np.eye(6)[2]).motion
    for ratio in ratios:
        taken = step(motion, replace(GO, speed_ratio=ratio))
        way = np.abs(taken.motion.goal_rad - motion.goal_rad).max()
        most = ratio * MOTION.rejoin_velocity_radps
        assert 0.0 < way <= most * DT_S * (1 + 1e-9)
        assert np.abs(taken.velocity_radps).max() <= most * (1 + 1e-9)
        motion = taken.motion


@pytest.mark.req("S1")
@pytest.mark.parametrize("ratio", [0.1, 0.3, 1.0])
def test_the_arm_goes_at_the_permitted_part_of_the_planned_speed(ratio):
    motion = executor.begin(Motion(), path(2.0 * B))
    limits = motion.path.lines[0].planned
    over = limits.jerk_ratio_ps3 * DT_S**2 / limits.speed_max_ratio_ps
    for _ in range(80):
        motion = step(motion, replace(GO, speed_ratio=ratio)).motion
        assert executor.speed_ratio(motion) <= ratio + over
    assert executor.speed_ratio(motion) == pytest.approx(ratio)


@pytest.mark.req("S1")
def test_a_lower_ratio_is_braked_to_as_hard_as_a_stop_is():
    lower, stop = (step(moving(), leave).motion for leave in (replace(GO, speed_ratio=0.05), VOID))
    for _ in range(3):
        assert lower.along.speed_ratio_ps == stop.along.speed_ratio_ps
        lower, stop = step(lower, replace(GO, speed_ratio=0.05)).motion, step(stop, VOID).motion


def test_the_way_back_gains_speed_no_faster_than_the_slowest_joint_can():
    held = run(moving(), VOID, 60)
    slow = replace(MOTION, acceleration_max_radps2=(2.0, 2.0, 1.0, 2.0, 2.0, 2.0))
    motion, speed = step(held, GO, held.goal_rad + 0.8).motion, 0.0
    for _ in range(60):
        taken = executor.step(
            motion, settings=slow, leave=GO, measured_rad=motion.goal_rad, rejoin_rad=REJOIN_RAD,
            dt_s=DT_S,
        )  # fmt: skip
        gained = np.abs(taken.velocity_radps).max() - speed
        assert gained <= 1.0 * DT_S * (1 + 1e-9)
        motion, speed = taken.motion, speed + gained
    assert speed == pytest.approx(MOTION.rejoin_velocity_radps)


# At the very bounds; powers of two, so that nothing is rounded.


def rejoining(off_rad):
    """Return the motion on the way back to the start of its path, that far off in one joint."""
    begun = executor.begin(Motion(), path())
    return step(begun, GO, off_rad * np.eye(6)[1]).motion


@pytest.mark.parametrize(
    ("speed_radps", "phase"), [(0.5, Phase.MOVING), (0.5 - 2.0**-40, Phase.REJOINING)]
)
def test_a_way_back_that_one_step_can_cover_ends_with_it(speed_radps, phase):
    settings = replace(
        MOTION, rejoin_velocity_radps=speed_radps, acceleration_max_radps2=(64.0,) * 6
    )
    back = rejoining(0.25)
    assert back.phase is Phase.REJOINING
    taken = executor.step(
        back, settings=settings, leave=GO, measured_rad=back.goal_rad, rejoin_rad=REJOIN_RAD,
        dt_s=0.5,
    ).motion  # fmt: skip
    assert taken.phase is phase


@pytest.mark.parametrize(
    ("off_rad", "phase"), [(0.25, Phase.MOVING), (0.25 + 2.0**-40, Phase.HELD)]
)
def test_an_arm_follows_while_it_is_no_farther_off_than_it_may(off_rad, phase):
    settings = replace(MOTION, following_error_max_rad=0.25)
    begun = step(executor.begin(Motion(), path()), GO).motion
    assert begun.phase is Phase.MOVING
    taken = executor.step(
        begun, settings=settings, leave=GO, measured_rad=off_rad * np.eye(6)[1],
        rejoin_rad=REJOIN_RAD, dt_s=DT_S,
    ).motion  # fmt: skip
    assert taken.phase is phase


@pytest.mark.parametrize(("off_rad", "kept"), [(0.125, True), (0.125 + 2.0**-40, False)])
def test_a_held_goal_is_kept_while_the_arm_is_within_the_tolerance_of_it(off_rad, kept):
    measured = off_rad * np.eye(6)[1]
    start = executor.start_position(Motion(goal_rad=A), measured, 0.125)
    np.testing.assert_array_equal(start, A if kept else measured)


@pytest.mark.parametrize(
    ("off_rad", "phase"), [(0.125, Phase.MOVING), (0.125 + 2.0**-40, Phase.REJOINING)]
)
def test_an_arm_goes_on_while_it_is_within_the_tolerance_of_its_goal(off_rad, phase):
    begun = executor.begin(Motion(), path())
    taken = executor.step(
        begun, settings=MOTION, leave=GO, measured_rad=off_rad * np.eye(6)[1], rejoin_rad=0.125,
        dt_s=DT_S,
    ).motion  # fmt: skip
    assert taken.phase is phase
    assert taken.resume_error_rad == (off_rad if phase is Phase.MOVING else 0.0)


@pytest.mark.parametrize(("off_rad", "kept"), [(0.125, True), (0.125 + 2.0**-40, False)])
def test_a_way_back_goes_on_from_its_goal_while_the_arm_is_near_it(off_rad, kept):
    held = step(rejoining(0.25), VOID).motion
    measured = held.goal_rad + off_rad * np.eye(6)[1]
    taken = executor.step(
        held, settings=MOTION, leave=GO, measured_rad=measured, rejoin_rad=0.125, dt_s=DT_S
    ).motion
    assert taken.phase is Phase.REJOINING
    np.testing.assert_array_equal(taken.goal_rad, held.goal_rad if kept else measured)
    assert taken.resume_error_rad == (off_rad if kept else 0.0)


def test_the_phases_are_those_of_the_message():
    told = {n: getattr(MotionProgress, n) for n in dir(MotionProgress) if n.isupper()}
    assert {n: v for n, v in told.items() if isinstance(v, int)} == Phase.__members__


@pytest.mark.parametrize("joint", [0, 3])
def test_the_error_at_resume_is_that_of_the_joint_that_is_farthest_off(joint):
    held = run(moving(), VOID, 60)
    off = 0.5 * REJOIN_RAD * np.eye(6)[joint]
    going = step(held, GO, held.goal_rad + off).motion
    assert going.phase is Phase.MOVING
    assert going.resume_error_rad == pytest.approx(0.5 * REJOIN_RAD)
    # A goal that is off the path in one joint alone is no place to go on from either.
    beside = replace(held, goal_rad=held.goal_rad + 2.0 * off)
    assert step(beside, GO, beside.goal_rad).motion.phase is Phase.REJOINING


def test_a_stop_on_the_way_back_goes_on_from_there():
    pushed = run(moving(), VOID, 60)
    back = run(step(pushed, GO, pushed.goal_rad + 0.2).motion, GO, 30)
    assert back.phase is Phase.REJOINING
    assert back.rejoin_radps > 0.0
    for held in (step(back, VOID).motion, executor.interrupt(back, "permit_expired")):
        assert (held.phase, held.reason) == (Phase.HELD, "permit_expired")
        again = step(held, GO).motion
        assert again.phase is Phase.REJOINING
        np.testing.assert_array_equal(again.goal_rad, held.goal_rad)
        assert np.abs(step(again, GO).velocity_radps).max() < back.rejoin_radps


@pytest.mark.req("S3")
def test_an_arm_that_does_not_follow_is_stopped():
    away = B + 2.0 * MOTION.following_error_max_rad
    stopped = step(moving(), GO, away).motion
    assert (stopped.phase, stopped.reason) == (Phase.STOPPING, "following_error")


@pytest.mark.parametrize("gives_way", [True, False])
@pytest.mark.req("S3")
def test_an_arm_that_is_blocked_is_brought_to_rest_and_not_pushed_again(gives_way):
    motion = moving(30)
    stuck = motion.goal_rad
    while motion.phase is Phase.MOVING:
        motion = step(motion, GO, stuck).motion
    phases = set()
    for _ in range(60):
        motion = step(motion, GO, "follows" if gives_way else stuck).motion
        if motion.phase is Phase.HELD:
            break
        phases.add(motion.phase)
    assert phases == {Phase.STOPPING}
    assert (motion.phase, motion.reason) == (Phase.HELD, "following_error")
    again = step(motion, GO, stuck).motion
    assert again.phase is Phase.REJOINING
    np.testing.assert_array_equal(again.goal_rad, stuck)


@pytest.mark.req("S3")
def test_an_arm_blocked_on_the_way_back_is_not_pushed_farther_than_the_following_error():
    held = run(moving(), VOID, 60)
    pushed = held.goal_rad + 2.0 * MOTION.following_error_max_rad
    motion = held
    for _ in range(600):
        motion = step(motion, GO, pushed).motion
        most = MOTION.following_error_max_rad + MOTION.rejoin_velocity_radps * DT_S
        if motion.phase is Phase.REJOINING:
            assert np.abs(motion.goal_rad - pushed).max() <= most + 1e-9
        assert motion.phase is not Phase.MOVING


@pytest.mark.req("S1")
def test_stops_on_a_thousand_ways_stay_within_the_stop_model_and_on_the_way():
    chain = load_description(default_cell()).chain
    dice = np.random.default_rng(1)

    def point_speed(q, qd):
        ends = capsule_velocities(chain, q, qd)
        return np.max([np.linalg.norm(v, axis=-1).max(axis=-1) for v in ends], axis=0)

    longest_s = farthest_m = 0.0
    for _ in range(1000):
        a, b = dice.uniform(chain.lower_rad, chain.upper_rad, (2, 6))
        line = plan(
            "p", a, [b], motion=MOTION, speed_ratio=1.0, lower_rad=chain.lower_rad,
            upper_rad=chain.upper_rad, velocity_max_radps=chain.velocity_max_radps,
            point_speed=point_speed,
        )  # fmt: skip
        motion = run(executor.begin(Motion(), line), GO, int(dice.integers(2, 100)))
        goals = [motion.goal_rad]
        while motion.phase in (Phase.MOVING, Phase.STOPPING):
            motion = step(motion, VOID).motion
            goals.append(motion.goal_rad)
        done = [np.dot(goal - a, b - a) / np.dot(b - a, b - a) for goal in goals]
        assert np.abs(a + np.outer(done, b - a) - goals).max() <= 1e-9  # never off the way
        assert (np.diff(done) >= -1e-12).all()  # nor back along it
        start, end, *_ = capsule_motion(chain, np.array(goals), np.zeros((len(goals), 6)))
        for ends in (start, end):
            way = np.linalg.norm(ends - ends[0], axis=-1).max()
            farthest_m = max(farthest_m, float(way))
        longest_s = max(longest_s, (len(goals) - 1) * DT_S)
    print(f"longest {longest_s:.2f} s, farthest {farthest_m:.3f} m")
    assert longest_s <= CELL.safety.stopping_time_s - 0.05  # the rest is the motors' own lag
    assert farthest_m <= CELL.safety.stopping_distance_m


@pytest.mark.parametrize("held_first", [True, False])
def test_a_canceled_path_ends_at_rest_on_it(held_first):
    motion = run(moving(), VOID, 60) if held_first else moving()
    motion, ended = executor.cancel(motion), None
    while ended is None:
        done = step(motion, GO)
        motion, ended = done.motion, done.ended
    assert (ended, motion.phase, motion.path) == ("canceled", Phase.IDLE, None)


def test_the_gate_interrupts_at_once_and_only_a_motion():
    cut = executor.interrupt(moving(), "gate:rejoin")
    assert (cut.phase, cut.reason, cut.along.speed_ratio_ps) == (Phase.HELD, "gate:rejoin", 0.0)
    idle = Motion()
    assert executor.interrupt(idle, "gate:rejoin") is idle


def test_without_a_path_nothing_is_done():
    new = step(Motion(), GO)
    assert new.motion.phase is Phase.IDLE
    assert new.velocity_radps.shape == (0,)
    assert (new.motion.line, new.motion.canceling) == (0, False)
    assert (new.motion.rejoin_radps, new.motion.resume_error_rad) == (0.0, 0.0)
    rest = Motion(goal_rad=A)
    np.testing.assert_array_equal(step(rest, GO).velocity_radps, A)
    assert executor.speed_ratio(rest) == rest.path_ratio == 0.0


def test_progress_is_told_along_the_path_each_line_counting_the_same():
    motion = executor.begin(Motion(), path(B, A, -B))
    before = -1.0
    while motion.path is not None:
        assert motion.path_ratio == (motion.line + motion.along.done_ratio) / 3.0 >= before
        before = motion.path_ratio
        motion = step(motion, GO).motion
    assert 0.9 < before <= 1.0


@pytest.mark.parametrize("ratio", [0.2, 1.0])
def test_an_end_is_braked_for_as_softly_as_planned(ratio):
    motion = executor.begin(Motion(), path(2.0 * B))
    limits = motion.path.lines[0].planned
    assert limits.acceleration_ratio_ps2 < motion.path.lines[0].stopping.acceleration_ratio_ps2
    while motion.path is not None:
        at = motion.along
        assert abs(at.acceleration_ratio_ps2) <= limits.acceleration_ratio_ps2 * (1 + 1e-9)
        motion = step(motion, replace(GO, speed_ratio=ratio)).motion


@pytest.mark.parametrize(
    ("off_rad", "held_is_kept"), [(0.0, True), (0.5 * REJOIN_RAD, True), (0.3, False)]
)
@pytest.mark.req("S3")
def test_a_new_path_begins_at_the_held_goal_or_where_the_arm_is(off_rad, held_is_kept):
    measured = B + off_rad
    start = executor.start_position(Motion(goal_rad=B), measured, REJOIN_RAD)
    np.testing.assert_array_equal(start, B if held_is_kept else measured)
    np.testing.assert_array_equal(executor.start_position(Motion(), measured, REJOIN_RAD), measured)
