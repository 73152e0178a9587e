"""`hrc-cell config sign`: check a cell, show what changed since it was signed, and sign it."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from typing import Any

from hrc_cell.cli.checked import checked_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.signature import Signed, sign, standing, write_signature

EXIT_NOT_SIGNED = 1
EXIT_WRONG_INPUT = 2
WORD = "sign"
MEANS = (
    "Signing says: these numbers were checked against the risk assessment and measured where they "
    "must be. It proves nothing to anybody who can write the file."
)


def add_parser(acts: Any) -> None:
    """Add `sign`."""
    parser = acts.add_parser(
        "sign", help="sign a cell's safety settings; a cell not in simulation runs only as signed",
        epilog='example: hrc-cell config sign my_cell --name "A. Person" --role "safety engineer"',
    )  # fmt: skip
    parser.add_argument("cell", nargs="?", default="default", help="folder, or name under config/")
    parser.add_argument("--name", required=True, help="who signs")
    parser.add_argument("--role", default="", help="and as what")
    parser.add_argument("--yes", action="store_true", help="do not ask for a confirmation")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check, show, ask, write. Returns 0 if it is signed, 1 if a person said no, else 2."""
    try:
        cell = checked_cell(args.cell)
        made = sign(cell, name=args.name, role=args.role, when=datetime.now().astimezone())
    except (CellError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    print(_told(standing(cell)))
    print(f"to be signed: {cell.folder}, sha256 {cell.safety_sha256}, by {made.by}")
    if not args.yes:
        if not sys.stdin.isatty():
            print(
                "signing asks for a confirmation on a terminal; run it there, or give --yes",
                file=sys.stderr,
            )
            return EXIT_WRONG_INPUT
        print(MEANS)
        try:
            answer = input(f'type "{WORD}" to sign: ')
        except EOFError:
            answer = ""
        if answer.strip() != WORD:
            print("not signed")
            return EXIT_NOT_SIGNED
    try:
        path = write_signature(cell.folder, made)
    except OSError as error:
        print(f"not signed: {error}", file=sys.stderr)
        return EXIT_WRONG_INPUT
    print(f"signed: {path}")
    return 0


def _told(before: Signed) -> str:
    """Return how the cell stands to its last signature, change by change."""
    if before.state == "unsigned":
        return "not signed before"
    if before.state == "signed":
        return f"nothing changed: {before}"
    return "\n".join([str(before), *(f"  {change}" for change in before.changes)])
