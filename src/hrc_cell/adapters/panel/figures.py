"""Figures of the work on the page: cycles, steps, waits and stops, by step and by shift.

Anybody who may look at the page may look at them: they name nobody (`hrc_cell.core.figures`). The
record is read when somebody asks, piece by piece in a thread, so that no page waits for it; a
second one who asks meanwhile waits for the same reading.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

from aiohttp import web

from hrc_cell.adapters.panel.web_rules import Refusal
from hrc_cell.core.figures import of_all
from hrc_cell.core.spans import Span

DAYS = 7
KEEP_S = (DAYS + 1) * 86400.0
RANGES = ("shift", "today", "week")


class Record(Protocol):
    """The spans of the record."""

    spans: Any
    since_s: float | None
    damaged: int

    def read(self, now_s: float) -> bool:
        """Read a piece; return whether all is read. Raises OSError."""


class Figures:
    """The handler of what the record says of the work."""

    def __init__(
        self,
        record: Record,
        taken_s: Iterable[float],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`taken_s`: when shifts were taken over; it is looked at anew each time."""
        self._record, self._taken_s, self._clock = record, taken_s, clock
        self._reading = asyncio.Lock()

    async def spans(self) -> list[Span]:
        """Return the spans of the record as it is now. Raises OSError."""
        async with self._reading:
            while not await asyncio.to_thread(self._record.read, self._clock()):
                pass
            return list(self._record.spans)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [web.get("/api/figures/{range}", self._figures)]

    async def _figures(self, request: web.Request) -> web.StreamResponse:
        wanted = request.match_info["range"]
        if wanted not in RANGES:
            raise Refusal(404, "unknown_range")
        now_s, taken_s = self._clock(), list(self._taken_s)
        try:
            spans = await self.spans()
        except OSError as error:
            raise Refusal(503, "record_unreadable") from error
        since_s, damaged = self._record.since_s, self._record.damaged
        from_s = begin_s(wanted, now_s, taken_s)
        told = await asyncio.to_thread(of_all, spans, from_s, now_s, taken_s)
        about = {"range": wanted, "from_s": from_s, "to_s": now_s, "since_s": since_s}
        return web.json_response({**about, "damaged": damaged, **told})


def begin_s(wanted: str, now_s: float, taken_s: Sequence[float]) -> float:
    """Return when a range begins: a shift where it was last taken over, else a day at its midnight.

    A shift that was taken over more than DAYS ago, or never, begins today.
    """
    midnight = datetime.fromtimestamp(now_s).replace(hour=0, minute=0, second=0, microsecond=0)
    first_s = (midnight - timedelta(days=DAYS - 1)).timestamp()
    if wanted == "week":
        return first_s
    last_s = max((at_s for at_s in taken_s if first_s <= at_s < now_s), default=None)
    return midnight.timestamp() if wanted == "today" or last_s is None else last_s
