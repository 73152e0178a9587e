"""Says to whoever started this process that it is ready.

The protocol is that of systemd (sd_notify(3)): one datagram to the socket named in NOTIFY_SOCKET.
`hrc-cell up` listens, and so does systemd where it starts a node as a unit of `Type=notify`.
"""

from __future__ import annotations

import contextlib
import os
import socket


def notify_ready() -> None:
    """Tell it, if anybody asked. Who does not listen any more is nobody's loss."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):
        address = f"\0{address[1:]}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as door, contextlib.suppress(OSError):
        door.sendto(b"READY=1", address)
