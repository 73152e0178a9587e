"""One scanner's view: learning, looking, and what is known of the scanner itself."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scan_room import Room, legs, scanner
from strategies import default_cell

from hrc_cell.core.background import Background
from hrc_cell.core.scan import beams_of
from hrc_cell.core.view import ScannerState, View, known_view, look, scanner_state

TRACKER = default_cell().file.tracker
PLACE = scanner()
PERIOD_S = 0.04


def learned(room) -> tuple[View, float]:
    """Return the view after the learning time in the empty room, and what time it is."""
    view, now_s = View(), 100.0
    while view.watch is None:
        view, things = look(TRACKER, PLACE, view, room.scan(PLACE), now_s)
        assert len(things) == 0
        now_s += PERIOD_S
    return view, now_s


def test_the_background_is_learned_for_its_time_and_then_people_are_seen():
    room = Room()
    view, now_s = learned(room)
    assert now_s - 100.0 == pytest.approx(TRACKER.background_s, abs=2 * PERIOD_S)
    view, things = look(TRACKER, PLACE, view, room.scan(PLACE, legs(2.0, 0.0)), now_s)
    assert len(things) == 2
    view, things = look(TRACKER, PLACE, view, room.scan(PLACE), now_s + PERIOD_S)
    assert len(things) == 0


@pytest.mark.req("S2")
def test_who_stands_in_the_cell_while_it_is_learned_is_seen_again_after_having_left():
    room = Room()
    view, now_s = View(), 0.0

    def scans(posts, count):
        nonlocal view, now_s
        things = None
        for _ in range(count):
            view, things = look(TRACKER, PLACE, view, room.scan(PLACE, posts), now_s)
            now_s += PERIOD_S
        return len(things)

    assert scans(legs(2.0, 0.0), 50) == 0
    away = scans([], 5)
    assert away > 0  # the wall behind is new for a while
    assert scans([], 150) == 0
    assert scans(legs(2.0, 0.0), 5) == 2


def test_a_known_background_needs_no_learning():
    room = Room()
    scan = room.scan(PLACE)
    known = np.zeros((541, 400), dtype=bool)
    view = known_view(Background(known=known, margin_m=0.1), beams_of(scan))
    view, things = look(TRACKER, PLACE, view, scan, 1.0)
    assert view.watch is not None
    assert len(things) > 0


@pytest.mark.req("S2")
def test_other_beams_than_before_are_learned_anew():
    room = Room()
    view, now_s = learned(room)
    turned = room.scan(PLACE, angle_min_rad=0.0)
    view, things = look(TRACKER, PLACE, view, turned, now_s)
    assert len(things) == 0
    assert scanner_state(PLACE, view, now_s) == ScannerState.LEARNING


@pytest.mark.req("S2")
def test_a_scan_without_directions_is_none():
    room = Room()
    view, now_s = learned(room)
    same, things = look(TRACKER, PLACE, view, room.scan(PLACE, angle_min_rad=math.nan), now_s)
    assert same is view
    assert len(things) == 0


@pytest.mark.req("S2")
def test_a_scanner_that_repeats_itself_falls_silent():
    room = Room()
    view, now_s = learned(room)
    frozen = room.scan(PLACE)
    for _ in range(20):
        view, _ = look(TRACKER, PLACE, view, frozen, now_s)
        now_s += PERIOD_S
    assert scanner_state(PLACE, view, now_s) == ScannerState.SILENT


@pytest.mark.req("S2")
def test_a_covered_scanner_is_blind_and_not_silent():
    room = Room()
    view, now_s = learned(room)
    dark = room.scan(PLACE, ranges=np.full(541, math.inf, dtype=np.float32))
    for _ in range(20):
        now_s += PERIOD_S
        view, _ = look(TRACKER, PLACE, view, dark, now_s)
    assert scanner_state(PLACE, view, now_s) == ScannerState.BLIND


def test_a_scanner_is_ok_after_learning():
    view, _ = learned(Room())
    assert scanner_state(PLACE, view, view.seen_s) == ScannerState.OK


@pytest.mark.req("S2")
def test_a_scanner_never_heard_of_is_silent():
    assert scanner_state(PLACE, View(), 5.0) == ScannerState.SILENT


@pytest.mark.req("S2")
@given(st.floats())
def test_a_scanner_is_silent_unless_its_last_scan_is_surely_fresh(age_s):
    view = View(beams=beams_of(Room().scan(PLACE)), seen_s=0.0, beams_valid=541)
    fresh = 0.0 <= age_s <= PLACE.timeout_s
    state = scanner_state(PLACE, replace(view, seen_s=0.0), age_s)
    assert (state == ScannerState.SILENT) is not fresh
