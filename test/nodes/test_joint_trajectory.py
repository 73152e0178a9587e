"""A planner of somebody else's on the topic joint_trajectory, over real DDS."""

import json
import time

import numpy as np
import pytest
from around_executor import CELL, GOOD, HOME, LEFT, running_executor
from builtin_interfaces.msg import Duration
from hrc_cell_interfaces.msg import MotionProgress, TaskState
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

JOINTS = CELL.file.robot.joints[:6]
BEHIND = HOME + 0.4 * (LEFT - HOME)


@pytest.fixture
def cell(tmp_path):
    for around in running_executor(tmp_path):
        around.until("a subscriber", around.trajectories.get_subscription_count)
        tell_task(around, TaskState.IDLE)
        yield around


def tell_task(cell, phase):
    cell.tasks.publish(TaskState(phase=phase, recipe="exercise"))
    cell.until("the task", lambda: cell.tried._trajectories._task
               and cell.tried._trajectories._task.phase == phase)  # fmt: skip


def made(*points, names=JOINTS, stamp_in_s=None, cell=None):
    """Return a trajectory through (time, positions), at rest at each of them."""
    message = JointTrajectory(joint_names=list(names))
    for time_s, position in points:
        after = Duration(sec=int(time_s), nanosec=int(time_s % 1.0 * 1e9))
        message.points.append(
            JointTrajectoryPoint(
                positions=list(map(float, position)), velocities=[0.0] * len(position),
                time_from_start=after,
            )
        )  # fmt: skip
    if stamp_in_s is not None:
        now_ns = cell.node.get_clock().now().nanoseconds + int(stamp_in_s * 1e9)
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(now_ns, 1_000_000_000)
    return message


def rejected(cell, message, after=None):
    """Send a trajectory; return why it was refused."""
    told = len(cell.events)
    cell.trajectories.publish(message)
    return cell.event("trajectory_rejected", told)["reason"]


def diagnosed(cell, level, words):
    """Wait until the newest diagnostics of the topic have this level and these words."""

    def newest():
        named = cell.tried.get_fully_qualified_name()[1:] + ": joint_trajectory"
        found = [s for a in cell.diagnostics for s in a.status if s.name == named]
        return found and found[-1].level == level and words in found[-1].message

    cell.until(f"diagnostics {level!r} {words!r}", newest)


@pytest.mark.req("S1")
def test_it_is_announced_and_followed_to_its_end_in_time(cell):
    cell.trajectories.publish(made((1.5, BEHIND), (3.0, LEFT)))
    started = cell.event("path_started")
    done = cell.event("path_done")
    assert done == {"path": started["path"], "reason": ""}
    np.testing.assert_allclose(cell.at[:6], LEFT, atol=1e-6)
    [told] = [path for path in cell.paths if path.path_id == started["path"]]
    rows = np.reshape(told.waypoints, (-1, 6))
    np.testing.assert_allclose(rows[[0, -1]], [HOME, LEFT], atol=1e-3)
    assert len(told.line_speed) == started["lines"] == len(rows) - 1
    assert np.isnan(told.payload_kg) and told.step == ""  # unknown: the worst counts
    goals = np.array([goal.position[:6] for goal in cell.goals])
    way = LEFT - HOME
    part = (goals - HOME) @ way / (way @ way)
    assert (np.diff(part) >= -1e-9).all()
    assert np.abs(goals - (HOME + part[:, None] * way)).max() <= 1e-3
    moving = [p for p in cell.progress if p.phase == MotionProgress.MOVING]
    assert {p.path_id for p in moving} == {started["path"]}
    assert {p.line for p in moving} >= {0, started["lines"] // 2}
    diagnosed(cell, b"\x00", "OK")


@pytest.mark.req("S3")
def test_without_leave_it_stops_on_its_way_and_goes_on_from_there(cell):
    cell.trajectories.publish(made((3.0, LEFT)))
    cell.phase(MotionProgress.MOVING, 0.2)
    cell.ratio = 0.0
    assert cell.event("path_held")["reason"] == "separation"
    count, held = len(cell.goals), cell.at.copy()
    later_s = time.monotonic() + 0.5
    cell.until("half a second", lambda: time.monotonic() > later_s)
    assert len(cell.goals) == count
    cell.ratio = 0.5
    cell.until("goals", lambda: len(cell.goals) > count)
    np.testing.assert_allclose(cell.goals[count].position[:6], held[:6], atol=1e-9)
    assert cell.event("path_done")["reason"] == ""
    slow = [p for p in cell.progress if p.phase == MotionProgress.MOVING][-20:]
    assert max(p.speed_ratio for p in slow) <= 0.51


def test_an_empty_trajectory_brings_it_to_rest_and_ends_it(cell):
    cell.trajectories.publish(made((3.0, LEFT)))
    cell.phase(MotionProgress.MOVING, 0.2)
    cell.trajectories.publish(JointTrajectory())
    assert cell.event("trajectory_ended")["reason"] == "an empty trajectory came"
    assert cell.event("path_done")["reason"] == "canceled"
    assert np.abs(cell.at[:6] - LEFT).max() > 0.05
    told = len(cell.events)
    cell.trajectories.publish(JointTrajectory())  # nothing to stop: no complaint
    cell.trajectories.publish(made((3.0, LEFT)))
    assert cell.event("path_done", told)["reason"] == ""
    assert "trajectory_rejected" not in {event.kind for event in cell.events}


@pytest.mark.req("S3")
def test_a_stop_that_a_person_must_undo_ends_it(cell):
    cell.trajectories.publish(made((3.0, LEFT)))
    cell.phase(MotionProgress.MOVING, 0.2)
    cell.started, cell.ratio = False, 0.0
    cell.event("trajectory_ended")
    assert cell.event("path_done")["reason"] == "canceled"
    assert sum(event.kind == "trajectory_ended" for event in cell.events) == 1
    cell.started, cell.ratio = True, 1.0
    count = len(cell.goals)
    later_s = time.monotonic() + 0.5
    cell.until("half a second", lambda: time.monotonic() > later_s)
    assert len(cell.goals) == count


def test_one_that_waits_for_its_stamp_begins_then(cell):
    cell.trajectories.publish(made((1.5, BEHIND), stamp_in_s=1.0, cell=cell))
    cell.event("path_started")
    begins_s = cell.tried._start_s
    assert cell.phase(MotionProgress.HELD).path_id.startswith("trajectory_")
    cell.phase(MotionProgress.MOVING)
    assert time.monotonic() >= begins_s
    assert cell.event("path_done")["reason"] == ""


@pytest.mark.req("S2")
def test_what_is_wrong_is_said_in_event_and_diagnostics_until_one_is_taken(cell):
    backwards = made((2.0, LEFT), (1.0, BEHIND))
    for message, words in (
        (made((3.0, LEFT[:5]), names=JOINTS[:5]), "missing"),
        (made((3.0, [*LEFT, 0.0]), names=CELL.file.robot.joints), "not of the arm"),
        (backwards, "point 1: time_from_start = 1 s is not later"),
        (made((3.0, LEFT * np.nan)), "not all finite"),
        (made((3.0, HOME + 9.0)), "outside"),
        (made((0.1, LEFT)), "the cell allows"),
        (made((0.0, LEFT), (2.0, HOME)), "begin where the arm is"),
        (made((3.0, LEFT), stamp_in_s=-2.0, cell=cell), "s ago, 0.5 s are tolerated"),
        (made((3.0, LEFT), stamp_in_s=60.0, cell=cell), "s ahead, 30 s are the most"),
    ):
        assert words in rejected(cell, message)
    pushed = made((3.0, LEFT))
    pushed.points[0].effort = [0.0] * 6
    assert "effort" in rejected(cell, pushed)
    assert not cell.goals
    diagnosed(cell, b"\x01", "rejected: effort")
    cell.trajectories.publish(made((3.0, LEFT)))
    diagnosed(cell, b"\x00", "OK")


@pytest.mark.req("S1")
def test_it_is_refused_while_something_else_moves_or_the_cell_is_not_started(cell):
    there = made((3.0, LEFT))
    tell_task(cell, TaskState.WAITING)
    assert "the task runs (exercise)" in rejected(cell, there)
    tell_task(cell, TaskState.DONE)
    cell.started, cell.ratio, seq = False, 0.0, cell.seq
    cell.until("permits", lambda: cell.seq > seq + 5)
    assert "the cell is not started" in rejected(cell, there)
    cell.started, cell.ratio, seq = True, 1.0, cell.seq
    cell.until("permits", lambda: cell.seq > seq + 5)
    cell.gripper, seq = False, cell.seq
    cell.until("permits", lambda: cell.seq > seq + 5)
    grip = cell.fingers(0.0)
    assert "the gripper moves" in rejected(cell, there)
    grip.cancel_goal_async()
    cell.result(grip)
    handle = cell.under_way(LEFT)
    assert "p is under way" in rejected(cell, there)
    assert "request_stop" in rejected(cell, JointTrajectory())
    assert cell.result(handle)[1].reached
    cell.trajectories.publish(made((3.0, HOME)))
    cell.phase(MotionProgress.MOVING, 0.2)
    assert "end it with an empty one first" in rejected(cell, made((3.0, HOME)))
    assert not cell.path(LEFT).accepted
    cell.silent = True
    assert cell.tried.trigger_deactivate() == GOOD
    assert "not active" in rejected(cell, there)


@pytest.mark.req("S2")
def test_it_is_refused_where_position_permit_or_task_are_not_known(cell):
    there = made((3.0, LEFT))
    cell.tried._trajectories._task = None
    assert "task_manager" in rejected(cell, there)
    tell_task(cell, TaskState.IDLE)
    cell.silent, later_s = True, time.monotonic() + 0.7
    cell.until("old joints", lambda: time.monotonic() > later_s)
    assert "present position is not known" in rejected(cell, there)
    cell.silent, cell.permitted, later_s = False, False, time.monotonic() + 0.5
    cell.until("an old permit", lambda: time.monotonic() > later_s)
    assert "no permit in force (permit_expired)" in rejected(cell, there)


def test_positions_alone_are_followed_along_straight_lines(cell):
    message = made((1.5, BEHIND), (3.0, HOME))
    for point in message.points:
        point.velocities = []
    cell.trajectories.publish(message)
    assert cell.event("path_done")["reason"] == ""
    goals = np.array([goal.position[:6] for goal in cell.goals])
    way = BEHIND - HOME
    part = (goals - HOME) @ way / (way @ way)
    assert np.abs(goals - (HOME + part[:, None] * way)).max() <= 1e-3
    assert part.max() == pytest.approx(1.0, abs=1e-2)
    assert json.loads(cell.events[-1].data)["reason"] == ""
