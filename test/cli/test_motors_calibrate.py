"""A person calibrates an arm at a real terminal: the test turns the shafts and presses Enter."""

import shutil

import pytest
import yaml
from emulated import JOINTS, RunningMotors
from terminal import Terminal

from hrc_cell.adapters.serial.plant import COUNTS_PER_TURN
from hrc_cell.cli.main import main
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.share import share_folder

COUNT_RAD = 2.0 * 3.141592653589793 / COUNTS_PER_TURN
DEFAULT = share_folder() / "config" / "default"


@pytest.fixture
def cell(tmp_path):
    return shutil.copytree(DEFAULT, tmp_path / "cell")


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=(0.3,) * JOINTS) as running:
        yield running


def turn(motors, index, counts):
    """Turn a shaft to a register value."""
    with motors.lock:
        motors.plant.positions[index] = (counts - 2048) * COUNT_RAD


def show(terminal, motors, index, counts):
    """Bring a joint where the program asks for it, once it asks."""
    terminal.wait("press Enter")
    turn(motors, index, counts)
    terminal.wait(f"{counts} counts")  # the live reading
    terminal.type("")
    terminal.wait(rf"{counts} counts \(spread 0\)")


def test_a_person_calibrates_two_joints_and_has_cell_and_motors_written(cell, motors):
    with motors.lock:
        motors.emulator.motors[2].write(64, b"\1")  # this one is held
    before = (cell / "cell.yaml").read_text()
    words = ("motors", "calibrate", cell, "--port", motors.link, "--write", "--limits",
             "--joint", "joint_2", "--joint", "gripper")  # fmt: skip
    with Terminal(*words) as terminal:
        terminal.wait(r"The torque of joint_2 will be switched off.*Is the arm supported\?")
        assert motors.torque[1]
        terminal.type("supported")
        terminal.wait(r"joint_2 \(motor 2\)")
        assert not any(motors.torque)
        for counts in (2100, 1200, 3000):
            show(terminal, motors, 1, counts)
        terminal.wait("zero at 2100 counts, goes from -1.381 to 1.381 rad")
        for counts in (1000, 1200, 500):  # its counts grow the other way
            show(terminal, motors, 6, counts)
        terminal.wait("reversed is true")
        terminal.wait(r"- {joint: joint_2, motor_id: 2, zero_counts: 2100}")
        terminal.wait(r"hand: {joint: gripper, motor_id: 7, reversed: true, zero_counts: 1000}")
        terminal.wait("Write them into the motors")
        terminal.type("y")
        terminal.wait("Write it")
        terminal.type("y")
        assert terminal.end() == 0, terminal.shown
    assert "signed anew" in terminal.shown
    robot = load_cell(cell).file.robot
    assert robot.arm[1].zero_counts == 2100
    assert (robot.hand.zero_counts, robot.hand.reversed) == (1000, True)
    assert robot.arm[0].zero_counts == 2048
    assert (cell / "cell.yaml.1").read_text() == before
    assert (cell / "cell.yaml").read_text().count("#") == before.count("#")
    low, high = (motors.emulator.motors[2].value(address) for address in (52, 48))
    assert 1200 < low < 2100 < high < 3000
    assert motors.emulator.motors[1].value(48) == 4095


def test_a_joint_that_moves_or_is_shown_wrong_is_asked_for_again(cell, motors):
    words = ("motors", "calibrate", cell, "--port", motors.link, "--joint", "joint_1")
    with Terminal(*words) as terminal:
        terminal.wait("Is the arm supported")
        terminal.type("supported")
        terminal.wait("press Enter")
        with motors.lock:
            motors.plant.velocities[0] = 5.0
            motors.plant._acceleration_max[0] = 0.0  # it coasts on
        terminal.type("")
        terminal.wait(r"it moved by \d+ counts.*hold it still")
        with motors.lock:
            motors.plant.velocities[0] = 0.0
        for counts in (2048, 2060, 2055):
            show(terminal, motors, 0, counts)
        terminal.wait("move it to each; once more from zero")
        for counts in (2048, 1000, 3000):
            show(terminal, motors, 0, counts)
        assert terminal.end() == 0, terminal.shown
    assert not (cell / "cell.yaml.1").exists()


@pytest.mark.parametrize("answer", ["y", "no"])
def test_nothing_is_let_go_unless_somebody_holds_it(cell, motors, answer):
    with motors.lock:
        motors.emulator.motors[2].write(64, b"\1")
    with Terminal("motors", "calibrate", cell, "--port", motors.link) as terminal:
        terminal.wait("Is the arm supported")
        terminal.type(answer)
        assert terminal.end() == 1
    assert motors.torque[1]


def test_a_missing_motor_and_a_joint_that_is_not_there_are_told(cell, motors, capsys):
    words = ["motors", "calibrate", str(cell), "--port", str(motors.link)]
    assert main([*words, "--joint", "elbow"]) == 2
    assert "no joint 'elbow'; there are joint_1" in capsys.readouterr().err
    motors.emulator.silent.add(3)
    assert main(words) == 1
    assert "motor 3 does not answer" in capsys.readouterr().err
    assert main(["motors", "calibrate", str(cell)]) == 2
    assert "name a port with --port" in capsys.readouterr().err
    assert yaml.safe_load((cell / "cell.yaml").read_text())["robot"]["arm"][0] == {
        "joint": "joint_1", "motor_id": 1,
    }  # fmt: skip
