"""Notes on how the work could be better, on the page: text, a place on the plan, a photo.

A photo is sent first and waits in memory for its note; both are on disk before they are shown. No
note names anybody; who wrote and finished stands in the audit trail alone.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.kept import Book, Shelf, legible
from hrc_cell.adapters.panel.photo import SIZE_MAX, stripped
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal, body_of
from hrc_cell.core import kaizen
from hrc_cell.core.access import Act
from hrc_cell.core.kaizen import Event, Note, Phase
from hrc_cell.core.zawgyi import hint

DONE_SHOWN = 50
WAITING_MAX = 8
"""So many photos wait for their notes, one for each device."""


class Photos(Protocol):
    """Where photos are kept."""

    def put(self, name: str, data: bytes) -> None:
        """Return when it is on disk. Raises OSError."""

    def get(self, name: str) -> bytes:
        """Return a photo. Raises OSError if there is none."""


class Kaizen:
    """The notes, and the handlers of them."""

    def __init__(
        self,
        access: Access,
        who: Callable[[web.Request], Who],
        book: Book,
        photos: Photos,
        outline_m: Iterable[Sequence[float]],
    ) -> None:
        self._access = access
        self._who = who
        self._photos = photos
        self._outline_m = [tuple(corner) for corner in outline_m]
        self._notes, unread = _notes(book.records)
        self._damaged = book.damaged + unread
        latest_s = max((n.done_s or n.written_s for n in self._notes.values()), default=0.0)
        self._shelf = Shelf(book, latest_s=latest_s, complain=access.complain)
        self._waiting: dict[str, tuple[str, bytes]] = {}

    def close(self) -> None:
        """End with all that was written on disk."""
        self._shelf.close()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/kaizen/photo", self._photo),
            web.get("/api/kaizen/photo/{name}", self._show),
            web.post("/api/kaizen/write", self._write),
            web.post("/api/kaizen/finish", self._finish),
            web.post("/api/kaizen/reopen", self._reopen),
        ]

    def open_count(self) -> int:
        """Return how many notes are open."""
        return sum(note.phase is Phase.OPEN for note in self._notes.values())

    def sections(self) -> dict[str, Any]:
        """Return what every page is shown: the open notes, and the last done."""
        notes = sorted(self._notes.values(), key=lambda note: -(note.done_s or note.written_s))
        done = [note for note in notes if note.phase is Phase.DONE][:DONE_SHOWN]
        shown = [*(note for note in notes if note.phase is Phase.OPEN), *done]
        told = [kaizen.as_data(note) for note in shown]
        return {"kaizen": {"notes": told, "damaged": self._damaged}}

    async def _photo(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        try:
            await self._access.demand(Act.KAIZEN_WRITE, who)
        except Refusal as refusal:  # its body is no JSON of which more could be told
            raise Refusal(403, refusal.reason) from None
        data = b""
        async for part in request.content.iter_any():
            data += part
            if len(data) > SIZE_MAX:
                raise Refusal(413, "photo_too_large")
        try:
            kind, picture = stripped(data)
        except ValueError as error:
            raise Refusal(415, str(error)) from None
        name = f"{secrets.token_hex(8)}.{kind}"
        self._waiting.pop(who.device_id, None)
        while len(self._waiting) >= WAITING_MAX:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[who.device_id] = (name, picture)
        return web.json_response({"accepted": True, "reason": "", "photo": name})

    async def _show(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if all(note.photo != name for note in self._notes.values()):
            raise Refusal(404, "no_such_photo")
        loop = asyncio.get_running_loop()
        try:
            data = await loop.run_in_executor(None, self._photos.get, name)
        except OSError:
            raise Refusal(404, "no_such_photo") from None
        return web.Response(body=data, content_type=f"image/{name.rpartition('.')[2]}")

    async def _write(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        body = await body_of(request, long=("text",), text=str, place=str, photo=str)
        await self._access.demand(Act.KAIZEN_WRITE, who)
        place_m = _place_m(body["place"])
        async with self._shelf.deciding:
            said = kaizen.write_refusal(
                self._notes.values(), body["text"], place_m, self._outline_m
            )
            if said:
                raise Refusal(ANSWER_REFUSED, said)
            if body["photo"]:
                await self._keep_photo(who, body["photo"])
            note = kaizen.written(
                id=secrets.token_hex(6), text=body["text"], now_s=self._shelf.now_s(),
                place_m=place_m, photo=body["photo"],
            )  # fmt: skip
            await self._put(note, Act.KAIZEN_WRITE, who)
        return web.json_response(
            {"accepted": True, "reason": "", "id": note.id, "hint": hint(body["text"])}
        )

    async def _keep_photo(self, who: Who, name: str) -> None:
        """Put the photo that waits for this device's note onto the disk. Raises Refusal."""
        waiting, picture = self._waiting.get(who.device_id, ("", b""))
        if waiting != name:
            raise Refusal(ANSWER_REFUSED, "no_such_photo")
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self._photos.put, name, picture)
        except OSError as error:
            self._access.complain(f"a photo cannot be kept: {error}")
            raise Refusal(ANSWER_REFUSED, "not_kept") from error
        del self._waiting[who.device_id]

    async def _finish(self, request: web.Request) -> web.StreamResponse:
        return await self._change(request, Event.FINISH, Act.KAIZEN_FINISH)

    async def _reopen(self, request: web.Request) -> web.StreamResponse:
        return await self._change(request, Event.REOPEN, Act.KAIZEN_FINISH)

    async def _change(self, request: web.Request, event: Event, act: Act) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, id=str)
        await self._access.demand(act, who)
        async with self._shelf.deciding:
            note = self._notes.get(body["id"])
            if (said := kaizen.refusal(note, event)) or note is None:
                raise Refusal(ANSWER_REFUSED, said)
            await self._put(kaizen.changed(note, event, self._shelf.now_s()), act, who)
        return web.json_response({"accepted": True, "reason": ""})

    async def _put(self, note: Note, act: Act, who: Who) -> None:
        """Keep a note as it now is, then show it."""
        await self._shelf.put(kaizen.as_data(note))
        self._notes[note.id] = note
        told = {"operator": who.alias, "device": who.device_id, "note": note.id}
        self._access.tell(act.value, {**told, "phase": note.phase.value})


def _place_m(place: str) -> tuple[float, float] | None:
    """Return the place of "x,y" in metres, None for "". Raises Refusal."""
    if not place:
        return None
    try:
        x_m, y_m = map(float, place.split(","))
    except ValueError:
        raise Refusal(400, "field: place") from None
    return x_m, y_m


def _notes(records: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Note], int]:
    """Return every note as its last record says, and how many records say nothing."""
    notes, unread = legible(records, kaizen.note_from)
    return {note.id: note for note in notes}, unread
