"""`hrc-cell doctor`: is this machine fit for the cell, and what to do where it is not."""

from __future__ import annotations

import argparse
import glob
import importlib
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from hrc_cell.cli.checked import checked_cell
from hrc_cell.cli.finding import Finding, show
from hrc_cell.cli.places import browser_program
from hrc_cell.settings.schema import CellError

DISK_GB = 1.0


def add_parser(subparsers: Any) -> None:
    """Add `doctor`."""
    parser = subparsers.add_parser(
        "doctor", help="look at this machine: is it fit for the cell?",
        epilog="example: hrc-cell doctor --cell default --json",
    )  # fmt: skip
    parser.add_argument("--cell", default="default", help="folder, or name under config/")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look and print. Returns 0 if nothing is wrong, else 1."""
    return show(examine(args.cell), as_json=args.json)


def examine(cell_name: str) -> Iterator[Finding]:
    """Yield every finding."""
    version = platform.python_version()
    yield Finding(name="python", state="ok", found=f"{version} at {sys.executable}")
    distro = os.environ.get("ROS_DISTRO", "")
    again = "./cell doctor sets up what is missing; on a ROS distribution rosdep does"
    for module, what in (
        ("rclpy", f"ROS 2 {distro or 'wheels'}"),
        ("hrc_cell_interfaces.msg", "the cell's messages"),
        ("aiohttp", "server of the operator page"),
        ("serial", "pyserial"),
        ("psutil", "processes of the cell"),
        ("xacro", "robot description"),
    ):
        yield _module(module, what, again)
    for module, what in (
        ("mujoco", "physics of the simulated cell; a real one needs none"),
        ("rosbags", "recordings of laser scans, for bench and demo"),
    ):
        yield _module(module, what, f"pip install {module}", missing="note")
    yield _ask("cell", lambda: _cell(cell_name))
    browser = browser_program()
    yield Finding(
        name="browser", state="ok" if browser else "note", found=browser or "no Chromium or Chrome",
        advice="" if browser else "page tests skip; Debian: apt install chromium",
    )  # fmt: skip
    free_gb = shutil.disk_usage(Path.home()).free / 1e9
    low = free_gb < DISK_GB
    yield Finding(
        name="disk", state="wrong" if low else "ok", found=f"{free_gb:.1f} GB free",
        advice=f"records need room: free at least {DISK_GB:g} GB" if low else "",
    )  # fmt: skip
    yield from _serial_ports()


def _module(module: str, what: str, advice: str, missing: str = "wrong") -> Finding:
    try:
        importlib.import_module(module)
    except ImportError as error:
        return Finding(name=module, state=missing, found=f"{what}: {error}", advice=advice)
    return Finding(name=module, state="ok", found=what)


def _ask(name: str, question: Callable[[], Finding]) -> Finding:
    try:
        return question()
    except (CellError, OSError) as error:
        return Finding(
            name=name, state="wrong", found=str(error), advice="mend what `config check` names"
        )


def _cell(name: str) -> Finding:
    cell = checked_cell(name)
    host, port = cell.file.panel.host, cell.file.panel.port
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return Finding(
                name="cell", state="note", found=f"{name}: page address {host}:{port}: {error}",
                advice="a cell may run already; else choose another panel.port or --port 0",
            )  # fmt: skip
    return Finding(name="cell", state="ok", found=f"{cell.folder}, page at {host}:{port}")


def _serial_ports() -> Iterator[Finding]:
    """Yield what stands in the way of each serial port found."""
    ports = sorted(glob.glob("/dev/serial/by-id/*")) or sorted(
        glob.glob("/dev/ttyUSB*") + glob.glob("/dev/ttyACM*")
    )
    if not ports:
        yield Finding(
            name="serial port", state="note", found="none",
            advice="only a real arm needs one; plug in the adapter",
        )  # fmt: skip
    for port in ports:
        allowed = os.access(port, os.R_OK | os.W_OK)
        group = Path(port).resolve().group()
        yield Finding(
            name="serial port", state="ok" if allowed else "wrong", found=port,
            advice="" if allowed else f"sudo usermod -aG {group} $USER, then log in again",
        )  # fmt: skip
