"""The values of the task: what is written to the journal is read back the same."""

import json

import pytest
from hrc_cell_interfaces.msg import TaskState as TaskStateMsg
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.handoff import Handoff
from hrc_cell.core.task import (
    Answer,
    Answered,
    Level,
    Op,
    Phase,
    Question,
    TaskState,
    as_data,
    state_from,
)

texts = st.text(max_size=8)
numbers = st.integers(0, 2**40)
questions = st.builds(
    Question,
    id=texts,
    kind=texts,
    risk_class=st.integers(0, 4),
    text_key=texts,
    args=st.lists(texts, max_size=3).map(tuple),
    options=st.lists(texts, max_size=3).map(tuple),
    state_version=numbers,
)
answers = st.builds(
    Answer, question_id=texts, answer=texts, by=texts, key=texts, state_version=numbers
)
states = st.builds(
    TaskState,
    version=numbers,
    phase=st.sampled_from(Phase),
    recipe=texts,
    recipe_sha256=texts,
    run_id=texts,
    repeat=st.booleans(),
    cycle=numbers,
    step_index=numbers,
    op=st.sampled_from(Op),
    command=numbers,
    tries=numbers,
    handoff=st.sampled_from(Handoff),
    handoff_id=texts,
    reason=texts,
    question=st.none() | questions,
    answers=st.lists(answers, max_size=3).map(tuple),
    rounds=st.lists(numbers, max_size=3).map(tuple),
    done=st.lists(numbers, max_size=3).map(tuple),
    levels=st.lists(st.builds(Level, recipe=texts, step=texts, automation=texts), max_size=3).map(
        tuple
    ),
    turned_down=st.booleans(),
    pausing=st.booleans(),
    by_hand=st.booleans(),
    cycles=numbers,
    after=st.sampled_from(Op),
)


@pytest.mark.req("S4")
@given(states)
def test_a_state_survives_the_journal(state):
    assert state_from(json.loads(json.dumps(as_data(state)))) == state


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"more": 1}, "more"),
        ({"phase": 17}, "17"),
        ({"op": "fly"}, "fly"),
        ({"handoff": "thrown"}, "thrown"),
        ({"question": {"id": "x"}}, "not a task state"),
        ({"question": 3}, "not a task state"),
        ({"answers": [{"by": "anna"}]}, "not a task state"),
    ],
)
def test_what_is_not_a_state_is_refused(changes, match):
    with pytest.raises(ValueError, match=match):
        state_from({**as_data(TaskState()), **changes})


def test_a_lost_key_is_named():
    data = as_data(TaskState())
    del data["handoff"]
    with pytest.raises(ValueError, match="handoff"):
        state_from(data)


def test_events_are_data_too():
    event = Answered(question_id="q", state_version=3, answer="confirm", by="anna", key="k")
    assert json.loads(json.dumps(as_data(event)))["answer"] == "confirm"


def test_the_phases_are_those_of_the_message():
    told = {n: getattr(TaskStateMsg, n) for n in dir(TaskStateMsg) if n.isupper()}
    assert {n: v for n, v in told.items() if isinstance(v, int)} == Phase.__members__


def test_a_task_begins_with_nothing_done():
    new = TaskState()
    counted = (new.version, new.cycle, new.step_index, new.command, new.tries, new.repeat)
    assert counted == (0, 0, 0, 0, 0, False)
    assert (new.phase, new.op, new.handoff) == (Phase.IDLE, Op.NONE, Handoff.NONE)


@pytest.mark.parametrize("phase", Phase)
def test_a_run_is_under_way_from_its_first_step_until_it_is_done_or_given_up(phase):
    under_way = {Phase.RUNNING, Phase.WAITING, Phase.HELD, Phase.PAUSED}
    assert TaskState(phase=phase).active == (phase in under_way)


@pytest.mark.req("S4")
def test_a_journal_of_an_earlier_version_is_read():
    """Word for word what the first version wrote."""
    old = {
        "version": 7, "phase": 2, "recipe": "hand_over", "recipe_sha256": "ab", "run_id": "r",
        "repeat": True, "cycle": 2, "step_index": 2, "op": "offer", "command": 5, "tries": 0,
        "handoff": "offered", "handoff_id": "r.5", "reason": "",
        "question": {
            "id": "r.7", "kind": "handoff", "risk_class": 2, "text_key": "question.release_part",
            "args": ["step=step.hand"], "options": ["confirm", "refuse"], "state_version": 7,
        },
        "answers": [{"question_id": "r.3", "answer": "go", "by": "anna", "key": "k",
                     "state_version": 4}],
    }  # fmt: skip
    state = state_from(old)
    assert (state.op, state.handoff, state.question.id) == (Op.OFFER, Handoff.OFFERED, "r.7")
    assert (state.rounds, state.levels, state.turned_down, state.after) == ((), (), False, Op.NONE)
    assert state.done == ()
