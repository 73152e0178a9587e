"""Which step follows which: as the file says, and never out of the recipe."""

from hypothesis import given, settings
from hypothesis import strategies as st
from recipes import recipes

from hrc_cell.core.routes import following
from hrc_cell.settings.recipe import Choice, Recipe, Repeat, Step
from hrc_cell.settings.recipe_routes import END, leads_to


def step_of(name, *answers, to=""):
    choices = tuple(Choice(name=n, to=t) for n, t in answers)
    return Step(
        id=name, actor="person", act="work", automation="auto", text_key="t", next=to,
        answers=choices,
    )  # fmt: skip


def walk(steps, repeats=(), answers=()):
    """Return the ids that are gone through; `answers` are given in turn, then none."""
    recipe = Recipe(name="r", title_key="t", steps=steps, repeats=tuple(repeats))
    said, here, rounds, seen = iter(answers), 0, (), []
    while here < len(steps):
        seen.append(steps[here].id)
        answer = next(said, "") if steps[here].answers else ""
        here, rounds = following(recipe, rounds, here, answer)
    return "".join(seen)


def test_a_step_leads_to_the_next_or_where_it_says():
    assert walk((step_of("a"), step_of("b"), step_of("c"))) == "abc"
    assert walk((step_of("a", to="c"), step_of("b"), step_of("c"))) == "ac"
    assert walk((step_of("a", to=END), step_of("b"))) == "a"


def test_an_answer_leads_on_back_or_to_the_end():
    check = step_of("b", ("good", ""), ("rework", "a"), ("scrap", END))
    steps = (step_of("a"), check, step_of("c"))
    assert walk(steps, answers=["good"]) == "abc"
    assert walk(steps, answers=["rework", "rework", "scrap"]) == "ababab"
    assert walk(steps) == "abc", "skipped: as if there were no answer"


def test_a_group_is_gone_through_as_often_as_it_says():
    steps = tuple(map(step_of, "abcd"))
    assert walk(steps, [Repeat(first="b", last="c", count=3)]) == "abcbcbcd"


def test_a_group_within_a_group_begins_anew_each_time():
    steps = tuple(map(step_of, "abcd"))
    groups = [Repeat(first="b", last="b", count=2), Repeat(first="a", last="b", count=2)]
    assert walk(steps, groups) == walk(steps, groups[::-1]) == "abbabbcd"
    groups = [Repeat(first="a", last="c", count=2), Repeat(first="b", last="b", count=3)]
    assert walk(steps, groups) == "abbbcabbbcd"


def test_a_group_ends_with_the_answer_that_it_waits_for_or_that_leads_elsewhere():
    check = step_of("b", ("good", ""), ("again", ""), ("scrap", END))
    steps = (step_of("a"), check, step_of("c"))
    until = [Repeat(first="a", last="b", until="good")]
    assert walk(steps, until, ["again", "again", "good"]) == "abababc"
    assert walk(steps, until, ["again", "scrap"]) == "abab"
    assert walk(steps, until, ["again"]) == "ababc", "skipped: the group is left"


def test_who_comes_back_into_a_group_begins_to_count_anew():
    ask = step_of("c", ("on", ""), ("back", "a"))
    steps = (step_of("a"), step_of("b"), ask)
    groups = [Repeat(first="a", last="b", count=2)]
    assert walk(steps, groups, ["back", "on"]) == "ababcababc"


def test_who_leaves_a_group_in_the_middle_and_comes_back_begins_to_count_anew():
    leave = step_of("b", ("on", ""), ("out", "c"))
    steps = (step_of("a"), leave, step_of("c", ("back", "a"), ("on", "")))
    groups = [Repeat(first="a", last="b", count=3)]
    answers = ["on", "out", "back", "on", "on", "on", "on"]
    assert walk(steps, groups, answers) == "ababc" + "ababab" + "c"


def test_a_group_whose_end_leads_back_into_it_begins_to_count_anew():
    steps = (step_of("a"), step_of("b", ("on", ""), ("out", END), to="b"))
    groups = [Repeat(first="a", last="b", count=2)]
    assert walk(steps, groups, ["on", "on", "on", "out"]) == "abab" + "bab"


@settings(max_examples=200)
@given(recipes(), st.lists(st.sampled_from(["good", "bad", "scrap", ""]), max_size=30))
def test_no_branch_leaves_the_recipe_and_each_goes_where_the_graph_says(recipe, answers):
    here, rounds, said = 0, (), iter(answers)
    for _ in range(200):
        offered = [choice.name for choice in recipe.steps[here].answers]
        answer = next(said, "good")
        answer = answer if answer in offered else ""
        there, rounds = following(recipe, rounds, here, answer)
        assert 0 <= there <= len(recipe.steps)
        assert len(rounds) == len(recipe.repeats)
        assert all(0 <= n < (group.count or n + 1) for n, group in zip(rounds, recipe.repeats))  # noqa: B905
        if answer or not offered:
            assert there in leads_to(recipe.steps, recipe.repeats, here)
        if there == len(recipe.steps):
            return
        here = there
