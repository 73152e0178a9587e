"""Signing in and out, and letting a tablet in: the handlers that know devices and PINs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hrc_cell.adapters.panel.access import TRAINING_ALIAS, Access, Who
from hrc_cell.adapters.panel.devices import PairingError
from hrc_cell.adapters.panel.web_rules import Refusal, body_of
from hrc_cell.core.access import Role
from hrc_cell.settings.operation import LANGUAGES

COOKIE_S = 400 * 24 * 3600
"""As long as browsers keep a cookie at most."""


class Doors:
    """The handlers of coming and going."""

    def __init__(self, access: Access, *, secure: bool) -> None:
        """`secure`: the page is served over TLS."""
        self._access = access
        self._secure = secure
        self.cookie_name = "hrc_device"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/api/session", self._session),
            web.get("/api/people", self._people),
            web.post("/api/pair", self._pair),
            web.post("/api/sign_in", self._sign_in),
            web.post("/api/sign_out", self._sign_out),
            web.post("/api/seen", self._seen),
            web.post("/api/language", self._language),
        ]

    def who(self, request: web.Request) -> Who:
        """Return who sends a request."""
        return self._access.who(request.cookies.get(self.cookie_name, ""))

    def mint(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give a browser beside a simulated cell a cookie, where it has none that is known."""
        who = self.who(request)
        if who.device is None and not who.trouble and self._access.may_mint(request):
            self._set(response, self._access.devices.training_cookie(), session=True)

    def _set(self, response: web.StreamResponse, cookie: str, *, session: bool = False) -> None:
        response.set_cookie(
            self.cookie_name, cookie, httponly=True, samesite="Strict", secure=self._secure,
            path="/", max_age=None if session else COOKIE_S,
        )  # fmt: skip

    async def _session(self, request: web.Request) -> web.StreamResponse:
        return web.json_response(self._access.about(self.who(request)))

    async def _people(self, request: web.Request) -> web.StreamResponse:
        """Tell a tablet that was let in who can sign in on it."""
        who = self.who(request)
        if who.device is None:
            raise Refusal(403, who.trouble or "not_paired")
        listed: list[dict[str, Any]] = [
            {"alias": person.alias, "role": person.role.value, "pin": True}
            for person in self._access.people.all().values()
        ]
        if who.device.training:
            trainee = {"alias": TRAINING_ALIAS, "role": Role.OPERATOR.value, "pin": False}
            listed.insert(0, trainee)
        return web.json_response({"people": listed})

    async def _pair(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, code=str)
        try:
            device, cookie = self._access.devices.pair(body["code"])
        except PairingError as error:
            told = {"operator": "", "device": "", "act": "pair", "reason": str(error)}
            self._access.tell_refused(self.who(request), told)
            raise Refusal(403, str(error)) from None
        self._access.tell(
            "paired", {"device": device.id, "by": device.by, "from": request.remote or ""}
        )
        response = web.json_response({"accepted": True, "reason": "", "device": device.id})
        self._set(response, cookie)
        return response

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, alias=str, pin=str)
        person = await self._access.sign_in(self.who(request), body["alias"], body["pin"])
        language = person.language if person is not None else ""
        return web.json_response({"accepted": True, "reason": "", "language": language})

    async def _sign_out(self, request: web.Request) -> web.StreamResponse:
        await body_of(request)
        self._access.sign_out(self.who(request))
        return web.json_response({"accepted": True, "reason": ""})

    async def _language(self, request: web.Request) -> web.StreamResponse:
        body = await body_of(request, language=str)
        if body["language"] not in LANGUAGES:
            raise Refusal(400, "unknown_language")
        await self._access.speak(self.who(request), body["language"])
        return web.json_response({"accepted": True, "reason": ""})

    async def _seen(self, request: web.Request) -> web.StreamResponse:
        await body_of(request)
        self._access.seen(self.who(request))
        return web.json_response({"accepted": True, "reason": ""})
