"""Which cell, and which state folder, a command about people, tablets or the audit trail means."""

from __future__ import annotations

import argparse
import os
import pwd
from dataclasses import dataclass
from pathlib import Path

from hrc_cell.adapters.record.audit import FOLDER, Audit
from hrc_cell.cli.places import cell_folder, state_folder
from hrc_cell.settings.cell import Cell, load_cell


@dataclass(frozen=True, slots=True, kw_only=True)
class CellState:
    """A cell, and where it keeps what it keeps."""

    cell: Cell
    state_dir: Path

    @property
    def audit_folder(self) -> Path:
        """Return the folder of the audit trail."""
        return self.cell.keep_folder(self.state_dir) / FOLDER

    @property
    def audit(self) -> Audit:
        """Return the audit trail, to be written."""
        return Audit(self.audit_folder, size_max_mb=self.cell.file.record.size_max_mb)


def add_cell_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --cell and --state, as `hrc-cell up` has them."""
    parser.add_argument("--cell", default="default", help="folder, or name under config/")
    parser.add_argument(
        "--state", type=Path, metavar="FOLDER", help="state folder (default: the user's own)"
    )


def cell_state(args: argparse.Namespace) -> CellState:
    """Return what the arguments name. Raises CellError, FileNotFoundError."""
    cell = load_cell(cell_folder(args.cell))
    return CellState(cell=cell, state_dir=args.state or state_folder(cell.file.name))


def at_the_cell() -> str:
    """Return who works on the terminal, as the audit trail names them."""
    uid = os.getuid()
    try:
        return f"terminal:{pwd.getpwuid(uid).pw_name}"
    except KeyError:
        return f"terminal:{uid}"
