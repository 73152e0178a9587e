"""One-time challenges: a confirmation is armed first, then held, then sent.

A challenge is bound to question and answer, state version, device and person, and to whether it is
held or a second control is tapped. It is good once, not before the time that this takes is over and
not after it has run out. Time is an argument: seconds of the monotonic clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

OPEN_MAX = 64
"""So many challenges may be open at once; the oldest goes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a confirmation is about, and from where."""

    question_id: str
    state_version: int
    device: str
    operator: str
    answer: str = ""
    second: bool = False
    """By a second control, instead of holding the first."""


class Challenges:
    """The challenges that are open."""

    def __init__(
        self,
        *,
        hold_s: float,
        second_s: float,
        lifetime_s: float,
        make: Callable[[], str] = secrets.token_urlsafe,
    ) -> None:
        self._hold_s, self._second_s = hold_s, second_s
        self._lifetime_s = lifetime_s
        self._make = make
        self._open: dict[str, tuple[About, float]] = {}

    def arm(self, about: About, now_s: float) -> str:
        """Return a new challenge. An older one of the same device is void."""
        for token, (other, _) in list(self._open.items()):
            if other.device == about.device:
                del self._open[token]
        while len(self._open) >= OPEN_MAX:
            del self._open[next(iter(self._open))]
        token = self._make()
        self._open[token] = (about, now_s)
        return token

    def least_s(self, about: About) -> float:
        """Return how long after arming such a challenge is not good yet [s]."""
        return self._second_s if about.second else self._hold_s

    def age_s(self, token: str, now_s: float) -> float | None:
        """Return how long ago a challenge was armed [s], None for one that is not open."""
        armed = self._open.get(token)
        return None if armed is None else now_s - armed[1]

    def cancel(self, token: str, device: str) -> About | None:
        """Void an open challenge of this device; return what it was about."""
        armed = self._open.get(token)
        if armed is None or armed[0].device != device:
            return None
        del self._open[token]
        return armed[0]

    def redeem(self, token: str, about: About, now_s: float) -> str:
        """Return "" if the challenge is good, else why not. Either way it is used up."""
        armed = self._open.pop(token, None)
        if armed is None:
            return "unknown_challenge"
        bound_to, since_s = armed
        if bound_to != about:
            return "other_question"
        held_s = now_s - since_s
        if not held_s <= self._lifetime_s:
            return "challenge_expired"
        if not held_s >= self.least_s(bound_to):
            return "held_too_short"
        return ""
