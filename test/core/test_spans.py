"""Marks of a record to spans: what a step, a cycle and a stop took, and what nobody knows."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.safety import State
from hrc_cell.core.spans import (
    Cycle,
    Gap,
    Open,
    PermitMark,
    Stop,
    TaskMark,
    Use,
    Visit,
    elapsed_s,
    fold,
    use_of,
)
from hrc_cell.core.task import Op, Phase

FREE, STANDS = State.FREE, State.STANDSTILL


def task(at_s, step="fetch", op=Op.MOVE, phase=Phase.RUNNING, cycle=1, run="r", mono_s=None):
    mono_s = at_s if mono_s is None else mono_s
    return TaskMark(
        at_s=at_s, mono_s=mono_s, phase=phase, recipe="bolts", run_id=run, cycle=cycle, step=step,
        op=op,
    )  # fmt: skip


def permit(at_s, state, cause="", mono_s=None):
    mono_s = at_s if mono_s is None else mono_s
    return PermitMark(at_s=at_s, mono_s=mono_s, state=state, cause=cause)


def gap(at_s):
    return Gap(at_s=at_s, mono_s=at_s)


IDLE = task(0.0, "", Op.NONE, Phase.IDLE, 0, "")
"""Seen at rest: what comes next is seen from its beginning."""


def spans_of(*marks):
    now, found = Open(), []
    for mark in marks:
        now, spans = fold(now, mark)
        found += spans
    return found


def only(kind, spans):
    return [one for one in spans if isinstance(one, kind)]


def used(visit):
    return {use: time_s for use, time_s in zip(Use, visit.uses, strict=True) if time_s}


def test_a_step_says_what_its_time_was_used_for():
    spans = spans_of(
        IDLE, permit(0.0, FREE), task(1.0), permit(3.0, STANDS, "separation"), permit(7.0, FREE),
        task(8.0, op=Op.GRASP), task(9.0, "hand", Op.OFFER, Phase.WAITING),
        task(19.0, "check", Op.WORK, Phase.WAITING), task(49.0, "check", Op.WORK, Phase.PAUSED),
        task(50.0, "check", Op.WORK, Phase.HELD), task(52.0, "", Op.NONE, Phase.DONE),
    )  # fmt: skip
    fetch, hand, check = only(Visit, spans)
    assert used(fetch) == {Use.WORKS: 4.0, Use.FOR_ROBOT: 4.0}
    assert used(hand) == {Use.FOR_PERSON: 10.0}
    assert used(check) == {Use.PERSON: 30.0, Use.PAUSED: 1.0, Use.FOR_PERSON: 2.0}
    assert [one.step for one in (fetch, hand, check)] == ["fetch", "hand", "check"]
    assert [one.lasted_s for one in (fetch, hand, check)] == [8.0, 10.0, 33.0]
    assert only(Cycle, spans) == [Cycle(recipe="bolts", begun_s=1.0, lasted_s=51.0)]
    assert only(Stop, spans) == [
        Stop(recipe="bolts", step="fetch", cause="separation", begun_s=3.0, lasted_s=4.0)
    ]


def test_a_cycle_ends_with_the_next_one_of_its_run():
    spans = spans_of(IDLE, task(1.0), task(6.0, cycle=2), task(13.0, cycle=3))
    assert [one.lasted_s for one in only(Cycle, spans)] == [5.0, 7.0]


@pytest.mark.parametrize(
    ("end", "cycles"),
    [
        (task(5.0, "", Op.NONE, Phase.ABORTED), []),  # given up: no cycle
        (task(5.0, run="other"), [None]),  # nobody saw how it ended
        (task(5.0, "", Op.NONE, Phase.IDLE), [None]),
        (task(5.0, "", Op.NONE, Phase.DONE), [4.0]),
    ],
)
def test_a_cycle_counts_only_if_it_was_gone_through(end, cycles):
    assert [one.lasted_s for one in only(Cycle, spans_of(IDLE, task(1.0), end))] == cycles


def test_a_step_that_was_given_up_is_no_measured_one():
    [visit] = spans_of(IDLE, permit(0.5, FREE), task(1.0), task(5.0, "", Op.NONE, Phase.ABORTED))
    assert (visit.begun_s, visit.uses, visit.lasted_s) == (1.0, None, None)


def test_what_had_begun_before_the_record_is_unknown():
    spans = spans_of(
        permit(0.0, FREE), task(1.0), task(5.0, "hand"), task(9.0, cycle=2),
        task(12.0, "", Op.NONE, Phase.DONE),
    )  # fmt: skip
    assert [one.lasted_s for one in only(Visit, spans)] == [None, 4.0, 3.0]
    assert [one.lasted_s for one in only(Cycle, spans)] == [None, 3.0]


@pytest.mark.req("S2")
def test_a_gap_makes_unknown_all_that_was_under_way_and_ends_a_stop():
    spans = spans_of(
        IDLE, permit(0.0, FREE), task(1.0), permit(2.0, STANDS, "zone"), gap(3.0),
        permit(50.0, STANDS), permit(51.0, FREE), task(52.0, "hand"), task(60.0, "back"),
    )  # fmt: skip
    assert [one.lasted_s for one in only(Stop, spans)] == [None], "one, of unknown length"
    assert [(one.step, one.lasted_s) for one in only(Visit, spans)] == [
        ("fetch", None), ("hand", None),
    ]  # fmt: skip


def test_a_run_goes_on_over_a_gap_and_the_next_step_is_known_again():
    spans = spans_of(
        IDLE, permit(0.0, FREE), task(1.0), gap(3.0), permit(4.0, FREE), task(5.0),
        task(9.0, "hand"), task(12.0, "back"), task(13.0, "", Op.NONE, Phase.DONE),
    )  # fmt: skip
    assert [(one.step, one.lasted_s) for one in only(Visit, spans)] == [
        ("fetch", None), ("hand", 3.0), ("back", 1.0),
    ]  # fmt: skip
    assert [one.lasted_s for one in only(Cycle, spans)] == [None]


def test_a_gap_where_nothing_was_under_way_leaves_nothing():
    assert spans_of(IDLE, gap(1.0), permit(2.0, STANDS)) == []


def test_a_movement_without_a_known_permit_is_of_unknown_use():
    assert [one.uses for one in spans_of(IDLE, task(1.0), task(2.0, "hand"))] == [None]
    assert use_of(task(1.0), None) is None
    assert use_of(task(1.0, op=Op.GRASP), None) is Use.WORKS


@pytest.mark.parametrize("state", [State.LATCHED, State.READY, State.STANDSTILL])
def test_a_stop_begins_where_the_arm_was_let_move(state):
    assert spans_of(permit(0.0, state), permit(1.0, FREE)) == []
    [stop] = spans_of(
        permit(0.0, State.REDUCED), permit(1.0, state, "fault"), permit(2.0, STANDS, "zone"),
        permit(5.0, State.REDUCED),
    )  # fmt: skip
    assert stop == Stop(recipe="", step="", cause="fault", begun_s=1.0, lasted_s=4.0)


@pytest.mark.req("S2")
def test_a_clock_that_was_set_makes_a_time_unknown_and_not_long():
    late = replace(task(7000.0, "hand"), mono_s=4.0)
    spans = spans_of(IDLE, permit(0.0, FREE), task(1.0), late)
    assert [one.lasted_s for one in only(Visit, spans)] == [None]
    assert elapsed_s(None, gap(1.0)) is None
    assert elapsed_s(gap(5.0), gap(4.9)) is None
    assert elapsed_s(gap(5.0), gap(5.0)) == 0.0, "two lines may be of one instant"
    assert elapsed_s(gap(5.0), Gap(at_s=6.0, mono_s=7.0)) == 1.0
    assert elapsed_s(gap(5.0), Gap(at_s=6.0, mono_s=7.1)) is None


STEPS = st.sampled_from(["fetch", "hand", "back"])
PHASES = st.sampled_from([Phase.RUNNING, Phase.WAITING, Phase.HELD, Phase.PAUSED])
OPS = st.sampled_from([Op.MOVE, Op.GRASP, Op.OFFER, Op.WORK])
WAYS = st.lists(st.tuples(st.floats(0.01, 60.0), STEPS, PHASES, OPS), min_size=1, max_size=20)


@given(ways=WAYS)
def test_every_second_of_a_cycle_is_in_one_step_and_has_one_use(ways):
    at_s, marks = 1.0, [IDLE, permit(0.5, FREE)]
    for time_s, step, phase, op in ways:
        marks.append(task(at_s, step, op, phase))
        at_s += time_s
    marks.append(task(at_s, "", Op.NONE, Phase.DONE))
    spans = spans_of(*marks)
    [cycle] = only(Cycle, spans)
    assert cycle.lasted_s == pytest.approx(at_s - 1.0)
    assert sum(one.lasted_s for one in only(Visit, spans)) == pytest.approx(cycle.lasted_s)


MARKS = st.lists(
    st.one_of(
        st.builds(gap, st.floats(0.0, 1e6)),
        st.builds(permit, st.floats(0.0, 1e6), st.sampled_from(State), st.sampled_from("ab")),
        st.builds(
            task, st.floats(0.0, 1e6), STEPS, OPS, st.sampled_from(Phase), st.integers(0, 3),
            st.sampled_from("rs"), st.floats(0.0, 1e6),
        ),
    ),
    max_size=40,
)  # fmt: skip


@given(marks=MARKS)
def test_no_time_is_negative_whatever_the_record_says(marks):
    for span in spans_of(*marks):
        assert span.lasted_s is None or span.lasted_s >= 0.0
