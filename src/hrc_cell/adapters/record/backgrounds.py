"""A learned background on disk, so that a cell need not be empty at each start.

One .npz file holds the background of each scanner under its name, with the beams it was learned
with. The file is written whole or not at all.
"""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hrc_cell.core.background import Background
from hrc_cell.core.scan import Beams
from hrc_cell.core.view import View, known_view


def save_backgrounds(path: Path, views: Mapping[str, View]) -> None:
    """Write the backgrounds of views that have learned. Raises OSError."""
    arrays: dict[str, Any] = {}
    for name, view in views.items():
        if view.watch is None or view.beams is None:
            raise ValueError(f"the background of scanner {name} is not learned yet")
        arrays[f"{name}.known"] = view.watch.background.known
        arrays[f"{name}.numbers"] = np.array(
            [
                view.watch.background.margin_m,
                view.beams.angle_min_rad,
                view.beams.angle_increment_rad,
            ]
        )
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load_backgrounds(path: Path) -> dict[str, View]:
    """Return a view that knows its background for each scanner in the file.

    Raises ValueError with what to do if the file is not what save_backgrounds writes.
    """
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            names = [key.removesuffix(".known") for key in file.files if key.endswith(".known")]
            return {name: _view(file[f"{name}.known"], file[f"{name}.numbers"]) for name in names}
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path}: not a learned background ({error}); delete it and let it be learned again "
            "in the empty cell"
        ) from error


def _view(known: npt.NDArray[Any], numbers: npt.NDArray[Any]) -> View:
    if known.dtype != np.bool_ or known.ndim != 2 or not np.isfinite(numbers).all():
        raise ValueError("wrong kind of table")
    margin_m, angle_min_rad, angle_increment_rad = map(float, numbers)
    return known_view(
        Background(known=known, margin_m=margin_m),
        Beams(
            count=len(known),
            angle_min_rad=angle_min_rad,
            angle_increment_rad=angle_increment_rad,
        ),
    )
