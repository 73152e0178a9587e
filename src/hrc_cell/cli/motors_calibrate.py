"""`hrc-cell motors calibrate`: find zero and ends of each joint with a person who moves the arm.

The torque is off, so somebody must hold the arm. For each joint: bring it to its zero pose, then to
its lower and its upper end; what was read is shown, checked, and printed as the lines that belong
into cell.yaml. With --write they are written there, comments kept and the old file put aside; with
--limits the motors' own position limits are set to the ends that were felt.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hrc_cell.adapters.serial.calibration import Calibration, Scale, Unclear, at_rest, calibrate
from hrc_cell.adapters.serial.control_table import (
    POSITION_MAX,
    POSITION_MIN,
    PRESENT_POSITION,
    TORQUE_ENABLE,
)
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.plan import BusPlan, MotorPlan
from hrc_cell.adapters.serial.port import PortLost
from hrc_cell.adapters.serial.workbench import Workbench
from hrc_cell.adapters.serial.workbenches import spoken_by, workbench
from hrc_cell.cli.asking import NotAgreed, Person
from hrc_cell.cli.checked import cell_and_plan
from hrc_cell.settings.cell import Cell, load_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.yaml_edit import set_values

READINGS = 20
READING_EVERY_S = 0.02


def add_parser(subparsers: Any) -> None:
    """Add `motors calibrate`."""
    parser = subparsers.add_parser(
        "calibrate", help="find zero and ends of each joint with a person who moves the arm",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell motors calibrate my_cell --write",
    )  # fmt: skip
    parser.add_argument("cell", help="folder, or name under config/")
    parser.add_argument("--port", help="instead of bus.port; a simulated cell needs one")
    parser.add_argument(
        "--joint", action="append", metavar="NAME", help="only this one; may be given again"
    )
    parser.add_argument("--write", action="store_true", help="write the zeros into cell.yaml")
    parser.add_argument("--limits", action="store_true", help="set the motors' position limits")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Walk through the joints. Returns 0 if all are calibrated, 1 if not, 2 for wrong input."""
    try:
        cell, plan = cell_and_plan(args.cell, args.port)
        motors = _chosen(plan, args.joint)
    except (CellError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    person = Person()
    done = True
    try:
        with workbench(plan.port, plan.baud, spoken_by(plan.protocol)) as bench:
            _let_go(bench, plan, person)
            found = {motor.joint: _joint(bench, motor, plan.counts, person) for motor in motors}
            for line in _block(cell, found):
                print(line)
            if args.limits:
                done = _unless_declined(lambda: _limit(bench, motors, found, person))
        if args.write:
            done = _unless_declined(lambda: _write(cell, found, person)) and done
    except PortLost as error:
        print(error.strerror, file=sys.stderr)
        return 1
    except (NoReply, Refused, NotAgreed, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if done else 1


def _unless_declined(act: Callable[[], None]) -> bool:
    """Return whether the person agreed to an act; the next one is asked for all the same."""
    try:
        act()
    except NotAgreed as error:
        print(error, file=sys.stderr)
        return False
    return True


def _chosen(plan: BusPlan, joints: Sequence[str] | None) -> list[MotorPlan]:
    """Return the motors of the joints that were named, all if none. Raises ValueError."""
    known = [motor.joint for motor in plan.motors]
    for joint in joints or ():
        if joint not in known:
            raise ValueError(f"no joint {joint!r}; there are {', '.join(known)}")
    return [motor for motor in plan.motors if not joints or motor.joint in joints]


def _let_go(bench: Workbench, plan: BusPlan, person: Person) -> None:
    """See that every motor is there, and without torque. Raises NoReply, Refused or NotAgreed."""
    held = [motor for motor in plan.motors if bench.torque_on(motor.motor_id)]
    person.agree(
        f"The torque of {', '.join(m.joint for m in held) or 'every motor'} "
        f"{'will be switched off' if held else 'is off'}: a joint that nobody holds falls. "
        "Is the arm supported?",
        "supported",
    )
    for motor in held:
        bench.set(motor.motor_id, TORQUE_ENABLE, 0)


def _joint(bench: Workbench, motor: MotorPlan, counts: int, person: Person) -> Calibration:
    """Return what the person shows of one joint; asks again until it is clear."""
    scale = Scale(counts, motor.rad_per_count)
    print(f"\n{motor.joint} (motor {motor.motor_id})")
    while True:
        zero, lower, upper = (
            _still(bench, motor, scale, person, where)
            for where in (
                "its zero pose",
                f"its lower end (the description allows {motor.lower_rad:.3f} rad)",
                f"its upper end (the description allows {motor.upper_rad:.3f} rad)",
            )
        )
        try:
            found = calibrate(scale, zero, lower, upper)
        except Unclear as error:
            print(f"  {error}; once more from zero")
            continue
        for line in _told(motor, found):
            print(f"  {line}")
        return found


def _still(bench: Workbench, motor: MotorPlan, scale: Scale, person: Person, where: str) -> int:
    """Return the count where the person holds the joint still."""
    position = bench.registers(motor.motor_id).find(PRESENT_POSITION)

    def live() -> str:
        return f"  {bench.read(motor.motor_id, position)} counts"

    while True:
        person.ask(f"  Move it to {where}, hold it there and press Enter", live)
        readings = []
        for _ in range(READINGS):
            readings.append(bench.read(motor.motor_id, position))
            time.sleep(READING_EVERY_S)
        try:
            counts = at_rest(scale, readings)
        except Unclear as error:
            print(f"  {error}")
            continue
        print(f"  {counts} counts (spread {max(readings) - min(readings):g})")
        return counts


def _told(motor: MotorPlan, found: Calibration) -> Iterator[str]:
    """Yield what was found of a joint, and what does not fit the cell's description."""
    yield (
        f"zero at {found.zero_counts} counts, goes from {found.lower_rad:.3f} to "
        f"{found.upper_rad:.3f} rad"
    )
    if found.reversed != motor.reversed:
        yield f"its counts grow the other way: reversed is {str(found.reversed).lower()}"
    if found.lower_rad > motor.lower_rad or found.upper_rad < motor.upper_rad:
        yield (
            f"the description allows {motor.lower_rad:.3f} to {motor.upper_rad:.3f} rad, beyond "
            "its ends: set the motor's limits (--limits) or change the description"
        )


def _changes(cell: Cell, found: dict[str, Calibration]) -> dict[tuple[str | int, ...], object]:
    """Return what changes in cell.yaml, by the place it stands at."""
    robot = cell.file.robot
    places: list[tuple[tuple[str | int, ...], Any]] = [
        (("robot", "arm", index), motor) for index, motor in enumerate(robot.arm)
    ]
    changes: dict[tuple[str | int, ...], object] = {}
    places.append((("robot", "hand"), robot.hand))
    for place, motor in places:
        if motor.joint not in found:
            continue
        one = found[motor.joint]
        for key, value in (("zero_counts", one.zero_counts), ("reversed", one.reversed)):
            if getattr(motor, key) != value:
                changes[place + (key,)] = value  # noqa: RUF005
    return changes


def _block(cell: Cell, found: dict[str, Calibration]) -> Iterator[str]:
    """Yield the motors as they belong into cell.yaml."""
    robot = cell.file.robot

    def line(motor: Any) -> str:
        one = found.get(motor.joint, motor)
        turned = ", reversed: true" if one.reversed else ""
        return (
            f"{{joint: {motor.joint}, motor_id: {motor.motor_id}{turned}, "
            f"zero_counts: {one.zero_counts}}}"
        )

    yield "\nrobot:"
    yield "  arm:"
    for motor in robot.arm:
        yield f"    - {line(motor)}"
    yield f"  hand: {line(robot.hand)}"


def _limit(
    bench: Workbench, motors: Sequence[MotorPlan], found: dict[str, Calibration], person: Person
) -> None:
    """Set the motors' own limits after asking. Raises NotAgreed, NoReply, Refused."""
    windows = [(m, found[m.joint].window_counts(m.lower_rad, m.upper_rad)) for m in motors]
    print("\nPosition limits of the motors:")
    for motor, (first, last) in windows:
        had = [bench.get(motor.motor_id, limit) for limit in (POSITION_MIN, POSITION_MAX)]
        print(f"  {motor.joint}: {had[0]} to {had[1]} -> {first} to {last} counts")
    person.agree("Write them into the motors?")
    for motor, window in windows:
        for name, value in zip((POSITION_MIN, POSITION_MAX), window, strict=True):
            bench.set(motor.motor_id, name, value)


def _write(cell: Cell, found: dict[str, Calibration], person: Person) -> None:
    """Write into cell.yaml after asking. Raises NotAgreed, ValueError, OSError."""
    path, changes = cell.folder / "cell.yaml", _changes(cell, found)
    if not changes:
        print(f"\n{path} says so already")
        return
    print(f"\nIn {path}:")
    for place, value in changes.items():
        print(f"  {'.'.join(map(str, place))}: {str(value).lower()}")
    person.agree("Write it?")
    before = path.read_text(encoding="utf-8")
    after = set_values(before, changes)
    backup = _free(path)
    backup.write_text(before, encoding="utf-8")
    path.write_text(after, encoding="utf-8")
    try:
        signed = load_cell(cell.folder, without_stops=True).safety_sha256 == cell.safety_sha256
    except CellError:
        path.write_text(before, encoding="utf-8")
        raise
    print(f"written; the old file is {backup.name}")
    if not signed:
        print("The settings that bear on safety changed: have them signed anew.")


def _free(path: Path) -> Path:
    """Return a name for the old file that nothing has yet."""
    number = 1
    while (backup := path.with_name(f"{path.name}.{number}")).exists():
        number += 1
    return backup
