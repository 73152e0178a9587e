"""One reply for each idempotency key: an act that is sent twice is carried out once.

A device that did not hear the reply may send the same request again and gets the same reply. A key
that comes back with another request is refused. An act that the cell did not answer is forgotten,
so that it can be tried again; the task manager keeps keys of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

KEPT_MAX = 256
"""So many replies are remembered; the oldest goes first."""

Act = Callable[[], Awaitable[dict[str, Any]]]


class KeyReused(Exception):
    """The same key with another request."""


class Replies:
    """The replies given last, and those under way."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[Any, asyncio.Task[dict[str, Any]]]] = {}

    async def once(self, device: str, key: str, request: Any, act: Act) -> dict[str, Any]:
        """Return what `act` returns, or returned for this device and key. Raises what it raises."""
        name = (device, key)
        if name in self._known:
            asked, task = self._known[name]
            if asked != request:
                raise KeyReused
        else:
            task = asyncio.ensure_future(act())
            self._known[name] = (request, task)
            while len(self._known) > KEPT_MAX:
                del self._known[next(iter(self._known))]
        try:
            return await asyncio.shield(task)
        except (TimeoutError, asyncio.TimeoutError):
            if self._known.get(name, (None, None))[1] is task:
                del self._known[name]
            raise
