"""What is taken from the truth of the simulated cell: motion, standstill, separation."""

import math
from types import SimpleNamespace as Truth

import pytest
from strategies import default_cell

from hrc_cell.adapters.description import load_description
from hrc_cell.cli.truth import least_margin_m, moving, standstill_after_s, top_speed_ratio

CELL = default_cell()
CHAIN = load_description(CELL).chain
JOINTS = [*CHAIN.joints, CELL.file.robot.hand.joint]
PERIOD_S = 0.02


def truth(speed_radps=0.0, hand_radps=0.0, person=None):
    """The arm upright, its first joint turning; perhaps a person who stands somewhere."""
    at = [] if person is None else [Truth(x=person[0], y=person[1])]
    return Truth(
        joint=JOINTS,
        position=[0.0] * len(JOINTS),
        velocity=[speed_radps, *[0.0] * (len(JOINTS) - 2), hand_radps],
        person_id=[1] * len(at),
        person_position=at,
        person_velocity=[Truth(x=0.0, y=0.0)] * len(at),
    )


def seen(*speeds_radps):
    """One sample each period from 10 s on."""
    return [(10.0 + PERIOD_S * i, truth(v)) for i, v in enumerate(speeds_radps)]


def test_the_gripper_alone_is_no_motion_of_the_arm():
    assert moving(truth(0.5))
    assert moving(truth(-0.5))
    assert not moving(truth(hand_radps=2.0))
    assert not moving(None)


def test_standstill_is_counted_to_the_last_motion_before_a_second_of_rest():
    stop = seen(*[0.5] * 10, *[0.0] * 60, *[0.5] * 10)
    assert standstill_after_s(stop, 10.0) == pytest.approx(9 * PERIOD_S)


def test_a_pause_shorter_than_a_second_is_no_standstill():
    pause = seen(*[0.5] * 10, *[0.0] * 20, *[0.5] * 10, *[0.0] * 60)
    assert standstill_after_s(pause, 10.0) == pytest.approx(39 * PERIOD_S)


@pytest.mark.req("S2")
@pytest.mark.parametrize("samples", [[], seen(*[0.5] * 100)])
def test_what_was_never_seen_to_stand_never_stood(samples):
    assert standstill_after_s(samples, 10.0) == math.inf


def test_each_joint_is_measured_against_its_own_limit():
    limits = dict.fromkeys(CHAIN.joints, 2.0) | {CHAIN.joints[0]: 0.5}
    assert top_speed_ratio(seen(0.1, -0.4, 0.2), limits) == pytest.approx(0.8)
    with pytest.raises(ValueError, match="empty"):
        top_speed_ratio([], limits)


def test_the_separation_counts_only_while_the_arm_moves_and_somebody_is_there():
    near = (1.0, 0.0)
    assert least_margin_m([(0.0, truth(0.0, person=near))], CELL, CHAIN) == math.inf
    assert least_margin_m([(0.0, truth(0.5))], CELL, CHAIN) == math.inf
    assert least_margin_m([(0.0, truth(0.5, person=near))], CELL, CHAIN) < 0.0


def test_the_margin_is_what_is_left_of_the_distance_and_a_faster_arm_needs_more():
    def margin_m(speed_radps, x_m):
        return least_margin_m([(0.0, truth(speed_radps, person=(x_m, 0.0)))], CELL, CHAIN)

    assert margin_m(0.5, 4.0) - margin_m(0.5, 3.0) == pytest.approx(1.0)
    assert margin_m(1.0, 4.0) < margin_m(0.5, 4.0)
    both = [(0.0, truth(0.5, person=(4.0, 0.0))), (0.1, truth(0.5, person=(3.0, 0.0)))]
    assert least_margin_m(both, CELL, CHAIN) == margin_m(0.5, 3.0)
