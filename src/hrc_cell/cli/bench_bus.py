"""`hrc-cell bench bus`: cycles per second and processor time of a bus of seven motors.

1. Our driver, dynamixel-sdk and rustypot (those that are installed) in turn, in short pieces, on a
   pseudo-terminal with emulated motors in another process that answer no faster than the wire, at
   1 and 4 Mbps, motors read one by one and in one frame; against what the wire carries.
2. The bus process at the rate of the cell, alone and beside a ROS process that takes a whole core.

Emulated motors, and those who use them unless told not to, ask for real-time priority, as the bus
process does. A library that waits in a busy loop loses little then, but its processor. Bars, at 1
Mbps: at least 92 % of the wire's rate, at least 1.5 times that of dynamixel-sdk with at most a
quarter of its processor time, at least 0.9 times that of rustypot; and 99 % of the cycles of the
bus process in time beside the busy one. Figures are medians over the pieces.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from hrc_cell.adapters.motor_plan import motor_plan
from hrc_cell.adapters.serial.child import BusChild
from hrc_cell.adapters.serial.plan import BusPlan
from hrc_cell.adapters.serial.port import PortLost, wait_for_port
from hrc_cell.cli.arguments import count, json_file, seconds
from hrc_cell.cli.bus_clients import (
    MODULES,
    OURS,
    RUSTYPOT,
    SDK,
    answer_at_once,
    connect,
    cycle_wire_s,
    installed,
)
from hrc_cell.settings.cell import load_cell
from hrc_cell.settings.share import share_folder

BAUDS = (1_000_000, 4_000_000)
BARRED_BAUD = 1_000_000
WIRE_MIN, SDK_MIN, SDK_CPU_MAX, RUSTYPOT_MIN, IN_TIME_MIN = 0.92, 1.5, 0.25, 0.9, 0.99
WARM_UP = 10  # cycles
START_S = 30.0
PRIORITY = 50  # as the bus process has it
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class Piece(NamedTuple):
    """What one client did for a while."""

    hz: float  # of the median cycle
    cpu_s: float  # of a cycle in the mean
    cycles: int
    incomplete: int  # cycles with a motor missing


class Window(NamedTuple):
    """What the bus process did for a while."""

    hz: float
    in_time: float  # share of the cycles that were due


class Bar(NamedTuple):
    """What has to be, and whether it is."""

    what: str
    value: float
    bar: float
    at_least: bool

    @property
    def kept(self) -> bool:
        """Return whether it is as it has to be."""
        return self.value >= self.bar if self.at_least else self.value <= self.bar


def add_parser(subparsers: Any) -> None:
    """Add `bench bus`."""
    parser = subparsers.add_parser(
        "bus",
        help="the motors' bus against the wire and two libraries",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell bench bus --json bus.json --plot bus.svg",
    )
    parser.add_argument("--seconds", type=seconds, default=0.4, help="of each piece (default 0.4)")
    parser.add_argument("--repeats", type=count, default=9, help="pieces of each (default 9)")
    parser.add_argument(
        "--normal-priority", action="store_true",
        help="of the driver and the libraries; other processes then come between",
    )  # fmt: skip
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the figures there")
    parser.add_argument("--plot", type=json_file, metavar="FILE", help="draw them there, as SVG")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print. Returns 0 if all bars are kept, else 1."""
    from hrc_cell.nodes.middleware import stay_local

    stay_local()
    plan = motor_plan(load_cell(share_folder() / "config" / "default"), "")
    versions = installed()
    real_time = not args.normal_priority and _go_first(0)
    load_before = os.getloadavg()
    with tempfile.TemporaryDirectory(prefix="hrc_cell_bus_") as scratch, ExitStack() as all_:
        plans = {
            baud: replace(plan, port=str(Path(scratch) / f"motors_{baud}"), baud=baud)
            for baud in BAUDS
        }
        motors = {}
        for baud, at in plans.items():
            motors[baud] = all_.enter_context(_motors(at))
        try:
            rows = _rates(plans, motors, [OURS, *versions], args.repeats, args.seconds)
            kept = _windows(plans[BARRED_BAUD], args.repeats, args.seconds)
        except (PortLost, ValueError) as error:
            print(f"hrc-cell bench bus: not measured: {error}", file=sys.stderr)
            return 1
    bars = _bars(rows, kept, versions)
    result = {
        "rates": rows, "bus_process": kept, "versions": versions, "real_time": real_time,
        "load_average": [load_before[0], os.getloadavg()[0]],
        "bars": [bar._asdict() | {"kept": bar.kept} for bar in bars],
        "passed": all(bar.kept for bar in bars),
    }  # fmt: skip
    print(_table(result, bars))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    if args.plot:
        from hrc_cell.cli.bus_plot import plot

        args.plot.write_text(plot(rows), encoding="utf-8")
    return 0 if result["passed"] else 1


def _go_first(pid: int) -> bool:
    """Give a process, 0 for this one, real-time priority, but nothing it starts; return whether."""
    try:
        policy = os.SCHED_FIFO | os.SCHED_RESET_ON_FORK
        os.sched_setscheduler(pid, policy, os.sched_param(PRIORITY))
    except OSError:
        return False
    return True


@contextmanager
def _motors(plan: BusPlan) -> Iterator[subprocess.Popen[bytes]]:
    """Run emulated motors on the port of a plan in a process of their own."""
    ids = ",".join(map(str, sorted(plan.motor_ids)))
    words = ["motors", "emulate", "--link", plan.port, "--ids", ids, "--baud", str(plan.baud)]
    with _process([sys.executable, "-m", "hrc_cell.cli.main", *words]) as process:
        wait_for_port(plan.port, START_S)
        _go_first(process.pid)
        answer_at_once(plan)
        yield process


@contextmanager
def _process(command: list[str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that says something once it works; it ends with this one."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
        preexec_fn=partial(_libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0),
    )  # fmt: skip
    try:
        if process.stdout is None or not process.stdout.readline():
            raise ValueError(f"{' '.join(command[2:4])} did not start")
        yield process
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _rates(
    plans: dict[int, BusPlan],
    motors: dict[int, subprocess.Popen[bytes]],
    clients: list[str],
    repeats: int,
    piece_s: float,
) -> list[dict[str, Any]]:
    """Return the figures of each client at each baud rate, in either way of reading."""
    cases = [(baud, fast, name) for baud in plans for fast in (False, True) for name in clients]
    pieces: dict[tuple[int, bool, str], list[Piece]] = {case: [] for case in cases}
    for _ in range(repeats):
        for case in cases:
            baud, fast, name = case
            for other, process in motors.items():
                os.kill(process.pid, signal.SIGCONT if other == baud else signal.SIGSTOP)
            pieces[case].append(_piece(name, plans[baud], piece_s, fast=fast))
    for process in motors.values():
        os.kill(process.pid, signal.SIGCONT)
    return [
        {
            "baud": baud,
            "read": "fast" if fast else "plain",
            "client": name,
            "wire_hz": (wire_hz := 1.0 / cycle_wire_s(plans[baud], fast=fast)),
            "hz": (hz := float(np.median([one.hz for one in pieces[case]]))),
            "of_wire": hz / wire_hz,
            "cpu_us": 1e6 * float(np.median([one.cpu_s for one in pieces[case]])),
            "cycles": sum(one.cycles for one in pieces[case]),
            "incomplete": sum(one.incomplete for one in pieces[case]),
        }
        for case in cases
        for baud, fast, name in [case]
    ]


def _piece(name: str, plan: BusPlan, piece_s: float, *, fast: bool) -> Piece:
    """Let one client run for a while."""
    client = connect(name, plan, fast=fast)
    took_s: list[float] = []
    incomplete = 0
    gc.collect()
    gc.disable()
    try:
        for _ in range(WARM_UP):
            client.cycle()
        cpu_s = -time.process_time()
        then_s = time.perf_counter()
        end_s = then_s + piece_s
        while then_s < end_s:
            incomplete += not client.cycle()
            now_s = time.perf_counter()
            took_s.append(now_s - then_s)
            then_s = now_s
        cpu_s += time.process_time()
    finally:
        gc.enable()
        client.close()
    hz = 1.0 / float(np.median(took_s))
    return Piece(hz=hz, cpu_s=cpu_s / len(took_s), cycles=len(took_s), incomplete=incomplete)


def _windows(plan: BusPlan, repeats: int, window_s: float) -> dict[str, Any]:
    """Return what the bus process keeps of the cell's rate, alone and beside a busy node."""
    found: dict[str, list[Window]] = {"alone": [], "beside_busy": []}
    patient = replace(plan, reply_margin_s=0.5 * plan.period_s)
    child = BusChild(patient)
    try:
        fast = bool(child.wait_ready(START_S)["fast_read"])
        with _process([sys.executable, "-m", "hrc_cell.cli.bus_busy"]) as busy:
            for _ in range(repeats):
                for name, number in (("alone", signal.SIGSTOP), ("beside_busy", signal.SIGCONT)):
                    os.kill(busy.pid, number)
                    found[name].append(_window(child, plan.rate_hz, window_s))
    finally:
        child.close()
    return {
        name: {
            "hz": float(np.median([one.hz for one in windows])),
            "in_time": float(np.median([one.in_time for one in windows])),
        }
        for name, windows in found.items()
    } | {"asked_hz": plan.rate_hz, "fast_read": fast}


def _window(child: BusChild, rate_hz: float, window_s: float) -> Window:
    """Watch the bus process for a while."""
    time.sleep(min(0.1, window_s))
    begin = _state(child)
    time.sleep(window_s)
    end = _state(child)
    cycles, missed = end.cycle - begin.cycle, end.missed_cycles - begin.missed_cycles
    took_s = end.end_s - begin.end_s
    if not cycles:
        raise ValueError(f"the bus process did nothing for {window_s:g} s")
    return Window(hz=cycles / took_s, in_time=cycles / max(cycles + missed, 1))


def _state(child: BusChild) -> Any:
    end_s = time.monotonic() + START_S
    while time.monotonic() < end_s:
        state = child.shared.read_state()
        if state is not None:
            return state
    raise ValueError("the bus process tells nothing")


def _bars(rows: list[dict[str, Any]], kept: dict[str, Any], versions: dict[str, str]) -> list[Bar]:
    """Return every bar that can be judged."""
    of = {(row["baud"], row["read"], row["client"]): row for row in rows}
    bars = []
    for read in ("plain", "fast"):
        ours = of[BARRED_BAUD, read, OURS]
        bars.append(Bar(f"{read}: of the wire's rate", ours["of_wire"], WIRE_MIN, True))
        if SDK in versions:
            other = of[BARRED_BAUD, read, SDK]
            times, cpu = ours["hz"] / other["hz"], ours["cpu_us"] / other["cpu_us"]
            bars.append(Bar(f"{read}: rate over that of {SDK}", times, SDK_MIN, True))
            bars.append(Bar(f"{read}: processor time over its", cpu, SDK_CPU_MAX, False))
        if RUSTYPOT in versions:
            times = ours["hz"] / of[BARRED_BAUD, read, RUSTYPOT]["hz"]
            bars.append(Bar(f"{read}: rate over that of {RUSTYPOT}", times, RUSTYPOT_MIN, True))
    in_time = kept["beside_busy"]["in_time"]
    asked = f"cycles in time at {kept['asked_hz']:g} Hz beside a busy ROS process"
    bars.append(Bar(asked, in_time, IN_TIME_MIN, True))
    return bars


def _table(result: dict[str, Any], bars: list[Bar]) -> str:
    """Return the figures for people to read."""
    lines = ["7 motors      read   client               Hz   of wire   CPU/cycle  incomplete"]
    versions = result["versions"]
    for row in result["rates"]:
        client = f"{row['client']} {versions.get(row['client'], '')}".strip()
        lines.append(
            f"{row['baud'] / 1e6:g} Mbps {row['wire_hz']:5.0f} Hz {row['read']:<5} {client:<20}"
            f"{row['hz']:6.0f} {row['of_wire']:8.1%} {row['cpu_us']:8.0f} us {row['incomplete']:8d}"
        )
    for name in set(MODULES) - set(versions):
        lines.append(f"{name} is not installed: its rows and bars are left out")
    kept = result["bus_process"]
    lines.append("")
    for name, said in (("alone", "alone"), ("beside_busy", "beside a busy ROS process")):
        one = kept[name]
        lines.append(
            f"bus process at {kept['asked_hz']:g} Hz, {said}: {one['hz']:.1f} Hz, "
            f"{one['in_time']:.1%} of the cycles in time"
        )
    before, after = result["load_average"]
    how = "real-time" if result["real_time"] else "normal"
    lines.append(f"load average {before:.1f} before, {after:.1f} after; {how} priority\n")
    for bar in bars:
        word = "at least" if bar.at_least else "at most"
        verdict = "KEPT  " if bar.kept else "MISSED"
        lines.append(f"{verdict} {bar.what}: {bar.value:.3f}, {word} {bar.bar:g}")
    return "\n".join(lines)
