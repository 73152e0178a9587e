"""What a cell knows at one instant, or many cells. The defaults are: nothing, never heard.

Arrays carry leading axes (...), one for each cell of a batch. The operator box, the task's step and
the signals of muting are the same for all of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core.ahead import Ahead
from hrc_cell.core.interlock import Interlock, Reading
from hrc_cell.core.muting import Signal
from hrc_cell.core.people import People, upright
from hrc_cell.core.view import ScannerState
from hrc_cell.settings.safety import SafetySettings

Like = npt.ArrayLike
NEVER = math.inf
"""The age of what was never heard."""


Eye = ScannerState
"""What the tracker says of a scanner's sight."""


class Sight(NamedTuple):
    """What the tracker says of one scanner."""

    eye: Like  # (...) an Eye
    age_s: Like  # (...) of its newest scan


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observation:
    """At `now_s`, in seconds of the monotonic clock; ages are in seconds at that time."""

    now_s: Like  # (...)
    people: People | None = None  # None: nobody
    people_age_s: Like = NEVER  # of the newest scan behind `people`
    people_seq: Like = 0  # another number for each new list of people
    scanners: Mapping[str, Sight] = field(default_factory=dict)
    position_rad: Like = ()  # (..., n) joints of the arm, base first
    velocity_radps: Like = ()
    joints_age_s: Like = NEVER
    ahead: Ahead | None = None  # the path announced
    load_kg: Like = math.nan  # NaN: unknown, the heaviest counts
    step: str = ""  # of the task, "" unknown
    tool: str = ""
    contact_region: str = ""  # that the step may touch, "" none
    nodes: Mapping[str, Like] = field(default_factory=dict)  # age of the last heartbeat [s]
    readings: tuple[Reading, ...] = ()  # of the operator box, since the last tick
    inputs_age_s: float = NEVER  # of the newest reading ever
    box: Interlock | None = None  # known already, in place of the two above
    signals: Mapping[str, Signal] = field(default_factory=dict)
    stop_requested: Like = False  # since the last tick
    stop_fault: str = ""  # cause: a stop took longer than the stop model says


def nobody(safety: SafetySettings, shape: tuple[int, ...] = ()) -> People:
    """Return the people of cells in which nobody is."""
    return upright(
        np.zeros((*shape, 0, 2)), speed_mps=(), position_std_m=(), radius_m=(), unseen_s=(),
        safety=safety,
    )  # fmt: skip
