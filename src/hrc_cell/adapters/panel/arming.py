"""Arming: what is to be deliberate is announced first, and may be let go again.

The answer to an arming holds the challenge that the act must carry, how long it is to be held, and
how long it is good. Both are in the audit trail, with the way in which they were done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.challenge import About, Challenges
from hrc_cell.adapters.panel.ways import SECOND, SECOND_AFTER_S, allowed
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal, body_of
from hrc_cell.settings.operation import PanelSettings


class Arming:
    """The challenges of one kind of act, as pages ask for them."""

    def __init__(
        self,
        settings: PanelSettings,
        access: Access,
        who: Callable[[web.Request], Who],
        told_of: Callable[[About], Mapping[str, Any]],
        *,
        pedal: bool = False,
    ) -> None:
        """`told_of`: what the audit trail is told of a challenge that was let go; `pedal`: whether
        a pedal is good for acts of this kind."""
        self._settings, self._access, self._who, self._told_of = settings, access, who, told_of
        self._pedal = pedal
        self._challenges = Challenges(
            hold_s=settings.hold_s, second_s=SECOND_AFTER_S, lifetime_s=settings.challenge_s
        )

    def way(self, named: str) -> str:
        """Return the way that a request names. Raises Refusal."""
        return allowed(named, self._settings, pedal=self._pedal)

    async def arm(
        self, about: About, told: Mapping[str, Any], who: Who, way: str
    ) -> web.StreamResponse:
        """Note the arming and return the challenge. Raises Refusal where it cannot be noted."""
        way = self.way(way)
        about = replace(about, second=way == SECOND)
        await self._access.note("armed", {**told, "way": way})
        token = self._challenges.arm(about, self._access.clock())
        self._access.seen(who)
        least_s = self._challenges.least_s(about)
        lifetime_s = self._settings.challenge_s
        return web.json_response({"challenge": token, "hold_s": least_s, "lifetime_s": lifetime_s})

    def redeem(self, token: str, about: About, way: str) -> float | None:
        """Return how long ago it was armed [s] if the challenge is good. Raises Refusal.

        Either way it is used up.
        """
        about = replace(about, second=way == SECOND)
        armed_s = self._challenges.age_s(token, self._access.clock())
        if refused := self._challenges.redeem(token, about, self._access.clock()):
            raise Refusal(ANSWER_REFUSED, refused)
        return None if armed_s is None else round(armed_s, 4)

    async def disarm(self, request: web.Request) -> web.StreamResponse:
        """Let a challenge of this page go; it is no error if it is not open any more."""
        who, body = self._who(request), await body_of(request, challenge=str)
        age_s = self._challenges.age_s(body["challenge"], self._access.clock())
        about = self._challenges.cancel(body["challenge"], who.device_id)
        if about is not None:
            after_s = None if age_s is None else round(age_s, 4)
            by = {"operator": about.operator, "device": about.device}
            self._access.tell("canceled", {**by, **self._told_of(about), "after_s": after_s})
        return web.json_response({"accepted": about is not None, "reason": ""})
