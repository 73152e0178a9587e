"""One register of one motor, written by name against emulated motors on a real pseudo-terminal."""

import json
import os
import re

import pytest
from emulated import RunningMotors

from hrc_cell.adapters.serial.control_table import Registers, shown, steps
from hrc_cell.adapters.serial.dynamixel_table import MODEL_UNIT, TABLE, entries
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.models import BY_NAME
from hrc_cell.cli.asking import Person
from hrc_cell.cli.main import main

ID, BAUD, DELAY, CURRENT_LIMIT, TORQUE = 7, 8, 9, 38, 64


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0,) * 3, baud=1_000_000) as running:
        yield running


@pytest.fixture
def person(monkeypatch):
    """Return a function that says what the person at the terminal types."""

    def types(text):
        read, write = os.pipe()
        os.write(write, text.encode())
        os.close(write)
        monkeypatch.setattr("hrc_cell.cli.motors_set.Person", lambda: Person(read))

    return types


def find(model, name):
    return Registers(model.name, entries(model)).find(name)


def set_one(motors, *words, motor_id=2):
    return main(["motors", "set", str(motors.link), *words, "--id", str(motor_id)])


def value(motors, motor_id, address):
    with motors.lock:
        return motors.emulator.motors[motor_id].value(address)


def test_a_register_is_written_when_a_person_agrees(motors, person, capsys):
    person("y\n")
    assert set_one(motors, "return-delay-time", "20") == 0
    assert value(motors, 2, DELAY) == 10
    assert value(motors, 1, DELAY) == 250
    said = capsys.readouterr().out
    assert "motor 2: Return Delay Time 500 us -> 20 us" in said
    assert said.endswith("motor 2: Return Delay Time is 20 us\n")


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_nothing_is_written_without_a_yes(motors, person, answer):
    person(answer)
    assert set_one(motors, "Return Delay Time", "20") == 1
    assert value(motors, 2, DELAY) == 250


def test_what_is_so_already_is_not_written_again(motors, person, capsys):
    person("")
    assert set_one(motors, "return_delay_time", "500") == 0
    assert "is 500 us already" in capsys.readouterr().out


def test_the_eeprom_is_not_written_under_torque(motors, capsys):
    with motors.lock:
        motors.emulator.motors[2].write(TORQUE, b"\1")
    assert set_one(motors, "return delay time", "0", "--yes") == 1
    assert "support the arm" in capsys.readouterr().err
    assert value(motors, 2, DELAY) == 250
    assert value(motors, 2, TORQUE) == 1


def test_torque_can_be_taken_and_not_given(motors, capsys):
    with motors.lock:
        motors.emulator.motors[2].write(TORQUE, b"\1")
    assert set_one(motors, "torque enable", "0", "--yes") == 0
    assert "A loaded joint falls" in capsys.readouterr().out
    assert value(motors, 2, TORQUE) == 0
    assert set_one(motors, "torque enable", "1", "--yes") == 2
    assert value(motors, 2, TORQUE) == 0


def test_a_motor_with_a_new_id_is_found_again(motors, capsys):
    assert set_one(motors, "id", "9", "--yes") == 0
    assert capsys.readouterr().out.endswith("motor 9: ID is 9\n")
    assert value(motors, 9, ID) == 9


def test_an_id_that_is_taken_is_refused(motors, capsys):
    assert set_one(motors, "id", "3", "--yes") == 1
    assert "ID 3 is taken" in capsys.readouterr().err
    assert value(motors, 2, ID) == 2


def test_a_motor_at_a_new_rate_is_found_again_and_gone_from_the_old(motors, capsys):
    assert set_one(motors, "baud rate", "57600", "--yes") == 0
    assert "motor 2 at 57600 baud: Baud Rate is 57600 baud" in capsys.readouterr().out
    assert set_one(motors, "--list") == 1
    assert "motor 2 does not answer" in capsys.readouterr().err
    assert set_one(motors, "baud rate", "1000000", "--yes", "--baud", "57600") == 0
    assert set_one(motors, "--list") == 0


def test_currents_are_in_the_models_own_steps(motors):
    assert set_one(motors, "current limit", "1.345", "--yes") == 0
    assert value(motors, 2, CURRENT_LIMIT) == 500


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("return delay time", "600"), "must be a number, 0 to 508 us"),
        (("return delay time", "nan"), "must be a number, 0 to 508 us"),
        (("return delay time", "soon"), "must be a number, 0 to 508 us"),
        (("baud rate", "1000"), "must be one of 9600, 57600"),
        (("operating mode", "flying"), "current, velocity, position"),
        (("goal position", "2000"), "is not written by this command"),
        (("protocol type", "1"), "would leave it mute"),
        (("delay", "1"), "has no register 'delay'; there are Return Delay Time"),
        (("id",), "name a register and a value"),
        (("id", "3", "--list"), "name a register and a value"),
    ],
)
def test_what_may_not_be_written_is_refused_with_what_may(motors, words, said, capsys):
    before = bytes(motors.emulator.motors[2]._table[:120])
    assert set_one(motors, *words, *([] if "--list" in words else ["--yes"])) == 2
    assert said in capsys.readouterr().err
    assert bytes(motors.emulator.motors[2]._table[:120]) == before


def test_a_motor_that_refuses_is_told(motors, capsys):
    assert set_one(motors, "drive mode", "1", "--yes") == 1
    assert "the register may not be written now" in capsys.readouterr().err


class Deaf(Emulator):
    """Motors that take every order and do nothing."""

    def feed(self, data, now_s):
        tables = {motor_id: bytes(motor._table) for motor_id, motor in self.motors.items()}
        replies = super().feed(data, now_s)
        for motor_id, motor in self.motors.items():
            motor._table[:] = tables[motor_id]
        return replies


def test_a_motor_that_does_not_take_it_is_told(tmp_path, capsys):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0,) * 3, emulator=Deaf) as deaf:
        assert set_one(deaf, "return delay time", "20", "--yes") == 1
    assert "is 500 us and did not become 20 us" in capsys.readouterr().err


def test_all_registers_are_listed_with_their_units(motors, capsys):
    assert set_one(motors, "--list", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "XM430-W350"
    assert told["registers"]["Present Input Voltage"]["value"] == "12 V"
    assert told["registers"]["Baud Rate"]["value"] == "1000000 baud"
    assert set_one(motors, "--list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(TABLE)
    assert re.search(r"^  38 Current Limit +3.20917 A +0 to .* A$", "\n".join(lines), re.M)


@pytest.mark.parametrize("name", BY_NAME)
def test_no_two_registers_of_a_model_overlap_and_every_value_comes_back(name):
    end = 0
    for entry in entries(BY_NAME[name]):
        assert entry.address >= end
        end = entry.address + entry.size
        assert entry.step != MODEL_UNIT
        assert find(BY_NAME[name], entry.name.upper().replace(" ", "-")) == entry
        if entry.low is None or entry.choices is not None:
            continue
        for raw in {entry.low, (entry.low + entry.high) // 2, entry.high}:
            assert entry.unpack(entry.pack(raw)) == raw
            assert steps(entry, repr(raw * entry.step)) == raw


def test_a_motor_without_current_has_load_instead():
    names = [entry.name for entry in entries(BY_NAME["XL430-W250"])]
    assert "Present Load" in names
    assert not [name for name in names if "Current" in name]
    modes = find(BY_NAME["XL430-W250"], "operating mode").choices
    assert set(modes.values()) == {"velocity", "position", "extended position", "PWM"}


def test_a_tripped_watchdog_is_told_as_such():
    watchdog = find(BY_NAME["XM430-W350"], "bus watchdog")
    assert (shown(watchdog, 255), shown(watchdog, 5)) == ("tripped", "100 ms")
