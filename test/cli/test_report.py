"""The commissioning report: whole, self-contained, to scale, and nothing in it unescaped."""

import re
import shutil
from dataclasses import replace
from datetime import datetime, timezone
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import DEFAULT_CELL, ROOT, default_cell, signed

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.report.checks import delays, findings
from hrc_cell.adapters.report.document import LIMIT, Subject, document
from hrc_cell.adapters.report.markup import EMPTY, Markup, joined, tag
from hrc_cell.adapters.report.numbers import rows
from hrc_cell.adapters.report.plan import plan, reach_m
from hrc_cell.adapters.report.plot import line, nice_step, stacked
from hrc_cell.adapters.report.separation import RATIOS, required
from hrc_cell.adapters.report.stopping import stop_model, stop_terms
from hrc_cell.cli import main
from hrc_cell.cli.variant import variant
from hrc_cell.core.campaign import About, declared_table
from hrc_cell.core.kinematics import capsules_at
from hrc_cell.core.safety import CAUSES
from hrc_cell.settings.canonical import BESIDE
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.contact import REGIONS, ContactSettings
from hrc_cell.settings.schema import Spec, bound_text, specs
from hrc_cell.settings.signature import Signed, standing

CELL = default_cell()
CHAIN = load_description(CELL).chain
MADE = datetime(2026, 3, 2, 9, 30, tzinfo=timezone.utc)
VOID = EMPTY | {"meta"}


class Read(HTMLParser):
    """What a browser would see: texts, elements, and whether every element is closed."""

    def __init__(self, text):
        super().__init__()
        self.texts, self.elements, self.open = [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, name, attributes):
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name, attributes):
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name):
        assert self.open.pop() == name

    def handle_data(self, data):
        self.texts.append(data.replace("\u200b", ""))

    @property
    def text(self):
        return " ".join(self.texts)


def made(cell=CELL, signed=None):
    subject = Subject(
        cell=cell, chain=CHAIN, signed=signed or Signed(state="unsigned"), version="1.2.3",
        made=MADE,
    )  # fmt: skip
    text = document(subject)
    return text, Read(text)


WHOLE, READ = made()


def test_the_command_writes_the_report_of_a_checked_cell(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main.main(["report"]) == 0
    text = (tmp_path / "default_report.html").read_text()
    assert text.startswith("<!doctype html>")
    assert CELL.safety_sha256 in text
    assert main.main(["report", str(DEFAULT_CELL), "-o", str(tmp_path / "b.html")]) == 0
    assert (tmp_path / "b.html").is_file()
    wrong = variant(DEFAULT_CELL, tmp_path / "wrong", {"panel.port": 70000})
    assert main.main(["report", str(wrong), "-o", str(tmp_path / "c.html")]) == 2
    assert main.main(["report", "-o", str(tmp_path / "no" / "d.html")]) == 2
    assert not (tmp_path / "c.html").exists()


def test_nothing_is_loaded_and_nothing_runs():
    names = {name for name, _ in READ.elements}
    assert not names & {"script", "link", "img", "iframe", "object", "base"}
    attributes = {key for _, found in READ.elements for key in found}
    assert not [key for key in attributes if key.startswith("on") or key in ("href", "src")]
    assert not re.findall(r"url\(|@import|https?://", WHOLE)
    assert READ.open == []


def test_the_title_says_cell_hash_signature_version_date_and_the_limit_first():
    for text in ("default", CELL.safety_sha256, "not signed", "hrc_cell 1.2.3", "2026-03-02 09:30"):
        assert text in READ.text
    assert READ.text.index(LIMIT) < READ.text.index("Plan of the cell")


def test_every_number_that_bears_on_safety_stands_there_with_bounds_source_and_meaning():
    found, begin = 0, READ.texts.index("12. Every number that bears on safety")
    for section, spec, _ in specs(type(CELL.file)):
        if section in BESIDE:
            continue
        for key, _, inner in rows(getattr(CELL.file, section), spec, section):
            found += 1
            at = READ.texts.index(key, begin)
            line_of = READ.texts[at : at + 6]
            for said in (bound_text(inner), inner.text):
                assert not said or said in line_of, key
            assert inner.source.partition(" (check")[0] in " ".join(line_of)
    assert found > 90


def test_a_value_stands_beside_its_key():
    cells = READ.texts
    assert cells[cells.index("safety.intrusion_m") + 1] == "1.12"
    assert cells[cells.index("scanners[].y_m") + 1] == "left: 0.45; right: -0.45"
    assert cells[cells.index("scanners[].timeout_s") + 1] == "each 0.25"


def test_zones_recipes_and_files_stand_there():
    for zone in CELL.zones.zones:
        assert zone.name in READ.texts
        assert any(text.startswith(f"{zone.name}: {zone.kind}") for text in READ.texts), (
            "on the plan"
        )
    for name, recipe in CELL.recipes.items():
        assert f"recipes/{name}.yaml" in READ.texts
        assert {step.id for step in recipe.steps} <= set(READ.texts)
    assert set(CELL.description) <= set(READ.texts)
    assert set(CELL.description.values()) <= set(READ.texts)


@pytest.mark.parametrize("ratio", RATIOS)
def test_the_terms_of_the_distance_add_up(ratio):
    terms = required(CELL, ratio)
    assert float(terms.required_m) == pytest.approx(float(sum(terms[:6])))
    assert f"{float(terms.required_m):.3f}" in READ.texts


def test_the_distance_is_worked_out_as_by_hand():
    terms = required(CELL, 1.0)  # v_h 1.6, T_r 0.3, T_s 0.45, v_r 0.8, S_s 0.24, C 1.12, Z 0.08
    assert float(terms.required_m) == pytest.approx(1.6 * 0.75 + 0.8 * 0.3 + 0.24 + 1.12 + 0.08)
    near = required(CELL, 1.0, near=True)
    assert float(near.required_m) == pytest.approx(2.0 * 0.75 + 0.8 * 0.3 + 0.24 + 1.12 + 0.08)


MALICE = "<script>alert(1)</script>\"'&"


def test_whatever_stands_in_the_files_is_escaped():
    zone = replace(CELL.zones.zones[0], name=MALICE)
    scanner = replace(CELL.file.scanners[0], frame=MALICE)
    recipe = replace(CELL.recipes["hand_over"], title_key=MALICE)
    cell = replace(
        CELL,
        zones=replace(CELL.zones, zones=(zone,)),
        file=replace(CELL.file, scanners=(scanner, *CELL.file.scanners[1:])),
        recipes={MALICE: recipe},
        description={MALICE: "0" * 64},
    )
    text, read = made(cell)
    assert "<script" not in text
    assert read.open == []
    assert read.text.count(MALICE) >= 4


@given(st.text(), st.text())
def test_no_text_and_no_attribute_becomes_markup(text, value):
    read = Read(tag("p", text, title=value))
    [(name, attributes)] = read.elements
    assert name == "p"
    assert set(attributes) == {"title"}
    assert joined(Markup("<b/>"), "<") == "<b/>&lt;"


def test_what_changed_since_it_was_signed_stands_in_the_report(tmp_path):
    folder = signed(shutil.copytree(DEFAULT_CELL, tmp_path / "cell"))
    cell = load_cell(folder)
    _, read = made(cell, standing(cell))
    assert "signed by A. Person (safety engineer), 2026-03-02T09:30:00+00:00" in read.texts
    file = folder / "cell.yaml"
    file.write_text(file.read_text().replace("intrusion_m: 1.12", "intrusion_m: 1.0"))
    cell = load_cell(folder)
    _, read = made(cell, standing(cell))
    at = read.texts.index("Changed since it was signed")
    assert read.texts[at:].index("safety.intrusion_m") > 0
    assert any(text.startswith("changed in one place") for text in read.texts)


# Checks.


def states(cell, signed=None):
    return {f.name: f.state for f in findings(cell, signed or Signed(state="unsigned"))}


def test_the_default_cell_has_nothing_wrong():
    assert set(states(CELL).values()) == {"ok", "note"}
    assert states(CELL)["Signature"] == "note"


def test_a_real_cell_that_is_not_signed_is_wrong():
    real = replace(
        CELL,
        file=replace(CELL.file, simulated=False, bus=replace(CELL.file.bus, port="/dev/x")),
    )
    assert states(real)["Signature"] == "wrong"
    assert next(d.name for d in delays(real)) == "one permit period"
    assert "the period of the scanners not counted" in made(real)[1].text


def test_an_intrusion_too_small_for_the_scan_plane_is_noted():
    low = replace(CELL.file, safety=replace(CELL.file.safety, intrusion_m=1.0))
    assert states(replace(CELL, file=low))["C for scanner left"] == "note"
    high = tuple(replace(scanner, z_m=0.9) for scanner in CELL.file.scanners)
    seen = states(replace(CELL, file=replace(CELL.file, scanners=high)))
    assert seen["C for scanner left"] == "ok"
    assert seen["Plane of scanner left"] == "note"


def test_a_time_out_beyond_the_reaction_time_is_noted():
    late = tuple(replace(scanner, timeout_s=0.3) for scanner in CELL.file.scanners)
    seen = states(replace(CELL, file=replace(CELL.file, scanners=late)))
    assert seen["scanners[left].timeout_s"] == "note"
    short = replace(CELL.file, safety=replace(CELL.file.safety, reaction_time_s=0.09))
    assert states(replace(CELL, file=short))["safety.lease_s"] == "note"


# Drawings.


def test_the_plan_is_to_scale():
    drawn, scale = plan(CELL, CHAIN)
    [(_, svg), *rest] = Read(drawn).elements
    assert float(svg["width"].removesuffix("mm")) == float(svg["viewbox"].split()[2])
    outline = next(a for n, a in rest if n == "polygon" and a["class"] == "outline")
    points = np.array([list(map(float, p.split(","))) for p in outline["points"].split()])
    metres = np.ptp(points, axis=0) * scale / 1000.0
    assert metres == pytest.approx(np.ptp(np.array(CELL.zones.outline_m), axis=0), abs=0.01)
    reach = next(a for n, a in rest if n == "circle" and a["class"] == "reach")
    assert float(reach["r"]) * scale / 1000.0 == pytest.approx(reach_m(CHAIN), abs=0.01)


@pytest.mark.parametrize("size", [0.2, 3.0, 12.0, 40.0])
def test_a_plan_of_any_size_fits_the_page(size):
    corners = ((-size, -size), (size, -size), (size, size), (-size, size))
    cell = replace(CELL, zones=replace(CELL.zones, outline_m=corners))
    drawn, _ = plan(cell, CHAIN)
    [(_, svg), *_] = Read(drawn).elements
    assert float(svg["width"].removesuffix("mm")) <= 174.0
    assert float(svg["height"].removesuffix("mm")) <= 220.0


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(0.0, 1.0), min_size=6, max_size=6))
def test_no_point_of_the_arm_is_beyond_its_reach(part):
    q = CHAIN.lower_rad + np.array(part) * (CHAIN.upper_rad - CHAIN.lower_rad)
    for end in capsules_at(CHAIN, q):
        beside = np.linalg.norm(end[:, :2] - CHAIN.base[:2, 3], axis=-1)
        assert np.all(beside + CHAIN.capsule_radius_m <= reach_m(CHAIN) + 1e-9)


def test_the_reach_of_an_arm_whose_first_axis_lies_is_the_sum_of_its_ways():
    lying = replace(CHAIN, axis=CHAIN.axis[[1, 0, 2, 3, 4, 5]])
    assert reach_m(lying) > reach_m(CHAIN)


def test_labels_of_a_plot_do_not_lie_on_each_other():
    x = np.linspace(0.0, 1.0, 5)
    layers = [(name, np.full(5, 0.01)) for name in "abcdef"]
    drawn = Read(stacked(x, layers, x_text="x", y_text="y", title="t"))
    places = [float(a["y"]) for n, a in drawn.elements if n == "text" and "class" not in a]
    assert len(places) == 6
    assert all(abs(a - b) >= 14.9 for a, b in pairwise(places))
    assert drawn.open == []


def test_a_plot_of_nothing_is_still_a_plot():
    flat = np.zeros(3)
    assert Read(line(flat, flat, name="n", x_text="x", y_text="y", title="t")).open == []
    assert nice_step(0.0) == 1.0


def test_a_mapping_and_a_list_of_sections_become_lines():
    found = {key: value for key, value, _ in rows({"a": (1.0,), "b": 2}, Spec("t"), "m")}
    assert found == {"m.a": (1.0,), "m.b": 2}
    assert [key for key, _, _ in rows(None, Spec("t"), "n")] == ["n"]


# What the tables say.


def with_stops(measured=True):
    about = About(arm="an arm", date="2030-01-01", software="s 9", simulated=True)
    table = declared_table(
        [motor.joint for motor in CELL.file.robot.arm], about=about, payload_max_kg=0.25,
        motion=CELL.file.motion, safety=CELL.file.safety,
    )  # fmt: skip
    if measured:
        joints = tuple(
            replace(joint, rows=tuple(
                replace(row, stops=3, time_s=0.35, time_greatest_s=0.31, time_std_s=0.01,
                        angle_rad=0.2, angle_greatest_rad=0.15, angle_std_rad=0.01)
                for row in joint.rows))
            for joint in table.joints
        )  # fmt: skip
        table = replace(table, joints=joints, measured=True)
    return replace(CELL, stopping=table)


def test_a_table_of_stops_stands_there_and_the_distance_is_worked_out_with_it():
    cell = with_stops()
    _, read = made(cell)
    for said in ("2030-01-01", "s 9", "measured in simulation, 2030-01-01", "0.350", "0.310"):
        assert said in read.texts
    marks = [a for n, a in read.elements if n == "circle" and a["class"].startswith("mark")]
    assert len(marks) == 12  # six joints, one row each, time and angle
    t_s, s_s = stop_terms(cell, 1.0)
    assert float(t_s) == 0.35
    full = cell.file.motion.tcp_speed_max_mps
    speeds = cell.file.motion.velocity_max_radps
    assert float(s_s) == pytest.approx(float(stop_model(cell).way_s(speeds)) * full)
    assert float(required(cell, 1.0).required_m) < float(required(CELL, 1.0).required_m)
    assert states(cell)["Measured stops"] == "ok"


def test_a_table_that_was_not_measured_is_named():
    cell = with_stops(measured=False)
    _, read = made(cell)
    assert "declared, not measured" in read.texts
    assert not [a for n, a in read.elements if n == "circle" and "mark" in a.get("class", "")]
    assert states(cell)["Measured stops"] == "note"


def test_zones_of_every_kind_their_sets_and_muting_stand_there(tmp_path):
    text = (ROOT / "docs" / "zones.md").read_text()
    folder = shutil.copytree(DEFAULT_CELL, tmp_path / "cell")
    (folder / "zones.yaml").write_text(re.search(r"```yaml\n(.*?)```", text, re.S).group(1))
    cell = load_cell(folder)
    _, read = made(cell)
    drawn = {a["class"] for n, a in read.elements if n == "polygon" and "class" in a}
    assert {"zone stop", "zone slow", "zone limit", "zone approach"} <= drawn
    for said in (
        "no point faster than 0.25 m/s", "circle, centre (1.3, 0) m, radius 0.6 m",
        "hands: limit, 0.25 m/s, 0.6 to 1.8 m high", "step hand",
        "lane_barrier then carrier_at_dock",
    ):  # fmt: skip
        assert said in read.texts


def test_every_cause_and_every_region_stands_there():
    contact = ContactSettings(
        moving_mass_kg=16.0, payload_kg=2.0, head_low_m=1.2, kind="transient", area_cm2=None
    )
    step = replace(CELL.recipes["hand_over"].steps[0], contact_region="hand")
    recipe = replace(CELL.recipes["hand_over"], steps=(step,))
    _, read = made(replace(CELL, file=replace(CELL.file, contact=contact), recipes={"a": recipe}))
    assert {name or '""' for name in CAUSES} <= set(read.texts)
    assert set(REGIONS) <= set(read.texts)
    assert read.texts.count("contact is not permissible") == 2
    assert read.texts.count("1.359") == 2  # of the hand, in the table and beside the step
