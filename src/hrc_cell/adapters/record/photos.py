"""Photos beside a book: each a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from hrc_cell.adapters.record.book import MODE_FILE, MODE_FOLDER
from hrc_cell.adapters.record.disk import sync_folder, write_at


class Photos:
    """The photos in one folder, by name."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, name: str, data: bytes) -> None:
        """Return when a photo is on disk. Raises OSError, then nothing of it is there."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=MODE_FOLDER)
        part = self.folder / f"{name}.part"
        try:
            file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE_FILE)
            try:
                write_at(file, data, 0)
                os.fsync(file)
            finally:
                os.close(file)
            part.replace(self.folder / name)
            sync_folder(self.folder)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink()
            raise

    def get(self, name: str) -> bytes:
        """Return a photo. Raises OSError if there is none of this name."""
        return (self.folder / name).read_bytes()
