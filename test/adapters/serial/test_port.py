"""Whatever goes wrong with a port is said in words that tell what to do."""

import errno
import os
import threading
import time

import pytest
from emulated import RunningMotors

from hrc_cell.adapters.serial.port import Port, PortLost, explain, wait_for_port


def test_a_port_that_does_not_come_is_named(tmp_path):
    with pytest.raises(PortLost, match=r"does not exist .*sim_cell"):
        wait_for_port(str(tmp_path / "none"), 0.1)
    with pytest.raises(PortLost, match="no such device"):
        Port(str(tmp_path / "none"), 1_000_000)


def test_a_port_is_waited_for(tmp_path):
    maker = threading.Timer(0.1, (tmp_path / "late").touch)
    maker.start()
    wait_for_port(str(tmp_path / "late"), 10.0)
    maker.join()


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "usermod -aG dialout"),
        (errno.ENODEV, "plugged in"),
        (errno.EBUSY, "another program"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_each_refusal_says_what_to_do(number, words):
    error = OSError(number, os.strerror(number))
    assert words in explain("/dev/x", error)
    outer = RuntimeError(os.strerror(number))
    outer.__cause__ = error
    assert words in explain("/dev/x", outer)


def test_a_port_has_one_owner(tmp_path):
    with RunningMotors(tmp_path / "motors") as motors:
        port = Port(str(motors.link), 1_000_000)
        with pytest.raises(PortLost, match="another program has it open"):
            Port(str(motors.link), 1_000_000)
        port.close()
        Port(str(motors.link), 1_000_000).close()


def test_a_port_that_is_pulled_is_lost_and_its_name_is_gone(tmp_path):
    with RunningMotors(tmp_path / "motors") as motors:
        port = Port(str(motors.link), 1_000_000)
        assert port.read(time.monotonic()) == b""
        motors.__exit__()
        with pytest.raises(PortLost, match="is gone"):
            port.read(time.monotonic() + 5.0)
        with pytest.raises(PortLost, match="is gone"):
            port.write(b"x")
        port.close()
        port.close()
        assert not os.path.lexists(motors.link)
