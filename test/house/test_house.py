"""The house rules, checked on the source itself."""

import ast
import re
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "hrc_cell"
FILES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "test").rglob("*.py"))
MAX_LINES = 400

# A room may import itself and the rooms named after it. Nothing else of ours.
MAY_IMPORT = {
    "settings": set(),
    "core": {"settings"},
    "adapters": {"core", "settings"},
    "nodes": {"adapters", "core", "settings"},
    "cli": {"nodes", "adapters", "core", "settings"},
}
ADAPTERS = ("serial", "sim", "panel", "record", "report", "falsify")
CORE_OUTSIDE = {"numpy", "hrc_cell", *sys.stdlib_module_names}
CORE_FORBIDDEN = {"time", "os", "pathlib", "random", "socket", "subprocess", "threading"}
UNITS = (
    "_m", "_s", "_hz", "_mps", "_mps2", "_rad", "_radps", "_radps2", "_radps3", "_n", "_kg", "_a",
    "_ratio", "_ps", "_ps2", "_ps3", "_mm", "_deg", "_sigmas", "_rad2", "_m2", "_mps3", "_sec",
    "_s2", "_c", "_m2ps", "_m2ps2", "_j", "_npm", "_npcm2", "_cm2",
)  # fmt: skip
NOT_ROSDEP = {"mujoco", "rosbags", "mcap"}
ROSDEP = {
    "serial": "python3-serial", "yaml": "python3-yaml", "numpy": "python3-numpy",
    "scipy": "python3-scipy", "aiohttp": "python3-aiohttp", "psutil": "python3-psutil",
    "qrcode": "python3-qrcode",
    "transforms3d": "python3-transforms3d", "xacro": "xacro",
}  # fmt: skip


def imports(path: Path) -> set[str]:
    """Return every module a file imports, dotted."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def room(path: Path) -> str:
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def names(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda p: str(p.relative_to(ROOT)))


@names(FILES)
def test_a_file_is_short_and_says_what_it_is(path):
    text = path.read_text()
    assert text.count("\n") <= MAX_LINES
    assert ast.get_docstring(ast.parse(text))


@names(FILES)
def test_imports_point_inwards(path):
    here = room(path)
    if here == "__init__":
        return
    assert here in MAY_IMPORT, f"{here} is a room no one drew"
    for name in imports(path):
        top, *rest = name.split(".")
        if top == "hrc_cell" and rest:
            assert {rest[0]} <= MAY_IMPORT[here] | {here}, f"{here} imports {name}"
        elif here == "core":
            assert top in CORE_OUTSIDE - CORE_FORBIDDEN, f"core imports {top}"


@names([f for f in FILES if room(f) == "adapters"])
def test_the_rooms_of_the_adapters_do_not_import_each_other(path):
    here = path.relative_to(SOURCE / "adapters").parts[0]
    for name in imports(path):
        parts = name.split(".")
        if parts[:2] == ["hrc_cell", "adapters"] and len(parts) > 2 and here in ADAPTERS:
            assert parts[2] == here, f"{here} imports {name}"


def test_the_emulator_and_the_driver_share_no_codec():
    serial = SOURCE / "adapters" / "serial"
    emulated = list(serial.glob("emulat*.py"))
    assert emulated
    for path in emulated:
        assert not {
            "hrc_cell.adapters.serial.codec", "hrc_cell.adapters.serial.registers",
            "hrc_cell.adapters.serial.master", "hrc_cell.adapters.serial.feetech_codec",
            "hrc_cell.adapters.serial.feetech_registers",
        } & imports(path)  # fmt: skip


def test_no_import_comes_back_to_where_it_began():
    modules = {
        ".".join(["hrc_cell", *f.relative_to(SOURCE).with_suffix("").parts]): f for f in FILES
    }
    graph = {name: imports(path) & set(modules) - {name} for name, path in modules.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError


@names([f for f in FILES if room(f) in ("core", "settings")])
def test_every_public_thing_in_core_and_settings_is_explained(path):
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert ast.get_docstring(node), f"{path.stem}.{node.name}"


@names([f for f in FILES if room(f) == "core"])
def test_every_float_field_in_the_core_names_its_unit(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Name):
            name = ast.unparse(node.target)
            if node.annotation.id == "float":
                assert f"_{name}".endswith(UNITS), f"{path.stem}: {name}"


@pytest.mark.parametrize("requirement", ["S1", "S2", "S3", "S4"])
def test_each_requirement_is_proven_by_a_test(requirement):
    marks = [p for p in TESTS if f'req("{requirement}")' in p.read_text()]
    assert marks, f"no test is marked {requirement}"
    assert requirement in (ROOT / "ARCHITECTURE.md").read_text()


@names(FILES + sorted((SOURCE / "adapters" / "panel" / "static").glob("*.js")))
def test_only_the_hardware_input_is_called_an_emergency_stop(path):
    for word in re.findall(r"\w*(?:estop|e-stop|emergency_stop)\w*", path.read_text(), re.I):
        assert word.lower() in ("emergency_stop_input", "emergency_stop"), word
        if word.lower() == "emergency_stop":
            assert "emergency_stop_input" in path.read_text()


def tracked() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.splitlines()]


def test_the_project_speaks_of_itself_alone():
    forbidden = re.compile(
        r"(^|[^A-Za-z0-9_.])/(wor"
        "k|roo"
        "t|far"
        r"m)/|py"
        r"pi\.org|python"
        r"hosted|npm"
        r"js\.org|TOD"
        "O"
        r"|FIXM"
        "E",
    )
    for path in tracked():
        if path.suffix in (".png", ".lock") or "vendor" in path.parts or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not forbidden.search(line), f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


def test_what_the_source_imports_stands_in_the_package_manifest():
    manifest = ElementTree.parse(ROOT / "package.xml").getroot()
    declared = {e.text for e in manifest if e.tag in ("depend", "exec_depend")}
    tops = {name.split(".")[0] for path in FILES for name in imports(path)}
    third_party = tops - set(sys.stdlib_module_names) - {"hrc_cell"} - NOT_ROSDEP
    messages = {ROSDEP.get(top, top) for top in third_party}
    assert messages <= declared


INTERFACES = ROOT / "interfaces" / "hrc_cell_interfaces"


@names(sorted(p for kind in ("msg", "srv", "action") for p in (INTERFACES / kind).iterdir()))
def test_every_field_of_a_message_is_explained(path):
    lines = path.read_text().splitlines()
    assert lines[0].startswith("# ")
    bare = [line for line in lines if line not in ("", "---") and "# " not in line]
    assert not bare


def test_the_lock_names_exact_versions_and_no_place():
    for lock in (ROOT / "requirements").glob("*.lock"):
        for line in lock.read_text().splitlines():
            assert re.match(r"^[A-Za-z0-9_.\-]+(\[[a-z]+\])?==[^ ]+( ; .+)?$", line), line
