"""Which step follows a step, and the rounds of repeated groups.

A group is entered with no round done. At the end of its last step it begins again while its count
is not reached, or while a person gave another answer than the one that ends it; then the groups
within it begin anew. An answer that leads elsewhere, and a step that was skipped, leave it.
"""

from __future__ import annotations

from typing import NamedTuple

from hrc_cell.settings.recipe import Recipe
from hrc_cell.settings.recipe_routes import extent, place_of


class Way(NamedTuple):
    """Where it goes on: the place of a step, len(steps) for the end; and the rounds done then."""

    there: int
    rounds: tuple[int, ...]


def following(recipe: Recipe, rounds: tuple[int, ...], here: int, answer: str = "") -> Way:
    """Return what follows the step at `here`; `answer` is what its person said, "" nothing."""
    steps, groups = recipe.steps, recipe.repeats
    step, extents = steps[here], [extent(steps, group) for group in groups]
    done = list(rounds) or [0] * len(groups)
    named = next((choice.to for choice in step.answers if choice.name == answer), "")
    if named:
        return _entered(extents, done, here, place_of(steps, named, here))
    ending = [k for k, group in enumerate(groups) if group.last == step.id]
    for k in sorted(ending, key=lambda k: len(extents[k])):
        done[k] += 1
        count, until = groups[k].count, groups[k].until
        if done[k] < count if count else answer not in ("", until):
            return Way(extents[k].start, tuple(done))  # groups within it have ended: none done
        done[k] = 0
    return _entered(extents, done, here, place_of(steps, step.next, here))


def _entered(extents: list[range], done: list[int], here: int, there: int) -> Way:
    stays = [here in own and there in own for own in extents]
    return Way(there, tuple(n if stay else 0 for stay, n in zip(stays, done, strict=True)))
