"""A scan is the geometry of the room and of the legs in it, and nothing else."""

import math

import numpy as np
import pytest

from hrc_cell.adapters.sim.scanner import MOVED_RAD
from hrc_cell.core.scan import Scan
from hrc_cell.core.view import ScannerState, View, look, scanner_state

CLEAN = {"noise_std_m": 0.0, "dropout_ratio": 0.0}


def scan_of(world, name):
    """Return (angles in the cell frame, ranges) of the next scan of a scanner."""
    scan = next(s for s in world.run(0.1) if s.scanner == name)
    count = len(scan.ranges_m)
    angles = scan.angle_min_rad + scan.increment_rad * np.arange(count)
    yaw = {"left": 0.7854, "right": -0.7854}[name]
    return angles + yaw, scan.ranges_m


def beam(angles, ranges, towards_rad):
    return ranges[np.argmin(np.abs(np.remainder(angles - towards_rad + np.pi, 2 * np.pi) - np.pi))]


def test_walls_are_where_they_stand(make_world):
    angles, ranges = scan_of(make_world(scanner=CLEAN), "left")
    assert beam(angles, ranges, math.pi / 2) == pytest.approx(3.0 - 0.45, abs=0.02)
    assert beam(angles, ranges, math.pi / 4) == pytest.approx((3.0 - 0.45) * math.sqrt(2), abs=0.05)
    assert beam(angles, ranges, -math.pi / 2) == pytest.approx(3.0 + 0.45, abs=0.05)
    assert math.isinf(beam(angles, ranges, 0.0))  # out through the way in


def test_the_scanners_see_all_around_the_table_and_not_the_table(make_world):
    world = make_world(scanner=CLEAN)
    for name in ("left", "right"):
        _, ranges = scan_of(world, name)
        assert np.mean(np.isfinite(ranges)) > 0.9
        assert np.min(ranges) > 0.5


@pytest.mark.parametrize("place", [(2.5, 0.3), (0.2, 2.0), (0.2, -2.0), (4.0, -1.5)])
def test_a_standing_person_shows_two_legs(make_world, make_person, place):
    world = make_world(scanner=CLEAN, people=(make_person(path_m=(place,)),))
    empty = make_world(scanner=CLEAN)
    name = "left" if place[1] > 0 else "right"
    angles, ranges = scan_of(world, name)
    _, before = scan_of(empty, name)
    seen = ranges < before - 0.1
    runs = np.flatnonzero(np.diff(np.concatenate([[0], seen.astype(int), [0]])))
    assert len(runs) in (2, 4)  # one leg may hide the other
    origin = np.array([0.75, 0.45 if name == "left" else -0.45])
    points = origin + ranges[seen, None] * np.stack(
        [np.cos(angles[seen]), np.sin(angles[seen])], axis=1
    )
    # Legs of 0.06 m radius, 0.1 m to each side of the middle.
    away = np.linalg.norm(points - place, axis=1)
    assert away.max() < 0.17
    assert seen.sum() >= 3


def test_noise_and_missing_echoes_are_as_many_as_configured(make_world):
    world = make_world(scanner={"noise_std_m": 0.02, "dropout_ratio": 0.05})
    clean = make_world(scanner=CLEAN)
    _, truth = scan_of(clean, "left")
    scans = np.array([scan.ranges_m for scan in world.run(4.0) if scan.scanner == "left"])
    solid = np.isfinite(truth) & (truth < 9.5)
    heard = scans[:, solid]
    assert np.mean(np.isinf(heard)) == pytest.approx(0.05, abs=0.01)
    error = (heard - truth[solid])[np.isfinite(heard)]
    assert error.std() == pytest.approx(0.02, rel=0.05)
    assert error.mean() == pytest.approx(0.0, abs=0.001)


def test_scans_come_evenly_and_the_scanners_take_turns(make_world):
    scans = make_world().run(1.0)
    times = {name: [s.time_s for s in scans if s.scanner == name] for name in ("left", "right")}
    for each in times.values():
        assert len(each) == pytest.approx(25, abs=1)
        assert np.diff(each) == pytest.approx(0.04)
    assert (times["right"][0] - times["left"][0]) % 0.04 == pytest.approx(0.02)


def test_a_silent_scanner_sends_nothing_and_a_blind_one_sees_nothing(make_world):
    world = make_world()
    world.inject("scanner_silent", "left", active=True)
    world.inject("scanner_blind", "right", active=True)
    scans = world.run(0.5)
    assert {scan.scanner for scan in scans} == {"right"}
    assert all(np.isinf(scan.ranges_m).all() for scan in scans)
    world.inject("scanner_silent", "left", active=False)
    world.inject("scanner_blind", "right", active=False)
    scans = world.run(0.5)
    assert {scan.scanner for scan in scans} == {"left", "right"}
    assert all(np.isfinite(scan.ranges_m).any() for scan in scans)


def test_a_frozen_scanner_repeats_its_last_scan(make_world):
    world = make_world()
    before = [s for s in world.run(0.2) if s.scanner == "left"][-1]
    world.inject("scanner_frozen", "left", active=True)
    after = [s for s in world.run(0.2) if s.scanner == "left"]
    assert len(after) >= 4
    assert all(np.array_equal(scan.ranges_m, before.ranges_m) for scan in after)
    assert after[-1].time_s > before.time_s


def test_a_covered_scanner_sees_nothing_in_a_sector_and_all_beside_it(make_world):
    world = make_world(scanner=CLEAN)
    _, before = scan_of(world, "left")
    world.inject("scanner_covered", "left", active=True)
    _, covered = scan_of(world, "left")
    third = len(before) // 3
    assert np.isinf(covered[third : 2 * third]).all()
    assert np.isfinite(before[third : 2 * third]).mean() > 0.8
    assert np.array_equal(covered[:third], before[:third])
    world.inject("scanner_covered", "left", active=False)
    _, after = scan_of(world, "left")
    assert np.array_equal(after, before)


def test_a_moved_scanner_sees_the_room_turned(make_world):
    world = make_world(scanner=CLEAN)
    angles, _ = scan_of(world, "left")
    world.inject("scanner_moved", "left", active=True)
    _, moved = scan_of(world, "left")
    wall = beam(angles, moved, math.pi / 2 - MOVED_RAD)
    assert wall == pytest.approx(3.0 - 0.45, abs=0.02)
    world.inject("scanner_moved", "left", active=False)
    angles, back = scan_of(world, "left")
    assert beam(angles, back, math.pi / 2) == pytest.approx(3.0 - 0.45, abs=0.02)


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("scanner_covered", ScannerState.BLOCKED),
        ("scanner_moved", ScannerState.MOVED),
        ("scanner_frozen", ScannerState.FROZEN),
        ("scanner_blind", ScannerState.BLIND),
    ],
)
def test_the_tracker_tells_each_fault_and_its_end(make_world, make_person, cell, fault, state):
    people = [make_person(path_m=((2.0, 1.5),)), make_person(path_m=((1.8, 0.4),))]
    world, tracker = make_world(), cell.file.tracker
    place = next(place for place in cell.file.scanners if place.name == "left")
    view, told = View(), []

    def see(world, seconds):
        nonlocal view
        for sent in world.run(seconds):
            if sent.scanner == place.name:
                clock["now_s"] += 0.04
                scan = Scan(
                    stamp_s=clock["now_s"], frame=place.name, angle_min_rad=sent.angle_min_rad,
                    angle_increment_rad=sent.increment_rad, range_min_m=0.05, range_max_m=10.0,
                    ranges=sent.ranges_m,
                )  # fmt: skip
                view, _ = look(tracker, place, view, scan, clock["now_s"])
                told.append(scanner_state(place, view, clock["now_s"]))

    clock = {"now_s": 0.0}
    see(world, tracker.background_s + 1.0)
    assert told[-1] == ScannerState.OK
    busy = make_world(people=tuple(people), seed=3)
    see(busy, tracker.background_lost_s + 1.0)
    assert told[-1] == ScannerState.OK
    busy.inject(fault, "left", active=True)
    see(busy, tracker.background_lost_s + 0.6)
    assert told[-1] == state
    busy.inject(fault, "left", active=False)
    see(busy, 0.6)
    assert told[-1] == ScannerState.OK
