"""The motors as the bus process sees them: written and read in each cycle, switched off at the end.

How they are brought up: `bring_up`.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hrc_cell.adapters.serial import codec, registers
from hrc_cell.adapters.serial.codec import Status
from hrc_cell.adapters.serial.master import Freshness, Master, NoReply, StatusError
from hrc_cell.adapters.serial.motor_set import TAKEN_TIMES, MotorSet
from hrc_cell.adapters.serial.plan import SLOW_SIZE, BusPlan, MotorPlan
from hrc_cell.adapters.serial.port import PortLost
from hrc_cell.adapters.serial.registers import (
    BUS_WATCHDOG,
    GOAL_POSITION,
    TORQUE_ENABLE,
)
from hrc_cell.adapters.serial.shared import MotorRecord

FAST_FAILURES_MAX = 2
"""So many fast reads in a row with a motor missing, and motors are read one by one: a silent one
hides those behind it in the common frame. Must be below bus.lost_cycles_max."""

_SLOW = (registers.INPUT_VOLTAGE.address, TORQUE_ENABLE.address, BUS_WATCHDOG.address)
_SLOW_SIZES = (3, SLOW_SIZE, 1)
HARDWARE_ERRORS = {
    0x01: "input voltage",
    0x04: "overheating",
    0x08: "encoder",
    0x10: "electrical shock",
    0x20: "overload",
}


def hardware_error_text(bits: int) -> str:
    """Return the names of the bits of Hardware Error Status.

    >>> hardware_error_text(0x24)
    'overheating, overload'
    """
    return ", ".join(name for bit, name in HARDWARE_ERRORS.items() if bits & bit) or f"{bits:#x}"


class Draft(NamedTuple):
    """A motor's record as a reply would have it."""

    tick_s: float
    alert: bool
    record: MotorRecord


class Driver(MotorSet[Master]):
    """The motors of one plan behind one master."""

    def __init__(self, plan: BusPlan, master: Master) -> None:
        super().__init__(plan, master)
        self._ids = plan.motor_ids
        asked = self._ids, registers.SAMPLE_ADDRESS, registers.SAMPLE_SIZE
        self._request, self._request_fast = codec.sync_read(*asked), codec.fast_sync_read(*asked)
        age_max_s = plan.reply_margin_s + 2.0 * plan.period_s
        self._fresh = [Freshness(age_max_s) for _ in plan.motors]
        self.fast = False  # all motors answer in one frame
        self.fast_given_up = False  # they could, but did not
        self._fast_failures = 0  # in a row
        self._slow_at = 0
        self._alerted: int | None = None  # index of a motor whose alert is not explained yet
        self.current_unit_a = [math.nan] * len(plan.motors)  # of a step; NaN: has none
        self._goal_rows = struct.Struct("<" + len(self._ids) * f"B{GOAL_POSITION.layout}")
        self._index = {motor.motor_id: index for index, motor in enumerate(plan.motors)}
        self._drafts: dict[int, Draft] = {}  # by motor ID, of what came in this cycle

    def read_fast(self, able: bool) -> None:
        """Read all in one frame from now on if all are `able` to, and if a failure can be borne."""
        self.fast = able and self.plan.lost_cycles_max > FAST_FAILURES_MAX
        self.fast_given_up, self._fast_failures = False, 0

    def begin_anew(self, silent_cycles: int = 0) -> None:
        """Take the next sample for new, whatever its tick, of motors silent for so long."""
        for fresh, silent in zip(self._fresh, self.silent_cycles, strict=True):
            if silent >= silent_cycles:
                fresh.reset()

    def count_anew(self) -> None:
        """Take all motors for heard, none for tripped or reset, as after bringing them up."""
        self.silent_cycles = [0] * len(self.plan.motors)
        self.tripped = [False] * len(self.plan.motors)
        self.reset = [False] * len(self.plan.motors)

    # The cycle.

    def read_all(self, goals_rad: Sequence[float] | None = None) -> None:
        """Read tick, current, velocity and position of all motors in one request.

        Goals for the joints go out before it, in the same writing. A motor that did not answer, or
        answered with an old sample, keeps its values and their instant, and counts one more silent
        cycle. While `fast`, all answer in one frame, until that fails `FAST_FAILURES_MAX` times in
        a row.
        """
        ids, fast = self._ids, self.fast
        frame = self._request_fast if fast else self._request
        if goals_rad is not None:
            rows: list[int] = []
            for motor, goal_rad in zip(self.plan.motors, goals_rad, strict=True):
                rows += motor.motor_id, motor.counts(goal_rad)
            goals = self._goal_rows.pack(*rows)
            frame = codec.sync_write_rows(GOAL_POSITION.address, GOAL_POSITION.size, goals) + frame
        self._drafts.clear()
        size = registers.SAMPLE_SIZE
        replies = self.master.ask(frame, ids, size, fast=fast, heard=self._draft)
        if fast:
            self._fast_failures = 0 if len(replies) == len(ids) else self._fast_failures + 1
            self.fast_given_up = self._fast_failures >= FAST_FAILURES_MAX
            self.fast = not self.fast_given_up
        for index, motor_id in enumerate(ids):
            draft = self._drafts.get(motor_id)
            if motor_id not in replies or draft is None or not self._take(index, draft):
                self.silent_cycles[index] += 1
                self._count_lost(index)

    def _draft(self, status: Status, reply_s: float) -> None:
        """Prepare what a motor's record will be, should this reply count."""
        index = self._index.get(status.motor_id)
        if index is None:
            return
        if status.error or len(status.data) != registers.SAMPLE_SIZE:
            self._drafts.pop(status.motor_id, None)
            return
        sample, motor = registers.sample(status.data), self.plan.motors[index]
        record = self.motors[index]._replace(
            reply_s=reply_s,
            position_rad=motor.radians(sample.position_counts),
            velocity_radps=motor.signed(sample.velocity_radps),
            current_a=motor.signed(sample.current_steps * self.current_unit_a[index]),
            hardware_error=self.motors[index].hardware_error if status.alert else 0,
        )
        self._drafts[status.motor_id] = Draft(sample.tick_s, status.alert, record)

    def _take(self, index: int, draft: Draft) -> bool:
        """Have a draft be the record of its motor; return whether it is of a new sample."""
        fresh, record = self._fresh[index], draft.record
        if not fresh.fresh(draft.tick_s, record.reply_s):
            if fresh.began_anew(draft.tick_s, record.reply_s):
                self.reset[index] = True
            return False
        self.silent_cycles[index] = 0
        if draft.alert and not record.hardware_error:
            self._alerted = index
        self.motors[index] = record
        return True

    def read_slow(self) -> None:
        """Read one slow register of one motor: the next in turn, or what an alert points to."""
        if self._alerted is None:
            which, index = divmod(self._slow_at, len(self.plan.motors))
            self._slow_at = (self._slow_at + 1) % (len(_SLOW) * len(self.plan.motors))
        else:
            which, index, self._alerted = 1, self._alerted, None
        motor_id, size = self.plan.motors[index].motor_id, _SLOW_SIZES[which]
        replies = self.master.ask(codec.read(motor_id, _SLOW[which], size), (motor_id,), size)
        if motor_id not in replies:
            return
        status = replies[motor_id][0]
        data = status.data
        if status.error or len(data) != size:
            return
        known = self.motors[index]
        if which == 0:
            self.motors[index] = known._replace(
                voltage_v=registers.INPUT_VOLTAGE.unpack(data[:2]),
                temperature_c=registers.TEMPERATURE.unpack(data[2:]),
            )
        elif which == 1:
            self.motors[index] = known._replace(torque_on=data[0] == 1, hardware_error=data[-1])
        else:
            self.tripped[index] = data[0] == registers.WATCHDOG_TRIPPED

    def take_torque(self, indices: Sequence[int]) -> list[int]:
        """Switch these motors' torque off at once; return those that were not seen to be off.

        One order to all, sent `TAKEN_TIMES`, then one question to all. Raises PortLost.
        """
        ids = [self.plan.motors[index].motor_id for index in indices]
        for _ in range(TAKEN_TIMES):
            self.master.write_all(TORQUE_ENABLE, dict.fromkeys(ids, 0))
        size = TORQUE_ENABLE.size
        replies = self.master.ask(codec.sync_read(ids, TORQUE_ENABLE.address, size), ids, size)
        left = []
        for index, motor_id in zip(indices, ids, strict=True):
            status = replies[motor_id][0] if motor_id in replies else None
            if status is None or status.error or status.data != b"\0":
                left.append(index)
            else:
                self.motors[index] = self.motors[index]._replace(torque_on=False)
        return left

    def order_reboot(self, index: int) -> None:
        """Let a motor begin anew; its answer may be lost."""
        motor_id = self.plan.motors[index].motor_id
        self.master.ask(codec.reboot(motor_id), (motor_id,), 0)

    def look(self, index: int) -> None:
        """Read a motor's hardware error and torque. Raises NoReply or StatusError."""
        motor_id = self.plan.motors[index].motor_id
        error = int(self.master.read(motor_id, registers.HARDWARE_ERROR, tries=1))
        torque = self.master.read(motor_id, TORQUE_ENABLE, tries=1)
        self.motors[index] = self.motors[index]._replace(
            hardware_error=error, torque_on=torque == 1
        )

    # The end.

    def switch_off(self, motors: Iterable[MotorPlan]) -> list[str]:
        """Switch these off, and their watchdogs; return what failed."""
        failed = []
        for motor in motors:
            try:
                self.master.write(motor.motor_id, TORQUE_ENABLE, 0)
                self.master.write(motor.motor_id, BUS_WATCHDOG, 0)
            except (NoReply, StatusError, PortLost) as error:
                failed.append(f"{motor.joint}: {error}")
        return failed
