"""`hrc-cell motors set`: read all registers of a motor, or write one by its name."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from hrc_cell.adapters.serial.codec import ID_MAX
from hrc_cell.adapters.serial.control_table import BAUD_RATE, bounds, shown, steps
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.plan import DYNAMIXEL
from hrc_cell.adapters.serial.port import PortLost
from hrc_cell.adapters.serial.workbenches import SPOKEN, workbench
from hrc_cell.cli.arguments import count
from hrc_cell.cli.asking import NotAgreed, Person

DEFAULT_BAUD = 1_000_000
MEANS = {
    "ID": "From then on it is another motor to every cell: change cell.yaml too.",
    "Baud Rate": "From then on it is deaf at the old rate; all motors of a bus need the same.",
    "Torque Enable": "A loaded joint falls. Support the arm first.",
    "Homing Offset": "Every position it tells moves by this: calibrate the cell anew.",
    "Drive Mode": "A reversed motor turns every goal the other way: calibrate the cell anew.",
}
"""What a person should know before they agree."""


def add_parser(subparsers: Any) -> None:
    """Add `motors set`."""
    parser = subparsers.add_parser(
        "set", help="read all registers of a motor, or write one by its name",
        description="Read all registers of a motor, or write one by its name, in its unit. Shows "
        "what was and what will be, asks, writes only what differs and reads it back. The EEPROM "
        "(what stays without power) is not written while the torque is on; "
        "that of Feetech motors is unlocked for the one writing.",
        epilog="examples:\n  hrc-cell motors set /dev/ttyUSB0 --id 3 --list\n"
        "  hrc-cell motors set /dev/ttyUSB0 'baud rate' 1000000 --id 1 --baud 57600\n"
        "  hrc-cell motors set /dev/ttyUSB0 return-delay-time 0 --id 3\n"
        "  hrc-cell motors set /dev/ttyUSB0 id 3 --id 1 --protocol feetech",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("port", help="device of the adapter")
    parser.add_argument("name", nargs="?", help="register, such as id or 'current limit'")
    parser.add_argument("value", nargs="?", help="in the register's unit, see --list")
    parser.add_argument("--id", type=int, required=True, metavar="N", help="the motor")
    parser.add_argument(
        "--baud", type=count, default=DEFAULT_BAUD, metavar="N", help=f"default {DEFAULT_BAUD}"
    )
    parser.add_argument(
        "--protocol", choices=SPOKEN, default=DYNAMIXEL,
        help=f"what the motor speaks (default {DYNAMIXEL})",
    )  # fmt: skip
    parser.add_argument("--list", action="store_true", help="show every register; writes nothing")
    parser.add_argument("--json", action="store_true", help="with --list: print it as JSON")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show or write. Returns 0 if it is as asked, 1 if not, 2 for wrong input."""
    if not 0 <= args.id <= ID_MAX:
        print(f"--id {args.id}: must be 0 to {ID_MAX}", file=sys.stderr)
        return 2
    if args.list == (args.value is not None) or (args.json and not args.list):
        print("name a register and a value, or --list alone", file=sys.stderr)
        return 2
    try:
        if args.list:
            return _list(args)
        return _set(args)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except PortLost as error:
        print(error.strerror, file=sys.stderr)
        return 2
    except NoReply as error:
        print(f"{error}; it was asked as {args.protocol}, see --protocol", file=sys.stderr)
        return 1
    except (Refused, NotAgreed) as error:
        print(error, file=sys.stderr)
        return 1


def _list(args: argparse.Namespace) -> int:
    rows = []
    with workbench(args.port, args.baud, args.protocol) as bench:
        registers = bench.registers(args.id)
        for entry in registers.entries:
            rows.append((entry, bench.read(args.id, entry)))
    if args.json:
        values = {
            entry.name: {
                "address": entry.address, "steps": raw, "value": shown(entry, raw),
                "writable": entry.writable,
            }
            for entry, raw in rows
        }  # fmt: skip
        print(json.dumps({"id": args.id, "model": registers.model, "registers": values}, indent=1))
        return 0
    print(f"motor {args.id}: {registers.model}")
    for entry, raw in rows:
        may = bounds(entry) or "read only"
        note = f"; {entry.note}" if entry.note else ""
        print(f"{entry.address:>4} {entry.name:<24} {shown(entry, raw):<24} {may}{note}")
    return 0


def _set(args: argparse.Namespace) -> int:
    """Write one register. Raises what `run` tells."""
    with workbench(args.port, args.baud, args.protocol) as bench:
        entry = bench.registers(args.id).find(args.name)
        raw = steps(entry, args.value)
        before = bench.read(args.id, entry)
        if before == raw:
            print(f"{entry.name} of motor {args.id} is {shown(entry, raw)} already")
            return 0
        bench.check(args.id, entry, raw)
        print(f"motor {args.id}: {entry.name} {shown(entry, before)} -> {shown(entry, raw)}")
        if not entry.kept:
            print("It stands in RAM: lost without power, and a cell that starts sets its own.")
        if entry.name in MEANS:
            print(MEANS[entry.name])
        if not args.yes:
            Person().agree("Write it?")
        motor_id = bench.write(args.id, entry, raw)
        bench.confirm(motor_id, entry, raw)
        where = f" at {bench.baud} baud" if entry.name == BAUD_RATE else ""
    print(f"motor {motor_id}{where}: {entry.name} is {shown(entry, raw)}")
    return 0
