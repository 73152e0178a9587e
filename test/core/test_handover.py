"""The handover of a shift: total, taken only by who read every item and did not write it."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.handover import (
    NEXT,
    REASONS,
    Event,
    Handover,
    Item,
    Phase,
    Topic,
    as_data,
    handover_from,
    mermaid,
    read,
    refusal,
    step,
    taken,
    withdrawn,
    written,
)

CALL = Item(topic=Topic.CALL, about=("material", "1", "called"))
people = st.sampled_from(["an", "bo", "cy"])
items = st.lists(
    st.builds(
        Item, topic=st.sampled_from(Topic), about=st.lists(st.text(max_size=5)).map(tuple)
    ),
    max_size=4,
)  # fmt: skip
acts = st.lists(
    st.tuples(st.sampled_from([Event.READ, Event.TAKE, Event.WITHDRAW]), people,
              st.integers(-1, 3)), max_size=20,
)  # fmt: skip


def new(text="Mind the pads.", opened=(CALL,), by="an"):
    return written(id="h", by=by, now_s=1000.0, text=text, opened=opened)


def story(happened, opened=(CALL,)):
    """Return a handover through all that was allowed to happen to it, with who did what."""
    told = [(new(opened=opened), None, "")]
    for event, by, item in happened:
        last = told[-1][0]
        if refusal(last, event, by, id="h", item=item):
            continue
        after = {
            Event.READ: lambda last=last, item=item, by=by: read(last, item, by),
            Event.TAKE: lambda last=last, by=by: taken(last, by, 1060.0),
            Event.WITHDRAW: lambda last=last: withdrawn(last),
        }[event]()
        told.append((after, event, by))
    return told


def test_every_phase_answers_every_event():
    assert set(NEXT) == {(phase, event) for phase in Phase for event in Event}


def test_the_plain_story_is_written_read_and_taken():
    told = [(Event.READ, "bo", 0), (Event.READ, "bo", 1), (Event.TAKE, "bo", 0)]
    last = story(told)[-1][0]
    assert (last.phase, last.by, last.taken_by, last.taken_s) == (Phase.TAKEN, "an", "bo", 1060.0)
    assert [item.topic for item in last.items] == [Topic.TEXT, Topic.CALL]


@given(acts, items)
def test_a_handover_is_taken_only_by_who_read_all_of_it_and_did_not_write_it(happened, opened):
    read_by = {}
    for (before, *_), (after, event, by) in itertools.pairwise(story(happened, opened)):
        if event is Event.READ:
            if before.reader != by:
                read_by = {}
            read_by.setdefault(by, set()).update(after.read)
        if event is Event.TAKE:
            assert by != before.by
            assert read_by[by] == set(range(len(before.items)))
        if event is Event.WITHDRAW:
            assert by == before.by
        assert before.phase is Phase.WRITTEN, "what was taken or withdrawn does not change"


@given(people, st.booleans())
def test_a_second_handover_waits_for_the_first(by, alone):
    assert refusal(None, Event.WRITE, by, alone=alone) == ""
    assert refusal(new(), Event.WRITE, by, alone=alone) == "handover_waits"
    assert refusal(withdrawn(new()), Event.WRITE, by, alone=alone) == ""
    assert refusal(taken(new(), by, 0.0), Event.WRITE, by, alone=alone) == ""


def test_each_refusal_has_its_reason():
    assert refusal(None, Event.TAKE, "bo", id="h") == "handover_unknown"
    assert refusal(new(), Event.READ, "bo", id="another") == "handover_unknown"
    assert refusal(new(), Event.READ, "bo", id="h", item=2) == "handover_unknown"
    assert refusal(new(), Event.READ, "an", id="h") == "handover_own"
    assert refusal(new(), Event.READ, "an", id="h", alone=True) == "", "who trains plays both"
    assert refusal(new(), Event.TAKE, "bo", id="h") == "handover_unread"
    assert refusal(new(), Event.WITHDRAW, "bo", id="h") == "handover_not_yours"
    assert len(REASONS) == len(set(REASONS)) == 5


def test_where_nothing_is_written_and_nothing_open_that_is_said():
    assert [item.topic for item in new(text=" \n", opened=()).items] == [Topic.NOTHING]


def test_time_never_runs_backwards():
    assert taken(new(), "bo", 5.0).taken_s == 1000.0


@given(acts, items)
def test_a_handover_comes_back_from_its_data_as_it_was(happened, opened):
    for last, *_ in story(happened, opened):
        assert handover_from(json.loads(json.dumps(as_data(last)))) == last


@pytest.mark.parametrize(
    "broken", [{"phase": "tea"}, {"items": 3}, {"items": [["tea"]]}, {"written_s": "noon"},
               {"more": 1}],
)  # fmt: skip
def test_what_is_not_a_handover_is_refused(broken):
    with pytest.raises(ValueError, match="not a handover"):
        handover_from({**as_data(new()), **broken})
    with pytest.raises(ValueError, match="not a handover"):
        handover_from({})


def test_the_diagram_shows_every_change():
    assert isinstance(new(), Handover)
    assert step(Phase.WRITTEN, Event.READ) is Phase.WRITTEN
    drawn = mermaid().splitlines()
    assert len(drawn) - 2 == sum(phase is not target for (phase, _), target in NEXT.items())
