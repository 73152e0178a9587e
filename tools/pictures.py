"""Pictures of the operator page, for people to look at: of a running cell, or of every state of the
page in every language, one by one in a folder or together on contact sheets.

.venv/bin/python tools/pictures.py live http://127.0.0.1:8765/ page.png
.venv/bin/python tools/pictures.py all FOLDER --theme dark --size phone
.venv/bin/python tools/pictures.py sheets docs
"""

import argparse
import base64
import sys
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from hrc_cell.settings.operation import LANGUAGES

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "test"))
from panel.browser import ARGUMENTS, CHROMIUM
from panel.scenes import ALL, Stage, stage

SIZES = {
    "phone": (360, 740), "upright": (800, 1280), "tablet": (1280, 800), "wall": (1920, 1080),
    "large wall": (3840, 2160),
}  # fmt: skip
THEMES = ("light", "dark")
SPOKEN = ("offered", "latched", "instruction")
"""The scenes of the sheet of languages."""
SHEET = """<!doctype html><meta charset="utf-8"><style>
body {{ margin: 0; padding: 8px; background: #777; font: 13px sans-serif; color: #fff;
  display: grid; grid-template-columns: repeat({columns}, {width}px); gap: 8px; align-items: end; }}
figure {{ margin: 0; }} img {{ display: block; width: 100%; }}
</style>{pictures}"""


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(required=True)
    live_ = commands.add_parser("live", help="of a running cell")
    live_.add_argument("url")
    live_.add_argument("file", type=Path)
    live_.add_argument("--size", choices=SIZES, default="tablet")
    live_.add_argument("--language", choices=LANGUAGES, default="en")
    live_.add_argument("--wait", type=float, default=1.0, help="seconds to look before")
    live_.set_defaults(act=live)
    all_ = commands.add_parser("all", help="of every state, in a folder for each language")
    all_.add_argument("folder", type=Path)
    all_.add_argument("--language", choices=LANGUAGES, nargs="+", default=LANGUAGES)
    all_.add_argument("--size", choices=SIZES, nargs="+", default=["phone", "tablet"])
    all_.add_argument("--theme", choices=THEMES, nargs="+", default=THEMES)
    all_.add_argument("--glove", action="store_true", help="with the larger controls")
    all_.add_argument("--scene", nargs="+", help="of these alone")
    all_.set_defaults(act=every)
    sheets_ = commands.add_parser("sheets", help="the contact sheets")
    sheets_.add_argument("folder", type=Path)
    sheets_.set_defaults(act=sheets)
    args = parser.parse_args()
    if CHROMIUM is None:
        sys.exit("pictures: no chromium: apt install chromium")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS])
        args.act(browser, args)
        browser.close()


def live(browser: Browser, args: argparse.Namespace) -> None:
    """Take a picture of the page of a running cell."""
    width, height = SIZES[args.size]
    page = browser.new_page(viewport={"width": width, "height": height})
    page.add_init_script(f"localStorage.setItem('language', '{args.language}')")
    page.goto(args.url)
    page.wait_for_selector(".status h2")
    page.wait_for_timeout(1000 * args.wait)
    page.screenshot(path=args.file)


def shown(browser: Browser, scenes: set[str] | None = None) -> Iterator[tuple[str, Stage]]:
    """Show the scenes one after the other; give the name of each and the page."""
    for who, all_ in ALL.items():
        wanted = [scene for scene in all_ if scenes is None or scene.name in scenes]
        if wanted:
            with stage(browser, who) as one:
                for scene in wanted:
                    one.size(*SIZES["tablet"])
                    one.show(scene)
                    yield scene.name, one


def every(browser: Browser, args: argparse.Namespace) -> None:
    """Take a picture of each scene in each language, size and theme."""
    for name, one in shown(browser, set(args.scene) if args.scene else None):
        for language in args.language:
            one.speak(language)
            folder = args.folder / language
            folder.mkdir(parents=True, exist_ok=True)
            for size in args.size:
                one.size(*SIZES[size])
                for theme in args.theme:
                    one.look(theme=theme, glove=args.glove)
                    one.page.screenshot(path=folder / f"{name}, {size}, {theme}.png")
        one.speak(LANGUAGES[0])
        one.look(theme=THEMES[0], glove=False)


def sheets(browser: Browser, args: argparse.Namespace) -> None:
    """Make a sheet of the scenes, light and dark in turn, and one of the languages."""
    states, spoken = [], []
    for number, (name, one) in enumerate(shown(browser)):
        one.look(theme=THEMES[number % len(THEMES)])
        states.append((name, one.page.screenshot()))
    for name, one in shown(browser, {*SPOKEN}):
        for language in LANGUAGES:
            one.speak(language)
            spoken.append((f"{name}, {language}", one.page.screenshot()))
        one.speak(LANGUAGES[0])
    sheet(browser, states, args.folder / "page-states.png", columns=5, width=280)
    sheet(browser, spoken, args.folder / "page-languages.png", columns=len(LANGUAGES), width=280)


def sheet(
    browser: Browser, pictures: list[tuple[str, bytes]], path: Path, columns: int, width: int
) -> None:
    """Put pictures with their names on one; the browser makes them small."""
    figures = (
        f'<figure>{name}<img src="data:image/png;base64,{base64.b64encode(png).decode()}"></figure>'
        for name, png in pictures
    )
    page = browser.new_page(viewport={"width": columns * (width + 8) + 8, "height": 600})
    page.set_content(SHEET.format(columns=columns, width=width, pictures="".join(figures)))
    page.screenshot(path=path, full_page=True)


if __name__ == "__main__":
    main()
