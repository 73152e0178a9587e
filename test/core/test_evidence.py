"""Evidence: gathered without a gap, never taken back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.core.evidence import Evidence, Sight, first_evidence, weigh

TRACKER = default_cell().file.tracker


def sight(x_m=0.0, **changes) -> Sight:
    values = {"x_m": x_m, "y_m": 0.0, "reach_m": 0.3, "legs": 1, "beams": 12}
    return Sight(**{**values, **changes})


def gathered(sights, period_s=0.1, jumped=False):
    """Return the evidence after the sights, one each period."""
    evidence = first_evidence(sights[0], 0.0)
    for i, seen in enumerate(sights[1:], start=1):
        evidence = weigh(TRACKER, evidence, seen, i * period_s, gap_s=period_s, jumped=jumped)
    return evidence


WALK = [sight(0.1 * i) for i in range(10)]


def test_who_walks_is_a_person():
    assert gathered(WALK).confirmed


def test_what_looks_like_two_legs_is_a_person_even_unmoved():
    assert gathered([sight(legs=2)] * 10).confirmed


@pytest.mark.parametrize(
    "sights",
    [
        [sight()] * 100,
        [sight(legs=2)] * 4,
        [sight(0.1 * i, beams=2) for i in range(10)],
        [sight(0.1 * i, reach_m=1.0) for i in range(10)],
        [sight(0.5 * i) for i in range(2)],
    ],
    ids=["unmoved", "legs_too_short", "few_beams", "too_large", "too_few_scans"],
)
def test_what_might_be_a_thing_is_not_yet_a_person(sights):
    assert not gathered(sights).confirmed


EXACT = replace(TRACKER, confirm_gap_s=0.25, confirm_moved_m=0.5, confirm_s=0.5, confirm_legs_s=1.5)
"""Bounds that a binary number meets exactly."""
JUST = {
    "scans": EXACT.confirm_scans - 1, "seen_s": EXACT.confirm_s, "gap_s": EXACT.confirm_gap_s,
    "moved_m": EXACT.confirm_moved_m, "beams": EXACT.cluster_beams_min,
    "reach_m": 2.0 * EXACT.person_radius_m, "legs_s": 0.0,
}  # fmt: skip
LITTLE = 1e-6


def just(**changes):
    """Return whether a track is confirmed that has just enough of everything but the changes."""
    has, since_s = {**JUST, **changes}, 5.0
    before = Evidence(since_s=since_s, x_m=1.0, y_m=-2.0, scans=has["scans"], legs_s=has["legs_s"])
    seen = Sight(
        x_m=1.0, y_m=-2.0 + has["moved_m"], reach_m=has["reach_m"], legs=1, beams=has["beams"]
    )
    now_s = since_s + has["seen_s"]
    return weigh(EXACT, before, seen, now_s, gap_s=has["gap_s"], jumped=False).confirmed


def test_just_enough_of_everything_is_enough():
    assert just()
    assert just(moved_m=0.0, legs_s=EXACT.confirm_legs_s)


@pytest.mark.parametrize(
    "short",
    [
        {"scans": EXACT.confirm_scans - 2},
        {"seen_s": EXACT.confirm_s - LITTLE},
        {"gap_s": EXACT.confirm_gap_s + LITTLE},
        {"moved_m": EXACT.confirm_moved_m - LITTLE},
        {"beams": EXACT.cluster_beams_min - 1},
        {"reach_m": 2.0 * EXACT.person_radius_m + LITTLE},
        {"moved_m": 0.0, "legs_s": EXACT.confirm_legs_s - LITTLE},
    ],
    ids=lambda short: ",".join(short),
)
def test_a_little_short_of_anything_is_not_enough(short):
    assert not just(**short)


def test_what_begins_anew_is_one_scan_of_nobody():
    assert first_evidence(sight(), 3.0) == Evidence(
        since_s=3.0, x_m=0.0, y_m=0.0, scans=1, legs_s=0.0, confirmed=False
    )


def test_nothing_counts_across_a_gap_or_a_jump():
    assert not gathered(WALK, period_s=TRACKER.confirm_gap_s + 0.1).confirmed
    assert not gathered(WALK, jumped=True).confirmed


@given(
    st.lists(
        st.builds(
            sight,
            st.floats(-5.0, 5.0),
            reach_m=st.floats(0.0, 3.0),
            legs=st.integers(0, 4),
            beams=st.integers(1, 100),
        )
    ),
    st.floats(0.0, 2.0),
    st.booleans(),
)
def test_who_was_confirmed_stays_so_whatever_is_seen(sights, gap_s, jumped):
    evidence, now_s = gathered(WALK), 1.0
    for seen in sights:
        now_s += gap_s
        evidence = weigh(TRACKER, evidence, seen, now_s, gap_s=gap_s, jumped=jumped)
    assert evidence.confirmed
