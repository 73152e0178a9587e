"""The state table: laws for every state and event, and the stories that it must tell."""

from functools import reduce
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.safety import (
    CATEGORY_CODE,
    CAUSES,
    CLEARS,
    CLEARS_CODE,
    CODE,
    NEXT,
    NEXT_CODE,
    RULES,
    Clears,
    Event,
    State,
    Stop,
    causes_table,
    mermaid,
)

MOVING = (State.REDUCED, State.FREE)
events = st.sampled_from(Event)


def after_event(state, event):
    return NEXT[state, event]


def test_the_table_is_total_and_every_event_has_a_rule():
    assert set(NEXT) == set(product(State, Event))
    assert set(RULES) == set(Event)


@pytest.mark.req("S3")
def test_only_reset_leaves_latched_and_never_into_motion():
    assert {e for e in Event if NEXT[State.LATCHED, e] is not State.LATCHED} == {Event.RESET}
    assert NEXT[State.LATCHED, Event.RESET] is State.READY


@pytest.mark.req("S3")
def test_only_start_leaves_ready_upwards_and_never_into_motion():
    assert {e for e in Event if NEXT[State.READY, e] > State.READY} == {Event.START}
    assert NEXT[State.READY, Event.START] is State.STANDSTILL


@pytest.mark.req("S3")
def test_reset_and_start_move_nothing():
    for event in (Event.RESET, Event.START):
        assert all(NEXT[s, event] is s for s in State if s >= State.STANDSTILL)


def test_a_step_climbs_at_most_one_rung():
    assert all(target - state <= 1 for (state, _), target in NEXT.items())


def test_what_clears_says_how_far_an_event_brings_the_arm_down():
    reached = {
        Clears.RESET: State.LATCHED,
        Clears.START: State.READY,
        Clears.RELEASE_AND_PRESS: State.READY,
    }
    for event, rule in RULES.items():
        for state in State:
            if rule.clears in reached:
                assert NEXT[state, event] is min(state, reached[rule.clears])


def test_an_event_that_stops_names_a_category_and_no_other_does():
    for event, rule in RULES.items():
        stops = all(NEXT[state, event] not in MOVING for state in State)
        assert (rule.category is not None) == stops, event
        assert rule.category in (None, 1, 2)
        assert rule.text
    assert [e for e in Event if RULES[e].category == 1] == [Event.EMERGENCY_STOP_INPUT]


def test_each_event_caps_the_speed_it_leaves_behind():
    caps = {Event.INTRUSION: State.STANDSTILL, Event.NEAR: State.REDUCED}
    for event, cap in caps.items():
        assert all(NEXT[state, event] <= cap for state in State)
    assert NEXT[State.REDUCED, Event.CLEAR] is State.FREE


@given(st.sampled_from(State), st.lists(events, max_size=30))
def test_whoever_was_stopped_needs_every_act_of_a_person_again(start, happened):
    state = start
    for event in happened:
        before, state = state, NEXT[state, event]
        if before is State.LATCHED and state is not State.LATCHED:
            assert event is Event.RESET
        if before is State.READY and state > State.READY:
            assert event is Event.START
        if state in MOVING:
            assert before >= State.STANDSTILL


@pytest.mark.req("S3")
@given(st.sampled_from(State), st.lists(events, max_size=30), st.lists(events, max_size=5))
def test_a_stop_in_a_crowd_of_events_is_never_lost(start, before, after):
    state = NEXT[reduce(after_event, before, start), Event.FAULT]
    assert state is State.LATCHED
    for event in after:
        state = NEXT[state, event]
    if Event.RESET not in after:
        assert state is State.LATCHED


def test_the_most_urgent_event_has_the_lowest_number():
    assert [CODE[event] for event in Event] == list(range(len(Event)))
    assert CODE[Event.FAULT] < CODE[Event.STOP_REQUEST] < CODE[Event.CLEAR]


def test_urgency_follows_how_far_an_event_brings_a_free_arm_down():
    stops = [e for e in Event if e not in (Event.RESET, Event.START)]
    reached = [NEXT[State.FREE, e] for e in stops]
    assert reached == sorted(reached)


@pytest.mark.req("S3")
def test_reset_comes_after_all_that_latches_and_start_after_all_that_stops():
    order = list(Event)
    latching = [e for e in Event if RULES[e].clears is Clears.RESET]
    held = [e for e in Event if RULES[e].clears in (Clears.START, Clears.RELEASE_AND_PRESS)]
    assert max(map(order.index, latching)) < order.index(Event.RESET)
    assert max(map(order.index, held)) < order.index(Event.START)
    assert order.index(Event.START) < order.index(Event.INTRUSION)


@pytest.mark.req("S3")
def test_a_reset_in_the_same_tick_as_a_lesser_stop_loses_nothing_of_it():
    """Reset is counted in LATCHED alone, and no event that it comes before leads higher."""
    for event in Event:
        if RULES[event].clears in (Clears.START, Clears.RELEASE_AND_PRESS):
            assert NEXT[State.LATCHED, Event.RESET] <= NEXT[State.FREE, event]


def test_the_tables_by_number_say_the_same():
    for state, event in product(State, Event):
        assert NEXT_CODE[state, CODE[event]] == NEXT[state, event]
    for event, rule in RULES.items():
        assert CATEGORY_CODE[CODE[event]] == (-1 if rule.category is None else rule.category)
        assert CLEARS[CLEARS_CODE[CODE[event]]] is rule.clears
    assert NEXT_CODE.shape == (len(State), len(Event))
    assert NEXT_CODE.dtype == CATEGORY_CODE.dtype == CLEARS_CODE.dtype == np.int_


def test_a_person_walks_up_and_away_and_a_scanner_fails():
    story = [
        (Event.CLEAR, "LATCHED"), (Event.START, "LATCHED"), (Event.RESET, "READY"),
        (Event.CLEAR, "READY"), (Event.RESET, "READY"), (Event.START, "STANDSTILL"),
        (Event.CLEAR, "REDUCED"), (Event.CLEAR, "FREE"), (Event.NEAR, "REDUCED"),
        (Event.INTRUSION, "STANDSTILL"), (Event.INTRUSION, "STANDSTILL"), (Event.NEAR, "REDUCED"),
        (Event.CLEAR, "FREE"), (Event.INTRUSION, "STANDSTILL"), (Event.STOP_REQUEST, "READY"),
        (Event.START, "STANDSTILL"), (Event.FAULT, "LATCHED"), (Event.CLEAR, "LATCHED"),
        (Event.RESET, "READY"), (Event.WRONG_MODE, "READY"), (Event.INTRUSION_MANUAL, "LATCHED"),
    ]  # fmt: skip
    state = State.LATCHED
    for event, expected in story:
        state = NEXT[state, event]
        assert state.name == expected, event


def test_the_diagram_is_drawn_from_the_table():
    drawn = mermaid()
    assert drawn.startswith("stateDiagram-v2\n    [*] --> LATCHED\n    LATCHED --> READY: reset\n")
    latching = "emergency_stop_input, fault, guards_open, intrusion_manual"
    assert f"    FREE --> LATCHED: {latching}\n" in drawn
    assert drawn.endswith("    FREE --> REDUCED: near")
    assert drawn.count("-->") == 1 + len({(s, t) for (s, _), t in NEXT.items() if s is not t})


def test_every_cause_has_a_meaning_and_says_whom_it_names():
    assert all(cause.text for cause in CAUSES.values())
    named = {name for name, cause in CAUSES.items() if "(:" in cause.text}
    scanner = {name for name in CAUSES if name.startswith("scanner_")}
    assert named == scanner | {
        "node_silent",
        "zone",
        "inputs_discrepancy",
        "stop_too_long",
        "moved_at_standstill",
    }


def test_every_cause_stops_as_some_event_does_and_every_stop_has_a_cause():
    rules = {Stop(r.category, r.clears) for r in RULES.values() if r.category is not None}
    assert {stop for cause in CAUSES.values() for stop in cause.stops} == rules
    assert all(len({*cause.stops}) == len(cause.stops) for cause in CAUSES.values())


@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("clears", "names"),
    [
        (Clears.RELEASE_AND_PRESS, {"overspeed", "enabling_switch"}),
        (Clears.START, {"mode", "mode_changed", "stop_request", "not_started"}),
        (
            Clears.ITSELF,
            {"zone", "separation", "contact", "resume_wait"},
        ),
    ],
)
def test_what_needs_less_than_a_reset_is_named_here(clears, names):
    stops = [(name, stop) for name, cause in CAUSES.items() for stop in cause.stops]
    assert {name for name, stop in stops if stop.clears is clears} == names
    latching = {name for name, stop in stops if stop.clears is Clears.RESET}
    assert latching >= {"inputs_discrepancy", "guards_open", "person_behind_guards", "zone"}


def test_only_the_emergency_stop_takes_the_power_and_three_causes_only_slow():
    assert {name for name, c in CAUSES.items() if 2 not in {s.category for s in c.stops}} == {
        "emergency_stop_input", "", "manual_speed", "resuming",
    }  # fmt: skip
    assert CAUSES["emergency_stop_input"].stops == (Stop(1, Clears.RESET),)


def test_the_table_of_causes_is_drawn_from_the_causes():
    head, line, *rows = causes_table().splitlines()
    assert head.count("|") == line.count("|") == 5
    assert len(rows) == len(CAUSES)
    assert "| `zone` |" in rows[list(CAUSES).index("zone")]
    assert rows[list(CAUSES).index("zone")].endswith("| 2 | itself, reset |")
    assert rows[list(CAUSES).index("overspeed")].endswith("| 2 | release and press |")
    assert rows[-1] == '| `""` | nothing: the arm may move as asked | none | itself |'
