"""Recipes: what a step must have, and what a handover or receive may never be."""

import pytest

from hrc_cell.settings.contact import HEAD, REGIONS, TOUCHABLE
from hrc_cell.settings.recipe import ACTS, RESERVED, RecipeFile, Step
from hrc_cell.settings.schema import Reader

GOOD = {
    "id": "one", "actor": "robot", "act": "move", "automation": "auto", "text_key": "step.one",
    "poses": ["home"],
}  # fmt: skip


def read(*steps):
    reader = Reader("r.yaml")
    data = {"title_key": "recipe.r", "steps": [{**GOOD, **step} for step in steps]}
    return reader.build(RecipeFile, data), [str(problem) for problem in reader.problems]


@pytest.mark.parametrize("act", ACTS)
def test_every_act_has_a_step_that_passes(act):
    both = {"actor": "both", "automation": "confirm"}
    changes = {
        "handover": both, "receive": both, "work": {"actor": "person"},
    }  # fmt: skip
    made, problems = read({"act": act, **changes.get(act, {})})
    assert problems == []
    step = made.steps[0]
    assert isinstance(step, Step)
    assert (step.act, step.poses) == (act, ("home",))
    assert (step.speed_ratio, step.time_s, step.timeout_s) == (1.0, 0.0, 600.0)
    assert (step.contact_region, step.tool) == ("", "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"poses": []}, "step 'one': move needs poses"),
        ({"act": "pick", "poses": []}, "step 'one': pick needs poses"),
        ({"act": "work"}, "step 'one': work is a person's; actor must be person or both"),
        ({"act": "handover", "automation": "confirm"}, "step 'one': a handover needs actor: both"),
        ({"act": "receive", "automation": "confirm"}, "step 'one': a receive needs actor: both"),
        (
            {"act": "receive", "automation": "auto", "actor": "both"},
            "step 'one': a receive needs automation: confirm or manual; the gripper closes",
        ),
        (
            {"act": "receive", "automation": "manual", "actor": "both", "poses": []},
            "step 'one': receive needs poses",
        ),
        (
            {"act": "receive", "automation": "manual", "actor": "both", "sense_s": 0},
            "steps[0].sense_s = 0 s: is out of bounds (allowed: 0.1 to 60 s)",
        ),
        (
            {"release": "on_pull"},
            "steps[0].release = 'on_pull': step 'one': goes with act: handover; remove it",
        ),
        (
            {"act": "handover", "automation": "confirm", "actor": "both", "release": "at_once"},
            "steps[0].release = 'at_once': is not one of the choices (allowed: on_confirm",
        ),
        ({"sense_s": 1.0}, "steps[0].sense_s = 1.0: step 'one': goes with act: receive; remove it"),
        ({"id": "One"}, "steps[0].id = 'One': must match [a-z][a-z0-9_]*"),
        ({"automation": "full"}, "not one of the choices (allowed: manual, confirm, auto)"),
        ({"timeout_s": 0}, "steps[0].timeout_s = 0 s: is out of bounds (allowed: 1 to 86400 s)"),
        ({"speed_ratio": 0}, "steps[0].speed_ratio = 0: is out of bounds (allowed: 0.05 to 1)"),
        ({"time_s": -1}, "steps[0].time_s = -1 s: is out of bounds (allowed: 0 to 3600 s)"),
        ({"poses": "home"}, "steps[0].poses = 'home': must be a list"),
        ({"pose": ["home"]}, "steps[0].pose: is not a key of this section; remove or rename it"),
    ],
)
def test_a_wrong_step_is_named(changes, said):
    made, problems = read(changes)
    assert made is None
    assert len(problems) == 1
    assert problems[0].startswith("r.yaml: steps[0]")
    assert said in problems[0]


@pytest.mark.req("S4")
def test_a_handover_never_releases_by_itself():
    for automation in ("manual", "confirm"):
        assert read({"act": "handover", "actor": "both", "automation": automation})[1] == []
    _, problems = read({"act": "handover", "actor": "both", "automation": "auto"})
    assert "a part is released only when a person says so" in problems[0]


def test_a_recipe_has_steps_of_different_names():
    assert read()[1] == ["r.yaml: steps: is empty; a recipe needs at least one step"]
    assert read({}, {})[1] == [
        "r.yaml: steps[1].id = 'one': the step id one stands more than once; rename one"
    ]
    assert read({}, {"id": "two"})[1] == []


@pytest.mark.parametrize("region", TOUCHABLE)
def test_a_step_may_name_what_it_may_touch_and_its_tool(region):
    made, problems = read({"contact_region": region, "tool": "gripper with pads"})
    assert problems == []
    assert (made.steps[0].contact_region, made.steps[0].tool) == (region, "gripper with pads")


@pytest.mark.req("S2")
@pytest.mark.parametrize("region", HEAD)
def test_no_step_may_touch_the_head(region):
    assert region in REGIONS
    (said,) = read({"contact_region": region})[1]
    assert f"step 'one': contact_region {region!r}: contact with skull, forehead or face" in said


@pytest.mark.parametrize("region", ["tail", "Hand", " "])
def test_a_step_names_a_region_there_is(region):
    (said,) = read({"contact_region": region})[1]
    assert f"contact_region {region!r} is not one of neck, back_shoulders" in said


WORK = {"actor": "person", "act": "work", "poses": []}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"id": "end"}, "steps[0].id = 'end': end means the end of the recipe; rename it"),
        ({"answers": [{"name": "good"}]}, "steps[0].answers: only a person's step offers answers"),
        ({**WORK, "answers": [{"name": "skip"}]},
         "steps[0].answers[0].name = 'skip': means something already; take another"),
        ({**WORK, "answers": [{"name": "a"}, {"name": "a"}]},
         "steps[0].answers[1].name = 'a': stands twice; rename one"),
        ({**WORK, "answers": [{"name": "a", "texts": {"fr": "oui"}}]},
         "steps[0].answers[0].texts.fr: is no language of the page; use en, vi, "),
        ({"instructions": {"xx": {"text": "t"}}},
         "steps[0].instructions.xx: is no language of the page; use en, vi, "),
        ({"instructions": {"en": {"text": "t", "picture": "../x.png"}}},
         "steps[0].instructions.en.picture = '../x.png': must match"),
        ({"instructions": {"en": {"text": "t", "picture": "x.svg"}}},
         "steps[0].instructions.en.picture = 'x.svg': must match"),
        ({"requires": [{}]}, "steps[0].requires[0]: needs either place and occupied, or signal"),
        ({"requires": [{"place": "tray_1", "signal": "door"}]},
         "steps[0].requires[0]: needs either place and occupied, or signal and state"),
        ({"requires": [{"place": "tray_1"}]},
         "steps[0].requires[0].occupied: is missing; write true or false"),
        ({"requires": [{"signal": "door"}]},
         "steps[0].requires[0].state: is missing; write true or false"),
        ({"requires": [{"signal": "door", "state": True, "occupied": True}]},
         "steps[0].requires[0].occupied = True: goes with state of something else; remove it"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_named_with_its_key(changes, said):
    made, problems = read(changes)
    assert made is None
    assert len(problems) == 1
    assert said in problems[0]


def test_everything_wrong_with_a_step_is_told_at_once():
    _, problems = read({"id": "end", "act": "handover", "poses": [], "contact_region": "face"})
    keys = [problem.split(": ")[1].split(" = ")[0] for problem in problems]
    assert keys == [f"steps[0].{key}" for key in (
        "id", "contact_region", "poses", "actor", "automation",
    )]  # fmt: skip


@pytest.mark.parametrize("how", [{}, {"count": 2, "until": "good"}])
def test_a_group_ends_by_count_or_by_an_answer(how):
    reader = Reader("r.yaml")
    group = {"first": "one", "last": "one", **how}
    reader.build(RecipeFile, {"title_key": "t", "steps": [GOOD], "repeats": [group]})
    assert [str(p) for p in reader.problems] == ["r.yaml: repeats[0]: needs either count or until"]


def test_what_a_step_may_bring_along_is_read():
    made, problems = read({
        **WORK,
        "answers": [{"name": "good"}, {"name": "scrap", "to": "end", "texts": {"en": "Scrap it"}}],
        "requires": [{"place": "tray_1", "occupied": False},
                     {"signal": "door", "state": True, "age_max_s": 0.2}],
        "instructions": {"en": {"text": "Look.", "picture": "look.png"}},
    })  # fmt: skip
    assert problems == []
    (step,) = made.steps
    assert [(c.name, c.to, c.texts) for c in step.answers] == [
        ("good", "", None), ("scrap", "end", {"en": "Scrap it"}),
    ]  # fmt: skip
    assert step.requires[0].occupied is False
    assert (step.requires[1].signal, step.requires[1].age_max_s) == ("door", 0.2)
    assert step.instructions["en"].picture == "look.png"


def test_the_reserved_answers_are_those_of_every_question():
    from hrc_cell.core.asking import OPTIONS

    assert OPTIONS is RESERVED
