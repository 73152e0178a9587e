"""What a step requires: met only by what is known, fresh and so."""

import math

import pytest

from hrc_cell.core.conditions import unmet
from hrc_cell.core.muting import Signal
from hrc_cell.settings.recipe import Condition, Step

FULL, FREE = Condition(place="tray_1", occupied=True), Condition(place="tray_1", occupied=False)
SHUT = Condition(signal="door", state=True, age_max_s=0.5)


def step_of(*requires):
    return Step(
        id="one", actor="robot", act="wait", automation="auto", text_key="t", requires=requires
    )


def test_who_requires_nothing_has_it():
    assert unmet(step_of(), {}, {}) == ""


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("condition", "parts", "said"),
    [
        (FULL, {"tray_1": True}, ""),
        (FULL, {"tray_1": False}, "place tray_1 is free"),
        (FULL, {}, "place tray_1 is unknown"),
        (FREE, {"tray_1": False}, ""),
        (FREE, {"tray_1": True}, "place tray_1 is occupied"),
        (FREE, {"tray_2": False}, "place tray_1 is unknown"),
    ],
)
def test_a_place_must_be_known_to_be_so(condition, parts, said):
    assert unmet(step_of(condition), parts, {}) == said


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("signal", "said"),
    [
        (Signal(True, 0.0), ""),
        (Signal(True, 0.5), ""),
        (Signal(True, 0.51), "signal door is unknown"),
        (Signal(True, -0.01), "signal door is unknown"),
        (Signal(True, math.nan), "signal door is unknown"),
        (Signal(False, 0.1), "signal door is false"),
        (None, "signal door is unknown"),
    ],
)
def test_a_signal_must_be_fresh_and_so(signal, said):
    assert unmet(step_of(SHUT), {}, {"door": signal} if signal else {}) == said


def test_a_signal_that_must_be_false_is_not_fulfilled_by_true():
    wants = Condition(signal="door", state=False)
    assert unmet(step_of(wants), {}, {"door": Signal(True, 0.1)}) == "signal door is true"


def test_the_first_that_is_not_so_is_named():
    assert unmet(step_of(FULL, SHUT), {"tray_1": True}, {}) == "signal door is unknown"
    assert unmet(step_of(FULL, SHUT), {}, {}) == "place tray_1 is unknown"
