"""Calls for a person over real HTTP: anybody calls, who is signed in comes, and no call is lost."""

import asyncio
import errno
import json
import time
from dataclasses import replace

import aiohttp
import pytest

from hrc_cell.adapters.panel.andon import Andon
from hrc_cell.adapters.record.book import Book
from hrc_cell.core.access import Role
from panel.scripted import QUESTION, SETTINGS, STATE, ScriptedCell, opened
from panel.test_access_server import PIN, Tablet

WITHIN_S = 20.0
MATERIAL = {"kind": "material", "urgency": 1}
HELD = {**STATE["task"], "phase": "held", "reason": "timed_out: hand",
        "question": {**QUESTION, "id": "run.8", "kind": "recover"}}  # fmt: skip


def people_of(cell):
    for alias in ("an", "bo"):
        cell.access.people.add(alias, Role.OPERATOR, "en", PIN)


@pytest.fixture
def cell(tmp_path):
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        people_of(one)
        yield one


def signed_in(cell, alias):
    tablet = Tablet(cell).pair()
    assert tablet.sign_in(alias)[0] == 200
    return tablet


def shown(cell):
    """Return what everybody is shown."""
    return Tablet(cell).ask("GET", "/api/state")[1]


def calls(cell):
    return [(one["kind"], one["phase"], one["urgency"]) for one in shown(cell)["andon"]["calls"]]


# Who may.


def test_anybody_calls_with_one_request_on_any_tablet(cell):
    for number, tablet in enumerate((Tablet(cell), Tablet(cell).pair(), signed_in(cell, "an"))):
        kind = ("material", "quality", "help")[number]
        status, reply = tablet.post("/api/andon/call", {"kind": kind, "urgency": 1})
        assert (status, reply["accepted"]) == (200, True)
    assert {kind for kind, *_ in calls(cell)} == {"material", "quality", "help"}


def test_only_who_is_signed_in_takes_and_resolves(cell):
    call = {"id": Tablet(cell).post("/api/andon/call", MATERIAL)[1]["id"]}
    for tablet in (Tablet(cell), Tablet(cell).pair()):
        for path in ("take", "resolve"):
            status, reply = tablet.post(f"/api/andon/{path}", call)
            assert (status, reply["reason"]) == (409, "not_signed_in")
    assert calls(cell) == [("material", "called", 1)]


def test_a_call_is_taken_by_the_first_and_resolved_by_anybody(cell):
    an, bo = signed_in(cell, "an"), signed_in(cell, "bo")
    call = {"id": Tablet(cell).post("/api/andon/call", MATERIAL)[1]["id"]}
    assert an.post("/api/andon/resolve", call)[1]["reason"] == "andon_not_taken"
    assert an.post("/api/andon/take", call)[0] == 200
    assert an.post("/api/andon/take", call)[0] == 200, "the reply may have been lost"
    assert bo.post("/api/andon/take", call)[1]["reason"] == "andon_taken"
    assert shown(cell)["andon"]["calls"][0]["taken_by"] == "an"
    assert bo.post("/api/andon/resolve", call)[0] == 200
    assert an.post("/api/andon/resolve", call)[1]["reason"] == "andon_resolved"
    assert calls(cell) == []
    assert an.post("/api/andon/take", {"id": "x"})[1]["reason"] == "andon_unknown"


def test_calling_again_is_the_same_call_and_may_make_it_urgent(cell):
    one = Tablet(cell)
    first = one.post("/api/andon/call", MATERIAL)[1]["id"]
    size = len(open_lines(cell))
    assert one.post("/api/andon/call", MATERIAL)[1]["id"] == first
    assert len(open_lines(cell)) == size, "nobody fills the disk by calling"
    assert one.post("/api/andon/call", {**MATERIAL, "urgency": 2})[1]["id"] == first
    assert one.post("/api/andon/call", MATERIAL)[1]["id"] == first
    assert calls(cell) == [("material", "called", 2)]


def open_lines(cell):
    return cell.books.andon.path.read_bytes().splitlines()


@pytest.mark.parametrize(
    "body",
    [
        {}, {"kind": "tea", "urgency": 1}, {"kind": "help", "urgency": 3},
        {"kind": "help", "urgency": True}, {"kind": "none", "urgency": 1},
        {**MATERIAL, "operator": "an"},
    ],
)  # fmt: skip
def test_what_is_not_a_call_is_refused(cell, body):
    assert Tablet(cell).post("/api/andon/call", body)[0] == 400
    assert calls(cell) == []


def test_a_call_from_a_foreign_page_is_refused(cell):
    status, reply = Tablet(cell).ask("POST", "/api/andon/call", MATERIAL, Origin="http://evil.test")
    assert (status, reply["reason"], calls(cell)) == (403, "foreign_origin", [])


# What is kept, and of whom.


@pytest.mark.req("S4")
def test_a_call_outlives_the_page(tmp_path):
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        people_of(one)
        an = signed_in(one, "an")
        ids = [
            an.post("/api/andon/call", {"kind": kind, "urgency": 2})[1]["id"]
            for kind in ("help", "machine", "quality")
        ]
        an.post("/api/andon/take", {"id": ids[1]})
        an.post("/api/andon/take", {"id": ids[2]})
        an.post("/api/andon/resolve", {"id": ids[2]})
    with opened(ScriptedCell(), training=False, keep=tmp_path) as again:
        assert calls(again) == [("help", "called", 2), ("machine", "taken", 2)]
        people_of(again)
        an = signed_in(again, "an")
        assert an.post("/api/andon/take", {"id": ids[0]})[0] == 200


@pytest.mark.req("S4")
def test_a_full_disk_refuses_with_a_reason_and_shows_no_call(cell, monkeypatch):
    def full(record):
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(cell.books.andon, "append", full)
        status, reply = Tablet(cell).post("/api/andon/call", MATERIAL)
        assert (status, reply["reason"], calls(cell)) == (409, "not_kept", [])
        assert any("no space left" in text for text in cell.complaints)
        assert Tablet(cell).post("/api/stop_request")[0] == 200
    assert Tablet(cell).post("/api/andon/call", MATERIAL)[0] == 200


def test_an_audit_trail_that_cannot_be_written_keeps_nobody_from_calling(cell):
    cell.disk_full = True
    assert Tablet(cell).post("/api/andon/call", MATERIAL)[0] == 200


def test_damage_is_shown_and_what_stands_counts(tmp_path):
    book = Book(tmp_path / "andon.jsonl")
    book.append({"kind": "no call at all"})
    book.close()
    with (tmp_path / "andon.jsonl").open("ab") as file:
        file.write(b"00000000 {}\n")
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        assert shown(one)["andon"] == {"calls": [], "damaged": 2}
        assert Tablet(one).post("/api/andon/call", MATERIAL)[0] == 200


def test_who_called_is_noted_nowhere_and_who_came_only_in_the_audit_trail(cell):
    an = signed_in(cell, "an")
    wait_for(lambda: "signed_in" in dict(cell.audited))
    cell.audited.clear()
    call = {"id": an.post("/api/andon/call", MATERIAL)[1]["id"]}
    wait_for(lambda: cell.audited)
    assert [kind for kind, _ in cell.audited] == ["andon_call"]
    assert "an" not in cell.audited[0][1].values()
    an.post("/api/andon/take", call)
    an.post("/api/andon/resolve", call)
    wait_for(lambda: len(cell.audited) == 3)
    assert [(kind, told["operator"]) for kind, told in cell.audited[1:]] == [
        ("andon_take", "an"), ("andon_resolve", "an"),
    ]  # fmt: skip
    [day] = shown(cell)["andon_days"]
    assert [(one["kind"], one["count"]) for one in day["kinds"]] == [("material", 1)]
    assert '"an"' not in json.dumps(day)
    assert "an" not in repr(cell.server.andon.lamp()).replace("material", "").split("'")


def wait_for(so):
    end_s = time.monotonic() + WITHIN_S
    while not so():
        assert time.monotonic() < end_s
        time.sleep(0.01)


# The cell's own calls.


def test_a_run_that_waits_for_a_decision_calls_and_takes_it_back_when_it_goes_on(cell):
    backend = cell.server._backend
    backend.state["task"] = HELD
    wait_for(lambda: calls(cell) == [("hold", "called", 1)])
    assert Tablet(cell).post("/api/andon/call", {"kind": "hold", "urgency": 2})[0] == 200
    assert calls(cell) == [("hold", "called", 2)], "a person may make it urgent"
    backend.state["task"] = STATE["task"]
    wait_for(lambda: calls(cell) == [])
    said = Tablet(cell).post("/api/andon/call", {"kind": "hold", "urgency": 1})[1]["reason"]
    assert said == "andon_unknown", "but only the cell itself calls so"


def test_where_nothing_is_known_of_the_task_nothing_changes(cell):
    backend = cell.server._backend
    backend.state["task"] = HELD
    wait_for(lambda: calls(cell) == [("hold", "called", 1)])
    look = cell.server.andon.look
    for unknown in (
        {**STATE, "task": None},
        {**STATE, "ages": {**STATE["ages"], "task_s": None}},
        {**STATE, "ages": {**STATE["ages"], "task_s": SETTINGS.lost_s + 0.1}},
    ):
        backend.state.update(unknown)
        asyncio.run_coroutine_threadsafe(look(unknown), cell.loop).result(10)
        assert calls(cell) == [("hold", "called", 1)]


def test_a_full_disk_holds_the_cells_own_call_up_until_there_is_room(cell, monkeypatch):
    tries = []

    def full(record):
        tries.append(record)
        raise OSError(errno.ENOSPC, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr(cell.books.andon, "append", full)
        cell.server._backend.state["task"] = HELD
        wait_for(lambda: len(tries) >= 2)
        assert calls(cell) == []
    wait_for(lambda: calls(cell) == [("hold", "called", 1)])


# All see the same.


def test_two_tablets_see_the_same_call_over_the_broadcast(cell):
    async def see():
        url = cell.url.rstrip("/")
        async with aiohttp.ClientSession(headers={"Origin": url}) as session:
            pages = [await session.ws_connect(url.replace("http", "ws") + "/ws") for _ in "ab"]
            seen = [{}, {}]

            async def until(so):
                while not all(so(one["andon"]["calls"]) for one in seen if "andon" in one) or any(
                    "andon" not in one for one in seen
                ):
                    for page, one in zip(pages, seen, strict=True):
                        one.update(await page.receive_json(timeout=10))

            await until(lambda listed: listed == [])
            async with session.post(url + "/api/andon/call", json=MATERIAL) as reply:
                assert reply.status == 200
            await until(lambda listed: [c["kind"] for c in listed] == ["material"])
            assert seen[0]["andon"]["calls"][0]["id"] == seen[1]["andon"]["calls"][0]["id"]

    asyncio.run(see())


def test_old_days_are_left_out_and_open_calls_are_not(tmp_path):
    book = Book(tmp_path / "andon.jsonl")
    old = {"id": "a", "kind": "help", "urgency": 1, "phase": "resolved", "called_s": 1000.0,
           "taken_s": 1010.0, "resolved_s": 1050.0, "taken_by": "", "about": ""}  # fmt: skip
    book.append(old)
    book.append({**old, "id": "b", "phase": "taken", "resolved_s": None, "taken_by": "an"})
    book.close()
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        assert calls(one) == [("help", "taken", 1)]
        assert shown(one)["andon"]["calls"][0]["escalation"] == 3
        Tablet(one).post("/api/andon/call", MATERIAL)
        assert isinstance(one.server.andon, Andon)
        days = shown(one)["andon_days"]
        assert [one["kind"] for one in days[0]["kinds"]] == ["material"]


def test_times_of_escalation_that_fall_are_refused_by_name():
    with pytest.raises(ValueError, match=r"andon_second_s = 30 s.*must not fall"):
        replace(SETTINGS, andon_second_s=30.0)
