"""Notes on how the work could be better: rights over real HTTP, what is kept, a browser story."""

import asyncio
import base64
import errno
import io

import aiohttp
import pytest

from hrc_cell.adapters.panel.photo import SIZE_MAX
from hrc_cell.core.access import Role
from panel.browser import ENGLISH, LANDSCAPE, PHONE, PORTRAIT
from panel.scripted import ScriptedCell, opened
from panel.test_access_server import PIN, Tablet
from panel.test_andon import shown, signed_in
from panel.test_photo import DRAW, SECRET, chunk

NOTE = {"text": "Hang the box\nlower.", "place": "0.500,-0.250", "photo": ""}
CONTROL_PX = 94


def png(*more):
    header = chunk(b"IHDR", b"\0\0\0\x01\0\0\0\x01\x08\0\0\0\0")
    pixel = chunk(b"IDAT", b"x\x9cc`\0\0\0\x02\0\x01")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + pixel + chunk(b"IEND", b"")


@pytest.fixture
def cell(tmp_path):
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        one.access.people.add("an", Role.OPERATOR, "en", PIN)
        yield one


def notes(cell):
    return shown(cell)["kaizen"]["notes"]


def raw(tablet, method, path, data=None):
    """Send bytes, and return status and body."""

    async def go():
        async with (
            aiohttp.ClientSession(cookies=tablet.cookies) as session,
            session.request(method, tablet.url + path, data=data) as reply,
        ):
            body = await reply.read()
            return reply.status, reply.content_type, body

    return asyncio.run(go())


def upload(tablet, data):
    async def go():
        async with (
            aiohttp.ClientSession(cookies=tablet.cookies) as session,
            session.post(tablet.url + "/api/kaizen/photo", data=io.BytesIO(data)) as reply,
        ):
            return reply.status, await reply.json()

    return asyncio.run(go())


def test_a_note_is_written_done_and_opened_again_by_whoever_is_signed_in(cell):
    an = signed_in(cell, "an")
    status, reply = an.post("/api/kaizen/write", NOTE)
    assert status == 200, reply
    [note] = notes(cell)
    assert (note["text"], note["place_m"], note["phase"]) == (NOTE["text"], [0.5, -0.25], "open")
    assert "an" not in note.values(), "no name"
    assert ["notes", "1"] in shown(cell)["opened"], "and the next shift hears of it"
    of = {"id": note["id"]}
    assert an.post("/api/kaizen/finish", of)[0] == 200
    assert an.post("/api/kaizen/finish", of)[1]["reason"] == "kaizen_already"
    assert notes(cell)[0]["phase"] == "done"
    assert an.post("/api/kaizen/reopen", of)[0] == 200
    assert an.post("/api/kaizen/finish", {"id": "x"})[1]["reason"] == "kaizen_unknown"


def test_nobody_who_is_not_signed_in_writes_finishes_or_sends_a_photo(cell):
    signed_in(cell, "an").post("/api/kaizen/write", NOTE)
    for one in (Tablet(cell), Tablet(cell).pair()):
        assert one.post("/api/kaizen/write", NOTE)[1]["reason"] == "not_signed_in"
        of = {"id": notes(cell)[0]["id"]}
        assert one.post("/api/kaizen/finish", of)[1]["reason"] == "not_signed_in"
        status, reply = upload(one, png())
        assert (status, reply["reason"]) == (403, "not_signed_in")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"text": " "}, "kaizen_empty"), ({"place": "99,0"}, "kaizen_place"),
        ({"place": "nan,0"}, "kaizen_place"), ({"photo": "a.png"}, "no_such_photo"),
        ({"place": "1"}, "field: place"), ({"place": "a,b"}, "field: place"),
    ],
)  # fmt: skip
def test_what_is_no_note_is_refused_with_a_reason(cell, body, reason):
    an = signed_in(cell, "an")
    assert an.post("/api/kaizen/write", {**NOTE, **body})[1]["reason"] == reason
    assert notes(cell) == []


# Photos.


def test_a_photo_is_kept_without_what_the_camera_wrote_beside_it(cell):
    an = signed_in(cell, "an")
    name = upload(an, png(chunk(b"eXIf", SECRET), chunk(b"tEXt", SECRET)))[1]["photo"]
    assert raw(an, "GET", f"/api/kaizen/photo/{name}")[0] == 404, "without a note it is not shown"
    assert an.post("/api/kaizen/write", {**NOTE, "photo": name})[0] == 200
    assert raw(Tablet(cell), "GET", f"/api/kaizen/photo/{name}") == (200, "image/png", png())
    assert (cell.photos.folder / name).read_bytes() == png()
    said = an.post("/api/kaizen/write", {**NOTE, "photo": name})[1]["reason"]
    assert said == "no_such_photo", "it belongs to one note"


def test_a_photo_that_is_gone_is_told_as_gone(cell):
    an = signed_in(cell, "an")
    name = upload(an, png())[1]["photo"]
    an.post("/api/kaizen/write", {**NOTE, "photo": name})
    (cell.photos.folder / name).unlink()
    assert raw(an, "GET", f"/api/kaizen/photo/{name}")[0] == 404
    assert raw(an, "GET", "/api/kaizen/photo/..%2fpeople.json")[0] == 404


@pytest.mark.parametrize(
    ("data", "status", "reason"),
    [
        (b"GIF89a", 415, "photo_kind"), (b"<svg/>", 415, "photo_kind"),
        (png()[:-3], 415, "photo_damaged"), (png() + b"\0" * SIZE_MAX, 413, "photo_too_large"),
    ],
)  # fmt: skip
def test_what_is_no_photo_or_too_large_is_refused(cell, data, status, reason):
    said, reply = upload(signed_in(cell, "an"), data)
    assert (said, reply["reason"]) == (status, reason)


def test_photos_that_wait_for_their_note_are_few(cell):
    an = signed_in(cell, "an")
    first = upload(an, png())[1]["photo"]
    second = upload(an, png())[1]["photo"]
    assert an.post("/api/kaizen/write", {**NOTE, "photo": first})[1]["reason"] == "no_such_photo"
    assert an.post("/api/kaizen/write", {**NOTE, "photo": second})[0] == 200


# Kept.


@pytest.mark.req("S4")
def test_notes_outlive_the_page_and_damage_is_counted(tmp_path):
    with opened(ScriptedCell(), training=False, keep=tmp_path) as one:
        one.access.people.add("an", Role.OPERATOR, "en", PIN)
        an = signed_in(one, "an")
        name = upload(an, png())[1]["photo"]
        an.post("/api/kaizen/write", {**NOTE, "photo": name})
        one.books.kaizen.append({"id": "x"})
    with opened(ScriptedCell(), training=False, keep=tmp_path) as again:
        [note] = notes(again)
        assert (note["text"], note["photo"]) == (NOTE["text"], name)
        assert shown(again)["kaizen"]["damaged"] == 1
        assert raw(Tablet(again), "GET", f"/api/kaizen/photo/{name}")[2] == png()


@pytest.mark.req("S4")
@pytest.mark.parametrize("what", ["book", "photo"])
def test_a_full_disk_refuses_with_a_reason_and_shows_no_note(cell, monkeypatch, what):
    def full(*_):
        raise OSError(errno.ENOSPC, "no space left")

    an = signed_in(cell, "an")
    name = upload(an, png())[1]["photo"]
    if what == "book":
        monkeypatch.setattr(cell.books.kaizen, "append", full)
    else:
        monkeypatch.setattr("hrc_cell.adapters.record.photos.write_at", full)
    status, reply = an.post("/api/kaizen/write", {**NOTE, "photo": name})
    assert (status, reply["reason"], notes(cell)) == (409, "not_kept", [])
    assert not list(cell.photos.folder.glob("*.part"))


# In a browser.


def test_a_note_with_place_and_photo_is_written_seen_and_done(page, tmp_path):
    photo = tmp_path / "photo.png"
    photo.write_bytes(base64.b64decode(page.page.evaluate(DRAW, "png")))
    page.wait(".kaizen .drawer").click()
    page.wait(".kaizen textarea").fill("Hang the box lower.")
    page.page.set_input_files(".kaizen input", photo)
    page.wait(f'.kaizen .file:has-text("{ENGLISH["kaizen.photo_there"]}")')
    page.wait(f'.note-acts button:has-text("{ENGLISH["kaizen.place"]}")').click()
    page.wait(".picking .plan").click()
    page.wait(".marks .new", state="attached")
    page.wait(f'.note-acts button:has-text("{ENGLISH["kaizen.give"]}")').click()
    page.wait('.notes li:has-text("Hang the box lower.")')
    page.wait(".marks path", state="attached")
    page.wait(f'.notes button:has-text("{ENGLISH["kaizen.show"]}")').click()
    page.until("document.querySelector('.photo')?.naturalWidth > 0")
    page.wait(f'.notes button:has-text("{ENGLISH["kaizen.finish"]}")').click()
    page.wait(f'.notes li.read button:has-text("{ENGLISH["kaizen.reopen"]}")')
    page.wait(".marks path", state="detached")
    assert page.mistakes == []


def test_keys_alone_write_a_note_and_mark_its_place(page):
    keyboard = page.page.keyboard
    page.page.locator(".kaizen .drawer").focus()
    keyboard.press("Enter")
    page.wait(".kaizen textarea").focus()
    keyboard.type("More light here.")
    page.page.locator(".note-acts button").first.focus()
    keyboard.press("Enter")
    page.wait(".picking .plan").focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        keyboard.press(key)
    page.wait(".picking", state="detached")
    x, y = page.cell.facts["handover"]
    page.wait(f'.note-acts button:has-text("{x - 0.1:.2f} m, {y + 0.1:.2f} m")')
    page.page.locator(".note-acts button").last.focus()
    keyboard.press("Enter")
    page.wait('.notes li:has-text("More light here.")')


@pytest.mark.parametrize("language", ["en", "vi"])
def test_controls_of_notes_are_large_at_every_size(shown, language):
    shown.page.add_init_script(f"localStorage.setItem('language', '{language}')")
    page = shown.open()
    page.wait(".kaizen .drawer").click()
    page.wait(".kaizen textarea").fill("x")
    page.page.locator(".note-acts button").last.click()
    page.wait(".notes li")
    for width, height in (LANDSCAPE, PORTRAIT, PHONE):
        page.page.set_viewport_size({"width": width, "height": height})
        for one in page.page.locator(".note-acts button, .file, .notes button").all():
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= CONTROL_PX
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
