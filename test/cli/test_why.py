"""`hrc-cell why`: the last stop in words that a person understands, and as a picture."""

import json
import math
import xml.etree.ElementTree as ET
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.panel.catalog import load_catalog
from hrc_cell.adapters.record.events import EventLog, record_files
from hrc_cell.adapters.record.picture import Plan, draw
from hrc_cell.adapters.record.stops import find_stops
from hrc_cell.cli.main import main
from hrc_cell.cli.reasons import FOLLOWS, advice, cause_text, sentences
from hrc_cell.cli.scene import plan_of
from hrc_cell.core.safety import CAUSES

CELL = default_cell()
CHAIN = load_description(CELL).chain
TEXTS = load_catalog("en").texts
TODAY = date(2026, 3, 1)
TERMS = {"s_h_m": 0.8, "s_r_m": 0.12, "s_s_m": 0.09, "c_m": 0.5, "z_d_m": 0.1, "z_r_m": 0.02}
NEAR = {
    "state": 2, "cause": "separation", "stop_category": 2, "human_id": 3, "body_part": "",
    "link": CHAIN.capsule_names[-1], "distance_m": 1.41, "required_m": 1.63, **TERMS,
    "oldest_sample_age_s": 0.041, "oldest_source": "scanner:left", "zone": "", "clears": "itself",
    "people": [
        {"id": 3, "at_m": [2.0, 0.4], "velocity_mps": [-1.0, 0.0], "radius_m": 0.3,
         "hidden": False, "confirmed": True, "parts": []},
        {"id": 4, "at_m": [4.0, -1.0], "velocity_mps": [0.0, 0.0], "radius_m": 0.8,
         "hidden": True, "confirmed": True, "parts": []},
    ],
    "joints_rad": dict(zip(CHAIN.joints, CELL.file.robot.poses["home"], strict=True)),
}  # fmt: skip
MOVES = {"state": 4, "cause": "", "clears": ""}


def line(mono_s, **data):
    return {"kind": "permit", "stamp": f"2026-02-01T13:00:{mono_s:02.0f}.0Z", "mono_s": mono_s,
            "data": data}  # fmt: skip


def told(*permits, today=TODAY):
    (stop,) = find_stops([line(float(i), **data) for i, data in enumerate(permits)])
    return " ".join(sentences(stop, TEXTS, today))


def test_a_stop_for_a_person_says_who_which_link_every_term_and_how_it_went_on():
    text = told(MOVES, NEAR, MOVES)
    assert f"because person 3 was 1.41 m from {CHAIN.capsule_names[-1]}; 1.63 m were needed" in text
    for key, name in (("s_h_m", "term.s_h"), ("c_m", "term.c"), ("z_r_m", "term.z_r")):
        assert f"{TERMS[key]:.2f} m for {TEXTS[name]}" in text
    assert "was 41 ms old (scanner left)" in text
    assert "It went on by itself after 1.0 s." in text
    assert "2026-02-01" in text


def test_the_date_is_left_out_today():
    (stop,) = find_stops([line(0.0, **MOVES), line(1.0, **NEAR)])
    assert "2026" not in sentences(stop, TEXTS, date(2026, 2, 1))[0]


def test_where_there_is_more_than_needed_nobody_is_told_that_it_was_too_little():
    text = told(MOVES, {**NEAR, "distance_m": 1.9, "body_part": "lower_arm"})
    assert "person 3 (lower arm) was 1.90 m from" in text
    assert "not enough to move on" in text
    assert "; 1.63 m were needed" not in text
    assert TEXTS["clears.itself"] in text


@pytest.mark.req("S2")
@pytest.mark.parametrize("unknown", [None, math.nan, math.inf, "far", True])
def test_what_is_not_known_is_said_to_count_as_too_near(unknown):
    for name in ("distance_m", "required_m"):
        assert "counts as too near" in told(MOVES, {**NEAR, name: unknown})
    assert "had sent nothing" in told(MOVES, {**NEAR, "oldest_sample_age_s": unknown})


def test_a_fault_says_what_ends_it_what_to_do_and_what_came_meanwhile():
    fault = {**NEAR, "state": 0, "cause": "scanner_silent:left", "clears": "reset"}
    text = told(MOVES, NEAR, fault)
    assert "because person 3" in text
    assert TEXTS["cause.scanner_silent"].format(culprit="left") in text
    assert "It still stood when the record ended, 1.0 s later." in text
    assert TEXTS["clears.reset"] in text
    assert text.endswith(TEXTS["advice.scanner_silent"].format(culprit="left"))
    ready = {**fault, "state": 1, "cause": "not_started", "clears": "start"}
    text = told(MOVES, fault, ready, MOVES)
    assert "when reset and start had been pressed" in text
    assert text.endswith(f"If it comes again: {advice(line(0.0, **fault), TEXTS)}")
    asked = {**NEAR, "state": 1, "cause": "stop_request", "clears": ""}
    text = told(MOVES, asked)
    assert TEXTS["clears.start"] in text, "from the state, where the permit does not tell"
    assert "when start had been pressed" in told(MOVES, asked, MOVES)


def test_a_cell_that_has_not_moved_yet_is_not_said_to_have_stopped():
    text = told({"state": 0, "cause": "not_reset"})
    assert "the cell began" in text
    assert TEXTS["cause.not_reset"] in text
    assert "the arm stopped" not in text


@pytest.mark.parametrize("cause", CAUSES)
def test_every_cause_has_a_sentence_and_an_advice(cause):
    named = line(0.0, **{**NEAR, "cause": f"{cause}:left" if cause else ""})
    sentence = cause_text(named, TEXTS)
    assert f"cause.{cause or 'none'}" in TEXTS, "write it in both catalogues"
    assert len(sentence.split()) >= 2
    assert "{" not in sentence
    assert "{" not in (to_do := advice(named, TEXTS))
    assert to_do, f"write advice.{cause or 'none'} in both catalogues"
    if cause not in FOLLOWS:
        assert sentence in told(MOVES, {**NEAR, "state": 0, "cause": "clock"}, named["data"]) or (
            cause == "clock"
        )


def test_a_cause_without_a_text_is_told_by_its_name():
    assert "brakes_hot left" in told(MOVES, {**NEAR, "cause": "brakes_hot:left"})


def picture(permit, cell=CELL):
    (stop,) = find_stops([line(0.0, **MOVES), line(1.0, **permit)])
    plan = plan_of(stop, cell, cell and CHAIN, ["Why & <what>"], TEXTS)
    return plan, ET.fromstring(draw(plan))


def words(svg):
    return [e.text for e in svg.iter("{http://www.w3.org/2000/svg}text")]


def test_the_picture_shows_floor_zones_people_arm_distance_and_the_sum():
    plan, svg = picture(NEAR)
    assert {"person 3", "person 4 (hidden)", "1 m", "Why & <what>"} <= set(words(svg))
    assert {f"{z.name} ({z.kind})" for z in CELL.zones.zones} <= set(words(svg))
    assert "1.41 m, needed 1.63 m" in words(svg)
    assert [one.binding for one in plan.people] == [False, True], "the binding one on top"
    assert [link.name for link in plan.arm if link.binding] == [CHAIN.capsule_names[-1]]
    assert math.dist(plan.distance.to_m, (2.0, 0.4)) == pytest.approx(0.3)
    assert plan.distance.required_m == 1.63
    assert [value for _, value in plan.sum.terms] == list(TERMS.values())
    assert plan.notes == []


def test_the_ring_lies_as_far_around_the_link_as_the_edge_of_the_person_must():
    plan, svg = picture(NEAR)
    radii = [float(e.get("r")) for e in svg.iter("{http://www.w3.org/2000/svg}circle")]
    assert pytest.approx(1.63 + float(CHAIN.capsule_radius_m[-1]), abs=1e-3) in radii
    assert plan.distance.from_m == pytest.approx(plan.arm[-1].end_m, abs=0.2)


def test_a_zone_that_stopped_the_arm_has_the_thick_edge_and_nobody_binds():
    plan, _ = picture({**NEAR, "cause": "zone:approach", "zone": "approach"})
    assert [area.name for area in plan.areas if area.binding] == ["approach"]
    assert not any(one.binding for one in plan.people)
    assert plan.distance is None


def test_a_part_of_a_body_is_drawn_and_the_line_ends_at_it():
    hand = {"region": "hand", "start_m": [1.5, 0.0, 1.0], "end_m": [1.2, 0.0, 1.0],
            "radius_m": 0.05}  # fmt: skip
    people = [{**NEAR["people"][0], "parts": [hand]}]
    plan, _ = picture({**NEAR, "people": people, "body_part": "hand"})
    assert len(plan.people) == 2
    assert math.dist(plan.distance.to_m, (1.2, 0.0)) == pytest.approx(0.05, abs=1e-3)


def test_without_the_cells_files_or_with_others_the_picture_says_so():
    plan, svg = picture(NEAR, cell=None)
    assert "not here" in plan.notes[0]
    assert "person 3" in words(svg)
    (stop,) = find_stops(
        [{"kind": "record_begun", "data": {"safety_sha256": "other"}}, line(0.0, **NEAR)]
    )
    assert "have changed since" in plan_of(stop, CELL, CHAIN, [""], TEXTS).notes[0]
    plan, _ = picture({**NEAR, "people": [], "joints_rad": {}})
    assert plan.notes == ["The record does not say that anybody was seen."]
    assert (list(plan.arm), plan.distance) == ([], None)


ODD = st.one_of(
    st.none(), st.booleans(), st.text(max_size=3), st.floats(), st.just([]), st.just({}),
    st.lists(st.floats(-5.0, 5.0), min_size=2, max_size=2),
)  # fmt: skip


@given(
    person=st.dictionaries(st.sampled_from(sorted(NEAR["people"][0])), ODD),
    permit=st.dictionaries(
        st.sampled_from(sorted({*NEAR} - {"state", "cause", "people", "joints_rad"})), ODD
    ),
)
def test_whatever_a_record_holds_there_are_words_and_a_picture(person, permit):
    data = {**NEAR, **permit, "people": [{**NEAR["people"][0], **person}]}
    text = told(MOVES, data)
    assert "the arm stopped" in text
    picture(data)


def test_a_plan_of_nothing_is_a_picture():
    assert ET.fromstring(draw(Plan(title=[""]))) is not None


# The command.


@pytest.fixture
def state(tmp_path):
    """A state folder with a record of a stop for a person."""
    log = EventLog(tmp_path / "records", size_max_mb=1.0, files_max=3)
    begun = {"cell": "default", "folder": "/gone", "safety_sha256": CELL.safety_sha256}
    for second, (kind, data) in enumerate(
        [("record_begun", begun), ("permit", {"state": 0, "cause": "not_reset"}),
         ("permit", MOVES), ("permit", NEAR), ("permit", MOVES)]
    ):  # fmt: skip
        log.write(
            stamp_ns=second * 10**9, mono_s=float(second), source="x", kind=kind, data=data
        )  # fmt: skip
    log.close()
    return tmp_path


def test_why_explains_the_last_stop_and_writes_the_picture_beside_the_record(state, capsys):
    assert main(["why", "--state-dir", str(state)]) == 0
    said = capsys.readouterr().out
    assert "because person 3 was 1.41 m" in said
    assert "the cell began" not in said
    svg = ET.parse(state / "why.svg").getroot()
    assert f"{CELL.zones.zones[0].name} (stop)" in words(svg), "the cell is found by its name"
    assert str(state / "why.svg") in said


def test_last_n_and_json_and_a_picture_elsewhere_or_none(state, tmp_path, capsys):
    where = tmp_path / "stop.svg"
    arguments = ["why", "default", "--state-dir", str(state), "--last", "5", "--json"]
    assert main([*arguments, "--svg", str(where)]) == 0
    said = json.loads(capsys.readouterr().out)
    first, second = said["stops"]
    assert (first["moved_before"], second["moved_before"]) == (False, True)
    assert second["terms"] == TERMS
    for name, value in (
        ("distance_m", 1.41), ("required_m", 1.63), ("human_id", 3), ("oldest_source",
        "scanner:left"), ("lasted_s", 1.0), ("clears", "itself"), ("state", "STANDSTILL"),
        ("ended", True), ("cause", "separation"),
    ):  # fmt: skip
        assert second[name] == value
    assert said["picture"] == str(where)
    assert where.exists()
    assert not (state / "why.svg").exists()
    assert main([*arguments, "--no-picture"]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] is None


@pytest.mark.req("S2")
def test_why_works_on_a_record_cut_off_in_mid_line(state, capsys):
    (path,) = record_files(state / "records")
    path.write_bytes(path.read_bytes()[:-20])
    assert main(["why", "--state-dir", str(state), "--no-picture"]) == 0
    assert "because person 3" in (said := capsys.readouterr().out)
    assert "still stood" in said, "the line that ended the stop is the one cut off"


def test_an_empty_record_and_an_unknown_cell_are_told_with_what_to_do(tmp_path, capsys):
    assert main(["why", "--state-dir", str(tmp_path)]) == 1
    assert "--state-dir" in capsys.readouterr().err
    assert main(["why", "no_such_cell"]) == 2
    assert "no cell 'no_such_cell'" in capsys.readouterr().err


def test_a_picture_that_cannot_be_written_is_told_and_the_words_come(state, capsys):
    assert main(["why", "--state-dir", str(state), "--svg", str(state / "no" / "x.svg")]) == 0
    said = capsys.readouterr()
    assert "no picture" in said.err
    assert "because person 3" in said.out
