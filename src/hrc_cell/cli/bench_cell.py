"""`hrc-cell bench cell`: does the whole cell keep its rates on this machine, and what does it cost?

The simulated cell runs its `exercise` recipe while a person walks about and the page is open in a
headless browser. Each run measures one window. The permits count themselves, so that one which
reached the monitor's hearers but not this program is not taken for a missed one; missed are those
periods between two stamps in which none was given. A bus cycle is missed when the bus process
skipped its deadline. After a stop by a fault the cell is reset and started again; a cell that
stands so for long, or a page that nobody reads, is not what is to be measured, and fails.
Processor time is that of each process and its children; memory is the proportional set size, which
counts shared pages once.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from hrc_cell.cli.arguments import count, json_file, seconds
from hrc_cell.cli.places import browser_program, own_namespace
from hrc_cell.cli.variant import variant
from hrc_cell.settings.share import share_folder

if TYPE_CHECKING:
    from hrc_cell.cli.supervisor import Supervisor
    from hrc_cell.cli.witness import Witness

MISSED_MAX_RATIO = 0.01
MEMORY_MAX_MB = 1500.0
AT_WORK_MIN_RATIO = 0.9
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


def add_parser(subparsers: Any) -> None:
    """Add `bench cell`."""
    parser = subparsers.add_parser(
        "cell",
        help="rates, missed cycles, processor time and memory of the running cell",
        epilog="example: hrc-cell bench cell --runs 5 --seconds 60 --json cell.json",
    )
    parser.add_argument("--runs", type=count, default=5, help="windows measured (default 5)")
    parser.add_argument("--seconds", type=seconds, default=60.0, help="of each window (default 60)")
    parser.add_argument("--no-page", action="store_true", help="do not open the page in a browser")
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the figures there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print. Returns 0 if the cell kept its rates and its memory, else 1."""
    from hrc_cell.cli.supervisor import CellFailed
    from hrc_cell.cli.witness import Late

    try:
        result = _bench(args)
    except (CellFailed, Late, psutil.Error) as error:
        print(f"hrc-cell bench cell: not measured to the end: {error}", file=sys.stderr)
        return 1
    _print(result)
    if args.json:
        args.json.write_text(json.dumps(result, indent=2) + "\n")
    return 0 if result["passed"] else 1


def _bench(args: argparse.Namespace) -> dict[str, Any]:
    """Run the cell and return all figures."""
    from hrc_cell.cli.supervisor import Supervisor
    from hrc_cell.cli.witness import Witness

    with tempfile.TemporaryDirectory(prefix="hrc_cell_bench_") as scratch:
        folder = variant(
            share_folder() / "config" / "default", Path(scratch) / "cell",
            {"task.recipe": "exercise", "task.repeat": True, "panel.port": 0},
        )  # fmt: skip
        namespace = own_namespace("bench")
        with Supervisor(
            cell=folder, state_dir=Path(scratch) / "state", namespace=namespace
        ) as cell:
            url = cell.wait_ready()
            page = None if args.no_page else _open(url, Path(scratch) / "browser")
            try:
                topics = ("motion_permit", "motor_states")
                with Witness(topics, namespace=namespace) as witness:
                    witness.go()
                    witness.wait(
                        "a free cell at work",
                        lambda: (p := witness.last("motion_permit")) and p.speed_ratio > 0.9,
                        30.0,
                    )
                    windows = [_measure(cell, witness, args.seconds) for _ in range(args.runs)]
            finally:
                if page is not None:
                    page.terminate()
                    page.wait(10.0)
            rates = cell.cell.file
    result = _summary(windows, page_wanted=not args.no_page, seconds=args.seconds)
    result["configured"] = {"permit_hz": rates.safety.rate_hz, "bus_hz": rates.bus.rate_hz}
    return result


def _open(url: str, profile: Path) -> subprocess.Popen[bytes] | None:
    """Open the page in a headless browser, or say that there is none."""
    browser = browser_program()
    if browser is None:
        print("no Chromium or Chrome found: measured without the page open", file=sys.stderr)
        return None
    return subprocess.Popen(
        [browser, *QUIET, f"--user-data-dir={profile}", "--remote-debugging-port=0",
         "--window-size=1280,800", url],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _measure(cell: Supervisor, witness: Witness, seconds: float) -> dict[str, Any]:
    """Return the figures of one window."""
    pids = cell.pids()
    before = {name: _cpu_s(pid) for name, pid in pids.items()}
    bus_before = witness.last("motor_states")
    began_s = time.monotonic()
    witness.attend(seconds)
    took_s = time.monotonic() - began_s
    bus_after = witness.last("motor_states")
    heard = [m for _, m in witness.since("motion_permit", began_s)]
    permits = [(m.seq, m.header.stamp.sec * 1_000_000_000 + m.header.stamp.nanosec) for m in heard]
    period_ns = 1e9 / cell.cell.file.safety.rate_hz
    missed = sum(
        max(0, round((later - stamp) / period_ns) - (later_seq - seq))
        for (seq, stamp), (later_seq, later) in itertools.pairwise(permits)
    )
    (first_seq, first), (last_seq, last) = permits[0], permits[-1]
    given = last_seq - first_seq
    cycles = bus_after.cycle - bus_before.cycle
    bus_missed = bus_after.missed_cycles - bus_before.missed_cycles
    processes = {
        name: {
            "cpu_ratio": (_cpu_s(pid) - before[name]) / took_s,
            "memory_mb": _memory_mb(pid),
        }
        for name, pid in pids.items()
    }
    return {
        "permit_hz": given / ((last - first) * 1e-9),
        "permit_missed_ratio": missed / max(1, missed + given),
        "bus_hz": cycles / took_s,
        "bus_missed_ratio": bus_missed / max(1, bus_missed + cycles),
        "at_work_ratio": sum(m.state > m.READY for m in heard) / len(heard),
        "latched": sum(a.state > a.LATCHED == b.state for a, b in itertools.pairwise(heard)),
        "pages": _pages(pids["operator_panel"]),
        "memory_mb": sum(p["memory_mb"] for p in processes.values()),
        "cpu_ratio": sum(p["cpu_ratio"] for p in processes.values()),
        "processes": processes,
    }


def _pages(panel_pid: int) -> int:
    """Return how many connections to the page's server stand."""
    inside = psutil.Process(panel_pid).net_connections("tcp")
    ports = {one.laddr.port for one in inside if one.status == psutil.CONN_LISTEN}
    return sum(o.status == psutil.CONN_ESTABLISHED and o.laddr.port in ports for o in inside)


def _tree(pid: int) -> list[psutil.Process]:
    parent = psutil.Process(pid)
    return [parent, *parent.children(recursive=True)]


def _cpu_s(pid: int) -> float:
    return sum(sum(p.cpu_times()[:2]) for p in _tree(pid))


def _memory_mb(pid: int) -> float:
    return sum(p.memory_full_info().pss for p in _tree(pid)) / 1e6


def _summary(windows: list[dict[str, Any]], *, page_wanted: bool, seconds: float) -> dict[str, Any]:
    """Return medians over the windows and whether the bars hold."""
    names = [k for k, v in windows[0].items() if isinstance(v, float)]
    median = {name: statistics.median(w[name] for w in windows) for name in names}
    processes = {
        name: {
            key: statistics.median(w["processes"][name][key] for w in windows)
            for key in ("cpu_ratio", "memory_mb")
        }
        for name in windows[0]["processes"]
    }
    page_open = all(window["pages"] > 0 for window in windows)
    passed = (
        median["permit_missed_ratio"] < MISSED_MAX_RATIO
        and median["bus_missed_ratio"] < MISSED_MAX_RATIO
        and median["memory_mb"] < MEMORY_MAX_MB
        and median["at_work_ratio"] > AT_WORK_MIN_RATIO
        and page_open >= page_wanted
    )
    return {
        "passed": passed,
        "page_open": page_open,
        "latched": sum(window["latched"] for window in windows),
        "runs": len(windows),
        "seconds": seconds,
        "median": median,
        "processes": processes,
        "windows": windows,
    }


def _print(result: dict[str, Any]) -> None:
    median = result["median"]
    print(
        f"{result['runs']} runs of {result['seconds']:g} s, page "
        f"{'open' if result['page_open'] else 'not open'}; medians"
    )
    for name, bar in (("permit", MISSED_MAX_RATIO), ("bus", MISSED_MAX_RATIO)):
        print(
            f"  {name:<7} {median[name + '_hz']:7.2f} Hz of "
            f"{result['configured'][name + '_hz']:g}, missed "
            f"{100 * median[name + '_missed_ratio']:.3f} % (bar {100 * bar:g} %)"
        )
    print(
        f"  at work {100 * median['at_work_ratio']:6.1f} % of the time (bar "
        f"{100 * AT_WORK_MIN_RATIO:g} %), {result['latched']} stops by a fault in all"
    )
    print(f"  memory  {median['memory_mb']:7.1f} MB (bar {MEMORY_MAX_MB:g} MB)")
    print(f"  CPU     {100 * median['cpu_ratio']:7.1f} % of one core")
    for name, figures in result["processes"].items():
        print(f"    {name:<16} {100 * figures['cpu_ratio']:6.1f} %  {figures['memory_mb']:7.1f} MB")
    print("passed" if result["passed"] else "FAILED")
