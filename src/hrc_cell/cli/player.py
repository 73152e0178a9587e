"""Plays recorded scans as the scanner would publish them: in real time, with present stamps.

A process of its own that goes first like the simulated hardware: what listens and counts beside it
must not make the scanner late.
"""

from __future__ import annotations

import array
import multiprocessing
import os
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import rclpy
from sensor_msgs.msg import LaserScan

from hrc_cell.core.scan import Scan
from hrc_cell.nodes.base import SENSOR, go_first

END_TIMEOUT_S = 5.0


class Player:
    """Publishes `scans` on scanners/<name>/scan, again from the start when they end."""

    def __init__(self, name: str, scans: Sequence[Scan], pause_s: float, *, namespace: str) -> None:
        """`pause_s` is the time [s] between the last scan and the first of the next round."""
        around = multiprocessing.get_context("spawn")
        self._ending = around.Event()
        self._process = around.Process(
            target=_play,
            args=(name, namespace, scans, pause_s, self._ending, os.getpid()),
            daemon=True,
        )

    def __enter__(self) -> Player:
        self._process.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._ending.set()
        self._process.join(END_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()


def _play(
    name: str, namespace: str, scans: Sequence[Scan], pause_s: float, ending: Any, parent: int
) -> None:
    """Publish until told to end, or until whoever started this is gone."""
    go_first()
    rclpy.init()
    node = rclpy.create_node(f"player_{name}", namespace=namespace)
    topic = node.create_publisher(LaserScan, f"scanners/{name}/scan", SENSOR)
    messages = [_message(name, scan) for scan in scans]
    while True:
        start_s = time.monotonic()
        for scan, message in zip(scans, messages, strict=True):
            due_s = start_s + scan.stamp_s - scans[0].stamp_s
            ended = ending.wait(max(0.0, due_s - time.monotonic()))
            if ended or os.getppid() != parent or not rclpy.ok():
                return
            message.header.stamp = node.get_clock().now().to_msg()
            topic.publish(message)
        ending.wait(pause_s)


def _message(name: str, scan: Scan) -> LaserScan:
    message = LaserScan(
        angle_min=scan.angle_min_rad,
        angle_increment=scan.angle_increment_rad,
        angle_max=scan.angle_min_rad + scan.angle_increment_rad * (len(scan.ranges) - 1),
        range_min=scan.range_min_m,
        range_max=scan.range_max_m,
        ranges=array.array("f", np.asarray(scan.ranges, dtype=np.float32).tobytes()),
    )
    message.header.frame_id = name
    return message
