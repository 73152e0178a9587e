"""Power and force limiting: the tables, the formula at a published point, its shape everywhere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import unknown

from hrc_cell.core.contact import (
    ALIASES,
    BY_FORCE,
    BY_PRESSURE,
    LIGHTEST_KG,
    LOCATIONS,
    REGIONS,
    TABLE_A4_J,
    TISSUES,
    UNKNOWN,
    contact_limit,
    contact_speed_mps,
    plain_name,
    region_code,
)
from hrc_cell.settings.contact import ANY, HEAD, TOUCHABLE

BODY = [region for region in REGIONS if region not in HEAD]
regions = st.sampled_from(BODY)
head = st.sampled_from(HEAD)
mass_kg = st.floats(LIGHTEST_KG, 1e4)
area_cm2 = st.one_of(st.none(), st.floats(1e-3, 100.0))
lasting = st.booleans()
no_name = st.one_of(st.just(""), st.just(ANY), st.just("tail"), st.text(max_size=5)).filter(
    lambda name: region_code(name) == UNKNOWN
)
no_code = st.one_of(
    st.just(UNKNOWN), st.just(math.nan), st.integers(len(REGIONS), 99), st.integers(-99, -1)
)

# Per region, by hand: F [N], least p of its locations [N/cm2], both quasi-static; k [N/mm], m_H.
BORNE = {
    "skull_forehead": (130, 110, 150, 4.4), "face": (65, 110, 75, 4.4), "neck": (150, 140, 50, 1.2),
    "back_shoulders": (210, 160, 35, 40), "chest": (140, 120, 25, 40),
    "abdomen": (110, 140, 10, 40), "pelvis": (180, 210, 25, 40), "upper_arm": (150, 190, 30, 3),
    "lower_arm": (160, 180, 40, 2), "hand": (140, 190, 75, 0.6), "thigh_knee": (220, 220, 50, 75),
    "lower_leg": (130, 210, 60, 75),
}  # fmt: skip
# Row by row: p and F of the 29 body locations.
A2 = (
    (130, 130), (110, 130), (110, 65), (140, 150), (210, 150), (160, 210), (210, 210), (120, 140),
    (170, 140), (140, 110), (210, 180), (190, 150), (220, 150), (190, 160), (180, 160), (180, 160),
    (300, 140), (270, 140), (280, 140), (220, 140), (200, 140), (260, 140), (260, 140), (200, 140),
    (190, 140), (250, 220), (220, 220), (220, 130), (210, 130),
)  # fmt: skip


def speed(name, *, mass=10.0, lasts=False, area=None):
    return float(
        contact_speed_mps(
            region_code(name), effective_mass_kg=mass, quasi_static=lasts, area_cm2=area
        )
    )


def limit(name, *, mass=10.0, lasts=False, area=None):
    return contact_limit(name, effective_mass_kg=mass, quasi_static=lasts, area_cm2=area)


# The tables.


def test_the_body_locations_bear_what_the_table_says():
    assert len(LOCATIONS) == len(A2) == 29
    assert tuple((at.pressure_npcm2, at.force_n) for at in LOCATIONS) == A2
    assert len({at.name for at in LOCATIONS}) == 29
    assert {at.region for at in LOCATIONS} == set(REGIONS)
    per_region = [sum(at.region == region for at in LOCATIONS) for region in REGIONS]
    assert per_region == [2, 1, 2, 2, 2, 1, 1, 2, 3, 9, 2, 2]


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_bears_the_least_of_its_locations(region):
    force_n, pressure_npcm2, spring, body_kg = BORNE[region]
    assert tuple(TISSUES[region]) == (1000.0 * spring, body_kg)
    assert {at.force_n for at in LOCATIONS if at.region == region} == {force_n}
    assert min(at.pressure_npcm2 for at in LOCATIONS if at.region == region) == pressure_npcm2
    if region in HEAD:
        return
    found = limit(region, lasts=True)
    assert (found.table_force_n, found.pressure_npcm2) == (force_n, pressure_npcm2)
    assert (found.spring_npm, found.body_kg) == (1000.0 * spring, body_kg)


def test_the_energies_that_do_not_govern_are_less_than_those_of_the_tables_that_do():
    assert {r: round(limit(r).energy_j, 3) for r in TABLE_A4_J} == {
        "hand": 0.523, "neck": 0.9, "lower_leg": 0.563,
    }  # fmt: skip
    assert TABLE_A4_J == {"hand": 0.49, "neck": 0.84, "lower_leg": 0.52}


# The formula.


def test_the_published_point():
    assert speed("hand") == pytest.approx(1.3590, abs=5e-5)


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        # mu = 1 / (1/40 + 1/10) = 8 kg; sqrt(8 kg x 25e3 N/m) = 447.2136 kg/s
        ({"name": "chest"}, 280.0 / 447.2136),
        ({"name": "chest", "lasts": True}, 140.0 / 447.2136),
        ({"name": "chest", "area": 1.0}, 240.0 / 447.2136),  # 2 x 120 N/cm2 x 1 cm2
        ({"name": "chest", "area": 0.5, "lasts": True}, 60.0 / 447.2136),
        ({"name": "chest", "area": 2.0}, 280.0 / 447.2136),
        # mu = 1 / (1/75 + 1/25) = 18.75 kg; sqrt(18.75 x 60e3) = 1060.66
        ({"name": "lower_leg", "mass": 25.0}, 260.0 / 1060.66),
    ],
)
def test_points_by_hand(case, expected):
    assert speed(**case) == pytest.approx(expected, rel=1e-6)
    assert limit(**case).speed_mps == pytest.approx(expected, rel=1e-6)


@given(regions, mass_kg, lasting, area_cm2)
def test_one_number_and_its_whole_story_agree(name, mass, lasts, area):
    found = limit(name, mass=mass, lasts=lasts, area=area)
    assert found.speed_mps == pytest.approx(speed(name, mass=mass, lasts=lasts, area=area))
    assert found.force_n == min(found.table_force_n, found.pressure_force_n)
    assert found.energy_j == pytest.approx(found.reduced_kg * found.speed_mps**2 / 2.0)
    assert found.reduced_kg < min(found.body_kg, mass)
    assert (found.region, found.location, found.known) == (name, "", True)


@given(regions, mass_kg, lasting, area_cm2)
def test_the_table_that_governs_is_named(name, mass, lasts, area):
    found = limit(name, mass=mass, lasts=lasts, area=area)
    if area is None:
        assert (found.table, found.pressure_force_n) == (BY_FORCE, math.inf)
    else:
        assert found.pressure_force_n == found.pressure_npcm2 * area
        assert (found.table == BY_PRESSURE) == (found.pressure_force_n < found.table_force_n)


@pytest.mark.parametrize("area", [None, 1.0])
def test_where_both_tables_give_the_same_force_the_force_governs(area):
    assert limit("thigh_knee", area=area).table == BY_FORCE  # 220 N and 220 N/cm2
    assert limit("chest", area=1.0).table == BY_PRESSURE
    assert (BY_FORCE, BY_PRESSURE) == (
        "ISO/TS 15066 A.2 force, A.3 spring and mass",
        "ISO/TS 15066 A.2 pressure, A.3 spring and mass",
    )


@given(regions, mass_kg, area_cm2)
def test_contact_that_ends_by_itself_may_be_twice_as_fast(name, mass, area):
    case = {"mass": mass, "area": area}
    assert speed(name, **case) == pytest.approx(2.0 * speed(name, lasts=True, **case))


@given(regions, mass_kg, st.floats(0.0, 1e3), lasting, area_cm2)
def test_a_heavier_arm_never_goes_faster(name, mass, more, lasts, area):
    case = {"lasts": lasts, "area": area}
    assert speed(name, mass=mass + more, **case) <= speed(name, mass=mass, **case)


@given(regions, mass_kg, st.floats(1e-3, 10.0), st.floats(0.0, 10.0), lasting)
def test_a_smaller_area_never_goes_faster_and_none_given_is_force_alone(
    name, mass, area, more, lasts
):
    case = {"mass": mass, "lasts": lasts}
    small, large = (speed(name, area=a, **case) for a in (area, area + more))
    assert small <= large <= speed(name, **case)


def test_a_body_location_is_judged_by_its_own_pressure():
    palm, hand = (limit(name, area=0.5) for name in ("palm D", "hand"))
    assert (palm.region, palm.location, palm.known) == ("hand", "palm_d", True)
    assert (palm.force_n, hand.force_n) == (2 * 260 * 0.5, 2 * 190 * 0.5)
    assert limit("palm D").speed_mps == limit("hand").speed_mps
    shin = limit("middle of shin", lasts=True)
    assert (shin.table_force_n, shin.pressure_npcm2) == (130.0, 220.0)


# What may never be touched, what is not known, what is flagged.


@pytest.mark.req("S2")
@given(head, mass_kg, lasting, area_cm2)
def test_contact_with_the_head_has_no_speed(name, mass, lasts, area):
    assert speed(name, mass=mass, lasts=lasts, area=area) == 0.0
    with pytest.raises(ValueError, match=f"{name}: contact with skull, forehead or face is not"):
        limit(name, mass=mass, lasts=lasts, area=area)


@pytest.mark.parametrize("name", ["Head", "temple", "masticatory muscle", "eye", "Skull/forehead"])
def test_the_head_is_refused_under_each_of_its_names(name):
    assert speed(name) == 0.0
    with pytest.raises(ValueError, match="not permissible"):
        limit(name)


@pytest.mark.req("S2")
@given(no_code, mass_kg, lasting, area_cm2)
def test_a_region_that_is_not_known_has_the_lowest_speed_of_all(code, mass, lasts, area):
    found = float(
        contact_speed_mps(code, effective_mass_kg=mass, quasi_static=lasts, area_cm2=area)
    )
    assert found == min(speed(name, mass=mass, lasts=lasts, area=area) for name in BODY)
    assert found > 0.0


@pytest.mark.req("S2")
@given(no_name, mass_kg, lasting, area_cm2)
def test_a_name_that_is_none_is_answered_with_the_slowest_region(name, mass, lasts, area):
    case = {"mass": mass, "lasts": lasts, "area": area}
    found = limit(name, **case)
    assert not found.known
    assert found.region in BODY
    assert found.speed_mps == limit(found.region, **case).speed_mps
    assert found.speed_mps == pytest.approx(min(speed(other, **case) for other in BODY))
    assert found.location == ""


@given(regions, st.floats(1e-3, 10.0))
def test_an_area_above_1_cm2_is_flagged(name, area):
    assert limit(name, area=area).area_flagged == (area > 1.0)
    assert not limit(name, area=1.0).area_flagged
    assert not limit(name).area_flagged


@pytest.mark.req("S2")
@given(
    st.sampled_from([*range(UNKNOWN, len(REGIONS))]),
    st.one_of(unknown, st.floats(-10.0, LIGHTEST_KG, exclude_max=True)),
    lasting,
    area_cm2,
)
def test_a_mass_that_is_not_known_allows_no_speed(code, mass, lasts, area):
    case = {"effective_mass_kg": mass, "quasi_static": lasts, "area_cm2": area}
    assert contact_speed_mps(code, **case) == 0.0
    with pytest.raises(ValueError, match=r"m_R = .* kg must be at least 0.001 kg"):
        contact_limit("hand", **case)


@pytest.mark.req("S2")
@given(
    st.sampled_from([*range(UNKNOWN, len(REGIONS))]),
    mass_kg,
    lasting,
    st.one_of(unknown, st.floats(-10.0, 0.0)),
)
def test_an_area_that_is_not_known_allows_no_speed(code, mass, lasts, area):
    case = {"effective_mass_kg": mass, "quasi_static": lasts, "area_cm2": area}
    assert contact_speed_mps(code, **case) == 0.0
    with pytest.raises(ValueError, match=r"A = .* cm2 must be a number above 0"):
        contact_limit("hand", **case)


def test_the_lightest_and_the_heaviest_arm_have_a_speed():
    for mass in (LIGHTEST_KG, 1e300):
        assert speed("hand", mass=mass) == pytest.approx(limit("hand", mass=mass).speed_mps)
    assert speed("hand", area=1e300) == limit("hand").speed_mps


# Names, shapes.


def test_a_region_is_known_by_each_of_its_names():
    for code, region in enumerate(REGIONS):
        assert region_code(region) == code
    for at in LOCATIONS:
        assert REGIONS[region_code(at.name)] == at.region
    for name, region in ALIASES.items():
        assert REGIONS[region_code(name)] == region
    for name in ("Upper arm/elbow", " upper-arm ", "UPPER_ARM"):
        assert REGIONS[region_code(name)] == "upper_arm"
    assert plain_name("Back of hand ND") == "back_of_hand_nd"
    for name in ("Upper arms and elbow joints", "Hands and fingers", "Back and shoulders"):
        assert region_code(name) != UNKNOWN
    for name in ("", "tail", "any", "?"):
        assert region_code(name) == UNKNOWN
    assert {*TOUCHABLE, *HEAD} == {*REGIONS, ANY}


def test_a_whole_batch_at_once():
    codes = np.array([[region_code(n)] for n in ("hand", "tail", "face", "chest")])
    masses = np.array([4.0, math.nan, 10.0])
    found = contact_speed_mps(codes, effective_mass_kg=masses, quasi_static=False)
    assert found.shape == (4, 3)
    for i, name in enumerate(("hand", "tail", "face", "chest")):
        np.testing.assert_array_equal(found[i], [speed(name, mass=m) for m in masses])
    many = contact_speed_mps(
        codes[:, 0], effective_mass_kg=10.0, quasi_static=True, area_cm2=[[0.1], [0.5]]
    )
    assert many.shape == (2, 4)
    assert many[1, 0] == speed("hand", lasts=True, area=0.5)


def test_a_code_right_behind_the_last_region_is_none_of_them():
    known = {"effective_mass_kg": 5.0, "quasi_static": True}
    beyond = contact_speed_mps(len(REGIONS), **known)
    assert beyond == contact_speed_mps(UNKNOWN, **known) > 0.0
