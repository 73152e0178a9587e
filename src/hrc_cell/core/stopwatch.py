"""Measures each stop of the running arm against the stop model.

A stop begins when the permitted ratio falls to 0; one in which no joint moves is not told. From
then on

    braking     from the last sample in which no joint is slower to the last
                one that shows motion                                       <= T_s(v, load)
    the whole   from the order to the last sample that shows motion         <= T_r - age + T_s
    angle_j     of each joint from the order on                             <= v_j (T_r - age + E)

with `age` that of the oldest sample behind the order (T_r counts from there), v_j the greatest
speed of each joint from the order until braking begins, T_s and E those of hrc_cell.core.stopping.
Samples come in periods, so an instant is known to one period, and an angle to some steps of the
encoder; these are the tolerances. Where the model's T_s is not finite (faster than its table, too
much load, speed not known) the declared one counts: what is not known must not lengthen a limit.

A joint sample that is missing, of the future, not finite or older than joints_timeout_s shows
nothing: not that the arm stood when it was told to stop. When nothing was seen for longer than
that, the arm counts as moving until now; so a stop of which the end is never seen is too long.

A stop that ends early, because the arm may move again before it has come to rest, is not measured;
nor is slowing down, however far. Seconds of the monotonic clock, radians.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from hrc_cell.core.stopping import StopModel
from hrc_cell.settings.safety import SafetySettings

Array = npt.NDArray[np.float64]

STILL_RADPS = 0.03
"""A joint not faster than this stands: a little over one step of an X-series velocity, 0.024."""
SLOWER_RATIO = 0.05
"""A joint that has lost this much of its speed, and more than STILL_RADPS, is slower."""
ANGLE_TOLERANCE_RAD = 0.01
"""Six steps of an encoder with 4096 to a turn."""
REST_SAMPLES = 2
"""So many in a row show standstill: one alone may be a joint that swings back."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tick:
    """What one tick of the monitor knows."""

    now_s: float
    speed_ratio: float  # permitted by this tick
    oldest_sample_age_s: float  # behind this tick's permit
    joints_age_s: float
    position_rad: Array  # (n,)
    velocity_radps: Array  # (n,)
    load_kg: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """A stop that is over, or too long."""

    joint: str  # that ran too far, else the last one to move
    reaction_s: float
    reaction_limit_s: float
    braking_s: float
    braking_limit_s: float  # together with reaction_limit_s that of the whole
    angle_rad: float  # of this joint
    angle_limit_rad: float
    too_long: bool

    @property
    def fault(self) -> str:
        """Return the cause to latch, "" if the stop was as it should be."""
        return f"stop_too_long:{self.joint}" if self.too_long else ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnderWay:
    """A stop that is not over yet."""

    ordered_s: float
    reaction_limit_s: float
    load_kg: float | None
    start_rad: Array  # (n,) NaN where not known
    speed_radps: Array  # (n,) greatest until braking begins, NaN where not known
    angle_rad: Array  # (n,) farthest seen from the start
    seen_s: float  # instant of the newest sample
    period_s: float  # longest time between two samples
    braking_s: float  # instant of the newest sample in which no joint is slower
    slower: bool  # braking has begun
    moving_s: float  # instant of the newest sample with motion
    moving: int  # its fastest joint
    still: int  # samples in a row that show standstill


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Watch:
    """What one tick remembers for the next."""

    ratio: float = 0.0  # permitted by the tick before
    stop: UnderWay | None = None


def watch(
    state: Watch, tick: Tick, *, joints: tuple[str, ...], model: StopModel, safety: SafetySettings
) -> tuple[Watch, Stop | None]:
    """Return the state after one tick, and the stop that ended with it, if one did."""
    stop = state.stop
    if tick.speed_ratio > 0.0:
        return Watch(ratio=tick.speed_ratio), None
    if stop is None and state.ratio > 0.0:  # also at rest: an old sample may hide that it moves
        stop = _begin(tick, safety)
    elif stop is not None:
        stop = _look(stop, tick, safety)
    if stop is None:
        return Watch(), None
    ended = _judge(stop, tick, joints, model, safety)
    if stop.still >= REST_SAMPLES or ended.too_long:
        return Watch(), ended if ended.too_long or _moved(stop) else None
    return Watch(stop=stop), None


def _known(tick: Tick, safety: SafetySettings) -> bool:
    """Return whether this tick tells where all joints are and how they move."""
    numbers = np.concatenate((tick.position_rad, tick.velocity_radps))
    in_time = 0.0 <= tick.joints_age_s <= safety.joints_timeout_s
    return bool(np.isfinite(numbers).all()) and in_time


def _moved(stop: UnderWay) -> bool:
    """Return whether a joint moved in a stop; what is not known did."""
    still = (stop.speed_radps <= STILL_RADPS) & (stop.angle_rad <= ANGLE_TOLERANCE_RAD)
    return not bool(still.all())


def _begin(tick: Tick, safety: SafetySettings) -> UnderWay:
    """Return the stop that this tick orders. An age that is not known leaves no time to react."""
    age_s, known = tick.oldest_sample_age_s, _known(tick, safety)
    left_s = max(safety.reaction_time_s - age_s, 0.0) if age_s >= 0.0 else 0.0
    nothing = np.full(len(tick.velocity_radps), np.nan)
    return UnderWay(
        ordered_s=tick.now_s,
        reaction_limit_s=left_s,
        load_kg=tick.load_kg,
        start_rad=tick.position_rad + tick.velocity_radps * tick.joints_age_s if known else nothing,
        speed_radps=np.abs(tick.velocity_radps) if known else nothing,
        angle_rad=np.zeros(len(nothing)),
        seen_s=tick.now_s - tick.joints_age_s if known else tick.now_s,
        period_s=0.0,
        braking_s=tick.now_s,
        slower=False,
        moving_s=tick.now_s,
        moving=int(np.argmax(np.abs(tick.velocity_radps))) if known else 0,
        still=0,
    )


def _look(stop: UnderWay, tick: Tick, safety: SafetySettings) -> UnderWay:
    """Return the stop with what a new sample shows."""
    taken_s = tick.now_s - tick.joints_age_s
    if not _known(tick, safety) or taken_s <= stop.seen_s:
        return stop
    speed = np.abs(tick.velocity_radps)
    start = np.where(np.isnan(stop.start_rad), tick.position_rad, stop.start_rad)
    lost = stop.speed_radps - speed
    slower = stop.slower or bool(
        (lost > np.maximum(STILL_RADPS, SLOWER_RATIO * stop.speed_radps)).any()
    )
    new = replace(
        stop,
        start_rad=start,
        angle_rad=np.maximum(stop.angle_rad, np.abs(tick.position_rad - start)),
        seen_s=taken_s,
        period_s=max(stop.period_s, taken_s - stop.seen_s),
        slower=slower,
    )
    if not slower:
        new = replace(
            new,
            speed_radps=np.fmax(stop.speed_radps, speed),
            braking_s=max(taken_s, stop.braking_s),
        )
    if not (speed > STILL_RADPS).any():
        return replace(new, still=stop.still + 1)
    return replace(new, still=0, moving_s=max(taken_s, stop.moving_s), moving=int(np.argmax(speed)))


def _judge(
    stop: UnderWay, tick: Tick, joints: tuple[str, ...], model: StopModel, safety: SafetySettings
) -> Stop:
    """Return the stop as it stands at this tick."""
    declared_s = safety.stopping_time_s
    limit_s = min(float(model.time_s(stop.speed_radps, stop.load_kg)), declared_s)
    way_s = min(float(model.way_s(stop.speed_radps, stop.load_kg)), limit_s)
    most = stop.speed_radps * (stop.reaction_limit_s + way_s) + ANGLE_TOLERANCE_RAD
    beyond = np.where(np.isnan(most), -np.inf, stop.angle_rad - most)
    joint = int(np.argmax(beyond)) if (beyond > 0.0).any() else stop.moving
    unseen = not tick.now_s - stop.seen_s <= safety.joints_timeout_s
    braking_s = (tick.now_s if unseen else stop.moving_s) - stop.braking_s
    reaction_s = stop.braking_s - stop.ordered_s
    return Stop(
        joint=joints[joint],
        reaction_s=reaction_s,
        reaction_limit_s=stop.reaction_limit_s,
        braking_s=braking_s,
        braking_limit_s=limit_s,
        angle_rad=float(stop.angle_rad[joint]),
        angle_limit_rad=float(most[joint]),
        too_long=bool(
            not braking_s <= limit_s + stop.period_s
            or not reaction_s + braking_s <= stop.reaction_limit_s + limit_s + stop.period_s
            or (beyond > 0.0).any()
        ),
    )
