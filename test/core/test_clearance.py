"""Clearance: the pair that binds, the speed that counts, and one code for one cell or many."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import clearance as plainly
from strategies import SAFETY, declared_stops, motion, six_axes

from hrc_cell.core.clearance import clearance, directed_speed
from hrc_cell.core.kinematics import capsules_at
from hrc_cell.core.people import People, upright
from hrc_cell.core.separation import greatest_ratio
from hrc_cell.core.stopping import stopping_distance_m, stopping_time_s
from hrc_cell.core.sweep import RATIOS, Sweep, sweep

MOTION = motion()
CHAIN = six_axes()
HOME = np.array([0.0, -0.6, 1.4, 0.0, 0.8, 0.0])


def people(*places, safety=SAFETY, **known):
    given_ = {"speed_mps": 0.0, "position_std_m": 0.02, "radius_m": 0.3, "unseen_s": 0.0} | known
    place = np.array(places, dtype=float).reshape(-1, 2)
    lists = {
        k: np.broadcast_to(v, place.shape if k == "velocity_mps" else place.shape[:1])
        for k, v in given_.items()
    }
    return upright(place, safety=safety, **lists)


def room(
    crowd, q=HOME, qd=0.0, *, ahead=None, held_back_m=0.0, safety=SAFETY, chain=CHAIN,
    contact_mps=0.0, ratio_before=0.0,
):  # fmt: skip
    qd = np.broadcast_to(qd, np.shape(q)).astype(float)
    shape = np.shape(q)[:-1]
    swept = sweep(
        chain, declared_stops(), safety=safety, motion=MOTION, position_rad=np.asarray(q, float),
        velocity_radps=qd, ahead=ahead, load_kg=np.full(shape, np.nan),
        ratio_before=np.broadcast_to(ratio_before, shape),
    )  # fmt: skip
    return clearance(
        crowd, swept, radius_m=chain.capsule_radius_m, safety=safety, motion=MOTION,
        velocity_radps=qd, held_back_m=held_back_m, contact_mps=contact_mps,
    )  # fmt: skip


ROUND = replace(
    SAFETY, reaction_time_s=0.25, lease_s=0.0625, human_speed_mps=1.5, intrusion_m=0.25,
    human_uncertainty_m=0.0625, robot_uncertainty_m=0.0625, foresight_s=0.25,
)  # fmt: skip
"""Numbers whose sums and products are exact."""
ROUND_MOTION = replace(MOTION, tcp_speed_max_mps=0.75, velocity_max_radps=(1.0, 2.0))


def drawn(rng, count, *, exact):
    """Return people, sweeps and what else is asked of `count` cells of 2 capsules and 2 links.

    `exact`: all that counts is a multiple of 1/16 and all that stands is upright in one plane, so
    that bounds are met often, to the last digit.
    """

    def some(low, high, *shape):
        value = rng.uniform(low, high, (count, *shape))
        return np.round(value * 16.0) / 16.0 if exact else value

    def segments(low, high, *shape):
        start, end = some(low, high, *shape, 3), some(low, high, *shape, 3)
        if exact:
            start[..., 1] = end[..., 1] = 0.0
            end[..., 0] = start[..., 0]
        return start, end

    def sometimes(values, part, instead):
        return np.where(rng.random(values.shape) < part, instead, values)

    start, end = segments(0.0, 2.0, 2)
    people = People(
        start_m=sometimes(start, 0.01, np.nan), end_m=end, radius_m=some(0.0, 0.3, 2),
        velocity_mps=sometimes(some(-1.5, 1.5, 2, 3) * [1, not exact, 0], 0.05, np.inf),
        speed_mps=sometimes(some(0.0, 3.0, 2), 0.02, np.nan),
        position_std_m=some(0.0, 0.1, 2), intrusion_m=some(0.0, 0.2, 2),
        region=np.zeros((count, 2), dtype=int), owner=np.zeros((count, 2), dtype=int),
        source=np.zeros((count, 2), dtype=int), present=rng.random((count, 2)) < 0.8,
    )  # fmt: skip
    links = segments(-2.0, 0.0, 2)
    ahead = segments(-2.0, 0.0, 13, 2)
    if exact:  # seldom a touch
        links[0][::7], links[1][::7] = start[::7], end[::7]
    way_s = np.sort(some(0.0, 0.5, 13), axis=-1)
    way_s[:, 0] = 0.0
    way_s = np.where(np.arange(13) >= rng.integers(8, 30, (count, 1)), np.inf, way_s)
    now_way_s = sometimes(some(0.0, 0.25), 0.05, np.inf)
    swept = Sweep(
        start_m=links[0], end_m=links[1], v_start_mps=some(-1.0, 1.0, 2, 3),
        v_end_mps=some(-1.0, 1.0, 2, 3), measured_mps=np.zeros(count), ahead_start_m=ahead[0],
        ahead_end_m=ahead[1],
        arc_m=some(0.0, 0.4, 12, 2), off_m=some(0.0, 0.1, 2), way_s=way_s,
        stopping_s=np.sort(some(0.0, 0.5, 12), axis=-1), now_part=sometimes(some(0, 2), 0.3, 0.0),
        now_stopping_s=sometimes(some(0.0, 0.5), 0.05, np.inf), now_way_s=now_way_s,
        astray_mps=some(0.0, 0.3, 2), point_speed_mps=sometimes(some(0.0, 1.0), 0.5, 1.0),
        joint_speed_radps=np.ones((count, 2)), from_s=np.zeros(count), to_s=np.ones(count),
        followed=rng.random(count) < 0.7,
    )  # fmt: skip
    touch = np.where(rng.random((count, 2, 2)) < 0.5, rng.choice(RATIOS, (count, 2, 2)), 0.0)
    return people, swept, some(-1.0, 1.0, 2), sometimes(some(0.0, 0.2), 0.5, 0.0), touch


@pytest.mark.req("S2")
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("foresight_s", [0.0, 0.25])
@np.errstate(all="ignore")
def test_many_cells_are_judged_as_each_is_pair_by_pair(exact, foresight_s):
    """Against the plain judgement of test/plain.py."""
    people, swept, qd, back_m, touch = drawn(np.random.default_rng(5), 250, exact=exact)
    radius_m = np.array([0.0625, 0.125])
    settings = {"safety": replace(ROUND, foresight_s=foresight_s), "motion": ROUND_MOTION}
    found = clearance(
        people, swept, radius_m=radius_m, velocity_radps=qd, held_back_m=back_m,
        contact_mps=touch, **settings,
    )  # fmt: skip
    seen = {"moves": 0, "touching": 0, "stops": 0, "partly": 0}
    for i in range(len(qd)):
        here, arm = (type(group)(*(field[i] for field in group)) for group in (people, swept))
        ratio, touching, pairs = plainly(
            here, arm, radii=radius_m, qd=qd[i], back_m=back_m[i], contact_mps=touch[i], **settings
        )
        assert (found.ratio[i], found.touching[i]) == (ratio, touching)
        seen["touching"] += touching
        seen["moves" if ratio == 1.0 else "partly" if ratio else "stops"] += 1
        for p, k in np.ndindex(2, 2):
            if not here.present[p]:
                assert found.spare_m[i, p, k] == np.inf
            elif pairs[p, k] is None:
                assert found.spare_m[i, p, k] == -np.inf
            else:
                terms = found.terms
                got = (
                    found.distance_m, found.human_speed_mps, found.robot_speed_mps, terms.s_h_m,
                    terms.s_r_m, terms.s_s_m, terms.required_m, found.spare_m,
                )  # fmt: skip
                told = [np.inf if np.isnan(value) else value for value in pairs[p, k]]
                np.testing.assert_allclose([values[i, p, k] for values in got], told, atol=1e-9)
    assert min(seen.values()) > 5


def test_the_distance_is_from_the_skin_of_the_person_to_that_of_the_link():
    """At zero the arm lies along x at 0.9 m; its last link ends at 0.8 m, radius 0.05 m."""
    found = room(people((2.0, 0.0)), q=np.zeros(6))
    _, end = capsules_at(CHAIN, np.zeros(6))
    assert end[-1].tolist() == pytest.approx([0.75, 0.0, 0.9])
    np.testing.assert_allclose(found.distance_m[0, -1], 2.0 - 0.3 - 0.75 - 0.05)
    assert found.distance_m.shape == (1, 6)
    assert np.argmin(found.spare_m) == 5


def test_a_person_ends_at_the_height_given():
    high = replace(CHAIN, base=CHAIN.base + np.array([[0] * 4, [0] * 4, [0, 0, 0, 3.0], [0] * 4]))
    found = room(people((0.75, 0.0)), q=np.zeros(6), chain=high)
    assert found.distance_m[0, -1] == pytest.approx(3.9 - 0.05 - (SAFETY.person_height_m + 0.3))


def test_the_terms_are_those_of_the_settings_at_rest():
    terms = room(people((3.0, 0.0))).terms
    seconds = SAFETY.reaction_time_s
    assert terms.s_h_m[0, 0] == pytest.approx(SAFETY.human_speed_mps * seconds)
    assert terms.s_r_m[0, 0] == terms.s_s_m[0, 0] == 0.0
    assert terms.c_m[0, 0] == SAFETY.intrusion_m
    assert terms.z_d_m[0, 0] == pytest.approx(
        SAFETY.human_uncertainty_m + SAFETY.human_sigmas * 0.02
    )
    assert terms.z_r_m[0, 0] == SAFETY.robot_uncertainty_m


def test_the_terms_of_a_moving_arm_count_its_directed_speed_and_part_of_full_speed():
    """Turning at the base with the arm along x: the tip moves to +y, towards one person only."""
    qd = np.array([0.6, 0, 0, 0, 0, 0])
    part = 0.6 / MOTION.velocity_max_radps[0]
    terms = room(people((0.75, 3.0), (0.75, -3.0)), q=np.zeros(6), qd=qd).terms
    assert terms.s_r_m[0, -1] == pytest.approx(0.6 * 0.75 * SAFETY.reaction_time_s)
    assert terms.s_r_m[1, -1] == 0.0
    for person in (0, 1):
        assert terms.s_h_m[person, -1] == pytest.approx(
            1.6 * (SAFETY.reaction_time_s + stopping_time_s(SAFETY.stopping_time_s, part))
        )
        assert terms.s_s_m[person, -1] == pytest.approx(
            stopping_distance_m(SAFETY.stopping_distance_m, part)
        )


def test_a_faster_person_and_a_near_one_count_more():
    slow, fast = (room(people((3.0, 0.0), speed_mps=v)).terms.s_h_m[0, 0] for v in (1.0, 2.4))
    assert fast / slow == pytest.approx(2.4 / 1.6)
    near = room(people((1.0, 0.0)), q=np.zeros(6)).terms.s_h_m[0, -1]
    assert near / slow == pytest.approx(2.0 / 1.6)


def test_the_ratio_is_the_least_of_all_pairs_with_the_isotropic_speed_and_one_lease_more():
    found = room(people((2.8, 0.0), (4.0, 1.0)))
    z_d = SAFETY.human_uncertainty_m + SAFETY.human_sigmas * 0.02
    expected = greatest_ratio(
        found.distance_m,
        human_speed_mps=1.6,
        robot_speed_mps=MOTION.tcp_speed_max_mps,
        reaction_s=SAFETY.reaction_time_s + SAFETY.lease_s,
        stopping_s=SAFETY.stopping_time_s,
        stopping_m=SAFETY.stopping_distance_m,
        still_m=SAFETY.intrusion_m + z_d + SAFETY.robot_uncertainty_m,
    )
    assert 0.0 < found.ratio < 1.0
    assert found.ratio == RATIOS[expected.min() > RATIOS].max()


def test_what_is_held_back_is_taken_from_every_distance():
    near, far = room(people((2.7, 0.0))), room(people((3.0, 0.0)), held_back_m=0.3)
    assert float(far.ratio) == float(near.ratio)
    assert far.spare_m.min() > near.spare_m.min() + 0.2


def test_an_arm_found_moving_without_room_must_stop_whatever_it_could_do_slowly():
    crowd = people((2.7, 0.0))
    assert room(crowd).ratio > 0.0
    hurried = room(crowd, qd=np.array([3.0, 0, 0, 0, 0, 0]))
    assert hurried.spare_m.min() < 0.0
    assert hurried.ratio == 0.0


def test_nought_is_a_number_and_a_wide_envelope_is_as_tall_as_a_narrow_one():
    nought = {"speed_mps": [0.0], "radius_m": [0.0], "unseen_s": [0.0], "position_std_m": [0.0]}
    point = upright([[3.0, 0.0]], safety=SAFETY, **nought)
    assert (point.radius_m[0], point.speed_mps[0], point.position_std_m[0]) == (0.0, 0.0, 0.0)
    wide = upright([[3.0, 0.0]], safety=SAFETY, **{**nought, "radius_m": [5.0]})
    assert wide.end_m[0, 2] == point.end_m[0, 2] == SAFETY.person_height_m


def test_who_was_not_seen_for_a_while_has_grown_but_not_shrunk():
    grown = people((3.0, 0.0), unseen_s=0.5)
    assert grown.radius_m == pytest.approx([0.3 + 1.6 * 0.5])
    running = people((3.0, 0.0), unseen_s=0.5, speed_mps=2.0)
    assert running.radius_m == pytest.approx([0.3 + (2.0 + 2.0) * 0.5])
    for crowd in (grown, running, people((3.0, 0.0), unseen_s=9.0)):
        np.testing.assert_allclose(crowd.end_m[0], [3.0, 0.0, SAFETY.person_height_m])


@pytest.mark.req("S2")
@given(
    st.floats(1.0, 4.0), st.floats(0.0, 3.0), st.floats(0.0, 1.0),
    st.floats(-math.pi, math.pi), st.floats(-math.pi, math.pi), st.floats(0.0, 1.0),
    st.lists(st.floats(-2.0, 2.0), min_size=6, max_size=6),
)  # fmt: skip
def test_wherever_somebody_went_while_unseen_the_arm_is_not_nearer_than_stated(
    last_m, speed_mps, unseen_s, heading_rad, turned_rad, part, q
):
    """Last seen at (last_m, 0) with a heading; then off anywhere, as fast as people go or slower.

    The track walks straight on. The true person has the shape that was seen, at every height.
    """
    assumed = np.array([math.cos(heading_rad), math.sin(heading_rad)]) * speed_mps * unseen_s
    fastest_mps = max(speed_mps, SAFETY.human_speed_mps)
    way_m = part * fastest_mps * unseen_s
    true = np.array([math.cos(turned_rad), math.sin(turned_rad)]) * way_m
    last, pose = np.array([last_m, 0.0]), np.array(q)
    stated = room(people(last + assumed, speed_mps=speed_mps, unseen_s=unseen_s), q=pose)
    is_so = room(people(last + true, speed_mps=speed_mps), q=pose)
    assert (stated.distance_m <= is_so.distance_m + 1e-9).all()
    assert stated.ratio <= is_so.ratio


@pytest.mark.req("S2")
@given(
    st.sampled_from(["speed_mps", "position_std_m", "radius_m", "unseen_s", "x", "y"]),
    st.sampled_from([math.nan, math.inf]),
)
def test_an_unknown_of_one_far_person_stops_the_arm(name, value):
    place = {"x": (value, 0.0), "y": (30.0, value)}.get(name, (30.0, 0.0))
    known = {} if name in ("x", "y") else {name: value}
    with np.errstate(all="ignore"):
        found = room(people(place, **known))
    assert found.ratio == 0.0
    assert found.spare_m.min() == -np.inf


@pytest.mark.req("S2")
@pytest.mark.parametrize("name", ["speed_mps", "radius_m", "unseen_s", "position_std_m"])
def test_a_negative_of_one_far_person_stops_the_arm(name):
    assert room(people((30.0, 0.0), **{name: -0.001})).ratio == 0.0


@pytest.mark.req("S2")
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_an_unknown_speed_of_the_arm_stops_it(value):
    crowd = people((30.0, 0.0))
    with np.errstate(all="ignore"):
        assert room(crowd, qd=np.array([value, 0, 0, 0, 0, 0])).ratio == 0.0


@given(st.floats(-4.0, 4.0), st.floats(-4.0, 4.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_older_sight_of_a_person_never_allows_more(x, y, unseen, more):
    young, old = (room(people((x, y), unseen_s=t)).ratio for t in (unseen, unseen + more))
    assert old <= young


@given(st.permutations(range(4)))
def test_the_order_of_people_does_not_matter(order):
    places = [(2.5, 0.1), (0.3, 0.2), (3.0, 2.0), (-2.4, 0.0)]
    assert room(people(*(places[i] for i in order))).ratio == 0.0
    far = [(2.7, 0.1), (2.9, -1.0), (3.0, 2.0), (-2.4, 0.0)]
    assert room(people(*(far[i] for i in order))).ratio == room(people(*far)).ratio > 0.0


@pytest.mark.parametrize("most", [0, 1, 4])
def test_a_thousand_cells_are_judged_as_each_of_them(most):
    """Each with people of its own number; where nobody is present, nothing is a number."""
    rng = np.random.default_rng(7)
    q, qd = rng.uniform(-1.5, 1.5, (2, 20, 6))
    place, held_back_m = rng.uniform(-3.0, 3.0, (20, most, 2)), rng.uniform(0.0, 0.2, 20)
    shape = (20, most)
    known = {
        "speed_mps": rng.uniform(0, 2, shape), "position_std_m": rng.uniform(0, 0.1, shape),
        "radius_m": rng.uniform(0.2, 0.4, shape), "unseen_s": rng.uniform(0, 0.2, shape),
    }  # fmt: skip
    present = rng.random(shape) < 0.7
    place[~present] = np.nan
    whole = room(
        upright(place, safety=SAFETY, present=present, **known), q, qd, held_back_m=held_back_m
    )
    assert whole.ratio.shape == (20,)
    assert whole.terms.required_m.shape == whole.spare_m.shape == (20, most, 6)
    for i, here in enumerate(present):
        one = room(
            upright(place[i, here], safety=SAFETY, **{k: v[i, here] for k, v in known.items()}),
            q[i], qd[i], held_back_m=held_back_m[i],
        )  # fmt: skip
        np.testing.assert_allclose(whole.ratio[i], one.ratio, atol=1e-12)
        np.testing.assert_allclose(whole.spare_m[i, here], one.spare_m, atol=1e-12)
        assert (whole.spare_m[i, ~here] == np.inf).all()


def test_nobody_leaves_the_arm_all_its_speed():
    assert room(people()).ratio == 1.0
    assert room(people((np.nan, 0.0), present=False)).ratio == 1.0
    assert room(people((np.nan, 0.0), present=True)).ratio == 0.0


def test_a_link_counts_with_the_end_that_comes_faster():
    way, length = np.array([[[0.0, 2.0, 0.0]]]), np.array([[2.0]])
    ends = np.array([[[9.0, -1.0, 0.0]]]), np.array([[[0.0, 0.5, 0.0]]])
    assert directed_speed(way, length, *ends).tolist() == [[[0.5]]]
    assert directed_speed(way, length, *ends[::-1]).tolist() == [[[0.5]]]
    assert directed_speed(-way, length, *ends).tolist() == [[[1.0]]]


def test_where_axes_touch_there_is_no_direction_and_any_speed_counts():
    way, length = np.zeros((1, 1, 3)), np.zeros((1, 1))
    ends = np.array([[[3.0, -4.0, 0.0]]]), np.zeros((1, 1, 3))
    assert directed_speed(way, length, *ends).tolist() == [[[5.0]]]


def test_who_walks_towards_the_arm_makes_it_give_way_earlier_and_never_later():
    far = {"speed_mps": 1.4, "velocity_mps": [-1.4, 0.0]}
    seeing, blind = replace(SAFETY, foresight_s=0.3), SAFETY
    for x_m in (2.8, 3.0, 3.3, 3.6):
        comes = people((x_m, 0.0), **far)
        assert room(comes, safety=seeing).ratio <= room(comes, safety=blind).ratio
        assert room(comes, safety=seeing).spare_m.min() == room(comes, safety=blind).spare_m.min()
    comes, goes = (people((3.0, 0.0), speed_mps=1.4, velocity_mps=[v, 0.0]) for v in (-1.4, 1.4))
    assert room(comes, safety=seeing).ratio < room(goes, safety=seeing).ratio
    assert room(goes, safety=seeing).ratio == room(goes, safety=blind).ratio


def test_an_arm_with_nothing_to_spare_must_stop_whatever_it_could_do_slowly():
    """Links on one spot, a person upright at 2.25 m; all is exact."""
    people, swept, *_ = drawn(np.random.default_rng(1), 1, exact=True)
    one = np.zeros((1, 1))
    spot = np.array([[[0.0, 0.0, 1.0]]])
    people = people._replace(
        **{name: one.copy() for name in ("radius_m", "speed_mps", "position_std_m", "intrusion_m")},
        start_m=np.array([[[2.25, 0.0, 0.0]]]),
        end_m=np.array([[[2.25, 0.0, 2.0]]]),
        present=one == 0.0,
    )
    swept = swept._replace(
        start_m=spot, end_m=spot, v_start_mps=0.0 * spot, v_end_mps=0.0 * spot,
        ahead_start_m=np.broadcast_to(spot, (1, 13, 1, 3)),
        ahead_end_m=np.broadcast_to(spot, (1, 13, 1, 3)), arc_m=np.zeros((1, 12, 1)), off_m=one,
        way_s=np.zeros((1, 13)), stopping_s=np.zeros((1, 12)), now_part=one[0],
        now_way_s=one[0], astray_mps=one, followed=one[0] == 0.0,
    )  # fmt: skip

    def ratio(now_stopping_s):
        return clearance(
            people, swept._replace(now_stopping_s=np.array([now_stopping_s])),
            radius_m=np.zeros(1), safety=replace(ROUND, foresight_s=0.0), motion=ROUND_MOTION,
            velocity_radps=np.zeros((1, 2)), held_back_m=0.0, contact_mps=0.0,
        ).ratio[0]  # fmt: skip

    still_m = 0.125
    enough_s = (2.25 - still_m) / 1.5 - 0.25
    assert 1.5 * (0.25 + enough_s) + still_m == 2.25
    assert ratio(enough_s) == 0.0
    assert ratio(np.nextafter(enough_s, 0.0) - 1e-15) == 1.0
