"""Spans to figures: honest about how many, the same whatever the order, and of no person."""

import json
import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.figures import RECENT, Figure, figure, of_all, shifts, usual_s, within
from hrc_cell.core.spans import Cycle, Gap, PermitMark, Stop, TaskMark, Use, Visit

FROM_S, TO_S = 1000.0, 2000.0
TIMES = st.one_of(st.none(), st.floats(0.0, 1e5))
INSTANTS = st.floats(900.0, 2100.0)
NAMES = st.sampled_from(["fetch", "hand", "back"])
USES = st.one_of(st.none(), st.tuples(*[st.floats(0.0, 1e4)] * len(Use)))
SPANS = st.lists(
    st.one_of(
        st.builds(Visit, recipe=NAMES, step=NAMES, begun_s=INSTANTS, uses=USES),
        st.builds(Cycle, recipe=NAMES, begun_s=INSTANTS, lasted_s=TIMES),
        st.builds(
            Stop, recipe=NAMES, step=NAMES, cause=st.sampled_from(["zone", "separation"]),
            begun_s=INSTANTS, lasted_s=TIMES,
        ),
    ),
    max_size=24,
)  # fmt: skip


def visit(begun_s, step="hand", **uses):
    times = tuple(float(uses.get(use.value, 0.0)) for use in Use)
    return Visit(recipe="bolts", step=step, begun_s=begun_s, uses=times)


def test_median_and_p90_are_times_that_occurred():
    told = figure([float(k) for k in range(20, 0, -1)])
    assert told == Figure(n=20, unknown=0, total_s=210.0, median_s=10.0, p90_s=18.0)
    assert figure([4.0, 1.0, 2.0, 3.0, 5.0]).median_s == 3.0
    many = figure([float(k) for k in range(1, 1001)])
    assert (many.median_s, many.p90_s) == (500.0, 900.0)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("n", "median", "p90"),
    [
        (0, False, False), (4, False, False), (5, True, False), (9, True, False),
        (10, True, True),
    ],
)  # fmt: skip
def test_of_few_only_their_number_is_told(n, median, p90):
    told = figure([None, *[1.0] * n])
    assert (told.n, told.unknown) == (n, 1)
    assert (told.median_s is not None, told.p90_s is not None) == (median, p90)


@given(st.lists(TIMES, max_size=50))
def test_a_figure_counts_every_time_once_and_lies_among_them(times):
    told = figure(times)
    known = [time_s for time_s in times if time_s is not None]
    assert told.n + told.unknown == len(times)
    assert told.total_s == math.fsum(known)
    if told.median_s is not None:
        assert told.median_s in known
        assert sum(time_s <= told.median_s for time_s in known) >= told.n / 2
        assert sum(time_s >= told.median_s for time_s in known) >= told.n / 2
    if told.p90_s is not None:
        assert told.p90_s in known
        assert sum(time_s <= told.p90_s for time_s in known) >= 0.9 * told.n
        assert sum(time_s < told.p90_s for time_s in known) < 0.9 * told.n


def test_steps_say_what_their_time_was_used_for():
    spans = [visit(1000.0 + k, works=2.0, for_person=float(k)) for k in range(12)]
    spans += [visit(1500.0, "back", works=1.0, for_robot=0.5)]
    spans += [Visit(recipe="bolts", step="back", begun_s=1501.0, uses=None)]
    hand, back = of_all(spans, FROM_S, TO_S, [])["steps"]
    assert (hand["step"], back["step"]) == ("hand", "back"), "what took most stands first"
    assert hand["uses_s"] == {
        "works": 24.0, "person": 0.0, "for_person": 66.0, "for_robot": 0.0, "paused": 0.0,
    }  # fmt: skip
    assert hand["waits"]["for_person"]["median_s"] == 5.0
    assert hand["lasted"]["p90_s"] == 12.0
    assert (back["lasted"]["n"], back["lasted"]["unknown"]) == (1, 1)
    assert back["waits"]["for_robot"]["total_s"] == 0.5


def test_stops_are_counted_by_cause_and_step():
    def stop(cause, step, lasted_s):
        return Stop(recipe="bolts", step=step, cause=cause, begun_s=1200.0, lasted_s=lasted_s)

    spans = [stop("fault", "back", None), stop("zone", "hand", 2.0), stop("zone", "back", 3.0)]
    zone, fault = of_all(spans, FROM_S, TO_S, [])["stops"]
    assert (zone["cause"], zone["count"], zone["lasted"]["total_s"]) == ("zone", 2, 5.0)
    assert zone["steps"] == [
        {"recipe": "bolts", "step": "back", "count": 1},
        {"recipe": "bolts", "step": "hand", "count": 1},
    ]
    assert (fault["count"], fault["lasted"]["n"], fault["lasted"]["unknown"]) == (1, 0, 1)


def test_a_step_of_which_nothing_is_known_is_there_with_no_time():
    spans = [Visit(recipe="bolts", step="hand", begun_s=1001.0, uses=None)]
    told = of_all(spans, FROM_S, TO_S, [])
    [hand] = told["steps"]
    assert (hand["lasted"]["n"], hand["lasted"]["unknown"]) == (0, 1)
    assert set(hand["uses_s"].values()) == {0.0}
    assert told["shifts"][0]["waits_s"] == {"for_person": 0.0, "for_robot": 0.0}


def test_shifts_change_where_one_was_taken_over():
    assert shifts([], FROM_S, TO_S) == [(FROM_S, TO_S)]
    assert shifts([FROM_S, TO_S, 3.0], FROM_S, TO_S) == [(FROM_S, TO_S)]
    assert shifts([1200.0, 1200.0], FROM_S, TO_S) == [(FROM_S, 1200.0), (1200.0, TO_S)]
    spans = [Cycle(recipe="b", begun_s=at_s, lasted_s=1.0) for at_s in (1000.0, 1199.9, 1200.0)]
    told = of_all([*spans, visit(1300.0, for_person=7.0)], FROM_S, TO_S, [1200.0])["shifts"]
    assert [one["cycles"]["n"] for one in told] == [2, 1]
    assert [one["waits_s"]["for_person"] for one in told] == [0.0, 7.0]


def test_a_span_belongs_to_the_instant_at_which_it_began():
    spans = [Cycle(recipe="b", begun_s=at_s, lasted_s=1.0) for at_s in (999.9, FROM_S, TO_S)]
    assert within(spans, FROM_S, TO_S) == [spans[1]]


@given(spans=SPANS, taken=st.lists(INSTANTS, max_size=4), data=st.data())
def test_the_order_of_the_spans_changes_nothing(spans, taken, data):
    other = data.draw(st.permutations(spans))
    assert of_all(other, FROM_S, TO_S, taken) == of_all(spans, FROM_S, TO_S, taken)


@given(spans=SPANS, taken=st.lists(INSTANTS, max_size=4))
def test_nothing_is_lost_between_the_whole_and_its_parts(spans, taken):
    told = of_all(spans, FROM_S, TO_S, taken)
    there = within(spans, FROM_S, TO_S)
    cycles, visits, stops = (
        [one for one in there if isinstance(one, kind)] for kind in (Cycle, Visit, Stop)
    )
    for name in ("n", "unknown"):
        assert sum(one["cycles"][name] for one in told["shifts"]) == told["cycles"][name]
    assert told["cycles"]["n"] + told["cycles"]["unknown"] == len(cycles)
    assert sum(one["lasted"]["n"] + one["lasted"]["unknown"] for one in told["steps"]) == len(
        visits
    )
    assert sum(one["count"] for one in told["stops"]) == len(stops)
    assert sum(one["stops"] for one in told["shifts"]) == len(stops)
    for one in told["stops"]:
        assert sum(step["count"] for step in one["steps"]) == one["count"]
    for one in told["steps"]:
        assert sum(one["uses_s"].values()) == pytest.approx(one["lasted"]["total_s"])
    for use in ("for_person", "for_robot"):
        by_step = sum(one["uses_s"][use] for one in told["steps"])
        assert sum(one["waits_s"][use] for one in told["shifts"]) == pytest.approx(by_step)


@given(spans=SPANS)
def test_figures_can_be_sent_as_json(spans):
    json.dumps(of_all(spans, FROM_S, TO_S, []), allow_nan=False)


def test_nothing_that_figures_are_made_of_has_room_for_a_person():
    for kind in (Visit, Cycle, Stop, TaskMark, PermitMark, Gap):
        assert {one.name for one in fields(kind)} <= {
            "recipe", "step", "begun_s", "uses", "lasted_s", "cause", "at_s", "mono_s", "phase",
            "run_id", "cycle", "op", "state",
        }  # fmt: skip


def cycles(*times_s, recipe="bolts"):
    return [
        Cycle(recipe=recipe, begun_s=float(k), lasted_s=time_s) for k, time_s in enumerate(times_s)
    ]


def test_how_long_a_cycle_usually_takes_is_the_median_of_the_last_of_its_recipe():
    assert RECENT == 5
    assert usual_s([], "bolts") is None
    assert usual_s(cycles(9.0, None, 3.0, 1.0, 2.0, None, 5.0, 4.0), "bolts") == 3.0
    assert usual_s(cycles(7.0, 2.0), "bolts") == 2.0, "the lower of two"
    assert usual_s(cycles(None), "bolts") is None
    assert usual_s(cycles(7.0, recipe="screws") + cycles(4.0), "bolts") == 4.0
    assert usual_s([visit(1.0, works=8.0)], "bolts") is None


@given(SPANS, st.randoms(use_true_random=False))
def test_what_is_usual_does_not_hang_on_the_order_and_lies_among_the_known(spans, chance):
    mixed = list(spans)
    chance.shuffle(mixed)
    for recipe in ("fetch", "hand"):
        usual = usual_s(spans, recipe)
        assert usual == usual_s(mixed, recipe)
        known = [
            one.lasted_s for one in spans if isinstance(one, Cycle) and one.recipe == recipe
            and one.lasted_s is not None
        ]  # fmt: skip
        assert usual in known or (usual is None and not known)
