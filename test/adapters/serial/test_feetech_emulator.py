"""The emulated Feetech motors do what is least convenient, where the maker says nothing else."""

import math

import pytest

from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.feetech_codec import Parser
from hrc_cell.adapters.serial.feetech_registers import BY_NAME, SCS, STS
from hrc_cell.adapters.serial.feetech_samples import sample
from hrc_cell.adapters.serial.plant import FreeMotors

GOAL, TORQUE = registers.GOAL_POSITION, registers.TORQUE_ENABLE
POSITION = registers.PRESENT_POSITION


class Bench:
    """Emulated motors 1 and 2, a clock that is turned by hand, and a way to talk to them."""

    def __init__(self, model):
        self.table = BY_NAME[model].table
        self.plant = FreeMotors([0.0, 0.5])
        self.emulator = FeetechEmulator([1, 2], self.plant, model=model)
        self.now_s = 100.0

    def say(self, frame, size=0):
        replies = b"".join(self.emulator.feed(frame, self.now_s))
        return Parser().feed(replies, size)

    def write(self, motor_id, register, value):
        frame = codec.write(motor_id, register.address, self.table.pack(register, value))
        return self.say(frame)

    def read(self, motor_id, register):
        frame = codec.read(motor_id, register.address, register.size)
        [status] = self.say(frame, register.size)
        return self.table.unpack(register, status.data)

    def sample(self, motor_id):
        at, size = self.table.block
        [status] = self.say(codec.read(motor_id, at, size), size)
        return sample(self.table, status.data)

    def wait(self, seconds):
        for _ in range(round(seconds / 0.01)):
            self.now_s += 0.01
            self.plant.step(0.01)
            self.emulator.update(self.now_s)


@pytest.fixture(params=["STS3215", "SCS0009"])
def bench(request):
    return Bench(request.param)


@pytest.fixture
def sts():
    return Bench("STS3215")


@pytest.fixture
def scs():
    return Bench("SCS0009")


def test_a_motor_says_which_it_is_and_answers_a_ping(bench):
    assert bench.say(codec.ping(1)) == [(1, 0, b"")]
    assert bench.say(codec.ping(3)) == []
    at, size = registers.IDENTITY
    [status] = bench.say(codec.read(1, at, size), size)
    assert registers.MODELS[status.data[3:]].table is bench.table
    assert (status.data[2] == 1) == (bench.table.order == "big")


def test_only_sts_motors_answer_to_all_and_together(sts, scs):
    assert [s.motor_id for s in sts.say(codec.ping(codec.BROADCAST))] == [1, 2]
    found = sts.say(codec.sync_read([2, 9, 1], POSITION.address, 2), 2)
    told = [(s.motor_id, STS.unpack(POSITION, s.data)) for s in found]
    assert told == [(2, 2374), (1, 2048)]
    assert scs.say(codec.ping(codec.BROADCAST)) == []
    assert scs.say(codec.sync_read([1, 2], POSITION.address, 2), 2) == []


def test_positions_are_counted_as_the_family_does(sts, scs):
    assert [sts.read(2, POSITION), scs.read(2, POSITION)] == [2374, 511 + 98]
    assert math.isclose(98 * SCS.rad_per_count, 0.5, abs_tol=SCS.rad_per_count)


def test_the_block_of_a_cycle_is_a_sample(bench):
    bench.write(2, TORQUE, 1)
    bench.write(2, GOAL, bench.read(2, POSITION))
    found = bench.sample(2)
    assert found.torque_on
    assert found.position_counts == bench.read(2, POSITION)
    assert found.temperature_c == 32.0
    assert math.isnan(found.current_a) == (bench.table is SCS)


def test_a_silent_motor_hears_and_says_nothing(bench):
    bench.emulator.silent.add(1)
    assert bench.say(codec.ping(1)) == []
    bench.say(codec.sync_write(TORQUE.address, {1: b"\1", 2: b"\1"}))
    assert [m.torque_on for m in bench.emulator.motors.values()] == [False, True]


def test_a_broken_order_is_not_answered_and_the_next_is(bench):
    broken = bytearray(codec.ping(1))
    broken[-1] ^= 1
    assert bench.say(bytes(broken) + codec.ping(2)) == [(2, 0, b"")]
    for frame in (
        codec.instruction(1, 0x06), codec.instruction(1, codec.READ, b"\0"),
        codec.instruction(1, codec.WRITE, b"\0"), codec.read(1, 80, 60), codec.read(1, 5, 0),
    ):  # fmt: skip
        assert bench.say(frame) == []


def test_a_sync_write_of_the_wrong_shape_does_nothing(bench):
    for params in (b"\x28", b"\x28\1\1\1\2", b"\x28\0\1\2"):
        bench.say(codec.instruction(codec.BROADCAST, codec.SYNC_WRITE, params))
    assert not any(m.torque_on for m in bench.emulator.motors.values())


def test_a_goal_brings_the_torque_on_and_the_shaft_to_it(bench):
    bench.write(1, GOAL, bench.read(1, POSITION) + 100)
    assert bench.read(1, TORQUE) == 1
    start = bench.read(1, POSITION)
    bench.wait(1.0)
    assert abs(bench.read(1, POSITION) - start - 100) <= 1


def test_torque_goes_to_the_goal_that_stands_there_however_old(sts):
    sts.write(1, TORQUE, 1)
    sts.wait(2.0)
    assert sts.read(1, POSITION) == pytest.approx(0, abs=1)  # its goal when the power came on


@pytest.mark.req("S1")
def test_nothing_stops_a_motor_whose_bus_has_fallen_silent(bench):
    far = bench.read(1, POSITION) + 300
    bench.write(1, bench.table.goal_speed, 0.2)
    bench.write(1, GOAL, far)
    bench.wait(12.0)  # nobody says a word
    assert abs(bench.read(1, POSITION) - far) <= 1


def test_goal_speed_and_acceleration_are_its_profile(sts):
    sts.write(1, STS.goal_speed, 0.5)
    sts.write(1, STS.acceleration, 1.0)
    sts.write(1, GOAL, 4000)
    sts.wait(0.2)
    assert 0.1 < sts.read(1, STS.present_speed) < 0.25
    sts.wait(0.8)
    assert sts.read(1, STS.present_speed) == pytest.approx(0.5, abs=0.01)
    sts.write(1, GOAL, 0)
    sts.wait(2.0)
    assert sts.read(1, STS.present_speed) == pytest.approx(-0.5, abs=0.01)


def test_what_is_too_much_is_cut_without_a_word(sts):
    for register, most in ((registers.RETURN_DELAY, 254), (TORQUE, 1), (STS.acceleration, 254)):
        sts.say(codec.write(1, register.address, b"\xff"))
        assert sts.read(1, register) == pytest.approx(most * register.unit)
    sts.write(1, registers.POSITION_MAX, 3000)
    sts.write(1, GOAL, 3500)
    sts.wait(2.0)
    assert abs(sts.read(1, POSITION) - 3000) <= 1
    sts.write(1, POSITION, 0)  # is only read
    assert abs(sts.read(1, POSITION) - 3000) <= 1


def test_what_is_written_under_lock_is_forgotten_without_power(bench):
    for lock, kept in ((1, 250), (0, 7)):
        bench.write(1, bench.table.lock, lock)
        bench.write(1, registers.RETURN_DELAY, 7 * registers.RETURN_DELAY.unit)
        bench.emulator.motors[1].reboot(bench.now_s)
        assert bench.read(1, registers.RETURN_DELAY) == pytest.approx(kept * 2e-6)


def test_status_level_decides_what_is_answered(bench):
    bench.write(1, registers.STATUS_LEVEL, 0)
    assert bench.write(1, TORQUE, 1) == []
    assert bench.read(1, TORQUE) == 1
    assert len(bench.say(codec.ping(1))) == 1


def test_an_action_does_what_was_registered(bench):
    frame = codec.instruction(1, codec.REG_WRITE, bytes([TORQUE.address, 1]))
    assert len(bench.say(frame)) == 1
    assert not bench.emulator.motors[1].torque_on
    bench.say(codec.instruction(codec.BROADCAST, codec.ACTION))
    assert [m.torque_on for m in bench.emulator.motors.values()] == [True, False]
    assert len(bench.say(codec.instruction(1, codec.ACTION))) == 1


def test_too_much_load_for_too_long_leaves_a_fifth_of_the_torque_until_it_is_switched(sts):
    sts.write(1, GOAL, 2048)
    motor = sts.emulator.motors[1]
    motor.load_ratio = 0.9
    sts.wait(1.9)
    assert sts.read(1, registers.STATUS) == 0
    sts.wait(0.3)
    [status] = sts.say(codec.ping(1))
    assert status.error == sts.read(1, registers.STATUS) == 0x20
    assert sts.read(1, TORQUE) == 1
    assert sts.plant.powered[0]
    motor.load_ratio = 0.0
    sts.write(1, TORQUE, 0)
    assert sts.read(1, registers.STATUS) == 0


def test_heat_cuts_the_torque_and_the_register_goes_on_saying_1(bench):
    bench.write(1, GOAL, bench.read(1, POSITION))
    bench.emulator.motors[1].fail(0x04)
    assert not bench.plant.powered[0]
    assert bench.sample(1).torque_on
    assert bench.sample(1).hardware_error == 0x04


def test_the_torque_limit_bounds_the_current(sts):
    sts.write(1, STS.torque_limit, 0.02)
    sts.write(1, GOAL, 4000)
    sts.wait(0.02)
    assert 0.0 < sts.read(1, STS.present_current) <= 0.02 * 2.7 + registers.CURRENT_STEP_A


def test_without_power_the_ram_is_gone(bench):
    bench.write(1, GOAL, 100)
    bench.write(1, bench.table.goal_speed, 0.5)
    bench.emulator.motors[1].lose_power()
    bench.emulator.motors[1].reboot(bench.now_s)
    assert (
        bench.read(1, TORQUE) == bench.read(1, GOAL) == bench.read(1, bench.table.goal_speed) == 0
    )


def test_a_motor_set_to_another_rate_hears_nothing(bench):
    for rate, heard in ((1_000_000, True), (115_200, False), (None, True)):
        bench.emulator.line_baud = rate
        assert bool(bench.say(codec.ping(1))) is heard
        found = bench.say(codec.sync_read([1], POSITION.address, 2), 2)
        assert bool(found) is (heard and bench.table.sync_read)
    bench.write(1, registers.Register("Baud Rate", 6), 4)
    bench.emulator.line_baud = 115_200
    assert [bool(bench.say(codec.ping(i))) for i in (1, 2)] == [True, False]


def test_a_status_waits_for_the_return_delay_of_its_motor(bench):
    bench.write(2, registers.RETURN_DELAY, 0.0)
    frames = [bench.emulator.feed(codec.ping(i), bench.now_s)[0] for i in (1, 2)]
    assert [bench.emulator.delay_s(frame) for frame in frames] == [500e-6, 0.0]


def test_motors_are_let_go_once_their_torque_is_off_or_nobody_speaks(bench):
    bench.write(1, TORQUE, 1)
    assert not bench.emulator.let_go(bench.now_s, 1.0)
    assert bench.emulator.let_go(bench.now_s + 1.1, 1.0)
    bench.write(1, TORQUE, 0)
    assert bench.emulator.let_go(bench.now_s, 1.0)
