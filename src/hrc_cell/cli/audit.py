"""`hrc-cell audit`: is the audit trail whole, and what does it say."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from hrc_cell.adapters.record.audit import audit_files
from hrc_cell.adapters.record.audit_verify import verify
from hrc_cell.adapters.record.chain import decode
from hrc_cell.cli.arguments import count
from hrc_cell.cli.cell_state import add_cell_arguments, cell_state
from hrc_cell.settings.schema import CellError

EXIT_BROKEN = 1
EXIT_WRONG_INPUT = 2
LIMIT = (
    "a chain without a secret: it shows what was changed in place, not what was computed anew as a "
    "whole; keep this hash elsewhere to see that, too"
)


def add_parser(subparsers: Any) -> None:
    """Add `audit verify` and `audit show`."""
    parser = subparsers.add_parser(
        "audit", help="check and show the audit trail of a cell",
        epilog="example: hrc-cell audit verify",
    )  # fmt: skip
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    check = acts.add_parser(
        "verify", help="name the first line that was changed, removed, put in or moved",
        epilog="examples:\n  hrc-cell audit verify\n  hrc-cell audit verify --folder copy --json",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(run=run_verify)
    show = acts.add_parser(
        "show", help="print the last lines in short",
        epilog="example: hrc-cell audit show --last 50",
    )  # fmt: skip
    show.add_argument("--last", type=count, default=20, metavar="N", help="so many (default 20)")
    show.set_defaults(run=run_show)
    for one in (check, show):
        add_cell_arguments(one)
        one.add_argument("--folder", type=Path, help="of a trail, in the place of the cell's own")


def _folder(args: argparse.Namespace) -> Path | None:
    """Return the folder that is meant; None after telling why there is none."""
    try:
        folder: Path = args.folder or cell_state(args).audit_folder
    except (CellError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return None
    if not folder.is_dir():
        print(f"no audit trail in {folder}; name its folder with --folder", file=sys.stderr)
        return None
    return folder


def run_verify(args: argparse.Namespace) -> int:
    """Read it all. Returns 0 if the trail is whole, 1 if it is not, 2 if there is none."""
    folder = _folder(args)
    if folder is None:
        return EXIT_WRONG_INPUT
    try:
        found = verify(folder)
    except OSError as error:
        print(f"the audit trail cannot be read: {error}", file=sys.stderr)
        return EXIT_WRONG_INPUT
    if args.json:
        told = {
            "ok": not found.broken, "folder": str(folder), "lines": found.lines,
            "sha256": found.last.sha256, "broken": found.broken, "notes": found.notes,
        }  # fmt: skip
        print(json.dumps(told, indent=2))
    else:
        for note in found.notes:
            print(f"note: {note}")
        print(f"{folder}: {found.lines} sound lines, the last with hash {found.last.sha256}")
        print(f"broken: {found.broken}" if found.broken else f"whole ({LIMIT})")
    return EXIT_BROKEN if found.broken else 0


def run_show(args: argparse.Namespace) -> int:
    """Print the last lines. Returns 0, 2 if there is no trail."""
    folder = _folder(args)
    if folder is None:
        return EXIT_WRONG_INPUT
    lines: list[bytes] = []
    for path in reversed(audit_files(folder)):
        lines = path.read_bytes().splitlines() + lines
        if len(lines) >= args.last:
            break
    for line in lines[-args.last :]:
        try:
            entry = decode(line)
        except ValueError as error:
            print(f"(a line {error})")
            continue
        said = " ".join(f"{key}={value}" for key, value in entry.data.items() if value != "")
        print(f"{entry.link.seq} {entry.stamp[:19]}Z {entry.kind}: {said}")
    return 0
