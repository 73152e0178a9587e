"""What the task manager hears of parts and signals, and how old it is.

Part sensors that are silent are unknown, and so is the future. A signal of the cell has its age
told with it: how old it may be is said by the step that requires it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import CellSignals, PartSensors

from hrc_cell.core.muting import Signal
from hrc_cell.nodes.base import ALL, KEPT, CellNode

FUTURE_MAX_S = 0.05


class Senses:
    """The newest of part sensors and signals."""

    def __init__(
        self, node: CellNode, *, parts_timeout_s: float, changed: Callable[[], None]
    ) -> None:
        """`changed` is called when something new is said, or part sensors fall silent."""
        self.parts: dict[str, bool] = {}
        self._node, self._parts_timeout_s, self._changed = node, parts_timeout_s, changed
        self._parts_stamp = TimeMsg()
        self._signals: dict[str, tuple[bool, float]] = {}
        node.create_subscription(PartSensors, "part_sensors", self._hear_parts, KEPT)
        node.create_subscription(CellSignals, "cell_signals", self._hear_signals, ALL)

    def signals(self) -> dict[str, Signal]:
        """Return the signals of the cell with their ages."""
        now_s = time.monotonic()
        return {name: Signal(state, now_s - at_s) for name, (state, at_s) in self._signals.items()}

    def look(self) -> None:
        """Notice part sensors that fell silent. To be called a few times a second."""
        self._take(self.parts)

    def _hear_parts(self, message: PartSensors) -> None:
        self._parts_stamp = message.header.stamp
        self._take(dict(zip(message.place, message.occupied, strict=False)))

    def _take(self, parts: dict[str, bool]) -> None:
        age_s = self._node.age_s(self._parts_stamp)
        if not -FUTURE_MAX_S <= age_s <= self._parts_timeout_s:
            parts = {}
        if parts != self.parts:
            self.parts = parts
            self._changed()

    def _hear_signals(self, message: CellSignals) -> None:
        at_s = self._node.instant_s(message.header.stamp)
        if self._node.age_s(message.header.stamp) < 0.0:
            at_s = min(at_s, time.monotonic() + FUTURE_MAX_S)
        heard = zip(message.name, message.state, strict=False)
        self._signals.update((name, (bool(state), at_s)) for name, state in heard)
        self._changed()
