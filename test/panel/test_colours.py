"""The colours of the page: one place, one meaning each, enough contrast, nothing that flashes."""

import itertools
import re

import pytest

from hrc_cell.adapters.panel.server import STATIC

STYLE = re.sub(r"/\*.*?\*/", "", (STATIC / "style.css").read_text(), flags=re.DOTALL)
RULES = re.findall(r"([^{}]+)\{([^{}]*)\}", STYLE)
LIGHT, DARK = ":root", ':root[data-theme="dark"]'
COLOUR = re.compile(r"#[0-9a-f]{3,8}\b|\brgba?\(|\bhsla?\(|[:\s](?:white|black|gr[ae]y)(?=[ ;,])")
TEXT, SHAPE = 4.5, 3.0  # WCAG 2.2, 1.4.3 and 1.4.11
FLASH, BRIGHT = 0.1, 0.8  # relative luminance, WCAG 2.2, 2.3.1
MEANINGS = {
    "red": {".status.latched", ".call-button.red", ".open-call.red"},
    "yellow": {
        ".age.is-stale", ".age.is-lost", ".card.old", ".space-frame.old", ".hatch", ".lost",
        ".stop-row .failed",
        ".status.reduced", ".gauge.alarm", ".zone.bound", ".person.binding", ".separation.near",
        ".call-button.yellow", ".open-call.yellow",
    },
    "blue": {
        ".status.ready", ".next", ".question", ".act", ".armed", ".box-button.hint", ".who.locked",
        ".shift.waits", ".shift h2", ".items button", ".picking", ".note-acts button[aria-pressed",
    },
    "green": {".status.free"},
}  # fmt: skip
"""Red: danger. Yellow: caution, old data, a call. Blue: a person must act. Green: runs normally."""


def tokens(theme):
    """Return the colours of a theme: red, green, blue from 0 to 1."""
    named = {}
    for selector, body in RULES:
        if selector.strip() in (LIGHT, theme):
            for name, digits in re.findall(r"--([\w-]+):\s*#([0-9a-f]{3,6})\b", body):
                full = digits if len(digits) == 6 else "".join(2 * one for one in digits)
                named[name] = [int(full[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    return named


def luminance(colour):
    """Return the relative luminance of a colour, from 0 to 1."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a, b):
    """Return the contrast of two colours, from 1 to 21."""
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


THEMES = {"light": tokens(LIGHT), "dark": tokens(DARK)}


def test_every_colour_stands_in_the_one_place_for_both_themes():
    for selector, body in RULES:
        if selector.strip() not in (LIGHT, DARK):
            assert not COLOUR.search(body), f"{selector.strip()}: {body.strip()}"
    for path in STATIC.glob("*.js"):
        assert not re.search(r"#[0-9a-f]{3,8}\b", path.read_text()), path.name
    own = [
        set(re.findall(r"--([\w-]+):", body))
        for selector, body in RULES
        if selector.strip() in (LIGHT, DARK) and "color-scheme" in body
    ]
    assert len(own) == 2
    assert own[0] - own[1] == {"code", "code-ground"}, "a QR code is black on white in the dark too"
    assert own[1] <= own[0]


def test_every_variable_that_is_used_is_defined():
    defined = set(re.findall(r"(--[\w-]+):", STYLE))
    assert set(re.findall(r"var\((--[\w-]+)", STYLE)) == defined


@pytest.mark.parametrize("colour", MEANINGS)
def test_a_colour_with_a_meaning_is_used_only_where_that_is_meant(colour):
    used = set()
    for selectors, body in RULES:
        hatched = colour == "yellow" and "var(--hatch" in body
        if hatched or re.search(rf"var\(--(?:on-)?{colour}(?:-soft)?\)", body):
            for selector in selectors.split(","):
                means = [
                    one for one in MEANINGS[colour]
                    if re.search(rf"{re.escape(one)}(?![\w-])", selector)
                ]  # fmt: skip
                assert means, f"{selector.strip()} is {colour}, which has another meaning"
                used |= {*means}
    assert used == MEANINGS[colour]


@pytest.mark.parametrize("theme", THEMES)
def test_words_and_shapes_stand_out_from_what_lies_under_them(theme):
    colours = THEMES[theme]
    grounds = ["ground", "card", "field"]
    tinted = [*grounds, *(f"{one}-soft" for one in MEANINGS), "floor", "zone", "zone-stop"]
    for word, under in itertools.product(("ink", "soft"), tinted):
        assert contrast(colours[word], colours[under]) >= TEXT, (word, under)
    for word, under in (("on-blue", "blue"), ("on-stop", "stop"), ("on-stop", "stop-pressed")):
        assert contrast(colours[word], colours[under]) >= TEXT, (word, under)
    for one in MEANINGS:
        for under in (*grounds, f"{one}-soft", "floor", "zone", "zone-stop", "rail"):
            assert contrast(colours[one], colours[under]) >= SHAPE, (one, under)
    assert contrast(colours["soft"], colours["rail"]) >= SHAPE
    for under in grounds[:2]:
        assert contrast(colours["stop-edge"], colours[under]) >= SHAPE, "a stop request is seen"
    assert contrast(colours["code"], colours["code-ground"]) > 20


@pytest.mark.parametrize("theme", THEMES)
def test_a_state_that_comes_and_goes_quickly_does_not_flash(theme):
    """As WCAG counts a flash: a step of a tenth, with the darker of the two below 0.8."""
    seen = [THEMES[theme][one] for one in ("card", *(f"{meaning}-soft" for meaning in MEANINGS))]
    for low, high in itertools.combinations(sorted(map(luminance, seen)), 2):
        assert low >= BRIGHT or high - low < FLASH


def test_nothing_moves_by_itself():
    assert not re.search(r"@keyframes|animation|transition", STYLE)
    for path in STATIC.glob("*.js"):
        assert not re.search(r"\.animate\(|<animate|behavior: *.smooth", path.read_text()), path
