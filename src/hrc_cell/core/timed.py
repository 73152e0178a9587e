"""A path along a curve in time, for those who bring their own planner.

The arm follows the curve; its time is let run at the permitted ratio of real time, so slowing and
stopping never leave the curve, and at ratio 1 every point is passed when it was asked for.

It is announced and judged like every path: as straight lines in joint space with a speed planned on
each (`hrc_cell.core.ahead`). The lines are chosen so that at each instant no joint of the curve is
farther than DEVIATION_RAD from its line, nor faster than planned there by more than half of the
speed of the way back to a path, which the last gate grants beyond the planned one.

How time may run: it gains with what of `acceleration_max` the curve itself leaves over, at least
LEFT_MIN of it; it loses with `stop_deceleration` of the joint that binds. Where the curve has a
corner (positions alone: at every point, at begin and end), time has slowed there until no joint
steps by more than its acceleration gives in one period of goals, so the corner is passed later than
asked for, and on the path.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from hrc_cell.core.curve import Curve
from hrc_cell.core.path import Line, Path, limits_of
from hrc_cell.settings.robot import MotionSettings

Array = npt.NDArray[np.float64]
DEVIATION_RAD = 0.002
"""Well within core.corridor.TOLERANCE_RAD, which also has to hold what is extrapolated."""
GRID_S = 0.01
"""The curve is looked at this often, and at its points."""
LINE_MAX_S = 1.0
FASTER_MAX = 1.25
"""A line that would have to be planned faster than it is long by more than this is divided."""
LEFT_MIN = 0.2
LOOKS = 9
"""Instants of a piece at which its speed and acceleration are looked at."""
ARRIVED_S = 1e-6
_TINY = 1e-9


class Samples(NamedTuple):
    """The curve at k instants, its velocity at a corner as it comes and as it leaves."""

    times_s: Array  # (k,)
    position_rad: Array  # (k, n)
    coming_radps: Array
    leaving_radps: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stretch(Line):
    """A line with the stretch of the curve that it stands for."""

    curve: Curve
    begin_s: float  # on the curve
    took_s: float

    def position_rad(self, done_ratio: float) -> Array:
        """Return the joints (n,) of the curve where so much of the stretch is done."""
        at_s = np.array([self.begin_s + done_ratio * self.took_s])
        position: Array = self.curve.at(at_s).position_rad[0]
        return position


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TimedPath(Path):
    """Stretches one after the other."""

    lines: tuple[Stretch, ...]
    curve: Curve
    begins_s: Array  # of each stretch, on the curve
    corner_ratio: Array  # (m,) how fast time may run at each point of the curve
    slowing_ps: Array  # (m - 1,) how quickly time may slow towards the end of each piece

    def at_s(self, line: int, done_ratio: float) -> float:
        """Return the time of the curve where so much of a stretch is done."""
        return self.lines[line].begin_s + done_ratio * self.lines[line].took_s

    def place(self, at_s: float) -> tuple[int, float]:
        """Return the stretch at a time before the end, and how much of it is done."""
        line = int(np.searchsorted(self.begins_s, at_s, side="right")) - 1
        stretch = self.lines[line]
        return line, min((at_s - stretch.begin_s) / stretch.took_s, 1.0)


def timed_path(
    path_id: str, curve: Curve, *, motion: MotionSettings, slack_radps: float
) -> TimedPath:
    """Return the path along a curve that keeps the limits of `motion`.

    `slack_radps`: a joint may be faster than planned on its line by this much.
    """
    samples = _samples(curve)
    lines = []
    begin, last = 0, len(samples.times_s) - 1
    while begin < last:
        end = _reach(samples, begin, slack_radps)
        lines.append(_stretch(curve, samples, begin, end, motion, slack_radps))
        begin = end
    corner, slowing = _corners(curve, motion)
    return TimedPath(
        id=path_id, lines=tuple(lines), curve=curve, corner_ratio=corner, slowing_ps=slowing,
        begins_s=np.array([line.begin_s for line in lines]),
    )  # fmt: skip


def instants_s(curve: Curve) -> Array:
    """Return the instants (k,) at which a curve is looked at: its points, and every GRID_S."""
    times: Array = np.unique(np.concatenate([np.arange(0.0, curve.end_s, GRID_S), curve.times_s]))
    times = times[np.append(True, np.diff(times) > _TINY)]
    times[-1] = curve.end_s
    return times


def _samples(curve: Curve) -> Samples:
    times = instants_s(curve)
    leaving = curve.at(times)
    before = np.maximum(np.searchsorted(curve.times_s, times, side="left") - 1, 0)
    coming = curve.of_piece(before, times - curve.times_s[before])
    return Samples(times, leaving.position_rad, coming.velocity_radps, leaving.velocity_radps)


def _reach(samples: Samples, begin: int, slack_radps: float) -> int:
    """Return the last sample up to which one line can stand for the curve."""
    times = samples.times_s
    last = int(np.searchsorted(times, times[begin] + LINE_MAX_S + _TINY, side="right")) - 1
    good, step = begin + 1, 1
    bad = max(last, good) + 1
    while good + step < bad and _fits(samples, begin, good + step, slack_radps):
        good, step = good + step, 2 * step
    bad = min(bad, good + step)
    while bad - good > 1:
        middle = (good + bad) // 2
        if _fits(samples, begin, middle, slack_radps):
            good = middle
        else:
            bad = middle
    return good


def _fits(samples: Samples, begin: int, end: int, slack_radps: float) -> bool:
    """Return whether the curve stays near the line between two samples, and about as fast."""
    times, positions = samples.times_s[begin : end + 1], samples.position_rad[begin : end + 1]
    part = (times - times[0]) / (times[-1] - times[0])
    chord = positions[0] + part[:, None] * (positions[-1] - positions[0])
    near = bool(np.abs(positions - chord).max() <= DEVIATION_RAD)
    return near and _faster(samples, begin, end, slack_radps) <= FASTER_MAX


def _faster(samples: Samples, begin: int, end: int, slack_radps: float) -> float:
    """Return how much faster than it is long a line has to be planned, to be as fast as the curve
    but for the slack."""
    fastest = np.maximum(
        np.abs(samples.leaving_radps[begin:end]), np.abs(samples.coming_radps[begin + 1 : end + 1])
    ).max(axis=0)
    way = np.abs(samples.position_rad[end] - samples.position_rad[begin])
    chord = np.maximum(way, _TINY) / (samples.times_s[end] - samples.times_s[begin])
    return float(max(((fastest - slack_radps) / chord).max(), 1.0))


def _stretch(
    curve: Curve,
    samples: Samples,
    begin: int,
    end: int,
    motion: MotionSettings,
    slack_radps: float,
) -> Stretch:
    """Return the line between two samples."""
    start = samples.position_rad[begin]
    way = samples.position_rad[end] - start
    took_s = float(samples.times_s[end] - samples.times_s[begin])
    speed = _faster(samples, begin, end, slack_radps) / took_s
    planned, stopping = limits_of(way, speed, motion)
    return Stretch(
        start_rad=start, way_rad=way, planned=planned, stopping=stopping, curve=curve,
        begin_s=float(samples.times_s[begin]), took_s=took_s,
    )  # fmt: skip


def _corners(curve: Curve, motion: MotionSettings) -> tuple[Array, Array]:
    """Return how fast time may run at each point, and how quickly it may slow in each piece."""
    most = np.array(motion.acceleration_max_radps2)
    step = most / motion.rate_hz
    ratio = (step / np.maximum(np.abs(curve.steps_radps()), _TINY)).min(axis=1)
    ratio = np.minimum(ratio, 1.0)
    lengths_s = np.diff(curve.times_s)
    count = len(lengths_s)
    since_s = lengths_s[:, None] * np.linspace(0.0, 1.0, LOOKS)
    inside = curve.of_piece(np.repeat(np.arange(count), LOOKS), since_s.ravel())
    speed, own = (
        np.abs(values).reshape(count, LOOKS, -1).max(axis=1)
        for values in (inside.velocity_radps, inside.acceleration_radps2)
    )
    left = np.maximum(most - own, LEFT_MIN * most)
    slowing: Array = (left / np.maximum(speed, _TINY)).min(axis=1)
    for index in reversed(range(count)):
        reach = np.sqrt(ratio[index + 1] ** 2 + 2.0 * slowing[index] * lengths_s[index])
        ratio[index] = min(ratio[index], reach)
    return ratio, slowing


def run_on(
    path: TimedPath,
    *,
    at_s: float,
    ratio: float,
    target_ratio: float,
    motion: MotionSettings,
    dt_s: float,
) -> tuple[float, float]:
    """Return the time of the curve and the ratio at which it runs, one step of `dt_s` later.

    The ratio is led towards `target_ratio`; time never runs backwards, nor beyond the end.
    """
    moment = path.curve.at(np.array([at_s]))
    velocity, own = moment.velocity_radps[0], moment.acceleration_radps2[0] * ratio**2
    speed = np.maximum(np.abs(velocity), _TINY)
    if target_ratio > ratio:
        most = np.array(motion.acceleration_max_radps2)
        gain = (np.maximum(most - np.abs(own), LEFT_MIN * most) / speed).min()
        new = min(target_ratio, ratio + float(gain) * dt_s)
    else:
        brake = np.array(motion.stop_deceleration_radps2)
        left = np.maximum(brake + np.sign(velocity) * own, 0.5 * brake)
        new = max(target_ratio, ratio - float((left / speed).min()) * dt_s)
    # So far from a corner as it is at most after this step, with what time gains in it: it may not
    # overrun one too fast, nor leave too short a way to the one behind.
    next_s = at_s + 0.5 * (ratio + max(ratio, new)) * dt_s
    first, last = path.curve.piece(np.array([at_s, next_s]))
    corners_s = path.curve.times_s[first + 1 : last + 2]
    corners = path.corner_ratio[first + 1 : last + 2]
    to_corners_s = np.maximum(corners_s - next_s, 0.0)
    reach = corners**2 + 2.0 * path.slowing_ps[first : last + 1] * to_corners_s
    new = min(new, float(np.sqrt(reach.min())))
    # Where all nearly stood before a corner, time may come fast: beyond it, it is slow from there.
    later_s = min(at_s + 0.5 * (ratio + new) * dt_s, float((corners_s + corners * dt_s).min()))
    if later_s >= path.curve.end_s - ARRIVED_S:
        return path.curve.end_s, 0.0
    return later_s, new
