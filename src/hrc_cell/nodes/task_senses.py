"""What the task manager hears of parts, signals and pulls, and how old it is.

Part sensors that are silent are unknown, and so is the future. A signal of the cell has its age
told with it: how old it may be is said by the step that requires it. The currents of the motors
are learned when the arm has come with a part, and felt from then on while it rests there, however
often the part is offered (core.pull); an old one is unknown.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import CellSignals, MotorStates, PartSensors

from hrc_cell.core.handoff import Handoff
from hrc_cell.core.muting import Signal
from hrc_cell.core.pull import Feeling, PullLimits, felt
from hrc_cell.nodes.base import ALL, KEPT, NEWEST, CellNode
from hrc_cell.settings.operation import TaskSettings

FUTURE_MAX_S = 0.05
HELD_OUT = (Handoff.OFFERED, Handoff.REFUSED, Handoff.TIMED_OUT, Handoff.CONFIRMED)
"""The arm rests at the handover place and holds a part."""


class Senses:
    """The newest of part sensors and signals."""

    def __init__(
        self, node: CellNode, settings: TaskSettings, *, changed: Callable[[], None]
    ) -> None:
        """`changed` is called when something new is said or felt, or part sensors fall silent."""
        self.parts: dict[str, bool] = {}
        self._node, self._timeout_s, self._changed = node, settings.sensors_timeout_s, changed
        self._handoff, self._feeling = Handoff.NONE, Feeling()
        self._motors_s = -math.inf  # when they were heard
        self._limits = PullLimits(
            least_a=settings.pull_current_a, spread_sigmas=settings.pull_sigmas,
            drift_a=settings.pull_drift_a, learn_samples=settings.pull_rest_samples,
            pull_samples=settings.pull_samples,
        )  # fmt: skip
        self._parts_stamp = TimeMsg()
        self._signals: dict[str, tuple[bool, float]] = {}
        node.create_subscription(PartSensors, "part_sensors", self._hear_parts, KEPT)
        node.create_subscription(CellSignals, "cell_signals", self._hear_signals, ALL)
        node.create_subscription(MotorStates, "motor_states", self._hear_motors, NEWEST)

    def signals(self) -> dict[str, Signal]:
        """Return the signals of the cell with their ages."""
        now_s = time.monotonic()
        return {name: Signal(state, now_s - at_s) for name, (state, at_s) in self._signals.items()}

    def pulled(self) -> bool:
        """Return whether a person pulls at the part, by currents that are not old."""
        return self._feeling.pulled and time.monotonic() - self._motors_s <= self._timeout_s

    def look(self) -> None:
        """Notice part sensors that fell silent. To be called a few times a second."""
        self._take(self.parts)

    def follow(self, handoff: Handoff) -> None:
        """Hear how far the handoff is: what was felt where the arm was before is not felt here."""
        self._handoff = handoff
        if handoff not in HELD_OUT:
            self._feeling = Feeling()

    def _hear_motors(self, message: MotorStates) -> None:
        before = self._feeling
        currents = [
            motor.current_a if self._fresh(motor.stamp) else math.nan for motor in message.motors
        ]
        learning = self._handoff is Handoff.OFFERED
        self._motors_s = time.monotonic()
        self._feeling = felt(before, currents, self._limits, learning=learning)
        if self._feeling.pulled is not before.pulled:
            self._changed()

    def _fresh(self, stamp: TimeMsg) -> bool:
        return -FUTURE_MAX_S <= self._node.age_s(stamp) <= self._timeout_s

    def _hear_parts(self, message: PartSensors) -> None:
        self._parts_stamp = message.header.stamp
        self._take(dict(zip(message.place, message.occupied, strict=False)))

    def _take(self, parts: dict[str, bool]) -> None:
        if not self._fresh(self._parts_stamp):
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
