"""`hrc-cell tls`: a certificate for the operator page, from an authority of the cell's own."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hrc_cell.cli.cell_state import add_cell_arguments, cell_state
from hrc_cell.settings.schema import CellError

EXIT_NOT_DONE = 1
EXIT_WRONG_INPUT = 2
OWN = ("localhost", "127.0.0.1")


def add_parser(subparsers: Any) -> None:
    """Add `tls make`."""
    parser = subparsers.add_parser(
        "tls", help="make a certificate for the operator page",
        epilog="example: hrc-cell tls make --cell my_cell",
    )  # fmt: skip
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    make = acts.add_parser(
        "make",
        help="make a certificate for the page's names, and an authority where there is none yet",
        epilog="example: hrc-cell tls make --cell my_cell --name cell.local --name 192.168.7.2",
    )
    make.add_argument(
        "--name", action="append", default=[], metavar="NAME",
        help="further name or address under which tablets open the page",
    )  # fmt: skip
    add_cell_arguments(make)
    make.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make it, say what to do with it. Returns 0, 1 if openssl refused, 2 for a wrong cell."""
    from hrc_cell.adapters.panel import tls
    from hrc_cell.adapters.panel.invitation import EVERYWHERE, own_addresses

    try:
        state = cell_state(args)
    except (CellError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    panel = state.cell.file.panel
    hosts = own_addresses() if panel.host in EVERYWHERE else [panel.host]
    names = [*args.name, *panel.names, *hosts, *OWN]
    folder = state.state_dir / tls.FOLDER
    try:
        tls.make(folder, cell=state.cell.file.name, names=names)
    except (tls.TlsError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_NOT_DONE
    print(f"made for {', '.join(dict.fromkeys(names))}, good for {tls.DAYS} days")
    print("put into panel of cell.yaml:")
    print(f"  tls_certificate: {tls.FOLDER}/{tls.CERTIFICATE}")
    print(f"  tls_key: {tls.FOLDER}/{tls.KEY}")
    print(f"install on each tablet, once, as an authority: {folder / tls.CA_CERTIFICATE}")
    print(f"and keep to yourself: {folder / tls.CA_KEY}")
    return 0
