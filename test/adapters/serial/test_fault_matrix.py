"""Each fault of the emulated bus through the real driver: nothing stale, others kept, all safe."""

import math
import os
import signal
import time

import numpy as np
import pytest
from emulated import JOINTS, PATIENT, RunningMotors, fed, get_moving, plan_for

from hrc_cell.adapters.serial.driver import Driver
from hrc_cell.adapters.serial.faulty import FaultyEmulator
from hrc_cell.adapters.serial.master import Master
from hrc_cell.adapters.serial.plant import COUNTS_PER_TURN
from hrc_cell.adapters.serial.port import Port
from hrc_cell.core.gate import Phase
from hrc_cell.settings.bus_faults import FIELDS, ON_MOTORS, BusFault, BusFaults

START = (0.5, -0.4, 0.3, 0.0, 0.2, -0.1, 0.35)
HALF_A_DEGREE = 0.0087
COUNTS_PER_S = 1000
STALE_S = 0.15
"""An answer takes far less, even here; a late one of these stories takes `LATE_S`."""
LATE_S = 0.5
REST_AFTER_S = 0.12


class Faulty(FaultyEmulator):
    """Motors on which things go wrong from when a test says so."""

    def __init__(self, motor_ids, plant):
        super().__init__(motor_ids, plant, model="XM430-W350", script=BusFaults(faults=()))

    def strike(self, name, now_s, **more):
        lasts = {} if name in ON_MOTORS else {"for_s": 1e5}
        fault = BusFault(fault=name, at_s=self._after_s(now_s), **lasts, **more)
        self._script = BusFaults(seed=3, faults=(fault,))
        self._to_happen = [fault] if name in ON_MOTORS else []

    def mend(self):
        self._script = BusFaults(faults=())


class Telling(Faulty):
    """And whose positions tell the time."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.began_s = time.monotonic()
        for motor in self.motors.values():
            motor._counts = lambda: round((time.monotonic() - self.began_s) * COUNTS_PER_S)


SPOILING = [
    *(("flip", {"field": field}) for field in FIELDS),
    *((name, {}) for name in ("drop_byte", "double_byte", "truncate", "noise", "wrong_id")),
    ("collision", {}), ("dead", {}), ("dead", {"chance": 0.5}), ("late", {"delay_s": LATE_S}),
]  # fmt: skip


def ages_s(motors, driver):
    """Return how old each motor's sample was when it was received, by the clock in its position."""
    for plan, motor in zip(driver.plan.motors, driver.motors, strict=True):
        counts = motor.position_rad * COUNTS_PER_TURN / math.tau + plan.zero_counts
        yield motor.reply_s - motors.emulator.began_s - counts / COUNTS_PER_S


@pytest.mark.req("S2")
@pytest.mark.parametrize(
    ("name", "more"), [*SPOILING, ("echo", None), ("stall", None)],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_no_sample_is_stale_and_the_others_are_kept_and_all_come_back(tmp_path, name, more):
    with RunningMotors(tmp_path / "motors", emulator=Telling) as motors:
        port = Port(str(motors.link), 1_000_000)
        try:
            driver = Driver(plan_for(motors.link), Master(port, reply_margin_s=0.03))
            for _ in range(3):
                driver.read_all()
            with motors.lock:
                whole = {} if more is None else {"id": 3, **more}
                motors.emulator.strike(name, motors.now_s, **whole)
            kept = [read_once(motors, driver) for _ in range(15)]
            with motors.lock:
                motors.emulator.mend()
            if name == "late":
                time.sleep(LATE_S)  # what was on its way arrives, and is thrown away
            for _ in range(4):
                last = read_once(motors, driver)
        finally:
            port.close()
    assert last == set(range(JOINTS))
    others = set(range(JOINTS)) - {2}
    if name not in ("late", "stall"):
        assert sum(others <= new for new in kept) >= 12
    if name in ("flip", "truncate", "wrong_id", "drop_byte"):
        assert not any(2 in new for new in kept)
    if name == "stall":
        assert sum(map(len, kept)) == 0


def read_once(motors, driver):
    """Read all motors once; return which answered, their samples being new."""
    before = [motor.reply_s for motor in driver.motors]
    driver.read_all()
    new = {index for index in range(JOINTS) if driver.silent_cycles[index] == 0}
    for index, age_s in enumerate(ages_s(motors, driver)):
        assert (driver.motors[index].reply_s > before[index]) == (index in new)
        assert index not in new or -0.01 < age_s < STALE_S
    return new


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=START, emulator=Faulty) as running:
        yield running


def brought_up(motors, **changes):
    return fed(plan_for(motors.link, **{**PATIENT, **changes}), START)


@pytest.mark.req("S1")
@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("name", "more", "fault"),
    [
        ("flip", {"id": 3, "field": "length"}, "motor_lost:joint_3"),
        ("wrong_id", {"id": 3}, "motor_lost:joint_3"),
        ("truncate", {"id": 3}, "motor_lost:joint_3"),
        ("dead", {"id": 3}, "motor_lost:joint_3"),
        ("dead", {}, "power_cut"),
        ("stall", {}, "power_cut"),
        ("power_cut", {}, "power_cut"),
        ("reboot", {"id": 3}, "motor_reset:joint_3"),
        ("reboot", {}, "power_cut"),
        ("overload", {"id": 3}, "hardware_error:joint_3"),
        ("overheat", {"id": 3}, "hardware_error:joint_3"),
        ("undervoltage", {"id": 3}, "hardware_error:joint_3"),
        ("watchdog", {"id": 3}, "watchdog:joint_3"),
    ],
)
def test_each_fault_stops_the_arm_by_its_name_and_a_reset_brings_it_back(motors, name, more, fault):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        with motors.lock:
            motors.emulator.strike(name, motors.now_s, **more)
        feeder.wait("the fault", lambda bus: bus.latched)
        assert feeder.bus.reason == fault
        feeder.wait("a safe state", lambda bus: bus.gate in (Phase.HOLD, Phase.CLOSED))
        motors.wait("rest", lambda: motors.resting)
        with motors.lock:
            motors.emulator.mend()
        feeder.speed_radps = 0.0
        feeder.stop(state=0)
        feeder.wait("the monitor's latch", lambda bus: bus.latch_seen)
        if fault.startswith("hardware"):
            feeder.reboot = (1, 2)
            feeder.wait_told("rebooted")
        seen_s = feeder.now_s()
        feeder.wait("samples", lambda bus: min(m.reply_s for m in bus.motors) > seen_s)
        with motors.lock:
            held = motors.plant.positions.copy()
        feeder.stop(state=1)
        feeder.wait("a clear bus", lambda bus: not bus.latched and bus.gate == Phase.HOLD, 30.0)
        assert np.allclose(motors.plant.positions, held, atol=HALF_A_DEGREE)
        assert all(motors.torque)
        assert not any(motor.watchdog_tripped for motor in motors.emulator.motors.values())


@pytest.mark.parametrize(("name", "more"), [("echo", {}), ("noise", {"id": 3})])
def test_what_costs_nothing_stops_nothing(motors, name, more):
    with brought_up(motors) as feeder:
        get_moving(motors, feeder)
        with motors.lock:
            motors.emulator.strike(name, motors.now_s, **more)
        feeder.wait_cycles(60)
        assert not feeder.bus.latched


def without_the_bus_process_s(motors, number, watchdog_s):
    """Return how long after the last order all motors rest, stopped by their watchdogs.

    By their own clock: they come to rest by themselves where the last goal was, and only the
    watchdog sees to it that none takes up a goal again.
    """
    stopped_s = []

    def stopped():
        tripped = all(motor.watchdog_tripped for motor in motors.emulator.motors.values())
        return tripped and motors.resting and (stopped_s.append(motors.now_s) or True)

    with brought_up(motors, watchdog_s=watchdog_s) as feeder:
        get_moving(motors, feeder)
        motors.own_clock = True
        os.kill(feeder.child.pid, number)
        motors.wait("rest", stopped)
        with motors.lock:
            heard_s = max(motor.heard_s for motor in motors.emulator.motors.values())
        assert all(motors.torque)
    return stopped_s[0] - heard_s


@pytest.mark.req("S1")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_without_the_bus_process_the_motors_rest_within_120_ms(motors, number):
    assert 0.0 < without_the_bus_process_s(motors, number, 0.1) <= REST_AFTER_S


@pytest.mark.req("S1")
def test_a_longer_watchdog_would_take_longer(motors):
    assert without_the_bus_process_s(motors, signal.SIGKILL, 0.2) > REST_AFTER_S
