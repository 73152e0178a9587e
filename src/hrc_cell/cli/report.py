"""`hrc-cell report`: the commissioning report of a cell, one HTML file to print and sign."""

from __future__ import annotations

import argparse
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from hrc_cell.cli.checked import checked_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.share import version
from hrc_cell.settings.signature import standing

EXIT_WRONG_INPUT = 2


def add_parser(subparsers: Any) -> None:
    """Add `report`."""
    parser = subparsers.add_parser(
        "report",
        help="write the commissioning report: plan, numbers, separation, checks, to print and sign",
        epilog="example: hrc-cell report my_cell -o my_cell.html",
    )
    parser.add_argument("cell", nargs="?", default="default", help="folder, or name under config/")
    parser.add_argument(
        "-o", "--output", type=Path, help="file to write (default: <name of the cell>_report.html)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check the cell and write. Returns 0, or 2 where there is something wrong."""
    from hrc_cell.adapters.description import load_description
    from hrc_cell.adapters.report.document import Subject, document

    try:
        cell = checked_cell(args.cell)
        subject = Subject(
            cell=cell, chain=load_description(cell).chain, signed=standing(cell),
            version=version(), made=datetime.now().astimezone(),
        )  # fmt: skip
        output: Path = args.output or Path(f"{cell.file.name}_report.html")
        output.write_text(document(subject), encoding="utf-8")
    except (CellError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    print(f"{output}: open it in a browser, print it on A4")
    return 0
