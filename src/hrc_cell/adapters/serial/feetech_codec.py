"""Bytes of Feetech's STS, SMS and SCS motors as the bus owner writes and reads them. Pure.

    FF FF | ID | LEN | INST | params | SUM      LEN = len(params) + 2
    FF FF | ID | LEN | ERR  | data   | SUM      a status: LEN = len(data) + 2
    SUM = the complement of the low byte of ID + LEN + .. + the last before it

Nothing is stuffed: FF FF may stand in data. Nothing tells a status from an instruction, so what an
adapter echoes is known only by being what was sent (`Parser.reset`). The sum sees every single
flipped bit, but one in 256 of what is broken at random passes it, and one in 16 of two flipped
bits. What else keeps broken replies out: their length, which must be exact; their motor and its
turn; after a loss the whole cycle is dropped (there is no clock in a sample, see
`feetech_samples`); and what a sample may say.

Words are little endian in STS and SMS, big endian in SCS (`feetech_registers`). SCS motors know no
SYNC READ and answer no ping to all. Source: Feetech, Communication Protocol User Manual 191218.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

HEADER = b"\xff\xff"
BROADCAST = 0xFE
ID_MAX = 253

PING = 0x01
READ = 0x02
WRITE = 0x03
REG_WRITE = 0x04
ACTION = 0x05
SYNC_READ = 0x82
SYNC_WRITE = 0x83

ERRORS = {
    0x01: "input voltage",
    0x02: "encoder",
    0x04: "overheating",
    0x08: "current",
    0x20: "overload",
}
_FRAME_MIN = 6  # header, id, length, instruction or error, sum
LENGTH_MAX = 253


def error_text(bits: int) -> str:
    """Return the names of the bits of a status' error byte, or of the register Status.

    >>> error_text(0x24)
    'overheating, overload'
    """
    known = [name for bit, name in ERRORS.items() if bits & bit]
    rest = bits & ~sum(ERRORS)
    return ", ".join([*known, f"{rest:#x}"] if rest else known)


def checksum(data: bytes) -> int:
    """Return the sum of a frame's bytes after its header."""
    return ~sum(data) & 0xFF


def instruction(motor_id: int, code: int, params: bytes = b"") -> bytes:
    """Return the frame of one instruction. Raises ValueError for an ID or length that cannot be."""
    if not (0 <= motor_id <= ID_MAX or motor_id == BROADCAST):
        raise ValueError(f"{motor_id} is no motor ID: 0 to {ID_MAX}, or {BROADCAST} for all")
    if len(params) + 2 > LENGTH_MAX:
        raise ValueError(f"{len(params)} bytes are too many for one frame: {LENGTH_MAX - 2}")
    body = bytes([motor_id, len(params) + 2, code]) + params
    return HEADER + body + bytes([checksum(body)])


def ping(motor_id: int) -> bytes:
    """Return a ping. Its answer has no data."""
    return instruction(motor_id, PING)


def read(motor_id: int, address: int, size: int) -> bytes:
    """Return a request for `size` bytes from `address`."""
    return instruction(motor_id, READ, bytes([address, size]))


def write(motor_id: int, address: int, data: bytes) -> bytes:
    """Return an order to put `data` at `address`."""
    return instruction(motor_id, WRITE, bytes([address]) + data)


def sync_read(motor_ids: Iterable[int], address: int, size: int) -> bytes:
    """Return one request to several motors; they answer in this order. Not for SCS."""
    return instruction(BROADCAST, SYNC_READ, bytes([address, size, *motor_ids]))


def sync_write(address: int, data: Mapping[int, bytes]) -> bytes:
    """Return one order to several motors; nobody answers. Raises ValueError for uneven data."""
    size = len(next(iter(data.values())))
    if any(len(value) != size for value in data.values()):
        raise ValueError("sync write: every motor needs as many bytes")
    rows = b"".join(bytes([motor_id]) + value for motor_id, value in data.items())
    return instruction(BROADCAST, SYNC_WRITE, bytes([address, size]) + rows)


def status_length(data_size: int) -> int:
    """Return how many bytes a status with `data_size` bytes of data has."""
    return _FRAME_MIN + data_size


class Status(NamedTuple):
    """One reply."""

    motor_id: int
    error: int  # bits of ERRORS, which are those of the register Status
    data: bytes


class Parser:
    """Finds replies in a stream of bytes, however broken, and never waits on a broken one."""

    def __init__(self) -> None:
        self._kept = bytearray()
        self._echo = b""
        self.broken = 0  # frames with a wrong sum or length

    def reset(self, sent: bytes = b"") -> None:
        """Forget what has begun; `sent` is what goes out now, and is passed over if it comes back.

        A reply that is byte for byte what was sent is taken for its echo and lost.
        """
        self._kept.clear()
        self._echo = sent

    def feed(self, data: bytes, data_size: int) -> list[Status]:
        """Return the replies with so many bytes of data that are complete now."""
        kept = self._kept
        kept += data
        if self._echo:
            if len(kept) < len(self._echo) and self._echo.startswith(kept):
                return []
            if kept.startswith(self._echo):
                del kept[: len(self._echo)]
            self._echo = b""
        found: list[Status] = []
        while True:
            start = kept.find(HEADER)
            if start < 0:
                del kept[: len(kept) - kept.endswith(b"\xff")]
                return found
            del kept[:start]
            if len(kept) < _FRAME_MIN:
                return found
            if kept[2] == 0xFF:  # the header begins one byte later
                del kept[:1]
                continue
            length = kept[3]
            if kept[2] > ID_MAX or length != data_size + 2:
                # An instruction to all, or noise: look for the next header.
                self.broken += kept[2] <= ID_MAX
                del kept[:2]
                continue
            end = 4 + length
            if len(kept) < end:
                return found
            frame = bytes(kept[:end])
            if checksum(frame[2:-1]) != frame[-1]:
                self.broken += 1
                del kept[:2]
                continue
            del kept[:end]
            found.append(Status(frame[2], frame[4], frame[5:-1]))
