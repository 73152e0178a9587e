"""The demo on a recording: the cell gives way to the people in it."""

import json
import math
import subprocess
import sys

import pytest
from bags import write_bag
from scan_room import Room, legs, scanner

PERIOD_S = 0.1
BEGIN_S = 1_700_000_000.0
LENGTH_S = 20.0


def demo(*arguments) -> subprocess.CompletedProcess:
    """Run the program."""
    return subprocess.run(
        [sys.executable, "-m", "hrc_cell.cli.main", "demo", *map(str, arguments)],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """Somebody walks to and fro between 1.2 m and 4.2 m in front of the scanner."""
    room, scans = Room(beams=361), []
    for i in range(round(LENGTH_S / PERIOD_S)):
        time_s = PERIOD_S * i
        posts = legs(2.7 - 1.5 * math.cos(0.6 * time_s), 0.3, 2.0 * time_s)
        scans.append(room.scan(scanner(), posts, BEGIN_S + time_s))
    return write_bag(tmp_path_factory.mktemp("recording") / "bag", {"/scan": scans})


def test_the_cell_gives_way_to_the_person_of_a_recording(recording, tmp_path):
    out = tmp_path / "result.json"
    ran = demo("--scans", recording, "--seconds", 12, "--json", out)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    result = json.loads(out.read_text(encoding="utf-8"))
    values = {check["name"]: check["value"] for check in result["checks"]}
    assert result["passed"]
    assert values["people_seen"] >= 1
    assert values["permits_with_leave_to_move"] > 100
    assert math.isfinite(values["least_separation_minus_required_with_leave_to_move"])
    assert "separation" in ran.stdout.split("why:")[1]


def test_a_recording_that_cannot_be_read_is_refused(tmp_path):
    ran = demo("--scans", tmp_path / "gone")
    assert ran.returncode == 2
    assert "no such recording" in ran.stderr
