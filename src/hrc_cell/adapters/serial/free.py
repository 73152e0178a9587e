"""Emulated motors that turn nothing, served until interrupted: for trying a driver."""

from __future__ import annotations

import math
import select
import time
from pathlib import Path
from typing import Any

from hrc_cell.adapters.serial.bad_day import BadDay
from hrc_cell.adapters.serial.emulated_models import KINDS
from hrc_cell.adapters.serial.emulated_motor import RPM
from hrc_cell.adapters.serial.emulator import BAUDS, EmulatorPort
from hrc_cell.adapters.serial.faulty import FaultyEmulator
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.settings.bus_faults import BusFaults
from hrc_cell.settings.bus_motors import BusMotors

STEP_S = 0.002
WAKE_S = 0.0002
HEED_S = 0.0003


def free_motors(
    motors: BusMotors, script: BusFaults, *, baud: int | None = None
) -> tuple[FaultyEmulator, FreeMotors]:
    """Return emulated motors and what they turn. With `baud` they are set to that rate.

    Raises ValueError that names a motor that cannot be so.
    """
    listed = motors.motors
    for motor in listed:
        if motor.model not in KINDS:
            raise ValueError(f"motor {motor.id}: {motor.model!r} is none of {', '.join(KINDS)}")
    plant = FreeMotors(
        [motor.position_rad for motor in listed],
        speed_max_radps=[KINDS[motor.model].speed_rpm * RPM for motor in listed],
        load_a=[motor.load_a for motor in listed],
        inertia_ratio=[motor.inertia_ratio for motor in listed],
    )
    models = {motor.id: motor.model for motor in listed}
    emulator = FaultyEmulator(list(models), plant, models=models, script=script)
    values = {rate: value for value, rate in BAUDS.items()}
    if baud is not None and baud not in values:
        raise ValueError(f"{baud} baud is none of {', '.join(map(str, values))}")
    start = {} if baud is None else {"Baud Rate": values[baud]}
    for motor in listed:
        try:
            emulator.motors[motor.id].preset(start | (motor.registers or {}))
        except ValueError as error:
            raise ValueError(f"motor {motor.id}: {error}") from error
    return emulator, plant


def serve_free(
    link: Path,
    emulator: BadDay[Any, Any],
    plant: FreeMotors,
    *,
    baud: int | None = None,
    latency_s: float = 0.0,
) -> None:
    """Serve them behind a link (EmulatorPort); while the adapter is pulled out there is no port."""
    then_s = time.monotonic()
    while True:
        with EmulatorPort(emulator, link, baud=baud, latency_s=latency_s) as port:
            while not emulator.unplugged(then_s):
                then_s = serve_once(port, plant, then_s)
        while emulator.unplugged(then_s):
            time.sleep(STEP_S)
            emulator.update(now_s := time.monotonic())
            plant.step(now_s - then_s)
            then_s = now_s


def serve_once(port: EmulatorPort, plant: FreeMotors, then_s: float) -> float:
    """Serve what comes next, and step the plant where that is due; return when it was stepped.

    Waits for an order, the next step, or a status that is due. The last `WAKE_S` before that it
    waits awake: waking up takes a while, and poll would round up to 1 ms. So it does for `HEED_S`
    after a status, since who asks in a cycle soon asks again, and real motors need no waking.
    """
    due_s = port.next_s()
    while due_s == math.inf and time.monotonic() < port.spoke_s + HEED_S:
        if select.select([port.fileno()], [], [], 0.0)[0]:
            break
    wait_s = max(0.0, min(STEP_S, due_s - WAKE_S - time.monotonic()))
    select.select([port.fileno()], [], [], wait_s)
    while 0.0 < due_s - time.monotonic() < WAKE_S:
        continue
    port.serve(now_s := time.monotonic())
    if now_s - then_s < STEP_S:
        return then_s
    plant.step(now_s - then_s)
    return now_s
