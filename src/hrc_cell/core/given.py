"""What is given while the task decides: its recipe, and what the world says at that moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hrc_cell.core.muting import Signal
from hrc_cell.settings.recipe import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What stays while a recipe runs, and what sensors and monitor say now."""

    recipe: Recipe
    retry_max: int
    parts: Mapping[str, bool] = field(default_factory=dict)  # place: occupied; absent: unknown
    signals: Mapping[str, Signal] = field(default_factory=dict)  # of the cell, with their ages
    gripper_permitted: bool = False  # the gripper may act, by a permit heard lately
    arm_permitted: bool = False  # the arm may move, by a permit heard lately: nobody is near it
    pulled: bool = False  # a person pulls at the part, as the motors' currents tell
