"""What an emulated bus is to the port that serves it, whatever protocol its motors speak."""

from __future__ import annotations

from typing import Protocol


class EmulatedBus(Protocol):
    """Several motors on one bus. Bytes in, bytes out; time is an argument."""

    line_baud: int | None
    """The rate that the other side speaks at; motors set to another hear nothing. None: any."""

    def feed(self, data: bytes, now_s: float) -> list[bytes]:
        """Return the statuses that the motors send on these bytes, in order."""

    def update(self, now_s: float) -> None:
        """Let time pass."""

    def late_s(self, status: bytes, now_s: float) -> float:
        """Return how much later than due a status leaves."""

    def stalled(self, now_s: float) -> bool:
        """Return whether nothing passes the bus."""

    def delay_s(self, status: bytes) -> float:
        """Return the return delay of the motor that sends a status."""
