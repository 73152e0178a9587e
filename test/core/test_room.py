"""Contact in the steps that allow it: slow where it may be, never where a head may be."""

from dataclasses import fields, replace

import numpy as np
import plain
import pytest
from judged import Observation, crowd, person
from paths import HOME as REST
from paths import THERE, ahead_of
from strategies import HOME, SAFETY, areas, declared_stops, motion, six_axes

from hrc_cell.core import observed
from hrc_cell.core.ahead import Ahead
from hrc_cell.core.contact import contact_speed_mps, region_code
from hrc_cell.core.observed import NEVER, nobody
from hrc_cell.core.people import body_parts, together, upright
from hrc_cell.core.room import look
from hrc_cell.core.rules import Rules
from hrc_cell.core.sweep import RATIOS, sweep
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


def drawn(rng, count):
    """Return the people of `count` cells, one upright and two parts of another, and their arms."""

    def at(dimensions, people):
        return rng.uniform(-1.0, 1.0, (count, people, dimensions)) * 2.0 + [2, 0, 1][:dimensions]

    parts = at(3, 2)
    people = together(
        upright(
            at(2, 1), speed_mps=rng.choice([0.3, 2.5, np.nan], (count, 1), p=[0.6, 0.35, 0.05]),
            position_std_m=0.02, radius_m=0.2, unseen_s=0.0, owner=4, safety=SAFETY,
        ),
        body_parts(
            parts, parts + rng.uniform(-0.2, 0.2, parts.shape), position_std_m=0.01, radius_m=0.05,
            velocity_mps=rng.uniform(-0.5, 0.5, parts.shape), unseen_s=0.0, owner=9, source=1,
            region=rng.choice([-1, *map(region_code, ("hand", "face", "chest"))], (count, 2)),
            safety=SAFETY,
        ),
    )  # fmt: skip
    people = people._replace(present=rng.random((count, 3)) < 0.5)
    q, qd = REST + rng.uniform(-0.005, 0.005, (count, 6)), rng.uniform(-0.1, 0.1, (count, 6))
    q[::9, 2], qd[4::9, 5] = np.nan, np.inf
    paths = [
        ahead_of([REST, THERE], ratio=0.0, followed=np.array(rng.random() < 0.8))
        for _ in range(count)
    ]
    return people, q, qd, paths


@pytest.mark.req("S2")
@pytest.mark.parametrize("region", ["", "hand", "any"])
@np.errstate(all="ignore")
def test_each_of_many_cells_states_the_pair_with_least_to_spare(region):
    """Against the plain judgement of test/plain.py."""
    rng = np.random.default_rng(2)
    people, q, qd, paths = drawn(rng, 60)
    before = rng.choice([0.0, 0.5], 60)
    together_ = Ahead(**{
        one.name: np.stack([getattr(path, one.name) for path in paths]) for one in fields(Ahead)
    })  # fmt: skip
    seen = observed.Observation(
        now_s=np.ones(60), position_rad=q, velocity_radps=qd, ahead=together_,
        contact_region=region,
    )  # fmt: skip
    whole = look(RULES, before, seen, people)
    bound = set()
    for i, path in enumerate(paths):
        alone = replace(seen, now_s=1.0, position_rad=q[i], velocity_radps=qd[i], ahead=path)
        who = type(people)(*(field[i] for field in people))
        told = plain.looked(RULES, before[i], alone, who)
        single = look(RULES, before[i], alone, who)
        for name, value in told.items():
            for got in (
                np.array(getattr(whole, name))[..., i]
                if name == "terms"
                else getattr(whole, name)[i],
                getattr(single, name),
            ):
                np.testing.assert_allclose(got, value, atol=1e-9, err_msg=name)
        bound.add((told["human_id"], told["touching"]))
    assert {owner for owner, _ in bound} == {0, 4, 9}
    assert {touching for _, touching in bound} == ({False, True} if region else {False})


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


def test_many_cells_in_which_nobody_is_have_all_their_room():
    seen = observed.Observation(
        now_s=np.ones(3), position_rad=np.array([REST] * 3), velocity_radps=np.zeros((3, 6))
    )
    found = look(RULES, 0.5, seen, nobody(SAFETY, (3,)))
    assert found.ratio.tolist() == [1.0] * 3
    assert found.distance_m.tolist() == [np.inf] * 3
    assert [term.tolist() for term in found.terms] == [[0.0] * 3] * len(found.terms)


@pytest.mark.req("S2")
@pytest.mark.parametrize("count", [0, 5, 7])
def test_an_arm_with_another_number_of_joints_has_no_room(count):
    seen = observed.Observation(now_s=1.0, position_rad=(0.0,) * count, velocity_radps=(0.0,) * 6)
    assert look(RULES, 0.5, seen, nobody(SAFETY)).ratio == 0.0


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


@pytest.mark.req("S2")
def test_a_link_that_comes_as_high_as_a_head_may_be_touches_nobody():
    """As high as it may come between two poses, beside its path, with its own radius."""
    aside = REST + np.array([0.015, 0, 0, 0, 0, 0])
    known = {
        "ahead": ahead_of([REST, THERE]),
        "position_rad": aside,
        "velocity_radps": np.zeros(6),
    }
    arm = sweep(
        RULES.chain, RULES.stops, safety=SAFETY, motion=RULES.motion, load_kg=np.nan,
        ratio_before=0.5, **known,
    )  # fmt: skip
    height_m = np.maximum(
        arm.ahead_start_m[..., 2].max(axis=0), arm.ahead_end_m[..., 2].max(axis=0)
    )
    top_m = height_m + (0.5 * arm.arc_m.max(axis=0) + arm.off_m + RULES.chain.capsule_radius_m)
    highest = int(np.argmax(top_m))
    near = body_parts(
        [arm.start_m[highest]], [arm.end_m[highest]], velocity_mps=[[0.0] * 3],
        position_std_m=[0.01], radius_m=[0.05], unseen_s=[0.0], region=[region_code("hand")],
        owner=[1], source=[1], safety=SAFETY,
    )  # fmt: skip
    seen = observed.Observation(now_s=1.0, contact_region="hand", **known)

    def ratio(head_low_m):
        return look(
            replace(RULES, contact=replace(GENTLE, head_low_m=head_low_m)), 0.5, seen, near
        ).ratio

    assert arm.followed
    assert ratio(top_m[highest]) == 0.0
    assert ratio(np.nextafter(top_m[highest], 9.0)) > 0.0
