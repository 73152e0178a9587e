"""ISO 13855: published points, the steps of its rules, and where they say nothing."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unknown

from hrc_cell.core.iso13855 import APPROACHES, OutOfRangeError, separation
from hrc_cell.core.separation import protective_distance

time_s = st.floats(1e-3, 10.0)
fine_mm = st.floats(1e-3, 40.0)
any_mm = st.floats(0.1, 300.0)
height_mm = st.floats(0.0, 1000.0)
constant_mm = st.floats(0.0, 3000.0)
edition = st.sampled_from(["2010", "2024"])
approach = st.sampled_from(APPROACHES)


@st.composite
def cases(draw):
    """Return the arguments of any case that the standard has a formula for."""
    which = draw(approach)
    case = {"total_time_s": draw(time_s), "approach": which}
    if which != "3d":
        case["edition"] = draw(edition)
    if draw(st.booleans()):
        return case | {"constant_mm": draw(constant_mm)}
    if which == "perpendicular":
        return case | {"resolution_mm": draw(any_mm)}
    return case | {"height_mm": draw(height_mm)}


def mm(total_time_s, **case):
    return separation(total_time_s, **case).separation_mm


def refused(**case):
    with pytest.raises(OutOfRangeError) as caught:
        separation(**({"total_time_s": 0.3} | case))
    assert str(caught.value) == f"{caught.value.key}: {caught.value.what}"
    return caught.value


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"total_time_s": 0.6, "constant_mm": 850.0}, 1810.0),
        ({"total_time_s": 0.4, "approach": "3d", "height_mm": 1200.0}, 1665.0),
        # Hands: 2000 T + 8 (d - 14).
        ({"total_time_s": 0.1, "resolution_mm": 14.0}, 200.0),
        ({"total_time_s": 0.1, "resolution_mm": 30.0}, 328.0),
        ({"total_time_s": 0.1, "resolution_mm": 40.0}, 408.0),
        # Never less than 100 mm; never less than nothing for a fine device.
        ({"total_time_s": 0.01, "resolution_mm": 14.0}, 100.0),
        ({"total_time_s": 0.05, "resolution_mm": 1.0}, 100.0),
        ({"total_time_s": 0.06, "resolution_mm": 1.0}, 120.0),
        # The step of 500 mm: up to it, then no less than it, then walking.
        ({"total_time_s": 0.25, "resolution_mm": 14.0}, 500.0),
        ({"total_time_s": 0.26, "resolution_mm": 14.0}, 500.0),
        ({"total_time_s": 0.32, "resolution_mm": 14.0}, 512.0),
        # Arms and bodies.
        ({"total_time_s": 0.1, "resolution_mm": 41.0}, 1010.0),
        ({"total_time_s": 0.1, "resolution_mm": 70.0}, 1010.0),
        ({"total_time_s": 0.1, "resolution_mm": 71.0}, 1360.0),
        # Along the zone.
        ({"total_time_s": 0.5, "approach": "parallel", "height_mm": 0.0}, 2000.0),
        ({"total_time_s": 0.5, "approach": "parallel", "height_mm": 300.0}, 1880.0),
        ({"total_time_s": 0.5, "approach": "parallel", "height_mm": 875.0}, 1650.0),
        ({"total_time_s": 0.5, "approach": "parallel", "height_mm": 1000.0}, 1650.0),
        (
            {
                "total_time_s": 0.5, "approach": "parallel", "height_mm": 1000.0,
                "edition": "2024", "supplement_mm": 100.0,
            },
            2100.0,
        ),
        # From above.
        ({"total_time_s": 0.5, "approach": "3d", "height_mm": 0.0}, 2000.0),
        ({"total_time_s": 0.5, "approach": "3d", "height_mm": 1000.0}, 2000.0),
        ({"total_time_s": 0.5, "approach": "3d", "height_mm": 1400.0}, 1650.0),
        ({"total_time_s": 0.5, "approach": "3d", "height_mm": 3000.0}, 1650.0),
        # With a constant or a speed given.
        ({"total_time_s": 0.1, "constant_mm": 100.0}, 300.0),
        ({"total_time_s": 0.1, "constant_mm": 100.0, "approach": "parallel"}, 260.0),
        ({"total_time_s": 0.1, "constant_mm": 0.0, "approach": "3d"}, 160.0),
        ({"total_time_s": 0.1, "constant_mm": 100.0, "speed_mps": 1.6}, 260.0),
        ({"total_time_s": 0.6, "constant_mm": 100.0, "speed_mps": 2.5}, 1600.0),
        ({"total_time_s": 0.1, "resolution_mm": 14.0, "supplement_mm": 70.0}, 270.0),
        ({"total_time_s": 0.24, "resolution_mm": 14.0, "supplement_mm": 70.0}, 500.0),
    ],
)  # fmt: skip
def test_points_by_hand(case, expected):
    found = separation(**case)
    assert found.separation_mm == pytest.approx(expected, abs=1e-9)
    assert found.separation_m == pytest.approx(expected / 1000.0, abs=1e-12)


@given(cases(), st.floats(0.0, 1.0))
def test_a_longer_time_never_needs_less_distance(case, more):
    longer = case | {"total_time_s": case["total_time_s"] + more}
    assert mm(**longer) >= mm(**case)


@given(cases(), st.floats(0.0, 500.0))
def test_a_supplement_never_needs_less_distance(case, more):
    assert mm(**case, supplement_mm=more) >= mm(**case)


@given(time_s, edition, any_mm, st.floats(0.0, 100.0))
def test_a_coarser_device_never_needs_less_distance(t, which, d, more):
    fine, coarse = (mm(t, edition=which, resolution_mm=x) for x in (d, d + more))
    assert coarse >= fine


@given(time_s, st.sampled_from(["parallel", "3d"]), height_mm, st.floats(0.0, 1000.0))
def test_a_higher_zone_never_needs_more_distance(t, which, h, more):
    if which == "parallel":
        more = min(more, 1000.0 - h)
    assert mm(t, approach=which, height_mm=h + more) <= mm(t, approach=which, height_mm=h)


@given(time_s, fine_mm, edition)
def test_the_step_of_500_mm(t, d, which):
    found = separation(t, resolution_mm=d, edition=which)
    reach = max(8.0 * (d - 14.0), 0.0)
    hands, walking = 2000.0 * t + reach, 1600.0 * t + reach
    if hands <= 500.0:
        assert found.separation_mm == max(hands, 100.0)
        assert (found.speed_mps, found.floor_mm) == (2.0, 100.0)
    else:
        assert found.separation_mm == max(walking, 500.0)
        assert (found.speed_mps, found.floor_mm) == (1.6, 500.0)


def test_at_500_mm_hands_still_count_and_along_a_zone_there_is_no_step():
    found = separation(0.25, resolution_mm=14.0)
    assert (found.separation_mm, found.speed_mps, found.floor_mm) == (500.0, 2.0, 100.0)
    for which in ("parallel", "3d"):
        found = separation(0.01, approach=which, constant_mm=0.0)
        assert (found.separation_mm, found.speed_mps, found.floor_mm) == (16.0, 1.6, 0.0)


@given(time_s, st.floats(1e-9, 1.0), edition)
def test_the_reach_jumps_where_an_arm_passes_and_nothing_lies_between(t, more, which):
    reach = [
        separation(t, resolution_mm=d, edition=which).intrusion_mm for d in (40.0, 40.0 + more)
    ]
    assert reach == [208.0, 850.0]
    assert separation(t, resolution_mm=70.0 + more).intrusion_mm == 1200.0


@given(cases())
def test_millimetres_and_metres_agree(case):
    """The same in metres, by the separation of the monitor, as far as no floor counts."""
    found = separation(**case)
    assert found.separation_m == pytest.approx(found.separation_mm / 1000.0, abs=1e-9)
    terms = protective_distance(
        human_speed_mps=found.speed_mps, robot_speed_mps=0.0, reaction_s=case["total_time_s"],
        stopping_s=0.0, stopping_m=0.0, intrusion_m=found.intrusion_mm / 1000.0,
        human_uncertainty_m=found.supplement_mm / 1000.0, robot_uncertainty_m=0.0,
    )  # fmt: skip
    needed_m = max(float(terms.required_m), found.floor_mm / 1000.0)
    assert found.separation_m == pytest.approx(needed_m, abs=1e-9)


@given(cases(), st.floats(1e-3, 5.0))
def test_a_speed_that_is_given_counts_and_a_result_below_the_rule_is_told(case, speed_mps):
    ruled, found = separation(**case), separation(**case, speed_mps=speed_mps)
    assert found.speed_mps == speed_mps
    plain_mm = 1000.0 * speed_mps * case["total_time_s"] + found.intrusion_mm
    least_mm = 100.0 if case["approach"] == "perpendicular" else 0.0
    assert found.separation_mm == pytest.approx(max(plain_mm, least_mm))
    told = any("more than with the K given" in warning for warning in found.warnings)
    assert told == (found.separation_mm < ruled.separation_mm)
    assert found.rule.startswith("K as given; ")


@given(time_s, edition, height_mm, any_mm)
def test_along_the_zone_the_device_must_be_fine_enough_for_its_height(t, which, h, d):
    case = {"approach": "parallel", "edition": which, "height_mm": h, "resolution_mm": d}
    if h >= 15.0 * (d - 50.0):
        assert mm(t, **case) == mm(t, approach="parallel", edition=which, height_mm=h)
    else:
        error = refused(total_time_s=t, **case)
        assert error.key == "height"
        assert f"for a resolution of {d:g} mm" in error.what


def test_the_bounds_of_the_height_belong_to_it():
    assert mm(0.3, approach="parallel", height_mm=750.0, resolution_mm=100.0) == 1380.0
    assert refused(approach="parallel", height_mm=749.0, resolution_mm=100.0).what.startswith(
        "749 mm is below 15 (d - 50 mm) = 750 mm for a resolution of 100 mm"
    )
    error = refused(approach="parallel", height_mm=1000.5)
    assert (error.key, error.what) == ("height", "1000.5 mm is above 1000 mm")


# What is told with a result.


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ({"approach": "parallel", "height_mm": 150.0}, ["d <= H / 15 + 50 mm = 60 mm"]),
        ({"approach": "parallel", "height_mm": 300.0, "resolution_mm": 50.0}, []),
        ({"approach": "parallel", "height_mm": 301.0, "resolution_mm": 50.0}, ["above 300 mm"]),
        (
            {"approach": "parallel", "height_mm": 301.0},
            ["d <= H / 15 + 50 mm = 70.07 mm", "above 300 mm somebody may get in under"],
        ),
        (
            {"approach": "parallel", "height_mm": 200.0, "resolution_mm": 50.0, "edition": "2024"},
            ["Z = 0"],
        ),
        (
            {
                "approach": "parallel", "height_mm": 201.0, "resolution_mm": 50.0,
                "edition": "2024", "supplement_mm": 1.0,
            },
            ["above 200 mm"],
        ),
        ({"resolution_mm": 30.0}, ["reach over or under"]),
        ({"resolution_mm": 30.0, "height_mm": 9.0}, ["the height has no part", "reach over"]),
        (
            {"resolution_mm": 30.0, "edition": "2024"},
            ["reach over or under", "reach through the zone (D_DT)", "Z = 0"],
        ),
        ({"approach": "3d", "height_mm": 9.0, "supplement_mm": 1.0}, ["draft"]),
        (
            {"approach": "3d", "height_mm": 9.0, "resolution_mm": 50.0, "supplement_mm": 1.0},
            ["draft", "the resolution has no part"],
        ),
        ({"constant_mm": 850.0}, []),
    ],
)  # fmt: skip
def test_what_the_formula_leaves_open_is_told(case, said):
    warnings = separation(0.3, **case).warnings
    assert len(warnings) == len(said), warnings
    for part, warning in zip(said, warnings, strict=True):
        assert part in warning


@pytest.mark.parametrize(
    ("case", "formula", "rule"),
    [
        ({"resolution_mm": 30.0}, "S = K T + 8 (d - 14)", "K of walking"),
        ({"resolution_mm": 50.0}, "S = K T + C", "C = 850 mm for 40 < d <= 70 mm"),
        ({"resolution_mm": 71.0}, "S = K T + C", "C = 1200 mm for d > 70 mm"),
        ({"constant_mm": 1.0, "total_time_s": 0.1}, "S = K T + C", "K of hands and arms"),
        ({"constant_mm": 1.0, "supplement_mm": 1.0}, "S = K T + C + Z", "C as given"),
        ({"constant_mm": 1.0, "edition": "2024"}, "S = K T + C + Z", "C as given"),
        ({"approach": "parallel", "height_mm": 1.0}, "S = K T + (1200 - 0.4 H)", "K of walking; C"),
        (
            {"approach": "parallel", "height_mm": 1.0, "edition": "2024"},
            "S = K T + D_DS + Z", "K of walking; D_DS = 1200 mm",
        ),
        ({"approach": "3d", "height_mm": 1.0}, "S = K T + D_DS(H) + Z", "linear between"),
    ],
)  # fmt: skip
def test_formula_and_rule_are_named(case, formula, rule):
    found = separation(**({"total_time_s": 0.3} | case))
    assert found.formula == formula
    assert rule in found.rule
    assert found.edition == case.get("edition", "2024" if "3d" in case.values() else "2010")


# What is refused.


@pytest.mark.req("S2")
@pytest.mark.parametrize("name", ["total_time_s", "constant_mm", "supplement_mm", "speed_mps"])
@given(st.one_of(unknown, st.floats(-1e6, -1e-9)))
def test_nonsense_is_refused(name, value):
    error = refused(**({"constant_mm": 850.0} | {name: value}))
    assert error.key == name.rpartition("_")[0]
    assert f"{value:g} " in error.what
    assert "must be a number" in error.what


@pytest.mark.req("S2")
@pytest.mark.parametrize("name", ["height_mm", "resolution_mm"])
@given(approach, st.one_of(unknown, st.floats(-1e6, -1e-9)))
def test_a_nonsense_place_or_device_is_refused(name, which, value):
    given_too = {"height_mm": 500.0, "resolution_mm": 50.0}
    error = refused(approach=which, **(given_too | {name: value}))
    assert error.key == name.removesuffix("_mm")
    assert f"{value:g} mm must be a number" in error.what


@pytest.mark.parametrize(
    ("case", "key", "said"),
    [
        ({}, "resolution", "is missing (mm, above 0); give it or a constant (mm)"),
        ({"approach": "parallel"}, "height", "is missing (mm, 0 to 1000)"),
        ({"approach": "3d"}, "height", "is missing (mm, 0 or more)"),
        ({"total_time_s": 0.0, "constant_mm": 1.0}, "total_time", "0 s must be a number above 0"),
        ({"resolution_mm": 0.0}, "resolution", "0 mm must be a number above 0"),
        ({"constant_mm": 1.0, "speed_mps": 0.0}, "speed", "0 m/s must be a number above 0"),
        ({"constant_mm": -1.0}, "constant", "-1 mm must be a number of at least 0"),
        ({"constant_mm": 1.0, "resolution_mm": 1.0}, "resolution", "beside a constant"),
        ({"constant_mm": 1.0, "height_mm": 1.0}, "height", "beside a constant"),
        ({"approach": "diagonal"}, "approach", "not one of perpendicular, parallel, 3d"),
        ({"edition": "1999"}, "edition", "'1999' is not one of 2010, 2024"),
        ({"approach": "3d", "edition": "2010", "height_mm": 1.0}, "edition", "2010 has no rule"),
    ],
)
def test_what_the_formula_says_nothing_about_is_refused(case, key, said):
    error = refused(**case)
    assert error.key == key
    assert said in error.what


def test_nothing_may_be_missing_that_counts_for_more():
    assert math.isfinite(mm(0.3, approach="parallel", height_mm=0.0))
    assert mm(0.3, constant_mm=0.0) == 500.0


def test_the_speed_that_the_rule_gives_is_named_where_less_was_given():
    found = separation(total_time_s=0.5, approach="parallel", height_mm=1000.0, speed_mps=1.0)
    assert any("the K that the rule gives, 1600 mm/s, S is 1650 mm" in w for w in found.warnings)
