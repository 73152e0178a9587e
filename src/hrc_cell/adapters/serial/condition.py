"""How the bus and each motor are, judged for people: a level, the reasons in words, the values.

The levels are those of diagnostic_msgs/DiagnosticStatus. ERROR: a fault is latched, or a motor
reports one. STALE: what is known is old. WARN: it works, but not as it should. What is not known is
told as unknown; nothing is filled in.

Rates and losses are those of the last whole second; totals count from the start of the bus process.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

from hrc_cell.adapters.serial.adapter import LATENCY_MAX_MS
from hrc_cell.adapters.serial.drives import error_text
from hrc_cell.adapters.serial.plan import BusPlan, MotorPlan
from hrc_cell.adapters.serial.shared import BusState, MotorRecord
from hrc_cell.core.gate import Phase

WINDOW_S = 1.0
RATE_MIN_SHARE = 0.95
"""Of the cycles asked for; fewer in a second are worth a word."""
LOST_MAX_SHARE = 0.01
"""Of the replies of a second; more that are lost are worth a word."""
UNKNOWN = "unknown"
FAULTS = {
    "port_lost": "the port is gone; is the adapter plugged in?",
    "power_cut": "all motors lost their power or their cable",
    "motor_reset": "has begun anew; look at its power contact",
    "motor_lost": "does not answer",
    "watchdog": "has a tripped Bus Watchdog",
    "hardware_error": "reports a hardware error",
    "torque_off": "has lost its torque",
    "stop_category_0": "a stop took torque at once",
    "stop_category_1": "a stop took torque once the arm was at rest",
    "bus_stalled": "a cycle came later than the motors' watchdogs allow",
}


class Level(IntEnum):
    """Worse is greater, as in DiagnosticStatus."""

    OK = 0
    WARN = 1
    ERROR = 2
    STALE = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Of the bus or of one motor."""

    name: str  # "bus", or the joint
    hardware_id: str
    level: Level
    message: str
    values: tuple[tuple[str, str], ...]


def fault_text(fault: str) -> str:
    """Return a latched fault in words.

    >>> fault_text("motor_lost:elbow")
    'elbow does not answer'
    """
    kind, _, joint = fault.partition(":")
    return f"{joint} {FAULTS.get(kind, kind)}".strip()


class Examiner:
    """Judges state after state of one bus process."""

    def __init__(self, plan: BusPlan, *, real_time: bool, latency_ms: int | None) -> None:
        """`real_time`: the bus process goes before others; `latency_ms`: None, there is none."""
        self._plan, self._real_time, self._latency_ms = plan, real_time, latency_ms
        self._wire_hz = plan.wire_limit_hz()
        self._begin: BusState | None = None  # of the present second
        self._rate_hz = math.nan  # of the last whole second
        self._missed = self._broken = 0
        self._lost = [0] * len(plan.motors)
        self._cycles = 0

    def examine(self, state: BusState | None, now_s: float) -> list[Condition]:
        """Return the condition of the bus, then of each motor.

        `state` is the newest of the bus process, None before its first; `now_s` the instant on its
        clock.
        """
        if state is None:
            known = [MotorRecord() for _ in self._plan.motors]
            values = (("port", self._plan.port),)
            bus = self._of_bus(Level.STALE, "nothing heard from the bus process yet", values)
        else:
            self._count(state)
            known = list(state.motors)
            bus = self._bus(state, now_s)
        motors = [
            self._motor(index, motor, known[index], state, now_s)
            for index, motor in enumerate(self._plan.motors)
        ]
        return [bus, *motors]

    def _count(self, state: BusState) -> None:
        """Take the figures of a second once it is over."""
        begin = self._begin
        if begin is None or state.cycle < begin.cycle:
            self._begin = state
            return
        took_s = state.end_s - begin.end_s
        if took_s < WINDOW_S:
            return
        self._cycles = state.cycle - begin.cycle
        self._rate_hz = self._cycles / took_s
        self._missed = state.missed_cycles - begin.missed_cycles
        self._broken = state.broken_frames - begin.broken_frames
        self._lost = [
            now.lost_replies - before.lost_replies
            for now, before in zip(state.motors, begin.motors, strict=True)
        ]
        self._begin = state

    def _bus(self, state: BusState, now_s: float) -> Condition:
        plan, age_s = self._plan, now_s - state.end_s
        share = plan.rate_hz / self._wire_hz
        late_ms = self._latency_ms is not None and self._latency_ms > LATENCY_MAX_MS
        found = [
            (Level.ERROR, state.latched, fault_text(state.reason)),
            (Level.STALE, not age_s <= plan.watchdog_s, f"no cycle for {age_s:.1f} s"),
            (Level.WARN, self._rate_hz < RATE_MIN_SHARE * plan.rate_hz,
             f"{self._rate_hz:.0f} cycles in a second instead of {plan.rate_hz:g}"),
            (Level.WARN, self._broken > 0, f"{self._broken} broken frames in a second"),
            (Level.WARN, late_ms, f"the adapter holds replies back for {self._latency_ms} ms"),
        ]  # fmt: skip
        level, message = _worst(found)
        values = (
            ("port", plan.port),
            ("cycle rate [Hz]", _number(self._rate_hz, 1)),
            ("cycle rate asked for [Hz]", f"{plan.rate_hz:g}"),
            ("cycles missed", str(state.missed_cycles)),
            ("cycles missed in the last second", str(self._missed)),
            ("replies lost", str(sum(motor.lost_replies for motor in state.motors))),
            ("broken frames", str(state.broken_frames)),
            ("gate", Phase(state.gate).name),
            ("gate reason", state.reason),
            ("fault latched", fault_text(state.reason) if state.latched else "none"),
            ("oldest sample at the gate [s]", _number(state.gate_delay_s, 3)),
            ("wire limit [Hz]", f"{self._wire_hz:.0f}"),
            ("share of the wire limit", f"{share:.2f}"),
            ("real-time priority", "yes" if self._real_time else "no"),
            ("latency timer [ms]", "none" if self._latency_ms is None else str(self._latency_ms)),
        )
        return self._of_bus(level, message, values)

    def _of_bus(self, level: Level, message: str, values: tuple[tuple[str, str], ...]) -> Condition:
        return Condition(
            name="bus", hardware_id=self._plan.port, level=level, message=message, values=values
        )

    def _motor(
        self,
        index: int,
        motor: MotorPlan,
        known: MotorRecord,
        state: BusState | None,
        now_s: float,
    ) -> Condition:
        age_s, lost = now_s - known.reply_s, self._lost[index]
        fresh_s = self._plan.lost_cycles_max * self._plan.period_s
        closed = state is None or state.gate == Phase.CLOSED
        bits = known.hardware_error
        error = error_text(self._plan.protocol, bits) if bits else ""
        never = math.isnan(known.reply_s)
        found = [
            (Level.ERROR, bool(error), f"hardware error: {error}"),
            (Level.STALE, never, "no reply yet"),
            (Level.STALE, not never and not age_s <= fresh_s, f"no reply for {age_s:.1f} s"),
            (Level.ERROR, not (known.torque_on or closed), "its torque is off"),
            (Level.WARN, lost > LOST_MAX_SHARE * self._cycles,
             f"{lost} of {self._cycles} replies lost in a second"),
        ]  # fmt: skip
        level, message = _worst(found)
        values = (
            ("id", str(motor.motor_id)),
            ("voltage [V]", _number(known.voltage_v, 1)),
            ("temperature [degree Celsius]", _number(known.temperature_c, 0)),
            ("current [A]", _number(known.current_a, 3)),
            ("hardware error", UNKNOWN if never else error or "none"),
            ("torque", UNKNOWN if never else "on" if known.torque_on else "off"),
            ("age of the sample [s]", _number(age_s, 3)),
            ("replies lost", str(known.lost_replies)),
            ("replies lost in the last second", str(lost)),
        )
        return Condition(
            name=motor.joint, hardware_id=f"{self._plan.port} ID {motor.motor_id}", level=level,
            message=message, values=values,
        )  # fmt: skip


def _worst(found: list[tuple[Level, bool, str]]) -> tuple[Level, str]:
    """Return the level of what was found, an error before what is stale, and all reasons."""
    reasons = [(level, text) for level, holds, text in found if holds]
    if not reasons:
        return Level.OK, "OK"
    levels = {level for level, _ in reasons}
    level = Level.ERROR if Level.ERROR in levels else max(levels)
    return level, "; ".join(text for _, text in reasons)


def _number(value: float, digits: int) -> str:
    """Return a number as text, UNKNOWN where it is none."""
    return f"{value:.{digits}f}" if math.isfinite(value) else UNKNOWN
