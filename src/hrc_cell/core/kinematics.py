"""Where each part of the arm is, and how fast it moves.

An open chain of revolute joints. Metres, radians, seconds; everything comes out in the cell frame
(floor, x ahead of the arm, z up). All functions take leading batch axes: joint positions are
(..., n), and the answer carries the same leading axes.

    link frame i = base * origin_1 * Rot(axis_1, q_1) * ... * origin_i * Rot(axis_i, q_i)

Link 0 is the base, which does not move; link i moves with joint i. The arm's body is a set of
capsules (a segment and a radius), each fixed to one link.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Like = npt.ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chain:
    """The arm: n joints from the base to the tool, and k capsules around its links."""

    joints: tuple[str, ...]
    base: Array  # (4, 4) base link in the cell frame
    origin: Array  # (n, 4, 4) parent link to joint frame, at zero
    axis: Array  # (n, 3) unit vector in the joint frame
    tool: Array  # (4, 4) last link to tool centre point
    lower_rad: Array  # (n,)
    upper_rad: Array  # (n,)
    velocity_max_radps: Array  # (n,)
    capsule_names: tuple[str, ...]
    capsule_link: npt.NDArray[np.int64]  # (k,) 0: the base, i: moves with joint i
    capsule_start: Array  # (k, 3) [m] in the link frame
    capsule_end: Array  # (k, 3) [m]
    capsule_radius_m: Array  # (k,)
    _ends: Array = field(init=False)  # (3, 2 k) [m] in the link frames: starts, then ends
    _ends_link: npt.NDArray[np.int64] = field(init=False)  # (2 k,)
    _sines: Array = field(init=False)  # (n, 4, 4) what the sine of a joint's angle counts
    _versines: Array = field(init=False)  # (n, 4, 4) and what 1 less its cosine does

    def __post_init__(self) -> None:
        x, y, z = self.axis.T
        cross = np.zeros((len(self.joints), 4, 4))
        cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -z, y, -x
        cross[:, 1, 0], cross[:, 2, 0], cross[:, 2, 1] = z, -y, x
        once = self.origin @ cross
        ends = np.concatenate([self.capsule_start, self.capsule_end]).T.copy()
        object.__setattr__(self, "_ends", ends)
        object.__setattr__(self, "_ends_link", np.tile(self.capsule_link, 2))
        object.__setattr__(self, "_sines", once)
        object.__setattr__(self, "_versines", once @ cross)


def forward(chain: Chain, position_rad: Like) -> Array:
    """Return the link frames (..., n+1, 4, 4) in the cell frame, base first."""
    q = np.asarray(position_rad, dtype=np.float64)
    turns = _turns(chain, q)
    frames = np.empty((len(chain.joints) + 1, *q.shape[:-1], 4, 4))
    frames[0] = chain.base
    for before, turn, after in zip(frames, turns, frames[1:], strict=False):
        np.matmul(before, turn, out=after)
    in_order: Array = frames.transpose(*range(1, q.ndim), 0, -2, -1)
    return in_order


def tool_pose(chain: Chain, position_rad: Like) -> Array:
    """Return the pose (..., 4, 4) of the tool centre point in the cell frame."""
    tip: Array = forward(chain, position_rad)[..., -1, :, :] @ chain.tool
    return tip


def capsules_at(chain: Chain, position_rad: Like) -> tuple[Array, Array]:
    """Return start and end (..., k, 3) of every capsule's segment in the cell frame."""
    return _halves(_last(_ends(chain, _placed(forward(chain, position_rad)))))


def capsule_velocities(
    chain: Chain, position_rad: Like, velocity_radps: Like
) -> tuple[Array, Array]:
    """Return the velocity (..., k, 3) [m/s] of both ends of every capsule's segment.

    A link is rigid, so the velocity of a point between the ends is the mean of theirs, weighted
    by where it lies.
    """
    _, _, v_start, v_end = capsule_motion(chain, position_rad, velocity_radps)
    return v_start, v_end


def capsule_motion(
    chain: Chain, position_rad: Like, velocity_radps: Like
) -> tuple[Array, Array, Array, Array]:
    """Return start, end (..., k, 3) [m] and their velocities [m/s] with one forward pass.

    `velocity_radps` may carry more leading axes than `position_rad`; then the ends do not.
    """
    ends, velocity = ends_motion(chain, position_rad, velocity_radps)
    return *_halves(ends), *_halves(velocity)


def ends_motion(chain: Chain, position_rad: Like, velocity_radps: Like) -> tuple[Array, Array]:
    """Return the ends (..., 2 k, 3) [m] of all capsules, first every start, and their velocities.

    With w the angular velocity of the capsule's link and v0 the velocity that a point of the link
    would have at the cell's origin: v(p) = v0 + w x p. Both are sums over the joints before it.
    """
    placed = _placed(forward(chain, position_rad))
    ends = _ends(chain, placed)
    axis, anchor = _axes(chain, placed)
    rate = np.asarray(velocity_radps, dtype=np.float64)
    wide = (slice(None), *(None,) * (rate.ndim + 1 - axis.ndim))  # of velocities with more axes
    twist = np.zeros((6, *rate.shape[:-1], len(chain.joints) + 1))
    np.cumsum(rate * axis[wide], axis=-1, out=twist[:3, ..., 1:])
    np.cumsum(rate * _cross(anchor, axis)[wide], axis=-1, out=twist[3:, ..., 1:])
    moved = twist.take(chain._ends_link, axis=-1)
    return _last(ends), _last(moved[3:] + _cross(moved[:3], ends))


def jacobian(chain: Chain, position_rad: Like) -> Array:
    """Return the Jacobian (..., 6, n) of the tool centre point in the cell frame.

    Rows 0-2: velocity of the point [m/s per rad/s]; rows 3-5: angular velocity.
    """
    frames = forward(chain, position_rad)
    axis, anchor = _axes(chain, _placed(frames))
    tip = np.moveaxis((frames[..., -1, :, :] @ chain.tool)[..., None, :3, 3], -1, 0)
    return np.moveaxis(np.concatenate([_cross(axis, tip - anchor), axis]), 0, -2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solution:
    """Joint positions that bring the tool near a pose, and how near. Leading batch axes."""

    position_rad: Array  # (..., n) within the joint limits
    error_m: Array  # (...,)
    error_rad: Array  # (...,)
    reached: npt.NDArray[np.bool_]  # (...,) both errors within the tolerances


def solve_position(
    chain: Chain,
    target: Like,
    seed_rad: Like,
    *,
    tolerance_m: float = 1e-4,
    tolerance_rad: float = 1e-3,
    rotation_weight_m: float = 0.3,
    damping: float = 0.02,
    steps: int = 200,
) -> Solution:
    """Return joint positions with the tool at `target` (..., 4, 4), begun at `seed_rad` (..., n).

    Damped least squares, q += J^T (J J^T + damping^2 I)^-1 e, clipped to the joint limits after
    every step (Wampler 1986; Nakamura and Hanafusa 1986). `rotation_weight_m` says how many metres
    of error one radian counts; 0 leaves the orientation free. Many seeds may be tried at once by a
    batch. Not finding a solution is no error: read `reached`.
    """
    goal, q = np.asarray(target, dtype=np.float64), np.asarray(seed_rad, dtype=np.float64)
    lead = np.broadcast_shapes(goal.shape[:-2], q.shape[:-1])
    q = np.clip(np.broadcast_to(q, (*lead, q.shape[-1])), chain.lower_rad, chain.upper_rad)
    weight = np.array([1.0] * 3 + [rotation_weight_m] * 3)
    for _ in range(steps):
        error = _pose_error(goal, tool_pose(chain, q)) * weight
        rows = jacobian(chain, q) * weight[:, None]
        square = rows @ np.swapaxes(rows, -1, -2) + damping**2 * np.eye(6)
        step = (np.swapaxes(rows, -1, -2) @ np.linalg.solve(square, error[..., None]))[..., 0]
        q = np.clip(q + np.clip(step, -0.5, 0.5), chain.lower_rad, chain.upper_rad)
    error = _pose_error(goal, tool_pose(chain, q))
    error_m = np.linalg.norm(error[..., :3], axis=-1)
    error_rad = np.linalg.norm(error[..., 3:], axis=-1)
    turned = error_rad <= tolerance_rad if rotation_weight_m > 0.0 else True
    reached = (error_m <= tolerance_m) & turned
    return Solution(position_rad=q, error_m=error_m, error_rad=error_rad, reached=reached)


def _turns(chain: Chain, q: Array) -> Array:
    """Return (n, ..., 4, 4), each joint's origin times its turn (Rodrigues).

    O (1 + sin K + (1 - cos) K^2) as a sum of three matrices that do not depend on the position.
    Each joint's lie together in memory: they are multiplied twice as fast.
    """
    angle = q.transpose(-1, *range(q.ndim - 1))[..., None, None]
    wide = (slice(None), *(None,) * (q.ndim - 1))
    still, sines, versines = (part[wide] for part in (chain.origin, chain._sines, chain._versines))
    placed: Array = still + np.sin(angle) * sines + (1.0 - np.cos(angle)) * versines
    return placed


def _placed(frames: Array) -> Array:
    """Return link frames (..., n+1, 4, 4) as (3, 4, ..., n+1): what follows takes x, y and z apart,
    each on its own in memory, which is many times faster on small arrays."""
    placed: Array = frames[..., :3, :].transpose(-2, -1, *range(frames.ndim - 2))
    return placed


def _last(parts: Array) -> Array:
    """Return x, y and z (3, ...) as points (..., 3), left where they are in memory."""
    points: Array = parts.transpose(*range(1, parts.ndim), 0)
    return points


def _ends(chain: Chain, placed: Array) -> Array:
    """Return start, then end of all capsules (3, ..., 2 k)."""
    held = placed.take(chain._ends_link, axis=-1)
    x, y, z = chain._ends
    ends: Array = held[:, 0] * x + held[:, 1] * y + held[:, 2] * z + held[:, 3]
    return ends


def _halves(ends: Array) -> tuple[Array, Array]:
    """Return of starts and ends (..., 2 k, 3) the starts and the ends."""
    count = ends.shape[-2] // 2
    return ends[..., :count, :], ends[..., count:, :]


def _axes(chain: Chain, placed: Array) -> tuple[Array, Array]:
    """Return each joint's axis and a point on it, (3, ..., n) each. A turn keeps its own axis."""
    moved = placed[..., 1:].copy()
    x, y, z = chain.axis.T
    return moved[:, 0] * x + moved[:, 1] * y + moved[:, 2] * z, moved[:, 3]


def _cross(a: Array, b: Array) -> Array:
    """Return a x b along the first axis; many times faster than numpy's on small arrays."""
    (ax, ay, az), (bx, by, bz) = a, b
    along_x = ay * bz - az * by
    cross = np.empty((3, *along_x.shape))
    cross[0], cross[1], cross[2] = along_x, az * bx - ax * bz, ax * by - ay * bx
    return cross


def _pose_error(goal: Array, pose: Array) -> Array:
    """Return (..., 6): way to go [m] and turn to make [rad, axis times angle], cell frame."""
    turn = goal[..., :3, :3] @ np.swapaxes(pose[..., :3, :3], -1, -2)
    skew = np.stack(
        [
            turn[..., 2, 1] - turn[..., 1, 2],
            turn[..., 0, 2] - turn[..., 2, 0],
            turn[..., 1, 0] - turn[..., 0, 1],
        ],
        axis=-1,
    )
    sin = np.linalg.norm(skew, axis=-1) / 2.0
    cos: Any = (np.trace(turn, axis1=-2, axis2=-1) - 1.0) / 2.0
    angle = np.arctan2(sin, cos)
    # At half a turn the skew part vanishes, and every column of turn + 1 lies along the axis.
    columns = turn + np.eye(3)
    largest = np.argmax(np.einsum("...ii->...i", columns), axis=-1)[..., None, None]
    column = np.take_along_axis(columns, largest, axis=-1)[..., 0]
    flat = ((sin < 1e-9) & (cos < 0.0))[..., None]
    along = np.where(flat, column, skew)
    size = np.maximum(np.linalg.norm(along, axis=-1), 1e-300)
    return np.concatenate(
        [goal[..., :3, 3] - pose[..., :3, 3], along * (angle / size)[..., None]], axis=-1
    )
