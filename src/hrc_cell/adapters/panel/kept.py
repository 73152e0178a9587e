"""What the page keeps of what people tell each other: on disk first, then shown.

A shelf writes into one book, one record after the other, in a thread of its own, so that a slow
disk holds no page up. Its clock counts seconds since 1970, begins no earlier than the last instant
in the book and then follows the monotonic clock: a step of the wall clock makes nothing younger.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal

T = TypeVar("T")


class Book(Protocol):
    """A file that is only appended to."""

    @property
    def records(self) -> Sequence[dict[str, Any]]:
        """What stood in it when it was opened."""

    @property
    def damaged(self) -> int:
        """How many lines of it cannot be read."""

    def append(self, record: Mapping[str, Any]) -> None:
        """Write a record onto the disk. Raises OSError, then nothing was written."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The books of a page."""

    andon: Book
    handover: Book
    kaizen: Book


class Shelf:
    """One book, its writer and its clock."""

    def __init__(
        self,
        book: Book,
        *,
        latest_s: float,
        complain: Callable[[str], object],
        wall: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`latest_s`: the last instant that the book names."""
        self._book = book
        self._complain = complain
        self._clock = clock
        self._offset_s = max(wall(), latest_s) - clock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="book")
        self.deciding = asyncio.Lock()
        """Held from the decision until what was decided is on disk and shown."""

    def now_s(self) -> float:
        """Return the present instant."""
        return round(self._clock() + self._offset_s, 3)

    async def put(self, record: Mapping[str, Any]) -> None:
        """Return once a record is on disk. Raises Refusal where it cannot be written."""
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(self._writer, self._book.append, record)
        except OSError as error:
            self._complain(f"what people tell each other cannot be kept: {error}")
            raise Refusal(ANSWER_REFUSED, "not_kept") from error

    def close(self) -> None:
        """End the writer once it has written what it was given."""
        self._writer.shutdown(wait=True)


def legible(
    records: Iterable[Mapping[str, Any]], read: Callable[[Mapping[str, Any]], T]
) -> tuple[list[T], int]:
    """Return what can be read of records, and how many say nothing: those that `read` refuses with
    ValueError."""
    found: list[T] = []
    unread = 0
    for record in records:
        try:
            found.append(read(record))
        except ValueError:
            unread += 1
    return found, unread


def day_of(instant_s: float) -> str:
    """Return the day at this place, as 2026-11-28."""
    return datetime.fromtimestamp(instant_s).date().isoformat()
