"""Watches that an arm that must stand does stand.

Once a stop is over, or from the first sample at rest without leave to move, every joint must stay
within MOVED_RAD of where it then was: an arm that drifts, falls or is driven is a fault. Someone
who pushes it that far by hand makes the same. After the fault the place is taken anew.

Radians, radians per second; arrays (n,) over the joints of the arm. A sample that is not known
shows nothing; that it is missing is a fault of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hrc_cell.core.stopwatch import STILL_RADPS

Array = npt.NDArray[np.float64]
MOVED_RAD = 0.05
"""About what robots with a monitored standstill of their own allow: 3 degrees."""


def stay(
    rest_rad: Array | None, *, must_stand: bool, position_rad: Array, velocity_radps: Array
) -> tuple[Array | None, int | None]:
    """Return where the joints rest, None while that is open, and the joint that left its place."""
    if not must_stand:
        return None, None
    if not np.isfinite(np.concatenate((position_rad, velocity_radps))).all():
        return rest_rad, None
    if rest_rad is None:
        at_rest = bool((np.abs(velocity_radps) <= STILL_RADPS).all())
        return (position_rad if at_rest else None), None
    away = np.abs(position_rad - rest_rad)
    if away.max() > MOVED_RAD:
        return position_rad, int(away.argmax())
    return rest_rad, None
