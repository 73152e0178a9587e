"""hrc-cell bench safety: try to catch the monitor out, and say what it costs.

Random encounters of people and arm run in closed loop through the judgement of the live cell.
People walk, turn, run, hide, reach out, come in pairs and go for the nearest link; data are noisy,
late and missing; the arm stops as late as declared. A violation is an arm that could not come to
rest before a person could reach it (hrc_cell.adapters.falsify.truth has the law), or one that
touches somebody while it moves. None is allowed: each is printed, and saved for --replay.

In one batch of eight the step allows contact: there a link that is slow enough and below the head
needs no distance, and one that is faster is a violation as ever.

The zones of the cell are left out, and in every second batch the foresight: the separation must do
without either, and they would hide it.

--weaken shows that the falsifier bites: it runs a monitor that leaves out the person's way, one
that believes stale data, or one that believes in half of the stop, until it is caught. At the end
the monitor, a fixed stop zone and constant-speed SSM of the same worst case guard the same cells
for some hours: what each costs in cycle time and stops.

Exit code 1 if there was a violation, or a weakened monitor that was not caught.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hrc_cell.adapters.falsify.core_monitor import WEAKNESSES
from hrc_cell.adapters.falsify.encounter import Kind, load
from hrc_cell.cli import encounters as trials
from hrc_cell.cli.arguments import count, json_file
from hrc_cell.cli.encounters import Clock, Result
from hrc_cell.cli.productivity import costs
from hrc_cell.settings.schema import CellError

FAILED = 2
WEAK_MAX = 10_000
"""A weakened monitor must be caught within so many encounters."""
TOLD_S = 10.0


def add_parser(subparsers: Any) -> None:
    """Add `bench safety`."""
    parser = subparsers.add_parser(
        "safety",
        help="try to catch the monitor out in random encounters, and say what it costs",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell bench safety --encounters 20000 --hours 0.5",
    )
    parser.add_argument("--cell", default="default", help="folder, or name under config/")
    parser.add_argument("--encounters", type=count, default=1_000_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, help="of everything random")
    parser.add_argument(
        "--workers", type=count, default=min(2, os.cpu_count() or 1), help="processes"
    )
    parser.add_argument(
        "--hours", type=_hours, default=2.0, metavar="H",
        help="simulated hours for which each monitor is compared; 0: none",
    )  # fmt: skip
    parser.add_argument(
        "--weaken", choices=(*WEAKNESSES, "all"),
        help=f"run a weakened monitor until it is caught, {WEAK_MAX} encounters at most",
    )  # fmt: skip
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run a saved encounter again")
    parser.add_argument(
        "--folder", type=_folder, default=Path("."), help="where violations are saved"
    )
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the figures there")
    parser.set_defaults(run=run)


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text}: must be a number of hours, 0 or more")
    return value


def _folder(text: str) -> Path:
    path = Path(text)
    if not path.is_dir():
        raise argparse.ArgumentTypeError(f"{path} is no folder; make it first")
    return path


def run(args: argparse.Namespace) -> int:
    """Run what is asked for. Returns 0, 1 if the bar is missed, 2 for files that are wrong."""
    try:
        trials.context(args.cell)
        if args.replay:
            return _replay(args)
        result, code = _weakened(args) if args.weaken else _whole(args)
    except (CellError, ValueError, OSError) as error:
        print(f"hrc-cell bench safety: {error}", file=sys.stderr)
        return FAILED
    if args.json:
        args.json.write_text(json.dumps(_finite(result), indent=1) + "\n", encoding="utf-8")
    return code


def _whole(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    clock = Clock()
    todo = list(trials.jobs(args.cell, args.seed, args.encounters, folder=str(args.folder)))
    found = figures(_told(trials.results(todo, args.workers), args.encounters, clock))
    found["seed"] = args.seed
    found["seconds"] = round(clock.seconds, 1)
    found["encounters_per_s"] = round(found["encounters"] / clock.seconds, 1)
    found["encounters_per_h"] = round(3600.0 * found["encounters"] / clock.seconds)
    print("\n".join(_table(found)))
    if args.hours > 0.0:
        found["productivity"] = costs(args.cell, args.seed, args.hours)
        print("\n".join(_costs(found["productivity"], args.hours)))
    return found, 1 if found["violations"] else 0


def _told(results: Iterable[Result], total: int, clock: Clock) -> Iterable[Result]:
    """Pass the results on; tell of violations at once, and now and then how far it is."""
    done, told_s = 0, 0.0
    for result in results:
        done += result.encounters
        for number in result.violations:
            print(f"VIOLATION in encounter {number}", flush=True)
        for file in result.files:
            print(f"  saved: hrc-cell bench safety --replay {file}", flush=True)
        if clock.seconds - told_s > TOLD_S:
            told_s = clock.seconds
            print(f"... {done} of {total}, {done / told_s:.0f} per second", flush=True)
        yield result


def figures(results: Iterable[Result]) -> dict[str, Any]:
    """Return the sum of the results."""
    kinds: Counter[str] = Counter()
    sums: Counter[str] = Counter()
    least, least_at = math.inf, -1
    violations: list[int] = []
    files: list[str] = []
    simulated_s = moved_s = 0.0
    for result in results:
        kinds.update(result.kinds)
        for name in (
            "encounters",
            "hits",
            "touched",
            "stops",
            "unseen",
            "silenced",
            "contact_allowed",
        ):
            sums[name] += getattr(result, name)
        violations += result.violations
        files += result.files
        simulated_s += result.simulated_s
        moved_s += result.moved_s
        if result.least_margin_m < least:
            least, least_at = result.least_margin_m, result.least_at
    return {
        "encounters": sums["encounters"],
        "violations": len(violations),
        "violating": violations[:100],
        "files": files,
        "contacts_arm_moving": sums["hits"],
        "contacts_arm_standing": sums["touched"],
        "least_margin_m": least,
        "least_margin_encounter": least_at,
        "simulated_h": simulated_s / 3600.0,
        "arm_moving_h": moved_s / 3600.0,
        "stops": sums["stops"],
        "people": dict(kinds.most_common()),
        "people_unseen_for_a_while": sums["unseen"],
        "scanner_silent_for_a_while": sums["silenced"],
        "contact_allowed": sums["contact_allowed"],
    }


def _weakened(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    caught: dict[str, int | None] = {}
    names = WEAKNESSES if args.weaken == "all" else (args.weaken,)
    most = min(args.encounters, WEAK_MAX)
    for name in names:
        todo = list(trials.jobs(args.cell, args.seed, most, weakness=name, folder=str(args.folder)))
        caught[name] = None
        results = trials.results(todo, args.workers)
        for result in results:
            if result.violations:
                caught[name] = result.violations[0] + 1
                print(
                    f"{name:12s} caught by encounter {caught[name]}, "
                    f"margin {result.least_margin_m:.3f} m; "
                    f"hrc-cell bench safety --replay {result.files[0]}", flush=True,
                )  # fmt: skip
                break
        else:
            print(f"{name:12s} NOT CAUGHT within {most} encounters", flush=True)
        results.close()  # type: ignore[attr-defined]
    code = 1 if None in caught.values() else 0
    return {"seed": args.seed, "caught_after": caught, "encounters_max": most}, code


def _replay(args: argparse.Namespace) -> int:
    drawn, pool, about = load(args.replay)
    here = trials.context(args.cell)
    if about.get("safety") != here.cell.safety_sha256:
        print("note: the cell's safety settings are not those of the saved encounter")
    weak = f", weakened: {about['weakness']}" if about.get("weakness") else ""
    print(f"seed {about.get('seed')}, encounter {about.get('encounter')}{weak}")
    for i, kind in enumerate(drawn.kind[0]):
        print(
            f"person {i + 1}: {Kind(kind).name.lower()}, radius {drawn.radius_m[0, i]:.2f} m, "
            f"{drawn.speed_max_mps[0, i]:.2f} m/s"
        )
    outcome = trials.replayed(drawn, pool, about, args.cell)
    print("  time  permit  speed  sample  to rest  person  distance   margin  cause")
    print("     s       1      1       s        s               m        m")
    for tick in outcome.ticks:
        print(
            f"{tick.now_s:6.2f}  {tick.permitted_ratio:6.2f}  {tick.ratio:5.2f}  "
            f"{tick.oldest_s:6.2f}  {tick.rest_s:7.2f}  {tick.person:6d}  {tick.distance_m:8.3f}  "
            f"{tick.margin_m:7.3f}  {tick.cause}"
        )
    violated = bool(outcome.violated[0])
    print(
        f"{'VIOLATION' if violated else 'no violation'}: least margin {outcome.margin_m[0]:.3f} m "
        f"at {outcome.margin_s[0]:.2f} s, moving arm touches somebody: {bool(outcome.hit[0])}"
    )
    return 1 if violated else 0


def _table(found: dict[str, Any]) -> list[str]:
    people = ", ".join(f"{name} {number}" for name, number in found["people"].items())
    margin = f"{found['least_margin_m']:.3f} m, in encounter {found['least_margin_encounter']}"
    hours = f"{found['simulated_h']:.1f} h, the arm in motion {found['arm_moving_h']:.1f} h"
    million_min = 1e6 / found["encounters_per_s"] / 60.0
    rows = [
        ("encounters", f"{found['encounters']}, seed {found['seed']}"),
        ("violations", f"{found['violations']} (the bar is 0)"),
        ("least margin", margin),
        ("touched", f"{found['contacts_arm_moving']} encounters with the arm in motion"),
        ("", f"{found['contacts_arm_standing']} with the arm at rest, which breaks no law"),
        ("simulated", f"{hours}, {found['stops']} stops"),
        ("people", people),
        ("unseen", f"{found['people_unseen_for_a_while']} people for a while"),
        ("silence", f"{found['scanner_silent_for_a_while']} encounters with a silent scanner"),
        ("contact steps", f"{found['contact_allowed']} encounters in which slow links may touch"),
        ("speed", f"{found['encounters_per_s']:.0f}/s, a million in {million_min:.0f} min"),
    ]
    return [f"{name:14s} {value}" for name, value in rows]


def _costs(rows: list[dict[str, Any]], hours: float) -> list[str]:
    lines = [
        f"productivity over {hours:g} h of the same cells with one or two people each",
        f"{'monitor':16s} {'cycle':>9s} {'ratio':>7s} {'stops/h':>8s} {'moving':>7s}",
    ]
    for row in rows:
        lines.append(
            f"{row['monitor']:16s} {row['cycle_s']:7.1f} s {row['cycle_ratio']:7.2f} "
            f"{row['stops_per_h']:8.0f} {100.0 * row['moving_ratio']:6.0f}%"
        )
    return lines


def _finite(value: Any) -> Any:
    """Return the value with what JSON has no number for as null."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_finite(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
