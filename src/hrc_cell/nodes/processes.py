"""The one list of processes that make a cell. `hrc-cell up` and the launch files start from it."""

from __future__ import annotations

from dataclasses import dataclass

from hrc_cell.settings.cell import Cell


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProcess:
    """One node in a process of its own."""

    name: str  # of the node, and of its module in hrc_cell.nodes
    simulated_only: bool = False
    ends: int = 0  # at shutdown lower numbers are told first; who holds the motors comes last
    ends_within_s: float = 0.8  # after being told; who does not is killed once all were told
    respawn_delay_s: float = 0.5

    @property
    def module(self) -> str:
        """Return the module to run with `python -m`."""
        return f"hrc_cell.nodes.{self.name}"


PROCESSES: tuple[CellProcess, ...] = (
    CellProcess(name="sim_cell", simulated_only=True, ends=2),
    CellProcess(name="motor_bus", ends=1, ends_within_s=3.2),  # brings the arm to rest first
    CellProcess(name="human_tracker"),
    CellProcess(name="safety_monitor"),
    CellProcess(name="motion_executor"),
    CellProcess(name="task_manager"),
    CellProcess(name="operator_panel"),
    CellProcess(name="recorder"),
)
"""In the order in which they are started."""


def processes_of(cell: Cell) -> tuple[CellProcess, ...]:
    """Return the processes that this cell needs."""
    return tuple(p for p in PROCESSES if cell.file.simulated or not p.simulated_only)


def ros_arguments(
    *, cell_folder: str, state_dir: str, namespace: str = "", extra: dict[str, str] | None = None
) -> list[str]:
    """Return the command-line arguments that every node of the cell is started with."""
    parameters = {"cell": cell_folder, "state_dir": state_dir, **(extra or {})}
    arguments = ["--ros-args"]
    if namespace:
        arguments += ["-r", f"__ns:=/{namespace.strip('/')}"]
    for name, value in parameters.items():
        arguments += ["-p", f"{name}:={value}"]
    return arguments
