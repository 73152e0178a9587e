"""Takes a picture of the operator page of a running cell, with Debian's or an installed Chromium.

.venv/bin/python tools/picture.py http://127.0.0.1:8765/ docs/page.png --size 1280x800
"""

import argparse
import shutil
from pathlib import Path

from playwright.sync_api import sync_playwright

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


def main() -> None:
    """Open the page, wait until it shows the cell, write the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--size", default="1280x800", help="width x height in CSS pixels")
    parser.add_argument("--language", help="press this language's button first")
    parser.add_argument("--wait", type=float, default=1.0, help="seconds to look before")
    args = parser.parse_args()
    width, height = map(int, args.size.split("x"))
    browser_path = next(filter(None, map(shutil.which, BROWSERS)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=[*QUIET])
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(args.url)
        page.wait_for_selector(".status h2")
        if args.language:
            page.locator("nav button", has_text=args.language).click()
        page.wait_for_timeout(1000 * args.wait)
        page.screenshot(path=args.file)
        browser.close()


if __name__ == "__main__":
    main()
