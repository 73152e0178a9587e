"""The executor node over real DDS, with an arm that does what the goals say, or does not."""

import math
import time

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from around_executor import CELL, GOOD, HOME, LEFT, running_executor
from hrc_cell_interfaces.msg import MotionProgress, MotorStates
from sensor_msgs.msg import JointState


@pytest.fixture
def cell(tmp_path):
    yield from running_executor(tmp_path)


def arm(goals):
    return np.array([goal.position[:6] for goal in goals])


def assert_no_jump(goals):
    """No goal is farther from the one before than the greatest speed allows in two periods."""
    most = 2.0 * np.array(CELL.file.motion.velocity_max_radps) / CELL.file.motion.rate_hz
    assert (np.abs(np.diff(arm(goals), axis=0)) <= most * 1.05).all()


@pytest.mark.req("S3")
def test_a_path_is_followed_from_where_the_arm_is_to_its_end(cell):
    handle = cell.path(LEFT)
    status, result = cell.result(handle)
    assert (status, result.reached, result.reason) == (GoalStatus.STATUS_SUCCEEDED, True, "")
    np.testing.assert_allclose(result.position, LEFT, atol=1e-3)
    np.testing.assert_allclose(arm(cell.goals)[0], HOME, atol=1e-3)
    assert_no_jump(cell.goals)
    assert tuple(cell.goals[0].name) == CELL.file.robot.joints[:6]
    assert all(0 < goal.permit_seq <= cell.seq for goal in cell.goals)
    assert [g.seq for g in cell.goals] == sorted({g.seq for g in cell.goals})
    assert cell.event("path_started") == {"path": "p", "lines": 1}
    assert cell.event("path_done") == {"path": "p", "reason": ""}
    moving = [p for p in cell.progress if p.phase == MotionProgress.MOVING]
    assert {p.path_id for p in moving} == {"p"}
    still = cell.phase(MotionProgress.IDLE)
    assert still.path_id == ""
    assert all(p.line == 0 and 0.0 <= p.line_ratio <= 1.0 for p in moving)
    (told,) = [path for path in cell.paths if path.path_id == "p"]
    assert told.joints == 6
    np.testing.assert_allclose(np.reshape(told.waypoints, (-1, 6)), [HOME, LEFT], atol=1e-3)
    assert len(told.line_speed) == 1 and told.line_speed[0] > 0.0


@pytest.mark.req("S1")
def test_a_permit_for_another_path_is_none_for_this_one(cell):
    cell.permit_path, seq = "another", cell.seq
    cell.until("permits for the other path", lambda: cell.seq > seq + 5)
    cell.path(LEFT)
    held = cell.phase(MotionProgress.HELD)
    assert held.path_id == "p"
    assert not [p for p in cell.progress if p.phase == MotionProgress.MOVING]
    cell.permit_path = "p"
    cell.phase(MotionProgress.MOVING)


@pytest.mark.parametrize("why", ["permit_expired", "separation", "config_differs"])
@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_without_leave_it_stops_on_the_path_and_goes_on_without_a_jump(cell, why):
    handle = cell.under_way(LEFT)
    same = cell.sha256
    cell.permitted, cell.ratio = why != "permit_expired", 0.0
    if why == "config_differs":
        cell.ratio, cell.sha256 = 1.0, "of another cell.yaml"
    assert cell.event("path_held") == {"path": "p", "reason": why}
    held, count, told = cell.goals[-1], len(cell.goals), len(cell.events)
    assert [*held.velocity] == [0.0] * 6
    way = LEFT - HOME
    on_line = np.dot(arm([held])[0] - HOME, way) / np.dot(way, way)
    np.testing.assert_allclose(arm([held])[0], HOME + on_line * way, atol=1e-6)
    assert 0.2 <= on_line < 0.999
    silent_until = time.monotonic() + 0.5
    cell.until("half a second", lambda: time.monotonic() > silent_until)
    assert len(cell.goals) == count  # silent at rest: the gate holds the arm
    cell.permitted, cell.ratio, cell.sha256 = True, 1.0, same
    resumed = cell.event("path_resumed", told)
    assert (resumed["path"], resumed["rejoining"]) == ("p", False)
    assert resumed["position_error_rad"] <= CELL.file.bus.rejoin_rad
    cell.until("goals", lambda: len(cell.goals) > count)
    np.testing.assert_array_equal(arm(cell.goals)[count], arm([held])[0])
    assert cell.result(handle)[1].reached
    assert_no_jump(cell.goals)


@pytest.mark.req("S3")
def test_an_arm_that_was_pushed_goes_back_slowly_from_where_it_is(cell):
    handle = cell.under_way(LEFT)
    cell.ratio = 0.0
    cell.phase(MotionProgress.HELD)
    count, told = len(cell.goals), len(cell.events)
    cell.at = cell.at + np.eye(7)[0] * 0.05
    pushed = cell.at
    sent_s = time.monotonic()
    cell.until("the push is heard", lambda: cell.tried._measured[2] > sent_s)
    cell.ratio = 1.0
    assert cell.event("path_resumed", told)["rejoining"]
    assert cell.result(handle)[1].reached
    np.testing.assert_allclose(arm(cell.goals)[count], pushed[:6], atol=1e-9)
    assert_no_jump(cell.goals[count:])


@pytest.mark.req("S3")
def test_an_arm_that_does_not_follow_is_held(cell):
    handle = cell.under_way(LEFT)
    cell.blocked = True
    assert cell.event("path_held")["reason"] == "following_error"
    cell.blocked = False
    assert cell.result(handle)[1].reached


@pytest.mark.req("S2")
def test_without_joint_states_it_stops_and_says_so(cell):
    cell.under_way(LEFT)
    cell.silent = True
    held = cell.event("path_held")  # the goal ran ahead of the last known position, or it is old
    assert held["reason"] in ("joints_stale", "following_error")
    count = len(cell.goals)
    later_s = time.monotonic() + 0.7
    cell.until("old joints", lambda: time.monotonic() > later_s)
    assert cell.phase(MotionProgress.HELD).path_id == "p"
    told = len(cell.events)
    cell.silent = False
    cell.event("path_resumed", told)
    cell.until("goals", lambda: len(cell.goals) > count)
    assert_no_jump(cell.goals[count:])


@pytest.mark.req("S2")
def test_joint_states_that_lack_something_are_none(cell):
    half = JointState(name=CELL.file.robot.joints, position=[0.0] * 7)
    half.header.stamp = cell.node.get_clock().now().to_msg()
    other = JointState(name=["elbow"], position=[0.0], velocity=[0.0])
    for message in (half, other):
        cell.tried._on_joints(message)
    assert cell.result(cell.path(LEFT))[1].reached


def test_a_canceled_path_ends_at_rest_on_it(cell):
    handle = cell.under_way(LEFT)
    handle.cancel_goal_async()
    status, result = cell.result(handle)
    assert (status, result.reason) == (GoalStatus.STATUS_CANCELED, "canceled")
    assert np.abs(np.array(result.position) - LEFT).max() > 0.05
    assert cell.event("path_done") == {"path": "p", "reason": "canceled"}
    assert_no_jump(cell.goals)


def test_one_path_at_a_time(cell):
    first = cell.under_way(LEFT)
    assert not cell.path(HOME).accepted
    assert cell.result(first)[1].reached
    assert cell.result(cell.path(HOME))[1].reached


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"joints": 5}, "rows of 6 joints"),
        ({"ratio": 0.0}, "speed_ratio"),
        ({"waypoint": HOME * math.nan}, "not finite"),
        ({"waypoint": HOME + 9.0}, "is outside"),
    ],
)
@pytest.mark.req("S2")
def test_what_cannot_be_driven_is_refused_by_name(cell, asked, named):
    handle = cell.path(asked.pop("waypoint", LEFT), **asked)
    status, result = cell.result(handle)
    assert status == GoalStatus.STATUS_ABORTED
    assert result.reason.startswith("rejected: ")
    assert named in result.reason
    assert not cell.goals


def test_when_the_gate_holds_the_arm_the_path_waits_and_goes_on_from_rest(cell):
    handle = cell.under_way(LEFT)
    cell.motors.publish(MotorStates(gate=MotorStates.GATE_HOLD, gate_reason="goal_expired"))
    assert cell.event("path_held")["reason"] == "gate:goal_expired"
    assert cell.result(handle)[1].reached
    assert_no_jump(cell.goals)


@pytest.mark.req("S3")
def test_after_a_break_of_the_node_a_path_goes_on_from_rest(cell):
    handle = cell.under_way(LEFT)
    assert cell.tried.trigger_deactivate() == GOOD
    assert cell.event("path_held") == {"path": "p", "reason": "deactivated"}
    assert not cell.path(HOME).accepted
    count = len(cell.goals)
    assert cell.tried.trigger_activate() == GOOD
    assert cell.result(handle)[1].reached
    assert [*cell.goals[count].velocity] == [0.0] * 6  # from rest
    assert_no_jump(cell.goals)


def test_the_gripper_closes_on_nothing_and_on_a_part(cell):
    status, result = cell.result(cell.fingers(0.0))
    assert (status, result.reached, result.holding) == (GoalStatus.STATUS_SUCCEEDED, True, False)
    assert cell.result(cell.fingers(1.0))[1].reached
    cell.part_rad = 0.35
    _, held = cell.result(cell.fingers(0.0, effort=0.5))
    assert (held.reached, held.holding) == (False, True)
    assert held.opening_ratio == pytest.approx(0.5, abs=0.02)
    np.testing.assert_allclose(arm(cell.goals), np.tile(HOME, (len(cell.goals), 1)), atol=1e-9)


@pytest.mark.req("S3")
def test_goals_name_the_gripper_only_once_a_grip_was_asked_for(cell):
    cell.part_rad, cell.at[-1] = 0.35, 0.35  # a part is held, by a grip of before
    assert cell.result(cell.path(LEFT))[1].reached
    assert {tuple(g.name) for g in cell.goals} == {CELL.file.robot.joints[:6]}
    assert cell.result(cell.fingers(0.0, effort=0.5))[1].holding
    count, squeezed = len(cell.goals), cell.goals[-1].position[6]
    assert squeezed < 0.35 - 0.05
    assert cell.result(cell.path(HOME))[1].reached
    assert {g.position[6] for g in cell.goals[count:]} == {squeezed}


@pytest.mark.req("S1")
def test_the_gripper_waits_for_its_own_permit_and_for_known_joints(cell):
    cell.gripper = False
    cell.until("no leave", lambda: not cell.tried._permit[0].gripper_permitted)
    handle = cell.fingers(0.0)
    later_s = time.monotonic() + 0.3
    cell.until("a while", lambda: time.monotonic() > later_s)
    assert not cell.goals
    cell.silent = True
    later_s = time.monotonic() + 0.7
    cell.until("old joints", lambda: time.monotonic() > later_s)
    cell.gripper = True
    later_s = time.monotonic() + 0.3
    cell.until("a while", lambda: time.monotonic() > later_s)
    assert not cell.goals
    cell.silent, cell.ratio = False, 0.0  # the gripper acts at monitored standstill too
    assert cell.result(handle)[1].reached


def test_a_grip_can_be_canceled_or_refused_and_is_one_at_a_time(cell):
    cell.gripper = False
    cell.until("no leave", lambda: not cell.tried._permit[0].gripper_permitted)
    handle = cell.fingers(0.0)
    assert not cell.fingers(1.0).accepted
    handle.cancel_goal_async()
    status, result = cell.result(handle)
    assert (status, result.reason) == (GoalStatus.STATUS_CANCELED, "canceled")
    for opening, effort, named in ((2.0, 1.0, "opening_ratio"), (0.5, 0.0, "effort_ratio")):
        status, result = cell.result(cell.fingers(opening, effort))
        assert status == GoalStatus.STATUS_ABORTED
        assert named in result.reason
