"""Bytes of DYNAMIXEL Protocol 2.0 as the bus owner writes and reads them. Pure: no port, no clock.

    FF FF FD 00 | ID | LEN_L LEN_H | INST | params | CRC_L CRC_H      LEN = len(params) + 3
    a status has INST = 55 and its error byte in front of the params  LEN = len(params) + 4

From INST to the last param each FF FF FD gets a further FD (stuffing); LEN and CRC count it. CRC-16
has polynomial 0x8005, begins at 0, runs MSB first over all that stands before it. Source: ROBOTIS
e-Manual, protocol2.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

HEADER = b"\xff\xff\xfd\x00"
BROADCAST = 0xFE
ID_MAX = 252

PING = 0x01
READ = 0x02
WRITE = 0x03
REBOOT = 0x08
STATUS = 0x55
SYNC_READ = 0x82
SYNC_WRITE = 0x83
FAST_SYNC_READ = 0x8A

ALERT = 0x80
ERRORS = {
    1: "the instruction failed",
    2: "the instruction is not known",
    3: "the CRC of the instruction is wrong",
    4: "the value is out of range",
    5: "the value has the wrong length",
    6: "the value is beyond a limit of the motor",
    7: "the register may not be written now",
}
_FRAME_MIN = 10  # header, id, length, instruction, CRC
_STATUS_MIN = 4  # least LEN of a status
_LENGTH_MAX = 1024


def _table() -> tuple[int, ...]:
    rows = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) if crc & 0x8000 else crc << 1
        rows.append(crc & 0xFFFF)
    return tuple(rows)


_CRC = _table()
_CRC_OF_TWO = array(
    "H", [(high << 8 & 0xFFFF) ^ _CRC[high >> 8 ^ low] for high in _CRC for low in range(256)]
)
"""Of each two bytes: two at a time take Python a third of the time."""


def crc16(data: bytes, crc: int = 0) -> int:
    """Return the CRC of the protocol (CRC-16/UMTS), going on from that of what stands before.

    >>> hex(crc16(b"123456789")), hex(crc16(b"6789", crc16(b"12345")))
    ('0xfee8', '0xfee8')
    """
    pairs, odd = divmod(len(data), 2)
    for pair in struct.unpack_from(f">{pairs}H", data):
        crc = _CRC_OF_TWO[crc ^ pair]
    if odd:
        crc = (crc << 8 & 0xFFFF) ^ _CRC[crc >> 8 ^ data[-1]]
    return crc


def instruction(motor_id: int, code: int, params: bytes = b"") -> bytes:
    """Return the frame of one instruction. Raises ValueError for an ID that cannot be."""
    if not (0 <= motor_id <= ID_MAX or motor_id == BROADCAST):
        raise ValueError(f"{motor_id} is no motor ID: 0 to {ID_MAX}, or {BROADCAST} for all")
    body = (bytes([code]) + params).replace(HEADER[:3], b"\xff\xff\xfd\xfd")
    frame = HEADER + struct.pack("<BH", motor_id, len(body) + 2) + body
    return frame + struct.pack("<H", crc16(frame))


def ping(motor_id: int) -> bytes:
    """Return a ping."""
    return instruction(motor_id, PING)


def reboot(motor_id: int) -> bytes:
    """Return an order to begin anew."""
    return instruction(motor_id, REBOOT)


def read(motor_id: int, address: int, size: int) -> bytes:
    """Return a request for `size` bytes from `address`."""
    return instruction(motor_id, READ, struct.pack("<HH", address, size))


def write(motor_id: int, address: int, data: bytes) -> bytes:
    """Return an order to put `data` at `address`."""
    return instruction(motor_id, WRITE, struct.pack("<H", address) + data)


def sync_read(motor_ids: Iterable[int], address: int, size: int) -> bytes:
    """Return one request to several motors; they answer in this order."""
    return instruction(BROADCAST, SYNC_READ, struct.pack("<HH", address, size) + bytes(motor_ids))


def fast_sync_read(motor_ids: Iterable[int], address: int, size: int) -> bytes:
    """Return one request to several motors, all of which answer in one frame (`fast_reply`)."""
    params = struct.pack("<HH", address, size) + bytes(motor_ids)
    return instruction(BROADCAST, FAST_SYNC_READ, params)


def sync_write(address: int, data: Mapping[int, bytes]) -> bytes:
    """Return one order to several motors; nobody answers. Raises ValueError for uneven data."""
    size = len(next(iter(data.values())))
    if any(len(value) != size for value in data.values()):
        raise ValueError("sync write: every motor needs as many bytes")
    rows = b"".join(bytes([motor_id]) + value for motor_id, value in data.items())
    return sync_write_rows(address, size, rows)


def sync_write_rows(address: int, size: int, rows: bytes) -> bytes:
    """Return the same from its rows: of each motor its ID and `size` bytes."""
    return instruction(BROADCAST, SYNC_WRITE, struct.pack("<HH", address, size) + rows)


def status_length(data_size: int) -> int:
    """Return how many bytes a status with `data_size` bytes of data has, without stuffing."""
    return _FRAME_MIN + 1 + data_size


class Status(NamedTuple):
    """One reply."""

    motor_id: int
    error: int  # number of the error, 0 is none
    alert: bool  # Hardware Error Status is not 0
    data: bytes


class Parser:
    """Finds replies in a stream of bytes, however broken, and never waits on a broken one.

    `length_max` bounds LEN: a frame that claims more is taken for noise, so that a flipped bit in
    it does not swallow what follows. Instructions (an echo of our own) are passed over.
    """

    def __init__(self) -> None:
        self._kept = bytearray()
        self.broken = 0  # frames with a wrong CRC or length

    def reset(self) -> None:
        """Forget what has begun."""
        self._kept.clear()

    def feed(self, data: bytes, length_max: int = _LENGTH_MAX) -> list[Status]:
        """Return the replies that are complete now."""
        kept = self._kept
        kept += data
        found: list[Status] = []
        while True:
            start = kept.find(HEADER)
            if start < 0:
                del kept[: max(len(kept) - len(HEADER) + 1, 0)]
                return found
            del kept[:start]
            if len(kept) < _FRAME_MIN:
                return found
            length = kept[5] | kept[6] << 8
            if not 3 <= length <= length_max or kept[4] > ID_MAX:
                # An instruction to all, or noise: look for the next header.
                self.broken += kept[4] <= ID_MAX
                del kept[:3]
                continue
            end = 7 + length
            swallowed = kept.find(HEADER, 7, end - 2)
            if swallowed > 0:
                # Stuffing leaves no header in a body: this frame has lost its end.
                self.broken += 1
                del kept[:swallowed]
                continue
            if len(kept) < end:
                return found
            frame = bytes(kept[:end])
            if crc16(frame[:-2]) != frame[-2] | frame[-1] << 8:
                self.broken += 1
                del kept[:3]
                continue
            del kept[:end]
            if frame[7] == STATUS and length >= _STATUS_MIN:
                body = frame[7:-2].replace(b"\xff\xff\xfd\xfd", HEADER[:3])
                error = body[1]
                found.append(Status(frame[4], error & 0x7F, bool(error & ALERT), body[2:]))


def stuffed_length_max(data_size: int) -> int:
    """Return the greatest LEN that a status with `data_size` bytes of data can have."""
    return _STATUS_MIN + data_size + (data_size + 2) // 3


def in_order(asked: Sequence[int], replies: Iterable[Status]) -> dict[int, Status]:
    """Return those replies that can belong to one request, by motor ID.

    Motors answer in the order asked. A reply that comes after one it should have preceded shows
    that all from its place on, so far, were late replies to an earlier request: they are dropped.
    """
    place = {motor_id: index for index, motor_id in enumerate(asked)}
    kept: dict[int, Status] = {}
    following = 0
    for reply in replies:
        index = place.get(reply.motor_id)
        if index is None:
            continue
        if index < following:
            for motor_id in asked[index:]:
                kept.pop(motor_id, None)
        kept[reply.motor_id] = reply
        following = index + 1
    return kept
