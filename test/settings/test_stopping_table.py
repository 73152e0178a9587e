"""stopping.yaml: a table that cannot be true, or does not fit its cell, is refused by name."""

import shutil
from dataclasses import asdict, replace

import pytest
import yaml
from strategies import ROOT, default_cell, stop_row

from hrc_cell.core.campaign import About, declared_table
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.schema import CellError
from hrc_cell.settings.stopping import check_table
from hrc_cell.settings.stopping_table import JointStops, StoppingTable

FILE = default_cell().file
NAMES = [motor.joint for motor in FILE.robot.arm]


def table(*, simulated=True, measured=True):
    """A table that fits the default cell: two speeds, two loads."""
    joints = []
    for name, fastest in zip(NAMES, FILE.motion.velocity_max_radps, strict=True):
        rows = tuple(
            stop_row(round(fastest * part, 6), load, time_s=0.3 * part + 0.1 * load,
                     angle_rad=fastest * part * (0.15 * part + 0.1 * load),
                     stops=3 if measured else 0)
            for part in (0.5, 1.05) for load in (0.0, 0.25)
        )  # fmt: skip
        joints.append(JointStops(joint=name, rows=rows))
    return StoppingTable(
        arm="an arm", date="2030-01-01", software="0", simulated=simulated, measured=measured,
        joints=tuple(joints),
    )  # fmt: skip


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, tuple | list) else value


@pytest.fixture
def folder(tmp_path):
    made = shutil.copytree(ROOT / "config" / "default", tmp_path / "cell")
    write(made, plain(asdict(table())))
    return made


def write(folder, data):
    (folder / "stopping.yaml").write_text(yaml.safe_dump(data))


def change(folder, **changes):
    data = yaml.safe_load((folder / "cell.yaml").read_text())
    for key, value in changes.items():
        *way, last = key.split("__")
        at = data
        for part in way:
            at = at[part]
        at[last] = value
    (folder / "cell.yaml").write_text(yaml.safe_dump(data))


def problems(folder):
    with pytest.raises(CellError) as caught:
        load_cell(folder)
    return [str(problem) for problem in caught.value.problems]


def test_a_table_joins_the_cell_and_its_hash(folder):
    cell = load_cell(folder)
    assert cell.stopping == table()
    with_table = cell.safety_sha256
    data = plain(asdict(table()))
    data["joints"][0]["rows"][3]["time_s"] += 0.001
    write(folder, data)
    assert load_cell(folder).safety_sha256 != with_table
    (folder / "stopping.yaml").unlink()
    assert load_cell(folder).stopping is None
    assert load_cell(folder).safety_sha256 != with_table


def test_a_cell_can_be_loaded_as_if_it_had_no_table(folder):
    (folder / "stopping.yaml").write_text("nonsense: [")
    assert load_cell(folder, without_stops=True).stopping is None
    (said,) = problems(folder)
    assert "stopping.yaml: (file): cannot be read" in said


def real(folder):
    change(folder, simulated=False, bus__port="/dev/serial/by-id/adapter", sim=None)


@pytest.mark.req("S2")
def test_a_real_cell_needs_a_table_that_was_not_measured_in_simulation(folder):
    real(folder)
    (said,) = problems(folder)
    assert "stopping.yaml: simulated = True: measured in simulation, this is a real cell" in said
    write(folder, plain(asdict(table(simulated=False))))
    assert load_cell(folder).stopping is not None
    (folder / "stopping.yaml").unlink()
    (said,) = problems(folder)
    assert said == (
        f"{folder / 'stopping.yaml'}: (file): does not exist, and a real cell needs it: "
        "run `hrc-cell measure stopping`"
    )


def test_the_declared_bounds_do_for_a_real_cell_until_it_is_measured_and_for_no_other(folder):
    about = About(arm="an arm", date="2030-01-01", software="0", simulated=False)
    declared = declared_table(
        NAMES, about=about, payload_max_kg=0.25, motion=FILE.motion, safety=FILE.safety
    )
    real(folder)
    write(folder, plain(asdict(declared)))
    assert not load_cell(folder).stopping.measured
    write(folder, plain(asdict(replace(declared, simulated=True))))
    told = problems(folder)
    assert any("measured = False: a simulated arm can be measured at once" in one for one in told)


CHANGES = [
    ("a row that is not there", lambda d: d["joints"][1]["rows"].pop(1),
     "joints[1]: joint_2: no row with speed_radps = 0.6 rad/s and load_kg = 0.25 kg"),
    ("a row twice", lambda d: d["joints"][1]["rows"].append(d["joints"][1]["rows"][0]),
     "joints[1]: joint_2: two rows have the same speed_radps and load_kg"),
    ("no rows", lambda d: d["joints"][1].update(rows=[]), "joints[1]: joint_2 has no rows"),
    ("a joint missing", lambda d: d["joints"].pop(2), "joints: joint_3 is missing"),
    ("a joint twice", lambda d: d["joints"].append(d["joints"][0]),
     "joint joint_1 stands more than once"),
    ("a strange joint", lambda d: d["joints"].append({**d["joints"][0], "joint": "elbow"}),
     "joints[6].joint = 'elbow': is no joint of robot.arm"),
    ("a time that falls with speed", lambda d: row(d, 2, time_s=0.149, time_greatest_s=0.1,
                                                   angle_rad=0.11, angle_greatest_rad=0.1),
     "joint_1: time_s = 0.149 at 1.26 rad/s, 0 kg is below the 0.15 at 0.6 rad/s, 0 kg"),
    ("a time that falls with load", lambda d: row(d, 1, time_s=0.149, time_greatest_s=0.1),
     "joint_1: time_s = 0.149 at 0.6 rad/s, 0.25 kg is below the 0.15 at 0.6 rad/s, 0 kg"),
    ("an angle that falls", lambda d: row(d, 1, angle_rad=0.04, angle_greatest_rad=0.04),
     "joint_1: angle_rad = 0.04 at 0.6 rad/s, 0.25 kg is below the 0.045 at 0.6 rad/s, 0 kg"),
    ("less than was seen", lambda d: row(d, 0, time_greatest_s=0.16),
     "joints[0].rows[0]: time_s = 0.15 s is below time_greatest_s = 0.16 s"),
    ("less than was run", lambda d: row(d, 0, angle_greatest_rad=0.05),
     "joints[0].rows[0]: angle_rad = 0.045 rad is below angle_greatest_rad = 0.05 rad"),
    ("farther than the speed gives", lambda d: row(d, 0, angle_rad=0.1),
     "angle_rad = 0.1 rad is more than speed_radps = 0.6 rad/s gives within time_s = 0.15 s"),
    ("faster than driven", lambda d: row(d, 0, driven_radps=0.5),
     "speed_radps = 0.6 rad/s is more than 1.15 of driven_radps = 0.5 rad/s"),
    ("no stops", lambda d: row(d, 0, stops=0), "joint_1: stops = 0 does not fit measured: true"),
    ("stops that were none", lambda d: d.update(measured=False),
     "joint_1: stops = 3 does not fit measured: false"),
    ("other loads", lambda d: [r.update(load_kg=r["load_kg"] * 2) for r in d["joints"][3]["rows"]],
     "joints differ in load_kg"),
    ("a time beyond the bound", lambda d: row(d, 3, time_s=0.46),
     "joints[0].rows[3].time_s = 0.46: s is more than safety.stopping_time_s = 0.45 s"),
    ("a way beyond the bound", lambda d: row(d, 3, time_s=0.45, angle_rad=0.38),
     "joints[0].rows[3].angle_rad = 0.38: rad from 1.26 rad/s is more than the 0.378 rad"),
    ("no number", lambda d: row(d, 0, time_s=".nan"), "rows[0].time_s"),
    ("an unknown key", lambda d: row(d, 0, colour=1), "rows[0].colour: is not a key"),
    ("a date that is none", lambda d: d.update(date="today"), "date = 'today': must match"),
]  # fmt: skip


def row(data, at, **values):
    data["joints"][0]["rows"][at].update(values)


@pytest.mark.req("S2")
@pytest.mark.parametrize(("act", "said"), [c[1:] for c in CHANGES], ids=[c[0] for c in CHANGES])
def test_a_table_that_cannot_be_true_is_refused_with_its_place(folder, act, said):
    data = plain(asdict(table()))
    act(data)
    write(folder, data)
    told = problems(folder)
    assert any(said in one for one in told), told
    assert all(one.startswith(str(folder / "stopping.yaml")) for one in told)


@pytest.mark.req("S2")
def test_the_rows_cover_the_fastest_plan_and_the_heaviest_load(folder):
    change(folder, robot__payload_max_kg=0.26)
    told = problems(folder)
    assert len(told) == 6
    assert "joints[0].rows = 0.25: kg is the heaviest load of joint_1" in told[0]
    change(folder, robot__payload_max_kg=0.25)
    change(folder, motion__velocity_max_radps=[1.2, 1.2, 1.58, 2.0, 2.0, 2.0],
           motion__stop_deceleration_radps2=[5.0, 5.0, 7.0, 10.0, 10.0, 10.0])  # fmt: skip
    (said,) = problems(folder)
    assert "joints[2].rows = 1.575: rad/s is the fastest row of joint_3" in said


def test_a_table_at_the_very_bounds_fits():
    joints = tuple(
        replace(joint, rows=tuple(
            replace(r, time_s=0.45, angle_rad=r.speed_radps * 0.3) for r in joint.rows
        ))
        for joint in table().joints
    )  # fmt: skip
    assert list(check_table(
        replace(table(), joints=joints), simulated=True, robot=FILE.robot, motion=FILE.motion,
        safety=FILE.safety,
    )) == []  # fmt: skip
