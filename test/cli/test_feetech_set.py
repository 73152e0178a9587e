"""One register of one Feetech motor, written by name against emulated ones on a pseudo-terminal."""

import json
import os
import re

import pytest
from feetech import feetech_motors
from terminal import Terminal

from hrc_cell.adapters.serial.control_table import Registers, shown, steps
from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.feetech_registers import BY_NAME
from hrc_cell.adapters.serial.feetech_table import feetech_entries
from hrc_cell.cli.asking import Person
from hrc_cell.cli.main import main

ID, BAUD, DELAY, LEVEL, MAX, OFFSET, TORQUE, ACCELERATION = 5, 6, 7, 8, 11, 31, 40, 41
LOCKS = {"feetech_sts": 55, "feetech_scs": 48}
START_RAD = (0.0,) * 3


@pytest.fixture(params=LOCKS)
def motors(tmp_path, request):
    link = tmp_path / "motors"
    with feetech_motors(
        link, protocol=request.param, start_rad=START_RAD, baud=1_000_000
    ) as running:
        running.lock_address = LOCKS[request.param]
        yield running


@pytest.fixture
def sts(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=START_RAD, baud=1_000_000) as running:
        running.lock_address = LOCKS["feetech_sts"]
        yield running


def set_one(motors, *words, motor_id=2):
    command = ["motors", "set", str(motors.link), *words, "--protocol", "feetech"]
    return main([*command, "--id", str(motor_id)])


def value(motors, motor_id, address):
    with motors.lock:
        return motors.emulator.motors[motor_id].value(address)


def kept(motors, motor_id, address):
    """Return a byte of what a motor has once its power was gone."""
    with motors.lock:
        return motors.emulator.motors[motor_id]._kept[address]


def locked(motors, motor_id=2):
    return value(motors, motor_id, motors.lock_address) == 1


def test_a_register_is_kept_without_power_once_a_person_agrees(motors, monkeypatch, capsys):
    read, write = os.pipe()
    os.write(write, b"y\n")
    os.close(write)
    monkeypatch.setattr("hrc_cell.cli.motors_set.Person", lambda: Person(read))
    assert set_one(motors, "return-delay-time", "20") == 0
    assert (value(motors, 2, DELAY), kept(motors, 2, DELAY)) == (10, 10)
    assert value(motors, 1, DELAY) == 250
    assert locked(motors)
    assert capsys.readouterr().out.splitlines() == [
        "motor 2: Return Delay Time 500 us -> 20 us", "Write it? [y = yes]",
        "motor 2: Return Delay Time is 20 us",
    ]  # fmt: skip


def test_what_is_so_already_is_not_written_again(motors, capsys):
    assert set_one(motors, "max position limit", str(value(motors, 2, MAX))) == 0
    assert "already" in capsys.readouterr().out


def test_the_eeprom_is_not_written_under_torque(motors, capsys):
    with motors.lock:
        motors.emulator.motors[2].write(TORQUE, b"\1")
    assert set_one(motors, "return delay time", "0", "--yes") == 1
    assert "support the arm" in capsys.readouterr().err
    assert (value(motors, 2, DELAY), value(motors, 2, TORQUE)) == (250, 1)
    assert locked(motors)


def test_torque_can_be_taken_and_not_given(motors, capsys):
    with motors.lock:
        motors.emulator.motors[2].write(TORQUE, b"\1")
    assert set_one(motors, "torque enable", "0", "--yes") == 0
    assert "A loaded joint falls" in capsys.readouterr().out
    assert value(motors, 2, TORQUE) == 0
    assert set_one(motors, "torque enable", "1", "--yes") == 2
    assert value(motors, 2, TORQUE) == 0


def test_a_motor_with_a_new_id_is_found_again_and_locked_there(motors, capsys):
    assert set_one(motors, "id", "9", "--yes") == 0
    assert capsys.readouterr().out.endswith("motor 9: ID is 9\n")
    assert (value(motors, 9, ID), kept(motors, 9, ID)) == (9, 9)
    assert locked(motors, 9)


def test_an_id_that_is_taken_is_refused(motors, capsys):
    assert set_one(motors, "id", "3", "--yes") == 1
    assert "ID 3 is taken" in capsys.readouterr().err
    assert value(motors, 2, ID) == 2
    assert locked(motors)


def test_a_motor_at_a_new_rate_is_found_again_locked_and_gone_from_the_old(motors, capsys):
    assert set_one(motors, "baud rate", "115200", "--yes") == 0
    assert "motor 2 at 115200 baud: Baud Rate is 115200 baud" in capsys.readouterr().out
    assert kept(motors, 2, BAUD) == 4
    assert locked(motors)
    assert set_one(motors, "--list") == 1
    assert "motor 2 does not answer" in capsys.readouterr().err
    assert set_one(motors, "baud rate", "1000000", "--yes", "--baud", "115200") == 0
    assert set_one(motors, "--list") == 0


def test_a_motor_asked_in_another_protocol_is_missed_with_a_hint_and_stays_as_it_is(sts, capsys):
    before = bytes(sts.emulator.motors[2]._table)
    assert main(["motors", "set", str(sts.link), "id", "9", "--yes", "--id", "2"]) == 1
    assert "it was asked as dynamixel, see --protocol" in capsys.readouterr().err
    assert bytes(sts.emulator.motors[2]._table) == before


def test_a_person_at_a_terminal_agrees(sts):
    words = ("motors", "set", sts.link, "id", 8, "--id", 3, "--protocol", "feetech")
    for answer, code in (("n", 1), ("y", 0)):
        with Terminal(*words) as terminal:
            terminal.wait(r"motor 3: ID 3 -> 8")
            terminal.wait(r"Write it\? \[y = yes\]")
            assert value(sts, 3, ID) == 3
            terminal.type(answer)
            assert terminal.end() == code, terminal.shown
    assert value(sts, 8, ID) == 8
    assert locked(sts, 8)


def test_a_motor_that_answers_to_no_writing_is_read_back(motors):
    with motors.lock:
        motors.emulator.motors[2]._put(LEVEL, 1, 0)
    assert set_one(motors, "response status level", "1", "--yes") == 0
    assert kept(motors, 2, LEVEL) == 1


def test_a_sign_is_a_bit_of_its_own(sts):
    assert set_one(sts, "homing offset", "-100", "--yes") == 0
    assert value(sts, 2, OFFSET) == 1 << 11 | 100


def test_ram_is_written_without_the_lock_and_said_to_be_lost(sts, capsys):
    assert set_one(sts, "acceleration", "1000", "--yes") == 0
    assert value(sts, 2, ACCELERATION) == 10
    assert "lost without power" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("return delay time", "600"), "must be a number, 0 to 508 us"),
        (("max position limit", "4096"), "must be a number, 0 to 4095 counts"),
        (("baud rate", "1000"), "must be one of 1000000, 500000"),
        (("operating mode", "flying"), "position, velocity, PWM, step"),
        (("goal position", "2000"), "is not written by this command"),
        (("goal velocity", "100"), "in mode velocity it turns"),
        (("phase", "12"), "the maker's tool sets it"),
        (("lock", "0"), "must be a number, 1 to 1"),
        (("delay", "1"), "has no register 'delay'; there are Return Delay Time"),
    ],
)
def test_what_may_not_be_written_is_refused_with_what_may(sts, words, said, capsys):
    before = bytes(sts.emulator.motors[2]._table[:40])
    assert set_one(sts, *words, "--yes") == 2
    assert said in capsys.readouterr().err
    assert bytes(sts.emulator.motors[2]._table[:40]) == before


class Stubborn(FeetechEmulator):
    """Motors that answer every order, and take nothing but Lock."""

    def feed(self, data, now_s):
        before = {i: bytes(motor._table[:40]) for i, motor in self.motors.items()}
        replies = super().feed(data, now_s)
        for i, motor in self.motors.items():
            motor._table[:40] = before[i]
        return replies

    def _renumber(self, register):
        """Keep the IDs too."""


class Pulled(FeetechEmulator):
    """Motor 2's cable is pulled as soon as its Lock is open."""

    def feed(self, data, now_s):
        replies = super().feed(data, now_s)
        if not self.motors[2].value(LOCKS["feetech_sts"]):
            self.silent.add(2)
        return replies


def test_a_motor_that_does_not_take_it_is_told_and_locked_again(tmp_path, capsys):
    link = tmp_path / "motors"
    with feetech_motors(link, start_rad=START_RAD, emulator=Stubborn) as motors:
        motors.lock_address = LOCKS["feetech_sts"]
        assert set_one(motors, "return delay time", "20", "--yes") == 1
        assert "is 500 us and did not become 20 us" in capsys.readouterr().err
        assert locked(motors)
        assert set_one(motors, "id", "9", "--yes") == 1  # it stays where it was
        assert "written and cannot be read back" in capsys.readouterr().err
        assert locked(motors)


def test_a_lock_that_cannot_be_closed_is_told_with_what_to_do(tmp_path, capsys):
    link = tmp_path / "motors"
    with feetech_motors(link, start_rad=START_RAD, emulator=Pulled) as motors:
        assert set_one(motors, "return delay time", "20", "--yes") == 1
        said = capsys.readouterr().err
        assert "motor 2 does not answer" in said
        assert "its Lock may be open: once it answers, `hrc-cell motors set PORT lock 1" in said
        with motors.lock:
            motors.emulator.silent.clear()
            motors.emulator.__class__ = FeetechEmulator
        motors.lock_address = LOCKS["feetech_sts"]
        assert not locked(motors)
        assert set_one(motors, "lock", "1", "--yes") == 0
        assert locked(motors)


def test_an_unknown_model_is_refused(sts, capsys):
    with sts.lock:
        sts.emulator.motors[2]._put(3, 1, 99)
    assert set_one(sts, "--list") == 1
    assert "Feetech model 99.3, whose registers are not known here" in capsys.readouterr().err


def test_all_registers_are_listed_with_their_units(motors, capsys):
    assert set_one(motors, "--list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    kind = BY_NAME[told["model"]]
    assert told["registers"]["Baud Rate"]["value"] == "1000000 baud"
    assert (
        told["registers"]["Model Number"]["steps"] == {"STS3215": 777, "SCS0009": 1284}[kind.name]
    )
    assert told["registers"]["Present Temperature"]["value"] == "32 degC"
    assert set_one(motors, "--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(feetech_entries(kind.table))
    assert re.search(
        r"^  11 Max Position Limit +\d+ counts +0 to \d+ counts$", "\n".join(lines), re.M
    )


@pytest.mark.parametrize("name", BY_NAME)
def test_no_two_registers_of_a_model_overlap_and_every_value_comes_back(name):
    end, entries = 0, feetech_entries(BY_NAME[name].table)
    for entry in entries:
        assert entry.address >= end
        end = entry.address + entry.size
        assert Registers(name, entries).find(entry.name.upper().replace(" ", "-")) == entry
        if entry.low is None or entry.choices is not None:
            continue
        for raw in {entry.low, (entry.low + entry.high) // 2, entry.high}:
            assert entry.unpack(entry.pack(raw)) == raw
            assert steps(entry, repr(raw * entry.step)) == raw


@pytest.mark.parametrize("name", BY_NAME)
def test_the_persons_table_and_the_drivers_stand_at_the_same_places(name):
    table = BY_NAME[name].table
    persons = Registers(name, feetech_entries(table))
    drivers = [register for register in table if hasattr(register, "address")]
    assert len(drivers) >= 3
    for register in drivers:
        entry = persons.find(register.name)
        assert (entry.address, entry.size) == (register.address, register.size)
        assert entry.sign_bit == register.sign_bit
        raw = entry.unpack(table.pack(register, 3 * register.unit))
        assert raw == 3
    assert shown(persons.find("torque enable"), 1) == "1"
