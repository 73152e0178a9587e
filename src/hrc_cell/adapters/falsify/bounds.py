"""What the cell declares of its arm, its sensors and its people, and nobody here exceeds.

A monitor answers for its judgement only within these: T_r, the lease, T_s and S_s of the arm; C,
Z_d, v_h of people. Weakened monitors get other numbers, people and arm always these.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.settings.cell import Cell
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The declared numbers."""

    safety: SafetySettings
    motion: MotionSettings
    scanners_s: float  # the shortest timeout of a scanner

    @classmethod
    def of(cls, cell: Cell) -> Bounds:
        """Return the bounds of a cell."""
        return cls(
            safety=cell.file.safety,
            motion=cell.file.motion,
            scanners_s=min((s.timeout_s for s in cell.file.scanners), default=0.5),
        )

    def noise_m(self, position_std_m: Array) -> Array:
        """Return Z_d: how far people may be from where they are reported."""
        return self.safety.human_uncertainty_m + self.safety.human_sigmas * position_std_m
