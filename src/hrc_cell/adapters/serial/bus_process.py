"""The process that owns the bus: one driver, one loop (`bus_loop`).

    python -m hrc_cell.adapters.serial.bus_process PARENT_PID SHARED_FD < plan.json

When the node is gone this process is killed with it, and the motors' own Bus Watchdog stops and
holds them.

Told to end (SIGTERM, or `Command.end`), it brings the joints to rest, switches every torque off,
each tried, then the watchdogs, and closes the port. It tells what happens as JSON lines on its
standard output; exit codes are EXIT_*.
"""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys

from hrc_cell.adapters.serial.bus_loop import BusLoop, tell
from hrc_cell.adapters.serial.drives import make_drive
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.plan import BusPlan
from hrc_cell.adapters.serial.port import Port, PortLost
from hrc_cell.adapters.serial.shared import Shared

EXIT_REFUSED = 5
EXIT_PORT_LOST = 6
_PR_SET_PDEATHSIG = 1
_REAL_TIME_PRIORITY = 50


def die_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when the node is gone; exit if it already is."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        sys.exit(EXIT_REFUSED)


def be_real_time() -> bool:
    """Ask for a real-time priority, where that is permitted."""
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_REAL_TIME_PRIORITY))
    except OSError:
        return False
    return True


def main(arguments: list[str]) -> int:
    """Own the bus until told to end. Returns the exit code."""
    parent_pid, fd = int(arguments[0]), int(arguments[1])
    die_with_parent(parent_pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the node, which tells us
    os.set_blocking(sys.stdout.fileno(), False)
    plan = BusPlan.from_json(sys.stdin.read())
    shared = Shared(len(plan.motors), fd)
    try:
        port = Port(plan.port, plan.baud)
    except PortLost as error:
        tell("refused", text=error.strerror)
        return EXIT_PORT_LOST
    drive = make_drive(plan, port, shared.beat)
    loop = BusLoop(plan, shared, drive)
    signal.signal(signal.SIGTERM, loop.end)
    try:
        real_time = be_real_time()
        loop.bring_up()
        limit_hz = plan.wire_limit_hz(fast=drive.fast)
        tell("ready", wire_limit_hz=limit_hz, fast_read=drive.fast, real_time=real_time)
        gc.collect()
        gc.freeze()
        gc.disable()
        loop.run()
        loop.shut_down()
    except (NoReply, Refused) as error:
        tell("refused", text=str(error))
        return EXIT_REFUSED
    except PortLost as error:
        tell("port_lost", text=error.strerror)
        return EXIT_PORT_LOST
    finally:
        port.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
