"""What people are told of the bus and its motors: the level, why, and nothing made up."""

from dataclasses import replace

import pytest
from strategies import ROOT, default_cell

from hrc_cell.adapters.motor_plan import motor_plan
from hrc_cell.adapters.serial.condition import Examiner, Level, fault_text
from hrc_cell.adapters.serial.shared import BusState, MotorRecord
from hrc_cell.core.gate import Phase

PLAN = motor_plan(default_cell(), "/dev/somewhere")
SOUND = MotorRecord(
    reply_s=99.99, position_rad=0.1, velocity_radps=0.0, current_a=0.25, temperature_c=41.0,
    voltage_v=12.1, torque_on=True,
)  # fmt: skip
WELL = BusState(
    cycle=1000, missed_cycles=0, broken_frames=0, end_s=100.0, gate=int(Phase.HOLD),
    gate_delay_s=0.05, latched=False, latch_seen=False, reason="no_goal",
    motors=(SOUND,) * len(PLAN.motors),
)  # fmt: skip


def later(state, *, seconds=1.0, cycles=200, **changes):
    """Return the state so much later, all motors heard."""
    motors = tuple(m._replace(reply_s=m.reply_s + seconds) for m in state.motors)
    moved = {"cycle": state.cycle + cycles, "end_s": state.end_s + seconds, "motors": motors}
    return replace(state, **(moved | changes))


def examined(*states, now_s=None, **about):
    """Return bus and motors as they are told after these states."""
    examiner = Examiner(PLAN, **({"real_time": True, "latency_ms": None} | about))
    for state in states:
        found = examiner.examine(state, state.end_s if now_s is None else now_s)
    return found[0], found[1:]


def values(condition):
    return dict(condition.values)


def test_all_is_well():
    bus, motors = examined(WELL, later(WELL))
    assert (bus.level, bus.message) == (Level.OK, "OK")
    assert values(bus)["cycle rate [Hz]"] == "200.0"
    assert values(bus)["gate"] == "HOLD"
    assert values(bus)["real-time priority"] == "yes"
    assert [motor.name for motor in motors] == [motor.joint for motor in PLAN.motors]
    assert {(motor.level, motor.message) for motor in motors} == {(Level.OK, "OK")}
    assert values(motors[0])["voltage [V]"] == "12.1"
    assert values(motors[0])["age of the sample [s]"] == "0.010"


@pytest.mark.req("S2")
def test_before_the_first_state_everything_is_stale_and_unknown():
    found = Examiner(PLAN, real_time=False, latency_ms=None).examine(None, 5.0)
    bus, *motors = found
    assert bus.level == Level.STALE
    assert {motor.level for motor in motors} == {Level.STALE}
    told = values(motors[0])
    for name in ("voltage [V]", "temperature [degree Celsius]", "current [A]", "torque",
                 "hardware error", "age of the sample [s]"):  # fmt: skip
        assert told[name] == "unknown"


@pytest.mark.req("S2")
def test_what_was_never_read_is_unknown_and_a_rate_is_told_after_a_whole_second():
    bare = SOUND._replace(current_a=float("nan"), voltage_v=float("nan"))
    bus, motors = examined(replace(WELL, motors=(bare,) * len(PLAN.motors)))
    assert values(bus)["cycle rate [Hz]"] == "unknown"
    assert bus.level == Level.OK
    assert values(motors[0])["current [A]"] == values(motors[0])["voltage [V]"] == "unknown"


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"latched": True, "reason": "watchdog:joint_2"}, Level.ERROR, "joint_2 has a tripped"),
        ({"cycles": 150}, Level.WARN, "150 cycles in a second instead of 200"),
        ({"broken_frames": 3}, Level.WARN, "3 broken frames in a second"),
    ],
)
def test_the_bus_says_what_is_wrong_with_it(changes, level, words):
    bus, _ = examined(WELL, later(WELL, **changes))
    assert bus.level == level
    assert words in bus.message


def test_an_adapter_that_holds_replies_back_is_named():
    bus, _ = examined(WELL, latency_ms=16)
    assert (bus.level, bus.message) == (Level.WARN, "the adapter holds replies back for 16 ms")
    assert examined(WELL, latency_ms=1)[0].level == Level.OK


@pytest.mark.req("S2")
def test_what_is_not_renewed_grows_stale():
    bus, motors = examined(WELL, now_s=103.0)
    assert (bus.level, bus.message) == (Level.STALE, "no cycle for 3.0 s")
    assert (motors[0].level, motors[0].message) == (Level.STALE, "no reply for 3.0 s")


@pytest.mark.parametrize(
    ("changes", "level", "words"),
    [
        ({"hardware_error": 0x24}, Level.ERROR, "hardware error: overheating, overload"),
        ({"torque_on": False}, Level.ERROR, "its torque is off"),
        ({"lost_replies": 3}, Level.WARN, "3 of 200 replies lost in a second"),
        ({"hardware_error": 1, "reply_s": 90.0}, Level.ERROR, "no reply for 11.0 s"),
    ],
)
def test_a_motor_says_what_is_wrong_with_it(changes, level, words):
    state = later(WELL)
    one = state.motors[2]._replace(**changes)
    _, motors = examined(WELL, replace(state, motors=(*state.motors[:2], one, *state.motors[3:])))
    assert motors[2].level == level
    assert words in motors[2].message
    assert {motor.level for i, motor in enumerate(motors) if i != 2} == {Level.OK}


def test_torque_that_was_switched_off_on_purpose_is_no_error():
    off = tuple(motor._replace(torque_on=False) for motor in WELL.motors)
    _, motors = examined(replace(WELL, gate=int(Phase.CLOSED), motors=off))
    assert motors[0].level == Level.OK
    assert values(motors[0])["torque"] == "off"


def test_losses_of_an_earlier_second_are_told_in_the_totals_alone():
    bad = later(WELL, broken_frames=3)
    bus, _ = examined(WELL, bad, later(bad))
    assert bus.level == Level.OK
    assert values(bus)["broken frames"] == "3"


def test_faults_are_told_in_words():
    assert fault_text("torque_off:joint_3") == "joint_3 has lost its torque"
    assert fault_text("bus_stalled") == "a cycle came later than the motors' watchdogs allow"
    assert fault_text("something_new:joint_1") == "joint_1 something_new"


@pytest.mark.parametrize(
    "fault",
    ["port_lost", "power_cut", "motor_reset:joint_1", "motor_lost:joint_1", "watchdog:joint_1",
     "hardware_error:joint_1", "torque_off:joint_1", "bus_stalled", "stop_category_0",
     "stop_category_1"],
)  # fmt: skip
def test_every_fault_has_words_here_and_a_line_in_the_page_on_motors(fault):
    kind, _, joint = fault.partition(":")
    assert kind not in fault_text(fault)
    assert fault_text(fault).startswith(joint)
    page = (ROOT / "docs" / "motors.md").read_text(encoding="utf-8")
    assert f"`{kind}:joint`" in page or f"`{kind}`" in page
