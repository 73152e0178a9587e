"""The description: what the file says becomes the chain, and what it contradicts is named."""

import math
import xml.etree.ElementTree as ET
from dataclasses import replace
from re import DOTALL, sub

import numpy as np
import pinocchio
import pytest
from strategies import default_cell, pose

from hrc_cell.adapters import urdf
from hrc_cell.adapters.description import load_description
from hrc_cell.core.kinematics import capsules_at, jacobian, tool_pose
from hrc_cell.settings.share import find_named, share_folder

HEAD = """<?xml version="1.0"?>
<robot name="small" xmlns:xacro="http://www.ros.org/wiki/xacro">
  <xacro:arg name="mount_x" default="0"/> <xacro:arg name="mount_y" default="0"/>
  <xacro:arg name="mount_z" default="0"/> <xacro:arg name="mount_yaw" default="0"/>
  <link name="world"/>
  <joint name="mount" type="fixed">
    <parent link="world"/><child link="base_link"/>
    <origin xyz="$(arg mount_x) $(arg mount_y) $(arg mount_z)" rpy="0 0 $(arg mount_yaw)"/>
  </joint>
  <link name="base_link">
    <collision><geometry><box size="0.3 0.3 0.1"/></geometry></collision>
  </link>
  <joint name="riser" type="fixed">
    <parent link="base_link"/><child link="riser"/><origin xyz="0 0 0.08" rpy="0.1 0 0"/>
  </joint>
  <link name="riser"/>
"""
AXES = "".join(
    f"""<joint name="joint_{i}" type="revolute">
      <parent link="{f"link_{i - 1}" if i > 1 else "riser"}"/><child link="link_{i}"/>
      <origin xyz="0.01 0 0.1" rpy="0.1 {0.2 * i} -0.3"/><axis xyz="0 {1 - i % 2} {2 * (i % 2)}"/>
      <limit lower="-2.5" upper="{2 + 0.1 * i}" velocity="{3 + i}" effort="10"/>
    </joint>
    <link name="link_{i}">
      <inertial><mass value="1"/>
        <inertia ixx="1" iyy="1" izz="1" ixy="0" ixz="0" iyz="0"/></inertial>
      <collision><origin xyz="0 0 0.05" rpy="0.3 0.2 0"/>
        <geometry>{shape}</geometry></collision>
    </link>
    """
    for i, shape in enumerate(
        ['<cylinder radius="0.04" length="0.2"/>', '<box size="0.3 0.04 0.06"/>'] * 2
        + ['<sphere radius="0.05"/>', '<cylinder radius="0.03" length="0.05"/>'],
        start=1,
    )
)
HAND = """
  <joint name="hand" type="fixed">
    <parent link="link_6"/><child link="hand"/><origin xyz="0 0 0.06" rpy="0 0 0.5"/>
  </joint>
  <link name="hand">
    <collision><geometry><box size="0.04 0.1 0.06"/></geometry></collision>
    <collision><geometry><sphere radius="0.02"/></geometry></collision>
  </link>
  <joint name="gripper" type="revolute">
    <parent link="hand"/><child link="finger"/><origin xyz="0 0.02 0.03"/><axis xyz="1 0 0"/>
    <limit lower="-0.1" upper="1.1" velocity="4" effort="2"/>
  </joint>
  <link name="finger">
    <collision><origin xyz="0 0 0.04"/><geometry><box size="0.02 0.01 0.08"/></geometry></collision>
  </link>
  <joint name="gripper_2" type="revolute">
    <parent link="hand"/><child link="finger_2"/><origin xyz="0 -0.02 0.03"/><axis xyz="-1 0 0"/>
    <limit lower="-0.1" upper="1.1" velocity="4" effort="2"/><mimic joint="gripper"/>
  </joint>
  <link name="finger_2">
    <collision><origin xyz="0 0 0.04"/><geometry><box size="0.02 0.01 0.08"/></geometry></collision>
  </link>
  <joint name="slide" type="prismatic">
    <parent link="hand"/><child link="slide"/><axis xyz="0 0 1"/>
    <limit lower="0" upper="1" velocity="4" effort="2"/>
    <mimic joint="gripper" multiplier="0.02" offset="0.01"/>
  </joint>
  <link name="slide"><collision><geometry><sphere radius="0.01"/></geometry></collision></link>
  <joint name="tool" type="fixed">
    <parent link="hand"/><child link="tool0"/><origin xyz="0 0 0.12" rpy="0 0.1 0"/>
  </joint>
  <link name="tool0"/>
"""
SMALL = HEAD + AXES + HAND + "</robot>"
HEAD_WORLD = SMALL[SMALL.index('  <link name="world"/>') : SMALL.index('  <link name="base_link">')]


def cell_with(folder, text=SMALL, **mount):
    """Return the default cell with `text` as its description, beside its cell.yaml."""
    (folder / "small.urdf.xacro").write_text(text)
    cell = default_cell()
    robot = replace(
        cell.file.robot,
        description="small.urdf.xacro",
        mount=replace(cell.file.robot.mount, **mount),
        gripper=replace(cell.file.robot.gripper, open_rad=1.0, closed_rad=0.0),
        poses={"home": (0.0, -0.6, 1.4, 0.0, 0.8, 0.0)},
    )
    return replace(cell, folder=folder, file=replace(cell.file, robot=robot))


def test_the_chain_is_that_of_pinocchio_on_the_same_file(tmp_path):
    made = load_description(cell_with(tmp_path, x_m=0.3, y_m=-0.2, yaw_rad=0.7))
    model = pinocchio.buildModelFromXML(made.urdf_text)
    data = model.createData()
    frame = model.getFrameId("tool0")
    world = pinocchio.ReferenceFrame.LOCAL_WORLD_ALIGNED
    rng = np.random.default_rng(4)
    assert made.chain.joints == tuple(f"joint_{i}" for i in range(1, 7))
    for _ in range(20):
        q = rng.uniform(made.chain.lower_rad, made.chain.upper_rad)
        full = np.zeros(model.nq)
        full[:6] = q
        theirs = pinocchio.computeFrameJacobian(model, data, full, frame, world)[:, :6]
        pinocchio.framesForwardKinematics(model, data, full)
        np.testing.assert_allclose(tool_pose(made.chain, q), data.oMf[frame].homogeneous, atol=1e-9)
        np.testing.assert_allclose(jacobian(made.chain, q), theirs, atol=1e-9)


def test_limits_and_names_are_those_of_the_file(tmp_path):
    made = load_description(cell_with(tmp_path))
    np.testing.assert_allclose(made.chain.lower_rad, -2.5)
    np.testing.assert_allclose(made.chain.upper_rad, [2.1, 2.2, 2.3, 2.4, 2.5, 2.6])
    np.testing.assert_allclose(made.chain.velocity_max_radps, [4, 5, 6, 7, 8, 9])
    assert (made.hand_lower_rad, made.hand_upper_rad, made.hand_velocity_max_radps) == (
        -0.1,
        1.1,
        4,
    )
    assert made.chain.capsule_names == (
        "link_1", "link_2", "link_3", "link_4", "link_5", "link_6",
        "hand", "hand.2", "finger", "finger_2", "slide",
    )  # fmt: skip
    assert made.chain.capsule_link.tolist() == [1, 2, 3, 4, 5, 6, 6, 6, 6, 6, 6]


def corners(shape, rng):
    """Return points of the surface of an URDF shape, in its own frame."""
    if shape.tag == "sphere":
        p = rng.normal(size=(50, 3))
        return p / np.linalg.norm(p, axis=1)[:, None] * float(shape.get("radius"))
    if shape.tag == "box":
        size = np.array([float(v) for v in shape.get("size").split()])
        return rng.choice([-0.5, 0.5], (50, 3)) * size
    angle = rng.uniform(0, 2 * math.pi, 50)
    flat = np.stack([np.cos(angle), np.sin(angle)], axis=1) * float(shape.get("radius"))
    return np.column_stack([flat, rng.choice([-0.5, 0.5], 50) * float(shape.get("length"))])


@pytest.mark.req("S2")
def test_every_point_of_every_moving_shape_lies_in_its_capsule(tmp_path):
    """Whatever the arm's and the gripper's joints do, as pinocchio places the shapes."""
    made = load_description(cell_with(tmp_path))
    model = pinocchio.buildModelFromXML(made.urdf_text)
    data = model.createData()
    rng = np.random.default_rng(5)
    links = {link.get("name"): link for link in ET.fromstring(made.urdf_text).iter("link")}
    at = {name: model.joints[model.getJointId(name)].idx_q for name in model.names[1:]}
    for _ in range(60):
        q = rng.uniform(made.chain.lower_rad, made.chain.upper_rad)
        grip = rng.uniform(made.hand_lower_rad, made.hand_upper_rad)
        full = np.zeros(model.nq)
        full[:6] = q
        full[at["gripper"]], full[at["gripper_2"]] = grip, grip
        full[at["slide"]] = 0.02 * grip + 0.01
        pinocchio.framesForwardKinematics(model, data, full)
        start, end = capsules_at(made.chain, q)
        for k, name in enumerate(made.chain.capsule_names):
            link, _, number = name.partition(".")
            shape = links[link].findall("collision")[int(number or 1) - 1]
            origin = urdf.pose_of(shape.find("origin"))
            placed = data.oMf[model.getFrameId(link, pinocchio.FrameType.BODY)].homogeneous @ origin
            points = corners(shape.find("geometry")[0], rng) @ placed[:3, :3].T + placed[:3, 3]
            along = end[k] - start[k]
            part = np.clip((points - start[k]) @ along / max(along @ along, 1e-12), 0, 1)
            gap = np.linalg.norm(points - start[k] - part[:, None] * along, axis=1)
            assert (gap <= made.chain.capsule_radius_m[k] + 1e-9).all(), name


def test_a_file_without_a_world_is_put_where_the_mount_says(tmp_path):
    bare = SMALL.replace(HEAD_WORLD, "")
    made = load_description(cell_with(tmp_path, bare, x_m=0.3, yaw_rad=0.7))
    mount = pose((0.3, 0.0, 0.75), (0, 0, 0.7))
    np.testing.assert_allclose(made.chain.base, mount @ pose((0, 0, 0.08), (0.1, 0, 0)), atol=1e-12)


def test_a_file_of_the_cell_folder_comes_before_that_of_the_package(tmp_path):
    named = {"shelf": "urdf", "name": "arm.urdf.xacro", "key": "robot.description"}
    assert find_named(tmp_path, **named) == share_folder() / "urdf" / "arm.urdf.xacro"
    (tmp_path / "arm.urdf.xacro").write_text("of this cell")
    assert find_named(tmp_path, **named) == tmp_path / "arm.urdf.xacro"


def wrong(text, old, new):
    assert old in text, old
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name="joint_3"', 'name="elbow"', "no joint 'joint_3'; it has elbow, gripper"),
        ('name="joint_3" type="revolute"', 'name="joint_3" type="fixed"', "is fixed, not rev"),
        ('lower="-2.5" ', "", "joint 'joint_1': its limit lacks lower"),
        ('lower="-2.5"', 'lower="2.5"', "joint 'joint_1': lower < upper"),
        ('velocity="4"', 'velocity="0"', "joint 'joint_1': lower < upper and velocity > 0"),
        ('velocity="4"', 'velocity="nan"', "joint 'joint_1': lower < upper and velocity > 0"),
        ('upper="2.3"', 'upper="0.5"', r"robot.poses.home: joint_3 = 1.4 rad is outside"),
        ('upper="1.1"', 'upper="0.5"', r"robot.gripper.open_rad = 1.0 rad is outside"),
        ('<link name="tool0"/>', "", "no link 'tool0'"),
        ('<axis xyz="0 0 2"/>', '<axis xyz="0 0 0"/>', "joint 'joint_1': its axis"),
        ('<sphere radius="0.05"/>', '<mesh filename="x.stl"/>', "link 'link_5': collision"),
        ('<geometry><sphere radius="0.05"/></geometry>', "", "link 'link_5': collision"),
        ('<mimic joint="gripper"/>', "", "joint 'gripper_2' moves, but no motor"),
        ('<parent link="link_2"/>', '<parent link="riser"/>', "does not hang on link 'link_2'"),
        ('<parent link="link_2"/>', '<parent link="link_1"/>', "'joint_1' moves, but robot.arm"),
        ('<parent link="base_link"/>', '<parent link="hand"/>', "hangs on itself"),
        ('<child link="riser"/>', '<child link="base_link"/>', "'base_link' hangs on two joints"),
        ('name="riser" type="fixed"', 'name="riser" type="revolute"', "'riser' moves, but"),
        ('$(arg mount_x)', "0.5", "stands at robot.mount"),
        ('<child link="riser"/>', "", "joint 'riser' has no parent or no child"),
        ('$(arg mount_x)', "$(arg unheard_of)", "xacro: "),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(tmp_path, old, new, complaint):
    with pytest.raises(ValueError, match=complaint) as caught:
        load_description(cell_with(tmp_path, wrong(SMALL, old, new)))
    assert "small.urdf.xacro" in str(caught.value)


def test_an_arm_without_shapes_is_refused(tmp_path):
    start = SMALL.index('<joint name="joint_1"')
    bare = SMALL[:start] + sub("<collision>.*?</collision>", "", SMALL[start:], flags=DOTALL)
    with pytest.raises(ValueError, match="no link of the arm has a collision shape"):
        load_description(cell_with(tmp_path, bare))


def test_a_missing_file_names_the_places_looked_at(tmp_path):
    cell = cell_with(tmp_path)
    (tmp_path / "small.urdf.xacro").unlink()
    with pytest.raises(FileNotFoundError, match=r"small.urdf.xacro.*looked at.*urdf"):
        load_description(cell)


def test_the_arm_of_the_default_cell_is_read():
    chain = load_description(default_cell()).chain
    assert len(chain.joints) == 6
    np.testing.assert_allclose(chain.base, pose((0.0, 0.0, 0.75)), atol=1e-12)
    assert set(chain.capsule_names) >= {f"link_{i}" for i in range(1, 7)}
