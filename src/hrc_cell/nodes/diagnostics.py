"""Diagnostics as ROS tools expect them: an array on /diagnostics once a second, and at each change.

The topic is absolute, as everywhere in ROS: one aggregator hears all robots. The statuses carry the
node's full name, so several cells can be told apart. Source: REP 107, diagnostic_updater.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.qos import QoSProfile

from hrc_cell.nodes.base import CellNode

TOPIC = "/diagnostics"
PERIOD_S = 1.0


class Told(Protocol):
    """What a status is made of."""

    @property
    def name(self) -> str:
        """What it is about."""

    @property
    def hardware_id(self) -> str:
        """Which piece of hardware."""

    @property
    def level(self) -> int:
        """As in DiagnosticStatus."""

    @property
    def message(self) -> str:
        """The reasons of the level."""

    @property
    def values(self) -> Iterable[tuple[str, str]]:
        """Names and values."""


class Diagnostics:
    """Publishes what a node finds."""

    def __init__(self, node: CellNode) -> None:
        self._node = node
        self._publisher: Any = node.create_publisher(DiagnosticArray, TOPIC, QoSProfile(depth=10))
        self._levels: list[int] = []
        self._told_s = -PERIOD_S

    def tell(self, found: Iterable[Told], now_s: float) -> None:
        """Publish the statuses when a level has changed, or a period is over. Monotonic seconds."""
        statuses = list(found)
        levels = [int(status.level) for status in statuses]
        if levels == self._levels and now_s - self._told_s < PERIOD_S:
            return
        self._levels, self._told_s = levels, now_s
        message = DiagnosticArray(status=[self._status(status) for status in statuses])
        message.header.stamp = self._node.stamp()
        self._publisher.publish(message)

    def _status(self, told: Told) -> DiagnosticStatus:
        node = self._node.get_fully_qualified_name().removeprefix("/")
        return DiagnosticStatus(
            level=bytes([int(told.level)]),
            name=f"{node}: {told.name}",
            message=told.message,
            hardware_id=told.hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in told.values],
        )
