"""The newest snapshot to every page, each at its own pace.

Each client has a slot of one: what it was too slow for is replaced by what is newer. A client that
does not take a message within `SEND_TIMEOUT_S` is cut off; no client ever waits for another.
"""

from __future__ import annotations

import asyncio
import contextlib

from aiohttp import web

SEND_TIMEOUT_S = 2.0


class Client:
    """One connected page."""

    def __init__(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._socket = socket
        self._request = request
        self._slot: str | None = None
        self._filled = asyncio.Event()

    def offer(self, text: str) -> None:
        """Put a message into the slot, in the place of one that was not sent yet."""
        self._slot = text
        self._filled.set()

    async def write(self) -> None:
        """Send what comes until the connection ends."""
        while not self._socket.closed:
            await self._filled.wait()
            self._filled.clear()
            text, self._slot = self._slot, None
            if text is None:
                continue
            try:
                await asyncio.wait_for(self._socket.send_str(text), SEND_TIMEOUT_S)
            except (TimeoutError, asyncio.TimeoutError, ConnectionError):
                if self._request.transport is not None:
                    self._request.transport.abort()
                return


class Broadcast:
    """All connected pages."""

    def __init__(self) -> None:
        self._clients: set[Client] = set()
        self._last: str | None = None

    def __len__(self) -> int:
        return len(self._clients)

    def send(self, text: str) -> None:
        """Offer a message to every page."""
        self._last = text
        for client in self._clients:
            client.offer(text)

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Keep one page informed until it leaves."""
        socket = web.WebSocketResponse(heartbeat=5.0, max_msg_size=1024)
        await socket.prepare(request)
        client = Client(socket, request)
        self._clients.add(client)
        if self._last is not None:
            client.offer(self._last)
        writer = asyncio.create_task(client.write())
        try:
            async for _ in socket:
                pass  # a page says nothing here; acts are HTTP requests
        finally:
            self._clients.discard(client)
            writer.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await writer
        return socket

    async def close(self) -> None:
        """Cut every page off."""
        for client in list(self._clients):
            if client._request.transport is not None:
                client._request.transport.abort()
