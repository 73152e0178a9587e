"""The one frame in which motors answer a Fast Sync Read. Pure: no port, no clock.

    FF FF FD 00 | FE | LEN_L LEN_H | 55 | part of the first motor | part of the second | ...
    part: ERR | ID | data | CRC_L CRC_H        LEN = 1 + (len(data) + 4) x motors

Nothing is stuffed. The first motor sends the head, each waits for the part before its own, so one
that is silent ends the frame. A CRC runs over all that stands before it, CRCs too: it follows from
the CRC in front of its part, and each part can be checked by itself. Source: ROBOTIS e-Manual,
protocol2.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from hrc_cell.adapters.serial.codec import ALERT, BROADCAST, HEADER, STATUS, Status, crc16

_PART_MIN = 4  # error, ID, CRC
_HEAD = 8


def fast_reply_length(motors: int, data_size: int) -> int:
    """Return how many bytes so many motors answer with."""
    return _HEAD + motors * (_PART_MIN + data_size)


class FastParser:
    """Finds the frame in a stream of bytes, however broken, and gives each part as it comes.

    A part counts if it is whole, its CRC right and its ID the one asked for in its place. One that
    is broken costs no other: the CRC of the next is tried from the one that stands before it, and
    from the one that should stand there.
    """

    def __init__(self, asked: Sequence[int], data_size: int) -> None:
        self._asked = tuple(asked)
        self._part = _PART_MIN + data_size
        length = 1 + len(self._asked) * self._part
        self._head = HEADER + struct.pack("<BHB", BROADCAST, length, STATUS)
        self._start = crc16(self._head)
        self._kept = bytearray()
        self.broken = 0  # parts with a wrong CRC or ID
        self.done = False  # the last part of a frame has come, sound or not, and nothing since
        self.reset()

    def reset(self) -> None:
        """Forget what has begun."""
        self._kept.clear()
        self.done = False
        self._begin()

    def _begin(self) -> None:
        self._index = 0  # of the next part; the head is not there yet while `_at` is 0
        self._at = 0
        self._states = [self._start]  # what the CRC of the next part may go on from
        self._sound_end = 1  # the next head cannot begin before

    def feed(self, data: bytes) -> list[Status]:
        """Return the parts that are complete now, in the order asked."""
        kept = self._kept
        kept += data
        found: list[Status] = []
        while self._at or self._find_head():
            end = self._at + self._part
            if len(kept) >= end:
                self._take(bytes(kept[self._at : end]), found)
                self._at, self._index = end, self._index + 1
                if self._index == len(self._asked):
                    self.done = True
                    del kept[: self._sound_end]
                    self._begin()
            elif not self._find_next_head():
                break
        return found

    def _find_head(self) -> bool:
        """Have the next head stand at the front; return whether there is one."""
        start = self._kept.find(self._head)
        if start < 0:
            del self._kept[: max(len(self._kept) - _HEAD + 1, 0)]
            return False
        del self._kept[:start]
        self._at = _HEAD
        self.done = False
        return True

    def _find_next_head(self) -> bool:
        """Leave a frame that has broken off for one that begins behind its last sound part."""
        torn = len(self._states) > 1
        start = self._kept.find(self._head, self._sound_end) if torn else -1
        if start < 0:
            return False
        del self._kept[:start]
        self._begin()
        return True

    def _take(self, part: bytes, found: list[Status]) -> None:
        """Add what one part says, if it is sound."""
        error, motor_id = part[0], part[1]
        claimed = part[-2] | part[-1] << 8
        reached = [crc16(part[:-2], state) for state in self._states]
        if claimed in reached and motor_id == self._asked[self._index]:
            found.append(Status(motor_id, error & ~ALERT, bool(error & ALERT), part[2:-2]))
            self._sound_end = self._at + self._part
            ends = [claimed]
        else:
            self.broken += 1
            ends = [claimed, reached[0]]
        self._states = [crc16(struct.pack("<H", end), end) for end in ends]
