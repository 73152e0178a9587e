"""A browser for all tests of the page, and a cell and a page for each."""

import pytest

from panel.browser import ARGUMENTS, CHROMIUM, LANDSCAPE, Shown
from panel.scripted import ScriptedCell, served


@pytest.fixture(scope="module")
def browser():
    """A browser; ended with the module, since its driver runs an event loop of its own."""
    tool = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("no chromium: apt install chromium")
    with tool.sync_playwright() as driver:
        one = driver.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield one
        one.close()


@pytest.fixture
def shown(browser):
    """A page that was not opened yet."""
    cell = ScriptedCell()
    with served(cell) as (url, end_server):
        context = browser.new_context(
            viewport=dict(zip(("width", "height"), LANDSCAPE, strict=True)), has_touch=True
        )
        yield Shown(cell, url, end_server, context.new_page())
        context.close()


@pytest.fixture
def page(shown):
    """A page that shows the cell."""
    return shown.open()
