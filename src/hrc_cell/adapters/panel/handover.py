"""The handover of a shift, on the page: who goes writes it, who comes reads it back and takes it.

What is shown of it is on disk. What is open is filled in by itself when it is written. Taking over
is armed and held, and in the audit trail before it is done.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.kept import Book, Shelf, legible
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal, body_of
from hrc_cell.core import handover
from hrc_cell.core.access import Act
from hrc_cell.core.andon import Call
from hrc_cell.core.handover import Event, Handover, Item, Topic
from hrc_cell.core.zawgyi import hint

TOLD = {
    Event.WRITE: Act.HANDOVER_WRITE, Event.READ: Act.HANDOVER_READ,
    Event.WITHDRAW: Act.HANDOVER_WITHDRAW,
}  # fmt: skip


TAKEN_MAX = 100


class Handovers:
    """The last handover, and the handlers of it."""

    def __init__(
        self,
        access: Access,
        who: Callable[[web.Request], Who],
        book: Book,
        opened: Callable[[], Sequence[Item]],
    ) -> None:
        """`opened` returns what is open in the cell now."""
        self._access = access
        self._who = who
        self._opened = opened
        self._last, unread = _last(book.records)
        self.taken_s = deque(_taken(book.records), maxlen=TAKEN_MAX)
        """When a shift was taken over, the newest instants: figures are told shift by shift."""
        self._damaged = book.damaged + unread
        latest_s = 0.0 if self._last is None else self._last.taken_s or self._last.written_s
        self._shelf = Shelf(book, latest_s=latest_s, complain=access.complain)

    def close(self) -> None:
        """End with all that was written on disk."""
        self._shelf.close()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/handover/write", self._write),
            web.post("/api/handover/read", self._read),
            web.post("/api/handover/withdraw", self._withdraw),
        ]

    def sections(self, opened: Sequence[Item]) -> dict[str, Any]:
        """Return what every page is shown, with what is open now."""
        last = None if self._last is None else handover.as_data(self._last)
        return {
            "handover": {"last": last, "damaged": self._damaged},
            "opened": [[item.topic.value, *item.about] for item in opened],
        }

    async def _write(self, request: web.Request) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, long=("text",), text=str)
        await self._access.demand(TOLD[Event.WRITE], who)
        async with self._shelf.deciding:
            self._check(Event.WRITE, who)
            new = handover.written(
                id=secrets.token_hex(6), by=who.alias, now_s=self._shelf.now_s(),
                text=body["text"], opened=self._opened(),
            )  # fmt: skip
            await self._put(new, Event.WRITE, who)
        return web.json_response(
            {"accepted": True, "reason": "", "id": new.id, "hint": hint(body["text"])}
        )

    async def _read(self, request: web.Request) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, id=str, item=int)
        await self._access.demand(TOLD[Event.READ], who)
        async with self._shelf.deciding:
            last = self._waiting(Event.READ, who, body["id"], body["item"])
            await self._put(handover.read(last, body["item"], who.alias), Event.READ, who)
        return web.json_response({"accepted": True, "reason": ""})

    async def _withdraw(self, request: web.Request) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, id=str)
        await self._access.demand(TOLD[Event.WITHDRAW], who)
        async with self._shelf.deciding:
            last = self._waiting(Event.WITHDRAW, who, body["id"])
            await self._put(handover.withdrawn(last), Event.WITHDRAW, who)
        return web.json_response({"accepted": True, "reason": ""})

    # Taking over, once it was held.

    def check(self, about: str, who: Who) -> None:
        """Return if they may take the handover of this id over. Raises Refusal."""
        self._check(Event.TAKE, who, id=about)

    async def carry_out(self, about: str, who: Who) -> dict[str, Any]:
        """Take it over; the audit trail has it already. Raises Refusal."""
        async with self._shelf.deciding:
            last = self._waiting(Event.TAKE, who, about)
            await self._put(handover.taken(last, who.alias, self._shelf.now_s()), Event.TAKE, who)
        return {}

    def _waiting(self, event: Event, who: Who, id: str, item: int = 0) -> Handover:
        """Return the handover that waits if they may do this with it. Raises Refusal."""
        self._check(event, who, id, item)
        if self._last is None:
            raise Refusal(ANSWER_REFUSED, "handover_unknown")
        return self._last

    def _check(self, event: Event, who: Who, id: str = "", item: int = 0) -> None:
        alone = who.session is not None and who.session.training
        said = handover.refusal(self._last, event, who.alias, id=id, item=item, alone=alone)
        if said:
            raise Refusal(ANSWER_REFUSED, said)

    async def _put(self, new: Handover, event: Event, who: Who) -> None:
        """Keep a handover as it now is, then show it."""
        await self._shelf.put(handover.as_data(new))
        self._last = new
        if new.taken_s is not None and event is Event.TAKE:
            self.taken_s.append(new.taken_s)
        if event in TOLD:
            told = {"operator": who.alias, "device": who.device_id, "handover": new.id}
            self._access.tell(TOLD[event].value, {**told, "items": len(new.items)})


def open_items(calls: Sequence[Call], task: Mapping[str, Any] | None, notes: int) -> list[Item]:
    """Return what a next shift must know by itself: open calls, a held run, how many notes."""
    items = [
        Item(topic=Topic.CALL, about=(call.kind.value, str(int(call.urgency)), call.phase.value))
        for call in calls
    ]
    if task is not None and task["phase"] == "held":
        reason = task["reason"].partition(":")[0]
        items.append(Item(topic=Topic.HELD, about=(reason, task["text_key"])))
    if notes:
        items.append(Item(topic=Topic.NOTES, about=(str(notes),)))
    return items


def _taken(records: Sequence[Mapping[str, Any]]) -> list[float]:
    """Return when shifts were taken over; what cannot be read says nothing."""
    handovers, _ = legible(records, handover.handover_from)
    return [one.taken_s for one in handovers if one.taken_s is not None]


def _last(records: Sequence[Mapping[str, Any]]) -> tuple[Handover | None, int]:
    """Return the last handover that can be read, and how many records say nothing."""
    handovers, unread = legible(records, handover.handover_from)
    return handovers[-1] if handovers else None, unread
