"""A person calibrates an arm of Feetech motors at a real terminal."""

import math

import pytest
from emulated import JOINTS
from feetech import feetech_motors
from terminal import Terminal

from hrc_cell.cli.main import main
from hrc_cell.cli.variant import variant
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.share import share_folder

COUNT_RAD = math.tau / 4096
DEFAULT = share_folder() / "config" / "default"
MIN, MAX, TORQUE, LOCK = 9, 11, 40, 55


@pytest.fixture
def cell(tmp_path):
    return variant(DEFAULT, tmp_path / "cell", {"bus.protocol": "feetech_sts"})


@pytest.fixture
def motors(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=(0.3,) * JOINTS) as running:
        yield running


def show(terminal, motors, index, counts):
    """Bring a joint where the program asks for it, once it asks."""
    terminal.wait("press Enter")
    with motors.lock:
        motors.plant.positions[index] = (counts - 2048) * COUNT_RAD
    terminal.wait(f"{counts} counts")  # the live reading
    terminal.type("")
    terminal.wait(rf"{counts} counts \(spread 0\)")


def test_a_person_calibrates_two_joints_and_has_cell_and_motors_written(cell, motors):
    with motors.lock:
        motors.emulator.motors[2].write(TORQUE, b"\1")  # this one is held
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
        terminal.wait("Write them into the motors")
        terminal.type("y")
        terminal.wait("Write it")
        terminal.type("y")
        assert terminal.end() == 0, terminal.shown
    robot = load_cell(cell).file.robot
    assert robot.arm[1].zero_counts == 2100
    assert (robot.hand.zero_counts, robot.hand.reversed) == (1000, True)
    with motors.lock:
        moved, other = motors.emulator.motors[2], motors.emulator.motors[1]
        assert 1200 < moved.value(MIN) < 2100 < moved.value(MAX) < 3000
        assert moved._kept[MIN : MAX + 2] == moved._table[MIN : MAX + 2]  # without power too
        assert (moved.value(LOCK), other.value(MAX)) == (1, 4095)


def test_nothing_is_let_go_unless_somebody_holds_it(cell, motors):
    with motors.lock:
        motors.emulator.motors[2].write(TORQUE, b"\1")
    with Terminal("motors", "calibrate", cell, "--port", motors.link) as terminal:
        terminal.wait("Is the arm supported")
        terminal.type("no")
        assert terminal.end() == 1
    assert motors.torque[1]


def test_a_missing_motor_is_told(cell, motors, capsys):
    motors.emulator.silent.add(3)
    assert main(["motors", "calibrate", str(cell), "--port", str(motors.link)]) == 1
    assert "motor 3 does not answer" in capsys.readouterr().err
