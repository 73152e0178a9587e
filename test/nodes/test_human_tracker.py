"""The tracker node over real DDS: scans become people, and silence is told."""

import array
import json
import math
import os
import shutil
import time

import numpy as np
import pytest
import rclpy
from bags import write_bag
from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import Point
from hrc_cell_interfaces.msg import CellEvent, Human, Humans, ScannerStatus
from hrc_cell_interfaces.srv import LearnBackground
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from scan_room import Room, legs, scanner
from sensor_msgs.msg import LaserScan
from strategies import ROOT, signed

from hrc_cell.adapters.record.scans import read_scans
from hrc_cell.core.evidence import Evidence
from hrc_cell.core.hidden import Circle
from hrc_cell.core.tracking import Track
from hrc_cell.nodes.base import ALL, NEWEST, SENSOR
from hrc_cell.nodes.human_tracker import HumanTracker, fill
from hrc_cell.settings.cell import load_cell

GOOD = TransitionCallbackReturn.SUCCESS
OK, LEARNING = ScannerStatus.OK, ScannerStatus.LEARNING
SILENT, BLIND, STRANGE = ScannerStatus.SILENT, ScannerStatus.BLIND, ScannerStatus.STRANGE
BLOCKED, FROZEN = ScannerStatus.BLOCKED, ScannerStatus.FROZEN
PERIOD_S = 0.04


@pytest.fixture
def folder(tmp_path):
    """A cell that learns its background quickly."""
    folder = shutil.copytree(ROOT / "config" / "default", tmp_path / "cell")
    file = folder / "cell.yaml"
    text = file.read_text(encoding="utf-8")
    for now, then in (
        ("  background_s: 1.5\n", "  background_s: 0.4\n"),
        ("timeout_s: 0.25, beams", "timeout_s: 0.4, beams"),
    ):
        assert now in text
        text = text.replace(now, then)
    file.write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def ros(folder, tmp_path):
    """Run rclpy with that cell, in a namespace of this test's own."""
    arguments = ["--ros-args", "-r", f"__ns:=/tracker_{os.getpid()}"]
    rclpy.init(args=[*arguments, "-p", f"cell:={folder}", "-p", f"state_dir:={tmp_path}/state"])
    yield
    rclpy.try_shutdown()


class Surroundings:
    """The room in front of the tracker: shows it scans, hears what it sees."""

    def __init__(self, folder):
        self.places = load_cell(folder).file.scanners
        self.room = Room(beams=181)
        self.tracker = HumanTracker()
        self.node = rclpy.create_node("surroundings")
        self.executor = SingleThreadedExecutor()
        self.executor.add_node(self.tracker)
        self.executor.add_node(self.node)
        self.eyes = {
            place.name: self.node.create_publisher(LaserScan, f"scanners/{place.name}/scan", SENSOR)
            for place in self.places
        }
        self.humans, self.events = [], []
        self.node.create_subscription(Humans, "humans", self.humans.append, NEWEST)
        self.node.create_subscription(CellEvent, "events", self.events.append, ALL)
        self.silent, self.posts, self.change = set(), lambda now_s: [], {}
        self.swapped = False  # each driver publishes on the other's topic
        self.begin_s = time.monotonic()

    def send(self, scan, stamp=None, frame=None, **change):
        """Publish one scan with a stamp of now."""
        message = LaserScan(
            angle_min=scan.angle_min_rad,
            angle_increment=scan.angle_increment_rad,
            range_min=scan.range_min_m,
            range_max=scan.range_max_m,
            ranges=array.array("f", np.asarray(scan.ranges, dtype=np.float32)),
        )
        message.header.frame_id = frame or scan.frame
        message.header.stamp = stamp or self.node.get_clock().now().to_msg()
        for name, value in change.items():
            setattr(message, name, value)
        names = [*self.eyes]
        topic = names[1 - names.index(scan.frame)] if self.swapped else scan.frame
        self.eyes[topic].publish(message)

    def look(self):
        """Let every scanner that is not silent see the room as it is now."""
        posts = self.posts(time.monotonic())
        for place in self.places:
            if place.name not in self.silent:
                self.send(self.room.scan(place, posts), **self.change)

    def until(self, what, check, limit_s=15.0):
        """Keep the scanners turning until `check` of a new message holds; return that message."""
        end_s, next_s = time.monotonic() + limit_s, 0.0
        while time.monotonic() < end_s:
            if time.monotonic() >= next_s:
                self.look()
                next_s = time.monotonic() + PERIOD_S
            before = len(self.humans)
            self.executor.spin_once(timeout_sec=0.005)
            for message in self.humans[before:]:
                if check(message):
                    return message
        raise AssertionError(f"{what}: not seen; last {self.humans[-1:]}")

    def states(self, *wanted):
        """Return a check for the states of the scanners."""
        return lambda message: tuple(s.state for s in message.scanners) == wanted

    def told(self, kind):
        """Return the events of a kind."""
        return [json.loads(event.data) for event in self.events if event.kind == kind]

    def begin(self):
        assert self.tracker.trigger_configure() == GOOD
        assert self.tracker.trigger_activate() == GOOD
        return self.until("ready", self.states(OK, OK))

    def close(self):
        self.tracker.close()
        self.executor.shutdown()
        self.tracker.destroy_node()
        self.node.destroy_node()


@pytest.fixture
def cell(ros, folder):
    around = Surroundings(folder)
    yield around
    around.close()


def walker(begin_s, speed_mps=0.8):
    """Return the legs over time of one who comes toward the scanners and stops at 1.8 m."""

    def posts(now_s):
        walked_m = min(speed_mps * (now_s - begin_s), 1.4)
        return legs(3.2 - walked_m, 0.2, walked_m)

    return posts


def test_the_empty_cell_is_learned_and_nobody_is_in_it(cell):
    message = cell.begin()
    assert message.humans == []
    assert message.header.frame_id == "cell"
    assert [status.name for status in message.scanners] == ["left", "right"]
    assert all(status.beams == 181 and status.beams_valid == 181 for status in message.scanners)
    assert all(status.stamp.sec > 0 for status in message.scanners)
    assert all(s.state in (SILENT, LEARNING) for s in cell.humans[0].scanners)
    cell.until("told", lambda m: [c["state"] for c in cell.told("scanner_state")].count("OK") == 2)
    left = [c["state"] for c in cell.told("scanner_state") if c["scanner"] == "left"]
    assert left[-2:] == ["LEARNING", "OK"]


def test_who_comes_is_seen_at_once_and_confirmed_and_told(cell):
    cell.begin()
    cell.posts = walker(time.monotonic())
    seen = cell.until("somebody", lambda m: m.humans)
    assert not seen.humans[0].confirmed
    shown = cell.until("a person", lambda m: any(h.confirmed for h in m.humans))
    assert len(shown.humans) == 1
    cell.until("stands", lambda m: abs(m.humans[0].position.x - 1.8) < 0.1)
    last = cell.until("still there", lambda m: m.humans and m.humans[0].age_s == 0.0)
    (person,) = last.humans
    assert person.id == shown.humans[0].id
    assert math.dist((person.position.x, person.position.y), (1.8, 0.2)) < 0.2
    assert 0.0 < person.position_std_m < 0.2
    assert 0.1 < person.radius_m < 0.6
    cell.posts = lambda now_s: []
    cell.until("gone", lambda m: not m.humans)
    cell.until("told", lambda m: cell.told("person_gone"))
    assert [c["id"] for c in cell.told("person_appeared")] == [person.id]
    assert [c["id"] for c in cell.told("person_gone")] == [person.id]


@pytest.mark.req("S2")
def test_a_silent_scanner_is_told_and_so_is_a_cell_without_any(cell):
    cell.begin()
    cell.silent = {"left"}
    cell.until("left silent", cell.states(SILENT, OK))
    cell.silent = {"left", "right"}
    silent = cell.until("both silent", cell.states(SILENT, SILENT))
    again = cell.until("told again", cell.states(SILENT, SILENT))
    assert again.header.stamp == silent.header.stamp
    cell.silent = set()
    cell.until("back", cell.states(OK, OK))
    changes = [("left", "OK", "SILENT"), ("right", "OK", "SILENT"), ("left", "SILENT", "OK")]
    for name, before, after in changes:
        change = {"scanner": name, "before": before, "state": after}
        cell.until(f"{change} told", lambda m, c=change: c in cell.told("scanner_state"))


@pytest.mark.req("S2")
def test_a_person_is_not_forgotten_while_all_is_silent(cell):
    cell.begin()
    cell.posts = walker(time.monotonic())
    cell.until("somebody", lambda m: any(h.confirmed for h in m.humans))
    cell.silent = {"left", "right"}
    cell.until("silent", cell.states(SILENT, SILENT))
    end_s = time.monotonic() + 1.5 * load_cell(cell.tracker.cell.folder).file.tracker.forget_s
    last = cell.until("time to forget", lambda m: time.monotonic() > end_s)
    assert len(last.humans) == 1


@pytest.mark.req("S2")
def test_a_covered_scanner_is_blind(cell):
    cell.begin()
    cell.change = {"ranges": array.array("f", [math.inf] * 181)}
    cell.until("blind", cell.states(BLIND, BLIND))


@pytest.mark.req("S2")
@pytest.mark.parametrize("offset_s", [-10, 10])
def test_scans_with_an_impossible_stamp_are_none_and_told(cell, offset_s):
    cell.begin()
    cell.posts = walker(time.monotonic())
    now = cell.node.get_clock().now().to_msg()
    cell.change = {"stamp": TimeMsg(sec=now.sec + 100 * offset_s)}
    last = cell.until("strange", cell.states(STRANGE, STRANGE))
    assert last.humans == []


@pytest.mark.req("S2")
def test_scans_without_directions_are_none(cell):
    cell.begin()
    cell.change = {"angle_increment": 0.0}
    cell.until("strange", cell.states(STRANGE, STRANGE))
    cell.change = {}
    cell.until("over", cell.states(OK, OK))


@pytest.mark.req("S2")
def test_a_scanner_that_repeats_one_scan_has_frozen(cell):
    cell.begin()
    cell.change = {"ranges": array.array("f", [2.0] * 181)}
    cell.until("frozen", cell.states(FROZEN, FROZEN))


@pytest.mark.req("S2")
def test_a_scanner_with_something_on_its_window_is_blocked(cell):
    message = cell.begin()
    assert [status.background_ratio for status in message.scanners] == [1.0, 1.0]
    cover = cell.send

    def covered(scan, **change):
        scan.ranges[60:120] = math.inf
        cover(scan, **change)

    cell.send = covered
    blocked = cell.until("blocked", cell.states(BLOCKED, BLOCKED))
    assert blocked.scanners[0].background_ratio == pytest.approx(121 / 181, abs=0.01)


@pytest.mark.req("S2")
def test_who_is_hidden_by_somebody_is_published_until_the_place_is_seen_empty(cell):
    """Only the left scanner is there to see; who comes close to it hides who stands behind."""
    cell.places = cell.places[:1]
    at = cell.places[0]
    assert cell.tracker.trigger_configure() == GOOD
    assert cell.tracker.trigger_activate() == GOOD
    cell.until("left alone", lambda m: m.scanners[0].state == OK)
    begin_s = time.monotonic()

    def behind(now_s):
        y_m = at.y_m + max(0.0, 1.0 - (now_s - begin_s))
        return [(2.95, y_m + 0.12), (2.95, y_m - 0.12)]

    cell.posts = behind
    cell.until("a person", lambda m: any(h.confirmed for h in m.humans))
    cell.until("at rest", lambda m: time.monotonic() > begin_s + 1.5)
    cell.posts = lambda now_s: [(1.55, at.y_m + y_m) for y_m in (-0.1, 0.0, 0.1)]
    hidden = cell.until("hidden", lambda m: any(h.hidden and h.confirmed for h in m.humans))
    (person,) = [human for human in hidden.humans if human.hidden]
    off_m = math.dist((person.position.x, person.position.y), (2.95, at.y_m))
    assert off_m < person.radius_m
    assert (person.age_s, person.source, person.position_std_m) == (0.0, "scanners", 0.0)
    ids = [human.id for human in hidden.humans]
    assert len(set(ids)) == len(ids) == 2
    cell.posts = lambda now_s: []
    cell.until("gone", lambda m: not m.humans)
    cell.until("told", lambda m: cell.told("person_gone"))
    assert [c["id"] for c in cell.told("person_hidden")] == [person.id]
    assert {c["id"] for c in cell.told("person_gone")} >= {person.id}


class Asking:
    """A person who asks for learning."""

    def __init__(self, cell):
        self.cell = cell
        self.client = cell.node.create_client(LearnBackground, "learn_background")

    def learn(self, **fields):
        self.cell.until("the service", lambda m: self.client.service_is_ready())
        future = self.client.call_async(LearnBackground.Request(**fields))
        self.cell.until("an answer", lambda m: future.done())
        return future.result()


@pytest.fixture
def real(folder):
    """The same cell, not simulated, signed."""
    file = folder / "cell.yaml"
    text = file.read_text(encoding="utf-8")
    text = text[: text.index("\nsim:")].replace("simulated: true", "simulated: false")
    file.write_text(text.replace("port: sim", "port: /dev/null"), encoding="utf-8")
    signed(folder)


@pytest.mark.req("S2")
def test_a_real_cell_learns_only_when_a_person_says_that_it_is_empty(real, cell, tmp_path):
    assert cell.tracker.trigger_configure() == GOOD
    asking = Asking(cell)
    assert cell.tracker.trigger_activate() == GOOD
    cell.until("waiting", cell.states(LEARNING, LEARNING))
    end_s = time.monotonic() + 1.5
    cell.until("waiting still", lambda m: time.monotonic() > end_s)
    assert cell.states(LEARNING, LEARNING)(cell.humans[-1])
    refused = asking.learn(device="tablet", operator_alias="ana")
    assert not refused.accepted
    assert "go and look" in refused.reason
    assert cell.states(LEARNING, LEARNING)(cell.humans[-1])
    assert asking.learn(device="tablet", operator_alias="ana", confirmed_empty=True).accepted
    cell.until("learned", cell.states(OK, OK))
    assert (tmp_path / "state" / "background.npz").exists()
    cell.until("told", lambda m: cell.told("background_learning"))
    (told,) = cell.told("background_learning")
    named = {"device": "tablet", "operator": "ana", "scanners": ["left", "right"]}
    assert told == named | {"hidden_ended": []}
    assert [c["operator"] for c in cell.told("background_refused")] == ["ana"]


@pytest.mark.req("S2")
def test_learning_anew_stops_seeing_and_forgets_who_was_there(cell, tmp_path):
    cell.begin()
    kept = tmp_path / "state" / "background.npz"
    before = kept.stat().st_mtime_ns
    cell.posts = lambda now_s: legs(2.0, 0.0)
    cell.until("somebody", lambda m: m.humans)
    asking = Asking(cell)
    assert asking.learn(confirmed_empty=True).accepted
    cell.until("learning", cell.states(LEARNING, LEARNING))
    assert cell.until("learned", cell.states(OK, OK)).humans == []  # a post by now
    assert kept.stat().st_mtime_ns > before


@pytest.mark.req("S2")
def test_a_person_who_has_looked_ends_who_is_hidden_where_no_scanner_sees(cell):
    """Behind the left scanner, alone, nobody is ever seen; somebody walks in there."""
    cell.places = cell.places[:1]
    assert cell.tracker.trigger_configure() == GOOD
    assert cell.tracker.trigger_activate() == GOOD
    cell.until("left alone", lambda m: m.scanners[0].state == OK)
    begin_s = time.monotonic()

    def walks_in(now_s):
        x_m = 1.4 - (now_s - begin_s)
        return [(x_m + 0.1, -1.8), (x_m - 0.1, -1.6)] if x_m > 0.0 else []

    cell.posts = walks_in
    hidden = cell.until("hidden", lambda m: any(h.hidden and h.confirmed for h in m.humans))
    (person,) = hidden.humans
    end_s = time.monotonic() + 2.0
    last = cell.until("still", lambda m: time.monotonic() > end_s)
    assert [(human.id, human.hidden) for human in last.humans] == [(person.id, True)]
    assert not Asking(cell).learn().accepted
    assert [human.id for human in cell.humans[-1].humans] == [person.id]
    assert Asking(cell).learn(confirmed_empty=True).accepted
    cell.until("learned", lambda m: m.scanners[0].state == OK)
    assert cell.humans[-1].humans == []
    cell.until("told", lambda m: cell.told("person_gone") and cell.told("background_learning"))
    assert [c["id"] for c in cell.told("person_gone")] == [person.id]
    assert [c["hidden_ended"] for c in cell.told("background_learning")] == [[person.id]]


@pytest.mark.req("S2")
def test_a_background_that_cannot_be_deleted_is_not_learned_anew(cell, tmp_path):
    cell.begin()
    kept = tmp_path / "state" / "background.npz"
    kept.unlink()
    kept.mkdir()
    asked = Asking(cell).learn(confirmed_empty=True)
    assert not asked.accepted
    assert "cannot be deleted" in asked.reason
    cell.until("sees", cell.states(OK, OK))


def test_a_tracker_that_is_not_active_does_not_learn(cell):
    cell.begin()
    asking = Asking(cell)
    assert cell.tracker.trigger_deactivate() == GOOD
    future = asking.client.call_async(LearnBackground.Request(confirmed_empty=True))
    cell.executor.spin_until_future_complete(future, 10.0)
    assert future.result().reason == "the tracker is not active"


@pytest.mark.req("S2")
def test_scans_on_the_topic_of_another_scanner_are_none_and_told_once(cell):
    cell.begin()
    cell.swapped = True
    cell.posts = walker(time.monotonic())
    assert cell.until("silent", cell.states(SILENT, SILENT)).humans == []
    cell.until("told", lambda m: len(cell.told("scanner_frame")) == 2)
    cell.swapped = False
    cell.until("somebody", lambda m: m.humans)
    told = sorted((c["scanner"], c["frame"], c["expected"]) for c in cell.told("scanner_frame"))
    assert told == [("left", "right", "left"), ("right", "left", "right")]


@pytest.mark.req("S2")
def test_a_driver_may_name_its_frame_as_the_cell_says(cell, folder):
    """The frame of `left` is the driver's own; what comes under the scanner's name is none."""
    file = folder / "cell.yaml"
    file.write_text(file.read_text().replace("{name: left,", "{name: left, frame: laser_1,"))
    assert cell.tracker.trigger_configure() == GOOD
    assert cell.tracker.trigger_activate() == GOOD
    cell.until("right alone", cell.states(SILENT, OK))
    named = cell.send
    cell.send = lambda scan, **change: named(
        scan, **change, **({"frame": "laser_1"} if scan.frame == "left" else {})
    )
    cell.until("both", cell.states(OK, OK))
    assert {c["expected"] for c in cell.told("scanner_frame")} == {"laser_1"}


def test_a_tracker_that_was_stopped_says_nothing_and_begins_with_nobody(cell):
    cell.begin()
    cell.posts = walker(time.monotonic())
    cell.until("somebody", lambda m: m.humans)
    assert cell.tracker.trigger_deactivate() == GOOD
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:  # what was on its way arrives
        cell.executor.spin_once(timeout_sec=0.05)
    before = len(cell.humans)
    cell.posts = lambda now_s: []
    end_s = time.monotonic() + 0.5
    while time.monotonic() < end_s:
        cell.look()
        cell.executor.spin_once(timeout_sec=0.05)
    assert len(cell.humans) == before
    assert cell.tracker.trigger_activate() == GOOD
    assert cell.until("again", cell.states(OK, OK)).humans == []


def test_the_background_is_kept_and_used_at_the_next_start(cell, folder, tmp_path):
    cell.begin()
    assert (tmp_path / "state" / "background.npz").exists()
    second = Surroundings(folder)
    try:
        second.posts = lambda now_s: legs(2.0, 0.0)
        second.begin()
        assert not any(s.state == LEARNING for m in second.humans for s in m.scanners)
        second.until("who stood there at the start", lambda m: m.humans)
    finally:
        second.close()


@pytest.mark.req("S2")
def test_other_beams_than_were_learned_are_strange_until_a_person_has_them_learned(cell):
    cell.begin()
    cell.room = Room(beams=121)
    cell.until("strange", cell.states(STRANGE, STRANGE))
    assert Asking(cell).learn(confirmed_empty=True).accepted
    cell.until("learned", cell.states(OK, OK))


def test_a_background_that_cannot_be_kept_does_not_stop_the_tracker(cell, tmp_path):
    (tmp_path / "state" / "background.npz.part").mkdir(parents=True)
    cell.begin()
    assert not (tmp_path / "state" / "background.npz").exists()


def test_a_spoilt_background_is_refused(cell, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "background.npz").write_text("no background", encoding="utf-8")
    assert cell.tracker.trigger_configure() != GOOD


TRACKED = Track(
    id=3, x_m=1.0, y_m=2.0, vx_mps=0.5, vy_mps=-0.25, position_var_m2=0.04, covariance_m2ps=0.0,
    velocity_var_m2ps2=0.09, radius_m=0.3, seen_s=7.5,
    evidence=Evidence(since_s=0.0, x_m=0.0, y_m=0.0, confirmed=True),
)  # fmt: skip
HIDDEN = Circle(id=4, x_m=-1.0, y_m=-2.0, radius_m=0.8, confirmed=False)


def test_a_message_that_is_filled_again_holds_nothing_of_before():
    followed, hidden = Human(), Human()
    fill(followed, TRACKED, 8.0)
    fill(hidden, HIDDEN, 8.0)
    assert (followed.id, followed.radius_m, followed.age_s) == (3, 0.3, 0.5)
    assert (followed.position.x, followed.position.y) == (1.0, 2.0)
    assert (followed.velocity.x, followed.velocity.y) == (0.5, -0.25)
    assert (followed.position_std_m, followed.velocity_std_mps) == pytest.approx((0.2, 0.3))
    assert followed.confirmed
    assert hidden == Human(
        id=4, position=Point(x=-1.0, y=-2.0), radius_m=0.8, hidden=True, confirmed=False
    )
    for last, fresh in ((HIDDEN, hidden), (TRACKED, followed)):
        again = Human()
        for one in (TRACKED, HIDDEN, last):
            fill(again, one, 8.0)
        assert again == fresh


def test_the_settings_are_shown_as_parameters(cell):
    cell.begin()
    assert cell.tracker.get_parameter("tracker.background_s").value == 0.4
    assert cell.tracker.get_parameter("scanners.left.timeout_s").value == 0.4


def test_a_recording_played_into_the_tracker_shows_the_person_in_it(cell, tmp_path):
    room, place = Room(beams=181, seed=5), scanner(name="left", x_m=0.75, y_m=0.45, yaw_rad=0.7854)
    scans = []
    for i in range(70):
        stamp_s = 50.0 + PERIOD_S * i
        posts = walker(51.0)(stamp_s) if stamp_s > 51.0 else []
        scans.append(room.scan(place, posts, stamp_s))
    recording = write_bag(tmp_path / "bag", {"/scan": scans})
    assert cell.tracker.trigger_configure() == GOOD
    assert cell.tracker.trigger_activate() == GOOD
    cell.silent = {"left", "right"}
    cell.until("connected", lambda m: cell.eyes["left"].get_subscription_count() > 0)
    begin_s, played = time.monotonic(), list(read_scans(recording))
    for scan in played:
        while time.monotonic() - begin_s < scan.stamp_s - played[0].stamp_s:
            cell.executor.spin_once(timeout_sec=0.005)
        cell.send(scan)
    last = cell.until("a person", lambda m: any(h.confirmed for h in m.humans))
    assert len(last.humans) == 1
