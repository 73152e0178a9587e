"""When a zone is muted: a table of four phases, over two signals and the time.

Muting lets material, or a person who loads it, through a zone without a consequence. So that one
fault cannot mute, it takes two signals that become true one after the other within a set time; so
that it cannot stay, it ends after a set time and comes back only after both signals were seen
false. Only a zone is ever muted, never the separation.

    RESTED   both signals were seen false: may begin
    BEGUN    one is true; the other must follow within begin_within_s
    MUTED    both are true, for time_max_s at most
    SPENT    over, or out of order: until both are seen false

A signal that is missing, late or of the future is unknown: that is neither true nor seen false, so
whatever the phase, SPENT follows. So does a clock that stands still, runs backwards or is no
number. A signal that is stuck at true therefore never mutes again, whatever the other does.

With `order: fixed` the first signal named must be seen true alone before the second; with `free`
either may, and both may become true between two ticks. Seconds. Pure: memory in, memory out; one
call for each tick of the monitor.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import NamedTuple

from hrc_cell.settings.zones import Muting


class Phase(IntEnum):
    """Where a muting stands."""

    SPENT = 0
    RESTED = 1
    BEGUN = 2
    MUTED = 3


class Signal(NamedTuple):
    """What was last heard of a signal of the cell."""

    state: bool
    age_s: float


class MutingMemory(NamedTuple):
    """One muting between two ticks. Begins spent: both signals must be seen false first."""

    phase: Phase = Phase.SPENT
    since_s: float = -math.inf  # of this phase
    now_s: float = -math.inf  # of the last tick
    first: int = -1  # which signal began, while BEGUN


def after_tick(
    rule: Muting, memory: MutingMemory, signals: Mapping[str, Signal], now_s: float
) -> MutingMemory:
    """Return the memory after one tick with the signals, by name, as they are known at `now_s`."""
    a, b = (_known(signals.get(name), rule.signal_timeout_s) for name in rule.signals)
    if not math.isfinite(now_s):
        return MutingMemory(now_s=memory.now_s)
    if a is None or b is None or not now_s > memory.now_s:
        return MutingMemory(now_s=now_s)
    phase, first = _next(rule, memory, (a, b), now_s)
    since_s = memory.since_s if phase is memory.phase else now_s
    return MutingMemory(phase, since_s, now_s, first)


def _next(
    rule: Muting, memory: MutingMemory, states: tuple[bool, bool], now_s: float
) -> tuple[Phase, int]:
    """Return the phase after a tick in which both signals are known, and which began."""
    both, lasted_s = all(states), now_s - memory.since_s
    if not any(states):
        return Phase.RESTED, -1
    match memory.phase:
        case Phase.RESTED if both:
            return (Phase.MUTED if rule.order == "free" else Phase.SPENT), -1
        case Phase.RESTED if states[0] or rule.order == "free":
            return Phase.BEGUN, states.index(True)
        case Phase.BEGUN if lasted_s <= rule.begin_within_s and states[memory.first]:
            return (Phase.MUTED, -1) if both else (Phase.BEGUN, memory.first)
        case Phase.MUTED if both and lasted_s < rule.time_max_s:
            return Phase.MUTED, -1
    return Phase.SPENT, -1


def _known(signal: Signal | None, timeout_s: float) -> bool | None:
    """Return what a signal says, None where that is unknown."""
    if signal is None or not 0.0 <= signal.age_s <= timeout_s:
        return None
    return signal.state


def muted_zones(rules: Sequence[Muting], memories: Sequence[MutingMemory]) -> tuple[str, ...]:
    """Return the names of the zones muted now, each once, in the order of the rules."""
    return tuple(dict.fromkeys(rule.zone for rule in _muted(rules, memories)))


def hides(
    rules: Sequence[Muting], memories: Sequence[MutingMemory], zone: str, source: str
) -> bool:
    """Return whether people of this source have no consequence in this zone now."""
    return any(
        rule.zone == zone and (not rule.sources or source in rule.sources)
        for rule in _muted(rules, memories)
    )


def _muted(rules: Sequence[Muting], memories: Sequence[MutingMemory]) -> list[Muting]:
    return [
        rule for rule, memory in zip(rules, memories, strict=True) if memory.phase is Phase.MUTED
    ]
