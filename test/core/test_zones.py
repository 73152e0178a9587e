"""Zones: who touches them, how long they hold, what they allow, and which one counts."""

import functools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import area, unknown

from hrc_cell.core import muting
from hrc_cell.core.zone_sets import Context
from hrc_cell.core.zones import (
    Bodies,
    Watch,
    ZoneMemory,
    after_scan,
    after_tick,
    who_is_hidden,
)
from hrc_cell.settings.zones import Circle, Muting, ZoneSet, ZoneSettings

FREE = ZoneMemory(occupied=False)
SQUARE = ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0))
REACH_M, V_H_MPS = 0.5, 1.6


def zone(name="slow", ratio=0.5, trigger=1, release=3, **more):
    plain = {"polygon_m": SQUARE, "kind": "slow" if ratio else "stop", "speed_ratio": ratio}
    return area(name=name, trigger_scans=trigger, release_scans=release, **{**plain, **more})


GUARDED = zone("guarded", 0.0, restart="manual")
LIMIT = zone("limit", 0.0, kind="limit", limit_mps=0.25)
COMING = zone("coming", 0.0, kind="approach", time_to_reach_s=2.0)


def cell(*zones, **more):
    """Return settings of these zones."""
    return ZoneSettings(
        outline_m=((-9.0, -9.0), (9.0, -9.0), (9.0, 9.0)), handover_m=(0.0, 0.0), zones=zones,
        **more,
    )  # fmt: skip


def bodies(*xs, reach_m=REACH_M, speed_mps=0.0, present=True):
    """Return people who stand upright at y = 1."""
    at = np.array([[x, 1.0, 0.0] for x in xs]).reshape(-1, 3)
    each = np.ones(len(xs))
    return Bodies(
        at,
        at + np.array([0.0, 0.0, 1.7]),
        each * reach_m,
        each * speed_mps,
        each.astype(bool) & present,
    )


def tick(settings, watch, seen, context=Context(), **more):  # noqa: B008
    """Return memory and answer after one tick, by default of a new scan."""
    plain = {
        "scanned": True, "blind": False, "hidden": {}, "human_speed_mps": V_H_MPS,
        "people_age_s": 0.0, "fastest_mps": 1.0,
    }  # fmt: skip
    return after_tick(settings, watch, seen, context, **{**plain, **more})


@functools.cache
def emptied(settings):
    """Return the memory of a cell that has long been empty."""
    watch = Watch.fresh(settings)
    for _ in range(4):
        watch, answer = tick(settings, watch, bodies())
    assert float(answer.ratio) == 1.0
    return watch


def run(one, memory, *scans):
    """Return whether the zone is occupied after each scan; a scan is how far people are."""
    seen = []
    for gaps in scans:
        memory = after_scan(one, memory, np.array(gaps, dtype=float))
        seen.append(memory.occupied)
    return seen


# One zone over several scans.


def test_it_takes_so_many_scans_in_a_row_to_enter():
    one = zone(trigger=3)
    assert run(one, FREE, [0], [0], [-1]) == [False, False, True]
    assert run(one, FREE, [0], [0], [], [0], [0], [0]) == [False] * 5 + [True]


def test_it_takes_so_many_scans_in_a_row_to_leave():
    one = zone(release=3)
    assert run(one, ZoneMemory(), [], [], []) == [True, True, False]
    assert run(one, ZoneMemory(), [], [], [0], [], [], []) == [True] * 5 + [False]


def test_to_leave_a_person_must_be_out_by_the_margin_but_to_enter_touch_the_zone():
    one = zone(release=1)
    assert run(one, FREE, [0.1], [0.0], [0.1], [0.25], [0.26], [0.1]) == [
        False, True, True, True, False, False,
    ]  # fmt: skip


def test_one_of_several_people_is_enough_and_who_is_not_present_is_nobody():
    assert run(zone(), FREE, [9.0, -1.0]) == [True]
    assert not after_scan(zone(), FREE, [9.0, -1.0], np.array([True, False])).occupied


@pytest.mark.req("S2")
def test_before_the_first_scan_every_zone_is_occupied_and_an_unknown_gap_touches():
    assert ZoneMemory().occupied
    settings = cell(zone(), GUARDED)
    assert Watch.fresh(settings).everybody == Watch.fresh(settings).counted == (ZoneMemory(),) * 2
    assert run(zone(), FREE, [math.nan]) == [True]


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 4), st.integers(1, 4), st.booleans())
def test_the_state_changes_only_after_a_full_run(scans, trigger, release, occupied):
    one = zone(trigger=trigger, release=release)
    memory, history = ZoneMemory(occupied=occupied), []
    for inside in scans:
        before = memory
        memory = after_scan(one, memory, [-1.0] * inside)
        history.append(inside)
        if memory.occupied != before.occupied:
            needed = trigger if memory.occupied else release
            assert history[-needed:] == [memory.occupied] * needed
            assert memory.scans == 0


# What the zones allow.


def test_an_occupied_zone_allows_what_its_kind_says():
    for one, ratio in ((zone(ratio=0.3), 0.3), (zone("stop", 0.0), 0.0), (LIMIT, 0.25)):
        settings = cell(one)
        watch, answer = tick(settings, emptied(settings), bodies(1.0))
        assert (float(answer.ratio), int(answer.zone_index)) == (ratio, 0)
        _, answer = tick(settings, watch, bodies())
        assert float(answer.ratio) == ratio, "still held"
        _, answer = tick(settings, emptied(settings), bodies(2.51))
        assert (float(answer.ratio), int(answer.zone_index)) == (1.0, -1)


@pytest.mark.parametrize(
    ("fastest_mps", "ratio"),
    [(1.0, 0.25), (0.5, 0.5), (0.25, 1.0), (0.1, 1.0), (0.0, 1.0), (2.5, 0.1)],
)
def test_a_limit_becomes_the_ratio_at_which_the_fastest_point_keeps_it(fastest_mps, ratio):
    settings = cell(LIMIT)
    _, answer = tick(settings, emptied(settings), bodies(1.0), fastest_mps=fastest_mps)
    assert float(answer.ratio) == pytest.approx(ratio)
    assert float(answer.limit_mps) == float(answer.limit_of_mps[0]) == 0.25
    assert int(answer.zone_index) == (0 if ratio < 1.0 else -1)
    _, answer = tick(settings, emptied(settings), bodies(9.0), fastest_mps=fastest_mps)
    assert (float(answer.ratio), float(answer.limit_mps)) == (1.0, math.inf)


@pytest.mark.req("S2")
@pytest.mark.parametrize("fastest_mps", [math.nan, math.inf, -0.1])
def test_where_the_fastest_point_is_unknown_a_limit_stops(fastest_mps):
    settings = cell(LIMIT)
    _, answer = tick(settings, emptied(settings), bodies(1.0), fastest_mps=fastest_mps)
    assert float(answer.ratio) == 0.0


def test_whoever_comes_near_slows_the_arm_by_the_time_that_is_left():
    settings = cell(COMING)
    for x, speed_mps, age_s, ratio in (
        (2.5 + 3.2, 0.0, 0.0, 1.0), (2.5 + 1.6, 0.0, 0.0, 0.5), (2.5 + 1.6, 1.5, 0.0, 0.5),
        (2.5 + 1.6, 3.2, 0.0, 0.25), (2.5 + 1.6, 0.0, 0.2, 0.4), (2.5 + 0.016, 0.0, 0.0, 0.005),
        (2.5, 0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0),
    ):  # fmt: skip
        seen = bodies(x, 9.0, speed_mps=speed_mps)
        _, answer = tick(settings, emptied(settings), seen, people_age_s=age_s)
        assert float(answer.ratio) == pytest.approx(ratio), (x, speed_mps, age_s)
        assert int(answer.zone_index) == (0 if ratio < 1.0 else -1)


def test_an_approach_zone_never_asks_for_less_than_holds_inside():
    settings = cell(replace(COMING, speed_ratio=0.3))
    ratios = [
        float(tick(settings, emptied(settings), bodies(x))[1].ratio) for x in (1.0, 2.6, 3.6, 4.1)
    ]
    assert ratios == pytest.approx([0.3, 0.3, 1.1 / 3.2, 0.5])


def test_an_approach_zone_holds_until_it_was_seen_free_and_looks_between_two_scans():
    settings = cell(COMING)
    watch, _ = tick(settings, emptied(settings), bodies(1.0))
    for ratio in (0.0, 0.0, 0.5):
        watch, answer = tick(settings, watch, bodies(4.1))
        assert float(answer.ratio) == pytest.approx(ratio)
    _, answer = tick(settings, watch, bodies(4.1), scanned=False, people_age_s=0.5)
    assert float(answer.ratio) == pytest.approx(0.25)


@pytest.mark.req("S2")
@given(unknown | st.just(-0.1), st.sampled_from(["reach", "speed", "age", "place"]))
def test_unknown_numbers_of_a_person_are_the_worst(value, what):
    if what == "place" and value == -0.1:
        value = math.nan
    settings = cell(COMING, zone("stop", 0.0))
    seen = {
        "reach": bodies(9.0, reach_m=value),
        "speed": bodies(9.0, speed_mps=value),
        "place": bodies(value),
        "age": bodies(9.0),
    }[what]
    age_s = value if what == "age" else 0.0
    _, answer = tick(settings, emptied(settings), seen, people_age_s=age_s)
    assert float(answer.ratio) == 0.0


@pytest.mark.req("S2")
def test_of_unknown_age_even_an_empty_list_slows_an_approach_zone():
    settings = cell(COMING)
    for age_s in (math.nan, math.inf, -0.01):
        _, answer = tick(settings, emptied(settings), bodies(), people_age_s=age_s)
        assert float(answer.ratio) == 0.0


@pytest.mark.req("S2")
def test_while_people_may_go_unseen_every_zone_is_occupied_and_counts_anew_after():
    settings = cell(zone(), LIMIT, COMING)
    for scanned in (True, False):
        watch, answer = tick(settings, emptied(settings), bodies(), blind=True, scanned=scanned)
        assert answer.ratio_of.tolist() == [0.5, 0.25, 0.0]
        assert watch.everybody == watch.counted == (ZoneMemory(),) * 3
    for ratio in (0.0, 0.0, 1.0):
        watch, answer = tick(settings, watch, bodies())
        assert float(answer.ratio) == ratio


def test_zones_count_scans_and_not_ticks():
    settings = cell(zone(trigger=2))
    watch, _ = tick(settings, emptied(settings), bodies(1.0))
    for _ in range(5):
        watch, answer = tick(settings, watch, bodies(1.0), scanned=False)
        assert float(answer.ratio) == 1.0
    assert float(tick(settings, watch, bodies(1.0))[1].ratio) == 0.5


def test_the_lowest_ratio_counts_and_one_that_needs_a_reset_before_one_that_does_not():
    stop = zone("stop", 0.0)
    for zones in ([stop, GUARDED], [GUARDED, stop], [zone(), stop, GUARDED, LIMIT]):
        settings = cell(*zones)
        _, answer = tick(settings, emptied(settings), bodies(1.0))
        assert zones[int(answer.zone_index)] is GUARDED
        assert bool(answer.needs_reset)
    settings = cell(zone("slower", 0.2), zone(), stop)
    _, answer = tick(settings, emptied(settings), bodies(1.0))
    assert (int(answer.zone_index), bool(answer.needs_reset)) == (2, False)
    settings = cell(zone(), zone("slower", 0.2), LIMIT)
    _, answer = tick(settings, emptied(settings), bodies(1.0))
    assert (int(answer.zone_index), float(answer.limit_mps)) == (1, 0.25)


def test_a_cell_without_zones_allows_everything():
    settings = cell()
    watch, answer = tick(settings, Watch.fresh(settings), bodies(1.0))
    assert (float(answer.ratio), int(answer.zone_index)) == (1.0, -1)
    assert not answer.needs_reset
    assert answer.ratio_of.shape == (0,)
    assert (int(answer.set_index), watch.everybody) == (0, ())


# Whom a muting hides.

MUTE = Muting(
    zone="stop", signals=("a", "b"), order="free", begin_within_s=1.0, time_max_s=9.0,
    signal_timeout_s=0.2, sources=("camera",),
)  # fmt: skip
MUTED = muting.MutingMemory(muting.Phase.MUTED, 0.0, 0.0)


def test_a_muting_hides_people_of_its_sources_from_its_zone_alone():
    settings = cell(zone(), zone("stop", 0.0), muting=(MUTE,))
    source = [[0, 1, 2, -1]]
    found = who_is_hidden(settings, (MUTED,), source, ("scanners", "camera"))
    assert {i: m.tolist() for i, m in found.items()} == {1: [[False, True, False, False]]}
    assert who_is_hidden(settings, (muting.MutingMemory(),), source, ("scanners", "camera")) == {}
    every = cell(zone("stop", 0.0), muting=(replace(MUTE, sources=()),))
    found = who_is_hidden(every, (MUTED,), source, ("scanners", "camera"))
    assert found[0].tolist() == [[True, True, False, False]]


def test_who_is_hidden_has_no_consequence_and_others_have():
    settings = cell(zone("stop", 0.0), muting=(MUTE,))
    seen, one = bodies(1.0, 9.0), {0: np.array([True, False])}
    watch, answer = tick(settings, emptied(settings), seen, hidden=one)
    assert float(answer.ratio) == 1.0
    _, answer = tick(settings, watch, seen, hidden={0: np.array([False, True])})
    assert float(answer.ratio) == 0.0


@pytest.mark.req("S2")
@pytest.mark.parametrize("scanned", [True, False])
def test_when_a_muting_ends_whoever_is_in_the_zone_counts_at_once(scanned):
    settings = cell(zone("stop", 0.0, trigger=3), muting=(MUTE,))
    watch = emptied(settings)
    for _ in range(3):
        watch, answer = tick(settings, watch, bodies(1.0), hidden={0: np.array([True])})
        assert float(answer.ratio) == 1.0
    watch, answer = tick(settings, watch, bodies(1.0), scanned=scanned)
    assert float(answer.ratio) == 0.0
    assert watch.everybody == watch.counted


def test_a_zone_that_is_occupied_when_a_muting_begins_is_left_as_any_other():
    settings = cell(zone("stop", 0.0), muting=(MUTE,))
    watch, _ = tick(settings, emptied(settings), bodies(1.0))
    for ratio in (0.0, 0.0, 1.0):
        watch, answer = tick(settings, watch, bodies(1.0), hidden={0: np.array([True])})
        assert float(answer.ratio) == ratio


def test_an_approach_zone_does_not_see_who_is_hidden():
    settings = cell(replace(COMING, name="stop"), muting=(MUTE,))
    _, answer = tick(settings, emptied(settings), bodies(3.0, 4.1), hidden={0: np.array([1, 0])})
    assert float(answer.ratio) == pytest.approx(0.5)


# Laws over whole stories.

ALL = cell(
    zone("slow", 0.5, trigger=2, release=2),
    zone("stop", 0.0, polygon_m=(), circle=Circle(centre_m=(1.0, 1.0), radius_m=0.6)),
    zone("limit", 0.0, kind="limit", limit_mps=0.3, band_m=(1.0, 1.5), release=2),
    replace(COMING, speed_ratio=0.2, name="coming"),
    sets=(
        ZoneSet(name="hand", zones=("slow", "coming"), steps=("hand",)),
        ZoneSet(name="crawl", zones=("stop", "limit"), speed_max_ratio=0.3),
        ZoneSet(name="rest", zones=("slow", "stop", "limit", "coming")),
    ),
)
place = st.floats(-4.0, 8.0)
person = st.tuples(place, st.floats(0.05, 1.0), st.floats(0.0, 3.0))
scans = st.lists(st.lists(person, max_size=3), min_size=1, max_size=8)
contexts = st.sampled_from([Context("hand", "cup"), Context("pick", "cup"), Context()])


def crowd(people):
    at = np.array([[x, 1.0, 0.0] for x, _, _ in people]).reshape(-1, 3)
    _, reach, speed = np.array(people, dtype=float).reshape(-1, 3).T
    return Bodies(
        at, at + np.array([0.0, 0.0, 1.7]), reach, speed, np.ones(len(people), dtype=bool)
    )


def ratios(story, context=Context("pick", ""), **more):  # noqa: B008
    watch, found = emptied(ALL), []
    for people in story:
        watch, answer = tick(ALL, watch, crowd(people), context, **more)
        found.append(float(answer.ratio))
    return np.array(found)


@given(scans, st.lists(st.tuples(place, st.floats(0.05, 1.0), st.floats(0, 3))), st.data())
def test_more_people_never_free_anything(story, others, data):
    more = [people + data.draw(st.permutations(others))[:2] for people in story]
    assert (ratios(more) <= ratios(story)).all()


@given(scans, st.floats(0.0, 1.0), st.floats(0.0, 2.0), contexts)
def test_who_may_be_farther_about_or_is_faster_frees_nothing(story, reach_m, speed_mps, context):
    worse = [[(x, r + reach_m, v + speed_mps) for x, r, v in people] for people in story]
    assert (ratios(worse, context) <= ratios(story, context)).all()


@given(scans, st.floats(0.0, 1.0))
def test_who_is_nearer_frees_nothing(story, part):
    nearer = [[(1.0 + part * (x - 1.0), r, v) for x, r, v in people] for people in story]
    assert (ratios(nearer) <= ratios(story) + 1e-12).all()


@given(scans, st.floats(0.0, 1.0), st.floats(0.0, 0.5), st.floats(0.0, 1.0), contexts)
def test_an_older_sample_or_a_faster_arm_never_gives_more(story, age_s, more_s, fast, context):
    now = ratios(story, context, people_age_s=age_s, fastest_mps=1.0)
    late = ratios(story, context, people_age_s=age_s + more_s, fastest_mps=1.0 + fast)
    assert (late <= now).all()


@pytest.mark.req("S2")
@given(scans, contexts)
def test_to_lose_the_context_frees_nothing(story, context):
    assert (ratios(story, Context()) <= ratios(story, context)).all()


@given(scans, st.lists(contexts, min_size=2, max_size=6))
def test_a_switch_of_the_sets_raises_nothing_at_once(story, switches):
    watch = emptied(ALL)
    for i, people in enumerate(story):
        watch, answer = tick(ALL, watch, crowd(people), switches[i % len(switches)])
        for context in switches:
            _, after = tick(ALL, watch, crowd(people), context, scanned=False)
            assert float(after.ratio) <= float(answer.ratio)


@pytest.mark.parametrize("crowd_size", [0, 1, 3])
def test_many_cells_with_people_of_different_numbers_are_each_judged_as_alone(crowd_size):
    """Twenty cells over twelve ticks; where nobody is present, what stands there is no number."""
    rng = np.random.default_rng(crowd_size)
    whole, alone = Watch.fresh(ALL), [Watch.fresh(ALL) for _ in range(20)]
    for step in range(12):
        context = [Context("hand", ""), Context("pick", ""), Context()][step // 2 % 3]
        start = rng.uniform(-1.0, 5.0, (20, crowd_size, 3))
        present = rng.random((20, crowd_size)) < 0.5
        start[~present] = np.nan
        hide = rng.random((20, crowd_size)) < 0.3
        hidden = {1: hide} if step % 4 > 1 else {}
        each = {
            "scanned": rng.random(20) < 0.7, "blind": rng.random(20) < 0.1,
            "people_age_s": rng.uniform(0, 0.2, 20), "fastest_mps": rng.uniform(0, 1, 20),
        }  # fmt: skip
        many = Bodies(
            start, start + rng.uniform(-1, 1, start.shape), rng.uniform(0, 0.5, present.shape),
            rng.uniform(0, 3, present.shape), present,
        )  # fmt: skip
        whole, answer = tick(ALL, whole, many, context, hidden=hidden, **each)
        for i, here in enumerate(present):
            one = Bodies(*(part[i, here] for part in many))
            only = {index: mask[i, here] for index, mask in hidden.items()}
            numbers = {name: values[i] for name, values in each.items()}
            alone[i], single = tick(ALL, alone[i], one, context, hidden=only, **numbers)
            for name, value in single._asdict().items():
                assert np.array_equal(getattr(answer, name)[i], value), name
            for kept, now in zip(whole.counted, alone[i].counted, strict=True):
                assert (kept.occupied[i], kept.scans[i]) == (now.occupied, now.scans)


@pytest.mark.req("S2")
def test_who_may_be_anywhere_may_be_in_a_zone_at_once_also_between_scans():
    settings = cell(COMING)
    watch, _ = tick(settings, emptied(settings), bodies(9.0))
    for speed_mps in (0.0, math.nan):
        lost = bodies(math.nan, speed_mps=speed_mps)
        _, answer = tick(settings, watch, lost, scanned=False)
        assert float(answer.ratio) == 0.0


def test_no_zone_asks_for_more_than_all_the_speed():
    settings = cell(zone(), LIMIT, COMING)
    _, answer = tick(settings, emptied(settings), bodies(60.0))
    assert answer.ratio_of.tolist() == [1.0] * 3


def test_people_of_many_cells_are_judged_for_each_where_all_else_is_the_same():
    settings = cell(zone())
    crowd = Bodies(
        *(np.stack([near, far]) for near, far in zip(bodies(1.0), bodies(9.0), strict=True))
    )
    _, answer = tick(settings, emptied(settings), crowd)
    assert answer.ratio.tolist() == [0.5, 1.0]
    settings = cell()
    _, answer = tick(settings, Watch.fresh(settings), crowd)
    assert answer.ratio.tolist() == [1.0, 1.0]
