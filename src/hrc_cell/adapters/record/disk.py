"""Bytes onto the disk, for files that are only appended to."""

from __future__ import annotations

import os
from pathlib import Path


def write_at(file: int, data: bytes, offset: int) -> None:
    """Write all of `data` at an offset of an open file. Raises OSError; part may then be there."""
    while data:
        written = os.pwrite(file, data, offset)
        data, offset = data[written:], offset + written


def sync_folder(folder: Path) -> None:
    """Return when the names of the files in a folder are on the disk. Raises OSError."""
    file = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)
