"""The bench of the tracker: what it counts, what it prints, what it refuses."""

import argparse
import json
import math
import os
from dataclasses import replace
from pathlib import Path

import pytest
from bags import write_bag
from scan_room import Room, legs, scanner
from strategies import default_cell

from hrc_cell.adapters.record.scans import read_scans
from hrc_cell.cli import bench_tracker

PLACE = scanner()
TRACKER = default_cell().file.tracker
PERIOD_S = 0.1
BEGIN_S = 1_700_000_000.0


def bench(*arguments) -> int:
    """Run the command as the program does."""
    parser = argparse.ArgumentParser()
    bench_tracker.add_parser(parser.add_subparsers())
    args = parser.parse_args(["tracker", *map(str, arguments)])
    return args.run(args)


def stand_m(time_s: float) -> float:
    """Return how far the walker of the recording is: to and fro between 1 m and 3 m."""
    return 2.0 + math.sin(0.5 * time_s)


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A recording with somebody in it from the first scan to the last, and its labels."""
    folder, room = tmp_path_factory.mktemp("recording"), Room(beams=361)
    scans, lines = [], ["scan_stamp_ns,x_m,y_m"]
    for i in range(200):
        time_s = PERIOD_S * i
        posts = legs(stand_m(time_s), 0.3, 2.0 * time_s)
        scans.append(room.scan(PLACE, posts, BEGIN_S + time_s))
        if i % 2:
            stamp_ns = round((BEGIN_S + time_s) * 1e9)
            lines += [f"{stamp_ns},{x_m:.4f},{y_m:.4f}" for x_m, y_m in posts]
    labels = folder / "labels.csv"
    labels.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return write_bag(folder / "bag", {"/scan": scans}), labels


def test_one_person_who_is_always_there_is_found_and_nobody_else(recording, tmp_path, capsys):
    bag, labels = recording
    out = tmp_path / "result.json"
    assert bench("--scans", bag, "--labels", labels, "--json", out) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["scans"] == 200
    assert result["duration_s"] == pytest.approx(19.9, abs=0.01)
    assert result["found_ratio"] >= 0.95
    assert result["false_per_scan"] < 0.1
    assert result["labelled_scans"] == 90
    assert result["people_max"] == 1
    assert len(result["people_over_time"]) == 200
    assert result["people_over_time"][-1] == [pytest.approx(19.9, abs=0.01), 1]
    assert result["settings"]["forget_s"] > 0.0
    printed = capsys.readouterr().out
    assert "found_ratio" in printed
    assert "first of two passes" in printed


def test_a_scanner_so_slow_that_each_step_is_a_new_place_still_shows_the_person(tmp_path):
    period_s, room, scans, lines = 0.4, Room(beams=361), [], ["scan_stamp_ns,x_m,y_m"]
    for i in range(80):
        time_s = BEGIN_S + period_s * i
        posts = legs(stand_m(0.25 * period_s * i), 0.3, 0.5 * period_s * i)
        scans.append(room.scan(PLACE, posts, time_s))
        lines += [f"{round(time_s * 1e9)},{x_m:.4f},{y_m:.4f}" for x_m, y_m in posts]
    labels, out = tmp_path / "labels.csv", tmp_path / "result.json"
    labels.write_text("\n".join(lines), encoding="utf-8")
    bag = write_bag(tmp_path / "bag", {"/scan": scans})
    assert bench("--scans", bag, "--labels", labels, "--json", out) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["found_ratio"] >= 0.95
    assert result["settings"]["confirm_gap_s"] > period_s


def test_somebody_who_stands_for_more_than_half_of_the_time_is_not_taken_for_a_post(tmp_path):
    room, scans, lines = Room(beams=361), [], ["scan_stamp_ns,x_m,y_m"]
    for i in range(400):
        time_s = PERIOD_S * i
        walked_s = max(0.0, time_s - 25.0)
        posts = legs(stand_m(walked_s), max(-0.9, 0.3 - walked_s), 2.0 * walked_s)
        scans.append(room.scan(PLACE, posts, BEGIN_S + time_s))
        stamp_ns = round((BEGIN_S + time_s) * 1e9)
        lines += [f"{stamp_ns},{x_m:.4f},{y_m:.4f}" for x_m, y_m in posts]
    labels, out = tmp_path / "labels.csv", tmp_path / "result.json"
    labels.write_text("\n".join(lines), encoding="utf-8")
    bag = write_bag(tmp_path / "bag", {"/scan": scans})
    assert bench("--scans", bag, "--labels", labels, "--json", out) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["found_ratio"] >= 0.95


def test_of_two_scanners_the_one_that_the_labels_belong_to_is_played(recording, tmp_path):
    bag, labels = recording
    scans = list(read_scans(bag))
    later = [replace(scan, stamp_s=scan.stamp_s + 0.03) for scan in [*scans, *scans]]
    two = write_bag(tmp_path / "two", {"/busier": later, "/labelled": scans})
    out = tmp_path / "result.json"
    assert bench("--scans", two, "--labels", labels, "--json", out) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["topic"] == "/labelled"
    assert result["found_ratio"] >= 0.95


def test_without_labels_nothing_is_said_about_finding(recording, tmp_path, capsys):
    out = tmp_path / "result.json"
    assert bench("--scans", recording[0], "--topic", "/scan", "--json", out) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["found_ratio"] is None
    assert result["false_per_scan"] is None
    assert "found_ratio" not in capsys.readouterr().out


def test_people_where_nobody_is_labelled_are_false(recording, tmp_path):
    bag, labels = recording
    moved = tmp_path / "moved.csv"
    rows = [line.split(",") for line in labels.read_text(encoding="utf-8").splitlines()]
    text = [",".join(rows[0]), *(f"{ns},{x},{float(y) + 1.5}" for ns, x, y in rows[1:])]
    moved.write_text("\n".join(text), encoding="utf-8")
    out = tmp_path / "result.json"
    assert bench("--scans", bag, "--labels", moved, "--json", out) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["found_ratio"] == 0.0
    assert result["false_per_scan"] == pytest.approx(1.0, abs=0.05)


def test_who_is_hidden_is_counted_for_the_longest_time_without_a_break():
    nobody = bench_tracker.People()
    played = bench_tracker.Played(
        stamps_s=(0.0, 1.0, 2.0, 3.0, 5.0, 6.0), people=(nobody,) * 6,
        hidden=((), (1,), (1, 2), (1,), (2,), (2,)), states=(), median_ms=0.0,
    )  # fmt: skip
    found = bench_tracker.figures(
        TRACKER, [Room().scan(PLACE, [], stamp_s) for stamp_s in played.stamps_s], played, None
    )
    assert found["hidden_longest_s"] == 2.0
    assert found["hidden_ids"] == 2
    assert found["hidden_ratio"] == pytest.approx(5 / 6, abs=1e-4)


def test_labels_within_the_warm_up_only_give_no_ratio(recording, tmp_path):
    bag, labels = recording
    few = tmp_path / "few.csv"
    few.write_text("\n".join(labels.read_text(encoding="utf-8").splitlines()[:5]))
    out = tmp_path / "result.json"
    assert bench("--scans", bag, "--labels", few, "--json", out) == 0
    assert json.loads(out.read_text(encoding="utf-8"))["found_ratio"] is None


def test_scans_with_other_beams_are_skipped_and_counted(tmp_path):
    room, other = Room(beams=181), Room(beams=90)
    scans = [room.scan(PLACE, [], PERIOD_S * i) for i in range(30)]
    scans.insert(10, other.scan(PLACE, [], 0.95))
    bag, out = write_bag(tmp_path / "bag", {"/scan": scans}), tmp_path / "result.json"
    assert bench("--scans", bag, "--json", out) == 0
    result = json.loads(out.read_text(encoding="utf-8"))
    assert (result["scans"], result["scans_skipped"], result["people_max"]) == (30, 1, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("scan_stamp_ns,x_m,y_m\n12,1.0,1.0\n", "labels of another recording"),
        ("scan_stamp_ns,x_m,y_m\n", "labels of another recording"),
        ("a,b\n1,2\n", "expected the columns scan_stamp_ns,x_m,y_m"),
        ("scan_stamp_ns,x_m,y_m\nsoon,1.0,1.0\n", "is not a label"),
        ("scan_stamp_ns,x_m,y_m\n12\n", "is not a label"),
    ],
)
def test_labels_that_make_no_sense_are_refused(recording, tmp_path, capsys, text, message):
    labels = tmp_path / "labels.csv"
    labels.write_text(text, encoding="utf-8")
    assert bench("--scans", recording[0], "--labels", labels) == 2
    assert message in capsys.readouterr().err


def test_what_cannot_be_read_is_refused(recording, tmp_path, capsys):
    assert bench("--scans", tmp_path / "gone") == 2
    assert "no such recording" in capsys.readouterr().err
    assert bench("--scans", recording[0], "--labels", tmp_path / "gone.csv") == 2
    assert "gone.csv" in capsys.readouterr().err
    assert bench("--scans", recording[0], "--cell", tmp_path) == 2
    assert "cell.yaml" in capsys.readouterr().err


def test_a_recording_without_a_scan_that_has_beams_is_refused(tmp_path, capsys):
    scan = Room(beams=90).scan(PLACE, angle_increment_rad=0.0)
    bag = write_bag(tmp_path / "bag", {"/scan": [scan]})
    assert bench("--scans", bag) == 2
    assert "no scan with beams" in capsys.readouterr().err


REAL = os.environ.get("HRC_CELL_SCANS", "")


@pytest.mark.skipif(not REAL, reason="HRC_CELL_SCANS does not name a folder of real recordings")
@pytest.mark.parametrize("piece", ["whole", "first half", "second half", "half rate", "half beams"])
def test_real_people_are_found_in_every_labelled_recording(piece):
    from dataclasses import replace

    from hrc_cell.adapters.record.scans import read_scans
    from hrc_cell.settings.cell import load_cell
    from hrc_cell.settings.share import share_folder

    tracker = load_cell(share_folder() / "config" / "default").file.tracker
    labelled = [path.parent for path in sorted(Path(REAL).glob("*/labels.csv"))]
    assert labelled, f"no recording with labels.csv in {REAL}"
    for folder in labelled:
        scans = list(read_scans(folder))
        half = len(scans) // 2
        cut = {
            "whole": scans,
            "first half": scans[:half],
            "second half": scans[half:],
            "half rate": scans[::2],
            "half beams": [
                replace(s, ranges=s.ranges[::2], angle_increment_rad=2 * s.angle_increment_rad)
                for s in scans
            ],
        }[piece]
        labels = bench_tracker.read_labels(folder / "labels.csv")
        played = bench_tracker.play(tracker, cut)
        result = bench_tracker.figures(tracker, cut, played, labels)
        assert result["found_ratio"] >= 0.95, folder
        assert result["false_per_scan"] < 0.1, folder
