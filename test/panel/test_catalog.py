"""Catalogues: complete in every language, same placeholders, every key of the cell in them."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from hrc_cell.adapters.panel import server
from hrc_cell.adapters.panel.catalog import SAFETY, load_catalog, parse_po
from hrc_cell.core.access import REASONS as ACCESS_REASONS
from hrc_cell.core.access import Risk, Role
from hrc_cell.core.asking import OPTIONS, REASONS, TEXT_KEYS
from hrc_cell.core.handoff import Handoff
from hrc_cell.core.safety import CAUSES, Clears
from hrc_cell.nodes.panel_wire import MODES, PHASES, STATES, UNKNOWN
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.operation import LANGUAGES
from hrc_cell.settings.share import share_folder
from hrc_cell.settings.signature import STATES as SIGNED

EMERGENCY = {
    "en": "emergency", "vi": "khẩn cấp", "ja": "非常", "id": "darurat", "ms": "kecemasan",
    "th": "ฉุกเฉิน", "my": "အရေးပေါ်",
}  # fmt: skip
"""The word that a stop request must never be called by."""
REVIEWED: frozenset[str] = frozenset()
"""Languages that a native speaker has begun to check."""
CATALOGS = {language: load_catalog(language) for language in LANGUAGES}
ENGLISH = CATALOGS["en"].texts
PAGE = sorted(server.STATIC.glob("*.js"))
PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_keys_and_placeholders(language):
    texts = CATALOGS[language].texts
    assert texts.keys() == ENGLISH.keys()
    for key, text in texts.items():
        assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(ENGLISH[key])), key


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_is_its_key_and_no_sentence_is_left_in_english(language):
    texts = CATALOGS[language].texts
    assert [key for key, text in texts.items() if text == key] == []
    if language != "en":
        left = {key for key in CATALOGS[language].unreviewed if texts[key] == ENGLISH[key]}
        words = re.compile(r"[^\W\d_]+")
        assert [
            key for key in left if len(words.findall(PLACEHOLDER.sub("", texts[key]))) > 2
        ] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_stop_request_is_never_called_an_emergency_stop(language):
    texts, word = CATALOGS[language].texts, EMERGENCY[language]
    called = {key for key, text in texts.items() if word in text.lower()}
    assert called >= {"stop.caption", "cause.emergency_stop_input", "box.emergency_stop_input"}
    assert called <= {"stop.caption", "cause.emergency_stop_input", "box.emergency_stop_input"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_english_is_sent_along_for_what_safety_hangs_on_until_somebody_checked_it(language):
    catalog = CATALOGS[language]
    sent = catalog.as_dict(CATALOGS["en"])
    assert sent["unreviewed"] == len(catalog.unreviewed)
    assert sent["english"] == {
        key: ENGLISH[key] for key in catalog.unreviewed if key.partition(".")[0] in SAFETY
    }
    checked = replace(catalog, unreviewed=catalog.unreviewed - {"stop.request"})
    assert "stop.request" not in checked.as_dict(CATALOGS["en"])["english"]
    assert {key.partition(".")[0] for key in ENGLISH} >= set(SAFETY)


def test_nothing_of_another_language_counts_as_checked_but_the_names_of_languages():
    names = {key for key in ENGLISH if key.startswith("language.")} - {"language.unreviewed"}
    for language in set(LANGUAGES) - {"en"}:
        catalog = CATALOGS[language]
        checked = catalog.texts.keys() - catalog.unreviewed
        assert checked == names or language in REVIEWED, language
        assert {key: catalog.texts[key] for key in names} == {key: ENGLISH[key] for key in names}
    assert len({ENGLISH[name] for name in names}) == len(names)


def test_everything_that_the_cell_can_say_has_a_text():
    recipes = load_cell(share_folder() / "config" / "default").recipes.values()
    wanted = {
        *(f"cause.{cause or 'none'}" for cause in CAUSES),
        *(f"advice.{cause or 'none'}" for cause in CAUSES),
        *(f"clears.{clears.value}" for clears in Clears),
        *(f"state.{state}" for state in (*STATES, UNKNOWN)),
        *(f"phase.{phase}" for phase in (*PHASES, UNKNOWN)),
        *(f"handoff.{handoff.value}" for handoff in Handoff),
        *(f"option.{option}" for option in OPTIONS),
        *(f"reason.{reason}" for reason in REASONS),
        *(f"mode.{mode}" for mode in MODES),
        *(f"signature.{state}" for state in SIGNED),
        *(f"signature.{state}_simulated" for state in SIGNED if state != "signed"),
        *(f"language.{language}" for language in LANGUAGES),
        *(f"role.{role.value}" for role in Role),
        *(f"risk.c{risk.value}" for risk in Risk),
        *TEXT_KEYS,
        *(recipe.title_key for recipe in recipes),
        *(step.text_key for recipe in recipes for step in recipe.steps),
    }
    assert wanted <= ENGLISH.keys()


def test_every_key_that_the_page_names_has_a_text_and_none_is_left_over():
    source = "\n".join(path.read_text() for path in PAGE)
    named = set(re.findall(r"""[t(,?: ]"([a-z_]+\.[a-z_]+)\"""", source))
    assert named - {"index.html"} <= ENGLISH.keys() | {"application.json"}
    families = set(re.findall(r"`([a-z]+)\.\$\{", source))
    sources = "".join(path.read_text() for path in Path(server.__file__).parent.glob("*.py"))
    found = re.findall(r'(?:Refusal\(\w+, |PairingError\()"(\w+)"', sources)
    refusals = {*found, *ACCESS_REASONS, "people_unreadable", "not_paired"}
    assert {f"refusal.{reason}" for reason in refusals} - ENGLISH.keys() <= {
        "refusal.not_json", "refusal.not_simulated", "refusal.unknown_language",
        "refusal.no_such_picture", "refusal.no_such_file",
        "refusal.unknown_range", "refusal.record_unreadable",
    }  # fmt: skip
    used = {key for key in ENGLISH if key in named or key.partition(".")[0] in families}
    from_cell = {*TEXT_KEYS}
    recipes = {key for key in ENGLISH if key.startswith(("recipe.", "step.", "question."))}
    assert ENGLISH.keys() - used - from_cell - recipes == set()


def test_every_reason_of_the_services_that_steer_a_run_has_a_text():
    folder = share_folder() / "interfaces" / "hrc_cell_interfaces" / "srv"
    for name in ("ControlRun", "SetAutomation"):
        [said] = re.findall(r"string reason .*else (.*)", (folder / f"{name}.srv").read_text())
        reasons = re.findall(r'"(\w+)"', said)
        assert "inactive" in reasons
        assert {f"refusal.{reason}" for reason in reasons} <= ENGLISH.keys()


def bare_html(source):
    """Return the text of every html template with what is computed cut out, tags kept."""
    depth, out, i = [], [], 0
    while i < len(source):
        if source.startswith("html`", i):
            depth.append("`")
            i += 5
        elif depth and depth[-1] == "`" and source.startswith("${", i):
            depth.append("{")
            i += 2
        elif depth and depth[-1] == "`" and source[i] == "`":
            depth.pop()
            out.append("\n")
            i += 1
        elif depth and depth[-1] != "`" and source[i] in "{}`":
            match = {"{": "{", "}": "", "`": "s"}[source[i]]
            if source[i] == "}" or (source[i] == "`" and depth[-1] == "s"):
                depth.pop()
            elif match:
                depth.append(match)
            i += 1
        else:
            if depth and depth[-1] == "`":
                out.append(source[i])
            i += 1
    assert not depth
    return "".join(out)


def test_no_text_for_people_stands_outside_the_catalogues():
    seen = ""
    for path in PAGE:
        bare = bare_html(path.read_text())
        seen += bare
        said = re.findall(r"(?:aria-label|title|alt|placeholder)=(?:\"[^\"]*\"|'[^']*')", bare)
        texts = re.sub(r"<[^<>]*>|<|[^<>]*/>", " ", bare)
        words = re.findall(r"[^\W\d_]{2,}", texts)
        assert (said, words) == ([], []), path.name
    assert "<section" in seen
    assert "<button" in seen
    assert bare_html("x = html`<b>Hi ${html`<i>${a ? `x` : 1}</i>`} you</b>`").split() == [
        "<b>Hi", "<i></i>", "you</b>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('msgid "a.b"\nmsgstr ""\n', "no text for 'a.b'"),
        ('msgid "a.b"\nmsgstr "x"\nmsgid "a.b"\nmsgstr "y"\n', "'a.b' stands twice"),
        ('msgid "a.b"\nmsgstr x\n', "f.po:2: not a quoted text"),
        ("nonsense\n", "f.po:1: not a line of a catalogue"),
    ],
)
def test_a_broken_catalogue_is_refused_with_file_and_line(text, named):
    with pytest.raises(ValueError, match=named):
        parse_po(text, "f.po")


def test_a_long_text_may_run_over_lines_and_fuzzy_counts_for_one_entry():
    texts, unreviewed = parse_po(
        '#, fuzzy\nmsgid "a.b"\nmsgstr "one "\n"two"\n\nmsgid "c.d"\nmsgstr "e"\n', "f.po"
    )
    assert texts == {"a.b": "one two", "c.d": "e"}
    assert unreviewed == {"a.b"}
