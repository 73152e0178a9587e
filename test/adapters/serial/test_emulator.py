"""The emulated motors keep the rules of the manual, the inconvenient ones too."""

import os
import struct

import pytest

from hrc_cell.adapters.serial import codec, emulated_motor
from hrc_cell.adapters.serial.codec import Parser
from hrc_cell.adapters.serial.emulator import Emulator, EmulatorPort
from hrc_cell.adapters.serial.fast_reply import FastParser, fast_reply_length
from hrc_cell.adapters.serial.plant import FreeMotors

OK, RANGE, LENGTH, LIMIT, ACCESS = 0, 4, 5, 6, 7
TORQUE, WATCHDOG, PROFILE_VELOCITY, GOAL, POSITION = 64, 98, 112, 116, 132


class Bench:
    """Emulated motors 1 and 2, a clock that is turned by hand, and a way to talk to them."""

    def __init__(self):
        self.plant = FreeMotors([0.0, 0.5])
        self.emulator = Emulator([1, 2], self.plant)
        self.now_s = 100.0

    def say(self, frame):
        replies = b"".join(self.emulator.feed(frame, self.now_s))
        return Parser().feed(replies)

    def write(self, motor_id, address, value, layout="<i"):
        [status] = self.say(codec.write(motor_id, address, struct.pack(layout, value)))
        return status.error

    def read(self, motor_id, address, layout="<i"):
        [status] = self.say(codec.read(motor_id, address, struct.calcsize(layout)))
        assert status.error == OK
        return struct.unpack(layout, status.data)[0]

    def torque(self, motor_id, on=1):
        return self.write(motor_id, TORQUE, on, "<B")

    def wait(self, seconds, talking=False):
        for _ in range(round(seconds / 0.01)):
            self.now_s += 0.01
            self.plant.step(0.01)
            self.emulator.update(self.now_s)
            if talking:
                self.say(codec.sync_read([1, 2], POSITION, 4))


@pytest.fixture
def bench():
    return Bench()


def test_a_ping_names_the_model_and_all_answer_a_ping_to_all(bench):
    [status] = bench.say(codec.ping(1))
    assert struct.unpack("<HB", status.data) == (1020, 45)
    assert [s.motor_id for s in bench.say(codec.ping(codec.BROADCAST))] == [1, 2]
    assert bench.say(codec.ping(3)) == []


def test_motors_answer_a_sync_read_in_the_order_asked(bench):
    found = bench.say(codec.sync_read([2, 9, 1], POSITION, 4))
    assert [(s.motor_id, struct.unpack("<i", s.data)[0]) for s in found] == [(2, 2374), (1, 2048)]


def fast(bench, asked):
    """Return what a fast read of positions gives, and how many bytes were sent."""
    sent = b"".join(bench.emulator.feed(codec.fast_sync_read(asked, POSITION, 4), bench.now_s))
    return FastParser(asked, 4).feed(sent), len(sent)


def test_motors_answer_a_fast_sync_read_in_one_frame(bench):
    found, size = fast(bench, (2, 1))
    assert [(s.motor_id, struct.unpack("<i", s.data)[0]) for s in found] == [(2, 2374), (1, 2048)]
    assert size == fast_reply_length(2, 4)
    bench.emulator.motors[1].fail(0x01)
    assert [s.alert for s in fast(bench, (2, 1))[0]] == [False, True]


@pytest.mark.parametrize("why", ["silent", "not there", "old firmware", "told to be quiet"])
def test_a_motor_that_takes_no_part_in_a_fast_read_ends_the_frame(bench, why):
    asked = (1, 2)
    if why == "silent":
        bench.emulator.silent.add(2)
    elif why == "not there":
        asked = (1, 3, 2)
    elif why == "old firmware":
        bench.emulator.motors[2]._put(6, 1, 44)
    else:
        bench.write(2, 68, 0, "<B")
    found, size = fast(bench, asked)
    assert [s.motor_id for s in found] == [1]
    assert size == fast_reply_length(1, 4)
    assert fast(bench, asked[1:]) == ([], 0)


def test_a_fast_read_past_the_table_is_an_error_of_each_motor(bench):
    sent = b"".join(bench.emulator.feed(codec.fast_sync_read((1, 2), 146, 2), bench.now_s))
    assert [(s.error, s.data) for s in FastParser((1, 2), 2).feed(sent)] == [(RANGE, bytes(2))] * 2


def test_a_silent_motor_hears_and_says_nothing(bench):
    bench.emulator.silent.add(1)
    assert bench.say(codec.ping(1)) == []
    assert [s.motor_id for s in bench.say(codec.sync_read([1, 2], POSITION, 4))] == [2]
    bench.say(codec.sync_write(TORQUE, {1: b"\1", 2: b"\1"}))
    assert [m.torque_on for m in bench.emulator.motors.values()] == [False, True]


@pytest.mark.parametrize(
    ("address", "value", "layout", "error"),
    [
        (TORQUE, 2, "<B", RANGE),
        (WATCHDOG, 128, "<B", RANGE),
        (11, 4, "<B", RANGE),
        (GOAL, 4096, "<i", RANGE),
        (POSITION, 0, "<i", ACCESS),
        (10, 1, "<B", ACCESS),
        (GOAL, 0, "<h", LENGTH),
        (102, 1194, "<h", RANGE),
        (GOAL, 100, "<i", OK),
    ],
)
def test_what_may_not_be_written_is_refused_with_the_right_error(
    bench, address, value, layout, error
):
    assert bench.write(1, address, value, layout) == error


def test_goals_outside_of_the_motors_own_window_are_refused(bench):
    assert bench.write(1, 48, 3000) == OK
    assert bench.write(1, GOAL, 3001) == LIMIT
    assert bench.write(1, 38, 500, "<H") == OK
    assert bench.write(1, 102, 501, "<h") == LIMIT


def test_a_block_is_written_whole_or_not_at_all(bench):
    block = struct.pack("<III", 10, 20, 9999)  # acceleration, velocity, a goal out of range
    [status] = bench.say(codec.write(1, 108, block))
    assert status.error == RANGE
    assert bench.read(1, 108) == 0


def test_the_eeprom_is_locked_while_the_torque_is_on(bench):
    assert bench.write(1, 9, 0, "<B") == OK
    bench.torque(1)
    assert bench.write(1, 9, 10, "<B") == ACCESS
    assert bench.read(1, 9, "<B") == 0


def test_a_read_past_the_table_and_an_unknown_instruction_are_errors(bench):
    [status] = bench.say(codec.read(1, 146, 2))
    assert status.error == RANGE
    [status] = bench.say(codec.instruction(1, 0x06, b"\1"))
    assert status.error == emulated_motor.INSTRUCTION
    for frame in (codec.instruction(1, codec.READ, b"\0"), codec.instruction(1, codec.WRITE, b"")):
        [status] = bench.say(frame)
        assert status.error == LENGTH


def test_a_broken_instruction_is_answered_as_such_and_the_next_is_understood(bench):
    broken = bytearray(codec.ping(1))
    broken[-1] ^= 1
    found = bench.say(bytes(broken) + codec.ping(2))
    assert [(s.motor_id, s.error) for s in found] == [(1, emulated_motor.CRC), (2, OK)]
    broken = bytearray(codec.ping(codec.BROADCAST))
    broken[-1] ^= 1
    assert bench.say(bytes(broken)) == []


def test_status_return_level_decides_who_answers(bench):
    frame = codec.write(1, 65, b"\1")
    assert bench.write(1, 68, 1, "<B") == OK
    assert bench.say(frame) == []
    assert bench.read(1, 65, "<B") == 1
    bench.say(codec.write(1, 68, b"\0"))
    assert bench.say(codec.read(1, 65, 1)) == bench.say(codec.sync_read([1], 65, 1)) == []
    assert len(bench.say(codec.ping(1))) == 1


def test_an_action_does_what_was_registered(bench):
    frame = codec.instruction(1, 0x04, struct.pack("<HB", TORQUE, 1))
    assert bench.say(frame)[0].error == OK
    assert not bench.emulator.motors[1].torque_on
    assert bench.say(codec.instruction(1, 0x05))[0].error == OK
    assert bench.emulator.motors[1].torque_on
    assert bench.say(codec.instruction(1, 0x05))[0].error == OK


def test_torque_goes_to_the_goal_that_stands_there_however_old(bench):
    bench.write(1, GOAL, 3000)
    assert bench.read(1, POSITION) == 2048
    bench.torque(1)
    bench.wait(1.0)
    assert abs(bench.read(1, POSITION) - 3000) <= 1


def test_the_profile_limits_the_speed(bench):
    bench.write(1, PROFILE_VELOCITY, 20)
    bench.torque(1)
    bench.write(1, GOAL, 3000)
    bench.wait(0.5)
    assert abs(bench.read(1, 128) - 20) <= 1


@pytest.mark.req("S1")
def test_bus_watchdog_stops_the_motor_unlimits_its_profile_and_locks_its_goals(bench):
    bench.write(1, PROFILE_VELOCITY, 50)
    bench.write(1, WATCHDOG, 5, "<B")
    bench.torque(1)
    bench.write(1, GOAL, 4000)
    bench.wait(0.3, talking=True)
    assert bench.read(1, 128) > 0
    bench.wait(0.3)  # silence
    stopped = bench.read(1, POSITION)
    assert bench.read(1, WATCHDOG, "<B") == 0xFF
    assert bench.read(1, PROFILE_VELOCITY) == 0
    assert bench.write(1, GOAL, 2048) == RANGE
    assert bench.write(1, WATCHDOG, 5, "<B") == RANGE
    bench.wait(0.5, talking=True)
    assert abs(bench.read(1, POSITION) - stopped) <= 1
    assert bench.write(1, WATCHDOG, 0, "<B") == OK
    assert bench.write(1, GOAL, 2048) == OK


def test_bus_watchdog_does_not_count_without_torque(bench):
    bench.write(1, WATCHDOG, 1, "<B")
    bench.wait(1.0)
    assert bench.read(1, WATCHDOG, "<B") == 1
    bench.torque(1)
    assert bench.read(1, WATCHDOG, "<B") == 1


def test_a_hardware_error_takes_the_torque_until_a_reboot(bench):
    bench.torque(1)
    bench.emulator.motors[1].fail(0x20)
    [status] = bench.say(codec.ping(1))
    assert status.alert
    assert bench.read(1, 70, "<B") == 0x20
    assert bench.read(1, TORQUE, "<B") == 0
    assert bench.torque(1) == ACCESS
    [status] = bench.say(codec.instruction(1, codec.REBOOT))
    assert bench.read(1, 70, "<B") == 0
    assert bench.torque(1) == OK


def test_an_error_that_is_not_in_the_shutdown_mask_only_alerts(bench):
    bench.torque(1)
    bench.emulator.motors[1].fail(0x01)
    assert bench.emulator.motors[1].torque_on
    assert bench.say(codec.ping(1))[0].alert


def test_reboot_clears_the_ram_and_the_tick_and_keeps_the_eeprom(bench):
    bench.write(1, 9, 7, "<B")
    bench.write(1, WATCHDOG, 9, "<B")
    bench.read(1, 120, "<H")
    bench.wait(0.5)
    assert bench.read(1, 120, "<H") == pytest.approx(500, abs=1)
    bench.say(codec.instruction(1, codec.REBOOT))
    assert bench.read(1, 120, "<H") == 0
    assert bench.read(1, WATCHDOG, "<B") == 0
    assert bench.read(1, 9, "<B") == 7


def test_the_current_limit_counts_in_the_current_based_mode(bench):
    assert bench.write(1, 11, 5, "<B") == OK
    bench.write(1, 102, 100, "<h")
    bench.torque(1)
    bench.write(1, GOAL, 4000)
    bench.wait(0.02)
    assert 0 < bench.read(1, 126, "<h") <= 100


def test_a_sync_write_of_the_wrong_shape_does_nothing(bench):
    for params in (b"\x40\0", b"\x40\0\1\0\1\1\2"):
        bench.say(codec.instruction(codec.BROADCAST, codec.SYNC_WRITE, params))
    for code in (codec.SYNC_READ, codec.FAST_SYNC_READ):
        assert bench.say(codec.instruction(codec.BROADCAST, code, b"\x40\0")) == []
    assert not any(m.torque_on for m in bench.emulator.motors.values())


RETURN_DELAY_S = 500e-6  # as a motor comes from its maker


def test_every_order_takes_its_time_on_the_wire_also_one_that_nobody_answers(tmp_path):
    goals = codec.sync_write(GOAL, {i: bytes(4) for i in range(1, 8)})
    emulator = Emulator([1, 2], FreeMotors([0.0, 0.5]))
    with EmulatorPort(emulator, tmp_path / "motors", baud=1_000_000) as port:
        slave = os.open(tmp_path / "motors", os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(slave, goals)
            port.serve(100.0)
            assert port.next_s() == float("inf")
            os.write(slave, codec.ping(1))
            port.serve(100.0)
            bits = 10 * (len(goals) + len(codec.ping(1)) + codec.status_length(3))
            due_s = 100.0 + bits / 1e6 + RETURN_DELAY_S
            assert port.next_s() == pytest.approx(due_s, abs=1e-9)
        finally:
            os.close(slave)


def test_the_vendors_own_library_can_use_the_motors(tmp_path):
    sdk = pytest.importorskip("dynamixel_sdk", reason="needs the package dynamixel-sdk")
    from emulated import RunningMotors

    with RunningMotors(tmp_path / "motors", start_rad=(0.0, 0.5, -1.0)):
        port = sdk.PortHandler(str(tmp_path / "motors"))
        port.setBaudRate(1_000_000)
        packet = sdk.PacketHandler(2.0)
        try:
            assert packet.ping(port, 2) == (1020, 0, 0)
            assert packet.read4ByteTxRx(port, 2, POSITION) == (2374, 0, 0)
            assert packet.write1ByteTxRx(port, 1, TORQUE, 3) == (0, 4)
            assert packet.write4ByteTxRx(port, 1, GOAL, 2100) == (0, 0)
            group = sdk.GroupSyncRead(port, packet, POSITION, 4)
            for motor_id in (1, 2, 3):
                group.addParam(motor_id)
            assert group.txRxPacket() == 0
            found = [group.getData(i, POSITION, 4) for i in (1, 2, 3)]
            assert found == [2048, 2374, 1396]
        finally:
            port.closePort()
