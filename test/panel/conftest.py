"""A browser for all tests of the page, a cell and a page for each, and one where people sign in."""

import pytest

from hrc_cell.core.access import Role
from panel.browser import ARGUMENTS, CHROMIUM, LANDSCAPE, Shown
from panel.scripted import ScriptedCell, opened, served
from panel.tablet import OTHER, PIN, Tablet


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


@pytest.fixture
def backend():
    """A cell that the test writes."""
    return ScriptedCell()


@pytest.fixture
def cell(backend):
    """A served cell with two supervisors and an operator."""
    with opened(backend, training=False) as one:
        people = one.access.people
        people.add("an", Role.SUPERVISOR, "en", PIN)
        people.add("bo", Role.OPERATOR, "vi", PIN)
        people.add("cy", Role.SUPERVISOR, "en", OTHER)
        yield one


@pytest.fixture
def tablet(cell):
    """A tablet that was let in."""
    return Tablet(cell).pair()
