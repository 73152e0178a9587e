"""Emulated Feetech motors on a bad day: what the file says goes wrong, that and nothing else."""

import os

import pytest

from hrc_cell.adapters.serial import feetech_codec as codec
from hrc_cell.adapters.serial.emulator import EmulatorPort
from hrc_cell.adapters.serial.faulty_feetech import FaultyFeetech
from hrc_cell.adapters.serial.feetech_codec import Parser
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.settings.bus_faults import FIELDS, ON_BUS, ON_MOTORS, ON_REPLIES, BusFault, BusFaults

IDS = (1, 2, 3)
BEGIN_S, LASTS_S = 2.0, 3.0
POSITION, TORQUE, SPEED = 56, 40, 46
MODELS = ("STS3215", "SCS0009")
SPOILING = ("flip", "drop_byte", "double_byte", "truncate", "wrong_id", "collision", "dead")


def motors(*faults, seed=1, model="STS3215"):
    script = BusFaults(seed=seed, faults=faults)
    made = FaultyFeetech(IDS, FreeMotors([0.0, 0.5, -0.5]), model=model, script=script)
    made.update(0.0)
    return made


def fault(name, **more):
    return BusFault(fault=name, **{"at_s": BEGIN_S, "for_s": LASTS_S, **more})


def once(name, **more):
    return BusFault(fault=name, at_s=BEGIN_S, **more)


def asked(emulator, at_s):
    """Return the bytes that come back when each position is asked for, one after the other."""
    return b"".join(reply for i in IDS for reply in emulator.feed(codec.read(i, POSITION, 2), at_s))


def heard(emulator, at_s):
    """Return the IDs that a driver takes for answers, whatever else came."""
    return [status.motor_id for status in Parser().feed(asked(emulator, at_s), 2)]


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("name", SPOILING)
def test_a_spoilt_reply_costs_its_motor_only_and_only_for_its_time(name, model):
    """A byte of the header said twice is no harm; a broken frame may swallow the next one."""
    for seed in range(20):
        emulator = motors(fault(name, id=2), seed=seed, model=model)
        assert heard(emulator, BEGIN_S - 0.1) == [1, 2, 3]
        for at_s in (BEGIN_S, BEGIN_S + LASTS_S - 0.1):
            kept = [i for i in heard(emulator, at_s) if i in IDS]
            assert kept == [1, 3] or (kept == [1, 2, 3] and name == "double_byte")
        assert heard(emulator, BEGIN_S + LASTS_S) == [1, 2, 3]


@pytest.mark.parametrize("field", FIELDS)
def test_a_bit_is_flipped_where_the_file_says(field):
    sound = asked(motors(), BEGIN_S)
    spoilt = asked(motors(fault("flip", id=1, field=field)), BEGIN_S)
    [at] = [i for i, (a, b) in enumerate(zip(sound, spoilt, strict=True)) if a != b]
    assert bin(sound[at] ^ spoilt[at]).count("1") == 1
    places = {"header": (0, 2), "id": (2, 3), "length": (3, 4), "error": (4, 5), "data": (5, 7),
              "crc": (7, 8)}  # fmt: skip
    low, high = places[field]
    assert low <= at < high


def test_a_flip_in_a_status_without_data_hits_its_error_byte():
    [sound] = motors().feed(codec.ping(1), BEGIN_S)
    [spoilt] = motors(fault("flip", id=1)).feed(codec.ping(1), BEGIN_S)
    assert [i for i, (a, b) in enumerate(zip(sound, spoilt, strict=True)) if a != b] == [4]


def test_noise_and_an_echo_come_before_what_is_sound():
    emulator = motors(fault("noise", id=2), fault("echo"))
    frame = codec.read(2, POSITION, 2)
    [echo, reply] = emulator.feed(frame, BEGIN_S)
    [sound] = motors().feed(frame, BEGIN_S)
    assert echo == frame
    assert reply.endswith(sound) and len(reply) > len(sound)
    parser = Parser()
    parser.reset(frame)
    assert [s.motor_id for s in parser.feed(frame + sound, 2)] == [2]


def test_one_seed_gives_one_day_and_chances_are_kept():
    def day(seed):
        emulator = motors(fault("dead", chance=0.5), seed=seed)
        return [heard(emulator, BEGIN_S + 0.01 * i) for i in range(100)]

    assert day(7) == day(7)
    assert day(7) != day(8)
    assert 0.35 < sum(map(len, day(7))) / 300 < 0.65
    assert heard(motors(fault("dead", chance=0.0)), BEGIN_S) == [1, 2, 3]


def torque_on(emulator, at_s):
    emulator.feed(codec.sync_write(TORQUE, dict.fromkeys(IDS, b"\1")), at_s)


@pytest.mark.parametrize(
    ("name", "bits", "powered"), [("overload", 0x20, True), ("overheat", 0x04, False),
                                  ("undervoltage", 0x01, True)]
)  # fmt: skip
def test_a_motor_reports_and_protects_itself_as_these_do(name, bits, powered):
    emulator = motors(once(name, id=2))
    torque_on(emulator, 1.0)
    emulator.update(BEGIN_S)
    assert [m.hardware_error for m in emulator.motors.values()] == [0, bits, 0]
    assert all(m.torque_on for m in emulator.motors.values())  # the register goes on saying 1
    assert list(emulator.motors[1]._plant.powered) == [True, powered, True]


def test_a_motor_that_begins_anew_has_lost_what_it_held_in_ram_once():
    emulator = motors(once("reboot", id=1))
    torque_on(emulator, 1.0)
    emulator.feed(codec.write(1, SPEED, b"\x64\0"), 1.0)
    emulator.update(BEGIN_S + 0.5)
    assert [m.torque_on for m in emulator.motors.values()] == [False, True, True]
    assert emulator.motors[1].value(SPEED) == 0
    torque_on(emulator, BEGIN_S + 0.6)
    emulator.update(BEGIN_S + 9.0)
    assert all(m.torque_on for m in emulator.motors.values())


def test_without_power_all_are_limp_and_silent_and_come_back_without_torque():
    emulator = motors(fault("power_cut"))
    torque_on(emulator, 1.0)
    emulator.update(BEGIN_S)
    assert not any(m.torque_on for m in emulator.motors.values())
    assert heard(emulator, BEGIN_S + 1.0) == []
    assert heard(emulator, BEGIN_S + LASTS_S) == [1, 2, 3]
    assert not any(m.torque_on for m in emulator.motors.values())


def test_a_fault_that_cannot_happen_to_them_is_refused_by_its_name():
    with pytest.raises(
        ValueError, match="fault watchdog: not with STS3215, they have no Bus Watch"
    ):
        motors(once("watchdog", id=1))


def test_every_other_fault_is_taken():
    for name in {*ON_REPLIES, *ON_BUS, *ON_MOTORS} - {"watchdog"}:
        more = {"delay_s": 0.1} if name == "late" else {}
        motors(once(name, **more) if name in ON_MOTORS else fault(name, **more))


def come(slave):
    os.set_blocking(slave, False)
    try:
        return os.read(slave, 4096)
    except BlockingIOError:
        return b""


@pytest.mark.parametrize("baud", [None, 1_000_000])
def test_a_late_reply_comes_late_and_what_follows_waits(tmp_path, baud):
    emulator = motors(fault("late", id=2, delay_s=0.5), fault("wrong_id", id=3))
    with EmulatorPort(emulator, tmp_path / "motors", baud=baud) as port:
        slave = os.open(tmp_path / "motors", os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(slave, codec.sync_read(IDS, POSITION, 2))
            port.serve(BEGIN_S)
            port.serve(BEGIN_S + 0.49)
            assert [s.motor_id for s in Parser().feed(come(slave), 2)] == [1]
            port.serve(BEGIN_S + 0.51)
            late, foreign = Parser().feed(come(slave), 2)
            assert late.motor_id == 2
            assert foreign.motor_id not in IDS
        finally:
            os.close(slave)
