"""The bench of latency: what counts as an answer, and figures that agree. Speed is not asserted."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from hrc_cell.cli.latency_feed import Given, cast, latencies_s
from hrc_cell.cli.latency_tick import CAPSULES, PEOPLE, measure, with_capsules
from hrc_cell.core.kinematics import capsules_at
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.share import share_folder

MS = 1_000_000
CELL = load_cell(share_folder() / "config" / "default")


def test_the_answer_to_a_scan_is_the_first_permit_that_rests_on_nothing_older():
    permits = [
        Given(0 * MS, 15 * MS), Given(0 * MS, 25 * MS), Given(20.1 * MS, 35 * MS),
        Given(20.1 * MS, 45 * MS), Given(-math.inf, 50 * MS), Given(60 * MS, 75 * MS),
    ]  # fmt: skip
    found = latencies_s([0, 20 * MS, 40 * MS, 80 * MS], permits, 0.01)
    assert found[:3] == pytest.approx([0.015, 0.015, 0.035])
    assert found[3] == math.inf
    assert latencies_s([0], [], 0.01).tolist() == [math.inf]


def test_a_ray_ends_at_the_first_leg_or_wall():
    walls = [(-1, -1), (3, -1), (3, 1), (-1, 1)]
    angles = np.array([0.0, math.pi / 2, math.pi])
    assert cast((0.0, 0.0), angles, walls, [(2.0, 0.0)]) == pytest.approx([1.94, 1.0, 1.0])
    assert cast((0.0, 0.0), angles, walls, [(-2.0, 0.0)])[0] == pytest.approx(3.0)


def test_an_arm_of_more_capsules_is_the_same_arm():
    from hrc_cell.adapters.description import load_description

    chain = load_description(CELL).chain
    more = with_capsules(chain, CAPSULES)
    assert len(more.capsule_names) == len(set(more.capsule_names)) == CAPSULES
    home = CELL.file.robot.poses["home"]
    lengths = [
        sum(np.linalg.norm(end - start, axis=-1))
        for start, end in (capsules_at(one, home) for one in (chain, more))
    ]
    assert lengths[0] == pytest.approx(lengths[1])


def test_the_judgement_that_is_timed_is_one_of_an_arm_that_may_move():
    found = measure(CELL, 100)
    assert (found["ticks"], found["people"], found["capsules"]) == (100, PEOPLE, CAPSULES)
    assert found["moving_share"] > 0.5
    assert 0.0 < found["median_ms"] <= found["p99_ms"]
    assert found["of_period"] == pytest.approx(found["median_ms"] / found["period_ms"])
    assert found["of_reference"] == pytest.approx(found["median_ms"] / found["reference_ms"])


def test_scans_become_permits_through_both_chains(tmp_path):
    out = tmp_path / "latency.json"
    command = [sys.executable, "-m", "hrc_cell.cli.main", "bench", "latency"]
    done = subprocess.run(
        [*command, "--seconds", "2", "--ticks", "60", "--json", str(out)],
        capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert out.exists(), done.stderr
    result = json.loads(out.read_text(encoding="utf-8"))
    way = result["scan_to_permit"]
    for chain in ("cell", "relay"):
        assert way[chain]["unanswered"] < way[chain]["scans"]
        assert 0.0 < way[chain]["median_ms"] <= way[chain]["p99_ms"]
    ratio = way["cell"]["median_ms"] / way["relay"]["median_ms"]
    assert way["ratio_of_medians"] == pytest.approx(ratio)
    assert way["people"] >= 1
    assert way["permit_bytes"] > way["humans_bytes"] > 0
    assert result["passed"] == (way["passed"] and result["tick"]["passed"])
    assert done.returncode == (0 if result["passed"] else 1)
    assert "ratio of medians" in done.stdout


@pytest.mark.parametrize("rate", ["5", "fast", "100"])
def test_a_rate_that_cannot_be_fed_is_refused(rate, capsys):
    from hrc_cell.cli.main import main

    with pytest.raises(SystemExit) as left:
        main(["bench", "latency", "--scan-hz", rate])
    assert left.value.code == 2
    assert "--scan-hz" in capsys.readouterr().err
