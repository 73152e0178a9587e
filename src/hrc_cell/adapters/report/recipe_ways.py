"""The ways of a recipe for its drawings: from where, to where, on which word."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from hrc_cell.settings.recipe import Condition, Recipe, Repeat, Step
from hrc_cell.settings.recipe_routes import extent, falls_through, place_of

Say = Callable[[Mapping[str, str] | None, str], str]
"""Returns the text of the language that is drawn, else the one that stands second."""


class Edge(NamedTuple):
    """One way: places of the steps, len(steps) the end."""

    source: int
    target: int
    label: str = ""
    again: bool = False  # back to the first step of a repeated group


def edges(recipe: Recipe, say: Say) -> Iterator[Edge]:
    """Yield every way of a recipe, those of one step together."""
    for here, step in enumerate(recipe.steps):
        through = []
        for choice in step.answers:
            label = say(choice.texts, choice.name.replace("_", " "))
            if choice.to:
                yield Edge(here, place_of(recipe.steps, choice.to, here), label)
            else:
                through.append((choice.name, label))
        if not falls_through(step):
            continue
        ended = _groups_ending(recipe, step)
        untils = {group.until for _, group in ended if group.until}
        on = [label for name, label in through if not untils or name in untils]
        again = [label for name, label in through if name not in untils]
        yield Edge(here, place_of(recipe.steps, step.next, here), " / ".join(on))
        for first, group in ended:
            yield Edge(here, first, _count(group) or " / ".join(again), again=True)


def condition(one: Condition) -> str:
    """Return what a step requires, in words."""
    if one.place:
        return f"{one.place} {'occupied' if one.occupied else 'free'}"
    return f"{one.signal} {str(one.state).lower()}"


def described(group: Repeat) -> str:
    """Return how a group is repeated, in words."""
    return _count(group) or f"until {group.until.replace('_', ' ')}"


def _count(group: Repeat) -> str:
    return f"{group.count} times" if group.count else ""


def _groups_ending(recipe: Recipe, step: Step) -> list[tuple[int, Repeat]]:
    return [
        (extent(recipe.steps, group).start, group)
        for group in recipe.repeats
        if group.last == step.id
    ]
