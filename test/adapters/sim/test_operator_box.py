"""The simulated operator box."""

import pytest

from hrc_cell.adapters.sim.operator_box import CHANNELS, CONTROLS, OperatorBox
from hrc_cell.core.interlock import SAFE, Switch

RELEASED, MIDDLE, PRESSED = ((position,) * 2 for position in Switch)


def test_it_starts_released_collaborative_and_with_open_guards():
    reading = OperatorBox().read(0.0)
    assert reading.mode == "collaborative"
    assert not (reading.reset or reading.start)
    assert reading.enabling_switch == RELEASED
    assert reading.emergency_stop_input == reading.guards_closed == (False, False)


@pytest.mark.parametrize(
    ("button", "up", "down"),
    [
        ("reset", False, True),
        ("start", False, True),
        ("enabling_switch", RELEASED, MIDDLE),
        ("emergency_stop_input", (False, False), (True, True)),
    ],
)
def test_a_press_lasts_a_moment_and_a_hold_until_released(button, up, down):
    box = OperatorBox()
    box.press(button, "press", 10.0)
    assert getattr(box.read(10.29), button) == down
    assert getattr(box.read(10.31), button) == up
    box.press(button, "hold", 11.0)
    assert getattr(box.read(1e6), button) == down
    box.press(button, "release", 12.0)
    assert getattr(box.read(12.0), button) == up


def test_reset_and_start_are_pressed_with_one_finger_but_may_be_held_together():
    box = OperatorBox()
    box.press("reset", "press", 0.0)
    box.press("start", "press", 0.1)
    assert (box.read(0.1).reset, box.read(0.1).start) == (False, True)
    box.press("emergency_stop_input", "press", 0.2)
    assert box.read(0.2).start
    box.press("reset", "hold", 1.0)
    box.press("start", "press", 1.1)
    assert (box.read(1.1).reset, box.read(1.1).start) == (True, True)


def test_the_enabling_switch_has_three_positions():
    box = OperatorBox()
    shown = []
    for value in ("hold", "through", "hold", "through", "release", "press"):
        box.press("enabling_switch", value, 0.0)
        shown.append(box.read(0.1).enabling_switch)
    assert shown == [MIDDLE, PRESSED, MIDDLE, PRESSED, RELEASED, MIDDLE]


def test_guards_and_the_key_switch_stay_where_they_were_left():
    box = OperatorBox()
    box.press("mode", "manual", 0.0)
    box.press("guards", "close", 0.0)
    assert (box.read(99.0).mode, box.read(99.0).guards_closed) == ("manual", (True, True))
    box.press("guards", "open", 99.0)
    assert box.read(99.0).guards_closed == (False, False)


@pytest.mark.parametrize(
    ("name", "field", "value", "stuck"),
    [
        ("guards", "guards_closed", "close", (True, False)),
        ("emergency_stop_input", "emergency_stop_input", "hold", (True, False)),
        ("enabling_switch", "enabling_switch", "hold", (Switch.MIDDLE, Switch.RELEASED)),
    ],
)
def test_a_second_channel_that_sticks_stays_where_it_was(name, field, value, stuck):
    box = OperatorBox()
    box.stick(name, 0.0, active=True)
    box.press(name, value, 1.0)
    box.stick(name, 1.0, active=True)  # it sticks already
    assert getattr(box.read(1.0), field) == stuck
    box.stick(name, 2.0, active=False)
    shown = getattr(box.read(2.0), field)
    assert shown == (stuck[0],) * 2
    box.stick(name, 3.0, active=False)  # nothing sticks: nothing happens
    box.stick(name, 4.0, active=True)
    box.press(name, "open" if name == "guards" else "release", 5.0)
    assert getattr(box.read(5.0), field) == (0, stuck[0])


def test_the_inputs_on_two_channels_are_those_of_the_interlock():
    assert sorted(CHANNELS) == sorted(SAFE)


@pytest.mark.parametrize(
    ("control", "value", "said"),
    [("bell", "press", "reset, start"), ("reset", "kick", "press, hold, release"),
     ("reset", "through", "press, hold, release"), ("guards", "hold", "open, close"),
     ("enabling_switch", "kick", "press, hold, through, release"),
     ("mode", "fast", "manual, collaborative, automatic")],
)  # fmt: skip
def test_what_is_not_known_is_refused_with_what_is(control, value, said):
    with pytest.raises(ValueError, match=said):
        OperatorBox().press(control, value, 0.0)
    assert {"press", "hold", "release"} <= {*CONTROLS["enabling_switch"]}


def test_an_input_that_has_no_two_channels_cannot_stick():
    with pytest.raises(ValueError, match="known: enabling_switch, emergency_stop_input, guards"):
        OperatorBox().stick("reset", 0.0, active=True)
