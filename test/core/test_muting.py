"""Muting: two signals, one after the other, for a bounded time, and never by one that is stuck."""

import math
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from strategies import unknown

from hrc_cell.core.muting import (
    MutingMemory,
    Phase,
    Signal,
    after_tick,
    hides,
    muted_zones,
)
from hrc_cell.settings.zones import Muting

RULE = Muting(
    zone="gate", signals=("barrier", "carrier"), order="fixed", begin_within_s=1.0, time_max_s=5.0,
    signal_timeout_s=0.2,
)  # fmt: skip
FREE = replace(RULE, order="free")
OFF, FIRST, SECOND, BOTH = (False, False), (True, False), (False, True), (True, True)


def signals(states, age_s=0.0):
    """Return the two signals; one whose state is None was never heard."""
    named = zip(RULE.signals, states, strict=True)
    return {name: Signal(state, age_s) for name, state in named if state is not None}


def run(rule, story, memory=MutingMemory()):  # noqa: B008
    """Return the phase after each (time, states)."""
    phases = []
    for now_s, states in story:
        memory = after_tick(rule, memory, signals(states), now_s)
        phases.append(memory.phase)
    return phases


def muted_at(rule, story):
    return [phase is Phase.MUTED for phase in run(rule, story)]


def test_two_signals_one_after_the_other_mute_until_one_of_them_ends():
    story = [(0, OFF), (1, FIRST), (1.5, BOTH), (4, BOTH), (5, SECOND), (6, OFF), (7, FIRST)]
    assert run(RULE, story) == [
        Phase.RESTED, Phase.BEGUN, Phase.MUTED, Phase.MUTED, Phase.SPENT, Phase.RESTED, Phase.BEGUN,
    ]  # fmt: skip


def test_the_second_must_follow_within_the_time():
    for begun, phase in ((2.0, Phase.MUTED), (2.01, Phase.SPENT)):
        assert run(RULE, [(0, OFF), (1, FIRST), (1.5, FIRST), (begun, BOTH)])[-1] is phase
    assert run(RULE, [(0, OFF), (1, FIRST), (2.01, FIRST), (2.1, BOTH)])[-2:] == [Phase.SPENT] * 2


def test_a_fixed_order_is_kept_and_a_free_one_may_be_any():
    wrong = [(0, OFF), (1, SECOND), (1.5, BOTH)]
    assert run(RULE, wrong)[1:] == [Phase.SPENT, Phase.SPENT]
    assert run(FREE, wrong)[1:] == [Phase.BEGUN, Phase.MUTED]
    assert run(FREE, [(0, OFF), (1, FIRST), (1.5, BOTH)])[-1] is Phase.MUTED
    at_once = [(0, OFF), (1, BOTH)]
    assert run(RULE, at_once)[-1] is Phase.SPENT
    assert run(FREE, at_once)[-1] is Phase.MUTED


def test_the_first_must_still_be_true_when_the_second_comes():
    for rule in (RULE, FREE):
        assert run(rule, [(0, OFF), (1, FIRST), (1.2, SECOND), (1.4, BOTH)])[2:] == [
            Phase.SPENT, Phase.SPENT,
        ]  # fmt: skip
    assert run(FREE, [(0, OFF), (1, SECOND), (1.2, FIRST)])[-1] is Phase.SPENT
    assert run(RULE, [(0, OFF), (1, FIRST), (1.2, OFF), (1.4, FIRST)])[2:] == [
        Phase.RESTED, Phase.BEGUN,
    ]  # fmt: skip


def test_it_ends_after_its_time_and_comes_back_only_after_both_were_false():
    story = [(0, OFF), (1, FIRST), (2, BOTH), (6.99, BOTH), (7, BOTH), (8, FIRST), (8.5, BOTH)]
    assert muted_at(RULE, story) == [False, False, True, True, False, False, False]
    again = [*story, (9, OFF), (10, FIRST), (10.5, BOTH)]
    assert muted_at(RULE, again)[-3:] == [False, False, True]


@pytest.mark.req("S2")
def test_what_is_true_when_the_monitor_starts_mutes_nothing():
    assert run(FREE, [(0, FIRST), (0.5, BOTH), (1, FIRST), (1.5, BOTH)]) == [Phase.SPENT] * 4


@pytest.mark.req("S2")
@pytest.mark.parametrize("before", [OFF, FIRST, BOTH])
@pytest.mark.parametrize("lost", [(None, False), (True, None), (None, None)])
def test_a_signal_that_is_not_heard_ends_it_and_is_not_seen_false(before, lost):
    story = [(0, OFF), (1, FIRST), (1.1, before), (1.2, lost), (1.3, FIRST), (1.4, BOTH)]
    assert run(RULE, story)[3:] == [Phase.SPENT] * 3


@pytest.mark.req("S2")
@pytest.mark.parametrize(("age_s", "phase"), [
    (0.2, Phase.MUTED), (0.21, Phase.SPENT), (-0.01, Phase.SPENT), (math.nan, Phase.SPENT),
])  # fmt: skip
def test_a_signal_that_is_late_or_of_the_future_is_unknown(age_s, phase):
    memory = MutingMemory(Phase.MUTED, since_s=0.0, now_s=0.0)
    for late in RULE.signals:
        heard = {**signals(BOTH), late: Signal(True, age_s)}
        assert after_tick(RULE, memory, heard, 1.0).phase is phase


@pytest.mark.req("S2")
@given(unknown | st.sampled_from([0.0, -1.0]))
def test_a_clock_that_does_not_go_on_ends_it_and_what_follows_is_judged_by_the_new_one(now_s):
    memory = MutingMemory(Phase.MUTED, since_s=0.0, now_s=0.0)
    memory = after_tick(RULE, memory, signals(BOTH), now_s)
    assert memory.phase is Phase.SPENT
    assert after_tick(RULE, memory._replace(now_s=-2.0), signals(OFF), now_s).phase is (
        Phase.RESTED if math.isfinite(now_s) else Phase.SPENT
    )
    story = [(0.5, BOTH), (0.6, OFF), (0.7, FIRST), (0.8, BOTH)]
    assert run(RULE, story, memory)[-1] is Phase.MUTED
    assert run(RULE, story, memory)[0] is Phase.SPENT


known = st.sampled_from([OFF, FIRST, SECOND, BOTH])
heard = st.tuples(st.floats(0.01, 0.6), known | st.just((None, True)))
stories = st.lists(heard, max_size=60).map(
    lambda steps: [
        (sum(gap for gap, _ in steps[: i + 1]), states) for i, (_, states) in enumerate(steps)
    ]
)
rules = st.builds(
    lambda order, within, most: replace(
        RULE, order=order, begin_within_s=within, time_max_s=most
    ),
    st.sampled_from(["fixed", "free"]), st.floats(0.1, 2.0), st.floats(0.2, 2.0),
)  # fmt: skip


@given(rules, stories)
@example(RULE, [(0.0, OFF), (1.0, FIRST), (1.5, BOTH), (2.0, BOTH)])
@example(FREE, [(0.0, OFF), (1.0, BOTH), (1.5, BOTH)])
def test_it_is_remembered_since_when_a_phase_lasts_and_which_signal_began(rule, story):
    memory, since_s, first = MutingMemory(), -math.inf, -1
    for now_s, states in story:
        before, memory = memory, after_tick(rule, memory, signals(states), now_s)
        if memory.phase is not before.phase:
            since_s = now_s
            first = states.index(True) if memory.phase is Phase.BEGUN else -1
        if memory.phase is Phase.SPENT and None in states:
            since_s = -math.inf  # no time of it counts
        assert memory == MutingMemory(memory.phase, since_s, now_s, first)


@given(rules, stories)
def test_muting_never_outlasts_its_time_and_needs_both_signals_known_and_true(rule, story):
    since_s = None
    for (now_s, states), muted in zip(story, muted_at(rule, story), strict=True):
        since_s = (now_s if since_s is None else since_s) if muted else None
        if muted:
            assert states == BOTH
            assert now_s - since_s < rule.time_max_s


@given(rules, stories)
def test_each_muting_follows_on_both_having_been_seen_false(rule, story):
    rested = was = False
    for (_, states), muted in zip(story, muted_at(rule, story), strict=True):
        if muted and not was:
            assert rested
            rested = False
        rested = rested or states == OFF
        was = muted


@given(rules, stories, st.integers(0, 1), st.integers(0, 59))
def test_a_signal_stuck_at_true_mutes_once_more_at_most(rule, story, which, from_step):
    stuck = [
        (now_s, tuple(True if i == which and state is not None else state
                      for i, state in enumerate(states)) if step >= from_step else states)
        for step, (now_s, states) in enumerate(story)
    ]  # fmt: skip
    muted = muted_at(rule, stuck)[from_step:]
    begins = [b and not a for a, b in zip([False, *muted], muted, strict=False)]
    assert sum(begins) <= 1
    if from_step == 0:
        assert sum(begins) == 0


def test_only_people_of_its_sources_are_hidden_and_only_in_its_zone():
    rules = (RULE, replace(RULE, zone="hatch", sources=("camera",)), replace(RULE, zone="shut"))
    on, off = MutingMemory(Phase.MUTED, 0.0, 0.0), MutingMemory(Phase.BEGUN, 0.0, 0.0, 0)
    memories = (on, on, off)
    assert muted_zones(rules, memories) == ("gate", "hatch")
    assert muted_zones((*rules, replace(rules[1], sources=("eye",))), (*memories, on)) == (
        "gate", "hatch",
    )  # fmt: skip
    assert hides(rules, memories, "gate", "camera")
    assert hides(rules, memories, "gate", "scanners")
    assert hides(rules, memories, "hatch", "camera")
    assert not hides(rules, memories, "hatch", "scanners")
    assert not hides(rules, memories, "shut", "scanners")
    assert not hides((), (), "gate", "scanners")
