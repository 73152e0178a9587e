"""Acts that are held and are no answers: let a further tablet in or one in no more, take a shift
over, start a run. They are armed, held and carry the PIN where their class asks for it, like a
confirmation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.arming import Arming
from hrc_cell.adapters.panel.challenge import About
from hrc_cell.adapters.panel.devices import CODE_S
from hrc_cell.adapters.panel.invitation import invitation, qr_rows
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal, body_of
from hrc_cell.core.access import Act
from hrc_cell.settings.operation import PanelSettings

WAY = {"way": str}
ACTS = {act.value: act for act in (Act.PAIR, Act.UNPAIR, Act.HANDOVER_TAKE, Act.START_RUN)}


class Held(Protocol):
    """What is done once an act was held."""

    def check(self, about: str, who: Who) -> None:
        """Return if it can be done now. Raises Refusal."""

    async def carry_out(self, about: str, who: Who) -> dict[str, Any]:
        """Do it; it is in the audit trail already. Return what the page is told. Raises Refusal."""


class Supervise:
    """The handlers of what is held."""

    def __init__(
        self,
        settings: PanelSettings,
        access: Access,
        who: Callable[[web.Request], Who],
        held: Mapping[Act, Held],
    ) -> None:
        self._held = held
        self._access = access
        self._who = who
        self._arming = Arming(settings, access, who, lambda about: {"act": about.question_id})
        self.url = ""
        """Of the page."""

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.get("/api/devices", self._devices),
            web.post("/api/arm_act", self._arm),
            web.post("/api/disarm_act", self._arming.disarm),
            web.post("/api/act", self._act),
        ]

    async def _devices(self, request: web.Request) -> web.StreamResponse:
        self._access.demand_rights(Act.UNPAIR, self._who(request))
        listed = [
            {"device": one.id, "paired_s": one.paired_s}
            for one in self._access.devices.all().values()
        ]
        return web.json_response({"devices": listed})

    async def _arm(self, request: web.Request) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, WAY, act=str, about=str)
        self._access.demand_rights(_act(body), who)
        self._check_held(body, who)
        told = _told_of(body, who)
        return await self._arming.arm(_about(body, who), told, who, body["way"])

    async def _act(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        body = await body_of(request, WAY, act=str, about=str, challenge=str, pin=str)
        act, access = _act(body), self._access
        await access.demand(act, who, pin=body["pin"])
        self._check_held(body, who)
        way = self._arming.way(body["way"])
        armed_s = self._arming.redeem(body["challenge"], _about(body, who), way)
        await access.note(act.value, {**_told_of(body, who), "way": way, "armed_s": armed_s})
        done: dict[str, Any] = {"accepted": True, "reason": ""}
        if act in self._held:
            return web.json_response(
                {**done, **await self._held[act].carry_out(body["about"], who)}
            )
        if act is Act.UNPAIR:
            if not access.devices.remove(body["about"]):
                raise Refusal(ANSWER_REFUSED, "no_such_tablet")
            return web.json_response(done)
        code = access.devices.new_code(who.alias)
        address = invitation(self.url, code)
        shown = {"code": code, "url": address, "qr": qr_rows(address), "lifetime_s": CODE_S}
        return web.json_response({**done, **shown})

    def _check_held(self, body: Mapping[str, Any], who: Who) -> None:
        if (held := self._held.get(_act(body))) is not None:
            held.check(body["about"], who)


def _act(body: Mapping[str, Any]) -> Act:
    if body["act"] not in ACTS:
        raise Refusal(400, "field: act")
    return ACTS[body["act"]]


def _about(body: Mapping[str, Any], who: Who) -> About:
    return About(
        question_id=f"{body['act']} {body['about']}", state_version=0, device=who.device_id,
        operator=who.alias,
    )  # fmt: skip


def _told_of(body: Mapping[str, Any], who: Who) -> dict[str, Any]:
    named = {"operator": who.alias, "device": who.device_id}
    return {"act": body["act"], "about": body["about"], **named}
