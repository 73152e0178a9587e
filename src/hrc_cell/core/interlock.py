"""Operating modes and the operator box: what its inputs forbid, each on two channels.

One call for each tick of judgement, memory in, memory out. All readings that came since the last
tick are taken one after the other, so that an input pressed and let go in between is not missed and
a press is never counted twice. Times in seconds of one monotonic clock, speeds in m/s.

Two channels: while they differ, the safe value counts (pressed, open, released). If they differ for
longer than `inputs_discrepancy_s`, the input is at fault. The
fault ends once both channels have been seen safe together: a contact that is stuck cannot do that,
and an input that only looks well again at rest is not trusted. Whatever the mode, every input is
watched so.

Modes:

- UNKNOWN: nothing moves.
- MANUAL: a person beside the arm holds the enabling switch in its middle position, on both
  channels, and nothing of the arm is faster than `manual_speed_max_mps`. Enabled is only who came
  from fully released to the middle, in this mode: not a switch held when the mode began, when the
  box was silent, on the way back from pressed through (IEC 60204-1, 10.9), or through an overspeed.
  Enabling moves nothing, start is an act of its own. People do not bind, the person enabling looks.
- COLLABORATIVE: people bind.
- AUTOMATIC: behind closed guards nobody binds. An open guard stops, and so does a person tracked
  inside; both latch, for somebody may have gone in, and reset is for whoever has looked.

A turn of the key switch stops in any case. Reset and start are presses, not levels: a button that
is held when the box is first heard is none, nor one pressed while the other is down.

Source: ISO 10218-1 and IEC 60204-1; check against licensed copies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum, IntEnum

from hrc_cell.core.safety import Event
from hrc_cell.settings.safety import SafetySettings

NEVER = math.inf


class Mode(IntEnum):
    """The key switch; the values are those of OperatorInputs."""

    UNKNOWN = 0
    MANUAL = 1
    COLLABORATIVE = 2
    AUTOMATIC = 3


class Switch(IntEnum):
    """One channel of the enabling switch; the values are those of OperatorInputs."""

    RELEASED = 0
    MIDDLE = 1
    PRESSED = 2  # pressed through


class Grip(Enum):
    """What the enabling switch is good for."""

    USED = "used"  # must be released first
    RELEASED = "released"  # held in the middle next, it enables
    ENABLING = "enabling"


SAFE: dict[str, int] = {
    "emergency_stop_input": True,  # pressed
    "enabling_switch": Switch.RELEASED,
    "guards": False,  # open
}
"""The inputs with two channels, and the value that is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The operator box at one instant. A mode or position of the switch unheard of is the worst."""

    mode: int
    reset: bool  # held
    start: bool  # held
    enabling_switch: tuple[int, int]
    emergency_stop_input: tuple[bool, bool]  # pressed
    guards_closed: tuple[bool, bool]

    def channels(self, name: str) -> tuple[int, int]:
        """Return the two channels of an input of `SAFE`."""
        if name == "guards":
            return self.guards_closed
        return self.enabling_switch if name == "enabling_switch" else self.emergency_stop_input


@dataclass(frozen=True, slots=True, kw_only=True)
class InterlockMemory:
    """What one tick remembers for the next. Starts with nothing heard and both buttons held."""

    newest: Reading | None = None
    mode: Mode = Mode.UNKNOWN
    reset_held: bool = True
    start_held: bool = True
    grip: Grip = Grip.USED
    overspeed: bool = False  # until the switch is released
    differ_since_s: Mapping[str, float] = field(default_factory=dict)  # inputs, first seen
    at_fault: frozenset[str] = frozenset()  # inputs, until both channels were seen safe


@dataclass(frozen=True, slots=True, kw_only=True)
class Interlock:
    """What the mode and the inputs allow at this tick. The default forbids everything.

    `reset` and `start` are presses since the last tick: count a reset only in LATCHED, a start only
    in READY. The findings all stop; without one, `enabled` says that the mode lets the arm move.
    """

    mode: Mode = Mode.UNKNOWN
    enabled: bool = False
    speed_limit_mps: float = 0.0  # of every point of the arm; inf: none by the mode
    ssm_applies: bool = True  # people bind, by separation and by zones
    findings: tuple[tuple[Event, str], ...] = ((Event.FAULT, "inputs_silent"),)
    reset: bool = False
    start: bool = False


COLLABORATING = Interlock(
    mode=Mode.COLLABORATIVE, enabled=True, speed_limit_mps=math.inf, findings=()
)
"""Of a healthy box at collaborative on which nobody does anything."""


def interlock(
    safety: SafetySettings,
    memory: InterlockMemory,
    *,
    now_s: float,
    readings: Sequence[Reading],
    age_s: float,
    point_speed_mps: float,
    person_inside: bool,
) -> tuple[InterlockMemory, Interlock]:
    """Return the memory for the next tick and what the box allows at this one.

    readings: all that came since the last tick, oldest first; often none
    age_s: of the newest reading ever, inf if there was none
    point_speed_mps: measured, of the fastest point of the arm; not finite: too fast
    person_inside: somebody is tracked inside the cell's outline, or that is not known

    An age beyond `inputs_timeout_s`, of the future or not finite is a silent box: nothing is
    allowed, and everything must be let go and pressed anew once it speaks again.
    """
    heard = [*readings] or ([] if memory.newest is None else [memory.newest])
    if not heard or not 0.0 <= age_s <= safety.inputs_timeout_s or not math.isfinite(now_s):
        return InterlockMemory(at_fault=memory.at_fault), Interlock()
    found: dict[Event, str] = {}
    reset = start = False
    for reading in heard:
        before, memory = memory, _after(memory, reading, now_s)
        reset |= reading.reset and not before.reset_held and not reading.start
        start |= reading.start and not before.start_held and not reading.reset
        found |= _forbidden(before, memory, reading)
    memory = _with_faults(safety, memory, now_s)
    limit_mps = _limit_mps(safety, memory.mode)
    if memory.grip is Grip.ENABLING and not (
        0.0 <= point_speed_mps <= limit_mps + safety.manual_speed_tolerance_mps
    ):
        memory = replace(memory, grip=Grip.USED, overspeed=True)
        found[Event.OVERSPEED] = "overspeed"
    if memory.mode is Mode.AUTOMATIC and person_inside:
        found[Event.INTRUSION_MANUAL] = "person_behind_guards"
    faults = [(Event.FAULT, f"inputs_discrepancy:{name}") for name in sorted(memory.at_fault)]
    findings = (*faults, *found.items())
    return memory, Interlock(
        mode=memory.mode,
        enabled=not findings,
        speed_limit_mps=limit_mps,
        ssm_applies=memory.mode not in (Mode.MANUAL, Mode.AUTOMATIC),
        findings=findings,
        reset=reset,
        start=start,
    )


def _after(memory: InterlockMemory, reading: Reading, now_s: float) -> InterlockMemory:
    """Return the memory after one reading."""
    mode = Mode(reading.mode) if reading.mode in Mode._value2member_map_ else Mode.UNKNOWN
    switch = reading.enabling_switch
    grip = memory.grip
    if switch == (Switch.RELEASED, Switch.RELEASED):
        grip = Grip.RELEASED
    elif mode is not Mode.MANUAL or memory.mode is not Mode.MANUAL:
        grip = Grip.USED
    elif switch == (Switch.MIDDLE, Switch.MIDDLE):
        grip = Grip.USED if grip is Grip.USED else Grip.ENABLING
    elif grip is Grip.ENABLING or not {*switch} <= {Switch.RELEASED, Switch.MIDDLE}:
        grip = Grip.USED
    both = {name: reading.channels(name) for name in SAFE}
    return InterlockMemory(
        newest=reading,
        mode=mode,
        reset_held=reading.reset,
        start_held=reading.start,
        grip=grip,
        overspeed=memory.overspeed and mode is Mode.MANUAL and grip is Grip.USED,
        differ_since_s={
            name: memory.differ_since_s.get(name, now_s) for name, (a, b) in both.items() if a != b
        },
        at_fault=memory.at_fault
        - {name for name, safe in SAFE.items() if both[name] == (safe,) * 2},
    )


def _forbidden(
    before: InterlockMemory, after: InterlockMemory, reading: Reading
) -> Iterator[tuple[Event, str]]:
    """Yield what one reading forbids, with its cause."""
    if any(reading.emergency_stop_input):
        yield Event.EMERGENCY_STOP_INPUT, "emergency_stop_input"
    if after.mode is Mode.UNKNOWN:
        yield Event.WRONG_MODE, "mode"
    if after.mode is not before.mode:
        yield Event.MODE_CHANGED, "mode_changed"
    if after.mode is Mode.AUTOMATIC and not all(reading.guards_closed):
        yield Event.GUARDS_OPEN, "guards_open"
    if after.overspeed:
        yield Event.OVERSPEED, "overspeed"
    if after.mode is Mode.MANUAL and after.grip is not Grip.ENABLING:
        yield Event.ENABLING_LOST, "enabling_switch"


def _with_faults(safety: SafetySettings, memory: InterlockMemory, now_s: float) -> InterlockMemory:
    """Return the memory with the inputs that have differed for too long at fault."""
    late = {
        name
        for name, since_s in memory.differ_since_s.items()
        if not 0.0 <= now_s - since_s <= safety.inputs_discrepancy_s
    }
    return replace(memory, at_fault=memory.at_fault | late) if late else memory


def _limit_mps(safety: SafetySettings, mode: Mode) -> float:
    """Return the speed that a mode allows every point of the arm."""
    if mode is Mode.MANUAL:
        return safety.manual_speed_max_mps
    return 0.0 if mode is Mode.UNKNOWN else math.inf
