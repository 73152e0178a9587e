"""A planner of somebody else's moves the arm of the simulated cell, and a person comes near."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from builtin_interfaces.msg import Duration
from hrc_cell_interfaces.msg import MotionPermit, MotionProgress
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from hrc_cell.cli.story import FAR, NEAR, walk
from hrc_cell.cli.supervisor import Supervisor
from hrc_cell.cli.truth import moving
from hrc_cell.cli.variant import variant
from hrc_cell.cli.witness import Witness
from hrc_cell.settings.share import share_folder

PAGE = Path(__file__).parents[2] / "docs" / "planner.md"
TOPICS = ("motion_permit", "sim/truth", "motion_progress", "joint_states", "events")
PATIENT = {
    "safety.lease_s": 0.2, "safety.reaction_time_s": 0.6, "safety.joints_timeout_s": 0.5,
    "safety.node_timeout_s": 2.0, "bus.watchdog_s": 0.5, "bus.lost_cycles_max": 40,
    "bus.reply_margin_s": 0.02,
}  # fmt: skip
"""What a machine shared with others may keep a process waiting for is no fault in these stories."""
STANDING = {
    "behaviour": "scripted", "path_m": [list(FAR)], "speed_mps": 1.4, "pause_s": 1.0,
    "height_m": 1.7,
}  # fmt: skip


@pytest.fixture(scope="module")
def cell(tmp_path_factory):
    """A cell without a task; a person stands far away."""
    scratch = tmp_path_factory.mktemp("cell")
    changes = {"task.autorun": False, "panel.port": 0, "sim.people": [STANDING], **PATIENT}
    folder = variant(share_folder() / "config" / "default", scratch / "cell", changes)
    with Supervisor(cell=folder, state_dir=scratch / "state") as running:
        running.wait_ready(60.0)
        yield running


@pytest.fixture
def witness(cell):
    with Witness(TOPICS) as watching:
        walk(watching, FAR)
        permit = watching.wait("a permit", lambda: watching.last("motion_permit"), 10.0)
        if permit.state <= MotionPermit.READY:
            watching.go()
        yield watching


def arm(witness, pose):
    """Return how far the arm is from a pose of the cell."""
    states = witness.last("joint_states")
    return float(np.abs(np.array(states.position[:6]) - pose).max())


def poses(cell, *names):
    return [np.array(cell.cell.file.robot.poses[name]) for name in names]


@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_it_gives_way_to_a_person_and_goes_on_to_its_end(cell, witness):
    publisher = witness.node.create_publisher(JointTrajectory, "joint_trajectory", 10)
    witness.wait("the executor", publisher.get_subscription_count, 20.0)
    witness.pause(1.0)  # until task_manager has been heard there, too
    left, right = poses(cell, "show_left", "show_right")
    message = JointTrajectory(joint_names=list(cell.cell.file.robot.joints[:6]))
    for number, pose in enumerate((left, right, left, right, left), 1):
        after = Duration(sec=6 * number)
        point = JointTrajectoryPoint(
            positions=pose.tolist(), velocities=[0.0] * 6, time_from_start=after
        )
        message.points.append(point)
    sent_s = witness.now_s()
    publisher.publish(message)
    witness.wait("motion", lambda: moving(witness.last("sim/truth")), 20.0)
    judged = witness.wait(
        "a permit for it",
        lambda: (p := witness.last("motion_permit")).path_id.startswith("trajectory_") and p, 5.0,
    )  # fmt: skip
    assert 2 <= len(judged.corridor) // judged.joints <= 8
    walk(witness, NEAR)
    witness.wait("a stop", lambda: witness.last("motion_permit").speed_ratio == 0.0, 20.0)
    assert witness.last("motion_permit").state == MotionPermit.STANDSTILL
    witness.wait("standstill", lambda: not moving(witness.last("sim/truth")), 5.0)
    witness.wait("held", lambda: witness.last("motion_progress").phase == MotionProgress.HELD, 5.0)
    walk(witness, FAR)
    witness.wait("going on", lambda: moving(witness.last("sim/truth")), 20.0)
    done = witness.wait(
        "its end",
        lambda: [m for t, m in witness.since("events", sent_s) if m.kind == "path_done"], 90.0,
    )  # fmt: skip
    assert '"reason": ""' in done[0].data
    witness.wait("the arm there", lambda: arm(witness, left) < 0.03, 5.0)


def test_the_script_of_the_page_moves_the_arm(cell, witness, tmp_path):
    page = PAGE.read_text(encoding="utf-8")
    script = tmp_path / "my_planner.py"
    script.write_text(page.partition("```python\n")[2].partition("```\n")[0], encoding="utf-8")
    assert len(script.read_text().splitlines()) <= 40
    ran = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=60.0, check=False
    )
    assert ran.stdout == "path_done: reached\n", ran.stderr
    [left] = poses(cell, "show_left")
    witness.wait("the arm there", lambda: arm(witness, left) < 0.03, 5.0)
