"""Notes on how the work could be better: total, in reach of the plan, and nobody's."""

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.kaizen import (
    NEXT,
    OPEN_MAX,
    REASONS,
    Event,
    Note,
    Phase,
    as_data,
    changed,
    mermaid,
    note_from,
    refusal,
    step,
    write_refusal,
    written,
)

OUTLINE_M = ((-1.0, -2.0), (3.0, -2.0), (3.0, 2.0), (-1.0, 2.0))
INSIDE = st.tuples(st.floats(-1.0, 3.0), st.floats(-2.0, 2.0))
events = st.lists(st.tuples(st.sampled_from([Event.FINISH, Event.REOPEN]), st.floats(0, 1e6)))


def new(text="Hang the box lower.", place_m=(1.0, 0.5), photo="a.jpeg"):
    return written(id="n", text=text, now_s=1000.0, place_m=place_m, photo=photo)


def test_every_phase_answers_every_event():
    assert set(NEXT) == {(phase, event) for phase in Phase for event in Event}


def test_a_note_names_nobody():
    assert {one.name for one in fields(Note)} == {
        "id", "phase", "text", "written_s", "done_s", "place_m", "photo",
    }  # fmt: skip


@given(events)
def test_a_note_is_open_or_done_and_done_has_its_time(happened):
    note = new()
    for event, now_s in happened:
        said, after = refusal(note, event), changed(note, event, now_s)
        assert (said == "") == (after != note) and said in ("", *REASONS)
        assert (after.done_s is not None) == (after.phase is Phase.DONE)
        assert after.done_s is None or after.done_s >= after.written_s
        note = after


def test_what_is_not_there_cannot_be_done():
    assert refusal(None, Event.FINISH) == "kaizen_unknown"
    assert step(Phase.NONE, Event.FINISH) is Phase.NONE


@given(st.none() | INSIDE)
def test_a_note_with_a_text_is_taken_wherever_it_is_on_the_plan(place_m):
    assert write_refusal([], "text", place_m, OUTLINE_M) == ""
    assert write_refusal([], " \n", place_m, OUTLINE_M) == "kaizen_empty"


@pytest.mark.parametrize("place_m", [(3.1, 0.0), (0.0, -2.1), (float("nan"), 0.0),
                                     (0.0, float("inf"))])  # fmt: skip
def test_a_place_that_is_not_on_the_plan_is_refused(place_m):
    assert write_refusal([], "text", place_m, OUTLINE_M) == "kaizen_place"


def test_more_open_notes_than_anybody_reads_are_refused_and_done_ones_do_not_count():
    assert write_refusal([new()] * OPEN_MAX, "text", None, OUTLINE_M) == "kaizen_full"
    done = changed(new(), Event.FINISH, 2000.0)
    assert write_refusal([done] * OPEN_MAX, "text", None, OUTLINE_M) == ""


@given(events, st.none() | INSIDE)
def test_a_note_comes_back_from_its_data_as_it_was(happened, place_m):
    note = new(place_m=place_m)
    for event, now_s in happened:
        note = changed(note, event, now_s)
    assert note_from(json.loads(json.dumps(as_data(note)))) == note


@pytest.mark.parametrize(
    "broken", [{"phase": "tea"}, {"place_m": [1.0]}, {"place_m": 3}, {"written_s": None},
               {"by": "an"}],
)  # fmt: skip
def test_what_is_not_a_note_is_refused(broken):
    with pytest.raises(ValueError, match="not a note"):
        note_from({**as_data(new()), **broken})
    with pytest.raises(ValueError, match="not a note"):
        note_from({})


def test_the_diagram_shows_every_change():
    drawn = mermaid().splitlines()
    assert len(drawn) - 2 == sum(phase is not target for (phase, _), target in NEXT.items())
