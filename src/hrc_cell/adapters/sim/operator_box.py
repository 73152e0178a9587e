"""The simulated operator box beside the cell: buttons, enabling switch, guards, key switch.

Pure: the time comes as an argument, seconds of one clock. A button is pressed (0.3 s), held or
released; the enabling switch is held in its middle position or pressed through. The box starts with
nothing pressed, the guards open and the key switch at collaborative. Reset and start are pressed
with one finger: a press of one ends a press of the other, though not a hold. Inputs that a real box
has on two channels have them here too, and the second one can stick.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

PRESS_S = 0.3
BUTTON = ("press", "hold", "release")
CONTROLS: dict[str, tuple[str, ...]] = {
    "reset": BUTTON,
    "start": BUTTON,
    "enabling_switch": ("press", "hold", "through", "release"),
    "emergency_stop_input": BUTTON,
    "guards": ("open", "close"),
    "mode": ("manual", "collaborative", "automatic"),
}
"""Every control, and what can be done to it."""
ONE_FINGER = ("reset", "start")
CHANNELS = ("enabling_switch", "emergency_stop_input", "guards")
"""What is read on two channels."""
RELEASED, MIDDLE, PRESSED = range(3)
"""Positions of the enabling switch; the numbers are those of OperatorInputs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The box at one instant; pairs are two channels."""

    reset: bool
    start: bool
    mode: str
    enabling_switch: tuple[int, int]
    emergency_stop_input: tuple[bool, bool]
    guards_closed: tuple[bool, bool]


class OperatorBox:
    """One box."""

    def __init__(self) -> None:
        self._until_s = dict.fromkeys(CONTROLS, -math.inf)  # so long something is pressed
        self._through = self._closed = False
        self._mode = "collaborative"
        self._stuck: dict[str, int] = {}  # where a second channel stands
        self.silent = False

    def press(self, control: str, value: str, now_s: float) -> None:
        """Act on a control. Raises ValueError that lists what is known."""
        if control not in CONTROLS:
            raise ValueError(f"control {control!r} is not known; known: {', '.join(CONTROLS)}")
        known = CONTROLS[control]
        if value not in known:
            raise ValueError(f"{control} {value!r} is not known; known: {', '.join(known)}")
        if control == "mode":
            self._mode = value
        elif control == "guards":
            self._closed = value == "close"
        else:
            if value == "press" and control in ONE_FINGER:
                for other in ONE_FINGER:
                    if self._until_s[other] < math.inf:
                        self._until_s[other] = -math.inf
            until = {"press": now_s + PRESS_S, "release": -math.inf}
            self._until_s[control] = until.get(value, math.inf)
            if control == "enabling_switch":
                self._through = value == "through"

    def stick(self, name: str, now_s: float, *, active: bool) -> None:
        """Let the second channel of an input stay where it stands, or follow again.

        Raises ValueError that lists what is known.
        """
        if name not in CHANNELS:
            raise ValueError(f"input {name!r} is not known; known: {', '.join(CHANNELS)}")
        if active:
            self._stuck.setdefault(name, self._position(name, now_s))
        else:
            self._stuck.pop(name, None)

    def read(self, now_s: float) -> Reading:
        """Return what the box shows now."""
        first = {name: self._position(name, now_s) for name in CHANNELS}
        second = first | self._stuck
        return Reading(
            reset=self._pressed("reset", now_s),
            start=self._pressed("start", now_s),
            mode=self._mode,
            enabling_switch=(first["enabling_switch"], second["enabling_switch"]),
            emergency_stop_input=(
                bool(first["emergency_stop_input"]), bool(second["emergency_stop_input"]),
            ),
            guards_closed=(bool(first["guards"]), bool(second["guards"])),
        )  # fmt: skip

    def _position(self, name: str, now_s: float) -> int:
        """Return where an input stands, before any channel sticks."""
        if name == "guards":
            return self._closed
        if name == "enabling_switch" and self._pressed(name, now_s):
            return PRESSED if self._through else MIDDLE
        return self._pressed(name, now_s)

    def _pressed(self, control: str, now_s: float) -> bool:
        return now_s < self._until_s[control]
