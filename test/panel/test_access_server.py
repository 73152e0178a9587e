"""Who may do what, over real HTTP: no act passes without its right, whatever a request says."""

import asyncio
import json
import time
from types import SimpleNamespace

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hrc_cell.adapters.panel.people import People
from hrc_cell.core.access import Act, Role
from panel.scripted import QUESTION, SETTINGS, opened
from panel.tablet import MEANT, OTHER, PIN, Tablet

ANSWER = {**MEANT, "answer": "refuse", "idempotency_key": "k"}
GRIPPER = {**QUESTION, "risk_class": 2}


def kinds(cell):
    return [kind for kind, _ in cell.audited]


# Nobody, and who is not let in.


def test_who_is_not_signed_in_sees_all_asks_for_a_stop_and_can_do_nothing_else(cell, backend):
    for one in (Tablet(cell), Tablet(cell).pair()):
        assert one.ask("GET", "/api/state")[0] == 200
        assert one.post("/api/arm", MEANT)[1]["reason"] == "not_signed_in"
        assert one.post("/api/answer", ANSWER)[1]["reason"] == "not_signed_in"
        press = {"control": "reset", "value": "press"}
        assert one.post("/api/press", press)[1]["reason"] == "not_signed_in"
        assert backend.acts == []
        assert one.post("/api/stop_request")[0] == 200
        assert backend.acts.pop()[0] == "stop"
        assert one.session()["role"] == "viewer"
    unpaired = Tablet(cell)
    assert unpaired.sign_in("bo") == (403, {"accepted": False, "reason": "not_paired"})
    assert unpaired.ask("GET", "/api/people")[0] == 403, "and hears of no aliases"


def test_at_a_real_cell_no_browser_gets_a_cookie_by_itself(cell):
    one = Tablet(cell)
    one.ask("GET", "/")
    one.ask("GET", "/api/session")
    assert one.cookies == {}


def test_a_training_cookie_is_worth_nothing_where_nobody_trains(cell):
    one = Tablet(cell)
    port = one.url.rpartition(":")[2]
    one.cookies = {f"hrc_device_{port}": cell.access.devices.training_cookie()}
    assert one.session()["device"] == ""


# Pairing.


def test_a_code_lets_one_tablet_in_once(cell):
    code = cell.access.devices.new_code("test")
    one = Tablet(cell)
    assert one.post("/api/pair", {"code": f" {code[:4].lower()}-{code[4:]}"})[0] == 200
    [cookie] = one.set_cookie
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert Tablet(cell).post("/api/pair", {"code": code})[1]["reason"] == "pairing_code_unknown"
    assert one.session()["device"].startswith("tablet-")
    assert "paired" in kinds(cell)


def test_wrong_guesses_use_a_code_up_and_time_does(cell):
    code = cell.access.devices.new_code("test")
    one = Tablet(cell)
    for _ in range(5):
        assert one.post("/api/pair", {"code": "AAAAAAAA"})[1]["reason"] == "pairing_code_unknown"
    assert one.post("/api/pair", {"code": code})[1]["reason"] == "pairing_code_unknown"
    code = cell.access.devices.new_code("test")
    cell.access.devices._clock = lambda: time.time() + 301
    assert one.post("/api/pair", {"code": code})[1]["reason"] == "pairing_code_expired"
    assert one.cookies == {}


def test_a_tablet_that_is_let_in_no_more_is_out_at_once(cell, tablet, backend):
    assert tablet.sign_in("bo")[0] == 200
    assert cell.access.devices.remove(tablet.session()["device"])
    assert tablet.session()["alias"] == ""
    assert tablet.post("/api/answer", ANSWER)[1]["reason"] == "not_signed_in"
    assert backend.acts == []


# Signing in.


@pytest.mark.req("S4")
def test_what_reaches_the_cell_carries_the_alias_of_the_session(cell, tablet, backend):
    assert tablet.sign_in("bo")[1]["language"] == "vi"
    assert tablet.confirm(cell) == (200, "")
    [(_, body)] = backend.acts
    assert (body["operator"], body["device"]) == ("bo", tablet.session()["device"])
    assert body.keys() == {
        "question_id", "state_version", "answer", "operator", "device", "idempotency_key",
    }  # fmt: skip
    forged = {**ANSWER, "operator": "an", "device": "x"}
    assert tablet.post("/api/answer", forged)[0] == 400


def test_a_person_is_signed_in_on_one_tablet_at_a_time(cell, tablet):
    other = Tablet(cell).pair()
    assert tablet.sign_in("bo")[0] == other.sign_in("bo")[0] == 200
    assert (tablet.session()["alias"], other.session()["alias"]) == ("", "bo")


def test_the_language_of_who_is_signed_in_follows_them_to_every_tablet(cell, tablet):
    tablet.sign_in("bo")
    assert tablet.session()["language"] == "vi"
    assert tablet.post("/api/language", {"language": "ja"})[0] == 200
    assert tablet.session()["language"] == "ja"
    other = Tablet(cell).pair()
    assert other.session()["language"] == "", "nobody's: the tablet's own counts"
    assert other.sign_in("bo")[1]["language"] == "ja"
    assert other.post("/api/language", {"language": "ja"})[0] == 200, "a second time as well"
    assert People(cell.access.people.path.parent.parent).all()["bo"].language == "ja", "on disk"
    assert [kind for kind in kinds(cell) if "language" in kind] == []


def test_a_language_is_kept_for_nobody_and_behind_no_lock(cell, tablet, monkeypatch):
    def said(language="ms"):
        status, reply = tablet.post("/api/language", {"language": language})
        return status, reply["reason"]

    assert said() == (403, "not_signed_in")
    tablet.sign_in("bo")
    assert said("xx") == (400, "unknown_language")
    cell.later_s += SETTINGS.idle_lock_s + 1.0
    assert said() == (403, "session_locked")
    tablet.sign_in("bo")
    monkeypatch.setattr(type(cell.access.people), "set_language", disk_full)
    assert said() == (503, "not_kept")
    assert "no space left" in cell.complaints[-1]
    assert cell.access.people.all()["bo"].language == "vi"


def test_the_training_operator_has_no_language_of_its_own(backend):
    with opened(backend) as one:
        browser = Tablet(one)
        browser.ask("GET", "/")
        assert browser.session()["training"]
        assert browser.post("/api/language", {"language": "ja"})[1]["reason"] == "not_signed_in"


def disk_full(*_):
    raise OSError("no space left")


def test_another_persons_session_takes_the_place_on_a_tablet_and_sign_out_ends_it(cell, tablet):
    tablet.sign_in("bo")
    tablet.sign_in("an")
    assert tablet.session()["alias"] == "an"
    assert tablet.post("/api/sign_out")[0] == 200
    assert tablet.session()["role"] == "viewer"
    assert tablet.post("/api/sign_out")[0] == 200, "a second time changes nothing"


@pytest.mark.parametrize("how", ["removed", "pin", "role"])
def test_what_the_file_of_people_says_counts_at_once(cell, tablet, how):
    tablet.sign_in("cy", OTHER)
    if how == "removed":
        cell.access.people.remove("cy")
    elif how == "pin":
        cell.access.people.set_pin("cy", PIN)
    else:
        cell.access.people.set_role("cy", Role.OPERATOR)
    told = tablet.session()
    assert (told["alias"], told["role"]) == (
        ("cy", "operator") if how == "role" else ("", "viewer")
    )


def test_five_wrong_pins_lock_this_person_on_this_tablet_and_nobody_else(cell, tablet, backend):
    for number in range(5):
        assert tablet.sign_in("bo", OTHER)[1]["reason"] == "wrong_pin", number
    status, reply = tablet.sign_in("bo")
    assert (status, reply["reason"]) == (429, "locked_out"), "also the right one"
    assert 0 < reply["left_s"] <= 30.0
    assert tablet.post("/api/stop_request")[0] == 200
    assert tablet.sign_in("an")[0] == 200, "another person"
    assert Tablet(cell).pair().sign_in("bo")[0] == 200, "another tablet"
    cell.later_s += 30.5
    assert tablet.sign_in("bo", OTHER)[1]["reason"] == "wrong_pin"
    cell.later_s += 30.5
    assert tablet.sign_in("bo")[1]["reason"] == "locked_out", "twice as long"
    cell.later_s += 30.5
    assert tablet.sign_in("bo")[0] == 200
    assert [k for k in kinds(cell) if k in ("wrong_pin", "locked_out")] == [
        *["wrong_pin"] * 4, "locked_out", "locked_out",
    ]  # fmt: skip


def test_wrong_pins_at_the_same_time_count_one_by_one(cell, tablet):
    body = {"alias": "bo", "pin": OTHER}

    async def many():
        async with aiohttp.ClientSession(cookies=tablet.cookies) as session:

            async def one():
                async with session.post(tablet.url + "/api/sign_in", json=body) as reply:
                    return (await reply.json())["reason"]

            return await asyncio.gather(*(one() for _ in range(20)))

    reasons = asyncio.run(many())
    assert sorted(reasons) == ["locked_out"] * 15 + ["wrong_pin"] * 5


# The lock.


@pytest.mark.req("S4")
def test_a_page_that_nobody_touches_confirms_nothing_until_the_pin_and_keeps_the_question(
    cell, tablet, backend
):
    tablet.sign_in("bo")
    cell.later_s += SETTINGS.idle_lock_s + 1.0
    assert tablet.session()["locked"]
    assert tablet.post("/api/arm", MEANT)[1]["reason"] == "session_locked"
    tablet.post("/api/seen")
    assert tablet.session()["locked"], "a touch does not open it"
    assert tablet.post("/api/stop_request")[0] == 200
    assert backend.state["task"]["question"] == QUESTION
    assert tablet.sign_in("bo")[0] == 200
    assert tablet.confirm(cell) == (200, "")


@pytest.mark.req("S4")
def test_a_confirmation_that_was_armed_before_the_lock_is_not_taken_after_it(cell, tablet, backend):
    tablet.sign_in("bo")
    _, armed = tablet.post("/api/arm", MEANT)
    cell.later_s += SETTINGS.idle_lock_s + 1.0
    body = {**MEANT, "challenge": armed["challenge"], "answer": "confirm", "idempotency_key": "k"}
    assert tablet.post("/api/confirm", body)[1]["reason"] == "session_locked"
    assert backend.acts == []


def test_a_page_that_is_touched_stays_open(cell, tablet):
    tablet.sign_in("bo")
    for _ in range(4):
        cell.later_s += SETTINGS.idle_lock_s - 10.0
        tablet.post("/api/seen")
    assert not tablet.session()["locked"]


@pytest.mark.req("S4")
@pytest.mark.parametrize("who", ["another person", "another tablet"])
def test_what_one_armed_another_does_not_confirm(cell, tablet, backend, who):
    tablet.sign_in("bo")
    _, armed = tablet.post("/api/arm", MEANT)
    cell.later_s += SETTINGS.hold_s
    other = tablet if who == "another person" else Tablet(cell).pair()
    other.sign_in("an")
    body = {**MEANT, "challenge": armed["challenge"], "answer": "confirm", "idempotency_key": "k"}
    assert other.post("/api/confirm", body)[1]["reason"] == "other_question"
    assert backend.acts == []


# Roles, and what needs more.


@pytest.mark.req("S4")
def test_a_question_of_class_3_needs_a_supervisor_and_the_pin(cell, tablet, backend):
    backend.state["task"]["question"] = {**QUESTION, "risk_class": 3}
    tablet.sign_in("bo")
    assert tablet.confirm(cell, pin=PIN) == (409, "role_too_low")
    tablet.sign_in("an")
    assert tablet.confirm(cell, "1") == (409, "needs_pin")
    assert tablet.confirm(cell, "2", pin=OTHER) == (409, "wrong_pin")
    assert backend.acts == []
    assert tablet.confirm(cell, "3", pin=PIN) == (200, "")


@pytest.mark.req("S4")
@pytest.mark.parametrize("risk_class", [4, 9])
def test_a_question_of_class_4_needs_two_people(cell, tablet, backend, risk_class):
    backend.state["task"]["question"] = {**QUESTION, "risk_class": risk_class}
    tablet.sign_in("an")
    for key, (more, reason) in enumerate(
        [
            ({}, "needs_pin"),
            ({"pin": PIN}, "needs_second"),
            ({"pin": PIN, "second": "an", "second_pin": PIN}, "same_person"),
            ({"pin": PIN, "second": "bo", "second_pin": PIN}, "second_role_too_low"),
            ({"pin": PIN, "second": "cy", "second_pin": PIN}, "wrong_pin"),
            ({"pin": PIN, "second": "nobody", "second_pin": PIN}, "wrong_pin"),
        ]
    ):
        assert tablet.confirm(cell, str(key), **more) == (409, reason)
    assert backend.acts == []
    assert tablet.confirm(cell, "x", pin=PIN, second="cy", second_pin=OTHER) == (200, "")
    assert ("answer", "cy") in [(k, d.get("second")) for k, d in cell.audited]


def test_the_page_hears_before_the_tap_what_it_may(cell, tablet):
    tablet.sign_in("bo")
    acts = tablet.session()["acts"]
    assert acts.keys() == {act.value for act in Act}
    assert (acts["confirm"], acts["confirm_change"]) == ("", "role_too_low")
    about = tablet.ask("GET", "/api/about")[1]["panel"]
    assert about["acts"]["confirm"] == {"risk": 2, "least": "operator"}
    assert about["by_class"][2:4] == ["confirm", "confirm_change"]


def supervised(tablet, cell, act, about="", pin=PIN, hold=True):
    status, armed = tablet.post("/api/arm_act", {"act": act, "about": about})
    if status != 200:
        return status, armed
    cell.later_s += SETTINGS.hold_s if hold else 0.0
    body = {"act": act, "about": about, "challenge": armed["challenge"], "pin": pin}
    return tablet.post("/api/act", body)


def test_a_supervisor_lets_a_tablet_in_and_out_with_hold_and_pin(cell, tablet):
    tablet.sign_in("an")
    for more, reason in (({"hold": False}, "held_too_short"), ({"pin": OTHER}, "wrong_pin"),
                         ({"pin": ""}, "needs_pin")):  # fmt: skip
        status, reply = supervised(tablet, cell, "pair", **more)
        assert (status, reply["reason"]) == (409, reason)
    status, reply = supervised(tablet, cell, "pair")
    assert status == 200
    assert reply["url"] == f"{cell.url}#pair={reply['code']}"
    assert len(reply["qr"]) == len(reply["qr"][0]) > 20
    other = Tablet(cell)
    assert other.post("/api/pair", {"code": reply["code"]})[0] == 200
    name = other.session()["device"]
    assert name in [one["device"] for one in tablet.ask("GET", "/api/devices")[1]["devices"]]
    other.sign_in("bo")
    assert supervised(tablet, cell, "unpair", name)[0] == 200
    assert other.session()["device"] == ""
    assert supervised(tablet, cell, "unpair", name)[1]["reason"] == "no_such_tablet"
    cell.end()
    assert [k for k in kinds(cell) if k in ("pair", "paired", "unpair")] == [
        "paired", "pair", "paired", "unpair", "unpair",
    ]  # fmt: skip


@pytest.mark.parametrize("act", ["pair", "unpair"])
def test_others_let_nobody_in_or_out(cell, tablet, act):
    assert supervised(tablet, cell, act)[1]["reason"] == "not_signed_in"
    tablet.sign_in("bo")
    assert supervised(tablet, cell, act)[1]["reason"] == "role_too_low"
    assert tablet.ask("GET", "/api/devices")[1]["reason"] == "role_too_low"
    body = {"act": act, "about": "", "challenge": "x", "pin": PIN}
    assert tablet.post("/api/act", body)[1]["reason"] == "role_too_low"
    assert tablet.post("/api/act", {**body, "act": "confirm"})[0] == 400


def test_a_tablet_that_is_not_let_in_after_all_is_noted(cell, tablet):
    tablet.sign_in("an")
    _, armed = tablet.post("/api/arm_act", {"act": "pair", "about": ""})
    given_up = {"challenge": armed["challenge"]}
    assert Tablet(cell).pair().post("/api/disarm_act", given_up)[1]["accepted"] is False
    assert tablet.post("/api/disarm_act", given_up)[1]["accepted"] is True
    cell.later_s += SETTINGS.hold_s
    body = {"act": "pair", "about": "", "pin": PIN, **given_up}
    assert tablet.post("/api/act", body)[1]["reason"] == "unknown_challenge"
    cell.end()
    assert dict(cell.audited)["canceled"]["operator"] == "an"


def test_without_an_audit_trail_no_tablet_is_let_in(cell, tablet):
    tablet.sign_in("an")
    cell.disk_full = True
    assert supervised(tablet, cell, "pair")[1]["reason"] == "no_audit"


# The audit trail.


@pytest.mark.req("S4")
def test_every_outcome_is_in_the_audit_trail_before_it_is_passed_on(cell, tablet, backend):
    tablet.sign_in("bo")
    noted = []
    before = backend.answer

    async def answer(body):
        noted.extend(kinds(cell))
        return await before(body)

    backend.answer = answer
    assert tablet.confirm(cell) == (200, "")
    assert noted[-2:] == ["armed", "answer"]
    cell.end()
    by_kind = dict(cell.audited)
    assert by_kind["answer"]["armed_s"] >= SETTINGS.hold_s
    assert (by_kind["outcome"]["accepted"], by_kind["outcome"]["operator"]) == (True, "bo")
    assert by_kind["outcome"]["reply_s"] >= 0.0
    assert by_kind["paired"] and by_kind["signed_in"]["alias"] == "bo"
    assert PIN not in json.dumps(cell.audited)


def test_what_is_given_up_or_refused_is_noted_with_its_reason(cell, tablet):
    tablet.sign_in("bo")
    _, armed = tablet.post("/api/arm", MEANT)
    assert tablet.post("/api/disarm", {"challenge": armed["challenge"]})[1]["accepted"]
    assert not tablet.post("/api/disarm", {"challenge": armed["challenge"]})[1]["accepted"]
    tablet.post("/api/answer", {**ANSWER, "answer": "confirm"})
    cell.end()
    by_kind = dict(cell.audited)
    assert by_kind["canceled"]["question_id"] == QUESTION["id"]
    assert (by_kind["act_refused"]["reason"], by_kind["act_refused"]["operator"]) == (
        "needs_holding", "bo",
    )  # fmt: skip


@pytest.mark.req("S4")
@pytest.mark.parametrize("when", ["before arming", "while holding"])
def test_without_an_audit_trail_nothing_is_confirmed_and_a_stop_request_still_works(
    cell, tablet, backend, when
):
    tablet.sign_in("bo")
    if when == "before arming":
        cell.disk_full = True
        assert tablet.confirm(cell) == (409, "no_audit")
    else:
        _, armed = tablet.post("/api/arm", MEANT)
        cell.later_s += SETTINGS.hold_s
        cell.disk_full = True
        body = {**MEANT, "challenge": armed["challenge"], "answer": "confirm",
                "idempotency_key": "k"}  # fmt: skip
        assert tablet.post("/api/confirm", body)[1]["reason"] == "no_audit"
    assert backend.acts == []
    assert tablet.post("/api/stop_request")[0] == 200
    tap = {**ANSWER, "idempotency_key": "tap"}
    assert tablet.post("/api/answer", tap)[0] == 200, "a tap that refuses needs none"
    assert any("audit trail" in text for text in cell.complaints)
    backend.state["task"]["question"] = QUESTION
    cell.disk_full = False
    assert tablet.confirm(cell, "again") == (200, "")


def test_strangers_do_not_fill_the_audit_trail(cell):
    one = Tablet(cell)
    for _ in range(50):
        one.post("/api/answer", ANSWER)
    cell.end()
    assert kinds(cell).count("act_refused") < 10


# Files that cannot be read, and requests that nobody means.


def test_where_the_people_cannot_be_read_nobody_acts_but_a_stop_request_does(cell, tablet, backend):
    tablet.sign_in("bo")
    cell.access.people.path.write_text("{")
    assert tablet.session()["trouble"] == "people_unreadable"
    assert tablet.post("/api/arm", MEANT)[1]["reason"] == "people_unreadable"
    assert tablet.sign_in("bo")[1]["reason"] == "people_unreadable"
    assert tablet.post("/api/stop_request")[0] == 200
    assert [kind for kind, _ in backend.acts] == ["stop"]


texts = st.text(max_size=12)
things = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
NAMES = (
    "question_id", "state_version", "answer", "idempotency_key", "challenge", "operator", "device",
    "alias", "pin", "code", "control", "value", "second", "second_pin", "role",
    "act", "recipe", "run_id", "cycle", "step", "automation",
)  # fmt: skip
good = st.sampled_from([QUESTION["id"], 7, "confirm", "refuse", "k", "bo", PIN, "reset", "press"])
bodies = things | st.dictionaries(st.sampled_from(NAMES), good | things, max_size=8)
LETTERS = st.characters(
    min_codepoint=33, max_codepoint=255, exclude_categories=["Cc"], exclude_characters=';,"\\'
)
ACTS = (
    "arm", "confirm", "answer", "press", "disarm", "run/arm", "run/act", "run/disarm",
    "sign_in", "sign_out", "seen", "pair",
)  # fmt: skip


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None
)
@given(
    act=st.sampled_from(ACTS), body=bodies,
    cookie=st.sampled_from(["", "tablet-1.x", "training-1.x", "..", "%00", "ÿ.é", "a" * 3000])
    | st.text(LETTERS, max_size=40),
)  # fmt: skip
def test_no_body_and_no_cookie_that_was_made_up_does_anything(cell, backend, act, body, cookie):
    one = Tablet(cell)
    port = one.url.rpartition(":")[2]
    headers = {"Cookie": f"hrc_device_{port}={cookie}"}
    status, _ = one.ask("POST", f"/api/{act}", body, **headers)
    assert status in (200, 400, 403, 409, 413, 415)
    assert status != 200 or act in ("sign_out", "seen", "disarm", "run/disarm")
    assert one.cookies == {}
    assert backend.acts == []


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None
)
@given(act=st.sampled_from(ACTS[:8]), body=bodies)
def test_from_a_signed_in_tablet_only_what_is_meant_gets_through(cell, tablet, backend, act, body):
    tablet.sign_in("bo")
    backend.acts.clear()
    backend.state["task"]["question"] = QUESTION
    status, _ = tablet.ask("POST", f"/api/{act}", body)
    assert status in (200, 400, 409, 415)
    for kind, given_ in backend.acts:
        assert (kind, act) in (("answer", "answer"), ("press", "press"), ("control", "run/act"))
        assert kind != "answer" or (given_["answer"], given_["operator"]) == ("refuse", "bo")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[" * 5000, b"x" * 40000])
def test_a_stop_request_is_passed_on_whatever_its_body_says(cell, backend, body):
    async def go():
        async with (
            aiohttp.ClientSession() as session,
            session.post(cell.url + "api/stop_request", data=body) as reply,
        ):
            return reply.status

    assert asyncio.run(go()) == 200
    assert backend.acts == [("stop", {"device": "", "operator": ""})]


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_browser_that_comes_from_another_page_is_refused(cell, tablet, backend, site):
    tablet.sign_in("bo")
    headers = {"Sec-Fetch-Site": site}
    status, reply = tablet.ask("POST", "/api/answer", ANSWER, **headers)
    assert (status, reply["reason"]) == (403, "foreign_origin")
    assert tablet.ask("GET", "/", **headers)[0] == 200, "a link to the page is none of that"
    assert backend.acts == []


# A simulated cell.


def test_beside_a_simulated_cell_a_browser_is_signed_in_by_itself_and_marked(backend):
    with opened(backend) as cell:
        cell.access.people.add("an", Role.SUPERVISOR, "en", PIN)
        one = Tablet(cell)
        one.ask("GET", "/")
        [cookie] = one.set_cookie
        assert "HttpOnly" in cookie and "Max-Age" not in cookie
        told = one.session()
        assert (told["alias"], told["role"], told["training"]) == ("training", "operator", True)
        cell.later_s += 1e6
        assert one.confirm(cell) == (200, ""), "it has no PIN that a lock could ask for"
        listed = one.ask("GET", "/api/people")[1]["people"]
        assert [(p["alias"], p["pin"]) for p in listed] == [("training", False), ("an", True)]
        assert one.sign_in("an")[0] == 200
        assert not one.session()["training"]
        one.post("/api/sign_out")
        assert one.session()["alias"] == "", "who signs out is signed out"
        assert one.sign_in("training", "")[0] == 200
        assert one.session()["training"]


@pytest.mark.parametrize(
    ("remote", "minted"),
    [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False), ("", False), (None, False)],
)
def test_a_simulated_cell_signs_nobody_in_from_another_machine(backend, remote, minted):
    with opened(backend) as cell:
        assert cell.access.may_mint(SimpleNamespace(remote=remote)) is minted
    with opened(backend, training=False) as cell:
        assert not cell.access.may_mint(SimpleNamespace(remote=remote))
