"""The handover of a shift: its rights over real HTTP, what is kept, and its story in a browser."""

import errno

import pytest

from hrc_cell.core.access import Role
from panel.browser import ENGLISH, HOLD_MS, LANDSCAPE, PHONE, PORTRAIT, Shown
from panel.scripted import QUESTION, SETTINGS, STATE, ScriptedCell, opened
from panel.test_access_server import PIN, Tablet
from panel.test_andon import MATERIAL, shown, signed_in, wait_for

TEXT = "Pads changed.\nBox 3 is short."
HELD = {**STATE["task"], "phase": "held", "reason": "timed_out: hand",
        "question": {**QUESTION, "id": "run.8"}}  # fmt: skip
CONTROL_PX = 94
ZAWGYI = "\u1031\u1000\u102c\u1004\u1039\u1038"


def people_of(cell):
    for alias in ("an", "bo", "cy"):
        cell.access.people.add(alias, Role.OPERATOR, "en", PIN)


@pytest.fixture
def cell(tmp_path):
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        people_of(one)
        yield one


def last(cell):
    return shown(cell)["handover"]["last"]


def write(tablet, text=TEXT):
    status, reply = tablet.post("/api/handover/write", {"text": text})
    assert status == 200, reply
    return reply["id"]


def read(tablet, id, item):
    return tablet.post("/api/handover/read", {"id": id, "item": item})[1]["reason"]


def take(cell, tablet, id, held_s=SETTINGS.hold_s):
    """Arm, hold and take over; return the reason of a refusal, "" for none."""
    act = {"act": "handover_take", "about": id}
    status, armed = tablet.post("/api/arm_act", act)
    if status != 200:
        return armed["reason"]
    cell.later_s += held_s
    body = {**act, "challenge": armed["challenge"], "pin": ""}
    return tablet.post("/api/act", body)[1]["reason"]


@pytest.mark.req("S4")
def test_who_comes_reads_every_item_and_takes_over_by_a_hold(cell):
    an, bo = signed_in(cell, "an"), signed_in(cell, "bo")
    Tablet(cell).post("/api/andon/call", MATERIAL)
    id = write(an)
    assert last(cell)["items"] == [["text", TEXT], ["call", "material", "1", "called"]]
    assert take(cell, bo, id) == "handover_unread"
    assert read(bo, id, 0) == read(bo, id, 1) == ""
    assert take(cell, bo, id, held_s=0.0) == "held_too_short"
    assert last(cell)["phase"] == "written"
    cell.audited.clear()
    assert take(cell, bo, id) == ""
    assert (last(cell)["phase"], last(cell)["taken_by"]) == ("taken", "bo")
    told = [(kind, one["operator"]) for kind, one in cell.audited]
    assert told == [("armed", "bo"), ("handover_take", "bo")]
    assert take(cell, bo, id) == "handover_unknown"


def test_nobody_who_is_not_signed_in_writes_reads_or_takes(cell):
    id = write(signed_in(cell, "an"))
    for tablet in (Tablet(cell), Tablet(cell).pair()):
        for path, body in (
            ("handover/write", {"text": "x"}), ("handover/read", {"id": id, "item": 0}),
            ("handover/withdraw", {"id": id}), ("arm_act", {"act": "handover_take", "about": id}),
        ):  # fmt: skip
            status, reply = tablet.post(f"/api/{path}", body)
            assert (status, reply["reason"]) == (409, "not_signed_in")


def test_who_wrote_it_cannot_take_it_but_may_withdraw_it(cell):
    an, bo = signed_in(cell, "an"), signed_in(cell, "bo")
    id = write(an, "")
    assert last(cell)["items"] == [["nothing"]]
    assert read(an, id, 0) == take(cell, an, id) == "handover_own"
    assert an.post("/api/handover/write", {"text": ""})[1]["reason"] == "handover_waits"
    assert bo.post("/api/handover/withdraw", {"id": id})[1]["reason"] == "handover_not_yours"
    assert an.post("/api/handover/withdraw", {"id": id})[0] == 200
    assert last(cell)["phase"] == "withdrawn"
    assert write(bo) != id


def test_what_another_has_read_does_not_count(cell):
    bo, cy = signed_in(cell, "bo"), signed_in(cell, "cy")
    id = write(signed_in(cell, "an"))
    assert read(bo, id, 0) == ""
    assert take(cell, cy, id) == "handover_unread"


def test_a_locked_page_takes_nothing_over(cell):
    bo = signed_in(cell, "bo")
    id = write(signed_in(cell, "an"))
    assert read(bo, id, 0) == ""
    cell.later_s += SETTINGS.idle_lock_s + 1.0
    assert take(cell, bo, id) == "session_locked"


def test_where_the_audit_trail_cannot_be_written_nothing_is_taken_over(cell):
    bo = signed_in(cell, "bo")
    id = write(signed_in(cell, "an"))
    assert read(bo, id, 0) == ""
    cell.disk_full = True
    assert take(cell, bo, id) == "no_audit"
    assert last(cell)["phase"] == "written"


def test_a_held_run_is_handed_over_with_its_reason(cell):
    cell.server._backend.state["task"] = HELD
    wait_for(lambda: shown(cell)["opened"][-1][0] == "held")
    write(signed_in(cell, "an"))
    assert last(cell)["items"][-1] == ["held", "timed_out", "step.hand"]


@pytest.mark.parametrize("text", ["x" * 1001, "a\x00b", 3])
def test_a_text_that_is_too_long_or_no_text_is_refused(cell, text):
    assert signed_in(cell, "an").post("/api/handover/write", {"text": text})[0] == 400


@pytest.mark.req("S4")
def test_who_wrote_in_zawgyi_is_told_and_the_text_is_kept_as_typed(cell):
    an = signed_in(cell, "an")
    status, reply = an.post("/api/handover/write", {"text": ZAWGYI})
    assert (status, reply["hint"]) == (200, "zawgyi")
    assert shown(cell)["handover"]["last"]["items"][0] == ["text", ZAWGYI]


def test_a_handover_outlives_the_page_with_all_that_was_read(tmp_path):
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        people_of(one)
        id = write(signed_in(one, "an"))
        assert read(signed_in(one, "bo"), id, 0) == ""
    with (tmp_path / "handover.jsonl").open("ab") as file:
        file.write(b"00000000 {}\n12345678 {torn")
    with opened(ScriptedCell(), training=False, keep=tmp_path) as again:
        assert (last(again)["id"], last(again)["read"]) == (id, [0])
        assert shown(again)["handover"]["damaged"] == 1
        people_of(again)
        assert take(again, signed_in(again, "bo"), id) == ""


def test_a_record_that_is_no_handover_is_counted_as_damage(tmp_path):
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        one.books.handover.append({"id": "x"})
    with opened(ScriptedCell(), training=False, keep=tmp_path) as again:
        assert shown(again)["handover"] == {"last": None, "damaged": 1}


@pytest.mark.req("S4")
def test_a_full_disk_refuses_with_a_reason_and_shows_nothing_as_taken(cell, monkeypatch):
    def full(record):
        raise OSError(errno.ENOSPC, "no space left")

    an, bo = signed_in(cell, "an"), signed_in(cell, "bo")
    id = write(an)
    assert read(bo, id, 0) == ""
    monkeypatch.setattr(cell.books.handover, "append", full)
    assert take(cell, bo, id) == "not_kept"
    assert last(cell)["phase"] == "written"


# In a browser. Who trains plays both people.


def test_a_shift_goes_over_from_one_tablet_to_another(page, browser):
    other = browser.new_context(viewport={"width": 800, "height": 1280})
    second = Shown(page.cell, page.url, page.end_server, other.new_page()).open()
    page.wait(f'.shift .drawer:has-text("{ENGLISH["handover.title"]}")').click()
    page.page.fill(".shift textarea", TEXT)
    page.wait(f'.shift .act:has-text("{ENGLISH["handover.give"]}")').click()
    second.wait('.shift.waits li:has-text("Box 3 is short.")')
    second.wait(f'.shift.waits .told:has-text("{ENGLISH["refusal.handover_unread"]}")')
    assert second.page.locator(".shift.waits .arm").is_disabled()
    second.wait(".shift.waits .items button").click()
    second.wait(".shift.waits .arm:enabled").click()
    hold = second.wait(".shift.waits .hold:enabled")
    hold.scroll_into_view_if_needed()
    box = hold.bounding_box()
    second.press_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for one in (second, page):
        one.wait(".shift.waits", state="detached")
        assert one.mistakes == []
    page.wait('.shift .facts:has-text("taken over by training")')
    other.close()


def test_keys_alone_take_a_shift_over_and_a_broken_hold_does_not(page):
    keyboard = page.page.keyboard
    page.wait(".shift .drawer").click()
    page.wait(f'.shift .act:has-text("{ENGLISH["handover.give"]}")').focus()
    keyboard.press("Enter")
    page.wait(".shift.waits .items button").focus()
    keyboard.press("Enter")

    def hold_for(time_ms):
        page.wait(".shift.waits .arm:enabled").focus()
        keyboard.press("Enter")
        page.wait(".shift.waits .hold:enabled").focus()
        keyboard.down(" ")
        page.page.wait_for_timeout(time_ms)
        keyboard.up(" ")

    hold_for(HOLD_MS / 3)
    page.wait(f'.shift.waits .told:has-text("{ENGLISH["answer.canceled"]}")')
    hold_for(1.5 * HOLD_MS)
    page.wait(".shift.waits", state="detached")


@pytest.mark.parametrize("language", ["en", "vi"])
def test_its_controls_are_large_at_every_size(shown, language):
    shown.page.add_init_script(f"localStorage.setItem('language', '{language}')")
    page = shown.open()
    page.wait(".shift .drawer").click()
    page.wait(".shift .act.other").click()
    page.wait(".shift.waits")
    for width, height in (LANDSCAPE, PORTRAIT, PHONE):
        page.page.set_viewport_size({"width": width, "height": height})
        for one in page.page.locator(".shift.waits button").all():
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= CONTROL_PX
            assert box["x"] + box["width"] <= width
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
