"""The vendored libraries: each file is the one in the manifest, with its licence, nothing else."""

import hashlib
import json
import re
import zlib

from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.panel.server import STATIC

VENDOR = STATIC / "vendor"
MANIFEST = json.loads((VENDOR / "manifest.json").read_text())
LISTED = {row["file"]: row for row in MANIFEST["files"]}
FIRST_LOAD_MAX_BYTES = 150_000
FIRST_LOAD_MAX_REQUESTS = 30
NAMED = r"www\.w3\.org|jcgt\.org/published"
"""Names of namespaces and of a paper that a shader is from; nothing is fetched from them."""
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
    scripts = [row for row in MANIFEST["files"] if row["file"].endswith(".js")]
    assert {row["package"] for row in scripts} == {
        "preact", "htm", "@preact/signals", "@preact/signals-core", "three",
    }  # fmt: skip
    for row in scripts:
        assert re.fullmatch(r"\d+\.\d+\.\d+", row["version"])
        assert row["licence"] in ("MIT", "Apache-2.0")
    texts = {p.name: p.read_text() for p in VENDOR.glob("LICENSE.*")}
    named = ("preact", "htm", "signals", "three", "noto-thai", "noto-myanmar")
    assert {f"LICENSE.{one}" for one in named} == texts.keys()


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


def test_the_first_load_is_small():
    loaded = [*first_loaded(STATIC / "main.js"), STATIC / "index.html", STATIC / "style.css"]
    assert STATIC / "handover.js" in loaded
    for name in ("kaizen.js", "space.js", "scene.js", "vendor/three.module.min.js"):
        assert STATIC / name in first_loaded(STATIC / name) - set(loaded), name
    assert len(loaded) + 3 <= FIRST_LOAD_MAX_REQUESTS  # and catalogue, about, socket
    sent = [path.read_bytes() for path in loaded]
    sent.append(json.dumps(load_catalog("vi").as_dict()).encode())
    size = sum(len(zlib.compress(one)) for one in sent)  # as they are sent
    assert size <= FIRST_LOAD_MAX_BYTES
