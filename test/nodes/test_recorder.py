"""The recorder over real DDS: each decision is one line, and nothing is written twice."""

import itertools
import json
import os
import shutil
import time
import uuid

import pytest
import rclpy
from geometry_msgs.msg import Point, Vector3
from hrc_cell_interfaces.msg import (
    BodyPart,
    CellEvent,
    Human,
    Humans,
    MotionPermit,
    MotionProgress,
    MotorState,
    MotorStates,
)
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from strategies import default_cell

from hrc_cell.nodes.base import ALL, EVENTS, NEWEST
from hrc_cell.nodes.recorder import Recorder
from hrc_cell.nodes.task_manager import TaskManager

CELL = default_cell()
GOOD = TransitionCallbackReturn.SUCCESS


@pytest.fixture
def ros(tmp_path):
    """Run rclpy with the default cell, in a namespace of this test's own."""
    arguments = ["--ros-args", "-r", f"__ns:=/record_{os.getpid()}_{uuid.uuid4().hex[:6]}"]
    arguments += ["-p", f"cell:={CELL.folder}", "-p", f"state_dir:={tmp_path}"]
    rclpy.init(args=arguments)
    yield
    rclpy.try_shutdown()


class Cell:
    """Those who are recorded."""

    def __init__(self, folder):
        self.folder = folder
        self.node = rclpy.create_node("cell")
        self.spinner = SingleThreadedExecutor()
        self.spinner.add_node(self.node)
        make = self.node.create_publisher
        self.outlets = {
            CellEvent: make(CellEvent, "events", EVENTS),
            MotionPermit: make(MotionPermit, "safety_state", ALL),
            MotionProgress: make(MotionProgress, "motion_progress", NEWEST),
            MotorStates: make(MotorStates, "motor_states", NEWEST),
            Humans: make(Humans, "humans", NEWEST),
        }
        self.recorder = None

    def begin(self):
        self.recorder = Recorder()
        self.spinner.add_node(self.recorder)
        assert self.recorder.trigger_configure() == GOOD
        assert self.recorder.trigger_activate() == GOOD
        self.until(
            "everybody connected",
            lambda: all(o.get_subscription_count() for o in self.outlets.values()),
        )

    def send(self, message):
        message.header.stamp = self.node.get_clock().now().to_msg()
        self.outlets[type(message)].publish(message)

    def until(self, what, check, limit_s=60.0, repeat=None):
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            if repeat is not None:
                self.send(repeat)
            self.spinner.spin_once(timeout_sec=0.02)
            if check():
                return
        raise AssertionError(f"{what}: not seen; {self.lines()[-3:]}")

    def lines(self, *kinds):
        files = sorted(self.folder.glob("*.jsonl"))
        found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
        return [line for line in found if not kinds or line["kind"] in kinds]

    def marked(self):
        """Send an event and wait for its line: then all that was sent before was heard."""
        name = uuid.uuid4().hex
        self.send(CellEvent(source="test", kind=name, data="{}"))
        self.until("the mark", lambda: bool(self.lines(name)))

    def leave(self):
        """End the recorder alone."""
        self.spinner.remove_node(self.recorder)
        self.recorder.close()
        self.recorder.destroy_node()

    def end(self):
        self.leave()
        self.node.destroy_node()


def test_records_and_journal_go_where_the_cell_says(tmp_path):
    folder = shutil.copytree(CELL.folder, tmp_path / "cell")
    text = (folder / "cell.yaml").read_text()
    (folder / "cell.yaml").write_text(text.replace("record: {", "record: {folder: kept, "))
    rclpy.init(args=["--ros-args", "-p", f"cell:={folder}", "-p", f"state_dir:={tmp_path}/state"])
    nodes = [Recorder(), TaskManager()]
    for node in nodes:
        assert node.trigger_configure() == GOOD
        assert node.trigger_activate() == GOOD
    for node in nodes:
        node.close()
        node.destroy_node()
    rclpy.try_shutdown()
    kept = {path.relative_to(folder / "kept").parts[0] for path in (folder / "kept").rglob("*")}
    assert kept == {"records", "journal.jsonl", "journal.jsonl.lock"}


@pytest.fixture
def cell(ros, tmp_path):
    made = Cell(tmp_path / "records")
    try:
        made.begin()
        yield made
    finally:
        made.end()


def test_the_record_begins_with_what_it_is_a_record_of(cell):
    (begun,) = cell.lines("record_begun")
    assert begun["data"] == {
        "cell": "default", "folder": str(CELL.folder), "simulated": True,
        "safety_sha256": CELL.safety_sha256,
    }  # fmt: skip
    assert begun["stamp"].endswith("Z")
    assert cell.recorder.trigger_deactivate() == GOOD
    assert cell.lines()[-1]["kind"] == "record_ended"


def test_each_event_is_one_line_even_a_malformed_one(cell):
    cell.send(CellEvent(source="panel", kind="answer", data='{"accepted": true}'))
    cell.send(CellEvent(source="panel", kind="odd", data="not JSON"))
    cell.send(CellEvent(source="panel", kind="list", data="[1, NaN]"))
    cell.until("the last", lambda: bool(cell.lines("list")))
    assert [line["data"] for line in cell.lines("answer", "odd", "list")] == [
        {"accepted": True}, {"text": "not JSON"}, {"value": [1, None]},
    ]  # fmt: skip
    assert cell.lines("answer")[0]["source"] == "panel"


def test_what_was_told_while_no_recorder_ran_is_written_once_and_so_is_the_rest(cell):
    for number in range(3):
        cell.send(CellEvent(source="panel", kind="before", data=f'{{"n": {number}, "x": NaN}}'))
    cell.until("three", lambda: len(cell.lines("before")) == 3)
    cell.leave()
    for number in range(3):
        cell.send(CellEvent(source="panel", kind="meanwhile", data=f'{{"n": {number}}}'))
    cell.begin()
    cell.until("three more", lambda: len(cell.lines("meanwhile")) >= 3)
    cell.marked()
    for kind in ("before", "meanwhile"):
        assert [line["data"]["n"] for line in cell.lines(kind)] == [0, 1, 2]


def test_a_permit_is_written_when_it_changes_with_all_its_numbers(cell):
    permit = MotionPermit(state=4, stop_category=255, distance_m=float("inf"), required_m=1.5)
    cell.until("the first", lambda: bool(cell.lines("permit")), repeat=permit)
    for _ in range(5):
        cell.send(permit)
        cell.marked()
    assert len(cell.lines("permit", "permit_sample")) == 1
    line = cell.lines("permit")[0]["data"]
    assert (line["required_m"], line["distance_m"]) == (1.5, None)
    noted = {*MotionPermit.get_fields_and_field_types()} - {"header", "corridor"}
    assert set(line) == noted | {"joints_rad"}
    for number, change in enumerate(
        (
            {"state": 2},
            {"cause": "separation"},
            {"zone": "west"},
            {"muted": ["west"]},
            {"mode": 2},
            {"zone_set": "night"},
            {"clears": "reset"},
            {"contact_region": "hand"},
        ),
        2,
    ):
        changed = MotionPermit(**change)
        cell.until(
            "a change", lambda n=number: len(cell.lines("permit")) == n, repeat=changed
        )  # fmt: skip


def test_a_permit_is_written_with_people_and_joints_as_they_were(cell):
    part = BodyPart(region="hand", start=Point(x=1.0), end=Point(z=float("nan")), radius_m=0.05)
    person = Human(
        id=3, position=Point(x=2.0, y=-1.0), velocity=Vector3(y=0.5), radius_m=0.3, hidden=True,
        parts=[part],
    )  # fmt: skip
    motors = [MotorState(joint="joint_1", position_rad=0.5)]
    motors.append(MotorState(joint="joint_2", position_rad=float("nan")))

    def newest():
        return cell.lines("permit")[-1]["data"] if cell.lines("permit") else {}

    for number in range(1000):
        cell.send(Humans(humans=[person] * 40))
        cell.send(MotorStates(motors=motors))
        cell.send(MotionPermit(cause=f"zone:z{number}"))
        cell.marked()
        if newest().get("people") and newest()["joints_rad"]:
            break
    said = newest()
    assert said["joints_rad"] == {"joint_1": 0.5, "joint_2": None}
    assert len(said["people"]) == 32, "a line has its bounds"
    assert said["people"][0] == {
        "id": 3, "at_m": [2.0, -1.0], "velocity_mps": [0.0, 0.5], "radius_m": 0.3,
        "hidden": True, "confirmed": False,
        "parts": [
            {"region": "hand", "start_m": [1.0, 0.0, 0.0], "end_m": [0.0, 0.0, None],
             "radius_m": 0.05},
        ],
    }  # fmt: skip
    assert -1.0 < said["people_age_s"] < 60.0


def test_another_binding_pair_is_written_but_not_each_tick(cell):
    began_s = time.monotonic()
    turns = 0
    while len(cell.lines("permit")) < 3:
        turns += 1
        cell.send(MotionPermit(human_id=1 + turns % 2, link="link_4"))
        cell.marked()
    took_s = time.monotonic() - began_s
    assert turns > len(cell.lines("permit"))
    assert len(cell.lines("permit")) <= took_s + 1.0
    pairs = [line["data"]["human_id"] for line in cell.lines("permit")]
    assert all(a != b for a, b in itertools.pairwise(pairs))


def test_a_moving_arm_is_sampled_once_a_second(cell):
    permit = MotionPermit(state=4)
    cell.send(MotionProgress(phase=MotionProgress.MOVING))
    cell.marked()
    began_s = time.monotonic()
    cell.until("two samples", lambda: len(cell.lines("permit_sample")) >= 2, repeat=permit)
    took_s = time.monotonic() - began_s
    assert len(cell.lines("permit_sample")) <= took_s + 1.0
    assert len(cell.lines("permit")) == 1


def test_gate_changes_are_written_once(cell):
    for gate, count in ((MotorStates.GATE_OPEN, 1), (MotorStates.GATE_HOLD, 2)):
        states = MotorStates(gate=gate, gate_reason="", rate_hz=200.0)
        cell.until("the gate", lambda n=count: len(cell.lines("gate")) == n, repeat=states)
    cell.marked()
    assert len(cell.lines("gate")) == 2


def test_a_record_that_cannot_be_written_is_told_and_harms_nobody(ros, tmp_path, capfd):
    (tmp_path / "records").write_text("a file stands where the folder should be")
    cell = Cell(tmp_path / "records")
    cell.begin()
    cell.send(CellEvent(source="panel", kind="answer", data="{}"))
    cell.until("the loss", lambda: cell.recorder._log.lost >= 2)
    cell.end()
    assert "the record cannot be written" in capfd.readouterr().err
