"""Calls for a person: total, in order, nobody's name in what leaves, and time alone escalates."""

import itertools
import json
from dataclasses import asdict, replace
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.andon import (
    BY_PEOPLE,
    NEXT,
    REASONS,
    Call,
    Event,
    Kind,
    Lamp,
    Limits,
    Phase,
    Urgency,
    as_data,
    by_itself,
    call_from,
    called,
    changed,
    escalation,
    lamp,
    mermaid,
    open_of,
    refusal,
    step,
    tally,
)

LIMITS = Limits(60.0, 300.0, 900.0)
ORDER = list(Phase)
times_s = st.floats(0.0, 1e6)
acts = st.lists(
    st.tuples(st.sampled_from([Event.TAKE, Event.RESOLVE, Event.OVER]), times_s), max_size=12
)


def new(kind=Kind.HELP, urgency=Urgency.YELLOW, at_s=1000.0, about=""):
    return called(None, kind, urgency, at_s, id=f"{kind.value}{at_s}", about=about)


def story(happened, at_s=1000.0):
    """Return a call through all that happened to it."""
    calls = [new(at_s=at_s)]
    for event, now_s in happened:
        calls.append(changed(calls[-1], event, now_s, by="an"))
    return calls


any_calls = st.lists(
    st.builds(
        lambda kind, at_s, happened: replace(story(happened, at_s)[-1], kind=kind),
        st.sampled_from(Kind), times_s, acts,
    )
)  # fmt: skip


def test_every_phase_answers_every_event():
    assert set(NEXT) == {(phase, event) for phase in Phase for event in Event}


def test_the_plain_story_is_called_taken_resolved():
    calls = story([(Event.TAKE, 1030.0), (Event.RESOLVE, 1090.0)])
    assert [call.phase.value for call in calls] == ["called", "taken", "resolved"]
    assert (calls[-1].called_s, calls[-1].taken_s, calls[-1].resolved_s) == (1000, 1030, 1090)
    assert (calls[1].taken_by, calls[2].taken_by) == ("an", ""), "only for those who wait"


@given(acts)
def test_a_call_only_goes_forward_and_its_times_never_fall(happened):
    for before, after in itertools.pairwise(story(happened)):
        assert ORDER.index(after.phase) >= ORDER.index(before.phase)
        known = [t for t in (after.called_s, after.taken_s, after.resolved_s) if t is not None]
        assert known == sorted(known)
        assert after.waits or after.resolved_s is not None


@given(acts)
def test_what_is_refused_changes_nothing_and_what_is_not_refused_does(happened):
    for call in story(happened):
        for event in (Event.TAKE, Event.RESOLVE):
            said = refusal(call, event)
            assert (said == "") == (step(call.phase, event) is not call.phase)
            assert said in ("", *REASONS)


def test_each_refusal_has_its_reason():
    taken = changed(new(), Event.TAKE, 1001.0, by="an")
    resolved = changed(taken, Event.RESOLVE, 1002.0)
    assert refusal(None, Event.TAKE) == refusal(None, Event.RESOLVE) == "andon_unknown"
    assert refusal(new(), Event.RESOLVE) == "andon_not_taken"
    assert refusal(taken, Event.TAKE) == "andon_taken"
    assert refusal(resolved, Event.TAKE) == refusal(resolved, Event.RESOLVE) == "andon_resolved"


@given(st.lists(st.sampled_from(Urgency), min_size=1))
def test_calling_again_is_one_call_that_never_becomes_less_urgent(taps):
    call = None
    for number, urgency in enumerate(taps):
        call = called(call, Kind.HELP, urgency, float(number), id=str(number))
    assert (call.id, call.called_s) == ("0", 0.0)
    assert call.urgency == max(taps)


def test_the_open_call_of_a_kind_is_found():
    over = changed(new(), Event.OVER, 1001.0)
    assert open_of([over, new(Kind.MACHINE)], Kind.HELP) is None
    assert open_of([over, new(at_s=5.0)], Kind.HELP).called_s == 5.0


# The system's own: it calls where a run waits, and escalates by time.


@pytest.mark.parametrize(
    ("waited_s", "of_called", "of_taken"),
    [(0.0, 0, 0), (59.9, 0, 0), (60.0, 1, 0), (299.9, 1, 0), (300.0, 2, 2), (900.0, 3, 3)],
)
def test_a_call_escalates_when_nobody_took_it_and_later_when_it_is_not_resolved(
    waited_s, of_called, of_taken
):
    call, now_s = new(), 1000.0 + waited_s
    taken = changed(call, Event.TAKE, 1001.0)
    assert escalation(call, now_s, LIMITS) == of_called
    assert escalation(taken, now_s, LIMITS) == of_taken
    assert escalation(changed(taken, Event.RESOLVE, now_s), now_s, LIMITS) == 0


@given(times_s, times_s)
def test_escalation_never_falls_with_time_alone(one_s, other_s):
    early_s, late_s = sorted((one_s, other_s))
    call = new(at_s=0.0)
    assert escalation(call, early_s, LIMITS) <= escalation(call, late_s, LIMITS)


def test_a_run_that_waits_for_a_decision_calls_once_and_takes_it_back():
    assert by_itself([], "", "timed_out") == ((), False)
    assert by_itself([], "run.7", "timed_out") == ((), True)
    call = new(Kind.HOLD, about="run.7")
    assert by_itself([call], "run.7", "timed_out") == ((), False)
    assert by_itself([call], "", "") == ((call,), False)
    assert by_itself([call], "run.9", "move_failed: blocked") == ((call,), True)
    over = changed(call, Event.OVER, 1001.0)
    assert by_itself([over], "run.7", "timed_out") == ((), False), "not a second time"
    assert by_itself([new(Kind.HELP, about="")], "", "") == ((), False), "people's calls stay"


def test_where_a_person_has_just_said_no_nobody_is_called():
    assert by_itself([], "run.7", "refused") == ((), False)


# What is told and counted.


@given(any_calls, times_s)
def test_the_lamp_says_the_worst_and_no_name(calls, now_s):
    said, waiting = lamp(calls, now_s, LIMITS), [call for call in calls if call.waits]
    assert said.open == len(waiting)
    for call in waiting:
        assert said.urgency >= call.urgency
        assert said.escalation >= escalation(call, now_s, LIMITS)
        assert call.kind.value in said.kinds
    if not waiting:
        assert said == Lamp()
    assert "an" not in json.dumps(list(asdict(said).values())).replace("quality", "")


@given(any_calls)
def test_a_day_is_counted_by_kind_whoever_was_there(calls):
    counted = tally(calls)
    assert sum(one.count for one in counted) == len(calls)
    assert counted == tally([replace(call, taken_by="somebody else") for call in calls])
    for one in counted:
        those = [call for call in calls if call.kind is one.kind]
        taken = [call.taken_s - call.called_s for call in those if call.taken_s is not None]
        resolved = [
            call.resolved_s - call.called_s for call in those if call.resolved_s is not None
        ]
        assert one.taken_s == (median(taken) if taken else None)
        assert one.resolved_s == (median(resolved) if resolved else None)


# Kept.


@given(any_calls)
def test_a_call_comes_back_from_its_data_as_it_was(calls):
    for call in calls:
        assert call_from(json.loads(json.dumps(as_data(call)))) == call


@pytest.mark.parametrize(
    "broken",
    [{}, {"kind": "tea"}, {"called_s": "noon"}, {"phase": 3}, {"more": 1}, {"urgency": 9}],
)
def test_what_is_not_a_call_is_refused(broken):
    data = {**as_data(new()), **broken} if broken else {}
    with pytest.raises(ValueError, match="not a call"):
        call_from(data)


def test_people_call_for_everything_but_what_the_cell_calls_for():
    assert {*Kind} - {*BY_PEOPLE} == {Kind.HOLD}
    assert isinstance(new(), Call)


def test_the_diagram_shows_every_change():
    drawn = mermaid().splitlines()
    assert drawn[1] == "    [*] --> none"
    assert len(drawn) - 2 == sum(phase is not target for (phase, _), target in NEXT.items())
