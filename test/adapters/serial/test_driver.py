"""What the driver takes for a sample: each fresh, each the motor's own, whatever the wire does."""

import math
import random
import time

import pytest
from emulated import JOINTS, RunningMotors, plan_for
from hypothesis import given
from hypothesis import strategies as st

from hrc_cell.adapters.serial.bring_up import bring_up
from hrc_cell.adapters.serial.driver import FAST_FAILURES_MAX, Driver, hardware_error_text
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.emulator_codec import fast_parts, status_frame
from hrc_cell.adapters.serial.master import Freshness, Master, NoReply, StatusError
from hrc_cell.adapters.serial.plant import COUNTS_PER_TURN
from hrc_cell.adapters.serial.port import Port
from hrc_cell.adapters.serial.registers import (
    GOAL_POSITION,
    MODEL_NUMBER,
    OPERATING_MODE,
    PRESENT_POSITION,
    TICK_WRAP_S,
    TORQUE_ENABLE,
)

COUNTS_PER_S = 1000
SAMPLE_INSTRUCTION = 0x82


class Tampered(Emulator):
    """Motors whose position tells the time, on a wire that can be told to misbehave."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.began_s = time.monotonic()
        self.tamper = lambda replies: replies
        for motor in self.motors.values():
            motor._counts = lambda: round((time.monotonic() - self.began_s) * COUNTS_PER_S)

    def feed(self, data, now_s):
        return self.tamper(super().feed(data, now_s))


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", emulator=Tampered) as running:
        yield running


@pytest.fixture(params=["one by one", "in one frame"])
def driver(motors, request):
    """Motors as they stand, read in either way."""
    port = Port(str(motors.link), 1_000_000)
    driver = Driver(plan_for(motors.link), Master(port, reply_margin_s=0.05))
    driver.fast = request.param == "in one frame"
    yield driver
    port.close()


in_one_frame = pytest.mark.parametrize("driver", ["in one frame"], indirect=True)
one_by_one = pytest.mark.parametrize("driver", ["one by one"], indirect=True)


def sample_age_s(motors, driver, index):
    """Return how old the newest sample was when it was received, by the clock in its position."""
    plan, motor = driver.plan.motors[index], driver.motors[index]
    counts = motor.position_rad * COUNTS_PER_TURN / math.tau + plan.zero_counts
    return motor.reply_s - motors.emulator.began_s - counts / COUNTS_PER_S


def read_some(motors, driver, cycles):
    """Read all motors so many times; return which answered each time, all samples being fresh."""
    answered, fast = [], driver.fast
    limit_s = 0.05 + 2 * driver.plan.reply_margin_s + 4 * driver.plan.period_s
    for _ in range(cycles):
        driver.fast = fast
        driver.read_all()
        new = [index for index in range(JOINTS) if driver.silent_cycles[index] == 0]
        assert all(sample_age_s(motors, driver, index) < limit_s for index in new)
        answered.append(new)
    return answered


def test_on_a_sound_wire_all_motors_answer(motors, driver):
    read_some(motors, driver, 3)
    assert list(range(JOINTS)) in read_some(motors, driver, 20)


def test_while_the_motors_are_brought_up_their_joints_are_known(tmp_path):
    with RunningMotors(tmp_path / "motors") as motors:
        port = Port(str(motors.link), 1_000_000)
        driver, known = Driver(plan_for(motors.link), Master(port, reply_margin_s=0.05)), []
        bring_up(driver, lambda: known.append([motor.reply_s for motor in driver.motors]))
        port.close()
    assert len(known) >= 2 * JOINTS  # after each motor's settings, and while each settles
    assert known[-1] > known[0]


@pytest.mark.parametrize("at", [0, 4, 5, 6, 7, 8, 12, -1])
def test_a_broken_reply_loses_one_motor_for_one_cycle(motors, driver, at):
    def flip(replies):
        if len(replies) == JOINTS:
            broken = bytearray(replies[2])
            broken[at] ^= 0x11
            replies[2] = bytes(broken)
        return replies

    motors.emulator.tamper = flip
    driver.read_all()
    assert math.isnan(driver.motors[2].reply_s)
    assert [c for i, c in enumerate(driver.silent_cycles) if i != 2] == [0] * (JOINTS - 1)
    motors.emulator.tamper = lambda replies: replies
    driver.read_all()
    assert driver.silent_cycles[2] == 0
    assert driver.motors[2].lost_replies == 1


@pytest.mark.req("S2")
@pytest.mark.parametrize("seed", range(3))
def test_replies_that_come_a_cycle_late_never_become_samples(motors, driver, seed):
    dice, kept = random.Random(seed), []

    def delay(replies):
        if len(replies) < JOINTS:
            return replies
        victim = dice.randrange(JOINTS)
        late = replies.pop(victim)
        if kept:
            replies.insert(dice.randrange(JOINTS), kept.pop())
        if dice.random() < 0.7:
            kept.append(late)
        return replies

    read_some(motors, driver, 3)
    motors.emulator.tamper = delay
    read_some(motors, driver, 15)  # each sample that is taken is new: see there
    motors.emulator.tamper = lambda replies: replies
    assert read_some(motors, driver, 5)[-1] == list(range(JOINTS))


@pytest.mark.req("S2")
@in_one_frame
def test_a_common_frame_that_comes_a_cycle_late_never_becomes_samples(motors, driver):
    read_some(motors, driver, 3)
    kept = []

    def delay(replies):
        """Send what was asked for three cycles ago."""
        kept.append(b"".join(replies))
        return kept[-4:-3]

    motors.emulator.tamper = delay
    # Silence, then two frames that are older than so many cycles without an answer.
    assert read_some(motors, driver, 5) == [[]] * 5
    motors.emulator.tamper = lambda replies: replies
    assert read_some(motors, driver, 5)[-1] == list(range(JOINTS))


@in_one_frame
def test_a_silent_motor_hides_those_behind_it_only_until_motors_are_read_one_by_one(motors, driver):
    others = [index for index in range(JOINTS) if index != 2]
    driver.read_all()
    motors.emulator.silent.add(3)
    for count in range(1, FAST_FAILURES_MAX + 1):
        assert driver.fast
        driver.read_all()
        assert driver.silent_cycles == [0, 0, *[count] * (JOINTS - 2)]
    assert (driver.fast, driver.fast_given_up) == (False, True)
    driver.read_all()
    assert [index for index in range(JOINTS) if driver.silent_cycles[index] == 0] == others
    motors.emulator.silent.clear()
    driver.read_all()
    assert driver.silent_cycles == [0] * JOINTS
    assert not driver.fast


@in_one_frame
def test_failures_that_are_not_in_a_row_leave_the_common_frame(motors, driver):
    for _ in range(3 * FAST_FAILURES_MAX):
        for silent in ({3}, set()):
            motors.emulator.silent = silent
            driver.read_all()
    assert driver.fast


@pytest.mark.parametrize(
    ("firmware", "lost_cycles_max", "fast"),
    [(45, FAST_FAILURES_MAX + 1, True), (44, 20, False), (45, FAST_FAILURES_MAX, False)],
)
def test_motors_are_read_in_one_frame_where_all_can_and_a_failure_may_be_borne(
    tmp_path, firmware, lost_cycles_max, fast
):
    with RunningMotors(tmp_path / "motors") as motors:
        motors.emulator.motors[4]._put(6, 1, firmware)
        port = Port(str(motors.link), 1_000_000)
        plan = plan_for(motors.link, lost_cycles_max=lost_cycles_max)
        driver = Driver(plan, Master(port, reply_margin_s=0.05))
        bring_up(driver)
        assert driver.fast is fast
        assert driver.silent_cycles == [0] * JOINTS
        motors.emulator.silent.add(3)
        for _ in range(FAST_FAILURES_MAX):
            driver.read_all()
        assert not driver.fast
        motors.emulator.silent.clear()
        bring_up(driver)  # tries it again
        assert (driver.fast, driver.fast_given_up) == (fast, False)
        port.close()


@pytest.mark.req("S2")
@one_by_one
@pytest.mark.parametrize(
    ("error", "data"), [(0, bytes(5)), (0, b""), (0, bytes(13)), (4, bytes(16)), (4, b"\xff")]
)
def test_a_motor_that_says_too_little_or_an_error_counts_as_silent(motors, driver, error, data):
    read_some(motors, driver, 3)
    before = list(driver.motors)

    def spoil(replies):
        return [
            status_frame(reply[4], error, data) if reply[4] == 3 else reply for reply in replies
        ]

    motors.emulator.tamper = spoil
    answered = read_some(motors, driver, 3)
    assert driver.silent_cycles[2] == 3
    lost = before[2].lost_replies + 3
    kept = before[2]._replace(lost_replies=lost)
    assert repr(driver.motors[2]) == repr(kept)  # what was never read is no number on both sides
    assert all(2 not in new for new in answered)
    for _ in range(3 * JOINTS):  # each slow register of each motor
        driver.read_slow()
    assert repr(driver.motors[2]) == repr(kept)
    assert not driver.tripped[2]
    assert driver.motors[1].voltage_v == 12.0


@pytest.mark.req("S2")
@in_one_frame
def test_a_motor_that_tells_an_error_in_the_common_frame_counts_as_silent(motors, driver):
    def spoil(replies):
        if len(replies) < JOINTS:
            return replies
        rows = [(part.motor_id, 4 if part.motor_id == 3 else 0, bytes(16)) for part in replies]
        return list(fast_parts(JOINTS, 16, rows))

    driver.read_all()
    before = driver.motors[2]
    motors.emulator.tamper = spoil
    for _ in range(3):
        driver.read_all()
    assert driver.silent_cycles[2] == 3
    assert driver.motors[2]._replace(lost_replies=before.lost_replies) == before
    assert driver.fast  # it did answer


@one_by_one
def test_errors_name_the_motor_and_the_register(motors, driver):
    master = driver.master
    with pytest.raises(StatusError, match=r"writing Torque Enable = 2: motor 3: the value is out"):
        master.write(3, TORQUE_ENABLE, 2)
    master.write(3, TORQUE_ENABLE, 1)
    with pytest.raises(StatusError, match=r"Operating Mode = 5: motor 3: the register may not be"):
        master.write(3, OPERATING_MODE, 5)
    motors.emulator.silent.add(4)
    with pytest.raises(NoReply, match="reading Model Number: motor 4 does not answer; check power"):
        master.read(4, MODEL_NUMBER)
    assert hardware_error_text(0x02) == "0x2"


@one_by_one
def test_positions_past_zero_are_signed(motors, driver):
    with motors.lock:
        motors.emulator.motors[1]._counts = lambda: -3
    assert driver.master.read(1, PRESENT_POSITION) == -3
    with pytest.raises(ValueError, match="does not fit"):
        GOAL_POSITION.pack(1e12)


@given(st.floats(0.0, 0.4), st.integers(1, 20))
def test_a_first_sample_that_was_late_does_not_make_the_next_ones_wrong(late_s, count):
    fresh = Freshness(0.01)
    assert fresh.fresh(5.0 - late_s, 100.0)
    assert all(fresh.fresh(5.0 + 0.005 * n, 100.0 + 0.005 * n) for n in range(1, count))


@given(
    st.lists(st.tuples(st.floats(0.001, 2.0), st.floats(0.0, 0.008)), min_size=2, max_size=40),
    st.floats(0.0, TICK_WRAP_S),
    st.floats(-0.005, 0.005),
    st.floats(0.05, 10.0),
)
def test_fresh_samples_pass_and_late_ones_do_not_whatever_clock_the_motor_has(
    samples, first_tick_s, drift, late_s
):
    fresh, now_s = Freshness(0.01), 5.0

    def tick(at_s):
        return (first_tick_s + at_s * (1.0 + drift)) % TICK_WRAP_S

    for gap_s, delay_s in samples:
        now_s += gap_s
        assert fresh.fresh(tick(now_s - delay_s), now_s)
    assert not fresh.fresh(tick(now_s - late_s), now_s)
    assert not fresh.fresh(tick(now_s + 0.6 + late_s), now_s)  # a reboot sets the tick anew
    fresh.reset()
    assert fresh.fresh(tick(now_s - late_s), now_s)
