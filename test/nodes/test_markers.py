"""The markers over real DDS: what the cell knows is drawn, what it does not know is named."""

import json
import math
import os
import time
import uuid

import numpy as np
import pytest
import rclpy
import yaml
from geometry_msgs.msg import Point
from hrc_cell_interfaces.msg import (
    BodyPart,
    Human,
    Humans,
    MotionPermit,
    MotionProgress,
    MotorState,
    MotorStates,
)
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import LaserScan
from strategies import ROOT, default_cell
from visualization_msgs.msg import Marker, MarkerArray

from hrc_cell.adapters.description import load_description
from hrc_cell.nodes.base import ALL, NEWEST, SENSOR
from hrc_cell.nodes.markers import Markers
from hrc_cell.nodes.processes import MARKERS, processes_of

CELL = default_cell()
CHAIN = load_description(CELL).chain
JOINTS = dict(zip(CHAIN.joints, CELL.file.robot.poses["home"], strict=True))
GOOD = TransitionCallbackReturn.SUCCESS
LINK = CHAIN.capsule_names[-1]


@pytest.fixture
def scene(tmp_path):
    """The node, and somebody who plays the rest of the cell."""
    arguments = ["--ros-args", "-r", f"__ns:=/markers_{os.getpid()}_{uuid.uuid4().hex[:6]}"]
    arguments += ["-p", f"cell:={CELL.folder}", "-p", f"state_dir:={tmp_path}"]
    rclpy.init(args=[*arguments, "-p", "rate_hz:=10.0"])
    made = Scene()
    try:
        yield made
    finally:
        made.end()
        rclpy.try_shutdown()


class Scene:
    """A cell with one person, as topics."""

    def __init__(self):
        self.markers, self.node = Markers(), rclpy.create_node("cell")
        self.spinner = SingleThreadedExecutor()
        self.spinner.add_node(self.markers)
        self.spinner.add_node(self.node)
        make = self.node.create_publisher
        self.outlets = {
            "humans": make(Humans, "humans", NEWEST),
            "permit": make(MotionPermit, "safety_state", ALL),
            "motors": make(MotorStates, "motor_states", NEWEST),
            "scan": make(LaserScan, f"scanners/{CELL.file.scanners[0].name}/scan", SENSOR),
        }
        self.heard = []
        self.node.create_subscription(MarkerArray, "markers", self.heard.append, NEWEST)
        person = Human(id=3, position=Point(x=2.5, y=0.5), radius_m=0.3, confirmed=True)
        self.say = {
            "humans": Humans(humans=[person]),
            "permit": MotionPermit(human_id=3, link=LINK, distance_m=1.41, required_m=1.63),
            "motors": MotorStates(
                motors=[MotorState(joint=name, position_rad=q) for name, q in JOINTS.items()]
            ),
            "scan": LaserScan(
                angle_min=-0.1, angle_increment=0.1, range_min=0.05, range_max=10.0,
                ranges=[1.0, math.inf, 2.0],
            ),
        }  # fmt: skip
        self.say["humans"].header.frame_id = CELL.file.frame
        assert self.markers.trigger_configure() == GOOD
        assert self.markers.trigger_activate() == GOOD

    def shown(self, what, check, limit_s=30.0):
        """Say all of it again and again until an array is as it should be; return that array."""
        end_s = time.monotonic() + limit_s
        while time.monotonic() < end_s:
            for name, message in self.say.items():
                self.outlets[name].publish(message)
            self.spinner.spin_once(timeout_sec=0.02)
            while self.heard:
                markers = self.heard.pop(0).markers
                if check(markers):
                    return markers
        raise AssertionError(f"{what}: not shown")

    def whole(self):
        drawn = ("people", "arm", "separation", "scans")
        return self.shown("everything", lambda m: all(of(m, name) for name in drawn))

    def end(self):
        self.markers.close()
        self.markers.destroy_node()
        self.node.destroy_node()


def of(markers, namespace, kind=None):
    return [m for m in markers if m.ns == namespace and kind in (None, m.type)]


def test_each_array_takes_the_last_away_and_stands_in_the_cell_frame_for_a_moment(scene):
    markers = scene.whole()
    assert markers[0].action == Marker.DELETEALL
    assert {m.header.frame_id for m in markers} == {CELL.file.frame}
    assert all(m.lifetime.sec or m.lifetime.nanosec for m in markers[1:])
    named = [(m.ns, m.id) for m in markers[1:]]
    assert len(set(named)) == len(named)


def test_a_zone_with_somebody_in_it_is_brighter_and_a_muted_one_is_grey(scene):
    areas = of(scene.whole(), "zones", Marker.TRIANGLE_LIST)
    table, approach = areas  # as in zones.yaml; the person stands in the second alone
    assert approach.color.a > table.color.a
    corners = {(p.x, p.y) for p in approach.points}
    assert corners == set(CELL.zones.zones[1].polygon_m)
    scene.say["permit"].muted = [CELL.zones.zones[1].name]

    def grey(markers):
        (_, area) = of(markers, "zones", Marker.TRIANGLE_LIST)
        return area.color.r == area.color.g == area.color.b and area.color.a == table.color.a

    scene.shown("a muted zone", grey)


def test_a_person_is_a_cylinder_as_wide_as_the_envelope_and_a_hidden_one_is_faint(scene):
    (body,) = of(scene.whole(), "people", Marker.CYLINDER)
    height_m = CELL.file.safety.person_height_m
    assert (body.scale.x, body.scale.y, body.scale.z) == pytest.approx((0.6, 0.6, height_m))
    assert (body.pose.position.x, body.pose.position.y) == (2.5, 0.5)
    scene.say["humans"].humans[0].hidden = True
    scene.shown(
        "a hidden person",
        lambda m: of(m, "people", Marker.CYLINDER)[0].color.a < body.color.a,
    )


def test_the_parts_of_a_body_are_capsules_with_rounded_ends(scene):
    part = BodyPart(region="hand", start=Point(x=1.0, z=1.0), end=Point(x=1.0, y=0.4, z=1.0))
    part.radius_m = 0.05
    scene.say["humans"].humans[0].parts = [part]
    scene.say["permit"].body_part = "hand"
    markers = scene.shown("a hand", lambda m: of(m, "people", Marker.SPHERE_LIST))
    (balls,), (rod,) = (of(markers, "people", k) for k in (Marker.SPHERE_LIST, Marker.CYLINDER))
    assert [(p.x, p.y, p.z) for p in balls.points] == [(1.0, 0.0, 1.0), (1.0, 0.4, 1.0)]
    assert (rod.scale.x, rod.scale.z) == pytest.approx((0.1, 0.4))
    turn, z = rod.pose.orientation, np.array([0.0, 0.0, 1.0])
    axis = np.array([turn.x, turn.y, turn.z])
    turned = z + 2.0 * np.cross(axis, np.cross(axis, z) + turn.w * z)
    assert turned == pytest.approx([0.0, 1.0, 0.0], abs=1e-9), "its axis lies along the part"
    (line,) = of(markers, "separation", Marker.LINE_LIST)
    assert line.points[1].z == pytest.approx(1.0, abs=0.1), "the line ends at the binding part"


def test_line_numbers_and_ring_stand_between_the_pair_that_binds(scene):
    markers = scene.whole()
    (text,) = of(markers, "separation", Marker.TEXT_VIEW_FACING)
    assert text.text == "1.41 m / 1.63 m"
    (line,), (ring,) = (of(markers, "separation", k) for k in (Marker.LINE_LIST, Marker.LINE_STRIP))
    start, end = line.points
    assert math.hypot(end.x - 2.5, end.y - 0.5) == pytest.approx(0.3), "the person's edge"
    radii = {round(math.hypot(p.x - start.x, p.y - start.y), 6) for p in ring.points}
    (ring_m,) = radii
    assert ring_m == pytest.approx(1.63 + CHAIN.capsule_radius_m[-1])
    reds = [m.color.r for m in of(markers, "arm", Marker.SPHERE_LIST)]
    assert len(reds) == len(CHAIN.capsule_names)
    assert reds.count(reds[-1]) == 1, "the binding link has a colour of its own"


def test_a_scan_is_points_in_the_cell_frame_where_its_scanner_stands(scene):
    scanner = CELL.file.scanners[0]
    (scan,) = of(
        scene.shown("a scan", lambda m: of(m, "scans")), "scans", Marker.POINTS
    )  # fmt: skip
    told = [(p.x, p.y, p.z) for p in scan.points]
    expected = [
        (
            scanner.x_m + r * math.cos(scanner.yaw_rad + a),
            scanner.y_m + r * math.sin(scanner.yaw_rad + a), scanner.z_m,
        )
        for r, a in ((1.0, -0.1), (2.0, 0.1))
    ]  # fmt: skip
    assert np.array(told) == pytest.approx(np.array(expected), abs=1e-6), "no echo, no point"


@pytest.mark.req("S2")
def test_what_is_silent_is_not_drawn_but_named(scene):
    scene.say.clear()
    markers = scene.shown("nothing known", lambda m: of(m, "status"))
    assert not of(markers, "people")
    assert not of(markers, "arm")
    assert not of(markers, "separation")
    (told,) = (m.text for m in of(markers, "status"))
    for word in ("people", "arm", "permit", "scan of left"):
        assert word in told
    assert of(markers, "zones")


@pytest.mark.req("S2")
def test_somebody_at_an_unknown_place_is_named_and_touches_every_zone(scene):
    scene.say["humans"].humans[0].position.x = math.nan
    markers = scene.shown(
        "nobody knows where",
        lambda m: of(m, "status") and "person 3 at an unknown place" in of(m, "status")[0].text,
    )
    assert not of(markers, "people")
    assert {round(m.color.a, 2) for m in of(markers, "zones", Marker.TRIANGLE_LIST)} == {0.45}


def test_the_monitor_watches_and_the_cell_needs_everyone_but_the_markers():
    assert MARKERS not in processes_of(CELL)
    assert not MARKERS.needed
    assert all(process.needed for process in processes_of(CELL))


def test_its_topic_and_parameters_are_documented(scene):
    page = (ROOT / "docs" / "graph.md").read_text().split("## Markers\n")[1]
    topics = dict(
        scene.node.get_publisher_names_and_types_by_node("markers", scene.node.get_namespace())
    )
    assert any(name.endswith("/markers") for name in topics)
    assert "`markers` | `visualization_msgs/msg/MarkerArray`" in page
    own = {"cell", "state_dir", "autostart", "use_sim_time", "start_type_description_service"}
    for name in set(scene.markers._parameters) - own:
        assert f"| `markers` | `{name}` |" in page
    for namespace in ("zones", "people", "arm", "separation", "scans", "status"):
        assert f"`{namespace}`" in page


FIELDS = {"/safety_state": MotionPermit, "/motion_progress": MotionProgress}


def test_the_foxglove_layout_names_panels_and_fields_that_there_are():
    layout = json.loads((ROOT / "config" / "foxglove" / "hrc_cell.json").read_text())

    def leaves(node):
        return (
            [node] if isinstance(node, str) else [*leaves(node["first"]), *leaves(node["second"])]
        )

    assert sorted(leaves(layout["layout"])) == sorted(layout["configById"])
    paths = [
        path["value"] for panel in layout["configById"].values() for path in panel.get("paths", ())
    ]
    assert paths
    for path in paths:
        topic, _, field = path.partition(".")
        assert field in FIELDS[topic].get_fields_and_field_types(), path
    (room,) = (panel for name, panel in layout["configById"].items() if name.startswith("3D!"))
    assert set(room["topics"]) == {"/markers"}
    assert room["followTf"] == CELL.file.frame


def test_the_rviz_file_shows_every_namespace_in_the_cell_frame():
    file = yaml.safe_load((ROOT / "launch" / "view.rviz").read_text())["Visualization Manager"]
    assert file["Global Options"]["Fixed Frame"] == CELL.file.frame
    (cell,) = (d for d in file["Displays"] if d["Class"].endswith("/MarkerArray"))
    assert cell["Topic"]["Value"] == "/markers"
    assert set(cell["Namespaces"]) == {"zones", "people", "arm", "separation", "scans", "status"}
