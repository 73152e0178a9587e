"""What a watch of motors says of those that answer, and of one that does not."""

import math

import pytest
from emulated import RunningMotors

from hrc_cell.adapters.serial.plan import DYNAMIXEL
from hrc_cell.adapters.serial.scan import scan
from hrc_cell.adapters.serial.workbenches import workbench

CYCLES = 10


@pytest.fixture
def motors(tmp_path):
    with RunningMotors(tmp_path / "motors", start_rad=(0.0, 0.5)) as running:
        yield running


def test_each_lost_reply_is_counted_and_what_was_known_stays(motors):
    found, _ = scan(str(motors.link), 1_000_000)
    with workbench(str(motors.link), 1_000_000, DYNAMIXEL) as bench:
        watch = bench.watch(found)
        assert math.isnan(watch.motors[0].position_rad)
        assert watch.motors[0].torque_on is None
        while not watch.whole:
            watch.cycle()
        before = watch.motors
        with motors.lock:
            motors.emulator.silent.add(2)
        watch.motors = list(before)
        for _ in range(CYCLES):
            watch.cycle()
    assert watch.motors[1].lost == before[1].lost + CYCLES + CYCLES // 2  # every other slow one
    assert watch.motors[1].reply_s == before[1].reply_s
    assert watch.motors[1].position_rad == before[1].position_rad
    assert watch.motors[0].reply_s > before[0].reply_s
    assert watch.motors[0].torque_on is False
