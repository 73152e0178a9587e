"""What a person's commands can speak to motors, by the name that they call it.

`bus.protocol` of a cell names a family of motors; commands that have no cell find out which by the
models that answer, so to them all of Feetech's are one protocol.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from hrc_cell.adapters.serial import feetech_registers, models
from hrc_cell.adapters.serial.dynamixel_workbench import DynamixelWorkbench
from hrc_cell.adapters.serial.feetech_scan import FEETECH_BAUDS, FeetechFound, scan_feetech
from hrc_cell.adapters.serial.feetech_workbench import FeetechWorkbench
from hrc_cell.adapters.serial.plan import DYNAMIXEL
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.scan import BAUDS, Found, scan
from hrc_cell.adapters.serial.workbench import Workbench

FEETECH = "feetech"
AnyFound = Found | FeetechFound


class Spoken(NamedTuple):
    """One protocol."""

    scan: Callable[[str, int], tuple[Sequence[AnyFound], int]]
    """Who answers on a port at a rate, and how many replies were broken. Raises PortLost."""
    bauds: tuple[int, ...]  # where motors are looked for
    models: Collection[str]  # whose registers are known
    workbench: Callable[[Port], Workbench]


SPOKEN = {
    DYNAMIXEL: Spoken(scan, BAUDS, models.BY_NAME, DynamixelWorkbench),
    FEETECH: Spoken(
        scan_feetech, FEETECH_BAUDS, feetech_registers.BY_NAME, FeetechWorkbench
    ),
}  # fmt: skip


def spoken_by(bus_protocol: str) -> str:
    """Return how commands call what `bus.protocol` names.

    >>> spoken_by("feetech_sts"), spoken_by("dynamixel")
    ('feetech', 'dynamixel')
    """
    return FEETECH if bus_protocol in feetech_registers.TABLES else DYNAMIXEL


@contextlib.contextmanager
def workbench(path: str, baud: int, protocol: str) -> Iterator[Workbench]:
    """Open a port for one person's work. Raises PortLost."""
    port = Port(path, baud)
    try:
        yield SPOKEN[protocol].workbench(port)
    finally:
        port.close()


def seek(path: str, baud: int, protocol: str | None) -> tuple[str, list[AnyFound]]:
    """Return what the motors at this rate speak, and who they are; nobody: an empty list.

    None: DYNAMIXEL motors are asked first, Feetech's if none is there. That is safe: both are
    pinged only, and to a motor of the other kind the frame of a ping is nothing at all. Raises
    PortLost.
    """
    asked = [protocol] if protocol else list(SPOKEN)
    for name in asked:
        found, _ = SPOKEN[name].scan(path, baud)
        if found:
            return name, list(found)
    return asked[0], []
