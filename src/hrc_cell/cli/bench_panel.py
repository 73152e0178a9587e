"""`hrc-cell bench panel`: how long the page takes to show what changes, on many tablets at once.

The page's real server runs as a process of its own with the state of a busy cell, at 10 Hz. First
one tablet alone, then many healthy ones, with some beside them that read slowly and some that read
nothing any more. From the instant of a change to its receipt by each healthy tablet; the wait for
the next sending is part of it. Fails where the 95th percentile with all of them is over 150 ms.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from hrc_cell.cli.arguments import count, json_file, seconds

BAR_P95_S = 0.150
SLOW_BYTES, SLOW_S = 512, 0.5
SMALL_BUFFER = 4096
WITHIN_S = 10.0
FIRST_S = 1.0
"""Before this a tablet has only come."""


def add_parser(subparsers: Any) -> None:
    """Add `bench panel`."""
    parser = subparsers.add_parser(
        "panel",
        help="from a change to many tablets, with slow and stalled ones beside them",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell bench panel --seconds 20 --json panel.json",
    )
    parser.add_argument("--clients", type=count, default=20, help="healthy tablets (default 20)")
    parser.add_argument("--slow", type=int, default=3, help="that read slowly (default 3)")
    parser.add_argument("--stalled", type=int, default=3, help="that read nothing (default 3)")
    parser.add_argument(
        "--seconds", type=seconds, default=20.0, help="measured of each kind (default 20)"
    )
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the figures there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Measure and print. Returns 0 if the bar is kept, else 1."""
    import psutil

    with _server() as (process, told):
        watched = psutil.Process(process.pid)
        rows = {}
        for name, clients, slow, stalled in (
            ("alone", 1, 0, 0), ("many", args.clients, args.slow, args.stalled)
        ):  # fmt: skip
            before = watched.cpu_times()
            began_s = time.monotonic()
            load = Load(told["url"], told["cookies"], clients, slow, stalled)
            asyncio.run(load.last(args.seconds))
            spent = watched.cpu_times()
            cpu_s = spent.user + spent.system - before.user - before.system
            rows[name] = {
                "clients": clients, "slow": slow, "stalled": stalled, **load.figures(),
                "cpu_ratio": round(cpu_s / (time.monotonic() - began_s), 3),
                "memory_mb": round(watched.memory_info().rss / 1e6, 1),
            }  # fmt: skip
    result = judged(rows)
    print(table(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0 if result["passed"] else 1


def judged(rows: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Return the figures with what they say; nothing received is over every bar."""
    p95_s = rows["many"]["p95_s"]
    ratio = p95_s / rows["alone"]["p95_s"] if rows["alone"]["p95_s"] and p95_s else None
    passed = p95_s is not None and p95_s <= BAR_P95_S
    machine = {"load": round(os.getloadavg()[0], 1), "processors": os.cpu_count()}
    bar = {"ratio_of_p95": ratio, "bar_p95_s": BAR_P95_S, "passed": passed}
    return {**rows, **bar, "machine": machine}


class Load:
    """Tablets at one server, and what the healthy ones saw."""

    def __init__(self, url: str, cookies: list[str], clients: int, slow: int, stalled: int) -> None:
        self._url, self._cookies = url, cookies
        self._clients, self._slow, self._stalled = clients, slow, stalled
        self.latencies_s: list[float] = []
        self.gap_s = 0.0

    async def last(self, measured_s: float) -> None:
        """Look for so long [s]."""
        end_s = time.monotonic() + FIRST_S + measured_s
        count_from_s = time.monotonic() + FIRST_S
        odd = [
            asyncio.create_task(self._odd(slow=number < self._slow, end_s=end_s))
            for number in range(self._slow + self._stalled)
        ]
        healthy = (
            self._healthy(self._cookies[number % len(self._cookies)], count_from_s, end_s)
            for number in range(self._clients)
        )
        await asyncio.gather(*healthy, *odd)

    async def _healthy(self, cookie: str, from_s: float, end_s: float) -> None:
        import aiohttp

        headers = {"Origin": self._url.rstrip("/"), "Cookie": cookie}
        seen, heard_s = 0, from_s
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(self._url + "ws", headers=headers) as socket,
        ):
            while (left_s := end_s - time.monotonic()) > 0.0:
                try:
                    message = await socket.receive(timeout=left_s)
                except (TimeoutError, asyncio.TimeoutError):
                    break
                if message.type is not aiohttp.WSMsgType.TEXT:
                    break
                state, now_s = json.loads(message.data), time.monotonic()
                if now_s < from_s:
                    continue
                self.gap_s, heard_s = max(self.gap_s, now_s - heard_s), now_s
                permit = state.get("permit")
                if permit is not None and permit["seq"] != seen:
                    if seen and permit["changed_s"] >= from_s:
                        self.latencies_s.append(now_s - permit["changed_s"])
                    seen = permit["seq"]
        self.gap_s = max(self.gap_s, end_s - heard_s)  # one that heard no more has the worst gap

    async def _odd(self, *, slow: bool, end_s: float) -> None:
        """Be a tablet that reads slowly, or nothing once it is connected."""
        import socket

        host, _, port = self._url.removeprefix("http://").rstrip("/").partition(":")
        raw = socket.socket()
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        raw.setblocking(False)
        loop = asyncio.get_running_loop()
        with raw:
            await loop.sock_connect(raw, (host, int(port)))
            address = f"{host}:{port}"
            await loop.sock_sendall(raw, (
                f"GET /ws HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n"
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            ).encode())  # fmt: skip
            while (left_s := end_s - time.monotonic()) > 0.0:
                if slow and not await loop.sock_recv(raw, SLOW_BYTES):
                    return
                await asyncio.sleep(min(SLOW_S, left_s))

    def figures(self) -> dict[str, Any]:
        """Return what the healthy ones saw; None where nothing was."""
        seen = np.array(self.latencies_s)
        told = {
            f"p{of}_s": float(np.percentile(seen, of)) if seen.size else None for of in (50, 95, 99)
        }
        return {"changes": int(seen.size), **told, "worst_gap_s": self.gap_s}


def table(result: dict[str, Any]) -> str:
    """Return the figures as people read them."""
    lines = [
        f"{'tablets':<34}{'p50':>9}{'p95':>9}{'p99':>9}{'worst gap':>12}{'CPU':>8}{'memory':>10}"
    ]
    for name in ("alone", "many"):
        row = result[name]
        what = f"{row['clients']} healthy, {row['slow']} slow, {row['stalled']} stalled"
        shown = [row["p50_s"], row["p95_s"], row["p99_s"]]
        times = "".join("     none" if one is None else f"{1000 * one:6.1f} ms" for one in shown)
        lines.append(
            f"{what:<34}{times}{1000 * row['worst_gap_s']:9.1f} ms"
            f"{100 * row['cpu_ratio']:6.1f} %{row['memory_mb']:7.1f} MB"
        )
    ratio = result["ratio_of_p95"]
    lines.append(
        f"p95 of many to that of one alone: {'none' if ratio is None else f'{ratio:.2f}'}; bar of "
        f"p95 {1000 * result['bar_p95_s']:.0f} ms: {'kept' if result['passed'] else 'NOT kept'}"
    )
    machine = result["machine"]
    lines.append(f"load of the machine {machine['load']} on {machine['processors']} processors")
    return "\n".join(lines)


@contextmanager
def _server() -> Iterator[tuple[subprocess.Popen[str], dict[str, Any]]]:
    """Have the server run; it ends when its input does."""
    with ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen(
            [sys.executable, "-m", "hrc_cell.cli.panel_load"], text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ))  # fmt: skip
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("the server has no input and output of its own")
        stack.callback(process.stdin.close)
        yield process, json.loads(process.stdout.readline())
