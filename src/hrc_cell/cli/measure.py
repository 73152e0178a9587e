"""`hrc-cell measure stopping`: drive the arm, stop it, and write down how long and far it runs on.

For every joint, load and speed the arm is stopped in both directions, at cruise and while it still
gains speed. The stops become stopping.yaml in the cell's folder (core.campaign). A drive that was
disturbed is repeated. What could not be measured then is named at the end: the next faster row
stands for a row that is missing, and a joint without its fastest row has to be measured again, with
--joint; what was measured of the others is kept until then (cli.stop_table).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import importlib.metadata
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hrc_cell.cli.arguments import count
from hrc_cell.cli.places import cell_folder, own_namespace
from hrc_cell.cli.stop_table import (
    Lost,
    Made,
    keep,
    missed_rows,
    print_seen,
    print_table,
    write_table,
)  # fmt: skip
from hrc_cell.cli.variant import variant
from hrc_cell.settings.cell import STOPPING, Cell, CellFile, load_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.share import find_named
from hrc_cell.settings.stopping_table import StoppingTable

if TYPE_CHECKING:
    from hrc_cell.cli.stop_drives import Drive, Driver
    from hrc_cell.core.campaign import About
    from hrc_cell.core.kinematics import Chain

EXIT_WRONG_INPUT = 2
PARTS = (0.25, 0.5, 0.75, 1.0)
QUICK_PARTS = (0.5, 1.0)
REPEATS, QUICK_REPEATS = 3, 1
NO_LOAD_KG = 0.0
READY_S = 60.0
LOADED = "loaded.urdf.xacro"
LOADED_TEXT = """<?xml version="1.0"?>
<robot name="loaded" xmlns:xacro="http://www.ros.org/wiki/xacro">
  <xacro:include filename="{arm}"/>
  <link name="payload"><inertial>
    <mass value="{mass}"/><inertia ixx="1e-4" ixy="0" ixz="0" iyy="1e-4" iyz="0" izz="1e-4"/>
  </inertial></link>
  <joint name="payload" type="fixed"><parent link="tool0"/><child link="payload"/></joint>
</robot>
"""


def add_parser(subparsers: Any) -> None:
    """Add `measure stopping`."""
    parser = subparsers.add_parser(
        "measure", help="measure the arm", epilog="example: hrc-cell measure stopping --simulate"
    )
    whats = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    stopping = whats.add_parser(
        "stopping", help="how long and how far each joint runs on; writes stopping.yaml",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  hrc-cell measure stopping --simulate --quick --out stopping.yaml\n"
        "  hrc-cell measure stopping my_cell --declare    (then start it, with task.autorun off)\n"
        "  hrc-cell measure stopping my_cell",
    )  # fmt: skip
    stopping.add_argument("cell", nargs="?", default="default", help="folder, or name in config/")
    stopping.add_argument(
        "--simulate", action="store_true", help="start this simulated cell by itself and measure it"
    )
    stopping.add_argument(
        "--declare", action="store_true",
        help="only write the declared bounds as a table, so that a real cell can be started",
    )  # fmt: skip
    stopping.add_argument("--namespace", default="", help="ROS namespace of the cell that runs")
    stopping.add_argument("--quick", action="store_true", help="fewer speeds and repetitions")
    stopping.add_argument("--repeats", type=count, help="stops of each kind (default 3; quick 1)")
    stopping.add_argument("--pose", default="home", help="pose around which the joints are driven")
    stopping.add_argument(
        "--joint", help="drive only this joint, and add it to what was measured before"
    )
    stopping.add_argument("--out", type=Path, help="write there instead of the cell's folder")
    stopping.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and write. Returns 0 when the table is written, 1 if it could not be measured."""
    try:
        cell = load_cell(cell_folder(args.cell), without_stops=True)
        _check(args, cell)
    except (CellError, FileNotFoundError, ValueError) as error:
        print(error, file=sys.stderr)
        return EXIT_WRONG_INPUT
    file = args.out or cell.folder / STOPPING
    if args.declare:
        write_table(file, _declared(cell))
        print(f"{file}: the declared bounds, not measured yet")
        return 0
    from hrc_cell.cli.supervisor import CellFailed
    from hrc_cell.cli.witness import Late

    made = Made()
    try:
        _campaign(args, cell, made)
        table = _table(args, cell, made)
    except (CellFailed, Late, ValueError) as error:
        print_seen(made.seen)
        print(f"hrc-cell measure stopping: not measured to the end: {error}", file=sys.stderr)
        return 1
    return _written(args, cell, file, made, table)


def _written(
    args: argparse.Namespace, cell: Cell, file: Path, made: Made, table: StoppingTable
) -> int:
    """Write what there is and say what is missing. Returns 0 if nothing that was asked for is."""
    if args.joint:
        print_seen(made.seen)
    for lost in made.lost:
        print(f"not measured: {lost.load_kg:g} kg, {lost.drive.said}: {lost.why}", file=sys.stderr)
    asked = [cell.file.robot.arm[joint].joint for joint in _joints(args, cell)]
    done = {joint.joint: len(joint.speeds_radps) for joint in table.joints}
    if table.joints:
        joints = [motor.joint for motor in cell.file.robot.arm]
        table, where, missing = keep(file, table, joints, add=bool(args.joint))
        print_table(table)
        told = f"{where}: written"
        if missing:
            told += f"; {', '.join(missing)} not measured yet, so this is no table for a cell"
        print(f"{told}; hrc-cell config check {args.cell} says whether a whole one fits")
    rows = len(QUICK_PARTS if args.quick else PARTS)
    for name in asked:
        if name not in done:
            print(
                f"{name} is not measured: nothing stands for its fastest row; measure it again: "
                f"{_again(args, name)}",
                file=sys.stderr,
            )
        elif done[name] < rows:
            print(
                f"{name}: {rows - done[name]} of {rows} rows left out, the next faster row stands "
                f"for each, which is longer; to have them: {_again(args, name)}",
                file=sys.stderr,
            )
    return 0 if set(asked) <= done.keys() else 1


def _again(args: argparse.Namespace, joint: str) -> str:
    """Return the command that measures just one joint."""
    words = ["hrc-cell measure stopping", str(args.cell)]
    words += [word for word, on in (("--simulate", args.simulate), ("--quick", args.quick)) if on]
    given = (("--namespace", args.namespace), ("--repeats", args.repeats), ("--out", args.out))
    words += [f"{word} {value}" for word, value in given if value]
    return " ".join([*words, f"--pose {args.pose}", f"--joint {joint}"])


def _check(args: argparse.Namespace, cell: Cell) -> None:
    """Raise ValueError where what is asked for cannot be done with this cell."""
    if args.simulate and not cell.file.simulated:
        raise ValueError("--simulate: this is a real cell; start it and measure it without")
    if args.declare and cell.file.simulated:
        raise ValueError("--declare is for real cells; a simulated one needs no table")
    if args.pose not in cell.file.robot.poses:
        known = ", ".join(cell.file.robot.poses)
        raise ValueError(f"--pose {args.pose}: no such pose under robot.poses; there are {known}")
    joints = [motor.joint for motor in cell.file.robot.arm]
    if args.joint and args.joint not in joints:
        raise ValueError(f"--joint {args.joint}: no such joint; there are {', '.join(joints)}")


# Driving.


def _loads(cell: Cell) -> list[float]:
    heaviest = cell.file.robot.payload_max_kg
    return [NO_LOAD_KG, heaviest] if heaviest > NO_LOAD_KG else [NO_LOAD_KG]


def _joints(args: argparse.Namespace, cell: Cell) -> list[int]:
    joints = [motor.joint for motor in cell.file.robot.arm]
    return [joints.index(args.joint)] if args.joint else list(range(len(joints)))


def _drives(args: argparse.Namespace, joint: int, file: CellFile) -> list[Drive]:
    """Return the drives of one joint: there and back, cruising, and once each gaining speed."""
    from hrc_cell.cli.stop_drives import Drive

    repeats = args.repeats or (QUICK_REPEATS if args.quick else REPEATS)
    fastest, name = file.motion.velocity_max_radps[joint], file.robot.arm[joint].joint
    return [
        Drive(
            joint=joint, name=name, row=row, speed_radps=part * fastest, direction=direction,
            rising=number == repeats,
        )
        for row, part in enumerate(QUICK_PARTS if args.quick else PARTS)
        for number in range(repeats + 1)
        for direction in (1, -1)
    ]  # fmt: skip


def _campaign(args: argparse.Namespace, cell: Cell, made: Made) -> None:
    """Make all stops, with every load."""
    from hrc_cell.adapters.description import load_description

    chain = load_description(cell).chain
    if not cell.file.simulated:
        _ask_room(args, cell)
    for load_kg in _loads(cell):
        with _running(args, cell, load_kg) as namespace:
            _with_load(args, cell, chain, namespace, load_kg, made)


def _with_load(
    args: argparse.Namespace, cell: Cell, chain: Chain, namespace: str, load_kg: float, made: Made
) -> None:
    import numpy as np

    from hrc_cell.cli.stop_drives import Driver
    from hrc_cell.cli.witness import Witness

    centre = np.array(cell.file.robot.poses[args.pose])
    heard = ("motion_permit", "joint_states")
    with Witness(heard, namespace=namespace, whole=True) as witness:
        witness.wait("a permit", lambda: witness.last("motion_permit"), 20.0)
        witness.wait("joint states", lambda: witness.last("joint_states"), 20.0)
        driver = Driver(witness, cell, chain, centre_rad=centre, say=_say)
        windows = {joint: driver.window(joint) for joint in _joints(args, cell)}
        for joint, window in windows.items():
            drives = _drives(args, joint, cell.file)
            one_joint(driver, cell, args.pose, window, drives, load_kg, made)


def one_joint(
    driver: Driver, cell: Cell, pose: str, window: tuple[float, float], drives: Sequence[Drive],
    load_kg: float, made: Made,
) -> None:  # fmt: skip
    """Make the drives of one joint. What cannot be driven is noted, and the campaign goes on."""
    from hrc_cell.cli.stop_drives import Missed
    from hrc_cell.cli.witness import Late

    joint = drives[0].joint
    _say(f"{load_kg:g} kg, {drives[0].name}: between {window[0]:.2f} and {window[1]:.2f} rad")
    left, seen = list(drives), []
    try:
        driver.begin()
        driver.go_to(joint, sum(window) / 2.0)
        while left:
            try:
                seen.append(driver.stop_once(left[0], window, load_kg))
            except Missed as error:
                made.lost.append(Lost(load_kg=load_kg, drive=left[0], why=str(error)))
            left.pop(0)
        driver.go_to(joint, cell.file.robot.poses[pose][joint])
    except Late as error:
        made.lost += [Lost(load_kg=load_kg, drive=drive, why=str(error)) for drive in left]
        _say(f"  {error}")
    made.seen += seen
    longest = max((stop.time_s for stop in seen), default=0.0)
    farthest = max((stop.angle_rad for stop in seen), default=0.0)
    _say(
        f"  {len(seen)} of {len(drives)} stops, the longest {longest:.3f} s, the farthest "
        f"{farthest:.3f} rad"
    )


@contextlib.contextmanager
def _running(args: argparse.Namespace, cell: Cell, load_kg: float) -> Iterator[str]:
    """Have the cell running with this load, and yield its namespace."""
    if not args.simulate:
        _ask_load(cell, load_kg)
        yield args.namespace
        return
    from hrc_cell.cli.supervisor import Supervisor

    namespace = own_namespace("measure")
    with tempfile.TemporaryDirectory(prefix="hrc_cell_measure_") as scratch:
        changes = {"panel.port": 0, "task.autorun": False, "sim.people": []}
        arm = find_named(cell.folder, "urdf", cell.file.robot.description, key="robot.description")
        folder = variant(
            cell.folder, Path(scratch) / "cell", {**changes, "robot.description": LOADED}
        )
        (folder / STOPPING).unlink(missing_ok=True)
        mass = max(load_kg, 1e-6)  # nothing at all would be a link without mass
        (folder / LOADED).write_text(LOADED_TEXT.format(arm=arm, mass=mass), encoding="utf-8")
        with Supervisor(
            cell=folder, state_dir=Path(scratch) / "state", namespace=namespace
        ) as supervisor:
            supervisor.wait_ready(READY_S)
            yield namespace


# The person.


def _say(text: str) -> None:
    print(text, flush=True)


def _ask(text: str, wanted: str) -> None:
    """Wait for a word from the person at the terminal. Raises ValueError for another one."""
    try:
        given = input(f"{text}\nType {wanted!r} to go on: ")
    except EOFError:
        given = ""
    if given.strip() != wanted:
        raise ValueError("stopped by the operator")


def _ask_room(args: argparse.Namespace, cell: Cell) -> None:
    joints = _joints(args, cell)
    drives = sum(len(_drives(args, joint, cell.file)) for joint in joints)
    _ask(
        f"This arm will move at full speed: {len(joints)} joints one after the other around the "
        f"pose {args.pose!r}, {drives} stops with each of the loads "
        f"{', '.join(f'{load:g} kg' for load in _loads(cell))}; after each stop it waits for "
        "start.\nNobody may be within reach of the arm, nothing may stand in its way, and the "
        "emergency stop (emergency_stop_input) must be at hand.",
        "clear",
    )


def _ask_load(cell: Cell, load_kg: float) -> None:
    if cell.file.simulated:
        return
    _ask(
        "Take every load out of the gripper." if load_kg == NO_LOAD_KG
        else f"Put a load of {load_kg:g} kg into the gripper.",
        "done",
    )  # fmt: skip


# The table.


def _about(cell: Cell) -> About:
    from hrc_cell.core.campaign import About

    motors = ", ".join(f"{motor.joint} (id {motor.motor_id})" for motor in cell.file.robot.arm)
    try:
        version = importlib.metadata.version("hrc_cell")
    except importlib.metadata.PackageNotFoundError:
        version = "from source"
    return About(
        arm=f"{cell.file.name}, {cell.file.robot.description}: {motors}",
        date=datetime.datetime.now(tz=datetime.timezone.utc).date().isoformat(),
        software=f"hrc_cell {version}",
        simulated=cell.file.simulated,
    )


def _declared(cell: Cell) -> StoppingTable:
    from hrc_cell.core.campaign import declared_table

    return declared_table(
        [motor.joint for motor in cell.file.robot.arm], about=_about(cell),
        payload_max_kg=cell.file.robot.payload_max_kg, motion=cell.file.motion,
        safety=cell.file.safety,
    )  # fmt: skip


def _table(args: argparse.Namespace, cell: Cell, made: Made) -> StoppingTable:
    """Return the rows of every joint that was driven and measured."""
    from hrc_cell.core.campaign import make_table, row_speeds, rows_that_stand

    file, loads = cell.file, _loads(cell)
    parts = QUICK_PARTS if args.quick else PARTS
    speeds = {
        file.robot.arm[joint].joint: row_speeds(file.motion.velocity_max_radps[joint], parts)
        for joint in _joints(args, cell)
    }
    stand = rows_that_stand(
        made.seen, speeds_radps=speeds, loads_kg=loads, missed=missed_rows(made, speeds)
    )
    return make_table(
        made.seen, about=_about(cell), speeds_radps=stand, loads_kg=loads, motion=file.motion,
        safety=file.safety,
    )  # fmt: skip
