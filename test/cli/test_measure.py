"""`hrc-cell measure stopping`: what it refuses, what it asks, and a joint that is really driven."""

import io
import re

import pytest
import yaml

from hrc_cell.cli import main, stop_drives
from hrc_cell.cli.measure import one_joint, write_table
from hrc_cell.cli.stop_table import Made, keep, missed_rows, part_of
from hrc_cell.cli.variant import variant
from hrc_cell.core.campaign import About, Seen, make_table
from hrc_cell.settings.cell import load_cell, read_table
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
    main.main(["config", "check", str(real)])
    assert "stopping.yaml: declared, not measured" in capsys.readouterr().out
    table = load_cell(real).stopping
    assert not table.measured
    assert [joint.rows[0].time_s for joint in table.joints] == [0.45] * 6


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


def test_joints_wait_beside_until_every_one_is_measured(real, tmp_path):
    """Half a table is never where a cell would read it; one joint is added to what there is."""
    cell = load_cell(real, without_stops=True)
    names = [motor.joint for motor in cell.file.robot.arm]
    about = About(arm="an arm", date="2030-01-01", software="0", simulated=False)

    def table(joints):
        stops = [
            Seen(joint=name, load_kg=0.0, alike="a", speed_radps=2.0, time_s=0.2, angle_rad=0.2)
            for name in joints
        ]
        return make_table(
            stops, about=about, speeds_radps=dict.fromkeys(joints, (2.1,)), loads_kg=(0.0,),
            motion=cell.file.motion, safety=cell.file.safety,
        )  # fmt: skip

    file = tmp_path / "stopping.yaml"
    _, where, missing = keep(file, table(names[:-1]), names, add=False)
    assert (where, missing) == (part_of(file), names[-1:])
    assert not file.exists()
    whole, where, missing = keep(file, table(names[-1:]), names, add=True)
    assert (where, missing) == (file, [])
    assert not part_of(file).exists()
    assert read_table(file) == whole
    assert [joint.joint for joint in whole.joints] == names


@pytest.mark.parametrize("error", ["Missed", "Late"])
def test_a_drive_that_fails_is_noted_and_the_others_go_on(error):
    cell = load_cell(DEFAULT)
    kinds = {"Missed": stop_drives.Missed, "Late": stop_drives.Late}

    class Disturbed:
        """A driver of which one drive, there at the slower speed, never comes off."""

        def begin(self): ...

        def go_to(self, joint, value): ...

        def stop_once(self, drive, window, load_kg):
            if drive.row == 0 and drive.direction > 0:
                raise kinds[error]("disturbed")
            return Seen(joint=drive.name, load_kg=load_kg, alike=drive.alike,
                        speed_radps=drive.speed_radps, time_s=0.2, angle_rad=0.1)  # fmt: skip

    drives = [
        stop_drives.Drive(joint=5, name="joint_6", row=row, speed_radps=v, direction=way,
                          rising=False)
        for row, v in enumerate((1.0, 2.0)) for way in (1, -1)
    ]  # fmt: skip
    made = Made()
    one_joint(Disturbed(), cell, "home", (-1.0, 1.0), drives, 0.0, made)
    assert len(made.seen) + len(made.lost) == 4
    missed = missed_rows(made, {"joint_6": (1.05, 2.1)})
    assert missed == ({("joint_6", 1.05)} if error == "Missed" else
                      {("joint_6", 1.05), ("joint_6", 2.1)})  # fmt: skip
