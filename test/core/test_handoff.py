"""The handoff: total, and nothing is let go or gripped but what a person confirmed."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.handoff import (
    FREE,
    LEAVE,
    NEXT,
    RECEIVING,
    Handoff,
    HandoffEvent,
    mermaid,
    step,
)

events = st.lists(st.sampled_from(HandoffEvent), max_size=40)
OPEN = {Handoff.RELEASED, Handoff.TAKEN, Handoff.DONE}


def walk(happened):
    """Return the states that a new handoff goes through."""
    states = [Handoff.NONE]
    for event in happened:
        states.append(step(states[-1], event))
    return states


def test_every_state_answers_every_event():
    assert set(NEXT) == {(state, event) for state in Handoff for event in HandoffEvent}
    assert set(LEAVE) == set(Handoff)


def test_the_plain_story_ends_done():
    story = ["begin", "arrive", "confirm", "opened", "gone", "close"]
    assert [s.value for s in walk(map(HandoffEvent, story))] == (
        ["none", "approaching", "offered", "confirmed", "released", "taken", "done"]
    )
    story = ["come", "arrive", "confirm", "shut", "sense", "gone"]
    assert [s.value for s in walk(map(HandoffEvent, story))] == (
        ["none", "coming", "awaited", "given", "closed", "received", "done"]
    )


@pytest.mark.req("S4")
@given(events)
def test_no_way_leads_from_one_direction_into_the_other(happened):
    for before, after in itertools.pairwise(walk(happened)):
        if before not in FREE and after not in FREE:
            assert (before in RECEIVING) == (after in RECEIVING)


@pytest.mark.req("S4")
@given(events)
def test_each_closing_has_one_confirmation_of_its_own(happened):
    states = walk(happened)
    confirmed = closed = 0
    for before, after in itertools.pairwise(states):
        confirmed += before is not Handoff.GIVEN and after is Handoff.GIVEN
        if after is Handoff.GIVEN is not before:
            assert before in (Handoff.AWAITED, Handoff.KEPT)
        closed += before is not Handoff.CLOSED and after is Handoff.CLOSED
        assert closed <= confirmed


@pytest.mark.req("S4")
@given(events)
def test_from_the_confirmation_until_the_part_is_sensed_only_a_person_leads_to_an_open_gripper(
    happened,
):
    """COME is fed only for a person's answer there, ABORT for a run or step given up."""
    closing = False
    states = walk(happened)
    for event, after in zip(happened, states[1:], strict=True):
        closing |= after is Handoff.GIVEN
        closing &= after is not Handoff.RECEIVED
        closing &= event not in (HandoffEvent.COME, HandoffEvent.ABORT)
        assert not (closing and LEAVE[after].gripper_may_open)


@pytest.mark.req("S4")
@given(events)
def test_each_release_has_one_confirmation_of_its_own(happened):
    states = walk(happened)
    confirmed = released = 0
    for before, after in itertools.pairwise(states):
        confirmed += before is Handoff.OFFERED and after is Handoff.CONFIRMED
        released += before is not Handoff.RELEASED and after is Handoff.RELEASED
        assert released <= confirmed
        if after is Handoff.RELEASED and before is not after:
            assert before is Handoff.CONFIRMED


@pytest.mark.req("S4")
@given(events)
def test_a_confirmation_ends_in_a_release_in_a_persons_decision_or_is_asked_again(happened):
    states = walk(happened)
    for before, after, event in zip(states, states[1:], happened, strict=False):
        if before is Handoff.CONFIRMED and after is not before:
            assert (after, event) in {
                (Handoff.RELEASED, HandoffEvent.OPENED),
                (Handoff.ABORTED, HandoffEvent.ABORT),
                (Handoff.OFFERED, HandoffEvent.OFFER_AGAIN),
                (Handoff.WITHDRAWN, HandoffEvent.WITHDRAW),
                (Handoff.DROPPED, HandoffEvent.DROP),
            }


@pytest.mark.req("S4")
@pytest.mark.parametrize("state", Handoff)
def test_only_an_offer_can_be_confirmed(state):
    after = step(state, HandoffEvent.CONFIRM)
    confirmed = {
        Handoff.OFFERED: Handoff.CONFIRMED, Handoff.AWAITED: Handoff.GIVEN,
        Handoff.KEPT: Handoff.GIVEN,
    }  # fmt: skip
    assert after is confirmed.get(state, state)


@pytest.mark.req("S4")
def test_the_gripper_may_not_open_before_the_confirmation():
    before = {
        Handoff.APPROACHING, Handoff.OFFERED, Handoff.REFUSED, Handoff.TIMED_OUT,
        Handoff.WITHDRAWN, Handoff.DROPPED,
    }  # fmt: skip
    assert {s for s in Handoff if not LEAVE[s].gripper_may_open} - RECEIVING == before
    assert {s for s in RECEIVING if LEAVE[s].gripper_may_open} == {Handoff.COMING}


@pytest.mark.req("S4")
def test_in_a_handoff_the_gripper_may_close_only_for_a_part_that_is_given():
    assert {s for s in Handoff if LEAVE[s].gripper_may_close} - FREE == {Handoff.GIVEN}


def test_the_arm_rests_from_the_offer_until_the_part_is_gone():
    free = FREE | {Handoff.APPROACHING, Handoff.COMING}
    assert {s for s in Handoff if LEAVE[s].arm_may_move} == free


@pytest.mark.req("S4")
@pytest.mark.parametrize("state", Handoff)
def test_only_what_is_held_can_be_dropped_and_what_is_let_go_is_not_withdrawn(state):
    dropped, withdrawn = (step(state, HandoffEvent(name)) for name in ("drop", "withdraw"))
    lost = {
        Handoff.OFFERED: Handoff.DROPPED, Handoff.CONFIRMED: Handoff.DROPPED,
        Handoff.RECEIVED: Handoff.LOST,
    }  # fmt: skip
    assert dropped is lost.get(state, state)
    asked = {Handoff.OFFERED, Handoff.CONFIRMED, Handoff.REFUSED, Handoff.TIMED_OUT}
    open_ = {Handoff.AWAITED, Handoff.NOT_GIVEN, Handoff.UNANSWERED}
    changed = {
        **dict.fromkeys(asked, Handoff.WITHDRAWN), **dict.fromkeys(open_, Handoff.RECALLED),
        Handoff.GIVEN: Handoff.UNSURE, Handoff.KEPT: Handoff.UNSURE,
    }  # fmt: skip
    assert withdrawn is changed.get(state, state)


@pytest.mark.parametrize(
    ("state", "anew"),
    [
        (Handoff.WITHDRAWN, {Handoff.APPROACHING}), (Handoff.DROPPED, {Handoff.APPROACHING}),
        (Handoff.RECALLED, {Handoff.COMING}), (Handoff.LOST, {Handoff.COMING}),
        (Handoff.UNSURE, {Handoff.COMING, Handoff.KEPT}),
    ],
)  # fmt: skip
def test_what_is_not_asked_any_more_is_begun_anew_or_given_up(state, anew):
    after = {step(state, event) for event in HandoffEvent} - {state}
    assert after == {*anew, Handoff.ABORTED}


def test_every_state_is_reached():
    reached, frontier = {Handoff.NONE}, {Handoff.NONE}
    while frontier:
        frontier = {step(s, e) for s in frontier for e in HandoffEvent} - reached
        reached |= frontier
    assert reached == set(Handoff)


def test_the_two_diagrams_show_every_change_once():
    changes = {f"{s.value} --> {t.value}: {e.value}" for (s, e), t in NEXT.items() if s is not t}
    halves = [mermaid(), mermaid(receiving=True)]
    assert all(drawn.startswith("stateDiagram-v2\n    [*] --> none\n") for drawn in halves)
    drawn = [line.strip() for half in halves for line in half.splitlines()[2:]]
    assert len(drawn) == len(set(drawn))
    assert set(drawn) == changes
