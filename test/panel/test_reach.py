"""What a person's hands reach and eyes see: real fingers, keys alone, nothing hidden or covered."""

import pytest

from panel.browser import ENGLISH, HOLD_MS, LANDSCAPE, PORTRAIT
from panel.scripted import STATE

SMALL_PHONE = (412, 915)
STATES = ("latched", "ready", "standstill", "reduced", "free")
FIRST_LOAD_MAX_BYTES, FIRST_LOAD_MAX_REQUESTS = 150_000, 30
TABS_MAX = 20
UNCOVERED = """one => {
  const box = one.getBoundingClientRect();
  return [[0.5, 0.5], [0.5, 0.1], [0.5, 0.9], [0.1, 0.5], [0.9, 0.5]].every(([x, y]) => {
    const top = document.elementFromPoint(box.left + x * box.width, box.top + y * box.height);
    return one === top || one.contains(top);
  });
}"""


def answers(page):
    return [body["answer"] for kind, body in page.cell.acts if kind == "answer"]


class Fingers:
    """Real touches: the browser makes its own pointer events of them."""

    def __init__(self, page):
        self.session = page.page.context.new_cdp_session(page.page)

    def put(self, *points):
        self._send("touchStart", points)

    def slide(self, *points):
        self._send("touchMove", points)

    def lift(self):
        self._send("touchEnd", ())

    def _send(self, kind, points):
        touches = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})


@pytest.mark.req("S4")
def test_a_finger_that_stays_confirms_once(page):
    at, finger = page.arm(), Fingers(page)
    finger.put(at)
    page.told("answer.confirmed")
    finger.lift()
    assert answers(page) == ["confirm"]


@pytest.mark.req("S4")
@pytest.mark.parametrize("how", ["lift", "slide off", "second finger", "page hidden"])
def test_a_finger_that_does_not_stay_alone_confirms_nothing(page, how):
    (x, y), finger = page.arm(), Fingers(page)
    finger.put((x, y))
    page.page.wait_for_timeout(HOLD_MS / 3)
    if how == "lift":
        finger.lift()
    elif how == "slide off":
        finger.slide((x, y + 100))
    elif how == "second finger":
        finger.put((x, y), (x, y + 20))
    else:
        page.page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, configurable: true});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )
    page.told("answer.canceled")
    page.page.wait_for_timeout(HOLD_MS)
    assert answers(page) == []
    assert page.page.locator(".act.hold").is_disabled()


@pytest.mark.req("S4")
def test_nothing_takes_the_focus_and_tab_alone_leads_to_arming(page):
    page.wait(".act.arm:enabled")
    assert page.page.locator("[autofocus]").count() == 0
    assert page.page.evaluate("document.activeElement === document.body")
    page.page.keyboard.press("Enter")
    focused = "document.activeElement.matches('.act.arm')"
    for _ in range(TABS_MAX):
        page.page.keyboard.press("Tab")
        if page.page.evaluate(focused):
            break
    assert page.page.evaluate(focused)
    page.page.keyboard.press("Enter")
    page.wait(".act.hold:enabled")
    page.page.keyboard.press("Tab")
    page.page.keyboard.down(" ")
    page.told("answer.confirmed")
    page.page.keyboard.up(" ")
    assert answers(page) == ["confirm"]


@pytest.mark.parametrize("language", ["en", "vi", "my"])
def test_question_and_answers_are_in_sight_and_nothing_lies_over_them(shown, language):
    shown.page.add_init_script(f"localStorage.setItem('language', '{language}')")
    page = shown.open()
    for width, height in (LANDSCAPE, PORTRAIT, SMALL_PHONE):
        page.page.set_viewport_size({"width": width, "height": height})
        page.wait(".act.arm:enabled").click()
        page.wait(".act.hold:enabled")
        size = (width, height)
        for one in page.page.locator(".question h2, .question button, .stop-request").all():
            box = one.bounding_box()
            assert box["y"] >= 0, (size, one)
            assert box["y"] + box["height"] <= height, (size, one)
        for one in page.page.locator(".question button, .stop-request").all():
            assert one.evaluate(UNCOVERED), (size, one)
        page.page.reload()


def test_old_or_lost_the_stop_request_can_be_pressed_at_every_size(page):
    for width, height in (LANDSCAPE, PORTRAIT, SMALL_PHONE):
        page.page.set_viewport_size({"width": width, "height": height})
        for age_s, cover, control in ((2.0, ".hatch", "footer"), (9.0, ".lost", ".lost")):
            page.cell.state["ages"] = {**STATE["ages"], "permit_s": age_s}
            page.wait(cover)
            one = page.page.locator(f"{control} .stop-request")
            box = one.bounding_box()
            assert box["y"] >= 0
            assert box["y"] + box["height"] <= height
            assert one.evaluate(UNCOVERED), (width, height, cover)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT, SMALL_PHONE])
def test_the_sign_of_old_data_lies_over_no_words_and_controls_of_the_question(page, size):
    page.page.set_viewport_size(dict(zip(("width", "height"), size, strict=True)))
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": 2.0}
    page.wait(".hatch p")
    sign = page.box(".hatch p")
    for one in page.page.locator(".status h2, .question button, .question .told").all():
        box = one.bounding_box()
        beside = sign["x"] >= box["x"] + box["width"] or box["x"] >= sign["x"] + sign["width"]
        above = sign["y"] >= box["y"] + box["height"] or box["y"] >= sign["y"] + sign["height"]
        assert beside or above, one


def test_no_two_states_share_a_shape_or_a_word(page):
    shapes, words = set(), set()
    for state in STATES:
        page.cell.state["permit"] = {**STATE["permit"], "state": state}
        heading = page.wait(f'.status.{state} h2:has-text("{ENGLISH[f"state.{state}"]}")')
        shapes.add(heading.query_selector("svg").inner_html())
        words.add(heading.inner_text().strip())
    assert len(shapes) == len(words) == len(STATES)


@pytest.mark.parametrize("language", ["en", "th", "my"])
def test_the_first_load_is_small_as_the_browser_counts_it(shown, language):
    shown.page.add_init_script(f"localStorage.setItem('language', '{language}')")
    sizes = []
    shown.page.on("requestfinished", lambda one: sizes.append(one.sizes()["responseBodySize"]))
    page = shown.open()
    page.wait(".act.arm:enabled")
    page.until("document.fonts.ready.then(() => document.fonts.status === 'loaded')")
    assert 0 < sum(sizes) <= FIRST_LOAD_MAX_BYTES
    assert len(page.requests) <= FIRST_LOAD_MAX_REQUESTS
    assert len([url for url in page.requests if url.endswith("/api/about")]) == 1
