"""Clusters: one for each leg, where the leg is."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_room import LEG_RADIUS_M, Room, scanner
from strategies import default_cell

from hrc_cell.core.clusters import NOTHING, find_clusters, runs_of, widths_m
from hrc_cell.core.scan import Scan, echoes_m

TRACKER = default_cell().file.tracker


def clusters_of(tracker, place, scan, echoes, new):
    return find_clusters(tracker, place, runs_of(tracker, scan, echoes, new))


def seen(place, posts, room=None):
    """Return the clusters of posts; what is nearer than the walls is new."""
    room = room or Room()
    scan = room.scan(place, posts)
    echoes = echoes_m(scan)
    walls = echoes_m(room.scan(place))
    return clusters_of(TRACKER, place, scan, echoes, echoes < walls - 0.2)


def test_where_nothing_is_new_there_is_no_cluster():
    assert len(seen(scanner(), [])) == 0


@settings(max_examples=40, deadline=None)
@given(
    st.floats(0.6, 3.0),
    st.floats(-2.2, 2.2),
    st.floats(-1.0, 1.0),
    st.floats(-1.0, 1.0),
    st.floats(-3.1, 3.1),
)
def test_a_leg_is_one_cluster_at_its_place_in_the_cell(range_m, bearing, x_m, y_m, yaw_rad):
    place = scanner(x_m=x_m, y_m=y_m, yaw_rad=yaw_rad)
    leg = (
        x_m + range_m * math.cos(yaw_rad + bearing),
        y_m + range_m * math.sin(yaw_rad + bearing),
    )
    if max(map(abs, leg)) > 3.5:  # too near to the wall to be told from it
        return
    clusters = seen(place, [leg])
    (cluster,) = clusters
    assert math.dist((cluster.x_m, cluster.y_m), leg) < 0.05
    assert cluster.width_m < 3.0 * LEG_RADIUS_M
    assert LEG_RADIUS_M <= cluster.reach_m < 3.0 * LEG_RADIUS_M


def test_two_legs_apart_are_two_and_two_that_touch_are_one():
    assert len(seen(scanner(), [(2.0, 0.2), (2.0, -0.2)])) == 2
    assert len(seen(scanner(), [(2.0, 0.06), (2.0, -0.06)])) == 1


def test_a_far_leg_needs_fewer_beams_than_a_near_one():
    room = Room(beams=271)
    far = seen(scanner(), [(3.7, 0.0)], room)
    assert len(far) == 1
    assert far[0].beams <= TRACKER.cluster_beams_min


@pytest.mark.parametrize(("range_m", "count"), [(0.7, 0), (9.0, 1)])
def test_a_single_beam_is_noise_when_near_and_perhaps_a_leg_when_far(range_m, count):
    scan = Room().scan(scanner())
    echoes = np.full(541, np.nan)
    echoes[270] = range_m
    assert len(clusters_of(TRACKER, scanner(), scan, echoes, ~np.isnan(echoes))) == count


def test_every_point_lies_within_reach_of_its_centre():
    clusters = seen(scanner(), [(1.0, 0.05 * i) for i in range(-6, 7)])
    assert len(clusters) == 1
    assert clusters[0].reach_m >= 0.3
    assert clusters[0].width_m > 0.55


def beams_at(ranges_m, step_rad=0.0625, first_rad=-0.5):
    """Return a scan of these ranges."""
    return Scan(
        stamp_s=0.0, frame="left", angle_min_rad=first_rad, angle_increment_rad=step_rad,
        range_min_m=0.05, range_max_m=20.0, ranges=np.array(ranges_m),
    )  # fmt: skip


class Thing:
    """Beams that see one thing, one after the other: the plain and slow way."""

    def __init__(self, scan, echoes, beams):
        angles = [scan.angle_min_rad + i * scan.angle_increment_rad for i in beams]
        self.beams = beams
        self.at = [
            (echoes[i] * math.cos(a), echoes[i] * math.sin(a))
            for i, a in zip(beams, angles, strict=True)
        ]
        self.spacing_m = [echoes[i] * abs(scan.angle_increment_rad) for i in beams]
        self.width_m = math.dist(self.at[0], self.at[-1]) + self.spacing_m[0]

    def is_noise(self, tracker):
        """Return whether these are fewer beams than half of a leg's, or than the least number."""
        leg = 2.0 * tracker.leg_radius_m / (sum(self.spacing_m) / len(self.beams))
        return len(self.beams) < min(tracker.cluster_beams_min, math.floor(0.5 * leg))

    def centre_m(self, tracker):
        """Return the middle of its points, pushed away from the scanner by the radius of a leg."""
        x, y = (sum(values) / len(self.at) for values in zip(*self.at, strict=True))
        far = 1.0 + tracker.leg_radius_m / math.hypot(x, y)
        return far * x, far * y


def things(tracker, scan, echoes, new):
    """Return the things in a scan."""
    groups, beams = [], [i for i in range(len(echoes)) if new[i]]
    for at, i in enumerate(beams):
        pair = Thing(scan, echoes, [beams[at - 1], i]) if at else None
        gap_m = max(tracker.cluster_gap_m, 2.0 * echoes[i] * abs(scan.angle_increment_rad))
        if pair and math.dist(*pair.at) <= gap_m:
            groups[-1].append(i)
        else:
            groups.append([i])
    return [Thing(scan, echoes, group) for group in groups]


@given(
    st.integers(0, 10**6), st.floats(0.002, 0.1), st.booleans(), st.integers(1, 60),
    st.integers(1, 6), st.floats(0.3, 12.0),
)  # fmt: skip
def test_things_are_those_that_going_from_beam_to_beam_finds(
    seed, step_rad, clockwise, count, beams_min, farthest_m
):
    rng = np.random.default_rng(seed)
    tracker = replace(TRACKER, cluster_beams_min=beams_min, cluster_gap_m=rng.uniform(0.03, 0.3))
    jumps = np.where(rng.random(count) < 0.3, rng.uniform(0.2, farthest_m, count), 0.0)
    since = np.maximum.accumulate(np.where(jumps > 0.0, np.arange(count), 0))
    echoes = np.maximum(jumps[since], 0.2) + rng.uniform(0.0, 0.1, count)
    new = rng.random(count) < 0.8
    scan = beams_at(echoes, -step_rad if clockwise else step_rad)
    place = scanner(x_m=0.5, y_m=-1.0, yaw_rad=rng.uniform(-3.0, 3.0))

    all_things = things(tracker, scan, echoes, new)
    expected = np.zeros(count)
    for thing in all_things:
        expected[thing.beams] = thing.width_m
    runs = runs_of(tracker, scan, echoes, new)
    assert widths_m(runs) == pytest.approx(expected, abs=1e-9)

    legs = [thing for thing in all_things if not thing.is_noise(tracker)]
    clusters = find_clusters(tracker, place, runs)
    assert [cluster.beams for cluster in clusters] == [len(thing.beams) for thing in legs]
    cos, sin = math.cos(place.yaw_rad), math.sin(place.yaw_rad)
    for cluster, thing in zip(clusters, legs, strict=True):
        x, y = thing.centre_m(tracker)
        farthest = max(math.dist((x, y), at) for at in thing.at)
        assert cluster.width_m == pytest.approx(thing.width_m, abs=1e-9)
        assert cluster.reach_m == pytest.approx(max(farthest, tracker.leg_radius_m), abs=1e-9)
        assert (cluster.x_m, cluster.y_m) == pytest.approx(
            (0.5 + cos * x - sin * y, -1.0 + sin * x + cos * y), abs=1e-9
        )


@pytest.mark.parametrize(("apart_m", "count"), [(0.25, 1), (0.25 + 2.0**-40, 2)])
def test_beams_whose_ends_are_just_within_the_gap_see_one_thing(apart_m, count):
    """The beams are so close that one lies as good as behind the other."""
    tracker = replace(TRACKER, cluster_gap_m=0.25, cluster_beams_min=1)
    echoes = np.array([0.5, 0.5 + apart_m])
    scan = beams_at(echoes, 2.0**-60, 0.0)
    assert len(clusters_of(tracker, scanner(), scan, echoes, echoes > 0.0)) == count


def test_where_nothing_is_new_nothing_has_a_place_or_a_width():
    scan = beams_at([1.0, 2.0, 3.0])
    new = np.zeros(3, dtype=bool)
    runs = runs_of(TRACKER, scan, scan.ranges, new)
    assert runs.end_m.shape == (2, 0)
    assert runs.first.shape == runs.beams.shape == runs.width_m.shape == (0,)
    assert widths_m(runs).tolist() == [0.0, 0.0, 0.0]
    assert find_clusters(TRACKER, scanner(), runs) == NOTHING
