"""Calls for a person to come, on the page: anybody calls, who is signed in takes and resolves.

What is shown of a call is on disk. Who called is noted nowhere; who takes and resolves stands in
the audit trail, as every act of somebody who is signed in. Counts and times are of kind and day.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.kept import Book, Shelf, day_of, legible
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal, body_of
from hrc_cell.core import andon
from hrc_cell.core.access import Act
from hrc_cell.core.andon import BY_PEOPLE, Call, Event, Kind, Urgency
from hrc_cell.settings.operation import PanelSettings

DAYS = 7
"""So many days are counted."""
KEPT_S = (DAYS + 1) * 86400.0
KINDS = {kind.value: kind for kind in BY_PEOPLE}
Who_ = Callable[[web.Request], Who]


class Andon:
    """The calls, and the handlers of them."""

    def __init__(self, settings: PanelSettings, access: Access, who: Who_, book: Book) -> None:
        self._access = access
        self._who = who
        self._lost_s = settings.lost_s
        self._limits = andon.Limits(
            settings.andon_acknowledge_s, settings.andon_second_s, settings.andon_third_s
        )
        calls, unread = _calls(book.records)
        self._calls = calls
        self._damaged = book.damaged + unread
        self._shelf = Shelf(book, latest_s=_latest_s(calls), complain=access.complain)
        self._days: tuple[tuple[Call, ...], str, list[dict[str, Any]]] = ((), "", [])

    def close(self) -> None:
        """End with all that was called on disk."""
        self._shelf.close()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/andon/call", self._call),
            web.post("/api/andon/take", self._take),
            web.post("/api/andon/resolve", self._resolve),
        ]

    # What is shown and told.

    def open(self) -> list[Call]:
        """Return the open calls, those that wait most urgently first."""
        waiting = [call for call in self._calls if call.waits]
        return sorted(waiting, key=lambda call: (-call.urgency, call.called_s))

    def sections(self) -> dict[str, Any]:
        """Return what every page is shown."""
        now_s = self._shelf.now_s()
        calls = [
            {
                "id": call.id, "kind": call.kind.value, "urgency": int(call.urgency),
                "phase": call.phase.value, "taken_by": call.taken_by,
                "waited_s": int(now_s - call.called_s),
                "escalation": andon.escalation(call, now_s, self._limits),
            }
            for call in self.open()
        ]  # fmt: skip
        return {
            "andon": {"calls": calls, "damaged": self._damaged},
            "andon_days": self._counted(day_of(now_s)),
        }

    def lamp(self) -> andon.Lamp:
        """Return the open calls in a few numbers, without a name. From any thread."""
        return andon.lamp(self._calls, self._shelf.now_s(), self._limits)

    def _counted(self, today: str) -> list[dict[str, Any]]:
        """Return counts and times of the last days, the newest first; today always."""
        calls, day, counted = self._days
        if calls is not self._calls or day != today:
            by_day: dict[str, list[Call]] = {today: []}
            for call in self._calls:
                by_day.setdefault(day_of(call.called_s), []).append(call)
            newest = sorted(by_day, reverse=True)[:DAYS]
            counted = [{"day": one, "kinds": _tallied(by_day[one])} for one in newest]
            self._days = (self._calls, today, counted)
        return counted

    # What happens.

    async def look(self, snapshot: Mapping[str, Any]) -> None:
        """Call where a run waits for a person's decision, and take it back when that is over."""
        task, age_s = snapshot["task"], snapshot["ages"]["task_s"]
        if task is None or age_s is None or age_s > self._lost_s:
            return
        held = task["question"]["id"] if task["phase"] == "held" else ""
        with contextlib.suppress(Refusal):  # it was complained of; the next look tries again
            async with self._shelf.deciding:
                over, wanted = andon.by_itself(self._calls, held, task["reason"])
                for call in over:
                    await self._put(andon.changed(call, Event.OVER, self._shelf.now_s()))
                if wanted:
                    await self._put(self._called(Kind.HOLD, Urgency.YELLOW, about=held))

    async def _call(self, request: web.Request) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, kind=str, urgency=int)
        if body["kind"] not in KINDS and body["kind"] != Kind.HOLD.value:
            raise Refusal(400, "field: kind")
        if body["urgency"] not in tuple(Urgency):
            raise Refusal(400, "field: urgency")
        kind, urgency = Kind(body["kind"]), Urgency(body["urgency"])
        async with self._shelf.deciding:
            before = andon.open_of(self._calls, kind)
            if kind is Kind.HOLD and before is None:  # which the cell itself calls for
                raise Refusal(ANSWER_REFUSED, "andon_unknown")
            call = self._called(kind, urgency)
            if call != before:
                await self._put(call)
                told = {"kind": kind.value, "urgency": int(urgency), "device": who.device_id}
                self._access.tell(Act.ANDON_CALL.value, told)
        return web.json_response({"accepted": True, "reason": "", "id": call.id})

    async def _take(self, request: web.Request) -> web.StreamResponse:
        return await self._change(request, Act.ANDON_TAKE, Event.TAKE)

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        return await self._change(request, Act.ANDON_RESOLVE, Event.RESOLVE)

    async def _change(self, request: web.Request, act: Act, event: Event) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, id=str)
        await self._access.demand(act, who)
        async with self._shelf.deciding:
            call = next((call for call in self._calls if call.id == body["id"]), None)
            again = event is Event.TAKE and call is not None and call.taken_by == who.alias
            if not again:
                if (said := andon.refusal(call, event)) or call is None:
                    raise Refusal(ANSWER_REFUSED, said)
                await self._put(andon.changed(call, event, self._shelf.now_s(), by=who.alias))
                told = {"operator": who.alias, "device": who.device_id, "call": call.id}
                self._access.tell(act.value, {**told, "kind": call.kind.value})
        return web.json_response({"accepted": True, "reason": ""})

    def _called(self, kind: Kind, urgency: Urgency, about: str = "") -> Call:
        before, now_s = andon.open_of(self._calls, kind), self._shelf.now_s()
        return andon.called(before, kind, urgency, now_s, id=secrets.token_hex(6), about=about)

    async def _put(self, call: Call) -> None:
        """Keep a call as it now is, then show it."""
        await self._shelf.put(andon.as_data(call))
        others = [one for one in self._calls if one.id != call.id]
        self._calls = _recent([*others, call], self._shelf.now_s())


def _calls(records: Sequence[Mapping[str, Any]]) -> tuple[tuple[Call, ...], int]:
    """Return every call as its last record says, and how many records say nothing."""
    told, unread = legible(records, andon.call_from)
    calls = {call.id: call for call in told}
    return _recent(calls.values(), _latest_s(calls.values())), unread


def _latest_s(calls: Iterable[Call]) -> float:
    return max((call.resolved_s or call.taken_s or call.called_s for call in calls), default=0.0)


def _recent(calls: Iterable[Call], now_s: float) -> tuple[Call, ...]:
    """Return the calls that still matter: open, of the last days, and what the cell called last."""
    listed = list(calls)
    own = [call for call in listed if call.kind is Kind.HOLD][-1:]
    return tuple(
        call for call in listed if call.waits or call in own or now_s - call.called_s < KEPT_S
    )


def _tallied(calls: Iterable[Call]) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind.value, "count": one.count, "taken_s": _rounded(one.taken_s),
            "resolved_s": _rounded(one.resolved_s),
        }
        for one in andon.tally(calls)
    ]  # fmt: skip


def _rounded(time_s: float | None) -> int | None:
    return None if time_s is None else round(time_s)
