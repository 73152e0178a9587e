"""The monitor node over real DDS: what it hears becomes a permit, and silence becomes a stop."""

import itertools
import json
import math
import os
import shutil
import time
from contextlib import contextmanager

import pytest
import rclpy
import yaml
from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import (
    BodyPart,
    CellEvent,
    Heartbeat,
    Human,
    Humans,
    MotionPermit,
    MotionProgress,
    OperatorInputs,
    ScannerStatus,
)
from hrc_cell_interfaces.srv import RequestStop
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import JointState
from strategies import default_cell, signed

from hrc_cell.core.interlock import Mode, Reading, Switch
from hrc_cell.core.observed import Eye
from hrc_cell.core.safety import State
from hrc_cell.nodes import safety_wire as wire
from hrc_cell.nodes.base import ALL, INPUTS, NEWEST
from hrc_cell.nodes.parameters import declare_settings, descriptor
from hrc_cell.nodes.processes import processes_of
from hrc_cell.nodes.safety_monitor import SafetyMonitor
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.schema import specs

CELL = default_cell()
OTHERS = [p.name for p in processes_of(CELL) if p.name != "safety_monitor"]
BEAT_EVERY = 5  # rounds of what the surroundings send
GOOD = TransitionCallbackReturn.SUCCESS
PATIENT = {
    "lease_s": 0.2, "reaction_time_s": 0.6, "joints_timeout_s": 0.5, "inputs_timeout_s": 1.0,
    "node_timeout_s": 1.0,
}  # fmt: skip
"""Limits that hold on a machine that is busy with other tests; the laws are the same."""


def patient_cell(folder, *, real=False):
    """Return the default cell with patient limits, written to a folder."""
    shutil.copytree(CELL.folder, folder)
    file = folder / "cell.yaml"
    data = yaml.safe_load(file.read_text())
    data["safety"] |= PATIENT
    for scanner in data["scanners"]:
        scanner["timeout_s"] = 0.5
    data["bodies"] = [{
        "name": "camera", "timeout_s": 0.4, "forget_s": 1.0, "match_m": 0.4,
        "regions": ["chest", "hand", "hand"],
    }]  # fmt: skip
    if real:
        del data["sim"]
        data["simulated"], data["bus"]["port"] = False, "/dev/serial/by-id/adapter"
    file.write_text(yaml.safe_dump(data))
    return load_cell(signed(folder) if real else folder)


@contextmanager
def running(tmp_path, *more, real=False):
    """Run rclpy with the patient cell, in a namespace of this test's own."""
    made = patient_cell(tmp_path / "cell", real=real)
    arguments = ["--ros-args", "-r", f"__ns:=/monitor_{os.getpid()}"]
    for given in (f"cell:={made.folder}", f"state_dir:={tmp_path}", *more):
        arguments += ["-p", given]
    rclpy.init(args=arguments)
    yield made
    rclpy.try_shutdown()


@pytest.fixture
def ros(tmp_path):
    with running(tmp_path) as made:
        yield made


class Surroundings:
    """Everything around the monitor: sends what a healthy cell sends, hears what it answers."""

    def __init__(self):
        self.monitor = SafetyMonitor()
        self.node = rclpy.create_node("surroundings")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.monitor)
        self.executor.add_node(self.node)
        make = self.node.create_publisher
        self.humans = make(Humans, "humans", NEWEST)
        self.camera = make(Humans, "bodies/camera", NEWEST)
        self.joints = make(JointState, "joint_states", NEWEST)
        self.inputs = make(OperatorInputs, "operator_inputs", INPUTS)
        self.progress = make(MotionProgress, "motion_progress", NEWEST)
        self.beats = make(Heartbeat, "heartbeats", ALL)
        self.permits, self.events = [], []
        self.node.create_subscription(MotionPermit, "motion_permit", self.permits.append, 100)
        self.node.create_subscription(CellEvent, "events", self.events.append, ALL)
        self.stopper = self.node.create_client(RequestStop, "request_stop")
        self.bodies, self.bodies_frame = [], "cell"
        self.people, self.buttons, self.silent = [], {}, set()
        self.mode, self.frame = OperatorInputs.MODE_COLLABORATIVE, "cell"
        self.ahead_s = 0
        self.rounds = 0
        self.scan_stamp = None  # of a scan that is told again and again; None: always a new one

    def send(self):
        """Send one round of messages, but for what is silent."""
        now = self.node.get_clock().now().to_msg()
        now.sec += self.ahead_s
        if "humans" not in self.silent:
            message = Humans(humans=self.people)
            stamp = self.scan_stamp or now
            message.header.stamp, message.header.frame_id = stamp, self.frame
            for scanner in CELL.file.scanners:
                status = ScannerStatus(name=scanner.name, state=ScannerStatus.OK, stamp=stamp)
                if scanner.name not in self.silent:
                    message.scanners.append(status)
            self.humans.publish(message)
        if self.bodies:
            message = Humans(humans=self.bodies)
            message.header.stamp, message.header.frame_id = now, self.bodies_frame
            self.camera.publish(message)
        if "joints" not in self.silent:
            message = JointState(name=[*CELL.file.robot.joints])
            message.header.stamp = now
            message.position = [*CELL.file.robot.poses["home"], 0.5]
            message.velocity = [0.0] * 7
            self.joints.publish(message)
        if "inputs" not in self.silent:
            message = OperatorInputs(mode=self.mode, **self.buttons)
            message.header.stamp = now
            self.inputs.publish(message)
        message = MotionProgress()
        message.header.stamp = now
        self.progress.publish(message)
        self.rounds += 1
        for name in OTHERS:
            if self.rounds % BEAT_EVERY == 1 and name not in self.silent:
                beat = Heartbeat(node=name)
                beat.header.stamp = now
                self.beats.publish(beat)

    def until(self, what, check, limit_s=10.0):
        """Keep the cell alive until `check` of the newest permit holds; return that permit."""
        end_s, next_s = time.monotonic() + limit_s, 0.0
        while time.monotonic() < end_s:
            if time.monotonic() >= next_s:
                self.send()
                next_s = time.monotonic() + 0.02
            before = len(self.permits)
            self.executor.spin_once(timeout_sec=0.005)
            for permit in self.permits[before:]:
                if check(permit):
                    return permit
        raise AssertionError(f"{what}: not seen; last permit {self.permits[-1:]}")

    def press(self, button, state):
        """Press a button until the monitor shows the state, then let go."""
        self.buttons = {button: True}
        permit = self.until(f"{button} pressed", lambda p: p.state >= state)
        self.buttons = {}
        return permit

    def set_free(self):
        """Bring a latched cell to full speed."""
        self.until("reset possible", lambda p: p.reset_possible)
        self.press("reset", MotionPermit.READY)
        self.press("start", MotionPermit.STANDSTILL)
        return self.until("free", lambda p: p.state == MotionPermit.FREE)

    def close(self):
        self.monitor.close()
        self.executor.shutdown()
        self.monitor.destroy_node()
        self.node.destroy_node()


@pytest.fixture
def cell(ros):
    around = Surroundings()
    assert around.monitor.trigger_configure() == GOOD
    assert around.monitor.trigger_activate() == GOOD
    yield around
    around.close()


def human(x_m, y_m=0.0):
    person = Human(id=7, radius_m=0.3, position_std_m=0.02, confirmed=False)
    person.position.x, person.position.y = x_m, y_m
    return person


def limbs(x_m):
    """Return somebody as a body tracker sees them, the hands 0.2 m before the chest."""
    seen = human(x_m)
    seen.id = 3
    for region, out_m, radius_m in (("chest", 0.0, 0.15), ("hand", 0.2, 0.05), ("hand", 0.2, 0.05)):
        part = BodyPart(region=region, radius_m=radius_m, position_std_m=0.01)
        part.start.x = part.end.x = x_m - out_m
        part.start.z, part.end.z = 1.0, 1.1
        seen.parts.append(part)
    return seen


@pytest.mark.req("S2")
def test_in_a_real_cell_a_simulated_box_counts_as_silent(tmp_path):
    with running(tmp_path, real=True):
        cell = Surroundings()
        assert cell.monitor.trigger_configure() == GOOD
        assert cell.monitor.trigger_activate() == GOOD
        cell.buttons = {"simulated": True, "reset": True}
        silent = cell.until("nothing else missing", lambda p: p.cause == "inputs_silent")
        assert not silent.reset_possible
        cell.buttons = {}
        cell.until("a real box", lambda p: p.reset_possible)
        cell.close()


@pytest.mark.req("S1")
@pytest.mark.req("S3")
def test_a_cell_comes_up_latched_and_goes_by_reset_and_start(cell):
    first = cell.until("a permit", lambda p: True)
    assert (first.state, first.speed_ratio, first.seq) == (MotionPermit.LATCHED, 0.0, 1)
    free = cell.set_free()
    assert free.speed_ratio == 1.0
    assert free.stop_category == MotionPermit.CATEGORY_NONE
    assert free.lease_s == PATIENT["lease_s"]
    assert free.reaction_time_s == PATIENT["reaction_time_s"]
    assert 0.0 < free.oldest_sample_age_s < free.reaction_time_s
    assert free.config_sha256 == cell.monitor.cell.safety_sha256
    assert math.isinf(free.distance_m)
    assert [p.seq for p in cell.permits] == list(range(1, len(cell.permits) + 1))
    states = [state for state, _ in itertools.groupby(p.state for p in cell.permits)]
    assert states[:2] == [MotionPermit.LATCHED, MotionPermit.READY]
    assert states[-1] == MotionPermit.FREE


def test_a_person_slows_and_stops_the_arm_which_goes_on_by_itself(cell):
    cell.set_free()
    cell.people = [human(4.0)]
    slow = cell.until("slow", lambda p: p.state == MotionPermit.REDUCED)
    assert (slow.cause, slow.zone, slow.human_id) == ("zone:approach", "approach", 7)
    cell.people = [human(2.3)]
    still = cell.until("still", lambda p: p.state == MotionPermit.STANDSTILL)
    assert (still.cause, still.stop_category) == ("separation", 2)
    assert still.gripper_permitted
    terms = (still.s_h_m, still.s_r_m, still.s_s_m, still.c_m, still.z_d_m, still.z_r_m)
    assert still.required_m == pytest.approx(sum(terms))
    assert still.link in ("finger_left", "finger_right")
    cell.people = []
    cell.until("free", lambda p: p.state == MotionPermit.FREE)


@pytest.mark.req("S1")
@pytest.mark.req("S2")
def test_with_limbs_seen_the_arm_moves_nearer_until_the_body_tracker_falls_silent(cell):
    cell.set_free()
    cell.people = [human(2.7)]
    still = cell.until("still", lambda p: p.state == MotionPermit.STANDSTILL)
    assert (still.cause, still.human_id, still.body_part) == ("separation", 7, "")
    cell.bodies, cell.bodies_frame = [limbs(2.7)], "map"
    with pytest.raises(AssertionError, match="not seen"):
        cell.until("limbs of another frame", lambda p: p.body_part, 0.5)
    cell.bodies_frame = "cell"
    slow = cell.until("slow", lambda p: p.state == MotionPermit.REDUCED and p.speed_ratio > 0.1)
    assert (slow.human_id, slow.body_part) == (7, "hand")
    assert slow.c_m == cell.monitor.cell.file.safety.body_intrusion_m
    cell.bodies = []
    again = cell.until("the envelope", lambda p: p.body_part == "")
    assert (again.state, again.speed_ratio) == (MotionPermit.STANDSTILL, 0.0)
    cell.until(
        "the silence told",
        lambda _: sum(e.kind == "body_tracker" for e in cell.events) == 3,
    )
    told = [json.loads(e.data) for e in cell.events if e.kind == "body_tracker"]
    assert [one["state"] for one in told] == ["silent", "ok", "silent"]
    assert {one["name"] for one in told} == {"camera"}


@pytest.mark.req("S2")
def test_one_scan_told_again_and_again_is_one_scan_and_frees_no_zone(cell):
    """The tracker repeats its newest list ten times a second, whether or not there was a scan."""
    cell.set_free()
    cell.people = [human(4.0)]
    cell.until("slow", lambda p: p.zone == "approach")
    cell.people, cell.scan_stamp = [], cell.node.get_clock().now().to_msg()
    heard = []
    listener = cell.node.create_subscription(Humans, "humans", heard.append, NEWEST)
    repeats = 3 * max(zone.release_scans for zone in CELL.zones.zones)
    held = cell.until(
        "many repeats", lambda p: sum(m.header.stamp == cell.scan_stamp for m in heard) >= repeats
    )
    assert held.zone != ""
    assert listener is not None
    cell.scan_stamp = None
    cell.until("left", lambda p: p.zone == "")


@pytest.mark.req("S2")
@pytest.mark.req("S3")
@pytest.mark.parametrize(
    ("silent", "cause"),
    [
        ("humans", "tracker_silent"),
        ("left", "scanner_missing:left"),
        ("joints", "joints_stale"),
        ("inputs", "inputs_silent"),
        ("motion_executor", "node_silent:motion_executor"),
    ],
)
def test_silence_latches_and_noise_alone_does_not_undo_it(cell, silent, cause):
    cell.set_free()
    cell.silent = {silent}
    latched = cell.until("latched", lambda p: p.state == MotionPermit.LATCHED)
    assert (latched.cause, latched.speed_ratio) == (cause, 0.0)
    assert not latched.gripper_permitted
    assert not latched.reset_possible
    cell.silent = set()
    again = cell.until("reset possible", lambda p: p.reset_possible)
    assert (again.state, again.cause) == (MotionPermit.LATCHED, cause)
    cell.press("reset", MotionPermit.READY)
    cell.press("start", MotionPermit.STANDSTILL)


@pytest.mark.req("S3")
def test_an_emergency_stop_pressed_and_let_go_at_once_is_not_missed(cell):
    cell.set_free()
    for pressed in (True, False):
        message = OperatorInputs(mode=cell.mode, emergency_stop_input=[pressed] * 2)
        message.header.stamp = cell.node.get_clock().now().to_msg()
        cell.inputs.publish(message)
    latched = cell.until("latched", lambda p: p.state == MotionPermit.LATCHED)
    assert latched.cause == "emergency_stop_input"


@pytest.mark.req("S3")
def test_a_stop_request_stops_with_the_permit_it_names(cell):
    cell.set_free()
    assert cell.stopper.wait_for_service(5.0)
    future = cell.stopper.call_async(RequestStop.Request(device="tablet", operator_alias="an"))
    ready = cell.until("ready", lambda p: p.state == MotionPermit.READY)
    cell.until("the reply", lambda p: future.done())
    assert future.result().accepted
    assert ready.seq == future.result().permit_seq
    assert ready.cause == "stop_request"
    told = next(json.loads(e.data) for e in cell.events if e.kind == "stop_requested")
    assert told == {"device": "tablet", "operator_alias": "an", "permit_seq": ready.seq}
    cell.press("start", MotionPermit.STANDSTILL)


@pytest.mark.req("S2")
def test_a_stamp_of_the_future_is_no_sample(cell):
    cell.set_free()
    cell.ahead_s = 1
    assert cell.until("latched", lambda p: p.speed_ratio == 0.0).cause == "tracker_silent"
    assert math.isinf(cell.until("latched", lambda p: True).oldest_sample_age_s)


def test_people_in_another_frame_are_not_heard(cell):
    cell.set_free()
    cell.frame = "map"
    cell.until("latched", lambda p: p.cause == "tracker_silent")


@pytest.mark.req("S1")
def test_a_deactivated_monitor_gives_no_permit_and_begins_again_latched(cell):
    cell.set_free()
    assert cell.monitor.trigger_deactivate() == GOOD
    with pytest.raises(AssertionError, match="not seen"):
        cell.until("what was under way", lambda p: False, 0.3)
    count = len(cell.permits)
    with pytest.raises(AssertionError, match="not seen"):
        cell.until("a permit", lambda p: True, 0.3)
    assert len(cell.permits) == count
    assert cell.monitor.trigger_activate() == GOOD
    assert cell.until("a permit", lambda p: True).state == MotionPermit.LATCHED


def test_the_settings_are_parameters_that_nobody_can_set(cell):
    safety = cell.monitor.cell.file.safety
    for name, spec, _ in specs(type(safety)):
        key = f"safety.{name}"
        assert cell.monitor.get_parameter(key).value == getattr(safety, name)
        about = cell.monitor.describe_parameter(key)
        assert spec.text in about.description
        assert about.read_only
        assert about.floating_point_range[0].to_value == spec.high
    result = cell.monitor.set_parameters([Parameter("safety.lease_s", value=0.1)])[0]
    assert not result.successful
    assert set(cell.monitor.get_parameter("watched_nodes").value) == set(OTHERS)


def test_a_second_configuration_finds_its_parameters(cell):
    assert cell.monitor.trigger_deactivate() == GOOD
    assert cell.monitor.trigger_cleanup() == GOOD
    assert cell.monitor.trigger_configure() == GOOD


def test_an_override_that_contradicts_the_files_is_refused(tmp_path):
    with running(tmp_path, "safety.reaction_time_s:=0.4"):
        monitor = SafetyMonitor()
        assert monitor.trigger_configure() != GOOD
        monitor.destroy_node()


def test_a_cell_may_watch_fewer_nodes_and_says_so(tmp_path):
    with running(tmp_path, "watched_nodes:=[motor_bus]"):
        monitor = SafetyMonitor()
        assert monitor.trigger_configure() == GOOD
        assert monitor.get_parameter("watched_nodes").value == ["motor_bus"]
        monitor.destroy_node()


@pytest.mark.parametrize("real", [True, False])
def test_the_log_says_which_settings_are_judged_with_and_who_signed_them(tmp_path, capfd, real):
    with running(tmp_path, real=real) as made:
        monitor = SafetyMonitor()
        assert monitor.trigger_configure() == GOOD
        monitor.destroy_node()
    stands = "signed by A. Person (safety engineer)" if real else "not signed (simulation)"
    assert f"safety settings sha256 {made.safety_sha256}: {stands}" in capfd.readouterr().err


def test_settings_of_every_kind_become_parameters(ros):
    node = rclpy.create_node("shows_settings")
    declare_settings(node, "robot", CELL.file.robot)
    declare_settings(node, "motion", CELL.file.motion)
    declare_settings(node, "sim", CELL.file.sim)
    assert node.get_parameter("robot.hand.motor_id").value == CELL.file.robot.hand.motor_id
    assert node.get_parameter("robot.hand.reversed").value is False
    assert node.get_parameter("robot.description").value == CELL.file.robot.description
    assert list(node.get_parameter("motion.jerk_max_radps3").value) == list(
        CELL.file.motion.jerk_max_radps3
    )
    assert node.describe_parameter("sim.seed").integer_range[0].to_value == 2**31 - 1
    assert not node.has_parameter("robot.poses")
    assert not node.has_parameter("sim.people")
    node.destroy_node()


def test_a_choice_is_named_in_its_descriptor():
    spec = next(spec for name, spec, _ in specs(type(CELL.zones.zones[0])) if name == "kind")
    assert descriptor(spec, "stop").additional_constraints == "stop, slow, limit, approach"


@pytest.mark.req("S2")
def test_a_joint_that_is_not_told_of_is_not_a_number():
    message = JointState(name=["b", "a"], position=[2.0, 1.0], velocity=[0.2])
    position, velocity = wire.arm_joints(message, ["a", "b", "c"])
    assert position[:2] == (1.0, 2.0)
    assert math.isnan(position[2])
    assert velocity[1] == 0.2
    assert math.isnan(velocity[0])


@pytest.mark.req("S2")
def test_an_unheard_of_scanner_state_counts_as_silent():
    message = Humans(scanners=[ScannerStatus(name="left", state=9, stamp=TimeMsg(sec=1))])
    assert wire.eyes(message) == {"left": (Eye.SILENT, TimeMsg(sec=1))}


def test_a_box_is_read_with_each_of_its_channels():
    message = OperatorInputs(
        mode=OperatorInputs.MODE_MANUAL, reset=True, enabling_switch=[1, 2],
        emergency_stop_input=[False, True], guards_closed=[True, False],
    )  # fmt: skip
    assert wire.reading(message) == Reading(
        mode=Mode.MANUAL, reset=True, start=False, enabling_switch=(Switch.MIDDLE, Switch.PRESSED),
        emergency_stop_input=(False, True), guards_closed=(True, False),
    )  # fmt: skip


def test_the_values_of_the_core_are_those_of_the_messages():
    for enum, message, prefix in (
        (State, MotionPermit, ""), (Eye, ScannerStatus, ""), (Mode, OperatorInputs, "MODE_"),
        (Switch, OperatorInputs, ""),
    ):  # fmt: skip
        for member in enum:
            assert getattr(message, prefix + member.name) == member.value
