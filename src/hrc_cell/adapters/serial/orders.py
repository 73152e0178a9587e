"""The newest command of the node, with the ages that its parts have at an instant."""

from __future__ import annotations

import numpy as np

from hrc_cell.adapters.serial.shared import CATEGORY_NONE, Command, PermitRecord, Shared
from hrc_cell.core.corridor import Corridor
from hrc_cell.core.gate import GoalView
from hrc_cell.core.permit import PermitView


class Orders:
    """What the node asks for."""

    def __init__(self, shared: Shared) -> None:
        self.command = Command()
        self._shared = shared
        self._corridor_seq = 0
        self._corridor_known: Corridor | None = None

    def read(self) -> Command:
        """Take the newest command; the one before where there is none to read just now."""
        self.command = self._shared.read_command() or self.command
        return self.command

    @property
    def stop_category(self) -> int:
        """Return the category of the stop that the newest permit asks for."""
        permit = self.command.permit
        return CATEGORY_NONE if permit is None else permit.stop_category

    def permit(self, now_s: float) -> PermitView | None:
        """Return the permit with the age it has now."""
        permit = self.command.permit
        if permit is None:
            return None
        return PermitView(
            seq=permit.seq,
            age_s=now_s - permit.stamp_s,
            lease_s=permit.lease_s,
            speed_ratio=permit.speed_ratio,
            oldest_sample_age_s=permit.oldest_sample_age_s,
            reaction_time_s=permit.reaction_time_s,
            gripper_permitted=permit.gripper_permitted,
            state=permit.state,
            same_config=permit.same_config,
            corridor=self._corridor(permit),
        )

    def _corridor(self, permit: PermitRecord) -> Corridor | None:
        """Return what was judged of the path; made anew only when the permit is another one."""
        if not permit.corridor_rad:
            return None
        if permit.seq != self._corridor_seq or self._corridor_known is None:
            joints = len(permit.corridor_speed_radps)
            self._corridor_seq = permit.seq
            self._corridor_known = Corridor(
                rows_rad=np.reshape(permit.corridor_rad, (-1, joints)),
                speed_radps=np.array(permit.corridor_speed_radps),
            )
        return self._corridor_known

    def goal(self, now_s: float) -> GoalView | None:
        """Return the goals with the age they have now."""
        goal = self.command.goal
        if goal is None:
            return None
        return GoalView(
            seq=goal.seq,
            age_s=now_s - goal.stamp_s,
            lifetime_s=goal.lifetime_s,
            positions_rad=np.array(goal.positions_rad),
            velocities_radps=np.array(goal.velocities_radps),
        )
