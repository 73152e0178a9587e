"""The server's rules, over real HTTP and WebSocket: what is refused, and that nobody waits."""

import asyncio
import itertools
import json
import socket
import time
from dataclasses import replace

import aiohttp
import pytest

from hrc_cell.adapters.panel.web_rules import address
from panel.scripted import QUESTION, SETTINGS, ScriptedCell, served

ABOUT = {"question_id": QUESTION["id"], "state_version": 7}
REST = {"answer": "confirm", "idempotency_key": "k"}
JARS = {}  # cookies by server


@pytest.fixture
def cell():
    return ScriptedCell()


@pytest.fixture
def url(cell):
    with served(cell) as (address, _):
        yield address.rstrip("/")
    JARS.clear()


def ask(url, method, path, body=None, **headers):
    """Return status and JSON of one request of a browser, which keeps its cookies."""
    jar = JARS.setdefault(url, {})

    async def go():
        async with aiohttp.ClientSession(cookies=jar) as session:
            if not jar:
                async with session.get(url + "/api/session") as reply:
                    jar.update({name: cookie.value for name, cookie in reply.cookies.items()})
                    session.cookie_jar.update_cookies(jar)
            async with session.request(method, url + path, json=body, headers=headers) as reply:
                kind = reply.content_type
                return reply.status, await reply.json() if kind == "application/json" else None

    return asyncio.run(go())


def wait(url, wait_s):
    """Let real time pass, as a person's finger does."""
    end_s = time.monotonic() + wait_s
    while time.monotonic() < end_s:
        ask(url, "GET", "/api/health")


def hold(url, answer="confirm", wait_s=SETTINGS.hold_s, **changes):
    """Arm, hold, confirm; return status and reply."""
    _, armed = ask(url, "POST", "/api/arm", {**ABOUT, "answer": answer})
    wait(url, wait_s)
    body = {**ABOUT, **REST, "answer": answer, "challenge": armed["challenge"], **changes}
    return ask(url, "POST", "/api/confirm", body)


@pytest.mark.req("S4")
def test_armed_and_held_long_enough_an_answer_reaches_the_cell_once(url, cell):
    assert hold(url) == (200, {"accepted": True, "reason": ""})
    [(kind, body)] = cell.acts
    assert (kind, body["answer"], body["question_id"]) == ("answer", "confirm", "run.7")


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"wait_s": 0.0}, "held_too_short"),
        ({"challenge": "guessed"}, "unknown_challenge"),
    ],
)
def test_a_confirmation_that_is_not_deliberate_never_reaches_the_cell(url, cell, changes, reason):
    status, reply = hold(url, **changes)
    assert (status, reply["reason"]) == (409, reason)
    assert cell.acts == []


@pytest.mark.req("S4")
@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("question_id", "run.6", "unknown_question"),
        ("state_version", 6, "stale_version"),
    ],
)
def test_an_answer_to_another_question_is_refused(url, cell, field, value, reason):
    status, reply = ask(url, "POST", "/api/arm", {**ABOUT, field: value})
    assert (status, reply["reason"]) == (409, reason)
    refusal = {**ABOUT, **REST, "answer": "refuse", field: value}
    assert ask(url, "POST", "/api/answer", refusal)[1]["reason"] == reason
    assert cell.acts == []


@pytest.mark.req("S4")
def test_a_tap_may_refuse_but_never_confirm_what_must_be_held(url, cell):
    status, reply = ask(url, "POST", "/api/answer", {**ABOUT, **REST})
    assert (status, reply["reason"]) == (409, "needs_holding")
    assert cell.refusals == [("training", QUESTION["id"], "needs_holding")], "and it is told"
    refusal = {**ABOUT, **REST, "answer": "refuse", "idempotency_key": "other"}
    assert ask(url, "POST", "/api/answer", refusal)[0] == 200
    assert [body["answer"] for _, body in cell.acts] == ["refuse"]


@pytest.mark.req("S4")
def test_the_same_key_carries_an_answer_once_and_tells_the_same_again(url, cell):
    refusal = {**ABOUT, **REST, "answer": "refuse"}
    first = ask(url, "POST", "/api/answer", refusal)
    assert ask(url, "POST", "/api/answer", refusal) == first
    assert len(cell.acts) == 1
    other = ask(url, "POST", "/api/answer", {**refusal, "answer": "confirm"})
    assert (other[0], other[1]["reason"]) == (409, "key_reused")
    assert len(cell.acts) == 1


@pytest.mark.req("S4")
def test_two_at_the_same_time_with_one_key_are_one_answer(url, cell):
    refusal = {**ABOUT, **REST, "answer": "refuse"}

    ask(url, "GET", "/api/session")

    async def both():
        async with aiohttp.ClientSession(cookies=JARS[url]) as session:

            async def one():
                async with session.post(url + "/api/answer", json=refusal) as reply:
                    return reply.status, await reply.json()

            return await asyncio.gather(one(), one())

    first, second = asyncio.run(both())
    assert first == second == (200, {"accepted": True, "reason": ""})
    assert len(cell.acts) == 1


@pytest.mark.req("S4")
def test_an_answer_that_the_cell_did_not_take_may_be_given_again(url, cell):
    refusal = {**ABOUT, **REST, "answer": "refuse"}
    cell.silent = True
    assert ask(url, "POST", "/api/answer", refusal)[0] == 504
    cell.silent = False
    assert ask(url, "POST", "/api/answer", refusal)[0] == 200
    assert len(cell.acts) == 1


@pytest.mark.req("S4")
def test_an_answer_that_was_not_offered_is_refused(url, cell):
    status, reply = ask(url, "POST", "/api/answer", {**ABOUT, **REST, "answer": "skip"})
    assert (status, reply["reason"]) == (409, "bad_option")
    assert cell.acts == []


@pytest.mark.req("S2")
@pytest.mark.parametrize("age_s", [None, 99.0, -1.0, float("nan")])
@pytest.mark.parametrize("whose", ["task_s", "permit_s"])
def test_on_stale_data_nothing_is_confirmed(url, cell, whose, age_s):
    cell.state["ages"][whose] = age_s
    assert ask(url, "POST", "/api/arm", ABOUT)[1]["reason"] == "stale_data"


@pytest.mark.req("S2")
def test_data_that_grow_stale_while_a_person_holds_undo_the_confirmation(url, cell):
    _, armed = ask(url, "POST", "/api/arm", ABOUT)
    wait(url, SETTINGS.hold_s)
    cell.state["ages"]["permit_s"] = SETTINGS.stale_s + 0.1
    body = {**ABOUT, **REST, "challenge": armed["challenge"]}
    assert ask(url, "POST", "/api/confirm", body)[1]["reason"] == "stale_data"
    assert cell.acts == []


def test_to_refuse_needs_no_fresh_permit(url, cell):
    cell.state["ages"]["permit_s"] = None
    assert ask(url, "POST", "/api/answer", {**ABOUT, **REST, "answer": "refuse"})[0] == 200


@pytest.mark.req("S2")
@pytest.mark.parametrize("answer", ["retry", "skip", "offer_again", "go"])
def test_what_lets_the_robot_go_on_needs_fresh_data(url, cell, answer):
    recover = {**QUESTION, "kind": "recover", "risk_class": 1, "options": [answer, "abort"]}
    cell.state["task"]["question"] = recover
    cell.state["ages"]["permit_s"] = SETTINGS.stale_s + 0.1
    status, reply = ask(url, "POST", "/api/answer", {**ABOUT, **REST, "answer": answer})
    assert (status, reply["reason"]) == (409, "stale_data")
    assert hold(url, "abort", idempotency_key="other") == (200, {"accepted": True, "reason": ""})
    assert [body["answer"] for _, body in cell.acts] == ["abort"]


@pytest.mark.req("S4")
def test_what_opens_the_gripper_is_not_confirmed_while_the_gripper_may_not_act(url, cell):
    _, armed = ask(url, "POST", "/api/arm", ABOUT)
    cell.state["permit"]["gripper"] = False
    assert ask(url, "POST", "/api/arm", ABOUT)[1]["reason"] == "not_permitted"
    cell.state["permit"]["gripper"] = True
    _, armed = ask(url, "POST", "/api/arm", ABOUT)
    wait(url, SETTINGS.hold_s)
    cell.state["permit"]["gripper"] = False
    body = {**ABOUT, **REST, "challenge": armed["challenge"]}
    assert ask(url, "POST", "/api/confirm", body)[1]["reason"] == "not_permitted"
    refuse = {**ABOUT, **REST, "answer": "refuse", "idempotency_key": "other"}
    assert ask(url, "POST", "/api/answer", refuse)[0] == 200
    assert [body["answer"] for _, body in cell.acts] == ["refuse"]


def test_a_stop_request_needs_nothing_and_is_passed_on_at_once(url, cell):
    status, _ = ask(url, "POST", "/api/stop_request", {})
    assert (status, cell.acts[0][0]) == (200, "stop")


def test_a_cell_that_does_not_answer_is_told_as_such(url, cell):
    cell.silent = True
    status, reply = ask(url, "POST", "/api/stop_request", {})
    assert (status, reply["accepted"], reply["reason"]) == (504, False, "no_answer_from_cell")


@pytest.mark.parametrize(
    ("simulated", "inputs"),
    [(True, None), (True, {"simulated": False}), (False, {"simulated": True})],
)
def test_the_box_of_a_real_cell_is_never_pressed_from_the_page(url, cell, simulated, inputs):
    cell.facts["simulated"], cell.state["inputs"] = simulated, inputs
    press = {"control": "reset", "value": "press"}
    assert ask(url, "POST", "/api/press", press)[0] == 403
    assert cell.acts == []


def test_the_simulated_box_is_pressed(url, cell):
    assert ask(url, "POST", "/api/press", {"control": "reset", "value": "press"})[0] == 200
    assert cell.acts == [("press", {"control": "reset", "value": "press"})]


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
@pytest.mark.parametrize(("method", "path"), [("GET", "/api/state"), ("POST", "/api/stop_request")])
def test_other_hosts_and_origins_are_refused(url, headers, method, path):
    body = {} if method == "POST" else None
    assert ask(url, method, path, body, **headers)[0] == 403


def test_listening_everywhere_it_is_found_by_address_and_by_no_foreign_name(cell):
    with served(cell, replace(SETTINGS, host="0.0.0.0", plain_http=True)) as (address, _):
        port = address.rstrip("/").rpartition(":")[2]
        other = f"http://127.0.0.2:{port}"
        assert ask(other, "GET", "/api/state")[0] == 200
        assert ask(other, "GET", "/api/state", Origin=other)[0] == 200
        assert ask(other, "GET", "/api/state", Host=f"evil.example:{port}")[0] == 403
        assert ask(other, "GET", "/api/state", Origin="http://evil.example")[0] == 403


def test_on_the_usual_port_a_browser_names_no_port():
    assert address("cell.local", 80) == "cell.local"
    assert address("::1", 80) == "[::1]"
    assert address("127.0.0.1", 8080) == "127.0.0.1:8080"


@pytest.mark.parametrize(
    "body",
    [[], {}, {**ABOUT, "more": 1}, {**ABOUT, "state_version": "7"}, {**ABOUT, "state_version": -1},
     {**ABOUT, "question_id": "x" * 1000}, {**ABOUT, "state_version": True}],
)  # fmt: skip
def test_a_body_with_other_fields_is_refused(url, cell, body):
    assert ask(url, "POST", "/api/arm", body)[0] == 400


def test_pages_catalogues_and_health_are_served_with_a_strict_policy(url, cell):
    for path in ("/", "/static/main.js", "/catalog/vi.json", "/api/about"):
        assert ask(url, "GET", path)[0] == 200
    assert ask(url, "GET", "/catalog/xx.json")[0] == 404
    assert ask(url, "GET", "/api/health") == (200, {"ready": True, "pages": 0})
    cell.state["ages"]["permit_s"] = None
    assert ask(url, "GET", "/api/health")[0] == 503

    async def policy():
        async with aiohttp.ClientSession() as session, session.get(url + "/") as reply:
            return reply.headers["Content-Security-Policy"]

    assert asyncio.run(policy()).startswith("default-src 'self'")


def test_a_page_that_stops_reading_is_cut_off_and_keeps_nobody_waiting(url, cell):
    address = url.removeprefix("http://")
    host, port = address.split(":")
    upgrade = (
        f"GET /ws HTTP/1.1\r\nHost: {address}\r\nOrigin: {url}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        "Sec-WebSocket-Version: 13\r\n\r\n"
    )

    async def go():
        stalled = socket.create_connection((host, int(port)))
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.sendall(upgrade.encode())
        pages = [2]
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"ws://{address}/ws", origin=url) as healthy,
            ):
                for number in itertools.count():
                    cell.state["filler"] = f"{number}" * 100_000  # so that buffers fill quickly
                    message = await asyncio.wait_for(healthy.receive(), 10)
                    assert message.type is aiohttp.WSMsgType.TEXT
                    async with session.get(url + "/api/health") as reply:
                        pages.append((await reply.json())["pages"])
                    if pages[-2:] == [2, 1] or number > 300:
                        return pages
        finally:
            stalled.close()

    assert asyncio.run(go())[-1] == 1


def test_a_page_gets_all_at_first_and_then_what_has_changed(url, cell):
    async def go():
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url.replace("http", "ws") + "/ws", origin=url) as page,
        ):
            first = json.loads((await asyncio.wait_for(page.receive(), 10)).data)
            cell.state["permit"] = {**cell.state["permit"], "seq": 6}
            beats = []
            while not any(beats) or beats[-1]:
                beats.append(json.loads((await asyncio.wait_for(page.receive(), 10)).data))
            return first, beats

    first, beats = asyncio.run(go())
    more = {"session", "andon", "andon_days", "handover", "opened", "kaizen"}
    assert first.keys() == {*cell.state, *more} - {"scene"}
    assert [beat for beat in beats if beat] == [{"permit": cell.state["permit"]}]
    assert beats[-1] == {}, "a page hears that the server lives, also when nothing changes"


@pytest.mark.parametrize("rubbish", ["", "permit ages", "scene" * 100, b"scene"])
def test_a_page_gets_the_scene_while_it_wants_it_and_nothing_else_it_says_counts(
    url, cell, rubbish
):
    async def go():
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(url.replace("http", "ws") + "/ws", origin=url) as page,
        ):

            async def heard(count):
                messages = [await asyncio.wait_for(page.receive(), 10) for _ in range(count)]
                return set().union(*(json.loads(one.data) for one in messages))

            at_first = await heard(1)
            await (page.send_bytes if isinstance(rubbish, bytes) else page.send_str)(rubbish)
            unasked = await heard(4)
            await page.send_str("scene")
            asked = await heard(4)
            await page.send_str("")
            await heard(4)
            cell.state["scene"] = {**cell.state["scene"], "people": []}
            cell.state["permit"] = {**cell.state["permit"], "seq": 6}
            left = await heard(4)
            await page.send_str("scene")
            return at_first, unasked, asked, left, await heard(4)

    at_first, unasked, asked, left, again = asyncio.run(go())
    assert "permit" in at_first
    assert "scene" not in at_first
    assert unasked == set()
    assert asked == {"scene"}
    assert left == {"permit"}
    assert again == {"scene"}


def test_a_socket_from_another_origin_is_refused(url):
    async def go():
        async with aiohttp.ClientSession() as session:
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url.replace("http", "ws") + "/ws", origin="http://evil")
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await session.ws_connect(url.replace("http", "ws") + "/ws")

    asyncio.run(go())
