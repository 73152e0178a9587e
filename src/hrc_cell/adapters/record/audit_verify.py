"""Reads an audit trail from its first line to its last and names the first that is broken."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hrc_cell.adapters.record.audit import (
    DAMAGED,
    HEAD,
    TORN,
    audit_files,
    missing,
    read_head,
    reading,
)  # fmt: skip
from hrc_cell.adapters.record.chain import Entry, Link, decode, follows


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of reading a trail."""

    lines: int
    """Sound ones, before the first broken one."""
    last: Link
    broken: str
    """File, line and what is wrong; "" if the trail is whole."""
    notes: tuple[str, ...]
    """Lines that a crash tore. They were never acted on."""


def verify(folder: Path) -> Verdict:
    """Return whether the trail in a folder is whole. Raises OSError."""
    with reading(folder):
        head = read_head(folder)
        read = _Reading(head)
        rest = b""
        for path in audit_files(folder):
            whole, _, rest = path.read_bytes().rpartition(b"\n")
            lines = whole.split(b"\n") if whole else []
            for number, line in enumerate([*lines, rest] if rest else lines, 1):
                read.take(f"{path.name}: line {number}", line)
    return read.verdict(ended=not rest)


class _Reading:
    """What was read so far."""

    def __init__(self, head: Link | None) -> None:
        self._head = head
        self._lines = 0
        self._last = Link()
        self._broken = ""
        self._notes: list[str] = []
        self._unsound: tuple[str, bytes, str] | None = None  # the next line must explain it

    def take(self, where: str, line: bytes) -> None:
        """Read the next line."""
        if self._broken:
            return
        try:
            entry = decode(line)
        except ValueError as error:
            self._doubt(where, line, str(error))
            return
        if self._unsound is not None:
            torn_at, torn, why = self._unsound
            if not _explains(entry, torn):
                self._broken = f"{torn_at} {why}"
                return
            self._note_tear(torn_at)
            self._unsound = None
        if entry.kind == DAMAGED:
            self._broken = f"{where} tells of damage before it: {entry.data.get('why', '')}"
        elif why := follows(entry, self._last):
            self._broken = f"{where} {why}"
        elif self._head and self._head.seq == entry.link.seq and self._head != entry.link:
            self._broken = f"{where} is another line than the one that was written as number "
            self._broken += f"{entry.link.seq}, see {HEAD}"
        else:
            self._lines, self._last = self._lines + 1, entry.link

    def verdict(self, *, ended: bool) -> Verdict:
        """Return what came of it; `ended`: the last file ends with the end of a line."""
        if self._unsound is not None and not self._broken:
            where, _, why = self._unsound
            if ended:
                self._broken = f"{where} {why}"
            else:
                self._note_tear(where)
        return Verdict(
            lines=self._lines, last=self._last, notes=tuple(self._notes),
            broken=self._broken or missing(self._last, self._head),
        )  # fmt: skip

    def _doubt(self, where: str, line: bytes, why: str) -> None:
        """Keep a line that is not sound; of two in a row the first is broken."""
        if self._unsound is None:
            self._unsound = (where, line, why)
        else:
            self._broken = f"{self._unsound[0]} {self._unsound[2]}"

    def _note_tear(self, where: str) -> None:
        self._notes.append(f"{where} was torn by a crash; it was never acted on")


def _explains(entry: Entry, torn: bytes) -> bool:
    sha256 = hashlib.sha256(torn).hexdigest()
    return entry.kind == TORN and entry.data == {"bytes": len(torn), "sha256": sha256}
