"""The description of the arm is whole: a URDF parser, pinocchio and MuJoCo read the same arm."""

import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import mujoco
import numpy as np
import pinocchio
import pytest
import xacro

URDF = Path(__file__).parents[2] / "urdf"
ARM = [f"joint_{number}" for number in range(1, 7)]


def expand(**mappings):
    arguments = {name: str(value) for name, value in mappings.items()}
    return xacro.process_file(str(URDF / "arm.urdf.xacro"), mappings=arguments).toxml()


@pytest.fixture(scope="module")
def text():
    return expand(mount_z=0.75)


def test_a_urdf_parser_finds_nothing_wrong(text, tmp_path):
    program = shutil.which("check_urdf")
    if program is None:
        pytest.skip("check_urdf is not installed (Debian package liburdfdom-tools)")
    file = tmp_path / "arm.urdf"
    file.write_text(text)
    done = subprocess.run([program, str(file)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Successfully Parsed" in done.stdout
    assert "rror" not in done.stderr


def test_the_chain_has_its_joints_in_order_from_the_cell_frame_to_the_tool(text):
    model = pinocchio.buildModelFromXML(text)
    names = list(model.names)[1:]
    assert names[:6] == ARM
    assert "gripper" in names
    assert model.existFrame("tool0")
    assert ET.fromstring(text).find("joint[@name='mount']/parent").attrib["link"] == "world"


def test_the_mount_moves_the_whole_arm():
    here = np.array([0.4, -0.2, 0.9])
    model = pinocchio.buildModelFromXML(
        expand(mount_x=0.4, mount_y=-0.2, mount_z=0.9, mount_yaw=np.pi / 2)
    )
    data = model.createData()
    pose = pinocchio.neutral(model)
    pose[1] = np.pi / 2  # leaning straight ahead, which is now the cell's y
    pinocchio.framesForwardKinematics(model, data, pose)
    tool = data.oMf[model.getFrameId("tool0")].translation
    reach = 0.30 + 0.28 + 0.135
    assert tool == pytest.approx(here + np.array([0.0, reach, 0.13]), abs=1e-9)


def test_masses_are_those_of_an_arm_of_this_size_and_every_inertia_is_possible(text):
    masses = []
    for inertial in ET.fromstring(text).iter("inertial"):
        mass = float(inertial.find("mass").attrib["value"])
        tensor = {key: float(value) for key, value in inertial.find("inertia").attrib.items()}
        a, b, c = tensor["ixx"], tensor["iyy"], tensor["izz"]
        assert min(a, b, c) > 0.0
        assert a + b >= c
        assert b + c >= a
        assert c + a >= b
        masses.append(mass)
    assert 4.0 <= sum(masses) <= 6.0


def test_every_moving_link_has_mass_and_shape(text):
    root = ET.fromstring(text)
    moving = {
        joint.find("child").attrib["link"]
        for joint in root.findall("joint")
        if joint.attrib["type"] == "revolute"
    }
    for link in root.findall("link"):
        if link.attrib["name"] in moving:
            assert link.find("inertial") is not None
            assert link.find("collision") is not None


def test_the_motors_can_hold_the_arm_stretched_out_with_a_third_to_spare(text):
    model = pinocchio.buildModelFromXML(text)
    data = model.createData()
    pose = pinocchio.neutral(model)
    pose[1] = np.pi / 2
    torque = pinocchio.computeGeneralizedGravity(model, data, pose)
    assert np.all(np.abs(torque) < model.upperEffortLimit * 2.0 / 3.0)


def test_mujoco_reads_the_same_arm(text):
    spec = mujoco.MjSpec.from_string(text)
    spec.compiler.fusestatic = False
    made = spec.compile()
    model = pinocchio.buildModelFromXML(text)
    said = sum(float(m.attrib["value"]) for m in ET.fromstring(text).iter("mass"))
    assert sum(made.body_mass) == pytest.approx(said)
    assert {made.joint(i).name for i in range(made.njnt)} == set(list(model.names)[1:])
