"""Emulated motors on a bad day: what the file says goes wrong, that and nothing else."""

import os

import pytest

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.codec import Parser
from hrc_cell.adapters.serial.emulator import EmulatorPort
from hrc_cell.adapters.serial.fast_reply import FastParser
from hrc_cell.adapters.serial.faulty import FaultyEmulator
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.settings.bus_faults import FIELDS, BusFault, BusFaults

IDS = (1, 2, 3)
BEGIN_S, LASTS_S = 2.0, 3.0
POSITION, TORQUE, WATCHDOG = 132, 64, 98
SPOILING = ("flip", "drop_byte", "double_byte", "truncate", "wrong_id", "collision", "dead")


def motors(*faults, seed=1):
    script = BusFaults(seed=seed, faults=faults)
    made = FaultyEmulator(IDS, FreeMotors([0.0, 0.5, -0.5]), model="XM430-W350", script=script)
    made.update(0.0)
    return made


def fault(name, **more):
    return BusFault(fault=name, **{"at_s": BEGIN_S, "for_s": LASTS_S, **more})


def once(name, **more):
    return BusFault(fault=name, at_s=BEGIN_S, **more)


def asked(emulator, at_s):
    """Return the bytes that come back when all positions are asked for."""
    return b"".join(emulator.feed(codec.sync_read(IDS, POSITION, 4), at_s))


def heard_fast(emulator, at_s):
    """Return the IDs that are heard in the common reply to a fast read, all of them true."""
    sent = b"".join(emulator.feed(codec.fast_sync_read(IDS, POSITION, 4), at_s))
    came = FastParser(IDS, 4).feed(sent)
    sound = Parser().feed(asked(motors(), at_s))
    assert all(status in sound for status in came)
    return [status.motor_id for status in came]


def heard(emulator, at_s):
    """Return the IDs that a driver takes for answers, all of them true, whatever else came."""
    came = Parser().feed(asked(emulator, at_s) + bytes(20), codec.stuffed_length_max(4))
    sound = Parser().feed(asked(motors(), at_s))
    assert all(status in sound for status in came if status.motor_id in IDS)
    return [status.motor_id for status in came]


@pytest.mark.parametrize("name", SPOILING)
def test_a_spoilt_reply_costs_its_motor_only_and_only_for_its_time(name):
    """A byte of the header said twice is no harm."""
    for seed in range(20):
        emulator = motors(fault(name, id=2), seed=seed)
        assert heard(emulator, BEGIN_S - 0.1) == [1, 2, 3]
        for at_s in (BEGIN_S, BEGIN_S + LASTS_S - 0.1):
            kept = [i for i in heard(emulator, at_s) if i in IDS]
            assert kept == [1, 3] or (kept == [1, 2, 3] and name == "double_byte")
        assert heard(emulator, BEGIN_S + LASTS_S) == [1, 2, 3]


@pytest.mark.parametrize("name", SPOILING)
def test_a_spoilt_part_of_a_common_reply_costs_what_it_reaches(name):
    """Bytes too many or too few move all that is behind them; a dead motor has nobody follow."""
    for seed in range(20):
        emulator = motors(fault(name, id=2), seed=seed)
        assert heard_fast(emulator, BEGIN_S - 0.1) == [1, 2, 3]
        found = heard_fast(emulator, BEGIN_S)
        if name in ("flip", "wrong_id"):
            assert found == [1, 3]
        elif name == "dead":
            assert found == [1]
        else:
            assert found in ([1], [1, 3]) or (found == [1, 2] and name == "double_byte")
        assert heard_fast(emulator, BEGIN_S + LASTS_S) == [1, 2, 3]
    assert heard_fast(motors(fault("dead", id=1)), BEGIN_S) == []
    assert heard_fast(motors(fault("noise", id=1)), BEGIN_S) == [1, 2, 3]


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("victim", [1, 2])
def test_a_bit_of_a_part_is_flipped_where_the_file_says(field, victim):
    request = codec.fast_sync_read(IDS, POSITION, 4)
    sound = b"".join(motors().feed(request, BEGIN_S))
    spoilt = b"".join(motors(fault("flip", id=victim, field=field)).feed(request, BEGIN_S))
    [at] = [i for i, (a, b) in enumerate(zip(sound, spoilt, strict=True)) if a != b]
    begin = 8 * victim
    places = {"header": (0, 4), "id": (begin + 1, begin + 2), "length": (5, 7),
              "error": (begin, begin + 1), "data": (begin + 2, begin + 6),
              "crc": (begin + 6, begin + 8)}  # fmt: skip
    if victim == 2 and field in ("header", "length"):
        field = "error"  # only the first motor brings a head
    low, high = places[field]
    assert low <= at < high


@pytest.mark.parametrize("field", FIELDS)
def test_a_bit_is_flipped_where_the_file_says(field):
    sound = asked(motors(), BEGIN_S)
    spoilt = asked(motors(fault("flip", id=1, field=field)), BEGIN_S)
    different = [i for i, (a, b) in enumerate(zip(sound, spoilt, strict=True)) if a != b]
    assert len(different) == 1
    assert bin(sound[different[0]] ^ spoilt[different[0]]).count("1") == 1
    places = {"header": (0, 4), "id": (4, 5), "length": (5, 7), "error": (8, 9), "data": (9, 13),
              "crc": (13, 15)}  # fmt: skip
    low, high = places[field]
    assert low <= different[0] < high


def test_a_flip_in_a_status_without_data_hits_its_error_byte():
    emulator = motors(fault("flip", id=1))
    sound = motors().feed(codec.write(1, TORQUE, b"\1"), BEGIN_S)[0]
    spoilt = emulator.feed(codec.write(1, TORQUE, b"\1"), BEGIN_S)[0]
    assert [i for i, (a, b) in enumerate(zip(sound, spoilt, strict=True)) if a != b] == [8]


def test_noise_and_an_echo_cost_nothing():
    emulator = motors(fault("noise", id=2), fault("echo"))
    order = codec.sync_read(IDS, POSITION, 4)
    assert asked(emulator, BEGIN_S).startswith(order)
    assert len(asked(emulator, BEGIN_S)) > len(order) + len(asked(motors(), BEGIN_S))
    assert heard(emulator, BEGIN_S) == [1, 2, 3]


def test_one_seed_gives_one_day_and_chances_are_kept():
    def day(seed):
        emulator = motors(fault("dead", chance=0.5), seed=seed)
        return [heard(emulator, BEGIN_S + 0.01 * i) for i in range(100)]

    assert day(7) == day(7)
    assert day(7) != day(8)
    share = sum(map(len, day(7))) / 300
    assert 0.35 < share < 0.65
    assert heard(motors(fault("dead", chance=0.0)), BEGIN_S) == [1, 2, 3]


def torque_on(emulator, at_s):
    emulator.feed(codec.sync_write(TORQUE, dict.fromkeys(IDS, b"\1")), at_s)


@pytest.mark.parametrize(("name", "bits"), [("overload", 0x20), ("overheat", 0x04)])
def test_a_motor_that_protects_itself_lets_go_and_the_others_hold(name, bits):
    emulator = motors(once(name, id=2))
    torque_on(emulator, 1.0)
    emulator.update(BEGIN_S)
    assert [m.torque_on for m in emulator.motors.values()] == [True, False, True]
    assert emulator.motors[2].hardware_error == bits


def test_an_undervoltage_is_told_and_takes_nothing():
    emulator = motors(once("undervoltage", id=2))
    torque_on(emulator, 1.0)
    emulator.update(BEGIN_S)
    assert emulator.motors[2].torque_on
    assert emulator.motors[2].alert


def test_a_reboot_and_a_tripped_watchdog_happen_once():
    emulator = motors(once("reboot", id=1), once("watchdog", id=3))
    torque_on(emulator, 1.0)
    emulator.update(BEGIN_S + 0.5)
    assert [m.torque_on for m in emulator.motors.values()] == [False, True, True]
    assert [m.watchdog_tripped for m in emulator.motors.values()] == [False, False, True]
    torque_on(emulator, BEGIN_S + 0.6)
    emulator.feed(codec.write(3, WATCHDOG, b"\0"), BEGIN_S + 0.6)
    emulator.update(BEGIN_S + 9.0)
    assert [m.torque_on for m in emulator.motors.values()] == [True] * 3
    assert not emulator.motors[3].watchdog_tripped


def test_without_power_all_are_limp_and_silent_and_come_back_as_after_a_reset():
    emulator = motors(fault("power_cut"))
    torque_on(emulator, 1.0)
    emulator.feed(codec.write(1, 112, b"\x64\0\0\0"), 1.0)  # a profile, in RAM
    emulator.update(BEGIN_S)
    assert not any(m.torque_on for m in emulator.motors.values())
    assert heard(emulator, BEGIN_S + 1.0) == []
    assert heard(emulator, BEGIN_S + LASTS_S) == [1, 2, 3]
    assert not any(m.torque_on for m in emulator.motors.values())
    assert emulator.motors[1].value(112) == 0


def come(slave):
    os.set_blocking(slave, False)
    try:
        return os.read(slave, 4096)
    except BlockingIOError:
        return b""


@pytest.mark.parametrize("baud", [None, 1_000_000])
def test_a_late_reply_comes_late_and_what_follows_waits(tmp_path, baud):
    emulator = motors(fault("late", id=2, delay_s=0.5))
    with EmulatorPort(emulator, tmp_path / "motors", baud=baud) as port:
        slave = os.open(tmp_path / "motors", os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(slave, codec.sync_read(IDS, POSITION, 4))
            port.serve(BEGIN_S)
            port.serve(BEGIN_S + 0.49)
            assert [s.motor_id for s in Parser().feed(come(slave))] == [1]
            port.serve(BEGIN_S + 0.51)
            assert [s.motor_id for s in Parser().feed(come(slave))] == [2, 3]
        finally:
            os.close(slave)


def test_a_late_part_holds_the_rest_of_the_common_reply_back(tmp_path):
    emulator, parser = motors(fault("late", id=2, delay_s=0.5)), FastParser(IDS, 4)
    with EmulatorPort(emulator, tmp_path / "motors") as port:
        slave = os.open(tmp_path / "motors", os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(slave, codec.fast_sync_read(IDS, POSITION, 4))
            port.serve(BEGIN_S)
            port.serve(BEGIN_S + 0.49)
            assert [s.motor_id for s in parser.feed(come(slave))] == [1]
            port.serve(BEGIN_S + 0.51)
            assert [s.motor_id for s in parser.feed(come(slave))] == [2, 3]
        finally:
            os.close(slave)


def test_a_stalled_bus_answers_when_it_goes_on(tmp_path):
    emulator = motors(fault("stall"))
    with EmulatorPort(emulator, tmp_path / "motors") as port:
        slave = os.open(tmp_path / "motors", os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(slave, codec.ping(1))
            port.serve(BEGIN_S + 0.1)
            assert come(slave) == b""
            port.serve(BEGIN_S + LASTS_S)
            assert [s.motor_id for s in Parser().feed(come(slave))] == [1]
        finally:
            os.close(slave)


def test_the_adapter_is_out_for_as_long_as_the_file_says():
    emulator = motors(fault("unplug"))
    assert [emulator.unplugged(s) for s in (1.9, 2.0, 4.9, 5.0)] == [False, True, True, False]
