"""Emulated motors on a real pseudo-terminal, served and stepped by a thread of the test."""

import select
import threading
import time
from pathlib import Path

import numpy as np
from strategies import default_cell

from hrc_cell.adapters.serial.emulator import Emulator, EmulatorPort
from hrc_cell.adapters.serial.plan import BusPlan, make_plan
from hrc_cell.adapters.serial.plant import FreeMotors

JOINTS = 7


class RunningMotors:
    """Free-running motors behind a port. What only the thread may touch is touched under `lock`."""

    def __init__(self, link: Path, *, start_rad=(0.0,) * JOINTS, baud=None, emulator=Emulator):
        self.plant = FreeMotors(start_rad)
        self.emulator = emulator(range(1, len(start_rad) + 1), self.plant)
        self.link = link
        self.lock = threading.Lock()
        self.moved_rad = np.zeros(len(start_rad))  # the farthest from the start
        self._start = np.array(start_rad)
        self._port = EmulatorPort(self.emulator, link, baud=baud)
        self._news = threading.Condition(self.lock)
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="motors")
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending = True
        self._thread.join()
        self._port.close()

    def _run(self):
        poll = select.poll()
        poll.register(self._port.fileno(), select.POLLIN)
        then_s = time.monotonic()
        while not self._ending:
            wait_s = self._port.next_s() - time.monotonic()
            poll.poll(max(0.0, min(2.0, wait_s * 1e3)))
            with self._news:
                now_s = time.monotonic()
                self._port.serve(now_s)
                self.plant.step(now_s - then_s)
                then_s = now_s
                self.moved_rad = np.maximum(
                    self.moved_rad, np.abs(self.plant.positions - self._start)
                )
                self._news.notify_all()

    def wait(self, what: str, check, timeout_s: float = 10.0):
        """Return once `check()` is true, tried after each step of the motors."""
        with self._news:
            assert self._news.wait_for(check, timeout_s), f"{what}: not within {timeout_s} s"

    @property
    def torque(self) -> list[bool]:
        return [motor.torque_on for motor in self.emulator.motors.values()]

    @property
    def resting(self) -> bool:
        return bool(np.all(np.abs(self.plant.velocities) < 0.01))


def plan_for(link: Path, **changes) -> BusPlan:
    """Return the plan of the default cell for a port."""
    file = default_cell().file
    return make_plan(
        file,
        port=str(link),
        lower_rad=[-3.0] * JOINTS,
        upper_rad=[3.0] * JOINTS,
        velocity_max_radps=[4.0] * JOINTS,
        **changes,
    )
