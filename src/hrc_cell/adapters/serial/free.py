"""Emulated motors that turn nothing, served until interrupted: for trying a driver."""

from __future__ import annotations

import select
import time
from collections.abc import Sequence
from pathlib import Path

from hrc_cell.adapters.serial.emulated_models import KINDS
from hrc_cell.adapters.serial.emulated_motor import RPM
from hrc_cell.adapters.serial.emulator import EmulatorPort
from hrc_cell.adapters.serial.faulty import FaultyEmulator
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.settings.bus_faults import BusFaults

STEP_S = 0.002


def serve_free(
    link: Path,
    motor_ids: Sequence[int],
    *,
    model: str,
    baud: int | None,
    script: BusFaults,
) -> None:
    """Serve motors at register value 2048.

    `baud` paces what they answer; None: at once. While `script` has the adapter pulled out there is
    no port behind the link.
    """
    plant = FreeMotors([0.0] * len(motor_ids), speed_max_radps=KINDS[model].speed_rpm * RPM)
    emulator = FaultyEmulator(motor_ids, plant, model=model, script=script)
    then_s = time.monotonic()
    while True:
        with EmulatorPort(emulator, link, baud=baud) as port:
            while not emulator.unplugged(then_s):
                _wait(port)
                port.serve(now_s := time.monotonic())
                plant.step(now_s - then_s)
                then_s = now_s
        while emulator.unplugged(then_s):
            time.sleep(STEP_S)
            emulator.update(now_s := time.monotonic())
            plant.step(now_s - then_s)
            then_s = now_s


def _wait(port: EmulatorPort) -> None:
    poll = select.poll()
    poll.register(port.fileno(), select.POLLIN)
    poll.poll(max(0.0, min(STEP_S, port.next_s() - time.monotonic())) * 1e3)
