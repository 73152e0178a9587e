"""People as capsules: upright or in parts, grown by what is not known, foreseen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import crowd, person
from strategies import SAFETY, unknown

from hrc_cell.core.contact import UNKNOWN
from hrc_cell.core.people import body_parts, foreseen, together, uncertainty_m


def arm(**known):
    rest = {
        "velocity_mps": [[0.3, -0.4, 0.0]], "position_std_m": [0.02], "radius_m": [0.06],
        "unseen_s": [0.0], "region": [7], "owner": [3],
        "source": [1],
    }  # fmt: skip
    return body_parts([[2.0, 0.0, 1.0]], [[1.6, 0.0, 1.2]], safety=SAFETY, **(rest | known))


def test_a_part_of_a_body_is_where_it_is_seen_with_its_own_intrusion():
    seen = arm()
    assert (seen.start_m[0].tolist(), seen.end_m[0].tolist()) == ([2, 0, 1], [1.6, 0, 1.2])
    assert seen.speed_mps == pytest.approx([0.5])
    assert (seen.intrusion_m, seen.region, seen.owner) == (SAFETY.body_intrusion_m, 7, 3)
    assert seen.present.all()
    late = arm(unseen_s=[0.1])
    assert late.radius_m == pytest.approx([0.06 + (0.5 + 1.6) * 0.1])


def test_upright_envelopes_count_all_that_a_scanner_does_not_see():
    one = crowd((person(2.0),), SAFETY)
    assert (one.intrusion_m, one.region, one.owner) == (SAFETY.intrusion_m, UNKNOWN, 7)


@pytest.mark.req("S2")
@given(st.sampled_from(["velocity_mps", "position_std_m", "radius_m", "unseen_s"]), unknown)
def test_an_unknown_of_a_part_is_no_number(name, value):
    bad = [[value, 0.0, 0.0]] if name == "velocity_mps" else [value]
    seen = arm(**{name: bad})
    numbers = [seen.radius_m, seen.speed_mps, seen.position_std_m]
    assert any(np.isnan(n).any() for n in numbers)


def test_groups_come_one_after_the_other_also_in_batches():
    both = together(crowd((person(2.0), person(3.0)), SAFETY), arm())
    assert both.radius_m.shape == (3,)
    assert both.start_m[:, 0].tolist() == [2.0, 3.0, 2.0]
    assert both.owner.tolist() == [7, 7, 3]
    batch = type(both)(*(np.stack([field, field]) for field in both))
    assert together(batch, batch).start_m.shape == (2, 6, 3)
    assert together(batch, batch).present.shape == (2, 6)


def test_who_walks_on_is_foreseen_there_and_nothing_else_changes():
    then = foreseen(arm(), 0.5)
    assert then.start_m[0] == pytest.approx([2.15, -0.2, 1.0])
    assert then.end_m[0] == pytest.approx([1.75, -0.2, 1.2])
    for same, before in zip(then[2:], arm()[2:], strict=True):
        np.testing.assert_array_equal(same, before)


@pytest.mark.req("S2")
def test_an_unknown_velocity_foresees_nobody_elsewhere():
    then = foreseen(arm(velocity_mps=[[np.nan, 0.0, 0.0]]), 0.5)
    assert then.start_m[0].tolist() == [2.0, 0.0, 1.0]


def test_the_uncertainty_counts_what_the_tracker_states():
    assert uncertainty_m(arm(), SAFETY) == pytest.approx([0.06 + 2.0 * 0.02])
