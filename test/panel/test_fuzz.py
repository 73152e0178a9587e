"""Whatever comes in: nobody does what they may not, nothing breaks, a stop request gets through.

`pytest test/panel/test_fuzz.py --fuzz 5000` is the long form.
"""

import asyncio
import http.client
import itertools
import json
import logging
import os
import time
from copy import deepcopy
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hrc_cell.core.access import Role
from panel.rough import CHALLENGE, DEEP, FRAME, NEW, WITHIN_S, frame, lines, raw_requests, wish
from panel.scripted import QUESTION, SETTINGS, STATE, ScriptedCell, opened
from panel.tablet import OTHER, PIN, Tablet

RECOVER = {**QUESTION, "kind": "recover", "risk_class": 1, "options": ["retry", "skip", "abort"]}
LOGS = ("aiohttp", "hrc_cell")
RANK = {"nobody": 0, "unsigned": 0, "operator": 1, "supervisor": 2}
PEOPLE = {"operator": "bo", "supervisor": "an"}
DOCUMENTED = {503, 504}
STEPS = 20
KEYS = itertools.count()
HELD = {"confirm", "skip", "abort", "skip_step", "cancel_run", "level", "start"}
LEAST = {"skip": 2, "skip_step": 2, "level": 2}
"""Least rank of what reaches the cell; an operator's where nothing is said, a stop is anybody's."""


class Served:
    """The server, those who are signed in, and what was there before anybody came."""

    def __init__(self, cell, backend):
        self.cell, self.backend = cell, backend
        self.host = cell.url.removeprefix("http://").rstrip("/")
        self.cookies = {"nobody": "", "unsigned": jar(Tablet(cell).pair())}
        for role, alias in PEOPLE.items():
            tablet = Tablet(cell).pair()
            assert tablet.sign_in(alias)[0] == 200
            self.cookies[role] = jar(tablet)
        self.complaints = []
        self.line = http.client.HTTPConnection(self.host, timeout=WITHIN_S)
        self.stop()
        self.line.close()
        self.before = self.opened()

    def send(self, role, path, body):
        """Return status and reply of one request of a browser."""
        headers = {"Content-Type": "application/json", "Cookie": self.cookies[role]}
        self.line.request("POST", path, json.dumps(body), headers)
        reply = self.line.getresponse()
        text = reply.read()
        kind = reply.headers.get_content_type()
        return reply.status, json.loads(text) if kind == "application/json" else None

    def sign_in(self, role):
        """Have somebody there, whatever was done with their device before."""
        body = {"alias": PEOPLE[role], "pin": PIN}
        status, reply = self.send(role, "/api/sign_in", body)
        if status == 429:  # wrong PINs were tried there
            self.cell.later_s += reply["left_s"] + 1.0
            status, reply = self.send(role, "/api/sign_in", body)
        assert status == 200, reply

    def stop(self):
        """Ask for a stop, as anybody may at any time; it must reach the cell."""
        before = len(self.backend.acts)
        line = http.client.HTTPConnection(self.host, timeout=WITHIN_S)
        line.request("POST", "/api/stop_request")
        assert line.getresponse().status == 200
        line.close()
        assert any(kind == "stop" for kind, _ in self.backend.acts[before:])

    def opened(self):
        """Return how many sockets this process has, and how many tasks the server."""
        sockets = 0
        for name in os.listdir("/proc/self/fd"):
            try:
                sockets += os.readlink(f"/proc/self/fd/{name}").startswith("socket:")
            except OSError:
                continue

        async def tasks():
            return len(asyncio.all_tasks()) - 1

        return sockets, asyncio.run_coroutine_threadsafe(tasks(), self.cell.loop).result(WITHIN_S)

    def settled(self):
        """Return once nothing is left of who came; else fail."""
        self.line.close()
        end_s = time.monotonic() + WITHIN_S
        while any(now > was for now, was in zip(self.opened(), self.before, strict=True)):
            assert time.monotonic() < end_s, (self.opened(), self.before)
        assert self.complaints == []


def jar(tablet):
    return "; ".join(f"{name}={value}" for name, value in tablet.cookies.items())


@pytest.fixture(scope="module")
def at():
    backend = ScriptedCell()
    heard = []
    with opened(backend, SETTINGS, training=False) as cell:
        for role, alias in PEOPLE.items():
            cell.access.people.add(alias, Role(role), "en", PIN)
        cell.access.people.add("cy", Role.SUPERVISOR, "en", OTHER)
        served = Served(cell, backend)
        cell.loop.call_soon_threadsafe(
            cell.loop.set_exception_handler, lambda loop, told: heard.append(str(told))
        )
        watch = logging.Handler(logging.ERROR)
        watch.emit = lambda record: heard.append(record.getMessage() + str(record.exc_info))
        for name in LOGS:
            logging.getLogger(name).addHandler(watch)
        served.complaints = heard
        yield served
        for name in LOGS:
            logging.getLogger(name).removeHandler(watch)


@pytest.fixture
def many(pytestconfig):
    """Return settings for a share of all examples."""

    def of(share):
        return settings(
            max_examples=max(1, int(pytestconfig.getoption("fuzz") * share)), database=None,
            suppress_health_check=list(HealthCheck), phases=(Phase.generate, Phase.shrink),
        )  # fmt: skip

    return of


def kind_of(kind, body):
    """Return the name under which LEAST and HELD know what reached the cell."""
    return {"answer": body.get("answer"), "control": body.get("act")}.get(kind, kind)


@pytest.mark.req("S4")
def test_in_any_order_of_acts_of_anybody_nobody_does_what_they_may_not(at, many):
    reached = set()

    @many(1.0)
    @given(st.randoms(use_true_random=False))
    def run(rnd):
        rnd = Random(rnd.getrandbits(64))
        given_to = {}  # challenge -> who was given it
        spare = []
        for _ in range(STEPS):
            role, (path, body) = rnd.choice([*RANK, *PEOPLE, *PEOPLE]), wish(rnd)
            question, later_s = rnd.choice([QUESTION, RECOVER]), rnd.choice([0.0, 1.0, 1.0, 20.0])
            at.backend.state = deepcopy(STATE)
            at.backend.state["task"]["question"] = question
            at.cell.later_s += later_s
            if role in PEOPLE:
                at.sign_in(role)
            if body.get("challenge") == CHALLENGE:
                body = {**body, "challenge": spare[-1] if spare else "none"}
            if body.get("idempotency_key") == NEW:
                body = {**body, "idempotency_key": f"n{next(KEYS)}"}
            before = len(at.backend.acts)
            status, reply = at.send(role, path, body)
            assert status < 500 or status in DOCUMENTED, (path, body, reply)
            for kind, told in at.backend.acts[before:]:
                name = kind_of(kind, told)
                reached.add(name)
                if name == "stop":
                    continue
                assert RANK[role] >= LEAST.get(name, 1), (role, path, body)
                assert told.get("operator", PEOPLE[role]) == PEOPLE[role]
                if name in HELD:
                    assert given_to.pop(body["challenge"]) == role, "armed by who does it, once"
            if isinstance(reply, dict) and "challenge" in reply:
                given_to[reply["challenge"]] = role
                spare.append(reply["challenge"])
        at.stop()

    run()
    at.settled()
    assert {"stop", "retry", "refuse", "pause_run", "repeat_step", "press"} <= reached, (
        "what is tried gets somewhere"
    )


@pytest.mark.req("S4")
def test_an_arming_and_its_act_get_far_whoever_mixes_them(at, many):
    """Arm, wait, act: by anybody, for one and for another thing, with what somebody was given."""
    wish = {"recipe": "hand_over", "run_id": "run", "cycle": 1, "step": "hand", "automation": ""}
    about = {"question_id": QUESTION["id"], "state_version": 7}
    ways = st.sampled_from(["hold", "second", "keyboard"])
    acts = st.sampled_from(["skip_step", "cancel_run"])
    answers = st.sampled_from(["confirm", "refuse"])
    roles = st.sampled_from(["operator", "supervisor", "operator", "unsigned"])
    reached = set()

    @many(5.0)
    @given(
        st.booleans(), roles, st.none() | roles, ways, st.none() | ways, acts, st.none() | acts,
        answers, st.none() | answers, st.sampled_from([5.0, 1.0, 0.8, 0.5, 0.0, 11.0]),
    )  # fmt: skip
    def run(asked, first, second, way, by, act, other, answer, said, later_s):
        second, by, other, said = second or first, by or way, other or act, said or answer
        at.backend.state = deepcopy(STATE)
        for role in {first, second} & set(PEOPLE):
            at.sign_in(role)
        arm, do = ("/api/arm", "/api/confirm") if asked else ("/api/run/arm", "/api/run/act")
        body = {**about, "answer": answer} if asked else {**wish, "act": act}
        _, armed = at.send(first, arm, {**body, "way": way})
        at.cell.later_s += later_s
        before = len(at.backend.acts)
        more = {"answer": said} if asked else {"act": other}
        more |= {"challenge": armed.get("challenge", "none"), "way": by}
        status, reply = at.send(second, do, {**body, **more, "idempotency_key": f"n{next(KEYS)}"})
        assert status in (200, 409), reply
        done = at.backend.acts[before:]
        same = answer == said if asked else act == other
        least_s = 0.5 if way == "second" else SETTINGS.hold_s
        right = first == second and RANK[first] >= (2 if not asked and act == "skip_step" else 1)
        good = "challenge" in armed and right and same and (way == "second") == (by == "second")
        if done:
            assert good and least_s <= later_s + 0.5 and later_s < SETTINGS.challenge_s
            assert [told["operator"] for _, told in done] == [PEOPLE[second]]
            reached.add(said if asked else other)
        elif good and status == 409:
            assert reply["reason"] in ("held_too_short", "challenge_expired", "key_reused")

    run()
    at.settled()
    assert reached == {"confirm", "refuse", "skip_step", "cancel_run"}


def test_bytes_that_are_no_request_break_nothing(at, many):
    @many(2.0)
    @given(st.lists(raw_requests(at.host.encode()), min_size=1, max_size=4))
    def run(requests):
        with lines(at.host, len(requests)) as opened_:
            for line, (whole, rest) in zip(opened_, requests, strict=True):
                line.send(whole[:rest])
            at.stop()  # while they are half sent
            before = len(at.backend.acts)
            for line, (whole, rest) in zip(opened_, requests, strict=True):
                line.send(whole[rest:])
                codes = line.statuses()
                assert all(code < 500 or code in DOCUMENTED for code in codes), (whole, codes)
            done = {kind for kind, _ in at.backend.acts[before:]}
            assert done <= {"stop"}, "nobody was signed in"

    run()
    at.settled()


@pytest.mark.parametrize(
    ("kind", "body"),
    [(b"application/json; charset=utf-77", b"{}"), (b"application/json; charset=utf-16", b"{}{"),
     (b"application/json\r\nContent-Encoding: deflate", b"{}"),
     (b"application/json\r\nContent-Encoding: gzip", b"\x1f\x8b{}"),
     (b"application/json", b"\xff\xfe"), (b"application/json", DEEP.encode()[:16000]),
     (b"application/json", b'{"alias":' + b"9" * 5000 + b"}")],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_the_senders_mistake(at, kind, body):
    head = b"POST /api/sign_in HTTP/1.1\r\nHost: %b\r\nContent-Length: %d\r\nContent-Type: %b"
    with lines(at.host, 1) as [line]:
        line.send(head % (at.host.encode(), len(body), kind) + b"\r\n\r\n" + body)
        assert line.status() in (400, 415)
    at.settled()


def test_frames_of_any_kind_break_nothing_and_leave_nothing(at, many):
    @many(1.0)
    @given(st.lists(FRAME, max_size=12), st.integers(1, 200))
    def run(frames, flood):
        with lines(at.host, 2) as (odd, busy):
            odd.upgrade(at.host)
            busy.upgrade(at.host)
            odd.send(*[frame(*one) for one in frames])
            busy.send(*[frame(0x89, True, None, b"ping")] * flood)
            at.stop()

    run()
    at.settled()


def test_many_who_send_slowly_or_read_nothing_hold_nobody_up(at):
    host = at.host.encode()
    begun = b"POST /api/answer HTTP/1.1\r\nHost: %b\r\n" % host
    half = b"Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    with lines(at.host, 60) as opened_:
        for number, line in enumerate(opened_):
            if number % 3 == 0:
                line.upgrade(at.host)  # and reads nothing more
            else:
                line.send(begun + (half if number % 3 == 1 else b""))
        for number in range(20):
            at.backend.state["permit"] = {**STATE["permit"], "seq": number}
            at.stop()
        assert at.send("supervisor", "/api/seen", {})[0] == 200
    at.settled()
