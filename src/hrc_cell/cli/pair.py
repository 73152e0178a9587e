"""`hrc-cell pair`: show a code that lets one tablet in to the operator page."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hrc_cell.adapters.panel.devices import CODE_S, Devices
from hrc_cell.adapters.panel.secret_file import SecretFileError
from hrc_cell.cli.cell_state import CellState, add_cell_arguments, at_the_cell, cell_state
from hrc_cell.settings.schema import CellError

EXIT_WRONG_INPUT = 2


def add_parser(subparsers: Any) -> None:
    """Add `pair`."""
    parser = subparsers.add_parser(
        "pair", help="show a QR code that lets one tablet in to the operator page",
        epilog="example: hrc-cell pair --cell my_cell",
    )  # fmt: skip
    add_cell_arguments(parser)
    parser.add_argument("--url", help="address of the page, where the tablet needs another one")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make a code and show it. Returns 0, 2 if it cannot be made."""
    from hrc_cell.adapters.panel.invitation import as_blocks, invitation, qr_rows

    try:
        state = cell_state(args)
        state.audit.append("pairing_code", {"by": at_the_cell()})
        code = Devices(state.state_dir).new_code(at_the_cell())
    except (CellError, SecretFileError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    address = invitation(args.url or _page_url(state), code)
    print(as_blocks(qr_rows(address)))
    print(f"open on the tablet, once, within {CODE_S / 60:g} min: {address}")
    print(f"or type there: {code}")
    return 0


def _page_url(state: CellState) -> str:
    """Return the address of the running page, or the one that it will have."""
    try:
        return (state.state_dir / "panel.url").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        panel = state.cell.file.panel
        print("the page does not run now; this is its address by the cell's files")
        return f"{'https' if panel.tls_certificate else 'http'}://{panel.host}:{panel.port}/"
