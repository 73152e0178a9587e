"""Where steps lead: what leads nowhere, or round and round without a person, is refused."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from recipes import recipes, steps_and_groups

from hrc_cell.settings.recipe import Choice, Repeat, Step
from hrc_cell.settings.recipe_routes import END, flaws_of_names, flaws_of_routes, leads_to


def robot(name, to=""):
    return Step(
        id=name, actor="robot", act="wait", automation="auto", text_key="t", next=to
    )  # fmt: skip


def person(name, *answers, to=""):
    return Step(
        id=name, actor="person", act="work", automation="auto", text_key="t", next=to,
        answers=tuple(Choice(name=n, to=t) for n, t in answers),
    )  # fmt: skip


A, B, C = robot("a"), robot("b"), robot("c")


@pytest.mark.parametrize(
    ("steps", "groups", "keys"),
    [
        ((A, B, C), (), []),
        ((), (), ["steps"]),
        ((A, A), (), ["steps[1].id"]),
        ((robot("a", to="x"), B), (), ["steps[0].next"]),
        ((person("a", ("good", "x")), B), (), ["steps[0].answers[0].to"]),
        ((A,), (Repeat(first="x", last="y", count=2),), ["repeats[0].first", "repeats[0].last"]),
        ((A,), (Repeat(first="a", last=END, count=2),), ["repeats[0].last"]),
        ((robot("a", to=END), B), (), ["steps[1]"]),
        ((robot("a", to="c"), B, C), (), ["steps[1]"]),
        ((A, robot("b", to="a")), (), ["steps[0]", "steps[1]", "steps[0]"]),
        ((A, person("b", ("good", ""), ("rework", "a")), C), (), []),
        ((A, person("b", ("rework", "a"))), (), ["steps[0]", "steps[1]"]),
        ((A, person("b", to="a")), (), ["steps[0]", "steps[1]"]),
        ((A, B, C), (Repeat(first="a", last="b", count=2),), []),
        ((A, B, C), (Repeat(first="b", last="a", count=2),), ["repeats[0].last"]),
        ((A, B, C), (Repeat(first="a", last="b", count=2), Repeat(first="b", last="c", count=2)),
         ["repeats[1]"]),
        ((A, B, C), (Repeat(first="a", last="b", count=2), Repeat(first="a", last="b", count=3)),
         ["repeats[1]"]),
        ((A, B, C), (Repeat(first="a", last="c", count=2), Repeat(first="b", last="b", count=3)),
         []),
        ((A, B), (Repeat(first="a", last="b", until="good"),), ["repeats[0].until"]),
        ((A, person("b", ("good", ""), ("bad", ""))),
         (Repeat(first="a", last="b", until="good"),), []),
        ((A, person("b", ("good", "a"), ("bad", ""))),
         (Repeat(first="a", last="b", until="good"),), ["repeats[0].until"]),
        ((A, person("b", ("good", ""), ("bad", END))),
         (Repeat(first="a", last="b", until="good"),), ["repeats[0].until"]),
        ((A, person("b", ("good", END))),
         (Repeat(first="a", last="b", count=2),), ["repeats[0].count"]),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_named(steps, groups, keys):
    assert [flaw.key for flaw in flaws_of_routes(steps, groups)] == keys


def test_a_count_ends_no_loop_that_leaves_its_group_and_comes_back():
    """b is entered anew each time, so its group begins to count anew, too."""
    steps = (robot("a", to="c"), robot("b", to="a"), robot("c", to="b"))
    groups = (Repeat(first="a", last="b", count=2),)
    said = [flaw.what for flaw in flaws_of_routes(steps, groups)]
    assert any("a loop without a person would never end: a, b, c" in what for what in said)


def test_a_loop_of_robots_with_a_way_out_by_count_is_found_within_another_group():
    steps = (A, B, person("c", ("on", ""), ("again", "a")))
    assert flaws_of_routes(steps, (Repeat(first="a", last="b", count=2),)) == []


def test_names_of_a_file_in_part_are_checked_against_those_that_could_not_be_read():
    steps = {0: robot("a", to="b"), 2: robot("c", to="d")}
    (flaw,) = flaws_of_names(steps, {}, others=["b"])
    assert (flaw.key, flaw.value) == ("steps[2].next", "d")
    assert flaw.what == "no step has this id; there are b, a, c"


@settings(max_examples=150)
@given(recipes(), st.randoms(use_true_random=False))
def test_whoever_answers_at_random_comes_to_the_end(recipe, random):
    """From every step there is a way to the end, so chance finds it; no step is out of reach."""
    end, steps = len(recipe.steps), recipe.steps
    seen = {0}
    for _ in range(300):
        here = 0
        for _ in range(40):
            here = random.choice(sorted(leads_to(steps, recipe.repeats, here)))
            seen.add(here)
            if here == end:
                break
        if seen == {*range(end + 1)}:
            return
    raise AssertionError(f"only {seen} were come to")


@settings(max_examples=150)
@given(st.integers(1, 5).flatmap(steps_and_groups))
def test_robots_left_alone_always_come_to_a_person_or_the_end(both):
    """What is not refused holds a bound: no step is done again more often than counts allow."""
    from hrc_cell.core.routes import following
    from hrc_cell.settings.recipe import Recipe

    steps, groups = both
    assume(not flaws_of_routes(steps, groups))
    recipe = Recipe(name="r", title_key="t", steps=steps, repeats=groups)
    for start in range(len(steps)):
        here, rounds = start, ()
        for _ in range(len(steps) * 3 * 3 + 1):  # at most two groups, each three times
            if here == len(steps) or steps[here].needs_person:
                break
            here, rounds = following(recipe, rounds, here)
        else:
            raise AssertionError(f"from {steps[start].id} it never ends")


def act(name, what, to="", actor=None):
    actor = actor or {"handover": "both", "receive": "both"}.get(what, "robot")
    return Step(
        id=name, actor=actor, act=what, automation="confirm", text_key="t", poses=("home",), next=to
    )  # fmt: skip


PICK, HAND, TAKE, SET = (
    act("p", "pick"),
    act("h", "handover"),
    act("r", "receive"),
    act("s", "place"),
)


@pytest.mark.parametrize(
    ("steps", "keys"),
    [
        ((TAKE, SET), []),
        ((PICK, HAND, TAKE, SET), []),
        ((PICK, TAKE), ["steps[1]"]),
        ((PICK, A, act("m", "move"), TAKE), ["steps[3]"]),
        ((PICK, SET, TAKE), []),
        ((PICK, act("s", "place", actor="person"), TAKE), ["steps[2]"]),
        ((act("p", "pick", actor="person"), TAKE), []),
        ((PICK, person("w", ("good", ""), ("bad", "r")), HAND, TAKE), ["steps[3]"]),
        ((TAKE, person("w", ("more", "r"), ("good", ""))), ["steps[0]"]),
        ((TAKE, SET, person("w", ("more", "r"), ("good", ""))), []),
    ],
)
def test_no_way_leads_to_a_receive_with_a_part_in_the_gripper(steps, keys):
    flaws = flaws_of_routes(steps, ())
    assert [flaw.key for flaw in flaws] == keys
    assert all("let a place or handover come between" in flaw.what for flaw in flaws)
