"""The recipes that the task manager knows: each read anew when it is asked for.

A recipe is taken over only if nothing is wrong with it, and where the cell is not in simulation
only as it was signed. The one in use is not touched: a run is asked for only when none is under
way, and one that is refused leaves everything as it was.
"""

from __future__ import annotations

import re
from pathlib import Path

from hrc_cell.settings.cell import Cell, check_steps, known_to
from hrc_cell.settings.recipe import Recipe
from hrc_cell.settings.recipe_files import read_recipe
from hrc_cell.settings.recipe_routes import NAME
from hrc_cell.settings.schema import Problem
from hrc_cell.settings.signature import recipe_refusal


class Recipes:
    """Recipes by name, as they were last read without a fault."""

    def __init__(self, cell: Cell) -> None:
        self._cell, self._read = cell, dict(cell.recipes)
        self.refused = ""  # name of the one that was last asked for and is wrong
        self.problems: tuple[str, ...] = ()  # all that is wrong with it

    def known(self, name: str) -> Recipe | None:
        """Return a recipe by name, None if there is none."""
        return self._read.get(name)

    def read_anew(self, name: str) -> str:
        """Take a recipe over as its file says now. Return "" or why not."""
        path = self._cell.folder / "recipes" / f"{name}.yaml"
        if not re.fullmatch(NAME, name) or (name not in self._read and not path.is_file()):
            return "unknown_recipe"
        self.problems = tuple(self._take_over(name, path))
        self.refused = name if self.problems else ""
        return f"bad_recipe: {self.problems[0]}" if self.problems else ""

    def _take_over(self, name: str, path: Path) -> list[str]:
        problems: list[Problem] = []
        recipe = read_recipe(path, known_to(self._cell.file), problems)
        if recipe is None:
            return [str(problem) for problem in problems]
        every = {**self._read, name: recipe}
        check_steps(self._cell.folder, self._cell.zones, every, problems)
        why = recipe_refusal(self._cell, recipe)
        if problems or why:
            return [*map(str, problems), *([why] if why else [])]
        self._read = every
        return []
