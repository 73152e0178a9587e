"""Everything around tracker and monitor, as one healthy cell: feeds both, and hears the permits.

Scans of all scanners are one round with one stamp, taken just before they are sent; joints and
progress of the same stamp are sent before them. So the oldest sample behind a permit is that of the
last round of which every scan was judged on.
"""

from __future__ import annotations

import array
import contextlib
import math
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import rclpy
from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import (
    Heartbeat,
    Humans,
    MotionPermit,
    MotionProgress,
    OperatorInputs,
    PlannedPath,
)
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import JointState, LaserScan

from hrc_cell.nodes.base import ALL, INPUTS, KEPT, NEWEST, SENSOR
from hrc_cell.nodes.processes import processes_of
from hrc_cell.settings.cell import Cell
from hrc_cell.settings.sensing import Scanner

Array = npt.NDArray[np.float64]
JOINTS_HZ = 99.8
"""Near the rate of the monitor, not at it: so the scans come at every phase of its period."""
SLOW_EVERY = 5
"""Inputs and heartbeats go with each fifth message of the joints."""
LEG_RADIUS_M, LEGS_APART_M = 0.06, 0.3
WALKERS = ((4.2, 1.2, 0.5), (4.9, -1.0, 0.7))  # x, y [m], way to either side [m]
PATH_ID = "bench"
FED = ("human_tracker", "safety_monitor")
CHAINS = ("cell", "relay")


class Given(NamedTuple):
    """One permit as it came out. Nanoseconds of the ROS clock."""

    sample_ns: float  # of the oldest sample behind it
    out_ns: int  # when it was published


class Feed:
    """A node with a thread that listens. Use as a context manager; `run` feeds in this thread."""

    def __init__(self, cell: Cell, namespaces: dict[str, str], scan_hz: float) -> None:
        """`namespaces` names that of each of CHAINS."""
        self.cell = cell
        self._scan_every = max(1, round(JOINTS_HZ / scan_hz))
        self._context = rclpy.Context()
        rclpy.init(context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self.node = rclpy.create_node(
            "feed",
            context=self._context,
            namespace=namespaces["cell"],
            start_parameter_services=False,
        )
        make = self.node.create_publisher
        self._scans = {
            chain: [make(LaserScan, f"/{at}/scanners/{s.name}/scan", SENSOR)
                    for s in cell.file.scanners]
            for chain, at in namespaces.items()
        }  # fmt: skip
        self._joints = make(JointState, "joint_states", NEWEST)
        self._progress = make(MotionProgress, "motion_progress", NEWEST)
        self._inputs = make(OperatorInputs, "operator_inputs", INPUTS)
        self._beats = make(Heartbeat, "heartbeats", ALL)
        self._paths = make(PlannedPath, "planned_path", KEPT)
        self.rounds: dict[str, list[int]] = {chain: [] for chain in CHAINS}
        self.permits: dict[str, list[Given]] = {chain: [] for chain in CHAINS}
        self.last: dict[str, Any] = {}
        for chain, at in namespaces.items():
            self.node.create_subscription(
                MotionPermit, f"/{at}/motion_permit", self._hear(chain), ALL
            )
        self.node.create_subscription(Humans, "humans", self._hear_people, NEWEST)
        self._others = [p.name for p in processes_of(cell) if p.name not in FED] + [FED[0]]
        self._home = cell.file.robot.poses["home"]
        self._sweeps = [
            [_message(place, ranges, cell) for ranges in _walk(place, cell)]
            for place in cell.file.scanners
        ]
        self._count = 0
        self._due_s = time.monotonic()
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._thread = threading.Thread(target=self._listen, name="feed", daemon=True)
        self._thread.start()
        self._tell_path()

    def __enter__(self) -> Feed:
        return self

    def __exit__(self, *error: object) -> None:
        self._executor.shutdown()
        self._thread.join(5.0)
        self.node.destroy_node()
        rclpy.try_shutdown(context=self._context)

    def run(self, chain: str, seconds: float, *, press: str = "", until_state: int = 256) -> bool:
        """Feed for so long, scans to one chain; end early when the monitor shows the state.

        Returns whether it does. `press` is a button held meanwhile.
        """
        end_s = time.monotonic() + seconds
        while (now_s := time.monotonic()) < end_s:
            state = self.last["permit"].state if "permit" in self.last else -1
            if state >= until_state:
                return True
            if now_s < self._due_s:
                time.sleep(self._due_s - now_s)
            self._due_s = max(self._due_s + 1.0 / JOINTS_HZ, now_s)
            self._send(chain, press)
        return False

    def _send(self, chain: str, press: str) -> None:
        now = self.node.get_clock().now()
        stamp = now.to_msg()
        robot = self.cell.file.robot
        joints = JointState(name=[*robot.joints])
        joints.position = [*self._home, *[0.5] * (len(robot.joints) - len(self._home))]
        joints.velocity = [0.0] * len(robot.joints)
        progress = MotionProgress(path_id=PATH_ID, phase=MotionProgress.HELD)
        joints.header.stamp = progress.header.stamp = stamp
        self._joints.publish(joints)
        self._progress.publish(progress)
        if self._count % self._scan_every == 0:
            turn = self._count // self._scan_every
            for topic, sweep in zip(self._scans[chain], self._sweeps, strict=True):
                message = sweep[turn % len(sweep)]
                message.header.stamp = stamp
                topic.publish(message)
            self.rounds[chain].append(now.nanoseconds)
        if self._count % SLOW_EVERY == 0:
            self._send_slow(stamp, press)
        self._count += 1

    def _send_slow(self, stamp: TimeMsg, press: str) -> None:
        inputs = OperatorInputs(
            mode=OperatorInputs.MODE_COLLABORATIVE, simulated=True,
            reset=press == "reset", start=press == "start",
        )  # fmt: skip
        inputs.header.stamp = stamp
        self._inputs.publish(inputs)
        for name in self._others if self._count % (2 * SLOW_EVERY) == 0 else ():
            beat = Heartbeat(node=name)
            beat.header.stamp = stamp
            self._beats.publish(beat)

    def _tell_path(self) -> None:
        home = np.array(self._home)
        path = PlannedPath(path_id=PATH_ID, joints=len(home), line_speed=[1.2, 1.2])
        path.waypoints = np.concatenate([home, home + 0.5, home - 0.3]).tolist()
        path.header.stamp = self.node.get_clock().now().to_msg()
        self._paths.publish(path)

    # On the listener's thread.

    def _listen(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()

    def _hear(self, chain: str) -> Any:
        def hear(message: MotionPermit, info: Any) -> None:
            stamp = message.header.stamp
            judged_ns = stamp.sec * 1_000_000_000 + stamp.nanosec
            sample_ns = judged_ns - message.oldest_sample_age_s * 1e9
            self.permits[chain].append(Given(sample_ns, int(info["source_timestamp"])))
            if chain == "cell":
                self.last["permit"] = message

        return hear

    def _hear_people(self, message: Humans) -> None:
        self.last["humans"] = message


def latencies_s(rounds_ns: Sequence[int], permits: Sequence[Given], tolerance_s: float) -> Array:
    """Return the time [s] from the stamp of each round of scans to the first permit judged on it.

    Judged on it is a permit whose oldest sample is not older than the round, but for a tolerance
    below the time between two rounds; inf where there is none.
    """
    given = sorted(permits, key=lambda permit: permit.out_ns)
    samples = np.array([permit.sample_ns for permit in given])
    found = []
    for round_ns in rounds_ns:
        after = samples >= round_ns - tolerance_s * 1e9
        first = int(np.argmax(after)) if after.any() else -1
        found.append((given[first].out_ns - round_ns) * 1e-9 if first >= 0 else math.inf)
    return np.array(found)


def _walk(place: Scanner, cell: Cell) -> list[Array]:
    """Return what a scanner sees while people walk to and fro, one array of ranges for each step.

    Begins with the empty room for as long as the background takes to be learned.
    """
    assert cell.file.sim is not None  # noqa: S101 the default cell is simulated
    assert cell.file.sim.scanner is not None  # noqa: S101
    eye = cell.file.sim.scanner
    rng = np.random.default_rng(1)
    angles = place.yaw_rad + np.linspace(-0.5, 0.5, eye.beams) * eye.angle_rad
    steps = []
    for step in range(200):
        legs = [
            (x, y + way * math.sin(2 * math.pi * step / 200) + side * LEGS_APART_M / 2)
            for x, y, way in WALKERS
            for side in (-1, 1)
        ]
        ranges = cast((place.x_m, place.y_m), angles, cell.zones.outline_m, legs)
        steps.append(np.minimum(ranges + rng.normal(0.0, 0.01, ranges.shape), eye.range_max_m))
    return steps


def cast(
    eye_m: tuple[float, float], angles: Array, walls_m: Sequence[Sequence[float]],
    posts_m: Sequence[tuple[float, float]],
) -> Array:  # fmt: skip
    """Return how far a ray at each angle goes until it meets a wall or a leg; inf: nothing."""
    ray = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    eye = np.array(eye_m)
    corners = np.asarray(walls_m, dtype=np.float64)
    side = np.roll(corners, -1, axis=0) - corners
    away = corners - eye
    det = ray[:, :1] * side[:, 1] - ray[:, 1:] * side[:, 0]
    with np.errstate(all="ignore"):
        far = (away[:, 0] * side[:, 1] - away[:, 1] * side[:, 0]) / det
        along = (away[:, 0] * ray[:, 1:] - away[:, 1] * ray[:, :1]) / det
    nearest: Array = np.where((far > 0) & (along >= 0) & (along <= 1), far, np.inf).min(axis=-1)
    for post in posts_m:
        to = np.array(post) - eye
        ahead = ray @ to
        inside = LEG_RADIUS_M**2 - (to @ to - ahead**2)
        hit = ahead - np.sqrt(np.maximum(inside, 0.0))
        nearest = np.where((inside > 0) & (hit > 0), np.minimum(nearest, hit), nearest)
    return nearest


def _message(place: Scanner, ranges: Array, cell: Cell) -> LaserScan:
    assert cell.file.sim is not None  # noqa: S101
    assert cell.file.sim.scanner is not None  # noqa: S101
    eye = cell.file.sim.scanner
    message = LaserScan(
        angle_min=-0.5 * eye.angle_rad, angle_max=0.5 * eye.angle_rad,
        angle_increment=eye.angle_rad / (eye.beams - 1), scan_time=1.0 / eye.rate_hz,
        range_min=0.05, range_max=eye.range_max_m,
        ranges=array.array("f", ranges.astype(np.float32).tobytes()),
    )  # fmt: skip
    message.header.frame_id = place.frame_id
    return message
