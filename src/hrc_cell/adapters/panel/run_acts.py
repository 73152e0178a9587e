"""What a person does with the run under way, and with how far the robot acts by itself.

An act says what it is about: the run, for the present step that step too, for a level what it was
and what it is to be. Where that is not so any more it is refused. What must be held is armed first,
like a confirmation, and every act is in the audit trail before it is passed on; without a trail
those that are only tapped still pass. Whether it can be done just now the task manager says.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.arming import Arming
from hrc_cell.adapters.panel.challenge import About
from hrc_cell.adapters.panel.freshness import demand_fresh
from hrc_cell.adapters.panel.replies import Replies
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal, body_of
from hrc_cell.core.access import ACTS, NEEDS, Act
from hrc_cell.core.levels import ORDER
from hrc_cell.core.task import ALL
from hrc_cell.settings.operation import PanelSettings

RUN_ACTS = (
    Act.PAUSE_RUN, Act.RESUME_RUN, Act.REPEAT_STEP, Act.SKIP_STEP, Act.CANCEL_RUN,
)  # fmt: skip
"""Each is called as the task manager's service."""
OF_THE_STEP = (Act.REPEAT_STEP, Act.SKIP_STEP)
"""Mean the step that a person saw, not one that came in its place."""
QUIET = (Act.PAUSE_RUN, Act.CANCEL_RUN, Act.LEVEL_DOWN)
"""Let nothing go on: old data will do."""
SET_LEVEL = "set_automation"
ABOUT = {"act": str, "recipe": str, "run_id": str, "cycle": int, "step": str, "automation": str}
WAY = {"way": str}
BY_NAME = {act.value: act for act in RUN_ACTS}


class Backend(Protocol):
    """What of the cell these acts need. Awaitables raise TimeoutError when nobody answers."""

    def snapshot(self) -> dict[str, Any]:
        """Return the state of the cell now."""

    async def control_run(self, body: dict[str, Any]) -> dict[str, Any]:
        """Have the run under way paused, resumed ..."""

    async def set_automation(self, body: dict[str, Any]) -> dict[str, Any]:
        """Have a level of automation set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An act, and what it is about."""

    act: Act
    about: str
    """Two wishes are the same if this is."""


class RunActs:
    """The handlers of what a person does with a run."""

    def __init__(
        self,
        settings: PanelSettings,
        backend: Backend,
        access: Access,
        who: Callable[[web.Request], Who],
    ) -> None:
        self._settings, self._backend, self._access, self._who = settings, backend, access, who
        self._arming = Arming(settings, access, who, lambda about: {"act": about.question_id})
        self._replies = Replies()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/run/arm", self._arm),
            web.post("/api/run/disarm", self._arming.disarm),
            web.post("/api/run/act", self._act),
        ]

    async def _arm(self, request: web.Request) -> web.StreamResponse:
        who, body = self._who(request), await body_of(request, WAY, long=(), **ABOUT)
        wish = self._wish(body)
        if not NEEDS[ACTS[wish.act].risk].held:
            raise Refusal(400, "field: act")
        self._access.demand_rights(wish.act, who)
        told = _told_of(wish, body, who)
        return await self._arming.arm(_bound(wish, who), told, who, body["way"])

    async def _act(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        optional = {"challenge": str, "pin": str, **WAY}
        body = await body_of(request, optional, long=(), idempotency_key=str, **ABOUT)
        asked = {**body, "pin": "", "operator": who.alias}

        async def act() -> dict[str, Any]:
            return await self._carried_out(body, who)

        reply = await self._replies.once(who.device_id, body["idempotency_key"], asked, act)
        return web.json_response(reply, status=200 if reply["accepted"] else ANSWER_REFUSED)

    async def _carried_out(self, body: Mapping[str, Any], who: Who) -> dict[str, Any]:
        """Look at the rights, note it, pass it on, note what came of it."""
        wish, access = self._wish(body), self._access
        needs, told = NEEDS[ACTS[wish.act].risk], _told_of(wish, body, who)
        if needs.held and not body["challenge"]:
            raise Refusal(ANSWER_REFUSED, "needs_holding")
        way = self._arming.way(body["way"])
        await access.demand(wish.act, who, pin=body["pin"])
        if needs.held:
            self._arming.redeem(body["challenge"], _bound(wish, who), way)
            told = {**told, "way": way}
        with contextlib.nullcontext() if needs.audited else contextlib.suppress(Refusal):
            await access.note("run_act", told)
        if self._wish(body) != wish:  # the PIN, or a slow disk, has taken its time
            raise Refusal(ANSWER_REFUSED, "stale_version")
        began_s = access.clock()
        try:
            reply = await self._passed_on(wish, body, who)
        except TimeoutError:
            access.tell("outcome", {**told, "accepted": None, "reason": "no_answer_from_cell"})
            raise
        outcome = {"accepted": reply["accepted"], "reason": reply["reason"]}
        access.tell("outcome", {**told, **outcome, "reply_s": round(access.clock() - began_s, 4)})
        return reply

    async def _passed_on(self, wish: Wish, body: Mapping[str, Any], who: Who) -> dict[str, Any]:
        named = {"operator": who.alias, "device": who.device_id}
        if wish.act in RUN_ACTS:
            return await self._backend.control_run({"act": wish.act.value, **named})
        level = {name: body[name] for name in ("recipe", "step", "automation")}
        return await self._backend.set_automation({**level, **named})

    def _wish(self, body: Mapping[str, Any]) -> Wish:
        """Return what is wanted if it is about what there is now. Raises Refusal."""
        snapshot = self._backend.snapshot()
        task = snapshot["task"] or {"recipe": "", "run_id": ""}
        if body["act"] == SET_LEVEL:
            wish = _level_wish(body, task)
        elif body["act"] in BY_NAME:
            wish = _run_wish(BY_NAME[body["act"]], body, task)
        else:
            raise Refusal(400, "field: act")
        demand_fresh(snapshot["ages"], self._settings, goes_on=wish.act not in QUIET)
        return wish


def _run_wish(act: Act, body: Mapping[str, Any], task: Mapping[str, Any]) -> Wish:
    named = ("run_id", "cycle", "step") if act in OF_THE_STEP else ("run_id",)
    now = {"run_id": task["run_id"], "cycle": task.get("cycle"), "step": task.get("step_id")}
    if not body["run_id"] or any(body[name] != now[name] for name in named):
        raise Refusal(ANSWER_REFUSED, "stale_version")
    return Wish(act=act, about=" ".join([act.value, *(str(body[name]) for name in named)]))


def _level_wish(body: Mapping[str, Any], task: Mapping[str, Any]) -> Wish:
    """Return which of the two acts it is: up as soon as one step gets a higher level than now."""
    if body["automation"] not in ORDER:
        raise Refusal(ANSWER_REFUSED, "unknown_level")
    if not task["recipe"] or body["recipe"] != task["recipe"]:
        raise Refusal(ANSWER_REFUSED, "stale_version")
    meant = [one for one in task["plan"] if body["step"] in (one["id"], ALL)]
    wanted = ORDER.index(body["automation"])
    if not meant or any(one[name] not in ORDER for one in meant for name in ("level", "limit")):
        raise Refusal(ANSWER_REFUSED, "unknown_step")
    rises = any(min(wanted, ORDER.index(one["limit"])) > ORDER.index(one["level"]) for one in meant)
    before = ",".join(one["level"] for one in meant)
    about = f"{SET_LEVEL} {body['recipe']} {body['step']} {before} {body['automation']}"
    return Wish(act=Act.LEVEL_UP if rises else Act.LEVEL_DOWN, about=about)


def _bound(wish: Wish, who: Who) -> About:
    return About(question_id=wish.about, state_version=0, device=who.device_id, operator=who.alias)


def _told_of(wish: Wish, body: Mapping[str, Any], who: Who) -> dict[str, Any]:
    """Return how the audit trail names an act."""
    return {
        "operator": who.alias, "role": who.session.role.value if who.session else "",
        "device": who.device_id, "act": wish.act.value, "risk_class": int(ACTS[wish.act].risk),
        **{name: body[name] for name in ("recipe", "run_id", "cycle", "step", "automation")},
    }  # fmt: skip
