"""The page in every language it speaks: chosen by a tap, kept with the person, nothing cut off."""

import pytest

from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.core.access import Role
from hrc_cell.settings.operation import LANGUAGES
from panel.browser import LANDSCAPE, Shown
from panel.scripted import STATE, ScriptedCell, opened

TEXTS = {language: load_catalog(language).texts for language in LANGUAGES}
ENGLISH = TEXTS["en"]
PIN = "274918"
CONTROL_PX = 94
PHONE, PORTRAIT = (360, 740), (768, 1024)
READ = (LANDSCAPE, PORTRAIT, (412, 915))
"""Sizes at which question, answers and stop request must be in sight without scrolling."""
OVERFLOWS = """() => {
  const out = [];
  const shown = (one) => one.checkVisibility({ visibilityProperty: true });
  for (const one of document.querySelectorAll('button, .card, .status h2, .stop-row, .who span')) {
    if (!shown(one) || one.closest('[inert]')) continue;
    const box = one.getBoundingClientRect();
    const round = one.matches('.hold') ? box.width / 2 : 0;
    const walk = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    while (walk.nextNode()) {
      const text = walk.currentNode;
      if (!text.data.trim() || text.parentElement.closest('svg')) continue;
      range.selectNodeContents(text);
      for (const at of range.getClientRects()) {
        const past = Math.max(
          box.left - at.left, at.right - box.right, box.top - at.top, at.bottom - box.bottom);
        const off = (a, b, middle) => Math.max(Math.abs(a - middle), Math.abs(b - middle));
        const corner = round && round < Math.hypot(
          off(at.left, at.right, box.left + round), off(at.top, at.bottom, box.top + round) - 4);
        if (past > 1 || corner) out.push(`${one.className || one.tagName}: ${text.data.trim()}`);
      }
    }
    const hides = getComputedStyle(one).overflowX === 'hidden';
    const cut = hides && one.scrollWidth > one.clientWidth + 1;
    if (cut) out.push(`cut: ${one.className || one.tagName}: ${one.textContent.trim()}`);
  }
  const wide = document.documentElement.scrollWidth - innerWidth;
  if (wide > 0) out.push(`the page is ${wide} px too wide`);
  return out;
}"""
"""What of the texts runs out of its control or card, or is cut off."""


def context(browser):
    width, height = LANDSCAPE
    return browser.new_context(viewport={"width": width, "height": height}, has_touch=True)


@pytest.fixture
def real(browser):
    """A tablet of a cell where people sign in, with a person who speaks each language."""
    backend = ScriptedCell()
    with opened(backend, training=False) as cell:
        cell.access.people.add("an", Role.SUPERVISOR, "en", PIN)
        one = context(browser)
        page = Shown(backend, cell.url, cell.end, one.new_page())
        page.served = cell
        let_in(page)
        yield page
        one.close()


def let_in(page):
    page.page.goto(f"{page.url}#pair={page.served.access.devices.new_code('test')}")
    page.wait(".doors .told:not(:empty)")
    page.page.locator(".doors .close").click()


def sign_in(page, alias="an"):
    page.page.locator(".who").click()
    page.wait(f'.people button:has-text("{alias}")').click()
    for digit in PIN:
        page.page.locator(f'.pad button:text-is("{digit}")').click()
    page.wait(f'.who:has-text("{alias}")')
    page.wait(".doors", state="detached")


def size(page, width, height):
    page.page.set_viewport_size({"width": width, "height": height})


def choose(page, language, where="header"):
    page.page.locator(f'{where} nav button[lang="{language}"]').click()
    speaks(page, language)


def speaks(page, language):
    page.wait(f'.status h2:has-text("{TEXTS[language]["state.standstill"]}")', state="attached")
    page.until(f"document.documentElement.lang === '{language}'")


def test_every_language_is_one_tap_away_on_every_screen_and_is_named_in_itself(page):
    for language in LANGUAGES:
        choose(page, language)
        for one in page.page.locator("header nav button").all():
            box = one.bounding_box()
            assert min(box["width"], box["height"]) >= CONTROL_PX
            assert box["y"] >= 0 and box["y"] + box["height"] <= LANDSCAPE[1]
    size(page, *PORTRAIT)
    page.page.locator(".who").click()
    for language in LANGUAGES:
        choose(page, language, ".doors")
        name = page.page.inner_text(f'.doors nav button[lang="{language}"]')
        assert name == ENGLISH[f"language.{language}"]
    page.page.locator(".doors .close").click()
    size(page, *PHONE)
    for language in LANGUAGES:
        choose(page, language, "footer")
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": 9.0}
    for width, height in (PHONE, LANDSCAPE):
        size(page, width, height)
        page.wait(".lost")
        for language in LANGUAGES:
            choose(page, language, ".lost")
    assert all(
        one.bounding_box()["y"] + CONTROL_PX <= height
        for one in page.page.locator(".lost nav button").all()
    ), "also where the screen is covered, nothing has to be scrolled for them"


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_what_nobody_checked_has_the_english_beside_it_where_safety_hangs_on_it(page, language):
    choose(page, language)
    permit = STATE["permit"]
    told = {
        ".status h2": ENGLISH["state.standstill"],
        ".status .why": "Person 1 is 1.42 m from link_4; 1.56 m are needed.",
        ".question h2": ENGLISH["question.release_part"],
        ".act.arm": ENGLISH["option.arm"],
        ".act.hold": ENGLISH["option.hold"],
        ".act.other": ENGLISH["option.refuse"],
        ".question .told": ENGLISH["answer.arm_first"].format(seconds="0.8"),
        ".stop-request": ENGLISH["stop.request"],
        ".caption": ENGLISH["stop.caption"],
        ".mode": ENGLISH["mode.collaborative"],
        ".task .step": ENGLISH["step.hand"],
    }
    for selector, english in told.items():
        assert page.page.inner_text(f'{selector} small[lang="en"]') == english, selector
    page.cell.state["permit"] = {**permit, "part": "hand"}
    page.wait('.status .why small:has-text("Person 1 (hand) is")')
    page.cell.state["permit"] = {**permit, "state": "latched", "cause": "not_reset"}
    page.wait(f'.next small:has-text("{ENGLISH["next.cause"]}")')
    page.cell.state["ages"] = {**STATE["ages"], "permit_s": 9.0}
    page.wait(f'.lost h2 small:has-text("{ENGLISH["lost.title"]}")')
    page.wait(f'.lost .stop-request small:has-text("{ENGLISH["stop.request"]}")')
    assert page.mistakes == []


def test_english_stands_alone(page):
    choose(page, "en")
    assert page.page.locator("small").count() == 0
    assert page.page.locator(".unreviewed").count() == 0


def test_a_choice_follows_the_person_and_a_tablet_keeps_what_viewers_chose(real, browser):
    choose(real, "vi")
    sign_in(real)
    speaks(real, "en")
    with real.page.expect_response("**/api/language") as told:
        choose(real, "ja")
    assert told.value.status == 200
    assert real.served.access.people.all()["an"].language == "ja"
    real.page.reload()
    speaks(real, "ja")
    other = context(browser)
    second = Shown(real.cell, real.url, real.end_server, other.new_page())
    second.served = real.served
    let_in(second)
    speaks(second, "en")
    sign_in(second)
    speaks(second, "ja")
    other.close()
    speaks(real, "vi")  # a person is signed in on one tablet at a time
    real.page.reload()
    speaks(real, "vi")


def test_no_text_runs_out_of_its_control_in_any_language_at_any_size(real):
    sign_in(real)
    real.cell.state["permit"] = {**STATE["permit"], "part": "back_shoulders"}
    found = []
    for language in LANGUAGES:
        size(real, *LANDSCAPE)
        choose(real, language)
        for width, height in (*READ, PHONE):
            size(real, width, height)
            found += [(width, one) for one in real.page.evaluate(OVERFLOWS)]
            if (width, height) in READ:
                real.page.evaluate("scrollTo(0, 0)")
                for one in real.page.locator(".question h2, .question .answers button").all():
                    box, said = one.bounding_box(), one.inner_text()
                    inside = box["y"] >= 0 and box["y"] + box["height"] <= height
                    found += [] if inside else [(width, f"out of sight: {said}")]
            real.page.locator(".who").click()
            real.wait(".people button:has(b)")
            found += [(width, one) for one in real.page.evaluate(OVERFLOWS)]
            real.page.locator(".people button:has(b)").first.click()
            real.wait(".pad")
            found += [(width, one) for one in real.page.evaluate(OVERFLOWS)]
            real.page.locator(".doors .close").click()
        real.cell.state["ages"] = {**STATE["ages"], "permit_s": 9.0}
        real.wait(".lost")
        for width, height in (LANDSCAPE, PORTRAIT, PHONE):
            size(real, width, height)
            found += [(width, one) for one in real.page.evaluate(OVERFLOWS)]
        real.cell.state["ages"] = STATE["ages"]
        real.wait(".lost", state="detached")
        found = [one if len(one) == 3 else (language, *one) for one in found]
    assert not found, found
