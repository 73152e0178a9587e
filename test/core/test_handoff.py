"""The handoff: total, and nothing is let go but what a person confirmed."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.handoff import LEAVE, NEXT, Handoff, HandoffEvent, mermaid, step

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
            }


@pytest.mark.req("S4")
@pytest.mark.parametrize("state", Handoff)
def test_only_an_offer_can_be_confirmed(state):
    after = step(state, HandoffEvent.CONFIRM)
    assert after is (Handoff.CONFIRMED if state is Handoff.OFFERED else state)


@pytest.mark.req("S4")
def test_the_gripper_may_not_open_before_the_confirmation():
    before = {
        Handoff.APPROACHING, Handoff.OFFERED, Handoff.REFUSED, Handoff.TIMED_OUT,
        Handoff.WITHDRAWN, Handoff.DROPPED,
    }  # fmt: skip
    assert {s for s in Handoff if not LEAVE[s].gripper_may_open} == before


def test_the_arm_rests_from_the_offer_until_the_part_is_gone():
    free = {Handoff.NONE, Handoff.APPROACHING, Handoff.DONE, Handoff.ABORTED}
    assert {s for s in Handoff if LEAVE[s].arm_may_move} == free


@pytest.mark.req("S4")
@pytest.mark.parametrize("state", Handoff)
def test_only_what_is_offered_can_be_dropped_and_what_is_let_go_is_not_withdrawn(state):
    dropped, withdrawn = (step(state, HandoffEvent(name)) for name in ("drop", "withdraw"))
    assert dropped is (Handoff.DROPPED if state is Handoff.OFFERED else state)
    asked = {Handoff.OFFERED, Handoff.CONFIRMED, Handoff.REFUSED, Handoff.TIMED_OUT}
    assert withdrawn is (Handoff.WITHDRAWN if state in asked else state)


@pytest.mark.parametrize("state", [Handoff.WITHDRAWN, Handoff.DROPPED])
def test_what_is_not_offered_any_more_is_begun_anew_or_given_up(state):
    after = {step(state, event) for event in HandoffEvent} - {state}
    assert after == {Handoff.APPROACHING, Handoff.ABORTED}


def test_every_state_is_reached():
    reached, frontier = {Handoff.NONE}, {Handoff.NONE}
    while frontier:
        frontier = {step(s, e) for s in frontier for e in HandoffEvent} - reached
        reached |= frontier
    assert reached == set(Handoff)


def test_the_diagram_shows_every_change():
    drawn = mermaid()
    changes = [(s, e, t) for (s, e), t in NEXT.items() if s is not t]
    assert drawn.startswith("stateDiagram-v2")
    assert drawn.count("-->") == len(changes) + 1
    assert all(f"{s.value} --> {t.value}: {e.value}" in drawn for s, e, t in changes)
