"""The rate that a pseudo-terminal is set to, whichever way a program has set it.

Programs set it by a constant (B1000000) or as a number (BOTHER); only the kernel's termios2, which
the standard library does not know, tells both. Layout and codes are those of Linux on x86 and ARM.
"""

from __future__ import annotations

import fcntl
import struct

_TERMIOS2 = struct.Struct("=4I20B2I")
_GET, _SET = 0x802C542A, 0x402C542B  # TCGETS2, TCSETS2
_CONTROL_AT = 2  # c_cflag
_RATE_BITS, _RATE_AS_NUMBER = 0o010017, 0o010000  # CBAUD, BOTHER


def line_baud(terminal: int) -> int:
    """Return the rate at which bytes leave through an open terminal."""
    values = _TERMIOS2.unpack(fcntl.ioctl(terminal, _GET, bytes(_TERMIOS2.size)))
    return int(values[-1])


def set_line_baud(terminal: int, baud: int) -> None:
    """Set both rates of an open terminal."""
    values = list(_TERMIOS2.unpack(fcntl.ioctl(terminal, _GET, bytes(_TERMIOS2.size))))
    values[_CONTROL_AT] = values[_CONTROL_AT] & ~_RATE_BITS | _RATE_AS_NUMBER
    values[-2:] = baud, baud
    fcntl.ioctl(terminal, _SET, _TERMIOS2.pack(*values))
