"""`hrc-cell motors reboot`: let one motor of the running cell begin anew after a hardware error.

A motor that protects itself gives torque again only after a reboot or without power, and none is
rebooted by itself: somebody must have found the cause. Nothing moves; the reset that follows brings
the motors up.
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

BEGIN_S = 5.0
END_S = 20.0
"""A reboot takes about a second; all motors are read between its steps."""
OUTCOMES = ("bus_rebooted", "bus_reboot_failed")  # events


def add_parser(subparsers: Any) -> None:
    """Add `motors reboot`."""
    parser = subparsers.add_parser(
        "reboot",
        help="let a motor of the running cell begin anew after a hardware error",
        description="Let a motor that reports a hardware error begin anew, while the cell runs and "
        "nothing moves. Find the cause first. Afterwards reset and start. Exit code 1 if it was "
        "refused or failed.",
        epilog="example: hrc-cell motors reboot joint_2",
    )
    parser.add_argument("joint", help="whose motor, by its name in cell.yaml")
    parser.add_argument("--namespace", default="", help="ROS namespace of the cell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and wait for what comes of it. Returns 0 if the motor has begun anew, else 1."""
    from hrc_cell.cli.witness import Late, Witness

    with Witness(("events",), namespace=args.namespace) as witness:
        try:
            refused = _ask(witness, args.joint)
            if refused:
                print(f"refused: {refused}", file=sys.stderr)
                return 1
            failed = witness.wait("what came of it", lambda: _outcome(witness), END_S)[0]
        except Late as error:
            print(f"{error}; does the cell run, with a joint {args.joint!r}?", file=sys.stderr)
            return 1
    if failed:
        print(f"failed: {failed}", file=sys.stderr)
        return 1
    print(f"the motor of {args.joint} has begun anew; reset and start")
    return 0


def _ask(witness: Any, joint: str) -> str:
    """Call the service; return why it refuses, "" if it begins. Raises Late if nobody answers."""
    from std_srvs.srv import Trigger

    client = witness.node.create_client(Trigger, f"motors/{joint}/reboot")
    witness.wait("the motors' node", client.service_is_ready, BEGIN_S)
    future = client.call_async(Trigger.Request())
    witness.wait("an answer of the motors' node", future.done, BEGIN_S)
    answer = future.result()
    return "" if answer.success else str(answer.message)


def _outcome(witness: Any) -> tuple[str] | None:
    """Return why it failed, "" if it did not; None before the event that says so."""
    for event in witness.heard["events"].messages:
        if event.kind in OUTCOMES:
            return (json.loads(event.data).get("text", ""),)
    return None
