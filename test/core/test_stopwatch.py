"""Stops in operation: one that obeys the model passes, a longer or unseen one is named."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from strategies import SAFETY, motion, stop_row, unknown

from hrc_cell.core.stopping import StopModel
from hrc_cell.core.stopwatch import Tick, Watch, watch
from hrc_cell.settings.stopping_table import JointStops, StoppingTable

JOINTS = ("joint_1", "joint_2")
TICK_S = 0.01
AGE_S = 0.05  # of the oldest sample at the order
LEFT_S = SAFETY.reaction_time_s - AGE_S


def table(rows=6, top=1.26):
    """Stops of constant deceleration: T = 0.3 v, way v T / 2; load makes nothing worse."""
    speeds = [top * (i + 1) / rows for i in range(rows)]
    return StoppingTable(
        arm="an arm", date="2030-01-01", software="0", simulated=True, measured=True,
        joints=tuple(
            JointStops(joint=name, rows=tuple(
                stop_row(v, 0.25, time_s=0.3 * v, angle_rad=0.15 * v * v) for v in speeds
            ))
            for name in JOINTS
        ),
    )  # fmt: skip


def model(made):
    return StopModel.of(joints=JOINTS, motion=motion(), safety=SAFETY, table=made)


MODEL = model(table())
ONE = np.array([1.0, 0.0])
PLACE_RAD = np.array([-0.4, 0.8])  # where the order finds the arm
LATEST_S = 0.1  # what is still reported later than this is the same stop


class Arm:
    """A plant that cruises on for a reaction, then all joints brake evenly to rest together."""

    def __init__(self, speeds, *, reaction_s, braking_s, way=1.0):
        self.speeds = np.array(speeds)
        self.reaction_s, self.braking_s, self.way = reaction_s, braking_s, way

    def at(self, after_s):
        """Return position and velocity so long after the order."""
        brake_s = min(max(after_s - self.reaction_s, 0.0), self.braking_s)
        run_s = min(after_s, self.reaction_s) + self.way * brake_s * (
            1 - brake_s / self.braking_s / 2
        )
        return PLACE_RAD + self.speeds * run_s, self.speeds * (1.0 - brake_s / self.braking_s)


def tick(now_s, position, velocity, **other):
    seen = {
        "speed_ratio": 0.0, "oldest_sample_age_s": AGE_S, "joints_age_s": 0.0, "load_kg": 0.25,
        **other,
    }  # fmt: skip
    return Tick(now_s=now_s, position_rad=position, velocity_radps=velocity, **seen)


def follow(arm, *, model=MODEL, change=lambda t: t, age_s=0.0, end_s=1.5, safety=SAFETY):
    """Return the stops reported of an arm that is told to stop at 10 s."""
    state, stops = Watch(), []
    for number in range(-3, round(end_s / TICK_S)):
        after_s = number * TICK_S
        made = tick(
            10.0 + after_s, *arm.at(after_s - age_s), joints_age_s=age_s,
            speed_ratio=1.0 if number < 0 else 0.0,
        )  # fmt: skip
        state, stop = watch(state, change(made), joints=JOINTS, model=model, safety=safety)
        stops += [] if stop is None else [stop]
        if after_s > LATEST_S and stops:
            break
    return stops


speed = st.floats(0.05, 1.26)
age = st.floats(0.0, 0.03)


@pytest.mark.req("S1")
@given(speed, st.floats(-1.26, 1.26), st.floats(0.0, LEFT_S), st.floats(0.2, 1.0), age)
@example(1.26, 1.26, LEFT_S, 1.0, 0.03)
def test_an_arm_that_obeys_the_model_is_measured_and_never_blamed(
    one, other, reaction, part, age_s
):
    speeds = (one, other)
    limit_s = float(MODEL.time_s(np.abs(speeds), 0.25))
    way_s = float(MODEL.way_s(np.abs(speeds), 0.25))
    braking_s = part * limit_s
    arm = Arm(speeds, reaction_s=reaction, braking_s=braking_s, way=min(1.0, 2 * way_s / braking_s))
    (stop,) = follow(arm, age_s=age_s)
    assert not stop.too_long
    assert stop.fault == ""
    assert stop.reaction_limit_s == pytest.approx(LEFT_S)
    assert stop.braking_limit_s == pytest.approx(limit_s)
    whole_s = reaction + braking_s
    assert stop.reaction_s + stop.braking_s <= whole_s + 1e-9
    assert stop.reaction_s + stop.braking_s >= whole_s - braking_s * 0.03 / one - 2 * TICK_S - 1e-9
    assert stop.angle_rad <= stop.angle_limit_rad


@pytest.mark.req("S1")
@given(st.floats(0.4, 1.26), st.floats(0.0, LEFT_S), age)
def test_an_arm_that_brakes_a_fifth_longer_than_the_model_is_named(one, reaction, age_s):
    limit_s = float(MODEL.time_s([one, 0.0], 0.25))
    arm = Arm((one, 0.0), reaction_s=reaction, braking_s=1.2 * limit_s + 2 * TICK_S)
    # The last of the motion is below what counts as motion, its first not yet slower.
    assume(1.2 * (1.0 - 0.03 / one) > 1.0)
    (stop,) = follow(arm, age_s=age_s)
    assert stop.too_long
    assert stop.fault == "stop_too_long:joint_1"
    assert stop.braking_s > stop.braking_limit_s or stop.angle_rad > stop.angle_limit_rad


@pytest.mark.req("S1")
@given(st.floats(0.2, 1.26), age)
def test_an_arm_that_begins_to_brake_too_late_is_named(one, age_s):
    limit_s = float(MODEL.time_s([0.0, one], 0.25))
    late = Arm((0.0, one), reaction_s=LEFT_S + limit_s + 2 * TICK_S, braking_s=0.5 * limit_s)
    (stop,) = follow(late, age_s=age_s)
    assert stop.fault == "stop_too_long:joint_2"
    assert stop.reaction_s > stop.reaction_limit_s


@pytest.mark.req("S1")
def test_an_arm_that_runs_too_far_in_good_time_is_named():
    """Two quick samples say that it stands while it has moved far: it slipped."""
    slow = Arm((0.6, 0.1), reaction_s=0.05, braking_s=0.15)

    def slip(made):
        far = np.array([0.0, 0.1]) if made.now_s > 10.1 else 0.0
        return replace(made, position_rad=made.position_rad + far)

    (stop,) = follow(slow, change=slip)
    assert stop.fault == "stop_too_long:joint_2"
    assert stop.angle_rad > stop.angle_limit_rad
    # and one that ran on and came back again:
    (stop,) = follow(
        slow,
        change=lambda t: replace(
            t, position_rad=t.position_rad - (abs(t.now_s - 10.1) < 0.005) * ONE
        ),
    )
    assert stop.fault == "stop_too_long:joint_1"


@pytest.mark.req("S1")
def test_an_arm_that_never_stops_is_named_as_soon_as_the_time_is_over():
    arm = Arm((0.5, 0.0), reaction_s=100.0, braking_s=1.0)
    (stop,) = follow(arm)
    assert stop.fault == "stop_too_long:joint_1"
    assert stop.reaction_s + stop.braking_s <= LEFT_S + stop.braking_limit_s + 3 * TICK_S
    creeping = Arm((0.04, 0.0), reaction_s=100.0, braking_s=1.0)
    assert follow(creeping)[0].too_long


@pytest.mark.req("S2")
@pytest.mark.parametrize("lost", ["position_rad", "velocity_radps", "joints_age_s"])
@given(unknown, st.floats(-0.005, 0.2))
def test_what_is_not_known_counts_as_still_moving(lost, value, after_s):
    """From any instant of a good stop on, also from before the order."""
    good = Arm((0.8, 0.0), reaction_s=0.05, braking_s=0.2)

    def lose(made):
        if made.now_s < 10.0 + after_s:
            return made
        gone = value if lost == "joints_age_s" else np.array([0.0, value])
        return replace(made, **{lost: gone})

    assert not follow(good)[0].too_long
    (stop,) = follow(good, change=lose)
    assert stop.too_long
    assert stop.joint in JOINTS


@pytest.mark.req("S2")
def test_joint_states_that_stay_away_or_come_from_the_future_count_as_still_moving():
    good = Arm((0.8, 0.0), reaction_s=0.05, braking_s=0.2)
    last = tick(10.1, *good.at(0.1))

    def freeze(made):
        old = replace(last, now_s=made.now_s, joints_age_s=made.now_s - last.now_s)
        return made if made.now_s < last.now_s else old

    assert follow(good, change=freeze)[0].too_long
    assert follow(good, change=lambda t: replace(t, joints_age_s=-0.001))[0].too_long
    # One sample that shows standstill, and then none any more, is not enough.
    rest_s = 10.25

    def only_one(made):
        return made if made.now_s <= rest_s + 0.005 else replace(made, joints_age_s=math.nan)

    assert follow(good, change=only_one)[0].too_long


@pytest.mark.req("S2")
@pytest.mark.parametrize("age_s", [math.nan, math.inf, -0.01, 0.5])
def test_an_order_on_data_of_unknown_age_leaves_no_time_to_react(age_s):
    def unknown_age(made):
        return replace(made, oldest_sample_age_s=age_s)

    quick = Arm((0.8, 0.0), reaction_s=0.0, braking_s=0.2)
    (stop,) = follow(quick, change=unknown_age)
    assert stop.reaction_limit_s == 0.0
    late = Arm((0.8, 0.0), reaction_s=0.1, braking_s=0.2)
    assert not follow(late)[0].too_long
    assert follow(late, change=unknown_age)[0].too_long


@pytest.mark.req("S2")
@pytest.mark.parametrize("load", [0.5, math.inf, -1.0])
def test_beyond_the_table_the_declared_time_counts_and_no_more(load):
    def heavy(made):
        return replace(made, load_kg=load)

    arm = Arm((0.3, 0.0), reaction_s=0.0, braking_s=0.35)
    (stop,) = follow(arm, change=heavy)
    assert not stop.too_long
    assert stop.braking_limit_s == SAFETY.stopping_time_s
    assert stop.angle_limit_rad == pytest.approx(0.3 * (LEFT_S + SAFETY.stopping_time_s) + 0.01)
    assert follow(arm)[0].too_long  # within the table it is
    runs_away = Arm((3.0, 0.0), reaction_s=0.0, braking_s=0.5)
    assert follow(runs_away)[0].braking_limit_s == SAFETY.stopping_time_s
    # Nor does a table count for more than the declared time.
    (stop,) = follow(arm, safety=replace(SAFETY, stopping_time_s=0.05))
    assert stop.braking_limit_s == 0.05


# The same once more, plainly, over all ticks of a stop so far and joint by joint.

EXACT = replace(SAFETY, reaction_time_s=0.25, stopping_time_s=0.25, joints_timeout_s=0.0625)
FLAT = StopModel.of(
    joints=JOINTS, motion=motion(), safety=EXACT,
    table=StoppingTable(
        arm="an arm", date="2030-01-01", software="0", simulated=True, measured=True,
        joints=tuple(
            JointStops(joint=name, rows=(stop_row(1.0, 0.25, time_s=0.1875, angle_rad=0.125),))
            for name in JOINTS
        ),
    ),
)  # fmt: skip
"""0.1875 s and 0.125 s of the speed, up to 1 rad/s and 0.25 kg; sums of these are exact."""


def known(tick):
    numbers = [*tick.position_rad, *tick.velocity_radps]
    return all(map(math.isfinite, numbers)) and 0.0 <= tick.joints_age_s < math.inf


def plainly(ticks):
    """Return of a stop at its last tick whether it is over, whether it moved, and its fields."""
    order, joints = ticks[0], range(len(JOINTS))
    age_s = order.oldest_sample_age_s
    react_s = max(0.25 - age_s, 0.0) if age_s >= 0.0 else 0.0
    start, speed, seen_s, fastest = [math.nan] * 2, [math.nan] * 2, order.now_s, 0
    if known(order):
        speed = [abs(v) for v in order.velocity_radps]
        start = [
            q + v * order.joints_age_s
            for q, v in zip(order.position_rad, order.velocity_radps, strict=True)
        ]
        seen_s, fastest = order.now_s - order.joints_age_s, speed.index(max(speed))
    angle, gap_s, braking_s, moving_s = [0.0, 0.0], 0.0, order.now_s, order.now_s
    slower, still = False, 0
    for tick in ticks[1:]:
        taken_s = tick.now_s - tick.joints_age_s
        if not known(tick) or taken_s <= seen_s:
            continue
        gap_s, seen_s = max(gap_s, taken_s - seen_s), taken_s
        now = [abs(v) for v in tick.velocity_radps]
        for j in joints:
            start[j] = tick.position_rad[j] if math.isnan(start[j]) else start[j]
            angle[j] = max(angle[j], abs(tick.position_rad[j] - start[j]))
            slower |= speed[j] - now[j] > max(0.03, 0.05 * speed[j])
        if not slower:
            speed = [v if math.isnan(s) else max(s, v) for s, v in zip(speed, now, strict=True)]
            braking_s = max(braking_s, taken_s)
        if max(now) > 0.03:
            still, moving_s, fastest = 0, max(moving_s, taken_s), now.index(max(now))
        else:
            still += 1
    end = ticks[-1]
    fits = all(v <= 1.0 for v in speed) and not order.load_kg > 0.25
    limit_s, way_s = (0.1875, 0.125) if fits else (0.25, 0.25)
    if fits and not any(speed):
        limit_s = way_s = 0.0
    most = [v * (react_s + way_s) + 0.01 for v in speed]
    beyond = [-math.inf if math.isnan(m) else a - m for a, m in zip(angle, most, strict=True)]
    joint = beyond.index(max(beyond)) if max(beyond) > 0.0 else fastest
    lost = not end.now_s - seen_s <= 0.0625
    took_s, reacted_s = (end.now_s if lost else moving_s) - braking_s, braking_s - order.now_s
    whole_s = react_s + limit_s + gap_s
    too_long = max(beyond) > 0.0 or took_s > limit_s + gap_s or reacted_s + took_s > whole_s
    moved = not all(v <= 0.03 and a <= 0.01 for v, a in zip(speed, angle, strict=True))
    stop = (JOINTS[joint], reacted_s, react_s, took_s, limit_s, angle[joint], most[joint], too_long)
    return too_long or still >= 2, too_long or moved, stop


def told(ticks):
    """Return what is told at each tick, in the same words."""
    before, run, found = 0.0, [], []
    for tick in ticks:
        out = None
        if tick.speed_ratio > 0.0:
            run = []
        elif run or before > 0.0:
            run.append(tick)
            over, telling, stop = plainly(run)
            out = stop if over and telling else None
            run = [] if over else run
        before = tick.speed_ratio
        found.append(out)
    return found


def drawn_ticks(rng):
    """Return ticks with samples at every sixteenth or seldom, some late, repeated or unknown."""
    now_s, ticks = 0.0, []
    top, moves = rng.choice([0.03, 0.06, 0.5, 1.0, 2.0]), rng.random() < 0.8
    long = int(rng.integers(2, 6))
    for number in range(int(rng.integers(3, 16))):
        now_s += rng.choice([0.015625, 0.03125, 0.0625])
        part = 1.0 if number < long else rng.choice([0.0, 0.0, 0.5, 0.95])
        velocity = rng.choice([-1.0, 0.0, 1.0], 2) * top * part * moves
        position = rng.choice([0.0, 0.0, 0.01, 0.02, 0.0625 * number], 2)
        if rng.random() < 0.06:
            velocity[rng.integers(2)] = rng.choice([math.nan, math.inf])
        if rng.random() < 0.06:
            position[rng.integers(2)] = math.nan
        ticks.append(Tick(
            now_s=now_s, position_rad=position, velocity_radps=velocity,
            speed_ratio=float(number == 0 or rng.random() < 0.05) * (rng.random() < 0.9),
            oldest_sample_age_s=rng.choice([0.0, 0.125, 0.25, 0.3125, -0.1, math.nan]),
            joints_age_s=rng.choice([0.0, 0.0, 0.015625, 0.03125, 0.0625, -0.01, math.nan]),
            load_kg=rng.choice([0.0, 0.25, 0.25, 0.5]),
        ))  # fmt: skip
    return ticks


@pytest.mark.req("S2")
def test_every_stop_is_told_as_it_is_plainly():
    rng = np.random.default_rng(4)
    seen = {None: 0, False: 0, True: 0}
    for _ in range(1500):
        ticks, state = drawn_ticks(rng), Watch()
        for tick, stop in zip(ticks, told(ticks), strict=True):
            state, found = watch(state, tick, joints=JOINTS, model=FLAT, safety=EXACT)
            assert (found is None) == (stop is None)
            if found is not None:
                got = [getattr(found, field.name) for field in fields(found)]
                assert got[0] == stop[0]
                np.testing.assert_allclose(
                    np.array(got[1:], float), np.array(stop[1:], float), atol=1e-12
                )
            seen[stop and stop[-1]] += 1
    assert min(seen.values()) > 50


def test_the_speed_that_is_still_gained_before_braking_counts():
    class Rising(Arm):
        def at(self, after_s):
            gained = 1.0 + min(max(after_s, 0.0), self.reaction_s) * 5.0
            position, velocity = super().at(after_s)
            return PLACE_RAD + (position - PLACE_RAD) * gained, velocity * gained

    arm = Rising((0.5, 0.0), reaction_s=0.1, braking_s=0.2)
    (stop,) = follow(arm)
    assert not stop.too_long
    assert stop.braking_limit_s == pytest.approx(float(MODEL.time_s([0.75, 0.0], 0.25)))


def test_an_arm_that_stands_has_no_stop_to_measure():
    assert follow(Arm((0.03, -0.03), reaction_s=0.1, braking_s=0.1)) == []
    assert len(follow(Arm((0.031, 0.0), reaction_s=0.1, braking_s=0.1))) == 1


def test_slowing_down_is_no_stop_and_a_stop_that_is_taken_back_is_not_measured():
    arm = Arm((0.8, 0.0), reaction_s=0.0, braking_s=0.2)
    slowly = follow(arm, change=lambda t: replace(t, speed_ratio=0.05))
    assert slowly == []
    endless = Arm((0.8, 0.0), reaction_s=100.0, braking_s=1.0)
    taken_back = follow(
        endless,
        change=lambda t: replace(t, speed_ratio=0.0 if 10.0 <= t.now_s < 10.1 else 0.5),
    )
    assert taken_back == []
    again = follow(
        endless,
        change=lambda t: replace(t, speed_ratio=0.5 if 10.1 < t.now_s < 10.15 else t.speed_ratio),
    )
    assert len(again) == 1
    assert again[0].too_long


def test_one_sample_at_rest_may_be_a_joint_that_swings_back():
    arm = Arm((0.8, 0.0), reaction_s=0.05, braking_s=0.2)

    def swing(made):
        turns = abs(made.now_s - 10.15) < 0.005
        return replace(made, velocity_radps=made.velocity_radps * (not turns))

    (stop,) = follow(arm, change=swing)
    assert stop.reaction_s + stop.braking_s == pytest.approx(0.24, abs=0.011)


def test_the_same_sample_heard_twice_is_one():
    arm = Arm((0.8, 0.0), reaction_s=0.05, braking_s=0.2)

    def every_other(made):
        late_s = TICK_S * (round((made.now_s - 10.0) / TICK_S) % 2)
        position, velocity = arm.at(made.now_s - 10.0 - late_s)
        return replace(made, position_rad=position, velocity_radps=velocity, joints_age_s=late_s)

    (stop,) = follow(arm, change=every_other)
    assert not stop.too_long
    assert stop.braking_s == pytest.approx(0.2, abs=0.03)
    # Rest seen in one sample is not believed because that sample came twice.
    state = Watch(ratio=1.0)
    moving, still = np.array([0.5, 0.0]), np.zeros(2)
    state, _ = watch(state, tick(10.0, still, moving), joints=JOINTS, model=MODEL, safety=SAFETY)
    rest = tick(10.01, still, still)
    for later_s in (0.0, 0.01, 0.02):
        again = replace(rest, now_s=rest.now_s + later_s, joints_age_s=later_s)
        state, stop = watch(state, again, joints=JOINTS, model=MODEL, safety=SAFETY)
        assert stop is None


def test_each_sample_since_the_one_behind_the_order_is_seen():
    quick = Arm((0.8, 0.0), reaction_s=0.0, braking_s=0.035)
    (stop,) = follow(quick, age_s=0.03)
    assert stop.braking_s == pytest.approx(0.03)
    # Unseen for as long as joints may be, and not longer, the arm counts as seen.
    rest_s = SAFETY.joints_timeout_s
    short = follow(quick, change=lambda t: t if t.now_s < 10.01 else replace(
        t, now_s=10.0 + rest_s, joints_age_s=rest_s - 1e-3
    ), end_s=0.03)  # fmt: skip
    assert short == []


@pytest.mark.req("S2")
def test_a_sample_too_old_does_not_show_that_the_arm_stood_at_the_order():
    """Silent joints order the stop; until they are back its limit is the declared time."""
    standing = Arm((0.0, 0.0), reaction_s=0.0, braking_s=1.0)

    def silent_until(back_s):
        def silent(made):
            after_s = made.now_s - 10.0
            if after_s >= back_s:
                return made
            old_s = SAFETY.joints_timeout_s + 0.001 + max(after_s, 0.0)
            return replace(made, joints_age_s=old_s)

        return silent

    for back_s in (-1.0, 0.1):
        assert follow(standing, change=silent_until(back_s)) == []  # seen to stand all the time
    (stop,) = follow(standing, change=silent_until(0.6))
    assert stop.too_long
    assert stop.braking_limit_s == SAFETY.stopping_time_s
    assert stop.braking_s == pytest.approx(SAFETY.stopping_time_s, abs=1.1 * TICK_S)
    # A sample just young enough does show it, and the limit is that of an arm at rest.
    (stop,) = follow(standing, change=lambda t: replace(
        t, joints_age_s=SAFETY.joints_timeout_s + (t.now_s - 10.0)
    ), end_s=0.2)  # fmt: skip
    assert stop.too_long
    assert stop.braking_limit_s == float(MODEL.time_s([0.0, 0.0], 0.25))


@pytest.mark.req("S2")
def test_a_clock_that_is_no_number_is_no_rest():
    arm = Arm((0.8, 0.0), reaction_s=0.05, braking_s=0.2)
    (stop, *_) = follow(arm, change=lambda t: replace(t, now_s=math.nan))
    assert stop.too_long
