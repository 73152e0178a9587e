"""`hrc-cell motors monitor`: a live table of motors, read only.

PORT: reads the bus itself, which nobody else may have open. CELL: watches what the running cell
tells of its motors (motor_states); where no cell runs, its port is read instead.
"""

from __future__ import annotations

import argparse
import errno
import json
import math
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hrc_cell.adapters.record.events import finite
from hrc_cell.adapters.serial.adapter import holders
from hrc_cell.adapters.serial.drives import error_text
from hrc_cell.adapters.serial.port import PortLost
from hrc_cell.adapters.serial.watch import Watched
from hrc_cell.adapters.serial.workbenches import SPOKEN, seek, spoken_by, workbench
from hrc_cell.cli.arguments import count, seconds
from hrc_cell.cli.checked import checked_cell
from hrc_cell.settings.cell import SIM_PORT
from hrc_cell.settings.robot import BusSettings
from hrc_cell.settings.schema import CellError

DEFAULT_BAUD = 1_000_000
PERIOD_S = 0.5
CELL_S = 5.0
"""How long a running cell may take to be heard."""


class Ended(RuntimeError):
    """There is nothing to watch, or no more. Says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """All motors at one moment."""

    now_s: float
    rate_hz: float  # cycles of the bus in a second
    note: str
    motors: tuple[Watched, ...]


def add_parser(subparsers: Any) -> None:
    """Add `motors monitor`."""
    parser = subparsers.add_parser(
        "monitor", help="a live table of motors; reads only",
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="examples:\n  hrc-cell motors monitor /dev/ttyUSB0\n"
        "  hrc-cell motors monitor my_cell --once --json",
    )  # fmt: skip
    parser.add_argument("target", metavar="PORT|CELL", help="device, or a cell's folder or name")
    parser.add_argument(
        "--baud", type=count, metavar="N", help=f"of PORT (default {DEFAULT_BAUD}, or the cell's)"
    )
    parser.add_argument(
        "--protocol", choices=SPOKEN,
        help="of PORT; else DYNAMIXEL motors are asked first, then Feetech's",
    )  # fmt: skip
    parser.add_argument("--namespace", default="", help="ROS namespace of the cell")
    parser.add_argument(
        "--period", type=seconds, default=PERIOD_S, metavar="S", help=f"default {PERIOD_S} s"
    )
    parser.add_argument("--once", action="store_true", help="one table, then end")
    parser.add_argument("--json", action="store_true", help="a line of JSON in each period")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Show until interrupted. Returns 0; 1 if there is nothing to watch, 2 for wrong input."""
    try:
        looks = _looks(args)
        live = sys.stdout.isatty() and not args.json and not args.once
        with _screen(live):
            for look in looks:
                _show(look, live=live, as_json=args.json, table=live or args.once)
                if args.once:
                    break
    except (CellError, FileNotFoundError) as error:
        print(error, file=sys.stderr)
        return 2
    except PortLost as error:
        print(error.strerror, file=sys.stderr)
        return 1
    except Ended as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _looks(args: argparse.Namespace) -> Iterator[Look]:
    """Return what there is to see. Raises CellError, FileNotFoundError, PortLost, Ended."""
    path = Path(args.target)
    if path.exists() and not path.is_dir():
        return _bus(args.target, args.baud or DEFAULT_BAUD, args.protocol, args.period)
    if path.is_absolute() and not path.exists():
        raise PortLost(errno.ENOENT, f"{path}: no such device; is the adapter plugged in?")
    return _cell(checked_cell(args.target, without_stops=True).file.bus, args)


# The bus itself.


def _bus(port: str, baud: int, asked: str | None, period_s: float) -> Iterator[Look]:
    """Yield what is read from a port. `asked`: the protocol; None finds out.

    Raises PortLost, Ended.
    """
    try:
        protocol, found = seek(port, baud, asked)
        known = [one for one in found if one.model in SPOKEN[protocol].models]
        if not known:
            others = f"; there is {', '.join(one.model for one in found)}" if found else ""
            raise Ended(f"no motor that is known here answers on {port} at {baud} baud{others}")
        with workbench(port, baud, protocol) as bench:
            watch = bench.watch(known)
            while not watch.whole:
                watch.cycle()
            while True:
                began, began_s = watch.cycles, time.monotonic()
                watch.run(began_s + period_s)
                now_s = time.monotonic()
                yield Look(
                    now_s=now_s, rate_hz=(watch.cycles - began) / (now_s - began_s),
                    note=f"{port} at {baud} baud", motors=tuple(watch.motors),
                )  # fmt: skip
    except PortLost as error:
        if error.errno not in (errno.EBUSY, errno.EAGAIN):
            raise
        who = ", ".join(holders(port)) or "another user's program"
        raise Ended(
            f"{port} is open elsewhere: {who}; a running cell is watched by its name instead"
        ) from error


# A running cell.


def _cell(bus: BusSettings, args: argparse.Namespace) -> Iterator[Look]:
    """Yield what a running cell tells of its motors, or what its port does."""
    from hrc_cell.cli.witness import Late, Witness

    with Witness(("motor_states",), namespace=args.namespace) as witness:
        try:
            witness.wait("motor_states", lambda: witness.since("motor_states", 0.0), CELL_S)
        except Late:
            running = False
        else:
            running = True
            yield from _told(witness, bus.protocol, args.period)
    if not running and bus.port == SIM_PORT:
        raise Ended(f"{args.target} does not tell of its motors, and is simulated: does it run?")
    if not running:
        print(f"no running cell heard; reading {bus.port}", file=sys.stderr)
        yield from _bus(bus.port, args.baud or bus.baud, spoken_by(bus.protocol), args.period)


def _told(witness: Any, protocol: str, period_s: float) -> Iterator[Look]:
    last = None
    while True:
        began_s = witness.now_s()
        time.sleep(period_s)
        heard = [message for _, message in witness.since("motor_states", began_s)]
        witness.forget(began_s)
        if not heard:
            raise Ended("the cell tells no more of its motors")
        first, newest = last or heard[0], heard[-1]
        elapsed_s = _stamp_s(newest.header) - _stamp_s(first.header)
        rate_hz = (newest.cycle - first.cycle) / elapsed_s if elapsed_s > 0.0 else math.nan
        last = newest
        now_s, wall_s = time.monotonic(), time.time()
        motors = tuple(_of_message(motor, protocol, now_s, wall_s) for motor in newest.motors)
        note = f"cycle {newest.cycle}, {newest.missed_cycles} missed"
        if newest.gate_reason:
            note += f", gate: {newest.gate_reason}"
        yield Look(now_s=now_s, rate_hz=rate_hz, note=note, motors=motors)


def _stamp_s(header: Any) -> float:
    return float(header.stamp.sec + header.stamp.nanosec * 1e-9)


def _of_message(motor: Any, protocol: str, now_s: float, wall_s: float) -> Watched:
    """Return one motor of a message, which tells no load and not how many replies were lost."""
    age_s = wall_s - _stamp_s(motor)
    return Watched(
        name=motor.joint, motor_id=motor.id, reply_s=now_s - age_s, lost=None,
        position_rad=motor.position_rad, velocity_radps=motor.velocity_radps,
        current_a=motor.current_a, voltage_v=motor.voltage_v, temperature_c=motor.temperature_c,
        torque_on=motor.torque_on, hardware_error=motor.hardware_error,
        error=error_text(protocol, motor.hardware_error) if motor.hardware_error else "",
    )  # fmt: skip


# Showing.


@contextmanager
def _screen(live: bool) -> Iterator[None]:
    """Take the whole terminal, and give it back as it was."""
    if not live:
        yield
        return
    print("\x1b[?1049h\x1b[?25l", end="", flush=True)
    try:
        yield
    finally:
        print("\x1b[?25h\x1b[?1049l", end="", flush=True)


def _show(look: Look, *, live: bool, as_json: bool, table: bool) -> None:
    if as_json:
        print(json.dumps(_as_json(look)), flush=True)
    elif table:
        text = "\n".join(_table(look))
        erased = text.replace("\n", "\x1b[K\n")
        print(f"\x1b[H{erased}\x1b[K\n\x1b[JCtrl-C ends" if live else text, flush=True)
    else:
        print(_line(look), flush=True)


def _table(look: Look) -> Iterator[str]:
    yield f"{look.note}; {look.rate_hz:.0f} cycles/s"
    yield (
        f"{'ID':>3} {'name':<12} {'rad':>8} {'rad/s':>8} {'A':>7} {'load':>5} {'V':>5} {'degC':>4} "
        f"torque {'age s':>7} {'lost':>5}  error"
    )
    for motor in look.motors:
        age_s = look.now_s - motor.reply_s
        yield (
            f"{motor.motor_id:>3} {motor.name:<12} {_number(motor.position_rad, 8, 4)} "
            f"{_number(motor.velocity_radps, 8, 3)} {_number(motor.current_a, 7, 3)} "
            f"{_load(motor):>5} {_number(motor.voltage_v, 5, 1)} "
            f"{_number(motor.temperature_c, 4, 0)} {_torque(motor):<6} "
            f"{_number(age_s, 7, 3)} {_lost(motor):>5}  {_error(motor)}"
        )


def _line(look: Look) -> str:
    each = "; ".join(
        f"{motor.motor_id} {_number(motor.position_rad, 0, 4)} rad {_force(motor)} "
        f"{_torque(motor)} lost {_lost(motor)} {_error(motor)}"
        for motor in look.motors
    )
    return f"{look.rate_hz:.0f} cycles/s; {each}"


def _number(value: float, width: int, places: int) -> str:
    return f"{value:>{width}.{places}f}" if math.isfinite(value) else f"{'?':>{width}}"


def _load(motor: Watched) -> str:
    return f"{motor.load_ratio:.1%}" if math.isfinite(motor.load_ratio) else "?"


def _force(motor: Watched) -> str:
    """Return the current, or the load of a motor that tells none."""
    if math.isfinite(motor.current_a):
        return f"{motor.current_a:.3f} A"
    return f"load {_load(motor)}"


def _torque(motor: Watched) -> str:
    return {None: "?", True: "on", False: "off"}[motor.torque_on]


def _lost(motor: Watched) -> str:
    return "?" if motor.lost is None else str(motor.lost)


def _error(motor: Watched) -> str:
    return "?" if motor.error is None else motor.error or "-"


def _as_json(look: Look) -> dict[str, Any]:
    motors = []
    for motor in look.motors:
        values = asdict(motor)
        values["age_s"] = look.now_s - values.pop("reply_s")
        motors.append(values)
    told: dict[str, Any] = finite({"rate_hz": look.rate_hz, "note": look.note, "motors": motors})
    return told
