"""Zone sets: which count in which context, how fast they let the arm go, and how they switch."""

import math
from dataclasses import replace

import numpy as np
import pytest
from strategies import area

from hrc_cell.core.zone_sets import Context, Held, after_tick, answer, matching, strictest
from hrc_cell.settings.zones import ZoneSet, ZoneSettings

SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
NAMES = ("near", "wide", "gate")
ZONES = tuple(
    area(name=name, polygon_m=SQUARE, release_scans=release, trigger_scans=trigger)
    for name, release, trigger in zip(NAMES, (2, 3, 1), (1, 1, 4), strict=True)
)
REST = ZoneSet(name="rest", zones=NAMES)


def cell(*sets):
    return ZoneSettings(
        outline_m=((-9.0, -9.0), (9.0, -9.0), (9.0, 9.0)), handover_m=(0.0, 0.0), zones=ZONES,
        sets=sets,
    )  # fmt: skip


def asked(settings, ratio_of, context=Context("pick", "cup"), held=(), limits=None):  # noqa: B008
    held = after_tick(settings, held, context, False)
    limits = np.full(3, np.inf) if limits is None else np.array(limits)
    found = answer(settings, held, np.array(ratio_of), limits)
    return tuple(part.tolist() for part in found)


STEP = ZoneSet(name="step", zones=("near",), steps=("hand", "take"))
TOOL = ZoneSet(name="tool", zones=("wide",), tools=("cup",))
SLOW = ZoneSet(name="slow", zones=("near",), speed_max_ratio=0.3)
SLOWER = ZoneSet(name="slower", zones=(), speed_max_ratio=0.1)


@pytest.mark.parametrize(
    ("sets", "context", "group"),
    [
        ((), Context(), (0,)),
        ((STEP, REST), Context("hand", ""), (0,)),
        ((STEP, REST), Context("take", ""), (0,)),
        ((STEP, REST), Context("pick", ""), (1,)),
        ((STEP, REST), Context("", "cup"), (1,)),
        ((STEP, TOOL, REST), Context("hand", "cup"), (0,)),  # the first that matches
        ((TOOL, STEP, REST), Context("hand", "cup"), (0,)),
        ((STEP, TOOL, REST), Context("pick", "cup"), (1,)),
        ((STEP, TOOL, REST), Context("hand", "claw"), (0,)),
        ((TOOL, REST), Context("hand", "claw"), (1,)),
        ((SLOW, REST), Context(), (0, 1)),  # no set asks for step or tool
        ((SLOW, STEP, REST), Context("hand", ""), (0, 1)),
        ((STEP, SLOW, REST), Context("hand", ""), (0,)),
        ((STEP, SLOW, REST), Context("pick", ""), (1, 2)),
        ((SLOWER, SLOW, REST), Context(), (0, 1, 2)),
        ((SLOW, SLOWER, REST), Context(), (0, 2)),  # no speed is left for the second
        ((SLOW, STEP, REST), Context("", "cup"), (2,)),  # unknown: the last alone
        ((SLOW, TOOL, REST), Context("hand", ""), (2,)),
        ((SLOW, TOOL, REST), Context("", "cup"), (0, 1)),
    ],
)
def test_for_each_speed_the_first_that_matches_counts(sets, context, group):
    assert matching(cell(*sets), context) == group


def test_zones_of_other_sets_do_not_count():
    settings = cell(STEP, REST)
    assert asked(settings, [0.5, 0.0, 0.2], Context("hand")) == (0.5, 0, 0, math.inf)
    assert asked(settings, [0.5, 0.0, 0.2], Context("pick")) == (0.0, 1, 1, math.inf)
    assert asked(settings, [1.0, 1.0, 1.0], Context("pick")) == (1.0, -1, 1, math.inf)


@pytest.mark.parametrize(
    ("ratio_of", "found"),
    [
        ([1.0, 1.0, 1.0], (1.0, -1, 2)),
        ([1.0, 0.0, 1.0], (0.3, 1, 1)),  # slowly, whatever stands in the wide zone
        ([1.0, 0.3, 1.0], (0.3, 1, 1)),
        ([1.0, 0.2, 1.0], (0.3, 1, 1)),
        ([1.0, 0.31, 1.0], (0.31, 1, 2)),
        ([0.2, 1.0, 1.0], (0.2, 0, 1)),
        ([0.0, 1.0, 1.0], (0.1, 0, 0)),
        ([0.0, 0.0, 0.0], (0.1, 0, 0)),
        ([0.5, 0.6, 0.7], (0.5, 0, 2)),
    ],
)
def test_a_set_for_slow_motion_answers_up_to_its_speed(ratio_of, found):
    assert asked(cell(SLOWER, SLOW, REST), ratio_of)[:3] == found


def test_the_strictest_limit_is_that_of_the_set_that_counts():
    limits = [0.4, 0.25, math.inf]
    settings = cell(SLOW, REST)
    assert asked(settings, [1.0, 1.0, 1.0], limits=limits)[3] == 0.25
    assert asked(settings, [1.0, 0.2, 1.0], limits=limits)[3] == 0.4
    assert asked(cell(), [1.0, 0.2, 1.0], limits=limits)[3] == 0.25
    assert asked(cell(SLOWER, REST), [0.0, 1.0, 1.0], limits=limits)[3] == math.inf


@pytest.mark.req("S3")
def test_after_a_switch_the_old_set_counts_until_its_zones_had_time_to_change():
    settings = cell(STEP, TOOL, REST)
    before = after_tick(settings, (), Context("pick", "claw"), False)  # rest: 4 scans
    held = after_tick(settings, before, Context("hand", "claw"), True)
    assert [(one.group, int(one.scans)) for one in held] == [((0,), 2), ((2,), 4)]
    for left in (3, 2, 1):
        for scanned in (False, True):
            held = after_tick(settings, held, Context("hand", "claw"), scanned)
        assert [(one.group, int(one.scans)) for one in held] == [((0,), 2), ((2,), left)]
        found = answer(settings, held, np.array([0.5, 0.2, 1.0]), np.array([0.4, 0.3, 1.0]))
        assert (float(found.ratio), int(found.zone_index), int(found.set_index)) == (0.2, 1, 2)
        assert float(found.limit_mps) == 0.3
        found = answer(settings, held, np.array([0.5, 0.5, 1.0]), np.full(3, np.inf))
        assert (int(found.zone_index), int(found.set_index)) == (0, 0), "the one in force"
    held = after_tick(settings, held, Context("hand", "claw"), True)
    assert [one.group for one in held] == [(0,)]


def test_a_step_that_flickers_holds_every_set_it_was_at():
    settings = cell(STEP, TOOL, REST)
    held = ()
    for context in (Context("hand", "cup"), Context("pick", "cup"), Context("pick", "claw")):
        held = after_tick(settings, held, context, True)
    assert [(one.group, int(one.scans)) for one in held] == [((2,), 4), ((0,), 1), ((1,), 3)]
    held = after_tick(settings, held, Context("hand", "cup"), True)
    assert [(one.group, int(one.scans)) for one in held] == [((0,), 2), ((1,), 2), ((2,), 4)]


def test_each_cell_counts_its_own_scans():
    settings = cell(STEP, REST)
    held = after_tick(settings, (), Context("pick"), np.array([True, True]))
    held = after_tick(settings, held, Context("hand"), np.array([True, True]))
    for _ in range(4):
        held = after_tick(settings, held, Context("hand"), np.array([True, False]))
    ratio_of = np.array([[0.5, 0.2, 1.0]] * 2)
    assert answer(settings, held, ratio_of, ratio_of).ratio.tolist() == [0.5, 0.2]


def test_a_set_of_no_zones_holds_for_one_scan():
    settings = cell(ZoneSet(name="none", zones=(), steps=("hand",)), REST)
    held = after_tick(settings, (), Context("hand"), False)
    assert [(one.group, one.scans) for one in held] == [((0,), 1)]
    assert asked(settings, [0.0, 0.0, 0.0], Context("hand")) == (1.0, -1, 0, math.inf)


def test_among_equals_one_that_a_person_resets_comes_first_and_then_the_earlier():
    guarded = area(name="guarded", polygon_m=SQUARE, restart="manual")
    zones = (*ZONES, guarded)
    assert [int(part) for part in strictest(zones, np.zeros(4), range(4))] == [0, 3]
    assert [int(part) for part in strictest(zones, np.zeros(4), [1, 2])] == [0, 1]
    assert [float(part) for part in strictest(zones, np.ones(4), range(4))] == [1.0, -1.0]
    assert [float(part) for part in strictest(zones, np.zeros(4), [])] == [1.0, -1.0]


def test_every_cell_of_a_batch_has_an_answer_of_its_own():
    settings = cell(ZoneSet(name="none", zones=(), steps=("hand",)), REST)
    ratio_of = np.array([[[0.5, 0.2, 1.0], [0.0, 0.0, 0.0]]] * 3)
    for step in ("hand", "pick"):
        held = after_tick(settings, (), Context(step, "cup"), np.zeros((3, 2), dtype=np.bool_))
        found = answer(settings, held, ratio_of, np.full(ratio_of.shape, np.inf))
        assert [part.shape for part in found] == [(3, 2)] * 4
    for chosen in ([], [0, 1]):
        assert [part.shape for part in strictest(ZONES, ratio_of, chosen)] == [(3, 2)] * 2


@pytest.mark.req("S3")
def test_a_reset_that_the_set_before_asks_for_is_not_lost_when_both_stop():
    manual = replace(ZONES[0], restart="manual", speed_ratio=0.0)
    settings = replace(cell(), zones=(manual, replace(ZONES[1], restart="automatic"), ZONES[2]),
        sets=(ZoneSet(name="a", zones=("near",), steps=("hand",)),
              ZoneSet(name="b", zones=("wide",), steps=("pick",)), REST))  # fmt: skip
    held = after_tick(settings, (), Context("hand", "cup"), True)
    held = after_tick(settings, held, Context("pick", "cup"), False)
    found = answer(settings, held, np.array([0.0, 0.0, 1.0]), np.full(3, np.inf))
    assert found.zone_index == 0


def test_a_set_whose_zones_allow_all_that_it_answers_for_leaves_the_rest_to_the_next():
    faster = ZoneSet(name="faster", zones=("wide",), speed_max_ratio=0.6)
    assert asked(cell(SLOW, faster, REST), [0.3, 0.5, 1.0])[:3] == (0.5, 1, 1)
    assert asked(cell(SLOW, faster, REST), [0.29, 0.5, 1.0])[:3] == (0.29, 0, 0)


def test_of_two_groups_that_allow_the_same_the_one_that_a_person_must_reset_is_named():
    """A group that is held back by its own speed names no zone."""
    guarded = replace(ZONES[0], restart="manual")
    none = ZoneSet(name="none", zones=(), speed_max_ratio=0.3)
    settings = replace(cell(none, REST), zones=(guarded, *ZONES[1:]))
    for groups in (((0,), (1,)), ((1,), (0,))):
        held = [Held(group, np.asarray(1)) for group in groups]
        found = answer(settings, held, np.array([0.3, 1.0, 1.0]), np.full(3, np.inf))
        assert (float(found.ratio), int(found.zone_index)) == (0.3, 0)
