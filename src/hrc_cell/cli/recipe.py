"""`hrc-cell recipe`: check the files of recipes, draw one."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, asdict
from pathlib import Path
from typing import Any

from hrc_cell.cli.arguments import json_file
from hrc_cell.cli.places import cell_folder
from hrc_cell.settings.cell import CellFile, check_steps, known_to
from hrc_cell.settings.operation import LANGUAGES
from hrc_cell.settings.recipe import Recipe
from hrc_cell.settings.recipe_files import Known, read_recipe, read_recipes
from hrc_cell.settings.schema import Problem
from hrc_cell.settings.yaml_file import load_yaml
from hrc_cell.settings.zones import ZoneSettings

EXIT_WRONG_INPUT = 2


def add_parser(subparsers: Any) -> None:
    """Add `recipe check` and `recipe draw`."""
    parser = subparsers.add_parser(
        "recipe", help="check and draw what robot and person do in turn",
        epilog="example: hrc-cell recipe check",
    )  # fmt: skip
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    check = acts.add_parser(
        "check", help="name everything wrong in recipes: file, key, value, what to do",
        epilog="examples:\n  hrc-cell recipe check\n"
        "  hrc-cell recipe check my_cell/recipes/new.yaml",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    check.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="default: every recipe of the cell"
    )
    _add_cell(check)
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(run=run_check)
    draw = acts.add_parser(
        "draw", help="draw a recipe: as SVG into a file, or as Mermaid",
        epilog="examples:\n  hrc-cell recipe draw inspect --svg inspect.svg\n"
        "  hrc-cell recipe draw my_cell/recipes/new.yaml > new.mmd",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    draw.add_argument("name", metavar="NAME", help="name of a recipe of the cell, or its file")
    _add_cell(draw)
    draw.add_argument("--svg", type=json_file, metavar="FILE", help="write the drawing here")
    draw.add_argument("--mermaid", type=json_file, metavar="FILE",
                      help="write Mermaid here (default: print it)")  # fmt: skip
    draw.add_argument("--language", choices=LANGUAGES, default=LANGUAGES[0],
                      help="of the texts (default: %(default)s)")  # fmt: skip
    draw.set_defaults(run=run_draw)


def _add_cell(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--cell", default=None,
        help="folder, or name under config/: whose poses may be named (default: the one that the "
        "file lies in, else default)",
    )  # fmt: skip


def run_check(args: argparse.Namespace) -> int:
    """Check and print. Returns 0 if nothing is wrong, else 2."""
    problems: list[Problem] = []
    notes: list[str] = []
    try:
        if args.files:
            good = [
                recipe.name
                for file in args.files
                if (recipe := _read(file, args.cell, problems, notes)) is not None
            ]
        else:
            good = _check_all(cell_folder(args.cell or "default"), problems, notes)
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    if args.json:
        rows = [{**asdict(p), "value": None if p.value is MISSING else p.value} for p in problems]
        print(json.dumps({"ok": not problems, "problems": rows, "notes": notes}, indent=2))
    else:
        print("\n".join([*map(str, problems), *(f"{name}: nothing wrong" for name in good),
                         *(f"note: {note}" for note in dict.fromkeys(notes))]))  # fmt: skip
    return EXIT_WRONG_INPUT if problems else 0


def run_draw(args: argparse.Namespace) -> int:
    """Draw and write. Returns 0, or 2 where there is something wrong."""
    from hrc_cell.adapters.report.recipe_drawing import drawing
    from hrc_cell.adapters.report.recipe_mermaid import mermaid

    problems: list[Problem] = []
    try:
        named = Path(args.name)
        if named.suffix != ".yaml":
            named = cell_folder(args.cell or "default") / "recipes" / f"{args.name}.yaml"
        recipe = _read(named, args.cell, problems, [])
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    if recipe is None:
        print("\n".join(map(str, problems)), file=sys.stderr)
        return EXIT_WRONG_INPUT
    say = _speaker(args.language)
    try:
        if args.svg is not None:
            title = say(None, recipe.title_key)
            args.svg.write_text(drawing(recipe, title, say) + "\n", encoding="utf-8")
        if args.mermaid is not None:
            args.mermaid.write_text(mermaid(recipe, say), encoding="utf-8")
    except OSError as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    if args.svg is None and args.mermaid is None:
        print(mermaid(recipe, say), end="")
    return 0


def _check_all(folder: Path, problems: list[Problem], notes: list[str]) -> list[str]:
    """Check every recipe of a cell; return the names of those with nothing wrong."""
    recipes, all_read = read_recipes(folder, _known(folder, notes), problems)
    unread: list[Problem] = []
    zones = load_yaml(ZoneSettings, folder / "zones.yaml", unread)
    if zones is not None and all_read:
        check_steps(folder, zones, recipes, problems)
    return sorted(recipes)


def _read(file: Path, cell: str | None, problems: list[Problem], notes: list[str]) -> Recipe | None:
    own = file.resolve().parent.parent
    beside = cell is None and (own / "cell.yaml").is_file()
    return read_recipe(file, _known(own if beside else cell_folder(cell or "default"), notes),
                       problems)  # fmt: skip


def _known(folder: Path, notes: list[str]) -> Known | None:
    """Return what the steps may name, None where the cell's own file is wrong."""
    wrong: list[Problem] = []
    file = load_yaml(CellFile, folder / "cell.yaml", wrong)
    if file is None:
        notes.append(f"{folder / 'cell.yaml'} cannot be read, so poses were not looked up; see "
                     "hrc-cell config check")  # fmt: skip
        return None
    return known_to(file)


def _speaker(language: str) -> Callable[[Mapping[str, str] | None, str], str]:
    from hrc_cell.adapters.panel.catalog import load_catalog

    catalog = load_catalog(language).texts

    def say(texts: Mapping[str, str] | None, otherwise: str) -> str:
        return (texts or {}).get(language) or catalog.get(otherwise, otherwise)

    return say
