"""Feetech's motors as the bus process sees them: written and read each cycle, switched off.

What they lack is taken as the worst case.

No clock in a reply: see `feetech_samples`; where one motor is missing, no sample of that cycle
counts. The missing one is called silent, for all cycles that did not count, so a fault names it.

No watchdog: a motor whose bus falls silent goes on to its last goal, one cycle away, and holds it
for ever. Nothing here can help; the cell says so when it starts, and the emergency stop cuts power.

A goal may bring torque on. So none is sent to a motor but in the cycle after one in which it said
that its torque was on and nothing was wrong with it: one that comes back after its power was cut
stays limp until all are brought up anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hrc_cell.adapters.serial import feetech_registers as registers
from hrc_cell.adapters.serial.feetech_codec import Status
from hrc_cell.adapters.serial.feetech_master import FeetechMaster, sync_write
from hrc_cell.adapters.serial.feetech_registers import TABLES, Model
from hrc_cell.adapters.serial.feetech_samples import LENGTHS, Sample, can_follow, sample
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.motor_set import TAKEN_TIMES, MotorSet
from hrc_cell.adapters.serial.plan import WITHOUT_REBOOT, BusPlan, MotorPlan
from hrc_cell.adapters.serial.port import PortLost


class FeetechDriver(MotorSet[FeetechMaster]):
    """The motors of one plan behind one master. The same face as `driver.Driver`."""

    def __init__(self, plan: BusPlan, master: FeetechMaster) -> None:
        super().__init__(plan, master)  # none ever tripped or reset: no watchdog, no clock
        self.table = TABLES[plan.protocol]
        self.models: list[Model | None] = [None] * len(plan.motors)
        self._driven = [False] * len(plan.motors)  # may be sent a goal
        self._counts: list[tuple[int, float] | None] = [None] * len(plan.motors)  # with its instant
        self._turn = self._untaken = 0

    def begin_anew(self, silent_cycles: int = 0) -> None:
        """Take the next sample wherever its shaft is, of motors silent for so long."""
        for index, silent in enumerate(self.silent_cycles):
            if silent >= silent_cycles:
                self._counts[index] = None

    def count_anew(self) -> None:
        """Take all motors for heard, as after bringing them up."""
        self.silent_cycles = [0] * len(self.plan.motors)
        self._untaken = 0

    # The cycle.

    def read_all(self, goals_rad: Sequence[float] | None = None) -> None:
        """Read all that motors measure and say of themselves, in one request or one after another.

        Goals for the joints go out before it, in the same writing, to motors that may have one. In
        a cycle that is not whole all motors keep their values and their instants.
        """
        ids, (address, size) = self.plan.motor_ids, self.table.block
        before = b"" if goals_rad is None else self._goals(goals_rad)
        self._turn = (self._turn + 1) % LENGTHS
        answer = self.master.ask_all(self.table, ids, address, size + self._turn, before)
        found: list[tuple[Sample, float] | None] = []
        for index, motor_id in enumerate(ids):
            reply = answer.replies.get(motor_id)
            new = None if reply is None else self._believed(index, *reply)
            found.append(None if new is None or reply is None else (new, reply[1]))
            self._driven[index] = new is not None and new.torque_on and not new.hardware_error
        whole = answer.whole and None not in found
        self._untaken = 0 if whole else self._untaken + 1
        for index, one in enumerate(found):
            blamed = one is None or None not in found
            self.silent_cycles[index] = self._untaken if blamed else 0
            if whole and one is not None:
                self._take(index, *one)
            else:
                self._count_lost(index)

    def _goals(self, goals_rad: Sequence[float]) -> bytes:
        goals = {
            motor.motor_id: float(motor.counts(goal))
            for motor, goal, driven in zip(self.plan.motors, goals_rad, self._driven, strict=True)
            if driven
        }
        return sync_write(self.table, registers.GOAL_POSITION, goals) if goals else b""

    def _believed(self, index: int, status: Status, reply_s: float) -> Sample | None:
        """Return the sample of a reply; None where it cannot be true."""
        new = sample(self.table, status.data)
        if new is None:
            return None
        model, before = self.models[index], self._counts[index]
        if model is not None and before is not None:
            counts, then_s = before
            if not can_follow(model, new, before_counts=counts, after_s=reply_s - then_s):
                return None
        return new._replace(hardware_error=new.hardware_error | status.error)

    def _take(self, index: int, new: Sample, reply_s: float) -> None:
        motor = self.plan.motors[index]
        self._counts[index] = new.position_counts, reply_s
        self.motors[index] = self.motors[index]._replace(
            reply_s=reply_s,
            position_rad=motor.radians(new.position_counts),
            velocity_radps=motor.signed(new.velocity_radps),
            current_a=motor.signed(new.current_a),
            temperature_c=new.temperature_c,
            voltage_v=new.voltage_v,
            torque_on=new.torque_on,
            hardware_error=new.hardware_error,
        )

    def read_slow(self) -> None:
        """Do nothing: each cycle reads everything."""

    def take_torque(self, indices: Sequence[int]) -> list[int]:
        """Switch these motors' torque off at once; return those that were not seen to be off.

        One order to all, sent `TAKEN_TIMES`; what they say then. Raises PortLost.
        """
        ids = [self.plan.motors[index].motor_id for index in indices]
        for _ in range(TAKEN_TIMES):
            self.master.write_all(self.table, registers.TORQUE_ENABLE, dict.fromkeys(ids, 0.0))
        self.read_all()
        return [i for i in indices if self.silent_cycles[i] or self.motors[i].torque_on]

    def order_reboot(self, index: int) -> None:
        """Raise Refused: they know no such order."""
        raise Refused(f"{self.plan.motors[index].joint}: {WITHOUT_REBOOT}")

    def look(self, index: int) -> None:
        """Read all: a sample tells a motor's hardware error and torque. Raises NoReply."""
        self.read_all()
        if self.silent_cycles[index]:
            raise NoReply(f"motor {self.plan.motors[index].motor_id} does not answer")

    # The end.

    def torque_off(self) -> list[str]:
        """Switch every motor off, each tried even if others fail; return what failed."""
        self._driven = [False] * len(self.plan.motors)
        return super().torque_off()

    def switch_off(self, motors: Iterable[MotorPlan]) -> list[str]:
        """Switch these off; return what failed."""
        failed = []
        for motor in motors:
            try:
                self.master.write(self.table, motor.motor_id, registers.TORQUE_ENABLE, 0)
            except (NoReply, Refused, PortLost) as error:
                failed.append(f"{motor.joint}: {error}")
        return failed
