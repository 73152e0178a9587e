"""Everybody in the cell, with real scans: who is hidden behind somebody is not forgotten."""

from dataclasses import replace

import numpy as np
import pytest
from scan_room import Room, legs, scanner
from strategies import default_cell

from hrc_cell.core.clusters import NOTHING
from hrc_cell.core.crowd import Crowd, _seen_empty, attend
from hrc_cell.core.floor import make_floor, spread
from hrc_cell.core.hidden import Hidden, circles
from hrc_cell.core.view import ScannerState, View, forgotten, known_view, look, scanner_state

TRACKER = default_cell().file.tracker
SQUARE = [(0.2, -4.0), (4.0, -4.0), (4.0, 4.0), (0.2, 4.0)]
FLOOR = make_floor(SQUARE, cell_m=0.1)
PERIOD_S = 0.04
LATE_S = 0.01
"""A scan arrives so long after it was taken, as all do."""


class Cell:
    """A room, its scanners, and what is known of the people in it."""

    def __init__(self, *places, floor=FLOOR):
        self.places, self.floor = places or (scanner(),), floor
        self.rooms = {place.name: Room(seed=i) for i, place in enumerate(self.places)}
        self.views = {place.name: View() for place in self.places}
        self.crowd, self.now_s, self.spoil, self.taken_s = Crowd(), 0.0, {}, {}
        self.see(60)

    def see(self, scans=1, posts=lambda i: ()):
        for i in range(scans):
            self.now_s += PERIOD_S
            for place in self.places:
                scan = self.rooms[place.name].scan(place, posts(i))
                if place.name in self.spoil:
                    scan.ranges[self.spoil[place.name]] = np.inf
                before = self.views[place.name]
                seen_s = self.now_s - self.taken_s.get(place.name, 0.0)
                view, things = look(
                    TRACKER, place, before, scan, seen_s, heard_s=self.now_s + LATE_S
                )
                self.views[place.name] = view
                if before.watch is not None:
                    self.crowd = attend(
                        TRACKER, self.floor, place, self.crowd, view, things, speed_mps=2.0
                    )
        return self

    @property
    def seen(self):
        now_s = self.crowd.people.time_s
        return {t.id for t in self.crowd.people.tracks if now_s - t.seen_s < 0.1}

    @property
    def circles(self):
        return circles(self.floor, self.crowd.hidden, self.crowd.people, leg_radius_m=0.06)

    @property
    def counted(self):
        return {t.id for t in self.crowd.people.tracks} | {c.id for c in self.circles}


B = [(3.0, 0.12), (3.0, -0.12)]


def b_walks_in(i):
    y_m = min(0.0, -2.0 + 0.04 * i)
    return [(3.0, y_m + 0.12), (3.0, y_m - 0.12)]


def a_walks(from_m, to_m):
    """Return how A walks between scanner and B, legs close together."""
    step_m = np.copysign(0.04, to_m - from_m)

    def at(i):
        y_m = from_m + step_m * min(i, round((to_m - from_m) / step_m))
        return [(1.2, y_m + 0.06), (1.2, y_m - 0.06), (1.23, y_m)]

    return at


def in_shadow():
    """Return a cell in which A (id 2) hides B (id 1) from the only scanner."""
    cell = Cell().see(80, b_walks_in)
    assert cell.seen == {1}
    comes = a_walks(1.6, 0.0)
    cell.see(60, lambda i: B + comes(i))
    assert cell.seen == {2}
    return cell


def a_stands(i):
    return a_walks(0.0, 0.0)(0)


@pytest.mark.req("S2")
def test_who_is_hidden_by_somebody_stays_until_the_place_is_seen_empty():
    cell = in_shadow()
    for _ in range(40):  # B stands there, or has gone: nobody knows
        cell.see(10, a_stands)
        assert cell.counted == {1, 2}
    (circle,) = cell.circles
    assert (circle.id, circle.confirmed) == (1, True)
    assert np.hypot(circle.x_m - 3.0, circle.y_m) < circle.radius_m
    assert 0.3 < circle.radius_m < 1.6  # the shadow, and nothing beside it
    cell.see(60, a_walks(0.0, -1.6))
    assert 1 in cell.counted  # may have gone along in A's shadow
    cell.see(40)
    assert cell.counted == set()
    assert cell.crowd.hidden.lost == ()


@pytest.mark.req("S2")
def test_who_stands_there_still_when_the_shadow_has_gone_is_the_same_person():
    cell = in_shadow().see(100, a_stands)
    goes = a_walks(0.0, -1.6)
    for k in range(8):
        cell.see(10, lambda i, k=k: B + goes(10 * k + i))
        assert len(cell.counted) in (2, 3)
        assert {1, 2} <= cell.counted
    assert cell.seen == cell.counted == {1, 2}


@pytest.mark.req("S2")
def test_a_second_scanner_sees_that_nobody_is_behind_the_first_one_s_shadow():
    other = scanner(name="right", x_m=3.8, y_m=-3.5, yaw_rad=1.9)
    cell = Cell(scanner(), other).see(80, b_walks_in)
    cell.see(60, lambda i: a_walks(1.6, 0.0)(i) + B)
    assert cell.seen == {1, 2}
    cell.see(40, a_stands)
    assert cell.counted == {2}


@pytest.mark.req("S2")
def test_a_scanner_that_is_not_well_proves_no_place_empty():
    cell = in_shadow()
    cell.spoil["left"] = slice(0, 150)
    cell.see(40, a_stands)
    view = cell.views["left"]
    assert scanner_state(cell.places[0], view, view.heard_s) == ScannerState.BLOCKED
    cell.see(60)
    assert cell.counted == {1, 2}
    cell.spoil.clear()
    cell.see(5)
    assert cell.counted == set()


@pytest.mark.req("S2")
def test_a_scan_that_comes_after_a_newer_one_proves_less():
    """Two scanners at one place; what the second one took was taken long before."""
    places = scanner(), scanner(name="right")
    posts = [(1.5, 0.0), (1.5, 0.1), (1.5, -0.1)]
    shade = {}
    for taken_s in (0.0, 0.2):
        cell = Cell(*places)
        cell.taken_s["right"] = taken_s
        cell.see(80, b_walks_in)
        cell.see(60, lambda i: posts)
        shade[taken_s] = max(circle.radius_m for circle in cell.circles)
        cell.see(60)
        assert cell.counted == set()
    assert shade[0.2] >= shade[0.0]
    sight, view = cell.crowd.grounds["right"].sight, cell.views["right"]
    at_once, later = _seen_empty(sight, view, 0), _seen_empty(sight, view, 3)
    assert not (later & ~at_once).any()
    dark = np.argwhere(~at_once)
    assert all(not later[max(x - 3, 0) : x + 4, max(y - 3, 0) : y + 4].any() for x, y in dark[::20])


@pytest.mark.req("S2")
def test_what_a_late_scan_proves_shrinks_by_the_way_walked_meanwhile():
    """Somebody may be anywhere; people walk 0.4 m, four squares, in 0.2 s."""
    cell = in_shadow()
    left, view, time_s = cell.places[0], cell.views["left"], cell.crowd.people.time_s
    (one,) = cell.crowd.hidden.lost
    anywhere = Hidden(time_s=time_s, lost=(replace(one, place=FLOOR.open),))
    places = []
    for late_s in (0.0, 0.2):
        old = replace(view, seen_s=time_s - late_s, heard_s=time_s)
        crowd = attend(
            TRACKER, FLOOR, left, replace(cell.crowd, hidden=anywhere), old, NOTHING, speed_mps=2.0
        )
        places.append(crowd.hidden.lost[0].place)
    wide, room = places[0], FLOOR.open & ~cell.crowd.grounds["left"].stands
    for _ in range(4):
        wide = spread(wide, room)
    assert wide.sum() > places[0].sum()
    assert not (wide & ~places[1]).any()


@pytest.mark.req("S2")
@pytest.mark.parametrize("at", [(2.0, 0.0), (3.8, 1.0), (3.85, -3.0)])
def test_who_leaves_in_view_leaves_nobody_behind_the_wall(at):
    """The outline runs on behind the wall, where no scanner ever sees anything."""
    wide = make_floor([(0.2, -6.0), (6.0, -6.0), (6.0, 6.0), (0.2, 6.0)], cell_m=0.1)
    cell = Cell(floor=wide)
    cell.see(80, lambda i: legs(at[0], at[1] + 0.01 * (i - 80), 0.01 * i))
    assert len(cell.seen) == 1
    cell.see(40)
    assert (cell.counted, cell.crowd.hidden.lost) == (set(), ())


def test_who_walks_about_in_the_open_is_never_hidden():
    cell, lost = Cell(), 0
    for k in range(30):
        cell.see(10, lambda i, k=k: legs(2.0, -1.5 + 0.01 * (10 * k + i), 0.01 * (10 * k + i)))
        lost += len(cell.circles)
    assert lost == 0
    cell.see(60)
    assert cell.counted == set()


def test_a_background_that_changes_changes_what_is_known_of_the_floor():
    cell = in_shadow()
    before = cell.crowd.grounds["left"]
    cell.see(1, a_stands)
    assert cell.crowd.grounds["left"] is before
    cell.spoil["left"] = slice(200, 230)
    cell.see(30, a_stands)
    lost = cell.crowd.grounds["left"]
    assert lost.sight is before.sight
    assert lost.stands is before.stands
    assert lost.lost.any()
    dark = lost.lost[lost.sight.through].all(axis=0)
    assert (lost.sight.distance_m[lost.sight.looks][dark] < 1.0).any()
    assert not lost.watched[lost.sight.looks][dark].any()
    assert (before.watched & ~lost.watched).any()
    cell.see(150, a_stands)  # unlearned
    assert cell.crowd.grounds["left"].known is not before.known
    cell.spoil.clear()
    cell.rooms["left"] = Room(beams=361)
    cell.views["left"] = View()
    cell.see(50).see(2, a_stands)
    assert cell.crowd.grounds["left"].sight.beams.count == 361


@pytest.mark.parametrize(
    "unknown",
    [lambda view: View(), forgotten, lambda view: known_view(view.watch.background, view.beams)],
)
def test_a_view_without_a_background_or_a_scan_of_it_knows_nothing_of_the_floor(unknown):
    cell = in_shadow().see(10, a_stands)
    view = replace(unknown(cell.views["left"]), seen_s=cell.now_s + 0.01)
    cell.crowd = attend(
        TRACKER, FLOOR, scanner(name="new"), cell.crowd, view,
        look(TRACKER, cell.places[0], View(), cell.rooms["left"].scan(cell.places[0]), 0.0)[1],
        speed_mps=2.0,
    )  # fmt: skip
    assert set(cell.crowd.grounds) == {"left"}
    assert 1 in cell.counted


def test_while_nobody_is_lost_the_floor_is_not_looked_at():
    cell = Cell().see(80, b_walks_in)
    assert cell.seen == {1}
    assert cell.crowd.grounds == {}
