"""One request after the other on a bus of Feetech motors, and the replies that belong to it.

There is neither a sequence number nor a clock in a reply, so a late one looks like a fresh one.
Stricter rules than for motors with a clock keep old samples out: before a request what came unasked
is thrown away, and after any loss the bus is listened to until it is quiet; an answer of several
motors is `whole` only when each has answered once, in the order asked, with nothing broken, doubled
or foreign in between. The caller takes no sample of one that is not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial.feetech_codec import Status
from hrc_cell.adapters.serial.feetech_registers import Register, Table
from hrc_cell.adapters.serial.master import (
    PATIENT_S,
    NoReply,
    Refused,
    unanswered,
    wire_s,
)
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.port_owner import QUIET_S, PortOwner

TRIES = 5


class Answer(NamedTuple):
    """What came on one request to several motors."""

    replies: dict[int, tuple[Status, float]]
    """By motor, with the monotonic instant it was received at; no more than one of each."""
    whole: bool


class FeetechMaster(PortOwner):
    """The owner of a port with Feetech motors."""

    def __init__(
        self, port: Port, *, reply_margin_s: float, beat: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(port, reply_margin_s=reply_margin_s, beat=beat)
        self._parser = codec.Parser()

    @property
    def broken(self) -> int:
        """Return how many broken frames came so far."""
        return self._parser.broken

    def ask(
        self, frame: bytes, motor_ids: Sequence[int], data_size: int, margin_s: float | None = None
    ) -> Answer:
        """Return the replies to a request, which ends with the last of these motors or in time.

        `margin_s` is what a reply may take beyond the wire, the cycle's margin if not given. Where
        it is given nothing is in a hurry, so after a loss the bus must be quiet for as long.
        """
        self._beat()
        self._parser.reset(frame)
        self._drain()
        broken = self._parser.broken
        self._port.write(frame)
        size = len(frame) + len(motor_ids) * codec.status_length(data_size)
        patient = margin_s is not None
        margin_s = self._margin_s if margin_s is None else margin_s
        end_s = time.monotonic() + wire_s(size, self._port.baud) + margin_s
        came: list[int] = []
        replies: dict[int, tuple[Status, float]] = {}
        while True:
            data = self._port.read(end_s)
            now_s = time.monotonic()
            for status in self._parser.feed(data, data_size):
                came.append(status.motor_id)
                replies[status.motor_id] = status, now_s
            if (came and came[-1] == motor_ids[-1]) or now_s >= end_s:
                break
        whole = came == list(motor_ids) and self._parser.broken == broken
        self._quiet_s = 0.0 if whole else max(QUIET_S, margin_s if patient else 0.0)
        return Answer({i: replies[i] for i in motor_ids if i in replies}, whole)

    def ask_all(
        self, table: Table, motor_ids: Sequence[int], address: int, size: int, before: bytes = b""
    ) -> Answer:
        """Return what all motors say of their registers; `before` goes out with the request.

        Motors that know no SYNC READ are asked one after the other.
        """
        if table.sync_read:
            frame = before + codec.sync_read(motor_ids, address, size)
            return self.ask(frame, motor_ids, size)
        replies: dict[int, tuple[Status, float]] = {}
        whole = True
        for motor_id in motor_ids:
            one = self.ask(before + codec.read(motor_id, address, size), (motor_id,), size)
            replies |= one.replies
            whole, before = whole and one.whole, b""
        return Answer(replies, whole)

    # One motor at a time, for what is not part of the cycle.

    def one(self, frame: bytes, motor_id: int, data_size: int = 0) -> Status:
        """Return one motor's reply, asked for a few times. Raises NoReply, naming the motor."""
        for _ in range(TRIES):
            answer = self.ask(frame, (motor_id,), data_size, max(PATIENT_S, self._margin_s))
            if answer.whole:
                return answer.replies[motor_id][0]
        raise NoReply(unanswered(motor_id))

    def read_block(self, motor_id: int, address: int, size: int) -> bytes:
        """Return registers as they stand. Raises NoReply."""
        return self.one(codec.read(motor_id, address, size), motor_id, size).data

    def read(self, table: Table, motor_id: int, register: Register) -> float:
        """Return a register's value in its unit. Raises NoReply."""
        try:
            return table.unpack(
                register, self.read_block(motor_id, register.address, register.size)
            )
        except NoReply as error:
            raise NoReply(f"reading {register.name}: {error}") from error

    def write(self, table: Table, motor_id: int, register: Register, value: float) -> None:
        """Set a register and see that it is as set: what is too much is cut without a word.

        Raises NoReply, or Refused when it is not.
        """
        data = table.pack(register, value)
        try:
            self.one(codec.write(motor_id, register.address, data), motor_id)
            has = self.read_block(motor_id, register.address, register.size)
        except NoReply as error:
            raise NoReply(f"writing {register.name} = {value:g}: {error}") from error
        if has != data:
            raise Refused(
                f"motor {motor_id} did not take {register.name} = {value:g}; it has "
                f"{table.unpack(register, has):g}"
            )

    def write_all(self, table: Table, register: Register, values: Mapping[int, float]) -> None:
        """Set a register of several motors at once; nobody answers."""
        self.send(sync_write(table, register, values))


def sync_write(table: Table, register: Register, values: Mapping[int, float]) -> bytes:
    """Return the order that sets a register of several motors."""
    return codec.sync_write(
        register.address, {i: table.pack(register, value) for i, value in values.items()}
    )
