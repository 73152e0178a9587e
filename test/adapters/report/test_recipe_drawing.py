"""Drawings of recipes: every step, every way, and nothing outside of the sheet."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from recipes import recipes

from hrc_cell.adapters.report.recipe_drawing import drawing
from hrc_cell.adapters.report.recipe_mermaid import mermaid
from hrc_cell.adapters.report.recipe_ways import condition, described, edges
from hrc_cell.settings.recipe import Choice, Condition, Instruction, Recipe, Repeat, Step
from hrc_cell.settings.recipe_routes import leads_to

SVG = "{http://www.w3.org/2000/svg}"


def say(texts, otherwise):
    return (texts or {}).get("en", otherwise)


def drawn(recipe):
    return ElementTree.fromstring(drawing(recipe, "A title", say))


def words(tree):
    return ["".join(text.itertext()) for text in tree.iter(f"{SVG}text")]


def step_of(name, actor="person", **more):
    act = "wait" if actor == "robot" else "work"
    return Step(id=name, actor=actor, act=act, automation="confirm", text_key="Do it", **more)


@settings(max_examples=60)
@given(recipes())
def test_every_step_and_every_way_is_drawn_once_and_nothing_lies_outside(recipe):
    tree = drawn(recipe)
    said = words(tree)
    for step in recipe.steps:
        assert sum(text.startswith(f"{step.id}  {step.act}, {step.actor}") for text in said) == 1
    shapes = [p.get("class") for p in tree.iter(f"{SVG}path") if "shape" in p.get("class", "")]
    assert shapes[3:] == [f"shape {step.actor}" for step in recipe.steps]
    ways = [p for p in tree.iter(f"{SVG}path") if "way" in p.get("class", "").split()]
    every = list(edges(recipe, say))
    assert len(ways) == len(every) + 1, "and the one that leads to the first step"
    x, y, width, height = map(float, tree.get("viewBox").split())
    for path in tree.iter(f"{SVG}path"):
        if path.get("class"):
            for axis, value in re.findall(r"([MLHV])(-?[\d.]+)", path.get("d")):
                assert 0.0 <= float(value) <= (height if axis == "V" else width), path.get("d")
    assert (x, y) == (0.0, 0.0)


@settings(max_examples=60)
@given(recipes())
def test_the_ways_are_those_that_the_recipe_goes(recipe):
    found = {here: set() for here in range(len(recipe.steps))}
    for edge in edges(recipe, say):
        found[edge.source].add(edge.target)
    for here, there in found.items():
        assert there == leads_to(recipe.steps, recipe.repeats, here)


@settings(max_examples=60)
@given(recipes())
def test_mermaid_has_a_node_for_each_step_and_an_arrow_for_each_way(recipe):
    text = mermaid(recipe, say)
    for here in range(len(recipe.steps)):
        assert len(re.findall(rf"^ +s{here}[{{(\[]", text, re.M)) == 1
    arrows = re.findall(r"^    s\d+ -", text, re.M)
    assert len(arrows) == len(list(edges(recipe, say)))
    assert text.count("subgraph") == len(re.findall(r"^ +end$", text, re.M)) == len(recipe.repeats)


def test_who_acts_is_told_by_the_shape():
    steps = (step_of("a", "robot"), step_of("b"), step_of("c", "both"))
    tree = drawn(Recipe(name="r", title_key="t", steps=steps))
    outlines = [
        re.sub(r"[-\d. ]+", "", p.get("d"))
        for p in tree.iter(f"{SVG}path") if "shape" in p.get("class", "")
    ]  # fmt: skip
    assert outlines[3:] == outlines[:3] == ["MHLLHLZ", "MHAHAZ", "MHAHLZ"]
    text = mermaid(Recipe(name="r", title_key="t", steps=steps), say)
    assert 's0{{"' in text
    assert 's1(["' in text
    assert 's2[/"' in text


def test_words_stand_at_their_ways():
    answers = (
        Choice(name="good", texts={"en": "All good"}), Choice(name="not_yet"),
        Choice(name="scrap", to="end"),
    )  # fmt: skip
    steps = (step_of("a"), step_of("b", answers=answers), step_of("c"))
    group = Repeat(first="a", last="b", until="good")
    recipe = Recipe(name="r", title_key="t", steps=steps, repeats=(group,))
    assert [(e.source, e.target, e.label, e.again) for e in edges(recipe, say)] == [
        (0, 1, "", False), (1, 3, "scrap", False), (1, 2, "All good", False),
        (1, 0, "not yet", True), (2, 3, "", False),
    ]  # fmt: skip
    assert {"scrap", "All good", "not yet", "repeat until good"} <= {*words(drawn(recipe))}
    assert described(Repeat(first="a", last="b", count=3)) == "3 times"


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (Condition(place="tray_1", occupied=True), "tray_1 occupied"),
        (Condition(place="tray_1", occupied=False), "tray_1 free"),
        (Condition(signal="door", state=False), "door false"),
    ],
)
def test_what_a_step_requires_is_said(one, said):
    recipe = Recipe(name="r", title_key="t", steps=(step_of("a", requires=(one,)),))
    assert condition(one) == said
    assert f"requires {said}" in words(drawn(recipe))
    assert f"requires {said}" in mermaid(recipe, say)


def test_instructions_are_drawn_and_what_stands_there_is_escaped():
    malice = '<script>"#&'
    shown = {"en": Instruction(text=malice)}
    recipe = Recipe(name="r", title_key="t", steps=(step_of("a", instructions=shown),))
    assert "<script" not in drawing(recipe, malice, say)
    assert malice in words(drawn(recipe))
    text = mermaid(recipe, say)
    assert "#lt;script#gt;#quot;#35;&" in text
