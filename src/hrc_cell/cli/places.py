"""Which cell folder and which state folder a command means."""

from __future__ import annotations

import os
from pathlib import Path

from hrc_cell.settings.share import share_folder


def cell_folder(named: str) -> Path:
    """Return the folder of a cell: a path, or the name of one under config/.

    Raises FileNotFoundError that lists the cells there are.
    """
    as_path = Path(named)
    if (as_path / "cell.yaml").is_file():
        return as_path.resolve()
    shipped = share_folder() / "config"
    if (shipped / named / "cell.yaml").is_file():
        return (shipped / named).resolve()
    known = sorted(p.parent.name for p in shipped.glob("*/cell.yaml"))
    raise FileNotFoundError(
        f"no cell {named!r}: neither a folder with cell.yaml nor one of {', '.join(known)}"
    )


def own_namespace(what: str) -> str:
    """Return a ROS namespace that no other cell on this machine has: a demo may run beside one."""
    return f"{what}_{os.getpid()}"


def state_folder(cell_name: str) -> Path:
    """Return where a cell keeps its journal and records unless told otherwise."""
    home = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(home) / "hrc_cell" / cell_name
