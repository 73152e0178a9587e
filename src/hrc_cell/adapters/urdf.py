"""The elements of a URDF file: joints, poses, numbers. Metres and radians.

Source: the URDF specification (wiki.ros.org/urdf/XML). Raises ValueError naming the joint for what
cannot be read.
"""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


class Joint(NamedTuple):
    """One joint element."""

    name: str
    kind: str
    parent: str
    child: str
    origin: Array  # (4, 4)
    axis: Array  # (3,)
    limit: ET.Element | None
    mimic: ET.Element | None


def numbers_of(element: ET.Element | None, key: str, default: str) -> Array:
    """Return the numbers of an attribute, or of `default` where there is none."""
    text = default if element is None else element.get(key, default)
    return np.array([float(word) for word in text.split()])


def pose_of(element: ET.Element | None) -> Array:
    """Return the (4, 4) pose of an <origin xyz rpy>; nothing given is the identity."""
    roll, pitch, yaw = numbers_of(element, "rpy", "0 0 0")
    pose = np.eye(4)
    pose[:3, :3] = turn(2, yaw) @ turn(1, pitch) @ turn(0, roll)
    pose[:3, 3] = numbers_of(element, "xyz", "0 0 0")
    return pose


def turn(axis: int, angle_rad: float) -> Array:
    """Return the (3, 3) rotation about axis 0 (x), 1 (y) or 2 (z)."""
    made = np.eye(3)
    i, j = (axis + 1) % 3, (axis + 2) % 3
    made[i, i] = made[j, j] = math.cos(angle_rad)
    made[j, i] = math.sin(angle_rad)
    made[i, j] = -made[j, i]
    return made


def joint_of(element: ET.Element) -> Joint:
    """Return one <joint>, its axis of length 1."""
    parent, child = element.find("parent"), element.find("child")
    if parent is None or child is None:
        raise ValueError(f"joint {element.get('name')!r} has no parent or no child")
    axis = numbers_of(element.find("axis"), "xyz", "1 0 0")
    size = float(np.linalg.norm(axis))
    if not size > 0.0:
        raise ValueError(f"joint {element.get('name')!r}: its axis has no direction")
    return Joint(
        name=element.attrib["name"],
        kind=element.attrib["type"],
        parent=parent.attrib["link"],
        child=child.attrib["link"],
        origin=pose_of(element.find("origin")),
        axis=axis / size,
        limit=element.find("limit"),
        mimic=element.find("mimic"),
    )
