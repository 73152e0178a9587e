"""Signing in, the lock and the roles, in a real browser; a stop request needs none of it."""

import pytest

from hrc_cell.core.access import Role
from panel.browser import ENGLISH, LANDSCAPE, PHONE, PORTRAIT, VIETNAMESE, Shown
from panel.scripted import QUESTION, SETTINGS, STATE, ScriptedCell, opened

PIN, OTHER = "274918", "503162"
KEY_PX = 94


@pytest.fixture
def real(browser):
    """A page of a cell where nobody is signed in by itself, on a tablet that was let in."""
    backend = ScriptedCell()
    with opened(backend, training=False) as cell:
        cell.access.people.add("an", Role.SUPERVISOR, "en", PIN)
        cell.access.people.add("bo", Role.OPERATOR, "vi", PIN)
        cell.access.people.add("cy", Role.SUPERVISOR, "en", OTHER)
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), LANDSCAPE, strict=True)), has_touch=True
        )
        page = Shown(backend, cell.url, cell.end, context.new_page())
        page.served = cell
        yield page
        context.close()


@pytest.fixture
def page(real):
    real.page.goto(f"{real.url}#pair={real.served.access.devices.new_code('test')}")
    real.wait(f'.doors .told:has-text("{ENGLISH["access.paired"]}")')
    real.page.locator(".doors .close").click()
    return real


def pick(page, alias):
    page.page.locator(".who").click()
    page.wait(f'.people button:has-text("{alias}")').click()
    page.wait(".pad")


def tap_pin(page, pin):
    for digit in pin:
        page.page.locator(f'.pad button:text-is("{digit}")').click()


def sign_in(page, alias, pin=PIN):
    pick(page, alias)
    tap_pin(page, pin)
    page.wait(".doors", state="detached")
    page.wait(f'.who:has-text("{alias}")')


def answers(page):
    return [body for kind, body in page.cell.acts if kind == "answer"]


def test_who_is_let_in_signs_in_with_keys_on_the_screen_and_confirms(page):
    page.wait(f'.who:has-text("{ENGLISH["role.viewer"]}")')
    sign_in(page, "an")
    assert ENGLISH["role.supervisor"] in page.page.inner_text(".who")
    page.press_at(*page.arm())
    page.told("answer.confirmed")
    page.page.mouse.up()
    [body] = answers(page)
    assert (body["operator"], body["device"][:7]) == ("an", "tablet-")
    assert "pair" not in page.page.url, "the code is not left in the address"


def test_with_the_keyboard_alone(page):
    page.page.locator(".who").focus()
    page.page.keyboard.press("Enter")
    page.wait('.people button:has-text("an")').focus()
    page.page.keyboard.press("Enter")
    page.wait(".pad")
    page.page.keyboard.type("99")
    page.page.keyboard.press("Backspace")
    page.page.keyboard.press("Backspace")
    page.page.keyboard.type(PIN)
    page.wait(".doors", state="detached")
    page.wait('.who:has-text("an")')
    assert page.page.evaluate("document.activeElement.matches('.who')"), "the focus comes back"
    page.page.keyboard.press("Enter")
    page.wait(".doors")
    page.page.keyboard.press("Escape")
    page.wait(".doors", state="detached")


def test_signed_out_everything_is_seen_a_stop_is_asked_for_and_nothing_else(real):
    """Also on a tablet that was not let in."""
    page = real.open()
    page.wait(".act.arm:disabled")
    page.told("refusal.not_signed_in")
    page.wait(f'.needs:has-text("{ENGLISH["role.operator"]}")')
    assert page.page.locator(".act.other").first.is_disabled()
    page.page.locator(".stop-request").click()
    page.wait(f'.stop-row .told:has-text("{ENGLISH["stop.received"]}")')
    assert page.cell.acts == [("stop", {"device": "", "operator": ""})]
    page.page.locator(".to-sign-in").click()
    page.wait(f'.doors:has-text("{ENGLISH["access.not_paired"]}")')
    page.page.locator(".code input").fill("WRONGONE")
    page.page.locator(".code button").click()
    page.wait(f'.doors .told:has-text("{ENGLISH["refusal.pairing_code_unknown"]}")')
    page.page.locator(".code input").fill(page.served.access.devices.new_code("test").lower())
    page.page.locator(".code button").click()
    page.wait(".doors", state="detached")
    page.page.locator(".who").click()
    page.wait('.people button:has-text("bo")')


def test_a_wrong_pin_is_told_and_after_five_how_long_to_wait_while_a_stop_works(page):
    pick(page, "an")
    for _ in range(5):
        with page.page.expect_response("**/api/sign_in"):
            tap_pin(page, OTHER)
    page.wait(f'.doors .told:has-text("{ENGLISH["refusal.wrong_pin"]}")')
    tap_pin(page, PIN)
    waited = ENGLISH["refusal.locked_out"].format(seconds="#").partition("#")[0]
    page.wait(f'.doors .told:has-text("{waited.strip()}")')
    page.page.locator(".stop-request").click()
    page.wait(f'.stop-row .told:has-text("{ENGLISH["stop.received"]}")')
    page.served.later_s += 31.0
    tap_pin(page, PIN)
    page.wait('.who:has-text("an")')


@pytest.mark.req("S4")
def test_locked_the_view_and_the_question_stay_and_the_pin_opens_it(page):
    sign_in(page, "an")
    x, y = page.arm()
    page.served.later_s += SETTINGS.idle_lock_s + 1.0
    page.wait(".who.locked")
    page.wait(".act.hold:disabled")
    page.press_at(x, y)
    page.page.mouse.up()
    page.wait(f'.question:has-text("{ENGLISH["question.release_part"].split("{")[0][:20]}")')
    page.told("refusal.session_locked")
    page.cell.state["permit"] = {**STATE["permit"], "state": "free", "cause": ""}
    page.wait(".status.free")
    page.page.locator(".stop-request").click()
    page.wait(f'.stop-row .told:has-text("{ENGLISH["stop.received"]}")')
    page.cell.state["permit"] = STATE["permit"]
    page.page.locator(".to-sign-in").click()
    page.wait('.doors h2:has-text("an")')
    tap_pin(page, PIN)
    page.wait(".who:not(.locked)")
    page.press_at(*page.arm())
    page.told("answer.confirmed")
    page.page.mouse.up()
    assert [body["operator"] for body in answers(page)] == ["an"]


def test_a_hand_on_the_page_keeps_it_open(page):
    sign_in(page, "an")
    with page.page.expect_response("**/api/seen"):
        page.page.keyboard.press("Tab")
    page.page.keyboard.press("Tab")
    assert sum(url.endswith("/api/seen") for url in page.requests) == 1, "not at each touch"


def test_the_page_speaks_the_language_of_who_signs_in_and_one_tap_changes_it_there_too(page):
    pick(page, "bo")
    page.page.locator('header nav button[lang="vi"]').click()
    page.wait(f'.doors h2:has-text("{VIETNAMESE["access.pin_of"].format(alias="bo")}")')
    page.page.locator('header nav button[lang="en"]').click()
    page.wait(f'.doors h2:has-text("{ENGLISH["access.pin_of"].format(alias="bo")}")')
    tap_pin(page, PIN)
    page.wait(f'.who:has-text("{VIETNAMESE["role.operator"]}")')


def test_what_a_role_may_not_do_is_told_before_the_tap_and_the_pin_is_asked_where_needed(page):
    page.cell.state["task"] = {**STATE["task"], "question": {**QUESTION, "risk_class": 3}}
    sign_in(page, "bo")
    page.page.locator('header nav button[lang="en"]').click()
    page.told("refusal.role_too_low")
    page.wait(f'.needs:has-text("{ENGLISH["risk.c3"]}")')
    assert page.page.locator(".act.arm").is_disabled()
    sign_in(page, "an")
    page.wait(".act.arm:enabled").click()
    page.wait(f'.doors h2:has-text("{ENGLISH["access.pin_again"].format(alias="an")}")')
    tap_pin(page, PIN)
    page.wait(".act.hold:enabled")
    box = page.box(".act.hold")
    page.press_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.told("answer.confirmed")
    page.page.mouse.up()
    assert [body["operator"] for body in answers(page)] == ["an"]


@pytest.mark.req("S4")
def test_two_people_confirm_with_both_pins(page):
    page.cell.state["task"] = {**STATE["task"], "question": {**QUESTION, "risk_class": 4}}
    sign_in(page, "an")
    page.wait(".act.arm:enabled").click()
    page.wait(".pad")
    tap_pin(page, PIN)
    page.wait(f'.doors h2:has-text("{ENGLISH["access.second"]}")')
    assert page.page.locator('.people button:has-text("an")').count() == 0
    page.page.locator('.people button:has-text("cy")').click()
    page.wait('.doors h2:has-text("cy")')
    tap_pin(page, OTHER)
    page.wait(".act.hold:enabled")
    box = page.box(".act.hold")
    page.press_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.told("answer.confirmed")
    page.page.mouse.up()
    [noted] = [data for kind, data in page.served.audited if kind == "answer"]
    assert (noted["operator"], noted["second"]) == ("an", "cy")


def test_a_supervisor_has_the_page_show_a_code_and_lets_a_tablet_out_again(page):
    sign_in(page, "an")
    page.page.locator(".who").click()
    page.wait(".to-tablets").click()
    page.wait(f'.doors .needs:has-text("{ENGLISH["risk.c3"]}")')
    page.wait(f'.people button:has-text("{ENGLISH["access.pair"]}")').click()
    tap_pin(page, PIN)
    hold(page)
    page.wait(".qr path", state="attached")
    code = page.page.inner_text(".code-shown b")
    other, _ = page.served.access.devices.pair(code)
    page.page.locator(".doors .close").click()
    page.page.locator(".who").click()
    page.wait(".to-tablets").click()
    page.wait(f'.people button:has-text("{other.id}")').click()
    tap_pin(page, PIN)
    hold(page)
    page.wait(f'.people button:has-text("{ENGLISH["access.pair"]}")')
    assert other.id not in page.served.access.devices.all()
    assert page.page.locator(f'.people button:has-text("{other.id}")').count() == 0
    assert page.mistakes == []


def hold(page):
    page.wait(".doors .hold:enabled")
    box = page.box(".doors .hold")
    page.press_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait(".doors .hold", state="detached")
    page.page.mouse.up()


def test_signing_out_is_two_taps_and_the_question_stays(page):
    sign_in(page, "an")
    page.page.locator(".who").click()
    page.wait(".people .out").click()
    page.wait(f'.who:has-text("{ENGLISH["role.viewer"]}")')
    assert page.page.locator(".question.asked").is_visible()


def test_where_the_audit_trail_fails_the_page_says_so(page):
    sign_in(page, "an")
    page.served.disk_full = True
    page.wait(".act.arm:enabled").click()
    page.told("answer.refused", reason=ENGLISH["refusal.no_audit"])
    assert answers(page) == []


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, PHONE])
def test_keys_are_large_apart_and_in_sight_and_the_stop_request_is_never_covered(page, size):
    width, height = size
    page.page.set_viewport_size({"width": width, "height": height})
    who = page.box(".who")
    assert min(who["width"], who["height"]) >= KEY_PX
    pick(page, "an")
    for one in page.page.locator(".pad button, .doors .close").all():
        box = one.bounding_box()
        assert min(box["width"], box["height"]) >= KEY_PX
        assert box["x"] >= 0 and box["x"] + box["width"] <= width
        assert box["y"] >= 0 and box["y"] + box["height"] <= height
    doors, stop = page.box(".doors"), page.box(".stop-request")
    assert (
        stop["y"] >= doors["y"] + doors["height"]
        or stop["x"] >= doors["x"] + doors["width"]
        or stop["y"] + stop["height"] <= doors["y"]
    )
    page.page.locator(".stop-request").click()
    page.wait(f'.stop-row .told:has-text("{ENGLISH["stop.received"]}")')
    assert page.mistakes == []


def test_a_simulated_cell_says_that_it_signed_somebody_in_by_itself(browser):
    with opened(ScriptedCell()) as cell:
        context = browser.new_context()
        page = Shown(None, cell.url, cell.end, context.new_page()).open()
        page.wait(f'.who.training:has-text("{ENGLISH["access.training"]}")')
        context.close()
