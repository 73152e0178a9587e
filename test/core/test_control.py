"""Pause, resume, cancel, skip and repeat: at safe places, and never against a confirmation."""

import json
from dataclasses import replace

import pytest

from hrc_cell.core.control import control_refusal
from hrc_cell.core.given import Given
from hrc_cell.core.handoff import Handoff
from hrc_cell.core.pieces import wanted
from hrc_cell.core.recipe import advance, control_refused
from hrc_cell.core.task import (
    Answered,
    CommandFailed,
    Control,
    Controlled,
    GripDone,
    MoveDone,
    Op,
    PartsChanged,
    Phase,
    Restarted,
    RunRequested,
    Stopped,
    TaskState,
    TimeReached,
    as_data,
    state_from,
)
from hrc_cell.settings.recipe import Choice, Recipe, Step

GONE = {"gripper": False, "handover": False}
HELD = {"gripper": True, "handover": False}


def step_of(act, name="one", automation="auto", **more):
    actor = {"handover": "both", "work": "person"}.get(act, "robot")
    poses = () if act in ("work", "wait") else ("at",)
    return Step(
        id=name, actor=actor, act=act, automation=automation, text_key="t", poses=poses, **more
    )  # fmt: skip


class Run:
    """A run of some steps."""

    def __init__(self, *steps, parts=None, **request):
        recipe = Recipe(name="r", title_key="t", steps=steps)
        parts = GONE if parts is None else parts
        self.given = Given(recipe=recipe, retry_max=0, parts=parts, gripper_permitted=True)
        self.state = TaskState()
        self.feed(RunRequested(run_id="r1", **{"repeat": False, **request}))

    def feed(self, event):
        passed = advance(self.given, self.state, event)
        self.state = passed[-1] if passed else self.state
        return passed

    def ask(self, control):
        return self.feed(Controlled(control=control, by="plc", device="line"))

    def refused(self, control):
        return control_refused(self.given, self.state, control)

    @property
    def want(self):
        return wanted(self.given.recipe, self.state)

    def moved(self):
        return self.feed(MoveDone(command=self.state.command))

    def gripped(self, **done):
        return self.feed(GripDone(command=self.state.command, **done))

    def opened(self):
        return self.gripped(reached=True, holding=False)

    def say(self, answer):
        asked = self.state.question
        return self.feed(Answered(
            question_id=asked.id, state_version=asked.state_version, answer=answer, by="anna",
            key="",
        ))  # fmt: skip

    def sense(self, parts):
        self.given = replace(self.given, parts=parts)
        return self.feed(PartsChanged())


def hand(**more):
    run = Run(
        step_of("handover", automation="confirm"), step_of("move", "back"), parts=HELD, **more
    )
    run.moved()
    assert run.state.handoff is Handoff.OFFERED
    return run


def test_a_pause_ends_the_piece_and_rests_before_the_next():
    run = Run(step_of("pick"))
    run.ask(Control.PAUSE)
    assert (run.state.phase, run.state.op) == (Phase.RUNNING, Op.OPEN)
    assert run.want is not None
    run.opened()
    assert (run.state.phase, run.state.op, run.want) == (Phase.PAUSED, Op.MOVE, None)
    assert not run.state.pausing, "it rests, so there is nothing left to wait for"
    assert run.moved() == run.sense(HELD) == ()
    run.sense(GONE)
    run.ask(Control.RESUME)
    assert (run.state.phase, run.state.op) == (Phase.RUNNING, Op.MOVE)
    assert run.want.command == run.state.command


def test_a_pause_can_be_taken_back_before_it_begins():
    run = Run(step_of("pick"))
    run.ask(Control.PAUSE)
    assert run.refused(Control.PAUSE) == "paused"
    run.ask(Control.RESUME)
    run.opened()
    assert (run.state.phase, run.state.op) == (Phase.RUNNING, Op.MOVE)
    assert run.refused(Control.RESUME) == "not_paused"


@pytest.mark.parametrize("act", ["move", "work"])
def test_a_question_is_withdrawn_by_a_pause_and_asked_anew(act):
    run = Run(step_of(act, automation="confirm"))
    asked = run.state.question
    run.ask(Control.PAUSE)
    assert (run.state.phase, run.state.question) == (Phase.PAUSED, None)
    assert run.feed(TimeReached(command=run.state.command)) == ()
    run.ask(Control.RESUME)
    assert run.state.question.options == asked.options
    assert run.state.question.id != asked.id


@pytest.mark.req("S4")
def test_a_part_that_is_offered_is_not_offered_any_more_in_a_pause():
    run = hand()
    asked = run.state.question
    run.ask(Control.PAUSE)
    assert (run.state.phase, run.state.handoff) == (Phase.PAUSED, Handoff.WITHDRAWN)
    late = Answered(question_id=asked.id, state_version=asked.state_version, answer="confirm",
                    by="", key="")  # fmt: skip
    assert run.feed(late) == ()
    run.ask(Control.RESUME)
    assert (run.state.op, run.state.phase) == (Op.MOVE, Phase.RUNNING)
    run.ask(Control.PAUSE)
    run.moved()
    assert (run.state.phase, run.state.op) == (Phase.PAUSED, Op.MOVE), "nor offered on the way"
    assert run.state.handoff is Handoff.WITHDRAWN


@pytest.mark.req("S4")
def test_what_was_confirmed_is_carried_through_before_the_run_rests():
    run = hand()
    run.say("confirm")
    for control in (Control.CANCEL, Control.SKIP, Control.REPEAT):
        assert run.refused(control) == "handoff"
        assert run.ask(control) == ()
    run.ask(Control.PAUSE)
    assert (run.state.op, run.state.phase) == (Op.RELEASE, Phase.RUNNING)
    run.opened()
    assert (run.state.op, run.state.phase) == (Op.AWAIT, Phase.WAITING)
    assert run.refused(Control.SKIP) == "handoff"
    run.sense(GONE)
    assert (run.state.phase, run.state.step_index) == (Phase.PAUSED, 1)


def test_a_paused_run_stays_so_in_a_new_process_and_after_a_stop():
    run = hand()
    run.ask(Control.PAUSE)
    run.state = state_from(json.loads(json.dumps(as_data(run.state))))
    assert run.feed(Stopped()) == ()
    run.feed(Restarted())
    assert (run.state.phase, run.state.op) == (Phase.PAUSED, Op.MOVE)
    run.ask(Control.RESUME)
    assert run.state.phase is Phase.RUNNING


def test_a_paused_run_whose_recipe_was_changed_is_held_and_can_only_be_given_up():
    run = Run(step_of("move"), step_of("move", "two"))
    run.ask(Control.PAUSE)
    run.moved()
    run.given = replace(run.given, recipe=replace(run.given.recipe, steps=(step_of("wait"),)))
    for control in Control:
        assert (run.refused(control) == "") == (control is Control.CANCEL)
    run.feed(Restarted())
    assert (run.state.phase, run.state.reason) == (Phase.HELD, "recipe_changed")
    assert run.refused(Control.SKIP) == "held"
    run.ask(Control.CANCEL)
    assert run.state.phase is Phase.ABORTED


@pytest.mark.parametrize("when", ["running", "waiting", "held", "paused", "offered"])
def test_a_run_is_canceled_at_once(when):
    run = hand() if when == "offered" else Run(
        step_of("move", automation="confirm" if when == "waiting" else "auto")
    )  # fmt: skip
    if when == "held":
        run.feed(CommandFailed(command=run.state.command, reason="tried"))
    if when == "paused":
        run = Run(step_of("work"))
        run.ask(Control.PAUSE)
    run.ask(Control.CANCEL)
    assert (run.state.phase, run.state.reason) == (Phase.ABORTED, "canceled")
    assert (run.state.question, run.want) == (None, None)
    assert run.state.handoff is (Handoff.ABORTED if when == "offered" else Handoff.NONE)
    assert run.refused(Control.CANCEL) == "no_run"
    assert run.ask(Control.CANCEL) == ()


def test_a_step_is_skipped_or_repeated_from_its_beginning():
    run = Run(step_of("pick"), step_of("move", "two"))
    run.opened()
    run.ask(Control.REPEAT)
    assert (run.state.step_index, run.state.op) == (0, Op.OPEN)
    run.ask(Control.SKIP)
    assert (run.state.step_index, run.state.op) == (1, Op.MOVE)
    run = hand()
    run.ask(Control.REPEAT)
    assert (run.state.op, run.state.handoff) == (Op.MOVE, Handoff.APPROACHING)
    run.ask(Control.SKIP)
    assert (run.state.step_index, run.state.handoff) == (1, Handoff.NONE)


def test_a_paused_run_stays_paused_when_a_step_is_skipped_or_repeated():
    run = Run(step_of("pick"), step_of("move", "two"))
    run.ask(Control.PAUSE)
    run.opened()
    run.ask(Control.REPEAT)
    assert (run.state.phase, run.state.op) == (Phase.PAUSED, Op.OPEN)
    run.ask(Control.SKIP)
    assert (run.state.phase, run.state.step_index) == (Phase.PAUSED, 1)


def test_a_held_step_is_skipped_and_repeated_as_far_as_its_question_allows():
    run = Run(step_of("move"), step_of("move", "two"))
    run.feed(CommandFailed(command=run.state.command, reason="tried"))
    assert run.refused(Control.PAUSE) == "held"
    run.ask(Control.REPEAT)
    assert (run.state.phase, run.state.step_index) == (Phase.RUNNING, 0)
    run.feed(CommandFailed(command=run.state.command, reason="tried"))
    run.ask(Control.SKIP)
    assert (run.state.phase, run.state.step_index) == (Phase.RUNNING, 1)
    run = hand()
    run.say("confirm")
    run.feed(CommandFailed(command=run.state.command, reason="stuck"))
    assert run.refused(Control.SKIP) == run.refused(Control.REPEAT) == "held"
    assert control_refusal(None, replace(run.state, question=None), Control.SKIP) == "held"
    held = replace(run.state, question=None)
    assert control_refusal(run.given.recipe.steps[0], held, Control.SKIP) == "held"


def test_a_step_that_needs_an_answer_is_not_skipped():
    answers = (Choice(name="good", to="end"), Choice(name="bad", to="end"))
    run = Run(step_of("work", answers=answers))
    assert run.refused(Control.SKIP) == "needs_answer"
    assert run.refused(Control.REPEAT) == ""


def test_a_pause_is_still_meant_after_a_failure():
    run = Run(step_of("move"))
    run.ask(Control.PAUSE)
    run.feed(CommandFailed(command=run.state.command, reason="tried"))
    run.say("retry")
    assert run.state.phase is Phase.PAUSED


def test_a_run_ends_after_its_cycles():
    run = Run(step_of("move"), cycles=2)
    run.moved()
    assert (run.state.phase, run.state.cycle) == (Phase.RUNNING, 2)
    run.ask(Control.PAUSE)
    run.moved()
    assert (run.state.phase, run.state.pausing) == (Phase.DONE, False)
