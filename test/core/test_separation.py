"""Separation: the formula at published points, and its shape everywhere."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unknown

from hrc_cell.core.separation import (
    greatest_ratio,
    greatest_speed_mps,
    human_speed_mps,
    protective_distance,
)
from hrc_cell.core.stopping import stopping_distance_m, stopping_time_s

speed_mps = st.floats(0.0, 3.0)
time_s = st.floats(0.0, 2.0)
part_m = st.floats(0.0, 2.0)
cases = st.fixed_dictionaries(
    {
        "human_speed_mps": speed_mps,
        "robot_speed_mps": speed_mps,
        "reaction_s": time_s,
        "stopping_s": time_s,
        "stopping_m": part_m,
        "intrusion_m": part_m,
        "human_uncertainty_m": part_m,
        "robot_uncertainty_m": part_m,
    }
)
NAMES = (
    "human_speed_mps", "robot_speed_mps", "reaction_s", "stopping_s", "stopping_m",
    "intrusion_m", "human_uncertainty_m", "robot_uncertainty_m",
)  # fmt: skip
name = st.sampled_from(NAMES)
NONE = dict.fromkeys(NAMES, 0.0)
solving = st.fixed_dictionaries(
    {
        "human_speed_mps": speed_mps,
        "robot_speed_mps": speed_mps,
        "reaction_s": time_s,
        "stopping_s": time_s,
        "stopping_m": part_m,
        "still_m": part_m,
    }
)
SOLVING = (
    "human_speed_mps", "robot_speed_mps", "reaction_s", "stopping_s", "stopping_m", "still_m",
)  # fmt: skip
braking = st.fixed_dictionaries(
    {
        "human_speed_mps": speed_mps,
        "reaction_s": time_s,
        "deceleration_mps2": st.floats(0.1, 20.0),
        "still_m": part_m,
    }
)
distance_m = st.floats(0.0, 20.0)


def required(case):
    return float(protective_distance(**case).required_m)


def required_at(ratio, case):
    return required(
        {
            "human_speed_mps": case["human_speed_mps"],
            "robot_speed_mps": ratio * case["robot_speed_mps"],
            "reaction_s": case["reaction_s"],
            "stopping_s": stopping_time_s(case["stopping_s"], ratio),
            "stopping_m": stopping_distance_m(case["stopping_m"], ratio),
            "intrusion_m": case["still_m"],
            "human_uncertainty_m": 0.0,
            "robot_uncertainty_m": 0.0,
        }
    )


# The sum of the terms.


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"human_speed_mps": 1.6, "reaction_s": 0.6, "intrusion_m": 0.85}, 1.81),
        ({"human_speed_mps": 1.6, "reaction_s": 0.4, "intrusion_m": 1.025}, 1.665),
        ({"human_speed_mps": 1.6, "stopping_s": 0.3}, 0.48),  # S_h runs on while it stops
        ({"robot_speed_mps": 0.5, "reaction_s": 0.1}, 0.05),
        ({"stopping_m": 0.2}, 0.2),
        ({"intrusion_m": 0.85, "human_uncertainty_m": 0.05, "robot_uncertainty_m": 0.02}, 0.92),
        (
            {
                "human_speed_mps": 1.6, "robot_speed_mps": 0.5, "reaction_s": 0.1,
                "stopping_s": 0.2, "stopping_m": 0.5 * 0.2 / 2, "intrusion_m": 0.85,
                "human_uncertainty_m": 0.05, "robot_uncertainty_m": 0.02,
            },
            1.5,
        ),
    ],
)  # fmt: skip
def test_published_points_and_each_term_by_hand(case, expected):
    terms = protective_distance(**(NONE | case))
    assert terms.required_m == pytest.approx(expected, abs=1e-12)
    assert sum(map(float, terms[:6])) == pytest.approx(expected, abs=1e-12)


def test_every_term_stands_in_its_own_place():
    terms = protective_distance(
        human_speed_mps=2.0, robot_speed_mps=0.5, reaction_s=0.1, stopping_s=0.3,
        stopping_m=0.07, intrusion_m=0.85, human_uncertainty_m=0.05, robot_uncertainty_m=0.02,
    )  # fmt: skip
    assert tuple(map(float, terms)) == pytest.approx((0.8, 0.05, 0.07, 0.85, 0.05, 0.02, 1.84))


@given(cases, name, st.floats(0.0, 1.0))
def test_more_of_anything_never_needs_less_distance(case, which, more):
    assert required(case | {which: case[which] + more}) >= required(case)


@pytest.mark.req("S2")
@given(cases, name, unknown)
def test_an_unknown_input_needs_infinite_distance(case, which, value):
    assert required(case | {which: value}) == math.inf


@pytest.mark.req("S2")
@given(cases, st.sampled_from([n for n in NAMES if n != "robot_speed_mps"]), st.floats(-3.0, -1e-9))
def test_a_negative_input_is_nonsense_and_needs_infinite_distance(case, which, value):
    assert required(case | {which: value}) == math.inf


@given(cases, st.floats(-3.0, 0.0))
def test_a_retreating_robot_earns_no_credit(case, away_mps):
    still, away = (protective_distance(**(case | {"robot_speed_mps": v})) for v in (0.0, away_mps))
    assert tuple(away) == tuple(still)


@given(cases)
def test_millimetres_and_metres_agree(case):
    speeds_and_lengths = [n for n in NAMES if not n.endswith("_s")]
    in_mm = case | {n: 1000.0 * case[n] for n in speeds_and_lengths}
    assert required(in_mm) == pytest.approx(1000.0 * required(case), abs=1e-9, rel=1e-9)


def test_a_whole_batch_at_once():
    grid = np.linspace(0.0, 2.0, 5)
    terms = protective_distance(**(NONE | {"human_speed_mps": grid[:, None], "reaction_s": grid}))
    assert terms.required_m.shape == terms.c_m.shape == (5, 5)
    np.testing.assert_allclose(terms.required_m, np.outer(grid, grid))


# The greatest ratio.


@given(solving, distance_m)
def test_the_distance_that_a_ratio_needs_is_there(case, d):
    ratio = float(greatest_ratio(d, **case))
    assert 0.0 <= ratio <= 1.0
    if ratio > 0.0:
        assert required_at(ratio, case) <= d + 1e-9
    if 0.0 < ratio < 1.0:
        assert required_at(ratio, case) == pytest.approx(d, abs=1e-9)


@given(solving, distance_m)
def test_no_room_at_rest_allows_no_speed_at_all(case, d):
    """Also when the robot would not move towards the person, and for whatever stop it has."""
    at_rest = case["human_speed_mps"] * case["reaction_s"] + case["still_m"]
    if d <= at_rest:
        assert greatest_ratio(d, **case) == 0.0
    assert greatest_ratio(at_rest, **case) == 0.0
    assert greatest_ratio(0.0, **case) == 0.0


@given(solving, distance_m, st.floats(0.0, 5.0))
def test_more_room_never_allows_less(case, d, more):
    assert greatest_ratio(d + more, **case) >= greatest_ratio(d, **case)


@given(solving, distance_m, st.sampled_from(SOLVING), st.floats(0.0, 1.0))
def test_more_of_anything_else_never_allows_more(case, d, which, more):
    worse = case | {which: case[which] + more}
    assert greatest_ratio(d, **worse) <= greatest_ratio(d, **case) + 1e-12


@given(solving, distance_m, st.floats(-3.0, 0.0))
def test_a_retreat_allows_no_more_than_rest(case, d, away_mps):
    still, away = (greatest_ratio(d, **(case | {"robot_speed_mps": v})) for v in (0.0, away_mps))
    assert away == still


@pytest.mark.req("S2")
@given(solving, distance_m, st.sampled_from(SOLVING), unknown)
def test_an_unknown_input_allows_no_speed(case, d, which, value):
    assert greatest_ratio(d, **(case | {which: value})) == 0.0


@pytest.mark.req("S2")
@given(
    solving, distance_m, st.sampled_from([n for n in SOLVING if n != "robot_speed_mps"]),
    st.floats(-3.0, -1e-9),
)  # fmt: skip
def test_a_negative_input_allows_no_speed(case, d, which, value):
    assert greatest_ratio(d, **(case | {which: value})) == 0.0


@pytest.mark.req("S2")
@given(solving, st.one_of(st.just(math.nan), st.just(-math.inf), st.floats(-5.0, -1e-9)))
def test_an_unknown_distance_allows_no_speed_and_nobody_allows_all(case, d):
    assert greatest_ratio(d, **case) == 0.0
    assert greatest_ratio(math.inf, **case) == 1.0


@given(solving, st.permutations([0.5, 1.9, 0.0, 3.0]))
def test_the_order_of_the_pairs_does_not_matter(case, distances):
    allowed = greatest_ratio(distances, **case)
    assert allowed.min() == greatest_ratio(min(distances), **case)
    assert allowed.min() == 0.0


def test_a_robot_that_needs_no_way_to_stop_may_go_at_once():
    case = dict.fromkeys(SOLVING, 0.0)
    assert greatest_ratio(0.1, **case) == 1.0
    assert greatest_ratio(0.0, **case) == 0.0


# Constant deceleration.


@pytest.mark.parametrize(("d", "expected"), [(1.0, 0.624369), (0.46, 0.0), (0.2, 0.0)])
def test_the_dynamic_form_at_published_points(d, expected):
    case = {"human_speed_mps": 1.6, "reaction_s": 0.1, "deceleration_mps2": 2.5, "still_m": 0.3}
    assert greatest_speed_mps(d, **case) == pytest.approx(expected, abs=1e-6)


@given(braking, distance_m)
def test_the_distance_that_a_speed_needs_is_there(case, d):
    v = float(greatest_speed_mps(d, **case))
    a = case["deceleration_mps2"]
    needed = required(
        NONE
        | {
            "human_speed_mps": case["human_speed_mps"], "robot_speed_mps": v,
            "reaction_s": case["reaction_s"], "stopping_s": v / a, "stopping_m": v * v / (2 * a),
            "intrusion_m": case["still_m"],
        }
    )  # fmt: skip
    if v > 0.0:
        assert needed == pytest.approx(d, abs=1e-7)
    else:
        assert d <= needed + 1e-9


@pytest.mark.req("S2")
@given(braking, distance_m, st.data())
def test_an_unknown_input_of_the_dynamic_form_allows_no_speed(case, d, data):
    which = data.draw(st.sampled_from(sorted(case)))
    value = data.draw(st.one_of(unknown, st.floats(-3.0, -1e-9)))
    assert greatest_speed_mps(d, **(case | {which: value})) == 0.0
    assert greatest_speed_mps(value, **case) == 0.0
    assert greatest_speed_mps(d, **(case | {"deceleration_mps2": 0.0})) == 0.0


# The person's speed.


def test_a_person_is_never_taken_for_slower_than_assumed():
    assumed = {"assumed_mps": 1.6, "near_mps": 2.0, "near_m": 0.5}
    for measured, d, expected in (
        (0.0, 1.0, 1.6), (1.0, 0.5, 1.6), (0.0, 0.4999, 2.0), (2.5, 0.1, 2.5), (2.5, 3.0, 2.5),
    ):  # fmt: skip
        assert human_speed_mps(measured, d, **assumed) == expected
    assert human_speed_mps(0.0, math.nan, **assumed) == 2.0
    for wrong in (math.nan, math.inf, -math.inf, -0.1):
        assert human_speed_mps(wrong, 3.0, **assumed) == math.inf
    faster_far = {"assumed_mps": 2.4, "near_mps": 2.0, "near_m": 0.5}
    assert human_speed_mps(0.0, 0.1, **faster_far) == 2.4


def test_nobody_gets_more_by_standing_nearer():
    """v_h jumps up at the near distance, and so the ratio can only fall there."""
    case = {n: 0.1 for n in SOLVING if n != "human_speed_mps"}
    ratios = [
        float(
            greatest_ratio(
                d,
                human_speed_mps=human_speed_mps(0.0, d, assumed_mps=1.6, near_mps=2.0, near_m=0.5),
                **case,
            )
        )
        for d in np.linspace(0.0, 1.0, 201)
    ]
    assert all(a <= b for a, b in itertools.pairwise(ratios))


@pytest.mark.parametrize("still_m", [0.85, 50.0])
def test_without_room_for_a_person_who_walks_there_is_no_speed(still_m):
    """Also where no speed would be slow enough: 2 a (C' - d) is more than all the rest."""
    assert greatest_speed_mps(
        0.9, human_speed_mps=0.1, reaction_s=0.5, deceleration_mps2=0.5, still_m=still_m
    ) == 0.0  # fmt: skip
