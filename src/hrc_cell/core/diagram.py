"""A state table drawn, for the docs."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


def state_diagram(first: S, table: Mapping[tuple[S, E], S]) -> str:
    """Return a table of state and event to the next state as a Mermaid diagram, from `first` on."""
    lines = [
        f"    {state.value} --> {target.value}: {event.value}"
        for (state, event), target in table.items()
        if state is not target
    ]
    return "\n".join(["stateDiagram-v2", f"    [*] --> {first.value}", *lines])
