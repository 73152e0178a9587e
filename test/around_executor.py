"""What is around the executor node in its tests: permits, an arm, a task, clients and ears."""

import json
import math
import os
import shutil
import time
import uuid

import numpy as np
import rclpy
import yaml
from diagnostic_msgs.msg import DiagnosticArray
from hrc_cell_interfaces.action import FollowPath, MoveGripper
from hrc_cell_interfaces.msg import (
    CellEvent,
    JointGoals,
    MotionPermit,
    MotionProgress,
    MotorStates,
    PlannedPath,
    TaskState,
)
from rclpy.action import ActionClient
from rclpy.experimental.events_executor import EventsExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import JointState
from strategies import default_cell
from trajectory_msgs.msg import JointTrajectory

from hrc_cell.nodes.base import ALL, KEPT, NEWEST
from hrc_cell.nodes.motion_executor import MotionExecutor

CELL = default_cell()
HOME = np.array(CELL.file.robot.poses["home"])
LEFT = np.array(CELL.file.robot.poses["show_left"])
GOOD = TransitionCallbackReturn.SUCCESS
LIMIT_S = 20.0


def patient_cell(folder):
    """Return the folder of a default cell that bears a machine busy with other tests."""
    shutil.copytree(CELL.folder, folder)
    file = folder / "cell.yaml"
    data = yaml.safe_load(file.read_text())
    data["safety"] |= {"lease_s": 0.2, "reaction_time_s": 0.6, "joints_timeout_s": 0.5}
    file.write_text(yaml.safe_dump(data))
    return folder


class Around:
    """Everything around the executor: gives permits, and is the arm."""

    def __init__(self):
        self.tried = MotionExecutor()
        self.node = rclpy.create_node("around")
        self.executor = EventsExecutor()
        self.executor.add_node(self.tried)
        self.executor.add_node(self.node)
        make, hear = self.node.create_publisher, self.node.create_subscription
        self.permits = make(MotionPermit, "motion_permit", NEWEST)
        self.joints = make(JointState, "joint_states", NEWEST)
        self.motors = make(MotorStates, "motor_states", NEWEST)
        self.goals, self.progress, self.events, self.paths = [], [], [], []
        self.permit_path = ""
        hear(JointGoals, "joint_goals", self._on_goals, 100)
        hear(MotionProgress, "motion_progress", self.progress.append, 100)
        hear(CellEvent, "events", self.events.append, ALL)
        hear(PlannedPath, "planned_path", self.paths.append, KEPT)
        self.diagnostics = []
        self.trajectories = make(JointTrajectory, "joint_trajectory", 10)
        self.tasks = make(TaskState, "task_state", KEPT)
        hear(DiagnosticArray, "/diagnostics", self.diagnostics.append, 100)
        self.follow = ActionClient(self.node, FollowPath, "follow_path")
        self.grip = ActionClient(self.node, MoveGripper, "move_gripper")
        self.at = np.array([*HOME, 0.7])  # arm, then gripper
        self.part_rad = -math.inf  # the gripper closes no farther
        self.ratio, self.gripper, self.permitted = 1.0, True, True
        self.started = True
        self.blocked, self.silent = False, False
        self.sha256 = ""
        self.seq, self.next_s = 0, 0.0

    def _on_goals(self, msg):
        self.goals.append(msg)
        if not self.blocked:
            self.at = np.append(msg.position, self.at[len(msg.position) :])
            self.at[-1] = max(self.at[-1], self.part_rad)

    def _send(self):
        now = self.node.get_clock().now().to_msg()
        if self.permitted:
            self.seq += 1
            permit = MotionPermit(
                seq=self.seq, lease_s=0.2, speed_ratio=self.ratio, reaction_time_s=0.6,
                state=MotionPermit.LATCHED if not self.started
                else MotionPermit.FREE if self.ratio > 0.0 else MotionPermit.STANDSTILL,
                gripper_permitted=self.gripper, cause="" if self.ratio > 0.0 else "separation",
                config_sha256=self.sha256, path_id=self.permit_path,
            )  # fmt: skip
            permit.header.stamp = now
            self.permits.publish(permit)
        if not self.silent:
            states = JointState(name=CELL.file.robot.joints, position=self.at, velocity=[0.0] * 7)
            states.header.stamp = now
            self.joints.publish(states)

    def until(self, what, check):
        """Keep the surroundings alive until `check()` is true; return what it gave."""
        end_s = time.monotonic() + LIMIT_S
        while time.monotonic() < end_s:
            if time.monotonic() >= self.next_s:
                self._send()
                self.next_s = time.monotonic() + 0.01
            self.executor.spin_once(timeout_sec=0.005)
            if found := check():
                return found
        told = [(event.kind, event.data) for event in self.events]
        raise AssertionError(f"{what}: not seen within {LIMIT_S} s; events: {told}")

    def ask(self, client, request):
        """Send a goal; return its handle once it was answered."""
        self.until("an action server", client.server_is_ready)
        asked = client.send_goal_async(request)
        self.until("an answer", asked.done)
        return asked.result()

    def path(self, *waypoints, path_id="p", joints=6, ratio=1.0):
        """Ask for a path; return the handle of its goal."""
        flat = [float(value) for row in waypoints for value in row]
        request = FollowPath.Goal(path_id=path_id, joints=joints, waypoints=flat, speed_ratio=ratio)
        return self.ask(self.follow, request)

    def fingers(self, opening, effort=1.0):
        """Ask for a grip; return the handle of its goal."""
        return self.ask(self.grip, MoveGripper.Goal(opening_ratio=opening, effort_ratio=effort))

    def result(self, handle):
        """Wait for the end of a goal; return its status and result."""
        coming = handle.get_result_async()
        self.until("a result", coming.done)
        return coming.result().status, coming.result().result

    def event(self, kind, after=0):
        """Wait for an event of this kind that came after so many; return its data."""
        found = self.until(kind, lambda: [e for e in self.events[after:] if e.kind == kind])
        return json.loads(found[0].data)

    def phase(self, phase, path_ratio=0.0):
        """Wait until the newest progress tells this phase and at least so much of the path."""
        return self.until(
            f"phase {phase}",
            lambda: [
                p for p in self.progress[-1:] if p.phase == phase and p.path_ratio >= path_ratio
            ],
        )[0]

    def under_way(self, *waypoints):
        """Ask for a path and wait until a part of it is done."""
        handle = self.path(*waypoints)
        assert handle.accepted
        self.phase(MotionProgress.MOVING, 0.2)
        return handle

    def close(self):
        self.tried.close()
        self.follow.destroy()
        self.grip.destroy()
        self.executor.shutdown()
        self.tried.destroy_node()
        self.node.destroy_node()


def running_executor(tmp_path):
    """Yield the surroundings of an active executor: the fixture of its tests."""
    folder = patient_cell(tmp_path / "cell")
    arguments = ["--ros-args", "-r", f"__ns:=/executor_{os.getpid()}_{uuid.uuid4().hex[:6]}"]
    arguments += ["-p", f"cell:={folder}", "-p", f"state_dir:={tmp_path}"]
    rclpy.init(args=arguments)
    around = Around()
    assert around.tried.trigger_configure() == GOOD
    around.sha256 = around.tried.cell.safety_sha256
    assert around.tried.trigger_activate() == GOOD
    around.until("the arm's position", lambda: around.tried._position(time.monotonic()) is not None)
    yield around
    around.close()
    rclpy.try_shutdown()
