"""Motors on a real pseudo-terminal, found and emulated from the command line."""

import json
import subprocess
import sys
import time

import pytest
from emulated import RunningMotors

from hrc_cell.adapters.serial import codec
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.adapters.serial.port import Port, wait_for_port
from hrc_cell.cli.main import main

LIMIT_S = 30.0


class Colliding(Emulator):
    """Two motors with ID 2 that answer at once."""

    def feed(self, data, now_s):
        replies = super().feed(data, now_s)
        return [bytes([*r[:8], r[8] ^ 1, *r[9:]]) if r[4] == 2 else r for r in replies]


def test_a_scan_tells_who_answers_and_how_each_is(tmp_path, capsys):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0,) * 3) as motors:
        with motors.lock:
            motors.emulator.motors[2].fail(0x20)
            motors.emulator.silent.add(3)
        out = tmp_path / "found.json"
        command = ["motors", "scan", str(motors.link), "--baud", "1000000", "--json", str(out)]
        assert main(command) == 0
    first, second = json.loads(out.read_text())
    assert first == {
        "baud": 1_000_000, "motor_id": 1, "model": "XM430-W350", "firmware": 45,
        "voltage_v": 12.0, "temperature_c": 32.0, "torque_on": False, "hardware_error": "",
    }  # fmt: skip
    assert (second["motor_id"], second["hardware_error"]) == (2, "overload")
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["1000000", "1", "XM430-W350", "45", "12.0", "32", "off", "-"]


def test_two_motors_with_one_id_are_told(tmp_path, capsys):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0,) * 3, emulator=Colliding) as motors:
        assert main(["motors", "scan", str(motors.link), "--baud", "1000000"]) == 1
    said = capsys.readouterr()
    assert "1 broken replies: do two motors have the same ID?" in said.err
    assert [line.split()[1] for line in said.out.splitlines()[1:]] == ["1", "3"]


def test_nobody_is_told(tmp_path, capsys):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0,)) as motors:
        motors.emulator.silent.add(1)
        assert main(["motors", "scan", str(motors.link), "--baud", "1000000"]) == 1
    assert " 1000000 baud: nobody" in capsys.readouterr().err


def test_a_port_that_is_not_there_is_told(tmp_path, capsys):
    assert main(["motors", "scan", str(tmp_path / "none")]) == 2
    assert "no such device; is the adapter plugged in?" in capsys.readouterr().err


def test_emulated_motors_serve_whoever_comes_and_take_their_link_away(tmp_path, capsys):
    link = tmp_path / "motors"
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "emulate", "--link", str(link),
               "--ids", "4,8-9", "--model", "XL430-W250", "--baud", "1000000"]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == f"XL430-W250 4, 8, 9 at {link}; Ctrl-C ends\n"
        assert main(["motors", "scan", str(link), "--baud", "1000000"]) == 0
        found = capsys.readouterr().out.splitlines()[1:]
        assert [line.split()[1:3] for line in found] == [[i, "XL430-W250"] for i in "489"]
        child.terminate()
        assert child.wait(LIMIT_S) == 0
        assert not link.exists()
        assert not link.is_symlink()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


@pytest.mark.parametrize("ids", ["", "a", "3-1", "1,1", "253", "1-"])
def test_ids_that_cannot_be_are_refused(ids, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["motors", "emulate", "--link", "motors", "--ids", ids])
    assert ended.value.code == 2
    assert "IDs such as 1-6,9" in (said := capsys.readouterr().err) or "each ID once" in said


def test_an_adapter_pulled_out_leaves_no_port_and_comes_back(tmp_path, capsys):
    link, faults = tmp_path / "motors", tmp_path / "faults.yaml"
    faults.write_text("faults: [{fault: unplug, at_s: 0.5, for_s: 1.0}]\n")
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "emulate", "--link", str(link),
               "--ids", "1", "--faults", str(faults)]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        for there in (True, False, True):
            end_s = time.monotonic() + LIMIT_S
            while link.is_symlink() != there:
                assert time.monotonic() < end_s, f"there: {there}"
                time.sleep(0.005)
        assert main(["motors", "scan", str(link), "--baud", "1000000"]) == 0
        assert "XM430-W350" in capsys.readouterr().out
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_wrong_file_of_faults_is_refused(tmp_path, capsys):
    faults = tmp_path / "faults.yaml"
    faults.write_text("faults: [{fault: unplug, at_s: 0.5}]\n")
    command = ["motors", "emulate", "--link", str(tmp_path / "m"), "--faults", str(faults)]
    assert main(command) == 2
    assert "unplug needs for_s above 0 s" in capsys.readouterr().err


def test_motors_of_a_file_are_emulated(tmp_path, capsys):
    link, file = tmp_path / "motors", tmp_path / "motors.yaml"
    file.write_text("motors: [{id: 4, model: XL430-W250}, {id: 2}, {id: 5}]\n")
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "emulate", "--link", str(link),
               "--motors", str(file), "--baud", "57600", "--usb-latency-ms", "1"]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert child.stdout.readline() == f"XL430-W250 4 at {link}; Ctrl-C ends\n"
        assert child.stdout.readline() == f"XM430-W350 2, 5 at {link}; Ctrl-C ends\n"
        wait_for_port(str(link), LIMIT_S)
        assert main(["motors", "scan", str(link), "--baud", "57600", "--baud", "1000000"]) == 0
        found = [line.split()[:3] for line in capsys.readouterr().out.splitlines()[1:]]
        assert found == [["57600", "2", "XM430-W350"], ["57600", "4", "XL430-W250"],
                         ["57600", "5", "XM430-W350"]]  # fmt: skip
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_an_adapter_that_holds_bytes_back_is_emulated(tmp_path):
    link, held_s = tmp_path / "motors", 0.5
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "emulate", "--link", str(link),
               "--usb-latency-ms", "500"]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        child.stdout.readline()
        wait_for_port(str(link), LIMIT_S)
        port = Port(str(link), 1_000_000)
        began_s = time.monotonic()
        port.write(codec.ping(1))
        assert len(port.read(time.monotonic() + LIMIT_S)) == codec.status_length(3)
        assert time.monotonic() - began_s >= held_s
        port.close()
    finally:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_file_of_motors_stands_alone(tmp_path, capsys):
    command = ["motors", "emulate", "--link", str(tmp_path / "m"), "--motors", "none.yaml"]
    assert main(command) == 2
    assert "none.yaml: (file): does not exist" in capsys.readouterr().err
    assert main([*command, "--ids", "1"]) == 2
    assert "leave out --ids" in capsys.readouterr().err
