"""What a step requires before it begins, against what sensors and signals say.

What is not known, too old or from the future fulfils nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from hrc_cell.core.muting import Signal
from hrc_cell.settings.recipe import Condition, Step


def unmet(step: Step, parts: Mapping[str, bool], signals: Mapping[str, Signal]) -> str:
    """Return in words the first thing that a step requires and that is not so, "" if all is."""
    wrong = (_wrong(condition, parts, signals) for condition in step.requires)
    return next((said for said in wrong if said), "")


def _wrong(condition: Condition, parts: Mapping[str, bool], signals: Mapping[str, Signal]) -> str:
    if condition.place:
        seen = parts.get(condition.place)
        said = "unknown" if seen is None else "occupied" if seen else "free"
        return "" if seen is condition.occupied else f"place {condition.place} is {said}"
    signal = signals.get(condition.signal)
    if signal is None or not 0.0 <= signal.age_s <= condition.age_max_s:
        return f"signal {condition.signal} is unknown"
    if signal.state is condition.state:
        return ""
    return f"signal {condition.signal} is {str(signal.state).lower()}"
