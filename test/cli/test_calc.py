"""The calculator, through the real command line: what it prints, what it refuses."""

import json
import math
import re
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import ROOT

from hrc_cell.cli import main
from hrc_cell.cli.calculations import SECONDARY

PAGE = ROOT / "docs" / "calc.md"
GOOD = {
    "iso13855": {"total-time": 0.6, "constant": 850},
    "ssm": {
        "human-speed": 1.6, "robot-speed": 0.5, "reaction-time": 0.1, "stopping-time": 0.2,
        "stopping-distance": 0.05, "intrusion": 0.85, "human-uncertainty": 0.05,
        "robot-uncertainty": 0.02,
    },
    "ssm-speed": {
        "distance": 1.0, "deceleration": 2.5, "reaction-time": 0.1, "human-speed": 1.6,
        "constant": 0.3,
    },
    "pfl": {"region": "hand", "mass": 16, "payload": 2, "contact": "transient"},
}  # fmt: skip
KEY = {
    "iso13855": "separation_mm", "ssm": "protective_distance_m", "ssm-speed": "max_speed_mps",
    "pfl": "max_speed_mps",
}  # fmt: skip
OPTIONAL = {
    ("iso13855", "resolution"): {"total-time": 0.6},
    ("iso13855", "height"): {"total-time": 0.6, "approach": "parallel"},
    ("iso13855", "supplement"): GOOD["iso13855"],
    ("iso13855", "speed"): GOOD["iso13855"],
    ("pfl", "area"): GOOD["pfl"],
}
NUMBERS = [
    (what, name, options)
    for what, options in GOOD.items()
    for name, value in options.items()
    if not isinstance(value, str)
] + [(what, name, options) for (what, name), options in OPTIONAL.items()]
REQUIRED = [
    (what, name)
    for what, options in GOOD.items()
    for name in options
    if name not in ("stopping-distance", "constant") or what == "ssm-speed"
]


def words(what, options):
    return ["calc", what, *(f"--{name}={value}" for name, value in options.items())]


@pytest.fixture
def calc(capsys):
    """Return a function that runs a calculation and returns its JSON."""

    def run(what, **changes):
        options = GOOD[what] | {k.replace("_", "-"): v for k, v in changes.items()}
        given_options = {k: v for k, v in options.items() if v is not None}
        assert main.main([*words(what, given_options), "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return run


def refusal(argv, capsys):
    """Return what is said about a command line that is refused."""
    try:
        code = main.main(list(argv))
    except SystemExit as end:
        code = end.code
    out, err = capsys.readouterr()
    assert code == 2
    assert out == ""
    return err.splitlines()[-1]


# Numbers.


@pytest.mark.parametrize(
    ("what", "changes", "expected"),
    [
        ("iso13855", {}, 1810.0),
        (
            "iso13855",
            {"total_time": 0.4, "constant": None, "approach": "3d", "height": 1200},
            1665.0,
        ),
        ("iso13855", {"total_time": 0.2, "constant": None, "resolution": 30}, 500.0),
        ("iso13855", {"constant": 100, "total_time": 0.1, "speed": 1.6}, 260.0),
        ("iso13855", {"edition": 2024, "supplement": 100}, 1910.0),
        ("ssm", {}, 1.5),
        ("ssm", {"stopping_distance": None}, 1.55),
        ("ssm-speed", {}, 0.624369),
        ("ssm-speed", {"distance": 0.46}, 0.0),
        ("pfl", {}, 1.3590),
        ("pfl", {"mass": 20, "payload": 0}, 1.3590),
        ("pfl", {"contact": "quasi-static"}, 0.6795),
        ("pfl", {"region": "chest", "area": 1}, 240 / math.sqrt(8 * 25e3)),
    ],
)
def test_published_points_and_points_by_hand(what, changes, expected, calc):
    assert calc(what, **changes)[KEY[what]] == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize("what", GOOD)
def test_a_result_shows_formula_inputs_source_and_edition(what, calc):
    result = calc(what)
    assert " = " in result["formula"]
    assert result["filled_in"]
    assert "check them against a licensed copy" in result["note"]
    assert result["source"]
    assert result["edition"] in ("2010", "2016", "2024")
    assert isinstance(result["warnings"], list)
    for name, value in GOOD[what].items():
        shown = result["inputs"][name.replace("-", "_")]
        assert shown["value"] == value
        assert isinstance(value, str) or shown["unit"]


@pytest.mark.parametrize("what", GOOD)
def test_a_person_can_read_it(what, calc, capsys):
    assert main.main(words(what, GOOD[what])) == 0
    text = capsys.readouterr().out
    result = calc(what)
    for part in (result["filled_in"], result["source"], SECONDARY, f"{result[KEY[what]]:.6g}"):
        assert part in text
    assert all(warning in text for warning in result["warnings"])
    assert all(line == line.rstrip() for line in text.splitlines())


def test_every_term_of_the_protective_distance_is_told_by_name(calc):
    result = calc("ssm")
    expected = {"s_h": 0.48, "s_r": 0.05, "s_s": 0.05, "c": 0.85, "z_d": 0.05, "z_r": 0.02}
    assert {name: result[f"{name}_m"] for name in expected} == pytest.approx(expected)
    assert {k.lower(): t["value_m"] for k, t in result["terms"].items()} == pytest.approx(expected)
    assert all(term["meaning"] for term in result["terms"].values())
    assert sum(t["value_m"] for t in result["terms"].values()) == pytest.approx(
        result["protective_distance_m"]
    )


@given(
    st.floats(0.0, 3.0), st.floats(0.1, 10.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0),
    st.floats(0.0, 5.0),
)  # fmt: skip
def test_the_greatest_speed_needs_the_distance_it_was_asked_for(v_h, a, t_r, constant, d):
    """And is 0 where there is no room for the person's way in the reaction time."""
    from hrc_cell.cli.calculations import ssm_result, ssm_speed_result

    found = ssm_speed_result(
        distance_m=d, deceleration_mps2=a, reaction_time_s=t_r, human_speed_mps=v_h,
        constant_m=constant,
    )  # fmt: skip
    if d <= v_h * t_r + constant:
        assert found.value == 0.0
        assert any("no speed" in warning for warning in found.warnings)
        return
    needed = ssm_result(
        human_speed_mps=v_h, robot_speed_mps=found.value, reaction_time_s=t_r,
        stopping_time_s=found.more["stopping_time_s"],
        stopping_distance_m=found.more["stopping_distance_m"],
        intrusion_m=constant, human_uncertainty_m=0.0, robot_uncertainty_m=0.0,
    )  # fmt: skip
    assert needed.value == pytest.approx(d, abs=1e-7)


def test_a_region_says_which_table_governs_and_what_it_was_made_of(calc):
    result = calc("pfl", area=0.5)
    assert result["governing_table"] == "ISO/TS 15066 A.2 pressure, A.3 spring and mass"
    assert (result["force_n"], result["table_force_n"]) == (190.0, 280.0)
    assert (result["pressure_npcm2"], result["pressure_force_n"]) == (380.0, 190.0)
    assert result["robot_mass_kg"] == 10.0
    assert result["energy_j"] == pytest.approx(
        result["reduced_mass_kg"] * result["max_speed_mps"] ** 2 / 2
    )
    without = calc("pfl")
    assert without["governing_table"] == "ISO/TS 15066 A.2 force, A.3 spring and mass"
    assert without["pressure_force_n"] is None


WARNED = [
    ("ssm", {"human_speed": 1.59}, "v_h below 1.6 m/s"),
    ("ssm-speed", {"human_speed": 1.59}, "v_h below 1.6 m/s"),
    ("ssm", {"stopping_distance": None}, "v_r T_s is counted"),
    ("ssm", {"stopping_distance": 0.05}, "not above v_r T_s / 2 = 0.05 m"),
    ("ssm", {"reaction_time": 0}, "nothing reacts in 0 s"),
    ("ssm-speed", {"distance": 0.46}, "no speed: d is not more than v_h T_r + C' = 0.46 m"),
    ("pfl", {"region": "tail"}, "'tail' is no body region known here: the lowest of all counts"),
    ("pfl", {"area": 1.01}, "the area is larger than 1 cm2"),
    ("pfl", {}, "no area given"),
    ("pfl", {}, "Table A.4 states 0.49 J for hand"),
    ("pfl", {"region": "radial bone"}, "radial bone"),
    ("pfl", {"contact": "quasi-static"}, "who is clamped cannot recoil"),
    ("iso13855", {"speed": 1.0}, "with the K that the rule gives, 1600 mm/s, S is 1810 mm"),
]
UNWARNED = [
    ("iso13855", {}),
    ("ssm", {"stopping_distance": 0.0501}),
    ("ssm", {"robot_speed": 0, "stopping_distance": 0}),
    ("ssm-speed", {}),
    ("pfl", {"region": "chest", "area": 1}),
]


@pytest.mark.parametrize(("what", "changes", "said"), WARNED)
def test_what_a_result_leaves_open_is_told(what, changes, said, calc):
    assert any(said in warning for warning in calc(what, **changes)["warnings"])


@pytest.mark.parametrize(("what", "changes"), UNWARNED)
def test_nothing_is_told_where_nothing_is_open(what, changes, calc):
    assert calc(what, **changes)["warnings"] == []


def test_a_region_that_is_not_known_is_judged_as_the_slowest(calc):
    result = calc("pfl", region="")
    assert (result["region"], result["region_known"]) == ("lower_leg", False)
    assert result["max_speed_mps"] == calc("pfl", region="shin")["max_speed_mps"]


# Refusals.


@pytest.mark.req("S2")
@pytest.mark.parametrize("value", ["-1", "nan", "inf", "-inf", "1e999", "1e9", "much", ""])
@pytest.mark.parametrize(("what", "name", "options"), NUMBERS)
def test_nonsense_is_refused_with_option_value_unit_and_bound(what, name, options, value, capsys):
    said = refusal(words(what, options | {name: value}), capsys)
    assert re.search(
        rf"argument --{name}: {re.escape(value)} (s|m|m/s|m/s2|mm|kg|cm2): must be a number "
        r"(above|of) \S+ (to|and at most) \S+ \1$",
        said,
    ), said


@pytest.mark.req("S2")
@pytest.mark.parametrize(("what", "name"), REQUIRED)
def test_what_is_missing_is_asked_for(what, name, capsys):
    given_options = {k: v for k, v in GOOD[what].items() if k != name}
    assert f"required: --{name}" in refusal(words(what, given_options), capsys)


@pytest.mark.parametrize(
    ("what", "options", "said"),
    [
        ("iso13855", {"total-time": 0}, "--total-time: 0 s: must be a number above 0"),
        ("iso13855", {"total-time": 0.3}, "--resolution: is missing"),
        ("iso13855", {"total-time": 0.3, "approach": "parallel"}, "--height: is missing (mm"),
        ("iso13855", {"total-time": 0.3, "approach": "3d"}, "--height: is missing (mm"),
        (
            "iso13855", {"total-time": 0.3, "approach": "parallel", "height": 1200},
            "--height: 1200 mm is above 1000 mm",
        ),
        (
            "iso13855",
            {"total-time": 0.3, "approach": "parallel", "height": 100, "resolution": 70},
            "--height: 100 mm is below 15 (d - 50 mm) = 300 mm",
        ),
        (
            "iso13855", {"total-time": 0.3, "constant": 850, "resolution": 30},
            "--resolution: has no part in the result beside a constant",
        ),
        ("iso13855", {"total-time": 0.3, "edition": 1999}, "argument --edition: invalid choice"),
        (
            "iso13855", {"total-time": 0.3, "approach": "3d", "height": 9, "edition": 2010},
            "--edition: 2010 has no rule for 3d devices; use 2024",
        ),
        ("ssm-speed", GOOD["ssm-speed"] | {"deceleration": 0}, "--deceleration: 0 m/s2: must be"),
        ("pfl", GOOD["pfl"] | {"mass": 0}, "--mass: 0 kg: must be a number of 0.01 to 10000 kg"),
        ("pfl", GOOD["pfl"] | {"area": 0}, "--area: 0 cm2: must be a number above 0"),
        ("pfl", GOOD["pfl"] | {"contact": "soft"}, "argument --contact: invalid choice"),
        ("pfl", GOOD["pfl"] | {"region": "face"}, "--region: face: contact with skull, forehead"),
        ("pfl", GOOD["pfl"] | {"region": "temple"}, "is not permissible, at no speed"),
    ],
)  # fmt: skip
def test_what_a_formula_says_nothing_about_is_refused(what, options, said, capsys):
    for more in ([], ["--json"]):
        assert said in refusal([*words(what, options), *more], capsys)


@pytest.mark.parametrize("region", ["skull_forehead", "face"])
@pytest.mark.parametrize("kind", ["transient", "quasi-static"])
def test_the_head_is_never_given_a_speed(region, kind, capsys):
    options = GOOD["pfl"] | {"region": region, "contact": kind, "area": 0.1}
    assert f"hrc-cell calc pfl: error: --region: {region}: " in refusal(
        words("pfl", options), capsys
    )


# The page in docs.


def examples():
    """Yield each command of the page with what is printed under it."""
    for block in re.findall(r"```console\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL):
        for part in block.split("$ hrc-cell ")[1:]:
            command, _, printed = part.partition("\n")
            yield command, printed.strip("\n")


@pytest.mark.parametrize(("command", "printed"), [*examples()], ids=[c for c, _ in examples()])
def test_every_example_of_the_page_prints_what_stands_there(command, printed, capsys):
    assert main.main(shlex.split(command)) == 0
    assert capsys.readouterr().out.strip("\n") == printed


def test_the_page_has_an_example_of_each_calculation():
    assert {shlex.split(command)[1] for command, _ in examples()} == set(GOOD)
