"""Every state of the page: controls large enough, nothing hidden, nothing that axe-core finds."""

from pathlib import Path

import axe_playwright_python
import pytest

from panel import scenes
from panel.browser import LANDSCAPE, PORTRAIT
from panel.test_look import ACT_PX, GLOVE, ROUNDED_PX, SMALL_PHONE
from panel.test_reach import UNCOVERED

CONTROL_PX = 94
SIZES = ((LANDSCAPE, GLOVE), (PORTRAIT, GLOVE), (SMALL_PHONE, GLOVE), (SMALL_PHONE, 1))
ACTS = ".stop-request, .act, .run-act, .call-acts .to-urgent"
CONTROLS = "button, select, textarea, input:not([type=file]), .file"
NARROW = ".pad button"
"""Three keys in a row of a small phone leave no room for the share that gloves need."""
MEASURE = """([acts, controls, narrow]) => [...document.querySelectorAll(controls)].map((one) => {
  const { width, height } = one.getBoundingClientRect();
  const name = one.className || one.textContent.slice(0, 20);
  const side = Math.min(width, height);
  return { act: one.matches(acts), narrow: one.matches(narrow), name, side };
}).filter(({ side }) => side > 0)"""
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RUN = """only => axe.run(document, only).then(({ violations, passes }) => passes.length > 0 &&
  violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(
    ({ id, nodes }) => [id, nodes.map(({ html, any }) => [html.slice(0, 90), any[0]?.message])]))"""
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {**EVERYTHING, "runOnly": ["color-contrast"]}


def small(stage, size, factor):
    """Return what is too small, hidden or needs to be shifted sideways."""
    stage.size(*size)
    stage.look(glove=factor > 1)
    wrong = []
    for box in stage.page.evaluate(MEASURE, [ACTS, CONTROLS, NARROW]):
        share = 1 if box["narrow"] and size == SMALL_PHONE else factor
        if box["side"] < (ACT_PX if box["act"] else CONTROL_PX) * share - ROUNDED_PX:
            wrong.append(box)
    if stage.page.evaluate("document.documentElement.scrollWidth") > size[0]:
        wrong.append("has to be shifted sideways")
    over = ".lost" if stage.page.locator(".lost").count() else "footer"
    if not stage.page.locator(f"{over} .stop-request").evaluate(UNCOVERED):
        wrong.append("the stop request is not in sight")
    return wrong


@pytest.mark.parametrize("who", scenes.ALL)
def test_every_state_can_be_pressed_with_gloves_and_read_by_all(browser, who):
    findings = []
    with scenes.stage(browser, who) as stage:
        for scene in scenes.ALL[who]:
            stage.size(*LANDSCAPE)
            stage.look(glove=False, theme="light")
            stage.show(scene)
            stage.page.evaluate(AXE)
            findings += [(scene.name, one) for one in stage.page.evaluate(RUN, EVERYTHING)]
            stage.look(theme="dark")
            findings += [(scene.name, "dark", one) for one in stage.page.evaluate(RUN, CONTRAST)]
            for size, factor in SIZES:
                findings += [(scene.name, size, factor, one) for one in small(stage, size, factor)]
        assert findings == []
        assert stage.mistakes == []
