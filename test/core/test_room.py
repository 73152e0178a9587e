"""Contact in the steps that allow it: slow where it may be, never where a head may be."""

from dataclasses import replace

import numpy as np
import pytest
from judged import Observation, crowd, person
from paths import HOME as REST
from paths import THERE, ahead_of
from strategies import HOME, SAFETY, areas, declared_stops, motion, six_axes

from hrc_cell.core.contact import contact_speed_mps, region_code
from hrc_cell.core.observed import NEVER, nobody
from hrc_cell.core.people import body_parts
from hrc_cell.core.room import look
from hrc_cell.core.rules import Rules
from hrc_cell.core.sweep import RATIOS
from hrc_cell.settings.contact import ContactSettings

GENTLE = ContactSettings(
    moving_mass_kg=4.0, payload_kg=0.5, head_low_m=1.5, kind="quasi_static", area_cm2=None
)
RULES = Rules(
    safety=SAFETY, motion=motion(), zones=areas(), scanners=(), nodes=(), chain=six_axes(),
    stops=declared_stops(), contact=GENTLE,
)  # fmt: skip


def room(people, region="", rules=RULES, ahead=True, q=REST):
    seen = Observation(
        now_s=1.0, position_rad=tuple(q), velocity_radps=(0.0,) * 6,
        ahead=ahead_of([REST, THERE]) if ahead else None,
    ).plain(SAFETY)  # fmt: skip
    return look(rules, 0.5, replace(seen, contact_region=region), people)


def part(name, x_m=0.9, z_m=0.9):
    return body_parts(
        [[x_m, 0.0, z_m]], [[x_m, 0.1, z_m]], velocity_mps=[[0.0, 0.0, 0.0]],
        position_std_m=[0.01], radius_m=[0.05], unseen_s=[0.0], region=[region_code(name)],
        owner=[1], source=[1], safety=SAFETY,
    )  # fmt: skip


def test_where_no_contact_is_allowed_a_near_person_stops_the_arm():
    found = room(crowd((person(0.6),), SAFETY))
    assert (found.ratio, found.touching) == (0.0, False)
    assert room(crowd((person(0.6),), SAFETY), "hand", replace(RULES, contact=None)).ratio == 0.0


def test_an_unknown_part_of_a_body_bears_the_least_of_all():
    found = room(crowd((person(0.6),), SAFETY), "hand")
    most = float(contact_speed_mps(-1, effective_mass_kg=2.5, quasi_static=True))
    assert found.touching
    assert found.ratio * found.point_speed_mps <= most
    assert found.ratio == RATIOS[RATIOS * found.point_speed_mps <= most].max() > 0.0


def test_the_part_that_the_step_names_bears_its_own_and_others_nothing():
    hand = room(part("hand"), "hand")
    assert hand.touching
    assert hand.ratio > room(crowd((person(0.6),), SAFETY), "hand").ratio
    assert room(part("chest"), "hand").ratio == 0.0
    assert room(part("chest"), "any").ratio > 0.0


@pytest.mark.req("S2")
@pytest.mark.parametrize("region", ["hand", "any", "face"])
def test_a_head_is_never_touched_whatever_the_step_allows(region):
    assert room(part("face"), region).ratio == 0.0
    assert room(part("skull_forehead"), region).ratio == 0.0


@pytest.mark.req("S2")
def test_where_a_head_may_be_nobody_is_touched():
    low = replace(RULES, contact=replace(GENTLE, head_low_m=0.5))
    assert room(crowd((person(0.6),), SAFETY), "hand", low).ratio == 0.0


@pytest.mark.req("S2")
def test_an_arm_off_its_path_touches_nobody():
    assert room(crowd((person(0.6),), SAFETY), "hand", ahead=False).ratio == 0.0


def test_a_far_person_is_judged_by_the_separation_also_in_a_step_with_contact():
    found = room(crowd((person(4.0),), SAFETY), "hand")
    assert (found.ratio, found.touching) == (1.0, False)


def test_nobody_leaves_everything_and_unknown_joints_nothing():
    free = room(nobody(SAFETY))
    assert (free.ratio, free.link, free.distance_m) == (1.0, -1, np.inf)
    lost = room(nobody(SAFETY), q=(np.nan, *HOME[1:]))
    assert (lost.ratio, lost.distance_m, lost.stopping_s) == (0.0, 0.0, NEVER)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    "unknown", [{"radius_m": np.nan}, {"x_m": np.nan}, {"speed_mps": np.inf}, {"unseen_s": -1.0}]
)
def test_who_is_not_surely_known_is_not_touched(unknown):
    odd = crowd((person(**{"x_m": 0.6, **unknown}),), SAFETY)
    assert room(odd, "hand").ratio == 0.0


def test_a_step_that_may_touch_any_part_is_as_slow_as_the_least_of_them_needs():
    least = float(contact_speed_mps(-1, effective_mass_kg=2.5, quasi_static=True))
    found = room(part("thigh_knee"), "any")
    assert found.touching
    assert found.ratio * found.point_speed_mps <= least


@pytest.mark.req("S2")
def test_a_short_line_between_two_poses_is_not_overlooked():
    """A turn of the wrist, a nudge of the whole arm too short to be looked at, a turn back."""
    turned = REST + np.array([0, 0, 0, 0, 0, 0.3])
    nudged = turned + np.array([0.07, 0, 0, 0, 0, 0])
    path = ahead_of([REST, turned, nudged, nudged - (turned - REST)])
    seen = Observation(now_s=1.0, position_rad=tuple(REST), velocity_radps=(0.0,) * 6, ahead=path)
    fastest = look(RULES, 0.5, seen.plain(SAFETY), nobody(SAFETY)).point_speed_mps
    assert fastest >= 0.4
