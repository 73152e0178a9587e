"""What the driver knows of each motor model of the X series; the addresses are the same in all.

Source: ROBOTIS e-Manual, the control table of each model.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Model(NamedTuple):
    """One model."""

    number: int
    name: str
    current_unit_a: float | None
    """One step of its currents [A]; None: it measures and limits none, only its load in percent."""
    watchdog_firmware_min: int
    """The first firmware with a Bus Watchdog."""
    fast_read_firmware_min: int
    """The first firmware with Fast Sync Read."""


MODELS = {
    model.number: model
    for model in (
        Model(1020, "XM430-W350", 2.69e-3, 38, 45),
        Model(1030, "XM430-W210", 2.69e-3, 38, 45),
        Model(1060, "XL430-W250", None, 38, 45),
        Model(1120, "XM540-W270", 2.69e-3, 38, 45),
        Model(1130, "XM540-W150", 2.69e-3, 38, 45),
        Model(1190, "XL330-M077", 1e-3, 0, 46),
        Model(1200, "XL330-M288", 1e-3, 0, 46),
    )
}
BY_NAME = {model.name: model for model in MODELS.values()}


def model_name(number: int) -> str:
    """Return how a model is called.

    >>> model_name(1060), model_name(7)
    ('XL430-W250', 'model 7')
    """
    return MODELS[number].name if number in MODELS else f"model {number}"


def reads_fast(name: str, firmware: int) -> bool:
    """Return whether a motor of this model takes part in a Fast Sync Read. `name`: as for `unfit`.

    >>> reads_fast("XL330-M288", 46), reads_fast("XL330-M288", 45), reads_fast("model 7", 99)
    (True, False, False)
    """
    return name in BY_NAME and firmware >= BY_NAME[name].fast_read_firmware_min


def unfit(who: str, name: str, firmware: int, *, grips: bool) -> Iterator[tuple[str, str]]:
    """Yield why a motor of this model cannot serve, and what to do; nothing where it can.

    `name` is that of `model_name`; `grips` is whether it has to limit its current.
    """
    model = BY_NAME.get(name)
    if model is None:
        yield f"{who} is {name}, not {', '.join(BY_NAME)}", "take one of these"
        return
    if firmware < model.watchdog_firmware_min:
        yield (
            f"firmware {firmware} of {who} has no Bus Watchdog",
            f"update it to {model.watchdog_firmware_min} or later",
        )
    if grips and model.current_unit_a is None:
        yield (
            f"{who} is {name}, which limits no current, so it would grip with all its force",
            "a gripper needs a model that does, such as XM430-W350",
        )
