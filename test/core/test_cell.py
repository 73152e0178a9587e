"""One tick: what is unknown stops, what is near slows, and a person undoes what a person must."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judged import Observation, Person, collaborating, crowd, judge, person
from strategies import (
    HOME,
    SAFETY,
    ZONES,
    areas,
    declared_stops,
    default_cell,
    motion,
    six_axes,
    unknown,
)

from hrc_cell.core import cell, observed
from hrc_cell.core.cell import Memory
from hrc_cell.core.interlock import COLLABORATING, Grip, InterlockMemory, Mode, Switch
from hrc_cell.core.muting import Signal
from hrc_cell.core.observed import NEVER, Eye, Sight
from hrc_cell.core.people import body_parts, upright
from hrc_cell.core.rules import Rules
from hrc_cell.core.safety import CAUSES, RULES, Clears, Event, State
from hrc_cell.core.zones import Watch, ZoneMemory
from hrc_cell.settings.zones import Muting, Zone

RULE = Rules(
    safety=SAFETY,
    motion=motion(),
    zones=areas(*ZONES),
    scanners=(("left", 0.15), ("right", 0.15)),
    nodes=("motor_bus", "recorder"),
    chain=six_axes(),
    stops=declared_stops(),
)
TICK_S = 1.0 / SAFETY.rate_hz
QUIET = Observation(
    now_s=100.0,
    people_age_s=0.02,
    people_seq=1000,
    scanners={"left": Sight(Eye.OK, 0.03), "right": Sight(Eye.OK, 0.02)},
    position_rad=HOME,
    velocity_radps=(0.0,) * 6,
    joints_age_s=0.01,
    nodes={"motor_bus": 0.1, "recorder": 0.1},
    inputs_age_s=0.05,
    mode=Mode.COLLABORATIVE,
)


def watching(*occupied):
    """Return what is known of zones that are occupied or not."""
    known = tuple(ZoneMemory(occupied=one) for one in occupied)
    return Watch(everybody=known, counted=known)


FREE_ZONES = watching(*[False] * len(ZONES))
GUARDED = Zone(
    name="guarded",
    kind="stop",
    polygon_m=((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)),
    speed_ratio=0.0,
    restart="manual",
    trigger_scans=1,
    release_scans=1,
    margin_m=0.0,
)


def memory_of(state, **known):
    """Return the memory of a cell that has been in this state for a while."""
    ratio = {State.REDUCED: 0.5, State.FREE: 1.0}.get(state, 0.0)
    rest = {
        "cause": 0, "ratio": ratio, "now_s": 100.0 - TICK_S, "people_seq": 999,
        "watch": FREE_ZONES, "box": collaborating(),
    }  # fmt: skip
    return Memory(state=state, **(rest | known))


FREE = memory_of(State.FREE)


class Story:
    """A cell that ticks. Keeps every verdict."""

    def __init__(self, memory=None, rules=RULE):
        self.memory, self.rules, self.seen = memory or Memory(), rules, QUIET
        self.verdicts = []

    def go(self, seconds=TICK_S, **change):
        """Tick for so long with the observation changed from now on; return the last verdict."""
        self.seen = replace(self.seen, **change)
        for _ in range(max(1, round(seconds / TICK_S))):
            self.seen = replace(
                self.seen, now_s=self.seen.now_s + TICK_S, people_seq=self.seen.people_seq + 1
            )
            self.memory, verdict = judge(self.rules, self.memory, self.seen)
            self.verdicts.append(verdict)
        return verdict

    def press(self, button):
        """Press and let go; return the verdict of the press."""
        verdict = self.go(**{button: True})
        self.go(**{button: False})
        return verdict

    def set_free(self):
        self.go(0.2)
        self.press("reset")
        self.press("start")
        return self.go(3.0)


# Coming up.


@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_a_cell_comes_up_latched_and_needs_reset_then_start_then_time():
    story = Story()
    assert story.go(5.0).state is State.LATCHED
    assert story.verdicts[-1].cause == "not_reset"
    assert story.verdicts[-1].reset_possible
    assert story.verdicts[-1].stop_category == 2
    assert story.press("start").state is State.LATCHED
    assert story.press("reset").state is State.READY
    ready = story.go(5.0)
    assert (ready.state, ready.cause, ready.gripper_permitted) == (
        State.READY,
        "not_started",
        False,
    )
    assert story.press("reset").state is State.READY
    still = story.press("start")
    assert still.cause == "resume_wait"
    assert (still.state, still.speed_ratio, still.gripper_permitted) == (
        State.STANDSTILL,
        0.0,
        True,
    )
    assert story.go(SAFETY.resume_after_s - 3 * TICK_S).cause == "resume_wait"
    slow = story.go(4 * TICK_S)
    assert (slow.state, slow.cause, slow.stop_category) == (State.REDUCED, "resuming", None)
    free = story.go(2.0)
    assert (free.state, free.cause, free.speed_ratio) == (State.FREE, "", 1.0)


@pytest.mark.req("S3")
def test_a_button_stuck_at_start_up_is_no_press():
    story = Story()
    assert story.go(5.0, reset=True, start=True).state is State.LATCHED
    assert story.go(5.0, start=False).state is State.LATCHED
    story.go(reset=False)
    assert story.go(5.0, reset=True).state is State.READY
    story.go(reset=False)
    assert story.go(start=True).state is State.STANDSTILL


@pytest.mark.req("S3")
def test_a_button_held_through_a_silence_is_no_press():
    story = Story(memory_of(State.LATCHED))
    story.go(inputs_age_s=NEVER)
    assert story.go(reset=True, inputs_age_s=0.05).state is State.LATCHED
    story.go(reset=False)
    assert story.go(reset=True).state is State.READY


@pytest.mark.req("S3")
def test_a_button_pressed_while_the_cause_lasts_is_no_press_when_it_goes():
    story = Story(FREE)
    story.go(joints_age_s=NEVER)
    story.go(reset=True)
    assert story.go(1.0, joints_age_s=0.01).state is State.LATCHED
    story.go(reset=False)
    assert story.press("reset").state is State.READY


# Faults.


FAULTS = [
    ({"people_age_s": NEVER, "scanners": {}}, "tracker_silent"),
    ({"people_age_s": 0.16}, "tracker_silent"),
    ({"people_age_s": -0.001}, "tracker_silent"),
    ({"people_age_s": math.nan}, "tracker_silent"),
    ({"scanners": {"left": Sight(Eye.OK, 0.03)}}, "scanner_missing:right"),
    ({"scanners": {**QUIET.scanners, "right": Sight(Eye.SILENT, 9.0)}}, "scanner_silent:right"),
    ({"scanners": {**QUIET.scanners, "right": Sight(Eye.SILENT, 0.0)}}, "scanner_silent:right"),
    ({"scanners": {**QUIET.scanners, "right": Sight(Eye.OK, 0.1501)}}, "scanner_silent:right"),
    ({"scanners": {**QUIET.scanners, "left": Sight(Eye.OK, -0.001)}}, "scanner_silent:left"),
    ({"scanners": {**QUIET.scanners, "left": Sight(Eye.OK, math.nan)}}, "scanner_silent:left"),
    ({"scanners": {**QUIET.scanners, "left": Sight(Eye.BLIND, 0.0)}}, "scanner_blind:left"),
    ({"scanners": {**QUIET.scanners, "left": Sight(Eye.LEARNING, 0.0)}}, "scanner_learning:left"),
    ({"joints_age_s": 0.0501}, "joints_stale"),
    ({"joints_age_s": -0.001}, "joints_stale"),
    ({"joints_age_s": math.nan}, "joints_stale"),
    ({"position_rad": HOME[:5]}, "joints_unknown"),
    ({"velocity_radps": (0.0,) * 7}, "joints_unknown"),
    ({"position_rad": (math.nan, *HOME[1:])}, "joints_unknown"),
    ({"velocity_radps": (0.0,) * 5 + (math.inf,)}, "joints_unknown"),
    ({"inputs_age_s": 0.5001}, "inputs_silent"),
    ({"inputs_age_s": -0.001}, "inputs_silent"),
    ({"nodes": {"motor_bus": 0.1}}, "node_silent:recorder"),
    ({"nodes": {"motor_bus": 0.5001, "recorder": 0.0}}, "node_silent:motor_bus"),
    ({"nodes": {"motor_bus": -0.1, "recorder": 0.0}}, "node_silent:motor_bus"),
    ({"now_s": 100.0 - TICK_S}, "clock"),
    ({"now_s": math.nan}, "clock"),
    ({"now_s": math.inf}, "clock"),
]  # fmt: skip


@pytest.mark.req("S2")
@pytest.mark.req("S3")
@pytest.mark.parametrize(("change", "cause"), FAULTS)
def test_what_is_missing_or_late_latches_until_a_person_resets_it(change, cause):
    memory, verdict = judge(RULE, FREE, replace(QUIET, **change))
    assert (verdict.event, verdict.state, verdict.cause) == (Event.FAULT, State.LATCHED, cause)
    assert (verdict.speed_ratio, verdict.stop_category) == (0.0, 2)
    assert not verdict.gripper_permitted
    assert not verdict.reset_possible
    story = Story(replace(memory, now_s=90.0))
    again = story.go(2.0)
    assert (again.state, again.cause, again.reset_possible) == (State.LATCHED, cause, True)
    assert story.press("reset").state is State.READY


@pytest.mark.parametrize(
    "change",
    [
        {"people_age_s": 0.15},
        {"people_age_s": 0.0},
        {"scanners": {**QUIET.scanners, "right": Sight(Eye.OK, 0.15)}},
        {"joints_age_s": 0.05},
        {"inputs_age_s": 0.5},
        {"nodes": {"motor_bus": 0.5, "recorder": 0.0, "stranger": 9.0}},
        {"scanners": {**QUIET.scanners, "stranger": Sight(Eye.BLIND, 9.0)}},
        {"now_s": 100.0 - TICK_S / 2},
    ],
)
def test_what_is_just_in_time_moves_on(change):
    _, verdict = judge(RULE, FREE, replace(QUIET, **change))
    assert (verdict.state, verdict.speed_ratio) == (State.FREE, 1.0)


@pytest.mark.req("S1")
def test_nothing_is_judged_on_samples_older_than_the_reaction_time():
    slow = replace(RULE, scanners=(("left", 0.4), ("right", 0.4)))
    seen = replace(QUIET, scanners={**QUIET.scanners, "left": Sight(Eye.OK, 0.2)})
    _, verdict = judge(slow, FREE, seen)
    assert (verdict.state, verdict.oldest_sample_age_s) == (State.FREE, 0.2)
    seen = replace(QUIET, scanners={**QUIET.scanners, "left": Sight(Eye.OK, 0.2001)})
    _, verdict = judge(slow, FREE, seen)
    assert (verdict.cause, verdict.speed_ratio) == ("sample_too_old", 0.0)


@pytest.mark.req("S1")
@pytest.mark.parametrize(
    ("change", "oldest_s"),
    [
        ({}, 0.03),
        ({"joints_age_s": 0.04}, 0.04),
        ({"people_age_s": 0.05}, 0.05),
        ({"scanners": {"left": Sight(Eye.OK, 0.03)}}, NEVER),
        ({"joints_age_s": math.nan}, NEVER),
        ({"joints_age_s": -0.01}, NEVER),
        ({"people_age_s": NEVER}, NEVER),
    ],
)
def test_the_permit_states_the_age_of_its_oldest_sample(change, oldest_s):
    _, verdict = judge(RULE, FREE, replace(QUIET, **change))
    assert verdict.oldest_sample_age_s == oldest_s


def test_the_first_tick_has_no_tick_before_it_to_compare_the_clock_with():
    _, verdict = judge(RULE, Memory(), QUIET)
    assert verdict.event is not Event.FAULT


def test_the_latest_fault_is_named_while_it_lasts_and_remembered():
    story = Story(FREE)
    story.go(joints_age_s=NEVER)
    assert story.go(joints_age_s=0.01, inputs_age_s=NEVER).cause == "inputs_silent"
    assert story.go(inputs_age_s=0.0).cause == "inputs_silent"


@pytest.mark.req("S2")
def test_an_empty_list_of_a_live_scanner_is_not_the_same_as_no_scanner():
    _, nobody = judge(RULE, FREE, QUIET)
    _, nothing = judge(RULE, FREE, replace(QUIET, scanners={}))
    assert (nobody.speed_ratio, nothing.speed_ratio) == (1.0, 0.0)
    assert nobody.distance_m == math.inf
    assert nobody.terms.required_m == 0.0
    assert (nobody.human_id, nobody.link) == (0, "")


def test_with_unknown_joints_no_distance_is_claimed():
    _, verdict = judge(RULE, FREE, replace(QUIET, people=(person(3.0),), position_rad=()))
    assert (verdict.distance_m, float(verdict.terms.required_m)) == (0.0, math.inf)
    assert (verdict.human_id, verdict.link) == (0, "")


# The operator.


@pytest.mark.req("S3")
def test_the_emergency_stop_input_latches():
    story = Story(FREE)
    down = story.go(emergency_stop_input=True)
    assert (down.state, down.cause) == (State.LATCHED, "emergency_stop_input")
    assert (down.stop_category, down.reset_possible) == (1, False)
    up = story.go(1.0, emergency_stop_input=False)
    assert (up.state, up.cause, up.stop_category) == (State.LATCHED, "emergency_stop_input", 1)
    assert up.reset_possible


@pytest.mark.req("S3")
def test_a_stop_request_of_one_tick_needs_a_start():
    story = Story(FREE)
    stop = story.go(stop_requested=True)
    assert (stop.state, stop.cause, stop.speed_ratio) == (State.READY, "stop_request", 0.0)
    later = story.go(5.0, stop_requested=False)
    assert (later.state, later.cause, later.stop_category) == (State.READY, "stop_request", 2)
    assert story.press("start").state is State.STANDSTILL
    assert story.go(3.0).state is State.FREE


@pytest.mark.req("S3")
def test_a_stop_request_while_latched_neither_hides_the_cause_nor_lasts():
    story = Story(FREE)
    story.go(emergency_stop_input=True)
    story.go(emergency_stop_input=False, stop_requested=True)
    after = story.go(stop_requested=False)
    assert (after.state, after.cause, after.stop_category) == (
        State.LATCHED, "emergency_stop_input", 1,
    )  # fmt: skip


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("mode", "state", "cause"),
    [
        (Mode.UNKNOWN, State.READY, "mode"),
        (9, State.READY, "mode"),
        (Mode.MANUAL, State.READY, "mode_changed"),
        (Mode.AUTOMATIC, State.LATCHED, "guards_open"),
    ],
)
def test_a_turn_of_the_key_switch_stops_and_a_turn_back_needs_a_start(mode, state, cause):
    story = Story(FREE)
    wrong = story.go(mode=mode)
    assert (wrong.state, wrong.cause, wrong.speed_ratio) == (state, cause, 0.0)
    assert story.press("start").state is state
    assert story.go(5.0, mode=Mode.COLLABORATIVE).state is state
    story.press("reset")
    assert story.press("start").state is State.STANDSTILL


def test_a_latched_cell_in_another_mode_can_be_reset_but_not_started():
    story = Story(FREE)
    story.go(joints_age_s=NEVER)
    wrong = story.go(joints_age_s=0.01, mode=Mode.MANUAL)
    assert (wrong.cause, wrong.reset_possible) == ("joints_stale", True)
    assert story.press("reset").state is State.READY
    assert story.press("start").state is State.READY
    assert story.verdicts[-1].cause == "enabling_switch"


def enabled(**change):
    """Return a cell that moves in manual mode, the switch held in the middle."""
    grip = InterlockMemory(mode=Mode.MANUAL, reset_held=False, start_held=False, grip=Grip.ENABLING)
    held = {"mode": Mode.MANUAL, "switch": Switch.MIDDLE, "people": (person(1.0),), **change}
    return Story(replace(FREE, box=grip)), held


def test_in_manual_mode_people_do_not_bind_and_no_point_is_faster_than_its_limit():
    story, held = enabled()
    slow = story.go(**held)
    assert (slow.state, slow.cause) == (State.REDUCED, "manual_speed")
    limit = SAFETY.manual_speed_max_mps / RULE.motion.tcp_speed_max_mps
    assert slow.speed_ratio == pytest.approx(limit)
    assert story.go(switch=Switch.RELEASED).cause == "enabling_switch"


@pytest.mark.req("S2")
def test_in_manual_mode_an_arm_measured_too_fast_stops_until_the_switch_is_used_anew():
    story, held = enabled(velocity_radps=(0.5, 0.0, 0.0, 0.0, 0.0, 0.0), position_rad=(0.0,) * 6)
    assert story.go(**held).cause == "overspeed"
    assert story.go(velocity_radps=(0.0,) * 6).cause == "overspeed"
    story.go(switch=Switch.RELEASED)
    story.go(switch=Switch.MIDDLE)
    assert story.press("start").state is State.STANDSTILL


@pytest.mark.req("S2")
@pytest.mark.parametrize(("x_m", "state"), [(5.9, State.LATCHED), (9.0, State.FREE)])
def test_behind_guards_nobody_may_be_inside_the_outline_and_nobody_outside_binds(x_m, state):
    behind = InterlockMemory(mode=Mode.AUTOMATIC, reset_held=False, start_held=False)
    story = Story(replace(FREE, box=behind))
    seen = story.go(mode=Mode.AUTOMATIC, guards=True, people=(person(x_m),))
    assert seen.state is state
    assert seen.cause == ("person_behind_guards" if state is State.LATCHED else "")


@pytest.mark.req("S2")
@pytest.mark.parametrize("ends", [(6.3, 5.6), (5.6, 6.3)])
def test_behind_guards_a_limb_that_reaches_in_counts_whichever_end_it_is(ends):
    behind = InterlockMemory(mode=Mode.AUTOMATIC, reset_held=False, start_held=False)
    arm = body_parts(
        [[ends[0], 0.0, 1.0]], [[ends[1], 0.0, 1.0]], velocity_mps=[[0.0] * 3],
        position_std_m=[0.01], radius_m=[0.05], unseen_s=[0.0], region=[7], owner=[1], source=[0],
        safety=SAFETY,
    )  # fmt: skip
    seen = replace(QUIET, mode=Mode.AUTOMATIC, guards=True, now_s=100.1).plain(SAFETY)
    _, said = cell.judge(RULE, replace(FREE, box=behind), replace(seen, people=arm))
    assert RULE.causes[int(said.cause)] == "person_behind_guards"


@pytest.mark.req("S3")
def test_a_stop_that_took_too_long_latches():
    story = Story(FREE)
    late = story.go(stop_fault=f"stop_too_long:{RULE.chain.joints[0]}")
    assert (late.state, late.cause) == (State.LATCHED, f"stop_too_long:{RULE.chain.joints[0]}")
    assert story.go(stop_fault="").reset_possible


def test_the_most_urgent_of_several_things_is_named():
    _, verdict = judge(
        RULE,
        FREE,
        replace(
            QUIET,
            joints_age_s=NEVER,
            emergency_stop_input=True,
            mode=Mode.MANUAL,
            stop_requested=True,
        ),
    )
    assert verdict.event is Event.EMERGENCY_STOP_INPUT


# People.


def test_a_person_walks_up_and_away_again():
    story = Story(FREE)
    assert story.go(people=(person(5.2),)).state is State.FREE
    slow = story.go(people=(person(4.0),))
    assert (slow.state, slow.cause, slow.zone) == (State.REDUCED, "zone:approach", "approach")
    assert slow.speed_ratio == 0.5
    slower = story.go(people=(person(2.8),))
    assert (slower.state, slower.cause) == (State.REDUCED, "separation")
    assert 0.0 < slower.speed_ratio < 0.5
    assert (slower.human_id, slower.zone) == (7, "approach")
    still = story.go(people=(person(2.4),))
    assert (still.state, still.cause, still.speed_ratio) == (State.STANDSTILL, "separation", 0.0)
    assert (still.stop_category, still.gripper_permitted) == (2, True)
    near = story.go(people=(person(1.5),))
    assert (near.state, near.cause, near.zone) == (
        State.STANDSTILL, "zone:around_table", "around_table",
    )  # fmt: skip
    assert story.go(people=()).state is State.STANDSTILL
    assert story.go(3.0).state is State.FREE


def test_the_numbers_are_those_of_the_pair_with_least_to_spare():
    crowd = (
        person(5.2)._replace(id=1),
        person(2.6, 0.3)._replace(id=2),
        person(-4.0)._replace(id=3),
    )
    _, verdict = judge(RULE, FREE, replace(QUIET, people=crowd))
    assert verdict.human_id == 2
    assert verdict.link in RULE.chain.capsule_names
    assert 1.0 < verdict.distance_m < 2.6
    terms = verdict.terms
    assert float(sum(terms[:6])) == pytest.approx(float(terms.required_m))


@pytest.mark.req("S2")
def test_the_speed_falls_at_once_and_rises_slowly():
    story = Story(FREE)
    story.go(people=(person(4.0),))
    assert story.verdicts[-1].speed_ratio == 0.5
    story.go(people=())
    for _ in range(SAFETY_RELEASE):
        story.go()
    ratios = [v.speed_ratio for v in story.verdicts]
    story.go(2.0)
    ratios = [v.speed_ratio for v in story.verdicts]
    steps = np.diff(ratios[1:])
    assert steps.max() == pytest.approx(SAFETY.ratio_rise_per_s * TICK_S)
    assert ratios[-1] == 1.0
    assert story.verdicts[SAFETY_RELEASE + 3].cause == "resuming"


SAFETY_RELEASE = max(zone.release_scans for zone in ZONES)


def test_a_long_gap_between_two_ticks_does_not_let_the_speed_jump():
    slow = memory_of(State.REDUCED, now_s=50.0)
    _, verdict = judge(RULE, slow, QUIET)
    assert verdict.speed_ratio == pytest.approx(0.5 + SAFETY.ratio_rise_per_s * SAFETY.lease_s)


def test_after_a_standstill_there_must_be_more_room_for_a_while():
    """Where it stopped at 2.6 m it needs the margin more to go, and goes on nearer than that."""
    alone = replace(RULE, zones=areas())
    edge = next(
        x
        for x in np.arange(2.0, 4.0, 0.001)
        if judge(alone, replace(FREE, watch=watching()), replace(QUIET, people=(person(x),)))[
            1
        ].speed_ratio
    )
    story = Story(replace(FREE, watch=watching()), alone)
    assert story.go(people=(person(edge - 0.002),)).state is State.STANDSTILL
    assert story.go(5.0, people=(person(edge + SAFETY.resume_margin_m - 0.01),)).speed_ratio == 0.0
    beyond = (person(edge + SAFETY.resume_margin_m + 0.01),)
    assert story.go(SAFETY.resume_after_s - TICK_S, people=beyond).cause == "resume_wait"
    story.go(people=(person(edge),))  # one step back: the wait begins anew
    assert story.go(SAFETY.resume_after_s - TICK_S, people=beyond).cause == "resume_wait"
    assert story.go(3 * TICK_S).state is State.REDUCED
    assert story.go(people=(person(edge + 0.01),)).state is State.REDUCED


def test_a_ratio_too_small_to_move_smoothly_is_a_standstill():
    alone = replace(RULE, zones=areas())
    ratios = [
        judge(alone, replace(FREE, watch=watching()), replace(QUIET, people=(person(x),)))[
            1
        ].speed_ratio
        for x in np.arange(2.0, 4.0, 0.01)
    ]
    moving = [r for r in ratios if r > 0.0]
    assert min(moving) >= SAFETY.ratio_min
    assert min(moving) < SAFETY.ratio_min + 0.02
    assert sorted(ratios) == ratios


@pytest.mark.req("S2")
@given(st.integers(1, 6), unknown)
def test_one_unknown_number_of_one_far_person_is_an_intrusion(field, value):
    hidden = list(person(30.0))
    hidden[field] = value
    _, verdict = judge(RULE, FREE, replace(QUIET, people=(Person(*hidden),)))
    assert (verdict.state, verdict.speed_ratio) == (State.STANDSTILL, 0.0)
    assert math.isfinite(verdict.distance_m)


@pytest.mark.req("S2")
@given(st.floats(2.0, 5.0), st.floats(0.0, 0.15), st.floats(0.0, 0.3), st.floats(0.0, 1.0))
def test_older_data_never_allow_more(x_m, young_s, older_s, unseen_s):
    def ratio(age_s, gone_s):
        seen = replace(
            QUIET,
            people=(person(x_m, unseen_s=gone_s),),
            people_age_s=age_s,
            scanners={"left": Sight(Eye.OK, age_s), "right": Sight(Eye.OK, age_s)},
        )
        return judge(RULE, FREE, seen)[1].speed_ratio

    assert ratio(young_s + older_s, 0.0) <= ratio(young_s, 0.0)
    assert ratio(young_s, unseen_s) <= ratio(young_s, 0.0)


# Zones.


@pytest.mark.req("S3")
def test_a_zone_that_a_person_resets_stays_latched_after_they_left():
    story = Story(replace(FREE, watch=watching(False)), replace(RULE, zones=areas(GUARDED)))
    inside = story.go(people=(person(0.9),))
    assert (inside.event, inside.state) == (Event.INTRUSION_MANUAL, State.LATCHED)
    assert (inside.cause, inside.zone) == ("zone:guarded", "guarded")
    assert not inside.reset_possible
    assert story.press("reset").state is State.LATCHED
    left = story.go(people=())
    assert (left.state, left.cause, left.zone) == (State.LATCHED, "zone:guarded", "")
    assert story.press("reset").state is State.READY


def test_zones_count_scans_and_not_ticks():
    seen = replace(QUIET, people_seq=5)
    memory = memory_of(State.FREE, people_seq=4, watch=None)
    for tick in range(20):
        memory, _ = judge(RULE, memory, replace(seen, now_s=100.0 + tick * TICK_S))
    assert [z.scans for z in memory.watch.counted] == [1, 1]
    memory, _ = judge(RULE, memory, replace(seen, now_s=101.0, people_seq=6))
    assert [z.scans for z in memory.watch.counted] == [2, 2]


@pytest.mark.req("S2")
def test_while_people_may_go_unseen_every_zone_is_occupied():
    blind = replace(QUIET, scanners={**QUIET.scanners, "left": Sight(Eye.BLIND, 0.0)})
    memory, verdict = judge(RULE, FREE, blind)
    assert memory.watch.counted == (ZoneMemory(), ZoneMemory())
    assert verdict.zone == "around_table"


def test_who_was_not_seen_for_a_while_may_have_entered():
    gone = person(5.2, unseen_s=0.6)
    assert judge(RULE, FREE, replace(QUIET, people=(gone,)))[1].zone == "approach"
    turned = person(5.6, speed_mps=1.5, unseen_s=0.5)  # walked away from it when last seen
    assert judge(RULE, FREE, replace(QUIET, people=(turned,)))[1].zone == "approach"


def test_who_may_stand_nearer_than_tracked_touches_a_zone_with_all_that_the_distance_counts():
    z_d = SAFETY.human_uncertainty_m + SAFETY.human_sigmas * 0.2
    for off_m, zone in ((-0.01, "approach"), (0.01, "")):
        near = person(4.2 + 0.3 + z_d + off_m, position_std_m=0.2)
        assert judge(RULE, FREE, replace(QUIET, people=(near,)))[1].zone == zone


# Laws over everything.


any_float = st.floats(allow_nan=True, allow_infinity=True)
ages = st.one_of(st.floats(0.0, 0.1), st.sampled_from([NEVER, math.nan, -0.1, 0.4]))
anybody = st.builds(
    Person,
    id=st.integers(1, 9),
    x_m=st.one_of(st.floats(-5, 5), any_float),
    y_m=st.one_of(st.floats(-3, 3), any_float),
    speed_mps=st.one_of(st.floats(0, 3), any_float),
    position_std_m=st.one_of(st.floats(0, 0.2), any_float),
    radius_m=st.one_of(st.floats(0.1, 0.5), any_float),
    unseen_s=st.one_of(st.floats(0, 1), any_float),
)
joints = st.one_of(st.tuples(*[st.floats(-2.0, 2.0)] * 6), st.tuples(*[any_float] * 6), st.just(()))
sights = st.fixed_dictionaries(
    {}, optional={n: st.builds(Sight, st.sampled_from(Eye), ages) for n in ("left", "right")}
)
observations = st.builds(
    Observation,
    now_s=st.one_of(st.floats(99.5, 101.0), any_float),
    people=st.lists(anybody, max_size=3).map(tuple),
    people_age_s=ages,
    people_seq=st.integers(0, 3),
    scanners=st.one_of(st.just(QUIET.scanners), sights),
    position_rad=joints,
    velocity_radps=joints,
    joints_age_s=ages,
    nodes=st.one_of(st.just(QUIET.nodes), st.dictionaries(st.just("motor_bus"), ages)),
    inputs_age_s=ages,
    mode=st.integers(0, 4),
    reset=st.booleans(),
    start=st.booleans(),
    emergency_stop_input=st.booleans(),
    stop_requested=st.booleans(),
)
memories = st.sampled_from(State).map(memory_of)


@pytest.mark.req("S1")
@pytest.mark.req("S2")
@given(memories, observations)
def test_no_observation_raises_and_none_moves_without_leave(memory, seen):
    _, verdict = judge(RULE, memory, seen)
    assert 0.0 <= verdict.speed_ratio <= 1.0
    assert (verdict.speed_ratio > 0.0) == (verdict.state >= State.REDUCED)
    assert (verdict.stop_category is None) == (verdict.speed_ratio > 0.0)
    assert verdict.gripper_permitted == (verdict.state >= State.STANDSTILL)
    assert verdict.cause.partition(":")[0] in CAUSES
    assert verdict.state <= memory.state + 1
    assert not verdict.reset_possible or verdict.state is State.LATCHED
    if RULES[verdict.event].clears is not Clears.ITSELF:
        assert verdict.state <= State.READY
    if verdict.speed_ratio > 0.0:
        assert verdict.oldest_sample_age_s <= SAFETY.reaction_time_s
        assert verdict.distance_m > verdict.terms.required_m or not seen.people
        assert seen.mode == Mode.COLLABORATIVE
        assert memory.state >= State.STANDSTILL


@settings(max_examples=25)
@given(memories, st.lists(observations, min_size=1, max_size=10))
def test_a_replayed_stream_of_observations_gives_the_same_verdicts(memory, stream):
    def play():
        kept, verdicts = memory, []
        for seen in stream:
            kept, verdict = judge(RULE, kept, seen)
            verdicts.append(verdict)
        return verdicts

    assert play() == play()


@pytest.mark.req("S3")
@settings(max_examples=8)
@given(st.lists(st.sampled_from(["stop", "start", "reset", "near", "far", "fault"]), max_size=25))
def test_rapid_toggles_never_deadlock_and_never_lose_a_stop(acts):
    story = Story(FREE)
    for act in acts:
        before = story.memory.state
        verdict = story.go(
            stop_requested=act == "stop",
            start=act == "start",
            reset=act == "reset",
            people=(person(2.0),) if act == "near" else (),
            joints_age_s=NEVER if act == "fault" else 0.01,
        )
        if act == "fault":
            assert verdict.state is State.LATCHED
        if act == "stop":
            assert verdict.state <= min(before, State.READY)
    quiet = {"stop_requested": False, "start": False, "reset": False, "people": ()}
    story.go(1.0, joints_age_s=0.01, **quiet)
    story.press("reset")
    story.press("start")
    assert story.go(4.0).state is State.FREE


def test_what_is_observed_by_default_is_nothing():
    _, verdict = judge(RULE, FREE, Observation(now_s=100.0))
    assert (verdict.state, verdict.cause) == (State.LATCHED, "tracker_silent")


def test_the_rules_of_a_cell_are_its_settings():
    made = default_cell()
    rules = Rules.of(made, six_axes(), ("motor_bus",))
    assert (rules.safety, rules.motion) == (made.file.safety, made.file.motion)
    assert (rules.zones, rules.nodes) == (made.zones, ("motor_bus",))
    assert rules.scanners == tuple((s.name, s.timeout_s) for s in made.file.scanners)


# Many cells at once, and muting.


def test_a_thousand_cells_are_judged_as_each_of_them():
    rng = np.random.default_rng(5)
    count = 40
    place = rng.uniform(-4.0, 4.0, (count, 2, 2))
    here = rng.random((count, 2)) < 0.7

    def seen(at, there, late_s, shape):
        people = upright(
            at, speed_mps=np.ones(at.shape[:-1]), position_std_m=np.full(at.shape[:-1], 0.02),
            radius_m=np.full(at.shape[:-1], 0.3), unseen_s=np.zeros(at.shape[:-1]), safety=SAFETY,
            present=there,
        )  # fmt: skip
        full = {name: np.full(shape, 0.02) for name in ("people_age_s", "joints_age_s")}
        return observed.Observation(
            now_s=np.full(shape, 100.0), people=people, people_seq=np.full(shape, 1000), **full,
            scanners={n: Sight(np.full(shape, Eye.OK), late_s) for n in ("left", "right")},
            position_rad=np.broadcast_to(HOME, (*shape, 6)), nodes=QUIET.nodes, box=COLLABORATING,
            velocity_radps=np.zeros((*shape, 6)),
        )  # fmt: skip

    late_s = np.where(rng.random(count) < 0.2, 0.4, 0.03)
    _, all_of_them = cell.judge(RULE, FREE, seen(place, here, late_s, (count,)))
    assert len(set(all_of_them.cause.tolist())) > 3
    for i in range(count):
        _, one = cell.judge(RULE, FREE, seen(place[i], here[i], late_s[i], ()))
        for name in ("state", "event", "cause", "speed_ratio", "stop_category", "zone"):
            assert getattr(all_of_them, name)[i] == getattr(one, name), name
        assert all_of_them.room.human_id[i] == one.room.human_id
        np.testing.assert_allclose(all_of_them.room.distance_m[i], one.room.distance_m)


def test_a_muted_zone_is_named_and_has_no_consequence_until_the_muting_ends():
    rule = Muting(
        zone="approach", signals=("a", "b"), order="free", begin_within_s=1.0, time_max_s=2.0,
        signal_timeout_s=0.5,
    )  # fmt: skip
    rules = replace(RULE, zones=replace(RULE.zones, muting=(rule,)))
    people, memory = crowd((person(4.0),), SAFETY), FREE

    def tick(a, b, now_s):
        nonlocal memory
        seen = replace(
            replace(QUIET, now_s=now_s, people_seq=int(now_s * 100)).plain(SAFETY), people=people,
            signals={"a": Signal(a, 0.01), "b": Signal(b, 0.01)},
        )  # fmt: skip
        memory, said = cell.judge(rules, memory, seen)
        return said.muted, rules.causes[int(said.cause)]

    assert tick(False, False, 100.01) == ((), "zone:approach")
    assert tick(True, False, 100.02) == ((), "zone:approach")
    assert tick(True, True, 100.03)[0] == ("approach",)
    assert tick(True, True, 101.0)[0] == ("approach",)
    muted, cause = tick(True, True, 102.5)
    assert (muted, cause) == ((), "zone:approach")


def test_the_causes_that_are_documented_are_those_that_can_be_named():
    cell_ = default_cell()
    rules = Rules.of(cell_, six_axes(), ("motor_bus",))
    assert {cause.partition(":")[0] for cause in rules.causes} == set(CAUSES)


# At the bounds; all is exact.


def test_room_for_just_the_time_set_is_enough_to_go_on():
    halted = memory_of(State.STANDSTILL, room_since_s=99.5)
    assert SAFETY.resume_after_s == 0.5
    assert judge(RULE, halted, QUIET)[1].speed_ratio > 0.0
    later = replace(halted, room_since_s=np.nextafter(99.5, 100.0))
    assert judge(RULE, later, QUIET)[1].speed_ratio == 0.0


def test_a_ratio_that_rises_to_what_is_allowed_is_named_after_what_limits_it():
    def risen(ratio):
        slow = memory_of(
            State.REDUCED, ratio=ratio, now_s=100.0 - 1 / 128, watch=watching(False, True)
        )
        return judge(RULE, slow, replace(QUIET, people=(person(4.0),)))[1]

    there = risen(0.5 - 1 / 128)
    assert (there.speed_ratio, there.cause) == (0.5, "zone:approach")
    assert risen(0.5 - 1 / 64).cause == "resuming"


def test_before_the_first_tick_no_time_has_passed():
    moving = memory_of(State.REDUCED, ratio=0.5, now_s=math.nan)
    assert judge(RULE, moving, QUIET)[1].speed_ratio == 0.5


def test_a_cell_that_was_switched_on_was_permitted_nothing_and_has_heard_no_list_of_people():
    """So the margin of a restart is taken from its first room, and its first list is new."""
    crowded = replace(QUIET, people=(person(2.75),)).plain(SAFETY)
    rooms = [
        float(cell.judge(RULE, memory, crowded)[1].room.ratio)
        for memory in (Memory(), Memory(ratio=0.0), Memory(ratio=0.5))
    ]
    assert rooms[0] == rooms[1] < rooms[2]
    first = [
        cell.judge(RULE, Memory(), replace(crowded, people_seq=number))[0].watch.everybody[0].scans
        for number in (1, 2, 0)
    ]
    assert first[0] == first[1] != first[2]


def test_who_comes_near_a_cell_that_is_ready_does_not_rename_the_stop_before():
    ready = memory_of(State.READY, category=1, cause=RULE.code("not_started"))
    near = replace(QUIET, people=(person(0.6),))
    assert judge(RULE, ready, near)[1].stop_category == 1


def test_of_a_zone_and_a_mode_the_stricter_speed_is_stated():
    slow = replace(ZONES[0], kind="limit", limit_mps=0.5)
    slower = replace(slow, limit_mps=0.125)
    manual = InterlockMemory(
        mode=Mode.MANUAL, grip=Grip.ENABLING, reset_held=False, start_held=False
    )
    for zone, limit_mps in ((slow, SAFETY.manual_speed_max_mps), (slower, 0.125)):
        rules = replace(RULE, zones=areas(zone))
        seen = replace(QUIET, mode=Mode.MANUAL, people=(person(0.0),))
        before = memory_of(State.REDUCED, box=manual, watch=watching(True))
        verdict = cell.judge(rules, before, seen.plain(SAFETY))[1]
        assert float(verdict.limit_mps) == limit_mps


@pytest.mark.req("S2")
def test_who_just_reaches_the_guarded_room_is_in_it():
    exact = replace(SAFETY, human_uncertainty_m=0.0625)
    rules = replace(RULE, safety=exact)
    behind = memory_of(State.FREE, box=collaborating(Mode.AUTOMATIC))
    for x_m, inside in ((6.3125, True), (6.3126, False)):
        who = person(x_m, radius_m=0.25, position_std_m=0.0)
        seen = replace(QUIET, mode=Mode.AUTOMATIC, guards=True, people=(who,))
        told = judge(rules, behind, seen)[1]
        assert (told.cause == "person_behind_guards") is inside
