"""Tracks: everybody is followed, nobody is invented, and the unknown counts as worse."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_room import Room, legs, scanner
from strategies import default_cell

from hrc_cell.core.clusters import NOTHING, Cluster
from hrc_cell.core.evidence import Sight, first_evidence, weigh
from hrc_cell.core.tracking import People, Track, advance, observe
from hrc_cell.core.view import View, look

TRACKER = default_cell().file.tracker


def things(*centres, width_m: float = 0.12, beams: int = 10) -> list[Cluster]:
    """Return clusters of the size of a leg at these places."""
    return [Cluster(x_m, y_m, width_m, beams, reach_m=0.08) for x_m, y_m in centres]


def follow(
    steps, period_s: float = 0.1, people: People | None = None, tracker=TRACKER
) -> list[People]:
    """Return the people after each of the steps (clusters or None for no scan)."""
    people = people or People()
    start_s = people.time_s + period_s if people.tracks else 0.0
    after = []
    for i, seen in enumerate(steps):
        people = observe(tracker, people, seen, start_s + i * period_s)
        after.append(people)
    return after


def walk(count: int, period_s: float = 0.1, speed_mps: float = 1.2, x_m: float = 0.0):
    return [
        things(*legs(x_m + speed_mps * period_s * i, 0.5, speed_mps * period_s * i))
        for i in range(count)
    ]


def test_an_empty_room_has_nobody():
    assert observe(TRACKER, People(), NOTHING, 1.0).tracks == ()


@pytest.mark.req("S2")
def test_whatever_is_new_counts_from_its_first_scan_but_is_not_confirmed():
    (track,) = follow([things((1.0, 1.0))])[-1].tracks
    assert not track.confirmed
    assert (track.x_m, track.y_m) == (1.0, 1.0)
    assert track.velocity_std_mps == pytest.approx(TRACKER.speed_std_mps)


@pytest.mark.req("S2")
def test_whoever_is_new_may_walk_as_fast_as_the_settings_say():
    (track,) = follow([things((1.0, 1.0))], tracker=replace(TRACKER, speed_std_mps=2.0))[-1].tracks
    assert (track.vx_mps, track.vy_mps) == (0.0, 0.0)
    assert track.velocity_var_m2ps2 == 4.0


@pytest.mark.parametrize(("width_m", "like_legs"), [(0.12, True), (0.9, False)])
def test_what_is_too_wide_for_a_leg_is_none(width_m, like_legs):
    where = ((1.0, 1.0), (1.3, 1.0))
    first, second = (
        people.tracks[0]
        for people in follow([things(*where, width_m=width_m)] * 2, tracker=TRACKER)
    )
    sight = Sight(x_m=1.15, y_m=1.0, reach_m=0.23, legs=2 if like_legs else 0, beams=20)
    assert first.evidence == first_evidence(sight, 0.0)
    told = weigh(TRACKER, first.evidence, sight, 0.1, gap_s=0.1, jumped=False)
    assert second.evidence == told


@pytest.mark.parametrize("period_s", [0.04, 0.067, 0.1, 0.133, 0.267])
def test_who_walks_is_one_confirmed_person_with_their_velocity(period_s):
    count = round(3.0 / period_s)
    after = follow(walk(count, period_s), period_s)
    (track,) = after[-1].tracks
    assert track.id == 1
    assert track.confirmed
    assert track.x_m == pytest.approx(1.2 * period_s * (count - 1), abs=0.15)
    assert track.vx_mps == pytest.approx(1.2, abs=0.4)
    assert all(len(people.tracks) == 1 for people in after)


def test_a_post_is_never_confirmed():
    assert not any(t.confirmed for p in follow([things((2.0, 0.0))] * 300) for t in p.tracks)


def test_two_legs_side_by_side_are_a_person_even_who_stands():
    after = follow([things((2.0, 0.1), (2.0, -0.1))] * 15)
    assert [track.confirmed for track in after[-1].tracks] == [True]
    assert not after[2].tracks[0].confirmed


@pytest.mark.parametrize("unlike", [{"width_m": 0.5}, {"beams": 1}])
def test_two_things_unlike_legs_are_no_person(unlike):
    after = follow([things((2.0, 0.15), (2.0, -0.15), **unlike)] * 60)
    assert not after[-1].tracks[0].confirmed


def test_a_flicker_that_jumps_about_is_no_person():
    steps = []
    for i in range(40):
        steps += [things((4.0, 0.3 * (i % 2))), NOTHING, NOTHING, NOTHING]
    assert not any(track.confirmed for people in follow(steps) for track in people.tracks)


def test_a_thing_that_is_now_here_now_there_is_no_person():
    steps = [things((4.0, 0.6 * (i // 8 % 2))) for i in range(160)]
    assert not any(track.confirmed for people in follow(steps) for track in people.tracks)


def test_single_beams_that_drift_are_no_person():
    after = follow([things((4.0, 0.1 * i), beams=1) for i in range(30)])
    assert not any(track.confirmed for people in after for track in people.tracks)


def test_a_moving_thing_too_large_for_a_person_is_not_shown_as_one():
    steps = []
    for i in range(30):
        x_m = 0.1 * i
        steps.append([Cluster(x_m=x_m, y_m=0.0, width_m=2.4, beams=100, reach_m=1.2)])
    after = follow(steps)
    assert not any(track.confirmed for track in after[-1].tracks)
    assert after[-1].tracks[0].radius_m >= 1.2


@pytest.mark.req("S2")
def test_an_unseen_person_stays_until_forgotten_and_grows_less_certain():
    people = follow(walk(20))[-1]
    after = follow([NOTHING] * 12, people=people)
    stds = [p.tracks[0].position_std_m for p in after if p.tracks]
    assert len(stds) == round(TRACKER.forget_s / 0.1)
    assert stds == sorted(stds)
    assert after[3].tracks[0].confirmed
    assert after[3].tracks[0].seen_s == people.time_s
    assert after[-1].tracks == ()


def test_who_comes_back_in_time_is_the_same_person():
    people = follow(walk(20))[-1]
    hidden = follow([NOTHING] * 5, people=people)[-1]
    back = follow(walk(5, x_m=1.2 * 2.5), people=hidden)[-1]
    assert [track.id for track in back.tracks] == [1]


def test_numbers_of_people_are_never_used_twice():
    people = follow(walk(20))[-1]
    later = advance(TRACKER, people, people.time_s + 10.0)
    again = observe(TRACKER, later, things((0.0, 0.0)), later.time_s + 0.1)
    assert later.tracks == ()
    assert [track.id for track in again.tracks] == [2]


@pytest.mark.req("S2")
def test_the_radius_holds_every_point_seen():
    for people, seen in zip(follow(walk(30)), walk(30), strict=True):
        (track,) = people.tracks
        for leg in seen:
            away_m = math.dist((leg.x_m, leg.y_m), (track.x_m, track.y_m)) + leg.reach_m
            assert track.radius_m >= away_m - 1e-9


@pytest.mark.req("S2")
@pytest.mark.parametrize("fall_mps", [0.0, 0.3, 1.5])
def test_the_radius_of_who_draws_in_a_leg_shrinks_with_the_rate_of_the_settings_and_no_faster(
    fall_mps,
):
    wide, narrow = things((0.0, 0.3), (0.0, -0.3)), things((0.0, 0.05), (0.0, -0.05))
    after = follow([wide, narrow, narrow], tracker=replace(TRACKER, radius_fall_mps=fall_mps))
    radii = [people.tracks[0].radius_m for people in after]
    assert radii[0] == pytest.approx(0.38)
    seen_m = 0.13
    for i in (1, 2):
        assert radii[i] == pytest.approx(max(0.38 - 0.1 * i * fall_mps, seen_m))


@pytest.mark.req("S2")
def test_who_is_not_seen_at_all_stays_as_wide_as_last_seen():
    after = follow([things((0.0, 0.3), (0.0, -0.3)), *[NOTHING] * 8])
    assert [people.tracks[0].radius_m for people in after] == pytest.approx([0.38] * 9)


@pytest.mark.parametrize(("gate_sigmas", "people"), [(1.0, 2), (3.0, 1)])
def test_how_far_a_person_may_have_gone_off_is_a_matter_of_the_gate(gate_sigmas, people):
    """Foreseen with 0.13 m of uncertainty: 0.7 m is beyond 0.45 + 0.13 and within 0.45 + 0.39."""
    tracker = replace(TRACKER, gate_sigmas=gate_sigmas)
    after = follow([things((0.0, 0.0)), things((0.7, 0.0))], 0.04, tracker=tracker)
    assert len(after[-1].tracks) == people


def test_people_who_pass_each_other_stay_two():
    after = follow(
        [
            things(*legs(0.12 * i, 0.5, 0.12 * i), *legs(5.0 - 0.12 * i, -0.5, 0.12 * i))
            for i in range(40)
        ]
    )
    assert all(len(people.tracks) == 2 for people in after)
    first, second = sorted(after[-1].tracks, key=lambda track: track.x_m, reverse=True)
    assert first.y_m > 0.0 > second.y_m
    assert {t.id for t in after[-1].tracks} == {1, 2}


def test_three_legs_are_two_people():
    people = follow([things((1.0, 0.0), (1.0, 0.25), (1.0, 0.5))])[-1]
    assert len(people.tracks) == 2


def test_a_leg_out_of_one_person_s_reach_is_somebody_else_s():
    people = follow([things((1.0, 0.0))] * 5)[-1]
    after = observe(TRACKER, people, things((0.7, 0.0), (1.7, 0.0)), people.time_s + 0.1)
    assert len(after.tracks) == 2


def test_legs_farther_apart_than_a_person_is_wide_are_not_both_of_one_unsure_person():
    people = follow([things((1.0, 0.0))] * 2)[-1]
    people = follow([NOTHING] * 9, people=people)[-1]  # by now its place is unsure
    after = observe(TRACKER, people, things((0.4, 0.0), (1.6, 0.0)), people.time_s + 0.05)
    assert len(after.tracks) == 2


def test_the_surer_of_two_people_gets_the_leg():
    people = follow([things((1.0, 0.0), (1.0, 1.2))] * 10)[-1]
    people = follow([things((1.0, 0.0))] * 5, people=people)[-1]  # the other is hidden
    after = observe(TRACKER, people, things((1.0, 0.4)), people.time_s + 0.1)
    seen = {track.id for track in after.tracks if track.seen_s == after.time_s}
    assert seen == {1}


@pytest.mark.req("S2")
def test_time_never_runs_backward():
    people = follow(walk(10))[-1]
    late = observe(TRACKER, people, things(*legs(1.08, 0.5, 1.08)), people.time_s - 0.03)
    assert late.time_s == people.time_s
    assert [track.id for track in late.tracks] == [1]
    assert advance(TRACKER, people, people.time_s - 1.0) == people


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.lists(st.tuples(st.floats(-5, 5), st.floats(-5, 5)), max_size=6),
        min_size=1,
        max_size=20,
    ),
    st.floats(0.01, 0.4),
)
def test_whatever_is_seen_everything_is_finite_and_every_thing_is_covered(scans, period_s):
    people = People()
    for i, centres in enumerate(scans):
        seen = things(*centres)
        people = observe(TRACKER, people, seen, i * period_s)
        for track in people.tracks:
            assert all(math.isfinite(v) for v in (track.x_m, track.y_m, track.vx_mps, track.vy_mps))
            assert track.position_var_m2 > 0.0
            assert track.velocity_var_m2ps2 > 0.0
        for leg in seen:
            assert any(
                math.dist((leg.x_m, leg.y_m), (t.x_m, t.y_m)) <= t.radius_m + 1e-9
                for t in people.tracks
            )
    assert len({t.id for t in people.tracks}) == len(people.tracks)


def test_two_scanners_see_one_person_in_the_cell_frame():
    room = Room()
    places = [
        scanner(name="left", x_m=0.75, y_m=0.45, yaw_rad=0.7854),
        scanner(name="right", x_m=0.75, y_m=-0.45, yaw_rad=-0.7854),
    ]
    views = {place.name: View() for place in places}
    people, worst_m, counts = People(), 0.0, set()
    for i in range(200):
        now_s = 0.04 * i
        x_m = 3.0 - 0.8 * max(0.0, now_s - 3.0)
        posts = legs(x_m, 0.3, 3.0 - x_m) if now_s > 2.0 else []
        if x_m < 1.3:
            break
        for place in places:
            scan = room.scan(place, posts)
            views[place.name], seen = look(TRACKER, place, views[place.name], scan, now_s)
            people = observe(TRACKER, people, seen, now_s)
        if now_s > 2.5:
            counts.add(len(people.tracks))
            (track,) = people.tracks
            worst_m = max(worst_m, math.dist((track.x_m, track.y_m), (x_m, 0.3)))
    assert counts == {1}
    assert worst_m < 0.15
    assert people.tracks[0].confirmed


# The same once more, plainly: a Kalman filter in matrices, legs and people one by one.

EXACT = replace(TRACKER, person_radius_m=0.25, forget_s=0.5)


def var_of(one, legs=1):
    return one.range_std_m**2 + (one.stride_std_m / min(legs, 2)) ** 2


def at_of(one):
    return one.x_m, one.y_m


def spot(seen, legs):
    """Return the middle of some legs, and how far their farthest point is from (x, y)."""
    places = [at_of(seen[leg]) for leg in legs]
    middle = [sum(axis) / len(legs) for axis in zip(*places, strict=True)]

    def reach(at):
        return max(math.dist(at, at_of(seen[leg])) + seen[leg].reach_m for leg in legs)

    return middle, reach


def sight_of(one, seen, legs):
    (x, y), reach = spot(seen, legs)
    like = all(
        seen[leg].width_m <= one.leg_width_max_m and seen[leg].beams >= one.cluster_beams_min
        for leg in legs
    )
    beams = sum(seen[leg].beams for leg in legs)
    return Sight(x_m=x, y_m=y, reach_m=reach((x, y)), legs=len(legs) if like else 0, beams=beams)


def foreseen(one, track, step_s):
    """Return the track after walking on for so long."""
    go = np.array([[1.0, step_s], [0.0, 1.0]])
    noise = one.acceleration_std_mps2**2 * one.acceleration_held_s * np.array(
        [[step_s**3 / 3.0, step_s**2 / 2.0], [step_s**2 / 2.0, step_s]]
    )  # fmt: skip
    before = np.array([
        [track.position_var_m2, track.covariance_m2ps],
        [track.covariance_m2ps, track.velocity_var_m2ps2],
    ])  # fmt: skip
    (p, c), (_, v) = go @ before @ go.T + noise
    return track._replace(
        x_m=track.x_m + step_s * track.vx_mps, y_m=track.y_m + step_s * track.vy_mps,
        position_var_m2=p, covariance_m2ps=c, velocity_var_m2ps2=v,
    )  # fmt: skip


def corrected(one, track, seen, legs, now_s):
    """Return the track after it was seen as these legs."""
    sight = sight_of(one, seen, legs)
    total = track.position_var_m2 + var_of(one, len(legs))
    gain, gain_v = track.position_var_m2 / total, track.covariance_m2ps / total
    dx, dy = sight.x_m - track.x_m, sight.y_m - track.y_m
    place = track.x_m + gain * dx, track.y_m + gain * dy
    _, reach = spot(seen, legs)
    shrunk = track.radius_m - one.radius_fall_mps * (now_s - track.seen_s)
    return track._replace(
        x_m=place[0], y_m=place[1], vx_mps=track.vx_mps + gain_v * dx,
        vy_mps=track.vy_mps + gain_v * dy, position_var_m2=(1.0 - gain) * track.position_var_m2,
        covariance_m2ps=(1.0 - gain) * track.covariance_m2ps,
        velocity_var_m2ps2=track.velocity_var_m2ps2 - gain_v * track.covariance_m2ps,
        radius_m=max(one.leg_radius_m, shrunk, reach(place)), seen_s=now_s,
        evidence=weigh(
            one, track.evidence, sight, now_s, gap_s=now_s - track.seen_s,
            jumped=math.hypot(dx, dy) > one.gate_sigmas * math.sqrt(total),
        ),
    )  # fmt: skip


def plainly(one, people, seen, now_s):
    """Return the people after one scan."""
    now_s, step_s = max(now_s, people.time_s), now_s - people.time_s
    tracks = list(people.tracks)
    if tracks and step_s > 0.0:
        tracks = [foreseen(one, t, step_s) for t in tracks if now_s - t.seen_s <= one.forget_s]
    pairs = []
    for leg in range(len(seen)):
        for at, track in enumerate(tracks):
            off = math.dist(at_of(seen[leg]), at_of(track))
            spread = track.position_var_m2 + var_of(one)
            pairs.append((off**2 / spread + 2.0 * math.log(spread), leg, at, off))
    legs_of = {at: [] for at in range(len(tracks))}
    first, taken = {}, set()
    for _, leg, at, off in sorted(pairs, key=lambda pair: pair[0]):
        sigmas = one.gate_sigmas * math.sqrt(tracks[at].position_var_m2)
        if leg in taken or off > one.person_radius_m + min(sigmas, one.person_radius_m):
            continue
        anchor = first.setdefault(at, leg)
        if math.dist(at_of(seen[anchor]), at_of(seen[leg])) <= 2.0 * one.person_radius_m:
            taken.add(leg)
            legs_of[at].append(leg)
    tracks = [
        corrected(one, track, seen, sorted(legs_of[at]), now_s) if legs_of[at] else track
        for at, track in enumerate(tracks)
    ]
    loose, number = [leg for leg in range(len(seen)) if leg not in taken], people.next_id
    while loose:
        away = {leg: math.dist(at_of(seen[loose[0]]), at_of(seen[leg])) for leg in loose}
        near = [leg for leg in loose if away[leg] <= 1.5 * one.person_radius_m]
        legs = sorted(near, key=away.get)[:2]
        sight = sight_of(one, seen, legs)
        tracks.append(Track(
            id=number, x_m=sight.x_m, y_m=sight.y_m, vx_mps=0.0, vy_mps=0.0,
            position_var_m2=var_of(one, len(legs)), covariance_m2ps=0.0,
            velocity_var_m2ps2=one.speed_std_mps**2, radius_m=sight.reach_m, seen_s=now_s,
            evidence=first_evidence(sight, now_s),
        ))  # fmt: skip
        number, loose = number + 1, [leg for leg in loose if leg not in legs]
    return People(time_s=now_s, tracks=tuple(tracks), next_id=number)


def numbers(people):
    """Return all numbers of some people in a row."""
    return [
        float(value)
        for track in people.tracks
        for value in (*track[:-1], *track.evidence)
        if isinstance(value, (bool, int, float, np.number))
    ]


@pytest.mark.req("S2")
@pytest.mark.parametrize("seed", range(6))
def test_people_are_followed_as_they_are_plainly(seed):
    rng = np.random.default_rng(seed)
    people, now_s, most = People(), 1.0, 0
    for _ in range(150):
        now_s += rng.choice([0.125, 0.125, 0.0625, 0.25, 0.5, 0.0, -0.125])
        count = int(rng.integers(0, 6))
        centre = np.round(rng.uniform(0.0, 2.0, (count, 2)) * 8.0) / 8.0
        if rng.random() < 0.3 and people.tracks:  # somebody's legs
            track = people.tracks[int(rng.integers(len(people.tracks)))]
            pair = np.array([[track.x_m, track.y_m + 0.1], [track.x_m, track.y_m - 0.1]])
            centre = np.concatenate([centre, pair])
            count += 2
        wide = EXACT.leg_width_max_m
        seen = [
            Cluster(*at, width_m, beams, reach_m)
            for at, width_m, beams, reach_m in zip(
                centre.tolist(), rng.choice([0.1, wide, wide + 0.01], count),
                rng.choice([EXACT.cluster_beams_min - 1, EXACT.cluster_beams_min, 9], count),
                rng.choice([0.05, 0.2], count), strict=True,
            )
        ]  # fmt: skip
        told = plainly(EXACT, people, seen, now_s)
        people = observe(EXACT, people, seen, now_s)
        assert (people.time_s, people.next_id) == (told.time_s, told.next_id)
        assert [track.id for track in people.tracks] == [track.id for track in told.tracks]
        np.testing.assert_allclose(numbers(people), numbers(told), rtol=1e-9, atol=1e-12)
        most, now_s = max(most, len(people.tracks)), people.time_s
    assert most > 3
