"""Feetech's protocol from the motor's side. Written apart from the driver's codec, so that the two
cannot share a mistake; both are held to the frames that others publish. Pure.
"""

from __future__ import annotations

from typing import NamedTuple

_FF = 0xFF
_TO_ALL = 0xFE


class Order(NamedTuple):
    """One instruction as received, its sum being right."""

    motor_id: int
    code: int
    payload: bytes


def sum_byte(content: bytes) -> int:
    """Return what is lacking to 255, modulo 256, after adding up the bytes one by one."""
    total = 0
    for byte in content:
        total = (total + byte) % 256
    return 255 - total


def status_frame(motor_id: int, error: int, data: bytes = b"") -> bytes:
    """Return the status that a motor sends."""
    content = bytes((motor_id, len(data) + 2, error)) + data
    return bytes((_FF, _FF)) + content + bytes((sum_byte(content),))


class Receiver:
    """Takes bytes as they come and gives the orders in them. What is broken is not answered."""

    def __init__(self) -> None:
        self._bytes = b""

    def take(self, data: bytes) -> list[Order]:
        """Return the orders that are complete with these bytes."""
        waiting, orders = self._bytes + data, []
        while len(waiting) >= 2:
            if waiting[0] != _FF or waiting[1] != _FF or waiting[2:3] == b"\xff":
                waiting = waiting[1:]
                continue
            if len(waiting) < 4 or len(waiting) < 4 + waiting[3]:
                if len(waiting) < 4 or _can_be(waiting[2], waiting[3]):
                    break
                waiting = waiting[2:]
                continue
            frame, rest = waiting[: 4 + waiting[3]], waiting[4 + waiting[3] :]
            if not _can_be(frame[2], frame[3]) or sum_byte(frame[2:-1]) != frame[-1]:
                waiting = waiting[2:]  # it may have swallowed the head of the next
                continue
            orders.append(Order(frame[2], frame[4], frame[5:-1]))
            waiting = rest
        self._bytes = waiting
        return orders


def _can_be(motor_id: int, length: int) -> bool:
    return motor_id <= _TO_ALL and length >= 2
