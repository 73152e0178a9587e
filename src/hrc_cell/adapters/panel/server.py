"""The web server of the operator page: what it shows, and the few acts that it passes on.

The page never commands. It answers questions that the task manager asked, asks for a stop, and in
a simulated cell presses the simulated operator box. Acts are POST requests with JSON; state goes
out over a WebSocket. Requests from another host or origin are refused, nothing is loaded from
elsewhere, and nothing is cached.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol

from aiohttp import web

from hrc_cell.adapters.panel.broadcast import Broadcast
from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.panel.challenge import About, Challenges
from hrc_cell.adapters.panel.replies import Act, KeyReused, Replies
from hrc_cell.settings.operation import LANGUAGES, PanelSettings

STATIC = Path(__file__).parent / "static"
HOLD_CLASS = 2
"""From this risk class on, an affirmative answer needs arming and holding."""
NEGATIVE = ("refuse", "abort")
"""Answers that release nothing and start nothing. All others are affirmative."""
TASK_PERIOD_S = 0.5
"""So often the task says its state when nothing changes: by so much it may be older than others."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
KEY_MAX = 200
HTTP_PORT = 80
ANSWER_REFUSED = 409
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Backend(Protocol):
    """The cell, as the page sees it. Awaitables raise TimeoutError when nobody answers."""

    def about(self) -> dict[str, Any]:
        """Return what does not change while the cell runs."""

    def snapshot(self) -> dict[str, Any]:
        """Return the state of the cell now."""

    async def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Pass a person's answer on."""

    async def request_stop(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the monitor for a stop."""

    async def press(self, body: dict[str, Any]) -> dict[str, Any]:
        """Press the simulated operator box."""

    def refused(self, body: dict[str, Any], reason: str) -> None:
        """Hear of an answer that was refused here and not passed on."""


class Refusal(Exception):
    """A request that is not carried out, with the reason that the page shows.

    Status ANSWER_REFUSED: it was well formed, and an answer to a question.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class PanelServer:
    """The server. `start` listens, `stop` ends it."""

    def __init__(self, settings: PanelSettings, backend: Backend, *, port: int) -> None:
        self._settings = settings
        self._backend = backend
        self._port = port
        self._challenges = Challenges(hold_s=settings.hold_s, lifetime_s=settings.challenge_s)
        self._pages = Broadcast()
        self._replies = Replies()
        self._catalogs: dict[str, dict[str, Any]] = {
            lang: load_catalog(lang).as_dict() for lang in LANGUAGES
        }
        self._hosts: set[str] = set()
        self._runner: web.AppRunner | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Listen and return the address. Raises OSError if the address is taken."""
        app = web.Application(middlewares=[self._guard], client_max_size=16 * 1024)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/ws", self._pages.serve),
                web.get("/catalog/{language}.json", self._catalog),
                web.get("/api/about", self._about),
                web.get("/api/state", self._state),
                web.get("/api/health", self._health),
                web.post("/api/arm", self._arm),
                web.post("/api/confirm", self._confirm),
                web.post("/api/answer", self._answer),
                web.post("/api/stop_request", self._stop_request),
                web.post("/api/press", self._press),
                web.static("/static", STATIC),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._settings.host, self._port)
        await site.start()
        port = self._runner.addresses[0][1]
        names = (self._settings.host, "localhost", "127.0.0.1")
        self._hosts = {_address(name, port) for name in names}
        self._task = asyncio.create_task(self._send_state())
        self._task.add_done_callback(_tell_failure)
        return f"http://{self._settings.host}:{port}/"

    async def stop(self) -> None:
        """Cut the pages off and cease to listen."""
        if self._task is not None:
            self._task.cancel()
        self._pages.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _send_state(self) -> None:
        """Send the state to every page at the configured rate."""
        period_s = 1.0 / self._settings.rate_hz
        while True:
            if len(self._pages):
                self._pages.send(self._backend.snapshot())
            await asyncio.sleep(period_s)

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what does not come from this page; tell every refusal as JSON."""
        try:
            self._check_origin(request)
            response = await handler(request)
        except Refusal as refusal:
            if refusal.status == ANSWER_REFUSED:
                self._backend.refused(await request.json(), refusal.reason)
            response = web.json_response(
                {"accepted": False, "reason": refusal.reason}, status=refusal.status
            )
        except KeyReused:
            response = web.json_response({"accepted": False, "reason": "key_reused"}, status=409)
        except (TimeoutError, asyncio.TimeoutError):
            response = web.json_response(
                {"accepted": False, "reason": "no_answer_from_cell"}, status=504
            )
        if not response.prepared:
            response.headers.update(HEADERS)
        return response

    def _check_origin(self, request: web.Request) -> None:
        hosts = self._hosts | {_own_address(request)}
        if request.host not in hosts:
            raise Refusal(403, "foreign_host")
        origin = request.headers.get("Origin")
        if origin is not None and origin not in {f"http://{host}" for host in hosts}:
            raise Refusal(403, "foreign_origin")
        if request.path == "/ws" and origin is None:
            raise Refusal(403, "foreign_origin")

    # What is shown.

    async def _index(self, request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _catalog(self, request: web.Request) -> web.StreamResponse:
        catalog = self._catalogs.get(request.match_info["language"])
        if catalog is None:
            raise Refusal(404, "unknown_language")
        return web.json_response(catalog)

    async def _about(self, request: web.Request) -> web.StreamResponse:
        settings = self._settings
        shown = {
            "languages": LANGUAGES, "language": settings.language, "hold_s": settings.hold_s,
            "stale_s": settings.stale_s, "lost_s": settings.lost_s,
            "task_period_s": TASK_PERIOD_S,
        }  # fmt: skip
        return web.json_response({**self._backend.about(), "panel": shown})

    async def _state(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._backend.snapshot())

    async def _health(self, request: web.Request) -> web.StreamResponse:
        age_s = self._backend.snapshot()["ages"]["permit_s"]
        ready = age_s is not None and age_s <= self._settings.lost_s
        told = {"ready": ready, "pages": len(self._pages)}
        return web.json_response(told, status=200 if ready else 503)

    # Acts.

    async def _arm(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request, question_id=str, state_version=int, device=str)
        question = self._question(body, affirmative=True)
        if "confirm" not in question["options"]:
            raise Refusal(ANSWER_REFUSED, "bad_option")
        token = self._challenges.arm(_about(body), time.monotonic())
        settings = self._settings
        return web.json_response(
            {"challenge": token, "hold_s": settings.hold_s, "lifetime_s": settings.challenge_s}
        )

    async def _confirm(self, request: web.Request) -> web.StreamResponse:
        body = await _body(
            request, question_id=str, state_version=int, device=str, challenge=str, answer=str,
            operator=str, idempotency_key=str,
        )  # fmt: skip

        async def act() -> dict[str, Any]:
            refused = self._challenges.redeem(body["challenge"], _about(body), time.monotonic())
            if refused:
                raise Refusal(ANSWER_REFUSED, refused)
            self._question(body, affirmative=True)
            return await self._backend.answer(body)

        return await self._once(body, act)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await _body(
            request, question_id=str, state_version=int, device=str, answer=str, operator=str,
            idempotency_key=str,
        )  # fmt: skip

        async def act() -> dict[str, Any]:
            affirmative = body["answer"] not in NEGATIVE
            question = self._question(body, affirmative=affirmative)
            if question["risk_class"] >= HOLD_CLASS and affirmative:
                raise Refusal(ANSWER_REFUSED, "needs_holding")
            return await self._backend.answer(body)

        return await self._once(body, act)

    async def _once(self, body: dict[str, Any], act: Act) -> web.Response:
        """Carry an answer out, or tell again what came of it."""
        return _told(await self._replies.once(body["device"], body["idempotency_key"], body, act))

    async def _stop_request(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request, device=str, operator=str)
        return _told(await self._backend.request_stop(body))

    async def _press(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request, control=str, value=str)
        inputs = self._backend.snapshot()["inputs"]
        simulated = self._backend.about()["simulated"]
        if not simulated or inputs is None or not inputs["simulated"]:
            raise Refusal(403, "not_simulated")
        return _told(await self._backend.press(body))

    def _question(self, body: dict[str, Any], *, affirmative: bool) -> dict[str, Any]:
        """Return the question of the moment if the request means it; else refuse.

        What lets the robot go on needs fresh data of monitor and task; to refuse, old ones will do.
        What must be held lets the gripper open, and needs a permit for that too.
        """
        snapshot, settings = self._backend.snapshot(), self._settings
        ages = snapshot["ages"]
        limit_s = settings.stale_s if affirmative else settings.lost_s
        if not _within(ages["task_s"], limit_s + TASK_PERIOD_S):
            raise Refusal(ANSWER_REFUSED, "stale_data")
        if affirmative and not _within(ages["permit_s"], limit_s):
            raise Refusal(ANSWER_REFUSED, "stale_data")
        task = snapshot["task"]
        question: dict[str, Any] = task["question"] if task else {"id": ""}
        if not question["id"] or question["id"] != body["question_id"]:
            raise Refusal(ANSWER_REFUSED, "unknown_question")
        if question["state_version"] != body["state_version"]:
            raise Refusal(ANSWER_REFUSED, "stale_version")
        if "answer" in body and body["answer"] not in question["options"]:
            raise Refusal(ANSWER_REFUSED, "bad_option")
        held = affirmative and question["risk_class"] >= HOLD_CLASS
        if held and not snapshot["permit"]["gripper"]:
            raise Refusal(ANSWER_REFUSED, "not_permitted")
        return question


def _within(age_s: float | None, limit_s: float) -> bool:
    return age_s is not None and 0.0 <= age_s <= limit_s


def _own_address(request: web.Request) -> str:
    """Return the address that the request came to, as a browser names it; "" if unknown.

    So a page on a cell that listens on all its addresses works under each of them, and under no
    name that somebody else may give to one of them.
    """
    transport = request.transport
    name = transport.get_extra_info("sockname") if transport is not None else None
    if not name:
        return ""
    return _address(name[0], name[1])


def _address(host: str, port: int) -> str:
    """Return an address as a browser writes it in Host and Origin: without the usual port."""
    name = f"[{host}]" if ":" in host else host
    return name if port == HTTP_PORT else f"{name}:{port}"


def _tell_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        context = {"message": "the page gets no more states", "exception": error}
        task.get_loop().call_exception_handler(context)


def _about(body: dict[str, Any]) -> About:
    return About(
        question_id=body["question_id"],
        state_version=body["state_version"],
        device=body["device"],
    )


def _told(reply: dict[str, Any]) -> web.Response:
    return web.json_response(reply, status=200 if reply["accepted"] else 409)


async def _body(request: web.Request, **fields: type) -> dict[str, Any]:
    """Return the JSON body if it has exactly these fields; else refuse, naming the field."""
    if request.content_type != "application/json":
        raise Refusal(415, "not_json")
    try:
        body: Any = await request.json()
    except (ValueError, UnicodeDecodeError):
        raise Refusal(400, "not_json") from None
    if not isinstance(body, dict) or set(body) != set(fields):
        raise Refusal(400, f"fields: {', '.join(sorted(fields))}")
    for name, kind in fields.items():
        value = body[name]
        if isinstance(value, bool) or not isinstance(value, kind):
            raise Refusal(400, f"field: {name}")
        if isinstance(value, str) and len(value) > KEY_MAX:
            raise Refusal(400, f"field: {name}")
        if isinstance(value, int) and not 0 <= value < 2**64:
            raise Refusal(400, f"field: {name}")
    return body
