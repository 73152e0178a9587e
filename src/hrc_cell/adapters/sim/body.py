"""The body of a simulated person: eight capsules, and where they are while it walks and reaches.

Two legs that swing in turn, a torso, a head, and two arms of two bones each. Proportions follow
the body height (share of height: hip 0.53, shoulder 0.82, head 0.93, each arm bone 0.19; source:
rounded from the segment lengths of Drillis and Contini). A leg is a capsule of 0.06 m radius from
hip to foot, so a scanner at shin height sees two round legs.

Gait: while a foot stands it does not slide over the floor; the other one swings past it. A step is
0.65 m x sqrt(speed) long (speed in m/s), so that slow walkers make short steps and a standing
person has both feet side by side. Lengths in metres, cell frame, z up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.sim.scene import BodyShape

Array = npt.NDArray[np.float64]

LEG_RADIUS_M = 0.06
FOOT_M = 0.06  # centre of the lower end of a leg over the floor
STEP_M = 0.65  # at 1 m/s
_HIP, _SHOULDER, _HEAD, _BONE = 0.53, 0.82, 0.93, 0.19
_HIP_HALF_M, _SHOULDER_HALF_M = 0.10, 0.20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """All that the shape of a body follows from."""

    position_m: Array  # (2,) centre on the floor
    heading_rad: float
    speed_mps: float
    phase: float  # of the gait; a whole number of cycles makes no difference
    hand_m: Array | None = None  # (3,) where the right hand is; None: it hangs


def shapes(height_m: float) -> tuple[BodyShape, ...]:
    """Return the capsules of a body, in the order of `ends`."""
    leg = _HIP * height_m - FOOT_M
    bone = _BONE * height_m
    torso = (_SHOULDER - _HIP) * height_m
    return (
        BodyShape(name="left_leg", length_m=leg, radius_m=LEG_RADIUS_M),
        BodyShape(name="right_leg", length_m=leg, radius_m=LEG_RADIUS_M),
        BodyShape(name="torso", length_m=torso, radius_m=0.15),
        BodyShape(name="head", length_m=0.0, radius_m=0.10),
        BodyShape(name="left_upper_arm", length_m=bone, radius_m=0.045),
        BodyShape(name="left_forearm", length_m=bone, radius_m=0.04),
        BodyShape(name="right_upper_arm", length_m=bone, radius_m=0.045),
        BodyShape(name="right_forearm", length_m=bone, radius_m=0.04),
    )


def step_m(speed_mps: float) -> float:
    """Return the length of a step at a walking speed."""
    return STEP_M * math.sqrt(max(speed_mps, 0.0))


def phase_per_s(speed_mps: float) -> float:
    """Return gait cycles a second: two steps make a cycle."""
    length = step_m(speed_mps)
    return speed_mps / (2.0 * length) if length > 0.0 else 0.0


def foot_offset_m(speed_mps: float, phase: float) -> float:
    """Return how far ahead of the hip a foot is.

    First half of the cycle: it stands, and moves back at walking speed against the body. Second
    half: it swings forward.
    """
    half = step_m(speed_mps) / 2.0
    part = phase % 1.0
    if part < 0.5:
        return half * (1.0 - 4.0 * part)
    return -half * math.cos(2.0 * math.pi * (part - 0.5))


def hand_rest_m(height_m: float, stance: Stance) -> Array:
    """Return where the right hand hangs."""
    reach = 2.0 * _BONE * height_m
    return _shoulder(height_m, stance, side=-1.0) - np.array([0.0, 0.0, 0.98 * reach])


def carry_m(height_m: float, stance: Stance) -> Array:
    """Return where the right hand carries a part: before the belly."""
    ahead = _ahead(stance.heading_rad)
    return _shoulder(height_m, stance, side=-1.0) + np.array(
        [0.30 * ahead[0], 0.30 * ahead[1], -0.18 * height_m]
    )


def reach_m(height_m: float, stance: Stance, target_m: Array) -> float:
    """Return how far a target is beyond the right hand's reach; 0 or less: within it."""
    shoulder = _shoulder(height_m, stance, side=-1.0)
    return float(np.linalg.norm(target_m - shoulder)) - 2.0 * _BONE * height_m


def ends(height_m: float, stance: Stance) -> Array:
    """Return the end points of every capsule (8, 2, 3), in the order of `shapes`."""
    ahead = _ahead(stance.heading_rad)
    left = np.array([-ahead[1], ahead[0], 0.0])
    base = np.array([stance.position_m[0], stance.position_m[1], 0.0])
    up = np.array([0.0, 0.0, height_m])
    made = np.empty((8, 2, 3))
    leg = _HIP * height_m - FOOT_M
    for index, (side, shift) in enumerate(((1.0, 0.0), (-1.0, 0.5))):
        hip = base + side * _HIP_HALF_M * left + _HIP * up
        offset = foot_offset_m(stance.speed_mps, stance.phase + shift)
        drop = math.sqrt(max(leg * leg - offset * offset, 0.0))
        made[index] = hip, hip + offset * ahead - np.array([0.0, 0.0, drop])
    made[2] = base + _HIP * up, base + _SHOULDER * up
    made[3] = base + _HEAD * up
    for index, side in ((4, 1.0), (6, -1.0)):
        shoulder = _shoulder(height_m, stance, side=side)
        hand = shoulder - np.array([0.0, 0.0, 1.96 * _BONE * height_m])
        if side < 0.0 and stance.hand_m is not None:
            hand = stance.hand_m
        elbow, hand = _bend(shoulder, hand, _BONE * height_m, ahead)
        made[index] = shoulder, elbow
        made[index + 1] = elbow, hand
    return made


def hand_m(height_m: float, stance: Stance) -> Array:
    """Return where the right hand really is: its reach is limited."""
    hand: Array = ends(height_m, stance)[7, 1]
    return hand


def poses(capsule_ends: Array) -> tuple[Array, Array]:
    """Return centres (n, 3) and quaternions (n, 4; w first) that turn z along each capsule."""
    centre = capsule_ends.mean(axis=1)
    axis = capsule_ends[:, 1] - capsule_ends[:, 0]
    length = np.linalg.norm(axis, axis=1, keepdims=True)
    axis = np.where(length > 1e-9, axis / np.maximum(length, 1e-9), [0.0, 0.0, 1.0])
    # Half-way quaternion from z to the axis; straight down is half a turn about x.
    quat = np.stack([1.0 + axis[:, 2], -axis[:, 1], axis[:, 0], np.zeros(len(axis))], axis=1)
    quat[axis[:, 2] < -0.999999] = [0.0, 1.0, 0.0, 0.0]
    return centre, quat / np.linalg.norm(quat, axis=1, keepdims=True)


def _ahead(heading_rad: float) -> Array:
    return np.array([math.cos(heading_rad), math.sin(heading_rad), 0.0])


def _shoulder(height_m: float, stance: Stance, *, side: float) -> Array:
    ahead = _ahead(stance.heading_rad)
    x, y = stance.position_m
    return np.array([
        x - side * _SHOULDER_HALF_M * ahead[1],
        y + side * _SHOULDER_HALF_M * ahead[0],
        _SHOULDER * height_m,
    ])  # fmt: skip


def _bend(shoulder: Array, hand: Array, bone_m: float, ahead: Array) -> tuple[Array, Array]:
    """Return elbow and hand of an arm that reaches for `hand`; the elbow bends down and back."""
    away = hand - shoulder
    distance = float(np.linalg.norm(away))
    if distance > 1.98 * bone_m:
        away *= 1.98 * bone_m / distance
        hand, distance = shoulder + away, 1.98 * bone_m
    if distance < 1e-6:
        return shoulder - np.array([0.0, 0.0, bone_m]), shoulder
    along = away / distance
    outward = np.array([0.0, 0.0, -1.0]) - 0.3 * ahead
    outward -= outward.dot(along) * along
    outward /= max(float(np.linalg.norm(outward)), 1e-9)
    height = math.sqrt(max(bone_m**2 - distance**2 / 4.0, 0.0))
    return shoulder + away / 2.0 + height * outward, hand
