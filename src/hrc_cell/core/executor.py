"""What the arm is asked to do next: along its path under the permit, to rest on it, and on again.

    IDLE       no path; the last goal is held
    MOVING     along the path at the permitted ratio of the planned speed
    STOPPING   to rest on the path: no leave, no known position, or the arm does not follow
    HELD       at rest on the path; goes on when there is leave
    REJOINING  from the measured position slowly back to the path

An arm that does not follow its goals is stopped, and a stop for that reason goes on to rest: from
there the arm rejoins from where it is, instead of being pushed again as soon as it gives way.

Nothing jumps: after every rest the first goal is the goal held before, or, where the arm is not
there any more, the measured position. Radians, radians per second, seconds; arrays are (n,) over
the joints of the arm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from hrc_cell.core.path import Path
from hrc_cell.core.scaling import Along, LineLimits, track
from hrc_cell.core.timed import TimedPath, run_on
from hrc_cell.settings.robot import MotionSettings

Array = npt.NDArray[np.float64]


class Phase(IntEnum):
    """What the executor does; the values are those of MotionProgress."""

    IDLE = 0
    MOVING = 1
    STOPPING = 2
    HELD = 3
    REJOINING = 4


DOES_NOT_FOLLOW = "following_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What the permit allows at this instant."""

    holds: bool  # in force: see hrc_cell.core.permit.permit_holds
    speed_ratio: float
    reason: str = ""  # why it does not hold, or what binds

    @property
    def moves(self) -> bool:
        """Return whether the arm may move at all. A ratio that is not a number may not."""
        return self.holds and 0.0 < self.speed_ratio <= 1.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """All that one step remembers for the next."""

    phase: Phase = Phase.IDLE
    path: Path | None = None
    line: int = 0
    along: Along = Along()
    goal_rad: Array | None = None  # last commanded; None before the first
    rejoin_radps: float = 0.0  # speed of the way back
    canceling: bool = False  # this path is given up at rest; the next one begins without
    reason: str = ""  # why it stops or is held
    resume_error_rad: float = 0.0  # first goal after the last rest minus measured

    @property
    def path_ratio(self) -> float:
        """Return how much of the path is done, 0 to 1, each line counting the same."""
        if self.path is None:
            return 0.0
        return (self.line + self.along.done_ratio) / len(self.path.lines)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """What one step gives."""

    motion: Motion
    velocity_radps: Array  # of the goal
    ended: str | None = None  # the path is over: "" reached, else why not


def begin(motion: Motion, path: Path) -> Motion:
    """Return the motion with a new path, at rest on its start until there is leave."""
    return replace(
        motion, phase=Phase.HELD, path=path, line=0, along=Along(), canceling=False,
        goal_rad=path.lines[0].start_rad, reason="",
    )  # fmt: skip


def start_position(motion: Motion, measured_rad: Array, tolerance_rad: float) -> Array:
    """Return where a new path begins: the held goal if the arm is there, else where it is."""
    held = motion.goal_rad
    if held is not None and float(np.abs(held - measured_rad).max()) <= tolerance_rad:
        return held
    return measured_rad


def cancel(motion: Motion) -> Motion:
    """Return the motion that comes to rest on the path and then gives it up."""
    return replace(motion, canceling=True, reason="canceled")


def interrupt(motion: Motion, reason: str) -> Motion:
    """Return the motion at rest at once: the gate holds the arm, so goals move nothing now."""
    if motion.phase in (Phase.IDLE, Phase.HELD):
        return motion
    return replace(
        motion, phase=Phase.HELD, reason=reason,
        along=Along(done_ratio=motion.along.done_ratio),
    )  # fmt: skip


def step(
    motion: Motion,
    *,
    settings: MotionSettings,
    leave: Leave,
    measured_rad: Array | None,
    rejoin_rad: float,
    dt_s: float,
) -> Step:
    """Return the motion after `dt_s` and the goal's velocity.

    `measured_rad` is None where the position is not known or too old: then nothing goes on.
    `rejoin_rad`: farther than this from the held goal, the arm rejoins from where it is.
    """
    path = motion.path
    if path is None or motion.goal_rad is None:
        still = np.zeros_like(motion.goal_rad) if motion.goal_rad is not None else np.zeros(0)
        return Step(motion=motion, velocity_radps=still)
    allowed, why = _allowed(motion, settings, leave, measured_rad)
    if motion.phase is Phase.REJOINING:
        return _rejoin(motion, path, settings, leave if allowed else None, why, dt_s)
    if motion.phase is Phase.HELD:
        return _held(motion, allowed, why, measured_rad, rejoin_rad)
    if isinstance(path, TimedPath):
        return _in_time(motion, path, settings, leave if allowed else None, why, dt_s)
    return _along(motion, path, leave if allowed else None, why, dt_s)


def _allowed(
    motion: Motion, settings: MotionSettings, leave: Leave, measured_rad: Array | None
) -> tuple[bool, str]:
    """Return whether the arm may move on its path, and if not why."""
    if motion.canceling:
        return False, "canceled"
    if motion.phase is Phase.STOPPING and motion.reason == DOES_NOT_FOLLOW:
        return False, DOES_NOT_FOLLOW
    if not leave.moves:
        return False, leave.reason or "no leave to move"
    if measured_rad is None or not np.isfinite(measured_rad).all():
        return False, "joints_stale"
    if motion.phase is not Phase.HELD and motion.goal_rad is not None:
        error = float(np.abs(motion.goal_rad - measured_rad).max())
        if error > settings.following_error_max_rad:
            return False, DOES_NOT_FOLLOW
    return True, ""


def _held(
    motion: Motion, allowed: bool, why: str, measured_rad: Array | None, rejoin_rad: float
) -> Step:
    """At rest: give up when canceled, go on when allowed."""
    assert motion.goal_rad is not None  # noqa: S101 step saw to it
    assert motion.path is not None  # noqa: S101 step saw to it
    still = np.zeros_like(motion.goal_rad)
    if motion.canceling:
        ended = replace(motion, phase=Phase.IDLE, path=None, along=Along())
        return Step(motion=ended, velocity_radps=still, ended="canceled")
    if not allowed or measured_rad is None:
        return Step(motion=replace(motion, reason=why), velocity_radps=still)
    on_path = motion.path.lines[motion.line].position_rad(motion.along.done_ratio)
    off_goal = float(np.abs(motion.goal_rad - measured_rad).max())
    on_goal = float(np.abs(motion.goal_rad - on_path).max())
    if off_goal <= rejoin_rad and on_goal == 0.0:
        going = replace(motion, phase=Phase.MOVING, reason="", resume_error_rad=off_goal)
    else:
        start = motion.goal_rad if off_goal <= rejoin_rad else measured_rad
        going = replace(
            motion, phase=Phase.REJOINING, reason="", goal_rad=start, rejoin_radps=0.0,
            resume_error_rad=float(np.abs(start - measured_rad).max()),
        )  # fmt: skip
    return Step(motion=going, velocity_radps=still)


def _along(motion: Motion, path: Path, leave: Leave | None, why: str, dt_s: float) -> Step:
    """One step along the path; without leave one step towards rest."""
    line = path.lines[motion.line]
    target = 0.0 if leave is None else leave.speed_ratio * line.planned.speed_max_ratio_ps
    hard = leave is None or target < motion.along.speed_ratio_ps
    along = track(
        motion.along, target_ratio_ps=target, dt_s=dt_s,
        limits=line.stopping if hard else line.planned,
    )  # fmt: skip
    moved = replace(
        motion, along=along, goal_rad=line.position_rad(along.done_ratio),
        phase=Phase.MOVING if leave is not None else Phase.STOPPING, reason=why,
    )  # fmt: skip
    velocity = along.speed_ratio_ps * line.way_rad
    if along.done_ratio >= 1.0:
        if motion.line + 1 < len(path.lines):
            return Step(
                motion=replace(moved, line=motion.line + 1, along=Along()), velocity_radps=velocity
            )
        done = replace(moved, phase=Phase.IDLE, path=None, along=Along(), reason="")
        return Step(motion=done, velocity_radps=np.zeros_like(velocity), ended="")
    if leave is None and along.speed_ratio_ps == 0.0:
        return Step(motion=replace(moved, phase=Phase.HELD), velocity_radps=velocity)
    return Step(motion=moved, velocity_radps=velocity)


def _in_time(
    motion: Motion,
    path: TimedPath,
    settings: MotionSettings,
    leave: Leave | None,
    why: str,
    dt_s: float,
) -> Step:
    """One step along a path in time; without leave one step towards rest."""
    at_s, ratio = run_on(
        path, at_s=path.at_s(motion.line, motion.along.done_ratio),
        ratio=motion.along.speed_ratio_ps * path.lines[motion.line].took_s,
        target_ratio=0.0 if leave is None else leave.speed_ratio, motion=settings, dt_s=dt_s,
    )  # fmt: skip
    moment = path.curve.at(np.array([at_s]))
    goal, velocity = moment.position_rad[0], ratio * moment.velocity_radps[0]
    if at_s >= path.curve.end_s:
        done = replace(
            motion, phase=Phase.IDLE, path=None, line=0, along=Along(), goal_rad=goal, reason=""
        )
        return Step(motion=done, velocity_radps=np.zeros_like(goal), ended="")
    line, done_ratio = path.place(at_s)
    rests = leave is None and ratio == 0.0
    resting = Phase.HELD if rests else Phase.STOPPING
    moved = replace(
        motion, line=line, goal_rad=path.lines[line].position_rad(done_ratio), reason=why,
        along=Along(done_ratio=done_ratio, speed_ratio_ps=ratio / path.lines[line].took_s),
        phase=Phase.MOVING if leave is not None else resting,
    )  # fmt: skip
    return Step(motion=moved, velocity_radps=velocity)


def _rejoin(
    motion: Motion, path: Path, settings: MotionSettings, leave: Leave | None, why: str, dt_s: float
) -> Step:
    """One step straight back to the path, all joints together, slowly; without leave: rest.

    The permitted ratio takes from the speed of the way back as it does on the path.
    """
    assert motion.goal_rad is not None  # noqa: S101 step saw to it
    target = path.lines[motion.line].position_rad(motion.along.done_ratio)
    left = target - motion.goal_rad
    size = float(np.abs(left).max())
    if leave is None:
        at_rest = replace(motion, phase=Phase.HELD, reason=why)
        return Step(motion=at_rest, velocity_radps=np.zeros_like(left))
    rise = min(settings.acceleration_max_radps2) * dt_s
    most = leave.speed_ratio * settings.rejoin_velocity_radps
    speed = min(most, motion.rejoin_radps + rise)
    if size <= speed * dt_s:
        back = replace(motion, phase=Phase.MOVING, goal_rad=target)
        return Step(motion=back, velocity_radps=np.zeros_like(left))
    velocity = left * (speed / size)
    goal = motion.goal_rad + velocity * dt_s
    return Step(motion=replace(motion, goal_rad=goal, rejoin_radps=speed), velocity_radps=velocity)


def speed_ratio(motion: Motion) -> float:
    """Return the present speed along the path over the planned one."""
    if motion.path is None or motion.phase not in (Phase.MOVING, Phase.STOPPING):
        return 0.0
    planned: LineLimits = motion.path.lines[motion.line].planned
    return motion.along.speed_ratio_ps / planned.speed_max_ratio_ps
