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
from hrc_cell.core.view import ScannerState, View, forgotten, known_view, look, scanner_state

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
def test_nothing_is_learned_before_it_may_be():
    room, view = Room(), View()
    for i in range(100):
        view, things = look(TRACKER, PLACE, view, room.scan(PLACE), i * PERIOD_S, may_learn=False)
        assert len(things) == 0
    assert scanner_state(PLACE, view, view.seen_s) == ScannerState.LEARNING
    assert view.learning == ()
    assert math.isnan(view.background_ratio)


@pytest.mark.req("S2")
def test_a_view_that_forgets_learns_anew_and_knows_what_it_heard():
    room = Room()
    view, now_s = learned(room)
    view = forgotten(view)
    assert scanner_state(PLACE, view, view.seen_s) == ScannerState.LEARNING
    scan = room.scan(PLACE)
    view, _ = look(TRACKER, PLACE, view, scan, now_s)
    assert len(view.learning) == 1
    view, _ = look(TRACKER, PLACE, view, scan, now_s + 0.1)
    assert scanner_state(PLACE, view, now_s + 0.1) == ScannerState.STRANGE


def test_beams_may_change_while_the_background_is_learned():
    view, now_s = View(), 0.0
    for room in (Room(), Room(beams=90)):
        for _ in range(10):
            view, _ = look(TRACKER, PLACE, view, room.scan(PLACE, stamp_s=now_s), now_s)
            now_s += PERIOD_S
    assert len(view.learning) == 10
    assert view.beams.count == 90


def turned(room, stamp_s):
    return room.scan(PLACE, stamp_s=stamp_s, angle_min_rad=0.0)


def fewer(room, stamp_s):
    scan = room.scan(PLACE, stamp_s=stamp_s)
    return replace(scan, ranges=scan.ranges[::2], angle_increment_rad=2 * scan.angle_increment_rad)


def nowhere(room, stamp_s):
    return room.scan(PLACE, stamp_s=stamp_s, angle_min_rad=math.nan)


def standing(room, stamp_s):
    return room.scan(PLACE, stamp_s=500.0)


def backward(room, stamp_s):
    return room.scan(PLACE, stamp_s=1000.0 - stamp_s)


def unknown_stamp(room, stamp_s):
    return room.scan(PLACE, stamp_s=math.nan)


@pytest.mark.req("S2")
@pytest.mark.parametrize("odd", [turned, fewer, nowhere, standing, backward, unknown_stamp])
def test_what_cannot_be_is_not_taken_and_told(odd):
    room = Room()
    view, now_s = learned(room)
    before = view
    for _ in range(10):
        view, things = look(TRACKER, PLACE, view, odd(room, now_s), now_s)
        assert len(things) == 0
        now_s += PERIOD_S
    assert scanner_state(PLACE, view, now_s) == ScannerState.STRANGE
    if odd not in (standing, backward):
        assert (view.scans, view.seen_s) == (before.scans, before.seen_s)
    assert view.scans <= before.scans + 1  # the first of a clock set forward is as good as any
    assert view.watch is not None


@pytest.mark.req("S2")
def test_a_scan_of_the_future_is_never_taken():
    room = Room()
    view, now_s = learned(room)
    after, _ = look(TRACKER, PLACE, view, room.scan(PLACE), now_s + 1e-6, heard_s=now_s)
    assert after.scans == view.scans
    assert scanner_state(PLACE, after, now_s) == ScannerState.STRANGE
    fine, _ = look(TRACKER, PLACE, view, room.scan(PLACE), now_s, heard_s=now_s)
    assert fine.scans == view.scans + 1


@pytest.mark.req("S2")
def test_a_clock_set_back_is_told_for_a_second_and_then_over():
    room = Room()
    view, now_s = learned(room)
    told = []
    for i in range(60):
        scan = room.scan(PLACE, stamp_s=-100.0 + i * PERIOD_S)
        view, _ = look(TRACKER, PLACE, view, scan, now_s)
        told.append(scanner_state(PLACE, view, now_s))
        now_s += PERIOD_S
    assert told[0] == told[24] == ScannerState.STRANGE
    assert told[27] == told[-1] == ScannerState.OK


@pytest.mark.req("S2")
@pytest.mark.parametrize("late_s", [0.31, 10.0, math.inf, math.nan])
def test_a_scan_that_comes_too_late_is_silence(late_s):
    room = Room()
    view, now_s = learned(room)
    for _ in range(10):
        now_s += PERIOD_S
        view, _ = look(TRACKER, PLACE, view, room.scan(PLACE), now_s - late_s, heard_s=now_s)
    state = scanner_state(PLACE, view, now_s)
    assert state == (ScannerState.STRANGE if math.isnan(late_s) else ScannerState.SILENT)


@pytest.mark.req("S2")
def test_a_scanner_that_repeats_itself_has_frozen_and_is_no_longer_once_it_moves_on():
    room = Room()
    view, now_s = learned(room)
    frozen, told = room.scan(PLACE), []
    for i in range(20):
        again = replace(frozen, stamp_s=frozen.stamp_s + 0.01 * i)
        view, _ = look(TRACKER, PLACE, view, again, now_s)
        told.append(scanner_state(PLACE, view, now_s))
        now_s += PERIOD_S
    assert told[:3] == [ScannerState.OK] * 3  # one, and twice the same
    assert set(told[3:]) == {ScannerState.FROZEN}
    assert scanner_state(PLACE, view, now_s + PLACE.timeout_s) == ScannerState.SILENT
    view, _ = look(TRACKER, PLACE, view, room.scan(PLACE, stamp_s=1e4), now_s)
    assert scanner_state(PLACE, view, now_s) == ScannerState.OK


@pytest.mark.req("S2")
def test_a_scanner_without_any_echo_is_blind_and_not_frozen():
    room = Room()
    view, now_s = learned(room)
    for _ in range(20):
        now_s += PERIOD_S
        dark = room.scan(PLACE, ranges=np.full(541, math.inf, dtype=np.float32))
        view, _ = look(TRACKER, PLACE, view, dark, now_s)
    assert scanner_state(PLACE, view, now_s) == ScannerState.BLIND


@pytest.mark.req("S2")
def test_a_scanner_that_was_turned_has_moved_and_does_not_get_used_to_it():
    room = Room()
    view, now_s = learned(room)
    known = view.watch.background.known
    for _ in range(300):
        now_s += PERIOD_S
        view, _ = look(TRACKER, PLACE, view, room.scan(scanner(yaw_rad=0.12)), now_s)
    assert scanner_state(PLACE, view, now_s) == ScannerState.MOVED
    assert view.watch.background.known is known


@pytest.mark.req("S2")
def test_what_hides_the_background_never_becomes_background():
    """Half of the beams see nothing for much longer than it takes to unlearn."""
    room = Room()
    view, now_s = learned(room)
    for _ in range(300):
        now_s += PERIOD_S
        scan = room.scan(PLACE)
        scan.ranges[:200] = math.inf
        view, _ = look(TRACKER, PLACE, view, scan, now_s)
    assert scanner_state(PLACE, view, now_s) == ScannerState.BLOCKED
    assert view.watch.background.known.any(axis=1).all()
    assert view.background_ratio == pytest.approx(341 / 541)


def test_a_scanner_is_ok_after_learning():
    view, _ = learned(Room())
    assert scanner_state(PLACE, view, view.seen_s) == ScannerState.OK


@pytest.mark.req("S2")
def test_a_scanner_never_heard_of_is_silent():
    assert scanner_state(PLACE, View(), 5.0) == ScannerState.SILENT


@pytest.mark.req("S2")
@given(st.floats())
def test_a_scanner_is_silent_unless_its_last_scan_is_surely_fresh(age_s):
    view, _ = learned(Room())
    fresh = 0.0 <= age_s <= PLACE.timeout_s
    for old in ({"heard_s": 0.0, "seen_s": 0.0}, {"heard_s": age_s, "seen_s": 0.0}):
        state = scanner_state(PLACE, replace(view, **old), age_s)
        assert (state == ScannerState.SILENT) is not fresh


# At the bounds; all is exact.

EXACT = scanner(timeout_s=0.25, beams_valid_min_ratio=0.5)


def test_states_are_numbered_as_the_message_numbers_them():
    names = ["LEARNING", "OK", "SILENT", "BLIND", "BLOCKED", "MOVED", "FROZEN", "STRANGE"]
    assert [ScannerState(number).name for number in range(8)] == names


def test_the_first_scan_is_number_one_and_the_background_is_learned_when_its_time_is_over():
    room, quick = Room(), replace(TRACKER, background_s=1.0)
    view, counts = View(), []
    for now_s in (8.0, 8.5, 9.0):
        view, _ = look(quick, EXACT, view, room.scan(EXACT), now_s)
        counts.append((view.scans, view.watch is not None))
    assert counts == [(1, False), (2, False), (3, True)]


def test_the_background_is_watched_in_windows_of_half_a_second():
    room = Room()
    view, _ = learned(room)
    began = []
    for i in range(9):
        view, _ = look(TRACKER, PLACE, view, room.scan(PLACE), 200.0 + i / 8.0)
        began.append(view.watch.began_s)
    assert began == [200.0] * 4 + [200.5] * 4 + [201.0]


@pytest.mark.req("S2")
@pytest.mark.parametrize("stamp_s", [math.nan, math.inf])
def test_after_a_stamp_that_is_no_number_the_next_good_scan_is_taken(stamp_s):
    room = Room()
    view, now_s = learned(room)
    view, _ = look(TRACKER, PLACE, view, room.scan(PLACE, stamp_s=stamp_s), now_s)
    after, _ = look(TRACKER, PLACE, view, room.scan(PLACE, stamp_s=1e6), now_s + PERIOD_S)
    assert after.scans == view.scans + 1


@pytest.mark.req("S2")
def test_a_scan_without_some_echoes_that_is_repeated_is_the_same():
    room = Room()
    view, now_s = learned(room)
    ranges = room.scan(PLACE).ranges.copy()
    ranges[10:20] = math.inf
    for _ in range(2):
        now_s += PERIOD_S
        view, _ = look(TRACKER, PLACE, view, room.scan(PLACE, ranges=ranges), now_s)
    assert view.repeats == 1


@pytest.mark.req("S2")
def test_a_scanner_is_heard_seen_and_strange_up_to_the_bound():
    room = Room()
    view, _ = learned(room)
    count = view.beams.count - view.beams.count % 2
    beams = replace(view.beams, count=count)
    good = replace(view, heard_s=8.0, seen_s=8.0, beams=beams, beams_valid=count // 2)

    def state(now_s=8.0, **known):
        return scanner_state(EXACT, replace(good, **known), now_s)

    assert (state(), state(beams_valid=count // 2 - 1)) == (ScannerState.OK, ScannerState.BLIND)
    assert (state(8.25), state(8.2500001)) == (ScannerState.OK, ScannerState.SILENT)
    assert state(8.25, seen_s=8.2) == ScannerState.OK
    assert state(8.25, heard_s=8.2) == ScannerState.OK
    assert state(8.25, heard_s=8.2, seen_s=7.9999999) == ScannerState.SILENT
    assert state(strange_s=7.0) == ScannerState.STRANGE
    assert state(strange_s=6.9999999) == ScannerState.OK


@pytest.mark.req("S2")
def test_a_scan_that_took_as_long_as_may_be_is_still_taken():
    room = Room()
    view, _ = learned(room)
    for heard_s, taken in ((200.25, 1), (200.2500001, 0)):
        after, _ = look(TRACKER, EXACT, view, room.scan(EXACT), 200.0, heard_s=heard_s)
        assert after.scans == view.scans + taken
