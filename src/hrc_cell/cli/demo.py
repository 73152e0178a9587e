"""`hrc-cell demo`: the story of the cell, told as it happens and checked.

A robot fetches a part; a person comes near, it slows and stops; the person leaves, it goes on; it
hands the part over and waits for the confirmation; a scanner falls silent, it stops until a person
resets and starts. Every check compares a measured value with a limit that comes from the cell's
configuration.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import webbrowser
from pathlib import Path
from typing import Any

from hrc_cell.cli.arguments import json_file, seconds
from hrc_cell.cli.places import own_namespace
from hrc_cell.cli.variant import variant
from hrc_cell.settings.share import share_folder

SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
"""Without one of these a browser would take the terminal instead."""


def add_parser(subparsers: Any) -> None:
    """Add `demo`."""
    parser = subparsers.add_parser(
        "demo",
        help="run the cell with a scripted person for about a minute and check the story",
        epilog="examples: hrc-cell demo --json demo.json    hrc-cell demo --scans my_recording",
    )
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the checks there")
    parser.add_argument(
        "--headless", action="store_true", help="do not open the operator page in a browser"
    )
    parser.add_argument(
        "--scans", type=Path, metavar="FOLDER",
        help="instead of the story: play a recording of LaserScans through tracker and monitor",
    )  # fmt: skip
    parser.add_argument("--topic", help="with --scans: the LaserScan topic of the recording")
    parser.add_argument(
        "--seconds", type=seconds, default=60.0, help="with --scans: how much of it (default 60)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Tell the story. Returns 0 if every check holds, 1 if one does not."""
    if args.scans is not None:
        from hrc_cell.cli.demo_scans import run_scans

        return run_scans(args)
    from hrc_cell.cli.checks import Check, conclude
    from hrc_cell.cli.story import tell
    from hrc_cell.cli.supervisor import Supervisor
    from hrc_cell.cli.witness import Witness

    checks: list[Check] = []
    with tempfile.TemporaryDirectory(prefix="hrc_cell_demo_") as scratch:
        folder = variant(
            share_folder() / "config" / "default", Path(scratch) / "cell",
            {"panel.port": 0, "task.recipe": "hand_over", "task.repeat": True},
        )  # fmt: skip
        namespace = own_namespace("demo")
        with Supervisor(
            cell=folder, state_dir=Path(scratch) / "state", namespace=namespace
        ) as cell, Witness(namespace=namespace) as witness:  # fmt: skip
            try:
                url = cell.wait_ready()
                print(f"the cell is ready; operator page: {url}", flush=True)
                if not args.headless and any(map(os.environ.get, SCREENS)):
                    webbrowser.open(url)
                tell(cell, witness, url, checks)
            except Exception as error:  # whatever it was: the story was not told to its end
                told = f"{type(error).__name__}: {error}; {witness.situation()}"
                checks.append(Check(name="story_told_to_its_end", ok=False, value=told))
    print()
    return conclude(checks, args.json)
