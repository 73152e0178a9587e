"""Zones: who touches them, how long they hold, and which one counts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unknown

from hrc_cell.core.zones import ZoneMemory, after_scan, most_restrictive, needs_reset, touches
from hrc_cell.settings.safety import Zone

FREE = ZoneMemory(occupied=False)


def zone(name="slow", ratio=0.5, restart="automatic", trigger=1, release=3, margin_m=0.25):
    return Zone(
        name=name,
        kind="slow" if ratio else "stop",
        polygon_m=((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)),
        speed_ratio=ratio,
        restart=restart,
        trigger_scans=trigger,
        release_scans=release,
        margin_m=margin_m,
    )


def run(area, memory, *scans):
    """Return whether the zone is occupied after each scan; a scan is where people stand."""
    seen = []
    for people in scans:
        place = [(x, 1.0) for x in people]
        memory = after_scan(area, memory, _points(place), [0.5] * len(place))
        seen.append(memory.occupied)
    return seen


def _points(place):
    return np.array(place, dtype=float).reshape(-1, 2)


def test_a_person_touches_with_the_radius():
    assert touches(zone(), [(2.5, 1.0), (2.51, 1.0), (1.0, 1.0)], 0.5).tolist() == [
        True, False, True,
    ]  # fmt: skip
    assert touches(zone(), [(2.75, 1.0), (2.76, 1.0)], 0.5, 0.25).tolist() == [True, False]


def test_it_takes_so_many_scans_in_a_row_to_enter():
    area = zone(trigger=3)
    assert run(area, FREE, [1], [1], [1]) == [False, False, True]
    assert run(area, FREE, [1], [1], [], [1], [1], [1]) == [False] * 5 + [True]


def test_it_takes_so_many_scans_in_a_row_to_leave():
    area = zone(release=3)
    assert run(area, ZoneMemory(), [], [], []) == [True, True, False]
    assert run(area, ZoneMemory(), [], [], [1], [], [], []) == [True] * 5 + [False]


def test_to_leave_a_person_must_be_out_by_the_margin_but_to_enter_touch_the_zone():
    area = zone(release=1)
    assert run(area, FREE, [2.6], [2.5], [2.6], [2.75], [2.76], [2.6]) == [
        False, True, True, True, False, False,
    ]  # fmt: skip


def test_one_of_several_people_is_enough():
    assert run(zone(), FREE, [9.0, 1.0]) == [True]


@pytest.mark.req("S2")
def test_before_the_first_scan_every_zone_is_occupied():
    assert ZoneMemory().occupied


@pytest.mark.req("S2")
@given(unknown, st.booleans())
def test_an_unknown_place_or_radius_touches_everything(value, radius):
    at, reach = ((9.0, 9.0), value) if radius else ((value, 9.0), 0.1)
    assert touches(zone(), at, reach)


def test_the_lowest_ratio_counts_and_one_that_needs_a_reset_before_one_that_does_not():
    slow, slower = zone("slow", 0.5), zone("slower", 0.2)
    stop, guarded = zone("stop", 0.0), zone("guarded", 0.0, "manual")
    held = ZoneMemory()
    assert most_restrictive([slow, slower], [held, held]) == 1
    assert most_restrictive([slow, slower], [held, FREE]) == 0
    assert most_restrictive([slow, slower], [FREE, FREE]) == -1
    assert most_restrictive([], []) == -1
    for order in ([stop, guarded], [guarded, stop]):
        assert order[most_restrictive(order, [held, held])] is guarded
    assert [needs_reset(z) for z in (slow, stop, guarded)] == [False, False, True]


@pytest.mark.parametrize("crowd", [0, 1, 3])
def test_many_cells_with_people_of_different_numbers_are_each_judged_as_alone(crowd):
    """Twenty cells over eight scans; where nobody is present, what stands there is no number."""
    areas = [zone("slow", 0.5, trigger=2, release=2), zone("stop", 0.0)]
    rng = np.random.default_rng(crowd)
    whole = [ZoneMemory() for _ in areas]
    each = [[ZoneMemory() for _ in areas] for _ in range(20)]
    for _ in range(8):
        place, radius = rng.uniform(-1.0, 5.0, (20, crowd, 2)), rng.uniform(0, 0.5, (20, crowd))
        present = rng.random((20, crowd)) < 0.5
        place[~present] = np.nan
        whole = [
            after_scan(area, kept, place, radius, present)
            for area, kept in zip(areas, whole, strict=True)
        ]
        for i, here in enumerate(present):
            each[i] = [
                after_scan(area, kept, place[i, here], radius[i, here])
                for area, kept in zip(areas, each[i], strict=True)
            ]
            alone = [ZoneMemory(occupied=m.occupied[i], scans=m.scans[i]) for m in whole]
            assert alone == each[i]
            assert most_restrictive(areas, whole)[i] == most_restrictive(areas, each[i])


@pytest.mark.req("S2")
def test_who_is_present_and_nowhere_known_holds_the_zone_of_that_cell_alone():
    place = np.full((2, 1, 2), np.nan)
    found = after_scan(zone(), FREE, place, 0.3, np.array([[True], [False]]))
    assert found.occupied.tolist() == [True, False]


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_the_state_changes_only_after_a_full_run(scans, trigger, release, occupied):
    area = zone(trigger=trigger, release=release)
    memory, history = ZoneMemory(occupied=occupied), []
    for inside in scans:
        before = memory
        memory = after_scan(area, memory, _points([(1.0, 1.0)] if inside else []), [0.5] * inside)
        history.append(inside)
        if memory.occupied != before.occupied:
            needed = trigger if memory.occupied else release
            assert history[-needed:] == [memory.occupied] * needed
            assert memory.scans == 0


def test_a_zone_that_slows_cannot_ask_for_a_reset():
    with pytest.raises(ValueError, match="restart: manual needs speed_ratio 0"):
        zone(restart="manual")


def test_a_person_of_no_radius_touches_only_where_they_stand():
    assert touches(zone(), [(2.0, 1.0), (2.01, 1.0)], 0.0).tolist() == [True, False]
