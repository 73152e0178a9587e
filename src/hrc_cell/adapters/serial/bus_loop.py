"""The loop over the motors: one thread, absolute deadlines.

Each cycle: the gate judges the newest goal and permit of the shared memory, all goals go out in one
frame, all motors are read in one request, one slow register follows. A silent node needs nobody to
notice it: its permit and goals carry their instants and grow old.

A fault (a motor silent for `lost_cycles_max` cycles, a tripped watchdog, a hardware error, torque
gone, a cycle that came too late for the watchdogs) brings the joints to rest and is latched. It is
cleared when the monitor has been LATCHED since and a person has reset it (a fresh permit with state
READY), and then only by bringing all motors up again: checks, goals at the present positions (the
gripper keeps its grip), HOLD.
A motor that does not answer is tried again for `CLEAR_WITHIN_S`. After that, at once where a motor
answers with an error, and as soon as the cell is started, the reset is used up: the fault stays,
the monitor, which gets no joint states then, latches anew, and a person has to reset again. So
nothing ever clears later than the reset explains.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time

import numpy as np

from hrc_cell.adapters.serial.drives import Drive, error_text
from hrc_cell.adapters.serial.master import NoReply, Refused
from hrc_cell.adapters.serial.plan import BusPlan
from hrc_cell.adapters.serial.shared import BusState, Command, PermitRecord, Shared
from hrc_cell.core.corridor import Corridor
from hrc_cell.core.gate import (
    Array,
    GateState,
    GoalView,
    Phase,
    closed,
    held,
    step,
)
from hrc_cell.core.permit import PermitView

LATCHED, READY = 0, 1  # states of MotionPermit
CLEAR_WITHIN_S = 1.0
"""So long after the first try that a reset has led to, silent motors are tried again."""


def tell(kind: str, **data: object) -> None:
    """Send one line to the node; dropped when nobody reads."""
    line = json.dumps({"kind": kind, **data}) + "\n"
    with contextlib.suppress(OSError):
        os.write(sys.stdout.fileno(), line.encode())


class BusLoop:
    """The loop over one drive."""

    def __init__(self, plan: BusPlan, shared: Shared, driver: Drive) -> None:
        self._plan, self._shared, self._driver = plan, shared, driver
        self._limits = plan.gate_limits()
        self.gate: GateState = closed(len(plan.motors))
        self.fault = ""
        self._latch_seen = False
        self._clear_until_s = math.inf
        self._cycle = self._missed = 0
        self._ending = False
        self._command = Command()
        self._corridor_seq = 0
        self._corridor_known: Corridor | None = None
        self._then_s = 0.0  # start of the last cycle, or end of bringing up

    def end(self, *_: object) -> None:
        """Ask the loop to come to rest and return. Safe in a signal handler."""
        self._ending = True

    def bring_up(self) -> None:
        """Bring the motors up and hold them. Raises NoReply or Refused."""
        self.gate = held(np.array(self._driver.bring_up(self._publish_samples)))
        self._limits = self._plan.gate_limits(self._driver.windows_rad)
        self._then_s = time.monotonic()

    def run(self) -> None:
        """Run cycles until told to end and at rest. Raises PortLost."""
        period_s = self._plan.period_s
        due_s = time.monotonic()
        while True:
            due_s += period_s
            now_s = time.monotonic()
            if now_s < due_s:
                time.sleep(due_s - now_s)
            else:
                skipped = math.floor((now_s - due_s) / period_s)
                self._missed += skipped
                due_s += skipped * period_s
            now_s = time.monotonic()
            dt_s, self._then_s = now_s - self._then_s, now_s
            if dt_s > self._plan.watchdog_s:
                self._latch("bus_stalled")
            self._run_cycle(now_s, dt_s)
            if self._ending and self.gate.phase in (Phase.HOLD, Phase.CLOSED):
                return

    def _run_cycle(self, now_s: float, dt_s: float) -> None:
        command = self._shared.read_command()
        if command is not None:
            self._command = command
        self._ending = self._ending or self._command.end
        permit = self._permit(now_s)
        if self.fault:
            self._try_to_clear(permit)
            if not self.fault:  # that took a while: permit and goals have to be looked at anew
                self._publish_samples()
                return
        self.gate = step(
            self._limits,
            self.gate,
            goal=self._goal(now_s),
            permit=permit,
            measured_rad=self._measured(),
            dt_s=dt_s,
            fault="ending" if self._ending else self.fault,
        )
        closed_gate = self.gate.phase is Phase.CLOSED
        self._driver.read_all(None if closed_gate else self.gate.commanded_rad.tolist())
        self._driver.read_slow()
        self._look_for_faults()
        self._cycle += 1
        self.publish(permit)

    def _measured(self) -> Array:
        return np.array([motor.position_rad for motor in self._driver.motors])

    def _permit(self, now_s: float) -> PermitView | None:
        """Return the permit with the age it has now."""
        permit = self._command.permit
        if permit is None:
            return None
        return PermitView(
            seq=permit.seq,
            age_s=now_s - permit.stamp_s,
            lease_s=permit.lease_s,
            speed_ratio=permit.speed_ratio,
            oldest_sample_age_s=permit.oldest_sample_age_s,
            reaction_time_s=permit.reaction_time_s,
            gripper_permitted=permit.gripper_permitted,
            state=permit.state,
            same_config=permit.same_config,
            corridor=self._corridor(permit),
        )

    def _corridor(self, permit: PermitRecord) -> Corridor | None:
        """Return what was judged of the path; made anew only when the permit is another one."""
        if not permit.corridor_rad:
            return None
        if permit.seq != self._corridor_seq or self._corridor_known is None:
            joints = len(permit.corridor_speed_radps)
            self._corridor_seq = permit.seq
            self._corridor_known = Corridor(
                rows_rad=np.reshape(permit.corridor_rad, (-1, joints)),
                speed_radps=np.array(permit.corridor_speed_radps),
            )
        return self._corridor_known

    def _goal(self, now_s: float) -> GoalView | None:
        """Return the goals with the age they have now."""
        goal = self._command.goal
        if goal is None:
            return None
        return GoalView(
            seq=goal.seq,
            age_s=now_s - goal.stamp_s,
            lifetime_s=goal.lifetime_s,
            positions_rad=np.array(goal.positions_rad),
            velocities_radps=np.array(goal.velocities_radps),
        )

    def _look_for_faults(self) -> None:
        driver = self._driver
        for index, motor in enumerate(self._plan.motors):
            known = driver.motors[index]
            if driver.silent_cycles[index] >= self._plan.lost_cycles_max:
                self._latch(f"motor_lost:{motor.joint}")
            elif driver.tripped[index]:
                self._latch(f"watchdog:{motor.joint}")
            elif known.hardware_error:
                self._latch(f"hardware_error:{motor.joint}", bits=known.hardware_error)
            elif not known.torque_on:
                self._latch(f"torque_off:{motor.joint}")

    def _latch(self, fault: str, *, bits: int = 0) -> None:
        """Keep the first fault until a person clears it."""
        if self.fault:
            return
        self.fault, self._latch_seen = fault, False
        more = {"text": error_text(self._plan.protocol, bits)} if bits else {}
        tell("fault", fault=fault, **more)

    def _try_to_clear(self, permit: PermitView | None) -> None:
        """Bring the motors up again once a person has reset the cell after the fault."""
        if permit is None or not permit.same_config or not -0.01 < permit.age_s <= permit.lease_s:
            return
        if permit.state == LATCHED:
            self._latch_seen, self._clear_until_s = True, math.inf
        elif self._latch_seen and permit.state > READY:
            self._stays("the cell was started before the motors were up again")
        elif self._latch_seen and self.gate.phase in (Phase.HOLD, Phase.CLOSED):
            self._clear()

    def _clear(self) -> None:
        """Try to bring the motors up; on failure goals stay unwritten: some may have new ones."""
        self._clear_until_s = min(self._clear_until_s, time.monotonic() + CLEAR_WITHIN_S)
        try:
            self.bring_up()
        except (NoReply, Refused) as error:
            self.gate = closed(len(self._plan.motors))
            if isinstance(error, Refused) or time.monotonic() >= self._clear_until_s:
                self._stays(str(error))
            return
        self._latch_seen = False
        tell("fault_cleared", fault=self.fault)
        self.fault = ""

    def _stays(self, text: str) -> None:
        """Take the reset for used up. The node withholds the joint states then."""
        self._latch_seen = False
        tell("fault_stays", fault=self.fault, text=text)

    def _publish_samples(self) -> None:
        """Let the joints be known while the motors are brought up, so that no one misses them."""
        self._cycle += 1
        self.publish(None)

    def publish(self, permit: PermitView | None) -> None:
        """Write the state for the node."""
        delay_s = math.nan
        if permit is not None:
            delay_s = permit.oldest_sample_age_s + permit.age_s
        self._shared.write_state(
            BusState(
                cycle=self._cycle,
                missed_cycles=self._missed,
                broken_frames=self._driver.broken,
                end_s=time.monotonic(),
                gate=int(self.gate.phase),
                gate_delay_s=delay_s,
                latched=bool(self.fault),
                latch_seen=self._latch_seen,
                reason=self.fault or self.gate.reason,
                motors=tuple(self._driver.motors),
            )
        )

    def shut_down(self) -> None:
        """Switch every torque off, then say so."""
        failed = self._driver.torque_off()
        self.gate = closed(len(self._plan.motors))
        self.publish(None)
        tell("ended", failed=failed)
