"""The web server of the operator page: what it shows, and the few acts that it passes on.

The page never commands. It answers questions that the task manager asked, asks for a stop, and in
a simulated cell presses the simulated operator box; what people tell each other stays in it. Acts
are POST requests with JSON; state goes out over a WebSocket, to anybody: to look, nobody signs in.
Requests from another host or origin are refused, nothing is loaded from elsewhere, and nothing is
cached.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import BadHttpMessage

from hrc_cell.adapters.panel.access import Access
from hrc_cell.adapters.panel.acts import Acts, Backend
from hrc_cell.adapters.panel.andon import Andon
from hrc_cell.adapters.panel.broadcast import Broadcast
from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.panel.doors import Doors
from hrc_cell.adapters.panel.figures import Figures, Record
from hrc_cell.adapters.panel.files import Files
from hrc_cell.adapters.panel.freshness import TASK_PERIOD_S
from hrc_cell.adapters.panel.handover import Handovers, open_items
from hrc_cell.adapters.panel.kaizen import Kaizen, Photos
from hrc_cell.adapters.panel.kept import Books
from hrc_cell.adapters.panel.pictures import Pictures
from hrc_cell.adapters.panel.replies import KeyReused
from hrc_cell.adapters.panel.run_acts import RunActs
from hrc_cell.adapters.panel.secret_file import SecretFileError
from hrc_cell.adapters.panel.starts import Starts
from hrc_cell.adapters.panel.supervise import Held, Supervise
from hrc_cell.adapters.panel.ways import chosen
from hrc_cell.adapters.panel.web_rules import (
    ANSWER_REFUSED,
    HEADERS,
    Refusal,
    address,
    check_origin,
)
from hrc_cell.core.access import ACTS, OF_THE_RUN, Act, act_of
from hrc_cell.core.handover import Item
from hrc_cell.settings.operation import LANGUAGES, PanelSettings

STATIC = Path(__file__).parent / "static"
CLASSES = 5
LED = "recipes"
"""Section of the state for supervisors and engineers alone: what is wrong with a recipe."""
LOOK_S = 0.5
"""So often it is looked whether a run waits for a person, also where no page is open."""
FOREIGN = (BadHttpMessage, ConnectionError, web.RequestPayloadError)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class PanelServer:
    """The server. `start` listens, `stop` ends it."""

    def __init__(
        self,
        settings: PanelSettings,
        backend: Backend,
        access: Access,
        *,
        recipes: Path,
        port: int,
        books: Books,
        photos: Photos,
        record: Record,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`recipes`: the folder in which recipes and their pictures stand."""
        self._tls = tls
        self._scheme = "http" if tls is None else "https"
        self._settings = settings
        self._backend = backend
        self._access = access
        self._port = port
        self._doors = Doors(access, secure=tls is not None)
        self._acts = Acts(settings, backend, access, self._doors.who)
        self._run_acts = RunActs(settings, backend, access, self._doors.who)
        self._pictures = Pictures(recipes, backend.snapshot)
        self.andon = Andon(settings, access, self._doors.who, books.andon)
        outline_m = backend.about()["outline"]
        self._kaizen = Kaizen(access, self._doors.who, books.kaizen, photos, outline_m)
        self._handovers = Handovers(access, self._doors.who, books.handover, self._opened)
        self._figures = Figures(record, self._handovers.taken_s)
        self._starts = Starts(settings, backend, access, self._figures.spans)
        held: dict[Act, Held] = {
            Act.HANDOVER_TAKE: self._handovers, Act.START_RUN: self._starts,
        }  # fmt: skip
        self._supervise = Supervise(settings, access, self._doors.who, held)
        self._pages = Broadcast()
        english = load_catalog("en")
        self._catalogs: dict[str, dict[str, Any]] = {
            lang: load_catalog(lang).as_dict(english) for lang in LANGUAGES
        }
        self._led: dict[str, Any] | None = None
        self._hosts: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> str:
        """Listen and return the address. Raises OSError if the address is taken."""
        app = web.Application(middlewares=[self._guard], client_max_size=16 * 1024)
        app.add_routes(
            [
                *Files(STATIC).routes(),
                web.get("/ws", self._serve_page),
                web.get("/catalog/{language}.json", self._catalog),
                web.get("/api/about", self._about),
                web.get("/api/model", self._model),
                web.get("/api/state", self._state),
                web.get("/api/health", self._health),
                *self._doors.routes(),
                *self._acts.routes(),
                *self._run_acts.routes(),
                *self._pictures.routes(),
                *self._starts.routes(),
                *self._supervise.routes(),
                *self.andon.routes(),
                *self._handovers.routes(),
                *self._kaizen.routes(),
                *self._figures.routes(),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, logger=_log(), shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._port, ssl_context=self._tls)
        await site.start()
        port = self._runner.addresses[0][1]
        names = (self._settings.host, *self._settings.names, "localhost", "127.0.0.1")
        self._hosts = {address(name, port, self._scheme) for name in names}
        self._doors.cookie_name = f"hrc_device_{port}"
        self._tasks = [asyncio.create_task(self._send_state()), asyncio.create_task(self._look())]
        for task in self._tasks:
            task.add_done_callback(_tell_failure)
        self._supervise.url = f"{self._scheme}://{self._settings.host}:{port}/"
        return self._supervise.url

    async def stop(self) -> None:
        """Cut the pages off and cease to listen."""
        for task in self._tasks:
            task.cancel()
        self._pages.close()
        if self._runner is not None:
            await self._runner.cleanup()
        await self._access.close()
        self.andon.close()
        self._handovers.close()
        self._kaizen.close()

    async def _send_state(self) -> None:
        """Send the state to every page at the configured rate."""
        period_s = 1.0 / self._settings.rate_hz
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            if len(self._pages):
                self._pages.send(self._for_all())
            due_s = max(due_s + period_s, loop.time())  # what was missed is not made up for
            await asyncio.sleep(due_s - loop.time())

    async def _look(self) -> None:
        """See what the cell itself has to tell people."""
        while True:
            await self.andon.look(self._backend.snapshot())
            await asyncio.sleep(LOOK_S)

    def _opened(self, snapshot: dict[str, Any] | None = None) -> list[Item]:
        """Return what a next shift must know by itself."""
        task = (snapshot or self._backend.snapshot())["task"]
        return open_items(self.andon.open(), task, self._kaizen.open_count())

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what does not come from this page; tell every refusal as JSON."""
        more: dict[str, Any] = {}
        try:
            check_origin(request, self._hosts, self._scheme)
            response = await handler(request)
        except Refusal as refusal:
            status, reason, more = refusal.status, refusal.reason, refusal.more
            if refusal.status == ANSWER_REFUSED:
                await self._acts.refused(request, reason)
        except KeyReused:
            status, reason = ANSWER_REFUSED, "key_reused"
        except (TimeoutError, asyncio.TimeoutError):
            status, reason = 504, "no_answer_from_cell"
        except web.HTTPException as error:  # no such page
            error.headers.update(HEADERS)
            raise
        except SecretFileError:
            status, reason = 503, "people_unreadable"
        else:
            if not response.prepared:
                response.headers.update(HEADERS)
                if request.method == "GET":
                    self._doors.mint(request, response)
            return response
        return web.json_response(
            {"accepted": False, "reason": reason, **more}, status=status, headers=HEADERS
        )

    async def _serve_page(self, request: web.Request) -> web.StreamResponse:
        return await self._pages.serve(request, lambda: self._own(request))

    # What is shown.

    def _for_all(self) -> dict[str, Any]:
        """Return what everybody may see of the cell's state; keep the rest for `_own`."""
        snapshot = self._backend.snapshot()
        self._led = snapshot[LED]
        told = self._handovers.sections(self._opened(snapshot))
        state = {**snapshot, **self.andon.sections(), **self._kaizen.sections(), **told}
        return {name: section for name, section in state.items() if name != LED}

    def _own(self, request: web.Request) -> dict[str, Any]:
        """Return what one page alone is told: whom it belongs to, and what that person leads."""
        who = self._doors.who(request)
        led = self._led if self._access.leads(who) else None
        return {"session": self._access.about(who), LED: led}

    async def _catalog(self, request: web.Request) -> web.StreamResponse:
        catalog = self._catalogs.get(request.match_info["language"])
        if catalog is None:
            raise Refusal(404, "unknown_language")
        response = web.json_response(catalog)
        response.enable_compression()  # the largest part of what a page loads at first
        return response

    async def _about(self, request: web.Request) -> web.StreamResponse:
        settings = self._settings
        shown = {
            "languages": LANGUAGES, "language": settings.language, "hold_s": settings.hold_s,
            "stale_s": settings.stale_s, "lost_s": settings.lost_s,
            "task_period_s": TASK_PERIOD_S, "training": self._access.training,
            "acts": {
                act.value: {"risk": int(rule.risk), "least": rule.least.value}
                for act, rule in ACTS.items()
            },
            "by_class": [act_of(number).value for number in range(CLASSES)],
            "by_answer": {answer: act.value for answer, act in OF_THE_RUN.items()},
            "ways": chosen(settings), "pedal_key": settings.pedal_key,
        }  # fmt: skip
        return web.json_response({**self._backend.about(), "panel": shown})

    async def _model(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._backend.model())

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({**self._for_all(), LED: self._own(request)[LED]})

    async def _health(self, request: web.Request) -> web.StreamResponse:
        age_s = self._backend.snapshot()["ages"]["permit_s"]
        ready = age_s is not None and age_s <= self._settings.lost_s
        told = {"ready": ready, "pages": len(self._pages)}
        return web.json_response(told, status=200 if ready else 503)


def _log() -> logging.Logger:
    """Return where mistakes of the server go; what others break, or break off, is none of them."""
    log = logging.getLogger("hrc_cell.page")
    if not log.filters:
        log.addFilter(lambda one: not (one.exc_info and isinstance(one.exc_info[1], FOREIGN)))
    return log


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        context = {"message": "the page gets no more states", "exception": error}
        task.get_loop().call_exception_handler(context)
