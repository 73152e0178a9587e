"""`hrc-cell`: start, check and measure a collaborative cell.

Exit codes: 0 it is as asked; 1 it is not (a check failed, a test failed, a cell ended badly);
2 the command line or a cell's files are wrong; 130 interrupted; 141 nobody reads the output.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

COMMANDS = (
    "up", "demo", "why", "doctor", "config", "recipe", "report", "calc", "measure", "motors",
    "press", "learn", "people", "pair", "devices", "tls", "audit", "test",
)  # fmt: skip
BENCHES = ("cell", "safety", "latency", "tracker", "bus", "frames", "panel")
EXIT_WRONG_INPUT = 2
EXIT_INTERRUPTED = 130
EXIT_BROKEN_PIPE = 141


class Formatter(argparse.RawDescriptionHelpFormatter):
    """Keeps the examples as they are written."""


class Subparsers:
    """Adds subcommands that all format their help the same way."""

    def __init__(self, parser: argparse.ArgumentParser, title: str) -> None:
        self._action = parser.add_subparsers(title=title, metavar="COMMAND", required=True)

    def add_parser(self, name: str, **about: Any) -> argparse.ArgumentParser:
        """Add one; its description is its help."""
        about.setdefault("description", about.get("help"))
        about.setdefault("formatter_class", Formatter)
        return self._action.add_parser(name, **about)


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole program."""
    top = argparse.ArgumentParser(
        prog="hrc-cell",
        description="A collaborative robot cell that keeps a person in the loop.",
        epilog="example: hrc-cell up --go\nnot a certified safety device; see README.md",
        formatter_class=Formatter,
    )
    commands = Subparsers(top, "commands")
    for name in COMMANDS:
        importlib.import_module(f"hrc_cell.cli.{name}").add_parser(commands)
    bench = commands.add_parser(
        "bench", help="measure", epilog="example: hrc-cell bench cell --runs 1 --seconds 20"
    )
    benches = Subparsers(bench, "benches")
    for name in BENCHES:
        importlib.import_module(f"hrc_cell.cli.bench_{name}").add_parser(benches)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["test"] and words[1:2] not in (["-h"], ["--help"], ["--"]):
        words.insert(1, "--")  # all that follows is for pytest, also what looks like an option
    args = parser().parse_args(words)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end: as with Ctrl-C
    try:
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # the reader of our output has gone: `hrc-cell ... | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE


if __name__ == "__main__":
    sys.exit(main())
