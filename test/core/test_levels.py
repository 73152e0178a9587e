"""Levels of automation: down at once, up only between runs, never above the recipe."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.core.given import Given
from hrc_cell.core.levels import ORDER, as_set, level_refusal, with_levels
from hrc_cell.core.recipe import advance
from hrc_cell.core.task import (
    ALL,
    Answered,
    AutomationSet,
    CommandFailed,
    GripDone,
    MoveDone,
    Op,
    Phase,
    Restarted,
    RunRequested,
    Stopped,
    TaskState,
    as_data,
    state_from,
)
from hrc_cell.settings.recipe import Recipe, Step

PICK = Step(
    id="fetch", actor="robot", act="pick", automation="auto", text_key="t", poses=("at",),
)  # fmt: skip
MOVE = Step(
    id="show", actor="robot", act="move", automation="confirm", text_key="t", poses=("at",)
)  # fmt: skip
HAND = Step(
    id="hand", actor="both", act="handover", automation="confirm", text_key="t", poses=("at",)
)  # fmt: skip
RECIPE = Recipe(name="r", title_key="t", steps=(PICK, MOVE, HAND))


def wish(step, automation, recipe="r"):
    return AutomationSet(recipe=recipe, step=step, automation=automation, by="anna", device="d")


class Run:
    """A run of the recipe."""

    def __init__(self, recipe=RECIPE, holds=False, begin=True):
        self.state, self.seen = TaskState(), []
        self.given = Given(
            recipe=recipe, retry_max=1, parts={"gripper": holds, "handover": False},
            gripper_permitted=True,
        )  # fmt: skip
        if begin:
            self.feed(RunRequested(run_id="r1", repeat=False))

    def feed(self, event):
        passed = advance(self.given, self.state, event)
        self.seen += passed
        self.state = passed[-1] if passed else self.state
        return passed

    def set(self, step, automation):
        return self.feed(wish(step, automation))

    def grip(self, **done):
        return self.feed(GripDone(command=self.state.command, **done))

    def arrive(self):
        return self.feed(MoveDone(command=self.state.command))

    def say(self, answer):
        asked = self.state.question
        return self.feed(Answered(
            question_id=asked.id, state_version=asked.state_version, answer=answer, by="anna",
            key="",
        ))  # fmt: skip


def levels(state, recipe=RECIPE):
    return [as_set(state.levels, recipe.name, step).automation for step in recipe.steps]


def test_a_level_is_set_for_a_step_or_for_all_and_goes_back_up():
    run = Run(begin=False)
    run.set("fetch", "manual")
    assert levels(run.state) == ["manual", "confirm", "confirm"]
    run.set(ALL, "manual")
    assert levels(run.state) == ["manual"] * 3
    run.set(ALL, "auto")
    assert levels(run.state) == ["auto", "confirm", "confirm"], "each as far as its file allows"
    assert run.state.levels == ()
    assert run.state.version == 3


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (wish("fly", "manual"), "unknown_step"),
        (wish("fetch", "full"), "unknown_level"),
        (wish("show", "auto"), "above_recipe"),
        (wish("hand", "auto"), "above_recipe"),
        (wish("fetch", "auto"), ""),
        (wish("hand", "manual"), ""),
    ],
)
def test_what_cannot_be_set_is_refused(event, reason):
    run = Run(begin=False)
    assert level_refusal(RECIPE, run.state, event) == reason
    assert bool(run.feed(event)) == (reason == "")


def test_up_only_between_runs():
    run = Run(begin=False)
    run.set(ALL, "manual")
    run.feed(RunRequested(run_id="r1", repeat=False))
    for step in ("fetch", ALL):
        assert level_refusal(RECIPE, run.state, wish(step, "confirm")) == "run_active"
        assert run.set(step, "confirm") == ()
    assert run.set("fetch", "manual"), "no change is no rise"
    run.say("skip")
    run.say("skip")
    run.say("skip")
    assert run.state.phase is Phase.DONE
    assert levels(run.state) == ["manual"] * 3, "the levels outlive the run"
    run.set(ALL, "auto")
    assert levels(run.state)[0] == "auto"


def test_a_step_that_is_turned_down_ends_its_piece_and_asks_before_the_next():
    run = Run()
    assert run.state.op is Op.OPEN
    run.set("fetch", "confirm")
    assert (run.state.op, run.state.phase, run.state.command) == (Op.OPEN, Phase.RUNNING, 1)
    run.grip(reached=True, holding=False)
    assert (run.state.op, run.state.phase) == (Op.GO, Phase.WAITING)
    assert run.state.question.options == ("confirm", "refuse")
    run.say("confirm")
    assert (run.state.op, run.state.phase) == (Op.MOVE, Phase.RUNNING)
    run.arrive()
    assert run.state.op is Op.GRASP, "asked once for the rest of the step"


def test_turned_down_to_manual_a_person_says_go_and_may_skip():
    run = Run()
    run.set(ALL, "manual")
    run.grip(reached=True, holding=False)
    assert run.state.question.options == ("go", "skip")
    run.say("skip")
    assert (run.state.step_index, run.state.op, run.state.after) == (1, Op.GO, Op.NONE)
    run.say("go")
    assert run.state.op is Op.MOVE


def test_turned_down_it_does_not_even_try_again_without_asking():
    run = Run()
    run.set("fetch", "confirm")
    run.feed(CommandFailed(command=run.state.command, reason="tried"))
    assert (run.state.op, run.state.after) == (Op.GO, Op.OPEN)
    run.say("refuse")
    assert run.state.phase is Phase.HELD
    run.say("retry")
    assert (run.state.op, run.state.phase) == (Op.GO, Phase.WAITING)
    run.say("confirm")
    assert run.state.op is Op.OPEN


def test_a_new_process_asks_still():
    run = Run()
    run.set("fetch", "confirm")
    run.state = state_from(json.loads(json.dumps(as_data(run.state))))
    run.feed(Restarted())
    assert (run.state.op, run.state.after) == (Op.GO, Op.OPEN)
    run.feed(Restarted())
    assert (run.state.op, run.state.after) == (Op.GO, Op.OPEN)
    run.say("confirm")
    assert (run.state.op, run.state.after, run.state.turned_down) == (Op.OPEN, Op.NONE, False)


@pytest.mark.req("S4")
def test_what_was_confirmed_is_released_without_a_further_question():
    run = Run(Recipe(name="r", title_key="t", steps=(HAND,)), holds=True)
    run.set("hand", "manual")
    assert not run.state.turned_down, "a handover asks anyhow"
    run.arrive()
    run.say("confirm")
    assert run.state.op is Op.RELEASE


def test_another_recipe_can_be_turned_down_while_one_runs():
    run = Run()
    other = Recipe(name="other", title_key="t", steps=(replace(MOVE, automation="auto"),))
    passed = advance(replace(run.given, recipe=other), run.state, wish("show", "manual", "other"))
    assert len(passed) == 1
    assert passed[0] == replace(
        run.state, version=run.state.version + 1, levels=passed[0].levels
    )  # fmt: skip
    assert levels(passed[0], other) == ["manual"]
    assert levels(passed[0]) == levels(run.state)


def test_a_stop_changes_no_level():
    run = Run()
    run.set("fetch", "confirm")
    assert run.feed(Stopped()) == ()


@given(st.lists(st.tuples(st.sampled_from(["fetch", "show", "hand", ALL]), st.sampled_from(ORDER))))
def test_no_level_is_ever_above_the_file_and_none_rises_in_a_run(wishes):
    state = replace(TaskState(), phase=Phase.RUNNING, recipe="r", op=Op.MOVE)
    for step, automation in wishes:
        event = wish(step, automation)
        if level_refusal(RECIPE, state, event):
            continue
        after = with_levels(RECIPE, state, event)
        for was, now, file in zip(levels(state), levels(after), RECIPE.steps, strict=True):
            assert ORDER.index(now) <= ORDER.index(was) <= ORDER.index(file.automation)
        state = after
