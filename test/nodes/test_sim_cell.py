"""The simulated cell as a process of its own, heard and directed over DDS."""

import os
import select
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import Point
from hrc_cell_interfaces.msg import CellEvent, OperatorInputs, PartSensors, SimTruth
from hrc_cell_interfaces.srv import DirectPerson, InjectFault, PressButton
from rclpy.executors import SingleThreadedExecutor
from sensor_msgs.msg import LaserScan
from strategies import signed

from hrc_cell.nodes.base import ALL, KEPT, NEWEST, SENSOR
from hrc_cell.settings.cell import load_cell

ROOT = Path(__file__).parents[2]
CELL = ROOT / "config" / "default"
DOMAIN = 40 + os.getpid() % 50
DEADLINE_S = 30.0

TOPICS = {
    "left": (LaserScan, "scanners/left/scan", SENSOR),
    "right": (LaserScan, "scanners/right/scan", SENSOR),
    "inputs": (OperatorInputs, "operator_inputs", KEPT),
    "parts": (PartSensors, "part_sensors", KEPT),
    "truth": (SimTruth, "sim/truth", NEWEST),
    "events": (CellEvent, "events", ALL),
}


class Visitor:
    """Somebody who listens to the cell and tells it what to do."""

    def __init__(self):
        self.context = rclpy.Context()
        rclpy.init(context=self.context, domain_id=DOMAIN)
        self.node = rclpy.create_node("visitor", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.heard = defaultdict(list)
        for key, (kind, topic, qos) in TOPICS.items():
            self.node.create_subscription(kind, topic, self.heard[key].append, qos)
        self.services = {
            kind: self.node.create_client(kind, name)
            for kind, name in (
                (PressButton, "sim/press"), (InjectFault, "sim/inject"),
                (DirectPerson, "sim/person"),
            )
        }  # fmt: skip

    def until(self, what, said):
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            if what():
                return
            self.executor.spin_once(timeout_sec=0.1)
        raise AssertionError(f"{said}: not within {DEADLINE_S} s")

    def next(self, key, what=lambda msg: True):
        """Return the next message that fits; forget those before."""
        self.heard[key].clear()
        self.until(lambda: any(map(what, self.heard[key])), f"a fitting message on {key}")
        return next(filter(what, self.heard[key]))

    def call(self, kind, **fields):
        client = self.services[kind]
        self.until(client.service_is_ready, kind.__name__)
        future = client.call_async(kind.Request(**fields))
        self.until(future.done, kind.__name__)
        return future.result()

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        rclpy.shutdown(context=self.context)


def start(folder, cell=CELL):
    environment = os.environ | {
        "ROS_DOMAIN_ID": str(DOMAIN),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]),
    }  # fmt: skip
    command = [sys.executable, "-m", "hrc_cell.nodes.sim_cell", "--ros-args",
               "-p", f"cell:={cell}", "-p", f"state_dir:={folder}"]  # fmt: skip
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def visitor(tmp_path_factory):
    made = Visitor()
    made.folder = tmp_path_factory.mktemp("state")
    process = start(made.folder)
    try:
        yield made
    finally:
        made.close()
        process.terminate()
        _, errors = process.communicate(timeout=20.0)
    assert "Traceback" not in errors


def test_both_scanners_send_scans_with_their_stamp_and_frame(visitor):
    settings = load_cell(CELL).file.sim.scanner
    for name in ("left", "right"):
        first, second = visitor.next(name), visitor.next(name)
        assert first.header.frame_id == name
        assert len(first.ranges) == settings.beams
        assert first.angle_max - first.angle_min == pytest.approx(settings.angle_rad, abs=1e-3)
        now = visitor.node.get_clock().now().nanoseconds
        stamps = [m.header.stamp.sec * 10**9 + m.header.stamp.nanosec for m in (first, second)]
        assert stamps[0] < stamps[1] <= now
        assert np.isfinite(first.ranges).mean() > 0.5


def test_the_box_stands_released_and_says_that_it_is_simulated(visitor):
    msg = visitor.next("inputs")
    assert msg.simulated
    assert msg.mode == OperatorInputs.MODE_COLLABORATIVE
    buttons = (msg.reset, msg.start, *msg.enabling_switch, *msg.emergency_stop_input)
    assert not any((*buttons, *msg.guards_closed))


def test_a_press_is_seen_and_ends_by_itself(visitor):
    answer = visitor.call(PressButton, control="reset", value="press")
    assert answer.accepted
    visitor.until(lambda: any(m.reset for m in visitor.heard["inputs"]), "reset pressed")
    visitor.next("inputs", lambda msg: not msg.reset)
    assert any(event.kind == "sim_press" for event in visitor.heard["events"])


def test_the_key_switch_turns(visitor):
    assert visitor.call(PressButton, control="mode", value="manual").accepted
    visitor.next("inputs", lambda msg: msg.mode == OperatorInputs.MODE_MANUAL)
    assert visitor.call(PressButton, control="mode", value="collaborative").accepted
    visitor.next("inputs", lambda msg: msg.mode == OperatorInputs.MODE_COLLABORATIVE)


def test_the_enabling_switch_and_the_guards_are_told_on_two_channels(visitor):
    for value, position in (("hold", "MIDDLE"), ("through", "PRESSED"), ("release", "RELEASED")):
        assert visitor.call(PressButton, control="enabling_switch", value=value).accepted
        wanted = [getattr(OperatorInputs, position)] * 2
        visitor.next("inputs", lambda msg, wanted=wanted: [*msg.enabling_switch] == wanted)
    for value, closed in (("close", True), ("open", False)):
        assert visitor.call(PressButton, control="guards", value=value).accepted
        visitor.next("inputs", lambda msg, closed=closed: [*msg.guards_closed] == [closed] * 2)


def test_a_channel_that_sticks_lets_the_two_disagree(visitor):
    fault = {"fault": "inputs_discrepancy", "target": "emergency_stop_input"}
    assert visitor.call(InjectFault, **fault, active=True).accepted
    assert visitor.call(PressButton, control="emergency_stop_input", value="hold").accepted
    visitor.next("inputs", lambda msg: [*msg.emergency_stop_input] == [True, False])
    assert visitor.call(InjectFault, **fault, active=False).accepted
    visitor.next("inputs", lambda msg: [*msg.emergency_stop_input] == [True, True])
    assert visitor.call(PressButton, control="emergency_stop_input", value="release").accepted
    visitor.next("inputs", lambda msg: [*msg.emergency_stop_input] == [False, False])


def test_truth_and_part_sensors_arrive(visitor):
    truth = visitor.next("truth")
    assert truth.header.frame_id == "cell"
    assert truth.joint[-1] == "gripper"
    assert len(truth.position) == len(truth.velocity) == 7
    assert list(truth.part_place) == ["tray_1", "tray_2", "tray_3", "tray_4"]
    assert truth.separation_m > 1.0
    parts = visitor.next("parts")
    assert dict(zip(parts.place, parts.occupied, strict=True)) == {
        "gripper": False, "handover": False,
        "tray_1": True, "tray_2": True, "tray_3": True, "tray_4": True,
    }  # fmt: skip


def test_a_person_walks_where_it_is_told(visitor):
    way = [Point(x=4.8, y=0.0)]
    answer = visitor.call(DirectPerson, person_id=1, act="walk", waypoints=way, speed_mps=1.5)
    assert answer.accepted
    assert 0.0 < answer.duration_s < 5.0
    there = visitor.next(
        "truth",
        lambda m: (
            abs(m.person_position[0].x - 4.8) < 0.05 and abs(m.person_position[0].y) < 0.05
            and not m.person_walking[0]
        ),
    )  # fmt: skip
    assert there.person_id[0] == 1


def test_a_silenced_scanner_falls_silent_alone_and_comes_back(visitor):
    assert visitor.call(InjectFault, fault="scanner_silent", target="left", active=True).accepted
    visitor.next("right")
    visitor.heard["left"].clear()
    for _ in range(5):
        visitor.next("right")
    assert not visitor.heard["left"]
    assert visitor.call(InjectFault, fault="scanner_silent", target="left", active=False).accepted
    visitor.next("left")


@pytest.mark.parametrize("fault", ["scanner_covered", "scanner_moved"])
def test_a_scanner_can_be_covered_or_moved_and_put_right(visitor, fault):
    usual = np.array(visitor.next("left").ranges)

    def alike(message):
        return np.mean(np.isclose(np.array(message.ranges), usual, rtol=0.0, atol=0.05))

    assert visitor.call(InjectFault, fault=fault, target="left", active=True).accepted
    visitor.next("left", lambda m: alike(m) < 0.7)
    assert visitor.call(InjectFault, fault=fault, target="left", active=False).accepted
    visitor.next("left", lambda m: alike(m) > 0.8)


def test_a_silenced_box_falls_silent_and_comes_back(visitor):
    assert visitor.call(InjectFault, fault="inputs_silent", active=True).accepted
    visitor.heard["inputs"].clear()
    for _ in range(10):
        visitor.next("parts")
    assert not visitor.heard["inputs"]
    assert visitor.call(InjectFault, fault="inputs_silent", active=False).accepted
    visitor.next("inputs")


@pytest.mark.parametrize(
    ("kind", "fields", "said"),
    [
        (PressButton, {"control": "bell", "value": "press"}, "reset"),
        (InjectFault, {"fault": "meteor", "target": "left"}, "scanner_silent"),
        (InjectFault, {"fault": "scanner_blind", "target": "roof"}, "left, right"),
        (InjectFault, {"fault": "inputs_discrepancy", "target": "reset"}, "guards"),
        (InjectFault, {"fault": "motor_dead", "target": "knee"}, "joint_1"),
        (DirectPerson, {"person_id": 7, "act": "take"}, "known: 1"),
        (DirectPerson, {"person_id": 1, "act": "fly"}, "walk, take, give, leave"),
    ],
)
def test_what_is_not_known_is_refused_with_what_is(visitor, kind, fields, said):
    answer = visitor.call(kind, **fields)
    assert not answer.accepted
    assert said in answer.reason


def answers(port, motor_id):
    """Return whether a motor answers a ping within half a second."""
    frames = {
        1: bytes.fromhex("FF FF FD 00 01 03 00 01 19 4E"),
        2: bytes.fromhex("FF FF FD 00 02 03 00 01 19 72"),
    }
    os.write(port, frames[motor_id])
    heard = b""
    while len(heard) < 14 and select.select([port], [], [], 0.5)[0]:
        heard += os.read(port, 100)
    return heard[:5] == b"\xff\xff\xfd\x00" + bytes([motor_id])


def test_the_motors_answer_on_the_port_and_a_dead_one_does_not(visitor):
    visitor.next("truth")
    port = os.open(visitor.folder / "motors", os.O_RDWR | os.O_NOCTTY)
    try:
        assert answers(port, 1)
        fault = {"fault": "motor_dead", "target": "joint_1"}
        assert visitor.call(InjectFault, **fault, active=True).accepted
        assert not answers(port, 1)
        assert answers(port, 2)
        assert visitor.call(InjectFault, **fault, active=False).accepted
        assert answers(port, 1)
    finally:
        os.close(port)


def test_a_cell_that_is_not_simulated_is_refused_with_the_reason(tmp_path):
    folder = tmp_path / "cell"
    folder.mkdir()
    for name in ("cell.yaml", "zones.yaml"):
        text = (CELL / name).read_text()
        if name == "cell.yaml":
            text = text[: text.index("\nsim:")].replace("simulated: true", "simulated: false")
            text = text.replace("port: sim", "port: /dev/ttyUSB0")
        (folder / name).write_text(text)
    (folder / "recipes").symlink_to(CELL / "recipes")
    process = start(tmp_path / "state", signed(folder))
    _, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 3
    assert "simulated: true" in errors
