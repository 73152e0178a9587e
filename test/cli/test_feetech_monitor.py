"""Feetech motors watched from the command line, on their bus."""

import json
import re

import pytest
from feetech import feetech_motors

from hrc_cell.adapters.serial.scan import BAUDS
from hrc_cell.adapters.serial.workbenches import seek, workbench
from hrc_cell.cli.main import main
from hrc_cell.cli.variant import variant
from hrc_cell.settings.share import share_folder

DEFAULT = share_folder() / "config" / "default"
BAUD = 1_000_000
START_RAD = (0.0, 0.5, -0.5)
TOLD = {
    "feetech_sts": {"name": "STS3215", "voltage_v": 12.0, "load_ratio": 0.0, "current_a": 0.0},
    "feetech_scs": {"name": "SCS0009", "voltage_v": 6.0, "load_ratio": 0.0, "current_a": None},
}


def tables(motors):
    with motors.lock:
        return [bytes(motor._table) for motor in motors.emulator.motors.values()]


@pytest.mark.parametrize("protocol", TOLD)
def test_they_are_found_and_told_with_what_they_measure_and_nothing_is_written(
    tmp_path, capsys, protocol
):
    with feetech_motors(tmp_path / "motors", protocol=protocol, start_rad=START_RAD) as motors:
        with motors.lock:
            motors.emulator.motors[2].write(42, motors.emulator.motors[2].read(56, 2))
            motors.emulator.motors[3].fail(0x24)
            motors.emulator.motors[3]._measure()
        before = tables(motors)
        words = ["motors", "monitor", str(motors.link), "--once", "--json", "--period", "0.1"]
        assert main(words) == 0
        told = json.loads(capsys.readouterr().out)
        assert [table[:40] for table in tables(motors)] == [table[:40] for table in before]
    assert told["rate_hz"] > 0.0
    first, second, third = told["motors"]
    assert {key: first[key] for key in TOLD[protocol]} == TOLD[protocol]
    assert [m["torque_on"] for m in (first, second)] == [False, True]
    assert second["position_rad"] == pytest.approx(0.5, abs=0.01)
    assert (third["hardware_error"], third["error"]) == (0x24, "overheating, overload")
    assert [motor["lost"] for motor in told["motors"]] == [0, 0, 0]


def test_what_a_family_does_not_tell_is_shown_as_unknown(tmp_path, capsys):
    with feetech_motors(tmp_path / "motors", protocol="feetech_scs", start_rad=START_RAD) as motors:
        words = ["motors", "monitor", str(motors.link), "--once", "--protocol", "feetech"]
        assert main([*words, "--period", "0.1"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()[1:]
    columns = dict(zip(head.split(), rows[1].split(), strict=False))
    assert (columns["ID"], columns["name"], columns["A"]) == ("2", "SCS0009", "?")
    assert columns["load"] == "0.0%"


def test_the_others_are_told_while_one_is_silent(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=START_RAD) as motors:
        _, found = seek(str(motors.link), BAUD, "feetech")
        with workbench(str(motors.link), BAUD, "feetech") as bench:
            watch = bench.watch(found)
            watch.cycle()
            before = list(watch.motors)
            with motors.lock:
                motors.emulator.silent.add(2)
            for _ in range(4):
                watch.cycle()
    assert [motor.lost for motor in watch.motors] == [0, 4, 0]
    assert watch.motors[1].reply_s == before[1].reply_s
    assert watch.motors[0].reply_s > before[0].reply_s


def test_a_sample_that_cannot_be_is_lost(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=START_RAD) as motors:
        _, found = seek(str(motors.link), BAUD, "feetech")
        with workbench(str(motors.link), BAUD, "feetech") as bench:
            watch = bench.watch(found)
            with motors.lock:
                motors.emulator.motors[3]._kind = motors.emulator.motors[3]._kind._replace(volts=1)
            watch.cycle()
    assert [motor.lost for motor in watch.motors] == [0, 0, 1]
    assert watch.motors[2].torque_on is None


def test_a_stopped_cell_of_theirs_has_its_port_read(tmp_path, capsys):
    with feetech_motors(tmp_path / "motors") as motors:
        changes = {"bus.port": str(motors.link), "bus.protocol": "feetech_sts", "simulated": False}
        cell = variant(DEFAULT, tmp_path / "cell", changes)
        assert main(["motors", "monitor", str(cell), "--namespace", "nobody_here", "--once"]) == 0
    said = capsys.readouterr()
    assert "no running cell heard; reading" in said.err
    assert len(re.findall("STS3215", said.out)) == 7


def test_whoever_is_asked_in_the_wrong_way_says_nothing_and_stays_as_it_is(tmp_path):
    with feetech_motors(tmp_path / "motors", start_rad=START_RAD) as motors:
        before = tables(motors)
        assert seek(str(motors.link), BAUDS[0], "dynamixel") == ("dynamixel", [])
        assert tables(motors) == before
