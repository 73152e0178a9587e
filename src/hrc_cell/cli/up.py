"""`hrc-cell up`: start a cell and keep it running until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hrc_cell.cli.arguments import port, seconds
from hrc_cell.cli.checked import checked_cell
from hrc_cell.cli.places import program, state_folder
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.signature import refusal, standing

EXIT_WRONG_INPUT = 2
GO_TRIES = 5


def add_parser(subparsers: Any) -> None:
    """Add `up`."""
    parser = subparsers.add_parser(
        "up",
        help="start a cell and print the address of the operator page; Ctrl-C ends it",
        epilog="examples:\n  hrc-cell up\n  hrc-cell up --go\n  hrc-cell up --cell my_cell",
    )
    parser.add_argument(
        "--cell", default="default", help="folder, or name under config/ (default: default)"
    )
    parser.add_argument("--state", type=Path, help="folder for journal, records and logs")
    parser.add_argument("--port", type=port, help="of the operator page; 0 takes a free one")
    parser.add_argument("--namespace", default="", help="ROS namespace of all nodes")
    parser.add_argument(
        "--go", action="store_true", help="press reset and start by itself (simulated cells only)"
    )
    parser.add_argument(
        "--seconds", type=seconds, help="end by itself after so long (default: never)"
    )
    parser.add_argument(
        "--markers", action="store_true", help="publish markers for RViz and Foxglove"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="print all that the nodes log, not only warnings"
    )
    parser.set_defaults(run=run)


class _ToldToEnd(Exception):
    """Ctrl-C while the program waits for something else than Ctrl-C."""


def run(args: argparse.Namespace) -> int:
    """Start, tell, wait. Returns 0 after an end that was asked for, 1 after a failure."""
    try:
        cell = checked_cell(args.cell)
    except (CellError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    if args.go and not cell.file.simulated:
        print("--go presses reset and start: only a simulated cell has them", file=sys.stderr)
        return EXIT_WRONG_INPUT
    if why := refusal(cell, program=program()):
        print(why, file=sys.stderr)
        return EXIT_WRONG_INPUT
    from hrc_cell.cli.supervisor import CellFailed, Supervisor

    began_s = time.monotonic()
    supervisor = Supervisor(
        cell=cell.folder, state_dir=args.state or state_folder(cell.file.name),
        namespace=args.namespace, port=args.port, say=tell, verbose=args.verbose,
        markers=args.markers,
    )  # fmt: skip
    pressing = False

    def told(*_: object) -> None:
        nonlocal pressing
        supervisor.end()
        if pressing:
            pressing = False
            raise _ToldToEnd

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told)
    try:
        supervisor.start()
        try:
            url = supervisor.wait_ready()
            tell(f"ready after {time.monotonic() - began_s:.1f} s; logs: {supervisor.log_dir}")
            tell(f"operator page: {url}")
            simulated = " (simulation)" if cell.file.simulated else ""
            tell(f"safety settings {cell.safety_sha256[:12]}: {standing(cell)}{simulated}")
            if args.go:
                from hrc_cell.cli.witness import Late, Witness

                try:
                    with Witness(("motion_permit",), namespace=args.namespace) as witness:
                        pressing = True
                        _go(witness.go, Late)
                        pressing = False
                    tell("reset and start pressed: the arm may move")
                except _ToldToEnd:
                    pass
                except (Late, RuntimeError) as error:
                    raise CellFailed(f"reset and start were not taken: {error}") from error
            elif cell.file.simulated:
                where = f" --namespace {args.namespace}" if args.namespace else ""
                tell(
                    "press reset, then start: on the page, or from a second terminal with "
                    f"`{program()} press reset start{where}`"
                )
            failed = supervisor.wait_failed(args.seconds)
        finally:
            tell("ending ...")
            supervisor.stop()
    except CellFailed as error:
        if supervisor.told_to_end:
            return 0
        print(error, file=sys.stderr)
        return 1
    if failed:
        print(failed, file=sys.stderr)
        return 1
    return 0


def _go(go: Callable[[], None], late: type[Exception]) -> None:
    """Press reset and start; again where a new cause came between the two. Raises `late`."""
    for _ in range(GO_TRIES - 1):
        try:
            return go()
        except late:
            continue
    return go()


def tell(text: str) -> None:
    """Print one line for the person who started the cell."""
    print(f"hrc-cell: {text}", flush=True)
