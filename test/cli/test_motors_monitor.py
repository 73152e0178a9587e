"""Motors watched from the command line: on their bus, and by the topic of a running cell."""

import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from emulated import RunningMotors

from hrc_cell.adapters.serial.adapter import holders
from hrc_cell.adapters.serial.port import Port
from hrc_cell.cli.main import main
from hrc_cell.cli.variant import variant
from hrc_cell.settings.share import share_folder

LIMIT_S = 60.0
DEFAULT = share_folder() / "config" / "default"


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0, 0.5, -0.5)) as running:
        yield running


def table(motors):
    with motors.lock:
        return [bytes(motor._table[:120]) for motor in motors.emulator.motors.values()]


def test_each_motor_is_told_with_what_it_measures_and_nothing_is_written(motors, capsys):
    with motors.lock:
        motors.emulator.motors[2].write(64, b"\1")
        motors.emulator.motors[3].fail(0x04)
        motors.emulator.motors[3]._measure(0.0)
    before = table(motors)
    assert main(["motors", "monitor", str(motors.link), "--once", "--json", "--period", "0.1"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["rate_hz"] > 0.0
    first, second, third = told["motors"]
    assert first["name"] == "XM430-W350"
    assert (first["torque_on"], second["torque_on"]) == (False, True)
    assert second["position_rad"] == pytest.approx(0.5, abs=2e-3)
    assert (third["hardware_error"], third["voltage_v"], third["temperature_c"]) == (4, 12.0, 32.0)
    assert [motor["lost"] for motor in told["motors"]] == [0, 0, 0]
    assert 0.0 <= first["age_s"] < LIMIT_S
    assert table(motors) == before


def test_one_table_is_printed_when_one_is_asked_for(motors, capsys):
    assert main(["motors", "monitor", str(motors.link), "--once", "--period", "0.1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.search(r"motors at 1000000 baud; \d+ cycles/s", lines[0])
    assert len(lines) == 5
    assert lines[3].split()[:3] == ["2", "XM430-W350", "0.5001"]


def test_a_motor_that_falls_silent_grows_old_and_counts_its_losses(motors, capsys):
    from hrc_cell.cli.motors_monitor import _bus

    looks = _bus(str(motors.link), 1_000_000, None, 0.1)
    sound = next(looks)
    with motors.lock:
        motors.emulator.silent.add(2)
    next(looks)
    ill = next(looks)
    looks.close()
    ages_s = [[look.now_s - motor.reply_s for motor in look.motors] for look in (sound, ill)]
    assert ill.motors[1].lost > 0
    assert ill.motors[1].position_rad == sound.motors[1].position_rad
    assert ages_s[1][1] > 0.1
    assert ill.motors[0].lost == 0


def test_a_port_that_somebody_has_open_is_told_with_who(motors, capsys):
    port = Port(str(motors.link), 1_000_000)
    try:
        assert main(["motors", "monitor", str(motors.link), "--once"]) == 1
    finally:
        port.close()
    said = capsys.readouterr().err
    assert "is open elsewhere: " in said
    assert f"{os.getpid()} (" in said


def test_who_has_a_device_open_is_read_from_the_system(tmp_path):
    for pid, target in (("12", "tty1"), ("7", "tty2")):
        (tmp_path / pid / "fd").mkdir(parents=True)
        (tmp_path / target).touch()
        (tmp_path / pid / "fd" / "3").symlink_to(tmp_path / target)
        (tmp_path / pid / "cmdline").write_bytes(b"screen\0tty\0")
    assert holders(str(tmp_path / "tty1"), tmp_path) == ["12 (screen tty)"]


def test_nobody_and_no_port_are_told(motors, tmp_path, capsys):
    with motors.lock:
        motors.emulator.silent.update((1, 2, 3))
    assert main(["motors", "monitor", str(motors.link), "--once"]) == 1
    assert "no motor that is known here answers" in capsys.readouterr().err
    assert main(["motors", "monitor", str(tmp_path / "none")]) == 1
    assert "is the adapter plugged in?" in capsys.readouterr().err
    assert main(["motors", "monitor", "no_such_cell"]) == 2
    assert "no cell 'no_such_cell'" in capsys.readouterr().err


@pytest.mark.parametrize("tty", [True, False])
def test_it_goes_on_until_interrupted_and_leaves_the_terminal_as_it_was(motors, tty):
    master, slave = os.openpty()
    read, write = (master, slave) if tty else os.pipe()
    command = [sys.executable, "-m", "hrc_cell.cli.main", "motors", "monitor", str(motors.link),
               "--period", "0.1"]  # fmt: skip
    child = subprocess.Popen(command, stdout=write)
    shown = ""
    try:
        pattern = r"(cycles/s.*){3}"
        end_s = time.monotonic() + LIMIT_S
        while not re.search(pattern, shown, re.S):
            assert select.select([read], [], [], end_s - time.monotonic())[0], shown
            shown += os.read(read, 4096).decode()
        child.send_signal(signal.SIGINT)
        assert child.wait(LIMIT_S) == 0
        while select.select([read], [], [], 0.0)[0]:
            shown += os.read(read, 65536).decode()
    finally:
        child.kill()
        child.wait()
        for fd in {master, slave, read, write}:
            os.close(fd)
    if tty:
        assert shown.startswith("\x1b[?1049h\x1b[?25l")
        assert shown.endswith("\x1b[?25h\x1b[?1049l")
    else:
        assert "\x1b" not in shown
        assert len(shown.splitlines()) >= 3


def test_a_cell_that_does_not_run_has_its_port_read(motors, tmp_path, capsys):
    cell = variant(DEFAULT, tmp_path / "cell", {"bus.port": str(motors.link), "simulated": False})
    words = ["motors", "monitor", str(cell), "--once", "--json", "--namespace", "nobody_here"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "no running cell heard; reading" in said.err
    assert len(json.loads(said.out)["motors"]) == 3


def test_a_simulated_cell_that_does_not_run_is_told(tmp_path, capsys):
    cell = shutil.copytree(DEFAULT, tmp_path / "cell")
    assert main(["motors", "monitor", str(cell), "--namespace", "nobody_here"]) == 1
    assert "does it run?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("protocol", "words"), [("dynamixel", "encoder"), ("feetech_sts", "current")]
)
def test_a_running_cell_is_watched_by_what_it_tells(tmp_path, capsys, protocol, words):
    import rclpy
    from hrc_cell_interfaces.msg import MotorState, MotorStates

    from hrc_cell.nodes.base import NEWEST

    context = rclpy.Context()
    rclpy.init(context=context)
    node = rclpy.create_node("motor_bus", context=context, namespace="watched_cell")
    publisher = node.create_publisher(MotorStates, "motor_states", NEWEST)
    ended = threading.Event()

    def tell():
        cycle = 0
        while not ended.wait(0.02):
            cycle += 4
            now = node.get_clock().now().to_msg()
            motor = MotorState(joint="joint_1", id=1, stamp=now, position_rad=0.25,
                               current_a=float("nan"), torque_on=True,
                               hardware_error=8)  # fmt: skip
            message = MotorStates(cycle=cycle, motors=[motor], gate_reason="rejoin")
            message.header.stamp = now
            publisher.publish(message)

    thread = threading.Thread(target=tell)
    thread.start()
    try:
        cell = variant(DEFAULT, tmp_path / "cell", {"bus.protocol": protocol})
        command = ["motors", "monitor", str(cell), "--once", "--json"]
        assert main([*command, "--namespace", "watched_cell"]) == 0
    finally:
        ended.set()
        thread.join()
        node.destroy_node()
        rclpy.shutdown(context=context)
    told = json.loads(capsys.readouterr().out)
    (motor,) = told["motors"]
    assert (motor["name"], motor["position_rad"], motor["torque_on"]) == ("joint_1", 0.25, True)
    assert (motor["current_a"], motor["load_ratio"], motor["lost"]) == (None, None, None)
    assert (motor["hardware_error"], motor["error"]) == (8, words)
    assert "gate: rejoin" in told["note"]
    assert told["rate_hz"] > 0.0
