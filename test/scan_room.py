"""A room with four walls for laser scanners to look at, and people of two legs each."""

import math

import numpy as np

from hrc_cell.core.scan import Scan
from hrc_cell.settings.sensing import Scanner

LEG_RADIUS_M = 0.06
STRIDE_M = 0.3


def scanner(**changes) -> Scanner:
    """Return a scanner at the origin of the cell, looking ahead."""
    values = {
        "name": "left", "x_m": 0.0, "y_m": 0.0, "z_m": 0.2, "yaw_rad": 0.0,
        "timeout_s": 0.3, "beams_valid_min_ratio": 0.3,
    }  # fmt: skip
    return Scanner(**{**values, **changes})


def legs(x_m: float, y_m: float, walked_m: float = 0.0) -> list[tuple[float, float]]:
    """Return the two legs of a person at (x, y) who has walked so far, along x or not at all."""
    swing_m = 0.5 * STRIDE_M * math.sin(2.0 * math.pi * walked_m / (2.0 * STRIDE_M))
    return [(x_m + swing_m, y_m + 0.15), (x_m - swing_m, y_m - 0.15)]


class Room:
    """Casts rays: walls at +-4 m, posts of any place; noise from one seed."""

    def __init__(self, *, beams: int = 541, angle_rad: float = 4.7124, seed: int = 1) -> None:
        self.beams, self.angle_min_rad = beams, -angle_rad / 2.0
        self.increment_rad = angle_rad / (beams - 1)
        self.noise_std_m = 0.01
        self.half_m = 4.0
        self._rng = np.random.default_rng(seed)
        self._stamp_s = 0.0

    def scan(self, place: Scanner, posts=(), stamp_s: float | None = None, **changes) -> Scan:
        """Return what the scanner sees of walls and posts. Without a stamp: one of a bit later."""
        self._stamp_s = self._stamp_s + 0.01 if stamp_s is None else stamp_s
        bearing = place.yaw_rad + self.angle_min_rad + self.increment_rad * np.arange(self.beams)
        ray = np.column_stack((np.cos(bearing), np.sin(bearing)))
        origin = np.array([place.x_m, place.y_m])
        with np.errstate(divide="ignore"):
            ends = (np.copysign(self.half_m, ray) - origin) / ray
        ranges = ends.min(axis=1)
        for post in posts:
            to = np.array(post) - origin
            along = ray @ to
            beside_2 = to @ to - along**2
            front = along - np.sqrt(np.maximum(LEG_RADIUS_M**2 - beside_2, 0.0))
            hit = (along > 0.0) & (beside_2 <= LEG_RADIUS_M**2)
            ranges = np.where(hit, np.minimum(ranges, front), ranges)
        ranges = ranges + self._rng.normal(0.0, self.noise_std_m, self.beams)
        values = {
            "stamp_s": self._stamp_s,
            "frame": place.name,
            "angle_min_rad": self.angle_min_rad,
            "angle_increment_rad": self.increment_rad,
            "range_min_m": 0.05,
            "range_max_m": 10.0,
            "ranges": ranges.astype(np.float32),
        }
        return Scan(**{**values, **changes})
