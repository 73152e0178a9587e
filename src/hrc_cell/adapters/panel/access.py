"""Who is at the other end of a request, what they may do now, and the audit trail of it.

A device has at most one session, kept in this process: after a restart everybody signs in again,
and the question of the moment is still there. A person is signed in on one device at a time:
signing in on another ends the session on the first. What the file of people says counts at once;
somebody who was removed or has another PIN is signed out.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import time
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aiohttp import web

from hrc_cell.adapters.panel.devices import Device, Devices
from hrc_cell.adapters.panel.people import People, PeopleError, Person
from hrc_cell.adapters.panel.secret_file import SecretFileError
from hrc_cell.adapters.panel.web_rules import ANSWER_REFUSED, Refusal
from hrc_cell.core import access as rules
from hrc_cell.core.access import ACTS, NEEDS, NO_PROOF, Act, Attempts, Proof, Role, Session
from hrc_cell.settings.operation import PanelSettings

TRAINING_ALIAS = "training"
STRANGERS_PERIOD_S = 1.0
"""Refusals of one who is not signed in are noted at most so often: nobody fills the disk so."""
Note = Callable[[str, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Who:
    """The other end of a request."""

    device: Device | None = None
    session: Session | None = None
    language: str = ""
    """Of the person who is signed in; "" where the tablet's own counts."""
    trouble: str = ""
    """Why nobody can be known just now."""

    @property
    def device_id(self) -> str:
        """Return the id of the device, "" for one that was not let in."""
        return "" if self.device is None else self.device.id

    @property
    def alias(self) -> str:
        """Return how whoever is signed in is called, "" for nobody."""
        return "" if self.session is None else self.session.alias


NOBODY = Who()


class Access:
    """People, devices and sessions of a cell's page."""

    def __init__(
        self,
        state_dir: Path,
        settings: PanelSettings,
        *,
        note: Note,
        simulated: bool,
        training: bool,
        complain: Callable[[str], object] = lambda text: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`note` writes a line of the audit trail onto the disk, or raises OSError.

        `training`: browsers on this machine are signed in by themselves; only of a simulated cell.
        """
        self.people = People(state_dir)
        self.devices = Devices(state_dir)
        self._settings = settings
        self._simulated = simulated
        self.training = simulated and training
        self._note = note
        self.complain = complain
        self.clock = clock
        self._sessions: dict[str, tuple[Session, Person | None] | None] = {}
        self._attempts: dict[tuple[str, str], Attempts] = {}
        self._one_pin_at_a_time = asyncio.Lock()
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="audit")
        self._telling: set[asyncio.Task[None]] = set()
        self._quiet_until_s = 0.0
        self._unnoted = 0

    async def close(self) -> None:
        """Wait for what is still being noted."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*self._telling), 1.0)
        self._writer.shutdown(wait=False)

    # Who is there.

    def who(self, cookie: str) -> Who:
        """Return who a device's cookie stands for. Raises nothing: a stop request needs nobody."""
        try:
            device = self.devices.known(cookie) if cookie else None
            if device is None or (device.training and not self.training):
                return NOBODY
            session, language = self._session(device)
            return Who(device=device, session=session, language=language)
        except (SecretFileError, OSError) as error:
            self.complain(f"nobody can be signed in: {error}")
            return Who(trouble="people_unreadable")

    def _session(self, device: Device) -> tuple[Session | None, str]:
        """Return the session of a device and the language of its person."""
        if device.training and device.id not in self._sessions:
            self._begin(device, self._trainee(), None)
        kept = self._sessions.get(device.id)
        if kept is None:
            return None, ""
        session, person = kept
        if person is None:
            return session, ""
        now = self.people.all().get(person.alias)
        if now is None or now.pin != person.pin:
            self._sessions[device.id] = None
            self.tell("session_ended", {"alias": person.alias, "device": device.id})
            return None, ""
        return replace(session, role=now.role), now.language

    def _trainee(self) -> Session:
        role = Role.OPERATOR
        return Session(alias=TRAINING_ALIAS, role=role, active_s=self.clock(), training=True)

    def _begin(self, device: Device, session: Session, person: Person | None) -> None:
        self._sessions[device.id] = (session, person)

    def may_mint(self, request: web.Request) -> bool:
        """Return whether a browser gets a cookie unasked: on this machine, in a simulated cell."""
        return self.training and _is_loopback(request)

    def about(self, who: Who) -> dict[str, Any]:
        """Return what the page shows of whom it belongs to."""
        session, now_s = who.session, self.clock()
        return {
            "device": who.device_id,
            "alias": who.alias,
            "role": (Role.VIEWER if session is None else session.role).value,
            "training": session is not None and session.training,
            "locked": session is not None and self._is_locked(session, now_s),
            "language": who.language,
            "trouble": who.trouble,
            "acts": {act.value: self.refusal(act, who) for act in Act},
        }

    def _is_locked(self, session: Session, now_s: float) -> bool:
        return rules.is_locked(session, now_s, idle_lock_s=self._settings.idle_lock_s)

    # What they may do.

    def refusal(self, act: Act, who: Who, proof: Proof = NO_PROOF) -> str:
        """Return "" if they may, else why not."""
        said = rules.refusal(
            act, who.session, self.clock(), idle_lock_s=self._settings.idle_lock_s,
            simulated=self._simulated, proof=proof,
        )  # fmt: skip
        return who.trouble if said == "not_signed_in" and who.trouble else said

    def demand_rights(self, act: Act, who: Who) -> None:
        """Return if they may, once they have given their PIN with the act. Raises Refusal."""
        if (said := self.refusal(act, who)) not in ("", "needs_pin"):
            raise Refusal(ANSWER_REFUSED, said)

    def leads(self, who: Who) -> bool:
        """Return whether this is somebody to mend what is wrong with a recipe."""
        return rules.leads(who.session, simulated=self._simulated)

    async def demand(
        self, act: Act, who: Who, *, pin: str = "", second: str = "", second_pin: str = ""
    ) -> None:
        """Return if they may do this, which also shows that they are there. Raises Refusal.

        A PIN is looked at only where the act needs one, and all else is right.
        """
        needs, said = NEEDS[ACTS[act].risk], self.refusal(act, who)
        if said == "needs_pin" and pin:
            if not await self._right(who, who.alias, pin):
                raise Refusal(ANSWER_REFUSED, "wrong_pin")
            said = self.refusal(act, who, Proof(pin=True))
            if said == "needs_second" and second:
                other = await self._right(who, second, second_pin)
                if other is None:
                    raise Refusal(ANSWER_REFUSED, "wrong_pin")
                proof = Proof(pin=True, second=other.alias, second_role=other.role)
                said = self.refusal(act, who, proof)
        if said:
            raise Refusal(ANSWER_REFUSED, said)
        if needs.signed_in:
            self.seen(who)

    def seen(self, who: Who) -> None:
        """Keep the session of somebody who touches the page open. A locked one stays locked."""
        kept = self._sessions.get(who.device_id)
        if kept is not None:
            session = rules.seen(kept[0], self.clock(), idle_lock_s=self._settings.idle_lock_s)
            self._sessions[who.device_id] = (session, kept[1])

    # Coming and going.

    async def sign_in(self, who: Who, alias: str, pin: str) -> Person | None:
        """Begin a session, or unlock it; return the person, None for the training operator.

        Raises Refusal.
        """
        if who.device is None:
            raise Refusal(403, who.trouble or "not_paired")
        if who.device.training and alias == TRAINING_ALIAS:
            self._begin(who.device, self._trainee(), None)
            self.tell("signed_in", {"alias": alias, "device": who.device_id, "training": True})
            return None
        person = await self._right(who, alias, pin)
        if person is None:
            raise Refusal(403, "wrong_pin")
        self.tell("signed_in", {"alias": alias, "device": who.device_id})
        for name, kept in list(self._sessions.items()):
            if kept is not None and kept[0].alias == alias and name != who.device_id:
                self._sessions[name] = None
                self.tell("signed_out", {"alias": alias, "device": name, "why": "elsewhere"})
        session = Session(alias=alias, role=person.role, active_s=self.clock())
        self._begin(who.device, session, person)
        return person

    def sign_out(self, who: Who) -> None:
        """End the session of a device."""
        if who.session is not None:
            self._sessions[who.device_id] = None
            self.tell("signed_out", {"alias": who.alias, "device": who.device_id})

    async def speak(self, who: Who, language: str) -> None:
        """Keep the language of whoever is signed in, for every tablet. Raises Refusal.

        No right hangs on it, so the audit trail is not told. Behind a lock anybody may stand.
        """
        if who.session is None or who.session.training:
            raise Refusal(403, who.trouble or "not_signed_in")
        if self._is_locked(who.session, self.clock()):
            raise Refusal(403, "session_locked")
        if language == who.language:
            return
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, self.people.set_language, who.alias, language)
        except PeopleError:  # removed meanwhile
            raise Refusal(403, "not_signed_in") from None
        except OSError as error:
            self.complain(f"the language of {who.alias} cannot be kept: {error}")
            raise Refusal(503, "not_kept") from error

    async def _right(self, who: Who, alias: str, pin: str) -> Person | None:
        """Return the person if this is their PIN. Raises Refusal while they are locked out."""
        async with self._one_pin_at_a_time:
            key = (who.device_id, alias if alias in self.people.all() else "")
            before = self._attempts.get(key, Attempts())
            if (left_s := rules.locked_for_s(before, self.clock())) > 0.0:
                raise Refusal(429, "locked_out", {"left_s": round(left_s, 1)})
            loop = asyncio.get_running_loop()
            person = await loop.run_in_executor(None, self.people.right_pin, alias, pin)
            if person is not None:
                self._attempts.pop(key, None)
                return person
            after = rules.after_wrong(before, self.clock())
            self._attempts[key] = after
            told = {"alias": key[1], "device": who.device_id, "wrong": after.wrong}
            left_s = rules.locked_for_s(after, self.clock())
            self.tell("locked_out" if left_s else "wrong_pin", {**told, "locked_s": left_s})
            return None

    # The audit trail.

    async def note(self, kind: str, data: Mapping[str, Any]) -> None:
        """Return once a line is on disk. Raises Refusal where it cannot be written."""
        try:
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._writer, self._note, kind, data)
        except OSError as error:
            self.complain(f"the audit trail cannot be written: {error}")
            raise Refusal(ANSWER_REFUSED, "no_audit") from error

    def tell(self, kind: str, data: Mapping[str, Any]) -> None:
        """Write a line soon; what becomes of it holds nobody up."""

        async def tell() -> None:
            with contextlib.suppress(Refusal):
                await self.note(kind, data)

        self._soon(tell())

    def tell_refused(self, who: Who, data: Mapping[str, Any]) -> None:
        """Write of an act that was refused; of strangers not every one."""
        now_s = self.clock()
        if who.session is None and now_s < self._quiet_until_s:
            self._unnoted += 1
            return
        if who.session is None:
            self._quiet_until_s = now_s + STRANGERS_PERIOD_S
        more = {"unnoted_before": self._unnoted} if self._unnoted else {}
        self._unnoted = 0
        self.tell("act_refused", {**data, **more})

    def _soon(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._telling.add(task)
        task.add_done_callback(self._telling.discard)


def _is_loopback(request: web.Request) -> bool:
    try:
        return ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        return False
