"""The page of a scripted cell, open in a real browser."""

import shutil

from hrc_cell.adapters.panel.catalog import load_catalog
from panel.scripted import SETTINGS

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--headless=new",
)  # fmt: skip
LANDSCAPE, PORTRAIT, PHONE = (1280, 800), (800, 1280), (390, 844)
WITHIN_MS = 15_000
EVERY_MS = 50
HOLD_MS = 1000 * SETTINGS.hold_s
ENGLISH = load_catalog("en").texts
VIETNAMESE = load_catalog("vi").texts


class Shown:
    """The page of a scripted cell, open in a browser."""

    def __init__(self, cell, url, end_server, page):
        self.cell, self.url, self.end_server, self.page = cell, url, end_server, page
        self.requests, self.mistakes = [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("console", lambda said: said.type == "error" and self.mistakes.append(said.text))
        page.on("pageerror", lambda error: self.mistakes.append(str(error)))

    def open(self):
        self.page.goto(self.url)
        self.page.wait_for_selector(".status")
        return self

    def wait(self, selector, **more):
        return self.page.wait_for_selector(selector, timeout=WITHIN_MS, **more)

    def until(self, expression):
        """Wait for what is true of the document; the page's own policy forbids the usual way."""
        for _ in range(WITHIN_MS // EVERY_MS):
            if self.page.evaluate(expression):
                return
            self.page.wait_for_timeout(EVERY_MS)
        raise AssertionError(f"not within {WITHIN_MS / 1000:g} s: {expression}")

    def box(self, selector):
        return self.page.locator(selector).first.bounding_box()

    def arm(self):
        """Tap the first control, wait until the second may be held; return its middle."""
        self.wait(".act.arm:enabled").click()
        self.wait(".act.hold:enabled")
        box = self.box(".act.hold")
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def hold_there(self, selector):
        """Put the finger down in the middle of a control that may be held now."""
        self.wait(f"{selector}:enabled").scroll_into_view_if_needed()
        box = self.box(selector)
        self.press_at(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def press_at(self, x, y):
        self.page.mouse.move(x, y)
        self.page.mouse.down()

    def told(self, key, **values):
        text = ENGLISH[key].format(**values)
        self.wait(f'.question .told:has-text("{text}")')
