"""A simulated laser scanner: rays cast against the scene, with noise and missing echoes.

The scanner sees what stands still and people, nothing else: the arm and the parts are out of its
plane. An echo is the true distance plus Gaussian noise; beams without an echo are inf, as
sensor_msgs/LaserScan has it. Everything random comes from one seed. Metres, radians.

A scanner can fail: silent, frozen (repeats its last scan), blind (no echo at all), covered (the
middle third of its beams comes back from nowhere), moved (somebody has turned it).
"""

from __future__ import annotations

from dataclasses import dataclass

import mujoco
import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.sim.scene import GROUP_PEOPLE, GROUP_STILL
from hrc_cell.settings.operation import SimScanner
from hrc_cell.settings.sensing import Scanner

Array = npt.NDArray[np.float64]

FAULTS = (
    "scanner_silent", "scanner_frozen", "scanner_blind", "scanner_covered", "scanner_moved",
)  # fmt: skip
MOVED_RAD = 0.12
RANGE_MIN_M = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One turn of a scanner: beam i points at angle_min_rad + i * increment_rad."""

    scanner: str
    time_s: float  # simulated
    angle_min_rad: float
    increment_rad: float
    ranges_m: npt.NDArray[np.float32]


class Eye:
    """One scanner in the scene."""

    def __init__(self, place: Scanner, settings: SimScanner, seed: int) -> None:
        self.name = place.name
        self.angle_min_rad = -settings.angle_rad / 2.0
        self.increment_rad = settings.angle_rad / (settings.beams - 1)
        self._settings = settings
        self._rng = np.random.default_rng(seed)
        self._origin = np.array([place.x_m, place.y_m, place.z_m])
        angles = place.yaw_rad + self.angle_min_rad + self.increment_rad * np.arange(settings.beams)
        self._rays, self._rays_moved = _rays(angles), _rays(angles + MOVED_RAD)
        self._groups = np.zeros(6, dtype=np.uint8)
        self._groups[[GROUP_STILL, GROUP_PEOPLE]] = 1
        self._hit = np.zeros(settings.beams, dtype=np.int32)
        self._distance = np.zeros(settings.beams)
        self._faults: set[str] = set()
        self._last = np.full(settings.beams, np.inf, dtype=np.float32)

    def inject(self, fault: str, *, active: bool) -> None:
        """Let a fault begin or end. Raises ValueError for one that is not known."""
        if fault not in FAULTS:
            raise ValueError(f"fault {fault!r} is not known; known: {', '.join(FAULTS)}")
        if active:
            self._faults.add(fault)
        else:
            self._faults.discard(fault)

    def true_m(self, model: mujoco.MjModel, data: mujoco.MjData) -> Array:
        """Return the true distances (beams,), inf where there is nothing in range."""
        rays = self._rays_moved if "scanner_moved" in self._faults else self._rays
        mujoco.mj_multiRay(
            model, data, self._origin, rays.ravel(), self._groups, True, -1,
            self._hit, self._distance, None, len(rays), self._settings.range_max_m,
        )  # fmt: skip
        seen = (self._distance >= RANGE_MIN_M) & (self._distance <= self._settings.range_max_m)
        return np.where(seen, self._distance, np.inf)

    def look(self, model: mujoco.MjModel, data: mujoco.MjData, time_s: float) -> Scan | None:
        """Return one scan; None while the scanner is silent."""
        settings, count = self._settings, len(self._rays)
        if "scanner_silent" in self._faults:
            return None
        if "scanner_blind" in self._faults:
            ranges = np.full(count, np.inf)
        elif "scanner_frozen" in self._faults:
            ranges = self._last
        else:
            ranges = self.true_m(model, data)
            ranges += self._rng.normal(0.0, settings.noise_std_m, count)
            ranges[self._rng.random(count) < settings.dropout_ratio] = np.inf
            ranges[ranges > settings.range_max_m] = np.inf
            ranges[ranges < RANGE_MIN_M] = RANGE_MIN_M
            if "scanner_covered" in self._faults:
                ranges[count // 3 : 2 * count // 3] = np.inf
        self._last = ranges.astype(np.float32)
        return Scan(
            scanner=self.name, time_s=time_s, angle_min_rad=self.angle_min_rad,
            increment_rad=self.increment_rad, ranges_m=self._last,
        )  # fmt: skip


def _rays(angles: npt.NDArray[np.floating]) -> Array:
    """Return directions [beams, 3] along the floor."""
    return np.stack([np.cos(angles), np.sin(angles), np.zeros_like(angles)], axis=1)
