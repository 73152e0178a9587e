"""Two processes that pass scans on without any work: what the chain costs by itself.

The first takes the scans and publishes a Humans message for each, as the tracker does. The second
takes the newest one and publishes a permit at the monitor's rate, on a timer as the monitor does.
Both messages are copies of real ones, so that they have the same size; QoS, executor and priority
are those of the real nodes. Only the work is missing.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import Humans, MotionPermit
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import LaserScan

from hrc_cell.nodes.base import NEWEST, SENSOR, CellNode, run

STAGES = ("people", "permit")
HUMANS_FILE, PERMIT_FILE = "humans.cdr", "permit.cdr"
"""The messages to copy, in the state folder."""


class Relay(CellNode):
    """One of the two, by its parameter `stage`."""

    urgent = True

    def __init__(self) -> None:
        super().__init__("relay")
        self._stage = self.text_parameter("stage", f"one of {', '.join(STAGES)}")

    def setup(self) -> None:
        """Read the messages to copy and listen."""
        self._scans: dict[str, TimeMsg] = {}
        self._seq = 0
        self._heard = Humans()
        self._humans = deserialize_message(_bytes(self.state_dir / HUMANS_FILE), Humans)
        self._permit = deserialize_message(_bytes(self.state_dir / PERMIT_FILE), MotionPermit)
        if self._stage == "people":
            self._people = self.create_publisher(Humans, "humans", NEWEST)
            for scanner in self.cell.file.scanners:
                self.create_subscription(
                    LaserScan, f"scanners/{scanner.name}/scan",
                    partial(self._pass_scan, scanner.name), SENSOR,
                )  # fmt: skip
        else:
            self._permits = self.create_publisher(MotionPermit, "motion_permit", NEWEST)
            self.create_subscription(Humans, "humans", self._hear, NEWEST)
            self._timer = self.create_timer(1.0 / self.cell.file.safety.rate_hz, self._pass_people)

    def _pass_scan(self, name: str, message: LaserScan) -> None:
        self._scans[name] = self._humans.header.stamp = message.header.stamp
        for status in self._humans.scanners:
            status.stamp = self._scans.get(status.name, TimeMsg())
        self._people.publish(self._humans)

    def _hear(self, message: Humans) -> None:
        self._heard = message

    def _pass_people(self) -> None:
        self._seq += 1
        ages_s = [self.age_s(status.stamp) for status in self._heard.scanners]
        self._permit.header.stamp, self._permit.seq = self.stamp(), self._seq
        self._permit.oldest_sample_age_s = max(ages_s, default=float("inf"))
        self._permits.publish(self._permit)


def _bytes(path: Path) -> bytes:
    return path.read_bytes()


def main() -> None:
    """Run the relay until it is told to stop."""
    run(Relay)


if __name__ == "__main__":
    main()
