"""The simulated cell as one MuJoCo model: the arm from its URDF, the room from its MJCF.

Nothing is drawn twice: links, masses, limits and shapes come from the very URDF text that the
kinematics are read from, floor, walls, table and places from the room's MJCF. Added here are only
what neither says: the motors' rotor inertia and friction, the people's bodies, the parts, and who
may collide with whom.

People and parts are kinematic (mocap) bodies. A person cannot be pushed by the arm, but the arm
by a person. Frames: everything in the cell frame, metres, radians, kilograms.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

ROOM = "room/"
TOOL_LINK = "tool0"
PART_HALF_M = (0.015, 0.015, 0.04)

GROUP_STILL, GROUP_PEOPLE, GROUP_ARM, GROUP_PARTS = 1, 2, 3, 4
_STILL, _ARM, _PEOPLE = 1, 2, 4  # collision bits; parts collide with nothing

ROTOR_INERTIA_RATIO = 0.002
"""Rotor inertia seen at the joint [kg m2] for each N m of effort: 0.02 for an XM540-W270."""
FRICTION_RATIO, LIMP_FRICTION_RATIO = 0.02, 0.2
"""Gear friction over effort, powered and not: an X-series gear is hard to turn from outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyShape:
    """A capsule of a person: length between the ends' centres, and radius. Metres."""

    name: str
    length_m: float
    radius_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """The compiled model and where to find things in it."""

    model: mujoco.MjModel
    joint_names: tuple[str, ...]
    qpos: npt.NDArray[np.int64]  # of each joint, in the order of joint_names
    dof: npt.NDArray[np.int64]
    followers: tuple[int, ...]  # joints that copy the gripper
    effort_nm: Array
    velocity_max_radps: Array
    tool_body: int
    arm_geoms: npt.NDArray[np.int64]
    people_geoms: Mapping[int, npt.NDArray[np.int64]]
    people_mocap: Mapping[int, npt.NDArray[np.int64]]
    part_names: tuple[str, ...]
    part_mocap: npt.NDArray[np.int64]
    tray_m: Array  # (slots, 3)
    handover_m: Array  # (3,)
    exit_m: Array  # (points, 2)
    hold_rad: float  # of the gripper, when its pads touch a part on both sides


def build_scene(
    *,
    urdf_text: str,
    room_xml: str,
    joints: Sequence[str],
    velocity_max_radps: Mapping[str, float],
    people: Mapping[int, Sequence[BodyShape]],
    parts: int,
    step_s: float,
) -> Scene:
    """Return the scene with `joints` (the arm's, base first, then the gripper's).

    Raises ValueError that names what the description or the room lacks.
    """
    spec = _read(urdf_text, "robot description")
    # Links on fixed joints keep their names and places.
    spec.compiler.fusestatic = False
    room = _read(room_xml, "room")
    _prepare_arm(spec)
    spec.attach(room, prefix=ROOM, frame=spec.worldbody.add_frame())
    for person, shapes in people.items():
        for shape in shapes:
            _add_capsule(spec, f"person_{person}/{shape.name}", shape)
    part_names = tuple(f"part_{number}" for number in range(1, parts + 1))
    for name in part_names:
        _add_part(spec, name)
    spec.option.timestep = step_s
    spec.option.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    model = spec.compile()
    return _index(model, joints, velocity_max_radps, people, part_names)


def _read(text: str, what: str) -> mujoco.MjSpec:
    try:
        return mujoco.MjSpec.from_string(text)
    except ValueError as error:
        raise ValueError(f"the {what} is not what MuJoCo reads: {error}") from error


def _prepare_arm(spec: mujoco.MjSpec) -> None:
    for geom in spec.geoms:
        geom.group = GROUP_ARM
        # A simulated person is not moved by what it meets; a real hand gives way to the fingers.
        hand = geom.parent.name.startswith("finger")
        geom.contype, geom.conaffinity = _ARM, _STILL if hand else _STILL | _PEOPLE
    for joint in spec.joints:
        effort = float(joint.actfrcrange[1])
        if not effort > 0.0:
            raise ValueError(f"joint {joint.name!r} has no effort limit; MuJoCo needs one")
        joint.armature = ROTOR_INERTIA_RATIO * effort
        joint.frictionloss = FRICTION_RATIO * effort
        joint.damping[0] = 0.005 * effort
        # Hard friction: the default creeps by several degrees a second under the arm's weight.
        joint.solimp_friction = [0.999, 0.9999, 0.001, 0.5, 2.0]
        # Stiff stops; the default ones give by a degree under full torque.
        joint.solref_limit = [0.006, 1.0]


def _add_capsule(spec: mujoco.MjSpec, name: str, shape: BodyShape) -> None:
    body = spec.worldbody.add_body(name=name, mocap=True)
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_CAPSULE,
        size=[shape.radius_m, max(shape.length_m, 1e-4) / 2.0, 0.0],
        group=GROUP_PEOPLE, contype=_PEOPLE, conaffinity=0, rgba=[0.25, 0.45, 0.75, 1.0],
    )  # fmt: skip


def _add_part(spec: mujoco.MjSpec, name: str) -> None:
    body = spec.worldbody.add_body(name=name, mocap=True)
    body.add_geom(
        name=name, type=mujoco.mjtGeom.mjGEOM_BOX, size=list(PART_HALF_M), mass=0.1,
        group=GROUP_PARTS, contype=0, conaffinity=0, rgba=[0.85, 0.2, 0.2, 1.0],
    )  # fmt: skip


def _index(
    model: mujoco.MjModel,
    joints: Sequence[str],
    velocity_max_radps: Mapping[str, float],
    people: Mapping[int, Sequence[BodyShape]],
    part_names: tuple[str, ...],
) -> Scene:
    known = {model.joint(i).name: i for i in range(model.njnt)}
    missing = [name for name in joints if name not in known]
    if missing:
        raise ValueError(f"no joint {', '.join(missing)}; it has {', '.join(known)}")
    ids = np.array([known[name] for name in joints])
    followers = tuple(
        int(model.eq_obj1id[i]) for i in range(model.neq)
        if model.eq_type[i] == mujoco.mjtEq.mjEQ_JOINT and model.eq_obj2id[i] == ids[-1]
    )  # fmt: skip
    sites = {model.site(i).name: model.site(i).pos.copy() for i in range(model.nsite)}
    tray, exits = _numbered(sites, "tray"), _numbered(sites, "exit")
    if ROOM + "handover" not in sites or not len(exits) or len(tray) < len(part_names):
        raise ValueError(
            f"the room needs the sites handover, exit_1 and tray_1 .. tray_{len(part_names)}"
        )
    geoms = {
        person: np.array([model.geom(f"person_{person}/{s.name}").id for s in shapes])
        for person, shapes in people.items()
    }
    arm = np.flatnonzero((model.geom_group == GROUP_ARM) & (model.geom_bodyid != 0))
    # The base does not move; the separation counts from what does.
    arm = arm[model.geom_bodyid[arm] != model.jnt_bodyid[ids[0]] - 1]
    return Scene(
        model=model,
        joint_names=tuple(joints),
        qpos=model.jnt_qposadr[ids].astype(np.int64),
        dof=model.jnt_dofadr[ids].astype(np.int64),
        followers=followers,
        effort_nm=model.jnt_actfrcrange[ids, 1].copy(),
        velocity_max_radps=np.array([velocity_max_radps[name] for name in joints]),
        tool_body=model.body(TOOL_LINK).id,
        arm_geoms=arm,
        people_geoms=geoms,
        people_mocap={
            person: model.body_mocapid[model.geom_bodyid[ids]].astype(np.int64)
            for person, ids in geoms.items()
        },
        part_names=part_names,
        part_mocap=np.array([model.body_mocapid[model.body(n).id] for n in part_names]),
        tray_m=tray,
        handover_m=sites[ROOM + "handover"],
        exit_m=exits[:, :2],
        hold_rad=_hold_rad(model, ids[-1], followers),
    )


def _numbered(sites: Mapping[str, Array], kind: str) -> Array:
    """Return (n, 3) the sites <kind>_1, <kind>_2, ... up to the first number missing."""
    found: list[Array] = []
    while (name := f"{ROOM}{kind}_{len(found) + 1}") in sites:
        found.append(sites[name])
    return np.array(found).reshape(-1, 3)


def _hold_rad(model: mujoco.MjModel, gripper: int, followers: tuple[int, ...]) -> float:
    """Return the gripper angle at which its pads are a part's width apart, by bisection.

    Falls back to the closed end of the range where the gripper has no second finger.
    """
    lower, upper = (float(value) for value in model.jnt_range[gripper])
    if not followers:
        return lower
    data = mujoco.MjData(model)
    moved = (gripper, *followers)
    pads = [int(model.body_geomadr[model.jnt_bodyid[joint]]) for joint in moved[:2]]

    def gap_m(angle: float) -> float:
        for joint in moved:
            data.qpos[model.jnt_qposadr[joint]] = angle
        mujoco.mj_kinematics(model, data)
        return float(mujoco.mj_geomDistance(model, data, pads[0], pads[1], 1.0, None))

    width = 2.0 * PART_HALF_M[1]
    low, high = lower, upper
    # The least gap grows until the pads are parallel: the first angle with the part's width.
    angles = np.linspace(lower, upper, 200)
    gaps = np.array([gap_m(float(angle)) for angle in angles])
    wide = np.flatnonzero(gaps >= width - 1e-4)
    if not len(wide):
        return upper
    high = float(angles[wide[0]])
    low = float(angles[max(wide[0] - 1, 0)])
    for _ in range(30):
        middle = (low + high) / 2.0
        low, high = (low, middle) if gap_m(middle) >= width - 1e-4 else (middle, high)
    return high
