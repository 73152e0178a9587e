"""The state of the cell to every page, each at its own pace.

A state is a set of sections. A page gets all of them when it comes, and from then on those that
have changed since what it got last; if none has, an empty message still says "I live". So there is
no queue that a slow page could fill: while one message is under way, newer states take each other's
place. A page that does not take a message within the deadline is cut off; no page ever waits for
another. What a page alone is told, as who is signed in on its device, is a section like the others.
A page says only which of the sections ON_DEMAND it wants now, by their names in one message.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import WSMsgType, web

SEND_TIMEOUT_S = 2.0
HEARTBEAT_S = 5.0
ON_DEMAND = frozenset({"scene"})
"""Sections that change with every sample and that few pages show."""
Own = Callable[[], Mapping[str, Any]]


class Page:
    """One connected page."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request, own: Own) -> None:
        self._socket = socket
        self._own = own
        self._left_out = ON_DEMAND
        self._transport = request.transport
        self._newest: Mapping[str, str] = {}
        self._sent: Mapping[str, str] = {}
        self._filled = asyncio.Event()

    def offer(self, sections: Mapping[str, str]) -> None:
        """Put a state into the slot, in the place of one that was not sent yet."""
        wanted = {name: text for name, text in sections.items() if name not in self._left_out}
        self._newest = {**wanted, **_as_texts(self._own())}
        self._filled.set()

    def want(self, names: str) -> None:
        """Send the sections ON_DEMAND that are named from now on, and no others of them."""
        self._left_out = ON_DEMAND.difference(names.split())

    async def write(self) -> None:
        """Send what changes until the connection ends."""
        while not self._socket.closed:
            await self._filled.wait()
            self._filled.clear()
            state = self._newest
            changed = {k: text for k, text in state.items() if self._sent.get(k) != text}
            message = ",".join(f"{json.dumps(k)}:{text}" for k, text in changed.items())
            try:
                await asyncio.wait_for(self._socket.send_str(f"{{{message}}}"), SEND_TIMEOUT_S)
            except (TimeoutError, asyncio.TimeoutError, ConnectionError):
                self.cut()
                return
            self._sent = state

    def cut(self) -> None:
        """End the connection at once; what was not sent is thrown away."""
        if self._transport is not None:
            self._transport.abort()


class Broadcast:
    """All connected pages."""

    def __init__(self) -> None:
        self._pages: set[Page] = set()
        self._last: Mapping[str, str] = {}

    def __len__(self) -> int:
        return len(self._pages)

    def send(self, state: Mapping[str, Any]) -> None:
        """Offer a state to every page."""
        self._last = _as_texts(state)
        for page in self._pages:
            page.offer(self._last)

    async def serve(self, request: web.Request, own: Own = dict) -> web.WebSocketResponse:
        """Keep one page informed until it leaves; `own` returns the sections that only it gets."""
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, max_msg_size=1024)
        await socket.prepare(request)
        page = Page(socket, request, own)
        self._pages.add(page)
        writer = asyncio.create_task(page.write())
        try:
            async for message in socket:  # acts are HTTP requests, not these
                if message.type is WSMsgType.TEXT:
                    page.want(message.data)
        finally:
            self._pages.discard(page)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
        return socket

    def close(self) -> None:
        """Cut every page off."""
        for page in list(self._pages):
            page.cut()


def _as_texts(sections: Mapping[str, Any]) -> dict[str, str]:
    return {name: json.dumps(value, separators=(",", ":")) for name, value in sections.items()}
