"""`hrc-cell bench frames`: broken replies of motors through the driver's parsers.

Answers of emulated motors, one by one and in one frame, are broken in every way a wire breaks them:
bits, bursts, bytes lost, added or replaced, ends cut off, ends of other replies, noise. Counted is
what the parsers take for a reply that nobody sent, and what sound replies they lose. Fails where
more wrong ones pass than chance lets through a CRC of 16 bits, where a burst passes that none can,
where sound replies are lost, and where a parser hangs.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from typing import Any

from hrc_cell.cli.arguments import count, json_file
from hrc_cell.cli.frame_fuzz import Result, fuzz

HANG_S = 60.0
"""Of processor time; a thousand answers take a small part of it."""


class Hung(RuntimeError):
    """A parser does not come back."""


def add_parser(subparsers: Any) -> None:
    """Add `bench frames`."""
    parser = subparsers.add_parser(
        "frames",
        help="broken replies of motors: what passes, what is lost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell bench frames --count 1000000 --seed 1",
    )
    parser.add_argument(
        "--count", type=count, default=100_000, metavar="N", help="broken answers (default 100000)"
    )
    parser.add_argument("--seed", type=count, default=1, metavar="N", help="default 1")
    parser.add_argument("--json", type=json_file, metavar="FILE", help="write the counts there")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Break answers and print what became of them. Returns 0 if chance explains it, else 1."""
    began_s = time.monotonic()
    result = Result()
    problems = []
    before = signal.signal(signal.SIGPROF, _hung)
    try:
        signal.setitimer(signal.ITIMER_PROF, HANG_S, HANG_S)
        for _ in fuzz(args.count, args.seed, result):
            signal.setitimer(signal.ITIMER_PROF, HANG_S, HANG_S)
    except Hung:
        problems.append(
            f"a parser hangs: no thousand answers within {HANG_S:g} s of processor time"
        )
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)
    problems += result.problems()
    print(_table(result))
    print(f"seed {args.seed}, {time.monotonic() - began_s:.0f} s", file=sys.stderr)
    for problem in problems:
        print(f"MISSED {problem}")
    if not problems:
        print("KEPT   nothing passed or was lost that chance does not explain")
    if args.json:
        args.json.write_text(json.dumps(_figures(result, problems), indent=1) + "\n")
    return 1 if problems else 0


def _hung(*_: object) -> None:
    raise Hung


def _table(result: Result) -> str:
    lines = ["replies       broken by    answers   refused   wrong  by chance  at most  lost"]
    for (kind, fast), one in result.counts.items():
        lines.append(
            f"{'in one frame' if fast else 'one by one':<13} {kind:<9} {one.answers:>10} "
            f"{one.refused:>9} {one.wrong:>7} {one.expected:>10.2f} {one.explained:>8} "
            f"{one.lost:>5}"
        )
    answers, refused, wrong, expected = (
        sum(getattr(one, name) for one in result.counts.values())
        for name in ("answers", "refused", "wrong", "expected")
    )
    lines.append(
        f"{answers} answers, {refused} replies refused, {wrong} wrong ones passed, by chance "
        f"{expected:.1f}"
    )
    return "\n".join(lines)


def _figures(result: Result, problems: list[str]) -> dict[str, Any]:
    rows = [
        {
            "kind": kind, "fast": fast, "answers": one.answers, "refused": one.refused,
            "wrong": one.wrong, "expected": one.expected, "explained": one.explained,
            "lost": one.lost,
        }
        for (kind, fast), one in result.counts.items()
    ]  # fmt: skip
    return {"rows": rows, "problems": problems, "passed": not problems}
