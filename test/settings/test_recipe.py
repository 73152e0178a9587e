"""Recipes: what a step must have, and what a handover may never be."""

import pytest

from hrc_cell.settings.contact import HEAD, REGIONS, TOUCHABLE
from hrc_cell.settings.recipe import ACTS, RecipeFile, Step
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
    changes = {
        "handover": {"actor": "both", "automation": "confirm"}, "work": {"actor": "person"},
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
    assert read()[1] == ["r.yaml: (top): steps is empty"]
    assert read({}, {})[1] == ["r.yaml: (top): step id one stands more than once"]
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
