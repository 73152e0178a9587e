"""The motors of the simulated arm: position servos with a profile, a torque limit and friction.

Each motor follows its goal the way an X-series servo in position mode does: a reference glides
towards the goal within the profile's velocity and acceleration, a proportional, derivative and
integral law with the arm's own weight fed forward follows the reference, and the torque is
limited. Without torque the joint is held by the friction of its gears alone.

All arrays run over the joints in the scene's order; radians, N m, seconds. Time advances only by
`update`, once for each physics step.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import mujoco
import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.sim.scene import FRICTION_RATIO, LIMP_FRICTION_RATIO, Scene

Array = npt.NDArray[np.float64]

ACCELERATION_MAX_RADPS2 = 60.0
"""Of a reference without profile limit: what the motors can do with little load."""
SATURATION_RAD = 0.03
"""Error at which the proportional part alone gives full effort."""
BANDWIDTH_RADPS = 80.0
"""And no servo is stiffer than this natural frequency with its own inertia."""
FOLLOW_PER_S = 60.0
"""How fast the reference closes in on the goal."""
INTEGRAL_PER_S = 4.0
INTEGRAL_MAX_RATIO = 0.15
_TORQUE_PER_AMPERE = ((15.0, 4.82), (8.0, 2.41), (0.0, 1.78))
"""From this effort on, N m for each ampere reported: two XM540-W270 side by side of which one
reports, one XM540-W270 (10.6 N m at 4.4 A), XM430-W350 (4.1 at 2.3 A); source: the manufacturer's
data sheets."""


class Motors:
    """The servos of one arm in a scene."""

    def __init__(self, scene: Scene, data: mujoco.MjData) -> None:
        model = scene.model
        self._scene, self._data = scene, data
        count = len(scene.joint_names)
        mass = np.zeros((model.nv, model.nv))
        mujoco.mj_forward(model, data)
        mujoco.mj_fullM(model, data, mass)
        inertia = np.diag(mass)[scene.dof]
        self._stiffness = np.minimum(scene.effort_nm / SATURATION_RAD, inertia * BANDWIDTH_RADPS**2)
        self._damping = 2.0 * np.sqrt(self._stiffness * inertia)
        self._lower, self._upper = model.jnt_range[model.dof_jntid[scene.dof]].T
        self._integral_nm = np.zeros(count)
        self._reference_rad = data.qpos[scene.qpos].copy()
        self._reference_radps = np.zeros(count)
        self.goal_rad = self._reference_rad.copy()
        self.torque_nm = np.zeros(count)
        self.torque_per_ampere = np.array(
            [next(k for effort, k in _TORQUE_PER_AMPERE if e >= effort) for e in scene.effort_nm]
        )
        self._velocity_max = scene.velocity_max_radps.copy()
        self._acceleration_max = np.full(count, ACCELERATION_MAX_RADPS2)
        self._torque_max = scene.effort_nm.copy()
        self._powered = np.ones(count, dtype=bool)
        for index in range(count):
            self.power(index, on=False)

    def position_rad(self, index: int) -> float:
        """Return the measured position of a joint [rad]."""
        return float(self._data.qpos[self._scene.qpos[index]])

    def velocity_radps(self, index: int) -> float:
        """Return the measured velocity of a joint [rad/s]."""
        return float(self._data.qvel[self._scene.dof[index]])

    def current_a(self, index: int) -> float:
        """Return the motor's current [A], from its torque."""
        return float(self.torque_nm[index] / self.torque_per_ampere[index])

    def powered(self, index: int) -> bool:
        """Return whether a joint's torque is on."""
        return bool(self._powered[index])

    def power(self, index: int, *, on: bool) -> None:
        """Switch a joint's torque. It begins from where the joint is, without a jump."""
        if on == self._powered[index]:
            return
        self._powered[index] = on
        self._integral_nm[index] = 0.0
        self._reference_rad[index] = self.goal_rad[index] = self.position_rad(index)
        self._reference_radps[index] = 0.0
        ratio = FRICTION_RATIO if on else LIMP_FRICTION_RATIO
        friction = self._scene.model.dof_frictionloss
        friction[self._scene.dof[index]] = ratio * self._scene.effort_nm[index]

    def set_goal(self, index: int, position_rad: float) -> None:
        """Give a joint a goal [rad]; what is not finite is ignored, as a motor would have no code
        for it."""
        if math.isfinite(position_rad):
            self.goal_rad[index] = position_rad

    def limit(
        self,
        index: int,
        *,
        velocity_radps: float = math.inf,
        acceleration_radps2: float = math.inf,
        torque_nm: float = math.inf,
    ) -> None:
        """Limit a joint's profile and torque; never above what motor and gear can do."""
        self._velocity_max[index] = min(velocity_radps, self._scene.velocity_max_radps[index])
        self._acceleration_max[index] = min(acceleration_radps2, ACCELERATION_MAX_RADPS2)
        self._torque_max[index] = min(torque_nm, self._scene.effort_nm[index])

    def set_pose(self, positions_rad: Sequence[float]) -> None:
        """Put the joints there at rest, before a run."""
        scene, data = self._scene, self._data
        data.qpos[scene.qpos] = positions_rad
        for follower in scene.followers:
            data.qpos[scene.model.jnt_qposadr[follower]] = positions_rad[-1]
        data.qvel[:] = 0.0
        self._reference_rad[:] = self.goal_rad[:] = positions_rad
        self._reference_radps[:] = self._integral_nm[:] = 0.0
        mujoco.mj_forward(scene.model, data)

    def update(self, step_s: float) -> None:
        """Set the torques for the next physics step."""
        scene, data = self._scene, self._data
        position, velocity = data.qpos[scene.qpos], data.qvel[scene.dof]
        self._glide(step_s)
        stiff = self._stiffness * (self._reference_rad - position)
        wanted = (
            data.qfrc_bias[scene.dof]  # the arm's own weight
            + stiff
            + self._damping * (self._reference_radps - velocity)
            + self._integral_nm
        )
        torque = _bounded(wanted, self._torque_max)
        # The integral grows only while the motor can still give what is asked.
        grow = (wanted == torque) & self._powered
        integral = self._integral_nm + (INTEGRAL_PER_S * step_s) * stiff
        bounded = _bounded(integral, INTEGRAL_MAX_RATIO * self._torque_max)
        self._integral_nm = np.where(grow, bounded, self._integral_nm)
        self.torque_nm = torque * self._powered
        data.qfrc_applied[scene.dof] = self.torque_nm

    def _glide(self, step_s: float) -> None:
        """Move the reference towards the goal within the profile's limits."""
        goal = np.minimum(np.maximum(self.goal_rad, self._lower), self._upper)
        away = goal - self._reference_rad
        distance = np.abs(away)
        fastest = np.minimum(self._velocity_max, np.sqrt(2.0 * self._acceleration_max * distance))
        wanted = _bounded(FOLLOW_PER_S * away, fastest)
        change = (4.0 * FOLLOW_PER_S * step_s) * (wanted - self._reference_radps)
        self._reference_radps += _bounded(change, self._acceleration_max * step_s)
        self._reference_rad += self._reference_radps * step_s


def _bounded(values: Array, most: Array) -> Array:
    """Return values within +-most; several times quicker than np.clip on a handful of numbers."""
    bounded: Array = np.minimum(np.maximum(values, -most), most)
    return bounded
