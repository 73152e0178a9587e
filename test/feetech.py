"""Emulated Feetech motors as the arm of the default cell, and the plan for them."""

import time
from dataclasses import replace

from emulated import JOINTS, RunningMotors, plan_for

from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.feetech_registers import TABLES
from hrc_cell.adapters.serial.plant import FreeMotors

MODELS = {"feetech_sts": "STS3215", "feetech_scs": "SCS0009"}
ZEROS = {"feetech_sts": 2048, "feetech_scs": 511}


def feetech_plan(link, *, protocol="feetech_sts", **changes):
    """Return the plan of the default cell with such motors; SCS motors grip nothing."""
    plan = plan_for(link, protocol=protocol, **changes)
    motors = tuple(
        replace(
            motor,
            rad_per_count=TABLES[protocol].rad_per_count,
            zero_counts=ZEROS[protocol],
            current_max_a=motor.current_max_a if protocol == "feetech_sts" else None,
        )
        for motor in plan.motors
    )
    return replace(plan, motors=motors)


def feetech_motors(link, *, protocol="feetech_sts", emulator=FeetechEmulator, **more):
    """Return such motors, running."""

    def made(ids, plant):
        return emulator(ids, plant, model=MODELS[protocol])

    return RunningMotors(link, emulator=made, **more)


class DirectMotors:
    """Such motors in the place of a port: they answer within the writing, in no thread."""

    baud = 1_000_000

    def __init__(
        self, *, protocol="feetech_sts", emulator=FeetechEmulator, start_rad=(0.0,) * JOINTS
    ):
        self.plant = FreeMotors(start_rad)
        self.emulator = emulator(range(1, len(start_rad) + 1), self.plant, model=MODELS[protocol])
        self._comes, self._then_s = b"", time.monotonic()

    @property
    def torque(self):
        return [motor.torque_on for motor in self.emulator.motors.values()]

    def _step(self):
        now_s = time.monotonic()
        self.plant.step(now_s - self._then_s)
        self._then_s = now_s
        return now_s

    def write(self, data):
        self._comes += b"".join(self.emulator.feed(data, self._step()))

    def read(self, until_s):
        if not self._comes:
            time.sleep(max(0.0, until_s - time.monotonic()))
        self._step()
        now, self._comes = self._comes, b""
        return now
