"""The vendored libraries: each file is the one in the manifest, with its licence, nothing else."""

import hashlib
import json
import re
import zlib

import pytest

from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.panel.server import STATIC
from hrc_cell.settings.operation import LANGUAGES

VENDOR = STATIC / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())
LISTED = {row["file"]: row for row in MANIFEST["files"]}
FIRST_LOAD_MAX_BYTES = 150_000
FIRST_LOAD_MAX_REQUESTS = 30
NAMED = r"www\.w3\.org|jcgt\.org/published"
"""Names of namespaces and of a paper that a shader is from; nothing is fetched from them."""
THAI, MYANMAR = (0x0E00, 0x0E7F), (0x1000, 0x109F)
NAMES = "noto-sans-names.woff2"
FONTS = {
    "th": [NAMES, "noto-sans-thai.woff2"], "my": [NAMES, "noto-sans-burmese.woff2"],
}  # fmt: skip
IMPORT = re.compile(r"""(?:from|import)\s*["']([^"']+)["']""")


def imported(source):
    """Return what a module imports; an example in its comments is none."""
    return IMPORT.findall(re.sub(r"^\s*\*.*$", "", source, flags=re.M))


def test_every_vendored_file_is_listed_and_unchanged():
    there = {path.name for path in VENDOR.iterdir()} - {"manifest.json"}
    assert there == LISTED.keys()
    for name, row in LISTED.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == row["sha256"], name


def test_every_package_names_version_and_licence_and_the_licence_is_there():
    files = [row for row in MANIFEST["files"] if not row["file"].startswith("LICENSE.")]
    assert {row["package"] for row in files} == {
        "preact", "htm", "@preact/signals", "@preact/signals-core",
        "@fontsource-variable/noto-sans-thai", "@fontsource-variable/noto-sans-myanmar",
        "@fontsource/noto-sans-myanmar", "three",
    }  # fmt: skip
    for row in files:
        is_font = row["file"].endswith(".woff2")
        assert re.fullmatch(r"\d+\.\d+\.\d+", row["version"])
        assert row["licence"] in (("OFL-1.1",) if is_font else ("MIT", "Apache-2.0"))
        if is_font and row["sha256"] != row["sha256_from"]:
            assert "fonttools" in row["made"], (
                "how it was cut is told, so that it can be done again"
            )
    texts = {p.name: p.read_text() for p in VENDOR.glob("LICENSE.*")}
    assert texts.keys() == {
        "LICENSE.preact", "LICENSE.htm", "LICENSE.signals", "LICENSE.noto-thai",
        "LICENSE.noto-myanmar", "LICENSE.three",
    }  # fmt: skip
    for name in ("LICENSE.noto-thai", "LICENSE.noto-myanmar"):
        assert "SIL OPEN FONT LICENSE Version 1.1" in texts[name]
        assert "Reserved Font Name" not in texts[name].partition("PREAMBLE")[0], "may be cut"


def test_the_page_imports_files_beside_it_and_nothing_else():
    for path in STATIC.rglob("*.js"):
        source = path.read_text()
        for name in imported(source):
            assert name.startswith("./"), f"{path.name}: {name}"
            assert (path.parent / name).is_file(), f"{path.name}: {name}"
        assert not re.search(rf"https?://(?!{NAMED})", source), path.name


def first_loaded(path):
    """Return a module and all that it imports before anything is opened on the page."""
    found, wanted = set(), [path]
    while wanted:
        one = wanted.pop().resolve()
        if one not in found:
            found.add(one)
            source = re.sub(r"import\(.*?\)", "", one.read_text())  # what is loaded when opened
            wanted += [one.parent / name for name in imported(source)]
    return found


def faces():
    """Return the fonts that the style names: {file: its code points}."""
    found = {}
    for face in re.findall(r"@font-face \{(.*?)\}", (STATIC / "style.css").read_text()):
        assert "font-display: swap" in face
        [name] = re.findall(r"url\(vendor/([\w.-]+)\)", face)
        pairs = re.findall(r"U\+([0-9A-F]+)(?:-([0-9A-F]+))?", face)
        found[name] = {
            code for low, high in pairs for code in range(int(low, 16), int(high or low, 16) + 1)
        }
    return found


def test_a_font_is_loaded_for_its_own_letters_only_and_has_all_that_the_texts_need():
    found = faces()
    assert sorted(found) == sorted(name for name in LISTED if name.endswith(".woff2"))
    assert min(map(min, found.values())) >= THAI[0], "a page in Latin letters needs none"
    for language, (low, high) in {"th": THAI, "my": MYANMAR}.items():
        texts = load_catalog(language).texts
        shown = "".join(text for key, text in texts.items() if not key.startswith("language."))
        needed = {ord(one) for one in shown if low <= ord(one) <= high}
        assert len(needed) > 40
        assert needed <= found[FONTS[language][1]]
        assert {ord(one) for one in texts[f"language.{language}"]} <= found[NAMES]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_load_is_small(language):
    loaded = [*first_loaded(STATIC / "main.js"), STATIC / "index.html", STATIC / "style.css"]
    assert STATIC / "handover.js" in loaded
    for name in ("kaizen.js", "space.js", "scene.js", "vendor/three.module.min.js"):
        assert STATIC / name in first_loaded(STATIC / name) - set(loaded), name
    loaded += [VENDOR / name for name in FONTS.get(language, [NAMES])]
    assert len(loaded) + 2 <= FIRST_LOAD_MAX_REQUESTS  # and catalogue and about
    sent = [path.read_bytes() for path in loaded]
    catalog = load_catalog(language).as_dict(load_catalog("en"))
    sent.append(json.dumps(catalog).encode())
    size = sum(len(zlib.compress(one)) for one in sent)  # as they are sent
    assert size <= FIRST_LOAD_MAX_BYTES
