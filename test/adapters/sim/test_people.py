"""People walk like people: feet stand still, nobody starts at once, nobody walks into the table."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.sim import body
from hrc_cell.adapters.sim.world import TICK_S

speeds = st.floats(0.2, 2.2)
phases = st.floats(0.0, 0.98)


@given(speeds, phases)
def test_a_standing_foot_does_not_slide(speed, phase):
    # In the first half of its cycle a foot moves back against the body as fast as the body moves.
    step = 1e-4
    phase = phase / 2.0
    moved = body.foot_offset_m(speed, phase + body.phase_per_s(speed) * step)
    if phase + body.phase_per_s(speed) * step < 0.5:
        assert moved - body.foot_offset_m(speed, phase) == pytest.approx(-speed * step, abs=1e-9)


@given(speeds, phases)
def test_feet_never_jump(speed, phase):
    step = 1e-3
    moved = body.foot_offset_m(speed, phase + body.phase_per_s(speed) * step)
    assert abs(moved - body.foot_offset_m(speed, phase)) <= 2.0 * speed * step


def stance(**changes):
    base = {"heading_rad": 0.4, "speed_mps": 1.0, "phase": 0.1}
    base["position_m"] = np.array([1.0, 2.0])
    return body.Stance(**(base | changes))


@given(speeds, st.floats(0.0, 5.0), st.floats(-3.0, 3.0), st.floats(1.2, 2.1))
def test_bones_keep_their_length_in_every_stride(speed, phase, heading, height):
    made = body.ends(height, stance(speed_mps=speed, phase=phase, heading_rad=heading))
    lengths = np.linalg.norm(made[:, 1] - made[:, 0], axis=1)
    assert lengths == pytest.approx([s.length_m for s in body.shapes(height)], abs=1e-6)


@given(st.tuples(*[st.floats(-1.0, 1.0)] * 3))
def test_the_hand_reaches_what_is_within_reach_and_points_at_the_rest(offset):
    shoulder_m = np.array([1.0, 2.0, 1.4])
    target = shoulder_m + np.array(offset)
    here = stance(hand_m=target, speed_mps=0.0)
    hand = body.hand_m(1.7, here)
    if body.reach_m(1.7, here, target) < -0.02:
        assert hand == pytest.approx(target, abs=1e-9)
    else:
        assert np.linalg.norm(hand - target) < np.linalg.norm(offset) + 0.5


def test_capsules_lie_along_their_bones():
    made = body.ends(1.7, stance())
    centres, quats = body.poses(made)
    for bone, centre, (w, x, y, z) in zip(made, centres, quats, strict=True):
        axis = np.array([2 * (x * z + w * y), 2 * (y * z - w * x), w * w - x * x - y * y + z * z])
        length = np.linalg.norm(bone[1] - bone[0])
        assert centre + axis * length / 2 == pytest.approx(bone[1], abs=1e-9)


def test_walking_starts_and_ends_gently_and_ends_at_the_last_waypoint(make_world, make_person):
    world = make_world(people=(make_person(),))
    told = world.direct(1, "walk", [(4.0, 1.0), (3.0, -1.0)], 1.2)
    speeds, times = [], 0.0
    while True:
        world.run(TICK_S)
        times += TICK_S
        truth = world.truth()
        speeds.append(truth.person_velocity_mps[0])
        if times > 1.0 and not truth.person_walking[0]:
            break
    change = np.linalg.norm(np.diff(speeds, axis=0), axis=1) / TICK_S
    assert change.max() <= 1.5 + 1e-6
    assert np.linalg.norm(speeds, axis=1).max() <= 1.2 + 1e-6
    world.run(1.0)
    assert world.truth().person_position_m[0] == pytest.approx([3.0, -1.0], abs=0.05)
    assert times == pytest.approx(told, rel=0.25)


def test_a_scripted_person_goes_round_and_round(make_world, make_person):
    way = ((5.0, 1.0), (5.0, -1.0))
    world = make_world(people=(make_person(behaviour="scripted", path_m=way, pause_s=0.5),))
    for goal in (way[1], way[0], way[1]):
        world.until(
            lambda goal=goal: np.linalg.norm(world.truth().person_position_m[0] - goal) < 0.05, 6.0
        )


def test_a_wandering_person_stays_in_the_cell_and_clear_of_the_table(make_world, make_person):
    world = make_world(seed=3, people=(make_person(behaviour="random", path_m=((3.0, 0.0),)),))
    walked = 0.0
    before = world.people[0].position_m
    for _ in range(6000):
        world.people[0].update(0.01, None)
        x, y = world.people[0].position_m
        walked += np.linalg.norm(world.people[0].position_m - before)
        before = world.people[0].position_m
        assert -0.5 < x < 6.0
        assert -3.0 < y < 3.0
        assert not (x < 0.75 + 0.3 and abs(y) < 0.45 + 0.3)
    assert walked > 20.0


def test_a_person_told_to_leave_is_out_of_the_scanners_sight(make_world, make_person):
    clean = {"noise_std_m": 0.0, "dropout_ratio": 0.0}
    world = make_world(scanner=clean, people=(make_person(path_m=((3.0, 1.0),)),))
    empty = [scan.ranges_m for scan in make_world(scanner=clean).run(0.1)]
    seen = [scan.ranges_m for scan in world.run(0.1)]
    assert not np.allclose(seen[-1], empty[-1], atol=0.05)
    world.run(world.direct(1, "leave", [], 1.5) + 3.0)
    seen = {s.scanner: s.ranges_m for s in world.run(0.1)}
    empty = {s.scanner: s.ranges_m for s in make_world(scanner=clean).run(0.1)}
    for name, ranges in seen.items():
        assert np.allclose(ranges, empty[name], atol=0.01)
