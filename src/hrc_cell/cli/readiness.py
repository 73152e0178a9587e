"""Hears which processes say that they are ready (sd_notify(3)); the kernel tells who says it."""

from __future__ import annotations

import socket
import struct

CREDENTIALS = struct.Struct("3i")
"""Process, user and group of the sender: unix(7), SCM_CREDENTIALS."""
SIZE_MAX_BYTES = 512


class Readiness:
    """A socket for NOTIFY_SOCKET. Its name is abstract: it leaves no file behind."""

    def __init__(self, name: str = "") -> None:
        """Take this name, or one that the kernel chooses. Raises OSError if somebody has it."""
        self._pids: set[int] = set()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        try:
            self._socket.bind(f"\0{name}" if name else "")
        except OSError:
            self._socket.close()
            raise

    @property
    def address(self) -> str:
        """Return the value for NOTIFY_SOCKET."""
        name: bytes = self._socket.getsockname()
        return f"@{name[1:].decode('ascii')}"

    def pids(self) -> set[int]:
        """Return the ids of all processes that have said so until now."""
        while True:
            try:
                text, parts, _, _ = self._socket.recvmsg(
                    SIZE_MAX_BYTES, socket.CMSG_SPACE(CREDENTIALS.size)
                )
            except BlockingIOError:
                return set(self._pids)
            if b"READY=1" in text.split(b"\n"):
                self._pids |= {CREDENTIALS.unpack(data)[0] for _, _, data in parts}

    def close(self) -> None:
        """Cease to listen."""
        self._socket.close()
