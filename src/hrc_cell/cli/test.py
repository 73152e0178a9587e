"""`hrc-cell test`: style, types, and every test; works in a checkout."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

DEBIAN = {"chromium": ("chromium", "google-chrome", "chrome"), "liburdfdom-tools": ("check_urdf",)}
"""Debian package: programs of which one is enough."""
DOMAIN = "87"
NO_CLOCK = ("test/settings", "test/house", "test/adapters/falsify", "test/cli/test_bench_safety.py")
"""These, and the core's, may press on each other."""
PAGE = "test/panel"
"""Each file is for one process: its tests share a browser."""


def add_parser(subparsers: Any) -> None:
    """Add `test`."""
    parser = subparsers.add_parser(
        "test", help="run every test",
        epilog="examples:\n  hrc-cell test\n  hrc-cell test -k separation --durations=5",
    )  # fmt: skip
    parser.add_argument(
        "pytest", nargs=argparse.REMAINDER, metavar="ARG",
        help="given: only pytest runs, with these arguments",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the checks. Returns 0 if all of them pass, 2 outside a checkout, else 1."""
    root = Path(__file__).resolve().parents[3]
    if not (root / "test").is_dir():
        print(f"no tests in {root}: run ./cell test in a checkout", file=sys.stderr)
        return 2
    os.environ.setdefault("ROS_DOMAIN_ID", DOMAIN)
    pytest = [sys.executable, "-m", "pytest"]
    given = args.pytest[1:] if args.pytest[:1] == ["--"] else args.pytest
    if given:
        return 1 if subprocess.run([*pytest, *given], cwd=root).returncode else 0
    install_debian()
    on_all_cores = ["-n", "logical", "-q"]
    steps = {
        "style": [sys.executable, "-m", "ruff", "check", ".", "cell"],
        "format": [sys.executable, "-m", "ruff", "format", "--check", ".", "cell"],
        "types": [sys.executable, "-m", "mypy"],
        "core, every line and branch": [
            *pytest, *on_all_cores, "test/core",
            "--cov", "--cov-branch", "--cov-report=term-missing:skip-covered",
        ],
        "what else knows no clock": [*pytest, *on_all_cores, *NO_CLOCK],
        "page": [*pytest, *on_all_cores, "--dist", "loadfile", PAGE],
        "everything else": [
            *pytest, "test", *(f"--ignore={one}" for one in ("test/core", *NO_CLOCK, PAGE)),
        ],
    }  # fmt: skip
    failed = []
    for name, command in steps.items():
        began_s = time.monotonic()
        print(f"\n== {name}", flush=True)
        if subprocess.run(command, cwd=root, stdin=subprocess.DEVNULL).returncode:
            failed.append(name)
        print(f"== {name}: {time.monotonic() - began_s:.0f} s", flush=True)
    print(f"\nfailed: {', '.join(failed)}" if failed else "\nall passed")
    return 1 if failed else 0


def install_debian() -> None:
    """Install the Debian packages that tests use where that is allowed; say what will skip."""
    missing = [p for p, programs in DEBIAN.items() if not any(map(shutil.which, programs))]
    if not missing:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        print(f"installing for the tests: {', '.join(missing)}", flush=True)
        for command in (["update", "-qq"], ["install", "-y", "-qq", *missing]):
            done = subprocess.run(
                ["apt-get", *command], env=quiet, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            )  # fmt: skip
            if done.returncode:
                print(f"apt-get {command[0]}: {done.stderr.strip()[-300:]}", file=sys.stderr)
    still = [p for p, programs in DEBIAN.items() if not any(map(shutil.which, programs))]
    if still:
        print(f"tests that need {', '.join(still)} will skip: apt install {' '.join(still)}")
