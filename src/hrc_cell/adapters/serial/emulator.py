"""Emulated DYNAMIXEL motors on one bus, and the pseudo-terminal that they are reached through.

To put an arm behind them, in one real-time thread:

    emulator = Emulator(motor_ids, plant)              # plant: see adapters.serial.plant
    port = EmulatorPort(emulator, state_dir / "motors")
    with port:
        while running:                                 # e.g. once per physics step
            wait up to the next step for port.fileno() to be readable (poll)
            port.serve(time.monotonic())               # answers what has come; runs the watchdogs
            step the plant                             # the emulator does not step it

`serve` must be called whenever bytes are there and at least every few milliseconds: a driver counts
a motor as silent that has not answered within bus.reply_margin_s. It never blocks. Everything is
called from that one thread; nothing is locked.

`hrc-cell motors emulate` serves free-running motors in this way.
"""

from __future__ import annotations

import contextlib
import math
import os
import termios
import tty
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from hrc_cell.adapters.serial import emulated_motor as motor_rules
from hrc_cell.adapters.serial.emulated_bus import EmulatedBus
from hrc_cell.adapters.serial.emulated_models import KINDS
from hrc_cell.adapters.serial.emulated_motor import EmulatedMotor
from hrc_cell.adapters.serial.emulated_terminal import line_baud, set_line_baud
from hrc_cell.adapters.serial.emulated_wire import Wire
from hrc_cell.adapters.serial.emulator_codec import Order, Receiver, fast_parts, status_frame
from hrc_cell.adapters.serial.plant import Plant

TO_ALL = 0xFE
PING, READ, WRITE, REG_WRITE, ACTION, REBOOT = 0x01, 0x02, 0x03, 0x04, 0x05, 0x08
SYNC_READ, SYNC_WRITE, FAST_SYNC_READ = 0x82, 0x83, 0x8A
ID, BAUD_RATE, RETURN_DELAY = 7, 8, 9  # registers
RETURN_DELAY_STEP_S = 2e-6
BAUDS = {0: 9600, 1: 57600, 2: 115200, 3: 1_000_000, 4: 2_000_000, 5: 3_000_000, 6: 4_000_000}
"""Values of the register Baud Rate; 7 is 4.5 M, which no terminal can be set to."""


class Emulator(EmulatedBus[EmulatedMotor, Order]):
    """DYNAMIXEL motors on one bus."""

    def __init__(
        self,
        motor_ids: Sequence[int],
        plant: Plant,
        *,
        model: str = "XM430-W350",
        models: Mapping[int, str] | None = None,
    ) -> None:
        """`models` names those that are not `model`, by ID."""
        models = models or {}
        motors = {
            motor_id: EmulatedMotor(motor_id, index, plant, kind=KINDS[models.get(motor_id, model)])
            for index, motor_id in enumerate(motor_ids)
        }
        super().__init__(motors, Receiver())

    def delay_s(self, status: bytes) -> float:
        """Return the return delay of the motor that sends a status, of the slowest for several."""
        motors = list(self.motors.values())
        alone = [motor for motor in motors if status[4:5] == bytes((motor.motor_id,))]
        return max(m.value(RETURN_DELAY) for m in alone or motors) * RETURN_DELAY_STEP_S

    def _obey(self, order: Order, now_s: float) -> list[bytes]:
        hearing = [
            motor
            for motor_id, motor in self.motors.items()
            if order.motor_id in (motor_id, TO_ALL) and self._hears(motor)
        ]
        if not order.intact:
            if order.motor_id == TO_ALL:
                return []
            return [self._status(motor, motor_rules.CRC) for motor in hearing]
        for motor in hearing:
            motor.heard_s = now_s
        if order.motor_id == TO_ALL and order.code == SYNC_READ:
            return self._sync_read(order.payload, now_s)
        if order.motor_id == TO_ALL and order.code == FAST_SYNC_READ:
            return list(self._fast_read(order.payload, now_s))
        if order.motor_id == TO_ALL and order.code == SYNC_WRITE:
            self._sync_write(order.payload)
            return []
        replies = []
        for motor in hearing:
            speaks = motor.value(68)  # the level before the order, which may change it
            error, data, level = self._one(motor, order.code, order.payload, now_s)
            if speaks >= level and (order.motor_id != TO_ALL or order.code == PING):
                replies.append(self._status(motor, error, data))
            if order.code == REBOOT:
                motor.reboot(now_s)
        if any(motor.value(ID) != motor.motor_id for motor in hearing):
            self._renumber(ID)
        return replies

    def _hears(self, motor: EmulatedMotor) -> bool:
        if motor.motor_id in self.silent:
            return False
        return self.line_baud in (None, BAUDS.get(motor.value(BAUD_RATE)))

    @staticmethod
    def _status(motor: EmulatedMotor, error: int, data: bytes = b"") -> bytes:
        return status_frame(motor.motor_id, error | motor.alert, data)

    def _one(
        self, motor: EmulatedMotor, code: int, payload: bytes, now_s: float
    ) -> tuple[int, bytes, int]:
        """Return error, data, and the Status Return Level from which it is answered."""
        if code == PING:
            _, model = motor.read(0, 2, now_s)
            _, firmware = motor.read(6, 1, now_s)
            return motor_rules.OK, model + firmware, 0
        if code == READ:
            if len(payload) != 4:
                return motor_rules.LENGTH, b"", 1
            error, data = motor.read(_u16(payload, 0), _u16(payload, 2), now_s)
            return error, data, 1
        if code in (WRITE, REG_WRITE):
            if len(payload) < 3:
                return motor_rules.LENGTH, b"", 2
            if code == REG_WRITE:
                self._kept[motor.motor_id] = payload
                return motor_rules.OK, b"", 2
            return motor.write(_u16(payload, 0), payload[2:]), b"", 2
        if code == ACTION:
            kept = self._kept.pop(motor.motor_id, None)
            if kept is None:
                return motor_rules.OK, b"", 2
            return motor.write(_u16(kept, 0), kept[2:]), b"", 2
        if code == REBOOT:
            return motor_rules.OK, b"", 2
        return motor_rules.INSTRUCTION, b"", 2

    def _sync_read(self, payload: bytes, now_s: float) -> list[bytes]:
        if len(payload) < 5:
            return []
        address, size = _u16(payload, 0), _u16(payload, 2)
        replies = []
        for motor_id in payload[4:]:
            motor = self.motors.get(motor_id)
            if motor is None or not self._hears(motor) or motor.value(68) < 1:
                continue
            error, data = motor.read(address, size, now_s)
            replies.append(self._status(motor, error, data))
        return replies

    def _fast_read(self, payload: bytes, now_s: float) -> Iterable[bytes]:
        """Return the parts of the common reply, up to the first motor that does not take part."""
        if len(payload) < 5:
            return ()
        return fast_parts(len(payload) - 4, _u16(payload, 2), self._fast_rows(payload, now_s))

    def _fast_rows(self, payload: bytes, now_s: float) -> Iterator[tuple[int, int, bytes]]:
        address, size = _u16(payload, 0), _u16(payload, 2)
        for motor_id in payload[4:]:
            motor = self.motors.get(motor_id)
            if motor is None or not self._hears(motor) or motor.value(68) < 1:
                return
            if not motor.reads_fast:
                return
            error, data = motor.read(address, size, now_s)
            yield motor_id, error | motor.alert, data or bytes(size)

    def _sync_write(self, payload: bytes) -> None:
        if len(payload) < 4:
            return
        address, size = _u16(payload, 0), _u16(payload, 2)
        rows = payload[4:]
        if len(rows) % (size + 1):
            return
        for at in range(0, len(rows), size + 1):
            motor = self.motors.get(rows[at])
            if motor is not None and self._hears(motor):
                motor.write(address, rows[at + 1 : at + 1 + size])


def _u16(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "little")


class EmulatorPort:
    """A pseudo-terminal with the emulated bus behind it, under a name that stays.

    With `baud` instructions and statuses take the time of that wire, motors keep their return
    delay, and only those set to the rate that the terminal is set to hear it. With `latency_s` the
    adapter hands bytes on in batches.
    """

    def __init__(
        self,
        emulator: EmulatedBus[Any, Any],
        link: Path,
        *,
        baud: int | None = None,
        latency_s: float = 0.0,
    ) -> None:
        self._emulator, self._link = emulator, link
        self._wire = Wire(baud=baud, latency_s=latency_s)
        self.spoke_s = -math.inf
        """When the last paced status was handed on."""
        self._master, self._slave = os.openpty()
        # The slave stays open here, so that a driver may come and go.
        tty.setraw(self._slave, termios.TCSANOW)
        os.set_blocking(self._master, False)
        if baud is not None:  # for those who leave the terminal as it is
            set_line_baud(self._slave, baud)
        target = os.ttyname(self._slave)
        link.parent.mkdir(parents=True, exist_ok=True)
        new = link.with_name(f".{link.name}.{os.getpid()}")
        new.unlink(missing_ok=True)
        new.symlink_to(target)
        os.replace(new, link)
        self._target = target

    def __enter__(self) -> EmulatorPort:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """Return the descriptor to poll for reading."""
        return self._master

    def serve(self, now_s: float) -> None:
        """Take what has come and answer it; let time pass for the motors. Never blocks."""
        stalled = self._emulator.stalled(now_s)
        if not stalled:
            self._send(now_s)
        self._emulator.update(now_s)
        if stalled:
            return
        while True:
            try:
                data = os.read(self._master, 4096)
            except BlockingIOError:
                break
            self._hear(data, now_s)
        self._send(now_s)

    def _send(self, now_s: float) -> None:
        """Let go what is due."""
        due = self._wire.come(now_s)
        if due:
            if self._wire.timed:
                self.spoke_s = now_s
            with contextlib.suppress(BlockingIOError):  # nobody reads: the bytes are lost
                os.write(self._master, due)

    def _hear(self, data: bytes, now_s: float) -> None:
        timed = self._wire.timed
        self._wire.hear(len(data), now_s)
        if timed:
            self._emulator.line_baud = line_baud(self._slave)
        for status in self._emulator.feed(data, now_s):
            delay_s = self._emulator.delay_s(status) if timed else 0.0
            self._wire.send(status, now_s, delay_s, self._emulator.late_s(status, now_s))

    def next_s(self) -> float:
        """Return when the next paced status is due, inf if none waits."""
        return self._wire.next_s()

    def close(self) -> None:
        """Unplug: a driver that has it open sees a hang-up. Called again it does nothing."""
        if self._master < 0:
            return
        with contextlib.suppress(OSError):
            if os.readlink(self._link) == self._target:
                self._link.unlink()
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1
