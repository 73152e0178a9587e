"""What the properties are tried on: small arms, and numbers of the size that a cell has."""

import math
from dataclasses import asdict, replace
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import yaml
from hypothesis import strategies as st

from hrc_cell.core.campaign import About, declared_table
from hrc_cell.core.kinematics import Chain
from hrc_cell.core.stopping import StopModel
from hrc_cell.settings.canonical import plain
from hrc_cell.settings.cell import Cell, load_cell
from hrc_cell.settings.robot import MotionSettings
from hrc_cell.settings.safety import SafetySettings
from hrc_cell.settings.signature import sign, write_signature
from hrc_cell.settings.stopping_table import StopRow
from hrc_cell.settings.zones import Box, Circle, Zone, ZoneSettings

ROOT = Path(__file__).parents[1]
DEFAULT_CELL = ROOT / "config" / "default"

length_m = st.floats(-1.0, 1.0)
angle_rad = st.floats(-math.pi, math.pi)
unknown = st.sampled_from([math.nan, math.inf, -math.inf])


SAFETY = SafetySettings(
    rate_hz=100.0, lease_s=0.06, reaction_time_s=0.2, stopping_time_s=0.4, stopping_distance_m=0.2,
    human_speed_mps=1.6, human_speed_near_mps=2.0, near_distance_m=0.5, intrusion_m=1.12,
    body_intrusion_m=0.3, foresight_s=0.0,
    human_uncertainty_m=0.06, human_sigmas=2.0, robot_uncertainty_m=0.02, person_height_m=2.0,
    resume_margin_m=0.15, resume_after_s=0.5, ratio_rise_per_s=1.0, ratio_min=0.05,
    inputs_timeout_s=0.5, node_timeout_s=0.5, joints_timeout_s=0.05,
    inputs_discrepancy_s=0.3, manual_speed_max_mps=0.2, manual_speed_tolerance_mps=0.05,
)  # fmt: skip
"""Numbers of the judgement for the tests, whatever the default cell has."""
ZONES = (
    Zone(
        name="around_table", kind="stop", speed_ratio=0.0, restart="automatic", trigger_scans=1,
        release_scans=5, margin_m=0.2,
        polygon_m=((-1.6, -1.6), (1.8, -1.6), (1.8, 1.6), (-1.6, 1.6)),
    ),
    Zone(
        name="approach", kind="slow", speed_ratio=0.5, restart="automatic", trigger_scans=1,
        release_scans=5, margin_m=0.2,
        polygon_m=((-2.0, -3.0), (4.2, -3.0), (4.2, 3.0), (-2.0, 3.0)),
    ),
)  # fmt: skip


def area(**changed) -> Zone:
    """Return a zone with the shape that is given."""
    plain = {
        "name": "area", "kind": "stop", "restart": "automatic", "trigger_scans": 1,
        "release_scans": 3, "margin_m": 0.25,
    }  # fmt: skip
    return Zone(**{**plain, **changed})


_floor = st.tuples(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0))
_stars = st.tuples(_floor, st.lists(st.floats(0.2, 2.0), min_size=3, max_size=8)).map(
    lambda drawn: {
        "polygon_m": tuple(
            (
                drawn[0][0] + out * math.cos(2 * math.pi * i / len(drawn[1])),
                drawn[0][1] + out * math.sin(2 * math.pi * i / len(drawn[1])),
            )
            for i, out in enumerate(drawn[1])
        )
    }
)
_circles = st.builds(Circle, centre_m=_floor, radius_m=st.floats(0.1, 2.0))
_boxes = st.builds(
    Box,
    centre_m=_floor,
    size_m=st.tuples(st.floats(0.1, 3.0), st.floats(0.1, 3.0)),
    yaw_rad=angle_rad,
)
_bands = st.just(()) | st.tuples(st.floats(0.0, 1.0), st.floats(1.1, 2.0))
shapes = st.builds(
    lambda shape, band_m: area(**shape, band_m=band_m),
    _stars | _circles.map(lambda c: {"circle": c}) | _boxes.map(lambda b: {"box": b}),
    _bands,
)
"""Zones of any shape: star-shaped polygons, circles, boxes; at all heights or in a band."""


def areas(*zones: Zone) -> ZoneSettings:
    """Return the zones of a cell of 12 m by 12 m."""
    return ZoneSettings(
        outline_m=((-6.0, -6.0), (6.0, -6.0), (6.0, 6.0), (-6.0, 6.0)), handover_m=(1.3, 0.0),
        zones=zones,
    )  # fmt: skip


HOME = (0.0, -0.6, 1.4, 0.0, 0.8, 0.0)


def motion() -> MotionSettings:
    """Return how briskly the arm of the tests may move: 0.8 m/s, the joints 1.2 to 2 rad/s."""
    return replace(
        default_cell().file.motion,
        tcp_speed_max_mps=0.8,
        velocity_max_radps=(1.2, 1.2, 1.5, 2.0, 2.0, 2.0),
    )


def declared_stops() -> StopModel:
    """Return how long and how far the arm of the tests runs on, as declared."""
    return StopModel.of(joints=six_axes().joints, motion=motion(), safety=SAFETY, table=None)


def default_cell() -> Cell:
    """Return the cell of config/default."""
    return load_cell(ROOT / "config" / "default")


SIGNED_AT = datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)


def declared(folder: Path) -> Path:
    """Give a real cell the table of stops that its declared bounds make; return the folder."""
    file = load_cell(folder, without_stops=True).file
    about = About(arm="an arm", date="2026-03-02", software="0", simulated=False)
    table = declared_table(
        tuple(motor.joint for motor in file.robot.arm), about=about, motion=file.motion,
        payload_max_kg=file.robot.payload_max_kg, safety=file.safety,
    )  # fmt: skip
    (folder / "stopping.yaml").write_text(yaml.safe_dump(plain(asdict(table))))
    return folder


def signed(folder: Path) -> Path:
    """Sign the cell in a folder, as a real one must be before it runs; return the folder."""
    if not load_cell(folder, without_stops=True).file.simulated:
        declared(folder)
    made = sign(load_cell(folder), name="A. Person", role="safety engineer", when=SIGNED_AT)
    write_signature(folder, made)
    return folder


def stop_row(speed_radps, load_kg=0.0, *, time_s=0.2, angle_rad=0.0, **other) -> StopRow:
    """Return a row of a table of stops that rests on three stops from its very speed."""
    seen = {
        "driven_radps": speed_radps, "time_greatest_s": 0.9 * time_s, "time_std_s": 0.01,
        "angle_greatest_rad": 0.9 * angle_rad, "angle_std_rad": 0.001, "stops": 3,
    }  # fmt: skip
    return StopRow(
        speed_radps=speed_radps, load_kg=load_kg, time_s=time_s, angle_rad=angle_rad,
        **{**seen, **other},
    )  # fmt: skip


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
