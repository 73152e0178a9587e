"""What every node has: stamps and instants that a pause never makes younger; an end that is one."""

import contextlib
import math
import time
from pathlib import Path

import pytest
import rclpy
from builtin_interfaces.msg import Time as TimeMsg

from hrc_cell.nodes.base import CellNode

PAUSE_S = 0.05


class Preempted:
    """The node's clock, in a process that loses the processor before and after it is read."""

    def __init__(self, clock):
        self._clock = clock

    def now(self):
        time.sleep(PAUSE_S)
        now = self._clock.now()
        time.sleep(PAUSE_S)
        return now


class Node(CellNode):
    """A node on a busy machine."""

    busy = False

    def get_clock(self):
        clock = super().get_clock()
        return Preempted(clock) if self.busy else clock


@pytest.fixture
def node():
    rclpy.init()
    made = Node("tried")
    yield made
    made.destroy_node()
    rclpy.try_shutdown()


@pytest.mark.req("S2")
def test_a_pause_between_the_clocks_makes_nothing_younger(node):
    before_s, stamp, after_s = time.monotonic(), node.stamp(), time.monotonic()
    node.busy = True
    assert node.instant_s(stamp) <= after_s
    told = node.stamp_of(before_s)
    assert (told.sec, told.nanosec) <= (stamp.sec, stamp.nanosec)


def test_no_stamp_was_never(node):
    assert node.instant_s(TimeMsg()) == -math.inf


def test_an_instant_from_before_the_clock_began_has_the_least_stamp(node):
    assert node.stamp_of(-1e12) == TimeMsg()


def dds_threads():
    """Return the threads of DDS in this process; some may end meanwhile."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            if (task / "comm").read_text().startswith("dds."):
                found.add(task.name)
    return found


def test_a_node_that_is_destroyed_hears_nobody_any_more():
    before = dds_threads()
    rclpy.init()
    kept = Node("tried")  # not even where somebody holds it
    assert dds_threads() != before
    kept.destroy_node()
    rclpy.try_shutdown()
    assert dds_threads() == before
