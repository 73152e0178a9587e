"""Random paths are the executor's, and the arm is where its joints say."""

import numpy as np
import pytest

from hrc_cell.adapters.falsify import paths
from hrc_cell.core.kinematics import capsules_at


@pytest.fixture
def places():
    rng = np.random.default_rng(1)
    return rng.integers(20, size=400), rng.uniform(0.0, paths.LINES, 400)


def test_a_path_is_a_closed_round_within_the_joint_limits(pool, rules):
    points = pool.waypoints_rad
    assert (points[:, 0] == points[:, -1]).all()
    assert (points >= rules.chain.lower_rad).all() and (points <= rules.chain.upper_rad).all()


def test_joints_pass_the_waypoints_on_straight_lines(pool):
    path = np.arange(pool.count)
    for line in range(paths.LINES + 1):
        at = np.full(pool.count, float(line))
        np.testing.assert_allclose(
            paths.joints_rad(pool, path, at), pool.waypoints_rad[:, line], atol=1e-12
        )
    middle = paths.joints_rad(pool, path, np.full(pool.count, 0.5))
    np.testing.assert_allclose(middle, pool.waypoints_rad[:, :2].mean(axis=1))


def test_interpolated_capsules_are_within_a_millimetre_and_a_half(pool, rules, places):
    path, at = places
    exact = np.stack(capsules_at(rules.chain, paths.joints_rad(pool, path, at)), axis=1)
    found = np.swapaxes(paths.capsules_m(pool, path, at), -1, -2)
    assert np.linalg.norm(found - exact, axis=-1).max() < 1.5e-3


def test_joint_velocities_are_those_of_the_line_and_within_what_is_planned(pool, rules, places):
    path, at = places
    ratio = np.linspace(0.0, 1.0, len(at))
    speed = paths.joints_radps(pool, path, at, ratio)
    step = 1e-6
    further = np.minimum(at + step, np.floor(at) + 1.0)
    moved = paths.joints_rad(pool, path, further) - paths.joints_rad(pool, path, at)
    line = at.astype(int)
    seconds = (further - at) / pool.cruise_ratio_ps[path, line]
    np.testing.assert_allclose(speed, ratio[:, None] * moved / seconds[:, None], atol=1e-6)
    assert (np.abs(speed) <= np.array(rules.motion.velocity_max_radps) + 1e-9).all()


def test_stops_are_tabled_as_declared(pool, rules):
    full = np.abs(np.diff(pool.waypoints_rad, axis=1)) * pool.cruise_ratio_ps[..., None]
    heaviest = np.full(full.shape[:-1], np.nan)
    for entry, ratio in enumerate(paths.STOP_RATIOS):
        np.testing.assert_allclose(
            pool.stop_s[..., entry], rules.stops.time_s(ratio * full, heaviest)
        )
        np.testing.assert_allclose(
            pool.stop_way_s[..., entry], rules.stops.way_s(ratio * full, heaviest)
        )


def test_the_pool_of_one_path_is_that_path(pool):
    one = pool.only(7)
    assert one.count == 1
    at = np.array([1.3])
    np.testing.assert_array_equal(
        paths.capsules_m(one, np.array([0]), at), paths.capsules_m(pool, np.array([7]), at)
    )
