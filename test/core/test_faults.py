"""What is missing, late, of the future or not a number is a fault; what is just in time is none."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paths import HOME, THERE, ahead_of
from strategies import SAFETY, areas, declared_stops, motion, six_axes

from hrc_cell.core.faults import blind_spots, faults, oldest_sample_s
from hrc_cell.core.observed import NEVER, Eye, Observation, Sight
from hrc_cell.core.rules import Rules

RULES = Rules(
    safety=replace(SAFETY, joints_timeout_s=0.125, node_timeout_s=0.75, reaction_time_s=0.25),
    motion=motion(), zones=areas(), scanners=(("left", 0.5), ("right", 1.0)), nodes=("planner",),
    chain=six_axes(), stops=declared_stops(),
)  # fmt: skip
BEFORE_S = 4.0
BOTH = {"left": Sight(Eye.OK, 0.0), "right": Sight(Eye.OK, 0.0)}
STILL = (0.0,) * 6
WELL = Observation(
    now_s=5.0, people_age_s=0.0, scanners=BOTH, position_rad=tuple(HOME), velocity_radps=STILL,
    joints_age_s=0.0, nodes={"planner": 0.0},
)  # fmt: skip


def found(seen, before_s=BEFORE_S, rules=RULES):
    """Return the faults in order, each with where it is one."""
    blind, oldest_s = blind_spots(rules, seen), oldest_sample_s(rules, seen)
    return list(faults(rules, before_s, seen, blind, oldest_s))


def named(before_s=BEFORE_S, **changes):
    """Return the names of the faults of one cell in which all is well but the changes."""
    return [why for why, where in found(replace(WELL, **changes), before_s) if where]


def left(eye=Eye.OK, age_s=0.0):
    return {"scanners": {**BOTH, "left": Sight(eye, age_s)}}


def path(age_s, followed=True):
    return ahead_of([HOME, THERE], age_s=np.array(age_s), followed=np.array(followed))


def test_a_cell_in_which_all_is_well_has_no_fault():
    assert named() == []


@pytest.mark.parametrize(
    "change",
    [
        {"now_s": math.nextafter(BEFORE_S, 5.0)},
        {"now_s": -1.0, "before_s": math.nan},
        {"joints_age_s": 0.125},
        {"people_age_s": 0.25},
        left(age_s=0.25),
        {"nodes": {"planner": 0.75, "another": NEVER}},
        {"ahead": path(0.25)},
        {"ahead": path(NEVER, followed=False)},
        {"scanners": {**BOTH, "another": Sight(Eye.BLIND, NEVER)}},
    ],
)
def test_what_is_just_in_time_or_not_judged_by_is_no_fault(change):
    assert named(**change) == []


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("change", "whys"),
    [
        ({"now_s": BEFORE_S}, ["clock"]),
        ({"now_s": 3.0}, ["clock"]),
        ({"now_s": math.nan}, ["clock"]),
        ({"now_s": math.inf}, ["clock"]),
        ({"now_s": math.inf, "before_s": math.nan}, ["clock"]),
        ({"joints_age_s": 0.126}, ["joints_stale"]),
        ({"joints_age_s": -0.001}, ["joints_stale", "sample_too_old"]),
        ({"joints_age_s": math.nan}, ["joints_stale", "sample_too_old"]),
        ({"joints_age_s": 0.126, "position_rad": ()}, ["joints_stale"]),
        ({"position_rad": ()}, ["joints_unknown"]),
        ({"position_rad": tuple(HOME[:5])}, ["joints_unknown"]),
        ({"position_rad": (*HOME[:5], math.nan)}, ["joints_unknown"]),
        ({"velocity_radps": (math.inf, *STILL[1:])}, ["joints_unknown"]),
        ({"velocity_radps": (*STILL, 0.0)}, ["joints_unknown"]),
        ({"nodes": {}}, ["node_silent:planner"]),
        ({"nodes": {"planner": 0.751}}, ["node_silent:planner"]),
        ({"nodes": {"planner": -0.001}}, ["node_silent:planner"]),
        ({"people_age_s": 0.251}, ["sample_too_old"]),
        ({"people_age_s": 0.501}, ["tracker_silent", "sample_too_old"]),
        ({"people_age_s": 1.001}, ["tracker_silent", "tracker_silent", "sample_too_old"]),
        ({"people_age_s": NEVER}, ["tracker_silent"] * 3 + ["sample_too_old"]),
        ({"people_age_s": math.nan}, ["tracker_silent"] * 2 + ["sample_too_old"]),
        (left(Eye.MOVED), ["scanner_moved:left"]),
        (left(Eye.LEARNING), ["scanner_learning:left"]),
        (left(age_s=0.251), ["sample_too_old"]),
        (left(Eye.FROZEN, 0.501), ["scanner_frozen:left", "scanner_silent:left", "sample_too_old"]),
        ({"scanners": {"left": BOTH["left"]}}, ["scanner_missing:right", "sample_too_old"]),
        ({"scanners": {}, "people_age_s": NEVER}, ["tracker_silent", "sample_too_old"]),
        ({"ahead": path(0.251)}, ["sample_too_old"]),
        ({"ahead": path(-0.001)}, ["sample_too_old"]),
        ({"stop_fault": "stop_too_long:joint_2"}, ["stop_too_long:joint_2"]),
    ],
)  # fmt: skip
def test_what_is_missing_late_of_the_future_or_no_number_is_named(change, whys):
    assert named(**change) == whys


def test_the_most_telling_fault_comes_first():
    nothing = Observation(now_s=3.0, stop_fault="stop_too_long:joint_1")
    assert [why for why, where in found(nothing, BEFORE_S) if where] == [
        "clock", "tracker_silent", "joints_stale", "node_silent:planner", "sample_too_old",
        "stop_too_long:joint_1",
    ]  # fmt: skip


@pytest.mark.req("S2")
@pytest.mark.parametrize("eye", Eye)
def test_a_scanner_is_blind_unless_it_says_that_it_sees(eye):
    assert named(**left(eye)) == ([] if eye is Eye.OK else [f"scanner_{eye.name.lower()}:left"])


def test_every_fault_is_a_cause_that_the_judgement_can_name():
    for seen in (WELL, replace(WELL, scanners={}, stop_fault="stop_too_long:joint_1")):
        assert {why for why, _ in found(seen)} <= set(RULES.causes)


@pytest.mark.parametrize(
    ("change", "age_s"),
    [
        ({}, 0.0),
        ({"joints_age_s": 0.5, "people_age_s": 0.25}, 0.5),
        ({"joints_age_s": 0.25, "people_age_s": 0.5}, 0.5),
        ({"people_age_s": 0.25, **left(age_s=0.75)}, 0.75),
        ({"people_age_s": 0.25, "ahead": path(1.5)}, 1.5),
        ({"people_age_s": 0.25, "ahead": path(1.5, followed=False)}, 0.25),
        ({"scanners": {"right": BOTH["right"]}}, NEVER),
        ({"joints_age_s": -0.5}, NEVER),
        ({"people_age_s": math.nan}, NEVER),
    ],
)
def test_the_oldest_sample_is_the_oldest_of_those_judged_on(change, age_s):
    assert oldest_sample_s(RULES, replace(WELL, **change)) == age_s


AGES_S = st.sampled_from([0.0, 0.125, 0.25, 0.5, 0.75, 1.0, 2.0, -1.0, NEVER, math.nan])
JOINTS = st.lists(st.sampled_from([0.0, 1.0, math.nan, -math.inf]), min_size=6, max_size=6)
CELL = st.fixed_dictionaries(
    {
        "now_s": st.sampled_from([3.0, 4.0, 5.0, math.nan]),
        "before_s": st.sampled_from([BEFORE_S, math.nan]),
        "people_age_s": AGES_S, "joints_age_s": AGES_S, "scan_age_s": AGES_S, "node_age_s": AGES_S,
        "eye": st.sampled_from(Eye), "position_rad": JOINTS | st.just(list(HOME)),
    }
)  # fmt: skip


def cells(stacked):
    """Return the faults of one cell, or of all cells of a batch."""
    seen = replace(
        WELL, nodes={"planner": stacked["node_age_s"]},
        scanners={"right": Sight(stacked["eye"], stacked["scan_age_s"])},
        velocity_radps=np.zeros_like(stacked["position_rad"]),
        **{key: stacked[key] for key in ("now_s", "people_age_s", "joints_age_s", "position_rad")},
    )  # fmt: skip
    return found(seen, stacked["before_s"])


@given(st.lists(CELL, min_size=1, max_size=4))
def test_each_cell_of_a_batch_has_the_faults_that_it_has_alone(drawn):
    batch = cells({key: np.array([cell[key] for cell in drawn]) for key in drawn[0]})
    for at, one in enumerate(drawn):
        alone = cells({key: np.array(value) for key, value in one.items()})
        assert [(why, bool(where[at])) for why, where in batch] == [
            (why, bool(where)) for why, where in alone
        ]
