"""Everything around a task manager: an executor, sensors, permits, people; over real DDS."""

import json
import os
import subprocess
import sys
import time
import uuid

import rclpy
from hrc_cell_interfaces.action import FollowPath, MoveGripper
from hrc_cell_interfaces.msg import (
    CellEvent,
    MotionPermit,
    MotionProgress,
    MotorState,
    MotorStates,
    PartSensors,
    TaskState,
)
from hrc_cell_interfaces.srv import AnswerQuestion, ControlRun, RunRecipe, SetAutomation
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn

from hrc_cell.nodes.base import ALL, KEPT, NEWEST
from hrc_cell.nodes.task_desk import CONTROLS
from hrc_cell.nodes.task_manager import TaskManager

GOOD = TransitionCallbackReturn.SUCCESS
MOMENTS = 10


class Executor:
    """A tiny motion executor: does in moments what it is told, tells that it lives."""

    def __init__(self, node, shop):
        self.node, self.shop = node, shop
        self.paths, self.grips, self.canceled = [], [], 0
        self.moved_in = []
        self.held = []  # (opening asked for, whether a part was in the gripper then)
        self.fail_next, self.refuse_next, self.stuck, self.empty = [], 0, False, False
        self.servers = [
            ActionServer(node, FollowPath, "follow_path", self._follow, goal_callback=self._take,
                         cancel_callback=lambda _: CancelResponse.ACCEPT),
            ActionServer(node, MoveGripper, "move_gripper", self._grip, goal_callback=self._take,
                         cancel_callback=lambda _: CancelResponse.ACCEPT),
        ]  # fmt: skip

    @property
    def grasps(self):
        """Return what was done with the gripper, and in which step the arm moved last before."""
        return [*zip(self.held, self.moved_in, strict=True)]

    def _take(self, _):
        if self.refuse_next:
            self.refuse_next -= 1
            return GoalResponse.REJECT
        return GoalResponse.ACCEPT

    async def _follow(self, handle):
        self.paths.append(handle.request)
        for _ in range(MOMENTS):  # a way takes longer than a part sensor
            await self.shop.a_moment()
        while self.stuck:
            if handle.is_cancel_requested:
                self.canceled += 1
                handle.canceled()
                return FollowPath.Result(reason="canceled")
            await self.shop.a_moment()
        if self.fail_next:
            handle.abort()
            return FollowPath.Result(reason=self.fail_next.pop(0))
        handle.succeed()
        return FollowPath.Result(reached=True)

    def _grip(self, handle):
        opening = handle.request.opening_ratio
        self.held.append((opening, self.shop.parts["gripper"]))
        self.moved_in.append(self.paths[-1].step if self.paths else "")
        self.grips.append(opening)
        if opening == 0.0 and not self.empty:
            self.shop.parts["gripper"] = True
        handle.succeed()
        return MoveGripper.Result(
            reached=opening == 1.0 or self.empty, holding=opening == 0.0 and not self.empty,
            opening_ratio=opening,
        )  # fmt: skip

    def close(self):
        """End what is under way, then the servers."""
        self.stuck = False
        self.shop.pass_s(0.2)
        for server in self.servers:
            server.destroy()


class Shop:
    """Everything around the task manager."""

    def __init__(self, *, executor=True):
        self.node = rclpy.create_node("shop")
        self.spinner = SingleThreadedExecutor()
        self.spinner.add_node(self.node)
        make = self.node.create_publisher
        self.permits = make(MotionPermit, "safety_state", ALL)
        self.progress = make(MotionProgress, "motion_progress", NEWEST)
        self.sensors = make(PartSensors, "part_sensors", KEPT)
        self.motors = make(MotorStates, "motor_states", NEWEST)
        self.current_a = 0.4
        self.states, self.events = [], []
        self.node.create_subscription(TaskState, "task_state", self.states.append, KEPT)
        self.node.create_subscription(CellEvent, "events", self.events.append, ALL)
        self.answers = self.node.create_client(AnswerQuestion, "answer_question")
        self.runs = self.node.create_client(RunRecipe, "run_recipe")
        self.levels = self.node.create_client(SetAutomation, "set_automation")
        self.controls = {
            name: self.node.create_client(ControlRun, name) for name in CONTROLS
        }  # fmt: skip
        self.parts = {"gripper": False, "handover": False, "tray_1": True}
        self.permit = MotionPermit.LATCHED
        self.sensing = self.living = self.monitored = True
        self.executor = Executor(self.node, self) if executor else None
        self.manager = None
        self.node.create_timer(0.05, self.send)

    def send(self):
        now = self.node.get_clock().now().to_msg()
        started = self.permit >= MotionPermit.STANDSTILL
        permit = MotionPermit(state=self.permit, gripper_permitted=started)
        permit.header.stamp = now
        if self.monitored:
            self.permits.publish(permit)
        if self.living:
            progress = MotionProgress()
            progress.header.stamp = now
            self.progress.publish(progress)
        motors = MotorStates(motors=[MotorState(stamp=now, current_a=self.current_a)])
        self.motors.publish(motors)
        if self.sensing:
            sensors = PartSensors(place=list(self.parts), occupied=list(self.parts.values()))
            sensors.header.stamp = now
            self.sensors.publish(sensors)

    def a_moment(self):
        future = rclpy.task.Future()
        timer = self.node.create_timer(0.02, lambda: future.done() or future.set_result(None))
        future.add_done_callback(lambda _: self.node.destroy_timer(timer))
        return future

    def begin(self):
        """Start a task manager in this process."""
        self.manager = TaskManager()
        self.spinner.add_node(self.manager)
        assert self.manager.trigger_configure() == GOOD
        assert self.manager.trigger_activate() == GOOD
        self.until("its beginning", lambda: self.manager._active)
        return self.manager

    def end(self):
        if self.manager is not None:
            self.spinner.remove_node(self.manager)
            self.manager.close()
            self.manager.destroy_node()
            self.manager = None

    def until(self, what, check, limit_s=60.0):
        """Let time pass until the check holds."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            self.spinner.spin_once(timeout_sec=0.02)
            if check():
                return
        raise AssertionError(f"{what}: not seen; {self.states[-1:]}")

    def state(self, what, check):
        """Let time pass until the newest task state is so; return it."""
        self.until(what, lambda: bool(self.states) and check(self.states[-1]))
        return self.states[-1]

    def pass_s(self, time_s):
        end_s = time.monotonic() + time_s
        while time.monotonic() < end_s:
            self.spinner.spin_once(timeout_sec=0.02)

    def call(self, client, request):
        assert client.wait_for_service(timeout_sec=60.0)
        future = client.call_async(request)
        self.until("a reply", future.done)
        return future.result()

    def answer(self, question, answer, *, key=None, version=None, by="anna"):
        request = AnswerQuestion.Request(
            question_id=question.id,
            state_version=question.state_version if version is None else version,
            answer=answer, operator_alias=by, device="tablet",
            idempotency_key=uuid.uuid4().hex if key is None else key,
        )  # fmt: skip
        return self.call(self.answers, request)

    def run(self, recipe="hand_over", *, repeat=False):
        return self.call(self.runs, RunRecipe.Request(recipe=recipe, repeat=repeat))

    def level(self, step, automation, recipe=""):
        request = SetAutomation.Request(
            recipe=recipe, step=step, automation=automation, operator_alias="anna", device="tablet"
        )
        return self.call(self.levels, request)

    def control(self, name):
        return self.call(self.controls[name], ControlRun.Request(operator_alias="plc"))

    def offer(self):
        """Go on until the part is offered; return the question."""
        self.permit = MotionPermit.STANDSTILL
        asked = self.state("the offer", lambda s: s.handoff_state == "offered" and s.question.id)
        self.until("the part sensed", lambda: self.manager is None or
                   self.manager._parts.get("gripper", False))  # fmt: skip
        return asked.question

    def awaited(self):
        """Go on until a person is asked for the part; return the question."""
        asked = self.state("the question", lambda s: s.handoff_state == "awaited" and s.question.id)
        return asked.question

    def take(self):
        self.parts["gripper"] = False

    def told(self, kind):
        return [json.loads(e.data) for e in self.events if e.kind == kind]


def process(arguments):
    return subprocess.Popen(
        [sys.executable, "-m", "hrc_cell.nodes.task_manager", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
    )
