"""The simulated operator box beside the cell: reset, start, mode, enabling switch, stop input.

Pure: the time comes as an argument, seconds of one clock. A button is pressed (0.3 s), held or
released. The box starts with nothing pressed and the key switch at collaborative.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PRESS_S = 0.3
BUTTONS = ("reset", "start", "enabling_switch", "emergency_stop_input")
ACTIONS = ("press", "hold", "release")
MODES = ("manual", "collaborative", "automatic")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The box at one instant."""

    reset: bool
    start: bool
    mode: str
    enabling_switch: bool
    emergency_stop_input: bool


class OperatorBox:
    """One box."""

    def __init__(self) -> None:
        self._until_s = dict.fromkeys(BUTTONS, -math.inf)
        self._mode = "collaborative"
        self.silent = False

    def press(self, control: str, value: str, now_s: float) -> None:
        """Act on a control. Raises ValueError that lists what is known."""
        if control == "mode":
            if value not in MODES:
                raise ValueError(f"mode {value!r} is not known; known: {', '.join(MODES)}")
            self._mode = value
            return
        if control not in BUTTONS:
            raise ValueError(
                f"control {control!r} is not known; known: {', '.join((*BUTTONS, 'mode'))}"
            )
        until = {"press": now_s + PRESS_S, "hold": math.inf, "release": -math.inf}
        if value not in until:
            raise ValueError(f"{control} {value!r} is not known; known: {', '.join(ACTIONS)}")
        self._until_s[control] = until[value]

    def read(self, now_s: float) -> Reading:
        """Return what the box shows now."""
        pressed = {control: now_s < until for control, until in self._until_s.items()}
        return Reading(mode=self._mode, **pressed)
