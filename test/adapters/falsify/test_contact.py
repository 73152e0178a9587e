"""Steps that allow contact: the limit is right, and an arm that is too fast for it is caught."""

from dataclasses import replace

import numpy as np
import pytest

from hrc_cell.adapters.falsify.contact import ASSUMED, Contact
from hrc_cell.adapters.falsify.core_monitor import CoreMonitor
from hrc_cell.adapters.falsify.encounter import draw
from hrc_cell.adapters.falsify.loop import run
from hrc_cell.core.contact import UNKNOWN, contact_speed_mps

COUNT = 200


@pytest.mark.parametrize("kind", ["transient", "quasi_static"])
@pytest.mark.parametrize("moving_mass_kg", [0.5, 4.0, 16.0, 60.0])
def test_two_tables_written_down_apart_give_the_same_limit(kind, moving_mass_kg):
    settings = replace(ASSUMED, kind=kind, moving_mass_kg=moving_mass_kg)
    known = contact_speed_mps(
        UNKNOWN, effective_mass_kg=settings.effective_mass_kg, quasi_static=kind == "quasi_static"
    )
    assert Contact.of(settings).limit_mps == pytest.approx(float(known))


@pytest.mark.parametrize(
    ("speed_mps", "top_m", "off"),
    [(0.1, 1.0, True), (0.3, 1.0, False), (0.1, 1.28, False), (0.0, 1.0, True)],
)
def test_a_link_is_let_off_that_is_slow_and_low(speed_mps, top_m, off):
    now = np.zeros((1, 2, 3, 1))
    now[0, :, 2, 0] = 0.9, top_m
    before = now.copy()
    before[0, 1, 0, 0] -= 0.02 * speed_mps
    contact = Contact(limit_mps=0.18, head_low_m=1.3)
    assert contact.lets_off(before, now, np.array([0.05]), 0.02)[0, 0] == off


@pytest.fixture(scope="module")
def step(bounds, pool, timing, rules):
    """Run a step that allows contact under these contact settings; the truth has ASSUMED."""
    drawn = draw(bounds, pool, timing, np.random.default_rng(8), COUNT, people=1)
    blind = replace(rules, safety=replace(rules.safety, foresight_s=0.0))

    def outcome(settings):
        monitor = CoreMonitor(
            replace(blind, contact=settings), COUNT, contact_region="any" if settings else ""
        )
        return run(drawn, pool, monitor, bounds, timing, contact=Contact.of(ASSUMED))

    return outcome


def test_the_live_judgement_moves_on_among_people_and_keeps_the_limit(step):
    touching, apart = step(ASSUMED), step(None)
    assert not touching.violated.any()
    assert touching.moved_s.sum() > 1.1 * apart.moved_s.sum()


def test_a_monitor_with_too_high_a_limit_or_a_head_too_high_is_caught(step):
    fast = replace(ASSUMED, moving_mass_kg=1.0, payload_kg=0.0, kind="transient")
    high = replace(ASSUMED, head_low_m=2.4)
    for settings in (fast, high):
        found = step(settings)
        assert found.violated.any() and found.hit.any()
