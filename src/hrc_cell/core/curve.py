"""A curve through points in time: a polynomial of each joint between each two of them.

Linear where the points give positions, cubic where they give velocities too, quintic with
accelerations: the least degree that meets what is given on both sides, as
joint_trajectory_controller of ros2_control has it. Radians, seconds; n joints.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
DEGREE = 5


class Knots(NamedTuple):
    """Points that a curve passes."""

    times_s: Array  # (m,) strictly increasing, m at least 2
    position_rad: Array  # (m, n)
    velocity_radps: Array | None = None  # (m, n)
    acceleration_radps2: Array | None = None  # (m, n), only with velocities


class Moment(NamedTuple):
    """Where the joints are at k instants, and how they move, each (k, n)."""

    position_rad: Array
    velocity_radps: Array
    acceleration_radps2: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Curve:
    """Polynomials of the time since each point."""

    times_s: Array  # (m,)
    coefficients: Array  # (m - 1, DEGREE + 1, n), the constant first

    @property
    def end_s(self) -> float:
        """Return when it ends; it begins at 0."""
        return float(self.times_s[-1])

    def piece(self, at_s: Array) -> npt.NDArray[np.int64]:
        """Return in which piece instants (k,) lie; a point belongs to the piece that follows."""
        last = len(self.times_s) - 2
        return np.clip(np.searchsorted(self.times_s, at_s, side="right") - 1, 0, last)

    def at(self, at_s: Array) -> Moment:
        """Return the joints at instants (k,) of the curve."""
        piece = self.piece(at_s)
        return self.of_piece(piece, at_s - self.times_s[piece])

    def of_piece(self, piece: npt.NDArray[np.int64], since_s: Array) -> Moment:
        """Return the joints (k, n) in pieces (k,), so long (k,) after their first points."""
        rows, x = self.coefficients[piece], since_s[:, None]
        position, velocity, acceleration = (np.zeros_like(rows[:, 0]) for _ in range(3))
        for power in range(DEGREE, -1, -1):  # Horner's rule, with its derivatives
            acceleration = acceleration * x + 2.0 * velocity
            velocity = velocity * x + position
            position = position * x + rows[:, power]
        return Moment(position, velocity, acceleration)

    def steps_radps(self) -> Array:
        """Return by how much the velocity jumps at each point (m, n), from and to rest outside."""
        count = len(self.coefficients)
        pieces, nothing = np.arange(count), np.zeros(count)
        begins = self.of_piece(pieces, nothing).velocity_radps
        ends = self.of_piece(pieces, np.diff(self.times_s)).velocity_radps
        rest = np.zeros((1, begins.shape[1]))
        steps: Array = np.concatenate([begins, rest]) - np.concatenate([rest, ends])
        return steps


def through(knots: Knots) -> Curve:
    """Return the curve through the knots."""
    h = np.diff(knots.times_s)[:, None]
    p, v, a = knots.position_rad, knots.velocity_radps, knots.acceleration_radps2
    way = p[1:] - p[:-1]
    rows = np.zeros((len(h), DEGREE + 1, p.shape[1]))
    rows[:, 0] = p[:-1]
    if v is None:
        rows[:, 1] = way / h
        return Curve(times_s=knots.times_s, coefficients=rows)
    v0, v1 = v[:-1], v[1:]
    rows[:, 1] = v0
    if a is None:
        rows[:, 2] = (3.0 * way - (2.0 * v0 + v1) * h) / h**2
        rows[:, 3] = ((v0 + v1) * h - 2.0 * way) / h**3
        return Curve(times_s=knots.times_s, coefficients=rows)
    a0, a1 = a[:-1], a[1:]
    rows[:, 2] = 0.5 * a0
    rows[:, 3] = (10.0 * way - (6.0 * v0 + 4.0 * v1) * h - (1.5 * a0 - 0.5 * a1) * h**2) / h**3
    rows[:, 4] = (-15.0 * way + (8.0 * v0 + 7.0 * v1) * h + (1.5 * a0 - a1) * h**2) / h**4
    rows[:, 5] = (6.0 * way - 3.0 * (v0 + v1) * h - 0.5 * (a0 - a1) * h**2) / h**5
    return Curve(times_s=knots.times_s, coefficients=rows)
