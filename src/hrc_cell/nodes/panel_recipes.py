"""The recipes of a cell as the page shows them before one is begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.report.recipe_drawing import drawing
from hrc_cell.core.pieces import digest
from hrc_cell.nodes.task_recipes import Recipes
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.recipe import Recipe

SEEN = 16
"""Letters of the digest that tell one state of a recipe from another."""


class PanelRecipes:
    """What can be started now, as the task manager would read it."""

    def __init__(self, cell: Cell) -> None:
        self._folder, self._read = cell.folder / "recipes", Recipes(cell)
        self._listed: dict[str, Recipe] = {}

    def rows(self) -> list[dict[str, Any]]:
        """Return every recipe whose file has no fault now, by name."""
        listed = {}
        for path in sorted(self._folder.glob("*.yaml")):
            recipe = None
            if not self._read.read_anew(path.stem):
                recipe = self._read.known(path.stem)
            if recipe is not None:
                listed[path.stem] = recipe
        self._listed = listed
        return [_row(recipe) for recipe in listed.values()]

    def drawn(self, name: str, language: str) -> str | None:
        """Return a recipe that was listed as an SVG drawing, None for another."""
        recipe = self._listed.get(name)
        if recipe is None:
            return None
        catalog = load_catalog(language).texts

        def say(texts: Mapping[str, str] | None, otherwise: str) -> str:
            return (texts or {}).get(language) or catalog.get(otherwise, otherwise)

        return str(drawing(recipe, say(None, recipe.title_key), say))


def _row(recipe: Recipe) -> dict[str, Any]:
    steps = [
        {"id": one.id, "actor": one.actor, "text_key": one.text_key, "level": one.automation}
        for one in recipe.steps
    ]
    return {
        "name": recipe.name, "title_key": recipe.title_key, "digest": digest(recipe)[:SEEN],
        "wait_s": sum(one.time_s for one in recipe.steps if one.act == "wait"), "steps": steps,
    }  # fmt: skip
