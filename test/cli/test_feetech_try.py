"""A person tries an arm of Feetech motors at a real terminal. EMULATED: no real figures."""

import json

import pytest
from emulated import JOINTS
from feetech import feetech_motors
from terminal import Terminal

from hrc_cell.cli.variant import variant
from hrc_cell.settings.share import share_folder

DEFAULT = share_folder() / "config" / "default"


@pytest.fixture
def cell(tmp_path):
    # What a machine shared with others may keep a process waiting for is no fault in these stories.
    changes = {"bus.protocol": "feetech_sts", "bus.reply_margin_s": 0.02, "bus.lost_cycles_max": 40}
    return variant(DEFAULT, tmp_path / "cell", changes)


@pytest.fixture
def motors(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=(0.0,) * JOINTS) as running:
        yield running


def begin(terminal):
    """Agree to the start; the doctor may find this machine too busy."""
    if terminal.wait("Go on all the same|emergency stop in your hand").group()[0] == "G":
        terminal.type("y")
        terminal.wait("emergency stop in your hand")
    terminal.type("ready")


def test_a_person_agrees_to_each_step_and_has_a_report_without_a_watchdog(cell, motors, tmp_path):
    report = tmp_path / "report.json"
    words = ("motors", "try", cell, "--port", motors.link, "--joint", "joint_2",
             "--report", report)  # fmt: skip
    with Terminal(*words) as terminal:
        terminal.wait("no Bus Watchdog")
        assert not any(motors.torque)
        begin(terminal)
        terminal.wait("joint_2 goes 0.1 rad out and back")
        assert all(motors.torque)
        assert motors.moved_rad.max() < 0.002
        terminal.type("y")
        terminal.wait("stopped on the way")
        terminal.type("y")
        terminal.wait("supported = yes")
        assert "falls silent" not in terminal.shown
        terminal.type("supported")
        assert terminal.end() == 0, terminal.shown
    assert not any(motors.torque)
    others = [index for index in range(JOINTS) if index != 1]
    assert max(motors.moved_rad[others]) < 0.005
    told = json.loads(report.read_text())
    assert (told["finished"], told["torque_off"]) == (True, True)
    assert told["motors"][0]["model"] == "STS3215"
    assert max(map(abs, told["drift_rad"].values())) < 0.0175
    step = told["joints"]["joint_2"]
    assert step["move"]["reached_rad"] == pytest.approx(0.1, abs=0.01)
    assert 0.0 <= step["stop"]["time_s"] < 1.0
    assert step["silence"].startswith("left out: these motors have no Bus Watchdog")
    assert motors.plant.positions[1] == pytest.approx(0.0, abs=0.01)


def test_a_motor_that_is_ill_ends_it_and_nothing_moves(cell, motors):
    with motors.lock:
        motors.emulator.motors[3].fail(0x04)
    with Terminal("motors", "try", cell, "--port", motors.link) as terminal:
        begin(terminal)
        terminal.wait("supported = yes")
        terminal.type("supported")
        assert terminal.end() == 1, terminal.shown
    assert "motor 3 reports overheating" in terminal.shown
    assert not any(motors.torque)
    assert motors.moved_rad.max() < 0.001


def test_what_is_declined_is_left_out_and_an_arm_that_nobody_holds_stays_held(cell, motors):
    words = ("motors", "try", cell, "--port", motors.link, "--joint", "joint_1")
    with Terminal(*words) as terminal:
        begin(terminal)
        for _ in range(2):
            terminal.wait(r"\[y = yes\]")
            terminal.type("no")
        terminal.wait("supported = yes")
        terminal.type("no")
        assert terminal.end() == 0, terminal.shown
    assert all(f"{step}: declined" in terminal.shown for step in ("move", "stop"))
    assert all(motors.torque)
    assert motors.moved_rad.max() < 0.005
