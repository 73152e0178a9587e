"""People as capsules: upright or in parts, grown by what is not known, foreseen."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judged import crowd, person
from strategies import SAFETY, unknown

from hrc_cell.core.contact import UNKNOWN
from hrc_cell.core.people import body_parts, foreseen, together, uncertainty_m, upright


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


NUMBERS = (0.0, 0.25, 2.5, -0.25, np.nan, np.inf)


def number(value):
    """Return a number that is at least 0 and finite, else NaN."""
    return value if 0.0 <= value < np.inf else np.nan


def grown(radius, speed, unseen):
    """Return the radius of somebody not seen for a while, NaN where anything is unknown."""
    least = SAFETY.human_speed_mps
    return number(radius) + (number(speed) + max(number(speed), least)) * number(unseen)


@pytest.mark.req("S2")
def test_a_batch_of_people_is_each_of_them():
    rng = np.random.default_rng(1)
    at = rng.uniform(-3.0, 3.0, (40, 3, 3))
    speed, std, radius, unseen = rng.choice(
        NUMBERS, (4, 40, 3), p=[0.25, 0.3, 0.3, 0.05, 0.05, 0.05]
    )
    rest = {"position_std_m": std, "radius_m": radius, "unseen_s": unseen, "safety": SAFETY}
    whole = upright(at[..., :2], speed_mps=speed, velocity_mps=at[..., 1:], owner=4, **rest)
    limb = body_parts(
        at, at + 1.0, velocity_mps=np.stack([speed, 0.0 * at[..., 0], 0.0 * at[..., 0]], axis=-1),
        region=3, owner=5, source=2, **rest,
    )  # fmt: skip
    for i in np.ndindex(40, 3):
        x, y, z = at[i]
        assert whole.start_m[i].tolist() == [x, y, 0.0]
        assert whole.end_m[i].tolist() == [x, y, SAFETY.person_height_m]
        assert whole.velocity_mps[i].tolist() == [y, z, 0.0]
        assert limb.end_m[i].tolist() == [x + 1.0, y + 1.0, z + 1.0]
        for seen, fast in ((whole, speed[i]), (limb, abs(speed[i]))):
            told = (seen.radius_m[i], seen.speed_mps[i], seen.position_std_m[i])
            expected = (grown(radius[i], fast, unseen[i]), number(fast), number(std[i]))
            np.testing.assert_allclose(told, expected)
    assert (whole.owner == 4).all()
    assert (limb.region == 3).all()


def test_who_is_told_nothing_more_of_stands_as_number_0_of_source_0():
    one = upright(
        [[1.0, 2.0]], speed_mps=0.0, position_std_m=0.0, radius_m=0.3, unseen_s=0.0, safety=SAFETY
    )
    assert (one.velocity_mps.tolist(), one.owner, one.source) == ([[0.0, 0.0, 0.0]], 0, 0)
    assert one.present.all()


def test_a_single_group_is_itself():
    for before, after in zip(arm(), together(arm()), strict=True):
        np.testing.assert_array_equal(before, after)
