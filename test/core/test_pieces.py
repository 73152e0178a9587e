"""The pieces of a recipe's steps: what each level of automation adds, and what a state wants."""

import dataclasses
import hashlib
import json
import math
from dataclasses import replace

import pytest

from hrc_cell.core.handoff import FREE, RECEIVING, Handoff
from hrc_cell.core.pieces import digest, program, wanted
from hrc_cell.core.task import Grip, MovePath, Op, Phase, TaskState, Wait
from hrc_cell.settings.recipe import Choice, Condition, Instruction, Recipe, Repeat, Step


def step_of(act="move", actor=None, automation="auto", **more):
    actor = actor or {"handover": "both", "receive": "both", "work": "person"}.get(act, "robot")
    rest = {"text_key": "step.one", "poses": ("above", "at"), "time_s": 3.0, "timeout_s": 60.0}
    return Step(id="one", actor=actor, act=act, automation=automation, **{**rest, **more})


def recipe_of(*steps, title_key="recipe.tried"):
    return Recipe(name="tried", title_key=title_key, steps=steps)


def state_of(op, *, phase=Phase.RUNNING, handoff=Handoff.NONE):
    return replace(TaskState(), phase=phase, op=op, handoff=handoff, command=7, step_index=0)


@pytest.mark.parametrize(
    ("act", "pieces"),
    [
        ("move", (Op.MOVE,)),
        ("pick", (Op.OPEN, Op.MOVE, Op.GRASP)),
        ("place", (Op.MOVE, Op.SET_DOWN)),
        ("wait", (Op.WAIT,)),
    ],
)
def test_an_automatic_step_asks_nothing_first_and_any_other_does(act, pieces):
    assert program(step_of(act)) == pieces
    for automation in ("confirm", "manual"):
        assert program(step_of(act, automation=automation)) == (Op.GO, *pieces)


def test_the_question_of_a_handover_is_its_offer_and_a_manual_one_is_asked_for_twice():
    pieces = (Op.MOVE, Op.OFFER, Op.RELEASE, Op.AWAIT)
    assert program(step_of("handover", automation="confirm")) == pieces
    assert program(step_of("handover", automation="manual")) == (Op.GO, *pieces)


def test_a_handover_on_a_pull_waits_for_it_after_the_confirmation():
    pieces = (Op.MOVE, Op.OFFER, Op.PULL, Op.RELEASE, Op.AWAIT)
    step = step_of("handover", automation="confirm", release="on_pull")
    assert program(step) == pieces
    assert digest(recipe_of(step)) != digest(recipe_of(replace(step, release="on_confirm")))


def test_a_receive_opens_comes_asks_closes_senses_and_waits_until_there_is_room():
    pieces = (Op.OPEN, Op.MOVE, Op.ASK, Op.CLOSE, Op.SENSE, Op.CLEAR)
    assert program(step_of("receive", automation="confirm")) == pieces
    assert program(step_of("receive", automation="manual")) == (Op.GO, *pieces)


@pytest.mark.parametrize("automation", ["manual", "confirm", "auto"])
def test_what_only_a_person_does_is_asked_for_when_done(automation):
    for actor in ("person", "both"):
        assert program(step_of("work", actor=actor, automation=automation)) == (Op.WORK,)
    for act in ("move", "pick", "place"):
        assert program(step_of(act, actor="person", automation=automation)) == (Op.WORK,)
    assert Op.WAIT in program(step_of("wait", actor="person", automation=automation))


def test_other_texts_are_the_same_recipe_and_other_acts_are_not():
    one = digest(recipe_of(step_of()))
    assert digest(recipe_of(step_of(text_key="step.other"), title_key="recipe.other")) == one
    assert digest(recipe_of(step_of(poses=("at",)))) != one
    assert digest(recipe_of(step_of(), step_of())) != one


WANTED = [
    (Op.MOVE, MovePath(command=7, poses=("above", "at"), speed_ratio=0.5, step="one")),
    (Op.OPEN, Grip(command=7, opening_ratio=1.0)),
    (Op.GRASP, Grip(command=7, opening_ratio=0.0)),
    (Op.SET_DOWN, Grip(command=7, opening_ratio=1.0)),
    (Op.WAIT, Wait(command=7, time_s=3.0)),
    *((op, Wait(command=7, time_s=60.0)) for op in (Op.GO, Op.OFFER, Op.WORK, Op.AWAIT)),
    *((op, Wait(command=7, time_s=60.0)) for op in (Op.ASK, Op.CLEAR, Op.PULL)),
    (Op.CLOSE, Grip(command=7, opening_ratio=0.0)),
    (Op.SENSE, Wait(command=7, time_s=0.5)),
]


@pytest.mark.parametrize(("op", "command"), WANTED, ids=[op.name for op, _ in WANTED])
def test_each_piece_wants_its_own_and_nothing_while_nobody_plays(op, command):
    more = {"act": "receive", "automation": "confirm", "sense_s": 0.5}
    recipe = recipe_of(step_of(speed_ratio=0.5, **(more if op is Op.SENSE else {})))
    for phase in Phase:
        plays = phase in (Phase.RUNNING, Phase.WAITING)
        assert wanted(recipe, state_of(op, phase=phase)) == (command if plays else None)


@pytest.mark.req("S4")
@pytest.mark.parametrize("handoff", Handoff)
def test_a_part_offered_is_let_go_only_once_confirmed_and_the_arm_stays(handoff):
    recipe = recipe_of(step_of("handover", automation="confirm"))
    opens = wanted(recipe, state_of(Op.RELEASE, handoff=handoff)) is not None
    held = (Handoff.APPROACHING, Handoff.OFFERED, Handoff.REFUSED, Handoff.TIMED_OUT)
    assert not (opens and handoff in held)
    assert opens or handoff is not Handoff.CONFIRMED
    moves = wanted(recipe, state_of(Op.MOVE, handoff=handoff)) is not None
    assert not (moves and handoff in (Handoff.OFFERED, Handoff.CONFIRMED, Handoff.RELEASED))


@pytest.mark.req("S4")
@pytest.mark.parametrize("handoff", Handoff)
def test_the_gripper_closes_for_a_person_only_once_confirmed_and_opens_only_while_it_comes(handoff):
    recipe = recipe_of(step_of("receive", automation="confirm"))
    closes = wanted(recipe, state_of(Op.CLOSE, handoff=handoff)) is not None
    assert closes == (handoff in FREE | {Handoff.GIVEN})
    if handoff in RECEIVING:
        opens = wanted(recipe, state_of(Op.OPEN, handoff=handoff)) is not None
        moves = wanted(recipe, state_of(Op.MOVE, handoff=handoff)) is not None
        assert opens == moves == (handoff is Handoff.COMING)


def test_a_recipe_with_a_number_that_is_none_has_no_digest():
    with pytest.raises(ValueError, match="not JSON compliant"):
        digest(recipe_of(step_of(time_s=math.nan)))


def test_a_digest_is_of_the_steps_by_name_so_that_their_order_in_the_code_is_free():
    step = step_of()
    fields = sorted((field.name, getattr(step, field.name)) for field in dataclasses.fields(step))
    text = ",".join(
        f'"{name}":' + ('""' if name == "text_key" else json.dumps(value).replace(", ", ","))
        for name, value in fields
        if name not in {"sense_s", "release"}
        and (value or name not in {"next", "answers", "requires", "instructions"})
    )
    told = hashlib.sha256(("[{" + text + "}]").encode()).hexdigest()
    assert digest(recipe_of(step)) == told


@pytest.mark.req("S4")
def test_the_digest_of_a_recipe_is_the_one_that_earlier_journals_say():
    """So that a run that was begun before an update goes on after it."""
    steps = (step_of("pick"), step_of("handover", automation="confirm", tool="pads"))
    assert (
        digest(recipe_of(*steps))
        == "4720ce54e4cef8b6db48c0a141a4f5f2da5d010782d1ab712883cda92af4845c"
    )


def test_another_time_to_sense_is_another_recipe():
    plain = step_of("receive", automation="confirm")
    assert digest(recipe_of(plain)) != digest(recipe_of(replace(plain, sense_s=3.0)))


def test_ways_conditions_and_rounds_are_another_recipe_and_words_are_not():
    plain = step_of("work")
    more = [
        {"next": "end"}, {"answers": (Choice(name="good"),)},
        {"answers": (Choice(name="good", to="end"),)},
        {"requires": (Condition(place="tray_1", occupied=True),)},
    ]  # fmt: skip
    made = [digest(recipe_of(replace(plain, **changes))) for changes in ({}, *more)]
    group = (Repeat(first="one", last="one", count=2),)
    made.append(digest(replace(recipe_of(plain), repeats=group)))
    assert len(set(made)) == len(made)
    shown = {"instructions": {"en": Instruction(text="Look.")}}
    assert digest(recipe_of(replace(plain, **shown))) == made[0]
    said = {"answers": (Choice(name="good", texts={"en": "Good"}),)}
    assert digest(recipe_of(replace(plain, **said))) == made[2]


def test_what_a_step_requires_is_looked_at_first():
    requires = (Condition(place="tray_1", occupied=True),)
    assert program(step_of(requires=requires)) == (Op.CHECK, Op.MOVE)
    assert program(step_of("work", requires=requires)) == (Op.CHECK, Op.WORK)
    confirm = step_of(automation="confirm", requires=requires)
    assert program(confirm) == (Op.CHECK, Op.GO, Op.MOVE)
    recipe = recipe_of(step_of(requires=requires))
    assert wanted(recipe, state_of(Op.CHECK, phase=Phase.WAITING)) == Wait(command=7, time_s=60.0)
