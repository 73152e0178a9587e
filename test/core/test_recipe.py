"""The recipe: what each level of automation asks, what failures lead to, what a crash costs."""

import itertools
import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from play import GONE, HELD, Play, step_of
from recipes import recipes

from hrc_cell.core import asking
from hrc_cell.core.answers import refusal, repeated
from hrc_cell.core.given import Given
from hrc_cell.core.handoff import Handoff
from hrc_cell.core.levels import ORDER, as_set
from hrc_cell.core.muting import Signal
from hrc_cell.core.pieces import program, wanted
from hrc_cell.core.recipe import control_refused
from hrc_cell.core.task import (
    ALL,
    ANSWERS_KEPT,
    Answered,
    AutomationSet,
    CommandFailed,
    Control,
    Controlled,
    Grip,
    GripDone,
    MoveDone,
    MovePath,
    Op,
    PartsChanged,
    Phase,
    Restarted,
    RunRequested,
    Stopped,
    TaskState,
    TimeReached,
    Wait,
    as_data,
    state_from,
)
from hrc_cell.settings.recipe import Choice, Condition, Repeat


def offered(parts=HELD, **more):
    hand, back = step_of("handover", automation="confirm"), step_of("move", name="back")
    play = Play(hand, back, parts=parts, **more)
    play.do()
    assert play.state.handoff is Handoff.OFFERED
    return play


# The plain case.


def test_the_robot_fetches_offers_waits_releases_and_goes_home():
    play = Play(
        step_of("pick", name="fetch"),
        step_of("handover", name="hand", automation="confirm"),
        step_of("move", name="back"),
    )
    assert play.want == Grip(command=1, opening_ratio=1.0)
    play.do()
    assert play.want == MovePath(command=2, poses=("above", "at"), speed_ratio=1.0, step="fetch")
    play.do()
    assert play.want == Grip(command=3, opening_ratio=0.0)
    play.do()
    assert (play.state.step_index, play.state.handoff) == (1, Handoff.APPROACHING)
    play.do()
    asked = play.state.question
    assert (play.state.phase, asked.kind, asked.risk_class) == (Phase.WAITING, "handoff", 2)
    assert (asked.text_key, asked.options) == ("question.release_part", ("confirm", "refuse"))
    play.answer("confirm")
    assert play.want == Grip(command=play.state.command, opening_ratio=1.0)
    play.do()
    assert (play.state.handoff, play.state.phase) == (Handoff.RELEASED, Phase.WAITING)
    assert play.sense({"gripper": False, "handover": True}) == ()
    play.sense(GONE)
    assert play.state.step_index == 2
    play.do()
    assert play.state.phase is Phase.DONE
    assert play.want is None
    assert play.handoffs() == (
        ["none", "approaching", "offered", "confirmed", "released", "taken", "done", "none"]
    )
    versions = [state.version for state in play.seen]
    assert versions == list(range(1, len(versions) + 1))


def test_a_place_sets_the_part_down_after_the_move():
    play = Play(step_of("place"))
    play.do()
    assert play.want == Grip(command=2, opening_ratio=1.0)
    play.do()
    assert play.state.phase is Phase.DONE


def test_a_wait_waits_its_time():
    play = Play(step_of("wait"))
    assert play.want == Wait(command=1, time_s=3.0)
    play.do()
    assert play.state.phase is Phase.DONE


def test_work_is_done_when_the_person_says_so():
    play = Play(step_of("work", automation="manual"))
    assert play.state.question.text_key == "question.work_done"
    play.answer("done")
    assert play.state.phase is Phase.DONE


@pytest.mark.parametrize("act", ["move", "pick", "place"])
def test_what_only_a_person_does_is_asked_for_when_done(act):
    assert program(step_of(act, actor="person")) == (Op.WORK,)


def test_again_and_again_counts_the_cycles():
    play = Play(step_of("move"), repeat=True)
    play.do()
    play.do()
    assert (play.state.cycle, play.state.phase) == (3, Phase.RUNNING)


@pytest.mark.parametrize("automation", ["manual", "confirm", "auto"])
@pytest.mark.parametrize("act", ["move", "pick", "place", "wait"])
def test_a_person_triggers_manual_steps_and_confirms_confirm_steps(act, automation):
    play = Play(step_of(act, automation=automation))
    if automation != "auto":
        asked = play.state.question
        kind, yes = {"manual": ("step", "go"), "confirm": ("confirm", "confirm")}[automation]
        assert (asked.kind, asked.text_key, asked.risk_class) == (kind, "question.step_go", 1)
        assert isinstance(play.want, Wait)
        play.answer(yes)
    assert play.state.question is None
    assert program(step_of(act))[0] is play.state.op


def test_a_manual_handover_also_waits_for_the_person_to_say_come():
    play = Play(step_of("handover", automation="manual"))
    assert (play.state.op, play.state.handoff) == (Op.GO, Handoff.NONE)
    play.answer("go")
    assert (play.state.op, play.state.handoff) == (Op.MOVE, Handoff.APPROACHING)


def test_a_run_cannot_be_begun_in_a_run():
    play = Play(step_of("move"))
    assert play.feed(RunRequested(run_id="other", repeat=False)) == ()


def test_a_new_run_counts_on_where_the_last_one_ended():
    play = Play(step_of("move"))
    play.do()
    play.feed(RunRequested(run_id="second", repeat=False))
    assert (play.state.run_id, play.state.cycle, play.state.version) == ("second", 1, 3)
    assert play.state.command == 2


# Failures.


def test_a_failed_movement_is_tried_again_and_then_a_person_is_asked():
    play = Play(step_of("move"), retry_max=2)
    for _ in range(2):
        play.fail()
        assert play.state.phase is Phase.RUNNING
    play.fail()
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "move_failed: fault: tried")
    assert play.want is None
    asked = play.state.question
    assert (asked.kind, asked.options) == ("recover", ("retry", "skip", "abort"))
    assert "reason=move_failed" in asked.args
    play.answer("retry")
    assert (play.state.phase, play.state.tries, play.state.reason) == (Phase.RUNNING, 0, "")


def test_a_pick_begins_anew_after_it_closed_on_nothing():
    play = Play(step_of("pick", automation="confirm"), retry_max=1)
    play.answer("confirm")
    play.do()
    play.do()
    play.feed(GripDone(command=play.want.command, reached=True, holding=False))
    assert (play.state.op, play.state.tries) == (Op.OPEN, 1)


@pytest.mark.parametrize("reached", [True, False])
def test_a_part_that_only_the_sensor_knows_of_is_held(reached):
    play = Play(step_of("pick"), retry_max=0)
    play.do()
    play.do()
    play.given = replace(play.given, parts=HELD)
    play.feed(GripDone(command=play.want.command, reached=reached, holding=False))
    assert play.state.phase is Phase.DONE


@pytest.mark.req("S2")
@pytest.mark.parametrize(("sensed", "reason"), [(HELD, "part_in_gripper"), ({}, "gripper_unknown")])
def test_a_pick_does_not_begin_by_dropping_what_the_gripper_may_hold(sensed, reason):
    play = Play(step_of("pick"), step_of("move", name="then"), parts=sensed)
    assert (play.state.phase, play.state.reason) == (Phase.HELD, reason)
    assert play.state.op is Op.OPEN
    play.given = replace(play.given, parts=GONE)
    play.answer("retry")
    assert play.state.op is Op.OPEN


def test_a_gripper_that_does_not_open_fails():
    play = Play(step_of("pick"), retry_max=0)
    play.feed(GripDone(command=1, reached=False, holding=True))
    assert play.state.reason == "grip_failed: did not open"


def test_a_gripper_that_gives_up_fails():
    play = Play(step_of("pick"), retry_max=0)
    play.fail("fault: motor")
    assert play.state.reason == "grip_failed: fault: motor"


@pytest.mark.parametrize("act", ["move", "wait", "work"])
def test_skip_goes_to_the_next_step_and_abort_ends_the_run(act):
    for answer, phase, index in (("skip", Phase.RUNNING, 1), ("abort", Phase.ABORTED, 0)):
        play = Play(step_of(act, automation="manual"), step_of("move", name="then"))
        play.feed(TimeReached(command=play.state.command))
        assert (play.state.phase, play.state.reason) == (Phase.HELD, "timed_out")
        play.answer(answer)
        assert (play.state.phase, play.state.step_index) == (phase, index)
    assert play.state.reason == "aborted"
    assert play.want is None


def test_a_refused_step_is_held_and_asked_for_again():
    play = Play(step_of("move", automation="confirm"))
    play.answer("refuse")
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "refused")
    play.answer("retry")
    assert (play.state.phase, play.state.op) == (Phase.WAITING, Op.GO)


@pytest.mark.parametrize(
    "event",
    [
        MoveDone(command=99), MoveDone(command=1),
        GripDone(command=99, reached=True, holding=False),
        CommandFailed(command=0, reason=""), TimeReached(command=7), PartsChanged(),
    ],
)  # fmt: skip
def test_what_answers_another_command_is_not_heard(event):
    play = Play(step_of("pick"))
    assert play.feed(event) == ()


def test_a_grip_done_during_a_move_is_not_heard():
    play = Play(step_of("move"))
    assert play.feed(GripDone(command=1, reached=True, holding=True)) == ()


def test_a_held_step_is_left_only_by_an_answer():
    play = Play(step_of("move"), retry_max=0)
    play.fail()
    for event in (MoveDone(command=1), TimeReached(command=1), PartsChanged()):
        assert play.feed(event) == ()


def test_an_idle_task_hears_nothing_but_a_request():
    play = Play(step_of("move"), begin=False)
    for event in (MoveDone(command=0), PartsChanged(), Restarted()):
        assert play.feed(event) == ()
    assert play.want is None


# The handover.


@pytest.mark.req("S4")
def test_silence_never_confirms():
    play = offered()
    play.do()  # the time passes
    assert (play.state.handoff, play.state.phase) == (Handoff.TIMED_OUT, Phase.HELD)
    assert play.state.question.options == ("offer_again", "skip", "abort")
    first = play.state.question.id
    play.answer("offer_again")
    assert (play.state.handoff, play.state.op) == (Handoff.OFFERED, Op.OFFER)
    assert play.state.question.id != first


@pytest.mark.parametrize(
    ("answer", "handoff", "phase"),
    [
        ("offer_again", Handoff.OFFERED, Phase.WAITING),
        ("skip", Handoff.NONE, Phase.RUNNING),
        ("abort", Handoff.ABORTED, Phase.ABORTED),
    ],
)
def test_after_a_refusal_a_person_decides(answer, handoff, phase):
    play = offered()
    play.answer("refuse")
    assert (play.state.handoff, play.state.reason) == (Handoff.REFUSED, "refused")
    play.answer(answer)
    assert (play.state.handoff, play.state.phase) == (handoff, phase)
    assert (Handoff.ABORTED in {s.handoff for s in play.seen}) == (answer != "offer_again")
    assert not any(s.handoff is Handoff.RELEASED for s in play.seen)


@pytest.mark.req("S4")
def test_a_confirmed_part_that_the_gripper_keeps_stays_confirmed():
    play = offered(retry_max=0)
    play.answer("confirm")
    play.fail()
    assert (play.state.handoff, play.state.phase) == (Handoff.CONFIRMED, Phase.HELD)
    assert play.state.question.options == ("offer_again", "abort")
    play.answer("offer_again")
    asked = play.state.question
    assert (asked.kind, asked.risk_class) == ("handoff", 2), "held again before it opens again"
    play.answer("confirm")
    play.do()
    assert play.state.handoff is Handoff.RELEASED


@pytest.mark.req("S4")
@pytest.mark.parametrize(("sensed", "reason"), [(GONE, "part_lost"), ({}, "gripper_unknown")])
def test_nobody_is_asked_to_take_a_part_that_is_not_sensed(sensed, reason):
    """A pick failed and was skipped; or the part fell on the way, or while it was offered."""
    play = Play(step_of("pick"), step_of("handover", name="hand", automation="confirm"))
    play.do()
    play.do()
    play.feed(GripDone(command=play.want.command, reached=True, holding=False))
    play.do()
    play.do()
    play.feed(GripDone(command=play.want.command, reached=True, holding=False))
    assert play.state.reason == "no_part"
    play.answer("skip")
    play.given = replace(play.given, parts=sensed)
    play.do()
    assert (play.state.phase, play.state.reason) == (Phase.HELD, reason)
    assert "offered" not in play.handoffs()
    play.answer("retry")
    assert isinstance(play.want, MovePath)
    play.given = replace(play.given, parts=HELD)
    play.do()
    assert play.state.handoff is Handoff.OFFERED
    asked = play.state.question
    play.sense(sensed)
    assert (play.state.phase, play.state.reason) == (Phase.HELD, reason)
    assert play.state.handoff is (Handoff.DROPPED if sensed else Handoff.WITHDRAWN)
    late = Answered(
        question_id=asked.id, state_version=asked.state_version, answer="confirm", by="", key="k"
    )
    assert refusal(play.given, play.state, late) == "unknown_question"


@pytest.mark.req("S4")
def test_what_opens_the_gripper_is_not_confirmed_while_the_gripper_may_not_act():
    play = offered()
    play.given = replace(play.given, gripper_permitted=False)
    assert play.answer("confirm") == ()
    asked = play.state.question
    late = Answered(
        question_id=asked.id, state_version=asked.state_version, answer="confirm", by="", key="k"
    )
    assert refusal(play.given, play.state, late) == "not_permitted"
    play.answer("refuse")
    assert play.state.handoff is Handoff.REFUSED, "to say no needs no leave"
    assert not Given(recipe=play.given.recipe, retry_max=0).gripper_permitted, "unknown: it may not"


@pytest.mark.req("S3")
@pytest.mark.req("S4")
@pytest.mark.parametrize("answer", ["", "confirm", "refuse"])
def test_after_a_stop_the_arm_comes_again_and_asks_again(answer):
    play = offered(retry_max=0)
    asked = play.state.question
    if answer:
        play.answer(answer)
    play.feed(Stopped())
    held = answer == "refuse"
    assert play.state.handoff is (Handoff.WITHDRAWN if held else Handoff.APPROACHING)
    assert play.handoffs()[-1 if held else -2] == "withdrawn", "told, before it comes again"
    if answer == "refuse":
        assert (play.state.phase, play.state.reason) == (Phase.HELD, "refused")
        play.answer("retry")
    assert isinstance(play.want, MovePath)
    play.do()
    assert play.state.handoff is Handoff.OFFERED
    assert play.state.question.id != asked.id
    assert not any(state.handoff is Handoff.RELEASED for state in play.seen)


@pytest.mark.req("S4")
def test_a_crash_between_withdrawal_and_coming_again_costs_nothing():
    play = offered()
    withdrawn, coming = play.feed(Stopped())
    assert (withdrawn.handoff, coming.handoff) == (Handoff.WITHDRAWN, Handoff.APPROACHING)
    assert wanted(play.given.recipe, withdrawn) is None, "first it must be on its way again"
    play.state = state_from(json.loads(json.dumps(as_data(withdrawn))))
    play.feed(Restarted())
    assert (play.state.handoff, play.state.op) == (Handoff.APPROACHING, Op.MOVE)


@pytest.mark.req("S4")
def test_a_part_that_was_dropped_is_not_asked_about_and_a_person_decides():
    play = offered()
    asked = play.state.question
    play.sense(GONE)
    assert (play.state.handoff, play.state.reason) == (Handoff.DROPPED, "part_lost")
    late = Answered(
        question_id=asked.id, state_version=asked.state_version, answer="confirm", by="", key="k"
    )
    assert play.feed(late) == play.feed(Stopped()) == ()
    play.sense(HELD)
    play.answer("retry")
    assert play.state.handoff is Handoff.APPROACHING
    play.do()
    assert play.state.handoff is Handoff.OFFERED
    play.sense(GONE)
    play.answer("skip")
    assert (play.state.step_index, play.state.handoff) == (1, Handoff.NONE)


@pytest.mark.parametrize("act", ["move", "pick", "wait", "work"])
def test_a_stop_changes_nothing_where_no_part_is_offered(act):
    assert Play(step_of(act)).feed(Stopped()) == ()


def test_a_released_part_that_is_still_sensed_calls_a_person():
    play = offered()
    play.answer("confirm")
    play.do()
    play.do()
    assert (play.state.reason, play.state.handoff) == ("not_taken", Handoff.RELEASED)
    play.answer("retry")
    assert (play.state.op, play.state.phase) == (Op.AWAIT, Phase.WAITING)
    play.sense(GONE)
    assert play.state.step_index == 1


@pytest.mark.req("S2")
@pytest.mark.parametrize("parts", [{}, {"gripper": False}, {"handover": False}, HELD])
def test_an_unknown_sensor_counts_as_occupied(parts):
    play = offered()
    play.answer("confirm")
    play.do()
    assert play.sense(parts) == ()


@pytest.mark.req("S4")
def test_the_table_has_the_last_word_over_the_hand():
    play = offered()
    play.answer("confirm")
    for handoff in (Handoff.OFFERED, Handoff.REFUSED, Handoff.TIMED_OUT, Handoff.APPROACHING):
        assert wanted(play.given.recipe, replace(play.state, handoff=handoff)) is None
    resting = replace(play.state, op=Op.MOVE)
    assert wanted(play.given.recipe, resting) is None


@pytest.mark.parametrize("parts", [GONE, {}])
def test_a_grasp_of_which_nothing_is_felt_nor_sensed_is_a_failed_one(parts):
    play = Play(step_of("pick"), retry_max=0)
    play.do()
    play.do()
    play.given = replace(play.given, parts=parts)
    play.feed(GripDone(command=play.want.command, reached=False, holding=False))
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "no_part")


def test_failed_tries_are_counted_anew_in_each_step_and_after_each_answer():
    play = Play(step_of("move"), step_of("handover", name="hand", automation="confirm"), parts=HELD)
    play.fail()
    play.do()
    play.fail()
    assert (play.state.step_index, play.state.phase) == (1, Phase.RUNNING)
    play.do()
    play.answer("refuse")
    play.answer("offer_again")
    play.answer("confirm")
    play.fail()
    assert (play.state.op, play.state.phase, play.state.tries) == (Op.RELEASE, Phase.RUNNING, 1)
    play.fail()
    assert (play.state.phase, play.state.question.options[0]) == (Phase.HELD, "offer_again")


def test_only_the_release_of_a_part_is_of_the_highest_risk():
    play = Play(step_of("work", automation="manual"), step_of("move", automation="manual"))
    assert play.state.question.risk_class == 1
    play.answer("refuse")
    assert (play.state.question.kind, play.state.question.risk_class) == ("recover", 1)
    play.answer("skip")
    assert play.state.question.risk_class == 1
    assert offered().state.question.risk_class == 2


# Release on a pull.


def pulling(**more):
    """Return a handover on a pull, confirmed and not pulled yet."""
    hand = step_of("handover", automation="confirm", release="on_pull")
    play = Play(hand, step_of("move", name="back"), parts=HELD, **more)
    play.do()
    assert play.state.question.text_key == "question.release_on_pull"
    play.answer("confirm")
    assert (play.state.op, play.state.phase) == (Op.PULL, Phase.WAITING)
    assert (play.state.handoff, play.want) == (
        Handoff.CONFIRMED, Wait(command=play.state.command, time_s=60.0),
    )  # fmt: skip
    return play


def pull(play, pulled=True):
    play.given = replace(play.given, pulled=pulled)
    return play.feed(PartsChanged())


@pytest.mark.req("S4")
def test_the_part_is_released_only_once_it_is_confirmed_and_pulled():
    play = pulling()
    assert play.sense(HELD) == ()
    pull(play)
    assert play.want == Grip(command=play.state.command, opening_ratio=1.0)
    play.do()
    play.sense(GONE)
    assert play.state.step_index == 1


@pytest.mark.req("S4")
def test_a_pull_alone_releases_nothing():
    hand = step_of("handover", automation="confirm", release="on_pull")
    play = Play(hand, parts=HELD)
    play.do()
    assert pull(play) == ()
    assert play.state.op is Op.OFFER
    play.answer("confirm")
    assert play.state.op is Op.RELEASE, "it is pulled already"


@pytest.mark.req("S4")
def test_without_a_pull_a_person_says_so_and_confirms_once_more():
    play = pulling()
    play.do()  # the time passes
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "not_pulled")
    assert play.state.question.options == ("offer_again", "by_hand", "abort")
    assert play.want is None
    play.answer("by_hand")
    asked = play.state.question
    assert (play.state.handoff, asked.risk_class) == (Handoff.OFFERED, 2)
    assert asked.text_key == "question.release_part"
    assert play.want == Wait(command=play.state.command, time_s=60.0), "not before that"
    play.answer("confirm")
    assert play.state.op is Op.RELEASE
    play.do()
    assert play.state.handoff is Handoff.RELEASED


def test_who_wants_it_offered_again_is_to_pull_again():
    play = pulling()
    play.do()
    play.answer("offer_again")
    play.answer("confirm")
    assert play.state.op is Op.PULL


@pytest.mark.req("S4")
@pytest.mark.parametrize("how", ["stop", "crash"])
def test_a_stop_or_a_new_process_takes_back_what_was_to_be_pulled(how):
    play = pulling()
    play.do()
    play.answer("by_hand")
    play.answer("refuse")
    play.answer("offer_again")
    play.feed(Stopped()) if how == "stop" else play.crash()
    assert "withdrawn" in play.handoffs()
    play.do()
    assert play.state.question.text_key == "question.release_on_pull", "by hand was for that offer"
    play.answer("confirm")
    assert play.state.op is Op.PULL
    play.feed(Stopped()) if how == "stop" else play.crash()
    assert (play.state.op, play.state.handoff) == (Op.MOVE, Handoff.APPROACHING)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("sensed", "reason", "handoff"),
    [(GONE, "part_lost", Handoff.DROPPED), ({}, "gripper_unknown", Handoff.WITHDRAWN)],
)
def test_a_part_that_is_lost_while_a_pull_is_awaited_calls_a_person(sensed, reason, handoff):
    play = pulling()
    play.given = replace(play.given, pulled=True)
    play.sense(sensed)
    assert (play.state.phase, play.state.reason) == (Phase.HELD, reason)
    assert play.state.handoff is handoff
    assert play.want is None


# Branches, repeats, conditions.

CHECK = (Choice(name="good"), Choice(name="rework", to="one"), Choice(name="scrap", to="end"))


def checked(**more):
    check = step_of("work", name="check", answers=CHECK)
    return Play(step_of("move"), check, step_of("wait", name="pack"), **more)


@pytest.mark.parametrize(
    ("answer", "there"), [("good", "pack"), ("rework", "one"), ("scrap", ""), ("refuse", "check")]
)
def test_an_answer_leads_where_the_recipe_says(answer, there):
    play = checked()
    play.do()
    asked = play.state.question
    assert (asked.kind, asked.text_key) == ("step", "question.work_result")
    assert asked.options == ("good", "rework", "scrap", "refuse")
    play.answer(answer)
    assert play.state.phase is {"": Phase.DONE, "check": Phase.HELD}.get(there, Phase.RUNNING)
    if there:
        assert play.given.recipe.steps[play.state.step_index].id == there


def test_a_person_who_must_decide_is_not_skipped():
    decides = (Choice(name="good", to="pack"), Choice(name="scrap", to="end"))
    play = Play(step_of("work", answers=decides), step_of("wait", name="pack"))
    play.answer("refuse")
    assert play.state.question.options == ("retry", "abort")
    play = checked()
    play.do()
    play.do()  # nobody answers
    assert (play.state.reason, play.state.question.options) == (
        "timed_out", ("retry", "skip", "abort"),
    )  # fmt: skip
    play.answer("skip")
    assert play.given.recipe.steps[play.state.step_index].id == "pack"


def test_what_was_done_is_told_apart_from_what_was_skipped_jumped_over_or_comes_again():
    play = checked(repeat=True)
    assert play.state.done == ()
    play.do()
    assert play.state.done == (0,)
    play.answer("rework")  # back to the first step
    assert play.state.done == ()
    play.feed(Controlled(control=Control.SKIP, by="", device=""))
    assert (play.state.step_index, play.state.done) == (1, ())
    play.answer("good")
    assert play.state.done == (1,)
    play.do()
    assert (play.state.cycle, play.state.done) == (2, ()), "each cycle begins anew"
    play = offered()
    play.answer("refuse")
    play.answer("skip")
    assert (play.state.step_index, play.state.done) == (1, ()), "nothing was handed over"
    play.do()
    assert (play.state.phase, play.state.done) == (Phase.DONE, (1,))


def test_a_group_is_repeated_and_each_cycle_counts_anew():
    group = Repeat(first="one", last="two", count=2)
    play = Play(step_of("move"), step_of("move", name="two"), repeats=(group,), repeat=True)
    gone = []
    while play.state.cycle < 3:
        gone.append((play.state.cycle, play.state.step_index))
        play.do()
    assert gone == [(1, 0), (1, 1), (1, 0), (1, 1), (2, 0), (2, 1), (2, 0), (2, 1)]


def test_a_crash_forgets_no_round():
    group = Repeat(first="one", last="one", count=3)
    play = Play(step_of("move"), step_of("wait", name="end_of_it"), repeats=(group,))
    play.do()
    play.do()
    play.state = state_from(json.loads(json.dumps(as_data(play.state))))
    play.feed(Restarted())
    assert (play.state.step_index, play.state.rounds) == (0, (2,))
    play.do()
    assert play.state.step_index == 1


FULL = {**GONE, "tray_1": True}
TRAY = (Condition(place="tray_1", occupied=True),)


def test_a_step_begins_once_what_it_requires_is_so():
    play = Play(step_of("pick", requires=TRAY))
    assert (play.state.op, play.state.phase) == (Op.CHECK, Phase.WAITING)
    assert play.state.question is None
    assert play.want == Wait(command=1, time_s=60.0)
    assert play.sense({**GONE, "tray_1": False}) == ()
    play.sense(FULL)
    assert (play.state.op, play.state.phase) == (Op.OPEN, Phase.RUNNING)
    assert Play(step_of("pick", requires=TRAY), parts=FULL).state.op is Op.OPEN


def test_who_waits_too_long_for_it_calls_a_person():
    play = Play(step_of("pick", requires=TRAY))
    play.do()
    assert (play.state.phase, play.state.reason) == (
        Phase.HELD, "precondition: place tray_1 is unknown",
    )  # fmt: skip
    assert play.state.question.options == ("retry", "skip", "abort")
    play.given = replace(play.given, parts=FULL)
    play.answer("retry")
    assert play.state.op is Op.OPEN


def test_what_was_so_when_it_was_asked_must_be_so_when_it_begins():
    play = Play(step_of("pick", automation="confirm", requires=TRAY), parts=FULL)
    assert play.state.op is Op.GO
    play.given = replace(play.given, parts=GONE)
    play.answer("confirm")
    assert (play.state.op, play.state.phase) == (Op.CHECK, Phase.WAITING)
    play.sense(FULL)
    assert play.state.op is Op.GO, "asked anew"
    play.answer("confirm")
    assert play.state.op is Op.OPEN


def test_a_persons_work_waits_for_a_signal_too():
    door = (Condition(signal="door", state=True, age_max_s=0.5),)
    play = Play(step_of("work", requires=door))
    assert play.state.op is Op.CHECK
    play.given = replace(play.given, signals={"door": Signal(True, 0.1)})
    play.feed(PartsChanged())
    assert play.state.op is Op.WORK


# Answers.


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"question_id": "r.999"}, "unknown_question"),
        ({"state_version": 0}, "stale_version"),
        ({"answer": "perhaps"}, "bad_option"),
        ({"answer": "skip"}, "bad_option"),
    ],
)
def test_an_answer_that_does_not_fit_changes_nothing(changes, reason):
    play = offered()
    asked = play.state.question
    event = Answered(
        **{
            "question_id": asked.id, "state_version": asked.state_version, "answer": "confirm",
            "by": "anna", "key": "k", **changes,
        }
    )  # fmt: skip
    assert refusal(play.given, play.state, event) == reason
    assert play.feed(event) == ()


@pytest.mark.req("S4")
def test_the_first_answer_wins_and_a_repeated_one_is_known_again():
    play = offered()
    asked = play.state.question
    play.answer("confirm", key="first")
    late = Answered(
        question_id=asked.id, state_version=asked.state_version, answer="refuse", by="ben", key="2"
    )
    assert refusal(play.given, play.state, late) == "already_answered"
    assert play.feed(late) == ()
    kept = repeated(play.state, "first")
    assert (kept.by, kept.answer, kept.question_id) == ("anna", "confirm", asked.id)
    led_to = next(state for state in play.seen if state.answers)
    assert kept.state_version == led_to.version == asked.state_version + 1
    assert repeated(play.state, "") is None
    assert repeated(play.state, "2") is None


def test_no_question_no_answer():
    play = Play(step_of("move"))
    event = Answered(question_id="", state_version=1, answer="go", by="", key="")
    assert refusal(play.given, play.state, event) == "unknown_question"


def test_only_the_newest_answers_are_remembered():
    play = Play(step_of("move", automation="manual"), repeat=True)
    for _ in range(ANSWERS_KEPT + 3):
        play.answer("go")
        play.do()
    assert len(play.state.answers) == ANSWERS_KEPT
    assert play.state.answers[-1].key == f"k{ANSWERS_KEPT + 3}"


# A new process.


@pytest.mark.req("S4")
@pytest.mark.parametrize("act", ["handover", "move", "work"])
def test_an_unanswered_question_is_asked_anew_under_another_name(act):
    play = offered() if act == "handover" else Play(step_of(act, automation="confirm"))
    old = play.state.question
    play.feed(Restarted())
    if act == "handover":  # the arm may have left its place meanwhile
        assert isinstance(play.want, MovePath)
        play.do()
    new = play.state.question
    assert (new.options, new.kind) == (old.options, old.kind)
    assert new.id != old.id
    late = Answered(
        question_id=old.id, state_version=old.state_version, answer="confirm", by="", key="k"
    )
    assert refusal(play.given, play.state, late) == "unknown_question"
    play.answer(new.options[0])
    assert play.state.answers[-1].question_id == new.id


@pytest.mark.req("S2")
def test_a_new_process_does_not_open_a_gripper_that_may_hold_a_part():
    play = Play(step_of("pick"))
    assert play.want == Grip(command=1, opening_ratio=1.0)
    play.given = replace(play.given, parts={})
    play.feed(Restarted())
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "gripper_unknown")


def test_a_held_step_is_held_still_in_a_new_process():
    play = Play(step_of("move"), retry_max=0)
    play.fail("fault: tried")
    old = play.state.question
    play.feed(Restarted())
    assert (play.state.phase, play.state.reason) == (Phase.HELD, "move_failed: fault: tried")
    assert play.state.question.options == old.options
    assert play.state.question.id != old.id


@pytest.mark.req("S4")
def test_a_confirmed_handoff_goes_on_to_the_release_without_asking():
    play = offered()
    play.answer("confirm")
    assert play.want == Grip(command=3, opening_ratio=1.0)
    play.feed(Restarted())
    assert play.want == Grip(command=4, opening_ratio=1.0)
    assert play.state.question is None


@pytest.mark.req("S4")
def test_a_release_that_had_failed_is_asked_for_again_by_a_new_process():
    """The gripper was told to open and may have; a person looked at it, or nobody did."""
    play = offered(retry_max=0)
    play.answer("confirm")
    play.fail("fault: stuck")
    assert (play.state.op, play.state.handoff) == (Op.RELEASE, Handoff.CONFIRMED)
    play.feed(Restarted())
    assert (play.state.phase, play.state.op) == (Phase.HELD, Op.MOVE)
    assert play.state.handoff is Handoff.WITHDRAWN
    assert not set(play.state.question.options) & {"confirm", "offer_again"}


@pytest.mark.req("S4")
def test_a_handoff_has_one_name_however_often_the_arm_comes():
    play = Play(step_of("handover", automation="confirm"), parts=HELD, repeat=True)
    first = play.state
    assert first.handoff_id == f"{first.run_id}.{first.version}"
    play.do()
    play.feed(Stopped())
    play.do()
    assert play.state.handoff_id == first.handoff_id
    play.answer("confirm")
    play.do()
    play.given = replace(play.given, parts=GONE)
    play.feed(PartsChanged())
    assert play.state.handoff is Handoff.APPROACHING
    assert play.state.handoff_id not in {"", first.handoff_id}


@pytest.mark.req("S4")
def test_a_recipe_whose_steps_were_changed_is_held_until_a_person_gives_it_up():
    play = offered()
    play.answer("confirm")
    begun = play.given.recipe
    changed = replace(begun, steps=(step_of("pick"),))
    for recipe in (changed, begun, changed):
        play.given = replace(play.given, recipe=recipe)
        play.feed(Restarted())
        assert (play.state.phase, play.state.reason) == (Phase.HELD, "recipe_changed")
        assert play.state.question.options[-1:] == ("abort",)
        assert (len(play.state.question.options) == 1) == (recipe is changed)
    play.answer("abort")
    assert (play.state.phase, play.state.handoff) == (Phase.ABORTED, Handoff.ABORTED)


def test_a_recipe_whose_texts_were_changed_is_gone_on_with():
    play = offered()
    play.answer("confirm")
    told_otherwise = tuple(replace(step, text_key="step.other") for step in play.given.recipe.steps)
    recipe = replace(play.given.recipe, title_key="recipe.other", steps=told_otherwise)
    play.given = replace(play.given, recipe=recipe)
    play.feed(Restarted())
    assert (play.state.op, play.state.handoff) == (Op.RELEASE, Handoff.CONFIRMED)


acts = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "do",
                "do",
                "fail",
                "time",
                "yes",
                "yes",
                "other",
                "parts",
                "signal",
                "level",
                "restart",
                "again",
                "stop",
                "control",
            ]
        ),
        st.integers(0, 12),
    ),
    max_size=80,
)


def happen(play, what, number):
    """Let something happen that fits, or does not."""
    asked, command = play.state.question, play.state.command
    if what == "do" and play.want is not None:
        play.do()
    elif what == "fail":
        play.feed(CommandFailed(command=command - number // 4, reason="tried"))
    elif what == "time":
        play.feed(TimeReached(command=command))
    elif what == "yes" and asked is not None:
        play.answer(asked.options[0])
    elif what == "other" and asked is not None:
        options = (*asked.options, *asking.OPTIONS)
        play.answer(options[number % len(options)])
    elif what == "parts":
        sensed = {"gripper": bool(number & 1), "handover": bool(number & 2)}
        play.given = replace(play.given, arm_permitted=bool(number & 4), pulled=number > 8)
        play.sense({} if number == 7 else sensed)
    elif what == "control":
        control = [*Control][number % len(Control)]
        play.feed(Controlled(control=control, by="", device=""))
    elif what == "signal":
        play.given = replace(play.given, signals={"door": Signal(bool(number & 1), number / 4)})
        play.feed(PartsChanged())
    elif what == "level":
        ids = [ALL, *(step.id for step in play.given.recipe.steps)]
        step, level = ids[number % len(ids)], ORDER[number % 3]
        play.feed(AutomationSet(recipe="tried", step=step, automation=level, by="", device=""))
    elif what == "stop":
        play.feed(Stopped())
    elif what == "restart":
        play.state = state_from(json.loads(json.dumps(as_data(play.state))))
        play.feed(Restarted())
    elif what == "again":
        play.feed(RunRequested(run_id=f"r{play.state.version}", repeat=bool(number & 1)))


CONFIRMED = (Handoff.CONFIRMED, Handoff.GIVEN)


def sensed_before_it_may_open(recipe, seen):
    """See that a gripper that closed for a person opens unsensed only for a person's decision."""
    closing = False
    for before, after in itertools.pairwise([TaskState(), *seen]):
        closing |= after.handoff is Handoff.GIVEN
        decided = after.answers != before.answers and after.answers[-1].answer in (
            "retry", "skip", "abort",
        )  # fmt: skip
        over = after.phase is Phase.ABORTED or after.run_id != before.run_id
        closing &= not (after.handoff is Handoff.RECEIVED or decided or over)
        if closing:
            assert not isinstance(wanted(recipe, after), Grip) or after.op is Op.CLOSE


@pytest.mark.req("S4")
@settings(max_examples=150, deadline=None)
@given(recipes(), acts, st.booleans())
def test_whatever_happens_nothing_is_invented_and_nobody_is_left_without_a_question(
    recipe, happened, repeat
):
    play = Play(*recipe.steps, repeats=recipe.repeats, repeat=repeat)
    for what, number in happened:
        before = [play.state, *play.seen][-1]
        begun = len(play.seen)
        happen(play, what, number)
        state, want = play.state, play.want
        for was, now in itertools.pairwise([before, *play.seen[begun:]]):
            pulls = recipe.steps[now.step_index].release == "on_pull"
            if pulls and now.op is Op.RELEASE is not was.op:
                assert now.by_hand or (was.op is Op.PULL and play.given.pulled)
        assert state.version == len(play.seen)
        assert 0 <= state.step_index < len(recipe.steps), "no branch leaves the recipe"
        assert sorted({*state.done}) == [*state.done]
        if state.active:
            assert all(0 <= one < state.step_index for one in state.done)
        levels = [as_set(state.levels, "tried", step).automation for step in recipe.steps]
        assert all(
            ORDER.index(now) <= ORDER.index(step.automation)
            for now, step in zip(levels, recipe.steps, strict=True)
        )
        if state.phase is Phase.HELD:
            assert state.question.kind == "recover"
            assert state.reason.partition(":")[0] in asking.REASONS
        if state.phase in (Phase.RUNNING, Phase.WAITING):
            assert want is not None
        if state.phase is Phase.PAUSED:
            assert want is state.question is None
            assert control_refused(play.given, state, Control.RESUME) == ""
        if state.question is not None:
            if state.question.kind == "handoff":
                seen = play.given.parts.get("gripper")
                assert seen or (seen is not None and state.op is Op.ASK)
            assert state.question.text_key in asking.TEXT_KEYS
            own = {choice.name for choice in recipe.steps[state.step_index].answers}
            assert set(state.question.options) <= {*asking.OPTIONS, *own}
            assert state.question.id == f"{state.run_id}.{state.question.state_version}"
    for before, after in itertools.pairwise([TaskState(), *play.seen]):
        if before.active and after.run_id == before.run_id:
            for was, now in zip(before.levels, after.levels, strict=False):
                assert was.step != now.step or ORDER.index(now.automation) <= ORDER.index(
                    was.automation
                ), "in a run no level rises"
        if after.handoff in CONFIRMED and after.handoff is not before.handoff:
            told = after.answers[-1]
            assert told not in before.answers, "the answer to exactly this question"
            assert (before.question.kind, told.answer) == ("handoff", "confirm")
            assert told.question_id == before.question.id
        if after.handoff is Handoff.RELEASED is not before.handoff:
            assert before.handoff is Handoff.CONFIRMED
        if after.handoff is Handoff.CLOSED is not before.handoff:
            assert before.handoff is Handoff.GIVEN
    sensed_before_it_may_open(recipe, play.seen)
    ids = [s.question.id for s in play.seen if s.question is not None]
    assert len(set(ids)) == len([i for n, i in enumerate(ids) if n == 0 or i != ids[n - 1]])


def test_the_texts_and_options_are_listed_once():
    assert len(set(asking.TEXT_KEYS)) == len(asking.TEXT_KEYS) == 7
    assert len(set(asking.OPTIONS)) == len(asking.OPTIONS)
