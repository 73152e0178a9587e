"""The program hrc-cell: its help, its exit codes, and what it checks without ROS."""

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys

import pytest
import yaml

from hrc_cell.cli import doctor, main
from hrc_cell.cli import test as test_command
from hrc_cell.cli.places import cell_folder, state_folder
from hrc_cell.cli.variant import variant
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.share import share_folder

DEFAULT = share_folder() / "config" / "default"


def leaves(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return every command that can be run, by its words."""
    found = {}
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in action.choices.values():
                found |= leaves(child) or {child.prog: child}
    return found


COMMANDS = leaves(main.parser())


def run(*words, capsys) -> tuple[int, str, str]:
    code = main.main(list(map(str, words)))
    return code, *capsys.readouterr()


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_explains_itself_and_gives_an_example_of_itself(words):
    text = COMMANDS[words].format_help()
    assert "example" in text
    assert words in text.partition("example")[2]


def test_the_commands_are_those_that_are_promised():
    assert {words.removeprefix("hrc-cell ") for words in COMMANDS} == {
        "up", "demo", "why", "doctor", "config check", "config sign", "config diff", "config docs",
        "recipe check", "recipe draw",
        "report", "measure stopping", "motors scan", "motors doctor", "motors set",
        "motors monitor", "motors calibrate", "motors reboot", "motors try", "motors emulate",
        "press", "learn", "audit verify", "audit show", "pair", "devices list", "devices remove",
        "tls make", "people add", "people list", "people remove", "people set-pin",
        "people set-role", "test", "bench cell", "bench tracker", "bench safety", "bench latency",
        "bench bus", "bench frames", "bench panel",
        "calc iso13855", "calc ssm", "calc ssm-speed", "calc pfl",
    }  # fmt: skip


def test_help_check_and_doctor_need_nothing_that_only_the_simulation_or_a_bench_needs():
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['rosbags', 'mujoco', 'mcap']))\n"
        "from hrc_cell.cli.main import main\n"
        "assert main(['config', 'check']) == 0\n"
        "assert not {'rclpy', 'scipy'} & set(sys.modules)\n"
        "assert main(['doctor']) == 0\n"
        "assert main(['bench', 'tracker', '--scans', '.']) == 2\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "note  mujoco" in ran.stdout
    assert "pip install rosbags" in ran.stderr


@pytest.mark.parametrize("words", [[], ["nonsense"], ["up", "--nonsense"], ["press"]])
def test_a_wrong_command_line_ends_with_2(words, capsys):
    with pytest.raises(SystemExit) as end:
        main.main(words)
    assert end.value.code == 2
    assert "usage: hrc-cell" in capsys.readouterr().err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_with_130(monkeypatch, number):
    monkeypatch.setattr("hrc_cell.cli.doctor.run", lambda args: signal.raise_signal(number))
    before = signal.getsignal(signal.SIGTERM)
    assert main.main(["doctor"]) == 130
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["demo", "--json", "no/such/folder/x.json"], "its folder no/such/folder does not exist"),
        (["bench", "cell", "--json", "."], "is a folder"),
        (["bench", "cell", "--runs", "0"], "must be a whole number above 0"),
        (["bench", "cell", "--seconds", "nan"], "must be a number of seconds above 0"),
        (["demo", "--scans", "x", "--seconds", "-1"], "must be a number of seconds above 0"),
        (["up", "--port", "99999"], "must be a port, 0 to 65535"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_meant_is_refused_before_anything_starts(words, said, capsys):
    with pytest.raises(SystemExit) as end:
        main.main(words)
    assert end.value.code == 2
    assert said in capsys.readouterr().err


def test_a_reader_who_leaves_is_no_error_of_ours():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-m", "hrc_cell.cli.main", "config", "docs"],
        stdout=write, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.fixture
def wrong_cell(tmp_path):
    """A cell with three things wrong."""
    folder = variant(DEFAULT, tmp_path / "wrong", {"panel.port": 70000, "panel.host": 5})
    file = folder / "cell.yaml"
    data = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**data, "colour": "blue"}))
    return folder


def test_config_check_names_everything_that_is_wrong_at_once(wrong_cell, capsys):
    code, out, _ = run("config", "check", wrong_cell, "--json", capsys=capsys)
    result = json.loads(out)
    assert code == 2
    assert not result["ok"]
    assert {"panel.port", "panel.host", "colour"} <= {p["key"] for p in result["problems"]}
    port = next(p for p in result["problems"] if p["key"] == "panel.port")
    assert port["value"] == 70000
    assert port["file"].endswith("cell.yaml")
    assert port["bound"]
    code, out, _ = run("config", "check", wrong_cell, capsys=capsys)
    assert code == 2
    assert all(key in out for key in ("panel.port", "70000", "panel.host", "colour"))


def test_config_check_finds_nothing_wrong_in_the_default_cell(capsys):
    code, out, _ = run("config", "check", DEFAULT, "--json", capsys=capsys)
    assert code == 0
    told = json.loads(out)
    assert (told["ok"], told["problems"]) == (True, [])
    assert told["sha256"] == load_cell(DEFAULT).safety_sha256
    assert told["signature"] == {"state": "unsigned", "by": "", "when": ""}


def test_config_check_notices_a_description_that_does_not_fit(tmp_path, capsys):
    folder = variant(DEFAULT, tmp_path / "cell", {"robot.description": "arms/none.urdf.xacro"})
    code, out, _ = run("config", "check", folder, "--json", capsys=capsys)
    assert code == 2
    assert [p["value"] for p in json.loads(out)["problems"]] == ["arms/none.urdf.xacro"]


OUTSIDE = [
    ({"sim.room": "nope.xml"}, "sim.room"),
    ({"robot.description": "arms/none.urdf.xacro"}, "robot"),
]


@pytest.mark.parametrize(("change", "key"), OUTSIDE, ids=["room", "description"])
def test_a_cell_that_check_refuses_is_not_started(change, key, tmp_path, capsys):
    folder, state = variant(DEFAULT, tmp_path / "cell", change), tmp_path / "state"
    code, out, _ = run("config", "check", folder, "--json", capsys=capsys)
    assert code == 2
    assert [problem["key"] for problem in json.loads(out)["problems"]] == [key]
    code, _, err = run("up", "--cell", folder, "--state", state, capsys=capsys)
    assert code == 2
    assert "no such file" in err
    assert not state.exists()


def test_a_description_with_a_gap_is_named_and_not_stumbled_over(tmp_path, capsys):
    folder = variant(DEFAULT, tmp_path / "cell", {"robot.description": "arm.urdf.xacro"})
    whole = (share_folder() / "urdf" / "arm.urdf.xacro").read_text()
    broken = whole.replace('type="revolute"', 'kind="revolute"')
    assert broken != whole
    (folder / "arm.urdf.xacro").write_text(broken)
    for path in (share_folder() / "urdf").glob("inertia*"):
        shutil.copy(path, folder)
    code, out, _ = run("config", "check", folder, "--json", capsys=capsys)
    assert code == 2
    assert "'type'" in json.loads(out)["problems"][0]["what"]


def test_up_does_not_start_on_wrong_settings(wrong_cell, tmp_path, capsys):
    state = tmp_path / "state"
    code, _, err = run("up", "--cell", wrong_cell, "--state", state, capsys=capsys)
    assert code == 2
    assert all(key in err for key in ("panel.port", "panel.host", "colour"))
    assert not state.exists()


def test_up_presses_no_button_of_a_real_cell(tmp_path, capsys):
    real = variant(DEFAULT, tmp_path / "real", {"simulated": False, "bus.port": "/dev/ttyNONE"})
    assert run("measure", "stopping", real, "--declare", capsys=capsys)[0] == 0
    code, _, err = run("up", "--cell", real, "--go", "--state", tmp_path / "s", capsys=capsys)
    assert code == 2
    assert "only a simulated cell" in err


def test_a_cell_that_is_nowhere_is_answered_with_those_that_there_are(capsys):
    code, _, err = run("config", "check", "nowhere", capsys=capsys)
    assert code == 2
    assert "'nowhere'" in err
    assert "default" in err
    code, out, _ = run("config", "check", "nowhere", "--json", capsys=capsys)
    assert code == 2
    assert not json.loads(out)["ok"]


def test_a_cell_is_found_by_name_and_by_path(tmp_path):
    assert cell_folder("default") == cell_folder(str(DEFAULT)) == DEFAULT.resolve()


def test_the_state_is_kept_where_the_user_keeps_state(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder("my_cell") == tmp_path / "hrc_cell" / "my_cell"


@pytest.mark.parametrize("what", ["lever", "reset=gently", "=press", "guards", "reset="])
def test_a_control_that_no_box_has_is_refused_before_ros_starts(what, capsys):
    code, _, err = run("press", what, capsys=capsys)
    assert code == 2
    assert "unknown" in err
    assert "enabling_switch: press, hold, through, release" in err


def test_the_doctor_finds_this_machine_fit(capsys):
    code, out, _ = run("doctor", "--json", capsys=capsys)
    result = json.loads(out)
    assert code == 0, out
    assert result["ok"]
    names = {finding["name"] for finding in result["findings"]}
    assert {"python", "rclpy", "hrc_cell_interfaces.msg", "cell", "browser", "disk"} <= names
    code, out, _ = run("doctor", capsys=capsys)
    assert code == 0
    assert "rclpy" in out


def test_the_doctor_says_what_to_do_about_everything_that_is_not_well(
    wrong_cell, monkeypatch, tmp_path, capsys
):
    port = tmp_path / "ttyUSB0"
    port.touch()
    monkeypatch.setattr(doctor.glob, "glob", lambda pattern: [str(port)])
    monkeypatch.setattr(doctor.os, "access", lambda path, mode: False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    code, out, _ = run("doctor", "--cell", wrong_cell, "--json", capsys=capsys)
    ill = {f["name"]: f for f in json.loads(out)["findings"] if f["state"] != "ok"}
    assert code == 1
    assert {"cell", "browser", "serial port"} <= set(ill)
    assert all(finding["advice"] for finding in ill.values())
    assert "usermod" in ill["serial port"]["advice"]


def test_the_doctor_notes_an_address_that_is_taken(tmp_path, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        folder = variant(DEFAULT, tmp_path / "cell", {"panel.port": port})
        _, out, _ = run("doctor", "--cell", folder, "--json", capsys=capsys)
    cell = next(f for f in json.loads(out)["findings"] if f["name"] == "cell")
    assert cell["state"] == "note"
    assert str(port) in cell["found"]


@pytest.mark.parametrize(
    "words", [["-k", "one"], ["--", "-k", "one"], ["test/core", "-k", "one"], ["--help-me"]]
)
def test_all_words_after_test_go_to_pytest(words, monkeypatch):
    called = []

    def remember(command, **options):
        called.append(command)
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(test_command.subprocess, "run", remember)
    assert main.main(["test", *words]) == 0
    expected = words[1:] if words[0] == "--" else words
    assert called == [[sys.executable, "-m", "pytest", *expected]]


def test_one_check_that_fails_fails_the_test_command_and_the_others_still_run(monkeypatch, capsys):
    called = []

    def fail_types(command, **options):
        called.append(command[2])
        return subprocess.CompletedProcess(command, int("mypy" in command))

    monkeypatch.setattr(test_command.subprocess, "run", fail_types)
    monkeypatch.setattr(test_command, "install_debian", lambda: None)
    code, out, _ = run("test", capsys=capsys)
    assert code == 1
    assert called == ["ruff", "ruff", "mypy", *["pytest"] * 4]
    assert out.endswith("failed: types\n")
