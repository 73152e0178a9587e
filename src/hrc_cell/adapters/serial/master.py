"""One request after the other on the bus, and the replies that belong to it.

The protocol has no sequence numbers, so a late reply looks like a fresh one. Three rules keep old
samples out: replies count only in the order asked (codec.in_order); before a request what came
unasked is thrown away, and after a timeout the bus is listened to until it is quiet; and each
sample carries the motor's own millisecond tick, which must have run as far as our clock
(`Freshness`). One that fails it is treated as if it had not come.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.codec import Status
from hrc_cell.adapters.serial.fast_reply import FastParser, fast_reply_length
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.port_owner import QUIET_S, PortOwner
from hrc_cell.adapters.serial.registers import TICK_WRAP_S, Register

BITS_PER_BYTE = 10  # start, 8 data, stop
PATIENT_S = 0.04
"""Margin of a reply outside of the cycle; the motors that are up are kept awake around it."""
AWAKE_S = 0.02
"""How seldom all motors are read then."""


class NoReply(OSError):
    """A motor did not answer, or not with what was asked for."""


class Refused(RuntimeError):
    """The motors may not be used as they are. Says which and why."""


class StatusError(Refused):
    """A motor answered with an error: it is there, and asking again changes nothing."""


def unanswered(motor_id: int) -> str:
    """Return what is said of a motor that does not answer, and what to do."""
    return f"motor {motor_id} does not answer; check power, cable, ID and baud rate"


def wire_s(byte_count: int, baud: int) -> float:
    """Return how long so many bytes take on the wire."""
    return byte_count * BITS_PER_BYTE / baud


def reply_length(motors: int, data_size: int, *, fast: bool) -> int:
    """Return how many bytes so many motors answer with, one by one or `fast` in one frame."""
    if fast:
        return fast_reply_length(motors, data_size)
    return motors * codec.status_length(data_size)


def _ignore(status: Status, received_s: float) -> None:
    """Do nothing."""


class Master(PortOwner):
    """The owner of a port with DYNAMIXEL motors."""

    def __init__(
        self, port: Port, *, reply_margin_s: float, beat: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(port, reply_margin_s=reply_margin_s, beat=beat)
        self.between: Callable[[], None] = lambda: None
        """Called before each try to reach one motor: to keep the watchdogs of the others quiet."""
        self._parser = codec.Parser()
        self._fast: dict[tuple[tuple[int, ...], int], FastParser] = {}

    @property
    def broken(self) -> int:
        """Return how many broken frames, and parts of fast replies, came so far."""
        return self._parser.broken + sum(fast.broken for fast in self._fast.values())

    def ask(
        self,
        frame: bytes,
        motor_ids: Sequence[int],
        data_size: int,
        margin_s: float | None = None,
        *,
        fast: bool = False,
        heard: Callable[[Status, float], None] = _ignore,
    ) -> dict[int, tuple[Status, float]]:
        """Return the replies to a request with the monotonic instant each was received at.

        Motors that did not answer in time, or not in their turn, are missing. `margin_s` is what a
        reply may take beyond the wire, the cycle's margin if not given. `fast`: the request is a
        Fast Sync Read, which all answer in one frame. `heard` is told each reply as it comes, while
        the wire carries the next: whether it counts is known at the end.
        """
        common = self._fast_parser(tuple(motor_ids), data_size) if fast else None
        self._beat()
        self._parser.reset()
        self._drain()
        self._port.write(frame)
        size = len(frame) + reply_length(len(motor_ids), data_size, fast=fast)
        margin_s = self._margin_s if margin_s is None else margin_s
        end_s = time.monotonic() + wire_s(size, self._port.baud) + margin_s
        length_max = codec.stuffed_length_max(data_size)
        came: list[Status] = []
        times_s: dict[int, float] = {}
        last = motor_ids[-1]
        while True:
            data = self._port.read(end_s)
            now_s = time.monotonic()
            new = self._parser.feed(data, length_max) if common is None else common.feed(data)
            for status in new:
                came.append(status)
                times_s[status.motor_id] = now_s
                heard(status, now_s)
            if came and came[-1].motor_id == last:
                break
            if now_s >= end_s or (common is not None and common.done):
                break
        kept = codec.in_order(motor_ids, came)
        lost = len(kept) < len(motor_ids) or len(came) != len(kept)
        self._quiet_s = QUIET_S if lost else 0.0
        return {motor_id: (status, times_s[motor_id]) for motor_id, status in kept.items()}

    def _fast_parser(self, motor_ids: tuple[int, ...], data_size: int) -> FastParser:
        """Return the parser of such replies, with nothing in it."""
        key = motor_ids, data_size
        if key not in self._fast:
            self._fast[key] = FastParser(motor_ids, data_size)
        self._fast[key].reset()
        return self._fast[key]

    # One motor at a time, for what is not part of the cycle.

    def one(self, frame: bytes, motor_id: int, data_size: int = 0, tries: int = 5) -> Status:
        """Return one motor's reply, asked for a few times.

        Raises NoReply or StatusError, naming the motor.
        """
        for _ in range(tries):
            self.between()
            replies = self.ask(frame, (motor_id,), data_size, max(PATIENT_S, self._margin_s))
            if motor_id in replies:
                status = replies[motor_id][0]
                if status.error:
                    what = codec.ERRORS.get(status.error, f"error {status.error}")
                    raise StatusError(f"motor {motor_id}: {what}")
                return status
        raise NoReply(unanswered(motor_id))

    def read(self, motor_id: int, register: Register, tries: int = 5) -> float:
        """Return a register's value in its unit."""
        frame = codec.read(motor_id, register.address, register.size)
        try:
            return register.unpack(self.one(frame, motor_id, register.size, tries).data)
        except StatusError as error:
            raise StatusError(f"reading {register.name}: {error}") from error
        except (NoReply, ValueError) as error:
            raise NoReply(f"reading {register.name}: {error}") from error

    def write(self, motor_id: int, register: Register, value: float) -> None:
        """Set a register."""
        frame = codec.write(motor_id, register.address, register.pack(value))
        try:
            self.one(frame, motor_id)
        except (NoReply, StatusError) as error:
            raise type(error)(f"writing {register.name} = {value:g}: {error}") from error

    def write_all(self, register: Register, values: Mapping[int, float]) -> None:
        """Set a register of several motors at once; nobody answers."""
        self.send(
            codec.sync_write(register.address, {i: register.pack(v) for i, v in values.items()})
        )


class Freshness:
    """Tells an old sample from a new one by the motor's own tick, which wraps at 32.768 s.

    Kept is the least difference seen between our clock and the tick; what it is greater by is the
    age of the sample. The two clocks may drift apart by `DRIFT`. A sample that seems to come from
    before the tick began, or from farther ahead than a late first sample explains, is of a motor
    that was switched off in between; it does not count either.
    """

    DRIFT = 0.01
    AHEAD_MAX_S = 0.5

    def __init__(self, age_max_s: float) -> None:
        self._age_max_s = age_max_s
        self._base: tuple[float, float] | None = None  # tick, our clock
        self._heard_s = -math.inf  # when the last new sample came

    def reset(self) -> None:
        """Take the next sample for new, whatever its tick."""
        self._base = None

    def fresh(self, tick_s: float, now_s: float) -> bool:
        """Return whether a sample with this tick, received now, is new."""
        if self._base is None:
            self._base, self._heard_s = (tick_s, now_s), now_s
            return True
        base_tick_s, base_s = self._base
        half = TICK_WRAP_S / 2.0
        age_s = (now_s - base_s - (tick_s - base_tick_s) + half) % TICK_WRAP_S - half
        if age_s > self._age_max_s + self.DRIFT * (now_s - base_s):
            return False
        if age_s < -self.AHEAD_MAX_S:
            return False
        if age_s < 0.0 or now_s - base_s > 1.0:
            # Newer than any before, or the base has aged: let it drift by what is allowed.
            drift_s = min(max(age_s, 0.0), self.DRIFT * (now_s - base_s))
            self._base = (tick_s + max(age_s, 0.0) - drift_s) % TICK_WRAP_S, now_s
        self._heard_s = now_s
        return True

    def began_anew(self, tick_s: float, now_s: float) -> bool:
        """Return whether a sample that is not new is of a motor that was reset meanwhile.

        Its tick has run for less time than has passed since the last new sample. That of a late
        reply has not: the motor ran before that sample, too. A motor that had just wrapped its tick
        then may be taken for one that was reset.
        """
        return tick_s <= now_s - self._heard_s + self._age_max_s
