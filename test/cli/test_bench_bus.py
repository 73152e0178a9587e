"""The bench of the bus: it runs, its figures agree, its bars can fail. Speed is not asserted."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from emulated import plan_for

from hrc_cell.cli.bench_bus import BARRED_BAUD, BAUDS, Bar, _bars
from hrc_cell.cli.bus_clients import OURS, RUSTYPOT, SDK, cycle_wire_s, installed
from hrc_cell.cli.bus_plot import plot


def test_the_wire_limit_is_that_of_the_bytes_of_a_cycle():
    plan = plan_for(Path("/dev/x"), baud=1_000_000)
    # 14 + 7 x 5 goals, 14 + 7 asked, 7 x 27 answered or 8 + 7 x 20 in one frame, 10 bits each
    assert cycle_wire_s(plan, fast=False) == pytest.approx(2590e-6)
    assert cycle_wire_s(plan, fast=True) == pytest.approx(2180e-6)


def rows(ours=0.95, sdk=0.5, rusty=1.0, cpu=0.2):
    return [
        {"baud": baud, "read": read, "client": client, "wire_hz": 400.0, "hz": 400.0 * of_wire,
         "of_wire": of_wire, "cpu_us": cpu_us, "cycles": 100, "incomplete": 0}
        for baud in BAUDS
        for read in ("plain", "fast")
        for client, of_wire, cpu_us in (
            (OURS, ours, 1000 * cpu), (SDK, sdk, 1000.0), (RUSTYPOT, rusty, 100.0),
        )
    ]  # fmt: skip


def missed(found, in_time=1.0, versions=(SDK, RUSTYPOT)):
    kept = {"asked_hz": 200.0, "beside_busy": {"in_time": in_time, "hz": 200.0 * in_time}}
    bars = _bars(found, kept, dict.fromkeys(versions, "1"))
    return [bar.what.partition(": ")[2] or bar.what for bar in bars if not bar.kept][:1]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, []),
        ({"ours": 0.91}, ["of the wire's rate"]),
        ({"sdk": 0.64}, ["rate over that of dynamixel-sdk"]),
        ({"cpu": 0.26}, ["processor time over its"]),
        ({"rusty": 1.06}, ["rate over that of rustypot"]),
    ],
)
def test_each_bar_can_be_missed(changes, what):
    assert missed(rows(**changes)) == what


def test_a_bus_that_is_late_beside_a_busy_process_misses_its_bar():
    [what] = missed(rows(), in_time=0.98)
    assert what.startswith("cycles in time at 200 Hz")


def test_bars_against_a_library_that_is_not_there_are_left_out():
    assert missed(rows(sdk=0.9, rusty=2.0, cpu=0.5), versions=()) == []
    assert Bar("x", 0.25, 0.25, True).kept
    assert Bar("x", 0.25, 0.25, False).kept


def test_the_drawing_shows_every_client_of_every_row():
    tree = ElementTree.fromstring(plot(rows()))
    said = ["".join(one.itertext()) for one in tree.iter("{http://www.w3.org/2000/svg}text")]
    assert sum(one in (OURS, SDK, RUSTYPOT) for one in said) == len(rows())
    assert "1 Mbps, plain read, wire 400 Hz" in said


def test_a_short_bench_measures_every_client_that_is_installed(tmp_path):
    out, drawn = tmp_path / "bus.json", tmp_path / "bus.svg"
    done = subprocess.run(
        [sys.executable, "-m", "hrc_cell.cli.main", "bench", "bus", "--seconds", "0.2",
         "--repeats", "1", "--json", str(out), "--plot", str(drawn)],
        capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    assert out.exists(), done.stderr
    result = json.loads(out.read_text())
    clients = {OURS, *installed()}
    assert {(row["baud"], row["read"], row["client"]) for row in result["rates"]} == {
        (baud, read, client) for baud in BAUDS for read in ("plain", "fast") for client in clients
    }
    for row in result["rates"]:
        assert row["cycles"] > 0
        assert 0.0 < row["of_wire"] == pytest.approx(row["hz"] / row["wire_hz"])
        # Nobody is faster than the wire, but for what the pacing of single cycles is off by.
        assert row["of_wire"] < 1.2
    assert all(0.0 < result["bus_process"][name]["in_time"] <= 1.0
               for name in ("alone", "beside_busy"))  # fmt: skip
    assert len(result["bars"]) == 3 + 4 * (SDK in clients) + 2 * (RUSTYPOT in clients)
    assert result["passed"] == all(bar["kept"] for bar in result["bars"])
    assert done.returncode == (0 if result["passed"] else 1)
    assert ("MISSED" in done.stdout) is not result["passed"]
    assert BARRED_BAUD in BAUDS
    ElementTree.fromstring(drawn.read_text())
