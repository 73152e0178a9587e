"""Starting a run on the page: which recipes there are, what each is, and how long a cycle took.

Listed is what has no fault now; how long its cycles took is what the record says. An act says which
recipe it is about as the person saw it: one that was changed since is refused. To start is armed,
held and in the audit trail first; it is a wish to the task manager, which refuses it while a run is
under way, and it resets nothing: where the cell is not started the arm moves only after the start
at the cell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.freshness import demand_fresh
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal
from hrc_cell.core.figures import usual_s
from hrc_cell.core.spans import Span
from hrc_cell.settings.operation import LANGUAGES, PanelSettings

ACTIVE = ("running", "waiting", "held", "paused")
HOW = {"once": False, "repeat": True}
AGAIN_S = 1.0
"""The files are read for pages at most so often, however many ask."""


class Backend(Protocol):
    """What of the cell this needs."""

    def snapshot(self) -> dict[str, Any]:
        """Return the state of the cell now."""

    def recipes(self) -> list[dict[str, Any]]:
        """Return the recipes without a fault as their files say now; takes its time."""

    def drawing(self, name: str, language: str) -> str | None:
        """Return the SVG of a recipe that was listed last, None for one that was not."""

    async def start_run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Have a run begun. Raises TimeoutError when nobody answers."""


class Starts:
    """The handlers of it, and the act once it was held."""

    def __init__(
        self,
        settings: PanelSettings,
        backend: Backend,
        access: Access,
        spans: Callable[[], Awaitable[Sequence[Span]]],
    ) -> None:
        """`spans` reads the record; it may raise OSError."""
        self._settings, self._backend, self._access = settings, backend, access
        self._spans = spans
        self._listed: dict[str, dict[str, Any]] = {}
        self._reading, self._again_s = asyncio.Lock(), 0.0

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/api/recipes", self._recipes),
            web.get("/recipe/{name}.svg", self._drawing),
        ]

    async def _recipes(self, request: web.Request) -> web.StreamResponse:
        async with self._reading:
            if self._access.clock() >= self._again_s:
                await self._read()
        try:
            spans = await self._spans()
        except OSError:  # a run can be started all the same
            spans = []
        rows = await asyncio.to_thread(
            lambda listed: [{**one, "cycle_s": usual_s(spans, one["name"])} for one in listed],
            list(self._listed.values()),
        )
        return web.json_response({"recipes": rows})

    async def _read(self) -> None:
        loop = asyncio.get_running_loop()
        rows = await loop.run_in_executor(None, self._backend.recipes)
        self._listed = {row["name"]: row for row in rows}
        self._again_s = self._access.clock() + AGAIN_S

    async def _drawing(self, request: web.Request) -> web.StreamResponse:
        language = request.query.get("language", self._settings.language)
        drawn = None
        if language in LANGUAGES:
            drawn = self._backend.drawing(request.match_info["name"], language)
        if drawn is None:
            raise Refusal(404, "no_such_picture")
        return web.Response(text=drawn, content_type="image/svg+xml")

    # To start, once it was held.

    def check(self, about: str, who: Who) -> None:
        """Return if the recipe that is meant may be asked for now. Raises Refusal."""
        snapshot = self._backend.snapshot()
        demand_fresh(snapshot["ages"], self._settings, goes_on=True)
        name, seen, _ = _meant(about)
        if name not in self._listed:
            raise Refusal(ANSWER_REFUSED, "unknown_recipe")
        if self._listed[name]["digest"] != seen:
            raise Refusal(ANSWER_REFUSED, "recipe_changed")
        if snapshot["task"] is not None and snapshot["task"]["phase"] in ACTIVE:
            raise Refusal(ANSWER_REFUSED, "busy")

    async def carry_out(self, about: str, who: Who) -> dict[str, Any]:
        """Ask for the run; the audit trail has it already. Raises Refusal, TimeoutError."""
        await self._read()
        self.check(about, who)
        name, _, how = _meant(about)
        told = {"operator": who.alias, "device": who.device_id, "act": "start_run", "about": about}
        try:
            reply = await self._backend.start_run({"recipe": name, "repeat": HOW[how]})
        except TimeoutError:
            self._access.tell("outcome", {**told, "accepted": None})
            raise
        self._access.tell("outcome", {**told, **reply})
        if not reply["accepted"]:
            raise Refusal(ANSWER_REFUSED, reply["reason"].partition(":")[0])
        return {}


def _meant(about: str) -> tuple[str, str, str]:
    """Return recipe, what the person saw of it, and how often."""
    name, seen, how = [*about.split(" "), "", ""][:3]
    if how not in HOW:
        raise Refusal(400, "field: about")
    return name, seen, how
