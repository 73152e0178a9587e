"""Where things are: the cell and the state folder that a command means, a browser."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from hrc_cell.adapters.record.journal import put_aside
from hrc_cell.settings.cell import JOURNAL, Cell
from hrc_cell.settings.share import share_folder

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


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


def begin_anew(cell: Cell, state_dir: Path) -> None:
    """Put aside what a simulated cell kept of a world that is gone: journal and learned background.

    A real cell goes on from its own: its parts and walls are where they were. Raises OSError where
    another cell works with the journal.
    """
    if not cell.file.simulated:
        return
    put_aside(cell.keep_folder(state_dir) / JOURNAL)
    background = cell.file.tracker.background_file
    if background and not Path(background).is_absolute():
        (state_dir / background).unlink(missing_ok=True)


def browser_program() -> str | None:
    """Return the path of a Chromium or Chrome, None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def program() -> str:
    """Return the words that call this program, for hints to the person who called it."""
    return os.environ.get("HRC_CELL_PROGRAM", "hrc-cell")
