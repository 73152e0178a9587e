"""The motors on the graph: hands permits and goals to the bus process, and says what the motors do.

Thin. The bus process (adapters.serial.bus_process) owns the port and holds the last gate; this node
turns stamps into instants of the monotonic clock, watches that the bus process lives, and
publishes. Joint states are published only when every joint has a new sample, stamped with the
oldest of them; while a fault is latched that the monitor has not acted on yet they are withheld, so
that the monitor stops the cell. A lost port or power is no end: the bus process waits for both. A
motor with a hardware error is rebooted on request only. When the bus process dies or stalls the
node ends, and is started anew by whoever started it; the motors hold by their own watchdog
meanwhile.

Source of the port "sim": the link <state_dir>/motors that the simulated cell makes.
"""

from __future__ import annotations

import json
import math
import time
from dataclasses import replace
from functools import partial
from typing import Any

from hrc_cell_interfaces.msg import JointGoals, MotionPermit, MotorState, MotorStates
from sensor_msgs.msg import JointState
from std_srvs.srv import Trigger

from hrc_cell.adapters.motor_plan import motor_plan
from hrc_cell.adapters.serial.adapter import latency_timer_ms
from hrc_cell.adapters.serial.child import BusChild
from hrc_cell.adapters.serial.condition import Examiner
from hrc_cell.adapters.serial.plan import WITHOUT_REBOOT, WITHOUT_WATCHDOG
from hrc_cell.adapters.serial.port import wait_for_port
from hrc_cell.adapters.serial.shared import BusState, Command, GoalRecord, PermitRecord
from hrc_cell.core.corridor import ROWS_MAX
from hrc_cell.nodes.base import NEWEST, CellNode, run
from hrc_cell.nodes.diagnostics import Diagnostics
from hrc_cell.nodes.parameters import declare_settings
from hrc_cell.settings.cell import SIM_PORT

PORT_TIMEOUT_S = 10.0
READY_TIMEOUT_S = 15.0
END_TIMEOUT_S = 3.0
JOINT_STATES_HZ = 100.0
MOTOR_STATES_HZ = 10.0
"""So often the bus and the motors are also examined for diagnostics."""
STALL_WATCHDOGS = 2.0
"""The bus process may be silent for this many times bus.watchdog_s; the motors hold by then."""
SIM_LINK = "motors"
BAD = (
    "bus_fault", "bus_fault_stays", "bus_failed", "bus_port_lost", "bus_torque_stays",
    "bus_reboot_failed",
)  # fmt: skip
"""Events that are logged as errors."""


class MotorBus(CellNode):
    """See the module."""

    urgent = True

    def __init__(self) -> None:
        super().__init__("motor_bus")
        self._child: BusChild | None = None
        self._command = Command()
        self._state: BusState | None = None  # the newest known
        self._cycle = 0  # of the last joint states
        self._told_s = -math.inf  # instant of the oldest sample in them
        self._motor_states_s = -math.inf
        self._gate = -1
        self._beats = (0, 0.0)

    def setup(self) -> None:
        """Start the bus process and wait until the motors are up."""
        bus = self.cell.file.bus
        declare_settings(self, "bus", bus)
        port = str(self.state_dir / SIM_LINK) if bus.port == SIM_PORT else bus.port
        self._plan = motor_plan(self.cell, port)
        self.get_logger().info(
            f"{bus.rate_hz:g} Hz at {bus.baud} baud; "
            f"the wire carries {self._plan.wire_limit_hz():.0f} Hz, motors read one by one"
        )
        if not self._plan.has_watchdog:
            self.get_logger().warning(WITHOUT_WATCHDOG)
        self._joint_states = self.create_publisher(JointState, "joint_states", NEWEST)
        self._motor_states = self.create_publisher(MotorStates, "motor_states", NEWEST)
        wait_for_port(port, PORT_TIMEOUT_S)
        self._command = Command()
        self._child = BusChild(self._plan)
        ready = self._child.wait_ready(READY_TIMEOUT_S)
        self._report("bus_ready", ready)
        self._examiner = Examiner(
            self._plan, real_time=bool(ready["real_time"]), latency_ms=latency_timer_ms(port)
        )
        self._diagnostics = Diagnostics(self)

    def start(self) -> None:
        """Take permits and goals, publish."""
        self._beats = (-1, time.monotonic())
        self._acts: list[Any] = [
            self.create_subscription(MotionPermit, "motion_permit", self._take_permit, NEWEST),
            self.create_subscription(JointGoals, "joint_goals", self._take_goals, NEWEST),
        ]
        self._timer = self.create_timer(1.0 / JOINT_STATES_HZ, self._tick)
        self._reboots = [
            self.create_service(
                Trigger, f"motors/{motor.joint}/reboot", partial(self._reboot, index)
            )
            for index, motor in enumerate(self._plan.motors)
        ]

    def stop(self) -> None:
        """Let the joints come to rest and be held: what is not renewed expires."""
        for subscription in self._acts:
            self.destroy_subscription(subscription)
        for service in self._reboots:
            self.destroy_service(service)
        self.destroy_timer(self._timer)
        self._hand_over(Command(reboot_seq=self._command.reboot_seq))

    def close(self) -> None:
        """Bring the joints to rest, torque off, port closed."""
        child, self._child = self._child, None
        if child is None:
            return
        child.shared.write_command(Command(end=True))
        if not child.wait(END_TIMEOUT_S):
            self.get_logger().error("the bus process did not end; the motors' watchdog holds them")
        child.close()

    # From the graph to the bus process.

    def _take_permit(self, message: MotionPermit) -> None:
        corridor, arm = tuple(message.corridor), len(self._plan.motors) - 1
        whole = len(corridor) % arm == 0 and len(corridor) <= ROWS_MAX * arm
        if corridor and not (whole and len(message.corridor_speed) == arm):
            return  # of another arm: what was permitted before runs out
        permit = PermitRecord(
            seq=message.seq,
            stamp_s=self.instant_s(message.header.stamp),
            lease_s=message.lease_s,
            speed_ratio=message.speed_ratio,
            oldest_sample_age_s=message.oldest_sample_age_s,
            reaction_time_s=min(message.reaction_time_s, self.cell.file.safety.reaction_time_s),
            gripper_permitted=message.gripper_permitted,
            state=message.state,
            same_config=self.same_config(message.config_sha256),
            stop_category=message.stop_category,
            corridor_rad=corridor,
            corridor_speed_radps=tuple(message.corridor_speed) if corridor else (),
        )
        self._hand_over(replace(self._command, permit=permit))

    def _take_goals(self, message: JointGoals) -> None:
        names = [motor.joint for motor in self._plan.motors]
        named, count = list(message.name), len(message.name)
        position, velocity = tuple(message.position), tuple(message.velocity)
        if named not in (names, names[:-1]) or {len(position), len(velocity)} != {count}:
            # Nothing of it can be told apart: no goals at all, in the gate's words.
            position = velocity = (math.nan,) * len(names)
        goal = GoalRecord(
            seq=message.seq,
            stamp_s=self.instant_s(message.header.stamp),
            lifetime_s=message.lifetime_s,
            positions_rad=position,
            velocities_radps=velocity,
        )
        self._hand_over(replace(self._command, goal=goal))

    def _hand_over(self, command: Command) -> None:
        self._command = command
        if self._child is not None:
            self._child.shared.write_command(command)

    def _reboot(self, index: int, _: Trigger.Request, answer: Trigger.Response) -> Trigger.Response:
        """Ask for one motor to be rebooted, where that can be; what came of it is an event."""
        state = None if self._child is None else self._child.shared.read_state()
        joint = self._plan.motors[index].joint
        if not self._plan.has_reboot:
            answer.message = f"{joint}: {WITHOUT_REBOOT}"
        elif state is None or state.gate not in (MotorStates.GATE_HOLD, MotorStates.GATE_CLOSED):
            answer.message = f"{joint}: the arm moves; stop it first"
        elif not state.motors[index].hardware_error:
            answer.message = f"{joint}: its motor reports no hardware error"
        else:
            command = self._command
            seq = command.reboot_seq + 1
            self._hand_over(replace(command, reboot_seq=seq, reboot_index=index))
            answer.success = True
            answer.message = "begun; once the event bus_rebooted came, reset the cell"
        return answer

    # From the bus process to the graph.

    def _tick(self) -> None:
        if self._child is None:
            return
        for line in self._child.lines():
            self._report(f"bus_{line['kind']}", line)
        self._supervise(self._child)
        self._state = state = self._child.shared.read_state() or self._state
        now_s = time.monotonic()
        due = now_s - self._motor_states_s >= 1.0 / MOTOR_STATES_HZ
        if state is not None and state.cycle != self._cycle:
            self._cycle = state.cycle
            self._publish_joints(state)
            if due or state.gate != self._gate:
                self._gate, due = state.gate, True
                self._publish_motors(state)
        if due:
            self._motor_states_s = now_s
            self._diagnostics.tell(self._examiner.examine(state, now_s), now_s)

    def _supervise(self, child: BusChild) -> None:
        """End this process when the bus process no longer runs; whoever started it does so anew."""
        beats, now_s = child.shared.beats, time.monotonic()
        if beats != self._beats[0]:
            self._beats = beats, now_s
        stalled_s = now_s - self._beats[1]
        if child.exit_code is not None:
            raise SystemExit(self._fail(f"the bus process ended with code {child.exit_code}"))
        if stalled_s > STALL_WATCHDOGS * self._plan.watchdog_s:
            raise SystemExit(self._fail(f"the bus process is silent for {stalled_s:.3f} s"))

    def _fail(self, text: str) -> str:
        self._report("bus_failed", {"text": text})
        return text

    def _publish_joints(self, state: BusState) -> None:
        oldest_s = min(motor.reply_s for motor in state.motors)
        if not oldest_s > self._told_s or (state.latched and not state.latch_seen):
            return
        self._told_s = oldest_s
        message = JointState(
            name=[motor.joint for motor in self._plan.motors],
            position=[motor.position_rad for motor in state.motors],
            velocity=[motor.velocity_radps for motor in state.motors],
        )
        message.header.stamp = self.stamp_of(oldest_s)
        self._joint_states.publish(message)

    def _publish_motors(self, state: BusState) -> None:
        message = MotorStates(
            cycle=state.cycle,
            missed_cycles=state.missed_cycles,
            rate_hz=self._plan.rate_hz,
            gate=state.gate,
            gate_reason=state.reason,
            gate_delay_s=state.gate_delay_s,
        )
        message.header.stamp = self.stamp_of(state.end_s)
        for plan, motor in zip(self._plan.motors, state.motors, strict=True):
            values = MotorState(
                joint=plan.joint,
                id=plan.motor_id,
                position_rad=motor.position_rad,
                velocity_radps=motor.velocity_radps,
                current_a=motor.current_a,
                temperature_c=motor.temperature_c,
                voltage_v=motor.voltage_v,
                torque_on=motor.torque_on,
                hardware_error=motor.hardware_error,
            )
            if math.isfinite(motor.reply_s):
                values.stamp = self.stamp_of(motor.reply_s)
            message.motors.append(values)
        self._motor_states.publish(message)

    def _report(self, kind: str, data: dict[str, Any]) -> None:
        """Publish an event and log it."""
        self.tell(kind, data)
        text = json.dumps(data, sort_keys=True)
        if kind in BAD:
            self.get_logger().error(f"{kind}: {text}")
        else:
            self.get_logger().info(f"{kind}: {text}")


def main() -> None:
    """Run the node."""
    run(MotorBus)


if __name__ == "__main__":
    main()
