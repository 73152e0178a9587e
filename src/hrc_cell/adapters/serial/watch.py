"""Motors looked at again and again, whoever they belong to. Reads only.

Each protocol reads in its own way: `dynamixel_watch`, `feetech_watch`.
"""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Protocol


class Seen(Protocol):
    """A motor that a scan has found."""

    @property
    def motor_id(self) -> int:
        """Return its ID."""

    @property
    def model(self) -> str:
        """Return the name of its model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One motor as last read; NaN and None: not known."""

    name: str
    motor_id: int
    reply_s: float = -math.inf  # monotonic instant
    lost: int | None = 0  # replies that did not come
    position_rad: float = math.nan
    velocity_radps: float = math.nan
    current_a: float = math.nan
    load_ratio: float = math.nan  # of the torque it can
    voltage_v: float = math.nan
    temperature_c: float = math.nan
    torque_on: bool | None = None
    hardware_error: int | None = None  # bits
    error: str | None = None  # the same in words, "" for none


def with_loss(motor: Watched) -> Watched:
    """Return a motor of which one more reply did not come."""
    return replace(motor, lost=(motor.lost or 0) + 1)


class Watch(ABC):
    """The motors of a bus, read in turn. Shaft radians, 0 in the middle of the counts."""

    def __init__(self, motors: list[Watched]) -> None:
        self.motors = motors
        self.cycles = 0

    @property
    @abstractmethod
    def whole(self) -> bool:
        """Return whether everything was asked for once."""

    @abstractmethod
    def cycle(self) -> None:
        """Read all motors once. Raises PortLost."""

    def run(self, until_s: float) -> None:
        """Read on until a monotonic instant. Raises PortLost."""
        while time.monotonic() < until_s:
            self.cycle()
