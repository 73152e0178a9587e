"""The serial port: opened by pyserial for one owner, read with poll. Speaks of faults in one way.

A port that is gone shows as EIO, ENODEV, a hang-up, an empty read or termios.error (which is no
OSError); all of them become PortLost here.
"""

from __future__ import annotations

import errno
import os
import select
import termios
import time
from pathlib import Path

import serial

POLL_S = 0.05
AGAIN_FIRST_S, AGAIN_MAX_S = 0.1, 2.0
_LOST = select.POLLHUP | select.POLLERR | select.POLLNVAL


class PortLost(OSError):
    """The port does not exist, may not be used, or is gone."""


def wait_for_port(path: str, timeout_s: float) -> None:
    """Return once the port exists. Raises PortLost when it does not come in time."""
    end_s = time.monotonic() + timeout_s
    while not Path(path).exists():
        if time.monotonic() > end_s:
            raise PortLost(
                errno.ENOENT,
                f"{path} does not exist (waited {timeout_s:g} s); is the adapter plugged in, "
                "or for a simulated cell: does sim_cell run with the same state_dir?",
            )
        time.sleep(POLL_S)


def explain(path: str, error: BaseException) -> str:
    """Return in words why a port could not be opened, and what to do."""
    number = getattr(error, "errno", None)
    if number is None and error.__cause__ is not None:
        number = getattr(error.__cause__, "errno", None)
    if number in (errno.EACCES, errno.EPERM):
        return (
            f"{path}: no permission; add the user to the port's group "
            "(sudo usermod -aG dialout $USER, on Arch uucp) and log in again"
        )
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return f"{path}: no such device; is the adapter plugged in?"
    if number in (errno.EBUSY, errno.EAGAIN):
        return f"{path}: another program has it open; end that first"
    return f"{path}: {error}"


class Again:
    """When a lost port is tried again: `AGAIN_FIRST_S` later, then twice as long each time.

    `why` says what went wrong last.
    """

    def __init__(self, now_s: float) -> None:
        self.why = "the port is away"
        self._wait_s = AGAIN_FIRST_S
        self._next_s = now_s + self._wait_s

    def due(self, now_s: float) -> bool:
        """Return whether it is to be tried now."""
        return now_s >= self._next_s

    def failed(self, now_s: float, error: PortLost) -> None:
        """Wait for the next time, at most `AGAIN_MAX_S`."""
        self.why = str(error.strerror)
        self._wait_s = min(2.0 * self._wait_s, AGAIN_MAX_S)
        self._next_s = now_s + self._wait_s


class Port:
    """An open serial port."""

    def __init__(self, path: str, baud: int) -> None:
        """Open `path` for us alone. Raises PortLost that says why not and what to do."""
        self.path, self.baud = path, baud
        self.open()

    def open(self) -> None:
        """Open it, again after it was closed. Raises PortLost that says why not and what to do."""
        try:
            self._serial = serial.Serial(
                self.path, self.baud, timeout=0, write_timeout=0, exclusive=True
            )
        except (OSError, ValueError, termios.error) as error:
            number = getattr(error, "errno", None) or 0
            raise PortLost(number, explain(self.path, error)) from error
        self._fd = self._serial.fileno()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def write(self, data: bytes) -> None:
        """Write one frame in one piece, so that no gap splits it."""
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            raise PortLost(errno.EIO, f"{self.path} is gone: {error}") from error
        if written != len(data):
            raise PortLost(errno.EIO, f"{self.path} took {written} of {len(data)} bytes")

    def read(self, until_s: float) -> bytes:
        """Return what has come, or waits for it up to a monotonic instant; b"" when it passed."""
        wait_ms = max(0.0, until_s - time.monotonic()) * 1e3
        try:
            events = self._poll.poll(wait_ms)
            if not events:
                return b""
            if events[0][1] & _LOST:
                raise OSError(errno.EIO, "hang-up")
            data = os.read(self._fd, 4096)
        except BlockingIOError:
            return b""
        except (OSError, termios.error) as error:
            raise PortLost(errno.EIO, f"{self.path} is gone: {error}") from error
        if not data:
            raise PortLost(errno.EIO, f"{self.path} is gone: end of file")
        return data

    def close(self) -> None:
        """Close it; what goes wrong then no longer matters. Using it then is PortLost."""
        self._fd = -1
        try:
            self._serial.close()
        except (OSError, termios.error):
            return
