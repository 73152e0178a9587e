"""The acts of a person that reach the cell: answers to the question of the moment, a stop request,
the simulated operator box.

Who acts is known by the device's session, never by what a request says of itself. What a person
confirms is in the audit trail before it is passed on; what came of it is noted behind it. A stop
request asks for nothing: it is passed on first, whoever sends it and whatever its body says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from aiohttp import web

from hrc_cell.adapters.panel import run_acts, starts
from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.arming import Arming
from hrc_cell.adapters.panel.challenge import About
from hrc_cell.adapters.panel.freshness import demand_fresh
from hrc_cell.adapters.panel.replies import Replies
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal, body_of
from hrc_cell.core.access import ACTS, NEEDS, Act, act_for
from hrc_cell.settings.operation import PanelSettings

NEGATIVE = ("refuse", "abort")
"""Answers that release nothing and start nothing. All others are affirmative."""
CONFIRM = "confirm"
GRIPS = (Act.CONFIRM, Act.CONFIRM_CHANGE, Act.CONFIRM_SAFETY)
"""May let the gripper open or close."""
PROOF = {"pin": str, "second": str, "second_pin": str}
"""What an act of risk class 3 or 4 brings with it."""


class Backend(run_acts.Backend, starts.Backend, Protocol):
    """The cell, as the page sees it. Awaitables raise TimeoutError when nobody answers."""

    def about(self) -> dict[str, Any]:
        """Return what does not change while the cell runs."""

    def model(self) -> dict[str, Any]:
        """Return the robot as it is drawn in space; it does not change either."""

    async def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Pass a person's answer on."""

    async def request_stop(self, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the monitor for a stop."""

    async def press(self, body: dict[str, Any]) -> dict[str, Any]:
        """Press the simulated operator box."""

    def refused(self, body: dict[str, Any], reason: str) -> None:
        """Hear of an answer that was refused here and not passed on."""


class Acts:
    """The handlers of what a person does."""

    def __init__(
        self,
        settings: PanelSettings,
        backend: Backend,
        access: Access,
        who: Callable[[web.Request], Who],
    ) -> None:
        self._who = who
        self._settings = settings
        self._backend = backend
        self._access = access
        self._arming = Arming(settings, access, who, _told_of_challenge, pedal=True)
        self._replies = Replies()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post("/api/arm", self._arm),
            web.post("/api/disarm", self._arming.disarm),
            web.post("/api/confirm", self._confirm),
            web.post("/api/answer", self._answer),
            web.post("/api/stop_request", self._stop_request),
            web.post("/api/press", self._press),
        ]

    async def refused(self, request: web.Request, reason: str) -> None:
        """Note an act that was refused here, after its body was found to be well formed."""
        who = self._who(request)
        body = await request.json() if request.method == "POST" else {}
        told = {
            "operator": who.alias, "device": who.device_id,
            "question_id": body.get("question_id", ""), "answer": body.get("answer", ""),
        }  # fmt: skip
        act = body.get("act") or request.path.rpartition("/")[2]
        about = {name: body[name] for name in ("about", "step", "automation") if body.get(name)}
        self._access.tell_refused(who, {"act": act, **told, **about, "reason": reason})
        if "question_id" in body:
            self._backend.refused(told, reason)

    async def _arm(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        optional = {"answer": str, "way": str}
        body = await body_of(request, optional, question_id=str, state_version=int)
        body["answer"] = body["answer"] or CONFIRM
        question, act = self._question(body)
        self._access.demand_rights(act, who)
        told = _told_of(body, who, question)
        return await self._arming.arm(_about(body, who), told, who, body["way"])

    async def _confirm(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        body = await body_of(
            request, {**PROOF, "way": str}, question_id=str, state_version=int, challenge=str,
            answer=str, idempotency_key=str,
        )  # fmt: skip

        async def act() -> dict[str, Any]:
            question, act = self._question(body)
            proof = {name: body[name] for name in PROOF}
            way = self._arming.way(body["way"])
            await self._access.demand(act, who, **proof)
            armed_s = self._arming.redeem(body["challenge"], _about(body, who), way)
            self._question(body)
            told = {**_told_of(body, who, question), "way": way, "armed_s": armed_s}
            return await self._passed_on(body, who, told, must_be_noted=True)

        return await self._once(body, who, act)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        body = await body_of(
            request, question_id=str, state_version=int, answer=str, idempotency_key=str
        )

        async def act() -> dict[str, Any]:
            question, act = self._question(body)
            if NEEDS[ACTS[act].risk].held:
                raise Refusal(ANSWER_REFUSED, "needs_holding")
            await self._access.demand(act, who)
            return await self._passed_on(
                body, who, _told_of(body, who, question), must_be_noted=False
            )

        return await self._once(body, who, act)

    async def _passed_on(
        self, body: Mapping[str, Any], who: Who, told: dict[str, Any], *, must_be_noted: bool
    ) -> dict[str, Any]:
        """Note an answer, pass it on, and note what came of it."""
        access = self._access
        if must_be_noted:
            await access.note("answer", told)
            self._question(body)  # a slow disk may have taken its time
        else:
            access.tell("answer", told)
        given = {
            name: body[name]
            for name in ("question_id", "state_version", "answer", "idempotency_key")
        }
        began_s = access.clock()
        try:
            reply = await self._backend.answer(
                {**given, "operator": who.alias, "device": who.device_id}
            )
        except TimeoutError:
            access.tell("outcome", {**told, "accepted": None, "reason": "no_answer_from_cell"})
            raise
        latency_s = _rounded(access.clock() - began_s)
        outcome = {"accepted": reply["accepted"], "reason": reply["reason"], "reply_s": latency_s}
        access.tell("outcome", {**told, **outcome})
        return reply

    async def _once(self, body: dict[str, Any], who: Who, act: Any) -> web.Response:
        """Carry an answer out, or tell again what came of it."""
        asked = {**{k: v for k, v in body.items() if k not in PROOF}, "operator": who.alias}
        return told(await self._replies.once(who.device_id, body["idempotency_key"], asked, act))

    async def _stop_request(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        named = {"device": who.device_id, "operator": who.alias}
        began_s = self._access.clock()
        try:
            reply = await self._backend.request_stop(named)
        except TimeoutError:
            self._access.tell("stop_request", {**named, "accepted": None})
            raise
        reply_s = _rounded(self._access.clock() - began_s)
        self._access.tell(
            "stop_request", {**named, "accepted": reply["accepted"], "reply_s": reply_s}
        )
        return told(reply)

    async def _press(self, request: web.Request) -> web.StreamResponse:
        who = self._who(request)
        body = await body_of(request, control=str, value=str)
        inputs = self._backend.snapshot()["inputs"]
        simulated = self._backend.about()["simulated"]
        if not simulated or inputs is None or not inputs["simulated"]:
            raise Refusal(403, "not_simulated")
        await self._access.demand(Act.PRESS, who)
        self._access.tell("press", {"operator": who.alias, "device": who.device_id, **body})
        return told(await self._backend.press(body))

    def _question(self, body: Mapping[str, Any]) -> tuple[dict[str, Any], Act]:
        """Return the question of the moment if the request means it, and the act that its answer
        is; else refuse.

        What lets the robot go on needs fresh data of monitor and task; to refuse, old ones will do.
        What lets the gripper open or close needs a permit for that too.
        """
        snapshot = self._backend.snapshot()
        demand_fresh(snapshot["ages"], self._settings, goes_on=body["answer"] not in NEGATIVE)
        task = snapshot["task"]
        question: dict[str, Any] = task["question"] if task else {"id": ""}
        if not question["id"] or question["id"] != body["question_id"]:
            raise Refusal(ANSWER_REFUSED, "unknown_question")
        if question["state_version"] != body["state_version"]:
            raise Refusal(ANSWER_REFUSED, "stale_version")
        if body["answer"] not in question["options"]:
            raise Refusal(ANSWER_REFUSED, "bad_option")
        act = act_for(body["answer"], question["risk_class"])
        if act in GRIPS and not snapshot["permit"]["gripper"]:
            raise Refusal(ANSWER_REFUSED, "not_permitted")
        return question, act


def told(reply: Mapping[str, Any]) -> web.Response:
    """Return the reply to an act."""
    return web.json_response(reply, status=200 if reply["accepted"] else ANSWER_REFUSED)


def _told_of_challenge(about: About) -> dict[str, Any]:
    told = {"question_id": about.question_id, "state_version": about.state_version}
    return {**told, "answer": about.answer}


def _rounded(time_s: float | None) -> float | None:
    return None if time_s is None else round(time_s, 4)


def _about(body: Mapping[str, Any], who: Who) -> About:
    return About(
        question_id=body["question_id"], state_version=body["state_version"],
        device=who.device_id, operator=who.alias, answer=body["answer"],
    )  # fmt: skip


def _told_of(body: Mapping[str, Any], who: Who, question: Mapping[str, Any]) -> dict[str, Any]:
    """Return how the audit trail names an act."""
    return {
        "operator": who.alias, "role": who.session.role.value if who.session else "",
        "device": who.device_id, "question_id": body["question_id"],
        "state_version": body["state_version"], "answer": body["answer"],
        "risk_class": question["risk_class"], "second": body.get("second", ""),
    }  # fmt: skip
