"""Asking the person at the terminal. Who is not there has not agreed."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Callable

LIVE_S = 0.05


class NotAgreed(RuntimeError):
    """The person said no, or nobody is there."""


class Person:
    """Who sits at the terminal, or a script that answers for them, a line for each question."""

    def __init__(self, fd: int = 0) -> None:
        self._fd = fd
        self._typed = b""

    def ask(self, question: str, live: Callable[[], str] | None = None) -> str:
        """Return the line that the person types. Raises NotAgreed when nobody is there.

        Meanwhile `live` is called again and again; at a terminal its text is shown.
        """
        print(question, flush=True)
        seen = live is not None and sys.stdout.isatty()
        while b"\n" not in self._typed:
            ready, _, _ = select.select([self._fd], [], [], None if live is None else LIVE_S)
            if live is not None and (text := live()) and seen:
                print(f"\r\x1b[K{text}", end="", flush=True)
            if ready:
                came = os.read(self._fd, 4096)
                if not came:
                    raise NotAgreed("nobody to ask")
                self._typed += came
        line, _, self._typed = self._typed.partition(b"\n")
        if seen:
            print("\r\x1b[K", end="", flush=True)
        return line.decode(errors="replace").strip()

    def agree(self, question: str, word: str = "y") -> None:
        """Return if the person types `word`. Raises NotAgreed."""
        if self.ask(f"{question} [{word} = yes]").lower() != word:
            raise NotAgreed("not agreed")
