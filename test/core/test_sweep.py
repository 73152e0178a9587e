"""What the arm may sweep: nothing that it passes is left out, nothing is foreseen too short."""

import math
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import HOME, THERE, ahead_of
from strategies import SAFETY, declared_stops, motion, six_axes, unknown

from hrc_cell.core.ahead import Ahead, poses
from hrc_cell.core.geometry import nearest_points
from hrc_cell.core.kinematics import capsules_at
from hrc_cell.core.sweep import RATIOS, sweep

CHAIN, MOTION, STOPS = six_axes(), motion(), declared_stops()


def swept(q, ahead, qd=None, ratio_before=0.0, **known):
    return sweep(
        CHAIN, STOPS, safety=replace(SAFETY, **known), motion=MOTION, position_rad=q,
        velocity_radps=np.zeros(6) if qd is None else qd, ahead=ahead, load_kg=np.array(np.nan),
        ratio_before=np.array(ratio_before),
    )  # fmt: skip


def test_the_way_of_a_ratio_is_reaction_and_lease_and_stop():
    found = swept(HOME, ahead_of([HOME, THERE]))
    stop_s = SAFETY.stopping_distance_m / MOTION.tcp_speed_max_mps
    assert found.way_s[0] == 0.0
    assert found.way_s[-1] == pytest.approx(SAFETY.reaction_time_s + SAFETY.lease_s + stop_s)
    assert (np.diff(found.way_s) > 0.0).all()
    assert found.followed
    assert (found.from_s, found.to_s) == (0.0, pytest.approx(found.way_s[-1]))
    assert found.stopping_s.shape == RATIOS.shape


def test_what_was_told_a_while_ago_counts_with_the_ratio_of_then():
    ages = {"age_s": np.array(0.04)}
    still, moved = (swept(HOME, ahead_of([HOME, THERE], **ages), ratio_before=r) for r in (0, 1.0))
    more = moved.way_s[1:] - still.way_s[1:]
    assert more == pytest.approx((1.0 - RATIOS) * 0.04)


def test_an_arm_that_lags_is_swept_from_where_it_is():
    path = ahead_of([HOME, THERE], ratio=0.5)
    found = swept(HOME + 0.45 * (THERE - HOME), path)
    line_s = 1.0 / path.line_speed_ratio_ps[0]
    assert found.from_s == pytest.approx(0.45 * line_s)
    assert found.off_m == pytest.approx(np.zeros(6), abs=1e-9)


def test_an_arm_beside_its_path_is_as_far_off_as_its_links_are():
    aside = np.array([0.0, 0.0, 0.0, 0.02, 0.0, 0.0])
    found = swept(HOME + aside, ahead_of([HOME, THERE]))
    assert found.followed
    assert 0.0 < found.off_m.max() < 0.02


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "change",
    [{"followed": np.array(False)}, {"age_s": np.array(0.06)}, {"age_s": np.array(-0.01)},
     {"age_s": np.array(np.nan)}, {"line": np.array(1)}],
)  # fmt: skip
def test_a_path_that_is_not_surely_followed_is_none(change):
    found = swept(HOME, replace(ahead_of([HOME, THERE]), **change))
    assert not found.followed
    assert found.point_speed_mps == MOTION.tcp_speed_max_mps
    assert found.joint_speed_radps.tolist() == list(MOTION.velocity_max_radps)


@pytest.mark.req("S2")
def test_an_arm_pushed_off_its_path_may_be_anywhere():
    pushed = HOME + np.array([0.0, 0.0, 1.01 * MOTION.corridor_rad, 0.0, 0.0, 0.0])
    assert not swept(pushed, ahead_of([HOME, THERE])).followed
    held = HOME + np.array([0.0, 0.0, 0.99 * MOTION.corridor_rad, 0.0, 0.0, 0.0])
    assert swept(held, ahead_of([HOME, THERE])).followed


@pytest.mark.req("S2")
@given(unknown)
def test_speeds_that_are_no_numbers_take_for_ever_to_stop(value):
    with np.errstate(all="ignore"):
        found = swept(HOME, ahead_of([HOME, THERE]), qd=np.array([0, value, 0, 0, 0, 0.0]))
    assert math.isinf(found.now_stopping_s)


def test_the_present_speed_is_that_along_the_path_and_the_rest_is_astray():
    path = ahead_of([HOME, THERE])
    along = 0.4 * (THERE - HOME) * path.line_speed_ratio_ps[0]
    found = swept(HOME, path, qd=along)
    assert found.now_part == pytest.approx(0.4)
    assert found.astray_mps == pytest.approx(np.zeros(6), abs=1e-9)
    other = swept(HOME, path, qd=along + np.array([0, 0, 0, 0.5, -0.2, 0]))
    assert other.astray_mps.max() > 0.0
    assert swept(HOME, path, qd=-along).now_part == 0.0


joints = st.lists(st.floats(-1.5, 1.5), min_size=6, max_size=6).map(np.array)


@pytest.mark.req("S1")
@settings(max_examples=60)
@given(joints, joints, joints, st.floats(0.0, 1.0), st.integers(0, 11), st.tuples(
    st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 2)))  # fmt: skip
def test_no_pose_of_the_way_is_nearer_than_the_bound_between_those_looked_at(
    a, b, c, part, level, point
):
    """The law that clearance rests on: (d_a + d_b - c) / 2 holds for every pose in between."""
    path = ahead_of([a, b, c], ratio=part)
    found = swept(a + part * (b - a), path)
    ways = np.linspace(found.from_s, found.from_s + found.way_s[level + 1], 200)
    q, _, _ = poses(path, ways)
    place = np.array(point)
    start, end = capsules_at(CHAIN, q)
    true = nearest_points(place, place, start, end).distance_m.min(axis=0)
    looked = nearest_points(
        place, place, found.ahead_start_m[: level + 2], found.ahead_end_m[: level + 2]
    ).distance_m
    between = 0.5 * (looked[:-1] + looked[1:] - found.arc_m[: level + 1])
    bound = np.minimum(looked.min(axis=0), between.min(axis=0))
    assert (true >= bound - 1e-9).all()


def test_a_batch_is_its_parts():
    rng = np.random.default_rng(3)
    q = rng.uniform(-1, 1, (5, 6))
    there = q + rng.uniform(-0.5, 0.5, (5, 6))
    ones = [ahead_of([q[i], there[i]], followed=np.array(bool(i))) for i in range(5)]
    both = Ahead(**{
        field.name: np.stack([getattr(one, field.name) for one in ones]) for field in fields(Ahead)
    })  # fmt: skip
    qd = rng.uniform(-0.2, 0.2, (5, 6))
    whole = sweep(
        CHAIN, STOPS, safety=SAFETY, motion=MOTION, position_rad=q, velocity_radps=qd, ahead=both,
        load_kg=np.full(5, np.nan), ratio_before=np.full(5, 0.3),
    )  # fmt: skip
    for i, one in enumerate(ones):
        alone = swept(q[i], one, qd=qd[i], ratio_before=0.3)
        for name, value in alone._asdict().items():
            np.testing.assert_allclose(getattr(whole, name)[i], value, atol=1e-9, err_msg=name)
