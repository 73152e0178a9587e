"""The last gate before the motors: whose goals are followed, and how fast a joint may ever move.

Pure and small; it knows limits, freshness and the lease, and nothing of tasks. One `step` for each
bus cycle turns the newest goal and the newest permit into the positions to write. Arrays run over
the joints of the arm in order, then the gripper; radians and seconds.

The arm
- OPEN: permit holds, its speed ratio is above 0, goals are fresh: goals are followed, extrapolated
  with their velocity for `extrapolate_s` and from there as if braking with `stop_deceleration`.
  No joint moves faster than the permitted ratio of its planned maximum and what it takes to catch
  up and to rejoin; a ratio that was lowered counts once the executor could slow (core.envelope).
  Where one path was judged, goals off its corridor are none and its speeds count (core.corridor).
- STOPPING: the permit is void or its ratio is 0: the executor brakes on its path, so its goals are
  still followed, but only under an envelope (core.envelope) that falls to rest within
  `stopping_time_s`, from the speed that was really commanded lately (and what a joint that was
  gaining speed may still gain), whatever the goals say. So the way is at most that speed times
  (stopping_time_s + stop_grace_s) / 2. Without goals all joints are ramped to rest together, in
  proportion and so straight on, the fastest with `stop_deceleration`.
- HOLD: nothing moves. Goals are followed again only when permit, ratio and goals are good and the
  goals begin within `rejoin_rad` of the held or of the measured position. What is left of that
  distance is taken away with `rejoin_velocity_radps`, so nothing jumps.
- CLOSED: torque is off; positions are not to be written.

The gripper follows fresh goals while the permit holds and says `gripper_permitted`, within its own
velocity limit, also at monitored standstill. Goals may leave it out: it keeps its goal then, and
with it the force with which it holds a part.

Whatever is missing, not finite, from the future or too old counts as absent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hrc_cell.core.corridor import Corridor, stays_on
from hrc_cell.core.envelope import Leave, left_ratio, slowed
from hrc_cell.core.permit import FUTURE_MAX_S, PermitView, permit_holds
from hrc_cell.settings.stopping import check_gate

Array = npt.NDArray[np.float64]

REST_RADPS = 1e-3
"""A commanded speed below this is rest."""
GOAL_MAX = 1e3
"""No joint has a position [rad] or velocity [rad/s] beyond this."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GoalView:
    """Goals as they are at this instant: of all joints, or of the arm's, then the gripper keeps."""

    seq: int
    age_s: float  # since the instant they are meant for
    lifetime_s: float
    positions_rad: Array
    velocities_radps: Array


class Phase(IntEnum):
    """What the gate does; the values are those of MotorStates."""

    CLOSED = 0
    HOLD = 1
    STOPPING = 2
    OPEN = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateLimits:
    """What no goal may exceed. Arrays: joints of the arm, then the gripper."""

    joints: tuple[str, ...]
    lower_rad: Array
    upper_rad: Array
    velocity_max_radps: Array
    planned_max_radps: Array  # at speed ratio 1
    stop_deceleration_radps2: float
    stopping_time_s: float
    stop_grace_s: float  # see core.envelope
    rejoin_rad: float
    rejoin_velocity_radps: float
    goal_lifetime_s: float
    extrapolate_s: float
    cycle_max_s: float  # a longer cycle moves no further than one of this length can

    def __post_init__(self) -> None:
        check_gate(
            float(np.max(self.velocity_max_radps[:-1])),
            self.stop_deceleration_radps2,
            self.stopping_time_s,
        )

    @property
    def envelope(self) -> dict[str, float]:
        """Return what shapes a stop (core.envelope)."""
        return {"time_s": self.stopping_time_s, "grace_s": self.stop_grace_s}

    @property
    def gain_radps(self) -> float:
        """Return what a joint gains within a long cycle, with the deceleration of a stop."""
        return self.stop_deceleration_radps2 * self.cycle_max_s

    def way_max_rad(self, dt_s: float) -> Array:
        """Return how far each joint moves at most in a cycle, however long it was."""
        way: Array = self.velocity_max_radps * min(dt_s, self.cycle_max_s)
        return way


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GateState:
    """Where the gate is. `commanded_rad` is what to write, unless the phase is CLOSED."""

    phase: Phase
    reason: str
    commanded_rad: Array
    speed_radps: Array  # of the commanded positions
    lately_radps: Array  # the same, its size, of the last few cycles, arm only
    offset_rad: Array  # what is left of the distance at rejoining, arm only
    stop_speed_radps: Array  # when the stop began, arm only
    stop_elapsed_s: float = 0.0
    leave: Leave = Leave()
    corridor: Corridor | None = None  # of the newest permit that held


def closed(joint_count: int) -> GateState:
    """Return the gate with the torque off."""
    return _still(Phase.CLOSED, "torque_off", np.full(joint_count, np.nan))


def held(positions_rad: Array, reason: str = "started") -> GateState:
    """Return the gate that holds these positions.

    Raises ValueError when one is not finite: there is nothing to hold then.
    """
    if not np.all(np.isfinite(positions_rad)):
        raise ValueError("a position to hold is not known")
    return _still(Phase.HOLD, reason, np.array(positions_rad, dtype=float))


def _still(phase: Phase, reason: str, positions_rad: Array) -> GateState:
    count = len(positions_rad)
    return GateState(
        phase=phase,
        reason=reason,
        commanded_rad=positions_rad,
        speed_radps=np.zeros(count),
        lately_radps=np.zeros(count - 1),
        offset_rad=np.zeros(count - 1),
        stop_speed_radps=np.zeros(count - 1),
    )


def step(
    limits: GateLimits,
    state: GateState,
    *,
    goal: GoalView | None,
    permit: PermitView | None,
    measured_rad: Array,
    dt_s: float,
    fault: str = "",
) -> GateState:
    """Return the gate one bus cycle later.

    `fault` names something that makes every goal void, such as a lost motor. Ages of goal and
    permit are those of this instant. The gate never leaves CLOSED here: see `held`.
    """
    if state.phase is Phase.CLOSED:
        return state
    dt_s = dt_s if 0.0 < dt_s < math.inf else 0.0
    goal_void = fault or _goal_void(limits, goal)
    target = None if goal_void or goal is None else _target(limits, goal)
    arm_target = None if target is None else target[: len(limits.joints) - 1]
    permitted, why_not = permit_holds(permit)
    ratio = permit.speed_ratio if permitted and permit is not None else 0.0
    state = replace(state, leave=slowed(state.leave, ratio, dt_s=dt_s, **limits.envelope))
    if permitted and permit is not None:
        state = replace(state, corridor=permit.corridor)
    # Of a permit that ran out the corridor still holds: nothing else was ever judged.
    if arm_target is not None and state.corridor and not stays_on(state.corridor, arm_target):
        goal_void, arm_target = "off_path", None
    gripper = permitted and permit is not None and permit.gripper_permitted
    if permitted and permit is not None and permit.speed_ratio <= 0.0:
        why_not = "standstill"
    why_not = fault or why_not or goal_void
    new = _arm(limits, state, arm_target, measured_rad[:-1], dt_s, why_not)
    return _with_gripper(limits, state, new, target if gripper else None, dt_s)


def _goal_void(limits: GateLimits, goal: GoalView | None) -> str:
    """Return why a goal does not count, "" if it does."""
    if goal is None:
        return "no_goal"
    count, shape = len(limits.joints), goal.positions_rad.shape
    if shape not in ((count,), (count - 1,)) or goal.velocities_radps.shape != shape:
        return "goal_invalid"
    numbers = np.concatenate((goal.positions_rad, goal.velocities_radps))
    if not np.all(np.abs(numbers) < GOAL_MAX):  # also false for what is no number
        return "goal_invalid"
    if math.isnan(goal.age_s) or math.isnan(goal.lifetime_s):
        return "goal_invalid"
    if goal.age_s < -FUTURE_MAX_S:
        return "goal_from_future"
    if goal.age_s > min(goal.lifetime_s, limits.goal_lifetime_s):
        return "goal_expired"
    return ""


def _target(limits: GateLimits, goal: GoalView) -> Array:
    """Return where the joints are to be now: p + v t, and braking once the goal is late."""
    speed = np.abs(goal.velocities_radps)
    brake = limits.stop_deceleration_radps2
    age_s = max(goal.age_s, 0.0)
    late_s = np.minimum(max(age_s - limits.extrapolate_s, 0.0), speed / brake)
    way = speed * min(age_s, limits.extrapolate_s) + speed * late_s - 0.5 * brake * late_s**2
    target: Array = goal.positions_rad + np.sign(goal.velocities_radps) * way
    return target


def _arm(
    limits: GateLimits,
    state: GateState,
    target: Array | None,
    measured_rad: Array,
    dt_s: float,
    why_not: str,
) -> GateState:
    """Return the state with the arm's joints one cycle on, the gripper's still."""
    if target is not None and not why_not:
        why_not, offset = _joins(limits, state, target, measured_rad)
        if not why_not:
            return _follow(limits, state, target, offset, dt_s)
    if state.phase is Phase.HOLD:
        return replace(_still(Phase.HOLD, why_not, state.commanded_rad), leave=state.leave)
    if state.phase is Phase.OPEN:
        state = _stop_begins(limits, state)
    elapsed_s = state.stop_elapsed_s + dt_s
    speed = state.speed_radps[:-1]
    brake = limits.stop_deceleration_radps2
    if target is not None and not _jumps(limits, state, target).any():
        left = left_ratio(elapsed_s, **limits.envelope)
        room = brake * max(limits.stopping_time_s - elapsed_s, 0.0)
        most = np.minimum(state.stop_speed_radps * left, room) * dt_s
        change = np.clip(target + state.offset_rad - state.commanded_rad[:-1], -most, most)
    else:
        fastest = max(float(np.abs(speed).max()), REST_RADPS)
        change = speed * (max(fastest - brake * dt_s, 0.0) / fastest) * dt_s
    new = _moved(limits, state, change, dt_s)
    resting = dt_s > 0.0 and bool(np.all(np.abs(new.speed_radps) < REST_RADPS))
    return replace(
        new,
        phase=Phase.HOLD if resting else Phase.STOPPING,
        reason=why_not,
        stop_elapsed_s=elapsed_s,
    )


def _joins(
    limits: GateLimits, state: GateState, target: Array, measured_rad: Array
) -> tuple[str, Array]:
    """Return why the goals do not go on from here ("" if they do), and the offset to take away."""
    if state.phase is Phase.OPEN:
        jumps = _jumps(limits, state, target)
        return _named(limits, "goal_jump", jumps), state.offset_rad
    offset = state.commanded_rad[:-1] - target
    near = np.abs(offset) <= limits.rejoin_rad
    joins = near
    if state.phase is Phase.HOLD:  # a joint that was pushed away may go on from where it is
        joins = near | (np.abs(measured_rad - target) <= limits.rejoin_rad)
    return _named(limits, "rejoin", ~joins), np.where(near, offset, 0.0)


def _jumps(limits: GateLimits, state: GateState, target: Array) -> npt.NDArray[np.bool_]:
    """Return for each joint whether its goal is farther off than goals can ever be."""
    most = limits.rejoin_rad + limits.velocity_max_radps[:-1] * limits.goal_lifetime_s
    jumps: npt.NDArray[np.bool_] = (
        np.abs(target + state.offset_rad - state.commanded_rad[:-1]) > most
    )
    return jumps


def _named(limits: GateLimits, what: str, joints: npt.NDArray[np.bool_]) -> str:
    """Return "what:joint" of the first joint that is marked, "" if none is."""
    return f"{what}:{limits.joints[int(np.argmax(joints))]}" if joints.any() else ""


def _follow(
    limits: GateLimits, state: GateState, target: Array, offset: Array, dt_s: float
) -> GateState:
    """Return the state one cycle of open gate later."""
    less = limits.rejoin_velocity_radps * min(dt_s, limits.cycle_max_s)
    offset = offset - np.clip(offset, -less, less)
    permitted = state.leave.ratio * _planned(limits, state)
    most = (permitted + limits.rejoin_velocity_radps + limits.gain_radps) * dt_s
    wanted = target + offset - state.commanded_rad[:-1]
    new = _moved(limits, state, np.clip(wanted, -most, most), dt_s)
    short = np.abs(new.commanded_rad[:-1] - state.commanded_rad[:-1] - wanted) > 1e-9
    return replace(new, phase=Phase.OPEN, reason=_named(limits, "limit", short), offset_rad=offset)


def _planned(limits: GateLimits, state: GateState) -> Array:
    """Return the planned speed of each joint of the arm at speed ratio 1."""
    most: Array = limits.planned_max_radps[:-1]
    if state.corridor is None:
        return most
    speed = state.corridor.speed_radps
    return np.minimum(most, np.where(np.isfinite(speed) & (speed >= 0.0), speed, 0.0))


def _stop_begins(limits: GateLimits, state: GateState) -> GateState:
    """Return the state with the speeds remembered that a stop begins with.

    A joint that was gaining speed may gain a little more, never beyond what was permitted.
    """
    permitted = state.leave.ratio * _planned(limits, state)
    gaining = np.minimum(state.lately_radps + limits.gain_radps, permitted)
    return replace(
        state, stop_speed_radps=np.maximum(state.lately_radps, gaining), stop_elapsed_s=0.0
    )


def _moved(limits: GateLimits, state: GateState, change: Array, dt_s: float) -> GateState:
    """Return the state with the arm moved by `change`, within its window and its greatest speed.

    A joint that stands outside of its window may stay there and come back, never go further out.
    """
    old, most = state.commanded_rad[:-1], limits.way_max_rad(dt_s)[:-1]
    new = np.clip(
        old + np.clip(change, -most, most),
        np.minimum(limits.lower_rad[:-1], old),
        np.maximum(limits.upper_rad[:-1], old),
    )
    speed = (new - old) / dt_s if dt_s > 0.0 else state.speed_radps[:-1]
    news = dt_s / (dt_s + limits.cycle_max_s)
    lately = state.lately_radps
    return replace(
        state,
        lately_radps=lately + news * (np.abs(speed) - lately),
        commanded_rad=np.append(new, state.commanded_rad[-1]),
        speed_radps=np.append(speed, 0.0),
    )


def _with_gripper(
    limits: GateLimits, old: GateState, new: GateState, target: Array | None, dt_s: float
) -> GateState:
    """Return `new` with the gripper moved to its goal, or at rest without one."""
    if target is None or len(target) < len(limits.joints) or dt_s <= 0.0:
        return new
    at = float(old.commanded_rad[-1])
    most = float(limits.way_max_rad(dt_s)[-1])
    wanted = min(max(float(target[-1]), float(limits.lower_rad[-1])), float(limits.upper_rad[-1]))
    change = min(max(wanted - at, -most), most)
    return replace(
        new,
        commanded_rad=np.append(new.commanded_rad[:-1], at + change),
        speed_radps=np.append(new.speed_radps[:-1], change / dt_s),
    )
