"""`hrc-cell measure stopping`: what it refuses, what it asks, and a joint that is really driven."""

import io
import re

import pytest
import yaml

from hrc_cell.cli import main
from hrc_cell.cli.measure import write_table
from hrc_cell.cli.variant import variant
from hrc_cell.core.campaign import About, Seen, make_table
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.share import share_folder

DEFAULT = share_folder() / "config" / "default"


def run(*words, capsys):
    code = main.main(["measure", "stopping", *map(str, words)])
    return code, *capsys.readouterr()


@pytest.fixture
def real(tmp_path):
    """A real cell that was not measured yet."""
    folder = variant(
        DEFAULT, tmp_path / "real", {"simulated": False, "bus.port": "/dev/ttyNONE", "sim": None}
    )
    (folder / "stopping.yaml").unlink(missing_ok=True)
    return folder


WRONG = [
    (("--pose", "tiptoe"), "--pose tiptoe: no such pose under robot.poses; there are home,"),
    (("--joint", "elbow"), "--joint elbow: no such joint; there are joint_1,"),
    (("--declare",), "--declare is for real cells"),
]


@pytest.mark.parametrize(("words", "said"), WRONG, ids=[w[0][0] for w in WRONG])
def test_what_cannot_be_done_is_refused_before_anything_moves(words, said, capsys):
    code, _, err = run(DEFAULT, *words, capsys=capsys)
    assert code == 2
    assert said in err


def test_a_real_cell_is_not_simulated_and_a_wrong_one_not_measured(real, capsys):
    code, _, err = run(real, "--simulate", capsys=capsys)
    assert code == 2
    assert "this is a real cell" in err
    (real / "zones.yaml").unlink()
    code, _, err = run(real, capsys=capsys)
    assert code == 2
    assert "zones.yaml: (file): does not exist" in err


def test_a_real_cell_begins_with_its_declared_bounds(real, capsys):
    with pytest.raises(CellError, match="hrc-cell measure stopping"):
        load_cell(real)
    code, out, _ = run(real, "--declare", capsys=capsys)
    assert code == 0
    assert "not measured yet" in out
    table = load_cell(real).stopping
    assert not table.measured
    assert [joint.rows[0].time_s for joint in table.joints] == [0.4] * 6


@pytest.mark.req("S1")
@pytest.mark.parametrize("answer", ["", "yes\n", "CLEAR\n"])
def test_a_real_arm_does_not_move_until_a_person_has_said_that_the_room_is_clear(
    real, answer, monkeypatch, capsys
):
    run(real, "--declare", capsys=capsys)
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    code, out, err = run(real, capsys=capsys)
    assert code == 1
    assert "Nobody may be within reach of the arm" in out
    assert "stopped by the operator" in err


def test_a_table_that_was_written_is_read_again_as_it_was(real, tmp_path):
    """Whatever the margins: angles cut off at what speed and time allow, numbers without end."""
    cell = load_cell(real, without_stops=True)
    joints = {motor.joint: (0.3, 2.1) for motor in cell.file.robot.arm}
    stops = [
        Seen(joint=name, load_kg=load, alike="a", speed_radps=v, time_s=v / 7, angle_rad=v * v / 15)
        for name in joints for load in (0.0, 0.25) for v in (0.29, 1.9, 2.03)
    ]  # fmt: skip
    about = About(arm="an arm: of 6 motors", date="2030-01-01", software="0", simulated=False)
    table = make_table(
        stops, about=about, speeds_radps=joints, loads_kg=(0.0, 0.25), motion=cell.file.motion,
        safety=cell.file.safety,
    )  # fmt: skip
    write_table(real / "stopping.yaml", table)
    assert load_cell(real).stopping == table


def test_a_joint_is_driven_and_its_stops_are_measured_and_written(tmp_path, capsys):
    """The simulated cell itself, one joint, without load: cruising and gaining speed, both ways."""
    folder = variant(DEFAULT, tmp_path / "cell", {"robot.payload_max_kg": 0.0})
    out = tmp_path / "stopping.yaml"
    code, told, err = run(
        folder, "--simulate", "--quick", "--joint", "joint_6", "--out", out, capsys=capsys
    )
    assert code == 0, err
    stops = yaml.safe_load(out.read_text()) if out.exists() else None
    assert stops is None  # one joint is no table
    lines = re.findall(r"joint_6 0 kg \((\S+) (\S+) (\S+)\): (\S+) rad/s, (\S+) s, (\S+) rad", told)
    assert len(lines) == 8
    assert {(float(v), way) for v, way, *_ in lines} == {
        (v, way) for v in (1.0, 2.0) for way in ("1", "-1")
    }
    for wanted, _, rising, speed, time_s, angle_rad in lines:
        assert rising == "True" or float(speed) > 0.9 * float(wanted)
        assert 0.05 < float(time_s) < 1.0
        assert 0.0 < float(angle_rad) < float(speed) * float(time_s)
