"""`hrc-cell config`: check a cell's files, sign them, tell what changed; the table of settings."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import MISSING, asdict, is_dataclass
from typing import Any, get_args

from hrc_cell.cli import config_diff, config_sign
from hrc_cell.cli.checked import checked_cell
from hrc_cell.settings.cell import STOPPING, CellFile
from hrc_cell.settings.recipe import RecipeFile
from hrc_cell.settings.schema import CellError, Problem, bound_text, specs
from hrc_cell.settings.signature import standing
from hrc_cell.settings.stopping_table import StoppingTable
from hrc_cell.settings.zones import ZoneSettings

EXIT_WRONG_INPUT = 2
NOT_MEASURED = (
    "declared, not measured: its bounds stand in until `hrc-cell measure stopping` measures the arm"
)
NO_VALUE: dict[str, Any] = {"value": MISSING, "unit": "", "bound": ""}


def add_parser(subparsers: Any) -> None:
    """Add `config check`, `sign`, `diff` and `docs`."""
    parser = subparsers.add_parser(
        "config", help="check and sign a cell's files",
        epilog="example: hrc-cell config check default",
    )  # fmt: skip
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    check = acts.add_parser(
        "check", help="name everything wrong in a cell: file, key, value, unit, bound",
        epilog="example: hrc-cell config check config/default --json",
    )  # fmt: skip
    check.add_argument("cell", nargs="?", default="default", help="folder, or name under config/")
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(run=run_check)
    config_sign.add_parser(acts)
    config_diff.add_parser(acts)
    docs = acts.add_parser(
        "docs", help="print the table of all settings (docs/settings.md)",
        epilog="example: hrc-cell config docs > docs/settings.md",
    )  # fmt: skip
    docs.set_defaults(run=run_docs)


def run_check(args: argparse.Namespace) -> int:
    """Check and print. Returns 0 if nothing is wrong, else 2."""
    problems: tuple[Problem, ...] = ()
    notes: list[str] = []
    signed: dict[str, Any] = {}
    try:
        cell = checked_cell(args.cell)
        stands = standing(cell)
        if cell.stopping is not None and not cell.stopping.measured:
            notes.append(f"{cell.folder / STOPPING}: {NOT_MEASURED}")
        by, when = (stands.signature.by, stands.signature.when) if stands.signature else ("", "")
        signed = {
            "sha256": cell.safety_sha256,
            "signature": {"state": stands.state, "by": by, "when": when},
        }
    except CellError as error:
        problems = error.problems
    except FileNotFoundError as error:
        print(error, file=sys.stderr)
        if not args.json:
            return EXIT_WRONG_INPUT
        problems = (Problem(file=args.cell, key="(cell)", what=str(error), **NO_VALUE),)
    if args.json:
        rows = [{**asdict(p), "value": _plain(p.value)} for p in problems]
        print(
            json.dumps({"ok": not problems, "problems": rows, "notes": notes, **signed}, indent=2)
        )
    elif problems:
        print("\n".join(map(str, problems)))
    else:
        print(f"{cell.folder}: nothing wrong; safety settings sha256 {cell.safety_sha256}")
        print(f"{cell.folder}: {stands}{'; it is simulated' if cell.file.simulated else ''}")
        for note in notes:
            print(f"note: {note}")
    return EXIT_WRONG_INPUT if problems else 0


def _plain(value: object) -> object:
    return None if value is MISSING else value


def run_docs(args: argparse.Namespace) -> int:
    """Print the table of all settings."""
    print(settings_page(), end="")
    return 0


def settings_page() -> str:
    """Return docs/settings.md: every setting of every file, from the schema."""
    lines = [
        "# Settings",
        "",
        "Made from the schema by `hrc-cell config docs`; a test keeps it so. A setting without a",
        "default must stand in the cell's files. Figures of standards come from secondary sources:",
        "check them against a licensed copy.",
    ]
    for title, kind in (
        ("cell.yaml", CellFile), ("zones.yaml", ZoneSettings), ("recipes/*.yaml", RecipeFile),
        ("stopping.yaml", StoppingTable),
    ):  # fmt: skip
        lines += ["", f"## {title}", "", "| key | meaning | allowed | default | source |"]
        lines += ["|---|---|---|---|---|", *_rows(kind, "")]
    return "\n".join(lines) + "\n"


def _rows(kind: type, prefix: str) -> Iterator[str]:
    defaults = {name: f.default for name, f in kind.__dataclass_fields__.items()}  # type: ignore[attr-defined]
    for name, spec, hint in specs(kind):
        key, inner = f"{prefix}{name}", _section(hint)
        if inner is not None:
            many = "[]" if "tuple[" in str(hint) else ".<name>" if "dict[" in str(hint) else ""
            yield f"| `{key}{many}` | {spec.text} | | | |"
            yield from _rows(inner, f"{key}{many}.")
            continue
        default = "" if defaults[name] is MISSING else f"`{defaults[name]!r}`"
        allowed = bound_text(spec) or spec.pattern.replace("|", "\\|")
        yield f"| `{key}` | {spec.text} | {allowed} | {default} | {spec.source} |"


def _section(hint: Any) -> type | None:
    """Return the settings class inside a hint, if there is one."""
    if isinstance(hint, type) and is_dataclass(hint):
        return hint
    return next((found for a in get_args(hint) if (found := _section(a)) is not None), None)
