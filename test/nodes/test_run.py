"""How a process of a node runs: no work while a goal is under way, an end between two callbacks."""

import subprocess
import sys
import time
import uuid

import pytest
import rclpy
from hrc_cell_interfaces.action import MoveGripper
from rclpy.action import ActionClient
from rclpy.experimental.events_executor import EventsExecutor
from strategies import default_cell

from hrc_cell.nodes.long_action import LongAction

LIMIT_S = 30.0

TOLD = """
import os, signal
from hrc_cell.nodes.base import CellNode, run

class Told(CellNode):
    def __init__(self):
        super().__init__("told")

    def start(self):
        self.timer = self.create_timer(0.05, self.tick)

    def tick(self):
        os.kill(os.getpid(), getattr(signal, "%s"))
        self.tell("said", {})  # ROS is up as before
        print("callback done", flush=True)

    def close(self):
        os.kill(os.getpid(), signal.SIGINT)  # an impatient Ctrl-C
        print("closed", flush=True)

run(Told)
"""


@pytest.fixture
def names():
    """Return ROS arguments with a namespace of this test's own."""
    return ["--ros-args", "-r", f"__ns:=/run_{uuid.uuid4().hex[:8]}"]


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_node_told_to_stop_finishes_its_callback_and_closes(names, tmp_path, name):
    cell = ["-p", f"cell:={default_cell().folder}", "-p", f"state_dir:={tmp_path}"]
    done = subprocess.run(
        [sys.executable, "-c", TOLD % name, *names, *cell],
        capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["callback done", "closed"]
    assert (done.returncode, done.stderr) == (0, "")


class Work:
    """A server with one goal at a time, and its client, in one process."""

    def __init__(self):
        self.node = rclpy.create_node("work")
        self.under_way = []
        self.server = LongAction(
            self.node, MoveGripper, "work", begin=self.under_way.append,
            free=lambda: not self.under_way,
        )  # fmt: skip
        self.client = ActionClient(self.node, MoveGripper, "work")
        self.executor = EventsExecutor()
        self.executor.add_node(self.node)
        assert self.client.wait_for_server(LIMIT_S)

    def answer(self, future):
        while not future.done():
            self.executor.spin_once(timeout_sec=LIMIT_S)
        return future.result()

    def send(self):
        return self.answer(self.client.send_goal_async(MoveGripper.Goal()))

    def end(self, act):
        handle = self.under_way.pop()
        getattr(handle, act)()
        self.server.end(handle, MoveGripper.Result(reason=act))

    def close(self):
        self.server.destroy()
        self.client.destroy()
        self.executor.shutdown()
        self.node.destroy_node()


@pytest.fixture
def work(names):
    rclpy.init(args=names)
    made = Work()
    yield made
    made.close()
    rclpy.try_shutdown()


def test_a_goal_ends_when_it_is_said_to(work):
    goal = work.send()
    assert goal.accepted
    result = goal.get_result_async()
    assert not work.send().accepted  # one at a time
    work.end("succeed")
    assert work.answer(result).result.reason == "succeed"
    assert work.send().accepted


def test_a_goal_may_be_cancelled(work):
    goal = work.send()
    result = goal.get_result_async()
    assert len(work.answer(goal.cancel_goal_async()).goals_canceling) == 1
    assert work.under_way[0].is_cancel_requested
    work.end("canceled")
    assert work.answer(result).result.reason == "canceled"


def test_nothing_runs_while_a_goal_is_under_way(work):
    """A task in the executor would be asked in every turn; then no turn is ever without work."""
    work.send()
    for _ in range(1000):
        before_s = time.monotonic()
        work.executor.spin_once(timeout_sec=0.1)
        if time.monotonic() - before_s >= 0.1:
            return  # it waited in vain
    pytest.fail("1000 turns, each with work")
