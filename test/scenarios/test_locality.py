"""The running cell talks to this machine alone, without shared memory, and can be found on it."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from hrc_cell.nodes.middleware import PROFILES, RANGE
from hrc_cell.nodes.processes import PROCESSES

STRANGER = """
import sys, time
import rclpy

rclpy.init()
node = rclpy.create_node("stranger")
wanted, end_s = set(sys.argv[1:]), time.monotonic() + 60.0
while wanted - set(node.get_node_names()):
    assert time.monotonic() < end_s, f"not found: {wanted - set(node.get_node_names())}"
    rclpy.spin_once(node, timeout_sec=0.05)
"""


@pytest.mark.parametrize("process", PROCESSES, ids=lambda process: process.name)
def test_a_node_listens_on_loopback_alone_and_shares_no_memory_with_strangers(cell, process):
    pid = cell.pids()[process.name]
    bound = {one.laddr.ip for one in psutil.Process(pid).net_connections("inet")}
    assert bound == {"127.0.0.1"}
    threads = [task.joinpath("comm").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    assert any("dds.udp" in name for name in threads)
    assert not any("dds.shm" in name for name in threads)


@pytest.mark.parametrize("given", [{}, {RANGE: "LOCALHOST"}], ids=["as delivered", "localhost"])
def test_ros_of_another_terminal_finds_every_node(cell, given):
    usual = {k: v for k, v in os.environ.items() if k not in (RANGE, *PROFILES)}
    names = [process.name for process in PROCESSES]
    found = subprocess.run(
        [sys.executable, "-c", STRANGER, *names], env={**usual, **given}, capture_output=True,
        text=True,
    )  # fmt: skip
    assert found.returncode == 0, found.stderr
