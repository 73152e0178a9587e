"""Open calls for a person, told to a lamp or any other program; no name of anybody is in it.

The same status goes out twice: on `andon`, kept for who comes late, at each change and once a
second, so that a lamp can tell a silent page from a quiet day; and on /diagnostics.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from hrc_cell.core.andon import Lamp, Urgency
from hrc_cell.nodes.base import KEPT, CellNode
from hrc_cell.nodes.diagnostics import Diagnostics

TOPIC = "andon"
TELL_S = 0.25
PERIOD_S = 1.0
ESCALATED = 2
"""From this escalation on a call counts as an error, like an urgent one."""
OK, WARN, ERROR = 0, 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The status of a lamp."""

    level: int
    message: str
    values: tuple[tuple[str, str], ...]
    name: str = TOPIC
    hardware_id: str = ""


def status_of(lamp: Lamp) -> Told:
    """Return what is told of the open calls."""
    urgency = Urgency(lamp.urgency).name.lower() if lamp.urgency else "none"
    level = OK
    if lamp.open:
        pressing = lamp.urgency >= Urgency.RED or lamp.escalation >= ESCALATED
        level = ERROR if pressing else WARN
    return Told(
        level=level,
        message=f"called for: {', '.join(lamp.kinds)}" if lamp.open else "nobody is called for",
        values=(
            ("open", str(lamp.open)), ("urgency", urgency), ("escalation", str(lamp.escalation)),
            ("kinds", ",".join(lamp.kinds)),
        ),
    )  # fmt: skip


class AndonLamp:
    """Publishes a lamp."""

    def __init__(self, node: CellNode) -> None:
        self._node = node
        self._diagnostics = Diagnostics(node)
        self._publisher: Any = node.create_publisher(DiagnosticArray, TOPIC, KEPT)
        self._last: Lamp | None = None
        self._told_s = -PERIOD_S

    def tell(self, lamp: Lamp) -> None:
        """Publish the lamp when it has changed, or a period is over."""
        told, now_s = status_of(lamp), time.monotonic()
        self._diagnostics.tell([told], now_s)
        changed = lamp != self._last
        if not changed and now_s - self._told_s < PERIOD_S:
            return
        message = DiagnosticArray(
            status=[
                DiagnosticStatus(
                    level=bytes([told.level]), name=told.name, message=told.message,
                    values=[KeyValue(key=key, value=value) for key, value in told.values],
                )
            ]
        )  # fmt: skip
        message.header.stamp = self._node.stamp()
        self._publisher.publish(message)
        if changed:
            self._node.tell(TOPIC, asdict(lamp))
        self._last, self._told_s = lamp, now_s
