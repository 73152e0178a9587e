"""Calling a person, in a real browser: one tap, seen on every tablet, reached by keys alone."""

import pytest

from panel.browser import ENGLISH, LANDSCAPE, PHONE, PORTRAIT, WITHIN_MS, Shown
from panel.scripted import STATE
from panel.test_page import gap
from panel.test_reach import UNCOVERED

CALL_PX, CONTROL_PX, GAP_PX = 126, 94, 10
KINDS = ("material", "quality", "machine", "help")
SIZES = (LANDSCAPE, PORTRAIT, PHONE)


def button(kind):
    return f'.call-button:has-text("{ENGLISH[f"andon.{kind}"]}")'


@pytest.fixture
def second(shown, browser):
    """A second tablet at the same cell."""
    context = browser.new_context(viewport={"width": 800, "height": 1280})
    yield Shown(shown.cell, shown.url, shown.end_server, context.new_page()).open()
    context.close()


def test_a_call_goes_from_tap_to_resolved_on_two_tablets(page, second):
    page.wait(button("material")).click()
    second.wait(f'.open-call.yellow:has-text("{ENGLISH["andon.nobody_yet"]}")')
    second.wait(f'.call-acts button:has-text("{ENGLISH["andon.take"]}")').click()
    page.wait(f'.open-call:has-text("{ENGLISH["andon.taken_by"].format(who="training")}")')
    page.wait(f'.call-acts button:has-text("{ENGLISH["andon.resolve"]}")').click()
    for one in (page, second):
        one.wait(".open-call", state="detached")
        assert one.mistakes == []
    page.wait(f'.days .drawer:has-text("{ENGLISH["andon.days"]}")').click()
    page.wait('.days td:has-text("1") >> visible=true')
    assert "training" not in page.page.inner_text(".days")


def test_an_urgent_call_is_told_by_word_and_shape_and_not_by_colour_alone(page):
    page.wait(button("help")).click()
    page.wait(".open-call.yellow .to-urgent").click()
    page.wait(f'.open-call.red .urgent:has-text("{ENGLISH["andon.red"]}")')
    assert page.page.locator(".open-call.red svg.icon-help").count() == 1
    page.wait(f'{button("help")} >> text="{ENGLISH["andon.urgent"]}"')
    assert page.page.locator(".open-call .to-urgent").count() == 0


def test_a_call_that_is_late_says_who_is_needed_to_everybody(shown):
    page = shown.open()
    page.page.route_web_socket("**/ws", lambda one: late(one))
    page.page.reload()
    page.wait(button("machine")).click()
    page.wait(f'.escalated[role="alert"]:has-text("{ENGLISH["andon.escalated_2"]}")')
    page.wait(f"{button('machine')} .icon-caution")


def late(socket):
    server = socket.connect_to_server()
    server.on_message(lambda text: socket.send(text.replace('"escalation":0', '"escalation":2')))


def test_keys_alone_call_take_and_resolve(page):
    keyboard = page.page.keyboard
    page.page.locator(button("quality")).focus()
    keyboard.press("Enter")
    for key in ("andon.take", "andon.resolve"):
        page.wait(f'.call-acts button:has-text("{ENGLISH[key]}")').focus()
        keyboard.press("Space")
    page.wait(".open-call", state="detached")


def test_a_call_can_be_made_while_the_monitor_is_silent(page):
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": 9.0}
    page.wait(f".lost {button('help')}").click()
    page.wait(f".lost {button('help')}.yellow")
    page.end_server()
    page.wait(".lost .call", state="detached")


def test_a_call_that_nobody_heard_is_told_as_not_known(page):
    page.page.route("**/api/andon/call", lambda route: route.abort())
    page.wait(button("help")).click()
    page.wait(f'.call .told:has-text("{ENGLISH["andon.unsure"]}")')
    assert page.page.locator(".open-call").count() == 0


@pytest.mark.parametrize("language", ["en", "vi", "my"])
def test_calls_are_large_and_nothing_lies_over_them(shown, language):
    shown.page.add_init_script(f"localStorage.setItem('language', '{language}')")
    page = shown.open()
    page.wait(".call-button").click()
    for width, height in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        page.wait(".open-call")
        boxes = [one.bounding_box() for one in page.page.locator(".call-button").all()]
        assert len(boxes) == len(KINDS)
        assert all(min(box["width"], box["height"]) >= CALL_PX for box in boxes)
        assert all(gap(a, b) >= GAP_PX for a in boxes for b in boxes if a is not b)
        for one in page.page.locator(".call-acts button").all():
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= CONTROL_PX
            one.scroll_into_view_if_needed(timeout=WITHIN_MS)
            assert one.is_enabled()
        if (width, height) == LANDSCAPE:  # always in sight there
            assert all(one.evaluate(UNCOVERED) for one in page.page.locator(".call-button").all())
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
