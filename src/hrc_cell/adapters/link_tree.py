"""The robot as something to draw: every link, what it hangs on, how it moves, and its shapes.

All of it comes from the description that kinematics and monitor are made from, as plain JSON data,
so that whoever draws it needs neither xacro nor a file of this machine. Frames as in REP-103: x
ahead, y left, z up; poses are 16 numbers row by row, in the frame of the link above, and a link
turns or slides about its axis behind that pose. Metres and radians.

Of a link's shapes the collision shapes are told: cylinder [radius, length] and box [x, y, z] about
the pose's z and axes, sphere [radius]. The capsules that the monitor judges by stand beside them.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

import numpy as np

from hrc_cell.adapters.description import TOOL_LINK, Description
from hrc_cell.adapters.urdf import Array, Joint, joint_of, numbers_of, pose_of, turn
from hrc_cell.settings.cell import Cell

DIGITS = 6


def drawing(description: Description, cell: Cell) -> dict[str, Any]:
    """Return the robot of a cell: `links` with the one above before those below, and `capsules`."""
    root = ET.fromstring(description.urdf_text)  # noqa: S314 our own file
    joints = [joint_of(one) for one in root.findall("joint")]
    above = {joint.child: joint for joint in joints}
    shapes = {one.attrib["name"]: _shapes(one) for one in root.iter("link")}
    order = sorted(shapes, key=lambda name: len(_way(above, name)))
    chain = description.chain
    moved = [_moved_by(joints, name) for name in chain.joints]
    return {
        "links": [
            {"name": name, "above": None, "pose": _root(name, cell), "shapes": shapes[name]}
            if name not in above
            else {"name": name, "shapes": shapes[name], **_hung(above[name])}
            for name in order
        ],
        "tool": TOOL_LINK,
        "capsules": [
            {
                "name": name, "link": moved[link - 1],
                "start": _rounded(start), "end": _rounded(end),
                "radius": round(float(radius), DIGITS),
            }
            for name, link, start, end, radius in zip(
                chain.capsule_names, chain.capsule_link.tolist(), chain.capsule_start,
                chain.capsule_end, chain.capsule_radius_m, strict=True,
            )
        ],
        "person_height": cell.file.safety.person_height_m,
        "scanners": [[one.x_m, one.y_m, one.z_m] for one in cell.file.scanners],
    }  # fmt: skip


def _moved_by(joints: list[Joint], name: str) -> str:
    """Return the link that a joint of the arm moves."""
    return next(joint.child for joint in joints if joint.name == name)


def _way(above: dict[str, Joint], link: str) -> list[str]:
    """Return the links from this one up to the root."""
    way = []
    while link in above:
        link = above[link].parent
        way.append(link)
    return way


def _hung(joint: Joint) -> dict[str, Any]:
    """Return what a link hangs on, and which motor moves it: angle = scale * motor + shift."""
    mimic = {} if joint.mimic is None else joint.mimic.attrib
    return {
        "above": joint.parent,
        "pose": _rounded(joint.origin),
        "kind": joint.kind,
        "axis": _rounded(joint.axis),
        "motor": None if joint.kind == "fixed" else mimic.get("joint", joint.name),
        "scale": float(mimic.get("multiplier", "1")),
        "shift": float(mimic.get("offset", "0")),
    }


def _root(name: str, cell: Cell) -> list[float]:
    """Return where the root stands: it is the cell itself, or it stands at robot.mount."""
    pose = np.eye(4)
    if name not in ("world", cell.file.frame):
        mount = cell.file.robot.mount
        pose[:3, :3] = turn(2, mount.yaw_rad)
        pose[:3, 3] = (mount.x_m, mount.y_m, mount.z_m)
    return _rounded(pose)


def _shapes(link: ET.Element) -> list[dict[str, Any]]:
    """Return the collision shapes of a link."""
    return [
        {"pose": _rounded(pose_of(one.find("origin"))), **_geometry(shape)}
        for one in link.findall("collision")
        for shape in one.findall("geometry/*")
    ]


def _geometry(shape: ET.Element) -> dict[str, Any]:
    if shape.tag == "box":
        return {"kind": "box", "size": _rounded(numbers_of(shape, "size", "0 0 0"))}
    names = ("radius", "length") if shape.tag == "cylinder" else ("radius",)
    return {"kind": shape.tag, "size": [float(shape.attrib[name]) for name in names]}


def _rounded(value: Array) -> list[float]:
    return [round(float(number), DIGITS) for number in np.ravel(value)]
