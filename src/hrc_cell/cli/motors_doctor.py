"""`hrc-cell motors doctor`: what stands between a cell and its motors. Reads only.

Port and permission, the adapter's latency timer, every motor of the cell (there, known, cool, its
voltage, errors), others on the bus, two with one ID, and how long a cycle takes.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from hrc_cell.adapters.serial import registers
from hrc_cell.adapters.serial.adapter import LATENCY_MAX_MS, UDEV_RULE, latency_timer_ms
from hrc_cell.adapters.serial.driver import Driver
from hrc_cell.adapters.serial.feetech_scan import scan_feetech
from hrc_cell.adapters.serial.master import Master, NoReply, StatusError
from hrc_cell.adapters.serial.models import BY_NAME, reads_fast, unfit
from hrc_cell.adapters.serial.plan import DYNAMIXEL, BusPlan, MotorPlan
from hrc_cell.adapters.serial.port import Port, PortLost
from hrc_cell.adapters.serial.scan import Found, scan
from hrc_cell.adapters.serial.set_up import ill_set_up
from hrc_cell.cli.checked import cell_and_plan
from hrc_cell.cli.finding import Finding, show
from hrc_cell.cli.motors_feetech import examine_feetech
from hrc_cell.cli.motors_findings import cycles, pace, unnamed, warm
from hrc_cell.settings.schema import CellError

CYCLES = 200


def add_parser(subparsers: Any) -> None:
    """Add `motors doctor`."""
    parser = subparsers.add_parser(
        "doctor", help="what stands between a cell and its motors; reads only",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: hrc-cell motors doctor my_cell",
    )  # fmt: skip
    parser.add_argument("cell", nargs="?", default="default", help="folder, or name under config/")
    parser.add_argument("--port", help="instead of bus.port; a simulated cell needs one")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look and print. Returns 0 if nothing is wrong, 1 if something is, 2 for wrong input."""
    try:
        _, plan = cell_and_plan(args.cell, args.port)
    except (CellError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return show(examine(plan), as_json=args.json)


def examine(plan: BusPlan) -> Iterator[Finding]:
    """Yield what was found, what comes first on the way to the motors first."""
    try:
        if plan.protocol != DYNAMIXEL:
            yield from _feetech(plan)
            return
        found, broken = scan(plan.port, plan.baud)
    except PortLost as error:
        yield Finding(name="port", state="wrong", found=str(error.strerror))
        return
    yield Finding(name="port", state="ok", found=f"{plan.port} at {plan.baud} baud")
    yield _adapter(plan.port)
    if broken:
        yield _collision(broken)
    port = Port(plan.port, plan.baud)
    try:
        master = Master(port, reply_margin_s=plan.reply_margin_s)
        there = {one.motor_id: one for one in found}
        fast_by_id = {one.motor_id: reads_fast(one.model, one.firmware) for one in found}
        for motor in plan.motors:
            yield from _motor(master, motor, there.pop(motor.motor_id, None))
        for motor_id, other in there.items():
            yield unnamed(motor_id, other.model)
        yield _cycle(plan, master, fast=all(map(fast_by_id.get, plan.motor_ids)))
    except PortLost as error:
        yield Finding(name="port", state="wrong", found=str(error.strerror))
    finally:
        port.close()


def _feetech(plan: BusPlan) -> Iterator[Finding]:
    """Yield the same of Feetech motors. Raises PortLost."""
    found, broken = scan_feetech(plan.port, plan.baud)
    yield Finding(name="port", state="ok", found=f"{plan.port} at {plan.baud} baud")
    yield _adapter(plan.port)
    if broken:
        yield _collision(broken)
    yield from examine_feetech(plan)
    for one in found:
        if one.motor_id not in plan.motor_ids:
            yield unnamed(one.motor_id, one.model)


def _collision(broken: int) -> Finding:
    return Finding(
        name="replies", state="wrong", found=f"{broken} broken",
        advice="do two motors have the same ID? Connect them one by one and give each its own",
    )  # fmt: skip


def _adapter(port: str) -> Finding:
    """Return what the adapter's latency timer is."""
    ms = latency_timer_ms(port)
    if ms is None:
        return Finding(name="latency timer", state="ok", found="this adapter has none")
    if ms <= LATENCY_MAX_MS:
        return Finding(name="latency timer", state="ok", found=f"{ms} ms")
    return Finding(
        name="latency timer", state="wrong", found=f"{ms} ms: replies are held back so long",
        advice=f"put {UDEV_RULE} into /etc/udev/rules.d/99-latency.rules and plug in again",
    )  # fmt: skip


def _motor(master: Master, motor: MotorPlan, found: Found | None) -> Iterator[Finding]:
    """Yield how a motor of the cell is: one line, and one for each thing to look at."""
    name, who = motor.joint, f"motor {motor.motor_id}"
    if found is None:
        yield Finding(
            name=name, state="wrong", found=f"{who} does not answer",
            advice="check power, cable, ID and baud rate; `hrc-cell motors scan` asks at each rate",
        )  # fmt: skip
        return
    torque = {True: "on", False: "off", None: "unknown"}[found.torque_on]
    if found.model in BY_NAME:
        yield Finding(
            name=name, state="ok",
            found=f"{who}: {found.model}, firmware {found.firmware}, torque {torque}",
        )  # fmt: skip
    grips = motor.current_max_a is not None
    for why, advice in unfit(who, found.model, found.firmware, grips=grips):
        yield Finding(name=name, state="wrong", found=why, advice=advice)
    if found.model not in BY_NAME:
        return  # its registers may mean something else
    if found.hardware_error:
        yield Finding(
            name=name, state="wrong", found=f"reports {found.hardware_error}",
            advice="find the cause, then switch its power off and on",
        )  # fmt: skip
    try:
        for why, advice in ill_set_up(master, motor.motor_id):
            yield Finding(name=name, state="wrong", found=f"{who} {why}", advice=advice)
        limit_c = master.read(motor.motor_id, registers.TEMPERATURE_LIMIT)
        yield from warm(name, found.temperature_c, limit_c)
    except (NoReply, StatusError) as error:
        yield Finding(name=name, state="wrong", found=str(error))


def _cycle(plan: BusPlan, master: Master, *, fast: bool) -> Finding:
    """Return how many cycles of reading all motors there are in a second, against what is asked.

    `fast`: all of them can answer in one frame.
    """
    driver = Driver(plan, master)
    driver.read_fast(fast)
    hz, silent = cycles(driver, CYCLES)
    wire_hz = plan.wire_limit_hz(fast=driver.fast)
    how = "Fast Sync Read" if driver.fast else "Sync Read"
    if driver.fast_given_up:
        how += ", Fast Sync Read having failed"
    found = (
        f"{hz:.0f} Hz (median of {CYCLES}, {silent} with a motor missing); the cell asks for "
        f"{plan.rate_hz:g} Hz, the wire carries {wire_hz:.0f} Hz with goals and {how}"
    )
    return pace(found=found, good=hz >= plan.rate_hz and silent <= CYCLES // 100)
