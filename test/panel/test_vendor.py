"""The vendored libraries: each file is the one in the manifest, with its licence, nothing else."""

import hashlib
import json
import re
import zlib

from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.panel.server import STATIC
from hrc_cell.settings.operation import LANGUAGES

VENDOR = STATIC / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())
LISTED = {row["file"]: row for row in MANIFEST["files"]}
FIRST_LOAD_MAX_BYTES = 150_000
FIRST_LOAD_MAX_REQUESTS = 30
IMPORT = re.compile(r"""(?:from|import)\s*["']([^"']+)["']""")


def test_every_vendored_file_is_listed_and_unchanged():
    there = {path.name for path in VENDOR.iterdir()} - {"manifest.json"}
    assert there == LISTED.keys()
    for name, row in LISTED.items():
        assert hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() == row["sha256"], name


def test_every_package_names_version_and_licence_and_the_licence_is_there():
    scripts = [row for row in MANIFEST["files"] if row["file"].endswith(".js")]
    assert {row["package"] for row in scripts} == {
        "preact", "htm", "@preact/signals", "@preact/signals-core",
    }  # fmt: skip
    for row in scripts:
        assert re.fullmatch(r"\d+\.\d+\.\d+", row["version"])
        assert row["licence"] in ("MIT", "Apache-2.0")
    texts = {p.name: p.read_text() for p in VENDOR.glob("LICENSE.*")}
    assert {"LICENSE.preact", "LICENSE.htm", "LICENSE.signals"} == texts.keys()


def test_the_page_imports_files_beside_it_and_nothing_else():
    for path in STATIC.rglob("*.js"):
        source = path.read_text()
        for name in IMPORT.findall(source):
            assert name.startswith("./"), f"{path.name}: {name}"
            assert (path.parent / name).is_file(), f"{path.name}: {name}"
        assert not re.search(r"https?://(?!www\.w3\.org)", source), path.name


def first_loaded(path):
    """Return a module and all that it imports before anything is opened on the page."""
    found, wanted = set(), [path]
    while wanted:
        one = wanted.pop().resolve()
        if one not in found:
            found.add(one)
            source = re.sub(r"import\(.*?\)", "", one.read_text())  # what is loaded when opened
            wanted += [one.parent / name for name in IMPORT.findall(source)]
    return found


def test_the_first_load_is_small():
    loaded = [*first_loaded(STATIC / "main.js"), STATIC / "index.html", STATIC / "style.css"]
    assert STATIC / "handover.js" in loaded
    assert STATIC / "kaizen.js" not in loaded
    assert len(loaded) + 3 <= FIRST_LOAD_MAX_REQUESTS  # and catalogue, about, socket
    sent = [path.read_bytes() for path in loaded]
    size = sum(len(zlib.compress(one)) for one in sent)  # as they are sent
    for language in LANGUAGES:
        catalog = json.dumps(load_catalog(language).as_dict(load_catalog("en"))).encode()
        assert size + len(zlib.compress(catalog)) <= FIRST_LOAD_MAX_BYTES, language
