"""A permit as a lease: in force to its very bounds, void beyond, and void where in doubt."""

import math
from dataclasses import replace

import pytest

from hrc_cell.core.permit import PermitView, permit_holds

PERMIT = PermitView(
    seq=1, age_s=0.0625, lease_s=0.25, speed_ratio=0.5, oldest_sample_age_s=0.125,
    reaction_time_s=0.5, gripper_permitted=True, state=3, same_config=True,
)  # fmt: skip
FUTURE_S = -0.002
BEYOND_S = math.nextafter(FUTURE_S, -1.0)


def over(number):
    """Return the next greater number."""
    return math.nextafter(number, math.inf)


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"state": 4},
        {"speed_ratio": 0.0},
        {"speed_ratio": 0.0, "state": 0},
        {"speed_ratio": 1.0},
        {"age_s": 0.25},
        {"age_s": FUTURE_S},
        {"oldest_sample_age_s": FUTURE_S},
        {"oldest_sample_age_s": 0.4375},
        {"oldest_sample_age_s": 0.5, "age_s": FUTURE_S},
        {"path_id": "p"},
        {"gripper_permitted": False},
    ],
)
def test_a_permit_holds_up_to_each_of_its_bounds(changed):
    assert permit_holds(replace(PERMIT, **changed)) == (True, "")


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"same_config": False}, "config_differs"),
        *(
            ({name: math.nan}, "permit_invalid")
            for name in (
                "age_s", "lease_s", "speed_ratio", "oldest_sample_age_s", "reaction_time_s",
            )
        ),
        ({"speed_ratio": over(1.0)}, "permit_invalid"),
        ({"speed_ratio": -1e-9}, "permit_invalid"),
        ({"state": 2}, "permit_invalid"),
        ({"state": 2, "speed_ratio": 1e-9}, "permit_invalid"),
        ({"age_s": BEYOND_S}, "permit_from_future"),
        ({"age_s": over(0.25)}, "permit_expired"),
        ({"oldest_sample_age_s": BEYOND_S}, "sample_from_future"),
        ({"oldest_sample_age_s": 0.4375 + 2.0**-50}, "sample_too_old"),
        ({"oldest_sample_age_s": over(0.5), "age_s": FUTURE_S}, "sample_too_old"),
    ],
)  # fmt: skip
def test_a_permit_beyond_any_of_its_bounds_is_void_and_says_why(changed, why):
    assert permit_holds(replace(PERMIT, **changed)) == (False, why)


def test_no_permit_is_none():
    assert permit_holds(None) == (False, "no_permit")
