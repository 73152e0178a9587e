"""What is to go wrong on an emulated bus, and when: the file of `hrc-cell motors emulate --faults`.

Seconds count from the start of the emulator. Chances are drawn from the seed, so one file gives the
same faults for the same requests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hrc_cell.settings.schema import CellError, Problem, setting
from hrc_cell.settings.yaml_file import load_yaml

ON_REPLIES = (
    "flip", "drop_byte", "double_byte", "truncate", "noise", "wrong_id", "collision", "late",
    "dead",
)  # fmt: skip
ON_MOTORS = ("reboot", "overload", "overheat", "undervoltage", "watchdog")
ON_BUS = ("echo", "power_cut", "unplug", "stall")
FIELDS = ("header", "id", "length", "error", "data", "crc")


@dataclass(frozen=True, slots=True, kw_only=True)
class BusFault:
    """One fault."""

    fault: str = setting("what goes wrong", choices=(*ON_REPLIES, *ON_MOTORS, *ON_BUS))
    at_s: float = setting("when it begins", unit="s", low=0.0, high=1e6)
    for_s: float = setting(
        "how long it lasts; those of ON_MOTORS happen once",
        unit="s",
        low=0.0,
        high=1e6,
        default=0.0,
    )
    id: int | None = setting(
        "the motor that it happens to; none: every one", low=0, high=252, default=None
    )
    chance: float = setting(
        "how likely it hits each reply meanwhile", unit="1", low=0.0, high=1.0, default=1.0
    )
    field: str = setting("where a bit is flipped", choices=FIELDS, default="data")
    delay_s: float = setting(
        "how much later a late reply comes", unit="s", low=0.0, high=10.0, default=0.0
    )

    def __post_init__(self) -> None:
        if self.fault in ON_BUS and self.id is not None:
            raise ValueError(f"{self.fault} happens to the whole bus; leave out id")
        if self.fault in ON_MOTORS and self.for_s > 0.0:
            raise ValueError(f"{self.fault} happens once; leave out for_s")
        if self.fault not in ON_MOTORS and self.for_s == 0.0:
            raise ValueError(f"{self.fault} needs for_s above 0 s")
        if (self.fault == "late") != (self.delay_s > 0.0):
            raise ValueError("delay_s above 0 s goes with late, and with nothing else")

    def lasts(self, after_s: float) -> bool:
        """Return whether it is there so long after the start."""
        return self.at_s <= after_s < self.at_s + self.for_s


@dataclass(frozen=True, slots=True, kw_only=True)
class BusFaults:
    """A file of faults."""

    seed: int = setting("of the chances", low=0, high=2**31, default=1)
    faults: tuple[BusFault, ...] = setting("the faults, in any order")


def load_bus_faults(path: Path) -> BusFaults:
    """Return the faults of a file. Raises CellError with everything that is wrong in it."""
    problems: list[Problem] = []
    read = load_yaml(BusFaults, path, problems)
    if read is None:
        raise CellError(problems)
    return read
