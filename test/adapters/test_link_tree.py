"""The robot as something to draw: the tree of links says the same as the cell's kinematics."""

import json

import numpy as np
import pytest
from strategies import default_cell

from hrc_cell.adapters.description import load_description, read_description
from hrc_cell.adapters.link_tree import drawing
from hrc_cell.core.kinematics import forward, tool_pose

CELL = default_cell()
DESCRIPTION = load_description(CELL)


def matrix(numbers):
    return np.array(numbers).reshape(4, 4)


def about(axis, angle):
    x, y, z = axis
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    pose = np.eye(4)
    pose[:3, :3] += np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return pose


def placed(model, angles):
    """Return the pose of every link in the cell, by the tree alone."""
    poses = {}
    for link in model["links"]:
        if link["above"] is None:
            poses[link["name"]] = matrix(link["pose"])
            continue
        pose = poses[link["above"]] @ matrix(link["pose"])
        if link["motor"]:
            pose = pose @ about(link["axis"], link["scale"] * angles[link["motor"]] + link["shift"])
        poses[link["name"]] = pose
    return poses


@pytest.mark.parametrize("scale", [0.0, 0.5, -1.0])
def test_the_tree_places_every_link_as_kinematics_do(scale):
    chain = DESCRIPTION.chain
    q = scale * np.array([0.9, -0.7, 1.1, 0.5, -0.8, 1.3])
    angles = {**dict(zip(chain.joints, q, strict=True)), "gripper": 0.3}
    model = json.loads(json.dumps(drawing(DESCRIPTION, CELL)))
    poses = placed(model, angles)
    for index, frame in enumerate(forward(chain, q)):
        name = f"link_{index}" if index else "base_link"
        assert np.allclose(poses[name], frame, atol=1e-5), name
    assert np.allclose(poses[model["tool"]], tool_pose(chain, q), atol=1e-5)


def test_each_link_comes_after_the_one_that_it_hangs_on():
    names = []
    for link in drawing(DESCRIPTION, CELL)["links"]:
        assert link["above"] in (None, *names)
        names.append(link["name"])


def test_a_mimic_follows_the_motor_of_the_one_it_mimics():
    links = {link["name"]: link for link in drawing(DESCRIPTION, CELL)["links"]}
    left, right = links["finger_left"], links["finger_right"]
    assert left["motor"] == right["motor"] == "gripper"
    assert (right["scale"], right["shift"]) == (1.0, 0.0)
    assert left["axis"] == [-axis for axis in right["axis"]]


def test_a_root_that_is_not_the_world_stands_at_the_mount():
    text = DESCRIPTION.urdf_text.replace('"world"', '"cell_floor"')
    description = read_description(text, CELL)
    model = drawing(description, CELL)
    mount = CELL.file.robot.mount
    root = matrix(model["links"][0]["pose"])
    assert np.allclose(root[:3, 3], [mount.x_m, mount.y_m, mount.z_m])
    q = np.zeros(len(description.chain.joints))
    angles = dict.fromkeys((*description.chain.joints, "gripper"), 0.0)
    assert np.allclose(placed(model, angles)["tool0"], tool_pose(description.chain, q), atol=1e-5)
