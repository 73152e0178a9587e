"""Protocol 2.0 from the motor's side. Written apart from the driver's codec, so that the two cannot
share a mistake; both are held to the vectors of the manual. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

STATUS_CODE = 0x55
_LONGEST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One instruction as received."""

    motor_id: int
    code: int
    payload: bytes
    intact: bool  # its CRC is right


def checksum(data: bytes) -> int:
    """Return CRC-16, polynomial 0x8005, from 0, most significant bit first; bit by bit."""
    remainder = 0
    for byte in data:
        remainder ^= byte << 8
        for _ in range(8):
            carry = remainder & 0x8000
            remainder = (remainder << 1) & 0xFFFF
            if carry:
                remainder ^= 0x8005
    return remainder


_BYTE_STEP = [checksum(bytes([value])) for value in range(256)]


def _fast_checksum(data: bytes, remainder: int = 0) -> int:
    for byte in data:
        remainder = ((remainder << 8) & 0xFF00) ^ _BYTE_STEP[(remainder >> 8) ^ byte]
    return remainder


def status_frame(motor_id: int, error: int, data: bytes = b"") -> bytes:
    """Return the status that a motor sends. `error` has the alert in bit 7."""
    body = bytearray((STATUS_CODE,))
    # 55 can be no part of the pattern; the error byte and the data can.
    run: list[int] = []
    for byte in (error, *data):
        body.append(byte)
        run = [*run[-2:], byte]
        if run == [0xFF, 0xFF, 0xFD]:
            body.append(0xFD)
            run = []
    size = len(body) + 2
    frame = bytes((0xFF, 0xFF, 0xFD, 0x00, motor_id, size % 256, size // 256)) + bytes(body)
    crc = _fast_checksum(frame)
    return frame + bytes((crc % 256, crc // 256))


class Part(bytes):
    """What one motor puts into the common reply to a Fast Sync Read; the first brings the head."""

    motor_id: int
    head: int  # bytes that stand before the part itself

    def spoilt(self, data: bytes) -> Part:
        """Return other bytes in its place."""
        part = Part(data)
        part.motor_id, part.head = self.motor_id, self.head
        return part


def fast_parts(asked: int, size: int, rows: Iterable[tuple[int, int, bytes]]) -> Iterator[Part]:
    """Yield what the motors send one after the other, each with its error byte and data.

    `asked` motors are asked for `size` bytes each. A motor knows what those before it have sent:
    its CRC goes on from there.
    """
    length = 1 + asked * (size + 4)
    head = bytes((0xFF, 0xFF, 0xFD, 0x00, 0xFE, length % 256, length // 256, STATUS_CODE))
    crc = 0
    for motor_id, error, data in rows:
        own = head + bytes((error, motor_id)) + data
        crc = _fast_checksum(own, crc)
        tail = bytes((crc % 256, crc // 256))
        part = Part(own + tail)
        part.motor_id, part.head = motor_id, len(head)
        yield part
        head, crc = b"", _fast_checksum(tail, crc)


class Receiver:
    """Takes bytes as they come and gives the orders in them, like a motor's receiving loop."""

    def __init__(self) -> None:
        self._bytes = b""

    def take(self, data: bytes) -> list[Order]:
        """Return the orders that are complete with these bytes."""
        waiting, orders = self._bytes + data, []
        while True:
            at = waiting.find(b"\xff\xff\xfd\x00")
            if at < 0:
                waiting = waiting[-3:]
                break
            waiting = waiting[at:]
            if len(waiting) < 7:
                break
            size = int.from_bytes(waiting[5:7], "little")
            if size < 3 or size > _LONGEST:
                waiting = waiting[4:]
                continue
            if len(waiting) < 7 + size:
                break
            frame = waiting[: 7 + size]
            intact = _fast_checksum(frame[:-2]) == int.from_bytes(frame[-2:], "little")
            # A broken order may have swallowed the head of the next: look again inside.
            waiting = waiting[7 + size :] if intact else waiting[4:]
            if frame[7] == STATUS_CODE:
                continue
            payload = _without_stuffing(frame[8:-2])
            orders.append(Order(motor_id=frame[4], code=frame[7], payload=payload, intact=intact))
        self._bytes = waiting
        return orders


def _without_stuffing(data: bytes) -> bytes:
    """Return the bytes with the FD after each FF FF FD taken out."""
    out = bytearray()
    index = 0
    while index < len(data):
        out.append(data[index])
        if out[-3:] == b"\xff\xff\xfd" and data[index + 1 : index + 2] == b"\xfd":
            index += 1
        index += 1
    return bytes(out)
