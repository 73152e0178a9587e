"""`hrc-cell bench latency`: how long the judgement takes, and what it adds to the way of a scan.

1. Scan in to permit out: human_tracker and safety_monitor as processes of their own, fed as in a
   healthy cell with two people walking, against two bare relays that pass the same messages on
   through the same hops. They run in turn, one pair stopped while the other is measured. From the
   stamp of a round of scans to the publishing of the first permit judged on all of them.
2. One tick of the judgement with 4 people, 12 capsules of the arm and a path ahead, of its period.

Fails where the first takes more than twice the relay's median, or the second more than a fifth of
the period in the median.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hrc_cell.cli.arguments import count, json_file, seconds
from hrc_cell.cli.places import own_namespace
from hrc_cell.settings.cell import Cell, load_cell
from hrc_cell.settings.share import share_folder

if TYPE_CHECKING:
    from hrc_cell.cli.latency_feed import Feed

CHAIN_MAX_RATIO = 2.0
TICK_MAX_OF_PERIOD = 0.2
WINDOW_S = 2.0
SETTLE_S = 0.5
BEGIN_WITHIN_S = 30.0
FREE_WITHIN_S = 10.0
TAIL_S = 0.3  # of a window: a permit for these scans may come after its end
PR_SET_PDEATHSIG = 1
SCAN_HZ_MIN, SCAN_HZ_MAX = 20.0, 50.0

_libc = ctypes.CDLL(None, use_errno=True)


class NotMeasured(RuntimeError):
    """The processes did not come to judge normally."""


def add_parser(subparsers: Any) -> None:
    """Add `bench latency`."""
    parser = subparsers.add_parser(
        "latency",
        help="scan to permit against a bare relay; time of one judgement",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell bench latency --seconds 20 --json latency.json",
    )
    parser.add_argument(
        "--seconds", type=seconds, default=20.0, help="measured of each chain (default 20)"
    )
    parser.add_argument("--ticks", type=count, default=3000, help="ticks timed (default 3000)")
    parser.add_argument(
        "--scan-hz", type=scan_hz, default=25.0, help="of each scanner, 20 to 50 (default 25)"
    )
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the figures there")
    parser.set_defaults(run=run)


def scan_hz(text: str) -> float:
    """Return a rate of scans [Hz] that the feed can send. For `type=` of an argument."""
    value = seconds(text)
    if not SCAN_HZ_MIN <= value <= SCAN_HZ_MAX:
        raise argparse.ArgumentTypeError(
            f"{text}: must be {SCAN_HZ_MIN:g} to {SCAN_HZ_MAX:g} scans per second"
        )
    return value


def run(args: argparse.Namespace) -> int:
    """Measure and print. Returns 0 if both bars are kept, else 1."""
    from hrc_cell.cli.latency_tick import measure
    from hrc_cell.nodes.base import go_first

    go_first()  # feed and judgement go before what else runs, like scanners and monitor
    cell = load_cell(share_folder() / "config" / "default")
    try:
        chains = _chains(cell, args.seconds, args.scan_hz)
    except NotMeasured as error:
        print(f"hrc-cell bench latency: not measured: {error}", file=sys.stderr)
        return 1
    tick = measure(cell, args.ticks)
    chains_ok = chains["ratio_of_medians"] <= CHAIN_MAX_RATIO
    tick_ok = tick["of_period"] <= TICK_MAX_OF_PERIOD
    result = {
        "scan_to_permit": chains | {"bar": CHAIN_MAX_RATIO, "passed": chains_ok},
        "tick": tick | {"bar": TICK_MAX_OF_PERIOD, "passed": tick_ok},
        "passed": chains_ok and tick_ok,
    }
    print(_table(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if result["passed"] else 1


def _chains(cell: Cell, measured_s: float, rate_hz: float) -> dict[str, Any]:
    """Return the figures of both chains."""
    from rclpy.serialization import serialize_message

    from hrc_cell.cli.latency_feed import Feed
    from hrc_cell.cli.latency_relay import HUMANS_FILE, PERMIT_FILE, STAGES
    from hrc_cell.nodes.middleware import stay_local

    stay_local()
    space = own_namespace("latency")
    spaces = {"cell": space, "relay": f"{space}/relay"}
    with tempfile.TemporaryDirectory(prefix="hrc_cell_latency_") as scratch, ExitStack() as all_:
        state = Path(scratch)
        modules = [(f"hrc_cell.nodes.{name}", "") for name in ("human_tracker", "safety_monitor")]
        real = [
            all_.enter_context(_process(cell, state, spaces["cell"], *module)) for module in modules
        ]
        feed = all_.enter_context(Feed(cell, spaces, rate_hz))
        _set_free(feed, BEGIN_WITHIN_S)
        sizes = {}
        for name, kind in ((HUMANS_FILE, "humans"), (PERMIT_FILE, "permit")):
            data = serialize_message(feed.last[kind])
            (state / name).write_bytes(data)
            sizes[f"{kind}_bytes"] = len(data)
        people = len(feed.last["humans"].humans)
        relays = [
            all_.enter_context(
                _process(cell, state, spaces["relay"], "hrc_cell.cli.latency_relay", stage)
            )
            for stage in STAGES
        ]
        if not _feed_until_heard(feed, "relay", BEGIN_WITHIN_S):
            raise NotMeasured(f"the relays do not answer\n{_logs(state)}")
        found: dict[str, list[float]] = {"cell": [], "relay": []}
        windows = max(1, round(measured_s / WINDOW_S))
        for _ in range(windows):
            for chain, at_work, at_rest in (("cell", real, relays), ("relay", relays, real)):
                _signal(at_rest, signal.SIGSTOP)
                _signal(at_work, signal.SIGCONT)
                if chain == "cell":
                    _set_free(feed, FREE_WITHIN_S)
                found[chain] += _window(feed, chain, measured_s / windows, rate_hz)
        _signal(real, signal.SIGCONT)
    return _figures(found) | sizes | {"people": people, "scan_hz": rate_hz}


def _window(feed: Feed, chain: str, measured_s: float, rate_hz: float) -> list[float]:
    """Return the latencies [s] of the rounds of one window, after a while to settle."""
    from hrc_cell.cli.latency_feed import latencies_s

    feed.run(chain, SETTLE_S)
    begin, given = len(feed.rounds[chain]), len(feed.permits[chain])
    feed.run(chain, measured_s)
    end = len(feed.rounds[chain])
    feed.run(chain, TAIL_S)
    rounds, permits = feed.rounds[chain][begin:end], feed.permits[chain][given:]
    return latencies_s(rounds, permits, 0.5 / rate_hz).tolist()


def _set_free(feed: Feed, timeout_s: float) -> None:
    """Bring the cell to judge an arm that may move. Raises NotMeasured if it does not come."""
    from hrc_cell_interfaces.msg import MotionPermit

    end_s = time.monotonic() + timeout_s
    feed.last.pop("permit", None)
    feed.run("cell", SETTLE_S)  # what was judged before the pause has passed
    while time.monotonic() < end_s:
        permit = feed.last.get("permit")
        if permit is not None and permit.state >= MotionPermit.REDUCED:
            return
        state = MotionPermit.LATCHED if permit is None else permit.state
        press = {MotionPermit.LATCHED: "reset", MotionPermit.READY: "start"}.get(state, "")
        if permit is None or (state == MotionPermit.LATCHED and not permit.reset_possible):
            press = ""
        feed.run("cell", 0.15, press=press, until_state=state + 1)
        feed.run("cell", 0.1)
    permit = feed.last.get("permit")
    why = "no permit" if permit is None else f"state {permit.state}, cause {permit.cause!r}"
    raise NotMeasured(f"the cell does not come to move within {timeout_s:g} s: {why}")


def _feed_until_heard(feed: Feed, chain: str, timeout_s: float) -> bool:
    end_s = time.monotonic() + timeout_s
    while time.monotonic() < end_s:
        feed.run(chain, SETTLE_S)
        if any(np.isfinite(permit.sample_ns) for permit in feed.permits[chain]):
            return True
    return False


@contextmanager
def _process(
    cell: Cell, state: Path, namespace: str, module: str, stage: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Run one node in a process of its own; it ends with this one, also while it is stopped."""
    from hrc_cell.nodes.processes import ros_arguments

    extra = {"stage": stage} if stage else None
    arguments = ros_arguments(
        cell_folder=str(cell.folder), state_dir=str(state), namespace=namespace, extra=extra
    )
    if stage:
        arguments += ["-r", f"__node:=relay_{stage}"]
    log = (state / f"{module.rpartition('.')[2]}{stage}.log").open("wb")
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments, "--disable-external-lib-logs"],
        stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
        preexec_fn=_die_with_parent,
    )  # fmt: skip
    try:
        yield process
    finally:
        for number in (signal.SIGCONT, signal.SIGTERM):
            _signal([process], number)
        try:
            process.wait(5.0)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def _die_with_parent() -> None:
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _signal(processes: list[subprocess.Popen[bytes]], number: int) -> None:
    for process in processes:
        with suppress(ProcessLookupError):
            os.kill(process.pid, number)


def _logs(state: Path) -> str:
    return "\n".join(path.read_text(errors="replace")[-800:] for path in state.glob("*.log"))


def _figures(found: dict[str, list[float]]) -> dict[str, Any]:
    """Return median and p99 of each chain, and the ratio of the medians."""
    result: dict[str, Any] = {}
    for chain, latencies in found.items():
        all_ms = np.array(latencies) * 1e3
        known = all_ms[np.isfinite(all_ms)]
        if not len(known):
            raise NotMeasured(f"no permit answered a scan of the {chain}")
        result[chain] = {
            "scans": len(all_ms),
            "unanswered": len(all_ms) - len(known),
            "median_ms": float(np.median(known)),
            "p99_ms": float(np.percentile(known, 99)),
        }
    result["ratio_of_medians"] = result["cell"]["median_ms"] / result["relay"]["median_ms"]
    return result


def _table(result: dict[str, Any]) -> str:
    """Return the figures for people to read."""
    way, tick = result["scan_to_permit"], result["tick"]
    lines = ["scan in to permit out     median       p99   scans  unanswered"]
    for chain, title in (("cell", "tracker and monitor"), ("relay", "bare relay")):
        one = way[chain]
        lines.append(
            f"{title:22s} {one['median_ms']:6.2f} ms {one['p99_ms']:6.2f} ms {one['scans']:7d}"
            f" {one['unanswered']:11d}"
        )
    verdict = {True: "kept", False: "MISSED"}
    people = f"{way['people']} people, {way['scan_hz']:g} scans per second of each scanner"
    kept = verdict[way["passed"]]
    lines.append(
        f"ratio of medians {way['ratio_of_medians']:.2f}, bar {way['bar']:g}: {kept}   ({people})"
    )
    lines.append(
        f"\none judgement, {tick['people']} people, {tick['capsules']} capsules, path ahead: "
        f"median {tick['median_ms']:.2f} ms, p99 {tick['p99_ms']:.2f} ms over {tick['ticks']} ticks"
    )
    lines.append(
        f"of the period of {tick['period_ms']:g} ms: median {tick['of_period']:.3f}, p99 "
        f"{tick['p99_of_period']:.3f}, bar {tick['bar']:g}: {verdict[tick['passed']]}"
    )
    lines.append(
        f"of {tick['reference_operations']:g} small numpy additions "
        f"({tick['reference_ms']:.2f} ms): {tick['of_reference']:.2f}"
    )
    return "\n".join(lines)
