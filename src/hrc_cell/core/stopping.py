"""How long and how far the arm runs on after braking begins.

With a table of measured stops (settings.stopping_table): T_j(v, load) and the angle a_j(v, load) of
each joint. Both are read from the next row, of the next speed and of the next load, that is not
less; nothing is interpolated and nothing extrapolated, so beyond the last row both are inf. What is
needed for a way along a path is the angle in seconds of the speed braked from,

    E_j(v) = greatest a_j(u) / u of all rows with u <= v

(E_j <= T_j, because no row states a longer way than its speed gives within its time.)

The joints of a path come to rest together, so for the whole arm the greatest T_j and the greatest
E_j count, and a point that moves with v_p when braking begins runs on for v_p E at most. The speed
braked from is the greatest that a joint has from the order to stop on: an arm that still gains
speed when it is told to stop brakes from what it has gained by then.

Without a table two numbers are declared for full planned speed (ratio 1): T_s, and the farthest way
S_s of any point. For a ratio r of that speed

    T_s(r) = T_s sqrt(r)        S_s(r) = S_s r                   r <= 1
    T_s(r) = T_s r              S_s(r) = S_s r^2                 r > 1

All are bounds, not fits. A stop limited by deceleration a and jerk j takes T(v) = v/a + a/j
seconds from v >= a^2/j and 2 sqrt(v/j) from less, and covers v T(v) / 2. Hence
T(r v) <= sqrt(r) T(v) for r <= 1 with equality where jerk alone limits, and the way is at most
r^1.5 S_s <= r S_s. (Proportional time, T_s r, would be too short at low speed.) For r > 1, faster
than planned, T(r v) <= r T(v). All rise with r. Metres, radians, seconds, kilograms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.stopping_table import JointStops, StoppingTable

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


def stopping_time_s(full_s: Like, ratio: Like) -> Array:
    """Return T_s(ratio) [s]. A ratio that is negative or not finite gives inf.

    >>> float(stopping_time_s(0.4, 0.25))
    0.2
    """
    part = _known(ratio)
    return np.where(np.isinf(part), np.inf, _time_s(full_s, part))


def stopping_distance_m(full_m: Like, ratio: Like) -> Array:
    """Return S_s(ratio) [m]. A ratio that is negative or not finite gives inf.

    >>> float(stopping_distance_m(0.2, 0.25))
    0.05
    """
    part = _known(ratio)
    return np.where(np.isinf(part), np.inf, np.asarray(full_m) * part * np.maximum(part, 1.0))


def ratio_of(velocity_radps: Like, velocity_max_radps: Like) -> Array:
    """Return (...) how much of full speed joint velocities (..., n) are: that of the fastest joint.

    Each joint brakes from its own speed, so the one nearest to its maximum takes longest. May
    exceed 1. A velocity that is not finite gives inf.
    """
    part = (np.abs(velocity_radps) / np.asarray(velocity_max_radps)).max(axis=-1)
    return np.where(np.isfinite(part), part, np.inf)


def _time_s(full_s: Like, part: Array) -> Array:
    time: Array = np.asarray(full_s) * np.maximum(np.sqrt(part), part)
    return time


def _known(ratio: Like) -> Array:
    part = np.asarray(ratio, dtype=np.float64)
    return np.where(np.isfinite(part) & (part >= 0.0), part, np.inf)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rows:
    """A table as arrays over n joints, l loads and s speeds; column 0: at rest, the last: beyond.

    Joints with fewer speeds than others are filled up with inf.
    """

    speed_radps: Array  # (n, s + 1) rising from 0
    load_kg: Array  # (l,) rising
    time_s: Array  # (n, l, s + 2)
    way_s: Array  # (n, l, s + 2)

    @classmethod
    def of(cls, table: StoppingTable, joints: Sequence[str]) -> Rows:
        """Return the rows of these joints. Raises KeyError for one that is not in the table."""
        named = {joint.joint: joint for joint in table.joints}
        stops = [named[name] for name in joints]
        most = max(len(joint.speeds_radps) for joint in stops)
        speed = np.full((len(stops), most + 1), np.inf)
        speed[:, 0] = 0.0
        time = np.full((len(stops), len(stops[0].loads_kg), most + 2), np.inf)
        way = time.copy()
        for at, joint in enumerate(stops):
            count = len(joint.speeds_radps)
            rows = slice(1, count + 1)
            speed[at, rows] = joint.speeds_radps
            time[at, :, rows] = _values(joint, "time_s")
            seconds = _values(joint, "angle_rad") / speed[at, rows]
            way[at, :, rows] = np.maximum.accumulate(seconds, axis=1)
        time[..., 0] = way[..., 0] = 0.0
        return cls(speed_radps=speed, load_kg=np.array(stops[0].loads_kg), time_s=time, way_s=way)


def _values(joint: JointStops, key: str) -> Array:
    """Return one number of each row, (loads, speeds)."""
    grid = joint.grid()
    return np.array([
        [getattr(grid[speed, load], key) for speed in joint.speeds_radps]
        for load in joint.loads_kg
    ])  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StopModel:
    """T_s and way of the whole arm over joint speeds (..., n) and load (...).

    A joint at rest has nothing to brake; one that moves slower than the first row takes the first
    row's time and way in seconds. A load that is None or NaN is not known: the heaviest counts.
    What is negative or not finite otherwise, and what lies beyond the last row, takes for ever.
    """

    full_time_s: float
    full_distance_m: float
    tcp_speed_max_mps: float
    velocity_max_radps: Array  # (n,)
    rows: Rows | None

    @classmethod
    def of(
        cls,
        *,
        joints: Sequence[str],
        motion: MotionSettings,
        safety: SafetySettings,
        table: StoppingTable | None,
    ) -> StopModel:
        """Return the model of an arm with these joints, base first."""
        return cls(
            full_time_s=safety.stopping_time_s,
            full_distance_m=safety.stopping_distance_m,
            tcp_speed_max_mps=motion.tcp_speed_max_mps,
            velocity_max_radps=np.array(motion.velocity_max_radps),
            rows=None if table is None else Rows.of(table, joints),
        )

    def time_s(self, speed_radps: Like, load_kg: Like | None = None) -> Array:
        """Return T_s (...) [s] from joint speeds (..., n): that of the slowest to stop."""
        return self.time_and_way_s(speed_radps, load_kg)[0]

    def way_s(self, speed_radps: Like, load_kg: Like | None = None) -> Array:
        """Return E (...) [s]: what is run on, in seconds of the speed braked from. E <= T_s."""
        return self.time_and_way_s(speed_radps, load_kg)[1]

    def time_and_way_s(self, speed_radps: Like, load_kg: Like | None = None) -> tuple[Array, Array]:
        """Return T_s and E (...) [s], which have most of their work in common."""
        if self.rows is None:
            time, part = self._declared_s(speed_radps, load_kg)
            whole = self.full_distance_m / self.tcp_speed_max_mps * np.maximum(part, 1.0)
            return time, np.where(np.isfinite(time), np.minimum(whole, time), time)
        time, way = (
            _greatest(self.rows, values, speed_radps, load_kg)
            for values in (self.rows.time_s, self.rows.way_s)
        )
        return time, way

    def distance_m(
        self, speed_radps: Like, load_kg: Like | None = None, *, point_speed_mps: Like
    ) -> Array:
        """Return (...) [m] the farthest way, in any direction, of a point that moves with (...).

        `point_speed_mps` is its speed when braking begins; motion.tcp_speed_max_mps where it is
        not known. Negative or not finite gives inf.
        """
        seconds, speed = self.way_s(speed_radps, load_kg), _known(point_speed_mps)
        unknown = np.isinf(seconds) | np.isinf(speed)
        product = np.where(unknown, 0.0, seconds) * np.where(unknown, 0.0, speed)
        return np.where(unknown, np.inf, product)

    def _declared_s(self, speed_radps: Like, load_kg: Like | None) -> tuple[Array, Array]:
        """Return T_s (...) by the declared figures, and how much of full speed it is (...)."""
        speed = np.asarray(speed_radps, dtype=np.float64)
        part = ratio_of(speed, self.velocity_max_radps)
        wrong = (speed < 0.0).any(axis=-1) | np.isinf(part)
        if load_kg is not None:
            load = np.asarray(load_kg, dtype=np.float64)
            wrong = wrong | (load < 0.0) | np.isinf(load)
        return np.where(wrong, np.inf, _time_s(self.full_time_s, part)), part


def _greatest(rows: Rows, values: Array, speed_radps: Like, load_kg: Like | None) -> Array:
    """Return (...) the greatest value of any joint, each from the next row that is not less."""
    speed = np.asarray(speed_radps, dtype=np.float64)
    at = _load_index(rows, load_kg)
    wrong = (at < 0) | (at == len(rows.load_kg)) | (speed < 0.0).any(axis=-1)
    at = np.clip(at, 0, len(rows.load_kg) - 1)
    greatest = np.zeros(wrong.shape)
    for joint, speeds in enumerate(rows.speed_radps):
        column = np.searchsorted(speeds, speed[..., joint])  # inf, NaN: beyond the last
        of_joint = values[joint]
        found = of_joint[at].take(column) if at.ndim == 0 else of_joint[at, column]
        np.maximum(greatest, found, out=greatest)
    return np.where(wrong, np.inf, greatest)


def _load_index(rows: Rows, load_kg: Like | None) -> npt.NDArray[np.int64]:
    """Return (...) the row of loads that counts, -1 for a load that cannot be."""
    heaviest = len(rows.load_kg) - 1
    if load_kg is None:
        return np.asarray(heaviest)
    load = np.asarray(load_kg, dtype=np.float64)
    index = np.where(np.isnan(load), heaviest, np.searchsorted(rows.load_kg, load))
    return np.where(load < 0.0, -1, index)
