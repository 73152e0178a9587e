"""The registers of a motor as a person reads and writes them, one at a time, as data.

Values here are in the units of the manual's text (us, rev/min, A, V, degrees Celsius), which a
person at the hardware has before them; `registers` and `feetech_registers` hold what the drivers
themselves use, in SI units. The tables: `dynamixel_table`, `feetech_table`. Registers that commands
use of any motor are called alike in all of them.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Literal, NamedTuple

ID, BAUD_RATE, TORQUE_ENABLE = "ID", "Baud Rate", "Torque Enable"
POSITION_MIN, POSITION_MAX = "Min Position Limit", "Max Position Limit"
PRESENT_POSITION = "Present Position"


class Entry(NamedTuple):
    """One register. Without `low` and `high` (in steps) it is not to be written here."""

    name: str
    address: int
    layout: str  # of struct, one value
    unit: str = ""
    step: float = 1.0  # of its unit
    low: int | None = None
    high: int | None = None
    choices: Mapping[int, int] | Mapping[int, str] | None = None
    note: str = ""
    words: Mapping[int, str] = {}
    """Values in steps that mean something else than a number."""
    kept: bool = False
    """It stands in the EEPROM, which is not written while the torque is on."""
    order: Literal["<", ">"] = "<"  # of its bytes, as struct says it
    sign_bit: int | None = None
    """The bit that says negative, the bits below it how much; None: as `layout` says."""

    @property
    def size(self) -> int:
        """Return the bytes it takes."""
        return struct.calcsize("<" + self.layout)

    @property
    def writable(self) -> bool:
        """Return whether it may be written here."""
        return self.low is not None

    @property
    def moves(self) -> bool:
        """Return whether its motor is found elsewhere once it is written."""
        return self.name in (ID, BAUD_RATE)

    def pack(self, raw: int) -> bytes:
        """Return the bytes of a value in steps."""
        if self.sign_bit is not None and raw < 0:
            raw = -raw | 1 << self.sign_bit
        return struct.pack(self.order + self.layout, raw)

    def unpack(self, data: bytes) -> int:
        """Return the value in steps. Raises struct.error for the wrong number of bytes.

        >>> Entry("Homing Offset", 31, "H", sign_bit=11).unpack(bytes([5, 8]))
        -5
        """
        raw = int(struct.unpack(self.order + self.layout, data)[0])
        if self.sign_bit is None:
            return raw
        sign = 1 << self.sign_bit
        return -(raw & (sign - 1)) if raw & sign else raw & (sign - 1)


class Registers(NamedTuple):
    """All registers of one motor."""

    model: str
    entries: tuple[Entry, ...]

    def find(self, name: str) -> Entry:
        """Return the register of this name, written in any case, with spaces, - or _.

        Raises ValueError that lists those that are like it.
        """
        wanted, known = _plain(name), self.entries
        for entry in known:
            if _plain(entry.name) == wanted:
                return entry
        asked = set(wanted.split())
        like = [entry.name for entry in known if asked & set(_plain(entry.name).split())]
        names = like or [entry.name for entry in known if entry.writable]
        raise ValueError(f"{self.model} has no register {name!r}; there are {', '.join(names)}")


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("-", " ").replace("_", " ").split())


def shown(entry: Entry, raw: int) -> str:
    """Return a value in words.

    >>> shown(Entry("Return Delay Time", 9, "B", "us", 2.0), 250)
    '500 us'
    """
    if raw in entry.words:
        return entry.words[raw]
    text: object = f"{raw * entry.step:.6g}"
    if entry.choices is not None:
        text = entry.choices.get(raw, f"{raw} (not known)")
    return f"{text} {entry.unit}".rstrip()


def bounds(entry: Entry) -> str:
    """Return in words what may be written, "" where nothing may."""
    if entry.low is None or entry.high is None:
        return ""
    if entry.choices is not None:
        return ", ".join(map(str, entry.choices.values()))
    low, high = entry.low * entry.step, entry.high * entry.step
    return f"{low:.6g} to {high:.6g} {entry.unit}".rstrip()


def steps(entry: Entry, text: str) -> int:
    """Return the value in steps of a text in the register's unit, the nearest there is.

    Raises ValueError that says what may be written.
    """
    if entry.low is None or entry.high is None:
        why = f": {entry.note}" if entry.note else ""
        raise ValueError(f"{entry.name} is not written by this command{why}")
    if entry.choices is not None:
        for raw, choice in entry.choices.items():
            if _plain(str(choice)) == _plain(text):
                return raw
        raise ValueError(f"{entry.name} = {text}: must be one of {bounds(entry)}")
    try:
        number = float(text) / entry.step
    except ValueError:
        number = float("nan")
    if not entry.low - 0.5 <= number <= entry.high + 0.5:
        raise ValueError(f"{entry.name} = {text}: must be a number, {bounds(entry)}")
    return min(max(round(number), entry.low), entry.high)
