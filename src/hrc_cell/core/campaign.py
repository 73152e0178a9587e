"""From stops that were driven on purpose to a table of stopping times and ways.

Each stop is one joint brought to a speed and then told to stop, while it cruises or while it still
gains speed. It is measured from the stamp of the order to standstill of the whole arm, so the time
that the order takes to arrive is in it: that belongs to T_r and makes T_s longer than it need be.

A stop counts for the next row that is not slower than its greatest speed v. A row covers a little
more speed u than was driven; there, a stop that deceleration, jerk and a dead time limit takes
T u / v at most and runs on for (u / v)^2 of the angle, which is what is counted. To the greatest of
these come `MARGIN_SIGMAS` standard deviations of stops that were driven alike; all is rounded up,
and more speed or load never counts for less.

A margin ends at the declared bounds, safety.stopping_time_s and stopping_distance_m: beyond them
the last gate does not let the arm go. What was seen may not. Seconds, radians, kilograms.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hrc_cell.core.stopwatch import STILL_RADPS
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.stopping_table import COVER_MAX_RATIO, JointStops, StoppingTable, StopRow

Array = npt.NDArray[np.float64]

HEADROOM_RATIO = 1.05
"""The fastest row lies so much above the planned speed, for what sensors and catching up add."""
MARGIN_SIGMAS = 3.0
GAP_MAX_S = 0.05
"""Joint states farther apart tell too little of a stop."""
STEPS_PER_UNIT = 1000
"""Times are rounded up to milliseconds, angles to milliradians."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One stop as it was seen."""

    joint: str
    load_kg: float
    alike: str  # stops with the same word were driven alike
    speed_radps: float  # greatest of the joint from the order on
    time_s: float
    angle_rad: float


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a table says of itself."""

    arm: str
    date: str
    software: str
    simulated: bool


def measured(
    time_s: Array, position_rad: Array, velocity_radps: Array, *, ordered_s: float, joint: int
) -> tuple[float, float, float] | None:
    """Return greatest speed [rad/s], time [s] and angle [rad] of the stop of one joint.

    Of samples at instants (m,), in order, of all joints (m, n). The end is the first sample after
    the last one that shows motion. None where they do not begin before the order, do not end at
    rest, are not finite, or leave a gap in which more may have happened.
    """
    after = np.flatnonzero(time_s > ordered_s)
    if not len(after) or after[0] == 0:
        return None
    first = int(after[0]) - 1
    if not (np.isfinite(position_rad[first:]).all() and np.isfinite(velocity_radps[first:]).all()):
        return None
    moving = np.flatnonzero((np.abs(velocity_radps[first:]) > STILL_RADPS).any(axis=-1))
    rest = first + int(moving[-1]) + 1 if len(moving) else first + 1
    if rest >= len(time_s) or np.diff(time_s[first : rest + 1]).max() > GAP_MAX_S:
        return None
    way = position_rad[first:, joint]
    begin = float(np.interp(ordered_s, time_s[first:], way))
    return (
        round(float(np.abs(velocity_radps[first:, joint]).max()), 6),
        round(float(time_s[rest] - ordered_s), 6),
        round(float(np.abs(way - begin).max()), 6),
    )


def rows_that_stand(
    seen: Sequence[Seen],
    *,
    speeds_radps: Mapping[str, Sequence[float]],
    loads_kg: Sequence[float],
    missed: Collection[tuple[str, float]] = (),
) -> dict[str, tuple[float, ...]]:
    """Return the speeds of those rows of each joint that can be made.

    `missed` names joint and row of drives that could not be made with some load. Where a row is
    left out the next one up stands for it; a joint whose fastest row would be is left out whole.
    """
    left = {}
    for joint, speeds in speeds_radps.items():
        mine = [stop for stop in seen if stop.joint == joint]
        rows = tuple(
            speed
            for at, speed in enumerate(speeds)
            if (joint, speed) not in missed
            and all(
                any(
                    stop.load_kg == load
                    and stop.speed_radps >= speed / COVER_MAX_RATIO
                    and (stop.speed_radps <= speed or at == len(speeds) - 1)
                    for stop in mine
                )
                for load in loads_kg
            )
        )
        if rows[-1:] == tuple(speeds[-1:]):
            left[joint] = rows
    return left


def merged(new: StoppingTable, old: StoppingTable | None, joints: Sequence[str]) -> StoppingTable:
    """Return `new` with those of these joints that it lacks as they stand in `old`.

    Nothing is taken from a table of declared bounds, of another arm, of another kind of arm or of
    other loads: what was not measured alike is no table.
    """
    named = {joint.joint: joint for joint in new.joints}
    loads = {joint.loads_kg for joint in new.joints}
    if old is not None and old.measured and (old.arm, old.simulated) == (new.arm, new.simulated):
        for joint in old.joints:
            if joint.loads_kg in loads:
                named.setdefault(joint.joint, joint)
    return replace(new, joints=tuple(named[name] for name in joints if name in named))


def make_table(
    seen: Sequence[Seen],
    *,
    about: About,
    speeds_radps: Mapping[str, Sequence[float]],
    loads_kg: Sequence[float],
    motion: MotionSettings,
    safety: SafetySettings,
) -> StoppingTable:
    """Return the table of these stops, with a row for each speed and load of each joint.

    Raises ValueError that says what to do where a row has no stops from near its speed, or where a
    stop was longer or farther than the declared bounds.
    """
    joints = []
    for joint, speeds in speeds_radps.items():
        mine = [stop for stop in seen if stop.joint == joint]
        rows: dict[tuple[int, int], StopRow] = {}
        for at_load, load in enumerate(loads_kg):
            for at_speed, speed in enumerate(speeds):
                slower = speeds[at_speed - 1] if at_speed else 0.0
                fastest = math.inf if at_speed == len(speeds) - 1 else speed
                stops = [
                    stop for stop in mine
                    if stop.load_kg == load and slower < stop.speed_radps <= fastest
                ]  # fmt: skip
                below = [
                    rows[key]
                    for key in ((at_load, at_speed - 1), (at_load - 1, at_speed))
                    if key in rows
                ]
                row = _row(joint, speed, load, stops, motion, safety)
                rows[at_load, at_speed] = replace(
                    row,
                    time_s=max(row.time_s, *(r.time_s for r in below), 0.0),
                    angle_rad=max(row.angle_rad, *(r.angle_rad for r in below), 0.0),
                )
        joints.append(JointStops(joint=joint, rows=tuple(rows.values())))
    return StoppingTable(
        arm=about.arm, date=about.date, software=about.software, simulated=about.simulated,
        measured=True, joints=tuple(joints),
    )  # fmt: skip


def declared_table(
    joints: Sequence[str],
    *,
    about: About,
    payload_max_kg: float,
    motion: MotionSettings,
    safety: SafetySettings,
) -> StoppingTable:
    """Return the declared bounds as a table, so that a real arm can be driven and measured."""
    stops = []
    for joint, fastest in zip(joints, motion.velocity_max_radps, strict=True):
        speed = fastest * HEADROOM_RATIO
        row = StopRow(
            speed_radps=speed, load_kg=payload_max_kg, time_s=safety.stopping_time_s,
            angle_rad=min(_most_rad(speed, motion, safety), speed * safety.stopping_time_s),
            driven_radps=fastest, time_greatest_s=0.0, time_std_s=0.0, angle_greatest_rad=0.0,
            angle_std_rad=0.0, stops=0,
        )  # fmt: skip
        stops.append(JointStops(joint=joint, rows=(row,)))
    return StoppingTable(
        arm=about.arm, date=about.date, software=about.software, simulated=about.simulated,
        measured=False, joints=tuple(stops),
    )  # fmt: skip


def row_speeds(fastest_radps: float, parts: Sequence[float]) -> tuple[float, ...]:
    """Return the speeds of a joint's rows: parts of its planned maximum, with headroom."""
    return tuple(round(part * fastest_radps * HEADROOM_RATIO, 6) for part in sorted(parts))


def _row(
    joint: str,
    speed: float,
    load: float,
    stops: Sequence[Seen],
    motion: MotionSettings,
    safety: SafetySettings,
) -> StopRow:
    """Return one row of the stops that count for it."""
    near = [s.speed_radps for s in stops if s.speed_radps >= speed / COVER_MAX_RATIO]
    if not near:
        raise ValueError(
            f"{joint}: no stop from {speed / COVER_MAX_RATIO:.3g} to {speed:.3g} rad/s with "
            f"{load:g} kg was seen; drive it again"
        )
    time, angle = [s.time_s for s in stops], [s.angle_rad for s in stops]
    most_rad = _most_rad(speed, motion, safety)
    if max(time) > safety.stopping_time_s:
        raise ValueError(
            f"{joint}: a stop from {speed:.3g} rad/s with {load:g} kg took {max(time):.3f} s, more "
            f"than safety.stopping_time_s = {safety.stopping_time_s:g} s; raise that, let the arm "
            "brake harder or lower motion.velocity_max_radps"
        )
    if max(angle) > most_rad:
        raise ValueError(
            f"{joint}: a stop from {speed:.3g} rad/s with {load:g} kg ran on for {max(angle):.3f} "
            f"rad, more than the {most_rad:.3f} rad that safety.stopping_distance_m = "
            f"{safety.stopping_distance_m:g} m allows; raise that, let the arm brake harder or "
            "lower motion.velocity_max_radps"
        )
    more = [min(max(speed / s.speed_radps, 1.0), COVER_MAX_RATIO) for s in stops]
    time_std, angle_std = _spread(stops, time), _spread(stops, angle)
    time_s = max(map(float, np.multiply(time, more))) + MARGIN_SIGMAS * time_std
    angle_rad = max(map(float, np.multiply(angle, np.square(more)))) + MARGIN_SIGMAS * angle_std
    time_s = min(_up(time_s), safety.stopping_time_s)
    return StopRow(
        speed_radps=speed, load_kg=load, time_s=time_s,
        angle_rad=min(_up(angle_rad), most_rad, speed * time_s),
        driven_radps=min(near), time_greatest_s=max(time), time_std_s=round(time_std, 6),
        angle_greatest_rad=max(angle), angle_std_rad=round(angle_std, 6), stops=len(stops),
    )  # fmt: skip


def _most_rad(speed: float, motion: MotionSettings, safety: SafetySettings) -> float:
    """Return the greatest angle from a speed that fits the declared S_s."""
    return speed * safety.stopping_distance_m / motion.tcp_speed_max_mps


def _spread(stops: Sequence[Seen], values: Sequence[float]) -> float:
    """Return the standard deviation of stops that were driven alike; of all, where each differs."""
    groups: dict[str, list[float]] = {}
    for stop, value in zip(stops, values, strict=True):
        groups.setdefault(stop.alike, []).append(value)
    free = len(values) - len(groups)
    if free == 0:
        return float(np.std(values))
    squares = sum(len(group) * float(np.var(group)) for group in groups.values())
    return math.sqrt(squares / free)


def _up(value: float) -> float:
    """Return a value rounded up."""
    return math.ceil(value * STEPS_PER_UNIT - 1e-9) / STEPS_PER_UNIT
