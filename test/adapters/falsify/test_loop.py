"""The falsifier catches what is unsafe, passes what is safe, and can tell a story again."""

from dataclasses import fields

import numpy as np
import pytest

from hrc_cell.adapters.falsify.core_monitor import WEAKNESSES, CoreMonitor, weakened
from hrc_cell.adapters.falsify.encounter import Encounters, draw, load, save
from hrc_cell.adapters.falsify.loop import run
from hrc_cell.adapters.falsify.monitors import ConstantSpeed, FixedZone, Judged
from hrc_cell.adapters.falsify.truth import TOLERANCE_M
from hrc_cell.adapters.falsify.working_day import draw_day

COUNT = 200
REACH_M = 0.9


class Always:
    """A monitor that permits the same ratio for ever."""

    causes = ("",)

    def __init__(self, ratio):
        self.ratio = ratio

    def judge(self, seen):
        count = len(seen.at)
        return Judged(
            np.full(count, self.ratio), np.zeros(count), np.full(count, -1), np.zeros(count, int)
        )


@pytest.fixture(scope="module")
def drawn(bounds, pool, timing):
    return draw(bounds, pool, timing, np.random.default_rng(2), COUNT, people=2)


def test_an_arm_that_nobody_stops_breaks_the_law_and_touches_people(drawn, pool, bounds, timing):
    found = run(drawn, pool, Always(1.0), bounds, timing)
    assert found.violated.mean() > 0.7
    assert found.hit.any()
    assert (found.margin_m[found.hit] < -TOLERANCE_M).all(), "the law is the stricter of the two"


def test_an_arm_that_stands_breaks_no_law_whoever_touches_it(drawn, pool, bounds, timing):
    found = run(drawn, pool, Always(0.0), bounds, timing)
    assert not found.violated.any()
    assert found.touched.any()
    assert (found.moved_s == 0.0).all() and (found.rounds == 0.0).all()


@pytest.mark.parametrize("usual", ["constant_speed", "fixed_zone"])
def test_the_usual_monitors_are_safe_and_let_the_arm_move(drawn, pool, bounds, timing, usual):
    monitor = (
        ConstantSpeed(bounds, pool.radius_m, COUNT)
        if usual == "constant_speed"
        else FixedZone(bounds, pool.radius_m, COUNT, base_m=np.zeros(2), reach_m=REACH_M)
    )
    found = run(drawn, pool, monitor, bounds, timing)
    assert not found.violated.any()
    assert found.moved_s.sum() > 0.0


@pytest.mark.req("S1")
@pytest.mark.req("S2")
def test_the_judgement_of_the_live_cell_is_not_caught(drawn, pool, bounds, timing, rules):
    found = run(drawn, pool, CoreMonitor(rules, COUNT), bounds, timing)
    assert not found.violated.any()
    assert found.moved_s.sum() > 0.0


@pytest.mark.parametrize("weakness", WEAKNESSES)
def test_a_weakened_monitor_lets_the_arm_come_nearer(drawn, pool, bounds, timing, rules, weakness):
    whole = run(drawn, pool, CoreMonitor(rules, COUNT), bounds, timing)
    weak = run(drawn, pool, CoreMonitor(rules, COUNT, weakness=weakness), bounds, timing)
    assert weak.margin_m.min() < whole.margin_m.min()


def test_weakening_changes_what_it_says_and_nothing_else(rules):
    dropped = weakened(rules, "human-way").safety
    assert dropped.human_speed_mps == dropped.human_speed_near_mps == 0.0
    halved = weakened(rules, "stopping")
    speed = np.array([0.5] * 6)
    time_s, way_s = halved.stops.time_and_way_s(speed, 0.0)
    assert time_s == pytest.approx(0.5 * rules.stops.time_s(speed, 0.0))
    assert way_s == pytest.approx(0.5 * rules.stops.way_s(speed, 0.0))
    assert weakened(rules, "stale") is rules
    with pytest.raises(ValueError, match="lazy"):
        weakened(rules, "lazy")


def test_the_same_seed_draws_the_same_and_another_does_not(bounds, pool, timing, drawn):
    again = draw(bounds, pool, timing, np.random.default_rng(2), COUNT, people=2)
    other = draw(bounds, pool, timing, np.random.default_rng(3), COUNT, people=2)
    for field in fields(Encounters):
        np.testing.assert_array_equal(getattr(drawn, field.name), getattr(again, field.name))
    assert (drawn.start_m != other.start_m).any()


def test_an_encounter_runs_alone_as_it_runs_among_others(
    drawn, pool, bounds, timing, rules, tmp_path
):
    among = run(drawn, pool, CoreMonitor(rules, COUNT), bounds, timing)
    row = int(among.margin_m.argmin())
    file = tmp_path / "one.npz"
    save(file, drawn.rows(np.array([row])), pool, {"seed": "2", "encounter": str(row)})
    one, its_pool, about = load(file)
    assert about == {"seed": "2", "encounter": str(row)}
    alone = run(one, its_pool, CoreMonitor(rules, 1), bounds, timing, trace=True)
    assert alone.margin_m[0] == pytest.approx(among.margin_m[row], abs=1e-9)
    assert alone.moved_s[0] == pytest.approx(among.moved_s[row])
    assert len(alone.ticks) == timing.ticks
    assert min(tick.margin_m for tick in alone.ticks) == pytest.approx(alone.margin_m[0])


def test_a_file_that_is_no_replay_is_refused(tmp_path):
    file = tmp_path / "other.npz"
    np.savez(file, something=np.zeros(3))
    with pytest.raises(ValueError, match="no replay"):
        load(file)
    (tmp_path / "text.npz").write_text("nothing", encoding="utf-8")
    with pytest.raises(ValueError, match="no replay"):
        load(tmp_path / "text.npz")


def test_a_day_has_people_who_come_and_go(bounds, pool, timing):
    from dataclasses import replace

    long = replace(timing, seconds=40.0)
    day = draw_day(bounds, pool, long, np.random.default_rng(4), 20)
    assert (np.linalg.norm(day.start_m, axis=-1) > 5.9).all()
    assert 1.0 <= day.present.sum(axis=-1).mean() <= 2.0
    found = run(day, pool, Always(1.0), bounds, long)
    assert found.near_m.min() < 1.0 < np.median(found.near_m)
    assert (found.stops == 0).all(), "nobody stops it, rests at waypoints do not count"
    assert (found.rounds > 1.0).all()
