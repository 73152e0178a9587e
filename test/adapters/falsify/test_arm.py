"""The arm of the falsifier uses what is declared of its stops, and never more."""

import numpy as np
import pytest

from hrc_cell.adapters.falsify import arm as arms
from hrc_cell.adapters.falsify.paths import LINES, STOP_RATIOS

DT_S = 0.02


def body(pool, *, time_share=1.0, way_share=1.0, count=None):
    path = np.arange(count or pool.count) % pool.count
    share = np.ones(len(path))
    return arms.Body(
        pool=pool, path=path, time_share=time_share * share, way_share=way_share * share
    )


def moving(bodies, ratio):
    still = arms.at_rest(np.full(len(bodies.path), 0.1))
    return still._replace(ratio=np.broadcast_to(ratio, still.ratio.shape).copy())


def permit(count, *, ratio=1.0, judged_s=0.0, oldest_s=0.0, round_=-1):
    full = np.ones(count)
    return arms.Permit(
        ratio * full, judged_s * full, oldest_s * full, np.full(count, round_, np.int64)
    )


def stopped(bodies, arm, target=0.0):
    """Return the arm at the end of braking, the time that took, and the way in seconds."""
    begin, steps = arm, 0
    speed = bodies.cruise_ratio_ps(arm.at)
    rest_s = np.zeros(len(arm.at))
    while (arm.ratio > target).any():
        before, arm = arm, arms.advance(bodies, arm, np.full(len(arm.at), target), DT_S)
        steps += 1
        rest_s = np.where(before.ratio > target, steps * DT_S, rest_s)
        assert steps < 100
    return arm, rest_s, (arm.at - begin.at) / speed


@pytest.mark.parametrize("entry", [2, 8, 14, 20])
@pytest.mark.parametrize(("time_share", "way_share"), [(1.0, 1.0), (0.6, 0.9), (0.4, 0.3)])
def test_a_stop_takes_no_longer_and_no_farther_than_declared(pool, entry, time_share, way_share):
    bodies = body(pool, time_share=time_share, way_share=way_share)
    ratio = STOP_RATIOS[entry]
    _, rest_s, way_s = stopped(bodies, moving(bodies, ratio))
    assert (rest_s <= time_share * pool.stop_s[:, 0, entry] + 1e-9).all()
    assert (way_s <= ratio * pool.stop_way_s[:, 0, entry] + 1e-9).all()


def test_the_worst_stop_uses_nearly_all_that_is_declared(pool):
    bodies = body(pool)
    arm = moving(bodies, 1.0)._replace(at=np.full(pool.count, 0.0))
    slow = pool.cruise_ratio_ps[:, 0] < 1.5  # lines long enough that the stop ends on them
    _, rest_s, way_s = stopped(bodies, arm)
    assert slow.any()
    assert (rest_s[slow] >= pool.stop_s[slow, 0, -1] - DT_S).all()
    assert (way_s[slow] >= 0.85 * pool.stop_way_s[slow, 0, -1]).all()


def test_it_slows_to_what_is_permitted_within_a_stop_from_there_and_then_goes_on(pool):
    bodies = body(pool)
    arm, rest_s, _ = stopped(bodies, moving(bodies, 1.0), target=0.4)
    assert (rest_s <= pool.stop_s[:, 0, -1]).all()
    later = arms.advance(bodies, arm, np.full(pool.count, 0.4), DT_S)
    assert (later.ratio <= 0.4).all()
    assert not later.slowing.any()


def test_braking_that_is_told_again_is_not_begun_again(pool):
    bodies = body(pool)
    arm = moving(bodies, 1.0)
    steps = round(float(pool.stop_s.max()) / DT_S)
    for step in range(steps):
        target = np.full(pool.count, max(0.9 - 0.1 * step, 0.0))
        arm = arms.advance(bodies, arm, target, DT_S)
    assert (arm.ratio == 0.0).all()


def test_it_gains_speed_no_faster_than_planned_and_never_beyond_the_permit(pool):
    bodies = body(pool)
    arm = arms.at_rest(np.zeros(pool.count))
    most = (pool.rise_ratio_ps2 / pool.cruise_ratio_ps).max(axis=-1) * DT_S
    for _ in range(30):
        before, arm = arm, arms.advance(bodies, arm, np.full(pool.count, 0.5), DT_S)
        assert (arm.ratio - before.ratio <= most + 1e-12).all()
        assert (arm.ratio <= 0.5).all()


def test_it_rests_at_every_waypoint_and_begins_a_new_round_at_the_last(pool):
    bodies = body(pool)
    arm, seen = arms.at_rest(np.zeros(pool.count)), [set() for _ in range(pool.count)]
    for _ in range(3000):
        arm = arms.advance(bodies, arm, np.ones(pool.count), DT_S)
        for i in np.flatnonzero((arm.at % 1.0 == 0.0) & (arm.ratio == 0.0)):
            seen[i].add(float(arm.at[i]))
        if (arm.round > 0).all():
            break
    assert (arm.round > 0).all()
    assert all(at == {float(line) for line in range(LINES)} for at in seen)


@pytest.mark.req("S1")
@pytest.mark.parametrize(
    ("until_s", "oldest_s", "round_", "holds"),
    [
        (0.10, 0.0, -1, True),  # as long as the lease
        (0.12, 0.0, -1, False),
        (0.06, 0.24, -1, True),  # as long as T_r allows
        (0.08, 0.24, -1, False),
        (0.02, 0.0, 0, True),
        (0.02, 0.0, 1, False),  # judged for another round
    ],
)
def test_a_permit_holds_for_its_lease_its_samples_and_its_path(
    pool, bounds, until_s, oldest_s, round_, holds
):
    arm = arms.at_rest(np.zeros(1))
    given = permit(1, ratio=0.7, oldest_s=oldest_s, round_=round_)
    assert arms.permitted(arm, given, bounds, until_s)[0] == (0.7 if holds else 0.0)
