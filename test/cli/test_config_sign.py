"""`config sign`, `config diff`, and `up` and the nodes of a real cell that was not signed."""

import json
import os
import pty
import shutil
import subprocess
import sys
from datetime import datetime

import pytest
from strategies import DEFAULT_CELL, declared, signed

from hrc_cell.cli import main
from hrc_cell.cli.variant import variant
from hrc_cell.nodes.processes import EXIT_NOT_CONFIGURED, PROCESSES, ros_arguments
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.signature import FILE, standing

REAL = {"simulated": False, "bus.port": "/dev/ttyNONE"}
PATIENCE_S = 120.0


@pytest.fixture
def folder(tmp_path):
    """Return a copy of the default cell."""
    return shutil.copytree(DEFAULT_CELL, tmp_path / "cell")


def run(*words, capsys):
    code = main.main(list(map(str, words)))
    return code, *capsys.readouterr()


def rewrite(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def on_a_terminal(folder, answer):
    """Sign on a real terminal with this answer; return exit code and what was said."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "hrc_cell.cli.main", "config", "sign", str(folder)]
    process = subprocess.Popen(
        [*command, "--name", "B. Person"], stdin=theirs, stdout=subprocess.PIPE, text=True
    )
    os.close(theirs)
    os.write(ours, answer)
    said, _ = process.communicate(timeout=PATIENCE_S)
    os.close(ours)
    return process.returncode, said


# Sign.


def test_a_cell_is_signed_and_says_so_everywhere(folder, capsys):
    words = ["--name", "A. Person", "--role", "safety engineer", "--yes"]
    code, out, _ = run("config", "sign", folder, *words, capsys=capsys)
    assert code == 0
    assert "not signed before" in out
    cell = load_cell(folder)
    stands = standing(cell)
    assert (stands.state, stands.signature.by) == ("signed", "A. Person (safety engineer)")
    assert datetime.fromisoformat(stands.signature.when).tzinfo is not None
    code, out, _ = run("config", "check", folder, capsys=capsys)
    assert code == 0
    assert "signed by A. Person (safety engineer), 2" in out
    code, out, _ = run("config", "check", folder, "--json", capsys=capsys)
    told = json.loads(out)
    assert told["signature"]["state"] == "signed"
    assert told["sha256"] == cell.safety_sha256


def test_before_signing_again_what_changed_is_shown(folder, capsys):
    signed(folder)
    rewrite(folder / "cell.yaml", "intrusion_m: 1.12", "intrusion_m: 1.2")
    code, out, _ = run("config", "sign", folder, "--name", "B", "--yes", capsys=capsys)
    assert code == 0
    assert "changed in one place since signed by A. Person" in out
    assert "cell.yaml: safety.intrusion_m: 1.12 -> 1.2 m" in out
    code, out, _ = run("config", "sign", folder, "--name", "B", "--yes", capsys=capsys)
    assert code == 0
    assert "nothing changed: signed by B" in out


def test_a_cell_with_a_fault_is_not_signed(folder, capsys):
    rewrite(folder / "cell.yaml", "intrusion_m: 1.12", "intrusion_m: -1.0")
    code, _, err = run("config", "sign", folder, "--name", "A", "--yes", capsys=capsys)
    assert code == 2
    assert "safety.intrusion_m = -1.0 m: is out of bounds" in err
    assert not (folder / FILE).exists()


def test_without_a_terminal_signing_needs_yes(folder):
    process = subprocess.run(
        [sys.executable, "-m", "hrc_cell.cli.main", "config", "sign", folder, "--name", "A"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True,
    )  # fmt: skip
    assert process.returncode == 2
    assert "give --yes" in process.stderr
    assert not (folder / FILE).exists()


@pytest.mark.parametrize(
    ("answer", "code", "state"),
    [(b"sign\n", 0, "signed"), (b"yes\n", 1, "unsigned"), (b"\x04", 1, "unsigned")],
)
def test_on_a_terminal_signing_asks_for_its_word(folder, answer, code, state):
    ended, said = on_a_terminal(folder, answer)
    assert (ended, standing(load_cell(folder)).state) == (code, state)
    assert 'type "sign" to sign' in said
    assert "proves nothing to anybody who can write the file" in said


@pytest.mark.parametrize("name", ["", "two\nlines"])
def test_a_name_that_says_nothing_is_refused(folder, name, capsys):
    code, _, err = run("config", "sign", folder, "--name", name, "--yes", capsys=capsys)
    assert code == 2
    assert "name" in err


def test_a_folder_that_cannot_be_written_is_told(folder, capsys):
    (folder / FILE).mkdir()
    code, _, err = run("config", "sign", folder, "--name", "A", "--yes", capsys=capsys)
    assert code == 2
    assert "not signed: " in err
    assert not list(folder.glob(".signature*"))


# Diff.


def test_a_diff_tells_what_changed_since_a_cell_was_signed(folder, capsys):
    code, out, _ = run("config", "diff", folder, capsys=capsys)
    assert (code, out.strip().endswith("not signed")) == (1, True)
    signed(folder)
    assert run("config", "diff", folder, capsys=capsys)[0] == 0
    rewrite(folder / "zones.yaml", "handover_m: [1.3, 0.0]", "handover_m: [1.4, 0.0]")
    code, out, _ = run("config", "diff", folder, "--json", capsys=capsys)
    told = json.loads(out)
    assert code == 1
    assert (told["same"], told["signature"]) == (False, "changed")
    assert told["old"] != told["new"] == load_cell(folder).safety_sha256
    assert told["changes"] == [
        {"file": "zones.yaml", "key": "handover_m", "old": [1.3, 0.0], "new": [1.4, 0.0],
         "unit": "m"},
    ]  # fmt: skip
    code, out, _ = run("config", "diff", folder, capsys=capsys)
    assert (code, "handover_m: [1.3, 0] -> [1.4, 0] m" in out) == (1, True)


def test_a_diff_tells_two_cells_apart(folder, capsys):
    assert run("config", "diff", DEFAULT_CELL, folder, capsys=capsys)[0] == 0
    rewrite(folder / "cell.yaml", "lease_s: 0.1", "lease_s: 0.12")
    code, out, _ = run("config", "diff", "default", folder, "--json", capsys=capsys)
    assert code == 1
    assert [row["key"] for row in json.loads(out)["changes"]] == ["safety.lease_s"]
    code, out, _ = run("config", "diff", "default", folder, capsys=capsys)
    assert "cell.yaml: safety.lease_s: 0.1 -> 0.12 s" in out


def test_a_diff_with_a_cell_that_is_nowhere_ends_with_2(folder, capsys):
    code, _, err = run("config", "diff", folder, "nowhere", capsys=capsys)
    assert (code, "nowhere" in err) == (2, True)


# A real cell that is not as it was signed does not run, whoever starts it.


@pytest.mark.req("S2")
def test_up_refuses_a_real_cell_that_is_not_signed_and_starts_nothing(tmp_path, capsys):
    real, state = declared(variant(DEFAULT_CELL, tmp_path / "real", REAL)), tmp_path / "state"
    code, _, err = run("up", "--cell", real, "--state", state, capsys=capsys)
    assert code == 2
    assert "not signed" in err
    assert "config sign" in err
    signed(real)
    rewrite(real / "cell.yaml", "intrusion_m: 1.12", "intrusion_m: 1.0")
    code, _, err = run("up", "--cell", real, "--state", state, capsys=capsys)
    assert code == 2
    assert "cell.yaml: safety.intrusion_m: 1.12 -> 1 m" in err
    assert not state.exists()


@pytest.mark.req("S2")
@pytest.mark.parametrize("name", [p.name for p in PROCESSES if not p.simulated_only])
def test_a_node_of_a_real_cell_that_is_not_signed_refuses_to_run(name, tmp_path):
    real = declared(variant(DEFAULT_CELL, tmp_path / "real", REAL))
    process = subprocess.run(
        [sys.executable, "-m", f"hrc_cell.nodes.{name}",
         *ros_arguments(cell_folder=str(real), state_dir=str(tmp_path / "state"),
                        namespace=f"unsigned_{os.getpid()}")],
        capture_output=True, text=True, timeout=PATIENCE_S,
        env={**os.environ, "ROS_DOMAIN_ID": str(40 + os.getpid() % 50)},
    )  # fmt: skip
    assert process.returncode == EXIT_NOT_CONFIGURED
    assert "not signed" in process.stderr
    assert f"config sign {real}" in process.stderr
