"""A table of stops: what is written down is never less than what was seen."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SAFETY, default_cell, motion

from hrc_cell.core.campaign import (
    About,
    Seen,
    declared_table,
    make_table,
    measured,
    merged,
    row_speeds,
    rows_that_stand,
)
from hrc_cell.core.stopping import StopModel
from hrc_cell.settings.stopping import check_table

ARM = default_cell().file.robot
JOINTS = tuple(motor.joint for motor in ARM.arm)
ABOUT = About(arm="an arm", date="2030-01-01", software="0", simulated=False)
MOTION = replace(motion(), velocity_max_radps=(1.0,) * 6)
SPEEDS = {"joint_1": (0.5, 1.05)}


def seen(speed, time_s=0.1, angle_rad=0.01, *, joint="joint_1", load=0.0, alike="a"):
    return Seen(
        joint=joint, load_kg=load, alike=alike, speed_radps=speed, time_s=time_s,
        angle_rad=angle_rad,
    )  # fmt: skip


def made(stops, *, speeds=SPEEDS, loads=(0.0,), safety=SAFETY):
    table = make_table(
        stops, about=ABOUT, speeds_radps=speeds, loads_kg=loads, motion=MOTION, safety=safety
    )
    return table.joints[0].grid()


def test_one_stop_of_each_row_by_hand():
    rows = made([seen(0.5, 0.1, 0.02), seen(1.0, 0.2, 0.1)])
    assert rows[0.5, 0.0].time_s == 0.1
    assert rows[0.5, 0.0].angle_rad == 0.02
    assert rows[1.05, 0.0].time_s == 0.21  # 1.05 times as fast
    assert rows[1.05, 0.0].angle_rad == 0.111  # 0.1 x 1.05^2 = 0.11025
    assert rows[1.05, 0.0].driven_radps == 1.0
    assert (rows[1.05, 0.0].time_greatest_s, rows[1.05, 0.0].angle_greatest_rad) == (0.2, 0.1)
    assert rows[1.05, 0.0].stops == 1
    assert rows[1.05, 0.0].time_std_s == rows[1.05, 0.0].angle_std_rad == 0.0


def test_the_margin_is_that_of_stops_driven_alike():
    there = [seen(0.5, t, w, alike="there") for t, w in ((0.1, 0.01), (0.11, 0.012))]
    back = [seen(0.5, t, w, alike="back") for t, w in ((0.2, 0.03), (0.21, 0.032))]
    row = made([*there, *back, seen(1.0, 0.3, 0.1)])[0.5, 0.0]
    assert row.time_std_s == round(math.sqrt((4 * 0.005**2) / 2), 6) == 0.007071
    assert row.angle_std_rad == round(math.sqrt((4 * 0.001**2) / 2), 6) == 0.001414
    assert (row.time_greatest_s, row.angle_greatest_rad) == (0.21, 0.032)
    assert row.time_s == pytest.approx(0.232)  # 0.21 + 3 x 0.00707 = 0.2312
    assert row.angle_rad == pytest.approx(0.037)  # 0.032 + 3 x 0.001414 = 0.03624
    assert row.stops == 4
    # Where no two were driven alike, of all.
    row = made([there[0], back[0], seen(1.0, 0.3, 0.1)])[0.5, 0.0]
    assert row.time_std_s == pytest.approx(0.05)
    assert row.time_s == pytest.approx(0.35)


def test_more_speed_or_load_never_counts_for_less():
    stops = [
        seen(0.5, 0.2, 0.05), seen(1.05, 0.1, 0.01),
        seen(0.5, 0.1, 0.01, load=0.3), seen(1.05, 0.15, 0.02, load=0.3),
    ]  # fmt: skip
    rows = made(stops, loads=(0.0, 0.3))
    assert {row.time_s for row in rows.values()} == {0.2}
    assert {row.angle_rad for row in rows.values()} == {0.05}


def test_a_stop_counts_for_the_next_row_that_is_not_slower():
    rows = made([seen(0.5), seen(0.501, 0.3), seen(1.05), seen(1.2, 0.35)])
    assert [row.stops for row in rows.values()] == [1, 3]
    assert rows[0.5, 0.0].time_s == 0.1
    assert rows[1.05, 0.0].time_greatest_s == 0.35
    assert rows[1.05, 0.0].driven_radps == 1.05  # 0.501 is too slow to stand for it
    # It counts all the same, for a little more than it was.
    assert made([seen(0.5), seen(0.501, 0.3), seen(1.05)])[1.05, 0.0].time_s > 0.3 * 1.15 - 1e-9


def test_other_joints_and_loads_do_not_count():
    others = [seen(0.5, 0.39, joint="joint_2"), seen(0.5, 0.39, load=0.1)]
    assert made([seen(0.5), seen(1.05), *others])[0.5, 0.0].stops == 1


def test_margins_end_at_the_declared_bounds_that_the_last_gate_keeps():
    row = made([seen(0.5), seen(1.0, 0.39, 0.25)])[1.05, 0.0]
    assert row.time_s == SAFETY.stopping_time_s
    assert row.angle_rad == pytest.approx(1.05 * 0.2 / 0.8)
    # An angle is not greater either than the speed gives within the time.
    row = made([seen(0.5), seen(1.05, 0.1, 0.1049), seen(1.05, 0.1, 0.1)])[1.05, 0.0]
    assert row.angle_rad == pytest.approx(0.105)


@pytest.mark.req("S2")
def test_what_was_not_driven_or_not_within_the_bounds_is_no_table():
    with pytest.raises(ValueError, match=r"joint_1: no stop from 0.913 to 1.05 rad/s with 0 kg"):
        made([seen(0.5), seen(0.9)])
    with pytest.raises(ValueError, match=r"joint_1: no stop from 0.435 to 0.5 rad/s with 0.2 kg"):
        made([seen(0.5), seen(1.05)], loads=(0.0, 0.2))
    with pytest.raises(ValueError, match=r"took 0.410 s, more than safety.stopping_time_s = 0.4 s"):
        made([seen(0.5), seen(1.05, 0.41)])
    with pytest.raises(ValueError, match=r"ran on for 0.270 rad, more than the 0.263 rad"):
        made([seen(0.5), seen(1.05, 0.39, 0.27)])
    with pytest.raises(ValueError, match=r"took 0.410 s"):  # one of several is enough
        made([seen(0.5), seen(1.05, 0.1), seen(1.05, 0.41)])
    with pytest.raises(ValueError, match=r"ran on for 0.270 rad"):
        made([seen(0.5), seen(1.05, 0.39, 0.1), seen(1.05, 0.39, 0.27)])
    most_rad = 1.05 * SAFETY.stopping_distance_m / MOTION.tcp_speed_max_mps
    bound = made([seen(0.5), seen(1.05, SAFETY.stopping_time_s, most_rad)])[1.05, 0.0]
    assert (bound.time_s, bound.angle_rad) == (SAFETY.stopping_time_s, most_rad)
    assert made([seen(0.5), seen(1.05 / 1.15, 0.1)])[1.05, 0.0].stops == 1


@given(st.lists(st.tuples(st.floats(0.44, 1.05), st.floats(0.3, 0.95)), min_size=1, max_size=12))
def test_no_stop_was_longer_or_farther_than_the_model_says(drawn):
    stops = [seen(0.5, 0.05, 0.001), seen(1.05, 0.1, 0.001)]
    stops += [seen(v, 0.38 * v * part, 0.2 * v * v * part) for v, part in drawn]
    table = make_table(
        stops, about=ABOUT, speeds_radps=SPEEDS, loads_kg=(0.0,), motion=MOTION, safety=SAFETY
    )
    arm = StopModel.of(joints=("joint_1",), motion=MOTION, safety=SAFETY, table=table)
    for stop in stops:
        assert stop.time_s <= arm.time_s([stop.speed_radps], 0.0)
        assert stop.angle_rad <= stop.speed_radps * arm.way_s([stop.speed_radps], 0.0) + 1e-9


def test_the_rows_have_headroom_over_what_is_planned():
    assert row_speeds(2.0, (1.0, 0.25)) == (0.525, 2.1)
    assert row_speeds(1.2345678, (1.0,)) == (1.296296,)  # to six digits


def test_the_declared_bounds_as_a_table_fit_a_real_cell_and_say_that_they_were_not_measured():
    table = declared_table(JOINTS, about=ABOUT, payload_max_kg=0.25, motion=motion(), safety=SAFETY)
    assert not table.measured
    assert (table.arm, table.date, table.software, table.simulated) == (
        "an arm",
        "2030-01-01",
        "0",
        False,
    )
    for joint in table.joints:
        (row,) = joint.rows
        assert (row.stops, row.time_greatest_s, row.angle_greatest_rad) == (0, 0.0, 0.0)
        assert row.time_std_s == row.angle_std_rad == 0.0
    robot = replace(ARM, payload_max_kg=0.25)
    wrong = check_table(table, simulated=False, robot=robot, motion=motion(), safety=SAFETY)
    assert list(wrong) == []
    arm = StopModel.of(joints=JOINTS, motion=motion(), safety=SAFETY, table=table)
    full = np.array(motion().velocity_max_radps)
    assert arm.time_s(full * 1.04) == SAFETY.stopping_time_s
    assert arm.way_s(full * 1.04) == pytest.approx(SAFETY.stopping_distance_m / 0.8)
    far = replace(SAFETY, stopping_distance_m=5.0)
    table = declared_table(JOINTS, about=ABOUT, payload_max_kg=0.25, motion=motion(), safety=far)
    assert table.joints[0].rows[0].angle_rad == pytest.approx(1.26 * 0.4)


# One stop from its samples.

TIMES = np.array([9.98, 10.0, 10.02, 10.04, 10.06, 10.08, 10.1])
SPEED = np.array([1.0, 1.0, 1.0, 0.5, 0.1, 0.0, 0.0])
PLACE = np.array([0.0, 0.02, 0.04, 0.055, 0.06, 0.061, 0.061])


def arms(first, second=None):
    return np.stack([first, np.zeros_like(first) if second is None else second], axis=-1)


def test_a_stop_from_its_samples_by_hand():
    found = measured(TIMES, arms(PLACE), arms(SPEED), ordered_s=10.01, joint=0)
    assert found == pytest.approx((1.0, 0.07, 0.031))
    back = measured(TIMES, arms(-PLACE), arms(-SPEED), ordered_s=10.01, joint=0)
    assert back == pytest.approx(found)
    # An order at the instant of a sample:
    assert measured(TIMES, arms(PLACE), arms(SPEED), ordered_s=10.0, joint=0)[1] == pytest.approx(
        0.08
    )


def test_what_was_measured_is_told_to_six_digits():
    found = measured(
        TIMES, arms(PLACE / 3.0), arms(SPEED / 3.0), ordered_s=10.010000123, joint=0
    )  # fmt: skip
    assert found == (0.333333, 0.07, 0.010333)
    assert measured(
        TIMES + 1e-8, arms(PLACE), arms(SPEED), ordered_s=10.01234567, joint=0
    )[1:] == (0.067654, 0.028654)  # fmt: skip


def test_samples_as_far_apart_as_may_be_still_tell_a_stop():
    apart = np.array([0.0, 0.05, 0.1, 0.15])
    speed, place = np.array([1.0, 0.5, 0.0, 0.0]), np.zeros(4)
    for more, told in ((0.0, True), (1e-9, False)):
        found = measured(
            apart + np.array([0.0, more, more, more]), arms(place), arms(speed), ordered_s=0.0,
            joint=0,
        )  # fmt: skip
        assert (found is not None) == told


def test_it_lasts_until_the_whole_arm_stands():
    wrist = np.array([0.0, 0.0, 0.0, 0.0, 0.0, 0.04, 0.03])
    found = measured(TIMES, arms(PLACE), arms(SPEED, wrist), ordered_s=10.01, joint=0)
    assert found == pytest.approx((1.0, 0.09, 0.031))
    assert measured(TIMES, arms(PLACE), arms(SPEED, wrist), ordered_s=10.01, joint=1) == (
        pytest.approx((0.04, 0.09, 0.0))
    )


def test_a_joint_that_swings_back_ran_as_far_as_it_was():
    over = PLACE + np.array([0, 0, 0, 0, 0.02, 0, 0])
    assert measured(TIMES, arms(over), arms(SPEED), ordered_s=10.01, joint=0)[2] == pytest.approx(
        0.05
    )


def test_an_arm_that_stood_all_the_time_took_one_sample():
    found = measured(TIMES, arms(PLACE * 0), arms(SPEED * 0), ordered_s=10.01, joint=0)
    assert found == pytest.approx((0.0, 0.01, 0.0))


@pytest.mark.req("S2")
def test_samples_that_do_not_tell_the_whole_stop_tell_none():
    def ask(position=PLACE, velocity=SPEED, ordered_s=10.01):
        return measured(TIMES, arms(position), arms(velocity), ordered_s=ordered_s, joint=0)

    assert ask() is not None
    assert ask(ordered_s=9.98) is not None
    assert ask(ordered_s=9.97) is None  # begins before the samples
    assert ask(ordered_s=10.1) is None  # ends before it
    assert ask(velocity=SPEED + 0.5) is None  # never at rest
    for bad in (math.nan, math.inf):
        gap = np.where(TIMES == 10.04, bad, 0.0)
        assert ask(position=PLACE + gap) is None
        assert ask(velocity=SPEED + gap) is None
    for at, whole in ((9.96, 1), (10.0, 0), (10.04, 0), (10.08, 1)):  # from the order to rest
        gap = np.where(at < TIMES, 0.035, 0.0)
        found = measured(
            TIMES + gap, arms(PLACE), arms(SPEED), joint=0, ordered_s=10.01 + gap[0]
        )  # fmt: skip
        assert (found is not None) == whole
    early = np.where(TIMES == 9.98, math.nan, 0.0)
    assert ask(position=PLACE + early) is not None  # what was before does not matter


def test_the_next_faster_row_stands_for_one_that_was_not_measured():
    stops = [seen(0.5), seen(1.0)]
    asked = {"speeds_radps": SPEEDS, "loads_kg": (0.0,)}
    assert rows_that_stand(stops, **asked) == {"joint_1": (0.5, 1.05)}
    assert rows_that_stand(stops, **asked, missed={("joint_1", 0.5)}) == {"joint_1": (1.05,)}
    assert rows_that_stand(stops[1:], **asked) == {"joint_1": (1.05,)}
    # Beyond its row a stop counts for the next, and leaves its own without one.
    assert rows_that_stand([seen(0.51), seen(1.0)], **asked) == {"joint_1": (1.05,)}
    assert rows_that_stand([seen(0.5), seen(1.3)], **asked) == {"joint_1": (0.5, 1.05)}
    # As slow as still stands for a row, and of more than two rows.
    assert rows_that_stand([seen(0.5), seen(1.05 / 1.15)], **asked) == {"joint_1": (0.5, 1.05)}
    assert rows_that_stand(
        [seen(0.3), *stops], speeds_radps={"joint_1": (0.3, 0.5, 1.05)}, loads_kg=(0.0,)
    ) == {"joint_1": (0.3, 0.5, 1.05)}
    # Of each load.
    assert rows_that_stand(stops, speeds_radps=SPEEDS, loads_kg=(0.0, 0.3)) == {}


@pytest.mark.req("S1")
def test_nothing_stands_for_the_fastest_row():
    stops = [seen(0.5), seen(1.0)]
    asked = {"speeds_radps": SPEEDS, "loads_kg": (0.0,)}
    assert rows_that_stand(stops, **asked, missed={("joint_1", 1.05)}) == {}
    assert rows_that_stand(stops[:1], **asked) == {}


def test_a_joint_is_added_only_to_what_was_measured_alike():
    def table(joints, **about):
        return make_table(
            [seen(v, joint=name) for name in joints for v in (0.5, 1.0)],
            about=replace(ABOUT, **about), speeds_radps=dict.fromkeys(joints, (0.5, 1.05)),
            loads_kg=(0.0,), motion=MOTION, safety=SAFETY,
        )  # fmt: skip

    new, names = table(["joint_2"]), ("joint_1", "joint_2", "joint_3")
    old = table(["joint_1", "joint_2"])
    both = merged(new, old, names)
    assert [joint.joint for joint in both.joints] == ["joint_1", "joint_2"]
    assert both.joints[1] is new.joints[0]
    heavier = replace(old, joints=(replace(old.joints[0], rows=tuple(
        replace(row, load_kg=0.3) for row in old.joints[0].rows)),))  # fmt: skip
    declared = declared_table(
        JOINTS, about=ABOUT, payload_max_kg=0.0, motion=MOTION, safety=SAFETY
    )  # fmt: skip
    others = (None, declared, heavier, table(["joint_1"], arm="another"),
              table(["joint_1"], simulated=True))  # fmt: skip
    for other in others:
        assert merged(new, other, names) == new
