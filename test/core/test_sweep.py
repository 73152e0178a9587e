"""What the arm may sweep: nothing that it passes is left out, nothing is foreseen too short."""

import math
from dataclasses import fields, replace

import numpy as np
import plain
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from paths import HOME, THERE, ahead_of
from strategies import SAFETY, declared_stops, motion, six_axes, stop_row, unknown

from hrc_cell.core.ahead import Ahead, poses
from hrc_cell.core.geometry import nearest_points
from hrc_cell.core.kinematics import capsule_velocities, capsules_at
from hrc_cell.core.stopping import StopModel
from hrc_cell.core.sweep import RATIOS, sweep
from hrc_cell.settings.stopping_table import JointStops, StoppingTable

CHAIN, MOTION, STOPS = six_axes(), motion(), declared_stops()


def swept(q, ahead, qd=None, ratio_before=0.0, **known):
    return sweep(
        CHAIN, STOPS, safety=replace(SAFETY, **known), motion=MOTION, position_rad=q,
        velocity_radps=np.zeros(6) if qd is None else qd, ahead=ahead, load_kg=np.array(np.nan),
        ratio_before=np.array(ratio_before),
    )  # fmt: skip


ROUND = replace(
    SAFETY, reaction_time_s=0.25, lease_s=0.0625, stopping_time_s=0.4375, joints_timeout_s=0.0625
)
"""Times whose sums are exact, so that the waypoints of the paths below are met to the digit."""


def measured_stops():
    """Return a model of stops measured up to 1 rad/s of every joint; beyond, nothing is known."""
    rows = tuple(
        stop_row(v, load, time_s=0.3 * v + 0.05 * load, angle_rad=0.1 * v * v)
        for load in (0.0, 1.0) for v in (0.5, 1.0)
    )  # fmt: skip
    table = StoppingTable(
        arm="an arm", date="2030-01-01", software="0", simulated=True, measured=True,
        joints=tuple(JointStops(joint=name, rows=rows) for name in CHAIN.joints),
    )  # fmt: skip
    return StopModel.of(joints=CHAIN.joints, motion=MOTION, safety=ROUND, table=table)


def drawn_path(rng):
    """Return a path of 1 to 3 lines, some of no length, and a place on it, some that cannot be."""
    count = int(rng.integers(1, 4))
    steps = rng.uniform(-0.4, 0.4, (count, 6)) * rng.choice([0.0, 0.1, 1.0, 1.0], (count, 1))
    return Ahead(
        waypoints_rad=np.concatenate([np.zeros((1, 6)), np.cumsum(steps, axis=0)]) + HOME,
        line_speed_ratio_ps=rng.choice([0.5, 1.0, 2.0, 4.0, 16.0], count),
        line=np.array(rng.choice([*range(count)] * 5 + [-1, count])),
        line_ratio=np.array(rng.choice([0.0, 0.25, 0.5, 0.75, 1.0] * 4 + [-0.25, 1.25])),
        age_s=np.array(rng.choice([0.0, 0.03125, 0.0625] * 4 + [-0.01, 0.07])),
        followed=np.array(rng.random() < 0.95),
    )


@pytest.mark.req("S1")
@pytest.mark.req("S2")
@pytest.mark.parametrize("stops", [STOPS, measured_stops()], ids=["declared", "measured"])
def test_many_arms_are_swept_as_each_is_pose_by_pose(stops):
    """Against the plain judgement of test/plain.py."""
    rng = np.random.default_rng(8)
    seen = {True: 0, False: 0}
    for _ in range(150):
        ahead = drawn_path(rng) if rng.random() < 0.95 else None
        q, qd = HOME, rng.uniform(-0.4, 0.4, 6) * rng.choice([0.0, 1.0, 4.0])
        if ahead is not None and (at := plain.told(ahead)) is not None:
            q, nominal, _ = plain.pose(ahead, at - rng.choice([0.0, 0.125, 0.5]))
            qd = 0.1 * qd + rng.choice([-0.3, 0.0, 0.6, 1.0]) * nominal
            q = q + rng.uniform(-1.0, 1.0, 6) * MOTION.corridor_rad * rng.choice([0.0, 0.8, 1.1])
        rest = {"load_kg": rng.choice([np.nan, 0.5]), "ratio_before": rng.choice([0.0, 0.3, 1.0])}
        known = {"safety": ROUND, "motion": MOTION, "ahead": ahead}
        told = plain.swept(CHAIN, stops, q=q, qd=qd, **known, **rest)
        found = sweep(
            CHAIN, stops, position_rad=q, velocity_radps=qd, **known,
            **{key: np.array(value) for key, value in rest.items()},
        )._asdict()  # fmt: skip
        for key, value in told.items():
            np.testing.assert_allclose(found[key], value, rtol=0.0, atol=1e-9, err_msg=key)
        seen[bool(told["followed"])] += 1
    assert min(seen.values()) > 25


@pytest.mark.req("S2")
def test_bounds_of_a_followed_path_still_count_and_the_next_number_does_not():
    path = ahead_of([HOME * [0, 1, 1, 1, 1, 1], HOME + np.array([0, 0.3, 0, 0, 0, 0])])

    def followed(off_rad=0.0, **known):
        q = path.waypoints_rad[0] + np.array([off_rad, 0, 0, 0, 0, 0])
        return bool(swept(q, replace(path, **{k: np.array(v) for k, v in known.items()})).followed)

    beyond = {"off_rad": MOTION.corridor_rad, "age_s": SAFETY.joints_timeout_s}
    for key, value in beyond.items():
        assert followed(**{key: value})
        assert not followed(**{key: np.nextafter(value, 1.0)})


def test_a_chord_is_near_to_the_way_up_to_a_turn_of_three_tenths_and_not_beyond():
    """The whole line lies before the first of the ways looked at."""

    def arc_m(turn_rad):
        there = HOME + np.array([turn_rad, 0, 0, 0, 0, 0])
        path = replace(ahead_of([HOME, there]), line_speed_ratio_ps=np.array([128.0]))
        found = swept(path.waypoints_rad[0], path)
        moved = np.linalg.norm(np.diff(found.ahead_end_m[:2], axis=0)[0], axis=-1).max()
        return found.arc_m[0].max() / moved

    assert HOME[0] == 0.0
    assert 1.0 < arc_m(0.3) < 1.03
    assert arc_m(np.nextafter(0.3, 1.0)) != pytest.approx(arc_m(0.3))


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


def test_the_speed_of_points_is_bounded_with_little_to_spare():
    """On one line with a hundredth, across a waypoint with a fifth."""
    bent = THERE + np.array([-0.3, 0.4, 0.2, 0.0, 0.3, 0.0])
    for points, slack in (([HOME, THERE], 1.02), ([HOME, HOME + 0.1 * (THERE - HOME), bent], 1.25)):
        path = ahead_of(points)
        found = swept(HOME, path)
        q, qd, _ = poses(path, np.linspace(found.from_s, found.to_s, 400))
        fastest = max(np.linalg.norm(v, axis=-1).max() for v in capsule_velocities(CHAIN, q, qd))
        assert fastest < found.point_speed_mps < slack * fastest
        assert found.point_speed_mps < MOTION.tcp_speed_max_mps


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
