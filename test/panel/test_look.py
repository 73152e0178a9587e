"""How the page looks on a tablet: chosen there, kept there; controls of a true size."""

import itertools
import json

import pytest

from panel.browser import ENGLISH, LANDSCAPE, PORTRAIT
from panel.test_page import gap
from panel.test_reach import UNCOVERED

ACT_PX, BETWEEN_PX, APART_PX = 126, 16, 48
ACT_MM, CARD_MM, CARD_UPRIGHT_MM = 20, 85.6, 53.98
GLOVE = 1.25
SMALL_PHONE = (360, 740)
ROUNDED_PX = 0.1


def theme(page):
    return page.page.get_attribute("html", "data-theme")


def kept(page):
    return json.loads(page.page.evaluate("localStorage.getItem('look')"))


def open_display(page):
    page.page.locator(".to-display:visible").click()
    page.wait(".display")


def test_the_page_is_light_until_somebody_chooses_and_the_tablet_keeps_it(page):
    page.page.emulate_media(color_scheme="dark")
    assert theme(page) == "light", "whatever the tablet is set to"
    open_display(page)
    page.wait(f'.display button:has-text("{ENGLISH["display.dark"]}")').click()
    page.wait('html[data-theme="dark"]')
    page.page.reload()
    page.wait(".status")
    assert theme(page) == "dark"
    ground = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"
    assert max(page.page.evaluate(ground)) < 40


def test_set_to_automatic_the_page_follows_the_tablet_at_once(page):
    open_display(page)
    page.wait(f'.display button:has-text("{ENGLISH["display.automatic"]}")').click()
    for scheme in ("dark", "light"):
        page.page.emulate_media(color_scheme=scheme)
        page.wait(f'html[data-theme="{scheme}"]')


def test_a_dark_page_is_dark_before_anything_is_shown(shown):
    shown.page.add_init_script("localStorage.setItem('look', '{\"theme\": \"dark\"}')")
    shown.page.route("**/static/main.js", lambda route: route.abort())
    shown.page.goto(shown.url)
    shown.wait('html[data-theme="dark"]')


def test_what_is_kept_and_makes_no_sense_counts_as_nothing_kept(page):
    for nonsense in (
        "", "{", "null", "7", '{"theme": "pink", "glove": "yes", "dots_per_mm": "6"}',
        '{"dots_per_mm": 0}', '{"dots_per_mm": -3}', '{"dots_per_mm": 1e9}',
    ):  # fmt: skip
        page.page.evaluate("one => localStorage.setItem('look', one)", nonsense)
        page.page.reload()
        page.wait(".act.arm")
        assert theme(page) == "light"
        assert page.page.locator("html[data-glove]").count() == 0
        assert page.box(".stop-request")["height"] == ACT_PX


@pytest.mark.parametrize(
    ("size", "card_mm"), [(LANDSCAPE, CARD_MM), (SMALL_PHONE, CARD_UPRIGHT_MM)]
)
def test_matched_with_a_card_what_matters_to_safety_is_20_mm(page, size, card_mm):
    page.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    open_display(page)
    page.page.locator(".display .measure").click()
    page.wait(f'.told:has-text("{ENGLISH["display.unmeasured"]}")')
    slide = page.page.locator(".wider input")
    slide.fill(slide.get_attribute("max") if size == SMALL_PHONE else "641")
    if size == LANDSCAPE:
        page.page.get_by_label(ENGLISH["display.wider"]).click()  # no need to drag
    page.page.locator(".display .measured").click()
    page.wait(".display .forget")
    px_per_mm = page.box(".ruler svg")["width"] / card_mm
    if size == LANDSCAPE:
        assert px_per_mm == pytest.approx(642 / CARD_MM)
    assert px_per_mm * ACT_MM > ACT_PX
    for selector in (".stop-request", ".act.arm", ".act.hold", ".act.other"):
        box = page.box(selector)
        assert min(box["width"], box["height"]) >= ACT_MM * px_per_mm - ROUNDED_PX, selector
    assert page.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.page.locator(".display .forget").click()
    page.wait(".display .forget", state="detached")
    assert page.box(".stop-request")["height"] == ACT_PX


def test_a_coarse_screen_makes_nothing_smaller_and_a_page_enlarged_by_the_browser_stays_true(shown):
    """As a browser enlarges a page, a pixel of the page gets more dots of the screen."""
    for dots_per_mm, dots_per_px, expected in (
        (2.0, 1.0, ACT_PX),
        (15.0, 2.0, 150),
        (15.0, 1.5, 200),
    ):
        context = shown.page.context.browser.new_context(device_scale_factor=dots_per_px)
        one = context.new_page()
        one.add_init_script(f"localStorage.setItem('look', '{{\"dots_per_mm\": {dots_per_mm}}}')")
        one.goto(shown.url)
        box = one.wait_for_selector(".stop-request").bounding_box()
        assert box["height"] == pytest.approx(expected, abs=ROUNDED_PX)
        context.close()


def test_keys_alone_choose_and_escape_gives_the_focus_back(page):
    page.page.locator(".to-display:visible").focus()
    page.page.keyboard.press("Enter")
    page.wait(".display:focus")
    page.page.locator(".display .glove").focus()
    page.page.keyboard.press("Enter")
    page.wait("html[data-glove]")
    assert kept(page)["glove"] is True
    page.page.keyboard.press("Escape")
    page.wait(".display", state="detached")
    assert page.page.evaluate("document.activeElement.className") == "to-display"
    assert page.mistakes == []


def test_while_the_drawer_is_open_the_question_and_the_stop_request_are_at_hand(page):
    for size in (LANDSCAPE, PORTRAIT, SMALL_PHONE):
        page.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        open_display(page)
        assert page.page.locator(".stop-request").evaluate(UNCOVERED), size
        page.page.locator(".to-display").first.evaluate("one => one.click()")
        page.wait(".display", state="detached")


def test_signing_in_lies_over_the_drawer_and_opening_the_drawer_ends_it(page):
    open_display(page)
    page.page.locator(".who").click()
    page.wait(".people")
    assert page.page.locator(".doors .close").last.evaluate(UNCOVERED)
    page.page.locator(".doors .close").last.click()
    page.wait(".people", state="detached")
    assert page.page.locator(".display .close").evaluate(UNCOVERED)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, SMALL_PHONE])
def test_with_gloves_what_confirms_and_what_refuses_are_farther_apart(page, size):
    page.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.page.evaluate("import('/static/look.js').then(one => one.keep({glove: true}))")
    page.wait("html[data-glove]")
    inside = [one.bounding_box() for one in page.page.locator(".question button").all()]
    assert all(gap(a, b) >= BETWEEN_PX * GLOVE for a, b in itertools.combinations(inside, 2))
    for selector in (".act.arm", ".act.hold"):
        assert gap(page.box(selector), page.box(".act.other")) >= APART_PX * GLOVE
    if size != SMALL_PHONE:
        for one in page.page.locator(".question button").all():
            assert one.evaluate(UNCOVERED), "without shifting anything"


def test_on_a_wall_the_words_grow_with_the_screen(page):
    heading = "parseFloat(getComputedStyle(document.querySelector('.status h2')).fontSize)"
    sizes = []
    for size in ((1280, 800), (1920, 1080), (3840, 2160), (2160, 3840)):
        page.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
        sizes.append(page.page.evaluate(heading))
        for selector in (".status h2", ".question h2", ".stop-request", ".call-button"):
            assert page.page.locator(selector).first.evaluate(UNCOVERED), (size, selector)
        assert page.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert sizes[1] == pytest.approx(sizes[0] * 1080 / 800)
    assert sizes[2] == pytest.approx(2 * sizes[1])
    assert sizes[3] == pytest.approx(sizes[2])
