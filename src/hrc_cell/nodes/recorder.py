"""Writes one line for each event and decision of the cell.

Events are written as they are. Permits: a line whenever state, cause, zone or stop category change,
and one a second while the arm moves. Task states: a line for each new version. Motor states: a line
whenever the gate or its reason changes. A disk that fails is told and harms nobody.

Events told while no recorder ran are kept for it by those who told them. What comes again, because
the recorder before had written it, is known by the end of the record and not written twice.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from typing import Any

from builtin_interfaces.msg import Time as TimeMsg
from hrc_cell_interfaces.msg import CellEvent, MotionPermit, MotionProgress, MotorStates
from rclpy.qos import DurabilityPolicy, QoSProfile

from hrc_cell.adapters.record.events import EventLog, finite, rfc3339
from hrc_cell.nodes.base import ALL, EVENTS, NEWEST, CellNode, run
from hrc_cell.nodes.parameters import declare_settings

NAME = "recorder"
SAMPLE_S = 1.0
COMPLAIN_S = 30.0
TOLD_AGAIN = QoSProfile(
    depth=4000, reliability=EVENTS.reliability, durability=DurabilityPolicy.TRANSIENT_LOCAL
)
"""Room for the events that all nodes have kept."""


class Recorder(CellNode):
    """Subscriptions that know what is new, around one log."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self._log: EventLog | None = None
        self._written: frozenset[str] = frozenset()  # by the recorder before this one
        self._active = False
        self._permit: tuple[object, ...] = ()
        self._gate: tuple[object, ...] = ()
        self._moving = False
        self._sampled_s = -math.inf
        self._complained_s = -math.inf

    def setup(self) -> None:
        """Listen."""
        record = self.cell.file.record
        declare_settings(self, "record", record)
        folder = self.cell.keep_folder(self.state_dir)
        self._log = EventLog(
            folder / "records", size_max_mb=record.size_max_mb, files_max=record.files_max
        )
        self._written = frozenset(map(_identity, self._log.newest_lines()))
        self.create_subscription(CellEvent, "events", self._hear_event, TOLD_AGAIN)
        self.create_subscription(MotionPermit, "safety_state", self._hear_permit, ALL)
        self.create_subscription(MotionProgress, "motion_progress", self._hear_progress, NEWEST)
        self.create_subscription(MotorStates, "motor_states", self._hear_motors, NEWEST)

    def start(self) -> None:
        """Begin to write."""
        self._active = True
        self._permit = self._gate = ()
        self._write(NAME, "record_begun", self.stamp(), self._about())

    def stop(self) -> None:
        """Cease to write."""
        self._write(NAME, "record_ended", self.stamp(), {})
        self._active = False

    def close(self) -> None:
        """End the file."""
        if self._log is not None:
            self._log.close()

    def _about(self) -> dict[str, Any]:
        file = self.cell.file
        return {
            "cell": file.name,
            "simulated": file.simulated,
            "safety_sha256": self.cell.safety_sha256,
        }

    def _hear_event(self, message: CellEvent) -> None:
        try:
            data = json.loads(message.data)
        except ValueError:
            data = {"text": message.data}
        data = data if isinstance(data, dict) else {"value": data}
        stamp = message.header.stamp
        line = {
            "stamp": rfc3339(_nanoseconds(stamp)), "source": message.source,
            "kind": message.kind, "data": finite(data),
        }  # fmt: skip
        if _identity(line) in self._written:
            return
        self._write(message.source, message.kind, message.header.stamp, data)

    def _hear_permit(self, message: MotionPermit) -> None:
        shown = (message.state, message.cause, message.zone, message.stop_category)
        now_s = time.monotonic()
        due = self._moving and now_s - self._sampled_s >= SAMPLE_S
        if shown != self._permit or due:
            kind = "permit_sample" if shown == self._permit else "permit"
            self._permit, self._sampled_s = shown, now_s
            self._write("safety_monitor", kind, message.header.stamp, plain(message))

    def _hear_progress(self, message: MotionProgress) -> None:
        self._moving = message.phase not in (MotionProgress.IDLE, MotionProgress.HELD)

    def _hear_motors(self, message: MotorStates) -> None:
        shown = (message.gate, message.gate_reason)
        if shown != self._gate:
            self._gate = shown
            self._write("motor_bus", "gate", message.header.stamp, plain(message))

    def _write(self, source: str, kind: str, stamp: TimeMsg, data: Mapping[str, Any]) -> None:
        if self._log is None or not self._active:
            return
        now_s = time.monotonic()
        written = self._log.write(
            stamp_ns=_nanoseconds(stamp),
            mono_s=now_s,
            source=source,
            kind=kind,
            data=data,
        )
        if not written and now_s - self._complained_s >= COMPLAIN_S:
            self._complained_s = now_s
            self.get_logger().error(
                f"the record cannot be written, {self._log.lost} lines lost so far: "
                f"{self._log.error}; make room on the disk, it is tried again by itself"
            )


def _nanoseconds(stamp: TimeMsg) -> int:
    return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)


def _identity(line: Mapping[str, Any]) -> str:
    """Return what makes a line the same as another: all but when it was written."""
    return json.dumps([line.get(name) for name in ("stamp", "source", "kind", "data")])


def plain(message: Any) -> Any:
    """Return a message as JSON data, without its header."""
    if hasattr(message, "get_fields_and_field_types"):
        names = message.get_fields_and_field_types()
        return {name: plain(getattr(message, name)) for name in names if name != "header"}
    if isinstance(message, str | bool | int | float):
        return message
    return [plain(item) for item in message]


def main() -> None:
    """Run the node until it is told to stop."""
    run(Recorder)


if __name__ == "__main__":
    main()
