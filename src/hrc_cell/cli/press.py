"""`hrc-cell press`: the operator box of the simulated cell, from the command line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from hrc_cell.adapters.sim.operator_box import CONTROLS

DEFAULT = "press"


def add_parser(subparsers: Any) -> None:
    """Add `press`."""
    parser = subparsers.add_parser(
        "press",
        help="press a button of the simulated operator box",
        epilog=(
            "examples:\n  hrc-cell press reset start\n  hrc-cell press emergency_stop_input=hold\n"
            "  hrc-cell press mode=manual enabling_switch=hold start\n"
            "  hrc-cell press guards=close mode=automatic reset start\n"
            f"controls and values ({DEFAULT} where none is given):\n{_known()}"
        ),
    )
    parser.add_argument("what", nargs="+", metavar="CONTROL[=VALUE]", help="one after the other")
    parser.add_argument("--namespace", default="", help="ROS namespace of the cell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Press each in turn. Returns 0 if the cell took them all, 2 for an unknown control."""
    parts = [item.partition("=") for item in args.what]
    acts = [(control, value if given else DEFAULT) for control, given, value in parts]
    for control, value in acts:
        if value not in CONTROLS.get(control, ()):
            print(f"unknown: {control}={value}; known:\n{_known()}", file=sys.stderr)
            return 2
    from hrc_cell.cli.witness import Late, Witness

    with Witness((), namespace=args.namespace) as witness:
        for control, value in acts:
            try:
                witness.press(control, value)
            except (Late, RuntimeError) as error:
                print(f"{error}; does a simulated cell run?", file=sys.stderr)
                return 1
            print(f"{control}: {value}")
    return 0


def _known() -> str:
    """Return every control with its values, a line each."""
    return "\n".join(f"  {control}: {', '.join(values)}" for control, values in CONTROLS.items())
