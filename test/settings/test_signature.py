"""What a signature covers, what it tells of a change, and that a real cell runs only as signed."""

import shutil
from dataclasses import replace
from datetime import datetime, timezone

import pytest
import yaml
from strategies import DEFAULT_CELL, SIGNED_AT, declared, signed

from hrc_cell.cli.variant import variant
from hrc_cell.settings.canonical import BESIDE, sha256_of
from hrc_cell.settings.cell import CellFile, load_cell
from hrc_cell.settings.description_files import UNREAD, description_files
from hrc_cell.settings.difference import ABSENT, changes
from hrc_cell.settings.recipe import RecipeFile
from hrc_cell.settings.schema import specs
from hrc_cell.settings.share import share_folder, version
from hrc_cell.settings.signature import (
    FILE,
    recipe_refusal,
    refusal,
    section_hashes,
    sign,
    standing,
)

REAL = {"simulated": False, "bus.port": "/dev/ttyUSB0"}
ARM = "arm.urdf.xacro"


@pytest.fixture
def folder(tmp_path):
    """Return a copy of the default cell, its description beside it."""
    made = shutil.copytree(DEFAULT_CELL, tmp_path / "cell")
    for name in (ARM, "inertia.xacro"):
        shutil.copy(share_folder() / "urdf" / name, made)
    return made


def rewrite(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def told(folder):
    return [str(change) for change in standing(load_cell(folder)).changes]


# What is hashed.


CHANGES = [
    ("cell.yaml", "intrusion_m: 1.12", "intrusion_m: 1.13"),
    ("cell.yaml", "hold_s: 1.0", "hold_s: 1.1"),
    ("cell.yaml", "hold_s: 1.0", "hold_s: 1.0\n  pedal_key: F13"),
    ("cell.yaml", "sensors_timeout_s: 1.0", "sensors_timeout_s: 1.5"),
    ("cell.yaml", "frame: cell", "frame: floor"),
    ("zones.yaml", "margin_m: 0.2", "margin_m: 0.21"),
    ("recipes/hand_over.yaml", "speed_ratio: 0.6", "speed_ratio: 0.7"),
    ("recipes/exercise.yaml", "[offer, home]", "[home, offer]"),
    (ARM, 'velocity="3.1"', 'velocity="3.2"'),
    ("inertia.xacro", "</robot>", "<!-- changed --></robot>"),
]


@pytest.mark.parametrize(("file", "old", "new"), CHANGES, ids=[new for _, _, new in CHANGES])
def test_what_bears_on_safety_changes_the_hash(folder, file, old, new):
    before = load_cell(folder).safety_sha256
    rewrite(folder / file, old, new)
    assert load_cell(folder).safety_sha256 != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("cell.yaml", "port: 8765", "port: 8766"),
        ("cell.yaml", "recipe: hand_over", "recipe: exercise"),
        ("cell.yaml", "seed: 1", "seed: 2"),
        ("cell.yaml", "name: default", "name: another"),
        ("cell.yaml", "intrusion_m: 1.12", "intrusion_m: 1.120  # the same"),
        ("recipes/hand_over.yaml", "text_key: step.show", "text_key: Look at it"),
        ("recipes/hand_over.yaml", "title_key: recipe.hand_over", "title_key: Bolts"),
    ],
)
def test_what_does_not_bear_on_safety_changes_nothing(folder, file, old, new):
    before = load_cell(folder).safety_sha256
    rewrite(folder / file, old, new)
    assert load_cell(folder).safety_sha256 == before


def test_every_setting_is_hashed_unless_it_is_named_as_beside_safety():
    values = load_cell(DEFAULT_CELL).signed_values()["cell.yaml"]
    for name, _, kind in specs(CellFile):
        if name not in BESIDE and name not in ("task", "panel"):
            assert name in values
        elif name in ("task", "panel"):
            left = {key for key, _, _ in specs(kind)} - values[name].keys()
            assert {f"{name}.{key}" for key in left} <= BESIDE


def test_what_is_named_as_beside_safety_is_there():
    known = {name for name, _, _ in specs(CellFile)}
    for key in BESIDE:
        section, _, name = key.partition(".")
        kind = next(kind for known_name, _, kind in specs(CellFile) if known_name == section)
        assert section in known
        assert not name or name in {key for key, _, _ in specs(kind)}


def test_a_cell_changed_in_code_has_another_hash():
    cell = load_cell(DEFAULT_CELL)
    file = replace(cell.file, safety=replace(cell.file.safety, intrusion_m=1.2))
    assert replace(cell, file=file).safety_sha256 != cell.safety_sha256
    assert replace(cell).safety_sha256 == cell.safety_sha256


def test_a_hash_is_that_of_the_files_as_they_were_loaded(folder):
    cell = load_cell(folder)
    before = cell.safety_sha256
    rewrite(folder / ARM, 'velocity="3.1"', 'velocity="3.2"')
    assert cell.safety_sha256 == before


# The files behind a description.


def test_includes_meshes_and_loaded_files_are_followed_once(tmp_path):
    (tmp_path / "parts").mkdir()
    (tmp_path / "arm.urdf.xacro").write_text(
        '<robot xmlns:xacro="http://www.ros.org/wiki/xacro"><!-- <mesh filename="none.stl"/> -->'
        '<xacro:include filename="parts/hand.xacro"/>'
        '<xacro:property name="a" value="${xacro.load_yaml(\'limits.yaml\')}"/>'
        '<mesh filename="package://hrc_cell/urdf/inertia.xacro"/></robot>'
    )
    (tmp_path / "parts" / "hand.xacro").write_text(
        '<robot xmlns:xacro="http://www.ros.org/wiki/xacro">'
        '<xacro:include filename="../arm.urdf.xacro"/><mesh filename="finger.stl"/></robot>'
    )
    (tmp_path / "parts" / "finger.stl").write_bytes(b"\0solid")
    (tmp_path / "limits.yaml").write_text("a: 1")
    found = description_files(tmp_path, "arm.urdf.xacro")
    assert found.keys() == {
        "arm.urdf.xacro", "parts/hand.xacro", "parts/finger.stl", "limits.yaml",
        "package://hrc_cell/urdf/inertia.xacro",
    }  # fmt: skip
    assert UNREAD not in found.values()
    (tmp_path / "parts" / "finger.stl").write_bytes(b"\0other")
    after = description_files(tmp_path, "arm.urdf.xacro")
    assert {name for name in found if found[name] != after[name]} == {"parts/finger.stl"}


@pytest.mark.parametrize(
    "reference", ["nowhere.xacro", "${prefix}.xacro", "package://no_such_package/a.stl"]
)
def test_a_file_that_cannot_be_followed_is_told_and_not_signed(folder, reference):
    head = '<xacro:include filename="inertia.xacro"/>'
    rewrite(folder / ARM, head, f'{head}<xacro:include filename="{reference}"/>')
    cell = load_cell(folder)
    assert cell.description[reference] == UNREAD
    with pytest.raises(ValueError, match="a change of it would not be noticed"):
        sign(cell, name="A. Person", when=SIGNED_AT)


def test_a_description_that_is_nowhere_or_no_xml_is_no_stumbling_block(tmp_path):
    assert description_files(tmp_path, "none.urdf") == {"none.urdf": UNREAD}
    (tmp_path / "bad.urdf").write_text("<robot")
    assert list(description_files(tmp_path, "bad.urdf")) == ["bad.urdf"]


# Signing and what changed since.


def test_a_signed_cell_says_by_whom_and_when(folder):
    assert standing(load_cell(folder)).state == "unsigned"
    cell = load_cell(signed(folder))
    stands = standing(cell)
    assert stands.state == "signed"
    assert str(stands) == "signed by A. Person (safety engineer), 2026-03-02T09:30:00+00:00"
    assert stands.signature.sha256 == cell.safety_sha256
    assert stands.signature.version == version()
    assert stands.signature.values == cell.signed_values()
    assert stands.signature.sections == section_hashes(cell.signed_values())
    assert not list(folder.glob(".signature*")), "nothing half-written is left"


def test_every_change_is_told_with_file_key_values_and_unit(folder):
    signed(folder)
    rewrite(folder / "cell.yaml", "intrusion_m: 1.12", "intrusion_m: 1.05")
    rewrite(folder / "cell.yaml", "home: [0.0, -0.4", "home: [0.0, -0.5")
    rewrite(folder / "cell.yaml", "name: left, x_m: 0.75", "name: left, x_m: 0.8")
    rewrite(folder / "zones.yaml", "speed_ratio: 0.5", "speed_ratio: 0.6")
    rewrite(folder / "recipes" / "hand_over.yaml", "automation: confirm", "automation: manual")
    assert told(folder) == [
        "cell.yaml: robot.poses.home: [0, -0.4, 0.8, 0, 1, 0] -> [0, -0.5, 0.8, 0, 1, 0] rad",
        "cell.yaml: safety.intrusion_m: 1.12 -> 1.05 m",
        "cell.yaml: scanners[left].x_m: 0.75 -> 0.8 m",
        "recipes/hand_over.yaml: steps[hand].automation: confirm -> manual",
        "zones.yaml: zones[approach].speed_ratio: 0.5 -> 0.6",
    ]
    stands = standing(load_cell(folder))
    assert stands.state == "changed"
    assert str(stands).startswith("changed in 5 places since signed by A. Person")


def test_a_changed_file_of_the_description_is_named(folder):
    signed(folder)
    rewrite(folder / "inertia.xacro", "</robot>", "<!-- heavier --></robot>")
    (only,) = told(folder)
    assert only.startswith("robot.description: inertia.xacro: ")


def test_an_entry_that_came_or_went_and_another_order_are_told(folder):
    signed(folder)
    file = folder / "zones.yaml"
    data = yaml.safe_load(file.read_text())
    data["zones"] = list(reversed(data["zones"]))
    file.write_text(yaml.safe_dump(data))
    assert told(folder) == [
        "zones.yaml: zones (order): [around_table, approach] -> [approach, around_table]"
    ]
    data["zones"] = data["zones"][1:]
    file.write_text(yaml.safe_dump(data))
    lines = told(folder)
    assert lines[0] == "zones.yaml: zones (order): [around_table, approach] -> [around_table]"
    assert f"zones.yaml: zones[approach].kind: slow -> {ABSENT}" in lines
    (folder / "recipes" / "exercise.yaml").unlink()
    assert any(line.startswith("recipes/exercise.yaml: ") for line in told(folder))


def test_values_differ_exactly_where_their_hash_does():
    values = load_cell(DEFAULT_CELL).signed_values()
    assert changes(values, values) == ()
    for file, inside in values.items():
        for key in inside:
            other = {**values, file: {**inside, key: "changed"}}
            assert sha256_of(other) != sha256_of(values)
            assert changes(values, other), f"{file}: {key}"


def test_entries_without_names_are_counted_and_unknown_keys_have_no_unit():
    old = {"x.yaml": {"a": [{"v": 1.0}, {"v": 2.0}], "b": {}, "c": True}}
    new = {"x.yaml": {"a": [{"v": 1.0}, {"v": 3.0}], "b": {"d": 1.0}, "c": False}}
    assert [str(change) for change in changes(old, new)] == [
        "x.yaml: a[1].v: 2 -> 3",
        f"x.yaml: b: {{}} -> {ABSENT}",
        f"x.yaml: b.d: {ABSENT} -> 1",
        "x.yaml: c: true -> false",
    ]
    assert {spec.unit for name, spec, _ in specs(RecipeFile)} == {""}


@pytest.mark.parametrize(
    ("name", "role", "said"),
    [
        ("", "", "name is empty"),
        ("  ", "", "name is empty"),
        ("A\nB", "", "must be one line"),
        ("A" * 121, "", "at most 120 long"),
        ("A", "\x1b[31m", "role = "),
    ],
)
def test_a_name_that_says_nothing_signs_nothing(name, role, said):
    with pytest.raises(ValueError, match=said):
        sign(load_cell(DEFAULT_CELL), name=name, role=role, when=SIGNED_AT)


def test_an_instant_without_a_zone_is_no_instant():
    with pytest.raises(ValueError, match="no time zone"):
        sign(load_cell(DEFAULT_CELL), name="A", when=datetime(2026, 1, 1))


BROKEN = [
    (lambda text: text.replace("intrusion_m: 1.12", "intrusion_m: 1.0"), "it was edited"),
    (lambda text: text.replace("'cell.yaml: safety': ", "'cell.yaml: safety': 0"), "it was edited"),
    (lambda text: "a: [", "while parsing"),
    (lambda text: "- a", "is no mapping"),
    (lambda text: text + "more: 1\n", "unexpected keyword"),
    (lambda text: text.replace("name: A. Person", "name: 5"), "is no text"),
    (lambda text: text.replace("+00:00", ""), "no time zone"),
    (lambda text: text.partition("values:")[0] + "values: 1\n", "it was edited"),
    (lambda text: text.replace("2026-03-02T", "yesterday "), "isoformat"),
]


@pytest.mark.req("S2")
@pytest.mark.parametrize(("broken", "why"), BROKEN, ids=[why for _, why in BROKEN])
def test_a_signature_that_was_edited_or_cannot_be_read_is_none(folder, broken, why):
    file = signed(folder) / FILE
    text = file.read_text()
    assert broken(text) != text
    file.write_text(broken(text))
    stands = standing(load_cell(folder))
    assert stands.state == "broken"
    assert why in stands.why
    assert FILE in str(stands)


# A real cell runs only as it was signed.


@pytest.mark.req("S2")
def test_a_real_cell_is_refused_unsigned_changed_and_with_a_broken_signature(folder, tmp_path):
    real = declared(variant(folder, tmp_path / "real", REAL))
    assert "not signed" in refusal(load_cell(real))
    assert f'hrc-cell config sign {real} --name "..."' in refusal(load_cell(real))
    signed(real)
    assert refusal(load_cell(real)) == ""
    rewrite(real / "cell.yaml", "intrusion_m: 1.12", "intrusion_m: 1.1")
    why = refusal(load_cell(real))
    assert "cell.yaml: safety.intrusion_m: 1.12 -> 1.1 m" in why
    assert "by A. Person (safety engineer), 2026-03-02" in why
    rewrite(real / "cell.yaml", "intrusion_m: 1.1", "intrusion_m: 1.12")
    assert refusal(load_cell(real)) == ""
    (real / FILE).write_text("nonsense")
    assert "signature broken" in refusal(load_cell(real))


@pytest.mark.req("S1")
def test_a_recipe_that_is_read_later_runs_only_as_it_was_signed(folder, tmp_path):
    simulated = load_cell(folder)
    real = declared(variant(folder, tmp_path / "real", REAL))
    cell = load_cell(real)
    recipe = cell.recipes["exercise"]
    assert "No such file" in recipe_refusal(cell, recipe)
    signed(real)
    assert recipe_refusal(cell, recipe) == ""
    assert recipe_refusal(cell, replace(recipe, title_key="other")) == ""
    other = replace(recipe, steps=recipe.steps[:1])
    assert "exercise.yaml: changed since the cell was signed" in recipe_refusal(cell, other)
    assert "new.yaml: is not signed" in recipe_refusal(cell, replace(recipe, name="new"))
    (real / FILE).write_text("sha256: 3")
    assert "sign the cell" in recipe_refusal(cell, recipe)
    assert recipe_refusal(simulated, other) == ""


def test_of_very_many_changes_the_first_are_shown(folder, tmp_path):
    real = signed(variant(folder, tmp_path / "real", REAL))
    (real / "recipes" / "exercise.yaml").unlink()
    rewrite(real / "zones.yaml", "- name: approach", "- name: entrance")
    lines = refusal(load_cell(real)).splitlines()
    assert len(lines) == 23
    assert lines[-2].endswith(" more")


def test_a_simulated_cell_runs_signed_or_not(folder):
    assert refusal(load_cell(folder)) == ""
    signed(folder)
    rewrite(folder / "cell.yaml", "intrusion_m: 1.12", "intrusion_m: 1.1")
    assert refusal(load_cell(folder)) == ""


def test_a_signature_made_in_simulation_does_not_hold_for_the_real_cell(folder, tmp_path):
    real = declared(variant(signed(folder), tmp_path / "real", REAL))
    assert "cell.yaml: simulated: true -> false" in refusal(load_cell(real))


def test_the_zone_of_an_instant_is_kept(folder):
    there = datetime(2026, 3, 2, 16, 30, tzinfo=timezone.utc).astimezone()
    made = sign(load_cell(folder), name="A", when=there)
    assert datetime.fromisoformat(made.when) == there
