"""What the doctor of motors tells of each thing that can be wrong, on a real pseudo-terminal."""

import json

import pytest
from emulated import JOINTS, RunningMotors, plan_for

from hrc_cell.adapters.serial.adapter import latency_timer_ms
from hrc_cell.adapters.serial.emulated_models import KINDS
from hrc_cell.adapters.serial.emulated_motor import EmulatedMotor
from hrc_cell.adapters.serial.emulator import Emulator
from hrc_cell.cli import motors_doctor
from hrc_cell.cli.main import main
from hrc_cell.cli.variant import variant
from hrc_cell.settings.share import share_folder

START = (0.0,) * (JOINTS + 1)  # one more than the cell has


class Odd(Emulator):
    """Motors of which motor 7 limits no current, and motor 6 answers broken when told to."""

    broken = False

    def __init__(self, motor_ids, plant):
        super().__init__(motor_ids, plant)
        self.motors[7] = EmulatedMotor(7, 6, plant, kind=KINDS["XL430-W250"])

    def feed(self, data, now_s):
        replies = super().feed(data, now_s)
        if not self.broken:
            return replies
        return [bytes([*r[:8], r[8] ^ 1, *r[9:]]) if r[4] == 6 else r for r in replies]


@pytest.fixture
def told(tmp_path):
    """Return a function that has motors treated and tells what the doctor finds."""

    def examine(treat, emulator=Emulator):
        with RunningMotors(tmp_path / "motors", start_rad=START, emulator=emulator) as motors:
            with motors.lock:
                treat(motors.emulator)
            return list(motors_doctor.examine(plan_for(motors.link)))

    return examine


def nothing(emulator):
    """Treat nobody."""


def test_sound_motors_are_told_and_one_too_many_is_noted(told):
    found = told(nothing)
    names = [one.name for one in found]
    arm = [f"joint_{i}" for i in range(1, JOINTS)]
    assert names == ["port", "latency timer", *arm, "gripper", "motor 8", "cycle"]
    assert [one.state for one in found[:-1]] == ["ok"] * 9 + ["note"]
    assert "which the cell does not name" in found[-2].found
    said = "the cell asks for 200 Hz, the wire carries 400 Hz with goals and Fast Sync Read"
    assert found[-1].found.endswith(said)


def test_motors_of_which_one_has_no_fast_read_are_read_one_by_one(told):
    found = told(lambda emulator: emulator.motors[4]._put(6, 1, 44))
    assert found[-1].found.endswith("the wire carries 344 Hz with goals and Sync Read")


CASES = [
    ("dead", lambda e: e.silent.add(2), "joint_2", "wrong", "motor 2 does not answer"),
    ("ill", lambda e: e.motors[3].fail(0x04), "joint_3", "wrong", "reports overheating"),
    ("voltage", lambda e: e.motors[1]._put(34, 2, 125), "joint_1", "wrong",
     "motor 1 has 12.0 V, and works with 12.5 to 16.0 V"),
    ("warm", lambda e: e.motors[1]._put(31, 1, 36), "joint_1", "note",
     "temperature 32 degrees Celsius; it gives up at 36"),
    ("starts", lambda e: e.motors[1]._put(60, 1, 1), "joint_1", "wrong", "up with its power"),
    ("reversed", lambda e: e.motors[1]._put(10, 1, 1), "joint_1", "wrong",
     "motor 1 turns the other way round (Drive Mode 1)"),
    ("shifted", lambda e: e.motors[4]._put(20, 4, -512), "joint_4", "wrong",
     "motor 4 tells positions -512 counts off (Homing Offset)"),
    ("model", lambda e: e.motors[5]._put(0, 2, 350), "joint_5", "wrong", "motor 5 is model 350"),
    ("firmware", lambda e: e.motors[6]._put(6, 1, 37), "joint_6", "wrong",
     "firmware 37 of motor 6 has no Bus Watchdog"),
]  # fmt: skip


@pytest.mark.parametrize(("treat", "name", "state", "said"), [c[1:] for c in CASES],
                         ids=[c[0] for c in CASES])  # fmt: skip
def test_each_thing_that_can_be_wrong_is_told(told, treat, name, state, said):
    found = told(treat)
    assert any(one.name == name and one.state == state and said in one.found for one in found)
    others = [one for one in found if one.name not in (name, "motor 8", "cycle")]
    assert {one.state for one in others} == {"ok"}


def test_a_hand_that_limits_no_current_is_told(told):
    found = told(nothing, Odd)
    assert any(one.name == "gripper" and "limits no current" in one.found for one in found)


def test_broken_replies_are_told(told):
    found = told(lambda emulator: setattr(emulator, "broken", True), Odd)
    replies = next(one for one in found if one.name == "replies")
    assert replies.state == "wrong"
    assert "the same ID" in replies.advice


def test_nothing_is_written(told):
    before = {}

    def remember(emulator):
        before.update({i: bytes(motor._table[:120]) for i, motor in emulator.motors.items()})
        told.emulator = emulator

    told(remember)
    assert before == {i: bytes(m._table[:120]) for i, m in told.emulator.motors.items()}


@pytest.mark.parametrize(("text", "ms"), [("16\n", 16), ("1\n", 1), ("?", None), (None, None)])
def test_the_latency_timer_of_an_adapter_is_read(tmp_path, text, ms):
    folder = tmp_path / "bus" / "usb-serial" / "devices" / "ttyUSB0"
    folder.mkdir(parents=True)
    if text is not None:
        (folder / "latency_timer").write_text(text)
    (tmp_path / "ttyUSB0").touch()
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyUSB0")
    assert latency_timer_ms(str(tmp_path / "by-id"), tmp_path) == ms


def test_a_slow_adapter_gets_the_rule_that_mends_it(monkeypatch):
    monkeypatch.setattr(motors_doctor, "latency_timer_ms", lambda port: 16)
    finding = motors_doctor._adapter("/dev/ttyUSB0")
    assert finding.state == "wrong"
    assert 'ATTR{latency_timer}="1"' in finding.advice


def test_a_simulated_cell_needs_a_port(capsys):
    assert main(["motors", "doctor"]) == 2
    assert "name a port with --port" in capsys.readouterr().err


def test_a_port_that_is_not_there_is_found_wrong(tmp_path, capsys):
    assert main(["motors", "doctor", "--port", str(tmp_path / "none"), "--json"]) == 1
    (finding,) = json.loads(capsys.readouterr().out)["findings"]
    assert (finding["name"], finding["state"]) == ("port", "wrong")
    assert "is the adapter plugged in?" in finding["found"]


def test_a_real_cell_is_examined_before_its_stops_are_measured(tmp_path, capsys):
    real = {"simulated": False, "bus.port": str(tmp_path / "none"), "sim": None}
    cell = variant(share_folder() / "config" / "default", tmp_path / "cell", real)
    assert main(["motors", "doctor", str(cell)]) == 1
    assert "is the adapter plugged in?" in capsys.readouterr().out
