"""`hrc-cell devices`: the tablets that were let in."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hrc_cell.adapters.panel.devices import Devices
from hrc_cell.adapters.panel.secret_file import SecretFileError
from hrc_cell.adapters.record.events import rfc3339
from hrc_cell.cli.cell_state import add_cell_arguments, at_the_cell, cell_state
from hrc_cell.settings.schema import CellError

EXIT_NOT_DONE = 1
EXIT_WRONG_INPUT = 2


def add_parser(subparsers: Any) -> None:
    """Add `devices list` and `remove`."""
    parser = subparsers.add_parser(
        "devices", help="list the tablets that were let in, or let one in no more",
        epilog="example: hrc-cell devices list",
    )  # fmt: skip
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    listed = acts.add_parser("list", help="list them", epilog="example: hrc-cell devices list")
    listed.set_defaults(run=run_list)
    remove = acts.add_parser(
        "remove", help="let one in no more, at once; who is signed in there is signed out",
        epilog="example: hrc-cell devices remove tablet-1a2b3c4d",
    )  # fmt: skip
    remove.add_argument("device", help="its id, as listed")
    remove.set_defaults(run=run_remove)
    for one in (listed, remove):
        add_cell_arguments(one)


def run_list(args: argparse.Namespace) -> int:
    """List them. Returns 0, 2 if the files are wrong."""
    try:
        devices = Devices(cell_state(args).state_dir).all().values()
    except (CellError, SecretFileError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    for one in devices:
        print(f"{one.id}  {rfc3339(int(one.paired_s * 1e9))[:19]}Z  code by {one.by}")
    if not devices:
        print("none yet; show a code with hrc-cell pair")
    return 0


def run_remove(args: argparse.Namespace) -> int:
    """Let one in no more. Returns 0, 1 if there is none of this id, else 2.

    Done first and noted then: a lost tablet must be shut out also where the disk is full.
    """
    try:
        state = cell_state(args)
        if not Devices(state.state_dir).remove(args.device):
            print(f"no tablet {args.device!r}; see hrc-cell devices list", file=sys.stderr)
            return EXIT_NOT_DONE
        print(f"{args.device}: let in no more")
        state.audit.append("unpaired", {"device": args.device, "by": at_the_cell()})
    except (CellError, SecretFileError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    return 0
