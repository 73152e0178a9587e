"""The recipes of a cell, read from its files; all that is wrong with one told at once.

A recipe that cannot be read whole is still looked through as far as it can be: wrong values, names
that no step has, poses that the cell does not have, pictures that are missing, too large or no
pictures. Only where its steps lead is left out then, because that would blame the wrong ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hrc_cell.settings.recipe import Recipe, RecipeFile, Repeat, Step
from hrc_cell.settings.recipe_routes import flaws_of_names
from hrc_cell.settings.schema import Flaw, Problem, Reader
from hrc_cell.settings.yaml_file import load_plain

PICTURE_MAX_BYTES = 2_000_000
"""A picture is loaded by every tablet, over whatever network there is."""
PICTURE_TYPES = {
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
}  # fmt: skip
"""Kinds of pictures, by how their names end."""
HEADS = {".png": b"\x89PNG\r\n\x1a\n", ".jpg": b"\xff\xd8\xff", ".jpeg": b"\xff\xd8\xff"}
RIFF, WEBP = b"RIFF", b"WEBP"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What of a cell the steps of a recipe may name."""

    poses: frozenset[str]
    contact: bool  # there is a section contact


def read_recipes(
    folder: Path, known: Known | None, problems: list[Problem]
) -> tuple[dict[str, Recipe], bool]:
    """Return the recipes of a cell by name, and whether all could be read."""
    paths = sorted((folder / "recipes").glob("*.yaml"))
    read = [read_recipe(path, known, problems) for path in paths]
    return {recipe.name: recipe for recipe in read if recipe is not None}, None not in read


def read_recipe(path: Path, known: Known | None, problems: list[Problem]) -> Recipe | None:
    """Return a recipe, or None after noting what is wrong; without `known` not what that tells."""
    reader = Reader(str(path))
    data = load_plain(path, reader)
    if reader.problems:
        problems += reader.problems
        return None
    made = reader.build(RecipeFile, data)
    steps = dict(enumerate(made.steps)) if made is not None else _as_far(Step, data, "steps")
    if made is None:
        groups = _as_far(Repeat, data, "repeats")
        told = {problem.key for problem in reader.problems}
        for flaw in flaws_of_names(steps, groups, others=_unread_ids(data, steps)):
            if flaw.key not in told:
                reader.complain(flaw.key, flaw.what, value=flaw.value)
    for index, step in steps.items():
        for flaw in (*_flaws_within(step, known), *_flaws_of_pictures(step, path.parent)):
            reader.complain(f"steps[{index}].{flaw.key}", flaw.what, value=flaw.value)
    problems += reader.problems
    if made is None or reader.problems:
        return None
    return Recipe(name=path.stem, title_key=made.title_key, steps=made.steps, repeats=made.repeats)


def _as_far(kind: type[Any], data: Any, key: str) -> dict[int, Any]:
    """Return by their places those entries of a list that can be read."""
    entries = data.get(key) if isinstance(data, Mapping) else None
    quiet = Reader("")
    made = {
        i: quiet.build(kind, entry)
        for i, entry in enumerate(entries if isinstance(entries, list) else ())
    }
    return {i: value for i, value in made.items() if value is not None}


def _unread_ids(data: Any, read: Mapping[int, Step]) -> list[str]:
    entries = data.get("steps") if isinstance(data, Mapping) else None
    return [
        str(entry.get("id"))
        for i, entry in enumerate(entries if isinstance(entries, list) else ())
        if i not in read and isinstance(entry, Mapping)
    ]


def _flaws_within(step: Step, known: Known | None) -> Iterator[Flaw]:
    """Yield what a step names and its cell does not have."""
    if known is None:
        return
    for pose in step.poses:
        if pose not in known.poses:
            yield Flaw("poses", "no such pose under robot.poses of cell.yaml", pose)
    if step.contact_region and not known.contact:
        yield Flaw(
            "contact_region", "needs the section contact in cell.yaml, or leave contact out of "
            "the step", step.contact_region,
        )  # fmt: skip


def _flaws_of_pictures(step: Step, folder: Path) -> Iterator[Flaw]:
    for language, instruction in (step.instructions or {}).items():
        if instruction.picture and (wrong := picture_problem(folder / instruction.picture)):
            yield Flaw(f"instructions.{language}.picture", wrong, instruction.picture)


def picture_problem(path: Path) -> str:
    """Return what is wrong with a picture and what to do, "" if nothing is."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        return f"cannot be read ({error.strerror}); put it into {path.parent}"
    if size > PICTURE_MAX_BYTES:
        return f"has {size} bytes, at most {PICTURE_MAX_BYTES} are allowed; make it smaller"
    is_webp = head[:4] == RIFF and head[8:] == WEBP
    known = is_webp if path.suffix == ".webp" else head.startswith(HEADS[path.suffix])
    return "" if known else f"is no {path.suffix[1:]} inside; save it as one, or rename it"
