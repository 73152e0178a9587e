"""People of the falsifier keep to what is declared, so that a violation is the monitor's."""

from itertools import pairwise

import numpy as np
import pytest

from hrc_cell.adapters.falsify.encounter import Act, Kind, draw
from hrc_cell.adapters.falsify.people import Crowd
from hrc_cell.core.people import uncertainty_m, upright

COUNT = 300


@pytest.fixture(scope="module", params=[1, 3])
def told(request, bounds, pool, timing):
    """All that a crowd does and is said to do, with the arm standing at the origin."""
    rng = np.random.default_rng(11)
    drawn = draw(bounds, pool, timing, rng, COUNT, people=request.param)
    crowd = Crowd.of(drawn, bounds, timing, np.zeros((COUNT, request.param, 2)))
    story = []
    for tick in range(timing.ticks):
        now_s = tick * timing.tick_s
        crowd.steer(now_s, np.zeros_like(crowd.place_m))
        report = crowd.report(tick, now_s)
        places = []
        for _ in range(timing.tick_steps):
            before = crowd.place_m
            crowd.walk()
            places.append((before, crowd.place_m))
        story.append((now_s, report, places))
    return drawn, story


def truth_at(drawn, story, timing, at_s):
    """Return the places (b, p, 2) at instants (b,)."""
    all_places = [drawn.start_m] + [after for _, _, places in story for _, after in places]
    step = np.clip(np.rint(at_s / timing.dt_s).astype(int), 0, len(all_places) - 1)
    return np.stack(all_places)[step, np.arange(len(step))]


def test_nobody_is_faster_than_declared_and_who_is_fast_is_reported_so(told, timing, bounds):
    drawn, story = told
    far_mps, near_mps = bounds.safety.human_speed_mps, bounds.safety.human_speed_near_mps
    assert (drawn.speed_max_mps <= near_mps).all()
    fast = drawn.speed_max_mps > far_mps
    assert (drawn.kind[fast] == Kind.RUNS).any() and fast.any()
    for _, report, places in story:
        for before, after in places:
            speed = np.linalg.norm(after - before, axis=-1) / timing.dt_s
            assert (speed <= drawn.speed_max_mps + 1e-9).all()
        assert (report.speed_mps[fast] >= drawn.speed_max_mps[fast] - 1e-12).all()


def test_the_reported_envelope_holds_the_person_at_the_instant_of_the_scan(told, timing, bounds):
    drawn, story = told
    unseen = 0
    for now_s, report, _ in story:
        people = upright(
            report.place_m, speed_mps=report.speed_mps, position_std_m=report.std_m,
            radius_m=report.radius_m, unseen_s=report.unseen_s, safety=bounds.safety,
        )  # fmt: skip
        truth = truth_at(drawn, story, timing, now_s - report.age_s)
        off = np.linalg.norm(report.place_m - truth, axis=-1)
        room = people.radius_m + uncertainty_m(people, bounds.safety) - drawn.radius_m
        assert (off <= room + 1e-9).all()
        unseen += (report.unseen_s > 0.0).sum() + (report.radius_m > drawn.radius_m + 0.11).sum()
    assert unseen > 100


def test_scans_are_as_old_as_drawn_and_a_silent_scanner_repeats_itself(told, timing, bounds):
    drawn, story = told
    silent = np.isfinite(drawn.silent_s[:, 0])
    oldest = np.max([report.age_s for _, report, _ in story[4:]], axis=0)
    assert (oldest[~silent] <= bounds.scanners_s + 1e-9).all()
    assert oldest[silent].max() > 1.0
    for (_, before, _), (_, after, _) in pairwise(story):
        same = after.seq == before.seq
        older = after.age_s > before.age_s
        assert older[same].all()
        np.testing.assert_array_equal(after.place_m[same], before.place_m[same])


def test_who_goes_for_a_link_comes_nearer_and_who_stands_does_not(bounds, pool, timing):
    drawn = draw(bounds, pool, timing, np.random.default_rng(5), 50, people=1)
    for act, moves in ((Act.LINK, -1), (Act.STAND, 0), (Act.AWAY, 1), (Act.AIM, -1)):
        drawn.act[:] = act
        drawn.kind[:] = Kind.SEEKS
        crowd = Crowd.of(drawn, bounds, timing, np.zeros((50, 1, 2)))
        crowd.steer(0.0, np.zeros((50, 1, 2)))
        crowd.walk()
        change = np.linalg.norm(crowd.place_m, axis=-1) - np.linalg.norm(drawn.start_m, axis=-1)
        assert (np.sign(np.round(change, 12)) == moves).all()
