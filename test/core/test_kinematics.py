"""Kinematics: agrees with pinocchio, and with itself however the batch is cut."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pinocchio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import angle_rad, length_m, pose, six_axes

from hrc_cell.core import kinematics
from hrc_cell.core.kinematics import (
    Chain,
    capsule_motion,
    capsule_velocities,
    capsules_at,
    forward,
    jacobian,
    solve_position,
    tool_pose,
)

triples = st.tuples(length_m, length_m, length_m)
turns = st.tuples(angle_rad, angle_rad, angle_rad)
axes = triples.filter(lambda v: np.linalg.norm(v) > 0.1)
joint = st.tuples(triples, turns, axes, angle_rad, st.floats(-3.0, 3.0))


def chain_of(joints, base, tool):
    axis = np.array([j[2] for j in joints])
    n = len(joints)
    return Chain(
        joints=tuple(f"j{i}" for i in range(n)),
        base=base,
        origin=np.array([pose(j[0], j[1]) for j in joints]),
        axis=axis / np.linalg.norm(axis, axis=1)[:, None],
        tool=tool,
        lower_rad=np.full(n, -math.pi),
        upper_rad=np.full(n, math.pi),
        velocity_max_radps=np.ones(n),
        capsule_names=("first", "last"),
        capsule_link=np.array([1, n]),
        capsule_start=np.array([[0.1, 0.0, -0.2], [0.0, 0.3, 0.1]]),
        capsule_end=np.array([[0.4, 0.1, 0.0], [0.0, 0.3, 0.1]]),
        capsule_radius_m=np.array([0.05, 0.1]),
    )


def pinocchio_of(chain):
    model = pinocchio.Model()
    at = 0
    for i, name in enumerate(chain.joints):
        origin = chain.origin[i] if i else chain.base @ chain.origin[0]
        at = model.addJoint(
            at, pinocchio.JointModelRevoluteUnaligned(chain.axis[i]), pinocchio.SE3(origin), name
        )
        model.appendBodyToJoint(at, pinocchio.Inertia.Random(), pinocchio.SE3.Identity())
    frame = model.addFrame(
        pinocchio.Frame("tool", at, 0, pinocchio.SE3(chain.tool), pinocchio.FrameType.OP_FRAME)
    )
    return model, frame


arms = st.builds(
    lambda joints, base, tool: (joints, chain_of(joints, pose(*base), pose(*tool))),
    st.lists(joint, min_size=1, max_size=7),
    st.tuples(triples, turns),
    st.tuples(triples, turns),
)


@given(arms)
def test_frames_jacobian_and_velocities_are_those_of_pinocchio(arm):
    joints, chain = arm
    q, qd = np.array([j[3] for j in joints]), np.array([j[4] for j in joints])
    model, frame = pinocchio_of(chain)
    data = model.createData()
    world = pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED
    theirs = pinocchio.computeFrameJacobian(model, data, q, frame, world).reshape(6, -1)
    pinocchio.forwardKinematics(model, data, q, qd)
    pinocchio.updateFramePlacements(model, data)

    np.testing.assert_allclose(tool_pose(chain, q), data.oMf[frame].homogeneous, atol=1e-9)
    np.testing.assert_allclose(jacobian(chain, q), theirs, atol=1e-9)
    frames = forward(chain, q)
    np.testing.assert_array_equal(frames[0], chain.base)
    for i in range(len(joints)):
        np.testing.assert_allclose(frames[i + 1], data.oMi[i + 1].homogeneous, atol=1e-9)
    start, end = capsules_at(chain, q)
    v_start, v_end = capsule_velocities(chain, q, qd)
    for k, link in enumerate(chain.capsule_link):
        placed = data.oMi[int(link)]
        moved = pinocchio.getVelocity(model, data, int(link), world)
        for at, v, local in (
            (start[k], v_start[k], chain.capsule_start[k]),
            (end[k], v_end[k], chain.capsule_end[k]),
        ):
            np.testing.assert_allclose(at, placed.act(local), atol=1e-9)
            arm_m = at - placed.translation
            np.testing.assert_allclose(v, moved.linear + np.cross(moved.angular, arm_m), atol=1e-9)


def test_a_batch_is_its_parts():
    chain, rng = six_axes(), np.random.default_rng(1)
    q, qd = rng.uniform(-2, 2, (3, 4, 6)), rng.uniform(-2, 2, (3, 4, 6))
    whole = [forward(chain, q), jacobian(chain, q), *capsule_motion(chain, q, qd)]
    assert [a.shape for a in whole] == [
        (3, 4, 7, 4, 4), (3, 4, 6, 6), *[(3, 4, 6, 3)] * 4,
    ]  # fmt: skip
    for at in np.ndindex(3, 4):
        parts = [forward(chain, q[at]), jacobian(chain, q[at])]
        parts += capsule_motion(chain, q[at], qd[at])
        for all_of, one in zip(whole, parts, strict=True):
            np.testing.assert_allclose(all_of[at], one, atol=1e-12)


def test_several_speeds_at_one_position_need_one_position():
    chain, rng = six_axes(), np.random.default_rng(2)
    q, qd = rng.uniform(-2, 2, 6), rng.uniform(-2, 2, (5, 6))
    start, _, v_start, v_end = capsule_motion(chain, q, qd)
    assert start.shape == (6, 3)
    for i in range(5):
        one = capsule_velocities(chain, q, qd[i])
        np.testing.assert_allclose(v_start[i], one[0], atol=1e-12)
        np.testing.assert_allclose(v_end[i], one[1], atol=1e-12)


def test_what_is_fixed_to_the_base_stands_still():
    chain = replace(six_axes(), capsule_link=np.zeros(6, dtype=np.int64))
    v_start, v_end = capsule_velocities(chain, np.ones(6), np.full(6, 9.0))
    assert not v_start.any()
    assert not v_end.any()


def test_an_unknown_joint_makes_all_after_it_unknown():
    start, end = capsules_at(six_axes(), [0.0, 0.0, math.nan, 0.0, 0.0, 0.0])
    assert np.isfinite(end[:2]).all()
    assert np.isnan(start[3:]).any(axis=-1).all()


def test_the_inverse_finds_a_pose_that_the_arm_can_take():
    chain, rng = six_axes(), np.random.default_rng(3)
    wanted = rng.uniform(-1.2, 1.2, (20, 6))
    found = solve_position(chain, tool_pose(chain, wanted), wanted + rng.uniform(-0.3, 0.3))
    assert found.reached.all()
    np.testing.assert_allclose(
        tool_pose(chain, found.position_rad), tool_pose(chain, wanted), atol=2e-3
    )
    assert (found.error_m <= 1e-4).all()
    assert (found.error_rad <= 1e-3).all()


def test_the_inverse_with_the_orientation_left_free():
    chain = six_axes()
    target = pose((0.45, 0.2, 0.9), (3.0, 0.1, 0.2))
    found = solve_position(chain, target, np.full(6, 0.2), rotation_weight_m=0.0)
    assert found.reached
    np.testing.assert_allclose(
        tool_pose(chain, found.position_rad)[:3, 3], target[:3, 3], atol=1e-4
    )
    assert found.error_rad > 0.1


def test_the_inverse_says_so_when_it_cannot_and_keeps_the_limits():
    chain = six_axes()
    found = solve_position(chain, pose((3.0, 0.0, 0.0)), np.full(6, 5.0))
    assert not found.reached
    assert found.error_m > 1.0
    assert (found.position_rad >= chain.lower_rad).all()
    assert (found.position_rad <= chain.upper_rad).all()


@pytest.mark.parametrize("axis", [(1, 0, 0), (0, 1, 0), (0, 0, 1), (-1, 0, 0)])
@pytest.mark.parametrize("angle", [0.0, 1e-6, 1.0, math.pi - 1e-6, math.pi])
def test_the_turn_still_to_make_is_seen_up_to_half_a_turn(axis, angle):
    goal = np.eye(4)
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    goal[:3, :3] += math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)
    error = kinematics._pose_error(goal, np.eye(4))
    assert np.linalg.norm(error[3:]) == pytest.approx(angle, abs=1e-7)
    made = np.eye(3)
    if angle:
        x, y, z = error[3:] / np.linalg.norm(error[3:])
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        made = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * (cross @ cross)
    np.testing.assert_allclose(made, goal[:3, :3], atol=1e-5)


def far(dice, count=1, within=0.4):
    """Return seeds and poses that no single step brings together."""
    chain = six_axes()
    wanted = dice.uniform(-1.0, 1.0, (count, 6))
    return chain, tool_pose(chain, wanted), wanted + dice.uniform(-within, within, (count, 6))


@pytest.mark.parametrize("weight_m", [0.0, 0.3, 1.0])
def test_a_step_of_the_inverse_is_the_damped_least_squares(weight_m):
    """Solved once more as one long system: the errors, and below them the damping."""
    damping = 0.05
    chain, goals, seeds = far(np.random.default_rng(4), 8, within=0.1)
    found = solve_position(
        chain, goals, seeds, rotation_weight_m=weight_m, damping=damping, steps=1
    )
    for goal, seed, to in zip(goals, seeds, found.position_rad, strict=True):
        error = kinematics._pose_error(goal, tool_pose(chain, seed))
        rows = jacobian(chain, seed)
        rows[3:] *= weight_m
        error[3:] *= weight_m
        system = np.vstack([rows, damping * np.eye(6)])
        step, *_ = np.linalg.lstsq(system, np.append(error, np.zeros(6)))
        assert np.abs(step).max() < 0.5, "else it would be cut"
        np.testing.assert_allclose(to, seed + step, atol=1e-9)


def test_no_step_of_the_inverse_turns_a_joint_by_more_than_half_a_radian():
    chain, goals, seeds = far(np.random.default_rng(5), 20, within=2.0)
    found = solve_position(chain, goals, seeds, steps=1)
    moved = np.abs(found.position_rad - np.clip(seeds, chain.lower_rad, chain.upper_rad))
    assert moved.max() == pytest.approx(0.5)


def test_reached_is_what_is_within_both_tolerances_their_ends_included():
    chain, goals, seeds = far(np.random.default_rng(6))
    off = solve_position(chain, goals, seeds, steps=2)
    m, rad = float(off.error_m[0]), float(off.error_rad[0])
    assert min(m, rad) > 0.0

    def reached(tolerance_m, tolerance_rad, **how):
        return bool(
            solve_position(
                chain, goals, seeds, steps=2, tolerance_m=tolerance_m,
                tolerance_rad=tolerance_rad, **how
            ).reached[0]
        )  # fmt: skip

    assert reached(m, rad)
    assert not reached(np.nextafter(m, 0.0), rad)
    assert not reached(m, np.nextafter(rad, 0.0))
    assert reached(1e9, 0.0, rotation_weight_m=0.0), "the orientation is left free"


def test_the_errors_are_those_of_the_pose_that_was_found():
    chain, goals, seeds = far(np.random.default_rng(7), 6)
    found = solve_position(chain, goals, seeds, steps=1)
    for i, pose_there in enumerate(tool_pose(chain, found.position_rad)):
        assert found.error_m[i] == pytest.approx(np.linalg.norm((goals[i] - pose_there)[:3, 3]))
        turn = goals[i][:3, :3] @ pose_there[:3, :3].T
        assert found.error_rad[i] == pytest.approx(np.arccos((np.trace(turn) - 1.0) / 2.0))


def test_unless_told_otherwise_the_inverse_is_right_to_a_tenth_of_a_millimetre_and_a_milliradian():
    chain, goals, seeds = far(np.random.default_rng(8), 40)
    seen = set()
    for weight_m, steps in itertools.product((0.01, 0.3, 3.0), range(1, 12)):
        found = solve_position(chain, goals, seeds, steps=steps, rotation_weight_m=weight_m)
        near, turned = found.error_m <= 1e-4, found.error_rad <= 1e-3
        np.testing.assert_array_equal(found.reached, near & turned)
        seen |= set(zip(near.tolist(), turned.tolist(), strict=True))
    assert len(seen) == 4


def test_unless_told_otherwise_the_inverse_takes_two_hundred_steps():
    chain = six_axes()
    beyond = pose((3.0, 0.4, 0.2))
    told = [solve_position(chain, beyond, np.full(6, 0.3), steps=n).error_m for n in (199, 200)]
    asked = solve_position(chain, beyond, np.full(6, 0.3)).error_m
    assert asked == told[1] != told[0]


def test_every_pose_is_tried_from_every_seed():
    chain, goals, seeds = far(np.random.default_rng(9), 3)
    found = solve_position(chain, goals[:2, None], seeds, steps=3)
    assert found.position_rad.shape == (2, 3, 6)
    for i, k in np.ndindex(2, 3):
        one = solve_position(chain, goals[i], seeds[k], steps=3)
        np.testing.assert_allclose(found.position_rad[i, k], one.position_rad, atol=1e-12)
    several = solve_position(chain, goals, seeds[0], steps=1)
    assert several.position_rad.shape == (3, 6)
