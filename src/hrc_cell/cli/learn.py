"""`hrc-cell learn`: have the running cell learn its empty room, once a person says it is empty.

A real cell waits for this after its first start, and after each change of the room or of a scanner.
Who stands in the cell meanwhile becomes a wall, so somebody must go and look, and say so. This ends
hidden people, too: a cell that waits for somebody in a corner that no scanner sees goes on.
"""

from __future__ import annotations

import argparse
import getpass
import socket
import sys
from typing import Any

WORD = "empty"
CALL_S = 5.0
BEGIN_S = 10.0
LEARN_S = 610.0
"""No cell is given more time to look (tracker.background_s)."""


def add_parser(subparsers: Any) -> None:
    """Add `learn`."""
    parser = subparsers.add_parser(
        "learn",
        help="have the running cell learn its empty room",
        epilog=(
            "example: hrc-cell learn\n"
            "Go and look first, behind everything: who stands in the cell now becomes a wall.\n"
            "Ends hidden people as well, in corners that no scanner sees.\n"
            "The arm is stopped meanwhile; afterwards reset and start."
        ),
    )
    parser.add_argument(
        "--confirm-empty", action="store_true", help="say without being asked that nobody is inside"
    )
    parser.add_argument("--namespace", default="", help="ROS namespace of the cell")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, learn, wait. Returns 0 if the cell has learned, 1 if not."""
    if not (args.confirm_empty or _confirmed()):
        print("not confirmed: nothing was learned", file=sys.stderr)
        return 1
    from hrc_cell.cli.witness import Late, Witness

    with Witness(("humans",), namespace=args.namespace) as witness:
        try:
            _ask(witness)
            _wait(witness)
        except (Late, RuntimeError) as error:
            print(f"{error}; does the cell run, and do its scanners send?", file=sys.stderr)
            return 1
    print("the empty cell is learned; reset and start")
    return 0


def _confirmed() -> bool:
    """Return whether the person at the terminal says that the cell is empty."""
    print(
        "Go and look, behind everything that hides somebody. Who stands in the cell now becomes "
        "a wall and is not seen any more."
    )
    try:
        return input(f"Type {WORD} if nobody is in the cell: ").strip().lower() == WORD
    except EOFError:
        print("nobody to ask; a script says --confirm-empty", file=sys.stderr)
        return False


def _ask(witness: Any) -> None:
    """Call the service. Raises RuntimeError if it refuses, Late if nobody answers."""
    from hrc_cell_interfaces.srv import LearnBackground

    client = witness.node.create_client(LearnBackground, "learn_background")
    witness.wait("the tracker", client.service_is_ready, CALL_S)
    request = LearnBackground.Request(
        device=socket.gethostname(), operator_alias=getpass.getuser(), confirmed_empty=True
    )
    future = client.call_async(request)
    witness.wait("an answer of the tracker", future.done, CALL_S)
    if not future.result().accepted:
        raise RuntimeError(f"refused: {future.result().reason}")
    print("learning", flush=True)


def _wait(witness: Any) -> None:
    """Wait until every scanner has learned and sees. Raises Late."""
    from hrc_cell_interfaces.msg import ScannerStatus

    began_s = witness.now_s()

    def states() -> list[set[int]]:
        heard = witness.since("humans", began_s)
        return [{status.state for status in message.scanners} for _, message in heard]

    witness.wait("learning", lambda: any(ScannerStatus.LEARNING in s for s in states()), BEGIN_S)
    witness.wait("the learned background", lambda: states()[-1] == {ScannerStatus.OK}, LEARN_S)
