"""The bench of the page: it runs, its figures agree, its bar can fail. Speed is not asserted."""

import json
import subprocess
import sys

import pytest

from hrc_cell.cli.bench_panel import BAR_P95_S, Load, judged, table


def rows(p95_s):
    figures = {"clients": 1, "slow": 0, "stalled": 0, "changes": 9, "p50_s": 0.05, "p95_s": 0.1,
               "p99_s": 0.1, "worst_gap_s": 0.1, "cpu_ratio": 0.1, "memory_mb": 40.0}  # fmt: skip
    return {"alone": figures, "many": {**figures, "clients": 20, "p95_s": p95_s}}


@pytest.mark.parametrize(
    ("p95_s", "passed"), [(0.1, True), (BAR_P95_S, True), (0.151, False), (None, False)]
)
def test_the_bar_is_the_95th_percentile_and_nothing_heard_is_over_it(p95_s, passed):
    result = judged(rows(p95_s))
    assert result["passed"] is passed
    assert ("NOT kept" in table(result)) is not passed


def test_who_heard_nothing_says_so():
    load = Load("http://127.0.0.1:1/", [], 1, 0, 0)
    assert load.figures()["p95_s"] is None


def test_it_measures_one_alone_and_many_with_slow_and_stalled_ones(tmp_path):
    told = tmp_path / "panel.json"
    command = [sys.executable, "-m", "hrc_cell.cli.main", "bench", "panel", "--seconds", "2",
               "--clients", "4", "--slow", "1", "--stalled", "1", "--json", str(told)]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (1 if "NOT kept" in done.stdout else 0, "")
    result = json.loads(told.read_text())
    alone, many = result["alone"], result["many"]
    assert (alone["clients"], many["clients"], many["slow"], many["stalled"]) == (1, 4, 1, 1)
    assert many["changes"] > alone["changes"] > 0
    for one in (alone, many):
        assert 0.0 < one["p50_s"] <= one["p95_s"] <= one["p99_s"]
        assert one["worst_gap_s"] > 0.0
        assert one["memory_mb"] > 0.0
