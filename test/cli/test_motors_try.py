"""A person tries an arm at a real terminal. The motors are EMULATED: no figure is of a real one."""

import json
import shutil

import pytest
from emulated import JOINTS, RunningMotors
from terminal import Terminal

from hrc_cell.cli.main import main
from hrc_cell.settings.share import share_folder

NOTE = "emulated motors"


@pytest.fixture
def cell(tmp_path):
    return shutil.copytree(share_folder() / "config" / "default", tmp_path / "cell")


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0,) * JOINTS) as running:
        yield running


def begin(terminal):
    """Agree to the start; the doctor may find this machine too busy."""
    if terminal.wait("Go on all the same|emergency stop in your hand").group()[0] == "G":
        terminal.type("y")
        terminal.wait("emergency stop in your hand")
    terminal.type("ready")


def test_a_person_agrees_to_each_step_and_has_a_report(cell, motors, tmp_path):
    report = tmp_path / "report.json"
    words = ("motors", "try", cell, "--port", motors.link, "--joint", "joint_2", "--note", NOTE,
             "--report", report)  # fmt: skip
    with Terminal(*words) as terminal:
        terminal.wait("ok +port")
        assert not any(motors.torque)
        begin(terminal)
        terminal.wait("joint_2 goes 0.1 rad out and back")
        assert all(motors.torque)
        assert motors.moved_rad.max() < 0.001
        for step in ("stopped on the way", "falls silent"):
            terminal.type("y")
            terminal.wait(step)
        terminal.type("y")
        terminal.wait("supported = yes")
        assert all(motors.torque)
        terminal.type("supported")
        assert terminal.end() == 0, terminal.shown
    assert not any(motors.torque)
    others = [index for index in range(JOINTS) if index != 1]
    assert max(motors.moved_rad[others]) < 0.005
    told = json.loads(report.read_text())
    assert (told["note"], told["finished"], told["torque_off"]) == (NOTE, True, True)
    assert told["motors"][0]["firmware"] == 45
    assert max(map(abs, told["drift_rad"].values())) < 0.0175
    assert told["steady"]["count"] > 10
    step = told["joints"]["joint_2"]
    assert step["move"]["reached_rad"] == pytest.approx(0.1, abs=0.01)
    assert step["move"]["error_max_rad"] < 0.1
    assert 0.0 <= step["stop"]["time_s"] < 1.0
    assert step["silence"]["tripped"]
    assert step["silence"]["moving_radps"] == 0.0
    assert motors.plant.positions[1] == pytest.approx(0.0, abs=0.01)


def test_what_is_declined_is_left_out_and_an_arm_that_nobody_holds_stays_held(cell, motors):
    words = ("motors", "try", cell, "--port", motors.link, "--joint", "joint_1")
    with Terminal(*words) as terminal:
        begin(terminal)
        for _ in range(3):
            terminal.wait(r"\[y = yes\]")
            terminal.type("no")
        terminal.wait("supported = yes")
        terminal.type("no")
        assert terminal.end() == 0, terminal.shown
    assert all(f"{step}: declined" in terminal.shown for step in ("move", "stop", "silence"))
    assert "The torque stays on" in terminal.shown
    assert all(motors.torque)
    assert motors.moved_rad.max() < 0.005


def test_nothing_is_energised_unless_somebody_is_ready(cell, motors, tmp_path):
    report = tmp_path / "report.json"
    words = ("motors", "try", cell, "--port", motors.link, "--report", report)
    with Terminal(*words) as terminal:
        if terminal.wait("Go on all the same|emergency stop in your hand").group()[0] == "G":
            terminal.type("y")
            terminal.wait("emergency stop in your hand")
        terminal.type("y")
        assert terminal.end() == 1
    assert not any(motors.torque)
    told = json.loads(report.read_text())
    assert (told["finished"], told["ended_by"]) == (False, "not agreed")


def test_a_joint_or_port_that_is_not_there_is_told(cell, tmp_path, capsys):
    words = ["motors", "try", str(cell), "--port", str(tmp_path / "none")]
    assert main([*words, "--joint", "elbow"]) == 2
    assert "no joint 'elbow'" in capsys.readouterr().err
    assert main(words) == 1
    assert "is the adapter plugged in?" in capsys.readouterr().out


def test_a_motor_that_is_ill_ends_it_and_what_was_held_stays_held(cell, motors):
    with motors.lock:
        motors.emulator.motors[1].write(9, b"\0")
        motors.emulator.motors[1].write(64, b"\1")  # held before anybody asked
        motors.emulator.motors[3].fail(0x20)
    words = ("motors", "try", cell, "--port", motors.link)
    with Terminal(*words) as terminal:
        begin(terminal)
        terminal.wait("supported = yes")
        terminal.type("no")
        assert terminal.end() == 1, terminal.shown
    assert "motor 3 reports overload" in terminal.shown
    assert motors.torque == [True] + [False] * 6
    assert motors.moved_rad.max() < 0.001
