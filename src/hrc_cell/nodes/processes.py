"""The one list of processes that make a cell, and when one that died is started again.

`hrc-cell up` and the launch files both go by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from hrc_cell.settings.cell import Cell

EXIT_NOT_CONFIGURED = 3
"""Exit code of a node that refused to be configured and has said why."""
DEATHS_MAX = 5
REFUSALS_MAX = 2  # of a node to be configured: what it needs may still be coming up
DEATHS_WINDOW_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CellProcess:
    """One node in a process of its own."""

    name: str  # of the node, and of its module in hrc_cell.nodes
    simulated_only: bool = False
    ends: int = 0  # at shutdown lower numbers are told first; who holds the motors comes last
    ends_within_s: float = 0.8  # after being told; who does not is killed once all were told
    respawn_delay_s: float = 0.5
    needed: bool = True  # without it the cell ends; what only shows may stay away

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
MARKERS = CellProcess(name="markers", needed=False)
"""Only where it is asked for; the monitor does not watch it."""


class Deaths:
    """Those of one process, lately. Who dies again and again is not started again."""

    def __init__(self) -> None:
        self._times_s: list[float] = []

    def no_use(self, code: int, now_s: float) -> bool:
        """Note a death with this exit code; return whether starting it again would be no use."""
        self._times_s = [t for t in self._times_s if now_s - t < DEATHS_WINDOW_S] + [now_s]
        often = REFUSALS_MAX if code == EXIT_NOT_CONFIGURED else DEATHS_MAX
        return len(self._times_s) > often


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
