"""markers: zones, people, arm, separation and scans as markers for RViz and Foxglove.

Only shows; nobody waits for it, the monitor does not watch it. Publishes `markers` a few times a
second, all in the cell frame, so that no transforms are needed. What is older than OLD_S is not
drawn but named.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from hrc_cell_interfaces.msg import Humans, MotionPermit, MotorStates
from rcl_interfaces.msg import FloatingPointRange, ParameterDescriptor
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import LaserScan
from visualization_msgs.msg import Marker, MarkerArray

from hrc_cell.adapters.description import load_description
from hrc_cell.nodes import markers_wire as wire
from hrc_cell.nodes.base import NEWEST, SENSOR, CellNode, run

OLD_S = 1.0
ABOVE_BASE_M = 1.6
HEARD: dict[str, tuple[Any, Any]] = {
    "humans": (Humans, NEWEST),
    "safety_state": (MotionPermit, NEWEST),
    "motor_states": (MotorStates, NEWEST),
}


class Markers(CellNode):
    """Keeps the newest messages as they came, and looks into them a few times a second."""

    def __init__(self) -> None:
        super().__init__("markers")
        about = ParameterDescriptor(
            description="arrays of markers per second [Hz]",
            floating_point_range=[FloatingPointRange(from_value=1.0, to_value=30.0)],
            read_only=True,
        )
        self.declare_parameter("rate_hz", 5.0, about)
        self._newest: dict[str, tuple[bytes, float]] = {}

    def setup(self) -> None:
        """Read the arm, and listen."""
        self._chain = load_description(self.cell).chain
        kinds: dict[str, Any] = {name: kind for name, (kind, _) in HEARD.items()}
        for name, (kind, qos) in HEARD.items():
            self.create_subscription(kind, name, self._keep(name), qos, raw=True)
        for scanner in self.cell.file.scanners:
            topic = f"scanners/{scanner.name}/scan"
            kinds[topic] = LaserScan
            self.create_subscription(LaserScan, topic, self._keep(topic), SENSOR, raw=True)
        self._kinds = kinds
        self._markers = self.create_publisher(MarkerArray, "markers", NEWEST)
        rate_hz = float(self.get_parameter("rate_hz").value)
        self._timer = self.create_timer(1.0 / rate_hz, self._tick, autostart=False)

    def start(self) -> None:
        """Begin to show."""
        self._timer.reset()

    def stop(self) -> None:
        """Cease to show."""
        self._timer.cancel()

    def _keep(self, name: str) -> Callable[[bytes], None]:
        def keep(serialized: bytes) -> None:
            self._newest[name] = (serialized, time.monotonic())

        return keep

    def _tick(self) -> None:
        if self._markers.get_subscription_count() == 0:
            return  # nobody looks
        stamp, frame = self.stamp(), self.cell.file.frame
        shown = [wire.clear(), *self._shown()]
        for marker in shown:
            marker.header.stamp, marker.header.frame_id = stamp, frame
        self._markers.publish(MarkerArray(markers=shown))

    def _shown(self) -> list[Marker]:
        last = partial(self._last, time.monotonic() - OLD_S)
        permit, humans, motors = last("safety_state"), last("humans"), last("motor_states")
        joints = None if motors is None else wire.joints_of(motors, self._chain)
        height_m = self.cell.file.safety.person_height_m
        shown = [*wire.zones(self.cell, permit, humans)]
        missing = []
        if humans is not None:
            shown += wire.people(humans, permit, height_m)
        else:
            missing.append("people: the tracker is silent")
        if joints is not None:
            shown += wire.arm(self._chain, joints, permit)
        else:
            missing.append("arm: its joints are not known")
        if permit is None:
            missing.append("permit: the safety monitor is silent")
        elif humans is not None and joints is not None:
            shown += wire.separation(permit, humans, self._chain, joints, height_m)
        for index, scanner in enumerate(self.cell.file.scanners):
            heard = last(f"scanners/{scanner.name}/scan")
            if heard is not None:
                shown.append(wire.scan(index, scanner, heard))
            else:
                missing.append(f"scan of {scanner.name}")
        base = self._chain.base[:3, 3]
        shown += wire.status(missing, humans, (base[0], base[1], base[2] + ABOVE_BASE_M))
        return shown

    def _last(self, since_s: float, name: str) -> Any:
        """Return the newest message, None where it came before `since_s`."""
        serialized, heard_s = self._newest.get(name, (b"", -math.inf))
        return deserialize_message(serialized, self._kinds[name]) if heard_s >= since_s else None


def main() -> None:
    """Run the node until it is told to stop."""
    run(Markers)


if __name__ == "__main__":
    main()
