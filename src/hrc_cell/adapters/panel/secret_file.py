"""A JSON file that only the user may read, written whole or not at all.

The page and commands on the terminal share such files: a change holds a lock, reads, and writes a
new file in the place of the old one. A reader needs no lock and reads again only when the file is
another one than before.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MODE_FILE, MODE_FOLDER = 0o600, 0o700
OTHERS = 0o077


class SecretFileError(ValueError):
    """The file is not what it should be; the message says what to do."""


class SecretFile:
    """One such file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: tuple[int, int, int] | None = None
        self._data: Any = None

    def read(self) -> Any:
        """Return what the file says, None if there is none. Raises SecretFileError, OSError."""
        try:
            file = self.path.open("rb")
        except FileNotFoundError:
            self._seen = self._data = None
            return None
        with file:
            about = os.fstat(file.fileno())
            if about.st_mode & OTHERS:
                raise SecretFileError(
                    f"{self.path}: others than its owner may read or write it "
                    f"(mode {about.st_mode & 0o777:03o}); chmod 600 {self.path}"
                )
            seen = (about.st_ino, about.st_mtime_ns, about.st_size)
            if seen != self._seen:
                try:
                    self._data = json.load(file)
                except ValueError as error:
                    raise SecretFileError(
                        f"{self.path}: is damaged ({error}); put a copy in its place, or move it "
                        "away and begin anew"
                    ) from error
                self._seen = seen
        return self._data

    def write(self, data: Any) -> None:
        """Put `data` in the place of what the file said. Raises OSError; then nothing changed."""
        self._make_folder()
        part = self.path.with_name(self.path.name + ".part")
        file = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, MODE_FILE)
        with os.fdopen(file, "w", encoding="utf-8") as out:
            os.fchmod(out.fileno(), MODE_FILE)
            json.dump(data, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def remove(self) -> None:
        """Take the file away, if there is one. Raises OSError."""
        self.path.unlink(missing_ok=True)

    @contextlib.contextmanager
    def changing(self) -> Iterator[None]:
        """Keep others from changing the file meanwhile. Raises OSError."""
        self._make_folder()
        lock = self.path.with_name(self.path.name + ".lock")
        file = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE_FILE)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
        finally:
            os.close(file)

    def _make_folder(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=MODE_FOLDER)
