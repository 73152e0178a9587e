"""`hrc-cell demo --scans FOLDER`: the cell in the room of a real recording.

The recorded scanner takes the place of the cell's scanners, at the front edge of the table. Its
scans are played in real time, with present stamps, through the real tracker and monitor, while the
simulated arm works and gives way to the people in the recording. The background is learned from the
recording beforehand, because recordings seldom begin with an empty room.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from hrc_cell_interfaces.msg import MotionPermit

from hrc_cell.adapters.record.backgrounds import save_backgrounds
from hrc_cell.adapters.record.scans import RecordingError, read_scans
from hrc_cell.cli.bench_tracker import alike, for_period, learned_view, period_s, seen_outline_m
from hrc_cell.cli.checks import Check, conclude
from hrc_cell.cli.places import own_namespace
from hrc_cell.cli.player import Player
from hrc_cell.cli.supervisor import Supervisor
from hrc_cell.cli.variant import variant
from hrc_cell.cli.witness import Late, Witness
from hrc_cell.core.scan import Scan
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.share import share_folder

NAME = "recorded"
PLACE_X_M = 0.75
PERIODS_LATE = 2.5
"""So many scan periods may pass until the recorded scanner counts as silent."""
SCANS_MIN = 20
FAULT_SHARE_MAX = 0.1
"""More of the time stopped by faults says more about this machine than about the recording."""


def run_scans(args: argparse.Namespace) -> int:
    """Play, count and print. Returns 0 if people were seen and permits given, 1 if not, 2 for
    a recording that cannot be read or judged on."""
    with tempfile.TemporaryDirectory(prefix="hrc_cell_scans_") as scratch:
        state, background = Path(scratch) / "state", Path(scratch) / "background.npz"
        try:
            scans = alike(sorted(read_scans(args.scans, args.topic), key=lambda s: s.stamp_s))
            if len(scans) < SCANS_MIN:
                raise RecordingError(f"{len(scans)} scans are too few; {SCANS_MIN} are needed")
            folder = _cell(Path(scratch) / "cell", scans, background)
            view = learned_view(load_cell(folder).file.tracker, scans)
            save_backgrounds(background, {NAME: view})
            _floor(folder, seen_outline_m(view, scans[0].range_max_m))
        except (RecordingError, CellError, OSError) as error:
            print(f"hrc-cell demo: {error}", file=sys.stderr)
            return 2
        namespace = own_namespace("scans")
        with (
            Supervisor(cell=folder, state_dir=state, namespace=namespace) as cell,
            Witness(namespace=namespace) as witness,
            Player(NAME, scans, period_s(scans), namespace=namespace),
        ):
            try:
                print(f"playing {args.scans}; operator page: {cell.wait_ready()}", flush=True)
                witness.go()
                began_s = time.monotonic()
                witness.attend(min(args.seconds, scans[-1].stamp_s - scans[0].stamp_s))
                checks = _report(witness, began_s)
            except (Late, RuntimeError) as error:
                told = f"{error}; {witness.situation()}"
                checks = [Check(name="cell_started", ok=False, value=told)]
    return conclude(checks, args.json)


def _cell(target: Path, scans: Sequence[Scan], background: Path) -> Path:
    """Return the default cell with the recorded scanner at the table's front edge.

    A slow scanner needs a longer reaction time; the required separation grows with it.
    """
    source = share_folder() / "config" / "default"
    scan_period_s = period_s(scans)
    late_s = PERIODS_LATE * scan_period_s
    default = load_cell(source).file
    reaction_s = default.safety.reaction_time_s + late_s
    tracker = for_period(default.tracker, scan_period_s)
    print(f"reaction time for this scanner: {reaction_s:.2f} s")
    scanner = {
        "name": NAME, "x_m": PLACE_X_M, "y_m": 0.0, "z_m": 0.2, "yaw_rad": 0.0,
        "timeout_s": min(0.5, late_s), "beams_valid_min_ratio": 0.0,
    }  # fmt: skip
    return variant(
        source, target,
        {
            "scanners": [scanner], "tracker.confirm_gap_s": tracker.confirm_gap_s,
            "tracker.background_file": str(background),
            "safety.reaction_time_s": reaction_s, "task.recipe": "exercise",
            "task.repeat": True, "panel.port": 0, "sim.people": [], "sim.scanner": None,
        },
    )  # fmt: skip


def _floor(folder: Path, outline_m: Sequence[tuple[float, float]]) -> None:
    """Make what the recorded scanner sees of its empty room the floor of the cell.

    Elsewhere in the default cell's outline nothing is ever seen, and whoever went there would count
    as hidden for good.
    """
    file = folder / "zones.yaml"
    zones = yaml.safe_load(file.read_text(encoding="utf-8"))
    zones["outline_m"] = [[PLACE_X_M + x_m, y_m] for x_m, y_m in outline_m]
    file.write_text(yaml.safe_dump(zones, sort_keys=False), encoding="utf-8")


def _report(witness: Witness, began_s: float) -> list[Check]:
    """Print people, permits and reasons; return the checks."""
    seen = [m for _, m in witness.since("humans", began_s)]
    permits: list[Any] = [m for _, m in witness.since("motion_permit", began_s)]
    confirmed = [sum(h.confirmed for h in m.humans) for m in seen]
    ids = {h.id for m in seen for h in m.humans if h.confirmed}
    states = Counter(_state_name(p.state) for p in permits)
    causes = Counter(p.cause or "free" for p in permits)
    stops = sum(
        a.speed_ratio > 0.0 and b.speed_ratio == 0.0 for a, b in itertools.pairwise(permits)
    )
    print(f"people: at most {max(confirmed, default=0)} at a time, {len(ids)} tracks")
    given = permits[-1].seq - permits[0].seq + 1 if permits else 0
    leave = sum(p.speed_ratio > 0.0 for p in permits)
    print(f"permits: {given}, {leave} of {len(permits)} heard gave leave to move; stops: {stops}")
    for title, counts in (("state", states), ("why", causes)):
        shares = ", ".join(
            f"{name} {100 * count / len(permits):.0f} %" for name, count in counts.most_common(6)
        )
        print(f"{title}: {shares}")
    faulty = sum(p.state <= MotionPermit.READY for p in permits) / max(1, len(permits))
    moving = [p for p in permits if p.speed_ratio > 0.0 and np.isfinite(p.required_m)]
    least_m = min((float(p.distance_m - p.required_m) for p in moving), default=float("inf"))
    return [
        Check(name="people_seen", ok=bool(ids), value=float(len(ids)), unit="tracks"),
        Check(name="permits_with_leave_to_move", ok=leave > 0, value=float(leave)),
        Check(
            name="share_of_permits_while_stopped_by_a_fault",
            ok=faulty <= FAULT_SHARE_MAX, value=faulty, limit=FAULT_SHARE_MAX,
        ),
        Check(
            name="least_separation_minus_required_with_leave_to_move",
            ok=least_m >= 0.0, value=least_m if np.isfinite(least_m) else None, unit="m", limit=0.0,
        ),
    ]  # fmt: skip


def _state_name(state: int) -> str:
    names = ("LATCHED", "READY", "STANDSTILL", "REDUCED", "FREE")
    return next(name for name in names if getattr(MotionPermit, name) == state)
