"""Clusters: one for each leg, where the leg is."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_room import LEG_RADIUS_M, Room, scanner
from strategies import default_cell

from hrc_cell.core.clusters import find_clusters
from hrc_cell.core.scan import echoes_m

TRACKER = default_cell().file.tracker


def seen(place, posts, room=None):
    """Return the clusters of posts; what is nearer than the walls is new."""
    room = room or Room()
    scan = room.scan(place, posts)
    echoes = echoes_m(scan)
    walls = echoes_m(room.scan(place))
    return find_clusters(TRACKER, place, scan, echoes, echoes < walls - 0.2)


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
    assert len(clusters) == 1
    assert math.dist(clusters.centre_m[0], leg) < 0.05
    assert clusters.width_m[0] < 3.0 * LEG_RADIUS_M
    assert LEG_RADIUS_M <= clusters.reach_m[0] < 3.0 * LEG_RADIUS_M


def test_two_legs_apart_are_two_and_two_that_touch_are_one():
    assert len(seen(scanner(), [(2.0, 0.2), (2.0, -0.2)])) == 2
    assert len(seen(scanner(), [(2.0, 0.06), (2.0, -0.06)])) == 1


def test_a_far_leg_needs_fewer_beams_than_a_near_one():
    room = Room(beams=271)
    far = seen(scanner(), [(3.7, 0.0)], room)
    assert len(far) == 1
    assert far.beams[0] <= TRACKER.cluster_beams_min


@pytest.mark.parametrize(("range_m", "count"), [(0.7, 0), (9.0, 1)])
def test_a_single_beam_is_noise_when_near_and_perhaps_a_leg_when_far(range_m, count):
    scan = Room().scan(scanner())
    echoes = np.full(541, np.nan)
    echoes[270] = range_m
    assert len(find_clusters(TRACKER, scanner(), scan, echoes, ~np.isnan(echoes))) == count


def test_every_point_lies_within_reach_of_its_centre():
    clusters = seen(scanner(), [(1.0, 0.05 * i) for i in range(-6, 7)])
    assert len(clusters) == 1
    assert clusters.reach_m[0] >= 0.3
    assert clusters.width_m[0] > 0.55
