"""Feetech motors on a real pseudo-terminal: scanned, examined and emulated by commands."""

import json
import subprocess
import sys

import pytest
from emulated import JOINTS
from feetech import feetech_motors, feetech_plan

from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.port import wait_for_port
from hrc_cell.cli import motors_doctor
from hrc_cell.cli.main import main

LIMIT_S = 30.0


@pytest.mark.parametrize(
    ("protocol", "model", "volts"),
    [("feetech_sts", "STS3215", 12.0), ("feetech_scs", "SCS0009", 6.0)],
)
def test_a_scan_tells_who_answers_and_how_each_is(tmp_path, capsys, protocol, model, volts):
    link, out = tmp_path / "motors", tmp_path / "found.json"
    with feetech_motors(link, protocol=protocol, start_rad=(0.0,) * 3) as motors:
        with motors.lock:
            motors.emulator.motors[2].fail(0x20)
            motors.emulator.silent.add(3)
        command = ["motors", "scan", str(link), "--protocol", "feetech", "--baud", "1000000"]
        assert main([*command, "--json", str(out)]) == 0
    first, second = json.loads(out.read_text())
    assert first == {
        "baud": 1_000_000, "motor_id": 1, "model": model, "firmware": "3.9",
        "voltage_v": pytest.approx(volts), "temperature_c": 32.0, "torque_on": False,
        "hardware_error": "",
    }  # fmt: skip
    assert (second["motor_id"], second["hardware_error"]) == (2, "overload")
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["1000000", "1", model, "3.9", f"{volts}", "32", "off", "-"]


def test_an_unknown_model_is_told_with_nothing_of_its_registers(tmp_path, capsys):
    with feetech_motors(tmp_path / "motors", start_rad=(0.0,)) as motors:
        motors.emulator.motors[1]._put(3, 1, 99)
        command = ["motors", "scan", str(motors.link), "--protocol", "feetech", "--baud", "1000000"]
        assert main(command) == 0
    assert "Feetech model 99.3" in (said := capsys.readouterr().out)
    assert said.splitlines()[1].split()[-4:] == ["?", "?", "?", "-"]


def test_emulated_motors_serve_whoever_comes_and_take_their_link_away(tmp_path, capsys):
    link = tmp_path / "motors"
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "emulate", "--link", str(link),
               "--ids", "4,8-9", "--model", "STS3215"]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == f"STS3215 4, 8, 9 at {link}; Ctrl-C ends\n"
        scan = ["motors", "scan", str(link), "--protocol", "feetech", "--baud", "1000000"]
        assert main(scan) == 0
        found = capsys.readouterr().out.splitlines()[1:]
        assert [line.split()[1:3] for line in found] == [[i, "STS3215"] for i in "489"]
        child.terminate()
        assert child.wait(LIMIT_S) == 0
        assert not link.is_symlink()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def emulate(link, *words):
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "emulate", "--link", str(link)]
    return subprocess.Popen([*command, *map(str, words)], stdout=subprocess.PIPE)


def test_what_a_file_says_goes_wrong_with_them_does(tmp_path, capsys):
    link, day = tmp_path / "motors", tmp_path / "day.yaml"
    day.write_text("""
seed: 1
faults:
  - {fault: dead, at_s: 0.0, for_s: 1000.0, id: 2}
  - {fault: overheat, at_s: 0.0, id: 3}
  - {fault: flip, at_s: 0.0, for_s: 1000.0, id: 1, field: crc, chance: 0.2}
""")
    child = emulate(link, "--ids", "1-3", "--model", "STS3215", "--faults", day,
                    "--usb-latency-ms", 1)  # fmt: skip
    try:
        wait_for_port(str(link), LIMIT_S)
        scan = ["motors", "scan", str(link), "--protocol", "feetech", "--baud", "1000000"]
        main(scan)
        found = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
        assert [line[1] for line in found] == ["1", "3"]
        assert found[1][-1] == "overheating"
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_what_cannot_go_wrong_with_them_is_refused(tmp_path, capsys):
    command = ["motors", "emulate", "--link", str(tmp_path / "motors"), "--model", "STS3215"]
    day = tmp_path / "day.yaml"
    day.write_text("faults: [{fault: watchdog, at_s: 1.0}]")
    assert main([*command, "--faults", str(day)]) == 2
    assert "fault watchdog: not with STS3215" in capsys.readouterr().err
    assert main([*command, "--motors", "some.yaml"]) == 2
    assert "only DYNAMIXEL motors are emulated by a file" in capsys.readouterr().err


def test_a_rate_that_the_motors_do_not_have_is_refused(tmp_path, capsys):
    command = ["motors", "emulate", "--link", str(tmp_path / "motors"), "--baud"]
    assert main([*command, "2000000", "--model", "STS3215"]) == 2
    assert "2000000 baud is none of 1000000, 500000" in capsys.readouterr().err
    assert main([*command, "500000"]) == 2
    assert "500000 baud is none of 9600" in capsys.readouterr().err


@pytest.mark.parametrize("baud", [500_000, 115_200])
def test_motors_at_another_rate_are_found_there_alone(tmp_path, baud, capsys):
    link = tmp_path / "motors"
    child = emulate(link, "--ids", "2", "--model", "STS3215", "--baud", baud)
    try:
        wait_for_port(str(link), LIMIT_S)
        assert main(["motors", "scan", str(link), "--protocol", "feetech"]) == 0
        found = [line.split()[:2] for line in capsys.readouterr().out.splitlines()[1:]]
        assert found == [[str(baud), "2"]]
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def nothing(emulator):
    """Treat nobody."""


CASES = [
    (lambda e: e.silent.add(2), "joint_2", "wrong", "motor 2 does not answer"),
    (lambda e: e.motors[3].fail(0x04), "joint_3", "wrong", "reports overheating"),
    (lambda e: e.motors[1]._put(15, 1, 125), "joint_1", "wrong", "voltage 12.0 V; 12.5 to 14.0 V"),
    (
        lambda e: e.motors[1]._put(13, 1, 36),
        "joint_1",
        "note",
        "32 degrees Celsius; it gives up at",
    ),
    (lambda e: e.motors[4]._put(18, 1, 8), "joint_4", "wrong", "Phase 8, of which bit 2"),
    (lambda e: e.motors[5]._put(3, 1, 99), "joint_5", "wrong", "motor 5 is Feetech model 99.3"),
]


@pytest.mark.parametrize(("treat", "name", "state", "said"), [(nothing, "", "", ""), *CASES])
def test_the_doctor_tells_what_is_wrong_and_that_there_is_no_watchdog(
    tmp_path, treat, name, state, said
):
    with feetech_motors(tmp_path / "motors") as motors:
        with motors.lock:
            treat(motors.emulator)
        found = list(motors_doctor.examine(feetech_plan(motors.link)))
        assert not any(motors.torque)
    if name:
        assert any(one.name == name and one.state == state and said in one.found for one in found)
    assert "no Bus Watchdog" in next(one.found for one in found if one.name == "watchdog")
    rest = [one for one in found if one.name not in (name, "watchdog", "cycle")]
    assert all(one.state == "ok" for one in rest)
    assert len({one.name for one in found}) == 4 + JOINTS
    assert "the wire carries 309 Hz with goals" in found[-1].found


class Colliding(FeetechEmulator):
    """Two motors with ID 8, which the cell does not name, that answer at once."""

    def feed(self, data, now_s):
        replies = super().feed(data, now_s)
        return [bytes([*r[:4], r[4] ^ 1, *r[5:]]) if r[2] == 8 else r for r in replies]


def test_the_doctor_tells_of_others_on_the_bus_and_of_two_with_one_id(tmp_path):
    start = (0.0,) * (JOINTS + 1)
    with feetech_motors(tmp_path / "one", start_rad=start) as motors:
        found = {one.name: one for one in motors_doctor.examine(feetech_plan(motors.link))}
    assert "which the cell does not name" in found["motor 8"].found
    with feetech_motors(tmp_path / "two", start_rad=start, emulator=Colliding) as motors:
        found = {one.name: one for one in motors_doctor.examine(feetech_plan(motors.link))}
    assert "do two motors have the same ID?" in found["replies"].advice


def test_a_port_that_is_not_there_is_told(tmp_path):
    [found] = motors_doctor.examine(feetech_plan(tmp_path / "none"))
    assert (found.state, found.name) == ("wrong", "port")
