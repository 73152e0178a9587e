"""`hrc-cell config diff`: what bears on safety and differs, from a signature or another cell."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from hrc_cell.cli.checked import checked_cell
from hrc_cell.settings.difference import changes
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.signature import standing

EXIT_DIFFERS = 1
EXIT_WRONG_INPUT = 2


def add_parser(acts: Any) -> None:
    """Add `diff`."""
    parser = acts.add_parser(
        "diff",
        help="what changed since a cell was signed, or what differs from one cell to another; "
        "exit code 0: nothing, 1: something",
        epilog="examples:\n  hrc-cell config diff my_cell\n  hrc-cell config diff default my_cell",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("cell", nargs="?", default="default", help="folder, or name under config/")
    parser.add_argument("other", nargs="?", help="a second cell instead of the signature")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Compare and print. Returns 0 if nothing differs, 1 if something does, else 2."""
    try:
        cell = checked_cell(args.cell)
        other = checked_cell(args.other) if args.other is not None else None
    except (CellError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    if other is None:
        stands = standing(cell)
        found = stands.changes
        same = stands.state == "signed"
        was = stands.signature.sha256 if stands.signature else None
        result: dict[str, Any] = {"signature": stands.state, "old": was, "new": cell.safety_sha256}
        summary = f"{cell.folder}: {stands}"
    else:
        found = changes(cell.signed_values(), other.signed_values())
        same = not found
        result = {"old": cell.safety_sha256, "new": other.safety_sha256}
        count = "nothing differs" if same else f"{len(found)} differences"
        summary = f"from {cell.folder} to {other.folder}: {count}"
    if args.json:
        rows = [asdict(change) for change in found]
        print(json.dumps({"same": same, **result, "changes": rows}, indent=2))
    else:
        print("\n".join([summary, *(f"  {change}" for change in found)]))
    return 0 if same else EXIT_DIFFERS
