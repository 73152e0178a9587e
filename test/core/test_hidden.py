"""Who is lost from sight stays wherever that person may be, until the place is seen empty."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.core.clusters import NOTHING, Cluster
from hrc_cell.core.floor import make_floor
from hrc_cell.core.hidden import Hidden, circles, search, unseen
from hrc_cell.core.tracking import People, observe

TRACKER = default_cell().file.tracker
FLOOR = make_floor([(0.0, -3.0), (6.0, -3.0), (6.0, 3.0), (0.0, 3.0)], cell_m=0.1)
X, Y = FLOOR.middles_m[..., 0], FLOOR.middles_m[..., 1]
ALL, NO = np.ones(X.shape, dtype=bool), np.zeros(X.shape, dtype=bool)
SPEED_MPS = 2.0
PERIOD_S = 0.1


def person(x_m, y_m):
    """Return the two legs of somebody."""
    return things((x_m, y_m + 0.1), (x_m, y_m - 0.1))


def things(*centres, beams=10):
    return [Cluster(x_m, y_m, width_m=0.12, beams=beams, reach_m=0.08) for x_m, y_m in centres]


def several(*people):
    return [leg for each in people for leg in each]


class Cell:
    """People and hidden people over time."""

    def __init__(self, tracker=TRACKER):
        self.tracker, self.people, self.hidden, self.now_s = tracker, People(), Hidden(), 0.0

    def see(self, seen=NOTHING, scans=1, ruled_out=NO, watched=ALL, period_s=PERIOD_S, walls=NO):
        for _ in range(scans):
            self.now_s += period_s
            before = self.people
            people = observe(self.tracker, before, seen, self.now_s)
            self.people, self.hidden = search(
                self.tracker, FLOOR, self.hidden, before, people,
                walls=walls, empty=ruled_out, watched=watched, speed_mps=SPEED_MPS,
            )  # fmt: skip
        return self

    @property
    def circles(self):
        return circles(FLOOR, self.hidden, self.people, leg_radius_m=TRACKER.leg_radius_m)

    @property
    def ids(self):
        return [track.id for track in self.people.tracks]


def shadow(x_m, y_m, half_m=0.4):
    """Return what is ruled out when only a patch of the floor is not seen."""
    return ~((np.abs(X - x_m) <= half_m) & (np.abs(Y - y_m) <= half_m))


def lost(at=(3.0, 0.0), scans=15, tracker=TRACKER):
    """Return a cell in which a confirmed person has gone unseen just now."""
    return Cell(tracker).see(person(*at), scans)


@pytest.mark.req("S2")
def test_who_is_lost_in_a_shadow_stays_there_for_as_long_as_it_lasts():
    cell = lost().see(ruled_out=shadow(3.0, 0.0), scans=3000)
    (circle,) = cell.circles
    assert (circle.id, circle.confirmed) == (1, True)
    assert (circle.x_m, circle.y_m) == pytest.approx((3.0, 0.0), abs=0.05)
    assert circle.radius_m == pytest.approx(0.4 * math.sqrt(2.0) + 0.06, abs=0.06)
    assert cell.people.tracks == ()


def test_who_leaves_an_open_place_is_gone_once_forgotten():
    cell = lost().see(ruled_out=ALL, scans=round(TRACKER.forget_s / PERIOD_S) - 1)
    assert cell.ids == [1]
    assert cell.circles == []
    cell.see(ruled_out=ALL, scans=2)
    assert (cell.ids, cell.circles, cell.hidden.lost) == ([], [], ())


def test_a_short_gap_is_no_hiding():
    cell = lost().see(scans=2, period_s=0.09)
    assert unseen(TRACKER, cell.people) == ()
    assert cell.hidden.lost == ()
    cell.see()
    assert [track.id for track in unseen(TRACKER, cell.people)] == [1]
    assert [one.id for one in cell.hidden.lost] == [1]
    assert cell.circles == []  # still a track
    cell.see(person(3.0, 0.0))
    assert cell.hidden.lost == ()


@pytest.mark.req("S2")
def test_a_shadow_that_opens_ends_the_hidden_person():
    cell = lost().see(ruled_out=shadow(3.0, 0.0), scans=50)
    assert len(cell.circles) == 1
    cell.see(ruled_out=ALL)
    assert (cell.circles, cell.hidden.lost) == ([], ())


@pytest.mark.req("S2")
@given(st.integers(4, 40), st.sampled_from([0.02, 0.1, 0.3]))
def test_where_nothing_is_seen_the_set_holds_every_place_within_reach(scans, period_s):
    cell = lost()
    cell.see(scans=scans, period_s=period_s)
    gone_s = scans * period_s
    for one in cell.hidden.lost:
        near = np.hypot(X - 3.0, Y) <= TRACKER.person_radius_m + SPEED_MPS * gone_s
        assert one.place[near].all()
    for circle in cell.circles:
        place = cell.hidden.lost[0].place
        assert (np.hypot(X - circle.x_m, Y - circle.y_m)[place] < circle.radius_m - 0.06).all()


def test_the_set_grows_no_faster_than_a_person_and_one_square_more():
    cell = lost().see(scans=11)
    grown_m = np.hypot(X - 3.0, Y)[cell.hidden.lost[0].place].max()
    assert grown_m < math.sqrt(2.0) * (TRACKER.person_radius_m + SPEED_MPS * 1.1 + 0.3)
    along_m = (X - 3.0)[cell.hidden.lost[0].place & (np.abs(Y) < 0.1)].max()
    assert along_m <= TRACKER.person_radius_m + SPEED_MPS * 1.1 + 0.2


@pytest.mark.req("S2")
def test_nobody_walks_through_a_place_that_is_seen_empty():
    fence = (X > 3.6) & (X < 4.2)
    cell = lost().see(ruled_out=fence, scans=60)
    assert not cell.hidden.lost[0].place[X > 3.6].any()
    assert cell.hidden.lost[0].place[X < 3.5].all()


@pytest.mark.req("S2")
def test_between_two_scans_one_may_have_crossed_a_place_that_is_seen_empty():
    fence = (X > 3.6) & (X < 4.2)
    cell = lost().see(ruled_out=fence, scans=12).see(ruled_out=fence, period_s=0.6)
    assert cell.hidden.lost[0].place[X > 4.2].any()


@pytest.mark.req("S2")
def test_nobody_walks_through_a_wall_however_long_nobody_looks():
    wall = (X > 3.6) & (X < 3.8)
    cell = lost(at=(3.4, 0.0)).see(walls=wall, period_s=20.0)
    assert cell.hidden.lost[0].place[X < 3.6].all()
    assert not cell.hidden.lost[0].place[X > 3.6].any()


@pytest.mark.req("S2")
def test_who_was_seen_against_a_wall_begins_at_the_floor_beside_it():
    wall = (X > 3.6) & (X < 4.2)
    cell = lost(at=(3.9, 0.0)).see(walls=wall, scans=3)
    place = cell.hidden.lost[0].place
    assert place.any()
    assert not (place & wall).any()
    assert np.abs(X[place] - 3.9).min() == pytest.approx(0.35, abs=0.11)
    cell.see(walls=wall, ruled_out=shadow(3.4, 0.0, 0.2), scans=40)
    assert [circle.x_m < 3.6 for circle in cell.circles] == [True]


@pytest.mark.req("S2")
def test_who_was_seen_just_outside_may_have_come_back_and_who_was_far_outside_has_not():
    near = lost(at=(6.4, 0.0)).see(ruled_out=shadow(5.7, 0.0), scans=20)
    assert [circle.x_m > 5.0 for circle in near.circles] == [True]
    far = lost(at=(9.0, 0.0)).see(scans=3)
    assert not far.hidden.lost[0].place.any()
    assert far.see(scans=20).circles == []
    assert lost().see(walls=ALL, scans=20).circles == []  # no floor at all


def test_who_left_the_floor_has_left_the_cell():
    cell = lost(at=(5.8, 0.0)).see(ruled_out=X < 5.7, scans=5)
    assert cell.hidden.lost[0].place.any()
    cell.see(ruled_out=ALL, scans=20)
    assert cell.circles == []


@pytest.mark.req("S2")
def test_silence_of_all_scanners_counts_as_time_to_walk():
    """The track is given up at the first scan after it, and yet not forgotten."""
    cell = lost().see(period_s=3.0, ruled_out=shadow(3.0, 0.0))
    assert cell.ids == []
    assert [circle.id for circle in cell.circles] == [1]
    far = lost().see(period_s=1.1, ruled_out=shadow(5.2, 0.0, 0.2))
    assert [circle.id for circle in far.circles] == [1]


@pytest.mark.req("S2")
def test_the_set_begins_where_the_person_was_last_seen_and_not_where_foreseen():
    cell = Cell()
    for i in range(20):
        cell.see(person(2.0 + 0.12 * i, 0.0))
    at_m = 2.0 + 0.12 * 19
    cell.see(scans=3)
    (one,) = cell.hidden.lost
    place = one.place
    reach_m = TRACKER.person_radius_m + 0.3 * SPEED_MPS
    assert X[place].min() == pytest.approx(at_m - reach_m, abs=0.2)
    assert X[place].max() == pytest.approx(at_m + reach_m, abs=0.2)


def test_who_comes_out_is_the_same_person_and_nobody_is_left_behind():
    cell = lost().see(ruled_out=shadow(3.0, 0.0), scans=40)
    for i in range(3):
        cell.see(person(3.0, 0.6 + 0.05 * i), ruled_out=shadow(3.0, 0.0))
    assert cell.ids == [2]  # not yet sure of being a person: both count
    assert [circle.id for circle in cell.circles] == [1]
    for i in range(15):
        cell.see(person(3.0, 0.75 + 0.05 * i), ruled_out=shadow(3.0, 0.0))
    assert cell.ids == [1]
    assert cell.people.tracks[0].confirmed
    assert (cell.circles, cell.hidden.lost) == ([], ())


def test_who_comes_out_of_a_shadow_that_opens_is_at_once_the_same_person():
    cell = lost().see(ruled_out=shadow(3.0, 0.0), scans=40)
    cell.see(person(3.0, 0.6), ruled_out=shadow(3.0, 0.0)).see(person(3.0, 0.65), ruled_out=ALL)
    assert cell.ids == [1]
    assert cell.people.tracks[0].confirmed
    assert cell.circles == []


@pytest.mark.req("S2")
def test_one_who_comes_out_ends_one_hidden_person_and_no_more():
    both = several(person(3.0, -0.9), person(3.0, 0.9))
    dark = shadow(3.0, 0.0, 1.2)
    cell = Cell().see(both, 15).see(ruled_out=dark, scans=40)
    assert sorted(circle.id for circle in cell.circles) == [1, 2]
    cell.see(person(3.0, 1.5), 15, ruled_out=dark)
    assert len(cell.circles) == 1
    assert sorted([*cell.ids, cell.circles[0].id]) == [1, 2]


@pytest.mark.req("S2")
def test_who_comes_from_elsewhere_is_somebody_else():
    cell = lost().see(ruled_out=shadow(3.0, 0.0), scans=40)
    cell.see(person(3.0, 2.0), 15, ruled_out=shadow(3.0, 0.0))
    assert cell.ids == [2]
    assert [circle.id for circle in cell.circles] == [1]


@pytest.mark.req("S2")
def test_a_flicker_beside_the_shadow_does_not_end_the_hidden_person():
    cell = lost().see(ruled_out=shadow(3.0, 0.0), scans=40)
    cell.see(things((3.0, 0.6)), ruled_out=shadow(3.0, 0.0))
    cell.see(ruled_out=shadow(3.0, 0.0), scans=30)
    assert [circle.id for circle in cell.circles] == [1]
    cell.see(things((3.0, 0.6)), ruled_out=shadow(3.0, 0.0))
    cell.see(ruled_out=shadow(3.0, 0.0), scans=4).see(ruled_out=ALL)
    assert cell.circles == []
    assert cell.ids == [3]  # not seen any more: it has taken over nothing


def test_who_is_nearest_to_the_place_takes_over():
    two = several(person(1.5, 0.0), person(4.5, 0.0))
    dark = shadow(1.5, 0.0, 0.3) & shadow(4.5, 0.0, 0.3)
    cell = Cell().see(two, 15).see(ruled_out=dark, scans=40)
    left = min(cell.circles, key=lambda circle: circle.x_m).id
    cell.see(person(1.5, 0.7), 15, ruled_out=dark)
    assert cell.ids == [left]
    assert [circle.x_m > 4.0 for circle in cell.circles] == [True]


def test_a_foreseen_track_makes_way_for_its_heir():
    """Unseen for less than forget_s, but found again too far off to be followed."""
    cell = Cell(replace(TRACKER, forget_s=60.0)).see(person(3.0, 0.0), 15)
    cell.see(ruled_out=shadow(3.0, 0.0, 1.0), scans=5)
    for i in range(20):
        cell.see(person(4.2 + 0.05 * i, 1.0), ruled_out=shadow(3.0, 0.0, 1.0))
    assert cell.ids == [1]
    assert cell.hidden.lost == ()


@pytest.mark.req("S2")
def test_an_unconfirmed_one_in_a_shadow_counts_for_its_time():
    scans = TRACKER.confirm_scans
    cell = Cell().see(things((3.0, 0.0)), scans)
    cell.see(ruled_out=shadow(3.0, 0.0), scans=round(TRACKER.hidden_unconfirmed_s / PERIOD_S) - 1)
    assert [circle.confirmed for circle in cell.circles] == [False]
    cell.see(ruled_out=shadow(3.0, 0.0), scans=3)
    assert cell.circles == []


@pytest.mark.req("S2")
def test_nobody_stands_on_one_leg_in_a_place_that_is_seen_empty_all_around():
    one = np.hypot(X - 3.05, Y - 0.05) < 0.01
    assert one.sum() == 1
    for off_m, stays in ((0.4, True), (0.7, False)):
        two = one | (np.hypot(X - 3.05 - off_m, Y - 0.05) < 0.01)
        assert two.sum() == 2
        cell = lost().see(ruled_out=~two, scans=30)
        assert bool(cell.circles) is stays
        if stays:
            assert np.array_equal(cell.hidden.lost[0].place, two)


@pytest.mark.req("S2")
def test_in_a_square_wider_than_a_leg_both_legs_may_stand():
    tracker = replace(TRACKER, leg_radius_m=0.04)
    cell = lost(tracker=tracker).see(ruled_out=np.hypot(X - 3.05, Y - 0.05) > 0.01, scans=30)
    assert len(cell.circles) == 1


def test_noise_leaves_nobody_behind():
    brief = Cell().see(things((3.0, 0.0)), TRACKER.confirm_scans - 1)
    brief.see(ruled_out=shadow(3.0, 0.0), scans=15)
    assert (brief.circles, brief.hidden.lost) == ([], ())
    never_seen = Cell().see(things((3.0, 0.0)), TRACKER.confirm_scans)
    never_seen.see(ruled_out=shadow(3.0, 0.0), watched=shadow(3.0, 0.0), scans=15)
    assert never_seen.circles == []


@pytest.mark.req("S2")
def test_a_confirmed_person_may_hide_where_no_scanner_ever_looks():
    cell = lost().see(ruled_out=shadow(3.0, 0.0), watched=shadow(3.0, 0.0), scans=500)
    assert [circle.id for circle in cell.circles] == [1]


@pytest.mark.req("S2")
@given(
    st.lists(
        st.tuples(
            st.lists(st.tuples(st.floats(0, 6), st.floats(-3, 3)), max_size=3),
            st.floats(0.0, 0.5),
            st.tuples(st.floats(0, 6), st.floats(-3, 3), st.floats(0.1, 3)),
        ),
        min_size=1, max_size=25,
    )
)  # fmt: skip
def test_whatever_happens_nobody_is_there_twice_and_every_circle_is_finite(steps):
    cell, used = Cell(), set()
    for seen, period_s, dark in steps:
        cell.see(things(*seen) if seen else NOTHING, ruled_out=shadow(*dark), period_s=period_s)
        ids = [*cell.ids, *(circle.id for circle in cell.circles)]
        assert len(set(ids)) == len(ids)
        used |= set(ids)
        assert max(used, default=0) < cell.people.next_id
        for circle in cell.circles:
            assert all(map(math.isfinite, (circle.x_m, circle.y_m, circle.radius_m)))


def test_who_has_been_unseen_for_just_hide_s_is_not_yet_hidden():
    tracker = replace(TRACKER, hide_s=0.25)
    people = observe(tracker, People(), person(3.0, 0.0), 0.0)
    assert unseen(tracker, replace(people, time_s=0.25)) == ()
    assert unseen(tracker, replace(people, time_s=0.375)) == people.tracks


# The same once more, plainly: square by square. Times and ways are exact.

EXACT = replace(
    TRACKER, person_radius_m=0.25, leg_radius_m=0.0625, hide_s=0.25, hidden_unconfirmed_s=2.0,
    confirm_scans=1,
)  # fmt: skip
SMALL = make_floor([(-1.0, -1.5), (1.5, -1.5), (1.5, 1.25), (-1.0, 1.25)], cell_m=0.125)
SQUARES = list(np.ndindex(SMALL.open.shape))


def track_at(x_m, y_m, *, seen_s=0.0, confirmed=True, number=1, **known):
    """Return somebody as followed, seen last at `seen_s`."""
    (track,) = observe(TRACKER, People(), person(x_m, y_m), 0.0).tracks
    evidence = track.evidence._replace(confirmed=confirmed)
    return track._replace(
        id=number, x_m=x_m, y_m=y_m, seen_s=seen_s, evidence=evidence,
        **{"radius_m": 0.25, **known},
    )  # fmt: skip


def after(lost, tracks, now_s, *, before=None, one=EXACT, walls=None, empty=None, watched=None):
    """Return people and hidden people after a scan at `now_s` in the small room."""
    none = np.zeros(SMALL.open.shape, dtype=bool)
    people = People(time_s=now_s, tracks=tuple(tracks), next_id=99)
    return search(
        one, SMALL, lost, people if before is None else before, people,
        walls=none if walls is None else walls, empty=none if empty is None else empty,
        watched=~none if watched is None else watched, speed_mps=2.0,
    )  # fmt: skip


def walked(place, way_m, room):
    """Return the squares after so much of a way in steps, and what was gone too far."""
    while way_m > 0.0 and place:
        place = {
            (i, j)
            for i, j in room
            if any(
                (i + a, j + b) in place
                and (a == 0 or b == 0 or (i + a, j) in room or (i, j + b) in room)
                for a in (-1, 0, 1) for b in (-1, 0, 1)
            )
        }  # fmt: skip
        way_m -= 0.125
    return place, min(way_m, 0.0)


def standing(place, room, one):
    """Return the squares of the room in which one of two legs can stand."""
    place = place & room
    if one.leg_radius_m < 0.0625:
        return place
    return {
        (i, j) for i, j in place
        if any((a, b) != (i, j) and max(abs(a - i), abs(b - j)) <= 2 for a, b in place)
    }  # fmt: skip


@pytest.mark.req("S1")
@pytest.mark.req("S2")
@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("leg_radius_m", [0.0625, 0.06])
def test_who_is_lost_may_be_in_every_square_in_reach_and_in_no_other(seed, leg_radius_m):
    rng = np.random.default_rng(seed)
    one = replace(EXACT, leg_radius_m=leg_radius_m)
    track = track_at(
        *(rng.integers(-16, 17, 2) / 8.0), seen_s=0.0, confirmed=bool(seed % 3),
        radius_m=rng.choice([0.125, 0.5]), vx_mps=rng.choice([0.0, 0.5]),
        vy_mps=rng.choice([-1.0, 0.5]),
    )  # fmt: skip
    lost, place, owed_m, seen_m = Hidden(), None, 0.0, (track.x_m, track.y_m)
    before_s = 0.0
    for number, now_s in enumerate((0.375, 0.4375, 0.5, 0.75)):
        parts = (0.1, 0.9 if seed % 2 else 0.2, 0.1)
        walls, empty, unwatched = (rng.random(SMALL.open.shape) < part for part in parts)
        moved = track._replace(
            x_m=seen_m[0] + track.vx_mps * now_s, y_m=seen_m[1] + track.vy_mps * now_s
        )
        _, lost = after(lost, [moved], now_s, one=one, walls=walls, empty=empty, watched=~unwatched)
        open_now = {at for at in SQUARES if SMALL.open[at] and not walls[at]}
        if number == 0:
            reach_m = max(track.radius_m, 0.25) + 2.0 * now_s
            off = {at: math.dist(SMALL.middles_m[at], seen_m) for at in open_now}
            half_m, nearest_m = 0.125 * math.sqrt(0.5), min(off.values())
            first_m = min(max(nearest_m, half_m), reach_m)
            place = {at for at in open_now if off[at] <= first_m}
            owed_m = reach_m - max(0.0, nearest_m - half_m)
        else:
            owed_m += 2.0 * (now_s - before_s)
        place, owed_m = walked(place, owed_m, open_now)
        room = {at for at in open_now if not empty[at]}
        if not track.confirmed:
            room = {at for at in room if not unwatched[at]}
        place, before_s = standing(place, room, one), now_s
        (told,) = lost.lost
        assert {(int(i), int(j)) for i, j in np.argwhere(told.place)} == place
        assert told.owed_m == pytest.approx(owed_m)


def single(x_m, y_m):
    """Return the square around a point."""
    off = np.hypot(SMALL.middles_m[..., 0] - x_m, SMALL.middles_m[..., 1] - y_m)
    return off == off.min()


def kept(place, *, confirmed=True, seen_s=0.0):
    """Return one hidden person, number 7, in these squares at 1 s."""
    (_, lost) = after(Hidden(), [track_at(0.0, 0.0, number=7)], 1.0)
    (one,) = lost.lost
    return Hidden(
        time_s=1.0,
        lost=(replace(one, place=place, owed_m=0.0, confirmed=confirmed, seen_s=seen_s),),
    )


def test_a_circle_holds_the_legs_in_the_corners_of_its_square():
    hidden = kept(single(0.0625, 0.0625))
    (circle,) = circles(SMALL, hidden, People(), leg_radius_m=0.06)
    assert (circle.x_m, circle.y_m) == (0.0625, 0.0625)
    assert circle.radius_m == pytest.approx(0.125 * math.sqrt(0.5) + 0.06)


def test_an_unconfirmed_person_is_hidden_for_just_the_time_set():
    one = replace(EXACT, leg_radius_m=0.06)
    for seen_s, left in ((-1.0, 1), (-1.0000001, 0)):
        hidden = kept(single(0.0625, 0.0625), confirmed=False, seen_s=seen_s)
        _, hidden = after(hidden, [], 1.0, one=one)
        assert len(hidden.lost) == left


@pytest.mark.req("S1")
def test_who_appears_just_so_near_to_a_hidden_place_may_have_come_out_of_it():
    one = replace(EXACT, leg_radius_m=0.06)
    for y_m, beside in ((0.0625, True), (0.0626, False)):
        # The nearest square is 0.5 m away, to the side: its own 0.2 m and 0.3 m beside.
        new = track_at(0.5625, 0.0625 if beside else y_m, number=8, seen_s=1.0, radius_m=0.2)
        hidden = kept(single(0.0625, 0.0625))
        people, hidden = after(hidden, [new], 1.0, before=People(time_s=1.0), one=one)
        assert ([track.id for track in people.tracks] == [7]) is beside
        assert bool(hidden.lost) is not beside


@pytest.mark.req("S1")
def test_who_came_out_takes_the_place_of_the_track_that_was_still_foreseen():
    old = track_at(0.0625, 0.0625, number=7)
    new = track_at(0.0625, 0.3125, number=8, seen_s=1.0)
    people, hidden = after(
        kept(single(0.0625, 0.0625)), [old, new], 1.0, before=People(time_s=1.0, tracks=(old,))
    )
    assert [(track.id, track.seen_s) for track in people.tracks] == [(7, 1.0)]
    assert hidden.lost == ()
