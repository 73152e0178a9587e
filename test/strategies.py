"""What the properties are tried on: small arms, and numbers of the size that a cell has."""

import math
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from hrc_cell.core.kinematics import Chain
from hrc_cell.settings.cell import Cell, load_cell

ROOT = Path(__file__).parents[1]

length_m = st.floats(-1.0, 1.0)
angle_rad = st.floats(-math.pi, math.pi)
unknown = st.sampled_from([math.nan, math.inf, -math.inf])


def default_cell() -> Cell:
    """Return the cell of config/default."""
    return load_cell(ROOT / "config" / "default")


def pose(xyz=(0.0, 0.0, 0.0), rpy=(0.0, 0.0, 0.0)) -> np.ndarray:
    """Return the (4, 4) pose of an URDF origin."""
    roll, pitch, yaw = rpy
    about_x = [[1, 0, 0], [0, math.cos(roll), -math.sin(roll)], [0, math.sin(roll), math.cos(roll)]]
    about_y = [
        [math.cos(pitch), 0, math.sin(pitch)], [0, 1, 0], [-math.sin(pitch), 0, math.cos(pitch)],
    ]  # fmt: skip
    about_z = [[math.cos(yaw), -math.sin(yaw), 0], [math.sin(yaw), math.cos(yaw), 0], [0, 0, 1]]
    made = np.eye(4)
    made[:3, :3] = np.array(about_z) @ about_y @ about_x
    made[:3, 3] = xyz
    return made


def six_axes() -> Chain:
    """Return an arm of the usual build: 0.75 m of reach, base 0.75 m over the floor."""
    up = [(0, 0, 0.1), (0, 0, 0.05), (0.3, 0, 0), (0.1, 0, 0), (0.2, 0, 0), (0.05, 0, 0)]
    axes = [(0, 0, 1), (0, 1, 0), (0, 1, 0), (1, 0, 0), (0, 1, 0), (1, 0, 0)]
    along = [(0, 0, 0.05), (0.3, 0, 0), (0.1, 0, 0), (0.2, 0, 0), (0.05, 0, 0), (0.1, 0, 0)]
    return Chain(
        joints=tuple(f"joint_{i}" for i in range(1, 7)),
        base=pose((0.0, 0.0, 0.75)),
        origin=np.array([pose(xyz) for xyz in up]),
        axis=np.array(axes, dtype=float),
        tool=pose((0.12, 0, 0)),
        lower_rad=np.full(6, -3.0),
        upper_rad=np.full(6, 3.0),
        velocity_max_radps=np.full(6, 3.0),
        capsule_names=tuple(f"link_{i}" for i in range(1, 7)),
        capsule_link=np.arange(1, 7),
        capsule_start=np.zeros((6, 3)),
        capsule_end=np.array(along, dtype=float),
        capsule_radius_m=np.full(6, 0.05),
    )
