"""Evidence: gathered without a gap, never taken back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import default_cell

from hrc_cell.core.evidence import Sight, first_evidence, weigh

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
