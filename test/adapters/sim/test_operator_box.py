"""The simulated operator box."""

import pytest

from hrc_cell.adapters.sim.operator_box import OperatorBox


def test_it_starts_released_and_collaborative():
    reading = OperatorBox().read(0.0)
    assert reading.mode == "collaborative"
    assert not any(
        (reading.reset, reading.start, reading.enabling_switch, reading.emergency_stop_input)
    )


@pytest.mark.parametrize("button", ["reset", "start", "enabling_switch", "emergency_stop_input"])
def test_a_press_lasts_a_moment_and_a_hold_until_released(button):
    box = OperatorBox()
    box.press(button, "press", 10.0)
    assert getattr(box.read(10.29), button)
    assert not getattr(box.read(10.31), button)
    box.press(button, "hold", 11.0)
    assert getattr(box.read(1e6), button)
    box.press(button, "release", 12.0)
    assert not getattr(box.read(12.0), button)


def test_the_key_switch_stays_where_it_was_turned():
    box = OperatorBox()
    box.press("mode", "manual", 0.0)
    assert box.read(99.0).mode == "manual"


@pytest.mark.parametrize(
    ("control", "value", "said"),
    [("bell", "press", "reset, start"), ("reset", "kick", "press, hold, release"),
     ("mode", "fast", "manual, collaborative, automatic")],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_what_is(control, value, said):
    with pytest.raises(ValueError, match=said):
        OperatorBox().press(control, value, 0.0)
