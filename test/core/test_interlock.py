"""Modes and the operator box: no stop is missed, none is undone by itself, nothing deadlocks."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import SAFETY, unknown

from hrc_cell.core.interlock import (
    COLLABORATING,
    NEVER,
    SAFE,
    Interlock,
    InterlockMemory,
    Mode,
    Reading,
    Switch,
    interlock,
)
from hrc_cell.core.safety import CAUSES, CODE, NEXT, RULES, Event, State

TICK_S = 1.0 / SAFETY.rate_hz
RELEASED, MIDDLE, PRESSED = ((position,) * 2 for position in Switch)
LIMIT_MPS, TOLERANCE_MPS = SAFETY.manual_speed_max_mps, SAFETY.manual_speed_tolerance_mps
QUIET = Reading(
    mode=Mode.COLLABORATIVE,
    reset=False,
    start=False,
    enabling_switch=RELEASED,
    emergency_stop_input=(False, False),
    guards_closed=(False, False),
)
MOVING = (State.REDUCED, State.FREE)


class Cell:
    """The interlock and the state table, as the judgement brings them together."""

    def __init__(self):
        self.memory, self.state, self.now_s = InterlockMemory(), State.LATCHED, 100.0
        self.box = QUIET
        self.rest = {"age_s": 0.0, "point_speed_mps": 0.0, "person_inside": False}
        self.result, self.event = Interlock(), None

    def tick(self, *readings, seconds=TICK_S, **rest):
        """Judge once, with the readings that came since the last tick; return the state."""
        self.now_s += seconds
        self.rest |= rest
        self.memory, self.result = interlock(
            SAFETY, self.memory, now_s=self.now_s, readings=readings, **self.rest
        )
        found = {Event.CLEAR, *(event for event, _ in self.result.findings)}
        if self.state is State.LATCHED and self.result.reset:
            found.add(Event.RESET)
        if self.state is State.READY and self.result.start:
            found.add(Event.START)
        self.event = min(found, key=CODE.__getitem__)
        self.state = NEXT[self.state, self.event]
        return self.state

    def show(self, **change):
        """Change the box and tick; return the state."""
        self.box = replace(self.box, **change)
        return self.tick(self.box)

    def press(self, *buttons):
        """Press buttons together and let go; return the state at the press."""
        state = self.show(**dict.fromkeys(buttons, True))
        self.show(**dict.fromkeys(buttons, False))
        return state

    def causes(self):
        return [cause for _, cause in self.result.findings]

    def moves(self):
        """Return whether the arm is free within three ticks of nothing new."""
        return [self.tick() for _ in range(3)][-1] is State.FREE


def cell_in(mode, **box):
    """Return a cell that moves in a mode."""
    cell = Cell()
    cell.show(mode=mode, **box)
    cell.press("reset")
    if mode is Mode.MANUAL:
        cell.show(enabling_switch=MIDDLE)
    cell.press("start")
    assert cell.moves()
    return cell


@pytest.fixture
def manual():
    return cell_in(Mode.MANUAL)


@pytest.fixture
def collaborative():
    return cell_in(Mode.COLLABORATIVE)


@pytest.fixture
def automatic():
    return cell_in(Mode.AUTOMATIC, guards_closed=(True, True))


# What each mode allows.


def test_the_numbers_are_those_that_a_box_sends():
    assert [(m.name, m.value) for m in Mode] == [
        ("UNKNOWN", 0), ("MANUAL", 1), ("COLLABORATIVE", 2), ("AUTOMATIC", 3),
    ]  # fmt: skip
    assert [(p.name, p.value) for p in Switch] == [("RELEASED", 0), ("MIDDLE", 1), ("PRESSED", 2)]


def test_each_mode_has_its_limit_and_says_whether_people_bind(manual, collaborative, automatic):
    def allowed(cell):
        result = cell.result
        return result.enabled, result.mode, result.speed_limit_mps, result.ssm_applies

    assert allowed(manual) == (True, Mode.MANUAL, LIMIT_MPS, False)
    assert allowed(collaborative) == (True, Mode.COLLABORATIVE, math.inf, True)
    assert allowed(automatic) == (True, Mode.AUTOMATIC, math.inf, False)
    assert collaborative.result == COLLABORATING
    assert LIMIT_MPS + TOLERANCE_MPS <= 0.25


@pytest.mark.req("S2")
@pytest.mark.parametrize("mode", [Mode.UNKNOWN, 4, 255, -1])
def test_in_a_mode_that_is_not_known_nothing_moves(collaborative, mode):
    assert collaborative.show(mode=mode) is State.READY
    assert collaborative.causes() == ["mode", "mode_changed"]
    assert collaborative.result.speed_limit_mps == 0.0
    assert not collaborative.result.enabled
    assert collaborative.press("start") is State.READY
    assert collaborative.event is Event.WRONG_MODE


@pytest.mark.req("S2")
def test_before_anything_is_heard_everything_is_forbidden():
    nothing = Interlock()
    assert (nothing.mode, nothing.enabled, nothing.speed_limit_mps) == (Mode.UNKNOWN, False, 0.0)
    assert nothing.ssm_applies
    assert not (nothing.reset or nothing.start)
    cell = Cell()
    cell.tick()
    assert cell.result == nothing, "an age without a reading is no reading"


@pytest.mark.req("S2")
@given(st.one_of(unknown, st.floats(max_value=-1e-9), st.floats(SAFETY.inputs_timeout_s + 1e-9)))
def test_a_silent_box_forbids_everything(age_s):
    cell = cell_in(Mode.COLLABORATIVE)
    assert cell.tick(age_s=age_s) is State.LATCHED
    assert cell.result == Interlock()


def test_a_box_is_silent_only_past_its_timeout(collaborative):
    assert collaborative.tick(age_s=SAFETY.inputs_timeout_s) is State.FREE


@pytest.mark.req("S2")
@given(unknown)
def test_without_a_time_nothing_is_allowed(now_s):
    memory, result = interlock(
        SAFETY, InterlockMemory(), now_s=now_s, readings=[QUIET], age_s=0.0,
        point_speed_mps=0.0, person_inside=False,
    )  # fmt: skip
    assert (memory, result) == (InterlockMemory(), Interlock())


# Changing the mode.


@pytest.mark.req("S3")
@pytest.mark.parametrize("mode", [Mode.MANUAL, Mode.AUTOMATIC])
def test_turning_the_key_switch_stops_and_needs_start_anew(collaborative, mode):
    collaborative.show(guards_closed=(True, True))
    assert collaborative.show(mode=mode) is State.READY
    assert "mode_changed" in collaborative.causes()
    assert collaborative.show(mode=Mode.COLLABORATIVE) is State.READY
    assert collaborative.causes() == ["mode_changed"]
    assert not collaborative.moves()
    collaborative.press("start")
    assert collaborative.moves()


@pytest.mark.req("S3")
def test_a_turn_and_back_between_two_ticks_stops_too(collaborative):
    turned = replace(QUIET, mode=Mode.AUTOMATIC, guards_closed=(True, True))
    assert collaborative.tick(turned, QUIET) is State.READY


# The enabling switch.


@pytest.mark.req("S3")
@pytest.mark.parametrize("how", [RELEASED, PRESSED, (0, 1), (1, 0), (1, 2), (2, 1), (7, 7)])
def test_letting_go_or_pressing_through_stops_at_once_and_needs_start_again(manual, how):
    assert manual.show(enabling_switch=how) is State.READY
    assert (manual.event, manual.causes()) == (Event.ENABLING_LOST, ["enabling_switch"])
    assert manual.press("start") is State.READY
    manual.show(enabling_switch=RELEASED)
    assert manual.show(enabling_switch=MIDDLE) is State.READY
    assert not manual.moves()
    manual.press("start")
    assert manual.moves()


@pytest.mark.req("S3")
@pytest.mark.parametrize("how", [PRESSED, (1, 2), (0, 1), (0, 7), (2, 0)])
def test_back_from_pressed_through_the_middle_does_not_enable(manual, how):
    manual.show(enabling_switch=how)
    manual.show(enabling_switch=MIDDLE)
    assert manual.press("start") is State.READY
    assert not manual.moves()


def test_the_channels_may_reach_the_middle_one_after_the_other(manual):
    manual.show(enabling_switch=RELEASED)
    manual.show(enabling_switch=(Switch.RELEASED, Switch.MIDDLE))
    assert manual.result.findings == ((Event.ENABLING_LOST, "enabling_switch"),)
    manual.show(enabling_switch=MIDDLE)
    assert manual.result.enabled


@pytest.mark.parametrize("through", [PRESSED, (0, 2), (7, 1)])
def test_pressed_through_at_once_from_released_does_not_enable_either(manual, through):
    manual.show(enabling_switch=RELEASED)
    manual.show(enabling_switch=through)
    manual.show(enabling_switch=MIDDLE)
    assert not manual.result.enabled


@pytest.mark.req("S3")
def test_a_switch_in_the_middle_when_manual_mode_begins_does_not_enable(collaborative):
    collaborative.show(enabling_switch=MIDDLE)
    collaborative.show(mode=Mode.MANUAL)
    assert collaborative.press("start") is State.READY
    collaborative.show(enabling_switch=RELEASED)
    collaborative.show(enabling_switch=MIDDLE)
    collaborative.press("start")
    assert collaborative.moves()


def test_one_pressed_in_the_very_reading_that_begins_manual_mode_does_not_enable(collaborative):
    collaborative.show(mode=Mode.MANUAL, enabling_switch=MIDDLE)
    collaborative.tick()
    assert collaborative.causes() == ["enabling_switch"]


@pytest.mark.req("S3")
def test_a_switch_held_through_a_silence_does_not_enable(manual):
    manual.tick(age_s=NEVER)
    manual.show()
    manual.rest["age_s"] = 0.0
    manual.show(enabling_switch=MIDDLE)
    manual.press("reset")
    assert manual.press("start") is State.READY
    assert manual.causes() == ["enabling_switch"]


def test_the_arm_is_reset_without_holding_the_switch():
    cell = Cell()
    cell.show(mode=Mode.MANUAL)
    assert cell.press("reset") is State.READY


@pytest.mark.req("S3")
def test_a_release_between_two_ticks_stops_although_the_switch_enables_again(manual):
    readings = [replace(manual.box, enabling_switch=how) for how in (RELEASED, MIDDLE)]
    assert manual.tick(*readings) is State.READY
    assert not manual.moves()
    assert manual.result.enabled
    manual.press("start")
    assert manual.moves()


@pytest.mark.parametrize("mode", [Mode.COLLABORATIVE, Mode.AUTOMATIC])
def test_in_other_modes_the_switch_is_of_no_weight(mode):
    cell = cell_in(mode, guards_closed=(True, True))
    for how in (MIDDLE, PRESSED, MIDDLE, RELEASED):
        assert cell.show(enabling_switch=how) is State.FREE


# Overspeed.


@pytest.mark.req("S3")
@given(st.one_of(unknown, st.floats(LIMIT_MPS + TOLERANCE_MPS + 1e-9), st.just(-0.1)))
def test_overspeed_needs_the_switch_released_and_pressed_and_then_start(speed_mps):
    cell = cell_in(Mode.MANUAL)
    assert cell.tick(point_speed_mps=speed_mps) is State.READY
    assert (cell.event, cell.causes()) == (Event.OVERSPEED, ["overspeed"])
    cell.tick(point_speed_mps=0.0)
    assert cell.causes() == ["overspeed", "enabling_switch"]
    assert cell.press("start") is State.READY
    cell.show(enabling_switch=RELEASED)
    assert cell.causes() == ["enabling_switch"]
    cell.show(enabling_switch=MIDDLE)
    assert cell.result.enabled
    cell.press("start")
    assert cell.moves()


@given(st.floats(0.0, LIMIT_MPS + TOLERANCE_MPS))
def test_within_the_tolerance_the_arm_goes_on(speed_mps):
    assert cell_in(Mode.MANUAL).tick(point_speed_mps=speed_mps) is State.FREE


def test_the_speed_of_manual_mode_binds_no_other_mode(collaborative, automatic):
    for cell in (collaborative, automatic):
        assert cell.tick(point_speed_mps=2.0) is State.FREE


def test_overspeed_is_forgotten_when_the_mode_changes_but_not_the_need_to_press(manual):
    manual.tick(point_speed_mps=1.0)
    manual.show(mode=Mode.COLLABORATIVE)
    manual.show(mode=Mode.MANUAL)
    assert manual.causes() == ["mode_changed", "enabling_switch"]


def test_an_arm_too_fast_cannot_bypass_a_latch(manual):
    manual.show(emergency_stop_input=(True, True))
    assert manual.tick(point_speed_mps=1.0) is State.LATCHED
    assert manual.event is Event.EMERGENCY_STOP_INPUT


# Automatic, behind guards.


@pytest.mark.req("S3")
@pytest.mark.parametrize("guards", [(False, False), (True, False), (False, True)])
def test_an_open_guard_latches_and_needs_closing_then_reset_then_start(automatic, guards):
    assert automatic.show(guards_closed=guards) is State.LATCHED
    assert (automatic.event, automatic.causes()) == (Event.GUARDS_OPEN, ["guards_open"])
    assert automatic.press("reset") is State.LATCHED
    automatic.show(guards_closed=(True, True))
    assert automatic.press("start") is State.LATCHED
    assert automatic.press("reset") is State.READY
    assert not automatic.moves()
    automatic.press("start")
    assert automatic.moves()


@pytest.mark.req("S3")
def test_a_guard_opened_and_closed_between_two_ticks_latches(automatic):
    opened = replace(automatic.box, guards_closed=(False, False))
    assert automatic.tick(opened, automatic.box) is State.LATCHED


@pytest.mark.req("S3")
def test_a_person_inside_closed_guards_latches_until_gone_and_reset(automatic):
    assert automatic.tick(person_inside=True) is State.LATCHED
    assert automatic.result.findings == ((Event.INTRUSION_MANUAL, "person_behind_guards"),)
    assert automatic.press("reset") is State.LATCHED
    automatic.tick(person_inside=False)
    assert not automatic.moves()
    assert automatic.press("reset") is State.READY


def test_guards_and_a_person_inside_are_of_no_weight_in_other_modes(manual, collaborative):
    for cell in (manual, collaborative):
        for guards in ((True, True), (True, False), (False, False)):
            cell.show(guards_closed=guards)
        assert cell.tick(person_inside=True) is State.FREE


# The emergency stop input.


@pytest.mark.req("S3")
@pytest.mark.parametrize("channels", [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("mode", list(Mode))
def test_an_emergency_stop_latches_in_every_mode(mode, channels):
    cell = Cell()
    cell.show(mode=mode, emergency_stop_input=channels)
    assert cell.event is Event.EMERGENCY_STOP_INPUT
    assert cell.press("reset") is State.LATCHED


@pytest.mark.req("S3")
def test_one_pressed_and_let_go_between_two_ticks_counts_and_once_only(collaborative):
    pressed = replace(QUIET, emergency_stop_input=(True, True))
    assert collaborative.tick(pressed, QUIET) is State.LATCHED
    assert collaborative.tick() is State.LATCHED
    assert collaborative.event is Event.CLEAR
    assert collaborative.press("reset") is State.READY


@pytest.mark.req("S3")
def test_a_reset_in_the_tick_of_a_release_is_no_reset(collaborative):
    pressed = replace(QUIET, emergency_stop_input=(True, True))
    collaborative.tick(pressed)
    assert collaborative.tick(pressed, replace(QUIET, reset=True)) is State.LATCHED


# Two channels that differ.


def differing(name):
    """Return the box's change that makes one channel of an input leave the other, at rest."""
    return {
        "emergency_stop_input": {"emergency_stop_input": (True, False)},
        "enabling_switch": {"enabling_switch": (Switch.RELEASED, Switch.MIDDLE)},
        "guards": {"guards_closed": (True, False)},
    }[name]


def both(name, *, safe):
    """Return the box's change that brings both channels of an input to one value."""
    values = {
        "emergency_stop_input": {"emergency_stop_input": (safe, safe)},
        "enabling_switch": {"enabling_switch": RELEASED if safe else MIDDLE},
        "guards": {"guards_closed": (not safe, not safe)},
    }
    return values[name]


@pytest.mark.req("S2")
@pytest.mark.parametrize("name", sorted(SAFE))
def test_channels_that_differ_for_too_long_are_a_fault_in_every_mode(name):
    cell = cell_in(Mode.COLLABORATIVE)
    cell.show(**differing(name))
    cell.tick(seconds=SAFETY.inputs_discrepancy_s - TICK_S)
    assert f"inputs_discrepancy:{name}" not in cell.causes()
    assert cell.tick(seconds=2 * TICK_S) is State.LATCHED
    assert (Event.FAULT, f"inputs_discrepancy:{name}") in cell.result.findings


@pytest.mark.req("S3")
@pytest.mark.parametrize("name", sorted(SAFE))
def test_the_fault_lasts_until_both_channels_were_safe_together_and_a_person_reset(name):
    cell = cell_in(Mode.COLLABORATIVE)
    cell.show(**differing(name))
    cell.tick(seconds=SAFETY.inputs_discrepancy_s + TICK_S)
    cell.show(**both(name, safe=False))
    assert cell.causes() == [f"inputs_discrepancy:{name}"], "agreeing again is not enough"
    assert cell.press("reset") is State.LATCHED
    cell.show(**both(name, safe=True))
    cell.show(**both(name, safe=False))
    assert cell.result.findings == ()
    assert cell.state is State.LATCHED
    assert cell.press("reset") is State.READY


@pytest.mark.req("S2")
def test_the_fault_outlasts_a_silence(collaborative):
    collaborative.show(guards_closed=(True, False))
    collaborative.tick(seconds=1.0)
    collaborative.tick(age_s=NEVER)
    collaborative.rest["age_s"] = 0.0
    collaborative.show(guards_closed=(True, True))
    assert "inputs_discrepancy:guards" in collaborative.causes()


def test_channels_that_agree_in_between_begin_anew(collaborative):
    for _ in range(5):
        collaborative.show(guards_closed=(True, False))
        collaborative.tick(seconds=0.9 * SAFETY.inputs_discrepancy_s)
        collaborative.show(guards_closed=(True, True))
        collaborative.tick(seconds=0.9 * SAFETY.inputs_discrepancy_s)
    assert collaborative.result.findings == ()


@pytest.mark.req("S2")
def test_a_clock_that_runs_backwards_makes_no_difference_younger(collaborative):
    collaborative.show(guards_closed=(True, False))
    collaborative.tick(seconds=-1.0)
    assert collaborative.causes() == ["inputs_discrepancy:guards"]


def test_two_inputs_at_fault_are_both_named(collaborative):
    collaborative.show(**differing("guards"), **differing("enabling_switch"))
    collaborative.tick(seconds=1.0)
    assert collaborative.causes() == [
        "inputs_discrepancy:enabling_switch", "inputs_discrepancy:guards",
    ]  # fmt: skip
    assert {cause.partition(":")[0] for cause in collaborative.causes()} <= CAUSES.keys()


# Buttons.


@pytest.mark.req("S3")
@pytest.mark.parametrize("button", ["reset", "start"])
def test_a_button_held_from_the_first_reading_or_through_a_silence_is_no_press(button):
    cell = Cell()
    cell.show(**{button: True})
    assert not getattr(cell.result, button)
    cell.show(**{button: False})
    cell.show(**{button: True})
    assert getattr(cell.result, button)
    cell.tick(age_s=NEVER)
    cell.rest["age_s"] = 0.0
    cell.show()
    assert not getattr(cell.result, button)


@pytest.mark.req("S3")
def test_a_press_counts_once_and_a_held_button_is_no_second_press(collaborative):
    presses = []
    for _ in range(3):
        collaborative.show(reset=True)
        presses.append(collaborative.result.reset)
        collaborative.tick()
        presses.append(collaborative.result.reset)
    assert presses == [True] + [False] * 5


@pytest.mark.req("S3")
def test_both_buttons_at_once_are_no_press():
    cell = Cell()
    cell.show()
    assert cell.press("reset", "start") is State.LATCHED
    cell.show(reset=True, start=True)
    assert cell.show(start=False) is State.LATCHED, "nor is what is still held then"
    cell.show(reset=False)
    assert cell.press("reset") is State.READY
    assert cell.press("reset", "start") is State.READY
    assert not (cell.result.reset or cell.result.start)


@pytest.mark.req("S3")
def test_a_button_pressed_while_the_other_is_down_is_no_press():
    cell = Cell()
    cell.show()
    cell.show(start=True)
    assert cell.show(reset=True) is State.LATCHED
    cell.show(start=False, reset=False)
    assert cell.show(reset=True) is State.READY
    assert cell.show(start=True) is State.READY
    assert cell.show(reset=False) is State.READY


@pytest.mark.req("S3")
def test_a_start_held_through_reset_is_no_start():
    cell = Cell()
    cell.show()
    cell.show(start=True)
    cell.show(reset=True)
    cell.show(reset=False)
    assert cell.state is State.LATCHED
    cell.show(start=False)
    cell.press("reset")
    assert not cell.moves()


@pytest.mark.req("S3")
def test_reset_and_start_pressed_between_two_ticks_only_reset():
    cell = Cell()
    cell.show()
    acts = [{"reset": True}, {}, {"start": True}, {}]
    assert cell.tick(*(replace(QUIET, **act) for act in acts)) is State.READY
    assert not cell.moves()


# Laws, whatever people do with the box.

pair = st.tuples(st.booleans(), st.booleans())
boxes = st.builds(
    Reading,
    mode=st.sampled_from([*Mode, 9]),
    reset=st.booleans(),
    start=st.booleans(),
    enabling_switch=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    emergency_stop_input=pair,
    guards_closed=pair,
)
calm = st.builds(
    replace,
    st.just(QUIET),
    mode=st.sampled_from([Mode.MANUAL, Mode.MANUAL, Mode.COLLABORATIVE, Mode.AUTOMATIC]),
    reset=st.booleans(),
    start=st.booleans(),
    enabling_switch=st.sampled_from([RELEASED, MIDDLE, MIDDLE, PRESSED, (0, 1), (1, 0)]),
    guards_closed=st.sampled_from([(True, True), (True, True), (False, False)]),
)
"""Boxes that often let the arm move, so that there is a stop to lose."""
SEQUENCE = [
    {"reset": True}, {"reset": False, "enabling_switch": MIDDLE}, {"start": True}, {"start": False},
    {}, {},
]  # fmt: skip
ticks = st.fixed_dictionaries(
    {
        "readings": st.lists(st.one_of(calm, boxes), max_size=3),
        "age_s": st.one_of(st.just(0.0), st.just(0.0), st.sampled_from([NEVER, math.nan, -0.1])),
        "point_speed_mps": st.one_of(st.just(0.0), st.sampled_from([0.1, 0.3, math.nan])),
        "person_inside": st.booleans(),
    }
)


def act(cell, item):
    """Tick with a drawn item; return the readings that it had."""
    return cell.tick(*item["readings"], **{k: v for k, v in item.items() if k != "readings"})


def must_stop(reading, item, mode_before):
    """Say, without the code under test, whether a reading forbids motion."""
    mode = reading.mode
    return (
        item["age_s"] != 0.0
        or mode not in (Mode.MANUAL, Mode.COLLABORATIVE, Mode.AUTOMATIC)
        or mode != mode_before
        or True in reading.emergency_stop_input
        or (mode == Mode.MANUAL and reading.enabling_switch != (1, 1))
        or (mode == Mode.AUTOMATIC and reading.guards_closed != (True, True))
        or (mode == Mode.AUTOMATIC and item["person_inside"])
    )


@pytest.mark.req("S3")
@given(st.sampled_from([Mode.MANUAL, Mode.COLLABORATIVE, Mode.AUTOMATIC]), st.lists(ticks))
def test_whoever_toggles_what_however_fast_no_stop_is_lost(mode, items):
    cell = cell_in(mode, guards_closed=(mode is Mode.AUTOMATIC,) * 2)
    last = cell.box
    for item in items:
        before = last.mode
        readings = item["readings"] or [last]
        forbidden = False
        for reading in readings:
            forbidden |= must_stop(reading, item, before)
            before = reading.mode
        if before == Mode.MANUAL and not 0.0 <= item["point_speed_mps"] <= 0.25:
            forbidden = True
        last = replace(readings[-1], mode=0) if item["age_s"] != 0.0 else readings[-1]
        state = act(cell, item)
        if forbidden:
            assert state not in MOVING
            assert not cell.result.enabled
        assert cell.result.enabled == (not cell.result.findings)
        assert all(cause.partition(":")[0] in CAUSES for cause in cell.causes())
        assert all(RULES[event].category is not None for event, _ in cell.result.findings)


@pytest.mark.req("S3")
@given(st.lists(st.one_of(calm, boxes), max_size=12), st.booleans())
def test_in_manual_mode_only_a_whole_way_from_released_to_the_middle_enables(readings, held):
    cell = Cell()
    story = [replace(QUIET, mode=Mode.MANUAL, enabling_switch=MIDDLE if held else RELEASED)]
    for reading in [*story, *readings]:
        cell.tick(reading)
        story.append(reading)
        if not (cell.result.enabled and cell.result.mode is Mode.MANUAL):
            continue
        back = iter(reversed(story))
        one = next(back)
        while one.enabling_switch == MIDDLE:
            assert one.mode == Mode.MANUAL
            one = next(back)
        while one.enabling_switch in ((0, 1), (1, 0)):
            assert one.mode == Mode.MANUAL
            one = next(back)
        assert (one.mode, one.enabling_switch) == (Mode.MANUAL, RELEASED)


@pytest.mark.req("S3")
@given(st.lists(ticks), st.sampled_from([Mode.MANUAL, Mode.COLLABORATIVE, Mode.AUTOMATIC]))
def test_from_wherever_an_operator_who_does_it_right_gets_the_arm_moving(items, mode):
    cell = Cell()
    for item in items:
        act(cell, item)
    cell.rest = {"age_s": 0.0, "point_speed_mps": 0.0, "person_inside": False}
    # All let go, every input once at its safe value, the key where it is wanted, guards closed.
    cell.box = QUIET
    cell.show(mode=mode, emergency_stop_input=(True, True))
    cell.show(emergency_stop_input=(False, False), guards_closed=(True, True))
    for change in SEQUENCE:
        assert cell.state not in MOVING or change == {}, "nothing moves before start is let go"
        cell.show(**change)
    assert cell.state is State.FREE


@given(st.lists(st.one_of(calm, boxes), min_size=1, max_size=8), st.integers(0, 8))
def test_however_readings_fall_into_ticks_the_same_is_found(readings, cut):
    def judged(*parts):
        memory, found, presses = InterlockMemory(), set(), [False, False]
        for part in filter(None, parts):
            memory, result = interlock(
                SAFETY, memory, now_s=5.0, readings=part, age_s=0.0,
                point_speed_mps=0.0, person_inside=False,
            )  # fmt: skip
            found |= {*result.findings}
            presses = [presses[0] or result.reset, presses[1] or result.start]
        return memory, found, presses

    assert judged(readings) == judged(readings[:cut], readings[cut:])


@pytest.mark.req("S2")
def test_channels_may_differ_for_just_as_long_as_is_set():
    safety = replace(SAFETY, inputs_discrepancy_s=0.25)
    cell = cell_in(Mode.COLLABORATIVE)
    cell.show(**differing("guards"))
    since_s = cell.memory.differ_since_s["guards"]
    memory = replace(cell.memory, differ_since_s={"guards": 8.0})
    assert math.isfinite(since_s)
    for now_s, at_fault in ((8.25, False), (8.2500001, True)):
        _, found = interlock(
            safety, memory, now_s=now_s, readings=(), age_s=0.0, point_speed_mps=0.0,
            person_inside=False,
        )  # fmt: skip
        assert ((Event.FAULT, "inputs_discrepancy:guards") in found.findings) is at_fault
