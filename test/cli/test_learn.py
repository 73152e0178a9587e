"""`hrc-cell learn`: nothing is learned before somebody has said that the cell is empty."""

import argparse
import array
import io
import os
import threading

import numpy as np
import pytest
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.lifecycle import TransitionCallbackReturn
from scan_room import Room
from sensor_msgs.msg import LaserScan
from strategies import ROOT

from hrc_cell.cli import learn
from hrc_cell.nodes.base import SENSOR
from hrc_cell.nodes.human_tracker import HumanTracker

GOOD = TransitionCallbackReturn.SUCCESS


def run(*arguments) -> int:
    """Run the command as the program does."""
    parser = argparse.ArgumentParser()
    learn.add_parser(parser.add_subparsers())
    args = parser.parse_args(["learn", *map(str, arguments)])
    return args.run(args)


@pytest.mark.req("S2")
@pytest.mark.parametrize("answer", ["", "yes\n", "no\n", "full\n"])
def test_without_the_word_of_a_person_nothing_is_learned(monkeypatch, capsys, answer):
    monkeypatch.setattr("sys.stdin", io.StringIO(answer))
    assert run() == 1
    heard = capsys.readouterr()
    assert "Go and look" in heard.out
    assert "nothing was learned" in heard.err


def test_without_a_cell_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(learn, "CALL_S", 0.3)
    assert run("--confirm-empty", "--namespace", f"nowhere_{os.getpid()}") == 1
    assert "does the cell run" in capsys.readouterr().err


@pytest.fixture
def cell(tmp_path):
    """A tracker of the default cell with two scanners in a room; its namespace."""
    name = f"learn_{os.getpid()}"
    rclpy.init(
        args=["--ros-args", "-r", f"__ns:=/{name}", "-p", f"cell:={ROOT / 'config' / 'default'}",
              "-p", f"state_dir:={tmp_path}"],
    )  # fmt: skip
    tracker, room = HumanTracker(), Room(beams=181)
    assert tracker.trigger_configure() == GOOD
    assert tracker.trigger_activate() == GOOD
    node = rclpy.create_node("surroundings")
    eyes = [
        (place, node.create_publisher(LaserScan, f"scanners/{place.name}/scan", SENSOR))
        for place in tracker.cell.file.scanners
    ]

    def turn():
        for place, topic in eyes:
            scan = room.scan(place)
            message = LaserScan(
                angle_min=scan.angle_min_rad, angle_increment=scan.angle_increment_rad,
                range_min=scan.range_min_m, range_max=scan.range_max_m,
                ranges=array.array("f", np.asarray(scan.ranges, dtype=np.float32)),
            )  # fmt: skip
            message.header.frame_id = place.name
            message.header.stamp = node.get_clock().now().to_msg()
            topic.publish(message)

    node.create_timer(0.04, turn)
    executor = SingleThreadedExecutor()
    executor.add_node(tracker)
    executor.add_node(node)
    thread = threading.Thread(target=executor.spin, daemon=True)
    thread.start()
    yield name
    executor.shutdown()
    thread.join(10.0)
    tracker.close()
    tracker.destroy_node()
    node.destroy_node()
    rclpy.try_shutdown()


@pytest.mark.parametrize("confirmed", [True, False])
def test_a_cell_that_is_said_to_be_empty_is_learned(cell, confirmed, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr("sys.stdin", io.StringIO("Empty\n"))
    assert run("--namespace", cell, *(["--confirm-empty"] if confirmed else [])) == 0
    assert "the empty cell is learned" in capsys.readouterr().out
    assert (tmp_path / "background.npz").exists()


def test_a_refusal_is_told_with_its_reason(cell, tmp_path, capsys):
    (tmp_path / "background.npz").unlink(missing_ok=True)
    (tmp_path / "background.npz").mkdir()
    assert run("--confirm-empty", "--namespace", cell) == 1
    assert "refused: the old background cannot be deleted" in capsys.readouterr().err
