"""sim_cell: stands in the place of a real cell, behind the same topics and a serial port.

One thread steps the world in real time and answers the serial bus in between, another one publishes
what the world produced (a queue costs a fraction of waking the executor for each message), and the
executor serves directions and the operator box. A world that cannot keep up is told as an event,
and the time lost is not made up.
"""

from __future__ import annotations

import array
import queue
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
from geometry_msgs.msg import Point, Vector3
from hrc_cell_interfaces.msg import OperatorInputs, PartSensors, SimTruth
from hrc_cell_interfaces.srv import DirectPerson, InjectFault, PressButton
from rclpy._rclpy_pybind11 import RCLError
from sensor_msgs.msg import LaserScan

from hrc_cell.adapters.description import load_description
from hrc_cell.adapters.serial.emulator import Emulator, EmulatorPort
from hrc_cell.adapters.serial.emulator_feetech import FeetechEmulator
from hrc_cell.adapters.serial.plan import DYNAMIXEL
from hrc_cell.adapters.sim import scanner
from hrc_cell.adapters.sim.operator_box import OperatorBox
from hrc_cell.adapters.sim.pace import Pacer
from hrc_cell.adapters.sim.plant import ArmPlant
from hrc_cell.adapters.sim.scanner import Scan
from hrc_cell.adapters.sim.world import SimWorld, Truth
from hrc_cell.nodes.base import INPUTS, KEPT, NEWEST, SENSOR, CellNode, run
from hrc_cell.settings.share import find_named

INPUTS_HZ = PARTS_HZ = 20.0
TRUTH_HZ = 50.0
STEPS_AT_ONCE = 2
"""Physics steps for each waking: half the wakings, and the motors answer from the newest state."""
QUIET_S = 0.3
"""A bus without a word for so long has been left."""
LET_GO_WITHIN_S = 4.0
PORT_LINK = "motors"  # in the state folder; bus.port "sim" means this
SWITCH_INTERVAL_S = 0.0005
"""How long one thread of this process may keep the others waiting."""
FAULTS = (*scanner.FAULTS, "inputs_silent", "inputs_discrepancy", "motor_dead")
MODES = {
    "manual": OperatorInputs.MODE_MANUAL,
    "collaborative": OperatorInputs.MODE_COLLABORATIVE,
    "automatic": OperatorInputs.MODE_AUTOMATIC,
}


class SimCell(CellNode):
    """The simulated cell."""

    urgent = True  # it stands for hardware, which does not wait either

    def __init__(self) -> None:
        super().__init__("sim_cell")
        self._world: SimWorld
        self._pacer: Pacer | None = None
        self._port: EmulatorPort | None = None
        self._lock = threading.Lock()  # held while the world steps or is directed
        self._outbox: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._postman: threading.Thread | None = None

    # Lifecycle.

    def setup(self) -> None:
        """Build the world."""
        settings = self.cell.file.sim
        if settings is None:
            raise ValueError("sim_cell needs a cell with simulated: true and a section sim")
        room = find_named(self.cell.folder, "sim", settings.room, key="sim.room")
        self._world = SimWorld(
            self.cell,
            urdf_text=load_description(self.cell).urdf_text,
            room_xml=room.read_text(encoding="utf-8"),
        )
        robot = self.cell.file.robot
        motors = (*robot.arm, robot.hand)
        self._motor_ids = {motor.joint: motor.motor_id for motor in motors}
        plant = ArmPlant(self._world.motors, motors)
        bus = Emulator if self.cell.file.bus.protocol == DYNAMIXEL else FeetechEmulator
        self._emulator = bus([motor.motor_id for motor in motors], plant)
        self._box = OperatorBox()
        self._scans = {
            place.name: self.create_publisher(LaserScan, f"scanners/{place.name}/scan", SENSOR)
            for place in self.cell.file.scanners
            if place.name in self._world.eyes
        }
        self._frames = {place.name: place.frame_id for place in self.cell.file.scanners}
        self._inputs = self.create_publisher(OperatorInputs, "operator_inputs", INPUTS)
        self._parts = self.create_publisher(PartSensors, "part_sensors", KEPT)
        self._truth = self.create_publisher(SimTruth, "sim/truth", NEWEST)
        self.create_service(PressButton, "sim/press", self._press)
        self.create_service(InjectFault, "sim/inject", self._inject)
        self.create_service(DirectPerson, "sim/person", self._direct)
        self._inputs_timer = self.create_timer(
            1.0 / INPUTS_HZ, self._publish_inputs, autostart=False
        )
        self._truth_every = max(1, round(settings.physics_hz / TRUTH_HZ))
        self._parts_every = max(1, round(settings.physics_hz / PARTS_HZ))
        self._steps = 0

    def start(self) -> None:
        """Plug in the motors' port and let time run."""
        self._port = EmulatorPort(self._emulator, self.state_dir / PORT_LINK)
        self._postman = threading.Thread(target=self._deliver, name="postman", daemon=True)
        self._postman.start()
        handlers = {self._port.fileno(): self._serve}
        self._pacer = Pacer(self._step, STEPS_AT_ONCE * self._world.step_s, handlers, self._lagged)
        self._pacer.start()
        self._inputs_timer.reset()

    def stop(self) -> None:
        """Let time stand still and unplug the port."""
        if self._pacer is not None:
            self._inputs_timer.cancel()
            self._pacer.stop()
            self._pacer = None
        if self._postman is not None:
            self._outbox.put(None)
            self._postman.join()
            self._postman = None
        if self._port is not None:
            self._port.close()
            self._port = None

    def close(self) -> None:
        """End the threads and take the port away, once the motors are let go.

        Whoever holds them brings the arm to rest first, and may be told to end at the same instant.
        """
        end_s = time.monotonic() + LET_GO_WITHIN_S
        while (
            self._pacer is not None and self._pacer.failure is None
            and not self._emulator.let_go(now_s := time.monotonic(), QUIET_S) and now_s < end_s
        ):  # fmt: skip
            time.sleep(QUIET_S / 10)
        self.stop()

    # On the world's thread.

    def _serve(self) -> None:
        if self._port is not None:
            self._port.serve(time.monotonic())

    def _step(self) -> None:
        with self._lock:
            for _ in range(STEPS_AT_ONCE):
                self._steps += 1
                for scan in self._world.step():
                    self._send(self._publish_scan, scan)
                if self._steps % self._truth_every == 0:
                    self._send(self._publish_truth, self._world.truth())
                if self._steps % self._parts_every == 0:
                    self._send(self._publish_parts, self._world.parts.sensors())
        self._serve()  # the motors' own watchdogs run while the bus is silent, too

    def _send(self, publish: Callable[[Any, TimeMsg], None], what: object) -> None:
        """Have something published, stamped with this instant."""
        stamp = self.stamp()
        self._outbox.put(lambda: publish(what, stamp))

    def _lagged(self, lost_s: float) -> None:
        self._send(self._tell_lag, round(lost_s, 4))

    # On the postman's thread.

    def _deliver(self) -> None:
        while (publish := self._outbox.get()) is not None:
            try:
                publish()
            except RCLError:
                if self.context.ok():  # else the process was told to end, and nobody listens
                    raise

    def _publish_scan(self, scan: Scan, stamp: TimeMsg) -> None:
        settings = self.cell.file.sim
        assert settings is not None  # noqa: S101 checked in setup
        assert settings.scanner is not None  # noqa: S101 else there are no scans
        msg = LaserScan()
        msg.header.stamp, msg.header.frame_id = stamp, self._frames[scan.scanner]
        msg.angle_min, msg.angle_increment = scan.angle_min_rad, scan.increment_rad
        msg.angle_max = -scan.angle_min_rad
        msg.scan_time = 1.0 / settings.scanner.rate_hz
        msg.range_min, msg.range_max = scanner.RANGE_MIN_M, settings.scanner.range_max_m
        msg.ranges = array.array("f", scan.ranges_m.tobytes())
        self._scans[scan.scanner].publish(msg)

    def _publish_truth(self, truth: Truth, stamp: TimeMsg) -> None:
        msg = SimTruth()
        msg.header.stamp, msg.header.frame_id = stamp, self.cell.file.frame
        msg.person_id = list(truth.person_id)
        msg.person_position = [Point(x=p[0], y=p[1]) for p in truth.person_position_m]
        msg.person_velocity = [Vector3(x=v[0], y=v[1]) for v in truth.person_velocity_mps]
        msg.person_walking = list(truth.person_walking)
        msg.joint = list(truth.joint)
        msg.position = truth.position_rad.tolist()
        msg.velocity = truth.velocity_radps.tolist()
        msg.separation_m = truth.separation_m
        msg.part, msg.part_place = list(truth.part), list(truth.part_place)
        self._truth.publish(msg)

    def _tell_lag(self, lost_s: float, stamp: TimeMsg) -> None:
        self.tell("sim_lag", {"lost_s": lost_s}, stamp)

    def _publish_parts(
        self, sensors: tuple[tuple[str, ...], tuple[bool, ...]], stamp: TimeMsg
    ) -> None:
        msg = PartSensors(place=list(sensors[0]), occupied=list(sensors[1]))
        msg.header.stamp = stamp
        self._parts.publish(msg)

    # On the executor's thread.

    def _publish_inputs(self) -> None:
        self._report_failure()
        if self._box.silent:
            return
        reading = self._box.read(time.monotonic())
        msg = OperatorInputs(
            reset=reading.reset, start=reading.start, mode=MODES[reading.mode],
            enabling_switch=reading.enabling_switch,
            emergency_stop_input=reading.emergency_stop_input,
            guards_closed=reading.guards_closed, simulated=True,
        )  # fmt: skip
        msg.header.stamp = self.stamp()
        self._inputs.publish(msg)

    def _report_failure(self) -> None:
        """Let an error of the world's thread end the process: a frozen world is no cell."""
        if self._pacer is not None and self._pacer.failure is not None:
            raise RuntimeError("the simulated world failed") from self._pacer.failure

    # Services.

    def _press(
        self, request: PressButton.Request, response: PressButton.Response
    ) -> PressButton.Response:
        def act() -> None:
            self._box.press(request.control, request.value, time.monotonic())

        response.accepted, response.reason = _tried(act)
        if response.accepted:
            self._publish_inputs()
            self.tell("sim_press", {"control": request.control, "value": request.value})
        return response

    def _inject(
        self, request: InjectFault.Request, response: InjectFault.Response
    ) -> InjectFault.Response:
        def act() -> None:
            self._fault(request.fault, request.target, active=request.active)

        response.accepted, response.reason = _tried(act)
        if response.accepted:
            self.tell(
                "sim_fault",
                {"fault": request.fault, "target": request.target, "active": request.active},
            )
        return response

    def _fault(self, fault: str, target: str, *, active: bool) -> None:
        """Let a fault begin or end. Raises ValueError that lists what is known."""
        if fault in scanner.FAULTS:
            with self._lock:
                self._world.inject(fault, target, active=active)
        elif fault == "inputs_silent":
            self._box.silent = active
        elif fault == "inputs_discrepancy":
            self._box.stick(target, time.monotonic(), active=active)
        elif fault == "motor_dead":
            known = self._motor_ids
            if target not in known:
                raise ValueError(f"joint {target!r} is not known; known: {', '.join(known)}")
            with self._lock:
                (self._emulator.silent.add if active else self._emulator.silent.discard)(
                    known[target]
                )
        else:
            raise ValueError(f"fault {fault!r} is not known; known: {', '.join(FAULTS)}")

    def _direct(
        self, request: DirectPerson.Request, response: DirectPerson.Response
    ) -> DirectPerson.Response:
        def act() -> None:
            way = [(point.x, point.y) for point in request.waypoints]
            with self._lock:
                response.duration_s = self._world.direct(
                    request.person_id, request.act, way, request.speed_mps
                )

        response.accepted, response.reason = _tried(act)
        if response.accepted:
            self.tell("sim_person", {"person_id": request.person_id, "act": request.act})
        return response


def _tried(act: Callable[[], None]) -> tuple[bool, str]:
    """Return (accepted, reason) of an act that refuses by ValueError."""
    try:
        act()
    except ValueError as error:
        return False, str(error)
    return True, ""


def main() -> None:
    """Run the node until it is told to stop."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    run(SimCell)


if __name__ == "__main__":
    main()
