"""Emulated motors that differ from each other: the file of `hrc-cell motors emulate --motors`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from hrc_cell.settings.schema import CellError, Problem, setting
from hrc_cell.settings.yaml_file import load_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class BusMotor:
    """One emulated motor."""

    id: int = setting("ID on the bus", low=0, high=252)
    model: str = setting("its model, such as XM430-W350", default="XM430-W350")
    position_rad: float = setting(
        "where its shaft stands at the start; 0 at register value 2048",
        unit="rad", low=-math.pi, high=math.pi, default=0.0,
    )  # fmt: skip
    load_a: float = setting(
        "current that its load takes, whatever it does", unit="A", low=-5.0, high=5.0, default=0.0
    )
    inertia_ratio: float = setting(
        "its inertia with load, as a multiple of its own", unit="1", low=1.0, high=1000.0,
        default=1.0,
    )  # fmt: skip
    registers: dict[str, int] | None = setting(
        "registers of the EEPROM by their names in the manual, in steps, before it starts",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BusMotors:
    """A file of motors."""

    motors: tuple[BusMotor, ...] = setting("the motors, each ID once")

    def __post_init__(self) -> None:
        ids = [motor.id for motor in self.motors]
        if not ids or len(set(ids)) < len(ids):
            raise ValueError("motors: name at least one, and each ID once")


def load_bus_motors(path: Path) -> BusMotors:
    """Return the motors of a file. Raises CellError with everything that is wrong in it."""
    problems: list[Problem] = []
    read = load_yaml(BusMotors, path, problems)
    if read is None:
        raise CellError(problems)
    return read
