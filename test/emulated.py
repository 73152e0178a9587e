"""Emulated motors on a real pseudo-terminal, served and stepped by a thread of the test."""

import contextlib
import os
import select
import threading
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from strategies import default_cell

from hrc_cell.adapters.serial.child import BusChild
from hrc_cell.adapters.serial.emulator import Emulator, EmulatorPort
from hrc_cell.adapters.serial.plan import BusPlan, make_plan
from hrc_cell.adapters.serial.plant import FreeMotors
from hrc_cell.adapters.serial.shared import Command, GoalRecord, PermitRecord
from hrc_cell.core.gate import Phase

JOINTS = 7
PRIORITY = 60
STEP_MAX_S = 0.004
# What a machine shared with others may keep a process waiting for is no fault in these stories.
PATIENT = {"watchdog_s": 0.5, "lost_cycles_max": 40, "reply_margin_s": 0.02}


class RunningMotors:
    """Free-running motors behind a port. What only the thread may touch is touched under `lock`."""

    def __init__(
        self,
        link: Path,
        *,
        start_rad=(0.0,) * JOINTS,
        baud=None,
        emulator=Emulator,
        plant=FreeMotors,
    ):
        self.plant = plant(start_rad)
        self.emulator = emulator(range(1, len(start_rad) + 1), self.plant)
        self.link = link
        self.lock = threading.Lock()
        self.moved_rad = np.zeros(len(start_rad))  # the farthest from the start
        self._start = np.array(start_rad)
        self._baud = baud
        self._port = EmulatorPort(self.emulator, link, baud=baud)
        self._news = threading.Condition(self.lock)
        self._ending = self._pulling = False
        self.own_clock = False
        """Let time stand while this thread does not run: what it measures then is its own."""
        self.now_s, self._stood_s = time.monotonic(), 0.0
        self._thread = threading.Thread(target=self._run, name="motors")
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending = True
        self._thread.join()
        self._port.close()

    def unplug(self):
        """Pull the adapter out: a driver that has it open sees a hang-up, and its name is gone."""
        self._pulling = True  # by the thread that serves it
        self.wait("its end", lambda: not self._pulling)

    def plug(self):
        """Put the adapter back under the same name. The motors kept their power."""
        with self.lock:
            self._port = EmulatorPort(self.emulator, self.link, baud=self._baud)

    def _run(self):
        with contextlib.suppress(PermissionError):  # real motors share no processor with us
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
        then_s = self.now_s
        while not self._ending:
            port = self._port
            wait_s = max(0.0, min(0.002, port.next_s() - time.monotonic()))
            if port.fileno() < 0:
                time.sleep(wait_s)
            else:
                select.select([port.fileno()], [], [], wait_s)
            with self._news:
                now_s = time.monotonic() - self._stood_s
                if self.own_clock and now_s - then_s > STEP_MAX_S:
                    self._stood_s += now_s - then_s - STEP_MAX_S
                    now_s = then_s + STEP_MAX_S
                self.now_s = now_s
                if self._pulling:
                    self._port.close()
                    self._pulling = False
                if self._port.fileno() < 0:
                    self.emulator.update(now_s)
                else:
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
    plan = make_plan(
        file,
        port=str(link),
        lower_rad=[-3.0] * JOINTS,
        upper_rad=[3.0] * JOINTS,
        velocity_max_radps=[4.0] * JOINTS,
    )
    return replace(plan, **changes)


class Feeder:
    """Stands in for the node: renews permit and goals at 100 Hz, with what a test sets."""

    def __init__(self, child, goal_rad):
        self.child = child
        self.speed_ratio, self.state, self.gripper = 0.0, 2, True
        self.category, self.oldest_s = 255, 0.05
        self.reboot = (0, 0)  # number of the request, which motor
        self.permit = self.goals = True  # renewed or not
        self.speed_radps = 0.0  # of joint 1
        self.rejoins = False  # begin anew from where the motors are when the gate holds them
        self.goal_rad = np.array(goal_rad, dtype=float)
        self.told = []
        self.bus = None
        self._news = threading.Condition()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="feeder")
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._ending = True
        self._thread.join()

    def _run(self):
        command, count, then_s = Command(), 0, time.monotonic()
        while not self._ending:
            with self._news:
                count += 1
                now_s = time.monotonic()
                if self.rejoins and self.bus and self.bus.gate == Phase.HOLD:
                    self.goal_rad[:] = [motor.position_rad for motor in self.bus.motors]
                self.goal_rad[0] += self.speed_radps * (now_s - then_s)
                then_s = now_s
                if self.permit:
                    command = replace(command, permit=self._permit(count, now_s))
                if self.goals:
                    command = replace(command, goal=self._goal(count, now_s))
                seq, index = self.reboot
                command = replace(command, reboot_seq=seq, reboot_index=index)
                self.child.shared.write_command(command)
                self.bus = self.child.shared.read_state() or self.bus
                self.told += self.child.lines()
                self._news.notify_all()
                self._news.wait_for(lambda: self._ending, 0.01)

    def _permit(self, seq, now_s):
        return PermitRecord(
            seq=seq, stamp_s=now_s, lease_s=0.06, speed_ratio=self.speed_ratio,
            oldest_sample_age_s=self.oldest_s, reaction_time_s=0.2,
            gripper_permitted=self.gripper, state=self.state, same_config=True,
            stop_category=self.category,
        )  # fmt: skip

    def _goal(self, seq, now_s):
        velocity = (self.speed_radps, *(0.0,) * (JOINTS - 1))
        return GoalRecord(
            seq=seq, stamp_s=now_s, lifetime_s=0.1,
            positions_rad=tuple(self.goal_rad), velocities_radps=velocity,
        )  # fmt: skip

    @staticmethod
    def now_s():
        """Return the instant, by the clock of bus and emulator."""
        return time.monotonic()

    def free(self):
        """Permit full speed."""
        self.speed_ratio, self.state = 1.0, 4

    def stop(self, state=2):
        """Permit nothing."""
        self.speed_ratio, self.state = 0.0, state

    def wait(self, what: str, check, timeout_s: float = 10.0):
        """Return once `check(state of the bus)` is true."""
        with self._news:
            done = self._news.wait_for(lambda: self.bus and check(self.bus), timeout_s)
            assert done, f"{what}: not within {timeout_s} s; {self.bus}; told {self.told}"

    def wait_told(self, kind: str, timeout_s: float = 10.0):
        """Return what the bus process told last, once it is of this kind."""
        with self._news:
            done = self._news.wait_for(lambda: self.told[-1]["kind"] == kind, timeout_s)
            assert done, f"{kind}: not within {timeout_s} s; told {self.told}"
            return self.told[-1]

    def wait_cycles(self, count: int):
        """Return after so many cycles of the bus."""
        first = self.bus.cycle if self.bus else 0
        self.wait(f"{count} cycles", lambda bus: bus.cycle >= first + count)


@contextlib.contextmanager
def fed(plan: BusPlan, goal_rad, timeout_s: float = 40.0):
    """Yield a feeder of a bus process whose motors are up."""
    child = BusChild(plan)
    try:
        ready = child.wait_ready(timeout_s)
        with Feeder(child, goal_rad) as feeder:
            feeder.told.append(ready)
            yield feeder
    finally:
        child.close()


def get_moving(motors: RunningMotors, feeder: Feeder, speed_radps: float = 0.3):
    """Return once joint 1 moves."""
    feeder.free()
    feeder.wait("an open gate", lambda bus: bus.gate == Phase.OPEN)
    feeder.speed_radps, feeder.rejoins = speed_radps, True
    motors.wait("motion", lambda: motors.plant.velocities[0] > 0.2)
    feeder.rejoins = False
