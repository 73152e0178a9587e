"""`hrc-cell motors`: find motors on a bus, look at them, or emulate them for trying a driver.

`scan` asks who is there and reads how each motor is; it writes nothing. `emulate` serves emulated
motors on a pseudo-terminal that any program for DYNAMIXEL Protocol 2.0 can open, or for Feetech's.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from hrc_cell.adapters.serial.bad_day import BadDay
from hrc_cell.adapters.serial.codec import ID_MAX
from hrc_cell.adapters.serial.emulated_feetech import FEETECH_KINDS
from hrc_cell.adapters.serial.emulated_feetech_free import free_feetech
from hrc_cell.adapters.serial.emulated_models import KINDS
from hrc_cell.adapters.serial.emulator import BAUDS as EMULATED_BAUDS
from hrc_cell.adapters.serial.feetech_scan import FEETECH_BAUDS
from hrc_cell.adapters.serial.free import free_motors, serve_free
from hrc_cell.adapters.serial.plan import DYNAMIXEL
from hrc_cell.adapters.serial.port import PortLost
from hrc_cell.adapters.serial.scan import BAUDS
from hrc_cell.adapters.serial.workbenches import SPOKEN, AnyFound
from hrc_cell.cli import (
    motors_calibrate,
    motors_doctor,
    motors_monitor,
    motors_reboot,
    motors_set,
    motors_try,
)
from hrc_cell.cli.arguments import count, json_file
from hrc_cell.settings.bus_faults import BusFaults, load_bus_faults
from hrc_cell.settings.bus_motors import BusMotor, BusMotors, load_bus_motors

DEFAULT_MODEL = "XM430-W350"
DEFAULT_IDS = "1-7"


def add_parser(subparsers: Any) -> None:
    """Add `motors scan`, `motors doctor` and `motors emulate`."""
    parser = subparsers.add_parser(
        "motors", help="find, examine and set up motors on a bus, or emulate them",
        epilog="example: hrc-cell motors scan /dev/ttyUSB0",
    )  # fmt: skip
    whats = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    found = whats.add_parser(
        "scan", help="who answers on a port, and how each is; writes nothing",
        description="Who answers on a port, at each baud rate, and how each is. Writes nothing. "
        "Exit code 1 when nobody answers or replies break.",
        epilog="example: hrc-cell motors scan /dev/serial/by-id/usb-FTDI... --baud 1000000",
    )  # fmt: skip
    found.add_argument("port", help="device of the adapter")
    found.add_argument(
        "--baud", type=count, action="append", metavar="N",
        help=f"may be given several times (default: {', '.join(map(str, BAUDS))}; "
        f"feetech: {', '.join(map(str, FEETECH_BAUDS))})",
    )  # fmt: skip
    found.add_argument(
        "--protocol", choices=SPOKEN, default=DYNAMIXEL,
        help="what the motors speak (default dynamixel); feetech asks each ID in turn",
    )  # fmt: skip
    found.add_argument("--json", type=json_file, metavar="FILE", help="write what was found there")
    found.set_defaults(run=run_scan)
    motors_doctor.add_parser(whats)
    motors_monitor.add_parser(whats)
    motors_set.add_parser(whats)
    motors_calibrate.add_parser(whats)
    motors_reboot.add_parser(whats)
    motors_try.add_parser(whats)
    emulated = whats.add_parser(
        "emulate", help="serve emulated motors on a pseudo-terminal",
        description="Serve emulated motors that turn nothing, until interrupted.",
        epilog="example: hrc-cell motors emulate --link /tmp/motors --ids 1-7 --baud 1000000",
    )  # fmt: skip
    emulated.add_argument(
        "--link", type=Path, required=True, metavar="PATH", help="link to make to their port"
    )
    emulated.add_argument(
        "--ids", type=ids, metavar="IDS", help=f"such as 1-6,9 (default {DEFAULT_IDS})"
    )
    emulated.add_argument(
        "--model", choices=(*KINDS, *FEETECH_KINDS), help=f"of them (default {DEFAULT_MODEL})"
    )
    emulated.add_argument(
        "--motors", type=Path, metavar="FILE",
        help="motors that differ from each other, instead of --ids and --model (docs/motors.md)",
    )  # fmt: skip
    emulated.add_argument(
        "--baud", type=int, choices=sorted({*EMULATED_BAUDS.values(), *FEETECH_BAUDS}),
        metavar="N",
        help="have the motors set to this rate and bytes take the time of this wire (default: they "
        "answer at any rate, at once)",
    )  # fmt: skip
    emulated.add_argument(
        "--usb-latency-ms", type=count, metavar="N",
        help="hand bytes on in batches, as an adapter with this latency timer (FTDI: 16 or 1)",
    )  # fmt: skip
    emulated.add_argument(
        "--faults", type=Path, metavar="FILE", help="what is to go wrong, and when (docs/motors.md)"
    )
    emulated.set_defaults(run=run_emulate)


def ids(text: str) -> list[int]:
    """Return the IDs of a text such as "1-6,9". For `type=` of an argument.

    >>> ids("1-3,9")
    [1, 2, 3, 9]
    """
    found: list[int] = []
    for part in text.split(","):
        ends = part.split("-")
        if len(ends) > 2 or not all(end.isdecimal() for end in ends):
            raise argparse.ArgumentTypeError(f"{text}: must be IDs such as 1-6,9")
        found += range(int(ends[0]), int(ends[-1]) + 1)
    if not found or max(found) > ID_MAX or len(set(found)) < len(found):
        raise argparse.ArgumentTypeError(f"{text}: each ID once, 0 to {ID_MAX}, least first")
    return found


def run_scan(args: argparse.Namespace) -> int:
    """Scan and print a table. Returns 0 if somebody answered and no reply was broken."""
    found: list[AnyFound] = []
    broken = 0
    spoken = SPOKEN[args.protocol]
    for baud in args.baud or spoken.bauds:
        try:
            here, lost = spoken.scan(args.port, baud)
        except PortLost as error:
            print(error.strerror, file=sys.stderr)
            return 2
        found, broken = [*found, *here], broken + lost
        print(f"{baud:>8} baud: {len(here) or 'nobody'}", file=sys.stderr)
        if lost:
            print(
                f"{lost} broken replies: do two motors have the same ID? Connect them one by one.",
                file=sys.stderr,
            )
    for line in _table(found):
        print(line)
    if args.json:
        args.json.write_text(json.dumps([one._asdict() for one in found], indent=1) + "\n")
    return 0 if found and not broken else 1


def _table(found: Sequence[AnyFound]) -> Iterator[str]:
    if found:
        yield f"{'baud':>8} {'ID':>3} {'model':<12} {'fw':>3} {'V':>5} {'degC':>4} torque  error"
    for one in found:
        volts = "?" if one.voltage_v is None else f"{one.voltage_v:.1f}"
        degrees = "?" if one.temperature_c is None else f"{one.temperature_c:.0f}"
        torque = {None: "?", True: "on", False: "off"}[one.torque_on]
        yield (
            f"{one.baud:>8} {one.motor_id:>3} {one.model:<12} {one.firmware:>3} {volts:>5} "
            f"{degrees:>4} {torque:<6}  {one.hardware_error or '-'}"
        )


def run_emulate(args: argparse.Namespace) -> int:
    """Serve until interrupted. Returns 0, or 2 for wrong input."""
    try:
        serve, models = _service(args)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    for model, served in models.items():
        print(f"{model} {', '.join(map(str, served))} at {args.link}; Ctrl-C ends", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        try:
            serve()
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        except OSError as error:
            print(f"{args.link}: {error.strerror}", file=sys.stderr)
            return 2
    return 0


def _service(args: argparse.Namespace) -> tuple[Callable[[], None], dict[str, list[int]]]:
    """Return what serves the motors that are meant, and their IDs by model. Raises ValueError."""
    script = load_bus_faults(args.faults) if args.faults else BusFaults(faults=())
    models: dict[str, list[int]] = {}
    emulator: BadDay[Any, Any]
    if args.model in FEETECH_KINDS:
        if args.motors:
            raise ValueError("only DYNAMIXEL motors are emulated by a file of motors")
        models[args.model] = args.ids or ids(DEFAULT_IDS)
        emulator, plant = free_feetech(models[args.model], script, model=args.model, baud=args.baud)
    else:
        motors = _emulated(args)
        emulator, plant = free_motors(motors, script, baud=args.baud)
        for motor in motors.motors:
            models.setdefault(motor.model, []).append(motor.id)
    latency_s = (args.usb_latency_ms or 0) / 1e3
    return (
        lambda: serve_free(args.link, emulator, plant, baud=args.baud, latency_s=latency_s),
        models,
    )


def _emulated(args: argparse.Namespace) -> BusMotors:
    """Return the motors that are meant. Raises ValueError, CellError among it."""
    if args.motors is None:
        model = args.model or DEFAULT_MODEL
        return BusMotors(
            motors=tuple(BusMotor(id=i, model=model) for i in args.ids or ids(DEFAULT_IDS))
        )
    if args.ids or args.model:
        raise ValueError("--motors names IDs and models; leave out --ids and --model")
    return load_bus_motors(args.motors)
