"""When bytes come over the emulated wire and through its adapter. Pure; time is an argument.

A wire has one speed for both directions and carries one thing at a time: an instruction, then each
status after the return delay of its motor. An adapter hands bytes on when `PACKET` of them have
come or when its latency timer has run since the first of them, as FTDI's chips do; the chip's own
timer also runs while nothing waits, so it may hand on earlier. Source: FTDI AN232B-04.
"""

from __future__ import annotations

from collections import deque

BITS_PER_BYTE = 10  # start, 8 data, stop
PACKET = 62
"""Bytes of data in a full packet of a full-speed adapter: 64 less two of status."""


class Wire:
    """What was sent and has not come yet. Without `baud` it takes no time."""

    def __init__(self, *, baud: int | None = None, latency_s: float = 0.0) -> None:
        self._byte_s = 0.0 if baud is None else BITS_PER_BYTE / baud
        self._latency_s = latency_s
        self._free_s = 0.0  # until when the wire is taken
        self._waiting: deque[tuple[float, bytes]] = deque()  # instant of release, bytes
        self._packet = bytearray()  # what the adapter still collects
        self._packet_s = 0.0  # when it hands that on at the latest

    @property
    def timed(self) -> bool:
        """Return whether bytes take time on this wire."""
        return self._byte_s > 0.0

    def hear(self, byte_count: int, now_s: float) -> None:
        """Take the time of an instruction that begins now."""
        self._free_s = max(self._free_s, now_s) + byte_count * self._byte_s

    def send(self, data: bytes, now_s: float, delay_s: float, late_s: float = 0.0) -> None:
        """Take what a motor sends `delay_s` after the wire is free, and not before `late_s`."""
        start_s = max(max(self._free_s, now_s) + delay_s, now_s + late_s)
        self._free_s = start_s + len(data) * self._byte_s
        if not self._latency_s:
            self._waiting.append((self._free_s, data))
            return
        for index, byte in enumerate(data, 1):
            self._collect(byte, start_s + index * self._byte_s)

    def _collect(self, byte: int, at_s: float) -> None:
        if self._packet and at_s > self._packet_s:
            self._hand_on(self._packet_s)
        if not self._packet:
            self._packet_s = at_s + self._latency_s
        self._packet.append(byte)
        if len(self._packet) == PACKET:
            self._hand_on(at_s)

    def _hand_on(self, at_s: float) -> None:
        self._waiting.append((at_s, bytes(self._packet)))
        self._packet.clear()

    def come(self, now_s: float) -> bytes:
        """Return what has come by now."""
        if self._packet and self._packet_s <= now_s:
            self._hand_on(self._packet_s)
        due = b""
        while self._waiting and self._waiting[0][0] <= now_s:
            due += self._waiting.popleft()[1]
        return due

    def next_s(self) -> float:
        """Return when something comes next, inf if nothing waits."""
        if self._waiting:
            return self._waiting[0][0]
        return self._packet_s if self._packet else float("inf")
