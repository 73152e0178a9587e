"""Tracks: everybody is followed, nobody is invented, and the unknown counts as worse."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scan_room import Room, legs, scanner
from strategies import default_cell

from hrc_cell.core.clusters import NOTHING, Clusters
from hrc_cell.core.tracking import People, advance, observe
from hrc_cell.core.view import View, look

TRACKER = default_cell().file.tracker


def things(*centres, width_m: float = 0.12, beams: int = 10) -> Clusters:
    """Return clusters of the size of a leg at these places."""
    if not centres:
        return NOTHING
    count = len(centres)
    return Clusters(
        centre_m=np.array(centres, dtype=float),
        width_m=np.full(count, width_m),
        beams=np.full(count, beams),
        reach_m=np.full(count, 0.08),
    )


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
        steps.append(
            Clusters(
                centre_m=np.array([[x_m, 0.0]]),
                width_m=np.array([2.4]),
                beams=np.array([100]),
                reach_m=np.array([1.2]),
            )
        )
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
        away = np.hypot(*(seen.centre_m - (track.x_m, track.y_m)).T) + seen.reach_m
        assert track.radius_m >= away.max() - 1e-9


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
        for centre in seen.centre_m:
            assert any(
                math.dist(centre, (t.x_m, t.y_m)) <= t.radius_m + 1e-9 for t in people.tracks
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
