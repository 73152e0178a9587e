"""What `hrc-cell motors doctor` finds alike of motors of every protocol."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Protocol

import numpy as np

from hrc_cell.cli.finding import Finding

WARM_SHARE = 0.85
"""Of the temperature limit, where a motor takes its torque away."""


class Read(Protocol):
    """Motors that are read in cycles."""

    silent_cycles: list[int]

    def read_all(self) -> None:
        """Read all of them once."""


def unnamed(motor_id: int, model: str) -> Finding:
    """Return the note of a motor that is on the bus and not of the cell."""
    return Finding(
        name=f"motor {motor_id}", state="note", found=f"{model}, which the cell does not name"
    )


def warm(name: str, degrees_c: float | None, limit_c: float) -> Iterator[Finding]:
    """Yield how warm a motor is where that is a lot, or not told."""
    if degrees_c is None or degrees_c > WARM_SHARE * limit_c:
        told = "not told" if degrees_c is None else f"{degrees_c:.0f} degrees Celsius"
        yield Finding(
            name=name, state="note", found=f"temperature {told}; it gives up at {limit_c:.0f}",
            advice="let it cool; is the joint loaded or stiff?",
        )  # fmt: skip


def cycles(drive: Read, count: int) -> tuple[float, int]:
    """Return the median rate [Hz] of so many readings of all, and in how many one was silent."""
    took_s, silent = [], 0
    for _ in range(count):
        began_s = time.perf_counter()
        drive.read_all()
        took_s.append(time.perf_counter() - began_s)
        silent += any(drive.silent_cycles)
    return 1.0 / float(np.median(took_s)), silent


def pace(*, found: str, good: bool) -> Finding:
    """Return what is found of the rate at which motors can be read."""
    if good:
        return Finding(name="cycle", state="ok", found=found)
    return Finding(
        name="cycle", state="wrong", found=found,
        advice="mend what stands above; is this machine busy? A return delay is set to 0 when "
        "the cell starts; else lower bus.rate_hz or raise the baud rate",
    )  # fmt: skip
