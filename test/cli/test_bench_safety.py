"""The bench of the monitor's safety: it passes the live judgement and catches weakened ones."""

import json
import math

import numpy as np
import pytest

from hrc_cell.adapters.falsify.core_monitor import WEAKNESSES
from hrc_cell.cli import bench_safety, encounters
from hrc_cell.cli.main import main

SHORT = 2000


def bench(*arguments) -> int:
    """Run the command as the program does."""
    return main(["bench", "safety", *map(str, arguments)])


@pytest.mark.req("S1")
@pytest.mark.req("S2")
def test_two_thousand_encounters_do_not_catch_the_monitor_out(tmp_path, capsys):
    out = tmp_path / "result.json"
    code = bench("--encounters", SHORT, "--hours", 0.03, "--folder", tmp_path, "--json", out)
    told = capsys.readouterr().out
    assert code == 0, told
    result = json.loads(out.read_text(encoding="utf-8"))
    assert result["encounters"] == SHORT
    assert result["violations"] == result["contacts_arm_moving"] == 0
    assert result["contacts_arm_standing"] > 0
    assert 0.0 <= result["least_margin_m"] < 0.5, "people come as near as the law lets them"
    assert result["arm_moving_h"] > 0.1
    assert set(result["people"]) >= {"walks", "turns", "runs", "seeks", "hides", "reaches"}
    monitors = [row["monitor"] for row in result["productivity"]]
    assert monitors == ["core", "fixed_zone", "constant_speed", "unguarded"]
    assert "violations     0" in told and "constant_speed" in told


@pytest.mark.parametrize("weakness", WEAKNESSES)
def test_a_weakened_monitor_is_caught_and_the_file_tells_how(weakness, tmp_path, capsys):
    out = tmp_path / "caught.json"
    code = bench("--weaken", weakness, "--workers", 1, "--folder", tmp_path, "--json", out)
    told = capsys.readouterr().out
    assert code == 0, told
    caught = json.loads(out.read_text(encoding="utf-8"))["caught_after"]
    assert 1 <= caught[weakness] <= bench_safety.WEAK_MAX
    file = min(tmp_path.glob("*.npz"), key=lambda file: int(file.stem.split("encounter")[1]))
    assert str(file) in told
    assert bench("--replay", file) == 1
    story = capsys.readouterr().out
    assert f"encounter {caught[weakness] - 1}, weakened: {weakness}" in story
    assert "VIOLATION: least margin -" in story
    assert len(story.splitlines()) > encounters.Timing().ticks


def test_a_weakened_monitor_that_is_not_caught_fails(monkeypatch, capsys):
    monkeypatch.setattr(bench_safety, "WEAKNESSES", ("stopping",))
    assert bench("--weaken", "all", "--workers", 1, "--encounters", 1) == 1
    assert "NOT CAUGHT within 1" in capsys.readouterr().out


def test_a_violation_fails_is_printed_and_saved(monkeypatch, tmp_path, capsys):
    whole = encounters.CoreMonitor

    def blind(rules, count, weakness="", contact_region=""):
        return whole(rules, count, weakness="human-way", contact_region=contact_region)

    monkeypatch.setattr(encounters, "CoreMonitor", blind)
    out = tmp_path / "result.json"
    code = bench(
        "--encounters", 60, "--workers", 1, "--hours", 0, "--folder", tmp_path, "--json", out
    )
    assert code == 1
    result = json.loads(out.read_text(encoding="utf-8"))
    told = capsys.readouterr().out
    assert result["violations"] > 0
    assert f"VIOLATION in encounter {result['violating'][0]}" in told
    assert len(result["files"]) == 3 and all(file in told for file in result["files"])


def test_the_batches_make_up_the_encounters_and_do_not_depend_on_who_runs_them():
    todo = list(encounters.jobs("default", 5, encounters.BATCH + 7))
    assert [job.count for job in todo] == [encounters.BATCH, 7]
    small = encounters.Job(cell="default", seed=5, batch=1, count=7)
    first, _ = encounters.drawn_batch(small)
    encounters.pool_of.cache_clear()
    again, _ = encounters.drawn_batch(small)
    np.testing.assert_array_equal(first.start_m, again.start_m)
    np.testing.assert_array_equal(first.path, again.path)


def test_what_json_has_no_number_for_is_null():
    assert bench_safety._finite({"a": [math.inf, 1.0], "b": "x"}) == {"a": [None, 1.0], "b": "x"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--hours", "-1"), "number of hours"),
        (("--hours", "much"), "number of hours"),
        (("--folder", "nowhere"), "no folder"),
        (("--encounters", "0"), "above 0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, why, capsys):
    with pytest.raises(SystemExit):
        bench(*arguments)
    assert why in capsys.readouterr().err


def test_a_file_or_a_cell_that_does_not_exist_is_told(tmp_path, capsys):
    assert bench("--replay", tmp_path / "none.npz") == 2
    assert "none.npz" in capsys.readouterr().err
    assert bench("--cell", tmp_path) == 2
