"""What the page says in colour it says without, to eyes that see none, or no red and green."""

import base64
import itertools

import pytest

from panel.scripted import NO_QUESTION, STATE
from panel.test_reach import STATES

EYES = ("achromatopsia", "deuteranopia")
CONTRAST, DIFFERENT = 3.0, 0.2
GREY_MAX = 12  # of 255, between the channels of what should have no colour
LOOK = """async (data) => {
  const image = new Image();
  image.src = `data:image/png;base64,${data}`;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  return [...canvas.getImageData(0, 0, image.width, image.height).data];
}"""


class Eyes:
    """Eyes that look at the page: what they see of a part of it, pixel by pixel."""

    def __init__(self, page):
        self.page = page.page
        self.session = self.page.context.new_cdp_session(self.page)

    def become(self, kind):
        self.session.send("Emulation.setEmulatedVisionDeficiency", {"type": kind})

    def see(self, selector):
        """Return red, green and blue of each pixel."""
        png = self.page.locator(selector).first.screenshot()
        seen = self.page.evaluate(LOOK, base64.b64encode(png).decode())
        return [tuple(seen[i : i + 3]) for i in range(0, len(seen), 4)]


def light(pixel):
    """Return the relative luminance of a pixel."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (one / 255 for one in pixel)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def shape(pixels):
    """Return which pixels belong to the shape, and how much it stands out from its ground."""
    lights = [light(one) for one in pixels]
    ground = lights[0]
    farthest = max(lights, key=lambda one: abs(one - ground))
    low, high = sorted((ground, farthest))
    there = [abs(one - ground) > abs(farthest - ground) / 2 for one in lights]
    return there, (high + 0.05) / (low + 0.05)


def unlike(a, b):
    """Return the share of two shapes that only one of them has."""
    either = sum(x or y for x, y in zip(a, b, strict=True))
    return sum(x != y for x, y in zip(a, b, strict=True)) / either


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_states_are_told_apart_by_shape_and_word(page, theme):
    page.page.evaluate("one => import('/static/look.js').then((all) => all.keep(one))",
                       {"theme": theme})  # fmt: skip
    eyes = Eyes(page)
    page.cell.state["task"] = {**STATE["task"], "question": NO_QUESTION}
    shapes = {kind: {} for kind in EYES}
    words = set()
    for state in STATES:
        page.cell.state["permit"] = {**STATE["permit"], "state": state}
        page.wait(f".status.{state}")
        words.add(page.page.inner_text(".status h2").strip())
        for kind in EYES:
            eyes.become(kind)
            pixels = eyes.see(".status h2 .icon")
            shapes[kind][state], contrast = shape(pixels)
            assert contrast >= CONTRAST, (state, kind)
            if kind == "achromatopsia":
                assert all(max(one) - min(one) <= GREY_MAX for one in pixels), "colour is gone"
    assert len(words) == len(STATES)
    for kind, (a, b) in itertools.product(EYES, itertools.combinations(STATES, 2)):
        assert unlike(shapes[kind][a], shapes[kind][b]) > DIFFERENT, (kind, a, b)


def test_old_and_live_data_are_told_apart_by_shape_and_word(page):
    eyes, seen = Eyes(page), {}
    eyes.become("achromatopsia")
    for age_s, level in ((0.0, "live"), (2.0, "stale")):
        page.cell.state["ages"] = {**STATE["ages"], "permit_s": age_s}
        page.wait(f".age.is-{level}")
        seen[level] = shape(eyes.see(".age .icon"))[0], page.page.inner_text(".age")
    assert unlike(seen["live"][0], seen["stale"][0]) > DIFFERENT
    assert seen["live"][1] != seen["stale"][1]


def test_calls_are_told_apart_by_shape_and_word(page):
    eyes, seen, words = Eyes(page), {}, set()
    eyes.become("achromatopsia")
    for kind in ("material", "quality", "machine", "help"):
        seen[kind] = shape(eyes.see(f".call-button .icon-{kind}"))[0]
    for a, b in itertools.combinations(seen, 2):
        assert unlike(seen[a], seen[b]) > DIFFERENT, (a, b)
    button = page.page.locator(".call-button").first
    words.add(button.inner_text())
    button.click()
    page.wait(".call-button.yellow")
    words.add(button.inner_text())
    page.wait(".open-call.yellow .to-urgent").click()
    page.wait(".call-button.red")
    words.add(button.inner_text())
    assert len(words) == 3, "not called, called, urgent"


def test_kinds_of_zones_are_grey_and_differ_in_line_or_fill_and_in_word(shown):
    plain = {"circle": None, "box": None, "ratio": 0.5, "limit": 0.25, "band": []}
    shown.cell.facts["zones"] = [
        {**plain, "name": kind, "kind": kind,
         "polygon": [[x, 0.0], [x + 0.8, 0.0], [x + 0.8, 0.8], [x, 0.8]]}
        for x, kind in enumerate(("stop", "slow", "limit", "approach"))
    ]  # fmt: skip
    shown.cell.state["permit"] = {**STATE["permit"], "cause": ""}
    page = shown.open()
    page.wait(".zone.approach", state="attached")
    seen = page.page.locator(".zone").evaluate_all(
        "all => all.map((one) => { const s = getComputedStyle(one.firstElementChild);"
        " return [`${s.strokeDasharray} ${s.fill} ${s.fillOpacity}`, one.textContent,"
        " [...s.fill.matchAll(/\\d+/g)].map(Number)]; })"
    )
    lines, words, fills = zip(*seen, strict=True)
    assert len({*lines}) == len({*words}) == len(seen) == 4
    assert all(max(fill) - min(fill) <= GREY_MAX for fill in fills)
