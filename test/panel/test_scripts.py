"""Scripts that a tablet may lack: their fonts come where they are shown, and nothing is clipped."""

import re

import pytest

from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.core.zawgyi import looks_like_zawgyi
from panel.browser import Shown
from panel.scripted import ScriptedCell, served

SIZES = ((360, 740), (1280, 800))
FONTS = {"th": "noto-sans-thai.woff2", "my": "noto-sans-burmese.woff2"}
OF_ALL = "noto-sans-myanmar.woff2"
"""Letters of the other languages of Myanmar, too."""
LEADING = {"vi": 1.5, "th": 1.5, "my": 1.7}
SHAN = "မႂ်ႇသုင်ၶႃႈ"
ZAWGYI = "\u1031\u1000\u102c\u1004\u1039\u1038\u1010\u101a\u1039"
READY = "document.fonts.ready.then(() => document.fonts.status)"
LEADINGS = """() => [...document.querySelectorAll("p, li, b, h1, h2, h3, label, button, textarea")]
  .filter((one) => one.offsetParent && one.textContent.trim() && !one.closest("nav"))
  .map((one) => [one, getComputedStyle(one)])
  .map(([one, { lineHeight, fontSize }]) =>
    [`${one.tagName}.${one.className}`, parseFloat(lineHeight) / parseFloat(fontSize)])"""
CLIPPED = """() => {
  const wrong = [];
  for (const one of document.querySelectorAll("button, h1, h2, h3, h4, .who span *")) {
    if (!one.offsetParent || !one.textContent.trim()) continue;
    const box = one.getBoundingClientRect();
    const words = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    let out = false;
    while (words.nextNode()) {
      const range = document.createRange();
      range.selectNodeContents(words.currentNode);
      out ||= [...range.getClientRects()].some((line) => line.left < box.left
        || line.right > box.right || line.top < box.top - 1 || line.bottom > box.bottom + 1);
    }
    const scrolls = one.scrollHeight > one.clientHeight || one.scrollWidth > one.clientWidth;
    if (out || scrolls) wrong.push(one.textContent);
  }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push("the page");
  return wrong;
}"""


@pytest.fixture(scope="module", params=["th", "my"])
def page(request, browser):
    """A page in this language, for all that is looked at in it."""
    yield from opened(browser, request.param)


@pytest.fixture
def english(browser):
    yield from opened(browser, "en")


def opened(browser, language):
    cell = ScriptedCell()
    with served(cell) as (url, end_server):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, has_touch=True)
        context.add_init_script(f"localStorage.setItem('language', '{language}')")
        shown = Shown(cell, url, end_server, context.new_page())
        shown.language, shown.texts = language, load_catalog(language).texts
        yield shown.open()
        context.close()


def fonts(page):
    """Return the font files that the browser asked for, once it has them all."""
    page.until(f"{READY}.then((status) => status === 'loaded')")
    return {url.rpartition("/")[2] for url in page.requests if url.endswith(".woff2")}


def lacking(page, selector):
    """Return how many letters of a text were drawn with a font that the page did not bring."""
    session = page.page.context.new_cdp_session(page.page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    fonts_ = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    others = len(re.findall(r"[\s!-~]", page.page.locator(selector).first.text_content()))
    drawn = sum(font["glyphCount"] for font in fonts_ if not font["isCustomFont"])
    return max(0, drawn - others)


def test_a_page_brings_the_font_of_its_own_script_and_draws_every_letter_with_it(page):
    assert fonts(page) == {FONTS[page.language], "noto-sans-names.woff2"}
    for selector in (".status h2", ".question h2", ".stop-request", ".call-button"):
        assert lacking(page, selector) == 0, selector


def test_an_english_page_loads_no_font_but_that_of_the_names_in_the_switch(english):
    assert fonts(english) == {"noto-sans-names.woff2"}
    for language in FONTS:
        assert lacking(english, f'nav [lang="{language}"]') == 0


def test_what_somebody_typed_in_another_script_brings_its_font(english):
    english.wait(".shift .drawer").click()
    english.wait(".shift textarea").fill(SHAN)
    english.wait(".shift-inside > .act.other").click()
    english.wait(".shift.waits .as-written")
    assert OF_ALL in fonts(english)
    assert lacking(english, ".shift.waits .as-written") == 0


def too_tight(page, leading):
    """Return what has its lines nearer together than `leading` times its size."""
    found = []
    for width, height in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        found += [one for one in page.page.evaluate(LEADINGS) if one[1] < leading - 0.01]
    return found


def test_lines_are_as_far_apart_as_the_marks_of_the_script_need(page):
    assert too_tight(page, LEADING[page.language]) == []


def test_vietnamese_has_room_for_its_stacked_marks_and_english_is_not_stretched(english):
    assert too_tight(english, LEADING["vi"]) != []
    english.wait('header nav button[lang="vi"]').click()
    english.until("document.documentElement.lang === 'vi'")
    assert too_tight(english, LEADING["vi"]) == []


def look(page):
    """Look for clipped words at every size, and leave the page at the last one."""
    fonts(page)
    for width, height in SIZES:
        page.page.set_viewport_size({"width": width, "height": height})
        assert page.page.evaluate(CLIPPED) == [], (width, height)


def test_no_word_is_clipped_or_runs_out_of_its_control(page):
    texts = page.texts
    look(page)  # with the question of a handoff
    for place in (".why-box", ".simbox", ".days"):
        drawer = page.wait(f"{place} .drawer")
        if drawer.get_attribute("aria-expanded") == "false":
            drawer.click()
    for kind in ("material", "help"):
        page.wait(f'.call-button:has-text("{texts[f"andon.{kind}"]}")').click()
        page.wait(f'.open-call h3:has-text("{texts[f"andon.{kind}"]}")')
    page.wait(".open-call.yellow .to-urgent").click()
    page.wait(".open-call.red")
    look(page)
    page.wait(".call-acts button").click()
    page.wait(f'.call-acts button:has-text("{texts["andon.resolve"]}")')
    page.wait(".shift .drawer").click()
    look(page)
    page.wait(".shift-inside > .act.other").click()
    page.wait(".shift.waits .items button").click()
    page.wait(".shift.waits li.read")
    look(page)
    page.wait(".kaizen .drawer").click()
    page.wait(".kaizen textarea").fill("x")
    page.page.locator(".note-acts button").last.click()
    page.wait(".notes li")
    look(page)
    page.page.locator(".who").click()
    page.wait(".doors .close")
    look(page)
    assert page.mistakes == []


def test_no_word_of_the_sign_in_is_clipped(page):
    page.page.route("**/api/people", lambda route: route.fulfill(json={"people": [
        {"alias": f"{role}-7", "role": role, "pin": True}
        for role in ("operator", "supervisor", "engineer", "trainer")
    ]}))  # fmt: skip
    page.page.reload()
    page.wait(".who").click()
    page.wait('.people button:has-text("supervisor-7")')
    look(page)
    page.page.locator(".people button").first.click()
    page.wait(".pad")
    look(page)


def test_digits_are_those_of_the_machines_in_every_language(page):
    page.page.reload()
    page.wait('main :text("1.42 m")')
    seen = page.page.inner_text("body")
    assert not re.search(r"[၀-၉๐-๙]", seen)
    assert re.search(r"\d", page.page.inner_text(".signature"))


def test_a_text_typed_in_zawgyi_is_kept_and_who_typed_it_is_told(page):
    page.page.reload()
    page.wait(".kaizen .drawer").click()
    for text, told in ((ZAWGYI, page.texts["typed.zawgyi"]), (page.texts["stop.caption"], "")):
        page.wait(".kaizen textarea").fill(text)
        page.page.locator(".note-acts button").last.click()
        page.wait(f'.notes .as-written:has-text("{text}")')
        assert page.page.inner_text(".kaizen .told") == told


def test_no_text_of_the_page_is_itself_zawgyi():
    assert not [key for key, text in load_catalog("my").texts.items() if looks_like_zawgyi(text)]
