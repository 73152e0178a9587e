"""Lines that each carry the hash of the one before: what is changed, taken out or put in shows.

A line is one JSON object whose last member is its own hash:

    {"seq":7,"prev":"<hash of line 6>","stamp":"...","kind":"...","data":{...},"sha256":"<hash>"}

The hash is SHA-256 over the bytes of the line before `,"sha256"`, so nobody has to write JSON the
same way again to check it. The first line has seq 1 and the hash NOTHING before it.

The chain holds no secret. It shows mistakes, damage and what was changed in place; whoever can
write all of it can also compute all of it anew. A copy of one hash elsewhere (a print, a mail)
shows that, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

NOTHING = "0" * 64
"""The hash before the first line."""
MARK = b',"sha256":"'
TAIL_BYTES = len(MARK) + 64 + len(b'"}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a chain has got to: the number of its last line, and its hash."""

    seq: int = 0
    sha256: str = NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What one line says."""

    link: Link
    prev: str
    stamp: str
    kind: str
    data: dict[str, Any]


def encode(after: Link, *, stamp: str, kind: str, data: Mapping[str, Any]) -> tuple[bytes, Link]:
    """Return the line behind `after`, with its end, and the link that it is."""
    entry = {
        "seq": after.seq + 1, "prev": after.sha256, "stamp": stamp, "kind": kind, "data": data,
    }  # fmt: skip
    body = json.dumps(entry, separators=(",", ":"), allow_nan=False).encode()[:-1]
    sha256 = hashlib.sha256(body).hexdigest()
    line = body + MARK + sha256.encode() + b'"}\n'
    return line, Link(seq=after.seq + 1, sha256=sha256)


def decode(line: bytes) -> Entry:
    """Return what a line without its end says. Raises ValueError if it is not as it was written."""
    body, tail = line[:-TAIL_BYTES], line[-TAIL_BYTES:]
    sha256 = hashlib.sha256(body).hexdigest()
    if tail != MARK + sha256.encode() + b'"}':
        raise ValueError("is not as it was written: its hash does not fit")
    try:
        said = json.loads(body + b"}")
        entry = Entry(
            link=Link(seq=said["seq"], sha256=sha256), prev=said["prev"], stamp=said["stamp"],
            kind=said["kind"], data=said["data"],
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError("is not a line of an audit trail") from error
    if not isinstance(entry.link.seq, int) or not isinstance(entry.data, dict):
        raise ValueError("is not a line of an audit trail")
    return entry


def follows(entry: Entry, after: Link) -> str:
    """Return "" if the entry comes right behind `after`, else what is wrong."""
    if entry.link.seq != after.seq + 1:
        return f"has number {entry.link.seq} where {after.seq + 1} belongs"
    if entry.prev != after.sha256:
        return "names another line before it than the one that stands there"
    return ""
