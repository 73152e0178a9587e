"""A cell that can be started: its own files, and those that they name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from hrc_cell.cli.places import cell_folder
from hrc_cell.settings.cell import SIM_PORT, Cell, load_cell
from hrc_cell.settings.schema import CellError, Problem
from hrc_cell.settings.share import find_named

if TYPE_CHECKING:
    from hrc_cell.adapters.serial.plan import BusPlan


def checked_cell(named: str, *, without_stops: bool = False) -> Cell:
    """Return the cell of this folder or name; `without_stops` as if no stop were measured yet.

    Raises CellError with everything wrong in its files, in the robot's description and with the
    room of the simulation, FileNotFoundError if there is no such cell.
    """
    cell = load_cell(cell_folder(named), without_stops=without_stops)
    problems = list(_outside(cell))
    if problems:
        raise CellError(problems)
    return cell


def cell_and_plan(named: str, port: str | None) -> tuple[Cell, BusPlan]:
    """Return a cell, maybe without measured stops yet, and the plan of its motors.

    `port` stands in for bus.port. Raises what `checked_cell` does, and ValueError for a simulated
    cell without a port, or one whose rate or limits cannot be kept.
    """
    from hrc_cell.adapters.motor_plan import motor_plan

    cell = checked_cell(named, without_stops=True)
    port = port or cell.file.bus.port
    if port == SIM_PORT:
        raise ValueError(f"{named} is simulated: name a port with --port")
    return cell, motor_plan(cell, port)


def _outside(cell: Cell) -> Iterator[Problem]:
    """Yield what is wrong with the files that cell.yaml names."""
    from hrc_cell.adapters.description import load_description

    def problem(key: str, value: str, look: Callable[[], object]) -> Iterator[Problem]:
        try:
            look()
        except (ValueError, OSError) as error:
            yield Problem(
                file=str(cell.folder / "cell.yaml"), key=key, value=value,
                unit="", bound="", what=str(error),
            )  # fmt: skip

    robot, sim = cell.file.robot, cell.file.sim
    yield from problem("robot", robot.description, lambda: load_description(cell))
    if cell.file.simulated and sim is not None:
        room = sim.room
        yield from problem(
            "sim.room", room, lambda: find_named(cell.folder, "sim", room, key="sim.room")
        )
