"""The loop over the motors: one thread, absolute deadlines.

Each cycle: the gate judges the newest goal and permit of the shared memory, all goals go out in one
frame, all motors are read in one request (where all can they answer it in one frame, until that
fails), one slow register follows. A silent node needs nobody to notice it: its permit and goals
carry their instants and grow old.

A fault (see `soundness`; `bus_stalled`, a cycle that came too late for the watchdogs; `port_lost`,
the adapter pulled out) brings the joints to rest and is latched. It is
cleared when the monitor has been LATCHED since and a person has reset it (a fresh permit with state
READY), and then only by bringing all motors up again: checks, goals at the present positions (the
gripper keeps its grip), HOLD.
A motor that does not answer is tried again for `CLEAR_WITHIN_S`. After that, at once where a motor
answers with an error, and as soon as the cell is started, the reset is used up: the fault stays,
the monitor, which gets no joint states then, latches anew, and a person has to reset again. So
nothing ever clears later than the reset explains.

A port that is lost is closed and tried again under its name (`Again`). Once it is there the motors
are read, so that the monitor knows the joints and a person can reset; nothing is written to them
before. After a power cut likewise: what the motors held in RAM is written when they are brought up.
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
from hrc_cell.adapters.serial.orders import Orders
from hrc_cell.adapters.serial.plan import BusPlan
from hrc_cell.adapters.serial.port import Again, PortLost
from hrc_cell.adapters.serial.reboot import Reboots
from hrc_cell.adapters.serial.release import Release
from hrc_cell.adapters.serial.shared import BusState, Shared
from hrc_cell.adapters.serial.soundness import unsound
from hrc_cell.core.gate import Array, GateState, Phase, closed, held, step
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
        self._orders = Orders(shared)
        self._release, self._reboots = Release(driver), Reboots(driver)
        self._reboot_seq = 0
        self._again: Again | None = None  # while the port is away
        self._then_s = 0.0  # start of the last cycle, or end of bringing up
        self._fast_told = False  # that the motors are no longer read in one frame

    def end(self, *_: object) -> None:
        """Ask the loop to come to rest and return. Safe in a signal handler."""
        self._ending = True

    def bring_up(self) -> None:
        """Bring the motors up and hold them. Raises NoReply or Refused."""
        self.gate = held(np.array(self._driver.bring_up(self._publish_samples)))
        self._fast_told = False
        self._limits = self._plan.gate_limits(self._driver.windows_rad)
        self._release.end()
        self._then_s = time.monotonic()

    def run(self) -> None:
        """Run cycles until told to end and at rest."""
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
            try:
                self._run_cycle(now_s, dt_s)
            except PortLost as error:
                self._lose_port(error)
            if self._ending and self.gate.phase in (Phase.HOLD, Phase.CLOSED):
                return

    def _run_cycle(self, now_s: float, dt_s: float) -> None:
        self._ending = self._orders.read().end or self._ending
        permit = self._orders.permit(now_s)
        if self.fault:
            self._try_to_clear(permit)
            if not self.fault:  # that took a while: permit and goals have to be looked at anew
                self._publish_samples()
                return
        if self._again is not None:
            self._without_port(self._again, now_s)
            return
        self._obey_category(permit)
        self._obey_reboot(now_s)
        self.gate = step(
            self._limits,
            self.gate,
            goal=self._orders.goal(now_s),
            permit=permit,
            measured_rad=self._measured(),
            dt_s=dt_s,
            fault="ending" if self._ending else self.fault,
        )
        closed_gate = self.gate.phase is Phase.CLOSED
        self._driver.read_all(None if closed_gate else self.gate.commanded_rad.tolist())
        self._tell_how_it_reads()
        self._look_for_faults()
        self._driver.read_slow()
        self._cycle += 1
        self.publish(permit)

    def _tell_how_it_reads(self) -> None:
        """Say once that Fast Sync Read failed; the next bringing up tries it again."""
        if self._driver.fast_given_up and not self._fast_told:
            self._fast_told = True
            tell("fast_read_off", wire_limit_hz=self._plan.wire_limit_hz())

    def _measured(self) -> Array:
        return np.array([motor.position_rad for motor in self._driver.motors])

    def _look_for_faults(self) -> None:
        """Latch what is wrong. What a slow register told counts with the next sample, if one comes:
        a motor that began anew in between is told by that.
        """
        fault, bits = unsound(self._driver)
        if fault == "power_cut":
            self.gate = closed(len(self._plan.motors))
        if fault:
            self._latch(fault, bits=bits)
        if self._latch_seen:  # a motor that began anew counts as there; it is told by its fault
            self._driver.begin_anew(self._plan.lost_cycles_max)

    def _obey_category(self, permit: PermitView | None) -> None:
        """Take the torque where a permit asks for that; only a reset brings it back."""
        category = self._orders.stop_category
        if permit is not None and self._release.due(permit, category, self.gate.phase):
            self._release.begin()
            tell("torque_taken", category=category, joints=self._release.joints)
            if not self.fault:
                self.fault = f"stop_category_{category}"
                self._latch_seen = permit.state == LATCHED
            if self._release.everywhere:
                self.gate = closed(len(self._plan.motors))
        if resist := self._release.go_on():
            tell("torque_stays", joints=resist)

    def _obey_reboot(self, now_s: float) -> None:
        """Reboot a motor that a person has asked for, once, and tell what came of it."""
        command = self._orders.command
        if command.reboot_seq == self._reboot_seq:
            return
        self._reboot_seq, index = command.reboot_seq, command.reboot_index
        why = self._reboots.refusal(index, self.gate.phase, now_s)
        if not why:
            try:
                self._reboots.reboot(index, self._publish_samples)
            except (NoReply, Refused) as error:
                why = str(error)
            self._then_s = time.monotonic()
        if why:
            tell("reboot_failed", text=why)
        else:
            tell("rebooted", joint=self._plan.motors[index].joint)

    # Without a port.

    def _lose_port(self, error: PortLost) -> None:
        """Close the port and latch that; nothing is known of the motors until it is back."""
        self._driver.close_port()
        self.gate = closed(len(self._plan.motors))
        self._again = Again(time.monotonic())
        self._latch("port_lost", text=str(error.strerror))
        self._publish_samples()

    def _without_port(self, again: Again, now_s: float) -> None:
        """Try to open the port where that is due."""
        self._shared.beat()
        if again.due(now_s):
            try:
                self._driver.open_port()
            except PortLost as error:
                again.failed(now_s, error)
            else:
                self._again = None
                self._driver.begin_anew()
                tell("port_back", text=self._plan.port)
        self._publish_samples()

    def _latch(self, fault: str, *, bits: int = 0, text: str = "") -> None:
        """Keep the first fault until a person clears it."""
        if self.fault:
            return
        self.fault, self._latch_seen = fault, False
        text = error_text(self._plan.protocol, bits) if bits else text
        tell("fault", fault=fault, **({"text": text} if text else {}))

    def _try_to_clear(self, permit: PermitView | None) -> None:
        """Bring the motors up again once a person has reset the cell after the fault."""
        if permit is None or not permit.same_config or not -0.01 < permit.age_s <= permit.lease_s:
            return
        if permit.state == LATCHED:
            self._latch_seen, self._clear_until_s = True, math.inf
        elif self._latch_seen and permit.state > READY:
            self._stays("the cell was started before the motors were up again")
        elif self._latch_seen and self._again is not None:
            self._stays(self._again.why)
        elif self._latch_seen and self.gate.phase in (Phase.HOLD, Phase.CLOSED):
            self._clear()

    def _clear(self) -> None:
        """Try to bring the motors up; on failure goals stay unwritten: some may have new ones.

        Raises PortLost, the reset being used up then too.
        """
        self._clear_until_s = min(self._clear_until_s, time.monotonic() + CLEAR_WITHIN_S)
        try:
            self.bring_up()
        except PortLost as error:
            self._stays(str(error.strerror))
            raise
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
