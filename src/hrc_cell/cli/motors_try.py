"""`hrc-cell motors try`: move a real arm a little, with a person's consent, and write a report.

Nothing moves before you agree, and each step asks again: the torque comes on; one joint after the
other goes 0.1 rad out and back, at 0.1 rad/s; it stops in the middle; it is left alone while it
moves, so that its own watchdog has to stop it (left out for motors that have none). The report
holds what was asked and measured, as text on the terminal and as JSON in --report; it names nobody.
A step that you decline is left out.

No scanner and no permit stands behind these movements: only you see who is near.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from datetime import datetime, timezone
from typing import Any

from hrc_cell.adapters.record.events import finite
from hrc_cell.adapters.serial.adapter import latency_timer_ms
from hrc_cell.adapters.serial.drives import Drive, DynamixelDrive, make_drive
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.plan import WITHOUT_WATCHDOG, BusPlan
from hrc_cell.adapters.serial.port import Port, PortLost
from hrc_cell.adapters.serial.trial import NoRoom, Trial
from hrc_cell.adapters.serial.trial_silence import WatchedTrial
from hrc_cell.adapters.serial.workbenches import SPOKEN, spoken_by
from hrc_cell.cli.arguments import json_file
from hrc_cell.cli.asking import NotAgreed, Person
from hrc_cell.cli.checked import cell_and_plan
from hrc_cell.cli.finding import Finding, show
from hrc_cell.cli.motors_doctor import examine
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.share import version

STEADY_S = 3.0
SILENT = "goes out while this program falls silent: its watchdog stops it, then all come up again"
WATCHDOG_MIN_S = 0.2
"""A person is waited for in steps that a shorter watchdog would not bear."""


def add_parser(subparsers: Any) -> None:
    """Add `motors try`."""
    parser = subparsers.add_parser(
        "try", help="move a real arm a little, with your consent, and write a report",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell motors try my_cell --report report.json",
    )  # fmt: skip
    parser.add_argument("cell", help="folder, or name under config/")
    parser.add_argument("--port", help="instead of bus.port; a simulated cell needs one")
    parser.add_argument(
        "--joint", action="append", metavar="NAME", help="only this one moves; may be given again"
    )
    parser.add_argument("--report", type=json_file, metavar="FILE", help="write it there as JSON")
    parser.add_argument("--note", default="", help="stands in the report, such as what arm it is")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Try the arm. Returns 0 if all that was agreed to was done, else 1; 2 for wrong input."""
    try:
        _, plan = cell_and_plan(args.cell, args.port)
        known = [motor.joint for motor in plan.motors]
        for joint in args.joint or ():
            if joint not in known:
                raise ValueError(f"no joint {joint!r}; there are {', '.join(known)}")
    except (CellError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    plan = replace(plan, watchdog_s=max(plan.watchdog_s, WATCHDOG_MIN_S))
    report: dict[str, Any] = {"note": args.note, "finished": False}
    try:
        _try(plan, args.joint or known, report)
        report["finished"] = True
    except PortLost as error:
        report["ended_by"] = error.strerror
    except (NoReply, Refused, NotAgreed) as error:
        report["ended_by"] = str(error)
    finally:
        for line in _text(report):
            print(line)
        if args.report:
            args.report.write_text(json.dumps(finite(report), indent=1) + "\n", encoding="utf-8")
    return 0 if report["finished"] else 1


def _try(plan: BusPlan, joints: list[str], report: dict[str, Any]) -> None:
    """Do the steps and keep what they tell. Raises PortLost, NoReply, Refused, NotAgreed."""
    person = Person()
    report["when"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
    report["system"] = {
        "hrc_cell": version(), "python": platform.python_version(), "kernel": platform.release(),
        "latency_timer_ms": latency_timer_ms(plan.port), "baud": plan.baud,
        "rate_hz": plan.rate_hz, "watchdog_s": plan.watchdog_s,
    }  # fmt: skip
    found, _ = SPOKEN[spoken_by(plan.protocol)].scan(plan.port, plan.baud)
    report["motors"] = [one._asdict() for one in found]
    findings: list[Finding] = []
    if show(_kept(examine(plan), findings), as_json=False):
        person.agree("Something is wrong, see above. Go on all the same?")
    report["findings"] = [asdict(finding) for finding in findings]
    person.agree(
        f"The torque of {', '.join(motor.joint for motor in plan.motors)} comes on. Is the arm "
        "supported, nobody in its reach, the emergency stop in your hand? No scanner looks.",
        "ready",
    )
    port = Port(plan.port, plan.baud)
    try:
        trial = _trial(make_drive(plan, port))
        try:
            trial.begin()
            report["drift_rad"] = dict(
                zip((motor.joint for motor in plan.motors), trial.drift_rad, strict=True)
            )
            report["steady"] = asdict(trial.steady(STEADY_S))
            _joints(trial, plan, joints, person, report)
        finally:
            _let_go(trial, person, report)
    finally:
        port.close()


def _trial(drive: Drive) -> Trial:
    """Return what is tried: more with motors that notice a silent program by themselves."""
    return WatchedTrial(drive) if isinstance(drive, DynamixelDrive) else Trial(drive)


def _joints(
    trial: Trial, plan: BusPlan, joints: list[str], person: Person, report: dict[str, Any]
) -> None:
    """Move each joint that the person agrees to."""
    told = report["joints"] = {}
    for index, motor in enumerate(plan.motors):
        if motor.joint not in joints:
            continue
        one: dict[str, Any] = {}
        told[motor.joint] = one
        acts: list[tuple[str, str, Callable[[int], Any]]] = [
            ("move", "goes 0.1 rad out and back, at 0.1 rad/s", trial.move),
            ("stop", "goes out and is stopped on the way", trial.stop),
        ]
        if isinstance(trial, WatchedTrial):
            acts.append(("silence", SILENT, trial.silence))
        else:
            one["silence"] = f"left out: {WITHOUT_WATCHDOG}"
        for name, text, act in acts:
            said = person.ask(f"{motor.joint} {text}. [y = yes]", _holding(trial))
            if said.lower() != "y":
                one[name] = "declined"
                continue
            try:
                one[name] = asdict(act(index))
            except NoRoom as error:
                one[name] = f"left out: {error}"
            print(f"  {one[name]}")


def _holding(trial: Trial) -> Callable[[], str]:
    """Return what keeps the arm held while a person thinks."""

    def hold() -> str:
        trial.hold()
        return ""

    return hold


def _let_go(trial: Trial, person: Person, report: dict[str, Any]) -> None:
    """Switch the torque off once the arm is supported; without an answer it stays held."""
    report["torque_off"] = False
    try:
        said = person.ask(
            "The torque goes off: the arm falls unless it is supported. [supported = yes]",
            _holding(trial),
        )
    except NotAgreed:
        said = ""
    if said.lower() != "supported":
        print("The torque stays on; the motors hold where they are. Cut their power to end that.")
        return
    failed = trial.end()
    report["torque_off"] = not failed
    for line in failed:
        print(line, file=sys.stderr)


def _kept(findings: Iterator[Finding], kept: list[Finding]) -> Iterator[Finding]:
    for finding in findings:
        kept.append(finding)
        yield finding


def _text(report: dict[str, Any], indent: str = "") -> Iterator[str]:
    """Yield the report as lines of text."""
    for key, value in report.items():
        if isinstance(value, dict):
            yield f"{indent}{key}:"
            yield from _text(value, indent + "  ")
        elif isinstance(value, list):
            yield f"{indent}{key}:"
            for one in value:
                yield f"{indent}  {', '.join(f'{k} {v}' for k, v in one.items())}"
        else:
            shown = f"{value:.4g}" if isinstance(value, float) else value
            yield f"{indent}{key}: {shown}"
