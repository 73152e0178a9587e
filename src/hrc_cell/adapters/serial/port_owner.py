"""The owner of a port, whatever protocol its motors speak: opens, closes, drains, writes."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable

from hrc_cell.adapters.serial.port import Port

QUIET_S = 0.001
DRAIN_MAX_S = 0.02


class PortOwner(ABC):
    """One request after the other. `beat` is called in every wait: this process lives."""

    def __init__(
        self, port: Port, *, reply_margin_s: float, beat: Callable[[], None] = lambda: None
    ) -> None:
        self._port = port
        self._margin_s = reply_margin_s
        self._beat = beat
        self._quiet_s = QUIET_S  # how long nothing must come before the next request

    @property
    @abstractmethod
    def broken(self) -> int:
        """Return how many broken frames came so far."""

    def close(self) -> None:
        """Close the port, which is gone."""
        self._port.close()

    def open(self) -> None:
        """Open the port again, under its name. Raises PortLost."""
        self._port.open()
        self._quiet_s = QUIET_S

    @property
    def baud(self) -> int:
        """Return the rate that the port is at."""
        return self._port.baud

    def retune(self, baud: int) -> None:
        """Close the port and open it at another rate. Raises PortLost."""
        self.close()
        self._port.baud = baud
        self.open()

    def send(self, frame: bytes) -> None:
        """Send a frame that nobody answers."""
        self._port.write(frame)

    def _drain(self) -> None:
        """Throw away what came unasked, until nothing came for `_quiet_s`."""
        end_s = time.monotonic() + DRAIN_MAX_S
        while self._port.read(time.monotonic() + self._quiet_s) and time.monotonic() < end_s:
            continue
