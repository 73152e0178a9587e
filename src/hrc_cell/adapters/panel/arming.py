"""Arming: what is to be held is announced first, and may be let go again.

The answer to an arming holds the challenge that the act must carry, how long it is to be held, and
how long it is good. Both are in the audit trail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from hrc_cell.adapters.panel.access import Access, Who
from hrc_cell.adapters.panel.challenge import About, Challenges
from hrc_cell.adapters.panel.web_rules import body_of
from hrc_cell.settings.operation import PanelSettings


class Arming:
    """The challenges of one kind of act, as pages ask for them."""

    def __init__(
        self,
        settings: PanelSettings,
        access: Access,
        who: Callable[[web.Request], Who],
        told_of: Callable[[About], Mapping[str, Any]],
    ) -> None:
        """`told_of`: what the audit trail is told of a challenge that was let go."""
        self._settings, self._access, self._who, self._told_of = settings, access, who, told_of
        self.challenges = Challenges(hold_s=settings.hold_s, lifetime_s=settings.challenge_s)

    async def arm(self, about: About, told: Mapping[str, Any], who: Who) -> web.StreamResponse:
        """Note the arming and return the challenge. Raises Refusal where it cannot be noted."""
        await self._access.note("armed", dict(told))
        token = self.challenges.arm(about, self._access.clock())
        self._access.seen(who)
        settings = self._settings
        return web.json_response(
            {"challenge": token, "hold_s": settings.hold_s, "lifetime_s": settings.challenge_s}
        )

    async def disarm(self, request: web.Request) -> web.StreamResponse:
        """Let a challenge of this page go; it is no error if it is not open any more."""
        who, body = self._who(request), await body_of(request, challenge=str)
        age_s = self.challenges.age_s(body["challenge"], self._access.clock())
        about = self.challenges.cancel(body["challenge"], who.device_id)
        if about is not None:
            after_s = None if age_s is None else round(age_s, 4)
            by = {"operator": about.operator, "device": about.device}
            self._access.tell("canceled", {**by, **self._told_of(about), "after_s": after_s})
        return web.json_response({"accepted": about is not None, "reason": ""})
