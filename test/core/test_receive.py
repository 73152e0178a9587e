"""Person to robot: what is asked, when the gripper closes, and what a stop or crash may cost."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from play import GONE, HELD, Play, step_of

from hrc_cell.core.answers import refusal
from hrc_cell.core.handoff import Handoff
from hrc_cell.core.noticed import hindrance
from hrc_cell.core.recipe import control_refused
from hrc_cell.core.task import (
    Answered,
    Control,
    Grip,
    GripDone,
    MovePath,
    Op,
    PartsChanged,
    Phase,
    Stopped,
    Wait,
)
from hrc_cell.settings.recipe import Condition

HINDERED = (Op.OPEN, Op.OFFER, Op.PULL, Op.ASK)


def received(*, until="awaited", automation="confirm", **more):
    """Return a receive, played to one of its states."""
    step = step_of("receive", automation=automation, sense_s=1.5)
    play = Play(step, step_of("place", name="back"), **more)
    if until == "coming":
        return play
    play.do()
    play.do()
    assert (play.state.handoff, play.state.phase) == (Handoff.AWAITED, Phase.WAITING)
    if until == "awaited":
        return play
    play.answer("confirm")
    assert play.state.handoff is Handoff.GIVEN
    if until == "given":
        return play
    shut(play)
    assert play.state.handoff is Handoff.CLOSED
    if until == "closed":
        return play
    play.sense(HELD)
    assert (play.state.handoff, play.state.op) == (Handoff.RECEIVED, Op.CLEAR)
    return play


def shut(play, *, holding=True):
    """Let the gripper close; the sensor has its own time."""
    command = play.want.command
    return play.feed(GripDone(command=command, reached=not holding, holding=holding))


def make_room(play):
    play.given = replace(play.given, arm_permitted=True)
    return play.feed(PartsChanged())


def opens(play):
    return isinstance(play.want, Grip) and play.want.opening_ratio == 1.0


def closes(play):
    return isinstance(play.want, Grip) and play.want.opening_ratio == 0.0


def test_the_robot_comes_open_asks_closes_senses_and_goes_on_when_there_is_room():
    play = Play(step_of("receive", automation="confirm"), step_of("place", name="back"))
    assert (play.state.handoff, play.want) == (Handoff.COMING, Grip(command=1, opening_ratio=1.0))
    play.do()
    assert isinstance(play.want, MovePath)
    play.do()
    asked = play.state.question
    assert (asked.kind, asked.risk_class, asked.text_key) == ("handoff", 2, "question.grip_part")
    assert asked.options == ("confirm", "refuse")
    assert play.sense(HELD) == (), "held in by a person, and not confirmed"
    assert isinstance(play.want, Wait)
    play.sense(GONE)
    play.answer("confirm")
    assert closes(play)
    shut(play)
    assert play.want == Wait(command=play.state.command, time_s=2.0)
    play.sense(HELD)
    assert play.state.handoff is Handoff.RECEIVED
    assert play.sense(HELD) == (), "the person is still there"
    make_room(play)
    assert (play.state.step_index, play.state.handoff) == (1, Handoff.NONE)
    assert play.handoffs() == (["coming", "awaited", "given", "closed", "received", "done", "none"])


def test_a_manual_one_is_asked_for_before_the_robot_comes():
    play = Play(step_of("receive", automation="manual"))
    assert (play.state.op, play.state.handoff) == (Op.GO, Handoff.NONE)
    play.answer("go")
    assert (play.state.op, play.state.handoff) == (Op.OPEN, Handoff.COMING)


@pytest.mark.req("S2")
@pytest.mark.parametrize(("parts", "reason"), [(HELD, "part_in_gripper"), ({}, "gripper_unknown")])
def test_a_gripper_that_is_not_known_to_be_empty_is_not_opened_to_receive(parts, reason):
    play = received(until="coming", parts=parts)
    assert (play.state.phase, play.state.reason) == (Phase.HELD, reason)
    play.given = replace(play.given, parts=GONE)
    play.answer("retry")
    assert opens(play)


@pytest.mark.req("S4")
def test_silence_closes_nothing():
    play = received()
    play.do()  # the time passes
    assert (play.state.handoff, play.state.reason) == (Handoff.UNANSWERED, "timed_out")
    assert play.state.question.options == ("offer_again", "skip", "abort")
    play.answer("offer_again")
    assert (play.state.handoff, play.state.op) == (Handoff.AWAITED, Op.ASK)
    play.answer("refuse")
    assert (play.state.handoff, play.state.reason) == (Handoff.NOT_GIVEN, "refused")
    play.answer("skip")
    assert (play.state.step_index, play.state.handoff) == (1, Handoff.NONE)
    assert not any(state.op is Op.CLOSE for state in play.seen)


@pytest.mark.req("S4")
def test_what_closes_the_gripper_is_not_confirmed_while_the_gripper_may_not_act():
    play = received()
    play.given = replace(play.given, gripper_permitted=False)
    asked = play.state.question
    late = Answered(
        question_id=asked.id, state_version=asked.state_version, answer="confirm", by="", key="k"
    )
    assert refusal(play.given, play.state, late) == "not_permitted"
    assert play.feed(late) == ()


@pytest.mark.req("S2")
def test_nobody_is_asked_while_the_gripper_s_sensor_says_nothing():
    play = received()
    play.sense({})
    assert (play.state.handoff, play.state.reason) == (Handoff.RECALLED, "gripper_unknown")
    play.given = replace(play.given, parts=GONE)
    play.answer("retry")
    assert (play.state.handoff, play.state.op) == (Handoff.COMING, Op.OPEN)


@pytest.mark.req("S4")
@pytest.mark.parametrize("parts", [GONE, {}])
def test_a_part_that_is_not_sensed_is_missing_and_a_person_decides(parts):
    play = received(until="closed")
    play.sense(parts)
    assert play.want.time_s == 1.5
    play.do()
    assert (play.state.handoff, play.state.reason) == (Handoff.UNSURE, "part_missing")
    assert play.state.question.options == ("retry", "abort")
    play.sense(GONE)
    play.answer("retry")
    assert opens(play), "a person said so, and none is sensed"
    play.do()
    play.do()
    assert play.state.handoff is Handoff.AWAITED


@pytest.mark.req("S4")
def test_a_part_that_is_sensed_late_is_not_let_go_but_asked_for_anew():
    play = received(until="closed")
    play.do()
    play.sense(HELD)
    play.answer("retry")
    assert (play.state.handoff, play.state.op) == (Handoff.KEPT, Op.ASK)
    assert play.state.question.kind == "handoff"
    assert play.want == Wait(command=play.state.command, time_s=60.0)
    play.answer("confirm")
    assert closes(play)
    shut(play)
    assert play.state.handoff is Handoff.RECEIVED, "still sensed"
    make_room(play)
    assert play.state.step_index == 1
    opened = [state for state in play.seen if state.handoff is Handoff.COMING]
    assert {state.op for state in opened[1:]} == {Op.MOVE}, "opened as it came, and not since"


def kept():
    play = received(until="closed")
    play.do()
    play.sense(HELD)
    play.answer("retry")
    assert play.state.handoff is Handoff.KEPT
    return play


@pytest.mark.req("S4")
@pytest.mark.parametrize("what", ["refuse", "time", "stop", "crash", "silent"])
def test_what_may_be_held_stays_held_however_the_new_question_ends(what):
    play = kept()
    if what == "silent":
        play.sense({})
    else:
        {"refuse": lambda: play.answer("refuse"), "time": play.do, "crash": play.crash,
         "stop": lambda: play.feed(Stopped())}[what]()  # fmt: skip
    assert (play.state.phase, play.state.handoff) == (Phase.HELD, Handoff.UNSURE)
    assert play.state.question.options == ("retry", "abort")
    assert play.want is None
    for control in map(Control, ("skip", "repeat")):
        assert control_refused(play.given, play.state, control) == "handoff"


@pytest.mark.req("S4")
def test_a_pause_leaves_a_part_that_may_be_held_where_it_is():
    play = kept()
    play.control("pause")
    assert (play.state.phase, play.state.handoff) == (Phase.WAITING, Handoff.KEPT)
    play.answer("confirm")
    shut(play)
    make_room(play)
    assert (play.state.phase, play.state.step_index) == (Phase.PAUSED, 1)


@pytest.mark.req("S3")
@pytest.mark.req("S4")
@pytest.mark.parametrize("parts", [GONE, HELD, {}])
def test_a_stop_while_it_closes_opens_nothing_and_a_person_decides(parts):
    play = received(until="given")
    play.given = replace(play.given, parts=parts)
    play.feed(Stopped())
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "grip_interrupted")
    assert (play.state.handoff, play.want) == (Handoff.UNSURE, None)
    play.crash()
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "grip_interrupted")
    assert play.feed(Stopped()) == ()
    play.answer("retry")
    there = {True: Handoff.KEPT, False: Handoff.COMING, None: Handoff.UNSURE}
    assert play.state.handoff is there[parts.get("gripper")]


@pytest.mark.req("S4")
def test_what_was_confirmed_is_closed_by_a_new_process_without_asking():
    play = received(until="given")
    command = play.want.command
    play.crash()
    assert play.want == Grip(command=command + 1, opening_ratio=0.0)
    assert play.state.question is None


@pytest.mark.req("S4")
@pytest.mark.parametrize("until", ["closed", "received"])
def test_a_gripper_that_has_closed_stays_so_through_stops_and_crashes(until):
    play = received(until=until)
    before = play.state.handoff
    assert play.feed(Stopped()) == ()
    play.crash()
    assert (play.state.handoff, play.state.phase) == (before, Phase.WAITING)
    play.sense(HELD)
    make_room(play)
    assert play.state.step_index == 1


@pytest.mark.req("S3")
@pytest.mark.parametrize("how", ["stop", "crash", "pause"])
def test_what_is_asked_is_recalled_and_the_gripper_comes_open_again(how):
    play = received()
    asked = play.state.question
    if how == "stop":
        play.feed(Stopped())
    elif how == "crash":
        play.crash()
    else:
        play.control("pause")
        assert (play.state.phase, play.state.op) == (Phase.PAUSED, Op.OPEN)
        play.control("resume")
    assert "recalled" in play.handoffs()
    assert (play.state.handoff, play.state.op) == (Handoff.COMING, Op.OPEN)
    play.do()
    play.do()
    assert play.state.question.id != asked.id


def test_a_held_refusal_is_recalled_by_a_stop():
    play = received()
    play.answer("refuse")
    play.feed(Stopped())
    assert (play.state.phase, play.state.handoff) == (Phase.HELD, Handoff.RECALLED)
    assert play.state.question.options == ("retry", "skip", "abort")
    play.answer("retry")
    assert (play.state.handoff, play.state.op) == (Handoff.COMING, Op.OPEN)


@pytest.mark.req("S4")
def test_a_gripper_that_does_not_close_is_tried_again_and_then_a_person_decides():
    play = received(until="given", retry_max=1)
    play.fail()
    assert (play.state.op, play.state.handoff) == (Op.CLOSE, Handoff.GIVEN)
    play.feed(GripDone(command=play.want.command, reached=False, holding=False))
    assert (play.state.phase, play.state.handoff) == (Phase.HELD, Handoff.UNSURE)
    assert play.state.reason == "grip_failed: did not close"


@pytest.mark.req("S4")
def test_a_part_that_was_sensed_and_is_lost_calls_a_person():
    play = received(until="received")
    assert play.sense({}) == (), "unknown is not lost, and not held either"
    assert make_room(play) == ()
    play.sense(GONE)
    assert (play.state.handoff, play.state.reason) == (Handoff.LOST, "part_lost")
    assert play.state.question.options == ("retry", "skip", "abort")
    play.answer("retry")
    assert opens(play)


@pytest.mark.parametrize("parts", [HELD, {}])
def test_who_does_not_make_room_is_called(parts):
    play = received(until="received")
    play.sense(parts)
    play.do()
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "not_clear")
    assert play.state.handoff is Handoff.RECEIVED
    play.answer("retry")
    assert (play.state.op, play.state.phase) == (Op.CLEAR, Phase.WAITING)
    play.sense(HELD)
    make_room(play)
    assert play.state.step_index == 1


@pytest.mark.req("S4")
@pytest.mark.parametrize("until", ["given", "closed", "received"])
def test_what_was_confirmed_is_neither_skipped_nor_repeated(until):
    play = received(until=until)
    for control in map(Control, ("skip", "repeat")):
        assert control_refused(play.given, play.state, control) == "handoff"
    refused = control_refused(play.given, play.state, Control.CANCEL)
    assert refused == ("handoff" if until == "given" else "")
    play.control("pause")
    assert play.state.phase in (Phase.RUNNING, Phase.WAITING), "carried through first"


@pytest.mark.parametrize("until", ["coming", "awaited"])
def test_before_that_it_is_skipped_repeated_and_canceled(until):
    play = received(until=until)
    first = play.state.handoff_id
    play.control("repeat")
    assert (play.state.handoff, play.state.op) == (Handoff.COMING, Op.OPEN)
    assert play.state.handoff_id == first
    play.control("skip")
    assert (play.state.step_index, play.state.handoff) == (1, Handoff.NONE)
    play = received(until=until)
    play.control("cancel")
    assert (play.state.phase, play.state.handoff) == (Phase.ABORTED, Handoff.ABORTED)


def test_a_retry_where_the_step_requires_an_empty_gripper_does_not_wait_for_it():
    empty = (Condition(place="gripper", occupied=False),)
    play = Play(step_of("receive", automation="confirm", requires=empty))
    play.do()
    play.do()
    play.answer("confirm")
    play.feed(Stopped())
    play.sense(HELD)
    play.answer("retry")
    assert play.state.handoff is Handoff.KEPT


@pytest.mark.parametrize("op", [op for op in Op if op not in HINDERED])
@pytest.mark.parametrize("parts", [{}, GONE, HELD])
def test_the_other_pieces_are_not_hindered(op, parts):
    assert hindrance(parts, op) == ""


CRASHES = st.lists(
    st.sampled_from(["do", "do", "yes", "yes", "no", "part", "none", "unknown", "room", "near",
                     "stop", "crash", "crash", "pause", "resume"]), max_size=40,
)  # fmt: skip


@pytest.mark.req("S4")
@settings(max_examples=150, deadline=None)
@given(CRASHES, st.booleans())
def test_at_whatever_instant_it_dies_a_receipt_ends_with_the_part_sensed_or_a_person_asked(
    happened, manual
):
    automation = "manual" if manual else "confirm"
    play = Play(step_of("receive", automation=automation), repeat=True, retry_max=0)
    acts = {
        "do": lambda: shut(play) if closes(play) else play.do() if play.want else None,
        "yes": lambda: play.state.question and play.answer(play.state.question.options[0]),
        "no": lambda: play.state.question and play.answer(play.state.question.options[-1]),
        "part": lambda: play.sense(HELD), "none": lambda: play.sense(GONE),
        "unknown": lambda: play.sense({}), "room": lambda: make_room(play),
        "near": lambda: setattr(play, "given", replace(play.given, arm_permitted=False)),
        "stop": lambda: play.feed(Stopped()), "crash": play.crash,
        "pause": lambda: play.control("pause"), "resume": lambda: play.control("resume"),
    }  # fmt: skip
    for what in happened:
        before = play.state
        acts[what]()
        now = play.state
        if what in ("crash", "stop") and before.handoff in (Handoff.GIVEN, Handoff.KEPT):
            assert not opens(play)
        if what == "crash" and before.active:
            assert now.handoff_id == before.handoff_id
    for before, after in itertools.pairwise(play.seen):
        if after.handoff is Handoff.DONE is not before.handoff:
            assert before.handoff is Handoff.RECEIVED
