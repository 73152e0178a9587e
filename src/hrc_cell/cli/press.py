"""`hrc-cell press`: the operator box of the simulated cell, from the command line."""

from __future__ import annotations

import argparse
import sys
from typing import Any

CONTROLS = ("reset", "start", "enabling_switch", "emergency_stop_input", "mode")
VALUES = ("press", "hold", "release", "manual", "collaborative", "automatic")


def add_parser(subparsers: Any) -> None:
    """Add `press`."""
    parser = subparsers.add_parser(
        "press",
        help="press a button of the simulated operator box",
        epilog=(
            "examples:\n  hrc-cell press reset start\n  hrc-cell press emergency_stop_input=hold\n"
            "  hrc-cell press mode=manual\n"
            f"controls: {', '.join(CONTROLS)}; values: {', '.join(VALUES)} (default press)"
        ),
    )
    parser.add_argument("what", nargs="+", metavar="CONTROL[=VALUE]", help="one after the other")
    parser.add_argument("--namespace", default="", help="ROS namespace of the cell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Press each in turn. Returns 0 if the cell took them all, 2 for an unknown control."""
    acts = [item.partition("=")[::2] for item in args.what]
    for control, value in acts:
        if control not in CONTROLS or (value and value not in VALUES):
            print(f"unknown: {control}={value}; see hrc-cell press --help", file=sys.stderr)
            return 2
    from hrc_cell.cli.witness import Late, Witness

    with Witness((), namespace=args.namespace) as witness:
        for control, value in acts:
            try:
                witness.press(control, value or "press")
            except (Late, RuntimeError) as error:
                print(f"{error}; does a simulated cell run?", file=sys.stderr)
                return 1
            print(f"{control}: {value or 'press'}")
    return 0
