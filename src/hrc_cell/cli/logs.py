"""Reads what a process wrote to its log since the last look, and picks what a person should see.

ROS writes "[LEVEL] [seconds] [node]: text"; whatever follows without such a head belongs to it. A
Python traceback has no head and is always shown.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

HEAD = re.compile(r"\[(DEBUG|INFO|WARN|ERROR|FATAL)\] \[[0-9.]+\] \[[^\]]*\]: (.*)")
SHOWN = ("WARN", "ERROR", "FATAL")
TRACEBACK = "Traceback (most recent call last):"


class LogReader:
    """The unread end of one log file."""

    def __init__(self, path: Path, *, everything: bool = False) -> None:
        self._path = path
        self._everything = everything
        self._read_bytes = 0
        self._showing = everything

    def unread(self) -> list[str]:
        """Return the complete lines written since the last call that a person should see."""
        try:
            if self._path.stat().st_size == self._read_bytes:
                return []
            with self._path.open("rb") as log:
                log.seek(self._read_bytes)
                data = log.read()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._read_bytes += len(whole)
        lines = whole.decode("utf-8", errors="replace").splitlines()
        return [text for text in map(self._pick, lines) if text is not None]

    def _pick(self, line: str) -> str | None:
        head = HEAD.match(line)
        if head:
            level, text = head.groups()
            self._showing = self._everything or level in SHOWN
            line = text if level == "INFO" else f"{level.lower()}: {text}"
        elif line.startswith(TRACEBACK):
            self._showing = True
        return line if self._showing else None


def fresh(path: Path) -> Path:
    """Keep the log of the run before as `<name>.before` and return the path of an empty one."""
    if path.exists():
        os.replace(path, path.with_suffix(".before"))
    return path
