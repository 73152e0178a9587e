"""The simulated cell: arm, people, parts and scanners, advanced together step by step.

No clock runs in here: `step` advances the world by one physics step, as fast as it is called, so
tests run in simulated time and the node paces it to real time. Everything random is seeded, and
the same commands at the same steps give the same world.

Forces act on the arm alone and at every physics step; people and parts move on a coarser tick.
Frames: cell frame, metres, radians, seconds.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import dataclass

import mujoco
import numpy as np
import numpy.typing as npt

from hrc_cell.adapters.sim import body
from hrc_cell.adapters.sim.motors import Motors
from hrc_cell.adapters.sim.parts import Hand, Parts
from hrc_cell.adapters.sim.people import Person, Surroundings
from hrc_cell.adapters.sim.scanner import Eye, Scan
from hrc_cell.adapters.sim.scene import GROUP_STILL, ROOM, Scene, build_scene
from hrc_cell.settings.cell import Cell

Array = npt.NDArray[np.float64]

TICK_S = 0.02
START_POSE = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What is true at one instant."""

    time_s: float
    person_id: tuple[int, ...]
    person_position_m: tuple[Array, ...]
    person_velocity_mps: tuple[Array, ...]
    person_walking: tuple[bool, ...]
    joint: tuple[str, ...]
    position_rad: Array
    velocity_radps: Array
    separation_m: float
    part: tuple[str, ...]
    part_place: tuple[str, ...]


class SimWorld:
    """The world behind a simulated cell."""

    def __init__(self, cell: Cell, *, urdf_text: str, room_xml: str) -> None:
        """Raises ValueError where the cell is not simulated, or names what its files lack."""
        settings = cell.file.sim
        if settings is None:
            raise ValueError("the cell has no section sim; set simulated: true and describe it")
        self.step_s = 1.0 / settings.physics_hz
        self._tick_steps = max(1, round(TICK_S / self.step_s))
        bodies = {number: body.shapes(p.height_m) for number, p in enumerate(settings.people, 1)}
        self.scene: Scene = build_scene(
            urdf_text=urdf_text, room_xml=room_xml, joints=cell.file.robot.joints,
            velocity_max_radps=_velocity_limits(urdf_text), people=bodies,
            parts=settings.parts, step_s=self.step_s,
        )  # fmt: skip
        self.data = mujoco.MjData(self.scene.model)
        self.motors = Motors(self.scene, self.data)
        start = cell.file.robot.poses.get(START_POSE, (0.0,) * len(cell.file.robot.arm))
        self.motors.set_pose([*start, cell.file.robot.gripper.closed_rad])
        around = Surroundings(
            outline_m=np.array(cell.zones.outline_m), table_m=_table_m(self.scene.model),
            handover_m=np.array(cell.zones.handover_m), exit_m=self.scene.exit_m,
        )  # fmt: skip
        seeds = np.random.SeedSequence(settings.seed).generate_state(
            len(settings.people) + len(cell.file.scanners)
        )
        self.people = [
            Person(number, person, around, np.random.default_rng(int(seeds[number - 1])))
            for number, person in enumerate(settings.people, 1)
        ]
        self.eyes: dict[str, Eye] = {}
        self._scan_every = 1
        if settings.scanner is not None:
            self._scan_every = max(1, round(settings.physics_hz / settings.scanner.rate_hz))
            self.eyes = {
                place.name: Eye(place, settings.scanner, int(seed))
                for place, seed in zip(cell.file.scanners, seeds[len(self.people) :], strict=True)
            }
        self.parts = Parts(
            self.scene, feed_s=settings.feed_s, refill_s=settings.refill_s, support_m=self._support
        )
        self._steps = 0
        self._stop_rad: float | None = None
        model = self.scene.model
        grippers = [model.dof_jntid[self.scene.dof[-1]], *self.scene.followers]
        self._gripper_joints = np.array(grippers)
        self._gripper_lower = float(model.jnt_range[grippers[0], 0])
        # Each scanner turns at its own time, evenly staggered.
        self._scan_at = {
            name: index * self._scan_every // len(self.eyes) for index, name in enumerate(self.eyes)
        }
        self._tick(0.0)
        mujoco.mj_forward(model, self.data)

    @property
    def time_s(self) -> float:
        """Return the simulated time since the start."""
        return self._steps * self.step_s

    def step(self) -> list[Scan]:
        """Advance by one physics step; return the scans taken in it."""
        self.motors.update(self.step_s)
        mujoco.mj_step(self.scene.model, self.data)
        self._steps += 1
        if self._steps % self._tick_steps == 0:
            self._tick(self._tick_steps * self.step_s)
        now = self._steps % self._scan_every
        scans = [
            self.eyes[name].look(self.scene.model, self.data, self.time_s)
            for name, at in self._scan_at.items()
            if at == now
        ]
        return [scan for scan in scans if scan is not None]

    # Commands.

    def direct(
        self, person: int, act: str, waypoints_m: Sequence[Sequence[float]], speed_mps: float
    ) -> float:
        """Tell a person what to do; return about how long it takes [s].

        Raises ValueError that lists what is known.
        """
        known = {p.number: p for p in self.people}
        if person not in known:
            raise ValueError(f"person {person} is not known; known: {', '.join(map(str, known))}")
        return known[person].direct(act, waypoints_m, speed_mps)

    def inject(self, fault: str, scanner: str, *, active: bool) -> None:
        """Let a fault of a scanner begin or end. Raises ValueError that lists what is known."""
        if scanner not in self.eyes:
            raise ValueError(f"scanner {scanner!r} is not known; known: {', '.join(self.eyes)}")
        self.eyes[scanner].inject(fault, active=active)

    # What is true.

    def truth(self) -> Truth:
        """Return what is true now."""
        scene, data = self.scene, self.data
        parts = {part.name: part.place for part in self.parts.parts}
        return Truth(
            time_s=self.time_s,
            person_id=tuple(p.number for p in self.people),
            person_position_m=tuple(p.position_m for p in self.people),
            person_velocity_mps=tuple(p.velocity_mps for p in self.people),
            person_walking=tuple(p.walking for p in self.people),
            joint=scene.joint_names,
            position_rad=data.qpos[scene.qpos].copy(),
            velocity_radps=data.qvel[scene.dof].copy(),
            separation_m=self.separation_m(),
            part=scene.part_names,
            part_place=tuple(parts[name] for name in scene.part_names),
        )

    def separation_m(self) -> float:
        """Return the least distance between any moving shape of the arm and any person's.

        Negative where they overlap; inf if nobody is there. Pairs are tried in the order of their
        bounding balls' distance, until no other can be nearer.
        """
        if not self.people:
            return float("inf")
        model, data, arm = self.scene.model, self.data, self.scene.arm_geoms
        people = np.concatenate(list(self.scene.people_geoms.values()))
        apart = np.linalg.norm(data.geom_xpos[arm][:, None] - data.geom_xpos[people], axis=-1)
        bound = apart - model.geom_rbound[arm][:, None] - model.geom_rbound[people]
        least = float("inf")
        for index in np.argsort(bound, axis=None):
            row, column = divmod(int(index), len(people))
            if bound[row, column] >= least:
                break
            distance = mujoco.mj_geomDistance(
                model, data, int(arm[row]), int(people[column]), 50.0, None
            )
            least = min(least, float(distance))
        return least

    def hand(self) -> Hand:
        """Return the gripper as the parts meet it."""
        tool, data = self.scene.tool_body, self.data
        return Hand(
            position_m=data.xpos[tool].copy(), turn=data.xmat[tool].reshape(3, 3).copy(),
            angle_rad=self.motors.position_rad(len(self.scene.joint_names) - 1),
        )  # fmt: skip

    # The tick.

    def _tick(self, step_s: float) -> None:
        hand = self.hand()
        offer, wanted = self.parts.offer_m(), self.parts.wanted_m(hand)
        for person in self.people:
            if offer is not None:
                person.notice_offer()
            if wanted is not None:
                person.notice_want()
            person.update(step_s, offer, wanted)
        self._pull(hand, offer)
        self.parts.update(step_s, hand, self.people)
        self._block_gripper(self.parts.stop_rad(hand))
        self._place_bodies()

    def _pull(self, hand: Hand, offer_m: Array | None) -> None:
        """Let the people whose hands are at the offered part pull the arm towards them."""
        force = np.zeros(3)
        for person in self.people:
            if offer_m is not None and person.near(offer_m):
                away = person.position_m - hand.position_m[:2]
                force[:2] += person.settings.pull_n / max(float(np.linalg.norm(away)), 0.1) * away
        self.data.xfrc_applied[self.scene.tool_body, :3] = force

    def _block_gripper(self, stop_rad: float | None) -> None:
        """Let a part between the pads stop them: the joint's lower end is there, while it is."""
        if stop_rad != self._stop_rad:
            self._stop_rad = stop_rad
            lower = self._gripper_lower if stop_rad is None else stop_rad
            self.scene.model.jnt_range[self._gripper_joints, 0] = lower

    def _place_bodies(self) -> None:
        scene, data = self.scene, self.data
        for person in self.people:
            which = scene.people_mocap[person.number]
            centre, quat = body.poses(body.ends(person.settings.height_m, person.stance))
            data.mocap_pos[which], data.mocap_quat[which] = centre, quat
        quat = np.zeros(4)
        for part in self.parts.parts:
            which = scene.part_mocap[scene.part_names.index(part.name)]
            mujoco.mju_mat2Quat(quat, part.turn.ravel())
            data.mocap_pos[which], data.mocap_quat[which] = part.position_m, quat

    def _support(self, point_m: Array) -> float:
        """Return the height of what stands still straight below a point."""
        groups = np.zeros(6, dtype=np.uint8)
        groups[GROUP_STILL] = 1
        hit = np.zeros(1, dtype=np.int32)
        down = np.array([0.0, 0.0, -1.0])
        distance = mujoco.mj_ray(
            self.scene.model, self.data, point_m, down, groups, True, -1, hit, None
        )
        return float(point_m[2] - distance) if distance >= 0.0 else 0.0


def _velocity_limits(urdf_text: str) -> dict[str, float]:
    """Return the speed limit [rad/s] of each joint of a URDF; MuJoCo keeps none."""
    limits = {}
    for joint in ET.fromstring(urdf_text).iter("joint"):  # noqa: S314 our own file
        limit = joint.find("limit")
        if limit is not None and "velocity" in limit.attrib:
            limits[joint.attrib["name"]] = float(limit.attrib["velocity"])
    return limits


def _table_m(model: mujoco.MjModel) -> Array:
    """Return the lower and upper corner of the table, seen from above."""
    try:
        table = model.geom(ROOM + "table")
    except KeyError:
        raise ValueError("the room has no geom named table") from None
    return np.array([table.pos[:2] - table.size[:2], table.pos[:2] + table.size[:2]])
