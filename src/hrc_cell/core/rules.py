"""What the judgement goes by: a cell's settings and its arm, and every cause that it can name."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from hrc_cell.core.bodies import sources_of
from hrc_cell.core.interlock import SAFE
from hrc_cell.core.kinematics import Chain
from hrc_cell.core.observed import Eye
from hrc_cell.core.stopping import StopModel
from hrc_cell.settings.cell import SCANNERS, Cell
from hrc_cell.settings.contact import ContactSettings
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.zones import ZoneSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rules:
    """Of one cell, or of all cells of a batch. A cause is a number: its place in `causes`."""

    safety: SafetySettings
    motion: MotionSettings
    zones: ZoneSettings
    scanners: tuple[tuple[str, float], ...]  # name, timeout [s]
    nodes: tuple[str, ...]  # whose silence stops the arm
    chain: Chain
    stops: StopModel
    contact: ContactSettings | None = None
    sources: tuple[str, ...] = (SCANNERS,)  # of people; People.source counts in it
    causes: tuple[str, ...] = field(init=False)
    zone_causes: npt.NDArray[np.int64] = field(init=False)  # of each zone, and last of none
    _codes: dict[str, int] = field(init=False)

    def __post_init__(self) -> None:
        causes = (
            "", "clock", "tracker_silent", "joints_stale", "joints_unknown", "inputs_silent",
            "sample_too_old", "emergency_stop_input", "mode", "mode_changed", "guards_open",
            "person_behind_guards", "overspeed", "enabling_switch", "manual_speed", "stop_request",
            "not_reset", "not_started", "separation", "contact", "resume_wait", "resuming",
            *(f"scanner_{eye}:{name}" for name, _ in self.scanners for eye in
              ("missing", *(eye.name.lower() for eye in Eye if eye is not Eye.OK))),
            *(f"node_silent:{name}" for name in self.nodes),
            *(f"zone:{zone.name}" for zone in self.zones.zones),
            *(f"inputs_discrepancy:{name}" for name in SAFE),
            *(f"stop_too_long:{name}" for name in self.chain.joints),
            *(f"moved_at_standstill:{name}" for name in self.chain.joints),
        )  # fmt: skip
        object.__setattr__(self, "causes", causes)
        object.__setattr__(self, "_codes", {cause: code for code, cause in enumerate(causes)})
        of_zones = [self.code(f"zone:{zone.name}") for zone in self.zones.zones]
        object.__setattr__(self, "zone_causes", np.array([*of_zones, 0]))

    def code(self, cause: str) -> int:
        """Return the number of a cause. Raises KeyError for one that does not exist."""
        return self._codes[cause]

    @classmethod
    def of(cls, cell: Cell, chain: Chain, nodes: tuple[str, ...]) -> Rules:
        """Return the rules of a cell."""
        file = cell.file
        return cls(
            safety=file.safety,
            motion=file.motion,
            zones=cell.zones,
            scanners=tuple((s.name, s.timeout_s) for s in file.scanners),
            nodes=nodes,
            chain=chain,
            stops=StopModel.of(
                joints=chain.joints, motion=file.motion, safety=file.safety, table=cell.stopping
            ),
            contact=file.contact,
            sources=sources_of(tuple(source.name for source in file.bodies)),
        )
