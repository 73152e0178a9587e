"""The robot description: from xacro and URDF to the kinematic chain and its capsules.

The arm is described once, in a xacro or URDF file: beside cell.yaml, or in urdf/ of the package.
The mount of the cell is handed to xacro as mount_x, mount_y, mount_z (metres) and mount_yaw
(radians); a file whose root link is not `world` or the cell frame is put there whole.

Collision shapes become capsules that contain them: a cylinder gets round caps, a box a capsule
around its longest side, a sphere stays one. What is fixed to a link moves with it. What the
gripper's joint moves becomes, for every shape, one capsule that holds it in all its positions.
The base, before the first joint, does not move and carries no capsule. Lengths in metres.
"""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import xacro

from hrc_cell.adapters.urdf import Joint, joint_of, numbers_of, pose_of, turn
from hrc_cell.core.kinematics import Chain
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.share import find_named

Array = npt.NDArray[np.float64]

TOOL_LINK = "tool0"
HAND_SAMPLES = 65  # positions of the gripper looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """What the description file says about this cell's robot."""

    urdf_text: str
    chain: Chain
    hand_lower_rad: float
    hand_upper_rad: float
    hand_velocity_max_radps: float


class Shape(NamedTuple):
    """A capsule in the frame of the link that it moves with."""

    name: str
    start: Array
    end: Array
    radius_m: float


def load_description(cell: Cell) -> Description:
    """Return the description of the cell's robot.

    Raises ValueError that names what is missing or contradicts the cell's settings, and
    FileNotFoundError with the places looked at.
    """
    name = cell.file.robot.description
    path = find_named(cell.folder, "urdf", name, key="robot.description")
    text = expand(path, cell)
    try:
        return read_description(text, cell)
    except KeyError as error:
        raise ValueError(f"{path}: an element lacks the attribute {error}") from None
    except (ValueError, ET.ParseError) as error:
        raise ValueError(f"{path}: {error}") from None


def expand(path: Path, cell: Cell) -> str:
    """Return the URDF text, xacro expanded with the cell's mount."""
    mount = cell.file.robot.mount
    arguments = {
        "mount_x": mount.x_m, "mount_y": mount.y_m, "mount_z": mount.z_m,
        "mount_yaw": mount.yaw_rad,
    }  # fmt: skip
    try:
        document = xacro.process_file(
            str(path), mappings={name: repr(value) for name, value in arguments.items()}
        )
    except Exception as error:  # xacro raises many kinds, some of them bare
        raise ValueError(f"{path}: xacro: {error}") from error
    text: str = document.toxml()
    return text


def read_description(text: str, cell: Cell) -> Description:
    """Return what the URDF `text` says, checked against the cell's settings."""
    root = ET.fromstring(text)  # noqa: S314 our own file
    links = {link.attrib["name"]: link for link in root.iter("link")}
    joints = {joint.name: joint for joint in map(joint_of, root.findall("joint"))}
    settings = cell.file.robot
    arm = [_need(joints, motor.joint) for motor in settings.arm]
    hand = _need(joints, settings.hand.joint)
    if TOOL_LINK not in links:
        raise ValueError(f"no link {TOOL_LINK!r}, the tool centre point")
    for joint in (*arm, hand):
        if joint.kind not in ("revolute", "continuous"):
            raise ValueError(f"joint {joint.name!r} is {joint.kind}, not revolute")
    limits = np.array([_limit(joint) for joint in (*arm, hand)])
    above = _above(joints)

    base = _base(above, arm[0].parent, cell)
    between = [np.eye(4)]  # from the link that moves with one joint to the parent of the next
    for before, joint in itertools.pairwise(arm):
        between.append(_between(above, joint.parent, before.child))
    tool = _between(above, TOOL_LINK, arm[-1].child)
    shapes = _shapes(links, joints, arm, hand, limits[-1])

    lower, upper, fastest = limits[:-1].T
    for name, pose in settings.poses.items():
        for joint, value, low, high in zip(arm, pose, lower, upper, strict=True):
            if not low <= value <= high:
                raise ValueError(
                    f"robot.poses.{name}: {joint.name} = {value} rad is outside the joint's "
                    f"limits {low:g} to {high:g} rad"
                )
    hand_lower, hand_upper, hand_fastest = (float(value) for value in limits[-1])
    for key in ("open_rad", "closed_rad"):
        value = getattr(settings.gripper, key)
        if not hand_lower <= value <= hand_upper:
            raise ValueError(
                f"robot.gripper.{key} = {value} rad is outside the limits of joint {hand.name!r}, "
                f"{hand_lower:g} to {hand_upper:g} rad"
            )
    chain = Chain(
        joints=tuple(joint.name for joint in arm),
        base=base,
        origin=np.array(
            [before @ joint.origin for before, joint in zip(between, arm, strict=True)]
        ),
        axis=np.array([joint.axis for joint in arm]),
        tool=tool,
        lower_rad=lower.copy(),
        upper_rad=upper.copy(),
        velocity_max_radps=fastest.copy(),
        capsule_names=tuple(shape.name for _, shape in shapes),
        capsule_link=np.array([link for link, _ in shapes], dtype=np.int64),
        capsule_start=np.array([shape.start for _, shape in shapes]).reshape(-1, 3),
        capsule_end=np.array([shape.end for _, shape in shapes]).reshape(-1, 3),
        capsule_radius_m=np.array([shape.radius_m for _, shape in shapes]),
    )
    return Description(
        urdf_text=text,
        chain=chain,
        hand_lower_rad=hand_lower,
        hand_upper_rad=hand_upper,
        hand_velocity_max_radps=hand_fastest,
    )


# Reading elements.


def _need(joints: dict[str, Joint], name: str) -> Joint:
    if name not in joints:
        raise ValueError(f"no joint {name!r}; it has {', '.join(sorted(joints))}")
    return joints[name]


def _limit(joint: Joint) -> tuple[float, float, float]:
    """Return lower, upper [rad] and the greatest speed [rad/s] of a joint."""
    values = {} if joint.limit is None else joint.limit.attrib
    missing = [key for key in ("lower", "upper", "velocity") if key not in values]
    if missing:
        raise ValueError(f"joint {joint.name!r}: its limit lacks {', '.join(missing)}")
    lower, upper, velocity = (float(values[key]) for key in ("lower", "upper", "velocity"))
    if not (-math.inf < lower < upper < math.inf and 0.0 < velocity < math.inf):
        raise ValueError(f"joint {joint.name!r}: lower < upper and velocity > 0 must hold")
    return lower, upper, velocity


# The tree.


def _above(joints: dict[str, Joint]) -> dict[str, Joint]:
    """Return the joint above each link but the root. Raises ValueError unless it is a tree."""
    above: dict[str, Joint] = {}
    for joint in joints.values():
        if joint.child in above:
            raise ValueError(f"link {joint.child!r} hangs on two joints")
        above[joint.child] = joint
    for link in above:
        at = link
        for _ in above:
            at = above[at].parent if at in above else at
        if at in above:
            raise ValueError(f"link {link!r} hangs on itself")
    return above


def _between(above: dict[str, Joint], link: str, ancestor: str) -> Array:
    """Return the pose of `link` in `ancestor` along fixed joints."""
    pose = np.eye(4)
    at = link
    while at != ancestor:
        if at not in above:
            raise ValueError(f"link {link!r} does not hang on link {ancestor!r}")
        pose = _fixed(above[at]).origin @ pose
        at = above[at].parent
    return pose


def _fixed(joint: Joint) -> Joint:
    if joint.kind != "fixed":
        raise ValueError(
            f"joint {joint.name!r} moves, but robot.arm does not name it between its neighbours"
        )
    return joint


def _base(above: dict[str, Joint], link: str, cell: Cell) -> Array:
    """Return the pose of the first joint's parent `link` in the cell frame.

    Where the root is the world, one of the links on the way must stand at robot.mount.
    """
    mount = cell.file.robot.mount
    placed = np.eye(4)
    placed[:3, :3] = turn(2, mount.yaw_rad)
    placed[:3, 3] = (mount.x_m, mount.y_m, mount.z_m)
    way = []
    while link in above:
        way.append(_fixed(above[link]))
        link = above[link].parent
    poses = [np.eye(4)]
    for joint in reversed(way):
        poses.append(poses[-1] @ joint.origin)
    if link not in ("world", cell.file.frame):
        return placed @ poses[-1]
    if not any(np.allclose(pose, placed, atol=1e-6) for pose in poses):
        raise ValueError(
            f"no link before the first joint stands at robot.mount {placed[:3, 3].tolist()}; "
            "use the arguments mount_x, mount_y, mount_z, mount_yaw"
        )
    return poses[-1]


def _shapes(
    links: dict[str, ET.Element],
    joints: dict[str, Joint],
    arm: list[Joint],
    hand: Joint,
    hand_limit: Array,
) -> list[tuple[int, Shape]]:
    """Return (index of the moving link, capsule in its frame) of all that the joints move."""
    below: dict[str, list[Joint]] = {}
    for joint in joints.values():
        below.setdefault(joint.parent, []).append(joint)
    following = {hand.name: (1.0, 0.0)}
    for joint in joints.values():
        if joint.mimic is not None and joint.mimic.get("joint") == hand.name:
            following[joint.name] = (
                float(joint.mimic.get("multiplier", "1")), float(joint.mimic.get("offset", "0")),
            )  # fmt: skip
    moving = {joint.name for joint in arm}
    positions = np.linspace(hand_limit[0], hand_limit[1], HAND_SAMPLES)

    def walk(link: str, poses: Array) -> Iterator[Shape]:
        """Yield the shapes of a link and what hangs on it. `poses` (s, 4, 4), one per sample."""
        for shape in _own_shapes(links[link]):
            yield _hold(shape, poses)
        for joint in below.get(link, []):
            if joint.name in moving:
                continue
            placed = poses @ joint.origin
            if joint.name in following:
                scale, shift = following[joint.name]
                turns = [_about(joint, scale * value + shift) for value in positions]
                placed = placed @ np.array(turns)
            elif joint.kind != "fixed":
                raise ValueError(f"joint {joint.name!r} moves, but no motor of the cell drives it")
            yield from walk(joint.child, placed)

    still = np.broadcast_to(np.eye(4), (HAND_SAMPLES, 4, 4))
    found = [
        (index, shape)
        for index, joint in enumerate(arm, start=1)
        for shape in walk(joint.child, still)
    ]
    if not found:
        raise ValueError("no link of the arm has a collision shape; the monitor needs them")
    return found


def _about(joint: Joint, value: float) -> Array:
    """Return the (4, 4) motion of a joint: a turn [rad], or a slide [m] if it is prismatic."""
    pose = np.eye(4)
    if joint.kind == "prismatic":
        pose[:3, 3] = joint.axis * value
        return pose
    x, y, z = joint.axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    pose[:3, :3] += math.sin(value) * cross + (1.0 - math.cos(value)) * (cross @ cross)
    return pose


def _own_shapes(link: ET.Element) -> Iterator[Shape]:
    """Yield a containing capsule for each collision shape of a link, in the link's frame."""
    for index, collision in enumerate(link.findall("collision")):
        name = link.attrib["name"] + (f".{index + 1}" if index else "")
        pose = pose_of(collision.find("origin"))
        geometry = collision.find("geometry")
        kind = None if geometry is None or not len(geometry) else geometry[0]
        if kind is None or kind.tag not in ("cylinder", "box", "sphere"):
            raise ValueError(f"link {name!r}: collision shapes must be cylinder, box or sphere")
        half = np.zeros(3)  # from the middle to the end of the segment
        if kind.tag == "box":
            size = numbers_of(kind, "size", "0 0 0") / 2.0
            longest = int(np.argmax(size))
            half[longest] = size[longest]
            radius = float(np.linalg.norm(np.delete(size, longest)))
        else:
            half[2] = float(kind.get("length", "0")) / 2.0
            radius = float(kind.attrib["radius"])
        ends = pose[:3, :3] @ half
        yield Shape(name, pose[:3, 3] - ends, pose[:3, 3] + ends, radius)


def _hold(shape: Shape, poses: Array) -> Shape:
    """Return one capsule that contains `shape` in all `poses` (s, 4, 4), and between them.

    A capsule is convex and a shape is the hull of its two end balls, so it is enough to hold
    these. Between two samples an end is within half the longest step of one of them.
    """
    starts = poses[:, :3, :3] @ shape.start + poses[:, :3, 3]
    ends = poses[:, :3, :3] @ shape.end + poses[:, :3, 3]
    start, end = starts.mean(axis=0), ends.mean(axis=0)
    steps = np.linalg.norm(np.diff([starts, ends], axis=1), axis=-1).max(initial=0.0)
    apart = max(
        float(np.linalg.norm(starts - start, axis=-1).max()),
        float(np.linalg.norm(ends - end, axis=-1).max()),
    )
    return Shape(shape.name, start, end, shape.radius_m + apart + float(steps) / 2.0)
